"""Documents as JSON: the session file, and the lines of the journal.

Arrays are base64 of little-endian float32 (masks: packed bits) with their shape. Reading executes
nothing and trusts nothing: shapes, ranges and finiteness are checked.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan import __version__
from tui_draggan.arrays import Floats
from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import SIGMA, UNITS, Direction
from tui_draggan.directions.placement import placements
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.latent import (
    Latent,
    LatentFile,
    Origin,
    Photo,
    Seed,
    check_latent,
    recommended_psi,
)
from tui_draggan.edit.mask import Mask
from tui_draggan.edit.parameters import LOSS, DragParams
from tui_draggan.edit.points import Pair, Point, check_inside
from tui_draggan.edit.sliders import Slider, Sliders
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.files import check_readable, replacing
from tui_draggan.pictures.containers import is_picture
from tui_draggan.pictures.crop import Crop
from tui_draggan.pictures.provenance import found_in, is_carrier
from tui_draggan.pictures.reading import UnreadableError
from tui_draggan.size import Size
from tui_draggan.wording import printable

FORMAT = "tui-draggan session"
VERSION = 2
"""What is written. Version 1 is read: there seed and ψ were both the latent's and the drag's."""


def save_session(path: Path, document: Document, model: str) -> None:
    """Writes the session file. Raises OutputError."""
    write_values(path, encode(document, model))


def write_values(path: Path, values: dict[str, Any]) -> None:
    """Writes a session file's JSON values; never half of them. Raises OutputError."""
    with replacing(path) as work:
        work.write_text(json.dumps(values) + "\n", encoding="utf-8")


def load_session(path: Path, info: BundleInfo) -> Document:
    """Reads a session file made with the model `info`. Raises UsageError, naming the file."""
    values = read_values(path)
    try:
        return decode(values, info)
    except UsageError as error:
        raise UsageError(f"session {path}: {error}") from None


def model_of_session(path: Path) -> str:
    """The name of the model a session file was made with. Raises UsageError."""
    model = model_of(read_values(path))
    if model is None:
        raise UsageError(f"session {path}: not a session file")
    return model


def is_session(path: Path) -> bool:
    """Whether the file says that it is one, or may carry one."""
    try:
        with path.open("rb") as stream:
            head = stream.read(len(FORMAT) + 64)
    except OSError:
        return False
    return FORMAT.encode() in head or is_picture(head)


def model_of(values: Any) -> str | None:
    """The model's name in what `encode` gave; None where that is something else."""
    model = values.get("model") if isinstance(values, dict) else None
    return model if isinstance(model, str) else None


def subject_of(values: Any) -> str:
    """What the picture in what `encode` gave comes from: «seed 6», or the name of a file; empty
    where that is something else. Fit for a terminal."""
    latent = values.get("latent") if isinstance(values, dict) else None
    origin = latent.get("origin", latent) if isinstance(latent, dict) else None
    if not isinstance(origin, dict):
        return ""
    file = origin.get("photo", origin.get("latent"))
    if isinstance(file, str):
        return printable(file)
    return f"seed {origin['seed']}" if isinstance(origin.get("seed"), int) else ""


def read_values(path: Path) -> Any:
    """The JSON values of a session file. Raises UsageError."""
    check_readable(path, "a session file")
    try:
        return json.loads(_text_of(path))
    except RecursionError:
        raise UsageError(f"session {path}: not a session file; it is nested too deeply") from None
    except UnicodeDecodeError:
        raise UsageError(f"session {path}: not a session file; it is not text") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"session {path} cannot be read ({error})") from error


def _text_of(path: Path) -> str:
    """Of a session file, or of the session in a picture. Raises UsageError, OSError, ValueError."""
    if not is_carrier(path):
        return path.read_text(encoding="utf-8")
    try:
        found = found_in(path)
    except UnreadableError as error:
        raise UsageError(f"session {path} cannot be read: {error}") from None
    if found.session is None:
        why = found.problem or "a picture without an edit in it"
        raise UsageError(f"session {path}: {why}")
    return found.session


def encode(document: Document, model: str) -> dict[str, Any]:
    """A document as JSON values."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "program": f"tui-draggan {__version__}",
        "model": model,
        "latent": encode_latent(document.latent),
        "pairs": [
            {
                "id": pair.id,
                "handle": pair.handle,
                "target": pair.target,
                "template": None if pair.template is None else encode_array(pair.template),
                "contrast": pair.contrast,
                "pin": pair.pin,
            }
            for pair in document.pairs
        ],
        "mask": None if document.mask is None else _encode_mask(document.mask),
        "held": None if document.held is None else encode_array(document.held),
        "parameters": asdict(document.parameters),
        "sliders": _encode_sliders(document.sliders),
    }


def decode(values: Any, info: BundleInfo) -> Document:
    """The inverse of `encode`. Raises UsageError where it is not a session of this model."""
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UsageError("not a session file")
    version = values.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UsageError(f"version {version} is newer than this program; it reads up to {VERSION}")
    if version not in (1, VERSION):
        raise UsageError(f"version {version}; expected 1 or {VERSION}")
    if values.get("model") != info.name:
        raise UsageError(f"made with model {values.get('model')}, but {info.name} is open")
    try:
        if version == 1:
            values = _renewed(values, info)
        mask, held = values["mask"], values.get("held")
        parameters = dict(values["parameters"])
        if mask is not None:
            parameters.setdefault("mask_mode", LOSS)  # the only one that earlier programs had
        return Document(
            decode_latent(values["latent"], info),
            tuple(_decode_pair(pair, info) for pair in values["pairs"]),
            None if mask is None else _decode_mask(mask, info.size),
            DragParams().with_values(**parameters),
            _decode_sliders(values["sliders"], info) if "sliders" in values else Sliders(),
            held=None if held is None else _decode_ws(held, info),
        )
    except DragganError:
        raise
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(f"incomplete or damaged ({error})") from error


def _renewed(values: dict[str, Any], info: BundleInfo) -> dict[str, Any]:
    """What version 1 holds, as version 2 has it."""
    parameters, latent = dict(values["params"]), dict(values["latent"])
    last_seed, last_psi = parameters.pop("seed", 0), parameters.pop("psi", recommended_psi(info))
    seed, psi = latent.pop("seed"), latent.pop("psi")
    latent["origin"] = {
        "seed": last_seed if seed is None else seed,
        "psi": last_psi if psi is None else psi,
        "class": latent.pop("label"),
    }
    return {**values, "latent": latent, "parameters": parameters}


def encode_step(frame: Frame) -> dict[str, Any]:
    """A step as JSON values, on top of the document before it."""
    return {
        "step": frame.iteration,
        "ws": encode_array(frame.ws),
        "handles": {str(pair_id): handle for pair_id, handle in frame.handles.items()},
        "loss": frame.loss,
        "motion_loss": frame.motion_loss,
        "mask_loss": frame.mask_loss,
        "distance": frame.distance,
        "ms": round(frame.milliseconds, 3),
        "unpulled": sorted(frame.unpulled),
        "match": {str(number): round(share, 4) for number, share in frame.match.items()},
    }


def decode_frame(values: Any, info: BundleInfo) -> Frame:
    """The step without its picture; what earlier versions did not write is 0. Raises UsageError."""
    try:
        return Frame(
            int(values["step"]),
            _decode_ws(values["ws"], info),
            {int(number): _decode_point(point) for number, point in values["handles"].items()},
            None,
            float(values["loss"]),
            float(values.get("motion_loss", 0.0)),
            float(values.get("mask_loss", 0.0)),
            float(values.get("distance", 0.0)),
            float(values.get("ms", 0.0)),
            frozenset(map(int, values.get("unpulled", ()))),
            match={int(number): float(share) for number, share in values.get("match", {}).items()},
        )
    except DragganError:
        raise
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(f"incomplete or damaged ({error})") from error


def is_step(values: Any) -> bool:
    """Whether that is what `encode_step` gave, and not a whole document."""
    return isinstance(values, dict) and "step" in values


def decode_step(values: Any, document: Document, info: BundleInfo) -> Document:
    """The document as a step left it; the inverse of `encode_step`. Raises UsageError."""
    try:
        ws = _decode_ws(values["ws"], info)
        if not np.array_equal(ws, document.latent.ws):  # a tuning leaves it as it is
            document = document.with_ws(ws, edited=values["step"] > 0)
        for pair in document.pairs:
            if str(pair.id) in values["handles"]:
                point = _decode_point(values["handles"][str(pair.id)])
                handle = check_inside(point, info.size, "handle")
                document = document.with_pair(replace(pair, handle=handle))
        return document
    except DragganError:
        raise
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(f"incomplete or damaged ({error})") from error


def encode_array(array: Floats) -> dict[str, Any]:
    """Numbers as JSON values."""
    data = np.ascontiguousarray(array, dtype="<f4")
    return {"shape": data.shape, "float32": base64.b64encode(data.tobytes()).decode("ascii")}


def _decode_array(values: dict[str, Any]) -> Floats:
    """Raises ValueError where shape and data do not agree."""
    data = np.frombuffer(base64.b64decode(values["float32"], validate=True), dtype="<f4")
    return data.reshape([int(side) for side in values["shape"]]).astype(np.float32)


def _decode_ws(values: dict[str, Any], info: BundleInfo) -> Floats:
    """Raises UsageError where it is no w+ of this model."""
    return check_latent(_decode_array(values), info.num_ws, info.w_dim)


def encode_latent(latent: Latent) -> dict[str, Any]:
    """A latent as JSON values."""
    return {
        "ws": encode_array(latent.ws),
        "origin": encode_origin(latent.origin),
        "edited": latent.edited,
    }


def decode_latent(values: dict[str, Any], info: BundleInfo) -> Latent:
    """The inverse of `encode_latent`. Raises UsageError for one of another model; KeyError,
    TypeError or ValueError for other values."""
    ws = _decode_ws(values["ws"], info)
    return Latent(ws, decode_origin(values["origin"], info), bool(values["edited"]))


def encode_origin(origin: Origin) -> dict[str, Any]:
    """Where a latent comes from, as JSON values."""
    if isinstance(origin, Photo):
        crop = None if origin.crop is None else astuple(origin.crop)
        known = {"photo": origin.file, "sha256": origin.sha256, "crop": crop}
        return known if origin.label is None else {**known, "class": origin.label}
    if isinstance(origin, LatentFile):
        return {"latent": origin.file, "sha256": origin.sha256}
    return {"seed": origin.seed, "psi": origin.psi, "class": origin.label}


def decode_origin(values: dict[str, Any], info: BundleInfo) -> Origin:
    """The inverse of `encode_origin`; raises as `decode_latent`."""
    if "photo" in values:
        crop = values.get("crop")
        box = None if crop is None else Crop(*(int(number) for number in crop))
        label = _decode_class(values.get("class"), info)
        return Photo(_printed(values["photo"]), values["sha256"], box, label)
    if "latent" in values:
        return LatentFile(_printed(values["latent"]), values["sha256"])
    label = _decode_class(values["class"], info)
    return Seed(int(values["seed"]), float(values["psi"]), label)


def _decode_class(label: Any, info: BundleInfo) -> int | None:
    if label is None:
        return None
    if int(label) not in range(info.c_dim):
        raise UsageError(f"class {label} is not in {info.name}, which has {info.c_dim} classes")
    return int(label)


def _printed(value: Any) -> Any:
    """A text fit for a terminal; what is none is left to whoever checks it."""
    return printable(value) if isinstance(value, str) else value


def _decode_pair(values: dict[str, Any], info: BundleInfo) -> Pair:
    template = None if values["template"] is None else _decode_array(values["template"])
    channels = (info.drag.feature_channels,)
    if template is not None and (template.shape != channels or not np.isfinite(template).all()):
        raise UsageError(f"a template has shape {template.shape}; this model has {channels}")
    handle = check_inside(_decode_point(values["handle"]), info.size, "handle")
    target = check_inside(_decode_point(values["target"]), info.size, "target")
    contrast = values.get("contrast")
    return Pair(
        int(values["id"]),
        handle,
        target,
        template,
        None if contrast is None else float(contrast),
        bool(values.get("pin", False)),
    )


def _decode_point(values: Any) -> Point:
    x, y = values
    return int(x), int(y)


def _encode_mask(mask: Mask) -> str:
    return base64.b64encode(np.packbits(mask).tobytes()).decode("ascii")


def _decode_mask(text: str, size: Size) -> Mask:
    bits = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    if bits.size != (size.area + 7) // 8:
        raise UsageError(f"the mask is not {size.across}")
    return np.unpackbits(bits, count=size.area).reshape(size).astype(bool)


def _encode_sliders(sliders: Sliders) -> dict[str, Any]:
    """With their directions, so that a session needs no other file."""
    return {
        "off": sliders.off,
        "settings": [
            {
                "name": one.name,
                "value": one.value,
                "rows": one.rows,
                "unit": one.direction.unit.name,
                "vector": encode_array(one.direction.vector),
                "mean": one.direction.mean,
                "share": one.direction.share,
                "normal": None
                if one.direction.normal is None
                else encode_array(one.direction.normal),
            }
            for one in sliders.settings
        ],
    }


def _decode_sliders(values: dict[str, Any], info: BundleInfo) -> Sliders:
    sliders = Sliders()
    placing = {one.name: one for one in placements(info)}
    for entry in values["settings"]:
        share, normal = entry["share"], entry.get("normal")
        direction = Direction(
            printable(str(entry["name"])),
            _decode_array(entry["vector"]),
            float(entry["mean"]),
            None if share is None else float(share),
            unit=UNITS.get(entry.get("unit", SIGMA.name), SIGMA),
            normal=None if normal is None else _decode_array(normal),
        )
        if entry.get("unit", SIGMA.name) not in UNITS:
            if direction.name not in placing:
                raise UsageError(f"the slider {direction.name} is of another model")
            direction = placing[direction.name]
        first, last = entry["rows"]
        slider = Slider(direction, float(entry["value"]), (int(first), int(last)))
        sliders = sliders.having(slider)
    sliders.check(info)
    return sliders.switched() if values["off"] else sliders
