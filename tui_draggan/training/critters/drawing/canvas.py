"""The picture while layers are laid over each other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critters.drawing.shapes import Grid

PARTS = ("background", "body", "ears", "head", "muzzle", "nose", "mouth", "eyes")
"""Part names; a mask holds their indices."""


@dataclass(frozen=True)
class Canvas:
    """image (N, 3, H, W) in [0, 1], mask (N, H, W) uint8 of PARTS, and the pixels' places."""

    grid: Grid
    image: Tensor
    mask: Tensor

    @classmethod
    def blank(cls, count: int, resolution: int, like: Tensor) -> "Canvas":
        grid = Grid.of(resolution, like)
        image = like.new_zeros(count, 3, resolution, resolution)
        mask = torch.zeros(count, resolution, resolution, dtype=torch.uint8, device=like.device)
        return cls(grid, image, mask)

    def window(self, left: float, top: float, right: float, bottom: float) -> "Canvas":
        """The same canvas between these borders (picture units), so that parts cost less."""

        def pixels(low: float, high: float) -> slice:
            first = int((low + 1.0) / self.grid.pixel)
            return slice(max(first, 0), int((high + 1.0) / self.grid.pixel) + 1)

        columns, rows = pixels(left, right), pixels(top, bottom)
        grid = Grid(self.grid.x[:, :, columns], self.grid.y[:, rows], self.grid.pixel)
        return Canvas(grid, self.image[:, :, rows, columns], self.mask[:, rows, columns])

    def lay(self, colour: Tensor, opacity: Tensor, part: str | None = None) -> None:
        """Lay a colour, (N, 3) or (N, 3, H, W), over the picture; claim a part of the mask."""
        if colour.ndim == 2:
            colour = colour[:, :, None, None]
        self.image.lerp_(colour, opacity[:, None])
        if part is not None:
            self.mask.masked_fill_(opacity > 0.5, PARTS.index(part))


def between(first: Tensor, second: Tensor, amount: Tensor) -> Tensor:
    """Colour (N, 3, H, W) between two colours (N, 3) or (N, 3, H, W); amount (N, H, W)."""
    first, second = (c[:, :, None, None] if c.ndim == 2 else c for c in (first, second))
    return torch.lerp(first, second, amount[:, None])
