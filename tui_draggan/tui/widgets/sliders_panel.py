"""The sliders: a row each, with where it stands and how far it may usefully go."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tui_draggan.tui.sliders import SliderRow
from tui_draggan.tui.widgets.readout import Readout

NAME = 13
"""Cells of a name."""
REST = 16
"""Cells of what stands behind the bar, and of the gaps."""


class SlidersPanel(Readout):
    """As many rows as there is room for, the chosen one among them."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__("sliders", id)
        self._rows: Sequence[SliderRow] = ()
        self._off = False

    def on_resize(self) -> None:
        """There is room for other rows, as when the panel has just come."""
        if self._rows:
            self.show(self._rows, self._off)

    def show(self, rows: Sequence[SliderRow], off: bool) -> None:
        """off: they are switched off, to compare."""
        self._rows, self._off = rows, off
        muted = self.colour("foreground-muted") or "dim"
        if not rows:
            self.write(Text("looking for the model's directions …", style=muted))
            return
        height = max(1, self.content_size.height)
        chosen = next((number for number, row in enumerate(rows) if row.chosen), 0)
        start = min(max(0, chosen - height // 2), max(0, len(rows) - height))
        lines = [self._line(row, off) for row in rows[start : start + height]]
        self.write(Text("\n").join(lines))

    def _line(self, row: SliderRow, off: bool) -> Text:
        muted = self.colour("foreground-muted") or "dim"
        accent = self.colour("accent")
        quiet = off or not (row.value or row.chosen)
        line = Text("▸" if row.chosen else " ")
        name = row.name if len(row.name) <= NAME else f"{row.name[: NAME - 1]}…"
        line.append(f"{name:{NAME}} ", style=muted if quiet else "bold" if row.chosen else "")
        width = max(7, self.content_size.width - NAME - REST) | 1
        line.append(bar(row, width), style=muted if quiet else accent)
        beyond = not row.usual[0] <= row.value <= row.usual[1]
        style = (self.colour("text-warning") or "yellow") if beyond else muted if quiet else ""
        number = f"{row.value:+5.1f}" if row.value else "    0"
        line.append(f" {number} {row.unit.name}", style=style)
        line.append(f" {row.rows}", style=muted)
        return line


def bar(row: SliderRow, width: int) -> str:
    """A slider over what is usual either way, nought in the middle, in so many cells (odd): «●» is
    its value, «┊» where the picture leaves what is usual."""
    half = width // 2
    cells = ["─"] * width
    cells[half] = "┼"
    for end in row.usual:
        place = half + round(end / row.unit.usual * half)
        if 0 <= place < width:
            cells[place] = "┊"
    place = half + round(row.value / row.unit.usual * half)
    cells[min(width - 1, max(0, place))] = "●"
    return "".join(cells)
