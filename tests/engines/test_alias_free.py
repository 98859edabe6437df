"""StyleGAN3 on every engine that runs it, against plain DragGAN on the plain network."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from tests.engines.parity import EDITS, check_same_numbers, start
from tests.tiny import tiny_alias_free
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.choose import open_engine
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.alias_free import AliasFreeGenerator

pytestmark = pytest.mark.slow

NETWORKS = {
    "T": {"channel_max": 16},
    "R": {"channel_max": 16, "radial": True},
    # So low that it shows.
    "T, clamped": {"channel_max": 16, "conv_clamp": 2.0},
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AliasFreeGenerator, ModelBundle]:
    generator = tiny_alias_free(**NETWORKS[request.param])  # type: ignore[arg-type]
    path = tmp_path_factory.mktemp("alias_free") / "model"
    export_bundle(generator, path, name=request.param)
    return generator, ModelBundle.open(path)


@pytest.mark.parametrize("name", ["several points", "near the border", "w", "masked"])
def test_loss_gradient_and_handles_equal_plain_draggan(
    network: tuple[AliasFreeGenerator, ModelBundle], engine_name: str, name: str
) -> None:
    generator, bundle = network
    assert bundle.info.drag.feature_block == 16
    engine = open_engine(bundle, "cpu", engine_name)
    # Of smaller steps rounding would decide the mask loss, a sum of differences of features.
    forms = start(engine, copy.deepcopy(generator), replace(EDITS[name], rate=0.02))
    check_same_numbers(forms, steps=3)
    fast, exact = forms.step(together=True)
    picture = forms.plain.features.picture(exact.ws).permute(1, 2, 0)
    levels = (picture * 127.5 + 127.5).round().clamp(0, 255).numpy()
    assert fast.image is not None
    assert np.abs(fast.image.astype(int) - levels).max() <= 1
    assert np.abs(engine.render(fast.ws).astype(int) - levels).max() <= 1


def test_the_bundle_names_the_family(network: tuple[AliasFreeGenerator, ModelBundle]) -> None:
    _, bundle = network
    assert bundle.info.generator["family"] == "StyleGAN3"
    assert bundle.info.drag.preview == (32, 32)
