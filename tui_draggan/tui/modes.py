"""What a mode of the editor is."""

from __future__ import annotations

from typing import ClassVar, Protocol


class Mode(Protocol):
    """Something else that the keys do for a while: painting the mask, moving sliders.

    One key enters it, Escape leaves it. Its rows stand in `keys`, its state in a module beside
    `editor`; space, undo and export keep their meaning.
    """

    name: ClassVar[str]
    """Name that keys ask for and the picture's border shows."""
    has_arrows: ClassVar[bool]
    """Whether the arrows are its own; else they move the crosshair."""

    @property
    def is_open(self) -> bool:
        """Whether it has the keys."""
        ...

    @property
    def words(self) -> str:
        """How it stands, in a line."""
        ...
