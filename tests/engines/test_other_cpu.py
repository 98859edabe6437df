"""One cache of graphs under two CPUs that call themselves the same.

The other one is emulated, with vectors half as wide; /proc/cpuinfo still tells of this one's, as
on a virtual machine whose host hides what it has.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.tiny import SIZE, random_generator
from tui_draggan.engines import cpu
from tui_draggan.engines.weight_layout import PROBE, weight_layout
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.config import GeneratorConfig

EMULATOR = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import cpu, graph_cache
from tui_draggan.engines.choose import open_engine

bundle, picture, computer = sys.argv[1:]
if computer:  # the weights' order is not known, and the proof is all there is
    cpu.computer = lambda: computer
    graph_cache.weight_layout = lambda: "the same"
engine = open_engine(ModelBundle.open(Path(bundle)), "cpu", "ort")
np.save(picture, engine.render(np.random.RandomState(0).randn(8, 16).astype(np.float32)))
"""


def test_the_probe_is_a_convolution() -> None:
    model = onnx.load_from_string(PROBE)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Range", "Reshape", "Conv"]
    values = {item.name: numpy_helper.to_array(item).tolist() for item in model.graph.initializer}
    assert values == {"a": 0.0, "b": 1024.0, "d": 1.0, "s": [32, 32, 1, 1]}
    assert weight_layout() == weight_layout() is not None


@pytest.mark.slow
@pytest.mark.parametrize("computers", [("", ""), ("one", "two")], ids=["its layout", "its proof"])
def test_a_cache_of_another_cpu_draws_no_wrong_picture(
    tmp_path: Path, computers: tuple[str, str]
) -> None:
    if EMULATOR is None:
        pytest.skip("qemu-user is not installed")
    if platform.machine() != "x86_64" or "avx512f" not in cpu.features().split():
        pytest.skip("this CPU has no wider vectors than the emulated one")
    path = tmp_path / "model"
    # Deep enough for every convolution to have its weights in blocks.
    config = GeneratorConfig(SIZE, (32, 32, 32, 16), z_dim=16, w_dim=16, mapping_layers=2)
    export_bundle(random_generator(config), path, name="deep", feature_block=16)
    pictures: list[Path] = []
    said = ""
    for emulator, computer in zip(([], [EMULATOR, "-cpu", "Haswell"]), computers, strict=True):
        pictures.append(tmp_path / f"{len(pictures)}.npy")
        done = subprocess.run(
            [*emulator, sys.executable, "-c", PROGRAM, str(path), str(pictures[-1]), computer],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        said = done.stderr
    ours, theirs = (np.load(picture).astype(int) for picture in pictures)
    assert np.abs(ours - theirs).max() <= 1 and ours.std() > 5
    rebuilt = "rebuilding the cached graph of synthesis.onnx: image differs by" in said
    assert rebuilt == (computers != ("", ""))
