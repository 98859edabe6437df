"""A snapshot, taken while a run goes on in another thread, is of one moment."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from tests.edit.sessions import PARAMS, make
from tui_draggan.edit.document import State
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import SpotEngine
from tui_draggan.testing.waiting import LIMIT, wait_until


def test_every_snapshot_is_of_one_moment() -> None:
    """A person's thread and a worker change all there is while snapshots are taken."""
    session = make(SpotEngine(), PARAMS.with_values(steps=25))
    ended = threading.Event()
    problems: list[BaseException] = []

    def guarded(loop: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                while not ended.is_set():
                    loop()
            except BaseException as error:
                problems.append(error)

        return run

    def work() -> None:
        if session.wait_for_work(0.01):
            session.work()

    random = np.random.default_rng(3)

    def edit() -> None:
        x, y, choice = (int(value) for value in random.integers(0, 64, 3))
        pairs, frames = session.document.pairs, session.frames
        with suppress(UsageError):  # what is gone, or not allowed while it runs
            match choice % 16:
                case 0 | 1:
                    session.add_pair((x, y), (y, x))
                case 2 if pairs:
                    session.delete_pair(pairs[0].id)
                case 3 if pairs:
                    session.move_target(pairs[0].id, (x, y))
                case 4 if pairs:
                    session.move_handle(pairs[0].id, (x, y))
                case 5:
                    session.open_seed(x)
                case 6:
                    values = session.document.parameters.with_values(r1=1 + x % 5)
                    session.set_parameters(values)
                case 7:
                    session.undo()
                case 8:
                    session.redo()
                case 9 if frames:
                    session.goto(x % len(frames))
                case 10:
                    session.pause()
                case 11:
                    session.stop()
                case _:
                    session.start()
        time.sleep(0.001)  # some steps until the next

    threads = [threading.Thread(target=guarded(loop)) for loop in (work, edit)]
    for thread in threads:
        thread.start()
    states: Counter[State] = Counter()

    def enough() -> bool:
        for _ in range(100):
            snapshot = session.snapshot()
            states[snapshot.status.state] += 1
            check_one_moment(snapshot)
            time.sleep(0)
        return bool(problems) or (sum(states.values()) >= 3000 and set(states) == set(State))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        wait_until(enough, lambda: f"all states; seen were {states}")
    finally:
        sys.setswitchinterval(interval)
        ended.set()
        for thread in threads:
            thread.join(LIMIT)
    assert not problems, problems


def check_one_moment(snapshot: Snapshot) -> None:
    """What holds between the parts of every snapshot."""
    document, status, frames = snapshot.document, snapshot.status, snapshot.frames
    assert [frame.iteration for frame in frames] == list(range(len(frames)))
    assert bool(document.pairs) == (status.state is not State.EMPTY)
    assert (status.outcome is not None) == (status.state is State.DONE)
    if snapshot.shown is not None:
        frame = frames[snapshot.shown]
        assert frame is snapshot.frame and frame.ws is document.latent.ws
    if status.state in (State.RUNNING, State.PAUSED) and frames:
        assert snapshot.shown == len(frames) - 1, "a run is at its newest step"
        assert status.iteration == frames[-1].iteration
        assert snapshot.picture is frames[-1].image
    assert len({pair.id for pair in document.pairs}) == len(document.pairs)
