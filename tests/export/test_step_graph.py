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
from tui_draggan.stylegan.pixels import to_pictures

SIDES = st.sampled_from([(4, 4), (4, 8), (8, 32), (16, 32), (8, 64), (32, 64)])
FRACTIONS = st.floats(-0.2, 1.2)


@settings(max_examples=60)
@given(SIDES, st.lists(st.tuples(FRACTIONS, FRACTIONS), min_size=1, max_size=6), st.booleans())
def test_sampling_the_small_map_is_sampling_the_large_one(
    sides: tuple[int, int], fractions: list[tuple[float, float]], on_pixels: bool
) -> None:
    """Composed taps = bilinear up-sampling to the picture's size, then bilinear sampling."""
    small, large = sides
    features = torch.randn(1, 3, small, small, generator=torch.Generator().manual_seed(0))
    points = torch.tensor(fractions) * (large - 1)
    if on_pixels:
        points = points.round()
    locate = Locate(small, 3, large)
    selector = locate.selector(points, locate.enlarge, locate.enlarge)
    composed = features.flatten(2)[0] @ selector

    enlarged = F.interpolate(features.double(), size=(large, large), mode="bilinear")
    grid = points.double() / (large - 1) * 2 - 1
    sampled = F.grid_sample(
        enlarged, grid[None, None], mode="bilinear", padding_mode="border", align_corners=True
    )
    torch.testing.assert_close(composed.double(), sampled[0, :, 0], rtol=1e-4, atol=1e-4)


class ReadsAll(Locate):
    """Takes the whole map for what lies near the handles."""

    def near(self, *_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor([0, 0]), torch.tensor([self.size, self.size])


@settings(max_examples=40)
@given(
    SIDES,
    st.lists(st.tuples(FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS), min_size=1, max_size=3),
    st.integers(1, 5),
    st.integers(0, 6),
)
def test_the_part_near_the_handles_is_all_that_is_read(
    sides: tuple[int, int], pairs: list[tuple[float, ...]], r1: int, r2: int
) -> None:
    small, large = sides
    features = torch.randn(1, 3, small, small, generator=torch.Generator().manual_seed(0))
    points = torch.tensor(pairs).clamp(0, 1) * (large - 1)
    locate = Locate(small, 3, large)
    disc, window = torch.tensor(graph_inputs.disc(r1)), torch.tensor(graph_inputs.window(r2))
    around = disc, window, torch.zeros(1)
    request = points[:, :2], points[:, 2:], torch.zeros(len(points), 3), *around
    *found, (top, left), (bottom, right), sampled = locate(features, *request)
    assert 0 <= top < bottom <= small and 0 <= left < right <= small

    *whole, _, _, everywhere = ReadsAll(small, 3, large)(features, *request)
    found[1] = torch.zeros(small, small, found[1].shape[1]).index_put_(
        (torch.arange(top, bottom)[:, None], torch.arange(left, right)),
        found[1].reshape(int(bottom - top), int(right - left), -1),
    )
    whole[1] = whole[1].reshape(small, small, -1)
    for ours, theirs in zip([*found, sampled], [*whole, everywhere], strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_matrix_is_interpolate() -> None:
    features = torch.randn(1, 2, 8)
    expected = F.interpolate(features, size=32, mode="linear", align_corners=False)
    torch.testing.assert_close(features @ bilinear_matrix(32, 8).t(), expected)


def test_of_equal_neighbours_the_nearest_to_the_target_is_taken() -> None:
    """On a constant map every pixel matches."""
    locate = Locate(8, 2, 16)
    features, templates = torch.full((1, 2, 8, 8), 0.5), torch.ones(2, 2)
    handles = torch.tensor([[5.0, 6.0], [0.0, 15.0]])
    targets = torch.tensor([[6.0, 0.0], [9.0, 15.0]])
    whole = locate.enlarge, locate.enlarge
    window = torch.arange(-2.0, 3.0)
    tracked, found = locate.track(features, handles, targets, templates, window, *whole)
    torch.testing.assert_close(tracked, torch.tensor([[6.0, 4.0], [2.0, 15.0]]))
    torch.testing.assert_close(found, torch.full((2, 2), 0.5))


def test_where_later_blocks_cost_much_the_preview_is_the_skip_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = tiny_generator()
    assert DragStep(FoldedSynthesis(generator.synthesis, 16)).preview_size == 32
    monkeypatch.setattr(step_graph, "SMALL", 0)
    step = DragStep(FoldedSynthesis(generator.synthesis, 16))
    assert step.preview_size == 16
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
    assert DragStep(FoldedSynthesis(generator.synthesis, 16)).preview_size == 32
