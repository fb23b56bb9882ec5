"""Frames of our own sensors: whatever order they come in, each sample keeps its index, its time and its size."""

import contextlib
import dataclasses
import itertools
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_proto import wire
from imu.errors import ImuError, SensorFault, UsageError
from imu.model import G_MPS2, Samples, SensorInfo
from imu.sensors import (
    FAMILIES,
    Ask,
    FrameError,
    NativeDecoder,
    Read,
    Refill,
    RequestRefused,
    Resumed,
    Step,
    StreamBroken,
    Talk,
)
from imu.sensors.native import NativeDialogue

RATE_HZ = 104.0
T = TypeVar("T")
START = wire.StartAnswer(
    session=7, true_rate_mhz=104_000, acc_g_per_lsb=1 / 2048, gyr_dps_per_lsb=2000 / 32768, mtu=247
)
RAW = np.random.default_rng(3).integers(-2000, 2000, (4000, 6)).astype(np.int16)
EPOCH_US = 2**32 - 3_000_000
"""The device's clock wraps three seconds into the stream."""


def frame(first: int, n: int = 10, late_us: int = 0, **flags: bool) -> bytes:
    time_us = (EPOCH_US + late_us + round(first / RATE_HZ * 1e6)) % 2**32
    return wire.DataFrame(
        index16=first % 2**16, time_us=time_us, raw=RAW[np.arange(first, first + n) % 4000], **flags
    ).pack()


def decode(frames: list[bytes], cuts: list[int] | None = None) -> Samples:
    decoder = NativeDecoder(START)
    edges = [0, *sorted(cuts or []), len(frames)]
    return Samples.concat(
        decoder.push_many(frames[a:b], [0.1 * k for k in range(a, b)]) for a, b in itertools.pairwise(edges)
    )


def test_units_and_axes() -> None:
    raw = np.array([[2048, 0, -2048, 16384, 0, -16384]], np.int16)
    samples = NativeDecoder(START).push(wire.DataFrame(index16=0, time_us=5, raw=raw).pack(), 1.25)
    np.testing.assert_allclose(samples.acc_mps2, [[G_MPS2, 0, -G_MPS2]])
    assert samples.gyr_radps is not None
    np.testing.assert_allclose(samples.gyr_radps, [np.deg2rad([1000, 0, -1000])])
    assert samples.t_s.tolist() == [0.0]
    assert samples.arrival_s.tolist() == [1.25]


@pytest.mark.parametrize("start", [START, dataclasses.replace(START, gyr_dps_per_lsb=0.0)], ids=["gyroscope", "none"])
def test_one_frame_or_many_at_once(start: wire.StartAnswer) -> None:
    columns = 6 if start.gyr_dps_per_lsb else 3
    raw = RAW[:40, :columns].copy()
    raw[7, 0], raw[8, 1], raw[31, 2] = 32767, -32768, -32767
    frames = [
        wire.DataFrame(index16=10 * k, time_us=96_154 * k, raw=raw[10 * k : 10 * k + 10]).pack() for k in (0, 1, 3, 2)
    ]
    one, many = NativeDecoder(start), NativeDecoder(start)
    single = Samples.concat([one.push(f, 0.1 * k) for k, f in enumerate(frames)])
    at_once = many.push_many(frames, [0.1 * k for k in range(4)])
    for name in ("t_s", "acc_mps2", "gyr_radps", "index", "filled", "arrival_s"):
        np.testing.assert_array_equal(getattr(single, name), getattr(at_once, name))
    assert one.clipped == many.clipped == 3


def test_without_gyroscope() -> None:
    start = wire.StartAnswer(session=1, true_rate_mhz=52_000, acc_g_per_lsb=1 / 2048, gyr_dps_per_lsb=0, mtu=23)
    decoder = NativeDecoder(start)
    assert decoder.push(wire.DataFrame(index16=0, time_us=0, raw=RAW[:2, :3]).pack(), 0.0).gyr_radps is None
    with pytest.raises(FrameError, match="not what was started"):
        decoder.push(frame(2), 0.0)


@given(st.lists(st.integers(0, 120), min_size=1, max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_any_order_any_repeats_any_batches(places: list[int], cuts: list[int]) -> None:
    frames = [frame(10 * place) for place in places]
    samples = decode(frames, [min(c, len(frames)) for c in cuts])
    whole = decode([frame(10 * place) for place in range(121)])
    assert samples.index.tolist() == [10 * p + k for p in places for k in range(10)]
    np.testing.assert_allclose(samples.t_s, whole.t_s[samples.index], atol=2e-6)
    np.testing.assert_array_equal(samples.acc_mps2, whole.acc_mps2[samples.index])
    one_by_one = decode(frames, list(range(len(frames))))
    np.testing.assert_array_equal(one_by_one.t_s, samples.t_s)
    np.testing.assert_array_equal(one_by_one.index, samples.index)


def test_two_hours_run_through_every_wrap() -> None:
    n = 2 * 3600 * 104 // 10
    samples = decode([frame(10 * k) for k in range(n)])
    np.testing.assert_array_equal(samples.index, np.arange(10 * n))
    np.testing.assert_allclose(samples.t_s, samples.index / RATE_HZ, atol=2e-6)


def test_a_frame_sent_again_is_never_the_first_of_a_stream() -> None:
    decoder = NativeDecoder(START)
    with pytest.raises(FrameError, match="does not begin with one sent again"):
        decoder.push(frame(500, backfill=True), 0.0)
    assert decoder.push(frame(0), 0.1).t_s[0] == 0.0
    assert decoder.push(frame(10), 0.2).index[0] == 10


@pytest.mark.parametrize("wrong", ["first frame", "clock"])
def test_frames_that_agree_against_what_was_believed_end_the_stream(wrong: str) -> None:
    decoder = NativeDecoder(START)
    if wrong == "first frame":
        decoder.push(frame(7000, late_us=-68_000_000), 0.0)  # of the stream before, which ended just now
        later = [frame(10 * k) for k in range(20)]
    else:
        for k in range(100):
            decoder.push(frame(10 * k), 0.1 * k)
        later = [frame(10 * k, late_us=1_000_000) for k in range(100, 120)]
    for data in later[:4]:
        with pytest.raises(FrameError) as said:
            decoder.push(data, 0.0)
        assert not isinstance(said.value, StreamBroken)
    with pytest.raises(StreamBroken, match="start the stream anew"):
        decoder.push(later[4], 0.0)


def test_contradictions_of_an_older_stream_or_among_themselves_do_not_end_it() -> None:
    decoder = NativeDecoder(START)
    for k in range(50):
        decoder.push(frame(10 * k), 0.1 * k)
    for k in range(40):
        with pytest.raises(FrameError) as said:
            decoder.push(frame(10 * k, late_us=-90_000_000, backfill=True), 5.0)
        assert not isinstance(said.value, StreamBroken)
    for k in range(40):
        with pytest.raises(FrameError) as said:
            decoder.push(frame(10 * k, late_us=10_000_000 * (k + 1)), 5.0)
        assert not isinstance(said.value, StreamBroken)
    assert decoder.push(frame(500), 5.0).index[0] == 500


@pytest.mark.parametrize("n", [1, 2, 10, 19, 31])
@pytest.mark.parametrize("off", [-0.08, -0.06, -0.04, 0.04, 0.06, 0.08])
def test_a_rate_some_per_cent_off_leaves_times_increasing_and_soon_right(off: float, n: int) -> None:
    decoder = NativeDecoder(dataclasses.replace(START, true_rate_mhz=round(104_000 * (1 + off))))
    samples = decoder.push_many([frame(n * k, n) for k in range(400)], [0.0] * 400)
    steps = np.diff(samples.t_s)
    assert steps.min() > 0.49 / RATE_HZ / (1 + off)
    np.testing.assert_allclose(steps[2 * 104 :], 1 / RATE_HZ, atol=4e-6)


def test_no_time_is_below_zero_however_late_the_first_frame_and_wrong_the_rate() -> None:
    decoder = NativeDecoder(dataclasses.replace(START, true_rate_mhz=110_000))
    decoder.push_many([frame(10 * k) for k in range(100, 120)], [0.0] * 20)
    samples = decoder.push_many([frame(10 * k, backfill=True) for k in range(100)], [0.0] * 100)
    assert samples.t_s[0] >= 0
    assert (np.diff(samples.t_s) > 0).all()


def test_a_rate_some_per_cent_off_survives_a_minute_of_silence() -> None:
    decoder = NativeDecoder(dataclasses.replace(START, true_rate_mhz=97_000))
    decoder.push_many([frame(10 * k) for k in range(20)], [0.0] * 20)
    assert decoder.push(frame(6500), 60.0).index[0] == 6500


@given(
    st.permutations(range(40)),
    st.lists(st.integers(-450_000, 450_000), min_size=40, max_size=40),
    st.lists(st.integers(1, 31), min_size=40, max_size=40),
)
def test_times_increase_with_the_index_whatever_the_stamps_say(
    order: list[int], late_us: list[int], lengths: list[int]
) -> None:
    decoder, at, seen = NativeDecoder(START), np.cumsum([0, *lengths]), {}
    for place in order:
        with contextlib.suppress(FrameError):
            samples = decoder.push(frame(int(at[place]), lengths[place], late_us=late_us[place]), 0.0)
            seen |= zip(samples.index.tolist(), samples.t_s.tolist(), strict=True)
    index = sorted(seen)
    steps = np.diff([seen[i] for i in index])
    assert (steps > 0.49 / RATE_HZ * np.diff(index)).all()


def test_a_minute_of_silence_and_its_backfill_across_the_wrap() -> None:
    frames = [frame(10 * k) for k in range(6500)]
    late = frames[:6000] + frames[6450:] + frames[6000:6450]
    samples = decode(late)
    assert sorted(samples.index.tolist()) == list(range(65_000))


def test_clipped_samples_are_counted() -> None:
    decoder = NativeDecoder(START)
    raw = np.zeros((3, 6), np.int16)
    raw[1, 2], raw[2, 4] = 32767, -32768
    decoder.push(wire.DataFrame(index16=0, time_us=0, raw=raw, saturated=True).pack(), 0.0)
    assert decoder.clipped == 2


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_random_bytes_are_refused_by_name_and_do_not_lead_astray(junk: list[bytes]) -> None:
    decoder = NativeDecoder(START)
    decoder.push(frame(0), 0.0)
    for bytes_ in junk:
        with pytest.raises(FrameError, match="left out"):
            decoder.push(bytes_, 0.0)
    assert decoder.push(frame(10), 0.1).index.tolist() == list(range(10, 20))


@given(st.integers(0, 7), st.integers(1, 255))
@example(2, 53)
@example(6, 24)
def test_a_corrupted_header_never_moves_the_stream_far(byte: int, flip: int) -> None:
    decoder = NativeDecoder(START)
    decoder.push(frame(3000), 0.0)
    broken = bytearray(frame(3010))
    broken[byte] ^= flip
    try:
        samples = decoder.push(bytes(broken), 0.0)
    except FrameError:
        pass
    else:
        assert abs(samples.t_s[0] - 3010 / RATE_HZ) < 1.5
        assert abs(int(samples.index[0]) - 3010) < 1.5 * RATE_HZ
    assert decoder.push(frame(3020), 0.1).index.tolist() == list(range(3020, 3030))


@pytest.mark.parametrize("sound", [1, 2, 40])
def test_no_damaged_header_makes_a_good_frame_after_it_refused(sound: int) -> None:
    last = 3000 + 10 * sound
    for byte, flip in itertools.product(range(8), range(1, 256)):
        decoder = NativeDecoder(START)
        decoder.push_many([frame(at) for at in range(3000, last, 10)], [0.0] * sound)
        broken = bytearray(frame(last))
        broken[byte] ^= flip
        with contextlib.suppress(FrameError):
            decoder.push(bytes(broken), 0.0)
        for good in (last + 10, last + 20, last + 5000):
            assert decoder.push(frame(good), 0.1).index[0] == good, (byte, flip)


def test_the_newest_protocol_is_refused_in_words() -> None:
    later = bytearray(frame(0))
    later[0] = 2 << 4 | 1
    with pytest.raises(FrameError, match="protocol 2"):
        NativeDecoder(START).push(bytes(later), 0.0)
    with pytest.raises(SensorFault, match="update the program"):
        with_sensor(NativeDialogue().introduce(), Sensor(info=bytes((2, 0))))


class Sensor:
    """A sensor of bytes alone: what it holds to be read, and what it answers to each operation."""

    def __init__(self, **holds: bytes | None) -> None:
        info = wire.Info(
            model="BX One", imu="LSM6DS3TR-C", rates_dhz=(520, 1040, 2080), gyr_ranges_dps=(2000,),
            mounting=wire.mounting_code(cranial="+y", anterior="+z"),
        )  # fmt: skip
        ordinary = {"info": info.pack(), "serial": b"0042", "firmware": b"1.2", "battery_level": bytes((87,))}
        self._holds = {getattr(wire, f"{what.upper()}_UUID"): value for what, value in {**ordinary, **holds}.items()}
        self.says: dict[wire.Op, bytes | wire.StatusCode | Any] = {wire.Op.START: START}
        self.asked: list[Any] = []

    def __call__(self, step: Step) -> bytes | None:
        if isinstance(step, Read):
            return self._holds.get(step.uuid)
        assert isinstance(step, Ask)
        request = wire.decode_request(step.request)
        self.asked.append(request)
        op = wire.Op(step.request[0])
        said = self.says.get(op)
        if isinstance(said, bytes):
            return said
        refused = isinstance(said, wire.StatusCode)
        answer = wire.Answer(
            op=op, tag=step.request[1], status=said if refused else wire.StatusCode.OK, body=None if refused else said
        )
        return answer.pack()


def with_sensor(talk: Talk[T], sensor: Sensor) -> T:
    """What comes of a talk with it."""
    try:
        step = next(talk)
        while True:
            step = talk.send(sensor(step))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def introduced(sensor: Sensor) -> tuple[NativeDialogue, SensorInfo]:
    dialogue = NativeDialogue()
    return dialogue, with_sensor(dialogue.introduce(), sensor)


def test_what_the_sensor_is() -> None:
    _, info = introduced(Sensor())
    assert (info.family, info.model, info.serial, info.firmware) == ("native", "BX One", "0042", "1.2")
    assert info.mount is not None
    assert info.mount.cranial == (0.0, 1.0, 0.0)
    with pytest.raises(SensorFault, match="does not say what it is"):
        introduced(Sensor(info=None))


def test_a_rate_that_is_not_offered_names_those_that_are() -> None:
    sensor = Sensor()
    dialogue, info = introduced(sensor)
    with_sensor(dialogue.begin(info, 104.0), sensor)
    assert [type(request) for request in sensor.asked] == [wire.Stop, wire.SetConfig, wire.Start]
    assert sensor.asked[1].rate_dhz == 1040
    with pytest.raises(UsageError, match="choose one of: 52, 104, 208"):
        with_sensor(dialogue.begin(info, 100.0), sensor)


def test_start_gives_the_true_rate_and_ranges_whether_or_not_anything_ran() -> None:
    sensor = Sensor()
    dialogue, info = introduced(sensor)
    sensor.says[wire.Op.STOP] = wire.StatusCode.WRONG_STATE
    started = with_sensor(dialogue.begin(info, None), sensor)
    assert [type(request) for request in sensor.asked] == [wire.Stop, wire.Start]
    assert started.session == 7
    assert started.info.rate_hz == 104.0
    assert started.info.acc_range_mps2 == pytest.approx(16 * G_MPS2)
    assert started.info.gyr_range_radps == pytest.approx(np.deg2rad(2000))


def test_an_answer_belongs_to_the_request_of_its_operation_and_number() -> None:
    dialogue = NativeDialogue()
    first, second = next(dialogue.ping(1)), next(dialogue.ping(1))
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    answer = wire.Answer(op=wire.Op.PING, tag=first.request[1], status=wire.StatusCode.OK).pack()
    assert dialogue.answers(first.request, answer)
    assert not dialogue.answers(second.request, answer)


def test_a_refusal_says_what_and_why() -> None:
    sensor = Sensor()
    dialogue, info = introduced(sensor)
    sensor.says[wire.Op.START] = wire.StatusCode.HARDWARE_FAULT
    with pytest.raises(RequestRefused, match=r"refused START \(HARDWARE_FAULT\)"):
        with_sensor(dialogue.begin(info, None), sensor)


def test_a_stream_is_taken_up_where_it_is_or_gone() -> None:
    sensor = Sensor()
    dialogue, info = introduced(sensor)
    started = with_sensor(dialogue.begin(info, None), sensor)
    sensor.says[wire.Op.RESUME] = wire.ResumeAnswer(running=True, next_index=900)
    assert with_sensor(dialogue.resume(started), sensor) == Resumed(running=True, next_index=900)
    sensor.says[wire.Op.RESUME] = wire.StatusCode.RANGE_GONE
    assert with_sensor(dialogue.resume(started), sensor) is None


def test_a_refill_that_is_gone_is_empty_and_not_an_error() -> None:
    sensor, dialogue = Sensor(), NativeDialogue()
    sensor.says[wire.Op.BACKFILL] = wire.BackfillAnswer(first=50, count=10)
    assert with_sensor(dialogue.refill(7, 50, 10**6), sensor) == Refill(first=50, count=10)
    assert (sensor.asked[0].first, sensor.asked[0].count) == (50, 0xFFFF)
    sensor.says[wire.Op.BACKFILL] = wire.StatusCode.RANGE_GONE
    assert with_sensor(dialogue.refill(7, 0, 5), sensor).count == 0
    sensor.says[wire.Op.BACKFILL] = wire.StatusCode.BUSY
    with pytest.raises(RequestRefused, match="BUSY"):
        with_sensor(dialogue.refill(7, 0, 5), sensor)


def test_stopping_tells_how_far_the_stream_went_if_that_can_be_read() -> None:
    status = wire.Status(
        state=wire.State.IDLE, errors=wire.ErrorBits(0), session=7, next_index=640, oldest_index=0, time_us=0,
        battery_mv=3900, dropped_frames=0,
    )  # fmt: skip
    said = with_sensor(NativeDialogue().halt(), Sensor(status=status.pack()))
    assert said is not None
    assert (said.state, said.session, said.next_index) == ("idle", 7, 640)
    for unreadable in (None, b"", b"garbled"):
        assert with_sensor(NativeDialogue().halt(), Sensor(status=unreadable)) is None


@pytest.mark.parametrize(("level", "charge"), [(bytes((87,)), 87), (bytes((0,)), 0), (b"", None), (b"\x65", None)])
def test_the_charge(level: bytes, charge: int | None) -> None:
    assert with_sensor(NativeDialogue().battery(), Sensor(battery_level=level)) == charge


@given(st.binary(max_size=40))
def test_random_answers_and_status_raise_only_what_a_person_can_read(data: bytes) -> None:
    sensor = Sensor()
    dialogue, info = introduced(sensor)
    started = with_sensor(dialogue.begin(info, None), sensor)
    sensor.says = dict.fromkeys(wire.Op, data)
    talks = [dialogue.begin(info, None), dialogue.resume(started), dialogue.halt(), dialogue.refill(7, 0, 9)]
    for talk in (*talks, dialogue.ping(1)):
        with contextlib.suppress(ImuError):
            with_sensor(talk, sensor)  # type: ignore[arg-type]
    with contextlib.suppress(ImuError):
        dialogue.status(data)
    with contextlib.suppress(ImuError):
        introduced(Sensor(info=data, serial=data))


def test_every_family_can_be_told_apart() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        uuids = (family.service_uuid,) if family.advertised else ()
        for prefix in family.name_prefixes:
            named = f"{prefix} 0042"
            assert [other.name for other in FAMILIES if other.recognises(named, uuids)] == [family.name]
        assert not any(other.recognises(None, ()) for other in FAMILIES)
