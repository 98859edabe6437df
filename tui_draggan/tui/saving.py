"""What is written to files: pictures, animations, the session, the mask; and the same again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from textual.screen import Screen

from tui_draggan.edit.latent import Latent, Photo, Seed
from tui_draggan.edit.mask import save_mask
from tui_draggan.edit.photographs import check_photograph
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.errors import DragganError
from tui_draggan.files import check_writable, free_name
from tui_draggan.pictures.animation import SUFFIXES
from tui_draggan.pictures.png import check_png
from tui_draggan.pictures.reading import SUFFIXES as PICTURES
from tui_draggan.tui.dialogs.dialog import ask
from tui_draggan.tui.dialogs.file import FileAnswer, FileDialog
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.services import EditorOptions, ExportRequest
from tui_draggan.wording import printable


class Saving:
    """Asks for a file and writes it, in a thread of its own: an animation takes seconds, and
    pictures of steps that nobody saw have to be made first."""

    def __init__(self, screen: Screen[Any], editor: Editor, options: EditorOptions) -> None:
        """screen: the one the dialogs lie over."""
        self._screen, self._editor, self._options = screen, editor, options
        self._again: Callable[[], None] | None = None
        """Writes what was written last, once more, as it is now."""
        self.written: Path | None = None
        """The file that was written last."""

    async def export(self) -> None:
        """A picture or an animation."""
        services, editor = self._options.services, self._editor
        if services.export is None:
            return
        origin = editor.snapshot.document.latent.origin
        stem = str(origin.seed) if isinstance(origin, Seed) else Path(origin.file).stem
        dialog = FileDialog(
            "export",
            "Export",
            self._free(f"{editor.snapshot.info.name}-{stem}.png"),
            ".png: the picture   .gif .webp .mp4: all steps of this edit   .npz: the latent",
            services.check_export,
            switch="with markers",
        )
        await ask(self._screen.app, dialog, self._export)

    def _export(self, answer: FileAnswer) -> None:
        export, session = self._options.services.export, self._editor.session
        assert export is not None
        path, every_step = answer.path, answer.path.suffix.lower() in SUFFIXES
        request = ExportRequest(path, answer.switched)
        self._write(
            path,
            lambda now: export(now, request),
            lambda: session.pictured(every_step=every_step),
            lambda now: [now.document.latent],
        )

    async def export_into(self, known: Mapping[str, Path]) -> None:
        """The photograph that the edit came from, with the edit in it. known: files of photographs
        by their SHA-256; where it is none of them it is asked for."""
        origin = self._editor.snapshot.document.latent.origin
        if not isinstance(origin, Photo):
            return
        path = known.get(origin.sha256)
        if path is not None and path.is_file():
            await self._export_into(origin, path)
            return
        dialog = FileDialog(
            "the photograph",
            "Next",
            origin.file,
            "The file that this edit came from.",
            lambda file: check_photograph(file, origin),
            PICTURES,
            writes=False,
        )
        await ask(
            self._screen.app,
            dialog,
            lambda answer: self._screen.call_next(self._export_into, origin, answer.path),
        )

    async def _export_into(self, origin: Photo, photograph: Path) -> None:
        export, session = self._options.services.export_into, self._editor.session
        if export is None:
            return
        dialog = FileDialog(
            "export into the photograph",
            "Export",
            self._free(f"{Path(origin.file).stem}-edited.png"),
            f"{origin.file}, unchanged around the edit and blended at its border.",
            check_png,
        )
        await ask(
            self._screen.app,
            dialog,
            lambda answer: self._write(
                answer.path,
                lambda now: export(now, photograph, answer.path),
                session.pictured,
                lambda now: [now.document.latent],
            ),
        )

    async def save_session(self) -> None:
        """The whole edit, to be opened again."""
        save, editor = self._options.services.save_session, self._editor
        if save is None:
            return
        dialog = FileDialog(
            "save session",
            "Save",
            self._free(f"{editor.snapshot.info.name}.json"),
            "Saves the whole edit; tui-draggan --session FILE opens it again.",
            check_writable,
        )
        await ask(
            self._screen.app,
            dialog,
            lambda answer: self._write(
                answer.path,
                lambda now: save(now, answer.path),
                lambda: replace(editor.session.snapshot(), past=editor.session.past),
                lambda _: editor.session.left,
            ),
        )

    async def save_again(self) -> None:
        """As last time: the same kind of thing to the same file; the session, where there was no
        last time."""
        if self._again is None:
            await self.save_session()
        else:
            self._again()

    async def save_mask(self) -> None:
        """The mask, as a picture."""
        editor = self._editor
        mask = editor.snapshot.document.mask
        if mask is None:
            return

        def write(file: Path) -> None:
            save_mask(file, mask)
            editor.keep_mask(mask)

        def save(answer: FileAnswer) -> None:
            self.written = answer.path
            words = f"written: {printable(str(answer.path))}"
            editor.attempt(lambda: write(answer.path), words)

        path = self._free(f"{editor.snapshot.info.name}-mask.png")
        note = "White may change, black stays."
        await ask(
            self._screen.app, FileDialog("save the mask", "Save", path, note, check_png), save
        )

    def _free(self, name: str) -> str:
        """A path in the folder of exports that does not exist yet."""
        return str(free_name(self._options.export_folder / name))

    def _write(
        self,
        path: Path,
        write: Callable[[Snapshot], str],
        now: Callable[[], Snapshot],
        kept: Callable[[Snapshot], Sequence[Latent]],
    ) -> None:
        """Writes the session as it is `now`, and again when that is asked for. kept: what is no
        longer lost then."""
        self._again = lambda: self._write(path, write, now, kept)
        editor = self._editor

        def work() -> None:
            try:
                snapshot = now()
                line = write(snapshot)
            except DragganError as error:
                self._notify(str(error), error.title, "error")
            except Exception as error:
                self._notify(f"{type(error).__name__}: {error}", "output", "error")
            else:
                self.written = path
                editor.keep(kept(snapshot), snapshot.document)
                self._notify(line, "written", "information")

        self._screen.run_worker(work, thread=True, exit_on_error=False)

    def _notify(self, words: str, title: str, severity: Literal["information", "error"]) -> None:
        app = self._screen.app
        app.call_from_thread(
            app.notify, printable(words), title=title, severity=severity, markup=False
        )
