"""A run, and the steps it leaves behind."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.edit.document import State
from tui_draggan.tui.keys.context import placing, seeing
from tui_draggan.tui.keys.key import Key

SCRUB = Binding.Group("scrub", compact=True)

# Two lines a row: id, keys, action, when; label, help.
# fmt: off
RUN = (
    Key("run", "space", lambda screen: screen.parts.editor.run(),
        lambda now: now.has_run and now.idle,
        "run", "Drag until every handle is at its target", shown=True),
    Key("run-without-points", "space,s", lambda screen: screen.parts.editor.ask_for_points(),
        lambda now: not now.has_run and not now.running and seeing(now),
        "no points", "Say what is missing before a run", listed=False),
    Key("pause", "space", lambda screen: screen.parts.editor.pause(), lambda now: now.running,
        "pause", "Pause the run; space resumes it", shown=True),
    Key("step", "s", lambda screen: screen.parts.editor.run(1),
        lambda now: now.has_run and now.idle,
        "step", "Run one step, then pause", shown=True),
    Key("stop", "c", lambda screen: screen.parts.editor.stop(),
        lambda now: now.state in (State.RUNNING, State.PAUSED),
        "stop", "End the run and keep the picture as it is", shown=True),
    Key("smaller-step", "left_square_bracket",
        lambda screen: screen.parts.editor.scale_step_size(-1),
        placing, "step −", "Halve the step size"),
    Key("larger-step", "right_square_bracket",
        lambda screen: screen.parts.editor.scale_step_size(1),
        placing, "step +", "Double the step size"),
    Key("parameters", "a", lambda screen: screen.parts.prompts.parameters(), placing,
        "parameters", "Show all parameters with their ranges and defaults, and set them",
        spare=True),
    Key("frame-back", "comma", lambda screen: screen.parts.editor.scrub(-1),
        lambda now: now.frames and now.idle,
        "back", "Go back one step of the run", shown=True, group=SCRUB),
    Key("frame-on", "full_stop", lambda screen: screen.parts.editor.scrub(1),
        lambda now: now.frames and now.idle,
        "forward", "Go forward one step of the run", shown=True, group=SCRUB),
)
# fmt: on
