"""A folder of pictures becomes training data, whatever lies in it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tui_draggan.errors import UsageError
from tui_draggan.training.data import prepare
from tui_draggan.training.data.pictures import square

SIDE = 16
RED, WHITE = (200, 30, 40), (255, 255, 255)


def save(path, colour=RED, size=(40, 30), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path, **options)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.png", "RGB"), ("a.jpg", "CMYK"), ("a.png", "P"), ("a.gif", "P"), ("A.JPG", "RGB")],
)
def test_modes_become_rgb(folder, name, mode):
    save(folder / name, mode=mode)
    picture = square(folder / name, SIDE)
    assert picture.shape == (SIDE, SIDE, 3)
    assert np.abs(picture.astype(int) - RED).max() < 12


def test_transparency_lies_on_white(folder):
    for mode in ("RGBA", "LA"):
        clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert(mode)
        clear.save(folder / "a.png")
        assert (square(folder / "a.png", SIDE) == WHITE).all()


def test_16_bits_are_scaled_and_not_cut_off(folder):
    values = np.full((20, 20), 32768, dtype=np.uint16)
    Image.fromarray(values).save(folder / "a.png")
    assert np.abs(square(folder / "a.png", SIDE).astype(int) - 127).max() <= 1


def test_a_camera_on_its_side(folder):
    """EXIF orientation 6: the picture's left is up."""
    picture = Image.new("RGB", (40, 40), "black")
    picture.paste(RED, (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(folder / "a.png", exif=exif)
    turned = square(folder / "a.png", SIDE)
    assert np.abs(turned[2].astype(int) - RED).max() < 5
    assert turned[-3].max() < 5


def test_the_middle_of_a_long_picture(folder):
    picture = Image.new("RGB", (90, 30), "black")
    picture.paste(RED, (30, 0, 60, 30))
    picture.save(folder / "a.png")
    middle = square(folder / "a.png", SIDE)
    assert np.abs(middle[:, 2:-2].astype(int) - RED).max() < 40


def test_only_the_first_frame_of_what_moves(folder):
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, (0, 0, 255))]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    assert np.abs(square(folder / "a.gif", SIDE).astype(int) - RED).max() < 5


def test_subfolders_are_classes_and_deeper_ones_belong_to_them(folder, cache):
    for name in ("sun/b.png", "moon/deep/a.png", "moon/c.png", ".hidden/d.png", "moon/notes.txt"):
        save(folder / name) if name.endswith("png") else (folder / name).write_text("x")
    data = prepare(folder, SIDE, cache)
    assert data.classes == ("moon", "sun")
    assert data.labels.tolist() == [0, 0, 1]
    assert data.pictures.shape == (3, SIDE, SIDE, 3)
    assert data.warning is not None and "3 pictures are few" in data.warning


def test_pictures_beside_subfolders_have_no_classes(folder, cache):
    save(folder / "a.png")
    save(folder / "sun/b.png")
    data = prepare(folder, SIDE, cache)
    assert data.classes == () and data.labels.tolist() == [0, 0]


def test_broken_files_are_named_and_skipped(folder, cache):
    for number in range(3):
        save(folder / f"{number}.png", colour=(50 * number, 0, 0))
    (folder / "1.png").write_bytes(b"no picture")
    whole = (folder / "2.png").read_bytes()
    (folder / "3.png").write_bytes(whole[: len(whole) // 2])
    data = prepare(folder, SIDE, cache)
    assert [name for name, _ in data.skipped] == ["1.png", "3.png"]
    assert all(reason and "\n" not in reason for _, reason in data.skipped)
    assert data.pictures[:, 0, 0, 0].tolist() == [0, 100]


def test_prepared_once_until_a_file_changes(folder, cache, monkeypatch):
    save(folder / "a.png")
    first = prepare(folder, SIDE, cache)
    calls = []
    monkeypatch.setattr(
        "tui_draggan.training.data.folder.square", lambda *a: calls.append(a) or square(*a)
    )
    again = prepare(folder, SIDE, cache)
    assert not calls and np.array_equal(first.pictures, again.pictures)
    save(folder / "a.png", colour=(0, 0, 0), size=(50, 50))
    changed = prepare(folder, SIDE, cache)
    assert len(calls) == 1 and changed.pictures.max() == 0
    prepare(folder, 2 * SIDE, cache)
    assert len(calls) == 2


def test_nothing_half_written_is_left(folder, cache):
    (folder / "a.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"none of the 1 pictures .*a\.png"):
        prepare(folder, SIDE, cache)
    assert not list(cache.iterdir())


def test_errors_say_what_is_wanted(tmp_path, folder, cache):
    with pytest.raises(UsageError, match="does not exist"):
        prepare(tmp_path / "nowhere", SIDE, cache)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        prepare(tmp_path / "file", SIDE, cache)
    with pytest.raises(UsageError, match="has no pictures"):
        prepare(folder, SIDE, cache)


def test_progress_is_told(folder, cache):
    for number in range(3):
        save(folder / f"{number}.png")
    seen = []
    prepare(folder, SIDE, cache, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
