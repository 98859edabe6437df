"""Jobs and what becomes of them, without an engine."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from tui_draggan.batch.job import Failed, Job, Made, Outcome, job_of
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.points import Pair
from tui_draggan.testing.spot_engine import INFO, SpotEngine

DOCUMENT = Document(
    Latent(SpotEngine().map(SpotEngine().w_avg)[None].repeat(INFO.num_ws, axis=0), Seed(3)),
    (Pair(1, (10, 10), (20, 20)),),
)


def job(line: int = 1, seed: int = 3, **more: Any) -> Job:
    latent = replace(DOCUMENT.latent, origin=Seed(seed))
    document = replace(DOCUMENT, latent=latent)
    known = {"line": line, "model": "spot", "fingerprint": "ab" * 32}
    return job_of(document, INFO, **{**known, **more})


def made(one: Job, outcome: str = "reached") -> Made:
    size = 100 + one.line
    return Made(one, {"outcome": outcome}, bytes(size), "{}\n", "{}\n", "here:1")


class FakeWorkers:
    """Makes everything at once; what is handed out is remembered."""

    def __init__(self, room: int = 3, failing: tuple[int, ...] = ()) -> None:
        self.room, self._failing = room, failing
        self.handed_out: list[int] = []
        self.most = 0
        self._waiting: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        self.handed_out.append(job.line)
        self._waiting.append(job)
        self.most = max(self.most, len(self._waiting))

    def finished(self) -> Outcome:
        one = self._waiting.pop()  # not in order
        return Failed(one, "poisoned") if one.line in self._failing else made(one)

    def close(self) -> None:
        pass
