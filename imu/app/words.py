"""How numbers and verdicts are said to a person."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING

from imu.model import Calibration, CalibrationStep, Mount, Phase, Recounted, Rep, RepWithdrawn, SetSummary, Verdict
from imu.motion.recognise import UNKNOWN, Proposal

if TYPE_CHECKING:
    from imu.link import LinkHealth

VERDICTS = {
    Verdict.COUNTED: "counted",
    Verdict.SHALLOW: "too little range",
    Verdict.UNFINISHED: "never reached the other end",
    Verdict.TOO_FAST: "too fast for this exercise",
    Verdict.NOT_HINGE: "not a bend of the trunk",
    Verdict.TRANSITION: "getting on or off",
    Verdict.ISOLATED: "on its own, no set around it",
    Verdict.LOST_DATA: "too many samples missing",
}
PHASES = {
    Phase.UNKNOWN: "READY",
    Phase.BOTTOM: "BOTTOM",
    Phase.LIFTING: "LIFT",
    Phase.TOP: "HOLD",
    Phase.LOWERING: "LOWER",
}


MOST_SKEW_PPM = 10_000.0
"""No crystal strays by more; a demo that runs faster than time does, and its skew says nothing."""
CALIBRATE = "Straight line: hold the body in one straight line and keep still for 3 s."


def calibration_line(event: Calibration) -> str:
    """What became of an attempt to hold the straight line."""
    at = "" if math.isnan(event.pitch_deg) else f" at {degrees(event.pitch_deg)}"
    if event.step is CalibrationStep.TAKEN:
        return f"straight line taken{at}: tops are measured from it"
    if event.step is CalibrationStep.ELSEWHERE:
        return f"straight line not taken: still{at}, which is another posture; come into the straight line"
    if event.step is CalibrationStep.GIVEN_UP:
        return "straight line given up, time is over: the median of the tops stands in for it"
    moved = "samples were lost" if math.isinf(event.moved_deg) else f"moved by {degrees(event.moved_deg)}"
    return f"straight line not taken: {moved} after {seconds(event.held_s)} s; hold still, once more"


def mount_line(mount: Mount) -> str:
    """How the sensor was found to sit, and how sure that is."""
    axes = f"head about {_axis(mount.cranial)}, chest about {_axis(mount.anterior)}"
    doubt = "" if mount.is_sure else " (which end is up is an assumption; --mount HEAD,CHEST settles it)"
    return f"Mount learned from the motion: {axes}, certainty {mount.certainty:.0%}{doubt}."


def _axis(direction: tuple[float, float, float]) -> str:
    """The sensor axis nearest to a direction."""
    i = max(range(3), key=lambda k: abs(direction[k]))
    return ("+" if direction[i] >= 0 else "-") + "xyz"[i]


def seconds(value: float) -> str:
    """Seconds with one decimal, or a dash where there are none."""
    return "-" if math.isnan(value) else f"{value:.1f}"


def degrees(value: float) -> str:
    """Whole degrees, or a dash."""
    return "-" if math.isnan(value) else f"{value:.0f}°"


def sag(deg_per_min: float) -> str:
    """How fast a hold sank, with one decimal."""
    return "-" if math.isnan(deg_per_min) else f"{deg_per_min:.1f}°/min"


def clock(value: float) -> str:
    """Minutes and seconds, `1:05`; with hours where there are any."""
    whole = max(int(value), 0)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def reps(count: int) -> str:
    """`1 rep`, `10 reps`."""
    return f"{count} rep{'' if count == 1 else 's'}"


def sets(count: int) -> str:
    """`1 set`, `3 sets`."""
    return f"{count} set{'' if count == 1 else 's'}"


def rep_line(rep: Rep) -> str:
    """One counted rep in a line."""
    flags = f"   {' '.join(rep.flags)}" if rep.flags else ""
    if not math.isnan(rep.hold_s):
        return f"held {seconds(rep.hold_s)} s   sank {sag(rep.sag_deg_per_min)}   ended: {rep.hold_ended}{flags}"
    return (
        f"lower {seconds(rep.lower_s)}  bottom {seconds(rep.bottom_hold_s)}  lift {seconds(rep.lift_s)}  "
        f"hold {seconds(rep.top_hold_s)} s   range {degrees(rep.rom_deg)}{flags}"
    )


def recounted_line(event: Recounted) -> str:
    """What counting again from the whole changed."""
    parts = [] if event.before == event.after else [f"{reps(event.after)} in all, not {event.before}"]
    if event.moved:
        parts.append(f"{event.moved} phase{'' if event.moved == 1 else 's'} changed by more than 0.1 s")
    return f"A gap was closed and all counted again: {', '.join(parts) or 'nothing changed'}."


def rejected_line(rep: Rep, withdrawn: int | None = None) -> str:
    """Why a movement does not count, in a line."""
    taken = f"rep {withdrawn} taken back: " if withdrawn else "not counted: "
    return f"{taken}{VERDICTS[rep.verdict]} ({rep.verdict}, range {degrees(rep.rom_deg)})"


def withdrawn_line(event: RepWithdrawn) -> str:
    """That an announced repetition was none, as soon as that shows, and why."""
    why = "everything was counted again" if event.recounted else "the lift went on past the top"
    return f"rep {event.number} taken back: {why}"


def set_line(summary: SetSummary) -> str:
    """One set in a line."""
    return (
        f"set {summary.set}: {reps(summary.reps)}, tempo {summary.mean_tempo}, "
        f"top hold {seconds(summary.mean_top_hold_s)} s, range {degrees(summary.mean_rom_deg)}"
    )


def link_words(health: LinkHealth) -> str:
    """What came and what did not."""
    parts = [] if health.state == "streaming" else [health.state]
    if health.missing:
        parts.append(f"{health.missing} samples late")
    if health.lost:
        parts.append(f"{health.lost} samples lost")
    elif health.filled:
        parts.append("all gaps filled")
    elif not parts:
        parts.append("nothing lost" if health.sees_losses else "no loss seen")
    return ", ".join(parts)


def link_line(health: LinkHealth) -> str:
    """The link's figures at the end of a recording, those that are known."""
    lost = f"{health.lost} lost" if health.sees_losses else f"{health.lost} seen to be lost"
    parts = [f"Link: {health.received} samples, {lost}, {health.filled} fetched late"]
    if health.true_rate_hz > 0:
        parts.append(f"true rate {health.true_rate_hz:.2f} Hz")
    if health.latency_s >= 0:
        parts.append(f"delay {1000 * health.latency_s:.0f} ms")
    if health.reconnects:
        parts.append(f"reconnected {health.reconnects}x")
    if health.clipped:
        parts.append(f"{health.clipped} samples clipped")
    if health.mtu:
        parts.append(f"MTU {health.mtu}")
    if health.battery_pct is not None:
        parts.append(f"battery {health.battery_pct} %")
    if abs(health.skew_ppm) < MOST_SKEW_PPM:
        parts.append(f"sensor's clock {health.skew_ppm:+.0f} ppm")
    if math.isfinite(health.clock_uncertainty_s):
        parts.append(f"time of day ±{1000 * health.clock_uncertainty_s:.0f} ms")
    return ", ".join(parts) + "."


def acceleration_only(counted: Sequence[Rep]) -> str:
    """That a sensor has no gyroscope, and how sure its figures still are."""
    said = (
        "This sensor has no gyroscope: angles are told from gravity alone and rates from the angles, which is less sure"
    )
    edges_s = _known(
        pm_s
        for rep in counted
        for pm_s in (rep.lower_start_pm_s, rep.lower_end_pm_s, rep.lift_start_pm_s, rep.lift_end_pm_s)
    )
    ranges_deg = _known(rep.rom_pm_deg for rep in counted)
    if not edges_s or not ranges_deg:
        return f"{said}."
    sure = f"edges of strokes ±{median(edges_s):.2f} s, ranges ±{median(ranges_deg):.0f}°"
    return f"{said}: {sure} (median half-width of the 90 % intervals)."


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def retracted_line(number: int) -> str:
    """That a set told before is none, as everything is seen now."""
    return f"set {number} taken back: it is none now that everything was counted again"


def confidence(share: float) -> str:
    """A confidence in percent, which is never all there could be."""
    return ">99 %" if share > 0.99 else f"{100.0 * share:.0f} %"


def proposal_line(one: Proposal) -> str:
    """What one set was proposed to be, with the confidence and the two nearest where no exercise is sure."""
    what = "Static hold" if one.set is None else f"Set {one.set}"
    when = f"{what} ({clock(one.start_s)} to {clock(one.end_s)})"
    best, second = (f"{key} {confidence(share)}" for key, share in one.ranked[:2])
    if one.exercise != UNKNOWN:
        return f"{when}: {best}, next {second}"
    if one.family:
        return f"{when}: a {one.family}: {best} or {second}, alike from the chest"
    return f"{when}: unknown; nearest {best}, {second}"
