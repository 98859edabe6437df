"""The graph that pivotal tuning asks at every step: a photograph's loss by the network's weights.

Pivotal tuning (Roich et al., "Pivotal Tuning for Latent-based Editing of Real Images", ACM TOG
2022) keeps the latent that an inversion found and trains the network around it. Here the weights
of all modulated convolutions are inputs of a graph, and the loss's gradients by them outputs; Adam
is the engine's. What bundles hold besides, and what depends on these weights, are the sums of
their squares, of which demodulation is made: the graph computes and gives them too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from tui_draggan.bundle import TUNABLE, TUNING
from tui_draggan.engines.graph_cache import LARGE
from tui_draggan.export.families import FoldedNetwork
from tui_draggan.export.feature_network import BEGINNING
from tui_draggan.export.graph_surgery import keep_outputs
from tui_draggan.export.inversion_graph import PictureLoss, add_loss, differentiated, give
from tui_draggan.export.lowering import lower
from tui_draggan.export.shared_weights import PREFIX, SharedWeights
from tui_draggan.export.standard_operators import standardise
from tui_draggan.export.tracing import OPSET, trace

SQUARES = "squares"
"""End of the names of the tensors that are made from the weights."""


class TunableLoss(nn.Module):
    """As `inversion_graph.PictureLoss`, of a network with other weights; besides, it gives their
    squares."""

    def __init__(self, synthesis: FoldedNetwork) -> None:
        super().__init__()
        self.synthesis = synthesis
        self.names = trained_weights(synthesis)

    def forward(self, w_plus: Tensor, target: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        """weights: one for each of `names`. As buffers of their own, constants that depend on them
        alone would be folded."""
        synthesis = self.synthesis
        with _holding(synthesis, dict(zip(self.names, weights, strict=True))):
            made = squares_of(synthesis)
            with _holding(synthesis, made):
                outputs = PictureLoss(synthesis)(w_plus, target)
        return *outputs, *made.values()


@contextmanager
def _holding(synthesis: FoldedNetwork, tensors: dict[str, Tensor]) -> Iterator[None]:
    """While entered, the network has these in place of its own. (`torch.func.functional_call`,
    which would do it, does not work while a module is traced.)"""
    before = {name: synthesis.get_buffer(name) for name in tensors}

    def hold(held: dict[str, Tensor]) -> None:
        for name, tensor in held.items():
            module, _, own = name.rpartition(".")
            setattr(synthesis.get_submodule(module), own, tensor)

    hold(tensors)
    try:
        yield
    finally:
        hold(before)


def squares_of(synthesis: FoldedNetwork) -> dict[str, Tensor]:
    """What is made from the weights as they are, by its names in the state_dict."""
    sums = [conv.squares() for _, conv in synthesis.convolutions()]
    lower, upper = synthesis.lower_styles, synthesis.upper_styles
    count = len(lower.inputs)
    found = {f"lower_styles.{SQUARES}": lower.stacked(sums[:count])}
    if upper is not None:
        found[f"upper_styles.{SQUARES}"] = upper.stacked(sums[count:])
    return found


def trained_weights(synthesis: FoldedNetwork) -> list[str]:
    """The weights of the modulated convolutions, by their names in the state_dict."""
    return [
        f"{name}.{own}"
        for name, conv in synthesis.convolutions()
        for own, _ in conv.named_buffers(recurse=False)
        if own.startswith("weight")
    ]


def tunable(synthesis: FoldedNetwork) -> Collection[str]:
    """All tensors that tuning changes."""
    squares = [f"{part}_styles.{SQUARES}" for part in ("lower", "upper")]
    return {*trained_weights(synthesis), *squares}


def write_tuning_graph(
    synthesis: FoldedNetwork,
    bundle: Path,
    weights: SharedWeights,
    features: onnx.ModelProto | None = None,
) -> None:
    """Writes the graph into a bundle's folder, in standard operators, and where the tensors lie;
    nothing for a network of a few channels, whose tensors are too small for the file of weights.

    features: as in `inversion_graph.write_inversion_graph`.
    """
    values = synthesis.state_dict()
    if any(values[name].nbytes < LARGE for name in tunable(synthesis) if name in values):
        return
    model = tuning_graph(synthesis, features)
    trained = trained_weights(synthesis)
    weights.take(model, bundle / TUNING, BEGINNING)
    weights.save(model, bundle / TUNING, synthesis.state_dict(prefix=PREFIX))

    def places(names: list[str]) -> dict[str, dict[str, object]]:
        return {
            name: {
                "offset": weights.place(name, values[name]),
                "shape": list(values[name].shape),
            }
            for name in names
        }

    made = [name for name in values if name.endswith(f"styles.{SQUARES}")]
    index = {"weights": places(trained), "made": places(made)}
    (bundle / TUNABLE).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def tuning_graph(
    synthesis: FoldedNetwork, features: onnx.ModelProto | None = None
) -> onnx.ModelProto:
    """Inputs: w_plus, target, each weight by its name in the state_dict, and the network's other
    constants, named with `synthesis.` before. Outputs: loss, image, the gradient by each weight as
    `gradient/NAME`, and what is made from the weights as `made/NAME`."""
    config, values = synthesis.config, synthesis.state_dict()
    trained = trained_weights(synthesis)
    channels = 4 if config.alpha else 3
    example = (
        torch.zeros(config.num_ws, config.w_dim),
        torch.zeros(1, channels, *config.size),
        *(values[name] for name in trained),
    )
    made = {name: f"made/{name}" for name in squares_of(synthesis)}
    outputs = "distance", "image", "picture", "colours", *made.values()
    model = trace(TunableLoss(synthesis), example, ("w_plus", "target", *trained), outputs)
    add_loss(model, features, "picture")
    gradients = differentiated(model, trained)
    for name in trained:
        give(model, f"gradient/{name}", gradients[name], values[name].shape)
    keep_outputs(
        model, ("loss", "image", *(f"gradient/{name}" for name in trained), *made.values())
    )
    lower(model, weights_change=True)
    standardise(model, OPSET)
    return model
