"""`tui-draggan import`: a checkpoint of another program becomes a model, or nothing is left."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import nvidia_pickle
from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.choose import open_engine
from tui_draggan.files import TEMPORARY
from tui_draggan.testing.waiting import LIMIT, wait_until

KIND = Kind(channels=(16, 16, 12, 8), c_dim=3, architecture="resnet", conv_clamp=2.0)
WEIGHTS = paths.bundled_models() / "critters" / "generator.pt"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models: none yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return paths.user_models()


@pytest.fixture
def pickle(tmp_path: Path) -> Path:
    """A conditional generator as another program keeps it, under a name that needs mending."""
    path = tmp_path / "my animals (64k).pkl"
    path.write_bytes(nvidia_pickle(random_tensors(KIND), KIND))
    return path


@pytest.mark.slow
def test_a_pickle_becomes_a_model_that_shows_its_pictures(
    models: Path, pickle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["--classes", "cat,dog,bear", "--learning-rate", "0.01", "--space", "w"]
    assert main(["import", str(pickle), *names, "--licence", "CC0"]) == 0
    said = capsys.readouterr().out
    for words in (
        "reading my animals (64k).pkl",
        "stylegan2-ada-pytorch",
        "resnet",
        "32 × 32 px",
        "z 14, w 12, 8 rows of w+",
        "16 16 12 8",
        "classes       3",
        "writing the model",
    ):
        assert words in said
    *_, place, last = said.splitlines()
    assert last == "open it with: tui-draggan --model my-animals-64k"
    assert place.startswith(f"it lies in {models / 'my-animals-64k'} (")
    assert re.search(
        r"\(\d+\.\d [kM]B, and \d+\.\d [kM]B of optimised graphs in the cache\)", place
    )

    bundle = ModelBundle.open(models / "my-animals-64k")
    bundle.verify()
    info = bundle.info
    assert (info.name, info.classes) == ("my-animals-64k", ("cat", "dog", "bear"))
    assert info.recommended == {"learning_rate": 0.01, "space": "w"} and info.licence == "CC0"
    assert pickle.name in info.origin and "stylegan2-ada-pytorch" in info.origin
    assert hashlib.sha256(pickle.read_bytes()).hexdigest() in info.origin

    engine = open_engine(bundle, "cpu")
    plain = KIND.plain(random_tensors(KIND))
    latent = latent_from_seed(engine, 5, 0.6, 2)
    z = torch.from_numpy(np.random.RandomState(5).randn(14).astype(np.float32)).double()
    mean = random_tensors(KIND)["mapping.w_avg"].double()
    w = mean + 0.6 * (plain.w(z, 2) - mean)
    np.testing.assert_allclose(latent.ws[0], w, atol=1e-4)
    expected = ((plain.picture(w) + 1) * 127.5).clamp(0, 255).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(engine.render(latent.ws), expected, atol=1.01)

    out = pickle.parent / "out.png"
    drag = ["drag", "--model", "my-animals-64k", "--class", "dog", "--point", "10,10:14,10"]
    assert main([*drag, "--steps", "2", "--out", str(out)]) == 3 and out.exists()


def test_a_name_that_is_taken_is_refused_before_the_work(
    models: Path, pickle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / "zoo").mkdir(parents=True)
    (models / "zoo" / "note").write_text("mine")
    arguments = ["import", str(pickle), "--name", "zoo"]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == "" and "a model named zoo already exists; add --replace" in err
    assert main([*arguments, "--replace"]) == 0
    assert ModelBundle.open(models / "zoo").info.size == (32, 32)
    assert not (models / "zoo" / "note").exists()


@pytest.mark.parametrize("name", ["critters", "../up", ".hidden", "-x", "a b", "", "x" * 81])
def test_names_that_cannot_be(
    models: Path, pickle: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(pickle), f"--name={name}"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and not models.exists()


def test_what_is_no_generator_or_does_not_fit_leaves_nothing(
    models: Path, pickle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.pkl"
    text.write_text("no weights")
    for arguments, words in (
        ([str(text)], "text.pkl"),
        ([str(tmp_path / "missing.pkl")], "missing.pkl"),
        ([str(tmp_path)], str(tmp_path)),
        ([str(pickle), "--classes", "cat,dog"], "--classes has 2 names; the generator has 3"),
        ([str(pickle), "--classes", "cat,cat,dog"], "a name twice"),
        ([str(pickle), "--feature-block", "7"], "choose from 4, 8, 16, 32"),
    ):
        assert main(["import", *arguments]) == 2
        said = capsys.readouterr().err
        assert words in said and len(said.splitlines()) == 1
    assert not models.exists() or list(models.iterdir()) == []


def test_the_person_chooses_between_generators(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was chosen is described first; here the feature block then ends the work."""
    path = tmp_path / "two.pt"
    torch.save({"a": random_tensors(KIND), "b": random_tensors(Kind())}, path)
    assert main(["import", str(path)]) == 2
    assert "several generators: a, b; choose one with import --network" in capsys.readouterr().err
    assert main(["import", str(path), "--network", "b", "--feature-block", "7"]) == 2
    assert "channels      10 9 8 6" in capsys.readouterr().out
    assert not models.exists() or not list(models.iterdir())


def test_a_full_disk_is_told_before_and_while_writing(
    models: Path, pickle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1000))
        assert main(["import", str(pickle)]) == 1
    assert "only 1.0 kB are free" in capsys.readouterr().err

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tui_draggan.export.bundle_writer.write_drag_graphs", full)
    assert main(["import", str(pickle)]) == 1
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert list(models.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_import_that_is_stopped_leaves_what_was_there(
    models: Path, number: signal.Signals
) -> None:
    models.mkdir(parents=True)
    (models / "mine").mkdir()
    (models / "mine" / "note").write_text("mine")
    command = [sys.executable, "-m", "tui_draggan", "import", str(WEIGHTS)]
    process = subprocess.Popen(
        [*command, "--name", "mine", "--replace"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def is_writing() -> bool:
        assert process.poll() is None, process.communicate()
        return any(path.name.startswith(TEMPORARY) for path in models.iterdir())

    wait_until(is_writing, "the folder that becomes the bundle")
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130 and err == "tui-draggan: interrupted\n"
    assert [path.name for path in models.iterdir()] == ["mine"]
    assert (models / "mine" / "note").read_text() == "mine"


def test_without_torch_one_line_says_what_to_install(tmp_path: Path, pickle: Path) -> None:
    """A stand-in for a machine without it: a finder that knows no torch."""
    hide = "import sys; sys.modules['torch'] = None\n"
    code = f"{hide}from tui_draggan.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "import", str(pickle)], capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stdout == ""
    assert "import needs torch" in done.stderr and "tui-draggan[torch]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
