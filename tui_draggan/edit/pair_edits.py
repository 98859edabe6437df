"""What people do to pairs by hand: what undo calls the change, and the document as it is then."""

from __future__ import annotations

from dataclasses import replace

from tui_draggan.edit.document import Document
from tui_draggan.edit.points import Pair, Point, check_inside
from tui_draggan.size import Size

Edit = tuple[str, Document]


def added(document: Document, number: int, handle: Point, target: Point, size: Size) -> Edit:
    """A new handle and its target. Raises UsageError outside."""
    check_inside(handle, size, "handle")
    check_inside(target, size, "target")
    pair = Pair.placed(number, handle, target)
    return "add pin" if pair.pin else "add point", document.adding(pair)


def handle_moved(document: Document, number: int, handle: Point, size: Size) -> Edit:
    """A handle elsewhere; its template is taken anew there. A pin moves as a whole. Raises
    UsageError outside, and where the pair is gone."""
    check_inside(handle, size, "handle")
    pair = document.pair(number)
    target = handle if pair.pin else pair.target
    pair = replace(pair, handle=handle, target=target, template=None, pin=handle == target)
    return "move pin" if pair.pin else "move handle", document.with_pair(pair)


def target_moved(document: Document, number: int, target: Point, size: Size) -> Edit:
    """A target elsewhere; the handle keeps its template. A pin whose target leaves it is dragged
    from then on; a target on its handle makes the pair a pin. Raises UsageError outside, and where
    the pair is gone."""
    check_inside(target, size, "target")
    pair = document.pair(number)
    pair = replace(pair, target=target, pin=target == pair.handle)
    return "pin" if pair.pin else "move target", document.with_pair(pair)
