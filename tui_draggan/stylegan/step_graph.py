"""One DragGAN iteration as two graphs (Pan et al., SIGGRAPH 2023, section 3.2).

`Locate` tracks the points and says where and against what motion is supervised. None of that is
differentiated, and ONNX Runtime has no stop-gradient: so it is a graph of its own, whose results
enter the loss of `DragStep` as graph inputs. `artifacts` splices it in after differentiation.

The paper samples a feature map up-sampled to the picture's size (bilinear, pixel centres aligned
at halves). That map is never built: two linear interpolations in a row are one row vector over
the cells of the small map, a hat over pixels times the up-sampling matrix.

Shapes: C channels, h side of the feature map, H side of the picture, N points, P pixels of the
motion disc, k side of the tracking window, R trainable rows of w+, L rows. Positions are (x, y)
in pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.stylegan.export_form import FoldedSynthesis, multiply_adds

ARRIVED = 1.0
"""Pixels from its target within which a point is not pulled any more."""
SMALL = 128
"""Pixels up to which every step gives the full picture."""


class DragStep(nn.Module):
    """Latent → features → motion and mask loss, with positions and references given.

    w+ = frozen (L, w_dim), plus mix (R, R) @ latent (R, w_dim) in the first R rows: which rows
    are trained, and whether they share one w, are inputs, not another export.
    """

    def __init__(self, synthesis: FoldedSynthesis) -> None:
        super().__init__()
        self.synthesis = synthesis
        self.feature_block = synthesis.feature_block
        self.rows = synthesis.rows
        self.preview_size = preview_size(synthesis, self.feature_block)
        self.latent = nn.Parameter(torch.zeros(self.rows, synthesis.config.w_dim))

    def forward(
        self,
        frozen: Tensor,
        mix: Tensor,
        selector: Tensor,
        reference: Tensor,
        weight: Tensor,
        outside_first: Tensor,
        outside_end: Tensor,
        outside_weight: Tensor,
        outside_reference: Tensor,
    ) -> tuple[Tensor, ...]:
        """Everything the spliced graph needs to give out.

        frozen (L, w_dim), mix (R, R); from `Locate`: selector (h·h, N·P), reference (C, N·P),
        weight (N·P,); rows outside_first ≤ y < outside_end of the feature map, their mask weight
        (rows, h) and F0 (C, rows, h).
        """
        trained = torch.matmul(mix, self.latent) + frozen[: self.rows]
        image, features = None, None
        for block, x, w in self.synthesis.walk(trained, frozen[self.rows :]):
            image = block.picture(x, w, image)
            if block.resolution == self.feature_block:
                features = x
            if block.resolution == self.preview_size:
                break
        assert image is not None and features is not None

        moved = torch.matmul(features.reshape(features.shape[1], -1), selector)
        motion_loss = ((moved - reference).abs() * weight).sum()
        outside = _FeatureRows.apply(features, outside_first, outside_end)
        mask_loss = ((outside - outside_reference).abs() * outside_weight).sum()
        loss = motion_loss + mask_loss
        return loss, motion_loss, mask_loss, to_bytes(image), outside, features


class Locate(nn.Module):
    """Features → tracked handles, and where and against what motion is supervised."""

    pixels: Tensor
    enlarge: Tensor
    enlarge_transposed: Tensor

    def __init__(self, feature_size: int, channels: int, resolution: int) -> None:
        super().__init__()
        self.size = feature_size
        self.channels = channels
        self.last = float(resolution - 1)
        matrix = bilinear_matrix(resolution, feature_size)
        self.register_buffer("enlarge", matrix)
        self.register_buffer("enlarge_transposed", matrix.t().contiguous())
        self.register_buffer("pixels", torch.arange(resolution, dtype=torch.float32)[:, None])

    def forward(
        self,
        features: Tensor,
        handles: Tensor,
        targets: Tensor,
        templates: Tensor,
        disc: Tensor,
        window: Tensor,
    ) -> tuple[Tensor, ...]:
        """features (1, C, h, h), handles and targets (N, 2), templates (N, C), disc (P, 2) offsets,
        window (k,) offsets along one axis.

        → new_handles (N, 2), selector (h·h, N·P), reference (C, N·P), weight (N·P,), and sampled
        (N, C): the features at the handles as they came in.
        """
        flat = features.reshape(self.channels, -1)
        sampled = torch.matmul(flat, self.selector(handles)).t()
        tracked = self.track(features, handles, templates, window)

        distance = (targets - tracked).square().sum(dim=1, keepdim=True).sqrt()
        direction = (targets - tracked) / distance.clamp(min=ARRIVED)
        patch = tracked[:, None] + disc
        inside = ((patch >= 0) & (patch <= self.last)).float().prod(dim=2)
        pulled = (distance > ARRIVED).float()
        weight = inside * pulled / (inside.sum(dim=1, keepdim=True) * self.channels)

        reference = torch.matmul(flat, self.selector(patch.reshape(-1, 2)))
        selector = self.selector((patch + direction[:, None]).reshape(-1, 2))
        return tracked, selector, reference, weight.reshape(-1), sampled

    def track(self, features: Tensor, handles: Tensor, templates: Tensor, window: Tensor) -> Tensor:
        """Point tracking (section 3.2, equation 6): the nearest neighbour, by L1, of f0 among the
        pixels of a square around the handle; the square is clamped at the border."""
        around = (torch.round(handles)[:, :, None] + window).clamp(0.0, self.last)
        at = around.long()
        side = at.shape[2]
        rows = self.enlarge[at[:, 1]]  # (N, k, h)
        columns = self.enlarge[at[:, 0]].transpose(1, 2)  # (N, h, k)
        strips = torch.matmul(rows.reshape(-1, self.size), features[0])  # (C, N·k, h)
        strips = strips.reshape(self.channels, -1, side, self.size).transpose(0, 1)
        square = torch.matmul(strips.reshape(-1, self.channels * side, self.size), columns)
        square = square.reshape(-1, self.channels, side * side)  # (N, C, k·k)
        cost = (square - templates[:, :, None]).abs().sum(dim=1)
        best = cost.argmin(dim=1, keepdim=True)
        x = around[:, 0].gather(1, best % side)
        y = around[:, 1].gather(1, torch.div(best, side, rounding_mode="floor"))
        return torch.cat([x, y], dim=1)

    def selector(self, points: Tensor) -> Tensor:
        """points (M, 2), clamped to the picture → (h·h, M): features (C, h·h) @ it samples them."""
        points = points.clamp(0.0, self.last).t()
        x = torch.matmul(self.enlarge_transposed, F.relu(1 - (self.pixels - points[0]).abs()))
        y = torch.matmul(self.enlarge_transposed, F.relu(1 - (self.pixels - points[1]).abs()))
        return (y[:, None] * x[None]).reshape(self.size * self.size, -1)


class _FeatureRows(torch.autograd.Function):
    """features (1, C, h, h) → rows first ≤ y < end (C, rows, h): a Slice with dynamic borders."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, first: Tensor, end: Tensor) -> Tensor:
        return features[0, :, int(first) : int(end)]

    @staticmethod
    def symbolic(g: Any, features: Any, first: Any, end: Any) -> Any:
        axes = g.op("Constant", value_t=torch.tensor([2]))
        axis = g.op("Constant", value_t=torch.tensor([0]))
        return g.op("Squeeze", g.op("Slice", features, first, end, axes), axis)


def preview_size(synthesis: FoldedSynthesis, feature_block: int) -> int:
    """Side of a step's picture: the feature block's where the architecture has one there, or the
    full one where that costs at most half as much again, or where steps are fast enough that the
    eye gains more from the whole picture."""
    cost = multiply_adds(synthesis.config)
    drag = sum(value for resolution, value in cost.items() if resolution <= feature_block)
    small = synthesis.config.resolution <= SMALL
    cheap = sum(cost.values()) <= 1.5 * drag
    full = small or cheap or not synthesis.config.has_torgb(feature_block)
    return synthesis.config.resolution if full else feature_block


def to_bytes(image: Tensor) -> Tensor:
    """Picture (1, 3, H, W) in [-1, 1] → (1, H, W, 3) bytes."""
    levels = (image * 127.5 + 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1)


def bilinear_matrix(large: int, small: int) -> Tensor:
    """(large, small): bilinear up-sampling along one axis, edge cells repeated at the border."""
    eye = torch.eye(small)[None]
    return F.interpolate(eye, size=large, mode="linear", align_corners=False)[0].t().contiguous()
