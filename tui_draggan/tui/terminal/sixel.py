"""Sixel: pictures as text, bands of six lines of pixels, each drawn in passes from the left edge.

Format: DEC, "VT330/VT340 Programmer Reference Manual", volume 2, chapter 14. All colours are
defined before the first pixel: xterm and foot show speckled rows where they are defined as they
come.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tui_draggan.arrays import Bytes

COLOURS = 128
"""Colours of a picture; 256 take half as long again to send."""
BAND = 6
"""Pixels in a sixel, one above the other; the lowest bit is the uppermost."""
EMPTY = ord("?")
"""The sixel without a pixel."""
LONGEST_PLAIN = 3
"""Sixels up to which a run is no longer written out than counted."""
WIDE = 10
"""Columns from which a gap in a colour ends a stretch."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Stretch = tuple[int, int]
"""First column, and the one after the last."""


class Runs(NamedTuple):
    """Equal sixels side by side, (N,) each, in the order in which they are drawn."""

    bands: Ints
    passes: Ints
    colours: Ints
    columns: Ints
    lengths: Ints
    bits: Ints


def encode(canvas: Bytes) -> str:
    """A picture (H, W, 3) as sixels, in COLOURS colours at most."""
    height, width = canvas.shape[:2]
    picture = Image.fromarray(canvas).quantize(COLOURS, Image.Quantize.FASTOCTREE)
    used, colours = np.unique(np.asarray(picture), return_inverse=True)
    palette = np.array(picture.getpalette()).reshape(-1, 3)[used]
    percent = np.rint(palette / 2.55).astype(int)
    definitions = "".join(f"#{n};2;{r};{g};{b}" for n, (r, g, b) in enumerate(percent.tolist()))
    body = _text(_runs(colours.reshape(height, width).astype(np.int64), len(used)))
    return f'\x1bP0;0;0q"1;1;{width};{height}{definitions}{body}\x1b\\'


def at_place(data: str, column: int, row: int) -> str:
    """Drawn there (cells from 0), the cursor staying where it is."""
    return f"\x1b7\x1b[{row + 1};{column + 1}H{data}\x1b8"


def _runs(colours: Ints, count: int) -> Runs:
    """What is drawn for colour numbers (H, W).

    A stretch is what one colour covers of a band without a wide gap. Stretches beside one another
    share a pass. Those of a band's first pass are solid: what is not theirs is drawn over later.
    """
    height, width = colours.shape
    lines = np.arange(height)[:, None]
    places = (lines // BAND * count + colours) * width + np.arange(width)
    pixels = np.sort(places * 8 + lines % BAND, axis=None, kind="stable")
    places = pixels >> 3
    firsts = np.flatnonzero(np.diff(places, prepend=-1))
    bits = np.add.reduceat(1 << (pixels & 7), firsts)
    owners, columns = np.divmod(places[firsts], width)
    bands = owners // count

    steps = np.diff(columns, prepend=-1)
    begins = (np.diff(owners, prepend=-1) != 0) | (steps > WIDE)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(owners)) - 1
    passes = _passes(bands[starts], columns[starts], columns[ends] + 1)[np.cumsum(begins) - 1]

    solid = passes == 0
    band_lines = np.minimum(BAND, height - BAND * bands)
    bits = np.where(solid, (1 << band_lines) - 1, bits)
    starts = np.flatnonzero(begins | ~solid & ((steps != 1) | (np.diff(bits, prepend=0) != 0)))
    ends = np.append(starts[1:], len(owners)) - 1
    lengths = columns[ends] + 1 - columns[starts]
    drawn = starts[np.lexsort((columns[starts], passes[starts], bands[starts]))]
    lengths = lengths[np.searchsorted(starts, drawn)]
    return Runs(
        bands[drawn], passes[drawn], owners[drawn] % count, columns[drawn], lengths, bits[drawn]
    )


def _passes(bands: Ints, starts: Ints, ends: Ints) -> Ints:
    """The pass of every stretch, from column `starts` to before `ends`."""
    passes: list[int] = []
    for band in range(bands.max(initial=-1) + 1):
        here = slice(*np.searchsorted(bands, (band, band + 1)).tolist())
        passes += _band_passes(list(zip(starts[here].tolist(), ends[here].tolist(), strict=True)))
    return np.array(passes)


def _band_passes(stretches: list[Stretch]) -> list[int]:
    """The first pass gets the longest stretches, so that most of the band is solid; each of the
    others goes where the one before it ended closest."""
    solid: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda one: one[0] - one[1]):
        at = bisect_left(solid, stretch)
        after_left = at == 0 or solid[at - 1][1] <= stretch[0]
        if after_left and (at == len(solid) or stretch[1] <= solid[at][0]):
            solid.insert(at, stretch)
    first = set(solid)
    passes = [0] * len(stretches)
    free: list[tuple[int, int]] = []  # (column where it ended, pass), ascending
    for start, end, index in sorted((*one, i) for i, one in enumerate(stretches)):
        if (start, end) in first:
            first.remove((start, end))
            continue
        at = bisect_left(free, (start + 1, 0))
        number = free.pop(at - 1)[1] if at else len(free) + 1
        insort(free, (end, number))
        passes[index] = number
    return passes


def _text(runs: Runs) -> str:
    """Runs as characters: `$` or `-` to a new pass or band, `#` and the colour where it is
    another, the gap to the run before, the run."""
    first = np.arange(len(runs.bands)) == 0
    new_band = np.diff(runs.bands, prepend=0) != 0
    new_pass = first | new_band | (np.diff(runs.passes, prepend=0) != 0)
    new_colour = first | (np.diff(runs.colours, prepend=0) != 0)
    ended = np.where(new_pass, 0, np.roll(runs.columns + runs.lengths, 1))
    returns = np.where(new_band, ord("-"), ord("$"))
    parts = (
        (returns[:, None], (new_pass & ~first)[:, None]),
        _number("#", runs.colours, new_colour),
        *_repeated(runs.columns - ended, np.full_like(runs.bits, EMPTY)),
        *_repeated(runs.lengths, runs.bits + EMPTY),
    )
    characters = np.concatenate([text for text, _ in parts], axis=1).astype(np.uint8)
    written = np.concatenate([there for _, there in parts], axis=1)
    return bytes(characters[written]).decode("ascii")


def _repeated(counts: Ints, signs: Ints) -> tuple[tuple[Ints, Flags], ...]:
    """Signs so many times: `!12?`, or `???`."""
    counted = counts > LONGEST_PLAIN
    places = np.where(counted, 1, counts)[:, None] > np.arange(LONGEST_PLAIN)
    return _number("!", counts, counted), (np.repeat(signs[:, None], LONGEST_PLAIN, 1), places)


def _number(sign: str, values: Ints, written: Flags) -> tuple[Ints, Flags]:
    """A sign and a number in decimal: (N, L) characters, and which of them are written."""
    powers = 10 ** np.arange(len(str(values.max(initial=0))) - 1, -1, -1)
    digits = values[:, None] // powers % 10 + ord("0")
    text = np.concatenate([np.full_like(values, ord(sign))[:, None], digits], axis=1)
    there = (values[:, None] >= powers) | (powers == 1)
    return text, np.concatenate([written[:, None], there & written[:, None]], axis=1)
