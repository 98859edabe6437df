"""What makes the jobs of a batch: some workers, wherever they are."""

from __future__ import annotations

from typing import Protocol

from tui_draggan.batch.job import Job, Outcome


class Workers(Protocol):
    """For one thread."""

    @property
    def room(self) -> int:
        """How many jobs to hand out before waiting for one: some more than there are workers, so
        that none of them waits."""
        ...

    def submit(self, job: Job) -> None:
        """Hands out a job; returns at once."""
        ...

    def finished(self) -> Outcome:
        """Waits for one of those that were handed out, each of which comes once. Raises
        EngineError where nobody is left to make them."""
        ...

    def close(self) -> None:
        """Ends what is under way."""
        ...
