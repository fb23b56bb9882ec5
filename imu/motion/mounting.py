"""How the sensor sits on the trunk, learned from the motion where nobody declared it, and checked where somebody did.

Three things are looked for, in blocks of a quarter second. The hinge axis: movements tilt the sensor about an axis, and
hinges share one; of the axes that recur, the one that moved most and mostly to one side is the hinge (side bends go to
both sides). Upright: the direction of gravity while walking or, failing that, the posture before the first movement,
which is the start of the exercise. Which way is forward: from upright the trunk bends forward much further than back.

The judgement is made anew whenever the evidence has grown by half; everything before it is then computed again.

A mount that was declared is a strong assumption: straps sit some 15 degrees off, and that is not to be argued with.
It gives way to what the motion shows clearly and is further off: where upright was seen in walking, as a whole, else
only by the smallest turn that brings its axis onto the hinge's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu.exercises import End, Exercise
from imu.model import CORRECTED, Bools, Floats, Ints, Mount
from imu.motion.blocks import STEPS_BLOCKS, Blocks, norm

_Triple = tuple[float, float, float]

_SAME_AXIS = float(np.cos(np.deg2rad(25.0)))
_LAG = 4
_MOVED = 2.0 * float(np.sin(np.deg2rad(8.0) / 2.0))
"""Chord of 8 degrees: a tilt of as much within a second (4 blocks) is movement."""
_LEAST = 1e-3
"""Up that turns by half a circle within a second, or that is not there (free fall), has no axis."""
_FIRST_DEG = 15.0
_GROWTH = 1.5
_CHECKED_DEG, _CHECKED_GROWTH, _CONFIRMED_GROWTH = 40.0, 2.0, 4.0
"""A declared mount needs no judgement that early and often, still less once the hinge was plain and agreed with it."""
_WALKED_BLOCKS = 12
_FEW_STEPS_BLOCKS = 5
_NEW = float(np.cos(np.deg2rad(12.0)))
"""A new judgement within this angle of the old one changes nothing."""
_REMEMBERED = 300
_TELLING_DEG = 20.0
_NEAR = float(np.cos(np.deg2rad(20.0)))
_OFTEN = 0.1
_OPPOSITE = -0.99
"""Cosine below which no smallest turn is to be had."""
_FAR = float(np.cos(np.deg2rad(25.0)))
"""A declared mount is left alone up to here: breastbones slope by up to 20 degrees, straps sit up to 15 off."""
_BESIDE = float(np.cos(np.deg2rad(70.0)))
"""Beyond this a side bend, a roll from side to side or rest on the back is likelier than a strap so far off."""
_UNLIKE_DEG, _ALIKE_DEG = 40.0, 25.0
"""Where nobody walked, a mount with which the movement lies this far from the exercise's own place is doubted, if the
start of the recording tells of another with which it does lie there."""
_PLAIN_DEG, _PLAIN_SHARE = 150.0, 0.45
"""A hinge is plain from so much movement about it (three of the smallest repetitions), being so much of all movement:
whoever bends sideways, too, and twists, still hinges for half of the time."""


@dataclass(frozen=True, slots=True)
class Revision:
    """From sample `at` (counted from the start) on, and for all before, the mount is this one."""

    at: int
    mount: Mount


@dataclass(frozen=True, slots=True)
class _Known:
    """A direction of up whose pitch is known, how sure that is, and whether movement leads forward (down) from it."""

    up: Floats
    pitch_deg: float
    certainty: float
    forward: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the motion shows.

    Attributes:
        axis: The hinge, in sensor axes, either way round.
        share: Of all movement, about it.
        turned_deg: Movement about it.
        known: What upright is known by.
        right: The hinge's axis towards the person's right, if the trunk bent forward and not back.
        walked: Upright was seen in walking, if only in a few steps.
        up: The posture at each moment of movement.
    """

    axis: Floats
    share: float
    turned_deg: float
    known: _Known
    right: Floats
    walked: bool
    up: Floats

    @property
    def plain(self) -> bool:
        """Whether the axis is sure to be the hinge's."""
        return self.turned_deg >= _PLAIN_DEG and self.share >= _PLAIN_SHARE


class MountLearner:
    """Stage: `Blocks` -> revisions of the mount.

    Args:
        exercise: What is being done.
        blocks: The recording so far.
        declared: What somebody said, to be checked; None where nobody did.
    """

    def __init__(self, exercise: Exercise, blocks: Blocks, declared: Mount | None = None) -> None:
        self._exercise = exercise
        self._blocks = blocks
        self._evidence_deg = 0.0
        self._next_deg, self._growth = (_FIRST_DEG, _GROWTH) if declared is None else (_CHECKED_DEG, _CHECKED_GROWTH)
        self._declared = declared
        self._mount = declared

    def revisions(self, first: int) -> list[Revision]:
        """Judge at each block from `first` on at which the evidence has grown enough, best in a pause."""
        chord = self._blocks.tilt(first, len(self._blocks), lag=_LAG)
        if self._evidence_deg < self._next_deg and not np.count_nonzero(chord > _MOVED):
            return []
        # The lagged steps overlap, so that each movement is seen `_LAG` times.
        degrees = np.where(chord > _MOVED, np.rad2deg(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0))) / _LAG, 0.0)
        total = np.cumsum(np.concatenate(([self._evidence_deg], degrees)))[1:]
        least = np.where(degrees == 0.0, 1.0, _GROWTH)
        out: list[Revision] = []
        k = 0
        while len(ready := np.flatnonzero(total[k:] >= self._next_deg * least[k:])):
            k += int(ready[0]) + 1
            out += self._revise(first + k)
            self._next_deg = self._growth * float(total[k - 1])
        if len(total):
            self._evidence_deg = float(total[-1])
        return out

    def finish(self) -> list[Revision]:
        """A last judgement with all there is."""
        confirmed = self._growth == _CONFIRMED_GROWTH and 2.0 * self._evidence_deg < self._next_deg
        return [] if confirmed or self._evidence_deg < _FIRST_DEG else self._revise(len(self._blocks))

    def _revise(self, blocks: int) -> list[Revision]:
        seen = self._look(blocks)
        if seen is None:
            return []
        mount = _learned(seen) if self._declared is None else self._checked(self._declared, seen)
        if self._declared is not None:
            self._growth = _CONFIRMED_GROWTH if seen.plain and mount is self._declared else _CHECKED_GROWTH
        if self._mount is not None and not _differs(mount, self._mount):
            return []
        self._mount = mount
        return [Revision(blocks * self._blocks.size, mount)]

    def _look(self, blocks: int) -> _Seen | None:
        """What the first `blocks` blocks show."""
        up = self._blocks.up(0, blocks)
        moved = self._blocks.tilt(0, blocks, lag=_LAG) > _MOVED
        if not moved.any():
            return None
        walked = _walking(up, self._blocks.stepping(0, blocks))
        first = int(np.argmax(moved))
        # Who moves from the first second on shows no posture before the first movement; the commonest is taken then.
        home = _commonest(up[~moved]) if first <= _LAG and not moved.all() else _unit(up[: max(first, 1)].mean(axis=0))
        upright = home if walked is None else walked.up
        recent = np.flatnonzero(moved)
        turn = _cross(up[recent - _LAG], up[recent])
        clear = norm(turn) > _LEAST
        recent, turn = recent[clear][-_REMEMBERED:], turn[clear][-_REMEMBERED:]
        if not len(recent):
            return None
        size = norm(turn)
        axis, share = _hinge_axis(turn, size, up[recent], upright)
        known = walked or self._at_start(up, home, axis, recent)
        side = _angle_about(axis, known.up, up[recent]) * size
        return _Seen(
            axis=axis,
            share=share,
            turned_deg=float(np.rad2deg(size.sum())) * share / _LAG,
            known=known,
            right=axis if (float(side.sum()) > 0) == known.forward else -axis,
            walked=walked is not None,
            up=up[recent],
        )

    def _checked(self, declared: Mount, seen: _Seen) -> Mount:
        """The declared mount, or a better one where the motion plainly contradicts it."""
        mount = self._found(declared, seen)
        near = _within(mount, declared, _FAR)
        return declared if near else replace(mount, source=f"{declared.source}{CORRECTED}")

    def _found(self, declared: Mount, seen: _Seen) -> Mount:
        """The mount as the motion shows it; what it does not show is taken from the declared one."""
        known, share = seen.known, seen.share
        sure, posed = known.certainty == 1.0, self._exercise.top_deg is not None
        if not seen.plain:
            upright = sure and (posed or float(np.dot(known.up, declared.cranial)) > _BESIDE)
            return _turned(declared, declared.cranial, known.up, 1.0) if upright else declared
        near = seen.axis if float(np.dot(seen.axis, declared.right)) > 0 else -seen.axis
        # Somebody who may lie on the back bends to the other side; in exercises that have a posture nobody does.
        learned = _mount(seen.right if posed else near, known, share)
        if (seen.walked and _within(learned, declared, _BESIDE)) or (sure and posed):
            return learned
        if float(np.dot(near, declared.right)) <= _BESIDE:
            return declared
        turned = _turned(declared, declared.right, near, known.certainty * share)
        if self._beside_deg(turned, seen) > _UNLIKE_DEG and self._beside_deg(learned, seen) < _ALIKE_DEG:
            return learned
        return turned

    def _beside_deg(self, mount: Mount, seen: _Seen) -> float:
        """How far the middle of all movement would lie from the middle of the exercise; 0 where that has none."""
        if self._exercise.top_deg is None or self._exercise.bottom_deg is None:
            return 0.0
        middle = 0.5 * (self._exercise.top_deg + self._exercise.bottom_deg)
        pitch = np.rad2deg(np.arctan2(seen.up @ np.array(mount.cranial), -seen.up @ np.array(mount.anterior)))
        return abs(float(np.median((pitch - middle + 180.0) % 360.0 - 180.0)))

    def _at_start(self, up: Floats, home: Floats, axis: Floats, moved: Ints) -> _Known:
        """Without walking, the first posture is taken for upright, or for the bottom where the exercise starts there.

        Someone who hangs on the bench when the recording starts moves by the exercise's range from there; someone who
        stands then, by the way from upright to the bottom. Where both are about the same, the bottom is the posture
        that is come back to.
        """
        ex = self._exercise
        if ex.start is not End.BOTTOM or ex.bottom_deg is None or ex.top_deg is None:
            return _Known(home, 90.0, 0.6)
        far_deg = float(np.rad2deg(np.percentile(np.abs(_angle_about(axis, home, up[moved])), 95)))
        from_bottom, from_upright = ex.top_deg - ex.bottom_deg, 90.0 - ex.bottom_deg
        if from_upright - from_bottom > _TELLING_DEG:
            hangs = abs(far_deg - from_bottom) < abs(far_deg - from_upright)
        else:
            hangs = bool(np.count_nonzero(up @ home > _NEAR) > _OFTEN * len(up))
        return _Known(home, ex.bottom_deg, 0.6, forward=False) if hangs else _Known(home, 90.0, 0.6)


def _hinge_axis(turn: Floats, size: Floats, up: Floats, upright: Floats) -> tuple[Floats, float]:
    """The recurring axis that moved most and most to one side, and its share of all movement.

    Sensors are flat and worn flat, with z out of the face by custom: a hinge about z is less likely than one across it.
    """
    line = turn / size[:, None]
    best, best_score, best_share = line[0], -1.0, 0.0
    left = np.ones(len(line), bool)
    alike = (np.abs(line @ line.T) > _SAME_AXIS).astype(float)
    for _ in range(3):
        weight = np.where(left, size, 0.0)
        together = alike @ weight
        if together.max() <= 0:
            break
        mine: Bools = (alike[int(np.argmax(together))] > 0.0) & left
        axis = _principal(line[mine], size[mine])
        flat = 1.0 - 0.5 * float(axis[2]) ** 2
        score = float(size[mine].sum()) * (0.5 + _one_sided(up[mine], axis, upright, size[mine])) * flat
        if score > best_score:
            best, best_score, best_share = axis, score, float(size[mine].sum() / size.sum())
        left &= ~mine
    return best, best_share


def _one_sided(up: Floats, axis: Floats, upright: Floats, weight: Floats) -> float:
    """0 where the movement goes as far to one side of upright as to the other, 1 where it goes to one side only."""
    side = _angle_about(axis, upright, up)
    total = float(np.abs(side * weight).sum())
    return abs(float((side * weight).sum())) / total if total > 0 else 0.0


def _learned(seen: _Seen) -> Mount:
    return _mount(seen.right, seen.known, seen.share)


def _mount(right: Floats, known: _Known, share: float) -> Mount:
    e1 = _unit(known.up - (known.up @ right) * right)
    e2 = np.cross(right, e1)
    p = np.deg2rad(known.pitch_deg)
    # From e1 at pitch p the trunk flexes towards e2: e1 = -a cos p + c sin p, e2 = -a sin p - c cos p, solved for a, c.
    anterior = -(np.cos(p) * e1 + np.sin(p) * e2)
    cranial = np.sin(p) * e1 - np.cos(p) * e2
    certainty = known.certainty * share
    return Mount(anterior=_triple(anterior), cranial=_triple(cranial), source="learned", certainty=certainty)


def _turned(mount: Mount, old: _Triple, new: Floats, certainty: float) -> Mount:
    """The mount turned by the smallest rotation that brings one direction onto another (Rodrigues)."""
    a = np.array(old)
    axis, cos = np.cross(a, new), float(a @ new)
    if cos < _OPPOSITE:
        return mount
    k = np.cross(np.eye(3), axis)
    turn = np.eye(3) + k + k @ k / (1.0 + cos)
    anterior, cranial = turn @ np.array(mount.anterior), turn @ np.array(mount.cranial)
    return replace(mount, anterior=_triple(anterior), cranial=_triple(cranial), certainty=certainty)


def _commonest(up: Floats) -> Floats:
    """The direction near which there are most others, of at most `_REMEMBERED` evenly chosen."""
    some = up[:: -(-len(up) // _REMEMBERED)]
    near = some @ some.T > _NEAR
    return _unit(some[near[int(np.argmax(near.sum(axis=1)))]].mean(axis=0))


def _walking(up: Floats, steps: Bools) -> _Known | None:
    """Upright by walking: the mean direction of gravity over its stretches; a few steps are a hint, more are sure."""
    flips = np.flatnonzero(np.diff(np.concatenate(([0], _closed(steps).astype(np.int8), [0]))))
    stretches = [(a, b) for a, b in zip(flips[::2], flips[1::2], strict=True) if b - a >= _FEW_STEPS_BLOCKS]
    long = [(a, b) for a, b in stretches if b - a >= STEPS_BLOCKS]
    enough = sum(b - a for a, b in long) >= _WALKED_BLOCKS
    chosen = long if enough else stretches
    if not chosen:
        return None
    total = np.sum([up[a:b].sum(axis=0) for a, b in chosen], axis=0)
    if float(np.linalg.norm(total)) < 0.9 * sum(b - a for a, b in chosen):
        return None
    return _Known(_unit(total), 90.0, 1.0 if enough else 0.85)


def _closed(steps: Bools) -> Bools:
    """Steps with single blocks between them filled: a stride is not shaken evenly."""
    out = steps.copy()
    out[1:-1] |= steps[:-2] & steps[2:]
    return out


def correction_words(told: Mount, found: Mount) -> str:
    """A sentence about a mount that is not as it was declared."""
    trace = sum(float(np.dot(a, b)) for a, b in (*_axes(told, found), (told.anterior, found.anterior)))
    off_deg = float(np.rad2deg(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))))
    by = "axes declared" if told.source == "declared" else "place its maker means it to have"
    return f"The sensor sits about {off_deg:.0f} degrees from the {by}; its real place was taken from the motion."


def _differs(a: Mount, b: Mount) -> bool:
    return not _within(a, b, _NEW)


def _within(a: Mount, b: Mount, cosine: float) -> bool:
    """Whether each axis of one lies as near to the other's as an angle of this cosine."""
    return all(float(np.dot(x, y)) >= cosine for x, y in _axes(a, b))


def _axes(a: Mount, b: Mount) -> tuple[tuple[_Triple, _Triple], tuple[_Triple, _Triple]]:
    """The two axes by which mounts are compared."""
    return (a.right, b.right), (a.cranial, b.cranial)


def _angle_about(axis: Floats, reference: Floats, up: Floats) -> Floats:
    """Angle of each direction from the reference about the axis, in radians, right-handed."""
    e1 = _unit(reference - (reference @ axis) * axis)
    e2 = np.cross(axis, e1)
    out: Floats = np.arctan2(up @ e2, up @ e1)
    return out


def _principal(line: Floats, weight: Floats) -> Floats:
    _, vectors = np.linalg.eigh((line * weight[:, None]).T @ line)
    out: Floats = vectors[:, -1]
    return out


def _cross(a: Floats, b: Floats) -> Floats:
    return np.column_stack([a[:, i - 2] * b[:, i - 1] - a[:, i - 1] * b[:, i - 2] for i in range(3)])


def _unit(v: Floats) -> Floats:
    out: Floats = v / max(float(np.linalg.norm(v)), 1e-9)
    return out


def _triple(v: Floats) -> _Triple:
    return float(v[0]), float(v[1]), float(v[2])
