"""The Textual program round the editor's screen: theme, palette, signals, the engine's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from tui_draggan.errors import DragganError
from tui_draggan.tui.palette import Commands
from tui_draggan.tui.screens.board import Reported
from tui_draggan.tui.screens.edit import AnotherModel, EditScreen
from tui_draggan.tui.screens.opening import Opening
from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.workarounds import answer_key
from tui_draggan.tui.worker import EngineThread, OpenFailed, Report

THEME = Theme(
    name="draggan",
    primary="#56b4e9",
    secondary="#8fa3b8",
    accent="#56b4e9",
    foreground="#d7dce2",
    background="#13161b",
    surface="#1a1e25",
    panel="#232933",
    success="#4cc38a",
    warning="#f0c05a",
    error="#e5707a",
    dark=True,
    variables={
        "footer-background": "#1a1e25",
        "footer-key-foreground": "#56b4e9",
        "footer-description-foreground": "#9aa5b1",
        "footer-item-background": "#1a1e25",
        "foreground-muted": "#8893a0",
    },
)


class DragganApp(App[int]):
    """One screen, one document. Returns the exit status."""

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
            tooltip="Leave without a question; the journal keeps the edit",
            id="quit-at-once",
        ),
    ]

    def __init__(
        self, options: EditorOptions, threads: list[EngineThread], display: Display
    ) -> None:
        """threads: the one that opens the first session; those of other models are added."""
        super().__init__()
        self.title = "tui-draggan"
        self.options = options
        self.threads = threads
        self.problem: DragganError | None = None
        """Why there never was a session."""
        self.terminal = display

    def on_mount(self) -> None:
        self.register_theme(THEME)
        known = self.options.theme in self.available_themes
        self.theme = self.options.theme if known and self.options.theme else THEME.name
        self._own_loop = asyncio.get_running_loop()
        thread = self.threads[0]
        screen = EditScreen(self.options, self.terminal, thread.seen, self.give_up)
        self.push_screen(screen)
        thread.attach(lambda report: screen.post_message(Reported(report)))

    def on_unmount(self) -> None:
        for thread in self.threads:
            thread.detach()
            thread.stop()

    async def on_event(self, event: events.Event) -> None:
        answered = isinstance(event, events.Key) and await self._answered(event)
        if not answered:
            await super().on_event(event)

    async def _answered(self, key: events.Key) -> bool:
        """Does what a key is bound to, unless it is a letter to be typed into a line."""
        typed = key.is_printable and isinstance(self.focused, Input)
        return not (typed or key.is_forwarded) and await answer_key(self, key.key)

    # -- another model -------------------------------------------------------------------------

    @on(AnotherModel)
    def _open(self, event: AnotherModel) -> None:
        """Opens it beside the one that is edited, which stays until the other has a picture."""
        options = event.options
        hooks = options.hooks
        thread = EngineThread(hooks.open_session, options.pace, hooks.close)
        self.threads.append(thread)
        thread.start()

        def opened(report: Report | None) -> None:
            if report is None or not self.screen_stack:  # given up, or the program is ending
                thread.stop()
            elif isinstance(report, OpenFailed):
                self.notify(str(report.error), title=report.error.title, severity="error")
            else:
                self._change_to(options, thread, report)

        self.push_screen(Opening(options.model, thread), opened)

    def _change_to(self, options: EditorOptions, thread: EngineThread, report: Report) -> None:
        """Another screen for another session; the old thread ends and closes what it had open."""
        for old in self.threads:
            if old is not thread:
                old.detach()
                old.stop()
        self.threads[:] = [one for one in self.threads if one.is_alive()]
        screen = EditScreen(options, self.terminal, thread.seen, self.give_up, thread.session)
        self.switch_screen(screen)
        thread.attach(lambda report: screen.post_message(Reported(report)))
        screen.post_message(Reported(report))

    # -- the end -------------------------------------------------------------------------------

    def end_soon(self, status: int) -> None:
        """`action_end` for signal handlers."""
        if self.is_running:
            self._own_loop.call_soon_threadsafe(self.action_end, status)

    def give_up(self, error: DragganError) -> None:
        """There will be no session: leaves, and keeps the reason."""
        self.problem = error
        self.exit(error.exit_status, error.exit_status)

    def action_end(self, status: int) -> None:
        """Leaves at once with that exit status."""
        self.exit(status, status)

    async def action_command_palette(self) -> None:  # type: ignore[override]
        """Textual's, there before the next key is looked at."""
        if not isinstance(self.screen, CommandPalette):
            await self.push_screen(CommandPalette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Change theme", "Colours of the whole screen", self.search_themes)
