from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.stylegan.config import ARCHITECTURES
from tui_draggan.stylegan.export import export_bundle
from tui_draggan.stylegan.export_form import FoldedSynthesis
from tui_draggan.stylegan.weights import read_weights


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_bundle_holds_all_that_its_network_is_built_from(
    tmp_path: Path, architecture: str
) -> None:
    generator = tiny_generator(architecture=architecture)
    for name, parameter in generator.synthesis.named_parameters():
        if name.endswith("bias"):  # the exporter makes one of those that are equal
            parameter.zero_()
        if name.startswith("b16") and name.endswith("noise_strength"):
            parameter.zero_()
    export_bundle(generator, tmp_path / "model", name="model", feature_block=FEATURE_BLOCK)

    arrays = read_weights(tmp_path / "model" / "synthesis.onnx")
    constants = {name: torch.from_numpy(array) for name, array in arrays.items()}
    again = FoldedSynthesis.from_constants(generator.config, FEATURE_BLOCK, constants)
    ws = torch.randn(1, generator.num_ws, generator.config.w_dim)
    expected = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    lower, upper = ws[0, : expected.rows], ws[0, expected.rows :]
    for (_, x, _), (_, y, _) in zip(
        expected.walk(lower, upper), again.walk(lower, upper), strict=True
    ):
        assert torch.equal(x, y)

    del constants["b8.conv1.weight"]
    with pytest.raises(KeyError, match=r"b8\.conv1\.weight"):
        FoldedSynthesis.from_constants(generator.config, FEATURE_BLOCK, constants)
