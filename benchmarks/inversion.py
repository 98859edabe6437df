"""How near inversion comes to pictures that the bundled model was never trained on, and how fast.

    python -m benchmarks.inversion [--count 10] [--space w+] [--steps N] [--class auto|true]

Renders of the bundled domain that no training saw. For each: PSNR to the render, the mean distance
of the landmarks that the landmark network finds from the true ones (in the render itself it has
that distance too), how unusual the latent is, CPU seconds, whether the class was found. Then the
medians, peak memory, and the CPU time of one step, of a search and of a tuning, by every engine, in
turns, with its ratio to that of `ort`. `--count 0`: the steps alone.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tui_draggan import library
from tui_draggan.arrays import Bytes
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.inversion import InversionProblem, inverted
from tui_draggan.edit.latent import Photo
from tui_draggan.engines.base import LocalEngine, Pivot
from tui_draggan.engines.choose import ENGINES, open_engine
from tui_draggan.errors import EngineError
from tui_draggan.inversion.recipe import TUNING_RATE, recipe_for
from tui_draggan.stylegan.pixels import from_bytes, to_bytes
from tui_draggan.training.critters import SPECIES, Z_DIM, parameters_from_z, render
from tui_draggan.training.metrics.landmarks.network import find_landmarks

SEED = 20_261_128
"""Of the renders: z no training has drawn."""
TURNS = 9


@dataclass(frozen=True)
class Found:
    decibels: float
    pixels: float
    """Mean distance of the landmarks, px."""
    of_render: float
    """The same where the network looks at the render itself."""
    unusual: float
    seconds: float
    class_is_right: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--space", default="w+")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--class", dest="label", choices=("auto", "true"), default="auto")
    options = parser.parse_args()
    bundle = ModelBundle.open(library.find_model("critters"))
    engine = open_engine(bundle, "cpu", "ort")
    if options.count:
        search_all(engine, options)
    for kind, by_engine in steps(engine, bundle).items():
        own = by_engine[engine.name]
        words = (f"{who} {ms:.0f} ms ({ms / own:.2f})" for who, ms in by_engine.items())
        print(f"a step of a {kind}: {', '.join(words)}")


def search_all(engine: LocalEngine, options: argparse.Namespace) -> None:
    """Prints what is found of each render, and the medians."""
    z = np.random.default_rng(SEED).standard_normal((options.count, Z_DIM), np.float32)
    species = torch.arange(options.count) % len(SPECIES)
    drawn = render(parameters_from_z(torch.from_numpy(z), species), engine.info.size.width)
    pictures = to_bytes(drawn.image).permute(0, 2, 3, 1).contiguous().numpy()
    engine.render(np.tile(engine.w_avg, (engine.info.num_ws, 1)))
    opened = peak_memory()
    recipe = recipe_for(options.space, options.steps)
    print(f"{'':8} {'dB':>6} {'px':>6} {'render':>6} {'unusual':>8} {'CPU s':>6}  class")
    results = []
    for picture, places, kind in zip(pictures, drawn.landmarks, species.tolist(), strict=True):
        label = kind if options.label == "true" else None
        problem = InversionProblem(picture, Photo("render", "0" * 64), label, recipe)
        found = look(engine, problem, places, kind)
        results.append(found)
        print(f"{SPECIES[kind]:8} {row(found)}  {'right' if found.class_is_right else 'wrong'}")
    print(f"{'median':8} {row(median(results))}")
    print(f"peak memory beyond the opened model: {peak_memory() - opened:.0f} MB")


def look(engine: LocalEngine, problem: InversionProblem, places: Tensor, kind: int) -> Found:
    start = time.process_time()
    found = inverted(engine, problem)
    seconds = time.process_time() - start
    off, of_render = (off_places(one, places) for one in (found.picture, problem.pixels))
    likeness = found.likeness
    right = found.label == kind
    return Found(likeness.decibels, off, of_render, likeness.unusual, seconds, right)


def off_places(picture: Bytes, places: Tensor) -> float:
    image = from_bytes(torch.tensor(picture).permute(2, 0, 1)[None])
    return float((find_landmarks(image).places[0] - places).norm(dim=1).mean())


def median(results: list[Found]) -> Found:
    def middle(name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in results))

    return Found(
        decibels=middle("decibels"),
        pixels=middle("pixels"),
        of_render=middle("of_render"),
        unusual=middle("unusual"),
        seconds=middle("seconds"),
        class_is_right=all(one.class_is_right for one in results),
    )


def row(one: Found) -> str:
    return (
        f"{one.decibels:6.2f} {one.pixels:6.2f} {one.of_render:6.2f} {one.unusual:8.2f} "
        f"{one.seconds:6.1f}"
    )


def steps(engine: LocalEngine, bundle: ModelBundle) -> dict[str, dict[str, float]]:
    """CPU milliseconds by what is done and by engine, in turns: a step of a search, and one of a
    tuning with Adam."""
    random = np.random.default_rng(0)
    target = random.integers(0, 256, (*bundle.info.size, 3), np.uint8)
    ws = np.tile(engine.w_avg, (bundle.info.num_ws, 1))
    pivots = [Pivot(ws, target)]
    engines = {engine.name: engine}
    for name in ENGINES:
        with suppress(EngineError):
            engines.setdefault(name, open_engine(bundle, "cpu", name))
    for one in engines.values():
        one.begin_tuning()
    kinds: dict[str, Callable[[LocalEngine], object]] = {
        "search": lambda one: one.compare(ws, target),
        "tuning": lambda one: one.tune(pivots, TUNING_RATE),
    }
    times: dict[str, dict[str, list[float]]] = {
        kind: {name: [] for name in engines} for kind in kinds
    }
    for number in range(TURNS + 1):
        for kind, do in kinds.items():
            for name, one in engines.items():
                start = time.process_time()
                do(one)
                if number:  # graphs are opened and memory is allocated in the first
                    times[kind][name].append(1000 * (time.process_time() - start))
    return {
        kind: {name: statistics.median(values) for name, values in by_engine.items()}
        for kind, by_engine in times.items()
    }


def peak_memory() -> float:
    """Of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
