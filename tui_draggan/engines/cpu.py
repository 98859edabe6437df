"""What the CPU is: its name, its cores, what it can do."""

from __future__ import annotations

import itertools
import os
import platform
from pathlib import Path


def physical_cores() -> int:
    """Cores this process may use. Hyper-threads would only fight over the vector units."""
    return len(_cores()) or os.cpu_count() or 1


def shares(count: int) -> list[tuple[int, ...]]:
    """The CPUs this process may use, divided among so many processes by cores: the numbers for
    each, for `os.sched_setaffinity`; nothing for all of them where there is one process, or the
    system cannot say."""
    cores = _cores()
    if count == 1 or not cores:
        return [()] * count
    if count >= len(cores):
        return [cores[number % len(cores)] for number in range(count)]
    ends = [number * len(cores) // count for number in range(count + 1)]
    return [sum(cores[a:b], ()) for a, b in itertools.pairwise(ends)]


def _cores() -> list[tuple[int, ...]]:
    """The CPUs this process may use, those of one core together; nothing where the system does not
    say."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    cores: dict[str, list[int]] = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        try:
            siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
            core = siblings.read_text().strip()
        except OSError:
            core = str(cpu)
        cores.setdefault(core, []).append(cpu)
    return [tuple(cpus) for cpus in cores.values()]


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
