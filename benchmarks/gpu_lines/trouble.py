"""A card whose memory is full, and one that is gone: one line each, and the edit is kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

import numpy as np
import torch

from benchmarks.gpu_lines.setting import Setting, Told
from tests.engines.recorded_cuda import RecordedCuda
from tui_draggan.api import Model
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.document import State
from tui_draggan.edit.session import Session
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.runtime import cuda_number
from tui_draggan.engines.torch.engine import TorchEngine

STEPS = 3
ROOM = 32 << 20
"""Bytes that a process may have when memory is to be full: less than it holds already."""


def out_of_memory(setting: Setting) -> Told:
    """No more memory in the middle of an edit: the step says so, and goes on when there is some."""
    full = torch.OutOfMemoryError("CUDA out of memory")
    stand_in = None if setting.on_gpu else RecordedCuda(always=False)
    bundle = setting.model(setting.sizes[-1])
    session = _session(bundle, setting.engine(bundle, cuda=stand_in))
    _run(session)
    number = cuda_number(setting.device)
    if stand_in is None:
        total = torch.cuda.get_device_properties(setting.device).total_memory
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(ROOM / total, number)
    else:
        stand_in.fail(full, full)
    told = _failing(session, "memory is full", lambda: _new_points(session))
    if stand_in is None:
        torch.cuda.set_per_process_memory_fraction(1.0, number)
    if not told.passed:
        return told
    _run(session)
    if session.status.state is State.DONE and session.status.iteration < STEPS:
        return Told(f"with memory again: {session.status.message}", passed=False)
    return replace(told, words=f"{told.words}; with memory again, it goes on")


def card_is_gone(setting: Setting) -> Told:
    """An error after which nothing on the card works in this process, as when it falls off the
    bus."""
    stand_in = None if setting.on_gpu else RecordedCuda()
    bundle = setting.model(setting.sizes[0])
    session = _session(bundle, setting.engine(bundle, cuda=stand_in))
    _run(session)

    def lose() -> None:
        if stand_in is not None:
            stand_in.lose("CUDA error: device-side assert triggered")
            return
        numbers = torch.zeros(1, device=setting.device)
        beyond = torch.tensor([1 << 20], device=setting.device)
        with suppress(RuntimeError):
            numbers[beyond].cpu()

    told = _failing(session, "the GPU failed", lose)
    if not told.passed:
        return told
    elsewhere = Session(open_engine(bundle, "cpu", "ort"), session.document)
    _run(elsewhere)
    if elsewhere.status.iteration < STEPS:
        return Told(f"resumed on the CPU: {elsewhere.status.message}", passed=False)
    return replace(told, words=f"{told.words}; the edit goes on on the CPU")


def _session(bundle: ModelBundle, engine: TorchEngine) -> Session:
    model = Model(bundle, lambda: engine)
    session = model.session(seed=0)
    size = model.info.size.shorter
    session.add_pair((size // 3, size // 2), (size // 2, size // 3))
    return session


def _run(session: Session) -> None:
    """Some steps."""
    with closing(session.run(STEPS)) as frames:
        for _ in frames:
            pass


def _new_points(session: Session) -> None:
    """So many that a step needs memory of its own."""
    size = session.info.size.shorter
    for x in np.linspace(0, size - 1, 200).astype(int):
        session.add_pair((int(x), 0), (int(x), size - 1))


def _failing(session: Session, expected: str, cause: Callable[[], None]) -> Told:
    """What a run says that fails by `cause`; its edit must be as it was."""
    cause()
    before = session.document
    try:
        _run(session)
        message = session.status.message
    except Exception as error:  # any is a finding
        message = f"{type(error).__name__}: {error}"
    after = session.document
    if expected not in message or "\n" in message:
        return Told(f"expected {expected!r}, got: {message!r}", passed=False)
    kept = len(before.pairs) == len(after.pairs) and np.isfinite(after.latent.ws).all()
    return Told(f"«{message}»; edit {'kept' if kept else 'lost'}", bool(kept))
