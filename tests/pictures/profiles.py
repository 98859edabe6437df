"""ICC profiles, written from the specification (ICC.1:2001-04), with known colours."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tui_draggan.arrays import Floats

P3_D50 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])
"""Display P3 to XYZ, adapted to D50: columns red, green, blue."""
SRGB_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
D50 = (0.9642, 1.0, 0.8249)
GAMMA = 1.8


def wide_rgb() -> bytes:
    """The primaries of Display P3, with gamma `GAMMA`."""
    tags = {f"{name}XYZ": _xyz(P3_D50[:, i]) for i, name in enumerate("rgb")}
    return _profile("RGB ", "XYZ ", {**tags, **{f"{name}TRC": _gamma() for name in "rgb"}})


def wide_to_srgb(levels: Floats) -> Floats:
    """Levels (..., 3), 0 to 255, of `wide_rgb` as sRGB has them, by the formulas."""
    linear = (levels / 255.0) ** GAMMA @ P3_D50.T @ np.linalg.inv(SRGB_D50).T
    return _srgb_encoded(linear)


def grey() -> bytes:
    """Grey with gamma `GAMMA`."""
    return _profile("GRAY", "XYZ ", {"kTRC": _gamma()})


def grey_to_srgb(level: float) -> float:
    return float(_srgb_encoded(np.array((level / 255.0) ** GAMMA)))


CYAN_LAB = (60.0, -30.0, -40.0)


def cmyk() -> bytes:
    """All inks white but cyan, which is `CYAN_LAB` where it is full; one way only (lut8)."""
    corners = []
    for cyan in (0, 1):
        lab = CYAN_LAB if cyan else (100.0, 0.0, 0.0)
        one = bytes((round(lab[0] * 2.55), round(lab[1] + 128), round(lab[2] + 128)))
        corners += [one] * 8  # magenta, yellow, black
    ramp = bytes(range(256))
    identity = (1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0))
    lut += b"".join(struct.pack(">i", one << 16) for one in identity)
    lut += ramp * 4 + b"".join(corners) + ramp * 3
    return _profile("CMYK", "Lab ", {"A2B0": lut}, kind="prtr")


def lab_to_srgb(lab: Sequence[float]) -> Floats:
    """Levels (3,), by the formulas of CIE L*a*b* under D50."""
    y = (lab[0] + 16) / 116
    shares = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
    xyz = np.where(shares > 6 / 29, shares**3, 3 * (6 / 29) ** 2 * (shares - 4 / 29)) * D50
    return _srgb_encoded(xyz @ np.linalg.inv(SRGB_D50).T)


def _srgb_encoded(values: NDArray[np.floating]) -> Floats:
    linear = values.clip(0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (255 * curve).astype(np.float32)


def _profile(space: str, connection: str, tags: dict[str, bytes], kind: str = "mntr") -> bytes:
    tags = {"wtpt": _xyz(D50), "desc": _description(), "cprt": b"text\0\0\0\0none\0", **tags}
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name.encode() + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    size = start + len(data)
    header = struct.pack(
        ">I4sI4s4s4s",
        size,
        b"\0" * 4,
        0x02400000,
        *map(str.encode, (kind, space)),
        connection.encode(),
    )
    header += struct.pack(">6H4s4s", 2024, 1, 1, 0, 0, 0, b"acsp", b"\0" * 4) + bytes(24)
    header += b"".join(_fixed(one) for one in D50)
    return header.ljust(128, b"\0") + table + data


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Sequence[float] | Floats) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(float(one)) for one in values)


def _gamma() -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(GAMMA * 256))


def _description() -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(12 + 67)
