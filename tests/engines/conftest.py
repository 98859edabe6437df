from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.ort_training import OrtTrainingEngine
from tui_draggan.stylegan.export import export_bundle

# The reference works on maps too small for two threads to share without waiting for each other.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path: Path = tmp_path_factory.mktemp("models") / "tiny"
    export_bundle(tiny_generator(), path, name="tiny", feature_block=FEATURE_BLOCK)
    return ModelBundle.open(path)


@pytest.fixture
def engine(tiny_bundle: ModelBundle) -> OrtTrainingEngine:
    return open_engine(tiny_bundle, "cpu")
