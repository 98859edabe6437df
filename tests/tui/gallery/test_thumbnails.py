"""The pictures that are kept for the gallery, and how they are drawn."""

from __future__ import annotations

import numpy as np

from tui_draggan.arrays import Bytes
from tui_draggan.edit.latent import Seed
from tui_draggan.tui.gallery.painting import Colours, Tile, painted
from tui_draggan.tui.gallery.thumbnails import LONGEST, Thumbnails, reduced

COLOURS = Colours((1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4))


def flat(level: int, height: int = 8, width: int = 8) -> Bytes:
    return np.full((height, width, 3), level, np.uint8)


def test_what_was_looked_at_longest_ago_goes_first() -> None:
    kept = Thumbnails(room=3 * flat(0).nbytes)
    for seed in range(3):
        kept.take(Seed(seed), flat(seed))
    assert kept.get(Seed(0)) is not None
    kept.take(Seed(3), flat(3))
    assert Seed(1) not in kept and all(Seed(seed) in kept for seed in (0, 2, 3))
    kept.take(Seed(9), flat(9, 100, 100))
    assert Seed(9) in kept, "one is there, be it ever so large"
    assert not any(Seed(seed) in kept for seed in (0, 2, 3))


def test_until_there_is_a_picture_the_same_seeds_last_one_stands_in() -> None:
    kept = Thumbnails()
    kept.take(Seed(5, 0.7), flat(7))
    assert kept.get(Seed(5, 0.8)) is None
    like = kept.like(Seed(5, 0.8))
    assert like is not None and like[0, 0, 0] == 7 and kept.like(Seed(6, 0.7)) is None


def test_reduced_pictures_are_opaque_and_keep_their_proportions() -> None:
    assert reduced(flat(5)).shape == (8, 8, 3)
    large = reduced(np.full((1024, 512, 4), 255, np.uint8))
    assert large.shape == (LONGEST, LONGEST // 2, 3) and (large == 255).all()


def test_thumbnails_lie_in_their_boxes_with_frames_round_the_chosen_and_the_marked() -> None:
    tiles = [
        Tile(flat(100), "a"),
        Tile(flat(200), "b", chosen=True, marked=True),
        Tile(flat(200), "c", marked=True, coming=True),
        Tile(None, "d"),
    ]
    dots = painted(tiles, [0, 10, 20, 30], (8, 4), (40, 4), (40, 8), COLOURS)[..., 0]
    assert dots.shape == (8, 40)
    inside = [dots[1:7, left + 1 : left + 7] for left in (0, 10, 20, 30)]
    assert [set(np.unique(part)) for part in inside] == [{100}, {200}, {100}, {2}]
    assert set(dots[0, :]) == {1, 3, 4} and (dots[0, 10:18] == 3).all()
    assert (dots[:, 17] == 3).all() and (dots[:, 18:20] == 1).all() and (dots[7, 20:28] == 4).all()


def test_in_a_terminals_pixels_the_frame_is_a_line() -> None:
    dots = painted([Tile(flat(9), "a", chosen=True)], [1], (8, 4), (10, 4), (100, 80), COLOURS)
    column = dots[40, :, 0]
    assert (column[:10] == 1).all() and (column[90:] == 1).all()
    assert 1 < (column[:20] == 3).sum() < 5 and (column[20:80] == 9).all()
