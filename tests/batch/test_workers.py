"""Real workers on the bundled model: processes of this machine, and of a Dask cluster on loopback.

Whatever dies, and whenever, every edit has one result, which is that of an undisturbed run.
"""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.batch.test_results import lines
from tui_draggan import paths
from tui_draggan.batch import cluster
from tui_draggan.batch.cluster import Cluster
from tui_draggan.batch.job import Failed, Job, Made, job_of
from tui_draggan.batch.local import LocalWorkers
from tui_draggan.batch.maker import Maker
from tui_draggan.batch.results import Results
from tui_draggan.batch.running import Tally, run
from tui_draggan.batch.workers import Workers
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.points import Pair
from tui_draggan.errors import EngineError
from tui_draggan.testing.cluster import dask_cluster
from tui_draggan.testing.waiting import wait_until

pytestmark = pytest.mark.slow

BUNDLE = ModelBundle.open(paths.bundled_models() / "critters")
ENGINE, DEVICE = "ort", "cpu"
EDITS, STEPS = 7, 4
with_cluster = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="distributed is not installed"
)
KINDS = ["local", pytest.param("cluster", marks=with_cluster)]


def job(line: int, steps: int = STEPS) -> Job:
    """A drag of another seed, which does not arrive."""
    info = BUNDLE.info
    nothing = np.zeros((info.num_ws, info.w_dim), np.float32)
    parameters = replace(model_params(info), steps=steps)
    pairs = (Pair(1, (60, 40), (20, 110)),)
    document = Document(Latent(nothing, Seed(line, 0.7, 0)), pairs, parameters=parameters)
    return job_of(document, info, line=line, model="critters", fingerprint=BUNDLE.fingerprint)


class Poison:
    """Ends the process that reads it, as the system does where memory is full."""

    def __reduce__(self) -> tuple[Any, ...]:
        return signal.raise_signal, (int(signal.SIGKILL),)


@pytest.fixture(scope="module")
def expected() -> dict[int, bytes]:
    """The picture of each line, made one after the other in this process."""
    maker = Maker(ENGINE, DEVICE)
    outcomes = [maker.made(job(line)) for line in range(1, EDITS + 1)]
    return {one.job.line: one.picture for one in outcomes if isinstance(one, Made)}


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one with two workers, which loses patience with a job after two."""
    environment = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with dask_cluster(tmp_path_factory.mktemp("cluster"), 2, environment) as running:
        yield running.address


@pytest.fixture
def workers(kind: str, request: pytest.FixtureRequest) -> Iterator[Workers]:
    if kind == "local":
        workers: Workers = LocalWorkers([(), ()], ENGINE, DEVICE)
    else:
        workers = there = Cluster(request.getfixturevalue("scheduler"), ENGINE, DEVICE)
        there.wait_for(2)
    with closing(workers):
        yield workers


def pid_of(made: Made) -> int:
    return int(made.worker.rpartition(":")[2])


def pictures(folder: Path) -> dict[int, bytes]:
    """By line, of an index where no line has two."""
    found = [line for line in lines(folder) if "files" in line]
    assert len({line["line"] for line in found}) == len(found)
    return {line["line"]: (folder / line["files"][0]).read_bytes() for line in found}


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_is_killed_costs_nothing(
    tmp_path: Path, workers: Workers, expected: dict[int, bytes]
) -> None:
    makers: list[int] = []

    def report(outcome: object) -> None:
        assert isinstance(outcome, Made), outcome
        makers.append(pid_of(outcome))
        if len(makers) == 3:
            os.kill(makers[-1], signal.SIGKILL)  # the next job is in its hand

    with closing(Results(tmp_path)) as results:
        run((job(line) for line in range(1, EDITS + 1)), workers, results, Tally(), report)
    assert len(makers) == EDITS and makers[2] not in makers[4:] and len(set(makers)) > 1
    assert pictures(tmp_path) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_kills_its_workers_fails_and_the_others_do_not(
    tmp_path: Path, workers: Workers, expected: dict[int, bytes]
) -> None:
    jobs = [job(1), replace(job(2), id=Poison()), job(3), replace(job(4), fingerprint="other")]  # type: ignore[arg-type]
    tally = Tally()
    with closing(Results(tmp_path)) as results:
        for one in jobs:
            workers.submit(one)
        outcomes = {outcome.job.line: outcome for outcome in (workers.finished() for _ in jobs)}
        for outcome in outcomes.values():
            if isinstance(outcome, Made):
                results.add(outcome)
    assert tally.failed == 0
    reasons = {line: one.reason for line, one in outcomes.items() if isinstance(one, Failed)}
    assert set(reasons) == {2, 4}
    assert "worker" in reasons[2] and "is another one than where the batch" in reasons[4]
    assert pictures(tmp_path) == {line: expected[line] for line in (1, 3)}


def test_workers_that_are_closed_end_at_once_and_leave_nobody(tmp_path: Path) -> None:
    workers = LocalWorkers([(), ()], ENGINE, DEVICE)
    for line in (1, 2, 3):
        workers.submit(job(line, steps=100_000))
    wait_until(lambda: len(workers.pids) == 2, "both processes")
    pids = workers.pids
    workers.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@with_cluster
def test_no_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.3)
    with pytest.raises(EngineError, match=r"no scheduler answers at 127\.0\.0\.1:9"):
        Cluster("127.0.0.1:9", ENGINE, DEVICE)


def test_each_worker_keeps_to_its_cores() -> None:
    cores = sorted(os.sched_getaffinity(0))
    workers = LocalWorkers([cores[:1]], ENGINE, DEVICE)
    with closing(workers):
        workers.submit(job(1, steps=1))
        workers.finished()
        assert os.sched_getaffinity(workers.pids[0]) == {cores[0]}
