"""`--tune` of `tui-draggan invert`: the model is tuned to the photographs that were found."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_draggan import paths
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import check_folder

if TYPE_CHECKING:
    from tui_draggan.bundle import BundleInfo
    from tui_draggan.commands.progress import Report
    from tui_draggan.edit.inversion import InversionProblem, Inverted
    from tui_draggan.edit.tuning import TunedModel
    from tui_draggan.engines.base import Engine


@dataclass(frozen=True)
class TuningOptions:
    """What --tune and --save-model ask for."""

    steps: int
    model: TunedModel


def tuning_options(
    options: argparse.Namespace, names: Sequence[str], info: BundleInfo
) -> TuningOptions | None:
    """names: of the photographs' files. None where nothing is to be tuned. Raises UsageError or
    OutputError before long work."""
    if options.tune is None and options.save_model is None:
        return None
    from tui_draggan.edit.tuning import check_steps
    from tui_draggan.inversion.recipe import TUNING_STEPS

    if options.save_model is None:
        raise UsageError("--tune makes a model of its own; add --save-model NAME")
    if options.out is None:
        raise UsageError(
            "--save-model needs --out too: the tuned model draws the photographs at their latents"
        )
    steps = TUNING_STEPS if options.tune is None else options.tune
    check_steps(steps)
    return TuningOptions(steps, tuned_model(options.save_model, names, info, options.force))


def tuned_model(
    name: str, names: Sequence[str], info: BundleInfo, replaced: bool = False
) -> TunedModel:
    """A new model among the user's. Raises UsageError for a name that cannot be, or is the tuned
    model's own, OutputError for one that is there."""
    from tui_draggan.commands.import_model import checked_name
    from tui_draggan.edit.tuning import TunedModel

    folder = paths.user_models() / checked_name(name)
    if name == info.name:
        raise UsageError(f"{name} is the model that is tuned; choose another name")
    check_folder(folder)
    if folder.exists() and not replaced:
        raise OutputError(
            f"a model named {name} already exists; choose another name, or remove it: "
            f"tui-draggan models {name} --remove"
        )
    return TunedModel(folder, name, description(info, names), replaced)


def description(info: BundleInfo, files: Sequence[str]) -> str:
    """«critters, tuned to cat.jpg and 2 more»."""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{info.name}, tuned to {files[0]}{more}" if files else f"{info.name}, tuned"


def tune(
    engine: Engine,
    problems: Sequence[InversionProblem],
    found: Sequence[Inverted],
    options: TuningOptions,
    report: Report,
) -> list[Inverted]:
    """What was found, as the tuned model draws it; the model is written.

    Raises BundleError, EngineError, OutputError.
    """
    from tui_draggan.edit.tuning import tuned
    from tui_draggan.engines.base import Pivot
    from tui_draggan.inversion.likeness import Likeness

    pivots = [
        Pivot(one.document.latent.ws, problem.pixels)
        for problem, one in zip(problems, found, strict=True)
    ]
    what = "tuning"
    report(what)
    files = [problem.origin.file for problem in problems]
    model = replace(options.model, description=description(engine.info, files))
    last = tuned(engine, pivots, options.steps, model, lambda done, of: report(what, done, of))
    return [
        replace(
            one,
            picture=picture,
            likeness=Likeness.of(picture[:, :, :3], problem.pixels, one.likeness.unusual),
        )
        for problem, one, picture in zip(problems, found, last.images, strict=True)
    ]
