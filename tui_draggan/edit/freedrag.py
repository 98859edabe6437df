"""FreeDrag as a task: nothing is tracked; the features are brought to places chosen beforehand.

Ling et al., "FreeDrag: Feature Dragging for Reliable Point-based Image Editing" (CVPR 2024),
section 4. A place h travels on the line from handle to target. At each place the latent is
optimised until the feature there is the template's T (equation 2). Then T takes in as much of what
came about as the loss that is left allows (adaptive updating, equations 3 to 6), and h goes on to
where the features differ from T by l, stays, or falls back (line search with backtracking,
equations 7 to 9).

Two things are not the paper's. F_r is the feature at h alone, not the mean of a square about it:
feature maps are smoother than pictures, and up-sampled. And l, for which the paper has a number for
its own models' features, is what moving by d costs on the picture that the run begins with.
`bench.freedrag` is the algorithm as it was published.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.edit.costs import check_cost
from tui_draggan.edit.document import Document
from tui_draggan.edit.drag import is_finite
from tui_draggan.edit.engine_run import EngineRun
from tui_draggan.edit.match import Watch, matches
from tui_draggan.edit.parameters import LOSS
from tui_draggan.edit.points import Pair, Point, coordinates
from tui_draggan.edit.progress import Outcome, Progress
from tui_draggan.edit.task import Advance
from tui_draggan.engines.base import Engine, StepRequest
from tui_draggan.errors import EngineError
from tui_draggan.size import Size

STEPS = 5
"""Most optimisation steps at one place (section 4.3)."""
STRETCH = 3 / 512
"""d, the most that a place moves at once, as a share of the picture's shorter side."""
MOST_OF_NEW = 0.5
"""Largest λ of equation 3; the paper has a limit and does not say which."""
PARTS = 10
"""Places on a stretch d of the line that are looked at (equation 8)."""
AROUND = 8
"""Places about a handle at which the features are compared with its own, for l."""


@dataclass(frozen=True, eq=False)
class Course:
    """A handle on its way."""

    pair: Pair
    """The very value that it began with, or that its place was written into since."""
    place: Floats
    """h (2,), where the feature is to come."""
    template: Floats
    """T (C,)"""
    scale: float
    """l: the discrepancy that a stretch of the line is to have."""
    settled: Point
    """The last place at which the feature has come near T: where the handle is said to be."""
    count: int = 0
    """Steps at this place so far."""
    loss_in: float = 0.0
    """Loss when the place was taken."""
    loss: float = 0.0
    """Loss after the last step."""
    mismatch: float = 0.0
    """As in `StepResult.mismatch`, of the feature at the place."""

    @property
    def is_near(self) -> bool:
        """Whether the feature at the place is the template's, as far as the paper asks for."""
        return self.loss <= 0.5 * self.scale

    @property
    def rest(self) -> float:
        """Pixels from the place to the target."""
        return float(np.linalg.norm(np.subtract(self.pair.target, self.place)))


class FreeDragTask:
    """One run of FreeDrag: handles' features are brought along their lines to the targets."""

    name = "drag"
    needs_points = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run = EngineRun(engine)
        self._progress = Progress()
        self._watch = Watch()
        self._courses: dict[int, Course] = {}
        """By the pair's id."""
        self._pulled = True
        """Whether the last step's loss has a gradient."""

    def check(self, document: Document) -> None:
        """As `EngineRun.check`."""
        self._run.check(document)

    def limit(self, document: Document) -> int:
        return document.parameters.steps

    def begin(self, document: Document) -> None:
        self._run.begin(document)

    def edited(self, iteration: int) -> None:
        self._progress.restart(iteration)

    def step(self, document: Document, picture: bool = True) -> Advance | None:
        """Brings the features at the present places nearer to the templates, then looks where the
        places are to be next. Raises EngineError and UsageError as `DragTask.step` does."""
        self._run.require_turn()
        pairs = tuple(pair for pair in document.pairs if pair.template is not None)
        if not pairs:
            return None
        check_cost(document, self._engine.info)
        courses = [self._course(pair, document.latent.ws) for pair in pairs]
        result = self._engine.step(_request(courses, document, self._engine.info.size, picture))
        if not is_finite(result):
            raise EngineError("the loss is not a finite number; try a smaller step size")
        self._pulled = result.gradient_norm != 0
        courses = _gone_on(self._engine, result.ws, courses)
        handles = tuple(course.settled for course in courses)
        # What the document takes over is what the next step knows the pair by.
        moved = (
            replace(course, pair=replace(course.pair, handle=course.settled)) for course in courses
        )
        self._courses = {course.pair.id: course for course in moved}
        match = matches(pairs, np.array([course.mismatch for course in courses], np.float32))
        self._watch.look(pairs, match)
        return Advance(result, pairs, handles, match=match, hold=document.hold)

    def verdict(self, iteration: int, document: Document) -> Outcome | None:
        distances = [pair.distance for pair in document.dragged]
        outcome = self._progress.judge(iteration, distances, document.parameters, self._pulled)
        if outcome is Outcome.REACHED and iteration:
            return self._run.end(document, self._watch)
        return Outcome.POINT_LOST if outcome is None and self._watch.alarm() else outcome

    def _course(self, pair: Pair, ws: Floats) -> Course:
        """That of the pair, from where it is; begun anew where it has been moved by hand."""
        known = self._courses.get(pair.id)
        if (
            known is not None
            and known.pair.template is pair.template
            and known.pair.handle == pair.handle
        ):
            return replace(known, pair=pair)
        assert pair.template is not None
        handle = coordinates([pair.handle])[0]
        stretch = STRETCH * self._engine.info.size.shorter
        angles = np.arange(AROUND) * (2 * math.pi / AROUND)
        ring = handle + stretch * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        features = _features(self._engine, ws, ring)
        scale = float(np.abs(features - pair.template).mean())
        course = Course(pair, handle, pair.template, max(scale, 1e-12), pair.handle)
        if pair.pin:
            return course
        ahead = _ahead(course, stretch)
        features = _features(self._engine, ws, ahead)
        return replace(course, place=ahead[_nearest(features, course.template, course.scale)])


def _request(
    courses: Sequence[Course], document: Document, size: Size, picture: bool
) -> StepRequest:
    """Motion supervision's loss, |F(p + v) − F(p) − α(T − F(p))| for v of length 1, is with α = 1
    and the smallest disc that of the feature at p + v from T: so every handle is said to be one
    pixel before its place, and its target there."""
    parameters = document.parameters
    before = [pixel_beside(course.place, size) for course in courses]
    return StepRequest(
        handles=coordinates(before),
        targets=np.array([course.place for course in courses], np.float32),
        templates=np.stack([course.template for course in courses]),
        r1=1,
        r2=0,
        mask_weight=parameters.mask_weight if parameters.mask_mode == LOSS else 0.0,
        learning_rate=parameters.learning_rate,
        anchor=1.0,
        picture=picture,
    )


def pixel_beside(place: Floats, size: Size) -> Point:
    """The pixel whose distance from a place (2,) is nearest to 1: 0.3 from it at most, but at the
    edge of the picture."""
    x, y = (int(value) for value in np.rint(place))
    beside = [
        (column, row)
        for row in range(y - 2, y + 3)
        for column in range(x - 2, x + 3)
        if size.holds(column, row)
    ]
    return min(beside, key=lambda pixel: abs(math.dist(pixel, place) - 1.0))


def _gone_on(engine: Engine, ws: Floats, courses: Sequence[Course]) -> list[Course]:
    """What became of each in a step that left the latent `ws`. All go on to other places together,
    as in the paper: when all features are near, or after so many steps."""
    stretch = STRETCH * engine.info.size.shorter
    looked = [_looked_at(course, stretch) for course in courses]
    features = np.split(
        _features(engine, ws, np.concatenate(looked)), np.cumsum([len(one) for one in looked])[:-1]
    )
    judged = []
    for course, found in zip(courses, features, strict=True):
        loss = float(np.abs(found[0] - course.template).mean())
        first = loss if course.count == 0 else course.loss_in
        apart = float(np.abs(found[0] - course.pair.template).mean())
        course = replace(course, count=course.count + 1, loss_in=first, loss=loss, mismatch=apart)
        settled = tuple(int(value) for value in np.rint(course.place))
        judged.append(replace(course, settled=settled) if course.is_near else course)  # type: ignore[arg-type]
    if not all(course.is_near or course.count >= STEPS for course in judged):
        return judged
    return [_next(*one, stretch) for one in zip(judged, looked, features, strict=True)]


def _looked_at(course: Course, stretch: float) -> Floats:
    """(M, 2) the place, those ahead of it (equation 8), and those from behind it (equation 9)."""
    if course.pair.pin:
        return course.place[None]
    ahead = _ahead(course, stretch)
    if course.rest == 0:
        return np.concatenate([course.place[None], ahead, ahead])
    way = (coordinates([course.pair.target])[0] - course.place) / course.rest
    back = replace(course, place=course.place - stretch * way)
    return np.concatenate([course.place[None], ahead, _ahead(back, 2 * stretch)])


def _ahead(course: Course, stretch: float) -> Floats:
    """(PARTS, 2) places on the line, at most `stretch` further, never beyond the target."""
    target = coordinates([course.pair.target])[0]
    far = stretch * np.arange(1, PARTS + 1) / PARTS
    share = np.minimum(far / max(course.rest, 1e-9), 1.0)[:, None]
    places: Floats = (course.place + share * (target - course.place)).astype(np.float32)
    return places


def _next(course: Course, looked: Floats, features: Floats, stretch: float) -> Course:
    """Adaptive updating, then the line search; features (M, C) at the places (M, 2)."""
    share = share_of_new(course.loss, course.scale)
    template = course.template + share * (features[0] - course.template)
    place = course.place
    if not course.pair.pin:
        if course.is_near:
            chosen = 1 + _nearest(features[1 : 1 + PARTS], template, course.scale)
            place = looked[chosen]
        elif course.loss > course.loss_in:
            chosen = 1 + PARTS + _nearest(features[1 + PARTS :], template, 0.0)
            place = looked[chosen]
    else:
        template = course.template  # a pin keeps what was there
    return replace(course, template=template, place=place, count=0)


def _nearest(features: Floats, template: Floats, wanted: float) -> int:
    """Which of features (M, C) differs from the template by what is most nearly wanted."""
    apart = np.abs(features - template).mean(axis=1)
    return int(np.abs(apart - wanted).argmin())


def _features(engine: Engine, ws: Floats, places: Floats) -> Floats:
    height, width = engine.info.size
    inside = places.clip(0, (width - 1, height - 1)).astype(np.float32)
    return engine.features(ws, inside)


def share_of_new(loss: float, discrepancy: float) -> float:
    """λ of equations 4 to 6: how much of what came about a template takes in, by the loss that was
    left and the discrepancy l; no more than `MOST_OF_NEW`."""
    alpha = math.log(9.0) / (0.6 * discrepancy)
    exponent = min(alpha * (loss - 0.2 * discrepancy), 50.0)
    return min(1.0 / (1.0 + math.exp(exponent)), MOST_OF_NEW)
