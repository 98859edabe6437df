"""Pins: points whose target is their handle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.edit.document import PINNED_WITHIN, Document, State
from tui_draggan.edit.drag import DragTask
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.rest import ALONG, APART, rest_of
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import UsageError
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session

F0 = np.zeros(4, np.float32)


def document(*pairs: Pair) -> Document:
    ws = np.full((INFO.num_ws, INFO.w_dim), 0.5, np.float32)
    return Document(Latent(ws, Seed(3)), pairs, parameters=DragParams(r1=1, r2=2))


def test_a_target_on_its_handle_makes_a_pin_and_elsewhere_none() -> None:
    session = spot_session()
    number = session.add_pair((9, 9), (9, 9))
    assert session.document.pair(number).pin
    session.move_handle(number, (12, 9))
    moved = session.document.pair(number)
    assert (moved.handle, moved.target, moved.pin) == ((12, 9), (12, 9), True), "as a whole"
    session.move_target(number, (20, 9))
    assert not session.document.pair(number).pin
    session.move_target(number, (12, 9))
    assert session.document.pair(number).pin
    assert [session.undo() for _ in range(4)] == ["pin", "move target", "move pin", "add pin"]
    session.redo()
    assert session.document.pair(number).pin, "redo brings it back as it was"


def test_a_handle_that_was_dragged_to_its_target_is_no_pin() -> None:
    session = spot_session()
    number = session.add_pair((32, 32), (40, 32))
    list(session.run())
    pair = session.document.pair(number)
    assert pair.handle == pair.target and not pair.pin


def test_pins_alone_cannot_be_dragged() -> None:
    session = spot_session()
    session.add_pair((9, 9), (9, 9))
    with pytest.raises(UsageError, match="nothing to drag: pins only hold; set a handle point"):
        session.start()
    dragged = session.add_pair((32, 32), (40, 32))
    session.start()
    session.delete_pair(dragged)
    assert session.status.state is not State.RUNNING, "nothing is left to drag"


def test_a_run_ends_when_the_pins_too_are_in_their_places() -> None:
    task = DragTask(SpotEngine())
    there, pin = Pair(1, (40, 32), (40, 32), F0), Pair(2, (9, 9), (9, 9), F0, pin=True)
    task.begin(document(there, pin))
    task.step(document(there, pin))
    off = replace(pin, handle=(9, 9 + int(PINNED_WITHIN) + 1))
    assert task.verdict(1, document(there, off)) is None
    near = replace(pin, handle=(9, 9 + int(PINNED_WITHIN)))
    assert task.verdict(2, document(there, near)) is Outcome.REACHED


def test_pins_do_not_loosen_the_tolerance_and_are_no_distance_to_go() -> None:
    pins = [Pair(n, (n, n), (n, n), F0, pin=True) for n in range(2, 12)]
    almost = Pair(1, (38, 32), (40, 32), F0)
    many = document(almost, *pins)
    assert not many.is_there(almost), "2 px are for more than five points that are dragged"
    task = DragTask(SpotEngine())
    task.begin(many)
    advance = task.step(many)
    assert advance is not None
    assert advance.frame(many, 1).distance == pytest.approx(2.0)
    assert task.verdict(1, many) is None


def test_a_session_file_keeps_pins(tmp_path: Path) -> None:
    file = tmp_path / "edit.json"
    saved = document(Pair(1, (9, 9), (9, 9), F0, pin=True), Pair(2, (5, 5), (5, 5), F0))
    save_session(file, saved, INFO.name)
    assert [pair.pin for pair in load_session(file, INFO).pairs] == [True, False]
    file.write_text(file.read_text().replace(', "pin": true', "").replace(', "pin": false', ""))
    earlier = load_session(file, INFO)
    assert not any(pair.pin for pair in earlier.pairs), "of a version without"


@given(
    st.tuples(*[st.integers(0, 63)] * 4),
    st.sampled_from([Size.square(64), Size(64, 128), Size(96, 64)]),
)
def test_the_rest_is_held_by_a_grid_that_leaves_the_way_free(
    ends: tuple[int, int, int, int], size: Size
) -> None:
    pair = Pair.placed(1, ends[:2], ends[2:])
    places = rest_of(size, [pair])
    assert len(set(places)) == len(places) and all(size.holds(*place) for place in places)
    apart = APART * size.shorter
    for share in np.linspace(0, 1, 9):
        on_the_way = np.array(pair.handle) + share * np.subtract(pair.target, pair.handle)
        assert all(np.linalg.norm(np.subtract(place, on_the_way)) > apart for place in places)
    every = rest_of(size, [])
    assert len(every) == round(ALONG * size.longer / size.shorter) * ALONG
    assert set(places) <= set(every)
    assert rest_of(size, [Pair.placed(n, place, place) for n, place in enumerate(every)]) == []


def test_holding_the_rest_is_one_change_and_asking_again_none() -> None:
    session = spot_session()
    session.add_pair((32, 32), (40, 32))
    session.hold_rest()
    pins = session.document.pairs[1:]
    assert len(pins) > 5 and all(pair.pin for pair in pins)
    assert [pair.id for pair in session.document.pairs] == list(range(1, len(pins) + 2))
    before = session.document
    session.hold_rest()
    assert session.document is before
    assert session.undo() == "hold the rest" and len(session.document.pairs) == 1
