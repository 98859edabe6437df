"""`tui-draggan doctor`: what this machine and terminal have, what is missing, and what to do."""

from __future__ import annotations

import argparse
import importlib.util
import locale
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tui_draggan import __version__, library, paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.commands.models import check_contents
from tui_draggan.engines import cpu, runtime
from tui_draggan.errors import DragganError, OutputError
from tui_draggan.files import check_folder
from tui_draggan.interrupts import import_torch
from tui_draggan.tui.terminal import graphics, probing
from tui_draggan.wording import number, printable

if TYPE_CHECKING:
    from tui_draggan.engines.picks import Pick

State = Literal["good", "missing", "broken", "told"]
SIGNS: dict[State, tuple[str, str]] = {
    "good": ("✓", "green"),
    "missing": ("–", "yellow"),
    "broken": ("✗", "red"),
    "told": (" ", "default"),
}
MEASURE = "tui-draggan doctor --measure"
INSTALL_TORCH = "pip install 'tui-draggan[torch]'"
GLYPHS = "▀①◎⣿│"
"""Half block, handle, target, plot, frame: signs the screen is made of, each one cell wide."""


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do."""

    name: str
    state: State
    words: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks engines, devices, the model, the terminal and the folders, and says what to do "
        "where something is missing. Exit status 1 where the editor cannot run."
    )
    parser.add_argument(
        "--model",
        default=library.DEFAULT_MODEL,
        metavar="NAME|FOLDER",
        help=f"the model to check (default: {library.DEFAULT_MODEL})",
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure the engines on the model again, for --engine auto",
    )


def run(options: argparse.Namespace) -> int:
    """Prints everything. Returns 0 where the editor can run, 1 where it cannot."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    broken = False
    for title, look in _sections(options.model, options.measure):
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), title_justify="left")
        table.add_column(width=1)
        table.add_column(style="bold", min_width=12)
        table.add_column(overflow="fold")
        for finding in look():
            sign, colour = SIGNS[finding.state]
            words = Text(printable(finding.words))
            if finding.advice:
                words.append(f"\n→ {printable(finding.advice)}", style="dim")
            table.add_row(Text(sign, style=colour), Text(printable(finding.name)), words)
            broken |= finding.state == "broken"
        console.print(Text(title, style="bold underline"))
        console.print(table)
        console.print()
    return int(broken)


def _sections(model: str, measure: bool) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    yield "machine", machine
    yield "engines", engines
    yield "model", lambda: models(model, measure)
    yield "terminal", terminal
    yield "folders", folders


def machine() -> Iterator[Finding]:
    yield Finding("tui-draggan", "told", f"{__version__}, Python {platform.python_version()}")
    yield Finding("CPU", "told", cpu.in_words())
    flags = _cpu_flags()
    known = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    found = [flag for flag in known if flag in flags]
    if flags:
        yield Finding("vectors", "told", ", ".join(found) or "none of " + ", ".join(known))
    memory = _memory_gib()
    if memory is not None:
        yield Finding("memory", "told", f"{memory:.0f} GiB")


def engines() -> Iterator[Finding]:
    """Every engine, and CUDA under each runtime."""
    try:
        ort = runtime.load_runtime()
    except DragganError as error:
        yield Finding("ort", "broken", str(error))
    else:
        name = f"onnxruntime {ort.__version__}"
        yield Finding("ort", "good", name)
        if runtime.has_training_api(ort):
            yield Finding("ort-training", "good", f"{name}, with its training API")
        else:
            words = f"{name} has no training API; the engine ort computes the same"
            yield Finding("ort-training", "missing", words, runtime.INSTALL_TRAINING)
        problem = runtime.cuda_problem(ort)
        what, _, advice = (problem or "available").partition("; ")
        yield Finding("· on CUDA", "missing" if problem else "good", what, advice)
    yield from _torch()


def _torch() -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        yield Finding(
            "torch",
            "missing",
            "not installed; import, train, evaluate and bench need it",
            INSTALL_TORCH,
        )
        return
    try:
        import_torch()
        import torch
    except Exception as error:  # a broken installation fails in many ways
        yield Finding("torch", "missing", f"cannot be imported ({error})", INSTALL_TORCH)
        return
    yield Finding("torch", "good", f"torch {torch.__version__}")
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        yield Finding("· on CUDA", "good", names)
    elif torch.version.cuda is None:
        yield Finding("· on CUDA", "missing", "this torch is built for the CPU")
    else:
        yield Finding("· on CUDA", "missing", f"no device for CUDA {torch.version.cuda}")


def models(name: str, measure: bool = False) -> Iterator[Finding]:
    """The model that would be opened, every byte of it, and the engine for it."""
    try:
        bundle = ModelBundle.open(library.find_model(name))
        bundle.verify()
        check_contents(bundle)
    except DragganError as error:
        yield Finding(name, "broken", str(error))
    else:
        info = bundle.info
        words = f"{info.size} px, feature block {info.drag.feature_block}, intact"
        yield Finding(name, "good", words)
        note = library.without_training(bundle)
        if note:
            advice = "where onnxruntime-training is installed, import it again with --replace"
            yield Finding("· training", "missing", note, advice)
        yield _auto(bundle, measure)


def _auto(bundle: ModelBundle, measure: bool) -> Finding:
    """The engine that `--engine auto` takes, and by which figures."""
    from tui_draggan.engines import choose

    name = "· auto"
    try:
        pick = _measured(bundle) if measure else choose.remembered(bundle)
        if pick is not None:
            advice = f"{MEASURE}, when the machine is quiet" if pick.doubt else ""
            return Finding(name, "missing" if pick.doubt else "good", _in_words(pick), advice)
        first, *others = choose.candidates(bundle)
    except DragganError as error:
        return Finding(name, "missing", str(error))
    if bundle.info.drag.reference is None or not others:
        return Finding(name, "good", f"{first}, without measuring")
    words = "not measured yet; auto picks an engine when the model is opened"
    return Finding(name, "told", words, f"{MEASURE} does it now")


def _measured(bundle: ModelBundle) -> Pick:
    from rich.console import Console

    from tui_draggan.engines import choose

    with Console(stderr=True).status("measuring the engines…"):
        return choose.measure(bundle)


def _in_words(pick: Pick) -> str:
    """«ort (ort 18.6 ms, torch 35.1 ms a step, measured 28 Nov 2026, 07:40)»."""
    by_speed = sorted(pick.milliseconds.items(), key=lambda item: item[1])
    figures = ", ".join(f"{name} {number(value)} ms" for name, value in by_speed)
    when = time.strftime("%d %b %Y, %H:%M", time.localtime(pick.measured_at))
    doubt = f"; provisional: {pick.doubt}" if pick.doubt else ""
    return f"{pick.engine} ({figures} a step, measured {when}){doubt}"


def terminal() -> Iterator[Finding]:
    problem = graphics.terminal_problem()
    if problem is not None:
        words = f"{problem}: no editor here, but tui-draggan drag works"
        yield Finding("terminal", "missing", words)
        return
    columns, rows = shutil.get_terminal_size()
    term = os.environ.get("TERM", "")
    yield Finding("terminal", "good", f"{term}, {columns}×{rows} cells")
    yield from _multiplexer()
    told = graphics.ask_terminal("auto")
    yield _colours(told)
    display = told.display
    wanted = (
        "which every terminal can show"
        if display.graphics == "half"
        else "which the terminal offers"
    )
    yield Finding("pictures", "good", f"{display.words}, {display.note or wanted}")
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") != "utf8":
        advice = "export LC_ALL=C.UTF-8"
        yield Finding("text", "missing", f"the locale's encoding is {encoding}", advice)
    yield _font()


def _multiplexer() -> Iterator[Finding]:
    if not graphics.in_tmux():
        return
    words = os.environ.get("TERM_PROGRAM", "tmux or screen")
    try:
        told = subprocess.run(["tmux", "-V"], capture_output=True, text=True, timeout=2, check=True)
        words = told.stdout.strip() or words
    except (OSError, subprocess.SubprocessError):
        pass  # it is screen, or tmux runs elsewhere
    advice = "--graphics sixel or kitty, if tmux and the terminal outside both support it"
    yield Finding("multiplexer", "told", f"{words}: half blocks by default", advice)


def _colours(told: graphics.Terminal) -> Finding:
    from rich.console import Console

    if "NO_COLOR" in os.environ:
        return Finding("colours", "told", "none (NO_COLOR is set)", "unset NO_COLOR")
    if os.environ.get("TMUX"):
        return Finding("colours", "good", "24 bits; tmux converts them")
    depth = Console(force_terminal=True).color_system
    if depth == "truecolor":
        return Finding("colours", "good", "24 bits")
    if told.true_colour:
        return Finding("colours", "good", "24 bits, as the terminal answers")
    advice = "if the terminal can show more: --colour truecolor, or export COLORTERM=truecolor"
    return Finding("colours", "told", f"{depth or 'none'}, judging by TERM and COLORTERM", advice)


def _font() -> Finding:
    """Whether the terminal draws the screen's signs one cell wide, as the program counts them."""
    widths = probing.widths(GLYPHS)
    if widths is None:
        return Finding("signs", "told", "the terminal does not report how wide it draws them")
    wide = [sign for sign, width in zip(GLYPHS, widths, strict=True) if width != 1]
    if wide:
        advice = "turn off «ambiguous characters are wide» in the terminal, or use another font"
        return Finding("signs", "missing", f"{' '.join(wide)} not one cell wide", advice)
    return Finding("signs", "good", f"{' '.join(GLYPHS)} one cell each, if you can see all five")


def folders() -> Iterator[Finding]:
    places = {
        "models": paths.user_models(),
        "journals": paths.journals(),
        "cache": paths.chosen_engines().parent,
    }
    for name, path in places.items():
        try:
            check_folder(path)
        except OutputError as error:
            yield Finding(name, "missing", str(error))
        else:
            yield Finding(name, "good", str(path))


def _cpu_flags() -> set[str]:
    lines = [line for line in _cpuinfo() if line.startswith("flags")]
    return set(lines[0].partition(":")[2].split()) if lines else set()


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _memory_gib() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        return None
