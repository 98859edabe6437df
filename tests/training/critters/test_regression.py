"""The regression of a generator on the renderer: its latents, its loss, its growing pictures."""

from __future__ import annotations

from dataclasses import replace

import torch

from tests.training.tiny import TINY
from tui_draggan.stylegan.network import Generator
from tui_draggan.training.critters.pairs import RenderPairs, draw_pairs, species_labels
from tui_draggan.training.critters.regression import generate_pairs, regression_loss


def test_shapes_and_colours_reach_their_rows_alone() -> None:
    """Rows below the block of half the resolution see z, the others z_colour."""
    g = Generator(TINY.generator).requires_grad_(False)
    pairs = draw_pairs(4, 16, (0, 0), mixed=1.0)
    label = species_labels(pairs.species)
    shapes, colours = g.mapping(pairs.z, label), g.mapping(pairs.z_colour, label)
    ws = torch.stack([shapes] + [colours] * 5, dim=1)  # one convolution at 4 px, then 8 px
    torch.testing.assert_close(generate_pairs(g, pairs, TINY), g.synthesis(ws))
    small = draw_pairs(4, 8, (0, 0), mixed=1.0)
    assert generate_pairs(g, small, TINY).shape == (4, 3, 8, 8)


def test_pictures_grow_in_the_paired_stage() -> None:
    sides = [TINY.resolution_at(step) for step in range(TINY.total_steps)]
    assert sides == [4] * 6 + [8] * 6 + [16] * 18


def test_pixels_count_as_they_are_weighed() -> None:
    image = torch.zeros(1, 3, 8, 8)
    weight = torch.ones(1, 1, 8, 8)
    weight[..., 4:] = 4
    z = torch.zeros(1, 2)
    pairs = RenderPairs(z, z, torch.zeros(1, dtype=torch.int64), image, weight)
    off, on = image.clone(), image.clone()
    off[..., 1] = 1
    on[..., 6] = 1
    assert regression_loss(image, pairs) == 0
    assert regression_loss(on, pairs) > 3 * regression_loss(off, pairs)
    even = replace(pairs, weight=torch.ones_like(weight))
    torch.testing.assert_close(regression_loss(on, even), regression_loss(off, even))
