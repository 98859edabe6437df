"""Adam (Kingma and Ba, ICLR 2015, algorithm 1), in numpy and in place."""

from __future__ import annotations

import math

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


class WhitenedAdam:
    """Adam in whitened coordinates: rows (R, w_dim) are their start + u·B, with B (k, w_dim).

    One second moment, the gradient's mean square, serves all of u, where Adam has one for each of
    its numbers: with those, every direction in which w varies would move as far as the few that
    the points ask for. So u takes about the shortest way, in standard deviations of w, and the
    rest of the picture stays likelier to be one of the model's.
    """

    def __init__(self, start: Floats, basis: Floats) -> None:
        self._start, self._basis = np.array(start, np.float32), basis
        self._u = np.zeros((len(start), len(basis)), np.float32)
        self._mean = np.zeros_like(self._u)
        self._square = 0.0
        self._steps = 0

    def updated(self, gradient: Floats, learning_rate: float) -> Floats:
        """The rows after a step, by the gradient (R, w_dim) by the rows."""
        self._steps += 1
        with np.errstate(over="ignore", invalid="ignore"):
            by_u = gradient @ self._basis.T
            self._mean += (1 - BETA1) * (by_u - self._mean)
            square = float(np.square(by_u).sum()) / len(self._basis)
            self._square += (1 - BETA2) * (square - self._square)
            length = math.sqrt(self._square / (1 - BETA2**self._steps)) + EPSILON
            self._u -= learning_rate / (1 - BETA1**self._steps) / length * self._mean
            rows: Floats = self._start + self._u @ self._basis
        return rows


class AdamLatent:
    """The half of a `LatentOptimizer` that numpy computes: latent, moments, update.

    Subclasses compute the gradient by the latent; they set it, and `gradient_is_new`.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.begin(np.zeros(shape, np.float32))

    def prepare(self) -> None:
        """As in `LatentOptimizer`; nothing where everything is there."""

    def begin(self, latent: Floats, basis: Floats | None = None) -> None:
        self.latent = np.array(latent, np.float32)
        self.gradient: Floats = np.zeros_like(self.latent)
        self.gradient_is_new = False
        self._adam = Adam(self.latent.shape)
        self._whitened = None if basis is None else WhitenedAdam(self.latent, basis)

    def update(self, learning_rate: float) -> None:
        if self._whitened is None:
            self._adam.update(self.latent, self.gradient, learning_rate)
        else:
            self.latent = self._whitened.updated(self.gradient, learning_rate)
        self.gradient_is_new = False
