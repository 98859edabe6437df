"""Which engine runs a bundle: the one that was named, or the fastest that is right."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tui_draggan import __version__, children
from tui_draggan.bundle import MANIFEST, ModelBundle
from tui_draggan.engines import cpu, runtime
from tui_draggan.engines.auto import AutoEngine
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.ort_training import OrtTrainingEngine
from tui_draggan.engines.picks import Memory, Pick
from tui_draggan.engines.remeasuring import Remeasuring
from tui_draggan.engines.torch.engine import ReducedTorchEngine, TorchEngine
from tui_draggan.engines.trial import Trial
from tui_draggan.errors import DragganError, EngineError, UsageError

AUTO = "auto"
ENGINES: dict[str, Callable[[ModelBundle, str], LocalEngine]] = {
    OrtEngine.name: OrtEngine,
    OrtTrainingEngine.name: OrtTrainingEngine,
    TorchEngine.name: TorchEngine,
}
"""Engines by their names on the command line, in the order they are tried."""
REDUCED: dict[str, Callable[[ModelBundle, str], LocalEngine]] = {
    ReducedTorchEngine.name: ReducedTorchEngine,
}
"""Engines that round too coarsely for the reference step: for those who ask for them by name."""
NAMED = ENGINES | REDUCED
CHOICES = (AUTO, *NAMED)
UNTRIED = ("mps",)
"""Devices that this program was never run on. An engine on one of them must reproduce the model's
reference step before it is used, whoever asks for it."""

Candidates = dict[str, Callable[[], LocalEngine]]
"""What opens each engine, by its name, in the order they are tried."""


def open_engine(bundle: ModelBundle, device: str = AUTO, engine: str = AUTO) -> LocalEngine:
    """device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; engine: one of CHOICES.

    Raises EngineError where it cannot be had, UsageError for other words.
    """
    reference = bundle.info.drag.reference
    if engine in NAMED:
        named = NAMED[engine](bundle, device)
        if named.device not in UNTRIED or reference is None:
            return named
        return AutoEngine({engine: lambda: NAMED[engine](bundle, named.device)}, reference)
    if engine != AUTO:
        raise UsageError(f"no engine named {engine!r}; available: {', '.join(CHOICES)}")
    available = candidates(bundle, device)
    if reference is None:
        return next(iter(available.values()))()
    if len(available) == 1:
        (opener,) = available.values()
        only = opener()
        if only.device not in UNTRIED:
            return only
    measuring = children.command(__name__, str(bundle.path.resolve()), device)
    memory = _memory(bundle, device, available)
    return AutoEngine(available, reference, memory, Remeasuring(measuring))


def candidates(bundle: ModelBundle, device: str = AUTO) -> Candidates:
    """The engines that can be had here. Raises EngineError, with the reasons, where none can."""
    found: Candidates = {}
    failures: dict[str, list[str]] = {}
    for name, opener in ENGINES.items():
        try:
            opener(bundle, device)
        except EngineError as error:
            failures.setdefault(str(error), []).append(name)
        else:
            found[name] = partial(opener, bundle, device)
    if not found:
        raise EngineError("; ".join(f"{', '.join(who)}: {why}" for why, who in failures.items()))
    return found


def remembered(bundle: ModelBundle, device: str = AUTO) -> Pick | None:
    """The engine that `auto` takes without measuring; None where it would measure. Raises
    EngineError where no engine can be had."""
    available = candidates(bundle, device)
    pick = _memory(bundle, device, available).recall()
    return pick if pick is not None and pick.engine in available else None


def measure(bundle: ModelBundle, device: str = AUTO) -> Pick:
    """Measures all engines in turns, and remembers the fastest. Raises EngineError where none
    reproduces the reference step, or the model has none."""
    reference = bundle.info.drag.reference
    if reference is None:
        raise EngineError(f"{bundle.info.name} has no reference step to measure; import it again")
    available = candidates(bundle, device)
    trial = Trial(available, reference)
    while not trial.is_over:
        trial.turn()
    pick = trial.pick()
    _memory(bundle, device, available).keep(pick)
    return pick


def _memory(bundle: ModelBundle, device: str, available: Candidates) -> Memory:
    return Memory(_key(bundle, device, tuple(available)))


def _key(bundle: ModelBundle, device: str, names: tuple[str, ...]) -> str:
    """A hash of everything that the choice depends on."""
    facts = (
        bundle.file(MANIFEST).read_text(encoding="utf-8"),
        device,
        names,
        __version__,
        runtime.load_runtime().__version__,
        cpu.name(),
        cpu.features(),
        cpu.physical_cores(),
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def main() -> None:
    """The child of `Remeasuring`. Bundle and device are the arguments. What fails here is said
    where it is asked for."""
    path, device = sys.argv[1:]
    children.end_with_parent()
    with suppress(DragganError):
        measure(ModelBundle.open(Path(path)), device)
