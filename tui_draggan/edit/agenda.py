"""What a session's worker has to do, and what comes first."""

from __future__ import annotations

from enum import Enum, auto

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.hold import Hold
from tui_draggan.edit.latent import Origin, Seed
from tui_draggan.edit.lifecycle import LifeCycle
from tui_draggan.edit.mixing import Mix
from tui_draggan.edit.orders import Errand, Orders, Subject
from tui_draggan.edit.points import Point
from tui_draggan.edit.templates import lacks_templates
from tui_draggan.latent_statistics import LatentStatistics
from tui_draggan.size import Size


class Piece(Enum):
    """A piece of work."""

    SEED = auto()
    """Another picture that was asked for."""
    MIX = auto()
    """A picture between two that was asked for."""
    PART = auto()
    """The part at a place, which the mask is to let change."""
    PICTURE = auto()
    """The picture of the document's latent."""
    FRAME = auto()
    """The picture of a step that has none."""
    STEP = auto()
    """A step of the run."""
    STATISTICS = auto()
    """What w of the model look like."""
    TEMPLATES = auto()
    """Those that pairs lack."""
    ERRAND = auto()
    """Something that is asked of the engine, beside the document."""
    ORDER = auto()
    """A picture that is wanted beside the document's."""


class Agenda:
    """What is asked for, what there is already, and so what is missing. It knows no engine, thread
    or lock; `session` has them."""

    def __init__(self, cycle: LifeCycle, size: Size) -> None:
        self._cycle, self._size = cycle, size
        self.seed: Seed | None = None
        """Generated picture that is asked for."""
        self.mix: Mix | None = None
        """Picture between two that is asked for."""
        self.part: Point | None = None
        """A place whose part of the picture may change from now on."""
        self.picture_wanted = self.frames_wanted = False
        """Whether a run has to wait until the picture is current, and until every step has one."""
        self.statistics_wanted = False
        self.statistics: LatentStatistics | None = None
        self.errand: Errand | None = None
        """What the engine is to be asked once there is nothing else to do but pictures."""
        self.orders: Orders[Subject] = Orders()
        """Pictures that are wanted beside the document's."""
        self.picture: Bytes | None = None
        """The newest, (P, Q, 3)."""
        self._drawn: tuple[Floats, Hold | None] | None = None
        """What it is a picture of."""
        self._is_passing = False
        """Whether it is there as long as the run alone."""

    @property
    def next(self) -> Piece | None:
        """What comes first; None where everything is done."""
        if self.seed is not None:
            return Piece.SEED
        if self.mix is not None:
            return Piece.MIX
        if self.part is not None:
            return Piece.PART
        if self.picture_is_stale:
            return Piece.PICTURE
        if self.lacks_frames:
            return Piece.FRAME
        if self._cycle.running:
            return Piece.STEP
        if self.statistics_wanted and self.statistics is None:
            return Piece.STATISTICS
        if lacks_templates(self._cycle.document):
            return Piece.TEMPLATES
        if self.errand is not None:
            return Piece.ERRAND
        return Piece.ORDER if self.orders else None

    @property
    def origin(self) -> Origin:
        """What the picture was opened with; where another is asked for, what that will be."""
        return self.seed or self._cycle.document.latent.origin

    @property
    def picture_is_current(self) -> bool:
        if self._drawn is None:
            return False
        if self._is_passing and not self._cycle.running:
            return False
        (ws, hold), document = self._drawn, self._cycle.document
        return ws is document.latent.ws and hold == document.hold

    @property
    def picture_is_stale(self) -> bool:
        """Whether there is no picture or, at rest, one of another latent or only a preview."""
        if self.picture is None:
            return True
        if self._cycle.running:
            return self.picture_wanted and not self.picture_is_current
        return self.picture.shape[:2] != self._size or not self.picture_is_current

    @property
    def lacks_frames(self) -> bool:
        """Whether pictures of steps are wanted that are not there."""
        return self.frames_wanted and self._cycle.without_picture is not None

    @property
    def is_pictured(self) -> bool:
        """Whether all pictures that are wanted of document and steps are there."""
        return not (self.picture_is_stale or self.lacks_frames)

    def show(self, image: Bytes, ws: Floats, hold: Hold | None, is_passing: bool = False) -> None:
        """There is a picture (P, Q, 3), of that latent, held like that. is_passing: as a run shows
        it, which is another one without it."""
        self.picture, self._drawn, self._is_passing = image, (ws, hold), is_passing
