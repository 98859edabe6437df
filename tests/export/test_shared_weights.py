from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.engines.torch.weights import read_weights
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.export.folded import FoldedSynthesis
from tui_draggan.stylegan.config import ARCHITECTURES


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_bundle_holds_every_weight_by_its_name(tmp_path: Path, architecture: str) -> None:
    generator = tiny_generator(architecture=architecture)
    for name, parameter in generator.synthesis.named_parameters():
        if name.endswith("bias"):  # the exporter makes one of those that are equal
            parameter.zero_()
    export_bundle(generator, tmp_path / "model", name="model", feature_block=FEATURE_BLOCK)

    found = read_weights(tmp_path / "model" / "synthesis.onnx")
    for name, value in FoldedSynthesis(generator.synthesis, FEATURE_BLOCK).state_dict().items():
        unused = architecture == "orig" and ".upsample." in name
        if not unused:
            np.testing.assert_array_equal(found[name], value)
