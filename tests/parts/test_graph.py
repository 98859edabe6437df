"""Parts in a model: its graph against features of the plain network, on every engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.tiny import FEATURE_BLOCK, tiny_alias_free, tiny_generator
from tui_draggan.bundle import MANIFEST, PARTS, ModelBundle
from tui_draggan.engines.choose import ENGINES, open_engine
from tui_draggan.errors import BundleError, EngineError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.parts.graph import add_parts, feature_network
from tui_draggan.parts.head import Head

NAMES = ("ground", "disc", "bar")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny"
    export_bundle(tiny_generator(), path, name="tiny", feature_block=FEATURE_BLOCK)
    return path


def a_head(bundle: ModelBundle) -> Head:
    random = np.random.default_rng(0)
    with feature_network(bundle) as features:
        ws = np.zeros((bundle.info.num_ws, bundle.info.w_dim), np.float32)
        weights = {
            block: random.standard_normal((3, len(values))).astype(np.float32)
            for block, values in features(ws).items()
        }
    return Head(NAMES, weights, random.standard_normal(3).astype(np.float32))


@torch.no_grad()
def test_features_are_those_of_the_network(plain: Path) -> None:
    generator = tiny_generator()
    ws = np.random.default_rng(1).standard_normal((generator.num_ws, 16)).astype(np.float32)
    with feature_network(ModelBundle.open(plain)) as network:
        found = network(ws)
    walked = {side: x[0] for side, x, _ in generator.synthesis.walk(torch.from_numpy(ws)[None])}
    assert set(found) == {16, 32}
    for block, values in found.items():
        np.testing.assert_allclose(values, walked[block].numpy(), atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_tells_the_parts(plain: Path, tmp_path: Path, name: str) -> None:
    """As features enlarged first tell them, each pixel for itself."""
    path = tmp_path / "tiny"
    shutil.copytree(plain, path)
    head = a_head(ModelBundle.open(path))
    add_parts(ModelBundle.open(path), head)
    bundle = ModelBundle.open(path)
    bundle.verify()
    assert bundle.info.parts == NAMES
    graphs = [bundle.file(one).stat().st_size for one in (PARTS, "synthesis.onnx")]
    assert graphs[0] < 1.2 * graphs[1], "the weights are the model's, where they are"
    try:
        engine = open_engine(bundle, "cpu", name)
    except EngineError as error:
        pytest.skip(str(error))
    generator = tiny_generator()
    for seed in range(3):
        ws = np.random.default_rng(seed).standard_normal((generator.num_ws, 16))
        total = torch.from_numpy(head.bias)[:, None, None]
        for side, x, _ in generator.synthesis.walk(torch.from_numpy(ws.astype(np.float32))[None]):
            if side in head.weights:
                large = F.interpolate(x, (32, 32), mode="bilinear", align_corners=False)[0]
                weight = torch.from_numpy(head.weights[side])
                total = total + torch.einsum("kc,chw->khw", weight, large)
        best = total.topk(2, dim=0)
        told = engine.parts(ws.astype(np.float32))
        sure = (best.values[0] - best.values[1] > 1e-3).numpy()
        assert sure.mean() > 0.99 and told.dtype == np.uint8
        np.testing.assert_array_equal(told[sure], best.indices[0].numpy()[sure])


def test_a_model_without_parts_says_so(plain: Path) -> None:
    bundle = ModelBundle.open(plain)
    assert bundle.info.parts == () and "parts" not in json.loads((plain / MANIFEST).read_text())
    engine = open_engine(bundle, "cpu", "ort")
    with pytest.raises(BundleError, match="tiny knows no parts; tui-draggan parts train adds some"):
        engine.parts(np.zeros((bundle.info.num_ws, 16), np.float32))


def test_parts_are_replaced_and_the_model_stays_whole(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny"
    shutil.copytree(plain, path)
    before = json.loads((path / MANIFEST).read_text())
    head = a_head(ModelBundle.open(path))
    add_parts(ModelBundle.open(path), head)
    again = Head(("a", "b", "c"), head.weights, head.bias)
    add_parts(ModelBundle.open(path), again)
    bundle = ModelBundle.open(path)
    bundle.verify()
    assert bundle.info.parts == ("a", "b", "c")
    after = json.loads((path / MANIFEST).read_text())
    del after["parts"], after["files"][PARTS]
    assert after == before


def test_a_graph_of_somebody_elses_is_checked(plain: Path, tmp_path: Path) -> None:
    """It may take and give nothing else, and has its weights in the model."""
    path = tmp_path / "tiny"
    shutil.copytree(plain, path)
    add_parts(ModelBundle.open(path), a_head(ModelBundle.open(path)))
    shutil.copy(path / "mapping.onnx", path / PARTS)
    manifest = json.loads((path / MANIFEST).read_text())
    manifest["files"][PARTS] = manifest["files"]["mapping.onnx"]
    (path / MANIFEST).write_text(json.dumps(manifest))
    bundle = ModelBundle.open(path)
    with pytest.raises(BundleError, match=r"parts\.onnx takes z, which no graph of a bundle does"):
        open_engine(bundle, "cpu", "ort").parts(np.zeros((bundle.info.num_ws, 16), np.float32))


def test_stylegan3_is_refused(tmp_path: Path) -> None:
    export_bundle(tiny_alias_free(), tmp_path / "three", name="three")
    with (
        pytest.raises(BundleError, match="three names no features of StyleGAN2's blocks"),
        feature_network(ModelBundle.open(tmp_path / "three")),
    ):
        pass
