"""What a StyleGAN2 generator is built from, in numbers; no torch here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Protocol, get_args

from tui_draggan.size import Size

Architecture = Literal["skip", "orig", "resnet"]
ARCHITECTURES: tuple[str, ...] = get_args(Architecture)
SQUARE = Size.square(4)
"""The constant of the published networks."""


class MappingConfig(Protocol):
    """What a mapping network is built from; every family's configuration has it."""

    @property
    def z_dim(self) -> int: ...
    @property
    def w_dim(self) -> int: ...
    @property
    def c_dim(self) -> int: ...
    @property
    def mapping_layers(self) -> int: ...
    @property
    def mapping_lr(self) -> float: ...
    @property
    def mapping_dim(self) -> int | None: ...
    @property
    def embed_dim(self) -> int | None: ...


@dataclass(frozen=True)
class GeneratorConfig:
    """Architecture of one generator; enough, with its weights, to build it again."""

    family: ClassVar[str] = "StyleGAN2"

    resolution: int
    """Name of the last block: a power of two, at least 8. Blocks are b4, b8, …, each with maps
    twice as large; the sides of their maps are so many cells where `const` is 4×4."""
    channels: tuple[int, ...]
    """Feature channels of each block, from b4 up to the resolution."""
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
    const: Size = SQUARE
    """Rows and columns of the constant that b4 begins with. It alone says how wide and how high
    the picture is: 4×2 for one of 1024 rows and 512 columns with nine blocks."""
    alpha: bool = False
    """Whether pictures have a fourth channel, their opacity: -1 transparent, 1 opaque."""

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
        if min(self.const) < 1:
            raise ValueError(f"const is {self.const}; expected at least one row and one column")

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        return tuple(4 * 2**i for i in range(len(self.channels)))

    @property
    def size(self) -> Size:
        """Of the picture."""
        return self.size_of(self.resolution)

    def size_of(self, block: int) -> Size:
        """Of the maps of the block `block`, one of `block_resolutions`."""
        return self.const.scaled(block // 4)

    @property
    def picture_channels(self) -> int:
        """3, or 4 with alpha."""
        return 4 if self.alpha else 3

    @property
    def num_ws(self) -> int:
        """Rows of w+: one for every convolution and one for the last ToRGB."""
        return 2 * len(self.channels)

    @property
    def feature_sides(self) -> tuple[int, ...]:
        """Names of the blocks whose features can be dragged."""
        return self.block_resolutions

    def feature_channels(self, side: int) -> int:
        return self.channels[self.block_resolutions.index(side)]

    def has_torgb(self, resolution: int) -> bool:
        """Whether the block at `resolution` gives a picture."""
        return self.architecture == "skip" or resolution == self.resolution

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; `const` is left out where it is 4×4, `alpha` where there is none."""
        values = {**asdict(self), "channels": list(self.channels), "const": list(self.const)}
        if self.const == SQUARE:
            del values["const"]
        if not self.alpha:
            del values["alpha"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GeneratorConfig:
        """The inverse of `to_dict`; a `family` beside the fields is passed over."""
        const = Size(*values.get("const", SQUARE))
        fields = {name: value for name, value in values.items() if name != "family"}
        return cls(**{**fields, "channels": tuple(values["channels"]), "const": const})

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
    """Multiply-adds of the convolutions of each block, by its name."""
    cost, inputs = {}, 0
    for resolution, outputs in zip(config.block_resolutions, config.channels, strict=True):
        pixels = config.size_of(resolution).area
        cost[resolution] = 9 * outputs * (outputs * pixels + inputs * pixels // 4)
        inputs = outputs
    return cost
