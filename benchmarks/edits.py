"""How well a model of critters drags: random edits of landmarks that a network finds and re-finds.

    python -m benchmarks.edits [--edits 200] [--points 1 5] [--space w w+] [--learning-rate 0.02 …]

An edit takes a seed, a species and landmarks that the landmark network finds on the generated
picture with a confidence of at least ½, with targets 5 to 20 % of the width away that the domain
allows (`tui_draggan.training.critters.displacements` states the rule), and runs the headless
session to its end. Every choice of drag parameters gets the same edits. Columns, lengths in pixels
of the model's picture:

reached    share whose handles all came within 2/256 of the width of their targets, as tracked
seen       share whose landmarks all are within 4/256 of the width, as the network re-finds them
distance   mean distance to the target where the network re-finds the landmarks
tracked    the same by the tracker
steps      mean iterations of all edits; median those of the edits that reached
others     how far the landmarks that were no handles moved, mean
sure       mean confidence of the network after the edits, and before
ms         milliseconds an iteration, median
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tui_draggan import Document, DragganError, DragParams, Model, Outcome, Seed, open_model
from tui_draggan.arrays import Bytes
from tui_draggan.edit.parameters import SPACES
from tui_draggan.engines.choose import CHOICES
from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.critters import LANDMARKS, SPECIES
from tui_draggan.training.critters.displacements import (
    SURE,
    Displacements,
    draw_displacements,
    reservoir,
)
from tui_draggan.training.metrics.landmarks.network import find_landmarks

WITHIN = 2 / 256
"""Distance in widths at which a handle has reached its target."""
SEEN_WITHIN = 4 / 256
"""The same for re-found landmarks: the network errs by some tenths of a pixel, twice."""
STEPS = 300
"""Limit of an edit's iterations."""
PICTURES_FOR_AN_EDIT = 20
"""Seeds for each edit that are tried before a model counts as one without landmarks."""


@dataclass(frozen=True)
class Seen:
    """Landmarks (K, 2) in pixels and the confidence (K,) in each."""

    places: NDArray[np.float32]
    confidence: NDArray[np.float32]


@dataclass(frozen=True)
class Edit:
    origin: Seed
    species: int
    points: Displacements
    before: Seen


@dataclass(frozen=True)
class Done:
    """What became of an edit. Lengths in pixels; distances (N,) of its points."""

    edit: Edit
    outcome: Outcome | None
    steps: int
    distances: NDArray[np.float64]
    tracked: float
    others: float
    sure: float
    milliseconds: float

    @property
    def reached(self) -> bool:
        return self.outcome is Outcome.REACHED


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="critters", help="name or folder")
    parser.add_argument("--engine", choices=CHOICES, default="auto")
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--points", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--seed", type=int, default=0, help="of the edits that are drawn")
    parser.add_argument("--psi", type=float, help="truncation; default the model's")
    parser.add_argument("--space", choices=SPACES, nargs="+")
    parser.add_argument("--learning-rate", type=float, nargs="+")
    parser.add_argument("--anchor", type=float, nargs="+")
    parser.add_argument("--r1", type=int, nargs="+")
    parser.add_argument("--r2", type=int, nargs="+")
    parser.add_argument("--rows", type=int, nargs="+")
    parser.add_argument("--by", choices=("landmark", "species"), nargs="*", default=[])
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        bench(options)
    except DragganError as error:
        sys.exit(error.line)


def bench(options: argparse.Namespace) -> None:
    model = open_model(options.model, options.engine)
    info = model.info
    if info.classes != SPECIES:
        sys.exit(f"{info.name} is not of the domain that is drawn here: {', '.join(SPECIES)}")
    usual = model.parameters.with_values(
        steps=STEPS, patience=STEPS, tolerance=WITHIN * info.size.width
    )
    psi = model.seed(psi=options.psi).psi
    print(
        f"{info.name}, {info.size} px, feature block {info.drag.feature_block}, "
        f"ψ {psi:g}: {options.edits} edits drawn with seed {options.seed}"
    )
    print(
        "points space       step size anchor  r1  r2   K  reached  seen distance tracked  steps "
        "median others  sure before    ms"
    )
    for points in options.points:
        edits = draw_edits(model, options.edits, points, psi, options.seed)
        for params in choices(options, usual):
            done = [run(model, edit, params) for edit in edits]
            print(row(points, params, done, info.size.width), flush=True)
            for of in options.by:
                print_groups(of, done)


def choices(options: argparse.Namespace, usual: DragParams) -> list[DragParams]:
    """Drag parameters, all combinations of what was asked for, else the model's own."""
    names = ("space", "learning_rate", "anchor", "r1", "r2", "rows")
    given = [getattr(options, name) or [getattr(usual, name)] for name in names]
    return [
        usual.with_values(**dict(zip(names, values, strict=True)))
        for values in itertools.product(*given)
    ]


def draw_edits(model: Model, count: int, points: int, psi: float, seed: int) -> list[Edit]:
    """The same for the same seed, whatever the drag parameters."""
    random = np.random.default_rng((seed, points))
    allowed = reservoir()
    edits: list[Edit] = []
    tried = 0
    while len(edits) < count:
        tried += 1
        if tried > PICTURES_FOR_AN_EDIT * count:
            sys.exit(
                f"in {tried - 1} pictures only {len(edits)} edits of {points} points are found"
            )
        picture_seed = int(random.integers(1_000_000))
        species = int(random.integers(len(SPECIES)))
        origin = model.seed(picture_seed, psi, species)
        seen = look(model.render(model.latent(origin)))
        drawn = draw_displacements(
            seen.places,
            seen.confidence,
            allowed[species],
            points,
            model.info.size.width,
            random,
        )
        if drawn is not None:
            edits.append(Edit(origin, species, drawn, seen))
    print(f"{points} points: {count} edits of {tried} pictures", file=sys.stderr)
    return edits


def run(model: Model, edit: Edit, params: DragParams) -> Done:
    session = model.edit(Document(model.latent(edit.origin), parameters=params))
    for handle, target in zip(edit.points.handles, edit.points.targets, strict=True):
        session.add_pair(handle, target)
    frames = list(session.run())
    document = session.document
    after = look(model.render(document.latent))
    chosen = list(edit.points.landmarks)
    still = edit.before.confidence >= SURE
    still[chosen] = False
    moved = np.linalg.norm(after.places - edit.before.places, axis=1)
    return Done(
        edit,
        session.status.outcome,
        session.status.iteration,
        np.linalg.norm(after.places[chosen] - np.array(edit.points.targets), axis=1),
        statistics.mean(pair.distance for pair in document.pairs),
        float(moved[still].mean()) if still.any() else float("nan"),
        float(after.confidence.mean()),
        statistics.median(frame.milliseconds for frame in frames),
    )


def look(image: Bytes) -> Seen:
    """What the landmark network finds in a picture (H, H, 3)."""
    picture = from_bytes(torch.from_numpy(image.copy()).permute(2, 0, 1)[None])
    found = find_landmarks(picture)
    return Seen(found.places[0].numpy(), found.confidence[0].numpy())


def row(points: int, params: DragParams, done: Sequence[Done], resolution: int) -> str:
    reached = [one.steps for one in done if one.reached]
    steps = statistics.mean(one.steps for one in done)
    seen = [bool((one.distances <= SEEN_WITHIN * resolution).all()) for one in done]
    return (
        f"{points:6} {params.space:11} {params.learning_rate:9g} "
        f"{params.anchor:6g} {params.r1:3} {params.r2:3} {params.rows:3} "
        f"{share(one.reached for one in done):>8} "
        f"{share(seen):>5} {np.mean([one.distances.mean() for one in done]):8.2f} "
        f"{np.mean([one.tracked for one in done]):7.2f} {steps:6.0f} "
        f"{statistics.median(reached) if reached else float('nan'):6.0f} "
        f"{np.nanmean([one.others for one in done]):6.2f} "
        f"{np.mean([one.sure for one in done]):5.2f} "
        f"{np.mean([one.edit.before.confidence.mean() for one in done]):6.2f} "
        f"{statistics.median(one.milliseconds for one in done):5.1f}"
    )


def print_groups(by: str, done: Sequence[Done]) -> None:
    """A line for every landmark or species that was dragged."""
    groups: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for one in done:
        for landmark, distance in zip(one.edit.points.landmarks, one.distances, strict=True):
            name = SPECIES[one.edit.species] if by == "species" else LANDMARKS[landmark]
            groups[name].append((one.reached, float(distance)))
    for name in SPECIES if by == "species" else LANDMARKS:
        if group := groups[name]:
            print(
                f"    {name:15} {len(group):4} points, {share(r for r, _ in group):>4} in edits "
                f"that reached, distance {np.mean([d for _, d in group]):5.2f}"
            )


def share(of: Iterable[bool]) -> str:
    values = list(of)
    return f"{sum(values) / len(values):.0%}"


if __name__ == "__main__":
    main()
