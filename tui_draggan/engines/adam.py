"""Adam (Kingma and Ba, ICLR 2015, algorithm 1), in numpy and in place."""

from __future__ import annotations

import numpy as np

from tui_draggan.arrays import Floats

BETA1, BETA2 = 0.9, 0.999
EPSILON = 1e-8


class Adam:
    """First and second moment of one parameter of that shape, zero at first."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._mean = np.zeros(shape, np.float32)
        self._square = np.zeros(shape, np.float32)
        self._work = np.empty(shape, np.float32)
        self._steps = 0

    def update(self, parameter: Floats, gradient: Floats, learning_rate: float) -> None:
        """parameter −= learning_rate · m̂ / (√v̂ + ε). What overflows becomes inf or nan."""
        self._steps += 1
        mean, square, work = self._mean, self._square, self._work
        with np.errstate(over="ignore", invalid="ignore"):
            mean *= BETA1
            mean += np.multiply(gradient, 1 - BETA1, out=work)
            square *= BETA2
            np.multiply(gradient, gradient, out=work)
            work *= 1 - BETA2
            square += work
            np.divide(square, 1 - BETA2**self._steps, out=work)
            np.sqrt(work, out=work)
            work += EPSILON
            np.divide(mean, work, out=work)
            work *= learning_rate / (1 - BETA1**self._steps)
            parameter -= work


class AdamLatent:
    """The half of a `LatentOptimizer` that numpy computes: latent, moments, update.

    Subclasses compute the gradient; they set it, and `gradient_is_new`.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.begin(np.zeros(shape, np.float32))

    def begin(self, latent: Floats) -> None:
        self.latent = np.array(latent, np.float32)
        self.gradient: Floats = np.zeros_like(self.latent)
        self.gradient_is_new = False
        self._adam = Adam(self.latent.shape)

    def update(self, learning_rate: float) -> None:
        self._adam.update(self.latent, self.gradient, learning_rate)
        self.gradient_is_new = False
