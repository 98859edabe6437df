"""A value out of a pickle is a tree of bounded size, whoever walks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tui_draggan.checkpoints.unpickling.limits import MAX_DEPTH, MAX_NODES
from tui_draggan.checkpoints.unpickling.values import Record, Unread
from tui_draggan.errors import CheckpointError


def check_nesting(root: Any) -> None:
    """Raises CheckpointError where `root` contains itself, or is deeper than `MAX_DEPTH` or larger
    than `MAX_NODES` for somebody who walks it without knowing what is shared.

    It takes no recursion itself, and looks at each container once.
    """
    extent: dict[int, tuple[int, int]] = {}  # by id: height and number of nodes
    path: set[int] = set()
    todo: list[tuple[Any, bool]] = [(root, False)]
    while todo:
        value, children_done = todo.pop()
        inside = _children(value)
        if children_done:
            height, nodes = 1, 1
            for child in inside:
                below = extent.get(id(child), (1, 1))
                height = max(height, 1 + below[0])
                nodes += below[1]
            if height > MAX_DEPTH or nodes > MAX_NODES:
                raise CheckpointError(
                    "is nested too deeply; rejected: it would expand beyond the limit"
                )
            extent[id(value)] = height, nodes
            path.remove(id(value))
        elif id(value) in path:
            raise CheckpointError("has a container that contains itself; refused")
        elif id(value) not in extent:
            path.add(id(value))
            todo.append((value, True))
            todo.extend((child, False) for child in inside if _children(child))


def unread_within(root: Any, *, used: Any = None, whole: bool = False) -> Iterator[Unread]:
    """Whatever in `root`, a value that `check_nesting` passed, was not read, each object once.

    used: a part of it that is not looked at.
    whole: whether to look into modules of unknown classes, as into others; else they are said.
    """
    seen = {id(used)}
    todo = [root]
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        if type(value) is Unread:
            seen.add(id(value))
            yield value
        elif type(value) is Record and value.unread is not None and not whole:
            seen.add(id(value))
            yield value.unread
        elif inside := _children(value):
            seen.add(id(value))
            todo.extend(reversed(list(inside)))


def refuse_unread(root: Any, *, whole: bool = False) -> None:
    """Raises CheckpointError, naming it, where something in `root` was not read."""
    for unread in unread_within(root, whole=whole):
        raise CheckpointError(unread.refusal)


def _children(value: Any) -> Iterable[Any]:
    if type(value) is Record:
        return (value.state,)
    if type(value) is dict:
        return value.values()
    return value if type(value) in (list, tuple) else ()
