"""Optimised graphs are kept, used where they are right, and never needed."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tui_draggan import paths
from tui_draggan.bundle import MANIFEST, BundleInfo, ModelBundle
from tui_draggan.engines import cpu, graph_cache, graph_proof, runtime
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.graph_cache import (
    GRAPH,
    GRAPHS,
    HASHES,
    OUTPUTS,
    PROVED,
    WEIGHTS,
    open_graph,
    prepare,
)
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.process import EngineProcess
from tui_draggan.errors import BundleError
from tui_draggan.files import TEMPORARY, sha256
from tui_draggan.folders import temporary_folder

pytestmark = pytest.mark.slow


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
    names = {file.name for file in folder.iterdir()}
    assert names - {GRAPH, WEIGHTS, OUTPUTS, HASHES} == {name for name in names if PROVED in name}

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
    assert len(files) == len(GRAPHS) and len({file.stat().st_ino for file in files}) == 1
    assert files[0].stat().st_size < 0.8 * sum(apart.values())
    monkeypatch.setattr(runtime, "write_optimised", None)
    np.testing.assert_array_equal(picture(critters), expected)
    assert step(critters) == loss


def test_what_is_kept_goes_with_its_model(critters: ModelBundle, cache: Path) -> None:
    prepare(critters)
    other = dataclasses.replace(critters, files={**critters.files, "new": {}})
    prepare(other)
    graph_cache.forget(critters)
    assert len(list(cache.iterdir())) == len(GRAPHS)
    assert picture(other).shape == (1, 3, 128, 128)


def test_without_the_package_onnx_graphs_stay_apart(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    prepare(critters)
    assert len({file.stat().st_ino for file in cache.glob(f"*/{WEIGHTS}")}) == len(GRAPHS)
    monkeypatch.setattr(runtime, "write_optimised", None)
    assert picture(critters).shape == (1, 3, 128, 128)


def changed(bundle: ModelBundle, folder: Path, name: str, manifest: bool = True) -> ModelBundle:
    """A copy in which a graph has a note more, or weights are others; `manifest` says so."""
    shutil.copytree(bundle.path, folder)
    file = folder / name
    if name.endswith(".onnx"):
        file.write_bytes(file.read_bytes() + b"\x32\x01n")  # doc_string: n
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 4)
        file.write_bytes(content)
    values = json.loads((folder / MANIFEST).read_text())
    if manifest:
        values["files"][name] = {"size": file.stat().st_size, "sha256": sha256(file)}
    (folder / MANIFEST).write_text(json.dumps(values))
    return ModelBundle.open(folder)


def test_another_file_is_another_graph(critters: ModelBundle, cache: Path, tmp_path: Path) -> None:
    expected = picture(critters)
    other = picture(changed(critters, tmp_path / "other", "synthesis.onnx"))
    np.testing.assert_array_equal(other, expected)
    assert len(list(cache.iterdir())) == 2
    weights = picture(changed(critters, tmp_path / "weights", "drag/weights.bin"))
    assert np.abs(weights - expected).max() > 0.1
    np.testing.assert_array_equal(picture(critters), expected)


def test_a_damaged_copy_spoils_nothing(critters: ModelBundle, cache: Path, tmp_path: Path) -> None:
    """Not the genuine model, and not itself once it is repaired."""
    copy = changed(critters, tmp_path / "copy", "drag/weights.bin", manifest=False)
    for _ in range(2):
        with pytest.raises(BundleError, match=r"drag/weights.bin is damaged \(SHA-256\)"):
            picture(copy)
        with pytest.raises(BundleError, match=r"is damaged"):
            prepare(copy)
    assert not list(cache.iterdir())
    expected = picture(critters)
    shutil.copy(critters.file("drag/weights.bin"), copy.file("drag/weights.bin"))
    shutil.rmtree(cache)
    np.testing.assert_array_equal(picture(copy), expected)


@pytest.mark.parametrize("spoilt", [GRAPH, WEIGHTS, OUTPUTS, HASHES])
@pytest.mark.parametrize("how", ["empty", "other", "missing", "text"])
def test_what_is_not_what_was_written_is_optimised_again(
    critters: ModelBundle, cache: Path, spoilt: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = picture(critters)
    (folder,) = cache.iterdir()
    file = folder / spoilt
    content = file.read_bytes()
    if how == "missing":
        file.unlink()
    else:
        turned = bytes(255 - byte for byte in content[:50]) + content[50:]
        file.write_bytes({"empty": b"", "other": turned, "text": b"[1]"}[how])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(picture(critters), expected)
    assert "rebuilding the cached graph of synthesis.onnx: " in caplog.text
    caplog.clear()
    np.testing.assert_array_equal(picture(critters), expected)
    assert not caplog.text and [entry.name for entry in cache.iterdir()] == [folder.name]


def as_if_written_elsewhere(folder: Path) -> None:
    """Turns a kept graph into one whose weights lie in another CPU's order: blocks of eight."""
    weights = np.fromfile(folder / WEIGHTS, np.float32)
    graph = onnx.load(folder / GRAPH, load_external_data=False).graph
    for tensor in graph.initializer:
        places = {entry.key: entry.value for entry in tensor.external_data}
        if len(tensor.dims) in (2, 4) and tensor.data_type == onnx.TensorProto.FLOAT and places:
            first = int(places["offset"]) // 4
            values = weights[first : first + int(places["length"]) // 4]
            if not len(values) % 16:
                values[:] = values.reshape(-1, 2, 8).transpose(1, 0, 2).ravel()
    weights.tofile(folder / WEIGHTS)
    hashes = json.loads((folder / HASHES).read_text())
    (folder / HASHES).write_text(json.dumps({**hashes, WEIGHTS: sha256(folder / WEIGHTS)}))


@pytest.mark.parametrize("name", GRAPHS)
def test_on_another_computer_a_graph_proves_itself(
    critters: ModelBundle,
    cache: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whose CPU calls itself the same, and is not."""
    open_graph(critters, name, "cpu")
    (folder,) = cache.iterdir()
    monkeypatch.setattr(cpu, "computer", lambda: "another")
    proofs = []
    check = graph_proof.check_outputs

    def counted(session: Any, info: BundleInfo, file: Path) -> None:
        proofs.append(file)
        check(session, info, file)

    monkeypatch.setattr(graph_proof, "check_outputs", counted)
    for _ in range(2):
        open_graph(critters, name, "cpu")
    assert len(proofs) == 1 and not caplog.text  # right there too, and not asked twice

    monkeypatch.setattr(cpu, "computer", lambda: "a third")
    as_if_written_elsewhere(folder)
    with caplog.at_level(logging.WARNING):
        session = open_graph(critters, name, "cpu")
    assert f"rebuilding the cached graph of {name}: " in caplog.text
    assert "differs by" in caplog.text
    graph_proof.check_outputs(session, critters.info, folder / OUTPUTS)


def test_a_child_tells_what_it_rebuilt(
    critters: ModelBundle, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = picture(critters)
    (folder,) = cache.iterdir()
    (folder / WEIGHTS).write_bytes(b"")
    engine = EngineProcess(critters, "cpu", "ort")
    with caplog.at_level(logging.WARNING):
        engine.render(np.zeros((critters.info.num_ws, critters.info.w_dim), np.float32))
    engine.close()
    assert "rebuilding the cached graph of synthesis.onnx: weights.bin is not what" in caplog.text
    np.testing.assert_array_equal(picture(critters), expected)


@pytest.mark.parametrize("what", ["features", "name"])
def test_another_cpu_is_another_graph(
    critters: ModelBundle, cache: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(critters)
    monkeypatch.setattr(cpu, what, lambda: "another")
    picture(critters)
    assert len(list(cache.iterdir())) == 2
    monkeypatch.setattr(graph_cache, "weight_layout", lambda: "another")
    picture(critters)
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(graph_cache, "weight_layout", lambda: None)
    assert picture(critters).shape == (1, 3, 128, 128)  # where it is not known, none is kept
    assert len(list(cache.iterdir())) == 3


def test_a_graph_whose_numbers_prove_nothing_is_not_kept(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_proof, "_outputs", lambda *_: {"image": np.full(3, np.nan)})
    assert picture(critters).shape == (1, 3, 128, 128)
    assert not list(cache.iterdir())


def test_the_cache_is_the_users_alone(critters: ModelBundle, cache: Path) -> None:
    before = os.umask(0)
    try:
        prepare(critters)
        picture(critters)
    finally:
        os.umask(before)
    for path in (cache.parent, *cache.parent.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("whose", ["all of it", "graphs", "one graph"])
@pytest.mark.parametrize("how", ["others may write", "another's"])
def test_what_others_could_have_written_is_not_used(
    critters: ModelBundle,
    cache: Path,
    whose: str,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = picture(critters)
    (entry,) = cache.iterdir()
    folder = {"all of it": cache.parent, "graphs": cache, "one graph": entry}[whose]
    if how == "others may write":
        folder.chmod(0o777)
    else:
        own = Path.lstat
        other = own(folder).st_ino
        monkeypatch.setattr(Path, "lstat", lambda path: _of_another(own(path), other))
    as_if_written_elsewhere(entry)
    if (whose, how) == ("all of it", "others may write"):
        # What lies in it was closed to others all the time; it is closed again.
        monkeypatch.setattr(cpu, "computer", lambda: "another")
        np.testing.assert_array_equal(picture(critters), expected)
        assert folder.stat().st_mode & 0o777 == 0o700
    else:
        np.testing.assert_array_equal(picture(critters), expected)


def _of_another(status: os.stat_result, inode: int) -> os.stat_result:
    if status.st_ino != inode:
        return status
    return os.stat_result((*status[:4], status.st_uid + 1, *status[5:]))


def test_where_nothing_can_be_written_nothing_is_kept(critters: ModelBundle, cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    assert picture(critters).shape == (1, 3, 128, 128)


def test_the_graphs_not_used_for_longest_make_room(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepare(critters)
    assert len(list(cache.iterdir())) == len(GRAPHS)
    for age, folder in enumerate(sorted(cache.iterdir())):
        os.utime(folder, (1000 - age, 1000 - age))
    newest = min(cache.iterdir())
    size = sum(file.stat().st_size for file in newest.iterdir())
    monkeypatch.setattr(graph_cache, "KEPT", size)
    open_graph(changed(critters, tmp_path / "other", "mapping.onnx"), "mapping.onnx", "cpu")
    assert len(list(cache.iterdir())) == 2 and newest in cache.iterdir()


def test_weights_that_graphs_share_count_once(
    critters: ModelBundle, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepare(critters)
    files = [file for file in cache.rglob("*") if file.is_file()]
    once = sum({file.stat().st_ino: file.stat().st_size for file in files}.values())
    assert graph_cache.kept_bytes(critters) == once < 0.6 * sum(f.stat().st_size for f in files)
    monkeypatch.setattr(graph_cache, "KEPT", once)
    open_graph(changed(critters, tmp_path / "other", "mapping.onnx"), "mapping.onnx", "cpu")
    assert len(list(cache.iterdir())) == len(GRAPHS) + 1, "all of them have room"


def test_nothing_that_is_being_opened_or_written_makes_room(
    critters: ModelBundle,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One process opens a graph, another one writes some, and a third has room for none."""
    prepare(critters)
    monkeypatch.setattr(graph_cache, "KEPT", 0)
    other = changed(critters, tmp_path / "other", "mapping.onnx")
    open_session = runtime.open_session

    def interrupted(file: Path, *options: Any, **more: Any) -> Any:
        monkeypatch.setattr(runtime, "open_session", open_session)
        with temporary_folder(cache) as work:
            (work / "half").touch()
            open_graph(other, "mapping.onnx", "cpu")
            assert (work / "half").exists()
        assert file.exists()
        return open_session(file, *options, **more)

    monkeypatch.setattr(runtime, "open_session", interrupted)
    assert picture(critters).shape == (1, 3, 128, 128)
    assert not caplog.text


def test_what_killed_processes_have_left_is_swept(critters: ModelBundle, cache: Path) -> None:
    (cache / f"{TEMPORARY}dead" / "key").mkdir(parents=True)
    picture(critters)
    assert len(list(cache.iterdir())) == 1
