"""Sessions and journals come back as they were, and damaged ones are refused by name."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.edit.spot_edits import PARAMS, assert_same, dragged
from tui_draggan.edit.document import Document
from tui_draggan.edit.journal import Journal, journals_in
from tui_draggan.edit.journal_lines import model_of_journal, recover
from tui_draggan.edit.latent import Latent, Photo, Seed, latent_from_seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import VERSION, decode, load_session, model_of_session, save_session
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.pictures.crop import Crop
from tui_draggan.testing.spot_engine import INFO, SpotEngine, UprightEngine, ZooEngine

Values = dict[str, Any]
DATA = Path(__file__).parent / "data"
"""Files of format 1: version 0.1.0 wrote them, seed 3 of the zoo's bears after three steps."""


def test_a_session_file_loads_again(tmp_path: Path) -> None:
    session, _ = dragged()
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    assert_same(load_session(path, INFO), session.document)


def test_an_edit_of_a_picture_that_is_no_square_comes_back(tmp_path: Path) -> None:
    """Session file and journal: its lowest row is beyond the width, and so is its mask."""
    mask = np.zeros((64, 32), bool)
    mask[40:, 3:] = True
    engine = UprightEngine()
    document = Document(latent_from_seed(engine, 3, 0.7), mask=mask, parameters=PARAMS)
    journal = Journal(tmp_path / "journals", engine.info.name)
    session = Session(engine, document, journal.record)
    session.add_pair((31, 63), (0, 40))
    assert list(session.run(2))
    journal.close()
    (path,) = journals_in(tmp_path / "journals")
    assert_same(recover(path, engine.info).document, session.document)
    save_session(tmp_path / "edit.json", session.document, engine.info.name)
    loaded = load_session(tmp_path / "edit.json", engine.info)
    assert_same(loaded, session.document)
    assert loaded.mask is not None and loaded.mask.shape == (64, 32)
    values = json.loads((tmp_path / "edit.json").read_text())
    values["pairs"][0]["handle"] = [40, 3]
    with pytest.raises(UsageError, match="x goes from 0 to 31, y from 0 to 63"):
        decode(values, engine.info)


def test_a_session_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edit.json"
    for text in ("[" * 200_000, '{"a":' * 200_000):
        path.write_text(text)
        for read in (lambda: load_session(path, INFO), lambda: model_of_session(path)):
            with pytest.raises(UsageError, match=r"edit.json: not a session file; it is nested"):
                read()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda values: values.update(format="x"), "not a session file"),
        (lambda values: values.update(version=9), "version 9 is newer than this program"),
        (lambda values: values.update(version="x"), "version x; expected 1 or 2"),
        (lambda values: values.update(model="cats"), "made with model cats"),
        (lambda values: values.pop("pairs"), "incomplete"),
        (lambda values: values["latent"]["ws"].update(shape=[1, 4]), "incomplete or damaged"),
        (lambda values: values["latent"]["ws"].update(float32="!"), "incomplete or damaged"),
        (lambda values: values["pairs"][0].update(handle=[99, 3]), "lies outside"),
        (lambda values: values["parameters"].update(steps=-1), "steps is -1"),
        (lambda values: values.update(mask="AAAA"), "mask is not"),
        (lambda values: values["latent"]["origin"].update({"class": 0}), "class 0 is not in spot"),
        (
            lambda values: values["latent"]["origin"].update(photo="cat.jpg"),
            "incomplete or damaged",
        ),
        (lambda values: values["latent"].update(origin={"photo": 1, "sha256": ""}), "photograph"),
        (
            lambda values: values["latent"].update(
                origin={"photo": "a", "sha256": "0" * 64, "crop": [1, 2, 3]}
            ),
            "incomplete or damaged",
        ),
        (lambda values: values["latent"].update(origin={"latent": 1, "sha256": ""}), "the latent"),
        (lambda values: values["latent"].update(origin={}), "incomplete or damaged"),
        (lambda values: values["latent"].update(origin="seed 3"), "incomplete or damaged"),
        (lambda values: values["latent"]["origin"].update(psi=3), "psi is 3"),
        (lambda values: values["parameters"].update(speed=1), "no parameter named speed"),
        (
            lambda values: values["latent"]["origin"].update(seed=float("inf")),
            "incomplete or damaged",
        ),
    ],
)
def test_a_damaged_session_is_refused(
    tmp_path: Path, damage: Callable[[Values], object], message: str
) -> None:
    session, _ = dragged()
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    values = json.loads(path.read_text())
    damage(values)
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match=message) as error:
        load_session(path, INFO)
    assert str(path) in str(error.value)


def test_a_latent_with_nan_is_refused(tmp_path: Path) -> None:
    session, _ = dragged()
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    values = json.loads(path.read_text())
    size = INFO.num_ws * INFO.w_dim
    nan = np.full(size, np.nan, np.float32)
    values["latent"]["ws"]["float32"] = base64.b64encode(nan.tobytes()).decode()
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match="NaN"):
        load_session(path, INFO)


def test_session_and_journal_keep_the_class(tmp_path: Path) -> None:
    engine = ZooEngine()
    journal = Journal(tmp_path, "zoo")
    latent = latent_from_seed(engine, 3, 0.7, 2)
    session = Session(engine, Document(latent), journal.record)
    session.add_pair((30, 30), (30, 10))
    path = tmp_path / "edit.json"
    save_session(path, session.document, "zoo")
    assert load_session(path, engine.info).latent.origin == Seed(3, 0.7, 2)
    assert recover(journal.path, engine.info).document.latent.origin == Seed(3, 0.7, 2)
    values = json.loads(path.read_text())
    values["latent"]["origin"]["class"] = 5
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match="class 5 is not in zoo, which has 5"):
        load_session(path, engine.info)


def test_writing_where_one_cannot(tmp_path: Path) -> None:
    session, _ = dragged()
    with pytest.raises(OutputError, match="cannot be written"):
        save_session(tmp_path / "no" / "edit.json", session.document, "spot")


@pytest.mark.parametrize("crop", [None, Crop(12, 0, 300, 300)])
def test_a_photograph_comes_back_from_file_and_journal(tmp_path: Path, crop: Crop | None) -> None:
    photo = Photo("cat.jpg", "0123456789abcdef" * 4, crop)
    journal = Journal(tmp_path / "journals", INFO.name)
    ws = latent_from_seed(SpotEngine(), 3, 0.7).ws
    session = Session(SpotEngine(), Document(Latent(ws, photo), parameters=PARAMS), journal.record)
    session.add_pair((30, 30), (30, 10))
    for _ in session.run(steps=2):
        pass
    path = tmp_path / "edit.json"
    save_session(path, session.document, INFO.name)
    origin = json.loads(path.read_text())["latent"]["origin"]
    box = None if crop is None else [12, 0, 300, 300]
    assert origin == {"photo": "cat.jpg", "sha256": photo.sha256, "crop": box}
    assert_same(load_session(path, INFO), session.document)
    assert_same(recover(journal.path, INFO).document, session.document)
    journal.close()


# -- format 1 -------------------------------------------------------------------------------------

ZOO = ZooEngine.info


def test_files_and_journals_of_format_1_are_read() -> None:
    assert json.loads((DATA / "session-1.json").read_text())["version"] == 1
    assert model_of_session(DATA / "session-1.json") == "zoo"
    document = load_session(DATA / "session-1.json", ZOO)
    assert document.latent.origin == Seed(3, 0.7, 2) and document.latent.edited
    assert document.parameters == DragParams(
        learning_rate=0.004, r1=1, r2=2, space="w", tolerance=1.5, mask_mode="loss"
    )
    [pair] = document.pairs
    assert (pair.id, pair.handle, pair.target) == (1, (30, 18), (30, 10))
    start = latent_from_seed(ZooEngine(), 3, 0.7, 2)
    assert pair.template is not None
    np.testing.assert_array_equal(pair.template, start.ws[0])
    mask = np.zeros((64, 64), bool)
    mask[10:50, 3:60] = True
    assert document.mask is not None
    np.testing.assert_array_equal(document.mask, mask)

    assert model_of_journal(DATA / "journal-1.jsonl") == "zoo"
    bare = document.with_pair(replace(pair, template=None))  # a journal of format 1 has none
    assert_same(recover(DATA / "journal-1.jsonl", ZOO).document, bare)


def test_what_format_1_leaves_out_of_the_latent_is_the_drags() -> None:
    values = json.loads((DATA / "session-1.json").read_text())
    values["latent"].update(seed=None, psi=None, label=None)
    values["params"].update(seed=8, psi=0.25)
    assert decode(values, ZOO).latent.origin == Seed(8, 0.25)


def test_a_session_of_format_1_is_saved_as_the_format_of_today(tmp_path: Path) -> None:
    document = load_session(DATA / "session-1.json", ZOO)
    path = tmp_path / "edit.json"
    save_session(path, document, "zoo")
    values = json.loads(path.read_text())
    assert values["version"] == VERSION == 2
    assert values["latent"]["origin"] == {"seed": 3, "psi": 0.7, "class": 2}
    assert not {"seed", "psi"} & set(values["parameters"])
    assert_same(load_session(path, ZOO), document)


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values.pop("params"),
        lambda values: values["latent"].pop("seed"),
        lambda values: values["latent"].update(label=5),
        lambda values: values.update(latent=None),
        lambda values: values.update(params=[1]),
    ],
)
def test_damage_in_format_1_is_refused_too(damage: Callable[[Values], object]) -> None:
    values = json.loads((DATA / "session-1.json").read_text())
    damage(values)
    with pytest.raises(UsageError, match=r"incomplete or damaged|class 5"):
        decode(values, ZOO)
