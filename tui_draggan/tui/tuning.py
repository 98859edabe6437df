"""A model tuned to the photograph whose picture is open: asked for, run, and opened at its end."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from tui_draggan.edit.latent import Photo
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.edit.tuning import TunedModel, TuningProblem
from tui_draggan.errors import DragganError
from tui_draggan.tui.comparing import Comparison
from tui_draggan.tui.dialogs.dialog import LineDialog, ask
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.messages import AnotherModel
from tui_draggan.tui.services import EditorOptions


class Tuning:
    """From the question for the new model's name to the edit on it."""

    def __init__(
        self, screen: Screen[Any], editor: Editor, comparison: Comparison, options: EditorOptions
    ) -> None:
        """screen: the one the dialog lies over. comparison: knows the photograph."""
        self._screen, self._editor, self._comparison = screen, editor, comparison
        self._services = options.services
        self._model: TunedModel | None = None
        """The model that is being made."""

    async def ask(self) -> None:
        """Its name; then the tuning begins."""
        service, snapshot = self._services.tuned_model, self._editor.snapshot
        pixels = self._comparison.photograph_of(snapshot.document.latent.origin)
        if service is None or pixels is None:
            return
        named = service

        def begin(name: str) -> None:
            self._model = model = named(snapshot, name)
            problem = TuningProblem(pixels, model)
            self._comparison.show_beside()
            self._editor.attempt(lambda: self._editor.session.tune(problem))

        dialog = LineDialog(
            "tune the model to this photograph",
            "A copy of the model learns to draw it nearer. Name of the copy:",
            self._free_name(snapshot),
            check=lambda name: named(snapshot, name),
        )
        await ask(self._screen.app, dialog, begin)

    def _free_name(self, snapshot: Snapshot) -> str:
        """The photograph's, where that can be one."""
        service, origin = self._services.tuned_model, snapshot.document.latent.origin
        if service is None or not isinstance(origin, Photo):
            return ""
        stem = origin.file.rpartition(".")[0] or origin.file
        for name in (stem, f"{stem}-2", f"{stem}-3"):
            try:
                return service(snapshot, name).name
            except DragganError:
                continue
        return ""

    def note(self, snapshot: Snapshot) -> None:
        """Looks at the session: when the model is there, the edit goes on on it."""
        model, outcome = self._model, snapshot.status.outcome
        if model is None or outcome is None:
            return
        self._model = None
        service = self._services.open_tuned
        if outcome is not Outcome.TUNED or service is None:
            return
        try:
            self._screen.post_message(AnotherModel(service(snapshot, model.name)))
        except DragganError as error:
            self._screen.app.notify(str(error), title=error.title, severity="error", markup=False)
