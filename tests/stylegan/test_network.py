"""The network against the paper's own form: tests/plain_stylegan2.py, which shares nothing with it.

Published networks clamp at 256; here so low that it shows.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from tests.plain_stylegan2 import PlainGenerator
from tests.tiny import tiny_generator
from tui_draggan.stylegan.config import ARCHITECTURES, GeneratorConfig, rows_through
from tui_draggan.stylegan.network import MEAN_SAMPLES, Generator, mean_w


@pytest.mark.parametrize("conv_clamp", [None, 0.8])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_pictures_are_those_of_modulated_weights(
    architecture: str, conv_clamp: float | None
) -> None:
    generator = tiny_generator(architecture=architecture, conv_clamp=conv_clamp).double()
    plain = PlainGenerator(generator.state_dict(), architecture, conv_clamp)
    z = torch.randn(1, 16, dtype=torch.float64)
    torch.testing.assert_close(generator(z)[0], plain.picture(plain.w(z[0])))


@pytest.mark.parametrize("options", [{}, {"embed_dim": 5, "mapping_dim": 11, "mapping_layers": 3}])
def test_labels_are_embedded(options: dict[str, int]) -> None:
    generator = tiny_generator(c_dim=3, mapping_lr=0.02, **options).double()
    plain = PlainGenerator(generator.state_dict(), mapping_lr=0.02)
    z = torch.randn(3, 16, dtype=torch.float64)
    expected = [plain.w(z[label], label) for label in range(3)]
    torch.testing.assert_close(generator.mapping(z, torch.eye(3).double()), torch.stack(expected))
    with pytest.raises(ValueError, match="needs a label"):
        generator.mapping(z)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_picture_depends_on_one_row_more_than_its_features(architecture: str) -> None:
    """The ToRGB takes the row that is the next block's first, or the last."""
    generator = tiny_generator(architecture=architecture)
    config = generator.config
    ws = torch.randn(1, config.num_ws, config.w_dim, requires_grad=True)
    pictures = [(r, image) for r, _, image in generator.synthesis.walk(ws) if image is not None]
    assert len(pictures) == (4 if architecture == "skip" else 1)
    for resolution, image in pictures:
        (gradient,) = torch.autograd.grad(image.sum(), ws, retain_graph=True)
        used = gradient[0].abs().sum(dim=1) > 0
        assert used.sum() == used[: rows_through(config, resolution) + 1].sum()
        assert used[rows_through(config, resolution)]


def test_a_generator_is_built_around_its_tensors() -> None:
    expected = tiny_generator(c_dim=3)
    state = expected.state_dict()
    built = Generator.from_state(expected.config, state)
    for name, value in built.state_dict().items():
        assert value.data_ptr() == state[name].data_ptr()
    del state["synthesis.b8.conv1.bias"]
    with pytest.raises(RuntimeError, match=r"synthesis\.b8\.conv1\.bias"):
        Generator.from_state(expected.config, state)


def test_the_mean_w_is_of_all_classes_alike() -> None:
    generator = tiny_generator(c_dim=3)
    mean = mean_w(generator.mapping)
    assert mean.shape == (16,) and torch.equal(mean, mean_w(generator.mapping))
    z = torch.randn(MEAN_SAMPLES, 16, generator=torch.Generator().manual_seed(0))
    of_class = [
        generator.mapping(z[label::3], torch.eye(3)[[label]].expand(len(z[label::3]), -1)).mean(0)
        for label in range(3)
    ]
    torch.testing.assert_close(mean, torch.stack(of_class).mean(dim=0), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resolution": 48}, "48 is not a power of two"),
        ({"architecture": "deep"}, "'deep' is unknown; one of skip, orig, resnet"),
        ({"channels": (8, 8)}, "2 entries; 16 px needs 3"),
    ],
)
def test_numbers_that_make_no_network_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GeneratorConfig(**{"resolution": 16, "channels": (8, 8, 8), **changes})


@pytest.mark.parametrize("make", ["tiny_generator", "tiny_alias_free"])
def test_building_around_tensors_imports_nothing_of_torch(make: str) -> None:
    """It would take longer than all that the first picture needs besides."""
    program = (
        "import sys\n"
        f"from tests.tiny import {make}\n"
        f"generator = {make}()\n"
        "state, before = generator.state_dict(), set(sys.modules)\n"
        "generator.from_state(generator.config, state)\n"
        "print(len(set(sys.modules) - before))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 20
