"""Height and width of a picture or of a feature map; not every generator makes squares."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """Rows and columns, in the order of an array's shape."""

    height: int
    width: int

    @classmethod
    def square(cls, side: int) -> Size:
        return cls(side, side)

    @property
    def shorter(self) -> int:
        """The side that radii and distances are shares of."""
        return min(self)

    @property
    def longer(self) -> int:
        return max(self)

    @property
    def area(self) -> int:
        return self.height * self.width

    def scaled(self, factor: int, divisor: int = 1) -> Size:
        """factor / divisor times as large, rounded down."""
        return Size(self.height * factor // divisor, self.width * factor // divisor)

    def holds(self, x: int, y: int) -> bool:
        """Whether (x, y) is one of its pixels."""
        return 0 <= x < self.width and 0 <= y < self.height

    @property
    def across(self) -> str:
        """As people write it: width × height."""
        return f"{self.width}×{self.height}"

    def __str__(self) -> str:
        """The side of a square; else `across`."""
        return str(self.width) if self.height == self.width else self.across
