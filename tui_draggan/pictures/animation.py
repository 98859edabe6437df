"""Writing the steps of a drag as .gif, .webp or .mp4."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.files import check_writable, replacing
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.pictures.provenance import AI_GENERATED, Provenance

SUFFIXES = (".gif", ".webp", ".mp4")
MIN_SIDE = 256
"""Shorter side, in pixels, to which smaller pictures are enlarged at least, by a whole factor."""
HOLD_SECONDS = 1.0
"""Time for which the first and the last picture stand."""


def check_animation(path: Path) -> None:
    """Raises UsageError or OutputError where an animation could not be written to `path`."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path}: unsupported file type; animations are {', '.join(SUFFIXES)}")
    if suffix == ".mp4" and find_spec("av") is None:
        raise UsageError(f"{path} needs PyAV; install tui-draggan[video], or choose .gif or .webp")
    check_writable(path)


def write_animation(
    path: Path, frames: Sequence[Bytes], provenance: Provenance, fps: int = 15
) -> None:
    """Writes frames, each (H, W, 3) or (H, W, 4), of one size. Raises UsageError or OutputError.

    Alpha is kept in WebP; in formats that have none, or one bit of it, there is a checker below.
    """
    check_animation(path)
    if path.suffix.lower() != ".webp":
        frames = [over_checker(frame) for frame in frames]
    pictures = [_enlarged(Image.fromarray(frame)) for frame in frames]
    with replacing(path) as work:
        if path.suffix.lower() == ".mp4":
            _write_mp4(work, pictures, provenance, fps)
        else:
            _write_with_pillow(work, pictures, provenance, fps)
        work.write_bytes(provenance.stamped(work.read_bytes()))


def _enlarged(picture: Image.Image) -> Image.Image:
    factor = -(-MIN_SIDE // min(picture.size))
    if factor <= 1:
        return picture
    size = picture.width * factor, picture.height * factor
    return picture.resize(size, Image.Resampling.BICUBIC)


def _write_with_pillow(
    path: Path, pictures: Sequence[Image.Image], provenance: Provenance, fps: int
) -> None:
    step, hold = round(1000 / fps), round(1000 * HOLD_SECONDS)
    durations = [hold if i in (0, len(pictures) - 1) else step for i in range(len(pictures))]
    first, *rest = pictures
    options: dict[str, Any] = {"duration": durations, "loop": 0}
    if path.suffix.lower() == ".gif":
        options["comment"] = provenance.comment().encode("utf-8")
    else:
        exif = Image.Exif()
        exif[0x010E] = provenance.comment()  # ImageDescription
        # Of a single picture too the file gets the header that says there is XMP.
        options |= {"quality": 90, "exif": exif.tobytes(), "xmp": b"-"}
    first.save(path, save_all=True, append_images=rest, **options)


def _write_mp4(
    path: Path, pictures: Sequence[Image.Image], provenance: Provenance, fps: int
) -> None:
    import av

    hold = round(fps * HOLD_SECONDS)
    sequence = [*[pictures[0]] * hold, *pictures, *[pictures[-1]] * hold]
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["comment"] = provenance.comment()
        container.metadata["description"] = AI_GENERATED
        stream = container.add_stream("h264", rate=fps)
        stream.width, stream.height = sequence[0].size
        stream.pix_fmt = "yuv420p"
        for picture in sequence:
            for packet in stream.encode(av.VideoFrame.from_image(picture)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
