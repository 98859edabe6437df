"""Latents as other programs keep them, read and written; reading one runs nothing.

stylegan2-ada-pytorch, stylegan3   projected_w.npz: `w` (1, L, w_dim) or (1, w_dim)
stylegan2-ada                      dlatents.npz: `dlatents` (1, L, w_dim)
encoders and notebooks             .npy: w (w_dim,) or (1, w_dim), w+ (L, w_dim) or (1, L, w_dim)
PTI, e4e, pSp, ReStyle             .pt of torch.save: (1, L, w_dim); of N pictures (N, L, w_dim)
rosinality's projector             .pt: {picture: {"latent": (w_dim,) or (L, w_dim), …}, …}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.checkpoints.array_files import ARRAY, read_arrays
from tui_draggan.edit.latent import Latent, LatentFile, check_latent
from tui_draggan.errors import UsageError
from tui_draggan.files import check_writable, replacing, sha256
from tui_draggan.wording import counted, printable

FILE = "a file of a latent (.npz, .npy or .pt)"
NAMES = ("w", "ws", "w_plus", "dlatents", "latents", "latent", ARRAY)
"""Names under which programs keep w or w+."""
SUFFIX = ".npz"


def read_latent(path: Path, info: BundleInfo, index: int | None = None) -> Latent:
    """The latent of a file, w+ (L, w_dim) of this model; one w serves all rows.

    index: which one of several, from 0. Raises UsageError, naming the file: also where the latent
    is of another model, by its shape, and where there are several and none is chosen.
    """
    found = [
        rows
        for values in _latents(read_arrays(path, FILE))
        for rows in _rows_of_each(values, info, path)
    ]
    if not found:
        raise UsageError(
            f"{path} holds no latent; expected w or w+ under one of {', '.join(NAMES)}"
        )
    if index is None and len(found) > 1:
        raise UsageError(
            f"{path} holds {len(found)} latents; add --latent-index 0 to {len(found) - 1}"
        )
    if index is not None and index not in range(len(found)):
        what = counted(len(found), "latent")
        raise UsageError(f"no latent {index} in {path}; it holds {what}, numbered from 0")
    with np.errstate(over="ignore"):  # of float64; what becomes infinite is refused
        ws = np.broadcast_to(found[index or 0], (info.num_ws, info.w_dim)).astype(np.float32)
    try:
        check_latent(ws, info.num_ws, info.w_dim)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return Latent(ws, LatentFile(printable(path.name), sha256(path)))


def check_latent_file(path: Path) -> None:
    """Raises UsageError or OutputError where a latent could not be written to `path`."""
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"{path}: unsupported file type; latents are written as {SUFFIX}")
    check_writable(path)


def write_latent(path: Path, latent: Latent) -> None:
    """Writes w+ as stylegan2-ada-pytorch and stylegan3 do, `w` (1, L, w_dim) in an .npz: their
    generate.py takes it as --projected-w. Raises UsageError or OutputError."""
    check_latent_file(path)
    with replacing(path) as work, work.open("wb") as stream:
        np.savez(stream, w=latent.ws[None])


def _latents(arrays: dict[str, Any]) -> list[Any]:
    """What a file's values say latents are: by its name, in each picture's entry, or all there is
    where that is one array."""
    for name in NAMES:
        if name in arrays:
            return [arrays[name]]
    entries = [value for value in arrays.values() if isinstance(value, dict)]
    if entries:
        return [found for entry in entries for found in _latents(entry)]
    values = list(arrays.values())
    return values if len(values) == 1 and isinstance(values[0], np.ndarray) else []


def _rows_of_each(values: Any, info: BundleInfo, path: Path) -> list[Floats]:
    """The latents in an array, each w+ (L, w_dim) or w (1, w_dim). Raises UsageError."""
    if not isinstance(values, np.ndarray) or not np.issubdtype(values.dtype, np.floating):
        raise UsageError(f"{path} holds no latent; expected floating-point numbers")
    rows, wide = info.num_ws, info.w_dim
    shape = "×".join(map(str, values.shape)) or "one number"
    this = f"w of {info.name} is {wide}, w+ is {rows}×{wide}"
    if values.size == 0:
        raise UsageError(f"{path} holds an empty latent ({shape}); {this}")
    if values.ndim not in (1, 2, 3) or values.shape[-1] != wide:
        raise UsageError(f"{path} holds a latent of another model ({shape}); {this}")
    if values.ndim == 3 and values.shape[1] in (1, rows):
        return list(values)
    if values.ndim == 2 and len(values) == rows:
        return [values]
    if values.ndim == 1 or (values.ndim == 2 and len(values) == 1):
        return [values.reshape(1, wide)]
    raise UsageError(f"{path} holds a latent of another model ({shape}); {this}")
