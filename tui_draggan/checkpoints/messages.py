"""Names out of a foreign file: made fit for an error line, and refused."""

from __future__ import annotations

from tui_draggan.errors import CheckpointError

LONGEST = 80
HINTS = {
    "pg_modules": "this is a Projected GAN or StyleGAN-XL, another architecture",
    "tfutil": "this is a Progressive GAN, another architecture",
    "torch.nn.modules.sparse": "this is probably a StyleGAN-XL, another architecture",
    "torch.nn": "this holds whole modules of torch; save the generator's state_dict() instead",
    "pytorch_lightning": "save the generator's state_dict() alone instead",
}
"""By the beginning of a module's name: what the file probably is, or what to do."""


def shown(text: str) -> str:
    """`text` on one line, without control characters and at most `LONGEST` characters long."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


def refused(module: str, name: str) -> CheckpointError:
    """The error for a file that names what is in no table of ours."""
    hints = (hint for start, hint in HINTS.items() if f"{module}.".startswith(f"{start}."))
    hint = next((f": {hint}" for hint in hints), "")
    return CheckpointError(
        f"names {shown(f'{module}.{name}')}, which no StyleGAN2 checkpoint needs; refused{hint}"
    )
