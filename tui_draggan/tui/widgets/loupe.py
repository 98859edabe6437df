"""Single pixels around the crosshair, which a cell of the big picture cannot show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.filter import LineFilter
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.edit.points import Point
from tui_draggan.pictures import markers
from tui_draggan.size import Size
from tui_draggan.tui.pointer import with_grabbed
from tui_draggan.tui.scene import Scene
from tui_draggan.tui.terminal.colours import colour_codes, depth_of
from tui_draggan.tui.widgets.strips import row_strip

PIXELS = 16
"""Side of what the loupe shows, in image pixels."""
SECONDS = 1.5
"""Time a passing loupe stays after the crosshair's last move."""


class Loupe(Widget):
    """16×16 pixels, one a dot; the pixel under the crosshair stands between four ticks."""

    ALLOW_SELECT = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._dots = np.zeros((0, 0, 3), np.uint8)
        self.border_title = "loupe"

    def show(self, scene: Scene) -> None:
        """The surroundings of the scene's cursor."""
        if scene.image is None:
            return
        scale = 2 if self.content_size.width >= 2 * PIXELS else 1
        dots = _surroundings(scene.image, scene.size, scene.pointer.cursor)
        _dot_points(dots, scene)
        dots = dots.repeat(scale, axis=0).repeat(scale, axis=1)
        _tick(dots, scale)
        if dots.shape != self._dots.shape or (dots != self._dots).any():
            self._dots = dots
            self.refresh()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Those for people who want no colours; the others take long and change nothing here."""
        return super().get_line_filters() if self.app.no_color else ()

    def render_line(self, y: int) -> Strip:
        if 2 * y + 1 >= len(self._dots):
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        depth = depth_of(self.app.console.color_system)
        upper, lower = colour_codes(self._dots[2 * y : 2 * y + 2], depth, mixed=False)
        return row_strip(upper, lower, depth)


class PassingLoupe(Loupe):
    """Lies over a small screen while the crosshair moves."""

    _leaving: Timer | None = None

    def appear(self) -> None:
        """The crosshair moves."""
        self.add_class("-on")
        if self._leaving is not None:
            self._leaving.stop()
        self._leaving = self.set_timer(SECONDS, lambda: self.remove_class("-on"))


def _origin(cursor: Point) -> Point:
    return cursor[0] - PIXELS // 2, cursor[1] - PIXELS // 2


def _surroundings(image: Bytes, size: Size, cursor: Point) -> Bytes:
    """(16, 16, 3) around the cursor; dark where there is no picture."""
    left, top = _origin(cursor)
    x, y = np.arange(left, left + PIXELS), np.arange(top, top + PIXELS)
    height, width = image.shape[:2]
    column = np.clip(x, 0, size.width - 1) * width // size.width
    row = np.clip(y, 0, size.height - 1) * height // size.height
    dots: Bytes = image[row][:, column].copy()
    dots[(y < 0) | (y >= size.height)] = markers.OUTLINE
    dots[:, (x < 0) | (x >= size.width)] = markers.OUTLINE
    return dots


def _dot_points(dots: Bytes, scene: Scene) -> None:
    pointer = scene.pointer
    left, top = _origin(pointer.cursor)
    pairs = with_grabbed(pointer, scene.pairs)
    places = [(pair.target, markers.TARGET) for pair in pairs]
    places += [(pair.handle, markers.HANDLE) for pair in pairs]
    if pointer.pending is not None:
        places.append((pointer.pending, markers.HANDLE))
    for (x, y), colour in places:
        if 0 <= x - left < PIXELS and 0 <= y - top < PIXELS:
            dots[y - top, x - left] = colour


def _tick(dots: Bytes, scale: int) -> None:
    """Four ticks pointing at the middle pixel, light on dark and dark on light."""
    low = PIXELS // 2 * scale
    high = low + scale
    middle = slice(low, high)
    arms = ((middle, slice(0, 2 * scale)), (middle, slice(-2 * scale, None)))
    for rows, columns in (*arms, *((columns, rows) for rows, columns in arms)):
        part = dots[rows, columns]
        light = part.mean() < 128
        dots[rows, columns] = markers.LINE if light else markers.OUTLINE
