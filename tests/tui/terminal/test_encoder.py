"""The encoder's thread."""

from __future__ import annotations

import threading

from tui_draggan.testing.waiting import LIMIT
from tui_draggan.tui.terminal.encoder import Encoder


def test_the_encoder_takes_the_newest_job_only() -> None:
    done: list[str] = []
    begun, go, all_done = threading.Event(), threading.Event(), threading.Event()

    def deliver(data: str) -> None:
        done.append(data)
        if data == "third":
            all_done.set()

    def first() -> str:
        begun.set()
        go.wait(LIMIT)
        return "first"

    encoder = Encoder(deliver)
    encoder.start()
    encoder.submit(first)
    assert begun.wait(LIMIT)
    encoder.submit(lambda: "second")
    encoder.submit(lambda: "third")
    go.set()
    assert all_done.wait(LIMIT)
    encoder.stop()
    encoder.join(LIMIT)
    assert done == ["first", "third"] and not encoder.is_alive()
