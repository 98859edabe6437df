"""`tui-draggan score`: where edits land, beside the published algorithms."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan import __version__
from tui_draggan.commands.arguments import Range, add_force, check_ranges, numbers
from tui_draggan.commands.progress import Report, progress
from tui_draggan.errors import UsageError
from tui_draggan.interrupts import import_torch
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say

if TYPE_CHECKING:
    from tui_draggan.api import Model
    from tui_draggan.bench.score.measures import Result, Score

PROTOCOLS = ("landmarks", "back", "masks", "pins", "rest", "tracker", "freedragbench")
RANGES = (Range("--n", 1, 100_000), Range("--seed", 0))
WORST = 20
"""Edits on the contact sheet."""
WAYS = "published,freedrag,shipped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Drags landmarks of generated critters to where other samples have them, by several "
        "algorithms, and finds them again with two detectors. Prints the distances that are left, "
        "with bootstrap intervals, and what became of the pictures."
    )
    add = parser.add_argument
    add("--model", default="critters", metavar="NAME|FOLDER", help="default: critters")
    add(
        "--protocol",
        nargs="+",
        default=["landmarks"],
        metavar="NAME",
        help="landmarks (default): as in DragGAN's table 1; back: there and back again; masks: a "
        "tenth of the picture may change; pins: other landmarks are held; rest: pins all over the "
        "picture; tracker: the tracker alone, on known paths; freedragbench FILE.jsonl: seeds and "
        "points from a file",
    )
    add(
        "--ways",
        default=WAYS,
        metavar="NAME,…",
        help=f"contenders (default: {WAYS}): published, program (the authors', with its habits), "
        "freedrag, shipped; settings follow with colons, as in published:learning_rate=0.4 or "
        "shipped:space=w+:learning_rate=0.4",
    )
    add("--points", type=numbers, default=(1, 5, 9), metavar="N,…", help="default: 1,5,9")
    add("--n", type=int, default=60, metavar="N", help="edits (default: 60)")
    add("--seed", type=int, default=0, metavar="N", help="of the edits (default: 0)")
    add(
        "--sheet",
        type=typed_path,
        metavar="PNG",
        help=f"contact sheet of the last contender's {WORST} worst edits",
    )
    add_force(add)
    add("--json", action="store_true", help="print JSON instead of tables")


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, BundleError, EngineError."""
    check_ranges(options, RANGES)
    protocol, *files = options.protocol
    if protocol not in PROTOCOLS:
        raise UsageError(f"no protocol named {protocol}; available: {', '.join(PROTOCOLS)}")
    if len(files) != (protocol == "freedragbench"):
        raise UsageError(
            "--protocol freedragbench FILE.jsonl needs its file"
            if not files
            else f"--protocol {protocol} takes no {files[-1]}"
        )
    if options.sheet is not None:
        from tui_draggan.commands.results import check_outputs

        check_outputs(force=options.force, picture=options.sheet)
    with progress() as report:
        scores, results, model = _measure(options, protocol, files, report)
    if options.json:
        values = {"version": __version__, "model": model.info.name, "seed": options.seed}
        print(json.dumps({**values, "scores": [asdict(one) for one in scores]}, indent=2))
    else:
        say(
            f"tui-draggan {__version__}; {model.info.name}, {model.info.size.across} px; "
            f"{protocol}, {options.n} edits drawn with seed {options.seed}"
        )
        print(table(scores))
    if options.sheet is not None and results:
        _write_sheet(options.sheet, model, results)  # last: the figures took minutes
    return 0


def _measure(
    options: argparse.Namespace, protocol: str, files: Sequence[str], report: Report
) -> tuple[list[Score], list[Result], Model]:
    report("starting torch")
    import_torch()
    import torch

    from tui_draggan.api import open_model
    from tui_draggan.bench.score import protocols, tracker, ways

    torch.set_num_threads(1)  # the engine's threads and torch's would get in each other's way
    model = open_model(options.model, "ort")
    if protocol == protocols.TRACKER:
        protocols.check_domain(model)
        following = partial(_counted, report, "following", options.n)
        found = tracker.follow(model, model.parameters, options.n, options.seed, following)
        return [found], [], model
    contenders = {name: ways.open_way(name, model) for name in options.ways.split(",")}
    scores, last = [], []
    file = Path(typed_path(files[0])) if files else None
    for points in options.points if file is None else (0,):
        report(f"drawing edits of {points} points")
        edits = protocols.edits_of(protocol, model, options.n, points, options.seed, file)
        some, results = protocols.run(protocol, model, contenders, edits, report)
        scores += some
        last += list(results.values())[-1]
    return scores, last, model


def _counted(report: Report, what: str, total: int, done: int) -> None:
    report(what, done, total)


def _write_sheet(path: Path, model: Model, results: Sequence[Result]) -> None:
    from tui_draggan.bench.score.protocols import worst
    from tui_draggan.bench.score.sheet import write_sheet

    write_sheet(path, model, list(worst(results, WORST)))


def table(scores: Sequence[Score]) -> str:
    """Markdown, so that it can be pasted."""
    lines = [
        "| points | contender | n | before | after [95 %] | median | second detector | tracked "
        "| arrived | steps | s | against the last | others | left | strangeness | confidence "
        "| kernel · 1000 | precision | changed |",
        f"|{' --- |' * 19}",
    ]
    for one in scores:
        after = (
            ""
            if one.error is None or one.interval is None
            else (f"{one.error:.2f} [{one.interval[0]:.2f}, {one.interval[1]:.2f}]")
        )
        against = "" if one.against is None else "{:+.2f} [{:+.2f}, {:+.2f}]".format(*one.against)
        cells = (
            *(one.points, one.way, one.n, f"{one.before:.1f}", after, _cell(one.median)),
            *(_cell(one.error_again), _cell(one.tracked), f"{one.arrived:.0%}", f"{one.steps:g}"),
            *(f"{one.seconds:.2f}", against, _cell(one.others), f"{one.left:.0%}"),
            *(_cell(one.strangeness), _cell(one.confidence, 3), _cell(one.kernel)),
            *(_cell(one.precision), _cell(one.changed)),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _cell(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"
