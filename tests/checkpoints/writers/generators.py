"""Random generators as named tensors, in NVIDIA's layout, of any kind that the formats know."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tests.plain_stylegan2 import PlainGenerator

KERNEL = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64 * 4
"""The filter of up-sampling with its gain, as the programs that keep it in their files have it."""


@dataclass(frozen=True)
class Kind:
    """What a generator is; small, with widths that are all different so that nothing mixes up."""

    channels: tuple[int, ...] = (10, 9, 8, 6)
    z_dim: int = 14
    w_dim: int = 12
    c_dim: int = 0
    embed_dim: int = 11
    mapping_layers: int = 3
    mapping_dim: int = 13
    mapping_lr: float = 0.01
    architecture: str = "skip"
    conv_clamp: float | None = None
    colours: int = 3
    const: tuple[int, int] = (4, 4)

    @property
    def resolution(self) -> int:
        return 2 << len(self.channels)

    @property
    def sides(self) -> list[int]:
        return [4 * 2**block for block in range(len(self.channels))]

    def plain(self, tensors: dict[str, Tensor]) -> PlainGenerator:
        """The reference, in double precision."""
        exact = {name: tensor.double() for name, tensor in tensors.items()}
        return PlainGenerator(exact, self.architecture, self.conv_clamp, self.mapping_lr)


def random_tensors(kind: Kind, seed: int = 0) -> dict[str, Tensor]:
    """Every tensor of the generator; none is zero or one as after an initialisation."""
    source = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=source)

    def layer(name: str, out: int, into: int, kernel: int) -> None:
        tensors[f"{name}.weight"] = normal(out, into, kernel, kernel)
        tensors[f"{name}.bias"] = 0.3 * normal(out)
        tensors[f"{name}.affine.weight"] = normal(into, kind.w_dim)
        tensors[f"{name}.affine.bias"] = 1 + 0.3 * normal(into)

    def noise(name: str, side: int) -> None:
        height, width = kind.const
        tensors[f"{name}.noise_strength"] = 0.3 * normal()
        tensors[f"{name}.noise_const"] = normal(height * side // 4, width * side // 4)

    tensors: dict[str, Tensor] = {}
    inputs = kind.z_dim
    if kind.c_dim:
        tensors["mapping.embed.weight"] = normal(kind.embed_dim, kind.c_dim)
        tensors["mapping.embed.bias"] = 0.3 * normal(kind.embed_dim)
        inputs += kind.embed_dim
    for index in range(kind.mapping_layers):
        outputs = kind.w_dim if index == kind.mapping_layers - 1 else kind.mapping_dim
        tensors[f"mapping.fc{index}.weight"] = normal(outputs, inputs) / kind.mapping_lr
        tensors[f"mapping.fc{index}.bias"] = 0.3 * normal(outputs) / kind.mapping_lr
        inputs = outputs
    tensors["mapping.w_avg"] = normal(kind.w_dim)

    tensors["synthesis.b4.const"] = normal(kind.channels[0], *kind.const)
    inputs = 0
    for side, outputs in zip(kind.sides, kind.channels, strict=True):
        block = f"synthesis.b{side}"
        if inputs:
            layer(f"{block}.conv0", outputs, inputs, 3)
            noise(f"{block}.conv0", side)
        layer(f"{block}.conv1", outputs, outputs, 3)
        noise(f"{block}.conv1", side)
        if kind.architecture == "skip" or side == kind.resolution:
            layer(f"{block}.torgb", kind.colours, outputs, 1)
        if kind.architecture == "resnet" and inputs:
            tensors[f"{block}.skip.weight"] = normal(outputs, inputs, 1, 1)
        inputs = outputs
    return tensors
