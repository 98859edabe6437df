"""Pickles that name modules which are not installed: Python's own pickler and three objects."""

from __future__ import annotations

import copyreg
import io
import pickle
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Name:
    """A global: what a reader would import."""

    module: str
    name: str

    def __call__(self) -> None:
        """The pickler writes calls only of what can be called."""


@dataclass(frozen=True, eq=False)
class Call:
    """REDUCE: what a reader would get by calling `function`."""

    function: Name
    arguments: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Instance:
    """NEWOBJ: an object of `class_`, with attributes (BUILD) or with the items of a dict."""

    class_: Name
    attributes: dict[str, Any] | None = None
    items: dict[str, Any] | None = None


_PythonPickler: Any = vars(pickle)["_Pickler"]
"""The pickler written in Python, of which the types know nothing."""


class _Pickler(_PythonPickler):  # type: ignore[misc]
    dispatch: ClassVar[dict[type, Any]] = dict(_PythonPickler.dispatch)

    def __init__(
        self,
        file: io.BytesIO,
        protocol: int,
        numpy_core: str,
        persistent_id: Callable[[Any], Any],
    ) -> None:
        super().__init__(file, protocol)
        self.numpy_core = numpy_core
        self.persistent_id = persistent_id

    def save_global(self, obj: Any, name: str | None = None) -> None:
        module = getattr(obj, "__module__", None) or ""
        if module.startswith("numpy._core"):
            self.save_name(Name(module.replace("numpy._core", self.numpy_core), obj.__name__))
        else:
            super().save_global(obj, name)

    def save_name(self, obj: Name) -> None:
        if self.proto >= 4:
            self.save(obj.module)
            self.save(obj.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        self.memoize(obj)

    def save_call(self, obj: Call) -> None:
        self.save_reduce(obj.function, obj.arguments, obj=obj)

    def save_instance(self, obj: Instance) -> None:
        items = None if obj.items is None else iter(obj.items.items())
        made = (vars(copyreg)["__newobj__"], (obj.class_,))
        self.save_reduce(*made, obj.attributes, dictitems=items)

    dispatch |= {
        Name: save_name,
        Call: save_call,
        Instance: save_instance,
        types.FunctionType: save_global,
    }


def pickled(
    value: Any,
    protocol: int = 4,
    numpy_core: str = "numpy._core",
    persistent_id: Callable[[Any], Any] = lambda value: None,
) -> bytes:
    """numpy_core: «numpy.core» as numpy wrote it before version 2, «numpy._core» as since.

    persistent_id: what stands for an object that the pickle only refers to; None: no such.
    """
    file = io.BytesIO()
    _Pickler(file, protocol, numpy_core, persistent_id).dump(value)
    return file.getvalue()
