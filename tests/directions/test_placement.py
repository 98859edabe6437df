"""StyleGAN3's picture, shifted and turned: what the sliders do, against plain Fourier features
whose places are moved."""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.plain_stylegan3 import plain_alias_free
from tests.tiny import tiny_alias_free, tiny_generator
from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.known import known_directions
from tui_draggan.directions.placement import SHIFT_X, SHIFT_Y, TURN, placements
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.moves import parse_move
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.sliders import Slider, Sliders
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import UsageError
from tui_draggan.export.bundle_writer import bundle_info, latent_statistics
from tui_draggan.export.families import folded
from tui_draggan.export.step_graph import DragStep
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.families import AnyGenerator

MOVES = [
    {SHIFT_X: 5.0},
    {SHIFT_Y: -3.0},
    {TURN: 20.0},
    {TURN: -135.0, SHIFT_X: 2.5, SHIFT_Y: 4.0},
]


def info_of(generator: AnyGenerator) -> BundleInfo:
    block = generator.config.feature_sides[-1]
    return bundle_info(generator, DragStep(folded(generator, block)), "moved")


@pytest.fixture(scope="module")
def generator() -> AliasFreeGenerator:
    return tiny_alias_free(channel_max=16)


@pytest.fixture(scope="module")
def info(generator: AliasFreeGenerator) -> BundleInfo:
    return info_of(generator)


@pytest.fixture(scope="module")
def document(generator: AliasFreeGenerator) -> Document:
    with torch.no_grad():
        w = generator.mapping(torch.randn(1, generator.config.z_dim))[0].numpy()
    ws = np.tile(w, (generator.num_ws, 1)).astype(np.float32)
    return Document(Latent(ws, Seed(0, 1.0)), parameters=DragParams())


def sliders(info: BundleInfo, values: dict[str, float]) -> Sliders:
    offered = {one.name: one for one in placements(info)}
    return Sliders(tuple(Slider(offered[name], values[name], (0, 0)) for name in values))


def moved_places(
    values: dict[str, float], side: int, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor]:
    """Where what is at (x, y) now was before the picture was turned clockwise, then shifted."""
    x, y = x - values.get(SHIFT_X, 0.0) / side, y - values.get(SHIFT_Y, 0.0) / side
    angle = math.radians(values.get(TURN, 0.0))
    cos, sin = math.cos(angle), math.sin(angle)
    return cos * x + sin * y, -sin * x + cos * y


@pytest.mark.parametrize("values", MOVES, ids=str)
@torch.no_grad()
def test_the_picture_is_that_of_moved_fourier_features(
    generator: AliasFreeGenerator, info: BundleInfo, document: Document, values: dict[str, float]
) -> None:
    latent = document.with_sliders(sliders(info, values)).latent.ws
    assert not (latent[1:] - document.latent.ws[1:]).any(), "row 0 alone has changed"
    plain = plain_alias_free(generator)
    places = replace(plain, shown=lambda x, y: moved_places(values, info.size.shorter, x, y))
    expected = places.picture(torch.tensor(document.latent.ws))
    ours = generator.synthesis(torch.tensor(latent)[None])[0].double()
    scale = float(expected.abs().max())
    assert float((ours - expected).abs().max()) < 1e-4 * scale
    still = plain.picture(torch.tensor(document.latent.ws))
    assert float((still - expected).abs().max()) > 0.05 * scale, "and it is another picture"


@torch.no_grad()
def test_what_is_shown_goes_right_and_down(
    generator: AliasFreeGenerator, info: BundleInfo, document: Document
) -> None:
    """By as many pixels as the slider says, away from the border."""
    before = generator.synthesis(torch.tensor(document.latent.ws)[None])[0]
    ws = document.with_sliders(sliders(info, {SHIFT_X: 4.0, SHIFT_Y: 2.0})).latent.ws
    after = generator.synthesis(torch.tensor(ws)[None])[0]
    inside, was = after[:, 10:-8, 12:-8], before[:, 8:-10, 8:-12]
    assert float((inside - was).abs().mean()) < 0.1 * float(
        (inside - before[:, 10:-8, 12:-8]).abs().mean()
    )


@pytest.mark.parametrize("values", MOVES, ids=str)
def test_back_is_the_identity_after_a_drag_too(
    info: BundleInfo, document: Document, values: dict[str, float]
) -> None:
    """Whose steps have left the base behind; with a slider of σ beside it."""
    across = Direction("across", np.full((1, info.w_dim), 0.1, np.float32))
    both = sliders(info, values).having(Slider(across, 1.5, (0, info.num_ws - 1)))
    moved = document.with_sliders(both)
    assert moved.with_sliders(Sliders()).latent is document.latent, "to the bit, without a drag"
    dragged = moved.with_ws(moved.latent.ws.copy(), edited=True)
    back = dragged.with_sliders(Sliders()).latent.ws
    np.testing.assert_allclose(back, document.latent.ws, atol=1e-4)
    one, other = (replace(both, settings=settings).moving(document.latent.ws)
                  for settings in (both.settings, both.settings[::-1]))  # fmt: skip
    np.testing.assert_array_equal(one, other, "the order does not matter")


def test_no_smaller_change_of_row_0_does_it(info: BundleInfo, document: Document) -> None:
    """It has no part that the affine layer does not see."""
    change = document.with_sliders(sliders(info, MOVES[-1])).latent.ws[0] - document.latent.ws[0]
    rows = np.concatenate([one.vector for one in placements(info)])
    seen = np.linalg.svd(np.concatenate([rows, _cosine_row(info)]), full_matrices=False)[2]
    np.testing.assert_allclose(seen.T @ (seen @ change), change, atol=1e-4 * np.abs(change).max())


def _cosine_row(info: BundleInfo) -> Floats:
    numbers = np.frombuffer(base64.b64decode(info.input_affine), "<f4")
    return numbers[None, : info.w_dim]


def test_only_stylegan3_with_a_trained_input_has_them() -> None:
    assert placements(info_of(tiny_generator())) == ()
    generator = tiny_alias_free(channel_max=16)
    with torch.no_grad():
        generator.synthesis.input.affine.weight[3] = 0
    assert placements(info_of(generator)) == (), "its y is always the same"
    generator = tiny_alias_free(channel_max=16)
    generator.synthesis.input.transform[0, 2] = 0.1
    assert placements(info_of(generator)) == (), "it is moved already, and not by w"


def test_a_session_keeps_them(tmp_path: Path, info: BundleInfo, document: Document) -> None:
    moved = document.with_sliders(sliders(info, MOVES[-1]))
    save_session(tmp_path / "edit.json", moved, info.name)
    loaded = load_session(tmp_path / "edit.json", info)
    assert [(one.name, one.value) for one in loaded.sliders.settings] == list(MOVES[-1].items())
    back = loaded.with_sliders(Sliders()).latent.ws
    np.testing.assert_allclose(back, document.latent.ws, atol=1e-4)
    with pytest.raises(UsageError, match="is of another model"):
        load_session(tmp_path / "edit.json", replace(info, input_affine=""))


def test_they_are_typed_in_their_own_units(generator: AliasFreeGenerator, info: BundleInfo) -> None:
    statistics = latent_statistics(generator.mapping)
    known = known_directions((), (), statistics, None, placements(info))
    assert [one.name for one in known[:3]] == [SHIFT_X, SHIFT_Y, TURN]
    move = parse_move("turn=-90..90", known, info)
    assert (move.start, move.end, move.direction.unit.name) == (-90, 90, "°")
    for text, words in [
        ("turn=181", "expected −180 to 180$"),
        ("turn=10@shape", "expected −180 to 180$"),
        (f"shift x={info.size.shorter + 1}", "expected −32 to 32$"),
    ]:
        with pytest.raises(UsageError, match=words):
            parse_move(text, known, info)
