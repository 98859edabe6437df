"""The losses of the game between generator and discriminator, by name, and their penalties.

Logits (N,) of real and of generated pictures; every function gives one number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Penalty = Literal["r1", "r1+r2", "gradient penalty"]


@dataclass(frozen=True)
class AdversarialLoss:
    """discriminator(real, fake) and generator(fake, real) → the loss of that player.

    paired: the generator's loss looks at the logits of real pictures too.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    penalty: Penalty = "r1"
    paired: bool = False


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
        paired=True,
    ),
}


Judge = Callable[[Tensor], Tensor]
"""Pictures (N, 3, H, W) → logits (N,)."""


def penalty(kind: Penalty, judge: Judge, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """What is added to the discriminator's loss, without its weight.

    share (N,) in [0, 1]: where between the two the gradient penalty looks.
    """
    if kind == "gradient penalty":
        between = torch.lerp(real, fake, share[:, None, None, None])
        return (squared_slope(judge, between).sqrt() - 1).square().mean()
    total = squared_slope(judge, real).mean() / 2
    if kind == "r1+r2":
        total = total + squared_slope(judge, fake).mean() / 2
    return total


def squared_slope(judge: Judge, pictures: Tensor) -> Tensor:
    """‖∇D(x)‖² of every picture (N,). Half its mean over real pictures is R1 (Mescheder et al.,
    "Which Training Methods for GANs do actually Converge?", 2018, equation 9)."""
    with torch.enable_grad():
        watched = pictures.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(judge(watched).sum(), watched, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)) + 1e-12


def path_lengths(image: Tensor, ws: Tensor, noise: Tensor) -> Tensor:
    """‖Jᵀy‖ of every picture (N,), y = noise / √(H·W), in w+ (Karras et al., StyleGAN2, 2020,
    section 3.2): how far a picture moves with w.

    image (N, 3, H, W) made from ws (N, L, w_dim); the mean over rows is under the root.
    """
    weighed = (image * noise / (image.shape[2] * image.shape[3]) ** 0.5).sum()
    (gradient,) = torch.autograd.grad(weighed, ws, create_graph=True)
    return (gradient.square().sum(2).mean(1) + 1e-12).sqrt()
