"""Pictures of an edit as they are seen: an engine's, and what a mask holds laid over them.

H and W sides of the picture, P and Q of a preview, L rows of w+.
"""

from __future__ import annotations

from dataclasses import replace

from tui_draggan.arrays import Bytes, Floats, averaged, cell_means
from tui_draggan.edit.hold import Hold, laid_over, weight_inside
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.task import Advance
from tui_draggan.engines.base import Engine
from tui_draggan.size import Size


class Drawing:
    """An engine's pictures as they are seen. For the thread that owns the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._outside: tuple[Floats, Bytes] | None = None
        """w+ whose picture was held last, and the picture (H, W, C)."""
        self._weight: tuple[Mask, Floats] | None = None
        """The mask it was held by last, and `weight_inside` of it."""

    def picture(self, ws: Floats, hold: Hold | None = None, small: bool = False) -> Bytes:
        """w+ (L, w_dim) → the full picture (H, W, C). small: (P, Q, C), as a step shows it, where
        that is there sooner."""
        draw = self.engine.preview if small else self.engine.render
        if hold is None:
            return draw(ws)
        if small:
            return self._laid_over(draw(hold.ws), draw(ws), hold.mask)
        return self.held(draw(ws), hold)

    def held(self, image: Bytes, hold: Hold) -> Bytes:
        """The picture or preview (P, Q, C) of an edited latent → as it is seen."""
        outside = averaged(self._picture_outside(hold.ws), Size(*image.shape[:2]))
        return self._laid_over(outside, image, hold.mask)

    def step(self, advance: Advance) -> Advance:
        """A step with its picture, if it has one, as it is seen."""
        image, hold = advance.result.image, advance.hold
        if image is None or hold is None:
            return advance
        return replace(advance, result=replace(advance.result, image=self.held(image, hold)))

    def _laid_over(self, outside: Bytes, inside: Bytes, mask: Mask) -> Bytes:
        weight = self._weight_at(mask, Size(*inside.shape[:2]))
        return laid_over(outside, inside, weight)

    def _picture_outside(self, ws: Floats) -> Bytes:
        if self._outside is None or self._outside[0] is not ws:
            self._outside = ws, self.engine.render(ws)
        return self._outside[1]

    def _weight_at(self, mask: Mask, size: Size) -> Floats:
        if self._weight is None or self._weight[0] is not mask:
            self._weight = mask, weight_inside(mask)
        weight = self._weight[1]
        return weight if weight.shape == size else cell_means(weight, size)
