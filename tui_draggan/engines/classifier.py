"""A person's own network that looks at pictures: an ONNX file that gives each some numbers.

It takes pictures (N, 3, H, W) or (N, H, W, 3), float32; sides that it leaves open are the model's.
It gives (N, K), or (N,), as its first output. Names of the K numbers may stand in its metadata, as
`outputs`, with commas between them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.engines import runtime
from tui_draggan.engines.onnx_messages import contents
from tui_draggan.errors import EngineError, UsageError
from tui_draggan.files import check_readable
from tui_draggan.pictures.alpha import over_black
from tui_draggan.wording import printable, quoted

FILE = "a classifier (.onnx)"
MOST_BYTES = 2 << 30
NAMES = "outputs"
"""Entry of the metadata that names what it gives."""
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
PIXELS: dict[str, Callable[[Floats], Floats]] = {
    "-1..1": lambda picture: picture * np.float32(2) - np.float32(1),
    "0..1": lambda picture: picture,
    "0..255": lambda picture: picture * np.float32(255),
    "imagenet": lambda picture: (picture - IMAGENET_MEAN) / IMAGENET_DEVIATION,
}
"""What classifiers are trained on, from pictures (H, W, 3) in [0, 1]."""


class Classifier:
    """Opening one raises UsageError or EngineError, naming the file."""

    def __init__(self, path: Path, pixels: str, device: str = "cpu") -> None:
        """pixels: one of `PIXELS`."""
        check_readable(path, FILE)
        self._path, self._prepare = path, PIXELS[pixels]
        try:
            if path.stat().st_size > MOST_BYTES:
                raise UsageError(f"{path} is larger than {MOST_BYTES >> 30} GB; it is not read")
            model = contents(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} is not {FILE} ({error})") from None
        if model.files:  # a runtime reads whatever file a graph names
            raise UsageError(f"{path} has its weights in other files; save it with them in it")
        self._session = runtime.open_session(path, device)
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or 3 not in (shape[1], shape[3]) or inputs[0].type != "tensor(float)":
            raise UsageError(
                f"{path} takes no pictures; expected one input, (N, 3, H, W) or (N, H, W, 3)"
            )
        self._channels_last = shape[1] != 3
        sides = shape[1:3] if self._channels_last else shape[2:]
        self._sides = tuple(side if isinstance(side, int) else None for side in sides)
        given = self._session.get_modelmeta().custom_metadata_map.get(NAMES, "")
        self.names = tuple(printable(name.strip()) for name in given.split(",") if name.strip())
        """What the numbers it gives are called; () where it does not say."""

    def scores(self, picture: Bytes) -> Floats:
        """A picture (H, W, 3 or 4) → (K,). Raises UsageError and EngineError."""
        opaque = Image.fromarray(over_black(picture))
        height, width = (
            own or side for own, side in zip(self._sides, opaque.size[::-1], strict=True)
        )
        if opaque.size != (width, height):
            opaque = opaque.resize((width, height), Image.Resampling.BILINEAR)
        seen = self._prepare(np.asarray(opaque, np.float32) / np.float32(255))
        fed = seen if self._channels_last else seen.transpose(2, 0, 1)
        name = self._session.get_inputs()[0].name
        with runtime.failing_as(str(self._path)):
            found = self._session.run(None, {name: np.ascontiguousarray(fed[None])})[0]
        scores: Floats = np.asarray(found, np.float32).reshape(-1)
        if np.ndim(found) not in (1, 2) or not len(scores):
            raise UsageError(f"{self._path} gives {np.shape(found)}; expected (N, K)")
        if not np.isfinite(scores).all():
            raise EngineError(f"{self._path} gives numbers that are not finite")
        return scores

    def column(self, name: str, count: int) -> int:
        """Which of `count` numbers is meant by a name, or by a number from 0. Raises UsageError."""
        if name in self.names[:count]:
            return self.names.index(name)
        if name.isascii() and name.isdecimal() and len(name) < 7 and int(name) < count:
            return int(name)
        if count == 1 and not self.names:
            return 0
        named = f": {', '.join(self.names[:12])}" if self.names else ""
        raise UsageError(
            f"{self._path} gives {count} numbers{named}; none is {quoted(name)}: write "
            f"NAME=NUMBER, 0 to {count - 1}"
        )
