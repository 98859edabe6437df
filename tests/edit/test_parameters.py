"""Defaults from the paper, ranges, and points as a person types them."""

from __future__ import annotations

import math

import pytest

from tui_draggan.edit.parameters import PARAMETERS, DragParams, Number, Parameter, default_params
from tui_draggan.edit.points import Pair, parse_pair
from tui_draggan.errors import UsageError


def test_the_papers_values_at_512_px():
    params = default_params(512, trainable_rows=11)
    assert (params.r1, params.r2, params.rows) == (3, 12, 6)
    assert (params.mask_weight, params.steps, params.learning_rate) == (20, 300, 0.002)
    assert params.reached_within(5) == 1 and params.reached_within(6) == 2


@pytest.mark.parametrize("resolution", [32, 64, 128, 256, 1024])
def test_radii_scale_with_the_resolution_and_are_never_empty(resolution: int):
    params = default_params(resolution, trainable_rows=5)
    assert params.r1 == max(1, round(3 * resolution / 512))
    assert params.r2 == max(1, round(12 * resolution / 512))
    assert params.rows == 5


def test_the_model_recommends_and_the_person_decides():
    params = default_params(64, 9, {"learning_rate": 0.01, "r2": 5})
    assert (params.learning_rate, params.r2) == (0.01, 5)
    assert params.with_values(r2=7).r2 == 7


NUMBERS = [one for one in PARAMETERS if isinstance(one.values, Number)]


@pytest.mark.parametrize("parameter", NUMBERS, ids=lambda one: one.name)
def test_every_range_is_kept(parameter: Parameter):
    name, limits = parameter.name, parameter.values
    assert isinstance(limits, Number)
    for value in (limits.low, limits.high):
        typed = int(value) if limits.whole else value
        assert getattr(DragParams().with_values(**{name: typed}), name) == value
    for wrong in (limits.low - 1, limits.high + 1, math.nan, math.inf, "3"):
        with pytest.raises(UsageError, match=f"{name} is .*expected"):
            DragParams().with_values(**{name: wrong})


def test_unknown_names_and_broken_numbers():
    with pytest.raises(UsageError, match="no parameter named speed"):
        DragParams().with_values(speed=3)
    with pytest.raises(UsageError, match="whole number"):
        DragParams().with_values(r1=2.5)


def test_points_are_typed_as_pairs():
    assert parse_pair("60,40:60,28") == ((60, 40), (60, 28))
    assert parse_pair(" 1 , 2 : 3 , 4 ") == ((1, 2), (3, 4))
    for text in ("", "60,40", "60,40:", "a,b:c,d", "1.5,2:3,4", "1,2:3,4:5,6"):
        with pytest.raises(UsageError, match="expected"):
            parse_pair(text)
    assert Pair(1, (0, 0), (3, 4)).distance == 5
