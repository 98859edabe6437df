"""The box of a photograph: inside it, of the model's proportions, whatever is done to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_draggan.errors import UsageError
from tui_draggan.pictures.crop import LEAST, Crop, centred, parse_crop
from tui_draggan.size import Size

SQUARE, UPRIGHT = Size(128, 128), Size(1024, 512)


def test_the_largest_square_in_the_middle() -> None:
    assert centred(Size(300, 400), SQUARE) == Crop(50, 0, 300, 300)
    assert centred(Size(400, 301), SQUARE) == Crop(0, 49, 301, 301)
    assert centred(Size(300, 400), UPRIGHT) == Crop(125, 0, 150, 300)
    assert centred(Size(900, 400), UPRIGHT) == Crop(0, 50, 400, 800)


def test_typed() -> None:
    assert parse_crop("10, 20,64", Size(300, 400), SQUARE) == Crop(10, 20, 64, 64)
    assert parse_crop("10,20,64", Size(300, 400), UPRIGHT) == Crop(10, 20, 64, 128)
    assert Crop(10, 20, 64, 128).text == "10,20,64"
    for wrong in (
        "",
        "1,2",
        "1,2,3,4",
        "a,b,c",
        "-1,2,64",
        "1.5,2,64",
        "1,2,9999999999999",
        "²,1,64",
    ):
        with pytest.raises(UsageError, match=r"is not x,y,width in pixels, as in 120,40,512"):
            parse_crop(wrong, Size(300, 400), SQUARE)
    with pytest.raises(UsageError, match=r"64×64 px from 340,0, reaches beyond .* 400×300 px"):
        parse_crop("340,0,64", Size(300, 400), SQUARE)
    with pytest.raises(UsageError, match="the crop is 15×15 px; expected 16 px a side or more"):
        parse_crop("0,0,15", Size(300, 400), SQUARE)


@given(
    st.tuples(st.integers(LEAST, 900), st.integers(LEAST, 900)),
    st.tuples(st.integers(32, 1024), st.integers(32, 1024)),
    st.lists(
        st.one_of(
            st.tuples(st.integers(-500, 500), st.integers(-500, 500)),
            st.floats(0.2, 5).filter(lambda factor: factor != 1),
        ),
        max_size=12,
    ),
)
def test_it_stays_inside_and_keeps_its_proportions(
    shape: tuple[int, int], model_shape: tuple[int, int], changes: list[tuple[int, int] | float]
) -> None:
    photograph, model = Size(*shape), Size(*model_shape)
    try:
        crop = centred(photograph, model)
    except UsageError:
        return  # a narrow model and a small photograph
    for change in changes:
        if isinstance(change, float):
            crop = crop.scaled(change, photograph, model)
        else:
            crop = crop.moved(*change, photograph)
        crop.check(photograph)
        assert abs(crop.height - crop.width * model.height / model.width) <= 0.5


@given(st.integers(17, 400), st.booleans())
def test_every_key_does_something(width: int, larger: bool) -> None:
    photograph = Size(600, 600)
    crop = Crop(100, 100, width, width)
    scaled = crop.scaled(1.01 if larger else 0.99, photograph, SQUARE)
    assert scaled.width > width if larger else scaled.width < width
    assert abs(2 * (scaled.x - 100) + scaled.width - width) <= 1, "about the same centre"


def test_a_small_step_and_back_is_where_it_was() -> None:
    photograph = Size(600, 600)
    crop = Crop(100, 100, 200, 200)
    assert crop.moved(3, -2, photograph).moved(-3, 2, photograph) == crop
    assert crop.moved(-5000, 5000, photograph) == Crop(0, 400, 200, 200)
    assert crop.scaled(100, photograph, SQUARE) == Crop(0, 0, 600, 600)
    assert crop.scaled(0.001, photograph, SQUARE).width == LEAST
