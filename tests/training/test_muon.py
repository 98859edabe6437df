"""Muon: its steps are orthogonal and of the promised size."""

import pytest
import torch

from tui_draggan.training.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (12, 12)])
def test_singular_values_come_near_one(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrices))
    assert values.min() > 0.3 and values.max() < 1.35


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (24, 10)])
def test_a_step_has_the_size_of_its_rate(shape: tuple[int, ...]) -> None:
    weight = torch.nn.Parameter(torch.zeros(shape))
    weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    Muon([weight], lr=0.01).step()
    moved = weight.detach()
    assert moved.square().mean().sqrt().item() == pytest.approx(0.01, rel=0.25)
    assert (moved * weight.grad).sum() < 0


@pytest.mark.parametrize("shape", [(16, 40), (40, 16)])
def test_the_small_iteration_is_newton_schulz(shape: tuple[int, ...]) -> None:
    matrix = torch.randn(1, *shape, generator=torch.Generator().manual_seed(1))
    x = matrix[0].double() / matrix.norm()
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x - 4.7750 * gram @ x + 2.0315 * gram @ gram @ x
    torch.testing.assert_close(orthogonalised(matrix)[0].double(), x, atol=1e-4, rtol=0)
