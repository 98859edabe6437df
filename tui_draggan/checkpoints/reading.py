"""A file of weights, recognised by what is in it, to a checkpoint.

Nothing that a file names is imported or run. The file is mapped, not loaded: weights in float32
stay where they are until a network is built from them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_draggan.checkpoints import other_files
from tui_draggan.checkpoints.checkpoint import Checkpoint
from tui_draggan.checkpoints.locate import RAW, Place, locate
from tui_draggan.checkpoints.mapped import map_file
from tui_draggan.checkpoints.modules import is_module
from tui_draggan.checkpoints.nvidia import read_nvidia
from tui_draggan.checkpoints.safetensors_file import is_safetensors, read_safetensors
from tui_draggan.checkpoints.state_dicts import read_state_dict
from tui_draggan.checkpoints.stylegan3 import is_stylegan3, read_stylegan3
from tui_draggan.checkpoints.tensorflow import is_tensorflow, read_tensorflow
from tui_draggan.checkpoints.unpickling.nesting import refuse_unread, unread_within
from tui_draggan.checkpoints.unpickling.pickles import (
    is_pickle,
    is_torch_file,
    read_pickle,
    read_torch_file,
)
from tui_draggan.checkpoints.unpickling.values import Record
from tui_draggan.checkpoints.unpickling.zip_archive import is_zip, table_of_contents
from tui_draggan.errors import CheckpointError

NAMED_AT_MOST = 4
"""Names in the note on what was not read."""


def read_checkpoint(path: Path, network: str | None = None) -> Checkpoint:
    """The generator in the file `path`, whatever its name.

    network: which one of several, by its keys («nets.generator_a»); None: the only one, or the
    only moving average.
    Raises CheckpointError, a line that begins with `path`: what is wrong with it.
    """
    data = map_file(path)
    try:
        return _checkpoint(read_content(path, data), network)
    except CheckpointError as error:
        raise CheckpointError(f"{path} {error}") from error


def read_content(path: Path, data: memoryview) -> Any:
    """What the file `path`, mapped as `data`, holds (`unpickling.pickles`).

    Raises CheckpointError without the file's name.
    """
    if is_torch_file(data):
        return read_torch_file(data)
    if is_zip(data):
        raise CheckpointError(other_files.of_archive(table_of_contents(data)))
    if is_pickle(data):
        return read_pickle(data)
    if is_safetensors(data):
        return read_safetensors(path, data)
    raise CheckpointError(other_files.of_bytes(bytes(data[:1024])))


def _checkpoint(content: Any, network: str | None) -> Checkpoint:
    place = None
    if is_tensorflow(content):
        checkpoint = read_tensorflow(content)
    elif place := locate(content, network):
        notes = _which(place)
        if isinstance(place.generator, Record):
            read = read_stylegan3 if is_stylegan3(place.generator) else read_nvidia
            checkpoint = read(place.generator, notes)
        else:
            checkpoint = read_state_dict(place, notes)
    else:
        raise _refusal(content)
    module = place.module if place else None
    return replace(checkpoint, notes=(*checkpoint.notes, *_not_read(content, module)))


def _which(place: Place) -> tuple[str, ...]:
    """A note where the generator is one that training moves, without its average."""
    key = place.keys[-1] if place.keys else None
    alone = key == "generator" and place.beside("discriminator") is None
    if place.averaged or key not in RAW or alone:
        return ()
    return (f"no averaged generator in the file; using {key}",)


def _not_read(content: Any, module: Record | None) -> tuple[str, ...]:
    """A note on what lies beside the generator, of the module `module`, and was not read."""
    names = list(dict.fromkeys(unread.name for unread in unread_within(content, used=module)))
    if not names:
        return ()
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    return (f"not read, since no generator needs it: {', '.join(names[:NAMED_AT_MOST])}{more}",)


def _refusal(content: Any) -> CheckpointError:
    """Why there is no generator in `content`."""
    if architecture := other_files.other_architecture(content):
        return CheckpointError(architecture)
    modules = [content, *content.values()] if isinstance(content, dict) else [content]
    try:
        for module in filter(is_module, modules):
            if module.unread is None:
                read_nvidia(module, ())
        refuse_unread(content)
    except CheckpointError as refusal:
        return refusal
    return CheckpointError(other_files.of_content(content))
