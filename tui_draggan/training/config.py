"""What a training run is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tui_draggan.stylegan.config import GeneratorConfig

CRITTERS = "critters"
"""The data that is drawn, not read; a folder is given by its path."""


@dataclass(frozen=True)
class TrainingConfig:
    """What to train, on what, and for how long. Lengths count pictures seen, in thousands (kimg).

    A run is a paired stage, which only critters have (the first `paired_kimg`), then an adversarial
    stage up to `kimg`.
    """

    data: str
    """CRITTERS, or the path of a folder of pictures."""
    generator: GeneratorConfig
    discriminator_channels: tuple[int, ...]
    """Feature channels of its blocks from 4×4 up."""
    kimg: float
    """Length of both stages together."""
    classes: tuple[str, ...] = ()
    """Names of the classes."""
    batch: int = 16
    """Pictures in a step, of all processes together."""
    accumulate: int = 1
    """Parts in which each process takes its share of a batch, to save memory."""
    seed: int = 1
    """Seed of every random choice."""
    mirror: bool = False
    """Whether half of a folder's pictures are flipped left to right."""
    workers: int = 1
    """Processes that read or draw pictures."""
    bf16: bool = False
    """Whether forward passes run in bfloat16."""
    compiled: bool = False
    """Whether networks go through torch.compile: minutes of compiling, then a fifth less time on
    CPUs."""

    loss: str = "logistic"
    """Name of one of `losses.LOSSES`."""
    generator_lr: float = 0.0025
    discriminator_lr: float = 0.0025
    n_critic: int = 1
    """Steps of the discriminator for each step of the generator."""
    gamma: float | None = None
    """Weight of R1, R2 or the gradient penalty. None: 10 for the latter, else
    0.0002 · resolution² / batch."""
    penalty_interval: int = 16
    """Steps from one penalty to the next, and how many times as strong it is for that."""
    style_mixing: float = 0.9
    """Share of pictures whose later rows of w+ come from another z."""
    path_weight: float = 2.0
    """Weight of the path lengths' deviation; 0: none is computed."""
    path_interval: int = 4
    """The generator's steps from one regularisation of path lengths to the next."""
    path_from: float = 0.67
    """Share of the run from which on path lengths are regularised: it smooths W, for dragging."""
    augment: str = "ada"
    """ada; none; or a fixed probability, "0.2"."""
    augment_target: float = 0.6
    """Mean sign of real logits that ADA aims at."""
    augment_kimg: float = 500.0
    """Length in which ADA's probability could go from 0 to 1."""
    ema_kimg: float | None = None
    """Half-life of the averaged weights. None: batch · 10 / 32, and 5 in the paired stage."""

    paired_kimg: float = 0.0
    """Length of the paired stage."""
    paired_growth: tuple[float, float] = (0.29, 0.57)
    """Shares of the paired stage after which pictures of a quarter, of half the side end."""
    mixed: float = 0.5
    """Share of pairs whose colours come from another z than their shapes."""
    paired_lr: float = 0.012
    """Peak rate of the paired stage for weights (Muon)."""
    paired_adam_lr: float = 0.004
    """Peak rate of the paired stage for biases and other small parameters (Adam)."""
    paired_share: float = 1.0
    """Weight of the regression loss in the adversarial stage after a paired one."""
    adversarial_share: float = 0.05
    """Weight of the adversarial loss there."""

    log_kimg: float = 1.0
    """Length from one line of the log to the next."""
    samples_kimg: float = 10.0
    """Length from one grid of samples to the next."""
    compared: int = 256
    """Real and generated pictures that the metric compares, with every grid."""
    snapshot_kimg: float = 20.0
    """Length from one snapshot to the next."""
    snapshots_kept: int = 3

    @property
    def resolution(self) -> int:
        return self.generator.resolution

    @property
    def penalty_weight(self) -> float:
        """γ, chosen where none is given."""
        if self.gamma is not None:
            return self.gamma
        if self.loss == "wasserstein-gp":
            return 10.0
        return 0.0002 * self.resolution**2 / self.batch

    @property
    def paired_steps(self) -> int:
        return round(self.paired_kimg * 1000 / self.batch)

    @property
    def total_steps(self) -> int:
        return max(self.paired_steps, round(self.kimg * 1000 / self.batch))

    @property
    def total_kimg(self) -> float:
        return self.total_steps * self.batch / 1000

    def resolution_at(self, step: int) -> int:
        """Side of the pictures that a step learns from."""
        quarter, half = (share * self.paired_steps for share in self.paired_growth)
        if step < quarter:
            return max(4, self.resolution // 4)
        return self.resolution // 2 if step < min(half, self.paired_steps) else self.resolution

    def half_life(self, step: int) -> float:
        """Half-life of the averaged weights, in pictures; it grows from nothing at the
        beginning."""
        paired = step < self.paired_steps
        kimg = self.ema_kimg or (5.0 if paired else self.batch * 10 / 32)
        return min(kimg * 1000, 0.05 * (step + 1) * self.batch)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "generator": self.generator.to_dict()}
