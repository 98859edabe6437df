"""`tui-draggan bench`: how fast an iteration is on this machine, engine by engine."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan import __version__, library
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.arguments import numbers, words
from tui_draggan.errors import UsageError
from tui_draggan.interrupts import import_torch

if TYPE_CHECKING:
    from tui_draggan.bench.turns import Measured


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Measures the engines beside a reference, DragGAN written plainly in torch. They take "
        "turns, each in a process of its own. Prints medians, peak memory, the share of the "
        "machine's sgemm rate, and the time of each stage."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--model", metavar="NAME|FOLDER", help="a model of yours")
    what.add_argument(
        "--sizes",
        type=numbers,
        default=(256, 512, 1024),
        metavar="PX,…",
        help="models with random weights (default: 256,512,1024)",
    )
    parser.add_argument(
        "--engines", type=words, metavar="NAME,…", help="default: all that run here"
    )
    parser.add_argument(
        "--points", type=numbers, default=(1,), metavar="N,…", help="handle points (default: 1)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="for each model and number of points (default: 60)",
    )
    parser.add_argument(
        "--no-reference", dest="reference", action="store_false", help="engines only"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, BundleError, EngineError."""
    import_torch()  # before anything is measured, so that its absence is told
    from tui_draggan.bench.turns import measure
    from tui_draggan.engines import cpu
    from tui_draggan.engines.choose import NAMED

    unknown = set(options.engines or ()) - NAMED.keys()
    if unknown:
        raise UsageError(
            f"no engine named {', '.join(sorted(unknown))}; available: {', '.join(NAMED)}"
        )
    results: list[Measured] = []
    with tempfile.TemporaryDirectory() as work:
        for bundle in _bundles(options, Path(work)):
            if bundle.info.family != "StyleGAN2":
                raise UsageError(
                    f"bench measures StyleGAN2 models; {bundle.info.name} is a {bundle.info.family}"
                )
            for points in options.points:
                results += measure(
                    bundle,
                    points,
                    seconds=options.seconds,
                    engines=options.engines,
                    reference=options.reference,
                )
    machine = cpu.in_words()
    if options.json:
        rows = [{**asdict(result), "size": result.size._asdict()} for result in results]
        values = {"version": __version__, "machine": machine, "results": rows}
        print(json.dumps(values, indent=2))
    else:
        print(f"tui-draggan {__version__}; {machine}")
        print(table(results))
        print()
        print(stages_table(results))
    return 0


def table(results: Sequence[Measured]) -> str:
    """Markdown, so that it can be pasted."""
    lines = [
        "| model | points | contender | ms an iteration | it/s | × reference | of sgemm "
        "| peak memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        speedup = f"{result.speedup:.1f}" if result.speedup else ""
        lines.append(
            f"| {_of(result)} "
            f"| {result.milliseconds:.1f} ± {result.spread:.1f} | {1000 / result.milliseconds:.1f} "
            f"| {speedup} | {result.of_sgemm:.0%} | {result.peak_bytes / 1e6:.0f} MB |"
        )
    return "\n".join(lines)


def stages_table(results: Sequence[Measured]) -> str:
    """Milliseconds by stage, Markdown; without the columns in which nothing would stand."""
    from tui_draggan.bench.profile import STAGES

    stages = [stage for stage in STAGES if any(stage in result.stages for result in results)]
    lines = [
        f"| model | points | contender | {' | '.join(stages)} |",
        f"| --- | --- | --- |{' --- |' * len(stages)}",
    ]
    for result in results:
        times = (
            f"{result.stages[stage]:.1f}" if stage in result.stages else "" for stage in stages
        )
        lines.append(f"| {_of(result)} | {' | '.join(times)} |")
    return "\n".join(lines)


def _of(result: Measured) -> str:
    """The first cells of a row."""
    return f"{result.model}, {result.size} px | {result.points} | {result.contender}"


def _bundles(options: argparse.Namespace, work: Path) -> Iterator[ModelBundle]:
    """The model that is named, or one after the other of the sizes with random weights."""
    from tui_draggan.bench.random_model import random_bundle

    if options.model is not None:
        yield ModelBundle.open(library.find_model(options.model))
        return
    for size in options.sizes:
        yield random_bundle(size, work / str(size))
