"""Which found repetition is which true one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Span = tuple[float, float]


def match(true: Sequence[Span], found: Sequence[Span]) -> list[tuple[int, int]]:
    """Pair spans of time [start, end) one to one, the largest common time first.

    Spans that touch in no more than an instant are no pair, so an extra or a missing repetition does not shift its
    neighbours.

    Returns:
        Pairs of places in `true` and `found`, in order of `true`.
    """
    if not true or not found:
        return []
    t, f = np.asarray(true, float), np.asarray(found, float)
    common = np.minimum(t[:, None, 1], f[None, :, 1]) - np.maximum(t[:, None, 0], f[None, :, 0])
    pairs = np.argwhere(common > 0)
    order = np.argsort(-common[pairs[:, 0], pairs[:, 1]], kind="stable")
    left: set[int] = set()
    right: set[int] = set()
    out = []
    for i, j in pairs[order].tolist():
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            out.append((i, j))
    return sorted(out)
