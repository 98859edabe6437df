"""DragGAN in plain torch, from the paper: the fast form is held against it and scored beside it.

Pan et al., "Drag Your GAN" (SIGGRAPH 2023), section 3.2: features up-sampled to the picture's
size, sampled with grid_sample, autograd, detach, Adam. Nothing here is shared with the program
but the generator's plain network. Runs in the dtype of the generator, float64 for tests, and on
its device; the loops over points and pixels are the host's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import record_function

from tui_draggan.bench.plain_features import PlainFeatures
from tui_draggan.stylegan.families import AnyGenerator

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
    mismatch: Tensor
    """(N,) mean |f0 − F| over the channels at the tracked handles."""


class PlainDragGAN:
    """One run: w+ (L, w_dim), of which the first `rows` rows are optimised."""

    def __init__(
        self,
        generator: AnyGenerator,
        ws: Tensor,
        *,
        feature_block: int,
        rows: int = 6,
        w_plus: bool = True,
        editable: Tensor | None = None,
        detach: bool = True,
        mask_at_features: bool = False,
        all_blocks: bool = False,
        squared_tracking: bool = False,
        lets_go: float = ARRIVED,
        basis: Tensor | None = None,
    ) -> None:
        """`editable` (H, W) bool. `mask_at_features` takes the mask loss on the small map, with
        the mask averaged over its cells. `all_blocks` runs the whole network, as plain
        implementations do; the result is the same. Two habits of the authors' program:
        `squared_tracking` compares features by L2 where the paper has L1; `lets_go` is the
        distance in pixels from its target within which a point is not pulled, there 1.
        `basis` B (k, w_dim) is not DragGAN's: u is optimised, the rows are their start + u·B."""
        self.features = PlainFeatures(generator, feature_block, all_blocks)
        self.dtype, self.device = self.features.dtype, self.features.device
        self.size = self.features.size
        self.rows, self.detach = rows, detach
        self.squared_tracking, self.lets_go = squared_tracking, lets_go
        ws = ws.to(self.device, self.dtype)
        first = (ws[:rows] if w_plus else ws[:1]).clone()
        self.basis = None if basis is None else basis.to(self.device, self.dtype)
        self.first = torch.zeros_like(first) if basis is None else first
        self.trained = first if basis is None else first.new_zeros(len(first), len(basis))
        self.trained.requires_grad_(True)
        self.frozen = ws[rows:].clone()
        self.optimizer = torch.optim.Adam([self.trained])
        self.by_u: list[Tensor] = []
        """Gradients by u of all steps so far."""
        self.mask_at_features = mask_at_features
        self.outside = None if editable is None else 1 - editable.to(self.device, self.dtype)
        self.start = None
        if self.outside is not None:
            with torch.no_grad():
                self.start = self._masked_map(self.features.small(self.ws()))
                if mask_at_features:
                    cell = generator.config.resolution // feature_block
                    self.outside = F.avg_pool2d(self.outside[None, None], cell)[0, 0]

    def latent(self) -> Tensor:
        """(rows, w_dim), one row where all share it."""
        return self.trained if self.basis is None else self.first + self.trained @ self.basis

    def ws(self) -> Tensor:
        return torch.cat([self.latent().expand(self.rows, -1), self.frozen])

    @torch.no_grad()
    def put(self, ws: Tensor) -> None:
        """Goes on from w+ (L, w_dim), with the moments as they are."""
        wanted = ws[: len(self.trained)].to(self.device, self.dtype)
        if self.basis is None:
            self.trained.copy_(wanted)
        else:
            self.first = wanted - self.trained @ self.basis

    def _points(self, points: list[tuple[float, float]]) -> Tensor:
        return torch.tensor(points, dtype=self.dtype, device=self.device)

    @torch.no_grad()
    def _step_u(self, learning_rate: float, basis: Tensor) -> None:
        """Adam with one second moment for all of u, as weighted means of all gradients so far."""
        assert self.trained.grad is not None
        self.by_u.append(self.trained.grad.clone())
        past = range(len(self.by_u) - 1, -1, -1)
        first = self.trained.new_tensor([0.9**steps for steps in past])
        second = self.trained.new_tensor([0.999**steps for steps in past])
        gradients = torch.stack(self.by_u)
        mean = (gradients * first[:, None, None]).sum(dim=0) / first.sum()
        squares = gradients.square().sum(dim=(1, 2)) / len(basis)
        length = ((squares * second).sum() / second.sum()).sqrt() + 1e-8
        self.trained -= learning_rate * mean / length

    def _masked_map(self, features: Tensor) -> Tensor:
        return features if self.mask_at_features else self.features.enlarge(features)

    @torch.no_grad()
    def templates(self, points: Tensor) -> Tensor:
        return self.features.sample(self.features.enlarge(self.features.small(self.ws())), points)

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
            apart = self.features.sample(features, candidates) - template
            cost = (apart.square() if self.squared_tracking else apart.abs()).sum(dim=1)
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
        latent = self.latent()
        latent.retain_grad()
        whole = torch.cat([latent.expand(self.rows, -1), self.frozen])
        ws = whole.detach().clone()
        with record_function("synthesis"):
            small = self.features.small(whole)
        with record_function("tracking"):
            features = self.features.enlarge(small)
            targets = targets.to(self.device, self.dtype)
            templates = templates.to(self.device)
            handles = self.track(features.detach(), handles, targets, templates, r2)
            drift = (templates - self.features.sample(features, handles)).detach()
            motion_loss = self._motion_loss(features, handles, targets, anchor * drift, r1)
            mask_loss = small.new_zeros(())
            if self.outside is not None and self.start is not None:
                difference = (self._masked_map(small) - self.start).abs()
                mask_loss = mask_weight * (difference * self.outside).mean()
        with record_function("backward"):
            loss = motion_loss + mask_loss + small.sum() * 0
            self.optimizer.zero_grad()
            loss.backward()
        assert latent.grad is not None
        result = PlainStep(
            float(loss.detach()),
            float(motion_loss.detach()),
            float(mask_loss.detach()),
            handles,
            latent.grad.clone(),
            ws,
            drift.abs().mean(dim=1),
        )
        with record_function("optimizer"):
            if self.basis is None:
                self.optimizer.param_groups[0]["lr"] = learning_rate
                self.optimizer.step()
            else:
                self._step_u(learning_rate, self.basis)
        return result

    def _motion_loss(
        self, features: Tensor, handles: Tensor, targets: Tensor, drift: Tensor, r1: int
    ) -> Tensor:
        """features (1, C, H, W), handles and targets (N, 2), drift (N, C) added to references."""
        loss = features.new_zeros(())
        for handle, target, correction in zip(handles, targets, drift, strict=True):
            distance = float((target - handle).norm())
            if distance <= self.lets_go:
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
            reference = self.features.sample(features, positions)
            if self.detach:
                reference = reference.detach()
            moved = self.features.sample(features, positions + direction)
            loss = loss + (moved - reference - correction).abs().mean()
        return loss
