"""A photograph to be opened: its path, and what it shows."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work
from textual.containers import Vertical
from textual.widgets import Input

from tui_draggan.errors import DragganError
from tui_draggan.paths import typed_path
from tui_draggan.pictures.photograph import thumbnail
from tui_draggan.pictures.reading import SUFFIXES
from tui_draggan.tui.dialogs.file import FileDialog
from tui_draggan.tui.widgets.thumbnail import Thumbnail

SIDE = 64
"""Pixels of the thumbnail's longer side."""
PAUSE = 0.15
"""Seconds after the last key until the file is looked at."""


class PhotographDialog(FileDialog):
    """A line for a path with a thumbnail below, where the path is that of a picture."""

    def __init__(self, value: str = "") -> None:
        super().__init__(
            "open a photograph",
            "Open",
            value,
            "You edit the nearest picture that the model can draw.",
            check=thumbnail_of,
            suffixes=SUFFIXES,
            writes=False,
        )
        self._thumbnail = Thumbnail(id="thumbnail")
        self._thumbnail.display = False

    def on_mount(self) -> None:
        self.query_one("#box", Vertical).mount(self._thumbnail, after="#answer")

    @on(Input.Changed)
    def _look(self, event: Input.Changed) -> None:
        self._show_thumbnail(event.value.strip())

    @work(exclusive=True, exit_on_error=False)
    async def _show_thumbnail(self, text: str) -> None:
        """Only the newest text is looked at: another one ends this."""
        await asyncio.sleep(PAUSE)
        picture = None
        try:
            path = typed_path(text)
            if await asyncio.to_thread(path.is_file):
                picture = await asyncio.to_thread(thumbnail, path, SIDE)
        except (DragganError, OSError):
            picture = None  # what is wrong with it is said when it is confirmed
        self._thumbnail.display = picture is not None
        self._thumbnail.show(picture)


def thumbnail_of(path: Path) -> None:
    """Raises UsageError where it is no picture that can be read."""
    thumbnail(path, SIDE)
