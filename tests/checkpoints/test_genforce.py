from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.genforce import genforce_checkpoint, genforce_state
from tui_draggan.errors import CheckpointError


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", [Kind(), Kind(architecture="orig", channels=(7, 5))], ids=str)
def test_a_runner_s_checkpoint_gives_the_average_s_pictures(
    kind: Kind, zipped: bool, read: Read
) -> None:
    tensors = random_tensors(kind)
    checkpoint = read(saved(genforce_checkpoint(genforce_state(tensors, kind)), zipped))
    assert "genforce" in checkpoint.format
    assert checkpoint.notes == ()
    assert checkpoint.config.architecture == kind.architecture
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], tensors["mapping.w_avg"])
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize("key", ["generator_smooth", "generator", None])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_published_file_holds_the_networks_alone(
    key: str | None, prefix: str, read: Read
) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    state = {f"{prefix}{name}": value for name, value in genforce_state(tensors, kind).items()}
    checkpoint = read(saved(state if key is None else {key: state}))
    assert_same_pictures(checkpoint, kind, tensors)


def test_conditional_ones_are_refused_by_what_they_do(read: Read) -> None:
    kind = Kind(z_dim=12)
    state = genforce_state(random_tensors(kind), kind)
    state["mapping.label_weight"] = torch.randn(3, 12)
    with pytest.raises(CheckpointError, match="genforce, which normalises z and label together"):
        read(saved({"generator_smooth": state}))


@pytest.mark.parametrize(
    ("name", "tensor", "words"),
    [
        ("synthesis.layer3.gate", torch.ones(2), "synthesis.layer3.gate of shape (2,), which"),
        ("synthesis.layer3.weight", torch.ones(8, 9, 3), "b16.conv0.weight of shape (8, 9, 3)"),
        ("synthesis.layer1.noise", torch.ones(2, 8, 8), "b8.conv0.noise_const of shape (2, 8, 8)"),
        ("synthesis.layer1.style.bias", torch.ones(4), "b8.conv0.affine.bias of shape (4,)"),
        ("synthesis.layer1.filter.kernel", torch.ones(1, 1, 4, 4), "b8.conv0.resample_filter"),
        ("synthesis.early_layer.const", torch.ones(2, 10, 4, 4), "const of shape (2, 10, 4, 4)"),
        ("synthesis.layer9.weight", torch.ones(1), "blocks of 4, 8, 16, 32, 128 px"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    name: str, tensor: Tensor, words: str, read: Read
) -> None:
    kind = Kind()
    state = genforce_state(random_tensors(kind), kind)
    with pytest.raises(CheckpointError) as caught:
        read(saved({"generator_smooth": {**state, name: tensor}}))
    assert words in str(caught.value)
