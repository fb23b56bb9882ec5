"""How far an estimated upward direction lies from the optically measured one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.model import NAN, Bools, Floats

LONGEST_GAP_S = 0.1
"""An estimate is interpolated between neighbours no further than this from the wanted instant."""
SAME_INSTANT_S = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class InclinationError:
    """One trial: root mean square and 95th percentile of the angle, and the share of wanted samples that had one."""

    n: int
    rmse_deg: float = NAN
    p95_deg: float = NAN
    cover: float = 0.0


def up_of_quaternion(quaternion: Floats) -> Floats:
    """Up in sensor axes (n, 3) from quaternions (n, 4) w, x, y, z that turn sensor axes into the world's, z up."""
    w, x, y, z = quaternion.T
    up = np.column_stack([2.0 * (x * z - w * y), 2.0 * (y * z + w * x), w * w - x * x - y * y + z * z])
    return np.asarray(up / np.linalg.norm(up, axis=1)[:, None])


def inclination_error(
    t_s: Floats, true_up: Floats, wanted: Bools, found_s: Floats, found_up: Floats
) -> InclinationError:
    """Compare directions at the wanted samples of the reference.

    Args:
        t_s: (n,) times of the reference.
        true_up: (n, 3) unit vectors; nan where the markers were hidden.
        wanted: (n,) where the error counts, such as while the sensor moves.
        found_s: (m,) times of the estimate, increasing.
        found_up: (m, 3) unit vectors.
    """
    wanted = wanted & np.isfinite(true_up).all(axis=1)
    up, near = _at(t_s, found_s, found_up)
    used = wanted & near
    if not used.any():
        return InclinationError(n=0)
    a, b = up[used], true_up[used]
    angle = np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(axis=1)))
    return InclinationError(
        n=int(used.sum()),
        rmse_deg=float(np.sqrt(np.mean(angle**2))),
        p95_deg=float(np.percentile(angle, 95)),
        cover=float(used.sum() / wanted.sum()),
    )


def _at(t_s: Floats, found_s: Floats, found_up: Floats) -> tuple[Floats, Bools]:
    """The estimate at other times, and where it has neighbours close enough."""
    if not len(found_s):
        return np.full((len(t_s), 3), np.nan), np.zeros(len(t_s), bool)
    up = np.column_stack([np.interp(t_s, found_s, found_up[:, k]) for k in range(3)])
    i = np.searchsorted(found_s, t_s)
    before = np.where(i > 0, t_s - found_s[np.maximum(i - 1, 0)], np.inf)
    after = np.where(i < len(found_s), found_s[np.minimum(i, len(found_s) - 1)] - t_s, np.inf)
    hit = np.minimum(np.abs(before), np.abs(after)) < SAME_INSTANT_S
    length = np.linalg.norm(up, axis=1)
    near = (hit | ((before <= LONGEST_GAP_S) & (after <= LONGEST_GAP_S))) & (length > 1e-6)
    return np.asarray(up / np.where(length > 1e-6, length, 1.0)[:, None]), near
