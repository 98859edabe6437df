"""`evaluate` end to end on tiny random networks: bundles, weights, runs; critters and folders."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny import FEATURE_BLOCK, SIZE, tiny_generator
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.evaluate import add_arguments, run
from tui_draggan.errors import BundleError, DragganError, UsageError
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.training.critters import SPECIES
from tui_draggan.training.discriminator import Discriminator
from tui_draggan.training.metrics.generators import BundleModel, TorchModel, open_model
from tui_draggan.training.metrics.measures import labels_for, sampled
from tui_draggan.training.metrics.real import RealHalves, drawn_critters

pytestmark = pytest.mark.slow

NAMES = [
    "Fréchet distance",
    "kernel distance · 1000",
    "precision",
    "recall",
    "sliced Wasserstein · 1000",
    "path length",
]
CPU = torch.device("cpu")


def evaluate(*words: object) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def refusal(*words: object) -> str:
    with pytest.raises(DragganError) as caught:
        evaluate(*words)
    assert "\n" not in caught.value.line
    return caught.value.line


def write_run(
    folder: Path, classes: tuple[str, ...] = SPECIES, discriminator: int | None = SIZE
) -> Path:
    """A trainer's run with random networks; the discriminator's resolution, None for none."""
    generator = tiny_generator(c_dim=len(classes))
    values: dict[str, Any] = {
        "config": generator.config.to_dict(),
        "state": generator.state_dict(),
        "kimg": 1.0,
        "classes": list(classes),
    }
    if discriminator is not None:
        channels = [8] * (discriminator.bit_length() - 2)
        torch.manual_seed(1)
        network = Discriminator(discriminator, channels, len(classes))
        config = {"resolution": discriminator, "channels": channels, "c_dim": len(classes)}
        values["discriminator"] = {"config": config, "state": network.state_dict()}
    folder.mkdir()
    torch.save(values, folder / "network.pt")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    generator = tiny_generator(c_dim=len(SPECIES))
    export_bundle(generator, folder, name="tiny", feature_block=FEATURE_BLOCK, classes=SPECIES)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for i in range(24):
        levels = random.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
        Image.fromarray(levels).save(folder / f"{i}.png")
    return folder


def test_a_run_beside_critters(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(trained, "--data", "critters", "--samples", 16, "--seed", 3) == 0
    printed = capsys.readouterr().out
    assert "seed 3; 16 samples" in printed and "ψ 1" in printed
    assert "features of the landmark network" in printed
    for name in (*NAMES, "mean error of landmarks", "accuracy on species", "mean confidence"):
        assert f"| {name}" in printed


def test_numbers_for_programs_and_the_same_for_the_same_seed(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def numbers(seed: int) -> dict[str, Any]:
        evaluate(trained, "--data", "critters", "--samples", 10, "--seed", seed, "--json")
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    first = numbers(1)
    assert first == numbers(1)
    other = numbers(2)
    assert [one["name"] for one in first["measures"]] == NAMES
    assert first["measures"] != other["measures"]
    assert first["samples"] == 10 and first["seed"] == 1
    assert first["size"] == {"height": SIZE, "width": SIZE}
    distances = {one["name"]: one for one in first["measures"]}
    # Random networks make nothing like critters; renders are like renders.
    for name in ("Fréchet distance", "sliced Wasserstein · 1000"):
        assert distances[name]["value"] > 1.5 * distances[name]["floor"]
    assert first["critters"]["confidence_renders"] > first["critters"]["confidence_samples"]


def test_a_bundle_makes_the_pictures_of_its_weights(bundle: Path, trained: Path) -> None:
    """Bundle and run hold the same generator."""
    exported, own = open_model(str(bundle), CPU), open_model(str(trained), CPU)
    assert isinstance(exported, BundleModel) and isinstance(own, TorchModel)
    assert exported.classes == own.classes == SPECIES
    labels = torch.arange(6) % len(SPECIES)
    first, second = (sampled(model, labels, seed=4) for model in (exported, own))
    assert (first.int() - second.int()).abs().max() <= 1
    assert ModelBundle.open(bundle).info.size.width == first.shape[-1]


def test_a_bundle_alone_beside_critters(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(bundle, "--data", "critters", "--samples", 8) == 0
    assert "tiny, 32 px" in capsys.readouterr().out


def test_a_folder_on_the_features_of_the_runs_discriminator(
    trained: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(trained, "--data", pictures, "--samples", 50) == 0
    printed = capsys.readouterr().out
    assert "12 samples against 12 pictures" in printed and "too few pictures" in printed
    assert f"the discriminator in {trained / 'network.pt'}" in printed
    assert "| Fréchet distance" in printed and "landmarks" not in printed


def test_without_a_discriminator_the_sliced_distance_alone(
    bundle: Path, pictures: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle, "--data", pictures, "--samples", 8) == 0
    printed = capsys.readouterr().out
    assert "no discriminator" in printed
    assert "| sliced Wasserstein" in printed and "Fréchet" not in printed
    features = ("--features", trained / "network.pt")
    assert evaluate(bundle, "--data", pictures, "--samples", 8, *features) == 0
    assert "| Fréchet distance" in capsys.readouterr().out


def test_samples_have_the_classes_of_the_real_pictures(trained: Path) -> None:
    model = open_model(str(trained), CPU)
    none = torch.zeros(4, 3, SIZE, SIZE, dtype=torch.uint8)
    renders = drawn_critters(10, SIZE, seed=0)
    assert labels_for(model, renders).tolist() == [0, 1, 2, 3, 4] * 2

    def labels(classes: tuple[str, ...], numbers: list[int]) -> list[int]:
        return labels_for(model, RealHalves(none, none, torch.tensor(numbers), classes)).tolist()

    assert labels(SPECIES[::-1], [0, 0, 1, 4]) == [4, 4, 3, 0]  # by name
    assert labels(("a", "b"), [0, 0, 1, 1]) == [0, 1, 2, 3]  # others: all alike
    assert labels((), [0, 0, 0, 0]) == [0, 1, 2, 3]


def test_halves_are_of_different_critters_of_the_same_species() -> None:
    real = drawn_critters(10, SIZE, seed=0)
    assert real.first.shape == real.second.shape == (10, 3, SIZE, SIZE)
    assert real.labels.tolist() == [0, 1, 2, 3, 4] * 2
    assert all((a != b).any() for a, b in zip(real.first, real.second, strict=True))


def test_wrong_input_is_one_line(
    tmp_path: Path, trained: Path, bundle: Path, pictures: Path
) -> None:
    text = tmp_path / "text.pt"
    text.write_text("no weights")
    plain = write_run(tmp_path / "plain", discriminator=None) / "network.pt"
    larger = write_run(tmp_path / "larger", discriminator=64) / "network.pt"
    critters = ("--data", "critters")
    assert "does not exist" in refusal(tmp_path / "none.pt", *critters)
    assert "cannot be read" in refusal(text, *critters)
    assert "no model named nobody" in refusal("nobody", *critters)
    assert "no bundle.json" in refusal(tmp_path, *critters)
    assert "--samples is 2" in refusal(trained, *critters, "--samples", 2)
    assert "--seed is -1" in refusal(trained, *critters, "--seed", -1)
    assert "no.pt does not exist" in refusal(
        bundle, "--data", pictures, "--features", tmp_path / "no.pt"
    )
    assert "no discriminator" in refusal(bundle, "--data", pictures, "--features", plain)
    assert "for 64 px" in refusal(bundle, "--data", pictures, "--features", larger)
    assert refusal(trained, "--data", tmp_path / "nowhere").startswith("usage")
    assert "tpu" in refusal(trained, *critters, "--device", "tpu:x")


def test_errors_are_of_input(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        evaluate("nobody", "--data", "critters")
    with pytest.raises(UsageError):
        evaluate(tmp_path / "none.pt", "--data", "critters")


def test_a_damaged_discriminator_is_named(tmp_path: Path, bundle: Path) -> None:
    path = write_run(tmp_path / "run") / "network.pt"
    values = torch.load(path, weights_only=True)
    del values["discriminator"]["state"]["conv.weight"]
    torch.save(values, path)
    assert "does not fit" in refusal(bundle, "--data", tmp_path, "--features", path)


@pytest.mark.parametrize(
    "claim",
    [
        {"resolution": 2**40, "channels": 39 * [8]},
        {"channels": 4 * [10**7]},
        {"c_dim": 2**40},
        {"channels": 3},
    ],
)
def test_a_discriminator_is_not_made_of_what_it_claims(
    claim: dict[str, Any], tmp_path: Path, bundle: Path
) -> None:
    path = write_run(tmp_path / "run") / "network.pt"
    values = torch.load(path, weights_only=True)
    values["discriminator"]["config"] |= claim
    torch.save(values, path)
    assert "does not fit" in refusal(bundle, "--data", tmp_path, "--features", path)


def test_classes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run") / "network.pt"
    values = torch.load(path, weights_only=True)
    torch.save({**values, "classes": ["cat"]}, path)
    assert "1 class names for 5 classes" in refusal(path, "--data", "critters")
