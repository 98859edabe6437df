"""The edits that contenders are given, the same to all of them.

Landmarks: two samples of one class, and landmarks of the first are dragged to where the second has
them, as in DragGAN's table 1. One or a few points are chosen among the landmarks that lie 5 to
20 % of the width apart; where more are asked for than there are, those that lie nearer follow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tui_draggan.api import Model
from tui_draggan.arrays import Floats
from tui_draggan.bench.score.looking import Seen, look
from tui_draggan.edit.latent import Latent
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.points import Pair
from tui_draggan.edit.rest import rest_of
from tui_draggan.errors import UsageError
from tui_draggan.files import reason_of
from tui_draggan.size import Size
from tui_draggan.training.critters import LANDMARKS
from tui_draggan.training.critters.displacements import LONGEST, MARGIN, SHORTEST, SURE

Point = tuple[int, int]
TRIES = 30
"""Pairs of pictures that are looked at for each edit before a model counts as one without."""


@dataclass(frozen=True, eq=False)
class Edit:
    """What a contender is asked for."""

    latent: Latent
    handles: tuple[Point, ...]
    targets: tuple[Point, ...]
    landmarks: tuple[int, ...] = ()
    """Numbers of `LANDMARKS` at the handles; empty where nobody knows what they are."""
    targets_again: Floats | None = None
    """(N, 2) where the second detector, which places landmarks a little differently, has them when
    they are at the targets."""
    before: Seen | None = None
    """What is seen in the picture it starts from, where detectors know the domain."""
    goal: Seen | None = None
    """What is seen in the other sample."""
    mask: Mask | None = None
    pins: tuple[Point, ...] = ()
    """Points that are to stay where they are."""


def landmark_edits(model: Model, count: int, points: int, seed: int) -> list[Edit]:
    """The same for the same seed. Raises UsageError for too many points, and for a model in whose
    pictures no landmarks are found."""
    if points > len(LANDMARKS):
        raise UsageError(f"--points {points}; critters have {len(LANDMARKS)} landmarks")
    random = np.random.default_rng((seed, points))
    edits: list[Edit] = []
    for _ in range(TRIES * count):
        first, second = (int(one) for one in random.integers(2**31, size=2))
        label = int(random.integers(model.info.c_dim))
        start, goal = (model.latent(model.seed(one, label=label)) for one in (first, second))
        here, there = look([model.render(start), model.render(goal)])
        chosen = _choose(here, there, points, model.info.size.width, random)
        if chosen is not None:
            handles, targets = (_whole(one.places[chosen]) for one in (here, there))
            rounded = np.array(targets, np.float32) - there.places[chosen]
            numbers = tuple(int(one) for one in chosen)
            edits.append(
                Edit(start, handles, targets, numbers, there.again[chosen] + rounded, here, there)
            )
        if len(edits) == count:
            return edits
    raise UsageError(
        f"{model.info.name}: landmarks of critters are found in too few of its pictures; "
        "--protocol freedragbench FILE.jsonl takes points of any model"
    )


def _choose(
    here: Seen, there: Seen, points: int, side: int, random: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Numbers of the landmarks to drag; None where there are not enough."""
    inside = np.ones(len(LANDMARKS), bool)
    for seen in (here, there):
        low, high = MARGIN * side, (1 - MARGIN) * side - 1
        inside &= ((seen.places >= low) & (seen.places <= high)).all(axis=1)
        inside &= seen.confidence >= SURE
    apart = np.linalg.norm(there.places - here.places, axis=1) / side
    inside &= apart <= LONGEST
    far = np.flatnonzero(inside & (apart >= SHORTEST))
    near = np.flatnonzero(inside & (apart < SHORTEST))
    if not len(far) or len(far) + len(near) < points:
        return None
    order = np.concatenate([random.permutation(far), random.permutation(near)])
    return np.sort(order[:points])


def _whole(places: np.ndarray) -> tuple[Point, ...]:
    return tuple((round(float(x)), round(float(y))) for x, y in places)


def back_edit(edit: Edit, latent: Latent) -> Edit:
    """The way back: from an edited latent, targets to where the handles were."""
    assert edit.before is not None
    chosen = list(edit.landmarks)
    rounded = np.array(edit.handles, np.float32) - edit.before.places[chosen]
    again = edit.before.again[chosen] + rounded
    return replace(
        edit, latent=latent, handles=edit.targets, targets=edit.handles, targets_again=again
    )


def masked(edit: Edit, size: Size, share: float) -> Edit:
    """The same edit in a square region of that share of the picture, about handles and targets."""
    points = np.array(edit.handles + edit.targets)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    half = np.sqrt(share * size.area) / 2
    corner = np.clip(middle - half, 0, (size.width - 2 * half, size.height - 2 * half))
    x, y = np.round(corner).astype(int)
    side = round(2 * half)
    mask = np.zeros(size, bool)
    mask[y : y + side, x : x + side] = True
    return replace(edit, mask=mask)


def pinned(edit: Edit) -> Edit:
    """The same edit with every other landmark that is found held where it is."""
    assert edit.before is not None
    others = edit.before.confidence >= SURE
    others[list(edit.landmarks)] = False
    return replace(edit, pins=_whole(edit.before.places[others]))


def with_rest_pinned(edit: Edit, size: Size) -> Edit:
    """The same edit with pins wherever nothing is dragged, as `hold the rest` sets them."""
    pairs = [
        Pair.placed(number, *ends)
        for number, ends in enumerate(zip(edit.handles, edit.targets, strict=True), 1)
    ]
    return replace(edit, pins=tuple(rest_of(size, pairs)))


def file_edits(model: Model, path: Path, count: int) -> list[Edit]:
    """FreeDragBench: lines of `{"seed": N, "points": {"handle": [[x, y], …], "target": …}}`, points
    in pixels. The first `count` of them. Raises UsageError, naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{path} cannot be read: {reason}") from None
    edits: list[Edit] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and len(edits) < count:
            try:
                edits.append(_of_line(model, line))
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                raise UsageError(
                    f'{path}, line {number}: expected {{"seed": N, "points": {{"handle": [[x, y]], '
                    '"target": [[x, y]]}}'
                ) from None
            except UsageError as error:
                raise UsageError(f"{path}, line {number}: {error}") from None
    if not edits:
        raise UsageError(f"{path} holds no edits")
    return edits


def _of_line(model: Model, line: str) -> Edit:
    values = json.loads(line)
    points = values["points"]
    handles, targets = (_points(points[name], model.info.size) for name in ("handle", "target"))
    if not handles or len(handles) != len(targets):
        raise ValueError
    return Edit(model.latent(model.seed(int(values["seed"]))), handles, targets)


def _points(values: Sequence[Sequence[float]], size: Size) -> tuple[Point, ...]:
    points = tuple((round(x), round(y)) for x, y in values)
    for x, y in points:
        if not size.holds(x, y):
            raise UsageError(f"({x}, {y}) lies outside the picture of {size.across} px")
    return points
