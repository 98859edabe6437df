"""Answers that are remembered."""

from __future__ import annotations

import numpy as np

from tui_draggan.tui.remembered import Remembered


def test_an_answer_holds_for_the_very_same_values_and_equal_numbers() -> None:
    remembered, asked = Remembered[list[int]](), []

    def answer() -> list[int]:
        asked.append(1)
        return [len(asked)]

    picture = np.zeros((2, 2))
    first = remembered.of(picture, 1000, answer=answer)
    assert remembered.of(picture, int("1000"), answer=answer) is first
    assert remembered.of(picture.copy(), 1000, answer=answer) == [2], "equal, but another"
    assert remembered.of(picture, 1000, answer=answer) == [3], "the last one only"
    assert remembered.of(picture, 1001, answer=answer) == [4]
    remembered.forget()
    assert remembered.of(picture, 1001, answer=answer) == [5]
