"""StyleGAN3 folded for export, against its plain network."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch

from tests.tiny import tiny_alias_free
from tui_draggan.export import alias_free_folded
from tui_draggan.export.alias_free_folded import FoldedAliasFree
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.alias_free import upsampled
from tui_draggan.stylegan.filters import up_matrix


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize("side", [16, 32])
def test_the_same_picture_and_features(radial: bool, side: int) -> None:
    generator = tiny_alias_free(radial=radial)
    folded = FoldedAliasFree(generator.synthesis, side)
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    expected = generator.synthesis(ws)
    torch.testing.assert_close(folded(ws), expected, rtol=1e-4, atol=1e-5)
    lower, upper = ws[0, : folded.rows], ws[0, folded.rows :]
    features, image = folded.synthesised(lower, upper, generator.config.resolution)
    torch.testing.assert_close(image, expected, rtol=1e-4, atol=1e-5)
    plain = generator.synthesis.features(ws, side)
    assert features.shape[2:] == (side, side)
    torch.testing.assert_close(features, plain, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(folded.features(lower), features)


@pytest.mark.parametrize("clamp", [None, 0.7])
def test_the_forms_for_large_maps(clamp: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By phases, and some channels after the other; with a clamp low enough to show."""
    monkeypatch.setattr(alias_free_folded, "UP_BY_PRODUCT", 0)
    monkeypatch.setattr(alias_free_folded, "AT_ONCE", 1)
    generator = tiny_alias_free(conv_clamp=clamp, channel_base=1024, channel_max=20)
    folded = FoldedAliasFree(generator.synthesis, 16)
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    torch.testing.assert_close(folded(ws), generator.synthesis(ws), rtol=1e-4, atol=1e-5)


def test_the_upsampling_matrix_is_upsampling() -> None:
    for layer in tiny_alias_free().config.layers[:-1]:
        x = torch.randn(1, 2, layer.source.size + layer.kernel - 1, layer.source.size + 2)
        matrix = up_matrix(layer)
        torch.testing.assert_close(
            matrix @ x @ matrix.t(), upsampled(x, layer), rtol=1e-4, atol=1e-5
        )


def test_the_gradient_stays_in_its_window(tmp_path: Path) -> None:
    """From the features down to the waves: no map of the gradient is filled up to its whole size
    but the first layer's, which has to become rows of a matrix."""
    generator = tiny_alias_free()
    export_bundle(generator, tmp_path / "model", name="m", feature_block=16)
    graph = onnx.load(tmp_path / "model/drag/step.onnx", load_external_data=False).graph
    filled = [node for node in graph.node if node.output[0].endswith("/grown/integers_0_0")]
    assert len(filled) == 1
