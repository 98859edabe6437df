"""What an editor's screen is joined of once its session is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.screen import Screen

from tui_draggan.tui.comparing import Comparison
from tui_draggan.tui.cropping import CropMode
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.gallery.visits import Gallery
from tui_draggan.tui.masking import MaskMode
from tui_draggan.tui.modes import Mode
from tui_draggan.tui.photographs import Photographs
from tui_draggan.tui.prompts import Prompts
from tui_draggan.tui.saving import Saving
from tui_draggan.tui.services import EditorOptions
from tui_draggan.tui.sliders import SliderMode
from tui_draggan.tui.timeline import TimelineMode
from tui_draggan.tui.tuning import Tuning


@dataclass(frozen=True)
class Parts:
    """The editor, its modes, and what asks and writes for it."""

    editor: Editor
    sliders: SliderMode
    masking: MaskMode
    cropping: CropMode
    timeline: TimelineMode
    prompts: Prompts
    saving: Saving
    photographs: Photographs
    gallery: Gallery
    tuning: Tuning

    @property
    def modes(self) -> tuple[Mode, ...]:
        return self.sliders, self.masking, self.cropping, self.timeline

    @property
    def mode(self) -> Mode | None:
        """The one that has the keys."""
        return next((one for one in self.modes if one.is_open), None)


def join(
    screen: Screen[Any], editor: Editor, comparison: Comparison, options: EditorOptions
) -> Parts:
    """Makes the parts round an editor. screen: the one that their dialogs lie over."""
    services = options.services
    sliders = SliderMode(editor, services.directions or tuple, services.name_direction)
    cropping = CropMode(editor, comparison)
    prompts = Prompts(screen, editor, sliders, options)
    return Parts(
        editor,
        sliders,
        MaskMode(editor),
        cropping,
        TimelineMode(editor),
        prompts,
        Saving(screen, editor, options),
        Photographs(screen, editor, cropping, options),
        Gallery(
            screen,
            editor,
            options,
            prompts.then_another_picture,
            prompts.then_snapshot,
            prompts.leave,
        ),
        Tuning(screen, editor, comparison, options),
    )
