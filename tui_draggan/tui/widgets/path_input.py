"""A line for a path, which completes as a shell's does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from tui_draggan.errors import DragganError
from tui_draggan.paths import typed_path

MOST = 10_000
"""Entries of a folder that are looked at."""
PATIENCE = 0.5
"""Seconds that a folder on a slow disk gets."""


def completions(text: str, suffixes: Collection[str] = ()) -> list[str]:
    """What may be typed on after `text`: for each file and folder that it may become, its missing
    end, in order of names; folders end with «/».

    suffixes: of the files that are wanted (`.png`), in any case; none: all files. Hidden ones are
    there once their dot is typed; names that cannot be printed never.
    """
    head, slash, beginning = text.rpartition("/")
    try:
        folder = typed_path(head + slash) if head or slash else Path()
        with os.scandir(folder) as entries:
            found = [
                entry.name + "/" * is_folder
                for entry, _ in zip(entries, range(MOST), strict=False)
                if entry.name.startswith(beginning)
                and entry.name.isprintable()
                and (beginning or not entry.name.startswith("."))
                and ((is_folder := entry.is_dir()) or _wanted(entry.name, suffixes))
            ]
    except (DragganError, OSError):
        return []
    return [name[len(beginning) :] for name in sorted(found)]


def _wanted(name: str, suffixes: Collection[str]) -> bool:
    return not suffixes or os.path.splitext(name)[1].lower() in suffixes  # noqa: PTH122 - no path


async def _looked_up(text: str, suffixes: Collection[str]) -> list[str]:
    """The same without waiting for the disk; [] where that takes too long."""
    try:
        work = asyncio.to_thread(completions, text, suffixes)
        return await asyncio.wait_for(work, PATIENCE)
    except asyncio.TimeoutError:
        return []


class _FirstCompletion(Suggester):
    """What the line shows behind the cursor."""

    def __init__(self, suffixes: Collection[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suffixes = suffixes

    async def get_suggestion(self, value: str) -> str | None:
        ends = await _looked_up(value, self._suffixes) if value else []
        return value + ends[0] if ends else None


class PathInput(Input):
    """Tab types on what all completions have in common, → takes the first, which is shown.

    Where Tab has nothing to type on it says so to the dialog: there are several (`Ambiguous`), or
    it goes to the next field.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", show=False, tooltip="Complete the path", id="path"),
    ]

    @dataclass
    class Ambiguous(Message):
        """There are several ways on."""

        names: list[str]
        """Names of files and folders, folders with «/»."""

    def __init__(
        self, value: str = "", suffixes: Collection[str] = (), id: str | None = None
    ) -> None:
        """suffixes: of the files that are offered, `.png`; none: all."""
        self._suffixes = suffixes
        super().__init__(value, suggester=_FirstCompletion(suffixes), select_on_focus=False, id=id)

    async def action_complete(self) -> None:
        """Tab."""
        typed = self.value
        ends = await _looked_up(typed, self._suffixes) if self.cursor_at_end else []
        if self.value != typed:
            return
        common = os.path.commonprefix(ends)  # noqa: RUF071 - of characters, as they are typed
        if common:
            self.value = typed + common
            self.cursor_position = len(self.value)
        elif len(ends) > 1:
            beginning = typed.rpartition("/")[2]
            self.post_message(self.Ambiguous([beginning + end for end in ends]))
        else:
            self.screen.focus_next()
