"""The gallery of an editor: what is kept from one visit to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.screen import Screen

from tui_draggan.edit.document import Frame
from tui_draggan.edit.latent import Seed
from tui_draggan.edit.orders import Subject
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.gallery.browsing import Browsing
from tui_draggan.tui.gallery.screen import Answer, GalleryScreen
from tui_draggan.tui.gallery.series import Item
from tui_draggan.tui.gallery.thumbnails import Thumbnails
from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.terminal.graphics import Display


class Gallery:
    """Opens the gallery over the editor's screen, on the model of its session."""

    def __init__(
        self,
        screen: Screen[Any],
        editor: Editor,
        options: EditorOptions,
        another_picture: Callable[[Callable[[Editor], object]], object],
        leave: Callable[[], Any],
    ) -> None:
        """another_picture: does it, unless an edit would be left behind. leave: leaves the
        program."""
        self._screen, self._editor, self._options = screen, editor, options
        self._another_picture, self._leave = another_picture, leave
        self._thumbnails = Thumbnails()
        self._marks: Sequence[Item] = ()

    async def open(self, display: Display) -> None:
        """Returns when it is there."""
        editor, info = self._editor, self._editor.snapshot.info
        browsing = Browsing(info, editor.seed, editor.snapshot.runs, self._marks)
        name = self._options.model or info.name

        def answered(answer: Answer | None) -> None:
            self._marks = browsing.marks
            if answer is not None and answer.subject is not None:
                self._open(answer.subject)
            elif answer is not None and answer.quit:
                self._screen.call_next(self._leave)

        screen = GalleryScreen(
            browsing,
            editor.session,
            self._thumbnails,
            display,
            (f"{name} · {info.size} px",),
            self._options.keymap,
            self._options.services,
        )
        await self._screen.app.push_screen(screen, answered)

    def _open(self, subject: Subject) -> None:
        if isinstance(subject, Frame):
            self._editor.open_picture(subject)
        elif isinstance(subject, Seed):
            self._another_picture(lambda editor: editor.open_picture(subject))
