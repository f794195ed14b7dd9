"""NumPy's functions on tensors: what ``numpy.exp(t)``, ``array + t`` and ``numpy.float64(2) * t`` compute.

NumPy calls ``Tensor.__array_ufunc__`` for each of them. Where aotops has the operator, aotops computes, as if the
tensor stood on the left; for the rest NumPy does, on the tensors' memory. Either way the result is a tensor, where its
dtype is one of aotops'. With ``out=``, which in-place operators of arrays use, NumPy computes and writes into it.
"""

from __future__ import annotations

from typing import Any

from aotops import _native
from aotops._native import TensorBase
from aotops.dtypes import BY_NAME
from aotops.namespace.operands import is_foreign_number, is_operand


def operator_called(name: str) -> Any:
    """The operator that implements NumPy's function of a name, or None."""
    if name not in _called:
        from aotops import ops  # 20 ms, beside NumPy's 100

        aliases = {alias: record.name for record in ops.collect().values() for alias in record.aliases}
        _called[name] = _native.operators.get(aliases.get(f"numpy.{name}", ""))
    return _called[name]


#: The operators behind NumPy's functions that have been called so far.
_called: dict[str, Any] = dict(_native.operators)


def array_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of a NumPy function one of whose arguments is a tensor; the protocol is ``__array_ufunc__``'s."""
    import numpy

    name = ufunc.__name__
    known = getattr(numpy, name, None) is ufunc  # others make functions of these names too
    operator = operator_called(name) if known else None
    if (
        operator is not None
        and method == "__call__"
        and not options
        and operator.kind in ("map", "zip")
        and len(operator.parameters) == len(inputs)
        and all(is_operand(value) or is_foreign_number(value) for value in inputs)
    ):
        return operator(*inputs)
    outs = options.get("out", ())
    given = {name: as_arrays(value) for name, value in options.items()}
    results = getattr(ufunc, method)(*as_arrays(inputs), **given)
    if not isinstance(results, tuple):
        return outs[0] if outs else as_tensor(results)
    return tuple(
        [
            as_tensor(result) if out is None else out
            for result, out in zip(results, outs or (None,) * len(results), strict=True)
        ]
    )


def as_arrays(value: Any) -> Any:
    """A value in which arrays that share their memory replace tensors, also inside a tuple."""
    if isinstance(value, tuple):
        return tuple([as_arrays(each) for each in value])
    if isinstance(value, TensorBase):
        import numpy

        return numpy.asarray(value)
    return value


def as_tensor(value: Any) -> Any:
    """A result of NumPy as a tensor on its memory, or of a scalar a copy, where there is a dtype for it."""
    import numpy

    from aotops.namespace.creation import asarray

    scalar = isinstance(value, numpy.generic)  # whose memory is read-only
    plain = type(value) is numpy.ndarray or scalar
    return asarray(value, copy=scalar or None) if plain and value.dtype.name in BY_NAME else value
