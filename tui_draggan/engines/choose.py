"""Which engine runs a bundle: the one that was named, or the fastest that is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial

from tui_draggan import __version__, cache, paths
from tui_draggan.bundle import MANIFEST, ModelBundle
from tui_draggan.engines import cpu, runtime
from tui_draggan.engines.auto import AutoEngine
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.ort import OrtEngine
from tui_draggan.engines.ort_training import OrtTrainingEngine
from tui_draggan.engines.torch.engine import ReducedTorchEngine, TorchEngine
from tui_draggan.errors import EngineError, UsageError

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
REMEMBERED = 100
"""Number of choices that are kept; the oldest go first."""


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
    candidates: dict[str, Callable[[], LocalEngine]] = {}
    failures: dict[str, list[str]] = {}
    untried = False
    for name, opener in ENGINES.items():
        try:
            untried |= opener(bundle, device).device in UNTRIED
        except EngineError as error:
            failures.setdefault(str(error), []).append(name)
        else:
            candidates[name] = partial(opener, bundle, device)
    if not candidates:
        raise EngineError("; ".join(f"{', '.join(who)}: {why}" for why, who in failures.items()))
    if reference is None or (len(candidates) == 1 and not untried):
        return next(iter(candidates.values()))()
    key = _key(bundle, device, tuple(candidates))
    known = _recall().get(key)
    remembered = known if known in candidates else None
    return AutoEngine(candidates, reference, partial(_remember, key), remembered)


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


def _recall() -> dict[str, str]:
    try:
        known = json.loads(cache.read_own(paths.chosen_engines()) or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _remember(key: str, name: str) -> None:
    """Keeps the choice; where it cannot be written, the next start tries them again."""
    entries = [*_recall().items(), (key, name)]
    text = json.dumps(dict(entries[-REMEMBERED:]), indent=2)
    cache.write_own(paths.chosen_engines(), text)
