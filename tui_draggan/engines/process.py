"""An engine in a process of its own, for programs that answer while it computes.

ONNX Runtime's training API holds the interpreter's lock for a whole step: any other thread stands
still for those 20 to 40 ms, and a screen in the same process answers keys at every third or tenth
step only. In another process the engine leaves the screen alone, and can be left: whatever it is
doing, `close` ends it. One that dies, for want of memory say, is started again.

The two talk as `children` has it, one question, (method, arguments), and one `Answer` at a time.
The child ends when its input does, and with the thread that started it, so it never outlives its
owner. While it is not asked anything after the first picture, it prepares the first step.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from tui_draggan import children
from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import (
    Comparison,
    LocalEngine,
    Pivot,
    Problem,
    StepRequest,
    StepResult,
    TuningStep,
)
from tui_draggan.errors import DragganError, EngineError
from tui_draggan.latent_statistics import LatentStatistics
from tui_draggan.notices import Notices
from tui_draggan.wording import duration

CALLS = frozenset(
    [
        "map",
        "w_avg",
        "statistics",
        "render",
        "preview",
        "features",
        "feature_map",
        "parts",
        "compare",
        "begin_tuning",
        "tune",
        "save_tuned",
        "begin",
        "step",
    ]
)
IDLE = 0.2
"""Seconds without a question before something is prepared: a person leafing through seeds asks
more often."""

NICENESS = 10
"""Where cores are scarce, the screen's few milliseconds come before the next step. (It counts
within a terminal session only, where Linux groups processes by session; so the child stays in it.)
"""

OPENING = 300.0
"""Seconds the child gets to open the engine, and for the first answer of each kind, which opens a
graph. Large models take a few."""

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
    """`base.Engine`, computed elsewhere. Raises what the engine raises, and EngineError where its
    process ends or takes too long to open.

    A process that has died is started again, and what it was asked is asked once more; a run
    continues on its latent, with its mask's reference, without Adam's moments. That is logged as a
    warning. One that dies at the first question it is asked is not started a second time.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        device: str = "auto",
        engine: str = "auto",
        niceness: int = NICENESS,
    ) -> None:
        """The process starts at `open`, or at the first question."""
        self.info = bundle.info
        self._prepare(
            children.command(__name__, str(bundle.path.resolve()), device, engine, str(niceness)),
            device,
            engine,
        )

    @classmethod
    def opened(
        cls,
        command: Sequence[str],
        device: str = "auto",
        engine: str = "auto",
        patience: float | None = None,
    ) -> EngineProcess:
        """The engine of another child that calls `serve`, and knows itself which model it runs.

        patience: as `OPENING`, for one that has more to do. The child ends with the thread that
        calls this. Raises what opening the engine raises.
        """
        process = cls.__new__(cls)
        process._prepare(command, device, engine, patience)
        process.open()
        return process

    def _prepare(
        self, command: Sequence[str], device: str, engine: str, patience: float | None = None
    ) -> None:
        self.name, self.device = engine, device
        self._command = command
        self._patience = patience
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False
        self._problem: Problem | None = None
        """What the run is on: that of `begin`, with the latent of the newest step."""

    @property
    def pid(self) -> int | None:
        """Number of the process; None while there is none."""
        child = self._child
        return None if child is None else child.pid

    def open(self) -> None:
        """Starts the process and waits until it has opened the engine."""
        self._opened()

    def close(self) -> None:
        """Ends the process at once, whatever it is doing; any thread may call it. What it was
        asked, and whatever it is asked afterwards, raises EngineError."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def map(self, z: Floats, label: int | None = None) -> Floats:
        w: Floats = self._call("map", z, label)
        return w

    @cached_property
    def w_avg(self) -> Floats:
        mean: Floats = self._call("w_avg")
        return mean

    @cached_property
    def statistics(self) -> LatentStatistics:
        found: LatentStatistics = self._call("statistics")
        return found

    def render(self, ws: Floats) -> Bytes:
        image: Bytes = self._call("render", ws)
        return image

    def preview(self, ws: Floats) -> Bytes:
        image: Bytes = self._call("preview", ws)
        return image

    def features(self, ws: Floats, points: Floats) -> Floats:
        features: Floats = self._call("features", ws, points)
        return features

    def feature_map(self, ws: Floats) -> Floats:
        features: Floats = self._call("feature_map", ws)
        return features

    def begin(self, problem: Problem) -> None:
        self._call("begin", problem)
        self._problem = problem

    def step(self, request: StepRequest) -> StepResult:
        result: StepResult = self._call("step", request)
        run = self._problem
        if run is not None:
            start = run.ws if run.reference is None else run.reference
            self._problem = replace(run, ws=result.ws, reference=start)
        return result

    def parts(self, ws: Floats) -> Bytes:
        found: Bytes = self._call("parts", ws)
        return found

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        found: Comparison = self._call("compare", ws, target)
        return found

    def begin_tuning(self) -> None:
        self._call("begin_tuning")

    def tune(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        found: TuningStep = self._call("tune", tuple(pivots), learning_rate)
        return found

    def save_tuned(self, path: Path, name: str, description: str, replace: bool = False) -> None:
        self._call("save_tuned", path.absolute(), name, description, replace)

    def _call(self, method: str, *arguments: Any) -> Any:
        child = self._opened()
        try:
            return self._ask(child, method, arguments)
        except _EndedError as ended:
            if self._closed or not child.answered:
                raise
            log.warning("%s; it has been started again", ended)
        return self._ask(self._opened(), method, arguments)

    def _opened(self) -> _Child:
        """The child, started where there is none."""
        with self._lock:
            if self._closed:
                raise EngineError("the engine has been closed")
            if self._child is not None:
                return self._child
            self._child = child = _Child(self._command, self._patience or OPENING)
        try:
            self.info = self._take(child, child.answer("to open the engine"))
        except DragganError:
            self._forget(child)
            raise
        return child

    def _ask(self, child: _Child, method: str, arguments: Sequence[Any]) -> Any:
        if method == "step" and "begin" not in child.answered and self._problem is not None:
            self._ask(child, "begin", (self._problem,))
        try:
            answer = child.ask(method, arguments)
        except EngineError:
            self._forget(child)
            raise
        value = self._take(child, answer)
        child.answered.add(method)
        return value

    def _take(self, child: _Child, answer: Answer) -> Any:
        self.name, self.device = answer.name, answer.device
        for notice in answer.notices:
            log.warning("%s", notice)
        if not answer.well:
            raise answer.value
        return answer.value

    def _forget(self, child: _Child) -> None:
        with self._lock:
            if self._child is child:
                self._child = None
        child.end()


class _EndedError(EngineError):
    """The process is not there any more."""


class _Child:
    """One process. Only `end` may be called by another thread than that which started it."""

    def __init__(self, command: Sequence[str], patience: float) -> None:
        """patience: seconds for opening, and for the first answer of each kind."""
        self._patience = patience
        self._process = children.Child(command)
        self.pid, self.end = self._process.pid, self._process.end
        self.answered: set[str] = set()
        """Methods that it has answered."""
        self._owed = 1
        """Answers that are still to come: at first the one that it has opened the engine."""

    def ask(self, method: str, arguments: Sequence[Any]) -> Answer:
        """Raises EngineError where there is no answer.

        Where an interrupt (Ctrl-C) breaks the waiting off, the answer is passed over later.
        """
        self._owed += 1
        try:
            self._process.send((method, arguments))
        except children.EndedError as ended:
            raise _EndedError(f"the engine's process {ended}") from None
        return self.answer(None if method in self.answered else "to open the model")

    def answer(self, opening: str | None = None) -> Answer:
        """The answer to the last question. opening: what there is patience for."""
        deadline = None if opening is None else monotonic() + self._patience
        try:
            while self._owed > 1:
                self._process.receive(deadline)
                self._owed -= 1
            answer: Answer = self._process.receive(deadline)
        except TimeoutError:
            spent = f"took more than {duration(self._patience)} {opening}"
            raise EngineError(f"the engine {spent} and was ended") from None
        except children.EndedError as ended:
            raise _EndedError(f"the engine's process {ended}") from None
        self._owed = 0
        return answer


def serve(opener: Callable[[], LocalEngine], device: str, engine_name: str, niceness: int) -> None:
    """The child: opens the engine, answers calls until there are no more."""
    children.end_with_parent()
    parent = children.Parent()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)  # the terminal's signals are the editor's business
    os.nice(niceness)
    notices = Notices()
    logging.getLogger().addHandler(notices)

    def answer(well: bool, value: Any, name: str, device: str) -> None:
        parent.send(Answer(well, value, name, device, notices.taken()))

    try:
        engine = opener()
    except DragganError as error:
        answer(False, error, engine_name, device)
        return
    answer(True, engine.info, engine.name, engine.device)
    to_prepare = False
    while True:
        while to_prepare and not select.select([parent.requests], [], [], IDLE)[0]:
            to_prepare = _prepare(engine)
        try:
            method, arguments = parent.receive()
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


def main() -> None:
    """Bundle, device, engine and niceness are the arguments."""
    path, device, engine, niceness = sys.argv[1:]

    def opened() -> LocalEngine:
        from tui_draggan.engines.choose import open_engine

        return open_engine(ModelBundle.open(Path(path)), device, engine)

    serve(opened, device, engine, int(niceness))
