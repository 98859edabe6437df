"""One table of parameters: defaults from the paper, ranges, texts; and points as a person types."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from tui_draggan.edit.parameters import (
    MAX_SEED,
    PARAMETERS,
    PSI,
    RECOMMENDABLE,
    SCALED,
    SEED,
    SPACES,
    DragParams,
    Parameter,
    default_params,
    doubled,
    parameter,
)
from tui_draggan.edit.points import Pair, parse_pair
from tui_draggan.edit.values import Number
from tui_draggan.errors import UsageError
from tui_draggan.size import Size

NUMBERS = [one for one in PARAMETERS if isinstance(one.values, Number)]


def test_the_table_and_the_values_hold_the_same_parameters() -> None:
    assert sorted(one.name for one in PARAMETERS) == sorted(one.name for one in fields(DragParams))
    for one in PARAMETERS:
        default = getattr(DragParams(), one.name)
        kind = type(default) if one.name != "tolerance" else float
        if isinstance(one.values, Number):
            assert one.values.whole == (kind is int), one.name
            assert (one.values.absent is not None) == (default is None), one.name
        else:
            assert kind is str, one.name
    assert set(SCALED) <= {one.name for one in PARAMETERS}


def test_flags_and_titles_are_each_one_parameters() -> None:
    every = (*PARAMETERS, SEED, PSI)
    flags = [flag for one in every for flag in one.flags]
    assert len(set(flags)) == len(flags)
    assert len({one.title for one in every}) == len(every)
    assert all(flag.startswith("--") for flag in flags)
    for one in every:
        assert one.note and not one.note.endswith("."), "half a sentence"
        assert one.description.endswith(".") and one.description[0].isupper()


def test_what_a_model_may_recommend() -> None:
    names = {one.name for one in RECOMMENDABLE}
    assert names == {"method", "learning_rate", "anchor", "r1", "r2", "space", "psi"}


@pytest.mark.parametrize("one", PARAMETERS, ids=lambda one: one.name)
def test_a_value_is_shown_as_it_is_typed(one: Parameter) -> None:
    value = getattr(DragParams(), one.name)
    assert one.parse(one.shown(value)) == value


def test_typed_values() -> None:
    assert parameter("steps").parse(" 17.0 ") == 17
    assert PSI.parse("−0.5") == -0.5, "any minus sign"
    assert parameter("tolerance").parse("auto") is parameter("tolerance").parse("") is None
    assert parameter("space").parse("whitened-w") == "whitened-w"
    assert SEED.parse(str(MAX_SEED)) == MAX_SEED
    for one, text, message in (
        (parameter("steps"), "zero", "'zero' is not a number"),
        (parameter("steps"), "1.5", "steps is 1.5; expected a whole number"),
        (parameter("steps"), "0", "steps is 0; expected 1 to 100000"),
        (parameter("space"), "v", r"no 'v' here; expected w\+, w, whitened-w\+ or whitened-w"),
        (parameter("learning_rate"), "inf", "expected 1e-06 to 1"),
        (SEED, "-1", "seed is -1; expected 0 to 4294967295"),
    ):
        with pytest.raises(UsageError, match=message):
            one.parse(text)


def test_ranges_in_words() -> None:
    assert parameter("r1").range == "1 to 64"
    assert parameter("tolerance").range == "0 to 64, or auto"
    assert parameter("space").range == "w+, w, whitened-w+ or whitened-w"
    assert parameter("rows").description.endswith("; acts from the next run on.")
    assert parameter("r1").description == "Radius of motion supervision, px."


def test_a_step_size_is_doubled_within_its_range() -> None:
    assert doubled(0.002, 1) == 0.004 and doubled(0.002, -2) == 0.0005
    assert doubled(0.9, 3) == 1.0 and doubled(1e-6, -1) == 1e-6


def test_which_values_differ() -> None:
    one = DragParams()
    assert one.differing(DragParams()) == ()
    assert one.differing(one.with_values(r1=5)) == (parameter("r1"),)
    names = {p.name for p in one.differing(one.with_values(steps=2, tolerance=1.0))}
    assert names == {"steps", "tolerance"}


def test_the_papers_values_at_512_px() -> None:
    params = default_params(Size.square(512), trainable_rows=11)
    assert (params.r1, params.r2, params.rows) == (3, 12, 6)
    assert (params.mask_weight, params.steps, params.learning_rate) == (20, 300, 0.002)
    assert params.reached_within(5) == 1 and params.reached_within(6) == 2


@pytest.mark.parametrize("side", [32, 64, 128, 256, 1024])
@pytest.mark.parametrize("longer", [1, 2])
def test_radii_scale_with_the_shorter_side_and_are_never_empty(side: int, longer: int) -> None:
    params = default_params(Size(longer * side, side), trainable_rows=5)
    assert params.r1 == max(1, round(3 * side / 512))
    assert params.r2 == max(1, round(12 * side / 512))
    assert params.rows == 5


def test_the_model_recommends_and_the_person_decides() -> None:
    params = default_params(Size.square(64), 9, {"learning_rate": 0.01, "r2": 5, "psi": 1.0})
    assert (params.learning_rate, params.r2) == (0.01, 5)
    assert params.with_values(r2=7).r2 == 7


@pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.name)
def test_every_range_is_kept(one: Parameter) -> None:
    name, limits = one.name, one.values
    assert isinstance(limits, Number)
    for value in (limits.low, limits.high):
        typed = int(value) if limits.whole else value
        assert getattr(DragParams().with_values(**{name: typed}), name) == value
    for wrong in (limits.low - 1, limits.high + 1, math.nan, math.inf, "3", True):
        with pytest.raises(UsageError, match=f"{name} is .*expected"):
            DragParams().with_values(**{name: wrong})


def test_unknown_names_and_broken_numbers() -> None:
    with pytest.raises(UsageError, match="no parameter named speed"):
        DragParams().with_values(speed=3)
    with pytest.raises(UsageError, match="whole number"):
        DragParams().with_values(r1=2.5)
    with pytest.raises(UsageError, match=r"space is 1; expected w\+, w, whitened"):
        DragParams().with_values(space=1)


def test_latent_spaces() -> None:
    spaces = {name: DragParams(space=name) for name in SPACES}
    assert {name for name, one in spaces.items() if one.w_plus} == {"w+", "whitened-w+"}
    assert {name for name, one in spaces.items() if one.whitened} == {"whitened-w+", "whitened-w"}
    assert DragParams().with_values(w_plus=False).space == "w", "as older files have it"
    assert default_params(Size.square(64), 9, {"w_plus": True}).space == "w+"


def test_points_are_typed_as_pairs() -> None:
    assert parse_pair("60,40:60,28") == ((60, 40), (60, 28))
    assert parse_pair(" 1 , 2 : 3 , 4 ") == ((1, 2), (3, 4))
    for text in ("", "60,40", "60,40:", "a,b:c,d", "1.5,2:3,4", "1,2:3,4:5,6"):
        with pytest.raises(UsageError, match="expected"):
            parse_pair(text)
    assert Pair(1, (0, 0), (3, 4)).distance == 5
