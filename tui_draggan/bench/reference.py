"""DragGAN in plain torch, written from the paper, to hold the fast form against.

Pan et al., "Drag Your GAN" (SIGGRAPH 2023), section 3.2: features up-sampled to the picture's
size, sampled with grid_sample, autograd, detach, Adam. Nothing here is shared with the program
but the generator's plain network. Runs in the dtype of the generator, float64 for tests, and on
its device; the loops over points and pixels are the host's.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import record_function

from tui_draggan.stylegan.network import Generator

EQUAL = 1e-5
"""Share by which two costs of tracking may differ and count as equal."""
ARRIVED = 0.5
"""Pixels; tracked points are whole ones, so this is: until it sits on its target."""


@dataclass
class PlainStep:
    loss: float
    motion_loss: float
    mask_loss: float
    handles: Tensor
    """(N, 2) tracked."""
    gradient: Tensor
    """(rows of the optimised latent, w_dim)"""
    ws: Tensor
    """(L, w_dim) the latent of this step, before its update."""


class PlainDragGAN:
    """One run: w+ (L, w_dim), of which the first `rows` rows are optimised."""

    def __init__(
        self,
        generator: Generator,
        ws: Tensor,
        *,
        feature_block: int,
        rows: int = 6,
        w_plus: bool = True,
        editable: Tensor | None = None,
        detach: bool = True,
        mask_at_features: bool = False,
        all_blocks: bool = False,
    ) -> None:
        """`editable` (H, W) bool. `mask_at_features` takes the mask loss on the small map, with
        the mask averaged over its cells. `all_blocks` runs the whole network, as plain
        implementations do; the result is the same."""
        self.generator = copy.deepcopy(generator).requires_grad_(False)
        parameter = next(generator.parameters())
        self.dtype, self.device = parameter.dtype, parameter.device
        self.size = generator.config.size
        self.feature_block = feature_block
        self.rows, self.detach, self.all_blocks = rows, detach, all_blocks
        ws = ws.to(self.device, self.dtype)
        self.trained = (ws[:rows] if w_plus else ws[:1]).clone().requires_grad_(True)
        self.frozen = ws[rows:].clone()
        self.optimizer = torch.optim.Adam([self.trained])
        self.mask_at_features = mask_at_features
        self.outside = None if editable is None else 1 - editable.to(self.device, self.dtype)
        self.start = None
        if self.outside is not None:
            with torch.no_grad():
                self.start = self._masked_map(self._small_features())
                if mask_at_features:
                    cell = generator.config.resolution // feature_block
                    self.outside = F.avg_pool2d(self.outside[None, None], cell)[0, 0]

    def ws(self) -> Tensor:
        return torch.cat([self.trained.expand(self.rows, -1), self.frozen])

    def _small_features(self) -> Tensor:
        found = None
        for resolution, x, _ in self.generator.synthesis.walk(self.ws()[None]):
            if resolution == self.feature_block:
                found = x
                if not self.all_blocks:
                    break
        assert found is not None
        return found

    def _enlarge(self, features: Tensor) -> Tensor:
        return F.interpolate(features, size=self.size, mode="bilinear", align_corners=False)

    def _points(self, points: list[tuple[float, float]]) -> Tensor:
        return torch.tensor(points, dtype=self.dtype, device=self.device)

    def _masked_map(self, features: Tensor) -> Tensor:
        return features if self.mask_at_features else self._enlarge(features)

    def sample(self, features: Tensor, points: Tensor) -> Tensor:
        """Features (1, C, H, W) at points (M, 2) → (M, C), clamped at the border."""
        last = self._points([(self.size.width - 1, self.size.height - 1)])
        grid = points.to(self.device, self.dtype) / last * 2 - 1
        sampled = F.grid_sample(
            features, grid[None, None], mode="bilinear", padding_mode="border", align_corners=True
        )
        return sampled[0, :, 0].t()

    @torch.no_grad()
    def templates(self, points: Tensor) -> Tensor:
        return self.sample(self._enlarge(self._small_features()), points)

    @torch.no_grad()
    def track(
        self, features: Tensor, handles: Tensor, targets: Tensor, templates: Tensor, r2: int
    ) -> Tensor:
        """The nearest neighbours of the templates; of equal ones the nearest to the target."""
        tracked = []
        for handle, target, template in zip(handles, targets, templates, strict=True):
            x, y = (round(float(value)) for value in handle)
            xs = range(max(x - r2, 0), min(x + r2, self.size.width - 1) + 1)
            ys = range(max(y - r2, 0), min(y + r2, self.size.height - 1) + 1)
            candidates = self._points([(a, b) for b in ys for a in xs])
            cost = (self.sample(features, candidates) - template).abs().sum(dim=1)
            away = (candidates - target).square().sum(dim=1)
            away[cost > cost.min() * (1 + EQUAL)] = torch.inf
            tracked.append(candidates[int(away.argmin())])
        return torch.stack(tracked)

    def step(
        self,
        handles: Tensor,
        targets: Tensor,
        templates: Tensor,
        *,
        r1: int,
        r2: int,
        mask_weight: float,
        learning_rate: float,
        anchor: float = 0.0,
    ) -> PlainStep:
        """Synthesise, track, supervise, back-propagate; then Adam, for the next step."""
        ws = self.ws().detach().clone()
        with record_function("synthesis"):
            small = self._small_features()
        with record_function("tracking"):
            features = self._enlarge(small)
            targets = targets.to(self.device, self.dtype)
            templates = templates.to(self.device)
            handles = self.track(features.detach(), handles, targets, templates, r2)
            drift = anchor * (templates - self.sample(features, handles)).detach()
            motion_loss = self._motion_loss(features, handles, targets, drift, r1)
            mask_loss = small.new_zeros(())
            if self.outside is not None and self.start is not None:
                difference = (self._masked_map(small) - self.start).abs()
                mask_loss = mask_weight * (difference * self.outside).mean()
        with record_function("backward"):
            loss = motion_loss + mask_loss + small.sum() * 0
            self.optimizer.zero_grad()
            loss.backward()
        assert self.trained.grad is not None
        result = PlainStep(
            float(loss.detach()),
            float(motion_loss.detach()),
            float(mask_loss.detach()),
            handles,
            self.trained.grad.clone(),
            ws,
        )
        with record_function("optimizer"):
            self.optimizer.param_groups[0]["lr"] = learning_rate
            self.optimizer.step()
        return result

    def _motion_loss(
        self, features: Tensor, handles: Tensor, targets: Tensor, drift: Tensor, r1: int
    ) -> Tensor:
        """features (1, C, H, W), handles and targets (N, 2), drift (N, C) added to references."""
        loss = features.new_zeros(())
        for handle, target, correction in zip(handles, targets, drift, strict=True):
            distance = float((target - handle).norm())
            if distance <= ARRIVED:
                continue
            direction = (target - handle) / distance
            patch = [
                (float(handle[0]) + dx, float(handle[1]) + dy)
                for dy in range(-r1, r1 + 1)
                for dx in range(-r1, r1 + 1)
                if dx * dx + dy * dy < r1 * r1
            ]
            right, bottom = self.size.width - 1, self.size.height - 1
            patch = [(x, y) for x, y in patch if 0 <= x <= right and 0 <= y <= bottom]
            positions = self._points(patch)
            reference = self.sample(features, positions)
            if self.detach:
                reference = reference.detach()
            moved = self.sample(features, positions + direction)
            loss = loss + (moved - reference - correction).abs().mean()
        return loss
