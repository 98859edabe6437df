"""Critters: the bundled image domain, drawn by formula, so that every label is known.

A critter is a head on shoulders before a plain background, drawn in 2.5 D: flat soft-edged shapes
whose places come from a turned ellipsoid, so that the face moves over the head as the head turns.
The domain is aligned: the head's centre is fixed and its size nearly so.

A Gaussian vector is a critter: ``render(parameters_from_z(z), resolution)``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tui_draggan.training.critter_colours import Palette
from tui_draggan.training.critter_parts import (
    PARTS,
    Canvas,
    draw_background,
    draw_body,
    draw_ear,
    draw_eye,
    draw_head,
    draw_snout,
)
from tui_draggan.training.critter_pose import Parameters, Pose
from tui_draggan.training.shapes import Grid

__all__ = [
    "LANDMARKS",
    "PARAMETERS",
    "PARTS",
    "Z_DIM",
    "Parameter",
    "Parameters",
    "Render",
    "parameters_from_z",
    "render",
]


class Parameter(NamedTuple):
    """One number of a critter, uniform between low and high."""

    name: str
    low: float
    high: float
    meaning: str


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("yaw", -0.5, 0.5, "radians; positive turns the face to the picture's right"),
    Parameter("pitch", -0.28, 0.28, "radians; positive looks down"),
    Parameter("roll", -0.12, 0.12, "radians; positive leans clockwise"),
    Parameter("head_width", 0.60, 0.68, "half width, picture units"),
    Parameter("head_height", 0.50, 0.58, "half height, picture units"),
    Parameter("ear_length", 0.20, 0.52, "base to tip, picture units"),
    Parameter("ear_width", 0.14, 0.22, "half width at the base, picture units"),
    Parameter("ear_spread", 0.50, 0.86, "radians from the top of the head"),
    Parameter("ear_tip", 0.035, 0.12, "radius of the tip, picture units"),
    Parameter("eye_size", 0.150, 0.195, "half width, picture units"),
    Parameter("eye_spacing", 0.42, 0.54, "radians from the middle of the face"),
    Parameter("eye_open", 0.70, 1.04, "1 is wide open"),
    Parameter("gaze_x", -0.9, 0.9, "positive looks to the picture's right"),
    Parameter("gaze_y", -0.9, 0.9, "positive looks down"),
    Parameter("muzzle_size", 0.22, 0.29, "half width, picture units"),
    Parameter("nose_size", 0.060, 0.090, "half width, picture units"),
    Parameter("mouth_open", 0.0, 1.0, "0 is closed"),
    Parameter("smile", 0.0, 1.0, "how far the corners of the mouth rise"),
    Parameter("coat_hue", -80.0, 92.0, "OKLCh degrees: lilac, pink, orange, gold"),
    Parameter("coat_chroma", 0.015, 0.125, "OKLCh"),
    Parameter("coat_light", 0.56, 0.86, "OKLCh"),
    Parameter("second_light", 0.86, 0.97, "OKLCh lightness of muzzle, chest and blaze"),
    Parameter("second_hue", -45.0, 45.0, "degrees from the coat's hue"),
    Parameter("iris_hue", 20.0, 320.0, "OKLCh degrees"),
    Parameter("pattern", -1.0, 1.0, "below 0 a light blaze, above 0 dark patches about the eyes"),
    Parameter("pattern_width", 0.0, 1.0, "narrow to broad"),
    Parameter("background_hue", 0.0, 360.0, "OKLCh degrees"),
    Parameter("background_light", 0.48, 0.84, "OKLCh"),
    Parameter("light_x", -0.8, 0.8, "where the light comes from; positive from the right"),
    Parameter("blush", 0.0, 0.55, "opacity of the pink on the cheeks"),
)
Z_DIM = len(PARAMETERS)

LANDMARKS = (
    "left ear tip",
    "right ear tip",
    "left eye",
    "right eye",
    "nose",
    "mouth",
    "chin",
)
"""Left and right are the picture's."""


@dataclass(frozen=True)
class Render:
    """Critters and all that is known of them.

    image: (N, 3, H, W) in [-1, 1]. landmarks: (N, len(LANDMARKS), 2), x and y in pixels, origin
    at the top left, pixel centres at integers. mask: (N, H, W) uint8, indices into PARTS.
    """

    image: Tensor
    landmarks: Tensor
    mask: Tensor


def parameters_from_z(z: Tensor) -> Parameters:
    """Parameters, each (N,) within its range, of any vectors z (N, Z_DIM).

    z is normalised by its second moment, as StyleGAN's mapping network does, so its length says
    nothing; each coordinate then goes through the normal distribution function to its range.
    """
    if z.ndim != 2 or z.shape[1] != Z_DIM:
        raise ValueError(f"z must have shape (N, {Z_DIM}), not {tuple(z.shape)}")
    z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    share = torch.special.ndtr(z)
    return {p.name: p.low + (p.high - p.low) * share[:, i] for i, p in enumerate(PARAMETERS)}


def render(parameters: Parameters, resolution: int) -> Render:
    """Draw critters of the given parameters, resolution × resolution pixels each."""
    p = parameters
    pose = Pose(p)
    canvas = Canvas(Grid.of(resolution, p["yaw"]), len(p["yaw"]))
    colours = Palette.of(p)
    draw_background(canvas, colours)
    draw_body(canvas, p, colours)
    ear_tips = [draw_ear(canvas, p, pose, colours, side) for side in (-1.0, 1.0)]
    draw_head(canvas, p, pose, colours)
    eyes = [draw_eye(canvas, p, pose, colours, side) for side in (-1.0, 1.0)]
    nose, mouth, chin = draw_snout(canvas, p, pose, colours)
    landmarks = torch.stack((*ear_tips, *eyes, nose, mouth, chin), dim=1)
    return Render(
        image=canvas.image.mul_(2.0).sub_(1.0).clamp_(-1.0, 1.0),
        landmarks=(landmarks + 1.0) * (resolution / 2.0) - 0.5,
        mask=canvas.mask,
    )
