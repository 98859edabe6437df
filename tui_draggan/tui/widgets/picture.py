"""The picture, as half cells, with its marks; repaints changed rows only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.edit.points import Point
from tui_draggan.tui.scene import Scene, fitted, number_cells, overlay
from tui_draggan.tui.terminal import half_blocks
from tui_draggan.tui.terminal.half_blocks import Depth, TextCells
from tui_draggan.tui.view import View

REACH = 3.0
"""Dots within which the mouse takes hold of a point: a cell is one wide and two high."""
UNSEEN = 3
"""Levels of 255 by which a dot may lag behind while the picture moves: half as much to write."""


class PicturePanel(Widget):
    """Shows a `Scene`; tells of the mouse in image pixels."""

    ALLOW_SELECT = False

    @dataclass
    class Pressed(Message):
        """The button went down on the picture."""

        place: Point
        reach: float
        """Image pixels within which a point counts as hit."""

    @dataclass
    class Dragged(Message):
        """The pointer moved with the button down."""

        place: Point

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PicturePanel.Dragged)

    @dataclass
    class Released(Message):
        """The button came up."""

        place: Point

    @dataclass
    class Viewed(Message):
        """Another part of the picture is shown."""

        view: View

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = View(1, 1, 1)
        self._scene: Scene | None = None
        self._dots = np.zeros((0, 0, 3), np.uint8)
        self._codes = np.zeros((0, 0), np.int32)
        self._texts: TextCells = {}
        self._fitted: tuple[object, object, View, Bytes] | None = None
        self._pressed = False

    # -- what is shown -------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Shows a scene; repaints the rows that differ."""
        if self._scene is None or self._scene.resolution != scene.resolution:
            self.view = View(scene.resolution, *self._cells)
        if self._scene is None or self._scene.hand.cursor != scene.hand.cursor:
            self._look(self.view.showing(*scene.hand.cursor))
        self._scene = scene
        self._paint()

    def zoom(self, steps: int, at: Point | None = None) -> None:
        """So many levels nearer, with `at` (the crosshair) staying where it is on the screen."""
        if self._scene is not None:
            self._look(self.view.zoomed(steps, *(at or self._scene.hand.cursor)))
            self._paint()

    def _look(self, view: View) -> None:
        if view != self.view:
            self.view = view
            self.post_message(self.Viewed(view))

    @property
    def _cells(self) -> tuple[int, int]:
        return max(1, self.size.width), max(1, self.size.height)

    def on_resize(self) -> None:
        self._paint()

    def _paint(self) -> None:
        columns, rows = self._cells
        self.view = replace(self.view, columns=columns, rows=rows)
        background = self.background_colors[1]
        dots = np.empty((2 * rows, columns, 3), np.uint8)
        dots[:] = background.rgb
        texts: TextCells = {}
        scene, view = self._scene, self.view
        if scene is not None and scene.image is not None:
            square = self._fit(scene, view)
            dots[view.top : view.top + view.side, view.left : view.left + view.side] = square
            overlay(dots, scene, view.to_dots, view.side)
            texts = number_cells(scene, view)
        if scene is not None and scene.moving and self._dots.shape == dots.shape:
            near = np.abs(dots.astype(np.int16) - self._dots).max(axis=-1) <= UNSEEN
            dots[near] = self._dots[near]
        self._dots = dots
        if self.app.no_color:
            dots = half_blocks.to_grey(dots)
            texts = {place: half_blocks.grey_text(cell) for place, cell in texts.items()}
        self._replace(half_blocks.colour_codes(dots, self._depth), texts)

    def _fit(self, scene: Scene, view: View) -> Bytes:
        """The resized picture, kept while only marks change."""
        assert scene.image is not None
        kept = self._fitted
        if kept is None or kept[0] is not scene.image or kept[1] is not scene.mask:
            kept = None
        if kept is None or kept[2] != view:
            kept = (scene.image, scene.mask, view, fitted(scene.image, view, scene.mask, view.side))
            self._fitted = kept
        return kept[3]

    def _replace(self, codes: half_blocks.Codes, texts: TextCells) -> None:
        old, old_texts = self._codes, self._texts
        self._codes, self._texts = codes, texts
        if old.shape != codes.shape:
            self.refresh()
            return
        changed = (old != codes).any(axis=1)
        rows = set(np.flatnonzero(changed[0::2] | changed[1::2]).tolist())
        rows |= {place[0] for place, _ in old_texts.items() ^ texts.items()}
        if rows:
            self.refresh(*_bands(sorted(rows), codes.shape[1]))

    @property
    def _depth(self) -> Depth:
        return half_blocks.depth_of(self.app.console.color_system)

    def render_line(self, y: int) -> Strip:
        if 2 * y + 1 >= len(self._codes) or self._codes.shape[1] != self.size.width:
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        upper, lower = self._codes[2 * y], self._codes[2 * y + 1]
        return half_blocks.row_strip(upper, lower, self._depth, y, self._texts)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Without Textual's layer of borders, padding and colour filters, of which it has none:
        the dots are in the terminal's own colours already, or grey."""
        strips = [self.render_line(y) for y in crop.line_range]
        start, end = crop.column_span
        return [strip.crop(start, end) for strip in strips]

    # -- the mouse -----------------------------------------------------------------------------

    def _place(self, event: events.MouseEvent) -> tuple[float, float]:
        """The pointer in dots from the panel's corner.

        Terminals that report whole cells mean the cell's middle.
        """
        across, down = event.pointer_x, event.pointer_y
        if across == int(across) and down == int(down):
            across, down = across + 0.5, down + 0.5
        return across, 2 * down

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = self._place(event)
        if event.button == 1 and self._scene is not None and self.view.holds(*place):
            self._pressed = True
            self.capture_mouse()
            reach = max(1.0, REACH / self.view.dots_per_pixel)
            self.post_message(self.Pressed(self.view.to_image(*place), reach))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._pressed:
            self.post_message(self.Dragged(self.view.to_image(*self._place(event))))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._pressed:
            self._pressed = False
            self.release_mouse()
            self.post_message(self.Released(self.view.to_image(*self._place(event))))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.zoom(1, self.view.to_image(*self._place(event)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.zoom(-1, self.view.to_image(*self._place(event)))


def _bands(rows: list[int], width: int) -> list[Region]:
    """Neighbouring rows as one region."""
    bands: list[Region] = []
    for row in rows:
        if bands and bands[-1].bottom == row:
            bands[-1] = bands[-1].grow((0, 0, 1, 0))
        else:
            bands.append(Region(0, row, width, 1))
    return bands
