from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.choose import ENGINES, open_engine
from tui_draggan.errors import EngineError
from tui_draggan.export.bundle_writer import export_bundle

# The reference works on maps too small for two threads to share without waiting for each other.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path: Path = tmp_path_factory.mktemp("models") / "tiny"
    export_bundle(tiny_generator(), path, name="tiny", feature_block=FEATURE_BLOCK)
    return ModelBundle.open(path)


@pytest.fixture(scope="session")
def critters() -> ModelBundle:
    """The bundled model."""
    return ModelBundle.open(paths.bundled_models() / "critters")


@pytest.fixture(scope="session", params=ENGINES)
def engine_name(request: pytest.FixtureRequest, critters: ModelBundle) -> str:
    """Every engine that runs here, in turn."""
    name: str = request.param
    try:
        open_engine(critters, "cpu", name)
    except EngineError as error:
        pytest.skip(str(error))
    return name


@pytest.fixture
def engine(tiny_bundle: ModelBundle, engine_name: str) -> LocalEngine:
    return open_engine(tiny_bundle, "cpu", engine_name)
