"""`tmux capture-pane -p -e -N` to a PNG: half blocks as rectangles, text in DejaVu Sans Mono.

tmux capture-pane -p -e -N -t PANE | python -m screenshots.ansi_png out.png
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len

Colour = tuple[int, int, int]

CELL = (10, 20)
"""Pixels of a cell: 1 to 2, so that the dots of half blocks are square."""
FRONT: Colour = (215, 220, 226)
BACK: Colour = (12, 12, 12)
FONTS = (
    "DejaVuSansMono{}.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf",
    "/usr/share/fonts/TTF/DejaVuSansMono{}.ttf",
)
_SIXTEEN = bytes.fromhex(
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5"
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
# Blocks as (left, top, right, bottom) in eighths of the cell.
_BLOCKS = {
    "▀": (0, 0, 8, 4),
    "▄": (0, 4, 8, 8),
    "█": (0, 0, 8, 8),
    "▌": (0, 0, 4, 8),
    "▐": (4, 0, 8, 8),
    **{sign: (0, 0, 8 - n, 8) for n, sign in enumerate("█▉▊▋▌▍▎▏")},
    **{sign: (0, 7 - n, 8, 8) for n, sign in enumerate("▁▂▃▄▅▆▇█")},
}


@dataclass(frozen=True)
class Pen:
    """How the next characters look."""

    front: Colour | None = None
    back: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False

    def colours(self) -> tuple[Colour, Colour]:
        front, back = self.front or FRONT, self.back or BACK
        if self.reverse:
            front, back = back, front
        if self.dim:
            front = tuple((a + b) // 2 for a, b in zip(front, back, strict=True))  # type: ignore[assignment]
        return front, back


def ansi_to_image(text: str, columns: int | None = None) -> Image.Image:
    """The picture of a captured pane; `columns`: its width, else the longest line's."""
    rows: list[list[tuple[str, Pen]]] = [[]]
    for char, pen in _cells(text.rstrip("\n")):
        if char == "\n":
            rows.append([])
        else:
            rows[-1].append((char, pen))
    width = columns or max((sum(cell_len(char) for char, _ in row) for row in rows), default=1)
    image = Image.new("RGB", (width * CELL[0], len(rows) * CELL[1]), BACK)
    draw = ImageDraw.Draw(image)
    for y, row in enumerate(rows):
        x = 0
        for char, pen in row:
            cells = max(1, cell_len(char))
            _draw_cell(draw, x * CELL[0], y * CELL[1], cells * CELL[0], char, pen)
            x += cells
    return image


def _cells(text: str) -> Iterator[tuple[str, Pen]]:
    """Characters with their pens; a pen lasts over the end of a line."""
    pen = Pen()
    for part in re.split(
        r"(\x1b\[[0-9;:]*m|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)|\x1b\(.|[\x0e\x0f])", text
    ):
        if part.startswith("\x1b[") and part.endswith("m"):
            pen = _apply(pen, part[2:-1])
        elif part and part[0] not in "\x1b\x0e\x0f":
            for char in part:
                yield char, pen


def _apply(pen: Pen, codes: str) -> Pen:
    numbers = [int(code or 0) for code in re.split("[;:]", codes)]
    flags: dict[int, dict[str, Any]] = {
        1: {"bold": True},
        2: {"dim": True},
        3: {"italic": True},
        4: {"underline": True},
        7: {"reverse": True},
        22: {"bold": False, "dim": False},
        23: {"italic": False},
        24: {"underline": False},
        27: {"reverse": False},
        39: {"front": None},
        49: {"back": None},
    }
    index = 0
    while index < len(numbers):
        code = numbers[index]
        if code == 0:
            pen = Pen()
        elif code in (38, 48):
            which = "front" if code == 38 else "back"
            if numbers[index + 1] == 2:
                colour: Any = tuple(numbers[index + 2 : index + 5])
                index += 4
            else:
                colour = _palette(numbers[index + 2])
                index += 2
            pen = replace(pen, **{which: colour})
        elif code in flags:
            pen = replace(pen, **flags[code])
        elif 30 <= code <= 37 or 90 <= code <= 97:
            pen = replace(pen, front=_palette(code - 30 if code < 90 else code - 82))
        elif 40 <= code <= 47 or 100 <= code <= 107:
            pen = replace(pen, back=_palette(code - 40 if code < 100 else code - 92))
        index += 1
    return pen


def _palette(number: int) -> Colour:
    if number < 16:
        return tuple(_SIXTEEN[3 * number : 3 * number + 3])  # type: ignore[return-value]
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    levels = (0, 95, 135, 175, 215, 255)
    number -= 16
    return levels[number // 36], levels[number // 6 % 6], levels[number % 6]


def _draw_cell(draw: ImageDraw.ImageDraw, x: int, y: int, width: int, char: str, pen: Pen) -> None:
    front, back = pen.colours()
    draw.rectangle((x, y, x + width - 1, y + CELL[1] - 1), fill=back)
    if char in _BLOCKS:
        left, top, right, bottom = _BLOCKS[char]
        box = (
            x + left * width // 8,
            y + top * CELL[1] // 8,
            x + right * width // 8 - 1,
            y + bottom * CELL[1] // 8 - 1,
        )
        draw.rectangle(box, fill=front)
    elif 0x2800 <= ord(char[0]) <= 0x28FF:
        _draw_braille(draw, x, y, width, ord(char[0]) - 0x2800, front)
    elif not char.isspace():
        draw.text((x, y + 1), char, fill=front, font=_font(pen.bold))
    if pen.underline:
        draw.line((x, y + CELL[1] - 2, x + width - 1, y + CELL[1] - 2), fill=front)


def _draw_braille(
    draw: ImageDraw.ImageDraw, x: int, y: int, width: int, bits: int, colour: Colour
) -> None:
    order = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    for bit, (column, line) in enumerate(order):
        if bits >> bit & 1:
            left = x + width * (1 + 2 * column) // 4 - 1
            top = y + CELL[1] * (1 + 2 * line) // 8 - 1
            draw.rectangle((left, top, left + 2, top + 2), fill=colour)


@lru_cache
def _font(bold: bool) -> Any:
    for name in FONTS:
        try:
            return ImageFont.truetype(name.format("-Bold" if bold else ""), 16)
        except OSError:
            continue
    return ImageFont.load_default(16)


if __name__ == "__main__":
    ansi_to_image(sys.stdin.read()).save(Path(sys.argv[1]))
