"""How a simulated trunk moves: a script of smooth moves, evaluated on any time grid, and the pose it makes.

World: X the way the person faces at the start, Y to the left, Z up. Trunk (ISB): x anterior, y cranial, z right.
Channels of a script: `pitch`, `tilt` (side bend, right shoulder down positive), `twist`, `yaw` in degrees and the hip
joint's `x`, `y`, `z` in metres. A move's velocity follows v(u) = u^rise (1 - u)^fall over its time u in [0, 1], scaled
to its change: 2 and 2 is exactly the minimum-jerk movement (Flash & Hogan 1985), 1 and 1 a turn without easing in or
out, unequal exponents an early or a late peak. So position and rate of everything prescribed are known in closed form.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from math import gamma

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CHANNELS = ("pitch", "tilt", "twist", "yaw", "x", "y", "z")
UPRIGHT_DEG = 90.0
EDGE = 0.1
"""A stroke begins and ends at this share of its own peak rate (definition edge10)."""


@dataclass(frozen=True, slots=True)
class Move:
    """One smooth change of one channel.

    Attributes:
        rise, fall: Exponents of the velocity profile at the beginning and at the end; 2 and 2 is minimum jerk.
    """

    start_s: float
    duration_s: float
    delta: float
    rise: float = 2.0
    fall: float = 2.0

    @property
    def end_s(self) -> float:
        """When the move is over."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Stroke:
    """A movement of the pitch in one direction: one move, or several with a stall between them."""

    start_s: float
    end_s: float
    from_deg: float
    to_deg: float


@dataclass(frozen=True, slots=True)
class Walk:
    """A stretch of walking.

    Attributes:
        step_hz: Steps a second, 1.6-2.1 in ordinary walking.
        bounce_m: Half of the pelvis' vertical travel in a step, about 0.02 m at ordinary speed.
    """

    start_s: float
    end_s: float
    step_hz: float
    speed_mps: float
    bounce_m: float = 0.02


@dataclass(slots=True)
class Script:
    """What is prescribed, written from left to right: `now_s` is where the next move begins.

    So the moves of one channel are in order of time and never overlap.
    """

    now_s: float = 0.0
    moves: dict[str, list[Move]] = field(default_factory=lambda: {name: [] for name in CHANNELS})
    walks: list[Walk] = field(default_factory=list)
    pose: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CHANNELS, 0.0) | {"pitch": UPRIGHT_DEG})
    initial: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CHANNELS, 0.0) | {"pitch": UPRIGHT_DEG})

    def wait(self, seconds: float) -> None:
        """Hold the pose."""
        self.now_s += max(seconds, 0.0)

    def move(self, seconds: float, *, rise: float = 2.0, fall: float = 2.0, **targets: float) -> Stroke:
        """Bring the named channels to their targets together; returns what that does to the pitch."""
        start, before = self.now_s, self.pose["pitch"]
        for channel, target in targets.items():
            delta = target - self.pose[channel]
            if delta:
                self.moves[channel].append(Move(start, seconds, delta, rise, fall))
            self.pose[channel] = target
        self.now_s += seconds
        return Stroke(start, self.now_s, before, self.pose["pitch"])

    def walk(self, seconds: float, *, step_hz: float, speed_mps: float, turn_deg: float = 0.0) -> None:
        """Walk, turning on the way."""
        self.walks.append(Walk(self.now_s, self.now_s + seconds, step_hz, speed_mps))
        self.move(seconds, yaw=self.pose["yaw"] + turn_deg)

    def channel(self, name: str, t_s: Floats) -> tuple[Floats, Floats]:
        """Value and rate of a channel at increasing times `t_s` (n,)."""
        rate, inside, steps = np.zeros_like(t_s), np.zeros_like(t_s), np.zeros(len(t_s) + 1)
        for move in self.moves[name]:
            i, j = np.searchsorted(t_s, (move.start_s, move.end_s))
            u = (t_s[i:j] - move.start_s) / move.duration_s
            inside[i:j] += move.delta * travelled(u, move.rise, move.fall)
            rate[i:j] += move.delta / move.duration_s * velocity(u, move.rise, move.fall)
            steps[j] += move.delta
        return self.initial[name] + np.cumsum(steps)[:-1] + inside, rate

    def rate(self, name: str, t_s: Floats) -> Floats:
        """Rate of a channel at times (n,) within a short stretch, at a cost that does not grow with the script."""
        moves, out = self.moves[name], np.zeros_like(t_s)
        first = max(bisect_right(moves, float(t_s[0]), key=lambda m: m.start_s) - 1, 0)
        last = bisect_left(moves, float(t_s[-1]), key=lambda m: m.start_s)
        for move in moves[first:last]:
            u = (t_s - move.start_s) / move.duration_s
            moving = (u >= 0.0) & (u < 1.0)
            out[moving] = move.delta / move.duration_s * velocity(u[moving], move.rise, move.fall)
        return out


def travelled(u: Floats, rise: float, fall: float) -> Floats:
    """Share of a move done at `u` of its time: the regularised incomplete beta function."""
    if rise == fall == 2.0:
        return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))
    from scipy.special import betainc  # noqa: PLC0415 - scipy is slow to import, most of this module needs none

    return np.asarray(betainc(rise + 1.0, fall + 1.0, u))


def velocity(u: Floats, rise: float, fall: float) -> Floats:
    """Rate of `travelled` over `u`."""
    scale = gamma(rise + fall + 2.0) / (gamma(rise + 1.0) * gamma(fall + 1.0))
    return np.asarray(scale * u**rise * (1.0 - u) ** fall)


@lru_cache(maxsize=512)
def edges(rise: float, fall: float) -> tuple[float, float]:
    """Where in its time a move crosses `EDGE` of its peak rate; 0.0865 and 0.9135 for minimum jerk."""
    peak = rise / (rise + fall)
    level = EDGE * float(velocity(np.array(peak), rise, fall))
    found = []
    for still, fast in ((0.0, peak), (1.0, peak)):
        low, high = still, fast
        for _ in range(60):
            middle = 0.5 * (low + high)
            if float(velocity(np.array(middle), rise, fall)) < level:
                low = middle
            else:
                high = middle
        found.append(0.5 * (low + high))
    return found[0], found[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """The chest's pose on a time grid: angles in radians, the hip in metres, all (n,) or (n, 3)."""

    pitch: Floats
    tilt: Floats
    twist: Floats
    yaw: Floats
    hip_m: Floats


def pose_of(script: Script, t_s: Floats) -> Pose:
    """Evaluate what a script prescribes, with its walking, on a grid."""
    values = {name: script.channel(name, t_s)[0] for name in CHANNELS}
    for walk in script.walks:
        _add_walk(values, walk, t_s)
    radians = {name: np.deg2rad(values[name]) for name in CHANNELS[:4]}
    return Pose(**radians, hip_m=np.column_stack([values["x"], values["y"], values["z"]]))


def _add_walk(values: dict[str, Floats], walk: Walk, t_s: Floats) -> None:
    """Add gait to the channels: bounce and heel strike each step, sway, roll and yaw each stride (two steps)."""
    i, j = np.searchsorted(t_s, (walk.start_s, walk.end_s))
    t = t_s[i:j] - walk.start_s
    length = walk.end_s - walk.start_s
    ease = travelled(np.clip(np.minimum(t, length - t) / min(0.8, 0.5 * length), 0.0, 1.0), 2.0, 2.0)
    step = 2.0 * np.pi * walk.step_hz * t
    values["z"][i:j] -= ease * walk.bounce_m * (np.cos(step) + 0.2 * np.cos(2 * step + 0.6) + 0.03 * np.cos(4 * step))
    values["y"][i:j] += ease * 0.02 * np.sin(0.5 * step)
    values["pitch"][i:j] += ease * 1.6 * np.sin(step + 0.5)
    values["tilt"][i:j] += ease * 2.5 * np.sin(0.5 * step + 0.3)
    values["yaw"][i:j] += ease * 4.0 * np.sin(0.5 * step - 0.4)
    distance = walk.speed_mps * np.cumsum(ease) * (t[1] - t[0] if len(t) > 1 else 0.0)
    heading = np.deg2rad(values["yaw"][i:j])
    for name, part in (("x", np.cos(heading)), ("y", np.sin(heading))):
        path = np.cumsum(np.diff(distance, prepend=0.0) * part)
        values[name][i:j] += path
        values[name][j:] += path[-1] if len(path) else 0.0


def rotations(pose: Pose) -> Floats:
    """Rotation of the trunk, (n, 3, 3): columns are anterior, cranial and right in world axes.

    Built as yaw about the vertical, then pitch about the right axis, then side bend about the anterior axis, then
    twist about the cranial one.
    """
    c, s = np.cos(pose.pitch), np.sin(pose.pitch)
    cy, sy = np.cos(pose.yaw), np.sin(pose.yaw)
    anterior = np.column_stack([s * cy, s * sy, -c])
    cranial = np.column_stack([c * cy, c * sy, s])
    right = np.column_stack([sy, -cy, np.zeros_like(cy)])
    ct, st = np.cos(pose.tilt)[:, None], np.sin(pose.tilt)[:, None]
    cranial, right = ct * cranial + st * right, ct * right - st * cranial
    cw, sw = np.cos(pose.twist)[:, None], np.sin(pose.twist)[:, None]
    anterior, right = cw * anterior - sw * right, cw * right + sw * anterior
    return np.stack([anterior, cranial, right], axis=2)


def angular_rate(pose: Pose, step_s: float) -> Floats:
    """Angular rate (n, 3) in trunk axes, rad/s, from the rates of the four angles."""
    dyaw, dpitch, dtilt, dtwist = (np.gradient(a, step_s) for a in (pose.yaw, pose.pitch, pose.tilt, pose.twist))
    x, y, z = -dyaw * np.cos(pose.pitch), dyaw * np.sin(pose.pitch), dpitch
    x = x + dtilt
    c, s = np.cos(pose.tilt), np.sin(pose.tilt)
    y, z = c * y + s * z, c * z - s * y
    y = y + dtwist
    c, s = np.cos(pose.twist), np.sin(pose.twist)
    x, z = c * x - s * z, c * z + s * x
    return np.column_stack([x, y, z])


def second_difference(position: Floats, step_s: float) -> Floats:
    """Acceleration (n, 3) from positions on a fine grid; the two ends repeat their neighbours."""
    out = np.empty_like(position)
    out[1:-1] = (position[2:] - 2.0 * position[1:-1] + position[:-2]) / step_s**2
    out[0], out[-1] = out[1], out[-2]
    return out
