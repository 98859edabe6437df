"""Documents as JSON: the session file, and the lines of the journal.

Arrays are base64 of little-endian float32 (masks: packed bits) with their shape. Reading executes
nothing and trusts nothing: shapes, ranges and finiteness are checked.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan import __version__
from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, check_latent
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.points import Pair, Point, check_inside
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.files import replacing

FORMAT = "tui-draggan session"
VERSION = 1


def save_session(path: Path, document: Document, params: DragParams, model: str) -> None:
    """Writes the session file. Raises OutputError."""
    with replacing(path) as work:
        work.write_text(json.dumps(encode(document, params, model)) + "\n", encoding="utf-8")


def load_session(path: Path, info: BundleInfo) -> tuple[Document, DragParams]:
    """Reads a session file made with the model `info`. Raises UsageError, naming the file."""
    values = _read(path)
    try:
        return decode(values, info)
    except UsageError as error:
        raise UsageError(f"session {path}: {error}") from None


def model_of_session(path: Path) -> str:
    """The name of the model a session file was made with. Raises UsageError."""
    model = model_of(_read(path))
    if model is None:
        raise UsageError(f"session {path}: not a session file")
    return model


def model_of(values: Any) -> str | None:
    """The model's name in what `encode` gave; None where that is something else."""
    model = values.get("model") if isinstance(values, dict) else None
    return model if isinstance(model, str) else None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"session {path} does not exist") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"session {path} cannot be read ({error})") from error


def encode(document: Document, params: DragParams, model: str) -> dict[str, Any]:
    """A document and its parameters as JSON values."""
    latent = document.latent
    return {
        "format": FORMAT,
        "version": VERSION,
        "program": f"tui-draggan {__version__}",
        "model": model,
        "latent": {
            "ws": encode_array(latent.ws),
            "seed": latent.seed,
            "psi": latent.psi,
            "label": latent.label,
            "edited": latent.edited,
        },
        "pairs": [
            {
                "id": pair.id,
                "handle": pair.handle,
                "target": pair.target,
                "template": None if pair.template is None else encode_array(pair.template),
            }
            for pair in document.pairs
        ],
        "mask": None if document.mask is None else _encode_mask(document.mask),
        "params": asdict(params),
    }


def decode(values: Any, info: BundleInfo) -> tuple[Document, DragParams]:
    """The inverse of `encode`. Raises UsageError where it is not a session of this model."""
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UsageError("not a session file")
    if values.get("version") != VERSION:
        raise UsageError(f"version {values.get('version')}; this program reads {VERSION}")
    if values.get("model") != info.name:
        raise UsageError(f"made with model {values.get('model')}, but {info.name} is open")
    try:
        latent = _decode_latent(values["latent"], info)
        pairs = tuple(_decode_pair(pair, info) for pair in values["pairs"])
        mask = None if values["mask"] is None else _decode_mask(values["mask"], info.resolution)
        params = DragParams().with_values(**values["params"])
        return Document(latent, pairs, mask), params
    except DragganError:
        raise
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(f"incomplete or damaged ({error})") from error


def encode_array(array: Floats) -> dict[str, Any]:
    data = np.ascontiguousarray(array, dtype="<f4")
    return {"shape": data.shape, "float32": base64.b64encode(data.tobytes()).decode("ascii")}


def decode_array(values: dict[str, Any]) -> Floats:
    """Raises ValueError where shape and data do not agree."""
    data = np.frombuffer(base64.b64decode(values["float32"], validate=True), dtype="<f4")
    return data.reshape([int(side) for side in values["shape"]]).astype(np.float32)


def _decode_latent(values: dict[str, Any], info: BundleInfo) -> Latent:
    ws = check_latent(decode_array(values["ws"]), info.num_ws, info.w_dim)
    seed, psi, label = values["seed"], values["psi"], values["label"]
    if label is not None and int(label) not in range(info.c_dim):
        raise UsageError(f"class {label} is not in {info.name}, which has {info.c_dim} classes")
    return Latent(
        ws,
        None if seed is None else int(seed),
        None if psi is None else float(psi),
        None if label is None else int(label),
        bool(values["edited"]),
    )


def _decode_pair(values: dict[str, Any], info: BundleInfo) -> Pair:
    template = None if values["template"] is None else decode_array(values["template"])
    channels = (info.drag.feature_channels,)
    if template is not None and (template.shape != channels or not np.isfinite(template).all()):
        raise UsageError(f"a template has shape {template.shape}; this model has {channels}")
    handle = check_inside(_decode_point(values["handle"]), info.resolution, "handle")
    target = check_inside(_decode_point(values["target"]), info.resolution, "target")
    return Pair(int(values["id"]), handle, target, template)


def _decode_point(values: Any) -> Point:
    x, y = values
    return int(x), int(y)


def _encode_mask(mask: Mask) -> str:
    return base64.b64encode(np.packbits(mask).tobytes()).decode("ascii")


def _decode_mask(text: str, resolution: int) -> Mask:
    bits = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    if bits.size != (resolution**2 + 7) // 8:
        raise UsageError(f"the mask is not {resolution}×{resolution}")
    return np.unpackbits(bits, count=resolution**2).reshape(resolution, resolution).astype(bool)
