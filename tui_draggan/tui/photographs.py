"""Photographs: asked for, read in a thread of their own, and written with the edit in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.screen import Screen

from tui_draggan.errors import DragganError
from tui_draggan.pictures.photograph import FullPhotograph, read_photograph
from tui_draggan.tui.cropping import CropMode
from tui_draggan.tui.dialogs.dialog import LineDialog, ask
from tui_draggan.tui.dialogs.file import FileAnswer
from tui_draggan.tui.dialogs.photograph import PhotographDialog
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.services import EditorOptions
from tui_draggan.wording import printable


class Photographs:
    """What is asked about photographs, and what is done with the answers."""

    def __init__(
        self, screen: Screen[Any], editor: Editor, cropping: CropMode, options: EditorOptions
    ) -> None:
        """screen: the one the dialogs lie over."""
        self._screen, self._editor, self._options = screen, editor, options
        self._cropping = cropping
        self._last = ""
        """Folder of the photograph that was opened last, as it is typed."""

    async def open(self) -> None:
        """A photograph; its box is chosen next."""
        check = self._options.services.check_photographs
        if check is not None:
            try:
                check()
            except DragganError as error:
                self._complain(error)
                return
        await ask(self._screen.app, PhotographDialog(self._last), self._read)

    def _read(self, answer: FileAnswer) -> None:
        path = answer.path
        self._last = f"{path.parent}/" if path.parent != Path() else ""
        self._editor.say(f"reading {printable(path.name)} …")

        def work() -> None:
            try:
                photograph = read_photograph(path)
            except DragganError as error:
                self._later(partial(self._complain, error))
            else:
                self._later(lambda: self._enter(path, photograph))

        self._screen.run_worker(work, thread=True, group="photograph", exclusive=True)

    def _enter(self, path: Path, photograph: FullPhotograph) -> None:
        self._editor.attempt(
            lambda: self._cropping.enter(path, photograph), "; ".join(photograph.notes)
        )

    def _complain(self, error: DragganError) -> None:
        self._editor.say("")
        self._screen.app.notify(str(error), title=error.title, severity="error", markup=False)

    def _later(self, do: Callable[[], object]) -> None:
        """In the screen's own thread, if it is still there."""
        if self._screen.is_attached:
            self._screen.app.call_from_thread(do)

    async def type_box(self) -> None:
        """The box, by its numbers."""
        cropping = self._cropping
        note = "x,y,width in the photograph's pixels; (0, 0) is its top left corner."
        dialog = LineDialog("box", note, cropping.typed(), check=cropping.parse)
        await ask(self._screen.app, dialog, cropping.set)
