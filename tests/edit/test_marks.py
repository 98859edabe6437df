"""Marked pictures in their file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.marks import MOST, Mark, read_marks, write_marks
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, ZooEngine

WS = np.arange(40, dtype=np.float32).reshape(10, 4)


def test_seeds_and_steps_come_back_in_order(tmp_path: Path) -> None:
    file = tmp_path / "marks.json"
    assert read_marks(file, ZooEngine.info) == []
    step = Latent(WS, Seed(3, 0.7), edited=True)
    marks = [Mark(Seed(7, 0.5, 1), "seed 7 · dog"), Mark(step, "step 12")]
    write_marks(file, marks, "zoo")
    first, second = read_marks(file, ZooEngine.info)
    assert first == marks[0]
    assert isinstance(second.picture, Latent) and second.label == "step 12"
    assert second.picture.origin == Seed(3, 0.7) and second.picture.edited
    np.testing.assert_array_equal(second.picture.ws, WS)


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path) -> None:
    file = tmp_path / "marks.json"
    write_marks(file, [Mark(Seed(n), f"seed {n}") for n in range(MOST + 5)], "spot")
    found = read_marks(file, INFO)
    assert [mark.label for mark in (found[0], found[-1])] == ["seed 5", f"seed {MOST + 4}"]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "tui-draggan session"},
        {"version": 2},
        {"model": "zoo"},
        {"marks": 3},
        {"marks": [{"label": "a"}]},
        {"marks": [{"label": "a", "origin": {"seed": -1, "psi": 1, "class": None}}]},
        {"marks": [{"label": "a", "origin": {"seed": 1, "psi": 1, "class": 7}}]},
        {"marks": [{"label": "a", "latent": {"ws": {"shape": [1], "float32": "AAAAAA=="}}}]},
    ],
)
def test_what_is_no_file_of_this_models_marks_says_so(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    file = tmp_path / "marks.json"
    write_marks(file, [Mark(Seed(1), "seed 1")], "spot")
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(UsageError, match=str(file)):
        read_marks(file, INFO)


def test_names_from_a_file_cannot_reach_the_terminal_raw(tmp_path: Path) -> None:
    file = tmp_path / "marks.json"
    write_marks(file, [Mark(Seed(1), "a\x1b[2Jb")], "spot")
    assert read_marks(file, INFO)[0].label.isprintable()
