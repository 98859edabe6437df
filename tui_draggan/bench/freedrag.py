"""FreeDrag in plain torch, written from the paper, to be measured beside DragGAN and this program.

Ling et al., "FreeDrag: Feature Dragging for Reliable Point-based Image Editing" (CVPR 2024),
section 4. Nothing is tracked. A point h travels on the line from handle to target; at each place
the latent is optimised until the features there are the template's T (equation 2), the template
takes in as much of what came about as the loss that was left allows (equations 3 and 4), and h
goes on to where the features differ from it by l, stays, or falls back (equations 8 and 9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_draggan.bench.plain_features import PlainFeatures
from tui_draggan.stylegan.network import Generator

STEPS = 5
"""Most optimisation steps at one place (section 4.3)."""
MOST_OF_NEW = 0.5
"""Largest λ of equation 3; the paper has a limit and does not say which."""
PARTS = 10
"""Places on a stretch d of the line that are looked at (equation 8)."""


@dataclass
class _Point:
    """One handle on its way."""

    place: Tensor
    """h (2,)"""
    target: Tensor
    template: Tensor
    """T (C,)"""
    scale: float
    """l: the discrepancy that a stretch of the line is to have."""
    loss_in: float = 0.0
    loss_end: float = 0.0

    @property
    def left(self) -> float:
        return float((self.target - self.place).norm())


class PlainFreeDrag:
    """One run: w+ (L, w_dim), of which the first `rows` rows are optimised."""

    def __init__(
        self,
        generator: Generator,
        ws: Tensor,
        handles: Tensor,
        targets: Tensor,
        *,
        feature_block: int,
        learning_rate: float,
        rows: int = 6,
        radius: int = 3,
        stretch: float = 3.0,
        discrepancy: float | None = None,
        stops: float = 2.0,
    ) -> None:
        """handles, targets (N, 2) in pixels; radius r, stretch d and `stops`, the distance at
        which a point has arrived, in pixels too. discrepancy: l, of the mean over channels and
        patch; the paper's 0.3 is for its own models' features. None: for each point what moving
        by d costs on the picture it starts from."""
        self.features = PlainFeatures(generator, feature_block)
        self.dtype, self.size = self.features.dtype, self.features.size
        self.rows, self.radius, self.stretch, self.stops = rows, radius, stretch, stops
        ws = ws.to(self.dtype)
        self.trained = ws[:rows].clone().requires_grad_(True)
        self.frozen = ws[rows:].clone()
        self.optimizer = torch.optim.Adam([self.trained], lr=learning_rate)
        with torch.no_grad():
            start = self._map()
            self.points = [
                self._start(start, *pair, discrepancy)
                for pair in zip(handles.to(self.dtype), targets.to(self.dtype), strict=True)
            ]
        self.steps = 0

    def ws(self) -> Tensor:
        """(L, w_dim)"""
        return torch.cat([self.trained, self.frozen])

    @property
    def places(self) -> Tensor:
        """(N, 2) where the points are now."""
        return torch.stack([point.place for point in self.points])

    @property
    def arrived(self) -> bool:
        """Whether every point is at its target (section 4.3)."""
        return all(point.left <= self.stops for point in self.points)

    def drag(self) -> None:
        """One feature dragging: some steps at the present places, then the next ones."""
        for count in range(STEPS):
            features = self._map()
            losses = [self._apart(features, point, point.place) for point in self.points]
            for point, loss in zip(self.points, losses, strict=True):
                if count == 0:
                    point.loss_in = float(loss.detach())
                point.loss_end = float(loss.detach())
            if all(point.loss_end <= 0.5 * point.scale for point in self.points):
                break
            self.optimizer.zero_grad()
            torch.stack(losses).sum().backward()
            self.optimizer.step()
            self.steps += 1
        with torch.no_grad():
            features = self._map()
            for point in self.points:
                point.loss_end = float(self._apart(features, point, point.place))
                self._update_template(features, point)
                self._move(features, point)

    def _start(
        self, features: Tensor, handle: Tensor, target: Tensor, discrepancy: float | None
    ) -> _Point:
        template = self._aggregate(features, handle)
        point = _Point(handle, target, template, discrepancy or 1.0)
        if discrepancy is None:
            angles = torch.arange(8) * (math.pi / 4)
            ring = torch.stack([angles.cos(), angles.sin()], 1).to(self.dtype) * self.stretch
            around = [self._apart(features, point, handle + offset) for offset in ring]
            point.scale = float(torch.stack(around).mean())
        point.place = self._search(features, point, handle, self.stretch, point.scale)
        return point

    def _map(self) -> Tensor:
        return self.features.enlarge(self.features.small(self.ws()))

    def _aggregate(self, features: Tensor, place: Tensor) -> Tensor:
        """F_r of equation 1, as a mean: (C,)"""
        side = torch.arange(1 - self.radius, self.radius, dtype=self.dtype)
        offsets = torch.cartesian_prod(side, side)
        return self.features.sample(features, place + offsets).mean(dim=0)

    def _apart(self, features: Tensor, point: _Point, place: Tensor) -> Tensor:
        return (self._aggregate(features, place) - point.template).abs().mean()

    def _update_template(self, features: Tensor, point: _Point) -> None:
        """Equation 3."""
        share = share_of_new(point.loss_end, point.scale)
        point.template = torch.lerp(point.template, self._aggregate(features, point.place), share)

    def _move(self, features: Tensor, point: _Point) -> None:
        """Equation 9."""
        if point.loss_end <= 0.5 * point.scale:
            point.place = self._search(features, point, point.place, self.stretch, point.scale)
        elif point.loss_end > point.loss_in and point.left > 0:
            back = (point.target - point.place) / point.left * self.stretch
            point.place = self._search(features, point, point.place - back, 2 * self.stretch, 0.0)

    def _search(
        self, features: Tensor, point: _Point, start: Tensor, stretch: float, wanted: float
    ) -> Tensor:
        """Equations 7 and 8: where on the line, at most `stretch` further, the features differ from
        the template by `wanted`; never beyond the target."""
        way = point.target - start
        length = float(way.norm())
        if length == 0:
            return start
        reach = [stretch * part / PARTS for part in range(1, PARTS + 1)]
        places = [start + way * min(far / length, 1.0) for far in reach]
        apart = [abs(float(self._apart(features, point, one)) - wanted) for one in places]
        return places[min(range(PARTS), key=apart.__getitem__)]


def share_of_new(loss: float, discrepancy: float) -> float:
    """λ of equations 4 to 6: how much of what came about a template takes in, by the loss that was
    left and the discrepancy l; no more than `MOST_OF_NEW`."""
    alpha = math.log(9.0) / (0.6 * discrepancy)
    exponent = min(alpha * (loss - 0.2 * discrepancy), 50.0)
    return min(1.0 / (1.0 + math.exp(exponent)), MOST_OF_NEW)
