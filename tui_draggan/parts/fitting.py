"""A head from a few labelled pictures: multinomial logistic regression on pixels.

All parts give equally many pixels, so that eyes count as much as the background; what the pixels'
frequency then lacks is given back by half: + ½·log of the part's share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.engines.adam import Adam
from tui_draggan.parts.head import Features, Head, at_pixels
from tui_draggan.size import Size

PIXELS = 2500
"""Pixels of each part that are looked at, of all pictures together."""
TOGETHER, STEPS, RATE = 2048, 150, 5e-3
DECAY = 0.01
"""Share of the step size by which weights shrink (Loshchilov and Hutter, "Decoupled Weight Decay
Regularization", 2019)."""
PRIOR = 0.5
"""Share of the log frequency that is given back."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture's features, and the part of each of its pixels."""

    features: Features
    parts: Bytes
    """(H, W) numbers of parts."""


def fit(pictures: Sequence[Labelled], names: Sequence[str], seed: int = 0) -> Head:
    """A head for these parts. A part that no picture has is never told."""
    random = np.random.default_rng(seed)
    x, y = _pixels(pictures, len(names), random)
    middle, spread = x.mean(axis=0), x.std(axis=0) + np.float32(1e-6)
    x = (x - middle) / spread
    weight = np.zeros((x.shape[1], len(names)), np.float32)
    bias = np.zeros(len(names), np.float32)
    moments = Adam(weight.shape), Adam(bias.shape)
    wanted = np.eye(len(names), dtype=np.float32)[y]
    for _ in range(STEPS):
        some = random.integers(len(x), size=TOGETHER)
        error = (_softmax(x[some] @ weight + bias) - wanted[some]) / np.float32(TOGETHER)
        weight *= np.float32(1 - RATE * DECAY)
        moments[0].update(weight, x[some].T @ error, RATE)
        moments[1].update(bias, error.sum(axis=0), RATE)
    weight = weight / spread[:, None]
    counts = np.bincount(
        np.concatenate([one.parts.ravel() for one in pictures]), minlength=len(names)
    )
    shares = np.maximum(counts, 1) / counts.sum()
    bias = bias - middle @ weight + PRIOR * np.log(shares).astype(np.float32)
    bias[counts == 0] = -1e4
    weights, start = {}, 0
    for block, values in pictures[0].features.items():
        weights[block] = np.ascontiguousarray(weight[start : start + len(values)].T)
        start += len(values)
    return Head(tuple(names), weights, bias.astype(np.float32))


def _pixels(
    pictures: Sequence[Labelled], count: int, random: np.random.Generator
) -> tuple[Floats, np.ndarray]:
    """Features (N, C) and parts (N,) of equally many pixels of every part that there is."""
    rows, parts = [], []
    for part in range(count):
        there = [np.flatnonzero(one.parts.ravel() == part) for one in pictures]
        total = sum(map(len, there))
        if not total:
            continue
        chosen = np.sort(random.integers(total, size=PIXELS))
        first = 0
        for one, places in zip(pictures, there, strict=True):
            own = chosen[(chosen >= first) & (chosen < first + len(places))] - first
            first += len(places)
            size = Size(*one.parts.shape)
            columns = [at_pixels(values, size, places[own]) for values in one.features.values()]
            rows.append(np.concatenate(columns, axis=1))
        parts.append(np.full(PIXELS, part))
    return np.concatenate(rows), np.concatenate(parts)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = powers / powers.sum(axis=1, keepdims=True)
    return found
