"""An unpickler that imports nothing and calls only what it is given.

The names in a file are looked up in a table of our own. Another name gives an `Unread`, whatever
the file does with it, or is refused at once (`allowed.is_dangerous`, `strict`); only an object that
is given the attributes of torch's modules becomes a `Record`, which has them. The result is made
of None, bool, int, float, str, `LongText`, memoryview (bytes), tuple, list, dict, set, numpy
arrays, `Record`, `AllowedName` and `Unread`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tui_draggan.checkpoints.unpickling.allowed import (
    AllowedName,
    AllowedNames,
    Pending,
    is_dangerous,
    refused,
)
from tui_draggan.checkpoints.unpickling.limits import MAX_KEY_LENGTH, Budget
from tui_draggan.checkpoints.unpickling.messages import shown
from tui_draggan.checkpoints.unpickling.opcodes import VALUES, Cursor, opcodes
from tui_draggan.checkpoints.unpickling.values import MODULE_PARTS, Record, Unread
from tui_draggan.errors import CheckpointError

PersistentLoad = Callable[[Any], Any]
Key = str | int | float | bool | None


def unpickle(
    cursor: Cursor,
    names: AllowedNames,
    budget: Budget,
    persistent_load: PersistentLoad | None = None,
    *,
    strict: bool = False,
) -> Any:
    """The value of the pickle at `cursor`, which is left behind its STOP.

    names: what stands for the names in it; others are refused if `strict`, else `Unread`.
    persistent_load: turns persistent ids into values.
    Raises CheckpointError. The value may contain itself: see `nesting.check_nesting`.
    """
    unpickler = _Unpickler(names, budget, persistent_load, strict)
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
        self,
        names: AllowedNames,
        budget: Budget,
        persistent_load: PersistentLoad | None,
        strict: bool,
    ) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.pending = 0
        self.unread: dict[tuple[str, str], Unread] = {}
        self.objects: dict[int, _Object] = {}
        self.names = names
        self.budget = budget
        self.persistent_load = persistent_load
        self.strict = strict

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
        value = self.stack[-1]
        self.memo[index] = value
        if id(value) in self.objects:
            self.objects[id(value)].memo = index

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

    def frozen_set(self, _: None) -> None:
        items = self.since_mark()
        self.stack.append({checked_key(item, self.budget) for item in items})

    def extend(self, name: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        elif type(target) is not Unread:
            raise _misplaced(name)

    def set_items(self, name: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is Unread:
            return
        if type(target) is not dict or len(items) % 2:
            raise _misplaced(name)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key, self.budget)] = key if type(key) is Unread else value

    def add_items(self, name: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is set:
            target.update(checked_key(item, self.budget) for item in items)
        elif type(target) is not Unread:
            raise _misplaced(name)

    # Names and what they give

    def find(self, module: str, name: str) -> None:
        allowed = self.names.get((module, name))
        self.stack.append(self.unknown(module, name) if allowed is None else allowed)

    def unknown(self, module: str, name: str) -> Unread:
        """What stands for a name that is in no table of ours; always the same."""
        if (module, name) not in self.unread:
            refusal = refused(module, name)
            if self.strict or is_dangerous(module, name):
                raise refusal
            self.budget.read_text(4 * (len(module) + len(name)) + 512)
            self.unread[module, name] = Unread(shown(f"{module}.{name}"), str(refusal))
        return self.unread[module, name]

    def stack_global(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise _misplaced("STACK_GLOBAL")
        self.find(module, name)

    def reduce(self, _: None) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if type(arguments) is not tuple or type(called) not in (AllowedName, Unread):
            raise _misplaced("REDUCE")
        if type(called) is Unread:
            self.stack.append(_object_of(called, arguments))
        elif called.call is None:
            raise CheckpointError(f"calls {called.name}, which is not a function; refused")
        elif called.takes_these(arguments):
            self.push_new(called.call(self.budget, *arguments))
        elif (unread := _unread(arguments)) is not None:
            self.stack.append(unread)
        else:
            raise CheckpointError(f"calls {called.name} with unexpected arguments; refused")

    def new_object(self, _: None) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if type(called) not in (AllowedName, Unread) or type(arguments) is not tuple:
            raise _misplaced("NEWOBJ")
        if type(called) is Unread:
            made = replace(called)
            self.objects[id(made)] = _Object(made)
            self.stack.append(made)
        elif called.new is None or arguments:
            raise CheckpointError(f"makes an object of {called.name}; refused")
        else:
            self.push_new(called.new())

    def new_object_with_names(self, _: None) -> None:
        self.stack.pop(), self.stack.pop()
        if type(self.stack[-1]) is not Unread:
            raise CheckpointError("makes an object with named arguments; refused")

    def push_new(self, value: Any) -> None:
        self.pending += isinstance(value, Pending)
        self.stack.append(value)

    def build(self, _: None) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is Unread:
            self.build_unread(target, state)
            return
        if type(target) is Record and type(state) is dict:
            self.budget.step(len(state))
            target.state.update(state)
        elif type(target) is Record and type(state) is Unread:
            target.state[state.name] = state
        elif isinstance(target, Pending) and target.built is None:
            unread = _unread(state) if type(state) is tuple else None
            built = target.build(self.budget, state) if unread is None else unread
            target.built = self.stack[-1] = built
            self.pending -= 1
        # The attributes of an OrderedDict (torch's _metadata) or of an EasyDict say nothing here.
        elif type(target) is not dict or type(state) is not dict:
            raise _misplaced("BUILD")

    def build_unread(self, target: Unread, state: Any) -> None:
        """An object of an unknown class gets its attributes: a module of torch keeps them."""
        made = self.objects.pop(id(target), None)
        if (
            made is None
            or type(state) is not dict
            or not all(type(state.get(part)) is dict for part in MODULE_PARTS)
        ):
            return
        self.budget.step(len(state))
        record = Record(target.name, dict(state), target)
        self.stack[-1] = record
        if made.memo is not None:
            self.memo[made.memo] = record

    def persistent(self, _: None) -> None:
        if self.persistent_load is None:
            raise CheckpointError("refers to an object outside the pickle; refused")
        self.stack.append(self.persistent_load(self.stack.pop()))


@dataclass(slots=True)
class _Object:
    """An object of an unknown class before its attributes, and where the memo has it."""

    made: Unread
    memo: int | None = None


def _unread(values: tuple[Any, ...]) -> Unread | None:
    """The first `Unread` among `values`, which are not looked into."""
    return next((value for value in values if type(value) is Unread), None)


def _object_of(called: Unread, arguments: tuple[Any, ...]) -> Unread:
    """What a call gives: copyreg's functions make an object of the class in their arguments."""
    made = _unread(arguments) if called.name.startswith("copyreg.") else None
    return called if made is None else made


def checked_key(key: Any, budget: Budget) -> Key:
    """`key`, if it may be a key of a dict or a member of a set. Raises CheckpointError.

    Little is ever hashed: nested tuples could take for ever, and long integers and tuples can be
    chosen to collide. A short tuple and an `Unread` become strings.
    """
    if isinstance(key, str | float | bool | None) or (type(key) is int and abs(key) < 2**63):
        return key
    if type(key) is Unread:
        return key.name
    if type(key) is tuple and len(key) <= MAX_KEY_LENGTH and all(map(_is_plain, key)):
        text = repr(key)
        budget.read_text(len(text))
        return text
    kind = "an integer of more than 64 bits" if type(key) is int else type(key).__name__
    raise CheckpointError(f"has a key that is no name or number ({kind}); refused")


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | None) or (type(value) is str and len(value) <= 80)


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
    "FROZENSET": _Unpickler.frozen_set,
    "GLOBAL": lambda unpickler, names: unpickler.find(*names),
    "STACK_GLOBAL": _Unpickler.stack_global,
    "REDUCE": _Unpickler.reduce,
    "NEWOBJ": _Unpickler.new_object,
    "NEWOBJ_EX": _Unpickler.new_object_with_names,
    "BUILD": _Unpickler.build,
    "BINPERSID": _Unpickler.persistent,
}
