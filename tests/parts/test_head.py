"""Heads against torch's enlargement, pictures of known parts, and counts written plainly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from tui_draggan.arrays import Floats
from tui_draggan.errors import UsageError
from tui_draggan.parts.fitting import Labelled, fit
from tui_draggan.parts.head import at_pixels, enlarged
from tui_draggan.parts.labelled import checked_parts, painted
from tui_draggan.parts.measures import cross_validated, overlaps
from tui_draggan.size import Size

SIZE = Size(32, 16)
NAMES = ("ground", "disc", "bar", "nowhere")


def picture(seed: int) -> Labelled:
    """A disc and a bar somewhere; each has its own colour in features of two sizes, with noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE.height, : SIZE.width]
    parts = np.zeros(SIZE, np.uint8)
    parts[np.hypot(y - random.integers(6, 12), x - random.integers(5, 11)) < 5] = 1
    top = random.integers(20, 26)
    parts[top : top + 4, 2:14] = 2
    kinds = np.random.default_rng(0).standard_normal((3, 10))[parts].transpose(2, 0, 1)
    kinds = kinds.astype(np.float32)
    coarse = kinds.reshape(10, 16, 2, 8, 2).mean(axis=(2, 4))
    noise = [random.standard_normal(one.shape) * 0.3 for one in (coarse, kinds[:4])]
    features = {
        8: (coarse + noise[0]).astype(np.float32),
        16: (kinds[:4] + noise[1]).astype(np.float32),
    }
    return Labelled(features, parts)


@pytest.mark.parametrize("old", [(4, 4), (8, 2), (32, 16), (16, 8)])
def test_enlargement_is_torchs(old: tuple[int, int]) -> None:
    values = np.random.default_rng(0).standard_normal((3, *old)).astype(np.float32)
    plain = F.interpolate(
        torch.from_numpy(values)[None], tuple(SIZE), mode="bilinear", align_corners=False
    )[0].numpy()
    np.testing.assert_allclose(enlarged(values, SIZE), plain, atol=1e-5)
    places = np.array([0, 5, 17, SIZE.area - 1, 200])
    np.testing.assert_allclose(
        at_pixels(values, SIZE, places), plain.reshape(3, -1)[:, places].T, atol=1e-5
    )


def test_one_picture_tells_the_parts_of_others() -> None:
    head = fit([picture(0)], NAMES)
    told = [head.parts(picture(seed).features, SIZE) for seed in range(1, 6)]
    true = [picture(seed).parts for seed in range(1, 6)]
    found = overlaps(told, true, len(NAMES))
    assert (found[:3] > 0.85).all() and np.isnan(found[3]), "what no picture has is never told"
    assert head.weights[8].shape == (4, 10) and head.weights[16].shape == (4, 4)


def test_features_of_any_length_do_as_well() -> None:
    """The head is in the features as they are, whatever it was fitted in."""

    def scaled(one: Labelled) -> Labelled:
        return Labelled({8: 100 * one.features[8] + 7, 16: 0.01 * one.features[16]}, one.parts)

    plain, other = fit([picture(0)], NAMES), fit([scaled(picture(0))], NAMES)
    test = picture(9)
    same = plain.parts(test.features, SIZE) == other.parts(scaled(test).features, SIZE)
    assert same.mean() > 0.99


def test_cross_validation_uses_pictures_that_were_not_seen() -> None:
    random = np.random.default_rng(0)

    def noise(seed: int) -> Labelled:
        one = picture(seed)
        values: Floats = random.standard_normal((200, *SIZE)).astype(np.float32)
        return Labelled({16: values}, one.parts)

    pictures = [picture(seed) for seed in range(4)]
    assert np.nanmean(cross_validated(pictures, NAMES)) > 0.85
    assert np.nanmean(cross_validated([noise(seed) for seed in range(2)], NAMES)) < 0.4


def test_overlaps_are_counted_plainly() -> None:
    random = np.random.default_rng(0)
    told, true = ([random.integers(0, 3, SIZE).astype(np.uint8) for _ in "ab"] for _ in "cd")
    found = overlaps(told, true, 4)
    for part in range(3):
        both = sum(int(((a == part) & (b == part)).sum()) for a, b in zip(told, true, strict=True))
        any_ = sum(int(((a == part) | (b == part)).sum()) for a, b in zip(told, true, strict=True))
        assert found[part] == pytest.approx(both / any_)
    assert np.isnan(found[3])
    np.testing.assert_array_equal(overlaps(told, told, 3), 1)


# -- painted label maps ----------------------------------------------------------------------------


def ws_of(seed: int, label: str | None) -> Floats:
    return np.full((2, 2), seed + (100 if label == "cat" else 0), np.float32)


def test_label_maps_of_a_folder(tmp_path: Path) -> None:
    parts = picture(0).parts
    Image.fromarray(parts).save(tmp_path / "12.png")
    Image.fromarray(parts).save(tmp_path / "7-cat.png")
    (one, first), (other, second) = painted(tmp_path, SIZE, 3, ws_of)
    assert (one[0, 0], other[0, 0]) == (12, 107)
    np.testing.assert_array_equal(first, parts)
    np.testing.assert_array_equal(second, parts)


@pytest.mark.parametrize(
    ("name", "image", "message"),
    [
        ("a.png", Image.new("L", (16, 32)), "a.png: expected SEED.png or SEED-CLASS.png"),
        ("1.png", Image.new("L", (16, 16)), "1.png is 16 × 16 px; expected"),
        ("1.png", Image.new("L", (16, 32), 3), "has the value 3; 3 parts are 0 to 2"),
        ("1.png", Image.new("RGB", (16, 32)), r"has colours \(RGB\); expected a palette"),
    ],
)
def test_wrong_label_maps_are_refused_by_name(
    tmp_path: Path, name: str, image: Image.Image, message: str
) -> None:
    image.save(tmp_path / name)
    with pytest.raises(UsageError, match=message):
        painted(tmp_path, SIZE, 3, ws_of)


def test_what_is_no_label_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no label maps"):
        painted(tmp_path, SIZE, 3, ws_of)
    (tmp_path / "1.png").write_bytes(b"not at all")
    with pytest.raises(UsageError, match=r"1\.png cannot be read"):
        painted(tmp_path, SIZE, 3, ws_of)
    assert checked_parts(["skin", " ears"]) == ("skin", "ears")
    for names in (["skin"], ["skin", "skin"], ["skin", ""]):
        with pytest.raises(UsageError, match="expected 2 to 64 names of parts, all different"):
            checked_parts(names)
