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


def test_noise_is_left_out_where_a_part_of_it_is_missing() -> None:
    tensors = arrays(Kind())
    del tensors["synthesis.b8.conv0.noise_const"]
    del tensors["synthesis.b16.conv1.noise_strength"]
    found = validated(tensors, format="test")
    assert found.notes == (
        "no noise in the file in synthesis.b8.conv0, synthesis.b16.conv1; "
        "pictures are made without it",
    )
    for layer in ("synthesis.b8.conv0", "synthesis.b16.conv1"):
        assert found.tensors[f"{layer}.noise_strength"] == 0
    assert found.tensors["synthesis.b8.conv1.noise_strength"] != 0


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
