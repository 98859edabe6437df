from __future__ import annotations

import pytest
import torch

from tui_draggan.export.resampling import FILTER_BY_PRODUCT, UPSAMPLE_BY_PRODUCT, Filter, Upsampling
from tui_draggan.size import Size
from tui_draggan.stylegan import network


@pytest.mark.parametrize("height", [8, FILTER_BY_PRODUCT, 2 * FILTER_BY_PRODUCT])
@pytest.mark.parametrize("wide", [1, 2, 3])
def test_the_filter_in_both_forms(height: int, wide: int) -> None:
    size = Size(height, height * wide // 2)
    x = torch.randn(1, 3, size.height + 1, size.width + 1)
    torch.testing.assert_close(Filter(3, size)(x), network.fir_filter(x, padding=1))


@pytest.mark.parametrize("height", [8, UPSAMPLE_BY_PRODUCT, 2 * UPSAMPLE_BY_PRODUCT])
@pytest.mark.parametrize("wide", [1, 2, 3])
def test_up_sampling_in_both_forms(height: int, wide: int) -> None:
    size = Size(height, height * wide // 2)
    x = torch.randn(1, 3, *size.scaled(1, 2))
    torch.testing.assert_close(Upsampling(3, size)(x), network.upsample(x))
