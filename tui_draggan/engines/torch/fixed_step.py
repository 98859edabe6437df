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
import re
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from tui_draggan.engines.runtime import first_line
from tui_draggan.engines.torch.step import Arrays, Step, Values

STEADY = frozenset({"disc", "window", "outside_weight", "outside_reference"})
"""Arrays that are replaced where they change, never written to."""
ALIGNMENT = 64
"""Numbers; a multiple of what any kernel reads at once."""
WARM_UPS = 3
"""Runs before a capture, in which torch makes its choices and takes its memory."""
FULL = re.compile(r"out of memory|_ALLOC_FAILED")
"""What torch, cuBLAS and cuDNN say where the GPU's memory is full; not all of it comes as an
OutOfMemoryError."""

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
        moving = {name: array for name, array in arrays.items() if name not in STEADY}
        self._moving = _SideBySide(moving, device, self._pinned)
        self._staged = {name: self._host_like(torch.from_numpy(arrays[name])) for name in STEADY}
        self._inputs = {
            name: torch.empty_like(staged, device=device) for name, staged in self._staged.items()
        }
        self._inputs |= self._moving.tensors
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
        self._moving.take(arrays, non_blocking=self._cuda is not None)
        for name, staged in self._staged.items():
            array = arrays[name]
            if array is self._taken.get(name):
                continue
            self._taken[name] = array
            staged.copy_(torch.from_numpy(array))
            self._inputs[name].copy_(staged, non_blocking=self._cuda is not None)

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
            if is_full(error):
                raise
            cuda.synchronize()
            log.warning("CUDA graph not captured, steps are slower: %s", first_line(error))
            return None
        return graph


def is_full(error: RuntimeError) -> bool:
    """Whether the GPU's memory is what was missing."""
    return isinstance(error, torch.OutOfMemoryError) or bool(FULL.search(str(error)))


class _SideBySide:
    """Small arrays in float32 that change with every step: one copy takes all of them to the
    device, where each copy costs a launch whatever its size."""

    def __init__(self, arrays: Arrays, device: torch.device, pinned: bool) -> None:
        parts: dict[str, slice] = {}
        total = 0
        for name, array in arrays.items():
            parts[name] = slice(total, total + array.size)
            total += -(-array.size // ALIGNMENT) * ALIGNMENT
        self._host = torch.zeros(total, pin_memory=pinned)
        self._device = torch.empty(total, device=device)
        numbers = self._host.numpy()
        self._places = {n: numbers[parts[n]].reshape(array.shape) for n, array in arrays.items()}
        self.tensors = {n: self._device[parts[n]].view(array.shape) for n, array in arrays.items()}
        """Those on the device, by name."""

    def take(self, arrays: Arrays, non_blocking: bool) -> None:
        for name, place in self._places.items():
            place[...] = arrays[name]
        self._device.copy_(self._host, non_blocking=non_blocking)
