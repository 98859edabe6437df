"""Critters rendered ahead of training: pairs of z and picture, kept on disk and mapped in.

Drawing costs about as much as training on the picture, and pairs may be seen several times, so
all are drawn once.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tui_draggan.training.critters import PARTS, Z_DIM, parameters_from_z, render

_CHUNK = 64
_SMALL_PARTS = tuple(PARTS.index(name) for name in ("muzzle", "nose", "mouth", "eyes"))


@dataclass(frozen=True)
class Batch:
    """z (N, Z_DIM); image (N, 3, H, W) in [-1, 1]; small_parts (N, 1, H, W), 1 on the face's parts.

    small_parts reaches one pixel over the edges of the parts, where sharpness is decided.
    """

    z: Tensor
    image: Tensor
    small_parts: Tensor


@dataclass(frozen=True)
class Pairs:
    """z (N, Z_DIM) float32, pictures (N, H, W, 3) uint8 and part masks (N, H, W) uint8."""

    z: np.ndarray
    pictures: np.ndarray
    masks: np.ndarray

    def __len__(self) -> int:
        return len(self.z)

    def batch(self, indices: np.ndarray) -> Batch:
        """The pairs of these indices (N,)."""
        pictures = torch.from_numpy(self.pictures[indices]).permute(0, 3, 1, 2)
        masks = torch.from_numpy(self.masks[indices])
        small = torch.isin(masks, torch.tensor(_SMALL_PARTS, dtype=torch.uint8)).float()[:, None]
        return Batch(
            z=torch.from_numpy(self.z[indices]),
            image=pictures.float().div_(127.5).sub_(1.0),
            small_parts=torch.nn.functional.max_pool2d(small, 3, stride=1, padding=1),
        )


def batch_indices(count: int, batch: int, step: int, seed: int) -> np.ndarray:
    """Which pairs step ``step`` sees: a new order in every epoch, a function of step alone."""
    per_epoch = count // batch
    epoch, position = divmod(step, per_epoch)
    return np.sort(_order(count, seed, epoch)[position * batch : (position + 1) * batch])


def draw_pairs(count: int, resolution: int, seed: int) -> Pairs:
    """Draw pairs into memory; the same seed gives the same pairs."""
    pairs = Pairs(
        np.empty((count, Z_DIM), np.float32),
        np.empty((count, resolution, resolution, 3), np.uint8),
        np.empty((count, resolution, resolution), np.uint8),
    )
    _fill(pairs, seed)
    return pairs


def open_pairs(folder: Path, count: int, resolution: int, seed: int) -> Pairs:
    """Pairs kept in ``folder``, drawn first where they are missing; mapped, not loaded."""
    folder = folder / f"pairs-{resolution}-{count}-{seed}"
    if not folder.exists():
        unfinished = folder.with_suffix(".tmp")
        unfinished.mkdir(parents=True, exist_ok=True)
        create = np.lib.format.open_memmap
        shapes = (count, Z_DIM), (count, resolution, resolution, 3), (count, resolution, resolution)
        pairs = Pairs(
            create(unfinished / "z.npy", "w+", np.dtype(np.float32), shapes[0]),
            create(unfinished / "pictures.npy", "w+", np.dtype(np.uint8), shapes[1]),
            create(unfinished / "masks.npy", "w+", np.dtype(np.uint8), shapes[2]),
        )
        _fill(pairs, seed)
        del pairs
        unfinished.replace(folder)
    names = ("z", "pictures", "masks")
    return Pairs(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names))


def to_uint8(image: Tensor) -> np.ndarray:
    """Pictures (N, 3, H, W) in [-1, 1] → (N, H, W, 3) uint8."""
    levels = (image.detach().float() * 127.5 + 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1).numpy()


@lru_cache(maxsize=1)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(count)


def _fill(pairs: Pairs, seed: int) -> None:
    count, resolution = len(pairs), pairs.pictures.shape[1]
    for start in range(0, count, _CHUNK):
        rows = slice(start, min(start + _CHUNK, count))
        generator = torch.Generator().manual_seed(seed * 1_000_003 + start)
        z = torch.randn(_CHUNK, Z_DIM, generator=generator)[: rows.stop - start]
        critters = render(parameters_from_z(z), resolution)
        pairs.z[rows] = z.numpy()
        pairs.pictures[rows] = to_uint8(critters.image)
        pairs.masks[rows] = critters.mask.numpy()
