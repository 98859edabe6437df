"""The names that a pickle may use, in tables, and the functions of our own behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.errors import CheckpointError

RUNS_CODE = "it would run code in a program that unpickles it"
HINTS = {
    "pg_modules": "this is a Projected GAN or StyleGAN-XL, another architecture",
    "tfutil": "this is a Progressive GAN, another architecture",
    "torch.nn.modules.sparse": "this is probably a StyleGAN-XL, another architecture",
    "torch.nn": "this holds whole modules of torch; save the generator's state_dict() instead",
    "pytorch_lightning": "save the generator's state_dict() alone instead",
    "dill": "this was written by dill; save the generator's state_dict() instead",
}
"""Hints by the beginning of a module's name: what the file probably is, or what to do."""

DANGEROUS_MODULES = {
    *("os", "posix", "nt", "subprocess", "commands", "pty", "sys", "shutil", "socket"),
    *("importlib", "runpy", "ctypes", "pickle", "_pickle", "marshal", "webbrowser"),
}
DANGEROUS_BUILTINS = {"eval", "exec", "compile", "open", "__import__", "execfile"}
"""Names of programs rather than of data. No name is ever looked up outside our tables, so nothing
rests on these lists: a file that has one is refused even where the name would do no harm."""

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

    def takes_these(self, arguments: tuple[Any, ...]) -> bool:
        """Whether `call` takes as many arguments of these types."""
        required = len(self.takes) - self.optional
        return required <= len(arguments) <= len(self.takes) and all(
            isinstance(argument, kind)
            for argument, kind in zip(arguments, self.takes, strict=False)
        )


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
    if is_dangerous(module, name):
        hint = f": {RUNS_CODE}"
    return CheckpointError(
        f"names {shown(f'{module}.{name}')}, which no StyleGAN2 checkpoint needs; refused{hint}"
    )


def is_dangerous(module: str, name: str) -> bool:
    """Whether a file that has this name anywhere is refused."""
    if module in ("builtins", "__builtin__", "io"):
        return name in DANGEROUS_BUILTINS
    return module.partition(".")[0] in DANGEROUS_MODULES
