"""Which class each picture of a folder or archive belongs to, and in words how that was decided.

Two customs are known. Folders may be classes: cat/1.png, dog/2.png. And dataset tools write
numbered pictures, a thousand to a folder (00000/img00000000.png), with their labels, if they have
any, in dataset.json: {"labels": [["00000/img00000000.png", 6], …]}, where a label is the number of
a class or a vector with a one in its place.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui_draggan.errors import UsageError
from tui_draggan.files import reason_of
from tui_draggan.pictures.reading import PictureFile, UnreadableError, recognise, suffix_of
from tui_draggan.training.data.scanning import LABELS, Listing
from tui_draggan.wording import printable

CHOICES = ("folders", "none", LABELS)
"""Where classes may be said to come from."""
FORCE = "--classes folders makes classes of them"
WITHOUT = "choose --classes folders or none to do without it"
MOST_CLASSES = 100_000
MOST_BYTES = 1 << 28
"""Size of a dataset.json with a line for each of several million pictures."""
LISTED = 12
"""Classes that are named with their numbers of pictures."""
NUMBERED = re.compile(r"(\d{5})/\D*(\d+)\.\w+")
"""A picture in a folder that is named for its thousand: img00001234.png in 00001/, or in 01000/."""


@dataclass(frozen=True)
class Labels:
    """The classes, and the number among them of every picture that has one."""

    classes: tuple[str, ...]
    """Names by number; () where pictures have no classes."""
    numbers: Mapping[str, int]
    """Class of a picture by the picture's path. Empty where there are no classes."""
    passed_over: tuple[tuple[str, str], ...]
    """Name and reason of pictures that belong to no class, where there are classes."""
    words: str
    """How it was decided: «2 classes from folders: cat (412), dog (398)»."""
    all_needed: bool = False
    """Whether classes without a picture keep their numbers, which others know them by."""


def decide(root: PictureFile, listing: Listing, choice: str | None = None) -> Labels:
    """The labels of all pictures of a listing. choice: one of `CHOICES`, None to look for them.

    Raises UsageError where there are none of the kind that was chosen.
    """
    names = [file.name for file in listing.files]
    top = _wrapping(names, listing.label_files)
    where = f" in {printable(top)}" if top else ""
    if choice == "none":
        return _none("as --classes none asks")
    file = root / (top + LABELS)
    there = top + LABELS in listing.label_files
    if choice == LABELS and not there:
        raise UsageError(f"{file} does not exist; {WITHOUT}")
    given = _read(file) if there and choice != "folders" else None
    if given is not None:
        return _from_file(names, top, given, str(file), where)
    if choice == LABELS:
        raise UsageError(f"{file} holds no labels; {WITHOUT}")
    return _from_folders(root, names, top, choice == "folders", where)


def _wrapping(names: Sequence[str], label_files: Sequence[str]) -> str:
    """The path, with its slash, of folders that each lie alone, as an archive's folder does."""
    top = ""
    while top + LABELS not in label_files:
        folders = set(_folders(names, top).values())
        if len(folders) != 1:
            break
        top += f"{folders.pop()}/"
    return top


def _folders(names: Sequence[str], top: str) -> dict[str, str]:
    """The folder in `top` that each picture lies in, of those that lie in one."""
    inside = (name for name in names if name.startswith(top) and "/" in name[len(top) :])
    return {name: name[len(top) :].split("/", 1)[0] for name in inside}


def _none(why: str) -> Labels:
    return Labels((), {}, (), f"no classes: {why}")


def _with_counts(source: str, classes: Sequence[str], numbers: Iterable[int], where: str) -> str:
    counts = Counter(numbers)
    shown = [f"{printable(name)} ({counts[n]})" for n, name in enumerate(classes[:LISTED])]
    more = f" and {len(classes) - LISTED} more" if len(classes) > LISTED else ""
    return f"{len(classes)} classes from {source}{where}: {', '.join(shown)}{more}"


# -- folders ---------------------------------------------------------------------------------------


def _from_folders(
    root: PictureFile, names: Sequence[str], top: str, chosen: bool, where: str
) -> Labels:
    folder_of = _folders(names, top)
    folders = sorted(set(folder_of.values()))
    if len(folders) < 2:
        if chosen:
            raise UsageError(
                f"{root} has no two folders of pictures side by side; choose --classes none"
            )
        return _none("there are no two folders of pictures side by side")
    if not chosen and all(_is_numbered(name[len(top) :]) for name in names):
        return _none(f"the folders{where} hold numbered pictures, a thousand each; {FORCE}")
    strays = [name for name in names if name not in folder_of]
    if not chosen:
        beside = sum(_is_picture(root / name) for name in strays)
        if beside >= len(folder_of) / len(folders):
            lie = "1 picture lies" if beside == 1 else f"{beside} pictures lie"
            return _none(
                f"{lie} beside {len(folders)} folders{where}; --classes folders uses these only"
            )
    numbers = {folder: number for number, folder in enumerate(folders)}
    number_of = {name: numbers[folder] for name, folder in folder_of.items()}
    return Labels(
        tuple(folders),
        number_of,
        tuple((name, "lies beside the folders that are classes") for name in strays),
        _with_counts("folders", folders, number_of.values(), where),
    )


def _is_numbered(name: str) -> bool:
    """Whether a picture lies in the folder of its own thousand."""
    found = NUMBERED.fullmatch(name)
    if found is None:
        return False
    folder, thousand = int(found[1]), int(found[2]) // 1000
    return folder in (thousand, 1000 * thousand)


def _is_picture(file: PictureFile) -> bool:
    try:
        recognise(file)
    except UnreadableError:
        return suffix_of(file) == ".tga"  # which has no mark of its own
    return True


# -- dataset.json ----------------------------------------------------------------------------------


def _read(file: PictureFile) -> dict[str, Any] | None:
    """Labels by a picture's path beside the file; None where it says that there are none."""
    try:
        with file.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES >> 20} MB")
        values = json.loads(text)
        if not isinstance(values, dict):
            raise TypeError("no JSON object")
        pairs = values.get("labels")
        if pairs is None:
            return None
        items = pairs.items() if isinstance(pairs, dict) else [(name, one) for name, one in pairs]
        return {str(name).replace("\\", "/"): label for name, label in items}
    except (OSError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise _unusable(file, error) from None


def _unusable(file: PictureFile, error: Exception) -> UsageError:
    words = reason_of(error) if isinstance(error, OSError) else printable(str(error))
    return UsageError(f"{file} is not a list of labels ({words}); {WITHOUT}")


def _from_file(
    names: Sequence[str], top: str, given: Mapping[str, Any], file: str, where: str
) -> Labels:
    labels = {name: given[name[len(top) :]] for name in names if name[len(top) :] in given}
    if not labels:
        raise UsageError(f"{file} labels none of the pictures; {WITHOUT}")
    classes, number_of = _numbers(labels, file)
    if len(set(number_of.values())) < 2:
        return _none(f"{LABELS} gives all pictures the same label")
    words = _with_counts(LABELS, classes, number_of.values(), where)
    missing = len(given) - len(labels)
    if missing:
        words += f"; labelled but missing: {missing}"
    return Labels(
        classes,
        number_of,
        tuple((name, f"has no label in {LABELS}") for name in names if name not in labels),
        words,
        all_needed=True,
    )


def _numbers(labels: Mapping[str, Any], file: str) -> tuple[tuple[str, ...], dict[str, int]]:
    """Names of the classes, and every picture's number among them. Raises UsageError."""
    kinds = {type(label) for label in labels.values()}
    if kinds == {str}:
        classes = sorted(set(labels.values()))
        numbers = {name: number for number, name in enumerate(classes)}
        return tuple(classes), {name: numbers[label] for name, label in labels.items()}
    if kinds == {list}:
        lengths = {len(label) for label in labels.values()}
        number_of = {name: _place_of_one(label) for name, label in labels.items()}
        count = lengths.pop() if len(lengths) == 1 else 0
    elif kinds == {int}:
        number_of = dict(labels)
        count = max(number_of.values()) + 1
    else:
        raise UsageError(f"{file} has labels that are no numbers of classes; {WITHOUT}")
    if min(number_of.values()) < 0 or not 0 < count <= MOST_CLASSES:
        raise UsageError(
            f"{file} has labels other than class numbers from 0 to {MOST_CLASSES - 1} or vectors "
            f"of one length with a single 1; {WITHOUT}"
        )
    return tuple(map(str, range(count))), number_of


def _place_of_one(vector: list[Any]) -> int:
    """−1 where it is not the only number that is not zero."""
    places = [place for place, value in enumerate(vector) if value != 0]
    return places[0] if len(places) == 1 and vector[places[0]] == 1 else -1
