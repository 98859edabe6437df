"""Pairs of latents and renders."""

from __future__ import annotations

import torch

from tui_draggan.training.critters.pairs import draw_pairs


def test_pairs_are_a_function_of_their_seed() -> None:
    first, again, other = (draw_pairs(9, 16, seed, 0.5) for seed in ((3, 4), (3, 4), (3, 5)))
    assert torch.equal(first.image, again.image) and torch.equal(first.z, again.z)
    assert not torch.equal(first.z, other.z)
    assert first.image.abs().max() <= 1
    assert set(first.weight.unique().tolist()) == {1.0, 2.0, 4.0}


def test_shares_make_up_the_batch() -> None:
    whole = draw_pairs(6, 8, (0, 0), 0.5)
    parts = [draw_pairs(6, 8, (0, 0), 0.5, share=slice(rank, None, 2)) for rank in range(2)]
    for rank, part in enumerate(parts):
        assert torch.equal(part.z, whole.z[rank::2])
        torch.testing.assert_close(part.image, whole.image[rank::2])


def test_a_share_of_pairs_has_the_colours_of_another() -> None:
    pairs = draw_pairs(400, 8, (0, 0), mixed=0.25)
    share = (pairs.z != pairs.z_colour).any(1).float().mean()
    assert 0.18 < share < 0.32
    plain = draw_pairs(9, 8, (0, 0))
    assert torch.equal(plain.z, plain.z_colour)
