"""What holds for every test.

What is remembered about engines and edits on this machine stays out of the tests, and theirs out
of it.
Hypothesis measures no time: a busy machine is slow, not wrong. torch takes one thread, here and in
processes that tests start: its work is small, and on busy cores threads spin for each other (a test
of 6 s of CPU time became one of 36 s). Programs hear signals that the suite's own shell may ignore.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest

from tests import without_torch
from tui_draggan.testing.pane import has_tmux

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    if not without_torch.is_torch_there():
        config.pluginmanager.register(without_torch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: with several workers none is left with one of them
    when the others are done."""
    slow = Counter(item.path for item in items if _is_slow(item))
    items.sort(key=lambda item: -slow[item.path])


def _is_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("slow", "terminal"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("terminal") and not has_tmux():
        pytest.skip("tmux is not installed")


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all workers: what is optimised for the bundled model is so once."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _programs_hear_signals() -> None:
    """In the background SIGINT is ignored, under nohup SIGHUP, and what a test starts would inherit
    that; a handler that does nothing is not inherited."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
