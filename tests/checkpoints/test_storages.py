"""torch's own storages and tensors are the other opinion on what stands in a file."""

from __future__ import annotations

import io
import pickle
from argparse import Namespace
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_draggan.checkpoints.unpickling.legacy_torch import is_legacy_torch
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.pickles import read_legacy_torch, read_pickle
from tui_draggan.checkpoints.unpickling.storages import Storage, rebuild_tensor
from tui_draggan.errors import CheckpointError

DTYPES = (
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
)


def legacy(value: Any) -> memoryview:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return memoryview(file.getvalue())


def same(array: np.ndarray, tensor: torch.Tensor) -> bool:
    """Values, shape and type, where numpy has it: bfloat16 becomes float32."""
    exact = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    expected = exact.numpy()
    return array.dtype == expected.dtype and np.array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_each_type_is_read_from_a_pickle(dtype: torch.dtype, protocol: int) -> None:
    tensor = (40 * torch.randn(3, 5)).to(dtype)
    assert same(read_pickle(memoryview(pickle.dumps(tensor, protocol))), tensor)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_each_type_is_read_from_a_file_of_torch(dtype: torch.dtype) -> None:
    tensor = (40 * torch.randn(3, 5)).to(dtype)
    assert same(read_legacy_torch(legacy({"t": tensor}))["t"], tensor)


def layouts() -> dict[str, torch.Tensor]:
    base = torch.randn(2, 6, 4, 3)
    return {
        "contiguous": base,
        "permuted": base.permute(3, 1, 0, 2),
        "channels last": base.to(memory_format=torch.channels_last),
        "a slice": base[1:, ::2, :, 2],
        "with an offset": base[1, 3, 2],
        "one number": base[1, 3, 2, 1],
        "no dimension": torch.tensor(1.5),
        "places of one": base[:1, :, None, :, :1].expand(1, 6, 1, 4, 1),
        "empty": base[:, :0],
        "empty at all": torch.empty(0, 512),
    }


@pytest.mark.parametrize("name", layouts())
def test_each_layout_is_read(name: str) -> None:
    tensor = layouts()[name]
    assert same(read_pickle(memoryview(pickle.dumps(tensor))), tensor)
    assert same(read_legacy_torch(legacy(tensor)), tensor)


def test_a_training_checkpoint_of_old_torch_is_read() -> None:
    """Tensors that share a storage, a parameter, an optimiser's state and its options."""
    weight = torch.nn.Parameter(torch.randn(4, 4))
    module = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.002)
    module(torch.randn(1, 3)).sum().backward()
    optimiser.step()
    data = legacy(
        {
            "g_ema": module.state_dict(),
            "g_optim": optimiser.state_dict(),
            "args": Namespace(size=256, path="images", betas=(0.0, 0.99)),
            "weight": weight,
            "row": weight.detach()[2],
        }
    )
    assert is_legacy_torch(data)

    read = read_legacy_torch(data)

    assert same(read["g_ema"]["weight"], module.weight.detach())
    state = optimiser.state_dict()["state"]
    assert same(read["g_optim"]["state"][1]["exp_avg_sq"], state[1]["exp_avg_sq"])
    assert read["args"].class_name == "argparse.Namespace"
    assert read["args"].state == {"size": 256, "path": "images", "betas": (0.0, 0.99)}
    assert same(read["weight"], weight.detach())
    assert np.shares_memory(read["weight"], read["row"])


def test_weights_are_views_of_the_file_and_cannot_be_changed() -> None:
    data = memoryview(pickle.dumps(torch.randn(1000)))
    array = read_pickle(data)
    assert np.shares_memory(array, np.frombuffer(data, "u1"))
    assert not array.flags.writeable


dimensions = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 13)), max_size=4)


@given(dimensions, st.integers(0, 20), st.integers(0, 40))
@settings(max_examples=400)
def test_a_view_is_what_torch_makes_of_it_or_is_refused(
    sizes: list[tuple[int, int]], offset: int, numel: int
) -> None:
    size, stride = tuple(count for count, _ in sizes), tuple(step for _, step in sizes)
    numbers = np.arange(numel, dtype="<f4")
    storage = Storage(numbers.dtype, memoryview(numbers.tobytes()))
    try:
        array = rebuild_tensor(Budget(4 * numel), storage, offset, size, stride)
    except CheckpointError:
        return
    expected = torch.as_strided(torch.from_numpy(numbers), size, stride, offset)
    assert same(array, expected)
    assert len(np.unique(array)) == array.size  # no number twice


@given(st.permutations(range(4)), st.lists(st.integers(1, 3), min_size=4, max_size=4))
@settings(max_examples=100)
def test_no_slice_of_a_permuted_tensor_is_refused(axes: list[int], steps: list[int]) -> None:
    whole = torch.arange(3.0 * 4 * 5 * 2).reshape(3, 4, 5, 2)
    tensor = whole[:: steps[0], :: steps[1], :: steps[2], :: steps[3]].permute(axes)
    storage = Storage(np.dtype("<f4"), memoryview(whole.numpy().tobytes()))
    assert same(
        rebuild_tensor(Budget(480), storage, 0, tuple(tensor.shape), tensor.stride()), tensor
    )


REFUSED_VIEWS = {
    "stride 0": (0, (1000, 1000), (0, 0), "overlaps itself"),
    "stride 0 in one dimension": (0, (10, 10), (0, 1), "overlaps itself"),
    "overlapping rows": (0, (5, 5), (1, 1), "overlaps itself"),
    "beyond the end": (0, (101,), (1,), "element 100 of a storage of 100"),
    "offset beyond the end": (100, (1,), (1,), "element 100 of a storage of 100"),
    "offset below the beginning": (-1, (1,), (1,), "do not fit"),
    "negative stride": (99, (10,), (-1,), "natural number"),
    "negative size": (0, (-1,), (1,), "natural number"),
    "2**60 numbers": (0, (2**60,), (1,), "more than 4,294,967,296 numbers"),
    "2**64 numbers by dimensions": (0, (2**8,) * 8, (1,) * 8, "more than"),
    "an overflow of 64 bits": (0, (2,), (2**64,), "reaches element 18,446,744,073,709,551,616"),
    "nine dimensions": (0, (1,) * 9, (1,) * 9, "9 dimensions"),
    "a stride too few": (0, (2, 2), (1,), "do not fit"),
    "a size that is true": (0, (True,), (1,), "natural number"),
    "a size that is a fraction": (0, (1.0,), (1,), "natural number"),
    "empty, yet immense": (0, (0, 2**40), (1, 1), "more than"),
}


@pytest.mark.parametrize("name", REFUSED_VIEWS)
def test_a_view_that_leaves_or_multiplies_its_storage_is_refused(name: str) -> None:
    offset, size, stride, words = REFUSED_VIEWS[name]
    storage = Storage(np.dtype("<f4"), memoryview(bytes(400)))
    with pytest.raises(CheckpointError, match=words):
        rebuild_tensor(Budget(400), storage, offset, size, stride)


def test_bfloat16_is_not_copied_without_end() -> None:
    """Each tensor alone is small enough; together they would be a bomb."""
    storage = Storage(np.dtype("V2"), memoryview(bytes(200_000)))
    budget = Budget(200_000)
    rebuild_tensor(budget, storage, 0, (100_000,), (1,))
    with pytest.raises(CheckpointError, match="again and again"):
        rebuild_tensor(budget, storage, 0, (100_000,), (1,))


def damaged(data: memoryview, old: bytes, new: bytes) -> memoryview:
    assert bytes(data).count(old) == 1
    return memoryview(bytes(data).replace(old, new))


def test_damage_in_the_layout_is_named() -> None:
    data = legacy(OrderedDict(a=torch.arange(5.0), b=torch.arange(3)))
    for old, new, words in (
        (b"M\xe9\x03.", b"M\xe8\x03.", "another version than 1001"),
        (b"little_endianq\x02\x88", b"little_endianq\x02\x89", "big-endian"),
        (b"FloatStorage", b"ComplexFloatStorage", "names torch.ComplexFloatStorage"),
        (b"\x05" + bytes(7), b"\x06" + bytes(7), "two sizes"),
        (b"K\x05N", b"K\x06N", "two sizes"),
        (b"K\x05N", b"J\xff\xff\xff\xffN", "unknown form"),
        (b"K\x05N", b"\x8a\x08" + bytes(7) + b"\x10N", "two sizes"),
    ):
        with pytest.raises(CheckpointError, match=words):
            read_legacy_torch(damaged(data, old, new))
