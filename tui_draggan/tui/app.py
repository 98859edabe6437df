"""The editor as a Textual program: its screens, its keys, one engine's thread after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from tui_draggan.errors import DragganError
from tui_draggan.tui.dialogs.opening import OpeningDialog
from tui_draggan.tui.gallery.screen import GalleryScreen
from tui_draggan.tui.messages import AnotherModel, Ready, Reported
from tui_draggan.tui.palette import Commands
from tui_draggan.tui.program import Program
from tui_draggan.tui.screen import EditorScreen
from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.terminal.graphics import Display, Terminal
from tui_draggan.tui.workarounds import Palette, answer_key
from tui_draggan.tui.worker import EngineThread, OpenFailed, Report, engine_thread


class EditorApp(Program):
    """One screen, one document."""

    CSS_PATH = "editor.tcss"
    COMMANDS: ClassVar = {Commands}  # and none of Textual's own but those of get_system_commands
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+c,ctrl+q",
            "end(130)",
            "quit at once",
            show=False,
            priority=True,
            tooltip="Quit without asking; the journal keeps the edit",
            id="quit-at-once",
        ),
        Binding(
            "ctrl+z",
            "suspend_process",
            "suspend",
            show=False,
            priority=True,
            tooltip="Suspend the program; fg brings it back",
            id="suspend",
        ),
    ]

    def __init__(
        self, options: EditorOptions, threads: list[EngineThread], terminal: Terminal
    ) -> None:
        """threads: the one that opens the first session; those of other models are added."""
        super().__init__(terminal)
        self.resume = options.services.resume
        self.options = options
        self.threads = threads
        self._kept: list[events.Key] = []
        """Keys that were typed while a model opens."""
        self.problem: DragganError | None = None
        """Reason why there never was a session."""

    def on_mount(self) -> None:
        self.begin(self.options.theme)
        self.set_keymap(dict(self.options.keymap))
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        thread = self.threads[0]
        screen = EditorScreen(self.options, self.terminal.display, thread.seen, self.give_up)
        self.push_screen(screen)
        thread.attach(lambda report: screen.post_message(Reported(report)))

    def on_unmount(self) -> None:
        for thread in self.threads:
            thread.detach()
            thread.stop()

    def _remember_theme(self, theme: Theme) -> None:
        remember = self.options.services.remember
        if remember is not None and not theme.name.startswith("ansi"):
            remember("theme", theme.name)

    def give_up(self, error: DragganError) -> None:
        """There will be no session: leaves, and keeps the reason."""
        self.problem = error
        self.action_end(error.exit_status)

    def show_display(self, display: Display) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, EditorScreen | GalleryScreen):
                screen.take_display(display)

    # -- keys ----------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._is_opening:
            await self._keep(event)
        else:
            await self._answer_kept()
            await self._answer(event)

    async def _answer(self, key: events.Key) -> None:
        if not await self._answered(key):
            await super().on_event(key)

    @property
    def _is_opening(self) -> bool:
        """Whether a model is waited for, and nothing lies over that."""
        screen = self.screen
        waits = isinstance(screen, EditorScreen) and not screen.is_open
        return waits or isinstance(screen, OpeningDialog)

    async def _keep(self, key: events.Key) -> None:
        """Keeps a key for when the model is there, unless it does something before that: but then
        not between two that are kept, so that what is typed stays together. Escape forgets all."""
        if key.key == "escape":
            self._kept.clear()
        if self._kept:
            acted = await self._check_bindings(key.key, priority=True)
        else:
            acted = await answer_key(self, key.key)
        if not acted and key.key != "escape":
            self._kept.append(key)

    @on(Ready)
    async def _answer_kept(self) -> None:
        while self._kept and not self._is_opening:
            kept = self._kept.pop(0)
            await self._answer(events.Key(kept.key, kept.character))

    async def _answered(self, key: events.Key) -> bool:
        """Does what a key is bound to, unless it is a letter to be typed into a line."""
        typed = key.is_printable and isinstance(self.focused, Input)
        return not typed and await answer_key(self, key.key)

    async def action_command_palette(self) -> None:  # type: ignore[override]
        """Textual's, there before the next key is looked at."""
        if not isinstance(self.screen, CommandPalette):
            await self.push_screen(Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's, but for those that the editor has itself."""
        yield SystemCommand("Change theme", "Colours of the whole screen", self.search_themes)
        for command in super().get_system_commands(screen):
            if command.title not in ("Theme", "Quit", "Keys"):
                yield command

    # -- another model -------------------------------------------------------------------------

    @on(AnotherModel)
    def _open(self, event: AnotherModel) -> None:
        """Opens it beside the one that is edited, which stays until the other has a picture."""
        options = event.options
        thread = engine_thread(options)
        self.threads.append(thread)
        thread.start()

        def opened(report: Report | None) -> None:
            if report is None or not self.screen_stack:  # cancelled, or the program is ending
                thread.stop()
            elif isinstance(report, OpenFailed):
                self._kept.clear()
                self.notify(
                    str(report.error), title=report.error.title, severity="error", markup=False
                )
            else:
                self._change_to(options, thread, report)

        self.push_screen(OpeningDialog(options.model, thread), opened)

    def _change_to(self, options: EditorOptions, thread: EngineThread, report: Report) -> None:
        """Another screen for another session; the old thread ends and closes what it had open."""
        for old in self.threads:
            if old is not thread:
                old.detach()
                old.stop()
        self.threads[:] = [one for one in self.threads if one.is_alive()]
        self.resume = options.services.resume
        screen = EditorScreen(
            options, self.terminal.display, thread.seen, self.give_up, thread.session
        )
        self.switch_screen(screen)
        thread.attach(lambda report: screen.post_message(Reported(report)))
        screen.post_message(Reported(report))
