"""Answers are told from keys, in whatever pieces and whenever they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from tui_draggan.tui.terminal.replies import (
    KEY_DELAY,
    PATIENCE,
    Answer,
    Attributes,
    CellSize,
    KittyGraphics,
    Mode,
    Ready,
    Reply,
    Sieve,
    TrueColour,
    Unknown,
    Version,
    WindowSize,
    parse,
)

ANSWERS: dict[str, Reply] = {
    "\x1b[?62;4;22c": Attributes(frozenset({62, 4, 22})),
    "\x1b[?6c": Attributes(frozenset({6})),
    "\x1b[>41;390;0c": Unknown(),
    "\x1b_Gi=31;OK\x1b\\": KittyGraphics(True, 31),
    "\x1b_Gi=32,p=1;OK\x1b\\": KittyGraphics(True, 32),
    "\x1b_G;OK\x1b\\": KittyGraphics(True),
    "\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\": KittyGraphics(False, 31),
    "\x1b[6;18;9t": CellSize(9, 18),
    "\x1b[6;0;0t": Unknown(),
    "\x1b[6;-18;9t": Unknown(),
    "\x1b[4;540;900t": Unknown(),
    "\x1b[48;30;100;540;900t": WindowSize(100, 30, 900, 540),
    "\x1b[48;0;0;540;900t": Unknown(),
    "\x1b[48;99999;99999;540;900t": Unknown(),
    "\x1b[?1016;1$y": Mode(1016, True),
    "\x1b[?1016;2$y": Mode(1016, False),
    "\x1b[?1016;0$y": Mode(1016, False),
    "\x1b[?1u": Unknown(),
    "\x1b[0n": Ready(),
    "\x1b[3n": Ready(),
    "\x1bP>|XTerm(390)\x1b\\": Version("xterm", (390,)),
    "\x1bP>|kitty(0.26.5)\x1b\\": Version("kitty", (0, 26, 5)),
    "\x1bP>|ghostty 1.0.0\x1b\\": Version("ghostty", (1, 0, 0)),
    "\x1bP>|WezTerm 20240203-110809-5046fc22\x1b\\": Version("wezterm", (20240203,)),
    "\x1bP>|tmux 3.3a\x1b\\": Version("tmux", (3, 3)),
    "\x1bP>|\x1b\\": Unknown(),
    "\x1bP1$r38;2;1;2;3m\x1b\\": Unknown(),
    "\x1bP1$r0;48:2::1:2:3m\x1b\\": TrueColour(),
    "\x1bP1$r0;1;48:2:1:2:3;4m\x1b\\": TrueColour(),
    "\x1bP1$r0;48:5:16m\x1b\\": Unknown(),
    "\x1bP0$r\x1b\\": Unknown(),
    "\x1bP1+r524742=38\x1b\\": Unknown(),
    "\x1bP!|00000000\x1b\\": Unknown(),
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\": Unknown(),
    "\x1b]4;0;rgb:0/0/0\x07": Unknown(),
}
MOUSE = ("\x1b[<0;13;6M", "\x1b[<35;1;1M", "\x1b[<0;13;6m", "\x1b[M !!")
OTHERS = ("\x1b[I", "\x1b[O", "\x1b[12;40R", "\x1b[97;5u", "\x1b[97;;97u", "\x1b[?2048;2$y")


def passed(sieve: Sieve, *pieces: str, gap: float = 0.01) -> tuple[str, list[str]]:
    """Keys and answers out of pieces that come one after another, and then nothing."""
    keys, answers = "", []
    now = 0.0
    for piece in (*pieces, ""):
        found = [*sieve.tick(now), *sieve.feed(piece, now)]
        now += gap
        keys += "".join(one for one in found if isinstance(one, str))
        answers += [one.text for one in found if isinstance(one, Answer)]
    found = list(sieve.tick(now + PATIENCE))
    return keys + "".join(one for one in found if isinstance(one, str)), answers


@pytest.mark.parametrize("answer", ANSWERS, ids=ascii)
def test_an_answer_is_read_and_never_typed(answer: str) -> None:
    assert passed(Sieve(), f"j{answer}k") == ("jk", [answer])
    for cut in range(2, len(answer)):
        slow = passed(Sieve(), f"j{answer[:cut]}", f"{answer[cut:]}k", gap=KEY_DELAY / 2)
        assert slow == ("jk", [answer])
    assert parse(answer) == ANSWERS[answer]


@pytest.mark.parametrize("gap", [2 * KEY_DELAY, 2.0, 0.8 * PATIENCE])
def test_the_rest_may_come_seconds_later(gap: float) -> None:
    answer = "\x1b[?62;4;22c"
    for cut in range(3, len(answer)):
        assert passed(Sieve(), answer[:cut], f"{answer[cut:]}k", gap=gap) == ("k", [answer])
    assert passed(Sieve(), "\x1b", "[?62;4;22ck", gap=gap) == ("\x1bk", [answer])


def test_what_has_no_end_is_dropped() -> None:
    assert passed(Sieve(), "\x1b[?62;4", "", gap=2 * PATIENCE) == ("", [])
    assert passed(Sieve(), "\x1b_Gi=31;O", "j", gap=2 * PATIENCE) == ("j", [])
    assert passed(Sieve(), "\x1b[?", *["4;" * 999] * 9, "cj")[0] == "j"
    assert passed(Sieve(), "\x1b_Gi=31;O\x1b[?6cj") == ("j", ["\x1b[?6c"])


@given(st.lists(st.sampled_from([*ANSI_SEQUENCES_KEYS, *MOUSE, *OTHERS, *"jk€"]), max_size=6))
def test_keys_pass_as_they_are(keys: list[str]) -> None:
    sieve, text = Sieve(), ""
    for key in keys:
        text += passed(sieve, key)[0]
    assert text == "".join(keys)


@given(st.lists(st.sampled_from([*ANSWERS, *MOUSE, *"jk€"]), max_size=8), st.data())
def test_in_any_pieces(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    keys, answers = passed(Sieve(), *pieces, gap=KEY_DELAY / 20)
    assert keys == "".join(part for part in parts if part not in ANSWERS)
    assert answers == [part for part in parts if part in ANSWERS]


@pytest.mark.parametrize("cut", range(1, 20))
def test_what_is_pasted_stays_as_it_is(cut: int) -> None:
    text = "\x1b[200~a\x1b[?6c\x1b[201~"
    assert passed(Sieve(), text[:cut], f"{text[cut:]}\x1b[?6cj") == (f"{text}j", ["\x1b[?6c"])
