"""Whether a picture that an inversion has found is dragged as well as the one it was found for.

    python -m benchmarks.inverted_drags [--count 5] [--tune N] [--pull 8]

The photographs are pictures of the bundled model itself, so that their true w is known. The same
point, a landmark that the landmark network is sure of, goes the same way on the true w and on the
latent that was found, with --tune on a copy of the model that was tuned to it: did it arrive, after
how many steps, and how far from its target does the network see the landmark again. Then the point
goes back to where it was: decibels between the picture and the one before it was dragged.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from tui_draggan import library
from tui_draggan.api import Model
from tui_draggan.arrays import Bytes
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.document import Document
from tui_draggan.edit.inversion import InversionProblem, inverted
from tui_draggan.edit.latent import Latent, Photo, Seed
from tui_draggan.edit.points import Point
from tui_draggan.edit.progress import AT_TARGETS
from tui_draggan.edit.tuning import TunedModel, tuned
from tui_draggan.engines.base import Pivot
from tui_draggan.engines.choose import open_engine
from tui_draggan.inversion.likeness import psnr
from tui_draggan.inversion.recipe import recipe_for
from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.critters import SPECIES
from tui_draggan.training.metrics.landmarks.network import find_landmarks

FIRST_SEED = 7000
EAR = 0
"""Number of the landmark that is dragged: the tip of the left ear."""


@dataclass(frozen=True)
class Dragged:
    arrived: bool
    steps: int
    off: float
    """Distance of the landmark from the target, px."""
    back: float
    """Decibels between the picture and itself, dragged there and back."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--tune", type=int, default=0)
    parser.add_argument("--pull", type=int, default=8, help="px, upwards")
    options = parser.parse_args()
    bundle = ModelBundle.open(library.find_model("critters"))
    engine = open_engine(bundle, "cpu", "ort")
    model = Model(bundle, lambda: engine)
    results: dict[str, list[Dragged]] = {}
    for number in range(options.count):
        label = number % len(SPECIES)
        latent = model.latent(Seed(FIRST_SEED + number, 1.0, label))
        picture = engine.render(latent.ws)
        problem = InversionProblem(
            picture, Photo("picture", "0" * 64), label, recipe_for("w+", None)
        )
        found = inverted(engine, problem)
        x, y = (round(float(place)) for place in landmarks(picture)[EAR])
        ends = (x, y), (x, max(1, y - options.pull))
        drags = {"true w": drag(model, latent, *ends)}
        drags["found"] = drag(model, found.document.latent, *ends)
        if options.tune:
            with TemporaryDirectory() as folder:
                copy = TunedModel(Path(folder, "copy"), "copy", "")
                tuned(engine, [Pivot(found.document.latent.ws, picture)], options.tune, copy)
                own = ModelBundle.open(copy.path)
                other = Model(own, partial(open_engine, own, "cpu", "ort"))
                drags["tuned"] = drag(other, found.document.latent, *ends)
        for kind, one in drags.items():
            results.setdefault(kind, []).append(one)
            print(
                f"{SPECIES[label]:8} {kind:8} {'arrived' if one.arrived else 'short':8} "
                f"{one.steps:4} steps  {one.off:5.2f} px  there and back {one.back:5.1f} dB",
                flush=True,
            )
    for kind, ones in results.items():
        print(
            f"{kind}: arrived {sum(one.arrived for one in ones)} of {len(ones)}, medians "
            f"{statistics.median(one.steps for one in ones):.0f} steps, "
            f"{statistics.median(one.off for one in ones):.2f} px, there and back "
            f"{statistics.median(one.back for one in ones):.1f} dB"
        )


def drag(model: Model, latent: Latent, handle: Point, target: Point) -> Dragged:
    start = replace(latent, ws=latent.ws.copy())
    before = model.engine.render(start.ws)
    session = model.edit(Document(start, parameters=model.parameters))
    session.add_pair(handle, target)
    steps = sum(1 for _ in session.run()) - 1
    outcome = session.status.outcome
    there = model.engine.render(session.document.latent.ws)
    off = float(np.linalg.norm(landmarks(there)[EAR].numpy() - np.array(target)))
    (pair,) = session.document.pairs
    session.move_target(pair.id, handle)
    for _ in session.run():
        pass
    again = model.engine.render(session.document.latent.ws)
    return Dragged(outcome in AT_TARGETS, steps, off, psnr(again, before))


def landmarks(picture: Bytes) -> Tensor:
    """(P, 2) px"""
    image = from_bytes(torch.tensor(picture).permute(2, 0, 1)[None])
    return find_landmarks(image).places[0]


if __name__ == "__main__":
    main()
