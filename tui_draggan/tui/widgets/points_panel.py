"""The table of points."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message

from tui_draggan.edit.match import is_lost
from tui_draggan.edit.points import Pair, Point
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.pictures.markers import HANDLE, TARGET
from tui_draggan.tui.pointer import End, Pointer, PointId, with_grabbed
from tui_draggan.tui.widgets.readout import Readout

LEAST_BAR, BAR = 4, 10
"""Least and most cells of the bar that shows how far a handle still has to go."""
FULL = 31
"""Cells of a row with everything in it; a narrower one says less."""
MATCHED = 38
"""Cells of a row with its match behind it."""
TARGETS_FROM = 12
"""Column from which a row shows the target."""


class PointsPanel(Readout):
    """One row a pair: number, handle → target, pixels to go; of a pin whether it holds."""

    @dataclass
    class Chosen(Message):
        """A point was clicked."""

        point: PointId

    def __init__(self, id: str | None = None) -> None:
        super().__init__("points", id)
        self._lines: list[Text] = []
        self._ids: list[int] = []
        """Ids of the pairs, a line each."""
        self._top = 0
        """The first line that is seen."""
        self._focus: int | None = None
        """The line that had to be seen last."""

    def show(self, snapshot: Snapshot, pointer: Pointer) -> None:
        """The pairs as they are; the point that is selected is marked, and seen."""
        pairs = with_grabbed(pointer, snapshot.document.pairs)
        chosen = pointer.grabbed or pointer.selected
        self._ids = [pair.id for pair in pairs]
        self._lines = [self._row(pair, chosen, snapshot) for pair in pairs]
        focus = self._ids.index(chosen.pair_id) if chosen is not None else None
        if pointer.pending is not None:
            focus = len(self._lines)
            row = _pending_row(snapshot.next_id, pointer.pending, pointer.cursor)
            self._lines.append(row)
        if focus is not None and focus != self._focus:
            self._top = min(focus, max(self._top, focus - self._room + 1))
        self._focus = focus
        self._write()

    @property
    def _has_header(self) -> bool:
        return self.content_size.height >= 3

    @property
    def _room(self) -> int:
        """Lines that are seen at once."""
        return max(1, self.content_size.height - self._has_header)

    def _write(self) -> None:
        muted = self.colour("foreground-muted") or "dim"
        if not self._lines:
            self.write(Text("no points yet", style=muted))
            return
        room, count = self._room, len(self._lines)
        self._top = min(max(0, self._top), max(0, count - room))
        seen = self._lines[self._top : self._top + room]
        text = Text()
        if self._has_header:
            part = f"{self._top + 1}–{self._top + len(seen)} of {count}" if count > room else ""
            header, width = " #   handle   target    distance", self.content_size.width
            if width >= MATCHED:
                header += " match"
            if len(header) + len(part) + bool(part) > width:
                header = header.removesuffix(" match").removesuffix("distance")
            text.append(header + part.rjust(width - len(header)), style=muted)
            text.append("\n")
        self.write(text.append(Text("\n").join(seen)))

    # -- the mouse -----------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None:
            return
        line = place.y - self._has_header + self._top
        if place.y >= self._has_header and line < len(self._ids):
            end: End = "handle" if place.x < TARGETS_FROM else "target"
            self.post_message(self.Chosen(PointId(self._ids[line], end)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(1)

    def _scroll(self, lines: int) -> None:
        self._top += lines
        self._write()

    def _row(self, pair: Pair, chosen: PointId | None, snapshot: Snapshot) -> Text:
        muted = self.colour("foreground-muted") or "dim"
        here = chosen.end if chosen is not None and chosen.pair_id == pair.id else ""
        line = Text("▸" if here else " ")
        line.append(f"{pair.id:<2}", style="bold")
        wide = self.content_size.width >= FULL
        line.append(f" {_xy(pair.handle):>7}", style=_style(HANDLE, here == "handle"))
        if pair.pin:
            line.append("   " if wide else " ").append(f"{'pin':<7}", style=muted)
        else:
            line.append(" → " if wide else "→", style=muted)
            line.append(f"{_xy(pair.target):<7}", style=_style(TARGET, here == "target"))
        there = snapshot.document.is_there(pair)
        if not wide:
            away = "✓" if there else f"{pair.distance:.1f}"
            return line.append(f"{away:>6}", style=self.colour("text-success") if there else "")
        self._append_state(line, pair, snapshot)
        match = None if snapshot.frame is None else snapshot.frame.match.get(pair.id)
        room = self.content_size.width - MATCHED
        if room >= 0:
            line.append(" " * 7 if match is None else f"{match:7.0%}", style=muted)
        if room >= LEAST_BAR + 2 and not there and not pair.pin:
            bar = _bar(_share_left(pair, snapshot), min(BAR, room - 2))
            line.append("  ").append(bar, style=_style(TARGET, False))
        return line

    def _append_state(self, line: Text, pair: Pair, snapshot: Snapshot) -> None:
        """Where a handle is, in ten cells."""
        frame = snapshot.frames[-1] if snapshot.frames else None
        warning = self.colour("text-warning") or "yellow"
        if frame is not None and is_lost(frame.match.get(pair.id)):
            line.append(f" {'lost':>9}", style=warning)
        elif snapshot.document.is_there(pair):
            word = "holds" if pair.pin else "reached"
            line.append(f" {word:>9}", style=self.colour("text-success") or "green")
        elif frame is not None and pair.id in frame.unpulled:
            line.append(f" {'no pull':>9}", style=warning)
        else:
            line.append(f" {pair.distance:6.1f} px")


def _pending_row(number: int, handle: Point, cursor: Point) -> Text:
    """A handle whose target is being looked for."""
    line = Text("▸")
    line.append(f"{number:<2}", style="bold")
    line.append(f" {_xy(handle):>7}", style=_style(HANDLE, False))
    line.append(f" → {_xy(cursor):<7}", style="dim")
    return line


def _share_left(pair: Pair, snapshot: Snapshot) -> float:
    """Distance to go as a share of what it was when the run began."""
    start = pair.distance
    if snapshot.frames:
        handle = snapshot.frames[0].handles.get(pair.id)
        if handle is not None:
            dx, dy = handle[0] - pair.target[0], handle[1] - pair.target[1]
            start = max(start, (dx * dx + dy * dy) ** 0.5)
    return pair.distance / start if start else 0.0


def _bar(share: float, cells: int) -> str:
    halves = round(min(1.0, share) * cells * 2)
    return "━" * (halves // 2) + "╸" * (halves % 2)


def _xy(point: Point) -> str:
    return f"{point[0]},{point[1]}"


def _style(colour: tuple[int, int, int], strong: bool) -> str:
    return f"rgb({colour[0]},{colour[1]},{colour[2]})" + (" bold reverse" if strong else "")
