"""Labels that a person gives to pictures of a model, and the file they are kept and shared in.

The file is JSON: `format`, `model`, and for each attribute a list of `[seed, ψ, class, answer]`;
class null: the model has none; answer true, false, or null for a picture that was skipped. A
picture is a seed's, so that its w can be made again wherever the model is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.store import checked_name
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_readable, reason_of, replacing
from tui_draggan.wording import printable, quoted

FORMAT = "tui-draggan labels 1"
FILE = "a file of labels"
LARGEST = 64 << 20
"""Bytes of a file that is read."""
MOST_SEED, MOST_PSI = 2**32 - 1, 2.0


class Sample(NamedTuple):
    """A picture by how it is generated."""

    seed: int
    psi: float
    label: int | None
    """Number of its class; None where the model has none."""


Answers = Mapping[Sample, bool | None]
"""Whether pictures have an attribute; None: skipped. In the order in which they were given."""
Labels = Mapping[str, Answers]
"""Answers by attribute."""


class LabelStore:
    """The labels of one model."""

    def __init__(self, file: Path, info: BundleInfo) -> None:
        self._file, self._info = file, info

    def all(self) -> Labels:
        """Raises UsageError for a file that cannot be read."""
        return read_labels(self._file, self._info) if self._file.exists() else {}

    def answers(self, attribute: str) -> Answers:
        """Those for an attribute; none where there are none."""
        return self.all().get(attribute, {})

    def add(self, labels: Labels) -> None:
        """Keeps answers, in place of those that the same pictures had. Raises OutputError."""
        kept = {name: dict(answers) for name, answers in self.all().items()}
        for name, answers in labels.items():
            own = kept.setdefault(checked_name(name), {})
            for sample, answer in answers.items():
                own.pop(sample, None)  # the latest answer is the last
                own[sample] = answer
        self._write(kept)

    def take_back(self, attribute: str, sample: Sample) -> None:
        """Forgets the answer for one picture."""
        kept = {name: dict(answers) for name, answers in self.all().items()}
        kept.get(attribute, {}).pop(sample, None)
        self._write({name: answers for name, answers in kept.items() if answers})

    def remove(self, attribute: str) -> None:
        """Forgets an attribute. Raises UsageError where there are no labels for it."""
        kept = dict(self.all())
        if kept.pop(attribute, None) is None:
            raise UsageError(no_labels(attribute, kept))
        self._write(kept)

    def read(self, path: Path) -> Labels:
        """The labels of another file, of this model. Raises UsageError, naming the file."""
        return read_labels(path, self._info)

    def write_to(self, path: Path, labels: Labels) -> None:
        """Writes labels to another file. Raises OutputError."""
        write_labels(path, labels, self._info)

    def _write(self, labels: Labels) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self._file} cannot be written: {reason_of(error)}") from error
        write_labels(self._file, labels, self._info)


def no_labels(attribute: str, labels: Labels) -> str:
    """What is wrong where an attribute has none."""
    there = f"; there are labels for {', '.join(labels)}" if labels else ""
    return f"no labels for {quoted(attribute)}{there}"


def write_labels(path: Path, labels: Labels, info: BundleInfo) -> None:
    """Writes a file of labels of a model. Raises OutputError."""
    values = {
        "format": FORMAT,
        "model": info.name,
        "labels": {
            name: [[*sample, answer] for sample, answer in answers.items()]
            for name, answers in labels.items()
        },
    }
    with replacing(path) as work:
        work.write_text(json.dumps(values, ensure_ascii=False) + "\n", encoding="utf-8")


def read_labels(path: Path, info: BundleInfo) -> Labels:
    """The labels of a file. Raises UsageError, naming the file: also for another model's."""
    check_readable(path, FILE)
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} has more than {LARGEST >> 20} MB; it is not read")
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            wrong = quoted(printable(str(values["format"])))
            raise UsageError(f"{path}: {wrong}; expected {FORMAT}")
        labels = {
            checked_name(str(name)): dict(_answer(entry) for entry in answers)
            for name, answers in values["labels"].items()
        }
        model = printable(str(values["model"]))
    except UsageError as error:
        message = str(error)
        raise UsageError(message if str(path) in message else f"{path}: {message}") from None
    except (OSError, RecursionError, ArithmeticError) as error:
        raise UsageError(f"{path} cannot be read ({error})") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is not {FILE}, or it is damaged") from error
    if model != info.name:
        raise UsageError(f"{path} holds labels of the model {model}, but {info.name} is open")
    classes = {sample.label for answers in labels.values() for sample in answers}
    if not classes <= (set(range(info.c_dim)) if info.c_dim else {None}):
        raise UsageError(f"{path} names a class that {info.name} does not have")
    return labels


def _answer(entry: Any) -> tuple[Sample, bool | None]:
    """Raises TypeError and ValueError for what is none."""
    seed, psi, label, answer = entry
    whole = [seed] if label is None else [seed, label]
    if any(type(number) is not int for number in whole) or not 0 <= seed <= MOST_SEED:
        raise ValueError("seed or class")
    if answer not in (True, False, None) or isinstance(answer, int) != isinstance(answer, bool):
        raise ValueError("answer")
    if isinstance(psi, bool) or not abs(float(psi)) <= MOST_PSI:
        raise ValueError("ψ")
    return Sample(seed, float(psi), label), answer
