"""The trainer, tiny: it learns, and a killed run goes on as if it had not been killed."""

import os
import signal
import threading
import time
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.network import Generator
from tui_draggan.training import loop
from tui_draggan.training.config import TrainingConfig
from tui_draggan.training.critters import Z_DIM
from tui_draggan.training.pairs import batch_indices, draw_pairs, open_pairs
from tui_draggan.training.report import LOG, read_log

TINY = TrainingConfig(
    generator=GeneratorConfig(16, (8, 8, 8), Z_DIM, 16, mapping_layers=2, mapping_lr=1.0),
    discriminator_channels=(8, 8, 8),
    pairs=64,
    batch=8,
    paired_kimg=0.16,
    adversarial_kimg=0.08,
    r1_interval=4,
    log_kimg=0.04,
    samples_kimg=0.12,
    bf16=False,
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
        assert generator(torch.zeros(1, Z_DIM), psi=0.7).shape == (1, 3, 16, 16)
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


def test_an_epoch_sees_every_pair_once():
    seen = np.concatenate([batch_indices(64, 8, step, seed=1) for step in range(8)])
    assert sorted(seen) == list(range(64))
    orders = (tuple(batch_indices(64, 8, step, seed=1)) for step in count())
    assert next(orders) != tuple(batch_indices(64, 8, 8, seed=1))


def test_kept_pairs_equal_drawn_ones(tmp_path):
    drawn = draw_pairs(70, 16, seed=3)
    for _ in range(2):  # drawn, then found
        kept = open_pairs(tmp_path, 70, 16, seed=3)
        assert np.array_equal(kept.pictures, drawn.pictures)
        assert np.array_equal(kept.z, drawn.z)
        assert np.array_equal(kept.masks, drawn.masks)
    assert drawn.batch(np.arange(3)).image.abs().max() <= 1
