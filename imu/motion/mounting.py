"""How the sensor sits on the trunk, learned from the motion where nobody declared it.

Three things are looked for, in blocks of a quarter second. The hinge axis: movements tilt the sensor about an axis, and
hinges share one; of the axes that recur, the one that moved most and mostly to one side is the hinge (side bends go to
both sides). Upright: the direction of gravity while walking or, failing that, the posture before the first movement,
which is the start of the exercise. Which way is forward: from upright the trunk bends forward much further than back.

The judgement is made anew whenever the evidence has grown by half; everything before it is then computed again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.exercises import End, Exercise
from imu.model import Bools, Floats, Ints, Mount
from imu.motion.blocks import STEPS_BLOCKS, Blocks, norm

_SAME_AXIS = float(np.cos(np.deg2rad(25.0)))
_LAG = 4
_MOVED = 2.0 * float(np.sin(np.deg2rad(8.0) / 2.0))
"""Chord of 8 degrees: a tilt of as much within a second (4 blocks) is movement."""
_LEAST = 1e-3
"""Up that turns by half a circle within a second, or that is not there (free fall), has no axis."""
_FIRST_DEG = 15.0
_GROWTH = 1.5
_WALKED_BLOCKS = 12
_FEW_STEPS_BLOCKS = 5
_NEW_DEG = 12.0
"""A new judgement within this angle of the old one changes nothing."""
_REMEMBERED = 300
_TELLING_DEG = 20.0
_NEAR = float(np.cos(np.deg2rad(20.0)))
_OFTEN = 0.1


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


class MountLearner:
    """Stage: `Blocks` -> revisions of the mount."""

    def __init__(self, exercise: Exercise, blocks: Blocks) -> None:
        self._exercise = exercise
        self._blocks = blocks
        self._evidence_deg = 0.0
        self._next_deg = _FIRST_DEG
        self._mount: Mount | None = None

    def revisions(self, first: int) -> list[Revision]:
        """Judge at each block from `first` on at which the evidence has grown enough, best in a pause."""
        chord = self._blocks.tilt(first, len(self._blocks), lag=_LAG)
        # The lagged steps overlap, so that each movement is seen `_LAG` times.
        degrees = np.where(chord > _MOVED, np.rad2deg(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0))) / _LAG, 0.0)
        total = np.cumsum(np.concatenate(([self._evidence_deg], degrees)))[1:]
        out: list[Revision] = []
        for k in np.flatnonzero(total >= self._next_deg).tolist():
            if total[k] < self._next_deg * (1.0 if degrees[k] == 0.0 else _GROWTH):
                continue
            self._next_deg = _GROWTH * float(total[k])
            out += self._revise(first + k + 1)
        if len(total):
            self._evidence_deg = float(total[-1])
        return out

    def finish(self) -> list[Revision]:
        """A last judgement with all there is."""
        return self._revise(len(self._blocks)) if self._evidence_deg >= _FIRST_DEG else []

    def _revise(self, blocks: int) -> list[Revision]:
        mount = self._judge(blocks)
        if mount is None or (self._mount is not None and not _differs(mount, self._mount)):
            return []
        self._mount = mount
        return [Revision(blocks * self._blocks.size, mount)]

    def _judge(self, blocks: int) -> Mount | None:
        """The mount as the first `blocks` blocks show it."""
        up = self._blocks.up(0, blocks)
        moved = self._blocks.tilt(0, blocks, lag=_LAG) > _MOVED
        if not moved.any():
            return None
        walked = _walking(up, self._blocks.stepping(0, blocks))
        first = int(np.argmax(moved))
        home = _unit(up[: max(first, 1)].mean(axis=0))
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
        return _mount(axis, known, up[recent], size, share)

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
    alike = np.abs(line @ line.T) > _SAME_AXIS
    for _ in range(3):
        weight = np.where(left, size, 0.0)
        together = alike @ weight
        if together.max() <= 0:
            break
        mine: Bools = alike[int(np.argmax(together))] & left
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


def _mount(axis: Floats, known: _Known, up: Floats, size: Floats, share: float) -> Mount:
    side = float((_angle_about(axis, known.up, up) * size).sum())
    right = axis if (side > 0) == known.forward else -axis
    e1 = _unit(known.up - (known.up @ right) * right)
    e2 = np.cross(right, e1)
    p = np.deg2rad(known.pitch_deg)
    # From e1 at pitch p the trunk flexes towards e2: e1 = -a cos p + c sin p, e2 = -a sin p - c cos p, solved for a, c.
    anterior = -(np.cos(p) * e1 + np.sin(p) * e2)
    cranial = np.sin(p) * e1 - np.cos(p) * e2
    certainty = known.certainty * share
    return Mount(anterior=_triple(anterior), cranial=_triple(cranial), source="learned", certainty=certainty)


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


def _differs(a: Mount, b: Mount) -> bool:
    pairs = ((a.right, b.right), (a.cranial, b.cranial))
    return any(float(np.dot(x, y)) < np.cos(np.deg2rad(_NEW_DEG)) for x, y in pairs)


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


def _triple(v: Floats) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])
