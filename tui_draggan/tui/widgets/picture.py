"""What shows a picture: a widget that takes its lines from a surface."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.widgets.half_block_surface import HalfBlockSurface
from tui_draggan.tui.widgets.pixel_surface import PixelSurface

Surface = HalfBlockSurface | PixelSurface


def surface_for(widget: Widget, display: Display, longest: int) -> Surface:
    """What draws a picture on a widget. longest: pixels of the longer side at most, where the
    terminal can enlarge."""
    if display.graphics == "half":
        return HalfBlockSurface(widget)
    return PixelSurface(widget, display, longest)


class Picture(Widget):
    """A picture in half blocks, or in the terminal's own pixels where it has some."""

    ALLOW_SELECT = False

    def __init__(
        self,
        display: Display,
        longest: int,
        id: str | None = None,
    ) -> None:
        """longest: pixels of the longer side at most, where the terminal can enlarge."""
        super().__init__(id=id)
        self._longest = longest
        self.surface = surface_for(self, display, longest)

    def take_display(self, display: Display) -> None:
        """Pictures reach the terminal in another way, or its cells have another size."""
        before, self.surface = self.surface, surface_for(self, display, self._longest)
        before.stop()
        self.surface.start()
        self.repaint()
        self.refresh()

    def repaint(self) -> None:
        """Shows on the surface what is to be seen."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.surface.start()

    def on_unmount(self) -> None:
        self.surface.stop()

    def render_line(self, y: int) -> Strip:
        return self.surface.line(y)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Without Textual's layer of borders, padding and colour filters, of which it has none:
        the dots are in the terminal's own colours already, or grey."""
        self.surface.before_lines()
        start, end = crop.column_span
        return [self.render_line(y).crop(start, end) for y in crop.line_range]
