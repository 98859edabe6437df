"""A photograph: opening one, and the box of it while that is chosen (`tui.cropping`)."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.tui.keys.context import KeyContext, placing
from tui_draggan.tui.keys.key import Key

BOX = Binding.Group("box", compact=True)


def cropping(now: KeyContext) -> bool:
    """The box is being chosen."""
    return now.mode == "crop"


def _move(name: str, dx: int, dy: int, letter: str, step: int) -> Key:
    far = step > 1
    return Key(
        f"crop-{name}-far" if far else f"crop-{name}",
        f"shift+{name},{letter.upper()}" if far else f"{name},{letter}",
        lambda screen: screen.parts.cropping.move(dx * step, dy * step),
        cropping,
        f"{name} {step}",
        f"Move the box {name} by {step} of the model's pixels",
    )


# Two lines a row: id, keys, action, when; label, help.
# fmt: off
CROP = (
    Key("photograph", "O", lambda screen: screen.parts.photographs.open(),
        lambda now: now.photographs and (cropping(now) or (placing(now) and now.idle)),
        "photograph", "Open a photograph: choose a box of it, find it among the model's pictures"),
    *(
        _move(name, dx, dy, letter, step)
        for step in (1, 8)
        for name, dx, dy, letter in (
            ("left", -1, 0, "h"), ("down", 0, 1, "j"), ("up", 0, -1, "k"), ("right", 1, 0, "l")
        )
    ),
    Key("crop-smaller", "left_square_bracket", lambda screen: screen.parts.cropping.scale(-1),
        cropping, "smaller", "A smaller box", shown=True, group=BOX),
    Key("crop-larger", "right_square_bracket", lambda screen: screen.parts.cropping.scale(1),
        cropping, "larger", "A larger box", shown=True, group=BOX),
    Key("crop-mean", "m", lambda screen: screen.parts.cropping.toggle_ghost(), cropping,
        "mean picture", "See the model's mean picture through: put eyes on eyes", shown=True),
    Key("tune", "T", lambda screen: screen.parts.tuning.ask(),
        lambda now: now.tuning and now.found_here and placing(now) and now.idle,
        "tune", "Tune a copy of the model to this photograph: it draws it nearer", spare=True),
    Key("crop-type", "g", lambda screen: screen.parts.photographs.type_box(), cropping,
        "type", "Type the box: x,y,width in the photograph's pixels", shown=True),
    Key("crop-reset", "backspace", lambda screen: screen.parts.cropping.reset(), cropping,
        "whole", "The largest box in the middle", shown=True),
    Key("crop-find", "enter", lambda screen: screen.parts.cropping.confirm(), cropping,
        "find", "Find what is in the box among the model's pictures", shown=True),
    Key("export-into", "E",
        lambda screen: screen.parts.saving.export_into(screen.parts.cropping.paths),
        lambda now: now.photograph and now.idle,
        "into photo", "Export the full photograph with the edit in it", shown=True),
    Key("leave-crop", "escape", lambda screen: screen.parts.cropping.leave(), cropping,
        "back", "Close the photograph", shown=True),
)
# fmt: on
