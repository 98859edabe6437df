"""The suite where torch is not installed: modules that need it are left out, and counted.

A plugin of `conftest.py`. Some Pythons have no torch here without gigabytes; the editor, and every
drag on ONNX Runtime, do without it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tui_draggan.testing.pane import ROOT

NEEDED = ("torch", "onnx", "safetensors", "tensorboardX")
"""Packages of the extra `torch`."""
KEY = "left out without torch"

_left_out: set[str] = set()
"""Modules, by their paths."""


def is_torch_there() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


class Module(pytest.Module):
    """A module of tests, which has none where it needs torch."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        try:
            yield from super().collect()
        except self.CollectError as error:
            if not any(f"No module named '{name}" in str(error) for name in NEEDED):
                raise
            _left_out.add(str(self.path))


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Module:
    module: Module = Module.from_parent(parent, path=module_path)
    return module


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A folder whose conftest needs torch: all of it."""
    conftest = collection_path / "conftest.py"
    if collection_path == ROOT / "tests" or not conftest.is_file():
        return None
    try:
        import_module(".".join(conftest.relative_to(ROOT).with_suffix("").parts))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        _left_out.update(map(str, collection_path.rglob("test_*.py")))
        return True
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of xdist tells the one that started it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[KEY] = sorted(_left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _left_out.update(getattr(node, "workeroutput", {}).get(KEY, ()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"without torch: {len(_left_out)} modules of tests are left out")
