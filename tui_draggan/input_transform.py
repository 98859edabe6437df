"""StyleGAN3's picture shifted and turned as a whole, in closed form.

The network's first map is made of plane waves at places that are shifted against (x, y) and turned
by (cos, sin); an affine layer takes these four numbers from row 0 of w+, which goes nowhere else
(Karras et al., "Alias-Free Generative Adversarial Networks", 2021, section 3.2 and appendix C.2).
So a shift or a turn of the picture is four other numbers, and the least change of row 0 that gives
them: the pseudo-inverse of the affine layer. What the layers after it make of the waves moves
along, up to the border.

Coordinates here: the picture's side is 1, its middle the origin, x to the right and y down.
"""

from __future__ import annotations

import base64
import cmath
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats

Exact = NDArray[np.float64]
INDEPENDENT = 1e-4
"""Share of the greatest singular value of the affine layer that the least one must have: an
untrained layer gives every w the same four numbers."""


@dataclass(frozen=True, eq=False)
class InputTransform:
    """How row 0 of w+ gives the input's shift and turn."""

    weight: Exact
    """(4, w_dim)"""
    bias: Exact
    """(4,)"""

    @classmethod
    def decoded(cls, text: str, w_dim: int) -> InputTransform | None:
        """From what `encoded` gave; None where that is another model's, or can give no other
        numbers than it does."""
        numbers = np.frombuffer(base64.b64decode(text), np.uint8)
        if numbers.size != 16 * (w_dim + 1):
            return None
        weight, bias = np.split(numbers.view("<f4").astype(np.float64), [4 * w_dim])
        found = cls(weight.reshape(4, w_dim), bias)
        return found if found._is_independent else None

    @staticmethod
    def encoded(weight: Floats, bias: Floats) -> str:
        """weight (4, w_dim), bias (4,) → base64 of float32, little-endian."""
        numbers = np.concatenate([weight.ravel(), bias]).astype("<f4")
        return base64.b64encode(numbers.tobytes()).decode()

    def moved(self, w: Floats, x: float, y: float, degrees: float) -> Floats:
        """Row 0 (w_dim,) → that of the picture turned clockwise about its middle, then shifted."""
        direction, shift, length = self._pose(w)
        turn = _turn(degrees)
        # The place p of the new picture shows what was at (p − (x, y)) / turn.
        return self._at(w, direction / turn, shift * turn + complex(x, y), length)

    def moved_back(self, w: Floats, x: float, y: float, degrees: float) -> Floats:
        """The inverse of `moved`."""
        direction, shift, length = self._pose(w)
        turn = _turn(degrees)
        return self._at(w, direction * turn, (shift - complex(x, y)) / turn, length)

    def _pose(self, w: Floats) -> tuple[complex, complex, float]:
        """cos + i·sin, x + i·y, and the length by which the four numbers are divided."""
        cos, sin, x, y = self.weight @ w.astype(np.float64) + self.bias
        length = float(np.hypot(cos, sin))
        return complex(cos, sin) / length, complex(x, y) / length, length

    def _at(self, w: Floats, direction: complex, shift: complex, length: float) -> Floats:
        """The w nearest to `w` with that pose and length."""
        wanted = length * np.array([direction.real, direction.imag, shift.real, shift.imag])
        start = w.astype(np.float64)
        change = self._inverse @ (wanted - self.bias - self.weight @ start)
        return (start + change).astype(np.float32)

    @cached_property
    def _inverse(self) -> Exact:
        """(w_dim, 4)"""
        return np.asarray(np.linalg.pinv(self.weight), np.float64)

    @property
    def _is_independent(self) -> bool:
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            return False
        singular = np.linalg.svd(self.weight, compute_uv=False)
        return len(singular) == 4 and bool(singular[-1] > INDEPENDENT * singular[0])


def _turn(degrees: float) -> complex:
    """A turn of the plane x + i·y, as a factor; clockwise, since y points down."""
    return cmath.exp(1j * math.radians(degrees))
