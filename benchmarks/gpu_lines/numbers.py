"""The engine's numbers on the device beside plain DragGAN in float64, and what the card can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

import numpy as np
import torch

from benchmarks.gpu_lines.setting import LoggedWarnings, Setting, Told
from tests.engines.parity import (
    EDITS,
    EXACT,
    NETWORKS,
    Edit,
    Tolerances,
    check_same_numbers,
    start,
)
from tests.tiny import FEATURE_BLOCK, narrow_generator, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import Problem, StepRequest, StepResult
from tui_draggan.engines.reference_check import step_times
from tui_draggan.engines.torch.engine import TorchEngine
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.stylegan.network import Generator

TF32 = Tolerances(0.03, 0.15, 0.98, 0.15, 1.0, features=0.02)
"""Convolutions with factors of 10 bits. Twice what they cost where they are rounded so on a CPU."""
BF16 = Tolerances(0.05, 1.0, 0.95, 0.2, 1.0, features=0.15)
"""Maps and weights of 8 bits. Twice what they cost on a CPU."""
ONLY_EXACT = "anchored, smallest disc"
"""Corrects its whole drift, and so compares equal numbers, but for rounding."""
SUBSET = ("several points", "anchored")
"""Edits of a trial."""

Case = tuple[str, Generator, int, Edit]
"""Name, network, feature block, edit."""


def card(setting: Setting) -> Told:
    """Name, versions and rates: of matrix products, and of copies within its memory."""
    side = 256 if setting.small else 8192
    rates = {
        str(dtype).removeprefix("torch."): _matrix_rate(setting, dtype, side)
        for dtype in (torch.bfloat16, torch.float32)
    }
    values = {"torch": torch.__version__, "tflops": rates, "copy_gb_s": _copy_rate(setting)}
    name = "CPU"
    if setting.on_gpu:
        properties = torch.cuda.get_device_properties(setting.device)
        name = torch.cuda.get_device_name(setting.device)
        values |= {
            "name": name,
            "memory": properties.total_memory,
            "capability": torch.cuda.get_device_capability(setting.device),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    words = (
        f"{name}, torch {torch.__version__}; bf16 {rates['bfloat16']:.3g} TFLOP/s, float32 "
        f"{rates['float32']:.3g}, copies {values['copy_gb_s']:.4g} GB/s"
    )
    return Told(words, values=values)


def models(setting: Setting) -> Told:
    """The models of the lines after this one."""
    began = time.perf_counter()
    setting.make_models()
    sizes = ", ".join(map(str, setting.sizes))
    return Told(f"{sizes} px exported in {time.perf_counter() - began:.0f} s")


def parity_float32(setting: Setting) -> Told:
    _round_to_tf32(False)
    return _parity(setting, "float32", EXACT, list(_cases(setting)))


def parity_tf32(setting: Setting) -> Told:
    _round_to_tf32(True)
    cases = [case for case in _cases(setting) if case[0] != ONLY_EXACT]
    return _parity(setting, "float32", TF32, cases)


def parity_bf16(setting: Setting) -> Told:
    """Without masks: rounded so, features in and out of the mask are equal or far from it."""
    cases = [case for case in _cases(setting) if not case[3].masked]
    return _parity(setting, "bfloat16", BF16, cases)


def reference_step(setting: Setting) -> Told:
    """As `--engine auto` asks it of every engine, with torch's own choice of precision."""
    bundle = setting.critters()
    assert bundle.info.drag.reference is not None
    quickest = min(step_times(setting.engine(bundle), bundle.info.drag.reference))
    return Told(f"critters as exported, {quickest:.2f} ms a step")


def replay(setting: Setting) -> Told:
    """Captured steps beside the same steps launched one by one."""
    bundle = setting.model(setting.sizes[0])
    steps = 4 if setting.small else 100
    captured, launched = setting.cuda(), setting.cuda(RuntimeError("left out on purpose"))
    with LoggedWarnings() as warnings:
        ours = _steps(setting.engine(bundle, cuda=captured), steps)
    if warnings.messages:
        return Told(warnings.messages[0], passed=False)
    theirs = _steps(setting.engine(bundle, cuda=launched), steps)
    fast, slow = (float(np.median([one.milliseconds for one in run])) for run in (ours, theirs))
    # Sums on a GPU are in no fixed order, and steps follow the last gradient.
    first, other = ours[0], theirs[0]
    same = np.isclose(first.loss, other.loss, rtol=1e-4) and np.array_equal(
        first.handles, other.handles
    )
    words = f"{fast:.2f} ms a step, launched one by one {slow:.2f} ms: × {slow / fast:.1f}"
    values = {"captured_ms": fast, "launched_ms": slow}
    return Told(words if same else f"{words}; but the numbers differ", bool(same), values)


def ort_on_cuda(setting: Setting) -> Told:
    """Engine ort on the GPU, where onnxruntime can."""
    from tui_draggan.engines import runtime
    from tui_draggan.engines.ort import OrtEngine

    ort = runtime.load_runtime()
    device = setting.device
    problem = runtime.device_problem(ort, device) if setting.on_gpu else None
    if problem is not None:
        return Told(problem, passed=None)
    bundle = setting.critters()
    assert bundle.info.drag.reference is not None
    quickest = min(step_times(OrtEngine(bundle, device), bundle.info.drag.reference))
    return Told(f"onnxruntime {ort.__version__}: critters as exported, {quickest:.2f} ms")


def _cases(setting: Setting) -> Iterator[Case]:
    for name, edit in EDITS.items():
        if not setting.small or name in SUBSET:
            yield name, tiny_generator(), FEATURE_BLOCK, edit
    if setting.small:
        return
    for name, (options, edit_name) in NETWORKS.items():
        yield name, tiny_generator(**options), FEATURE_BLOCK, EDITS[edit_name]
    for size in (256, 512, 1024):
        yield f"{size} px", narrow_generator(size), 128, EDITS["one point"]


def _parity(setting: Setting, precision: str, within: Tolerances, cases: list[Case]) -> Told:
    """Loss, gradient, templates and handles of some steps of every edit, captured."""
    failures: dict[str, str] = {}
    bundles: dict[str, ModelBundle] = {}
    with LoggedWarnings() as warnings:
        for name, generator, block, edit in cases:
            key = name if edit is not EDITS.get(name) else "tiny"
            if key not in bundles:
                folder = setting.work / f"parity-{precision}-{within.loss}-{len(bundles)}"
                export_bundle(generator, folder, name="tiny", feature_block=block)
                bundles[key] = ModelBundle.open(folder)
            try:
                forms = start(
                    setting.engine(bundles[key], precision), generator, edit, within=within
                )
                check_same_numbers(forms, 2 if key != "tiny" else 5, within)
            except AssertionError as error:
                failures[name] = next(iter(str(error).strip().splitlines()), "differs")
    values = {"failures": failures, "warnings": warnings.messages, "within": asdict(within)}
    if failures:
        name, why = next(iter(failures.items()))
        return Told(f"{len(failures)} of {len(cases)} edits differ; {name}: {why}", False, values)
    if warnings.messages:
        return Told(warnings.messages[0], False, values)
    return Told(f"{len(cases)} edits as in plain DragGAN", True, values)


def _steps(engine: TorchEngine, count: int) -> list[StepResult]:
    size = engine.info.size.shorter
    ws = np.tile(engine.w_avg, (engine.info.num_ws, 1))
    handles = np.array([[size // 3, size // 2]], np.float32)
    request = StepRequest(
        handles, handles + size // 4, engine.features(ws, handles), 3, 5, 20.0, 1e-3
    )
    engine.begin(Problem(ws))
    return [engine.step(request) for _ in range(count)]


def _round_to_tf32(on: bool) -> None:
    """Whether convolutions in float32 round their factors, which torch does unless told."""
    conv = getattr(torch.backends.cudnn, "conv", None)
    if conv is not None and hasattr(conv, "fp32_precision"):
        conv.fp32_precision = "tf32" if on else "ieee"
    else:  # before torch 2.9
        torch.backends.cudnn.allow_tf32 = on


def _matrix_rate(setting: Setting, dtype: torch.dtype, side: int) -> float:
    """TFLOP/s of a product of two square matrices of random numbers."""
    a, b = torch.randn(2, side, side, device=setting.device, dtype=dtype)
    return 2 * side**3 / _seconds(setting, lambda: torch.mm(a, b)) / 1e12


def _copy_rate(setting: Setting) -> float:
    """GB/s, read and written."""
    source = torch.zeros((1 << 20) if setting.small else (1 << 30), device=setting.device)
    target = torch.empty_like(source)
    return 8 * len(source) / _seconds(setting, lambda: target.copy_(source)) / 1e9


def _seconds(setting: Setting, work: Callable[[], object], times: int = 10) -> float:
    """Of one call, of many in a row."""
    for _ in range(3):
        work()
    _wait(setting)
    began = time.perf_counter()
    for _ in range(times):
        work()
    _wait(setting)
    return (time.perf_counter() - began) / times


def _wait(setting: Setting) -> None:
    if setting.on_gpu:
        torch.cuda.synchronize()
