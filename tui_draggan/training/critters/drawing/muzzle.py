"""The muzzle, the nose and the whiskers."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.canvas import Canvas, between
from tui_draggan.training.critters.drawing.colours import Palette, lit
from tui_draggan.training.critters.drawing.pose import Pose
from tui_draggan.training.critters.drawing.shapes import (
    Frame,
    Thickness,
    coverage,
    ellipse,
    glow,
    limb,
    per_picture,
    smooth,
    union,
)
from tui_draggan.training.critters.parameters import Parameters

JAW_DROP = 0.12
"""Depth by which the jaw sinks when the mouth is wide open, picture units."""


@dataclass(frozen=True)
class Muzzle:
    """Where the muzzle is: the frames of its root on the head and of its front.

    u, v (N, H, W): the front's coordinates of the canvas' pixels. half_width, half_height,
    nose_level: (N,), picture units; the nose is above the front's middle, so below 0.
    """

    canvas: Canvas
    root: Frame
    front: Frame
    u: Tensor
    v: Tensor
    half_width: Tensor
    half_height: Tensor
    nose_level: Tensor

    @classmethod
    def of(cls, canvas: Canvas, p: Parameters, pose: Pose) -> "Muzzle":
        canvas = canvas.window(-1.0, -0.30, 1.0, 1.0)
        level, zero = p["muzzle_level"], torch.zeros_like(p["yaw"])
        front = pose.frame(zero, level, p["muzzle_length"])
        half_height = p["muzzle_size"] * p["muzzle_height"]
        return cls(
            canvas,
            pose.frame(zero, level - 0.04, zero),
            front,
            *front.local(canvas.grid),
            half_width=p["muzzle_size"],
            half_height=half_height,
            nose_level=-0.62 * half_height,
        )

    def chin(self, p: Parameters) -> Tensor:
        """Lowest point (N, 2)."""
        return self.front.picture(0.0, 1.14 * self.half_height + 1.05 * JAW_DROP * p["mouth_open"])


def draw_muzzle(muzzle: Muzzle, p: Parameters, pose: Pose, colours: Palette) -> None:
    canvas, root, front = muzzle.canvas, muzzle.root, muzzle.front
    u, v = muzzle.u, muzzle.v
    wide, none = muzzle.half_width, torch.zeros_like(muzzle.half_width)
    size, tall = per_picture(wide), per_picture(muzzle.half_height)
    drop = JAW_DROP * per_picture(p["mouth_open"])

    spine = torch.stack((root.centre, front.centre), 1)
    stem = limb(canvas.grid, spine, Thickness(wide * p["muzzle_root"], 0.8 * wide, none)).distance
    apart = size * per_picture(p["pads"])
    pads = ellipse(u.abs() - apart, v, size - apart, tall)
    jaw = ellipse(u, v - 0.42 * tall - 0.55 * drop, size * 0.72, tall * 0.72 + 0.5 * drop)
    whole = union(union(stem, pads, 0.05), jaw, 0.05)

    # Its shadow on the face.
    canvas.lay(colours.line, 0.16 * smooth(whole, 0.11, -0.01) * smooth(v, -0.5 * tall, 0.0))
    light = 0.74 + 0.26 * per_picture(p["light_x"]) * u / size - 0.34 * v / tall
    # The jaw lies in the shadow of the pads.
    light = light.clamp_(0.0, 1.0) - 0.25 * smooth(pads, 0.0, 0.06) * smooth(v, 0.0, 0.08)

    # The bridge runs from the brow to the nose in the coat's colour.
    brow = pose.frame(none, none - 0.25, none).centre
    nose = front.picture(0.0, muzzle.nose_level)
    middle = 0.5 * (root.picture(0.0, -0.6 * wide) + nose)
    spine = torch.stack((brow, middle, nose), 1)
    bridge = limb(canvas.grid, spine, Thickness(1.5 * wide, 0.40 * wide, -0.30 * wide))
    plain = 1.0 - p["blaze"] * (-2.5 * p["pattern"]).clamp(0.0, 1.0)
    shown = coverage(bridge.distance, 0.05) * per_picture(p["bridge"] * plain)
    fur = between(colours.light, colours.coat, shown)
    opacity = coverage(whole, 2.0 * canvas.grid.pixel)
    opacity = opacity * (1.0 - shown * smooth(-v, 0.6 * tall, 1.3 * tall))
    canvas.lay(lit(fur, light.clamp_(0.0, 1.0), colours), opacity, "muzzle")


def draw_nose(muzzle: Muzzle, p: Parameters, colours: Palette) -> Tensor:
    """Draw the nose; return its middle (N, 2)."""
    canvas, u, v = muzzle.canvas, muzzle.u, muzzle.v - per_picture(muzzle.nose_level)
    size = per_picture(p["nose_size"])
    tall = size * per_picture(p["nose_height"])
    # Broad above, narrow below.
    narrow = (1.0 - 0.38 * v / tall).clamp(0.55, 1.35)
    shape = ellipse(u / narrow, v, size, tall)
    canvas.lay(colours.line, 0.25 * smooth(shape, 0.045, -0.02))
    nose = coverage(shape, canvas.grid.pixel)
    canvas.lay(colours.nose, nose, "nose")
    holes = glow(u.abs() - 0.48 * size, v - 0.20 * tall, 0.20 * size, 0.22 * tall)
    canvas.lay(colours.line, 0.8 * holes * nose * per_picture(p["nostrils"]))
    light_x = per_picture(p["light_x"])
    shine = glow(u - 0.22 * size * light_x, v + 0.42 * tall, 0.48 * size, 0.24 * tall)
    canvas.lay(colours.nose_shine, 0.85 * shine * nose)
    return muzzle.front.picture(0.0, muzzle.nose_level)


def draw_whiskers(muzzle: Muzzle, p: Parameters, colours: Palette) -> None:
    canvas, aside, v = muzzle.canvas, muzzle.u.abs(), muzzle.v
    along = ((aside - 0.45 * per_picture(muzzle.half_width)) / 0.52).clamp(0.0, 1.0)
    thickness = 0.009 * (1.0 - 0.8 * along)
    opacity = torch.zeros_like(v)
    for level, slope in ((-0.03, -0.16), (0.01, 0.02), (0.05, 0.20)):
        curve = level + slope * along + 0.10 * along * along
        line = coverage((v - curve).abs() - thickness, canvas.grid.pixel)
        opacity = torch.maximum(opacity, line)
    ends = smooth(along, 0.0, 0.08) * smooth(along, 0.98, 0.80)
    canvas.lay(colours.white, 0.75 * opacity * ends * per_picture(p["whiskers"]))
