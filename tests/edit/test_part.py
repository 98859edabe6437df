"""The part at a place, found by features: on parts that are known, and through a session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.edit.sessions import finish, make
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.part import known_part_at, part_at
from tui_draggan.size import Size
from tui_draggan.testing.spot_engine import INFO, SpotEngine

SIZE = Size(64, 128)
CELLS = Size(16, 32)


def overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_the_part_is_what_hangs_together_and_is_alike() -> None:
    """Two discs of one kind on a ground of another, with noise: the one that is pointed at."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[: CELLS.height, : CELLS.width]
    discs = [np.hypot(y - 8, x - middle) <= 4 for middle in (8, 24)]
    kinds = random.normal(size=(2, 12))
    features = kinds[(discs[0] | discs[1]).astype(int)].transpose(2, 0, 1)
    features = (features + random.normal(scale=0.1, size=features.shape)).astype(np.float32)
    truth = [disc.repeat(4, axis=0).repeat(4, axis=1) for disc in discs]
    for middle, expected, other in ((8, *truth), (24, *truth[::-1])):
        for place in ((middle * 4 + 1, 34), (middle * 4 + 9, 36)):
            found = part_at(features, place, SIZE)
            assert overlap(found, expected) > 0.85 and not (found & other).any()


def test_where_all_is_alike_there_is_at_least_the_place() -> None:
    found = part_at(np.ones((4, 16, 32), np.float32), (100, 3), SIZE)
    assert found[3, 100]


def test_a_session_masks_the_part_and_undo_takes_it_back() -> None:
    session = make()
    finish(session)
    assert session.picture is not None
    bright = session.picture[..., 0] > session.picture[..., 0].mean()
    y, x = (int(axis.mean()) for axis in np.nonzero(bright))
    session.mask_part((x, y))
    finish(session)
    mask = session.document.mask
    assert mask is not None and mask[y, x] and overlap(mask, bright) > 0.7
    more = np.zeros(INFO.size, bool)
    more[:3] = True
    session.set_mask(more)
    session.mask_part((x, y))
    finish(session)
    np.testing.assert_array_equal(session.document.mask, mask | more)
    assert session.undo() == "mask of a part"
    assert session.document.mask is more


def test_a_model_that_knows_its_parts_is_asked_for_them() -> None:
    """What hangs together of the part at a place; other pieces of it do not count."""
    parts = np.zeros((8, 8), np.uint8)
    parts[1:3, 1:3] = parts[5:7, 5:7] = 2
    mask = known_part_at(parts, (2, 1))
    assert mask.sum() == 4 and mask[1:3, 1:3].all()

    class KnowingEngine(SpotEngine):
        info = replace(INFO, parts=("ground", "spot"))

    engine = KnowingEngine()
    session = make(engine)
    finish(session)
    spot = engine.parts(session.document.latent.ws) == 1
    y, x = (int(place.mean()) for place in np.nonzero(spot))
    session.mask_part((x, y))
    finish(session)
    assert session.document.mask is not None
    np.testing.assert_array_equal(session.document.mask, spot)
    assert "feature_map" not in engine.calls
