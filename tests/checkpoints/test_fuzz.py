"""12,500 mutations of valid files: a model or a refusal in one line, and never anything else.

Each process that reads them may not take more than `limits.MAX_MEMORY`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.checkpoints.watched import MODEL, run_apart
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.genforce import genforce_checkpoint, genforce_state
from tests.checkpoints.writers.nvidia import generator_record, nvidia_pickle
from tests.checkpoints.writers.tensorflow import tensorflow_pickle
from tests.checkpoints.writers.torch_zip import torch_zip

pytestmark = pytest.mark.slow

KIND = Kind(channels=(3, 2), z_dim=3, w_dim=3, mapping_layers=1)
COUNT = 2500


def nvidia(protocol: int) -> bytes:
    return nvidia_pickle(random_tensors(KIND), KIND, networks=("G_ema",), protocol=protocol)


def tensorflow() -> bytes:
    return tensorflow_pickle(random_tensors(KIND), KIND)


def old_torch() -> bytes:
    file = io.BytesIO()
    value = genforce_checkpoint(genforce_state(random_tensors(KIND), KIND))
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def module_in_archive() -> bytes:
    return torch_zip({"G_ema": generator_record(random_tensors(KIND), KIND)})


FILES: dict[str, Callable[[], bytes]] = {
    "NVIDIA, protocol 2": lambda: nvidia(2),
    "NVIDIA, protocol 4": lambda: nvidia(4),
    "TensorFlow": tensorflow,
    "genforce, old torch": old_torch,
    "module in torch's archive": module_in_archive,
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize("name", FILES)
def test_mutations_are_models_or_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "valid.pkl"
    file.write_bytes(FILES[name]())

    (line,) = run_apart(["-m", "tests.checkpoints.fuzzed", file, COUNT], tmp_path)

    result = json.loads(line)
    assert result["failures"] == []
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    # Deep enough: some are still models, the others are refused for many reasons.
    assert sum(result["said"].values()) == COUNT
    assert 0.02 * COUNT < result["said"][MODEL] < 0.9 * COUNT
    assert len(result["said"]) > 40
