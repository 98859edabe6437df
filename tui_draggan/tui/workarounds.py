"""What Textual does not offer, got at through its inside; each says what would replace it."""

from __future__ import annotations

from textual.app import App


def write_through(app: App[int], data: str) -> None:
    """Sends the terminal what is no text: a picture. Wanted: a public way past the compositor."""
    if app._driver is not None:
        app._driver.write(data)


def backlog(app: App[int]) -> int:
    """Writes that the terminal has not taken yet.

    Textual queues up to 30 of them, each a frame perhaps: behind a slow line a key's answer would
    come after all those. Wanted: a public «is the output idle» on the driver.
    """
    thread = getattr(app._driver, "_writer_thread", None)
    queue = getattr(thread, "_queue", None)
    return queue.qsize() if queue is not None else 0


async def answer_key(app: App[int], key: str) -> None:
    """Does what a key is bound to before the next key is looked at.

    Textual sends a key that no widget has the focus for round through the screen's queue; a dialog
    that it opens comes too late for the keys typed right behind it, and the screen below gets them.
    Wanted: bindings asked first where nothing has the focus.
    """
    app.app_focus = True
    if not await app._check_bindings(key, priority=True):
        await app._check_bindings(key)
