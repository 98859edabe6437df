"""What keys change in the gallery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.edit.sessions import finish, make
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.mixing import Mix
from tui_draggan.edit.parameters import MAX_SEED
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, ZooEngine
from tui_draggan.tui.gallery.browsing import Browsing
from tui_draggan.tui.gallery.series import Item

ZOO = ZooEngine.info


def browsing(seed: int = 7, label: int | None = None, **more: object) -> Browsing:
    """Three rows of five."""
    one = Browsing(INFO if label is None else ZOO, Seed(seed, 0.7, label), **more)  # type: ignore[arg-type]
    one.resize(120, 33)
    assert (one.grid.columns, one.grid.rows) == (5, 3)
    return one


def test_it_begins_with_the_picture_that_is_open() -> None:
    one = browsing(7)
    assert one.item.subject == Seed(7, 0.7) and one.item.label == "7"
    assert list(one.page) == list(range(5, 20)), "whole rows"
    assert one.wanted() == [Seed(seed, 0.7) for seed in range(5, 35)], "then the next page"


def test_arrows_go_through_rows_and_pages_and_stop_at_the_ends() -> None:
    one = browsing(7)
    one.move(1, 0)
    one.move(0, 1)
    assert one.place == 13 and one.page.start == 5
    one.move(0, 2)
    assert one.place == 23 and list(one.page) == list(range(10, 25)), "a row further"
    one.move(0, -9)
    assert one.place == 0 and one.page.start == 0
    one.move(-1, 0)
    assert one.place == 0
    one.turn_page(1)
    assert one.place == 15 and one.page.start == 15
    one.turn_page(-1)
    assert one.place == 0 and one.page.start == 0
    one.go_to(MAX_SEED + 5)
    assert one.item.subject == Seed(MAX_SEED, 0.7) and one.page.stop == MAX_SEED + 1


def test_the_wheel_scrolls_and_the_chosen_picture_stays_on_the_page() -> None:
    one = browsing(7)
    one.scroll(1)
    assert one.page.start == 10 and one.place == 12, "same column"
    one.scroll(-5)
    assert one.page.start == 0 and one.place in one.page


def test_another_size_keeps_the_chosen_picture_on_the_page() -> None:
    one = browsing(7)
    one.go_to(1234)
    for size in ((80, 24), (30, 8), (200, 60)):
        one.resize(*size)
        assert one.place == 1234 and 1234 in one.page
    one.zoom(-9)
    assert 1234 in one.page
    one.zoom(9)
    assert 1234 in one.page


def test_psi_stops_at_its_ends() -> None:
    one = browsing()
    one.change_psi(1)
    assert one.item.subject == Seed(7, 0.8)
    for _ in range(50):
        one.change_psi(-1)
    assert one.psi == -2 and one.item.subject == Seed(7, -2.0)


def test_classes_are_a_series_and_a_setting() -> None:
    one = browsing(7, label=1)
    assert [series.title for series in one.all_series] == ["seeds", "classes"]
    one.change_class(1)
    assert one.item.subject == Seed(7, 0.7, 2) and one.class_name == "bear"
    one.change_class(-3)
    assert one.class_name == "fox"
    one.turn(1)
    assert one.series.count == 5 and one.item.label == "dog", "the one it was opened with"
    assert [one.series.item(n).subject for n in range(5)] == [Seed(7, 0.7, n) for n in range(5)]
    one.go_to(one.found("rabbit"))
    assert one.item.subject == Seed(7, 0.7, 3)
    one.turn(1)
    assert one.series.title == "seeds"


def test_marks_are_a_series_of_their_own_and_outlive_it() -> None:
    one = browsing(7, label=0)
    one.mark()
    one.change_psi(3)
    one.move(1, 0)
    one.mark()
    assert one.is_marked(Seed(7, 0.7, 0)) and not one.is_marked(Seed(7, 1.0, 0))
    one.turn(-1)
    assert one.series.title == "marked"
    assert [item.label for item in one.marks] == ["seed 7 · cat", "seed 8 · cat"]
    assert one.item.subject == Seed(7, 0.7, 0)
    one.mark()
    assert [item.subject for item in one.marks] == [Seed(8, 1.0, 0)]
    one.mark()
    assert one.series.title == "seeds", "none is left"
    again = browsing(1, label=0, marks=[replace(one.item, label="kept")])
    again.turn(-1)
    assert again.item.label == "kept"


def test_steps_of_the_edit_are_a_series() -> None:
    session = make()
    session.add_pair((30, 30), (40, 30))
    session.start()
    frames = finish(session)
    one = browsing(runs=[session.frames])
    one.turn(1)
    assert one.series.title == "steps" and one.series.count == len(frames)
    one.go_to(one.series.count - 1)
    assert one.item.subject is frames[-1]
    assert one.item.label == f"step {frames[-1].iteration}"
    assert one.series.place_of(frames[1]) == 1
    one.go_to(one.found("2"))
    assert one.item.subject is frames[1]


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", str(MAX_SEED + 1)])
def test_what_is_no_seed_is_not_found(text: str) -> None:
    with pytest.raises(UsageError):
        browsing().found(text)


def test_what_lies_between_the_last_two_marked_pictures() -> None:
    one = browsing(3)
    one.mark()
    assert "mix" not in [series.title for series in one.all_series]
    one.go_to(8)
    one.mark()
    one.show("mix")
    assert one.series.title == "mix" and one.series.count == 21
    one.go_to(5)
    assert one.item.subject == Mix(Seed(3, 0.7), Seed(8, 0.7), "seed 8", 0.25, (0, 9))
    assert one.full_label(one.item) == "25% of the way to seed 8 · rows all"
    one.next_rows()
    assert one.full_label(one.item) == "25% of the way to seed 8 · rows shape"
    one.mark()
    assert len(one.marks) == 2, "a mix is no picture to be marked"


def test_a_step_that_was_kept_as_its_latent_is_marked_still() -> None:
    session = make()
    session.add_pair((30, 30), (40, 30))
    session.start()
    finish(session)
    run = session.frames
    kept = Latent(run[1].ws, Seed(3), edited=True)
    one = browsing(3, runs=[run], marks=[Item(kept, "step 1")])
    assert one.is_marked(run[1]) and not one.is_marked(run[0])
    one.turn(1)
    assert one.series.title == "steps"
    one.go_to(1)
    one.mark()
    assert not one.marks
