"""`tui-draggan directions`: the ways through W along which sliders move a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import add_force, add_model, add_picture
from tui_draggan.errors import UsageError
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say
from tui_draggan.wording import counted, percent, printable, quoted

if TYPE_CHECKING:
    from tui_draggan.api import Model
    from tui_draggan.bundle import BundleInfo
    from tui_draggan.directions.direction import Direction
    from tui_draggan.directions.store import DirectionStore

SIGMAS = (-3, -2, -1, 0, 1, 2, 3)
"""σ of the columns of a contact sheet."""
METHODS = ("ganspace", "sefa")
WHAT = {
    "list": ("", "print the directions there are for a picture (default)"),
    "discover": ("", "find directions, print them, keep them, draw them with --sheet"),
    "rename": ("OLD NEW", "keep a direction under a name of yours"),
    "remove": ("NAME", "forget one of your directions"),
    "export": ("FILE [NAME …]", "write your directions, or those named, to one file (.npz)"),
    "import": (
        "FILE [NAME]",
        "keep the directions of such a file, of GANSpace's, InterFaceGAN's or SeFA's factor.pt",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Directions in W: found from the model alone (GANSpace, SeFA), named by you, and moved "
        "along by the editor's sliders (key d) and tui-draggan apply."
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "what:\n" + "\n".join(
        f"  {f'{name} {operands}'.strip():24}{note}" for name, (operands, note) in WHAT.items()
    )
    parser.add_argument("what", nargs="?", choices=WHAT, default="list", metavar="WHAT")
    parser.add_argument("operands", nargs="*", metavar="NAME|FILE")
    find = parser.add_argument_group("discover")
    find.add_argument("--method", choices=METHODS, default=METHODS[0], help="default: ganspace")
    find.add_argument("--components", type=int, default=20, metavar="N", help="default: 20")
    parser.add_argument(
        "--sheet",
        type=typed_path,
        metavar="PNG",
        help="draw every direction from −3 to 3 σ on one picture, with list and discover",
    )
    add_force(parser.add_argument)
    parser.add_argument("--show", action="store_true", help="print that sheet in the terminal")
    group = parser.add_argument_group("model and picture", argument_default=argparse.SUPPRESS)
    add_model(group)
    add_picture(group)


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    from tui_draggan.api import Model
    from tui_draggan.commands.opening import (
        OpenRequest,
        direction_store,
        engine_for,
        open_bundle,
    )
    from tui_draggan.commands.results import check_outputs
    from tui_draggan.tui.printing import check_printing

    _check(options)
    exported = typed_path(options.operands[0]) if options.what == "export" else None
    check_outputs(force=options.force, picture=options.sheet, file=exported)
    if options.show:
        check_printing()
    request = OpenRequest.of(options)
    bundle = open_bundle(request)
    store = direction_store(bundle)
    what, operands = options.what, options.operands
    if what == "remove":
        store.remove(operands[0])
        say(f"removed: {printable(operands[0])}")
        return 0
    if exported is not None:
        return _export(store, exported, operands[1:], bundle.info)
    with closing(engine_for(request, bundle)) as engine:
        engine.open()
        model = Model(bundle, lambda: engine)
        if what == "import":
            return _import(model, store, typed_path(operands[0]), operands[1:])
        if what == "rename":
            return _rename(model, store, options, *operands)
        return _show(model, store, options)


def _check(options: argparse.Namespace) -> None:
    """Raises UsageError for operands that `what` does not take."""
    least, most = {"rename": (2, 2), "remove": (1, 1), "export": (1, 999), "import": (1, 2)}.get(
        options.what, (0, 0)
    )
    if not least <= len(options.operands) <= most:
        usage = f"tui-draggan directions {options.what} {WHAT[options.what][0]}".rstrip()
        raise UsageError(f"{counted(len(options.operands), 'operand')} given; expected {usage}")
    if not 1 <= options.components <= 512:
        raise UsageError(f"--components is {options.components}; expected 1 to 512")


def _show(model: Model, store: DirectionStore, options: argparse.Namespace) -> int:
    """Prints directions, and draws them where that is asked for."""
    label = _label(model, options)
    if options.what == "discover":
        directions = _discovered(model, label, options)
        store.keep(directions)
    else:
        directions = model.directions(label, store.all())
    width = max(len(one.name) for one in directions)
    for one in directions:
        of_class = "" if one.label is None else f"class {model.info.classes[one.label]}"
        share = "" if one.share is None else f"{percent(one.share)} of W's variance"
        say("  ".join(filter(None, (f"{one.name:{width}}", of_class, share, one.method))).rstrip())
    if options.sheet is not None or options.show:
        _draw(model, directions, options)
    return 0


def _discovered(
    model: Model, label: int | None, options: argparse.Namespace
) -> Sequence[Direction]:
    from tui_draggan.directions.principal import principal_directions
    from tui_draggan.directions.sefa import sefa_directions
    from tui_draggan.engines.torch.weights import read_weights

    statistics = model.engine.statistics
    if options.method == "ganspace":
        found = principal_directions(statistics, label, options.components)
        of_class = "" if label is None else f"{model.info.classes[label]} "
        return [replace(one, name=f"{of_class}{one.name}") for one in found]
    weights = read_weights(model.bundle.file("synthesis.onnx"))
    affine = [weight for name, weight in weights.items() if name.endswith("affine_weight")]
    return sefa_directions(affine, statistics, options.components)


def _draw(model: Model, directions: Sequence[Direction], options: argparse.Namespace) -> None:
    """Writes the contact sheet, prints it, or both."""
    from tui_draggan.commands.progress import progress
    from tui_draggan.edit.document import Document
    from tui_draggan.edit.report import provenance_of
    from tui_draggan.edit.sliders import Slider, Sliders
    from tui_draggan.pictures.contact_sheet import contact_sheet
    from tui_draggan.pictures.png import write_png

    origin = model.seed(
        getattr(options, "seed", 0), getattr(options, "psi", None), getattr(options, "label", None)
    )
    document = Document(model.latent(origin))
    rows = (0, model.info.num_ws - 1)
    sheet = []
    with progress(sys.stderr) as report:
        for number, one in enumerate(directions):
            report("drawing", number, len(directions))
            moved = [
                document.with_sliders(Sliders((Slider(one, sigma * one.unit.leap, rows),))).latent
                for sigma in SIGMAS
            ]
            sheet.append([model.render(latent) for latent in moved])
    heads = [f"{sigma:+d}" if sigma else "0" for sigma in SIGMAS]
    picture = contact_sheet(sheet, [one.name for one in directions], heads)
    if options.sheet is not None:
        write_png(options.sheet, picture, provenance_of(document, model.info))
        say(f"written: {options.sheet}")
    if options.show:
        from tui_draggan.tui.printing import print_picture

        print_picture(picture)


def _export(store: DirectionStore, path: Path, names: Sequence[str], info: BundleInfo) -> int:
    from tui_draggan.directions.store import write_directions

    kept = {one.name: one for one in store.all()}
    for name in names:
        if name not in kept:
            raise UsageError(f"no direction of yours is named {quoted(name)}")
    chosen = [kept[name] for name in names] if names else list(kept.values())
    if not chosen:
        raise UsageError(
            "there are no directions of yours to write; tui-draggan directions discover finds some"
        )
    write_directions(path, chosen, info)
    say(f"written: {path}, {counted(len(chosen), 'direction')}")
    return 0


def _import(model: Model, store: DirectionStore, path: Path, names: Sequence[str]) -> int:
    from tui_draggan.directions.other_files import read_other_directions
    from tui_draggan.directions.store import read_directions

    stem = names[0] if names else path.stem
    found = read_other_directions(path, model.engine.statistics, stem)
    if found is None:
        found = read_directions(path, model.info)
    store.keep(found)
    say(f"kept for {model.info.name}: {', '.join(one.name for one in found)}")
    return 0


def _rename(
    model: Model, store: DirectionStore, options: argparse.Namespace, old: str, new: str
) -> int:
    directions = {one.name: one for one in model.directions(_label(model, options), store.all())}
    if old not in directions:
        raise UsageError(f"no direction is named {quoted(old)}; tui-draggan directions lists them")
    say(f"kept as {store.rename(directions[old], new).name}")
    return 0


def _label(model: Model, options: argparse.Namespace) -> int | None:
    """The class that is asked for, the first where none is. Raises UsageError."""
    label = model.seed(label=getattr(options, "label", None)).label
    return 0 if label is None and model.info.classes else label
