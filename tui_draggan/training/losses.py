"""The losses of both stages: distance to the drawn picture, and the adversarial game."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan.training.pairs import Batch


def paired_loss(fake: Tensor, batch: Batch, small_parts: float) -> Tensor:
    """Distance of generated pictures (N, 3, H, W) to the drawn ones, one number.

    L1 of the pixels, of their differences to right and lower neighbours (edges), and of the
    pictures reduced four times (colours, early shapes). Pixels of eyes, nose, mouth and muzzle
    count ``small_parts`` times: they are few, and decide how a face looks.
    """
    weight = 1.0 + (small_parts - 1.0) * batch.small_parts
    error = fake - batch.image
    across = (error[:, :, :, 1:] - error[:, :, :, :-1]).abs() * weight[:, :, :, 1:]
    down = (error[:, :, 1:] - error[:, :, :-1]).abs() * weight[:, :, 1:]
    pixels = (error.abs() * weight).mean()
    return pixels + across.mean() + down.mean() + F.avg_pool2d(error, 4).abs().mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Non-saturating logistic loss, −log σ(D(G(z))) (Goodfellow et al. 2014)."""
    return F.softplus(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Logistic loss, −log σ(D(x)) − log(1 − σ(D(G(z))))."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def gradient_penalty(real_logits: Tensor, real: Tensor) -> Tensor:
    """R1: mean over pictures of ‖∇D(x)‖²/2, without γ (Mescheder et al. 2018, equation 9).

    real_logits (N,) must come from ``real`` (N, 3, H, W) with gradients on.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2
