"""Capsules of DLPack and Arrow made and read by hand, as a library in C would, by ``ctypes``."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

API = ctypes.pythonapi
DESTRUCTOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", API)
)
pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", API))
rename = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_SetName", API))
name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", API))

#: Names, which capsules keep pointers to.
LEGACY, VERSIONED = ctypes.c_char_p(b"dltensor"), ctypes.c_char_p(b"dltensor_versioned")
USED = ctypes.c_char_p(b"used_dltensor")
READ_ONLY, IS_COPIED = 1, 2


class Description(ctypes.Structure):
    """DLTensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Legacy(ctypes.Structure):
    """DLManagedTensor."""

    _fields_ = [("tensor", Description), ("owner", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class Versioned(ctypes.Structure):
    """DLManagedTensorVersioned."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("owner", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", Description),
    ]


def read(capsule: Any) -> Legacy | Versioned:
    """What a capsule that nobody has used says."""
    if name_of(capsule) == VERSIONED.value:
        return Versioned.from_address(pointer_of(capsule, VERSIONED))
    return Legacy.from_address(pointer_of(capsule, LEGACY))


def take(capsule: Any) -> Callable[[], None]:
    """Take a capsule's memory, as a consumer does; returns the function that gives it back, without the GIL."""
    found = read(capsule)
    address = ctypes.addressof(found)
    delete = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(found.deleter)
    rename(capsule, USED)
    return lambda: delete(address)


class Producer:
    """An object that exports memory of its own, and counts how often it is given back.

    Attributes:
        describe: is called with what the capsule points to, to change it.
        returned: how often the deleter has been called.
    """

    def __init__(
        self,
        shape: tuple[int, ...] = (2, 3),
        strides: tuple[int, ...] | None = (3, 1),
        *,
        versioned: bool = True,
        name: Any = None,
        device: Any = (1, 0),
        change: Callable[[Any, Description], None] = lambda managed, tensor: None,
        nbytes: int = 48,
    ) -> None:
        self.memory = (ctypes.c_char * (nbytes + 64)).from_buffer(bytearray(nbytes + 64))
        start = -ctypes.addressof(self.memory) % 64
        self.elements = (ctypes.c_double * (nbytes // 8)).from_buffer(self.memory, start)
        self.elements[:] = range(nbytes // 8)
        self.managed = Versioned() if versioned else Legacy()
        if isinstance(self.managed, Versioned):
            self.managed.major = 1
        tensor = self.managed.tensor
        tensor.data, tensor.device_type, tensor.ndim = ctypes.addressof(self.elements), 1, len(shape)
        tensor.code, tensor.bits, tensor.lanes = 2, 64, 1
        self.shape = (ctypes.c_int64 * 40)(*shape)  # as many as a wrong rank that is not rejected may ask for
        tensor.shape = self.shape
        if strides is not None:
            self.strides = (ctypes.c_int64 * 40)(*strides)
            tensor.strides = self.strides
        self.returned = 0
        self.deleter = DESTRUCTOR(self.give_back)
        self.managed.deleter = ctypes.cast(self.deleter, ctypes.c_void_p).value
        change(self.managed, tensor)
        self.name = name or (VERSIONED if versioned else LEGACY)
        self.device = device
        self.asked: list[dict[str, Any]] = []

    def give_back(self, address: int) -> None:
        assert address == ctypes.addressof(self.managed)
        self.returned += 1

    def __dlpack__(self, **options: Any) -> Any:
        self.asked.append(options)
        return new_capsule(ctypes.addressof(self.managed), self.name, None)

    def __dlpack_device__(self) -> Any:
        return self.device


# --- Arrow ----------------------------------------------------------------------------------------------------------

SCHEMA, ARRAY, USED_ARRAY = ctypes.c_char_p(b"arrow_schema"), ctypes.c_char_p(b"arrow_array"), ctypes.c_char_p(b"used")


class ArrowSchema(ctypes.Structure):
    """ArrowSchema."""

    _fields_ = [
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
    ]


class ArrowArray(ctypes.Structure):
    """ArrowArray."""

    _fields_ = [
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
    ]


def read_arrow(pair: Any) -> tuple[ArrowSchema, ArrowArray]:
    """What a pair of capsules points to."""
    schema, array = pair
    return ArrowSchema.from_address(pointer_of(schema, SCHEMA)), ArrowArray.from_address(pointer_of(array, ARRAY))


def release(structure: ArrowSchema | ArrowArray) -> None:
    """Call a structure's own ``release``, without the GIL."""
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(structure.release)(ctypes.addressof(structure))


class ArrowProducer:
    """An object that exports six floats as an Arrow array, and counts how often they are given back."""

    def __init__(self, change: Callable[[ArrowSchema, ArrowArray], None] = lambda schema, array: None) -> None:
        self.elements = (ctypes.c_double * 6)(*range(6))
        self.buffers = (ctypes.c_void_p * 2)(None, ctypes.addressof(self.elements))
        self.returned = 0
        self.release = DESTRUCTOR(self.give_back)
        self.nothing = DESTRUCTOR(lambda address: None)
        self.schema, self.array = ArrowSchema(), ArrowArray()
        self.schema.format, self.schema.release = b"g", ctypes.cast(self.nothing, ctypes.c_void_p).value
        self.array.length, self.array.n_buffers, self.array.buffers = 6, 2, self.buffers
        self.array.release = ctypes.cast(self.release, ctypes.c_void_p).value
        change(self.schema, self.array)

    def give_back(self, address: int) -> None:
        self.returned += 1
        ArrowArray.from_address(address).release = None

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return (
            new_capsule(ctypes.addressof(self.schema), SCHEMA, None),
            new_capsule(ctypes.addressof(self.array), ARRAY, None),
        )
