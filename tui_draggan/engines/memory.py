"""Memory that ONNX Runtime and the C library hold on to, and how to have them hold less.

By itself every session has an arena of its own, made of pieces that cannot be joined. Here one
arena serves all: the maps of a step and those of a picture lie in the same memory, one after the
other. Its first piece is reserved large enough for both; only what is used of it takes memory.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from functools import cache
from types import ModuleType
from typing import Any

PIECE = 2**30
"""Bytes of address space that the arena takes at a time."""

_lock = threading.Lock()


def share(runtime: ModuleType, options: Any) -> None:
    """Has a session with these options take its memory from the shared arena."""
    with _lock:
        _register_arena(runtime)
    options.add_session_config_entry("session.use_env_allocators", "1")
    # The pattern makes one piece of all maps of a run, which fits no gap that others left.
    options.enable_mem_pattern = False
    # Reuse by plan keeps memory for a later map of that size, whatever else wants it meanwhile.
    options.enable_mem_reuse = False


@cache
def _register_arena(runtime: ModuleType) -> None:
    place = runtime.OrtMemoryInfo(
        "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    sizes = {"initial_chunk_size_bytes": PIECE, "max_power_of_two_extend_bytes": PIECE}
    runtime.create_and_register_allocator(place, runtime.OrtArenaCfg(sizes))


def trim_heap() -> None:
    """Gives back what was freed; opening a model leaves as much behind as its weights take."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
        if trim is not None:
            trim(0)
