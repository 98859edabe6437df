from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.tiny import tiny_generator
from tui_draggan.checkpoints import validation
from tui_draggan.checkpoints.unpickling.values import Array
from tui_draggan.checkpoints.validation import expected_shapes, validated
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.config import GeneratorConfig


def arrays(kind: Kind) -> dict[str, Array]:
    return {name: tensor.numpy() for name, tensor in random_tensors(kind).items()}


@pytest.mark.parametrize("architecture", ["skip", "orig", "resnet"])
@pytest.mark.parametrize("options", [{}, {"c_dim": 3, "embed_dim": 5}, {"mapping_dim": 7}])
def test_the_tensors_expected_are_those_of_the_network(
    architecture: str, options: dict[str, Any]
) -> None:
    generator = tiny_generator(architecture=architecture, z_dim=9, **options)
    state = generator.state_dict()
    assert expected_shapes(generator.config) == {
        name: tuple(tensor.shape) for name, tensor in state.items()
    }
    found = validated({name: tensor.numpy() for name, tensor in state.items()}, format="test")
    assert found.config == generator.config


def test_tensors_in_float32_stay_where_they_are() -> None:
    tensors = arrays(Kind())
    found = validated(tensors, format="test").tensors
    assert all(np.shares_memory(found[name], tensors[name]) for name in tensors)


def test_byte_order_and_alignment_do_not_matter() -> None:
    tensors = arrays(Kind())
    name = "synthesis.b8.conv0.weight"
    tensors[name] = tensors[name].astype(">f4")
    bytes_ = b"\0" + tensors["synthesis.b8.conv0.bias"].tobytes()
    tensors["synthesis.b8.conv0.bias"] = np.frombuffer(bytes_, np.uint8)[1:].view(np.float32)
    found = validated(tensors, format="test").tensors
    for name in found:
        np.testing.assert_array_equal(found[name], tensors[name])
        assert found[name].dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(value: float) -> None:
    tensors = arrays(Kind())
    tensors["mapping.fc1.weight"][2, 3] = value
    with pytest.raises(CheckpointError, match=r"mapping\.fc1\.weight that are not finite"):
        validated(tensors, format="test")


def test_noise_is_left_out_where_its_strength_is_missing_and_drawn_where_its_map_is() -> None:
    tensors = arrays(Kind())
    del tensors["synthesis.b8.conv0.noise_const"]
    del tensors["synthesis.b16.conv1.noise_strength"]
    found = validated(tensors, format="test")
    assert found.notes == (
        "no noise in the file for synthesis.b16.conv1; pictures are made without it",
        "no noise maps in the file for synthesis.b8.conv0; random ones (seed 0) are used, as its "
        "own program does: fine detail differs from its pictures",
    )
    assert found.tensors["synthesis.b16.conv1.noise_strength"] == 0
    assert found.tensors["synthesis.b8.conv0.noise_strength"] != 0
    assert found.tensors["synthesis.b8.conv0.noise_const"].shape == (8, 8)


def test_noise_that_is_drawn_is_normal_and_the_same_every_time() -> None:
    tensors = {name: tensor for name, tensor in arrays(Kind()).items() if "noise_const" not in name}
    first, second = (validated(tensors, format="test").tensors for _ in range(2))
    maps = [name for name in first if "noise_const" in name]
    assert len(maps) == 7
    drawn = np.concatenate([first[name].ravel() for name in maps])
    assert abs(drawn.mean()) < 4 / len(drawn) ** 0.5
    assert abs(drawn.std() - 1) < 4 / (2 * len(drawn)) ** 0.5
    assert len(np.unique(drawn)) == len(drawn)
    for name in maps:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_generator_too_large_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tensors that share their memory, as in a bomb, would be made one by one in float32."""
    monkeypatch.setattr(validation, "MAX_PARAMETERS", 1000)
    with pytest.raises(CheckpointError, match="parameters; at most 1,000 are read"):
        validated(arrays(Kind()), format="test")


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("synthesis.b4.conv1.weight", (5000, 1, 1, 1), r"\(5000, 1, 1, 1\); expected 1 to 4096"),
        ("synthesis.b4.conv1.weight", (0, 1, 1, 1), "expected 1 to 4096"),
        ("synthesis.b4.conv1.weight", (3, 3), "expected 4 dimensions"),
        ("mapping.fc0.weight", (13, 5000), "z_dim 5000"),
        ("mapping.embed.weight", (3, 10**6), "expected 1 to 100000"),
        ("synthesis.b2048.conv1.weight", (1, 1, 1, 1), "blocks of 4, 8, 16, 32, 2048 px"),
    ],
)
def test_absurd_sizes_are_refused(name: str, shape: tuple[int, ...], words: str) -> None:
    tensors = arrays(Kind()) | {name: np.broadcast_to(np.float32(1), shape)}
    with pytest.raises(CheckpointError, match=words):
        validated(tensors, format="test")


def test_more_than_1024_pixels_are_refused() -> None:
    one = np.ones((1, 1, 1, 1), np.float32)
    tensors = {f"synthesis.b{4 * 2**i}.conv1.weight": one for i in range(10)}
    with pytest.raises(CheckpointError, match="2048 px; expected 8 to 1024"):
        validated(tensors, format="test")


def shared(kind: Kind, numbers: int) -> dict[str, Array]:
    """Tensors that are all views of the same few numbers, one beginning after the other."""
    base = np.random.default_rng(0).standard_normal(numbers).astype(np.float32)
    tensors = arrays(kind)
    return {
        name: base[at % 7 : at % 7 + tensor.size].reshape(tensor.shape)
        for at, (name, tensor) in enumerate(tensors.items())
    }


def test_tensors_that_share_their_numbers_are_refused() -> None:
    kind = Kind(channels=(60, 60, 60, 60))
    with pytest.raises(CheckpointError, match=r"tensors of \d\.\d MB that share 0\.1 MB"):
        validated(shared(kind, 60 * 60 * 9 + 7), format="test")


def test_a_few_tensors_may_be_the_same() -> None:
    """As where a program keeps one map of zeros for every layer of a size."""
    tensors = arrays(Kind())
    for side in (8, 16, 32):
        tensors[f"synthesis.b{side}.conv0.noise_const"] = tensors[
            f"synthesis.b{side}.conv1.noise_const"
        ]
    assert validated(tensors, format="test")


def test_tensors_may_lie_in_any_order_and_direction() -> None:
    """As views of one buffer, turned as TensorFlow's are, and with gaps."""
    tensors = arrays(Kind())
    buffer = np.zeros(4 * sum(tensor.size for tensor in tensors.values()), np.float32)
    at = 0
    for name in reversed(tensors):
        size, shape = tensors[name].size, tensors[name].shape
        room = buffer[at : at + 2 * size][::-2] if size > 1 else buffer[at : at + 1]
        room[:] = tensors[name].ravel()
        tensors[name] = room.reshape(shape, order="A") if room.size == 1 else room.reshape(shape)
        at += 2 * size
    assert validated(tensors, format="test")


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        (8 * (1,) + (129,), "129 channels at 1024 px, maps of 0.5 GB; at most 128 channels"),
        (8 * (1,) + (1000,), "1,000 channels at 1024 px, maps of 4.2 GB"),
        (6 * (1,) + (2049,), "2,049 channels at 256 px"),
    ],
)
def test_maps_that_no_memory_holds_are_refused_at_once(
    channels: tuple[int, ...], words: str
) -> None:
    """By their shapes alone: no number is looked at."""
    config = GeneratorConfig(
        resolution=2 << len(channels), channels=channels, z_dim=4, w_dim=4, mapping_layers=1
    )
    nothing = np.zeros(1, np.float32)
    tensors = {
        name: np.broadcast_to(nothing if shape else nothing[0], shape)
        for name, shape in expected_shapes(config).items()
    }
    with pytest.raises(CheckpointError, match=words):
        validated(tensors, format="test")


def test_wide_maps_that_memory_holds_are_read() -> None:
    config = GeneratorConfig(
        resolution=256, channels=(2, 2, 2, 2, 2, 1000, 2), z_dim=4, w_dim=4, mapping_layers=1
    )
    tensors = {name: np.ones(s, np.float32) for name, s in expected_shapes(config).items()}
    assert validated(tensors, format="test").config.channels[5] == 1000
