"""A curve in a terminal: blocks of text, for a quick look where no picture can be shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.text import Text

STYLES = {"lower": "cyan", "bottom": "blue", "lift": "green", "top": "yellow"}
"""Colours of the phases; the rest is dim."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LABEL = 6
_NARROWEST, _WIDEST = 20, 90


def angle(trunk: pd.DataFrame, start_s: float, end_s: float, *, most: int = _LABEL + _WIDEST, height: int = 8) -> Text:
    """The trunk's pitch from one instant to another, filled from below and coloured by phase.

    Args:
        trunk: A `Review`'s table of that name.
        start_s: Where to begin.
        end_s: Where to end.
        most: Characters that a line of the terminal has room for; more than 96 are not used.
        height: Lines.

    Returns:
        `height` lines with the pitch in degrees at the left, and one with the time in s below.
    """
    width = max(_NARROWEST, min(_WIDEST, most - _LABEL))
    edges = np.linspace(start_s, end_s, width + 1)
    column = np.searchsorted(edges, trunk["t_s"], side="right") - 1
    inside = trunk[(column >= 0) & (column < width)].assign(column=column[(column >= 0) & (column < width)])
    pitch = inside.groupby("column")["pitch_deg"].mean().reindex(range(width)).to_numpy(float)
    phase = inside.groupby("column")["phase"].first().reindex(range(width)).fillna("").to_numpy(object)
    low, high = _limits(pitch)
    filled = np.nan_to_num((pitch - low) / (high - low) * height * 8)
    text = Text()
    for row in reversed(range(height)):
        edge = high if row == height - 1 else low if row == 0 else None
        text.append("".ljust(_LABEL) if edge is None else f"{edge:4.0f}° ", style="bright_black")
        for eighths, name in zip(np.clip(filled - 8 * row, 0, 8).astype(int), phase, strict=True):
            text.append(_EIGHTHS[eighths], style=STYLES.get(name, "bright_black"))
        text.append("\n")
    ends = f"{start_s:.1f} s".ljust(width - 9) + f"{end_s:7.1f} s"
    return text.append(" " * _LABEL + ends, style="bright_black")


def _limits(pitch: np.ndarray) -> tuple[float, float]:
    """Lowest and highest pitch with a little room; a flat or absent curve gets 10 degrees."""
    known = pitch[np.isfinite(pitch)]
    low, high = (float(known.min()) - 2.0, float(known.max())) if len(known) else (0.0, 0.0)
    return low, max(high, low + 10.0)
