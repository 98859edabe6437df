"""The mask, while it is painted (`tui.masking`)."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.tui.keys.context import KeyContext, placing
from tui_draggan.tui.keys.key import Key

BRUSH = Binding.Group("brush", compact=True)


def masking(now: KeyContext) -> bool:
    """The mask is being painted."""
    return now.mode == "mask"


# Two lines a row: id, keys, action, when; label, help.
# fmt: off
MASK = (
    Key("mask", "m", lambda screen: screen.parts.masking.enter(),
        lambda now: placing(now) and not now.busy,
        "mask", "Paint the mask: where the picture may change", shown=True),
    Key("mask-paint", "enter", lambda screen: screen.parts.masking.confirm(), masking,
        "paint", "Put the brush down, or lift it; set a corner", shown=True),
    Key("mask-turn", "f", lambda screen: screen.parts.masking.turn(), masking,
        "change/stay", "Paint what may change, or what stays", shown=True),
    Key("mask-smaller", "left_square_bracket", lambda screen: screen.parts.masking.resize(-1),
        masking, "smaller", "A smaller brush", shown=True, group=BRUSH),
    Key("mask-larger", "right_square_bracket", lambda screen: screen.parts.masking.resize(1),
        masking, "larger", "A larger brush", shown=True, group=BRUSH),
    Key("mask-tool", "t", lambda screen: screen.parts.masking.next_tool(), masking,
        "tool", "Brush, rectangle, polygon (Enter on a corner closes it)", shown=True),
    Key("mask-flood", "w", lambda screen: screen.parts.masking.flood(), masking,
        "flood", "Paint what looks like the pixel under the crosshair and hangs together with it",
        shown=True),
    Key("mask-part", "a", lambda screen: screen.parts.masking.part(), masking,
        "part", "The part under the selected point, or the crosshair, may change too", shown=True),
    Key("mask-invert", "i", lambda screen: screen.parts.masking.invert(), masking,
        "invert", "What may change stays, and the other way round", shown=True),
    Key("mask-grow", "greater_than_sign", lambda screen: screen.parts.masking.grow(), masking,
        "wider", "Make what may change a pixel wider"),
    Key("mask-shrink", "less_than_sign", lambda screen: screen.parts.masking.shrink(), masking,
        "narrower", "Make what may change a pixel narrower"),
    Key("mask-mode", "v", lambda screen: screen.parts.masking.next_mode(), masking,
        "hold/loss", "Hold the rest of the picture to the bit, or ask for it with weight λ"),
    Key("mask-clear", "X", lambda screen: screen.parts.masking.clear(), masking,
        "clear", "Clear the mask: everything may change"),
    Key("leave-mask", "m,escape", lambda screen: screen.parts.masking.leave(), masking,
        "back", "Give up the stroke under way, or close the mask", shown=True),
)
# fmt: on
