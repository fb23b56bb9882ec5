"""The live screen: one huge number, the phase and its timer, the angle, the last rep against its target, the link."""

from __future__ import annotations

import math

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from imu.app import words
from imu.app.board import Board
from imu.app.digits import HEIGHT, big
from imu.link import BATTERY_LOW_PCT
from imu.model import CalibrationState, Phase
from imu.tempo import PHASES, measured_s

COLOURS = {
    Phase.UNKNOWN: "bright_black",
    Phase.BOTTOM: "blue",
    Phase.LIFTING: "cyan",
    Phase.TOP: "green",
    Phase.LOWERING: "magenta",
}
DIM = "bright_black"
WIDEST = 100
"""Columns used at most: on a wide terminal a narrow picture is read faster."""
PHASE_COLUMNS = 32
"""Columns the phase and its timer need beside the count."""
LARGEST = 3
"""Scale at which the count is readable from across a room."""
OTHER_ROWS = 14
"""Rows the screen needs beside the count."""
ANGLE_MARGIN_DEG = 20.0


class Screen:
    """A board as something rich can draw at the size the terminal has now."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, WIDEST) - 4
        height = options.size.height
        yield Padding(Group(*rows(self.board, width, height)), (1, 2, 0, 2), expand=False)


def rows(board: Board, width: int, height: int) -> list[RenderableType]:
    """The parts of the screen from top to bottom."""
    return [
        _head(board, width),
        Text(),
        _count_and_phase(board, width, height),
        Text(),
        *_angle(board, width),
        Text(),
        _tempo(board, width),
        Text(),
        _foot(board, width),
    ]


def _head(board: Board, width: int) -> Text:
    left = Text(board.exercise.name, style="bold")
    if board.load_kg is not None:
        left.append(f"  {board.load_kg:g} kg", style="not bold")
    if board.synthetic:
        left.append("  SYNTHETIC: a simulated person", style="not bold yellow")
    clock = f"   {words.clock(board.live.t_s)}"
    right = Text(board.sensor, style=DIM)
    right.truncate(max(width - left.cell_len - len(clock) - 2, 0), overflow="ellipsis")
    return _ends(left, right.append(clock), width)


def _count_and_phase(board: Board, width: int, height: int) -> Table:
    """The count on the left, as large as fits; phase, its timer, set and rest on the right.

    While the straight line is calibrated, the seconds still to hold take the place of the count.
    """
    calibration = board.live.calibration
    digits = f"{board.live.count if calibration is None else math.ceil(calibration.left_s):>2d}"
    fits = (width - PHASE_COLUMNS) // len(big(digits)[0])
    count = big(digits, max(1, min(LARGEST, (height - OTHER_ROWS) // HEIGHT, fits)))
    columns = Table.grid(padding=(0, 4))
    columns.add_column(width=len(count[0]))
    columns.add_column(width=max(width - len(count[0]) - 4, 10))
    phase = _rest(board, board.rest_s) if board.rest_s is not None else _phase(board)
    phase = phase if calibration is None else _calibrating(calibration)
    columns.add_row(Text("\n".join(count), style="bold", no_wrap=True), phase)
    return columns


def _calibrating(calibration: CalibrationState) -> Group:
    """How long the straight line is held already, and what to do."""
    if calibration.elsewhere:
        under = "another posture: come into line"
    elif calibration.held_s:
        under = f"of {calibration.wanted_s:.0f} s: keep still"
    else:
        under = "one straight line, keep still"
    return _timed("STRAIGHT LINE", calibration.held_s, "yellow", Text(under, style="yellow"))


def _phase(board: Board) -> Group:
    """What the trunk is doing and for how long."""
    phase = board.live.phase
    if board.hold_s is not None:
        of = f"of {board.target.hold_s:g} s   " if board.target.hold_s else ""
        off = Text(f"{of}{_off_line(board):+.0f}° off the line", style=DIM)
        return _timed(words.PHASES[Phase.TOP], board.hold_s, COLOURS[Phase.TOP], off)
    if phase is Phase.UNKNOWN:
        return Group(Text(words.PHASES[phase], style="bold"), Text("waiting for the first movement", style=DIM))
    colour = COLOURS[phase]
    under = Text(f"set {board.live.set}" if board.live.set else "", style=DIM)
    if phase is Phase.TOP and board.target.hold_s:
        done = "  ✓" if board.hold_reached else ""
        under = Text.assemble((f"of {board.target.hold_s:g} s{done}", colour), "   ", under)
    return _timed(words.PHASES[phase], board.phase_s, f"bold {colour}" if board.hold_reached else colour, under)


def _off_line(board: Board) -> float:
    return board.live.pitch_deg - board.hold_line_deg


def _rest(board: Board, rest_s: float) -> Group:
    """The rest after a set, counted up to the planned one."""
    over = board.set_rest_s is not None and rest_s >= board.set_rest_s
    of = f"of {words.clock(board.set_rest_s)}   " if board.set_rest_s is not None else ""
    after = f"after set {board.last_set.set}" if board.last_set else ""
    colour = "bold yellow" if over else "yellow"
    return _timed("REST IS OVER" if over else "REST", rest_s, colour, Text(of + after, style=DIM))


def _timed(name: str, seconds: float, colour: str, under: Text) -> Group:
    shown = f"{seconds:.1f}" if seconds < 99.95 else words.clock(seconds)
    return Group(Text(name, style=f"bold {colour}"), Text("\n".join(big(shown)), style=colour, no_wrap=True), under)


def _angle(board: Board, width: int) -> list[Text]:
    """The bar from the deepest to the highest pitch, filled up to now, with the mark of the straight line."""
    low, high = _limits(board)
    now = board.live.pitch_deg
    cells = max(width - 14, 10)
    bar = Text(f"{words.degrees(low):>5} ", style=DIM)
    filled = 0 if math.isnan(now) else round((min(max(now, low), high) - low) / (high - low) * cells)
    bar.append("━" * filled, style=COLOURS[board.live.phase])
    bar.append("─" * (cells - filled), style=DIM)
    mark = _mark(board.straight_line_deg, low, high, cells)
    if mark is not None:
        at = 6 + mark
        bar = Text.assemble(bar[:at], ("┃", "bold yellow"), bar[at + 1 :])
    bar.append(f" {words.degrees(now):>6}", style="bold")
    return [bar, _under(board, mark)]


def _under(board: Board, mark: int | None) -> Text:
    if mark is None:
        return Text()
    label = f"straight line {words.degrees(board.straight_line_deg)}"
    return Text(" " * max(6 + mark - len(label) // 2, 0) + label, style=DIM)


def _limits(board: Board) -> tuple[float, float]:
    exercise = board.exercise
    low = -90.0 if exercise.bottom_deg is None else exercise.bottom_deg - ANGLE_MARGIN_DEG
    high = 110.0 if exercise.top_deg is None else exercise.top_deg + ANGLE_MARGIN_DEG
    return low, high


def _mark(straight_line_deg: float, low: float, high: float, cells: int) -> int | None:
    if not math.isfinite(straight_line_deg) or not low < straight_line_deg < high:
        return None
    return min(int((straight_line_deg - low) / (high - low) * cells), cells - 1)


def _tempo(board: Board, width: int) -> Table:
    """Last rep over target, phase by phase, in the order of a tempo."""
    table = Table.grid(padding=(0, 3 if width > 70 else 1))
    table.add_column(style=DIM, min_width=10)
    for _ in (*PHASES, "range"):
        table.add_column(justify="right", min_width=7)
    table.add_row("", *(Text(name, style=DIM) for name in (*PHASES, "range")))
    table.add_row("last rep", *_last_rep(board))
    target = ("X" if phase is None else f"{phase:g}" for phase in board.target.phases_s)
    table.add_row("target", *(Text(f"{part}  ", style=DIM) for part in target), "")
    return table


def _last_rep(board: Board) -> list[Text]:
    rep = board.confirmed
    if rep is None:
        return [Text("-  ", style=DIM) for _ in range(4)] + [Text("-", style=DIM)]
    marks = {True: (" ✓", "green"), False: (" ✗", "red"), None: ("  ", "default")}
    cells = []
    for value, hit in zip(measured_s(rep), board.target.hits(rep), strict=True):
        sign, colour = marks[hit]
        cells.append(Text.assemble((words.seconds(value), "bold"), (sign, colour)))
    return [*cells, Text(words.degrees(rep.rom_deg), style="bold")]


def _foot(board: Board, width: int) -> Group:
    remark = Text(board.remark_text, style="yellow", overflow="ellipsis", no_wrap=True)
    keys = "c straight line   " * board.keys + "Ctrl-C ends" + " and keeps all" * (board.health is not None)
    return Group(remark, _ends(_link(board), Text(keys if width > 70 else "", style=DIM), width))


def _link(board: Board) -> Text:
    health = board.health
    if health is None:
        return Text()
    sound = not health.lost and not health.missing and not health.warnings and health.state == "streaming"
    text = Text("●", style="green" if sound else "yellow")
    if not math.isnan(health.effective_rate_hz):
        text.append(f"  {health.effective_rate_hz:.0f} Hz", style=DIM)
    if health.latency_s >= 0:
        text.append(f"  {1000 * health.latency_s:.0f} ms", style=DIM)
    text.append(f"  {words.link_words(health)}", style=DIM if sound else "yellow")
    if health.battery_pct is not None:
        text.append(
            f"  battery {health.battery_pct} %", style="bold red" if health.battery_pct <= BATTERY_LOW_PCT else DIM
        )
    return text


def _ends(left: Text, right: Text, width: int) -> Text:
    """Two texts at the two ends of a line; the left one gives way."""
    room = max(width - right.cell_len - 1, 0)
    left.truncate(room, overflow="ellipsis", pad=True)
    return Text.assemble(left, " ", right)
