"""What optimised graphs have in common, in one file of weights.

The graph of the picture and that of a step bring most of their weights into one and the same
order. In one file, which all of them map, those lie on disk and in memory once. The graphs stay in
folders of their own, as ONNX Runtime wants weights beside a graph: each has a hard link.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def share_weights(graphs: Sequence[Path], weights: str) -> None:
    """Gives graphs whose external weights lie in a file of that name beside each one file for all.

    Leaves them as they are where the package onnx is missing. Raises OSError where the file system
    has no hard links; the graphs may be spoilt then.
    """
    try:
        import onnx
    except ImportError:
        return
    joint = graphs[0].parent / f"{weights}-joint"
    places: dict[bytes, int] = {}
    models = [onnx.load(graph, load_external_data=False) for graph in graphs]
    with joint.open("wb") as out:
        for graph, model in zip(graphs, models, strict=True):
            own = graph.with_name(weights)
            # What is empty, because every tensor is small and lies in the graph, cannot be mapped.
            stored = np.memmap(own, np.uint8, "r").data if own.stat().st_size else b""
            for tensor in model.graph.initializer:
                if tensor.data_location != onnx.TensorProto.EXTERNAL:
                    continue
                entries = {entry.key: entry for entry in tensor.external_data}
                first = int(entries["offset"].value)
                values = stored[first : first + int(entries["length"].value)]
                digest = hashlib.sha256(values).digest()
                if digest not in places:
                    out.seek(-(-out.tell() // 64) * 64)  # where vector instructions like it
                    places[digest] = out.tell()
                    out.write(values)
                entries["offset"].value = str(places[digest])
    for graph, model in zip(graphs, models, strict=True):
        graph.with_name(weights).unlink()
        os.link(joint, graph.with_name(weights))
        onnx.save(model, graph)
    joint.unlink()
