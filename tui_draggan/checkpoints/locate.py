"""Where in a file's contents the generator is, and which of several.

Programs keep their networks in dicts within dicts, as modules or as named tensors, sometimes with
a prefix that a wrapper has left on every name. Every dict is looked at. Of a network and the moving
average of its weights the average is taken, since it gives the pictures; between others the person
has to choose.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_draggan.checkpoints import genforce, mmgen, nvidia, rosinality, stylegan3
from tui_draggan.checkpoints.modules import is_module, modules_within, named_tensors
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.values import Record
from tui_draggan.errors import CheckpointError

NVIDIA_CONSTANT = "synthesis.b4.const"
CONSTANTS = (
    *(NVIDIA_CONSTANT, stylegan3.FREQUENCIES),
    *(*rosinality.CONSTANTS, genforce.CONSTANT, mmgen.CONSTANT),
)
"""The tensor by which a generator in named tensors is recognised, in each naming."""
RAW = ("g", "G", "netG", "net_g", "G_state_dict", "generator")
"""Keys of networks that training moves; their moving average stands elsewhere, if at all."""
NAMED_AT_MOST = 4
"""Labels in an error."""
_AVERAGED = re.compile(
    r"(^|[._-])(ema|smooth|smoothed|running|avg|average|averaged|shadow)([._-]|$)|.ema$|^Gs$",
    re.IGNORECASE,
)

Dict = Mapping[Any, Any]


@dataclass(frozen=True, eq=False)
class Place:
    """A generator and what lies around it."""

    keys: tuple[str, ...]
    """Keys of the dicts that lead to it, from the outermost on."""
    prefix: str
    """Beginning of its tensors' names, which is not part of them; empty for a module."""
    generator: Record | Dict
    """A module, or the dict that holds its tensors."""
    around: tuple[Dict, ...]
    """Dicts that lead to it, from the outermost on."""
    module: Record | None = None
    """The module of the file that it is or is a part of; None: it is in a dict."""

    @property
    def averaged(self) -> bool:
        """Whether it is said to be a moving average."""
        return any(_AVERAGED.search(name) for name in (*self.keys, self.prefix))

    @property
    def label(self) -> str:
        """Its keys and prefix as one name, for a line of text."""
        names = (*self.keys, self.prefix.removesuffix("."))
        return shown(".".join(filter(None, names))) or "one without a key"

    def beside(self, key: str) -> Any:
        """What stands under `key` beside the generator or further out; None: nothing."""
        own = (self.generator,) if isinstance(self.generator, Mapping) else ()
        levels = (*own, *reversed(self.around))
        return next((level[key] for level in levels if key in level), None)


def locate(content: Any, network: str | None = None) -> Place | None:
    """The generator in `content`; None: none.

    network: the label of the one to take. Raises CheckpointError where it is not there, and where
    there are several and none, or more than one, is a moving average.
    """
    places = list(_places(content))
    if network is not None:
        chosen = [place for place in places if place.label == network]
        if not chosen:
            raise CheckpointError(f"has no generator {shown(network)}; it has {_labels(places)}")
        return chosen[0]
    chosen = [place for place in places if place.averaged] or places
    if len(chosen) > 1:
        raise CheckpointError(
            f"holds several generators: {_labels(chosen)}; choose one with import --network"
        )
    return chosen[0] if chosen else None


def _labels(places: list[Place]) -> str:
    more = f" and {len(places) - NAMED_AT_MOST} more" if len(places) > NAMED_AT_MOST else ""
    return (", ".join(place.label for place in places[:NAMED_AT_MOST]) or "none") + more


def _places(content: Any) -> Iterator[Place]:
    """Every generator, once, the outermost first."""
    seen: set[int] = set()
    todo: deque[tuple[tuple[str, ...], Any, tuple[Dict, ...]]] = deque([((), content, ())])
    while todo:
        keys, value, around = todo.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if is_module(value):
            yield from _in_module(keys, value, around)
        elif isinstance(value, Mapping):
            for prefix in _prefixes(value):
                yield Place(keys, prefix, value, around)
            inside = [(str(key), child) for key, child in value.items()]
            # What lies under two keys has the name that says most.
            inside.sort(key=lambda item: not _AVERAGED.search(item[0]))
            todo.extend(((*keys, key), child, (*around, value)) for key, child in inside)
        elif isinstance(value, (list, tuple)):
            todo.extend(((*keys, str(at)), child, around) for at, child in enumerate(value))


def _in_module(keys: tuple[str, ...], module: Record, around: tuple[Dict, ...]) -> Iterator[Place]:
    """The generators that a module is, or that one of an unknown class has: as modules in NVIDIA's
    form, or as named tensors. NVIDIA's own larger networks have generators of features within.
    """
    inner = modules_within(module) if module.unread is not None else [("", module)]
    found = [(name, part) for name, part in inner if nvidia.is_generator(part)]
    for name, part in found:
        yield Place((*keys, *filter(None, [name])), "", part, around, module)
    if not found and module.unread is not None:
        tensors = named_tensors(module)
        for prefix in _prefixes(tensors):
            yield Place(keys, prefix, tensors, (*around, module.state), module)


def _prefixes(tensors: Dict) -> Iterator[str]:
    """What stands before the names of each generator in a dict of named tensors."""
    for name, value in tensors.items():
        if isinstance(name, str) and isinstance(value, np.ndarray):
            for constant in CONSTANTS:
                if f".{name}".endswith(f".{constant}"):
                    yield name.removesuffix(constant)
