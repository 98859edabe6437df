"""The graph that inversion asks at every step: how far w+'s picture is from a photograph.

w+ and the photograph in, the loss, its gradient by w+ and the picture out. Everything else of an
inversion, from whitened coordinates to Adam, needs the network no more and is numpy (`inversion`),
so one graph serves W and W+, any rate and any prior.

The loss is the mean of L1 distances at several sizes, each half of the one before: with distances
of pixels alone a picture that is one pixel beside its place counts as much as a wrong one.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from tui_draggan.bundle import INVERSION
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.export.families import FoldedNetwork
from tui_draggan.export.feature_network import add_feature_distance
from tui_draggan.export.gradient import differentiate
from tui_draggan.export.graph_surgery import keep_outputs
from tui_draggan.export.lowering import lower
from tui_draggan.export.shared_weights import SharedWeights
from tui_draggan.export.standard_operators import standardise
from tui_draggan.export.tracing import OPSET, trace
from tui_draggan.stylegan.pixels import to_pictures

LEVELS = 4
"""Sizes at which pictures are compared, as long as their sides can be halved."""


class PictureLoss(nn.Module):
    """w+ (L, w_dim) and a target (1, C, H, W) in [-1, 1] → distance (), picture (H, W, C) in bytes,
    and what features look at: the colours (1, 3, H, W) of picture and target."""

    def __init__(self, synthesis: FoldedNetwork) -> None:
        super().__init__()
        self.synthesis = synthesis

    def forward(self, w_plus: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        rows, config = self.synthesis.rows, self.synthesis.config
        _, image = self.synthesis.synthesised(w_plus[:rows], w_plus[rows:], config.resolution)
        assert image is not None
        distance = pyramid_distance(image, target)
        return distance, to_pictures(image)[0], image[:, :3] + 0.0, target[:, :3] + 0.0


def pyramid_distance(image: Tensor, target: Tensor) -> Tensor:
    """Mean over the levels of the mean absolute difference of two pictures (1, C, H, W)."""
    difference = image - target
    distances = [difference.abs().mean()]
    # The mean of a difference is the difference of the means: one pyramid is enough.
    while len(distances) < LEVELS and not any(side % 2 for side in difference.shape[2:]):
        _, channels, height, width = difference.shape
        cells = difference.reshape(channels, height // 2, 2, width // 2, 2)
        difference = cells.mean(dim=(2, 4))[None]
        distances.append(difference.abs().mean())
    return torch.stack(distances).mean()


def write_inversion_graph(
    synthesis: FoldedNetwork,
    bundle: Path,
    weights: SharedWeights,
    features: onnx.ModelProto | None = None,
) -> None:
    """Writes the graph into a bundle's folder, in standard operators, for every runtime.

    features: as `feature_network.read_feature_network` gives them; None: pixels alone count.
    """
    model = inversion_graph(synthesis, features)
    weights.save(model, bundle / INVERSION, synthesis.state_dict(prefix="synthesis."))


def inversion_graph(
    synthesis: FoldedNetwork, features: onnx.ModelProto | None = None
) -> onnx.ModelProto:
    """The graph; its weights are inputs, named as in the state_dict with `synthesis.` before.

    Raises UsageError where the features have an operator without a gradient here.
    """
    config = synthesis.config
    channels = 4 if config.alpha else 3
    shape = config.num_ws, config.w_dim
    example = torch.zeros(shape), torch.zeros(1, channels, *config.size)
    outputs = "distance", "image", "picture", "colours"
    model = trace(PictureLoss(synthesis), example, ("w_plus", "target"), outputs)
    if features is None:
        model.graph.node.append(helper.make_node("Identity", ["distance"], ["loss"], "loss"))
    else:
        add_feature_distance(model, features, "picture", "colours", "distance", "loss")
    gradient = _differentiated(model)
    model.graph.node.append(helper.make_node("Identity", [gradient], ["gradient"], "gradient"))
    for name, sides in {"loss": [], "gradient": shape}.items():
        output = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sides)
        model.graph.output.append(output)
    keep_outputs(model, ("loss", "gradient", "image"))
    lower(model)
    standardise(model, OPSET)
    return model


def _differentiated(model: onnx.ModelProto) -> str:
    """Adds the loss's gradient by w+; its name."""
    try:
        return differentiate(model, "loss", ["w_plus"])["w_plus"]
    except EngineError as error:
        if "features/" not in str(error):
            raise
        raise UsageError(f"the network of features cannot be trained through: {error}") from None
