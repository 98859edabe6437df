"""The trainer, tiny: it learns, and a killed run goes on as if it had not been killed."""

import os
import signal
import threading
import time
from dataclasses import replace

import pytest
import torch

from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator
from tui_draggan.training import loop
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters import SPECIES, Z_DIM
from tui_draggan.training.pairs import draw_batch, one_hot
from tui_draggan.training.report import LOG, read_log
from tui_draggan.training.steps import generate

TINY = TrainingConfig(
    generator=GeneratorConfig(
        16, (8, 8, 8), Z_DIM, 16, c_dim=len(SPECIES), mapping_layers=2, mapping_lr=1.0
    ),
    discriminator_channels=(8, 8, 8),
    batch=8,
    small_kimg=0.08,
    paired_kimg=0.16,
    adversarial_kimg=0.08,
    r1_interval=4,
    log_kimg=0.04,
    samples_kimg=0.12,
)


def parameters(state):
    return [*state.g.parameters(), *state.g_ema.parameters(), *state.d.parameters()]


def test_the_paired_loss_goes_down(tmp_path):
    config = replace(TINY, paired_kimg=0.8, adversarial_kimg=0.0, paired_lr=0.03)
    loop.train(tmp_path, config)
    lines = read_log(tmp_path)
    losses = [line["paired"] for line in lines if "paired" in line]
    assert losses[-1] < 0.85 * losses[0]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = loop.train(tmp_path / "whole", TINY)
    for stop_after in (13, 10, 99):  # stops once in either stage
        parts = loop.train(tmp_path / "parts", TINY, stop_after=stop_after)
    assert parts.step == whole.step == TINY.total_steps
    for a, b in zip(parameters(whole), parameters(parts), strict=True):
        assert torch.equal(a, b)
    assert all(torch.isfinite(p).all() for p in parameters(whole))


def test_what_a_run_leaves(tmp_path):
    loop.train(tmp_path, TINY)
    assert [p.name for p in sorted((tmp_path / "samples").iterdir())] == [
        "000015.png",
        "000030.png",
    ]
    for name, kimg in ((loop.STAGE1, 0.16), (loop.GENERATOR, 0.24)):
        saved = torch.load(tmp_path / name, weights_only=True)
        assert saved["kimg"] == pytest.approx(kimg)
        generator = Generator(GeneratorConfig.from_dict(saved["config"]))
        generator.load_state_dict(saved["state"])
        assert generator.mapping.w_avg.abs().sum() > 0
        assert generator(torch.zeros(1, Z_DIM), one_hot(torch.tensor([1])), psi=0.7).shape == (
            1,
            3,
            16,
            16,
        )
    assert not list(tmp_path.glob("*.tmp"))


def terminate_after_first_line(log):
    """SIGTERM to this process once the run's log has a line: it is under way then."""
    while not (log.exists() and log.read_text()):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_ends_the_run_with_a_snapshot(tmp_path):
    config = replace(TINY, paired_kimg=80.0)
    threading.Thread(target=terminate_after_first_line, args=(tmp_path / LOG,), daemon=True).start()
    before = signal.getsignal(signal.SIGTERM)
    state = loop.train(tmp_path, config)
    assert 0 < state.step < config.total_steps
    assert (tmp_path / loop.SNAPSHOT).exists()
    assert signal.getsignal(signal.SIGTERM) is before


def test_pairs_are_a_function_of_their_seed():
    first, again, other = (draw_batch(9, 16, seed, 0.5) for seed in ((3, 4), (3, 4), (3, 5)))
    assert torch.equal(first.image, again.image) and torch.equal(first.z, again.z)
    assert not torch.equal(first.z, other.z)
    assert first.image.abs().max() <= 1
    assert set(first.small_parts.unique().tolist()) == {0.0, 1.0}


def test_a_share_of_pairs_has_the_colours_of_another():
    pairs = draw_batch(400, 8, (0, 0), mixed=0.25)
    share = (pairs.z != pairs.z_colour).any(1).float().mean()
    assert 0.18 < share < 0.32
    assert torch.equal(*(getattr(draw_batch(9, 8, (0, 0)), name) for name in ("z", "z_colour")))


def test_shapes_and_colours_reach_their_rows_alone():
    """Rows below the block of half the resolution see z, the others z_colour."""
    g = Generator(TINY.generator).requires_grad_(False)
    batch = draw_batch(4, 16, (0, 0), mixed=1.0)
    label = one_hot(batch.species)
    shapes, colours = g.mapping(batch.z, label), g.mapping(batch.z_colour, label)
    ws = torch.stack([shapes] + [colours] * 5, dim=1)  # one convolution at 4 px, then 8 px
    torch.testing.assert_close(generate(g, batch, TINY), g.synthesis(ws))
    small = draw_batch(4, 8, (0, 0), mixed=1.0)
    assert generate(g, small, TINY).shape == (4, 3, 8, 8)
