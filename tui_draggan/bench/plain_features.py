"""A generator's features as the papers describe them: up-sampled to the picture's size."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.families import AnyGenerator


class PlainFeatures:
    """The features of one block, differentiable by w+. H and W of the picture, h and w of the
    block."""

    def __init__(
        self, generator: AnyGenerator, feature_block: int, all_blocks: bool = False
    ) -> None:
        """all_blocks: run the whole network, as plain implementations do; the result is the
        same."""
        self.generator = copy.deepcopy(generator).requires_grad_(False)
        parameter = next(generator.parameters())
        self.dtype, self.device = parameter.dtype, parameter.device
        self.size = generator.config.size
        self.feature_block, self.all_blocks = feature_block, all_blocks

    def small(self, ws: Tensor) -> Tensor:
        """w+ (L, w_dim) → features (1, C, h, w)."""
        if isinstance(self.generator, AliasFreeGenerator):
            if self.all_blocks:
                self.generator.synthesis(ws[None])
            return self.generator.synthesis.features(ws[None], self.feature_block)
        found = None
        for resolution, x, _ in self.generator.synthesis.walk(ws[None]):
            if resolution == self.feature_block:
                found = x
                if not self.all_blocks:
                    break
        assert found is not None
        return found

    def enlarge(self, features: Tensor) -> Tensor:
        """(1, C, h, w) → (1, C, H, W), bilinear."""
        return F.interpolate(features, size=self.size, mode="bilinear", align_corners=False)

    def sample(self, features: Tensor, points: Tensor) -> Tensor:
        """Features (1, C, H, W) at points (M, 2) → (M, C), clamped at the border."""
        last = [self.size.width - 1, self.size.height - 1]
        points = points.to(self.device, self.dtype)
        grid = points / points.new_tensor(last) * 2 - 1
        sampled = F.grid_sample(
            features, grid[None, None], mode="bilinear", padding_mode="border", align_corners=True
        )
        return sampled[0, :, 0].t()

    @torch.no_grad()
    def picture(self, ws: Tensor) -> Tensor:
        """w+ (L, w_dim) → the picture (3, H, W) in [-1, 1]."""
        image: Tensor = self.generator.synthesis(ws[None].to(self.dtype))
        return image[0].clamp(-1.0, 1.0)
