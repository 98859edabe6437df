"""What a training run is told."""

from dataclasses import dataclass, field

from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.training.critters import SPECIES, Z_DIM


def _critters_generator() -> GeneratorConfig:
    return GeneratorConfig(
        resolution=128,
        channels=(160, 160, 160, 128, 96, 32),
        z_dim=Z_DIM,
        w_dim=256,
        c_dim=len(SPECIES),
        mapping_layers=4,
        # In the paired stage the mapping network must learn as fast as the rest.
        mapping_lr=1.0,
    )


@dataclass(frozen=True)
class TrainingConfig:
    """What to train and for how long. Lengths count pictures seen, in thousands (kimg)."""

    generator: GeneratorConfig = field(default_factory=_critters_generator)
    discriminator_channels: tuple[int, ...] = (128, 128, 128, 96, 64, 32)
    """Of its blocks from 4×4 up; fewer than the generator has where pictures are large."""
    batch: int = 16
    seed: int = 1
    mixed: float = 0.5
    """Share of pairs whose colours come from another z than their shapes."""
    small_kimg: float = 300.0
    """Part of stage 1, its beginning, that learns pictures of half the resolution."""
    paired_kimg: float = 900.0
    adversarial_kimg: float = 0.0
    small_parts: float = 4.0
    """How many times the pixels of eyes, nose, mouth and muzzle count in the paired loss."""
    paired_lr: float = 0.015
    """Peak rate of stage 1 for weights (Muon)."""
    paired_adam_lr: float = 0.004
    """The same for biases and other small parameters (Adam)."""
    adversarial_lr: float = 0.0005
    discriminator_lr: float = 0.002
    paired_share: float = 1.0
    """Weight of the paired loss in stage 2; the adversarial loss counts ``adversarial_share``."""
    adversarial_share: float = 0.05
    r1_gamma: float | None = None
    """None: 0.0002 · resolution² / batch."""
    r1_interval: int = 16
    ema_kimg: float = 5.0
    """Half-life of the averaged weights."""
    log_kimg: float = 2.0
    samples_kimg: float = 10.0
    snapshot_seconds: float = 300.0
    bf16: bool = False
    """Faster only where the processor's or the GPU's bf16 convolutions are."""
    compiled: bool = False
    """Through torch.compile: a fifth less time on processors, after minutes of compiling."""

    @property
    def colour_row(self) -> int:
        """The first row of w+ that says colours: that of the block of half the resolution."""
        return self.generator.num_ws - 5

    @property
    def gamma(self) -> float:
        if self.r1_gamma is not None:
            return self.r1_gamma
        return 0.0002 * self.generator.resolution**2 / self.batch

    @property
    def paired_steps(self) -> int:
        return round(self.paired_kimg * 1000 / self.batch)

    @property
    def total_steps(self) -> int:
        return self.paired_steps + round(self.adversarial_kimg * 1000 / self.batch)

    def resolution_at(self, step: int) -> int:
        """Side of the pictures that step learns from."""
        small = step < round(self.small_kimg * 1000 / self.batch)
        return self.generator.resolution // 2 if small else self.generator.resolution
