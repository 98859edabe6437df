"""What is seen of the picture, help, and the way out."""

from __future__ import annotations

from tui_draggan.tui.keys.context import always, placing, pointing, seeing
from tui_draggan.tui.keys.key import Key

# Two lines a row: id, keys, action, when; label, help.
# fmt: off
VIEW = (
    Key("zoom-in", "plus,equals_sign", lambda screen: screen.panels.picture.zoom(1), always,
        "zoom in", "Zoom in on the crosshair"),
    Key("zoom-out", "minus", lambda screen: screen.panels.picture.zoom(-1), always,
        "zoom out", "Zoom out"),
    Key("zoom", "z", lambda screen: screen.panels.picture.toggle_zoom(), always,
        "zoom", "Zoom in four times, or show the whole picture again", spare=True),
    Key("zoom-reset", "0", lambda screen: screen.panels.picture.reset_zoom(),
        lambda now: now.zoomed and pointing(now),
        "whole", "Show the whole picture"),
    Key("compare", "b", lambda screen: screen.compare(),
        lambda now: now.compare and seeing(now) and now.mode != "sliders",
        "before", "Show the picture before the edit, then both (the crosshair is the border), then "
        "what differs"),
    Key("markers", "v", lambda screen: screen.hide_markers(), placing,
        "markers", "Hide handles, targets and crosshair, or show them again", spare=True),
    Key("help", "question_mark,f1", lambda screen: screen.show_help(), always,
        "keys", "Show all keys", shown=True, early=True),
    Key("commands", "colon,ctrl+p", lambda screen: screen.show_commands(), always,
        "more", "Show all commands by name", shown=True, early=True),
    Key("quit", "q", lambda screen: screen.leave(), always,
        "quit", "Quit; the journal keeps the edit", early=True, spare=True),
)
# fmt: on
