"""The editor on a headless terminal, with a session on the engine with a known answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from textual.pilot import Pilot

from tui_draggan.edit.document import State
from tui_draggan.edit.latent import Seed
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.engines.base import Engine
from tui_draggan.testing.settling import precise_pilot
from tui_draggan.testing.spot_engine import PARAMETERS, SpotEngine, spot_session
from tui_draggan.testing.waiting import LIMIT, pause_until
from tui_draggan.tui.app import EditorApp
from tui_draggan.tui.pointer import Pointer
from tui_draggan.tui.screen import EditorScreen
from tui_draggan.tui.services import Choice, EditorOptions, Services
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.tutorial import Tutorial
from tui_draggan.tui.widgets.bars import StatusLine
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.worker import end, engine_thread


@dataclass
class EditorPilot:
    """What a test works with."""

    pilot: Pilot[int]
    app: EditorApp
    screen: EditorScreen
    notes: list[str] = field(default_factory=list)
    """Notifications, as `title: words`."""

    @property
    def session(self) -> Session:
        return self.screen.parts.editor.session

    @property
    def pointer(self) -> Pointer:
        return self.screen.parts.editor.pointer

    @property
    def pairs(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        return [(pair.handle, pair.target) for pair in self.session.document.pairs]

    @property
    def origin(self) -> Seed:
        """What the picture was generated from."""
        origin = self.session.document.latent.origin
        assert isinstance(origin, Seed)
        return origin

    @property
    def state(self) -> State:
        return self.session.status.state

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING

    @property
    def words(self) -> str:
        return self.screen.query_one(StatusLine).text

    @property
    def frame_title(self) -> str:
        """What stands in the border of the picture."""
        return str(self.screen.query_one("#frame").border_title)

    @property
    def log(self) -> list[str]:
        return self.screen.query_one(LossLog).lines

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Types into a dialog."""
        names = {",": "comma", ":": "colon", ".": "full_stop"}
        await self.pilot.press(*(names.get(char, char) for char in text), "enter")
        await self.pilot.pause()

    async def until(
        self, condition: Callable[[], Any], what: str | Callable[[], str] = "it"
    ) -> None:
        """Lets the editor go on until `condition` holds."""

        def missing() -> str:
            words = what if isinstance(what, str) else what()
            return f"{words}; open {self.screen.is_open}, words {self.words}"

        await pause_until(self.pilot, condition, missing)

    async def rest(self) -> None:
        """Until no run is under way and the screen has caught up."""
        await self.until(lambda: not self.running, "the end of the run")
        await self.until(lambda: self.screen.context.state is self.state, "the screen")

    def cell_of(self, x: int, y: int) -> tuple[int, int]:
        """The cell of the panel that shows image point (x, y)."""
        across, down = self.screen.query_one(PicturePanel).view.to_dots(x, y)
        return int(across + 0.5), int((down + 0.5) / 2)

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press, move, release, in image points."""
        panel = self.screen.query_one(PicturePanel)
        await self.pilot.mouse_down(panel, offset=self.cell_of(*start))
        await self.pilot.hover(panel, offset=self.cell_of(*end))
        await self.pilot.mouse_up(panel, offset=self.cell_of(*end))
        await self.pilot.pause()


@contextmanager
def spot_app(
    engine: Engine | None = None,
    params: DragParams = PARAMETERS,
    terminal: Terminal = Terminal(),  # noqa: B008 - frozen
    pace: float = 0.0,
    keymap: Mapping[str, str] | None = None,
    edits: Sequence[Choice] = (),
    theme: str | None = None,
    weights: Path | None = None,
    tutorial: Tutorial | None = None,
    export_folder: Path = Path(),
    **services: Any,
) -> Iterator[EditorApp]:
    """An editor to be run on a headless terminal, with its engine's thread; that has ended when
    this is left. services: in place of those of `spot_session`."""
    engine = engine or SpotEngine()
    services.setdefault("open_session", lambda: spot_session(engine, params))
    options = EditorOptions(
        Services(**services),
        "spot",
        engine.info.size,
        edits=edits,
        pace=pace,
        theme=theme,
        weights=weights,
        tutorial=tutorial,
        export_folder=export_folder,
        keymap=dict(keymap or {}),
    )
    thread = engine_thread(options)
    thread.start()
    app = EditorApp(options, [thread], terminal)
    app.animation_level = "none"
    try:
        # Looking through all that tests have loaded, for each of them, takes half their time.
        with precise_pilot(), patch("tui_draggan.tui.screen.forget_startup", lambda: None):
            yield app
    finally:
        end(app.threads, LIMIT)
        assert not any(one.is_alive() for one in app.threads)


@asynccontextmanager
async def editing(
    engine: Engine | None = None,
    size: tuple[int, int] = (100, 30),
    params: DragParams = PARAMETERS,
    toasts: bool = False,
    **more: Any,
) -> AsyncIterator[EditorPilot]:
    """An editor with its picture on the screen. toasts: notifications are drawn too. more: of
    `spot_app`."""
    with spot_app(engine, params, **more) as app:
        async with app.run_test(size=size, notifications=toasts) as pilot:
            yield await opened(pilot, app)


async def opened(pilot: Pilot[int], app: EditorApp) -> EditorPilot:
    """The editor when its picture is there."""
    await pilot.pause()
    screen = app.screen_stack[1]
    assert isinstance(screen, EditorScreen)
    editor = EditorPilot(pilot, app, screen)
    _keep_notes(editor)
    await editor.until(
        lambda: editor.screen.is_open and editor.session.picture is not None,
        "the first picture",
    )
    await pilot.pause()
    screen.refresh_all()
    await pilot.pause()
    return editor


def _keep_notes(editor: EditorPilot) -> None:
    show = editor.app.notify

    def notify(message: str, *, title: str = "", **more: Any) -> None:
        editor.notes.append(f"{title}: {message}")
        show(message, title=title, **more)

    editor.app.notify = notify  # type: ignore[method-assign]
