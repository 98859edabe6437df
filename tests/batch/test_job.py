"""A job's key tells what is asked for, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.batch.made import DOCUMENT, job
from tui_draggan.batch.job import Job, job_of
from tui_draggan.directions.direction import Direction
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Photo, Seed
from tui_draggan.edit.parameters import DragParams, model_params
from tui_draggan.edit.points import Pair
from tui_draggan.testing.spot_engine import INFO

KNOWN: dict[str, Any] = {"line": 1, "model": "spot", "fingerprint": "ab" * 32}
USUAL = replace(DOCUMENT, parameters=model_params(INFO))
MASK = np.zeros(INFO.size, bool)
MASK[:, 40:] = True
SMILE = Direction("smile", np.ones((1, INFO.w_dim), np.float32))


def of(document: Document, **more: Any) -> Job:
    return job_of(document, INFO, **{**KNOWN, **more})


def test_where_a_job_stands_is_not_in_its_key() -> None:
    elsewhere = job(line=7, id="mine", model="/models/spot")
    assert elsewhere.key == job().key and len(elsewhere.key) == 32


def test_a_seed_stands_for_its_latent() -> None:
    """w+ of a seed differs in its last bits from machine to machine."""
    latent = DOCUMENT.latent
    other = replace(USUAL, latent=Latent(latent.ws + np.float32(1e-7), latent.origin))
    assert of(other).key == of(USUAL).key and of(other).edit["latent"]["ws"] is None


@pytest.mark.parametrize(
    "other",
    [
        replace(USUAL, latent=Latent(USUAL.latent.ws, Seed(4))),
        replace(USUAL, latent=Latent(USUAL.latent.ws, Seed(3, psi=0.5))),
        replace(USUAL, latent=Latent(USUAL.latent.ws, Seed(3), edited=True)),
        replace(USUAL, latent=Latent(USUAL.latent.ws, Photo("a.jpg", "ab" * 32))),
        replace(USUAL, pairs=(Pair(1, (10, 10), (20, 21)),)),
        replace(USUAL, pairs=()),
        replace(USUAL, mask=MASK),
        replace(USUAL, mask=~MASK),
        replace(USUAL, parameters=replace(USUAL.parameters, steps=7)),
    ],
)
def test_what_is_asked_for_is_in_its_key(other: Document) -> None:
    assert of(other).key != of(USUAL).key


@pytest.mark.parametrize(
    "more",
    [
        {"fingerprint": "cd" * 32},
        {"moves": ("smile=1",)},
        {"moves": ("smile=2",)},
        {"moves": ("smile=1",), "directions": (SMILE,)},
    ],
)
def test_model_and_moves_are_in_its_key(more: dict[str, Any]) -> None:
    keys = [of(USUAL, **some).key for some in ({}, more, {"moves": ("smile=1.5",)})]
    assert len(set(keys)) == 3


def test_a_key_outlives_parameters_that_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only values other than the model's own are in it, and of a session only what is set."""
    key = of(USUAL).key
    edit = of(USUAL).edit

    def more(document: Document, model: str) -> dict[str, Any]:
        return {**edit, "version": 9, "program": "later", "new": None, "parameters": {"new": 1}}

    monkeypatch.setattr("tui_draggan.batch.job.encode", more)
    assert of(USUAL).key == key


def test_parameters_are_sent_in_full() -> None:
    parameters = of(replace(USUAL, parameters=DragParams(steps=9))).edit["parameters"]
    assert parameters["steps"] == 9 and len(parameters) > 5
