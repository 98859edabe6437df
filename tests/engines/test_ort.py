"""drag/step.onnx is ONNX as anyone knows it, and the engine needs no other drag file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from tui_draggan.bundle import ModelBundle

OWN = "training_model.onnx", "eval_model.onnx", "optimizer_model.onnx", "checkpoint"


@pytest.mark.parametrize("model", ["tiny", "critters"])
def test_the_step_is_standard(tiny_bundle: ModelBundle, critters: ModelBundle, model: str) -> None:
    file = {"tiny": tiny_bundle, "critters": critters}[model].file("drag/step.onnx")
    onnx.checker.check_model(file, full_check=True)
    step = onnx.load(file, load_external_data=False)
    assert step.ir_version == 8
    assert [(entry.domain, entry.version) for entry in step.opset_import] == [("", 17)]
    assert {node.domain for node in step.graph.node} == {""}
    shapes = {
        value.name: [side.dim_value or side.dim_param for side in value.type.tensor_type.shape.dim]
        for value in (*step.graph.input, *step.graph.output)
    }
    assert shapes["latent"] == shapes["gradient"]
    assert shapes["handles"] == shapes["new_handles"] == ["points", 2]
    places = {
        entry.value
        for tensor in step.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    assert places == {"weights.bin"}


def test_plain_onnxruntime_needs_no_training_artifact(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    """Where there is no other engine and the training API's files are empty, `auto` drags."""
    folder = tmp_path / "model"
    shutil.copytree(tiny_bundle.path, folder)
    for name in OWN:
        file = folder / "drag" / name
        file.write_bytes(b"\0" * file.stat().st_size)
    program = f"""
from pathlib import Path
import numpy as np
from tui_draggan.engines import runtime
runtime.has_training_api = lambda ort: False
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.choose import ENGINES, open_engine
ENGINES.pop("torch", None)
engine = open_engine(ModelBundle.open(Path({str(folder)!r})), "cpu")
assert engine.name == "ort"
ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
handles = np.array([[10, 20]], np.float32)
engine.begin(Problem(ws))
request = StepRequest(handles, handles + 5, engine.features(ws, handles), 3, 3, 20.0, 0.01)
results = [engine.step(request) for _ in range(3)]
assert np.isfinite(results[-1].loss) and np.abs(results[-1].ws - ws).max() > 0.01
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
