from __future__ import annotations

import pytest
import torch

from tui_draggan.export.resampling import FILTER_BY_PRODUCT, UPSAMPLE_BY_PRODUCT, Filter, Upsampling
from tui_draggan.stylegan import network


@pytest.mark.parametrize("size", [8, FILTER_BY_PRODUCT, 2 * FILTER_BY_PRODUCT])
def test_the_filter_in_both_forms(size: int) -> None:
    x = torch.randn(1, 3, size + 1, size + 1)
    torch.testing.assert_close(Filter(3, size)(x), network.fir_filter(x, padding=1))


@pytest.mark.parametrize("size", [8, UPSAMPLE_BY_PRODUCT, 2 * UPSAMPLE_BY_PRODUCT])
def test_up_sampling_in_both_forms(size: int) -> None:
    x = torch.randn(1, 3, size // 2, size // 2)
    torch.testing.assert_close(Upsampling(3, size)(x), network.upsample(x))
