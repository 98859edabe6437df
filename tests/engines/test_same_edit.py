"""The same edit on every engine here goes the same way; reduced precision has to hold this too."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.choose import NAMED, open_engine
from tui_draggan.errors import EngineError

pytestmark = pytest.mark.slow

STEPS = 30
EAR, NOSE, CHIN = (99, 28, 103, 14), (71, 79, 79, 86), (70, 98, 70, 108)
SCRIPTS: dict[str, tuple[list[tuple[int, ...]], bool, bool]] = {
    "ear": ([EAR], True, False),
    "ear and chin, one w": ([EAR, CHIN], False, False),
    "nose, masked": ([NOSE], True, True),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_same_script_gives_the_same_handles(critters: ModelBundle, script: str) -> None:
    ends = {}
    for name in NAMED:
        try:
            ends[name] = run_script(critters, name, *SCRIPTS[script])
        except EngineError as error:
            print(f"{name}: {error}")
    for one, other in combinations(ends, 2):
        distance = np.linalg.norm(ends[one] - ends[other], axis=1).max()
        assert distance <= 1, f"{one} and {other} are {distance} px apart"


def run_script(
    bundle: ModelBundle, name: str, pairs: list[tuple[int, ...]], w_plus: bool, masked: bool
) -> np.ndarray:
    """30 steps; the learning rate and a target change on the way, as a person would do it."""
    engine = open_engine(bundle, "cpu", name)
    points = np.array(pairs, np.float32)
    handles, targets = points[:, :2].copy(), points[:, 2:].copy()
    editable = np.zeros(engine.info.size, bool)
    editable[48:120, 16:112] = True
    ws = latent_from_seed(engine, 12, 1.0).ws
    templates = engine.features(ws, handles)
    engine.begin(Problem(ws, 6, w_plus, editable if masked else None))
    for step in range(STEPS):
        if step == 15:
            targets[0] += (4, 2)
        rate = 0.08 if step < 20 else 0.04
        request = StepRequest(handles, targets, templates, 2, 6, 20.0, rate)
        handles = engine.step(request).handles
    assert np.linalg.norm(handles - points[:, :2], axis=1).max() >= 2, "nothing was dragged"
    return handles
