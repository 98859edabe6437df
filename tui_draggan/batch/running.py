"""A batch: jobs go out as far as there is room, results come in as they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tui_draggan.batch.job import Failed, Job, Made, Refused
from tui_draggan.batch.results import Results
from tui_draggan.batch.workers import Workers


@dataclass
class Tally:
    """What has become of the lines so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """How many edits of this run ended how, by `edit.progress.Outcome`'s words."""
    failed: int = 0
    """Lines that are no job, and jobs that could not be made."""
    there: int = 0
    """Edits that an earlier run had made, or an earlier line."""

    @property
    def lines(self) -> int:
        return self.outcomes.total() + self.failed + self.there


def run(
    jobs: Iterable[Job | Refused],
    workers: Workers,
    results: Results,
    tally: Tally,
    report: Callable[[Made | Failed | Refused | None], None],
) -> None:
    """Makes all jobs whose results are not there. tally: kept up to date. report: told of each
    line; None: its edit is there already.

    Raises OutputError where a result cannot be written, EngineError where no workers are left, and
    what reading the jobs raises: what has been written until then counts.
    """
    out: set[str] = set()
    """Keys of the jobs that are being made."""

    def take() -> None:
        outcome = workers.finished()
        out.discard(outcome.job.key)
        if isinstance(outcome, Made):
            results.add(outcome)
            tally.outcomes[outcome.ending["outcome"]] += 1
        else:
            results.fail(outcome)
            tally.failed += 1
        report(outcome)

    for job in jobs:
        if isinstance(job, Refused):
            results.fail(job)
            tally.failed += 1
            report(job)
        elif job.key in out or results.has(job.key):
            tally.there += 1
            report(None)
        else:
            while len(out) >= workers.room:
                take()
            out.add(job.key)
            workers.submit(job)
    while out:
        take()
