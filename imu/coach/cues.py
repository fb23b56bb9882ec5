"""What can be heard. A cue is played when it comes; whoever plays it decides nothing, and nothing has to be stopped.

A tone and a pace carry their own lengths: a page that hears no more because the network went plays them to their end,
and falls silent. Until then `Hush`, and a newer one of the same kind, end them early.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HOLD_HZ = 523.25
"""Of the tone that says: hold. C5, between the beats of the pace."""
LOWEST_HZ, OCTAVE_DEG = 220.0, 60.0


class Verbosity(StrEnum):
    """How much is said: nothing; the count and what corrects it, holds and rests; also how it was done."""

    OFF = "off"
    COUNT = "count"
    COACH = "coach"


class Why(StrEnum):
    """What a sentence is about. A `COUNT` is worth interrupting any other for: said late, it is wrong."""

    COUNT = "count"
    CORRECTION = "correction"
    LAST = "last"
    FORM = "form"
    HOLD = "hold"
    SET = "set"
    REST = "rest"
    LINE = "line"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Something to be heard now.

    Attributes:
        at_s: Device time at which it is due.
        level: The least verbosity at which it is heard.
    """

    at_s: float
    level: Verbosity = Verbosity.COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Cue):
    """A few words to be spoken."""

    why: Why
    text: str
    what: str = "say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone(Cue):
    """A steady tone; that it ends is the sign that the hold was long enough."""

    length_s: float
    hz: float = HOLD_HZ
    what: str = "tone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush(Cue):
    """What sounds or is still to sound, tone and pace, ends now."""

    what: str = "hush"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One beat of a pace, `after_s` behind the cue."""

    after_s: float
    hz: float
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace(Cue):
    """The metronome's beats until the next arrival at the top; takes the place of the pace before.

    They are sent ahead, so that a page can play them by the clock of its sound: a message on its way is late by more
    than an ear forgives a metronome.
    """

    beats: tuple[Beat, ...]
    what: str = "pace"


def heard(cues: Iterable[Cue], verbosity: Verbosity) -> list[Cue]:
    """The cues that are played at a verbosity."""
    order = list(Verbosity)
    wanted = order.index(verbosity)
    return [cue for cue in cues if wanted and order.index(cue.level) <= wanted]


def hz_of_pitch(pitch_deg: float) -> float:
    """The pitch of the tone that follows the trunk: an octave every 60 degrees, 220 Hz hanging head down.

    So 622 Hz at the horizontal and 1760 Hz upright; lower ones a phone's loudspeaker does not play.
    """
    return float(LOWEST_HZ * 2.0 ** ((pitch_deg + 90.0) / OCTAVE_DEG))
