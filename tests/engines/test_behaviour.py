"""What the engine promises beside the numbers: runs, updates, refusals, start-up."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny import FEATURE_BLOCK, SIZE, tiny_generator
from tui_draggan.bench.plain_features import PlainFeatures
from tui_draggan.bundle import MANIFEST, WITHOUT_PICTURE, ModelBundle
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.engines.base import LocalEngine, Problem, StepRequest
from tui_draggan.engines.choose import open_engine
from tui_draggan.errors import BundleError, EngineError

pytestmark = pytest.mark.slow


def start_ws(engine: LocalEngine, seed: int = 1) -> np.ndarray:
    z = np.random.RandomState(seed).randn(engine.info.z_dim).astype(np.float32)
    return np.tile(engine.map(z), (engine.info.num_ws, 1))


def request(engine: LocalEngine, ws: np.ndarray, **changes: Any) -> StepRequest:
    handles = np.array([[10, 20], [20, 12]], np.float32)
    targets = np.array([[25, 8], [4, 4]], np.float32)
    templates = engine.features(ws, handles)
    return replace(StepRequest(handles, targets, templates, 3, 3, 20.0, 1e-3), **changes)


def test_map_render_and_features_agree_with_themselves(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    image = engine.render(ws)
    assert image.shape == (SIZE, SIZE, 3) and image.dtype == np.uint8 and image.std() > 5
    assert engine.w_avg.shape == (engine.info.w_dim,)
    assert engine.features(ws, np.zeros((0, 2), np.float32)).shape == (
        0,
        engine.info.drag.feature_channels,
    )


def test_the_first_step_moves_nothing(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    engine.begin(Problem(ws))
    result = engine.step(request(engine, ws))
    np.testing.assert_array_equal(result.ws, ws)
    assert result.loss > 0 and result.gradient_norm > 0 and result.milliseconds > 0


def test_a_full_preview_is_the_picture(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    for problem in Problem(ws), Problem(ws, w_plus=False), Problem(ws, rows=2):
        engine.begin(problem)
        for _ in range(3):
            result = engine.step(request(engine, ws, learning_rate=0.05))
            assert result.image is not None and result.image.shape == (SIZE, SIZE, 3)
            difference = np.abs(result.image.astype(int) - engine.render(result.ws))
            assert difference.max() <= 1 and (difference > 0).mean() < 1e-3


def test_steps_without_a_picture_are_the_same_to_the_bit(engine: LocalEngine) -> None:
    """In one run with others that have one, under a mask; a second run starts anew."""
    ws = start_ws(engine)
    editable = np.zeros((SIZE, SIZE), bool)
    editable[4:28, 8:20] = True
    runs = []
    for seldom in 1, 3, 100:
        engine.begin(Problem(ws, editable=editable))
        one = request(engine, ws, learning_rate=0.02)
        numbers = []
        for number in range(7):
            picture = number % seldom == 1 % seldom
            result = engine.step(replace(one, picture=picture))
            one = replace(one, handles=result.handles)
            assert (result.image is None) is not picture
            losses = result.loss, result.motion_loss, result.mask_loss, result.gradient_norm
            numbers += [result.ws, result.handles, np.array(losses), engine.gradient()]
        runs.append(numbers)
    for run in runs[1:]:
        np.testing.assert_equal(run, runs[0])


def test_a_bundle_of_before_has_its_picture_at_every_step(
    tiny_bundle: ModelBundle, engine_name: str, tmp_path: Path
) -> None:
    """It has no graphs without; its steps are the same."""
    path = tmp_path / "before"
    shutil.copytree(tiny_bundle.path, path)
    manifest = path / MANIFEST
    values = json.loads(manifest.read_text())
    for name in WITHOUT_PICTURE.values():
        if values["files"].pop(name, None) is not None:
            (path / name).unlink()
    manifest.write_text(json.dumps(values))
    results = []
    for bundle in tiny_bundle, ModelBundle.open(path):
        engine = open_engine(bundle, "cpu", engine_name)
        ws = start_ws(engine)
        one = request(engine, ws, learning_rate=0.02)
        engine.begin(Problem(ws))
        results.append([engine.step(replace(one, picture=k == 1)) for k in range(4)])
    for now, before in zip(*results, strict=True):
        np.testing.assert_equal((now.ws, now.loss), (before.ws, before.loss))


def test_an_anchor_keeps_what_is_under_a_handle(critters: ModelBundle) -> None:
    """The ear tip of the cat of seed 6 after twenty steps: how far it is from what it was."""
    engine = open_engine(critters, "cpu", "ort")
    ws = latent_from_seed(engine, 6, 1.0, 0).ws
    targets = np.array([[24, 12]], np.float32)
    drift = []
    for anchor in (0.0, 0.5):
        handles = np.array([[27, 27]], np.float32)
        template = engine.features(ws, handles)
        engine.begin(Problem(ws))
        for _ in range(20):
            step = StepRequest(handles, targets, template, 1, 4, 0.0, 0.3, anchor)
            result = engine.step(step)
            handles = result.handles
        drift.append(np.abs(engine.features(result.ws, handles) - template).mean())
    assert drift[1] < 0.7 * drift[0]


def test_only_the_trained_rows_move(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    engine.begin(Problem(ws, rows=3))
    step = request(engine, ws)
    moved = [engine.step(step) for _ in range(3)][-1].ws
    assert (np.abs(moved[:3] - ws[:3]).max(axis=1) > 0).all()
    np.testing.assert_array_equal(moved[3:], ws[3:])

    engine.begin(Problem(ws, rows=6, w_plus=False))
    moved = [engine.step(step) for _ in range(3)][-1].ws
    assert np.abs(moved[0] - ws[0]).max() > 0
    np.testing.assert_array_equal(moved[:6], np.tile(moved[0], (6, 1)))
    np.testing.assert_array_equal(moved[6:], ws[6:])


def test_each_run_starts_without_moments(engine: LocalEngine) -> None:
    """Adam's first update without history is the learning rate times the gradient's sign."""
    ws = start_ws(engine)
    for learning_rate in 0.05, 0.001, 0.02:
        engine.begin(Problem(ws))
        step = request(engine, ws, learning_rate=learning_rate)
        engine.step(step)
        gradient = engine.gradient()
        change = (engine.step(step).ws - ws)[: len(gradient)]
        certain = np.abs(gradient) > 1e-5
        assert certain.mean() > 0.9
        expected = -learning_rate * np.sign(gradient)
        np.testing.assert_allclose(change[certain], expected[certain], rtol=2e-3)
        for _ in range(5):  # moments for the next run to forget
            engine.step(step)


def test_two_runs_of_the_same_edit_are_the_same(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    runs = []
    for _ in range(2):
        engine.begin(Problem(ws))
        step = request(engine, ws)
        runs.append([engine.step(step).ws for _ in range(6)])
    np.testing.assert_array_equal(runs[0], runs[1])


def test_the_learning_rate_takes_effect_at_once(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    engine.begin(Problem(ws))
    step = request(engine, ws)
    sizes, last = [], ws
    for learning_rate in 1e-3, 1e-3, 1e-2, 0.0:
        result = engine.step(replace(step, learning_rate=learning_rate))
        sizes.append(float(np.median(np.abs(result.ws - last)[:5])))
        last = result.ws
    assert sizes[0] == 0
    assert sizes[1] == pytest.approx(1e-3, rel=0.01)
    assert 5e-3 < sizes[2] < 2e-2
    assert sizes[3] == 0


def test_points_and_radii_may_change_between_steps(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    engine.begin(Problem(ws))
    two = request(engine, ws)
    assert engine.step(two).handles.shape == (2, 2)
    one = replace(
        two, handles=two.handles[:1], targets=two.targets[:1], templates=two.templates[:1]
    )
    assert engine.step(one).handles.shape == (1, 2)
    wide = engine.step(replace(two, r1=5, r2=12))
    assert wide.handles.shape == (2, 2) and np.isfinite(wide.loss)


def test_a_point_is_pulled_until_it_sits_on_its_target(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    step = request(engine, ws)
    for beside, pulled in (0.3, False), (1.0, True):
        engine.begin(Problem(ws))
        targets = step.handles + np.array([beside, 0], np.float32)
        result = engine.step(replace(step, targets=targets))
        assert (result.motion_loss > 0) == (result.gradient_norm > 0) == pulled


def test_a_mask_without_an_outside_changes_nothing(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    step = request(engine, ws)
    losses = []
    for editable in None, np.ones((SIZE, SIZE), bool):
        engine.begin(Problem(ws, editable=editable))
        losses.append([engine.step(step).loss for _ in range(3)])
    assert losses[0] == losses[1]


def test_the_mask_loss_starts_at_zero_and_follows_its_weight(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    editable = np.zeros((SIZE, SIZE), bool)
    editable[8:20, 8:20] = True
    engine.begin(Problem(ws, editable=editable))
    step = request(engine, ws)
    first = engine.step(step)
    # Rounding must not give the mask a direction before anything has moved.
    assert first.mask_loss == 0 and first.loss == first.motion_loss
    second = engine.step(step)
    assert second.mask_loss > 0
    halved = engine.step(replace(step, mask_weight=10.0, learning_rate=0.0))
    assert halved.mask_loss == pytest.approx(second.mask_loss / 2, rel=1e-5)
    assert engine.step(replace(step, mask_weight=0.0, learning_rate=0.0)).mask_loss == 0


def test_what_is_not_finite_is_refused_in_words(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    broken = ws.copy()
    broken[2, 3] = np.nan
    points = np.zeros((1, 2), np.float32)
    for call in (
        lambda: engine.begin(Problem(broken)),
        lambda: engine.render(broken),
        lambda: engine.features(broken, points),
        lambda: engine.features(ws, points + np.inf),
        lambda: engine.map(np.full(engine.info.z_dim, np.nan, np.float32)),
    ):
        with pytest.raises(EngineError, match="not finite"):
            call()


def test_an_overflow_shows_in_the_result(engine: LocalEngine) -> None:
    """The session ends a run by this; the engine still works."""
    ws = start_ws(engine)
    engine.begin(Problem(ws))
    step = request(engine, ws)
    engine.step(step)
    result = engine.step(replace(step, learning_rate=1e38))
    assert not (np.isfinite(result.loss) and np.isfinite(result.gradient_norm))
    engine.begin(Problem(ws))
    assert np.isfinite(engine.step(step).loss)


def test_wrong_shapes_are_refused(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    with pytest.raises(EngineError, match="begin"):
        engine.step(request(engine, ws))
    for problem in (
        Problem(ws[:-1]),
        Problem(ws, rows=0),
        Problem(ws, rows=99),
        Problem(ws, editable=np.ones((SIZE, SIZE - 1), bool)),
        Problem(ws + np.arange(len(ws), dtype=np.float32)[:, None], w_plus=False),
    ):
        with pytest.raises(ValueError):
            engine.begin(problem)
    engine.begin(Problem(ws))
    with pytest.raises(EngineError, match="gradient"):
        engine.gradient()
    step = request(engine, ws)
    none = np.zeros((0, 2), np.float32)
    for wrong in (
        replace(step, targets=step.targets[:1]),
        replace(step, templates=step.templates[:, :-1]),
        replace(step, handles=none, targets=none, templates=step.templates[:0]),
        replace(step, r1=0),
        replace(step, r2=-1),
    ):
        with pytest.raises(ValueError):
            engine.step(wrong)
    assert np.isfinite(engine.step(step).loss)


def test_a_damaged_drag_model_is_named(
    tiny_bundle: ModelBundle, engine_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # where it lies undamaged
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle.path, copy)
    for file in copy.rglob("*.onnx"):
        file.write_bytes(b"\0" * file.stat().st_size)
    engine = open_engine(ModelBundle.open(copy), "cpu", engine_name)
    words = r"(training_model|step|synthesis)\.onnx is damaged \(SHA-256\)"
    with pytest.raises(BundleError, match=words):
        engine.warm_up()


def test_the_engine_starts_without_torch(tiny_bundle: ModelBundle, engine_name: str) -> None:
    """The engine `torch` until there is something to drag."""
    program = f"""
import importlib.util, sys
from pathlib import Path
from typing import Any
import numpy as np
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.choose import open_engine
engine = open_engine(ModelBundle.open(Path({str(tiny_bundle.path)!r})), "cpu", {engine_name!r})
w = engine.map(np.zeros(engine.info.z_dim, np.float32))
engine.render(np.tile(w, (engine.info.num_ws, 1)))
if engine.name != "torch":
    engine.warm_up()
assert not any(name.partition(".")[0] in ("torch", "onnx") for name in sys.modules)
assert importlib.util.find_spec("torch") is not None
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and done.stderr == ""


def test_features_are_those_of_the_feature_block(engine: LocalEngine) -> None:
    drag = engine.info.drag
    assert (drag.feature_block, drag.feature_channels, drag.trainable_rows) == (
        FEATURE_BLOCK,
        12,
        5,
    )


def test_the_feature_map_is_the_plain_networks(engine: LocalEngine) -> None:
    ws = start_ws(engine)
    features = PlainFeatures(tiny_generator(), FEATURE_BLOCK)
    plain = features.small(torch.from_numpy(ws))[0].numpy()
    found = engine.feature_map(ws)
    assert found.shape == plain.shape == (12, FEATURE_BLOCK, FEATURE_BLOCK)
    tolerance = 0.05 if "bf16" in engine.name else 1e-4
    np.testing.assert_allclose(found, plain, atol=tolerance * float(np.abs(plain).max()))
