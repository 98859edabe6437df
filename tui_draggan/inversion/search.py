"""The search for a latent, step by step, in whitened coordinates of W.

w = centre + u·B: a row of B is a principal direction of w as long as w's standard deviation along
it (`latent_statistics`). To Adam, which takes steps of one size in every coordinate, all directions
are then as long as they should be, which is worth more than anything else a search can do (Zhu et
al., "Improved StyleGAN Embedding: Where are the Good Latents?", 2020).

Symbols: L rows of w+, k rows of B.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.engines.adam import Adam
from tui_draggan.inversion.recipe import Recipe, Stage
from tui_draggan.inversion.starts import Start


class Search:
    """One stage after the other. `ws` is to be compared with the photograph; `update` takes the
    gradient of that, and moves on."""

    def __init__(self, start: Start, rows: int, recipe: Recipe) -> None:
        """rows: L."""
        self.start = start
        self._basis, self._rows = start.basis, rows
        self._recipe = recipe
        self._stages = list(recipe.stages)
        self._u = np.zeros((1, len(start.basis)), np.float32)
        self.steps = 0
        """Updates so far, of all stages."""
        self._begin_stage()

    @property
    def stage(self) -> Stage | None:
        """The stage of the next update; None at the end."""
        return self._stages[0] if self._stages else None

    @property
    def ws(self) -> Floats:
        """(L, w_dim)"""
        found = self.start.centre + self._u @ self._basis
        return np.ascontiguousarray(np.broadcast_to(found, (self._rows, found.shape[1])))

    @property
    def penalty(self) -> float:
        """What prior and pull add to the loss."""
        apart = self._u - self._u.mean(axis=0)
        prior = self._recipe.prior * float(np.square(self._u).mean())
        return prior + self._recipe.spread * float(np.square(apart).mean())

    def update(self, gradient: Floats) -> None:
        """One step with the loss's gradient (L, w_dim) at `ws`. What overflows becomes inf or
        nan."""
        stage = self._stages[0]
        by_u = gradient @ self._basis.T
        if not stage.w_plus:
            by_u = by_u.sum(axis=0, keepdims=True)
        self._adam.update(self._u, by_u + self._penalty_gradient(), stage.rate_at(self._step))
        self._step += 1
        self.steps += 1
        if self._step == stage.steps:
            self._stages.pop(0)
            self._begin_stage()

    def _penalty_gradient(self) -> Floats:
        apart = self._u - self._u.mean(axis=0)
        prior, spread = self._recipe.prior, self._recipe.spread
        pull: Floats = (2 / self._u.size) * (prior * self._u + spread * apart)
        return pull.astype(np.float32)

    def _begin_stage(self) -> None:
        """Each stage has moments of its own: in W+ the gradient has other sizes."""
        if self._stages and self._stages[0].w_plus and len(self._u) == 1:
            self._u = np.repeat(self._u, self._rows, axis=0)
        self._adam = Adam(self._u.shape)
        self._step = 0


class ClassSearch:
    """A search from each of several starts, for some steps, and then from the nearest alone.

    `move`, compare `ws` with the photograph, `take` what was found, and so on until `done`.
    """

    def __init__(self, starts: Sequence[Start], rows: int, recipe: Recipe) -> None:
        """rows: L."""
        self._current, *self._waiting = (Search(start, rows, recipe) for start in starts)
        self._trial = min(recipe.trial_steps, recipe.steps - 1)
        self._trying = len(starts) > 1
        self._tried: list[_Tried] = []
        self._gradient: Floats | None = None
        self.total = recipe.steps + (len(starts) - 1) * (self._trial + 1)
        """Moves from the first comparison to the last."""

    @property
    def label(self) -> int | None:
        """The class of the current search."""
        return self._current.start.label

    @property
    def ws(self) -> Floats:
        """(L, w_dim)"""
        return self._current.ws

    @property
    def penalty(self) -> float:
        return self._current.penalty

    @property
    def done(self) -> bool:
        """Whether `ws` is the last one, and has been compared."""
        return not self._trying and self._current.stage is None and self._gradient is not None

    def move(self) -> None:
        """To the next latent; at a start it is there."""
        if self._gradient is not None:
            self._current.update(self._gradient)
            self._gradient = None

    def take(self, loss: float, gradient: Floats) -> None:
        """The distance of `ws` from the photograph, and its gradient (L, w_dim)."""
        self._gradient = gradient
        if not self._trying or self._current.steps < self._trial:
            return
        self._tried.append(_Tried(loss, self._current, gradient))
        if self._waiting:
            self._current, self._gradient = self._waiting.pop(0), None
        else:
            self._trying = False
            _, self._current, self._gradient = min(self._tried, key=lambda one: one.loss)


class _Tried(NamedTuple):
    """A search after its trial, and what was found there."""

    loss: float
    search: Search
    gradient: Floats
