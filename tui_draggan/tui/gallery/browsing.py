"""The gallery under a person's hands: which series, which picture of it, with which ψ and class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.labels import Sample
from tui_draggan.edit.document import Frame
from tui_draggan.edit.labelling import Labelling
from tui_draggan.edit.latent import Latent, Seed, class_index, class_name
from tui_draggan.edit.mixing import Mix, called
from tui_draggan.edit.orders import Mean
from tui_draggan.edit.parameters import PSI, SEED
from tui_draggan.edit.sliders import Rows, named_rows, rows_in_words
from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.tui.gallery.grid import HEIGHTS, USUAL, Grid, grid
from tui_draggan.tui.gallery.series import (
    Between,
    Classes,
    Item,
    Labelled,
    Marked,
    Seeds,
    Series,
    Shown,
    Snapshots,
    Steps,
)
from tui_draggan.tui.services import SnapshotPicture

PSI_STEP = 0.1
"""By how much a key changes ψ."""


class Browsing:
    """What is looked at, in pages. It knows no widget.

    The series are seeds, classes where the model has some, snapshots of its training run, the steps
    of the edit where there are any, what lies between the two pictures that were marked last, and
    all that are marked.
    """

    def __init__(
        self,
        info: BundleInfo,
        origin: Seed,
        runs: Sequence[Sequence[Frame]] = (),
        marks: Iterable[Item] = (),
        snapshots: Sequence[Path] = (),
        opened: Path | None = None,
    ) -> None:
        """origin: the picture to begin with. runs: steps of the edit. marks: marked
        pictures. snapshots: those of the training run that the model is of, the newest first;
        opened: the one that the model is."""
        self.info = info
        """The model."""
        self._origin = origin
        self._runs = Steps([run for run in runs if run])
        self._marks: list[Item] = list(marks)
        self._snapshots, self._opened = snapshots, opened
        self._labelled: Labelled | None = None
        self._rows = 0
        """Which of the named ranges of rows is mixed."""
        self._zoom = USUAL
        self._cells = (1, 1)
        self._kind = "seeds"
        self._places = {"seeds": origin.seed, "classes": origin.label or 0}
        """Which picture of each series is the chosen one."""
        self._top = 0
        """Row of thumbnails at the top of the page."""
        self._arrange()

    # -- what there is to see ------------------------------------------------------------------

    @property
    def all_series(self) -> list[Series]:
        """What there is to look through."""
        seed = self._places["seeds"]
        found: list[Series] = [Seeds(self.psi, self._origin.label)]
        if self.info.classes:
            found.append(Classes(self.info, seed, self.psi))
        seed_here = replace(self._origin, seed=seed)
        snapshots = Snapshots(self._snapshots, self._opened, seed_here)
        more = (snapshots, self._runs, self._between, Marked(self._marks))
        found += [one for one in more if one is not None and one.count]
        return found if self._labelled is None else [*found, self._labelled]

    @property
    def _between(self) -> Between | None:
        """The way between the last two marked pictures; None where there are no two."""
        if len(self._marks) < 2:
            return None
        (first, second), rows = self._marks[-2:], self._ranges[self._rows][1]
        assert not isinstance(first.subject, Mean | Mix | SnapshotPicture)
        assert not isinstance(second.subject, Mean | Mix | SnapshotPicture)
        return Between(first.subject, second.subject, second.label, rows)

    @property
    def _ranges(self) -> list[tuple[str, Rows]]:
        return list(named_rows(self.info).items())

    @property
    def series(self) -> Series:
        """The one that is looked at."""
        found = self.all_series
        return next((one for one in found if one.title == self._kind), found[0])

    @property
    def place(self) -> int:
        """Which picture of the series is the chosen one."""
        series = self.series
        return min(self._places.get(series.title, 0), series.count - 1)

    @property
    def item(self) -> Item:
        """The chosen picture."""
        return self.series.item(self.place)

    @property
    def psi(self) -> float:
        return self._origin.psi

    @property
    def class_name(self) -> str | None:
        """Class of the pictures, where the model has classes and the series is of one."""
        shown = self.series.title == "seeds" or self.is_asking
        return None if not shown else class_name(self._origin, self.info)

    @property
    def label(self) -> int:
        """Number of the class; 0 where there are none."""
        return self._origin.label or 0

    @property
    def labelling(self) -> Labelling | None:
        """The attribute that is asked about, if one is."""
        return None if self._labelled is None else self._labelled.labelling

    @property
    def is_asking(self) -> bool:
        """Whether the pictures of the page are to be labelled."""
        return self._labelled is not None and self.series is self._labelled

    @property
    def question(self) -> Sample | None:
        """The chosen picture, where it is to be labelled."""
        if self._labelled is None or not self.is_asking or not self._labelled.count:
            return None
        return self._labelled.sample(self.place)

    @property
    def marks(self) -> Sequence[Item]:
        """The marked pictures, the latest last."""
        return tuple(self._marks)

    def is_marked(self, subject: Shown) -> bool:
        return any(_is_same(item.subject, subject) for item in self._marks)

    @property
    def grid(self) -> Grid:
        """Rows and columns of the page."""
        return self._grid

    @property
    def page(self) -> range:
        """Places of the pictures on the page."""
        start = self._top * self._grid.columns
        return range(start, min(self.series.count, start + self._grid.count))

    def wanted(self) -> list[Shown]:
        """The pictures of the page, then those of the next one."""
        series, count = self.series, self._grid.count
        page = self.page
        after = range(page.stop, min(series.count, page.stop + count))
        return [series.item(place).subject for place in (*page, *after)]

    # -- what keys do --------------------------------------------------------------------------

    def resize(self, columns: int, rows: int) -> None:
        """The page has so many cells."""
        self._cells = columns, rows
        self._arrange()

    def zoom(self, steps: int) -> None:
        """Larger pictures, fewer of them."""
        self._zoom = min(len(HEIGHTS) - 1, max(0, self._zoom + steps))
        self._arrange()

    def move(self, across: int, down: int) -> None:
        """So many pictures further, and so many rows; it stops at the ends."""
        self.go_to(self.place + across + down * self._grid.columns)

    def turn_page(self, pages: int) -> None:
        """So many pages further."""
        rows = self._grid.rows
        last = max(0, -(-self.series.count // self._grid.columns) - rows)
        self._top = min(last, max(0, self._top + pages * rows))
        self.move(0, pages * rows)

    def scroll(self, rows: int) -> None:
        """So many rows further; the chosen picture stays on the page."""
        last = max(0, -(-self.series.count // self._grid.columns) - self._grid.rows)
        self._top = min(last, max(0, self._top + rows))
        row, column = divmod(self.place, self._grid.columns)
        inside = min(self._top + self._grid.rows - 1, max(self._top, row))
        self.go_to(inside * self._grid.columns + column)

    def go_to(self, place: int) -> None:
        """Chooses a picture of the series, the nearest one there is."""
        series = self.series
        self._places[series.title] = min(series.count - 1, max(0, place))
        self._follow()

    def found(self, text: str) -> int:
        """The place of what is typed: a seed, a class, or the number of a picture of the series.
        Raises UsageError."""
        series = self.series
        if series.title == "classes":
            return class_index(text, self.info) or 0
        if series.title == "seeds":
            return int(SEED.parse(text) or 0)
        number = int(text) if text.isdecimal() and len(text) < 10 else 0
        if not 1 <= number <= series.count:
            raise UsageError(f"no picture {text}; expected 1 to {series.count}")
        return number - 1

    @property
    def range_words(self) -> str:
        """What may be typed for `found`."""
        series = self.series
        if series.title == "classes":
            return f"A class, or its number, 0 to {series.count - 1}."
        if series.title == "seeds":
            return f"A seed, {SEED.range}."
        return f"The number of a picture, 1 to {series.count}."

    def turn(self, step: int) -> None:
        """The next series."""
        found = [one.title for one in self.all_series]
        self._kind = found[(found.index(self.series.title) + step) % len(found)]
        self._top = 0
        self._arrange()

    def ask(self, labelling: Labelling) -> None:
        """Shows the pictures of an attribute, to be labelled."""
        self._labelled = Labelled(labelling)
        self._kind = self._labelled.title
        self.go_to_question()
        self._arrange()

    def go_to_question(self) -> None:
        """Chooses the next picture without an answer."""
        if self._labelled is not None:
            self.go_to(len(self._labelled.labelling.answers))

    def change_psi(self, steps: int) -> None:
        """ψ by so many tenths more; it stops at the ends."""
        psi = round(self.psi + steps * PSI_STEP, 3)
        if PSI.values.problem(psi) is None:
            self._origin = replace(self._origin, psi=psi)

    def change_class(self, step: int) -> None:
        """The next class."""
        count = self.info.c_dim
        if count:
            self.set_class((self.label + step) % count)

    def set_class(self, label: int) -> None:
        self._origin = replace(self._origin, label=label)

    def next_rows(self) -> None:
        """All rows of w+ are mixed, those of shape, those of colour."""
        self._rows = (self._rows + 1) % len(self._ranges)

    def show(self, title: str) -> None:
        """Another series, where there is one so called."""
        if title in (one.title for one in self.all_series):
            self._kind, self._top = title, 0
            self._arrange()

    def mark(self) -> None:
        """Marks the chosen picture for later, or no longer; not a mix, which is a setting, nor what
        another model draws."""
        chosen = self.item
        if isinstance(chosen.subject, Mix | SnapshotPicture):
            return
        kept = [item for item in self._marks if not _is_same(item.subject, chosen.subject)]
        if len(kept) == len(self._marks):
            kept.append(replace(chosen, label=self.full_label(chosen)))
        self._marks = kept
        self._arrange()

    def full_label(self, item: Item) -> str:
        """What tells it from others outside its series: «seed 7», «seed 7 · cat»."""
        subject = item.subject
        if isinstance(subject, Seed):
            return called(subject, self.info)
        if isinstance(subject, Mix):
            rows = rows_in_words(subject.rows, self.info)
            return f"{item.label} of the way to {subject.name} · rows {rows}"
        return item.label

    # -- the page ------------------------------------------------------------------------------

    def _arrange(self) -> None:
        self._grid = grid(*self._cells, self._size, self._zoom)
        self._follow()

    @property
    def _size(self) -> Size:
        return self.info.size

    def _follow(self) -> None:
        """Turns to the page that has the chosen picture, no further than needed."""
        row = self.place // self._grid.columns
        self._top = min(row, max(self._top, row - self._grid.rows + 1))


def _is_same(one: Shown, other: Shown) -> bool:
    """Whether two subjects are one picture: a step is kept as its latent."""
    if isinstance(one, Latent | Frame) and isinstance(other, Latent | Frame):
        return one.ws is other.ws
    return one == other
