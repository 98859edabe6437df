"""The parts of a critter, drawn one over the other from the background to the nose."""

import torch
from torch import Tensor

from tui_draggan.training.critter_colours import Palette
from tui_draggan.training.critter_pose import Parameters, Pose
from tui_draggan.training.shapes import (
    Grid,
    coverage,
    ellipse,
    glow,
    per_picture,
    stroke,
    tapered_limb,
)

PARTS = ("background", "body", "ears", "head", "muzzle", "nose", "mouth", "eyes")
"""Part names; a mask holds their indices."""


class Canvas:
    """The picture and its part mask while layers are laid over each other."""

    def __init__(self, grid: Grid, count: int) -> None:
        size = grid.x.shape[-1]
        self.grid = grid
        self.image = torch.zeros(count, 3, size, size, dtype=grid.x.dtype)
        self.mask = torch.zeros(count, size, size, dtype=torch.uint8)

    def lay(self, colour: Tensor, opacity: Tensor, part: str | None = None) -> None:
        """Lay a colour, (N, 3) or (N, 3, H, W), over the picture; claim a part of the mask."""
        if colour.ndim == 2:
            colour = colour[:, :, None, None]
        self.image.lerp_(colour, opacity[:, None])
        if part is not None:
            self.mask.masked_fill_(opacity > 0.5, PARTS.index(part))


def between(dark: Tensor, light: Tensor, amount: Tensor) -> Tensor:
    """Shaded colour (N, 3, H, W) between two colours (N, 3), by light (N, H, W) in [0, 1]."""
    dark, light = dark[:, :, None, None], light[:, :, None, None]
    return dark + amount[:, None] * (light - dark)


def draw_background(canvas: Canvas, colours: Palette) -> None:
    grid = canvas.grid
    height = ((1.0 - grid.y) / 2.0) + 0.22 * glow(grid.x, grid.y - 0.1, 0.95, 0.95)
    sky = between(colours.sky_bottom, colours.sky_top, height)
    canvas.image.copy_(sky)


def draw_body(canvas: Canvas, p: Parameters, colours: Palette) -> None:
    x, y = canvas.grid.x, canvas.grid.y
    shade = 0.72 + 0.35 * x * per_picture(p["light_x"]) - 0.75 * glow(x, y - 0.62, 0.62, 0.22)
    shade = shade.clamp_(0.0, 1.0)
    body = ellipse(x, y - 1.22, 0.56, 0.66)
    canvas.lay(
        between(colours.coat_shadow, colours.coat, shade),
        coverage(body, canvas.grid.pixel),
        "body",
    )
    chest = coverage(ellipse(x, y - 1.10, 0.30, 0.42), 0.05)
    canvas.lay(between(colours.second_shadow, colours.second, shade), chest)


def draw_ear(canvas: Canvas, p: Parameters, pose: Pose, colours: Palette, side: float) -> Tensor:
    """Draw one ear (side -1 left, 1 right); return its tip (N, 2)."""
    spread = p["ear_spread"]
    lean = 0.75 * spread
    zero = torch.zeros_like(spread)
    base = pose.point(side * 0.80 * spread.sin(), -0.80 * spread.cos(), zero + 0.05)
    reach = (p["ear_length"] + 0.18) / p["head_height"]
    tip = base + pose.point(side * lean.sin() * reach, -lean.cos() * reach, 0.25 * reach)
    tip = tip - pose.centre
    # An ear seen from its side is narrow.
    facing = 0.80 + 0.20 * (1.0 - side * p["yaw"]).clamp(0.0, 1.0)
    width = p["ear_width"] * facing
    grid = canvas.grid
    ear = tapered_limb(grid, base, tip, width, p["ear_tip"], 0.10)
    shade = (0.62 - 0.25 * grid.y + 0.30 * side * per_picture(p["light_x"])).clamp(0.0, 1.0)
    canvas.lay(
        between(colours.coat_shadow, colours.coat, shade.expand_as(ear)),
        coverage(ear, grid.pixel),
        "ears",
    )
    inset = base + 0.30 * (tip - base)
    inner_tip = base + 0.86 * (tip - base)
    inner = tapered_limb(grid, inset, inner_tip, width * 0.52, p["ear_tip"] * 0.45, 0.05)
    canvas.lay(colours.inner_ear, coverage(inner, 1.5 * grid.pixel))
    along = tip - base
    return tip + along * (0.5 * p["ear_tip"] / along.norm(dim=1))[:, None]


def draw_head(canvas: Canvas, p: Parameters, pose: Pose, colours: Palette) -> None:
    x, y = pose.outline().local(canvas.grid)
    # Cheeks: the lower half is a little wider.
    x = x / (1.0 + 0.10 * y / per_picture(pose.size[:, 1])).clamp(0.8, 1.2)
    outline = ellipse(x, y, per_picture(pose.size[:, 0]), per_picture(pose.size[:, 1]))
    nx, ny = x / per_picture(pose.size[:, 0]), y / per_picture(pose.size[:, 1])
    nz = (1.0 - nx * nx - ny * ny).clamp_(min=0.0).sqrt_()

    light_x = per_picture(p["light_x"])
    towards_light = (nx * light_x - 0.55 * ny + 0.75 * nz) / (light_x**2 + 0.865).sqrt()
    shade = (0.22 + 0.80 * towards_light.clamp(min=-0.2)).clamp_(0.0, 1.0)
    coat = between(colours.coat_shadow, colours.coat, shade)
    canvas.lay(coat, coverage(outline, canvas.grid.pixel), "head")
    inside = coverage(outline + 0.5 * canvas.grid.pixel, 2.0 * canvas.grid.pixel)

    # The direction on the face that each pixel shows: the pixel's normal turned back.
    normal = torch.stack((nx, ny, nz), 1)
    across, up = torch.einsum("nij,nihw->jnhw", pose.turn[:, :, :2], normal)
    width = per_picture(0.07 + 0.16 * p["pattern_width"])
    width = width * (0.75 + 0.9 * (up + 0.25).clamp(-0.6, 0.6) ** 2)
    blaze = coverage(across.abs() - width, 0.10) * inside
    blaze = blaze * per_picture((-2.5 * p["pattern"]).clamp(0.0, 1.0))
    canvas.lay(between(colours.second_shadow, colours.second, shade), blaze)

    for side in (-1.0, 1.0):
        u, v = pose.frame(side * p["eye_spacing"], 0.06, 0.0).local(canvas.grid)
        radius = per_picture(p["eye_size"] * (1.30 + 0.35 * p["pattern_width"]))
        # The patch hangs outwards, as a panda's does.
        tilted = ellipse(u - side * 0.15 * v, v - 0.02, radius, radius * 1.22)
        patch = coverage(tilted, 0.09) * inside
        patch = patch * per_picture((2.5 * p["pattern"]).clamp(0.0, 1.0))
        canvas.lay(colours.patch, patch)
        u, v = pose.frame(side * (p["eye_spacing"] + 0.16), 0.42, 0.0).local(canvas.grid)
        canvas.lay(colours.blush, glow(u, v, 0.13, 0.09) * per_picture(p["blush"]) * inside)


def draw_eye(canvas: Canvas, p: Parameters, pose: Pose, colours: Palette, side: float) -> Tensor:
    """Draw one eye (side -1 left, 1 right); return its middle (N, 2)."""
    frame = pose.frame(side * p["eye_spacing"], 0.04, 0.0)
    u, v = frame.local(canvas.grid)
    pixel = canvas.grid.pixel
    size = per_picture(p["eye_size"])
    tall = size * 1.12

    canvas.lay(colours.line, coverage(ellipse(u, v + 0.018, size + 0.022, tall + 0.014), pixel))
    ball = coverage(ellipse(u, v, size, tall), pixel)
    canvas.lay(colours.white, ball, "eyes")

    iu = u - per_picture(p["gaze_x"]) * size * 0.17
    iv = v - per_picture(p["gaze_y"]) * size * 0.15
    iris = coverage(ellipse(iu, iv, size * 0.80, size * 0.88), pixel) * ball
    depth = (0.5 + 0.75 * iv / size).clamp_(0.0, 1.0)
    canvas.lay(between(colours.iris_deep, colours.iris, depth), iris)
    pupil = coverage(ellipse(iu, iv, size * 0.46, size * 0.54), pixel) * ball
    canvas.lay(colours.line, pupil)

    # Lids close from above; the lid's edge is drawn as lashes are.
    opening = per_picture(p["eye_open"])
    edge = -tall * (2.0 * opening - 1.0) - 0.25 * size * (1.0 - (u / size) ** 2).clamp(min=0.0)
    edge = edge + 0.12 * size
    lid = coverage(v - edge, pixel) * coverage(ellipse(u, v, size * 1.03, tall * 1.03), pixel)
    canvas.lay(between(colours.coat_shadow, colours.coat, 0.62 + 0.0 * lid), lid)
    lashes = coverage((v - edge).abs() - 0.016, pixel) * ball
    canvas.lay(colours.line, lashes)

    gleam_x = 0.26 * torch.tanh(2.5 * per_picture(p["light_x"])) * size
    gleam = coverage(ellipse(iu - gleam_x, iv + 0.36 * size, size * 0.27, size * 0.27), pixel)
    canvas.lay(colours.white, gleam * coverage(edge - v, pixel))
    gleam = coverage(ellipse(iu + gleam_x, iv - 0.42 * size, size * 0.14, size * 0.14), pixel)
    canvas.lay(colours.white, 0.8 * gleam * ball)
    return frame.centre


def draw_snout(
    canvas: Canvas, p: Parameters, pose: Pose, colours: Palette
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw muzzle, mouth and nose; return nose, mouth and chin (N, 2) each."""
    zero = torch.zeros_like(p["yaw"])
    size = per_picture(p["muzzle_size"])
    opened = per_picture(p["mouth_open"])
    pixel = canvas.grid.pixel
    light_x = per_picture(p["light_x"])

    # The muzzle stands out from the face, so it moves further than the eyes when the head turns.
    muzzle_frame = pose.frame(zero, 0.47, 0.04)
    u, v = muzzle_frame.local(canvas.grid)
    shade = (0.78 + 0.30 * light_x * u / size - 0.40 * v / size).clamp_(0.0, 1.0)
    fur = between(colours.second_shadow, colours.second, shade)
    jaw_drop = 0.11 * opened
    jaw_height = size * 0.50 + 0.45 * jaw_drop
    jaw = ellipse(u, v - 0.30 * size - 0.55 * jaw_drop, size * 0.62, jaw_height)
    cheeks = ellipse(u, v, size, size * 0.70)
    canvas.lay(fur, coverage(torch.minimum(jaw, cheeks), 2.0 * pixel), "muzzle")

    front = pose.frame(zero, 0.47, 0.12)
    u, v = front.local(canvas.grid)
    half = p["muzzle_size"] * 0.58
    half_field = per_picture(half)
    t = (u / half_field).abs().clamp_(max=1.0)
    smile = per_picture(p["smile"])
    lip_height = 0.02
    lip = lip_height + 0.035 * torch.sin(torch.pi * t) - (0.015 + 0.075 * smile) * t * t
    lower_lip = lip_height + 0.02 + (0.015 + 0.165 * opened) * (1.0 - t**2.4)
    hole = torch.maximum(lip - v, v - lower_lip)
    hole = torch.maximum(hole, u.abs() - half_field * 0.94)
    hole = coverage(hole, pixel) * per_picture((p["mouth_open"] * 8.0 - 0.3).clamp(0.0, 1.0))
    canvas.lay(colours.mouth, hole, "mouth")
    tongue_top = lip_height + 0.035 + 0.10 * opened
    tongue = ellipse(u, v - tongue_top - 0.055, half_field * 0.58, 0.075)
    canvas.lay(colours.tongue, coverage(tongue, pixel) * hole)
    line = stroke(u, v, lip, half, 0.013)
    line = torch.minimum(line, torch.maximum(u.abs() - 0.011, (v + 0.03).abs() - 0.07))
    canvas.lay(colours.line, 0.9 * coverage(line, pixel), "mouth")

    nose_size = per_picture(p["nose_size"])
    nose_height = -0.095
    nv = v - nose_height
    nu = u / (1.0 - 0.35 * nv / nose_size).clamp(0.5, 1.4)
    nose = coverage(ellipse(nu, nv, nose_size, nose_size * 0.72), pixel)
    canvas.lay(colours.nose, nose, "nose")
    shine = glow(u - 0.02 * light_x, nv + 0.35 * nose_size, 0.42 * nose_size, 0.22 * nose_size)
    canvas.lay(colours.white, 0.55 * shine * nose)

    mouth = front.picture(0.0, lip_height + 0.0075 + 0.0825 * p["mouth_open"])
    chin = muzzle_frame.picture(0.0, 0.80 * p["muzzle_size"] + 0.11 * p["mouth_open"] - 0.02)
    return front.picture(0.0, nose_height), mouth, chin
