"""The train command: a folder in, a run out, and one line for every wrong input."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.commands import train
from tui_draggan.run_folder import RunFolder
from tui_draggan.training import losses
from tui_draggan.training.log import read_log

pytestmark = pytest.mark.slow

SMALL = ("--resolution", "64", "--channel-base", "512", "--channel-max", "8", "--batch", "4")
SHORT = ("--kimg", "0.016", "--log-kimg", "0.004", "--precision", "fp32", "--workers", "0")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for label in ("moon", "sun"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for number in range(4):
            values = random.integers(0, 256, (70, 80, 3), dtype=np.uint8)
            Image.fromarray(values).save(tmp_path / "pictures" / label / f"{number}.png")
    (tmp_path / "pictures/sun/broken.png").write_bytes(b"no picture")
    return tmp_path / "pictures"


def test_a_folder_becomes_a_run_and_the_run_a_model(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, model = tmp_path / "run", tmp_path / "model"
    assert main(["train", "--data", str(pictures), "--out", str(run), *SMALL, *SHORT]) == 0
    said = capsys.readouterr().out
    assert said.startswith("9 pictures; 2 classes from folders: moon (4), sun (5)\n")
    assert "skipped 1 file (not a picture of a known format): sun/broken.png" in said
    assert "only 8 pictures: the discriminator will memorise them" in said
    assert "8 pictures, classes moon, sun" in said
    assert f"tui-draggan import {run}/network.pt" in said
    losses = [line for line in read_log(RunFolder(run)) if "d" in line]
    assert [line["kimg"] for line in losses] == [0.004, 0.008, 0.012, 0.016]
    assert main(["import", str(run / "network.pt"), "--out", str(model)]) == 0
    assert ModelBundle.open(model).info.classes == ("moon", "sun")


def test_where_classes_come_from_is_the_persons_choice(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--data", str(pictures), "--out", str(tmp_path / "run"), *SMALL, *SHORT]
    assert main([*words, "--classes", "none"]) == 0
    assert capsys.readouterr().out.startswith("9 pictures; no classes: as --classes none asks\n")
    assert main([*words, "--classes", "folders"]) == 2
    assert "was started with another classes" in capsys.readouterr().err
    assert main([*words, "--classes", "dataset.json"]) == 2
    assert "pictures/dataset.json does not exist" in capsys.readouterr().err


def test_a_run_resumes_only_as_it_was_started(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--data", str(pictures), "--out", str(tmp_path / "run"), *SMALL, *SHORT]
    assert main(words) == 0
    assert main([*words, "--kimg", "0.024"]) == 0
    assert read_log(RunFolder(tmp_path / "run"))[-1]["kimg"] == 0.024
    capsys.readouterr()
    assert main([*words, "--seed", "2"]) == 2
    assert "started with another seed" in capsys.readouterr().err
    assert main([*words, "--channel-max", "16"]) == 2
    assert "started with another generator" in capsys.readouterr().err


def test_every_loss_can_be_chosen() -> None:
    assert set(losses.LOSSES) == set(train.LOSSES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs --data and --out"),
        (("--data", "nowhere", "--out", "run"), "nowhere does not exist"),
        (
            ("--data", "PICTURES", "--out", "PICTURES/moon/0.png"),
            "is a file; --out expects",
        ),
        (("--data", "PICTURES", "--out", "run", "--batch", "5", "--accumulate", "2"), "multiple"),
        (("--data", "PICTURES", "--out", "run", "--batch", "0"), "--batch is 0"),
        (("--data", "PICTURES", "--out", "run", "--kimg", "-1"), "--kimg is -1"),
        (("--data", "PICTURES", "--out", "run", "--kimg", "nan"), "--kimg is nan"),
        (("--data", "PICTURES", "--out", "run", "--augment", "much"), "ada, none, or 0 to 1"),
        (("--data", "PICTURES", "--out", "run", "--device", "tpuu"), "no device named tpuu"),
        (("--data", "PICTURES", "--out", "run", "--from", "no.pt"), "no.pt does not exist"),
        (("--data", "PICTURES", "--out", "run", "--resolution", "100"), "invalid choice"),
        (("--watch", "nowhere"), "nowhere"),
    ],
)
def test_wrong_input_is_one_line(
    tmp_path: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *(word.replace("PICTURES", str(pictures)) for word in words)]) == 2
    line = capsys.readouterr().err
    assert said in line and line.count("\n") == 1
    assert not (tmp_path / "run").exists()


BAD = {
    "--batch": ("0", "-3"),
    "--accumulate": ("0",),
    "--workers": ("-1",),
    "--threads": ("0",),
    "--seed": ("-1",),
    "--kimg": ("0", "-1", "nan", "inf"),
    "--learning-rate": ("0", "nan"),
    "--n-critic": ("0",),
    "--gamma": ("-1", "nan"),
    "--style-mixing": ("-0.1", "1.5", "nan"),
    "--path-weight": ("-1", "inf"),
    "--channel-base": ("0",),
    "--channel-max": ("0",),
    "--paired-kimg": ("-1",),
    "--log-kimg": ("0", "nan"),
    "--samples-kimg": ("0",),
    "--snapshot-kimg": ("-2",),
    "--keep": ("0",),
    "--augment": ("foo", "1.1", "nan"),
}


def test_every_number_has_a_range() -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    numbers = {
        action.option_strings[0]
        for action in parser._actions
        if action.type in (int, float) and action.choices is None
    }
    assert numbers == {one.flag for one in train.RANGES} <= BAD.keys()


@pytest.mark.parametrize(("flag", "value"), [(f, value) for f in BAD for value in BAD[f]])
def test_numbers_that_cannot_be_are_refused_before_anything_is_read(
    tmp_path: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flag: str,
    value: str,
) -> None:
    monkeypatch.setattr(train, "_train", pytest.fail)
    words = ["--data", str(pictures), "--out", str(tmp_path / "run"), f"{flag}={value}"]
    assert main(["train", *words]) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"tui-draggan: usage: {flag} is {value}; expected ")
    assert line.count("\n") == 1
    assert not (tmp_path / "run").exists() and not (tmp_path / "cache").exists()


def test_a_run_that_is_being_trained_is_refused_before_pictures_are_prepared(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.config.write_text("{}")
    with run.locked():
        words = ["--data", str(pictures), "--out", str(run.path), *SMALL, *SHORT]
        assert main(["train", *words]) == 2
    line = capsys.readouterr().err
    assert "is being trained by another process" in line and line.count("\n") == 1
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    words = ["train", "--data", str(pictures), "--out", str(tmp_path / "file/run"), *SMALL, *SHORT]
    assert main(words) == 1
    assert capsys.readouterr().err.count("\n") == 1
