from __future__ import annotations

import io
from collections import OrderedDict
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import FILTER
from tests.tiny import tiny_generator
from tui_draggan.errors import CheckpointError


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def state_dict(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """With the buffers that a module's state_dict() has beside its parameters."""
    return OrderedDict(
        {
            **tensors,
            "synthesis.b4.resample_filter": FILTER.clone(),
            "synthesis.b8.conv0.resample_filter": FILTER.clone(),
        }
    )


WRITERS = {
    "zip": saved,
    "legacy": lambda state: saved(state, zipped=False),
    "safetensors": save,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    "kind",
    [
        Kind(),
        Kind(architecture="orig"),
        Kind(architecture="resnet", c_dim=3),
        Kind(c_dim=2, channels=(7, 5), mapping_layers=1),
    ],
    ids=str,
)
def test_the_architecture_comes_from_the_names(kind: Kind, write: Any, read: Read) -> None:
    tensors = random_tensors(kind)
    checkpoint = read(write(state_dict(tensors)))
    assert checkpoint.config.architecture == kind.architecture
    scale, clamp = checkpoint.notes
    assert "0.01" in scale
    assert "clamped" in clamp
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_every_precision_becomes_float32(dtype: torch.dtype, write: Any, read: Read) -> None:
    kind = Kind()
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(kind).items()}
    checkpoint = read(write(tensors))
    assert {str(tensor.dtype) for tensor in checkpoint.tensors.values()} == {"float32"}
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize(
    "key", ["g_ema", "G_ema", "params_ema", "generator", "state_dict", "state", "g"]
)
@pytest.mark.parametrize("zipped", [True, False])
def test_it_may_lie_under_a_key(key: str, zipped: bool, read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    contents = saved({key: state_dict(tensors), "epoch": 3, "loss": torch.tensor(0.5)}, zipped)
    assert_same_pictures(read(contents), kind, tensors)


@pytest.mark.parametrize("prefix", ["module.", "generator.", "G_ema.", "model.generator_ema."])
def test_a_prefix_is_taken_off_and_other_networks_are_left(prefix: str, read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    state = {f"{prefix}{name}": tensor for name, tensor in tensors.items()}
    contents = save({**state, "discriminator.b4.fc.weight": torch.ones(3, 3)})
    assert_same_pictures(read(contents), kind, tensors)


def test_of_two_generators_the_average_is_taken(read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    both = {f"G_ema.{name}": tensor for name, tensor in tensors.items()}
    both |= {f"G.{name}": tensor + 1 for name, tensor in tensors.items()}
    assert_same_pictures(read(save(both)), kind, tensors)
    apart = {"g": {name: tensor + 1 for name, tensor in tensors.items()}, "g_ema": tensors}
    assert_same_pictures(read(saved(apart)), kind, tensors)


def test_two_generators_without_a_name_are_refused(read: Read) -> None:
    tensors = random_tensors(Kind())
    both = {f"{prefix}.{name}": tensor for prefix in "AB" for name, tensor in tensors.items()}
    with pytest.raises(CheckpointError, match=r"several generators: A, B;"):
        read(save({name: tensor.clone() for name, tensor in both.items()}))


@pytest.mark.parametrize("architecture", ["skip", "orig", "resnet"])
def test_this_program_s_own_files_say_everything(architecture: str, read: Read) -> None:
    generator = tiny_generator(architecture=architecture, conv_clamp=7.5, mapping_lr=0.1, c_dim=2)
    own = {"config": generator.config.to_dict(), "state": generator.state_dict()}
    checkpoint = read(saved(own))
    assert checkpoint.config == generator.config
    assert checkpoint.notes == ()
    assert checkpoint.format == "generator of this program"


def test_a_part_of_stylegan3_is_refused_by_name(read: Read) -> None:
    with pytest.raises(CheckpointError, match="StyleGAN3"):
        read(save({"synthesis.input.freqs": torch.ones(3, 2)}))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weight": torch.ones(3)}, "it holds weight"),
        ({"synthesis.b4.const": torch.ones(3, 4, 4)}, "blocks of 4 px|pictures of 4 px"),
        ({"g_ema": {"weight": torch.ones(3)}, "config": {}}, "it holds g_ema, config"),
        ({"g_ema": [torch.ones(3)]}, "it holds g_ema"),
        ({}, "it holds nothing"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_other_networks_are_refused(
    state: dict[str, Any], words: str, zipped: bool, read: Read
) -> None:
    with pytest.raises(CheckpointError, match=words):
        read(saved(state, zipped))


def test_a_name_cannot_write_to_the_terminal(read: Read) -> None:
    tensors = random_tensors(Kind())
    with pytest.raises(CheckpointError) as caught:
        read(saved({**tensors, "\x1b[31mred\n": torch.ones(2)}))
    assert str(caught.value).isprintable()


def test_weights_of_this_program_name_their_classes(read: Read) -> None:
    generator = tiny_generator(c_dim=2)
    values = {"config": generator.config.to_dict(), "state": generator.state_dict()}
    assert read(saved(values)).classes == ()
    assert read(saved({**values, "classes": ["sun", "moon"]})).classes == ("sun", "moon")


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (["sun"], "1 class names for 2 classes"),
        (["sun", 2], "not a list of names"),
        ("ab", "not a list of names"),
    ],
)
def test_class_names_that_do_not_fit_are_refused(classes: Any, reason: str, read: Read) -> None:
    generator = tiny_generator(c_dim=2)
    values = {"config": generator.config.to_dict(), "state": generator.state_dict()}
    with pytest.raises(CheckpointError, match=reason):
        read(saved({**values, "classes": classes}))
