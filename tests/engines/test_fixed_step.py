"""Steps as CUDA runs them, whole maps and captured graphs, entered on the CPU."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path
from traceback import walk_tb

import numpy as np
import pytest
import torch

from tests.engines.parity import EDITS, check_same_numbers, start
from tests.engines.recorded_cuda import RecordedCuda
from tests.tiny import SIZE, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import cpu
from tui_draggan.engines.base import LocalEngine, Problem, StepRequest, StepResult
from tui_draggan.engines.torch import latent_optimizer
from tui_draggan.engines.torch.engine import TorchEngine
from tui_draggan.engines.torch.fixed_step import FixedStep
from tui_draggan.engines.torch.latent_optimizer import KEPT, TorchLatentOptimizer
from tui_draggan.errors import EngineError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.size import Size


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The maps are too small for torch's threads to share without waiting for each other."""
    monkeypatch.setattr(cpu, "physical_cores", lambda: 1)


def request(engine: LocalEngine, ws: np.ndarray) -> StepRequest:
    handles = np.array([[10, 20], [20, 12]], np.float32)
    targets = np.array([[25, 8], [4, 4]], np.float32)
    return StepRequest(handles, targets, engine.features(ws, handles), 3, 3, 20.0, 0.01)


def steps(engine: LocalEngine) -> list[StepResult]:
    """A run in which everything changes that may change between steps, a mask among it."""
    z = np.random.RandomState(1).randn(engine.info.z_dim).astype(np.float32)
    ws = np.tile(engine.map(z), (engine.info.num_ws, 1))
    editable = np.zeros((SIZE, SIZE), bool)
    editable[4:28, 8:20] = True
    results = []
    for mask in None, editable:
        engine.begin(Problem(ws, editable=mask))
        one = request(engine, ws)
        for k in range(8):
            if k == 3:
                one = replace(one, targets=one.targets[::-1].copy(), learning_rate=0.02)
            if k == 4:
                one = replace(one, r2=5, mask_weight=5.0)
            if k == 6:
                one = replace(one, anchor=0.5)
            results.append(engine.step(one))
            one = replace(one, handles=results[-1].handles)
    return results


def test_captured_steps_are_the_steps(tiny_bundle: ModelBundle) -> None:
    """To the bit what the same operators give where no graph can be captured."""
    cuda, uncaptured = RecordedCuda(), RecordedCuda(RuntimeError("no graphs here"))
    ours = steps(TorchEngine(tiny_bundle, "cpu", cuda=cuda))
    theirs = steps(TorchEngine(tiny_bundle, "cpu", cuda=uncaptured))
    assert sum(graph.replays for graph in cuda.graphs) == len(ours) == len(theirs)
    assert not any(graph.replays for graph in uncaptured.graphs)
    for one, other in zip(ours, theirs, strict=True):
        one, other = (replace(result, milliseconds=0.0) for result in (one, other))
        np.testing.assert_equal(asdict(one), asdict(other))


def test_captured_steps_of_a_picture_that_is_no_square(tmp_path: Path) -> None:
    generator = tiny_generator(const=Size(4, 2))
    export_bundle(generator, tmp_path / "upright", name="upright", feature_block=16)
    bundle = ModelBundle.open(tmp_path / "upright")
    engine = TorchEngine(bundle, "cpu", cuda=RecordedCuda())
    check_same_numbers(start(engine, generator, EDITS["several, masked"]), steps=3)


@pytest.mark.parametrize("name", ["several, masked", "at the border", "anchored", "w"])
def test_captured_steps_equal_plain_draggan(tiny_bundle: ModelBundle, name: str) -> None:
    engine = TorchEngine(tiny_bundle, "cpu", cuda=RecordedCuda())
    check_same_numbers(start(engine, tiny_generator(), EDITS[name]))


def test_the_order_of_a_capture(tiny_bundle: ModelBundle) -> None:
    """Warm-ups on a stream of their own, each stream after the other; one wait for each step."""
    cuda = RecordedCuda()
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    engine.begin(Problem(ws))
    step = request(engine, ws)
    for _ in range(3):
        engine.step(step)
    begin = ["aside after main", "on aside", "off aside", "main after aside", "capture"]
    assert cuda.log == begin + ["wait for main"] * 3
    assert len(cuda.graphs) == 1 and cuda.graphs[0].replays == 3


def test_a_graph_for_each_kind_of_step_and_few_are_kept(tiny_bundle: ModelBundle) -> None:
    cuda = RecordedCuda()
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    engine.begin(Problem(ws))
    step = replace(request(engine, ws), learning_rate=0.0)
    losses = []
    for r1 in [*range(1, KEPT + 2), KEPT + 1, 1]:  # the first is gone when it comes again
        losses.append(engine.step(replace(step, r1=r1)).loss)
    assert len(cuda.graphs) == KEPT + 2
    assert losses[-1] == losses[0] and losses[-2] == losses[-3] and len(set(losses)) == KEPT + 1
    # Each in the memory of one that is still kept.
    pools = [graph.pool() for graph in cuda.graphs]
    assert cuda.pools == [None, *[pools[0]] * (KEPT - 1), pools[1], pools[2]]


def test_without_a_capture_steps_are_only_slower(
    tiny_bundle: ModelBundle, caplog: pytest.LogCaptureFixture
) -> None:
    cuda = RecordedCuda(RuntimeError("operation not permitted when stream is capturing"))
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    with caplog.at_level(logging.WARNING):
        check_same_numbers(start(engine, tiny_generator(), EDITS["masked"]))
    assert "CUDA graph not captured, steps are slower: operation not" in caplog.text
    assert "wait for all" in cuda.log and not any(graph.replays for graph in cuda.graphs)
    assert "wait for main" in cuda.log and "wait for capture" not in cuda.log


def test_a_full_gpu_is_said(tiny_bundle: ModelBundle) -> None:
    cuda = RecordedCuda(torch.OutOfMemoryError("CUDA out of memory"))
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    engine.begin(Problem(ws))
    with pytest.raises(EngineError, match="step: the GPU's memory is full"):
        engine.step(request(engine, ws))


@pytest.mark.parametrize(
    "full",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_kept_steps_make_room_for_a_new_one(tiny_bundle: ModelBundle, full: RuntimeError) -> None:
    cuda = RecordedCuda(always=False)
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    engine.begin(Problem(ws))
    step = replace(request(engine, ws), learning_rate=0.0)
    losses = [engine.step(replace(step, r1=r1)).loss for r1 in (2, 3)]
    cuda.fail(full)
    assert np.isfinite(engine.step(replace(step, r1=4)).loss)
    assert cuda.log.count("empty cache") == 1 and cuda.pools[-1] is None
    assert [engine.step(replace(step, r1=r1)).loss for r1 in (2, 3)] == losses


@pytest.mark.parametrize(
    ("said", "told"),
    {
        "CUDA error: device-side assert triggered\nCompile with …": "the GPU failed .CUDA error: d",
        "CUDA driver error: device not ready": "the GPU failed",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED": "the GPU failed",
        "CUDA error: out of memory": "the GPU's memory is full",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling …": "the GPU's memory is full",
        "mat1 and mat2 shapes": "torch failed .mat1 and mat2 shapes",
    }.items(),
)
def test_a_gpu_that_is_gone_is_said_in_one_line(
    tiny_bundle: ModelBundle, said: str, told: str
) -> None:
    cuda = RecordedCuda()
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    engine.begin(Problem(ws))
    step = request(engine, ws)
    engine.step(step)
    cuda.lose(said)
    with pytest.raises(EngineError, match=f"^step: {told}") as caught:
        engine.step(step)
    assert "\n" not in str(caught.value)


def test_steps_that_cannot_be_captured_are_the_same(tiny_bundle: ModelBundle) -> None:
    """On Apple's GPU: whole maps in memory of their own, and no graph."""
    apple = TorchEngine(tiny_bundle, "cpu", cuda=RecordedCuda())
    assert isinstance(apple._optimizer, TorchLatentOptimizer)
    apple._optimizer._cuda = None
    for one, other in zip(
        steps(apple), steps(TorchEngine(tiny_bundle, "cpu", cuda=RecordedCuda())), strict=True
    ):
        one, other = (replace(result, milliseconds=0.0) for result in (one, other))
        np.testing.assert_equal(asdict(one), asdict(other))


@pytest.mark.parametrize(("name", "number"), {"cuda": 0, "cuda:1": 1}.items())
def test_torch_is_told_the_number_of_the_card(
    tiny_bundle: ModelBundle, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`torch.cuda.set_device` refuses a device without one."""
    told: list[int] = []
    monkeypatch.setattr(torch._C, "_cuda_setDevice", told.append, raising=False)
    with pytest.raises(EngineError, match="drag model: torch failed"):  # there is no card
        TorchLatentOptimizer(tiny_bundle, name, "float32")
    assert told == [number]


def test_a_captured_step_waits_for_no_number() -> None:
    """The stand-in refuses what CUDA refuses."""
    graph = RecordedCuda().CUDAGraph()
    with pytest.raises(RuntimeError, match="not permitted"), graph:
        torch.ones(2).sum().item()


def test_what_is_half_made_on_a_card_that_is_gone_is_never_freed(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freeing pinned memory asks the card, and ends the process."""
    lost: list[object] = []
    monkeypatch.setattr(latent_optimizer, "_lost", lost)

    def gone() -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    cuda = RecordedCuda(RuntimeError("CUDA error: unspecified launch failure"))
    monkeypatch.setattr(cuda, "synchronize", gone)
    engine = TorchEngine(tiny_bundle, "cpu", cuda=cuda)
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    engine.begin(Problem(ws))
    with pytest.raises(EngineError, match="the GPU failed"):
        engine.step(request(engine, ws))
    assert engine._optimizer in lost
    errors = [error for error in lost if isinstance(error, RuntimeError)]
    frames = [frame for error in errors for frame, _ in walk_tb(error.__traceback__)]
    assert any(isinstance(frame.f_locals.get("self"), FixedStep) for frame in frames)
