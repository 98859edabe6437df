"""The editor under random keys, mouse, sizes and answers of the terminal: it never fails, is never
blank, and answers in the end.

python -m tests.tui.test_random_use SEED ACTIONS    one longer round
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from textual import events

from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import ZooEngine
from tui_draggan.tui.driver import TerminalReplied
from tui_draggan.tui.keys.table import KEYS
from tui_draggan.tui.services import Choice
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.terminal.replies import Attributes, CellSize, KittyGraphics, WindowSize

pytestmark = pytest.mark.slow

BOUND = sorted({name for key in KEYS for name in key.keys.split(",")})
TYPED = [*"0123456789,:./~x ", "backspace", "home", "end", "f1", "ctrl+u", "pageup", "pagedown"]
ALWAYS = ["enter", "enter", "escape", "space", "tab", "up", "down", "left", "right"]
SIZES = ((140, 40), (100, 30), (80, 24), (60, 20), (50, 14), (30, 10), (40, 50), (8, 3), (1, 1))
REPLIES = (
    Attributes(frozenset({4})),
    Attributes(frozenset()),
    KittyGraphics(True),
    KittyGraphics(False),
    CellSize(7, 14),
    WindowSize(100, 30, 1000, 600),
)


class RandomUse:
    """Seeded; what came out is told by its last actions."""

    def __init__(self, editor: EditorPilot, seed: int) -> None:
        self.editor, self.random = editor, random.Random(seed)
        self.done: list[str] = []

    async def act(self) -> None:
        """One action."""
        kind = self.random.choices(
            ("key", "burst", "mouse", "size", "reply", "pause"), (10, 3, 4, 1, 1, 4)
        )[0]
        await getattr(self, f"_{kind}")()

    def _any_key(self) -> str:
        return str(self.random.choice(self.random.choice((BOUND, TYPED, ALWAYS))))

    async def _key(self) -> None:
        key = self._any_key()
        self.done.append(key)
        await self.editor.press(key)

    async def _burst(self) -> None:
        """Keys that are all there before the first is looked at."""
        for _ in range(self.random.randint(2, 12)):
            key = self._any_key()
            self.done.append(f"·{key}")
            character = key if len(key) == 1 else None
            self.editor.app.post_message(events.Key(key, character))

    async def _mouse(self) -> None:
        width, height = self.editor.app.size
        place = self.random.randrange(width), self.random.randrange(height)
        kind = self.random.choice(
            (events.MouseDown, events.MouseUp, events.MouseMove, events.MouseScrollUp)
        )
        self.done.append(f"{kind.__name__}{place}")
        x, y = place
        event = kind(None, x, y, 0, 0, self.random.randrange(3), False, False, False, x, y)
        self.editor.app.post_message(event)

    async def _size(self) -> None:
        size = self.random.choice(SIZES)
        self.done.append(f"size {size}")
        await self.editor.pilot.resize_terminal(*size)

    async def _reply(self) -> None:
        reply = self.random.choice(REPLIES)
        self.done.append(str(reply))
        self.editor.app.post_message(TerminalReplied(reply, monotonic()))

    async def _pause(self) -> None:
        await self.editor.pilot.pause(self.random.choice((0, 0, 0.01, 0.05)))

    async def check_sane(self) -> None:
        """Back to the editor; its screen has something on it, and keys are answered."""
        editor = self.editor
        await editor.pilot.resize_terminal(100, 30)
        for _ in range(9):
            await editor.press("escape")
        await editor.until(lambda: editor.app.screen is editor.screen, self.told)
        await editor.until(lambda: "tui-draggan" in seen(editor), self.told)
        await editor.press("g")
        await editor.until(lambda: editor.app.screen is not editor.screen, self.told)
        await editor.type("21,13")
        await editor.until(lambda: "21,13" in seen(editor), self.told)

    def told(self) -> str:
        return f"an answer after {' '.join(self.done[-40:])} on\n{seen(self.editor)}"


def seen(editor: EditorPilot) -> str:
    """The screen as text."""
    lines = editor.app.screen._compositor.render_full_update().strips
    return "\n".join("".join(segment.text for segment in line) for line in lines)


async def use(seed: int, actions: int) -> None:
    """One editor under so many random actions."""
    models = [Choice("zoo", "zoo", current=True), Choice("gone", "gone", problem="it is gone")]

    def nothing(*_: Any) -> str:
        return "written: nothing"

    async with editing(
        ZooEngine(delay=0.002),
        terminal=Terminal("auto"),
        toasts=True,
        export=nothing,
        save_session=nothing,
        models=lambda: models,
        open_model=lambda name: pytest.fail(f"{name} is open"),
    ) as editor:
        editor.app.exit = lambda *_, **__: None  # type: ignore[method-assign]
        user = RandomUse(editor, seed)
        try:
            for count in range(actions):
                await user.act()
                if count % 100 == 99:
                    await user.check_sane()
            await user.check_sane()
        except Exception:
            print(user.told())
            raise


@pytest.mark.parametrize("seed", range(2))
async def test_random_use(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await use(seed, 60)


if __name__ == "__main__":
    os.chdir(tempfile.mkdtemp())
    asyncio.run(use(int(sys.argv[1]), int(sys.argv[2])))
