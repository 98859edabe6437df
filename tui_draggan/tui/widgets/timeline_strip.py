"""All steps of the edit in one row below the picture, as high as their loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.text import Text
from textual import events
from textual.message import Message

from tui_draggan.tui.timeline import Timeline
from tui_draggan.tui.widgets.loss_plot import above_zero, curve
from tui_draggan.tui.widgets.readout import Readout

HEIGHTS = "▁▂▃▄▅▆▇█"
HERE, BEST, NEAREST, BORDER = "┃", "★", "◆", "│"
MARGIN = 1
"""Columns at either end."""


class TimelineStrip(Readout):
    """Shows a `Timeline`; tells which step is pressed."""

    @dataclass
    class Pressed(Message):
        """A step was pressed."""

        place: int

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TimelineStrip.Pressed)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._timeline: Timeline | None = None
        self._held = False

    def show(self, timeline: Timeline) -> None:
        """The steps there are; nothing where there are none."""
        self._timeline = timeline
        columns = self.size.width - 2 * MARGIN
        if not timeline.steps or columns < 1:
            self.write(Text(""))
            return
        losses = above_zero([frame.loss for frame in timeline.steps])
        levels = np.rint(curve(losses, columns) * (len(HEIGHTS) - 1)).astype(int)
        text = Text(" " * MARGIN + "".join(HEIGHTS[level] for level in levels))
        text.stylize(self.colour("foreground-muted") or "dim")
        for start in timeline.starts[1:]:
            text = self._with(text, start, BORDER, self.colour("foreground-muted"))
        if timeline.best is not None:
            text = self._with(text, timeline.best, BEST, self.colour("success"))
        if timeline.nearest is not None and timeline.nearest != timeline.best:
            text = self._with(text, timeline.nearest, NEAREST, self.colour("warning"))
        if timeline.place is not None:
            text = self._with(text, timeline.place, HERE, f"bold {self.colour('accent')}".strip())
        self.write(text)

    def _with(self, text: Text, place: int, sign: str, style: str) -> Text:
        """The row with a sign at a step."""
        at = MARGIN + self.column_of(place)
        return text[:at] + Text(sign, style=style) + text[at + 1 :]

    def column_of(self, place: int) -> int:
        """The column of a step, without the margin."""
        assert self._timeline is not None
        columns, last = self.size.width - 2 * MARGIN, len(self._timeline.steps) - 1
        return round(place * (columns - 1) / last) if last else 0

    def place_at(self, x: int) -> int | None:
        """The step at a column of the widget."""
        timeline, columns = self._timeline, self.size.width - 2 * MARGIN
        if timeline is None or not timeline.steps or columns < 2:
            return None
        share = min(1.0, max(0.0, (x - MARGIN) / (columns - 1)))
        return round(share * (len(timeline.steps) - 1))

    # -- the mouse -----------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._held = True
        self.capture_mouse()
        self._tell(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._held:
            self._tell(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._held = False
        self.release_mouse()

    def _tell(self, event: events.MouseEvent) -> None:
        place = self.place_at(int(event.x))
        if place is not None:
            self.post_message(self.Pressed(place))
