from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.tiny import tiny_generator
from tui_draggan.checkpoints.missing import MEAN_NOTE, fitting_multiplier, multiplier_note
from tui_draggan.stylegan.network import mean_w, truncate


def test_the_error_of_an_estimated_mean_is_the_one_announced() -> None:
    """At ψ 0.7, beside the exact mean of 100,000 w, over the spread of w."""
    announced = float(re.findall(r"about ([\d.]+)%", MEAN_NOTE)[0]) / 100
    generator = tiny_generator(w_dim=32, mapping_layers=2)
    z = torch.randn(100_000, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        w = generator.mapping(z)
    exact, estimated = w.mean(dim=0), mean_w(generator.mapping)
    moved = truncate(w[:1], estimated, 0.7) - truncate(w[:1], exact, 0.7)
    spread = (w - exact).square().sum(dim=1).mean().sqrt()
    assert 0.5 * announced < float(moved.norm() / spread) < 2 * announced


@pytest.mark.parametrize("multiplier", [1.0, 0.1, 0.01, 0.001])
def test_a_multiplier_is_known_by_the_weights_it_needs(multiplier: float) -> None:
    tensors = random_tensors(Kind(mapping_lr=multiplier))
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    found, rms = fitting_multiplier(arrays)
    assert found == multiplier
    assert rms == pytest.approx(1 / multiplier, rel=0.2)
    note = multiplier_note(found, rms)
    assert f"{multiplier:g} is assumed" in note
    assert ("better than the usual 0.01" in note) == (multiplier != 0.01)


@pytest.mark.parametrize(("size", "assumed"), [(0.044, 1.0), (1e5, 0.001)])
def test_weights_that_no_multiplier_fits_are_a_warning(size: float, assumed: float) -> None:
    """As where a program has multiplied its gains into them."""
    found, rms = fitting_multiplier({"mapping.fc0.weight": np.full((9, 9), size)})
    assert found == assumed
    note = multiplier_note(found, rms)
    assert f"(RMS {size:.3g}) fit no usual value: pictures may be wrong" in note


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e300])
def test_of_weights_that_cannot_be_measured_the_usual_is_assumed(value: float) -> None:
    found, rms = fitting_multiplier({"mapping.fc0.weight": np.full((3, 3), value)})
    assert (found, rms) == (0.01, None)
    assert "the usual value, is assumed" in multiplier_note(found, rms)


@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3, 4)])
def test_weights_of_any_shape_are_looked_at(shape: tuple[int, ...]) -> None:
    found, _ = fitting_multiplier({"mapping.fc0.weight": np.ones(shape)})
    assert found == (0.01 if 0 in shape else 1)


def test_little_of_many_weights_is_looked_at() -> None:
    """A view of one number as very many costs nothing."""
    vast = np.broadcast_to(np.float32(100), (2**20, 2**20))
    assert fitting_multiplier({f"mapping.fc{i}.weight": vast for i in range(999)})[0] == 0.01
