"""A small network that finds a critter's landmarks, says how sure it is, and names the species.

Residual blocks (He et al., "Deep Residual Learning", CVPR 2016) down to 8×8 and lateral paths back
up to 32×32 (Lin et al., "Feature Pyramid Networks", CVPR 2017). A landmark is the mean place under
its heat map (Sun et al., "Integral Human Pose Regression", ECCV 2018), every cell giving the place
it believes in, so that places are finer than cells. Trained on renders by `landmark_training`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tui_draggan.checkpoints.generator_file import read_values
from tui_draggan.training.critters import LANDMARKS, SPECIES

SIDE = 128
"""Side of the pictures that the network looks at, in pixels; others are resized."""
CELL = 4
"""Side of a heat map's cell in those pixels."""
NEAR = SIDE / 64
"""Distance from its place at which a landmark counts as found, in those pixels: what confidence is
the probability of."""
CHANNELS = (16, 32, 64, 96)
"""Feature channels of the stages at 64×64, 32×32, 16×16 and 8×8."""
FEATURES = 2 * sum(CHANNELS)
"""Number of features: mean and deviation of every channel."""
WEIGHTS = Path(__file__).with_name("weights.pt")
_CHUNK = 32


@dataclass(frozen=True)
class FoundLandmarks:
    """What the network sees in N pictures.

    places (N, len(LANDMARKS), 2): x and y in pixels of the pictures as they were given, centres at
    integers. confidence (N, len(LANDMARKS)): the probability that a landmark is within 1/64 of the
    width of its place; near 0 where there is no critter. species (N, len(SPECIES)): logits.
    features (N, FEATURES): mean and standard deviation over the pixels of every channel of every
    stage, for distances between sets of pictures. The deepest stage knows the critter, the others
    how crisp it is; such statistics carry style (Huang and Belongie, "Arbitrary Style Transfer in
    Real-time with Adaptive Instance Normalization", ICCV 2017).
    """

    places: Tensor
    confidence: Tensor
    species: Tensor
    features: Tensor


class LandmarkOutputs(NamedTuple):
    """The network's outputs as they are trained.

    heat (N, K, 32, 32) logits; places (N, K, 2) in pixels of SIDE; confidence (N, K) and
    species (N, 5) logits; pooled (N, 96), which the last two rest on; stages, the maps of CHANNELS.
    """

    heat: Tensor
    places: Tensor
    confidence: Tensor
    species: Tensor
    pooled: Tensor
    stages: tuple[Tensor, ...]


class LandmarkNetwork(nn.Module):
    """Pictures (N, 3, 128, 128) in [-1, 1] → LandmarkOutputs."""

    def __init__(self) -> None:
        super().__init__()
        c64, c32, c16, c8 = CHANNELS
        self.stem = nn.Sequential(_conv(3, c64, 5, 2), nn.ReLU(), _conv(c64, c64), nn.ReLU())
        self.down32 = nn.Sequential(_conv(c64, c32, 3, 2), nn.ReLU(), Residual(c32), Residual(c32))
        self.down16 = nn.Sequential(_conv(c32, c16, 3, 2), nn.ReLU(), Residual(c16), Residual(c16))
        self.down8 = nn.Sequential(_conv(c16, c8, 3, 2), nn.ReLU(), Residual(c8))
        self.up8 = nn.Conv2d(c8, 48, 1)
        self.up16 = nn.Conv2d(c16, 48, 1)
        self.up32 = nn.Conv2d(c32, 48, 1)
        self.mix16 = nn.Sequential(_conv(48, 48), nn.ReLU())
        self.mix32 = nn.Sequential(_conv(48, 48), nn.ReLU())
        self.maps = nn.Conv2d(48, 4 * len(LANDMARKS), 1)
        self.doubt = nn.Linear(c8, len(LANDMARKS))
        self.species = nn.Linear(c8, len(SPECIES))

    def forward(self, image: Tensor) -> LandmarkOutputs:
        x64 = self.stem(image)
        x32 = self.down32(x64)
        x16 = self.down16(x32)
        x8 = self.down8(x16)
        y = self.mix16(self.up16(x16) + _doubled(self.up8(x8)))
        y = self.mix32(self.up32(x32) + _doubled(y))
        with torch.autocast(image.device.type, enabled=False):
            maps = self.maps(y.float()).unflatten(1, (4, len(LANDMARKS)))
            heat, right, down, sure = maps.unbind(1)
            share = heat.flatten(2).softmax(dim=2)
            places = torch.stack([_mean_place(share, right, 3), _mean_place(share, down, 2)], 2)
            pooled = x8.float().mean(dim=(2, 3))
            confidence = (share * sure.flatten(2)).sum(dim=2) + self.doubt(pooled)
            stages = (x64, x32, x16, x8)
            return LandmarkOutputs(heat, places, confidence, self.species(pooled), pooled, stages)


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv0 = _conv(channels, channels)
        self.conv1 = _conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv1(F.relu(self.conv0(x))))


def find_landmarks(image: Tensor) -> FoundLandmarks:
    """Look at pictures (N, 3, R, R) in [-1, 1] with the weights that ship."""
    network, side = landmark_network().to(image.device), image.shape[-1]
    found = []
    with torch.no_grad():
        for some in image.split(_CHUNK):
            outputs = network(resized(some))
            places = (outputs.places + 0.5) * (side / SIDE) - 0.5
            features = torch.cat([_statistics(stage) for stage in outputs.stages], dim=1)
            found.append((places, outputs.confidence.sigmoid(), outputs.species, features))
    return FoundLandmarks(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def resized(image: Tensor) -> Tensor:
    """Pictures as the network wants them: (N, 3, SIDE, SIDE) float32."""
    image = image.float()
    if image.shape[-2:] == (SIDE, SIDE):
        return image
    return F.interpolate(image, (SIDE, SIDE), mode="bilinear", antialias=True)


@functools.cache
def landmark_network() -> LandmarkNetwork:
    """The network with the weights that ship."""
    state = read_values(WEIGHTS)
    network = LandmarkNetwork()
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval().requires_grad_(False)


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def _statistics(maps: Tensor) -> Tensor:
    """Mean and standard deviation (N, 2·C) over the pixels of maps (N, C, H, W)."""
    deviation, mean = torch.std_mean(maps, dim=(2, 3))
    return torch.cat((mean, deviation), dim=1)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _mean_place(share: Tensor, offset: Tensor, axis: int) -> Tensor:
    """Mean (N, K), in pixels, of the cells' middles and offsets along an axis of (N, K, H, W)."""
    cells = torch.arange(offset.shape[axis], device=offset.device, dtype=offset.dtype)
    middles = cells * CELL + (CELL - 1) / 2
    middles = middles.view(-1, 1) if axis == 2 else middles
    return (share * (offset * CELL + middles).flatten(2)).sum(dim=2)
