"""The graph that inversion asks at every step: how far w+'s picture is from a photograph.

w+ and the photograph in, the loss, its gradient by w+ and the picture out. Everything else of an
inversion, from whitened coordinates to Adam, needs the network no more and is numpy (`inversion`),
so one graph serves W and W+, any rate and any prior.

The loss is the mean of L1 distances at several sizes, each half of the one before: with distances
of pixels alone a picture that is one pixel beside its place counts as much as a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from tui_draggan.bundle import (
    DISTANCE,
    INVERSION,
    INVERSION_CHECKPOINT,
    INVERSION_TRAINING,
)
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.export.families import FoldedNetwork
from tui_draggan.export.feature_network import BEGINNING, add_feature_distance
from tui_draggan.export.gradient import differentiate
from tui_draggan.export.graph_surgery import keep_outputs
from tui_draggan.export.lowering import lower
from tui_draggan.export.shared_weights import PREFIX, SharedWeights
from tui_draggan.export.standard_operators import standardise
from tui_draggan.export.tracing import IR_VERSION, OPSET, trace
from tui_draggan.export.training_api import (
    accumulate,
    has_training_tools,
    optimizer_and_checkpoint,
)
from tui_draggan.stylegan.families import AnyConfig
from tui_draggan.stylegan.pixels import to_pictures

LATENT = "w_plus"
"""The parameter, (L, w_dim)."""
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
    """Writes both graphs into a bundle's folder, in standard operators, for every runtime.

    features: as `feature_network.read_feature_network` gives them; None: pixels alone count.
    """
    model = inversion_graph(synthesis, features)
    graphs = {INVERSION: model, DISTANCE: distance_graph(synthesis.config, features)}
    if has_training_tools():
        graphs[INVERSION_TRAINING] = inversion_graph(synthesis, features, for_training_api=True)
        config = synthesis.config
        nothing = np.zeros((config.num_ws, config.w_dim), np.float32)
        _, checkpoint = optimizer_and_checkpoint(LATENT, nothing)
        (bundle / INVERSION_CHECKPOINT).write_bytes(checkpoint)
    for file, graph in graphs.items():
        weights.take(graph, bundle / file, BEGINNING)
        weights.save(graph, bundle / file, synthesis.state_dict(prefix=PREFIX))


class PictureDistance(nn.Module):
    """Two pictures (1, C, H, W) in [-1, 1] → as `PictureLoss`, without a network's picture."""

    def forward(self, picture: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        return pyramid_distance(picture, target), picture[:, :3] + 0.0, target[:, :3] + 0.0


def distance_graph(config: AnyConfig, features: onnx.ModelProto | None = None) -> onnx.ModelProto:
    """The loss of a picture that is given, and its gradient by it: for engines that have the
    network themselves. Raises UsageError as `inversion_graph` does."""
    shape = 1, 4 if config.alpha else 3, *config.size
    example = torch.zeros(shape), torch.zeros(shape)
    outputs = "distance", "seen", "colours"
    model = trace(PictureDistance(), example, ("picture", "target"), outputs)
    add_loss(model, features, "seen")
    gradient = differentiated(model, ["picture"])["picture"]
    give(model, "gradient", gradient, list(shape))
    keep_outputs(model, ("loss", "gradient"))
    lower(model)
    standardise(model, OPSET)
    return model


def inversion_graph(
    synthesis: FoldedNetwork,
    features: onnx.ModelProto | None = None,
    for_training_api: bool = False,
) -> onnx.ModelProto:
    """The graph; its weights are inputs, named as in the state_dict with `synthesis.` before.

    for_training_api: w+ is the parameter, whose gradient the API keeps, instead of an output.
    Raises UsageError where the features have an operator without a gradient here.
    """
    config = synthesis.config
    channels = 4 if config.alpha else 3
    shape = config.num_ws, config.w_dim
    example = torch.zeros(shape), torch.zeros(1, channels, *config.size)
    outputs = "distance", "image", "picture", "colours"
    model = trace(PictureLoss(synthesis), example, (LATENT, "target"), outputs)
    add_loss(model, features, "picture")
    gradient = differentiated(model, [LATENT])[LATENT]
    give(model, "gradient", gradient, shape)
    if for_training_api:
        keep_outputs(model, ("loss", "image", accumulate(model, LATENT, "gradient")))
        lower(model)
        model.ir_version = IR_VERSION
        return model
    keep_outputs(model, ("loss", "gradient", "image"))
    lower(model)
    standardise(model, OPSET)
    return model


def add_loss(model: onnx.ModelProto, features: onnx.ModelProto | None, picture: str) -> None:
    """Makes the output `loss` of `distance`, and of what features see in the tensors `picture` and
    `colours`."""
    if features is None:
        model.graph.node.append(helper.make_node("Identity", ["distance"], ["loss"], "loss"))
    else:
        add_feature_distance(model, features, picture, "colours", "distance", "loss")
    model.graph.output.append(helper.make_tensor_value_info("loss", onnx.TensorProto.FLOAT, []))


def give(model: onnx.ModelProto, name: str, tensor: str, shape: Sequence[int]) -> None:
    """Makes an output of a tensor."""
    model.graph.node.append(helper.make_node("Identity", [tensor], [name], name))
    output = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    model.graph.output.append(output)


def differentiated(model: onnx.ModelProto, parameters: Sequence[str]) -> dict[str, str]:
    """Adds the loss's gradient by each of these; its name. Raises UsageError where the features
    have an operator without one here."""
    try:
        return differentiate(model, "loss", parameters)
    except EngineError as error:
        if BEGINNING not in str(error):
            raise
        raise UsageError(f"the network of features cannot be trained through: {error}") from None
