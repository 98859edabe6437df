"""Scores of a model's pictures out of a table that any program can write.

The table is CSV with a line of names: `seed`, then if you like `class` (name or number; the first,
where it is left out) and `psi`, and a column of numbers for each attribute. Columns whose names
begin with `#`, and `file`, are passed over.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from tui_draggan.directions.labels import MOST_PSI, MOST_SEED, Sample
from tui_draggan.directions.store import checked_name
from tui_draggan.errors import UsageError
from tui_draggan.files import check_readable
from tui_draggan.wording import printable, quoted

FILE = "a table of scores (CSV)"
SEED, CLASS, PSI = "seed", "class", "psi"
PASSED_OVER = "file"
LARGEST = 256 << 20
"""Bytes of a file that is read."""

Scores = dict[str, dict[Sample, float]]
"""Scores by attribute, and by picture."""


def read_scores(path: Path, class_of: Callable[[str | None], int | None], psi: float) -> Scores:
    """The scores of a table. class_of: the number of a class by what the table says, None: nothing;
    raises UsageError. psi: truncation where the table has no column for it.

    A picture that an attribute has no number for is left out of it. Raises UsageError, naming file
    and line.
    """
    check_readable(path, FILE)
    if path.stat().st_size > LARGEST:
        raise UsageError(f"{path} has more than {LARGEST >> 20} MB; it is not read")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not {FILE} ({error})") from None
    names = [name.strip() for name in lines[0]] if lines else []
    if SEED not in names:
        raise UsageError(f"{path} has no column named {SEED} in its first line; expected {FILE}")
    columns = [
        name
        for name in names
        if name not in (SEED, CLASS, PSI, PASSED_OVER) and name and not name.startswith("#")
    ]
    if not columns or len(set(names)) < len(names):
        raise UsageError(f"{path}: expected a column for each attribute, each named once")
    found: Scores = {checked_name(name): {} for name in columns}
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        try:
            sample, values = _line(dict(zip(names, line, strict=True)), columns, class_of, psi)
        except UsageError as error:
            raise UsageError(f"{path}, line {number}: {error}") from None
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: {printable(str(error))}") from None
        for name, value in zip(found, values, strict=True):
            if value is not None:
                found[name][sample] = value
    return found


def _line(
    line: dict[str, str],
    columns: Sequence[str],
    class_of: Callable[[str | None], int | None],
    psi: float,
) -> tuple[Sample, list[float | None]]:
    """Raises UsageError and ValueError."""
    text = line[SEED].strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= MOST_SEED):
        raise ValueError(f"{quoted(text)} is no seed; expected 0 to {MOST_SEED}")
    given = _number(line.get(PSI, ""), PSI)
    if given is not None and abs(given) > MOST_PSI:
        raise ValueError(f"psi is {given:g}; expected −{MOST_PSI:g} to {MOST_PSI:g}")
    label = class_of(line.get(CLASS, "").strip() or None)
    sample = Sample(int(text), psi if given is None else given, label)
    return sample, [_number(line[name], name) for name in columns]


def _number(text: str, name: str) -> float | None:
    """None where there is none. Raises ValueError."""
    text = text.strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is {quoted(text)}; expected a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{name} is {text}; expected a finite number")
    return value
