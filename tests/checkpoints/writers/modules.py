"""Modules of torch as programs save them whole: their classes are the program's own."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Part(torch.nn.Module):
    """A class that no reader knows."""

    def __init__(self) -> None:
        super().__init__()
        self.activation = torch.nn.LeakyReLU(0.2)
        self.scale = 2**0.5


def module_of(tensors: Mapping[str, Tensor]) -> torch.nn.Module:
    """A tree of modules whose state_dict() is `tensors`; maps and filters are buffers."""
    root = Part()
    for name, tensor in tensors.items():
        *path, own = name.split(".")
        module: torch.nn.Module = root
        for part in path:
            if part not in module._modules:
                module.add_module(part, Part())
            module = module.get_submodule(part)
        if "noise" in own or own in ("kernel", "w_avg", "latent_avg"):
            module.register_buffer(own, tensor)
        else:
            module.register_parameter(own, torch.nn.Parameter(tensor))
    return root
