"""What the options of a command ask to be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_draggan.cli import parse
from tui_draggan.commands.opening import LastEdit, NewPicture, OpenRequest, SavedSession
from tui_draggan.errors import UsageError


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
        "w_plus": False,
        "tolerance": None,
    }


def test_a_stored_edit_by_its_file_or_the_last_one() -> None:
    assert asked("--session", "edit.json").start == SavedSession(Path("edit.json"))
    assert asked("--session", "~/edit.json").start == SavedSession(Path.home() / "edit.json")
    assert asked("drag", "--resume").start == LastEdit()


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
