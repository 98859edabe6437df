"""Pictures from half blocks: each character cell shows two dots, «▀» in one colour on another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal.colours import Codes

UPPER_HALF = "▀"


@dataclass(frozen=True)
class TextCell:
    """One character that stands on the picture."""

    text: str
    colour: tuple[int, int, int]
    background: tuple[int, int, int]


TextCells = Mapping[tuple[int, int], TextCell]
"""Characters by (row, column) in cells."""


def to_grey(dots: Bytes) -> Bytes:
    """The same in grey, for those who want no colours."""
    luma = dots @ np.array([0.299, 0.587, 0.114])
    return np.repeat(np.rint(luma)[..., None], 3, axis=-1).astype(np.uint8)


def grey_text(cell: TextCell) -> TextCell:
    """A character in grey."""
    both = to_grey(np.array([[cell.colour, cell.background]], np.uint8))[0].tolist()
    return TextCell(cell.text, tuple(both[0]), tuple(both[1]))


def runs(upper: Codes, lower: Codes) -> Iterator[tuple[int, int, int]]:
    """Neighbouring cells of a row that look the same: (upper code, lower code, how many)."""
    breaks = np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1
    starts = np.concatenate([[0], breaks]) if len(upper) else breaks
    lengths = np.diff(np.append(starts, len(upper)))
    return zip(upper[starts].tolist(), lower[starts].tolist(), lengths.tolist(), strict=True)


def escape_sequence(front: int | None, back: int) -> str:
    """What sets 24-bit colours; without a front the one that is set stays."""
    ansi = f"48;2;{back >> 16};{(back >> 8) & 255};{back & 255}m"
    if front is None:
        return f"\x1b[{ansi}"
    return f"\x1b[38;2;{front >> 16};{(front >> 8) & 255};{front & 255};{ansi}"
