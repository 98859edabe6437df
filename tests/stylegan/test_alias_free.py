"""StyleGAN3's network and its filters, against the plain form."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.plain_stylegan3 import Kernel, plain_alias_free
from tests.tiny import tiny_alias_free
from tui_draggan.stylegan.alias_free import FourierFeatures
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig, Stage
from tui_draggan.stylegan.filters import low_pass, radial_low_pass


@pytest.mark.parametrize("radial", [False, True])
def test_pictures_and_features_equal_the_plain_form(radial: bool) -> None:
    generator = tiny_alias_free(radial=radial)
    config = generator.config
    plain = plain_alias_free(generator)
    generator.double()
    ws = torch.randn(config.num_ws, config.w_dim, dtype=torch.float64)
    ours = generator.synthesis(ws[None])[0]
    torch.testing.assert_close(ours, plain.picture(ws), rtol=1e-6, atol=1e-6)
    for side, layer in config.feature_layers.items():
        whole = plain.features(ws, layer.index)
        margin = (whole.shape[2] - side) // 2
        part = whole[:, margin : margin + side, margin : margin + side]
        torch.testing.assert_close(generator.synthesis.features(ws[None], side)[0], part)


def test_the_published_networks_layers() -> None:
    """Names as in NVIDIA's files: 1024 px and T, 1024 px and R."""
    names = [layer.name for layer in AliasFreeConfig.from_schedule(1024).layers]
    assert " ".join(names) == (
        "L0_36_512 L1_36_512 L2_52_512 L3_52_512 L4_84_512 L5_148_512 L6_148_512 L7_276_323 "
        "L8_276_203 L9_532_128 L10_1044_81 L11_1044_51 L12_1044_32 L13_1024_32 L14_1024_3"
    )
    wide = AliasFreeConfig.from_schedule(
        1024, channel_base=65536, channel_max=1024, kernel=1, radial=True
    )
    assert [layer.name for layer in wide.layers][7:10] == ["L7_276_645", "L8_276_406", "L9_532_256"]
    assert wide.feature_layers[128].name == "L6_148_1024"
    assert wide.rows_through(128) == 8 and wide.num_ws == 16
    assert AliasFreeConfig.from_dict(wide.to_dict()) == wide


def test_filters_are_those_of_the_continuous_form() -> None:
    places = (np.arange(24) - 11.5) / 128
    expected = Kernel(24, 11.3, 18.0, 128)
    np.testing.assert_allclose(low_pass(24, 11.3, 18.0, 128), expected(places), atol=1e-12)
    radial, _ = expected.radial()
    np.testing.assert_allclose(radial_low_pass(24, 11.3, 18.0, 128), radial, atol=5e-9)


@pytest.mark.parametrize("radial", [False, True])
def test_filters_pass_what_is_below_the_cutoff_and_stop_what_is_beyond(radial: bool) -> None:
    """The frequency response by its definition: half at the cutoff, and nothing above the stopband
    but what the window's attenuation leaves."""
    taps, cutoff, width, rate = 24, 20.0, 24.0, 128
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    line = radial_low_pass(taps, cutoff, width, rate).sum(0)
    if not radial:
        line = low_pass(taps, cutoff, width, rate)

    def response(frequency: float) -> float:
        return float(line @ np.cos(2 * math.pi * frequency * places))

    assert response(0) == pytest.approx(1)
    assert response(cutoff - width / 2) > 0.95
    assert response(cutoff) == pytest.approx(0.5, abs=0.05)
    assert all(abs(response(f)) < 0.02 for f in np.linspace(cutoff + width / 2, rate / 2, 20))


def test_one_picture_is_the_same_in_a_batch() -> None:
    generator = tiny_alias_free()
    z = torch.randn(2, generator.config.z_dim)
    both = generator(z)
    torch.testing.assert_close(both[1:], generator(z[1:]), rtol=1e-4, atol=1e-5)


def test_waves_are_spread_over_the_disc_of_the_first_cutoff() -> None:
    lengths = FourierFeatures(AliasFreeConfig.from_schedule(256)).freqs.norm(dim=1)
    assert float(lengths.max()) <= 2 and 0.4 < float((lengths < 2**0.5).float().mean()) < 0.6


@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel": 2},
        {"critical": 9},
        {"stages": ()},
        {"stages": (*[Stage(3, 16, 16, 8.0, 2.0)] * 3, Stage(3, 16, 8, 4.0, 2.0))},
    ],
)
def test_configurations_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(AliasFreeConfig.from_schedule(32, layers=6), **wrong)
