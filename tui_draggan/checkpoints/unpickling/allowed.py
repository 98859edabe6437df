"""The names that a pickle may use, in tables, and the functions of our own behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.errors import CheckpointError

HINTS = {
    "pg_modules": "this is a Projected GAN or StyleGAN-XL, another architecture",
    "tfutil": "this is a Progressive GAN, another architecture",
    "torch.nn.modules.sparse": "this is probably a StyleGAN-XL, another architecture",
    "torch.nn": "this holds whole modules of torch; save the generator's state_dict() instead",
    "pytorch_lightning": "save the generator's state_dict() alone instead",
}
"""Hints by the beginning of a module's name: what the file probably is, or what to do."""

Kind = type | tuple[type, ...]


@dataclass(frozen=True, eq=False)
class AllowedName:
    """A name that a pickle may use, and what stands for it. By itself it does nothing."""

    name: str
    """Module and name: «collections.OrderedDict»."""
    call: Callable[..., Any] | None = None
    """Function of our own that REDUCE calls: call(budget, *arguments). None: not callable."""
    takes: tuple[Kind, ...] = ()
    """Types of the arguments; they are checked before the call."""
    optional: int = 0
    """Number of last arguments that may be missing."""
    new: Callable[[], Any] | None = None
    """Function of our own that NEWOBJ calls, without arguments. None: no instances."""


AllowedNames = Mapping[tuple[str, str], AllowedName]
"""Allowed names by module and name, as they stand in the file."""


@dataclass(eq=False)
class Pending:
    """An object that is made before its contents are known: BUILD brings them."""

    name: str
    build: Callable[[Budget, Any], Any]
    built: Any = None


def allowed_function(
    module: str, name: str, call: Callable[..., Any], *takes: Kind, optional: int = 0
) -> AllowedNames:
    """A table of one function."""
    return {(module, name): AllowedName(f"{module}.{name}", call, takes, optional)}


def allowed_class(module: str, name: str, new: Callable[[], Any] | None = None) -> AllowedNames:
    """A table of one class; without `new` it has no instances."""
    return {(module, name): AllowedName(f"{module}.{name}", new=new)}


def refused(module: str, name: str) -> CheckpointError:
    """The error for a file that names what is in no table of ours."""
    hints = (hint for start, hint in HINTS.items() if f"{module}.".startswith(f"{start}."))
    hint = next((f": {hint}" for hint in hints), "")
    return CheckpointError(
        f"names {shown(f'{module}.{name}')}, which no StyleGAN2 checkpoint needs; refused{hint}"
    )
