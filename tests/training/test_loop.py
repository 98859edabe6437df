"""The training loop, tiny: it learns, and a killed run resumes as if it had not been killed."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from tests.training.tiny import ADVERSARIAL, TINY
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.errors import UsageError
from tui_draggan.run_folder import RunFolder
from tui_draggan.stylegan.config import GeneratorConfig
from tui_draggan.testing.waiting import wait_until
from tui_draggan.training.config import CRITTERS, TrainingConfig
from tui_draggan.training.critters import SPECIES, Z_DIM
from tui_draggan.training.critters.pairs import species_labels
from tui_draggan.training.data import PictureData
from tui_draggan.training.log import DivergedError, Line, read_log
from tui_draggan.training.loop import train
from tui_draggan.training.networks import read_networks
from tui_draggan.training.state import TrainingState

pytestmark = pytest.mark.slow


def quiet() -> Console:
    return Console(file=io.StringIO())


def folder_of(count: int = 20, side: int = 16, classes: Sequence[str] = ()) -> PictureData:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    labels = np.arange(count) % max(1, len(classes))
    return PictureData(pictures, labels, tuple(classes), (), None)


def run(folder: Path, config: TrainingConfig, **others: Any) -> TrainingState:
    data = None if config.data == CRITTERS else folder_of()
    return train(folder, config, data=data, console=quiet(), **others)


def weights(state: TrainingState) -> list[torch.nn.Parameter]:
    return [*state.g.parameters(), *state.g_ema.parameters(), *state.d.parameters()]


def log_of(folder: Path) -> list[Line]:
    return read_log(RunFolder(folder))


def without_times(lines: Sequence[Line]) -> list[Line]:
    times = ("seconds", "seconds_per_kimg")
    return [{k: v for k, v in line.items() if k not in times} for line in lines]


def test_the_paired_loss_goes_down(tmp_path: Path) -> None:
    run(tmp_path, replace(TINY, paired_kimg=0.8, paired_lr=0.03, paired_growth=(0.0, 0.0)))
    losses = [line["paired"] for line in log_of(tmp_path) if "paired" in line]
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.parametrize(
    "config",
    [TINY, ADVERSARIAL, replace(ADVERSARIAL, augment="ada", n_critic=2)],
    ids=["pairs", "adversarial", "ada"],
)
def test_a_resumed_run_has_the_weights_and_the_curve_of_an_uninterrupted_one(
    tmp_path: Path, config: TrainingConfig
) -> None:
    whole = run(tmp_path / "whole", config)
    for stop_after in (13, 5, 99):
        parts = run(tmp_path / "parts", config, stop_after=stop_after)
    assert parts.step == whole.step == config.total_steps
    for a, b in zip(weights(whole), weights(parts), strict=True):
        assert torch.equal(a, b)
    assert whole.finite()
    last, other = (without_times(log_of(tmp_path / name))[-1] for name in ("whole", "parts"))
    assert last == other


def test_a_killed_run_resumes_from_its_last_snapshot_with_the_same_curve(tmp_path: Path) -> None:
    """Killed: what it did after the snapshot, and wrote into its log, is done again."""
    whole = run(tmp_path / "whole", ADVERSARIAL)
    killed = RunFolder(tmp_path / "killed")
    run(killed.path, ADVERSARIAL, stop_after=12)
    killed.list_snapshots()[-1].unlink()  # as if it had died before it was written
    with killed.log.open("a") as log:
        log.write('{"step": 13, "ki')
    after = run(killed.path, ADVERSARIAL)
    for a, b in zip(weights(whole), weights(after), strict=True):
        assert torch.equal(a, b)
    curves = [without_times(log_of(tmp_path / name)) for name in ("whole", "killed")]
    assert curves[0] == curves[1]


def test_a_damaged_newest_snapshot_is_passed_over(tmp_path: Path) -> None:
    run(tmp_path, ADVERSARIAL, stop_after=12)
    newest = RunFolder(tmp_path).list_snapshots()[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    assert run(tmp_path, ADVERSARIAL, stop_after=1).step < 12


def test_what_a_run_leaves(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    run(tmp_path, replace(TINY, snapshots_kept=2))
    names = [path.name for _, path in folder.list_sample_grids()]
    assert names == ["000000.png"]  # all within the first kimg
    assert len(folder.list_snapshots()) <= 2
    saved = torch.load(folder.network, weights_only=True)
    assert saved["kimg"] == pytest.approx(0.24)
    assert saved["classes"] == list(SPECIES)
    assert set(saved["discriminator"]) == {"config", "state"}
    generator = load_generator(folder.network)
    assert generator.mapping.w_avg.abs().sum() > 0
    picture = generator(torch.zeros(1, Z_DIM), species_labels(torch.tensor([1])), psi=0.7)
    assert picture.shape == (1, 3, 16, 16)
    config = json.loads(folder.config.read_text())
    assert (config["resolution"], config["batch"], config["kimg"]) == (16, 8, 0.24)
    assert GeneratorConfig.from_dict(config["generator"]) == TINY.generator
    assert any(folder.tensorboard.iterdir())
    metrics = [line["metric"] for line in log_of(tmp_path) if "metric" in line]
    assert metrics and all(value > 0 for value in metrics)
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".")]


def test_nan_stops_a_run_and_keeps_its_last_good_snapshot(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    run(tmp_path, ADVERSARIAL, stop_after=12)
    kept = {path.name: path.read_bytes() for path in folder.list_snapshots()}
    with pytest.raises(DivergedError, match="NaN or infinite before step"):
        run(tmp_path, replace(ADVERSARIAL, generator_lr=1e30))
    assert {path.name: path.read_bytes() for path in folder.list_snapshots()} == kept
    assert load_generator(folder.network)


def test_classes_of_a_folder_reach_both_networks(tmp_path: Path) -> None:
    data = folder_of(classes=("moon", "sun"))
    generator = replace(ADVERSARIAL.generator, c_dim=2)
    config = replace(ADVERSARIAL, generator=generator, classes=data.classes)
    state = train(tmp_path, config, data=data, console=quiet(), stop_after=2)
    assert state.d.embed is not None and state.finite()
    saved = torch.load(RunFolder(tmp_path).network, weights_only=True)
    assert saved["classes"] == ["moon", "sun"]


def test_weights_of_another_run_begin_one(tmp_path: Path) -> None:
    first = run(tmp_path / "first", ADVERSARIAL, stop_after=3)
    saved = read_networks(RunFolder(tmp_path / "first").network)
    second = run(tmp_path / "second", ADVERSARIAL, begin_with=saved, stop_after=0)
    for a, b in zip(first.g_ema.parameters(), second.g.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(first.d.parameters(), second.d.parameters(), strict=True):
        assert torch.equal(a, b)


def terminate_after_first_line(log: Path) -> None:
    """SIGTERM to this process once the run's log has a line: it is under way then."""
    wait_until(lambda: log.exists() and log.read_text(), "the first line of the log")
    os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_ends_the_run_with_a_snapshot(tmp_path: Path) -> None:
    config = replace(TINY, paired_kimg=80.0)
    log = RunFolder(tmp_path).log
    threading.Thread(target=terminate_after_first_line, args=(log,), daemon=True).start()
    before = signal.getsignal(signal.SIGTERM)
    state = run(tmp_path, config)
    assert 0 < state.step < config.total_steps
    assert run(tmp_path, config, stop_after=0).step == state.step
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_that_is_being_trained_is_not_trained_twice(tmp_path: Path) -> None:
    run(tmp_path, ADVERSARIAL, stop_after=3)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with RunFolder(tmp_path).locked(), pytest.raises(UsageError, match="another process"):
        run(tmp_path, ADVERSARIAL, stop_after=3)
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    assert run(tmp_path, ADVERSARIAL, stop_after=3).step == 6
