"""The pickles inside torch files, interpreted without ever calling what they name.

A pickle is a program for a small stack machine, and Python's own unpickler imports and
calls whatever it says. This machine knows only the instructions that state dicts need;
names stand for themselves, and the few that rebuild tensors are carried out here, as
descriptions of where a tensor lies. Any other name is refused before anything happens.
"""

import io
import pickletools
import struct
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from kewen.checkpoints.checkpoint import Shape
from kewen.checkpoints.torch_storages import DTYPES, STORAGES, Storage, StoredTensor
from kewen.errors import CheckpointError

MAX_AXES = 64  # NumPy's limit
MAX_STEPS = 1 << 20  # a state dict takes some thirty a tensor
MAX_ARGUMENTS = 1 << 24  # items handed to calls in all: no pickle may work for hours


@dataclass(frozen=True, slots=True)
class _Name:
    """A global that the pickle names; it is never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Unpickled:
    """What a pickle holds, and every storage that it mentions."""

    value: "Value"  # numbers, strings, tuples, lists, dicts and `StoredTensor`s
    storages: Mapping[str, Storage]  # by key


class RefusedPickle(CheckpointError):
    """A pickle that asks for more than tensors and plain containers."""


class _Refused(Exception):
    """What the machine will not do; becomes a RefusedPickle that names the file."""


Value: TypeAlias = Any  # of the pickle: numbers, strings, containers, the classes above


def unpickle(stream: io.BytesIO, what: str) -> Unpickled:
    """Interpret one pickle and leave the stream behind its end.

    Args:
        stream: bytes, at the beginning of a pickle.
        what: the file, for messages.

    Raises:
        RefusedPickle: if it names anything else, with that name.
        CheckpointError: if it is corrupt.
    """
    machine = _Machine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes, in text that is refused
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name == "STOP":
                    return Unpickled(machine.stack.pop(), machine.storages)
                machine.step(opcode.name, argument)
    except _Refused as refusal:
        raise RefusedPickle(
            f"{what} must hold tensors and plain containers only. Received: {refusal}. "
            "Nothing of it was executed. Ask its maker for safetensors, or save only "
            "the state dict, with plain values."
        ) from refusal
    except (
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        struct.error,
        OverflowError,
        RecursionError,
    ) as error:
        raise CheckpointError(
            f"{what} must hold a sound pickle. Received: {str(error)[:200]}. The file "
            "is truncated or corrupt: download it again."
        ) from error
    raise CheckpointError(
        f"{what} must hold a whole pickle. Received: one without an end. The file is "
        "truncated: download it again."
    )


class _Machine:
    """The stack, the marks and the memo of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Value] = []
        self._below: list[list[Value]] = []  # stacks under the open marks
        self._memo: dict[int, Value] = {}
        self.storages: dict[str, Storage] = {}
        self._steps_left = MAX_STEPS
        self._arguments_left = MAX_ARGUMENTS

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one instruction."""
        self._steps_left -= 1
        if self._steps_left < 0:
            raise _Refused(f"more than {MAX_STEPS} instructions")
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.stack[-1]
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        elif opcode in self._ACTIONS:
            self._ACTIONS[opcode](self)
        elif opcode == "GLOBAL":
            module, _, name = argument.partition(" ")
            self.stack.append(_known_name(module, name))
        elif opcode not in ("PROTO", "FRAME"):
            raise _Refused(f"the pickle instruction {opcode}")

    def _memoize(self) -> None:
        self._memo[len(self._memo)] = self.stack[-1]

    def _mark(self) -> None:
        self._below.append(self.stack)
        self.stack = []

    def _to_mark(self) -> list[Value]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _tuple(self) -> None:
        items = self._to_mark()
        self.stack.append(tuple(items))

    def _tuple_of(self, length: int) -> None:
        items = [self.stack.pop() for _ in range(length)]
        self.stack.append(tuple(reversed(items)))

    def _list_of_marked(self) -> None:
        items = self._to_mark()
        self.stack.append(items)

    def _dict_of_marked(self) -> None:
        items = self._to_mark()
        self.stack.append({})
        self._fill_dict(items)

    def _append(self) -> None:
        value = self.stack.pop()
        _as_list(self.stack[-1]).append(value)

    def _appends(self) -> None:
        items = self._to_mark()
        _as_list(self.stack[-1]).extend(items)

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._fill_dict([key, value])

    def _set_items(self) -> None:
        self._fill_dict(self._to_mark())

    def _fill_dict(self, items: list[Value]) -> None:
        target = _as_dict(self.stack[-1])
        for key, value in zip(items[::2], items[1::2], strict=True):
            _put(target, key, value)

    def _named(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_known_name(module, name))

    def _call(self) -> None:
        arguments, name = self._pop_arguments(), self.stack.pop()
        rebuild = _REBUILDERS.get(str(name)) if isinstance(name, _Name) else None
        if rebuild is None:
            raise _Refused(
                f"a call of {name if isinstance(name, _Name) else 'a value'}"
            )
        self.stack.append(rebuild(*arguments))

    def _pop_arguments(self) -> tuple[Value, ...]:
        arguments = self.stack.pop()
        if not isinstance(arguments, tuple):
            raise _Refused("a call without a tuple of arguments")
        values = cast("tuple[Value, ...]", arguments)
        nested = (cast("list[Value]", v) for v in values if isinstance(v, tuple | list))
        self._arguments_left -= len(values) + sum(map(len, nested))
        if self._arguments_left < 0:
            raise _Refused("calls with more arguments than any state dict has")
        return values

    def _build(self) -> None:
        # Attributes of an ordered dict: torch's `_metadata` of module versions.
        self.stack.pop()
        _as_dict(self.stack[-1])

    def _storage(self) -> None:
        storage = _storage_of(*self._pop_arguments())
        self.storages[storage.key] = storage
        self.stack.append(storage)

    _ACTIONS: dict[str, Callable[["_Machine"], None]] = {  # noqa: RUF012
        "MEMOIZE": _memoize,
        "MARK": _mark,
        "TUPLE": _tuple,
        "TUPLE1": lambda self: self._tuple_of(1),
        "TUPLE2": lambda self: self._tuple_of(2),
        "TUPLE3": lambda self: self._tuple_of(3),
        "LIST": _list_of_marked,
        "DICT": _dict_of_marked,
        "APPEND": _append,
        "APPENDS": _appends,
        "SETITEM": _set_item,
        "SETITEMS": _set_items,
        "STACK_GLOBAL": _named,
        "REDUCE": _call,
        "BUILD": _build,
        "BINPERSID": _storage,
    }


_LITERALS = frozenset(
    "INT LONG LONG1 LONG4 BININT BININT1 BININT2 FLOAT BINFLOAT UNICODE BINUNICODE "
    "SHORT_BINUNICODE BINUNICODE8 STRING BINSTRING SHORT_BINSTRING".split()
)
_CONSTANTS: dict[str, Callable[[], Value]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}


def _known_name(module: Value, name: Value) -> _Name:
    if not isinstance(module, str) or not isinstance(name, str):
        raise _Refused("a global whose name is no text")
    known = f"{module}.{name}" in _REBUILDERS or (
        module in ("torch", "torch.storage") and (name in STORAGES or name in DTYPES)
    )
    if not known:
        raise _Refused(f"{module[:100]}.{name[:100]}")
    return _Name(module, name)


def shown(value: Value) -> str:
    """A value for a message: containers by kind, since they can contain each other.

    A tuple of twice the tuple before, a hundred times over, is a few bytes of pickle
    and more text than any memory holds.
    """
    if isinstance(value, str):
        return repr(value[:50])
    if isinstance(value, tuple):
        parts = cast("tuple[Value, ...]", value)
        kinds = ", ".join(type(part).__name__ for part in parts[:5])
        return f"a tuple of {len(parts)} ({kinds}...)"
    return f"a value of type {type(value).__name__}"


def _as_list(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise TypeError(f"items appended to a {type(value).__name__}")
    return cast("list[Value]", value)


def _as_dict(value: Value) -> dict[Value, Value]:
    if not isinstance(value, dict):
        raise _Refused(f"attributes or items set on a {type(value).__name__}")
    return cast("dict[Value, Value]", value)


def _put(target: dict[Value, Value], key: Value, value: Value) -> None:
    # Only these keys: the hash of a deeply nested tuple overflows the C stack.
    if not isinstance(key, str | int | float | None):
        raise _Refused(f"a dictionary key of type {type(key).__name__}")
    if isinstance(key, int) and key.bit_length() > 63:
        raise _Refused("a number of thousands of digits as a dictionary key")
    target[key] = value


def _ordered_dict(pairs: Value = ()) -> dict[Value, Value]:
    found: dict[Value, Value] = {}
    for key, value in pairs:
        _put(found, key, value)
    return found


def _size(lengths: Value) -> Shape:
    return _whole_numbers(lengths)


def _rebuild_parameter(data: Value, *_: Value) -> StoredTensor:
    if not isinstance(data, StoredTensor):
        raise TypeError("a parameter that is no tensor")
    return data


def _rebuild_tensor_v2(
    storage: Value,
    offset: Value,
    shape: Value,
    strides: Value,
    requires_grad: Value = False,
    hooks: Value = None,
    metadata: Value = None,
) -> StoredTensor:
    if not isinstance(storage, Storage):
        raise TypeError("a tensor without a storage")
    _refuse_views(metadata)
    return _checked(StoredTensor(storage, storage.dtype, offset, shape, strides))


def _rebuild_tensor_v3(  # with a dtype of its own, for those that have no storage class
    storage: Value,
    offset: Value,
    shape: Value,
    strides: Value,
    requires_grad: Value,
    hooks: Value,
    dtype: Value,
    metadata: Value = None,
) -> StoredTensor:
    if not isinstance(storage, Storage) or not isinstance(dtype, _Name):
        raise TypeError("a tensor without a storage or a dtype")
    _refuse_views(metadata)
    return _checked(StoredTensor(storage, DTYPES[dtype.name], offset, shape, strides))


def _refuse_views(metadata: Value) -> None:
    """A tensor may say that its stored numbers are to be negated or conjugated."""
    if metadata:
        raise _Refused("a tensor that is a view and no copy")


_REBUILDERS: dict[str, Callable[..., Value]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch.Size": _size,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
}


def _storage_of(
    kind: Value, name: Value, key: Value, _device: Value, count: Value, *view: Value
) -> Storage:
    """What torch writes for a storage: its class, key, device, length and view."""
    if kind != "storage" or not isinstance(name, _Name) or name.name not in STORAGES:
        raise _Refused("a persistent object that is no torch storage")
    (count,) = _whole_numbers((count,))
    dtype = DTYPES[STORAGES[name.name]]
    if view and view[0] is not None:
        _view_key, begin, length = view[0]
        begin, length = _whole_numbers((begin, length))
        if begin + length > count:
            raise ValueError("a storage that ends after the one it is a view of")
        return Storage(_as_key(key), dtype, length, begin)
    return Storage(_as_key(key), dtype, count)


def _as_key(key: Value) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a storage key of type {type(key).__name__}")
    return key


def _whole_numbers(values: Value) -> Shape:
    numbers = tuple(values)
    if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
        raise ValueError(f"{shown(numbers)} where whole numbers are due")
    return numbers


def _checked(tensor: StoredTensor) -> StoredTensor:
    """The tensor, if all its elements lie within its storage."""
    (offset,) = _whole_numbers((tensor.offset,))
    shape, strides = _whole_numbers(tensor.shape), _whole_numbers(tensor.strides)
    if len(shape) != len(strides) or len(shape) > MAX_AXES:
        raise ValueError(f"a tensor of shape {shape} and strides {strides}")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    available = tensor.storage.count * tensor.storage.dtype.itemsize
    if 0 not in shape and (last + 1) * tensor.dtype.itemsize > available:
        raise ValueError(
            f"a tensor of shape {shape}, strides {strides} and offset {offset} that "
            f"does not fit its storage of {available} bytes"
        )
    return StoredTensor(tensor.storage, tensor.dtype, offset, shape, strides)
