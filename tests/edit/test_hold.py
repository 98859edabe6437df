"""A mask that holds: outside it the picture is that of the start, to the bit, through everything an
edit goes through."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.edit.sessions import PARAMS, finish
from tests.edit.test_run_pictures import working
from tui_draggan.arrays import Bytes, averaged
from tui_draggan.directions.direction import Direction
from tui_draggan.edit.document import Document
from tui_draggan.edit.drawing import Drawing
from tui_draggan.edit.hold import SOFT, Hold, laid_over, weight_inside
from tui_draggan.edit.journal import Journal
from tui_draggan.edit.journal_lines import recover
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import INFO, SpotEngine

MASK = np.zeros(INFO.size, bool)
MASK[8:36, 20:48] = True


def masked(engine: SpotEngine | None = None, mask: Mask | None = MASK) -> Session:
    """The spot, near the middle of its picture, to be dragged upwards."""
    engine = engine or SpotEngine()
    session = Session(
        engine, Document(latent_from_seed(engine, 3, 0.7), mask=mask, parameters=PARAMS)
    )
    finish(session)
    session.add_pair((32, 32), (32, 12))
    return session


def seen(session: Session) -> Bytes:
    finish(session)
    assert session.picture is not None
    return session.picture


def differing(one: Bytes, other: Bytes) -> Mask:
    different: Mask = (one != other).any(axis=2)
    return different


def expected_weight(mask: Mask) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """By the definition, pixel by pixel: within reach of the mask in rows and columns; then the
    mean over a square of that reach, border pixels repeated."""
    height, width = mask.shape
    reach = max(1, round(SOFT * min(mask.shape)))
    square = [(dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]

    def at(values: Mask, y: int, x: int) -> bool:
        return bool(values[min(max(y, 0), height - 1), min(max(x, 0), width - 1)])

    wider = np.zeros_like(mask)
    weight = np.zeros(mask.shape)
    for result, values in ((wider, mask), (weight, wider)):
        for y in range(height):
            for x in range(width):
                hits = [at(values, y + dy, x + dx) for dy, dx in square]
                result[y, x] = any(hits) if result is wider else np.mean(hits)
    return weight


@settings(max_examples=20)
@given(arrays.arrays(bool, st.tuples(st.integers(4, 40), st.integers(4, 40))))
def test_the_weight_is_one_in_the_mask_and_falls_to_nothing_beside_it(mask: Mask) -> None:
    weight = weight_inside(mask)
    np.testing.assert_allclose(weight, expected_weight(mask), atol=1e-6)
    assert (weight[mask] == 1).all()


def test_two_pictures_become_one_between_the_two() -> None:
    random = np.random.default_rng(0)
    outside, inside = random.integers(0, 256, (2, *INFO.size, 3), dtype=np.uint8)
    weight = weight_inside(MASK)
    one = laid_over(outside, inside, weight)
    np.testing.assert_array_equal(one[weight == 0], outside[weight == 0])
    np.testing.assert_array_equal(one[MASK], inside[MASK])
    mixed = outside + weight[..., None] * (inside.astype(np.float64) - outside)
    np.testing.assert_allclose(one, mixed, atol=0.5 + 1e-4)
    assert 0 < (weight < 1)[weight > 0].sum() < MASK.sum(), "there is a border, and it is narrow"


def test_nothing_changes_outside_the_mask_and_everything_inside_is_the_latents() -> None:
    session = masked()
    start = seen(session)
    frames = list(session.run(steps=6, pictures=True))
    picture, kept = seen(session), weight_inside(MASK) == 0
    own = SpotEngine().render(session.document.latent.ws)
    assert differing(own, start)[kept].any(), "the drag itself is free"
    assert not differing(picture, start)[kept].any()
    assert not differing(picture, own)[MASK].any() and differing(picture, start)[MASK].any()
    for frame in frames:
        assert frame.image is not None and not differing(frame.image, start)[kept].any()


def test_mask_mode_loss_holds_nothing_and_changing_it_is_seen_at_once() -> None:
    session = masked()
    start = seen(session)
    list(session.run(steps=6))
    held, own = seen(session), SpotEngine().render(session.document.latent.ws)
    for mode, expected in (("loss", own), ("hold", held)):
        session.set_parameters(session.document.parameters.with_values(mask_mode=mode))
        np.testing.assert_array_equal(seen(session), expected)
    while session.undo():
        pass
    np.testing.assert_array_equal(seen(session), start)
    assert session.document.held is None


def test_later_runs_and_other_masks_keep_what_the_edit_began_with() -> None:
    session = masked()
    start = seen(session)
    list(session.run(steps=3))
    session.stop()
    wider = MASK.copy()
    wider[:, :10] = True
    session.set_mask(wider)
    own = SpotEngine().render(session.document.latent.ws)
    np.testing.assert_array_equal(seen(session), laid_over(start, own, weight_inside(wider)))
    list(session.run(steps=3))
    kept = weight_inside(wider) == 0
    assert not differing(seen(session), start)[kept].any()
    session.set_mask(None)
    np.testing.assert_array_equal(seen(session), SpotEngine().render(session.document.latent.ws))


def test_what_was_edited_without_a_mask_is_held_as_it_is() -> None:
    session = masked(mask=None)
    list(session.run(steps=3))
    session.stop()
    assert session.document.hold is None
    session.set_mask(MASK)
    before = seen(session)
    list(session.run(steps=3))
    assert not differing(seen(session), before)[weight_inside(MASK) == 0].any()
    session.open_seed(seed=8)
    finish(session)
    assert session.document.mask is MASK and session.document.hold is None


def test_a_target_where_the_picture_is_held_is_told() -> None:
    outcomes = []
    for target, pin in (((32, 20), (5, 60)), ((32, 2), None), ((32, 20), (60, 60))):
        session = Session(SpotEngine(), masked().document)
        session.delete_pair(1)
        session.add_pair((32, 32), target)
        if pin is not None:
            session.add_pair(pin, pin)
        session.set_parameters(PARAMS.with_values(tolerance=64 if pin else 0))
        list(session.run(steps=None))
        outcomes.append(session.status.outcome)
    assert outcomes == [Outcome.REACHED, Outcome.HIDDEN, Outcome.REACHED]


def test_sliders_move_what_the_mask_allows() -> None:
    session = masked()
    start = seen(session)
    session.slide(Direction("aside", np.array([[0.1, 0, 0, 0]], np.float32)), 1.0)
    picture = seen(session)
    assert differing(picture, start)[MASK].any()
    assert not differing(picture, start)[weight_inside(MASK) == 0].any()


def test_a_step_goes_back_to_is_seen_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its picture has been let go, and where the mask has been changed since."""
    monkeypatch.setattr("tui_draggan.edit.lifecycle.PICTURES", 0)
    session = masked()
    frames = list(session.run(steps=5, pictures=True))
    session.stop()
    list(session.run(steps=1))
    session.stop()
    with working(session):
        film = session.pictured(every_step=True).film
    for frame, before in zip(film, frames, strict=False):
        np.testing.assert_array_equal(frame.image, before.image)
    session.undo()
    session.set_mask(~MASK)
    session.goto(2)
    document = session.document
    assert document.latent.ws is frames[2].ws
    np.testing.assert_array_equal(
        seen(session), Drawing(SpotEngine()).picture(document.latent.ws, document.hold)
    )


class SmallPreview(SpotEngine):
    """Its steps show a picture of half the size."""

    info = replace(INFO, drag=replace(INFO.drag, preview=Size(32, 32)))

    def _draw(self, ws: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Bytes:
        image = super()._draw(ws)
        return image if self.calls[-1] == "render" else averaged(image, Size(32, 32))


def test_a_preview_is_held_too() -> None:
    session = masked(SmallPreview())
    start = averaged(seen(session), Size(32, 32))
    frames = list(session.run(steps=6, pictures=True))
    kept = averaged(255 * (weight_inside(MASK) > 0)[..., None].astype(np.uint8), Size(32, 32)) == 0
    for frame in frames:
        assert frame.image is not None and frame.image.shape == (32, 32, 3)
        assert not differing(frame.image, start)[kept[..., 0]].any()
    assert frames[-1].image is not None and differing(frames[-1].image, start).any()
    assert seen(session).shape == (64, 64, 3)


def test_session_file_and_journal_bring_the_held_picture_back(tmp_path: Path) -> None:
    engine = SpotEngine()
    journal = Journal(tmp_path / "journals", INFO.name)
    latent = latent_from_seed(engine, 3, 0.7)
    document = Document(latent, mask=MASK, parameters=PARAMS)
    session = Session(engine, document, journal.record)
    session.add_pair((32, 32), (32, 12))
    list(session.run(steps=4))
    picture, file = seen(session), tmp_path / "edit.json"
    save_session(file, session.document, INFO.name)
    for again in (load_session(file, INFO), recover(journal.path, INFO).document):
        drawn = Drawing(SpotEngine()).picture(again.latent.ws, again.hold)
        np.testing.assert_array_equal(drawn, picture)
    journal.close()

    values = json.loads(file.read_text())
    del values["held"], values["parameters"]["mask_mode"]
    file.write_text(json.dumps(values))
    older = load_session(file, INFO)
    assert older.parameters.mask_mode == "loss" and older.hold is None, "it is drawn as it was"
    values["mask"] = None
    file.write_text(json.dumps(values))
    assert load_session(file, INFO).parameters == PARAMS


def test_the_same_hold_is_one_value() -> None:
    ws = np.zeros((INFO.num_ws, INFO.w_dim), np.float32)
    assert Hold(ws, MASK) == Hold(ws, MASK) and hash(Hold(ws, MASK)) == hash(Hold(ws, MASK))
    assert Hold(ws, MASK) != Hold(ws.copy(), MASK) and Hold(ws, MASK) != Hold(ws, MASK.copy())


def test_a_small_first_picture_and_a_thumbnail_of_a_step_are_held_too() -> None:
    session = masked(SmallPreview())
    start = seen(session)
    frames = list(session.run(steps=6))
    document, thumbnails = session.document, []
    drawing = Drawing(SmallPreview())
    small = drawing.picture(document.latent.ws, document.hold, small=True)
    kept = averaged(255 * (weight_inside(MASK) > 0)[..., None].astype(np.uint8), Size(32, 32)) == 0
    assert small.shape == (32, 32, 3)
    assert not differing(small, averaged(start, Size(32, 32)))[kept[..., 0]].any()
    session.want(frames[-1:], lambda frame, picture: thumbnails.append(picture))
    np.testing.assert_array_equal(seen(session), thumbnails[0])
