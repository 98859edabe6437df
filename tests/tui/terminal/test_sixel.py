"""Sixels, drawn by a decoder of this test's own."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.tui.terminal.sixel import BAND, COLOURS, at_place, encode


def drawn(text: str) -> NDArray[np.int64]:
    """What a terminal shows of it, (H, W, 3) in percent; −1 where nothing has been drawn."""
    head = re.match(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)', text)
    assert head is not None and text.endswith("\x1b\\")
    width, height = int(head[1]), int(head[2])
    canvas = np.full((height + BAND, width + 1, 3), -1)
    colours: dict[str, list[int]] = {}
    x = y = 0
    colour = ""
    body = text[head.end() : -2]
    assert re.fullmatch(r"(#[\d;]+|!\d+[?-~]|[?-~]|[$-])*", body), "nothing else in it"
    tokens = re.findall(r"#(\d+)(;2;[\d;]+)?|!(\d+)([?-~])|([?-~])|([$-])", body)
    for number, definition, count, repeated, single, move in tokens:
        if number:
            colour = number
            if definition:
                assert (x, y) == (0, 0), "all colours come first"
                colours[number] = [int(part) for part in definition.split(";")[2:]]
        elif move:
            x, y = 0, y + BAND * (move == "-")
        else:
            end = x + int(count or 1)
            bits = ord(repeated or single) - ord("?")
            for line in range(BAND):
                if bits >> line & 1:
                    canvas[y + line, x:end] = colours[colour]
            x = end
    assert (canvas[height:] == -1).all() and (canvas[:, width:] == -1).all(), "nothing outside"
    return canvas[:height, :width]


def smooth(width: int, height: int) -> Bytes:
    """Like a photograph: gradients, and an edge."""
    y, x = np.mgrid[:height, :width]
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    parts = [255 * x / width, 255 * y / height, np.where(disc, 220, 40)]
    return np.stack(parts, axis=-1).astype(np.uint8)


def noise(width: int, height: int) -> Bytes:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("make", [smooth, noise])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (6, 6), (40, 24), (97, 35), (300, 31)])
def test_the_picture_is_drawn_in_its_colours(make, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    canvas = make(*size)
    few = Image.fromarray(canvas).quantize(COLOURS, Image.Quantize.FASTOCTREE).convert("RGB")
    np.testing.assert_allclose(drawn(encode(canvas)), np.asarray(few) / 2.55, atol=0.51)


def test_one_colour_is_one_run_a_band() -> None:
    text = encode(np.full((24, 200, 3), (255, 0, 0), np.uint8))
    assert text == '\x1bP0;0;0q"1;1;200;24#0;2;100;0;0#0!200~' + "-!200~" * 3 + "\x1b\\"


def test_all_colours_are_defined_first() -> None:
    canvas = np.zeros((24, 24, 3), np.uint8)
    canvas[:, 12:] = (255, 0, 0)
    text = encode(canvas)
    body = text[text.index("#") :]
    last = [match.end() for match in re.finditer(r"#\d+;2;\d+;\d+;\d+", body)][-1]
    assert re.fullmatch(r"(#\d+;2;\d+;\d+;\d+)+", body[:last]), "nothing between the definitions"
    assert ";2;100;0;0" in body[:last] and "-" in body[last:]


def test_a_place_leaves_the_cursor_where_it_is() -> None:
    assert at_place("x", 3, 4) == "\x1b7\x1b[5;4Hx\x1b8"
