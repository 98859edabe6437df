"""`tui-draggan mix`: the way between two seeds, or one with rows of w+ from the other."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import (
    add_force,
    add_model,
    add_parameter,
    add_watermark,
    numbers,
)
from tui_draggan.edit.parameters import PSI, USUAL_PSI
from tui_draggan.errors import UsageError
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say

if TYPE_CHECKING:
    from tui_draggan.api import Model
    from tui_draggan.edit.latent import Latent
    from tui_draggan.edit.sliders import Rows

FRAMES = 30
"""Pictures of the way from one to the other, ends included."""
HALF_WAY, WHOLE = 0.5, 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Mixes the pictures of two seeds: somewhere between them in W, or the first one with some "
        "rows of w+ from the second (style mixing)."
    )
    parser.add_argument("--seeds", type=numbers, required=True, metavar="A,B", help="the two")
    parser.add_argument(
        "--rows",
        dest="mixed_rows",  # `rows` is a parameter of the drag
        metavar="ROWS",
        help="rows of w+ that are mixed: all, shape, colour, or 3-5 (default: all)",
    )
    parser.add_argument(
        "--at",
        type=float,
        metavar="SHARE",
        help="0 is A, 1 is B (default: 0.5; with --rows: 1)",
    )
    add = parser.add_argument_group("output").add_argument
    add("--out", type=typed_path, metavar="PNG", help="the picture")
    add("--save", type=typed_path, metavar="FILE", help="the edit, for --session")
    add(
        "--animation",
        type=typed_path,
        metavar="FILE",
        help="the way from A to B, or to --at: .gif, .webp or .mp4",
    )
    add_force(add)
    add_watermark(add)
    add("--show", action="store_true", help="print the picture in the terminal")
    group = parser.add_argument_group("model and pictures", argument_default=argparse.SUPPRESS)
    add_model(group)
    add_parameter(group, PSI, f"{PSI.note} (default: the model's own, or {USUAL_PSI:g})")
    group.add_argument(
        "--class",
        dest="label",
        metavar="NAME|NUMBER[,…]",
        help="class of both pictures, or one for each",
    )


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    from tui_draggan.api import Model
    from tui_draggan.commands.opening import OpenRequest, engine_for, open_bundle
    from tui_draggan.edit.sliders import parse_rows

    at = _checked(options)
    wanted, request = vars(options).get, OpenRequest.of(options)
    bundle = open_bundle(request)
    rows = parse_rows(options.mixed_rows or "all", bundle.info)
    with closing(engine_for(request, bundle)) as engine:
        model = Model(bundle, lambda: engine)
        labels = _labels(wanted("label"), model)
        origins = [
            model.seed(seed, wanted("psi"), label)
            for seed, label in zip(options.seeds, labels, strict=True)
        ]
        engine.open()
        first, second = (model.latent(origin) for origin in origins)
        _write(options, model, first, second, at, rows)
    return 0


def _checked(options: argparse.Namespace) -> float:
    """How far from the first to the second. Raises UsageError or OutputError, before long work."""
    from tui_draggan.commands.results import check_outputs
    from tui_draggan.tui.printing import check_printing

    if len(options.seeds) != 2:
        raise UsageError("--seeds names two seeds, as in --seeds 6,12")
    at = options.at if options.at is not None else WHOLE if options.mixed_rows else HALF_WAY
    if not 0 <= at <= 1:
        raise UsageError(f"--at is {at:g}; expected 0 to 1")
    if options.show:
        check_printing()
    elif options.out is options.save is options.animation is None:
        raise UsageError("nothing to write; add --out, --save, --animation or --show")
    check_outputs(
        force=options.force,
        picture=options.out,
        animation=options.animation,
        file=options.save,
    )
    return at


def _labels(text: str | None, model: Model) -> tuple[str | None, str | None]:
    """«cat» for both, «cat,fox» for one each; the name of a class may have a comma."""
    if text is None or text in model.info.classes or "," not in text:
        return text, text
    first, _, second = text.partition(",")
    return first, second


def _write(
    options: argparse.Namespace, model: Model, first: Latent, second: Latent, at: float, rows: Rows
) -> None:
    """Writes what is asked for. Raises OutputError, UsageError where the two are the same."""
    from tui_draggan.commands.progress import progress
    from tui_draggan.commands.results import write_picture, write_way
    from tui_draggan.edit.document import Document
    from tui_draggan.edit.latent import Seed
    from tui_draggan.edit.mixing import called, mixed
    from tui_draggan.edit.store import save_session
    from tui_draggan.tui.printing import print_picture

    info = model.info
    document = Document(first, parameters=model.parameters)
    assert isinstance(second.origin, Seed)
    title = f"to {called(second.origin, info)}"

    def at_share(share: float) -> Document:
        return mixed(document, second, share, rows, title)

    mix = at_share(at)
    picture = None
    if options.out is not None or options.show:
        picture = model.render(mix.latent)
    if options.out is not None:
        write_picture(options.out, mix, picture, info, watermark=options.watermark)
        say(f"written: {options.out}")
    if options.show and picture is not None:
        print_picture(picture)
    if options.save is not None:
        save_session(options.save, mix, info.name)
        say(f"written: {options.save}")
    if options.animation is not None:
        # Without --at the way leads from the one picture all the way to the other.
        end, pictures = at if options.at is not None else WHOLE, []
        with progress(sys.stderr) as report:
            for number in range(FRAMES):
                report("drawing", number, FRAMES)
                share = end * number / (FRAMES - 1)
                pictures.append(model.render(at_share(share).latent))
        write_way(options.animation, pictures, mix, info, watermark=options.watermark)
        say(f"written: {options.animation}")
