"""The edits that can be resumed, each with what its picture looks like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual import on, work
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList

from tui_draggan.arrays import Bytes
from tui_draggan.edit.latent import Latent
from tui_draggan.edit.orders import Deliver, Subject
from tui_draggan.errors import DragganError
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.tui.dialogs.choice import ChoiceDialog
from tui_draggan.tui.services import Choice
from tui_draggan.tui.widgets.thumbnail import Thumbnail


class ResumeDialog(ChoiceDialog):
    """A list with a thumbnail of the chosen edit, where it is one of the model that is open: only
    that draws. No key waits for it."""

    @dataclass
    class Drawn(Message):
        """The picture of an edit is there."""

        edit: str
        picture: Bytes

    def __init__(
        self,
        edits: Sequence[Choice],
        latent_of: Callable[[str], Latent | None],
        want: Callable[[Sequence[Subject], Deliver[Subject]], None],
    ) -> None:
        """latent_of: that of an edit, by its `Choice.value`; None for another model's; slow, raises
        DragganError. want: as `Session.want`."""
        super().__init__("resume an edit", edits)
        self._latent_of, self._want = latent_of, want
        self._thumbnail = Thumbnail(id="thumbnail")
        self._pictures: dict[str, Bytes | None] = {}
        """Those that have been looked at; None: it cannot be drawn."""
        self._chosen = ""

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#box", Vertical).mount(self._thumbnail, before="#choices")

    def on_unmount(self) -> None:
        self._want((), lambda subject, picture: None)

    @on(OptionList.OptionHighlighted)
    def _choose(self, event: OptionList.OptionHighlighted) -> None:
        self._chosen = str(event.option_id)
        self._thumbnail.show(self._pictures.get(self._chosen))
        if self._chosen not in self._pictures:
            self._look_at(self._chosen)

    @work(exclusive=True, exit_on_error=False)
    async def _look_at(self, edit: str) -> None:
        """Only the newest choice is looked at: another one ends this."""
        try:
            latent = await asyncio.to_thread(self._latent_of, edit)
        except DragganError:
            latent = None  # what is wrong with it is said when it is opened
        if latent is None:
            self._pictures[edit] = None
        else:
            self._want([latent], partial(self._deliver, edit))

    def _deliver(self, edit: str, subject: Subject, picture: Bytes) -> None:
        """In the thread that drew it."""
        self.post_message(self.Drawn(edit, over_checker(picture)))

    @on(Drawn)
    def _take_picture(self, event: Drawn) -> None:
        self._pictures[event.edit] = event.picture
        if event.edit == self._chosen:
            self._thumbnail.show(event.picture)
