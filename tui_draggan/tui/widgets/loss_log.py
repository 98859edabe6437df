"""The loss log: one line for every iteration of every run, none left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from weakref import ReferenceType, ref

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.edit.document import Frame
from tui_draggan.wording import numbered

NOTCH = 3
"""Lines the wheel goes."""


class LossLog(Widget):
    """Grows at the end and follows it, unless one has scrolled back with the wheel. A point that
    nothing pulls is named before the step that found it.

    Draws its lines itself: a scroll view lays the whole screen out anew for every line.
    """

    ALLOW_SELECT = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "log"
        self.lines: list[str] = []
        self._runs: list[ReferenceType[Frame]] = []
        """The first step of every run, for as long as undo can bring it back."""
        self._run = 0
        """Index of the run that came last."""
        self._seen: list[int] = []
        """Number of steps taken over from every run."""
        self._back = 0

    def show(self, frames: Sequence[Frame]) -> None:
        """Takes over the steps not seen yet; a run that starts anew, or comes back with undo, gets
        a heading."""
        if not frames:
            return
        before = len(self.lines)
        known = (number for number, first in enumerate(self._runs) if first() is frames[0])
        run = next(known, len(self._runs))
        if run == len(self._runs):
            self._runs.append(ref(frames[0]))
            self._seen.append(0)
            if run:
                self.lines.append(f"── run {run + 1} ──")
        elif run != self._run:
            self.lines.append(f"── run {run + 1} again ──")
        self.lines += _lines(frames, self._seen[run])
        self._run, self._seen[run] = run, len(frames)
        if self._back:
            self._back += len(self.lines) - before  # what is looked at stays where it is
        elif len(self.lines) > before:
            self.refresh()

    @property
    def top(self) -> int:
        """The first line that is seen."""
        return max(0, len(self.lines) - self.content_size.height - self._back)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll_back(NOTCH)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll_back(-NOTCH)

    def _scroll_back(self, lines: int) -> None:
        most = max(0, len(self.lines) - self.content_size.height)
        self._back = min(most, max(0, self._back + lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        index = y + self.top
        style = self.visual_style.rich_style
        if index >= len(self.lines):
            return Strip.blank(width, style)
        if index == len(self.lines) - 1:
            style += Style(bold=True)
        line = self.lines[index][:width]
        return Strip([Segment(line.ljust(width), style)], width)


def _lines(frames: Sequence[Frame], first: int) -> Iterator[str]:
    """Those of the frames from index `first` on."""
    known = frames[first - 1].unpulled if first else frozenset()
    for frame in frames[first:]:
        if frame.unpulled - known:
            yield f"── nothing pulls {numbered('point', frame.unpulled_numbers)} ──"
        known = frame.unpulled
        yield _line(frame)


def _line(frame: Frame) -> str:
    return (
        f"{frame.iteration:>4}  {frame.loss:<9.4g}"
        f" {frame.distance:6.1f} px {frame.milliseconds:5.0f} ms"
    )
