"""The firmware's behaviour as a host notices it, in simulated time."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto import wire
from firmware_proto.virtual_sensor import Faults, Link, VirtualSensor
from firmware_proto.wire import Kind, State, StatusCode

S = 1_000_000
Int16 = npt.NDArray[np.int16]


def ramp(seconds: float, rate_hz: float = 104.0, channels: int = 6) -> Int16:
    """Samples that tell their own index: the first axis counts."""
    n = int(seconds * rate_hz)
    raw = np.zeros((n, channels), np.int16)
    raw[:, 0] = np.arange(n) % 30000
    return raw


class Host:
    """A host with a clock of its own that it turns by hand."""

    def __init__(self, sensor: VirtualSensor, *, mtu: int = 247) -> None:
        self.sensor, self.now_us, self.frames = sensor, 0, list[bytes]()
        self.connect(mtu)

    def connect(self, mtu: int = 247) -> None:
        self.sensor.connect(self.now_us, mtu)
        self.sensor.subscribed = True

    def ask(self, request: wire.Request) -> Any:
        answer = wire.decode_answer(self.sensor.handle(request.pack(), self.now_us))
        assert (answer.op, answer.tag) == (request.OP, request.tag)
        return answer.body if answer.ok else answer.status

    def live(self, seconds: float, step_us: int = 50_000) -> list[wire.DataFrame]:
        """Let time pass; the frames that arrived and can be read."""
        new = []
        for _ in range(round(seconds * S / step_us)):
            self.now_us += step_us
            new += self.sensor.frames(self.now_us)
        self.frames += new
        return readable(new)


def readable(frames: list[bytes]) -> list[wire.DataFrame]:
    found = []
    for frame in frames:
        try:
            found.append(wire.DataFrame.unpack(frame))
        except wire.WireError:
            continue
    return found


def indices(frames: list[wire.DataFrame]) -> list[int]:
    return [frame.index16 + i for frame in frames for i in range(frame.n)]


def test_a_session_streams_every_sample_as_recorded() -> None:
    raw = ramp(20)
    host = Host(VirtualSensor(raw, 104.0))
    started = host.ask(wire.Start(tag=9))
    frames = host.live(10)
    assert started.true_rate_mhz == 104_000
    assert started.mtu == 247
    assert indices(frames) == list(range(len(indices(frames))))
    assert len(indices(frames)) >= 10 * 104 - 12
    np.testing.assert_array_equal(np.concatenate([f.raw for f in frames]), raw[: len(indices(frames))])
    assert not any(f.backfill or f.discontinuity or f.saturated for f in frames)


def test_frame_times_are_those_of_their_first_samples_on_the_device_clock() -> None:
    host = Host(VirtualSensor(ramp(5), 101.3, boot_us=7 * S))
    host.ask(wire.Start())
    frames = host.live(4)
    times = np.array([f.time_us for f in frames]) - 7 * S
    assert np.abs(times - (np.array([f.index16 for f in frames]) + 1) / 101.3 * S).max() < 2


@pytest.mark.parametrize(
    ("mtu", "rate_hz", "channels", "n"),
    [(247, 104, 6, 10), (247, 208, 6, 19), (185, 104, 6, 10), (185, 208, 6, 14), (23, 104, 6, 1), (23, 104, 3, 2)],
)
def test_frames_are_as_long_as_batch_time_and_mtu_let_them(mtu: int, rate_hz: int, channels: int, n: int) -> None:
    host = Host(VirtualSensor(ramp(5, rate_hz, channels), rate_hz), mtu=mtu)
    host.ask(wire.Start())
    frames = host.live(2)
    assert {f.n for f in frames} == {n}
    assert max(map(len, host.frames)) <= mtu - 3


def test_the_smallest_mtu_gets_half_the_rate_by_default_and_never_208_hz() -> None:
    host = Host(VirtualSensor(ramp(5, 208), 208), mtu=23)
    assert host.ask(wire.Start()).true_rate_mhz == 104_000
    host.ask(wire.Stop())
    host.ask(wire.SetConfig(rate_dhz=2080))
    assert host.ask(wire.Start()) is StatusCode.UNSUPPORTED
    host.ask(wire.SetConfig(mode=Kind.ACC))
    assert host.ask(wire.Start()).gyr_dps_per_lsb == 0.0


def test_a_lower_rate_is_the_filtered_recording() -> None:
    raw = ramp(10)
    host = Host(VirtualSensor(raw, 104.0))
    host.ask(wire.SetConfig(rate_dhz=520))
    assert host.ask(wire.Start()).true_rate_mhz == 52_000
    got = np.concatenate([f.raw for f in host.live(4)])
    assert np.abs(got[:, 0] - (2 * np.arange(len(got)) + 0.5)).max() <= 0.5


def test_after_the_recording_the_body_holds_its_last_posture() -> None:
    rng = np.random.default_rng(1)
    raw = np.rint(rng.normal(0, 8, (1040, 6))).astype(np.int16)
    raw[:, 1] += np.linspace(0, 2000, 1040).astype(np.int16)
    raw[:, 4] += np.int16(-30)
    host = Host(VirtualSensor(raw, 104.0))
    host.ask(wire.Start())
    still = np.concatenate([f.raw for f in host.live(30)])[1040:]
    assert len(still) > 1900
    assert abs(still[:, 1].mean() - 2000) < 25
    assert abs(still[:, 4].mean() + 30) < 3
    assert np.all((still.std(axis=0) > 4) & (still.std(axis=0) < 14))


def test_index_and_time_wrap_and_nothing_is_lost() -> None:
    host = Host(VirtualSensor(ramp(5), 416.0, boot_us=2**32 - 60 * S))
    host.ask(wire.Start())
    frames = host.live(170, step_us=S)
    headers, _ = wire.decode_many([f.pack() for f in frames])
    steps = np.diff(headers.index16.astype(np.int64)) % 65536
    np.testing.assert_array_equal(steps, headers.n[:-1])
    assert headers.index16.max() > 65400
    assert (np.diff(headers.index16.astype(np.int64)) < 0).any()
    times = np.diff(headers.time_us.astype(np.int64)) % 2**32
    assert np.abs(times - headers.n[:-1] / 416 * S).max() < 2
    assert (np.diff(headers.time_us.astype(np.int64)) < 0).any()


def test_stop_sends_the_last_samples_and_the_ring_stays_readable() -> None:
    host = Host(VirtualSensor(ramp(20), 104.0))
    session = host.ask(wire.Start()).session
    host.live(5.03, step_us=10_000)
    host.ask(wire.Stop())
    host.live(1)
    got = indices(readable(host.frames))
    assert got == list(range(host.sensor.status(host.now_us).next_index))
    assert host.ask(wire.Backfill(session=session, first=100, count=50)).count == 50
    again = host.live(1)
    assert indices(again) == list(range(100, 150))
    assert all(f.backfill for f in again)


def test_a_stalled_link_drops_live_frames_but_no_sample() -> None:
    host = Host(VirtualSensor(ramp(60), 104.0))
    session = host.ask(wire.Start()).session
    host.live(2)
    host.sensor.stall(host.now_us, 10 * S)
    frames = host.live(15)
    status = host.sensor.status(host.now_us)
    assert status.dropped_frames > 0
    assert [f.discontinuity for f in frames].count(True) == 1
    got = indices(readable(host.frames))
    missing = sorted(set(range(got[-1])) - set(got))
    first = next(f.index16 for f in frames if f.discontinuity)
    assert missing == list(range(missing[0], first))
    assert len(missing) == 10 * status.dropped_frames
    host.ask(wire.Backfill(session=session, first=missing[0], count=len(missing)))
    host.live(10)
    everything = indices(readable(host.frames))
    assert sorted(everything) == list(range(len(everything)))


def test_backfill_takes_at_most_half_of_the_link_and_live_goes_on() -> None:
    host = Host(VirtualSensor(ramp(60), 104.0, link=Link(interval_us=30_000, packets=1)))
    session = host.ask(wire.Start()).session
    host.live(1)
    host.sensor.disconnect(host.now_us)
    host.live(10)
    host.connect()
    resumed = host.ask(wire.Resume(session=session))
    host.ask(wire.Backfill(session=session, first=0, count=1040))
    frames = host.live(3.6, step_us=30_000)
    backfilled = [f for f in frames if f.backfill]
    live = [f for f in frames if not f.backfill]
    assert len(backfilled) <= 3.6 * S / 30_000 / 2 + 1
    assert indices(backfilled) == list(range(1040))
    assert indices(live)[0] == resumed.next_index
    assert len(live) >= 36


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.2, 6), st.floats(0.1, 20)), min_size=1, max_size=4),
    st.sampled_from([23, 185, 247]),
)
def test_resume_and_backfill_give_every_sample_once_whatever_the_drops(
    drops: list[tuple[float, float]], mtu: int
) -> None:
    host = Host(VirtualSensor(ramp(30), 52.0), mtu=mtu)
    session = host.ask(wire.Start()).session
    for up_s, away_s in drops:
        host.live(up_s)
        host.sensor.disconnect(host.now_us)
        host.live(away_s)
        host.connect(mtu)
        assert host.ask(wire.Resume(session=session)).running
    host.live(1)
    host.ask(wire.Stop())
    host.live(2)
    last = host.sensor.status(host.now_us).next_index
    missing = sorted(set(range(last)) - set(indices(readable(host.frames))))
    for hole in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if missing else []:
        answer = host.ask(wire.Backfill(session=session, first=int(hole[0]), count=len(hole)))
        assert (answer.first, answer.count) == (hole[0], len(hole))
    host.live(60)
    assert sorted(indices(readable(host.frames))) == list(range(last))


def test_live_frames_wait_for_resume_and_then_announce_the_gap() -> None:
    host = Host(VirtualSensor(ramp(30), 104.0))
    session = host.ask(wire.Start()).session
    host.live(1)
    host.sensor.disconnect(host.now_us)
    host.live(1)
    host.connect()
    assert host.live(1) == []
    resumed = host.ask(wire.Resume(session=session))
    assert resumed.running
    first, *rest = host.live(1)
    assert first.index16 == resumed.next_index
    assert first.discontinuity
    assert not any(f.discontinuity for f in rest)


@pytest.mark.parametrize(("rate_hz", "grace_s"), [(104.0, 60.0), (208.0, 52.5)])
def test_sampling_ends_after_the_grace_and_the_ring_keeps_its_end(rate_hz: float, grace_s: float) -> None:
    host = Host(VirtualSensor(ramp(30, rate_hz), rate_hz))
    session = host.ask(wire.Start()).session
    host.live(5)
    host.sensor.disconnect(host.now_us)
    host.live(100)
    host.connect()
    resumed = host.ask(wire.Resume(session=session))
    assert not resumed.running
    assert abs(resumed.next_index / rate_hz - (5 + grace_s)) < 0.2
    status = host.sensor.status(host.now_us)
    assert (status.state, status.next_index) == (State.IDLE, resumed.next_index)
    assert host.ask(wire.Backfill(session=session, first=resumed.next_index - 30, count=30)).count == 30
    assert indices(host.live(1)) == list(range(resumed.next_index - 30, resumed.next_index))
    assert host.ask(wire.Start()).session == session + 1


def test_the_ring_holds_105_seconds_and_then_says_what_is_left() -> None:
    host = Host(VirtualSensor(ramp(30), 104.0))
    session = host.ask(wire.Start()).session
    host.live(120, step_us=S)
    status = host.sensor.status(host.now_us)
    assert host.sensor.info().ring_s == 105
    assert status.next_index - status.oldest_index == 128 * 1024 // 12
    partial = host.ask(wire.Backfill(session=session, first=status.oldest_index - 40, count=100))
    assert (partial.first, partial.count) == (status.oldest_index, 60)
    assert host.ask(wire.Backfill(session=session, first=0, count=100)) is StatusCode.RANGE_GONE


@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_nothing_of_an_older_session_follows_the_answer_to_start(delay: float) -> None:
    host = Host(VirtualSensor(ramp(30), 104.0))
    session = host.ask(wire.Start()).session
    host.live(20)
    host.sensor.faults.delay = delay  # the last of it is held up on its way
    host.ask(wire.Backfill(session=session, first=0, count=2000))
    host.live(0.1)
    host.ask(wire.Stop())
    host.now_us += 60_000  # sent, and not yet delivered
    host.ask(wire.Start())
    host.sensor.faults.delay = 0.0
    frames = host.live(2)
    assert indices(frames) == list(range(len(indices(frames))))
    assert not any(frame.backfill for frame in frames)


def test_samples_the_chip_lost_are_a_gap_for_ever() -> None:
    host = Host(VirtualSensor(ramp(30), 104.0))
    session = host.ask(wire.Start()).session
    host.live(1)
    host.sensor.overrun_fifo(host.now_us, 40)
    frames = host.live(3)
    got = indices(readable(host.frames))
    missing = sorted(set(range(got[-1])) - set(got))
    assert len(missing) == 40
    assert missing[-1] - missing[0] == 39
    assert [f.index16 for f in frames if f.discontinuity] == [missing[-1] + 1]
    assert host.sensor.status(host.now_us).errors & wire.ErrorBits.FIFO_OVERRUN
    assert host.ask(wire.Backfill(session=session, first=missing[0], count=40)) is StatusCode.RANGE_GONE
    around = host.ask(wire.Backfill(session=session, first=missing[0] - 5, count=50))
    assert around.first == missing[0] - 5
    host.live(1)
    again = [f for f in readable(host.frames) if f.backfill]
    assert sorted(indices(again)) == sorted(set(range(missing[0] - 5, missing[0] + 45)) - set(missing))


def test_wrong_states_are_named() -> None:
    host = Host(VirtualSensor(ramp(5), 104.0))
    assert host.ask(wire.Stop()) is StatusCode.WRONG_STATE
    assert host.ask(wire.Resume(session=1)) is StatusCode.RANGE_GONE
    assert host.ask(wire.Backfill(session=1, first=0, count=1)) is StatusCode.RANGE_GONE
    session = host.ask(wire.Start()).session
    for request in (wire.Start(), wire.SetConfig(batch_ms=50), wire.SelfTest()):
        assert host.ask(request) is StatusCode.WRONG_STATE
    host.live(1)
    for request in (
        wire.Backfill(session=session, first=10**6, count=1),
        wire.Backfill(session=session, first=0, count=0),
    ):
        assert host.ask(request) is StatusCode.BAD_ARG
    assert host.ask(wire.Backfill(session=session + 1, first=0, count=1)) is StatusCode.RANGE_GONE
    assert host.ask(wire.Stop()) is None
    assert host.ask(wire.Stop()) is StatusCode.WRONG_STATE


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (wire.SetConfig(rate_dhz=1000), StatusCode.BAD_ARG),
        (wire.SetConfig(acc_range_g=3), StatusCode.BAD_ARG),
        (wire.SetConfig(gyr_range_dps=250), StatusCode.BAD_ARG),
        (wire.SetConfig(batch_ms=0), StatusCode.BAD_ARG),
        (wire.SetConfig(unknown=(77,)), StatusCode.UNSUPPORTED),
        (wire.Log(action=wire.LogAction.LIST), StatusCode.UNSUPPORTED),
        (wire.Reboot(mode=wire.RebootMode.DFU), StatusCode.UNSUPPORTED),
        (wire.GetInfo(offset=500), StatusCode.BAD_ARG),
    ],
    ids=repr,
)
def test_arguments_it_cannot_take_are_refused(request_: wire.Request, status: StatusCode) -> None:
    assert Host(VirtualSensor(ramp(5), 104.0)).ask(request_) is status


def test_a_refused_setting_changes_nothing() -> None:
    host = Host(VirtualSensor(ramp(5), 104.0))
    assert host.ask(wire.SetConfig(rate_dhz=520, batch_ms=5000)) is StatusCode.BAD_ARG
    assert host.ask(wire.Start()).true_rate_mhz == 104_000


def test_a_sensor_without_gyroscope_says_so() -> None:
    host = Host(VirtualSensor(ramp(5, channels=3), 104.0))
    assert host.sensor.info().gyr_ranges_dps == ()
    assert host.ask(wire.SetConfig(mode=Kind.ACC_GYR)) is StatusCode.UNSUPPORTED
    assert host.ask(wire.SetConfig(gyr_range_dps=250)) is StatusCode.UNSUPPORTED
    assert host.ask(wire.Start()).gyr_dps_per_lsb == 0.0
    assert {f.kind for f in host.live(1)} == {Kind.ACC}


@given(st.lists(st.binary(max_size=24), max_size=12))
def test_whatever_is_written_gets_one_readable_answer(requests: list[bytes]) -> None:
    sensor = VirtualSensor(ramp(2), 104.0)
    sensor.connect(0, 247)
    for at, request in enumerate(requests):
        answer = wire.decode_answer(sensor.handle(request, at * 1000))
        assert answer.status in StatusCode


@given(st.sampled_from(wire.Op), st.integers(0, 255), st.binary(max_size=12))
def test_a_request_gets_its_own_tag_back(op: wire.Op, tag: int, arguments: bytes) -> None:
    sensor = VirtualSensor(ramp(2), 104.0)
    answer = wire.decode_answer(sensor.handle(bytes((op, tag)) + arguments, 0))
    assert (answer.op, answer.tag) == (op, tag)


def test_an_unknown_operation_is_a_bad_operation() -> None:
    answer = wire.decode_answer(VirtualSensor(ramp(2), 104.0).handle(bytes((0x55, 3)), 0))
    assert (answer.op, answer.tag, answer.status) == (0x55, 3, StatusCode.BAD_OP)


@pytest.mark.parametrize("mtu", [23, 185, 247])
def test_info_can_be_had_in_parts_over_any_mtu(mtu: int) -> None:
    host = Host(VirtualSensor(ramp(5), 104.0), mtu=mtu)
    first = host.ask(wire.GetInfo())
    whole, total = first.part, first.total
    while len(whole) < total:
        part = host.ask(wire.GetInfo(offset=len(whole))).part
        assert 0 < len(part) <= mtu - 8
        whole += part
    assert wire.Info.unpack(whole) == host.sensor.info()
    assert host.sensor.info().cranial == "+y"


def test_ping_gives_the_device_time_and_the_epoch_is_kept() -> None:
    host = Host(VirtualSensor(ramp(5), 104.0, boot_us=3 * S, clock_ppm=100.0))
    host.now_us = 100 * S
    pong = host.ask(wire.Ping(token=42))
    assert (pong.token, pong.received_us) == (42, 103 * S + 10_000)
    assert host.sensor.utc_us(host.now_us) is None
    host.ask(wire.SetEpoch(utc_us=1_767_225_600 * S))
    assert host.sensor.utc_us(host.now_us + S) == 1_767_225_601 * S + 100
    host.ask(wire.Identify())
    assert host.sensor.identified == 1


def test_status_comes_each_second_while_streaming_and_on_change() -> None:
    host = Host(VirtualSensor(ramp(20), 104.0))
    sensor = host.sensor
    assert sensor.status_due(0) is not None
    assert sensor.status_due(50 * S) is None
    host.now_us = 50 * S
    host.ask(wire.Start())
    due = [host.now_us for _ in range(100) if (host.live(0.1), sensor.status_due(host.now_us))[1]]
    assert len(due) == 10
    host.ask(wire.Stop())
    changed = sensor.status_due(host.now_us)
    assert changed is not None
    assert wire.Status.unpack(changed).state is State.IDLE
    sensor.charging = True
    assert sensor.status_due(host.now_us) is not None


def test_the_battery_drains_and_warns() -> None:
    sensor = VirtualSensor(ramp(1), 104.0, battery_pct=12.0, drain_pct_per_h=2.0)
    assert not sensor.status(0).errors
    assert sensor.charge_pct(2 * 3600 * S) == pytest.approx(8.0)
    assert sensor.status(2 * 3600 * S).errors == wire.ErrorBits.LOW_BATTERY
    assert sensor.status(2 * 3600 * S).battery_mv < sensor.status(0).battery_mv
    assert sensor.charge_pct(1000 * 3600 * S) == 0.0


def test_a_batch_so_short_that_the_link_cannot_carry_its_frames_is_refused() -> None:
    host = Host(VirtualSensor(ramp(5), 208.0))
    host.ask(wire.SetConfig(rate_dhz=2080, batch_ms=1))
    assert host.ask(wire.Start()) is StatusCode.UNSUPPORTED
    host.ask(wire.SetConfig(batch_ms=10))
    assert host.ask(wire.Start()).true_rate_mhz == 208_000


def test_a_failed_chip_is_an_error_until_reboot() -> None:
    host = Host(VirtualSensor(ramp(5), 104.0))
    host.ask(wire.Start())
    host.live(1)
    host.sensor.fail_imu(host.now_us)
    assert host.sensor.status(host.now_us).state is State.ERROR
    assert host.ask(wire.Start()) is StatusCode.HARDWARE_FAULT
    assert host.ask(wire.SelfTest()).errors == wire.ErrorBits.IMU
    assert host.ask(wire.Reboot()) is None
    assert host.sensor.link_lost
    host.connect()
    assert host.ask(wire.SelfTest()).errors == 0
    assert host.ask(wire.Start()).session == 2


def test_a_reset_forgets_the_session_and_restarts_the_clock() -> None:
    host = Host(VirtualSensor(ramp(5), 104.0, boot_us=9 * S))
    session = host.ask(wire.Start()).session
    host.live(2)
    host.sensor.reset(host.now_us)
    assert not host.sensor.connected
    host.now_us += S
    host.connect()
    assert host.ask(wire.Ping(token=0)).received_us == S
    assert host.ask(wire.Resume(session=session)) is StatusCode.RANGE_GONE
    assert host.ask(wire.Start()).session != session


@pytest.mark.parametrize(
    "faults",
    [Faults(drop=0.2), Faults(corrupt=0.2), Faults(duplicate=0.2), Faults(delay=0.05), Faults(drop_next=3),
     Faults(drop=0.1, corrupt=0.1, duplicate=0.1, delay=0.02, seed=5)],
    ids=repr,
)  # fmt: skip
def test_a_host_that_dedupes_and_asks_again_gets_everything_despite_faults(faults: Faults) -> None:
    host = Host(VirtualSensor(ramp(60), 104.0, faults=faults))
    session = host.ask(wire.Start()).session
    clean = indices(host.live(20)) == list(range(len(indices(readable(host.frames)))))
    assert clean == (faults.delay > 0 and faults.drop == 0)
    host.ask(wire.Stop())
    last = host.sensor.status(host.now_us).next_index
    for _ in range(40):
        host.live(3)
        missing = sorted(set(range(last)) - set(indices(readable(host.frames))))
        if not missing:
            break
        for hole in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1)[:8]:
            host.ask(wire.Backfill(session=session, first=int(hole[0]), count=len(hole)))
    assert missing == []


def test_a_delay_holds_frames_up_without_reordering_them() -> None:
    host = Host(VirtualSensor(ramp(60), 104.0, faults=Faults(delay=0.1, delay_us=700_000)))
    host.ask(wire.Start())
    arrivals = [len(host.live(0.1)) for _ in range(300)]
    got = indices(readable(host.frames))
    assert max(arrivals) >= 6
    assert got == list(range(len(got)))


def test_more_ranges_than_it_can_remember_make_it_busy() -> None:
    host = Host(VirtualSensor(ramp(60), 104.0))
    session = host.ask(wire.Start()).session
    host.live(2)
    answers = [host.ask(wire.Backfill(session=session, first=i, count=1)) for i in range(20)]
    assert StatusCode.BUSY in answers
    host.live(1)
    assert host.ask(wire.Backfill(session=session, first=0, count=1)).count == 1


def test_clipped_samples_are_flagged() -> None:
    raw = ramp(5)
    raw[100, 3] = -32768
    host = Host(VirtualSensor(raw, 104.0))
    host.ask(wire.Start())
    assert [f.index16 <= 100 < f.index16 + f.n for f in host.live(3)] == [f.saturated for f in readable(host.frames)]


@pytest.mark.parametrize(
    "raw", [np.zeros((0, 6), np.int16), np.zeros((5, 4), np.int16), np.zeros((5, 6)), np.zeros(6, np.int16)]
)
def test_a_recording_that_is_none_is_refused(raw: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="int16"):
        VirtualSensor(raw, 104.0)


def idle(host: Host) -> None:
    host.ask(wire.Start())
    host.live(1)
    host.ask(wire.Stop())


def streaming(host: Host) -> None:
    host.ask(wire.Start())
    host.live(1)


def held(host: Host) -> None:
    streaming(host)
    host.sensor.disconnect(host.now_us)
    host.connect()


def failed(host: Host) -> None:
    streaming(host)
    host.sensor.fail_imu(host.now_us)


OK, WRONG = StatusCode.OK, StatusCode.WRONG_STATE
STATE_TABLE = [
    (wire.Start(), OK, WRONG, WRONG, StatusCode.HARDWARE_FAULT),
    (wire.Stop(), WRONG, OK, OK, WRONG),
    (wire.SetConfig(batch_ms=50), OK, WRONG, WRONG, OK),
    (wire.SelfTest(), OK, WRONG, WRONG, OK),
    (wire.Backfill(session=1, first=0, count=10), OK, OK, OK, OK),
    (wire.Resume(session=1), OK, OK, OK, OK),
    (wire.Ping(token=1), OK, OK, OK, OK),
    (wire.GetInfo(), OK, OK, OK, OK),
    (wire.SetEpoch(utc_us=1), OK, OK, OK, OK),
    (wire.Identify(), OK, OK, OK, OK),
    (wire.Reboot(), OK, OK, OK, OK),
]
CASES = [
    (enter, request, status)
    for request, *statuses in STATE_TABLE
    for enter, status in zip((idle, streaming, held, failed), statuses, strict=True)
]


@pytest.mark.parametrize(("enter", "request_", "status"), CASES, ids=lambda v: getattr(v, "__name__", repr(v)))
def test_the_state_table_of_the_protocol_page(
    enter: Callable[[Host], None], request_: wire.Request, status: StatusCode
) -> None:
    host = Host(VirtualSensor(ramp(5), 104.0))
    enter(host)
    assert wire.decode_answer(host.sensor.handle(request_.pack(), host.now_us)).status is status


def test_the_codec_and_the_sensor_need_no_bluetooth() -> None:
    code = (
        "import sys, firmware_proto.virtual_sensor; print(*{'bleak', 'bumble', 'asyncio', 'scipy'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, [], "")
