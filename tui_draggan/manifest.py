"""bundle.json as data: every value by its type and range, before anything is made of it.

A bundle may come from anywhere. What is read here ends in sizes of arrays, in names on a screen
and in paths of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

Check = Callable[[object], str | None]
"""What a value has to be, as `expected …`; None where it is that."""

LARGEST = 1e30
MOST_SIDE = 8192
"""Pixels along a picture's side."""
MOST_NUMBERS = 1 << 16
"""Length of a vector: z, w, channels."""
MOST_ROWS = 256
"""Rows of w+."""
MOST_CLASSES = 100_000
MOST_POINTS = 1000
MOST_FILES = 10_000
MOST_BYTES = 1 << 40
"""Size of a file."""
LONGEST_NAME, LONGEST_TEXT = 255, 10_000
"""Characters of a name, and of what is said about a model."""


def problem(values: dict[str, Any]) -> str | None:
    """What is wrong with a manifest, naming the value, what it is and what was expected; None where
    all is well. Its format version is one that is read."""
    return _first_problem(values) or _contradiction(values)


def whole(low: int, high: int) -> Check:
    """A whole number in a range, ends included."""

    def check(value: object) -> str | None:
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if good else f"a whole number from {low} to {high}"

    return check


def text(longest: int, shortest: int = 0) -> Check:
    """Text of so many characters."""

    def check(value: object) -> str | None:
        good = isinstance(value, str) and shortest <= len(value) <= longest
        return None if good else f"text of {shortest} to {longest} characters"

    return check


def number(value: object) -> str | None:
    """A finite number, or a yes or no."""
    good = isinstance(value, int | float) and -LARGEST <= value <= LARGEST
    return None if good else "a finite number"


def number_or_text(value: object) -> str | None:
    """A finite number, a yes or no, or a word."""
    good = number(value) is None or text(LONGEST_NAME)(value) is None
    return None if good else "a finite number or a word"


def listed(check: Check, most: int) -> Check:
    """A list of such values."""

    def check_all(value: object) -> str | None:
        if not isinstance(value, list) or len(value) > most:
            return f"a list of up to {most} values"
        wrong = next((found for found in map(check, value) if found is not None), None)
        return None if wrong is None else f"a list, each {wrong}"

    return check_all


def point(value: object) -> str | None:
    """A pair of finite numbers."""
    good = isinstance(value, list) and len(value) == 2 and not any(map(number, value))
    return None if good else "two finite numbers"


def by_name(check: Check, most: int) -> Check:
    """An object whose values are all such, by names."""

    def check_all(value: object) -> str | None:
        if not isinstance(value, dict) or len(value) > most:
            return f"an object of up to {most} values"
        for name, one in value.items():
            wrong = text(LONGEST_NAME, 1)(name) or check(one)
            if wrong is not None:
                return f"{wrong} for each of its names"
        return None

    return check_all


def sides(value: object) -> str | None:
    """Height and width."""
    good = isinstance(value, dict) and value.keys() == {"height", "width"}
    side = whole(1, MOST_SIDE)
    if isinstance(value, dict) and good and not any(map(side, value.values())):
        return None
    return f"height and width, each {side(None)}"


def yes_or_no(value: object) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "true or false"


def any_object(value: object) -> str | None:
    """An object, whatever is in it."""
    return None if isinstance(value, dict) else "an object"


def encoded(value: object) -> str | None:
    """Bytes in base64."""
    good = isinstance(value, str) and re.fullmatch("[A-Za-z0-9+/]*={0,2}", value)
    return None if good and isinstance(value, str) and len(value) % 4 == 0 else "base64"


def digest(value: object) -> str | None:
    """A SHA-256."""
    good = isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
    return None if good else "64 hexadecimal digits"


def parent(value: object) -> str | None:
    """Name and hash of another bundle."""
    good = isinstance(value, dict) and value.keys() == {"name", "sha256"}
    if isinstance(value, dict) and good:
        good = text(LONGEST_NAME, 1)(value["name"]) is None and digest(value["sha256"]) is None
    return None if good else "a model's name and the SHA-256 of its bundle.json"


MOST_PARTS = 64
REQUIRED: dict[str, Check] = {
    "format_version": whole(1, 1000),
    "name": text(LONGEST_NAME, 1),
    "z_dim": whole(1, MOST_NUMBERS),
    "w_dim": whole(1, MOST_NUMBERS),
    "num_ws": whole(1, MOST_ROWS),
    "drag": any_object,
    "files": any_object,
}
OPTIONAL: dict[str, Check] = {
    "alpha": yes_or_no,
    "classes": listed(text(LONGEST_NAME), MOST_CLASSES),
    "recommended": by_name(number_or_text, 100),
    "generator": any_object,
    "input_affine": encoded,
    "derived_from": parent,
    "parts": listed(text(LONGEST_NAME, 1), MOST_PARTS),
    **dict.fromkeys(("description", "licence", "origin"), text(LONGEST_TEXT)),
}
DRAG: dict[str, Check] = {
    "feature_block": whole(1, MOST_SIDE),
    "feature_channels": whole(1, MOST_NUMBERS),
    "trainable_rows": whole(1, MOST_ROWS),
}
SQUARES: dict[str, Check] = {"resolution": whole(1, MOST_SIDE)}
DRAG_SQUARES: dict[str, Check] = {"preview_size": whole(1, MOST_SIDE)}
"""Sizes as format 3 has them: pictures are squares, and the feature block is its map's side."""
SIZES: dict[str, Check] = {"size": sides}
DRAG_SIZES: dict[str, Check] = dict.fromkeys(("feature_map", "preview"), sides)
REFERENCE: dict[str, Check] = {
    **dict.fromkeys(("points", "handles", "targets"), listed(point, MOST_POINTS)),
    **dict.fromkeys(("r1", "r2"), whole(1, MOST_SIDE)),
    **dict.fromkeys(("loss", "gradient_norm"), number),
}
FILE: dict[str, Check] = {"size": whole(0, MOST_BYTES), "sha256": digest}


def _first_problem(values: dict[str, Any]) -> str | None:
    """The first value that is missing, unknown or out of its range."""
    squares = values["format_version"] == 3
    found = _checked(values, "", {**REQUIRED, **(SQUARES if squares else SIZES)}, OPTIONAL)
    if found is not None:
        return found
    drag, files = values["drag"], values["files"]
    sizes = DRAG_SQUARES if squares else DRAG_SIZES
    found = _checked(drag, "drag.", {**DRAG, **sizes}, {"check": lambda _: None})
    if found is None and drag.get("check") is not None:
        found = _checked(drag["check"], "drag.check.", REFERENCE, {})
    if found is None and len(files) > MOST_FILES:
        found = f"files has {len(files)} entries, expected up to {MOST_FILES}"
    for name, entry in files.items():
        parts = PurePosixPath(name).parts
        if found is None and (name.startswith("/") or ".." in parts or "\0" in name or not parts):
            found = f"files lists {name}, which lies outside the bundle"
        found = found or _checked(entry, f"files.{name}.", FILE, {})
    return found


def _checked(
    values: object, where: str, required: Mapping[str, Check], optional: Mapping[str, Check]
) -> str | None:
    if not isinstance(values, dict):
        return f"{where.rstrip('.')} is {_shown(values)}, expected an object"
    for name in required:
        if name not in values:
            return f"{where}{name} is missing"
    known = {**required, **optional}
    for name, value in values.items():
        if name not in known:
            return f"{where}{name} is unknown"
        expected = known[name](value)
        if expected is not None:
            return f"{where}{name} is {_shown(value)}, expected {expected}"
    return None


def _contradiction(values: Mapping[str, Any]) -> str | None:
    """Two values, each in its range, that cannot both be."""
    drag = values["drag"]
    if values["format_version"] == 3:
        names = "resolution", "feature_block", "preview_size"
    else:
        names = "size", "feature_map", "preview"
    (height, width), *parts = (
        _size(held[name]) for name, held in zip(names, (values, drag, drag), strict=True)
    )
    for name, (rows, columns) in zip(names[1:], parts, strict=True):
        if height % rows or width % columns or height // rows != width // columns:
            return f"drag.{name} is {columns}×{rows}, no even part of a picture of {width}×{height}"
    if drag["trainable_rows"] > values["num_ws"]:
        return f"drag.trainable_rows is {drag['trainable_rows']}, but num_ws {values['num_ws']}"
    check = drag.get("check")
    if check is None:
        return None
    places = [check[name] for name in ("points", "handles", "targets")]
    if not places[0] or len(set(map(len, places))) > 1:
        return "drag.check needs as many points as handles and targets, at least one"
    if any(not (0 <= x < width and 0 <= y < height) for points in places for x, y in points):
        return f"drag.check has points outside the picture of {width}×{height} px"
    return None


def _size(value: Any) -> tuple[int, int]:
    """Height and width of a square, given as its side, or of any picture."""
    return (value, value) if isinstance(value, int) else (value["height"], value["width"])


def _shown(value: object) -> str:
    """A value as JSON has it, cut where it would fill the line."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
