"""Estimate the length of a scalar function with all that it calls, before it is compiled: it decides on the loop nest.

A rough measure suffices. It must not depend on Numba or LLVM, since the loop nest is part of a kernel's fingerprint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dis import get_instructions
from types import FunctionType
from typing import Any

from aotops import ops
from aotops.ops.record import FLOATS
from aotops.scalar.functions import codes, has_loop, has_power, plain
from aotops.scalar.mathematics import NUMPY, is_substituted, record_called_by

#: The weight of a loop's body: a short loop may be unrolled.
LOOP = 8
#: An upper bound, since the lengths of nested calls multiply.
ENDLESS = 10**9


def length(function: Callable[..., Any], dtype: str) -> int:
    """Return the number of bytecode instructions in a function and in all that it calls, once per reference."""
    done: dict[Any, int] = {}
    records = ops.collect()

    def of(value: Any) -> int:
        value = plain(value)
        record = record_called_by(value)
        if record is not None:
            own = dtype if dtype in record.dtypes else record.casts.get(dtype, record.dtypes[-1])
            value = record.scalar_for(own)
        if not isinstance(value, FunctionType):
            return 0
        if value not in done:
            done[value] = 0  # recursion is rejected later
            steps = sum(1 for code in codes(value) for _ in get_instructions(code))
            power = of(records["pow"].scalar_for(dtype if dtype in FLOATS else "float64")) if has_power(value) else 0
            total = (steps + power + sum(of(each) for each in named(value, dtype))) * (LOOP if has_loop(value) else 1)
            done[value] = min(total, ENDLESS)
        return done[value]

    return of(function)


def named(function: FunctionType, dtype: str) -> Iterator[Any]:
    """Yield the values that a function refers to, once per reference: globals, closures and attributes of modules."""
    records = ops.collect()
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for code in codes(function):
        module: Any = None
        for instruction in get_instructions(code):
            name = instruction.argval
            if instruction.opname == "LOAD_GLOBAL":
                value = function.__globals__.get(name)
                module = value if is_substituted(value) else None
                yield value
            elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and module is not None:
                ours = NUMPY.get(name, name) if module is not math or name in NUMPY else None
                record = records.get(ours) if ours else None
                if record is not None:
                    yield record.scalar_for(dtype) if dtype in record.dtypes else record.scalar
                module = None
            elif instruction.opname in ("LOAD_DEREF", "LOAD_CLASSDEREF") and name in closure:
                yield closure[name].cell_contents
