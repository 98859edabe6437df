from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import generator_record, nvidia_pickle
from tests.checkpoints.writers.pickling import Call, pickled
from tests.checkpoints.writers.stylegan3 import random_stylegan3, stylegan3_record
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.config import GeneratorConfig

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("numpy_core", ["numpy.core", "numpy._core"])
def test_every_protocol_gives_the_same_pictures(protocol: int, numpy_core: str, read: Read) -> None:
    kind = Kind(conv_clamp=1.5)
    tensors = random_tensors(kind)
    contents = nvidia_pickle(tensors, kind, protocol=protocol, numpy_core=numpy_core)
    checkpoint = read(contents)
    assert "stylegan2-ada-pytorch" in checkpoint.format
    assert checkpoint.notes == ()
    assert checkpoint.config.conv_clamp == 1.5
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(architecture="orig", conv_clamp=1.2),
        Kind(architecture="resnet", conv_clamp=1.2),
        Kind(architecture="resnet", c_dim=3),
        Kind(c_dim=2, embed_dim=12, z_dim=5),
        Kind(mapping_layers=1),
        Kind(mapping_lr=0.02, mapping_dim=12, z_dim=12),
        Kind(channels=(5, 4)),
        Kind(const=(4, 2)),
        Kind(const=(3, 5), architecture="resnet", conv_clamp=1.2),
        Kind(colours=4),
        Kind(colours=4, architecture="orig", const=(8, 4)),
    ],
    ids=str,
)
@pytest.mark.parametrize("program", ["ada", "stylegan3"])
def test_every_kind_of_generator_gives_its_pictures(kind: Kind, program: str, read: Read) -> None:
    tensors = random_tensors(kind)
    checkpoint = read(nvidia_pickle(tensors, kind, program=program))
    config = checkpoint.config
    assert isinstance(config, GeneratorConfig)
    assert (config.resolution, config.channels) == (kind.resolution, kind.channels)
    assert (config.z_dim, config.w_dim, config.c_dim) == (kind.z_dim, kind.w_dim, kind.c_dim)
    assert (config.architecture, config.conv_clamp) == (kind.architecture, kind.conv_clamp)
    assert (config.const, config.alpha) == (kind.const, kind.colours == 4)
    assert (config.mapping_lr, config.mapping_layers) == (kind.mapping_lr, kind.mapping_layers)
    assert ("stylegan3" in checkpoint.format) == (program == "stylegan3")
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize(
    ("networks", "notes"),
    [(("G_ema",), 0), (("D", "G"), 1), (("G", "D", "G_ema"), 0), (("G", "G_ema"), 0)],
)
def test_the_average_is_taken_and_else_what_there_is(
    networks: tuple[str, ...], notes: int, read: Read
) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    checkpoint = read(nvidia_pickle(tensors, kind, networks=networks))
    assert len(checkpoint.notes) == notes
    if "G_ema" not in networks:
        tensors = {name: 0.9 * tensor for name, tensor in tensors.items()}
    assert_same_pictures(checkpoint, kind, tensors)


def test_a_bare_generator_is_read(read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    checkpoint = read(pickled(generator_record(tensors, kind)))
    assert_same_pictures(checkpoint, kind, tensors)


def test_weights_in_half_precision_become_float32(read: Read) -> None:
    kind = Kind(architecture="resnet")
    tensors = {name: tensor.half() for name, tensor in random_tensors(kind).items()}
    checkpoint = read(nvidia_pickle(tensors, kind))
    assert {str(tensor.dtype) for tensor in checkpoint.tensors.values()} == {"float32"}
    assert_same_pictures(checkpoint, kind, tensors)


def test_a_generator_without_noise_or_mean_says_so(read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    silent = {
        name: torch.zeros_like(tensor) if "noise" in name else tensor
        for name, tensor in tensors.items()
    }
    written = {
        name: tensor
        for name, tensor in tensors.items()
        if "noise" not in name and name != "mapping.w_avg"
    }
    checkpoint = read(nvidia_pickle(written, kind))
    noise, mean = checkpoint.notes
    assert "noise" in noise
    assert "mean w" in mean
    assert "mapping.w_avg" not in checkpoint.tensors
    assert_same_pictures(checkpoint, kind, silent)


@pytest.mark.parametrize("architecture", ["skip", "orig", "resnet"])
def test_grey_pictures_become_coloured_ones(architecture: str, read: Read) -> None:
    kind = Kind(colours=1, architecture=architecture)
    tensors = random_tensors(kind)
    checkpoint = read(nvidia_pickle(tensors, kind))
    assert any("grey" in note for note in checkpoint.notes)
    coloured = {
        name: tensor.repeat_interleave(3, dim=0)
        if name.endswith(("torgb.weight", "torgb.bias"))
        else tensor
        for name, tensor in tensors.items()
    }
    assert_same_pictures(checkpoint, kind, coloured)


def attributes_of(record: Call, *path: str) -> dict[str, Any]:
    """The attributes of a module below `record`."""
    for name in path:
        record = record.arguments[0]["state"]["_modules"][name]
    attributes: dict[str, Any] = record.arguments[0]["state"]
    return attributes


@pytest.mark.parametrize(
    ("path", "attribute", "value", "words"),
    [
        ("mapping.fc1", "activation", "relu", "mapping.fc1.activation relu"),
        ("synthesis.b8.conv0", "activation", "sigmoid", "b8.conv0.activation sigmoid"),
        ("synthesis.b8.torgb", "conv_clamp", 3.0, "conv_clamp"),
        ("synthesis.b8.conv1", "conv_clamp", -1, "conv_clamp -1"),
        ("synthesis.b8.conv1", "conv_clamp", float("nan"), "conv_clamp nan"),
        ("mapping.fc1", "bias_gain", 0.5, "mapping.fc1.weight_gain"),
        ("mapping.fc1", "bias_gain", None, "mapping.fc1.bias_gain None"),
        ("mapping.fc1", "weight_gain", "0.1", "mapping.fc1.weight_gain"),
        ("synthesis.b8.conv0.affine", "weight_gain", 5.0, "b8.conv0.affine"),
        ("synthesis.b16", "architecture", "resnet", "architectures resnet, skip"),
        ("synthesis.b16", "architecture", ["skip"], "of the type list"),
        ("synthesis.b16", "_buffers", None, "synthesis.b16 without _buffers"),
        ("synthesis.b16.conv0", "_modules", {"gate": 1}, "gate"),
    ],
)
def test_what_this_generator_does_not_do_is_named(
    path: str, attribute: str, value: object, words: str, read: Read
) -> None:
    kind = Kind()
    record = generator_record(random_tensors(kind), kind)
    attributes_of(record, *path.split("."))[attribute] = value
    with pytest.raises(CheckpointError) as caught:
        read(pickled(record))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_filter_is_refused(read: Read) -> None:
    kind = Kind()
    record = generator_record(random_tensors(kind), kind)
    buffers = attributes_of(record, "synthesis", "b16", "conv0")["_buffers"]
    buffers["resample_filter"] = torch.ones(4, 4) / 16
    with pytest.raises(CheckpointError, match=r"filter.*synthesis\.b16\.conv0\.resample_filter"):
        read(pickled(record))


@pytest.mark.parametrize("colours", [2, 6])
def test_other_channels_are_refused(colours: int, read: Read) -> None:
    kind = Kind(colours=colours)
    with pytest.raises(CheckpointError, match=rf"{colours} channels; expected 3 \(colour\), 4"):
        read(nvidia_pickle(random_tensors(kind), kind))


@pytest.mark.parametrize("const", [(17, 4), (4, 0)])
def test_constants_of_other_sizes_are_refused(const: tuple[int, int], read: Read) -> None:
    kind = Kind(const=const)
    with pytest.raises(CheckpointError, match=r"b4\.const of shape .* 1 to 16 rows and columns"):
        read(nvidia_pickle(random_tensors(kind), kind))


def test_noise_of_another_size_than_its_map_is_named(read: Read) -> None:
    kind = Kind(const=(4, 2))
    tensors = random_tensors(kind)
    tensors["synthesis.b16.conv0.noise_const"] = torch.randn(16, 16)
    with pytest.raises(CheckpointError, match=r"shape \(16, 16\); expected \(16, 8\)"):
        read(nvidia_pickle(tensors, kind))


def test_an_empty_z_is_refused(read: Read) -> None:
    kind = Kind(z_dim=0, c_dim=3)
    with pytest.raises(CheckpointError, match="z_dim 0"):
        read(nvidia_pickle(random_tensors(kind), kind))


@pytest.mark.parametrize("size", [16, 64, 32, None])
def test_pictures_that_another_program_scales_keep_the_network_s_size(
    size: int | None, read: Read
) -> None:
    """DragGAN's own class of StyleGAN2, trained at another size than it gives."""
    kind = Kind()
    tensors = random_tensors(kind)
    generator = generator_record(tensors, kind, "stylegan3")
    attributes_of(generator)["resize"] = size
    checkpoint = read(pickled({"G_ema": generator}))
    note = (
        "the program that made the file scales its finished pictures of 32 px to "
        f"{size} px; here they keep the network's 32 px"
    )
    assert checkpoint.notes == ((note,) if size in (16, 64) else ())
    assert_same_pictures(checkpoint, kind, tensors)


@pytest.mark.parametrize("value", ["512", 2.5, [512], {"a": 1}])
def test_attributes_of_changed_programs_are_named(value: object, read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    generator = generator_record(tensors, kind, blur="\x1b[2J", resize=None)
    attributes_of(generator)["resize"] = value
    attributes_of(generator, "synthesis", "b8")["\x1b[2J"] = value
    (note,) = read(pickled({"G_ema": generator})).notes
    assert note == (
        r"ignored, since NVIDIA's programs have no such attributes: resize, blur, \x1b[2J"
    )


def test_stylegan_xl_is_refused_by_name(read: Read) -> None:
    """Its classes are embedded by another program's network, its heads are grown one by one."""
    record = stylegan3_record(random_stylegan3(False))
    parts = attributes_of(record, "mapping")["_modules"]
    parts["embed_proj"] = parts["fc0"]
    with pytest.raises(CheckpointError, match="StyleGAN-XL"):
        read(pickled({"G_ema": record}))
    grown = stylegan3_record(random_stylegan3(False), head_layer_names=["L4_128_3"])
    with pytest.raises(CheckpointError, match="StyleGAN-XL"):
        read(pickled({"G_ema": grown}))
    parts["embed"] = torch.nn.Embedding(3, 4)
    with pytest.raises(CheckpointError, match="StyleGAN-XL"):
        read(pickled({"G_ema": record}))


def test_a_discriminator_alone_is_no_generator(read: Read) -> None:
    kind = Kind()
    record = generator_record(random_tensors(kind), kind)
    del attributes_of(record)["_modules"]["mapping"]
    with pytest.raises(CheckpointError, match="without mapping and synthesis"):
        read(pickled({"G": record}))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("synthesis.b8.conv0.weight", torch.ones(9, 10, 1, 1), "(9, 10, 1, 1); expected (9, 10, 3"),
        ("synthesis.b8.conv1.bias", torch.ones(7), "synthesis.b8.conv1.bias of shape (7,)"),
        ("synthesis.b8.conv1.bias", None, "has no synthesis.b8.conv1.bias; expected one of shape"),
        ("synthesis.b8.torgb.bias", torch.tensor([1, torch.nan, 1]), "synthesis.b8.torgb.bias"),
        ("synthesis.b8.torgb.bias", torch.tensor([1, 2, 3]), "int64; expected floats"),
        ("mapping.fc1.bias", torch.full((13,), 1e300, dtype=torch.float64), "mapping.fc1.bias"),
        ("mapping.w_avg", torch.ones(3, 12), "mapping.w_avg of shape (3, 12); expected (12,)"),
        ("synthesis.b4.conv1.affine.weight", torch.ones(10, 5000), "expected 1 to 4096"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    name: str, change: torch.Tensor | None, words: str, read: Read
) -> None:
    kind = Kind()
    tensors: dict[str, Any] = random_tensors(kind)
    if change is None:
        record = generator_record(tensors, kind)
        module, _, key = name.rpartition(".")
        del attributes_of(record, *module.split("."))["_parameters"][key]
        contents = pickled(record)
    else:
        contents = nvidia_pickle({**tensors, name: change}, kind, networks=("G_ema",))
    with pytest.raises(CheckpointError) as caught:
        read(contents)
    assert words in str(caught.value)


def test_a_block_is_missing(read: Read) -> None:
    kind = Kind()
    record = generator_record(random_tensors(kind), kind)
    del attributes_of(record, "synthesis")["_modules"]["b8"]
    with pytest.raises(CheckpointError, match="blocks of 4, 16, 32 px; expected 4, 8, 16"):
        read(pickled(record))


def test_channels_that_do_not_follow_are_named(read: Read) -> None:
    kind = Kind()
    tensors = random_tensors(kind) | {
        name: tensor
        for name, tensor in random_tensors(replace(kind, channels=(10, 7, 8, 6))).items()
        if name.startswith("synthesis.b8.conv1")
    }
    with pytest.raises(CheckpointError, match=r"synthesis\.b8\.conv0\.weight of shape \(9, 10"):
        read(nvidia_pickle(tensors, kind))
