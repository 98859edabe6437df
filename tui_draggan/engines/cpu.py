"""What the CPU is: its name, its cores, what it can do."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def physical_cores() -> int:
    """Cores this process may use. Hyper-threads would only fight over the vector units."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if allowed is None:
        return os.cpu_count() or 1
    cores = set()
    for cpu in allowed:
        try:
            siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
            cores.add(siblings.read_text().strip())
        except OSError:
            cores.add(str(cpu))
    return max(1, len(cores))


def name() -> str:
    """As the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def in_words() -> str:
    """Its name and the number of its cores."""
    cores = physical_cores()
    return f"{name()}, {cores} core{'s' * (cores > 1)}"


def has_bfloat16() -> bool:
    """Whether it multiplies bfloat16 (AVX-512 BF16, AMX or Arm's)."""
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return False
    return not words.isdisjoint({"avx512_bf16", "amx_bf16", "bf16"})
