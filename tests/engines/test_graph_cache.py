"""Optimised graphs are kept, used, and never needed."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import graph_cache, runtime
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.graph_cache import GRAPH, WEIGHTS, open_graph, prepare
from tui_draggan.engines.ort import OrtEngine


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return paths.optimised_graphs()


def picture(bundle: ModelBundle) -> np.ndarray:
    ws = np.random.RandomState(0).randn(1, bundle.info.num_ws, bundle.info.w_dim)
    session = open_graph(bundle, "synthesis.onnx", "cpu")
    (image,) = session.run(["image"], {"ws": ws.astype(np.float32)})
    return np.asarray(image)


def step(bundle: ModelBundle) -> float:
    """The loss of a first step."""
    engine = OrtEngine(bundle, "cpu")
    ws = np.tile(engine.w_avg, (bundle.info.num_ws, 1))
    handles = np.array([[40, 40]], np.float32)
    templates = engine.features(ws, handles)
    engine.begin(Problem(ws))
    return engine.step(StepRequest(handles, handles + 9, templates, 2, 4, 0.0, 1e-3)).loss


def test_a_graph_is_optimised_once_and_gives_what_it_gave_before(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = runtime.open_session(critters.file("synthesis.onnx"), "cpu")
    ws = np.random.RandomState(0).randn(1, critters.info.num_ws, critters.info.w_dim)
    (expected,) = plain.run(["image"], {"ws": ws.astype(np.float32)})
    np.testing.assert_array_equal(picture(critters), expected)
    (folder,) = cache.iterdir()
    assert {file.name for file in folder.iterdir()} == {GRAPH, WEIGHTS}

    def never(*_: object) -> None:
        raise AssertionError("optimised again")

    monkeypatch.setattr(runtime, "write_optimised", never)
    np.testing.assert_array_equal(picture(critters), expected)


def test_prepared_graphs_share_what_they_have_in_common(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, loss = picture(critters), step(critters)
    apart = {file.stat().st_ino: file.stat().st_size for file in cache.glob(f"*/{WEIGHTS}")}
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parents[2] / "other"))
    prepare(critters)
    files = list(paths.optimised_graphs().glob(f"*/{WEIGHTS}"))
    assert len(files) == 3 and len({file.stat().st_ino for file in files}) == 1
    assert files[0].stat().st_size < 0.8 * sum(apart.values())
    monkeypatch.setattr(runtime, "write_optimised", None)
    np.testing.assert_array_equal(picture(critters), expected)
    assert step(critters) == loss


def test_what_is_kept_goes_with_its_model(critters: ModelBundle, cache: Path) -> None:
    prepare(critters)
    other = dataclasses.replace(critters, files={**critters.files, "new": {}})
    prepare(other)
    graph_cache.forget(critters)
    assert len(list(cache.iterdir())) == 3
    assert picture(other).shape == (1, 3, 128, 128)


def test_without_the_package_onnx_graphs_stay_apart(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    prepare(critters)
    assert len({file.stat().st_ino for file in cache.glob(f"*/{WEIGHTS}")}) == 3
    monkeypatch.setattr(runtime, "write_optimised", None)
    assert picture(critters).shape == (1, 3, 128, 128)


def test_another_file_is_another_graph(critters: ModelBundle, cache: Path) -> None:
    picture(critters)
    changed = {**critters.files, "synthesis.onnx": {"size": 1, "sha256": "0"}}
    picture(dataclasses.replace(critters, files=changed))
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("spoilt", [GRAPH, WEIGHTS])
def test_what_cannot_be_read_is_optimised_again(
    critters: ModelBundle, cache: Path, spoilt: str
) -> None:
    expected = picture(critters)
    (folder,) = cache.iterdir()
    (folder / spoilt).write_bytes(b"")
    np.testing.assert_array_equal(picture(critters), expected)
    assert not list(cache.iterdir())
    np.testing.assert_array_equal(picture(critters), expected)
    assert len(list(cache.iterdir())) == 1


def test_where_nothing_can_be_written_it_goes_on(critters: ModelBundle, cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    assert picture(critters).shape == (1, 3, 128, 128)


def test_the_graphs_not_used_for_longest_make_room(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(critters)
    assert len(list(cache.iterdir())) == 3
    for age, folder in enumerate(sorted(cache.iterdir())):
        os.utime(folder, (1000 - age, 1000 - age))
    newest = min(cache.iterdir())
    size = sum(file.stat().st_size for file in newest.iterdir())
    monkeypatch.setattr(graph_cache, "KEPT", size)
    changed = {**critters.files, "mapping.onnx": {"size": 1, "sha256": "0"}}
    open_graph(dataclasses.replace(critters, files=changed), "mapping.onnx", "cpu")
    assert len(list(cache.iterdir())) == 2 and newest in cache.iterdir()
