"""What a StyleGAN2 generator is built from, in numbers; no torch here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Architecture = Literal["skip", "orig", "resnet"]
ARCHITECTURES: tuple[str, ...] = get_args(Architecture)


@dataclass(frozen=True)
class GeneratorConfig:
    """Architecture of one generator; enough, with its weights, to build it again."""

    resolution: int
    """Width and height of the picture: a power of two, at least 8."""
    channels: tuple[int, ...]
    """Feature channels of each block, from 4×4 up to the resolution."""
    z_dim: int = 512
    w_dim: int = 512
    c_dim: int = 0
    """Number of classes; 0 for an unconditional generator."""
    mapping_layers: int = 8
    mapping_lr: float = 0.01
    """Learning-rate multiplier of the mapping network (it scales the stored weights)."""
    mapping_dim: int | None = None
    """Width of the mapping network's inner layers; None: w_dim."""
    embed_dim: int | None = None
    """Width of a label's embedding; None: w_dim."""
    architecture: Architecture = "skip"
    """skip: a ToRGB in every block, their pictures added up; orig: in the last block only; resnet:
    as orig, and each block's input is added to its output (StyleGAN2, section 4.1)."""
    conv_clamp: float | None = None
    """Activations, after their gain √2, and ToRGB outputs are clamped to ±conv_clamp (±√½ of it
    where a resnet block's residual gain scales them)."""

    def __post_init__(self) -> None:
        blocks = int(math.log2(self.resolution)) - 1
        if self.resolution < 8 or 2 ** (blocks + 1) != self.resolution:
            raise ValueError(f"resolution {self.resolution} is not a power of two of at least 8")
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"architecture {self.architecture!r} is unknown; one of {', '.join(ARCHITECTURES)}"
            )
        if len(self.channels) != blocks:
            raise ValueError(
                f"channels has {len(self.channels)} entries; {self.resolution} px needs {blocks}"
            )

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        return tuple(4 * 2**i for i in range(len(self.channels)))

    @property
    def num_ws(self) -> int:
        """Rows of w+: one for every convolution and one for the last ToRGB."""
        return 2 * len(self.channels)

    def has_torgb(self, resolution: int) -> bool:
        """Whether the block at `resolution` gives a picture."""
        return self.architecture == "skip" or resolution == self.resolution

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GeneratorConfig:
        return cls(**{**values, "channels": tuple(values["channels"])})

    @classmethod
    def from_channel_base(
        cls, resolution: int, channel_base: int, channel_max: int = 512, **others: Any
    ) -> GeneratorConfig:
        """The usual rule: min(channel_base / r, channel_max) channels at resolution r."""
        blocks = int(math.log2(resolution)) - 1
        channels = tuple(min(channel_base // (4 * 2**i), channel_max) for i in range(blocks))
        return cls(resolution=resolution, channels=channels, **others)


def rows_through(config: GeneratorConfig, resolution: int) -> int:
    """How many rows of w+ the features of the block at `resolution` depend on."""
    return 2 * config.block_resolutions.index(resolution) + 1


def multiply_adds(config: GeneratorConfig) -> dict[int, int]:
    """Multiply-adds of the convolutions of each block, by its resolution."""
    cost, inputs = {}, 0
    for resolution, outputs in zip(config.block_resolutions, config.channels, strict=True):
        pixels = resolution * resolution
        cost[resolution] = 9 * outputs * (outputs * pixels + inputs * pixels // 4)
        inputs = outputs
    return cost
