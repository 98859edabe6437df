"""What the mouse does on the picture: in a mode that takes it, that mode's; else the editor's."""

from __future__ import annotations

from tui_draggan.tui.parts import Parts
from tui_draggan.tui.widgets.picture_panel import PicturePanel


def press(parts: Parts, event: PicturePanel.Pressed) -> None:
    """The button goes down."""
    if parts.cropping.is_open:
        parts.cropping.press(event.place)
    elif parts.masking.is_open:
        parts.editor.move_to(event.place)
        parts.masking.press()
    else:
        parts.editor.press(event.place, event.reach)


def drag(parts: Parts, event: PicturePanel.Dragged) -> None:
    """It moves with the button down."""
    if parts.cropping.is_open:
        parts.cropping.drag(event.place)
    elif parts.masking.is_open:
        parts.editor.move_to(event.place)
    else:
        parts.editor.drag(event.place)


def release(parts: Parts, event: PicturePanel.Released) -> None:
    """The button comes up."""
    if parts.cropping.is_open:
        parts.cropping.release()
    elif parts.masking.is_open:
        parts.editor.move_to(event.place)
        parts.masking.release()
    else:
        parts.editor.release(event.place)


def wheel(parts: Parts, event: PicturePanel.Wheeled) -> None:
    """The wheel turns, where there is something to be made larger."""
    if parts.cropping.is_open:
        parts.cropping.scale(event.steps)
    else:
        parts.masking.resize(event.steps)
