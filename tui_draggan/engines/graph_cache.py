"""Graphs as ONNX Runtime has optimised them, kept for the next start.

Optimising a step graph takes a second or more and gives the same every time: so the result is
written to $XDG_CACHE_HOME, under a name that says what it came from and for which CPU, and opened
from there. Its weights lie beside it, in a file that is mapped into memory, not read.

A graph that lies there is opened only where it is what was written (by SHA-256) and gives, on this
computer, what the bundle's graph gave (`graph_proof`); otherwise it is optimised again, which is
logged. Nothing depends on it: where nothing can be written or read, the bundle's graph is opened.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui_draggan import cache, paths
from tui_draggan.bundle import INVERSION, STEP, WITHOUT_PICTURE, ModelBundle
from tui_draggan.engines import cpu, graph_proof, memory, runtime
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.joint_weights import share_weights
from tui_draggan.engines.weight_layout import weight_layout
from tui_draggan.errors import BundleError, EngineError, OutputError
from tui_draggan.files import TEMPORARY, sha256
from tui_draggan.folders import locked, size_on_disk, temporary_folder

GRAPHS = ("mapping.onnx", "synthesis.onnx", STEP, WITHOUT_PICTURE[STEP], INVERSION)
"""Those of a bundle that run on the CPU; not every bundle has the last two."""
GRAPH, WEIGHTS, OUTPUTS, HASHES = "graph.onnx", "weights.bin", "outputs.npz", "hashes.json"
"""Files of a kept graph: it, its weights, what it gives, the hashes of all three."""
PROVED = "proved-"
"""Beginning of the name of an empty file: on that computer it gave what it should."""
LARGE = 128
"""Bytes from which on a tensor lies in the file of weights. In a bundle's own file nothing smaller
may lie: ONNX Runtime would leave such a tensor there, where the kept graph cannot find it."""
KEPT = 4 * 2**30
"""Bytes of all graphs together; those not used for longest go first."""

EARLIER = "graphs"
"""Folder in which earlier versions keep graphs that cannot be proved."""

log = logging.getLogger(__name__)


def open_graph(bundle: ModelBundle, name: str, device: str) -> Any:
    """An InferenceSession of that file of the bundle.

    Raises EngineError, and BundleError for a damaged bundle, naming the file.
    """
    if device == "cpu":  # a provider on a GPU may do what no file can hold
        session = _kept_session(bundle, name)
        if session is not None:
            return session
    check_files(bundle, name)
    return runtime.open_session(bundle.file(name), device)


def prepare(bundle: ModelBundle) -> None:
    """Optimises all that a drag on the CPU runs, so that no editor has to wait for it; what these
    graphs have in common lies on disk and in memory once. Raises BundleError for a damaged one."""
    root = _root()
    if root is not None:
        there = [name for name in GRAPHS if name in bundle.files]
        missing = [name for name in there if not (root / _key(bundle, name)).exists()]
        _optimise(bundle, missing, root)


def settle(bundle: ModelBundle, name: str) -> None:
    """Does what the next start would have to: hashes that graph and tries it, if it is kept. The
    hash is remembered if the graph is older than `cache.SETTLED`."""
    with suppress(EngineError, BundleError):
        _kept_session(bundle, name)


def forget(bundle: ModelBundle) -> None:
    """Removes what is kept for that bundle."""
    for folder in _folders(bundle):
        shutil.rmtree(folder, ignore_errors=True)


def kept_bytes(bundle: ModelBundle) -> int:
    """What is kept for that bundle takes so much on disk."""
    return size_on_disk(*_folders(bundle))


def _folders(bundle: ModelBundle) -> list[Path]:
    """Where its graphs are kept, if they are."""
    root = _root()
    return [] if root is None else [root / _key(bundle, name) for name in GRAPHS]


def _kept_session(bundle: ModelBundle, name: str) -> Any:
    """A session of the kept graph, which is optimised first where there is none, and again where
    there is a wrong one; None where none can be kept."""
    root = _root()
    if root is None:
        return None
    folder = root / _key(bundle, name)
    for _ in range(2):
        if not folder.exists():
            _optimise(bundle, [name], root)
        if not folder.exists():
            return None
        try:
            with locked(folder, shared=True):  # so that no other process makes room meanwhile
                return _proved_session(bundle, folder)
        except BlockingIOError:
            return None  # one is doing it
        except (EngineError, OSError, ValueError) as error:
            if folder.exists():  # else one has done it
                log.warning("rebuilding the cached graph of %s: %s", name, error)
                shutil.rmtree(folder, ignore_errors=True)
    return None


def _proved_session(bundle: ModelBundle, folder: Path) -> Any:
    """Raises EngineError, OSError or ValueError where the kept graph is not to be used."""
    if cache.private_folder(folder) is None:
        raise EngineError("others could have written it")
    hashes = json.loads(cache.read_own(folder / HASHES) or "{}")
    if not isinstance(hashes, dict):
        raise EngineError(f"{HASHES} is not what was written")
    for file in {GRAPH, OUTPUTS, *hashes}:  # small graphs have no file of weights
        if cache.sha256(folder / file) != hashes.get(file):
            raise EngineError(f"{file} is not what was written")
    session = runtime.open_session(folder / GRAPH, "cpu", optimised=True)
    proved = folder / f"{PROVED}{hashlib.sha256(cpu.computer().encode()).hexdigest()[:16]}"
    if not proved.exists():
        graph_proof.check_outputs(session, bundle.info, folder / OUTPUTS)
        with suppress(OSError):
            proved.touch(0o600)
    with suppress(OSError):
        folder.touch()
    return session


def _root() -> Path | None:
    """The folder of all kept graphs; None where there can be none."""
    return None if weight_layout() is None else cache.private_folder(paths.optimised_graphs())


def _key(bundle: ModelBundle, name: str) -> str:
    """A hash of everything the result depends on; the manifest has the hashes of the files."""
    ort = runtime.load_runtime()
    facts = (
        sorted((file, entry.get("sha256")) for file, entry in bundle.files.items()),
        name,
        ort.__version__,
        runtime.has_training_api(ort),
        cpu.name(),
        cpu.features(),
        weight_layout(),
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _optimise(bundle: ModelBundle, names: Sequence[str], root: Path) -> None:
    """Writes the optimised graphs, each whole or not at all. Raises BundleError for a damaged
    bundle."""
    check_files(bundle, *names)
    # There may be no room, or no right.
    with suppress(EngineError, OSError, OutputError), temporary_folder(root, 0o700) as work:
        _make_room(root)
        for name in names:
            folder = work / _key(bundle, name)
            folder.mkdir(0o700)
            _write(bundle, name, folder)
        folders = list(work.iterdir())
        if len(folders) > 1:
            share_weights([folder / GRAPH for folder in folders], WEIGHTS)
        for folder in folders:
            _seal(folder)
            with suppress(OSError):  # another process was first
                folder.rename(root / folder.name)
    memory.trim_heap()


def _write(bundle: ModelBundle, name: str, folder: Path) -> None:
    session = runtime.write_optimised(bundle.file(name), folder / GRAPH, WEIGHTS, LARGE)
    graph_proof.write_outputs(session, bundle.info, folder / OUTPUTS)


def _seal(folder: Path) -> None:
    """Makes its files the user's own and notes their hashes."""
    files = list(folder.iterdir())
    for file in files:
        file.chmod(0o600)
    hashes = {file.name: sha256(file) for file in files}
    (folder / HASHES).touch(0o600)
    (folder / HASHES).write_text(json.dumps(hashes), encoding="utf-8")


def _make_room(root: Path) -> None:
    """Removes the graphs that have not been used for longest, but for those that are being opened,
    until the rest is no more than `KEPT`; weights that several share count once."""
    shutil.rmtree(paths.cache() / EARLIER, ignore_errors=True)
    used: list[tuple[float, Path]] = []
    for entry in root.iterdir():
        if not entry.name.startswith(TEMPORARY):
            with suppress(OSError):
                used.append((entry.stat().st_mtime, entry))
    total, counted = 0, set[tuple[int, int]]()
    for _, entry in sorted(used, reverse=True):
        total += size_on_disk(entry, counted=counted)
        if total > KEPT:
            with suppress(OSError), locked(entry):
                shutil.rmtree(entry, ignore_errors=True)
