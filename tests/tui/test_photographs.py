"""A photograph by keys and mouse: opened, its box chosen, put back around the edit."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.document import Document, State
from tui_draggan.edit.inversion import InversionProblem
from tui_draggan.edit.latent import Latent, Photo
from tui_draggan.engines.base import Comparison
from tui_draggan.errors import BundleError
from tui_draggan.files import sha256
from tui_draggan.pictures.crop import Crop
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import INFO, SpotEngine
from tui_draggan.testing.waiting import LIMIT
from tui_draggan.tui.dialogs.photograph import PhotographDialog
from tui_draggan.tui.widgets.bars import TitleBar
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.widgets.thumbnail import Thumbnail

GRADIENT = np.stack(
    np.broadcast_arrays(
        np.linspace(0, 250, 300)[:, None], np.linspace(0, 250, 400)[None], np.float64(90)
    ),
    axis=-1,
).astype(np.uint8)
"""(300, 400, 3)"""


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(GRADIENT).save("cat.png")
    return tmp_path / "cat.png"


def takes_photographs() -> None:
    """As a model does that has what it needs."""


async def opened(editor: EditorPilot, text: str = "cat.png") -> None:
    """In the mode in which the box is chosen."""
    await editor.press("O")
    await editor.until(lambda: isinstance(editor.app.screen, PhotographDialog), "the dialog")
    await editor.type(text)
    await editor.until(lambda: editor.screen.parts.cropping.is_open, "the photograph")
    await editor.pilot.pause()


def crop(editor: EditorPilot) -> tuple[int, int, int]:
    x, y, width = (int(part) for part in editor.screen.parts.cropping.typed().split(","))
    return x, y, width


@pytest.mark.slow
async def test_the_box_by_keys(photo: Path) -> None:
    async with editing(check_photographs=takes_photographs) as editor:
        await opened(editor)
        assert editor.frame_title == "picture · crop"
        assert "cat.png 400×300 · box 300×300 at 50,0" in editor.words
        assert crop(editor) == (50, 0, 300)
        await editor.press("right")
        assert crop(editor) == (55, 0, 300), "one of 64 pixels of the model"
        await editor.press("L")
        assert crop(editor) == (93, 0, 300)
        await editor.press("down", "j", "k")
        assert crop(editor)[1] == 0, "it is as high as the photograph"
        await editor.press(*["left_square_bracket"] * 4)
        x, y, width = crop(editor)
        assert width == pytest.approx(300 / 1.08**4, abs=3)
        assert (2 * x + width, 2 * y + width) == pytest.approx((486, 300), abs=4), "its middle"
        await editor.press("right_square_bracket")
        assert crop(editor)[2] == pytest.approx(300 / 1.08**3, abs=3)
        await editor.press("g")
        await editor.type("300,0,400")
        assert len(editor.app.screen_stack) == 3, "beyond the photograph: said, and asked again"
        await editor.press("escape")
        await editor.press("g")
        await editor.pilot.pause()
        await editor.press("ctrl+u")
        await editor.type("10,20,100")
        assert crop(editor) == (10, 20, 100)
        await editor.press("backspace")
        assert crop(editor) == (50, 0, 300)
        before = editor.session.document
        await editor.press("n", "u", "space", "x", "m")
        assert editor.session.document is before, "the document waits"
        await editor.press("escape")
        assert not editor.screen.parts.cropping.is_open and editor.frame_title == "picture"
        assert editor.session.document is before


@pytest.mark.slow
async def test_the_box_by_mouse(photo: Path) -> None:
    async with editing(check_photographs=takes_photographs) as editor:
        await opened(editor)
        await editor.press("g")
        await editor.pilot.pause()
        await editor.press("ctrl+u")
        await editor.type("0,0,100")
        await editor.drag((50, 50), (150, 120))
        x, y, width = crop(editor)
        cell = 400 / editor.screen.query_one(PicturePanel).view.drawn.width
        assert (x, y, width) == pytest.approx((100, 70, 100), abs=2 * cell + 1)
        await editor.drag((350, 250), (350, 250))
        x, y, _ = crop(editor)
        assert (x, y) == pytest.approx((300, 200), abs=2 * cell + 1), "its middle comes there"


async def test_the_picture_shows_the_box_bright_and_the_rest_dim(photo: Path) -> None:
    async with editing(check_photographs=takes_photographs) as editor:
        await opened(editor)
        scene = editor.screen.parts.cropping.scene
        assert scene is not None and scene.image is not None and scene.mask is not None
        assert np.array_equal(scene.image, GRADIENT) and scene.box == (50, 0, 349, 299)
        assert scene.mask[:, 50:350].all() and not scene.mask[:, :50].any()
        assert editor.screen.parts.cropping.scene is scene, "the same for the same question"
        await editor.press("m")
        engine = SpotEngine()
        mean = engine.render(np.tile(engine.statistics.mean, (INFO.num_ws, 1)))
        await editor.until(
            lambda: editor.screen.parts.cropping.scene is not scene, "the mean picture"
        )
        ghost = editor.screen.parts.cropping.scene
        assert ghost is not None and ghost.image is not None
        expected = (GRADIENT[150, 200].astype(int) + mean[32, 32]) / 2
        assert ghost.image[150, 200] == pytest.approx(expected, abs=4)
        assert np.array_equal(ghost.image[:, :50], GRADIENT[:, :50])
        await editor.press("m")
        last = editor.screen.parts.cropping.scene
        assert last is not None and last.image is scene.image


async def test_enter_chooses_what_the_model_sees(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with editing(check_photographs=takes_photographs) as editor:
        chosen: list[InversionProblem] = []
        monkeypatch.setattr(editor.session, "invert", chosen.append)
        await opened(editor)
        await editor.press("enter")
        assert not editor.screen.parts.cropping.is_open
        [one] = chosen
        assert one.origin == Photo("cat.png", sha256(photo), Crop(50, 0, 300, 300))
        assert one.pixels.shape == (64, 64, 3)
        assert one.pixels[32, 32] == pytest.approx(GRADIENT[150, 200].astype(int), abs=4)


# -- opening -------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_dialog_shows_what_it_is(photo: Path) -> None:
    async with editing(check_photographs=takes_photographs) as editor:
        await editor.press("O")
        await editor.until(lambda: isinstance(editor.app.screen, PhotographDialog), "the dialog")
        shown = editor.app.screen.query_one(Thumbnail)
        assert not shown.display
        await editor.press(*"cat", "full_stop", *"png")
        await editor.until(lambda: shown.display, "the thumbnail")
        await editor.press("x")
        await editor.until(lambda: not shown.display, "there is no cat.pngx")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no.png", "No such file"),
        ("words.png", "not a picture of a known format"),
        ("folder", "it is a folder"),
    ],
)
async def test_what_is_no_photograph_is_asked_for_again(photo: Path, name: str, words: str) -> None:
    Path("words.png").write_text("words")
    Path("folder").mkdir()
    async with editing(check_photographs=takes_photographs) as editor:
        await editor.press("O")
        await editor.until(lambda: isinstance(editor.app.screen, PhotographDialog), "the dialog")
        await editor.type(name)
        dialog = editor.app.screen
        assert isinstance(dialog, PhotographDialog)
        assert words in str(dialog.query_one(".problem").render())


async def test_a_model_without_what_it_needs_says_so(photo: Path) -> None:
    def lacks() -> None:
        raise BundleError("spot takes no photographs; import it again")

    async with editing(check_photographs=lacks) as editor:
        await editor.press("O")
        await editor.pilot.pause()
        assert editor.notes == ["model: spot takes no photographs; import it again"]
        assert editor.app.screen is editor.screen
    async with editing() as editor:
        await editor.press("O")
        await editor.pilot.pause()
        assert editor.app.screen is editor.screen, "there is no such key"


# -- put back ------------------------------------------------------------------------------------


def of_photo(editor: EditorPilot, photo: Path) -> Photo:
    """Makes the document one that came from that photograph."""
    origin = Photo(photo.name, sha256(photo), Crop(50, 0, 300, 300))
    session = editor.session
    document = Document(Latent(session.document.latent.ws.copy(), origin))
    with session._changing() as cycle:
        cycle.open("photograph", document.latent)
    return origin


@pytest.mark.parametrize("known", [True, pytest.param(False, marks=pytest.mark.slow)])
async def test_the_edit_into_the_photograph(photo: Path, known: bool) -> None:
    written: list[tuple[Path, Path]] = []

    def export(snapshot: object, photograph: Path, path: Path) -> str:
        written.append((photograph, path))
        return f"written: {path}"

    async with editing(export_into=export, check_photographs=takes_photographs) as editor:
        await editor.press("E")
        await editor.pilot.pause()
        assert editor.app.screen is editor.screen, "a seed's picture has no photograph"
        origin = of_photo(editor, photo)
        if known:
            editor.screen.parts.cropping.paths[origin.sha256] = photo
        editor.screen.refresh_all()
        await editor.pilot.pause()
        await editor.press("E")
        await editor.until(lambda: len(editor.app.screen_stack) == 3, "a dialog")
        if not known:
            other = photo.with_name("other.png")
            Image.fromarray(GRADIENT[::-1]).save(other)
            await editor.press("ctrl+u")
            await editor.type("other.png")
            problem = str(editor.app.screen.query_one(".problem").render())
            assert "other.png is not the photograph of the edit, cat.png" in problem
            await editor.press("ctrl+u")
            await editor.type("cat.png")
            await editor.until(lambda: "into" in title(editor), "the next dialog")
        await editor.press("enter")
        await editor.until(lambda: written, "the file")
        [(photograph, path)] = written
        assert photograph.resolve() == photo and path.name == "cat-edited.png"


def title(editor: EditorPilot) -> str:
    return str(editor.app.screen.query_one("#box").border_title)


# -- found ---------------------------------------------------------------------------------------


def of_the_spot(path: Path) -> None:
    """A photograph that the engine can draw: the spot elsewhere, in a larger picture."""
    engine = SpotEngine()
    ws = np.full((INFO.num_ws, INFO.w_dim), 0.5, np.float32)
    ws[:, :2] = (0.62, 0.41)
    full = np.full((100, 120, 3), 80, np.uint8)
    full[20:84, 30:94] = engine.render(ws)
    Image.fromarray(full).save(path)


class Halting(SpotEngine):
    """Waits at the third step of a search until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        if self.calls.count("compare") == 3:
            assert self.go.wait(LIMIT)
        return super().compare(ws, target)


@pytest.mark.slow
async def test_a_photograph_is_found_beside_it_then_dragged_and_undone(photo: Path) -> None:
    of_the_spot(photo)
    engine = Halting()
    async with editing(engine, check_photographs=takes_photographs) as editor:
        before = editor.session.document.latent
        await opened(editor)
        await editor.press("g")
        await editor.pilot.pause()
        await editor.press("ctrl+u")
        await editor.type("30,20,64")
        await editor.press("enter")
        await editor.until(lambda: len(editor.session.frames) == 3, "the search")
        editor.screen.refresh_all()
        assert editor.frame_title == "picture · photograph │ after"
        await editor.press("space")
        engine.go.set()
        await editor.rest()
        done = len(editor.session.frames)
        await editor.press("s")
        await editor.until(lambda: len(editor.session.frames) > done, "a step more")
        await editor.rest()
        assert editor.state is State.PAUSED
        await editor.press("space")
        await editor.until(lambda: len(editor.session.frames) > done + 5, "it resumes")
        await editor.rest()
        await editor.until(lambda: editor.frame_title == "picture", "the picture alone")
        latent = editor.session.document.latent
        assert isinstance(latent.origin, Photo) and latent.origin.crop == Crop(30, 20, 64, 64)
        assert latent.ws[0, :2] == pytest.approx((0.62, 0.41), abs=0.02)
        assert "cat.png" in str(editor.screen.query_one(TitleBar).render())
        await editor.press("b")
        assert editor.frame_title == "picture · photograph"
        await editor.press("b", "b", "b")
        assert editor.screen.parts.editor.unsaved, "a search is not lost without a question"
        editor.session.add_pair((40, 26), (30, 30))
        editor.screen.refresh_all()
        await editor.press("space")
        await editor.until(lambda: editor.state is State.DONE, "the drag")
        assert editor.session.document.latent.edited
        await editor.press("u", "u", "u")
        assert editor.session.document.latent is before
