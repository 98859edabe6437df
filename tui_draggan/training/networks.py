"""RUN/network.pt and RUN/snapshots/: a run's networks on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor, nn

from tui_draggan.checkpoints.generator_file import generator_in, read_values
from tui_draggan.errors import UsageError
from tui_draggan.files import replacing
from tui_draggan.run_folder import RunFolder
from tui_draggan.stylegan.network import Generator, mean_w
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.state import TrainingState

MAX_BLOCKS = 16
"""Blocks of a discriminator; 1024 px have nine."""


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """What network.pt holds: the averaged generator, names of its classes where they have names,
    and the discriminator where there was an adversarial stage."""

    generator: Generator
    classes: tuple[str, ...]
    discriminator: Discriminator | None


def read_networks(path: Path) -> TrainedNetworks:
    """Raises UsageError for what is no generator of ours, or does not fit."""
    values = read_values(path)
    generator, classes = generator_in(values, path)
    return TrainedNetworks(generator, classes, _discriminator_in(values, path))


def read_discriminator(path: Path) -> Discriminator | None:
    """The discriminator alone; None where the file has none. Raises UsageError."""
    return _discriminator_in(read_values(path), path)


def save_networks(state: TrainingState, config: TrainingConfig, path: Path) -> None:
    """Write the averaged generator, with its mean w, and the discriminator where it is trained."""
    state.g_ema.mapping.w_avg.copy_(mean_w(state.g_ema.mapping))
    values: dict[str, Any] = {
        "config": config.generator.to_dict(),
        "state": _on_cpu(state.g_ema),
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
            "state": _on_cpu(state.d),
        }
    _save(values, path)


def save_snapshot(state: TrainingState, config: TrainingConfig, folder: RunFolder) -> None:
    """Write a snapshot and the networks, then remove the oldest snapshots."""
    folder.snapshots.mkdir(exist_ok=True)
    _save(state.state_dict(), folder.snapshot(state.step))
    save_networks(state, config, folder.network)
    for old in folder.list_snapshots()[: -config.snapshots_kept]:
        old.unlink()


def load_newest(state: TrainingState, folder: RunFolder) -> Path | None:
    """Resume from the newest snapshot that can be read; None where a run has none.

    Raises UsageError where there are some and none fits.
    """
    snapshots = folder.list_snapshots()
    for path in reversed(snapshots):
        try:
            state.load_state_dict(read_values(path))
        except (UsageError, OSError, KeyError, ValueError, RuntimeError, TypeError):
            continue
        return path
    if snapshots:
        raise UsageError(
            f"no snapshot in {folder.snapshots} fits the networks that were asked for; "
            "give the options the run was started with, or another --out"
        )
    return None


def _discriminator_in(values: dict[str, Any], path: Path) -> Discriminator | None:
    kept = values.get("discriminator")
    if kept is None:
        return None
    with _fitting(path):
        config = kept["config"]
        if len(config["channels"]) > MAX_BLOCKS:
            raise ValueError(f"{len(config['channels'])} blocks; at most {MAX_BLOCKS}")
        # Without memory: what only the configuration claims is not made.
        with torch.device("meta"):
            discriminator = Discriminator(config["resolution"], config["channels"], config["c_dim"])
        state = {name: value.float() for name, value in kept["state"].items()}
        discriminator.load_state_dict(state, assign=True)
        return discriminator.eval()


@contextmanager
def _fitting(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"{path} holds a discriminator that does not fit ({reason})") from error


def _on_cpu(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.cpu().contiguous() for name, value in module.state_dict().items()}


def _save(value: Any, path: Path) -> None:
    """Raises OutputError."""
    with replacing(path) as unfinished, unfinished.open("wb") as stream:
        noting = _Noting(stream)
        try:
            torch.save(value, cast("IO[bytes]", noting))
        except RuntimeError:
            if noting.problem is not None:
                raise noting.problem from None
            raise


class _Noting:
    """A stream that remembers why it could not be written: torch says only that it could not."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.problem: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except OSError as error:
            self.problem = error
            raise

    def flush(self) -> None:
        self._stream.flush()
