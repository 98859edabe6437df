"""The edits that `--resume` has to offer."""

from __future__ import annotations

from pathlib import Path

from tui_draggan import library, paths
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.journal import day_and_time, newest_journals
from tui_draggan.edit.journal_lines import model_of_journal, outline, recover
from tui_draggan.edit.latent import Latent
from tui_draggan.tui.services import Choice
from tui_draggan.wording import counted, printable


def latent_of_edit(journal: str, info: BundleInfo) -> Latent | None:
    """The latent that an edit was left at; None where it is another model's. Raises UsageError."""
    path = Path(journal)
    if model_of_journal(path) != info.name:
        return None
    return recover(path, info).document.latent


def edits_to_resume(model: str, alone: bool) -> list[Choice]:
    """The journals, the newest first, by their paths; the newest of `model` is the current one.

    alone: whether those of other models are left out. Raises UsageError where there is none.
    """
    choices: list[Choice] = []
    for path, name in newest_journals(paths.journals(), model if alone else None):
        try:
            found = outline(path)
        except OSError:  # removed meanwhile
            continue
        words = (printable(name), found.subject, counted(found.steps, "step"))
        gone = "" if name == model or library.is_there(name) else f"the model {name} is gone"
        current = name == model and not any(one.current for one in choices)
        note = " · ".join(filter(None, words))
        choices.append(Choice(str(path), day_and_time(path), note, printable(gone), current))
    return choices
