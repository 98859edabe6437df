"""The colours of critters, chosen in OKLCh: equal steps look equal, so all stay clear and mild.

The matrices are those of Björn Ottosson, "A perceptual color space for image processing" (2020).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.training.critter_pose import Parameters

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


def oklch(lightness: Tensor, chroma: Tensor | float, hue: Tensor | float) -> Tensor:
    """sRGB colour (N, 3) in [0, 1] of OKLCh values.

    lightness: (N,) in [0, 1]; chroma: (N,) or one number, 0 to about 0.3; hue: degrees (0 pink,
    60 orange, 110 yellow, 145 green, 255 blue). What lies outside sRGB is clipped per channel.
    """
    chroma = torch.as_tensor(chroma).expand_as(lightness)
    radians = torch.deg2rad(torch.as_tensor(hue, dtype=lightness.dtype)).expand_as(lightness)
    lab = torch.stack((lightness, chroma * radians.cos(), chroma * radians.sin()), dim=1)
    cones = (lab @ lab.new_tensor(_CONES_FROM_LAB).T) ** 3
    linear = (cones @ lab.new_tensor(_RGB_FROM_CONES).T).clamp(0.0, 1.0)
    return torch.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=1e-8) ** (1 / 2.4) - 0.055
    )


@dataclass(frozen=True)
class Palette:
    """All colours of critters, each (N, 3) sRGB in [0, 1]."""

    sky_top: Tensor
    sky_bottom: Tensor
    coat: Tensor
    coat_shadow: Tensor
    second: Tensor
    second_shadow: Tensor
    patch: Tensor
    inner_ear: Tensor
    line: Tensor
    white: Tensor
    iris: Tensor
    iris_deep: Tensor
    nose: Tensor
    mouth: Tensor
    tongue: Tensor
    blush: Tensor

    @classmethod
    def of(cls, p: Parameters) -> "Palette":
        hue, chroma = p["coat_hue"], p["coat_chroma"]
        # Dark yellow is mud, and lilac fur is pleasant only when pale.
        light = p["coat_light"] + 0.10 * torch.exp(-(((hue - 95.0) / 35.0) ** 2))
        light = light.clamp(max=0.88)
        chroma = chroma * (1.0 - 0.45 * torch.sigmoid((-25.0 - hue) / 10.0))
        second_hue = hue + p["second_hue"]
        one = torch.ones_like(light)
        # Dark ochre skies are dull: those hues are lifted.
        sky_hue = p["background_hue"]
        sky = p["background_light"] + 0.09 * torch.deg2rad(sky_hue - 75.0).cos().clamp(min=0.0)
        return cls(
            sky_top=oklch(sky + 0.05, 0.075, sky_hue),
            sky_bottom=oklch(sky - 0.11, 0.080, sky_hue + 25.0),
            coat=oklch(light + 0.07, chroma, hue),
            coat_shadow=oklch(light - 0.22, chroma * 1.1 + 0.015, hue - 18.0),
            second=oklch(p["second_light"] + 0.02, 0.022, second_hue),
            second_shadow=oklch(p["second_light"] - 0.22, 0.05, second_hue - 20.0),
            patch=oklch(light * 0.58, chroma * 0.8, hue - 10.0),
            inner_ear=oklch(0.55 * light + 0.36, 0.085, 15.0),
            line=oklch(0.20 * one, 0.03, hue),
            white=oklch(0.985 * one, 0.005, 90.0),
            iris=oklch(0.76 * one, 0.15, p["iris_hue"]),
            iris_deep=oklch(0.40 * one, 0.12, p["iris_hue"] - 15.0),
            nose=oklch(0.30 * one, 0.05, 10.0),
            mouth=oklch(0.34 * one, 0.11, 15.0),
            tongue=oklch(0.70 * one, 0.15, 12.0),
            blush=oklch(0.72 * one, 0.15, 10.0),
        )
