from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from tests.tiny import tiny_generator
from tui_draggan.engines import graph_inputs
from tui_draggan.export import step_graph
from tui_draggan.export.folded import FoldedSynthesis
from tui_draggan.export.step_graph import DragStep, Locate, bilinear_matrix
from tui_draggan.size import Size
from tui_draggan.stylegan.pixels import to_pictures

SIZES = st.sampled_from(
    [
        (Size(rows, columns), Size(rows, columns).scaled(pixels))
        for rows, columns, pixels in (
            *((4, 4, 1), (4, 4, 2), (8, 8, 4), (16, 16, 2), (8, 8, 8), (32, 32, 2)),
            *((8, 4, 2), (4, 16, 4), (6, 9, 1), (2, 7, 8)),
        )
    ]
)
"""Of the feature map and of the picture."""
FRACTIONS = st.floats(-0.2, 1.2)


@settings(max_examples=60)
@given(SIZES, st.lists(st.tuples(FRACTIONS, FRACTIONS), min_size=1, max_size=6), st.booleans())
def test_sampling_the_small_map_is_sampling_the_large_one(
    sizes: tuple[Size, Size], fractions: list[tuple[float, float]], on_pixels: bool
) -> None:
    """Composed taps = bilinear up-sampling to the picture's size, then bilinear sampling."""
    small, large = sizes
    features = torch.randn(1, 3, *small, generator=torch.Generator().manual_seed(0))
    last = torch.tensor([large.width - 1, large.height - 1])
    points = torch.tensor(fractions) * last
    if on_pixels:
        points = points.round()
    locate = Locate(small, 3, large)
    selector = locate.selector(points, locate.rows.enlarge, locate.columns.enlarge)
    composed = features.flatten(2)[0] @ selector

    enlarged = F.interpolate(features.double(), size=large, mode="bilinear")
    grid = points.double() / last * 2 - 1
    sampled = F.grid_sample(
        enlarged, grid[None, None], mode="bilinear", padding_mode="border", align_corners=True
    )
    torch.testing.assert_close(composed.double(), sampled[0, :, 0], rtol=1e-4, atol=1e-4)


class ReadsAll(Locate):
    """Takes the whole map for what lies near the handles."""

    def near(self, *_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor([0, 0]), torch.tensor(self.cells)


@settings(max_examples=40)
@given(
    SIZES,
    st.lists(st.tuples(FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS), min_size=1, max_size=3),
    st.integers(1, 5),
    st.integers(0, 6),
)
def test_the_part_near_the_handles_is_all_that_is_read(
    sizes: tuple[Size, Size], pairs: list[tuple[float, ...]], r1: int, r2: int
) -> None:
    small, large = sizes
    features = torch.randn(1, 3, *small, generator=torch.Generator().manual_seed(0))
    last = torch.tensor([large.width - 1, large.height - 1] * 2)
    points = torch.tensor(pairs).clamp(0, 1) * last
    locate = Locate(small, 3, large)
    disc, window = torch.tensor(graph_inputs.disc(r1)), torch.tensor(graph_inputs.window(r2))
    around = disc, window, torch.zeros(1)
    request = points[:, :2], points[:, 2:], torch.zeros(len(points), 3), *around
    *found, (top, left), (bottom, right), sampled, mismatch = locate(features, *request)
    assert 0 <= top < bottom <= small.height and 0 <= left < right <= small.width

    *whole, _, _, everywhere, apart = ReadsAll(small, 3, large)(features, *request)
    found[1] = torch.zeros(*small, found[1].shape[1]).index_put_(
        (torch.arange(top, bottom)[:, None], torch.arange(left, right)),
        found[1].reshape(int(bottom - top), int(right - left), -1),
    )
    whole[1] = whole[1].reshape(*small, -1)
    for ours, theirs in zip([*found, sampled, mismatch], [*whole, everywhere, apart], strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_matrix_is_interpolate() -> None:
    features = torch.randn(1, 2, 8)
    expected = F.interpolate(features, size=32, mode="linear", align_corners=False)
    torch.testing.assert_close(features @ bilinear_matrix(32, 8).t(), expected)


def test_of_equal_neighbours_the_nearest_to_the_target_is_taken() -> None:
    """On a constant map every pixel matches."""
    locate = Locate(Size.square(8), 2, Size.square(16))
    features, templates = torch.full((1, 2, 8, 8), 0.5), torch.ones(2, 2)
    handles = torch.tensor([[5.0, 6.0], [0.0, 15.0]])
    targets = torch.tensor([[6.0, 0.0], [9.0, 15.0]])
    whole = locate.rows.enlarge, locate.columns.enlarge
    window = torch.arange(-2.0, 3.0)
    tracked, found = locate.track(features, handles, targets, templates, window, *whole)
    torch.testing.assert_close(tracked, torch.tensor([[6.0, 4.0], [2.0, 15.0]]))
    torch.testing.assert_close(found, torch.full((2, 2), 0.5))


def test_where_later_blocks_cost_much_the_preview_is_the_skip_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = tiny_generator()
    assert DragStep(FoldedSynthesis(generator.synthesis, 16)).preview_block == 32
    monkeypatch.setattr(step_graph, "SMALL", 0)
    step = DragStep(FoldedSynthesis(generator.synthesis, 16))
    assert step.preview_block == 16
    ws = torch.randn(8, 16)
    nothing = (
        *(torch.zeros(1, 1), torch.zeros(12, 1), torch.zeros(1)),
        *(torch.tensor([0, 0]), torch.tensor([1, 1])),
    )
    mask = (torch.tensor([0]), torch.tensor([1]), torch.zeros(1, 16), torch.zeros(12, 1, 16))
    image = step(ws, torch.zeros(5, 5), *nothing, *mask)[3]
    skip = next(image for size, _, image in generator.synthesis.walk(ws[None]) if size == 16)
    assert skip is not None
    assert (image.int() - to_pictures(skip).int()).abs().max() <= 1


@pytest.mark.parametrize("architecture", ["orig", "resnet"])
def test_where_there_is_no_skip_picture_the_preview_is_the_full_one(
    monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    monkeypatch.setattr(step_graph, "SMALL", 0)
    generator = tiny_generator(architecture=architecture)
    assert DragStep(FoldedSynthesis(generator.synthesis, 16)).preview_block == 32
