"""`tui-draggan models`: lists the models; describes, verifies or removes one."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress

from tui_draggan import library, paths
from tui_draggan.bundle import MANIFEST, BundleInfo, ModelBundle, Parent
from tui_draggan.edit.parameters import RECOMMENDABLE, model_params
from tui_draggan.errors import BundleError, EngineError, OutputError, UsageError
from tui_draggan.files import sha256
from tui_draggan.library import ListedModel
from tui_draggan.opened_files import kept
from tui_draggan.standard_streams import remark, say
from tui_draggan.wording import picture_words, printable

HANGING = textwrap.TextWrapper(88, "  ", " " * 15, break_long_words=False, break_on_hyphens=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Lists the models; with NAME, describes that one."
    parser.add_argument("name", nargs="?", metavar="NAME|FOLDER", help="a model's name or folder")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--verify",
        action="store_true",
        help="check every file of NAME, or of all models, against its SHA-256, and every graph "
        "against the manifest; exit status 2 if something is wrong",
    )
    what.add_argument("--remove", action="store_true", help="remove NAME, after asking")
    what.add_argument(
        "--clear", action="store_true", help="remove the models of opened files, after asking"
    )
    parser.add_argument("--yes", action="store_true", help="remove without asking")


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, OutputError."""
    if options.remove:
        if options.name is None:
            raise UsageError("--remove needs the name of a model")
        return remove(options.name, sure=options.yes)
    if options.clear:
        return clear(sure=options.yes)
    if options.verify:
        return verify(options.name)
    return show_all() if options.name is None else show(options.name)


def show_all() -> int:
    """Prints a line for each model."""
    heads = "name", "picture", "on disk", "from"
    rows = [heads, *(tuple(map(printable, _row(model))) for model in library.all_models())]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, picture, size, origin in rows:
        line = f"{name:{widths[0]}}  {picture:{widths[1]}}  {size:>{widths[2]}}  {origin}"
        say(line.rstrip())
    return 0


def show(name: str) -> int:
    """Prints all there is to know of a model. Raises BundleError where it cannot be opened."""
    model = library.look_up(name)
    bundle = model.opened()
    check_contents(bundle)
    info = bundle.info
    lines = {
        "family": info.family,
        "picture": picture_words(info.size.width, info.size.height, info.alpha),
        "latent": f"z {info.z_dim}, w {info.w_dim}, {info.num_ws} rows of w+",
        "drag": f"feature block {info.drag.feature_block} px, "
        f"{info.drag.feature_channels} channels, up to {info.drag.trainable_rows} rows",
        "engines": library.without_training(bundle),
        "recommended": ", ".join(_recommended(info)),
        "classes": ", ".join(f"{number} {text}" for number, text in enumerate(info.classes)),
        "about": info.description,
        "licence": info.licence,
        "origin": info.origin,
        "derived": "" if info.derived_from is None else _parent(info.derived_from),
        "folder": str(model.path),
        "on disk": on_disk(bundle),
    }
    say(info.name)
    for key, value in lines.items():
        if value:
            say(*HANGING.wrap(f"{key:13}{printable(value)}"))
    say(f"open it with: tui-draggan --model {library.name_that_opens(model.path)}")
    return 0


def verify(name: str | None) -> int:
    """Hashes every file of one model or of all, and checks its graphs; a line for each.

    Returns 0, or 2 where something is wrong.
    """
    status = 0
    for model in library.all_models() if name is None else [library.look_up(name)]:
        try:
            bundle = model.opened()
            bundle.verify()
            check_contents(bundle)
        except BundleError as error:
            remark(f"{model.name}: {error}")
            status = BundleError.exit_status
        else:
            say(f"{model.name}: intact")
    return status


def check_contents(bundle: ModelBundle) -> None:
    """Raises BundleError where a graph does not agree with the manifest, or is none that a bundle
    may have, and where the model recommends what cannot be."""
    from tui_draggan.engines.graph_files import check_graphs

    check_graphs(bundle)
    info = bundle.info
    model_params(info)


def on_disk(bundle: ModelBundle) -> str:
    """«149 MB, and 382 MB of optimised graphs in the cache»."""
    from rich.filesize import decimal

    from tui_draggan.engines import graph_cache

    kept = 0
    with suppress(EngineError):  # without a runtime nothing is kept for it
        kept = graph_cache.kept_bytes(bundle)
    return _size(bundle) + (
        f", and {decimal(kept)} of optimised graphs in the cache" if kept else ""
    )


def remove(name: str, sure: bool) -> int:
    """Removes one of the user's models; asks first unless `sure`. Returns 1 where it stays."""
    model = library.look_up(name)
    if model.path.parent not in (paths.user_models(), paths.opened_models()):
        why = "it came with the program" if model.bundled else "it is not among your own models"
        raise UsageError(f"{name} cannot be removed: {why}")
    if not sure and not _agreed(f"{model.name} ({model.path})"):
        return 1
    _remove(model)
    return 0


def clear(sure: bool) -> int:
    """Removes the models of opened files; asks first unless `sure`. Returns 1 where they stay."""
    models = kept.listed()
    if not models:
        say("no models of opened files")
        return 0
    if not sure and not _agreed(", ".join(model.name for model in models)):
        return 1
    for model in models:
        _remove(model)
    return 0


def _agreed(what: str) -> bool:
    """Asks. Raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(f"no terminal to ask on before removing {what}; add --yes")
    answer = input(printable(f"remove {what}? [y/N] "))
    if answer.strip().casefold() in ("y", "yes"):
        return True
    say("nothing removed")
    return False


def _remove(model: ListedModel) -> None:
    """Removes its folder, and its graphs in the cache. Raises OutputError."""
    try:
        if model.path.is_symlink():
            model.path.unlink()
        else:
            shutil.rmtree(model.path)
    except OSError as error:
        raise OutputError(f"{model.path} cannot be removed: {error.strerror or error}") from error
    if model.bundle is not None:
        from tui_draggan.engines import graph_cache

        graph_cache.forget(model.bundle)
    say(f"removed: {model.name}")


def _row(model: ListedModel) -> Sequence[str]:
    if model.bundle is None:
        return model.name, library.DAMAGED, "", model.problem
    info = model.bundle.info
    origin = "came with the program" if model.bundled else info.origin.partition(", SHA-256")[0]
    if model.path.parent == paths.opened_models():
        origin = f"opened file: {origin}"
    return model.name, library.summary(info), _size(model.bundle), origin


def _parent(parent: Parent) -> str:
    """What a tuned model was made from, and what became of that. It needs nothing of it."""
    words = f"from {parent.name}"
    try:
        manifest = library.find_model(parent.name) / MANIFEST
        changed = sha256(manifest) != parent.sha256
    except (BundleError, OSError):
        return f"{words}, which is gone; it needs nothing of it"
    return f"{words}, which is another one now; it needs nothing of it" if changed else words


def _recommended(info: BundleInfo) -> Iterator[str]:
    """By the names of the options that set them."""
    for parameter in RECOMMENDABLE:
        if parameter.name in info.recommended:
            option = parameter.flags[0].removeprefix("--")
            yield f"{option} {parameter.shown(info.recommended[parameter.name])}"


def _size(bundle: ModelBundle) -> str:
    from rich import filesize

    return filesize.decimal(sum(int(entry["size"]) for entry in bundle.files.values()))
