"""The command line: every command's options. Nothing heavy is imported, so --help is instant."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tui_draggan import __version__
from tui_draggan.edit.parameters import (
    PARAMETERS,
    PSI,
    RECOMMENDABLE,
    SCALED,
    SEED,
    USUAL_PSI,
    DragParams,
    Number,
    Parameter,
    Value,
)
from tui_draggan.errors import UsageError
from tui_draggan.paths import DEFAULT_MODEL
from tui_draggan.training.options import add_evaluate_options, add_training_options

PROGRAM = "tui-draggan"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the help is."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command's name, `command`, and its options. Raises UsageError."""
    try:
        return _parser().parse_args(words)
    except UsageError as error:
        # argparse takes the value of an option it does not know for a command.
        _, rest = _editor_parser().parse_known_args(words)
        if "COMMAND" in str(error) and rest and rest[0].startswith("-"):
            raise UsageError(f"option {rest[0]} is unknown; see {PROGRAM} --help") from None
        raise


def _parser() -> argparse.ArgumentParser:
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
    parser.set_defaults(command="edit")
    return parser


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
        choices=("auto", "ort", "ort-training", "torch", "torch-bf16"),
        help="what computes; auto: the fastest here",
    )
    model.add_argument("--device", metavar="auto|cpu|cuda[:N]", help="default auto")
    _add_parameter(model, SEED, "seed of the picture (default 0)")
    _add_parameter(model, PSI, f"truncation (the model's own, else {USUAL_PSI:g})")
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
    _add_parameters(drag, PARAMETERS)
    drag.add_argument("--feature-block", type=int, metavar="PX", help="feature block of the model")


def _add_parameters(group: Any, parameters: Sequence[Parameter]) -> None:
    """With their defaults in the help, but for those that depend on the resolution."""
    for parameter in parameters:
        default = getattr(DragParams, parameter.name)
        known = parameter.name not in SCALED and default is not None
        words = f" ({parameter.shown(default)})" if known else ""
        _add_parameter(group, parameter, parameter.note + words)


def _add_parameter(group: Any, parameter: Parameter, words: str) -> None:
    values = parameter.values
    kind: dict[str, Any] = {"metavar": parameter.placeholder}
    if isinstance(values, Number):
        kind["type"] = int if values.whole else float
    else:
        kind = {"choices": (values.true, values.false)}
    group.add_argument(*parameter.flags, dest=parameter.name, help=words, **kind)


def given(options: argparse.Namespace, parameters: Sequence[Parameter]) -> dict[str, Value]:
    """The values of those parameters that the command line names."""
    values = {one: getattr(options, one.name) for one in parameters}
    return {
        one.name: one.parse(value) if isinstance(value, str) else value
        for one, value in values.items()
        if value is not None
    }


def _add_editor_options(parser: argparse.ArgumentParser) -> None:
    screen = parser.add_argument_group("screen")
    screen.add_argument(
        "--pace", type=float, default=30.0, metavar="N", help="steps a second at most (30; 0: all)"
    )
    _add_screen_options(screen, "auto")


def _add_screen_options(screen: Any, default: Any) -> None:
    """`default`: argparse.SUPPRESS in a command, so that what stands before it is not lost."""
    graphics = ("auto", "half", "sixel", "kitty")
    screen.add_argument(
        "--graphics", choices=graphics, default=default, help="how pictures are drawn"
    )
    colours = ("auto", "truecolor", "256", "16", "none")
    screen.add_argument(
        "--colour", "--color", choices=colours, default=default, help="colour depth"
    )


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
    parser.set_defaults(command="drag")


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
    parser.set_defaults(command="import")


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
    parser.set_defaults(command="models")


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
    parser.set_defaults(command="export")


def _add_doctor_command(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="what this machine and this terminal have, and what helps where something is missing",
        description="Looks at engines, devices, the model and the terminal. Exit status 1 where "
        "the editor cannot run.",
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME|PATH", help="to look at")
    parser.set_defaults(command="doctor")


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
    parser.set_defaults(command="bench")


def _add_train_command(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a generator on a folder of pictures (needs tui-draggan[torch])",
        description="Trains a StyleGAN2 on a folder of pictures or on critters, drawn by formula. "
        "A run that was stopped, or killed, goes on when it is called again. "
        "With --watch: shows a run in the terminal.",
    )
    add_training_options(parser)
    _add_screen_options(parser.add_argument_group("screen, for --watch"), argparse.SUPPRESS)
    parser.set_defaults(command="train")


def _add_evaluate_command(commands: Any) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="how near a model's pictures come to real ones (needs tui-draggan[torch])",
        description="Fréchet and kernel distance, precision and recall, sliced Wasserstein "
        "distance, path length, and beside each its floor: the same between two halves of the "
        "real pictures.",
    )
    add_evaluate_options(parser)
    parser.set_defaults(command="evaluate")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _add_bundle_options(parser: argparse.ArgumentParser) -> None:
    """What import and export write into a bundle."""
    parser.add_argument("--feature-block", type=int, metavar="PX", help="default 128, or half")
    for parameter in RECOMMENDABLE:
        _add_parameter(parser, parameter, f"recommended {parameter.title}")
    parser.add_argument(
        "--classes", metavar="NAME,…", help="names of the classes, which the files do not hold"
    )
    parser.add_argument("--description", default="", help="one line about the domain")
    parser.add_argument("--licence", default="", help="licence of the weights")
    parser.add_argument("--replace", action="store_true", help="overwrite an existing one")
