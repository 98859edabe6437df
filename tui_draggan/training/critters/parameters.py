"""The numbers that make a critter: what varies within a species, and what tells species apart.

One list of parameters serves all species: a coordinate of z means the same everywhere («long
ears»), its range is the species' own. Traits are constant within a species.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

SPECIES = ("cat", "dog", "bear", "rabbit", "fox")

Parameters = dict[str, Tensor]
"""A critter's numbers by name, each (N,): all PARAMETERS, all TRAITS, and "species" (int64)."""

Range = tuple[float, float]
Layer = Literal["shape", "colour"]


@dataclass(frozen=True)
class Parameter:
    """One number of a critter, uniform within its species' range.

    ranges: one for all species, or one for each in the order of SPECIES. layer: whether it says
    where things are, or what colours they have.
    """

    name: str
    layer: Layer
    meaning: str
    ranges: tuple[Range, ...]

    def of_species(self, species: int) -> Range:
        return self.ranges[species if len(self.ranges) > 1 else 0]


def _shape(name: str, meaning: str, *ranges: Range) -> Parameter:
    return Parameter(name, "shape", meaning, ranges)


def _colour(name: str, meaning: str, *ranges: Range) -> Parameter:
    return Parameter(name, "colour", meaning, ranges)


# Ranges by species: cat, dog, bear, rabbit, fox. Lengths are in picture units (the picture is 2
# wide), angles in radians.
PARAMETERS: tuple[Parameter, ...] = (
    _shape("yaw", "positive turns the face to the picture's right", (-0.5, 0.5)),
    _shape("pitch", "positive looks down", (-0.28, 0.28)),
    _shape("roll", "positive leans clockwise", (-0.12, 0.12)),
    _shape(
        "head_width",
        "half width",
        *((0.62, 0.69), (0.54, 0.61), (0.64, 0.71), (0.52, 0.59), (0.60, 0.67)),
    ),
    _shape(
        "head_height",
        "half height",
        *((0.50, 0.56), (0.54, 0.60), (0.55, 0.61), (0.52, 0.58), (0.50, 0.56)),
    ),
    _shape(
        "tufts",
        "length of the fur that stands off the cheeks",
        *((0.05, 0.17), (0.00, 0.08), (0.00, 0.05), (0.02, 0.09), (0.20, 0.36)),
    ),
    _shape(
        "ear_length",
        "root to tip",
        *((0.40, 0.56), (0.50, 0.70), (0.17, 0.24), (0.54, 0.72), (0.48, 0.66)),
    ),
    _shape(
        "ear_width",
        "half width",
        *((0.20, 0.26), (0.17, 0.23), (0.17, 0.22), (0.12, 0.165), (0.20, 0.26)),
    ),
    _shape(
        "ear_spread",
        "of the root from the top of the head",
        *((0.58, 0.78), (0.70, 0.88), (0.72, 0.90), (0.22, 0.42), (0.52, 0.70)),
    ),
    _shape(
        "ear_lean",
        "of the ear outwards",
        *((0.10, 0.48), (0.50, 1.00), (0.55, 0.85), (0.02, 0.36), (0.08, 0.42)),
    ),
    _shape(
        "ear_fold",
        "by which the ear bends over",
        *((-0.15, 0.25), (1.30, 2.25), (-0.20, 0.20), (-0.10, 0.50), (-0.20, 0.20)),
    ),
    _shape(
        "ear_uneven",
        "its square is by how much more one ear bends; positive the left one",
        *((-0.30, 0.30), (-0.60, 0.60), (-0.20, 0.20), (-1.40, 1.40), (-0.30, 0.30)),
    ),
    _shape(
        "eye_size",
        "half width",
        *((0.150, 0.185), (0.125, 0.155), (0.105, 0.135), (0.130, 0.165), (0.130, 0.160)),
    ),
    _shape(
        "eye_spacing",
        "from the middle of the face",
        *((0.42, 0.52), (0.42, 0.52), (0.42, 0.52), (0.52, 0.64), (0.42, 0.52)),
    ),
    _shape("eye_open", "1 is wide open", (0.55, 1.06)),
    _shape("brow", "positive raises the eyes' outer corners", (-0.13, 0.13)),
    _shape("gaze_x", "positive looks to the picture's right", (-0.9, 0.9)),
    _shape("gaze_y", "positive looks down", (-0.9, 0.9)),
    _shape(
        "muzzle_size",
        "half width",
        *((0.19, 0.24), (0.195, 0.245), (0.21, 0.26), (0.15, 0.19), (0.125, 0.165)),
    ),
    _shape(
        "muzzle_length",
        "by which it stands out from the head, in radii of the head",
        *((0.08, 0.16), (0.20, 0.36), (0.16, 0.28), (0.08, 0.14), (0.34, 0.52)),
    ),
    _shape(
        "nose_size",
        "half width",
        *((0.055, 0.072), (0.095, 0.125), (0.095, 0.125), (0.045, 0.060), (0.062, 0.080)),
    ),
    _shape("mouth_open", "0 is closed", (0.0, 1.0)),
    _shape("smile", "how far the corners of the mouth rise", (0.0, 1.0)),
    _colour("coat", "place on the species' path of coats", (0.0, 1.0)),
    _colour("coat_light", "OKLab lightness from the coat's own", (-0.035, 0.035)),
    _colour("coat_warmth", "OKLab b from the coat's own", (-0.012, 0.018)),
    _colour("pattern", "below 0 a light blaze, above 0 the species' dark markings", (-1.0, 1.0)),
    _colour("pattern_width", "narrow to broad", (0.0, 1.0)),
    _colour("pattern_side", "which side has more of the markings", (-1.0, 1.0)),
    _colour("iris", "place on the species' path of eye colours", (0.0, 1.0)),
    _colour("nose_tone", "pink to dark", (0.0, 1.0)),
    _colour("background_hue", "OKLCh degrees", (0.0, 360.0)),
    _colour("background_light", "OKLCh lightness", (0.70, 0.90)),
    _colour("light_x", "where the light comes from; positive from the right", (-0.8, 0.8)),
    _colour("blush", "opacity of the pink on the cheeks", (0.0, 0.5)),
)
Z_DIM = len(PARAMETERS)

TRAITS: dict[str, tuple[float, ...]] = {
    # The head's outline: how much wider it is at the chin's height, and where it is widest.
    "jowls": (0.06, 0.12, 0.14, 0.14, -0.22),
    "head_square": (0.06, 0.10, 0.08, 0.00, -0.10),
    # Ears: radius at root and tip in ear widths, thickness of the middle, where they bend.
    "ear_root": (1.00, 0.55, 1.00, 0.60, 1.00),
    "ear_tip": (0.10, 0.52, 0.82, 0.34, 0.08),
    "ear_bulge": (0.10, 0.42, 0.06, 0.50, 0.16),
    "ear_bend": (0.50, 0.22, 0.50, 0.50, 0.50),
    "ear_front": (0.0, 1.0, 0.0, 0.0, 0.0),
    "ear_inside": (0.90, 0.0, 0.85, 0.95, 0.95),
    "ear_dip": (0.55, 0.00, 0.00, 0.45, 0.42),
    "ear_dip_gain": (0.35, 0.90, 0.90, 0.45, 1.00),
    # Eyes: height over width, sharpness of the corners, tilt, iris and pupil in eye heights.
    "eye_height": (1.04, 1.10, 1.10, 1.16, 0.98),
    "eye_corner": (0.35, 0.10, 0.02, 0.05, 0.42),
    "eye_tilt": (0.16, -0.06, 0.00, 0.06, 0.24),
    "eye_level": (0.00, -0.08, -0.04, -0.02, -0.02),
    "iris_size": (0.96, 0.84, 0.92, 0.92, 0.92),
    "pupil_width": (0.34, 0.52, 0.56, 0.58, 0.34),
    "pupil_height": (0.66, 0.56, 0.58, 0.62, 0.60),
    # Muzzle: height over width, how far the cheek pads stand apart, bridge in the coat's colour.
    "muzzle_height": (0.66, 0.80, 0.80, 0.78, 0.86),
    "muzzle_level": (0.36, 0.28, 0.28, 0.36, 0.30),
    "muzzle_root": (0.85, 0.80, 0.95, 0.85, 1.10),
    "pads": (0.44, 0.34, 0.10, 0.44, 0.20),
    "bridge": (0.00, 0.45, 0.00, 0.00, 1.00),
    "nose_height": (0.70, 0.74, 0.68, 0.74, 0.78),
    "nose_pink": (1.0, 0.0, 0.0, 1.3, 0.0),
    "nostrils": (0.0, 1.0, 0.9, 0.0, 0.3),
    "mouth_width": (0.60, 0.62, 0.48, 0.50, 0.80),
    "mouth_depth": (0.155, 0.190, 0.150, 0.125, 0.150),
    "tongue": (0.0, 1.0, 0.25, 0.0, 0.25),
    "teeth": (0.0, 0.0, 0.0, 1.0, 0.0),
    "whiskers": (1.0, 0.0, 0.0, 0.65, 0.55),
    # Markings: opacities of what `coat` can draw.
    "white_cheeks": (0.0, 0.0, 0.0, 0.0, 1.0),
    "white_mask": (0.25, 0.35, 0.0, 0.35, 0.0),
    "blaze": (1.0, 1.0, 0.0, 1.0, 0.35),
    "stripes": (1.0, 0.0, 0.0, 0.0, 0.0),
    "patches": (0.0, 1.0, 0.6, 0.55, 0.0),
    "patches_always": (0.0, 0.0, 0.85, 0.0, 0.0),
    "one_sided": (0.0, 1.0, 0.0, 0.0, 0.0),
    "dark_body": (0.0, 0.0, 1.0, 0.0, 0.0),
    "shoulders": (0.56, 0.62, 0.74, 0.52, 0.56),
}
"""Numbers that only the species decides, in the order of SPECIES."""


def parameters_from_z(z: Tensor, species: Tensor) -> Parameters:
    """Parameters of any vectors z (N, Z_DIM), each within the range of its species (N,) int64.

    z is normalised by its second moment, as StyleGAN's mapping network does, so its length says
    nothing; each coordinate then goes through the normal distribution function to its range.
    """
    if z.ndim != 2 or z.shape[1] != Z_DIM:
        raise ValueError(f"z must have shape (N, {Z_DIM}), not {tuple(z.shape)}")
    if species.shape != z.shape[:1]:
        raise ValueError(f"species must have shape ({len(z)},), not {tuple(species.shape)}")
    z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    every = range(len(SPECIES))
    ranges = z.new_tensor([[p.of_species(s) for p in PARAMETERS] for s in every])[species]
    values = torch.lerp(ranges[:, :, 0], ranges[:, :, 1], torch.special.ndtr(z))
    traits = z.new_tensor(list(TRAITS.values()))[:, species]
    return {
        "species": species,
        **{p.name: values[:, i] for i, p in enumerate(PARAMETERS)},
        **{name: traits[i] for i, name in enumerate(TRAITS)},
    }


def recoloured(parameters: Parameters, colours: Parameters) -> Parameters:
    """The critters of `parameters` in the colours, and the light, of other ones."""
    names = (p.name for p in PARAMETERS if p.layer == "colour")
    return parameters | {name: colours[name] for name in names}
