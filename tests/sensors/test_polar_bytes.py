"""Polar's frames and answers: what was packed comes out, and damage is refused by name."""

import contextlib
import itertools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu.errors import SensorFault
from imu.model import G_MPS2
from imu.sensors import FrameError, RequestRefused
from imu.sensors import polar_control as control
from imu.sensors import polar_frames as frames
from imu.sensors.polar_control import Op, Setting, StreamSettings
from imu.sensors.polar_frames import Measurement
from imu.sensors.polar_packed import differences

Vectors = Callable[[str], list[dict[str, Any]]]
LAST_NS = 800_000_000_123_456_789
AXES = st.tuples(*[st.integers(-(2**15), 2**15 - 1)] * 3)


def head(measurement: int, frame_type: int, last_ns: int = LAST_NS) -> bytes:
    return struct.pack("<BQB", measurement, last_ns, frame_type)


def packed(counts: list[tuple[int, ...]], bits: int, width: int, block: int) -> bytes:
    """Reference sample and blocks of differences of one width, written with Python's long integers."""
    content = b"".join(value.to_bytes(width, "little", signed=True) for value in counts[0])
    deltas = [[b - a for a, b in zip(*pair, strict=True)] for pair in itertools.pairwise(counts)]
    for part in (deltas[at : at + block] for at in range(0, len(deltas), block)):
        long = sum((d % 2**bits) << k * bits for k, d in enumerate(itertools.chain(*part)))
        content += bytes((bits, len(part))) + long.to_bytes((bits * len(part) * 3 + 7) // 8, "little")
    return content


def test_a_raw_frame_counts_thousandths_of_g() -> None:
    frame = head(2, 1) + bytes.fromhex("e803 18fc 0000  0100 ffff 401f")
    block = frames.decode_frame(frame)
    assert block.measurement is Measurement.ACC
    np.testing.assert_allclose(block.values / G_MPS2, [[1.0, -1.0, 0.0], [0.001, -0.001, 8.0]])
    assert block.last_ns == LAST_NS


@pytest.mark.parametrize(
    ("frame_type", "content", "mg"),
    [(0, "01 ff 80", [1, -1, -128]), (2, "010000 ffffff 000080", [1, -1, -(2**23)])],
)
def test_raw_frames_of_other_widths(frame_type: int, content: str, mg: list[int]) -> None:
    block = frames.decode_frame(head(2, frame_type) + bytes.fromhex(content))
    np.testing.assert_allclose(block.values[0] / G_MPS2 * 1000, mg)


def test_differences_are_packed_from_the_lowest_bit() -> None:
    # 5 bits each: 1, -1, 2, then 0, 15, -16 -> 00001 11111 00010 00000 01111 10000, lowest first, in 4 bytes
    content = bytes.fromhex("0a00 1400 1e00  05 02 e10bf020")
    assert differences([content], 2)[0].tolist() == [[10, 20, 30], [11, 19, 32], [11, 34, 16]]


@given(st.lists(AXES, min_size=1, max_size=60), st.integers(17, 32), st.integers(1, 30))
def test_any_counts_come_back_from_their_differences(counts: list[tuple[int, ...]], bits: int, block: int) -> None:
    assert differences([packed(counts, bits, 2, block)], 2)[0].tolist() == [list(c) for c in counts]


@given(st.lists(st.tuples(*[st.floats(-2000, 2000, width=32)] * 3), min_size=1, max_size=20))
def test_rotation_as_floats_comes_back_from_the_differences_of_its_bits(rates_dps: list[tuple[float, ...]]) -> None:
    patterns = [struct.unpack("<3i", struct.pack("<3f", *rate)) for rate in rates_dps]
    block = frames.decode_frame(head(5, 0x81) + packed(patterns, 32, 4, 7))
    assert block.measurement is Measurement.GYRO
    np.testing.assert_allclose(np.rad2deg(block.values), rates_dps, rtol=1e-12)


def test_sums_of_32_bits_wrap() -> None:
    counts: list[tuple[int, ...]] = [(2**31 - 1, 0, -(2**31)), (-(2**31), 0, 2**31 - 1)]
    assert differences([packed(counts, 2, 4, 1)], 4)[0].tolist() == [list(c) for c in counts]


def test_the_upper_bits_of_the_measurement_mean_something_else() -> None:
    assert frames.decode_frame(head(0xC2, 1) + bytes(6)).measurement is Measurement.ACC


def test_the_factor_gives_the_unit() -> None:
    content = packed([(1000, 0, -1000), (1001, 0, -999)], 4, 2, 10)
    acc = frames.decode_frame(head(2, 0x80) + content, factor=0.000244)
    np.testing.assert_allclose(acc.values[1] / G_MPS2, [0.244244, 0, -0.243756])
    gyr = frames.decode_frame(head(5, 0x80) + content, factor=0.07)
    np.testing.assert_allclose(np.rad2deg(gyr.values[0]), [70, 0, -70])
    milli = frames.decode_frame(head(2, 0x81) + content)
    np.testing.assert_allclose(milli.values[0] / G_MPS2, [1, 0, -1])
    with pytest.raises(FrameError, match="unit"):
        frames.decode_frame(head(2, 0x80) + content)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        head(2, 1),
        head(2, 1) + bytes(7),
        head(2, 3) + bytes(6),
        head(0, 0) + bytes(6),
        head(5, 1) + bytes(6),
        head(2, 1, 2**63) + bytes(6),
        head(2, 0x81) + bytes(7),
        head(2, 0x81) + bytes(6) + bytes((4, 2, 0, 0)),
        head(2, 0x81) + bytes(6) + bytes((33, 1)) + bytes(13),
        head(2, 0x81) + packed([(32767, 0, 0)], 4, 2, 1) + bytes((4, 1, 1, 0)),
        head(5, 0x81) + struct.pack("<3f", 1, 2, float("nan")),
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(FrameError):
        frames.decode_frame(frame, factor=1.0)


def raw_of(counts: list[tuple[int, ...]], width: int) -> bytes:
    return b"".join(n.to_bytes(width, "little", signed=True) for each in counts for n in each)


def patterns_of(rates: tuple[int, ...]) -> tuple[int, ...]:
    """The bits of float32."""
    return struct.unpack("<3i", struct.pack("<3f", *rates))


KINDS: dict[str, Callable[[list[tuple[int, ...]]], bytes]] = {
    "2 bytes": lambda counts: head(2, 1) + raw_of(counts, 2),
    "3 bytes": lambda counts: head(2, 2) + raw_of(counts, 3),
    "differences": lambda counts: head(2, 0x80) + packed(counts, 17, 2, 4),
    "differences of no bits": lambda counts: head(5, 0x80) + packed(counts[:1] * (1 + len(counts)), 0, 2, 3),
    "differences of floats": lambda counts: head(5, 0x81) + packed([patterns_of(each) for each in counts], 32, 4, 5),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(st.lists(st.lists(AXES, min_size=1, max_size=6), min_size=1, max_size=40))
def test_many_frames_in_one_go_are_what_they_are_one_by_one(kind: str, told: list[list[tuple[int, ...]]]) -> None:
    many = [KINDS[kind](counts) for counts in told] * 9  # more than are unpacked at once
    alone = [frames.decode_frame(frame, factor=0.07) for frame in many]
    together = frames.decode_frames(many, factor=0.07)
    assert [block.last_ns for block in alone] == together.last_ns.tolist()
    for one, other in zip(alone, together.split(), strict=True):
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize(
    "bad", [head(2, 1) + bytes(5), head(2, 0x80) + bytes(6), head(5, 1) + bytes(6), b"", head(2, 1)]
)
def test_one_bad_frame_among_many_is_refused(bad: bytes) -> None:
    good = head(2, 1) + bytes(6)
    with pytest.raises(FrameError):
        frames.decode_frames([good, bad, good])


@given(
    st.sampled_from([2, 5, 0x42, 9]),
    st.sampled_from([0, 1, 2, 0x80, 0x81, 0x82]),
    st.integers(0, 2**64 - 1),
    st.binary(max_size=240),
    st.none() | st.floats(2.0**-20, 2000.0, width=32),
)
def test_any_bytes_are_samples_or_a_frame_error(
    kind: int, frame_type: int, last_ns: int, content: bytes, factor: float | None
) -> None:
    try:
        block = frames.decode_frame(head(kind, frame_type, last_ns) + content, factor=factor)
    except FrameError:
        return
    assert block.values.shape == (len(block.values), 3)
    assert len(block.values)
    assert np.isfinite(block.values).all()


def test_requests_are_those_of_the_specification() -> None:
    assert control.request(Op.SETTINGS, Measurement.ACC) == bytes.fromhex("0102")
    assert control.request(Op.STOP, Measurement.GYRO) == bytes.fromhex("0305")
    assert control.start(Measurement.SDK_MODE) == bytes.fromhex("0209")
    h10 = control.start(Measurement.ACC, StreamSettings(rate_hz=100, full_scale=4))
    assert h10 == bytes.fromhex("02 02  00 01 6400  01 01 1000  02 01 0400")
    verity = control.start(Measurement.GYRO, StreamSettings(rate_hz=52, full_scale=2000, channels=3))
    assert verity == bytes.fromhex("02 05  00 01 3400  01 01 1000  02 01 d007  04 01 03")


def test_settings_are_read_in_any_order() -> None:
    read = control.settings(bytes.fromhex("04 01 03  00 02 1a00 3400  06 01") + bytes(16) + bytes.fromhex("02 01 0800"))
    assert read == {Setting.CHANNELS: (3,), Setting.RATE_HZ: (26, 52), Setting.RANGE: (8,)}


def test_the_factor_is_read_from_the_answer_to_start() -> None:
    told = control.answer(bytes.fromhex("f002050000 0501") + struct.pack("<f", 0.0625))
    told.check()
    assert control.factor(told) == 0.0625
    assert control.factor(control.answer(bytes.fromhex("f00202000001"))) is None, "one reserved byte"
    assert control.factor(control.answer(bytes.fromhex("f002020000"))) is None
    with pytest.raises(SensorFault, match="factor"):
        control.factor(control.answer(bytes.fromhex("f002050000 0501") + struct.pack("<f", -1)))


def test_an_answer_in_parts_is_joined() -> None:
    answers = control.Answers()
    assert answers.push(bytes.fromhex("f001020001 00021900")) is None
    whole = answers.push(bytes.fromhex("f001020000 3200")) or pytest.fail("the answer did not end")
    assert control.settings(whole.parameters) == {Setting.RATE_HZ: (25, 50)}
    assert answers.push(bytes.fromhex("f001020001 0002")) is None
    other = answers.push(bytes.fromhex("f003020000")) or pytest.fail("the answer did not end")
    assert (other.op, other.parameters) == (Op.STOP, b"")
    part = bytes.fromhex("f001020001") + bytes(control.MOST_PARAMETERS // 2 + 1)
    assert answers.push(part) is None
    with pytest.raises(SensorFault, match="end"):
        answers.push(part)


@pytest.mark.parametrize("status", [*list(control.Status)[1:], 77])
def test_a_refusal_says_what_was_refused_and_why(status: int) -> None:
    read = control.answer(bytes((0xF0, 2, 2, status)))
    assert not read.more
    with pytest.raises(RequestRefused, match="START ACC") as refused:
        read.check()
    assert refused.value.code == (control.Status(status).name if status < 15 else "0x4d")


def test_what_the_sensor_can_and_what_it_stopped() -> None:
    assert control.features(bytes.fromhex("0f 2602")) == {
        Measurement.PPG, Measurement.ACC, Measurement.GYRO, Measurement.SDK_MODE,
    }  # fmt: skip
    assert control.stopped(bytes.fromhex("0102")) == (Measurement.ACC,)
    assert control.stopped(bytes.fromhex("f003020000")) is None


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\xf0" + rest))
def test_any_control_bytes_are_read_or_a_sensor_fault(data: bytes) -> None:
    for read in (
        control.features,
        control.settings,
        control.stopped,
        lambda said: control.factor(control.answer(said)),
    ):
        with contextlib.suppress(SensorFault):
            read(data)


@pytest.mark.parametrize("name", ["polar_acc_delta_2", "polar_acc_delta_4", "polar_gyr_delta_2", "polar_gyr_delta_4"])
def test_real_frames(name: str, vectors: Vectors) -> None:
    (real,) = vectors(name)
    expect, factor = real["expect"], real["context"]["factor"]
    block = frames.decode_frame(bytes.fromhex(real["hex"]), factor=factor)
    counts = np.array(expect.get("float_samples", expect["raw_samples"]), float)
    if block.measurement is Measurement.GYRO:
        unit = np.deg2rad(factor)
    else:
        unit = factor * G_MPS2 * (0.001 if expect["frame_type"] else 1)
    np.testing.assert_allclose(block.values, counts * unit, rtol=1e-12)
    assert (block.measurement.name, block.last_ns) == (expect["measurement"], expect["frame_timestamp_ns"])


def test_real_differences(vectors: Vectors) -> None:
    for real in vectors("polar_delta_content"):
        bits = 32 if "resolution=32" in real["kind"] else 16
        counts = differences([bytes.fromhex(real["hex"])], bits // 8)[0]
        assert counts.tolist() == real["expect"]["raw_samples_int"]


@pytest.mark.parametrize("name", ["verity_issue443", "verity_issue331"])
def test_real_frames_of_which_the_end_is_lost(name: str, vectors: Vectors) -> None:
    """With the last block's count lowered to what is left of it, they decode; as they are, they are refused."""
    (real,) = vectors(name)
    frame, expect = bytes.fromhex(real["hex"]), real["expect"]["raw_samples_available"]
    with pytest.raises(FrameError, match="cut short"):
        frames.decode_frame(frame)
    at = 16
    while (end := at + 2 + (frame[at] * frame[at + 1] * 3 + 7) // 8) <= len(frame):
        at = end
    bits, left = frame[at], frame[at + 2 :]
    count = len(left) * 8 // (3 * bits)
    mended = frame[:at] + bytes((bits, count)) + left[: (bits * count * 3 + 7) // 8]
    block = frames.decode_frame(mended)
    np.testing.assert_allclose(block.values / G_MPS2 * 1000, expect, atol=1e-9)
    assert block.last_ns == real["expect"]["frame_timestamp_ns"]


def test_real_answers(vectors: Vectors) -> None:
    (told,) = vectors("h10_get_acc_settings_rsp")
    read = control.settings(control.answer(bytes.fromhex(told["hex"])).parameters)
    assert list(read[Setting.RATE_HZ]) == told["expect"]["SAMPLE_RATE"]
    assert list(read[Setting.RANGE]) == told["expect"]["RANGE"]
    for name in ("h10_start_acc_rsp", "h10_stop_acc_rsp", "h10_err_param", "h10_ecg_start_ok"):
        (real,) = vectors(name)
        answer = control.answer(bytes.fromhex(real["hex"]))
        assert answer.status == real["expect"]["status"]
        assert control.factor(answer) is None
    (real,) = vectors("h10_features")
    assert control.features(bytes.fromhex(real["hex"])) == {Measurement.ECG, Measurement.ACC}
