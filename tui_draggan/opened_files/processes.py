"""The command lines of the two processes, for those who start them without torch."""

from __future__ import annotations

from pathlib import Path

from tui_draggan import children

ROOM = __package__


def exporting(
    file: Path, folder: Path, name: str, digest: str, feature_block: int | None
) -> list[str]:
    """Writes the model `name` of the file to `folder`; feature_block: None for the default."""
    words = map(str, (file, folder, name, digest, feature_block or 0))
    return children.command(f"{ROOM}.exporting", *words)


def engine(
    file: Path,
    folder: Path,
    name: str,
    digest: str,
    feature_block: int | None,
    device: str,
    engine: str,
) -> list[str]:
    """Serves a `CheckpointEngine`, for `EngineProcess.opened`."""
    words = map(str, (file, folder, name, digest, feature_block or 0, device, engine))
    return children.command(f"{ROOM}.engine", *words)


def last_line(output: bytes) -> str:
    """Of what a process has said."""
    return next(reversed(output.decode(errors="replace").strip().splitlines()), "")
