"""What the editor says of a point that is lost."""

from __future__ import annotations

from tests.edit.test_match import Losing
from tui_draggan.edit.document import State
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.progress import Outcome
from tui_draggan.testing.pilot import editing
from tui_draggan.tui.widgets.points_panel import PointsPanel
from tui_draggan.tui.widgets.run_panel import RunPanel

PARAMETERS = DragParams(learning_rate=0.001, steps=60, r1=1, r2=2)


async def test_a_lost_point_pauses_the_run_and_space_drags_on() -> None:
    async with editing(Losing(), size=(120, 36), params=PARAMETERS) as editor:
        await editor.press("enter", "L", "enter", "space")
        await editor.until(lambda: editor.session.status.outcome is Outcome.POINT_LOST, "the pause")
        panel, run = (editor.screen.query_one(kind) for kind in (PointsPanel, RunPanel))
        await editor.until(lambda: "‖ point lost" in run.text, "the state")
        assert "lost" in panel.text and "0%" in panel.text and "match" in panel.text
        assert "space drags on" in editor.words
        step = editor.session.frames[-1].iteration
        await editor.press("space")
        await editor.until(lambda: editor.state is State.DONE, "the end")
        assert editor.session.frames[-1].iteration > step
        assert editor.session.status.outcome is Outcome.UNCERTAIN
