"""The search for a photograph's latent as a task: a run like a drag, of which a latent comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document
from tui_draggan.edit.drag import is_finite
from tui_draggan.edit.latent import Latent, Photo, class_index
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.task import Advance
from tui_draggan.engines.base import Engine, StepResult
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.inversion.likeness import Likeness
from tui_draggan.inversion.recipe import Recipe, recipe_for
from tui_draggan.inversion.search import ClassSearch
from tui_draggan.inversion.starts import starts
from tui_draggan.pictures.crop import Crop, centred
from tui_draggan.pictures.photograph import FullPhotograph


@dataclass(frozen=True, eq=False)
class InversionProblem:
    """A photograph as the model sees it, and how it is to be searched."""

    pixels: Bytes
    """(H, W, 3), of the size of the model's pictures."""
    origin: Photo
    label: int | None = None
    """Number of its class; None: the nearest one, where the model has classes."""
    recipe: Recipe = field(default_factory=recipe_for)

    @classmethod
    def of(
        cls,
        photograph: FullPhotograph,
        info: BundleInfo,
        crop: Crop | None = None,
        label: str | int | None = None,
        recipe: Recipe | None = None,
    ) -> InversionProblem:
        """A box of a photograph, None for the largest in the middle, for a model. label: class by
        name or number. Raises UsageError where the box or the class cannot be."""
        box = centred(photograph.size, info.size) if crop is None else crop.check(photograph.size)
        origin = Photo(photograph.file, photograph.sha256, box)
        pixels = photograph.cut(box, info.size)
        return cls(pixels, origin, class_index(label, info), recipe or recipe_for())


@dataclass(frozen=True, eq=False)
class Inverted:
    """What a search has found."""

    document: Document
    """The latent, without points."""
    picture: Bytes
    """(H, W, 3), or 4 channels with alpha."""
    label: int | None
    """The class it was found in; None where the model has none."""
    likeness: Likeness
    outcome: Outcome
    steps: int


def inverted(
    engine: Engine,
    problem: InversionProblem,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Inverted:
    """Searches from start to end, in this thread; report: told how many steps of how many are done.

    Raises UsageError, BundleError, EngineError.
    """
    info = engine.info
    ws = np.tile(engine.w_avg, (info.num_ws, 1))
    document = Document(Latent(ws, problem.origin), parameters=model_params(info))
    task = InversionTask(engine, problem)
    task.check(document)
    task.begin(document)
    steps, outcome = -1, None
    while outcome is None:
        steps += 1
        advance = task.step(document)
        document = advance.applied(document, steps)
        report(steps, task.limit(document))
        outcome = task.verdict(steps, document)
    picture, likeness = advance.result.image, task.likeness
    assert picture is not None and likeness is not None
    return Inverted(document, picture, task.label, likeness, outcome, steps)


def check_photograph(pixels: Bytes, info: BundleInfo) -> None:
    """Raises UsageError where it has another size than the model's pictures."""
    if pixels.shape != (*info.size, 3):
        raise UsageError(
            f"the photograph is prepared as {pixels.shape}; {info.name} needs {(*info.size, 3)}"
        )


class InversionTask:
    """One search, from the mean picture of a class to the last step of the recipe.

    The document's points and sliders go with its first step: they belong to another picture.
    """

    name = "inversion"
    needs_points = False

    def __init__(self, engine: Engine, problem: InversionProblem) -> None:
        self._engine = engine
        self._problem = problem
        self._search: ClassSearch | None = None
        self._newest: tuple[Floats, Bytes] | None = None
        """The latent that was looked at last, and its picture."""

    @property
    def label(self) -> int | None:
        """The class that is searched, once that is decided; None where the model has none."""
        return None if self._search is None else self._search.label

    @property
    def likeness(self) -> Likeness | None:
        """What the newest picture is like; None before the first step."""
        if self._newest is None:
            return None
        ws, image = self._newest
        unusual = self._engine.statistics.mean_square(ws)
        return Likeness.of(image[:, :, :3], self._problem.pixels, unusual)

    def limit(self, document: Document) -> int:
        """That of the recipe until it is known how many classes are tried."""
        return self._problem.recipe.steps if self._search is None else self._search.total

    def check(self, document: Document) -> None:
        """Raises UsageError where the photograph has another size than the model's pictures."""
        check_photograph(self._problem.pixels, self._engine.info)

    def begin(self, document: Document) -> None:
        engine, wanted = self._engine, self._problem
        found = starts(engine, wanted.label)
        self._search = ClassSearch(found, engine.info.num_ws, wanted.recipe)
        self._newest = None

    def step(self, document: Document, picture: bool = True) -> Advance:
        """The picture costs nothing, so every step has one. Raises EngineError."""
        search = self._search
        assert search is not None
        search.move()
        ws = search.ws
        found = self._engine.compare(ws, self._problem.pixels)
        penalty = search.penalty
        result = StepResult(
            ws=ws,
            handles=np.zeros((0, 2), np.float32),
            image=found.image,
            loss=found.loss + penalty,
            motion_loss=found.loss,
            mask_loss=penalty,
            gradient_norm=math.sqrt(float(np.square(found.gradient).sum())),
            milliseconds=found.milliseconds,
        )
        if not is_finite(result):
            raise EngineError("the loss of the photograph is not a finite number")
        label = search.label
        search.take(found.loss, found.gradient)
        self._newest = ws, found.image
        # The class is that of the search, which changes while several are tried.
        return Advance(result, origin=replace(self._problem.origin, label=label))

    def edited(self, iteration: int) -> None:
        """Points may be put on the picture while it changes; the search does not see them."""

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        if self._search is None or not self._search.done:
            return None
        likeness = self.likeness
        assert likeness is not None
        return Outcome.UNLIKE if likeness.is_far else Outcome.FOUND
