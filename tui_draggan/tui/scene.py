"""What is drawn on the picture panel, from values to dots."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.points import Pair, Point
from tui_draggan.pictures import markers
from tui_draggan.size import Size
from tui_draggan.tui.pointer import Pointer, with_grabbed
from tui_draggan.tui.terminal.half_blocks import TextCell
from tui_draggan.tui.view import View

Place = Callable[[float, float], markers.Place]
"""From an image point to the canvas."""
NEAREST_FROM = 3.0
"""Canvas pixels per image pixel from which a zoomed picture shows its pixels as squares."""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that the picture panel shows."""

    image: Bytes | None
    """(P, Q, 3), opaque; it may be smaller than the picture."""
    size: Size
    """Size of the picture in pixels."""
    pairs: tuple[Pair, ...]
    pointer: Pointer
    next_id: int = 1
    """Number of a pair that has no target yet."""
    mask: Mask | None = None
    """Region that may change; the rest is dimmed."""
    brush: float | None = None
    """Radius of the brush round the crosshair, in pixels of the picture; None: none."""
    corners: tuple[Point, ...] = ()
    """Corners so far of a rectangle or polygon that is being drawn."""
    bare: bool = False
    """Whether marks and crosshair are hidden."""
    box: tuple[int, int, int, int] | None = None
    """Left, top, right and bottom pixel of a frame, which is there in place of the crosshair."""
    moving: bool = False
    """The picture changes with every step: differences nobody sees may wait."""


def fitted(image: Bytes, view: View, mask: Mask | None, canvas: Size) -> Bytes:
    """The shown window of an image, in the size of the canvas (height, width, 3)."""
    shrink = image.shape[0] / view.picture.height
    left, top, right, bottom = (edge * shrink for edge in view.window)
    single = canvas.height / view.span[1] >= NEAREST_FROM and view.zoom > 1 and shrink == 1
    kind = Image.Resampling.NEAREST if single else Image.Resampling.LANCZOS
    size = (canvas.width, canvas.height)
    dots = np.asarray(Image.fromarray(image).resize(size, kind, box=(left, top, right, bottom)))
    if mask is None:
        return dots
    allowed = Image.fromarray(mask.astype(np.uint8) * 255)
    share = np.asarray(allowed.resize(size, Image.Resampling.BILINEAR, box=view.window))
    dim = 0.35 + 0.65 * (share[..., None] / 255.0)
    return np.rint(dots * dim).astype(np.uint8)


def pair_marks(scene: Scene, place: Place) -> list[markers.PairMark]:
    """The pairs on the canvas, and the one without a target."""
    pointer = scene.pointer
    chosen = pointer.grabbed or pointer.selected
    marks = []
    for pair in with_grabbed(pointer, scene.pairs):
        selected = chosen.end if chosen is not None and chosen.pair_id == pair.id else ""
        mark = markers.PairMark(pair.id, place(*pair.handle), place(*pair.target), selected)
        marks.append(mark)
    if pointer.pending is not None:
        marks.append(markers.PairMark(scene.next_id, place(*pointer.pending), None))
    return marks


def overlay(canvas: Bytes, scene: Scene, place: Place, side: int, numbers: bool = False) -> None:
    """Paints marks and crosshair into a canvas whose picture has that shorter side, in place;
    nothing where they are hidden.

    While it runs a crosshair left on a point steps aside: there the eye is on the picture. Over a
    target it makes itself small, so that the ring is seen.
    """
    if scene.bare:
        return
    sizes = markers.Sizes.for_canvas(side)
    cursor = place(*scene.pointer.cursor)
    if scene.pointer.pending is not None:
        markers.paint_line(canvas, place(*scene.pointer.pending), cursor, sizes)
    markers.paint_pairs(canvas, pair_marks(scene, place), sizes, numbers)
    if scene.brush is not None:
        x, y = scene.pointer.cursor
        markers.paint_brush(canvas, cursor, place(x + scene.brush, y)[0] - cursor[0], sizes)
    if scene.corners:
        corners = [*(place(*corner) for corner in scene.corners), cursor]
        markers.paint_corners(canvas, corners, sizes)
    if scene.box is not None:
        left, top, right, bottom = scene.box
        frame = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
        markers.paint_corners(canvas, [place(*corner) for corner in frame], sizes)
        return
    points = {point for pair in scene.pairs for point in (pair.handle, pair.target)}
    if not (scene.moving and scene.pointer.cursor in points):
        rings = [place(*pair.target) for pair in with_grabbed(scene.pointer, scene.pairs)]
        covered = any(math.dist(ring, cursor) < sizes.crosshair + sizes.ring for ring in rings)
        markers.paint_crosshair(canvas, cursor, sizes, small=covered)


def painted(scene: Scene, view: View, width: int, height: int) -> Bytes:
    """What the view draws with all marks, (height, width, 3) in a terminal's own pixels.

    Painted with pixels as high as wide and then brought to the cells' proportions.
    """
    assert scene.image is not None
    drawn = view.drawn
    scale = max(width / drawn.width, height / drawn.height)
    size = Size(round(drawn.height * scale), round(drawn.width * scale))
    canvas = fitted(scene.image, view, scene.mask, size).copy()

    def place(x: float, y: float) -> markers.Place:
        across, down = view.to_dots(x, y)
        return (
            (across + 0.5 - view.left) * scale - 0.5,
            (down + 0.5 - view.top) * scale - 0.5,
        )

    overlay(canvas, scene, place, size.shorter, numbers=True)
    if size == (height, width):
        return canvas
    return np.asarray(Image.fromarray(canvas).resize((width, height), Image.Resampling.BILINEAR))


def number_cells(scene: Scene, view: View) -> dict[tuple[int, int], TextCell]:
    """The handles' numbers as characters, by (row, column), under the disc's middle."""
    cells: dict[tuple[int, int], TextCell] = {}
    if scene.bare:
        return cells
    for mark in pair_marks(scene, view.to_dots):
        across, down = mark.handle
        row, column = int((down + 0.5) // 2), round(across)
        digits = str(mark.number)
        for index, digit in enumerate(digits):
            place = (row, column + index - (len(digits) - 1) // 2)
            if 0 <= row < view.rows and 0 <= place[1] < view.columns:
                cells[place] = TextCell(digit, markers.OUTLINE, markers.HANDLE)
    return cells
