"""The discriminator and the losses against plain formulas."""

import numpy as np
import pytest
import torch

from tui_draggan.training.discriminator import Discriminator, minibatch_deviation
from tui_draggan.training.losses import gradient_penalty, paired_loss
from tui_draggan.training.pairs import Batch, one_hot


def test_minibatch_deviation_is_the_plain_formula():
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    got = minibatch_deviation(x, group=4)
    assert got.shape == (8, 1, 4, 4)
    for first in range(2):
        members = x.numpy()[first::2]
        wanted = np.sqrt(members.var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(got[first::2].numpy(), wanted, rtol=1e-5)


def test_minibatch_deviation_of_an_odd_batch_uses_a_group_that_divides_it():
    assert minibatch_deviation(torch.randn(6, 2, 4, 4), group=4).shape == (6, 1, 4, 4)


def test_r1_of_a_known_function():
    real = torch.randn(3, 3, 4, 4, requires_grad=True)
    logits = (real.square() * 0.5).sum(dim=(1, 2, 3))  # its gradient is the picture itself
    wanted = sum((picture**2).sum() for picture in real.detach()) / 3 / 2
    torch.testing.assert_close(gradient_penalty(logits, real).detach(), wanted)


def test_r1_against_differences():
    torch.manual_seed(0)
    # A group of one has no deviation, so a logit depends on its own picture alone.
    label = one_hot(torch.tensor([2]))
    d = Discriminator(16, (8, 8, 8), c_dim=5, group=1)
    real = torch.randn(1, 3, 16, 16, requires_grad=True)
    logit = d(real, label)
    (exact,) = torch.autograd.grad(logit.sum(), real, retain_graph=True)
    penalty = gradient_penalty(logit, real).detach()
    torch.testing.assert_close(penalty, exact.square().sum() / 2)

    def slope(direction: torch.Tensor) -> float:
        with torch.no_grad():
            return (
                (d(real + 1e-2 * direction, label) - d(real - 1e-2 * direction, label)) / 2e-2
            ).item()

    unit = exact / exact.norm()
    assert slope(unit) == pytest.approx((2 * penalty).sqrt().item(), rel=0.05)


def test_logits_have_one_number_per_picture_and_reach_every_parameter():
    d = Discriminator(32, (8, 8, 8, 8), c_dim=5)
    logits = d(torch.randn(4, 3, 32, 32), one_hot(torch.arange(4)))
    assert logits.shape == (4,)
    logits.sum().backward()
    assert all(p.grad is not None for p in d.parameters())


def test_channels_must_fit_the_resolution():
    with pytest.raises(ValueError, match="32 px"):
        Discriminator(32, (8, 8), c_dim=5)


def test_small_parts_count_more():
    image = torch.zeros(1, 3, 8, 8)
    parts = torch.zeros(1, 1, 8, 8)
    parts[..., 4:] = 1
    z = torch.zeros(1, 2)
    batch = Batch(z, z, torch.zeros(1, dtype=torch.int64), image, parts)
    off, on = image.clone(), image.clone()
    off[..., 1] = 1
    on[..., 6] = 1
    assert paired_loss(image, batch, 4.0) == 0
    assert paired_loss(on, batch, 4.0) > 3 * paired_loss(off, batch, 4.0)
    torch.testing.assert_close(paired_loss(on, batch, 1.0), paired_loss(off, batch, 1.0))


def test_the_same_picture_is_judged_by_its_label():
    torch.manual_seed(0)
    d = Discriminator(16, (8, 8, 8), c_dim=5)
    picture = torch.randn(1, 3, 16, 16).expand(5, -1, -1, -1)
    logits = d(picture, one_hot(torch.arange(5)))
    assert logits.unique().numel() == 5
