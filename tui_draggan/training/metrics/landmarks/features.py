"""The landmark network's features as an ONNX graph, for the loss of an inversion."""

from __future__ import annotations

import copy

import onnx
import torch
from torch import Tensor, nn

from tui_draggan.export.tracing import trace
from tui_draggan.size import Size
from tui_draggan.training.metrics.landmarks.network import landmark_network


class Stages(nn.Module):
    """Pictures (1, 3, H, W) in [-1, 1] → the maps of all stages, at H/2 to H/16."""

    def __init__(self) -> None:
        super().__init__()
        network = copy.deepcopy(landmark_network())
        self.parts = nn.ModuleList([network.stem, network.down32, network.down16, network.down8])

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        maps, x = [], picture
        for part in self.parts:
            x = part(x)
            maps.append(x)
        return tuple(maps)


def landmark_features(size: Size) -> onnx.ModelProto:
    """For pictures of that size, with its weights; every output is one stage's map."""
    names = tuple(f"stage{number}" for number in range(4))
    example = (torch.zeros(1, 3, *size),)
    return trace(Stages(), example, ("picture",), names, with_weights=True)
