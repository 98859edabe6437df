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
from tests.checkpoints.writers.rosinality import rosinality_state, training_checkpoint
from tui_draggan.checkpoints.missing import MEAN_NOTE
from tui_draggan.errors import CheckpointError

KIND = Kind(z_dim=12, mapping_dim=12)
"""Its program has one width for z, w and all layers between."""


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def without_mean(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != "mapping.w_avg"}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_checkpoint_gives_the_average_s_pictures(zipped: bool, read: Read) -> None:
    tensors = random_tensors(KIND)
    checkpoint = read(saved(training_checkpoint(rosinality_state(tensors, KIND)), zipped))
    assert "rosinality" in checkpoint.format
    assert checkpoint.tensors.keys() == without_mean(tensors).keys()
    assert checkpoint.notes == (MEAN_NOTE,)
    assert checkpoint.config.conv_clamp is None
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_converted_checkpoint_brings_its_mean(zipped: bool, read: Read) -> None:
    tensors = random_tensors(KIND)
    mean = tensors["mapping.w_avg"]
    converted = {"g_ema": rosinality_state(tensors, KIND), "latent_avg": mean}
    checkpoint = read(saved(converted, zipped))
    assert checkpoint.notes == ()
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], mean)
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(z_dim=12, mapping_dim=12, const=(4, 2)),  # StyleGAN-Human's, by its legacy.py
        Kind(z_dim=12, mapping_dim=12, const=(8, 4), colours=4),
    ],
    ids=str,
)
def test_pictures_that_are_no_squares_or_have_alpha(kind: Kind, read: Read) -> None:
    tensors = random_tensors(kind)
    mean = tensors["mapping.w_avg"]
    checkpoint = read(saved({"g_ema": rosinality_state(tensors, kind), "latent_avg": mean}))
    height, width = kind.const
    assert checkpoint.config.size == (8 * height, 8 * width)
    assert checkpoint.config.alpha == (kind.colours == 4)
    assert_same_pictures(checkpoint, kind, tensors)


def test_the_trained_network_is_taken_where_there_is_no_average(read: Read) -> None:
    tensors = random_tensors(KIND)
    state = rosinality_state(tensors, KIND)
    checkpoint = read(saved({"g": state, "d": {"final.weight": torch.ones(3)}}))
    assert checkpoint.notes[0] == "no averaged generator in the file; using g"
    assert_same_pictures(checkpoint, KIND, tensors)


def test_a_checkpoint_from_before_noise_was_kept_gets_some(read: Read) -> None:
    """Its program draws new maps for every picture; a network that is made has some of its own."""
    tensors = random_tensors(KIND)
    state = rosinality_state(tensors, KIND)
    without = {name: tensor for name, tensor in state.items() if not name.startswith("noises.")}
    converted = {"g_ema": without, "latent_avg": tensors["mapping.w_avg"]}
    checkpoint = read(saved(converted))
    assert checkpoint.notes == (
        "no noise maps in the file; random ones (seed 0) are used, as its own program does: fine "
        "detail differs from its pictures",
    )
    sampled = {
        name: torch.from_numpy(tensor)
        for name, tensor in checkpoint.tensors.items()
        if name.endswith("noise_const")
    }
    assert len(sampled) == 7
    assert_same_pictures(checkpoint, KIND, tensors | sampled)


@pytest.mark.parametrize(("lr", "noted"), [(1.0, True), (0.01, False), (0.004, False)])
def test_weights_that_speak_for_another_multiplier_are_believed(
    lr: float, noted: bool, read: Read
) -> None:
    """As those of a program whose `lr_mlp` was changed; its files do not say so."""
    kind = Kind(z_dim=12, mapping_dim=12, mapping_lr=lr)
    tensors = random_tensors(kind)
    state = {"g_ema": rosinality_state(tensors, kind), "latent_avg": tensors["mapping.w_avg"]}
    checkpoint = read(saved(state))
    assert [("multiplier; 1 is assumed" in note) for note in checkpoint.notes] == [True] * noted
    assert checkpoint.config.mapping_lr == (1.0 if noted else 0.01)


@pytest.mark.parametrize("prefix", ["", "module.", "generator.module."])
def test_a_bare_state_dict_is_read(prefix: str, read: Read) -> None:
    tensors = random_tensors(KIND)
    state = rosinality_state(tensors, KIND)
    contents = saved({f"{prefix}{name}": tensor for name, tensor in state.items()})
    assert_same_pictures(read(contents), KIND, tensors)


def test_channels_and_depth_come_from_the_shapes(read: Read) -> None:
    kind = Kind(z_dim=12, mapping_dim=12, channels=(5, 9), mapping_layers=1)
    tensors = random_tensors(kind)
    checkpoint = read(saved({"g_ema": rosinality_state(tensors, kind)}))
    assert checkpoint.config.channels == (5, 9)
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize(
    ("name", "tensor", "words"),
    [
        ("conv1.conv.weight", torch.ones(2, 10, 10, 3, 3), "conv1.conv.weight of shape (2, 10"),
        ("convs.0.noise.weight", torch.ones(2), "convs.0.noise.weight of shape (2,)"),
        ("convs.9.gate", torch.ones(2), "convs.9.gate of shape (2,), which"),
        ("convs.9.noise.weight", torch.ones(1), "blocks of 4, 8, 16, 32, 128 px"),
        ("style.0.weight", torch.ones(2), "style.0.weight"),
        ("convs.0.conv.blur.kernel", torch.ones(4, 4), "b8.conv0.resample_filter"),
        ("to_rgbs.0.bias", torch.ones(1, 4, 1, 1), "b8.torgb.bias of shape (4,); expected (3,)"),
        ("convs.0.conv.weight", torch.ones(0), "convs.0.conv.weight"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    name: str, tensor: Tensor, words: str, read: Read
) -> None:
    state = rosinality_state(random_tensors(KIND), KIND)
    with pytest.raises(CheckpointError) as caught:
        read(saved({"g_ema": {**state, name: tensor}}))
    assert words in str(caught.value)
