"""Networks of features in the loss of an inversion, beside the same in torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.choose import open_engine
from tui_draggan.errors import UsageError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.export.families import folded
from tui_draggan.export.feature_network import WEIGHT, read_feature_network
from tui_draggan.export.inversion_graph import inversion_graph, pyramid_distance
from tui_draggan.export.tracing import trace
from tui_draggan.size import Size
from tui_draggan.training.metrics.landmarks.features import Stages, landmark_features

SIZE = Size(32, 32)


class Plain(nn.Module):
    """Two maps of different sizes and lengths."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 4, 3, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = torch.relu(self.first(x))
        return first, 50 * torch.relu(self.second(first))


def written(network: nn.Module, path: Path, side: int = 32) -> Path:
    example = (torch.zeros(1, 3, side, side),)
    outputs = tuple(f"map{i}" for i in range(len(network(*example))))
    onnx.save(trace(network, example, ("x",), outputs, with_weights=True), path)
    return path


@pytest.mark.slow
def test_loss_and_gradient_are_those_of_torch(tmp_path: Path) -> None:
    network, generator = Plain().eval(), tiny_generator(alpha=True)
    features = read_feature_network(written(network, tmp_path / "plain.onnx"), SIZE)
    export_bundle(
        generator, tmp_path / "tiny", name="tiny", feature_block=FEATURE_BLOCK, features=features
    )
    engine = open_engine(ModelBundle.open(tmp_path / "tiny"), "cpu", "ort")
    random, info = np.random.default_rng(0), engine.info
    ws = random.standard_normal((info.num_ws, info.w_dim)).astype(np.float32)
    target = random.integers(0, 256, (*info.size, 3), np.uint8)
    found = engine.compare(ws, target)

    generator, network = generator.double(), network.double()
    latent = torch.tensor(ws).double().requires_grad_(True)
    image = generator.synthesis(latent[None])
    wanted = torch.tensor(target).double().permute(2, 0, 1)[None] / 127.5 - 1
    opaque = torch.cat([wanted, torch.ones_like(wanted[:, :1])], dim=1)
    pairs = zip(network(image[:, :3]), network(wanted), strict=True)
    shares = [(a - b).abs().mean() / b.abs().mean() for a, b in pairs]
    loss = pyramid_distance(image, opaque) + WEIGHT * torch.stack(shares).mean()
    (gradient,) = torch.autograd.grad(loss, latent)
    assert found.loss == pytest.approx(float(loss.detach()), rel=1e-5)
    assert np.linalg.norm(found.gradient - gradient.numpy()) <= 2e-3 * float(gradient.norm())


def test_the_landmark_network_sees_the_same_in_the_graph() -> None:
    from tests.export.running import run

    picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, 64, 64))
    expected = Stages().eval()(torch.tensor(picture, dtype=torch.float32))
    for found, map in zip(
        run(landmark_features(Size(64, 64)), picture=picture), expected, strict=True
    ):
        np.testing.assert_allclose(found, map.detach(), rtol=1e-3, atol=1e-4)


def test_what_cannot_be_trained_through_is_named(tmp_path: Path) -> None:
    class Sorted(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor]:
            return (torch.round(x),)

    features = read_feature_network(written(Sorted(), tmp_path / "rounded.onnx"), SIZE)
    with pytest.raises(UsageError, match="cannot be trained through: Round"):
        inversion_graph(folded(tiny_generator(), FEATURE_BLOCK), features)


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    with pytest.raises(UsageError, match=r"text\.onnx is no ONNX model"):
        read_feature_network(text, SIZE)
    with pytest.raises(UsageError, match=r"nowhere\.onnx"):
        read_feature_network(tmp_path / "nowhere.onnx", SIZE)
    wide = written(Plain(), tmp_path / "wide.onnx", side=64)
    with pytest.raises(UsageError, match=r"takes \(1, 3, 64, 64\); expected one input \(1, 3, 32"):
        read_feature_network(wide, SIZE)
