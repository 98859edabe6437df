"""Point tracking and motion supervision on what lies around the points, in torch.

The same numbers as `export.step_graph.Locate` and the losses of `DragStep`, with the gradient
by hand: it is a sign times a weight. A position is sampled from the q×r cells about its point, so
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
from tui_draggan.size import Size

AT_ONCE = 1 << 23
"""Elements of the tracking windows that are compared at once."""

Gather = Callable[[Tensor, Size], Tensor]
"""First cells (N, 2) and a size (q, r) → features of the q×r cells from there on (N, q, r, C),
float32."""
ROWS, COLUMNS = 0, 1
"""Axes, as in an array's shape."""


@dataclass(frozen=True)
class Grid:
    """A picture in pixels and its feature map in cells."""

    picture: Size
    map: Size

    def cells(self, radius: int) -> Size:
        """(q, r): cells that hold all there is to a position up to `radius` pixels from a point."""
        most = (2 * radius + 2) * self.map.height // self.picture.height + 3
        return Size(min(self.map.height, most), min(self.map.width, most))

    def first(self, points: Tensor, radius: int) -> Tensor:
        """The first of the q×r cells about points (N, 2), as (row, column)."""
        cells = self.cells(radius)

        def along(axis: int) -> Tensor:
            lowest = self._cell((points[:, 1 - axis] - radius).floor(), axis).floor().long()
            return lowest.clamp(max=self.map[axis] - cells[axis])

        return torch.stack([along(ROWS), along(COLUMNS)], dim=1)

    def weights(self, positions: Tensor, first: Tensor, cells: Size, axis: int) -> Tensor:
        """positions (N, M) along an axis, clamped to the picture; first cells (N, 2) → what each of
        the cells contributes (N, M, cells): two linear interpolations, of pixels in the
        up-sampled map and of cells in a pixel."""
        positions = positions.clamp(0.0, self.picture[axis] - 1.0)
        pixel = positions.floor()
        part = (positions - pixel)[:, :, None]
        cell = first[:, axis, None, None] + torch.arange(cells[axis], device=first.device)
        # Of the pixel and the next one at once: on a GPU, operators as small as these cost their
        # number.
        places = self._cell(torch.stack([pixel, pixel + 1]), axis)[..., None]
        here, there = (1 - (places - cell).abs()).relu()
        return torch.lerp(here, there, part)

    def clamped(self, x: Tensor, y: Tensor) -> Tensor:
        """Coordinates (N, M) each → (N, 2, M), moved to the picture where they lie outside."""
        inside = x.clamp(0.0, self.picture.width - 1.0), y.clamp(0.0, self.picture.height - 1.0)
        return torch.stack(inside, dim=1)

    def holds(self, points: Tensor) -> Tensor:
        """points (N, P, 2) → (N, P) 1 where they lie in the picture, 0 elsewhere."""
        x, y = points.unbind(2)
        across = (x >= 0) & (x <= self.picture.width - 1)
        return (across & (y >= 0) & (y <= self.picture.height - 1)).float()

    def _cell(self, pixel: Tensor, axis: int) -> Tensor:
        """Where a pixel's centre lies among the cells' centres; edge cells are repeated."""
        ratio = self.map.height / self.picture.height
        return (pixel * ratio + (ratio - 1) / 2).clamp(0.0, self.map[axis] - 1.0)


def sampled(grid: Grid, gather: Gather, points: Tensor) -> Tensor:
    """The features (N, C) at points (N, 2)."""
    cells = grid.cells(0)
    first = grid.first(points, 0)
    rows = grid.weights(points[:, 1:], first, cells, ROWS)
    columns = grid.weights(points[:, :1], first, cells, COLUMNS)
    strips = torch.bmm(rows, gather(first, cells).flatten(2)).unflatten(2, (cells.width, -1))
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
    side, radius, channels = len(window), len(window) // 2, templates.shape[1]
    most = max(AT_ONCE // (side * side * channels), 1)
    if len(handles) > most:
        split = zip(handles.split(most), targets.split(most), templates.split(most), strict=True)
        parts = [track(grid, gather, *points, window) for points in split]
        places, found = zip(*parts, strict=True)
        return torch.cat(places), torch.cat(found)
    middle = torch.round(handles)
    around = grid.clamped(middle[:, :1] + window, middle[:, 1:] + window)
    cells, first = grid.cells(radius), grid.first(middle, radius)
    rows = grid.weights(around[:, 1], first, cells, ROWS)
    columns = grid.weights(around[:, 0], first, cells, COLUMNS)
    strips = torch.bmm(rows, gather(first, cells).flatten(2)).unflatten(2, (cells.width, -1))
    square = torch.matmul(columns[:, None], strips).flatten(1, 2)  # (N, k·k, C)
    cost = torch.cdist(square, templates[:, None], p=1.0)[:, :, 0]
    away = (around - targets[:, :, None]).square()  # (N, 2, k)
    away = (away[:, 1, :, None] + away[:, 0, None]).flatten(1)
    equal = cost <= cost.amin(dim=1, keepdim=True) * (1 + EQUAL)
    best = away.masked_fill(~equal, torch.inf).argmin(dim=1, keepdim=True)
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
    no gradient), and its gradient by the q×r cells (N, q, r, C) from the first ones (N, 2) on."""
    distance = (targets - handles).square().sum(dim=1, keepdim=True).sqrt()
    direction = (targets - handles) / distance.clamp(min=ARRIVED)
    patch = handles[:, None] + disc
    inside = grid.holds(patch)
    size, first = grid.cells(radius), grid.first(handles, radius)
    cells = gather(first, size)
    channels = cells.shape[3]
    pulled = (distance > ARRIVED).float()
    weight = inside * pulled / (inside.sum(dim=1, keepdim=True) * channels)

    def selector(positions: Tensor) -> Tensor:
        rows = grid.weights(positions[:, :, 1], first, size, ROWS)
        columns = grid.weights(positions[:, :, 0], first, size, COLUMNS)
        return (rows[:, :, :, None] * columns[:, :, None]).flatten(2)

    moved = selector(patch + direction[:, None])
    # One product of the difference: the two patches have most of their cells in common.
    difference = torch.bmm(moved - selector(patch), cells.flatten(1, 2)) - correction[:, None]
    loss = (difference.abs() * weight[:, :, None]).sum()
    gradient = torch.bmm(moved.transpose(1, 2), difference.sign() * weight[:, :, None])
    return loss, first, gradient.unflatten(1, size)
