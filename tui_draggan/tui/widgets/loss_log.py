"""The loss log: one line for every iteration of every run, none left out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_draggan.drag.document import Frame


class LossLog(ScrollView, can_focus=False):
    """Grows at the end and follows it, unless one has scrolled up."""

    ALLOW_SELECT = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "log"
        self.lines: list[str] = []
        self._run: Frame | None = None
        self._seen = 0
        self._runs = 0
        self._following = True

    def show(self, frames: Sequence[Frame]) -> None:
        """Takes over the steps not seen yet; a run that starts anew gets a heading."""
        if not frames:
            return
        if self._run is not frames[0]:
            self._run, self._seen = frames[0], 0
            self._runs += 1
            if self._runs > 1:
                self.lines.append(f"── run {self._runs} ──")
        fresh = [_line(frame) for frame in frames[self._seen :]]
        self._seen = len(frames)
        if fresh:
            self._append(fresh)

    def _append(self, fresh: list[str]) -> None:
        self.lines.extend(fresh)
        self.virtual_size = Size(max(map(len, self.lines[-1:])), len(self.lines))
        self._follow()
        self.refresh(Region(0, 0, *self.size))

    def _follow(self) -> None:
        if self._following:
            self.set_scroll(None, max(0, len(self.lines) - self.scrollable_content_region.height))

    def on_resize(self) -> None:
        self._follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled up by hand it stays; at the end it follows again."""
        super().watch_scroll_y(old_value, new_value)
        self._following = new_value >= self.max_scroll_y

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        index = y + self.scroll_offset.y
        style = self.visual_style.rich_style
        if index >= len(self.lines):
            return Strip.blank(width, style)
        if index == len(self.lines) - 1:
            style += Style(bold=True)
        line = self.lines[index][:width]
        return Strip([Segment(line, style)], len(line)).extend_cell_length(width, style)


def _line(frame: Frame) -> str:
    return (
        f"{frame.iteration:>4}  {frame.loss:<9.4g}"
        f" {frame.distance:6.1f} px {frame.milliseconds:5.0f} ms"
    )
