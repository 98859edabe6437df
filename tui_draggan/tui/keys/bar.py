"""The keys of the moment, in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message

from tui_draggan.tui.keys.context import KeyContext
from tui_draggan.tui.keys.key import Key
from tui_draggan.tui.widgets.readout import Readout

GAP = 2
"""Cells between two keys."""
ALWAYS = ("help", "commands")
"""Keys that have their place at the end, whatever else there is room for."""


@dataclass(frozen=True)
class Entry:
    """A key, or several that share a label."""

    keys: tuple[Key, ...]
    signs: str

    @property
    def label(self) -> str:
        group = self.keys[0].group
        return self.keys[0].label if group is None else str(group.description)

    @property
    def width(self) -> int:
        return cell_len(self.signs) + 1 + cell_len(self.label)


class KeyBar(Readout):
    """As many as fit: those of the moment, then those that always make sense, last the way to all
    the others. A click does what the key does."""

    @dataclass
    class Pressed(Message):
        """A key was clicked."""

        key: Key

    def __init__(self, keys: Sequence[Key], keymap: Mapping[str, str], id: str | None = None):
        super().__init__(id=id)
        self._keys, self._keymap = keys, keymap
        self._moment = KeyContext()
        self._places: list[tuple[int, int, Key]] = []
        """Cells from, to, and the key that a click there stands for."""

    def show(self, context: KeyContext) -> None:
        """The keys of that moment."""
        self._moment = context
        self._write()

    def on_resize(self) -> None:
        self._write()

    def _write(self) -> None:
        fitting = self._fitting()
        text, self._places = Text(" "), []
        for number, entry in enumerate(fitting):
            if number:
                text.append(" " * GAP)
            start = text.cell_len
            text.append(entry.signs, style=f"bold {self.colour('footer-key-foreground')}".strip())
            text.append(f" {entry.label}", style=self.colour("footer-description-foreground"))
            share = (text.cell_len - start) / len(entry.keys)
            self._places += [
                (round(start + i * share), round(start + (i + 1) * share), key)
                for i, key in enumerate(entry.keys)
            ]
        self.write(text)

    def _fitting(self) -> list[Entry]:
        entries = self._entries([key for key in self._keys if key.shown])
        last = [entry for entry in entries if entry.keys[0].id in ALWAYS]
        first = [entry for entry in entries if entry not in last]
        spare = self._entries([key for key in self._keys if key.spare])
        room = self.size.width - 1 - sum(entry.width + GAP for entry in last)
        fitting: list[Entry] = []
        for entry in (*first, *spare):
            if entry.width + GAP > room:
                break
            room -= entry.width + GAP
            fitting.append(entry)
        return fitting + last

    def _entries(self, keys: Sequence[Key]) -> list[Entry]:
        """Those that make sense now; a group as one."""
        found: dict[object, list[Key]] = {}
        for key in keys:
            if key.allowed(self._moment):
                found.setdefault(key.group or key.id, []).append(key)
        return [
            Entry(tuple(group), " ".join(key.names_in(self._keymap)[0] for key in group))
            for group in found.values()
        ]

    def on_click(self, event: events.Click) -> None:
        for start, end, key in self._places:
            if start <= event.x < end:
                self.post_message(self.Pressed(key))
