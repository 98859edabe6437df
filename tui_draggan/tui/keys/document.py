"""The document: back and forth, another picture, another model, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from tui_draggan.tui.keys.context import settled
from tui_draggan.tui.keys.key import Key

if TYPE_CHECKING:
    from tui_draggan.tui.screen import EditorScreen

SEED = Binding.Group("seed", compact=True)


async def _seed(screen: EditorScreen, step: int) -> None:
    await screen.parts.prompts.another_picture(lambda editor: editor.step_seed(step))


# Two lines a row: id, keys, action, when; label, help.
# fmt: off
DOCUMENT = (
    Key("undo", "u", lambda screen: screen.parts.editor.undo(), settled,
        "undo", "Undo the last edit or run", shown=True),
    Key("redo", "ctrl+r", lambda screen: screen.parts.editor.redo(), settled,
        "redo", "Redo what was undone last"),
    Key("next-seed", "n", lambda screen: _seed(screen, 1), lambda now: now.idle,
        "seed +", "Open the picture of the next seed", shown=True, group=SEED),
    Key("previous-seed", "p", lambda screen: _seed(screen, -1), lambda now: now.idle,
        "seed −", "Open the picture of the previous seed", shown=True, group=SEED),
    Key("reset-picture", "R", lambda screen: screen.parts.editor.reset_picture(),
        lambda now: not now.mode and now.edited and now.idle,
        "reset", "Go back to the picture as it was before the edit; the points stay"),
    Key("gallery", "G", lambda screen: screen.show_gallery(), lambda now: now.idle,
        "gallery", "Open the gallery: seeds, classes and steps as thumbnails", shown=True),
    Key("class", "C", lambda screen: screen.parts.prompts.class_from_list(),
        lambda now: now.classes and now.idle,
        "class", "Choose a class: the same seed's picture of another", spare=True),
    Key("open-model", "o", lambda screen: screen.parts.prompts.another_model(),
        lambda now: now.models and now.idle,
        "open", "Open another model", spare=True),
    Key("export", "e", lambda screen: screen.parts.saving.export(),
        lambda now: now.export and settled(now),
        "export", "Export a picture or an animation", shown=True),
    Key("copy", "y",
        lambda screen: screen.parts.prompts.copy(screen.parts.saving), lambda now: not now.busy,
        "copy", "Copy to the clipboard: the command that does the same, coordinates, written path"),
    Key("save-again", "ctrl+s", lambda screen: screen.parts.saving.save_again(),
        lambda now: now.save and not now.busy,
        "save", "Save as last time, to the same file; the session, if nothing was saved yet"),
)
# fmt: on
