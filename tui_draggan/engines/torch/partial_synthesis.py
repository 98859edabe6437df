"""The synthesis network for dragging in torch: no more of it than is needed, gradient by hand.

The same numbers as `export.folded` (a test holds them together). Where no picture is wanted,
features come from around the points alone; and the gradient always goes back through nothing but
what it depends on: a few dozen cells of each map. Operators write into memory that is there
already, and no copy of a map is kept for autograd.

R lower rows of w+, those the features depend on; maps are (rows, columns, channels).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import record_function

from tui_draggan.engines.torch.blocks import Block, BlockForward
from tui_draggan.engines.torch.modulation import ConvStyle, Modulation
from tui_draggan.engines.torch.regions import Arena, Map, Rect, merged
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.size import Size
from tui_draggan.stylegan.config import GeneratorConfig, rows_through

PRICE = 400
"""Cells whose convolution takes as long as reading its weights once more."""

KEPT = 1 << 25
"""Elements reserved in one piece for the maps that a backward pass needs; they may well take as
many, and those of a large picture find room in it."""


class PartialSynthesis:
    """A generator's synthesis network on one device, in one precision, for one thread."""

    def __init__(
        self,
        config: GeneratorConfig,
        feature_block: int,
        constants: Mapping[str, Tensor],
        workers: Workers,
    ) -> None:
        """constants: those of `export.folded.FoldedSynthesis` by their names; device and precision
        are the workers'. Raises KeyError where a constant is not there."""
        self.feature_map = config.size_of(feature_block)
        self.rows = rows_through(config, feature_block)
        self._dtype = workers.dtype
        self._blocks = [
            Block(config, constants, name, workers) for name in config.block_resolutions
        ]
        self._count = config.block_resolutions.index(feature_block) + 1
        """Blocks up to the feature block, and it."""
        channels = [(config.channels[0],) * 2]
        for inputs, outputs in zip(config.channels, config.channels[1:], strict=False):
            channels += [(inputs, outputs), (outputs, outputs)]
        lower, upper = channels[: self.rows], channels[self.rows :]
        self._lower = Modulation(constants, "lower_styles", lower, workers.device)
        self._upper = None
        if upper:
            self._upper = Modulation(constants, "upper_styles", upper, workers.device)
        self._kept = workers.arena(KEPT)
        self._band = workers.arena()
        # Of two blocks in turn: one is read while the other is written.
        self._turns = workers.arena(), workers.arena()
        self._parts: list[list[BlockForward]] = []
        self._styles: list[ConvStyle] = []

    @torch.no_grad()
    def synthesise(
        self, lower: Tensor, upper: Tensor, size: Size, drawn: bool = True
    ) -> Tensor | None:
        """lower (R, w_dim), upper (L − R, w_dim), float32 → the picture (1, 3, H, W) after the
        block whose maps are of that size, one with a ToRGB; None where it is not to be drawn. All
        features are there afterwards, the same ones."""
        rows = torch.cat([lower, upper]).split(1)
        further = [block for block in self._blocks[self._count :] if block.size <= size]
        whole = _hull(self.feature_map, further)
        if not drawn:
            for _ in self._passing(lower, [whole]):
                pass
            return None
        image: Tensor | None = None
        for number, (part,) in enumerate(self._passing(lower, [whole])):
            x = part.out
            with record_function("preview"):
                colours = self._blocks[number].colours(x, rows[2 * number + 1])
                image = _added(image, colours)
        if further:
            with record_function("preview"):
                styles, rows = self._upper_styles(upper), rows[self.rows + 2 :: 2]
                image = self._drawn(further, x, image, styles, rows, self._turns)
        assert image is not None
        return image

    @torch.no_grad()
    def picture(self, lower: Tensor, upper: Tensor) -> Tensor:
        """lower (R, w_dim), upper (L − R, w_dim), float32 → the full picture (1, 3, H, W). There
        are no features afterwards, nor the memory for them."""
        self._parts = []
        styles = self._cast(self._lower.forward(lower)) + self._upper_styles(upper)
        rows = torch.cat([lower, upper]).split(1)
        turns = self._kept, self._turns[0]
        image = self._drawn(self._blocks, self._blocks[0].const, None, styles, rows[1::2], turns)
        assert image is not None
        self._turns[0].release()  # a step needs a tenth of it
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
        by_styles: list[ConvStyle] = []
        for number in reversed(range(self._count)):
            kept = self._turns[number % 2]
            kept.clear()
            by_inputs: list[Map] = []
            sums: list[ConvStyle] = []
            styles = self._styles_of(number)
            for part, gradient in _together(gradients, self._parts[number]):
                by_input, by_style = self._blocks[number].backward(part, gradient, styles, kept)
                by_inputs.append(by_input)
                sums = _sums(sums, by_style) if sums else by_style
            by_styles = sums + by_styles
            gradients = by_inputs
        return self._lower.backward(by_styles)

    def _passing(self, lower: Tensor, rects: list[Rect]) -> Iterator[list[BlockForward]]:
        """The lower blocks one after the other, as far as the features in `rects` need them."""
        blocks = self._blocks[: self._count]
        needed = [rects]
        for block in reversed(blocks[1:]):
            needed.insert(0, merged((block.source(rect) for rect in needed[0]), PRICE))
        self._styles = self._cast(self._lower.forward(lower))
        self._kept.clear()
        self._parts = []
        for number, (block, rects) in enumerate(zip(blocks, needed, strict=True)):
            styles = self._styles_of(number)
            parts = []
            for rect in rects:
                source = block.source(rect)
                x = _holder(self._parts[-1], source).out if number else block.const
                parts.append(block.forward(x, rect, styles, self._kept))
            self._parts.append(parts)
            yield parts

    def _drawn(
        self,
        blocks: Sequence[Block],
        x: Map,
        image: Tensor | None,
        styles: list[ConvStyle],
        rows: Sequence[Tensor],
        turns: tuple[Arena, Arena],
    ) -> Tensor | None:
        """The picture after these blocks, of which nothing else is wanted; `rows` for their
        colours, `turns` for their features."""
        for number, block in enumerate(blocks):
            kept = turns[number % 2]
            kept.clear()
            count, following = block.convolutions, blocks[number + 1 : number + 2]
            rect = _hull(block.size, following) if following else None
            out, colours = block.draw(x, rect, styles[:count], rows[number], kept, self._band)
            image = _added(image, colours)
            if out is not None:
                x = out
            styles = styles[count:]
        return image

    def _styles_of(self, number: int) -> list[ConvStyle]:
        return self._styles[max(2 * number - 1, 0) : 2 * number + 1]

    def _upper_styles(self, upper: Tensor) -> list[ConvStyle]:
        return [] if self._upper is None else self._cast(self._upper.forward(upper[:-1]))

    def _cast(self, styles: list[ConvStyle]) -> list[ConvStyle]:
        return [ConvStyle(*(tensor.to(self._dtype) for tensor in style)) for style in styles]


def _sums(some: list[ConvStyle], others: list[ConvStyle]) -> list[ConvStyle]:
    return [ConvStyle(a + c, b + d) for (a, b), (c, d) in zip(some, others, strict=True)]


def _hull(size: Size, following: Sequence[Block]) -> Rect:
    """The whole map of that size, and the zeros around it that the next block needs, if any."""
    whole = Rect.whole(size)
    if not following:
        return whole
    return whole.hull(following[0].source(Rect.whole(following[0].size)))


def _added(image: Tensor | None, colours: Tensor | None) -> Tensor | None:
    """The previous block's picture, if any, and a block's colours (H, W, 3), if any."""
    if colours is None:
        return None
    picture = colours.permute(2, 0, 1)[None]
    if image is None:
        return picture
    # The FIR filter after doubling interpolates linearly, between zeros at the border.
    doubled = F.interpolate(F.pad(image, (1, 1, 1, 1)), scale_factor=2.0, mode="bilinear")
    return picture.add_(doubled[:, :, 2:-2, 2:-2])


def _holder(parts: list[BlockForward], rect: Rect) -> BlockForward:
    return next(part for part in parts if part.out.rect.holds(rect))


def _together(
    gradients: Sequence[Map], parts: list[BlockForward]
) -> Iterator[tuple[BlockForward, Map]]:
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
