"""Sessions and journals come back as they were, and damaged ones are refused by name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.journal import Journal, model_of_journal, newest_journal, recover
from tui_draggan.edit.latent import Seed, latent_from_seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine

PARAMS = DragParams(learning_rate=0.002, r1=1, r2=2)


def dragged(recorder=None, steps: int = 4) -> tuple[Session, list[Frame]]:
    engine = SpotEngine()
    mask = np.zeros((64, 64), bool)
    mask[10:50, 3:60] = True
    session = Session(
        engine, Document(latent_from_seed(engine, 3, 0.7), (), mask, PARAMS), recorder
    )
    session.add_pair((30, 30), (30, 10))
    session.start(steps)
    frames = []
    while session.wait_for_work(0):
        event = session.work()
        if isinstance(event, Frame):
            frames.append(event)
    return session, frames


def assert_same(one: Document, other: Document) -> None:
    np.testing.assert_array_equal(one.latent.ws, other.latent.ws)
    assert one.latent.origin == other.latent.origin
    assert one.latent.edited == other.latent.edited
    for ours, theirs in zip(one.pairs, other.pairs, strict=True):
        assert (ours.id, ours.handle, ours.target) == (theirs.id, theirs.handle, theirs.target)
        np.testing.assert_array_equal(ours.template, theirs.template)
    np.testing.assert_array_equal(one.mask, other.mask)
    assert one.parameters == other.parameters


def test_a_session_file_loads_again(tmp_path: Path):
    session, _ = dragged()
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    assert_same(load_session(path, INFO), session.document)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda values: values.update(format="x"), "not a session file"),
        (lambda values: values.update(version=9), "version 9"),
        (lambda values: values.update(model="cats"), "made with model cats"),
        (lambda values: values.pop("pairs"), "incomplete"),
        (lambda values: values["latent"]["ws"].update(shape=[1, 4]), "incomplete or damaged"),
        (lambda values: values["latent"]["ws"].update(float32="!"), "incomplete or damaged"),
        (lambda values: values["pairs"][0].update(handle=[99, 3]), "lies outside"),
        (lambda values: values["parameters"].update(steps=-1), "steps is -1"),
        (lambda values: values.update(mask="AAAA"), "mask is not"),
        (lambda values: values["latent"]["origin"].update({"class": 0}), "class 0 is not in spot"),
        (
            lambda values: values["latent"]["origin"].update(seed=float("inf")),
            "incomplete or damaged",
        ),
    ],
)
def test_a_damaged_session_is_refused(tmp_path: Path, damage, message: str):
    session, _ = dragged()
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    values = json.loads(path.read_text())
    damage(values)
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match=message) as error:
        load_session(path, INFO)
    assert str(path) in str(error.value)


def test_a_latent_with_nan_is_refused(tmp_path: Path):
    session, _ = dragged()
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    values = json.loads(path.read_text())
    size = INFO.num_ws * INFO.w_dim
    nan = np.full(size, np.nan, np.float32)
    import base64

    values["latent"]["ws"]["float32"] = base64.b64encode(nan.tobytes()).decode()
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match="NaN"):
        load_session(path, INFO)


def test_session_and_journal_keep_the_class(tmp_path: Path):
    engine = ZooEngine()
    journal = Journal(tmp_path, "zoo")
    latent = latent_from_seed(engine, 3, 0.7, 2)
    session = Session(engine, Document(latent), journal.record)
    session.add_pair((30, 30), (30, 10))
    path = tmp_path / "edit.json"
    save_session(path, session.document, "zoo")
    assert load_session(path, engine.info).latent.origin == Seed(3, 0.7, 2)
    assert recover(journal.path, engine.info).latent.origin == Seed(3, 0.7, 2)
    values = json.loads(path.read_text())
    values["latent"]["origin"]["class"] = 5
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match="class 5 is not in zoo, which has 5"):
        load_session(path, engine.info)


def test_what_is_merely_looked_at_leaves_no_journal(tmp_path: Path):
    journal = Journal(tmp_path, "spot")
    engine = SpotEngine()
    session = Session(engine, Document(latent_from_seed(engine, 3, 0.7)), journal.record)
    assert list(tmp_path.iterdir()) == []
    session.add_pair((30, 30), (30, 10))
    session.undo()
    assert recover(newest_journal(tmp_path), INFO).pairs == (), "the first state is in it"


def test_each_model_has_its_newest_journal(tmp_path: Path):
    paths = {}
    for age, model in enumerate(("spot", "zoo", "spot", "zoo")):
        journal = Journal(tmp_path, model)
        engine = ZooEngine() if model == "zoo" else SpotEngine()
        latent = latent_from_seed(engine, 3, 0.7)
        Session(engine, Document(latent), journal.record).add_pair((3, 3), (9, 9))
        os.utime(journal.path, (age, age))
        paths[model] = journal.path
    assert newest_journal(tmp_path, "spot") == paths["spot"]
    assert newest_journal(tmp_path) == newest_journal(tmp_path, "zoo") == paths["zoo"]
    assert model_of_journal(paths["spot"]) == "spot"
    with pytest.raises(UsageError, match="no earlier edit of cats"):
        newest_journal(tmp_path, "cats")


def test_the_journal_of_a_killed_process_loses_at_most_a_step(tmp_path: Path):
    journal = Journal(tmp_path / "journals", INFO.name)
    session, frames = dragged(journal.record)
    path = newest_journal(tmp_path / "journals")
    document = recover(path, INFO)
    assert document.parameters == PARAMS
    np.testing.assert_array_equal(document.latent.ws, session.document.latent.ws)
    assert document.pairs[0].handle == session.document.pairs[0].handle

    text = path.read_text()
    path.write_text(text[:-20])  # the last line is cut off, as by a kill in the middle of a write
    document = recover(path, INFO)
    np.testing.assert_array_equal(document.latent.ws, frames[-2].ws)
    assert document.pairs[0].handle == frames[-2].handles[1]
    journal.close()


def test_journals_do_not_pile_up(tmp_path: Path):
    for i in range(30):
        (tmp_path / f"2020-{i:02d}.jsonl").write_text("")
    dragged(Journal(tmp_path, "spot").record)
    assert len(list(tmp_path.glob("*.jsonl"))) == 20
    with pytest.raises(UsageError, match="no earlier edit"):
        newest_journal(tmp_path / "none")


def test_writing_where_one_cannot(tmp_path: Path):
    session, _ = dragged()
    with pytest.raises(OutputError, match="cannot be written"):
        save_session(tmp_path / "no" / "edit.json", session.document, "spot")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="journal"):
        Journal(tmp_path / "file" / "journals", "spot")
