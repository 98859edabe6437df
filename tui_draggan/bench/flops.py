"""How many multiply-adds an iteration needs, whoever computes it.

Forward: the 3×3 convolutions up to the feature block, and above it where the preview is larger.
Back, to the inputs alone: a convolution's gradient costs what it cost forward, for those cells that
the losses depend on: a square about each handle, which grows by a cell on either side with each
convolution, and halves from block to block. Counted as convolutions are written down: 9·I·O for a
cell, of the input where it is transposed. Everything else is less than a hundredth.
"""

from __future__ import annotations

from tui_draggan.bundle import BundleInfo
from tui_draggan.stylegan.config import GeneratorConfig, multiply_adds


def needed(info: BundleInfo, points: int, r1: int) -> int:
    """Multiply-adds of an iteration without a mask."""
    config = GeneratorConfig.from_dict(info.generator)
    last = max(info.drag.feature_map, info.drag.preview)
    cost = multiply_adds(config)
    forward = sum(cost[block] for block in cost if config.size_of(block) <= last)
    return forward + backward(config, info.drag.feature_block, points, r1)


def backward(config: GeneratorConfig, feature_block: int, points: int, r1: int) -> int:
    """Multiply-adds of the backward pass from squares about so many points."""
    total = 0
    side = 2 * r1 * feature_block // config.resolution + 3
    count = config.block_resolutions.index(feature_block) + 1
    blocks = list(zip(config.block_resolutions, config.channels, strict=True))[:count]
    for (resolution, outputs), (_, inputs) in zip(blocks[:0:-1], blocks[-2::-1], strict=True):
        whole = config.size_of(resolution).area
        total += 9 * outputs * outputs * min(points * side * side, whole)
        side += 2 + 3  # conv1, then the FIR filter
        below = side // 2 + 2
        total += 9 * inputs * outputs * min(points * below * below, whole // 4)
        side = below
    channels = config.channels[0]
    return total + 9 * channels * channels * min(points * side * side, config.const.area)
