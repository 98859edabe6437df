"""The table of points."""

from __future__ import annotations

from rich.text import Text

from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.pictures.markers import HANDLE, TARGET
from tui_draggan.tui.pointer import Pointer, PointId, with_grabbed
from tui_draggan.tui.widgets.readout import Readout

BAR = 10
"""Cells of the bar that shows how far a handle still has to go."""


class PointsPanel(Readout):
    """One row a pair: number, handle → target, pixels to go."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__("points", id)

    def show(self, snapshot: Snapshot, pointer: Pointer) -> None:
        """The pairs as they are; the point that is selected is marked."""
        pairs = with_grabbed(pointer, snapshot.document.pairs)
        rows = max(1, self.content_size.height)
        muted = self.colour("foreground-muted") or "dim"
        text = Text()
        if not pairs and pointer.pending is None:
            self.write(Text("no points yet", style=muted))
            return
        chosen = pointer.grabbed or pointer.selected
        lines = [self._row(number, pair, chosen, snapshot) for number, pair in enumerate(pairs, 1)]
        if pointer.pending is not None:
            lines.append(_pending_row(len(pairs) + 1, pointer.pending, pointer.cursor))
        focus = _focus(pairs, chosen, pointer)
        if len(lines) < rows:
            text.append(" #   handle   target    distance\n", style=muted)
            rows -= 1
        start = min(max(0, focus - rows + 1), max(0, len(lines) - rows))
        text.append(Text("\n").join(lines[start : start + rows]))
        self.write(text)

    def _row(self, number: int, pair: Pair, chosen: PointId | None, snapshot: Snapshot) -> Text:
        muted = self.colour("foreground-muted") or "dim"
        here = chosen.end if chosen is not None and chosen.pair_id == pair.id else ""
        line = Text("▸" if here else " ")
        line.append(f"{number:<2}", style="bold")
        line.append(f" {_xy(pair.handle):>7}", style=_style(HANDLE, here == "handle"))
        line.append(" → ", style=muted)
        line.append(f"{_xy(pair.target):<7}", style=_style(TARGET, here == "target"))
        document = snapshot.document
        if pair.distance <= document.parameters.reached_within(len(document.pairs)):
            return line.append(f" {'reached':>9}", style=self.colour("text-success") or "green")
        if snapshot.frames and pair.id in snapshot.frames[-1].unpulled:
            return line.append(f" {'no pull':>9}", style=self.colour("text-warning") or "yellow")
        line.append(f" {pair.distance:6.1f} px")
        if self.content_size.width >= 34 + BAR:
            line.append("  ")
            line.append(_bar(_share_left(pair, snapshot)), style=_style(TARGET, False))
        return line


def _pending_row(number: int, handle: Point, cursor: Point) -> Text:
    """A handle whose target is being looked for."""
    line = Text("▸")
    line.append(f"{number:<2}", style="bold")
    line.append(f" {_xy(handle):>7}", style=_style(HANDLE, False))
    line.append(f" → {_xy(cursor):<7}", style="dim")
    return line


def _focus(pairs: tuple[Pair, ...], chosen: PointId | None, pointer: Pointer) -> int:
    """Which row must be seen."""
    if pointer.pending is not None:
        return len(pairs)
    if chosen is not None:
        for index, pair in enumerate(pairs):
            if pair.id == chosen.pair_id:
                return index
    return 0


def _share_left(pair: Pair, snapshot: Snapshot) -> float:
    """Distance to go as a share of what it was when the run began."""
    start = pair.distance
    if snapshot.frames:
        handle = snapshot.frames[0].handles.get(pair.id)
        if handle is not None:
            dx, dy = handle[0] - pair.target[0], handle[1] - pair.target[1]
            start = max(start, (dx * dx + dy * dy) ** 0.5)
    return pair.distance / start if start else 0.0


def _bar(share: float) -> str:
    halves = round(min(1.0, share) * BAR * 2)
    return "━" * (halves // 2) + "╸" * (halves % 2)


def _xy(point: Point) -> str:
    return f"{point[0]},{point[1]}"


def _style(colour: tuple[int, int, int], strong: bool) -> str:
    return f"rgb({colour[0]},{colour[1]},{colour[2]})" + (" bold reverse" if strong else "")
