"""The sliders, while they are open (`tui.sliders`)."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.tui.keys.context import KeyContext, placing
from tui_draggan.tui.keys.key import Key

SLIDE = Binding.Group("slide", compact=True)


def open_(now: KeyContext) -> bool:
    """The sliders are there."""
    return now.mode == "sliders"


def sliding(now: KeyContext) -> bool:
    """They may be moved."""
    return open_(now) and now.idle


# Two lines a row: id, keys, action, when; label, help.
# fmt: off
SLIDERS = (
    Key("sliders", "d", lambda screen: screen.parts.sliders.enter(),
        lambda now: placing(now) and not now.busy,
        "sliders", "Open the sliders: move the picture along directions", shown=True),
    Key("slider-less", "left,h", lambda screen: screen.parts.sliders.move(-1), sliding,
        "less", "Move the chosen slider by −0.1 σ, −0.1 ×, −1 px or −1°", shown=True, group=SLIDE),
    Key("slider-more", "right,l", lambda screen: screen.parts.sliders.move(1), sliding,
        "more", "Move the chosen slider by 0.1 σ, 0.1 ×, 1 px or 1°", shown=True, group=SLIDE),
    Key("slider-much-less", "shift+left,H", lambda screen: screen.parts.sliders.leap(-1), sliding,
        "much less", "Move the chosen slider by −1 σ, −0.5 ×, −8 px or −15°"),
    Key("slider-much-more", "shift+right,L", lambda screen: screen.parts.sliders.leap(1), sliding,
        "much more", "Move the chosen slider by 1 σ, 0.5 ×, 8 px or 15°"),
    Key("slider-up", "up,k", lambda screen: screen.parts.sliders.select(-1), open_,
        "up", "Choose the slider above"),
    Key("slider-down", "down,j", lambda screen: screen.parts.sliders.select(1), open_,
        "down", "Choose the slider below"),
    Key("slider-value", "enter", lambda screen: screen.parts.prompts.slider(), sliding,
        "type", "Type the chosen slider's value, and its rows", shown=True),
    Key("slider-rows", "r", lambda screen: screen.parts.sliders.next_rows(), sliding,
        "rows", "Chosen slider: all rows of w+, those of shape, those of colour", shown=True),
    Key("slider-towards", "t",
        lambda screen: screen.parts.prompts.towards(screen.parts.gallery.mixable),
        sliding,
        "towards", "Add a slider towards another picture: a seed or a marked one", shown=True),
    Key("slider-animate", "a", lambda screen: screen.parts.sliders.animate(), sliding,
        "animate", "Move the chosen slider from 0 to where it is, as a run: e exports it"),
    Key("slider-reset", "0,backspace", lambda screen: screen.parts.sliders.reset(), sliding,
        "reset", "Set the chosen slider to 0", shown=True),
    Key("sliders-reset", "R", lambda screen: screen.parts.sliders.reset_all(), sliding,
        "reset all", "Take all sliders back"),
    Key("sliders-off", "b", lambda screen: screen.parts.sliders.switch(), sliding,
        "compare", "Switch all sliders off, to compare, or on again", shown=True),
    Key("slider-name", "N", lambda screen: screen.parts.prompts.name_direction(),
        lambda now: sliding(now) and now.name_direction,
        "name", "Keep the chosen direction under a name of yours"),
    Key("leave-sliders", "d,escape", lambda screen: screen.parts.sliders.leave(),
        lambda now: open_(now) and not now.busy,
        "back", "Close the sliders", shown=True),
)
# fmt: on
