"""Files made to do harm by the networks in them: modules of unknown classes, and names."""

from __future__ import annotations

from pickle import BINGET, BUILD, EMPTY_DICT, EMPTY_TUPLE, MARK, MEMOIZE, NEWOBJ, SETITEM, SETITEMS
from typing import Any

import torch

from tests.checkpoints.attack_parts import KIND, code, named, text
from tests.checkpoints.writers.generators import random_tensors
from tests.checkpoints.writers.namings import NAMINGS
from tests.checkpoints.writers.pickling import Instance, Name, pickled
from tests.checkpoints.writers.torch_zip import torch_zip


def nested_modules(depth: int) -> Instance:
    """A module of an unknown class that holds another one twice, and so on."""

    def module(parts: dict[str, Any]) -> Instance:
        state = {"_parameters": {}, "_buffers": {}, "_modules": parts}
        return Instance(Name("train", "Net"), attributes=state)

    inner = module({})
    for _ in range(depth):
        inner = module({"a": inner, "b": inner})
    return inner


def numbered(naming: str, name: str) -> dict[str, Any]:
    """A generator with a tensor more, whose number takes long to read and means a vast block."""
    state: dict[str, Any] = NAMINGS[naming](random_tensors(KIND), KIND)
    return {"g_ema": {**state, name.replace("#", 4000 * "9"): torch.ones(2)}}


PARTS = (text("_parameters"), EMPTY_DICT, text("_buffers"), EMPTY_DICT, text("_modules"))
MODULES: dict[str, tuple[bytes, str]] = {
    "modules with more names than there are": (
        pickled(nested_modules(17)),
        "network of more than 20,000 parts",
    ),
    "modules with very many more": (pickled(nested_modules(30)), "nested too deeply"),
    "a module in itself": (
        code(
            *(named("train", "Net"), EMPTY_TUPLE, NEWOBJ, MEMOIZE, EMPTY_DICT, MARK, *PARTS),
            *(EMPTY_DICT, text("a"), BINGET + b"\0", SETITEM, SETITEMS, BUILD),
        ),
        "names train.Net, which",
    ),
    "a module that is built into itself": (
        code(
            *(named("train", "Net"), EMPTY_TUPLE, NEWOBJ, MEMOIZE, EMPTY_DICT, MEMOIZE, MARK),
            *(*PARTS, EMPTY_DICT, SETITEMS, BUILD, BINGET + b"\1", text("_modules")),
            *(EMPTY_DICT, text("a"), BINGET + b"\0", SETITEM, SETITEM, BUILD),
        ),
        "contains itself",
    ),
    "a module that is an array": (
        pickled({"synthesis.b4.const": nested_modules(0), "synthesis.b4.conv1.weight": None}),
        "names train.Net",
    ),
    "modules in torch's archive": (
        torch_zip({"net": nested_modules(17)}),
        "network of more than 20,000 parts",
    ),
}
NUMBERS: dict[str, tuple[bytes, str]] = {
    f"a number of very many digits, {naming}": (pickled(numbered(naming, name)), words)
    for naming, name, words in (
        ("NVIDIA", "synthesis.b#.conv0.bias", "has synthesis.b999"),
        ("genforce", "mapping.dense#.bias", "has mapping.fc999"),
        ("OpenMMLab", "style_mapping.#.bias", "has style_mapping.999"),
        ("rosinality", "convs.#.noise.weight", "has convs.999"),
    )
}
