"""The colours of critters: paths through natural coats, and the light they stand in.

Colours are chosen in OKLab, where equal steps look equal. The matrices are those of Björn
Ottosson, "A perceptual color space for image processing" (2020).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critters.parameters import Parameters

Lch = tuple[float, float, float]
"""OKLCh: lightness 0 to 1, chroma 0 to about 0.3, hue in degrees (0 pink, 60 orange, 110 yellow,
145 green, 255 blue)."""
Path = tuple[tuple[Lch, ...], ...]
"""Colours to be passed one after the other, some together at every stop."""

# OKLab → cube roots of the cone responses, and cone responses → linear sRGB.
_CONES_FROM_LAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_RGB_FROM_CONES = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)

# A coat is four colours: fur, what is light on it (muzzle, bib, blaze), what is dark on it
# (stripes, patches), and the ears' tips. A species' path leads through six coats.
_CAT: Path = (
    ((0.95, 0.018, 85), (0.985, 0.006, 90), (0.80, 0.070, 70), (0.90, 0.035, 75)),
    ((0.84, 0.085, 72), (0.970, 0.020, 85), (0.68, 0.125, 58), (0.76, 0.105, 65)),
    ((0.74, 0.135, 58), (0.955, 0.028, 80), (0.56, 0.145, 47), (0.66, 0.140, 53)),
    ((0.58, 0.062, 62), (0.890, 0.034, 80), (0.33, 0.042, 52), (0.47, 0.055, 58)),
    ((0.72, 0.014, 240), (0.960, 0.006, 240), (0.42, 0.016, 260), (0.62, 0.015, 250)),
    ((0.37, 0.016, 265), (0.940, 0.006, 260), (0.24, 0.014, 270), (0.33, 0.016, 265)),
)
_DOG: Path = (
    ((0.93, 0.032, 85), (0.980, 0.010, 90), (0.62, 0.090, 58), (0.76, 0.085, 68)),
    ((0.82, 0.090, 76), (0.965, 0.022, 85), (0.56, 0.095, 55), (0.67, 0.105, 64)),
    ((0.68, 0.112, 60), (0.955, 0.022, 82), (0.40, 0.070, 48), (0.50, 0.092, 52)),
    ((0.46, 0.066, 50), (0.920, 0.028, 78), (0.28, 0.040, 42), (0.35, 0.054, 46)),
    ((0.62, 0.014, 250), (0.970, 0.005, 250), (0.34, 0.016, 262), (0.42, 0.016, 258)),
    ((0.34, 0.012, 280), (0.950, 0.008, 85), (0.22, 0.010, 280), (0.25, 0.010, 280)),
)
_BEAR: Path = (
    ((0.36, 0.040, 48), (0.740, 0.062, 66), (0.24, 0.028, 42), (0.30, 0.034, 45)),
    ((0.50, 0.078, 53), (0.820, 0.062, 70), (0.38, 0.066, 48), (0.42, 0.070, 50)),
    ((0.64, 0.100, 62), (0.880, 0.058, 76), (0.52, 0.094, 56), (0.55, 0.096, 58)),
    ((0.79, 0.094, 74), (0.940, 0.040, 84), (0.69, 0.102, 68), (0.70, 0.100, 70)),
    ((0.95, 0.014, 90), (0.985, 0.006, 90), (0.88, 0.020, 80), (0.90, 0.018, 85)),
    ((0.95, 0.006, 90), (0.985, 0.004, 90), (0.27, 0.012, 275), (0.26, 0.012, 275)),
)
_RABBIT: Path = (
    ((0.97, 0.006, 85), (0.990, 0.004, 90), (0.86, 0.018, 70), (0.93, 0.010, 80)),
    ((0.87, 0.050, 76), (0.975, 0.014, 86), (0.70, 0.075, 64), (0.78, 0.064, 68)),
    ((0.74, 0.092, 66), (0.960, 0.022, 82), (0.55, 0.092, 55), (0.62, 0.094, 58)),
    ((0.57, 0.052, 60), (0.920, 0.026, 80), (0.38, 0.040, 52), (0.44, 0.044, 55)),
    ((0.70, 0.018, 250), (0.960, 0.006, 250), (0.48, 0.020, 258), (0.56, 0.019, 255)),
    ((0.42, 0.018, 262), (0.950, 0.006, 260), (0.28, 0.014, 268), (0.34, 0.016, 265)),
)
_FOX: Path = (
    ((0.53, 0.135, 38), (0.955, 0.016, 75), (0.30, 0.060, 34), (0.20, 0.016, 38)),
    ((0.61, 0.158, 43), (0.965, 0.015, 77), (0.36, 0.080, 37), (0.22, 0.020, 39)),
    ((0.65, 0.165, 46), (0.975, 0.014, 80), (0.40, 0.085, 40), (0.23, 0.022, 40)),
    ((0.72, 0.155, 55), (0.980, 0.012, 84), (0.46, 0.090, 45), (0.26, 0.028, 42)),
    ((0.81, 0.115, 70), (0.980, 0.012, 86), (0.50, 0.080, 52), (0.30, 0.034, 48)),
    ((0.94, 0.010, 235), (0.990, 0.003, 240), (0.74, 0.020, 250), (0.50, 0.022, 255)),
)
_COATS = (_CAT, _DOG, _BEAR, _RABBIT, _FOX)

# A path of four eye colours for each species.
_IRISES: tuple[Path, ...] = (
    (((0.72, 0.120, 225),), ((0.78, 0.150, 145),), ((0.85, 0.150, 112),), ((0.74, 0.150, 68),)),
    (((0.76, 0.080, 235),), ((0.40, 0.070, 50),), ((0.50, 0.095, 55),), ((0.64, 0.120, 66),)),
    (((0.32, 0.040, 45),), ((0.38, 0.060, 48),), ((0.46, 0.085, 52),), ((0.54, 0.105, 58),)),
    (((0.68, 0.070, 240),), ((0.36, 0.050, 40),), ((0.44, 0.085, 45),), ((0.56, 0.110, 60),)),
    (((0.72, 0.140, 120),), ((0.80, 0.150, 88),), ((0.74, 0.150, 70),), ((0.60, 0.130, 52),)),
)


def rgb_from_lab(lab: Tensor) -> Tensor:
    """sRGB colour (…, 3) in [0, 1] of OKLab (…, 3); what lies outside is clipped per channel."""
    cones = (lab @ lab.new_tensor(_CONES_FROM_LAB).T) ** 3
    linear = (cones @ lab.new_tensor(_RGB_FROM_CONES).T).clamp(0.0, 1.0)
    return torch.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=1e-8) ** (1 / 2.4) - 0.055
    )


def lab_from_lch(lch: Lch) -> Lch:
    lightness, chroma, hue = lch
    return lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))


def oklch(lightness: Tensor, chroma: Tensor | float, hue: Tensor | float) -> Tensor:
    """sRGB colour (N, 3) in [0, 1] of OKLCh values, each (N,) or one number; hue in degrees."""
    chroma = torch.as_tensor(chroma, device=lightness.device).expand_as(lightness)
    hue = torch.as_tensor(hue, dtype=lightness.dtype, device=lightness.device)
    radians = torch.deg2rad(hue).expand_as(lightness)
    lab = torch.stack((lightness, chroma * radians.cos(), chroma * radians.sin()), dim=1)
    return rgb_from_lab(lab)


@dataclass(frozen=True)
class Palette:
    """All colours of critters, each (N, 3) sRGB in [0, 1].

    shadow is what fur is multiplied by where no light reaches it.
    """

    sky_top: Tensor
    sky_bottom: Tensor
    sky_disc: Tensor
    coat: Tensor
    light: Tensor
    dark: Tensor
    ear: Tensor
    inner_ear: Tensor
    shadow: Tensor
    rim: Tensor
    line: Tensor
    white: Tensor
    iris: Tensor
    iris_deep: Tensor
    iris_glow: Tensor
    nose: Tensor
    nose_shine: Tensor
    mouth: Tensor
    tongue: Tensor
    scarf: Tensor
    blush: Tensor

    @classmethod
    def of(cls, p: Parameters) -> "Palette":
        coats = _along(_COATS, p["coat"], p["species"])  # (N, 4, 3)
        shift = torch.stack((p["coat_light"], 0.3 * p["coat_warmth"], p["coat_warmth"]), dim=1)
        coats = coats + shift[:, None] * coats.new_tensor((1.0, 0.25, 1.0, 1.0))[:, None]
        coat, light, dark, ear = rgb_from_lab(coats).unbind(1)
        iris = _along(_IRISES, p["iris"], p["species"])[:, 0]
        one = torch.ones_like(p["coat"])
        # Dark ochre skies are dull: those hues are lifted.
        hue = p["background_hue"]
        sky = p["background_light"] + 0.07 * torch.deg2rad(hue - 85.0).cos().clamp(min=0.0)
        pink = (p["nose_pink"] * (1.0 - 0.75 * p["nose_tone"])).clamp(0.0, 1.0)
        lightness = coats[:, 0, 0]
        return cls(
            sky_top=oklch(sky + 0.02, 0.062, hue),
            sky_bottom=oklch(sky - 0.13, 0.078, hue + 22.0),
            sky_disc=oklch(sky + 0.10, 0.050, hue - 14.0),
            coat=coat,
            light=light,
            dark=dark,
            ear=ear,
            inner_ear=oklch(0.42 + 0.40 * lightness, 0.075 + 0.015 * lightness, 22.0),
            shadow=oklch(0.66 * one, 0.040, 330.0),
            rim=oklch(0.97 * one, 0.03, hue),
            line=oklch(0.19 * one, 0.02, 40.0),
            white=oklch(0.985 * one, 0.005, 90.0),
            iris=rgb_from_lab(iris),
            iris_deep=rgb_from_lab(iris * iris.new_tensor((0.50, 0.80, 0.80))),
            iris_glow=rgb_from_lab(
                iris * iris.new_tensor((1.0, 1.05, 1.05)) + iris.new_tensor((0.13, 0.0, 0.01))
            ),
            nose=oklch(0.24 + 0.46 * pink, 0.012 + 0.085 * pink, 18.0),
            nose_shine=oklch(0.62 + 0.30 * pink, 0.015 + 0.03 * pink, 25.0),
            mouth=oklch(0.30 * one, 0.085, 18.0),
            tongue=oklch(0.72 * one, 0.140, 14.0),
            scarf=oklch(0.66 - 0.06 * torch.deg2rad(hue + 100.0).cos(), 0.125, hue + 150.0),
            blush=oklch(0.74 * one, 0.140, 22.0),
        )


def _along(paths: tuple[Path, ...], place: Tensor, species: Tensor) -> Tensor:
    """OKLab colours (N, M, 3) at `place` (N,) in [0, 1] on the paths of species (N,)."""
    labs = [[[lab_from_lch(c) for c in stop] for stop in path] for path in paths]
    table = torch.tensor(labs, dtype=place.dtype, device=place.device)
    last = table.shape[1] - 1
    first = (place * last).floor().clamp(max=last - 1).long()
    share = (place * last - first)[:, None, None]
    return torch.lerp(table[species, first], table[species, first + 1], share)


def lit(fur: Tensor, light: Tensor, colours: Palette) -> Tensor:
    """Fur (N, 3) or (N, 3, H, W) under light (N, H, W), 0 none, 1 full."""
    if fur.ndim == 2:
        fur = fur[:, :, None, None]
    shadow = colours.shadow[:, :, None, None]
    return fur * torch.lerp(shadow, torch.full_like(shadow, 1.05), light[:, None])
