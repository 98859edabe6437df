"""FreeDrag as a task: what it asks engines for, where handles go, and that it arrives."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.api import open_model
from tui_draggan.bench.plain_features import PlainFeatures
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.document import Document
from tui_draggan.edit.freedrag import FreeDragTask, pixel_beside
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.task import Advance
from tui_draggan.edit.templates import take_templates
from tui_draggan.engines.base import StepRequest, StepResult
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import SpotEngine, spot_session

SIZE = Size(48, 64)
PARAMETERS = DragParams(method="freedrag", learning_rate=0.01, rows=3)


class Asked(OrtEngine):
    """Notes what it was asked for last, and what it answered."""

    request: StepRequest
    result: StepResult

    def step(self, request: StepRequest) -> StepResult:
        self.request, self.result = request, super().step(request)
        return self.result


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    path: Path = tmp_path_factory.mktemp("models") / "tiny"
    export_bundle(tiny_generator(), path, name="tiny", feature_block=FEATURE_BLOCK)
    return Asked(ModelBundle.open(path), "cpu")


def begun(engine: Asked, *pairs: Pair) -> tuple[FreeDragTask, Document]:
    w = engine.map(np.random.RandomState(1).randn(engine.info.z_dim).astype(np.float32), label=0)
    ws = np.tile(w, (engine.info.num_ws, 1))
    document = Document(Latent(ws, Seed(1)), pairs, parameters=PARAMETERS)
    for bare, ready in take_templates(engine, document):
        document = document.with_pair(ready)
        assert bare.id == ready.id
    task = FreeDragTask(engine)
    task.check(document)
    task.begin(document)
    return task, document


def stepped(task: FreeDragTask, document: Document) -> tuple[Advance, Document]:
    advance = task.step(document)
    assert advance is not None
    return advance, advance.applied(document, 1)


def test_the_loss_is_how_far_the_features_at_the_places_are_from_the_templates(
    engine: Asked,
) -> None:
    pairs = Pair(1, (8, 9), (20, 14)), Pair(2, (25, 20), (12, 22))
    task, document = begun(engine, *pairs)
    features = PlainFeatures(tiny_generator(), FEATURE_BLOCK)
    for _ in range(8):
        _, document = stepped(task, document)
        request, result = engine.request, engine.result
        small = features.enlarge(features.small(torch.tensor(result.ws)))
        handles, targets = torch.tensor(request.handles), torch.tensor(request.targets)
        way = targets - handles
        places = handles + way / way.norm(dim=1, keepdim=True)
        there = features.sample(small, places)
        expected = (there - torch.tensor(request.templates)).abs().mean(dim=1).sum()
        assert result.loss == pytest.approx(float(expected), rel=1e-3)
        assert float((places - targets).norm(dim=1).max()) <= 0.3, "nearly where they are to come"


@given(st.floats(2, SIZE.width - 3), st.floats(2, SIZE.height - 3))
def test_a_pixel_beside_a_place_is_about_one_pixel_away(x: float, y: float) -> None:
    pixel = pixel_beside(np.array([x, y], np.float32), SIZE)
    assert abs(math.dist(pixel, (x, y)) - 1) <= 0.3
    corner = pixel_beside(np.zeros(2, np.float32), SIZE)
    assert SIZE.holds(*corner) and math.dist(corner, (0, 0)) == 1


def test_places_go_along_the_line_and_pins_stay(engine: Asked) -> None:
    task, document = begun(
        engine, Pair(1, (8, 12), (20, 12)), Pair(2, (24, 24), (24, 24), pin=True)
    )
    furthest = 8.0
    for _ in range(30):
        advance, document = stepped(task, document)
        (x, y), pin = engine.request.targets
        assert y == pytest.approx(12) and 5 <= x <= 20 + 1e-4
        assert tuple(pin) == (24, 24)
        assert advance.handles[0][0] <= x + 1, "said to be where features have come, not further"
        furthest = max(furthest, float(x))
        np.testing.assert_array_equal(engine.request.templates[1], document.pairs[1].template)
    assert furthest > 8.4, "some stretches, of 0.2 px each, on a picture of 32"


def test_a_handle_that_is_moved_by_hand_begins_anew(engine: Asked) -> None:
    task, document = begun(engine, Pair(1, (8, 12), (20, 12)))
    for _ in range(4):
        _, document = stepped(task, document)
    elsewhere = document.with_pair(Pair(1, (20, 20), (20, 26)))
    ((_, ready),) = take_templates(engine, elsewhere)
    _, document = stepped(task, elsewhere.with_pair(ready))
    x, y = engine.request.targets[0]
    assert x == 20 and y > 20


def test_features_that_do_not_come_leave_the_handle_where_it_is() -> None:
    parameters = DragParams(method="freedrag", steps=40, patience=10)
    session = spot_session(SpotEngine(), parameters)
    number = session.add_pair((32, 32), (40, 32))
    list(session.run())
    assert session.status.outcome is Outcome.STUCK
    assert session.document.pair(number).handle == (32, 32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "rate"), [("w+", 0.4), ("whitened-w+", 0.13)], ids=["w+", "whitened"]
)
def test_a_run_of_the_bundled_model_arrives(space: str, rate: float) -> None:
    model = open_model("critters", "ort")
    session: Session = model.session(
        6, method="freedrag", space=space, learning_rate=rate, steps=150
    )
    number = session.add_pair((27, 27), (30, 18))
    frames = list(session.run())
    assert session.status.outcome is Outcome.REACHED, session.status
    pair = session.document.pair(number)
    assert pair.distance <= 1 and pair.template is not None
    where = np.array([pair.handle], np.float32)
    there = model.engine.features(session.document.latent.ws, where)
    assert pair.contrast and np.abs(there - pair.template).mean() < pair.contrast
    assert 3 < len(frames) < 150
