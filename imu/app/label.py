"""`imu label`: a person looks at each movement and says what it was; the program's verdict stays beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from imu.app import console, tables, termplot, words
from imu.app.inputs import chosen, read_all
from imu.errors import UsageError
from imu.model import Rep, Verdict
from imu.review.labelling import added, added_to, check_inside, from_file, judged, offset_from_taps, verdicts_on
from imu.review.tables import Review
from imu.review.taps import find_taps
from imu.sessions import Label, read_recording
from imu.sessions.labelfile import NAME, append_labels, labels_of

AROUND_S = 4.0
"""Shown before and after a movement."""
REASONS = {str(n): verdict for n, verdict in enumerate((v for v in Verdict if v is not Verdict.COUNTED), 1)}
KEYS = "a accept, r reject, Enter skip, b back, n add a missed repetition, q quit"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be written without asking; all empty: ask, movement by movement.

    Attributes:
        accept: Numbers of movements, as `--list` shows them.
        reject: The same with the reason.
        add: Start and end of repetitions that the program does not have, in s.
        file: Labels made elsewhere.
        offset_s: What to add to the times of `add` and `file`.
        tap_in_video_s: When the first of three taps is seen, instead of `offset_s`.
    """

    by: str = ""
    note: str = ""
    accept: tuple[int, ...] = ()
    reject: tuple[tuple[int, Verdict], ...] = ()
    add: tuple[tuple[float, float], ...] = ()
    file: Path | None = None
    offset_s: float = 0.0
    tap_in_video_s: float | None = None

    @property
    def anything(self) -> bool:
        """Whether something is to be written without asking."""
        return bool(self.accept or self.reject or self.add or self.file)


def command(path: Path | None, wanted: Wanted, *, folder: Path, listed: bool = False) -> None:
    """Label a session; None is the latest below `folder`.

    Raises:
        DataError: It cannot be read.
        UsageError: There is no such movement, or it is no session folder.
        StorageError: The labels could not be written.
    """
    if listed and wanted.anything:
        raise UsageError("--list only lists; leave it out to write labels.")
    session = _session(path, folder)
    (review,) = read_all([session])
    screen = console.out()
    offset_s = _offset_s(session, wanted)
    if listed:
        screen.print(_listing(review))
    elif wanted.anything:
        _write(session, _labels(review, wanted, offset_s))
    else:
        _Asking(screen, review, session, wanted, offset_s).run()
    _sum_up(screen, session, review)


def _session(path: Path | None, folder: Path) -> Path:
    named = chosen([] if path is None else [path], folder)
    if len(named) > 1:
        raise UsageError(f"{path} holds {len(named)} sessions; name one.")
    if not named[0].is_dir():
        raise UsageError(f"{named[0]} is no session folder, so there is no place for labels; give the folder that imu "
                         "record or imu demo made.")  # fmt: skip
    return named[0]


def _offset_s(session: Path, wanted: Wanted) -> float:
    taps_s = find_taps(read_recording(session).samples)
    for tap_s in taps_s:
        console.err().print(f"Three taps at {tap_s:.2f} s.", style=tables.DIM)
    return wanted.offset_s if wanted.tap_in_video_s is None else offset_from_taps(taps_s, wanted.tap_in_video_s)


def _listing(review: Review) -> str:
    lines = []
    for number, rep in enumerate(review.analysis.reps, 1):
        said = review.ledger["label"].iloc[number - 1]
        lines.append(f"{number:4}  {_line(rep)}{_yours(said)}")
    return "\n".join(lines) or "Nothing moved in this session."


def _line(rep: Rep) -> str:
    name = f"set {rep.set} rep {rep.rep}" if rep.counted else words.VERDICTS[rep.verdict]
    return f"{rep.start_s:8.2f} to {rep.end_s:8.2f} s  {rep.rom_deg:4.0f}°  {rep.tempo:18} {rep.verdict}  {name}"


def _yours(said: str | None) -> str:
    return f"   labelled: {said}" if said else ""


def _labels(review: Review, wanted: Wanted, offset_s: float) -> list[Label]:
    said = {"by": wanted.by, "note": wanted.note}
    labels = [judged(_movement(review, n), Verdict.COUNTED, **said) for n in wanted.accept]
    labels += [judged(_movement(review, n), verdict, **said) for n, verdict in wanted.reject]
    labels += [added(start_s + offset_s, end_s + offset_s, **said) for start_s, end_s in wanted.add]
    labels += from_file(wanted.file, offset_s, by=wanted.by) if wanted.file else []
    check_inside(labels, review.samples["t_s"].to_numpy(float))
    return labels


def _movement(review: Review, number: int) -> Rep:
    reps = review.analysis.reps
    if not 1 <= number <= len(reps):
        raise UsageError(f"There is no movement {number}; there are {len(reps)}, see --list.")
    return reps[number - 1]


def _write(session: Path, labels: Sequence[Label]) -> None:
    append_labels(session / NAME, labels)
    console.out().print(f"{len(labels)} label{'s'[: len(labels) != 1]} added to {session / NAME}.",
                        soft_wrap=True)  # fmt: skip


class _Asking:
    """One movement after the other; each answer is on the disk before the next is asked."""

    def __init__(self, screen: Console, review: Review, session: Path, wanted: Wanted, offset_s: float) -> None:
        self._screen, self._review, self._wanted, self._offset_s = screen, review, wanted, offset_s
        self._path, self._labels = session / NAME, [*labels_of(session)]
        self._at = 0

    def run(self) -> None:
        """Ask until the last movement or until the person has had enough."""
        self._screen.print(KEYS, style=tables.DIM)
        reps = self._review.analysis.reps
        while self._at < len(reps):
            rep = reps[self._at]
            self._show(rep, len(reps))
            answer = self._ask(f"movement {self._at + 1} of {len(reps)}: a, r, Enter, b, n, q? ")
            if answer == "q":
                return
            self._answer(answer, rep)

    def _show(self, rep: Rep, total: int) -> None:
        self._screen.print()
        self._screen.print(
            termplot.angle(self._review.trunk, rep.start_s - AROUND_S, rep.end_s + AROUND_S, most=self._screen.width)
        )
        said = _yours(verdicts_on(self._review.analysis.reps, self._labels)[self._at])
        self._screen.print(f"{_line(rep)}{said}", style="bold" if rep.counted else None, soft_wrap=True)

    def _answer(self, answer: str, rep: Rep) -> None:
        match answer:
            case "a":
                self._keep(judged(rep, Verdict.COUNTED, by=self._wanted.by, note=self._wanted.note))
            case "r":
                verdict = self._reason()
                if verdict is None:
                    return
                self._keep(judged(rep, verdict, by=self._wanted.by, note=self._wanted.note))
            case "b":
                self._at = max(0, self._at - 1)
                return
            case "n":
                self._add()
                return
            case "":
                pass
            case _:
                self._screen.print(f"{answer!r} is none of the keys: {KEYS}", style="yellow")
                return
        self._at += 1

    def _reason(self) -> Verdict | None:
        choices = ", ".join(f"{key} {verdict}" for key, verdict in REASONS.items())
        answer = self._ask(f"What was it? {choices}: ")
        if answer not in REASONS:
            self._screen.print("That is none of the numbers; nothing was kept.", style="yellow")
        return REASONS.get(answer)

    def _add(self) -> None:
        text = self._ask("From when to when, in seconds (START-END)? ")
        try:
            start_s, end_s = span(text)
            label = added(start_s + self._offset_s, end_s + self._offset_s, by=self._wanted.by, note=self._wanted.note)
            check_inside([label], self._review.samples["t_s"].to_numpy(float))
            self._keep(label)
        except UsageError as error:
            self._screen.print(str(error), style="yellow", soft_wrap=True)

    def _keep(self, label: Label) -> None:
        append_labels(self._path, [label])
        self._labels.append(label)

    def _ask(self, question: str) -> str:
        try:
            return self._screen.input(question).strip().lower()
        except EOFError:  # nobody is there
            return "q"


def span(text: str) -> tuple[float, float]:
    """`12.5-15` as seconds.

    Raises:
        UsageError: It is no such thing.
    """
    start, _, end = text.partition("-")
    try:
        return float(start), float(end)
    except ValueError:
        raise UsageError(f"{text!r} is no stretch of time; write START-END in seconds, as 12.5-15.") from None


def rejection(text: str) -> tuple[int, Verdict]:
    """`4=SHALLOW` as a movement and a verdict.

    Raises:
        UsageError: It is no such thing.
    """
    number, _, reason = text.partition("=")
    try:
        return int(number), Verdict(reason.strip().upper())
    except ValueError:
        reasons = ", ".join(REASONS.values())
        raise UsageError(f"{text!r} rejects nothing; write NUMBER=REASON with one of {reasons}.") from None


def _sum_up(screen: Console, session: Path, review: Review) -> None:
    labels, reps = labels_of(session), review.analysis.reps
    said = list(zip(reps, verdicts_on(reps, labels), strict=True))
    judged_ = [(rep, verdict) for rep, verdict in said if verdict is not None]
    other = sum(rep.counted != (verdict is Verdict.COUNTED) for rep, verdict in judged_)
    missed = len(added_to(reps, labels))
    screen.print(
        f"{len(judged_)} of {len(said)} movements labelled, {other} against the program; {missed} added. "
        f"How right that is: imu evaluate {session}",
        soft_wrap=True,
    )
