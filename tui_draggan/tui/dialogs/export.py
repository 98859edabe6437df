"""Where an export goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static, Switch

from tui_draggan.errors import UsageError
from tui_draggan.paths import typed_path
from tui_draggan.tui.dialogs.dialog import Dialog
from tui_draggan.tui.services import ExportRequest


class ExportDialog(Dialog[ExportRequest]):
    """Asks which file to write, and whether with the points drawn in."""

    def __init__(self, path: Path, check: Callable[[Path], None] | None = None) -> None:
        """check: raises DragganError for a file that could not be written."""
        super().__init__()
        self._path, self._check = path, check

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "export"
            yield Input(str(self._path), id="answer", select_on_focus=False)
            with Horizontal(id="choice"):
                yield Switch(id="markers")
                yield Static("with markers", classes="note")
            yield Static(
                ".png: the picture   .gif .webp .mp4: all steps of this edit   .npz: the latent",
                classes="note",
                markup=False,
            )
            yield Static("", classes="problem", markup=False)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        def request() -> ExportRequest:
            text = event.value.strip()
            if not text:
                raise UsageError("type the name of a file")
            path = typed_path(text)
            if self._check is not None:
                self._check(path)
            return ExportRequest(path, self.query_one("#markers", Switch).value)

        self.answer(request)
