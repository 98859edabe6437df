"""Which engine is picked by which figures, when a pick is provisional, and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tui_draggan import paths
from tui_draggan.engines.picks import BUSY, REMEMBERED, TURNS, Memory, Pick


@pytest.fixture(autouse=True)
def _cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_least_median_is_picked_not_the_luckiest_step() -> None:
    pick = Pick.of({"lucky": [30, 30, 30, 1, 30], "steady": [20, 20, 21, 21, 900]}, TURNS)
    assert pick.engine == "steady"
    assert pick.milliseconds == {"lucky": 30, "steady": 21}


def test_the_spread_is_half_the_quartile_distance_of_the_widest() -> None:
    """Of 1 to 5 the quartiles are 2 and 4, the median 3."""
    pick = Pick.of({"even": [10.0] * 5, "wide": [5.0, 1.0, 4.0, 2.0, 3.0]}, TURNS)
    assert pick.spread == pytest.approx(1 / 3)
    assert Pick.of({"once": [7.0]}, TURNS).spread == 0


@pytest.mark.parametrize(
    ("steps", "turns", "doubt"),
    [
        ([100, 101, 99, 100, 102, 98, 100, 100, 101], TURNS, ""),
        ([250, 251, 249, 100, 102, 98, 100, 100, 101], TURNS, "the machine was busy"),
        ([100, 101, 99], 1, "it was measured in a hurry"),
        ([100, 250, 100, 250], 1, "the machine was busy"),
    ],
)
def test_a_pick_is_provisional_where_a_turn_was_disturbed_or_left_out(
    steps: list[float], turns: int, doubt: str
) -> None:
    pick = Pick.of({"a": steps}, turns)
    assert pick.doubt == doubt
    assert (pick.spread > BUSY) == ("busy" in doubt)


def test_what_is_kept_is_what_is_recalled_until_it_is_forgotten() -> None:
    pick, other = Pick.of({"a": [1.25, 3.5], "b": [0.1]}, 2), Pick.of({"c": [1]}, TURNS)
    Memory("x").keep(pick)
    Memory("y").keep(other)
    assert Memory("x").recall() == pick
    Memory("x").forget()
    assert Memory("x").recall() is None
    assert Memory("y").recall() == other


def test_the_oldest_go_first_and_one_measured_again_is_new() -> None:
    pick = Pick.of({"a": [1.0]}, TURNS)
    for number in (*range(REMEMBERED), 0, REMEMBERED):
        Memory(str(number)).keep(pick)
    assert Memory("0").recall() and not Memory("1").recall() and Memory("2").recall()


SOUND = {"engine": "a", "milliseconds": {"a": 1.0}, "spread": 0.0, "turns": 3, "measured_at": 1.0}


@pytest.mark.parametrize(
    "entry",
    [
        "quick",
        None,
        [],
        {},
        {**SOUND, "engine": "b"},
        {**SOUND, "milliseconds": {"a": "soon"}},
        {**SOUND, "milliseconds": [1]},
        {**SOUND, "milliseconds": {"a": float("nan")}},
        {**SOUND, "milliseconds": {"a": 0}},
        {**SOUND, "spread": float("inf")},
        {**SOUND, "measured_at": float("inf")},
        {**SOUND, "turns": float("inf")},
        {**SOUND, "turns": None},
    ],
)
def test_a_damaged_entry_is_none(entry: Any) -> None:
    paths.chosen_engines().parent.mkdir(parents=True, exist_ok=True)
    paths.chosen_engines().write_text(json.dumps({"x": entry, "y": SOUND}))
    assert Memory("x").recall() is None
    assert Memory("y").recall() is not None
