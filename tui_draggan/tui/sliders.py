"""The sliders under a person's hands: which directions there are, and the one that moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from tui_draggan.directions.direction import SIGMA, Direction, Unit
from tui_draggan.directions.known import known_directions
from tui_draggan.directions.placement import placements
from tui_draggan.edit.latent import label_of
from tui_draggan.edit.mixing import Mix, Mixable
from tui_draggan.edit.sliders import Rows, Sliders, named_rows, parse_slider, rows_in_words
from tui_draggan.errors import UsageError
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.remembered import Remembered


@dataclass(frozen=True, eq=False)
class SliderRow:
    """A slider as it is shown."""

    name: str
    value: float
    rows: str
    """Rows of w+ that it moves, in words; "" where it places the picture."""
    usual: tuple[float, float]
    """Values between which the picture stays where most pictures of the model lie."""
    chosen: bool
    unit: Unit = SIGMA


class SliderMode:
    """The sliders of an edit while they are shown. It knows no widget."""

    name: ClassVar = "sliders"
    has_arrows: ClassVar = True

    def __init__(
        self,
        editor: Editor,
        own: Callable[[], Sequence[Direction]],
        keep: Callable[[Direction, str], Direction] | None = None,
    ) -> None:
        """own: the directions that a person has kept for the model. keep: keeps one under another
        name. Both raise DragganError."""
        self._editor, self._read_own, self._keep = editor, own, keep
        self._own: Sequence[Direction] = ()
        self._known = Remembered[Sequence[Direction]]()
        """What `directions` has answered."""
        self._chosen = 0
        self._awaited = ""
        """Name of a slider that is chosen as soon as it is there."""
        self.is_open = False

    # -- what there is -------------------------------------------------------------------------

    @property
    def directions(self) -> Sequence[Direction]:
        """Those in the edit, the person's own, the model's; () until the engine has told them."""
        snapshot = self._editor.snapshot
        settings, statistics = snapshot.document.sliders.settings, snapshot.statistics
        label = label_of(snapshot.document.latent.origin)

        def known() -> Sequence[Direction]:
            moved = tuple(one.direction for one in settings)
            if statistics is None:
                return moved
            places = placements(snapshot.info)
            classes = snapshot.info.classes
            return known_directions(moved, self._own, statistics, label, places, classes)

        return self._known.of(settings, self._own, statistics, label, answer=known)

    def rows(self) -> list[SliderRow]:
        """A row for every direction."""
        snapshot = self._editor.snapshot
        base = snapshot.document.without_sliders.ws
        chosen, rows = self._index, []
        for number, one in enumerate(self.directions):
            position = one.position(base)
            slider = snapshot.document.sliders.of(one.name)
            rows.append(
                SliderRow(
                    one.name,
                    0.0 if slider is None else slider.value,
                    self._rows_in_words(one),
                    (-one.unit.usual - position, one.unit.usual - position),
                    number == chosen,
                    one.unit,
                )
            )
        return rows

    @property
    def words(self) -> str:
        """The chosen slider and what its keys are, in a line."""
        chosen = next((row for row in self.rows() if row.chosen), None)
        if chosen is None:
            return "looking for the model's directions …"
        off = " · all off" if self._editor.snapshot.document.sliders.off else ""
        beyond = "" if chosen.usual[0] <= chosen.value <= chosen.usual[1] else " · unusually far"
        rows = f" · rows {chosen.rows}" if chosen.rows else ""
        return f"{chosen.name} {chosen.value:+.1f} {chosen.unit.name}{rows}{off}{beyond}"

    @property
    def _index(self) -> int:
        names = [one.name for one in self.directions]
        if self._awaited in names:
            return names.index(self._awaited)
        return min(self._chosen, max(0, len(names) - 1))

    @property
    def _direction(self) -> Direction | None:
        directions = self.directions
        return directions[self._index] if directions else None

    def _rows_of(self, one: Direction) -> Rows:
        slider = self._editor.snapshot.document.sliders.of(one.name)
        return (0, self._editor.snapshot.info.num_ws - 1) if slider is None else slider.rows

    def _rows_in_words(self, one: Direction) -> str:
        if one.places is not None:
            return ""
        return rows_in_words(self._rows_of(one), self._editor.snapshot.info)

    def _value_of(self, one: Direction) -> float:
        slider = self._editor.snapshot.document.sliders.of(one.name)
        return 0.0 if slider is None else slider.value

    # -- what its keys do ----------------------------------------------------------------------

    def enter(self) -> None:
        """Shows the sliders."""
        self.is_open = True
        self._editor.attempt(self._look)

    def leave(self) -> None:
        self.is_open = False
        self._editor.refresh()

    def select(self, step: int) -> None:
        """The slider so many rows further down."""
        count = len(self.directions)
        if count:
            self._chosen, self._awaited = (self._index + step) % count, ""
        self._editor.refresh()

    def add_towards(self, picture: Mixable, name: str) -> None:
        """One more slider, towards another picture, and chooses it. name: what that is called."""
        rows = (0, self._editor.snapshot.info.num_ws - 1)
        mix = Mix(None, picture, name, 0.0, rows)
        self._awaited = mix.title
        self._editor.attempt(lambda: self._editor.session.mix(mix))

    def animate(self) -> None:
        """The chosen slider's way from nought to where it is, as a run."""
        name, session = self.chosen_name, self._editor.session
        self._editor.attempt(lambda: session.animate(name), f"{name}, moved as a run; e exports it")

    def move(self, sign: int) -> None:
        """The chosen slider a step further."""
        if (one := self._direction) is not None:
            self._move(one, sign * one.unit.step)

    def leap(self, sign: int) -> None:
        """The chosen slider several steps further."""
        if (one := self._direction) is not None:
            self._move(one, sign * one.unit.leap)

    def _move(self, one: Direction, by: float) -> None:
        """It stops at the ends."""
        value, most = round(self._value_of(one) + by, 6), one.unit.most
        self._set(one, min(most, max(-most, value)), self._rows_of(one))

    def reset(self) -> None:
        """The chosen slider to 0."""
        one = self._direction
        slider = self._editor.snapshot.document.sliders.of(self.chosen_name)
        if one is not None and slider is not None and slider.value:
            session, sliders = self._editor.session, self._editor.snapshot.document.sliders
            still = sliders.having(replace(slider, value=0.0))
            self._editor.attempt(lambda: session.set_sliders(still, f"reset of {one.name}"))

    def reset_all(self) -> None:
        """The picture without sliders."""
        session = self._editor.session
        self._editor.attempt(lambda: session.set_sliders(Sliders(), "all sliders"))

    def switch(self) -> None:
        """The picture without its sliders, to compare, or with them again."""
        session, sliders = self._editor.session, self._editor.snapshot.document.sliders
        if sliders.settings:
            self._editor.attempt(lambda: session.set_sliders(sliders.switched()))

    def next_rows(self) -> None:
        """The chosen slider for all rows, for those of shape, for those of colour."""
        one = self._direction
        if one is not None and one.places is None:
            ranges = list(named_rows(self._editor.snapshot.info).values())
            now = self._rows_of(one)
            number = ranges.index(now) + 1 if now in ranges else 0
            self._set(one, self._value_of(one), ranges[number % len(ranges)])

    def typed(self) -> str:
        """The chosen slider as it may be typed; «» where there is none."""
        one = self._direction
        if one is None:
            return ""
        rows = self._rows_in_words(one)
        return f"{self._value_of(one):g}" + (f" {rows}" if rows not in ("", "all") else "")

    def check(self, text: str) -> None:
        """Raises UsageError for what `set` would not take."""
        parse_slider(text, self._editor.snapshot.info, self._direction)

    def set(self, text: str) -> None:
        """«1.5», «1.5 shape», «-2 3-5»."""
        one = self._direction
        if one is not None:
            value, rows = parse_slider(text, self._editor.snapshot.info, one)
            self._set(one, value, self._rows_of(one) if rows is None else rows)

    @property
    def chosen_name(self) -> str:
        """The chosen direction's name; «» where there is none."""
        one = self._direction
        return "" if one is None else one.name

    def rename(self, name: str) -> None:
        """Keeps the chosen direction under another name."""
        one, keep = self._direction, self._keep
        if one is not None and keep is not None:
            self._editor.attempt(lambda: self._rename(one, name, keep), f"kept as {name}")

    def _rename(
        self, one: Direction, name: str, keep: Callable[[Direction, str], Direction]
    ) -> None:
        if one.unit is not SIGMA:
            raise UsageError(f"{one.name} is no direction of W and keeps its name")
        kept = keep(one, name)
        session, sliders = self._editor.session, self._editor.snapshot.document.sliders
        if sliders.of(one.name) is not None:
            session.set_sliders(sliders.named(one.name, kept), "name of a slider")
        self._own = self._read_own()

    def _set(self, one: Direction, value: float, rows: Rows) -> None:
        session = self._editor.session
        self._editor.attempt(lambda: session.slide(one, value, rows))

    def _look(self) -> None:
        self._editor.session.ask_for_statistics()
        self._own = self._read_own()
