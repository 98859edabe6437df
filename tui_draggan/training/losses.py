"""What the two networks minimise: adversarial losses by name, gradient penalties, path lengths.

Logits (N,) of real and of generated pictures; every loss gives one number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Penalty = Literal["r1", "r1+r2", "gradient penalty"]

LogitsOf = Callable[[Tensor], Tensor]
"""Pictures (N, 3, H, W) → logits (N,)."""


@dataclass(frozen=True)
class AdversarialLoss:
    """discriminator(real logits, fake logits) and generator(fake logits, real logits) → the loss
    of that network.

    relative: the generator's loss looks at the logits of real pictures too.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    penalty: Penalty = "r1"
    relative: bool = False


LOSSES: dict[str, AdversarialLoss] = {
    # Non-saturating: Goodfellow et al., "Generative Adversarial Nets" (2014).
    "logistic": AdversarialLoss(
        lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
        lambda fake, _: F.softplus(-fake).mean(),
    ),
    # Lim and Ye, "Geometric GAN" (2017).
    "hinge": AdversarialLoss(
        lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        lambda fake, _: -fake.mean(),
    ),
    # Mao et al., "Least Squares Generative Adversarial Networks" (2017), a = 0, b = c = 1.
    "least-squares": AdversarialLoss(
        lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
        lambda fake, _: (fake - 1).square().mean() / 2,
    ),
    # Gulrajani et al., "Improved Training of Wasserstein GANs" (2017).
    "wasserstein-gp": AdversarialLoss(
        lambda real, fake: fake.mean() - real.mean(),
        lambda fake, _: -fake.mean(),
        penalty="gradient penalty",
    ),
    # Huang et al., "The GAN is dead; long live the GAN!" (2024), equations 2 and 4.
    "relativistic": AdversarialLoss(
        lambda real, fake: F.softplus(fake - real).mean(),
        lambda fake, real: F.softplus(real - fake).mean(),
        penalty="r1+r2",
        relative=True,
    ),
}


def penalty(kind: Penalty, logits_of: LogitsOf, real: Tensor, fake: Tensor, at: Tensor) -> Tensor:
    """What is added to the discriminator's loss, without its weight.

    R1 is ½·E‖∇D(x)‖² on real pictures (Mescheder et al., "Which Training Methods for GANs do
    actually Converge?", 2018, equation 9), R2 the same on generated ones; the gradient penalty is
    E(‖∇D(x̂)‖ − 1)² (Gulrajani et al., equation 3) at x̂ between the two, `at` (N,) in [0, 1].
    """
    if kind == "gradient penalty":
        between = torch.lerp(real, fake, at[:, None, None, None])
        return (squared_gradients(logits_of, between).sqrt() - 1).square().mean()
    total = squared_gradients(logits_of, real).mean() / 2
    if kind == "r1+r2":
        total = total + squared_gradients(logits_of, fake).mean() / 2
    return total


def squared_gradients(logits_of: LogitsOf, pictures: Tensor) -> Tensor:
    """‖∇D(x)‖² of every picture (N,), itself differentiable."""
    with torch.enable_grad():
        watched = pictures.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(logits_of(watched).sum(), watched, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)) + 1e-12


def path_lengths(image: Tensor, ws: Tensor, noise: Tensor) -> Tensor:
    """‖Jᵀy‖ of every picture (N,), y = noise / √(H·W), in w+ (Karras et al., StyleGAN2, 2020,
    section 3.2): how far a picture moves with w.

    image (N, 3, H, W) made from ws (N, L, w_dim); the mean over rows is under the root.
    """
    projected = (image * noise / (image.shape[2] * image.shape[3]) ** 0.5).sum()
    (gradient,) = torch.autograd.grad(projected, ws, create_graph=True)
    return (gradient.square().sum(2).mean(1) + 1e-12).sqrt()
