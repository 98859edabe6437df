"""Kitty's protocol, read back."""

from __future__ import annotations

import base64
import re
import unicodedata
import zlib

import numpy as np

from tui_draggan.tui.terminal import kitty


def test_a_picture_is_the_canvas() -> None:
    canvas = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    messages = re.findall("\x1b_G([^;]*);([^\x1b]*)\x1b\\\\", kitty.sent(canvas, 77, 30, 15))
    assert len(messages) > 1 and all(len(data) <= kitty.CHUNK for _, data in messages)
    keys = dict(key.split("=") for key in messages[0][0].split(","))
    assert (keys["i"], keys["s"], keys["v"], keys["c"], keys["r"]) == ("77", "64", "64", "30", "15")
    assert [dict(k.split("=") for k in head.split(","))["m"] for head, _ in messages] == [
        *["1"] * (len(messages) - 1),
        "0",
    ]
    data = zlib.decompress(base64.b64decode("".join(part for _, part in messages)))
    assert data == canvas.tobytes()
    assert kitty.deleted(77) == "\x1b_Ga=d,d=I,q=2,i=77\x1b\\"


def test_placeholders_number_every_cell() -> None:
    cells = kitty.placeholders(2, 5).split(kitty.PLACEHOLDER)[1:]
    assert len(set(cells)) == 5 and len({cell[0] for cell in cells}) == 1


def test_numbers_are_the_protocols_diacritics() -> None:
    assert len(kitty.NUMBERS) == len(set(kitty.NUMBERS)) == 297
    assert list(kitty.NUMBERS) == sorted(kitty.NUMBERS)
    # The first and the last of the protocol's list, and two that it gives as examples.
    assert [ord(kitty.NUMBERS[n]) for n in (0, 1, 2, 296)] == [0x305, 0x30D, 0x30E, 0x1D244]
    for mark in kitty.NUMBERS:
        assert unicodedata.combining(mark) == 230, "stands above"
        assert all(unicodedata.normalize("NFC", c + mark) == c + mark for c in "aouyAEN"), "alone"
