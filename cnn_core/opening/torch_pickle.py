"""The pickle in a PyTorch file, read as data. Nothing that it names is looked up, and nothing in it is called.

A pickle is a little program: it puts values on a stack, names functions of Python, and has them called. `torch.load`
with `weights_only=True` lets it call a list of functions thought harmless; among them are some that reserve as much
memory as the file asks for, and the list has been broken before (CVE-2025-32434). We need no function at all. A name
stays a `Name`, a call stays a `Call` that says what would have been called with what, and whoever reads the outcome
recognises the few calls by which PyTorch writes a tensor. `pickletools` takes the instructions apart; it runs none.
Source of the instructions: CPython's Lib/pickletools.py; of what PyTorch writes: torch/serialization.py.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cnn_core.errors import StudentError

MAX_PICKLE = 2_000_000  # bytes; a state dict of a hundred layers has 20,000
MAX_STEPS = 200_000


@dataclass(frozen=True)
class Name:
    """A function or class that the pickle names: "torch._utils._rebuild_tensor_v2"."""

    path: str


@dataclass(eq=False)
class Call:
    """What would have been called, with which arguments, and what would have been put into the outcome."""

    name: Name
    arguments: tuple[Any, ...]
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """A reference to something outside of the pickle: of PyTorch, ("storage", type, key, device, count)."""

    reference: Any


def parse(content: bytes) -> tuple[Any, set[str]]:
    """(the value that the pickle describes, all names in it). Raises StudentError for what is no sound pickle."""
    if len(content) > MAX_PICKLE:
        raise StudentError(
            f"The list of weights in this file has {len(content):,} bytes, and ours have {MAX_PICKLE:,} at most.",
            hint="Save `net.state_dict()` alone.",
        )
    machine = _Machine()
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(content)):
            if count > MAX_STEPS:
                raise ValueError("too long")
            if instruction.name == "STOP":
                return machine.stack[-1], machine.names
            machine.do(instruction.name, argument)
    except StudentError:
        raise
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        UnicodeError,
        OverflowError,
    ) as error:
        raise _torn() from error
    raise _torn()


def _torn() -> StudentError:
    return StudentError(
        "The list of weights in this file is damaged, or no list of weights at all.",
        hint="Save `net.state_dict()` again with torch.save, or as .safetensors.",
    )


class _Machine:
    """The stack of a pickle, without its arms."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []  # heights of the stack at which a group of values begins
        self.memo: dict[int, Any] = {}
        self.names: set[str] = set()

    def do(self, instruction: str, argument: Any) -> None:
        """One instruction. Raises an error of Python for one that makes no sense here."""
        if instruction in _VALUES:
            self.stack.append(argument)
        elif instruction in _EMPTY:
            self.stack.append(_EMPTY[instruction]())
        elif instruction in _STEPS:
            _STEPS[instruction](self, argument)
        elif instruction not in ("PROTO", "FRAME"):
            raise ValueError(instruction)

    def above_mark(self) -> list[Any]:
        place = self.marks.pop()
        values = self.stack[place:]
        del self.stack[place:]
        return values

    def take(self, count: int) -> tuple[Any, ...]:
        if count > len(self.stack):
            raise IndexError("an empty stack")
        values = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return values

    def name(self, module: Any, name: Any) -> None:
        path = f"{module}.{name}"[:200]
        self.names.add(path)
        self.stack.append(Name(path))

    def named(self, argument: Any) -> None:
        self.name(*argument.split(" ", 1))

    def named_by_stack(self, _: Any) -> None:
        self.name(*self.take(2))

    def call(self, _: Any) -> None:
        function, arguments = self.take(2)
        if not isinstance(arguments, tuple):
            raise TypeError("arguments")
        self.stack.append(Call(_as_name(function), arguments))

    def call_with_names(self, _: Any) -> None:
        function, arguments, _named = self.take(3)
        self.stack.append(Call(_as_name(function), tuple(arguments)))

    def call_marked(self, argument: Any) -> None:
        """The old instructions INST and OBJ: a class and its arguments behind a mark."""
        values = self.above_mark()
        if argument is not None:
            self.named(argument)
            values.insert(0, self.stack.pop())
        self.stack.append(Call(_as_name(values[0]), tuple(values[1:])))

    def build(self, _: Any) -> None:
        owner, state = self.take(2)
        if isinstance(owner, Call):
            owner.state = state
        self.stack.append(owner)

    def put_items(self, pairs: list[Any]) -> None:
        owner = self.stack[-1]
        values = owner.items if isinstance(owner, Call) else owner
        if not isinstance(values, dict) or len(pairs) % 2:
            raise TypeError("items")
        values.update(_dictionary(pairs))

    def put_elements(self, elements: list[Any]) -> None:
        owner = self.stack[-1]
        if isinstance(owner, list):
            owner.extend(elements)
        elif not isinstance(owner, Call | set):  # what is in a set is of no use to us
            raise TypeError("elements")

    def remember(self, place: int) -> None:
        self.memo[place] = self.stack[-1]


def _as_name(value: Any) -> Name:
    return value if isinstance(value, Name) else Name("?")


def _dictionary(pairs: list[Any]) -> dict[Any, Any]:
    # A tuple inside a tuple inside a tuple, two at a time, would take for ever to be looked up.
    if any(isinstance(key, tuple | frozenset) for key in pairs[::2]):
        raise TypeError("keys")
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


_VALUES = {
    *("INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
_STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "GLOBAL": _Machine.named,
    "STACK_GLOBAL": _Machine.named_by_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_names,
    "INST": _Machine.call_marked,
    "OBJ": _Machine.call_marked,
    "BUILD": _Machine.build,
    "BINPERSID": lambda machine, _: machine.stack.append(Elsewhere(machine.stack.pop())),
    "PERSID": lambda machine, argument: machine.stack.append(Elsewhere(argument)),
    "POP": lambda machine, _: machine.take(1),
    "POP_MARK": lambda machine, _: machine.above_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(machine.take(1)),
    "TUPLE2": lambda machine, _: machine.stack.append(machine.take(2)),
    "TUPLE3": lambda machine, _: machine.stack.append(machine.take(3)),
    "LIST": lambda machine, _: machine.stack.append(machine.above_mark()),
    "DICT": lambda machine, _: machine.stack.append(_dictionary(machine.above_mark())),
    "FROZENSET": lambda machine, _: machine.stack.append(frozenset(machine.above_mark()[:0])),
    "SETITEM": lambda machine, _: machine.put_items(list(machine.take(2))),
    "SETITEMS": lambda machine, _: machine.put_items(machine.above_mark()),
    "APPEND": lambda machine, _: machine.put_elements(list(machine.take(1))),
    "APPENDS": lambda machine, _: machine.put_elements(machine.above_mark()),
    "ADDITEMS": lambda machine, _: machine.put_elements(machine.above_mark()),
    "BINPUT": lambda machine, argument: machine.remember(argument),
    "LONG_BINPUT": lambda machine, argument: machine.remember(argument),
    "PUT": lambda machine, argument: machine.remember(int(argument)),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "BINGET": lambda machine, argument: machine.stack.append(machine.memo[argument]),
    "LONG_BINGET": lambda machine, argument: machine.stack.append(machine.memo[argument]),
    "GET": lambda machine, argument: machine.stack.append(machine.memo[int(argument)]),
}
