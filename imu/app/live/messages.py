"""What the server of the live page says: JSON objects, one a WebSocket text message or SSE `data:` line.

Ways in and out. `GET /` is the page, `/static/...` its files, `/qr.svg` the view link as a QR code (control only).
`/ws` is a WebSocket that carries these messages down and the commands of `commands.py` up. Where it is refused,
`GET /events` sends the same messages as server-sent events, and `POST /command` takes one command as its body and
answers with `done` or `error`. A viewer is known by its cookie; `GET /?t=TOKEN` trades a link's token for it.

Every message has
    v           VERSION. A page that meets another one reloads itself, once.
    kind        One of the kinds below.
    host_s      Time of day at the server, seconds since 1970, when it was sent off.
    age_s       How long ago, then, the newest sample came that is in what is shown; null before the first. A page adds
                the time since it received the message; beyond `hello.stale_s` what it shows is stale, and is greyed
                with its age.
Times called `t_s` or `..._since_s` are device time, from the start of the recording; durations are seconds. A number
that does not exist is null. Angles are trunk pitch: 0 prone horizontal, +90 upright, extension raises it.

A connection begins with `hello` and `snapshot`. Then come small messages. A viewer that falls behind, or comes back,
gets a `snapshot` in place of all it missed: whatever it says replaces all that was known. Cues that were missed are
gone, since a count said late is a wrong count. While a viewer is connected it hears something at least once a second
(`link`); after 3 s of silence a page takes the connection for dead and opens another one.

    kind        body                meaning
    hello       `Hello`             who you are and what there is to choose from; once a connection
    snapshot    `Snapshot`          everything
    state       `State`, `trace`    how things stand, <= 25 times a second, with the new points of the trace
    rep         `was`, `row`, `last`  the row with id `was` is no more, `row` is new; either may be null
    set         `SetRow`            a set began, ended (figures), or was taken back
    cue         `cue`               something to be heard now; each page chooses by `level` what it plays
    link        `Link`              stage of the recording, link in words, battery; on change and once a second
    settings    `Settings`          exercise, target, load
    line        `Line`              the straight line's band in the trace
    remark      `text`              a sentence worth reading for some seconds
    done        `id`, `do`          your command was carried out
    error       `id`, `do`, `code`, `text`    it was not, and why; only the sender gets it
    bye         `text`              the program ends; the page keeps what it shows, greyed, and tries to come back
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar

VERSION = 1
"""Of all messages, both ways; whatever an older page could misread raises it."""
STALE_S = 1.5
"""Without a newer sample for so long, what is shown is not live: one that was lost on the way is waited for for 1 s."""
STATES_PER_S = 25.0
TRACE_S = 15.0
TRACE_HZ = 26.0
"""Points of the trace per second, at most."""
_DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An exercise to choose; a static one is one long hold, without a count."""

    key: str
    name: str
    static: bool


@dataclass(frozen=True, kw_only=True)
class Hello:
    """Who the viewer is and what there is to choose from.

    Attributes:
        role: `control`, or `view`, whose commands are refused.
        program: Name and version of the program.
        session: Changes with each start of the server.
        verdicts: Verdict -> what to show a person, `COUNTED` first; the choices when a verdict is overruled.
        max_load_kg, max_reps: The largest that `set_load` and `set_target` take.
        view_link: A link to give away, for control alone; null in a page that only this machine can open.
    """

    kind: ClassVar[str] = "hello"
    role: str
    program: str
    session: str
    stale_s: float
    exercises: tuple[Choice, ...]
    verdicts: dict[str, str]
    max_load_kg: float
    max_reps: int
    view_link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is to be done.

    Attributes:
        tempo: As it is written: lowering, bottom, lift, top hold in seconds, X as fast as possible.
        phases_s: The same as numbers, X as null.
        hold_s: Top hold to reach (the tempo's fourth).
        reps: Target count of a set, null without.
        rest_s: Planned rest, null without.
        synthetic: The person is simulated: to be shown, always.
    """

    kind: ClassVar[str] = "settings"
    exercise: Choice
    tempo: str
    phases_s: tuple[float | None, ...]
    hold_s: float
    reps: int | None = None
    rest_s: float | None = None
    load_kg: float | None = None
    synthetic: bool = False


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A top hold under way; between messages a page counts on by itself, as long as nothing is stale."""

    since_s: float
    held_s: float
    target_s: float
    reached: bool


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The rest between two sets, as long as the next has not begun."""

    held_s: float
    target_s: float | None
    over: bool


@dataclass(frozen=True, kw_only=True)
class Calibrating:
    """The straight line is waited for: `left_s` of `wanted_s` still to hold; `elsewhere`: still, in another posture."""

    left_s: float
    wanted_s: float
    elsewhere: bool


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Points of the trunk's pitch; null is a hole. Points at or before the newest that a page has replace nothing."""

    t_s: tuple[float, ...] = ()
    pitch_deg: tuple[float | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class State:
    """How things stand.

    Attributes:
        t_s: Device time of all this; null before the first sample.
        phase: unknown, bottom, lifting, top or lowering.
        phase_words: READY, BOTTOM, LIFT, HOLD, LOWER.
        count: Repetitions of the set under way, the announced one included; of the last set while resting.
        set: Number of the set, 0 before the first.
        set_open: A set is under way.
        set_marked: It was begun by `start_set`, and ends by `end_set`.
    """

    kind: ClassVar[str] = "state"
    t_s: float
    phase: str
    phase_words: str
    phase_since_s: float
    phase_s: float
    pitch_deg: float
    count: int
    set: int
    set_open: bool
    set_marked: bool
    hold: Hold | None = None
    rest: Rest | None = None
    calibrating: Calibrating | None = None
    trace: Trace = Trace()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One movement of this session.

    Attributes:
        id: Its name in `rep` and `overrule`.
        set, rep: Numbers, null where it does not count.
        counted: By the program's verdict.
        verdict, verdict_words: The program's.
        label, label_words: The person's, null where nobody said anything. It stands beside the program's.
        phases_s: Lower, bottom, lift, top hold as measured; of a static hold the top is the hold.
        hits: Which of them met the target; null where nothing can be compared.
        adherence: Share of phases that met the target, 0 to 1.
        tempo: `2.9-0.3-1.4-1.1`.
        flags: SHORT_TOP, OVEREXTENDED, SWUNG.
    """

    id: str
    start_s: float
    end_s: float
    set: int | None
    rep: int | None
    counted: bool
    verdict: str
    verdict_words: str
    label: str | None
    label_words: str | None
    phases_s: tuple[float, ...]
    hits: tuple[bool | None, ...]
    adherence: float
    tempo: str
    rom_deg: float
    top_deviation_deg: float
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RepChanged:
    """The row with id `was` is no more, `row` is new or has become this. Rows are in order of `start_s`.

    `last` is the last repetition that counts with the hold that led into it (its own has no end yet), which is what the
    person remembers: the one to be held against the target. The same movement stands in the rows with its own holds.
    """

    kind: ClassVar[str] = "rep"
    was: str | None = None
    row: Row | None = None
    last: Row | None = None


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """A set: `step` is started, ended or retracted; figures are those of its end."""

    kind: ClassVar[str] = "set"
    set: int
    step: str
    reps: int = 0
    mean_tempo: str = ""
    adherence: float = math.nan
    mean_hold_s: float = math.nan
    mean_rom_deg: float = math.nan
    load_kg: float | None = None


@dataclass(frozen=True, kw_only=True)
class Link:
    """The recording and what it comes from.

    Attributes:
        stage: looking, connecting, recording, stopping, stopped (session kept) or failed (see `text`). In the last two
            `connect` looks for the sensor and begins a new session.
        text: The stage in a sentence; where it failed, what is wrong and the mend.
        sensor: Its name, empty before it is found.
        words: What came and what did not, `nothing lost`, `3 samples late`, `lost, searching`, `all gaps filled`.
        good: Nothing is wrong now.
        lost, missing, filled: Samples gone for good, not here yet, and come late.
        warnings: Sentences about what is wrong now.
        folder: The session on disk; null before the first sample.
    """

    kind: ClassVar[str] = "link"
    stage: str
    text: str
    sensor: str = ""
    words: str = ""
    good: bool = False
    lost: int = 0
    missing: int = 0
    filled: int = 0
    rate_hz: float = math.nan
    latency_s: float = math.nan
    battery_pct: int | None = None
    battery_low: bool = False
    warnings: tuple[str, ...] = ()
    folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """The straight line: its pitch, and within what a top is neither short nor overextended.

    `source` is nominal (the exercise's) or measured (held on purpose). Null where the exercise has none.
    """

    kind: ClassVar[str] = "line"
    pitch_deg: float
    low_deg: float
    high_deg: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything; replaces whatever a page knew."""

    kind: ClassVar[str] = "snapshot"
    link: Link
    settings: Settings
    state: State
    line: Line
    rows: tuple[Row, ...] = ()
    last: Row | None = None
    sets: tuple[SetRow, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class CueMessage:
    """Something to be heard now: the fields of one of `imu.coach.cues`, of which `what` says the kind."""

    kind: ClassVar[str] = "cue"
    cue: Any


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A sentence worth reading for some seconds."""

    kind: ClassVar[str] = "remark"
    text: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """The command with this id was carried out."""

    kind: ClassVar[str] = "done"
    id: int
    do: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The command with this id was not carried out.

    Attributes:
        id: Null where the command was too malformed to have one.
        code: malformed, version, unknown, value, role (a viewer's), state (not now), storage, busy (too many).
        text: What is wrong and what to do, in a sentence.
    """

    kind: ClassVar[str] = "error"
    id: int | None
    do: str
    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Bye:
    """The program ends."""

    kind: ClassVar[str] = "bye"
    text: str


Message = (
    Hello | Snapshot | State | RepChanged | SetRow | CueMessage | Link | Settings | Line | Remark | Done | Refused | Bye
)


def encode(message: Message, *, host_s: float, age_s: float | None) -> str:
    """The text of a message as sent at `host_s`, the newest sample being `age_s` old."""
    body = {field.name: _plain(getattr(message, field.name)) for field in dataclasses.fields(message)}
    whole = {"v": VERSION, "kind": message.kind, "host_s": round(host_s, 3), "age_s": _plain(age_s), **body}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:  # noqa: ANN401 (any field)
    """As JSON can say it: numbers with so many decimals as mean anything, null for those that do not exist."""
    if isinstance(value, float):
        return round(value, _DECIMALS) if math.isfinite(value) else None
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
