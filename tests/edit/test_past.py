"""A session file and a journal bring back what led to an edit: undo, redo, runs, distances."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edit.spot_edits import PARAMS, assert_same
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.journal import Journal
from tui_draggan.edit.journal_lines import recover
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.lifecycle import Past
from tui_draggan.edit.past import load_edit, save_edit
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import load_session
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine


def work(session: Session) -> None:
    while session.wait_for_work(0):
        session.work()


def act(session: Session, action: str) -> None:
    """One thing that a person does."""
    pairs, frames = session.document.pairs, session.frames
    if action == "add":
        session.add_pair((30, 30), (30, 20 - len(pairs)))
    elif action == "delete" and pairs:
        session.delete_pair(pairs[0].id)
    elif action == "move" and pairs:
        session.move_target(pairs[-1].id, (40, 30 + len(frames) % 9))
    elif action == "run" and pairs:
        session.start(3)
    elif action == "stop":
        session.stop()
    elif action == "seed":
        session.open_seed(session.document.parameters.steps % 7 + 11)
    elif action == "parameter":
        steps = session.document.parameters.steps
        session.set_parameters(session.document.parameters.with_values(steps=steps + 1))
    elif action == "goto" and frames:
        session.goto(len(frames) // 2)
    elif action == "first run" and session.snapshot().runs:
        session.stop()
        session.goto(0, run=0)
    elif action == "reset" and session.document.latent.edited:
        session.reset_picture()
    elif action == "undo":
        session.undo()
    elif action == "redo":
        session.redo()
    work(session)


ACTIONS = (
    *("add", "delete", "move", "run", "run", "stop", "seed", "parameter"),
    *("goto", "first run", "reset", "undo", "undo", "redo"),
)


def new_session(journal: Journal | None = None) -> Session:
    engine = SpotEngine()
    document = Document(latent_from_seed(engine, 3, 0.7), parameters=PARAMS)
    session = Session(engine, document, None if journal is None else journal.record)
    work(session)
    return session


def told(frames: tuple[Frame, ...]) -> list[tuple[object, ...]]:
    return [
        (f.iteration, f.ws.tobytes(), f.handles, f.loss, f.distance, f.unpulled) for f in frames
    ]


def assert_same_past(one: Session, other: Session) -> None:
    """Both walk back through the same states, and forth again."""
    for move in (Session.undo, Session.redo):
        for _ in range(1000):
            assert_same(one.document, other.document)
            assert told(one.frames) == told(other.frames)
            assert one.snapshot().shown == other.snapshot().shown
            labels = move(one), move(other)
            assert labels[0] == labels[1]
            if labels[0] is None:
                break
            work(one)
            work(other)


def again(document: Document, past: Past | None) -> Session:
    session = Session(SpotEngine(), document, past=past)
    work(session)
    return session


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), max_size=14))
def test_session_file_and_journal_bring_everything_back(actions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(folder / "journals", INFO.name)
        session = new_session(journal)
        for action in actions:
            act(session, action)
        session.pause()
        file = folder / "edit.json"
        save_edit(file, session.document, session.past, INFO.name)
        loaded = again(*load_edit(file, INFO))
        if journal.path.exists():
            found = recover(journal.path, INFO)
            assert found.damaged == 0
            resumed = again(found.document, found.past)
            assert_same_past(session, resumed)
        while session.redo() is not None:
            work(session)
        while loaded.redo() is not None:
            work(loaded)
        assert_same_past(session, loaded)
        journal.close()


def test_an_edit_that_is_resumed_twice_keeps_its_whole_past(tmp_path: Path) -> None:
    first = Journal(tmp_path, INFO.name)
    session = new_session(first)
    for action in ("add", "run", "seed"):
        act(session, action)
    found = recover(first.path, INFO)
    second = Journal(tmp_path, INFO.name)
    resumed = Session(SpotEngine(), found.document, second.record, past=found.past)
    work(resumed)
    act(resumed, "add")
    act(session, "add")
    once_more = recover(second.path, INFO)
    assert_same_past(session, again(once_more.document, once_more.past))


def test_the_last_run_can_be_walked_and_animated_again(tmp_path: Path) -> None:
    session = new_session()
    act(session, "add")
    act(session, "run")
    save_edit(tmp_path / "edit.json", session.document, session.past, INFO.name)
    loaded = again(*load_edit(tmp_path / "edit.json", INFO))
    assert [frame.image for frame in loaded.frames] == [None] * len(session.frames)
    loaded.goto(1)
    work(loaded)
    assert loaded.snapshot().shown == 1
    np.testing.assert_array_equal(loaded.picture, SpotEngine().render(session.frames[1].ws))


def test_a_plain_reader_takes_the_document_and_damage_is_named(tmp_path: Path) -> None:
    session = new_session()
    act(session, "add")
    act(session, "run")
    file = tmp_path / "edit.json"
    save_edit(file, session.document, session.past, INFO.name)
    assert_same(load_session(file, INFO), session.document)
    values = json.loads(file.read_text())
    damages: list[dict[str, object]] = [
        {"undo": [["x", 99, 0]]},
        {"runs": [[{}]]},
        {"documents": 3},
        {"run": "x"},
    ]
    for damage in damages:
        file.write_text(json.dumps({**values, "history": {**values["history"], **damage}}))
        with pytest.raises(UsageError, match=f"{file}"):
            load_edit(file, INFO)


def test_behind_a_damaged_line_the_history_begins_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name)
    session = new_session(journal)
    for action in ("add", "run", "parameter", "add"):
        act(session, action)
    lines = journal.path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"step", b"sxep")
    journal.path.write_bytes(b"".join(lines))
    found = recover(journal.path, INFO)
    assert found.damaged
    assert_same(found.document, session.document)
    labels = [label for label, _ in found.past.history.undoable] if found.past else []
    assert labels and len(labels) < len(session.past.history.undoable)


def test_steps_are_held_by_the_mask_as_they_were(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name)
    session = new_session(journal)
    mask = np.zeros((64, 64), bool)
    mask[20:50, 20:50] = True
    session.set_mask(mask)
    session.set_parameters(session.document.parameters.with_values(mask_mode="hold"))
    for action in ("add", "run", "add"):
        act(session, action)
    assert session.frames[-1].hold is not None
    save_edit(tmp_path / "edit.json", session.document, session.past, INFO.name)
    found = recover(journal.path, INFO)
    for document, past in (load_edit(tmp_path / "edit.json", INFO), (found.document, found.past)):
        assert past is not None
        for ours, theirs in zip(session.frames, past.frames, strict=True):
            assert ours.hold is not None and theirs.hold is not None
            np.testing.assert_array_equal(ours.hold.ws, theirs.hold.ws)
            np.testing.assert_array_equal(ours.hold.mask, theirs.hold.mask)
        assert document.hold is not None
