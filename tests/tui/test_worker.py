"""The engine's thread: which steps it has drawn."""

from __future__ import annotations

import numpy as np
import pytest

from tui_draggan.edit.session import Session
from tui_draggan.testing.pilot import editing
from tui_draggan.testing.spot_engine import PARAMETERS, SpotEngine, spot_session
from tui_draggan.testing.waiting import LIMIT, wait_until
from tui_draggan.tui.widgets.timeline_strip import TimelineStrip
from tui_draggan.tui.worker import EngineThread

ENDLESS = PARAMETERS.with_values(learning_rate=1e-6, steps=100_000, patience=100_000)


def test_steps_are_drawn_when_the_screen_wants_a_picture() -> None:
    session = spot_session(SpotEngine(delay=0.002), ENDLESS)
    session.add_pair((30, 30), (30, 2))
    session.start()

    def pictures(then: int) -> list[bool]:
        """Of the steps after the next three, whether they have one."""
        wait_until(lambda: len(session.frames) > then + 6, "six steps more")
        return [frame.image is not None for frame in session.frames[then + 3 :]]

    thread = EngineThread(lambda: session)
    thread.start()
    try:
        assert all(pictures(0)), "nobody has said when it looks again"
        thread.seen(again=3600.0)
        assert not any(pictures(len(session.frames)))
        thread.seen(again=0.0)
        assert all(pictures(len(session.frames)))
    finally:
        thread.stop()
        thread.join(LIMIT)


def test_a_paced_run_has_a_picture_at_every_step() -> None:
    """The next look may come before the next step has ended."""
    session = spot_session(SpotEngine(), ENDLESS)
    session.add_pair((30, 30), (30, 2))
    session.start()
    thread = EngineThread(lambda: session, pace=100.0)
    thread.start()
    try:
        for _ in range(6):
            count = len(session.frames)
            wait_until(lambda: len(session.frames) > count, "a step")  # noqa: B023 - is called here
            thread.seen(again=0.01)
    finally:
        thread.stop()
        thread.join(LIMIT)
    assert all(frame.image is not None for frame in session.frames)


@pytest.mark.slow
async def test_the_screen_shows_a_run_at_steps_that_have_their_picture() -> None:
    async with editing(SpotEngine(delay=0.001), params=ENDLESS) as editor:
        await editor.press("enter", "K", "enter", "space")
        shown: set[int] = set()

        def enough() -> bool:
            snapshot = editor.screen.parts.editor.snapshot
            assert snapshot.picture_is_current, "as old as the handles and the loss beside it"
            if snapshot.frames:
                shown.add(snapshot.frames[-1].iteration)
            unseen = any(frame.image is None for frame in session.frames)
            return unseen and len(shown) >= 5

        session: Session = editor.session
        # The strip of steps comes with the first of them, and everything is drawn once more for it.
        await editor.until(
            lambda: (
                editor.screen.query_one(TimelineStrip).display
                and editor.screen.parts.editor.snapshot.picture_is_current
            )
        )
        await editor.until(enough, "five pictures, and steps without one")
        await editor.press("space")
        await editor.rest()
        expected = SpotEngine().render(session.document.latent.ws)
        np.testing.assert_array_equal(session.picture, expected)
