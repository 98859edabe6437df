"""The loss log: one line for every iteration of every run, none left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
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

    @dataclass
    class Chosen(Message):
        """The line of a step was clicked."""

        run: int
        step: int

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "log"
        self.lines: list[str] = []
        self._runs: list[Sequence[Frame]] = []
        """Runs whose lines these are."""
        self._steps: list[tuple[int, int]] = []
        """Run and step of every line; a step of -1 for a heading."""
        self._here: int | None = None
        """Line of the step that is shown; None: the last line."""
        self._back = 0

    def show(self, runs: Sequence[Sequence[Frame]], run: int, shown: int | None = None) -> None:
        """Takes over the steps not seen yet. What led to the picture no more, since it was undone
        or is of another picture, goes.

        runs: all that led to the picture. run: index of the one that is walked through. shown:
        index of its step that the picture is; its line stands out.
        """
        before = len(self.lines)
        if not _continue(self._runs, runs):
            self.lines, self._steps, self._runs, self._back = [], [], [], 0
            before = 0
            self.refresh()
        for number in range(max(0, len(self._runs) - 1), len(runs)):
            seen = len(self._runs[number]) if number < len(self._runs) else 0
            if number and not seen:
                self._add(f"── run {number + 1} ──", number, -1)
            step = seen
            for line, is_step in _lines(runs[number], seen):
                self._add(line, number, step if is_step else -1)
                step += is_step
        self._runs = list(runs)
        if self._back:
            self._back += len(self.lines) - before  # what is looked at stays where it is
        elif len(self.lines) > before:
            self.refresh()
        if not runs:
            self._here = None
            return
        wanted = run, (len(runs[run]) - 1 if shown is None else shown)
        here = self._steps.index(wanted) if wanted in self._steps else len(self.lines) - 1
        self._stand_out(None if here == len(self.lines) - 1 else here)

    def _add(self, line: str, run: int, step: int) -> None:
        self.lines.append(line)
        self._steps.append((run, step))

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is not None and (line := place.y + self.top) < len(self._steps):
            run, step = self._steps[line]
            if step >= 0:
                self.post_message(self.Chosen(run, step))

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


def _continue(known: Sequence[Sequence[Frame]], runs: Sequence[Sequence[Frame]]) -> bool:
    """Whether the known runs are the first of these, the last of them perhaps with fewer steps. A
    step that has lost or got its picture is the same: its latent tells."""
    if len(known) > len(runs):
        return False
    for number, (before, now) in enumerate(zip(known, runs, strict=False)):
        longer = len(now) >= len(before) if number == len(known) - 1 else len(now) == len(before)
        if (
            not longer
            or before[0].ws is not now[0].ws
            or before[-1].ws is not now[len(before) - 1].ws
        ):
            return False
    return True


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
