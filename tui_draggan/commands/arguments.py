"""Groups of options that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tui_draggan.edit.parameters import (
    PARAMETERS,
    PSI,
    SCALED,
    SEED,
    USUAL_PSI,
    DragParams,
    Parameter,
)
from tui_draggan.edit.values import Number, Value
from tui_draggan.errors import UsageError
from tui_draggan.library import DEFAULT_MODEL
from tui_draggan.paths import typed_path
from tui_draggan.tui.terminal.graphics import COLOUR_CHOICES, GRAPHICS_CHOICES

ENGINES = ("auto", "ort", "ort-training", "torch", "torch-bf16")
"""`engines.choose.CHOICES`, which is slow to import; a test holds the two together."""


def words(text: str) -> tuple[str, ...]:
    """«a,b» → the words. The type of an option."""
    return tuple(text.split(","))


def numbers(text: str) -> tuple[int, ...]:
    """«1,2» → the whole numbers. The type of an option; raises ValueError."""
    return tuple(int(word) for word in text.split(","))


def add_opening(parser: argparse.ArgumentParser) -> None:
    """What is opened (`opening.OpenRequest`): model, picture, parameters of the drag.

    The editor's parser has these options, and the parser of a command may have them again. So that
    the second does not forget what stands before the command's name, an option that is not given
    is not in the namespace.
    """
    model = parser.add_argument_group("model and picture", argument_default=argparse.SUPPRESS)
    add_model(model, ", or the model the session was saved with")
    add_picture(model)
    add = model.add_argument
    add("--name", help="keep the model of a FILE under this name (default: in the cache)")
    add("--mask", type=typed_path, metavar="PNG", help="white may change, black stays")
    add("--feature-block", type=int, metavar="PX", help="refuse a model with another one")
    start = model.add_mutually_exclusive_group()
    add_latent(start, model)
    start.add_argument(
        "--session",
        type=typed_path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="continue a saved session",
    )
    start.add_argument(
        "--resume",
        action="store_true",
        default=argparse.SUPPRESS,
        help="continue the last edit (of --model, where given); the editor offers earlier ones too",
    )
    drag = parser.add_argument_group(
        "drag (defaults: the model's own, or those shown)", argument_default=argparse.SUPPRESS
    )
    for parameter in PARAMETERS:
        note = f"{parameter.note} ({_range(parameter)}default: {_usual(parameter)})"
        add_parameter(drag, parameter, note)


def add_model(group: Any, otherwise: str = "") -> None:
    """Which model, and what computes it. otherwise: what the default is, beside the bundled one."""
    group.add_argument(
        "--model",
        metavar="NAME|FOLDER|FILE",
        help="one of the models that tui-draggan models lists, a model's folder, or a file of "
        "weights or a training run, of which one is made (default: "
        f"{DEFAULT_MODEL}{otherwise})",
    )
    add_engine(group)


def add_engine(group: Any) -> None:
    """What computes, and where."""
    group.add_argument(
        "--engine", choices=ENGINES, help="what computes (default: auto, the fastest here)"
    )
    group.add_argument("--device", metavar="auto|cpu|cuda[:N]|mps", help="default: auto")


def add_picture(group: Any) -> None:
    """Which generated picture."""
    add_parameter(group, SEED, f"{SEED.note} (default: 0)")
    add_parameter(group, PSI, f"{PSI.note} (default: the model's own, or {USUAL_PSI:g})")
    group.add_argument("--class", dest="label", metavar="NAME|NUMBER", help="class of the picture")


def add_latent(start: Any, group: Any) -> None:
    """A picture by its latent. start: the group of ways to start, within `group`."""
    start.add_argument(
        "--latent",
        type=typed_path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="start from a latent, w or w+, in an .npz, .npy or .pt of this or another program",
    )
    group.add_argument(
        "--latent-index", type=int, metavar="N", help="which of several latents, from 0"
    )


def add_force(add: Any) -> None:
    """Whether files that exist are replaced, for `results.check_new`. add: the group's method."""
    add("--force", action="store_true", help="replace files that exist")


def add_watermark(add: Any) -> None:
    """Whether a visible mark is drawn. add: the group's method."""
    add("--watermark", action="store_true", help="draw «AI-generated» into the pictures' corner")


def add_into(add: Any) -> None:
    """The photograph of an edit, for `edit.photographs.photograph_of`. add: the group's method."""
    add(
        "--into",
        type=typed_path,
        metavar="PHOTO",
        help="--out is this photograph, of which the edit is, with the edited part in it",
    )


def check_into(options: argparse.Namespace) -> None:
    """Raises UsageError where --into cannot be meant."""
    if options.into is None:
        return
    if options.out is None:
        raise UsageError("--into says what --out is to show; add --out FILE.png")
    if getattr(options, "markers", False):
        raise UsageError("--markers are not drawn into a photograph; remove it, or --into")


def add_parameter(group: Any, parameter: Parameter, note: str) -> None:
    """The option of a parameter, which admits what the parameter does."""

    def value(text: str) -> Value:
        try:
            return parameter.parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    group.add_argument(
        *parameter.flags, dest=parameter.name, type=value, metavar=parameter.placeholder, help=note
    )


def given(options: argparse.Namespace, parameters: Sequence[Parameter]) -> dict[str, Value]:
    """The values of those parameters that were given, by name."""
    return {
        parameter.name: getattr(options, parameter.name)
        for parameter in parameters
        if hasattr(options, parameter.name)
    }


def _range(parameter: Parameter) -> str:
    """«1 to 64; »; nothing where the placeholder says it."""
    return f"{parameter.range}; " if isinstance(parameter.values, Number) else ""


def _usual(parameter: Parameter) -> str:
    """The default of a drag parameter, in words."""
    usual = parameter.shown(getattr(DragParams, parameter.name))
    return f"{usual} at 512 px" if parameter.name in SCALED else usual


def add_screen(group: Any) -> None:
    """How the terminal is drawn on; an option that is not given is not in the namespace."""
    for flags, choices, note in (
        (("--graphics",), GRAPHICS_CHOICES, "how pictures are drawn (default: auto)"),
        (("--colour", "--color"), COLOUR_CHOICES, "colour depth (default: auto)"),
    ):
        group.add_argument(*flags, choices=choices, default=argparse.SUPPRESS, help=note)


def add_device(parser: argparse.ArgumentParser) -> None:
    """The device of a command that computes in torch."""
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda", help="default: auto")


@dataclass(frozen=True)
class Range:
    """The numbers that an option admits."""

    flag: str
    low: float
    high: float = math.inf
    without_low: bool = False
    """Whether `low` itself is not admitted."""

    @property
    def words(self) -> str:
        """«at least 1», «more than 0», «0 to 1»."""
        if self.high < math.inf:
            return f"{self.low:g} to {self.high:g}"
        return f"{'more than' if self.without_low else 'at least'} {self.low:g}"

    def check(self, value: float | None) -> None:
        """Raises UsageError; None, for an option that is not given, is fine."""
        if value is None:
            return
        above = value > self.low if self.without_low else value >= self.low
        if not (above and value <= self.high and math.isfinite(value)):
            shown = value if isinstance(value, int) else f"{value:g}"
            raise UsageError(f"{self.flag} is {shown}; expected {self.words}")


def check_ranges(options: argparse.Namespace, ranges: Sequence[Range]) -> None:
    """Raises UsageError for the first option that is out of its range."""
    for one in ranges:
        one.check(getattr(options, one.flag.lstrip("-").replace("-", "_")))


def add_data(parser: argparse.ArgumentParser, note: str, required: bool = False) -> None:
    """Pictures of a folder or zip, or the drawn ones, and where their classes come from."""
    parser.add_argument("--data", required=required, metavar="FOLDER|ZIP|critters", help=note)
    parser.add_argument(
        "--classes",
        choices=("folders", "none", "dataset.json"),
        help="where the classes of the pictures come from (default: dataset.json if there is one, "
        "else the folders side by side)",
    )
