"""A photograph under a person's hands: the box of it that the model is to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.edit.inversion import InversionProblem
from tui_draggan.edit.latent import label_of
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.orders import Mean, Subject
from tui_draggan.edit.points import Point
from tui_draggan.errors import UsageError
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.pictures.crop import Crop, centred, parse_crop
from tui_draggan.pictures.photograph import FullPhotograph
from tui_draggan.size import Size
from tui_draggan.tui.comparing import Comparison
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.pointer import Pointer
from tui_draggan.tui.remembered import Remembered
from tui_draggan.tui.scene import Scene

LONGEST = 1024
"""Pixels of the shown photograph's longer side at most."""
GROWTH = 1.08
"""Ratio of one size of the box to the next."""
GHOST = 0.5
"""Share of the model's mean picture in what is seen of the box."""


@dataclass(frozen=True, eq=False)
class _Opened:
    """The photograph that is cut."""

    path: Path
    full: FullPhotograph
    preview: Bytes
    """(h, w, 3) as it is shown, in sRGB."""

    @property
    def scale(self) -> float:
        """Pixels of the preview to one of the photograph."""
        shown = Size(*self.preview.shape[:2])
        return shown.width / self.full.size.width


class CropMode:
    """Moving and scaling the box. It knows no widget.

    The keys count pixels of the model, so that a step is seen whatever the photograph's size.
    """

    name: ClassVar = "crop"
    has_arrows: ClassVar = True

    def __init__(self, editor: Editor, comparison: Comparison) -> None:
        """comparison: what shows the photograph beside what is found of it."""
        self._editor, self._comparison = editor, comparison
        self.ghost = False
        """Whether the model's mean picture is seen through."""
        self._mean: Bytes | None = None
        """The mean picture (H, W, 3 or 4) that was asked for last, once it is made."""
        self.paths: dict[str, Path] = {}
        """Files of photographs that were opened, by their SHA-256."""
        self._opened: _Opened | None = None
        self._crop = Crop(0, 0, 1, 1)
        self._held: tuple[Point, Crop] | None = None
        """Where the mouse took hold of the box, and the box then."""
        self._shown = Remembered[Scene]()

    # -- what there is to see ------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    @property
    def words(self) -> str:
        """The photograph and its box, in a line."""
        if self._opened is None:
            return ""
        full, crop = self._opened.full, self._crop
        box = f"box {crop.size.across} at {crop.x},{crop.y}"
        return f"{full.file} {full.size.across} · {box} · Enter finds it, m shows the mean picture"

    @property
    def scene(self) -> Scene | None:
        """The photograph with the box; the same for the same question. None: the mode is closed."""
        if self._opened is None:
            return None
        mean = self._mean if self.ghost else None
        opened = self._opened
        return self._shown.of(opened, self._crop, mean, answer=lambda: self._drawn(opened, mean))

    def _drawn(self, opened: _Opened, mean: Bytes | None) -> Scene:
        size = Size(*opened.preview.shape[:2])
        left, top, right, bottom = self._edges(opened)
        image, inside = opened.preview, (slice(top, bottom), slice(left, right))
        if mean is not None:
            model = Image.fromarray(over_checker(mean)).resize((right - left, bottom - top))
            image = image.copy()
            blended = image[inside] * (1 - GHOST) + np.asarray(model) * GHOST
            image[inside] = np.rint(blended).astype(np.uint8)
        mask: Mask = np.zeros(size, bool)
        mask[inside] = True
        middle = Pointer(((left + right) // 2, (top + bottom) // 2))
        return Scene(image, size, (), middle, mask=mask, box=(left, top, right - 1, bottom - 1))

    def _edges(self, opened: _Opened) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the box in the preview; the latter two beyond it."""
        crop, scale = self._crop, opened.scale
        left, top = round(crop.x * scale), round(crop.y * scale)
        height, width = opened.preview.shape[:2]
        right = min(width, max(left + 1, round((crop.x + crop.width) * scale)))
        return left, top, right, min(height, max(top + 1, round((crop.y + crop.height) * scale)))

    # -- what its keys do ----------------------------------------------------------------------

    def enter(self, path: Path, photograph: FullPhotograph) -> None:
        """A photograph that was read from `path`, the largest box in its middle. Raises UsageError
        where it is too small."""
        size = photograph.size
        self._crop = centred(size, self._model)
        shrink = max(1.0, size.longer / LONGEST)
        shown = Size(max(1, round(size.height / shrink)), max(1, round(size.width / shrink)))
        everything = Crop(0, 0, size.width, size.height)
        self._opened = _Opened(path, photograph, photograph.cut(everything, shown))
        self.paths[photograph.sha256] = path
        self._held = None
        self._editor.cancel()
        self._editor.refresh()

    def leave(self) -> None:
        """Nothing is opened; the picture is as it was."""
        self._close()
        self._editor.refresh()

    def move(self, dx: int, dy: int) -> None:
        """The box so many of the model's pixels on."""
        step = self._crop.width / self._model.width
        far = [round(by * step) or by for by in (dx, dy)]
        self._set(lambda size: self._crop.moved(far[0], far[1], size))

    def scale(self, steps: int) -> None:
        """The box larger by so many sizes; negative: smaller."""
        factor = GROWTH**steps
        self._set(lambda size: self._crop.scaled(factor, size, self._model))

    def reset(self) -> None:
        """The largest box in the middle."""
        self._set(lambda size: centred(size, self._model))

    def typed(self) -> str:
        """The box as it is typed."""
        return self._crop.text

    def parse(self, text: str) -> Crop:
        """«x,y,width». Raises UsageError."""
        if self._opened is None:
            raise UsageError("there is no photograph any more")
        return parse_crop(text, self._opened.full.size, self._model)

    def set(self, text: str) -> None:
        """The box as typed."""
        self._set(lambda size: parse_crop(text, size, self._model))

    def toggle_ghost(self) -> None:
        """The model's mean picture is seen through, or not."""
        self.ghost = not self.ghost
        if self.ghost:
            label = label_of(self._editor.snapshot.document.latent.origin)
            self._editor.session.want([Mean(label)], self._take_mean)
        self._editor.refresh()

    def _take_mean(self, _subject: Subject, picture: Bytes) -> None:
        """In the engine's thread; the screen looks again when it has done its work."""
        self._mean = picture

    def confirm(self) -> None:
        """Enter: closes the mode and starts the search."""
        opened = self._opened
        if opened is not None:
            problem = InversionProblem.of(opened.full, self._editor.snapshot.info, self._crop)
            self._close()
            self._comparison.search(problem)
            self._editor.attempt(lambda: self._editor.session.invert(problem))

    def _close(self) -> None:
        self._opened = None
        self._shown.forget()

    # -- the mouse -----------------------------------------------------------------------------

    def press(self, place: Point) -> None:
        """The button goes down; outside the box its middle comes there."""
        opened = self._opened
        if opened is None:
            return
        left, top, right, bottom = self._edges(opened)
        if not (left <= place[0] < right and top <= place[1] < bottom):
            self._shift(place[0] - (left + right) // 2, place[1] - (top + bottom) // 2)
        self._held = place, self._crop

    def drag(self, place: Point) -> None:
        """The pointer moves with the button down: the box follows."""
        if self._held is not None:
            (x, y), self._crop = self._held
            self._shift(place[0] - x, place[1] - y)

    def release(self) -> None:
        self._held = None

    def _shift(self, dx: int, dy: int) -> None:
        """By so many pixels of the preview."""
        if self._opened is not None:
            scale = self._opened.scale
            far = round(dx / scale), round(dy / scale)
            self._set(lambda size: self._crop.moved(*far, size))

    @property
    def _model(self) -> Size:
        return self._editor.snapshot.info.size

    def _set(self, change: Callable[[Size], Crop]) -> None:
        if self._opened is not None:
            self._crop = change(self._opened.full.size)
            self._editor.say("")
