"""Durations are the device's and right to a millisecond; host time is right to half a connection interval."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto import wire
from imu.link.clock import LEAST_DELAY_S, Clock, HostLine, Pings
from imu.link.stream import Stream
from imu.model import Floats, Samples, SensorInfo
from imu.sensors import NativeDecoder, Pong, Started

INTERVAL_S = 0.030
HALF_S = INTERVAL_S / 2
N = 10
HOST_S = 5000.0
"""Host time at device time 0."""
RAW = np.zeros((N, 6), np.int16)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A sensor and its way to the host.

    Attributes:
        jitter_s: The link stalls now and then for up to so long; what waits comes after, in order.
        told: Rate told at the start over the true one.
        boot_us: Device time at the first sample.
        outages: (from, to) of the link, in seconds.
    """

    seed: int = 0
    length_s: float = 100.0
    rate_hz: float = 104.0
    told: float = 1.0
    ppm: float = 0.0
    jitter_s: float = 0.0
    boot_us: int = 0
    outages: tuple[tuple[float, float], ...] = ()

    def true_host_s(self, device_s: Floats) -> Floats:
        """When the host's clock shows what the device's shows."""
        return HOST_S + device_s / (1 + self.ppm * 1e-6)

    def carried(self, host_s: Floats) -> Floats:
        """Arrival of what was sent then: at the next connection event, and after a stall."""
        rng = np.random.default_rng(self.seed)
        phase_s = rng.uniform(0, INTERVAL_S)
        arrived = np.ceil((host_s - phase_s) / INTERVAL_S) * INTERVAL_S + phase_s + 0.001
        begins = np.sort(rng.uniform(HOST_S, HOST_S + self.length_s, int(self.length_s)))
        ends = np.maximum.accumulate(begins + rng.uniform(0, self.jitter_s, len(begins)))
        stall = np.searchsorted(begins, arrived, "right") - 1
        return np.where(stall >= 0, np.maximum(arrived, ends[stall]), arrived)

    @property
    def told_hz(self) -> float:
        return self.rate_hz * self.told

    def frames(self) -> tuple[list[int], Floats]:
        """Indices of the frames' first samples, and when they arrive; those of an outage never do."""
        first = np.arange(0, int(self.length_s * self.rate_hz), N)
        last_s = (first + N - 1) / self.rate_hz
        lost = np.any([(last_s >= a) & (last_s < b) for a, b in self.outages], axis=0) if self.outages else first < 0
        return first[~lost].tolist(), self.carried(self.true_host_s(last_s))[~lost]

    def pings(self) -> list[tuple[float, float, float]]:
        """Host time of sending, device time of arrival, host time of the answer."""
        rng = np.random.default_rng(self.seed + 1)
        sent_s = HOST_S + np.concatenate([1 + np.arange(5) * 0.5, np.arange(12, self.length_s, 10)])
        sent_s += rng.uniform(0, INTERVAL_S, len(sent_s))
        came_s = self.carried(sent_s)
        device_s = (came_s - HOST_S) * (1 + self.ppm * 1e-6)
        return list(zip(sent_s.tolist(), device_s.tolist(), self.carried(came_s + 1e-4).tolist(), strict=True))

    def stream(self) -> Stream:
        start = wire.StartAnswer(
            session=1, true_rate_mhz=round(self.told_hz * 1000), acc_g_per_lsb=1e-3, gyr_dps_per_lsb=0.07, mtu=247
        )
        info = SensorInfo(family="native", model="BX", rate_hz=self.told_hz)
        return Stream(Started(session=1, info=info, mtu=247, decoder=NativeDecoder(start)))

    def ticks(self, device_s: float) -> int:
        return (self.boot_us + round(device_s * 1e6)) % 2**32


def lived(way: Way, *, pings: bool) -> tuple[Stream, Samples]:
    """A stream that took all of it in the order of arrival, and its samples."""
    stream, (first, arrived) = way.stream(), way.frames()
    frames = [(at_s, index) for at_s, index in zip(arrived.tolist(), first, strict=True)]
    pinged = [(answered_s, sent_s, device_s) for sent_s, device_s, answered_s in way.pings()] if pings else []
    blocks = []
    for at_s, *what in sorted([*frames, *pinged]):
        if len(what) == 2:
            ticks = way.ticks(what[1])
            stream.pinged(what[0], Pong(token=1, received=ticks, replied=ticks), at_s)
            continue
        index = int(what[0])
        frame = wire.DataFrame(index16=index % 2**16, time_us=way.ticks(index / way.rate_hz), raw=RAW)
        blocks.append(stream.take(frame.pack(), at_s))
    return stream, Samples.concat(blocks)


ways = st.builds(
    Way,
    seed=st.integers(0, 10_000),
    rate_hz=st.sampled_from([52.0, 104.0, 208.0]),
    told=st.floats(0.95, 1.05),
    ppm=st.floats(-100, 100),
    jitter_s=st.floats(0, 0.5),
    boot_us=st.one_of(st.just(0), st.integers(2**32 - 60_000_000, 2**32 - 1)),
    outages=st.sampled_from([(), ((20.0, 35.0),), ((5.0, 65.0),), ((10.0, 12.0), (50.0, 95.0))]),
)


@settings(max_examples=examples(12))
@given(ways, st.booleans())
def test_durations_are_the_devices_and_host_times_are_near(way: Way, pings: bool) -> None:
    stream, samples = lived(way, pings=pings)
    true_s = samples.index / way.rate_hz
    learned = true_s > 0.6  # until then the rate told stands in for the true one, 5 ms off within a frame
    since_s = samples.t_s[learned] - samples.t_s[learned][0] - (true_s[learned] - true_s[learned][0])
    assert np.abs(since_s).max() < 0.001
    whole, now = stream.clock.whole, stream.clock.line
    assert whole is not None
    assert now is not None
    for line, part in ((whole, learned), (now, slice(-N, None))):
        off_s = np.abs(line.host_s(samples.t_s[part]) - way.true_host_s(true_s[part])).max()
        assert off_s < HALF_S
        assert off_s < line.uncertainty_s + INTERVAL_S / 10  # as right as is said; least delays are not all alike
    assert stream.clock.rate_hz == pytest.approx(way.rate_hz, rel=1e-5)


def test_a_stream_longer_than_both_wraps() -> None:
    """The index wraps after 10.5 minutes at 104 Hz, the time after 71.6."""
    outages = tuple((begin + 10.0, begin + 65.0) for begin in np.arange(0.0, 5400.0, 70.0).tolist())
    way = Way(length_s=5400.0, ppm=100.0, jitter_s=0.5, told=0.95, outages=outages)
    stream, samples = lived(way, pings=True)
    true_s = samples.index / way.rate_hz
    assert samples.index[-1] > 8 * 2**16
    assert samples.t_s[-1] * 1e6 > 2**32
    assert np.abs((samples.t_s - true_s)[true_s > 0.6] - (samples.t_s - true_s)[-1]).max() < 0.001
    whole = stream.clock.whole
    assert whole is not None
    assert np.abs(whole.host_s(samples.t_s) - way.true_host_s(true_s)).max() < HALF_S
    assert stream.clock.skew_ppm == pytest.approx(100.0, abs=2.0)


def test_pings_tell_the_least_delay_that_frames_cannot() -> None:
    """A link on which every frame waits for 25 ms at least."""

    def line(*, pings: bool) -> HostLine:
        clock = Clock()
        for k in range(300):
            t_s = (N * k + np.arange(N)) / 104
            clock.arrived(Samples.measured(t_s, np.zeros((N, 3)), index=N * k + np.arange(N)), HOST_S + t_s[-1] + 0.025)
            if pings and k % 100 == 20:
                clock.pinged(HOST_S + t_s[-1], t_s[-1] + 0.002, t_s[-1] + 0.003, HOST_S + t_s[-1] + 0.03)
        assert clock.line is not None
        assert (clock.round_trip_s == pytest.approx(0.029)) == pings
        return clock.line

    alone, asked = line(pings=False), line(pings=True)
    assert (alone.source, asked.source) == ("envelope", "pings")
    assert alone.offset_s - HOST_S == pytest.approx(0.025, abs=1e-6)
    assert alone.uncertainty_s >= LEAST_DELAY_S
    assert asked.offset_s - HOST_S == pytest.approx(0.0115, abs=1e-6)
    assert asked.uncertainty_s == pytest.approx(0.0135, abs=1e-6)


def test_a_clock_that_knows_nothing_says_so() -> None:
    clock = Clock()
    clock.pinged(0.0, 1.0, 1.0, 2.0)
    assert clock.line is None
    assert clock.whole is None
    figures = [clock.latency_s, clock.round_trip_s, clock.skew_ppm, clock.rate_hz, clock.start_s]
    assert np.isnan(figures).all()


def test_frames_that_came_all_at_once_are_no_standstill() -> None:
    clock = Clock()
    for k in range(200):
        t_s = (N * k + np.arange(N)) / 104
        clock.arrived(Samples.measured(t_s, np.zeros((N, 3)), index=N * k + np.arange(N)), HOST_S)
    assert np.isfinite(clock.skew_ppm)
    assert clock.skew_ppm > 1e9
    assert clock.rate_hz == pytest.approx(104)


def test_latency_is_what_a_stall_adds() -> None:
    clock = Clock()
    for k in range(200):
        late_s = 0.4 if k == 199 else 0.001
        t_s = (N * k + np.arange(N)) / 104
        clock.arrived(Samples.measured(t_s, np.zeros((N, 3)), index=N * k + np.arange(N)), HOST_S + t_s[-1] + late_s)
    assert clock.latency_s == pytest.approx(0.399, abs=1e-6)


def test_a_new_stream_has_a_clock_of_its_own_on_the_same_timeline() -> None:
    way = Way(length_s=30.0)
    first, _ = lived(way, pings=False)
    again = Stream(way.stream().started, first)  # restarted 10 s later, its clock at zero
    frames, arrived = way.frames()
    for index, at_s in zip(frames, (arrived + 40.0).tolist(), strict=True):
        again.take(wire.DataFrame(index16=index, time_us=way.ticks(index / way.rate_hz), raw=RAW).pack(), at_s)
    fits = again.clock_fits(1_700_000_000.0 - HOST_S)
    assert [fit.source for fit in fits] == ["envelope", "envelope"]
    assert fits[0].start_s == 0.0
    assert fits[0].start_utc.startswith("2023-11-14T22:13:20.0")
    assert fits[1].start_s == pytest.approx(40.0, abs=INTERVAL_S)
    assert fits[1].start_utc.startswith("2023-11-14T22:14:00.0")


def test_pings_are_few_and_a_sensor_that_refuses_is_left_alone() -> None:
    def sent_s(pings: Pings, *, answered: bool) -> list[float]:
        times = []
        for now_s in np.arange(0.0, 40.0, 0.05).tolist():
            if pings.due(now_s):
                pings.sent(now_s)
                times.append(now_s)
                (pings.answered if answered else pings.failed)()
        return times

    steady = sent_s(Pings(), answered=True)
    assert len(steady) == 8
    assert min(b - a for a, b in itertools.pairwise(steady)) >= 0.5
    assert len(sent_s(Pings(), answered=False)) == 3
    refused = Pings()
    refused.failed(refused=True)
    assert not refused.due(100.0)
