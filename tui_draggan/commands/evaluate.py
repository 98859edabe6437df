"""`tui-draggan evaluate`: a model's samples beside real pictures, as a table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui_draggan import __version__
from tui_draggan.commands.arguments import add_data, add_device
from tui_draggan.errors import UsageError
from tui_draggan.interrupts import import_torch
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import remark, say
from tui_draggan.training.config import CRITTERS

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tui_draggan.training.metrics.generators import EvaluatedModel
    from tui_draggan.training.metrics.measures import CritterMeasures, Features, Measure

LANDMARK_FEATURES = "the landmark network of critters"


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


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, BundleError."""
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
    from tui_draggan.training.metrics.real import FEWEST, drawn_critters, folder_pictures

    if options.samples < FEWEST:
        raise UsageError(f"--samples is {options.samples}; expected at least {FEWEST}")
    if options.seed < 0:
        raise UsageError(f"--seed is {options.seed}; expected 0 or more")
    device = choose_device(options.device)
    model = open_model(options.model, device)
    of_critters = options.data == CRITTERS
    features, named = _features(options, model, device)
    if of_critters:
        real = drawn_critters(options.samples, model.resolution, options.seed)
    else:
        surveyed = survey(typed_path(options.data), options.classes)
        remark(surveyed.words)
        real = folder_pictures(surveyed, options.samples, model.resolution, options.seed)
    count = len(real.first)
    labels = labels_for(model, real)
    fake = sampled(model, labels, options.seed)
    found = measures(model, real, fake, labels, features, max(count // 2, 2), options.seed)
    critters = critter_measures(model, real, fake, labels) if of_critters else None
    if options.json:
        print(json.dumps(_values(options, model, named, count, found, critters), indent=2))
    else:
        say(*_heading(options, model, named, count))
        print(table(found))
        if critters is not None:
            print(_of_critters(critters))
    return 0


def table(found: Sequence[Measure]) -> str:
    """Markdown, so that it can be pasted."""
    lines = ["| measure | samples | floor |", "| --- | --- | --- |"]
    for one in found:
        name = f"{one.name} ({one.note})" if one.note else one.name
        floor = "" if one.floor is None else f"{one.floor:.4g}"
        lines.append(f"| {name} | {one.value:.4g} | {floor} |")
    return "\n".join(lines)


def _heading(
    options: argparse.Namespace, model: EvaluatedModel, named: str | None, count: int
) -> list[str]:
    lines = [
        f"tui-draggan {__version__}; {model.name}, {model.resolution} px, ψ 1; "
        f"seed {options.seed}; {count} samples against {count} pictures of {options.data}; "
        f"floor: those pictures against {count} others"
    ]
    if named is None:
        lines.append(
            "no discriminator, so no features: sliced Wasserstein distance only; "
            "--features RUN/network.pt names one"
        )
    else:
        lines.append(f"features of {named}")
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


def _values(
    options: argparse.Namespace,
    model: EvaluatedModel,
    named: str | None,
    count: int,
    found: Sequence[Measure],
    critters: CritterMeasures | None,
) -> dict[str, Any]:
    return {
        "version": __version__,
        "model": model.name,
        "resolution": model.resolution,
        "data": options.data,
        "seed": options.seed,
        "samples": count,
        "features": named,
        "measures": [asdict(one) for one in found],
        "critters": None if critters is None else asdict(critters),
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
    if discriminator.resolution != model.resolution:
        raise UsageError(
            f"the discriminator in {discriminator.name} is for {discriminator.resolution} px; "
            f"{model.name} makes {model.resolution} px"
        )

    def features(image: Tensor) -> Tensor:
        return discriminator.features(image.to(device)).cpu()

    return features, f"the discriminator in {discriminator.name}"
