"""What `--resume` offers in the editor."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.commands.opening import LastEdit
from tui_draggan.commands.resuming import edits_to_resume, latent_of_edit
from tui_draggan.edit.journal import Journal
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, spot_session
from tui_draggan.tui.services import Choice

NOON = time.mktime((2026, 11, 28, 12, 0, 0, 0, 0, -1))


@pytest.fixture
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Of critters, of a model that is gone, of critters, of that model; a minute each."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    files = []
    for number, model in enumerate(("critters", "gone", "critters", "gone")):
        journal = Journal(paths.journals(), model)
        session = spot_session(recorder=journal.record)
        session.add_pair((number, 3), (9, 9))
        for _ in session.run(steps=number) if number else ():
            pass
        journal.close()
        os.utime(journal.path, (NOON + 60 * number,) * 2)
        files.append(journal.path)
    return files


def test_the_newest_comes_first_and_what_cannot_be_opened_says_why(journals: list[Path]) -> None:
    oldest, gone, newest, last = map(str, journals)
    assert edits_to_resume("critters", alone=True) == [
        Choice(newest, "28 Nov, 12:02", "critters · seed 3 · 2 steps", current=True),
        Choice(oldest, "28 Nov, 12:00", "critters · seed 3 · 0 steps"),
    ]
    why = "the model gone is gone"
    assert edits_to_resume("critters", alone=False) == [
        Choice(last, "28 Nov, 12:03", "gone · seed 3 · 3 steps", why),
        Choice(newest, "28 Nov, 12:02", "critters · seed 3 · 2 steps", current=True),
        Choice(gone, "28 Nov, 12:01", "gone · seed 3 · 1 step", why),
        Choice(oldest, "28 Nov, 12:00", "critters · seed 3 · 0 steps"),
    ]


def test_one_of_them_opens_with_its_model_and_says_when_it_was(journals: list[Path]) -> None:
    edit, info = LastEdit(journals[0]), replace(INFO, name="critters")
    assert edit.model() == "critters"
    assert edit.opened(info)[0].pairs[0].handle == (0, 3)
    assert edit.note(info) == "the edit of 28 Nov, 12:00, as it was left"
    journals[0].write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be read, or holds no edit"):
        edit.model()


def test_the_latent_of_one_is_known_for_the_model_that_is_open(journals: list[Path]) -> None:
    info = replace(INFO, name="critters")
    latent = latent_of_edit(str(journals[2]), info)
    assert latent is not None
    np.testing.assert_array_equal(latent.ws, LastEdit(journals[2]).opened(info)[0].latent.ws)
    assert latent_of_edit(str(journals[1]), info) is None
