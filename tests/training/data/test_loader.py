"""The order of a folder's pictures."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.data.shared import prepared
from tui_draggan.arrays import Bytes
from tui_draggan.training.data import PictureData, batches
from tui_draggan.training.data.loader import _Batches

COUNT = 10


def data() -> PictureData:
    """Picture n has red n, and a left half unlike its right one."""
    pictures = np.zeros((COUNT, 4, 4, 3), dtype=np.uint8)
    pictures[..., 0] = np.arange(COUNT)[:, None, None]
    pictures[:, :, :2, 1] = 255
    return PictureData(pictures, np.arange(COUNT) % 3, ("a", "b", "c"), (), None)


def numbers(
    start: int = 0, steps: int = 6, batch: int = 4, **options: Any
) -> list[tuple[list[int], list[int]]]:
    """Pictures and labels of each step."""
    options = {"seed": 1, "mirror": False, **options}
    found = batches(data(), batch=batch, start=start, steps=steps, **options)
    return [(image[:, 0, 0, 0].tolist(), label.tolist()) for image, label in found]


def test_every_epoch_has_every_picture_once_in_another_order() -> None:
    sequence = [n for step, _ in numbers(steps=5) for n in step]
    first, second = sequence[:COUNT], sequence[COUNT:]
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert first != second


def test_labels_belong_to_pictures() -> None:
    assert all(n % 3 == label for step in numbers() for n, label in zip(*step, strict=True))


def test_a_resumed_run_sees_what_an_uninterrupted_one_would_have_seen() -> None:
    assert numbers(start=3, steps=3) == numbers()[3:]
    assert numbers(seed=2) != numbers()


def test_ranks_share_every_batch_by_turns() -> None:
    whole = numbers()
    for rank in range(2):
        part = numbers(rank=rank, world=2)
        assert part == [(n[rank::2], label[rank::2]) for n, label in whole]


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(workers: int) -> None:
    assert numbers(workers=workers) == numbers()


def test_mirror_flips_half_of_them_always_the_same() -> None:
    def flipped() -> torch.Tensor:
        found = batches(data(), batch=50, seed=1, start=0, steps=4, mirror=True)
        return torch.cat([image[:, 1, 0, 0] == 0 for image, _ in found])

    first = flipped()
    assert torch.equal(first, flipped())
    assert 0.4 < first.float().mean() < 0.6


def test_pictures_are_channels_first_bytes() -> None:
    image, label = next(batches(data(), batch=4, seed=1, start=0, steps=1, mirror=False))
    assert image.shape == (4, 3, 4, 4) and image.dtype == torch.uint8
    assert label.dtype == torch.int64


def test_pictures_are_those_of_the_data_flipped_or_not() -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)
    given = PictureData(pictures, np.arange(5), (), (), None)
    found = batches(given, batch=8, seed=3, start=2, steps=4, mirror=True)
    ways = set()
    for image, label in found:
        for one, number in zip(image.permute(0, 2, 3, 1).numpy(), label.tolist(), strict=True):
            flipped = np.array_equal(one, pictures[number][:, ::-1])
            assert flipped or np.array_equal(one, pictures[number])
            ways.add(flipped)
    assert ways == {True, False}


def test_a_batch_may_be_larger_than_the_folder() -> None:
    seen = [n for step, _ in numbers(batch=35, steps=2) for n in step]
    assert len(seen) == 70
    assert all(sorted(seen[k : k + COUNT]) == list(range(COUNT)) for k in range(0, 70, COUNT))


def test_a_step_far_away_costs_no_more_than_the_first() -> None:
    assert numbers(start=10**9, steps=1) == numbers(start=10**9, steps=1)
    assert numbers(start=10**9, steps=1) != numbers(steps=1)


def test_workers_that_are_not_forked_get_a_file_name_and_no_gigabytes(tmp_path: Path) -> None:
    for number in range(6):
        colour = (40 * number, 0, 0)
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{number}.png")
    found = prepared(tmp_path, 64, tmp_path / "cache")
    dataset = _Batches(found, 4, 1, True, slice(0, None, 2))
    sent = pickle.dumps(dataset)
    assert len(sent) < 4000
    for expected, found in zip(dataset[7], pickle.loads(sent)[7], strict=True):
        assert torch.equal(expected, found)


@pytest.mark.parametrize("whole", [data().pictures, data().pictures[2:]])
def test_pictures_without_a_file_go_over_whole(whole: Bytes) -> None:
    given = PictureData(whole, np.arange(len(whole)), (), (), None)
    dataset = _Batches(given, 4, 1, False, slice(None))
    assert torch.equal(dataset[3][0], pickle.loads(pickle.dumps(dataset))[3][0])
