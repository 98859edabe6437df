"""Optimised graphs are kept, used, and never needed."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import graph_cache, runtime
from tui_draggan.engines.graph_cache import GRAPH, WEIGHTS, open_graph, prepare


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return paths.optimised_graphs()


def picture(bundle: ModelBundle) -> np.ndarray:
    ws = np.random.RandomState(0).randn(1, bundle.info.num_ws, bundle.info.w_dim)
    session = open_graph(bundle, "synthesis.onnx", "cpu")
    (image,) = session.run(["image"], {"ws": ws.astype(np.float32)})
    return np.asarray(image)


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
