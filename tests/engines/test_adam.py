"""The optimizer in numpy, step by step, against the training API's and torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tiny import SIZE
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import graph_inputs, ort_training, runtime
from tui_draggan.engines.adam import BETA1, BETA2, EPSILON, Adam


def test_it_is_torchs_adam() -> None:
    generator = torch.Generator().manual_seed(0)
    theirs = torch.randn(5, 16, generator=generator, requires_grad=True)
    ours, adam = theirs.detach().numpy().copy(), Adam((5, 16))
    optimizer = torch.optim.Adam([theirs], betas=(BETA1, BETA2), eps=EPSILON)
    for step in range(40):
        gradient = torch.randn(5, 16, generator=generator) * 10.0 ** (-step % 12)
        if step == 20:
            gradient[:, ::2] = 0
        theirs.grad = gradient
        learning_rate = 10.0 ** (-1 - step % 3)
        optimizer.param_groups[0]["lr"] = learning_rate
        optimizer.step()
        adam.update(ours, gradient.numpy(), learning_rate)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_it_is_the_training_apis_adam(tiny_bundle: ModelBundle) -> None:
    """Both on the training API's gradients."""
    if not runtime.has_training_api(runtime.load_runtime()):
        pytest.skip("this onnxruntime has no training API")
    info = tiny_bundle.info
    theirs = ort_training.OrtTrainingEngine(tiny_bundle, "cpu")._optimizer
    random = np.random.RandomState(0)
    shape = info.drag.trainable_rows, info.w_dim
    start = random.randn(*shape).astype(np.float32)
    theirs.begin(start)
    ours, adam = start.copy(), Adam(shape)
    feeds = graph_inputs.untrained(info, np.zeros((info.num_ws, info.w_dim), np.float32))
    feeds |= {"mix": np.eye(shape[0], dtype=np.float32), "disc": graph_inputs.disc(3)}
    handles = np.array([[10, 20], [20, 12]], np.float32)
    feeds |= {"handles": handles, "targets": handles[::-1].copy()}
    feeds["templates"] = np.zeros((2, info.drag.feature_channels), np.float32)
    assert handles.max() < SIZE
    for step in range(25):
        theirs.iterate(feeds, picture=step % 3 == 0)
        gradient = theirs.gradient.copy()
        learning_rate = 10.0 ** (-1 - step % 3)
        theirs.update(learning_rate)
        adam.update(ours, gradient, learning_rate)
        np.testing.assert_allclose(ours, theirs.latent, rtol=1e-5, atol=1e-6)
