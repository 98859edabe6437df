"""What the options of a command ask to be opened."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.api import Model
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import parse
from tui_draggan.commands.opening import (
    LastEdit,
    LatentInFile,
    NewPicture,
    OpenRequest,
    SavedSession,
    opened_edit,
    warn_if_strange,
)
from tui_draggan.edit.journal import Journal
from tui_draggan.errors import UsageError
from tui_draggan.notices import Notices, heard
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session


def asked(*words: str) -> OpenRequest:
    return OpenRequest.of(parse(words))


def test_nothing_said_is_the_default_picture_of_the_default_model() -> None:
    assert asked() == asked("drag") == OpenRequest()
    assert OpenRequest().start == NewPicture(seed=0, psi=None, label=None)


def test_a_picture_by_seed_truncation_and_class() -> None:
    request = asked("drag", "--model", "zoo", "--seed", "7", "--psi", "0.5", "--class", "cat")
    assert request == OpenRequest("zoo", start=NewPicture(7, 0.5, "cat"))


def test_options_count_before_and_after_the_commands_name() -> None:
    assert asked("--seed", "7", "drag", "--psi", "0.5").start == NewPicture(7, 0.5)
    assert asked("--seed", "7", "drag", "--seed", "8").start == NewPicture(8)
    assert asked("--resume", "drag").start == LastEdit()


def test_parameters_are_those_that_were_given() -> None:
    words = ("--lr", "0.01", "--steps", "1e3", "--space", "w", "--tolerance", "auto")
    assert asked("drag", *words).parameters == {
        "learning_rate": 0.01,
        "steps": 1000,
        "space": "w",
        "tolerance": None,
    }


def test_a_stored_edit_by_its_file_or_the_last_one() -> None:
    assert asked("--session", "edit.json").start == SavedSession(Path("edit.json"))
    assert asked("--session", "~/edit.json").start == SavedSession(Path.home() / "edit.json")
    assert asked("drag", "--resume").start == LastEdit()


def test_the_last_edit_is_the_newest_whose_model_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = paths.journals()
    files = []
    for age, model in enumerate(("critters", "gone", "critters", "gone")):
        journal = Journal(folder, model)
        session = spot_session(recorder=journal.record)
        session.add_pair((age, 3), (9, 9))
        journal.close()
        os.utime(journal.path, (age + 1, age + 1))
        files.append(journal.path)
    info = replace(INFO, name="critters")
    assert LastEdit().model() == "critters"
    assert LastEdit().opened(info)[0].pairs[0].handle == (2, 3)
    assert LastEdit().note(info).endswith("; the last edit needs the model gone, which is gone")
    with files[2].open("a") as stream:
        stream.write("null\nnull\n")
    os.utime(files[2], (3, 3))
    assert LastEdit().opened(info)[0].pairs[0].handle == (2, 3)
    assert LastEdit().note(info).endswith("; damaged lines of the journal passed over: 2")
    for path in (files[0], files[2]):
        path.unlink()
    assert LastEdit().model() == "gone", "whose absence is then said"
    with pytest.raises(UsageError, match="no earlier edit of critters"):
        LastEdit().opened(info)


@pytest.mark.parametrize("stored", [("--session", "edit.json"), ("--resume",)])
@pytest.mark.parametrize(
    ("option", "value", "name"),
    [("--seed", "0", "seed"), ("--psi", "1", "psi"), ("--class", "cat", "class")],
)
def test_a_stored_edit_has_its_own_picture(
    stored: tuple[str, ...], option: str, value: str, name: str
) -> None:
    with pytest.raises(UsageError, match=f"already has a {name}; remove {option}"):
        asked("drag", *stored, option, value)


def test_a_latent_in_a_file() -> None:
    assert asked("--latent", "w.npz").start == LatentInFile(Path("w.npz"))
    request = asked("drag", "--model", "zoo", "--latent", "~/w.pt", "--latent-index", "2")
    assert request == OpenRequest("zoo", start=LatentInFile(Path.home() / "w.pt", 2))
    for option in ("--seed", "--psi", "--class"):
        with pytest.raises(UsageError, match=f"a latent from a file has no .*; remove {option}"):
            asked("drag", "--latent", "w.npz", option, "1")
    with pytest.raises(UsageError, match="--latent-index is for --latent FILE; remove it"):
        asked("--latent-index", "2")


@pytest.mark.parametrize("deviations", [0.5, 40])
def test_a_latent_outside_what_the_model_can_draw_is_said(
    tmp_path: Path, deviations: float
) -> None:
    engine, notices = SpotEngine(), Notices()
    model = Model(ModelBundle(tmp_path, INFO, {}), lambda: engine)
    basis = engine.statistics.basis()
    np.save(tmp_path / "w.npy", engine.statistics.mean + deviations * basis[0])
    with heard(notices):
        document, _ = opened_edit(LatentInFile(tmp_path / "w.npy"), model)
        warn_if_strange(model, document)
        assert document.parameters == model.parameters
    assert [line[:44] for line in notices.taken()] == (
        ["this latent lies outside what spot can draw "] if deviations > 1 else []
    )
    with heard(notices):  # of a seed, or edited since: the drag itself looks after it
        warn_if_strange(model, spot_session().document)
        warn_if_strange(model, document.with_ws(100 * document.latent.ws, edited=True))
    assert notices.taken() == []
