"""The mask under a person's hands: a brush and other tools on the picture."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar

import numpy as np

from tui_draggan.edit import brush
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.parameters import HOLD, LOSS
from tui_draggan.edit.points import Point
from tui_draggan.pictures.alpha import over_black
from tui_draggan.tui.editor import Editor
from tui_draggan.wording import percent

LARGEST = 0.25
"""Radius of the brush at most, as a share of the picture's shorter side."""
GROWTH = 1.3
"""Ratio of one size of the brush to the next."""
TOLERANCE = 24.0
"""Levels of 255 by which a flood's pixels may differ from where it begins."""


class Tool(Enum):
    """What Enter does at the crosshair."""

    BRUSH = "brush"
    RECTANGLE = "rectangle"
    POLYGON = "polygon"


class MaskMode:
    """Painting where the picture may change. It knows no widget.

    A stroke, a rectangle, a polygon is begun with Enter, goes on as the crosshair moves, and is
    ended with Enter; each is one change that undo takes back.
    """

    name: ClassVar = "mask"
    has_arrows: ClassVar = False

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        size = editor.snapshot.info.size
        self.is_open = False
        self.radius = max(1.0, size.shorter / 20)
        """Pixels."""
        self.allows = True
        """Whether what is painted may change; else it stays as it is."""
        self.tool = Tool.BRUSH
        self._places: tuple[Point, ...] = ()
        """Where the stroke under way has been, or the corners so far; () where none is."""
        self._shown: tuple[Mask | None, object, Mask] | None = None
        """Mask that is painted on, what is under way, and the mask with it."""

    # -- what there is to see ------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a stroke is under way."""
        return bool(self._places)

    @property
    def mask(self) -> Mask | None:
        """The mask as it is shown: with the stroke under way. None: all may change."""
        document = self._editor.snapshot.document.mask
        return self._painted() if self._places else document

    @property
    def outline(self) -> float | None:
        """Radius of the brush that is drawn round the crosshair; None where there is none."""
        return self.radius if self.is_open and self.tool is Tool.BRUSH else None

    @property
    def corners(self) -> tuple[Point, ...]:
        """Corners so far, of a rectangle or polygon."""
        return () if self.tool is Tool.BRUSH else self._places

    @property
    def words(self) -> str:
        """Tool, what it paints, and what the mask allows, in a line."""
        tool = f"brush {2 * self.radius:.0f} px" if self.tool is Tool.BRUSH else self.tool.value
        paints = "paints what may change" if self.allows else "paints what stays"
        mask, parameters = self.mask, self._editor.snapshot.document.parameters
        share = "all may change" if mask is None else f"{percent(float(mask.mean()))} may change"
        held = parameters.mask_mode == HOLD
        rest = "the rest is held" if held else f"λ {parameters.mask_weight:g}"
        return f"{tool} {paints} · {share} · {rest}"

    # -- what its keys do ----------------------------------------------------------------------

    def enter(self) -> None:
        self.is_open = True
        self._editor.cancel()
        self._editor.refresh()

    def leave(self) -> None:
        """Gives up the stroke under way; without one closes the mode."""
        if self._places:
            self._places = ()
        else:
            self.is_open = False
        self._editor.refresh()

    def confirm(self) -> None:
        """Enter: begins, adds a corner, ends."""
        place = self._editor.pointer.cursor
        if not self._places:
            self._places = (place,)
        elif self.tool is Tool.POLYGON and place not in self._places:
            self._places = (*self._places, place)
        else:
            self._finish()
        self._editor.refresh()

    def followed(self) -> None:
        """The crosshair has moved: the brush, where it is down, paints along."""
        place = self._editor.pointer.cursor
        if self._places and self.tool is Tool.BRUSH and place != self._places[-1]:
            self._places = (*self._places, place)

    def press(self) -> None:
        """The mouse button goes down where the crosshair is now."""
        if self.tool is Tool.BRUSH:
            self._places = (self._editor.pointer.cursor,)
        else:
            self.confirm()

    def release(self) -> None:
        """The mouse button comes up: a stroke ends, a rectangle that was drawn open too."""
        place = self._editor.pointer.cursor
        if self.tool is Tool.BRUSH or (
            self.tool is Tool.RECTANGLE and self._places and place != self._places[0]
        ):
            self._finish()
        self._editor.refresh()

    def resize(self, steps: int) -> None:
        """The brush larger by so many sizes; negative: smaller."""
        most = LARGEST * self._editor.snapshot.info.size.shorter
        factor = GROWTH if steps > 0 else 1 / GROWTH
        for _ in range(abs(steps)):
            # At least half a pixel, so that every key makes a small brush another.
            step = self.radius * factor - self.radius
            self.radius += step if abs(step) >= 0.5 else 0.5 * np.sign(step)
        self.radius = min(most, max(0.5, self.radius))
        self._editor.refresh()

    def turn(self) -> None:
        """From painting what may change to painting what stays, or back."""
        self.allows = not self.allows
        self._editor.refresh()

    def next_tool(self) -> None:
        """Brush, rectangle, polygon; gives up what is under way."""
        tools = list(Tool)
        self.tool = tools[(tools.index(self.tool) + 1) % len(tools)]
        self._places = ()
        self._editor.refresh()

    def flood(self) -> None:
        """Paints what hangs together with the crosshair and looks like it."""
        picture = self._editor.snapshot.picture
        size = self._editor.snapshot.info.size
        if picture is not None and picture.shape[:2] == size:
            cursor = self._editor.pointer.cursor
            seen = over_black(picture)  # what is transparent is alike, whatever its colour
            self._set(brush.flood(self._ground(), seen, cursor, TOLERANCE, self.allows))

    def part(self) -> None:
        """The part under the selected point's handle, else under the crosshair, may change too."""
        editor, selected = self._editor, self._editor.pointer.selected
        place = editor.pointer.cursor
        if selected is not None:
            place = editor.snapshot.document.pair(selected.pair_id).handle
        editor.attempt(lambda: editor.session.mask_part(place), "looking for the part here …")

    def invert(self) -> None:
        self._change(lambda mask: ~mask)

    def grow(self) -> None:
        """What may change a pixel wider."""
        self._change(brush.grow)

    def shrink(self) -> None:
        """What may change a pixel narrower."""
        self._change(brush.shrink)

    def next_mode(self) -> None:
        """From holding the rest to the mask loss, or back."""
        held = self._editor.snapshot.document.parameters.mask_mode == HOLD
        self._editor.set_parameter("mask_mode", LOSS if held else HOLD)

    def clear(self) -> None:
        """All may change."""
        self._places = ()
        self._editor.clear_mask()

    # -- painting ------------------------------------------------------------------------------

    def _ground(self) -> Mask:
        """What is painted on. Where there is no mask yet, the first stroke says what a part of the
        picture does, and the rest does the opposite."""
        mask = self._editor.snapshot.document.mask
        if mask is not None:
            return mask
        everything = brush.everything(self._editor.snapshot.info.size)
        return ~everything if self.allows else everything

    def _painted(self) -> Mask:
        """With what is under way; the same array until it goes on."""
        cursor, document = self._editor.pointer.cursor, self._editor.snapshot.document.mask
        question = self._places, cursor, self.tool, self.radius, self.allows
        shown = self._shown
        if shown is None or shown[0] is not document or shown[1] != question:
            shown = self._shown = document, question, self._paint(cursor)
        return shown[2]

    def _paint(self, cursor: Point) -> Mask:
        ground = self._ground()
        if self.tool is Tool.BRUSH:
            return brush.stroke(ground, self._places, self.radius, self.allows)
        if self.tool is Tool.RECTANGLE:
            return brush.rectangle(ground, self._places[0], cursor, self.allows)
        corners = self._places if cursor in self._places else (*self._places, cursor)
        return brush.polygon(ground, corners, self.allows)

    def _finish(self) -> None:
        if self._places:
            painted, self._places = self._painted(), ()
            self._set(painted)

    def _change(self, change: Callable[[Mask], Mask]) -> None:
        mask = self._editor.snapshot.document.mask
        if mask is not None and not self._places:
            self._set(change(mask))

    def _set(self, mask: Mask) -> None:
        session = self._editor.session
        self._editor.attempt(lambda: session.set_mask(None if mask.all() else mask))
