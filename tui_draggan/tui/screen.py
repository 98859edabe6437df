"""The editor's screen.

It only joins its parts, each of which has a file of its own:

- `editor.Editor`: the session, the pointer on it, and every change a person makes;
- `keys`: one row for each key, with what it does;
- `prompts.Prompts`: the dialogs that ask for something;
- `panels.Panels`: what is shown of a snapshot, and where;
- `pacing.Pacing`: how often, while an engine works.

A mode comes as one more of its `Parts`: a module beside `editor` with its state and what its keys
do, as `modes.Mode` says, a file of rows in `keys`, and a panel in `widgets` that `Panels` shows in
place of plot or log.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from time import monotonic
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from tui_draggan.edit.document import State
from tui_draggan.edit.session import Session
from tui_draggan.errors import DragganError
from tui_draggan.tui import mouse
from tui_draggan.tui.comparing import Comparison
from tui_draggan.tui.dialogs.help import HelpDialog, editor_keys
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.keys.bar import KeyBar
from tui_draggan.tui.keys.context import KeyContext, key_context, placing
from tui_draggan.tui.keys.key import Action
from tui_draggan.tui.keys.table import KEY_BY_ID, KEYS
from tui_draggan.tui.line import Line
from tui_draggan.tui.messages import Ready, Reported
from tui_draggan.tui.pacing import FRAMES_PER_SECOND, Pacing, StepRate
from tui_draggan.tui.panels import Panels
from tui_draggan.tui.parts import Parts, join
from tui_draggan.tui.program import Program
from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.tutorial import Moment
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.loss_plot import LossPlot
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.widgets.points_panel import PointsPanel
from tui_draggan.tui.widgets.timeline_strip import TimelineStrip
from tui_draggan.tui.words import hint
from tui_draggan.tui.workarounds import backlog, forget_startup
from tui_draggan.tui.worker import Opened, OpenFailed, Worked, WorkFailed


class EditorScreen(Screen[None], inherit_bindings=False):
    """One session, or the waiting for it."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [key.binding for key in KEYS]

    def __init__(
        self,
        options: EditorOptions,
        display: Display,
        seen: Callable[[float], None],
        give_up: Callable[[DragganError], None],
        session: Session | None = None,
    ) -> None:
        """seen: tells the engine's thread that the screen has looked, and in how many seconds it
        wants another picture. give_up: there will be no session. session: where it is open
        already; else it is waited for."""
        super().__init__()
        self.options = options
        self.panels: Panels = Panels(display, options.keymap, options.tutorial)
        self.context = KeyContext()
        """Moment that was shown last, on which the keys depend."""
        self._note = display.note
        self._seen, self._give_up, self._session = seen, give_up, session
        self._parts: Parts | None = None
        self._pacing, self._rate = Pacing(), StepRate()
        self._due = False
        """A timer will draw."""
        self._bare = False
        """Whether the marks on the picture are hidden."""
        self.comparison = Comparison()

    def compose(self) -> ComposeResult:
        yield from self.panels.compose()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.refresh_all())
        session, self._session = self._session, None
        if session is None:
            self.refresh_all()
        else:
            self._open(session)

    def on_unmount(self) -> None:
        """Lets go of what is large; the collector may pass this screen by (`forget_startup`)."""
        self.app.theme_changed_signal.unsubscribe(self)
        self._parts = None

    def on_resize(self, event: events.Resize) -> None:
        self.panels.arrange(self, event.size.width, event.size.height, self.options.size)
        # The panels write for the size they have; they have it after the layout.
        self.call_after_refresh(self.refresh_all)

    # -- the session ---------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a session; before that there is neither editor nor prompts."""
        return self._parts is not None

    @property
    def parts(self) -> Parts:
        """What is there once the session is open."""
        assert self._parts is not None
        return self._parts

    def _open(self, session: Session) -> None:
        editor = Editor(session, self)
        editor.notice = self._note
        self._parts = join(self, editor, self.comparison, self.options)
        editor.refresh()
        self.call_after_refresh(forget_startup)
        if self.options.gallery:
            self.call_after_refresh(self.show_gallery)
        elif len(self.options.edits) > 1:
            self.call_after_refresh(self.parts.prompts.another_edit)
        if self.options.resumed:
            self.app.notify(self.options.resumed, title="resumed", markup=False)
        if self.options.masked:
            self.app.notify(self.options.masked, markup=False)
        self.call_after_refresh(self.post_message, Ready())

    @on(Reported)
    def _take_report(self, event: Reported) -> None:
        report = event.report
        if isinstance(report, Opened):
            self._open(report.session)
        elif isinstance(report, OpenFailed):
            self._give_up(report.error)
        elif isinstance(report, WorkFailed):
            self.show_error(report.error)
            self.refresh_all()
        elif isinstance(report, Worked) and self._covered:
            self._seen(0.0)
        elif isinstance(report, Worked):
            self._draw_soon()

    @property
    def _covered(self) -> bool:
        """Whether another screen hides it; behind a dialog it goes on changing."""
        whole = [screen for screen in self.app.screen_stack if not screen.is_modal]
        return whole[-1] is not self

    @on(events.ScreenResume)
    def _show_again(self) -> None:
        """What has changed behind another screen."""
        if self.is_open:
            self.refresh_all()

    def take_display(self, display: Display) -> None:
        """Pictures reach the terminal in another way."""
        self.panels.take_display(display)
        self.refresh_all()

    # -- showing -------------------------------------------------------------------------------

    def refresh_all(self) -> None:
        """Shows everything as it is now."""
        if self.is_open:
            self.parts.editor.refresh()
        else:
            self.panels.show_opening(self.options.model, self.options.size)

    def show(self) -> None:
        """The editor has looked at its session."""
        now, snapshot = monotonic(), self.parts.editor.snapshot
        self._pacing.note_start(now)
        rate = 0.0
        if snapshot.status.state is State.RUNNING:
            rate = self._rate.note(now, snapshot.frames[-1].iteration if snapshot.frames else 0)
        else:
            self._rate.forget()
        self.panels.show(snapshot, rate, self.options.model)
        self.panels.show_sliders(self, self.parts.sliders, snapshot.document.sliders.off)
        if self.panels.show_timeline(self.parts.timeline.timeline):
            self.panels.arrange(self, *self.size, self.options.size)
            self.call_after_refresh(self.refresh_all)
        self.comparison.note(snapshot)
        self.parts.tuning.note(snapshot)
        mode = self.parts.mode
        names = ("" if mode is None else mode.name, self.comparison.words)
        self.panels.name_mode(" · ".join(filter(None, names)))
        self.show_pointer(moved=False)
        self._show_notices()

    def show_pointer(self, moved: bool) -> None:
        """The pointer may have changed; the rest stays as it was shown last."""
        editor = self.parts.editor
        if moved:
            self._pacing.note_move(monotonic())
            self.panels.passing_loupe.appear()
            self.parts.masking.followed()
        line = hint(editor.snapshot, editor.pointer, editor.notice, editor.has_run)
        mode = self.parts.mode
        if mode is not None and not editor.pointer.busy:
            line = editor.notice or mode.words
        terminal = self._line
        self.panels.picture.limit(terminal.room)
        hurried = moved and terminal.is_slow
        self.panels.show_pointer(
            editor.snapshot,
            editor.pointer,
            self.parts.masking,
            self.parts.cropping,
            self.comparison,
            self._bare,
            line,
            hurried,
        )
        if hurried or self.panels.picture.is_behind:
            self._draw_when(1 / FRAMES_PER_SECOND)
        if self.panels.lesson is not None:
            name = "" if mode is None else mode.name
            compared = bool(self.comparison.words)
            self.panels.lesson.look(Moment(editor.snapshot, editor.pointer, name, compared))
        context = key_context(
            editor.snapshot,
            editor.pointer,
            self.options.services,
            mode,
            zoomed=self.panels.picture.view.zoom > 1,
            compare=self.comparison.possible,
            found_here=self.comparison.photograph_of(editor.snapshot.document.latent.origin)
            is not None,
        )
        if context != self.context:
            self.context = context
            self.panels.keys.show(context)
            self.refresh_bindings()

    def _show_notices(self) -> None:
        """What others have to say, once."""
        notices = self.options.services.notices
        for line in () if notices is None else notices():
            self.app.notify(line, title="note", severity="warning", markup=False)

    def show_error(self, error: DragganError) -> None:
        self.app.notify(str(error), title=error.title, severity="error", markup=False)

    def _draw_soon(self) -> None:
        """Draws when its time has come; what comes in between is taken along."""
        cells, now = self.panels.picture.size.area, monotonic()
        wait = self._pacing.wait(now, cells, backlog(self.app) or self._line.is_busy(now))
        if wait <= 0 and self._picture_is_coming():
            self._seen(0.0)
        elif wait <= 0:
            self._seen(self._pacing.spacing(cells))
            self._mark_picture(is_end=False)
            self.refresh_all()
            self.call_after_refresh(self._drawn)
        else:
            self._draw_when(wait)

    def _draw_when(self, wait: float) -> None:
        """Draws in so many seconds, unless something will draw anyway."""
        if not self._due:
            self._due = True
            self.set_timer(wait, self._draw_when_due)

    def _drawn(self) -> None:
        self._pacing.note_end(monotonic())
        self._mark_picture(is_end=True)

    def _mark_picture(self, is_end: bool) -> None:
        if isinstance(self.app, Program):
            self.app.mark_picture(is_end)

    @property
    def _line(self) -> Line:
        """The way to the terminal; none of the kind where the program is another's."""
        return self.app.line if isinstance(self.app, Program) else Line()

    def _picture_is_coming(self) -> bool:
        """Whether a run is at a step without a picture; one of the next has one, if asked for."""
        if not self.is_open:
            return False
        snapshot = self.parts.editor.session.snapshot()
        running = snapshot.status.state is State.RUNNING
        return running and bool(snapshot.frames) and not snapshot.picture_is_current

    def _draw_when_due(self) -> None:
        self._due = False
        self._draw_soon()

    # -- keys ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hides keys that make no sense at this moment."""
        return action != "key" or KEY_BY_ID[str(parameters[0])].allowed(self.context)

    async def action_key(self, id: str) -> None:
        """What the key of that row does."""
        await self.perform(KEY_BY_ID[id].action)

    async def perform(self, action: Action) -> None:
        """Does what a key or a line of the palette stands for."""
        done = action(self)
        if isawaitable(done):
            await done

    def hide_markers(self) -> None:
        """The picture without its marks, or with them again."""
        self._bare = not self._bare
        self.parts.editor.notice = "markers hidden; v shows them" if self._bare else ""
        self.refresh_all()

    def compare(self) -> None:
        """Shows the picture before the edit, then both, then their difference."""
        self.comparison.next_look()
        self.refresh_all()

    def start_here(self) -> None:
        """The picture is what others are compared with from now on."""
        self.comparison.start_from(self.parts.editor.snapshot)
        self.parts.editor.notice = "b compares with this step from now on"
        self.refresh_all()

    async def show_help(self) -> None:
        await self.app.push_screen(HelpDialog(editor_keys(self.options.keymap)))

    async def show_gallery(self) -> None:
        """Thumbnails to choose the next picture from."""
        await self.parts.gallery.open(self.panels.display)

    async def show_commands(self) -> None:
        await self.app.run_action("command_palette")

    async def leave(self) -> None:
        """Quits; asks first where an edit would be left behind."""
        if self.is_open:
            await self.parts.prompts.leave()
        else:
            self.app.exit(0)

    # -- the mouse -----------------------------------------------------------------------------

    @on(TimelineStrip.Pressed)
    def _press_step(self, event: TimelineStrip.Pressed) -> None:
        if self.is_open and self.context.idle:
            self.parts.timeline.go_to(event.place)

    @on(PicturePanel.Pressed)
    def _press(self, event: PicturePanel.Pressed) -> None:
        mouse.press(self.parts, event)

    @on(PicturePanel.Dragged)
    def _drag(self, event: PicturePanel.Dragged) -> None:
        mouse.drag(self.parts, event)

    @on(PicturePanel.Released)
    def _release(self, event: PicturePanel.Released) -> None:
        mouse.release(self.parts, event)

    @on(PicturePanel.Wheeled)
    def _wheel(self, event: PicturePanel.Wheeled) -> None:
        mouse.wheel(self.parts, event)

    @on(KeyBar.Pressed)
    async def _press_key(self, event: KeyBar.Pressed) -> None:
        if event.key.allowed(self.context):
            await self.perform(event.key.action)

    @on(LossPlot.Chosen)
    def _go_to(self, event: LossPlot.Chosen) -> None:
        if self.is_open and self.context.frames and self.context.idle:
            self.parts.editor.scrub_to(event.index)

    @on(LossLog.Chosen)
    def _go_to_line(self, event: LossLog.Chosen) -> None:
        if self.is_open and self.context.frames and self.context.idle:
            self.parts.editor.go_to_step(event.step, event.run, f"step {event.step}")

    @on(PointsPanel.Chosen)
    def _choose(self, event: PointsPanel.Chosen) -> None:
        if self.is_open and placing(self.context) and not self.parts.editor.pointer.busy:
            self.parts.editor.select(event.point)

    @on(PicturePanel.Viewed)
    def _view(self) -> None:
        if self.is_open:
            self.show_pointer(moved=False)
