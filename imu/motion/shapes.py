"""The shapes a smooth stroke can have: its rate u^p (1 - u)^q over its time u, tabulated."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from imu.model import Floats, Ints

LEAST, MOST = 0.75, 5.0
"""The exponents that are tabulated."""
_STEP = 0.25
"""Their distance."""
_GRID = 256
"""Steps of the tables in u."""
RATE, BEND, DONE, BY_P, BY_Q = range(5)
"""Columns: the rate and its slope, the share done and its derivatives by p and q."""


class Shapes:
    """The shapes u^p (1 - u)^q of unit area, their integrals and edges; linear between the exponents."""

    def __init__(self) -> None:
        fine = 4 * _GRID
        u = np.linspace(0.0, 1.0, fine + 1)
        self._exponents = np.arange(LEAST, MOST + _STEP, _STEP)
        p, q = (e[..., None] for e in np.meshgrid(self._exponents, self._exponents, indexing="ij"))
        rate = u**p * (1.0 - u) ** q
        rate *= fine / rate.sum(axis=-1, keepdims=True)
        done = np.zeros_like(rate)
        np.cumsum(0.5 * (rate[..., 1:] + rate[..., :-1]) / fine, axis=-1, out=done[..., 1:])
        bend = np.gradient(rate, 1.0 / fine, axis=-1)
        by_p, by_q = np.gradient(done, _STEP, axis=(0, 1))
        table = np.stack([part[..., ::4] for part in (rate, bend, done, by_p, by_q)], axis=-1)
        # The way to the next row lies beside each row: one look finds both.
        self._table = np.concatenate((table[..., :-1, :], np.diff(table, axis=-2)), axis=-1).reshape(-1, 10)
        self._edges = np.stack([_edges(rate), 1.0 - _edges(rate[..., ::-1])], axis=-1)
        self._edges_by = np.gradient(self._edges, _STEP, axis=(0, 1))

    def at(self, u: Floats, p: Floats, q: Floats) -> Floats:
        """The five columns, (S, n, 5), at `u` (S, n) of shapes with the exponents `p` and `q` (S,)."""
        i, j, dp, dq = self._near(p, q)
        place = u * _GRID
        k = np.minimum(place.astype(np.intp), _GRID - 1)
        place -= k
        k += ((i * len(self._exponents) + j) * _GRID)[:, None]
        found = self._table.take(k, axis=0, mode="clip")
        out: Floats = found[..., 5:] * place[..., None]
        out += found[..., :5]
        out[..., DONE] += dp[:, None] * out[..., BY_P] + dq[:, None] * out[..., BY_Q]
        return out

    def edges(self, p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
        """Where the rates cross 10 % of their peaks, (S, 2), and the derivatives by p and q."""
        i, j, dp, dq = self._near(p, q)
        by_p, by_q = self._edges_by[0][i, j], self._edges_by[1][i, j]
        return self._edges[i, j] + dp[:, None] * by_p + dq[:, None] * by_q, by_p, by_q

    def _near(self, p: Floats, q: Floats) -> tuple[Ints, Ints, Floats, Floats]:
        last = len(self._exponents) - 1
        i, j = (np.clip(np.rint((e - LEAST) / _STEP).astype(np.intp), 0, last) for e in (p, q))
        return i, j, p - self._exponents[i], q - self._exponents[j]


def _edges(rate: Floats) -> Floats:
    """First crossing of 10 % of the peak along the last axis, as a share of its length."""
    level = 0.1 * rate.max(axis=-1, keepdims=True)
    k = np.argmax(rate >= level, axis=-1)[..., None]
    high, low = np.take_along_axis(rate, k, -1), np.take_along_axis(rate, k - 1, -1)
    out: Floats = ((k - (high - level) / (high - low)) / (rate.shape[-1] - 1))[..., 0]
    return out


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    """The tables."""
    return Shapes()
