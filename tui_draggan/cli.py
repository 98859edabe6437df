"""The commands. Everything heavy is imported where it is used, so that --help answers at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tui_draggan.arguments import PROGRAM, given, parse
from tui_draggan.edit.parameters import PARAMETERS, RECOMMENDABLE
from tui_draggan.errors import DragganError, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit status: 0 well, 1 failed, 2 wrong input, 3 a drag stopped short."""
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        status = COMMANDS[options.command](options)
        sys.stdout.flush()
        return status
    except DragganError as error:
        print(f"{PROGRAM}: {error.line}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _open_options(options: argparse.Namespace) -> Any:
    from tui_draggan.commands.opening import OpenOptions

    return OpenOptions(
        model=options.model,
        device=options.device or "auto",
        engine=options.engine or "auto",
        seed=options.seed,
        psi=options.psi,
        label=options.label,
        mask=options.mask,
        session=options.session,
        resume=options.resume,
        feature_block=options.feature_block,
        values=given(options, PARAMETERS),
    )


def _drag(options: argparse.Namespace) -> int:
    from tui_draggan.commands.drag import DragOptions, run_drag

    return run_drag(
        DragOptions(
            open=_open_options(options),
            points=tuple(options.point),
            out=options.out,
            animation=options.animation,
            log=options.log,
            save=options.save,
            markers=options.markers,
        )
    )


def _edit(options: argparse.Namespace) -> int:
    from tui_draggan.commands.edit import run

    return run(_open_options(options), options.graphics, options.colour, options.pace)


def _import(options: argparse.Namespace) -> int:
    with _torch_for("import"):
        from tui_draggan.commands.import_model import ImportOptions, run_import
    return run_import(
        ImportOptions(
            file=options.file,
            name=options.name,
            classes=_classes(options),
            feature_block=options.feature_block,
            recommended=_recommended(options),
            description=options.description,
            licence=options.licence,
            replace=options.replace,
        )
    )


def _models(options: argparse.Namespace) -> int:
    from tui_draggan import models

    if options.remove:
        if options.name is None:
            raise UsageError("which model is to be removed? give its name")
        return models.remove_model(options.name, sure=options.yes)
    if options.verify:
        return models.verify_models(options.name)
    return models.list_models() if options.name is None else models.show_model(options.name)


def _export(options: argparse.Namespace) -> int:
    with _torch_for("export"):
        from tui_draggan.bundle import ModelBundle
        from tui_draggan.engines.graph_cache import prepare
        from tui_draggan.export.bundle_writer import export_file
    info = export_file(
        options.weights,
        options.bundle,
        name=options.name,
        feature_block=options.feature_block,
        recommended=_recommended(options),
        classes=_classes(options),
        description=options.description,
        licence=options.licence,
        keep_weights=options.keep_weights,
        replace=options.replace,
    )
    prepare(ModelBundle.open(options.bundle))
    print(
        f"{info.name}: {info.resolution} px, feature block {info.drag.feature_block}; "
        f"open it with {PROGRAM} --model {options.bundle}"
    )
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from tui_draggan.commands.doctor import run_doctor

    return run_doctor(options.model)


def _bench(options: argparse.Namespace) -> int:
    with _torch_for("bench"):
        import torch  # noqa: F401 - the command line says what is missing

        from tui_draggan.bench.benchmark import BenchOptions, run_bench
    return run_bench(
        BenchOptions(
            model=options.model,
            sizes=options.sizes,
            engines=options.engines,
            points=options.points,
            seconds=options.seconds,
            plain=options.plain,
            json=options.json,
        )
    )


def _train(options: argparse.Namespace) -> int:
    if options.watch is not None:
        from tui_draggan.tui.watch import watch

        return watch(options.watch, options.graphics, options.colour)
    with _torch_for("train"):
        from tui_draggan.commands.train import run
    return run(options)


def _evaluate(options: argparse.Namespace) -> int:
    with _torch_for("evaluate"):
        from tui_draggan.commands.evaluate import run
    return run(options)


@contextmanager
def _torch_for(command: str) -> Iterator[None]:
    """Round imports of what the extra `torch` installs."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{command} needs {error.name}, which is not installed; "
            "pip install 'tui-draggan[torch]'"
        ) from None


def _classes(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(options.classes.split(",")) if options.classes else ()


def _recommended(options: argparse.Namespace) -> dict[str, float]:
    """Parameters that the model is to recommend, those that were given. Raises UsageError."""
    values = given(options, RECOMMENDABLE)
    for parameter in RECOMMENDABLE:
        if parameter.name in values:
            parameter.check(values[parameter.name])
    return {name: value for name, value in values.items() if value is not None}


COMMANDS = {
    "edit": _edit,
    "drag": _drag,
    "import": _import,
    "models": _models,
    "export": _export,
    "doctor": _doctor,
    "bench": _bench,
    "train": _train,
    "evaluate": _evaluate,
}
"""By their names on the command line; without one: edit."""
