"""The head: its outline, its fur and the markings on it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import Canvas, between
from tui_draggan.training.critters.drawing.colours import Palette, lit
from tui_draggan.training.critters.drawing.pose import Pose
from tui_draggan.training.critters.drawing.shapes import (
    coverage,
    ellipse,
    glow,
    per_picture,
    smooth,
)
from tui_draggan.training.critters.parameters import Parameters


@dataclass(frozen=True)
class Ball:
    """The head as a ball, per pixel (N, H, W).

    distance: to the outline. normal: x, y, z of the surface, z towards the eye. place: the same
    on the head that looks straight ahead, so that markings turn with it.
    """

    distance: Tensor
    normal: tuple[Tensor, Tensor, Tensor]
    place: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, canvas: Canvas, p: Parameters, pose: Pose) -> "Ball":
        u, v = pose.outline().local(canvas.grid)
        width, height = per_picture(pose.size[:, 0]), per_picture(pose.size[:, 1])
        y = v / height
        x = u / (width * (1.0 + per_picture(p["jowls"]) * y.clamp(0.0, 1.3) ** 2))
        xx, yy = x * x, y * y
        radius = (xx + yy - per_picture(p["head_square"]) * xx * yy).clamp_(min=1e-6).sqrt_()
        slope = ((x / width) ** 2 + (y / height) ** 2).clamp_(min=1e-6).sqrt_()
        outline = 1.0 + per_picture(p["tufts"]) * _tufts(y / radius)
        distance = (radius / outline - 1.0) * radius / slope
        x, y = x / outline, y / outline
        z = (1.0 - (radius / outline) ** 2).clamp_(min=0.0).sqrt_()
        normal = torch.stack((x, y, z), 1)
        across, down = torch.einsum("nij,nihw->jnhw", pose.turn[:, :, :2], normal)
        return cls(distance, (x, y, z), (across, down))


def _tufts(slope: Tensor) -> Tensor:
    """How far fur stands off, 0 to 1, by the sine of the angle below the horizon."""
    first = torch.minimum((slope + 0.05) / 0.50, (0.55 - slope) / 0.10)
    second = torch.minimum((slope - 0.20) / 0.48, (0.78 - slope) / 0.10) * 0.80
    return torch.maximum(first, second).clamp_(min=0.0) ** 1.5


def draw_head(canvas: Canvas, p: Parameters, pose: Pose, colours: Palette) -> None:
    canvas = canvas.window(-1.0, -0.55, 1.0, 0.92)
    ball = Ball.of(canvas, p, pose)
    pixel = canvas.grid.pixel
    fur = _markings(ball, p, colours)
    nx, ny, nz = ball.normal
    light_x = per_picture(p["light_x"])
    light = (0.75 * nx * light_x - 0.52 * ny + 0.70 * nz) / (0.56 * light_x**2 + 0.76).sqrt()
    light = 0.20 + 0.86 * smooth(light, -0.45, 0.95)
    opacity = coverage(ball.distance, pixel)
    canvas.lay(lit(fur, light.clamp_(0.0, 1.0), colours), opacity, "head")
    rim = smooth(ball.distance, -0.040, -0.010) * smooth(-nx * light_x - 0.25 * ny, 0.0, 0.55)
    canvas.lay(colours.rim, 0.30 * rim * opacity)


def _markings(ball: Ball, p: Parameters, colours: Palette) -> Tensor:
    """The fur's own colour (N, 3, H, W)."""
    across, down = ball.place
    aside = across.abs()
    light_share = (-2.5 * p["pattern"]).clamp(0.0, 1.0)
    dark_share = (2.5 * p["pattern"]).clamp(0.0, 1.0)
    broad = per_picture(p["pattern_width"])

    fur = colours.coat[:, :, None, None]
    lighter = colours.light

    edge = 0.02 + 0.30 * aside * aside + 0.60 * glow(aside, down, 0.26, 9.0)
    cheeks = smooth(down - edge, -0.03, 0.06)
    cheeks = cheeks * per_picture(p["white_cheeks"])
    mask = coverage(ellipse(across, down - 0.62, 0.34 + 0.20 * broad, 0.46 + 0.16 * broad), 0.10)
    mask = mask * per_picture(p["white_mask"] * (1.0 + 2.0 * light_share))
    fur = between(fur, lighter, torch.maximum(cheeks, mask.clamp(max=1.0)))

    width = (0.05 + 0.13 * broad) * (0.65 + 1.1 * (down + 0.25).clamp(-0.7, 0.7) ** 2)
    blaze = coverage(aside - width, 0.06) * per_picture(p["blaze"] * light_share)
    fur = between(fur, lighter, blaze)

    stripes = per_picture(p["stripes"] * dark_share) * _stripes(aside, down, broad)
    patches = torch.zeros_like(stripes)
    for side in (-1.0, 1.0):
        there = (0.5 + 2.5 * side * p["pattern_side"]).clamp(0.0, 1.0)
        there = 1.0 - p["one_sided"] * (1.0 - there)
        always = p["patches_always"]
        share = (always + (1.0 - always) * dark_share * p["patches"]) * there
        spot = p["eye_spacing"].sin() * side
        u, v = across - per_picture(spot), down - per_picture(p["eye_level"]) - 0.05
        size = 0.23 + 0.10 * broad
        # The patch hangs outwards, as a panda's does.
        shape = ellipse(u - side * 0.35 * v, v, size, size * 1.25)
        patches = torch.maximum(patches, coverage(shape, 0.08) * per_picture(share))
    fur = between(fur, colours.dark, torch.maximum(stripes, patches))

    u, v = aside - 0.66, down - 0.40
    return between(
        fur, colours.blush, glow(u, v, 0.17, 0.13) * per_picture(p["blush"] * colours.coat.mean(1))
    )


def _stripes(aside: Tensor, down: Tensor, broad: Tensor) -> Tensor:
    """A tabby's: three on the forehead, some on the cheeks."""
    edge = 0.55 - 0.5 * broad
    brow = smooth(torch.cos(aside * 17.0), edge, edge + 0.35)
    brow = brow * smooth(-down, 0.38 + 0.3 * aside, 0.62) * smooth(-aside, -0.50, -0.42)
    cheek = smooth(torch.cos((down + 0.45 * aside) * 19.0), edge, edge + 0.35)
    cheek = cheek * smooth(aside, 0.66, 0.80) * smooth(-(down - 0.15).abs(), -0.55, -0.30)
    return torch.maximum(brow, cheek)
