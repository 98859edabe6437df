"""Points and the crosshair."""

from __future__ import annotations

from tui_draggan.tui.keys.context import placing, pointing, seeing
from tui_draggan.tui.keys.key import Key

# Two lines a row: id, keys, action, when; label, help.
# fmt: off
POINTS = (
    Key("handle", "enter", lambda screen: screen.parts.editor.confirm(),
        lambda now: placing(now) and not now.busy and not now.selected,
        "handle", "Set a handle point here", shown=True),
    Key("target", "enter", lambda screen: screen.parts.editor.confirm(), lambda now: now.pending,
        "target", "Set its target point here", shown=True),
    Key("pin", "i", lambda screen: screen.parts.editor.pin(),
        lambda now: placing(now) and not now.grabbed,
        "pin", "Pin what is here, or at the selected handle: it stays while others are dragged",
        shown=True),
    Key("hold-rest", "I", lambda screen: screen.parts.editor.hold_rest(),
        lambda now: placing(now) and now.pairs and not now.busy,
        "hold the rest", "Hold the rest: pins all over the picture, except near points"),
    Key("pick-up", "enter", lambda screen: screen.parts.editor.confirm(),
        lambda now: placing(now) and now.selected and not now.busy,
        "pick up", "Pick up the selected point", shown=True),
    Key("drop", "enter", lambda screen: screen.parts.editor.confirm(), lambda now: now.grabbed,
        "drop", "Drop the point here", shown=True),
    Key("cancel", "escape", lambda screen: screen.parts.editor.cancel(), lambda now: now.busy,
        "cancel", "Cancel the new handle or the move", shown=True),
    Key("next-point", "tab", lambda screen: screen.parts.editor.select_next(1),
        lambda now: placing(now) and now.pairs and not now.busy,
        "next", "Select the next point", shown=True),
    Key("previous-point", "shift+tab", lambda screen: screen.parts.editor.select_next(-1),
        lambda now: placing(now) and now.pairs and not now.busy,
        "previous", "Select the previous point"),
    Key("delete", "x,delete", lambda screen: screen.parts.editor.delete_selected(),
        lambda now: placing(now) and now.selected and not now.busy,
        "delete", "Delete the selected pair", shown=True),
    Key("clear-points", "X", lambda screen: screen.parts.editor.clear_points(),
        lambda now: placing(now) and now.pairs and not now.busy,
        "clear", "Delete all points"),
    Key("coordinates", "g", lambda screen: screen.parts.prompts.coordinates(), seeing,
        "go to", "Type coordinates: x,y for crosshair or selected point, x,y:x,y for a pair"),
)
# fmt: on


def _select(number: int) -> Key:
    return Key(
        f"select-{number}",
        str(number),
        lambda screen: screen.parts.editor.select_number(number),
        lambda now: placing(now) and now.pairs and not now.busy,
        f"point {number}",
        "Select the point of that number, again its target (1 to 9)",
        listed=number == 1,
    )


NUMBERS = tuple(map(_select, range(1, 10)))


def _move(name: str, dx: int, dy: int, letter: str, step: int) -> Key:
    keys = f"{name},{letter}" if step == 1 else f"shift+{name},{letter.upper()}"
    return Key(
        name if step == 1 else f"{name}-far",
        keys,
        lambda screen: screen.parts.editor.move_by(dx * step, dy * step),
        pointing,
        f"{name} {step} px",
        f"Move the crosshair {step} image pixel{'s' * (step > 1)} {name}",
    )


CROSSHAIR = tuple(
    _move(name, dx, dy, letter, step)
    for step in (1, 8)
    for name, dx, dy, letter in (
        ("left", -1, 0, "h"),
        ("down", 0, 1, "j"),
        ("up", 0, -1, "k"),
        ("right", 1, 0, "l"),
    )
)
