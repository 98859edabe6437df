"""`tui-draggan parts`: the parts of a model's pictures, from a few labelled ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import add_force, add_model, add_picture, words
from tui_draggan.errors import UsageError
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say
from tui_draggan.wording import counted, percent, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tui_draggan.api import Model
    from tui_draggan.parts.fitting import Labelled

WHAT = {
    "show": ("", "draw a picture beside its parts, with --out or --show (default)"),
    "train": ("", "find the parts from labelled pictures, and add them to the model"),
    "mask": ("NAME …", "write a mask of parts of a picture, for --mask, with --out"),
}
MOST_PICTURES = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "The parts of pictures (ears, eyes, …), told by a linear head on the model's own features: "
        "from 1 to 16 labelled pictures, in seconds. A model that knows its parts masks them with "
        "one key (m, then a)."
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "what:\n" + "\n".join(
        f"  {f'{name} {operands}'.strip():24}{note}" for name, (operands, note) in WHAT.items()
    )
    parser.add_argument("what", nargs="?", choices=WHAT, default="show", metavar="WHAT")
    parser.add_argument("operands", nargs="*", metavar="NAME")
    train = parser.add_argument_group("train")
    source = train.add_mutually_exclusive_group()
    source.add_argument(
        "--labels",
        type=typed_path,
        metavar="FOLDER",
        help="label maps SEED.png or SEED-CLASS.png: a palette or grey levels, 0 is the first part",
    )
    source.add_argument(
        "--renderer", type=int, metavar="N", help="critters: so many pictures as they are drawn"
    )
    train.add_argument(
        "--names", type=words, default=(), metavar="NAME,…", help="what the label maps' values are"
    )
    parser.add_argument("--out", type=typed_path, metavar="PNG", help="the picture, or the mask")
    parser.add_argument("--grow", type=int, default=0, metavar="PX", help="a wider mask")
    add_force(parser.add_argument)
    parser.add_argument("--show", action="store_true", help="print the picture in the terminal")
    group = parser.add_argument_group("model and picture", argument_default=argparse.SUPPRESS)
    add_model(group)
    add_picture(group)


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    from tui_draggan.api import Model
    from tui_draggan.commands.opening import OpenRequest, engine_for, open_bundle
    from tui_draggan.commands.results import check_outputs
    from tui_draggan.tui.printing import check_printing

    _check(options)
    check_outputs(force=options.force, picture=options.out)
    if options.show:
        check_printing()
    request = OpenRequest.of(options)
    bundle = open_bundle(request)
    with closing(engine_for(request, bundle)) as engine:
        engine.open()
        model = Model(bundle, lambda: engine)
        if options.what == "train":
            return _train(model, options)
        return _draw(model, options)


def _check(options: argparse.Namespace) -> None:
    """Raises UsageError for what `what` does not take."""
    what = options.what
    if bool(options.operands) != (what == "mask"):
        usage = f"tui-draggan parts {what} {WHAT[what][0]}".rstrip()
        raise UsageError(f"{counted(len(options.operands), 'operand')} given; expected {usage}")
    if what == "train":
        if options.labels is None and options.renderer is None:
            raise UsageError("nothing to learn from; add --labels FOLDER, or --renderer N")
        if options.labels is not None and not options.names:
            raise UsageError("--labels needs the names of its values; add --names skin,ears,…")
        if options.renderer is not None and not 1 <= options.renderer <= MOST_PICTURES:
            raise UsageError(f"--renderer is {options.renderer}; expected 1 to {MOST_PICTURES}")
    elif options.out is None and not (options.show and what == "show"):
        raise UsageError("nothing to write; add --out FILE.png")
    if not 0 <= options.grow <= 512:
        raise UsageError(f"--grow is {options.grow}; expected 0 to 512")


def _train(model: Model, options: argparse.Namespace) -> int:
    from tui_draggan.commands.progress import progress
    from tui_draggan.parts.fitting import fit
    from tui_draggan.parts.graph import add_parts
    from tui_draggan.parts.measures import cross_validated

    with progress(sys.stderr) as report:
        report("looking at labelled pictures")
        pictures, names = _labelled(model, options)
        if len(pictures) > 1:
            report("cross-validating")
            _say_overlaps(cross_validated(pictures, names), names)
        report("finding parts")
        head = fit(pictures, names)
    add_parts(model.bundle, head)
    say(f"added to {model.info.name}: {', '.join(names)}")
    return 0


def _say_overlaps(overlaps: NDArray, names: Sequence[str]) -> None:  # type: ignore[type-arg]
    import numpy as np

    width = max(map(len, names))
    for name, overlap in zip(names, overlaps, strict=True):
        say(f"{name:{width}}  {'–' if np.isnan(overlap) else percent(float(overlap))}")
    mean = percent(float(np.nanmean(overlaps)))
    say(f"{'mean':{width}}  {mean} intersection over union, cross-validated")


def _labelled(model: Model, options: argparse.Namespace) -> tuple[list[Labelled], tuple[str, ...]]:
    from tui_draggan.parts.fitting import Labelled
    from tui_draggan.parts.graph import feature_network
    from tui_draggan.parts.labelled import checked_parts, painted

    with feature_network(model.bundle) as features:
        if options.renderer is not None:
            from tui_draggan.bench.score.part_masks import drawn_parts
            from tui_draggan.training.critters import PARTS, SPECIES

            if model.info.classes != SPECIES:
                raise UsageError("--renderer is for critters, whose parts are known")
            seeds = [
                model.seed(number, 1.0, number % len(SPECIES)) for number in range(options.renderer)
            ]
            latents = [model.latent(seed) for seed in seeds]
            known = [(latent.ws, drawn_parts(model, latent)) for latent in latents]
            names: tuple[str, ...] = PARTS
        else:
            names = checked_parts(options.names)
            psi = getattr(options, "psi", None)
            known = painted(
                options.labels,
                model.info.size,
                len(names),
                lambda seed, label: model.latent(model.seed(seed, psi, label)).ws,
            )
        return [Labelled(features(ws), parts) for ws, parts in known], names


def _draw(model: Model, options: argparse.Namespace) -> int:
    """The picture beside its parts, or a mask of some."""
    from tui_draggan.edit import brush
    from tui_draggan.edit.mask import save_mask
    from tui_draggan.pictures.matrix import write_matrix
    from tui_draggan.pictures.parts import named_overlay
    from tui_draggan.tui.printing import print_picture

    names = model.info.parts
    for name in options.operands:
        if names and name not in names:
            raise UsageError(f"no part {quoted(name)}; available: {', '.join(names)}")
    origin = model.seed(
        getattr(options, "seed", 0), getattr(options, "psi", None), getattr(options, "label", None)
    )
    latent = model.latent(origin)
    parts = model.engine.parts(latent.ws)
    if options.what == "mask":
        mask = sum(parts == names.index(name) for name in options.operands) > 0
        for _ in range(options.grow):
            mask = brush.grow(mask)
        if not mask.any():
            raise UsageError(f"this picture has no {', '.join(options.operands)}")
        save_mask(options.out, mask)
    else:
        sheet = named_overlay(model.render(latent), parts, names)
        if options.show:
            print_picture(sheet)
        if options.out is not None:
            write_matrix(options.out, sheet)
    if options.out is not None:
        say(f"written: {options.out}")
    return 0
