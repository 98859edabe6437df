"""A key: what it does, when it makes sense, and what footer, help and palette say of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding

from tui_draggan.tui.keys.context import KeyContext

if TYPE_CHECKING:
    from tui_draggan.tui.screen import EditorScreen

Action = Callable[["EditorScreen"], Awaitable[None] | None]
"""What a key or a line of the palette does."""
When = Callable[[KeyContext], bool]


@dataclass(frozen=True)
class Key:
    """A key and what it does."""

    id: str
    """Name for keymaps."""
    keys: str
    """Names of the keys, as Textual calls them, separated by commas."""
    action: Action
    when: When
    label: str
    """One or two words for the footer."""
    help: str
    """A line for help and palette."""
    shown: bool = False
    """Whether the footer has it."""
    spare: bool = False
    """Whether the footer has it where it has room to spare."""
    group: Binding.Group | None = None
    """Keys that share a label in the footer."""
    listed: bool = True
    """Whether help and palette have it: of keys that are alike one is enough."""
    early: bool = False
    """Whether it works while a session is still being opened."""

    def allowed(self, now: KeyContext) -> bool:
        """Whether it makes sense now; else it is neither shown nor offered."""
        return (now.open or self.early) and self.when(now)

    @property
    def names(self) -> list[str]:
        """Its keys as a person reads them: «x», «⇧⇥»."""
        return self.names_in({})

    def names_in(self, keymap: Mapping[str, str]) -> list[str]:
        """The same where a person has other keys, by id."""
        return names(keymap.get(self.id, self.keys))

    @property
    def binding(self) -> Binding:
        """For Textual: every key runs the screen's one action `key`, with the row's id."""
        return Binding(
            self.keys,
            f"key('{self.id}')",
            self.label,
            self.shown,
            self.names[0],
            tooltip=self.help,
            id=self.id,
            group=self.group,
        )


SIGNS = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "enter": "↵",
    "backspace": "⌫",
    "escape": "esc",
    "tab": "⇥",
    "pageup": "page up",
    "pagedown": "page down",
    "f1": "F1",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "full_stop": ".",
    "plus": "+",
    "equals_sign": "=",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "minus": "-",
    "colon": ":",
    "question_mark": "?",
}
"""Signs of the keys that have a longer name in Textual."""


def names(keys: str) -> list[str]:
    """Keys, separated by commas, as a person reads them."""
    return [_name(key) for key in keys.split(",")]


def _name(key: str) -> str:
    for prefix, sign in (("shift+", "⇧"), ("ctrl+", "^")):
        if key.startswith(prefix):
            return sign + _name(key.removeprefix(prefix))
    return SIGNS.get(key, key)
