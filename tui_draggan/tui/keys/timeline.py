"""The timeline, while it is walked through (`tui.timeline`)."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.tui.keys.context import KeyContext, placing
from tui_draggan.tui.keys.key import Key
from tui_draggan.tui.timeline import LEAP

WALK = Binding.Group("step", compact=True)


def walking(now: KeyContext) -> bool:
    """It is open."""
    return now.mode == "timeline"


def still(now: KeyContext) -> bool:
    """Its steps may be gone to."""
    return walking(now) and now.idle


def _tenth(number: int) -> Key:
    return Key(
        f"timeline-{number}0",
        str(number),
        lambda screen: screen.parts.timeline.go_to_tenth(number),
        still,
        f"{number}0 %",
        f"Go {number}0 % of the way through the run",
        listed=False,
    )


# Two lines a row: id, keys, action, when; label, help.
# fmt: off
TIMELINE = (
    Key("timeline", "t", lambda screen: screen.parts.timeline.enter(),
        lambda now: placing(now) and now.frames and not now.busy,
        "timeline", "Walk through the steps of all runs of this edit", shown=True),
    Key("timeline-back", "left,h", lambda screen: screen.parts.timeline.move(-1), still,
        "back", "Go back one step", shown=True, group=WALK),
    Key("timeline-on", "right,l", lambda screen: screen.parts.timeline.move(1), still,
        "forward", "Go forward one step", shown=True, group=WALK),
    Key("timeline-far-back", "shift+left,H", lambda screen: screen.parts.timeline.move(-LEAP),
        still, "−10", "Go back ten steps"),
    Key("timeline-far-on", "shift+right,L", lambda screen: screen.parts.timeline.move(LEAP), still,
        "+10", "Go forward ten steps"),
    Key("timeline-run-before", "up,k", lambda screen: screen.parts.timeline.turn(-1), still,
        "run −", "Go to the end of the run before"),
    Key("timeline-run-after", "down,j", lambda screen: screen.parts.timeline.turn(1), still,
        "run +", "Go to the end of the next run"),
    Key("timeline-start", "home", lambda screen: screen.parts.timeline.go_to(0), still,
        "start", "Go to the first step of the first run"),
    Key("timeline-end", "end", lambda screen: screen.parts.timeline.go_to_end(), still,
        "end", "Go to the last step of the last run"),
    Key("timeline-mark", "tab", lambda screen: screen.parts.timeline.go_to_mark(), still,
        "★ ◆", "Go to the step of the least loss, then to that of the least distance", shown=True),
    Key("timeline-compare", "enter", lambda screen: screen.start_here(), still,
        "start here", "Take this step as the start that b compares with", shown=True),
    *(_tenth(number) for number in range(10)),
    Key("leave-timeline", "t,escape", lambda screen: screen.parts.timeline.leave(), walking,
        "back", "Close the timeline; the step that is shown stays", shown=True),
)
# fmt: on
