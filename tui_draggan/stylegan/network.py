"""StyleGAN2's generator, plain: mapping network and synthesis network.

Written from Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (CVPR 2020,
section 2.2 for weight demodulation, section 4.1 for the architectures). Parameter names and
numerics are those of the published checkpoints, so that their weights give their pictures.

Shapes: N batch, I/O input/output channels, H/W rows/columns, L = num_ws rows of w+.
This is the form for training and for reading; `export.folded` folds it for inference and editing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Values
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.size import Size
from tui_draggan.stylegan.config import GeneratorConfig, MappingConfig

LRELU_SLOPE = 0.2
LRELU_GAIN = math.sqrt(2)
RESIDUAL_GAIN = math.sqrt(0.5)
"""Gain of both summands of a resnet block: their sum has the variance of one."""
DEMODULATION_EPSILON = 1e-8
MEAN_SAMPLES = 10_000
FIR = (1.0, 3.0, 3.0, 1.0)


def random(*shape: int, over: float = 1.0) -> Tensor:
    """Normally distributed numbers, divided by `over`. Where nothing is to be filled in
    (`built_around`), none: for those of the meta device torch imports for a second."""
    numbers = torch.empty(*shape)
    return numbers if numbers.is_meta else numbers.normal_().div_(over)


class FullyConnected(nn.Module):
    """Linear layer with equalised learning rate: weight·lr/√I and bias·lr are what acts."""

    def __init__(self, inputs: int, outputs: int, lr: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(random(outputs, inputs, over=lr))
        self.bias = nn.Parameter(torch.full((outputs,), bias / lr))
        self.weight_gain = lr / math.sqrt(inputs)
        self.bias_gain = lr

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)


class Mapping(nn.Module):
    """z (N, z_dim), one-hot label (N, c_dim) → w (N, w_dim)."""

    w_avg: Tensor

    def __init__(self, config: MappingConfig) -> None:
        super().__init__()
        self.config = config
        width = config.z_dim
        if config.c_dim:
            embed_dim = config.embed_dim or config.w_dim
            self.embed = FullyConnected(config.c_dim, embed_dim)
            width += embed_dim
        inner = [config.mapping_dim or config.w_dim] * (config.mapping_layers - 1)
        for i, outputs in enumerate([*inner, config.w_dim]):
            self.add_module(f"fc{i}", FullyConnected(width, outputs, lr=config.mapping_lr))
            width = outputs
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        x = normalize_second_moment(z)
        if self.config.c_dim:
            if label is None:
                raise ValueError(f"a conditional generator needs a label (N, {self.config.c_dim})")
            x = torch.cat([x, normalize_second_moment(self.embed(label))], dim=1)
        for i in range(self.config.mapping_layers):
            x = leaky_relu(self.get_submodule(f"fc{i}")(x))
        return x


class StyledConv(nn.Module):
    """Modulated, demodulated 3×3 convolution, then noise, bias and leaky ReLU.

    Modulation acts on the activations, x·s → conv → ·d with d = 1/√(Σ s²·Σ_k w² + ε): the same
    numbers as modulated weights (paper, equation 3), but one ordinary convolution for a batch.
    """

    noise_const: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: Size,
        config: GeneratorConfig,
        up: bool = False,
        residual_gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.up = up
        self.gain = LRELU_GAIN * residual_gain
        self.limit = None if config.conv_clamp is None else config.conv_clamp * residual_gain
        self.affine = FullyConnected(config.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(random(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", random(*size))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            styles = self.affine(w.to(self.affine.weight.dtype))
            squares = self.weight.square().sum(dim=(2, 3))
            demodulation = torch.rsqrt(styles.square() @ squares.t() + DEMODULATION_EPSILON)
        x = x * styles[:, :, None, None].to(x.dtype)
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = fir_filter(x, padding=1)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        x = x * demodulation[:, :, None, None].to(x.dtype)
        x = x + (self.noise_const * self.noise_strength).to(x.dtype)
        x = x + self.bias[None, :, None, None].to(x.dtype)
        return clamped(F.leaky_relu(x, LRELU_SLOPE) * self.gain, self.limit)


class ToRGB(nn.Module):
    """Modulated 1×1 convolution to the picture's channels, without demodulation."""

    def __init__(self, inputs: int, config: GeneratorConfig) -> None:
        super().__init__()
        self.limit = config.conv_clamp
        self.affine = FullyConnected(config.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(random(config.picture_channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(config.picture_channels))
        self.weight_gain = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.affine(w) * self.weight_gain
        x = F.conv2d(x * styles[:, :, None, None].to(x.dtype), self.weight)
        return clamped(x.to(self.bias.dtype) + self.bias[None, :, None, None], self.limit)


class ResidualSkip(nn.Module):
    """x (N, I, H, W) → (N, O, 2H, 2W): 1×1 convolution, up-sampling, residual gain."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(random(outputs, inputs, 1, 1))
        self.weight_gain = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return upsample(F.conv2d(x, self.weight * self.weight_gain)) * RESIDUAL_GAIN


class SynthesisBlock(nn.Module):
    """Maps of one size: conv0, which doubles them, and conv1; in b4 the constant and conv1.

    `torgb` is None where the architecture has none; `skip` is there in resnet blocks.
    """

    def __init__(self, inputs: int, outputs: int, resolution: int, config: GeneratorConfig) -> None:
        super().__init__()
        self.resolution = resolution
        size = config.size_of(resolution)
        residual = config.architecture == "resnet" and inputs > 0
        if inputs:
            self.conv0 = StyledConv(inputs, outputs, size, config, up=True)
        else:
            self.const = nn.Parameter(random(outputs, *size))
        gain = RESIDUAL_GAIN if residual else 1.0
        self.conv1 = StyledConv(outputs, outputs, size, config, residual_gain=gain)
        self.torgb = ToRGB(outputs, config) if config.has_torgb(resolution) else None
        self.skip = ResidualSkip(inputs, outputs) if residual else None

    @property
    def num_conv(self) -> int:
        return 1 if self.resolution == 4 else 2

    def forward(self, x: Tensor | None, ws: Tensor) -> Tensor:
        """Features (N, O, H, W) from the previous block's; ws (N, num_conv + 1, w_dim)."""
        y: Tensor
        if x is None:
            y = self.conv1(self.const[None].expand(ws.shape[0], -1, -1, -1), ws[:, 0])
        else:
            y = self.conv1(self.conv0(x, ws[:, 0]), ws[:, 1])
            if self.skip is not None:
                y = self.skip(x) + y
        return y


class Synthesis(nn.Module):
    """w+ (N, L, w_dim) → picture (N, 3, H, W), or 4 channels with alpha, about [-1, 1]."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 0
        for resolution, outputs in zip(config.block_resolutions, config.channels, strict=True):
            self.add_module(f"b{resolution}", SynthesisBlock(inputs, outputs, resolution, config))
            inputs = outputs

    def forward(self, ws: Tensor) -> Tensor:
        *_, (_, _, image) = self.walk(ws)
        assert image is not None
        return image

    def walk(self, ws: Tensor) -> Iterator[tuple[int, Tensor, Tensor | None]]:
        """Block after block: its name, features (N, C, H, W), picture (N, 3, H, W).

        There is a picture in every block with skip architecture, in the last one with the others.
        """
        x: Tensor | None = None
        image: Tensor | None = None
        row = 0
        for resolution in self.config.block_resolutions:
            block = self.get_submodule(f"b{resolution}")
            assert isinstance(block, SynthesisBlock)
            block_ws = ws[:, row : row + block.num_conv + 1]
            x = block(x, block_ws)
            if block.torgb is not None:
                rgb = block.torgb(x, block_ws[:, -1])
                image = rgb if image is None else upsample(image) + rgb
            row += block.num_conv  # torgb shares its row with the next block's first convolution
            yield resolution, x, image


class Generator(nn.Module):
    """Mapping and synthesis network together."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.synthesis = Synthesis(config)

    @classmethod
    def from_state(cls, config: GeneratorConfig, state: Values[str, Tensor]) -> Generator:
        """Built around tensors by their state_dict names, in float32; those that are, are shared.

        No random weights are made first. Raises RuntimeError where names or shapes do not fit.
        """
        return built_around(lambda: cls(config), state)

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    def forward(self, z: Tensor, label: Tensor | None = None, psi: float = 1.0) -> Tensor:
        return pictures(self.mapping, self.synthesis, self.num_ws, z, label, psi)


N = TypeVar("N", bound=nn.Module)


def built_around(make: Callable[[], N], state: Values[str, Tensor]) -> N:
    """A network whose parameters and buffers are these tensors in float32; those that are, are
    shared. No random weights are made first. Raises RuntimeError where names or shapes do not fit.
    """
    with torch.device("meta"):
        network = make()
    float32 = {name: value.float() for name, value in state.items()}
    network.load_state_dict(float32, assign=True)
    return network.eval()


def pictures(
    mapping: Mapping,
    synthesis: nn.Module,
    num_ws: int,
    z: Tensor,
    label: Tensor | None,
    psi: float,
) -> Tensor:
    """z (N, z_dim) → w, truncated, in every row of w+ → pictures (N, C, H, W)."""
    w = truncate(mapping(z, label), mapping.w_avg, psi)
    images: Tensor = synthesis(w[:, None].expand(-1, num_ws, -1))
    return images


def mean_w(mapping: Mapping) -> Tensor:
    """(w_dim,) the mean w over `MEAN_SAMPLES` fixed z, of all classes alike: truncation's centre
    (Karras et al. 2019, appendix B)."""
    z = torch.randn(MEAN_SAMPLES, mapping.config.z_dim, generator=torch.Generator().manual_seed(0))
    label = None
    if classes := mapping.config.c_dim:
        label = F.one_hot(torch.arange(MEAN_SAMPLES) % classes, classes).float()
        label = label.to(mapping.w_avg.device)
    with torch.no_grad():
        ws: Tensor = mapping(z.to(mapping.w_avg.device), label)
    return ws.mean(dim=0)


def truncate(w: Tensor, w_avg: Tensor, psi: float) -> Tensor:
    """Truncation trick: w_avg + ψ·(w − w_avg) (Karras et al. 2019, appendix B)."""
    return w_avg + psi * (w - w_avg)


def normalize_second_moment(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


def leaky_relu(x: Tensor) -> Tensor:
    return F.leaky_relu(x, LRELU_SLOPE) * LRELU_GAIN


def clamped(x: Tensor, limit: float | None) -> Tensor:
    return x if limit is None else x.clamp(-limit, limit)


def fir_kernel(device: torch.device, dtype: torch.dtype) -> Tensor:
    """The 4×4 low-pass kernel with gain 4, which keeps the mean when up-sampling by two."""
    taps = torch.tensor(FIR, device=device, dtype=dtype)
    kernel = torch.outer(taps, taps)
    return kernel / kernel.sum() * 4


def fir_filter(x: Tensor, padding: int) -> Tensor:
    """Filters every channel of x (N, C, H, W) alone; H grows by 2·padding − 3."""
    kernel = fir_kernel(x.device, x.dtype).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, padding=padding, groups=x.shape[1])


def upsample(image: Tensor) -> Tensor:
    """Doubles a map (N, C, H, W): zeros between the pixels, then the FIR kernel."""
    kernel = fir_kernel(image.device, image.dtype).expand(image.shape[1], 1, 4, 4)
    return F.conv_transpose2d(image, kernel, stride=2, padding=1, groups=image.shape[1])
