"""Soft two-dimensional shapes and the frames they are drawn in, batched in torch.

A shape is its signed distance field (N, H, W), negative inside, in picture units: the picture
spans [-1, 1] across, x to the right, y down. What a field is made of is a number per picture,
(N, 1, 1), or one number for all.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

Amount = Tensor | float
"""(N, 1, 1) or one number."""


def per_picture(values: Tensor) -> Tensor:
    """(N,) → (N, 1, 1), to broadcast against fields (N, H, W)."""
    return values[:, None, None]


@dataclass(frozen=True)
class Grid:
    """Pixel centres of a picture or a window of it: x (1, 1, W) and y (1, H, 1), picture units."""

    x: Tensor
    y: Tensor
    pixel: float

    @classmethod
    def of(cls, resolution: int, like: Tensor) -> "Grid":
        pixel = 2.0 / resolution
        steps = torch.arange(resolution, dtype=like.dtype, device=like.device)
        centres = (steps + 0.5) * pixel - 1.0
        return cls(centres[None, None, :], centres[None, :, None], pixel)


@dataclass(frozen=True)
class Frame:
    """A place on the picture with its own axes: picture point = centre + axes · (u, v).

    centre: (N, 2); axes: (N, 2, 2), columns are the picture vectors of local u and v.
    """

    centre: Tensor
    axes: Tensor

    def local(self, grid: Grid) -> tuple[Tensor, Tensor]:
        """Local coordinates u, v (N, H, W) of every pixel."""
        (a, b), (c, d) = (row.unbind(1) for row in self.axes.unbind(1))
        determinant = a * d - b * c
        x = grid.x - per_picture(self.centre[:, 0])
        y = grid.y - per_picture(self.centre[:, 1])
        u = x * per_picture(d / determinant) - y * per_picture(b / determinant)
        v = y * per_picture(a / determinant) - x * per_picture(c / determinant)
        return u, v

    def picture(self, u: Amount, v: Amount) -> Tensor:
        """Picture point (N, 2) of the local point (u, v); each (N,) or one number."""
        zero = torch.zeros_like(self.centre[:, 0])
        return self.centre + (self.axes @ torch.stack((zero + u, zero + v), 1)[..., None])[..., 0]


def coverage(distance: Tensor, softness: Amount) -> Tensor:
    """Opacity in [0, 1] of a shape: a linear ramp of width `softness` over its edge."""
    return (0.5 - distance / softness).clamp_(0.0, 1.0)


def smooth(values: Tensor, low: Amount, high: Amount) -> Tensor:
    """0 at `low` and before, 1 at `high` and beyond, without corners; low may be the larger."""
    t = ((values - low) / (high - low)).clamp_(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def glow(u: Tensor, v: Tensor, radius_u: Amount, radius_v: Amount) -> Tensor:
    """A Gaussian spot, 1 in its middle, e⁻¹ at the given radii."""
    return torch.exp(-((u / radius_u) ** 2 + (v / radius_v) ** 2))


def ellipse(u: Tensor, v: Tensor, radius_u: Amount, radius_v: Amount) -> Tensor:
    """Distance to an ellipse about the origin, to first order (value over gradient length)."""
    su, sv = u / radius_u, v / radius_v
    level = (su * su + sv * sv).clamp_(min=1e-6)
    slope = ((su / radius_u) ** 2 + (sv / radius_v) ** 2).clamp_(min=1e-6)
    return (level - level.sqrt()) / slope.sqrt_()


def almond(
    u: Tensor, v: Tensor, half: Amount, above: Amount, below: Amount, corner: Amount
) -> Tensor:
    """Distance to an eye's opening: two elliptic arcs that meet at u = ±half, v = 0.

    above, below: how far the arcs reach up and down; corner: 0 makes them halves of ellipses,
    more makes the corners sharper.
    """
    up = _arc(u, v - corner, half, above, corner)
    down = _arc(u, v + corner, half, below, corner)
    return torch.maximum(up, down)


def _arc(u: Tensor, v: Tensor, half: Amount, reach: Amount, corner: Amount) -> Tensor:
    tall = reach + corner
    return ellipse(u, v, half / (1.0 - (corner / tall) ** 2) ** 0.5, tall)


def union(first: Tensor, second: Tensor, blend: float) -> Tensor:
    """Both shapes as one, the edge between them rounded over about `blend`."""
    h = (blend - (first - second).abs()).clamp_(min=0.0)
    return torch.minimum(first, second) - h * h * (0.25 / blend)


@dataclass(frozen=True)
class Limb:
    """What `limb` knows of every pixel (N, H, W).

    distance: to the limb's edge. along: 0 at its root, 1 at its tip. across: -1 and 1 at the
    edges, positive to the right of the way to the tip.
    """

    distance: Tensor
    along: Tensor
    across: Tensor


@dataclass(frozen=True)
class Thickness:
    """Radius of a limb: from `root` to `tip`, and `bulge` more in the middle; each (N,)."""

    root: Tensor
    tip: Tensor
    bulge: Tensor

    def at(self, along: Tensor) -> Tensor:
        """Radius (N, H, W) at `along` (N, H, W), 0 at the root, 1 at the tip."""
        straight = per_picture(self.root) + along * per_picture(self.tip - self.root)
        return straight + along * (1.0 - along) * per_picture(4.0 * self.bulge)


def limb(grid: Grid, spine: Tensor, thickness: Thickness) -> Limb:
    """A bent limb around a polygon, spine (N, K, 2): picture points, equally spaced along it."""
    start, way = spine[:, :-1, :, None, None], (spine[:, 1:] - spine[:, :-1])[..., None, None]
    pieces = way.shape[1]
    x, y = grid.x[:, None] - start[:, :, 0], grid.y[:, None] - start[:, :, 1]
    length_squared = (way * way).sum(2).clamp(min=1e-6)
    t = (x * (way[:, :, 0] / length_squared) + y * (way[:, :, 1] / length_squared)).clamp_(0, 1)
    side = (y * way[:, :, 0] - x * way[:, :, 1]) * torch.rsqrt(length_squared)
    x, y = x - t * way[:, :, 0], y - t * way[:, :, 1]
    squared, nearest = (x * x + y * y).min(dim=1, keepdim=True)
    along = ((t.gather(1, nearest) + nearest) / pieces)[:, 0]
    radius = thickness.at(along)
    across = (side.gather(1, nearest)[:, 0] / radius).clamp_(-1.0, 1.0)
    return Limb(squared[:, 0].sqrt_() - radius, along, across)
