"""Point tracking and motion supervision on what lies around the points, in torch.

The same numbers as `export.step_graph.Locate` and the losses of `DragStep`, with the gradient
by hand: it is a sign times a weight. A position is sampled from the q×q cells about its point, so
neither cost nor memory grow with the map.

N points, C channels, P pixels of the motion disc, k side of the tracking window; positions are
(x, y) in pixels, cells (row, column).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.engines.base import ARRIVED, EQUAL

AT_ONCE = 1 << 23
"""Elements of the tracking windows that are compared at once."""

Gather = Callable[[Tensor, int], Tensor]
"""First cells (N, 2) and q → features of the q×q cells from there on (N, q, q, C), float32."""


@dataclass(frozen=True)
class Grid:
    """A picture of `resolution` pixels and its feature map of `side` cells."""

    resolution: int
    side: int

    def cells(self, radius: int) -> int:
        """q: cells that hold all there is to a position up to `radius` pixels from a point."""
        return min(self.side, (2 * radius + 2) * self.side // self.resolution + 3)

    def first(self, points: Tensor, radius: int) -> Tensor:
        """The first of the q cells about points (N, 2), as (row, column)."""
        lowest = self._cell((points.flip(1) - radius).floor()).floor().long()
        return lowest.clamp(max=self.side - self.cells(radius))

    def weights(self, positions: Tensor, first: Tensor, cells: int) -> Tensor:
        """positions (N, M) along one axis, clamped to the picture; first cells (N,) → what each of
        the cells contributes (N, M, cells): two linear interpolations, of pixels in the
        up-sampled map and of cells in a pixel."""
        positions = positions.clamp(0.0, self.resolution - 1.0)
        pixel = positions.floor()
        part = (positions - pixel)[:, :, None]
        cell = first[:, None, None] + torch.arange(cells, device=first.device)
        here = 1 - (self._cell(pixel)[:, :, None] - cell).abs()
        there = 1 - (self._cell(pixel + 1)[:, :, None] - cell).abs()
        return (1 - part) * here.relu() + part * there.relu()

    def _cell(self, pixel: Tensor) -> Tensor:
        """Where a pixel's centre lies among the cells' centres; edge cells are repeated."""
        ratio = self.side / self.resolution
        return (pixel * ratio + (ratio - 1) / 2).clamp(0.0, self.side - 1.0)


def sampled(grid: Grid, gather: Gather, points: Tensor) -> Tensor:
    """The features (N, C) at points (N, 2)."""
    count = grid.cells(0)
    first = grid.first(points, 0)
    rows = grid.weights(points[:, 1:], first[:, 0], count)
    columns = grid.weights(points[:, :1], first[:, 1], count)
    strips = torch.bmm(rows, gather(first, count).flatten(2)).unflatten(2, (count, -1))
    return torch.matmul(columns[:, None], strips)[:, 0, 0]


def track(
    grid: Grid,
    gather: Gather,
    handles: Tensor,
    targets: Tensor,
    templates: Tensor,
    window: Tensor,
) -> tuple[Tensor, Tensor]:
    """handles and targets (N, 2), templates (N, C), window (k,) offsets along one axis → tracked
    (N, 2): the nearest neighbour, by L1, of f0 in a square (DragGAN, section 3.2, equation 6), of
    equal ones the nearest to the target; and the features there (N, C)."""
    side, channels = len(window), templates.shape[1]
    part = max(AT_ONCE // (side * side * channels), 1)
    parts = [
        _track(grid, gather, *points, window)
        for points in zip(
            handles.split(part), targets.split(part), templates.split(part), strict=True
        )
    ]
    tracked, features = zip(*parts, strict=True)
    return torch.cat(tracked), torch.cat(features)


def _track(
    grid: Grid,
    gather: Gather,
    handles: Tensor,
    targets: Tensor,
    templates: Tensor,
    window: Tensor,
) -> tuple[Tensor, Tensor]:
    side, radius = len(window), len(window) // 2
    middle = torch.round(handles)
    around = (middle[:, :, None] + window).clamp(0.0, grid.resolution - 1.0)
    count, first = grid.cells(radius), grid.first(middle, radius)
    rows = grid.weights(around[:, 1], first[:, 0], count)
    columns = grid.weights(around[:, 0], first[:, 1], count)
    strips = torch.bmm(rows, gather(first, count).flatten(2)).unflatten(2, (count, -1))
    square = torch.matmul(columns[:, None], strips).flatten(1, 2)  # (N, k·k, C)
    cost = torch.cdist(square, templates[:, None], p=1.0)[:, :, 0]
    away = (around - targets[:, :, None]).square()  # (N, 2, k)
    away = (away[:, 1, :, None] + away[:, 0, None]).flatten(1)
    equal = cost <= cost.amin(dim=1, keepdim=True) * (1 + EQUAL)
    best = torch.where(equal, away, torch.inf).argmin(dim=1, keepdim=True)
    x = around[:, 0].gather(1, best % side)
    y = around[:, 1].gather(1, torch.div(best, side, rounding_mode="floor"))
    features = square.gather(1, best[:, :, None].expand(-1, -1, square.shape[2]))[:, 0]
    return torch.cat([x, y], dim=1), features


def supervise(
    grid: Grid,
    gather: Gather,
    handles: Tensor,
    targets: Tensor,
    correction: Tensor,
    disc: Tensor,
    radius: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """handles and targets (N, 2), correction (N, C) of the handles' references, disc (P, 2)
    offsets of at most `radius` − 1 → the motion loss (section 3.2, equation 1; the reference takes
    no gradient), and its gradient by the q×q cells (N, q, q, C) from the first ones (N, 2) on."""
    distance = (targets - handles).square().sum(dim=1, keepdim=True).sqrt()
    direction = (targets - handles) / distance.clamp(min=ARRIVED)
    patch = handles[:, None] + disc
    inside = ((patch >= 0) & (patch <= grid.resolution - 1)).float().prod(dim=2)
    count, first = grid.cells(radius), grid.first(handles, radius)
    cells = gather(first, count)
    channels = cells.shape[3]
    pulled = (distance > ARRIVED).float()
    weight = inside * pulled / (inside.sum(dim=1, keepdim=True) * channels)

    def selector(positions: Tensor) -> Tensor:
        rows = grid.weights(positions[:, :, 1], first[:, 0], count)
        columns = grid.weights(positions[:, :, 0], first[:, 1], count)
        return (rows[:, :, :, None] * columns[:, :, None]).flatten(2)

    moved = selector(patch + direction[:, None])
    # One product of the difference: the two patches have most of their cells in common.
    difference = torch.bmm(moved - selector(patch), cells.flatten(1, 2)) - correction[:, None]
    loss = (difference.abs() * weight[:, :, None]).sum()
    gradient = torch.bmm(moved.transpose(1, 2), difference.sign() * weight[:, :, None])
    return loss, first, gradient.unflatten(1, (count, count))
