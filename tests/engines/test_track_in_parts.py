"""Tracking many points at once takes them in parts, with the same result."""

from __future__ import annotations

import pytest
import torch

from tui_draggan.engines.torch import points
from tui_draggan.engines.torch.points import Grid, track
from tui_draggan.size import Size


def test_many_points_are_tracked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = torch.Generator().manual_seed(0)
    features = torch.randn(32, 32, 8, generator=random)
    handles = torch.randint(10, 110, (7, 2), generator=random).float()
    templates = torch.randn(7, 8, generator=random)

    def gather(first: torch.Tensor, cells: Size) -> torch.Tensor:
        places = first.tolist()
        return torch.stack([features[y : y + cells.height, x : x + cells.width] for y, x in places])

    grid, window = Grid(Size(128, 128), Size(32, 32)), torch.arange(-4.0, 5.0)
    whole = track(grid, gather, handles, handles + 5, templates, window)
    monkeypatch.setattr(points, "AT_ONCE", 2 * len(window) ** 2 * 8)
    sizes: list[int] = []

    def counted(first: torch.Tensor, cells: Size) -> torch.Tensor:
        sizes.append(len(first))
        return gather(first, cells)

    parts = track(grid, counted, handles, handles + 5, templates, window)
    assert sizes == [2, 2, 2, 1]
    assert torch.equal(whole[0], parts[0])
    torch.testing.assert_close(whole[1], parts[1])
