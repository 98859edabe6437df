"""The artifacts in their second language: a drag in JavaScript gives Python's numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.testing.waiting import LIMIT

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/web"
BUNDLE = ROOT / "artifacts/critters"
STEPS = 4


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its locked packages, in a folder of its own."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    folder = tmp_path_factory.mktemp("web")
    for file in EXAMPLE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if installed.returncode:
        pytest.skip(f"npm cannot install onnxruntime-web: {installed.stderr.strip()[-200:]}")
    return folder


@pytest.mark.parametrize("w_plus, whitened", [(True, False), (False, True)])
def test_javascript_gives_pythons_loss_gradient_and_handles(
    example: Path, tmp_path: Path, w_plus: bool, whitened: bool
) -> None:
    bundle = ModelBundle.open(BUNDLE)
    engine = OrtEngine(bundle, "cpu")
    ws = latent_from_seed(engine, 12, 0.7).ws
    handles = np.array([[49, 11], [20, 40]], np.float32)
    targets = np.array([[52, 3], [25, 38]], np.float32)
    edit = {
        "ws": ws.tolist(),
        "handles": handles.tolist(),
        "targets": targets.tolist(),
        "r1": 2,
        "r2": 6,
        "anchor": 0.5,
        "wPlus": w_plus,
        "whitened": whitened,
        "learningRate": 0.01,
        "steps": STEPS,
        "gradient": True,
    }
    (tmp_path / "edit.json").write_text(json.dumps(edit))
    command = ["node", "drag_node.mjs", str(BUNDLE), str(tmp_path / "edit.json")]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(theirs) == STEPS

    templates = engine.features(ws, handles)
    basis = engine.statistics.basis() if whitened else None
    engine.begin(Problem(ws, w_plus=w_plus, basis=basis))
    for line in theirs:
        ours = engine.step(StepRequest(handles, targets, templates, 2, 6, 20.0, 0.01, 0.5))
        handles = ours.handles
        assert line["loss"] == pytest.approx(ours.loss, rel=1e-4)
        gradient = engine.gradient().ravel()
        difference = np.linalg.norm(gradient - np.array(line["gradient"], np.float32))
        assert difference <= 1e-4 * np.linalg.norm(gradient)
        assert line["handles"] == handles.tolist()
