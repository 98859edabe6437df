from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from tui_draggan.engines import runtime
from tui_draggan.errors import EngineError


def test_a_missing_runtime_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match=r"cannot be imported.*onnxruntime-training") as caught:
        runtime.load_runtime()
    assert "\n" not in str(caught.value)


def test_the_plain_package_is_told_from_the_training_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ModuleType("onnxruntime")
    plain.__version__ = "1.30.0"  # type: ignore[attr-defined]
    plain.capi = SimpleNamespace(_pybind_state=SimpleNamespace())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", plain)
    with pytest.raises(EngineError, match=r"1\.30\.0 has no training API; uninstall"):
        runtime.load_runtime()


def test_devices() -> None:
    ort = runtime.load_runtime()
    assert runtime.choose_device(ort, "cpu") == "cpu"
    assert runtime.choose_device(ort, "auto") in ("cpu", "cuda")
    with pytest.raises(EngineError, match="auto, cpu or cuda"):
        runtime.choose_device(ort, "tpu")
    without = SimpleNamespace(get_available_providers=lambda: ["CPUExecutionProvider"])
    with pytest.raises(EngineError, match="CUDA cannot be used"):
        runtime.choose_device(without, "cuda")  # type: ignore[arg-type]


def test_threads_are_cores() -> None:
    ort = runtime.load_runtime()
    assert 1 <= runtime.physical_cores() == runtime.session_options(ort).intra_op_num_threads


def test_nothing_stays_hidden() -> None:
    runtime.load_training_api()
    assert sys.modules.get("onnxruntime.training", "absent") is not None
