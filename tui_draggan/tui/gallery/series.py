"""What a page of the gallery shows: series of pictures, each known by its place in the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.labels import Sample
from tui_draggan.edit.document import Frame
from tui_draggan.edit.labelling import Labelling
from tui_draggan.edit.latent import Seed
from tui_draggan.edit.mixing import Mix, Mixable
from tui_draggan.edit.orders import Subject
from tui_draggan.edit.parameters import MAX_SEED
from tui_draggan.edit.sliders import Rows
from tui_draggan.tui.services import SnapshotPicture

Shown = Subject | SnapshotPicture
"""What the gallery shows."""


@dataclass(frozen=True)
class Item:
    """One picture of a series."""

    subject: Shown
    """What it is of; the same one for the same picture."""
    label: str
    """What stands below it: «7», «cat», «step 12»."""


class Series(Protocol):
    """Pictures in a row. Values: a change of ψ, say, is another series."""

    @property
    def title(self) -> str:
        """«seeds»"""

    @property
    def count(self) -> int:
        """Number of pictures."""

    def item(self, index: int) -> Item:
        """The picture at a place, from 0."""

    def place_of(self, subject: Shown) -> int | None:
        """Where a picture is; None where it is not in the series."""


@dataclass(frozen=True)
class Seeds:
    """Every seed there is, with one truncation and one class."""

    psi: float
    label: int | None = None
    title: str = "seeds"

    @property
    def count(self) -> int:
        return MAX_SEED + 1

    def item(self, index: int) -> Item:
        return Item(Seed(index, self.psi, self.label), str(index))

    def place_of(self, subject: Shown) -> int | None:
        return subject.seed if isinstance(subject, Seed) else None


@dataclass(frozen=True)
class Classes:
    """One seed in every class of the model."""

    info: BundleInfo
    seed: int
    psi: float
    title: str = "classes"

    @property
    def count(self) -> int:
        return self.info.c_dim

    def item(self, index: int) -> Item:
        return Item(Seed(self.seed, self.psi, index), self.info.classes[index])

    def place_of(self, subject: Shown) -> int | None:
        return subject.label if isinstance(subject, Seed) else None


@dataclass(frozen=True, eq=False)
class Snapshots:
    """One seed in every snapshot of a training run."""

    files: Sequence[Path]
    """The newest first."""
    opened: Path | None
    """The one that is the model itself."""
    seed: Seed
    title: str = "snapshots"

    @property
    def count(self) -> int:
        return len(self.files)

    def item(self, index: int) -> Item:
        file = self.files[index]
        own = file == self.opened
        label = f"step {int(file.stem)}" if file.stem.isdecimal() else file.stem
        return Item(self.seed if own else SnapshotPicture(file, self.seed), label)

    def place_of(self, subject: Shown) -> int | None:
        file = subject.file if isinstance(subject, SnapshotPicture) else self.opened
        return self.files.index(file) if file in self.files else None


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of all runs of an edit, one after the other."""

    runs: Sequence[Sequence[Frame]]
    title: str = "steps"

    @property
    def count(self) -> int:
        return sum(len(run) for run in self.runs)

    def item(self, index: int) -> Item:
        for number, run in enumerate(self.runs, 1):
            if index < len(run):
                frame = run[index]
                of = f"{number} · " if len(self.runs) > 1 else ""
                return Item(frame, f"{of}step {frame.iteration}")
            index -= len(run)
        raise IndexError(index)

    def place_of(self, subject: Shown) -> int | None:
        frames = (frame for run in self.runs for frame in run)
        return next((n for n, frame in enumerate(frames) if frame is subject), None)


ANSWERS = {True: "✓", False: "✗", None: "–"}
"""What stands beside a picture that has the attribute, has not, was skipped."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures that are asked about: those that have an answer, then those that have none."""

    labelling: Labelling

    @property
    def title(self) -> str:
        return f"label: {self.labelling.attribute}"

    @property
    def count(self) -> int:
        return len(self.labelling.answers) + len(self.labelling.questions)

    def sample(self, index: int) -> Sample:
        answers = self.labelling.answers
        if index < len(answers):
            return next(islice(answers, index, None))
        return self.labelling.questions[index - len(answers)]

    def item(self, index: int) -> Item:
        sample, answers = self.sample(index), self.labelling.answers
        mark = f" {ANSWERS[answers[sample]]}" if sample in answers else ""
        return Item(Seed(*sample), f"{sample.seed}{mark}")

    def place_of(self, subject: Shown) -> int | None:
        found = (*self.labelling.answers, *self.labelling.questions)
        places = (n for n, sample in enumerate(found) if Seed(*sample) == subject)
        return next(places, None)


@dataclass(frozen=True, eq=False)
class Marked:
    """The pictures that a person has marked, in that order."""

    items: Sequence[Item]
    title: str = "marked"

    @property
    def count(self) -> int:
        return len(self.items)

    def item(self, index: int) -> Item:
        return self.items[index]

    def place_of(self, subject: Shown) -> int | None:
        places = (n for n, item in enumerate(self.items) if item.subject == subject)
        return next(places, None)


@dataclass(frozen=True, eq=False)
class Between:
    """The way from one picture to another, in even parts."""

    first: Mixable
    second: Mixable
    name: str
    """What the second is called."""
    rows: Rows
    title: str = "mix"
    parts: int = 20

    @property
    def count(self) -> int:
        return self.parts + 1

    def item(self, index: int) -> Item:
        share = index / self.parts
        return Item(Mix(self.first, self.second, self.name, share, self.rows), f"{share:.0%}")

    def place_of(self, subject: Shown) -> int | None:
        return round(subject.at * self.parts) if isinstance(subject, Mix) else None
