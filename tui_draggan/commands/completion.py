"""`tui-draggan completion`: a script that completes commands, options, models and classes.

The script is static, so that Tab answers at once: the shell itself looks which models there are.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from string import Template
from typing import Any

import shtab

from tui_draggan import paths
from tui_draggan.paths import typed_path

SHELLS = ("bash", "zsh", "fish")
PICTURES = ("*.png", "*.jpg", "*.jpeg", "*.webp", "*.PNG", "*.JPG")
LATENTS = ("*.npz", "*.npy", "*.pt")

_LISTS = Template("""
_tui_draggan_models() (
  for folder in $folders; do
    for model in "$$folder"/*/bundle.json; do
      model=$${model%/bundle.json}
      test -d "$$model" && echo "$${model##*/}"
    done
  done
)

_tui_draggan_classes() (
  for folder in $folders; do
    cat "$$folder"/*/bundle.json
  done 2>/dev/null | tr -d '\\n' | grep -o '"classes": *\\[[^]]*' | grep -o '"[^"]*"' | tr -d '"' |
    grep -vx classes | sort -u
)
""")
"""Functions of a POSIX shell: one model, one class of any model, a line each."""
_OFFERS = {
    "bash": '_tui_draggan_offer_$name() { compgen -W "$$(_tui_draggan_$name)" -- "$$1"; }',
    "zsh": '_tui_draggan_offer_$name() { compadd $${(f)"$$(_tui_draggan_$name)"} }',
    "fish": "function _tui_draggan_offer_$name; sh -c $script; end",
}
"""How a shell is offered the lines of a function."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Prints a script that completes commands, options, files, models and classes. For bash: "
        "tui-draggan completion bash > ~/.local/share/bash-completion/completions/tui-draggan; "
        "for zsh: into a file _tui-draggan in a folder of $fpath; for fish: "
        "~/.config/fish/completions/tui-draggan.fish."
    )
    parser.add_argument("shell", choices=SHELLS, help="whose script")


def run(options: argparse.Namespace) -> int:
    sys.stdout.write(f"{script(options.whole_parser(), options.shell)}\n")
    return 0


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completion script of a shell of SHELLS, for all commands of a parser."""
    _complete_values(parser)
    return shtab.complete(parser, shell=shell)


def _complete_values(parser: argparse.ArgumentParser) -> None:
    """Says of every option of the parser and its commands which values it takes."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_values(command)
        elif isinstance(action.choices, dict):  # which shtab would take for commands
            action.choices = tuple(action.choices)
        elif action.choices is None and action.nargs != 0:
            values = _values(action)
            if values is not None:
                action.complete = values  # type: ignore[attr-defined]  # where shtab looks


def _values(action: argparse.Action) -> dict[str, Any] | None:
    if action.dest == "model":
        return _lines_of("models")
    if action.dest == "label":
        return _lines_of("classes")
    if action.dest == "session":
        return shtab.glob("*.json")
    if action.dest == "latent":
        return shtab.glob(*LATENTS)
    if action.dest in ("mask", "into"):
        return shtab.glob(*PICTURES)
    return shtab.FILE if action.type in (typed_path, Path) else None


def _lines_of(name: str) -> dict[str, Any]:
    """The lines of one of `_LISTS`, as shtab wants values."""
    folders = " ".join(
        shlex.quote(str(folder)) for folder in (paths.bundled_models(), paths.user_models())
    )
    lists = _LISTS.substitute(folders=folders)
    words = {"name": name, "script": shlex.quote(f"{lists}\n_tui_draggan_{name}")}
    offers = {shell: Template(offer).substitute(words) for shell, offer in _OFFERS.items()}
    preambles = {shell: f"{lists}\n{offers[shell]}\n" for shell in ("bash", "zsh")}
    return {
        "bash": f"_tui_draggan_offer_{name}",
        "zsh": f"_tui_draggan_offer_{name}",
        "fish": f"(_tui_draggan_offer_{name})",
        "preamble": {**preambles, "fish": f"{offers['fish']}\n"},
    }
