"""The synthesis network for dragging in torch: no more of it than is needed, gradient by hand.

The same numbers as `export_form` (a test holds them together). Where no picture is wanted,
features come from around the points alone; and the gradient always goes back through nothing but
what it depends on: a few dozen cells of each map. Operators write into memory that is there
already, and no copy of a map is kept for autograd.

R lower rows of w+, those the features depend on; maps are (rows, columns, channels).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from tui_draggan.stylegan.blocks import Block, Pair, Part
from tui_draggan.stylegan.export_form import FoldedBlock, FoldedSynthesis
from tui_draggan.stylegan.network import upsample
from tui_draggan.stylegan.regions import Map, Rect, merged
from tui_draggan.stylegan.workers import Workers

PRICE = 400
"""Cells whose convolution takes as long as reading its weights once more."""


class DragForm:
    """`FoldedSynthesis` on one device, in one precision, for one thread."""

    def __init__(self, folded: FoldedSynthesis, workers: Workers) -> None:
        """On the workers' device and in their precision."""
        self.rows = folded.rows
        self.feature_block = folded.feature_block
        self._dtype = workers.dtype
        self._lower_styles = folded.lower_styles.to(workers.device)
        self._upper_styles = None
        if folded.upper_styles is not None:
            self._upper_styles = folded.upper_styles.to(workers.device)
        blocks: list[Block] = []
        for side in folded.config.block_resolutions:
            block = folded.get_submodule(f"b{side}")
            assert isinstance(block, FoldedBlock)
            blocks.append(Block(block, workers))
        count = folded.config.block_resolutions.index(folded.feature_block) + 1
        self._lower, self._upper = blocks[:count], blocks[count:]
        self._kept = workers.arena()
        self._band = workers.arena()
        # Of two blocks in turn: one is read while the other is written.
        self._pair = workers.arena(), workers.arena()
        self._parts: list[list[Part]] = []
        self._styled: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def synthesise(self, lower: Tensor, upper: Tensor, size: int) -> Tensor:
        """lower (R, w_dim), upper (L − R, w_dim), float32 → the picture (1, 3, size, size) after
        the block of that size, one with a ToRGB. All features are there afterwards."""
        rows = [*lower.split(1), *upper.split(1)]
        drawn = [block for block in self._upper if block.side <= size]
        whole = Rect.square(self.feature_block)
        if drawn:
            whole = whole.hull(drawn[0].source(Rect.square(drawn[0].side)))
        image: Tensor | None = None
        for number, (part,) in enumerate(self._passing(lower, [whole])):
            block, x = self._lower[number], part.out
            image = _added(image, block.colours(x, rows[2 * number + 1]))
        if drawn:
            assert self._upper_styles is not None
            pairs = self._pairs(self._upper_styles(upper[:-1]))
        for number, block in enumerate(drawn):
            kept = self._pair[number % 2]
            kept.clear()
            following = drawn[number + 1 : number + 2]
            rect = Rect.square(block.side)
            if following:
                rect = rect.hull(following[0].source(Rect.square(following[0].side)))
            used = pairs[2 * number : 2 * number + 2]
            w = rows[2 * (len(self._lower) + number) + 1]
            x, colours = block.draw(x, rect, used, w, kept, self._band)
            image = _added(image, colours)
        assert image is not None
        return image

    @torch.no_grad()
    def look(self, lower: Tensor, rects: Iterable[Rect]) -> None:
        """lower (R, w_dim): the features in those rectangles are there afterwards."""
        for _ in self._passing(lower, merged(rects, PRICE)):
            pass

    def features(self, rect: Rect) -> Tensor:
        """(rows, columns, C), of the last `synthesise` or `look`."""
        return _holder(self._parts[-1], rect).out.at(rect)

    @torch.no_grad()
    def backward(self, gradients: Sequence[Map]) -> Tensor:
        """Gradients by features, which add up where they overlap → by `lower` (R, w_dim). Their
        values may be written to."""
        gradients = [Map(given.rect, given.values.to(self._dtype)) for given in gradients]
        sums: list[Tensor] = []
        for number in reversed(range(len(self._lower))):
            block, parts = self._lower[number], self._parts[number]
            kept = self._pair[number % 2]
            kept.clear()
            pairs = self._block_pairs(number)
            found: list[list[Tensor]] = []
            results: list[Map] = []
            for part, gradient in _together(gradients, parts):
                back, by_pairs = block.backward(part, gradient, pairs, kept)
                results.append(back)
                found.append([value for pair in by_pairs for value in pair])
            sums = [torch.stack(values).sum(0) for values in zip(*found, strict=True)] + sums
            gradients = results
        values = [value for pair in self._styled for value in pair]
        by_values = [value.view_as(like) for value, like in zip(sums, values, strict=True)]
        (by_lower,) = torch.autograd.grad(values, self._latent, by_values)
        return by_lower

    def _passing(self, lower: Tensor, rects: list[Rect]) -> Iterator[list[Part]]:
        """The lower blocks one after the other, as far as the features in `rects` need them."""
        with torch.enable_grad():
            self._latent = lower.detach().requires_grad_()
            self._styled = self._lower_styles(self._latent)
        needed = [rects]
        for block in reversed(self._lower[1:]):
            needed.insert(0, merged((block.source(rect) for rect in needed[0]), PRICE))
        self._kept.clear()
        self._parts = []
        for number, (block, rects) in enumerate(zip(self._lower, needed, strict=True)):
            pairs = self._block_pairs(number)
            parts = []
            for rect in rects:
                source = block.source(rect)
                x = _holder(self._parts[-1], source).out if number else block.const
                parts.append(block.forward(x, rect, pairs, self._kept))
            self._parts.append(parts)
            yield parts

    def _block_pairs(self, number: int) -> list[Pair]:
        return self._pairs(self._styled[max(2 * number - 1, 0) : 2 * number + 1])

    def _pairs(self, styled: list[tuple[Tensor, Tensor]]) -> list[Pair]:
        return [
            (style.detach().flatten().to(self._dtype), scale.detach().flatten().to(self._dtype))
            for style, scale in styled
        ]


def _added(image: Tensor | None, colours: Tensor | None) -> Tensor | None:
    """The previous block's picture, if any, and a block's colours (side, side, 3), if any."""
    if colours is None:
        return None
    picture = colours.permute(2, 0, 1)[None]
    return picture if image is None else picture + upsample(image)


def _holder(parts: list[Part], rect: Rect) -> Part:
    return next(part for part in parts if part.out.rect.holds(rect))


def _together(gradients: Sequence[Map], parts: list[Part]) -> Iterator[tuple[Part, Map]]:
    """Each gradient once with a part that holds it; near ones added up in one map."""
    rest = list(gradients)
    for part in parts:
        mine = [gradient for gradient in rest if part.out.rect.holds(gradient.rect)]
        rest = [gradient for gradient in rest if not part.out.rect.holds(gradient.rect)]
        for rect in merged((gradient.rect for gradient in mine), PRICE):
            held = [gradient for gradient in mine if rect.holds(gradient.rect)]
            mine = [gradient for gradient in mine if not rect.holds(gradient.rect)]
            if not held:
                continue
            total = next((gradient for gradient in held if gradient.rect == rect), None)
            if total is None:
                total = Map(
                    rect, held[0].values.new_zeros(rect.height, rect.width, held[0].values.shape[2])
                )
            for gradient in held:
                if gradient is not total:
                    total.at(gradient.rect).add_(gradient.values)
            yield part, total
    assert not rest
