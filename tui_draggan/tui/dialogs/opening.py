"""While another model or edit opens."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui_draggan.tui.dialogs.dialog import Dialog
from tui_draggan.tui.messages import Reported
from tui_draggan.tui.worker import EngineThread, Opened, Report


class OpeningDialog(Dialog[Report]):
    """Over the editor as it was; ends with the first report after there is a picture, or with
    `OpenFailed`. Escape gives it up."""

    def __init__(self, model: str, thread: EngineThread) -> None:
        super().__init__()
        self._model, self._thread = model, thread

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "open"
            yield Static(f"opening {self._model} …", markup=False)
            yield Static("Escape keeps what is open now.", classes="note")

    def on_mount(self) -> None:
        self._thread.attach(lambda report: self.post_message(Reported(report)))

    @on(Reported)
    def _take_report(self, event: Reported) -> None:
        event.stop()
        if not isinstance(event.report, Opened):
            self.dismiss(event.report)
