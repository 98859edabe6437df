"""Whether an optimised graph still computes what the graph it was made from did.

Optimised weights lie in the order that one kind of CPU wants; read on another, they are other
weights, and nothing says so. So what a graph gives for fixed inputs is kept with it, and compared
where it is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.engines import graph_inputs, runtime
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.errors import EngineError

NUMBERS = 4096
"""Numbers of each output that are kept, spread over it."""
TOLERANCE = 0.02
"""Share of an output's length by which it may differ: rounding in another order stays far below."""
POINTS = ((0.4, 0.5), (0.7, 0.3))
"""Handles and targets, as shares of the picture's width and height."""
RADIUS = 3


def write_outputs(session: Any, info: BundleInfo, file: Path) -> None:
    """Keeps what a session gives. Raises EngineError where it gives nothing to compare."""
    outputs = _outputs(session, info)
    for name, values in outputs.items():
        if not np.isfinite(values).all():
            raise EngineError(f"{name} is not finite")
    np.savez(file, **outputs)  # type: ignore[arg-type]


def check_outputs(session: Any, info: BundleInfo, file: Path) -> None:
    """Raises EngineError where a session gives other numbers than were kept, or none were."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            expected = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise EngineError(f"{file.name} cannot be read ({error})") from error
    outputs = _outputs(session, info)
    if outputs.keys() != expected.keys():
        raise EngineError("it has other outputs")
    for name, values in outputs.items():
        if values.shape != expected[name].shape:
            raise EngineError(f"{name} has another shape")
        length = float(np.linalg.norm(expected[name]))
        off = float(np.linalg.norm(values - expected[name]))
        if not off <= TOLERANCE * length:
            raise EngineError(f"{name} differs by {off / length if length else off:.0%}")


def _outputs(session: Any, info: BundleInfo) -> dict[str, Floats]:
    """Some numbers of every output, for the fixed inputs."""
    fixed = _fixed_inputs(info)
    try:
        feeds = {value.name: fixed[value.name] for value in session.get_inputs()}
    except KeyError as error:
        raise EngineError(f"it takes {error}, which no graph of a bundle does") from error
    names = [value.name for value in session.get_outputs()]
    options = runtime.load_runtime().RunOptions()
    options.log_severity_level = runtime.SILENT
    with runtime.failing_as("proof"):
        results: list[NDArray[Any]] = session.run(names, feeds, options)
    return {name: _some(values) for name, values in zip(names, results, strict=True)}


def _some(values: NDArray[Any]) -> Floats:
    flat = np.asarray(values, np.float32).ravel()
    # An odd distance: an even one would take some columns of a picture and leave others out.
    return flat[:: flat.size // NUMBERS | 1].copy()


def _fixed_inputs(info: BundleInfo) -> Feeds:
    """For any graph of a bundle: mapping, picture, inversion or step, which trains all rows,
    without a mask, and tracks each point to where it is."""
    random = np.random.RandomState(0)
    z = random.randn(1, info.z_dim).astype(np.float32)
    ws = random.randn(info.num_ws, info.w_dim).astype(np.float32)
    rows = info.drag.trainable_rows
    last = np.array([info.size.width - 1, info.size.height - 1], np.float32)
    points = np.round(np.array(POINTS, np.float32) * last)
    frozen = ws.copy()
    frozen[:rows] = 0
    wanted = random.randint(0, 256, (*info.size, 3)).astype(np.uint8)
    return {
        "target": graph_inputs.wanted_picture(wanted, info),
        "picture": graph_inputs.wanted_picture(wanted[::-1].copy(), info),
        **graph_inputs.with_handles(graph_inputs.untrained(info, frozen), points),
        **{"z": z, "label": np.eye(max(info.c_dim, 1), dtype=np.float32)[:1]},
        **{"ws": ws[None], "w_plus": ws},
        **{"latent": ws[:rows], "mix": np.eye(rows, dtype=np.float32)},
        **{"targets": points[::-1].copy(), "disc": graph_inputs.disc(RADIUS)},
    }
