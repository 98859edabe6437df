"""Every distance beside another form of it, or point sets whose answer is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from tui_draggan.training.metrics.distances import (
    frechet,
    kernel_distance,
    precision_recall,
    sliced_wasserstein,
)
from tui_draggan.training.metrics.path_length import EPSILON, path_length


def gaussian(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def smooth_pictures(count: int, seed: int = 0, size: int = 32) -> Tensor:
    """Rough spots, up-sampled: natural enough to have coarse and fine levels."""
    coarse = gaussian(count, 3, size // 4, size // 4, seed=seed)
    fine = gaussian(count, 3, size, size, seed=seed + 1)
    coarse = torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear")
    return (0.5 * coarse + 0.1 * fine).clamp(-1, 1)


# -- Fréchet ---------------------------------------------------------------------------------------


def test_frechet_in_one_dimension_is_the_closed_form() -> None:
    a, b = gaussian(400, 1), 3.0 * gaussian(300, 1, seed=1) + 2.0
    expected = (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
    assert frechet(a, b) == pytest.approx(float(expected), rel=1e-5)


def test_frechet_of_commuting_covariances_is_that_of_their_axes() -> None:
    """Features turned by the same rotation, independent along the axes by construction."""
    points = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    turn, _ = np.linalg.qr(gaussian(3, 3).double().numpy())
    a = torch.from_numpy(points * [1, 2, 3] @ turn.T)
    b = torch.from_numpy((points * [3, 1, 5] + [1, -1, 0.5]) @ turn.T)
    unbiased = 8 / 7  # the factor of a sample's variance
    expected = 1 + 1 + 0.25 + unbiased * (2**2 + 1**2 + 2**2)
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_agrees_with_the_root_of_the_product() -> None:
    """tr (Σ₁Σ₂)^½ by the eigenvalues of the unsymmetric product, in numpy."""
    a, b = gaussian(200, 6), gaussian(150, 6, seed=1) @ gaussian(6, 6, seed=2)
    x, y = a.double().numpy(), b.double().numpy()
    first, second = np.cov(x.T), np.cov(y.T)
    root = np.sqrt(np.linalg.eigvals(first @ second).astype(complex)).sum().real
    apart = ((x.mean(0) - y.mean(0)) ** 2).sum()
    expected = apart + np.trace(first) + np.trace(second) - 2 * root
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_a_set_and_itself_is_nothing_even_with_more_dimensions_than_pictures() -> None:
    a = gaussian(10, 30)
    assert abs(frechet(a, a)) < 1e-6


# -- kernel distance -------------------------------------------------------------------------------


def test_kernel_distance_is_the_double_loop() -> None:
    a, b = gaussian(7, 4), gaussian(9, 4, seed=1) + 0.5

    def kernel(x: Tensor, y: Tensor) -> float:
        return (float(x.double() @ y.double()) / 4 + 1) ** 3

    def within(points: Tensor) -> float:
        pairs = list(itertools.permutations(points, 2))
        return sum(kernel(x, y) for x, y in pairs) / len(pairs)

    across = sum(kernel(x, y) for x in a for y in b) / (7 * 9)
    assert kernel_distance(a, b) == pytest.approx(within(a) + within(b) - 2 * across, rel=1e-9)


def test_kernel_distance_is_unbiased() -> None:
    same = [
        kernel_distance(gaussian(20, 3, seed=2 * i), gaussian(20, 3, seed=2 * i + 1))
        for i in range(300)
    ]
    error = np.std(same) / np.sqrt(len(same))
    assert abs(np.mean(same)) < 3 * error
    assert min(same) < 0 < max(same)


# -- precision and recall --------------------------------------------------------------------------


def line(*values: float) -> Tensor:
    return torch.tensor(values)[:, None]


def test_precision_and_recall_of_points_on_a_line() -> None:
    real = line(0, 1, 2, 3, 4)
    fake = line(0.5, 1.5, 2.5, 3.5, 50)
    # With k 1 every real ball has radius 1, so four of five fakes lie in one.
    precision, recall = precision_recall(real, fake, k=1)
    assert precision == pytest.approx(0.8)
    # Fake balls: radius 1 round the four, 46.5 round the far one, which reaches down to 3.5.
    assert recall == pytest.approx(1.0)


def test_a_collapsed_generator_has_precision_and_no_recall() -> None:
    real = gaussian(200, 2)
    fake = 0.02 * gaussian(200, 2, seed=1)
    precision, recall = precision_recall(real, fake)
    assert precision == 1.0
    assert recall < 0.1


def test_precision_and_recall_change_places_with_the_sets() -> None:
    real, fake = gaussian(60, 2), 2 * gaussian(50, 2, seed=1)
    assert precision_recall(real, fake) == precision_recall(fake, real)[::-1]


def test_the_radius_is_that_of_the_third_neighbour() -> None:
    real = line(0, 1, 2, 4)  # of 0 the third neighbour is at 4, of 4 at 0, of 1 and 2 at 4 and 0
    inside, outside = precision_recall(real, line(7.9, 7.9, 7.9, 8.1), k=3)[0], 0.25
    assert inside == 1 - outside


@pytest.mark.parametrize("distance", [frechet, kernel_distance, precision_recall])
def test_features_that_cannot_be_compared_are_refused(
    distance: Callable[[Tensor, Tensor], object],
) -> None:
    with pytest.raises(ValueError, match="compared"):
        distance(gaussian(5, 2), gaussian(5, 3))
    with pytest.raises(ValueError):
        distance(gaussian(1, 2), gaussian(5, 2))


# -- sliced Wasserstein ----------------------------------------------------------------------------


def test_equal_sets_are_not_apart_and_the_seed_decides() -> None:
    a, b = smooth_pictures(12), smooth_pictures(12, seed=5)
    assert sliced_wasserstein(a, a.clone()) == 0.0
    assert sliced_wasserstein(a, b, seed=3) == sliced_wasserstein(a, b, seed=3)
    assert sliced_wasserstein(a, b, seed=3) != sliced_wasserstein(a, b, seed=4)


def test_it_grows_with_what_is_wrong() -> None:
    real, other = smooth_pictures(40), smooth_pictures(40, seed=9)
    floor = sliced_wasserstein(real, other)
    shrunk = torch.nn.functional.avg_pool2d(other, 2)
    blurred = torch.nn.functional.interpolate(shrunk, scale_factor=2, mode="bilinear")
    noise = gaussian(40, 3, 32, 32, seed=11).clamp(-1, 1)
    assert floor < sliced_wasserstein(real, blurred) < sliced_wasserstein(real, noise)


def test_the_number_is_the_mean_distance_of_sorted_projections() -> None:
    """At 7 px a picture is its own only patch, at one level; the rest is written out in numpy."""
    a, b = gaussian(30, 3, 7, 7), gaussian(30, 3, 7, 7, seed=1).abs()

    def descriptors(pictures: Tensor) -> np.ndarray:
        x = pictures.double().numpy()
        x = (x - x.mean((0, 2, 3), keepdims=True)) / x.std((0, 2, 3), keepdims=True)
        return np.repeat(x.reshape(len(x), -1), 2, axis=0)

    random = np.random.default_rng(0)
    directions = random.standard_normal((147, 4000))
    directions /= np.linalg.norm(directions, axis=0)
    first, second = (np.sort(descriptors(x) @ directions, axis=0) for x in (a, b))
    expected = 1000 * np.abs(first - second).mean()
    # 512 directions beside 4000 others: the same number but for some per cent.
    assert sliced_wasserstein(a, b) == pytest.approx(expected, rel=0.05)


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        sliced_wasserstein(smooth_pictures(2), smooth_pictures(2, size=16))


# -- path length -----------------------------------------------------------------------------------


def test_on_a_straight_map_the_path_length_is_the_distance_of_its_ends() -> None:
    pairs = gaussian(500, 2, 4).double()
    matrix = gaussian(4, 6, seed=1).double()
    ends = ((pairs[:, 1] - pairs[:, 0]) @ matrix).square().sum(1).sort().values
    kept = ends[ends.quantile(0.01, interpolation="higher") <= ends]
    kept = kept[kept <= ends.quantile(0.99, interpolation="lower")]
    found = path_length(lambda w: w @ matrix, pairs, spread=2.0)
    assert found == pytest.approx(float(kept.mean()) / 2.0, rel=0.02)


def test_a_map_with_jumps_has_a_longer_path_than_a_smooth_one_with_the_same_ends() -> None:
    pairs = torch.stack((torch.zeros(2000, 1), torch.ones(2000, 1)), 1)
    smooth = path_length(lambda w: w, pairs, spread=1.0)
    # Ten steps of a tenth: the same way in all, gone in jumps.
    jumping = path_length(lambda w: (w * 10).floor() / 10, pairs, spread=1.0)
    assert smooth == pytest.approx(1.0, rel=1e-3)
    assert jumping == pytest.approx(10 * EPSILON * 0.01 / EPSILON**2, rel=0.3)
