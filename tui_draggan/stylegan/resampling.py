"""The FIR filter between two resolutions, in the forms that ONNX Runtime runs fastest.

On small maps: a product with a banded matrix from either side. Its cost grows with the cube of the
side; the convolutions that take its place on larger maps are slow on small ones.

Shapes: C channels, r side of the map that comes out.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.stylegan.constants import Constants
from tui_draggan.stylegan.network import FIR, fir_kernel

FILTER_BY_PRODUCT = 128
UPSAMPLE_BY_PRODUCT = 256
"""The largest r for which the product is the faster form: of the filter with the transposed
convolution in front of it, which `phases` makes faster where a product follows."""


class Filter(Constants):
    """(1, C, r + 1, r + 1), as a transposed convolution leaves it → (1, C, r, r)."""

    matrix: Tensor
    transposed: Tensor
    kernel: Tensor

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.by_product = size <= FILTER_BY_PRODUCT
        if self.by_product:
            self.constant("matrix", fir_matrix(size))
            self.constant("transposed", fir_matrix(size).t())
        else:
            self.constant(
                "kernel", fir_kernel(torch.device("cpu"), torch.float32).expand(channels, 1, 4, 4)
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.by_product:
            return torch.matmul(self.matrix, torch.matmul(x, self.transposed))
        return F.conv2d(x, self.kernel, padding=1, groups=len(self.kernel))


class Upsampling(Constants):
    """`network.upsample`: (1, C, r/2, r/2) → (1, C, r, r)."""

    matrix: Tensor
    transposed: Tensor
    kernel: Tensor

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.by_product = size <= UPSAMPLE_BY_PRODUCT
        if self.by_product:
            self.constant("matrix", upsampling_matrix(size))
            self.constant("transposed", upsampling_matrix(size).t())
        else:
            self.constant(
                "kernel", fir_kernel(torch.device("cpu"), torch.float32).expand(channels, 1, 4, 4)
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.by_product:
            return torch.matmul(self.matrix, torch.matmul(x, self.transposed))
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
