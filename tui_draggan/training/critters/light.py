"""How fur looks in the light."""

import torch
from torch import Tensor

from tui_draggan.training.critters.colours import Palette


def lit(fur: Tensor, light: Tensor, colours: Palette) -> Tensor:
    """Fur (N, 3) or (N, 3, H, W) under light (N, H, W), 0 none, 1 full."""
    if fur.ndim == 2:
        fur = fur[:, :, None, None]
    shadow = colours.shadow[:, :, None, None]
    return fur * torch.lerp(shadow, torch.full_like(shadow, 1.05), light[:, None])
