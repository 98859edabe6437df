"""Pictures in full resolution, for terminals that show them: kitty's protocol and sixel.

Kitty: the picture is sent under a number and shown by placeholder characters, which Textual moves,
covers and removes like any text (https://sw.kovidgoyal.net/kitty/graphics-protocol/, «Unicode
placeholders»). Sixel: drawn at a place, over the cells; whoever draws it draws it again when the
cells have been written over. textual-image supplies the table of diacritics and the sixel encoder.
"""

from __future__ import annotations

import base64
import re
import threading
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

from tui_draggan.arrays import Bytes

PLACEHOLDER = "\U0010eeee"
CHUNK = 4096
"""Most bytes of one message of kitty's protocol."""
SIXEL_COLOURS = 128


def kitty_sent(canvas: Bytes, number: int, columns: int, rows: int) -> str:
    """The messages that send a picture (H, W, 3), to be shown on so many cells."""
    height, width = canvas.shape[:2]
    data = base64.b64encode(zlib.compress(canvas.tobytes(), 1)).decode()
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    head = f"a=T,U=1,q=2,f=24,o=z,t=d,i={number},s={width},v={height},c={columns},r={rows},"
    return "".join(
        f"\x1b_G{head if index == 0 else ''}m={int(index < len(chunks) - 1)};{chunk}\x1b\\"
        for index, chunk in enumerate(chunks)
    )


def kitty_deleted(number: int) -> str:
    """The message that frees a picture; only this form frees its memory too."""
    return f"\x1b_Ga=d,d=I,q=2,i={number}\x1b\\"


def kitty_cells(row: int, columns: int) -> str:
    """The placeholders of one row of cells; the number goes into their colour, 0xRRGGBB."""
    marks = _diacritics()
    return "".join(PLACEHOLDER + marks[row] + marks[column] for column in range(columns))


@cache
def _diacritics() -> list[str]:
    from textual_image.renderable.tgp import _NUMBER_TO_DIACRITIC

    return [chr(code) for code in _NUMBER_TO_DIACRITIC]


MOST_CELLS = 290
"""Rows and columns the protocol can number."""


def sixel(canvas: Bytes) -> str:
    """A picture (H, W, 3) as sixels, all colours defined first.

    textual-image defines a colour where it is first used; xterm and foot show speckled rows then.
    """
    from textual_image._sixel import SixelOptions, image_to_sixels

    options = SixelOptions(colors=SIXEL_COLOURS)
    data = image_to_sixels(Image.fromarray(canvas), options)
    text = data if isinstance(data, str) else bytes(data).decode("ascii")
    definitions = re.findall(r"#\d+;2;\d+;\d+;\d+", text)
    head, quote, body = text.partition('"')
    raster = re.match(r"[\d;]*", body)
    assert raster is not None
    body = re.sub(r"(#\d+);2;\d+;\d+;\d+", r"\1", body[raster.end() :])
    return f"{head}{quote}{raster.group()}{''.join(definitions)}{body}"


def at_place(data: str, column: int, row: int) -> str:
    """Drawn there (cells from 0), the cursor staying where it is."""
    return f"\x1b7\x1b[{row + 1};{column + 1}H{data}\x1b8"


class Encoder(threading.Thread):
    """Encodes in a thread of its own; only the newest job counts.

    Neither the screen nor the engine waits for an encoder, and what came too late to be seen is
    never encoded.
    """

    def __init__(self, deliver: Callable[[str], object]) -> None:
        super().__init__(name="draggan-encoder", daemon=True)
        self._deliver = deliver
        self._changed = threading.Condition()
        self._job: Callable[[], str] | None = None
        self._ending = False

    def submit(self, job: Callable[[], str]) -> None:
        """Replaces the job that has not begun yet."""
        with self._changed:
            self._job = job
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify()

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ending or self._job is not None)
                if self._ending:
                    return
                job, self._job = self._job, None
            assert job is not None
            self._deliver(job())
