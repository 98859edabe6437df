"""The renderer: its labels lie where they say, and its parameters do what they say."""

import pytest
import torch

from tui_draggan.training.critters import (
    LANDMARKS,
    PARAMETERS,
    PARTS,
    Z_DIM,
    parameters_from_z,
    render,
)

RESOLUTION = 64


def gaussian(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(seed))


def middle(**changes: float) -> dict[str, torch.Tensor]:
    """One critter with every parameter in the middle of its range, but for the changes."""
    values = {p.name: (p.low + p.high) / 2 for p in PARAMETERS}
    return {name: torch.tensor([value]) for name, value in {**values, **changes}.items()}


def landmark(name: str, **changes: float) -> tuple[float, float]:
    x, y = render(middle(**changes), RESOLUTION).landmarks[0, LANDMARKS.index(name)].tolist()
    return x, y


def extent(name: str) -> tuple[float, float]:
    return next((p.low, p.high) for p in PARAMETERS if p.name == name)


def test_shapes_and_ranges():
    critters = render(parameters_from_z(gaussian(5)), RESOLUTION)
    assert critters.image.shape == (5, 3, RESOLUTION, RESOLUTION)
    assert critters.landmarks.shape == (5, len(LANDMARKS), 2)
    assert critters.mask.dtype == torch.uint8
    assert critters.image.min() >= -1 and critters.image.max() <= 1
    for critter in critters.mask:
        assert critter.unique().tolist() == list(range(len(PARTS)))


def test_parameters_stay_in_their_ranges_whatever_the_length_of_z():
    z = gaussian(200)
    short, long = parameters_from_z(z), parameters_from_z(z * 30)
    for p in PARAMETERS:
        assert p.low <= short[p.name].min() and short[p.name].max() <= p.high
        torch.testing.assert_close(short[p.name], long[p.name], rtol=1e-4, atol=1e-4)


def test_z_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=f"{Z_DIM}"):
        parameters_from_z(torch.zeros(2, Z_DIM + 1))


@pytest.mark.parametrize(
    ("name", "parts"),
    [("left eye", {"eyes"}), ("right eye", {"eyes", "muzzle"}), ("nose", {"nose"})],
)
def test_landmarks_lie_on_their_part(name, parts):
    critters = render(parameters_from_z(gaussian(64)), RESOLUTION)
    places = critters.landmarks[:, LANDMARKS.index(name)].round().long()
    found = critters.mask[torch.arange(64), places[:, 1], places[:, 0]]
    wanted = torch.isin(found, torch.tensor([PARTS.index(p) for p in parts]))
    # A far eye may hide behind the muzzle's edge in a few turned heads.
    assert wanted.float().mean() > 0.95


def test_ear_tips_are_where_the_ears_end():
    critters = render(middle(), 128)
    x, y = critters.landmarks[0, 0].round().long().tolist()
    ears = critters.mask[0] == PARTS.index("ears")
    assert ears[y - 2 : y + 3, x - 2 : x + 3].any()
    assert not ears[: y - 3, :64].any()


@pytest.mark.parametrize(
    ("parameter", "name", "axis", "least"),
    [
        ("yaw", "nose", 0, 10.0),
        ("yaw", "left eye", 0, 5.0),
        ("pitch", "nose", 1, 4.0),
        ("ear_length", "left ear tip", 1, -4.0),
        ("ear_spread", "right ear tip", 0, 1.0),
        ("eye_spacing", "right eye", 0, 1.0),
        ("mouth_open", "chin", 1, 1.5),
        ("mouth_open", "mouth", 1, 1.0),
    ],
)
def test_a_parameter_moves_its_landmark(parameter, name, axis, least):
    low, high = extent(parameter)
    moved = landmark(name, **{parameter: high})[axis] - landmark(name, **{parameter: low})[axis]
    assert moved * (1 if least > 0 else -1) > abs(least)


def test_the_nose_leads_the_eyes_when_the_head_turns():
    nose = landmark("nose", yaw=0.4)[0] - landmark("nose")[0]
    eye = landmark("left eye", yaw=0.4)[0] - landmark("left eye")[0]
    assert nose > eye > 0


def test_yaw_mirrors():
    right, left = (render(middle(yaw=yaw, roll=0.0, light_x=0.0), 32) for yaw in (0.3, -0.3))
    torch.testing.assert_close(right.image, left.image.flip(3), atol=1e-4, rtol=0)


def test_the_picture_scales_with_the_resolution():
    parameters = parameters_from_z(gaussian(4))
    small, large = render(parameters, 64), render(parameters, 128)
    reduced = torch.nn.functional.avg_pool2d(large.image, 2)
    assert (small.image - reduced).abs().mean() < 0.02
    torch.testing.assert_close(small.landmarks, (large.landmarks - 0.5) / 2, atol=1e-4, rtol=0)


def test_a_critter_does_not_depend_on_its_batch():
    z = gaussian(6)
    together = render(parameters_from_z(z), 32).image
    alone = render(parameters_from_z(z[4:5]), 32).image
    torch.testing.assert_close(together[4:5], alone, atol=1e-5, rtol=0)
    assert torch.equal(together, render(parameters_from_z(z), 32).image)


def test_neighbouring_z_are_neighbouring_pictures():
    z = gaussian(8)
    near = render(parameters_from_z(z + 1e-3), 32).image
    assert (near - render(parameters_from_z(z), 32).image).abs().max() < 0.05
