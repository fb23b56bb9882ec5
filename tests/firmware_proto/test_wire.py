"""What must hold of the codec for all inputs."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firmware_proto import wire
from firmware_proto.wire import DataFrame, Kind, WireError


class Message(Protocol):
    def pack(self) -> bytes: ...


U8, U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
I16 = st.integers(-(2**15), 2**15 - 1)
SCALE = st.floats(2.0**-100, 1.0, width=32)


def numbers(element: st.SearchStrategy[int], most: int = 20) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(element, max_size=most).map(tuple)


def frames_of(kind: Kind) -> st.SearchStrategy[DataFrame]:
    shape = st.integers(1, 31).map(lambda n: (n, kind.channels))
    flag = st.booleans()
    raw = hnp.arrays(np.int16, shape)
    return st.builds(DataFrame, index16=U16, time_us=U32, raw=raw, backfill=flag, discontinuity=flag, saturated=flag)


FRAMES = st.sampled_from(Kind).flatmap(frames_of)
INFOS = st.builds(
    wire.Info, minor=U8, model=st.text(max_size=60), imu=st.text(max_size=60), rates_dhz=numbers(U16),
    acc_ranges_g=numbers(U8), gyr_ranges_dps=numbers(U16), features=U32.map(wire.Features), ring_s=U16, log_bytes=U32,
    mounting=U8,
)  # fmt: skip
STATUSES = st.builds(
    wire.Status, state=st.sampled_from(wire.State), errors=U8.map(wire.ErrorBits), session=U16, next_index=U32,
    oldest_index=U32, time_us=U32, battery_mv=U16, dropped_frames=U16,
)  # fmt: skip
REPS = st.builds(
    wire.RepRecord, phase=st.sampled_from(wire.RepPhase), rep=U16, time_us=U32, up_ms=U16, top_ms=U16, down_ms=U16,
    bottom_ms=U16, rom_ddeg=I16, confidence_pct=U8, reserved=U8,
)  # fmt: skip
MAYBE = st.none()
REQUESTS = st.one_of(
    st.builds(wire.GetInfo, tag=U8, offset=U16),
    st.builds(wire.SetConfig, tag=U8, rate_dhz=MAYBE | U16, acc_range_g=MAYBE | U8, gyr_range_dps=MAYBE | U16,
              mode=MAYBE | st.sampled_from(Kind), batch_ms=MAYBE | U16, unknown=numbers(st.integers(6, 255))),
    st.builds(wire.Ping, tag=U8, token=U32),
    st.builds(wire.SetEpoch, tag=U8, utc_us=U64),
    st.builds(wire.Backfill, tag=U8, session=U16, first=U32, count=U16),
    st.builds(wire.Log, tag=U8, action=st.sampled_from(wire.LogAction), argument=st.binary(max_size=20)),
    st.builds(wire.Reboot, tag=U8, mode=st.sampled_from(wire.RebootMode)),
    st.builds(wire.Resume, tag=U8, session=U16),
    *(st.builds(c, tag=U8) for c in (wire.Start, wire.Stop, wire.Identify, wire.SelfTest)),
)  # fmt: skip
BODIES: dict[wire.Op, st.SearchStrategy[Any]] = {
    wire.Op.GET_INFO: st.builds(wire.InfoPart, total=U16, part=st.binary(max_size=60)),
    wire.Op.START: st.builds(wire.StartAnswer, session=U16, true_rate_mhz=st.integers(1, 2**32 - 1),
                             acc_g_per_lsb=SCALE, gyr_dps_per_lsb=st.just(0.0) | SCALE, mtu=U16),
    wire.Op.PING: st.builds(wire.PingAnswer, token=U32, received_us=U32, sent_us=U32),
    wire.Op.BACKFILL: st.builds(wire.BackfillAnswer, first=U32, count=U16),
    wire.Op.SELF_TEST: st.builds(wire.SelfTestAnswer, errors=U8.map(wire.ErrorBits)),
    wire.Op.RESUME: st.builds(wire.ResumeAnswer, running=st.booleans(), next_index=U32),
}  # fmt: skip
REFUSALS = st.builds(
    wire.Answer, op=st.integers(0, 127), tag=U8, status=st.sampled_from([c for c in wire.StatusCode if c])
)
ANSWERS = REFUSALS | st.sampled_from(wire.Op).flatmap(
    lambda op: st.builds(
        wire.Answer, op=st.just(op), tag=U8, status=st.just(wire.StatusCode.OK), body=BODIES.get(op, st.none())
    )
)
MESSAGES = FRAMES | INFOS | STATUSES | REPS | REQUESTS | ANSWERS

DECODERS: list[Callable[[bytes], Any]] = [
    DataFrame.unpack, wire.Info.unpack, wire.Status.unpack, wire.RepRecord.unpack, wire.decode_request,
    wire.decode_answer, lambda data: wire.decode_many([data]), *(c.unpack for c in wire.REQUESTS.values()),
]  # fmt: skip


def reader_of(message: Message) -> Callable[[bytes], Any]:
    if isinstance(message, wire.Request):
        return wire.decode_request
    return wire.decode_answer if isinstance(message, wire.Answer) else type(message).unpack


def read_or_refuse(decoder: Callable[[bytes], Any], data: bytes) -> object:
    """The message or None; any exception that is no WireError gets through and fails the test."""
    try:
        return decoder(data)
    except WireError:
        return None


@given(MESSAGES)
def test_every_message_survives_the_air(message: Message) -> None:
    data = message.pack()
    for buffer in (data, bytearray(data), memoryview(data)):
        assert reader_of(message)(buffer) == message


@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    for decoder in DECODERS:
        read_or_refuse(decoder, data)


@given(MESSAGES)
def test_every_truncation_is_read_or_refused_by_name(message: Message) -> None:
    data = message.pack()
    for length in range(len(data)):
        cut = read_or_refuse(reader_of(message), data[:length])
        assert cut is None or cut != message


@given(MESSAGES, st.integers(1, 255))
def test_a_corrupted_byte_is_never_taken_for_the_original(message: Message, flip: int) -> None:
    data = message.pack()
    for at in range(len(data)):
        damaged = data[:at] + bytes((data[at] ^ flip,)) + data[at + 1 :]
        found = read_or_refuse(reader_of(message), damaged)
        assert found is None or found != message


@given(FRAMES)
def test_a_cut_or_longer_data_frame_is_always_refused(frame: DataFrame) -> None:
    data = frame.pack()
    for wrong in [data[:n] for n in range(len(data))] + [data + b"\0", data * 2]:
        with pytest.raises(WireError):
            DataFrame.unpack(wrong)


@given(st.sampled_from(Kind).flatmap(lambda kind: st.lists(frames_of(kind), max_size=12)))
def test_a_batch_reads_as_its_frames_one_by_one(frames: list[DataFrame]) -> None:
    headers, raw = wire.decode_many([f.pack() for f in frames])
    assert raw.dtype == np.int16
    assert len(headers) == len(frames)
    assert len(headers.place_in_frame) == len(raw)
    for place, frame in enumerate(frames):
        row = int(headers.row[place])
        again = DataFrame(
            index16=int(headers.index16[place]),
            time_us=int(headers.time_us[place]),
            raw=raw[row : row + int(headers.n[place])],
            backfill=bool(headers.backfill[place]),
            discontinuity=bool(headers.discontinuity[place]),
            saturated=bool(headers.saturated[place]),
        )
        assert again == frame
        assert headers.place_in_frame[row : row + frame.n].tolist() == list(range(frame.n))


def test_a_bad_frame_in_a_batch_is_named_by_its_place() -> None:
    good = DataFrame(index16=0, time_us=0, raw=np.zeros((2, 6), np.int16)).pack()
    with pytest.raises(wire.BadLength, match="frame 2 of the batch"):
        wire.decode_many([good, good, good[:-1]])
    bare = DataFrame(index16=0, time_us=0, raw=np.zeros((2, 3), np.int16)).pack()
    with pytest.raises(wire.MixedKinds):
        wire.decode_many([good, bare])


@given(INFOS, st.integers(10, 255), st.binary(max_size=255))
def test_entries_of_a_newer_version_are_skipped(info: wire.Info, tag: int, value: bytes) -> None:
    newer = info.pack() + bytes((tag, len(value))) + value
    assert wire.Info.unpack(newer) == info


@given(st.sampled_from(Kind), st.integers(23, 517))
def test_the_fullest_frame_fits_its_mtu(kind: Kind, mtu: int) -> None:
    n = wire.max_samples(mtu, kind)
    frame = DataFrame(index16=0, time_us=0, raw=np.zeros((n, kind.channels), np.int16))
    assert len(frame.pack()) <= mtu - 3
    assert n == 31 or len(frame.pack()) + kind.sample_bytes > mtu - 3


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((0, 6), np.int16),
        np.zeros((32, 6), np.int16),
        np.zeros((2, 4), np.int16),
        np.zeros(6, np.int16),
        np.zeros((2, 6), np.float64),
    ],
    ids=["empty", "too many", "four axes", "flat", "floats"],
)
def test_samples_that_make_no_frame_are_refused(wrong: npt.NDArray[Any]) -> None:
    with pytest.raises(wire.BadValue):
        DataFrame(index16=0, time_us=0, raw=wrong).pack()


@pytest.mark.parametrize(
    "message",
    [
        wire.Ping(token=-1),
        wire.Ping(tag=256, token=0),
        wire.SetConfig(rate_dhz=65536),
        wire.Info(model="x" * 256),
        wire.Info(rates_dhz=(70000,)),
        wire.Info(minor=256),
        DataFrame(index16=65536, time_us=0, raw=np.zeros((1, 3), np.int16)),
    ],
    ids=repr,
)
def test_numbers_that_do_not_fit_are_refused_when_packing(message: Message) -> None:
    with pytest.raises(wire.BadValue):
        message.pack()


@given(st.sampled_from(["+x", "-x", "+y", "-y", "+z", "-z", None]), st.sampled_from(["+x", "-y", "+z", None]))
def test_mounting_names_survive_unless_no_sensor_can_be_worn_so(cranial: str | None, anterior: str | None) -> None:
    info = wire.Info(mounting=wire.mounting_code(cranial=cranial, anterior=anterior))
    one_line = cranial is not None and anterior is not None and cranial[1] == anterior[1]
    assert (info.cranial, info.anterior) == ((None, None) if one_line else (cranial, anterior))


@given(U8)
def test_any_mounting_byte_gives_two_axes_or_unknown(code: int) -> None:
    assert {len(axis) for axis in wire.mounting_axes(code) if axis} <= {2}


def test_an_axis_that_is_none_is_refused() -> None:
    with pytest.raises(wire.BadValue):
        wire.mounting_code(cranial="up", anterior=None)
