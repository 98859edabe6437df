from __future__ import annotations

import io
import tracemalloc
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.mmgen import mmgen_checkpoint, mmgen_state
from tui_draggan.checkpoints.mmgen import is_bgr
from tui_draggan.checkpoints.unpickling.limits import MiB
from tui_draggan.checkpoints.unpickling.values import LongText
from tui_draggan.errors import CheckpointError

KIND = Kind(z_dim=12, mapping_dim=12)
"""Its program has one width for w and all layers of the mapping network."""
RGB = "the file does not say that its pictures are BGR; RGB is assumed"
BGR = "the file's pictures are BGR by its configuration; red and blue are exchanged"


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def reversed_colours(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.flip(0) if ".torgb.weight" in name or ".torgb.bias" in name else t
            for name, t in tensors.items()}  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("to_rgb", [None, True, False])
def test_the_average_s_pictures_have_their_colours(
    to_rgb: bool | None, zipped: bool, read: Read
) -> None:
    tensors = random_tensors(KIND)
    state = mmgen_state(tensors, KIND)
    checkpoint = read(saved(mmgen_checkpoint(state, to_rgb), zipped))
    assert "OpenMMLab" in checkpoint.format
    assert checkpoint.notes[0] == (BGR if to_rgb is False else RGB)
    assert "no mean w" in checkpoint.notes[1]
    expected = reversed_colours(tensors) if to_rgb is False else tensors
    assert_same_pictures(checkpoint, KIND, expected)


@pytest.mark.parametrize("kind", [Kind(c_dim=3, mapping_dim=12), Kind(z_dim=9, mapping_dim=12)])
def test_conditional_ones_and_a_z_of_another_width(kind: Kind, read: Read) -> None:
    """mmagic's, with the mean w as a buffer where there are classes."""
    tensors = random_tensors(kind)
    checkpoint = read(saved({"state_dict": mmgen_state(tensors, kind)}))
    assert checkpoint.config.c_dim == kind.c_dim
    assert ("mapping.w_avg" in checkpoint.tensors) == bool(kind.c_dim)
    assert_same_pictures(checkpoint, kind, tensors)


def test_mmengine_has_its_configuration_elsewhere(read: Read) -> None:
    tensors = random_tensors(KIND)
    value = mmgen_checkpoint(mmgen_state(tensors, KIND), False)
    value["meta"] = {"cfg": value["meta"]["config"], "epoch": 0}
    checkpoint = read(saved(value))
    assert checkpoint.notes[0] == BGR
    assert_same_pictures(checkpoint, KIND, reversed_colours(tensors))


@pytest.mark.parametrize("meta", [None, "to_rgb=False", {"config": 3}, {"config": {"a": 1}}])
def test_a_configuration_in_another_form_says_nothing(meta: Any, read: Read) -> None:
    tensors = random_tensors(KIND)
    value = mmgen_checkpoint(mmgen_state(tensors, KIND), None) | {"meta": meta}
    assert read(saved(value)).notes[0] == RGB


def test_a_long_configuration_is_searched_where_it_lies() -> None:
    text = memoryview(bytes(16 * MiB) + b"to_rgb=False")
    tracemalloc.start()
    found = is_bgr({"config": LongText(text)})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found
    assert peak < MiB


@pytest.mark.parametrize(
    ("name", "tensor", "words"),
    [
        ("convs.2.gate", torch.ones(2), "convs.2.gate of shape (2,), which"),
        ("style_mapping.0.bias", torch.ones(12), "style.0.bias of shape (12,), which"),
        ("convs.0.conv.weight_orig", torch.ones(2, 9, 10, 3, 3), "convs.0.conv.weight of shape"),
        ("injected_noise_0", torch.ones(1, 2, 4, 4), "noises.noise_0 of shape (1, 2, 4, 4)"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    name: str, tensor: Tensor, words: str, read: Read
) -> None:
    state = mmgen_state(random_tensors(KIND), KIND)
    with pytest.raises(CheckpointError) as caught:
        read(saved({"state_dict": {**state, name: tensor}}))
    assert words in str(caught.value)
