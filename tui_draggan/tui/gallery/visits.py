"""The gallery of an editor: what is kept from visit to visit, and what becomes of a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.screen import Screen

from tui_draggan.edit.document import Frame
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.marks import Mark
from tui_draggan.edit.mixing import Mix, Mixable
from tui_draggan.edit.orders import Deliver, Errand, Mean
from tui_draggan.edit.session import Session
from tui_draggan.errors import DragganError
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.gallery.browsing import Browsing
from tui_draggan.tui.gallery.screen import Answer, GalleryScreen
from tui_draggan.tui.gallery.series import Item, Shown
from tui_draggan.tui.gallery.thumbnails import Thumbnails
from tui_draggan.tui.services import EditorOptions, SnapshotPicture, Snapshots
from tui_draggan.tui.terminal.graphics import Display


class Sources:
    """Asks the session for its model's pictures, and the run for those of its snapshots."""

    def __init__(self, session: Session, run: Snapshots | None) -> None:
        self._session, self._run = session, run

    def want(self, subjects: Sequence[Shown], deliver: Deliver[Shown]) -> None:
        """As `screen.Source` says."""
        shots = [one for one in subjects if isinstance(one, SnapshotPicture)]
        own = [one for one in subjects if not isinstance(one, SnapshotPicture)]
        self._session.want(own, deliver)
        if self._run is not None:
            self._run.want(shots, deliver)

    def consult(self, errand: Errand) -> None:
        """As `Session.consult`."""
        self._session.consult(errand)


class Gallery:
    """Opens the gallery over the editor's screen, on the model of its session."""

    def __init__(
        self,
        screen: Screen[Any],
        editor: Editor,
        options: EditorOptions,
        another_picture: Callable[[Callable[[Editor], object]], object],
        another_model: Callable[[SnapshotPicture], object],
        leave: Callable[[], Any],
    ) -> None:
        """another_picture: does it, unless an edit would be left behind; another_model: opens it,
        likewise. leave: leaves the program."""
        self._screen, self._editor, self._options = screen, editor, options
        self._another_picture, self._another_model = another_picture, another_model
        self._leave = leave
        self._is_first = options.gallery
        """Whether the gallery is what the person came for."""
        self._thumbnails = Thumbnails()
        self._marks: Sequence[Item] | None = None
        """None until they have been read."""

    @property
    def marks(self) -> Sequence[Item]:
        """The marked pictures of the model, the latest last."""
        if self._marks is None:
            self._marks = ()
            try:
                kept = self._options.services.marks()
            except DragganError as error:
                self._say(error)
            else:
                self._marks = [Item(mark.picture, mark.label) for mark in kept]
        return self._marks

    @property
    def mixable(self) -> list[tuple[str, Mixable]]:
        """Names of the marked pictures, and the pictures, the latest first."""
        return [
            (item.label, item.subject)
            for item in reversed(self.marks)
            if not isinstance(item.subject, Mean | Mix | SnapshotPicture)
        ]

    async def open(self, display: Display) -> None:
        """Returns when it is there."""
        editor, info = self._editor, self._editor.snapshot.info
        run = self._options.services.run
        files = [] if run is None else run.files()
        browsing = Browsing(
            info, editor.seed, editor.snapshot.runs, self.marks, files, self._options.weights
        )
        if self._is_first:
            browsing.show("snapshots")
        self._is_first = False
        name = self._options.model or info.name

        def answered(answer: Answer | None) -> None:
            if answer is not None and answer.subject is not None:
                self._open(answer.subject)
            elif answer is not None and answer.quit:
                self._screen.call_next(self._leave)

        screen = GalleryScreen(
            browsing,
            Sources(editor.session, run),
            self._thumbnails,
            display,
            (f"{name} · {info.size} px",),
            self._options.keymap,
            self._options.services,
            self._keep,
        )
        await self._screen.app.push_screen(screen, answered)

    def _open(self, subject: Shown) -> None:
        if isinstance(subject, SnapshotPicture):
            self._another_model(subject)
        if isinstance(subject, Frame):
            self._editor.open_step(subject)
        elif isinstance(subject, Seed | Mix | Latent):
            self._another_picture(lambda editor: editor.open_picture(subject))

    def _keep(self, marks: Sequence[Item]) -> None:
        kept = []
        for item in marks:
            subject = item.subject
            if isinstance(subject, Frame):
                origin = self._editor.snapshot.document.latent.origin
                subject = Latent(subject.ws, origin, edited=True)
            if isinstance(subject, Seed | Latent):
                kept.append(Mark(subject, item.label))
        self._marks = [Item(mark.picture, mark.label) for mark in kept]
        try:
            self._options.services.keep_marks(kept)
        except DragganError as error:
            self._say(error)

    def _say(self, error: DragganError) -> None:
        self._screen.app.notify(str(error), title=error.title, severity="error", markup=False)
