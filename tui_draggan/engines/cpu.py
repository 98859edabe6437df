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
    told = platform.processor() or platform.machine()
    return next((value for key, value in _facts() if key == "model name"), told)


def features() -> str:
    """What the system says it can do, in one line; empty where it says nothing."""
    names = "flags", "Features"  # x86, Arm
    return next((value for key, value in _facts() if key in names), "")


def computer() -> str:
    """What tells this computer from others with the same home folder."""
    try:
        number = Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    except OSError:
        number = ""
    return f"{number} {platform.node()}"


def in_words() -> str:
    """Its name and the number of its cores."""
    cores = physical_cores()
    return f"{name()}, {cores} core{'s' * (cores > 1)}"


def has_bfloat16() -> bool:
    """Whether it multiplies bfloat16 (AVX-512 BF16, AMX or Arm's)."""
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(features().split())


def _facts() -> list[tuple[str, str]]:
    """What Linux tells of each CPU, key by key; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    facts = (line.partition(":") for line in lines)
    return [(key.strip(), value.strip()) for key, _, value in facts]
