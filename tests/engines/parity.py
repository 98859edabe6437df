"""An engine beside a plain, independent torch DragGAN, at the start of the same edit.

`benchmarks.gpu` runs these checks too, where there is no pytest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from tui_draggan.bench.reference import PlainDragGAN, PlainStep
from tui_draggan.engines.base import LocalEngine, Problem, StepRequest, StepResult
from tui_draggan.size import Size
from tui_draggan.stylegan.families import AnyGenerator


@dataclass(frozen=True)
class Edit:
    """Points as fractions of the picture's sides, so that one edit fits every model."""

    pairs: tuple[tuple[float, float, float, float], ...] = ((0.4, 0.5, 0.7, 0.3),)
    rows: int = 6
    w_plus: bool = True
    masked: bool = False
    r1: int = 3
    r2: int = 4
    anchor: float = 0.0
    rate: float = 2e-3
    whitened: bool = False
    options: dict[str, bool] = field(default_factory=dict)


EDITS = {
    "one point": Edit(),
    "several points": Edit(((0.4, 0.5, 0.7, 0.3), (0.2, 0.8, 0.25, 0.3), (0.6, 0.6, 0.1, 0.1))),
    "masked": Edit(masked=True),
    "several, masked": Edit(((0.4, 0.5, 0.7, 0.5), (0.5, 0.3, 0.5, 0.8)), masked=True),
    "at the border": Edit(((0.0, 0.0, 0.5, 0.4), (1.0, 0.6, 0.8, 0.95), (0.05, 1.0, 0.3, 1.0))),
    # Four pixels to a feature cell: the last two of them have one and the same feature.
    "near the border": Edit(
        ((0.04, 0.04, 0.5, 0.4), (0.96, 0.6, 0.8, 0.95), (0.05, 0.95, 0.3, 1.0))
    ),
    "towards the border": Edit(((0.95, 0.5, 1.0, 0.46), (0.1, 0.05, 0.0, 0.0))),
    "one arrived": Edit(((0.5, 0.5, 0.5, 0.5), (0.3, 0.3, 0.6, 0.6))),
    "w": Edit(w_plus=False),
    "w, masked": Edit(w_plus=False, masked=True),
    "two rows": Edit(rows=2),
    "smallest disc": Edit(r1=1, r2=1),
    "wide neighbourhoods": Edit(r1=6, r2=9),
    "anchored": Edit(((0.4, 0.5, 0.7, 0.5), (0.5, 0.3, 0.5, 0.8)), anchor=0.5),
    "anchored, smallest disc": Edit(r1=1, r2=1, anchor=1.0),
    "whitened": Edit(((0.4, 0.5, 0.7, 0.5), (0.5, 0.3, 0.5, 0.8)), rate=0.01, whitened=True),
    "whitened w, masked": Edit(w_plus=False, masked=True, rate=0.01, whitened=True),
}


NETWORKS: dict[str, tuple[dict[str, Any], str]] = {
    # Published weights clamp at 256; here so low that it shows, but not so low that patches
    # are equal but for rounding: the gradient of |0| has no sign.
    "clamped": ({"conv_clamp": 1.2}, "several points"),
    "resnet": ({"architecture": "resnet", "conv_clamp": 1.2, "c_dim": 3}, "several, masked"),
    "orig": ({"architecture": "orig"}, "several, masked"),
    "upright, with alpha": ({"const": Size(4, 2), "alpha": True}, "several, masked"),
    "upright, at the border": ({"const": Size(8, 4)}, "at the border"),
    "wide resnet": ({"const": Size(4, 7), "architecture": "resnet"}, "several, masked"),
}
"""Options of other tiny generators, and the edit that is tried on each."""


@dataclass(frozen=True)
class Tolerances:
    """How far an engine may be from the plain form, which computes in float64."""

    loss: float = 1e-4
    """Share of the loss."""
    mask_loss: float = 3e-4
    """λ = 20 times a small difference of features near 1, where float32 counts in 1e-7."""
    cosine: float = 0.9999
    """The least of the two gradients."""
    norm: float = 1e-2
    """Share of the gradient's norm: where a feature is as it was, rounding decides the sign of its
    |difference|."""
    pixels: float = 0.0
    """Distance of tracked handles along an axis."""
    absolute: float = 1e-7
    """Of losses near zero."""
    features: float = 1e-4
    """Share of a template's features; a tenth of it near zero."""


EXACT = Tolerances()
"""float32 against float64."""


@dataclass
class BothForms:
    """Both implementations at the start of the same edit."""

    engine: LocalEngine
    plain: PlainDragGAN
    request: StepRequest
    handles: torch.Tensor
    edit: Edit

    def step(self, together: bool = False, picture: bool = True) -> tuple[StepResult, PlainStep]:
        """One step of both. `together`: the plain one takes over the engine's latent before.
        `picture`: whether the engine's is wanted."""
        request = self.request
        fast = self.engine.step(replace(request, picture=picture))
        np.testing.assert_allclose(fast.ws, self.plain.ws().numpy(force=True), atol=0.02)
        if together:
            self.plain.put(torch.tensor(fast.ws))
        exact = self.plain.step(
            self.handles,
            torch.tensor(request.targets),
            torch.tensor(request.templates),
            r1=request.r1,
            r2=request.r2,
            mask_weight=request.mask_weight,
            learning_rate=request.learning_rate,
            anchor=request.anchor,
        )
        self.request = replace(request, handles=fast.handles)
        self.handles = exact.handles
        return fast, exact


def start(
    engine: LocalEngine,
    generator: AnyGenerator,
    edit: Edit,
    detach: bool = True,
    mask_at_features: bool = True,
    within: Tolerances = EXACT,
) -> BothForms:
    info = engine.info
    height, width = info.size
    w = engine.map(np.random.RandomState(1).randn(info.z_dim).astype(np.float32), label=0)
    ws = np.tile(w, (info.num_ws, 1))
    if edit.w_plus:
        ws += 0.1 * np.random.RandomState(2).randn(*ws.shape).astype(np.float32)
    last = np.array([width - 1, height - 1] * 2, np.float32)
    points = np.round(np.array(edit.pairs, np.float32) * last)
    handles, targets = points[:, :2].copy(), points[:, 2:].copy()
    editable = None
    if edit.masked:
        editable = np.zeros((height, width), bool)
        # Not on the borders of feature cells: cells half inside must count half.
        editable[height // 5 : height // 2 + 3, width // 4 + 1 : width - 5] = True
    basis = engine.statistics.basis() if edit.whitened else None
    plain = PlainDragGAN(
        generator.double(),
        torch.tensor(ws),
        feature_block=info.drag.feature_block,
        rows=edit.rows,
        w_plus=edit.w_plus,
        editable=None if editable is None else torch.tensor(editable),
        detach=detach,
        mask_at_features=mask_at_features,
        basis=None if basis is None else torch.tensor(basis),
    )
    templates = engine.features(ws, handles)
    expected = plain.templates(torch.tensor(handles))
    np.testing.assert_allclose(templates, expected, rtol=within.features, atol=within.features / 10)
    engine.begin(Problem(ws, edit.rows, edit.w_plus, editable, basis=basis))
    radii = edit.r1, edit.r2
    request = StepRequest(handles, targets, templates, *radii, 20.0, edit.rate, edit.anchor)
    return BothForms(engine, plain, request, torch.tensor(handles).double(), edit)


def cosine(engine: LocalEngine, exact: PlainStep) -> float:
    expected = exact.gradient.numpy().ravel()
    actual = np.zeros_like(exact.gradient.numpy())  # rows the features do not depend on: zero
    given = engine.gradient()[: len(actual)]
    actual[: len(given)] = given
    actual = actual.ravel()
    return float(actual @ expected / (np.linalg.norm(actual) * np.linalg.norm(expected)))


def check_same_numbers(forms: BothForms, steps: int = 5, within: Tolerances = EXACT) -> None:
    """At the same latents: loss, gradient and tracked handles are those of the plain form, with the
    picture and without."""
    for number in range(steps):
        fast, exact = forms.step(together=True, picture=number % 2 == 0)
        small = within.absolute
        _check_near("loss", fast.loss, exact.loss, within.loss, small)
        _check_near("motion loss", fast.motion_loss, exact.motion_loss, within.loss, small)
        _check_near("mask loss", fast.mask_loss, exact.mask_loss, within.mask_loss, 10 * small)
        similar = cosine(forms.engine, exact)
        assert similar >= within.cosine, f"cosine of the gradients {similar:.6f}"
        norm = float(exact.gradient.norm())
        _check_near("gradient's norm", fast.gradient_norm, norm, within.norm, 0.0)
        off = np.abs(fast.handles - exact.handles.numpy(force=True)).max()
        assert off <= within.pixels, f"a handle is tracked {off:g} px beside"
        assert fast.mismatch is not None
        for found, expected in zip(fast.mismatch, exact.mismatch, strict=True):
            _check_near("mismatch", float(found), float(expected), 1e-3, 10 * within.features)


def _check_near(what: str, value: float, exact: float, share: float, absolute: float) -> None:
    difference = abs(value - exact)
    assert difference <= max(share * abs(exact), absolute), f"{what} {value:.6g}, not {exact:.6g}"


def check_same_run(forms: BothForms, steps: int = 20) -> None:
    """Each with its own latent, from start to end: the handles go the same way."""
    for number in range(steps):
        fast, exact = forms.step(picture=number % 3 == 0)
        assert np.abs(fast.handles - exact.handles.numpy()).max() <= 1
