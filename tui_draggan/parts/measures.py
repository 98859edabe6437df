"""How well parts are told: intersection over union, by pictures that a head has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Bytes
from tui_draggan.parts.fitting import Labelled, fit
from tui_draggan.size import Size

FOLDS = 4


def overlaps(told: Sequence[Bytes], true: Sequence[Bytes], count: int) -> NDArray[np.float64]:
    """(K,) the intersection of each part over its union, of all pictures together; NaN for a part
    that is in none."""
    one = np.concatenate([parts.ravel() for parts in told]).astype(np.int64)
    other = np.concatenate([parts.ravel() for parts in true]).astype(np.int64)
    table = np.bincount(one * count + other, minlength=count * count).reshape(count, count)
    both = np.diag(table)
    either = table.sum(axis=0) + table.sum(axis=1) - both
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = both / either
    return found


def cross_validated(pictures: Sequence[Labelled], names: Sequence[str]) -> NDArray[np.float64]:
    """`overlaps` by heads that have not seen the picture; pictures go to folds in turn. There have
    to be two at least."""
    folds = min(FOLDS, len(pictures))
    told, true = [], []
    for fold in range(folds):
        head = fit([one for n, one in enumerate(pictures) if n % folds != fold], names)
        for one in pictures[fold::folds]:
            told.append(head.parts(one.features, Size(*one.parts.shape)))
            true.append(one.parts)
    return overlaps(told, true, len(names))
