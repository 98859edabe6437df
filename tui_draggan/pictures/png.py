"""Writing a picture as PNG with its provenance in tEXt/iTXt chunks (PNG specification, 11.3.3)."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, PngImagePlugin

from tui_draggan.arrays import Bytes
from tui_draggan.errors import UsageError
from tui_draggan.files import check_writable, replacing
from tui_draggan.pictures.provenance import Provenance


def check_png(path: Path) -> None:
    """Raises UsageError or OutputError where a PNG could not be written to `path`."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: unsupported file type; pictures are written as .png")
    check_writable(path)


def write_png(
    path: Path, image: Bytes, provenance: Provenance, profile: bytes | None = None
) -> None:
    """Writes image (H, W, 3), or 4 channels with alpha. profile: ICC profile of its colours; None:
    they are sRGB.

    Raises UsageError or OutputError; never leaves half a file.
    """
    check_png(path)
    with replacing(path) as work:
        work.write_bytes(encoded(image, provenance, profile))


def encoded(image: Bytes, provenance: Provenance, profile: bytes | None = None) -> bytes:
    """The same as the bytes of a file."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in provenance.text().items():
        info.add_itxt(keyword, text)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG", pnginfo=info, icc_profile=profile)
    return provenance.stamped(stream.getvalue())
