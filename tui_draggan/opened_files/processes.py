"""What the two processes work on, and their command lines; all of it without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_draggan import children
from tui_draggan.bundle import MANIFEST

ROOM = __package__


@dataclass(frozen=True)
class FileModel:
    """A file of weights, and the model that is or will be made of it."""

    file: Path
    digest: str
    """SHA-256 of the file."""
    name: str
    folder: Path
    feature_block: int | None
    """None: the default."""

    @property
    def is_there(self) -> bool:
        return (self.folder / MANIFEST).exists()

    @property
    def words(self) -> list[str]:
        """As a command line has it."""
        block = self.feature_block or 0
        return [str(self.file.resolve()), self.digest, self.name, str(self.folder), str(block)]

    @classmethod
    def of(cls, words: Sequence[str]) -> FileModel:
        """The inverse of `words`."""
        file, digest, name, folder, block = words
        return cls(Path(file), digest, name, Path(folder), int(block) or None)


def exporting(model: FileModel) -> list[str]:
    """Writes the model to its folder."""
    return children.command(f"{ROOM}.exporting", *model.words)


def engine(model: FileModel, device: str, engine: str) -> list[str]:
    """Serves a `CheckpointEngine`, for `EngineProcess.opened`."""
    return children.command(f"{ROOM}.engine", *model.words, device, engine)


def last_line(output: bytes) -> str:
    """Of what a process has said."""
    return next(reversed(output.decode(errors="replace").strip().splitlines()), "")
