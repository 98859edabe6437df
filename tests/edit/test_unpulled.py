"""A point that nothing pulls is named, though others beside it are pulled."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tui_draggan import paths
from tui_draggan.arrays import Floats
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.commands import opening
from tui_draggan.edit.drag import step_request
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair, Point, coordinates
from tui_draggan.edit.unpulled import unpulled
from tui_draggan.engines.base import Engine, Problem
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.testing.pilot import editing
from tui_draggan.testing.spot_engine import PARAMETERS, SpotEngine, spot_session
from tui_draggan.tui.widgets.points_panel import PointsPanel

PLACES: list[tuple[Point, Point]] = [
    ((10, 0), (10, 60)),
    ((60, 60), (70, 60)),
    ((10, 2), (10, 60)),
    ((0, 40), (60, 40)),
    ((127, 40), (60, 40)),
    ((40, 127), (40, 60)),
    ((10, 0), (60, 0)),
]
"""The outermost two rows and columns hold the same features, so a disc of one pixel has no gradient
there. (In a drag it gets away: of equal pixels tracking takes the nearest to the target.)"""


@pytest.fixture(scope="module")
def engine() -> OrtEngine:
    return OrtEngine(ModelBundle.open(paths.bundled_models() / "critters"), "cpu")


def gradient(engine: Engine, ws: Floats, pair: Pair, r1: int) -> float:
    """What a step on this point alone has, where tracking leaves it where it is."""
    engine.begin(Problem(ws))
    request = step_request([pair], DragParams(r1=r1))
    return engine.step(replace(request, r2=0)).gradient_norm


@pytest.mark.slow
@pytest.mark.parametrize("r1", [1, 3])
def test_those_are_found_whose_own_loss_has_no_gradient(engine: OrtEngine, r1: int) -> None:
    ws = latent_from_seed(engine, 17, 1.0, 0).ws
    templates = engine.features(ws, coordinates([handle for handle, _ in PLACES]))
    pairs = [
        Pair(number, *place, template)
        for number, (place, template) in enumerate(zip(PLACES, templates, strict=True))
    ]
    dead = {pair.id for pair in pairs if gradient(engine, ws, pair, r1) == 0}
    assert unpulled(engine, ws, pairs, r1) == dead
    assert bool(dead) == (r1 == 1) and len(dead) < len(pairs)


class Flat(SpotEngine):
    """Without any detail right of the middle."""

    def open(self) -> None:
        """As an engine in a process has it."""

    close = open

    def features(self, ws: Floats, points: Floats) -> Floats:
        features = super().features(ws, points)
        features[points[:, 0] > 31] = 1
        return features


def test_headless_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "steps.jsonl"
    monkeypatch.setattr(opening, "engine_for", lambda *_: Flat())
    words = ["drag", "--point", "10,10:10,40", "--point", "50,20:50,60"]
    assert main([*words, "--steps", "2", "--json", "--log", str(log)]) == 3
    said = capsys.readouterr()
    assert "nothing pulls point 2: the features around the handle are all alike" in said.err
    assert [point["pulled"] for point in json.loads(said.out)["points"]] == [True, False]
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    assert [step["unpulled"] for step in steps] == [[2]] * 3


def test_it_is_looked_at_where_it_is_placed_not_at_every_step() -> None:
    engine = Flat()
    session = spot_session(engine, PARAMETERS)
    session.add_pair((10, 10), (10, 40))
    flat = session.add_pair((50, 20), (50, 60))
    frames = list(session.run(4))
    assert [frame.unpulled for frame in frames] == [{flat}] * len(frames)
    session.move_handle(flat, (12, 20))
    session.move_target(flat, (12, 60))
    before = engine.calls.count("features")
    frames = list(session.run(3))
    assert not any(frame.unpulled for frame in frames)
    assert engine.calls.count("features") == before + 2, "the template, and the place"
    session.delete_pair(flat)
    assert not any(frame.unpulled for frame in session.run(2))


async def test_the_screen_names_it() -> None:
    async with editing(Flat()) as editor:
        editor.session.add_pair((10, 10), (10, 50))
        editor.session.add_pair((50, 20), (50, 60))
        editor.screen.refresh_all()
        await editor.press("s")
        await editor.until(lambda: editor.session.frames, "a step")
        editor.screen.refresh_all()
        await editor.until(
            lambda: "no pull" in editor.screen.query_one(PointsPanel).text, "its row"
        )
        assert "nothing pulls point 2" in "\n".join(editor.log)
