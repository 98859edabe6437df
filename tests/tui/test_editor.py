"""The editor without a screen: what is told to the session, and what is to be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.edit.document import State
from tui_draggan.edit.latent import Seed
from tui_draggan.edit.mask import save_mask
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.testing.spot_engine import SpotEngine, ZooEngine, spot_session
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.pointer import Pointer


@dataclass
class View:
    """Counts what it is told."""

    shown: int = 0
    moved: list[bool] = field(default_factory=list)
    errors: list[DragganError] = field(default_factory=list)

    def show(self) -> None:
        self.shown += 1

    def show_pointer(self, moved: bool) -> None:
        self.moved.append(moved)

    def show_error(self, error: DragganError) -> None:
        self.errors.append(error)


@pytest.fixture
def view() -> View:
    return View()


@pytest.fixture
def editor(view: View) -> Editor:
    editor = Editor(spot_session(SpotEngine()), view)
    work(editor)
    return editor


def work(editor: Editor) -> None:
    """What the engine's thread would do."""
    while editor.session.wait_for_work(0):
        editor.session.work()
    editor.refresh()


def places(editor: Editor) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [(pair.handle, pair.target) for pair in editor.snapshot.document.pairs]


def state(editor: Editor) -> State:
    return editor.snapshot.status.state


def add_pair(editor: Editor) -> None:
    editor.go_to((32, 32), (32, 24))


def test_it_begins_in_the_middle_with_nothing_to_lose(editor: Editor) -> None:
    assert editor.pointer == Pointer((32, 32)) and editor.notice == ""
    assert not editor.unsaved and not editor.has_run


def test_keys_add_move_and_delete_points(editor: Editor, view: View) -> None:
    editor.confirm()
    editor.move_by(0, -8)
    editor.confirm()
    assert places(editor) == [((32, 32), (32, 24))]
    assert view.moved == [False, True, False], "the loupe comes with moves alone"
    editor.select_next(1)
    editor.confirm()
    editor.move_by(-2, 0)
    editor.confirm()
    assert places(editor) == [((30, 32), (32, 24))]
    editor.delete_selected()
    assert places(editor) == [] and editor.pointer.selected is None
    editor.delete_selected()
    assert not view.errors, "nothing is selected"


def test_the_mouse_adds_and_moves_points(editor: Editor) -> None:
    editor.press((10, 10), 1.0)
    editor.drag((12, 12))
    editor.release((14, 14))
    assert places(editor) == [((10, 10), (14, 14))]
    editor.press((15, 14), 1.5)
    editor.drag((20, 20))
    editor.release((20, 20))
    assert places(editor) == [((10, 10), (20, 20))]


def test_a_mouse_that_stays_where_it_was_pressed_leaves_the_notice(editor: Editor) -> None:
    editor.press((10, 10), 1.0)
    editor.notice = "seed 8"
    editor.drag((10, 10))
    assert editor.notice == "seed 8"


def test_typed_coordinates_move_the_crosshair_or_the_selected_point(editor: Editor) -> None:
    editor.go_to((5, 6))
    assert editor.pointer.cursor == (5, 6) and places(editor) == []
    add_pair(editor)
    editor.select_next(1)
    editor.go_to((1, 2))
    assert places(editor) == [((1, 2), (32, 24))]


def test_what_the_session_refuses_is_told_and_changes_nothing(editor: Editor, view: View) -> None:
    editor.run()
    (error,) = view.errors
    assert isinstance(error, UsageError) and "handle" in str(error)
    editor.go_to((5, 5), (99, 5))
    assert len(view.errors) == 2 and places(editor) == []


def test_undo_and_redo_say_what_they_did(editor: Editor) -> None:
    add_pair(editor)
    editor.confirm()
    editor.undo()
    assert editor.notice == "undone: add point" and places(editor) == []
    assert not editor.pointer.busy, "what was half done was of another document"
    editor.undo()
    assert editor.notice == "nothing to undo"
    editor.redo()
    assert editor.notice == "redone: add point" and len(places(editor)) == 1
    editor.move_by(1, 0)
    assert editor.notice == ""


def test_a_parameter_is_one_undoable_edit(editor: Editor, view: View) -> None:
    before = editor.snapshot.document.parameters
    editor.set_parameter("steps", " 17 ")
    assert editor.snapshot.document.parameters.steps == 17 and editor.notice == "steps 17"
    editor.scale_step_size(1)
    assert editor.snapshot.document.parameters.learning_rate == 2 * before.learning_rate
    editor.undo()
    editor.undo()
    assert editor.snapshot.document.parameters == before
    with pytest.raises(UsageError):
        editor.set_parameter("steps", "many")
    assert not view.errors


def test_seeds_count_what_was_asked_for(editor: Editor) -> None:
    editor.step_seed(1)
    editor.step_seed(1)
    assert editor.notice == "seed 5" and editor.seed.seed == 5
    work(editor)
    origin = editor.snapshot.document.latent.origin
    assert isinstance(origin, Seed) and origin.seed == 5
    editor.open_seed(0)
    editor.step_seed(-1)
    assert editor.seed.seed == 2**32 - 1, "round at the ends"
    editor.open_psi(0.5)
    assert editor.notice == "ψ 0.5" and editor.seed == Seed(2**32 - 1, 0.5)


def test_a_class_by_its_number(view: View) -> None:
    editor = Editor(spot_session(ZooEngine()), view)
    editor.open_class(3)
    work(editor)
    assert editor.seed.label == 3 and editor.notice == "class rabbit"


def test_a_run_and_its_steps(editor: Editor) -> None:
    add_pair(editor)
    editor.run()
    assert state(editor) is State.RUNNING
    work(editor)
    assert state(editor) is State.DONE and editor.has_run
    last = len(editor.snapshot.frames) - 1
    editor.scrub(-1)
    assert editor.notice == f"step {last - 1} of {last}" and editor.snapshot.shown == last - 1
    editor.scrub(-1000)
    editor.scrub(-1)
    assert editor.notice == f"step 0 of {last}" and editor.snapshot.shown == 0


def test_pause_resume_and_stop(editor: Editor) -> None:
    add_pair(editor)
    editor.run()
    editor.pause()
    assert state(editor) is State.PAUSED
    editor.run(1)
    editor.stop()
    assert state(editor) is State.DONE


def left_behind(editor: Editor) -> str:
    """What leaving would lose, in words."""
    return editor.unsaved


def test_an_edit_is_unsaved_until_it_is_kept(editor: Editor) -> None:
    add_pair(editor)
    assert not editor.unsaved, "one pair alone is no loss"
    editor.run()
    work(editor)
    assert left_behind(editor) == "This edit"
    document = editor.session.document
    editor.keep([document.latent], document)
    assert not editor.unsaved


def test_several_points_are_unsaved_until_they_are_kept_or_gone(editor: Editor) -> None:
    add_pair(editor)
    editor.session.add_pair((5, 5), (9, 9))
    assert left_behind(editor) == "These 2 points"
    editor.keep([], editor.session.document)
    assert not editor.unsaved
    editor.session.move_target(2, (9, 10))
    assert left_behind(editor) == "These 2 points", "not these"
    editor.session.delete_pair(2)
    assert not editor.unsaved


def test_a_painted_mask_is_unsaved_and_one_from_a_file_is_not(
    editor: Editor, tmp_path: Path
) -> None:
    mask = np.zeros(editor.snapshot.info.size, bool)
    mask[:9] = True
    editor.session.set_mask(mask)
    assert left_behind(editor) == "The mask"
    save_mask(tmp_path / "mask.png", mask)
    editor.load_mask(tmp_path / "mask.png")
    assert not editor.unsaved
    editor.session.undo()
    assert left_behind(editor) == "The mask"
    editor.keep_mask(editor.session.document.mask)
    assert not editor.unsaved


def test_a_mask_is_loaded_and_cleared(editor: Editor, view: View, tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    editor.load_mask(path)
    assert len(view.errors) == 1 and editor.snapshot.document.mask is None
    Image.fromarray(np.full((64, 64), 255, np.uint8)).save(path)
    editor.load_mask(path)
    assert editor.snapshot.document.mask is not None
    editor.clear_mask()
    assert editor.snapshot.document.mask is None
