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
