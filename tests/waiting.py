"""Tests wait for what they expect, never for a while: a busy machine only makes them longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.pilot import Pilot

LIMIT = 120.0
"""Seconds after which what is awaited will not come, on a machine that has other work too."""


def wait_until(condition: Callable[[], object], what: str | Callable[[], str]) -> None:
    """Returns when `condition` holds; fails after `LIMIT` seconds, saying what did not come."""
    for _ in _looks(condition, what):
        time.sleep(0.03)


async def pause_until(
    pilot: Pilot[Any], condition: Callable[[], object], what: str | Callable[[], str]
) -> None:
    """The same while a program on a headless terminal works on."""
    for _ in _looks(condition, what):
        await pilot.pause(0.01)


def _looks(condition: Callable[[], object], what: str | Callable[[], str]) -> Iterator[None]:
    """One item a look that was in vain."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            missing = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {LIMIT:g} s: {missing}")
        yield
