"""The inputs of a drag graph by name, made from what a person gives: numpy only.

`export.step_graph` defines them. H and W sides of the picture, h and w of the feature map, C
channels, R trainable rows of w+.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Bytes, Floats, cell_means
from tui_draggan.bundle import BundleInfo
from tui_draggan.errors import EngineError

Feeds = dict[str, NDArray[Any]]
"""Values of a drag graph's inputs by name, without the latent."""


def untrained(info: BundleInfo, ws: Floats) -> Feeds:
    """The features of `ws`: nothing trained, no mask, the smallest neighbourhoods, no points."""
    rows = info.drag.trainable_rows
    return {
        "frozen": ws,
        "mix": np.zeros((rows, rows), np.float32),
        "disc": np.zeros((1, 2), np.float32),
        "window": np.zeros(1, np.float32),
        "anchor": np.zeros(1, np.float32),
        **outside_rows(info, 0, 1),
    }


def with_handles(feeds: Feeds, points: Floats) -> Feeds:
    """`feeds` with handles at `points` (N, 2) that are dragged nowhere."""
    templates = np.zeros((len(points), len(feeds["outside_reference"])), np.float32)
    return {**feeds, "handles": points, "targets": points, "templates": templates}


def outside_rows(info: BundleInfo, first: int, rows: int) -> Feeds:
    """Rows `first` … of the feature map, with weight and reference zero."""
    width = info.drag.feature_map.width
    return {
        "outside_first": np.array([first], np.int64),
        "outside_end": np.array([first + rows], np.int64),
        "outside_weight": np.zeros((rows, width), np.float32),
        "outside_reference": np.zeros((info.drag.feature_channels, rows, width), np.float32),
    }


def outside_cells(editable: NDArray[np.bool_], info: BundleInfo) -> tuple[int, Floats]:
    """(H, W) → how much of each feature cell lies outside the mask, from the first row with any.

    Returns that row and the share (rows, w) in [0, 1] up to the last row with any.
    The paper takes the mask loss on the up-sampled map. Here it is taken where the features are,
    with the mask averaged over each cell: a sum over h·w cells instead of H·W pixels, and without
    the up-sampled reference. The same where h = H. Otherwise interpolation, which averages signed
    differences before their absolute value is taken, makes the paper's form a little smaller: by
    2 to 3 % on a 64 px model with 32² cells, and the gradients' cosine is above 0.999.
    """
    size, cells = info.size, info.drag.feature_map
    if editable.shape != size:
        raise ValueError(f"the mask is {editable.shape}; the picture has {tuple(size)}")
    share = 1 - cell_means(editable, cells)
    rows = np.flatnonzero(share.any(axis=1))
    if not len(rows):
        return 0, share[:0]
    return int(rows[0]), np.ascontiguousarray(share[rows[0] : rows[-1] + 1])


def wanted_picture(picture: Bytes, info: BundleInfo) -> Floats:
    """(H, W, 3) → (1, C, H, W) in [-1, 1], as networks see pictures; opaque, where C is 4."""
    if picture.shape != (*info.size, 3):
        raise ValueError(f"the picture has shape {picture.shape}; {info.name} needs {info.size}")
    opaque = np.full((*info.size, info.picture_channels - 3), 255, np.uint8)
    whole = np.concatenate([picture, opaque], axis=2).transpose(2, 0, 1)[None]
    return np.ascontiguousarray(whole / np.float32(127.5) - np.float32(1), np.float32)


def disc(radius: int) -> Floats:
    """Offsets (P, 2) of the pixels with dx² + dy² < radius² (DragGAN, section 3.2: Ω1)."""
    if radius < 1:
        raise ValueError(f"motion radius r1 is {radius}; at least 1")
    side = np.arange(1 - radius, radius)
    dx, dy = np.meshgrid(side, side)
    inside = dx**2 + dy**2 < radius**2
    return np.stack([dx[inside], dy[inside]], axis=1).astype(np.float32)


def window(radius: int) -> Floats:
    """Offsets (2·radius + 1,) along one axis of the tracking square (section 3.2: Ω2)."""
    if radius < 0:
        raise ValueError(f"tracking radius r2 is {radius}; at least 0")
    return np.arange(-radius, radius + 1, dtype=np.float32)


def checked(values: Any, shape: tuple[int | None, ...], name: str) -> Floats:
    """Contiguous float32 of that shape (None: any), finite. ValueError or EngineError."""
    array = np.ascontiguousarray(values, np.float32)
    fits = array.ndim == len(shape) and all(
        b in (None, a) for a, b in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = tuple("N" if side is None else side for side in shape)
        raise ValueError(f"{name} has shape {array.shape}; expected {wanted}")
    if not np.isfinite(array).all():
        raise EngineError(f"{name} is not finite; go back to an earlier state or another seed")
    return array


def given(values: Any, shape: tuple[int, ...], name: str) -> Floats:
    """What a network has given, in float32. Raises EngineError where it has another shape than the
    manifest says, or is not finite."""
    array = np.asarray(values, np.float32)
    check_given(array, shape, name)
    return array


def check_given(array: NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    """Raises EngineError where a network has given another shape than the manifest says, or
    something that is not finite."""
    if array.shape != shape:
        raise EngineError(f"{name} has shape {array.shape}; bundle.json says {shape}")
    if not np.isfinite(array).all():
        raise EngineError(f"{name} is not finite; take another seed or truncation")
