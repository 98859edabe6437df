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

Shapes: C channels, h and w rows and columns of the feature map, H and W of the picture, v and u of
the map's part near the handles, N points, P pixels of the motion disc, k side of the tracking
window, R trainable rows of w+, L rows. Positions are (x, y) in pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.engines.base import ARRIVED, EQUAL
from tui_draggan.export.families import FoldedNetwork
from tui_draggan.size import Size
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
from tui_draggan.stylegan.config import multiply_adds
from tui_draggan.stylegan.pixels import to_pictures

CHEAP = 1.2
"""Cost of a step with the full picture, in steps without, up to which every step gives it. A
terminal's panel shows a hundred pixels or two, and the full picture follows when the drag rests."""
FAR = 1e12
"""Squared pixels, more than there are."""
SMALL = 128
"""Pixels along the longer side up to which every step gives the full picture."""


class DragStep(nn.Module):
    """Latent → features → motion and mask loss, with positions and references given.

    w+ = frozen (L, w_dim), plus mix (R, R) @ latent (R, w_dim) in the first R rows: which rows
    are trained, and whether they share one w, are inputs, not another export.
    """

    def __init__(self, synthesis: FoldedNetwork) -> None:
        super().__init__()
        self.synthesis = synthesis
        self.feature_block = synthesis.feature_block
        self.rows = synthesis.rows
        self.preview_block = preview_block(synthesis, self.feature_block)
        self.latent = nn.Parameter(torch.zeros(self.rows, synthesis.config.w_dim))

    @property
    def draws_beyond_features(self) -> bool:
        """Whether blocks above the feature block run for the picture alone."""
        return self.preview_block > self.feature_block

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
        feature map, their mask weight (rows, w) and F0 (C, rows, w).
        """
        trained = torch.matmul(mix, self.latent) + frozen[: self.rows]
        upper = frozen[self.rows :]
        features, image = self.synthesis.synthesised(trained, upper, self.preview_block)
        assert image is not None

        near = _cut(features, near_first, near_end, [2, 3])
        moved = torch.matmul(near.reshape(near.shape[0], -1), selector)
        motion_loss = ((moved - reference).abs() * weight).sum()
        outside = _cut(features, outside_first, outside_end, [2])
        mask_loss = ((outside - outside_reference).abs() * outside_weight).sum()
        loss = motion_loss + mask_loss
        return loss, motion_loss, mask_loss, to_pictures(image), outside, features


class Axis(NamedTuple):
    """Tables of the cells that pixels along one axis depend on; P pixels, c cells."""

    enlarge: Tensor
    """(P, c) bilinear up-sampling."""
    pixels: Tensor
    """(P, 1) coordinates of the pixels."""
    first_cell: Tensor
    """(P,) the first cell that a pixel reads."""
    last_cell: Tensor


class Locate(nn.Module):
    """Features → tracked handles, and where and against what motion is supervised."""

    def __init__(self, cells: Size, channels: int, picture: Size) -> None:
        """cells: of the feature map."""
        super().__init__()
        self.cells = cells
        self.channels = channels
        self.picture = picture
        # Both axes of a square are one: its tables are in the graph once.
        self._square = picture.height == picture.width
        self._register_axis(picture.height, cells.height)
        if not self._square:
            self._register_axis(picture.width, cells.width, "_columns")

    def _register_axis(self, pixels: int, cells: int, name: str = "") -> None:
        matrix = bilinear_matrix(pixels, cells)
        read = (matrix != 0).int()
        tables = Axis(
            enlarge=matrix,
            pixels=torch.arange(pixels, dtype=torch.float32)[:, None],
            first_cell=read.argmax(dim=1),
            last_cell=cells - 1 - read.flip(1).argmax(dim=1),
        )
        for table, values in tables._asdict().items():
            self.register_buffer(f"{table}{name}", values)

    @property
    def rows(self) -> Axis:
        return Axis(*(self.get_buffer(table) for table in Axis._fields))

    @property
    def columns(self) -> Axis:
        name = "" if self._square else "_columns"
        return Axis(*(self.get_buffer(f"{table}{name}") for table in Axis._fields))

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
        """features (1, C, h, w), handles and targets (N, 2), templates (N, C), disc (P, 2) offsets,
        window (k,) offsets along one axis, anchor (1,).

        → new_handles (N, 2), selector (v·u, N·P), reference (C, N·P), weight (N·P,), first row and
        column (2,) of the part near the handles and its ends, sampled (N, C): the features at the
        handles as they came in, and mismatch (N,): how far features at the new ones are from the
        templates, in the mean of the channels.
        """
        first, end = self.near(handles, disc, window)
        top, left, bottom, right = first[0], first[1], end[0], end[1]
        rows, columns = self.rows.enlarge[:, top:bottom], self.columns.enlarge[:, left:right]
        part = features[:, :, top:bottom, left:right]
        flat = part.reshape(self.channels, -1)
        sampled = torch.matmul(flat, self.selector(handles, rows, columns)).t()
        tracked, there = self.track(part, handles, targets, templates, window, rows, columns)

        distance = (targets - tracked).square().sum(dim=1, keepdim=True).sqrt()
        direction = (targets - tracked) / distance.clamp(min=ARRIVED)
        patch = tracked[:, None] + disc
        x, y = self._last()
        last = x if self._square else torch.tensor([x, y])
        inside = ((patch >= 0) & (patch <= last)).float().prod(dim=2)
        pulled = (distance > ARRIVED).float()
        weight = inside * pulled / (inside.sum(dim=1, keepdim=True) * self.channels)

        reference = torch.matmul(flat, self.selector(patch.reshape(-1, 2), rows, columns))
        mismatch = (templates - there).abs().mean(dim=1)
        drift = (anchor * (templates - there)).t()[:, :, None].expand(-1, -1, disc.shape[0])
        reference = reference + drift.reshape(self.channels, -1)
        moved = (patch + direction[:, None]).reshape(-1, 2)
        selector = self.selector(moved, rows, columns)
        return tracked, selector, reference, weight.reshape(-1), first, end, sampled, mismatch

    def near(self, handles: Tensor, disc: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
        """First (row, column) and ends (2,) of the cells that tracking and supervision read."""
        # One pixel for the step to the target, one for what rounding adds.
        reach = window.abs().max() + disc.abs().max() + 2.0
        low = self._clamped(torch.floor(handles.amin(dim=0) - reach)).long().flip(0)
        high = self._clamped(torch.ceil(handles.amax(dim=0) + reach)).long().flip(0)
        rows, columns = self.rows, self.columns
        if self._square:
            return rows.first_cell[low], rows.last_cell[high] + 1
        first = torch.stack([rows.first_cell[low[0]], columns.first_cell[low[1]]])
        last = torch.stack([rows.last_cell[high[0]], columns.last_cell[high[1]]])
        return first, last + 1

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

        part (1, C, v, u) of the features; rows (H, v), columns (W, u) of `enlarge` for it.
        → tracked (N, 2) and the features (N, C) there.
        """
        around = self._clamped(torch.round(handles)[:, :, None] + window)
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

        rows (H, v), columns (W, u) of `enlarge` for the part.
        """
        points = self._clamped(points).t()
        x = torch.matmul(columns.t(), F.relu(1 - (self.columns.pixels - points[0]).abs()))
        y = torch.matmul(rows.t(), F.relu(1 - (self.rows.pixels - points[1]).abs()))
        return (y[:, None] * x[None]).reshape(-1, points.shape[1])

    def _last(self) -> tuple[float, float]:
        """The last pixel (x, y)."""
        return self.picture.width - 1.0, self.picture.height - 1.0

    def _clamped(self, points: Tensor) -> Tensor:
        """points (2,), (N, 2) or (N, 2, k), moved to the picture where they lie outside."""
        x, y = self._last()
        if self._square:
            return points.clamp(0.0, x)
        # Made in its shape: what is computed from constants alone has no name in a traced graph.
        last = torch.tensor([[x], [y]] if points.ndim == 3 else [x, y])
        return torch.minimum(points.clamp(min=0.0), last)


def _cut(features: Tensor, first: Tensor, end: Tensor, axes: list[int]) -> Tensor:
    """features (1, C, h, w) → from `first` to `end` along `axes`, without the first axis."""
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


def preview_block(synthesis: FoldedNetwork, feature_block: int) -> int:
    """The block after which a step's picture is taken: the feature block where the architecture
    has one there, or the last where that costs little more, or where steps are fast enough that
    the eye gains more from the whole picture."""
    config = synthesis.config
    if isinstance(config, AliasFreeConfig) or not config.has_torgb(feature_block):
        return config.resolution
    cost = multiply_adds(config)
    drag = sum(value for resolution, value in cost.items() if resolution <= feature_block)
    small = config.size.longer <= SMALL
    cheap = sum(cost.values()) <= CHEAP * drag
    return config.resolution if small or cheap else feature_block


def bilinear_matrix(large: int, small: int) -> Tensor:
    """(large, small): bilinear up-sampling along one axis, edge cells repeated at the border."""
    eye = torch.eye(small)[None]
    return F.interpolate(eye, size=large, mode="linear", align_corners=False)[0].t().contiguous()
