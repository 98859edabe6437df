"""StyleGAN2's synthesis network, folded for one picture at a time: what the ONNX files hold.

The same numbers as `network.Synthesis` (a test holds them together), rearranged so that
- modulation acts on activations, so no gradient of a convolution's weight is ever needed;
- the styles of many layers are computed at once: on small maps an operator's call costs more
  than its arithmetic;
- everything that depends on weights alone is a constant: equalised learning-rate gains, the
  squared weights of the demodulation, noise · strength, the gain after the activation (a leaky
  ReLU is positively homogeneous, so the gain can be taken in before it);
- the FIR filter between two resolutions has the form that is fastest for its size.

Shapes: batch 1; I/O input/output channels, H/W rows/columns of a map, L rows of w+.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.export.resampling import Constants, Filter, Upsampling
from tui_draggan.size import Size
from tui_draggan.stylegan import network
from tui_draggan.stylegan.config import rows_through
from tui_draggan.stylegan.network import DEMODULATION_EPSILON, LRELU_SLOPE, RESIDUAL_GAIN, clamped

MOST_PRODUCTS = 80 * 2**20
"""Bytes the products of a transposed convolution's taps may take."""
BAND = 32 * 2**20
"""Bytes of the features of which only the picture is wanted that are there at a time."""
MARGIN = 4
"""Rows of a block's input from which on an edge has no influence on its output."""


class ConvStyle(NamedTuple):
    """Style and demodulation of one convolution."""

    style: Tensor
    """(1, I, 1, 1)"""
    demodulation: Tensor
    """(1, O, 1, 1) g·d: the gain g of the activation rides on it."""


class StyleSource(NamedTuple):
    """What a convolution's style and demodulation are made from."""

    affine: network.FullyConnected
    squares: Tensor
    """(O, I) the sums of its squared taps."""
    gain: float
    """g of its activation."""
    epsilon: float = 0.0


class Styles(Constants):
    """Styles and demodulation of J convolutions, each from its own row of w+.

    Convolutions with fewer channels than the widest are padded with zeros, and cut again.
    """

    affine_weight: Tensor
    affine_bias: Tensor
    squares: Tensor
    epsilons: Tensor

    def __init__(self, sources: list[StyleSource]) -> None:
        super().__init__()
        self.inputs = [source.squares.shape[1] for source in sources]
        self.outputs = [source.squares.shape[0] for source in sources]
        self.gains = [source.gain for source in sources]
        weights, biases, epsilons = [], [], []
        for affine, square, gain, epsilon in sources:
            wider = max(self.inputs) - square.shape[1]
            weights.append(F.pad((affine.weight * affine.weight_gain).t(), (0, wider)))
            biases.append(F.pad((affine.bias * affine.bias_gain)[None], (0, wider)))
            epsilons.append(epsilon / gain**2)
        self.constant("affine_weight", torch.stack(weights))
        self.constant("affine_bias", torch.stack(biases))
        self.constant("squares", self.stacked([source.squares for source in sources]))
        self.constant("epsilons", torch.tensor(epsilons)[:, None, None])

    def stacked(self, squares: list[Tensor]) -> Tensor:
        """W2 (O, I) of each convolution → `squares` (J, most I, most O).

        g·d = 1/√((Σ s²·W2 + ε)/g²): the gain g rides on the demodulation.
        """
        inputs, outputs = max(self.inputs), max(self.outputs)
        padded = [
            F.pad(each.t() / gain**2, (0, outputs - each.shape[0], 0, inputs - each.shape[1]))
            for each, gain in zip(squares, self.gains, strict=True)
        ]
        return torch.stack(padded)

    def forward(self, ws: Tensor) -> list[ConvStyle]:
        """ws (J, w_dim) → one for every convolution."""
        styles = torch.matmul(ws[:, None], self.affine_weight) + self.affine_bias
        energy = torch.matmul(styles * styles, self.squares) + self.epsilons
        demodulation = torch.reciprocal(torch.sqrt(energy))
        parts = zip(_split(styles, self.inputs), _split(demodulation, self.outputs), strict=True)
        return [ConvStyle(*part) for part in parts]


def _split(vectors: Tensor, widths: list[int]) -> list[Tensor]:
    """(J, 1, most) → J tensors (1, width, 1, 1)."""
    most = vectors.shape[2]
    parts = vectors.reshape(-1, most, 1, 1).split(1)
    return [
        part if width == most else part[:, :width]
        for part, width in zip(parts, widths, strict=True)
    ]


def style_source(conv: network.StyledConv) -> StyleSource:
    squares = conv.weight.square().sum(dim=(2, 3))
    return StyleSource(conv.affine, squares, conv.gain, DEMODULATION_EPSILON)


class Activation(Constants):
    """What follows a convolution: x·(g·d) + bias + noise, leaky ReLU, clamp."""

    bias: Tensor
    noise: Tensor

    def __init__(self, conv: network.StyledConv) -> None:
        super().__init__()
        self.limit = conv.limit
        self.constant("bias", conv.bias[None, :, None, None] * conv.gain)
        noise = conv.noise_const * conv.noise_strength * conv.gain
        self.has_noise = bool(noise.any())
        if self.has_noise:
            self.constant("noise", noise[None, None])

    def forward(self, x: Tensor, demodulation: Tensor, first: int | None) -> Tensor:
        """first: the row of the map with which x begins; None where x is whole."""
        x = x * demodulation + self.bias
        if self.has_noise:
            x = x + (self.noise if first is None else self.noise[:, :, first:][:, :, : x.shape[2]])
        return clamped(F.leaky_relu(x, LRELU_SLOPE), self.limit)


class FoldedConv(Constants):
    """`network.StyledConv` at one size: x (1, I, H, W), s, g·d → (1, O, H, W)."""

    weight: Tensor

    def __init__(self, conv: network.StyledConv) -> None:
        super().__init__()
        self.constant("weight", conv.weight)
        self.activation = Activation(conv)

    def squares(self) -> Tensor:
        """W2 (O, I), the sums of its squared taps."""
        return self.weight.square().sum(dim=(2, 3))

    def forward(
        self, x: Tensor, style: Tensor, demodulation: Tensor, first: int | None = None
    ) -> Tensor:
        y = F.conv2d(x * style, self.weight, padding=1)
        activated: Tensor = self.activation(y, demodulation, first)
        return activated


class FoldedUpConv(Constants):
    """`network.StyledConv` between two sizes: x (1, I, H/2, W/2), s, g·d → (1, O, H, W).

    Some output channels after the other where maps are large: ONNX Runtime keeps all products of
    a transposed convolution's nine taps before it adds them up.
    """

    def __init__(self, conv: network.StyledConv) -> None:
        super().__init__()
        outputs, size = conv.weight.shape[0], Size(*conv.noise_const.shape)
        products = 9 * 4 * outputs * size.scaled(1, 2).area
        self.parts = -(-products // MOST_PRODUCTS)
        for i, weight in enumerate(conv.weight.transpose(0, 1).tensor_split(self.parts, dim=1)):
            self.constant(f"weight{i}", weight)
        self.filter = Filter(outputs, size)
        self.activation = Activation(conv)

    @property
    def weights(self) -> list[Tensor]:
        """Each (I, some of O, 3, 3)."""
        return [self.get_buffer(f"weight{i}") for i in range(self.parts)]

    def squares(self) -> Tensor:
        """W2 (O, I), the sums of its squared taps."""
        parts = [weight.square().sum(dim=(2, 3)) for weight in self.weights]
        return (parts[0] if self.parts == 1 else torch.cat(parts, dim=1)).t()

    def forward(
        self, x: Tensor, style: Tensor, demodulation: Tensor, first: int | None = None
    ) -> Tensor:
        x = x * style
        parts = [F.conv_transpose2d(x, weight, stride=2) for weight in self.weights]
        x = parts[0] if self.parts == 1 else torch.cat(parts, dim=1)
        activated: Tensor = self.activation(self.filter(x), demodulation, first)
        return activated


class FoldedToRGB(Constants):
    """`network.ToRGB`: features (1, I, H, W), w (1, w_dim) → (1, 3, H, W), or 4 with alpha."""

    affine_weight: Tensor
    affine_bias: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, rgb: network.ToRGB) -> None:
        super().__init__()
        self.limit = rgb.limit
        self.channels = rgb.weight.shape[0]
        gain = rgb.weight_gain
        self.constant("affine_weight", (rgb.affine.weight * rgb.affine.weight_gain * gain).t())
        self.constant("affine_bias", rgb.affine.bias * rgb.affine.bias_gain * gain)
        self.constant("weight", rgb.weight.flatten(1))
        self.constant("bias", rgb.bias[:, None])

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = torch.addmm(self.affine_bias, w, self.affine_weight)
        # No gradient passes here, so the three rows of the weight are cheaper to modulate.
        rgb = torch.matmul(self.weight * styles, x.reshape(x.shape[1], -1)) + self.bias
        return clamped(rgb, self.limit).reshape(1, self.channels, x.shape[2], x.shape[3])


class FoldedBlock(Constants):
    """`network.SynthesisBlock`; the first one starts from its constant and takes no features."""

    const: Tensor
    skip_weight: Tensor

    def __init__(self, block: network.SynthesisBlock) -> None:
        super().__init__()
        self.resolution = block.resolution
        self.size = Size(*block.conv1.noise_const.shape)
        self.num_conv = block.num_conv
        self.residual = block.skip is not None
        if block.num_conv == 2:
            self.conv0 = FoldedUpConv(block.conv0)
            self.upsample = Upsampling(_straight_channels(block), self.size)
        else:
            self.constant("const", block.const[None])
        self.conv1 = FoldedConv(block.conv1)
        self.torgb = FoldedToRGB(block.torgb) if block.torgb is not None else None
        if block.skip is not None:
            gain = block.skip.weight_gain * RESIDUAL_GAIN
            self.constant("skip_weight", block.skip.weight * gain)

    def forward(
        self, x: Tensor | None, styles: list[ConvStyle], first: int | None = None
    ) -> Tensor:
        """Features (1, O, H, W) from the previous block's, with the styles of its convolutions; or
        those from row `first` on, from some rows of the previous block's."""
        y: Tensor
        if x is None:
            y = self.conv1(self.const, *styles[0])
        else:
            y = self.conv1(self.conv0(x, *styles[0], first), *styles[1], first)
            if self.residual:
                y = self.upsample(F.conv2d(x, self.skip_weight)) + y
        return y

    def picture(self, x: Tensor, w: Tensor, image: Tensor | None) -> Tensor | None:
        """The picture (1, 3, H, W) from the features and the previous block's picture, if any."""
        if self.torgb is None:
            return None
        return self._added(self.torgb(x, w), image)

    def drawn(
        self, x: Tensor | None, styles: list[ConvStyle], w: Tensor, image: Tensor | None
    ) -> Tensor | None:
        """`picture` after `forward`, without features as large as the map: a band of rows after
        the other, each with a margin that is cut off."""
        bands = self._bands()
        if x is None or self.torgb is None or bands == 1:
            return self.picture(self(x, styles), w, image)
        # Bands of one height, for ONNX Runtime to give them the same memory.
        half = self.size.height // 2
        height = half // bands
        rgb: list[Tensor] = []
        (style, demodulation), then = styles
        for first in range(0, half, height):
            top = min(max(first - MARGIN, 0), half - height - 2 * MARGIN)
            part = x[:, :, top : top + height + 2 * MARGIN]
            # All bands would run at once, if none waited for the one before.
            wait = 0 * rgb[-1][:, :1, :1, :1] if rgb else 0
            y = self(part, [ConvStyle(style + wait, demodulation), then], 2 * top)
            skipped = 2 * (first - top)
            rgb.append(self.torgb(y[:, :, skipped : skipped + 2 * height], w))
        return self._added(torch.cat(rgb, dim=2), image)

    def _bands(self) -> int:
        """In how many bands the features fit `BAND`; one where a filter takes whole maps only."""
        if self.num_conv < 2 or self.conv0.filter.by_product or self.upsample.by_product:
            return 1
        bands = 1
        # They are of one height.
        while (
            4 * self.conv1.weight.shape[0] * self.size.area > bands * BAND
            and self.size.height % (4 * bands) == 0
        ):
            bands *= 2
        return bands

    def _added(self, rgb: Tensor, image: Tensor | None) -> Tensor:
        return rgb if image is None else self.upsample(image) + rgb


def _straight_channels(block: network.SynthesisBlock) -> int:
    """Channels of what a block adds its own to: features, or the previous block's picture."""
    if block.skip is not None:
        return block.skip.weight.shape[0]
    return block.torgb.weight.shape[0] if block.torgb is not None else 3


class FoldedSynthesis(nn.Module):
    """`network.Synthesis` for one picture, in two parts of w+.

    The lower R rows are those the features of `feature_block` depend on, the upper ones those
    that only the picture depends on: so that a drag step can train the lower ones alone.
    """

    def __init__(self, synthesis: network.Synthesis, feature_block: int) -> None:
        super().__init__()
        self.config = synthesis.config
        self.feature_block = feature_block
        self.rows = rows_through(self.config, feature_block)
        sources: list[StyleSource] = []
        for resolution in self.config.block_resolutions:
            block = synthesis.get_submodule(f"b{resolution}")
            assert isinstance(block, network.SynthesisBlock)
            convs = [block.conv0, block.conv1] if block.num_conv == 2 else [block.conv1]
            sources += map(style_source, convs)
            self.add_module(f"b{resolution}", FoldedBlock(block))
        self.lower_styles = Styles(sources[: self.rows])
        upper = sources[self.rows :]
        self.upper_styles = Styles(upper) if upper else None

    def forward(self, ws: Tensor) -> Tensor:
        """w+ (1, L, w_dim) → picture (1, 3, H, W), about [-1, 1]."""
        x = image = None
        for block, styles, w in self.blocks(ws[0, : self.rows], ws[0, self.rows :]):
            if block.resolution == self.config.resolution:
                image = block.drawn(x, styles, w, image)
            else:
                x = block(x, styles)
                image = block.picture(x, w, image)
        assert image is not None
        return image

    def convolutions(self) -> list[tuple[str, FoldedConv | FoldedUpConv]]:
        """All that are modulated, by their names, in the order of their styles."""
        found: list[tuple[str, FoldedConv | FoldedUpConv]] = []
        for resolution in self.config.block_resolutions:
            block = self.get_submodule(f"b{resolution}")
            assert isinstance(block, FoldedBlock)
            if block.num_conv == 2:
                found.append((f"b{resolution}.conv0", block.conv0))
            found.append((f"b{resolution}.conv1", block.conv1))
        return found

    def features(self, lower: Tensor) -> Tensor:
        """lower (R, w_dim) → (1, C, h, h), those of the feature block."""
        # No upper row is read on the way there.
        passed = self.walk(lower, lower)
        return next(x for block, x, _ in passed if block.resolution == self.feature_block)

    def synthesised(self, lower: Tensor, upper: Tensor, size: int) -> tuple[Tensor, Tensor | None]:
        """lower (R, w_dim), upper (L − R, w_dim) → features as of `features`, and the picture
        (1, 3, size, size) of the block of that size, the feature block's or a later one's."""
        image, features = None, None
        for block, x, w in self.walk(lower, upper):
            image = block.picture(x, w, image)
            if block.resolution == self.feature_block:
                features = x
            if block.resolution == size:
                break
        assert features is not None
        return features, image

    def walk(self, lower: Tensor, upper: Tensor) -> Iterator[tuple[FoldedBlock, Tensor, Tensor]]:
        """lower (R, w_dim), upper (L − R, w_dim) → each block, its features, its ToRGB's w."""
        x = None
        for block, styles, w in self.blocks(lower, upper):
            x = block(x, styles)
            yield block, x, w

    def blocks(
        self, lower: Tensor, upper: Tensor
    ) -> Iterator[tuple[FoldedBlock, list[ConvStyle], Tensor]]:
        """As `walk`, with the styles of the block's convolutions instead of its features.

        The ToRGB shares its row of w+ with the next block's first convolution.
        """
        rows = lower.split(1) + upper.split(1)
        styles = self.lower_styles(lower)
        row = 0
        for resolution in self.config.block_resolutions:
            block = self.get_submodule(f"b{resolution}")
            assert isinstance(block, FoldedBlock)
            if row == self.rows and self.upper_styles is not None:
                styles = styles + self.upper_styles(upper[:-1])
            of_block = styles[row : row + block.num_conv]
            row += block.num_conv
            yield block, of_block, rows[row]
