"""A file of weights opened as it is: in a drag, and in an engine that draws before it drags."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from tests.tiny import narrow_generator
from tui_draggan import cache, files, library, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main, parse
from tui_draggan.commands import file_opening
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.errors import CheckpointError, UsageError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.opened_files import exporting, kept, processes
from tui_draggan.run_folder import RunFolder

SIZE = 32


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint, in folders of its own for cache, data and state."""
    for kind in ("CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    path = tmp_path / "my net.safetensors"
    save_file(narrow_generator(SIZE).state_dict(), path)
    return path


def drag(*words: str, out: Path) -> int:
    point = ["--point", "10,10:20,20", "--steps", "2", "--engine", "ort", "--out", str(out)]
    return main(["drag", *words, *point])


@pytest.mark.slow
def test_a_drag_of_a_file_makes_its_model_once(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drag("--model", str(file), out=tmp_path / "1.png") == 3
    (model,) = kept.listed()
    assert model.name == f"my-net@{cache.sha256(file)[:8]}" and model.bundle is not None
    model.bundle.verify()
    assert stat.S_IMODE(model.path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in model.path.parent.iterdir()] == [model.name]
    written = model.path.stat().st_mtime_ns
    # Under another name the file is the same, and the model's own name opens it too.
    file = file.rename(tmp_path / "renamed.bin")
    assert drag("--model", str(file), out=tmp_path / "2.png") == 3
    assert drag("--model", model.name, out=tmp_path / "3.png") == 3
    assert len({(tmp_path / f"{number}.png").stat().st_size for number in (1, 2, 3)}) == 1
    assert model.path.stat().st_mtime_ns == written and len(kept.listed()) == 1
    capsys.readouterr()
    assert main(["models"]) == 0 and "opened file: my net.safetensors" in capsys.readouterr().out
    with pytest.raises(UsageError, match="no terminal to ask on"):
        parse(["models", "--clear"]).run(parse(["models", "--clear"]))
    assert main(["models", "--clear", "--yes"]) == 0
    assert not kept.listed() and main(["models", "--clear"]) == 0


@pytest.mark.slow
def test_kept_under_a_name(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model", str(file), "--name", "mine"]
    assert drag(*words, out=tmp_path / "1.png") == 3
    assert library.find_model("mine") == paths.user_models() / "mine" and not kept.listed()
    assert drag(*words, out=tmp_path / "2.png") == 3
    assert drag("--model", str(file), out=tmp_path / "3.png") == 3  # by its hash
    assert not kept.listed()
    other = tmp_path / "other.safetensors"
    save_file(narrow_generator(SIZE, seed=1).state_dict(), other)
    capsys.readouterr()
    assert drag("--model", str(other), "--name", "mine", out=tmp_path / "4.png") == 1
    assert "a model named mine already exists" in capsys.readouterr().err
    assert drag("--model", "critters", "--name", "mine", out=tmp_path / "5.png") == 2


@pytest.mark.slow
def test_pictures_come_before_the_model(file: Path) -> None:
    """The engine of a file draws what the model's engine draws, and becomes it."""
    model = file_opening.model_of_file(file, None, None)
    bundle, engine = file_opening.opened_at_once(model, "cpu", "ort")
    try:
        assert not bundle.files and not model.is_there
        assert engine.name == "torch, pictures only" and bundle.info.size.shorter == SIZE
        z = np.random.RandomState(0).randn(bundle.info.z_dim).astype(np.float32)
        w, mean = engine.map(z), engine.w_avg
        ws = np.tile(w, (bundle.info.num_ws, 1))
        picture, preview = engine.render(ws), engine.preview(ws)
        points = np.array([[10, 10]], np.float32)
        templates = engine.features(ws, points)
        assert model.is_there and engine.name == "ort"
        np.testing.assert_allclose(engine.map(z), w, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(engine.w_avg, mean, rtol=1e-6)
        assert np.abs(engine.render(ws).astype(int) - picture).max() <= 1
        assert preview.shape[:2] == bundle.info.drag.preview
        assert np.abs(engine.preview(ws).astype(int) - preview).max() <= 1
        engine.begin(Problem(ws))
        request = StepRequest(points, points + 5, templates, 3, 3, 20.0, 0.01)
        assert np.isfinite(engine.step(request).loss)
    finally:
        engine.close()
    assert file_opening.model_of_file(file, None, None).folder == model.folder


@pytest.mark.slow
def test_a_file_that_is_no_generator_is_one_line(file: Path) -> None:
    file.write_bytes(b"no weights at all")
    model = file_opening.model_of_file(file, None, None)
    with pytest.raises(CheckpointError, match="has an unknown format") as caught:
        file_opening.opened_at_once(model, "cpu", "ort")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_export_leaves_nothing(file: Path, number: signal.Signals) -> None:
    model = file_opening.model_of_file(file, None, None)
    command = processes.exporting(model)
    process = subprocess.Popen(command)
    while not list(model.folder.parent.glob(".tui-draggan-*")) and process.poll() is None:
        time.sleep(0.01)
    kept.sweep()  # not what is under way
    assert list(model.folder.parent.glob(".tui-draggan-*"))
    process.send_signal(number)
    process.wait()
    kept.sweep(kept.PATIENCE)
    assert not list(model.folder.parent.iterdir())


def test_what_was_used_longest_ago_goes_first(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kept, "KEPT", 250)
    folders = [kept.place(name) for name in ("a", "b", "c")]
    for age, folder in enumerate(folders):
        folder.mkdir()
        (folder / "bundle.json").write_bytes(b"x" * 100)
        os.utime(folder / "bundle.json", (1000 - age, 1000 - age))
    kept.make_room(folders[2])
    assert [folder.exists() for folder in folders] == [True, False, True]


def test_what_an_engine_works_with_stays(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another editor's model, however long ago it was opened."""
    monkeypatch.setattr(kept, "KEPT", 0)
    left, newest = kept.place("left"), kept.place("newest")
    export_bundle(narrow_generator(SIZE), left, name="left")
    newest.mkdir()
    engine = OrtEngine(ModelBundle.open(left), "cpu")
    kept.make_room(newest)
    assert engine.w_avg.any() and left.exists()
    del engine
    gc.collect()
    kept.make_room(newest)
    assert not left.exists() and newest.exists()


@pytest.mark.slow
def test_the_next_start_need_not_hash_a_new_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SETTLED", 1e9)  # it is new when it is opened
    model = file_opening.model_of_file(file, None, None)
    monkeypatch.setattr(cache, "SETTLED", -10.0)  # and is not when its model is there
    exporting.export(model)
    monkeypatch.setattr(files, "sha256", None)
    assert cache.sha256(file) == model.digest


def test_a_file_that_changes_while_it_is_opened_gets_no_model(file: Path) -> None:
    model = file_opening.model_of_file(file, None, None)
    save_file(narrow_generator(SIZE, seed=1).state_dict(), file)
    with pytest.raises(CheckpointError, match="has changed since it was opened"):
        exporting.export(model)
    assert not model.is_there and not kept.listed()


def test_what_a_word_names(file: Path, tmp_path: Path) -> None:
    session = tmp_path / "edit.json"
    session.write_text('{"format": "tui-draggan session", "version": 2}')
    assert parse([str(file)]).model == str(file)
    assert parse(["--seed", "3", str(file), "--steps", "5"]).seed == 3
    assert parse([str(session)]).session == session
    assert parse([str(tmp_path)]).model == str(tmp_path)
    assert parse(["critters"]).model == "critters"
    for words, why in (
        (["nowhere.pkl"], "nowhere.pkl does not exist; expected a checkpoint"),
        (["frobnicate"], "invalid choice"),
        ([str(file), str(session)], "invalid choice"),
        ([str(file), "--model", "critters"], "remove one of them"),
        ([str(session), "--session", "other"], "remove one of them"),
    ):
        with pytest.raises(UsageError, match=why):
            parse(words)


def test_what_model_names(file: Path, tmp_path: Path) -> None:
    assert file_opening.weights_at(None) is None
    assert file_opening.weights_at("critters") is None
    assert file_opening.weights_at(str(paths.bundled_models() / "critters")) is None
    assert file_opening.weights_at(str(file)) == file
    run = RunFolder(tmp_path / "run")
    run.snapshots.mkdir(parents=True)
    run.config.write_text("{}")
    with pytest.raises(UsageError, match="no snapshot yet"):
        file_opening.weights_at(str(run.path))
    run.network.write_bytes(b"")
    assert file_opening.weights_at(str(run.path)) == run.network
    for step in (20, 100):
        run.snapshot(step).write_bytes(b"")
    assert file_opening.weights_at(str(run.path)) == run.snapshot(100)


def test_others_folders_in_the_cache_are_no_models(file: Path) -> None:
    kept.place("x@00000000").mkdir()
    assert "x@00000000" in [model.name for model in library.all_models()]
    paths.opened_models().chmod(0o777)
    assert "x@00000000" not in [model.name for model in library.all_models()]


def test_a_feature_block_is_part_of_the_name(file: Path) -> None:
    assert kept.name_of(file, "0123456789", 64) == "my-net@01234567-b64"
    generator = narrow_generator(SIZE)
    digest = cache.sha256(file)
    export_bundle(
        generator, paths.user_models() / "mine", name="mine", origin=f"x, SHA-256 {digest}"
    )
    assert kept.find(digest, None) == kept.find(digest, 16) == paths.user_models() / "mine"
    assert kept.find(digest, 8) is None and kept.find("f" * 64, None) is None
