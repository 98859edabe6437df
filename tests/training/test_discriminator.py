"""The discriminator and the losses against plain formulas."""

import numpy as np
import pytest
import torch

from tui_draggan.training.critters.pairs import species_labels
from tui_draggan.training.discriminator import Discriminator, minibatch_deviation


def test_minibatch_deviation_is_the_plain_formula() -> None:
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    got = minibatch_deviation(x, group=4)
    assert got.shape == (8, 1, 4, 4)
    for first in range(2):
        members = x.numpy()[first::2]
        wanted = np.sqrt(members.var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(got[first::2].numpy(), wanted, rtol=1e-5)


def test_minibatch_deviation_of_an_odd_batch_uses_a_group_that_divides_it() -> None:
    assert minibatch_deviation(torch.randn(6, 2, 4, 4), group=4).shape == (6, 1, 4, 4)


def test_logits_have_one_number_per_picture_and_reach_every_parameter() -> None:
    d = Discriminator(32, (8, 8, 8, 8), c_dim=5)
    logits = d(torch.randn(4, 3, 32, 32), species_labels(torch.arange(4)))
    assert logits.shape == (4,)
    logits.sum().backward()
    assert all(p.grad is not None for p in d.parameters())


def test_channels_must_fit_the_resolution() -> None:
    with pytest.raises(ValueError, match="32 px"):
        Discriminator(32, (8, 8), c_dim=5)


def test_the_same_picture_is_judged_by_its_label() -> None:
    torch.manual_seed(0)
    d = Discriminator(16, (8, 8, 8), c_dim=5)
    picture = torch.randn(1, 3, 16, 16).expand(5, -1, -1, -1)
    logits = d(picture, species_labels(torch.arange(5)))
    assert logits.unique().numel() == 5


def test_features_are_of_a_picture_alone_and_make_the_logit() -> None:
    torch.manual_seed(0)
    d = Discriminator(16, (8, 8, 8), c_dim=0, group=1)
    pictures = torch.randn(3, 3, 16, 16)
    features = d.features(pictures)
    assert features.shape == (3, 8)
    torch.testing.assert_close(d.features(pictures[1:2]), features[1:2])
    # A group of one deviates by √1e-8 only.
    torch.testing.assert_close(d.out(features)[:, 0], d(pictures), rtol=1e-3, atol=1e-3)


def test_without_classes_there_is_no_label() -> None:
    d = Discriminator(16, (8, 8, 8), c_dim=0)
    assert d.embed is None
    assert d(torch.randn(4, 3, 16, 16)).shape == (4,)
