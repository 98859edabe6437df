"""Which engine runs a bundle. There is one so far; callers need not know which."""

from __future__ import annotations

from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.ort_training import OrtTrainingEngine


def open_engine(bundle: ModelBundle, device: str = "auto") -> OrtTrainingEngine:
    """device: `auto`, `cpu` or `cuda`. Raises EngineError where it cannot be had."""
    return OrtTrainingEngine(bundle, device)
