"""The one thread that owns the engine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from tui_draggan.edit.document import Frame
from tui_draggan.edit.session import Session
from tui_draggan.errors import DragganError, EngineError
from tui_draggan.tui.services import EditorOptions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """The session is there."""

    session: Session


@dataclass(frozen=True)
class OpenFailed:
    """There will be no session."""

    error: DragganError


@dataclass(frozen=True)
class Worked:
    """Something was done: look at the session."""


@dataclass(frozen=True)
class WorkFailed:
    """A piece of work went wrong; the document is as it was."""

    error: DragganError


Report = Opened | OpenFailed | Worked | WorkFailed


class EngineThread(threading.Thread):
    """Opens the session, then does its work until `stop`, and reports; closes at its end.

    It starts before there is a screen: what happens before `attach` is reported then.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        pace: float = 0.0,
        close: Callable[[], None] | None = None,
        abandon: Callable[[], None] | None = None,
    ) -> None:
        """pace: steps a second at most, for the eye that follows; 0: as many as there are. close,
        abandon: as in `Services`."""
        super().__init__(name="draggan-engine", daemon=True)
        self._step_seconds = 1 / pace if pace else 0.0
        self._open_session, self._close, self._abandon = open_session, close, abandon
        self._step_took = 0.0
        """Seconds of the last step."""
        self._next_look = 0.0
        """Time at which the screen wants a picture."""
        self._ending = threading.Event()
        self._seen = threading.Event()
        self._seen.set()
        self._lock = threading.Lock()
        self._early: list[Report] = []
        self._report: Callable[[Report], object] | None = None
        self.session: Session | None = None

    def attach(self, report: Callable[[Report], object]) -> None:
        """Reports go there from now on (called in this thread); those nobody has had yet first."""
        with self._lock:
            self._report = report
            for early in self._early:
                report(early)
            self._early.clear()

    def detach(self) -> None:
        """There is no screen any more."""
        with self._lock:
            self._report = lambda report: None

    def stop(self) -> None:
        """Ends it: with the piece of work at hand, or in the middle of it where the engine can be
        abandoned. Join it then."""
        self._ending.set()
        if self._abandon is not None:
            self._abandon()
        if self.session is not None:
            self.session.wake()

    def seen(self, again: float = 0.0) -> None:
        """The screen has looked at the session since the last `Worked`; the next may come.

        At most one is under way, so a terminal slower than the engine never makes a queue. again:
        seconds until the screen wants another picture; steps that end before have none.
        """
        self._next_look = monotonic() + again
        self._seen.set()

    def run(self) -> None:
        try:
            self._run()
        finally:
            if self.session is not None:
                self.session.leave()
            if self._close is not None:
                self._close()

    def _run(self) -> None:
        try:
            self.session = session = self._open_session()
        except DragganError as error:
            self._tell(OpenFailed(error))
            return
        except Exception as error:
            log.exception("the session could not be opened")
            self._tell(OpenFailed(_unexpected(error)))
            return
        self._tell(Opened(session))
        while not self._ending.is_set():
            if session.wait_for_work(0.5) and not self._ending.is_set():
                self._work(session)

    def _work(self, session: Session) -> None:
        started, done = monotonic(), None
        expected = max(self._step_took, self._step_seconds)
        try:
            done = session.work(started + expected >= self._next_look, quickly=True)
        except DragganError as error:
            if self._ending.is_set():  # the engine has been abandoned
                return
            self._tell(WorkFailed(error))
        except Exception as error:
            log.exception("the engine's thread met something unexpected")
            self._tell(WorkFailed(_unexpected(error)))
        if self._seen.is_set():
            self._seen.clear()
            self._tell(Worked())
        if isinstance(done, Frame):
            self._step_took = monotonic() - started
            self._ending.wait(max(0.0, self._step_seconds - self._step_took))

    def _tell(self, report: Report) -> None:
        with self._lock:
            if self._report is None:
                self._early.append(report)
            else:
                self._report(report)


def engine_thread(options: EditorOptions) -> EngineThread:
    """The thread that opens what the editor starts with; not started yet."""
    services = options.services
    return EngineThread(services.open_session, options.pace, services.close, services.abandon)


def end(threads: Sequence[EngineThread], patience: float) -> None:
    """Stops and joins them; all together get so many seconds to close."""
    for thread in threads:
        thread.stop()
    deadline = monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))


def _unexpected(error: Exception) -> DragganError:
    """An error nobody foresaw, in words; the log has its traceback."""
    return EngineError(f"unexpected {type(error).__name__}: {error}")
