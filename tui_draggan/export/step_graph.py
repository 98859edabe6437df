"""One DragGAN iteration as two graphs (Pan et al., SIGGRAPH 2023, section 3.2).

`Locate` tracks the points and says where and against what motion is supervised. None of that is
differentiated, and ONNX Runtime has no stop-gradient: so it is a graph of its own, whose results
enter the loss of `DragStep` as graph inputs. `drag_graphs` splices it in after differentiation.

One thing is not the paper's, and off unless asked for: the anchor α. The paper's motion loss
moves to the next place what is under a handle now, not what was there when it was placed, and
what is lost in a step stays lost: an ear tip turns to fur as it moves. With α the reference of a
whole patch is corrected by the handle's drift from its template, F(q) + α·(f0 − F(p)). At α = 1
and the smallest patch that is the original feature, which GoodDrag supervises with (Zhang et al.,
ICLR 2025).

The paper samples a feature map up-sampled to the picture's size (bilinear, pixel centres aligned
at halves). That map is never built: two linear interpolations in a row are one row vector over
the cells of the small map, a hat over pixels times the up-sampling matrix. And of the small map
only those cells are looked at that lie near a handle.

Shapes: C channels, h side of the feature map, H side of the picture, v and u rows and columns of
its part near the handles, N points, P pixels of the motion disc, k side of the tracking window, R
trainable rows of w+, L rows. Positions are (x, y) in pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.engines.base import ARRIVED, EQUAL
from tui_draggan.export.folded import FoldedSynthesis
from tui_draggan.stylegan.config import multiply_adds
from tui_draggan.stylegan.pixels import to_pictures

CHEAP = 1.2
"""Cost of a step with the full picture, in steps without, up to which every step gives it. A
terminal's panel shows a hundred pixels or two, and the full picture follows when the drag rests."""
FAR = 1e12
"""Squared pixels, more than there are."""
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
        near_first: Tensor,
        near_end: Tensor,
        outside_first: Tensor,
        outside_end: Tensor,
        outside_weight: Tensor,
        outside_reference: Tensor,
    ) -> tuple[Tensor, ...]:
        """Everything the spliced graph needs to give out.

        frozen (L, w_dim), mix (R, R); from `Locate`: selector (v·u, N·P), reference (C, N·P),
        weight (N·P,), near_first and near_end (2,); rows outside_first ≤ y < outside_end of the
        feature map, their mask weight (rows, h) and F0 (C, rows, h).
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

        near = _cut(features, near_first, near_end, [2, 3])
        moved = torch.matmul(near.reshape(near.shape[0], -1), selector)
        motion_loss = ((moved - reference).abs() * weight).sum()
        outside = _cut(features, outside_first, outside_end, [2])
        mask_loss = ((outside - outside_reference).abs() * outside_weight).sum()
        loss = motion_loss + mask_loss
        return loss, motion_loss, mask_loss, to_pictures(image), outside, features


class Locate(nn.Module):
    """Features → tracked handles, and where and against what motion is supervised."""

    pixels: Tensor
    enlarge: Tensor
    first_cell: Tensor
    last_cell: Tensor

    def __init__(self, feature_size: int, channels: int, resolution: int) -> None:
        super().__init__()
        self.size = feature_size
        self.channels = channels
        self.last = float(resolution - 1)
        matrix = bilinear_matrix(resolution, feature_size)
        self.register_buffer("enlarge", matrix)
        self.register_buffer("pixels", torch.arange(resolution, dtype=torch.float32)[:, None])
        read = (matrix != 0).int()
        self.register_buffer("first_cell", read.argmax(dim=1))
        self.register_buffer("last_cell", feature_size - 1 - read.flip(1).argmax(dim=1))

    def forward(
        self,
        features: Tensor,
        handles: Tensor,
        targets: Tensor,
        templates: Tensor,
        disc: Tensor,
        window: Tensor,
        anchor: Tensor,
    ) -> tuple[Tensor, ...]:
        """features (1, C, h, h), handles and targets (N, 2), templates (N, C), disc (P, 2) offsets,
        window (k,) offsets along one axis, anchor (1,).

        → new_handles (N, 2), selector (v·u, N·P), reference (C, N·P), weight (N·P,), first row and
        column (2,) of the part near the handles and its ends, and sampled (N, C): the features at
        the handles as they came in.
        """
        first, end = self.near(handles, disc, window)
        top, left, bottom, right = first[0], first[1], end[0], end[1]
        rows, columns = self.enlarge[:, top:bottom], self.enlarge[:, left:right]
        part = features[:, :, top:bottom, left:right]
        flat = part.reshape(self.channels, -1)
        sampled = torch.matmul(flat, self.selector(handles, rows, columns)).t()
        tracked, there = self.track(part, handles, targets, templates, window, rows, columns)

        distance = (targets - tracked).square().sum(dim=1, keepdim=True).sqrt()
        direction = (targets - tracked) / distance.clamp(min=ARRIVED)
        patch = tracked[:, None] + disc
        inside = ((patch >= 0) & (patch <= self.last)).float().prod(dim=2)
        pulled = (distance > ARRIVED).float()
        weight = inside * pulled / (inside.sum(dim=1, keepdim=True) * self.channels)

        reference = torch.matmul(flat, self.selector(patch.reshape(-1, 2), rows, columns))
        drift = (anchor * (templates - there)).t()[:, :, None].expand(-1, -1, disc.shape[0])
        reference = reference + drift.reshape(self.channels, -1)
        moved = (patch + direction[:, None]).reshape(-1, 2)
        selector = self.selector(moved, rows, columns)
        return tracked, selector, reference, weight.reshape(-1), first, end, sampled

    def near(self, handles: Tensor, disc: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
        """First (row, column) and ends (2,) of the cells that tracking and supervision read."""
        # One pixel for the step to the target, one for what rounding adds.
        reach = window.abs().max() + disc.abs().max() + 2.0
        low = torch.floor(handles.amin(dim=0) - reach).clamp(0.0, self.last).long().flip(0)
        high = torch.ceil(handles.amax(dim=0) + reach).clamp(0.0, self.last).long().flip(0)
        return self.first_cell[low], self.last_cell[high] + 1

    def track(
        self,
        part: Tensor,
        handles: Tensor,
        targets: Tensor,
        templates: Tensor,
        window: Tensor,
        rows: Tensor,
        columns: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Point tracking (section 3.2, equation 6): the nearest neighbour, by L1, of f0 among the
        pixels of a square around the handle; the square is clamped at the border. Of equal ones
        the nearest to the target (`engines.base.EQUAL`).

        part (1, C, v, u) of the features; rows (H, v), columns (H, u) of `enlarge` for it.
        → tracked (N, 2) and the features (N, C) there.
        """
        around = (torch.round(handles)[:, :, None] + window).clamp(0.0, self.last)
        at = around.long()
        side = at.shape[2]
        v, u = part.shape[2], part.shape[3]
        down = rows[at[:, 1]]  # (N, k, v)
        across = columns[at[:, 0]].transpose(1, 2)  # (N, u, k)
        strips = torch.matmul(down.reshape(-1, v), part.reshape(self.channels, v, u))
        strips = strips.reshape(self.channels, -1, side, u).transpose(0, 1)  # (N, C, k, u)
        square = torch.matmul(strips.reshape(-1, self.channels * side, u), across)
        square = square.reshape(-1, self.channels, side * side)  # (N, C, k·k)
        cost = (square - templates[:, :, None]).abs().sum(dim=1)
        away = (around - targets[:, :, None]).square()  # (N, 2, k)
        away = (away[:, 1, :, None] + away[:, 0, None]).reshape(-1, side * side)
        equal = cost <= cost.amin(dim=1, keepdim=True) * (1 + EQUAL)
        best = torch.where(equal, away, FAR).argmin(dim=1, keepdim=True)
        x = around[:, 0].gather(1, best % side)
        y = around[:, 1].gather(1, torch.div(best, side, rounding_mode="floor"))
        there = square.gather(2, best[:, :, None].expand(-1, self.channels, -1))[:, :, 0]
        return torch.cat([x, y], dim=1), there

    def selector(self, points: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """points (M, 2), clamped to the picture → (v·u, M): a part (C, v·u) @ it samples them.

        rows (H, v), columns (H, u) of `enlarge` for the part.
        """
        points = points.clamp(0.0, self.last).t()
        x = torch.matmul(columns.t(), F.relu(1 - (self.pixels - points[0]).abs()))
        y = torch.matmul(rows.t(), F.relu(1 - (self.pixels - points[1]).abs()))
        return (y[:, None] * x[None]).reshape(-1, points.shape[1])


def _cut(features: Tensor, first: Tensor, end: Tensor, axes: list[int]) -> Tensor:
    """features (1, C, h, h) → from `first` to `end` along `axes`, without the first axis."""
    part: Tensor = _Cut.apply(features, first, end, axes)  # type: ignore[no-untyped-call]
    return part


class _Cut(torch.autograd.Function):
    """`_cut` as a Slice with dynamic borders."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, first: Tensor, end: Tensor, axes: list[int]) -> Tensor:
        cuts = [slice(int(a), int(b)) for a, b in zip(first, end, strict=True)]
        return features[0][(slice(None), *cuts)]

    @staticmethod
    def symbolic(g: Any, features: Any, first: Any, end: Any, axes: list[int]) -> Any:
        along = g.op("Constant", value_t=torch.tensor(axes))
        axis = g.op("Constant", value_t=torch.tensor([0]))
        return g.op("Squeeze", g.op("Slice", features, first, end, along), axis)


def preview_size(synthesis: FoldedSynthesis, feature_block: int) -> int:
    """Side of a step's picture: the feature block's where the architecture has one there, or the
    full one where that costs little more, or where steps are fast enough that the eye gains more
    from the whole picture."""
    cost = multiply_adds(synthesis.config)
    drag = sum(value for resolution, value in cost.items() if resolution <= feature_block)
    small = synthesis.config.resolution <= SMALL
    cheap = sum(cost.values()) <= CHEAP * drag
    full = small or cheap or not synthesis.config.has_torgb(feature_block)
    return synthesis.config.resolution if full else feature_block


def bilinear_matrix(large: int, small: int) -> Tensor:
    """(large, small): bilinear up-sampling along one axis, edge cells repeated at the border."""
    eye = torch.eye(small)[None]
    return F.interpolate(eye, size=large, mode="linear", align_corners=False)[0].t().contiguous()
