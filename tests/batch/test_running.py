"""The loop: each job once, no more under way than there is room for, failures are no end."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.batch.made import FakeWorkers, job
from tests.batch.test_results import largest_file, lines
from tui_draggan.batch.job import Job, Refused
from tui_draggan.batch.results import Results
from tui_draggan.batch.running import Tally, run
from tui_draggan.errors import OutputError


def batch(folder: Path, jobs: list[Job | Refused], workers: FakeWorkers) -> tuple[Tally, list[int]]:
    """And the tally's lines at each report."""
    tally, seen = Tally(), []
    with closing(Results(folder)) as results:
        run(jobs, workers, results, tally, lambda _: seen.append(tally.lines))
    return tally, seen


def test_each_edit_is_made_once(tmp_path: Path) -> None:
    jobs = [job(line, seed=line % 7) for line in range(1, 21)]
    workers = FakeWorkers()
    tally, seen = batch(tmp_path, [*jobs], workers)
    assert sorted(workers.handed_out) == list(range(1, 8)) and workers.most == 3
    assert (tally.outcomes["reached"], tally.there, tally.failed) == (7, 13, 0)
    assert sorted(seen) == list(range(1, 21))
    again = FakeWorkers()
    tally, _ = batch(tmp_path, [*jobs], again)
    assert again.handed_out == [] and tally.there == 20


def test_failures_end_nothing_and_are_tried_again(tmp_path: Path) -> None:
    jobs: list[Job | Refused] = [job(line, seed=line) for line in range(1, 6)]
    jobs.insert(2, Refused("ab" * 16, 99, None, "not JSON"))
    tally, _ = batch(tmp_path, jobs, FakeWorkers(failing=(2, 4)))
    assert (tally.outcomes["reached"], tally.failed) == (3, 3)
    errors = {line["line"]: line["error"] for line in lines(tmp_path) if "error" in line}
    assert errors == {2: "poisoned", 4: "poisoned", 99: "not JSON"}
    again = FakeWorkers()
    batch(tmp_path, jobs, again)
    assert sorted(again.handed_out) == [2, 4]


def test_a_full_disk_ends_it_and_the_next_run_makes_the_rest(tmp_path: Path) -> None:
    jobs: list[Job | Refused] = [job(line, seed=line) for line in range(1, 30)]
    with largest_file(1000), pytest.raises(OutputError, match=r"results.jsonl cannot be written"):
        batch(tmp_path, jobs, FakeWorkers())
    done = {line["line"] for line in lines(tmp_path)}
    assert 0 < len(done) < 29
    again = FakeWorkers()
    batch(tmp_path, jobs, again)
    assert set(again.handed_out) | done == set(range(1, 30)) and not set(again.handed_out) & done
