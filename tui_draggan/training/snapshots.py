"""What a run keeps on disk of its networks.

RUN/snapshots/00001250.pt  everything, to go on from; named by step, the newest few are kept
RUN/network.pt             the averaged generator, to export, and its discriminator
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch

from tui_draggan.errors import UsageError
from tui_draggan.files import replacing
from tui_draggan.stylegan.network import mean_w
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.state import TrainingState

NETWORK = "network.pt"
SNAPSHOTS = "snapshots"


def save_snapshot(state: TrainingState, config: TrainingConfig, folder: Path) -> None:
    """Write a snapshot and the network, then remove the oldest snapshots."""
    kept = folder / SNAPSHOTS
    kept.mkdir(exist_ok=True)
    _save(state.state_dict(), kept / f"{state.step:08d}.pt")
    _save(network(state, config), folder / NETWORK)
    for old in snapshots(folder)[: -config.snapshots_kept]:
        old.unlink()


def snapshots(folder: Path) -> list[Path]:
    """Of a run, the newest last."""
    return sorted(p for p in (folder / SNAPSHOTS).glob("*.pt") if re.fullmatch(r"\d+", p.stem))


def load_newest(state: TrainingState, folder: Path) -> Path | None:
    """Go on from the newest snapshot that can be read; None where a run has none.

    Raises UsageError where there are some and none fits.
    """
    found = snapshots(folder)
    for path in reversed(found):
        try:
            state.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, EOFError, KeyError, ValueError, RuntimeError, pickle.UnpicklingError):
            continue
        return path
    if found:
        raise UsageError(
            f"no snapshot in {folder / SNAPSHOTS} fits the networks that were asked for; "
            "give the options the run was begun with, or another --out"
        )
    return None


def network(state: TrainingState, config: TrainingConfig) -> dict[str, Any]:
    """The averaged generator with its mean w, and the discriminator where it was trained."""
    state.g_ema.mapping.w_avg.copy_(mean_w(state.g_ema.mapping))
    values = {
        "config": config.generator.to_dict(),
        "state": _on_processor(state.g_ema),
        "kimg": state.step * config.batch / 1000,
        "classes": list(config.classes),
    }
    if state.step > config.paired_steps:
        values["discriminator"] = {
            "config": {
                "resolution": config.resolution,
                "channels": list(config.discriminator_channels),
                "c_dim": config.generator.c_dim,
            },
            "state": _on_processor(state.d),
        }
    return values


def _on_processor(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.cpu().contiguous() for name, value in module.state_dict().items()}


def _save(value: Any, path: Path) -> None:
    with replacing(path) as unfinished:
        torch.save(value, unfinished)
