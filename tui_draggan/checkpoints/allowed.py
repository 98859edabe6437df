"""What stands for the names in a pickle: functions of our own, in tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_draggan.checkpoints.limits import Budget

Kind = type | tuple[type, ...]


@dataclass(frozen=True, eq=False)
class Global:
    """What stands for one name. By itself it does nothing."""

    name: str
    """Module and name: «collections.OrderedDict»."""
    call: Callable[..., Any] | None = None
    """What REDUCE gives: call(budget, *arguments). None: it must not be called."""
    takes: tuple[Kind, ...] = ()
    """Types of the arguments; they are checked before the call."""
    optional: int = 0
    """How many of the last arguments may be missing."""
    new: Callable[[], Any] | None = None
    """What NEWOBJ gives, without arguments. None: it has no instances."""


Globals = Mapping[tuple[str, str], Global]
"""By module and name, as they stand in the file."""


@dataclass(eq=False)
class Pending:
    """An object that is made before its contents are known: BUILD brings them."""

    name: str
    build: Callable[[Budget, Any], Any]
    built: Any = None


def function(
    module: str, name: str, call: Callable[..., Any], *takes: Kind, optional: int = 0
) -> Globals:
    """A table of one function."""
    return {(module, name): Global(f"{module}.{name}", call, takes, optional)}


def class_(module: str, name: str, new: Callable[[], Any] | None = None) -> Globals:
    """A table of one class; without `new` it has no instances."""
    return {(module, name): Global(f"{module}.{name}", new=new)}
