"""When two kernels are the same: a digest of a function's code and of all that it refers to."""

from __future__ import annotations

import dis
import hashlib
import sys
import types as python_types
from typing import Any

import numpy as np

from aotops import ops
from aotops.functions import global_names, plain
from aotops.intrinsics import CommonCase, Pattern, Signature, Table
from aotops.mathematics import NUMPY, is_substituted, meant_by
from aotops.ops.record import Record

#: A code's flag of having a docstring, since Python 3.14; before, a function's first constant is its docstring or None.
HAS_DOCSTRING = 0x4000000


def without_docstring(code: python_types.CodeType) -> tuple[bytes, tuple[Any, ...]]:
    """The instructions and constants of a function as they are where it has no docstring."""
    instructions, constants = code.co_code, code.co_consts
    if sys.version_info < (3, 14):
        return instructions, (None, *constants[1:]) if constants and isinstance(constants[0], str) else constants
    if not code.co_flags & HAS_DOCSTRING:
        return instructions, constants
    # each constant is known by a number less; beyond the 256th, of which a scalar function has none, it is not
    pairs = zip(instructions[::2], instructions[1::2], strict=True)
    shifted = [(op, argument - 1 if op in dis.hasconst and argument else argument) for op, argument in pairs]
    return bytes(byte for pair in shifted for byte in pair), constants[1:] or (None,)


def fingerprint(*values: Any) -> str:
    """A digest of functions and plain values: equal as long as the same code would be compiled.

    A function counts by its instructions, its constants and all that it refers to; comments, docstrings and
    places in the file do not count.
    """
    digest = hashlib.sha256()
    seen: dict[Any, int] = {}

    records = ops.collect()

    def feed_record(record: Record) -> None:
        feed(record.name)
        for dtype in record.dtypes:
            feed((dtype, record.scalar_for(dtype), record.common.get(dtype, ())))

    def feed(value: Any) -> None:
        value = plain(value)
        record = meant_by(value)
        if record is not None:
            feed_record(record)
        elif isinstance(value, python_types.FunctionType):
            if value in seen:
                digest.update(f"function {seen[value]};".encode())
                return
            seen[value] = len(seen)
            feed(value.__code__)
            feed(value.__defaults__)
            feed(getattr(value, "constants", None))  # of ``intrinsics.in_float64``
            for name in global_names(value):
                feed(value.__globals__[name])
                if is_substituted(value.__globals__[name]):
                    for attribute in value.__code__.co_names:
                        if NUMPY.get(attribute, attribute) in records:
                            feed_record(records[NUMPY.get(attribute, attribute)])
            for cell in value.__closure__ or ():
                feed(cell.cell_contents)
        elif isinstance(value, python_types.CodeType):
            instructions, constants = without_docstring(value)
            feed(instructions)
            feed(value.co_names)
            feed(value.co_varnames)
            feed(constants)
        elif isinstance(value, python_types.ModuleType):
            feed(value.__name__)
        elif isinstance(value, (tuple, list)):
            digest.update(f"{len(value)}(".encode())
            for item in value:
                feed(item)
        elif isinstance(value, Signature):
            feed((value.inputs, value.output))
        elif isinstance(value, CommonCase):
            feed(("common case", value.function))
        elif isinstance(value, Pattern):
            feed(value.moves)
        elif isinstance(value, Table):
            feed(value.values)
        elif isinstance(value, np.ndarray):  # whose text leaves out what is in the middle
            digest.update(f"{value.dtype.str} {value.shape} {value.flags.f_contiguous};".encode() + value.tobytes())
        else:
            digest.update(f"{type(value).__name__} {value!r};".encode())

    feed(values)
    return digest.hexdigest()
