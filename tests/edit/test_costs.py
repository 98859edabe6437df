"""What a step would take is known before it is asked for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.edit.costs import MOST_BYTES, step_bytes
from tui_draggan.edit.document import Document, State
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair
from tui_draggan.errors import UsageError
from tui_draggan.testing.pane import ROOT
from tui_draggan.testing.spot_engine import INFO, PARAMETERS, spot_session

CRITTERS = ModelBundle.open(paths.bundled_models() / "critters").info


def document(points: int, r1: int, r2: int) -> Document:
    """So many points, spread over the bundled model's picture."""
    places = np.random.RandomState(0).randint(20, 100, (points, 2))
    pairs = tuple(Pair(n, (int(x), int(y)), (0, 0)) for n, (x, y) in enumerate(places))
    ws = np.zeros((CRITTERS.num_ws, CRITTERS.w_dim), np.float32)
    return Document(Latent(ws, Seed(0, 0.7)), pairs, parameters=DragParams(r1=r1, r2=r2))


def test_it_grows_with_points_and_radii_and_less_where_points_are_near_each_other() -> None:
    base = step_bytes(document(4, 3, 12), CRITTERS)
    assert 0 < base < 20e6
    for more in (document(8, 3, 12), document(4, 6, 12), document(4, 3, 24)):
        assert step_bytes(more, CRITTERS) > base
    far = document(2, 8, 1)
    near = replace(far, pairs=tuple(replace(pair, handle=(50, 50)) for pair in far.pairs))
    assert step_bytes(near, CRITTERS) < step_bytes(far, CRITTERS)
    assert step_bytes(document(0, 3, 12), CRITTERS) == 0


STEP = """
import sys
from pathlib import Path
import numpy as np
from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.ort import OrtEngine

def held(name):
    return int(Path("/proc/self/status").read_text().partition(name)[2].split()[0]) * 1024

points, r1, r2 = map(int, sys.argv[1:])
engine = OrtEngine(ModelBundle.open(paths.bundled_models() / "critters"), "cpu")
ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
handles = np.random.RandomState(0).randint(20, 100, (points, 2)).astype(np.float32)
templates = engine.features(ws, handles)
engine.begin(Problem(ws))
engine.step(StepRequest(handles[:1], handles[:1] + 5, templates[:1], 2, 4, 0.0, 1e-3))
Path("/proc/self/clear_refs").write_text("5")  # the most that was held is counted from here
before = held("VmRSS:")
engine.step(StepRequest(handles, handles + 5, templates, r1, r2, 0.0, 1e-3))
print(held("VmHWM:") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("case", [(10, 32, 4), (10, 4, 64)], ids=["discs", "squares"])
def test_it_is_what_a_step_takes(case: tuple[int, int, int]) -> None:
    """Never less, and less than three times as much."""
    command = [sys.executable, "-c", STEP, *map(str, case)]
    took = int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    assert took < step_bytes(document(*case), CRITTERS) < 3 * took


def test_a_run_that_would_take_too_much_does_not_start(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    points = [word for n in range(30) for word in ("--point", f"{9 + n},{9 + 3 * n}:9,9")]
    out = tmp_path / "a.png"
    assert main(["drag", *points, "--r1", "64", "--r2", "128", "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "a step with 30 points, r1 64 and r2 128 would take about 10 GB of memory" in line
    assert "expected up to 4; use a smaller r1 or r2, or fewer points" in line
    assert not out.exists()


def test_one_that_comes_to_take_too_much_ends_where_it_was() -> None:
    session = spot_session(parameters=PARAMETERS)
    for n in range(40):
        session.add_pair((30, 20 + n), (30, 2))
    frames = session.run()
    first = next(frames)
    session.set_parameters(replace(session.document.parameters, r1=64, r2=128))
    assert step_bytes(session.document, INFO) > MOST_BYTES
    list(frames)
    assert session.status.state is State.DONE
    assert "would take about" in session.status.message
    assert session.document.latent.ws is first.ws
    with pytest.raises(UsageError, match="would take about"):
        session.start()
    session.set_parameters(replace(session.document.parameters, r2=4, r1=2))
    session.start(1)
