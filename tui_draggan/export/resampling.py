"""The FIR filter between two sizes of maps, in the forms that ONNX Runtime runs fastest.

On small maps: a product with a banded matrix from either side. Its cost grows with the cube of the
side; the convolutions that take its place on larger maps are slow on small ones.

Shapes: C channels, H/W rows/columns of the map that comes out.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.size import Size
from tui_draggan.stylegan.network import FIR, fir_kernel

FILTER_BY_PRODUCT = 128
UPSAMPLE_BY_PRODUCT = 256
"""The longer side up to which the product is the faster form: of the filter with the transposed
convolution in front of it, which `phases` makes faster where a product follows."""


class Constants(nn.Module):
    """Tensors that do not change while a picture is dragged: buffers, float32, contiguous, not
    copied where they are that already. What an exported network is made of."""

    def constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.detach().float().contiguous())


class Resampling(Constants):
    """The filter's kernel, or the matrices that take its place: from the left along rows, from the
    right along columns."""

    matrix: Tensor
    transposed: Tensor
    kernel: Tensor

    def __init__(
        self, channels: int, size: Size, most: int, matrix: Callable[[int], Tensor]
    ) -> None:
        """matrix: of an axis of the outputs; for maps of at most `most` along their longer side."""
        super().__init__()
        self.by_product = size.longer <= most
        if self.by_product:
            self.constant("matrix", matrix(size.height))
            self.constant("transposed", matrix(size.width).t())
        else:
            kernel = fir_kernel(torch.device("cpu"), torch.float32)
            self.constant("kernel", kernel.expand(channels, 1, 4, 4))

    def product(self, x: Tensor) -> Tensor:
        return torch.matmul(self.matrix, torch.matmul(x, self.transposed))


class Filter(Resampling):
    """(1, C, H + 1, W + 1), as a transposed convolution leaves it → (1, C, H, W)."""

    def __init__(self, channels: int, size: Size) -> None:
        super().__init__(channels, size, FILTER_BY_PRODUCT, fir_matrix)

    def forward(self, x: Tensor) -> Tensor:
        if self.by_product:
            return self.product(x)
        return F.conv2d(x, self.kernel, padding=1, groups=len(self.kernel))


class Upsampling(Resampling):
    """`network.upsample`: (1, C, H/2, W/2) → (1, C, H, W)."""

    def __init__(self, channels: int, size: Size) -> None:
        super().__init__(channels, size, UPSAMPLE_BY_PRODUCT, upsampling_matrix)

    def forward(self, x: Tensor) -> Tensor:
        if self.by_product:
            return self.product(x)
        return F.conv_transpose2d(x, self.kernel, stride=2, padding=1, groups=len(self.kernel))


def fir_matrix(size: int) -> Tensor:
    """(size, size + 1): the FIR filter with gain 2 along one axis, after a transposed conv."""
    taps = torch.tensor(FIR) / sum(FIR) * 2
    eye = torch.eye(size + 1)[:, None]
    return F.conv1d(eye, taps[None, None], padding=1)[:, 0].t()


def upsampling_matrix(size: int) -> Tensor:
    """(size, size / 2): doubling along one axis, zeros between the pixels, then the FIR filter."""
    taps = torch.tensor(FIR) / sum(FIR) * 2
    eye = torch.eye(size // 2)[:, None]
    return F.conv_transpose1d(eye, taps[None, None], stride=2, padding=1)[:, 0].t()
