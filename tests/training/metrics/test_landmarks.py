"""The landmark network as it ships, on renders it never saw; and how it is trained."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.critters import LANDMARKS, SPECIES, Z_DIM, parameters_from_z, render
from tui_draggan.training.metrics.distances import frechet, kernel_distance
from tui_draggan.training.metrics.landmarks.corruption import blurred, corrupted, moved
from tui_draggan.training.metrics.landmarks.network import (
    FEATURES,
    NEAR,
    SIDE,
    WEIGHTS,
    LandmarkNetwork,
    find_landmarks,
)
from tui_draggan.training.metrics.landmarks.training import (
    LandmarkTraining,
    draw_renders,
    save,
    train,
)

UNSEEN = 123_456_789
"""A seed that training does not draw from."""


@dataclass(frozen=True)
class Fresh:
    image: Tensor
    places: Tensor
    species: Tensor


def fresh(count: int, resolution: int = SIDE) -> Fresh:
    z = torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(UNSEEN))
    species = torch.arange(count) % len(SPECIES)
    drawn = [
        render(parameters_from_z(z[some], species[some]), resolution)
        for some in torch.arange(count).split(10)
    ]
    images, places = ([getattr(d, name) for d in drawn] for name in ("image", "landmarks"))
    return Fresh(torch.cat(images), torch.cat(places), species)


@pytest.fixture(scope="module")
def critters() -> Fresh:
    return fresh(100)


def errors(found: Tensor, true: Tensor) -> Tensor:
    apart: Tensor = torch.linalg.vector_norm(found - true, dim=2)
    return apart


# -- the weights that ship -------------------------------------------------------------------------


def test_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size < 1_100_000


def test_places_species_and_confidence_of_renders(critters: Fresh) -> None:
    found = find_landmarks(critters.image)
    apart = errors(found.places, critters.places)
    assert apart.mean() < 0.4
    assert apart.mean(dim=0).max() < 0.6  # no landmark is left out
    assert (found.species.argmax(1) == critters.species).float().mean() >= 0.99
    assert found.confidence.mean() > 0.9
    assert found.features.shape == (100, FEATURES)


def test_other_sizes_are_resized_and_places_come_back_in_their_pixels(critters: Fresh) -> None:
    for resolution, within in ((64, 0.25), (256, 0.8)):
        others = fresh(20, resolution)
        found = find_landmarks(others.image)
        assert errors(found.places, others.places).mean() < within


def test_it_holds_on_softer_and_noisier_pictures(critters: Fresh) -> None:
    random = torch.Generator().manual_seed(0)
    soft = blurred(critters.image[:40], torch.full((40,), 1.0))
    noisy = soft + 0.05 * torch.randn(soft.shape, generator=random)
    assert errors(find_landmarks(noisy).places, critters.places[:40]).mean() < 0.5


@pytest.mark.slow
def test_confidence_is_the_share_that_is_near(critters: Fresh) -> None:
    """Over pictures from clean to hopeless: calibrated in the lower and in the upper half."""
    random = torch.Generator().manual_seed(1)
    given = corrupted(critters.image.repeat(3, 1, 1, 1), critters.places.repeat(3, 1, 1), random)
    image = torch.cat((given.image, blurred(critters.image, torch.full((100,), 4.0))))
    places = torch.cat((given.places, critters.places))
    critter = torch.cat((given.critter, torch.ones(100, dtype=torch.bool)))
    found = find_landmarks(image)
    near = (errors(found.places, places) < NEAR) & critter[:, None]
    sure = found.confidence > 0.5
    assert sure.any() and not sure.all()
    for part in (sure, ~sure):
        assert near[part].float().mean() == pytest.approx(
            float(found.confidence[part].mean()), abs=0.1
        )


def test_low_confidence_goes_with_large_errors(critters: Fresh) -> None:
    image = blurred(critters.image, torch.linspace(0.0, 6.0, 100))
    found = find_landmarks(image)
    apart, confidence = errors(found.places, critters.places).flatten(), found.confidence.flatten()
    order = confidence.argsort()
    tenth = len(order) // 10
    assert apart[order[:tenth]].mean() > 2.0 * apart[order[-tenth:]].mean()


def test_what_is_no_critter_has_no_landmarks(critters: Fresh) -> None:
    random = torch.Generator().manual_seed(2)
    spots = torch.randn(20, 3, 8, 8, generator=random)
    for image in (
        torch.randn(20, 3, SIDE, SIDE, generator=random).clamp(-1, 1),
        torch.nn.functional.interpolate(spots, (SIDE, SIDE), mode="bicubic").clamp(-1, 1),
        torch.zeros(1, 3, SIDE, SIDE),
        critters.image[:20].flip(2),
    ):
        assert find_landmarks(image).confidence.mean() < 0.1


def test_features_tell_coats_apart(critters: Fresh) -> None:
    """Distances on them must see more than landmarks and species."""
    cats = find_landmarks(critters.image[critters.species == 0]).features
    usual = torch.nn.functional.pdist(cats).mean()
    z = torch.randn(1, Z_DIM, generator=torch.Generator().manual_seed(UNSEEN)).repeat(2, 1)
    pair = parameters_from_z(z, torch.zeros(2, dtype=torch.int64))
    pair["coat"] = torch.tensor([0.1, 0.9])
    first, second = find_landmarks(render(pair, SIDE).image).features
    assert (first - second).norm() > usual / 3


def test_features_see_softness_between_sets_of_other_critters(critters: Fresh) -> None:
    real, others = critters.image[:50], critters.image[50:]
    soft = blurred(others, torch.full((50,), 1.5))
    real, others, soft = (find_landmarks(image).features for image in (real, others, soft))
    assert frechet(real, soft) > 1.2 * frechet(real, others)
    assert 1000 * (kernel_distance(real, soft) - kernel_distance(real, others)) > 5


# -- training --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_training_repeats_itself() -> None:
    config = LandmarkTraining(renders=16, steps=3, batch=8)
    renders = draw_renders(config.renders, config.seed)
    first, second = (train(config, renders).state_dict() for _ in range(2))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    other = train(dataclasses.replace(config, seed=1), renders).state_dict()
    assert not torch.equal(first["maps.weight"], other["maps.weight"])


@pytest.mark.slow
def test_training_finds_landmarks() -> None:
    """After a few steps the error is half of that of no training."""
    config = LandmarkTraining(renders=16, steps=40, batch=8, lr=0.02)
    renders = draw_renders(config.renders, config.seed)
    trained, untrained = (
        errors(network.train()(from_bytes(renders.image)).places, renders.landmarks).mean()
        for network in (train(config, renders), LandmarkNetwork())
    )
    assert trained < untrained / 2


def test_saved_weights_are_read_back(tmp_path: Path) -> None:
    network = LandmarkNetwork().eval()
    save(network, tmp_path / "weights.pt")
    state = torch.load(tmp_path / "weights.pt", weights_only=True)
    other = LandmarkNetwork()
    other.load_state_dict({name: value.float() for name, value in state.items()})
    image = torch.zeros(1, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(other.eval()(image).heat, network(image).heat, atol=0.05, rtol=0)


# -- corruption ------------------------------------------------------------------------------------


def test_landmarks_move_with_the_picture() -> None:
    """A bright dot at a landmark is at the new place after the move."""
    count = 40
    random = torch.Generator().manual_seed(3)
    places = 30.0 + 68.0 * torch.rand(count, 1, 2, generator=random)
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    apart = (x - places[:, 0, 0, None, None]) ** 2 + (y - places[:, 0, 1, None, None]) ** 2
    image = torch.exp(-apart / 18.0)[:, None].expand(-1, 3, -1, -1)
    now, found = moved(image, places, random)
    weights = now[:, 0] / now[:, 0].sum(dim=(1, 2), keepdim=True)
    centre = torch.stack(((weights * x).sum(dim=(1, 2)), (weights * y).sum(dim=(1, 2))), dim=1)
    torch.testing.assert_close(centre, found[:, 0], atol=0.05, rtol=0)
    shifts = (found - places).norm(dim=2)
    assert (shifts < 1e-3).any() and (shifts > 3.0).any()


def test_each_picture_has_its_own_blur() -> None:
    dots = torch.zeros(3, 3, SIDE, SIDE)
    dots[:, :, 64, 64] = 1.0
    deviation = torch.tensor([0.0, 1.5, 2.5])
    soft = blurred(dots, deviation)
    torch.testing.assert_close(soft[0], dots[0], atol=1e-4, rtol=0)
    row = soft[:, 0].sum(dim=1)
    variance = (row * (torch.arange(SIDE) - 64.0) ** 2).sum(dim=1)
    torch.testing.assert_close(variance[1:].sqrt(), deviation[1:], atol=0.05, rtol=0)


def test_some_corrupted_pictures_are_no_critters_and_it_says_which() -> None:
    image = torch.linspace(-1, 1, SIDE).expand(32, 3, SIDE, SIDE).clone()
    given = corrupted(image, torch.zeros(32, len(LANDMARKS), 2), torch.Generator().manual_seed(0))
    assert given.critter.sum() == 30
    assert given.image.min() >= -1 and given.image.max() <= 1
    assert given.strength.min() == 0 and given.strength.max() <= 1
