"""The one place that imports onnxruntime: quickly, quietly, in whichever build is installed.

The training build's `import onnxruntime` looks for a front end this program does not use, and so
imports the package onnxruntime.training, with it onnx and, where it is installed, torch: 3 s
instead of 0.1 s. So that package is hidden while onnxruntime is imported.

Builds since 1.29 collect telemetry (a number for the device, names of models) in the cache folder,
to send it. It is switched off, in child processes too, by the variable that they read at import.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from tui_draggan.engines import cpu, cuda_libraries, memory
from tui_draggan.errors import DragganError, EngineError, UsageError

INSTALL_RUNTIME = "pip install onnxruntime"
INSTALL_TRAINING = (
    "with Python 3.10 or 3.11: pip uninstall onnxruntime; pip install onnxruntime-training==1.19.2"
)
INSTALL_CUDA_11 = "pip install 'tui-draggan[cuda11]'"
INSTALL_CUDA = "pip uninstall onnxruntime; pip install 'onnxruntime-gpu[cuda,cudnn]'"
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
QUIET = 3
"""Log severity: errors only."""
SILENT = 4
"""Log severity: nothing but what ends the process."""
DEVICES = "cpu, cuda, cuda:N or mps"
"""Words for a device, but for `auto`."""

_lock = threading.Lock()


def load_runtime() -> ModuleType:
    """onnxruntime, imported once. Raises EngineError where it is not there."""
    with _lock:
        os.environ[NO_TELEMETRY] = "1"
        try:
            with _hidden("onnxruntime.training"):
                runtime = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise EngineError(
                f"onnxruntime cannot be imported ({error}); {INSTALL_RUNTIME}"
            ) from error
        runtime.set_default_logger_severity(QUIET)
        return runtime


def has_training_api(runtime: ModuleType) -> bool:
    """Whether this build can run training artifacts."""
    return hasattr(runtime.capi._pybind_state, "Module")


def require_training_api() -> ModuleType:
    """onnxruntime; EngineError where its build has no training API."""
    runtime = load_runtime()
    if not has_training_api(runtime):
        raise EngineError(
            f"onnxruntime {runtime.__version__} has no training API; choose the engine ort, or "
            f"{INSTALL_TRAINING}"
        )
    return runtime


def load_training_api() -> ModuleType:
    """onnxruntime.training.api: Module, Optimizer, CheckpointState. EngineError without it.

    Its parent package imports torch without condition, for other front ends; the training API
    itself needs none of it. So it is imported below an empty stand-in for the parent.
    """
    runtime = require_training_api()
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


def open_session(file: Path, device: str, optimised: bool = False) -> Any:
    """An InferenceSession; `optimised`: the graph is, as it lies there. Raises EngineError, naming
    the file."""
    runtime = load_runtime()
    options = session_options(runtime)
    if optimised:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    with failing_as(file.name):
        session = runtime.InferenceSession(str(file), options, providers=providers(device))
    memory.trim_heap()
    return session


def write_optimised(file: Path, out: Path, weights: str, large: int) -> Any:
    """Writes the graph as this build would run it on this CPU; tensors of at least `large`
    bytes go to the file `weights` beside it. The session that does. Raises EngineError."""
    runtime = load_runtime()
    options = session_options(runtime)
    options.optimized_model_filepath = str(out)
    entry = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{entry}file_name", weights)
    options.add_session_config_entry(f"{entry}min_size_in_bytes", str(large))
    with failing_as(file.name):
        return runtime.InferenceSession(str(file), options, providers=providers("cpu"))


_profile: Path | None = None


@contextmanager
def profiling(beginning: Path) -> Iterator[None]:
    """Sessions opened within write how long each operator took: to a file whose path begins like
    that, when `end_profiling` is called."""
    global _profile
    _profile = beginning
    try:
        yield
    finally:
        _profile = None


def session_options(runtime: ModuleType) -> Any:
    options = runtime.SessionOptions()
    if _profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(_profile)
    memory.share(runtime, options)
    options.log_severity_level = QUIET
    options.intra_op_num_threads = cpu.physical_cores()
    options.inter_op_num_threads = 1
    return options


def choose_device(wanted: str, problem: Callable[[str], str | None]) -> str:
    """`auto` or one of `DEVICES` → the same, with `auto` decided.

    problem: device, not `cpu` → why it cannot be used, and what helps; None where it can.
    Raises UsageError for any other word, EngineError where a device was asked for in vain.
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", wanted):
        raise UsageError(f"no device {wanted!r}; choose auto, {DEVICES}")
    if wanted == "auto":
        return next((device for device in ("cuda", "mps") if problem(device) is None), "cpu")
    if wanted == "cpu" or (why := problem(wanted)) is None:
        return wanted
    raise EngineError(f"{wanted} cannot be used: {why}; or choose the device cpu")


def cuda_number(device: str) -> int:
    """Which CUDA device is meant; 0 where none is named."""
    return int(device.partition(":")[2] or 0)


def device_problem(runtime: ModuleType, device: str) -> str | None:
    """Why this build cannot use that device, and what helps; None where it can."""
    if device == "mps":
        return "ONNX Runtime has no kernels for it; choose the engine torch"
    return cuda_problem(runtime, cuda_number(device))


def cuda_problem(runtime: ModuleType, number: int = 0) -> str | None:
    """Why this build cannot use that CUDA device, and what helps; None where it can."""
    if "CUDAExecutionProvider" not in runtime.get_available_providers():
        return f"this onnxruntime is built for the CPU; {INSTALL_CUDA}"
    if not cuda_libraries.has_driver():
        return "there is no NVIDIA driver"
    if _cuda_loads(runtime, number):
        return None
    libraries = INSTALL_CUDA_11 if has_training_api(runtime) else INSTALL_CUDA
    return f"there is no device {number}, or CUDA's libraries are missing; {libraries}"


def providers(device: str) -> list[Any]:
    cpu = "CPUExecutionProvider"
    if device == "cpu":
        return [cpu]
    return [("CUDAExecutionProvider", {"device_id": cuda_number(device)}), cpu]


@contextmanager
def failing_as(what: str, library: str = "onnxruntime") -> Iterator[None]:
    """Libraries raise many types without a common base but Exception; here it is one."""
    try:
        yield
    except DragganError:
        raise
    except Exception as error:
        raise EngineError(f"{what}: {library} failed ({first_line(error)})") from error


def first_line(error: Exception) -> str:
    """Of what it says, else its type."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _cuda_loads(runtime: ModuleType, number: int) -> bool:
    """A build lists CUDA even where its libraries are missing: try, without its complaint."""
    _preload_cuda(runtime)
    runtime.set_default_logger_severity(SILENT)
    try:
        runtime.OrtValue.ortvalue_from_shape_and_type([1], "float32", "cuda", number)
    except Exception:  # whatever a broken driver raises, it means: no CUDA
        return False
    finally:
        runtime.set_default_logger_severity(QUIET)
    return True


@cache
def _preload_cuda(runtime: ModuleType) -> None:
    """CUDA's libraries from the package index, where they are installed."""
    if has_training_api(runtime):
        cuda_libraries.preload()
    elif hasattr(runtime, "preload_dlls"):
        with redirect_stdout(StringIO()):  # it prints what it did not find
            runtime.preload_dlls()


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
