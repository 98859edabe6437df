"""Ears: one limb along a spine that may bend, from a cat's triangles to a rabbit's spoons."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import Canvas, between
from tui_draggan.training.critters.drawing.colours import Palette, lit
from tui_draggan.training.critters.drawing.pose import Pose
from tui_draggan.training.critters.drawing.shapes import (
    Limb,
    Thickness,
    coverage,
    limb,
    per_picture,
    smooth,
)
from tui_draggan.training.critters.parameters import Parameters

JOINTS = 9
"""Points of an ear's spine."""
ROOT = 0.80
"""Distance of the ears' roots from the head's middle, in its radii."""
EDGE = 0.96
"""Distance at which they leave its outline: the base one sees."""


@dataclass(frozen=True)
class Ear:
    """A drawn ear on its window: colour (N, 3, H, W), opacity (N, H, W); tip and base (N, 2)."""

    window: Canvas
    colour: Tensor
    opacity: Tensor
    tip: Tensor
    base: Tensor

    def lay(self, share: Tensor) -> None:
        """Lay it over the picture, `share` (N,) of its opacity."""
        self.window.lay(self.colour, self.opacity * per_picture(share), "ears")


def make_ear(canvas: Canvas, p: Parameters, pose: Pose, colours: Palette, side: float) -> Ear:
    """One ear, side -1 left, 1 right."""
    left, right = (-1.0, 0.25) if side < 0 else (-0.25, 1.0)
    window = canvas.window(left, -1.0, right, 0.75)
    # An ear seen from its side is narrow.
    width = p["ear_width"] * (0.82 + 0.18 * torch.cos(p["yaw"] * 1.6 + 0.5 * side))
    spine, base, fold = _spine(p, pose, side)
    thickness = Thickness(width * p["ear_root"], width * p["ear_tip"], width * p["ear_bulge"])
    ear = limb(window.grid, spine, thickness)
    pixel = canvas.grid.pixel

    dip = per_picture(p["ear_dip"])
    dipped = smooth(ear.along, dip, dip + 0.28) * per_picture(p["ear_dip_gain"])
    fur = between(colours.coat, colours.ear, dipped)
    light = _light(ear, p, side)
    colour = lit(fur, light, colours)

    # The inside: shorter and narrower; hidden where the ear is folded over.
    deep = (ear.along - 0.10) / 0.76
    inside = ear.distance + thickness.at(ear.along) - 0.60 * thickness.at(deep)
    inside = torch.maximum(inside, 0.15 * (deep - 1.0).abs() - 0.15)
    bend = per_picture(p["ear_bend"])
    over = smooth(ear.along, bend - 0.06, bend + 0.06) * per_picture(smooth(fold.abs(), 0.5, 1.1))
    shown = coverage(inside, 3.0 * pixel) * (1.0 - over) * per_picture(p["ear_inside"])
    skin = between(colours.inner_ear, colours.light, smooth(ear.across.abs(), 0.20, 0.65) * 0.6)
    depth = (0.50 + 0.55 * deep + 0.3 * side * ear.across).clamp(0.0, 1.0)
    colour = between(colour, lit(skin, depth, colours), shown)

    away = -side * per_picture(p["light_x"])
    rim = smooth(ear.distance, -0.036, -0.010) * smooth(ear.across * side * away, -0.1, 0.6)
    colour = between(colour, colours.rim, 0.28 * rim)
    # An ear in front of the head grows out of its fur.
    grown = 1.0 - per_picture(p["ear_front"]) * (1.0 - smooth(ear.along, 0.02, 0.16))
    return Ear(
        window,
        colour,
        coverage(ear.distance, pixel) * grown,
        tip=spine[:, -1] + _towards(spine) * (0.5 * width * p["ear_tip"])[:, None],
        base=base,
    )


def _spine(p: Parameters, pose: Pose, side: float) -> tuple[Tensor, Tensor, Tensor]:
    """Picture points (N, JOINTS, 2) from root to tip, base (N, 2), the angle (N,) it bends by."""
    # Mostly alike: one ear's extra bend is zero, the other's grows from nothing.
    fold = p["ear_fold"] + (-side * p["ear_uneven"]).clamp(min=0.0) ** 2
    t = (torch.arange(JOINTS - 1, device=fold.device) + 0.5) / (JOINTS - 1)
    bent = smooth(t - p["ear_bend"][:, None], -0.28, 0.28)
    angle = p["ear_lean"][:, None] + fold[:, None] * bent
    step = p["ear_length"][:, None] / (JOINTS - 1)
    x = side * (angle.sin() * step).cumsum(1) / p["head_width"][:, None]
    y = -(angle.cos() * step).cumsum(1) / p["head_height"][:, None]
    spread = p["ear_spread"][:, None]
    zero = torch.zeros_like(spread)
    x = side * ROOT * spread.sin() + torch.cat((zero, x), 1)
    y = -ROOT * spread.cos() + torch.cat((zero, y), 1)
    # Last the place where the ear leaves the head.
    x = torch.cat((x, side * EDGE * spread.sin()), 1)
    y = torch.cat((y, -EDGE * spread.cos()), 1)
    points = pose.points(x, y, torch.zeros_like(x) + 0.05)
    return points[:, :-1], points[:, -1], fold


def _towards(spine: Tensor) -> Tensor:
    """Unit vector (N, 2) in which the ear ends."""
    return torch.nn.functional.normalize(spine[:, -1] - spine[:, -2], dim=1)


def _light(ear: Limb, p: Parameters, side: float) -> Tensor:
    light = 0.68 + 0.25 * ear.across * per_picture(p["light_x"]) - 0.25 * ear.across**2
    # The head shades the root.
    return (light + 0.35 * smooth(ear.along, 0.0, 0.5) - 0.15).clamp(0.0, 1.0)
