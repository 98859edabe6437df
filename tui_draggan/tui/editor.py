"""The Textual program round the editor's screen: theme, palette, signals, the engine's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from tui_draggan.errors import DragganError
from tui_draggan.pictures.graphics import Display
from tui_draggan.tui.options import EditorOptions
from tui_draggan.tui.palette import Commands
from tui_draggan.tui.screens.board import Reported
from tui_draggan.tui.screens.edit import EditScreen
from tui_draggan.tui.worker import EngineThread

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

    def __init__(self, options: EditorOptions, thread: EngineThread, display: Display) -> None:
        super().__init__()
        self.title = "tui-draggan"
        self.options = options
        self.thread = thread
        self.problem: DragganError | None = None
        """Why there never was a session."""
        self.terminal = display

    def on_mount(self) -> None:
        self.register_theme(THEME)
        known = self.options.theme in self.available_themes
        self.theme = self.options.theme if known and self.options.theme else THEME.name
        self._own_loop = asyncio.get_running_loop()
        screen = EditScreen(self.options, self.terminal, self.thread.seen, self.give_up)
        self.push_screen(screen)
        self.thread.attach(lambda report: screen.post_message(Reported(report)))

    def on_unmount(self) -> None:
        self.thread.detach()
        self.thread.stop()

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

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Change theme", "Colours of the whole screen", self.search_themes)
