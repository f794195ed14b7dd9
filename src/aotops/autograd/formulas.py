"""What the formula of a derivative reads: seen in its bytecode, so that nobody has to declare it."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from aotops.ops.record import Record


def reads_and_passes(record: Record) -> tuple[int, int]:
    """The parameters that a derivative reads, and its results that are the incoming gradient itself, as bit masks."""
    functions = [record.scalar, *record.specialised.values()]
    read = 0
    for function in functions:
        read |= parameters_read(function)
    last = 1 << record.inputs - 1
    passed = ~0
    for function in functions:
        passed &= results_passed(function) if read == last else 0
    return read | last, passed & 0xFFFF


def parameters_read(function: Callable[..., Any]) -> int:
    """The parameters of a function whose values it loads, as a bit mask."""
    from dis import get_instructions

    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    loaded: set[str] = set()
    for instruction in get_instructions(code):
        if instruction.opname.startswith(("LOAD_", "STORE_FAST_LOAD_FAST")):  # from 3.13 on, one may load two
            value = instruction.argval
            loaded |= set(value) if isinstance(value, tuple) else {value} if isinstance(value, str) else set()
    return sum([1 << k for k, name in enumerate(names) if name in loaded])


class Opaque:
    """Something with which nothing can be done but to pass it on."""

    def _refuse(self, *others: Any) -> NoReturn:
        raise TypeError

    __eq__ = __ne__ = __bool__ = __hash__ = _refuse


def results_passed(function: Callable[..., Any]) -> int:
    """Of a function that reads only its last parameter: the results that are that parameter, as a bit mask."""
    code = function.__code__
    gradient = Opaque()
    try:
        result = function(*[Opaque() for _ in range(code.co_argcount - 1)], gradient)
    except Exception:  # it computes with it, which the kernel does
        return 0
    results = result if isinstance(result, tuple) else (result,)
    return sum([1 << k for k, each in enumerate(results) if each is gradient])
