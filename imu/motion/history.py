"""Columns that grow: what a causal stage remembers of the past, as contiguous arrays."""

from __future__ import annotations

import numpy as np

from imu.model import Bools, Floats


def extremes(values: Floats) -> tuple[float, float]:
    """The least and the greatest of at least one number; nan for both if there is one among them.

    By place, for numpy's `min` and `max` take five times as long on the few numbers of a packet.
    """
    return float(values[values.argmin()]), float(values[values.argmax()])


class History:
    """Rows of floats appended in blocks; reading gives views, never copies.

    Capacity doubles, so that n appended rows cost O(n) however they were cut.
    """

    def __init__(self, columns: int) -> None:
        self._data = np.empty((columns, 4096))
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, *columns: Floats | Bools) -> None:
        """Append one block, given as one array per column."""
        end = self._n + len(columns[0])
        if end > self._data.shape[1]:
            grown = np.empty((self._data.shape[0], max(end, 2 * self._data.shape[1])))
            grown[:, : self._n] = self._data[:, : self._n]
            self._data = grown
        new = self._data[:, self._n : end]
        for i, column in enumerate(columns):
            new[i] = column
        self._n = end

    def column(self, i: int, start: int = 0, end: int | None = None) -> Floats:
        """A view of column i, rows [start, end)."""
        view: Floats = self._data[i, start : self._n if end is None else end]
        return view

    def columns(self, n: int, start: int, end: int) -> Floats:
        """An (n, end - start) view of the first n columns, rows [start, end)."""
        view: Floats = self._data[:n, start:end]
        return view
