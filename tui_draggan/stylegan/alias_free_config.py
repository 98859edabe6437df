"""What a StyleGAN3 generator is built from, in numbers; no torch here.

Karras et al., "Alias-Free Generative Adversarial Networks" (NeurIPS 2021): section 3.2 for the
layers' sampling rates and cutoffs, appendix C for their sizes, margins and filters. StyleGAN3-T has
3×3 convolutions and separable filters; StyleGAN3-R 1×1 convolutions and radial filters.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from tui_draggan.size import Size

RGB_TAPS = 1
CLAMP = 256.0
"""The originals' clamp of activations."""


@dataclass(frozen=True)
class Stage:
    """The signal that a layer gives out."""

    channels: int
    size: int
    """Cells along a side of the map, its margins among them."""
    rate: int
    """Sampling rate s: cells along a side of the picture."""
    cutoff: float
    """f_c, in periods along a side of the picture."""
    half_width: float
    """f_h: half the width of the filter's transition band, in the same unit."""

    @property
    def margin(self) -> int:
        """Cells outside the picture at each end of a side."""
        return (self.size - self.rate) // 2


@dataclass(frozen=True)
class LayerGeometry:
    """How a layer goes from one stage to the next; along either axis alike."""

    index: int
    source: Stage
    target: Stage
    is_rgb: bool
    kernel: int
    up: int
    """Factor of the sampling rate at which the non-linearity works, before it."""
    down: int
    """Factor after it."""
    up_taps: int
    down_taps: int
    radial: bool
    """Whether the filter after the non-linearity is radially symmetric rather than separable."""

    @property
    def name(self) -> str:
        """As in NVIDIA's files."""
        return f"L{self.index}_{self.target.size}_{self.target.channels}"

    @property
    def inner_size(self) -> int:
        """Cells along a side where the non-linearity works."""
        return (self.target.size - 1) * self.down + self.down_taps

    @property
    def inner_rate(self) -> int:
        return self.source.rate * self.up

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros before and behind the map that was spread out by `up`, for the filter to leave
        `inner_size` cells, with both grids centred on the picture (appendix C.3)."""
        spread = (self.source.size + self.kernel - 1) * self.up
        total = self.inner_size + self.up_taps - 1 - spread
        before = (total + self.up) // 2
        return before, total - before


@dataclass(frozen=True)
class AliasFreeConfig:
    """Architecture of one generator; enough, with its weights, to build it again."""

    family: ClassVar[str] = "StyleGAN3"
    alpha: ClassVar[bool] = False
    """Whether pictures have an alpha channel; files of such a generator are not read."""

    stages: tuple[Stage, ...]
    """What each layer gives out, ToRGB last; the Fourier features have the first one's form."""
    critical: int = 2
    """Layers at the end, without ToRGB, that are sampled critically: without radial filters."""
    kernel: int = 3
    """Side of the convolutions: 3 for T, 1 for R."""
    radial: bool = False
    filter_size: int = 6
    """Taps of a filter for each cell of the coarser of its two grids."""
    oversampling: int = 2
    """Factor by which the non-linearity works on a finer grid than its layer."""
    output_scale: float = 0.25
    z_dim: int = 512
    w_dim: int = 512
    c_dim: int = 0
    """Number of classes; 0 for an unconditional generator."""
    mapping_layers: int = 2
    mapping_lr: float = 0.01
    """Learning-rate multiplier of the mapping network (it scales the stored weights)."""
    mapping_dim: int | None = None
    """Width of the mapping network's inner layers; None: w_dim."""
    embed_dim: int | None = None
    """Width of a label's embedding; None: w_dim."""
    conv_clamp: float | None = CLAMP
    """Activations, after their gain √2, and ToRGB's output are clamped to ±conv_clamp."""

    def __post_init__(self) -> None:
        if len(self.stages) < 2 or not 0 <= self.critical < len(self.stages):
            raise ValueError(f"{len(self.stages)} layers, {self.critical} of them critical")
        if self.kernel % 2 == 0 or min(self.kernel, self.filter_size, self.oversampling) < 1:
            raise ValueError(f"kernel {self.kernel}, filter size {self.filter_size}")
        last, before = self.stages[-1], self.stages[-2]
        if (last.size, last.rate) != (before.size, before.rate) or last.size != last.rate:
            raise ValueError("the last two layers are not of the picture's size")
        for layer in self.layers:
            rates = layer.inner_rate, layer.target.rate * layer.down
            if layer.source.rate * layer.up != rates[1] or layer.target.size < 1:
                raise ValueError(f"{layer.name} has rates that do not fit: {rates}")

    @property
    def resolution(self) -> int:
        """Width and height of the picture."""
        return self.stages[-1].size

    @property
    def size(self) -> Size:
        """Of the picture."""
        return Size.square(self.resolution)

    def size_of(self, side: int) -> Size:
        """Of the feature map of that side, as blocks of other families are asked for theirs."""
        return Size.square(side)

    @property
    def num_ws(self) -> int:
        """Rows of w+: one for the Fourier features and one for every layer."""
        return len(self.stages) + 1

    @property
    def architecture(self) -> str:
        """T moves with its Fourier features, R also turns with them."""
        return f"{self.family}-{'R' if self.radial else 'T'}"

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each layer, ToRGB without."""
        return tuple(stage.channels for stage in self.stages[:-1])

    @property
    def layers(self) -> tuple[LayerGeometry, ...]:
        last = len(self.stages) - 1
        layers = []
        for index, target in enumerate(self.stages):
            source, is_rgb = self.stages[max(index - 1, 0)], index == last
            inner = max(source.rate, target.rate) * (1 if is_rgb else self.oversampling)
            up, down = round(inner / source.rate), round(inner / target.rate)
            layers.append(
                LayerGeometry(
                    index=index,
                    source=source,
                    target=target,
                    is_rgb=is_rgb,
                    kernel=1 if is_rgb else self.kernel,
                    up=up,
                    down=down,
                    up_taps=RGB_TAPS if is_rgb or up == 1 else self.filter_size * up,
                    down_taps=RGB_TAPS if is_rgb or down == 1 else self.filter_size * down,
                    radial=self.radial and index < last - self.critical,
                )
            )
        return tuple(layers)

    @property
    def feature_layers(self) -> dict[int, LayerGeometry]:
        """The layer whose features can be dragged, by its sampling rate: the last one that has
        it, but for the critically sampled ones, which alias."""
        usable = self.layers[: len(self.stages) - 1 - self.critical]
        return {layer.target.rate: layer for layer in usable if layer.target.margin >= 0}

    @property
    def feature_sides(self) -> tuple[int, ...]:
        """Sides of the feature maps that can be dragged, without their margins."""
        return tuple(sorted(self.feature_layers))

    def feature_channels(self, side: int) -> int:
        return self.feature_layers[side].target.channels

    def rows_through(self, side: int) -> int:
        """How many rows of w+ the features of that side depend on."""
        return self.feature_layers[side].index + 2

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "stages": [asdict(stage) for stage in self.stages]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AliasFreeConfig:
        """A `family` beside the fields is passed over."""
        stages = tuple(Stage(**stage) for stage in values["stages"])
        fields = {name: value for name, value in values.items() if name != "family"}
        return cls(**{**fields, "stages": stages})

    @classmethod
    def from_schedule(
        cls,
        resolution: int,
        *,
        channel_base: int = 32768,
        channel_max: int = 512,
        layers: int = 14,
        margin: int = 10,
        **others: Any,
    ) -> AliasFreeConfig:
        """The paper's rule (section 3.2; T's numbers): cutoffs and stopbands grow geometrically
        from 2 and 2^2.1 to those of the picture, and stay there for the critical layers."""
        critical = others.get("critical", cls.critical)
        last_cutoff = resolution / 2
        stages = []
        for index in range(layers + 1):
            share = min(index / (layers - critical), 1)
            cutoff = 2 * (last_cutoff / 2) ** share
            stopband = 2**2.1 * (last_cutoff * 2**0.3 / 2**2.1) ** share
            rate = 2 ** math.ceil(math.log2(min(2 * stopband, resolution)))
            stages.append(
                Stage(
                    channels=3
                    if index == layers
                    else round(min(channel_base / 2 / cutoff, channel_max)),
                    size=resolution if index >= layers - 1 else rate + 2 * margin,
                    rate=rate,
                    cutoff=cutoff,
                    half_width=max(stopband, rate / 2) - cutoff,
                )
            )
        return cls(stages=tuple(stages), **others)
