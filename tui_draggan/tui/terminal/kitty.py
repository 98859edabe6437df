"""Kitty's graphics protocol: a picture is sent under a number and shown by placeholder characters,
which a program moves, covers and removes like any text.

Protocol: https://sw.kovidgoyal.net/kitty/graphics-protocol/, "Unicode placeholders".
"""

from __future__ import annotations

import base64
import re
import zlib

from tui_draggan.arrays import Bytes

PLACEHOLDER = "\U0010eeee"
CHUNK = 4096
"""Most characters of a message's data."""


def _code_points(ranges: str) -> tuple[str, ...]:
    """Characters from ranges of hexadecimal code points, both ends included."""
    ends = [tuple(int(end, 16) for end in part.split("-")) for part in ranges.split()]
    return tuple(chr(code) for one in ends for code in range(one[0], one[-1] + 1))


# The protocol's own list: marks above (Unicode 6.0, combining class 230) that no normalisation
# joins to another character.
NUMBERS = _code_points(
    "305 30D-30E 310 312 33D-33F 346 34A-34C 350-352 357 35B 363-36F 483-487 592-595 597-599 "
    "59C-5A1 5A8-5A9 5AB-5AC 5AF 5C4 610-617 657-65B 65D-65E 6D6-6DC 6DF-6E2 6E4 6E7-6E8 6EB-6EC "
    "730 732-733 735-736 73A 73D 73F-741 743 745 747 749-74A 7EB-7F1 7F3 816-819 81B-823 825-827 "
    "829-82D 951 953-954 F82-F83 F86-F87 135D-135F 17DD 193A 1A17 1A75-1A7C 1B6B 1B6D-1B73 "
    "1CD0-1CD2 1CDA-1CDB 1CE0 1DC0-1DC1 1DC3-1DC9 1DCB-1DCC 1DD1-1DE6 1DFE 20D0-20D1 20D4-20D7 "
    "20DB-20DC 20E1 20E7 20E9 20F0 2CEF-2CF1 2DE0-2DFF A66F A67C-A67D A6F0-A6F1 A8E0-A8F1 AAB0 "
    "AAB2-AAB3 AAB7-AAB8 AABE-AABF AAC1 FE20-FE26 10A0F 10A38 1D185-1D189 1D1AA-1D1AD 1D242-1D244"
)
"""The diacritic that stands for each row or column."""


def sent(canvas: Bytes, number: int, columns: int, rows: int, placed: bool = False) -> str:
    """The messages that send a picture (H, W, 3), to be shown on so many cells: by placeholders, or
    where it is `placed`."""
    height, width = canvas.shape[:2]
    data = base64.b64encode(zlib.compress(canvas.tobytes(), 1)).decode()
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    way = "a=t" if placed else f"a=T,U=1,c={columns},r={rows}"
    head = f"{way},q=2,f=24,o=z,t=d,i={number},s={width},v={height},"
    return "".join(
        f"\x1b_G{head if index == 0 else ''}m={int(index < len(chunks) - 1)};{chunk}\x1b\\"
        for index, chunk in enumerate(chunks)
    )


def placed(number: int, columns: int, rows: int) -> str:
    """The message that shows a picture that was sent, from the cursor on, which stays; once more
    moves it."""
    return f"\x1b_Ga=p,q=2,i={number},p=1,c={columns},r={rows},C=1\x1b\\"


def removed(number: int) -> str:
    """The message that takes it away and keeps its data."""
    return f"\x1b_Ga=d,d=i,q=2,i={number}\x1b\\"


def deleted(number: int) -> str:
    """The message that frees a picture; only this form frees its memory too."""
    return f"\x1b_Ga=d,d=I,q=2,i={number}\x1b\\"


def placeholders(row: int, columns: int) -> str:
    """One row of cells; the picture's number goes into their colour, 0xRRGGBB."""
    return "".join(PLACEHOLDER + NUMBERS[row] + NUMBERS[column] for column in range(columns))


def through_tmux(messages: str) -> str:
    """Messages that tmux hands on to the terminal outside, where its `allow-passthrough` is on:
    each by itself, since long ones are dropped."""
    return "".join(
        f"\x1bPtmux;\x1b\x1b{message}\x1b\x1b\\\x1b\\"
        for message in re.findall(r"\x1b(_G[^\x1b]*)\x1b\\", messages)
    )
