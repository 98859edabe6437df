"""A folder of pictures becomes training data, whatever lies in it."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.data.shared import RED, SIDE, prepared, save
from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.pictures.reading import PictureFile
from tui_draggan.size import Size
from tui_draggan.training.data import cache as module
from tui_draggan.training.data.pictures import middle_of


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def test_subfolders_are_classes_and_deeper_ones_belong_to_them(folder: Path, cache: Path) -> None:
    for name in ("sun/b.png", "moon/deep/a.PNG", "moon/c.png", ".hidden/d.png", "sun/.e.png"):
        save(folder / name)
    (folder / "moon/notes.txt").write_text("x")
    (folder / "empty").mkdir()
    data = prepared(folder, SIDE, cache)
    assert data.classes == ("moon", "sun")
    assert data.labels.tolist() == [0, 0, 1] and data.labels.dtype == np.int64
    assert data.pictures.shape == (3, SIDE, SIDE, 3) and data.pictures.dtype == np.uint8
    assert data.skipped == (("moon/notes.txt", "not a picture of a known format"),)


def test_pictures_beside_subfolders_have_no_classes(folder: Path, cache: Path) -> None:
    for name in ("a.png", "sun/b.png", "moon/c.png"):
        save(folder / name)
    data = prepared(folder, SIDE, cache)
    assert data.classes == () and data.labels.tolist() == [0, 0, 0]


def test_a_single_subfolder_is_no_class(folder: Path, cache: Path) -> None:
    save(folder / "all/a.png")
    assert prepared(folder, SIDE, cache).classes == ()


def test_a_broken_picture_on_top_takes_no_classes_away(folder: Path, cache: Path) -> None:
    for name in ("sun/b.png", "moon/c.png"):
        save(folder / name)
    (folder / "broken.png").write_bytes(b"x")
    data = prepared(folder, SIDE, cache)
    assert data.classes == ("moon", "sun") and len(data.skipped) == 1


def test_broken_files_are_named_and_skipped(folder: Path, cache: Path) -> None:
    for number in range(4):
        save(folder / f"{number}.png", colour=(50 * number, 0, 0))
    (folder / "1.png").write_bytes(b"no picture")
    whole = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(whole[: len(whole) // 2])
    (folder / "gone.png").symlink_to(folder / "nowhere")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    for _ in range(2):  # the second time from the cache
        data = prepared(folder, SIDE, cache)
        assert [name for name, _ in data.skipped] == ["1.png", "3.png", "gone.png", "loop.png"]
        assert all(reason and "\n" not in reason for _, reason in data.skipped)
        assert data.pictures[:, 0, 0, 0].tolist() == [0, 100]


def test_links_are_followed_but_never_in_a_circle(
    folder: Path, cache: Path, tmp_path: Path
) -> None:
    save(tmp_path / "elsewhere/sub/a.png")
    save(folder / "b.png")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "link2.png").symlink_to(folder / "b.png")
    (tmp_path / "elsewhere" / "back").symlink_to(folder)
    (folder / "self").symlink_to(folder)
    assert len(prepared(folder, SIDE, cache).pictures) == 3


def test_a_pipe_is_not_waited_for(folder: Path, cache: Path) -> None:
    save(folder / "a.png")
    os.mkfifo(folder / "b.png")
    data = prepared(folder, SIDE, cache)
    assert len(data.pictures) == 1
    assert data.skipped == (("b.png", "it is a pipe, not a picture file"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_named(folder: Path, cache: Path) -> None:
    for name in ("a.png", "b.png", "closed/c.png"):
        save(folder / name)
    (folder / "b.png").chmod(0)
    (folder / "closed").chmod(0)
    try:
        data = prepared(folder, SIDE, cache)
    finally:
        (folder / "closed").chmod(0o700)
    assert data.skipped == (("b.png", "Permission denied"), ("closed/", "Permission denied"))


def test_odd_names_can_be_printed(folder: Path, cache: Path) -> None:
    odd = os.fsdecode(b"\xff\x1b[2J\n.png")
    (folder / odd).write_bytes(b"x")
    for name in ("\u6c34/a.png", "b\x07/a.png"):
        save(folder / name)
    data = prepared(folder, SIDE, cache)
    assert data.skipped[0][0] == r"\udcff\x1b[2J\n.png"
    assert data.classes == (r"b\x07", "\u6c34")
    "".join((*data.classes, data.skipped[0][0])).encode()


def test_the_order_is_that_of_names_whichever_is_read_first(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (3, 1, 2, 0):
        save(folder / f"{number}.png", colour=(50 * number, 0, 0))

    def slow(file: PictureFile, size: Size) -> Bytes:
        time.sleep(0.2 * (file.name == "0.png"))
        return middle_of(file, size)

    monkeypatch.setattr(module, "middle_of", slow)
    monkeypatch.setattr(module, "_threads", lambda: 3)
    assert prepared(folder, SIDE, cache).pictures[:, 0, 0, 0].tolist() == [0, 50, 100, 150]


def test_few_pictures_are_warned_about(folder: Path, cache: Path) -> None:
    for number in range(99):
        save(folder / f"{number}.png", size=(4, 4))
    warning = prepared(folder, SIDE, cache).warning
    assert warning is not None and warning.startswith("only 99 pictures: ")
    save(folder / "99.png")
    assert prepared(folder, SIDE, cache).warning is None


def test_errors_say_what_is_wanted(tmp_path: Path, folder: Path, cache: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        prepared(tmp_path / "nowhere", SIDE, cache)
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        UsageError, match="is a file; expected a folder of pictures or a zip archive"
    ):
        prepared(tmp_path / "file", SIDE, cache)
    (folder / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match=r"has no pictures; expected files like \.png"):
        prepared(folder, SIDE, cache)
    (folder / "a.png").symlink_to(folder / "nowhere")
    with pytest.raises(UsageError, match=r"can be reached \(a\.png: No such file"):
        prepared(folder, SIDE, cache)


def test_warnings_of_the_decoder_do_not_reach_the_screen(folder: Path, cache: Path) -> None:
    damaged = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0"
    Image.new("RGB", (20, 20), RED).save(folder / "a.png", exif=damaged)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        prepared(folder, SIDE, cache)
    assert not heard


def test_progress_is_told(folder: Path, cache: Path) -> None:
    for number in range(3):
        save(folder / f"{number}.png")
    (folder / "1.png").write_bytes(b"x")
    seen: list[tuple[int, int]] = []
    prepared(folder, SIDE, cache, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
