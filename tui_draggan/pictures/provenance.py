"""Where a picture comes from, as it is written into the picture's file, and read again.

Every file has an XMP packet: that it is AI-generated in IPTC's words, how it was made, as JSON, the
edit itself as a session, and a hash of the file without what is said about it. A PNG has the first
two in its text chunks too, where other programs of the field look for them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tui_draggan import __version__
from tui_draggan.pictures import xmp
from tui_draggan.pictures.containers import (
    HEAD,
    DamagedError,
    content,
    is_picture,
    packet_in,
    with_packet,
)
from tui_draggan.pictures.reading import UnreadableError, opened

AI_GENERATED = "AI-generated"
PROGRAM = f"tui-draggan {__version__}"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
"""IPTC's words for what a model has made, and for a photograph that is edited with it."""
SOURCE_TYPE, TOOL = "Iptc4xmpExt:DigitalSourceType", "xmp:CreatorTool"
RECORD, SESSION, CONTENT = "tuidraggan:record", "tuidraggan:session", "tuidraggan:content"
MARKERS, WATERMARK = "markers", "watermark"
"""What may be drawn over a picture."""
LARGEST = 512 << 20
"""Bytes of a file that is looked into."""


@dataclass(frozen=True)
class Provenance:
    """What a picture was made by and from: model, latent, points."""

    model: str
    seed: int | None
    psi: float | None
    label: int | None
    edited: bool
    points: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    """Handle, where it is now, and target of every pair, in pixels (x, y)."""
    class_name: str | None = None
    photo: str | None = None
    """Name of the photograph's file; then there is neither seed nor ψ."""
    photo_sha256: str | None = None
    latent: str | None = None
    """Name of the file that the latent came from; then there is neither seed nor ψ."""
    latent_sha256: str | None = None
    weights: str = ""
    """SHA-256 of the model's weights; empty where they are in no bundle."""
    sliders: dict[str, float] = field(default_factory=dict)
    """Name and value of each that is moved."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Of the drag, by name."""
    composite: bool = False
    """Whether it is a photograph, of which the model has made a part."""
    drawn: tuple[str, ...] = ()
    """What is drawn over the picture: `MARKERS`, `WATERMARK`."""
    session: str | None = None
    """The edit as a session file has it."""

    def text(self) -> dict[str, str]:
        """Keyword → text, the keywords as registered for PNG where there is one."""
        what = "" if self.class_name is None else f", class {self.class_name}"
        if self.photo is not None:
            what = f", from the photograph {self.photo}"
        if self.latent is not None:
            what = f", from the latent {self.latent}"
        return {
            "Software": PROGRAM,
            "Source": f"{AI_GENERATED} by the model {self.model}{what}",
            "tui-draggan": self.record,
        }

    @property
    def record(self) -> str:
        """All but the session, as JSON."""
        known = {name: value for name, value in asdict(self).items() if name != "session"}
        return json.dumps({"program": PROGRAM, AI_GENERATED: True, **known})

    def comment(self) -> str:
        """All of it in one line, for formats with a single comment."""
        return "; ".join(self.text().values())

    def stamped(self, data: bytes) -> bytes:
        """A PNG, WebP, GIF or MP4 file with its XMP packet."""
        source = SOURCE_TYPES + (COMPOSITE if self.composite else GENERATED)
        said = {TOOL: PROGRAM, SOURCE_TYPE: source, RECORD: self.record, CONTENT: content(data)}
        if self.session is not None:
            said[SESSION] = self.session
        return with_packet(data, xmp.packet(said))


@dataclass(frozen=True)
class Found:
    """What a file says of itself."""

    source_type: str | None = None
    """IPTC's word; None where it says none."""
    tool: str | None = None
    record: dict[str, Any] = field(default_factory=dict)
    """What `Provenance.record` says; empty where that is missing, or damaged."""
    session: str | None = None
    intact: bool | None = None
    """Whether the picture is as it was written; None where nobody says how it was."""
    problem: str = ""
    """What is damaged."""


def is_carrier(path: Path) -> bool:
    """Whether the file may carry what is said here, by its first bytes."""
    try:
        with opened(path) as stream:
            return is_picture(stream.read(HEAD))
    except UnreadableError:
        return False


def found_in(path: Path) -> Found:
    """What a file says. Nothing of it is believed: texts may be anything. Raises UnreadableError
    where it is no file of a known format, or cannot be read."""
    with opened(path) as stream:
        if not is_picture(stream.read(HEAD)):
            raise UnreadableError("not a PNG, WebP, GIF or MP4")
        stream.seek(0)
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnreadableError(f"larger than {LARGEST >> 20} MB")
    try:
        packet = packet_in(data)
        said = {} if packet is None else xmp.properties(packet)
        expected = said.get(CONTENT)
        intact = None if expected is None else content(data) == expected
    except (DamagedError, xmp.PacketError) as error:
        return Found(problem=str(error))
    record, problem = _record(said.get(RECORD))
    return Found(said.get(SOURCE_TYPE), said.get(TOOL), record, said.get(SESSION), intact, problem)


def _record(text: str | None) -> tuple[dict[str, Any], str]:
    """The record, and what is wrong with it."""
    if text is None:
        return {}, ""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    return (record, "") if isinstance(record, dict) else ({}, "its record is damaged")
