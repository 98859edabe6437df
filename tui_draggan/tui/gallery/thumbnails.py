"""The pictures that have been made for the gallery, small, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.edit.latent import Seed
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.tui.gallery.series import Shown

LONGEST = 256
"""Pixels of the longer side that are kept."""
ROOM = 96 << 20
"""Bytes of pictures that are kept."""


class Thumbnails:
    """Pictures by what they are of; what was looked at longest ago goes first."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[Shown, Bytes] = OrderedDict()
        self._bytes = 0
        self._last: dict[int, Bytes] = {}
        """The newest picture of a seed, whatever its ψ and class."""

    def take(self, subject: Shown, picture: Bytes) -> None:
        """Keeps a picture, as `reduced` gives it."""
        self._forget(subject)
        self._kept[subject] = picture
        self._bytes += picture.nbytes
        while self._bytes > self._room and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))
        if isinstance(subject, Seed):
            self._last[subject.seed] = picture

    def get(self, subject: Shown) -> Bytes | None:
        """Its picture (h, w, 3), once there is one."""
        picture = self._kept.get(subject)
        if picture is not None:
            self._kept.move_to_end(subject)
        return picture

    def like(self, subject: Shown) -> Bytes | None:
        """A picture to show until there is one of the subject: the same seed's with another ψ."""
        return self._last.get(subject.seed) if isinstance(subject, Seed) else None

    def __contains__(self, subject: object) -> bool:
        return subject in self._kept

    def _forget(self, subject: Shown) -> None:
        gone = self._kept.pop(subject, None)
        if gone is not None:
            self._bytes -= gone.nbytes
            if isinstance(subject, Seed) and self._last.get(subject.seed) is gone:
                del self._last[subject.seed]


def reduced(picture: Bytes) -> Bytes:
    """A picture (H, W, 3 or 4) as it is kept: opaque, its longer side at most `LONGEST`."""
    opaque = over_checker(picture)
    height, width = opaque.shape[:2]
    shrink = LONGEST / max(height, width)
    if shrink >= 1:
        return opaque
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    return np.asarray(Image.fromarray(opaque).resize(size, Image.Resampling.BOX))
