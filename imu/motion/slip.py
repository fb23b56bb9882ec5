"""Did the strap turn on the trunk? Seen from the postures that come back: tops, bottoms, and walking upright.

In sensor axes up lies in one direction at every top, and in another at every bottom. Where from one repetition on it
lies elsewhere, and stays there, the sensor has turned, or the person does the exercise in another posture. A turn out
of the hinge plane shows clearly: nobody leans to one side by many degrees at both ends of the range from one repetition
to the next. A turn within it may be a person who changed something. People walk upright: walking before and after
denies a turn by which it should have moved. From one set to the next anything may have been changed, the bench or the
exercise, and only walking that moved along makes it a slip.

Each instant between two postures is tried as that of a slip, the nearest postures of the bout before held against
the nearest after, kind by kind; the clearest step wins, and the stretches before and after it are searched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, isnan, radians, sin

import numpy as np

from imu.model import G_MPS2, Bools, Floats, Inclination, Ints, Mount, Rep, StrapSlip, Trunk
from imu.motion.params import MotionParams

TOP, BOTTOM, UPRIGHT = 0, 1, 2
_SHORTEST_S, _LONGEST_S = 0.1, 3.0
"""Of a hold as much is averaged; without one, the turn-round."""
_WALK_BLOCKS = 8
_NORMAL = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
_FLOOR_DEG = 0.7
"""No posture is known better: sway and breathing."""
_Z90 = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class Postures:
    """Postures that come back, in order of time.

    Attributes:
        t_s: (n,) when.
        kind: (n,) `TOP`, `BOTTOM` or `UPRIGHT`.
        bout: (n,) number of the stretch of repetitions without a rest, from 1; 0 outside. A slip may part a set in two.
        up: (n, 3) mean direction of up in it, in the axes of the mount: anterior, cranial, right.
    """

    t_s: Floats
    kind: Ints
    bout: Ints
    up: Floats

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, part: slice | Bools | Ints) -> Postures:
        """Some of them."""
        return Postures(t_s=self.t_s[part], kind=self.kind[part], bout=self.bout[part], up=self.up[part])

    @property
    def pitch_deg(self) -> Floats:
        """(n,) angle in the hinge plane."""
        return np.rad2deg(np.arctan2(self.up[:, 1], -self.up[:, 0]))

    @property
    def side_deg(self) -> Floats:
        """(n,) angle out of it."""
        return np.rad2deg(np.arcsin(np.clip(self.up[:, 2], -1.0, 1.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """The recording in blocks of a quarter second, for walking.

    Attributes:
        t_s: (k,) device time.
        up: (k, 3) mean direction of up, in sensor axes.
        stepping: (k,) which blocks feel like walking.
    """

    t_s: Floats
    up: Floats
    stepping: Bools


def postures(
    trunk: Trunk, reps: Sequence[Rep], coarse: Coarse, mount: Mount, *, force: Inclination | None, params: MotionParams
) -> Postures:
    """Collect the postures of a recording.

    Args:
        trunk: Its motion, sample by sample.
        reps: The ledger; counted repetitions have tops and bottoms.
        coarse: The same in blocks.
        mount: Which axes point where.
        force: The specific force, sample by sample, where there is no gyroscope: a top or bottom that is flown through
            or jerked is then none to trust, since up is not to be seen in it.
        params: Constants of judgement.
    """
    found: list[tuple[float, int, int, Floats]] = []
    bout, end_s = 0, -np.inf
    for rep in reps:
        if rep.counted:
            bout, end_s = bout + (rep.start_s - end_s > params.set_gap_s), rep.end_s
            ends = ((TOP, rep.lift_end_s, rep.top_hold_s), (BOTTOM, rep.lower_end_s, rep.bottom_hold_s))
            for kind, at_s, hold_s in ends:
                found += [(at_s, kind, bout, up) for up in _held(trunk, at_s, hold_s, params, force)]
    axes = np.array([mount.anterior, mount.cranial, mount.right])
    flips = np.flatnonzero(np.diff(np.concatenate(([0], coarse.stepping.astype(np.int8), [0]))))
    for a, b in zip(flips[::2].tolist(), flips[1::2].tolist(), strict=True):
        if b - a >= _WALK_BLOCKS:
            found.append((float(coarse.t_s[b - 1]), UPRIGHT, 0, axes @ coarse.up[a:b].mean(axis=0)))
    found.sort(key=lambda one: one[0])
    vectors = np.array([vector for *_, vector in found]).reshape(len(found), 3)
    return Postures(
        t_s=np.array([at_s for at_s, *_ in found]),
        kind=np.array([kind for _, kind, *_ in found], np.int64),
        bout=np.array([number for _, _, number, _ in found], np.int64),
        up=vectors / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)[:, None],
    )


def _held(trunk: Trunk, at_s: float, hold_s: float, params: MotionParams, force: Inclination | None) -> list[Floats]:
    """Direction of up in a hold, in the axes of the mount, or none."""
    if isnan(at_s) or at_s < trunk.t_s[0] + params.slip_settles_s:
        return []
    long_s = _SHORTEST_S if isnan(hold_s) else min(max(hold_s, _SHORTEST_S), _LONGEST_S)
    a, b = trunk.t_s.searchsorted((at_s - _SHORTEST_S, at_s + long_s)).tolist()
    if a == b or (force is not None and not _is_quiet(force, at_s, long_s, params)):
        return []
    pitch, side = (radians(np.add.reduce(deg[a:b]) / (b - a)) for deg in (trunk.pitch_deg, trunk.tilt_deg))
    return [np.array([-cos(pitch) * cos(side), sin(pitch) * cos(side), sin(side)])]


def _is_quiet(force: Inclination, at_s: float, long_s: float, params: MotionParams) -> bool:
    a, b = force.t_s.searchsorted((at_s - _SHORTEST_S, at_s + long_s)).tolist()
    return bool(b > a and np.abs(force.acc_norm_mps2[a:b] - G_MPS2).mean() <= params.slip_quiet_mps2)


def slip_words(slip: StrapSlip) -> str:
    """What a person should know of a slip."""
    minutes, seconds = divmod(int(slip.t_s), 60)
    way, shift = "higher" if slip.pitch_shift_deg > 0 else "lower", f"{abs(slip.pitch_shift_deg):.0f}"
    return (
        f"The strap seems to have turned by about {slip.angle_deg:.0f} degrees at {minutes}:{seconds:02d} "
        f"({shift} in the hinge plane, {slip.out_of_plane_deg:.0f} out of it). The count stands. "
        f"Angles after it read about {shift} degrees {way} than before, and are left so, since "
        "a changed posture would look the same; with that taken off they would still be uncertain by "
        f"{slip.remaining_error_deg:.0f} degrees. Tighten the strap, and hold the straight line again."
    )


def find_slips(seen: Postures, params: MotionParams) -> list[StrapSlip]:
    """The slips that stand out, in order of time."""
    best: tuple[float, int] = (0.0, -1)
    for i in _worth_a_look(seen, params):
        size = _clear_step(_sides(seen, i, params.slip_postures), params)
        if size > best[0]:
            best = (size, i)
    i = best[1]
    if i < 0:
        return []
    # A step that no strap has made divides the recording all the same: what lies on its two sides is not alike.
    sides, t_s = _sides(seen, i, params.slip_postures), 0.5 * float(seen.t_s[i - 1] + seen.t_s[i])
    told = [_describe(sides, t_s, params)] if _can_be_strap(sides, params) else []
    return [*find_slips(seen[:i], params), *told, *find_slips(seen[i:], params)]


def _worth_a_look(seen: Postures, params: MotionParams) -> list[int]:
    """The instants at which the medians step far enough, all of them tried at once: there is seldom any."""
    n = len(seen)
    around = seen.kind != UPRIGHT
    if np.count_nonzero(around) < 4 * params.slip_least_postures:
        return []
    places = np.flatnonzero(around)
    at = np.searchsorted(places, np.arange(n))
    bouts = (seen.bout[places[np.maximum(at - 1, 0)]], seen.bout[places[np.minimum(at, len(places) - 1)]])
    side: list[Floats] = []
    pitch: list[Floats] = []
    for kind in (TOP, BOTTOM):
        mine = np.flatnonzero(seen.kind == kind)
        if not len(mine):
            return []
        first = np.searchsorted(mine, np.arange(n))[:, None]
        reach = np.arange(params.slip_postures)
        windows = [
            _window(len(mine), first - 1 - reach, seen.bout[mine], bouts[0]),
            _window(len(mine), first + reach, seen.bout[mine], bouts[1]),
        ]
        for angle, steps in ((seen.side_deg[mine], side), (seen.pitch_deg[mine], pitch)):
            before, after = (_medians(np.where(inside, angle[k], np.nan)) for k, inside in windows)
            steps.append(np.abs(after - before))
    stepped = (np.fmax(*side) >= params.slip_out_deg) | (np.minimum(*pitch) >= params.slip_in_deg)
    return [int(i) for i in np.flatnonzero(stepped) if i > 0]


def _window(count: int, wanted: Ints, bout: Ints, of: Ints) -> tuple[Ints, Bools]:
    """Places of postures of one kind (n, m), and which of them there are, in the right bout."""
    k = np.clip(wanted, 0, count - 1)
    return k, (k == wanted) & (bout[k] == of[:, None])


def _medians(rows: Floats) -> Floats:
    """The median of each row but for its nan; nan where there is nothing else."""
    ordered = np.sort(rows, axis=1)  # nan last
    count = np.count_nonzero(~np.isnan(rows), axis=1)
    pick = np.arange(len(rows)), np.maximum(count - 1, 0) // 2, np.minimum(count // 2, rows.shape[1] - 1)
    out: Floats = 0.5 * (ordered[pick[0], pick[1]] + ordered[pick[0], pick[2]])
    return out


_Sides = dict[int, tuple[Postures, Postures]]
"""By kind: the nearest postures before an instant, and after it."""


def _sides(seen: Postures, i: int, most: int) -> _Sides:
    sides = {}
    earlier, later = seen.bout[:i], seen.bout[i:]
    bouts = int(earlier[earlier > 0][-1:].sum()), int(later[later > 0][:1].sum())
    for kind in (TOP, BOTTOM, UPRIGHT):
        wanted = (0, 0) if kind == UPRIGHT else bouts
        before = np.flatnonzero((seen.kind[:i] == kind) & (earlier == wanted[0]))[-most:]
        after = np.flatnonzero((seen.kind[i:] == kind) & (later == wanted[1]))[:most] + i
        if len(before) and len(after):
            sides[kind] = (seen[before], seen[after])
    return sides


def _clear_step(sides: _Sides, params: MotionParams) -> float:
    """By how much the postures step (chords of tops and bottoms), 0 where that may be the unevenness of a person."""
    if TOP not in sides or BOTTOM not in sides:
        return 0.0
    few = min(len(part) for kind in (TOP, BOTTOM) for part in sides[kind])
    if few < params.slip_least_postures:
        return 0.0
    side = {kind: _step(a.side_deg, b.side_deg) for kind, (a, b) in sides.items()}
    pitch = {kind: _step(a.pitch_deg, b.pitch_deg) for kind, (a, b) in sides.items()}
    out_deg = max(abs(d) if abs(d) > params.slip_sigmas * s else 0.0 for d, s in (side[TOP], side[BOTTOM]))
    (top, top_s), (bottom, bottom_s) = pitch[TOP], pitch[BOTTOM]
    alike = abs(top - bottom) <= params.slip_alike * max(abs(top), abs(bottom)) and top * bottom > 0.0
    clear = abs(top) > params.slip_sigmas * top_s and abs(bottom) > params.slip_sigmas * bottom_s
    in_deg = min(abs(top), abs(bottom)) if alike and clear else 0.0
    least = 1.0 if few > params.slip_least_postures else params.slip_few
    if max(out_deg / params.slip_out_deg, in_deg / params.slip_in_deg) < least:
        return 0.0
    return float(sum(np.linalg.norm(b.up.mean(axis=0) - a.up.mean(axis=0)) for a, b in (sides[TOP], sides[BOTTOM])))


def _can_be_strap(sides: _Sides, params: MotionParams) -> bool:
    """Whether a strap can have done it, and walking, where there was some, does not say otherwise."""
    turned = _rotation({kind: sides[kind] for kind in (TOP, BOTTOM)})
    if np.rad2deg(np.linalg.norm(_rotation_vector(turned))) > params.slip_most_deg:
        return False
    same_bout = sides[TOP][0].bout[-1] == sides[TOP][1].bout[0]
    if UPRIGHT not in sides:
        return bool(same_bout)
    before, after = (part.up.mean(axis=0) for part in sides[UPRIGHT])
    expected_deg, unmoved_deg = _angle_deg(turned @ before, before), _angle_deg(before, after)
    moved_along = expected_deg > params.slip_out_deg and _angle_deg(turned @ before, after) < unmoved_deg
    return moved_along or bool(same_bout and expected_deg <= params.slip_out_deg)


def _step(before_deg: Floats, after_deg: Floats) -> tuple[float, float]:
    """Step between two medians, and its standard error."""
    rest = np.concatenate((before_deg - np.median(before_deg), after_deg - np.median(after_deg)))
    sigma = max(_NORMAL * float(np.median(np.abs(rest))), _FLOOR_DEG)
    error = sigma * float(np.sqrt(1.0 / len(before_deg) + 1.0 / len(after_deg)))
    return float(np.median(after_deg) - np.median(before_deg)), error


def _describe(sides: _Sides, t_s: float, params: MotionParams) -> StrapSlip:
    turn = np.rad2deg(_rotation_vector(_rotation(sides)))
    steps = [_step(sides[kind][0].pitch_deg, sides[kind][1].pitch_deg) for kind in (TOP, BOTTOM)]
    shift = float(np.mean([step for step, _ in steps]))
    error = _Z90 * float(np.sqrt(sum(s * s for _, s in steps))) / len(steps)
    return StrapSlip(
        t_s=t_s,
        angle_deg=float(np.linalg.norm(turn)),
        pitch_shift_deg=shift,
        out_of_plane_deg=float(np.hypot(turn[0], turn[1])),
        remaining_error_deg=float(np.hypot(params.slip_pm_deg, error)),
    )


def _rotation(sides: _Sides) -> Floats:
    """The rotation that takes the postures before best to those after (Kabsch, Acta Cryst. A32, 1976)."""
    outer = sum((np.outer(b.up.mean(axis=0), a.up.mean(axis=0)) for a, b in sides.values()), start=np.zeros((3, 3)))
    u, _, vt = np.linalg.svd(outer)
    turned: Floats = u @ np.diag([1.0, 1.0, float(np.linalg.det(u @ vt))]) @ vt
    return turned


def _rotation_vector(matrix: Floats) -> Floats:
    """Axis times angle in radians, for angles below half a turn."""
    axis = 0.5 * np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]])
    sine, cosine = float(np.linalg.norm(axis)), 0.5 * (float(np.trace(matrix)) - 1.0)
    return axis * (np.arctan2(sine, cosine) / sine if sine > 1e-9 else 1.0)


def _angle_deg(a: Floats, b: Floats) -> float:
    return float(np.rad2deg(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))
