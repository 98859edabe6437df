"""The picture beside what it was before it was edited."""

from __future__ import annotations

from enum import Enum

from tui_draggan.arrays import Bytes, Floats, averaged
from tui_draggan.edit.inversion import InversionProblem
from tui_draggan.edit.latent import Origin, Photo
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.pictures.compare import difference, split
from tui_draggan.pictures.crop import Crop
from tui_draggan.size import Size
from tui_draggan.tui.remembered import Remembered


class Look(Enum):
    """What is shown, with the words for the picture's border; «before» may be a photograph."""

    AFTER = ""
    BEFORE = "{before}"
    SPLIT = "{before} │ after"
    DIFFERENCE = "difference"


Box = tuple[str, Crop | None]
"""A photograph, by its SHA-256, and the part of it."""


class Comparison:
    """Keeps the picture that an edit began with, and shows the two together."""

    def __init__(self) -> None:
        self.look = Look.AFTER
        self._before: Bytes | None = None
        self._start: Floats | None = None
        """w+ of the picture that is to be what comes before, until it has been seen."""
        self._photographs: dict[Box, Bytes] = {}
        self._searching = False
        """Whether a photograph is searched, and both are shown for that."""
        self._shown = Remembered[Bytes]()

    def search(self, photograph: InversionProblem) -> None:
        """What comes before is a photograph; until the search for it has ended both are shown."""
        self._photographs[_box(photograph.origin)] = photograph.pixels
        self.show_beside()

    def show_beside(self) -> None:
        """Until a run has ended, a photograph is shown beside the picture."""
        self.look, self._searching = Look.SPLIT, True

    def photograph_of(self, origin: Origin) -> Bytes | None:
        """(H, W, 3) what a picture was found of here, if it was."""
        return self._photographs.get(_box(origin))

    def note(self, snapshot: Snapshot) -> None:
        """Looks at the session: a picture without edits is what comes before those that follow; a
        photograph before what was found of it.

        An edit that is resumed has none; it is then the first step of its run.
        """
        photograph = self._photographs.get(_box(snapshot.document.latent.origin))
        if photograph is not None:
            self._before = photograph
            if self._searching and snapshot.status.outcome is not None:
                self.look, self._searching = Look.AFTER, False
        elif snapshot.picture is not None and snapshot.picture_is_current:
            if not snapshot.document.latent.edited:
                self._before = snapshot.picture
            elif self._start is snapshot.document.latent.ws:
                self._before, self._start = snapshot.picture, None
            elif self._before is None and snapshot.frames:
                self._before = snapshot.frames[0].image

    def start_from(self, snapshot: Snapshot) -> None:
        """What comes before is this picture from now on, as soon as it is there, until there is one
        without edits again."""
        self._start = snapshot.document.latent.ws
        self.note(snapshot)

    @property
    def possible(self) -> bool:
        """Whether there is a picture to compare with."""
        return self._before is not None

    @property
    def words(self) -> str:
        """What is shown, for the picture's border; «» where it is the picture itself."""
        if not self.possible:
            return ""
        photograph = any(self._before is one for one in self._photographs.values())
        return self.look.value.format(before="photograph" if photograph else "before")

    def next_look(self) -> None:
        """Before, both, their difference, and back."""
        looks = list(Look)
        self.look = looks[(looks.index(self.look) + 1) % len(looks)]

    def shown(self, picture: Bytes | None, size: Size, cursor: int) -> Bytes | None:
        """What is drawn for a picture of that size; `cursor`: the crosshair's column, where a split
        picture has its border. The same array for the same question."""
        before = self._before
        if picture is None or before is None or self.look is Look.AFTER:
            return picture
        column = cursor if self.look is Look.SPLIT else 0
        return self._shown.of(
            picture,
            before,
            self.look,
            column,
            answer=lambda: self._drawn(before, picture, size, column),
        )

    def _drawn(self, before: Bytes, after: Bytes, size: Size, column: int) -> Bytes:
        common = Size(*min(before.shape[:2], after.shape[:2]))  # a step may be smaller
        before, after = (over_checker(averaged(each, common)) for each in (before, after))
        if self.look is Look.BEFORE:
            return before
        if self.look is Look.DIFFERENCE:
            return difference(before, after)
        return split(before, after, round((column + 0.5) * common.width / size.width))


def _box(origin: Origin) -> Box:
    """What a picture was found of; nothing that there is for one that was not."""
    return (origin.sha256, origin.crop) if isinstance(origin, Photo) else ("", None)
