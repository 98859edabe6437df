"""A chart drawn with braille dots: several curves over kimg, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from tui_draggan.tui.watch.charts import LABELS, Chart
from tui_draggan.tui.watch.log import Curve
from tui_draggan.tui.widgets.loss_plot import WIDE, braille

Floats = NDArray[np.float64]
EMPTY = 0x2800
"""A braille cell without dots."""
AXIS_FROM = 6
"""Lines from which the last one says the range of kimg."""


@dataclass(frozen=True)
class Ink:
    """Rich styles: one for each curve of a chart, and one for what explains them."""

    curves: Sequence[str]
    muted: str


@dataclass(frozen=True)
class Scale:
    """Values at the edges of the plot."""

    start: float
    end: float
    """kimg"""
    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, curves: Sequence[Curve]) -> Scale:
        kimg, values = np.concatenate(curves, axis=1)
        low, high = float(values.min()), float(values.max())
        wide = low > 0 and high / low >= WIDE
        return cls(float(kimg.min()), float(kimg.max()), low, high, wide)

    def across(self, kimg: Floats) -> Floats:
        """Shares of the width."""
        span = self.end - self.start
        return np.clip((kimg - self.start) / span, 0, 1) if span > 0 else np.zeros_like(kimg)

    def up(self, values: Floats) -> Floats:
        """Shares of the height."""
        if self.high <= self.low:
            return np.full(len(values), 0.5)
        low, high = self.low, self.high
        if self.logarithmic:
            values, low, high = np.log(values), np.log(low), np.log(high)
        return np.clip((values - low) / (high - low), 0, 1)


def drawn(
    chart: Chart,
    curves: Mapping[str, Curve],
    width: int,
    height: int,
    ink: Ink,
    marked: float | None = None,
) -> list[Text]:
    """A legend with the last values, then the curves: `height` lines of at most `width` cells.

    marked: kimg where a bar stands.
    """
    shown = {name: curves[name] for name in chart.names}
    legend = _legend(chart, shown, width, ink)
    axis = height >= AXIS_FROM
    rows = height - 1 - axis
    scale = Scale.of(list(shown.values()))
    labels = [f"{scale.high:.3g}", *[""] * (rows - 2), f"{scale.low:.3g}"] if rows > 1 else [""]
    margin = max(map(len, labels))
    columns = width - margin - 1
    if rows < 1 or columns < 4:
        return [legend]
    layers = [_cells(curve, scale, columns, rows) for curve in shown.values()]
    at = None if marked is None else round(scale.across(np.array([marked]))[0] * (columns - 1))
    lines = [legend]
    for label, *cells in zip(labels, *layers, strict=True):
        line = Text(label.rjust(margin) + " ", style=ink.muted)
        lines.append(line.append(_overlaid(cells, ink, at)))
    if axis:
        left, right = f"{scale.start:.4g}", f"{scale.end:.4g} kimg"
        gap = " " * max(1, columns - len(left) - len(right))
        lines.append(Text(" " * (margin + 1) + left + gap + right, style=ink.muted))
    return lines


def _legend(chart: Chart, shown: Mapping[str, Curve], width: int, ink: Ink) -> Text:
    """Title and last values, whole words as far as they fit."""
    line = Text(chart.title, style=ink.muted)
    for (name, curve), style in zip(shown.items(), ink.curves, strict=False):
        label = LABELS.get(name, name.replace("_", " "))
        word = f"{curve[1, -1]:.3g}" if label == chart.title else f"{label} {curve[1, -1]:.3g}"
        if line.cell_len + 2 + cell_len(word) <= width:
            line.append("  ").append(word, style=style)
    return line


def _cells(curve: Curve, scale: Scale, columns: int, rows: int) -> list[str]:
    """A curve as `rows` strings of `columns` braille cells; empty where it has not begun or has
    ended. Where several values share a dot, their mean."""
    kimg, values = curve
    dots = np.rint(scale.across(kimg) * (2 * columns - 1)).astype(int)
    used, which = np.unique(dots, return_inverse=True)
    means = np.bincount(which, values) / np.bincount(which)
    all_dots = np.arange(2 * columns)
    heights = np.interp(all_dots, used, scale.up(means))
    there = (all_dots >= used[0]) & (all_dots <= used[-1])
    if scale.end <= scale.start:  # one value is a level line
        there[:] = True
    on = there.reshape(columns, 2).any(axis=1).tolist()
    return [
        "".join(cell if is_on else chr(EMPTY) for cell, is_on in zip(row, on, strict=True))
        for row in braille(heights, columns, rows)
    ]


def _overlaid(layers: Sequence[str], ink: Ink, at: int | None) -> Text:
    """Rows of braille cells one on another, with a bar at a column; where two meet, the later
    one's colour."""
    text = Text()
    for column, cells in enumerate(zip(*layers, strict=True)):
        bits, style = 0, ""
        for cell, colour in zip(cells, ink.curves, strict=False):
            dots = ord(cell) - EMPTY
            bits, style = bits | dots, colour if dots else style
        text.append(chr(EMPTY + bits), style=f"{ink.muted} reverse" if column == at else style)
    return text
