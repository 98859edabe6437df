"""What can be evaluated: a bundle, weights of ours, or a training run, behind one protocol."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from tui_draggan import library
from tui_draggan.bundle import MANIFEST, BundleInfo, ModelBundle
from tui_draggan.engines import runtime
from tui_draggan.engines.graph_cache import open_graph
from tui_draggan.errors import UsageError
from tui_draggan.files import check_readable
from tui_draggan.paths import typed_path
from tui_draggan.run_folder import NETWORK, RunFolder
from tui_draggan.size import Size
from tui_draggan.stylegan.network import Generator
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.networks import read_discriminator, read_networks


class EvaluatedModel(Protocol):
    """A generator as evaluation needs it. Nothing is truncated (ψ 1)."""

    name: str
    size: Size
    z_dim: int
    c_dim: int
    classes: tuple[str, ...]
    """Names; empty where the file does not say them."""

    def w(self, z: Tensor, label: Tensor | None) -> Tensor:
        """z (N, z_dim), numbers of classes (N,) int64 or None → w (N, w_dim)."""
        ...

    def pictures(self, w: Tensor) -> Tensor:
        """w (N, w_dim) → pictures (N, 3, H, W) in [-1, 1], on white where they are transparent."""
        ...


def open_model(model: str, device: torch.device) -> EvaluatedModel:
    """A bundle's name or folder, a generator's .pt, or a run's folder.

    Raises BundleError, UsageError.
    """
    path = typed_path(model)
    run = RunFolder(path)
    with suppress(OSError):  # a model's name, or what opening the bundle will say
        if path.is_dir() and not (path / MANIFEST).exists() and run.network.exists():
            path = run.network
        if path.is_file():
            return TorchModel.read(path, device)
    if path.suffix in (".pt", ".pth"):
        check_readable(path, "a generator's weights (.pt)")
    return BundleModel(ModelBundle.open(library.find_model(model)), device)


class TorchModel:
    """Weights written by this program's trainers."""

    def __init__(
        self, name: str, generator: Generator, classes: tuple[str, ...], device: torch.device
    ) -> None:
        self._generator = generator.to(device).eval().requires_grad_(False)
        self._device = device
        config = generator.config
        self.name = name
        self.size, self.z_dim, self.c_dim = config.size, config.z_dim, config.c_dim
        self.classes = classes

    @classmethod
    def read(cls, path: Path, device: torch.device) -> TorchModel:
        """Raises UsageError."""
        networks = read_networks(path)
        return cls(str(path), networks.generator, networks.classes, device)

    def w(self, z: Tensor, label: Tensor | None) -> Tensor:
        with torch.no_grad():
            w: Tensor = self._generator.mapping(z.to(self._device), _one_hot(label, self.c_dim, z))
        return w

    def pictures(self, w: Tensor) -> Tensor:
        ws = w[:, None].expand(-1, self._generator.num_ws, -1)
        with torch.no_grad():
            image: Tensor = self._generator.synthesis(ws)
        return _on_white(image)


class BundleModel:
    """A bundle's ONNX graphs, one picture at a time."""

    def __init__(self, bundle: ModelBundle, device: torch.device) -> None:
        info: BundleInfo = bundle.info
        self._device = device
        self._num_ws = info.num_ws
        self._mapping = open_graph(bundle, "mapping.onnx", "cpu")
        self._synthesis = open_graph(bundle, "synthesis.onnx", "cpu")
        self.name = info.name
        self.size, self.z_dim, self.c_dim = info.size, info.z_dim, info.c_dim
        self.classes = info.classes

    def w(self, z: Tensor, label: Tensor | None) -> Tensor:
        one_hot = _one_hot(label, self.c_dim, z)
        rows = []
        with runtime.failing_as("mapping"):
            for i in range(len(z)):
                feeds: dict[str, Any] = {"z": z[i : i + 1].cpu().numpy()}
                if one_hot is not None:
                    feeds["label"] = one_hot[i : i + 1].cpu().numpy()
                rows.append(self._mapping.run(["w"], feeds)[0])
        return torch.from_numpy(np.concatenate(rows)).to(self._device)

    def pictures(self, w: Tensor) -> Tensor:
        ws = w[:, None].expand(-1, self._num_ws, -1).cpu().numpy()
        with runtime.failing_as("synthesis"):
            made = [self._synthesis.run(["image"], {"ws": ws[i : i + 1]})[0] for i in range(len(w))]
        return _on_white(torch.from_numpy(np.concatenate(made))).to(self._device)


@dataclass(frozen=True)
class FeatureDiscriminator:
    """A discriminator whose features are compared, and the file it is from."""

    name: str
    network: Discriminator

    @property
    def resolution(self) -> int:
        return self.network.resolution

    def features(self, image: Tensor) -> Tensor:
        """Pictures (N, 3, H, H) in [-1, 1] → (N, D)."""
        with torch.no_grad():
            return self.network.features(image)


def open_discriminator(
    features: Path | None, model: str, device: torch.device
) -> FeatureDiscriminator | None:
    """The discriminator in --features, else the one that the model's run has trained, if any.

    Raises UsageError where --features names a file without one.
    """
    path = features or typed_path(model)
    if os.path.isdir(path):  # noqa: PTH112 - no error for what may not be looked at
        path = RunFolder(path).network
    if features is not None:
        check_readable(path, f"a run's {NETWORK}")
    elif not os.path.isfile(path):  # noqa: PTH113
        return None
    if features is None and path.suffix not in (".pt", ".pth"):
        return None
    network = read_discriminator(path)
    if network is None:
        if features is not None:
            raise UsageError(
                f"--features {features} holds no discriminator; a run's {NETWORK} does"
            )
        return None
    return FeatureDiscriminator(str(path), network.to(device).requires_grad_(False))


def _on_white(image: Tensor) -> Tensor:
    """Pictures (N, 3 or 4, H, W) → (N, 3, H, W) in [-1, 1], as a folder's are read."""
    image = image.clamp(-1.0, 1.0)
    opacity = (image[:, 3:] + 1) / 2
    return image if image.shape[1] == 3 else image[:, :3] * opacity + (1 - opacity)


def _one_hot(label: Tensor | None, c_dim: int, like: Tensor) -> Tensor | None:
    if not c_dim:
        return None
    assert label is not None
    return torch.nn.functional.one_hot(label, c_dim).to(like)
