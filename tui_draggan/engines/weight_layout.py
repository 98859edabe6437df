"""The order in which ONNX Runtime keeps weights on this CPU.

It depends on the width of the vectors that the CPU says it has, which its name does not tell: one
name stands for many virtual CPUs. So the runtime itself is asked, by a graph small enough.
"""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tui_draggan.engines import runtime
from tui_draggan.errors import EngineError
from tui_draggan.files import sha256

PROBE = b64decode(
    "CAg6yQEKEwoBYQoBYgoBZBIBciIFUmFuZ2UKEgoBcgoBcxIBdyIHUmVzaGFwZQoPCgF4CgF3EgF5IgRDb252EgFnKgsQ"
    "AUIBYUoEAAAAACoLEAFCAWJKBAAAgEQqCxABQgFkSgQAAIA/KikIBBAHQgFzSiAgAAAAAAAAACAAAAAAAAAAAQAAAAAA"
    "AAABAAAAAAAAAFobCgF4EhYKFAgBEhAKAggBCgIIIAoCCAQKAggEYhsKAXkSFgoUCAESEAoCCAEKAgggCgIIBAoCCARC"
    "BAoAEBE="
)
"""An ONNX model: x (1, 32, 4, 4) → y, a 1×1 convolution by the numbers from 0 to 1023."""


@cache
def weight_layout() -> str | None:
    """A hash of the probe as this build of ONNX Runtime optimises it here; None where that cannot
    be found out."""
    try:
        with TemporaryDirectory() as folder:
            probe, optimised = Path(folder, "probe.onnx"), Path(folder, "optimised.onnx")
            probe.write_bytes(PROBE)
            runtime.write_optimised(probe, optimised, "weights", len(PROBE) * 1024)
            return sha256(optimised)
    except (OSError, EngineError):
        return None
