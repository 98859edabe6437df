"""The torch engine's convolutions on parts of maps, beside torch's in float64 on whole ones."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tests.engines.parity import EDITS, check_same_numbers, start
from tests.tiny import tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.torch import convolutions
from tui_draggan.engines.torch.convolutions import Convolution, PlainConv, TiledConv, convolution
from tui_draggan.engines.torch.engine import TorchEngine
from tui_draggan.engines.torch.regions import Map, Rect
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.size import Size

INPUTS, OUTPUTS = 5, 7
SIZE = Size(24, 36)
"""Of the outputs."""
PARTS = [Rect(0, 0, 24, 36), Rect(3, 5, 4, 6), Rect(20, 30, 24, 36), Rect(1, 0, 22, 3)]


def workers() -> Workers:
    """Two threads, which share even these maps."""
    return Workers(torch.device("cpu"), torch.float32, cores=2, by_tiles=True)


def built(form: str, up: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[Convolution, torch.Tensor]:
    """The convolution, and its weight."""
    monkeypatch.setattr("tui_draggan.engines.torch.workers.PIECE", 200)
    weight = torch.randn((INPUTS, OUTPUTS, 3, 3) if up else (OUTPUTS, INPUTS, 3, 3))
    if form == "plain":
        return PlainConv(weight, up, workers()), weight
    return TiledConv(weight, up, SIZE, workers()), weight


def whole(x: torch.Tensor, weight: torch.Tensor, up: bool) -> torch.Tensor:
    """x (1, I, h, w) → (1, O, H, W), in float64."""
    if up:
        return F.conv_transpose2d(x, weight.double(), stride=2)
    return F.conv2d(x, weight.double(), padding=1)


@pytest.mark.parametrize("form", ["plain", "tiled"])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("part", PARTS, ids=str)
def test_a_part_of_the_outputs_and_its_gradient(
    form: str, up: bool, part: Rect, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    conv, weight = built(form, up, monkeypatch)
    size = SIZE.scaled(1, 2) if up else SIZE
    style, scale = torch.rand(INPUTS) + 0.5, torch.rand(OUTPUTS) + 0.5
    inputs = torch.randn(1, INPUTS, *size, dtype=torch.float64, requires_grad=True)
    outputs = whole(inputs * style[:, None, None], weight, up)[0].permute(1, 2, 0)

    aligned = conv.aligned(part)
    source = conv.source(part)
    x = padded(inputs.detach()[0].permute(1, 2, 0).float(), source)
    out = torch.empty(aligned.height, aligned.width, OUTPUTS)
    conv.forward(x, style, out)
    found = Map(aligned, out).at(part)
    torch.testing.assert_close(found.double(), inside(outputs, part).detach(), rtol=0, atol=2e-4)

    gradient = torch.zeros(aligned.height, aligned.width, OUTPUTS)
    given = torch.randn(part.height, part.width, OUTPUTS)
    Map(aligned, gradient).at(part).copy_(given)
    by_inputs = torch.empty(source.height, source.width, INPUTS)
    conv.backward(gradient, scale, by_inputs)
    (inside(outputs, part) * given * scale).sum().backward()
    assert inputs.grad is not None
    expected = padded(inputs.grad[0].permute(1, 2, 0) / style, source)
    within = padded(torch.ones(*size, 1), source)  # what is not of the map may be anything
    torch.testing.assert_close(by_inputs.double() * within, expected, rtol=0, atol=2e-4)


def padded(x: torch.Tensor, rect: Rect) -> torch.Tensor:
    """What of x (rows, columns, C) lies in `rect`, and zeros beyond its border."""
    out = Map(rect, x.new_zeros(rect.height, rect.width, x.shape[2]))
    size = Size(*x.shape[:2])
    out.at(rect.within(size)).copy_(Map(Rect.whole(size), x).at(rect.within(size)))
    return out.values


def inside(x: torch.Tensor, rect: Rect) -> torch.Tensor:
    return x[rect.top : rect.bottom, rect.left : rect.right]


def test_deep_maps_go_by_tiles_and_shallow_ones_do_not() -> None:
    few, many = (torch.zeros(4, channels, 3, 3) for channels in (16, 512))
    assert isinstance(convolution(few, False, SIZE, workers()), PlainConv)
    assert isinstance(convolution(many, False, SIZE, workers()), TiledConv)


@pytest.mark.parametrize("name", ["several, masked", "near the border"])
def test_an_edit_by_tiles_equals_plain_draggan(
    tiny_bundle: ModelBundle, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks of tests are so shallow that none of their convolutions would."""
    monkeypatch.setattr(convolutions, "SHALLOW", {True: 0, False: 0})
    check_same_numbers(start(TorchEngine(tiny_bundle, "cpu"), tiny_generator(), EDITS[name]))
