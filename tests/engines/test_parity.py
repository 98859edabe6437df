"""The engine against a plain, independent torch DragGAN, written from the paper."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from tests.engines.parity import (
    EDITS,
    NETWORKS,
    Edit,
    check_same_numbers,
    check_same_run,
    cosine,
    start,
)
from tests.tiny import narrow_generator, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.choose import open_engine
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.size import Size
from tui_draggan.stylegan.network import Generator

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", EDITS)
def test_loss_gradient_and_handles_equal_plain_draggan(engine: LocalEngine, name: str) -> None:
    check_same_numbers(start(engine, tiny_generator(), EDITS[name]))


@pytest.mark.parametrize("name", EDITS)
def test_a_run_goes_the_way_of_plain_draggan(engine: LocalEngine, name: str) -> None:
    check_same_run(start(engine, tiny_generator(), EDITS[name]))


@pytest.fixture(scope="module", params=NETWORKS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Generator, ModelBundle, Edit]:
    options, edit = NETWORKS[request.param]
    generator = tiny_generator(**options)
    path = tmp_path_factory.mktemp("networks") / request.param
    export_bundle(generator, path, name=request.param, feature_block=16)
    return generator, ModelBundle.open(path), EDITS[edit]


def test_other_networks(network: tuple[Generator, ModelBundle, Edit], engine_name: str) -> None:
    generator, bundle, edit = network
    engine = open_engine(bundle, "cpu", engine_name)
    forms = start(engine, copy.deepcopy(generator), edit)
    check_same_numbers(forms)

    fast, exact = forms.step(together=True)
    picture = forms.plain.features.generator.synthesis(exact.ws[None])[0].permute(1, 2, 0)
    levels = (picture * 127.5 + 127.5).round().clamp(0, 255).numpy()
    assert fast.image is not None and np.abs(fast.image - levels).max() <= 1
    assert np.abs(engine.render(fast.ws) - levels).max() <= 1


@pytest.fixture(
    scope="module",
    params=[(256, Size(4, 4)), (512, Size(4, 2)), (1024, Size(4, 4))],
    ids=["256", "upright 512", "1024"],
)
def large(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Generator, ModelBundle]:
    size, const = request.param
    generator = narrow_generator(size, const=const)
    path = tmp_path_factory.mktemp("large") / str(size)
    export_bundle(generator, path, name=str(size))
    return generator, ModelBundle.open(path)


def test_large_networks(large: tuple[Generator, ModelBundle], engine_name: str) -> None:
    generator, bundle = large
    engine = open_engine(bundle, "cpu", engine_name)
    forms = start(engine, copy.deepcopy(generator), EDITS["one point"])
    check_same_numbers(forms, steps=2)


@pytest.mark.slow
def test_a_preview_is_the_picture_of_a_step(
    large: tuple[Generator, ModelBundle], engine_name: str
) -> None:
    """Where nothing is opened for a drag yet, and where it is."""
    generator, bundle = large
    engine, fresh = (open_engine(bundle, "cpu", engine_name) for _ in range(2))
    step = start(engine, generator, EDITS["one point"]).step()[0]
    assert step.image is not None and step.image.shape[:2] == bundle.info.drag.preview
    for one in engine, fresh:
        assert np.abs(one.preview(step.ws).astype(int) - step.image).max() <= 1


@pytest.mark.parametrize(
    "name", ["one point", "several, masked", "near the border", "w", "whitened"]
)
def test_the_bundled_model_equals_plain_draggan(
    critters: ModelBundle, engine_name: str, name: str
) -> None:
    generator = load_generator(critters.file("generator.pt"))
    # Its W is wide: with smaller steps rounding decides the signs in the mask loss.
    edit = replace(EDITS[name], rate=0.01)
    for check in check_same_numbers, check_same_run:
        check(start(open_engine(critters, "cpu", engine_name), generator, edit))


def test_the_reference_patch_takes_no_gradient(engine: LocalEngine) -> None:
    """Without the detach the gradient points elsewhere; ours agrees with the detached one."""
    forms = start(engine, tiny_generator(), EDITS["one point"], detach=False)
    fast, attached = forms.step()
    assert fast.loss == pytest.approx(attached.loss, rel=1e-4)
    assert cosine(engine, attached) < 0.99


def test_the_mask_loss_where_the_features_are(engine: LocalEngine) -> None:
    """The one deliberate difference to the paper: cells instead of pixels. Its size is pinned."""
    forms = start(engine, tiny_generator(), EDITS["masked"], mask_at_features=False)
    ratios = []
    for _ in range(8):
        fast, exact = forms.step(together=True)
        if exact.mask_loss > 0:
            ratios.append(fast.mask_loss / exact.mask_loss)
            assert cosine(engine, exact) > 0.95
    assert ratios and max(abs(ratio - 1) for ratio in ratios) < 0.15
