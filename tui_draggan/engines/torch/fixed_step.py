"""Steps on memory that stays where it is: what CUDA's graphs need.

A step launches a thousand small kernels; the host cannot launch them as fast as the device runs
them. Captured once as a graph, they are launched together. A graph reads and writes the same
addresses at each replay, so what a step takes is copied to them first, and what it gives from
them; both through pinned memory, and the host waits once, at the end.

Graphs of one engine share one pool of memory: one runs at a time, and what it gives is on the host
before the next one runs, so that none needs what another has left there.

Tests run all of this on the CPU, with a stand-in for `torch.cuda` that records operators. What
they cannot show: that CUDA captures these kernels, pinned memory, the order of streams.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from tui_draggan.engines.runtime import first_line
from tui_draggan.engines.torch.step import Arrays, Step, Values

STEADY = frozenset({"disc", "window", "outside_weight", "outside_reference"})
"""Arrays that are replaced where they change, never written to."""
WARM_UPS = 3
"""Runs before a capture, in which torch makes its choices and takes its memory."""

log = logging.getLogger(__name__)


class FixedStep:
    """`step` for arrays of the same shapes, on one device."""

    def __init__(
        self,
        step: Step,
        arrays: Arrays,
        device: torch.device,
        cuda: Any,
        beside: FixedStep | None = None,
    ) -> None:
        """cuda: `torch.cuda`, or what captures and replays as it does; None: nothing is captured.
        beside: one whose pool of memory this one shares."""
        self._step = step
        self._cuda = cuda
        self._pinned = device.type == "cuda"
        self._staged = {name: self._host_like(torch.from_numpy(a)) for name, a in arrays.items()}
        self._inputs = {
            name: torch.empty_like(staged, device=device) for name, staged in self._staged.items()
        }
        self._taken: dict[str, NDArray[Any]] = {}
        self._take(arrays)
        self._graph = None if cuda is None else self._captured(beside)
        if self._graph is None:
            self._outputs = step(Values(**self._inputs))
        self._results = [self._host_like(output) for output in self._outputs]

    def __call__(self, arrays: Arrays) -> tuple[NDArray[Any], ...]:
        self._take(arrays)
        if self._graph is None:
            self._outputs = self._step(Values(**self._inputs))
        else:
            self._graph.replay()
        for result, output in zip(self._results, self._outputs, strict=True):
            result.copy_(output, non_blocking=self._cuda is not None)
        if self._cuda is not None:
            self._cuda.current_stream().synchronize()
        return tuple(result.numpy().copy() for result in self._results)

    def _host_like(self, tensor: Tensor) -> Tensor:
        return torch.empty_like(tensor, device="cpu", pin_memory=self._pinned)

    def _take(self, arrays: Arrays) -> None:
        """Copies what may have changed."""
        for name, array in arrays.items():
            if name in STEADY and array is self._taken.get(name):
                continue
            self._taken[name] = array
            self._staged[name].copy_(torch.from_numpy(array))
            self._inputs[name].copy_(self._staged[name], non_blocking=self._cuda is not None)

    def _captured(self, beside: FixedStep | None) -> Any:
        """The graph, its outputs in place; None where it cannot be had, which costs speed only."""
        cuda, values = self._cuda, Values(**self._inputs)
        graph = cuda.CUDAGraph()
        stream, aside = cuda.current_stream(), cuda.Stream()
        aside.wait_stream(stream)
        with cuda.stream(aside):
            for _ in range(WARM_UPS):
                self._step(values)
        stream.wait_stream(aside)
        shared = None if beside is None or beside._graph is None else beside._graph.pool()
        try:
            # Other threads of a program that uses this package may use the GPU meanwhile.
            with cuda.graph(graph, pool=shared, capture_error_mode="thread_local"):
                self._outputs = self._step(values)
        except RuntimeError as error:
            cuda.set_stream(stream)  # torch may have stayed on that of the capture
            if isinstance(error, cuda.OutOfMemoryError):
                raise
            cuda.synchronize()
            log.warning("CUDA graph not captured, steps are slower: %s", first_line(error))
            return None
        return graph
