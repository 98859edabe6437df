"""`tui-draggan evaluate`: a model's samples beside real pictures, as a table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_draggan import __version__
from tui_draggan.commands.arguments import Range, add_data, add_device, check_ranges
from tui_draggan.commands.progress import Report, progress
from tui_draggan.errors import UsageError
from tui_draggan.interrupts import import_torch
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import remark, say
from tui_draggan.training.config import CRITTERS
from tui_draggan.training.metrics import FEWEST

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tui_draggan.training.metrics.generators import EvaluatedModel
    from tui_draggan.training.metrics.measures import CritterMeasures, Features, Measure

LANDMARK_FEATURES = "the landmark network of critters"
RANGES = (Range("--samples", FEWEST), Range("--seed", 0))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Prints Fréchet and kernel distance, precision and recall, sliced Wasserstein distance and "
        "path length, each beside its floor: the same measure between two halves of the real "
        "pictures."
    )
    add = parser.add_argument
    add(
        "model",
        metavar="NAME|FOLDER|FILE",
        help="a model's name or folder, weights (.pt), or a run's folder",
    )
    add_data(parser, "the real pictures", required=True)
    add(
        "--samples",
        type=int,
        default=2000,
        metavar="N",
        help="samples, and as many real pictures (default: 2000)",
    )
    add("--seed", type=int, default=0, metavar="N", help="of everything drawn (default: 0)")
    add(
        "--features",
        type=typed_path,
        metavar="FILE",
        help="compare features of the discriminator in this network.pt (default: that of the "
        "model's own run; for critters, the landmark network)",
    )
    add_device(parser)
    add("--json", action="store_true", help="print JSON instead of tables")


@dataclass(frozen=True)
class Evaluation:
    """What was compared, and what came of it."""

    model: EvaluatedModel
    features: str | None
    """Name of the network whose features were compared."""
    count: int
    """Number of samples, and of real pictures in each half."""
    measures: list[Measure]
    critters: CritterMeasures | None


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, BundleError."""
    check_ranges(options, RANGES)
    with progress() as report:
        found = _evaluate(options, report)
    if options.json:
        print(json.dumps(_values(options, found), indent=2))
    else:
        say(*_heading(options, found))
        print(table(found.measures))
        if found.critters is not None:
            print(_of_critters(found.critters))
    return 0


def _evaluate(options: argparse.Namespace, report: Report) -> Evaluation:
    report("starting torch")
    import_torch()
    from tui_draggan.training.data import survey
    from tui_draggan.training.devices import choose_device
    from tui_draggan.training.metrics.generators import open_model
    from tui_draggan.training.metrics.measures import (
        critter_measures,
        labels_for,
        measures,
        sampled,
    )
    from tui_draggan.training.metrics.real import drawn_critters, folder_pictures

    device, seed = choose_device(options.device), options.seed
    report("opening the model")
    model = open_model(options.model, device)
    features, named = _features(options, model, device)
    if options.data == CRITTERS:
        if model.size.height != model.size.width:
            raise UsageError(
                f"{model.name} makes pictures of {model.size} px; critters are squares"
            )
        drawing = partial(report, "drawing critters")
        real = drawn_critters(options.samples, model.size.width, seed, drawing)
    else:
        surveyed = survey(typed_path(options.data), options.classes)
        remark(surveyed.words)
        reading = partial(report, "reading pictures")
        real = folder_pictures(surveyed, options.samples, model.size, seed, reading)
    count = len(real.first)
    labels = labels_for(model, real)
    fake = sampled(model, labels, seed, partial(report, "making samples"))
    report("comparing pictures")
    lines = max(count // 2, 2)
    if features is not None:
        looking = partial(report, "comparing features")
        features = _counted(features, 3 * count + 2 * lines, looking)
    found = measures(model, real, fake, labels, features, lines, seed)
    critters = None
    if options.data == CRITTERS:
        report("finding landmarks")
        critters = critter_measures(model, real, fake, labels)
    return Evaluation(model, named, count, found, critters)


def _counted(features: Features, total: int, progress: Callable[[int, int], None]) -> Features:
    """The same features, telling how many of the pictures have been looked at."""
    done = 0

    def counted(image: Tensor) -> Tensor:
        nonlocal done
        found = features(image)
        done += len(image)
        progress(done, total)
        return found

    return counted


def table(found: Sequence[Measure]) -> str:
    """Markdown, so that it can be pasted."""
    lines = ["| measure | samples | floor |", "| --- | --- | --- |"]
    for one in found:
        name = f"{one.name} ({one.note})" if one.note else one.name
        floor = "" if one.floor is None else f"{one.floor:.4g}"
        lines.append(f"| {name} | {one.value:.4g} | {floor} |")
    return "\n".join(lines)


def _heading(options: argparse.Namespace, found: Evaluation) -> list[str]:
    model, count = found.model, found.count
    lines = [
        f"tui-draggan {__version__}; {model.name}, {model.size} px, ψ 1; "
        f"seed {options.seed}; {count} samples against {count} pictures of {options.data}; "
        f"floor: those pictures against {count} others"
    ]
    if found.features is None:
        lines.append(
            "no discriminator, so no features: sliced Wasserstein distance only; "
            "--features RUN/network.pt names one"
        )
    else:
        lines.append(f"features of {found.features}")
    if count < options.samples:
        lines.append(f"{options.data} has too few pictures for two halves of {options.samples}")
    return lines


def _of_critters(c: CritterMeasures) -> str:
    accuracy = "" if c.accuracy_samples is None else f"{c.accuracy_samples:.1%}"
    return "\n".join(
        (
            "",
            "| the landmark network | on renders | on samples |",
            "| --- | --- | --- |",
            f"| mean error of landmarks | {c.error:.2f} px, {c.share:.2%} of the width | |",
            f"| accuracy on species | {c.accuracy_renders:.1%} | {accuracy} |",
            f"| mean confidence | {c.confidence_renders:.3f} | {c.confidence_samples:.3f} |",
        )
    )


def _values(options: argparse.Namespace, found: Evaluation) -> dict[str, Any]:
    return {
        "version": __version__,
        "model": found.model.name,
        "size": found.model.size._asdict(),
        "data": options.data,
        "seed": options.seed,
        "samples": found.count,
        "features": found.features,
        "measures": [asdict(one) for one in found.measures],
        "critters": None if found.critters is None else asdict(found.critters),
    }


def _features(
    options: argparse.Namespace, model: EvaluatedModel, device: torch.device
) -> tuple[Features | None, str | None]:
    """The features to compare, and their name. Raises UsageError."""
    from tui_draggan.training.metrics.generators import open_discriminator
    from tui_draggan.training.metrics.landmarks.network import find_landmarks

    if options.data == CRITTERS and options.features is None:
        return lambda image: find_landmarks(image.to(device)).features.cpu(), LANDMARK_FEATURES
    discriminator = open_discriminator(options.features, options.model, device)
    if discriminator is None:
        return None, None
    if (discriminator.resolution,) * 2 != model.size:
        raise UsageError(
            f"the discriminator in {discriminator.name} is for {discriminator.resolution} px; "
            f"{model.name} makes {model.size} px"
        )

    def features(image: Tensor) -> Tensor:
        return discriminator.features(image.to(device)).cpu()

    return features, f"the discriminator in {discriminator.name}"
