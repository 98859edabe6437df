"""Child processes that run this program and nothing else, and what they and their parent say to
each other.

With -m and -c Python looks for modules in the folder it stands in first: a `select.py` or an
`onnxruntime.py` there would run in the program's place. So a child starts isolated (-I), and is
told where this process finds its modules.

The two talk in pickles through the child's standard input and output: a `Child` is the parent's
end, a `Parent` the child's.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO, Any

SET_PARENT_DEATH_SIGNAL = 1
"""Option of prctl(2)."""
HEADER, PIECE = 8, 1 << 20
"""Bytes that say how long a message is; bytes that are read at once."""
BURIAL = 1.0
"""Seconds the system gets to end a process that has been killed; a driver may hold it up."""


class EndedError(Exception):
    """The child is not there any more; the message says how it ended, as «has ended (SIGSEGV)»."""


class Child:
    """A process that answers. Only `end` may be called by another thread than that which started
    it, and `end_with_parent` ends it with that thread."""

    def __init__(self, command: Sequence[str]) -> None:
        # Its complaints must not land on the screen; the last line helps when it has died.
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints
        )
        self.pid = self._process.pid
        self._received = bytearray()
        self.end = weakref.finalize(self, _end, self._process, self._complaints)
        """Ends the process; the end of the program or of the last reference does it too."""

    def send(self, message: object) -> None:
        """Raises EndedError."""
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
            pipe.flush()
        except (OSError, ValueError):
            raise self._ended() from None

    def receive(self, deadline: float | None = None) -> Any:
        """The next message. deadline: of `time.monotonic`. Raises EndedError, TimeoutError."""
        try:
            return pickle.loads(self._receive(deadline))
        except TimeoutError:
            raise
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            raise self._ended() from None

    def _receive(self, deadline: float | None) -> bytes:
        """Raises EOFError where there is none, TimeoutError at the deadline."""
        pipe = self._process.stdout
        assert pipe is not None
        while (size := _first_message(self._received)) is None:
            wait = None if deadline is None else max(0.0, deadline - monotonic())
            if not select.select([pipe], [], [], wait)[0]:
                raise TimeoutError
            piece = os.read(pipe.fileno(), PIECE)
            if not piece:
                raise EOFError
            self._received += piece
        message = bytes(self._received[HEADER : HEADER + size])
        del self._received[: HEADER + size]
        return message

    def _ended(self) -> EndedError:
        try:
            status = self._process.wait(BURIAL)
            self._complaints.seek(0)
            lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        except (subprocess.TimeoutExpired, ValueError):  # it is being ended, by `end`
            return EndedError("has been ended")
        why = f": {lines[-1]}" if lines else ""
        return EndedError(f"has ended ({_in_words(status)}){why}")


class Parent:
    """The other end, in the child; there is one. What prints must not get between the messages, so
    standard output becomes standard error."""

    def __init__(self) -> None:
        self.requests = sys.stdin.buffer
        self._answers = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def receive(self) -> Any:
        """Raises EOFError where there are no more."""
        return pickle.load(self.requests)

    def send(self, message: object) -> None:
        """Raises BrokenPipeError where nobody listens any more."""
        pickled = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._answers.write(len(pickled).to_bytes(HEADER, sys.byteorder) + pickled)
        self._answers.flush()


def command(module: str, *arguments: str) -> list[str]:
    """The command line of a child that calls `main()` of a module of this program."""
    program = (
        "import sys; "
        f"sys.path[:] = dict.fromkeys([*{_module_path()!r}, *sys.path]); "
        f"from {module} import main; main()"
    )
    return [sys.executable, "-I", "-c", program, *arguments]


def end_with_parent() -> None:
    """Called in a child: it is killed when the thread that started it ends, whatever it is doing
    then. Without effect where the system is not Linux."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _module_path() -> list[str]:
    """Where this process finds modules, but for the folder it stands in: that is there because
    Python put it there. A child has the folders of its installation besides."""
    program = str(Path(__file__).resolve().parents[1])
    folders = [os.path.abspath(folder) for folder in sys.path if folder]  # noqa: PTH100 - as it is
    elsewhere = [folder for folder in folders if not _stands_in(folder)]
    return elsewhere if program in elsewhere else [program, *elsewhere]


def _stands_in(folder: str) -> bool:
    try:
        return Path(folder).samefile(Path.cwd())
    except OSError:
        return False  # it is not there, or this process's folder is gone


def _first_message(received: bytearray) -> int | None:
    """Its bytes, without its header; None where it is not there in full."""
    if len(received) < HEADER:
        return None
    size = int.from_bytes(received[:HEADER], sys.byteorder)
    return size if len(received) >= HEADER + size else None


def _in_words(status: int) -> str:
    if status == -signal.SIGKILL:
        return "SIGKILL, as when memory is full"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"status {status}"


def _end(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(BURIAL)
        for pipe in (process.stdin, process.stdout):  # a thread that waits for it has its end now
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        complaints.close()
