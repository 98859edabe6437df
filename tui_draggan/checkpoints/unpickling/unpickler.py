"""An unpickler that imports nothing and calls only what it is given.

The names in a file are looked up in a table of our own; an unknown one is refused at once.
The result is made of None, bool, int, float, str, `LongText`, memoryview (bytes), tuple, list,
dict, set, numpy arrays, `Record` and `AllowedName`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_draggan.checkpoints.unpickling.allowed import AllowedName, AllowedNames, Pending, refused
from tui_draggan.checkpoints.unpickling.limits import Budget
from tui_draggan.checkpoints.unpickling.opcodes import VALUES, Cursor, opcodes
from tui_draggan.checkpoints.unpickling.values import Record
from tui_draggan.errors import CheckpointError

PersistentLoad = Callable[[Any], Any]


def unpickle(
    cursor: Cursor,
    table: AllowedNames,
    budget: Budget,
    persistent_load: PersistentLoad | None = None,
) -> Any:
    """The value of the pickle at `cursor`, which is left behind its STOP.

    It may name what is in `table`; `persistent_load` turns persistent ids into values. Raises
    CheckpointError. The value may contain itself: see `nesting.check_nesting`.
    """
    unpickler = _Unpickler(table, budget, persistent_load)
    for name, argument in opcodes(cursor, budget):
        if name == "STOP":
            return unpickler.result()
        try:
            if name in VALUES:
                unpickler.stack.append(argument)
            else:
                _COMMANDS[name](unpickler, argument)
        except IndexError:
            raise _misplaced(name) from None
    raise AssertionError("opcodes() ends at STOP or raises")


def _misplaced(name: str) -> CheckpointError:
    return CheckpointError(f"has the opcode {name} out of place; the file is damaged")


class _Unpickler:
    """The stack, what was put aside at each MARK, and the memo."""

    def __init__(
        self, table: AllowedNames, budget: Budget, persistent_load: PersistentLoad | None
    ) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.pending = 0
        self.table = table
        self.budget = budget
        self.persistent_load = persistent_load

    def result(self) -> Any:
        if len(self.stack) != 1 or self.marked:
            raise _misplaced("STOP")
        if self.pending:
            raise CheckpointError("has an array without its numbers; the file is damaged")
        return self.stack[0]

    def mark(self, _: None) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        items = self.stack
        self.stack = self.marked.pop()
        return items

    def frame(self, _: int) -> None:
        """A frame is a hint for reading ahead; there is nothing to do."""

    # The memo

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def memoize(self, _: None) -> None:
        self.put(len(self.memo))

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise CheckpointError(f"refers to memo {index:,}, which is empty; the file is damaged")
        value = self.memo[index]
        if isinstance(value, Pending):
            if value.built is None:
                raise CheckpointError(f"uses a {value.name} before its contents; refused")
            value = value.built
        self.stack.append(value)

    # Containers

    def tuple_(self, _: None) -> None:
        items = self.since_mark()
        self.stack.append(tuple(items))

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def extend(self, name: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise _misplaced(name)
        target.extend(items)

    def set_items(self, name: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise _misplaced(name)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    def add_items(self, name: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            raise _misplaced(name)
        target.update(checked_key(item) for item in items)

    # Names and what they give

    def find(self, module: str, name: str) -> None:
        allowed = self.table.get((module, name))
        if allowed is None:
            raise refused(module, name)
        self.stack.append(allowed)

    def stack_global(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise _misplaced("STACK_GLOBAL")
        self.find(module, name)

    def reduce(self, _: None) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if type(arguments) is not tuple or type(called) is not AllowedName:
            raise _misplaced("REDUCE")
        if called.call is None:
            raise CheckpointError(f"calls {called.name}, which is not a function; refused")
        required = len(called.takes) - called.optional
        if not required <= len(arguments) <= len(called.takes) or not all(
            isinstance(argument, kind)
            for argument, kind in zip(arguments, called.takes, strict=False)
        ):
            raise CheckpointError(f"calls {called.name} with unexpected arguments; refused")
        self.push_new(called.call(self.budget, *arguments))

    def new_object(self, _: None) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if type(called) is not AllowedName or type(arguments) is not tuple:
            raise _misplaced("NEWOBJ")
        if called.new is None or arguments:
            raise CheckpointError(f"makes an object of {called.name}; refused")
        self.push_new(called.new())

    def push_new(self, value: Any) -> None:
        self.pending += isinstance(value, Pending)
        self.stack.append(value)

    def build(self, _: None) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is Record and type(state) is dict:
            self.budget.step(len(state))
            target.state.update(state)
        elif isinstance(target, Pending) and target.built is None:
            target.built = self.stack[-1] = target.build(self.budget, state)
            self.pending -= 1
        # The attributes of an OrderedDict (torch's _metadata) or of an EasyDict say nothing here.
        elif type(target) is not dict or type(state) is not dict:
            raise _misplaced("BUILD")

    def persistent(self, _: None) -> None:
        if self.persistent_load is None:
            raise CheckpointError("refers to an object outside the pickle; refused")
        self.stack.append(self.persistent_load(self.stack.pop()))


def checked_key(key: Any) -> str | int | bool | None:
    """`key`, if it may be a key of a dict or a member of a set. Raises CheckpointError.

    Nothing else is ever hashed: nested tuples could take for ever, and long integers can be
    chosen to collide.
    """
    if isinstance(key, str | bool | None) or (type(key) is int and abs(key) < 2**63):
        return key
    kind = "an integer of more than 64 bits" if type(key) is int else type(key).__name__
    raise CheckpointError(f"has a key that is no name or number ({kind}); refused")


def _one(
    method: Callable[[_Unpickler, str, list[Any]], None], name: str, count: int
) -> Callable[[_Unpickler, Any], None]:
    def command(unpickler: _Unpickler, _: Any) -> None:
        items = [unpickler.stack.pop() for _ in range(count)][::-1]
        method(unpickler, name, items)

    return command


def _many(
    method: Callable[[_Unpickler, str, list[Any]], None], name: str
) -> Callable[[_Unpickler, Any], None]:
    def command(unpickler: _Unpickler, _: Any) -> None:
        method(unpickler, name, unpickler.since_mark())

    return command


_COMMANDS: dict[str, Callable[[_Unpickler, Any], None]] = {
    "FRAME": _Unpickler.frame,
    "MARK": _Unpickler.mark,
    "BINGET": _Unpickler.get,
    "LONG_BINGET": _Unpickler.get,
    "BINPUT": _Unpickler.put,
    "LONG_BINPUT": _Unpickler.put,
    "MEMOIZE": _Unpickler.memoize,
    "TUPLE": _Unpickler.tuple_,
    "TUPLE1": lambda unpickler, _: unpickler.tuple_of(1),
    "TUPLE2": lambda unpickler, _: unpickler.tuple_of(2),
    "TUPLE3": lambda unpickler, _: unpickler.tuple_of(3),
    "APPEND": _one(_Unpickler.extend, "APPEND", 1),
    "APPENDS": _many(_Unpickler.extend, "APPENDS"),
    "SETITEM": _one(_Unpickler.set_items, "SETITEM", 2),
    "SETITEMS": _many(_Unpickler.set_items, "SETITEMS"),
    "ADDITEMS": _many(_Unpickler.add_items, "ADDITEMS"),
    "GLOBAL": lambda unpickler, names: unpickler.find(*names),
    "STACK_GLOBAL": _Unpickler.stack_global,
    "REDUCE": _Unpickler.reduce,
    "NEWOBJ": _Unpickler.new_object,
    "BUILD": _Unpickler.build,
    "BINPERSID": _Unpickler.persistent,
}
