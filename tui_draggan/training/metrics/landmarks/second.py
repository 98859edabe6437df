"""A second finder of landmarks, which shares nothing with the first but the renderer.

An edit that fools one network may not fool another: so `tui-draggan score` asks two. This one
looks at half the size and at lightness alone, has normalisation by groups, plain heat maps without
offsets, Adam, renders of its own and no corruption but light blur, noise and contrast.

    python -m tui_draggan.training.metrics.landmarks.second [OUT.pt]

trains it in a minute or two on one core; the weights that ship are of its defaults.
"""

from __future__ import annotations

import argparse
import functools
import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.checkpoints.generator_file import read_values
from tui_draggan.stylegan.pixels import from_bytes, to_bytes
from tui_draggan.training.critters import (
    LANDMARKS,
    SPECIES,
    Z_DIM,
    parameters_from_z,
    render_parts,
)
from tui_draggan.training.critters.renderer import TOGETHER

SIDE = 64
"""Side of the pictures that it looks at, in pixels; others are resized."""
CELL = 2
"""Side of a heat map's cell in those pixels."""
RENDERS, STEPS, BATCH, RATE = 8000, 2500, 24, 4e-3
SEED = 77
"""Seed of renders and weights; the first network's is 0."""
WEIGHTS = Path(__file__).with_name("second.pt")
_LIGHTNESS = (0.3, 0.59, 0.11)


class SecondNetwork(nn.Module):
    """Lightness (N, 1, SIDE, SIDE) → landmarks (N, K, 2) in pixels of SIDE."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(*_conv(1, 16, 2, 5), *_conv(16, 24))
        self.middle = nn.Sequential(*_conv(24, 40, 2), *_conv(40, 40), *_conv(40, 40))
        self.coarse = nn.Sequential(*_conv(40, 64, 2), *_conv(64, 64), *_conv(64, 64))
        self.global_ = nn.Sequential(nn.Flatten(1), nn.Linear(64 * 64, 64), nn.ReLU())
        self.spread = nn.Linear(64, 40)
        self.narrow = nn.Conv2d(64, 40, 1)
        self.joined = nn.Sequential(*_conv(40, 40))
        self.up = nn.Conv2d(40, 32, 1)
        self.across = nn.Conv2d(24, 32, 1)
        self.heat = nn.Sequential(nn.ReLU(), *_conv(32, 32), nn.Conv2d(32, len(LANDMARKS), 3, 1, 1))

    def forward(self, lightness: Tensor) -> Tensor:
        fine = self.fine(lightness)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        whole = self.spread(self.global_(coarse))[:, :, None, None]
        y = self.joined(middle + whole + _doubled(self.narrow(coarse)))
        heat = self.heat(self.across(fine) + _doubled(self.up(y))).float()
        share = heat.flatten(2).softmax(dim=2).view_as(heat)
        cells = (torch.arange(SIDE // CELL, device=heat.device) + 0.5) * CELL - 0.5
        return torch.stack([share.sum(2) @ cells, share.sum(3) @ cells], dim=2)


def _conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return [conv, nn.GroupNorm(8, outputs), nn.ReLU()]


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")


def find_again(image: Tensor) -> Tensor:
    """Landmarks (N, K, 2) of pictures (N, 3, R, R) in [-1, 1], in their pixels."""
    network, side = second_network().to(image.device), image.shape[-1]
    with torch.no_grad():
        places = torch.cat([network(seen(some)) for some in image.split(32)])
    return (places + 0.5) * (side / SIDE) - 0.5


def seen(image: Tensor) -> Tensor:
    """Pictures (N, 3, R, R) as the network looks at them: (N, 1, SIDE, SIDE)."""
    weights = torch.tensor(_LIGHTNESS, device=image.device)[:, None, None]
    lightness = (image.float() * weights).sum(1, keepdim=True)
    if lightness.shape[-1] == SIDE:
        return lightness
    return F.interpolate(lightness, (SIDE, SIDE), mode="bilinear", antialias=True)


@functools.cache
def second_network() -> SecondNetwork:
    """The network with the weights that ship."""
    network = SecondNetwork()
    state = read_values(WEIGHTS)
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval().requires_grad_(False)


def train(renders: int = RENDERS, steps: int = STEPS, seed: int = SEED) -> SecondNetwork:
    """Trains from scratch; prints a line every 250 steps."""
    images, places = draw(renders, seed)
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = SecondNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.01)
    shown = 0.0
    for step in range(steps):
        share = min(1.0, (step + 1) / 100) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = RATE * share
        which = torch.randint(renders, (BATCH,), generator=random)
        with torch.autocast("cpu", torch.bfloat16):
            found = network(_disturbed(from_bytes(images[which]), random))
        loss = ((found - places[which]).square().sum(2) + 0.02).sqrt().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        shown += float(loss.detach())
        if (step + 1) % 250 == 0:
            print(f"{step + 1:6}  {shown / 250:.3f} px of {SIDE}", flush=True)
            shown = 0.0
    return network.eval()


def draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Renders: lightness (count, 1, SIDE, SIDE) uint8, drawn at twice the side and reduced as
    pictures are that are looked at; landmarks (count, K, 2) in pixels of SIDE."""
    z = torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(seed))
    parameters = parameters_from_z(z, torch.arange(count) % len(SPECIES))
    images, places = [], []
    for part in render_parts(parameters, 2 * SIDE, TOGETHER):
        images.append(to_bytes(seen(part.image)))
        places.append((part.landmarks + 0.5) / 2 - 0.5)
    return torch.cat(images), torch.cat(places)


def _disturbed(lightness: Tensor, random: torch.Generator) -> Tensor:
    """Half of the pictures a little blurred, all with some noise, gain and shift."""
    count = len(lightness)
    blurred = F.avg_pool2d(F.pad(lightness, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = (torch.rand(2, count, 1, 1, 1, generator=random)).prod(0)
    gain = 1 + 0.2 * torch.randn(count, 1, 1, 1, generator=random)
    shift = 0.1 * torch.randn(count, 1, 1, 1, generator=random)
    noise = 0.05 * torch.rand(count, 1, 1, 1, generator=random)
    noise = noise * torch.randn(lightness.shape, generator=random)
    return torch.lerp(lightness, blurred, share) * gain + shift + noise


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the second finder of landmarks.")
    parser.add_argument("out", type=Path, nargs="?", default=WEIGHTS, help="file to write")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    out: Path = parser.parse_args().out
    network = train()
    images, places = draw(500, SEED + 1)
    with torch.no_grad():
        error = (network(from_bytes(images)) - places).norm(dim=2).mean()
    print(f"{float(error):.3f} px of {SIDE} on fresh renders")
    torch.save({name: value.half() for name, value in network.state_dict().items()}, out)


if __name__ == "__main__":
    main()
