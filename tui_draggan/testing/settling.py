"""Waiting until an editor on a headless terminal has seen to everything it was told.

Textual's pilot waits, twice a key, until the process has used no CPU for 20 ms: the engine's thread
keeps it waiting for up to a second, and on a busy machine that moment may come too early. Here the
program is asked what is left to do, got at through its inside.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from unittest.mock import patch

import textual.app
import textual.pilot
from textual._context import active_app
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen

from tui_draggan.edit.document import State
from tui_draggan.tui.app import EditorApp

PATIENCE = 1.0
"""Seconds, for a program that is never done: it may wait for something itself."""
PATIENCE_WITH_ENGINE = 0.04
"""Seconds for what the engine was asked, outside a run: it may hang."""
SPINS = 50
"""Looks without a pause between them."""


@contextmanager
def precise_pilot() -> Iterator[None]:
    """Textual's pilots wait for `settled`."""
    with (
        patch.object(textual.app, "wait_for_idle", settled),
        patch.object(textual.pilot, "wait_for_idle", settled),
    ):
        yield


async def settled(*_: float) -> None:
    """Until the active program is at rest, seen twice; in place of Textual's `wait_for_idle`."""
    app, began = active_app.get(), monotonic()
    at_rest = looks = 0
    while at_rest < 2:
        spent = monotonic() - began
        if spent > PATIENCE:
            return
        await sleep(0 if looks < SPINS else 0.001)
        looks += 1
        if _is_drawing(app.screen) and not app._batch_count:
            app.screen._on_timer_update()  # now, not at the next of 60 frames a second
            at_rest = 0
        elif _has_messages(app) or (spent < PATIENCE_WITH_ENGINE and _engine_is_asked(app)):
            at_rest = 0
        else:
            at_rest += 1


def _has_messages(app: App[Any]) -> bool:
    """Whether a message waits anywhere, or is being seen to."""
    return app._resize_event is not None or any(map(_is_busy, (app, *app._registry)))


def _is_busy(pump: MessagePump) -> bool:
    """Whether it is not just waiting for its next message."""
    if pump is not active_app.get() and (pump._task is None or pump._task.done()):
        return False
    queue: Any = pump._message_queue
    waits = not queue.values and not queue.ready_event.is_set() and queue.ready_event._waiters
    return not waits or bool(pump._next_callbacks)


def _is_drawing(screen: Screen[Any]) -> bool:
    """Whether something is to be drawn, or waits for that."""
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


def _engine_is_asked(app: App[Any]) -> bool:
    """Whether the engine's thread has something to do that is no run."""
    session = app.threads[-1].session if isinstance(app, EditorApp) else None
    if session is None or session.status.state is State.RUNNING:
        return False
    return session.wait_for_work(0)
