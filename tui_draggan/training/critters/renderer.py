"""Critters drawn from their parameters."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import Canvas
from tui_draggan.training.critters.drawing.colours import Palette
from tui_draggan.training.critters.drawing.ears import make_ear
from tui_draggan.training.critters.drawing.eyes import draw_eye
from tui_draggan.training.critters.drawing.head import draw_head
from tui_draggan.training.critters.drawing.mouth import draw_mouth
from tui_draggan.training.critters.drawing.muzzle import (
    Muzzle,
    draw_muzzle,
    draw_nose,
    draw_whiskers,
)
from tui_draggan.training.critters.drawing.pose import Pose
from tui_draggan.training.critters.drawing.scene import draw_body, draw_sky
from tui_draggan.training.critters.parameters import Parameters

LANDMARKS = (
    "left ear tip",
    "right ear tip",
    "left ear base",
    "right ear base",
    "left eye",
    "right eye",
    "nose",
    "mouth",
    "chin",
)
"""Names of the landmarks; left and right are the picture's."""
TOGETHER = 8
"""Critters drawn together on a CPU: more do not fit its cache."""


@dataclass(frozen=True)
class Render:
    """Critters and all that is known of them.

    image: (N, 3, H, W) in [-1, 1]. landmarks: (N, len(LANDMARKS), 2), x and y in pixels, origin
    at the top left, pixel centres at integers. mask: (N, H, W) uint8, indices into PARTS.
    """

    image: Tensor
    landmarks: Tensor
    mask: Tensor


def render_parts(
    parameters: Parameters, resolution: int, together: int = TOGETHER
) -> Iterator[Render]:
    """`render` for many critters, some together."""
    for start in range(0, len(parameters["species"]), together):
        part = slice(start, start + together)
        yield render({name: value[part] for name, value in parameters.items()}, resolution)


def render(parameters: Parameters, resolution: int) -> Render:
    """Draw critters of the given parameters, resolution × resolution pixels each."""
    p = parameters
    pose = Pose(p)
    canvas = Canvas.blank(len(p["yaw"]), resolution, p["yaw"])
    colours = Palette.of(p)
    draw_sky(canvas, p, colours)
    draw_body(canvas, p, colours)
    ears = [make_ear(canvas, p, pose, colours, side) for side in (-1.0, 1.0)]
    for ear in ears:
        ear.lay(1.0 - p["ear_front"])
    draw_head(canvas, p, pose, colours)
    for ear in ears:
        ear.lay(p["ear_front"])
    eyes = [draw_eye(canvas, p, pose, colours, side) for side in (-1.0, 1.0)]
    muzzle = Muzzle.of(canvas, p, pose)
    draw_muzzle(muzzle, p, pose, colours)
    mouth = draw_mouth(muzzle, p, colours)
    nose = draw_nose(muzzle, p, colours)
    draw_whiskers(muzzle, p, colours)
    tips, bases = (ear.tip for ear in ears), (ear.base for ear in ears)
    places = (*tips, *bases, *eyes, nose, mouth, muzzle.chin(p))
    return Render(
        image=canvas.image.mul_(2.0).sub_(1.0).clamp_(-1.0, 1.0),
        landmarks=(torch.stack(places, dim=1) + 1.0) * (resolution / 2.0) - 0.5,
        mask=canvas.mask,
    )
