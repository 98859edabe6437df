"""One drag step in torch, whose numbers go into the bundle: engines are checked by them."""

from __future__ import annotations

import torch
from torch import Tensor

from tui_draggan.bundle import ReferenceStep
from tui_draggan.engines import graph_inputs
from tui_draggan.errors import UsageError
from tui_draggan.export.families import FoldedNetwork
from tui_draggan.export.step_graph import Locate

POINTS = ((0.4, 0.5), (0.7, 0.3))
"""Shares of the picture's width and height."""
TARGETS = ((0.7, 0.3), (0.5, 0.8))
OFFSETS = ((2.0, -1.0), (-2.0, 2.0))
"""How far, in pixels, tracking starts from where the templates are."""
R1, R2 = 3, 3


def reference_step(synthesis: FoldedNetwork, w_avg: Tensor) -> ReferenceStep:
    """The step of `ReferenceStep`, by autograd. Raises UsageError where it is not finite."""
    config = synthesis.config
    size, block = config.size, synthesis.feature_block
    channels = config.feature_channels(block)
    last = torch.tensor([size.width - 1, size.height - 1])
    points = (torch.tensor(POINTS) * last).round()
    targets = (torch.tensor(TARGETS) * last).round()
    handles = points + torch.tensor(OFFSETS)
    disc, window = torch.tensor(graph_inputs.disc(R1)), torch.tensor(graph_inputs.window(R2))

    locate = Locate(config.size_of(block), channels, size)
    trained = w_avg.repeat(synthesis.rows, 1).requires_grad_(True)
    features = synthesis.features(trained)
    with torch.no_grad():
        whole = locate.selector(points, locate.rows.enlarge, locate.columns.enlarge)
        templates = torch.matmul(features.reshape(channels, -1), whole).t()
        _, selector, reference, weight, (top, left), (bottom, right), *_ = locate(
            features, handles, targets, templates, disc, window, torch.zeros(1)
        )
    near = features[0, :, top:bottom, left:right].reshape(channels, -1)
    loss = ((torch.matmul(near, selector) - reference).abs() * weight).sum()
    (gradient,) = torch.autograd.grad(loss, trained)
    if not (loss.isfinite() and gradient.isfinite().all()):
        raise UsageError(
            "the generator gives no finite features at its mean w; its weights are damaged"
        )
    return ReferenceStep(
        points=points.tolist(),
        handles=handles.tolist(),
        targets=targets.tolist(),
        r1=R1,
        r2=R2,
        loss=float(loss.detach()),
        gradient_norm=float(gradient.norm()),
    )
