"""The commands. Everything heavy is imported where it is used, so that --help answers at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from tui_draggan import __version__
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.paths import DEFAULT_MODEL
from tui_draggan.training.options import add_evaluate_options, add_training_options

PROGRAM = "tui-draggan"
DRAG_PARAMETERS = (
    "seed",
    "psi",
    "steps",
    "learning_rate",
    "mask_weight",
    "r1",
    "r2",
    "rows",
    "tolerance",
    "patience",
)
"""Options that are drag parameters of the same name."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the help is."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit status: 0 well, 1 failed, 2 wrong input, 3 a drag stopped short."""
    try:
        options = _parse(sys.argv[1:] if arguments is None else arguments)
        status: int = options.run(options)
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


def build_parser() -> argparse.ArgumentParser:
    parser = _editor_parser()
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    _add_drag_command(commands)
    _add_import_command(commands)
    _add_models_command(commands)
    _add_export_command(commands)
    _add_doctor_command(commands)
    _add_bench_command(commands)
    _add_train_command(commands)
    _add_evaluate_command(commands)
    return parser


def _editor_parser() -> argparse.ArgumentParser:
    """All but the commands."""
    parser = Parser(
        prog=PROGRAM,
        description="Drag points of a GAN picture in the terminal. Without a command: the editor.",
        epilog=f"{PROGRAM} COMMAND --help tells about a command.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_open_options(parser)
    _add_editor_options(parser)
    parser.set_defaults(run=_edit)
    return parser


def _parse(words: Sequence[str]) -> argparse.Namespace:
    """Raises UsageError. argparse takes the value of an option it does not know for a command;
    that option is what is named then."""
    try:
        return build_parser().parse_args(words)
    except UsageError as error:
        _, rest = _editor_parser().parse_known_args(words)
        if "COMMAND" in str(error) and rest and rest[0].startswith("-"):
            raise UsageError(f"option {rest[0]} is unknown; see {PROGRAM} --help") from None
        raise


def _add_open_options(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """`default`: argparse.SUPPRESS in a command, so that what stands before it is not lost."""
    model = parser.add_argument_group("model and picture", argument_default=default)
    model.add_argument(
        "--model",
        metavar="NAME|PATH",
        help=f"one of those that {PROGRAM} models lists, or a folder (default {DEFAULT_MODEL}, "
        "or the one the session was made with)",
    )
    model.add_argument(
        "--engine",
        choices=("auto", "ort", "ort-training"),
        help="what computes; auto: the fastest here",
    )
    model.add_argument("--device", metavar="auto|cpu|cuda[:N]", help="default auto")
    model.add_argument("--seed", type=int, metavar="N", help="seed of the picture (default 0)")
    model.add_argument("--psi", type=float, metavar="ψ", help="truncation (default 0.7)")
    model.add_argument("--class", dest="label", metavar="NAME|NUMBER", help="class of the picture")
    model.add_argument("--mask", type=Path, metavar="PNG", help="white may change, black stays")
    start = model.add_mutually_exclusive_group()
    start.argument_default = default
    start.add_argument("--session", type=Path, metavar="FILE", help="go on with a saved session")
    start.add_argument(
        "--resume", action="store_true", default=None, help="the last edit (of --model)"
    )

    drag = parser.add_argument_group(
        "drag (defaults: the model's own, else the paper's)", argument_default=default
    )
    drag.add_argument("--steps", type=int, metavar="N", help="limit of iterations (300)")
    drag.add_argument("--learning-rate", "--lr", type=float, metavar="X", help="step size of Adam")
    drag.add_argument("--mask-weight", type=float, metavar="λ", help="weight of the mask loss (20)")
    drag.add_argument("--r1", type=int, metavar="PX", help="radius of motion supervision")
    drag.add_argument("--r2", type=int, metavar="PX", help="half side of the tracking square")
    drag.add_argument("--rows", type=int, metavar="K", help="trained rows of w+ (6)")
    drag.add_argument("--space", choices=("w+", "w"), help="train the rows apart or as one (w+)")
    drag.add_argument(
        "--tolerance", type=float, metavar="PX", help="distance that counts as reached"
    )
    drag.add_argument("--patience", type=int, metavar="N", help="steps without progress (60)")
    drag.add_argument("--feature-block", type=int, metavar="PX", help="feature block of the model")


def _add_editor_options(parser: argparse.ArgumentParser) -> None:
    screen = parser.add_argument_group("screen")
    screen.add_argument(
        "--pace", type=float, default=30.0, metavar="N", help="steps a second at most (30; 0: all)"
    )
    graphics = ("auto", "half", "sixel", "kitty")
    screen.add_argument(
        "--graphics", choices=graphics, default="auto", help="how pictures are drawn"
    )
    colours = ("auto", "truecolor", "256", "16", "none")
    screen.add_argument("--colour", "--color", choices=colours, default="auto", help="colour depth")


def _add_drag_command(commands: Any) -> None:
    parser = commands.add_parser(
        "drag",
        help="drag without a screen and write the result",
        description="Drags points and writes picture, animation and log. Exit status: 0 when every "
        "handle reached its target, 3 when it stopped short, 2 on wrong input, 1 on failure.",
    )
    parser.add_argument(
        "--point",
        action="append",
        default=[],
        metavar="X,Y:X,Y",
        help="handle and target in pixels, once for each pair; a session brings its own",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--out", type=Path, metavar="PNG", help="the edited picture")
    output.add_argument("--animation", type=Path, metavar="FILE", help=".gif, .webp or .mp4")
    output.add_argument("--log", type=Path, metavar="JSONL", help="one JSON line for every step")
    output.add_argument("--save", type=Path, metavar="FILE", help="session file, for --session")
    output.add_argument("--markers", action="store_true", help="draw the points into the pictures")
    _add_open_options(parser, argparse.SUPPRESS)
    parser.set_defaults(run=_drag)


def _add_import_command(commands: Any) -> None:
    parser = commands.add_parser(
        "import",
        help="another program's StyleGAN2 checkpoint to a model (needs tui-draggan[torch])",
        description="Reads a StyleGAN2 generator from a .pkl, .pt or .safetensors of another "
        "program, recognised by its content and without running anything it names, and makes a "
        f"model of it that {PROGRAM} --model opens.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the checkpoint")
    parser.add_argument("--name", help="the model's name (default: the file's)")
    _add_bundle_options(parser)
    parser.set_defaults(run=_import)


def _add_models_command(commands: Any) -> None:
    parser = commands.add_parser(
        "models",
        help="list, show, verify and remove models",
        description="Lists the models there are; with a NAME shows that one in full.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="one model (or its folder)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--verify",
        action="store_true",
        help="hash every file again, of NAME or of all models; exit status 2 at damage",
    )
    what.add_argument("--remove", action="store_true", help="remove NAME, asking first")
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    parser.set_defaults(run=_models)


def _add_export_command(commands: Any) -> None:
    parser = commands.add_parser(
        "export",
        help="generator weights to a model bundle (needs tui-draggan[torch])",
        description="Writes a model bundle: mapping, synthesis and the four training artifacts.",
    )
    parser.add_argument("weights", type=Path, help="generator weights (.pt)")
    parser.add_argument("bundle", type=Path, help="folder to write")
    parser.add_argument("--name", help="the model's name (default: the folder's)")
    _add_bundle_options(parser)
    parser.add_argument("--keep-weights", action="store_true", help="add the weights themselves")
    parser.set_defaults(run=_export)


def _add_doctor_command(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="what this machine and this terminal have, and what helps where something is missing",
        description="Looks at engines, devices, the model and the terminal. Exit status 1 where "
        "the editor cannot run.",
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME|PATH", help="to look at")
    parser.set_defaults(run=_doctor)


def _add_bench_command(commands: Any) -> None:
    parser = commands.add_parser(
        "bench",
        help="how fast an iteration is here (needs tui-draggan[torch])",
        description="Engines beside DragGAN written plainly in torch, taking turns, each in a "
        "process of its own: medians, peak memory, and the machine's sgemm rate.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--model", metavar="NAME|PATH", help="one of your models")
    what.add_argument(
        "--sizes",
        type=_numbers,
        default=(256, 512, 1024),
        metavar="PX,…",
        help="generators with random weights (default 256,512,1024)",
    )
    parser.add_argument("--engines", type=_words, metavar="NAME,…", help="default: all there are")
    parser.add_argument("--points", type=_numbers, default=(1,), metavar="N,…", help="default 1")
    parser.add_argument(
        "--seconds", type=float, default=60.0, metavar="X", help="for each model (default 60)"
    )
    parser.add_argument("--no-plain", dest="plain", action="store_false", help="engines alone")
    parser.add_argument("--json", action="store_true", help="numbers for programs")
    parser.set_defaults(run=_bench)


def _add_train_command(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a generator on a folder of pictures (needs tui-draggan[torch])",
        description="Trains a StyleGAN2 on a folder of pictures or on critters, drawn by formula. "
        "A run that was stopped, or killed, goes on when it is called again. "
        "With --watch: shows a run in the terminal.",
    )
    add_training_options(parser)
    parser.set_defaults(run=_train)


def _add_evaluate_command(commands: Any) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="how near a model's pictures come to real ones (needs tui-draggan[torch])",
        description="Fréchet and kernel distance, precision and recall, sliced Wasserstein "
        "distance, path length, and beside each its floor: the same between two halves of the "
        "real pictures.",
    )
    add_evaluate_options(parser)
    parser.set_defaults(run=_evaluate)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _add_bundle_options(parser: argparse.ArgumentParser) -> None:
    """What import and export write into a bundle."""
    parser.add_argument("--feature-block", type=int, metavar="PX", help="default 128, or half")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="recommended step size")
    parser.add_argument("--r1", type=int, metavar="PX", help="recommended r1")
    parser.add_argument("--r2", type=int, metavar="PX", help="recommended r2")
    parser.add_argument("--space", choices=("w+", "w"), help="recommended space")
    parser.add_argument("--psi", type=float, metavar="X", help="recommended truncation")
    parser.add_argument(
        "--classes", metavar="NAME,…", help="names of the classes, which the files do not hold"
    )
    parser.add_argument("--description", default="", help="one line about the domain")
    parser.add_argument("--licence", default="", help="licence of the weights")
    parser.add_argument("--replace", action="store_true", help="overwrite an existing one")


def _open_options(options: argparse.Namespace) -> Any:
    from tui_draggan.workbench import OpenOptions

    given = {name: getattr(options, name) for name in DRAG_PARAMETERS}
    values = {name: value for name, value in given.items() if value is not None}
    if options.space is not None:
        values["w_plus"] = options.space == "w+"
    return OpenOptions(
        model=options.model,
        device=options.device or "auto",
        engine=options.engine or "auto",
        label=options.label,
        mask=options.mask,
        session=options.session,
        resume=options.resume,
        feature_block=options.feature_block,
        values=values,
    )


def _drag(options: argparse.Namespace) -> int:
    from tui_draggan.headless import DragOptions, run_drag

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
    from tui_draggan.editor import run

    return run(_open_options(options), options.graphics, options.colour, options.pace)


def _import(options: argparse.Namespace) -> int:
    with _torch_for("import"):
        from tui_draggan.stylegan.importing import ImportOptions, run_import
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
        from tui_draggan.stylegan.export import export_file
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
    print(
        f"{info.name}: {info.resolution} px, feature block {info.drag.feature_block}; "
        f"open it with {PROGRAM} --model {options.bundle}"
    )
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from tui_draggan.doctor import run_doctor

    return run_doctor(options.model)


def _bench(options: argparse.Namespace) -> int:
    with _torch_for("bench"):
        import torch  # noqa: F401 - the command line says what is missing

        from tui_draggan.bench.command import BenchOptions, run_bench
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

        return watch(options.watch)
    with _torch_for("train"):
        from tui_draggan.training.command import run
    return run(options)


def _evaluate(options: argparse.Namespace) -> int:
    with _torch_for("evaluate"):
        from tui_draggan.training.evaluation.command import run
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
    """Drag parameters that the model is to recommend, those that were given."""
    values = {name: getattr(options, name) for name in ("learning_rate", "r1", "r2", "psi")}
    values["w_plus"] = None if options.space is None else options.space == "w+"
    return {name: value for name, value in values.items() if value is not None}
