"""Pivotal tuning by every engine, against a plain form in float64, and the bundle it writes."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.engines.test_compare import FAST, OTHERS, case, generator_of, plain_distance
from tests.tiny import FEATURE_BLOCK
from tui_draggan.arrays import Floats
from tui_draggan.bundle import TUNABLE, TUNING, WEIGHTS, ModelBundle
from tui_draggan.engines.base import LocalEngine, Pivot
from tui_draggan.engines.choose import ENGINES, open_engine
from tui_draggan.engines.graph_inputs import wanted_picture
from tui_draggan.engines.reference_check import step_times
from tui_draggan.engines.torch.photographs import TorchPhotographs
from tui_draggan.engines.tunable import Tunable, read_tunable
from tui_draggan.engines.tuning import Evaluated, GraphLoss, LossByWeights, Tuning, Weights
from tui_draggan.errors import BundleError, DragganError, EngineError, OutputError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.families import AnyGenerator
from tui_draggan.stylegan.network import Generator

RATE = 2e-3
LOSSES: dict[str, Callable[[ModelBundle, Tunable], LossByWeights]] = {
    "graph": lambda bundle, tunable: GraphLoss(bundle, "cpu", tunable),
    "torch": lambda bundle, tunable: TorchPhotographs(bundle, "cpu").tuned(tunable),
}


@pytest.fixture(
    scope="module", params=[FAST, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)]
)
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AnyGenerator, ModelBundle]:
    generator = generator_of(request.param)
    path = tmp_path_factory.mktemp("models") / "tiny"
    export_bundle(generator, path, name="tiny", feature_block=FEATURE_BLOCK)
    bundle = ModelBundle.open(path)
    if TUNING not in bundle.files:
        pytest.skip("its tensors are too small to be tuned")
    return generator.double(), bundle


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest, model: tuple[AnyGenerator, ModelBundle]) -> LossByWeights:
    return LOSSES[request.param](model[1], read_tunable(model[1]))


def weights_of(bundle: ModelBundle) -> dict[str, Floats]:
    places = read_tunable(bundle).weights
    return {name: place.read(bundle.file(WEIGHTS)) for name, place in places.items()}


def plain_weights(generator: Generator) -> dict[str, nn.Parameter]:
    """The weights by the names of the bundle; those between two sizes lie there transposed."""
    found = dict(generator.synthesis.named_parameters())
    return {
        name + "0" * ("conv0" in name): weight
        for name, weight in found.items()
        if name.endswith((".conv0.weight", ".conv1.weight"))
    }


def test_gradients_are_those_of_the_plain_form(
    model: tuple[AnyGenerator, ModelBundle], loss: LossByWeights
) -> None:
    generator, bundle = model
    if not isinstance(generator, Generator):
        pytest.skip("its bundle holds other weights than its parameters")
    ws, target = case(bundle)
    found = loss.evaluate(ws, wanted_picture(target, bundle.info), weights_of(bundle))
    weights = plain_weights(generator)
    assert found.gradients.keys() == weights.keys()
    for weight in weights.values():
        weight.requires_grad_(True)
    expected = plain_distance(generator, torch.tensor(ws).double(), target)
    gradients = torch.autograd.grad(expected, list(weights.values()))
    assert found.loss == pytest.approx(float(expected.detach()), rel=1e-5)
    for name, gradient in zip(weights, gradients, strict=True):
        plain = gradient.transpose(0, 1) if name.endswith("0") else gradient
        apart = np.linalg.norm(found.gradients[name] - plain.numpy())
        assert apart <= 2e-3 * float(plain.norm()), name


@pytest.mark.slow
def test_the_gradient_is_the_slope_of_the_loss(
    model: tuple[AnyGenerator, ModelBundle], loss: LossByWeights
) -> None:
    """By finite differences, all weights moved at once: along the gradient and another way."""
    generator, bundle = model
    ws, target = case(bundle, 1)
    weights, wanted = weights_of(bundle), wanted_picture(target, bundle.info)
    found = loss.evaluate(ws, wanted, weights)
    plain = plain_distance(generator, torch.tensor(ws).double(), target)
    assert found.loss == pytest.approx(float(plain.detach()), rel=1e-5)
    random = np.random.default_rng(3)
    other = {name: random.standard_normal(value.shape) for name, value in weights.items()}
    length = np.sqrt(sum(float(np.vdot(one, one)) for one in found.gradients.values()))
    for way, step in ((found.gradients, 0.02 / length), (other, 2e-4)):
        ends = [
            loss.evaluate(
                ws, wanted, {n: (v + s * way[n]).astype(np.float32) for n, v in weights.items()}
            ).loss
            for s in (step, -step)
        ]
        slope = sum(float(np.vdot(found.gradients[name], way[name])) for name in weights)
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope, rel=0.05, abs=1e-3)


def tuned(engine: LocalEngine, bundle: ModelBundle, steps: int = 4) -> Pivot:
    pivot = Pivot(*case(bundle))
    engine.begin_tuning()
    losses = [engine.tune([pivot], RATE).losses[0] for _ in range(steps)]
    assert losses[-1] < losses[0]
    return pivot


@pytest.mark.slow
def test_the_bundle_draws_what_the_tuning_drew_and_drags(
    model: tuple[AnyGenerator, ModelBundle], engine_name: str, tmp_path: Path
) -> None:
    _, bundle = model
    engine = open_engine(bundle, "cpu", engine_name)
    pivot = Pivot(*case(bundle))
    before = engine.render(pivot.ws)
    engine.begin_tuning()
    results = [engine.tune([pivot], RATE) for _ in range(5)]
    assert results[-1].losses[0] < results[0].losses[0]
    assert np.abs(results[0].images[0].astype(int) - before).max() <= 1
    engine.save_tuned(tmp_path / "own", "own", "tiny, tuned")
    np.testing.assert_array_equal(engine.render(pivot.ws), before)  # the model stays as it is

    own = ModelBundle.open(tmp_path / "own")
    own.verify()
    assert (own.info.name, own.info.description) == ("own", "tiny, tuned")
    assert own.info.derived_from is not None and own.info.derived_from.name == "tiny"
    for name in ENGINES:
        try:
            other = open_engine(own, "cpu", name)
        except EngineError:
            continue
        off = np.abs(other.render(pivot.ws).astype(int) - results[-1].images[0])
        assert off.max() <= 1 and np.abs(off).mean() < 0.1, name
        found = other.compare(pivot.ws, pivot.target)
        assert found.loss == pytest.approx(results[-1].losses[0], rel=1e-4)
        assert own.info.drag.reference is not None
        assert step_times(other, own.info.drag.reference)


def test_everything_but_the_weights_is_shared_with_the_parent(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    engine = open_engine(tiny_bundle, "cpu", "ort")
    tuned(engine, tiny_bundle)
    engine.save_tuned(tiny_bundle.path.with_name("shared"), "shared", "")
    own = ModelBundle.open(tiny_bundle.path.with_name("shared"))
    assert own.files.keys() == tiny_bundle.files.keys()
    for name in own.files:
        same = own.file(name).samefile(tiny_bundle.file(name))
        assert same is (name != WEIGHTS), name
    changed = np.flatnonzero(
        np.fromfile(own.file(WEIGHTS), np.uint8) != np.fromfile(tiny_bundle.file(WEIGHTS), np.uint8)
    )
    places = read_tunable(tiny_bundle).places.values()
    inside = np.zeros(tiny_bundle.files[WEIGHTS]["size"], bool)
    for place in places:
        inside[place.offset : place.offset + place.size] = True
    assert len(changed) and inside[changed].all()


class Bowl:
    """A loss whose gradients are known: half the squared distance of the weights from a number,
    that of the pivot's first latent."""

    def __init__(self, tunable: Tunable) -> None:
        self._tunable = tunable

    def evaluate(self, ws: Floats, target: Floats, weights: Weights) -> Evaluated:
        image = np.zeros((32, 32, 3), np.uint8)
        gradients = {name: value - ws[0, 0] for name, value in weights.items()}
        loss = sum(float(np.square(one).sum()) / 2 for one in gradients.values())
        made = {
            name: np.zeros(place.shape, np.float32) for name, place in self._tunable.made.items()
        }
        return Evaluated(loss, image, gradients, made)


def test_several_photographs_share_adam(tiny_bundle: ModelBundle) -> None:
    """Weights go as those of torch's Adam do by the mean of the losses."""
    ws, target = case(tiny_bundle)
    pivots = [Pivot(np.full_like(ws, number), target) for number in (0.3, -0.1, 0.7)]
    tuning = Tuning(tiny_bundle, Bowl)
    plain = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in weights_of(tiny_bundle).items()
    }
    optimizer = torch.optim.Adam(plain.values(), lr=RATE)
    for step in range(6):
        found = tuning.step(pivots, RATE)
        assert len(found.losses) == len(found.images) == 3
        for name, value in plain.items():
            np.testing.assert_allclose(tuning.values[name], value.detach().numpy(), atol=2e-6)
        optimizer.zero_grad()
        total = torch.tensor(0.0, dtype=torch.float64)
        for value in plain.values():
            for pivot in pivots:
                total = total + (value - float(pivot.ws[0, 0])).square().sum() / 6
        assert sum(found.losses) / 3 == pytest.approx(float(total.detach()), rel=1e-5), step
        total.backward()
        optimizer.step()


def test_kept_graphs_find_the_tensors_that_tuning_changes(
    tiny_bundle: ModelBundle, caplog: pytest.LogCaptureFixture
) -> None:
    """Some of its tensors are small; what ONNX Runtime keeps of a graph must not point to the
    bundle's own file of weights."""
    ws, target = case(tiny_bundle)
    for _ in range(2):
        engine = open_engine(tiny_bundle, "cpu", "ort")
        engine.render(ws)
        engine.compare(ws, target)
    assert not caplog.records


def copied(bundle: ModelBundle, folder: Path) -> ModelBundle:
    import shutil

    shutil.copytree(bundle.path, folder)
    return ModelBundle.open(folder)


@pytest.mark.slow
def test_a_parent_that_is_gone_or_another_is_told_and_nothing_is_written(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    parent = copied(tiny_bundle, tmp_path / "parent")
    engine = open_engine(parent, "cpu", "ort")
    tuned(engine, parent)
    statistics = parent.file("statistics.safetensors")
    content = statistics.read_bytes()
    statistics.unlink()
    statistics.write_bytes(content[:-4] + b"else")
    with pytest.raises(BundleError, match="tiny has changed since it was opened") as changed:
        engine.save_tuned(tmp_path / "own", "own", "")
    statistics.unlink()
    with pytest.raises(BundleError, match="tiny has been removed since it was opened") as removed:
        engine.save_tuned(tmp_path / "own", "own", "")
    assert all("\n" not in str(error.value) for error in (changed, removed))
    assert [path.name for path in tmp_path.iterdir()] == ["parent"]
    statistics.write_bytes(content)
    engine.save_tuned(tmp_path / "own", "own", "")
    own = ModelBundle.open(tmp_path / "own")
    parent.path.rename(tmp_path / "elsewhere")
    own.verify()  # it needs nothing of its parent


def test_a_full_disk_leaves_nothing(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    engine = open_engine(tiny_bundle, "cpu", "ort")
    tuned(engine, tiny_bundle)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    half = tiny_bundle.files[WEIGHTS]["size"] // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (half, limits[1]))
    try:
        with pytest.raises(OutputError, match="own cannot be written: File too large"):
            engine.save_tuned(tmp_path / "own", "own", "")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())
    engine.save_tuned(tmp_path / "own", "own", "")
    ModelBundle.open(tmp_path / "own").verify()


@pytest.mark.slow
def test_a_tuning_begins_before_its_steps_and_makes_one_before_it_is_kept(
    engine: LocalEngine, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="has to begin"):
        engine.tune([Pivot(*case(tiny_bundle))], RATE)
    with pytest.raises(EngineError, match="has to begin"):
        engine.save_tuned(tmp_path / "own", "own", "")
    engine.begin_tuning()
    with pytest.raises(EngineError, match="has to make a step"):
        engine.save_tuned(tmp_path / "own", "own", "")
    ws, target = case(tiny_bundle)
    with pytest.raises(EngineError, match="not finite"):
        engine.tune([Pivot(np.full_like(ws, np.nan), target)], RATE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "does not say where weights lie"),
        ('{"weights": {}, "made": {"a": {"offset": 0}}}', "does not say where weights lie"),
        ('{"weights": {"a": {"offset": -4, "shape": [1]}}, "made": {}}', "lies outside"),
        ('{"weights": {"a": {"offset": 0, "shape": [99999999]}}, "made": {}}', "lies outside"),
        ('{"weights": {"a": {"offset": 0, "shape": [0]}}, "made": {}}', "lies outside"),
    ],
)
def test_an_index_that_cannot_be_is_refused(
    content: str, words: str, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    from tui_draggan.bundle import write_manifest

    broken = copied(tiny_bundle, tmp_path / "broken")
    broken.file(TUNABLE).write_text(content)
    write_manifest(broken.path, broken.info)
    with pytest.raises(DragganError, match=words):
        open_engine(ModelBundle.open(broken.path), "cpu", "ort").begin_tuning()


def test_a_model_of_an_earlier_version_says_what_renews_it(tiny_bundle: ModelBundle) -> None:
    files = {name: entry for name, entry in tiny_bundle.files.items() if name != TUNING}
    older = ModelBundle(tiny_bundle.path, tiny_bundle.info, files)
    with pytest.raises(BundleError, match="import FILE --name tiny --replace"):
        open_engine(older, "cpu", "ort").begin_tuning()
