"""The commands. Everything heavy is imported where it is used, so that --help answers at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tui_draggan import __version__
from tui_draggan.errors import DragganError, UsageError

PROGRAM = "tui-draggan"
DEFAULT_MODEL = "critters"
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
        options = build_parser().parse_args(arguments)
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
    parser = Parser(
        prog=PROGRAM,
        description="Drag points of a GAN picture in the terminal. Without a command: the editor.",
        epilog=f"{PROGRAM} drag --help and {PROGRAM} export --help tell about the commands.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_open_options(parser)
    _add_editor_options(parser)
    parser.set_defaults(run=_edit)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    _add_drag_command(commands)
    _add_export_command(commands)
    return parser


def _add_open_options(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """`default`: argparse.SUPPRESS in a command, so that what stands before it is not lost."""
    model = parser.add_argument_group("model and picture", argument_default=default)
    model.add_argument(
        "--model", metavar="NAME|PATH", help=f"model bundle (default {DEFAULT_MODEL})"
    )
    model.add_argument("--device", choices=("auto", "cpu", "cuda"), help="default auto")
    model.add_argument("--seed", type=int, metavar="N", help="seed of the picture (default 0)")
    model.add_argument("--psi", type=float, metavar="ψ", help="truncation (default 0.7)")
    model.add_argument("--class", dest="label", metavar="NAME", help="class, by name or number")
    model.add_argument("--mask", type=Path, metavar="PNG", help="white may change, black stays")
    start = model.add_mutually_exclusive_group()
    start.argument_default = default
    start.add_argument("--session", type=Path, metavar="FILE", help="go on with a saved session")
    start.add_argument(
        "--resume", action="store_true", default=None, help="the last edit's journal"
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


def _add_export_command(commands: Any) -> None:
    parser = commands.add_parser(
        "export",
        help="generator weights to a model bundle (needs tui-draggan[torch])",
        description="Writes a model bundle: mapping, synthesis and the four training artifacts.",
    )
    parser.add_argument("weights", type=Path, help="generator weights (.pt)")
    parser.add_argument("bundle", type=Path, help="folder to write")
    parser.add_argument("--name", help="the model's name (default: the folder's)")
    parser.add_argument("--feature-block", type=int, metavar="PX", help="default 128, or half")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="recommended step size")
    parser.add_argument("--r1", type=int, metavar="PX", help="recommended r1")
    parser.add_argument("--r2", type=int, metavar="PX", help="recommended r2")
    parser.add_argument("--space", choices=("w+", "w"), help="recommended space")
    parser.add_argument("--description", default="", help="one line about the domain")
    parser.add_argument("--licence", default="", help="licence of the weights")
    parser.add_argument("--keep-weights", action="store_true", help="add the weights themselves")
    parser.add_argument("--replace", action="store_true", help="overwrite an existing bundle")
    parser.set_defaults(run=_export)


def _open_options(options: argparse.Namespace) -> Any:
    from tui_draggan.workbench import OpenOptions

    given = {name: getattr(options, name) for name in DRAG_PARAMETERS}
    values = {name: value for name, value in given.items() if value is not None}
    if options.space is not None:
        values["w_plus"] = options.space == "w+"
    return OpenOptions(
        model=options.model or DEFAULT_MODEL,
        device=options.device or "auto",
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


def _export(options: argparse.Namespace) -> int:
    try:
        from tui_draggan.stylegan.export import export_file
    except ModuleNotFoundError as error:
        raise UsageError(
            f"export needs {error.name}, which is not installed; pip install 'tui-draggan[torch]'"
        ) from None
    recommended = {name: getattr(options, name) for name in ("learning_rate", "r1", "r2")}
    recommended["w_plus"] = None if options.space is None else options.space == "w+"
    info = export_file(
        options.weights,
        options.bundle,
        name=options.name,
        feature_block=options.feature_block,
        recommended={name: value for name, value in recommended.items() if value is not None},
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
