"""What a page may ask for: JSON objects, as WebSocket text messages or as the body of `POST /command`.

    {"v": 1, "id": 7, "do": "set_load", "load_kg": 20}

`v` is the messages' VERSION, `id` any whole number from 0; the answer, `done` or `error`, carries it. Commands are for
`control`. No other keys are taken than those below.

    do            keys                             does
    calibrate                                      take the straight line from the next 3 s held still
    start_set                                      a set begins now: each repetition from here on counts
    end_set                                        the set ends now
    set_target    tempo?, reps? (null: none)       target tempo `3-1-1-2`; target count
    set_load      load_kg (null: none)             for the sets from here on
    set_exercise  exercise                         ends this session, and begins another one with the same sensor
    overrule      rep, verdict                     the person's word on the row `rep`, beside the program's
    sound_test                                     every page plays a word and a tone
    connect                                        look for the sensor (again), begin a session
    stop                                           end the session, keep everything; the page stays
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from imu.app.live.messages import VERSION
from imu.errors import UsageError
from imu.exercises import get_exercise
from imu.model import Verdict
from imu.tempo import Tempo

MOST_BYTES = 2048
"""No command is longer."""
MAX_LOAD_KG = 1000.0
MAX_REPS = 1000
MAX_ID = 2**53 - 1
"""The largest whole number that every JSON reader keeps."""


class BadCommand(Exception):
    """A command that is not carried out.

    Attributes:
        id, do: Of the command, as far as it could be read.
        code: See `imu.app.live.messages.Refused`.
    """

    def __init__(self, text: str, *, code: str, id: int | None = None, do: str = "") -> None:
        super().__init__(text)
        self.id, self.do, self.code = id, do, code


@dataclass(frozen=True, kw_only=True)
class Calibrate:
    """Take the straight line from the next 3 s held still."""

    do: ClassVar[str] = "calibrate"


@dataclass(frozen=True, kw_only=True)
class StartSet:
    """A set begins now."""

    do: ClassVar[str] = "start_set"


@dataclass(frozen=True, kw_only=True)
class EndSet:
    """The set ends now."""

    do: ClassVar[str] = "end_set"


@dataclass(frozen=True, kw_only=True)
class SetTarget:
    """Another target tempo (None: as it is), or target count (0: none, None: as it is)."""

    do: ClassVar[str] = "set_target"
    tempo: str | None = None
    reps: int | None = None


@dataclass(frozen=True, kw_only=True)
class SetLoad:
    """The load of the sets from here on; None where nothing is held."""

    do: ClassVar[str] = "set_load"
    load_kg: float | None


@dataclass(frozen=True, kw_only=True)
class SetExercise:
    """Go on with another exercise, in a session of its own."""

    do: ClassVar[str] = "set_exercise"
    exercise: str


@dataclass(frozen=True, kw_only=True)
class Overrule:
    """The person's verdict on the movement with the row id `rep`."""

    do: ClassVar[str] = "overrule"
    rep: str
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class SoundTest:
    """Let every page be heard."""

    do: ClassVar[str] = "sound_test"


@dataclass(frozen=True, kw_only=True)
class Connect:
    """Look for the sensor and begin a session."""

    do: ClassVar[str] = "connect"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """End the session."""

    do: ClassVar[str] = "stop"


Command = (
    Calibrate | StartSet | EndSet | SetTarget | SetLoad | SetExercise | Overrule | SoundTest | Connect | Stop
)  # fmt: skip


def parse(text: str | bytes) -> tuple[int, Command]:
    """Read a command and its id.

    Raises:
        BadCommand: It is none; the message says what is wrong.
    """
    keys = _keys(text)
    number, do = _id(keys.pop("id", None)), keys.pop("do", None)
    try:
        if keys.pop("v", None) != VERSION:
            raise BadCommand(
                f"This page speaks another version than the program ({VERSION}); reload it.", code="version"
            )
        build = _BUILD.get(do) if isinstance(do, str) else None
        if build is None:
            raise BadCommand(f"There is no such command; there are: {', '.join(_BUILD)}.", code="unknown")
        return number, build(_Keys(keys))
    except BadCommand as error:
        error.id, error.do = number, do if isinstance(do, str) else ""
        raise


def _keys(text: str | bytes) -> dict[str, Any]:
    if len(text) > MOST_BYTES:
        raise BadCommand(f"A command has at most {MOST_BYTES} bytes.", code="malformed")
    try:
        keys = json.loads(text)
    except (ValueError, RecursionError):
        raise BadCommand("A command is a JSON object; this is none.", code="malformed") from None
    if not isinstance(keys, dict):
        raise BadCommand("A command is a JSON object; this is none.", code="malformed")
    return keys


def _id(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MAX_ID:
        raise BadCommand("A command has an id, a whole number from 0, with which it is answered.", code="malformed")
    return number


class _Keys:
    """The keys of a command's own; each is taken once, and none may be left."""

    def __init__(self, keys: dict[str, Any]) -> None:
        self._keys = keys

    def __contains__(self, name: str) -> bool:
        return name in self._keys

    def text(self, name: str) -> str:
        value = self._keys.pop(name, None)
        if not isinstance(value, str):
            raise _wrong(name, "text")
        return value

    def number(self, name: str, most: float) -> float | None:
        value = self._value(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise _wrong(name, f"a number from 0 to {most:g}, or null")
        return float(value)

    def whole(self, name: str, most: int) -> int | None:
        value = self.number(name, most)
        if value is not None and not value.is_integer():
            raise _wrong(name, f"a whole number up to {most}, or null")
        return None if value is None else int(value)

    def end(self) -> None:
        if self._keys:
            raise BadCommand(f"These keys mean nothing here: {', '.join(sorted(self._keys))[:200]}.", code="value")

    def _value(self, name: str) -> object:
        if name not in self._keys:
            raise _wrong(name, "given, be it as null")
        return self._keys.pop(name)


def _wrong(name: str, wanted: str) -> BadCommand:
    return BadCommand(f"The key {name} has to be {wanted}.", code="value")


def _target(keys: _Keys) -> SetTarget:
    if "tempo" not in keys and "reps" not in keys:
        raise BadCommand("A target has a tempo, or reps, or both.", code="value")
    tempo = reps = None
    if "tempo" in keys:
        tempo = _known(lambda text: Tempo.parse(text).text, keys.text("tempo"))
    if "reps" in keys:
        reps = keys.whole("reps", MAX_REPS) or 0
    return SetTarget(tempo=tempo, reps=reps)


def _exercise(keys: _Keys) -> SetExercise:
    return SetExercise(exercise=_known(lambda key: get_exercise(key).key, keys.text("exercise")))


def _overrule(keys: _Keys) -> Overrule:
    rep, said = keys.text("rep"), keys.text("verdict")
    try:
        return Overrule(rep=rep, verdict=Verdict(said))
    except ValueError:
        raise _wrong("verdict", f"one of {', '.join(Verdict)}") from None


def _known(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except UsageError as error:
        raise BadCommand(str(error), code="value") from None


def _whole(build: Callable[[_Keys], Command]) -> Callable[[_Keys], Command]:
    """The same, and nothing may be left over."""

    def built(keys: _Keys) -> Command:
        command = build(keys)
        keys.end()
        return command

    return built


_BUILD: dict[str, Callable[[_Keys], Command]] = {
    kind.do: _whole(build)
    for kind, build in (
        (Calibrate, lambda _: Calibrate()),
        (StartSet, lambda _: StartSet()),
        (EndSet, lambda _: EndSet()),
        (SetTarget, _target),
        (SetLoad, lambda keys: SetLoad(load_kg=keys.number("load_kg", MAX_LOAD_KG))),
        (SetExercise, _exercise),
        (Overrule, _overrule),
        (SoundTest, lambda _: SoundTest()),
        (Connect, lambda _: Connect()),
        (Stop, lambda _: Stop()),
    )
}  # fmt: skip
