"""Where the parts of a critter are when its head turns."""

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.shapes import Frame
from tui_draggan.training.critters.parameters import Parameters

HEAD_CENTRE = (0.0, 0.18)
"""Middle of every head, picture units."""


class Pose:
    """How the head is turned: unit-sphere points of the head → the picture.

    The head's outline stays; the sphere turns inside it and is then stretched to the outline.
    """

    def __init__(self, p: Parameters) -> None:
        sin_yaw, cos_yaw = p["yaw"].sin(), p["yaw"].cos()
        sin_pitch, cos_pitch = p["pitch"].sin(), p["pitch"].cos()
        zero = torch.zeros_like(sin_yaw)
        self.turn = torch.stack(
            (
                torch.stack((cos_yaw, -sin_yaw * sin_pitch, sin_yaw * cos_pitch), 1),
                torch.stack((zero, cos_pitch, sin_pitch), 1),
                torch.stack((-sin_yaw, -cos_yaw * sin_pitch, cos_yaw * cos_pitch), 1),
            ),
            1,
        )
        lean = torch.stack(
            (
                torch.stack((p["roll"].cos(), -p["roll"].sin()), 1),
                torch.stack((p["roll"].sin(), p["roll"].cos()), 1),
            ),
            1,
        )
        size = torch.stack((p["head_width"], p["head_height"]), 1)
        self.size = size
        self.lean = lean
        self.centre = size.new_tensor(HEAD_CENTRE).expand(len(size), 2)
        self.stretch = lean * size[:, None, :]

    def points(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Picture points (N, K, 2) of points (N, K) of the turned head, in its radii."""
        turned = torch.stack((x, y, z), 2) @ self.turn[:, :2].mT
        return self.centre[:, None] + turned @ self.stretch.mT

    def frame(self, azimuth: Tensor, down: Tensor, height: Tensor) -> Frame:
        """Tangent frame of the head at a direction, `height` radii above the surface, each (N,).

        azimuth: radians to the right; down: radians downwards. Local lengths are picture units
        as they would be seen from the front.
        """
        sa, ca, se, ce = azimuth.sin(), azimuth.cos(), down.sin(), down.cos()
        zero = torch.zeros_like(sa)
        outward = torch.stack((sa * ce, se, ca * ce), 1) * (1.0 + height)[:, None]
        right = torch.stack((ca, zero, -sa), 1) / self.size[:, :1]
        below = torch.stack((-sa * se, ce, -ca * se), 1) / self.size[:, 1:]
        columns = self.turn @ torch.stack((outward, right, below), 2)
        placed = self.stretch @ columns[:, :2]
        return Frame(self.centre + placed[:, :, 0], placed[:, :, 1:])

    def outline(self) -> Frame:
        """Frame of the head's outline: local coordinates in picture units, upright."""
        return Frame(self.centre, self.lean)
