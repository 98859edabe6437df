"""What the discriminator sees of a picture."""

import math

import pytest
import torch
from torch import Tensor

from tui_draggan.training.augmentation import Augmentation, augmented, draw_augmentation

IDENTITY = torch.eye(3)[:2]
PLAIN = torch.eye(3, 4)


def pictures(count: int = 2, side: int = 8) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_probability_0_changes_nothing() -> None:
    images = pictures()
    torch.testing.assert_close(augmented(images, draw_augmentation(2, 0.0, random())), images)


def test_probability_1_changes_every_picture() -> None:
    images = pictures(32)
    changed = augmented(images, draw_augmentation(32, 1.0, random()))
    assert ((changed - images).abs().amax(dim=(1, 2, 3)) > 0.05).all()
    assert changed.isfinite().all()


def test_every_kind_of_change_happens_with_its_probability() -> None:
    """Without any the matrices are the identity: (1 − p)^n of pictures, n kinds."""
    count, p = 20_000, 0.1
    drawn = draw_augmentation(count, p, random())
    # Of two coins that must both say «not» for rotations, and flips by 1 and turns by 0 that are
    # neutral: flip 1/2, turn 3/4.
    still = (1 - p / 2) * (1 - 0.75 * p) * (1 - p) ** 5
    same = (drawn.places - IDENTITY).abs().amax(dim=(1, 2)) < 1e-6
    assert same.float().mean() == pytest.approx(still, abs=0.02)
    plain = (1 - p) ** 2 * (1 - p / 2) * (1 - p) ** 2
    same = (drawn.colours - PLAIN).abs().amax(dim=(1, 2)) < 1e-5
    assert same.float().mean() == pytest.approx(plain, abs=0.02)


def one(places: Tensor = IDENTITY, colours: Tensor = PLAIN) -> Augmentation:
    return Augmentation(places[None], colours[None])


def test_a_quarter_turn_and_a_flip_are_exact() -> None:
    images = pictures(1)
    flip = torch.tensor([[-1.0, 0, 0], [0, 1, 0]])
    torch.testing.assert_close(augmented(images, one(flip)), images.flip(3))
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0]])
    turned = augmented(images, one(quarter))
    assert any(torch.allclose(turned, images.rot90(k, (2, 3)), atol=1e-5) for k in (1, 3))


def test_colours_are_mapped_pixel_by_pixel() -> None:
    images = pictures(1)
    colours = torch.tensor([[0.0, 1, 0, 0.5], [1, 0, 0, 0], [0, 0, 2, 0]])
    red, green, blue = images[0]
    wanted = torch.stack((green + 0.5, red, 2 * blue))[None]
    torch.testing.assert_close(augmented(images, one(colours=colours)), wanted)


def test_hue_and_saturation_keep_grey() -> None:
    drawn = draw_augmentation(2000, 0.7, random())
    grey = torch.full((3,), 0.4)
    made = drawn.colours[:, :, :3] @ grey + drawn.colours[:, :, 3]
    assert (made.std(dim=1) < 1e-5).all()
    lengths = drawn.colours[:, :, :3].det().abs().log().abs().mean()
    assert 0.1 < lengths < 2 * math.log(2)


def test_gradients_come_back_to_the_picture() -> None:
    images = pictures().requires_grad_(True)
    augmented(images, draw_augmentation(2, 1.0, random())).square().sum().backward()
    assert images.grad is not None and (images.grad != 0).any(dim=(1, 2, 3)).all()


def test_the_same_seed_draws_the_same() -> None:
    a, b = (draw_augmentation(5, 0.5, random(3)) for _ in range(2))
    assert torch.equal(a.places, b.places) and torch.equal(a.colours, b.colours)
    part = a.of(slice(1, None, 2))
    assert torch.equal(part.places, a.places[1::2])
