"""What is behind and below the head: the sky, the shoulders and a scarf."""

import torch

from tui_draggan.training.critters.drawing.canvas import Canvas, between
from tui_draggan.training.critters.drawing.colours import Palette, lit
from tui_draggan.training.critters.drawing.shapes import (
    coverage,
    ellipse,
    glow,
    per_picture,
    smooth,
    union,
)
from tui_draggan.training.critters.parameters import Parameters


def draw_sky(canvas: Canvas, p: Parameters, colours: Palette) -> None:
    x, y = canvas.grid.x, canvas.grid.y
    height = 0.5 - 0.42 * y + 0.16 * x * per_picture(p["light_x"])
    canvas.image.copy_(between(colours.sky_bottom, colours.sky_top, height.clamp(0.0, 1.0)))
    disc = coverage(ellipse(x, y - 0.02, 0.86, 0.86), 1.5 * canvas.grid.pixel)
    canvas.lay(colours.sky_disc, disc * (0.80 - 0.35 * y))


def draw_body(canvas: Canvas, p: Parameters, colours: Palette) -> None:
    canvas = canvas.window(-1.0, 0.35, 1.0, 1.0)
    x, y, pixel = canvas.grid.x, canvas.grid.y, canvas.grid.pixel
    light_x, wide = per_picture(p["light_x"]), per_picture(p["shoulders"])
    shoulders = ellipse(x, y - 1.20, wide, 0.52)
    neck = ellipse(x, y - 0.75, 0.60 * wide, 0.35)
    body = union(shoulders, neck, 0.25)
    inside = coverage(body, pixel)
    # The head's shadow lies on the neck.
    light = 0.80 + 0.38 * x * light_x / wide - 0.35 * (x / wide) ** 2
    light = light - 0.85 * glow(x, y - 0.60, 0.50, 0.24)
    fur = torch.lerp(colours.coat, colours.ear, p["dark_body"][:, None])
    bib = coverage(ellipse(x, y - 0.92, 0.50 * wide, 0.34), 0.05)
    fur = between(fur, colours.light, bib)
    canvas.lay(lit(fur, light.clamp(0.0, 1.0), colours), inside, "body")
    rim = smooth(body, -0.04, -0.01) * smooth(-x * light_x, 0.0, 0.2)
    canvas.lay(colours.rim, 0.28 * rim * inside)

    arch = 0.16 * (1.0 - (x / 0.62).square()).clamp(min=0.0)
    top, end = 0.58 + arch, 0.70 + 1.15 * arch
    scarf = torch.maximum(torch.maximum(top - y, y - end), body)
    canvas.lay(colours.line, 0.25 * smooth(scarf, 0.05, -0.03) * inside)
    folds = 0.5 + 0.5 * torch.cos((y - top) * 46.0 + 5.0 * x * x)
    light = 0.85 + 0.3 * x * light_x - 0.5 * x * x - 0.28 * folds - 0.4 * smooth(y, 0.80, 0.70)
    canvas.lay(lit(colours.scarf, light.clamp(0.0, 1.0), colours), coverage(scarf, pixel), "body")
