"""Soft two-dimensional shapes and the affine frames they are drawn in, batched in torch.

A shape is its signed distance field (N, H, W), negative inside, in picture units: the picture
spans [-1, 1] across, x to the right, y down.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


def per_picture(values: Tensor) -> Tensor:
    """(N,) → (N, 1, 1), to broadcast against fields (N, H, W)."""
    return values[:, None, None]


@dataclass(frozen=True)
class Grid:
    """Pixel centres of a square picture: x (1, 1, W) and y (1, H, 1) in picture units."""

    x: Tensor
    y: Tensor
    pixel: float

    @classmethod
    def of(cls, resolution: int, like: Tensor) -> "Grid":
        centres = (torch.arange(resolution, dtype=like.dtype, device=like.device) + 0.5) * (
            2.0 / resolution
        ) - 1.0
        return cls(centres[None, None, :], centres[None, :, None], 2.0 / resolution)


@dataclass(frozen=True)
class Frame:
    """A place on the picture with its own axes: picture point = centre + axes · (u, v).

    centre: (N, 2); axes: (N, 2, 2), columns are the picture vectors of local u and v.
    """

    centre: Tensor
    axes: Tensor

    def local(self, grid: Grid) -> tuple[Tensor, Tensor]:
        """Local coordinates u, v (N, H, W) of every pixel."""
        (a, b), (c, d) = self.axes.unbind(1)[0].unbind(1), self.axes.unbind(1)[1].unbind(1)
        determinant = a * d - b * c
        x = grid.x - per_picture(self.centre[:, 0])
        y = grid.y - per_picture(self.centre[:, 1])
        u = x * per_picture(d / determinant) - y * per_picture(b / determinant)
        v = y * per_picture(a / determinant) - x * per_picture(c / determinant)
        return u, v

    def picture(self, u: Tensor | float, v: Tensor | float) -> Tensor:
        """Picture point (N, 2) of the local point (u, v); each (N,) or one number."""
        zero = torch.zeros_like(self.centre[:, 0])
        return self.centre + (self.axes @ torch.stack((zero + u, zero + v), 1)[..., None])[..., 0]


def coverage(distance: Tensor, softness: float) -> Tensor:
    """Opacity in [0, 1] of a shape: a linear ramp of width ``softness`` over its edge."""
    return (0.5 - distance / softness).clamp_(0.0, 1.0)


def glow(u: Tensor, v: Tensor, radius_u: Tensor | float, radius_v: Tensor | float) -> Tensor:
    """A Gaussian spot, 1 in its middle, e⁻¹ at the given radii."""
    return torch.exp(-((u / radius_u) ** 2 + (v / radius_v) ** 2))


def ellipse(u: Tensor, v: Tensor, radius_u: Tensor | float, radius_v: Tensor | float) -> Tensor:
    """Distance to an ellipse about the origin, to first order (value over gradient length)."""
    su, sv = u / radius_u, v / radius_v
    level = (su * su + sv * sv).clamp_(min=1e-6)
    slope = ((su / radius_u) ** 2 + (sv / radius_v) ** 2).clamp_(min=1e-6)
    return (level - level.sqrt()) / slope.sqrt()


def tapered_limb(
    grid: Grid, base: Tensor, tip: Tensor, base_radius: Tensor, tip_radius: Tensor, bulge: float
) -> Tensor:
    """Distance to a limb whose radius runs from base to tip, thicker in the middle by ``bulge``.

    base, tip: (N, 2) centres of the end discs; radii: (N,).
    """
    along = tip - base
    length_squared = (along * along).sum(1).clamp(min=1e-6)
    x = grid.x - per_picture(base[:, 0])
    y = grid.y - per_picture(base[:, 1])
    t = x * per_picture(along[:, 0] / length_squared) + y * per_picture(
        along[:, 1] / length_squared
    )
    t = t.clamp_(0.0, 1.0)
    x = x - t * per_picture(along[:, 0])
    y = y - t * per_picture(along[:, 1])
    radius = per_picture(base_radius) + t * per_picture(tip_radius - base_radius)
    radius = radius + bulge * t * (1.0 - t)
    return (x * x + y * y).sqrt() - radius


def stroke(u: Tensor, v: Tensor, curve: Tensor, half_width: Tensor, thickness: float) -> Tensor:
    """Distance to a drawn line v = curve(u) that ends at |u| = half_width (N,)."""
    beyond = (u.abs() - per_picture(half_width)).clamp_(min=0.0)
    return ((v - curve) ** 2 + beyond * beyond).sqrt() - thickness
