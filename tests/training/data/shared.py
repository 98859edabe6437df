"""What the tests of training data have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tui_draggan.size import Size
from tui_draggan.training.data import PictureData, prepare, survey

SIDE = 16
RED = (200, 30, 40)


def save(path: Path, colour: tuple[int, int, int] = RED, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def prepared(
    folder: Path,
    side: int,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    classes: str | None = None,
) -> PictureData:
    return prepare(survey(folder, classes), Size.square(side), cache, progress)
