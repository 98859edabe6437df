"""The keys: what each does, and when.

One table for the screen, the footer, the help and the palette. Where a key means different things
at different moments (Enter, space) it has one binding for each, and `allowed` picks the right one.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

from tui_draggan.edit.document import State


@dataclass(frozen=True)
class KeyContext:
    """What the keys depend on."""

    open: bool = False
    """There is a session."""
    state: State = State.EMPTY
    pairs: bool = False
    frames: bool = False
    """There are steps to walk through."""
    half: bool = False
    """A handle waits for its target."""
    held: bool = False
    selected: bool = False
    zoomed: bool = False
    export: bool = True
    save: bool = True
    classes: bool = False
    """The model has some."""
    models: bool = False
    """There is a way to another model."""


def _key(
    id: str,
    keys: str,
    action: str,
    description: str,
    tooltip: str,
    display: str | None = None,
    show: bool = False,
    group: Binding.Group | None = None,
) -> Binding:
    return Binding(keys, action, description, show, display, tooltip=tooltip, id=id, group=group)


_SCRUB = Binding.Group("scrub", compact=True)
_SEED = Binding.Group("seed", compact=True)


POINTS = (
    _key("handle", "enter", "handle", "handle", "Put a handle point here", "↵", True),
    _key("target", "enter", "target", "target", "Put its target point here", "↵", True),
    _key("pick-up", "enter", "pick_up", "pick up", "Pick the selected point up", "↵", True),
    _key("drop", "enter", "drop", "drop", "Drop the point here", "↵", True),
    _key("back", "escape", "back", "take back", "Take back what is half made", "esc", True),
    _key("next-point", "tab", "walk(1)", "next", "Select the next point", "⇥", True),
    _key("previous-point", "shift+tab", "walk(-1)", "previous", "Select the point before", "⇧⇥"),
    _key("delete", "x,delete", "delete", "delete", "Delete the selected pair", "x", True),
    _key(
        "coordinates",
        "g",
        "coordinates",
        "go to",
        "Type coordinates: x,y for crosshair or selected point, x,y:x,y for a pair",
        "g",
    ),
)

_ARROWS = {"left": (-1, 0, "h"), "down": (0, 1, "j"), "up": (0, -1, "k"), "right": (1, 0, "l")}
MOVES = tuple(
    _key(
        f"{name}{'-far' if far else ''}",
        f"shift+{name},{letter.upper()}" if far else f"{name},{letter}",
        f"nudge({dx * (8 if far else 1)},{dy * (8 if far else 1)})",
        f"{name} {8 if far else 1} px",
        f"Move the crosshair {8 if far else 1} image pixel{'s' * far} {name}",
    )
    for far in (False, True)
    for name, (dx, dy, letter) in _ARROWS.items()
)

RUN = (
    _key("run", "space", "run", "run", "Drag until every handle is at its target", "space", True),
    _key("pause", "space", "pause", "pause", "Pause the run; space goes on", "space", True),
    _key("step", "s", "step", "step", "One step, then pause", "s", True),
    _key("stop", "c", "stop", "stop", "End the run and keep the picture as it is", "c", True),
    _key(
        "smaller-step", "left_square_bracket", "step_size(-1)", "step −", "Smaller step size", "["
    ),
    _key("larger-step", "right_square_bracket", "step_size(1)", "step +", "Larger step size", "]"),
    _key(
        "frame-back",
        "comma",
        "scrub(-1)",
        "back",
        "One step back through the run",
        ",",
        True,
        _SCRUB,
    ),
    _key(
        "frame-on", "full_stop", "scrub(1)", "on", "One step on through the run", ".", True, _SCRUB
    ),
)

DOCUMENT = (
    _key("undo", "u", "undo", "undo", "Take the last change back, points or run", "u", True),
    _key("redo", "ctrl+r", "redo", "redo", "Do again what was undone", "^r"),
    _key("next-seed", "n", "seed(1)", "seed +", "Picture of the next seed", "n", True, _SEED),
    _key(
        "previous-seed", "p", "seed(-1)", "seed −", "Picture of the seed before", "p", True, _SEED
    ),
    _key("class", "C", "label", "class", "Choose the class: the seed's picture of another", "C"),
    _key("open-model", "o", "open_model", "open", "Open another model", "o"),
    _key("export", "e", "export", "export", "Write a picture or an animation", "e", True),
)

LOOK = (
    _key("zoom-in", "plus,equals_sign", "zoom(1)", "nearer", "Zoom in on the crosshair", "+"),
    _key("zoom-out", "minus", "zoom(-1)", "farther", "Zoom out", "-"),
    _key("zoom", "z", "zoom_toggle", "zoom", "Four times nearer, or the whole picture", "z"),
    _key("zoom-reset", "0", "zoom_reset", "whole", "Show the whole picture", "0"),
    _key("help", "question_mark", "help", "keys", "Show all keys", "?", True),
    _key("commands", "colon", "commands", "more", "Everything else, by name", ":", True),
    _key("quit", "q", "leave", "quit", "Leave; the journal keeps the edit", "q"),
)

GROUPS = (
    ("points", POINTS),
    ("crosshair", MOVES),
    ("run", RUN),
    ("document", DOCUMENT),
    ("view", LOOK),
)
KEYS = tuple(binding for _, bindings in GROUPS for binding in bindings)


def allowed(action: str, moment: KeyContext) -> bool:
    """Whether an action makes sense at this moment; others are neither shown nor offered."""
    busy = moment.half or moment.held
    running = moment.state is State.RUNNING
    active = moment.state in (State.RUNNING, State.PAUSED)
    conditions = {
        "handle": not busy and not moment.selected,
        "target": moment.half,
        "pick_up": moment.selected and not busy,
        "drop": moment.held,
        "back": busy,
        "walk": moment.pairs and not busy,
        "delete": moment.selected and not busy,
        "run": moment.pairs and not running and not busy,
        "pause": running,
        "step": moment.pairs and not running and not busy,
        "stop": active,
        "scrub": moment.frames and not running and not busy,
        "export": moment.export and not busy,
        "save_session": moment.save,
        "zoom_reset": moment.zoomed,
        "undo": not busy,
        "redo": not busy,
        "seed": not running and not busy,
        "label": moment.classes and not running and not busy,
        "open_model": moment.models and not running and not busy,
    }
    always = ("help", "leave", "commands")
    if not moment.open:
        return action in always
    return conditions.get(action, True)
