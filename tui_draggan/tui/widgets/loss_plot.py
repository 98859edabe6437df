"""The loss of the run as a line of braille dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual import events
from textual.message import Message

from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.widgets.readout import Readout

AXIS_FROM = 4
"""Rows from which the numbers of the steps stand below the curve."""
WIDE = 20.0
"""Ratio of largest to smallest loss from which the scale is logarithmic."""
# Bits of a braille cell, by (line, column).
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


class LossPlot(Readout):
    """All steps of the run across the width, the shown one marked when it is not the last."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__("loss", id)
        self._steps, self._margin = 0, 0
        """Steps that are drawn, and cells to the left of them."""

    @dataclass
    class Chosen(Message):
        """A step was clicked."""

        index: int

    def show(self, snapshot: Snapshot) -> None:
        """The losses so far."""
        self._steps = 0
        losses = above_zero([frame.loss for frame in snapshot.frames])
        width, height = self.content_size
        if len(losses) < 2 or width < 12 or height < 1:
            self.write(Text("appears during a run", style=self.colour("foreground-muted")))
            return
        low, high = min(losses), max(losses)
        labels = [f"{high:.2g}", f"{low:.2g}"] if height > 1 else [f"{losses[-1]:.2g}"]
        margin = max(len(label) for label in labels) + 1
        axis = height >= AXIS_FROM
        height -= axis
        self._steps, self._margin = len(losses), margin
        rows = braille(curve(losses, 2 * (width - margin)), width - margin, height)
        text = Text()
        for index, row in enumerate(rows):
            label = labels[0] if index == 0 else labels[-1] if index == height - 1 else ""
            text.append(label.rjust(margin - 1) + " ", style=self.colour("foreground-muted"))
            style = self.colour("accent")
            at = None
            if snapshot.shown is not None and snapshot.shown < len(losses) - 1:
                at = round(snapshot.shown / (len(losses) - 1) * (len(row) - 1))
            text.append(_marked(row, at, style))
            text.append("\n" if index < height - 1 else "")
        if axis:
            first, last = snapshot.frames[0].iteration, snapshot.frames[-1].iteration
            line = " " * margin + _axis(first, last, width - margin)
            text.append(f"\n{line}", style=self.colour("foreground-muted"))
        self.write(text)

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None or self._steps < 2 or place.x < self._margin:
            return
        across = self.content_size.width - self._margin - 1
        share = min(1.0, (place.x - self._margin) / across)
        self.post_message(self.Chosen(round(share * (self._steps - 1))))


def _axis(first: int, last: int, width: int) -> str:
    """The numbers of the first, middle and last step below a curve of so many cells."""
    ends = f"{first}{str(last).rjust(width - len(str(first)))}"
    middle = str((first + last) // 2)
    at = round((width - len(middle)) / 2)
    fits = last - first >= 2 and not ends[at - 1 : at + len(middle) + 1].strip()
    return ends[:at] + middle + ends[at + len(middle) :] if fits else ends


def above_zero(losses: Sequence[float]) -> list[float]:
    """The losses with every zero (no point was pulled any more) at the smallest of the others: one
    zero at the end must not flatten all that came before it."""
    floor = min((loss for loss in losses if loss > 0), default=0.0)
    return [max(loss, floor) for loss in losses]


def _marked(row: str, at: int | None, style: str) -> Text:
    text = Text(row, style=style)
    if at is not None:
        text.stylize("reverse", at, at + 1)
    return text


def curve(losses: Sequence[float], columns: int) -> NDArray[np.float64]:
    """Heights 0 to 1, one a dot column, as many columns as steps at most."""
    values = np.asarray(losses, float)
    low, high = values.min(), values.max()
    if low > 0 and high / low >= WIDE:
        values = np.log(values)
    if len(values) > columns:
        edges = np.linspace(0, len(values), columns + 1).astype(int)
        values = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    else:
        places = np.linspace(0, len(values) - 1, columns)
        values = np.interp(places, np.arange(len(values)), values)
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)


def braille(heights: NDArray[np.float64], width: int, height: int) -> list[str]:
    """A curve (2·width,) of heights 0 to 1 as `height` rows of `width` braille cells."""
    lines = 4 * height
    dots = np.rint((1 - heights) * (lines - 1)).astype(int)
    grid = np.zeros((lines, 2 * width), bool)
    previous = np.concatenate([dots[:1], dots[:-1]])
    for column, (line, before) in enumerate(zip(dots, previous, strict=True)):
        # Joined to the column before, so that steep parts have no holes.
        start, end = sorted((line, before + np.sign(line - before)))
        grid[start : end + 1, column] = True
    cells = grid.reshape(height, 4, width, 2).transpose(0, 2, 1, 3)
    codes = 0x2800 + (cells * _BITS).sum(axis=(2, 3))
    return ["".join(map(chr, row)) for row in codes]
