"""The box of a photograph that a model sees; it has the proportions of the model's pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.wording import quoted

LEAST = 16
"""Pixels of a box's shorter side, at least."""


@dataclass(frozen=True)
class Crop:
    """A box of whole pixels inside an upright photograph; (x, y) is its top left pixel."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.height, self.width)

    @property
    def text(self) -> str:
        """As it is typed: «x,y,width»."""
        return f"{self.x},{self.y},{self.width}"

    def check(self, photograph: Size) -> Crop:
        """Raises UsageError unless it is inside a photograph of that size, and not too small."""
        if self.size.shorter < LEAST:
            raise UsageError(
                f"the crop is {self.size.across} px; expected {LEAST} px a side or more"
            )
        right, bottom = self.x + self.width, self.y + self.height
        if self.x < 0 or self.y < 0 or right > photograph.width or bottom > photograph.height:
            raise UsageError(
                f"the crop, {self.size.across} px from {self.x},{self.y}, reaches beyond the "
                f"photograph's {photograph.across} px"
            )
        return self

    def moved(self, dx: int, dy: int, photograph: Size) -> Crop:
        """So many pixels on, as far as the photograph goes."""
        return replace(
            self,
            x=min(max(self.x + dx, 0), photograph.width - self.width),
            y=min(max(self.y + dy, 0), photograph.height - self.height),
        )

    def scaled(self, factor: float, photograph: Size, model: Size) -> Crop:
        """About the same centre, as far as the photograph goes; by a pixel at least."""
        wanted = round(self.width * factor)
        if wanted == self.width:
            wanted += 1 if factor > 1 else -1
        width = min(max(wanted, _least(model)), _widest(photograph, model))
        grown = replace(self, width=width, height=_height(width, model))
        dx, dy = (grown.width - self.width) // 2, (grown.height - self.height) // 2
        return grown.moved(-dx, -dy, photograph)


def centred(photograph: Size, model: Size) -> Crop:
    """The largest box in the middle of a photograph. Raises UsageError where that is too small."""
    width = _widest(photograph, model)
    height = _height(width, model)
    x, y = (photograph.width - width) // 2, (photograph.height - height) // 2
    return Crop(x, y, width, height).check(photograph)


def parse_crop(text: str, photograph: Size, model: Size) -> Crop:
    """«x,y,width». The height follows from the model's proportions. Raises UsageError."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() and len(part) < 10 for part in parts):
        raise UsageError(f"the crop {quoted(text)} is not x,y,width in pixels, as in 120,40,512")
    x, y, width = (int(part) for part in parts)
    return Crop(x, y, width, _height(width, model)).check(photograph)


def _height(width: int, model: Size) -> int:
    """Of a box so wide."""
    return round(width * model.height / model.width)


def _widest(photograph: Size, model: Size) -> int:
    return min(photograph.width, photograph.height * model.width // model.height)


def _least(model: Size) -> int:
    """The width of the smallest box."""
    return max(LEAST, -(-LEAST * model.width // model.height))
