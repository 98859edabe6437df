"""The protocols: which edits, and what is looked at afterwards.

landmarks      the landmarks of one sample are dragged to where another has them, and found again
back           the same, then dragged back to where they were: what is left of the first picture
masks          the same, with a mask of a tenth of the picture about the points
pins           the same, with all other landmarks held where they are
rest           the same, with pins all over the picture
freedragbench  the seeds and points of a file; only the tracker says where handles are
tracker        no drag: w goes from one sample to another and the tracker follows landmarks, whose
               true paths the renderer knows
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tui_draggan.api import Model
from tui_draggan.arrays import Bytes
from tui_draggan.bench.score.edits import (
    Edit,
    back_edit,
    file_edits,
    landmark_edits,
    masked,
    pinned,
    with_rest_pinned,
)
from tui_draggan.bench.score.looking import look
from tui_draggan.bench.score.measures import Result, Score, compared, score, strangeness
from tui_draggan.bench.score.ways import Edited, Way
from tui_draggan.errors import UsageError
from tui_draggan.training.critters import SPECIES

NAMES = LANDMARKS, BACK, MASKS, PINS, REST, TRACKER, FREEDRAGBENCH = (
    *("landmarks", "back", "masks", "pins", "rest", "tracker", "freedragbench"),
)
SHARE = 0.1
"""Share of the picture that a mask of the mask protocol lets change."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many edits are done, of how many."""


def edits_of(
    protocol: str, model: Model, count: int, points: int, seed: int, file: Path | None
) -> list[Edit]:
    """Raises UsageError."""
    if protocol == FREEDRAGBENCH:
        assert file is not None
        return file_edits(model, file, count)
    check_domain(model)
    edits = landmark_edits(model, count, points, seed)
    if protocol == MASKS:
        return [masked(edit, model.info.size, SHARE) for edit in edits]
    if protocol == REST:
        return [with_rest_pinned(edit, model.info.size) for edit in edits]
    return [pinned(edit) for edit in edits] if protocol == PINS else edits


def check_domain(model: Model) -> None:
    """Raises UsageError for a model of another domain than the detectors'."""
    if model.info.classes != SPECIES:
        raise UsageError(
            f"{model.info.name} is no model of critters, whose landmarks this protocol finds; "
            "--protocol freedragbench FILE.jsonl takes points of any model"
        )


def run(
    protocol: str,
    model: Model,
    ways: dict[str, Way],
    edits: Sequence[Edit],
    progress: Progress,
) -> tuple[list[Score], dict[str, list[Result]]]:
    """Every contender on every edit; the scores, and the results they are of, by contender."""
    unedited = [seen.features for edit in edits for seen in (edit.before, edit.goal) if seen]
    results: dict[str, list[Result]] = {}
    for name, way in ways.items():
        done = results[name] = []
        for edit in edits:
            done.append(_result(protocol, model, way, edit))
            progress(name, len(done), len(edits))
    scores = [score(protocol, name, done, np.array(unedited)) for name, done in results.items()]
    return compared(scores, list(results.values())), results


def _result(protocol: str, model: Model, way: Way, edit: Edit) -> Result:
    edited = way(edit)
    changed = None
    if protocol == BACK:
        there, start = edited, edit
        edit = back_edit(edit, replace(edit.latent, ws=there.ws, edited=True))
        edited = way(edit)
        edited = Edited(
            edited.ws,
            edited.handles,
            there.steps + edited.steps,
            there.arrived and edited.arrived,
            there.seconds + edited.seconds,
        )
        changed = _apart(model.render(start.latent), model.engine.render(edited.ws))
    picture = model.engine.render(edited.ws) if edited.picture is None else edited.picture
    if edit.mask is not None:
        changed = _apart(model.render(edit.latent), picture, ~edit.mask)
    seen = None if protocol == FREEDRAGBENCH else look([picture])[0]
    return Result(edit, edited, picture, seen, strangeness(model, edited.ws), changed)


def _apart(one: Bytes, other: Bytes, where: np.ndarray | None = None) -> float:
    """Mean difference in grey levels of pictures (H, H, 3), everywhere or where it is asked for."""
    levels = np.abs(one.astype(np.float32) - other).mean(axis=2)
    return float(levels.mean() if where is None else levels[where].mean())


def worst(results: Sequence[Result], count: int) -> Iterator[Result]:
    """Those that ended furthest from their targets; where nobody sees it, by the tracker."""

    def far(one: Result) -> float:
        return one.tracked if one.error is None else one.error

    yield from sorted(results, key=far, reverse=True)[:count]
