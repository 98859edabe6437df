from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import random_generator
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.config import GeneratorConfig

pytestmark = pytest.mark.slow

EDIT = """
import sys
from pathlib import Path
import numpy as np
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.choose import open_engine

def held(name):
    return int(Path("/proc/self/status").read_text().partition(name)[2].split()[0]) * 1024

engine = open_engine(ModelBundle.open(Path(sys.argv[1])), "cpu", sys.argv[2])
ws = np.tile(engine.map(np.ones(engine.info.z_dim)), (engine.info.num_ws, 1))
before = held("VmRSS:")
engine.render(ws)
handles = np.array([[400, 400]], np.float32)
engine.begin(Problem(ws))
templates = engine.features(ws, handles)
for _ in range(2):
    engine.step(StepRequest(handles, handles + 9, templates, 6, 24, 20.0, 1e-3))
engine.render(ws)
print(held("VmHWM:") - before)
"""
MAP = 16 * 1024**2 * 4
"""Bytes of the largest feature map of the model here."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_an_edit_takes_the_memory_of_a_few_maps(tmp_path: Path) -> None:
    """It is four; with an arena for every session, and the heap left as it is, eight."""
    config = GeneratorConfig.from_channel_base(
        1024, 16384, 64, z_dim=16, w_dim=16, mapping_layers=2
    )
    export_bundle(random_generator(config), tmp_path / "model", name="large")
    command = [sys.executable, "-c", EDIT, str(tmp_path / "model"), "ort-training"]
    took = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert took < 5.5 * MAP
