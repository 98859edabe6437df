"""The engine in a process of its own answers as the engine does, can be left whatever it is doing,
is started again when it has died, and never outlives its owner."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import numpy as np
import pytest

from tui_draggan import children, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.edit.document import Document, State
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.engines import process
from tui_draggan.engines.base import Engine, Problem, StepRequest
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.process import EngineProcess
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.testing.pane import ROOT
from tui_draggan.testing.waiting import LIMIT, wait_until

BUNDLE = ModelBundle.open(paths.bundled_models() / "critters")
PARAMETERS = DragParams(r1=2, r2=6, learning_rate=0.01)
SOON = 2 + 20.0
"""Seconds in which an engine can be left, and those that a busy machine may need more."""
HANGS = [sys.executable, "-c", "import time; time.sleep(3600)"]


@pytest.fixture
def child() -> Iterator[EngineProcess]:
    engine = EngineProcess(BUNDLE, "cpu", "ort")
    engine.open()
    yield engine
    engine.close()


def drag(engine: Engine, steps: int) -> list[np.ndarray]:
    ws = latent_from_seed(engine, 3, 0.7).ws
    handles = np.array([[32, 44], [20, 20]], np.float32)
    targets = handles + 6
    templates = engine.features(ws, handles)
    engine.begin(Problem(ws))
    results: list[np.ndarray] = [engine.render(ws)]
    for _ in range(steps):
        result = engine.step(StepRequest(handles, targets, templates, 2, 6, 20.0, 0.01))
        handles = result.handles
        assert result.image is not None
        results += [result.ws, result.handles, result.image, np.array(result.loss)]
    return results


def test_it_computes_what_the_engine_computes(child: EngineProcess) -> None:
    here = open_engine(BUNDLE, "cpu", "ort")
    assert (child.name, child.device, child.info) == (here.name, here.device, here.info)
    for ours, theirs in zip(drag(child, 3), drag(here, 3), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_what_it_raises_is_raised_here_and_it_goes_on(child: EngineProcess) -> None:
    broken = np.full((BUNDLE.info.num_ws, BUNDLE.info.w_dim), np.nan, np.float32)
    with pytest.raises(EngineError, match="not finite"):
        child.render(broken)
    with pytest.raises(ValueError, match="shape"):
        child.render(broken[:2])
    assert child.render(np.zeros_like(broken)).any()


def test_a_device_that_is_not_there_is_said_at_the_door() -> None:
    with pytest.raises(UsageError, match="no device 'abacus'"):
        EngineProcess(BUNDLE, "abacus").open()


def test_the_terminals_signals_are_not_its_business(child: EngineProcess) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(pid(child), number)
    time.sleep(0.1)
    assert latent_from_seed(child, 1, 0.7).ws.any()


# -- one that dies ---------------------------------------------------------------------------------


def test_one_that_has_died_is_started_again(
    child: EngineProcess, caplog: pytest.LogCaptureFixture
) -> None:
    expected = latent_from_seed(child, 1, 0.7).ws
    before = pid(child)
    os.kill(before, signal.SIGKILL)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(latent_from_seed(child, 1, 0.7).ws, expected)
    assert pid(child) != before
    assert (
        caplog.messages[-1] == "the engine's process has ended (SIGKILL, as when memory is full); "
        "it has been started again"
    )


@pytest.mark.slow
@pytest.mark.parametrize("more", [False, True], ids=["as it was", "with another point"])
def test_a_run_continues_where_it_was(child: EngineProcess, more: bool) -> None:
    """Latent, handles, templates and the mask's reference; that of another point is taken first."""
    mask = np.zeros(BUNDLE.info.size, bool)
    mask[:, 40:] = True
    start = latent_from_seed(child, 3, 0.7)
    parameters = PARAMETERS.with_values(mask_mode="loss")
    session = Session(child, Document(start, mask=mask, parameters=parameters))
    first = session.add_pair((44, 52), (60, 60))
    before = list(session.run(3))
    template = session.document.pair(first).template
    os.kill(pid(child), signal.SIGKILL)
    if more:
        session.add_pair((80, 80), (90, 80))
    after = list(session.run(3))
    assert session.status.state is State.PAUSED and len(after) == 3
    np.testing.assert_array_equal(after[0].ws, before[-1].ws)
    assert after[0].handles[first] == before[-1].handles[first]
    assert after[0].mask_loss == pytest.approx(before[-1].mask_loss, rel=1e-3) != 0
    assert more or after[0].loss == pytest.approx(before[-1].loss, rel=1e-3)
    assert (after[-1].ws != after[0].ws).any()
    np.testing.assert_array_equal(session.document.pair(first).template, template)
    while session.undo():
        pass
    assert session.document.latent is start and session.document.pairs == ()


def test_what_kills_it_each_time_is_an_error(
    child: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first question to one that was started again kills it too."""
    latent_from_seed(child, 1, 0.7)
    started: list[int] = []
    ask = process._Child.ask

    def killed(self: process._Child, *question: object) -> process.Answer:
        started.append(self.pid)
        os.kill(self.pid, signal.SIGSEGV)
        return ask(self, *question)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(process._Child, "ask", killed)
        with pytest.raises(EngineError, match=r"process has ended \(SIGSEGV\)"):
            child.map(np.zeros(BUNDLE.info.z_dim, np.float32), 0)
    assert len(set(started)) == 2
    assert latent_from_seed(child, 1, 0.7).ws.any()  # and the next question finds another


# -- one that stands still -------------------------------------------------------------------------


def test_one_that_stands_still_can_be_left(child: EngineProcess) -> None:
    number = pid(child)
    os.kill(number, signal.SIGSTOP)
    waiting = asked(lambda: latent_from_seed(child, 1, 0.7))
    time.sleep(0.2)
    since = time.monotonic()
    child.close()
    assert isinstance(waiting.exception(LIMIT), EngineError)
    assert time.monotonic() - since < SOON and not is_there(number)
    with pytest.raises(EngineError, match="has been closed"):
        latent_from_seed(child, 1, 0.7)


def test_so_can_one_that_never_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "command", lambda *_: HANGS)
    engine = EngineProcess(BUNDLE, "cpu", "ort")
    opening = asked(engine.open)
    wait_until(lambda: engine.pid is not None, "the process")
    number = pid(engine)
    engine.close()
    assert isinstance(opening.exception(LIMIT), EngineError) and not is_there(number)


def test_opening_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "command", lambda *_: HANGS)
    monkeypatch.setattr(process, "OPENING", 0.2)
    engine = EngineProcess(BUNDLE, "cpu", "ort")
    with pytest.raises(EngineError, match="took more than 0 s to open the engine and was ended"):
        engine.open()
    assert engine.pid is None


def test_an_engine_that_has_more_to_do_has_a_limit_of_its_own() -> None:
    with pytest.raises(EngineError, match="took more than 0 s to open the engine and was ended"):
        EngineProcess.opened(HANGS, patience=0.2)


def test_an_interrupt_while_it_computes_mixes_up_no_answers(child: EngineProcess) -> None:
    expected = latent_from_seed(child, 1, 0.7).ws
    os.kill(pid(child), signal.SIGSTOP)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            child.render(expected)
    finally:
        signal.signal(signal.SIGALRM, before)
    os.kill(pid(child), signal.SIGCONT)
    np.testing.assert_array_equal(latent_from_seed(child, 1, 0.7).ws, expected)


# -- its end ---------------------------------------------------------------------------------------


def test_it_ends_with_its_owner(child: EngineProcess) -> None:
    number = pid(child)
    child.close()
    assert not is_there(number) and child.pid is None


def test_it_ends_when_its_owner_is_killed_though_it_stands_still() -> None:
    program = (
        "import os, signal, time; from tui_draggan import paths\n"
        "from tui_draggan.bundle import ModelBundle\n"
        "from tui_draggan.engines.process import EngineProcess\n"
        "engine = EngineProcess(ModelBundle.open(paths.bundled_models() / 'critters'), 'cpu')\n"
        "engine.open()\n"
        "os.kill(engine.pid, signal.SIGSTOP)\n"
        "print(engine.pid, flush=True)\n"
        "time.sleep(3600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    number = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    wait_until(lambda: not is_there(number), "the end of the engine")


def asked(question: Callable[[], object]) -> Future[object]:
    """What is asked in a thread of its own."""
    future: Future[object] = Future()

    def ask() -> None:
        try:
            future.set_result(question())
        except EngineError as error:
            future.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return future


def pid(engine: EngineProcess) -> int:
    assert engine.pid is not None
    return engine.pid


def is_there(number: int) -> bool:
    """Whether there is such a process, and it is more than a name."""
    try:
        status = open(f"/proc/{number}/stat").read()  # noqa: PTH123, SIM115
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
