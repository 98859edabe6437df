from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.export import folded as folded_module
from tui_draggan.export import resampling
from tui_draggan.export.folded import FoldedSynthesis
from tui_draggan.size import Size
from tui_draggan.stylegan.config import ARCHITECTURES, GeneratorConfig, rows_through


@pytest.mark.parametrize(
    "options",
    [
        *({"architecture": name} for name in ARCHITECTURES),
        *({"architecture": name, "conv_clamp": 0.8} for name in ARCHITECTURES),
        {"const": Size(4, 2), "alpha": True},
        {"const": Size(3, 5), "architecture": "resnet"},
        {"const": Size(1, 7), "architecture": "orig", "alpha": True},
    ],
    ids=str,
)
def test_the_folded_network_equals_the_plain_one(options: dict[str, Any]) -> None:
    generator = tiny_generator(**options)
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    folded = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    image = generator.synthesis(ws)
    assert (folded(ws) - image).abs().max() <= 1e-5 * image.abs().max()
    plain = [features for _, features, _ in generator.synthesis.walk(ws)]
    fast = [features for _, features, _ in folded.walk(ws[0, :5], ws[0, 5:])]
    assert len(plain) == len(fast)
    for expected, actual in zip(plain, fast, strict=True):
        assert (actual - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_output_channels_one_part_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = tiny_generator()
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    expected = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    monkeypatch.setattr(folded_module, "MOST_PRODUCTS", 9 * 4 * 16 * 16 * 3)
    parts = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    last = parts.get_submodule("b32.conv0")
    assert isinstance(last, folded_module.FoldedUpConv)
    assert [weight.shape[1] for weight in last.weights] == [3, 3, 2]
    torch.testing.assert_close(parts(ws), expected(ws))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("columns", [4, 3])
def test_a_picture_in_bands_of_rows(
    architecture: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last block has 8 channels of 32 rows: in four bands, whose margins reach far."""
    monkeypatch.setattr(resampling, "FILTER_BY_PRODUCT", 16)
    monkeypatch.setattr(resampling, "UPSAMPLE_BY_PRODUCT", 16)
    generator = tiny_generator(architecture=architecture, const=Size(4, columns))
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    folded = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    expected = folded(ws)
    rows: list[int] = []
    last = folded.get_submodule("b32.conv0")
    last.register_forward_hook(lambda _, given, out: rows.append(out.shape[2]))
    monkeypatch.setattr(folded_module, "BAND", 8 * 32 * 8 * columns)
    torch.testing.assert_close(folded(ws), expected)
    assert rows == [2 * (4 + 2 * folded_module.MARGIN)] * 4


def test_a_network_without_noise_spends_nothing_on_it() -> None:
    generator = tiny_generator()
    for name, parameter in generator.synthesis.named_parameters():
        if name.endswith("noise_strength"):
            parameter.zero_()
    folded = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    assert not any(name.endswith("noise") for name, _ in folded.named_buffers())
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    torch.testing.assert_close(folded(ws), generator.synthesis(ws), rtol=1e-4, atol=1e-5)


def test_rows_through_a_block() -> None:
    config = GeneratorConfig.from_channel_base(256, 4096, 64)
    assert [rows_through(config, r) for r in (4, 8, 32, 128, 256)] == [1, 3, 7, 11, 13]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_features_depend_on_exactly_these_rows(architecture: str) -> None:
    generator = tiny_generator(architecture=architecture)
    config = generator.config
    ws = torch.randn(1, config.num_ws, config.w_dim, requires_grad=True)
    for resolution, features, _ in generator.synthesis.walk(ws):
        (gradient,) = torch.autograd.grad(features.sum(), ws, retain_graph=True)
        used = int((gradient[0].abs().sum(dim=1) > 0).sum())
        assert used == rows_through(config, resolution)
