"""A slider that moves by itself, from nought to where it is to stand: a run like any other, whose
steps can be walked through, continued from and exported as an animation."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from tui_draggan.edit.document import Document
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.sliders import Slider
from tui_draggan.edit.task import Advance
from tui_draggan.engines.base import Engine, StepResult
from tui_draggan.errors import UsageError

STEPS = 30


def at_nought(document: Document, name: str) -> tuple[Document, Slider]:
    """The document with that slider at nought, and the slider where it is. Raises UsageError where
    that is nought."""
    slider = document.sliders.of(name)
    if slider is None or not slider.value:
        raise UsageError(f"the slider {name} is at 0; move it first")
    return document.with_sliders(document.sliders.having(replace(slider, value=0.0))), slider


class SlidingTask:
    """The way of one slider. The run's picture ends where the slider stood; the slider itself is
    at nought then, since the latent has been moved."""

    needs_points = False

    def __init__(self, engine: Engine, slider: Slider) -> None:
        self._engine, self._slider = engine, slider
        self.name = f"animation {slider.name}"
        self._start: Document | None = None
        self._iteration = 0

    def limit(self, document: Document) -> int:
        return STEPS

    def check(self, document: Document) -> None:
        """Every document can be moved."""

    def begin(self, document: Document) -> None:
        self._start, self._iteration = document, 0

    def step(self, document: Document, picture: bool = True) -> Advance:
        """Raises EngineError."""
        assert self._start is not None
        started = perf_counter()
        share = self._iteration / STEPS
        self._iteration += 1
        here = replace(self._slider, value=share * self._slider.value)
        ws = self._start.with_sliders(self._start.sliders.having(here)).latent.ws
        image = self._engine.preview(ws) if picture else None
        result = StepResult(
            ws=ws,
            handles=np.zeros((0, 2), np.float32),
            image=image,
            loss=0.0,
            motion_loss=0.0,
            mask_loss=0.0,
            gradient_norm=0.0,
            milliseconds=1000 * (perf_counter() - started),
        )
        return Advance(result, hold=document.hold)

    def edited(self, iteration: int) -> None:
        """Points may be put on the picture while it changes."""

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        return Outcome.ANIMATED if iteration >= STEPS else None
