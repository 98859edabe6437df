"""The gallery's screen: a page of thumbnails that appear as they are made, and never keep a key
waiting."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from tui_draggan.arrays import Bytes
from tui_draggan.edit.orders import Deliver
from tui_draggan.errors import DragganError
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.dialogs.dialog import LineDialog, ask
from tui_draggan.tui.dialogs.help import HelpDialog
from tui_draggan.tui.editor import SEEDS
from tui_draggan.tui.gallery.asking import Asking, Consulted, Lesson, is_name
from tui_draggan.tui.gallery.browsing import Browsing
from tui_draggan.tui.gallery.keys import KEYS, MOUSE
from tui_draggan.tui.gallery.page import MARK, Page
from tui_draggan.tui.gallery.painting import Tile
from tui_draggan.tui.gallery.series import Item, Shown
from tui_draggan.tui.gallery.thumbnails import Thumbnails, reduced
from tui_draggan.tui.keys.key import names
from tui_draggan.tui.services import Choice, Services
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.widgets.readout import Readout

TOGETHER = 0.03
"""Seconds within which pictures that arrive are drawn together."""


class Source(Consulted, Protocol):
    """What makes the pictures: a session, for one."""

    def want(self, subjects: Sequence[Shown], deliver: Deliver[Shown]) -> None:
        """Asks for pictures in place of those asked for before; `deliver` is called in another
        thread."""


@dataclass(frozen=True)
class Answer:
    """How the gallery was left."""

    subject: Shown | None = None
    """Picture to be opened."""
    quit: bool = False
    """Whether the program is to be left."""


@dataclass
class Arrived(Message):
    """A picture has been made."""

    subject: Shown
    picture: Bytes
    """As `Thumbnails` keeps it."""


class GalleryScreen(Screen[Answer], inherit_bindings=False):
    """Shows `Browsing`, and asks the source for what is on the page and not there yet."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)

    def __init__(
        self,
        browsing: Browsing,
        source: Source,
        thumbnails: Thumbnails,
        display: Display,
        facts: Sequence[str],
        keymap: Mapping[str, str],
        services: Services,
        keep: Callable[[Sequence[Item]], None] = lambda marks: None,
    ) -> None:
        """facts: for the title, as «critters · 128 px». keymap: keys by id, in place of these.
        services: where labels and directions are kept. keep: told of the marked pictures whenever
        they are others."""
        super().__init__()
        self.browsing = browsing
        self._source, self._thumbnails = source, thumbnails
        self._facts, self._keymap = facts, keymap
        self.asking = Asking(browsing, source, services, self.post_message)
        self._keep = keep
        self._display = display
        self._page = Page(display, id="page")
        self._asked: list[Shown] = []
        self._due = False
        """Whether a timer will show what has arrived."""
        self._named = ""
        """Series, and all there are, that the footer was made for."""

    def compose(self) -> ComposeResult:
        yield Readout(id="title")
        yield self._page
        yield Readout(id="status")
        yield Footer(id="keys", compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._page.repaint())

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)
        self._source.want((), lambda subject, picture: None)

    def take_display(self, display: Display) -> None:
        """Pictures reach the terminal in another way."""
        self._display = display
        self._page.take_display(display)
        self.refresh_all()

    # -- showing -------------------------------------------------------------------------------

    @on(Page.Resized)
    def _resize(self, event: Page.Resized) -> None:
        self.browsing.resize(event.columns, event.rows)
        self.refresh_all()

    @on(Arrived)
    def _take(self, event: Arrived) -> None:
        self._thumbnails.take(event.subject, event.picture)
        if event.subject in self._asked:
            self._asked.remove(event.subject)
        if not self._due:
            self._due = True
            self.set_timer(TOGETHER, self._show)

    def refresh_all(self) -> None:
        """Shows everything as it is now, and asks for what is missing."""
        self._show()
        self._ask()
        kinds = [series.title for series in self.browsing.all_series]
        named = f"{self.browsing.series.title} of {kinds}"
        if named != self._named:  # other keys make sense
            self._named = named
            self.refresh_bindings()

    def _show(self) -> None:
        browsing, self._due = self.browsing, False
        self._page.show(browsing.grid, [self._tile(place) for place in browsing.page])
        self._write()

    def _tile(self, place: int) -> Tile:
        item = self.browsing.series.item(place)
        subject = item.subject
        own = self._thumbnails.get(subject)
        return Tile(
            self._thumbnails.like(subject) if own is None else own,
            item.label,
            coming=own is None,
            chosen=place == self.browsing.place,
            marked=self.browsing.is_marked(subject),
        )

    def _ask(self) -> None:
        missing = [one for one in self.browsing.wanted() if one not in self._thumbnails]
        if missing != self._asked:
            self._asked = missing
            self._source.want(missing, self._deliver)

    def _deliver(self, subject: Shown, picture: Bytes) -> None:
        """In the thread that made it."""
        self.post_message(Arrived(subject, reduced(picture)))

    def _write(self) -> None:
        title, status = self.query_one("#title", Readout), self.query_one("#status", Readout)
        browsing, muted = self.browsing, title.colour("foreground-muted") or "dim"
        text = Text(" gallery ", style=f"bold {title.colour('accent')}".strip())
        for series in browsing.all_series:
            here = series.title == browsing.series.title
            text.append("  ", style="not bold")
            text.append(series.title, style="bold underline" if here else f"not bold {muted}")
        facts = [*self._facts, f"ψ {browsing.psi:.2f}", browsing.class_name or ""]
        for fact in filter(None, facts):
            if text.cell_len + 3 + len(fact) <= title.size.width:
                text.append(f"   {fact}", style=f"not bold {muted}")
        title.write(text)
        status.write(Text(f" {self.words}", style=muted))

    def missing(self, first: int | None = None) -> int:
        """Number of pictures of the page, or of the first so many of it, that are not there yet."""
        series, places = self.browsing.series, self.browsing.page[:first]
        return sum(series.item(place).subject not in self._thumbnails for place in places)

    @property
    def words(self) -> str:
        """The chosen picture, what is marked, what is to come."""
        browsing, to_come = self.browsing, self.missing()
        count = len(browsing.marks)
        if browsing.labelling is not None and browsing.is_asking:
            asked = browsing.labelling.words
        else:
            asked = ""
        parts = (
            asked,
            browsing.full_label(browsing.item),
            f"{MARK} {count} marked" if count else "",
            f"drawing {to_come} …" if to_come else "",
        )
        return " · ".join(filter(None, parts))

    # -- keys ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hides keys that make no sense for this model or series."""
        title = self.browsing.series.title
        if action in ("next_class", "class_list"):
            return bool(self.browsing.info.classes) and title != "classes"
        if action == "random":
            return title == "seeds"
        if action == "attribute":
            return self.asking.is_possible
        if action in ("answer", "take_back"):
            return self.browsing.is_asking
        if action == "next_rows":
            return title == "mix"
        if action == "mix":
            return title != "mix" and "mix" in (one.title for one in self.browsing.all_series)
        if action == "mark":
            return title != "mix"
        if action == "turn":
            return len(self.browsing.all_series) > 1
        return True

    def action_move(self, across: int, down: int) -> None:
        self.browsing.move(across, down)
        self.refresh_all()

    def action_turn_page(self, pages: int) -> None:
        self.browsing.turn_page(pages)
        self.refresh_all()

    def action_ends(self, end: int) -> None:
        self.browsing.go_to(end * (self.browsing.series.count - 1))
        self.refresh_all()

    def action_turn(self, step: int) -> None:
        self.browsing.turn(step)
        self.refresh_all()

    def action_mark(self) -> None:
        self.browsing.mark()
        self._keep(self.browsing.marks)
        self.refresh_all()

    def action_mix(self) -> None:
        self.browsing.show("mix")
        self.refresh_all()

    def action_next_rows(self) -> None:
        self.browsing.next_rows()
        self.refresh_all()

    def action_psi(self, steps: int) -> None:
        self.browsing.change_psi(steps)
        self.asking.ask_elsewhere()
        self.refresh_all()

    def action_next_class(self, step: int) -> None:
        self.browsing.change_class(step)
        self.asking.ask_elsewhere()
        self.refresh_all()

    def action_random(self) -> None:
        self.browsing.go_to(random.randrange(SEEDS))
        self.refresh_all()

    def action_answer(self, answer: bool | None) -> None:
        self._keep_labels(lambda: self.asking.answer(answer))

    def action_take_back(self) -> None:
        self._keep_labels(self.asking.take_back)

    async def action_attribute(self) -> None:
        dialog = ChoiceDialog(
            "attribute to label", self.asking.choices(), "type one, as smile", is_name
        )
        await ask(self.app, dialog, lambda name: self._keep_labels(lambda: self.asking.begin(name)))

    @on(Lesson)
    def _take_lesson(self, event: Lesson) -> None:
        if event.problem:
            self.notify(event.problem, severity="error", markup=False)
        self._keep_labels(lambda: self.asking.take(event))

    def _keep_labels(self, change: Callable[[], None]) -> None:
        """Does it; what cannot be written is said."""
        try:
            change()
        except DragganError as error:
            self.notify(error.line, severity="error", markup=False)
        self.refresh_all()

    def action_zoom(self, steps: int) -> None:
        self.browsing.zoom(steps)
        self.refresh_all()

    def action_open(self) -> None:
        self._leave(Answer(self.browsing.item.subject))

    def action_back(self) -> None:
        self._leave(Answer())

    def action_quit(self) -> None:
        self._leave(Answer(quit=True))

    def _leave(self, answer: Answer) -> None:
        """Only once, be a second Enter ever so quick."""
        if self.is_active:
            self.dismiss(answer)

    async def action_class_list(self) -> None:
        browsing = self.browsing
        choices = [
            Choice(str(number), name, "" if name == str(number) else str(number))
            for number, name in enumerate(browsing.info.classes)
        ]

        def take(answer: str) -> None:
            browsing.set_class(int(answer))
            self.asking.ask_elsewhere()
            self.refresh_all()

        await ask(self.app, ChoiceDialog("class", choices), take)

    async def action_go_to(self) -> None:
        browsing = self.browsing

        def take(answer: str) -> None:
            browsing.go_to(browsing.found(answer))
            self.refresh_all()

        await ask(self.app, LineDialog("go to", browsing.range_words, check=browsing.found), take)

    async def action_help(self) -> None:
        rows = [
            (" ".join(names(self._keymap.get(key.id or "", key.key))), key.tooltip) for key in KEYS
        ]
        await self.app.push_screen(HelpDialog((("gallery", rows), ("mouse", MOUSE))))

    # -- the mouse -----------------------------------------------------------------------------

    @on(Page.Pressed)
    def _press(self, event: Page.Pressed) -> None:
        self.browsing.go_to(self.browsing.page[event.number])
        if event.twice:
            self.action_open()
        else:
            self.refresh_all()

    @on(Page.Scrolled)
    def _scroll(self, event: Page.Scrolled) -> None:
        self.browsing.scroll(event.rows)
        self.refresh_all()
