"""FreeDrag written plainly: the paper's two typical cases, and that it drags."""

from __future__ import annotations

import pytest
import torch

from tests.tiny import FEATURE_BLOCK, tiny_generator
from tui_draggan.bench.freedrag import PlainFreeDrag, share_of_new


@pytest.mark.parametrize("discrepancy", [0.3, 0.02, 4.0])
def test_a_template_takes_in_what_the_paper_says(discrepancy: float) -> None:
    assert share_of_new(0.2 * discrepancy, discrepancy) == pytest.approx(0.5)
    assert share_of_new(0.8 * discrepancy, discrepancy) == pytest.approx(0.1)
    assert share_of_new(100 * discrepancy, discrepancy) < 1e-9
    assert share_of_new(0.0, discrepancy) == 0.5, "the limit"


def drag_of(handle: tuple[float, float], target: tuple[float, float]) -> PlainFreeDrag:
    generator = tiny_generator()
    ws = torch.randn(
        generator.num_ws, generator.config.w_dim, generator=torch.Generator().manual_seed(1)
    )
    return PlainFreeDrag(
        generator,
        ws,
        torch.tensor([handle]),
        torch.tensor([target]),
        feature_block=FEATURE_BLOCK,
        learning_rate=0.01,
        rows=3,
        radius=1,
        stretch=2.0,
    )


def test_points_travel_on_the_line_and_stop_at_the_target() -> None:
    run = drag_of((10.0, 12.0), (10.0, 18.0))
    before = run.ws().detach().clone()
    assert run.places[0, 1] > 12, "the first place is ahead of the handle"
    for _ in range(40):
        run.drag()
        x, y = run.places[0].tolist()
        assert x == pytest.approx(10.0) and y <= 18.0 + 1e-4
    assert run.steps > 5 and not torch.equal(before[:3], run.ws()[:3])
    assert torch.equal(before[3:], run.ws()[3:]), "the other rows stay"


def test_a_dragging_brings_the_features_to_the_template() -> None:
    run = drag_of((10.0, 12.0), (10.0, 18.0))
    run.drag()
    (point,) = run.points
    assert point.loss_end < point.loss_in
