"""Kitty's protocol and sixels, read back."""

from __future__ import annotations

import base64
import re
import threading
import zlib

import numpy as np

from tui_draggan.testing.waiting import LIMIT
from tui_draggan.tui.terminal.pixels import (
    CHUNK,
    PLACEHOLDER,
    Encoder,
    at_place,
    kitty_cells,
    kitty_deleted,
    kitty_sent,
    sixel,
)


def noise(side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_a_kitty_picture_is_the_canvas():
    canvas = noise(64)
    messages = re.findall("\x1b_G([^;]*);([^\x1b]*)\x1b\\\\", kitty_sent(canvas, 77, 30, 15))
    assert len(messages) > 1 and all(len(data) <= CHUNK for _, data in messages)
    keys = dict(key.split("=") for key in messages[0][0].split(","))
    assert (keys["i"], keys["s"], keys["v"], keys["c"], keys["r"]) == ("77", "64", "64", "30", "15")
    assert [dict(k.split("=") for k in head.split(","))["m"] for head, _ in messages] == [
        *["1"] * (len(messages) - 1),
        "0",
    ]
    data = zlib.decompress(base64.b64decode("".join(part for _, part in messages)))
    assert data == canvas.tobytes()
    assert kitty_deleted(77) == "\x1b_Ga=d,d=I,q=2,i=77\x1b\\"


def test_placeholders_number_every_cell():
    cells = kitty_cells(2, 5).split(PLACEHOLDER)[1:]
    assert len(set(cells)) == 5 and len({cell[0] for cell in cells}) == 1


def test_sixels_define_their_colours_first():
    canvas = np.zeros((24, 24, 3), np.uint8)
    canvas[:, 12:] = (255, 0, 0)
    text = sixel(canvas)
    assert text.startswith("\x1bP") and text.endswith("\x1b\\")
    body = text[text.index("#") :]
    last = [match.end() for match in re.finditer(r"#\d+;2;\d+;\d+;\d+", body)][-1]
    assert re.fullmatch(r"(#\d+;2;\d+;\d+;\d+)+", body[:last]), "nothing between the definitions"
    assert ";2;100;0;0" in body[:last] and "-" in body[last:]
    assert at_place("x", 3, 4) == "\x1b7\x1b[5;4Hx\x1b8"


def test_the_encoder_takes_the_newest_job_only():
    done: list[str] = []
    begun, go, all_done = threading.Event(), threading.Event(), threading.Event()

    def deliver(data: str) -> None:
        done.append(data)
        if data == "third":
            all_done.set()

    def first() -> str:
        begun.set()
        go.wait(LIMIT)
        return "first"

    encoder = Encoder(deliver)
    encoder.start()
    encoder.submit(first)
    assert begun.wait(LIMIT)
    encoder.submit(lambda: "second")
    encoder.submit(lambda: "third")
    go.set()
    assert all_done.wait(LIMIT)
    encoder.stop()
    encoder.join(LIMIT)
    assert done == ["first", "third"] and not encoder.is_alive()
