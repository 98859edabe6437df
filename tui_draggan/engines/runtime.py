"""The one place that imports onnxruntime: quickly, quietly, and in its training build.

The training build's `import onnxruntime` looks for a front end this program does not use, and so
imports the package onnxruntime.training, with it onnx and, where it is installed, torch: 3 s
instead of 0.1 s. So that package is hidden while onnxruntime is imported.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from tui_draggan.errors import EngineError

INSTALL = "install onnxruntime-training-cpu 1.19.2 (Python 3.8 to 3.12)"
QUIET = 3
"""Log severity: errors only."""
SILENT = 4
"""Log severity: nothing but what ends the process."""

_lock = threading.Lock()


def load_runtime() -> ModuleType:
    """onnxruntime, imported once. Raises EngineError where its training API is not there."""
    with _lock:
        try:
            with _hidden("onnxruntime.training"):
                import onnxruntime
        except ImportError as error:
            raise EngineError(f"onnxruntime cannot be imported ({error}); {INSTALL}") from error
        if not hasattr(onnxruntime.capi._pybind_state, "Module"):
            raise EngineError(
                f"onnxruntime {onnxruntime.__version__} has no training API; "
                f"uninstall onnxruntime, then {INSTALL}"
            )
        onnxruntime.set_default_logger_severity(QUIET)
        return onnxruntime


def load_training_api() -> ModuleType:
    """onnxruntime.training.api: Module, Optimizer, CheckpointState.

    Its parent package imports torch without condition, for other front ends; the training API
    itself needs none of it. So it is imported below an empty stand-in for the parent.
    """
    runtime = load_runtime()
    name = "onnxruntime.training"
    with _lock:
        parent = sys.modules.get(name)
        if parent is None:
            stand_in = ModuleType(name)
            stand_in.__path__ = [str(Path(runtime.__path__[0], "training"))]
            sys.modules[name] = stand_in
        try:
            return importlib.import_module(f"{name}.api")
        except ImportError as error:
            raise EngineError(f"onnxruntime's training API cannot be imported ({error})") from error
        finally:
            if parent is None:
                del sys.modules[name]


def session_options(runtime: ModuleType) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = QUIET
    options.intra_op_num_threads = physical_cores()
    options.inter_op_num_threads = 1
    return options


def physical_cores() -> int:
    """Cores this process may use. Hyper-threads would only fight over the vector units."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if allowed is None:
        return os.cpu_count() or 1
    cores = set()
    for cpu in allowed:
        try:
            siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
            cores.add(siblings.read_text().strip())
        except OSError:
            cores.add(str(cpu))
    return max(1, len(cores))


def choose_device(runtime: ModuleType, wanted: str) -> str:
    """`cpu`, `cuda` or `auto` → `cpu` or `cuda`. EngineError where CUDA was asked for in vain."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise EngineError(f"device {wanted!r} is unknown; choose auto, cpu or cuda")
    if wanted == "cpu":
        return "cpu"
    loads = "CUDAExecutionProvider" in runtime.get_available_providers() and _cuda_loads(runtime)
    if wanted == "cuda" and not loads:
        raise EngineError(
            "CUDA cannot be used; it needs onnxruntime-training (not -cpu), an NVIDIA driver and "
            "the CUDA 11.8 and cuDNN 8 libraries; or choose the device cpu"
        )
    return "cuda" if loads else "cpu"


def providers(device: str) -> list[str]:
    return (
        ["CUDAExecutionProvider", "CPUExecutionProvider"]
        if device == "cuda"
        else ["CPUExecutionProvider"]
    )


def _cuda_loads(runtime: ModuleType) -> bool:
    """The wheel lists CUDA even where its libraries are missing: try, without its complaint."""
    runtime.set_default_logger_severity(SILENT)
    try:
        runtime.OrtValue.ortvalue_from_shape_and_type([1], "float32", "cuda", 0)
    except Exception:  # whatever a broken driver raises, it means: no CUDA
        return False
    finally:
        runtime.set_default_logger_severity(QUIET)
    return True


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Makes a module look not installed, unless it is imported already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # how Python marks «not there»
    try:
        yield
    finally:
        del sys.modules[module]
