from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny import tiny_generator
from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.stylegan.network import MEAN_SAMPLES, Generator


def checkpoint_of(generator: Generator) -> Checkpoint:
    tensors = {name: value.numpy().copy() for name, value in generator.state_dict().items()}
    return Checkpoint("test", generator.config, tensors)


@pytest.mark.parametrize("options", [{}, {"architecture": "resnet", "c_dim": 3, "embed_dim": 5}])
def test_the_tensors_become_the_same_network_in_float32_and_are_copied(
    options: dict[str, Any],
) -> None:
    expected = tiny_generator(**options)
    checkpoint = checkpoint_of(expected)
    checkpoint.tensors["synthesis.b8.conv1.bias"] = checkpoint.tensors[
        "synthesis.b8.conv1.bias"
    ].astype(np.float64)
    built = build_generator(checkpoint)
    for tensor in checkpoint.tensors.values():
        tensor.fill(0)
    z, label = torch.randn(2, 16), torch.eye(3)[:2] if built.config.c_dim else None
    torch.testing.assert_close(built(z, label, psi=0.7), expected(z, label, psi=0.7))
    assert not built.training


@pytest.mark.parametrize("c_dim", [0, 3])
def test_a_missing_mean_is_sampled_and_the_same_every_time(c_dim: int) -> None:
    generator = tiny_generator(c_dim=c_dim)
    checkpoint = checkpoint_of(generator)
    del checkpoint.tensors["mapping.w_avg"]
    first, second = (build_generator(checkpoint).mapping.w_avg for _ in range(2))
    assert torch.equal(first, second)
    labels = torch.eye(3).repeat(MEAN_SAMPLES, 1) if c_dim else None
    w = generator.mapping(torch.randn(3 * MEAN_SAMPLES, 16), labels)
    error = w.std(dim=0) / MEAN_SAMPLES**0.5
    assert ((first - w.mean(dim=0)).abs() < 6 * error).all()


def test_tensors_that_do_not_fit_are_named() -> None:
    checkpoint = checkpoint_of(tiny_generator())
    checkpoint.tensors["synthesis.b8.conv1.bias"] = np.zeros(3, np.float32)
    with pytest.raises(RuntimeError, match=r"synthesis\.b8\.conv1\.bias"):
        build_generator(checkpoint)
