"""The session at one moment: one frozen value, and all that a screen reads of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Bytes
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame, State, Status
from tui_draggan.edit.latent import Origin
from tui_draggan.edit.lifecycle import Past
from tui_draggan.engines.base import PICTURES_ONLY
from tui_draggan.latent_statistics import LatentStatistics


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Taken under the session's lock, so its parts belong together."""

    info: BundleInfo
    """The model."""
    engine: str
    """Engine and device in words: `ort-training · cpu`."""
    document: Document
    status: Status
    frames: tuple[Frame, ...]
    """Steps of the last run so far."""
    shown: int | None
    """Index of the frame that is the document's latent; None where none of them is."""
    picture: Bytes | None
    """(P, Q, 3), the newest picture; None until the first has been rendered."""
    origin: Origin
    """What the picture was opened with; where another was asked for, what that will be."""
    next_id: int = 1
    """Number that a new pair would have."""
    picture_is_current: bool = True
    """Whether the picture is that of the document's latent; in a run it may be older."""
    runs: tuple[tuple[Frame, ...], ...] = ()
    """Steps of all runs that led to this picture from the one it was opened with, `frames` the
    newest or, after walking back, one of them. Every step has a picture where that was asked for
    (`Session.pictured`)."""
    past: Past | None = None
    """What led to the document; only where it was asked for, to be saved."""
    statistics: LatentStatistics | None = None
    """What w of the model look like, once that has been asked for and found."""

    @property
    def run(self) -> int:
        """Index of the run, of `runs`, whose steps are `frames`; 0 where there are none."""
        if not self.frames:
            return 0
        start = self.frames[0].ws
        same = (number for number, run in enumerate(self.runs) if run[0].ws is start)
        return next((n for n in same if len(self.runs[n]) == len(self.frames)), 0)

    @property
    def waits_for_model(self) -> bool:
        """Whether the run is on a file of weights whose model is still being made."""
        return self.status.state is State.RUNNING and self.engine.startswith(PICTURES_ONLY)

    @property
    def film(self) -> tuple[Frame, ...]:
        """The steps of `runs` one after the other; a run's start is its predecessor's end."""
        steps: list[Frame] = []
        for frame in (frame for run in self.runs for frame in run):
            if not steps or not np.array_equal(frame.ws, steps[-1].ws):
                steps.append(frame)
        return tuple(steps)

    @property
    def limit(self) -> int:
        """The most iterations of the run, or of the next one."""
        known = self.status.limit
        return self.document.parameters.steps if known is None else known

    @property
    def frame(self) -> Frame | None:
        """The step that is shown."""
        return None if self.shown is None else self.frames[self.shown]
