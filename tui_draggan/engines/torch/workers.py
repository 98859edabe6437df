"""Threads that share rows of work, and the memory they work in.

torch's own threads divide every operator among them and wait for each other at its end. Where
another program takes one of the cores, as the editor does, each of these waits lasts as long as
the system lets the other run, and a step has a thousand operators. So here each operator stays in
its thread, the threads take pieces small enough for their caches, through several operators, and
whoever has time takes the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from tui_draggan.engines.torch.regions import CHUNK, Arena

PIECE = 1 << 18
"""Elements of a piece of work: a megabyte, what a core's own cache holds."""


class Workers:
    """The caller's thread and one more for each other core; and arenas on one device."""

    def __init__(
        self, device: torch.device, dtype: torch.dtype, cores: int, by_tiles: bool
    ) -> None:
        """cores: 1 where work is not to be divided. by_tiles: convolutions are matrix products
        over tiles, divided among these threads, as is fastest on CPUs in float32; elsewhere
        torch's own are faster."""
        self.device = device
        self.dtype = dtype
        self.by_tiles = by_tiles
        self.work = self.arena()
        """Memory for what a layer forgets at its end."""
        self.shared = self.arena()
        """Memory for what an operation in several parts forgets at its end."""
        self._cores = cores
        self._pool = ThreadPoolExecutor(cores - 1) if cores > 1 else None
        self._own = threading.local()

    def arena(self, chunk: int = CHUNK) -> Arena:
        return Arena(self.device, self.dtype, chunk)

    def scratch(self) -> Arena:
        """The calling thread's own, empty."""
        if not hasattr(self._own, "scratch"):
            self._own.scratch = self.arena()
        arena: Arena = self._own.scratch
        arena.clear()
        return arena

    def divide(self, rows: int, elements: int, work: Callable[[int, int], None]) -> None:
        """work(first, end) for all rows, of so many elements each, in pieces."""
        height = max(PIECE // elements, 1)
        if self._pool is None or height >= rows:
            work(0, rows)
            return
        pieces = iter([(first, min(first + height, rows)) for first in range(0, rows, height)])

        def take() -> None:
            with torch.no_grad():
                for first, end in pieces:  # one iterator for all: each piece is taken once
                    work(first, end)

        helpers = [self._pool.submit(take) for _ in range(self._cores - 1)]
        take()
        for helper in helpers:
            if not helper.cancel():  # one that has not begun finds nothing left to do
                helper.result()

    def total(self, rows: int, elements: int, work: Callable[[int, int], Tensor]) -> Tensor:
        """The sum of what work(first, end) gives for the pieces, always in the same order."""
        parts: dict[int, Tensor] = {}

        def keep(first: int, end: int) -> None:
            parts[first] = work(first, end)

        self.divide(rows, elements, keep)
        pieces = [parts[first] for first in sorted(parts)]
        return torch.stack(pieces).sum(0) if len(pieces) > 1 else pieces[0]
