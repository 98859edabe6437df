"""StyleGAN3's synthesis network for dragging in torch: whole maps, gradient by autograd.

The same numbers as `export.alias_free_folded`, from the constants that it stores; filters are
designed anew. What `partial_synthesis` is for StyleGAN2, with the same methods, but plain.

R lower rows of w+, those the features depend on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.engines.torch.regions import Map, Rect
from tui_draggan.size import Size
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig, LayerGeometry
from tui_draggan.stylegan.filters import down_filter, up_filter, up_matrix
from tui_draggan.stylegan.network import LRELU_SLOPE, clamped

UP_BY_PRODUCT = 160
"""The largest side of a map for which up-sampling is a product with matrices."""
AT_ONCE = 1 << 25
"""Elements of a map on the finest grid that are there at a time where only the picture is
wanted."""


class AliasFreeSynthesis:
    """A generator's synthesis network on one device, in one precision."""

    def __init__(
        self,
        config: AliasFreeConfig,
        feature_block: int,
        constants: Mapping[str, Tensor],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        """constants: those of `export.alias_free_folded.FoldedAliasFree` by their names. Raises
        KeyError where one is not there."""
        self.feature_map = config.size_of(feature_block)
        self._config, self._device, self._dtype = config, device, dtype
        self._constants = constants
        self._rows = config.rows_through(feature_block)
        self._margin = config.feature_layers[feature_block].target.margin
        *geometries, _ = config.layers
        self._layers = [
            Layer(geometry, constants, config.conv_clamp, device, dtype) for geometry in geometries
        ]
        self._input = {name: self._own(f"input.{name}") for name in FOURIER}
        self._torgb = {name: self._own(f"torgb.{name}") for name in COLOURS}
        self._lower: Tensor | None = None
        self._features: Tensor | None = None

    def synthesise(
        self, lower: Tensor, upper: Tensor, size: Size, drawn: bool = True
    ) -> Tensor | None:
        """lower (R, w_dim), upper (L − R, w_dim), float32 → the picture (1, 3, H, W); None where
        it is not to be drawn. All features are there afterwards."""
        x = self._look(lower)
        return self._drawn(x.detach(), upper) if drawn else None

    @torch.no_grad()
    def picture(self, lower: Tensor, upper: Tensor) -> Tensor:
        """lower (R, w_dim), upper (L − R, w_dim), float32 → the full picture (1, 3, H, W). There
        are no features afterwards."""
        self._lower = self._features = None
        return self._drawn(self._lower_map(lower), upper)

    def look(self, lower: Tensor, rects: Iterable[Rect]) -> None:
        """lower (R, w_dim): the features are there afterwards."""
        self._look(lower)

    def features(self, rect: Rect) -> Tensor:
        """(rows, columns, C), of the last `synthesise` or `look`."""
        assert self._features is not None
        top, left, bottom, right = rect
        return self._features.detach()[0, :, top:bottom, left:right].permute(1, 2, 0)

    def backward(self, gradients: Sequence[Map]) -> Tensor:
        """Gradients by features, which add up where they overlap → by `lower` (R, w_dim)."""
        assert self._features is not None and self._lower is not None
        whole = torch.zeros_like(self._features)
        for given in gradients:
            top, left, bottom, right = given.rect
            part = given.values.permute(2, 0, 1)[None].to(whole.dtype)
            whole[:, :, top:bottom, left:right] += part
        (by_lower,) = torch.autograd.grad(self._features, self._lower, whole)
        return by_lower

    def _look(self, lower: Tensor) -> Tensor:
        """The feature layer's map, with its margin."""
        with torch.enable_grad():
            self._lower = lower.detach().clone().requires_grad_(True)
            x = self._lower_map(self._lower)
            first, (height, width) = self._margin, self.feature_map
            self._features = x[:, :, first : first + height, first : first + width]
        return x

    def _lower_map(self, lower: Tensor) -> Tensor:
        x = self._fourier(lower[:1]).to(self._dtype)
        for layer, style in zip(self._layers, self._styles("lower", lower[1:]), strict=False):
            x = layer(x, *style)
        return x

    def whole(self, w_plus: Tensor) -> Tensor:
        """w_plus (L, w_dim) → the picture (1, 3, H, W), differentiable by all there is."""
        lower, upper = w_plus[: self._rows], w_plus[self._rows :]
        return self._with_upper(self._lower_map(lower), upper)

    @torch.no_grad()
    def _drawn(self, x: Tensor, upper: Tensor) -> Tensor:
        return self._with_upper(x, upper)

    def _with_upper(self, x: Tensor, upper: Tensor) -> Tensor:
        if len(upper) > 1:
            layers = self._layers[self._rows - 1 :]
            for layer, style in zip(layers, self._styles("upper", upper[:-1]), strict=True):
                x = layer.in_parts(x, *style)
        own = self._torgb
        styles = torch.addmm(own["affine_bias"], upper[-1:], own["affine_weight"])
        rgb = (own["weight"] * styles) @ x.float().flatten(2)[0] + own["bias"]
        scale, limit = self._config.output_scale, self._config.conv_clamp
        rgb = clamped(rgb, None if limit is None else limit * scale)
        return rgb.reshape(1, 3, *x.shape[2:])

    def _fourier(self, w: Tensor) -> Tensor:
        own = self._input
        numbers = torch.addmm(own["affine_bias"], w, own["affine_weight"])
        cos, sin, *shift = (numbers / numbers[:, :2].norm()).split(1, dim=1)
        x, y = (own["places"] - torch.cat(shift)).split(1)
        turned = torch.cat([x * cos - y * sin, x * sin + y * cos])
        waves = own["mix"] @ torch.sin(own["waves"] @ turned + own["phases"])
        side = self._config.stages[0].size
        return waves.reshape(1, -1, side, side)

    def _styles(self, part: str, rows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For each layer s (1, I, 1, 1) and √2·d (1, O, 1, 1)."""
        weight, bias, squares, epsilons = (self._own(f"{part}_styles.{name}") for name in STYLES)
        styles = rows[:, None] @ weight + bias
        demodulation = torch.rsqrt(styles.square() @ squares + epsilons)
        first = 0 if part == "lower" else self._rows - 1
        return [
            (
                styles[row, :, : layer.inputs, None, None].to(self._dtype),
                demodulation[row, :, : layer.outputs, None, None].to(self._dtype),
            )
            for row, layer in enumerate(self._layers[first : first + len(rows)])
        ]

    def _own(self, name: str) -> Tensor:
        return self._constants[name].to(self._device)


FOURIER = ("affine_weight", "affine_bias", "places", "waves", "phases", "mix")
COLOURS = ("affine_weight", "affine_bias", "weight", "bias")
STYLES = ("affine_weight", "affine_bias", "squares", "epsilons")


class Layer:
    """As `export.alias_free_folded.FoldedLayer`: x (1, I, S, S), s, √2·d → (1, O, S', S')."""

    def __init__(
        self,
        geometry: LayerGeometry,
        constants: Mapping[str, Tensor],
        limit: float | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        name = f"l{geometry.index}"
        self.inputs, self.outputs = geometry.source.channels, geometry.target.channels
        self._geometry, self._limit = geometry, limit
        self._weight = constants[f"{name}.weight"].to(device, dtype)
        self._bias = constants[f"{name}.activation.bias"].to(device, dtype)
        self._matrix = None
        if geometry.source.size <= UP_BY_PRODUCT:
            self._matrix = up_matrix(geometry).to(device, dtype)
        self._taps = (torch.from_numpy(up_filter(geometry)) * geometry.up).to(device, dtype)
        filter = torch.from_numpy(down_filter(geometry)).to(device, dtype)
        self._down = filter if filter.ndim == 2 else torch.outer(filter, filter)

    def __call__(self, x: Tensor, style: Tensor, demodulation: Tensor) -> Tensor:
        return self._filtered(self._convolved(x, style, demodulation))

    def in_parts(self, x: Tensor, style: Tensor, demodulation: Tensor) -> Tensor:
        """Some channels after the other where they are many for the finest grid."""
        x = self._convolved(x, style, demodulation)
        count = max(AT_ONCE // self._geometry.inner_size**2, 1)
        return torch.cat([self._filtered(part) for part in x.split(count, dim=1)], dim=1)

    def _convolved(self, x: Tensor, style: Tensor, demodulation: Tensor) -> Tensor:
        x = F.conv2d(x * style, self._weight, padding=self._geometry.kernel - 1)
        return x * demodulation + self._bias

    def _filtered(self, x: Tensor) -> Tensor:
        x = clamped(F.leaky_relu(self._finer(x), LRELU_SLOPE), self._limit)
        channels = x.shape[1]
        down = self._down.expand(channels, 1, -1, -1)
        return F.conv2d(x, down, stride=self._geometry.down, groups=channels)

    def _finer(self, x: Tensor) -> Tensor:
        if self._matrix is not None:
            return self._matrix @ (x @ self._matrix.t())
        geometry, channels = self._geometry, x.shape[1]
        taps = self._taps.reshape(1, 1, -1, 1).expand(channels, 1, -1, 1)
        x = F.conv_transpose2d(x, taps, stride=(geometry.up, 1), groups=channels)
        taps = taps.transpose(2, 3)
        x = F.conv_transpose2d(x, taps, stride=(1, geometry.up), groups=channels)
        before = geometry.up_taps - 1 - geometry.padding[0]
        behind = x.shape[2] - before - geometry.inner_size
        return F.pad(x, (-before, -behind) * 2)
