"""`tui-draggan attributes`: what a picture has or has not, as directions (InterFaceGAN)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui_draggan.commands.arguments import add_force, add_model, words
from tui_draggan.errors import UsageError
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say
from tui_draggan.wording import counted, printable, quoted

if TYPE_CHECKING:
    from tui_draggan.api import Model
    from tui_draggan.directions.boundary import Values, Whitening
    from tui_draggan.directions.labels import LabelStore
    from tui_draggan.directions.store import DirectionStore
    from tui_draggan.edit.attributes import Found, Latents

CLASS = "class"
"""What --keep calls the model's classes."""
WHAT = {
    "list": ("", "print the attributes there are labels for, and how well they are told (default)"),
    "find": ("[NAME …]", "find their boundaries and keep them as directions, for sliders"),
    "leakage": ("[NAME …]", "print what else changes along directions that are kept"),
    "between": ("CLASS CLASS", "keep the way from one class to another, for a slider from 0 to 1"),
    "remove": ("NAME", "forget the labels for an attribute"),
    "export": ("FILE [NAME …]", "write your labels, or those named, to one file (.json)"),
    "import": ("FILE", "add the labels of such a file to yours"),
}
MOST_SAMPLES = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Directions of attributes, such as a smile: from labels that you give in the gallery "
        "(key a), or from scores of a program. Sliders (key d) and tui-draggan apply move "
        "pictures along them."
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "what:\n" + "\n".join(
        f"  {f'{name} {operands}'.strip():24}{note}" for name, (operands, note) in WHAT.items()
    )
    parser.add_argument("what", nargs="?", choices=WHAT, default="list", metavar="WHAT")
    parser.add_argument("operands", nargs="*", metavar="NAME|FILE")
    find = parser.add_argument_group("find, from scores (default: from your labels)")
    _add_sources(find)
    parser.add_argument(
        "--keep",
        type=words,
        default=(),
        metavar="NAME,…",
        help=f"attributes or directions that are not to change; {CLASS}: the model's classes",
    )
    parser.add_argument(
        "--matrix",
        type=typed_path,
        metavar="PNG",
        help="draw what else changes, with find, leakage",
    )
    add_force(parser.add_argument)
    parser.add_argument("--show", action="store_true", help="print that matrix in the terminal")
    group = parser.add_argument_group("model", argument_default=argparse.SUPPRESS)
    add_model(group)
    group.add_argument(
        "--class",
        dest="label",
        metavar="NAME|NUMBER",
        help="of pictures of this class alone, for pictures of this class",
    )


def _add_sources(group: Any) -> None:
    """What `scoring.scored` reads; no more than one source may be given."""
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--scores",
        type=typed_path,
        metavar="CSV",
        help="a table with the columns seed, if you like class and psi, and one for each attribute",
    )
    one.add_argument(
        "--classifier",
        type=typed_path,
        metavar="ONNX",
        help="a network that gives pictures numbers; an attribute is NAME=NUMBER of its output",
    )
    one.add_argument(
        "--renderer",
        action="store_true",
        help="critters: an attribute is a parameter of the renderer (yaw, ear_length, …)",
    )
    one.add_argument(
        "--discriminator",
        type=typed_path,
        metavar="RUN|FILE",
        help="the attribute quality: how real a training run's discriminator finds a picture",
    )
    group.add_argument(
        "--pixels",
        choices=("-1..1", "0..1", "0..255", "imagenet"),
        default="-1..1",
        help="what the classifier's pictures hold (default: -1..1)",
    )
    group.add_argument(
        "--samples", type=int, default=2000, metavar="N", help="pictures to score (default: 2000)"
    )


def _has_source(options: argparse.Namespace) -> bool:
    """Whether scores come from a program; else labels are what there is."""
    return bool(
        options.renderer
        or any(one is not None for one in (options.scores, options.classifier))
        or options.discriminator is not None
    )


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    from tui_draggan.api import Model
    from tui_draggan.commands.opening import (
        OpenRequest,
        direction_store,
        engine_for,
        label_store,
        open_bundle,
    )
    from tui_draggan.commands.results import check_outputs
    from tui_draggan.tui.printing import check_printing

    _check(options)
    exported = typed_path(options.operands[0]) if options.what == "export" else None
    check_outputs(force=options.force, picture=options.matrix, file=exported)
    if options.show:
        check_printing()
    request = OpenRequest.of(options)
    bundle = open_bundle(request)
    labels, directions = label_store(bundle), direction_store(bundle)
    what, operands = options.what, options.operands
    if what == "remove":
        labels.remove(operands[0])
        say(f"removed: the labels for {printable(operands[0])}")
        return 0
    if what in ("import", "export"):
        return _share(labels, options)
    with closing(engine_for(request, bundle)) as engine:
        engine.open()
        model = Model(bundle, lambda: engine)
        if what == "find":
            return _find(model, labels, directions, options)
        if what == "between":
            return _between(model, directions, *operands)
        if what == "leakage":
            return _leakage(model, directions, options)
        return _list(model, labels, options)


def _check(options: argparse.Namespace) -> None:
    """Raises UsageError for what `what` does not take."""
    least, most = {
        **{"remove": (1, 1), "export": (1, 999), "import": (1, 1)},
        **{"list": (0, 0), "between": (2, 2)},
    }.get(options.what, (0, 999))
    if not least <= len(options.operands) <= most:
        usage = f"tui-draggan attributes {options.what} {WHAT[options.what][0]}".rstrip()
        raise UsageError(f"{counted(len(options.operands), 'operand')} given; expected {usage}")
    if not 20 <= options.samples <= MOST_SAMPLES:
        raise UsageError(f"--samples is {options.samples}; expected 20 to {MOST_SAMPLES}")
    if options.what != "find":
        for name in ("scores", "classifier", "renderer", "discriminator", "keep"):
            if getattr(options, name):
                raise UsageError(f"--{name} is for tui-draggan attributes find; remove it")
    if options.what not in ("find", "leakage") and (options.matrix or options.show):
        raise UsageError("--matrix and --show are for find and leakage; remove them")
    if options.what == "find" and not options.operands and options.renderer:
        raise UsageError("--renderer knows many parameters; name those you want: yaw, smile, …")
    if options.what == "find" and not _has_source(options):
        for text in options.operands:
            if "=" in text:
                raise UsageError(f"{quoted(text)}: NAME=COLUMN is for scores; write NAME")


def _label(model: Model, options: argparse.Namespace) -> int | None:
    """The class that is asked for; None for all. Raises UsageError."""
    from tui_draggan.edit.latent import class_index

    return class_index(getattr(options, "label", None), model.info)


def _list(model: Model, store: LabelStore, options: argparse.Namespace) -> int:
    labels = store.all()
    if not labels:
        say("no labels yet; press a in the gallery (tui-draggan gallery) to give some")
        return 0
    for name, found, left in _by_labels(model, store, (), _label(model, options)):
        say(f"{name}  {left if found is None else found.words}")
    return 0


def _by_labels(
    model: Model, store: LabelStore, names: Sequence[str], label: int | None
) -> list[tuple[str, Found | None, str]]:
    """Each attribute, its boundary where there is one, and what its labels are otherwise. Raises
    UsageError where a name has none."""
    from tui_draggan.directions.boundary import FEWEST, Whitening
    from tui_draggan.directions.labels import no_labels
    from tui_draggan.edit.attributes import Latents, found_by_labels

    labels = store.all()
    for name in names:
        if name not in labels:
            raise UsageError(no_labels(name, labels))
    whitening = Whitening.of(model.engine.statistics, label)
    latents = Latents(model.engine)
    found = []
    for name in names or labels:
        answers = {
            sample: answer
            for sample, answer in labels[name].items()
            if label is None or sample.label == label
        }
        ones, zeros = (sum(one is kind for one in answers.values()) for kind in (True, False))
        left = f"{ones} with, {zeros} without; a boundary needs {FEWEST} of each"
        found.append((name, found_by_labels(name, answers, latents, whitening), left))
    return found


def _find(
    model: Model, store: LabelStore, directions: DirectionStore, options: argparse.Namespace
) -> int:
    from tui_draggan.commands.progress import progress
    from tui_draggan.commands.scoring import Wanted, scored
    from tui_draggan.directions.boundary import Whitening
    from tui_draggan.edit.attributes import Latents, found_by_scores

    label = _label(model, options)
    whitening = Whitening.of(model.engine.statistics, label)
    found: list[Found] = []
    if _has_source(options):
        wanted = [Wanted.parse(text) for text in options.operands]
        latents: Latents = Latents(model.engine)
        with progress(sys.stderr) as report:
            scores = scored(model, wanted, options, label, report)
            for number, name in enumerate(scores):
                report("finding boundaries", number, len(scores))
                found.append(found_by_scores(name, scores[name], latents, whitening))
    else:
        for name, one, left in _by_labels(model, store, options.operands, label):
            if one is None:
                raise UsageError(f"{quoted(name)}: {left}")
            found.append(one)
        if not found:
            raise UsageError(
                "no labels yet; press a in the gallery to give some, or name --scores, "
                "--classifier, --renderer or --discriminator"
            )
    own = {one.name: one.boundary.slope for one in found}
    kept = _kept(options.keep, own, model, whitening, directions, label)
    moves = []
    for one in found:
        others = [slope for name in kept if name != one.name for slope in kept[name]]
        moves.append(one.direction(others, label))
        beside = [name for name in kept if name != one.name]
        keeps = f" · keeps {', '.join(beside)}" if beside else ""
        say(f"{one.name}  {one.words}{keeps}")
    directions.keep(moves)
    say(f"kept for {model.info.name}: {', '.join(one.name for one in moves)}")
    readings = {**own, **{name: slopes[0] for name, slopes in kept.items() if len(slopes) == 1}}
    if len(readings) > 1:
        _write_leakage({one.name: whitening.slope(one) for one in moves}, readings, model, options)
    return 0


def _between(model: Model, store: DirectionStore, start: str, end: str) -> int:
    from tui_draggan.directions.classes import between
    from tui_draggan.directions.store import checked_name
    from tui_draggan.edit.latent import class_index

    names = model.info.classes
    ends = [class_index(one, model.info) or 0 for one in (start, end)]
    way = between(model.engine.statistics, names, *ends)
    if way is None:
        raise UsageError(f"no way from {quoted(start)} to {quoted(end)}; name two classes")
    store.keep([replace(way, name=checked_name(f"{names[ends[0]]} to {names[ends[1]]}"))])
    say(f"kept for {model.info.name}: {names[ends[0]]} to {names[ends[1]]}")
    return 0


def _kept(
    names: Sequence[str],
    own: Mapping[str, Values],
    model: Model,
    whitening: Whitening,
    store: DirectionStore,
    label: int | None,
) -> dict[str, list[Values]]:
    """What may not change, by name: slopes. own: those of attributes that are being found. Raises
    UsageError."""
    from tui_draggan.directions.boundary import class_slopes

    kept: dict[str, list[Values]] = {}
    known = {one.name: one for one in model.directions(label, store.all())} if names else {}
    for name in names:
        if name in own:
            kept[name] = [own[name]]
        elif name in known:
            kept[name] = [whitening.slope(known[name])]
        elif name == CLASS and model.info.classes:
            kept[name] = class_slopes(whitening, model.engine.statistics)
        else:
            there = ", ".join([*own, *[one.name for one in store.all()]][:12])
            classes = f", {CLASS}" if model.info.classes else ""
            raise UsageError(f"--keep: no attribute or direction {quoted(name)}; {there}{classes}")
    return kept


def _leakage(model: Model, store: DirectionStore, options: argparse.Namespace) -> int:
    from tui_draggan.directions.boundary import Whitening

    label = _label(model, options)
    kept = {one.name: one for one in model.directions(label, store.all())}
    for name in options.operands:
        if name not in kept:
            raise UsageError(f"no direction is named {quoted(name)}; tui-draggan directions lists")
    own = [one.name for one in store.all() if one.normal is not None]
    names = options.operands or own
    if len(names) < 2:
        raise UsageError(
            f"{counted(len(names), 'direction')} to compare; expected two: tui-draggan attributes "
            "find finds some"
        )
    whitening = Whitening.of(model.engine.statistics, label)
    slopes = {name: whitening.slope(kept[name]) for name in names}
    _write_leakage(slopes, slopes, model, options)
    return 0


def _write_leakage(
    moves: Mapping[str, Values],
    readings: Mapping[str, Values],
    model: Model,
    options: argparse.Namespace,
) -> None:
    """Prints the matrix, and writes or shows its picture where that is asked for."""
    from tui_draggan.directions.boundary import leakage
    from tui_draggan.pictures.matrix import draw_matrix, write_matrix

    values = leakage(list(moves.values()), list(readings.values()))
    left = max(len(name) for name in moves)
    say(f"by how many σ each reading changes for 1 σ along each direction ({model.info.name}):")
    widths = [max(len(name), 5) for name in readings]
    heads = "  ".join(f"{name:>{width}}" for name, width in zip(readings, widths, strict=True))
    say(f"{'':{left}}  {heads}")
    for name, row in zip(moves, values, strict=True):
        cells = (f"{value:>{width}.2f}" for value, width in zip(row, widths, strict=True))
        say(f"{name:{left}}  {'  '.join(cells)}".replace("-0.00", " 0.00"))
    if options.matrix is None and not options.show:
        return
    title = f"{model.info.name}: σ read for 1 σ moved"
    picture = draw_matrix(values, list(moves), list(readings), title)
    if options.matrix is not None:
        write_matrix(options.matrix, picture)
        say(f"written: {options.matrix}")
    if options.show:
        from tui_draggan.tui.printing import print_picture

        print_picture(picture)


def _share(store: LabelStore, options: argparse.Namespace) -> int:
    """Writes labels to a file, or takes them over from one."""
    from tui_draggan.directions.labels import no_labels

    path, names = typed_path(options.operands[0]), options.operands[1:]
    if options.what == "import":
        labels = store.read(path)
        store.add(labels)
        counts = [f"{name} ({len(answers)})" for name, answers in labels.items()]
        say(f"added: {', '.join(counts) or 'nothing'}")
        return 0
    labels = store.all()
    for name in names:
        if name not in labels:
            raise UsageError(no_labels(name, labels))
    chosen = {name: labels[name] for name in names or labels}
    if not chosen:
        raise UsageError("there are no labels of yours to write; press a in the gallery")
    store.write_to(path, chosen)
    say(f"written: {path}, {counted(sum(map(len, chosen.values())), 'label')}")
    return 0
