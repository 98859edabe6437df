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
from tui_draggan.size import Size

pytestmark = pytest.mark.slow


def outer(size: Size) -> list[tuple[int, int]]:
    """The corners and the middle of every border, and further in."""
    across, down = 13 * size.width // SIZE, 13 * size.height // SIZE
    return [
        (x, y)
        for depth in (0, 1, 3)
        for left, right, top, bottom in [
            (depth, size.width - 1 - depth, depth, size.height - 1 - depth)
        ]
        for x, y in (
            *((left, top), (right, top), (left, bottom), (right, bottom)),
            *((left, down), (right, down), (across, top), (across, bottom)),
        )
    ]


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
def test_no_handle_is_dead_where_the_picture_is_no_square(
    engine: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Half as wide, and so wide that a handle on its right border is beyond its lower one."""
    for const in Size(4, 2), Size(2, 4):
        path = tmp_path_factory.mktemp("borders") / "model"
        export_bundle(tiny_generator(const=const), path, name="m", feature_block=8)
        bundle = ModelBundle.open(path)
        check_handles(bundle, engine, 3, outer(bundle.info.size))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("block", [4, 8, 16])
@pytest.mark.parametrize("radius", [1, 3])
def test_no_handle_is_dead(
    bundles: dict[int, ModelBundle], engine: str, block: int, radius: int
) -> None:
    check_handles(bundles[block], engine, radius, outer(Size.square(SIZE)))


def check_handles(
    bundle: ModelBundle, engine: str, radius: int, handles: list[tuple[int, int]]
) -> None:
    """Each of them pulls, and is tracked to where it is."""
    try:
        opened = ENGINES[engine](bundle, "cpu")
    except EngineError as error:
        pytest.skip(str(error))
    info = bundle.info
    w = np.random.RandomState(3).randn(1, info.w_dim).astype(np.float32)
    ws = np.repeat(w, info.num_ws, axis=0)
    opened.begin(Problem(ws, rows=info.drag.trainable_rows))
    height, width = info.size
    for handle in handles:
        target = np.array([[width / 2, height / 2 + 1]], np.float32)
        at = np.array([handle], np.float32)
        result = opened.step(StepRequest(at, target, opened.features(ws, at), radius, 4, 0.0, 0.0))
        assert result.motion_loss > 0, handle
        assert result.gradient_norm > 0, handle
        np.testing.assert_allclose(result.handles, at, atol=width / info.drag.feature_map.width / 2)
