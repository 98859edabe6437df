"""How much one file may cost to read. Everything is refused before it is made.

With these limits the value of a pickle, and what it takes to make it, fit in `MAX_MEMORY`. Weights
are not in this sum: they are views of the mapped file, but for the few that `Budget.copy` pays.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_draggan.errors import CheckpointError

MiB = 1 << 20

MAX_FILE_BYTES = 4096 * MiB
"""A 1024 px training checkpoint with both networks, the mean and Adam's moments has 0.9 GB."""
MAX_STEPS = 500_000
"""Opcodes of a file, and entries that are copied from one container into another. A 1024 px
NVIDIA pickle has some 100,000. Each makes little; the most is an empty set, 220 bytes."""
MAX_TEXT_LENGTH = 4096
"""Bytes of a string that is decoded. Longer ones, such as module sources, are left alone."""
MAX_TEXT_BYTES = 16 * MiB
"""Bytes of all decoded strings; one character beyond U+FFFF makes Python take four times that."""
MAX_NAME_LENGTH = 256
"""Characters of a module's or an attribute's name in a GLOBAL opcode."""
MAX_INTEGER_BYTES = 32
"""torch's magic number has ten, the state of numpy's random generators 17."""
MAX_KEY_LENGTH = 8
"""Items of a tuple that is a key."""
MAX_DIMENSIONS = 8
MAX_NUMBERS = MAX_FILE_BYTES
"""Numbers of one array."""
MAX_DEPTH = 64
"""Containers within containers; an NVIDIA pickle has some 20."""
MAX_NODES = 4_000_000
"""Values of the result counted along every path that leads to them, so that a walk without a
memory of what it has seen stays short too."""
MAX_COPIES = 2048 * MiB
"""Weights that `Budget.copy` pays for; three times the size of a smaller file."""
MAX_MEMORY = 256 * MiB
"""All the rest; some 180 MiB is the most that the worst files we could make do take."""


@dataclass
class Budget:
    """What the file at hand may still cost; one for the file and all that is nested in it."""

    file_bytes: int
    steps: int = MAX_STEPS
    text: int = MAX_TEXT_BYTES
    copies: int = 0

    def __post_init__(self) -> None:
        self.copies = min(3 * self.file_bytes, MAX_COPIES)

    def step(self, count: int = 1) -> None:
        """Pays for opcodes, or for entries that are copied. Raises CheckpointError."""
        self.steps -= count
        if self.steps < 0:
            raise CheckpointError(
                f"takes more than {MAX_STEPS:,} steps to read; no StyleGAN2 checkpoint does"
            )

    def read_text(self, size: int) -> None:
        """Pays for a string of `size` bytes. Raises CheckpointError."""
        self.text -= size
        if self.text < 0:
            raise CheckpointError(
                f"holds more than {MAX_TEXT_BYTES // MiB} MiB of text; no StyleGAN2 checkpoint does"
            )

    def copy(self, size: int) -> None:
        """Pays for `size` bytes of weights that cannot stay views of the file.

        Those are bytes in protocol 2, which are written as text, and bfloat16, which numpy lacks.
        A file with both needs less than three times its size. Raises CheckpointError.
        """
        self.copies -= size
        if self.copies < 0:
            raise CheckpointError(
                "uses the same weights again and again; rejected: it would expand beyond the limit"
            )
