"""Digits that can be read from the other end of a bench, drawn with blocks."""

from __future__ import annotations

_FONT = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", " ##", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ".": (" ", " ", " ", " ", "#"),
    ":": (" ", "#", " ", "#", " "),
    "-": ("   ", "   ", "###", "   ", "   "),
    " ": ("   ",) * 5,
}  # fmt: skip
HEIGHT = 5
"""Rows of a digit at scale 1."""


def big(text: str, scale: int = 1, *, ink: str = "█") -> list[str]:
    """Draw digits, `.`, `:` and `-` as lines of text; one dot of the font is `2 * scale` columns by `scale` rows."""
    lines = []
    for row in range(HEIGHT):
        dots = " ".join(_FONT[char][row] for char in text)
        line = "".join((ink if dot == "#" else " ") * 2 * scale for dot in dots)
        lines += [line] * scale
    return lines
