"""Pictures of a run's snapshots, against the networks themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import tiny_generator
from tui_draggan.arrays import Bytes
from tui_draggan.commands.snapshots import SnapshotPictures
from tui_draggan.edit.latent import Seed
from tui_draggan.run_folder import RunFolder
from tui_draggan.stylegan.pixels import to_pictures
from tui_draggan.testing.waiting import wait_until
from tui_draggan.tui.services import SnapshotPicture

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Three snapshots, the second of which is damaged."""
    run = RunFolder(tmp_path)
    run.snapshots.mkdir()
    for step in (10, 20, 30):
        generator = tiny_generator(seed=step)
        torch.save(
            {"config": generator.config.to_dict(), "state": generator.state_dict()},
            run.snapshot(step),
        )
    data = run.snapshot(20).read_bytes()
    run.snapshot(20).write_bytes(data[: len(data) // 2])
    return run


@pytest.fixture
def pictures(run: RunFolder) -> Iterator[SnapshotPictures]:
    pictures = SnapshotPictures(run)
    yield pictures
    pictures.close()


@torch.no_grad()
def plain(step: int, seed: int, psi: float) -> Bytes:
    """The picture of a seed, by the convention of the field."""
    generator = tiny_generator(seed=step)
    z = np.random.RandomState(seed).randn(1, 16)
    w = generator.mapping(torch.from_numpy(z.astype(np.float32)))
    w = generator.mapping.w_avg + psi * (w - generator.mapping.w_avg)
    ws = w[:, None].expand(-1, generator.config.num_ws, -1)
    picture: Bytes = to_pictures(generator.synthesis(ws))[0].numpy()
    return picture


def test_each_is_what_its_network_draws_and_a_damaged_one_is_told_of_once(
    run: RunFolder, pictures: SnapshotPictures, caplog: pytest.LogCaptureFixture
) -> None:
    files = pictures.files()
    assert [file.name for file in files] == ["00000030.pt", "00000020.pt", "00000010.pt"]
    found: dict[SnapshotPicture, Bytes] = {}
    threads = set()

    def take(picture: SnapshotPicture, image: Bytes) -> None:
        threads.add(threading.current_thread().name)
        found[picture] = image

    wanted = [SnapshotPicture(file, Seed(5, 0.6)) for file in files]
    pictures.want(wanted, take)
    wait_until(lambda: len(found) == 2, "the two that can be drawn")
    for picture, step in ((wanted[0], 30), (wanted[2], 10)):
        off = np.abs(found[picture].astype(int) - plain(step, 5, 0.6).astype(int))
        assert off.max() <= 1, "float32 in another order"
    assert threads == {"draggan-snapshots"}
    pictures.want(wanted[1:2], take)
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("snapshot 00000020.pt: ") and "damaged" in said


def test_what_is_wanted_later_comes_instead(pictures: SnapshotPictures) -> None:
    newest, _, oldest = pictures.files()
    found: list[SnapshotPicture] = []
    early = [SnapshotPicture(oldest, Seed(number)) for number in range(500)]
    pictures.want(early, lambda picture, _: found.append(picture))
    late = SnapshotPicture(newest, Seed(1))
    pictures.want([late], lambda picture, _: found.append(picture))
    wait_until(lambda: late in found, "the late one")
    assert len(found) <= 2, "and the one that was under way"


def test_closing_ends_the_process_whatever_it_does(pictures: SnapshotPictures) -> None:
    found: list[SnapshotPicture] = []
    newest = pictures.files()[0]
    pictures.want(
        [SnapshotPicture(newest, Seed(number)) for number in range(5000)],
        lambda picture, _: found.append(picture),
    )
    wait_until(lambda: found, "the first")
    pictures.close()
    count = len(found)
    assert not any(thread.name == "draggan-snapshots" for thread in threading.enumerate())
    assert len(found) == count
