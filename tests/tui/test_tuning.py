"""A model tuned to a photograph in the editor: asked for, run, and opened at its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tui.test_other_models import at
from tui_draggan.edit.document import Document
from tui_draggan.edit.inversion import InversionProblem
from tui_draggan.edit.latent import Photo
from tui_draggan.edit.session import Session
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.edit.tuning import TunedModel
from tui_draggan.errors import OutputError
from tui_draggan.inversion.recipe import recipe_for
from tui_draggan.size import Size
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import INFO, SpotEngine
from tui_draggan.tui.dialogs.dialog import LineDialog
from tui_draggan.tui.services import EditorOptions, Services

ORIGIN = Photo("my cat.jpg", "0" * 64)


class Copies:
    """Tuned models in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[Document] = []

    def model(self, snapshot: Snapshot, name: str) -> TunedModel:
        path = self.folder / name.replace(" ", "-")
        if path.exists():
            raise OutputError(f"a model named {path.name} already exists")
        return TunedModel(path, path.name, f"{snapshot.info.name}, tuned")

    def open(self, snapshot: Snapshot, name: str) -> EditorOptions:
        self.opened.append(snapshot.document)
        session = Session(SpotEngine(), snapshot.document)
        return EditorOptions(Services(lambda: session), name, Size.square(64))


async def found(editor: EditorPilot) -> None:
    """The picture is that of a photograph."""
    ws = np.full((INFO.num_ws, INFO.w_dim), 0.5, np.float32)
    ws[:, :2] = (0.62, 0.41)
    pixels = SpotEngine().render(ws)[:, :, :3]
    brighter = (pixels.astype(int) + 7).clip(0, 255).astype(np.uint8)
    problem = InversionProblem(brighter, ORIGIN, recipe=recipe_for("w", 20))
    editor.screen.comparison.search(problem)
    editor.session.invert(problem)
    await editor.until(lambda: len(editor.session.frames) > 20, "the search")
    await editor.rest()


@pytest.mark.slow
async def test_the_edit_goes_on_on_the_tuned_model(tmp_path: Path) -> None:
    copies = Copies(tmp_path)
    (tmp_path / "my-cat").write_text("one that is there")
    async with editing(tuned_model=copies.model, open_tuned=copies.open) as editor:
        await editor.press("T")
        assert editor.app.screen is editor.screen, "a seed's picture is of no photograph"
        await found(editor)
        await editor.press("T")
        await editor.until(lambda: isinstance(editor.app.screen, LineDialog), "the question")
        await editor.press("enter")
        await editor.until(lambda: copies.opened, "the tuned model")
        other = await at(editor, "my-cat-2")
        latent = other.session.document.latent
        assert latent is copies.opened[0].latent and latent.origin == ORIGIN
    words, _, brighter = (tmp_path / "my-cat-2").read_text().rpartition(" ")
    assert words == "my-cat-2 spot, tuned"
    assert float(brighter) == pytest.approx(7, abs=1), "as bright as the photograph, or a step on"


@pytest.mark.slow
async def test_a_tuning_that_is_stopped_leaves_everything_as_it_was(tmp_path: Path) -> None:
    copies = Copies(tmp_path)
    engine = SpotEngine(delay=0.05)
    async with editing(engine, tuned_model=copies.model, open_tuned=copies.open) as editor:
        await found(editor)
        latent = editor.session.document.latent
        await editor.press("T")
        await editor.until(lambda: isinstance(editor.app.screen, LineDialog), "the question")
        await editor.press("enter")
        await editor.until(lambda: engine.calls.count("tune") > 3, "some steps")
        assert "photograph │ after" in editor.frame_title
        await editor.press("c")
        await editor.rest()
        assert editor.session.document.latent is latent
        await editor.press("u")
        await editor.pilot.pause()
        assert editor.app.screen is editor.screen and not copies.opened
    assert not list(tmp_path.iterdir())
