"""Muon: momentum whose matrices are made orthogonal before each step.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). For the paired
stage it needs a third of the pictures that Adam needs. Demodulation makes the scale of a
convolution's weights meaningless, so steps of a fixed size relative to the weights suit them.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Steps of root mean square `lr` for weights of two or more dimensions.

    A weight (O, I, …) counts as the matrix (O, I·…). Momentum is Nesterov's.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[(weight.shape[0], weight[0].numel())].append(weight)
            for shape, weights in alike.items():
                pushes = torch.stack([self._push(w, group["momentum"]) for w in weights])
                directions = orthogonalised(pushes.view(-1, *shape))
                size = group["lr"] * max(shape) ** 0.5
                for weight, direction in zip(weights, directions, strict=True):
                    weight.sub_(direction.view(weight.shape), alpha=size)

    def _push(self, weight: Tensor, momentum: float) -> Tensor:
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        assert weight.grad is not None
        average = state["momentum"].mul_(momentum).add_(weight.grad)
        return weight.grad.add(average, alpha=momentum).flatten(1)


def orthogonalised(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly, of matrices (B, R, C).

    Newton-Schulz, x ← (a + b·x·xᵀ + c·(x·xᵀ)²)·x, with a quintic that brings singular values to
    between 0.7 and 1.2. Every iterate is a polynomial of the first x·xᵀ times the first x, so only
    that small symmetric matrix is iterated: half the work for matrices nine times as long as high.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _QUINTIC
    gram = x @ x.mT
    identity = torch.eye(gram.shape[1], device=x.device)
    product = identity
    for _ in range(_ITERATIONS):
        factor = a * identity + b * gram + c * gram @ gram
        product = factor @ product
        gram = factor @ gram @ factor
    near: Tensor = product @ x
    return near.mT if tall else near


def is_matrix(parameter: nn.Parameter) -> bool:
    """Whether Muon suits a parameter: a weight with at least eight rows and columns."""
    return parameter.ndim in (2, 4) and min(parameter.shape[0], parameter[0].numel()) >= 8
