from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tui_draggan.engines import cpu, cuda_libraries, runtime
from tui_draggan.errors import EngineError, UsageError


class Build(ModuleType):
    """A build of onnxruntime that can do what is said here."""

    def __init__(self, *providers: str, training: bool = False, devices: int = 0) -> None:
        super().__init__("onnxruntime")
        self.__version__ = "1.30.0"
        state = SimpleNamespace(**({"Module": object} if training else {}))
        self.capi = SimpleNamespace(_pybind_state=state)
        self.OrtValue = self
        self.devices = devices
        self.get_available_providers = lambda: [*providers, "CPUExecutionProvider"]
        self.set_default_logger_severity = lambda level: None

    def ortvalue_from_shape_and_type(
        self, shape: list[int], kind: str, device: str, number: int
    ) -> None:
        if number >= self.devices:
            raise RuntimeError("no such device")


def chosen(build: ModuleType, wanted: str) -> str:
    return runtime.choose_device(wanted, partial(runtime.device_problem, build))


def test_a_missing_runtime_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match=r"cannot be imported.*pip install onnx") as caught:
        runtime.load_runtime()
    assert "\n" not in str(caught.value)


def test_its_telemetry_is_off_before_it_is_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = "import os", "seen = os.environ.get('ORT_DISABLE_TELEMETRY')", "def {}(level): ..."
    (tmp_path / "onnxruntime.py").write_text("\n".join(lines).format("set_default_logger_severity"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", Build())
    del sys.modules["onnxruntime"]
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    assert runtime.load_runtime().seen == "1"


def test_the_plain_build_is_told_from_the_training_build(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime.has_training_api(Build(training=True))
    monkeypatch.setitem(sys.modules, "onnxruntime", Build())
    assert not runtime.has_training_api(runtime.load_runtime())
    with pytest.raises(EngineError, match=r"1\.30\.0 has no training API; choose the engine ort"):
        runtime.load_training_api()


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_libraries, "has_driver", lambda: True)
    one = Build("CUDAExecutionProvider", devices=1)
    assert chosen(one, "cpu") == "cpu"
    assert chosen(one, "auto") == "cuda"
    assert chosen(one, "cuda:0") == "cuda:0"
    assert runtime.providers("cuda:2")[0][1] == {"device_id": 2}
    with pytest.raises(EngineError, match=r"cuda:1 cannot be used: .* no device 1.*-gpu"):
        chosen(one, "cuda:1")
    training = Build("CUDAExecutionProvider", training=True)
    with pytest.raises(EngineError, match=r"cuda cannot be used: .*tui-draggan\[cuda11\]"):
        chosen(training, "cuda")
    assert chosen(training, "auto") == "cpu"
    with pytest.raises(EngineError, match="built for the CPU"):
        chosen(Build(), "cuda")
    for wrong in "tpu", "cuda:", "cuda:x", "CPU":
        with pytest.raises(UsageError, match="auto, cpu, cuda, cuda:N or mps"):
            chosen(one, wrong)
    with pytest.raises(EngineError, match=r"mps cannot be used: .* engine torch"):
        chosen(one, "mps")


def test_without_a_driver_no_library_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_libraries, "has_driver", lambda: False)
    build = Build("CUDAExecutionProvider", devices=1)
    assert chosen(build, "auto") == "cpu"
    with pytest.raises(EngineError, match="no NVIDIA driver"):
        chosen(build, "cuda")


def test_threads_are_cores() -> None:
    ort = runtime.load_runtime()
    assert 1 <= cpu.physical_cores() == runtime.session_options(ort).intra_op_num_threads


def test_nothing_stays_hidden() -> None:
    if not runtime.has_training_api(runtime.load_runtime()):
        pytest.skip("this onnxruntime has no training API")
    runtime.load_training_api()
    assert sys.modules.get("onnxruntime.training", "absent") is not None
