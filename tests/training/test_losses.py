"""Losses and penalties against plain formulas in numpy, and against differences."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tui_draggan.training.critters.pairs import species_labels
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.losses import LOSSES, Penalty, path_lengths, penalty, squared_gradients

Numbers = NDArray[np.float64]
Loss = Callable[[Numbers, Numbers], Any]

REAL = np.array([2.0, -0.5, 0.3, 1.4])
FAKE = np.array([-1.2, 0.4, 2.0, -0.1])


def sigmoid(x: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-x)))


PLAIN: dict[str, tuple[Loss, Loss]] = {
    "logistic": (
        lambda r, f: -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean(),
        lambda r, f: -np.log(sigmoid(f)).mean(),
    ),
    "hinge": (
        lambda r, f: np.mean([max(0, 1 - x) for x in r]) + np.mean([max(0, 1 + x) for x in f]),
        lambda r, f: -f.mean(),
    ),
    "least-squares": (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "wasserstein-gp": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "relativistic": (
        lambda r, f: -np.log(sigmoid(r - f)).mean(),
        lambda r, f: -np.log(sigmoid(f - r)).mean(),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_their_papers_formulas(name: str) -> None:
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    loss, (of_d, of_g) = LOSSES[name], PLAIN[name]
    assert loss.discriminator(real, fake).item() == pytest.approx(of_d(REAL, FAKE))
    assert loss.generator(fake, real).item() == pytest.approx(of_g(REAL, FAKE))


def half_square(x: Tensor) -> Tensor:
    """Its gradient is the picture itself."""
    return (x.square() * 0.5).sum(dim=(1, 2, 3))


def test_penalties_of_a_known_function() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(3, 3, 4, 4), torch.randn(3, 3, 4, 4)
    share = torch.tensor([0.0, 1.0, 0.25])
    norms = [(x.double() ** 2).sum((1, 2, 3)).numpy() for x in (real, fake)]
    between = [real[0], fake[1], 0.75 * real[2] + 0.25 * fake[2]]
    wanted: dict[Penalty, float] = {
        "r1": norms[0].mean() / 2,
        "r1+r2": norms[0].mean() / 2 + norms[1].mean() / 2,
        "gradient penalty": float(np.mean([(float(x.norm()) - 1) ** 2 for x in between])),
    }
    for kind, value in wanted.items():
        assert penalty(kind, half_square, real, fake, share).item() == pytest.approx(value)


def test_a_slope_against_differences() -> None:
    torch.manual_seed(0)
    # A group of one has no deviation, so a logit depends on its own picture alone.
    label = species_labels(torch.tensor([2]))
    d = Discriminator(16, (8, 8, 8), c_dim=5, group=1)
    real = torch.randn(1, 3, 16, 16)
    squared = squared_gradients(partial(d, label=label), real)
    watched = real.clone().requires_grad_(True)
    (exact,) = torch.autograd.grad(d(watched, label).sum(), watched)
    unit = exact / exact.norm()
    with torch.no_grad():
        slope = (d(real + 1e-2 * unit, label) - d(real - 1e-2 * unit, label)) / 2e-2
    assert slope.item() == pytest.approx(squared.sqrt().item(), rel=0.05)
    squared.sum().backward()
    assert all(p.grad is not None for p in d.conv.parameters())


def test_path_lengths_of_a_linear_generator() -> None:
    """image = Σ_rows A·w, so Jᵀy = Aᵀy in every row."""
    torch.manual_seed(0)
    rows, side = 3, 4
    matrix = torch.randn(3 * side * side, 5)
    ws = torch.randn(2, rows, 5, requires_grad=True)
    image = (ws @ matrix.T).sum(1).reshape(2, 3, side, side)
    noise = torch.randn(2, 3, side, side)
    wanted = [np.linalg.norm(matrix.T.numpy() @ y.flatten().numpy() / side) for y in noise]
    torch.testing.assert_close(
        path_lengths(image, ws, noise).detach(), torch.tensor(np.array(wanted), dtype=torch.float32)
    )
