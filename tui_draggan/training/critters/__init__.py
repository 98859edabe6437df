"""Critters: the bundled image domain, drawn by formula, so that every label is known.

A critter is the head of a cat, dog, bear, rabbit or fox on shoulders before a plain background,
drawn in 2.5 D: flat soft-edged shapes whose places come from a turned ellipsoid, so that the face
moves over the head as the head turns. The domain is aligned: the head's centre is fixed and its
size nearly so.

A Gaussian vector and a species are a critter:
`render(parameters_from_z(z, species), resolution)`.
"""

from tui_draggan.training.critters.drawing.canvas import PARTS
from tui_draggan.training.critters.parameters import (
    PARAMETERS,
    SPECIES,
    Z_DIM,
    Parameter,
    Parameters,
    parameters_from_z,
    recoloured,
)
from tui_draggan.training.critters.renderer import LANDMARKS, Render, render, render_parts

__all__ = [
    "LANDMARKS",
    "PARAMETERS",
    "PARTS",
    "SPECIES",
    "Z_DIM",
    "Parameter",
    "Parameters",
    "Render",
    "parameters_from_z",
    "recoloured",
    "render",
    "render_parts",
]
