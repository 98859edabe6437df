"""The synthesis network for photographs in torch: the full picture, gradient by autograd.

The same numbers as `export.folded` (a test holds them together), from the constants that it
stores. What `partial_synthesis` leaves out for a drag counts here: the whole picture is compared,
and where the network is tuned, so does the gradient by its weights.

H and W sides of a map, I/O input/output channels, L rows of w+.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.stylegan.config import GeneratorConfig, rows_through
from tui_draggan.stylegan.network import LRELU_SLOPE, RESIDUAL_GAIN, clamped, fir_kernel

Style = tuple[Tensor, Tensor]
"""Style (1, I, 1, 1) and demodulation with the gain (1, O, 1, 1) of a convolution."""


def draw(
    config: GeneratorConfig, feature_block: int, own: Mapping[str, Tensor], w_plus: Tensor
) -> Tensor:
    """w_plus (L, w_dim) → the picture (1, C, H, W), about [-1, 1]; differentiable by all there is.

    own: the constants of `export.folded.FoldedSynthesis` by their names, on one device, or tensors
    in their places. Raises KeyError where one is not there.
    """
    rows = rows_through(config, feature_block)
    styles = styles_of(own, "lower_styles", w_plus[:rows])
    if "upper_styles.squares" in own:
        styles += styles_of(own, "upper_styles", w_plus[rows:-1])
    x = image = None
    row = 0
    for resolution in config.block_resolutions:
        block = f"b{resolution}"
        count = 1 if x is None else 2
        x = _block(config, block, own, x, styles[row : row + count])
        row += count
        if config.has_torgb(resolution):
            colours = _colours(own, f"{block}.torgb", x, w_plus[row : row + 1], config.conv_clamp)
            image = colours if image is None else _doubled(own, block, image) + colours
    assert image is not None
    return image


def styles_of(own: Mapping[str, Tensor], part: str, rows: Tensor) -> list[Style]:
    """rows (J, w_dim) → for each of J convolutions, as wide as the widest."""
    names = ("affine_weight", "affine_bias", "squares", "epsilons")
    weight, bias, squares, epsilons = (own[f"{part}.{name}"] for name in names)
    styles = rows[:, None] @ weight + bias
    demodulation = torch.rsqrt(styles.square() @ squares + epsilons)
    return [
        (style.reshape(1, -1, 1, 1), factor.reshape(1, -1, 1, 1))
        for style, factor in zip(styles, demodulation, strict=True)
    ]


def _block(
    config: GeneratorConfig,
    name: str,
    own: Mapping[str, Tensor],
    x: Tensor | None,
    styles: list[Style],
) -> Tensor:
    skip, limit = own.get(f"{name}.skip_weight"), config.conv_clamp
    last = limit if limit is None or skip is None else limit * RESIDUAL_GAIN
    if x is None:
        return _convolved(own, f"{name}.conv1", own[f"{name}.const"], styles[0], last)
    y = _widened(own, f"{name}.conv0", x, styles[0], limit)
    y = _convolved(own, f"{name}.conv1", y, styles[1], last)
    return y if skip is None else _doubled(own, name, F.conv2d(x, skip)) + y


def _convolved(
    own: Mapping[str, Tensor], name: str, x: Tensor, style: Style, limit: float | None
) -> Tensor:
    weight = own[f"{name}.weight"]
    y = F.conv2d(x * style[0][:, : x.shape[1]], weight, padding=1)
    return _activated(own, name, y, style[1], limit)


def _widened(
    own: Mapping[str, Tensor], name: str, x: Tensor, style: Style, limit: float | None
) -> Tensor:
    """The convolution between two sizes."""
    parts: list[Tensor] = []
    x = x * style[0][:, : x.shape[1]]
    while f"{name}.weight{len(parts)}" in own:
        parts.append(F.conv_transpose2d(x, own[f"{name}.weight{len(parts)}"], stride=2))
    y = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
    if f"{name}.filter.matrix" in own:
        y = own[f"{name}.filter.matrix"] @ (y @ own[f"{name}.filter.transposed"])
    else:
        y = F.conv2d(y, _kernel(y), padding=1, groups=y.shape[1])
    return _activated(own, name, y, style[1], limit)


def _activated(
    own: Mapping[str, Tensor], name: str, y: Tensor, factor: Tensor, limit: float | None
) -> Tensor:
    y = y * factor[:, : y.shape[1]] + own[f"{name}.activation.bias"]
    if f"{name}.activation.noise" in own:
        y = y + own[f"{name}.activation.noise"]
    return clamped(F.leaky_relu(y, LRELU_SLOPE), limit)


def _colours(
    own: Mapping[str, Tensor], name: str, x: Tensor, w: Tensor, limit: float | None
) -> Tensor:
    styles = torch.addmm(own[f"{name}.affine_bias"], w, own[f"{name}.affine_weight"])
    rgb = (own[f"{name}.weight"] * styles) @ x.flatten(2)[0] + own[f"{name}.bias"]
    return clamped(rgb, limit).reshape(1, -1, *x.shape[2:])


def _doubled(own: Mapping[str, Tensor], block: str, x: Tensor) -> Tensor:
    """Twice the size: zeros between the pixels, then the FIR filter."""
    if f"{block}.upsample.matrix" in own:
        return own[f"{block}.upsample.matrix"] @ (x @ own[f"{block}.upsample.transposed"])
    return F.conv_transpose2d(x, _kernel(x), stride=2, padding=1, groups=x.shape[1])


def _kernel(x: Tensor) -> Tensor:
    return fir_kernel(x.device, x.dtype).expand(x.shape[1], 1, 4, 4)
