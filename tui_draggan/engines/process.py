"""An engine in a process of its own, for programs with a screen.

ONNX Runtime's training API holds the interpreter's lock for a whole step: any other thread stands
still for those 20 to 40 ms, and a screen in the same process answers keys at every third or tenth
step only. In another process the engine leaves the screen alone.

The two talk in pickles through the child's standard input and output, one question, (method,
arguments), and one `Answer` at a time. The child ends when its input does, so it never outlives
the editor. While it is not asked anything after the first picture, it prepares the first step.
"""

from __future__ import annotations

import logging
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import weakref
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

from tui_draggan import children
from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import LocalEngine, Problem, StepRequest, StepResult
from tui_draggan.errors import DragganError, EngineError

CALLS = frozenset({"map", "w_avg", "render", "features", "begin", "step"})
IDLE = 0.2
"""Seconds without a question before something is prepared: a person leafing through seeds asks
more often."""

NICENESS = 10
"""Where cores are scarce, the screen's few milliseconds come before the next step. (It counts
within a terminal session only, where Linux groups processes by session; so the child stays in it.)
"""

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What the child says to a question, or when it has opened the engine."""

    well: bool
    value: Any
    """Result, or the exception where it did not go well."""
    name: str
    device: str
    notices: list[str]
    """Warnings that were logged meanwhile."""


class EngineProcess:
    """`base.Engine`, computed elsewhere. Raises what the engine raises, and EngineError when its
    process has ended."""

    def __init__(self, bundle: ModelBundle, device: str = "auto", engine: str = "auto") -> None:
        self.info = bundle.info
        # Its complaints must not land on the screen; the last line helps when it has died.
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._process = subprocess.Popen(
            children.command(__name__, str(bundle.path.resolve()), device, engine),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        self.close = weakref.finalize(self, _end, self._process, self._complaints)
        """Ends the process; the end of the program or of the last reference does it too."""
        self._answer()

    def map(self, z: Floats, label: int | None = None) -> Floats:
        w: Floats = self._call("map", z, label)
        return w

    @cached_property
    def w_avg(self) -> Floats:
        mean: Floats = self._call("w_avg")
        return mean

    def render(self, ws: Floats) -> Bytes:
        image: Bytes = self._call("render", ws)
        return image

    def features(self, ws: Floats, points: Floats) -> Floats:
        features: Floats = self._call("features", ws, points)
        return features

    def begin(self, problem: Problem) -> None:
        self._call("begin", problem)

    def step(self, request: StepRequest) -> StepResult:
        result: StepResult = self._call("step", request)
        return result

    def _call(self, method: str, *arguments: Any) -> Any:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pickle.dump((method, arguments), pipe, pickle.HIGHEST_PROTOCOL)
            pipe.flush()
        except (OSError, ValueError):
            raise self._ended() from None
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        try:
            answer: Answer = pickle.load(self._process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            raise self._ended() from None
        self.name, self.device = answer.name, answer.device
        for notice in answer.notices:
            log.warning("%s", notice)
        if not answer.well:
            raise answer.value
        return answer.value

    def _ended(self) -> EngineError:
        status = self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        why = f": {lines[-1]}" if lines else ""
        return EngineError(f"the engine's process has ended (status {status}){why}; start again")


def _end(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            pass  # it went first
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    complaints.close()


def serve(path: Path, device: str, engine_name: str) -> None:
    """The child: opens the engine, answers calls until there are no more."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the pickles
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)  # the terminal's signals are the editor's business
    os.nice(NICENESS)
    notices = _Notices()
    logging.getLogger().addHandler(notices)

    def answer(well: bool, value: Any, name: str, device: str) -> None:
        told = Answer(well, value, name, device, notices.taken())
        answers.write(pickle.dumps(told, pickle.HIGHEST_PROTOCOL))
        answers.flush()

    try:
        from tui_draggan.engines.choose import open_engine

        engine = open_engine(ModelBundle.open(path), device, engine_name)
    except DragganError as error:
        answer(False, error, engine_name, device)
        return
    answer(True, None, engine.name, engine.device)
    to_prepare = False
    while True:
        while to_prepare and not select.select([requests], [], [], IDLE)[0]:
            to_prepare = _prepare(engine)
        try:
            method, arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            assert method in CALLS
            member = getattr(engine, method)
            value = member(*arguments) if callable(member) else member
            answer(True, value, engine.name, engine.device)
        except BrokenPipeError:
            return
        except Exception as error:  # whatever it is, the other side raises it
            answer(False, error, engine.name, engine.device)
        to_prepare = to_prepare or method == "render"


def _prepare(engine: LocalEngine) -> bool:
    """Whether there is more to prepare. What fails here is said when it is asked for."""
    try:
        return engine.warm_up()
    except DragganError:
        return False


class _Notices(logging.Handler):
    """Keeps warnings until the next answer takes them along."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())

    def taken(self) -> list[str]:
        messages, self._messages = self._messages, []
        return messages


def main() -> None:
    """Bundle, device and engine are the arguments."""
    path, device, engine = sys.argv[1:]
    serve(Path(path), device, engine)
