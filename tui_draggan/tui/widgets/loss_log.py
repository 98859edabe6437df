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
        self._places: list[list[int]] = []
        """The line of each step of every run."""
        self._here: int | None = None
        """Line of the step that is shown; None: the last line."""
        self._back = 0

    def show(self, frames: Sequence[Frame], shown: int | None = None) -> None:
        """Takes over the steps not seen yet; a run that starts, or resumes after another, gets a
        heading. shown: index of the step that the picture is; its line stands out."""
        if not frames:
            return
        before = len(self.lines)
        known = (number for number, first in enumerate(self._runs) if first() is frames[0])
        run = next(known, len(self._runs))
        if run == len(self._runs):
            self._runs.append(ref(frames[0]))
            self._seen.append(0)
            self._places.append([])
            if run:
                self.lines.append(f"── run {run + 1} ──")
        elif run != self._run and len(frames) > self._seen[run]:
            self.lines.append(f"── run {run + 1} again ──")
        for line, is_step in _lines(frames, self._seen[run]):
            if is_step:
                self._places[run].append(len(self.lines))
            self.lines.append(line)
        self._run, self._seen[run] = run, len(frames)
        if self._back:
            self._back += len(self.lines) - before  # what is looked at stays where it is
        elif len(self.lines) > before:
            self.refresh()
        here = self._places[run][-1 if shown is None else shown]
        self._stand_out(None if here == len(self.lines) - 1 else here)

    def _stand_out(self, line: int | None) -> None:
        """Follows to a line; None: the last one."""
        if line == self._here:
            return
        self._here, height = line, self.content_size.height
        if line is None:
            self._back = 0
        elif not self.top <= line < self.top + height:
            self._scroll_back(len(self.lines) - self._back - height // 2 - 1 - line)
        self.refresh()

    @property
    def here(self) -> int:
        """The line that stands out: of the step that is shown, else the last."""
        return len(self.lines) - 1 if self._here is None else self._here

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
        if index == self.here:
            style += Style(bold=True)
        line = self.lines[index][:width]
        return Strip([Segment(line.ljust(width), style)], width)


def _lines(frames: Sequence[Frame], first: int) -> Iterator[tuple[str, bool]]:
    """Those of the frames from index `first` on, and whether each is a step."""
    known = frames[first - 1].unpulled if first else frozenset()
    for frame in frames[first:]:
        if frame.unpulled - known:
            yield f"── nothing pulls {numbered('point', frame.unpulled_numbers)} ──", False
        known = frame.unpulled
        yield _line(frame), True


def _line(frame: Frame) -> str:
    # A search for a photograph moves no points.
    distance = f"{frame.distance:6.1f} px" if frame.handles else " " * 9
    return f"{frame.iteration:>4}  {frame.loss:<9.4g} {distance} {frame.milliseconds:5.0f} ms"
