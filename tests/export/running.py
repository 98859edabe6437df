"""Small ONNX models, run."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import ArrayLike

from tui_draggan.engines.runtime import load_runtime


def run(model: onnx.ModelProto, **feeds: ArrayLike) -> list[np.ndarray]:
    """All outputs; feeds become float32."""
    session = load_runtime().InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    arrays = {name: np.array(value, np.float32) for name, value in feeds.items()}
    outputs: list[np.ndarray] = session.run(None, arrays)
    return outputs
