"""How well a model drags: random edits of known landmarks, for a choice of drag parameters.

    python benchmarks/edits.py [--edits 40] [--space w w+] [--learning-rate 0.02 0.03]

An edit takes a seed and a species (ψ 1, so that the renderer knows where its landmarks are), one
landmark and a target 8 to 14 % of the width away in a direction the domain allows, and runs the
headless session to its end. Printed for each choice: the share that reached the target, the median
of the steps they took, and the mean change of the picture far from the point (more than a third of
the width away), in grey levels: an edit should stay where it was asked for.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tui_draggan.bundle import ModelBundle
from tui_draggan.drag.document import Document
from tui_draggan.drag.latent import latent_from_seed
from tui_draggan.drag.params import DragParams, default_params
from tui_draggan.drag.points import Point
from tui_draggan.drag.progress import Outcome
from tui_draggan.drag.session import DragSession
from tui_draggan.engines.base import Engine
from tui_draggan.engines.choose import open_engine
from tui_draggan.training.critters import LANDMARKS, SPECIES, parameters_from_z, render

DIRECTIONS = {
    "tip": ((0, -1), (0, 1), (1, 0), (-1, 0)),
    "nose": ((1, 0), (-1, 0), (0, -1), (0, 1)),
    "mouth": ((0, 1),),
    "chin": ((0, 1),),
}
"""By a word of the landmark's name: where the domain lets it go."""


@dataclass(frozen=True)
class Edit:
    seed: int
    species: int
    handle: Point
    target: Point


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("artifacts/critters"))
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, nargs="+", default=[0.01, 0.02, 0.03, 0.04])
    parser.add_argument("--space", choices=("w", "w+"), nargs="+", default=["w", "w+"])
    parser.add_argument("--r1", type=int, nargs="+", default=[2])
    parser.add_argument("--r2", type=int, nargs="+", default=[6])
    options = parser.parse_args()
    bundle = ModelBundle.open(options.model)
    info = bundle.info
    if info.classes != SPECIES:
        sys.exit(f"{info.name} is not of the domain that is drawn here: {', '.join(SPECIES)}")
    engine = open_engine(bundle)
    edits = draw_edits(options.edits, info.resolution, info.z_dim)
    defaults = default_params(info.resolution, info.drag.trainable_rows, {"psi": 1.0})
    print("space  step size  r1  r2  reached  steps  far away")
    choices = itertools.product(options.space, options.learning_rate, options.r1, options.r2)
    for space, rate, r1, r2 in choices:
        params = defaults.with_values(w_plus=space == "w+", learning_rate=rate, r1=r1, r2=r2)
        found = [run(engine, edit, params) for edit in edits]
        steps = [count for outcome, count, _ in found if outcome is Outcome.REACHED]
        median = statistics.median(steps) if steps else float("nan")
        far = statistics.mean(change for _, _, change in found)
        share = len(steps) / len(found)
        print(
            f"{space:5} {rate:9g} {r1:3} {r2:3} {share:8.0%} {median:6.0f} {far:9.1f}", flush=True
        )


def draw_edits(count: int, resolution: int, z_dim: int) -> list[Edit]:
    rng = np.random.default_rng(0)
    edits: list[Edit] = []
    while len(edits) < count:
        seed = int(rng.integers(1_000_000))
        species = int(rng.integers(len(SPECIES)))
        z = torch.from_numpy(np.random.RandomState(seed).randn(1, z_dim)).float()
        drawn = render(parameters_from_z(z, torch.tensor([species])), resolution)
        places = drawn.landmarks[0].round().int().tolist()
        movable = [i for i, name in enumerate(LANDMARKS) if directions(name)]
        chosen = int(rng.choice(movable))
        ways = directions(LANDMARKS[chosen])
        way = ways[int(rng.integers(len(ways)))]
        length = rng.uniform(0.08, 0.14) * resolution
        x, y = places[chosen]
        handle, target = (x, y), (x + round(way[0] * length), y + round(way[1] * length))
        if all(2 <= value < resolution - 2 for value in (*handle, *target)):
            edits.append(Edit(seed, species, handle, target))
    return edits


def directions(landmark: str) -> tuple[tuple[int, int], ...]:
    return next((DIRECTIONS[word] for word in landmark.split() if word in DIRECTIONS), ())


def run(engine: Engine, edit: Edit, params: DragParams) -> tuple[Outcome | None, int, float]:
    """How it ended, after how many steps, and how much changed far from the point."""
    latent = latent_from_seed(engine, edit.seed, params.psi, edit.species)
    session = DragSession(engine, params, Document(latent))
    session.add_pair(edit.handle, edit.target)
    session.start()
    while session.wait_for_work(0):
        session.work()
    first, last = session.frames[0].image, session.frames[-1].image
    side = first.shape[0]
    y, x = np.mgrid[:side, :side]
    far = np.hypot(x - edit.handle[0], y - edit.handle[1]) > side / 3
    change = float(np.abs(last.astype(float) - first)[far].mean())
    return session.status.outcome, session.status.iteration, change


if __name__ == "__main__":
    main()
