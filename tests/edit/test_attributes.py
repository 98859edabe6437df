"""Attributes of the spot's pictures: where the spot is, which w says in its first two numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tui_draggan.directions.boundary import Whitening
from tui_draggan.directions.labels import Sample
from tui_draggan.edit.attributes import (
    Latents,
    found_by_labels,
    found_by_scores,
    least_sure,
)
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.sliders import Slider, Sliders
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import SpotEngine, ZooEngine

POOL = [Sample(seed, 1.0, None) for seed in range(300)]


def x_of(latents: Latents, samples: list[Sample]) -> list[float]:
    return [float(w[0]) for w in latents.of(samples)]


def test_a_few_labels_give_a_slider_that_moves_the_spot() -> None:
    engine = SpotEngine()
    latents, whitening = Latents(engine), Whitening.of(engine.statistics)
    asked = POOL[:60]
    answers: dict[Sample, bool | None] = {
        sample: x > 0.5 for sample, x in zip(asked, x_of(latents, asked), strict=True)
    }
    answers[POOL[200]] = None
    found = found_by_labels("right", answers, latents, whitening)
    assert found is not None and found.accuracy > 0.8 and found.labels is not None
    assert sum(found.labels) == 60 and found.explained is None
    assert found.words.endswith(" %") and " with, " in found.words
    rest = POOL[60:260]
    right = found.boundary.margins(whitening.coordinates(latents.of(rest))) > 0
    assert np.mean(right == (np.array(x_of(latents, rest)) > 0.5)) > 0.9

    document = Document(latent_from_seed(engine, 3, 1.0))
    slider = Slider(found.direction(), 1.5, (0, engine.info.num_ws - 1))
    moved = document.with_sliders(Sliders((slider,))).latent.ws[0] - document.latent.ws[0]
    assert moved[0] > 0.1 and abs(moved[0]) > 3 * np.abs(moved[1:]).max()


def test_scores_say_more_than_labels() -> None:
    engine = SpotEngine()
    latents, whitening = Latents(engine), Whitening.of(engine.statistics)
    scores = dict(zip(POOL, x_of(latents, POOL), strict=True))
    found = found_by_scores("right", scores, latents, whitening)
    assert found.explained is not None and found.explained > 0.98 and found.accuracy > 0.95
    assert found.words == f"300 scores · accuracy {found.words.split('accuracy ')[1]}"
    halves = {sample: float(score > 0.5) for sample, score in scores.items()}
    as_labels = found_by_scores("right", halves, latents, whitening)
    assert as_labels.labels is not None, "what is only 0 and 1 are labels"


def test_too_little_is_said() -> None:
    engine = SpotEngine()
    latents, whitening = Latents(engine), Whitening.of(engine.statistics)
    few: dict[Sample, bool | None] = dict.fromkeys(POOL[:3], True)
    assert found_by_labels("x", few, latents, whitening) is None
    with pytest.raises(UsageError, match="3 scores for 'x', or all are alike; expected 20"):
        found_by_scores("x", dict.fromkeys(POOL[:3], 0.5), latents, whitening)
    with pytest.raises(UsageError, match="300 scores for 'x', or all are alike"):
        found_by_scores("x", dict.fromkeys(POOL, 0.5), latents, whitening)
    with pytest.raises(UsageError, match="too few labels for 'x'; expected 4 of each kind"):
        found_by_scores("x", dict.fromkeys(POOL, 1.0), latents, whitening)


def test_the_next_question_is_where_the_boundary_is_least_sure() -> None:
    engine = SpotEngine()
    latents, whitening = Latents(engine), Whitening.of(engine.statistics)
    assert least_sure(None, POOL, latents, 3) == POOL[:3]
    scores = dict(zip(POOL, x_of(latents, POOL), strict=True))
    found = found_by_scores("right", scores, latents, whitening)
    asked = least_sure(found, POOL, latents, 20)
    middle = float(np.median(list(scores.values())))
    near = sorted(POOL, key=lambda one: abs(scores[one] - middle))[:60]
    assert set(asked) <= set(near)


def test_asking_where_it_is_least_sure_needs_fewer_labels() -> None:
    """Than asking in any order; over several attributes, each a direction in w."""
    engine = SpotEngine()
    latents, whitening = Latents(engine), Whitening.of(engine.statistics)
    u = whitening.coordinates(latents.of(POOL))
    random = np.random.default_rng(0)
    right = {"asked": 0.0, "in order": 0.0}
    for _ in range(12):
        truth = u @ random.standard_normal(u.shape[1]) > 0
        for way in right:
            answers: dict[Sample, bool | None] = {POOL[one]: bool(truth[one]) for one in range(12)}
            while len(answers) < 24:
                left = [sample for sample in POOL if sample not in answers]
                found = found_by_labels("x", answers, latents, whitening)
                chosen = least_sure(found if way == "asked" else None, left, latents, 1)[0]
                answers[chosen] = bool(truth[POOL.index(chosen)])
            found = found_by_labels("x", answers, latents, whitening)
            assert found is not None
            right[way] += float(np.mean((found.boundary.margins(u) > 0) == truth)) / 12
    assert right["asked"] > right["in order"]


def test_pictures_of_a_class_are_mapped_in_it_and_once() -> None:
    engine = ZooEngine()
    latents = Latents(engine)
    one, other = Sample(1, 1.0, 0), Sample(1, 1.0, 4)
    w = latents.of([one, other, one])
    assert engine.calls.count("map") == 2
    np.testing.assert_array_equal(w[0], w[2])
    assert (w[1] > w[0]).all()
    assert latents.of([]).shape == (0, 4)
