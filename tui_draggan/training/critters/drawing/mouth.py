"""The mouth: lips, tongue and teeth on the muzzle's front."""

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import between
from tui_draggan.training.critters.drawing.colours import Palette
from tui_draggan.training.critters.drawing.muzzle import Muzzle
from tui_draggan.training.critters.drawing.shapes import (
    coverage,
    ellipse,
    glow,
    per_picture,
    smooth,
)
from tui_draggan.training.critters.parameters import Parameters

LIP = 0.03
"""Height of the lips below the middle of the muzzle."""


def draw_mouth(muzzle: Muzzle, p: Parameters, colours: Palette) -> Tensor:
    """Draw the mouth; return the middle (N, 2) of its opening."""
    canvas, u, v = muzzle.canvas, muzzle.u, muzzle.v
    pixel = canvas.grid.pixel
    half = per_picture(muzzle.half_width * p["mouth_width"])
    opened, smile = per_picture(p["mouth_open"]), per_picture(p["smile"])
    reach = per_picture(p["mouth_depth"]) * opened

    # Two waves from the middle to the corners; the lower lip is a parabola.
    t = (u / half).abs().clamp_(max=1.0)
    lip = LIP + 0.14 * half * torch.sin(torch.pi * t) - (0.02 + 0.26 * half * smile) * t * t
    lower = LIP + 0.02 + (0.012 + reach) * (1.0 - t * t)
    hole = torch.maximum(torch.maximum(lip - v, v - lower), u.abs() - 0.95 * half)
    hole = coverage(hole, pixel) * (8.0 * opened - 0.3).clamp(0.0, 1.0)
    canvas.lay(colours.mouth, hole, "mouth")

    # A long tongue hangs over the lower lip.
    hanging = per_picture(p["tongue"])
    beyond = 0.045 * hanging * opened
    tongue_v = v - LIP - 0.02 - 0.55 * reach - beyond
    tongue = coverage(ellipse(u, tongue_v, 0.52 * half, 0.45 * reach + beyond + 0.024), pixel)
    over_lip = hanging * (4.0 * opened - 1.0).clamp(0.0, 1.0) * smooth(v, LIP + 0.03, LIP + 0.05)
    groove = between(colours.tongue, colours.mouth, 0.35 * glow(u, tongue_v, 0.014, 9.0))
    canvas.lay(groove, tongue * torch.maximum(hole, over_lip), "mouth")

    teeth = torch.maximum((u.abs() - 0.024).abs() - 0.021, (v - LIP - 0.028).abs() - 0.030)
    canvas.lay(colours.white, coverage(teeth, pixel) * per_picture(p["teeth"]))

    aside = (u.abs() - half).clamp_(min=0.0)
    line = ((v - lip) ** 2 + aside * aside).sqrt_() - 0.012
    above = per_picture(muzzle.nose_level) - v
    philtrum = torch.maximum(u.abs() - 0.010, torch.maximum(above, v - LIP))
    canvas.lay(colours.line, 0.85 * coverage(torch.minimum(line, philtrum), pixel), "mouth")
    return muzzle.front.picture(0.0, LIP + 0.5 * p["mouth_depth"] * p["mouth_open"])
