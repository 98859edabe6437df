"""A picture beside the wanted one, by every engine, against a plain form in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.tiny import FEATURE_BLOCK, tiny_alias_free, tiny_generator
from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import INVERSION, ModelBundle
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.choose import open_engine
from tui_draggan.errors import BundleError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.size import Size
from tui_draggan.stylegan.families import AnyGenerator

GENERATORS: dict[str, dict[str, Any]] = {
    "skip": {},
    "resnet, conditional, clamped": {"architecture": "resnet", "c_dim": 3, "conv_clamp": 1.2},
    "orig": {"architecture": "orig"},
    "upright, with alpha": {"const": Size(4, 2), "alpha": True},
    # Halved three times, its width is odd.
    "wide resnet": {"const": Size(4, 7), "architecture": "resnet"},
}


def generator_of(name: str) -> AnyGenerator:
    if name.startswith("alias-free"):
        return tiny_alias_free(radial=name.endswith("radial"))
    return tiny_generator(**GENERATORS[name])


FAST = "resnet, conditional, clamped"
"""The one that is tried in the fast lane too: each takes seconds to export."""
OTHERS = [name for name in (*GENERATORS, "alias-free", "alias-free, radial") if name != FAST]


@pytest.fixture(
    scope="module", params=[FAST, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)]
)
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AnyGenerator, ModelBundle]:
    generator = generator_of(request.param)
    path = tmp_path_factory.mktemp("models") / "tiny"
    export_bundle(generator, path, name="tiny", feature_block=FEATURE_BLOCK)
    return generator.double(), ModelBundle.open(path)


def plain_distance(generator: AnyGenerator, ws: Tensor, target: Bytes) -> Tensor:
    """From the definition: the mean of L1 distances, of pictures halved up to three times."""
    image = generator.synthesis(ws[None])
    wanted = torch.tensor(target).double().permute(2, 0, 1)[None] / 127.5 - 1
    if image.shape[1] == 4:
        wanted = torch.cat([wanted, torch.ones_like(wanted[:, :1])], dim=1)
    distances = [F.l1_loss(image, wanted)]
    while len(distances) < 4 and image.shape[2] % 2 == image.shape[3] % 2 == 0:
        image, wanted = F.avg_pool2d(image, 2), F.avg_pool2d(wanted, 2)
        distances.append(F.l1_loss(image, wanted))
    return sum(distances, torch.tensor(0.0)) / len(distances)


def case(bundle: ModelBundle, seed: int = 0) -> tuple[Floats, Bytes]:
    info, random = bundle.info, np.random.default_rng(seed)
    ws = random.standard_normal((info.num_ws, info.w_dim)).astype(np.float32)
    return ws, random.integers(0, 256, (*info.size, 3), np.uint8)


def test_loss_and_gradient_are_those_of_the_plain_form(
    model: tuple[AnyGenerator, ModelBundle], engine_name: str
) -> None:
    generator, bundle = model
    engine = open_engine(bundle, "cpu", engine_name)
    ws, target = case(bundle)
    latent = torch.tensor(ws).double().requires_grad_(True)
    expected = plain_distance(generator, latent, target)
    (gradient,) = torch.autograd.grad(expected, latent)
    found = engine.compare(ws, target)
    assert found.loss == pytest.approx(float(expected.detach()), rel=1e-5)
    apart = np.linalg.norm(found.gradient - gradient.numpy())
    assert apart <= 2e-3 * float(gradient.norm())
    off = np.abs(found.image.astype(int) - engine.render(ws).astype(int))
    assert found.image.dtype == np.uint8 and off.max() <= 1


def test_the_gradient_is_the_slope_of_the_loss(
    model: tuple[AnyGenerator, ModelBundle],
) -> None:
    """By finite differences of the plain form along the gradient and along another way."""
    generator, bundle = model
    ws, target = case(bundle, 1)
    gradient = open_engine(bundle, "cpu", "ort").compare(ws, target).gradient
    other = np.random.default_rng(2).standard_normal(ws.shape)
    for way in (gradient.astype(np.float64), other):
        way = way / np.linalg.norm(way)
        ends = [
            float(plain_distance(generator, torch.tensor(ws + step * way), target))
            for step in (1e-4, -1e-4)
        ]
        slope = (ends[0] - ends[1]) / 2e-4
        assert float((gradient * way).sum()) == pytest.approx(slope, rel=2e-2, abs=1e-5)


@pytest.mark.slow
def test_it_leaves_a_drag_as_it_is(critters: ModelBundle) -> None:
    from tests.engines.parity import Edit
    from tui_draggan.engines.base import Problem, StepRequest

    def steps(engine: LocalEngine, between: bool) -> Floats:
        info = engine.info
        ws = np.tile(engine.w_avg, (info.num_ws, 1))
        handles, targets = np.array([[50, 60]], np.float32), np.array([[60, 60]], np.float32)
        engine.begin(Problem(ws, Edit().rows))
        request = StepRequest(handles, targets, engine.features(ws, handles), 3, 4, 20.0, 0.01)
        for _ in range(3):
            result = engine.step(request)
            if between:
                engine.compare(ws, np.zeros((*info.size, 3), np.uint8))
        return result.ws

    one, other = (steps(open_engine(critters, "cpu", "ort"), between) for between in (True, False))
    np.testing.assert_array_equal(one, other)


def test_a_target_of_another_size_is_refused(tiny_bundle: ModelBundle) -> None:
    ws, target = case(tiny_bundle)
    engine = open_engine(tiny_bundle, "cpu", "ort")
    with pytest.raises(ValueError, match=r"shape \(31, 32, 3\)"):
        engine.compare(ws, target[1:])


def test_a_model_of_an_earlier_version_says_what_renews_it(
    tmp_path: Path, tiny_bundle: ModelBundle
) -> None:
    files = {name: entry for name, entry in tiny_bundle.files.items() if name != INVERSION}
    older = ModelBundle(tiny_bundle.path, tiny_bundle.info, files)
    ws, target = case(older)
    with pytest.raises(BundleError, match="import FILE --name tiny --replace"):
        open_engine(older, "cpu", "ort").compare(ws, target)
