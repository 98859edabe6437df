"""Pairs of latents and drawn critters, and their loss."""

from dataclasses import replace

import torch

from tests.training.tiny import TINY
from tui_draggan.stylegan.network import Generator
from tui_draggan.training.critters.pairs import Pairs, draw_batch, one_hot
from tui_draggan.training.critters.regression import generate, paired_loss


def test_pairs_are_a_function_of_their_seed():
    first, again, other = (draw_batch(9, 16, seed, 0.5) for seed in ((3, 4), (3, 4), (3, 5)))
    assert torch.equal(first.image, again.image) and torch.equal(first.z, again.z)
    assert not torch.equal(first.z, other.z)
    assert first.image.abs().max() <= 1
    assert set(first.weight.unique().tolist()) == {1.0, 2.0, 4.0}


def test_shares_make_up_the_batch():
    whole = draw_batch(6, 8, (0, 0), 0.5)
    parts = [draw_batch(6, 8, (0, 0), 0.5, share=slice(rank, None, 2)) for rank in range(2)]
    for rank, part in enumerate(parts):
        assert torch.equal(part.z, whole.z[rank::2])
        torch.testing.assert_close(part.image, whole.image[rank::2])


def test_a_share_of_pairs_has_the_colours_of_another():
    pairs = draw_batch(400, 8, (0, 0), mixed=0.25)
    share = (pairs.z != pairs.z_colour).any(1).float().mean()
    assert 0.18 < share < 0.32
    assert torch.equal(*(getattr(draw_batch(9, 8, (0, 0)), name) for name in ("z", "z_colour")))


def test_shapes_and_colours_reach_their_rows_alone():
    """Rows below the block of half the resolution see z, the others z_colour."""
    g = Generator(TINY.generator).requires_grad_(False)
    batch = draw_batch(4, 16, (0, 0), mixed=1.0)
    label = one_hot(batch.species)
    shapes, colours = g.mapping(batch.z, label), g.mapping(batch.z_colour, label)
    ws = torch.stack([shapes] + [colours] * 5, dim=1)  # one convolution at 4 px, then 8 px
    torch.testing.assert_close(generate(g, batch, TINY), g.synthesis(ws))
    small = draw_batch(4, 8, (0, 0), mixed=1.0)
    assert generate(g, small, TINY).shape == (4, 3, 8, 8)


def test_pictures_grow_in_the_paired_stage():
    sides = [TINY.resolution_at(step) for step in range(TINY.total_steps)]
    assert sides == [4] * 6 + [8] * 6 + [16] * 18


def test_pixels_count_as_they_are_weighed():
    image = torch.zeros(1, 3, 8, 8)
    weight = torch.ones(1, 1, 8, 8)
    weight[..., 4:] = 4
    z = torch.zeros(1, 2)
    batch = Pairs(z, z, torch.zeros(1, dtype=torch.int64), image, weight)
    off, on = image.clone(), image.clone()
    off[..., 1] = 1
    on[..., 6] = 1
    assert paired_loss(image, batch) == 0
    assert paired_loss(on, batch) > 3 * paired_loss(off, batch)
    even = replace(batch, weight=torch.ones_like(weight))
    torch.testing.assert_close(paired_loss(on, even), paired_loss(off, even))
