"""Folders and archives of every custom: their classes, and what is said about them."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.training.data.shared import SIDE, prepared, save
from tui_draggan.errors import UsageError
from tui_draggan.training.data import Survey, in_words, survey

Archived = Callable[[Path], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def filled(folder: Path, **counts: int) -> Path:
    """Subfolders with so many pictures."""
    for name, count in counts.items():
        for number in range(count):
            save(folder / name / f"{number}.png", (number, 0, 0))
    return folder


def as_dataset_tools_write(folder: Path, count: int = 6, labels: Any = "none") -> Path:
    """Numbered PNGs in folders of a thousand each: here of three, so that there are several."""
    names = [f"{n // 3:05d}/img{n // 3 * 1000 + n % 3:08d}.png" for n in range(count)]
    for n, name in enumerate(names):
        save(folder / name, (10 * n, 0, 0))
    if labels != "none":
        pairs = labels and [[name, one] for name, one in zip(names, labels, strict=False)]
        (folder / "dataset.json").write_text(json.dumps({"labels": pairs}))
    return folder


def zipped(folder: Path, path: Path, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


@pytest.fixture(params=["folder", "zip"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Archived:
    """A folder as it is, or as a zip archive of it."""
    if request.param == "folder":
        return lambda folder: folder
    return lambda folder: zipped(folder, tmp_path / "pictures.zip")


def numbers(found: Survey) -> dict[str, int]:
    return dict(found.labels.numbers)


# -- folders --------------------------------------------------------------------------------------


def test_what_was_decided_is_said(folder: Path, either: Archived) -> None:
    found = survey(either(filled(folder, cat=4, dog=3)))
    assert found.labels.classes == ("cat", "dog")
    assert found.words == "7 pictures; 2 classes from folders: cat (4), dog (3)"


def test_many_classes_are_not_all_listed(folder: Path) -> None:
    found = survey(filled(folder, **{f"c{n:02d}": 1 for n in range(15)}))
    assert found.words.startswith("15 pictures; 15 classes from folders: c00 (1), c01 (1), ")
    assert found.words.endswith("c11 (1) and 3 more")


def test_names_in_what_is_said_cannot_move_the_cursor(folder: Path) -> None:
    assert r"a\x1b[2J (1)" in survey(filled(folder, **{"a\x1b[2J": 1, "b": 1})).words


def test_wrapping_folders_are_looked_through(folder: Path, either: Archived) -> None:
    filled(folder / "download" / "animals", cat=2, dog=2)
    (folder / "download" / "README.txt").write_text("x")
    found = survey(either(folder))
    assert found.labels.classes == ("cat", "dog")
    assert found.words.endswith("2 classes from folders in download/animals/: cat (2), dog (2)")
    assert found.passed_over == (("download/README.txt", "not a picture of a known format"),)


def test_a_single_folder_is_no_class(folder: Path, either: Archived) -> None:
    found = survey(either(filled(folder, all=3)))
    assert found.labels.classes == () and len(found.files) == 3
    assert "no classes: there are no two folders of pictures" in found.words


HOUSEKEEPING = [
    *("@eaDir", "#recycle", "@Recycle", "__MACOSX", "$RECYCLE.BIN", ".thumbnails"),
    *("lost+found", "System Volume Information"),
]


@pytest.mark.parametrize("name", HOUSEKEEPING)
def test_what_servers_and_systems_leave_is_no_class(
    folder: Path, either: Archived, name: str
) -> None:
    filled(folder, cat=2, dog=2)
    for place in (folder, folder / "cat"):
        save(place / name / "1.png" / "THUMB_M.JPG")
        for other in (".DS_Store", "Thumbs.db", "desktop.ini", "._1.png"):
            (place / other).write_bytes(b"x")
    found = survey(either(folder))
    assert found.labels.classes == ("cat", "dog") and len(found.files) == 4
    assert found.passed_over == ()


def test_a_stray_picture_beside_the_folders_is_passed_over_and_said(
    folder: Path, either: Archived
) -> None:
    save(filled(folder, cat=3, dog=2) / "stray.png")
    found = survey(either(folder))
    assert found.labels.classes == ("cat", "dog") and len(found.files) == 5
    assert found.passed_over == (("stray.png", "lies beside the folders that are classes"),)


def test_pictures_with_a_few_folders_beside_them_have_no_classes(
    folder: Path, either: Archived
) -> None:
    for number in range(9):
        save(folder / f"{number}.png")
    found = survey(either(filled(folder, extra=2, more=2)))
    assert found.labels.classes == () and len(found.files) == 13 and found.passed_over == ()
    assert found.words == (
        "13 pictures; no classes: 9 pictures lie beside 2 folders; "
        "--classes folders uses these only"
    )


def test_a_stray_picture_beside_a_wrapping_folder(folder: Path, either: Archived) -> None:
    save(filled(folder / "photos", cat=3, dog=2).parent / "cover.jpg")
    found = survey(either(folder))
    assert found.labels.classes == ("cat", "dog")
    assert [name for name, _ in found.passed_over] == ["cover.jpg"]


def test_a_folder_without_a_readable_picture_is_no_class(folder: Path, tmp_path: Path) -> None:
    filled(folder, cat=2, dog=2, emu=1)
    (folder / "emu" / "0.png").write_bytes(b"x")
    data = prepared(folder, SIDE, tmp_path / "cache")
    assert data.classes == ("cat", "dog") and data.labels.tolist() == [0, 0, 1, 1]


# -- numbered folders and dataset.json ------------------------------------------------------------


@pytest.mark.parametrize("labels", ["none", None])
def test_folders_of_a_thousand_are_no_classes(
    folder: Path, either: Archived, labels: str | None
) -> None:
    found = survey(either(as_dataset_tools_write(folder, labels=labels)))
    assert found.labels.classes == () and len(found.files) == 6
    assert "no classes: the folders hold numbered pictures, a thousand each; --cl" in found.words


def test_nor_are_those_named_for_their_first_picture(folder: Path) -> None:
    for number in (0, 999, 1000, 1999, 69000):
        save(folder / f"{number // 1000 * 1000:05d}" / f"{number:05d}.png")
    assert survey(folder).labels.classes == ()


@pytest.mark.parametrize("name", ["00001/1.png", "00001/cat.png", "1/1001.png"])
def test_other_numbers_are_names_like_any(folder: Path, name: str) -> None:
    save(folder / "00000" / "1.png")
    save(folder / name)
    assert len(survey(folder).labels.classes) == 2


def test_labels_of_dataset_json(folder: Path, either: Archived, tmp_path: Path) -> None:
    labels = [1, 0, 3, 1, 0, 3]
    path = either(as_dataset_tools_write(folder, labels=labels))
    found = survey(path)
    assert found.labels.classes == ("0", "1", "2", "3"), "numbers that others know them by"
    assert list(numbers(found).values()) == labels
    assert found.words == "6 pictures; 4 classes from dataset.json: 0 (2), 1 (2), 2 (0), 3 (2)"
    data = prepared(path, SIDE, tmp_path / "cache")
    assert data.labels.tolist() == labels and data.classes == found.labels.classes
    assert data.pictures[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        (["b", "a", "b", "a", "b", "c"], ("a", "b", "c"), [1, 0, 1, 0, 1, 2]),
        ([[0, 1, 0], [1, 0, 0]] * 3, ("0", "1", "2"), [1, 0] * 3),
        ([[0.0, 1.0], [1.0, 0.0]] * 3, ("0", "1"), [1, 0] * 3),
    ],
)
def test_labels_in_other_words(
    folder: Path, labels: list[Any], classes: tuple[str, ...], expected: list[int]
) -> None:
    found = survey(as_dataset_tools_write(folder, labels=labels))
    assert found.labels.classes == classes
    assert list(numbers(found).values()) == expected


def test_a_dataset_in_a_wrapping_folder(folder: Path, either: Archived) -> None:
    as_dataset_tools_write(folder / "afhq", labels=[0, 1, 0, 1, 0, 1])
    found = survey(either(folder))
    assert list(numbers(found).values()) == [0, 1, 0, 1, 0, 1]
    assert "2 classes from dataset.json in afhq/: 0 (3), 1 (3)" in found.words


def test_windows_and_mappings_write_other_lists(folder: Path) -> None:
    filled(folder, a=2, b=2)
    pairs = {r"a\0.png": 0, r"a\1.png": 1, "b/0.png": 1, "b/1.png": 0}
    (folder / "dataset.json").write_text(json.dumps({"labels": pairs}))
    assert list(numbers(survey(folder)).values()) == [0, 1, 1, 0]


def test_pictures_without_a_label_and_labels_without_a_picture(folder: Path) -> None:
    as_dataset_tools_write(folder, labels=[0, 1, 0, 1])
    (folder / "00000" / "img00000001.png").unlink()
    found = survey(folder)
    assert len(found.files) == 3
    assert found.passed_over == (
        ("00001/img00001001.png", "has no label in dataset.json"),
        ("00001/img00001002.png", "has no label in dataset.json"),
    )
    assert found.words.endswith("; labelled but missing: 1")


def test_one_label_for_all_is_no_class(folder: Path) -> None:
    found = survey(as_dataset_tools_write(folder, labels=[0] * 6))
    assert found.labels.classes == ()
    assert "no classes: dataset.json gives all pictures the same label" in found.words


def test_a_dataset_json_without_labels_leaves_folders_their_meaning(folder: Path) -> None:
    (filled(folder, cat=2, dog=2) / "dataset.json").write_text('{"name": "animals"}')
    assert survey(folder).labels.classes == ("cat", "dog")


# -- what the person chooses ----------------------------------------------------------------------


def test_the_person_has_the_last_word(folder: Path, either: Archived) -> None:
    path = either(as_dataset_tools_write(folder, labels=[0, 1, 0, 1, 0, 1]))
    assert survey(path, "dataset.json").labels.classes == ("0", "1")
    folders = survey(path, "folders")
    assert folders.labels.classes == ("00000", "00001")
    assert list(numbers(folders).values()) == [0, 0, 0, 1, 1, 1]
    none = survey(path, "none")
    assert none.labels.classes == () and len(none.files) == 6
    assert none.words == "6 pictures; no classes: as --classes none asks"


def test_chosen_folders_leave_everything_beside_them_out(folder: Path) -> None:
    for number in range(9):
        save(folder / f"{number}.png")
    found = survey(filled(folder, extra=2, more=2), "folders")
    assert found.labels.classes == ("extra", "more") and len(found.passed_over) == 9


def test_what_is_chosen_has_to_be_there(folder: Path) -> None:
    save(folder / "a.png")
    with pytest.raises(UsageError, match="no two folders of pictures side by side"):
        survey(folder, "folders")
    with pytest.raises(UsageError, match=r"pictures/dataset\.json does not exist"):
        survey(folder, "dataset.json")
    (folder / "dataset.json").write_text('{"labels": null}')
    with pytest.raises(UsageError, match=r"pictures/dataset\.json holds no labels"):
        survey(folder, "dataset.json")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "\x00", "[" * 100_000, '{"labels": 5}', '{"labels": [[1]]}'),
        *('{"labels": [["0.png"]]}', '{"labels": [1, 2]}', '{"labels": {"0.png": 0}}'),
    ],
)
def test_what_is_no_list_of_labels_is_one_line(folder: Path, text: str) -> None:
    filled(folder, a=1, b=1)
    (folder / "dataset.json").write_text(text)
    with pytest.raises(
        UsageError, match=r"pictures/dataset\.json .*--classes folders or none"
    ) as caught:
        survey(folder)
    assert "\n" not in str(caught.value)
    assert survey(folder, "folders").labels.classes == ("a", "b")


@pytest.mark.parametrize(
    "labels",
    [
        *([-1, 0], [0, 10**9], [0, "a"], [0, 1.5], [True, False], [None, None]),
        *([[0.3, 0.7], [1, 0]], [[1, 1], [1, 0]], [[1, 0], [1, 0, 0]], [[], []], [[2], [2]]),
        *([["a"], ["b"]], [{}, {}]),
    ],
)
def test_labels_that_are_no_classes_are_one_line(folder: Path, labels: list[Any]) -> None:
    as_dataset_tools_write(folder, 2, labels)
    with pytest.raises(UsageError, match=r"pictures/dataset\.json has labels .*; choose --classes"):
        survey(folder)


# -- files ----------------------------------------------------------------------------------------


def test_every_file_passed_over_is_named_with_its_reason(folder: Path, either: Archived) -> None:
    save(folder / "a.png").rename(folder / "a.jpg_large")
    shutil.copy(folder / "a.jpg_large", folder / "no suffix")
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    for name, content in {
        "b.heic": heic,
        "c.mov": b"\0\0\0\x14ftypqt  ",
        "d.txt": b"a cat",
        "e.nef": (folder / "a.jpg_large").read_bytes(),
        "f": b"",
        "g.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    }.items():
        (folder / name).write_bytes(content)
    found = survey(either(folder))
    assert [file.name for file in found.files] == ["a.jpg_large", "no suffix"]
    assert dict(found.passed_over) == {
        "b.heic": "HEIC files are not supported; convert it to .png or .jpg",
        "c.mov": "not a picture of a known format",
        "d.txt": "not a picture of a known format",
        "e.nef": "raw camera files are not supported; convert it to .png or .jpg",
        "f": "not a picture of a known format",
        "g.eps": "EPS files are not supported; convert it to .png or .jpg",
    }


def test_files_are_named_by_their_reasons() -> None:
    skipped = [*((f"{n}.txt", "no picture") for n in range(25)), ("a\x1b.heic", "HEIC")]
    first, second = in_words(skipped)
    assert first.startswith("skipped 25 files (no picture): 0.txt, 1.txt, ")
    assert first.endswith(", 19.txt and 5 more")
    assert second == r"skipped 1 file (HEIC): a\x1b.heic"


# -- archives -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_is_read_as_its_folder_is(folder: Path, tmp_path: Path, method: int) -> None:
    filled(folder, cat=4, dog=3)
    Image.new("RGB", (30, 40), (9, 9, 9)).save(folder / "cat" / "tiff.tif")
    (folder / "dog" / "broken.png").write_bytes(b"x")
    path = zipped(folder, tmp_path / "pictures.zip", method)
    expected = prepared(folder, SIDE, tmp_path / "cache")
    found = prepared(path, SIDE, tmp_path / "cache")
    np.testing.assert_array_equal(found.pictures, expected.pictures)
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert found.classes == expected.classes and found.skipped == expected.skipped


def test_an_archive_that_changes_is_prepared_again(folder: Path, tmp_path: Path) -> None:
    path = zipped(filled(folder, cat=2, dog=2), tmp_path / "pictures.zip")
    first = prepared(path, SIDE, tmp_path / "cache")
    save(folder / "cat" / "0.png", (200, 0, 0))
    zipped(folder, path)
    assert first.pictures[0, 0, 0, 0] == 0
    assert prepared(path, SIDE, tmp_path / "cache").pictures[0, 0, 0, 0] == 200


def test_an_archive_that_is_damaged_or_hostile(folder: Path, tmp_path: Path) -> None:
    filled(folder, cat=3)
    path = zipped(folder, tmp_path / "pictures.zip")
    whole = path.read_bytes()
    picture = (folder / "cat" / "1.png").read_bytes()
    at = whole.index(picture)
    path.write_bytes(whole[: at + 30] + b"\xff" * 20 + whole[at + 50 :])
    data = prepared(path, SIDE, tmp_path / "cache")
    assert len(data.pictures) == 2
    (skipped,) = data.skipped
    assert skipped[0] == "cat/1.png" and "\n" not in skipped[1]
    path.write_bytes(whole[:-30])
    with pytest.raises(UsageError, match="expected a folder of pictures or a zip archive"):
        survey(path)


def test_names_that_climb_and_encrypted_files_in_an_archive(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (20, 20)).save(stream, "PNG")
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../a.png", "/etc/b.png", "c.png"):
            archive.writestr(name, stream.getvalue())
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1  # the last file says that it is encrypted
    path.write_bytes(content)
    data = prepared(path, SIDE, tmp_path / "cache", classes="none")
    assert len(data.pictures) == 1 and data.skipped == (("c.png", "encrypted"),)
    assert sorted(one.name for one in tmp_path.parent.glob("*.png")) == []


@pytest.mark.slow
def test_a_bomb_in_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "pictures.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.webp", "w", force_zip64=True) as bomb,
    ):
        bomb.write(b"RIFF\0\0\0\0WEBPVP8 ")
        for _ in range(1100):
            bomb.write(bytes(1 << 20))
    with pytest.raises(UsageError, match=r"bomb\.webp: 1\.2 GB, above the limit of 1\.1 GB"):
        prepared(path, SIDE, tmp_path / "cache")


def test_an_archive_inside_a_folder_is_named(folder: Path, tmp_path: Path) -> None:
    save(folder / "a.png")
    zipped(folder, tmp_path / "b.zip").rename(folder / "b.zip")
    assert survey(folder).passed_over == (("b.zip", "not a picture of a known format"),)
