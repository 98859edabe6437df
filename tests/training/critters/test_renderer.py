"""The renderer: its labels lie where they say, its parameters and species do what they say."""

import math

import pytest
import torch

from tui_draggan.training.critters import (
    LANDMARKS,
    PARAMETERS,
    PARTS,
    SPECIES,
    Z_DIM,
    Render,
    parameters_from_z,
    recoloured,
    render,
)

pytestmark = pytest.mark.slow

RESOLUTION = 64
SYMMETRIC = {"roll": 0.0, "light_x": 0.0, "gaze_x": 0.0, "ear_uneven": 0.0, "pattern_side": 0.0}


def gaussian(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(seed))


def mixed(count: int) -> torch.Tensor:
    """Species one after the other."""
    return torch.arange(count) % len(SPECIES)


def middle(species: str, **changes: float) -> dict[str, torch.Tensor]:
    """One critter with every parameter in the middle of its range, but for the changes."""
    values = parameters_from_z(torch.zeros(1, Z_DIM), torch.tensor([SPECIES.index(species)]))
    assert changes.keys() <= values.keys()
    return values | {name: torch.tensor([value]) for name, value in changes.items()}


def place(drawn: Render, name: str, critter: int = 0) -> tuple[float, float]:
    x, y = drawn.landmarks[critter, LANDMARKS.index(name)].tolist()
    return x, y


def landmark(species: str, name: str, **changes: float) -> tuple[float, float]:
    return place(render(middle(species, **changes), RESOLUTION), name)


def extent(name: str, species: str) -> tuple[float, float]:
    return next(p for p in PARAMETERS if p.name == name).of_species(SPECIES.index(species))


@pytest.fixture(scope="module")
def hundred() -> Render:
    """A hundred critters of all species at 128 px."""
    return render(parameters_from_z(gaussian(100), mixed(100)), 128)


def test_shapes_and_ranges() -> None:
    critters = render(parameters_from_z(gaussian(10), mixed(10)), RESOLUTION)
    assert critters.image.shape == (10, 3, RESOLUTION, RESOLUTION)
    assert critters.landmarks.shape == (10, len(LANDMARKS), 2)
    assert critters.mask.dtype == torch.uint8
    assert critters.image.min() >= -1 and critters.image.max() <= 1
    for critter in critters.mask:
        assert critter.unique().tolist() == list(range(len(PARTS)))


def test_parameters_stay_in_their_ranges_whatever_the_length_of_z() -> None:
    z, species = gaussian(200), mixed(200)
    short, long = parameters_from_z(z, species), parameters_from_z(z * 30, species)
    for p in PARAMETERS:
        low, high = torch.tensor([p.of_species(int(s)) for s in species]).unbind(1)
        assert (low <= short[p.name]).all() and (short[p.name] <= high).all()
        torch.testing.assert_close(short[p.name], long[p.name], rtol=1e-4, atol=1e-4)


def test_z_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{Z_DIM}"):
        parameters_from_z(torch.zeros(2, Z_DIM + 1), mixed(2))
    with pytest.raises(ValueError, match="species"):
        parameters_from_z(torch.zeros(2, Z_DIM), mixed(3))


@pytest.mark.parametrize(
    ("name", "parts", "share"),
    [
        # A far eye may hide behind the muzzle in a few turned heads.
        ("left eye", {"eyes"}, 0.9),
        ("right eye", {"eyes"}, 0.9),
        ("nose", {"nose"}, 1.0),
        ("mouth", {"mouth"}, 0.97),
        # A pointed tip may be narrower than a pixel.
        ("left ear tip", {"ears"}, 0.9),
        ("right ear tip", {"ears"}, 0.9),
    ],
)
def test_landmarks_lie_on_their_part(
    hundred: Render, name: str, parts: set[str], share: float
) -> None:
    places = hundred.landmarks[:, LANDMARKS.index(name)].round().long()
    inside = ((places >= 0) & (places < 128)).all(1)
    assert inside.float().mean() > 0.97
    x, y = places.clamp(0, 127).unbind(1)
    found = hundred.mask[torch.arange(100), y, x]
    wanted = torch.isin(found, torch.tensor([PARTS.index(p) for p in parts]))
    assert wanted[inside].float().mean() >= share


@pytest.mark.parametrize("species", ["cat", "bear", "rabbit", "fox"])
def test_upright_ears_end_at_their_tips(species: str) -> None:
    critter = render(middle(species), 128)
    x, y = (round(value) for value in place(critter, "left ear tip"))
    ears = critter.mask[0] == PARTS.index("ears")
    assert ears[y - 2 : y + 3, x - 2 : x + 3].any()
    assert not ears[: max(y - 6, 0), :64].any()


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize(
    ("parameter", "name", "axis", "least"),
    [
        ("yaw", "nose", 0, 10.0),
        ("yaw", "left eye", 0, 5.0),
        ("pitch", "nose", 1, 4.0),
        ("ear_spread", "right ear tip", 0, 1.0),
        ("eye_spacing", "right eye", 0, 1.0),
        ("mouth_open", "chin", 1, 1.5),
        ("mouth_open", "mouth", 1, 1.0),
    ],
)
def test_a_parameter_moves_its_landmark(
    species: str, parameter: str, name: str, axis: int, least: float
) -> None:
    low, high = (
        landmark(species, name, **{parameter: value})[axis] for value in extent(parameter, species)
    )
    assert high - low > least


@pytest.mark.parametrize("species", SPECIES)
def test_longer_ears_end_further_from_the_head(species: str) -> None:
    def length(ear_length: float) -> float:
        drawn = render(middle(species, ear_length=ear_length), RESOLUTION)
        tip, base = place(drawn, "left ear tip"), place(drawn, "left ear base")
        return math.dist(tip, base)

    low, high = extent("ear_length", species)
    assert length(high) > length(low) + 1.0


def test_the_nose_leads_the_eyes_when_the_head_turns() -> None:
    for species in SPECIES:
        nose = landmark(species, "nose", yaw=0.4)[0] - landmark(species, "nose")[0]
        eye = landmark(species, "left eye", yaw=0.4)[0] - landmark(species, "left eye")[0]
        assert nose > eye > 0


def test_ears_are_those_of_the_species() -> None:
    tips = {species: landmark(species, "left ear tip") for species in SPECIES}
    bases = {species: landmark(species, "left ear base") for species in SPECIES}
    lengths = {species: bases[species][1] - tips[species][1] for species in SPECIES}
    assert lengths["dog"] < 0  # they hang
    assert lengths["rabbit"] > lengths["fox"] > lengths["cat"] > lengths["bear"] > 0


def test_a_fox_has_dark_ear_tips_and_white_cheeks() -> None:
    fox = render(middle("fox", coat=0.4), 128)
    light = fox.image[0].mean(0)
    x, y = (round(value) for value in place(fox, "left ear tip"))
    assert light[y, x] < -0.4
    x, y = (round(value) for value in place(fox, "chin"))
    assert light[y - 4, x - 20] > 0.4


def test_the_same_z_is_another_picture_in_every_species() -> None:
    z = gaussian(1).expand(len(SPECIES), -1)
    image = render(parameters_from_z(z, mixed(len(SPECIES))), RESOLUTION).image
    for a in range(len(SPECIES)):
        for b in range(a):
            assert (image[a] - image[b]).abs().mean() > 0.08


@pytest.mark.parametrize("species", SPECIES)
def test_yaw_mirrors(species: str) -> None:
    right, left = (render(middle(species, yaw=yaw, **SYMMETRIC), 32) for yaw in (0.3, -0.3))
    torch.testing.assert_close(right.image, left.image.flip(3), atol=2e-4, rtol=0)


def test_the_picture_scales_with_the_resolution() -> None:
    parameters = parameters_from_z(gaussian(5), mixed(5))
    small, large = render(parameters, 64), render(parameters, 128)
    reduced = torch.nn.functional.avg_pool2d(large.image, 2)
    assert (small.image - reduced).abs().mean() < 0.02
    torch.testing.assert_close(small.landmarks, (large.landmarks - 0.5) / 2, atol=1e-4, rtol=0)


def test_a_critter_does_not_depend_on_its_batch() -> None:
    z, species = gaussian(6), mixed(6)
    together = render(parameters_from_z(z, species), 32).image
    alone = render(parameters_from_z(z[4:5], species[4:5]), 32).image
    torch.testing.assert_close(together[4:5], alone, atol=1e-5, rtol=0)
    assert torch.equal(together, render(parameters_from_z(z, species), 32).image)


@pytest.mark.parametrize("parameter", [p.name for p in PARAMETERS])
def test_neighbouring_parameters_are_neighbouring_pictures(parameter: str) -> None:
    """Nothing jumps: half a step changes the picture by about half as much."""
    for species in SPECIES:
        low, high = extent(parameter, species)
        steps = torch.linspace(low, high, 41)
        still = middle(species, pattern=0.6)
        critters = {name: value.expand(41) for name, value in still.items()}
        image = render(critters | {parameter: steps}, 32).image
        fine, coarse = ((image[gap:] - image[:-gap]).abs().mean((1, 2, 3)).max() for gap in (1, 2))
        assert fine <= 0.75 * coarse + 1e-6


def test_colours_of_another_leave_every_part_where_it_is() -> None:
    species = mixed(5)
    own, other = (parameters_from_z(gaussian(5, seed), species) for seed in (0, 1))
    before, after = render(own, 64), render(recoloured(own, other), 64)
    assert torch.equal(before.mask, after.mask)
    assert torch.equal(before.landmarks, after.landmarks)
    assert (before.image - after.image).abs().mean() > 0.1
