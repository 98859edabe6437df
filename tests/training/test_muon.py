"""Muon: its steps are orthogonal and of the promised size."""

import pytest
import torch

from tui_draggan.training.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (12, 12)])
def test_singular_values_come_near_one(shape):
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrices))
    assert values.min() > 0.3 and values.max() < 1.35


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (24, 10)])
def test_a_step_has_the_size_of_its_rate(shape):
    weight = torch.nn.Parameter(torch.zeros(shape))
    weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    Muon([weight], lr=0.01).step()
    moved = weight.detach()
    assert moved.square().mean().sqrt().item() == pytest.approx(0.01, rel=0.25)
    assert (moved * weight.grad).sum() < 0
