"""Handles at every border and corner, for every feature block and radius.

Bilinear up-sampling repeats the outermost cells: with cells of 2, 4 and 8 pixels the features of
the outermost 1, 2 and 4 rows and columns of pixels are the same.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tiny import SIZE, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.choose import ENGINES
from tui_draggan.errors import EngineError
from tui_draggan.export.bundle_writer import export_bundle

pytestmark = pytest.mark.slow

LAST = SIZE - 1
OUTER = [
    (x, y)
    for depth in (0, 1, 3)
    for x, y in (
        *((depth, depth), (LAST - depth, depth), (depth, LAST - depth)),
        *((LAST - depth, LAST - depth), (depth, 13), (LAST - depth, 13), (13, depth)),
        (13, LAST - depth),
    )
]
"""The corners and the middle of every border, and further in."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, ModelBundle]:
    """By the feature block's side."""
    found = {}
    for block in (4, 8, 16):
        torch.manual_seed(0)
        path = tmp_path_factory.mktemp("borders") / "model"
        export_bundle(tiny_generator(), path, name="m", feature_block=block)
        found[block] = ModelBundle.open(path)
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("block", [4, 8, 16])
@pytest.mark.parametrize("radius", [1, 3])
def test_no_handle_is_dead(
    bundles: dict[int, ModelBundle], engine: str, block: int, radius: int
) -> None:
    bundle = bundles[block]
    try:
        opened = ENGINES[engine](bundle, "cpu")
    except EngineError as error:
        pytest.skip(str(error))
    info = bundle.info
    w = np.random.RandomState(3).randn(1, info.w_dim).astype(np.float32)
    ws = np.repeat(w, info.num_ws, axis=0)
    opened.begin(Problem(ws, rows=info.drag.trainable_rows))
    for handle in OUTER:
        target = np.array([[SIZE / 2, SIZE / 2 + 1]], np.float32)
        at = np.array([handle], np.float32)
        result = opened.step(StepRequest(at, target, opened.features(ws, at), radius, 4, 0.0, 0.0))
        assert result.motion_loss > 0, handle
        assert result.gradient_norm > 0, handle
        np.testing.assert_allclose(result.handles, at, atol=SIZE / block / 2)
