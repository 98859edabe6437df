"""The eyes: an almond with a dark rim, iris, pupil, the lid's shadow and two gleams."""

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import Canvas, between
from tui_draggan.training.critters.drawing.colours import Palette
from tui_draggan.training.critters.drawing.pose import Pose
from tui_draggan.training.critters.drawing.shapes import (
    almond,
    coverage,
    ellipse,
    glow,
    per_picture,
    smooth,
)
from tui_draggan.training.critters.parameters import Parameters


def draw_eye(canvas: Canvas, p: Parameters, pose: Pose, colours: Palette, side: float) -> Tensor:
    """Draw one eye (side -1 left, 1 right); return its middle (N, 2)."""
    left, right = (-0.90, 0.42) if side < 0 else (-0.42, 0.90)
    canvas = canvas.window(left, -0.35, right, 0.70)
    pixel = canvas.grid.pixel
    frame = pose.frame(side * p["eye_spacing"], p["eye_level"], torch.zeros_like(p["yaw"]))
    u, v = frame.local(canvas.grid)
    size = per_picture(p["eye_size"])
    tall = size * per_picture(p["eye_height"])
    opened = per_picture(p["eye_open"])

    # The opening leans outwards-up; what is in it does not.
    lean = side * per_picture(p["eye_tilt"] + p["brow"])
    ou, ov = u - lean * v, v + lean * u
    corner = size * per_picture(p["eye_corner"])
    above, below = tall * opened, tall * (0.55 + 0.45 * opened)
    opening = almond(ou, ov, size, above, below, corner)
    rim = almond(ou, ov + 0.012, size + 0.024, above + 0.022, below + 0.012, corner)
    # A soft hollow, then the dark rim, thicker above.
    canvas.lay(colours.line, 0.22 * smooth(rim, 0.07, -0.02))
    canvas.lay(colours.line, coverage(rim, pixel))
    ball = coverage(opening, pixel)
    canvas.lay(colours.white, ball, "eyes")

    iu = u - per_picture(p["gaze_x"]) * size * 0.14
    iv = v - per_picture(p["gaze_y"]) * size * 0.12
    radius = tall * per_picture(p["iris_size"])
    iris = coverage(ellipse(iu, iv, radius, radius), pixel) * ball
    depth = (0.55 + 0.80 * iv / radius).clamp_(0.0, 1.0)
    colour = between(colours.iris_deep, colours.iris, depth)
    shine = glow(iu, iv - 0.58 * radius, 0.62 * radius, 0.34 * radius)
    colour = between(colour, colours.iris_glow, 0.85 * shine)
    edge = smooth(ellipse(iu, iv, radius, radius), -0.035, 0.0)
    colour = between(colour, colours.line, 0.65 * edge)
    wide, high = radius * per_picture(p["pupil_width"]), radius * per_picture(p["pupil_height"])
    pupil = coverage(ellipse(iu, iv, wide, high), 1.5 * pixel)
    canvas.lay(between(colour, colours.line, pupil), iris)
    # The lid's shadow on the ball.
    shadow = smooth(almond(ou, ov - 0.35 * size, size, above, below, corner), -0.06, 0.06)
    canvas.lay(colours.line, 0.38 * shadow * ball * smooth(-ov, -0.2, 0.0))

    gleam_x = 0.30 * torch.tanh(2.5 * per_picture(p["light_x"])) * size
    gleam = coverage(ellipse(iu - gleam_x, iv + 0.36 * tall, size * 0.27, size * 0.29), pixel)
    canvas.lay(colours.white, 0.97 * gleam * ball)
    gleam = coverage(ellipse(iu + gleam_x, iv - 0.42 * tall, size * 0.13, size * 0.13), pixel)
    canvas.lay(colours.white, 0.75 * gleam * ball)
    return frame.centre
