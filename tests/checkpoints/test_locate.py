"""Where programs keep their generators: every place, in every naming and container."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.modules import module_of
from tests.checkpoints.writers.namings import NAMINGS
from tests.checkpoints.writers.nvidia import generator_record, record
from tests.checkpoints.writers.pickling import pickled
from tests.checkpoints.writers.rosinality import (
    encoder_checkpoint,
    rosinality_state,
)
from tests.checkpoints.writers.torch_zip import torch_zip
from tui_draggan.checkpoints.missing import MEAN_NOTE
from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.errors import CheckpointError

pytestmark = pytest.mark.slow

KIND = Kind(z_dim=12, mapping_dim=12)
"""The programs that descend from rosinality's have one width for z, w and all layers between."""


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def moved(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network at another time of its training."""
    return {name: 0.9 * tensor for name, tensor in state.items()}


Form = Callable[[dict[str, Tensor]], dict[str, Any]]

AVERAGED: dict[str, Form] = {
    "params_ema": lambda state: {"params_ema": state, "params": moved(state)},
    "ema": lambda state: {"ema": state, "epoch": 3},
    "netG_ema": lambda state: {"netG": moved(state), "netG_ema": state},
    "generator_ema": lambda state: {"generator": moved(state), "generator_ema": state},
    "G_ema_state_dict": lambda state: {"G_state_dict": moved(state), "G_ema_state_dict": state},
    "model.G_ema": lambda state: {"model": {"G": moved(state), "G_ema": state}, "step": 1},
    "models.generator_smooth": lambda state: {
        "models": {"generator": moved(state), "generator_smooth": state}
    },
    "prefixes": lambda state: {
        "state_dict": {f"generator.{name}": tensor for name, tensor in moved(state).items()}
        | {f"generator_ema.{name}": tensor for name, tensor in state.items()}
    },
    "Gs": lambda state: {"G": moved(state), "Gs": state},
    "model_avg": lambda state: {"model": moved(state), "model_avg": state},
    "ema.shadow": lambda state: {"net": moved(state), "average": {"shadow": state, "decay": 0.99}},
    "compiled": lambda state: {
        "ema_model": {f"_orig_mod.{name}": value for name, value in state.items()},
        "model": {f"_orig_mod.{name}": value for name, value in moved(state).items()},
    },
    "lists": lambda state: {"nets": [{"ema": state}, {"d": {"weight": torch.ones(2)}}]},
    "DDP": lambda state: {"g_ema": {f"module.{name}": value for name, value in state.items()}},
}
RAW: dict[str, Form] = {
    "params": lambda state: {"params": state},
    "model": lambda state: {"model": state, "optimizer": {"state": {}, "param_groups": []}},
    "netG": lambda state: {"netG": state, "netD": {"final.weight": torch.ones(2)}},
    "generator": lambda state: {"generator": state, "discriminator": {"w": torch.ones(2)}},
    "checkpoint.state_dict": lambda state: {"checkpoint": {"state_dict": state}},
    "DDP": lambda state: {f"module.{name}": value for name, value in state.items()},
    "bare": lambda state: state,
}
NOTED = ("netG", "generator")
"""Keys of a network that training moves, whose average is missing."""


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("form", AVERAGED)
@pytest.mark.parametrize("zipped", [True, False])
def test_the_average_is_found(naming: str, form: str, zipped: bool, read: Read) -> None:
    tensors = random_tensors(KIND)
    contents = saved(AVERAGED[form](NAMINGS[naming](tensors, KIND)), zipped)
    checkpoint = read(contents)
    assert naming in checkpoint.format
    assert not any("averaged" in note for note in checkpoint.notes)
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("form", RAW)
def test_the_only_generator_is_found(naming: str, form: str, read: Read) -> None:
    tensors = random_tensors(KIND)
    checkpoint = read(saved(RAW[form](NAMINGS[naming](tensors, KIND))))
    expected = [f"no averaged generator in the file; using {form}"] if form in NOTED else []
    assert [note for note in checkpoint.notes if "averaged" in note] == expected
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize("write", [pickled, torch_zip])
@pytest.mark.parametrize(
    "place",
    [
        lambda module: {"model": {"G_ema": module}},
        lambda module: {"networks": [{"ema": module}]},
        lambda module: (
            {"snapshot": {"G": generator_record(random_tensors(KIND, 1), KIND)}} | {"G_ema": module}
        ),
        lambda module: {"generator": module},
    ],
)
def test_a_module_is_found(place: Any, write: Callable[[Any], bytes], read: Read) -> None:
    tensors = random_tensors(KIND)
    module = generator_record(tensors, KIND)
    assert_same_pictures(read(write(place(module))), KIND, tensors)


def test_the_same_under_two_keys_is_one(read: Read) -> None:
    tensors = random_tensors(KIND)
    assert_same_pictures(read(saved({"g_ema": tensors, "ema": tensors})), KIND, tensors)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("A", "B"), "several generators: A, B; choose one with import --network"),
        (("g_ema", "ema"), "several generators: g_ema, ema; choose"),
        (("state", "g"), "several generators: state, g; choose"),
    ],
)
def test_the_person_chooses_between_others(keys: tuple[str, str], words: str, read: Read) -> None:
    tensors = random_tensors(KIND)
    first, second = keys
    with pytest.raises(CheckpointError) as caught:
        read(saved({first: tensors, second: moved(tensors)}))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("network", "value"),
    [
        ("nets.A", lambda one, other: {"nets": {"A": one, "B": other}}),
        ("nets.1", lambda one, other: {"nets": [other, one]}),
        (
            "frozen.g",
            lambda one, other: (
                {f"g_ema.{name}": tensor for name, tensor in other.items()}
                | {f"frozen.g.{name}": tensor for name, tensor in one.items()}
            ),
        ),
        ("G", lambda one, other: {"G": one, "G_ema": other}),
        ("net.A", lambda one, other: {"net": {"A": module_of(one), "B": module_of(other)}}),
    ],
)
def test_a_network_that_is_chosen_is_read(network: str, value: Any, tmp_path: Path) -> None:
    tensors = random_tensors(KIND)
    path = tmp_path / "network.pt"
    path.write_bytes(saved(value(tensors, moved(tensors))))
    assert_same_pictures(read_checkpoint(path, network), KIND, tensors)
    with pytest.raises(CheckpointError, match=r"has no generator G_emo; it has \S+, \S+$"):
        read_checkpoint(path, "G_emo")


def test_labels_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    path.write_bytes(saved({"\x1b[2J": random_tensors(KIND), "a": random_tensors(KIND)}))
    for network in (None, "\x1b[31m"):
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(path, network)
        assert str(caught.value).isprintable()


def test_a_discriminator_is_no_generator(read: Read) -> None:
    discriminator = record("Discriminator", {}, {"b4.weight": torch.randn(3, 3)})
    tensors = random_tensors(KIND)
    value = {"D": discriminator, "G_ema": generator_record(tensors, KIND), "D_ema": discriminator}
    assert_same_pictures(read(pickled(value)), KIND, tensors)
    with pytest.raises(CheckpointError, match="class Discriminator without mapping and synthesis"):
        read(pickled({"D": discriminator}))


def test_a_generator_of_features_in_a_larger_network_is_no_generator(read: Read) -> None:
    """As EG3D's, whose planes a renderer turns into pictures."""
    kind = Kind(colours=96)
    backbone = generator_record(random_tensors(kind), kind)
    triplane = record("TriPlaneGenerator", {"neural_rendering_resolution": 64}, {},
                      modules={"backbone": backbone})  # fmt: skip
    with pytest.raises(CheckpointError, match="class TriPlaneGenerator without mapping and"):
        read(pickled({"G": triplane, "G_ema": triplane}))


# The mean w


@pytest.mark.parametrize("rows", [1, 8, 18])
@pytest.mark.parametrize("zipped", [True, False])
def test_an_encoder_s_decoder_is_read_with_its_mean(rows: int, zipped: bool, read: Read) -> None:
    tensors = random_tensors(KIND)
    mean = tensors["mapping.w_avg"].repeat(rows, 1)
    contents = saved(encoder_checkpoint(rosinality_state(tensors, KIND), mean), zipped)
    checkpoint = read(contents)
    assert checkpoint.notes == ()
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], tensors["mapping.w_avg"])
    assert_same_pictures(checkpoint, KIND, tensors)


def test_of_rows_that_differ_the_mean_is_taken(read: Read) -> None:
    tensors = random_tensors(KIND)
    rows = tensors["mapping.w_avg"].repeat(8, 1)
    rows[3, 5] += 0.25
    rows[6, 5] -= 0.5
    checkpoint = read(saved(encoder_checkpoint(rosinality_state(tensors, KIND), rows)))
    assert checkpoint.notes == (
        "the file has another mean w for each of 8 rows of w+, up to 0.75 apart; their mean is "
        "used",
    )
    np.testing.assert_allclose(checkpoint.tensors["mapping.w_avg"], rows.mean(0), atol=1e-6)


def test_an_encoder_without_a_mean(read: Read) -> None:
    tensors = random_tensors(KIND)
    checkpoint = read(saved(encoder_checkpoint(rosinality_state(tensors, KIND), None)))
    assert checkpoint.notes == (MEAN_NOTE,)


@pytest.mark.parametrize(
    "place",
    [
        lambda state, mean: {**state, "latent_avg": mean},
        lambda state, mean: {**{f"module.{k}": v for k, v in state.items()}, "latent_avg": mean},
        lambda state, mean: {"params_ema": state, "latent_avg": mean},
        lambda state, mean: {"model": {"g_ema": state}, "latent_avg": mean},
        lambda state, mean: {"model": {"g_ema": state, "latent_avg": mean}},
    ],
)
def test_the_mean_lies_beside_or_further_out(place: Any, read: Read) -> None:
    tensors = random_tensors(KIND)
    mean = tensors["mapping.w_avg"]
    checkpoint = read(saved(place(rosinality_state(tensors, KIND), mean[None])))
    assert checkpoint.notes == ()
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], mean)


@pytest.mark.parametrize("mean", [torch.ones(5), torch.ones(8, 5), torch.ones(2, 8, 12)])
def test_a_mean_that_does_not_fit_is_named(mean: Tensor, read: Read) -> None:
    tensors = random_tensors(KIND)
    with pytest.raises(CheckpointError, match=r"mapping\.w_avg of shape .*; expected \(12,\)"):
        read(saved({"g_ema": rosinality_state(tensors, KIND), "latent_avg": mean}))
