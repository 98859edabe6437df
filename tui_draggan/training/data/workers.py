"""Processes that read or draw pictures for the one that trains."""

from __future__ import annotations

import signal

import torch


def quiet_worker(_: int) -> None:
    """Takes one core, and leaves signals to the process that reads from it."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
