"""A real terminal: a program in a tmux pane of its own server."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from tui_draggan.testing.waiting import wait_until

ROOT = Path(__file__).parents[2]
"""Folder from which programs are run: the repository, where this is its package."""
FOREIGN = ("TMUX", "NO_COLOR", "COLORTERM", "COLUMNS", "LINES")
"""Variables that say something about another terminal."""


def has_tmux() -> bool:
    return shutil.which("tmux") is not None


class Pane:
    """A shell in a tmux pane, with a program typed into it."""

    def __init__(self, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        """Raises RuntimeError without tmux."""
        if not has_tmux():
            raise RuntimeError("tmux is not installed")
        self._socket = f"draggan-{uuid.uuid4().hex[:8]}"
        clean = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        self._environment = {**clean, "PS1": "shell> ", "PYTHONPATH": str(ROOT), **environment}
        width, height = size
        self._tmux(
            *("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height)),
            *("-c", str(ROOT), "env PS1='shell> ' sh"),
        )
        self.wait_for("shell>")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{shlex.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def run(self, *command: str) -> None:
        """Types a command; `python` is the one that runs this."""
        words = [sys.executable if word == "python" else word for word in command]
        self.type(shlex.join(words))
        self.keys("Enter")

    def keys(self, *keys: str) -> None:
        """Keys by tmux's names: `Enter`, `Space`, `Right`, `x`."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Text as it is; mouse reports too: `\\x1b[<0;13;6M`."""
        self._tmux("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def capture(self, ansi: bool = False) -> str:
        """The screen as text, with colours where `ansi`."""
        return self._tmux("capture-pane", "-p", *(["-e", "-N"] if ansi else []))

    def settled(self) -> str:
        """The screen with its colours, as soon as two looks at it find the same."""
        screens = [self.capture(ansi=True)]

        def rests() -> bool:
            screens.append(self.capture(ansi=True))
            return screens[-1] == screens[-2]

        wait_until(rests, "a screen at rest")
        return screens[-1]

    def flag(self, name: str) -> str:
        """What tmux knows of the pane: `alternate_on`, `cursor_flag`, `mouse_any_flag`, …"""
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    def wait(self, condition: Callable[[str], bool], what: str) -> str:
        """Looks at the screen until `condition` holds; returns the screen."""
        screen = ""

        def holds() -> bool:
            nonlocal screen
            screen = self.capture()
            return condition(screen)

        wait_until(holds, lambda: f"{what}; the screen:\n{screen}")
        return screen

    def wait_for(self, text: str) -> str:
        return self.wait(lambda screen: text in screen, repr(text))

    def pids(self) -> list[int]:
        """The processes the shell has started."""
        shell = self.flag("pane_pid")
        found = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True)
        return [int(pid) for pid in found.stdout.split()]

    def wait_until_ended(self, pid: int) -> None:
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), f"the end of process {pid}")

    def is_sane(self) -> bool:
        """Whether the alternate screen is left, the cursor shows and the mouse reports nothing."""
        flags = [self.flag(name) for name in ("alternate_on", "cursor_flag", "mouse_any_flag")]
        return flags == ["0", "1", "0"]

    def wait_until_sane(self) -> None:
        wait_until(self.is_sane, lambda: f"a sane terminal; the screen:\n{self.capture()}")

    def close(self) -> None:
        """Ends the shell and this pane's tmux server, no other."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True)
