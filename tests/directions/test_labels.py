"""Files of labels, and tables of scores: what comes back, and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui_draggan.directions.labels import Labels, LabelStore, Sample, read_labels, write_labels
from tui_draggan.directions.scores import read_scores
from tui_draggan.edit.latent import class_index
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO

ZOO = replace(INFO, name="zoo", classes=("cat", "dog"))
ONE, TWO, THREE = Sample(1, 0.7, 0), Sample(2**32 - 1, -0.5, 1), Sample(3, 1.0, 1)
LABELS: Labels = {"smile": {ONE: True, TWO: None, THREE: False}, "long ears": {ONE: False}}


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    return LabelStore(tmp_path / "data" / "zoo.json", ZOO)


def test_answers_come_back_in_their_order(store: LabelStore) -> None:
    assert store.all() == {} == store.answers("smile")
    store.add(LABELS)
    assert store.all() == LABELS
    assert list(store.answers("smile")) == [ONE, TWO, THREE]
    store.add({"smile": {ONE: False}})
    assert list(store.answers("smile").items())[-1] == (ONE, False), "the latest is the last"
    store.take_back("smile", ONE)
    assert list(store.answers("smile")) == [TWO, THREE]
    store.take_back("long ears", ONE)
    assert list(store.all()) == ["smile"], "an attribute without answers is none"
    with pytest.raises(UsageError, match="no labels for 'nose'; there are labels for smile"):
        store.remove("nose")
    store.remove("smile")
    assert store.all() == {}


def test_labels_go_to_a_friend(store: LabelStore, tmp_path: Path) -> None:
    store.add(LABELS)
    store.write_to(tmp_path / "shared.json", {"smile": LABELS["smile"]})
    friend = LabelStore(tmp_path / "friend.json", ZOO)
    friend.add({"smile": {ONE: None}, "nose": {ONE: True}})
    friend.add(friend.read(tmp_path / "shared.json"))
    assert friend.all() == {"smile": LABELS["smile"], "nose": {ONE: True}}


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    write_labels(path, LABELS, ZOO)
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def entry(*values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["labels"].update(smile=[list(values)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.pop("labels"), "is not a file of labels, or it is damaged"),
        (lambda values: values.update(format="x\x1b"), r"expected tui-draggan labels 1"),
        (lambda values: values.update(model="dogs"), "of the model dogs, but zoo is open"),
        (lambda values: values.update(labels=[1]), "or it is damaged"),
        (lambda values: values["labels"].update({"": []}), "is no name"),
        (entry(1, 0.7, 2, True), "names a class that zoo does not have"),
        (entry(1, 0.7, None, True), "names a class that zoo does not have"),
        (entry(1, 0.7, 0), "or it is damaged"),
        (entry(-1, 0.7, 0, True), "or it is damaged"),
        (entry(2**32, 0.7, 0, True), "or it is damaged"),
        (entry(1.0, 0.7, 0, True), "or it is damaged"),
        (entry(True, 0.7, 0, True), "or it is damaged"),
        (entry(1, float("nan"), 0, True), "or it is damaged"),
        (entry(1, 2.5, 0, True), "or it is damaged"),
        (entry(1, "a", 0, True), "or it is damaged"),
        (entry(1, 0.7, 0, 1), "or it is damaged"),
        (entry(1, 0.7, 0, "yes"), "or it is damaged"),
    ],
)
def test_a_damaged_file_is_refused_by_name(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = tmp_path / "some.json"
    changed(path, change)
    with pytest.raises(UsageError, match=message) as caught:
        read_labels(path, ZOO)
    assert "some.json" in str(caught.value) and "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b"[1]", b"{}"])
def test_what_is_no_file_of_labels_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"some.json (is not a file of labels|cannot be read)"):
        read_labels(path, ZOO)
    with pytest.raises(UsageError, match="is a folder; expected a file of labels"):
        read_labels(tmp_path, ZOO)


def test_a_model_without_classes_has_labels_without(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    labels = {"bright": {Sample(1, 1.0, None): True}}
    write_labels(path, labels, INFO)
    assert read_labels(path, INFO) == labels


# -- tables ----------------------------------------------------------------------------------------


def class_of(text: str | None) -> int | None:
    return 0 if text is None else class_index(text, ZOO)


def table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def test_a_table_of_scores(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "file,seed,class,psi,smile,age,#note",
        'a.png,1,dog,0.5,0.25,30,"x, y"',
        "",
        "b.png,2,,,1e-3,,",
    )
    one, two = Sample(1, 0.5, 1), Sample(2, 0.8, 0)
    assert read_scores(path, class_of, 0.8) == {
        "smile": {one: 0.25, two: 0.001},
        "age": {one: 30.0},
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "no column named seed"),
        (("smile,age", "1,2"), "no column named seed"),
        (("seed,class", "1,cat"), "expected a column for each attribute"),
        (("seed,a,a", "1,2,3"), "each named once"),
        (("seed,smile", "x,1"), "line 2: 'x' is no seed; expected 0 to 4294967295"),
        (("seed,smile", "1,2", "4294967296,1"), "line 3: '4294967296' is no seed"),
        (("seed,smile", "1"), "line 2: "),
        (("seed,smile", "1,2,3"), "line 2: "),
        (("seed,smile", "1,wide"), "line 2: smile is 'wide'; expected a number"),
        (("seed,smile", "1,nan"), "line 2: smile is nan; expected a finite number"),
        (("seed,psi,smile", "1,3,1"), "line 2: psi is 3; expected −2 to 2"),
        (("seed,class,smile", "1,cow,1"), "line 2: no class cow in zoo; available: cat, dog"),
    ],
)
def test_a_wrong_table_is_refused_by_file_and_line(
    tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    path = table(tmp_path, *lines)
    with pytest.raises(UsageError, match=message) as caught:
        read_scores(path, class_of, 0.8)
    assert "scores.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(b"seed,a\n\xff,1\n")
    with pytest.raises(UsageError, match=r"scores.csv is not a table of scores \(CSV\)"):
        read_scores(path, class_of, 0.8)
