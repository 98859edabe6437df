"""A bundle's graphs, checked before a runtime reads them.

A bundle from somewhere else is data, and so are its graphs. Their contents are those of the
manifest, by SHA-256; they take and give what the manifest says; they are a bounded number of
standard operators in a row, without functions and without graphs inside a node, which could call
themselves or grow without bound; and their weights lie in drag/weights.bin and nowhere else: a
runtime reads whatever file a graph names, an absolute path too.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from tui_draggan import cache
from tui_draggan.bundle import (
    DISTANCE,
    INVERSION,
    INVERSION_TRAINING,
    PARTS,
    TUNING,
    WEIGHTS,
    BundleInfo,
    ModelBundle,
)
from tui_draggan.engines.onnx_messages import ModelContents, Shape, contents
from tui_draggan.errors import BundleError

MAPPING, SYNTHESIS, STEP = "mapping.onnx", "synthesis.onnx", "drag/step"
"""Beginnings of the names of those graphs whose inputs are all known."""
MOST_BYTES = 1 << 28
"""Size of a graph without its weights; the mapping network's own lie in it."""
MOST_NODES = 50_000
"""Operators of a graph; the step of a 1024-px model has two thousand."""
REFUSED = {
    "function": "has functions",
    "inner graph": "has graphs inside its nodes",
    "training information": "has training information",
    "sparse tensor": "has sparse tensors",
}
"""What no graph of a bundle has, by the kind of the message."""
OPTIONAL = {"mismatch"}
"""Outputs that graphs of earlier versions do not have."""
STANDARD = ("", "ai.onnx")
FOR_TRAINING = {
    ("com.microsoft", name)
    for name in ("AdamWOptimizer", "InPlaceAccumulatorV2", "FusedMatMul", "SliceGrad")
}
"""Operators of ONNX Runtime's own that the training API's graphs have."""


def check_graphs(bundle: ModelBundle) -> None:
    """Raises BundleError where a graph is not what a bundle's graph has to be; hashes nothing."""
    for name in bundle.files:
        if name.endswith(".onnx"):
            _check_graph(bundle, name)


def check_files(bundle: ModelBundle, *names: str) -> None:
    """Raises BundleError, naming the file, where one of these is not what the manifest says, or a
    graph among them is not what a bundle's graph has to be."""
    has_weights = False
    for name in names:
        _check_hash(bundle, name)
        if name.endswith(".onnx"):
            has_weights |= _check_graph(bundle, name)
    if has_weights:
        _check_hash(bundle, WEIGHTS)


def _check_hash(bundle: ModelBundle, name: str) -> None:
    file = bundle.file(name)
    try:
        same = cache.sha256(file) == bundle.files[name].get("sha256")
    except (KeyError, OSError) as error:
        raise BundleError(f"{file} cannot be read ({error}); export it again") from error
    if not same:
        raise BundleError(f"{file} is damaged (SHA-256); export it again")


def _check_graph(bundle: ModelBundle, name: str) -> bool:
    """Whether the graph has its weights beside it. Raises BundleError where something is wrong."""
    file = bundle.file(name)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BundleError(
                f"{file} is larger than a bundle's graph, which has its weights apart"
            )
        model = contents(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read ({error}); export it again") from error
    problem = _problem(model, name) or _misfit(model, name, bundle.info)
    if problem is not None:
        raise BundleError(f"{file} {problem}; import the model from its weights")
    return bool(model.files)


def _problem(model: ModelContents, name: str) -> str | None:
    """What makes it no graph of a bundle."""
    for kind, words in REFUSED.items():
        if kind in model.kinds:
            return words
    if model.nodes > MOST_NODES:
        return f"has {model.nodes} operators, expected up to {MOST_NODES}"
    in_drag = name.startswith("drag/") and not name.startswith(STEP)
    allowed = FOR_TRAINING if in_drag or name == INVERSION_TRAINING else set()
    for domain, operator in sorted(model.operators - allowed):
        if domain not in STANDARD:
            return f"has the operator {operator} of {domain}, which is not a standard one"
    folder = PurePosixPath(name).parent.as_posix()
    expected = WEIGHTS if folder == "." else WEIGHTS.removeprefix(f"{folder}/")
    for place in sorted(model.files - {expected}):
        return f"refers to the file {place!r}; weights lie in {WEIGHTS}"
    return None


def _misfit(model: ModelContents, name: str, info: BundleInfo) -> str | None:
    """What it takes or gives that is not what the manifest says."""
    takes, gives = _known_values(name, info)
    inputs = {key: shape for key, shape in model.inputs.items() if key not in model.tensors}
    if name.startswith((MAPPING, SYNTHESIS, PARTS, INVERSION, DISTANCE, STEP)):
        for key in sorted(inputs.keys() - takes.keys()):
            return f"takes {key}, which no graph of a bundle does"
    for key in sorted(gives.keys() - model.outputs.keys() - OPTIONAL):
        return f"does not give {key}"
    for verb, declared, known in (("takes", inputs, takes), ("gives", model.outputs, gives)):
        for key in sorted(known.keys() & declared.keys()):
            if not _agree(declared[key], known[key]):
                shape, expected = _in_words(declared[key]), _in_words(known[key])
                return f"{verb} {key} of shape {shape}; bundle.json says {expected}"
    return None


def _known_values(name: str, info: BundleInfo) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """What a graph may take and has to give, by name, as the manifest has it (`bundle`,
    `export.step_graph`). None: as many as there are."""
    rows, w = info.drag.trainable_rows, info.w_dim
    if name == MAPPING:
        label = {"label": (1, info.c_dim)} if info.c_dim else {}
        return {"z": (1, info.z_dim), **label}, {"w": (1, w), "w_avg": (w,)}
    if name == SYNTHESIS:
        return {"ws": (1, info.num_ws, w)}, {"image": (1, info.picture_channels, *info.size)}
    if name == PARTS:
        return {"ws": (1, info.num_ws, w)}, {"parts": tuple(info.size)}
    if name == INVERSION:
        channels, wide = info.picture_channels, (info.num_ws, w)
        picture = {"image": (*info.size, channels)}
        return (
            {"w_plus": wide, "target": (1, channels, *info.size)},
            {"loss": (), "gradient": wide, **picture},
        )
    if name == DISTANCE:
        seen = (1, info.picture_channels, *info.size)
        return {"picture": seen, "target": seen}, {"loss": (), "gradient": seen}
    if name == TUNING:  # and the weights, which are checked where they are read
        channels = info.picture_channels
        return (
            {"w_plus": (info.num_ws, w), "target": (1, channels, *info.size)},
            {"loss": (), "image": (*info.size, channels)},
        )
    cells, channels = info.drag.feature_map.width, info.drag.feature_channels
    takes: dict[str, Shape] = {
        **{"frozen": (info.num_ws, w), "mix": (rows, rows), "latent": (rows, w)},
        **{"handles": (None, 2), "targets": (None, 2), "templates": (None, channels)},
        **{"disc": (None, 2), "window": (None,), "anchor": (1,)},
        **{"outside_first": (1,), "outside_end": (1,), "outside_weight": (None, cells)},
        "outside_reference": (channels, None, cells),
    }
    if not name.startswith(STEP):
        return takes, {}
    points: dict[str, Shape] = {"new_handles": (None, 2), "mismatch": (None,)}
    return takes, {"loss": (), **points, "gradient": (rows, w)}


def _agree(declared: Shape | None, known: Shape) -> bool:
    """Whether they can be the same; what the model leaves open is seen when it runs."""
    if declared is None:
        return True
    return len(declared) == len(known) and all(
        ours is None or length in (None, ours) for length, ours in zip(declared, known, strict=True)
    )


def _in_words(shape: Shape | None) -> str:
    return "?" if shape is None else f"({', '.join('N' if n is None else str(n) for n in shape)})"
