"""The count of multiply-adds, against a count of the convolutions that run."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.bench import flops
from tui_draggan.export.folded import FoldedSynthesis


def convolved(out: Tensor, weight: Tensor, given: Tensor, transposed: bool) -> int:
    cells = (given if transposed else out).shape[-1] ** 2
    return weight.numel() * cells


def test_the_whole_way_back_costs_what_the_way_forward_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With points everywhere every cell counts, and a gradient costs what its convolution did."""
    generator = tiny_generator()
    total = 0

    def count(name: str, transposed: bool) -> None:
        plain = getattr(nn.functional, name)

        def counting(x: Tensor, weight: Tensor, *given: object, **named: object) -> Tensor:
            nonlocal total
            out: Tensor = plain(x, weight, *given, **named)
            if weight.shape[-1] == 3:
                total += convolved(out, weight, x, transposed)
            return out

        monkeypatch.setattr(nn.functional, name, counting)

    count("conv2d", False)
    count("conv_transpose2d", True)
    folded = FoldedSynthesis(generator.synthesis, FEATURE_BLOCK)
    ws = torch.randn(generator.num_ws, generator.config.w_dim)
    for block, _, _ in folded.walk(ws[: folded.rows], ws[folded.rows :]):
        if block.resolution == FEATURE_BLOCK:
            break
    assert flops.backward(generator.config, FEATURE_BLOCK, 10**6, 3) == total


def test_a_point_costs_a_part_of_it() -> None:
    config = tiny_generator().config
    one, two, all_cells = (flops.backward(config, FEATURE_BLOCK, n, 1) for n in (1, 2, 10**6))
    assert 0 < one < two <= 2 * one and two < all_cells
