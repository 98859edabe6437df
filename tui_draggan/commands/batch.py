"""`tui-draggan batch`: many edits, on this machine or on a cluster."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import add_engine, add_parameter
from tui_draggan.edit.parameters import PARAMETERS
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.interrupts import prompt_interrupts
from tui_draggan.library import DEFAULT_MODEL
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import remark
from tui_draggan.wording import counted, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui_draggan.batch.job import Failed, Job, Made, Refused
    from tui_draggan.batch.results import Results, Shard
    from tui_draggan.batch.running import Tally
    from tui_draggan.batch.workers import Workers
    from tui_draggan.commands.opening import OpenRequest

STOPPED_SHORT = 3
MOST_WORKERS = 1024
NAMED_FAILURES = 5
"""Failures that are said; the others stand in the index."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Makes many edits: each line of a file is one, as JSON with the options of drag as its "
        "fields. Writes picture, log and session of each, and a line about it. The same command "
        "again makes what is missing. Exit status: 0 if every handle reached its target, 3 if some "
        "edits stopped short, 1 if some failed, 2 for wrong input."
    )
    parser.add_argument("jobs", type=typed_path, metavar="JOBS.jsonl", help="an edit on each line")
    parser.add_argument(
        "--out", type=typed_path, required=True, metavar="FOLDER", help="the results"
    )
    where = parser.add_argument_group("workers")
    where.add_argument(
        "--jobs",
        dest="workers",
        type=int,
        metavar="N",
        help="edits at a time on this machine (default: one for each core, or one on a GPU)",
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="use the workers of a Dask scheduler, HOST:PORT or tls://HOST:PORT (needs "
        "tui-draggan[cluster]); with --device cuda those that declare GPU=1",
    )
    where.add_argument(
        "--unencrypted",
        action="store_true",
        help="use a scheduler of another machine without TLS, where everybody on the network is "
        "trusted",
    )
    where.add_argument(
        "--shard",
        metavar="I/N",
        help="make every N-th edit, from the I-th on, to divide a file among machines by hand",
    )
    model = parser.add_argument_group("what lines do not say", argument_default=argparse.SUPPRESS)
    model.add_argument(
        "--model", metavar="NAME|FOLDER|FILE", help=f"the model (default: {DEFAULT_MODEL})"
    )
    add_engine(model)
    for parameter in PARAMETERS:
        add_parameter(model, parameter, parameter.note)


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    with prompt_interrupts():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    from tui_draggan.batch.results import Results
    from tui_draggan.batch.running import Tally
    from tui_draggan.commands.jobs import Lines, count_lines
    from tui_draggan.commands.opening import OpenRequest, open_bundle

    shard = _shard(options.shard)
    _check(options)
    request = OpenRequest.of(options)
    total = count_lines(options.jobs, shard)
    if request.model is not None:
        open_bundle(request)  # what is wrong with it is not to be said of every line
    jobs = Lines(options.jobs, request, shard).jobs()
    tally = Tally()
    with closing(Results(options.out, shard)) as results:
        if results.damaged:
            remark(f"damaged lines of earlier results passed over: {results.damaged}")
        with closing(_workers(options, request)) as workers:
            told = Told(options.out / shard.index)
            try:
                _make(jobs, workers, results, tally, told, total)
            finally:
                told.rest()
                remark(_summary(tally, total))
    return _status(tally)


def _check(options: argparse.Namespace) -> None:
    """Raises UsageError for workers that cannot be meant."""
    from tui_draggan.batch.cluster import check_address

    if options.scheduler is not None:
        if options.workers is not None:
            raise UsageError("--jobs is for this machine's own workers; remove it, or --scheduler")
        check_address(options.scheduler, options.unencrypted)
    elif options.unencrypted:
        raise UsageError("--unencrypted is for --scheduler; remove it")
    if options.workers is not None and not 1 <= options.workers <= MOST_WORKERS:
        raise UsageError(f"--jobs is {options.workers}; expected 1 to {MOST_WORKERS}")


def _shard(text: str | None) -> Shard:
    """«2/8». Raises UsageError."""
    from tui_draggan.batch.results import Shard

    if text is None:
        return Shard()
    number, slash, count = text.partition("/")
    digits = slash and all(word.isdecimal() and len(word) < 8 for word in (number, count))
    if not digits or not 1 <= int(number) <= int(count):
        raise UsageError(f"--shard {quoted(text)}: expected I/N, from 1/N to N/N, as in 2/8")
    return Shard(int(number), int(count))


def _workers(options: argparse.Namespace, request: OpenRequest) -> Workers:
    """Raises UsageError, EngineError."""
    from tui_draggan.batch.cluster import Cluster
    from tui_draggan.batch.local import LocalWorkers
    from tui_draggan.engines import cpu
    from tui_draggan.engines.cuda_libraries import has_driver

    if options.scheduler is not None:
        return Cluster(options.scheduler, request.engine, request.device)
    on_gpu = request.device.startswith("cuda") or (request.device == "auto" and has_driver())
    count = options.workers or (1 if on_gpu else cpu.physical_cores())
    return LocalWorkers(cpu.shares(count), request.engine, request.device)


def _make(
    jobs: Iterator[Job | Refused],
    workers: Workers,
    results: Results,
    tally: Tally,
    told: Told,
    total: int,
) -> None:
    from tui_draggan.batch import running
    from tui_draggan.batch.job import Failed, Refused
    from tui_draggan.commands.progress import progress

    with progress(sys.stderr) as show:
        show("edits", 0, total)

        def report(outcome: Made | Failed | Refused | None) -> None:
            if isinstance(outcome, Failed | Refused):
                told.failure(outcome.line, outcome.reason)
            show("edits", tally.lines, total)

        running.run(jobs, workers, results, tally, report)


class Told:
    """Says the first failures, and how many more there are."""

    def __init__(self, index: Path) -> None:
        self._index, self._count = index, 0

    def failure(self, line: int, reason: str) -> None:
        self._count += 1
        if self._count <= NAMED_FAILURES:
            remark(f"line {line}: {reason}")

    def rest(self) -> None:
        if self._count > NAMED_FAILURES:
            more = counted(self._count - NAMED_FAILURES, "more failure")
            remark(f"{more}: see the lines with «error» in {self._index}")


def _summary(tally: Tally, total: int) -> str:
    """«8 of 10 edits: 6 reached, 1 step limit, 1 failed; 3 were there already»."""
    words = [f"{count} {outcome}" for outcome, count in tally.outcomes.most_common()]
    if tally.failed:
        words.append(f"{tally.failed} failed")
    made = tally.lines - tally.there
    parts = [f"{made} of {counted(total, 'edit')}: {', '.join(words)}"] if words else []
    if tally.there:
        parts.append(f"{counted(tally.there, 'edit')} made earlier")
    return "; ".join(parts) or f"none of {counted(total, 'edit')} made"


def _status(tally: Tally) -> int:
    from tui_draggan.edit.progress import AT_TARGETS

    if tally.failed:
        return EngineError.exit_status
    at_targets = {outcome.value for outcome in AT_TARGETS}
    return 0 if at_targets.issuperset(tally.outcomes) else STOPPED_SHORT
