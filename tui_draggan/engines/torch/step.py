"""One DragGAN iteration in torch, on tensors of fixed shapes.

On the CPU, features are looked up and gradients put together around the points, whose places are
known (`LocalFeatures`). On CUDA the same computation is captured once as a graph and replayed, so
it must not ask where the points are: it takes and gives whole maps (`WholeFeatures`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.profiler import record_function

from tui_draggan.engines.torch.alias_free import AliasFreeSynthesis
from tui_draggan.engines.torch.partial_synthesis import PartialSynthesis
from tui_draggan.engines.torch.points import Grid, supervise, track
from tui_draggan.engines.torch.regions import Map, Rect
from tui_draggan.size import Size
from tui_draggan.stylegan.pixels import to_pictures

Synthesis = PartialSynthesis | AliasFreeSynthesis
"""A network by its family; they have the same methods."""
Arrays = dict[str, NDArray[Any]]
"""The fields of `Values`, on the host."""


class Features(Protocol):
    """The feature map of a step: read by places, and its gradient put together by places."""

    def gather(self, first: Tensor, cells: Size) -> Tensor:
        """As `points.Gather`."""
        ...

    def rows(self, top: int, bottom: int) -> Tensor:
        """(rows, w, C)"""
        ...

    def add(self, first: Tensor, cells: Tensor) -> None:
        """The gradient by the q×r cells (N, q, r, C) from the first ones (N, 2) on."""
        ...

    def add_rows(self, top: int, values: Tensor) -> None:
        """The gradient by the rows from `top` on (rows, w, C)."""
        ...

    def gradients(self) -> list[Map]: ...


class LocalFeatures:
    """Places as numbers: nothing is touched but what is asked for."""

    def __init__(self, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        self._gradients: list[Map] = []

    def gather(self, first: Tensor, cells: Size) -> Tensor:
        return torch.stack(
            [self._synthesis.features(rect).float() for rect in patches(first, cells)]
        )

    def rows(self, top: int, bottom: int) -> Tensor:
        return self._synthesis.features(
            Rect(top, 0, bottom, self._synthesis.feature_map.width)
        ).float()

    def add(self, first: Tensor, cells: Tensor) -> None:
        self._gradients += map(Map, patches(first, Size(*cells.shape[1:3])), cells)

    def add_rows(self, top: int, values: Tensor) -> None:
        rect = Rect(top, 0, top + len(values), self._synthesis.feature_map.width)
        self._gradients.append(Map(rect, values))

    def gradients(self) -> list[Map]:
        return self._gradients


def patches(first: Tensor, cells: Size) -> list[Rect]:
    """So many cells from each of the first ones (N, 2) on."""
    height, width = cells
    return [Rect(top, left, top + height, left + width) for top, left in first.tolist()]


class WholeFeatures:
    """Places as tensors: the same operators wherever the points are."""

    def __init__(self, synthesis: Synthesis) -> None:
        self._rect = Rect.whole(synthesis.feature_map)
        self._features = synthesis.features(self._rect).float()
        self._gradient = torch.zeros(self._features.shape, device=self._features.device)

    def gather(self, first: Tensor, cells: Size) -> Tensor:
        rows, columns = _indices(first, cells)
        return self._features[rows[:, :, None], columns[:, None]]

    def rows(self, top: int, bottom: int) -> Tensor:
        return self._features[top:bottom]

    def add(self, first: Tensor, cells: Tensor) -> None:
        rows, columns = _indices(first, Size(*cells.shape[1:3]))
        cell = rows[:, :, None] * self._rect.right + columns[:, None]
        self._gradient.flatten(0, 1).index_add_(0, cell.flatten(), cells.flatten(0, 2))

    def add_rows(self, top: int, values: Tensor) -> None:
        self._gradient[top : top + len(values)] += values

    def gradients(self) -> list[Map]:
        return [Map(self._rect, self._gradient)]


def _indices(first: Tensor, cells: Size) -> tuple[Tensor, Tensor]:
    rows, columns = (torch.arange(count, device=first.device) for count in cells)
    return first[:, :1] + rows, first[:, 1:] + columns


@dataclass(frozen=True)
class Values:
    """What a step works on: w+ in two parts, and the inputs of `graph_inputs` by their names."""

    lower: Tensor
    """(R, w_dim) the rows of w+ that features depend on."""
    upper: Tensor
    handles: Tensor
    targets: Tensor
    templates: Tensor
    disc: Tensor
    window: Tensor
    anchor: Tensor
    outside_weight: Tensor
    outside_reference: Tensor


@dataclass(frozen=True)
class Step:
    """What a step does with them."""

    synthesis: Synthesis
    grid: Grid
    preview: Size
    """Height and width of the picture."""
    drawn: bool
    """Whether there is one."""
    radius: int
    """r1"""
    outside_first: int | None
    """First row that weighs outside the mask; None where none does."""
    whole: bool
    """Kind of the features: `WholeFeatures`, or `LocalFeatures`."""

    @torch.no_grad()
    def __call__(self, values: Values) -> tuple[Tensor, ...]:
        """→ motion loss, mask loss, tracked handles (N, 2), mismatch (N,) and gradient (R, w_dim),
        one after the other in one vector; and the picture (H, W, 3) in bytes where there is one."""
        with record_function("synthesis"):
            rows = values.lower, values.upper
            image = self.synthesis.synthesise(*rows, self.preview, self.drawn)
        with record_function("tracking"):
            kind = WholeFeatures if self.whole else LocalFeatures
            features: Features = kind(self.synthesis)
            handles, mismatch, losses = self._track_and_supervise(features, values)
        with record_function("backward"):
            by_lower = self.synthesis.backward(features.gradients())
        numbers = torch.cat([losses, handles.flatten(), mismatch, by_lower.flatten()])
        return (numbers,) if image is None else (numbers, to_pictures(image)[0])

    def _track_and_supervise(
        self, features: Features, values: Values
    ) -> tuple[Tensor, Tensor, Tensor]:
        """→ tracked handles (N, 2), mismatch (N,), motion and mask loss (2,); `features` has their
        gradient."""
        grid, gather, templates = self.grid, features.gather, values.templates
        handles, tracked = track(
            grid, gather, values.handles, values.targets, templates, values.window
        )
        drift = templates - tracked
        correction = values.anchor * drift
        motion_loss, first, cells = supervise(
            grid, gather, handles, values.targets, correction, values.disc, self.radius
        )
        features.add(first, cells)
        mask_loss = torch.zeros_like(motion_loss)
        if self.outside_first is not None:
            top, weight = self.outside_first, values.outside_weight[:, :, None]
            difference = features.rows(top, top + len(weight))
            difference = difference - values.outside_reference.permute(1, 2, 0)
            mask_loss = (difference.abs() * weight).sum()
            features.add_rows(top, difference.sign_().mul_(weight))
        return handles, drift.abs().mean(dim=1), torch.stack([motion_loss, mask_loss])

    def on_host(self, arrays: Arrays) -> tuple[NDArray[Any], ...]:
        """The same where arrays are tensors without a copy."""
        values = Values(**{name: torch.from_numpy(array) for name, array in arrays.items()})
        return tuple(output.numpy() for output in self(values))
