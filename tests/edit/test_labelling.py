"""Labels as they are given, one after another, for the spot's pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tui_draggan.directions.labels import LabelStore, Sample
from tui_draggan.edit.attributes import Latents
from tui_draggan.edit.labelling import Labelling, Learnt, pool_of
from tui_draggan.engines.base import Engine
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine, spot_session

POOL = pool_of(0.7, None, 0, 80)


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    return LabelStore(tmp_path / "spot.json", INFO)


def is_right(engine: Engine) -> Callable[[Sample], bool]:
    latents = Latents(engine)
    return lambda sample: float(latents.of([sample])[0, 0]) > 0.5


def test_answers_are_kept_and_resumed(store: LabelStore) -> None:
    labelling = Labelling("right", store, POOL)
    assert labelling.words == "right: 0 with, 0 without · 8 labels to the first slider"
    first, second, third = labelling.questions[:3]
    labelling.answer(first, True)
    labelling.answer(second, None)
    assert labelling.questions[0] == third
    assert labelling.words == "right: 1 with, 0 without · 1 skipped · 7 labels to the first slider"
    again = Labelling("right", store, POOL)
    assert dict(again.answers) == {first: True, second: None}
    assert again.questions == labelling.questions
    assert again.take_back() == second and again.questions[0] == second
    assert again.take_back() == first and again.take_back() is None
    assert store.all() == {}


def test_twenty_labels_give_a_slider_and_ask_where_it_is_unsure(store: LabelStore) -> None:
    engine = SpotEngine()
    labelling, truth = Labelling("right", store, POOL), is_right(engine)
    assert labelling.lesson()(engine).direction is None
    for _ in range(20):
        sample = labelling.questions[0]
        labelling.answer(sample, truth(sample))
        labelling.take(labelling.lesson()(engine))
    assert labelling.found is not None and labelling.found.accuracy > 0.6
    assert "accuracy" in labelling.words
    learnt = labelling.lesson()(engine)
    assert learnt.direction is not None
    vector = learnt.direction.vector[0]
    assert vector[0] > 0 and abs(vector[0]) > 1.5 * np.abs(vector[1:]).max()
    assert set(learnt.order) == set(labelling.questions)


def test_the_next_question_stays_while_somebody_looks_at_it(store: LabelStore) -> None:
    labelling = Labelling("right", store, POOL)
    first, *rest = labelling.questions
    labelling.take(Learnt(None, None, [*reversed(rest), first]))
    assert labelling.questions == [first, *reversed(rest)]
    labelling.answer(rest[-1], True)
    labelling.take(Learnt(None, None, rest[:3]))
    assert labelling.questions[:4] == [first, *rest[:3]]
    assert set(labelling.questions) == {first, *rest[:-1]}, "none is lost"


def test_labels_of_one_class_give_a_direction_of_it(store: LabelStore, tmp_path: Path) -> None:
    engine = ZooEngine()
    zoo = LabelStore(tmp_path / "zoo.json", engine.info)
    labelling, truth = Labelling("right", zoo, pool_of(1.0, 2, 5, 40)), is_right(engine)
    for sample in labelling.questions[:16]:
        labelling.answer(sample, truth(sample))
    learnt = labelling.lesson()(engine)
    assert learnt.direction is not None and learnt.direction.label == 2
    labelling.ask_about(pool_of(1.0, 3, 5, 40))
    assert {one.label for one in labelling.questions} == {3} and len(labelling.answers) == 16
    for sample in labelling.questions[:2]:
        labelling.answer(sample, truth(sample))
    learnt = labelling.lesson()(engine)
    assert learnt.direction is not None and learnt.direction.label is None


def test_a_session_asks_its_engine_when_there_is_nothing_else_to_do() -> None:
    engine = SpotEngine()
    session = spot_session(engine)
    told: list[str] = []
    session.consult(lambda one: told.append("never"))
    session.consult(lambda one: told.append(one.name))
    assert session.work() is not None, "the picture comes first"
    while session.wait_for_work(0):
        session.work()
    assert told == ["spot"], "the newer one alone"
