"""How real a discriminator finds a picture: its logit, as InterFaceGAN's «quality» without labels
(Shen et al., 2020, section 4.2, repairs artefacts by it)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional as F

from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.files import check_readable
from tui_draggan.pictures.alpha import over_black
from tui_draggan.run_folder import NETWORK, RunFolder
from tui_draggan.size import Size
from tui_draggan.stylegan.pixels import from_bytes
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.networks import read_discriminator


class Realness:
    """The judgement of one discriminator."""

    def __init__(self, network: Discriminator) -> None:
        self._network = network.eval().requires_grad_(False)

    @classmethod
    def open(cls, path: Path, size: Size, c_dim: int) -> Realness:
        """Of a run's folder or its network file, for pictures of that size and so many classes.
        Raises UsageError."""
        file = RunFolder(path).network if path.is_dir() else path
        check_readable(file, f"a run's {NETWORK}")
        network = read_discriminator(file)
        if network is None:
            raise UsageError(f"{file} holds no discriminator; a run's {NETWORK} does")
        if (network.resolution,) * 2 != size:
            raise UsageError(
                f"the discriminator in {file} is for {network.resolution} px; the model makes "
                f"{size} px"
            )
        classes = 0 if network.embed is None else network.embed.weight.shape[1]
        if classes != c_dim:
            raise UsageError(f"the discriminator in {file} has {classes} classes, not {c_dim}")
        return cls(network)

    def __call__(self, picture: Bytes, label: int | None) -> float:
        """The logit of a picture (H, W, 3 or 4) of a class, by itself: nothing it is grouped with
        counts."""
        image = from_bytes(torch.from_numpy(over_black(picture).transpose(2, 0, 1).copy())[None])
        one_hot = None
        if self._network.embed is not None:
            classes = self._network.embed.weight.shape[1]
            one_hot = F.one_hot(torch.tensor([label or 0]), classes).float()
        with torch.no_grad():
            return float(self._network(image, one_hot)[0])
