"""Trains the landmark network on renders: one command, the same weights for the same seed.

    python -m tui_draggan.training.metrics.landmarks.training OUT.pt

The weights that ship are of its defaults: some 20 minutes on one thread of an Intel Xeon, with
bfloat16 convolutions; 0.29 px mean error on fresh renders of 128 px.

Beside places, species and its own confidence it learns an auxiliary task: to tell all of a render's
parameters and what was done to the picture from the pooled features, so that distances on its
features see coats, eyes, light and sharpness, not landmarks alone.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.stylegan.pixels import from_bytes, to_bytes
from tui_draggan.training.critters import (
    LANDMARKS,
    PARAMETERS,
    SPECIES,
    Z_DIM,
    parameters_from_z,
    render_parts,
)
from tui_draggan.training.critters.renderer import TOGETHER
from tui_draggan.training.metrics.landmarks.corruption import corrupted
from tui_draggan.training.metrics.landmarks.network import (
    CELL,
    CHANNELS,
    NEAR,
    SIDE,
    LandmarkNetwork,
    LandmarkOutputs,
)
from tui_draggan.training.muon import Muon
from tui_draggan.wording import duration

HUE = [p.name for p in PARAMETERS].index("background_hue")
AUXILIARY = len(PARAMETERS) + 1 + 3
"""Number of auxiliary outputs: parameters in [0, 1], the hue as an angle, three strengths."""


@dataclass(frozen=True)
class LandmarkTraining:
    """How the network is trained; every render is seen `steps` · `batch` / `renders` times."""

    renders: int = 12_000
    """Number of renders."""
    steps: int = 3000
    batch: int = 32
    lr: float = 0.01
    """Peak rate of the matrices (Muon), falling as a cosine; the rest have 0.3 of it (Adam)."""
    seed: int = 0


@dataclass(frozen=True)
class Renders:
    """image (N, 3, SIDE, SIDE) uint8; landmarks (N, K, 2); species (N,); parameters (N, Z_DIM), in
    [0, 1] of their ranges."""

    image: Tensor
    landmarks: Tensor
    species: Tensor
    parameters: Tensor


def train(config: LandmarkTraining, renders: Renders) -> LandmarkNetwork:
    """Train from scratch; prints a line every hundred steps."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network, auxiliary = LandmarkNetwork(), nn.Linear(CHANNELS[-1], AUXILIARY)
    scaleless = list(_normalised(network))
    chosen = {id(weight) for weight in scaleless}
    for weight in scaleless:
        # Normalisation follows, so that only the steps' size relative to the weights counts.
        nn.init.normal_(weight, generator=torch.Generator().manual_seed(config.seed))
    parameters = [*network.parameters(), *auxiliary.parameters()]
    muon = Muon(scaleless, config.lr)
    adam = torch.optim.Adam((p for p in parameters if id(p) not in chosen), betas=(0.9, 0.99))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    began, shown = time.monotonic(), torch.zeros(5)
    for step, indices in enumerate(_batches(len(renders.image), config)):
        share = min(1.0, (step + 1) / 50) * 0.5 * (1.0 + math.cos(math.pi * step / config.steps))
        for optimiser, rate in ((muon, config.lr), (adam, 0.3 * config.lr)):
            for group in optimiser.param_groups:
                group["lr"] = rate * share
        random = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        losses = _losses(network, auxiliary, renders, indices, random)
        for p in parameters:
            p.grad = None
        torch.autograd.backward(sum(losses, torch.zeros([])))
        muon.step()
        adam.step()
        shown += torch.stack([loss.detach() for loss in losses])
        if (step + 1) % 100 == 0:
            means = "  ".join(f"{value:.3f}" for value in (shown / 100).tolist())
            print(f"{step + 1:6}  {means}  {duration(time.monotonic() - began)}", flush=True)
            shown.zero_()
    return network.eval()


def _normalised(network: nn.Module) -> Iterator[nn.Parameter]:
    """Weights of the convolutions that normalisation follows."""
    for module in network.modules():
        if isinstance(module, nn.Sequential) and isinstance(module[-1], nn.BatchNorm2d):
            weight = module[0].weight
            assert isinstance(weight, nn.Parameter)
            yield weight


def _losses(
    network: LandmarkNetwork,
    auxiliary: nn.Linear,
    renders: Renders,
    indices: Tensor,
    random: torch.Generator,
) -> list[Tensor]:
    """Losses of places (px), heat, confidence, species and the auxiliary task."""
    clean = from_bytes(renders.image[indices])
    given = corrupted(clean, renders.landmarks[indices], random)
    image = given.image.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        outputs: LandmarkOutputs = network(image)
    critter = given.critter
    apart = (outputs.places - given.places).square().sum(dim=2)
    near = (apart.detach() < NEAR**2).float() * critter[:, None]
    place = (apart[critter] + 0.05).sqrt().mean()
    heat = F.cross_entropy(
        outputs.heat[critter].flatten(0, 1).flatten(1), _cells(given.places[critter])
    )
    confidence = F.binary_cross_entropy_with_logits(outputs.confidence, near)
    species = F.cross_entropy(outputs.species[critter], renders.species[indices][critter])
    angle = 2.0 * math.pi * renders.parameters[indices, HUE]
    values = renders.parameters[indices].clone()
    values[:, HUE] = 0.5 + 0.5 * angle.cos()
    values = torch.cat((values, 0.5 + 0.5 * angle.sin()[:, None], given.strength), dim=1)
    told = (auxiliary(outputs.pooled) - values)[critter].abs().mean()
    return [place, 0.3 * heat, confidence, 0.3 * species, 2.0 * told]


def _cells(places: Tensor) -> Tensor:
    """Targets (N·K, cells) of heat: a Gaussian of one cell round each place (N, K, 2)."""
    middles = torch.arange(SIDE // CELL) * CELL + (CELL - 1) / 2
    inside = places.clamp(0.0, SIDE - 1.0).flatten(0, 1)
    x, y = ((middles - inside[:, i, None]) / CELL for i in (0, 1))
    weights = torch.exp(-0.5 * (x.square()[:, None, :] + y.square()[:, :, None])).flatten(1)
    return weights / weights.sum(dim=1, keepdim=True)


def draw_renders(count: int, seed: int) -> Renders:
    """Critters of all species alike."""
    z = torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(seed))
    species = torch.arange(count) % len(SPECIES)
    image = torch.empty(count, 3, SIDE, SIDE, dtype=torch.uint8)
    landmarks = torch.empty(count, len(LANDMARKS), 2)
    parts = torch.arange(count).split(TOGETHER)
    for some, drawn in zip(parts, render_parts(parameters_from_z(z, species), SIDE), strict=True):
        image[some] = to_bytes(drawn.image)
        landmarks[some] = drawn.landmarks
    length = torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
    return Renders(image, landmarks, species, torch.special.ndtr(z * length))


def save(network: LandmarkNetwork, path: Path) -> None:
    """Weights of two or more dimensions as float16."""
    state = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in network.state_dict().items()
        if value.is_floating_point()
    }
    torch.save(state, path)


def _batches(count: int, config: LandmarkTraining) -> Iterator[Tensor]:
    random = torch.Generator().manual_seed(config.seed)
    order, start = torch.randperm(count, generator=random), 0
    for _ in range(config.steps):
        if start + config.batch > count:
            order, start = torch.randperm(count, generator=random), 0
        yield order[start : start + config.batch]
        start += config.batch


def main() -> None:
    defaults = LandmarkTraining()
    parser = argparse.ArgumentParser(description="Train the landmark network of critters.")
    parser.add_argument("out", type=Path, help="file of weights to write")
    parser.add_argument("--renders", type=int, default=defaults.renders)
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--batch", type=int, default=defaults.batch)
    parser.add_argument("--lr", type=float, default=defaults.lr)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    config = LandmarkTraining(
        options.renders, options.steps, options.batch, options.lr, options.seed
    )
    print(f"drawing {config.renders} renders", flush=True)
    renders = draw_renders(config.renders, config.seed)
    print("  step  place px, heat, confidence, species, auxiliary; time", flush=True)
    save(train(config, renders), options.out)


if __name__ == "__main__":
    main()
