"""Edits a second of `tui-draggan batch` with 1 and 2 workers, here and on a Dask cluster; what a
job weighs, and what it costs scheduler and command.

    python -m benchmarks.batch [--edits 12] [--turns 3] [--jobs 500]

Workers are warm: each has made an edit before the clock starts. The numbers of workers take turns,
so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from tui_draggan import paths
from tui_draggan.batch import cluster as cluster_module
from tui_draggan.batch.cluster import Cluster
from tui_draggan.batch.job import Job, Made, job_of
from tui_draggan.batch.local import LocalWorkers
from tui_draggan.batch.results import Results
from tui_draggan.batch.running import Tally, run
from tui_draggan.batch.workers import Workers
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.points import Pair
from tui_draggan.engines import cpu
from tui_draggan.testing.cluster import Scheduler, dask_cluster

BUNDLE = ModelBundle.open(paths.bundled_models() / "critters")
ENGINE, DEVICE = "ort", "cpu"
STEPS = 20
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=12, help="of each measurement")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=500, help="to weigh the scheduler with")
    options = parser.parse_args()
    print(cpu.in_words())
    print(f"edits of {STEPS} steps on {BUNDLE.info.name}, {BUNDLE.info.size} px, {ENGINE}\n")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ways: dict[str, Callable[[], Workers]] = {}
        for count in (1, 2):
            place = Path(folder) / f"{count}"
            place.mkdir()
            scheduler = stack.enter_context(dask_cluster(place, count))
            ways[f"here, {count}"] = partial(LocalWorkers, cpu.shares(count), ENGINE, DEVICE)
            ways[f"Dask, {count}"] = partial(cluster, scheduler, count)
        weigh(scheduler, options.jobs, Path(folder))
        rates = measured(ways, options.edits, options.turns, Path(folder))
    slowest = rates["here, 1"]
    print("| workers | edits a second | of one here |\n| --- | --- | --- |")
    for name, rate in rates.items():
        print(f"| {name} | {rate:.2f} | {rate / slowest:.2f} |")


def cluster(scheduler: Scheduler, workers: int) -> Cluster:
    there = Cluster(scheduler.address, ENGINE, DEVICE)
    there.wait_for(workers)
    return there


def job(seed: int, steps: int) -> Job:
    """A drag that does not arrive."""
    info = BUNDLE.info
    nothing = np.zeros((info.num_ws, info.w_dim), np.float32)
    parameters = replace(model_params(info), steps=steps)
    pairs = (Pair(1, (60, 40), (20, 110)),)
    document = Document(Latent(nothing, Seed(seed, 0.7, 0)), pairs, parameters=parameters)
    return job_of(document, info, line=seed, model=BUNDLE.info.name, fingerprint=BUNDLE.fingerprint)


@contextmanager
def warm(opened: Callable[[], Workers]) -> Iterator[Workers]:
    """Workers that have opened the model."""
    with closing(opened()) as workers:
        first = [job(10**6 + number, 1) for number in range(6)]
        for one in first:
            workers.submit(one)
        for _ in first:
            workers.finished()
        yield workers


def seconds_of(workers: Workers, jobs: list[Job], folder: Path) -> float:
    """Of making jobs and writing their results."""
    made: list[object] = []
    with closing(Results(folder)) as results:
        began = time.perf_counter()
        run(jobs, workers, results, Tally(), made.append)
        took = time.perf_counter() - began
    assert all(isinstance(one, Made) for one in made), made
    return took


def measured(
    ways: dict[str, Callable[[], Workers]], edits: int, turns: int, folder: Path
) -> dict[str, float]:
    """Edits a second, the median of the turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns):
        for name, opened in ways.items():
            with warm(opened) as workers:
                jobs = [job(seed, STEPS) for seed in range(edits)]
                place = folder / f"{turn}-{name.replace(', ', '-')}"
                times[name].append(seconds_of(workers, jobs, place))
    return {name: edits / statistics.median(took) for name, took in times.items()}


def weigh(scheduler: Scheduler, jobs: int, folder: Path) -> None:
    """Bytes of a job and of its result; processor time of scheduler and command for each, by
    workers that answer at once with a result that is there."""
    with warm(partial(cluster, scheduler, 2)) as workers:
        workers.submit(job(0, STEPS))
        result = workers.finished()
    assert isinstance(result, Made)
    there, back = len(pickle.dumps(result.job)), len(pickle.dumps(result))
    print(f"a job: {there / 1000:.1f} kB there, {back / 1000:.1f} kB back")
    pids = scheduler.pid, os.getpid()
    with closing(cluster(scheduler, 2)) as many, patch.object(cluster_module, "made", at_once):
        took = seconds_of(many, [job(seed, 1) for seed in range(20)], folder / "first")
        before = [processor_seconds(pid) for pid in pids]
        took = seconds_of(many, [job(seed, 1) for seed in range(jobs)], folder / "weighed")
        theirs, ours = (
            (processor_seconds(pid) - start) / jobs * 1000
            for pid, start in zip(pids, before, strict=True)
        )
    print(
        f"processor time for each: scheduler {theirs:.1f} ms, command {ours:.1f} ms "
        f"({jobs / took:.0f} jobs a second)\n"
    )


def at_once(job: bytes, *_: str) -> Made:
    """In place of a worker's `made`: as much as of a real one."""
    one: Job = pickle.loads(job)
    text = "x" * 10_000
    return Made(one, {"outcome": "step limit"}, os.urandom(22_000), text, text, "nobody:0")


def processor_seconds(pid: int) -> float:
    """User and system time of a process (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
