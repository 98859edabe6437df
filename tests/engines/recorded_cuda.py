"""A stand-in for `torch.cuda` on the CPU whose graphs are recorded operators.

As a CUDA graph, a recorded one runs the same operators on the same memory at each replay, knows
nothing of what Python did around them, and refuses operators that wait for a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

WAITING = ("aten::_local_scalar_dense", "aten::nonzero", "aten::equal")
"""Operators whose result the host has to wait for."""


class RecordedGraph(TorchDispatchMode):
    """Stands for `torch.cuda.CUDAGraph`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []
        self.replays = 0
        self.lost = ""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.name().partition(".")[0]
        if name in WAITING:
            raise RuntimeError(f"operation not permitted when stream is capturing: {name}")
        out = func(*args, **(kwargs or {}))
        if not name.startswith("profiler::"):
            self.calls.append((func, args, kwargs or {}, out))
        return out

    def pool(self) -> tuple[int, int]:
        return (0, id(self))

    def replay(self) -> None:
        if self.lost:
            raise RuntimeError(self.lost)
        self.replays += 1
        for func, args, kwargs, out in self.calls:
            for old, new in zip(_tensors(out), _tensors(func(*args, **kwargs)), strict=True):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class RecordedCuda:
    """What `fixed_step` uses of `torch.cuda`; `log` says what was asked for, in order."""

    def __init__(self, *failures: Exception, always: bool = True) -> None:
        """failures: raised at the end of captures, one after the other; `always`: the last of them
        at the end of every further one."""
        self.log: list[str] = []
        self.graphs: list[RecordedGraph] = []
        self.pools: list[Any] = []
        """What each capture was given as its memory."""
        self._failures = list(failures)
        self._always = always
        self._main = RecordedStream("main", self.log)
        self._current = self._main

    def fail(self, *failures: Exception) -> None:
        """The next captures do."""
        self._failures += failures

    def lose(self, message: str) -> None:
        """The card is gone: no graph runs any more, and says so."""
        for graph in self.graphs:
            graph.lost = message

    def CUDAGraph(self) -> RecordedGraph:  # noqa: N802 - torch's name
        self.graphs.append(RecordedGraph())
        return self.graphs[-1]

    def Stream(self) -> RecordedStream:  # noqa: N802 - torch's name
        return RecordedStream("aside", self.log)

    def current_stream(self) -> RecordedStream:
        return self._current

    def set_stream(self, stream: RecordedStream) -> None:
        self._current = stream

    @contextmanager
    def stream(self, stream: RecordedStream) -> Iterator[None]:
        self.log.append(f"on {stream.name}")
        yield
        self.log.append(f"off {stream.name}")

    @contextmanager
    def graph(
        self, graph: RecordedGraph, pool: Any = None, capture_error_mode: str = "global"
    ) -> Iterator[None]:
        """Where it fails, the stream of the capture stays the current one, as torch leaves it."""
        assert capture_error_mode == "thread_local"
        self.log.append("capture")
        self.pools.append(pool)
        self._current, before = RecordedStream("capture", self.log), self._current
        with graph:
            yield
        if self._failures:
            last = self._always and len(self._failures) == 1
            raise self._failures[0] if last else self._failures.pop(0)
        self._current = before

    def empty_cache(self) -> None:
        self.log.append("empty cache")

    def synchronize(self) -> None:
        self.log.append("wait for all")


class RecordedStream:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self._log = log

    def wait_stream(self, other: RecordedStream) -> None:
        self._log.append(f"{self.name} after {other.name}")

    def synchronize(self) -> None:
        self._log.append(f"wait for {self.name}")


def _tensors(out: Any) -> list[Tensor]:
    if isinstance(out, Tensor):
        return [out]
    return [tensor for part in out for tensor in _tensors(part)] if out else []
