"""Workers of a Dask cluster (`distributed`), on this machine or others.

The scheduler has only as many jobs as the workers need for a while, so its load does not depend on
how many there are. Jobs and results travel through it; workers need no folder in common with it,
only the model. A worker that is lost costs the job it had in hand, which the scheduler gives to
another; one that has killed `distributed.scheduler.allowed-failures` of them has failed.
"""

from __future__ import annotations

import ipaddress
import pickle
from typing import Any

from tui_draggan.batch.job import Failed, Job, Outcome
from tui_draggan.batch.maker import Maker
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.files import reason_of
from tui_draggan.wording import quoted

AHEAD = 2
"""Jobs that wait for each worker, beside the one it has in hand."""
LEAST = 8
"""Jobs that are handed out while nobody knows how many workers there will be."""
PATIENCE = 10.0
"""Seconds a scheduler gets to answer at first."""
GPU = "GPU"
"""Resource that a worker with a GPU declares one of: `dask worker … --resources GPU=1`."""


class Cluster:
    """`workers.Workers`, on the workers of a scheduler."""

    def __init__(self, address: str, engine: str, device: str) -> None:
        """Raises UsageError where distributed is not installed, EngineError where no scheduler
        answers."""
        try:
            from distributed import Client, as_completed
        except ModuleNotFoundError as error:
            raise UsageError(
                f"--scheduler needs {error.name}, which is not installed; "
                "pip install 'tui-draggan[cluster]'"
            ) from None
        self._engine, self._device = engine, device
        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False, name="batch")
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            raise EngineError(f"no scheduler answers at {address}: {reason}") from error
        self._finished = as_completed(loop=self._client.loop)
        self._jobs: dict[str, Job] = {}
        """Jobs that have been handed out, by their future's key."""

    @property
    def room(self) -> int:
        threads = sum(int(one["nthreads"]) for one in self._known_workers().values())
        return max(LEAST, (1 + AHEAD) * threads)

    def wait_for(self, workers: int) -> None:
        """Waits until there are so many."""
        self._client.wait_for_workers(workers)

    def submit(self, job: Job) -> None:
        future = self._client.submit(
            made,
            pickle.dumps(job, pickle.HIGHEST_PROTOCOL),  # the scheduler opens what is not bytes
            self._engine,
            self._device,
            key=f"tui-draggan-{job.key}",
            resources={GPU: 1} if self._device.startswith("cuda") else None,
            pure=False,
        )
        self._jobs[future.key] = job
        self._finished.add(future)

    def finished(self) -> Outcome:
        from distributed.scheduler import KilledWorker

        future = next(self._finished)
        job = self._jobs.pop(future.key)
        try:
            outcome: Outcome = future.result()
        except KilledWorker as error:
            return Failed(job, f"it has ended {error.allowed_failures + 1} workers")
        except Exception as error:
            if future.status in ("cancelled", "lost") or self._client.status != "running":
                raise EngineError("the scheduler is gone; run the same command again") from error
            return Failed(job, f"{type(error).__name__}: {error}")
        finally:
            future.release()
        return outcome

    def close(self) -> None:
        self._client.close(timeout=PATIENCE)

    def _known_workers(self) -> dict[str, Any]:
        """As the client was told last."""
        workers: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return workers


_makers: dict[tuple[str, str], Maker] = {}
"""Of a worker's process, by engine and device."""


def made(job: bytes, engine: str, device: str) -> Outcome:
    """What a worker runs. job: pickled."""
    maker = _makers.setdefault((engine, device), Maker(engine, device))
    return maker.made(pickle.loads(job))


def check_address(address: str, unencrypted: bool) -> None:
    """Raises UsageError for an address that reaches beyond this machine in plain text, unless that
    is meant: whoever can reach a scheduler runs programs on its workers."""
    protocol, _, place = address.rpartition("://")
    host, colon, port = place.rpartition(":")
    if protocol not in ("", "tcp", "tls") or not colon or not port.isdecimal() or not host:
        raise UsageError(f"--scheduler {quoted(address)}: expected HOST:PORT or tls://HOST:PORT")
    if protocol == "tls" or unencrypted or _is_here(host):
        return
    raise UsageError(
        f"{address} is neither on this machine nor encrypted, and whoever reaches a scheduler runs "
        "programs on its workers; use tls:// or an SSH tunnel, or add --unencrypted"
    )


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
