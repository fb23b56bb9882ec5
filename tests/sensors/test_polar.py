"""Polar's sensors as a whole: what is said to their virtual twins, and the samples that come of what these send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.twins.polar_twin import PolarTwin
from firmware_proto.virtual_source import Motion
from imu.errors import SensorFault, UsageError
from imu.link.doubt import Doubt
from imu.model import G_MPS2, Samples
from imu.sensors import (
    FAMILIES,
    Ask,
    FrameError,
    Hear,
    Pause,
    Read,
    RequestRefused,
    Role,
    Started,
    StreamBroken,
    Talk,
)
from imu.sensors.polar import H10, VERITY
from imu.sensors.polar_dialogue import CONTROL_UUID, DATA_UUID

T = TypeVar("T")
STEP_US = 30_000
RATE_HZ = 104.0


def swinging(seconds: float = 30.0) -> Motion:
    """A body that swings slowly, by g and deg/s of known functions of time."""
    t_s = np.arange(0, seconds, 1 / RATE_HZ)
    return Motion(*moved(t_s), RATE_HZ)


def moved(t_s: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    angle = 0.8 * np.sin(t_s)
    acc = np.column_stack((0.05 * np.sin(3 * t_s), np.sin(angle), np.cos(angle)))
    gyr = np.column_stack((np.rad2deg(0.8 * np.cos(t_s)), 20 * np.sin(2 * t_s), 0 * t_s))
    return acc, gyr


class Desk:
    """A dialogue and a twin, and time that passes only when somebody says so."""

    def __init__(self, twin: PolarTwin) -> None:
        self.twin, self.now_us = twin, 0
        family = H10 if isinstance(twin, H10Twin) else VERITY
        self.said = family.dialogue()
        self.asked: list[bytes] = []
        self.frames: list[bytes] = []
        self.status: list[bytes] = []
        self._answers: deque[bytes] = deque()
        self.connect()

    def connect(self, mtu: int = 232) -> None:
        self.twin.connect(self.now_us, mtu)
        for uuid in self.said.listens:
            self.twin.subscribe(uuid, True, self.now_us)

    def run(self, talk: Talk[T]) -> T:
        answer: bytes | None = None
        try:
            step = next(talk)
            while True:
                match step:
                    case Read(uuid):
                        there = {each.uuid for service in self.twin.services for each in service.characteristics}
                        answer = self.twin.read(uuid, self.now_us) if uuid in there else None
                    case Ask(request):
                        self.asked.append(request)
                        self._answers.clear()
                        self.take(self.twin.write(CONTROL_UUID, request, self.now_us))
                        answer = self._answer(request)
                    case Hear(request):
                        answer = self._answer(request)
                    case Pause(seconds):
                        self.wait(seconds)
                        answer = None
                    case _:
                        raise AssertionError(step)
                step = talk.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def begin(self, rate_hz: float | None = None) -> Started:
        info = self.run(self.said.introduce())
        return self.run(self.said.begin(info, rate_hz))

    def wait(self, seconds: float) -> list[bytes]:
        """Let time pass; the frames that came."""
        before = len(self.frames)
        for _ in range(round(seconds * 1e6 / STEP_US)):
            self.now_us += STEP_US
            self.take(self.twin.tick(self.now_us))
        return self.frames[before:]

    def take(self, came: list[tuple[str, bytes]]) -> None:
        for uuid, data in came:
            role = self.said.role(uuid, data)
            if Role.FRAME in role:
                self.frames.append(data)
            if Role.ANSWER in role:
                self._answers.append(data)
            if Role.STATUS in role:
                self.status.append(data)

    def _answer(self, request: bytes) -> bytes:
        while not self.said.answers(request, self._answers[0]):
            self._answers.popleft()
        return self._answers.popleft()


def decoded(started: Started, frames: list[bytes]) -> Samples:
    return Samples.concat([started.decoder.push(frame, 1.0) for frame in frames])


BOTH: list[Callable[..., PolarTwin]] = [H10Twin, VerityTwin]


# What is said.


def test_an_h10_says_what_it_is_and_streams_200_a_second() -> None:
    desk = Desk(H10Twin(swinging(), serial="7C0FFEE1"))
    started = desk.begin()
    info = started.info
    assert (info.family, info.model, info.serial, info.firmware) == ("polar-h10", "H10", "7C0FFEE1", "3.3.1")
    assert (info.rate_hz, info.has_gyroscope, info.acc_range_mps2) == (200.0, False, 8 * G_MPS2)
    assert info.mount is None, "it is learned: the studs let it be worn upside down"
    assert [request[:2].hex() for request in desk.asked] == ["0302", "0102", "0202"], "stopped first, asked, started"
    assert desk.run(desk.said.battery()) == 76
    samples = decoded(started, desk.wait(5))
    assert samples.gyr_radps is None
    assert 4.7 * 200 < len(samples) <= 5 * 200
    assert len(samples) % 36 == 0, "only whole frames leave"
    desk.run(desk.said.halt())
    assert not desk.twin.running


def test_a_verity_measures_both_in_sdk_mode_and_leaves_it_at_the_end() -> None:
    desk = Desk(twin := VerityTwin(swinging()))
    started = desk.begin()
    assert (started.info.rate_hz, started.info.has_gyroscope) == (208.0, True)
    assert started.info.gyr_range_radps == pytest.approx(np.deg2rad(2000))
    assert twin.sdk_mode
    assert set(twin.running) == {2, 5}
    desk.run(desk.said.halt())
    assert not twin.running
    assert not twin.sdk_mode


@pytest.mark.parametrize("twin", BOTH)
def test_what_a_program_before_left_running_is_stopped_first(twin: Callable[..., PolarTwin]) -> None:
    desk = Desk(twin(swinging()))
    desk.begin()
    again = Desk(desk.twin)
    started = again.begin()
    assert len(decoded(started, again.wait(3)))


@pytest.mark.parametrize("twin", BOTH)
def test_answers_in_parts_and_lists_of_features_between_them_are_understood(twin: Callable[..., PolarTwin]) -> None:
    desk = Desk(twin(swinging(), parts_of=3, echoes_features=True))
    assert desk.begin().info.rate_hz == desk.said.abilities.default_rate_hz  # type: ignore[attr-defined]


def test_with_too_small_an_mtu_it_is_tried_again_and_then_said_what_to_do() -> None:
    twin = H10Twin(swinging())
    desk = Desk(twin)
    twin.mtu = 23
    with pytest.raises(RequestRefused, match=r"INVALID_MTU.*MTU.*adapter"):
        desk.begin()
    assert desk.now_us > 1_000_000

    late = Desk(H10Twin(swinging()))
    late.twin.mtu = 23
    talk = late.said.begin(late.run(late.said.introduce()), None)

    def agreed_later() -> Talk[Started]:
        step = next(talk)
        while True:
            if isinstance(step, Pause):
                late.twin.mtu = 232
            try:
                step = talk.send((yield step))
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    assert late.run(agreed_later()).info.rate_hz == 200


@pytest.mark.parametrize("twin", BOTH)
def test_in_the_charger_it_says_to_take_it_off_and_nothing_is_left_on(twin: Callable[..., PolarTwin]) -> None:
    desk = Desk(twin(swinging(), charging=True))
    with pytest.raises(RequestRefused, match="take it off the charger"):
        desk.begin()
    assert not desk.twin.running
    assert not getattr(desk.twin, "sdk_mode", False)


def test_a_verity_that_starts_one_stream_but_not_the_other_is_left_still() -> None:
    class OnlyOne(VerityTwin):
        def _start(self, measurement: int, chosen: bytes, now_us: int) -> tuple[int, bytes]:
            self.charging = bool(self.running)
            return super()._start(measurement, chosen, now_us)

    desk = Desk(twin := OnlyOne(swinging()))
    with pytest.raises(RequestRefused):
        desk.begin()
    assert not twin.running
    assert not twin.sdk_mode


@pytest.mark.parametrize(
    ("twin", "rate_hz", "offered"), [(H10Twin, 50.0, "100, 200"), (VerityTwin, 416.0, "52, 104, 208")]
)
def test_a_rate_that_is_not_offered_names_those_that_are(
    twin: Callable[..., PolarTwin], rate_hz: float, offered: str
) -> None:
    desk = Desk(twin(swinging()))
    with pytest.raises(UsageError, match=f"choose one of: {offered}"):
        desk.begin(rate_hz)
    assert desk.begin(100.0 if twin is H10Twin else 104.0).info.rate_hz in (100.0, 104.0)


def test_a_verity_without_sdk_mode_measures_at_52() -> None:
    desk = Desk(VerityTwin(swinging(), has_sdk_mode=False))
    started = desk.begin()
    assert started.info.rate_hz == 52
    samples = decoded(started, desk.wait(10))
    assert len(samples) > 5 * 52
    desk.run(desk.said.halt())
    assert not desk.twin.running


def test_what_measures_no_acceleration_is_refused() -> None:
    class Deaf(H10Twin):
        features = (0,)  # type: ignore[assignment]

    with pytest.raises(SensorFault, match="ACC"):
        Desk(Deaf(swinging())).begin()


@pytest.mark.parametrize("twin", BOTH)
def test_a_stream_that_ends_by_itself_is_a_status_of_another_session(twin: Callable[..., PolarTwin]) -> None:
    desk = Desk(twin(swinging()))
    started = desk.begin()
    desk.wait(1)
    desk.twin.stop_by_itself(desk.now_us)
    desk.wait(0.1)
    (said,) = desk.status
    assert desk.said.status(said).session != started.session


def test_what_another_program_has_it_measure_is_nothing_to_us() -> None:
    said = H10.dialogue()
    assert said.role(DATA_UUID, bytes(20)) is Role.NOTHING, "an ECG"
    assert said.role(DATA_UUID, b"\x02") is Role.FRAME
    assert said.role(DATA_UUID, b"\x3e") is Role.FRAME, "damaged: to be counted"
    assert said.role(DATA_UUID, b"") is Role.FRAME
    assert said.role(CONTROL_UUID, bytes.fromhex("0100")) is Role.NOTHING
    assert said.role(CONTROL_UUID, bytes.fromhex("0f05")) is Role.NOTHING


def test_they_are_known_by_their_names() -> None:
    for name, family in (("Polar H10 7C0FFEE1", H10), ("Polar Sense A1B2C3D4", VERITY), ("Polar OH1 A1B2C3D4", None)):
        assert next((each for each in FAMILIES if each.recognises(name, ())), None) is family


# What comes of it.


@pytest.mark.parametrize("off_ppm", [-40_000, 0, 25_000])
@pytest.mark.parametrize(("twin", "quirks"), [(H10Twin, {}), (VerityTwin, {}), (VerityTwin, {"tells_factor": False})])
def test_samples_are_the_movement_at_their_times(
    twin: Callable[..., PolarTwin], quirks: dict[str, Any], off_ppm: float
) -> None:
    desk = Desk(twin(swinging(), true_rate_ppm=off_ppm, **quirks))
    started = desk.begin()
    samples = decoded(started, desk.wait(20))
    assert (np.diff(samples.index) == 1).all()
    assert samples.t_s[0] == 0
    rate_hz = started.info.rate_hz * (1 + off_ppm * 1e-6)
    assert (len(samples) - 1) / samples.t_s[-1] == pytest.approx(rate_hz, rel=5e-3)
    assert samples.t_s[-1] > 18.5
    # where sample 0 lies is reckoned from the end of the first frame, at the rate that is told
    first_s = (36 if twin is H10Twin else 130) * abs(off_ppm) * 1e-6 / started.info.rate_hz
    acc, gyr = moved(samples.t_s + 1 / rate_hz)
    if twin is H10Twin:
        acc = np.column_stack((-acc[:, 1], acc[:, 0], acc[:, 2]))
    np.testing.assert_allclose(samples.acc_mps2, acc * G_MPS2, atol=0.03 + 12 * first_s)
    if samples.gyr_radps is not None:
        np.testing.assert_allclose(samples.gyr_radps, np.deg2rad(gyr), atol=0.02 + 2 * first_s)


def frames_of(twin: PolarTwin, seconds: float = 20.0) -> tuple[Callable[[], Started], list[bytes]]:
    """Makes streams of one and the same twin anew, and the frames it sent."""
    desk = Desk(twin)
    desk.begin()
    frames = desk.wait(seconds)
    return lambda: Desk(type(twin)(swinging())).begin(), frames


FRESH_H10, H10_FRAMES = frames_of(H10Twin(swinging(), true_rate_ppm=13_000))
FRESH_VERITY, VERITY_FRAMES = frames_of(VerityTwin(swinging(), true_rate_ppm=13_000))
WHOLE_H10, WHOLE_VERITY = decoded(FRESH_H10(), H10_FRAMES), decoded(FRESH_VERITY(), VERITY_FRAMES)


@given(st.integers(0, 2**32), st.floats(0, 4))
@settings(max_examples=50)
def test_in_which_order_the_two_streams_come_makes_no_difference(seed: int, late_s: float) -> None:
    """Each frame is held up by up to so long, those behind it of its own stream as well."""
    random, arrivals = np.random.default_rng(seed), []
    for kind in (2, 5):
        of_kind = [frame for frame in VERITY_FRAMES if frame[0] == kind]
        sent_s = np.array([int.from_bytes(frame[1:9], "little") for frame in of_kind]) * 1e-9
        arrivals += list(
            zip(np.maximum.accumulate(sent_s + random.uniform(0, late_s, len(sent_s))), of_kind, strict=True)
        )
    whole = decoded(FRESH_VERITY(), [frame for _, frame in sorted(arrivals, key=itemgetter(0))])
    np.testing.assert_array_equal(whole.index, WHOLE_VERITY.index)
    np.testing.assert_allclose(whole.t_s, WHOLE_VERITY.t_s, atol=1e-9)
    assert whole.gyr_radps is not None
    assert WHOLE_VERITY.gyr_radps is not None
    np.testing.assert_allclose(whole.gyr_radps, WHOLE_VERITY.gyr_radps, atol=1e-9)


@pytest.mark.parametrize("fresh", ["h10", "verity"])
@given(lost=st.sets(st.integers(6, 60), max_size=20))
@settings(max_examples=40)
def test_a_frame_lost_is_a_hole_and_all_else_is_as_before(fresh: str, lost: set[int]) -> None:
    """Of a Verity a frame of either stream. The samples beside the hole keep their times and values."""
    started, frames, whole = {
        "h10": (FRESH_H10(), H10_FRAMES, WHOLE_H10), "verity": (FRESH_VERITY(), VERITY_FRAMES, WHOLE_VERITY),
    }[fresh]  # fmt: skip
    got = decoded(started, [frame for k, frame in enumerate(frames) if k not in lost])
    here = np.searchsorted(whole.t_s, got.t_s - 2e-4)
    np.testing.assert_allclose(whole.t_s[here], got.t_s, atol=2e-3)
    assert np.abs(got.index - whole.index[here]).max(initial=0) <= 1 + len(lost) // 4
    np.testing.assert_allclose(whole.acc_mps2[here], got.acc_mps2)
    assert (np.diff(got.t_s) > 0).all()
    assert (np.diff(got.index) > 0).all()


@pytest.mark.parametrize("twin", BOTH)
def test_after_a_drop_the_stream_goes_on_with_a_hole_of_its_length(twin: Callable[..., PolarTwin]) -> None:
    desk = Desk(twin(swinging(90), true_rate_ppm=-17_000, clock_ppm=40))
    started = desk.begin()
    before = decoded(started, desk.wait(20))
    desk.twin.disconnect(desk.now_us)
    desk.wait(31)
    desk.connect()
    resumed = desk.run(desk.said.resume(started))
    assert resumed is not None
    assert (resumed.running, resumed.next_index) == (True, None)
    after = decoded(started, desk.wait(10))
    away_s = after.t_s[0] - before.t_s[-1]
    assert 31 < away_s < 33
    assert after.index[0] - before.index[-1] == pytest.approx(away_s * started.info.rate_hz * 0.983, rel=1e-3)
    acc, _ = moved(after.t_s + 1 / started.info.rate_hz)
    if twin is H10Twin:
        acc = np.column_stack((-acc[:, 1], acc[:, 0], acc[:, 2]))
    np.testing.assert_allclose(after.acc_mps2, acc * G_MPS2, atol=0.15)


def test_a_clock_that_began_anew_while_it_was_away_breaks_the_stream() -> None:
    """Off the strap for a minute an H10 loses its time. A new stream is begun behind this one."""
    desk = Desk(H10Twin(swinging(90)))
    started = desk.begin()
    decoded(started, desk.wait(20))
    desk.twin.lose_power(desk.now_us)
    desk.connect()
    assert desk.run(desk.said.resume(started)) is not None
    refused = []
    for frame in desk.wait(2):
        with pytest.raises(FrameError) as error:
            started.decoder.push(frame, 1.0)
        refused.append(isinstance(error.value, StreamBroken))
    assert refused.index(True) == 4


def test_a_dialogue_that_never_began_cannot_go_on() -> None:
    desk = Desk(H10Twin(swinging()))
    started = desk.begin()
    assert Desk(desk.twin).run(H10.dialogue().resume(started)) is None


def test_a_stream_that_falls_silent_beside_the_other_is_noticed() -> None:
    """Its samples are worth nothing without the other's: said, then begun anew; what waits stays bounded."""
    started = FRESH_VERITY()
    acc = [frame for frame in VERITY_FRAMES if frame[0] == 2]
    came: list[type[Exception] | None] = []
    for frame in acc:
        try:
            assert not len(started.decoder.push(frame, 1.0))
            came.append(None)
        except FrameError as error:
            came.append(type(error))
    assert came.index(FrameError) >= 8
    assert came.index(StreamBroken) == came.index(FrameError) + 4
    assert len(started.decoder._acc.t_s) <= 5 * 208  # type: ignore[attr-defined]


@pytest.mark.parametrize("fresh", [(FRESH_H10, H10_FRAMES, WHOLE_H10), (FRESH_VERITY, VERITY_FRAMES, WHOLE_VERITY)])
def test_frames_that_come_twice_count_once_and_batches_change_nothing(fresh: Any) -> None:
    begin, frames, whole = fresh
    twice = decoded(begin(), [frame for frame in frames for _ in range(2)])
    batched = begin().decoder.push_many(frames, [1.0] * len(frames))
    for got in (twice, batched):
        np.testing.assert_array_equal(got.index, whole.index)
        np.testing.assert_array_equal(got.t_s, whole.t_s)
        np.testing.assert_array_equal(got.acc_mps2, whole.acc_mps2)


@pytest.mark.parametrize("twin", BOTH)
def test_what_reaches_the_end_of_the_range_is_counted(twin: Callable[..., PolarTwin]) -> None:
    hit = np.zeros((400, 3))
    hit[200:210] = 9.0
    desk = Desk(twin(Motion(hit, 0 * hit, 200.0)))
    started = desk.begin()
    decoded(started, desk.wait(4))
    assert 8 <= started.decoder.clipped <= 12


def test_an_axis_stuck_at_its_end_is_doubted() -> None:
    """polar-ble-sdk issue 634: every z of a broken H10 reads -2000 mg."""
    stuck = np.random.default_rng(1).normal(0, 0.01, (2000, 3)) + np.eye(3)[1]
    stuck[:, 2] = -2.0
    desk = Desk(H10Twin(Motion(stuck[:1500], 0 * stuck[:1500], 200.0)))
    started = desk.begin()
    samples = decoded(started, desk.wait(7))
    (found,) = Doubt(started.info).push(samples)
    assert "z axis does not move" in found["the acceleration's axes"]


def test_device_time_is_stream_time() -> None:
    started = FRESH_H10()
    assert np.isnan(started.decoder.time_s(10**18))
    samples = decoded(started, H10_FRAMES)
    last_ns = int.from_bytes(H10_FRAMES[-1][1:9], "little")
    assert started.decoder.time_s(last_ns) == pytest.approx(samples.t_s[-1], abs=1e-6)
    started = FRESH_VERITY()
    assert np.isnan(started.decoder.time_s(10**18))
    decoded(started, VERITY_FRAMES)
    assert started.decoder.time_s(int.from_bytes(VERITY_FRAMES[-1][1:9], "little")) == pytest.approx(20, abs=1)
