from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.pickling import Instance, Name, pickled
from tests.checkpoints.writers.tensorflow import tensorflow_pickle
from tui_draggan.errors import CheckpointError


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("numpy_core", ["numpy.core", "numpy._core"])
def test_the_average_gives_the_same_pictures(protocol: int, numpy_core: str, read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    checkpoint = read(tensorflow_pickle(tensors, kind, protocol=protocol, numpy_core=numpy_core))
    assert "TensorFlow" in checkpoint.format
    assert checkpoint.notes == ()
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], tensors["mapping.w_avg"])
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(architecture="orig"),
        Kind(architecture="resnet", conv_clamp=1.2),
        Kind(architecture="resnet", c_dim=3),
        Kind(c_dim=2, z_dim=11, mapping_dim=12, conv_clamp=1.5),
        Kind(mapping_lr=0.1, mapping_layers=1, channels=(7, 5)),
    ],
    ids=str,
)
@pytest.mark.parametrize("version", [4, 5])
def test_every_kind_of_generator_gives_its_pictures(kind: Kind, version: int, read: Read) -> None:
    tensors = random_tensors(kind)
    checkpoint = read(tensorflow_pickle(tensors, kind, version=version))
    config = checkpoint.config
    assert (config.architecture, config.conv_clamp) == (kind.architecture, kind.conv_clamp)
    assert (config.c_dim, config.mapping_lr) == (kind.c_dim, kind.mapping_lr)
    assert_same_pictures(checkpoint, kind, tensors)


def test_an_unknown_argument_is_a_note(read: Read) -> None:
    kind = Kind()
    contents = tensorflow_pickle(random_tensors(kind), kind, arguments={"sparkle": 3})
    assert any("sparkle" in note for note in read(contents).notes)


def test_grey_pictures_and_no_noise_and_no_mean(read: Read) -> None:
    kind = Kind(colours=1)
    tensors = random_tensors(kind)
    written = {name: tensor for name, tensor in tensors.items() if name != "mapping.w_avg"}
    checkpoint = read(tensorflow_pickle(written, kind, arguments={"use_noise": False}))
    assert len(checkpoint.notes) == 3
    expected = {
        name: torch.zeros_like(tensor) if "noise" in name else tensor
        for name, tensor in tensors.items()
    }
    for name in tensors:
        if name.endswith(("torgb.weight", "torgb.bias")):
            expected[name] = tensors[name].repeat_interleave(3, dim=0)
    assert_same_pictures(checkpoint, kind, expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"version": 3}, "version 3"),
        (
            {"version": 3, "more_variables": [("4x4/Const/StyleMod/bias", np.ones(3, "f4"))]},
            "StyleGAN1",
        ),
        ({"more_variables": [("LabelConcat/weight", np.ones((3, 3), "f4"))]}, "LabelConcat"),
        ({"more_variables": [("ToRGB_lod0/weight", np.ones((3, 3), "f4"))]}, "E or F"),
        ({"more_variables": [("8x8/Gate/weight", np.ones((3, 3), "f4"))]}, "8x8/Gate/weight"),
        ({"more_variables": [(np.ones(3), np.ones(3))]}, "variable in an unknown form"),
        ({"more_variables": [3]}, "variable in an unknown form"),
        ({"arguments": {"nonlinearity": "relu"}}, "nonlinearity relu; expected lrelu"),
        ({"arguments": {"nonlinearity": np.ones(3)}}, "nonlinearity of the type ndarray"),
        ({"arguments": {"normalize_latents": False}}, "normalize_latents False"),
        ({"arguments": {"synthesis_func": "G_synthesis_stylegan_revised"}}, "synthesis_func"),
        ({"arguments": {"resample_kernel": None}}, "filter"),
        ({"arguments": {"resample_kernel": [1, 2, [3, 1]]}}, "filter"),
        ({"arguments": {"resample_kernel": [1, 1]}}, "filter"),
        ({"arguments": {"conv_clamp": "256"}}, "conv_clamp 256; expected a positive number"),
        ({"arguments": {"mapping_lrmul": None}}, "mapping_lrmul None"),
        ({"arguments": {"architecture": "resnet"}}, "says that its architecture is resnet"),
        ({"arguments": {"architecture": [1]}}, "architecture of the type list"),
    ],
)
def test_what_this_generator_does_not_do_is_named(
    options: dict[str, Any], words: str, read: Read
) -> None:
    kind = Kind()
    with pytest.raises(CheckpointError) as caught:
        read(tensorflow_pickle(random_tensors(kind), kind, **options))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_networks_that_are_not_three_are_refused(read: Read) -> None:
    one = Instance(Name("dnnlib.tflib.network", "Network"), attributes={"version": 4})
    with pytest.raises(CheckpointError, match=r"not three of them: \(G, D, Gs\)"):
        read(pickled((one, one)))
    with pytest.raises(CheckpointError, match="without variables"):
        read(pickled((one, one, one)))
    parts = {"variables": [(np.ones(2), np.ones(2))], "components": {"mapping": 3}}
    odd = Instance(Name("dnnlib.tflib.network", "Network"), attributes=parts)
    with pytest.raises(CheckpointError, match="variable in an unknown form"):
        read(pickled((one, one, odd)))


def test_a_tensor_that_does_not_fit_is_named(read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    tensors["synthesis.b8.conv0.weight"] = torch.ones(9, 10, 5, 5)
    with pytest.raises(CheckpointError, match=r"b8\.conv0\.weight of shape \(9, 10, 5, 5\)"):
        read(tensorflow_pickle(tensors, kind))
