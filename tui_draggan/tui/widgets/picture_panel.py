"""The picture that is edited, with its marks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.geometry import Region
from textual.message import Message

from tui_draggan.arrays import Bytes
from tui_draggan.edit.points import Point
from tui_draggan.size import Size
from tui_draggan.tui.scene import Scene, fitted, number_cells, overlay, painted
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.view import ZOOMS, View
from tui_draggan.tui.widgets.half_block_surface import HalfBlockSurface
from tui_draggan.tui.widgets.picture import Picture
from tui_draggan.tui.widgets.pixel_surface import MOST_CELLS

LONGEST = 768
"""Pixels of the picture's longer side at most, where the terminal can enlarge."""
CELL_BYTES = 40
"""Bytes of a half block with its colours."""
NEAR = 4
"""Levels of zoom that a single key goes in."""
REACH = 3.0
"""Dots within which the mouse takes hold of a point: a cell is one wide and two high."""
UNSEEN = 3
"""Levels of 255 by which a dot may lag behind while the picture moves: half as much to write."""


class PicturePanel(Picture):
    """Shows a `Scene`; tells of the mouse in image pixels."""

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
    class Wheeled(Message):
        """The wheel turned while there is a brush or a box."""

        steps: int

    @dataclass
    class Viewed(Message):
        """Another part of the picture is shown."""

        view: View

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(display, LONGEST, id)
        self.view = View(Size.square(1), 1, 1)
        self._scene: Scene | None = None
        self._dots = np.zeros((0, 0, 3), np.uint8)
        self._fitted: tuple[object, object, View, Bytes] | None = None
        self._marks = np.zeros((0, 0), bool)
        """Dots of what stands on the picture that is shown."""
        self._pressed = False
        self._most: int | None = None
        """Cells that may be repainted at once; None: all."""
        self.is_behind = False
        """Whether dots that differ were left for another time."""

    # -- what is shown -------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Shows a scene; repaints the rows that differ."""
        if self._scene is None or self._scene.size != scene.size:
            self.view = View(scene.size, *self._cells)
        if self._scene is None or self._scene.pointer.cursor != scene.pointer.cursor:
            self._look(self.view.showing(*scene.pointer.cursor))
        self._scene = scene
        self.repaint()

    def limit(self, room: int | None) -> None:
        """How many bytes the next picture may have, half blocks only; None: any number."""
        self._most = None if room is None else max(1, room // CELL_BYTES)

    def zoom(self, steps: int, at: Point | None = None) -> None:
        """Zooms in by so many levels; `at` (or the crosshair) stays where it is on the screen."""
        if self._scene is not None:
            self._look(self.view.zoomed(steps, *(at or self._scene.pointer.cursor)))
            self.repaint()

    def toggle_zoom(self) -> None:
        """Zooms in, or shows the whole picture again."""
        if self.view.zoom > 1:
            self.reset_zoom()
        else:
            self.zoom(NEAR)

    def reset_zoom(self) -> None:
        """Shows the whole picture."""
        self.zoom(-len(ZOOMS))

    def _look(self, view: View) -> None:
        if view != self.view:
            self.view = view
            self.post_message(self.Viewed(view))

    @property
    def _cells(self) -> tuple[int, int]:
        return max(1, self.size.width), max(1, self.size.height)

    def on_resize(self) -> None:
        self.repaint()

    def repaint(self) -> None:
        columns, rows = self._cells
        self.view = replace(self.view, columns=columns, rows=rows)
        scene, view = self._scene, self.view
        if isinstance(self.surface, HalfBlockSurface):
            texts = (
                number_cells(scene, view) if scene is not None and scene.image is not None else {}
            )
            self.surface.show(Region(0, 0, columns, rows), self._draw_dots(scene, view), texts)
        elif scene is not None and scene.image is not None:
            height, width = view.drawn
            shrink = min(1.0, MOST_CELLS / max(width, height // 2))
            width, height = int(width * shrink), int(height * shrink)
            cells = Region(view.left, view.top // 2, max(1, width), max(1, height // 2))
            self.surface.show(cells, lambda *size: painted(scene, view, *size))

    def _draw_dots(self, scene: Scene | None, view: View) -> Bytes:
        """The whole panel (2·rows, columns, 3)."""
        dots = np.empty((2 * view.rows, view.columns, 3), np.uint8)
        dots[:] = self.background_colors[1].rgb
        marks = np.zeros(dots.shape[:2], bool)
        if scene is not None and scene.image is not None:
            left, top, (height, width) = view.left, view.top, view.drawn
            dots[top : top + height, left : left + width] = self._fit(scene, view)
            plain = dots.copy()
            overlay(dots, scene, view.to_dots, view.drawn.shorter)
            marks = (dots != plain).any(axis=-1)
        before, self._marks = self._marks, marks
        self.is_behind = False
        held_back = scene is not None and (scene.moving or self._most is not None)
        if scene is not None and held_back and self._dots.shape == dots.shape:
            self._lag(dots, marks | before, UNSEEN if scene.moving else 0)
        self._dots = dots
        return dots

    def _lag(self, dots: Bytes, marks: NDArray[np.bool_], unseen: int) -> None:
        """Leaves dots as they are shown: those that differ by no more than `unseen`, and all but
        the cells furthest off where the line has room for so many only. Marks are always new."""
        off = np.abs(dots.astype(np.int16) - self._dots).max(axis=-1)
        stay = off <= unseen
        if self._most is not None:
            cells = np.maximum(off[0::2], off[1::2])
            cells[marks[0::2] | marks[1::2]] = 0
            if np.count_nonzero(cells > unseen) > self._most:
                self.is_behind = True
                nearer = np.argpartition(cells.ravel(), -self._most)[: -self._most]
                late = np.zeros(cells.size, bool)
                late[nearer] = True
                stay |= late.reshape(cells.shape).repeat(2, axis=0)
        stay &= ~marks
        dots[stay] = self._dots[stay]

    def _fit(self, scene: Scene, view: View) -> Bytes:
        """The resized picture, kept while only marks change."""
        assert scene.image is not None
        kept = self._fitted
        if kept is None or kept[0] is not scene.image or kept[1] is not scene.mask:
            kept = None
        if kept is None or kept[2] != view:
            kept = (
                scene.image,
                scene.mask,
                view,
                fitted(scene.image, view, scene.mask, view.drawn),
            )
            self._fitted = kept
        return kept[3]

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
        self._wheel(1, event)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(-1, event)

    def _wheel(self, steps: int, event: events.MouseEvent) -> None:
        """Another size of brush or box where there is one, else another zoom."""
        scene = self._scene
        if scene is not None and (scene.brush is not None or scene.box is not None):
            self.post_message(self.Wheeled(steps))
        else:
            self.zoom(steps, self.view.to_image(*self._place(event)))
