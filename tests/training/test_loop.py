"""The training loop, tiny: it learns, and a killed run goes on as if it had not been killed."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from tests.training.tiny import GAME, TINY
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.stylegan.generator_file import load_generator
from tui_draggan.testing.waiting import wait_until
from tui_draggan.training.critters import SPECIES, Z_DIM
from tui_draggan.training.critters.pairs import one_hot
from tui_draggan.training.data import PictureData
from tui_draggan.training.loop import train
from tui_draggan.training.report import LOG, DivergedError, progress_line, read_log
from tui_draggan.training.snapshots import NETWORK, snapshots


def quiet() -> Console:
    return Console(file=io.StringIO())


def folder_of(count=20, side=16, classes=()):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    labels = np.arange(count) % max(1, len(classes))
    return PictureData(pictures, labels, tuple(classes), (), None)


def run(folder, config, **others):
    data = None if config.data == "critters" else folder_of()
    return train(folder, config, data=data, console=quiet(), **others)


def weights(state):
    return [*state.g.parameters(), *state.g_ema.parameters(), *state.d.parameters()]


def without_times(lines):
    times = ("seconds", "seconds_per_kimg")
    return [{k: v for k, v in line.items() if k not in times} for line in lines]


def test_the_paired_loss_goes_down(tmp_path):
    run(tmp_path, replace(TINY, paired_kimg=0.8, paired_lr=0.03, paired_growth=(0.0, 0.0)))
    losses = [line["paired"] for line in read_log(tmp_path) if "paired" in line]
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.parametrize(
    "config", [TINY, GAME, replace(GAME, augment="ada", n_critic=2)], ids=["pairs", "game", "ada"]
)
def test_a_resumed_run_has_the_weights_and_the_curve_of_an_uninterrupted_one(tmp_path, config):
    whole = run(tmp_path / "whole", config)
    for stop_after in (13, 5, 99):
        parts = run(tmp_path / "parts", config, stop_after=stop_after)
    assert parts.step == whole.step == config.total_steps
    for a, b in zip(weights(whole), weights(parts), strict=True):
        assert torch.equal(a, b)
    assert whole.finite()
    last, other = (without_times(read_log(tmp_path / name))[-1] for name in ("whole", "parts"))
    assert last == other


def test_a_killed_run_goes_on_from_its_last_snapshot_with_the_same_curve(tmp_path):
    """Killed: what it did after the snapshot, and wrote into its log, is done again."""
    whole = run(tmp_path / "whole", GAME)
    run(tmp_path / "killed", GAME, stop_after=12)
    snapshots(tmp_path / "killed")[-1].unlink()  # as if it had died before it was written
    with (tmp_path / "killed" / LOG).open("a") as log:
        log.write('{"step": 13, "ki')
    after = run(tmp_path / "killed", GAME)
    for a, b in zip(weights(whole), weights(after), strict=True):
        assert torch.equal(a, b)
    curves = [without_times(read_log(tmp_path / name)) for name in ("whole", "killed")]
    assert curves[0] == curves[1]


def test_a_damaged_newest_snapshot_is_passed_over(tmp_path):
    run(tmp_path, GAME, stop_after=12)
    newest = snapshots(tmp_path)[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    assert run(tmp_path, GAME, stop_after=1).step < 12


def test_what_a_run_leaves(tmp_path):
    run(tmp_path, replace(TINY, snapshots_kept=2))
    names = [p.name for p in sorted((tmp_path / "samples").iterdir())]
    assert names == ["000000.png"]  # all within the first kimg
    assert len(snapshots(tmp_path)) <= 2
    saved = torch.load(tmp_path / NETWORK, weights_only=True)
    assert saved["kimg"] == pytest.approx(0.24)
    assert saved["classes"] == list(SPECIES)
    assert set(saved["discriminator"]) == {"config", "state"}
    generator = load_generator(tmp_path / NETWORK)
    assert generator.mapping.w_avg.abs().sum() > 0
    picture = generator(torch.zeros(1, Z_DIM), one_hot(torch.tensor([1])), psi=0.7)
    assert picture.shape == (1, 3, 16, 16)
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["resolution"], config["batch"], config["kimg"]) == (16, 8, 0.24)
    assert GeneratorConfig.from_dict(config["generator"]) == TINY.generator
    assert any((tmp_path / "tensorboard").iterdir())
    metrics = [line["metric"] for line in read_log(tmp_path) if "metric" in line]
    assert metrics and all(value > 0 for value in metrics)
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".")]


def test_nan_stops_a_run_and_keeps_its_last_good_snapshot(tmp_path):
    run(tmp_path, GAME, stop_after=12)
    kept = {path.name: path.read_bytes() for path in snapshots(tmp_path)}
    with pytest.raises(DivergedError, match="NaN or infinite before step"):
        run(tmp_path, replace(GAME, generator_lr=1e30))
    assert {path.name: path.read_bytes() for path in snapshots(tmp_path)} == kept
    assert load_generator(tmp_path / NETWORK)


def test_classes_of_a_folder_reach_both_networks(tmp_path):
    data = folder_of(classes=("moon", "sun"))
    config = replace(GAME, generator=replace(GAME.generator, c_dim=2), classes=data.classes)
    state = train(tmp_path, config, data=data, console=quiet(), stop_after=2)
    assert state.d.embed is not None and state.finite()
    assert torch.load(tmp_path / NETWORK, weights_only=True)["classes"] == ["moon", "sun"]


def test_weights_of_another_run_begin_one(tmp_path):
    first = run(tmp_path / "first", GAME, stop_after=3)
    saved = torch.load(tmp_path / "first" / NETWORK, weights_only=True)
    second = run(tmp_path / "second", GAME, begin_with=saved, stop_after=0)
    for a, b in zip(first.g_ema.parameters(), second.g.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(first.d.parameters(), second.d.parameters(), strict=True):
        assert torch.equal(a, b)


def terminate_after_first_line(log):
    """SIGTERM to this process once the run's log has a line: it is under way then."""
    wait_until(lambda: log.exists() and log.read_text(), "the first line of the log")
    os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_ends_the_run_with_a_snapshot(tmp_path):
    config = replace(TINY, paired_kimg=80.0)
    threading.Thread(target=terminate_after_first_line, args=(tmp_path / LOG,), daemon=True).start()
    before = signal.getsignal(signal.SIGTERM)
    state = run(tmp_path, config)
    assert 0 < state.step < config.total_steps
    assert run(tmp_path, config, stop_after=0).step == state.step
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_progress_line_says_what_one_wants_to_know():
    values = {"kimg": 12.0, "seconds_per_kimg": 30.0, "d": 0.91, "g": 1.2, "p": 0.125, "metric": 9}
    line = progress_line(values, replace(GAME, kimg=132.0))
    assert line == (
        "12.0 / 132 kimg   30.0 s/kimg   D 0.91   G 1.2   p 0.125   SWD 9   1 h 00 min left"
    )
