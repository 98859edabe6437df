"""Child processes that run this program and nothing else.

With -m and -c Python looks for modules in the folder it stands in first: a `select.py` or an
`onnxruntime.py` there would run in the program's place. So a child starts isolated (-I), and is
told where this process finds its modules.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

SET_PARENT_DEATH_SIGNAL = 1
"""Option of prctl(2)."""


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
