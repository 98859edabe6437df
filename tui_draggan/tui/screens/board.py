"""The editor's screen, the half that shows: panels, their arrangement, what the engine reports."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from tui_draggan.edit.document import State
from tui_draggan.edit.latent import Seed, class_name
from tui_draggan.edit.session import Session
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.errors import DragganError
from tui_draggan.tui.keys import KeyContext
from tui_draggan.tui.layout import Arrangement, plan
from tui_draggan.tui.pointer import Pointer, settled
from tui_draggan.tui.scene import Scene
from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.snapshot import NEXT, Pace, state_words
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.widgets.bars import FIRST_RUN, StatusLine, TitleBar
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.loss_plot import LossPlot
from tui_draggan.tui.widgets.loupe import Loupe
from tui_draggan.tui.widgets.picture import PicturePanel
from tui_draggan.tui.widgets.points import PointsPanel
from tui_draggan.tui.widgets.run import RunPanel
from tui_draggan.tui.workarounds import backlog
from tui_draggan.tui.worker import Opened, OpenFailed, Report, Worked, WorkFailed

FRAMES_PER_SECOND = 30
SHARE = 0.12
"""Of the time, for showing what the engine does."""
CELLS_PER_SECOND = 60_000
"""Of the picture, each some 30 bytes: what a terminal and a line far away keep up with."""
KEYS_FIRST = 0.1
"""Seconds after a move of the cursor in which frames, up to five, give way to the next."""
LONGEST_CLASS = 26
LOUPE_SECONDS = 1.5
"""How long the loupe stays in small terminals after the cursor's last move."""


@dataclass
class Reported(Message):
    """The engine's thread has something to tell."""

    report: Report


class Board(Screen[None], inherit_bindings=False):
    """Shows a session; knows nothing of keys."""

    AUTO_FOCUS = None

    def __init__(
        self,
        options: EditorOptions,
        display: Display,
        seen: Callable[[], None],
        give_up: Callable[[DragganError], None],
        session: Session | None = None,
    ) -> None:
        """session: where it is open already; else it is waited for."""
        super().__init__()
        self._give_up = give_up
        self.options = options
        self.session = session
        self.hand = Pointer((0, 0))
        self.notice = ""
        """What was done last, for the status line; goes with the next move."""
        self.terminal = display
        self._seen = seen
        self._pace = Pace()
        self._shown: Snapshot | None = None
        self._moment = KeyContext()
        self._ran = False
        self._synced = 0.0
        self._cost = 0.0
        """Seconds from the last look at the session to its being on the screen."""
        self._due = False
        self._moved = 0.0
        """When the cursor moved last."""
        self._loupe_timer = 0

    def compose(self) -> ComposeResult:
        yield TitleBar(id="title")
        with Container(id="body"):
            with Container(id="frame") as frame:
                frame.border_title = "picture"
                yield self._picture_panel()
            with Container(id="side"):
                yield PointsPanel(id="points")
                with Horizontal(id="middle"):
                    yield Loupe(id="loupe")
                    yield RunPanel(id="run")
                yield LossPlot(id="plot")
                yield LossLog(id="log")
        yield Loupe(id="passing-loupe")
        yield StatusLine(id="status")
        yield Footer(id="keys", compact=True, show_command_palette=False)

    def _picture_panel(self) -> PicturePanel:
        if self.terminal.graphics == "half":
            return PicturePanel("picture")
        from tui_draggan.tui.widgets.true_picture import TruePicture

        return TruePicture(self.terminal, "picture")

    def on_mount(self) -> None:
        if self.terminal.note:
            self.notice = self.terminal.note
        self.app.theme_changed_signal.subscribe(self, lambda _: self.sync())
        if self.session is None:
            self._show_words()
        else:
            self._open(self.session)

    def on_unmount(self) -> None:
        """Lets go of what is large; the collector may pass this screen by (`_forget_startup`)."""
        self.app.theme_changed_signal.unsubscribe(self)
        self.session = self._shown = None

    # -- arrangement ---------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        chosen = plan(event.size.width, event.size.height)
        for arrangement in Arrangement:
            self.set_class(arrangement is chosen.arrangement, arrangement.value)
        self.set_class(event.size.height >= 46, "roomy")
        frame = self.query_one("#frame")
        frame.styles.width = chosen.width
        frame.styles.height = (
            "100%" if chosen.arrangement is not Arrangement.TALL else chosen.height
        )
        self.query_one("#passing-loupe").styles.offset = (
            event.size.width - 18,
            event.size.height - 12,
        )
        # The panels write for the size they have; they have it after the layout.
        self.call_after_refresh(self.sync)

    @property
    def arrangement(self) -> Arrangement:
        """The one in force."""
        return next((a for a in Arrangement if self.has_class(a.value)), Arrangement.SMALL)

    # -- what the engine's thread tells --------------------------------------------------------

    @on(Reported)
    def _take_report(self, event: Reported) -> None:
        report = event.report
        if isinstance(report, Opened):
            self._open(report.session)
        elif isinstance(report, OpenFailed):
            self._give_up(report.error)
        elif isinstance(report, WorkFailed):
            self.app.notify(str(report.error), title=report.error.title, severity="error")
            self.sync()
        elif isinstance(report, Worked):
            self._sync_soon()

    def _open(self, session: Session) -> None:
        self.session = session
        side = session.info.resolution
        self.hand = Pointer((side // 2, side // 2))
        self.sync()
        self.call_after_refresh(_forget_startup)

    def _sync_soon(self) -> None:
        """At most so many times a second and that share of the time, so that keys find the screen
        free; what comes in between is taken along."""
        cells = self.query_one(PicturePanel).size.area
        spacing = max(1 / FRAMES_PER_SECOND, cells / CELLS_PER_SECOND, self._cost / SHARE)
        after_keys = min(self._moved + KEYS_FIRST, self._synced + 6 * spacing)
        wait = max(self._synced + spacing, after_keys) - monotonic()
        if wait <= 0:
            self._sync_now()
        elif not self._due:
            self._due = True
            self.set_timer(wait, self._sync_due)

    def _sync_due(self) -> None:
        self._due = False
        self._sync_soon()

    def _sync_now(self) -> None:
        if backlog(self.app):
            self.set_timer(1 / FRAMES_PER_SECOND, self._sync_now)
            self._due = True
            return
        self._due = False
        self._seen()
        self.sync()
        self.call_after_refresh(self._note_cost)

    def _note_cost(self) -> None:
        self._cost = min(0.2, monotonic() - self._synced)

    # -- showing -------------------------------------------------------------------------------

    def sync(self) -> None:
        """Shows the session as it is now."""
        self._synced = monotonic()
        session = self.session
        if session is None:
            self._show_words()
            return
        self._shown = snapshot = session.snapshot()
        self.hand = settled(self.hand, snapshot.document.pairs, snapshot.info.resolution)
        rate = 0.0
        if snapshot.status.state is State.RUNNING:
            newest = snapshot.frames[-1].iteration if snapshot.frames else 0
            rate = self._pace.note(monotonic(), newest)
        else:
            self._pace.forget()
        self._ran = self._ran or bool(snapshot.frames)
        self.query_one(RunPanel).show(snapshot, rate)
        self.query_one(LossPlot).show(snapshot)
        self.query_one(LossLog).show(snapshot.frames)
        self._show_title(snapshot)
        self.show_hand()

    def show_hand(self) -> None:
        """Shows what depends on crosshair and selection; the rest stays as `sync` left it, the
        picture too: a key repaints a few rows."""
        snapshot = self._shown
        if self.session is None or snapshot is None:
            return
        scene = Scene(
            snapshot.picture,
            snapshot.info.resolution,
            snapshot.document.pairs,
            self.hand,
            snapshot.document.mask,
            snapshot.status.state is State.RUNNING,
        )
        self.query_one(PicturePanel).show(scene)
        for loupe in self.query(Loupe):
            loupe.show(scene)
        self.query_one(PointsPanel).show(snapshot, self.hand)
        self._show_words(snapshot)
        self._note_moment(snapshot)

    def show_loupe(self) -> None:
        """The cursor moves: small terminals get the loupe for a while."""
        self._moved = monotonic()
        loupe = self.query_one("#passing-loupe")
        loupe.add_class("-on")
        self._loupe_timer += 1
        turn = self._loupe_timer

        def hide() -> None:
            if turn == self._loupe_timer:
                loupe.remove_class("-on")

        self.set_timer(LOUPE_SECONDS, hide)

    def _show_title(self, snapshot: Snapshot) -> None:
        info, origin = snapshot.info, snapshot.document.latent.origin
        facts = [
            f"{self.options.model or info.name} · {info.resolution} px",
            f"seed {origin.seed}" if isinstance(origin, Seed) else origin.file,
            _class_words(class_name(origin, info)),
            f"ψ {origin.psi:.2f}" if isinstance(origin, Seed) else "",
            snapshot.engine,
        ]
        self.query_one(TitleBar).show(facts, self.terminal.words)

    def _show_words(self, snapshot: Snapshot | None = None) -> None:
        status = self.query_one(StatusLine)
        muted = status.colour("foreground-muted") or "dim"
        if snapshot is None:
            facts = [f"{self.options.model} · {self.options.resolution} px"]
            self.query_one(TitleBar).show(facts if self.options.model else [], self.terminal.words)
            status.show(None, 1, Text("opening the model …", style=muted))
            return
        zoom = self.query_one(PicturePanel).view.zoom
        words = self._words(snapshot)
        if self.arrangement is Arrangement.TINY:
            state = [state_words(snapshot)]
            if snapshot.status.state is State.RUNNING and snapshot.frames:
                newest = snapshot.frames[-1]
                state.append(f"{newest.iteration} / {snapshot.document.parameters.steps}")
                state.append(f"{newest.distance:.1f} px")
            words = " · ".join(filter(None, (*state, "? keys", words)))
        status.show(self.hand, zoom, Text(words, style=muted))

    def _words(self, snapshot: Snapshot) -> str:
        """What to know now, in one line."""
        hand, status = self.hand, snapshot.status
        if hand.first is not None:
            return "now its target: move there, Enter; Escape takes the handle back"
        if hand.held is not None:
            return "drop it with Enter; Escape leaves it where it was"
        if self.notice:
            return self.notice
        if status.outcome is not None:
            helps = NEXT[status.outcome]
            return " · ".join(filter(None, (status.outcome.value, helps, status.message)))
        if hand.selected is not None:
            return f"{hand.selected.end} selected: Enter picks it up, x deletes, g types where"
        if not self._ran:
            return FIRST_RUN
        return ""

    def _note_moment(self, snapshot: Snapshot) -> None:
        """Tells the footer when other keys make sense than before."""
        moment = KeyContext(
            open=True,
            state=snapshot.status.state,
            pairs=bool(snapshot.document.pairs),
            frames=bool(snapshot.frames),
            half=self.hand.first is not None,
            held=self.hand.held is not None,
            selected=self.hand.selected is not None,
            zoomed=self.query_one(PicturePanel).view.zoom > 1,
            export=self.options.hooks.export is not None,
            save=self.options.hooks.save_session is not None,
            classes=bool(snapshot.info.classes),
            models=self.options.hooks.models is not None,
        )
        if moment != self._moment:
            self._moment = moment
            self.refresh_bindings()

    @property
    def moment(self) -> KeyContext:
        """What the keys depend on, as last shown."""
        return self._moment

    def let_go(self) -> None:
        """Forgets what is half made: the document has become another."""
        self.hand = replace(self.hand, first=None, held=None, selected=None)


def _class_words(name: str | None) -> str:
    """For the title, where room is scarce: some names are whole lists of synonyms."""
    if name is None:
        return ""
    words = f"class {name}"
    return words if len(words) <= LONGEST_CLASS else words[: LONGEST_CLASS - 2] + " …"


def _forget_startup() -> None:
    """Spares the garbage collector what stays anyway: looking through all of it takes 100 ms, in
    which no key is answered."""
    gc.unfreeze()  # what another model's screen has left
    gc.collect()
    gc.freeze()
