"""Where a latent comes from, in values and in words."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.edit.latent import (
    Latent,
    Photo,
    Seed,
    change_in_words,
    class_index,
    class_name,
    recommended_psi,
    reopened,
)
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, ZooEngine

ZOO = ZooEngine.info
PHOTO = Photo("cat.jpg", "00" * 32)


@pytest.mark.parametrize(("seed", "psi"), [(-1, 0.7), (2**32, 0.7), (0, 2.1), (0, math.nan)])
def test_seed_and_truncation_have_their_ranges(seed: int, psi: float) -> None:
    with pytest.raises(UsageError, match=r"^(seed|psi) is .*; expected"):
        Seed(seed, psi)


def test_a_latent_cannot_be_written_into() -> None:
    latent = Latent(np.zeros((10, 4), np.float32), Seed(0))
    with pytest.raises(ValueError, match="read-only"):
        latent.ws[0, 0] = 1


def test_classes_by_name_and_number() -> None:
    assert class_index(None, INFO) is None and class_index(None, ZOO) is None
    assert class_index("bear", ZOO) == class_index("2", ZOO) == class_index(2, ZOO) == 2
    for wrong in ("unicorn", "5", 5, -1, "²"):
        with pytest.raises(UsageError, match=f"no class {wrong} in zoo; available: cat, dog"):
            class_index(wrong, ZOO)
    with pytest.raises(UsageError, match="spot has no classes"):
        class_index(0, INFO)
    many = replace(ZOO, classes=tuple(f"c{i}" for i in range(1000)))
    with pytest.raises(UsageError, match=r"c11, … \(or a number, 0 to 999\)"):
        class_index("x", many)
    assert class_name(Seed(1, 0.7, 3), ZOO) == "rabbit"
    assert class_name(Seed(1), INFO) is None and class_name(PHOTO, ZOO) is None


def test_what_is_not_said_stays() -> None:
    now = Seed(4, 0.5, 2)
    assert reopened(now, ZOO) == now
    assert reopened(now, ZOO, seed=9) == Seed(9, 0.5, 2)
    assert reopened(now, ZOO, psi=0.0) == Seed(4, 0.0, 2)
    assert reopened(now, ZOO, label=0) == Seed(4, 0.5, 0)
    model = replace(INFO, recommended={"psi": 1.0})
    assert recommended_psi(model) == 1.0 and recommended_psi(INFO) == 0.7
    assert reopened(PHOTO, model) == Seed(0, 1.0), "from a photograph to the first picture"


def test_a_change_says_what_is_new() -> None:
    now = Seed(4, 0.5, 2)
    assert change_in_words(now, Seed(9, 0.5, 2), ZOO) == "seed 9"
    assert change_in_words(now, Seed(4, 0.25, 2), ZOO) == "truncation ψ 0.25"
    assert change_in_words(now, Seed(4, 0.5, 0), ZOO) == "class cat"
    assert change_in_words(now, Seed(9, 0.5, 4), ZOO) == "class fox"
    assert change_in_words(PHOTO, Seed(4), INFO) == "seed 4"
