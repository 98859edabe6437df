"""StyleGAN2's discriminator: residual blocks with equalised learning rate.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (CVPR 2020), section 4.1;
minibatch standard deviation: Karras et al., "Progressive Growing of GANs" (ICLR 2018), section 3.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.stylegan.network import FullyConnected, leaky_relu


class Discriminator(nn.Module):
    """Picture (N, 3, H, W), one-hot label (N, c_dim) → one logit (N,), high for what looks real.

    Without classes (c_dim 0) the label is not looked at.

    channels: feature channels of the blocks from 4×4 up to the resolution, as in the generator.
    The label is judged by projection: its embedding's product with the last features (Miyato and
    Koyama, "cGANs with Projection Discriminator", ICLR 2018).
    """

    def __init__(
        self, resolution: int, channels: Sequence[int], c_dim: int, group: int = 4
    ) -> None:
        super().__init__()
        if 4 * 2 ** (len(channels) - 1) != resolution:
            raise ValueError(f"{len(channels)} channel counts do not make {resolution} px")
        self.resolution = resolution
        self.channels = tuple(channels)
        self.group = group
        self.from_rgb = EqualisedConv(3, channels[-1], kernel=1)
        self.blocks = nn.ModuleList(
            ResidualBlock(channels[i], channels[i - 1]) for i in range(len(channels) - 1, 0, -1)
        )
        last = channels[0]
        self.conv = EqualisedConv(last + 1, last, kernel=3)
        self.fc = FullyConnected(last * 16, last)
        self.out = FullyConnected(last, 1)
        self.embed = FullyConnected(c_dim, last) if c_dim else None

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        x = self._maps(image)
        with torch.autocast(x.device.type, enabled=False):
            x = self._last(x.float(), minibatch_deviation(x.float(), self.group))
            logit: Tensor = self.out(x)[:, 0]
            if self.embed is None:
                return logit
            assert label is not None
            projection: Tensor = (x * self.embed(label)).sum(dim=1)
            return logit + projection / math.sqrt(x.shape[1])

    def features(self, image: Tensor) -> Tensor:
        """What the logit is made of, (N, channels[0]), each picture for itself: its group's
        deviation counts as 0. For distances between sets of pictures."""
        x = self._maps(image).float()
        return self._last(x, torch.zeros_like(x[:, :1]))

    def _maps(self, image: Tensor) -> Tensor:
        x = leaky_relu(self.from_rgb(image))
        for block in self.blocks:
            x = block(x)
        return x

    def _last(self, x: Tensor, deviation: Tensor) -> Tensor:
        x = leaky_relu(self.conv(torch.cat((x, deviation), dim=1)))
        return leaky_relu(self.fc(x.flatten(1)))


class ResidualBlock(nn.Module):
    """A convolution, half the size, a convolution, beside a halved 1×1 skip; summed over √2.

    Halving averages 2×2 pixels before the convolution, where the paper filters and strides:
    strided bf16 convolutions are several times slower on CPUs.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = EqualisedConv(inputs, inputs, kernel=3)
        self.conv1 = EqualisedConv(inputs, outputs, kernel=3)
        self.skip = EqualisedConv(inputs, outputs, kernel=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.avg_pool2d(leaky_relu(self.conv0(x)), 2)
        skipped: Tensor = self.skip(F.avg_pool2d(x, 2))
        return (leaky_relu(self.conv1(y)) + skipped) * math.sqrt(0.5)


class EqualisedConv(nn.Module):
    """Convolution whose weight/√(I·k²) acts; the size stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.gain = 1 / math.sqrt(inputs * kernel * kernel)

    def forward(self, x: Tensor) -> Tensor:
        padding = self.weight.shape[-1] // 2
        return F.conv2d(x, self.weight * self.gain, self.bias, padding=padding)


def minibatch_deviation(x: Tensor, group: int) -> Tensor:
    """One number per picture (N, 1, H, W): how much the pictures of its group differ.

    Picture n is in group n mod (N / group). The number is the standard deviation over the group,
    averaged over channels and pixels.
    """
    count, _, height, width = x.shape
    group = math.gcd(group, count)
    grouped = x.reshape(group, count // group, -1)
    deviation = (grouped.var(dim=0, correction=0) + 1e-8).sqrt().mean(dim=1)
    return deviation.repeat(group)[:, None, None, None].expand(-1, 1, height, width)
