"""Graphs as ONNX Runtime has optimised them, kept for the next start.

Optimising a step graph takes a second or more and gives the same every time: so the result is
written to $XDG_CACHE_HOME, under a name that says what it came from, and opened from there. Its
weights lie beside it, in a file that is mapped into memory, not read. Nothing depends on it: what
cannot be written, or read, is optimised again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui_draggan import paths
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import cpu, memory, runtime
from tui_draggan.engines.joint_weights import share_weights
from tui_draggan.errors import EngineError

GRAPHS = ("mapping.onnx", "synthesis.onnx", "drag/step.onnx")
GRAPH, WEIGHTS = "graph.onnx", "weights.bin"
LARGE = 1024
"""Bytes from which on a tensor lies in the file of weights."""
KEPT = 4 * 2**30
"""Bytes of all graphs together; those not used for longest go first."""


def open_graph(bundle: ModelBundle, name: str, device: str) -> Any:
    """An InferenceSession of that file of the bundle. Raises EngineError, naming the file."""
    file = bundle.file(name)
    if device != "cpu":  # a provider on a GPU may do what no file can hold
        return runtime.open_session(file, device)
    folder = _optimised(bundle, name)
    try:
        session = runtime.open_session(folder / GRAPH, device, optimised=True)
        folder.touch()
    except (EngineError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        session = runtime.open_session(file, device)
    return session


def prepare(bundle: ModelBundle) -> None:
    """Optimises all that a drag on the CPU runs, so that no editor has to wait for it; what
    these graphs have in common lies on disk and in memory once."""
    _optimise(bundle, [name for name in GRAPHS if not (_folder(bundle, name) / GRAPH).exists()])


def forget(bundle: ModelBundle) -> None:
    """Removes what is kept for that bundle."""
    for name in GRAPHS:
        shutil.rmtree(_folder(bundle, name), ignore_errors=True)


def _optimised(bundle: ModelBundle, name: str) -> Path:
    """The folder of that graph, which is in it now unless it cannot be."""
    folder = _folder(bundle, name)
    if not (folder / GRAPH).exists():
        _optimise(bundle, [name])
    return folder


def _folder(bundle: ModelBundle, name: str) -> Path:
    return paths.optimised_graphs() / _key(bundle, name)


def _key(bundle: ModelBundle, name: str) -> str:
    """A hash of everything the result depends on; the manifest has the hashes of the files."""
    ort = runtime.load_runtime()
    facts = (
        sorted((file, entry.get("sha256")) for file, entry in bundle.files.items()),
        name,
        ort.__version__,
        runtime.has_training_api(ort),
        cpu.name(),
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _optimise(bundle: ModelBundle, names: Sequence[str]) -> None:
    """Writes the optimised graphs, each whole or not at all."""
    work = paths.optimised_graphs() / f".{secrets.token_hex(4)}"
    try:
        work.mkdir(parents=True)
        _make_room(work.parent)
        for name in names:
            graph = work / _key(bundle, name) / GRAPH
            graph.parent.mkdir()
            runtime.write_optimised(bundle.file(name), graph, WEIGHTS, LARGE)
        folders = list(work.iterdir())
        if len(folders) > 1:
            share_weights([folder / GRAPH for folder in folders], WEIGHTS)
        for folder in folders:
            folder.rename(work.with_name(folder.name))
    except (EngineError, OSError):  # no room, no right, or another process was first
        pass
    finally:
        shutil.rmtree(work, ignore_errors=True)
        memory.trim_heap()


def _make_room(folder: Path) -> None:
    used: list[tuple[float, int, Path]] = []
    for entry in folder.iterdir():
        with suppress(OSError):
            size = sum(file.stat().st_size for file in entry.iterdir())
            used.append((entry.stat().st_mtime, size, entry))
    total = 0
    for _, size, entry in sorted(used, reverse=True):
        total += size
        if total > KEPT:
            shutil.rmtree(entry, ignore_errors=True)
