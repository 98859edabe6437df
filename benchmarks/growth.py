"""How an iteration's cost grows with points, with the picture and with the feature block.

    python -m benchmarks.growth [--out docs] [--seconds 20]

Prints a table for each and writes docs/growth.png. Models have random weights; the contenders
take turns, as in `tui-draggan bench`. Takes about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

from tui_draggan.bench.random_model import random_bundle
from tui_draggan.bench.turns import Measured, measure
from tui_draggan.engines import cpu

ENGINES = ("ort", "torch")
REFERENCE_POINTS = 20
"""Points from which on the reference is not waited for."""


@dataclass(frozen=True)
class Case:
    """One measurement: a generator's picture and feature block, and a number of points."""

    size: int
    block: int
    points: int


POINTS = [Case(256, 128, points) for points in (1, 3, 10, 30, 100)]
SIZES = [Case(size, min(size // 2, 128), 1) for size in (64, 128, 256, 512, 1024)]
BLOCKS = [Case(512, block, 1) for block in (32, 64, 128, 256)]
FIGURES = {
    "points": ("256 px, feature block 128", POINTS),
    "size": ("side of the picture, one point", SIZES),
    "block": ("feature block, 512 px, one point", BLOCKS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each case")
    options = parser.parse_args()
    print(f"{cpu.in_words()}; ms an iteration")
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for (name, (title, cases)), axis in zip(FIGURES.items(), axes, strict=True):
        values = [getattr(case, name) for case in cases]
        found = list(measured(cases, options.seconds))
        tell(name, values, found)
        draw(axis, title, values, found)
    figure.suptitle(f"ms an iteration, {cpu.in_words()}")
    options.out.mkdir(exist_ok=True)
    figure.savefig(options.out / "growth.png", dpi=110)
    print(options.out / "growth.png")


def measured(cases: Sequence[Case], seconds: float) -> Iterator[dict[str, Measured]]:
    """By contender, for each case."""
    for case in cases:
        with tempfile.TemporaryDirectory() as work:
            bundle = random_bundle(case.size, Path(work, "model"), case.block)
            results = measure(
                bundle,
                case.points,
                seconds=seconds,
                engines=ENGINES,
                reference=case.points < REFERENCE_POINTS,
                profile=False,
            )
            yield {result.contender: result for result in results}


def tell(name: str, values: Sequence[int], found: Sequence[dict[str, Measured]]) -> None:
    contenders = list(found[0])
    print(f"\n| {name} | {' | '.join(contenders)} |\n| --- |{' --- |' * len(contenders)}")
    for value, ms in zip(values, found, strict=True):
        cells = (f"{ms[name].milliseconds:.1f}" if name in ms else "" for name in contenders)
        print(f"| {value} | {' | '.join(cells)} |", flush=True)


def draw(
    axis: Axes, title: str, values: Sequence[int], found: Sequence[dict[str, Measured]]
) -> None:
    for name in found[0]:
        there = [
            (x, ms[name].milliseconds) for x, ms in zip(values, found, strict=True) if name in ms
        ]
        axis.plot(*zip(*there, strict=True), marker="o", label=name)
    axis.set(title=title, xscale="log", yscale="log", xticks=values, xticklabels=values)
    axis.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axis.grid(alpha=0.3)
    axis.legend()


if __name__ == "__main__":
    main()
