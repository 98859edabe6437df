"""Photographs: read as they are shown, cut to what a model sees, and the edited part put back.

Pixels and colour profile stay as they are in the file (Display P3, say), so that whatever is not
edited comes out to the bit; only the part that a model sees is brought to its colours, sRGB.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.errors import UsageError
from tui_draggan.pictures.crop import LEAST, Crop
from tui_draggan.pictures.reading import (
    UnreadableError,
    decode,
    has_more_frames,
    opened,
    quiet_decoders,
    read_picture,
    suffix_of,
    to_rgb,
)
from tui_draggan.size import Size
from tui_draggan.wording import printable

FEATHER = 1 / 12
"""Width of the seam in which photograph and edit are blended, as a share of the box's side."""
BAND = 256
"""Rows that are blended at once."""
SRGB = ImageCms.createProfile("sRGB")
SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}
"""The colour space that a profile has to be of, by Pillow's mode."""


@dataclass(frozen=True, eq=False)
class FullPhotograph:
    """A photograph as it is shown, upright and at its full resolution."""

    file: str
    """Name of its file, without folders, fit for a line of text."""
    sha256: str
    """Hash of the file's bytes, in hexadecimal digits."""
    pixels: Bytes
    """(h, w, 3), or 4 channels where it is transparent somewhere, in the colours of `profile`."""
    profile: bytes | None = None
    """ICC profile of the pixels; None: they are sRGB."""
    notes: tuple[str, ...] = ()
    """What was made of the file, for the person: «animated; the first frame is taken»."""

    @property
    def size(self) -> Size:
        return Size(*self.pixels.shape[:2])

    def cut(self, crop: Crop, size: Size) -> Bytes:
        """The box as a model sees it, (H, W, 3): of that size, in sRGB, over white."""
        box = _as_rgb(Image.fromarray(self.pixels[_slices(crop)]))
        # What is much larger is averaged first, by whole pixels: as good, and many times as fast.
        target = (size.width, size.height)
        scaled = box.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.asarray(scaled if self.profile is None else _converted(scaled, self.profile))

    def with_square(self, crop: Crop, edited: Bytes) -> Bytes:
        """The photograph with a model's picture (H, W, 3), or 4 channels with alpha, in the box.

        It is blended in along those sides of the box that are not the photograph's own. Outside,
        and at the very border, every pixel is the photograph's to the bit. What is transparent in
        the photograph stays so.
        """
        crop.check(self.size)
        picture = Image.fromarray(edited[..., :3])
        if self.profile is not None:
            picture = _converted(picture, self.profile, back=True)
        if edited.shape[2] == 4:
            picture.putalpha(Image.fromarray(edited[..., 3]))
        large = np.asarray(picture.resize((crop.width, crop.height), Image.Resampling.LANCZOS))
        down, across = _seam(crop, self.size)
        full = self.pixels.copy()
        box = full[_slices(crop)]  # a view
        for start in range(0, crop.height, BAND):  # all of it in floats would take gigabytes
            rows = slice(start, start + BAND)
            _blend(box[rows], large[rows], down[rows, None] * across)
        return full


def read_photograph(path: Path) -> FullPhotograph:
    """A photograph out of a file of any admitted format, mode, depth and size.

    It is turned as its EXIF says; of an animation or several pages the first picture is taken.
    Raises UsageError, naming the file.
    """
    try:
        with quiet_decoders():
            with opened(path) as stream:
                data = stream.read()
            picture = decode(BytesIO(data), may_be_tga=suffix_of(path) == ".tga")
            more = has_more_frames(BytesIO(data))
            pixels, profile, notes = _in_rgb(picture)
    except UnreadableError as error:
        raise _unreadable(path, error) from None
    size = Size(*pixels.shape[:2])
    if size.shorter < LEAST:
        raise UsageError(
            f"photograph {path} is {size.across} px; expected {LEAST} px a side or more"
        )
    if more:
        notes = ("it holds several pictures; the first is taken", *notes)
    digest = hashlib.sha256(data).hexdigest()
    return FullPhotograph(printable(path.name), digest, pixels, profile, notes)


def thumbnail(path: Path, side: int) -> Bytes:
    """A photograph (h, w, 3) whose longer side is at most `side`, sooner than it could be read in
    full. Raises UsageError, naming the file."""
    try:
        with quiet_decoders():
            picture = read_picture(path, enough=side)
            picture.thumbnail((2 * side, 2 * side), Image.Resampling.BOX)
            small = to_rgb(picture)
    except UnreadableError as error:
        raise _unreadable(path, error) from None
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(small)


def _unreadable(path: Path, error: UnreadableError) -> UsageError:
    return UsageError(f"photograph {path} cannot be read: {error}")


def _slices(crop: Crop) -> tuple[slice, slice]:
    return slice(crop.y, crop.y + crop.height), slice(crop.x, crop.x + crop.width)


def _blend(old: Bytes, new: Bytes, weight: Floats) -> None:
    """Puts so much (h, w) of a picture (h, w, 3 or 4) over another, in place; the opacity of what
    is there stays."""
    share, colours = weight[..., None], new[..., :3].astype(np.float32)
    if new.shape[2] == 4:
        share = share * new[..., 3:].astype(np.float32)
        share /= 255
    if old.shape[2] == 4:
        colours = _without_white(colours, old[..., 3:]).clip(0, 255)
    before = old[..., :3].astype(np.float32)
    old[..., :3] = np.rint(before + share * (colours - before)).astype(np.uint8)


def _without_white(seen: Floats, opacity: Bytes) -> Floats:
    """Colours (h, w, 3) as they are where they were seen over white, which shines through."""
    share = opacity.astype(np.float32)
    share /= 255
    colours = seen - 255
    colours /= np.maximum(share, np.float32(1 / 255))
    colours += 255
    return colours


def _seam(crop: Crop, photograph: Size) -> tuple[Floats, Floats]:
    """How much of the edit there is, 0 to 1, by row (h,) times by column (w,): nothing at the box's
    border, all of it from the seam's width on; along a side that is the photograph's own all of it
    at once."""
    across = _ramp(crop.width, crop.x > 0, crop.x + crop.width < photograph.width)
    down = _ramp(crop.height, crop.y > 0, crop.y + crop.height < photograph.height)
    return down, across


def _ramp(side: int, first: bool, last: bool) -> Floats:
    """(side,) 0 to 1; first, last: whether it begins, and ends, at 0."""
    places = np.arange(side, dtype=np.float32) / max(1.0, FEATHER * side)
    share = np.ones(side, np.float32)
    for rises, distance in ((first, places), (last, places[::-1])):
        if rises:
            near = distance.clip(0, 1)
            share *= near * near * (3 - 2 * near)
    return share


# -- colours -------------------------------------------------------------------------------------


def _in_rgb(picture: Image.Image) -> tuple[Bytes, bytes | None, tuple[str, ...]]:
    """Pixels (h, w, 3 or 4), the profile they are in, and what is to be said.

    What has a profile that is not one of RGB, or not one that leads back, is brought to sRGB here.
    Raises UnreadableError.
    """
    colours, opacity = _apart(picture)
    profile: bytes | None = picture.info.get("icc_profile") or None
    notes: tuple[str, ...] = ()
    if profile is not None:
        try:
            colours, profile = _from_profile(colours, profile)
        except UnreadableError:
            profile, notes = None, ("its colour profile cannot be used; taken as sRGB",)
    pixels = np.asarray(_as_rgb(colours))
    if opacity is not None and opacity.min() < 255:
        pixels = np.dstack([pixels, opacity])
    return pixels, profile, notes


def _as_rgb(picture: Image.Image) -> Image.Image:
    """As `to_rgb`, without a copy where it is that already: photographs are large."""
    return picture if picture.mode == "RGB" else to_rgb(picture)


def _apart(picture: Image.Image) -> tuple[Image.Image, Bytes | None]:
    """Colours without their opacity, grey ones as L, and the opacity (h, w); None where there is
    none. Raises UnreadableError."""
    if picture.has_transparency_data:
        colours = picture.convert("RGBA")
        grey = picture.mode in ("L", "LA", "La")
        return colours.convert("RGB").convert("L" if grey else "RGB"), np.asarray(colours)[..., 3]
    if picture.mode in ("1", "L") or picture.mode.startswith("I"):
        return to_rgb(picture).convert("L"), None
    return picture if picture.mode in SPACES else to_rgb(picture), None


def _from_profile(colours: Image.Image, profile: bytes) -> tuple[Image.Image, bytes | None]:
    """The colours as they are, with their profile, where it is one of RGB that leads back; else in
    sRGB. Raises UnreadableError."""
    if colours.mode == "RGB":
        try:
            sample = _converted(colours.crop((0, 0, 1, 1)), profile)
            _converted(sample, profile, back=True)
        except UnreadableError:
            return _converted(colours, profile), None
        return colours, profile
    return _converted(colours, profile), None


def _converted(picture: Image.Image, profile: bytes, back: bool = False) -> Image.Image:
    """From the colours of a profile to sRGB; back: from sRGB to those. Raises UnreadableError where
    the profile is damaged, or of another colour space than the picture."""
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = given.profile.xcolor_space.strip()
        if space != SPACES["RGB" if back else picture.mode]:
            raise UnreadableError("its colour profile is of another colour space")
        source, target = (SRGB, given) if back else (given, SRGB)
        made = ImageCms.profileToProfile(
            picture,
            source,
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"its colour profile cannot be used ({error})") from None
    assert made is not None  # it is where the picture is not converted in place
    return made
