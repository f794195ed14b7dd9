"""Products of vectors and matrices in array kernels, ``np.dot``, ``@`` and their like, as loops; reshaped arrays.

Numba's own call BLAS, which wheels would have to contain, take floats alone, and copy what is not contiguous. These
take numbers of any type, and any strides. A sum along both operands has eight partial sums, so that it becomes vectors
of any width with the same bits. A product of matrices adds in the order of a plain loop.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba.core import ir, types
from numba.core.ir_utils import get_definition, guard
from numba.extending import overload
from numba.np import numpy_support

from aotops.aot.arrays.pipeline import ArrayCompiler, inlined
from aotops.aot.front.rejection import RejectedError, words
from aotops.aot.front.scalar_calls import build, callable_function

_LANES = range(8)

#: The sum of products along two vectors, of the first ``n`` elements.
_TOTAL = f"""
def total(a, b, n):
    {"; ".join(f"s{k} = zero" for k in _LANES)}
    whole = n - n % 8
    for i in range(0, whole, 8):
{chr(10).join(f"        s{k} += first(a[i + {k}]) * second(b[i + {k}])" for k in _LANES)}
    result = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    for i in range(whole, n):
        result += first(a[i]) * second(b[i])
    return result
"""

#: By the dimensions of both operands. Only the first function raises, and the others index within what it has compared.
_PRODUCTS = {
    (1, 1): """
def product(a, b):
    same(a.shape[0], b.shape[0])
    return total(a, b, a.shape[0])
""",
    (2, 1): """
def product(a, b):
    same(a.shape[1], b.shape[0])
    out = np.empty(a.shape[0], number)
    for i in range(a.shape[0]):
        out[i] = total(a[i], b, a.shape[1])
    return out
""",
    (1, 2): """
def product(a, b):
    same(a.shape[0], b.shape[0])
    out = np.zeros(b.shape[1], number)
    for k in range(b.shape[0]):
        factor = number(a[k])
        for j in range(b.shape[1]):
            out[j] += factor * number(b[k, j])
    return out
""",
    (2, 2): """
def product(a, b):
    same(a.shape[1], b.shape[0])
    out = np.zeros((a.shape[0], b.shape[1]), number)
    if a.shape[0] > 8:
        multiply(a, np.ascontiguousarray(b), out)
    else:
        multiply(a, b, out)
    return out
""",
}

_MULTIPLY = """
def multiply(a, b, out):
    n, whole = a.shape[1], a.shape[1] - a.shape[1] % 4
    for i in range(a.shape[0]):
        for k in range(0, whole, 4):
            a0, a1, a2, a3 = number(a[i, k]), number(a[i, k + 1]), number(a[i, k + 2]), number(a[i, k + 3])
            for j in range(b.shape[1]):
                out[i, j] = (
                    ((out[i, j] + a0 * number(b[k, j])) + a1 * number(b[k + 1, j])) + a2 * number(b[k + 2, j])
                ) + a3 * number(b[k + 3, j])
        for k in range(whole, n):
            factor = number(a[i, k])
            for j in range(b.shape[1]):
                out[i, j] += factor * number(b[k, j])
"""


def _compiled(source: str, name: str, names: dict[str, Any], **options: bool) -> Any:
    names = {"np": np, **names}
    exec(source, names)
    return numba.njit(names[name], pipeline_class=ArrayCompiler, error_model="numpy", **options)


@cache
def _total(number: Any, conjugate: bool) -> Any:
    """Return the compiled sum of products along two vectors; ``conjugate``: of the conjugates of the first."""
    first = numba.njit(lambda x: np.conj(number(x))) if conjugate else number
    return _compiled(_TOTAL, "total", {"zero": number(0), "first": first, "second": number})


def _same(n: int, m: int) -> None:
    if n != m:
        raise ValueError("the sizes of the operands of a product must be equal")


@cache
def _product(ranks: tuple[int, int], number: Hashable, conjugate: bool) -> Any:
    """Return the compiled product of arrays of some dimensions, computed in a scalar type of NumPy."""
    names: dict[str, Any] = {"number": number, "same": _compiled_same()}
    if 1 in ranks:
        names["total"] = _total(number, conjugate)
    names["multiply"] = _compiled(_MULTIPLY, "multiply", names)
    return _compiled(_PRODUCTS[ranks], "product", names)


@cache
def _compiled_same() -> Any:
    return _compiled("", "same", {"same": _same}, forceinline=True)


def _rank(type_: Any) -> int:
    if isinstance(type_, types.Array):
        return int(type_.ndim)
    return 0 if isinstance(type_, (types.Number, types.Boolean)) else -1


def _product_function(name: str, *allowed: tuple[int, int], conjugate: bool = False) -> Any:
    """Return a function that Numba compiles to a product of two arrays of some dimensions."""

    def choose(a: Any, b: Any, out: Any) -> Any:
        ranks = _rank(a), _rank(b)
        if ranks not in allowed:
            given = f"{words(str(a))} and {words(str(b))}"
            raise RejectedError(f"{name}: the arguments must be vectors or matrices, got {given}; write loops")
        if 0 in ranks:
            text = "a * b"
            names: dict[str, Any] = {}
        else:
            dtype = np.result_type(*(numpy_support.as_dtype(each.dtype) for each in (a, b)))
            if dtype.kind not in "iufc":
                raise RejectedError(f"{name}: the arguments must be arrays of numbers, got {dtype}; write loops")
            text = "product(a, b)"
            number: Any = dtype.type
            names = {"product": _product(ranks, number, conjugate and dtype.kind == "c")}
        if out is None or isinstance(out, (types.Omitted, types.NoneType)):
            return build(f"lambda a, b, out=None: {text}", names)
        source = f"def store(a, b, out):\n    out[:] = {text}\n    return out\n"
        return build("lambda a, b, out=None: store(a, b, out)", {"store": _compiled(source, "store", names)})

    return _overloaded(name, "a, b, out=None", "a, b, out", choose)


def _overloaded(name: str, parameters: str, arguments: str, choose: Callable[..., Any]) -> Any:
    stub = build(f"lambda {parameters}: None", {})
    stub.__name__ = name.rpartition(".")[2]
    overload(stub, jit_options=inlined())(build(f"lambda {parameters}: choose({arguments})", {"choose": choose}))
    return stub


_NORM = """
def norm(x):
    result = zero
    for each in x.flat:
        result += real(each) * real(each) + imaginary(each) * imaginary(each)
    return root(result)
"""


def _norm() -> Any:
    """Return ``np.linalg.norm`` of all elements of a vector or a matrix."""

    def choose(x: Any) -> Any:
        if _rank(x) not in (1, 2):
            raise RejectedError(f"np.linalg.norm: the argument must be a vector or a matrix, got {words(str(x))}")
        dtype = numpy_support.as_dtype(x.dtype)
        number: Any = dtype.type if dtype.kind in "fc" else np.float64
        root = callable_function("math.sqrt", False)
        if dtype.kind == "c":
            own = type(number(0).real)
            source, names = _NORM, {"zero": own(0), "real": _REAL, "imaginary": _IMAGINARY, "root": root}
        else:
            flat = "x" if x.ndim == 1 else "x.copy().reshape(-1)"
            source = f"def norm(x):\n    flat = {flat}\n    return root(total(flat, flat, flat.shape[0]))\n"
            names = {"root": root, "total": _total(number, False)}
        return build("lambda x: norm(x)", {"norm": _compiled(source, "norm", names)})

    return _overloaded("np.linalg.norm", "x", "x", choose)


_KRON = """
def kron(a, b):
    n, m, k, l = {sizes}
    out = np.empty(({shape}), number)
    for i in range(n):
        for p in range(k):
            for j in range(m):
                for q in range(l):
                    out[{row}j * l + q] = number(a[{left}j]) * number(b[{right}q])
    return out
"""


def _kron() -> Any:
    """Return ``np.kron``, which Numba has of contiguous arrays of one dtype alone."""

    def choose(a: Any, b: Any) -> Any:
        ranks = _rank(a), _rank(b)
        if not {*ranks} <= {0, 1, 2}:
            given = f"{words(str(a))} and {words(str(b))}"
            raise RejectedError(f"np.kron: the arguments must be vectors or matrices, got {given}; write loops")
        if 0 in ranks:
            return build("lambda a, b: a * b", {})
        is_flat = ranks == (1, 1)
        sizes = [
            f"{name}.shape[0], {name}.shape[1]" if rank == 2 else f"1, {name}.shape[0]"
            for name, rank in zip("ab", ranks, strict=True)
        ]
        source = _KRON.format(
            sizes=", ".join(sizes),
            shape="m * l" if is_flat else "n * k, m * l",
            row="" if is_flat else "i * k + p, ",
            left="i, " if ranks[0] == 2 else "",
            right="p, " if ranks[1] == 2 else "",
        )
        dtype: Any = np.result_type(*(numpy_support.as_dtype(each.dtype) for each in (a, b)))
        return build("lambda a, b: kron(a, b)", {"kron": _compiled(source, "kron", {"number": dtype.type})})

    return _overloaded("np.kron", "a, b", "a, b", choose)


_COVARIANCE = """
def covariance(x, bias, ddof):
    if ddof is None:
        lost = 0 if bias else 1
    else:
        lost = ddof
    centred = np.empty_like(x)
    for i in range(x.shape[0]):
        centred[i] = x[i] - x[i].sum() / x.shape[1]
    out = product(centred, np.conj(centred).T)
    out *= 1.0 / max(x.shape[1] - lost, 0.0)
    return out
"""


@cache
def covariance() -> Any:
    """Return the covariances of the rows of a matrix, in place of Numba's, which calls BLAS."""
    return _compiled(_COVARIANCE, "covariance", {"product": products()[np.matmul]})


_REAL = numba.njit(lambda x: x.real)
_IMAGINARY = numba.njit(lambda x: x.imag)

_ARRAYS = ((1, 1), (2, 1), (1, 2), (2, 2))
_NUMBERS = ((0, 0), (0, 1), (0, 2), (1, 0), (2, 0))


@cache
def products() -> dict[Any, Any]:
    """Return the functions of products by those of NumPy that they stand for."""
    return {
        np.dot: _product_function("np.dot", *_ARRAYS, *_NUMBERS),
        np.matmul: _product_function("@", *_ARRAYS),
        np.vdot: _product_function("np.vdot", (1, 1), conjugate=True),
        np.inner: _product_function("np.inner", (1, 1), *_NUMBERS),
        np.kron: _kron(),
        np.linalg.norm: _norm(),
        np.reshape: _reshape(),
        np.diff: _difference(),
    }


def dot_method(func_ir: Any, call: Any) -> Any:
    """Return the variable of ``x`` in a call ``x.dot(y)``; None for another call."""
    attribute = guard(get_definition, func_ir, call.func)
    if not (isinstance(attribute, ir.Expr) and attribute.op == "getattr" and attribute.attr == "dot"):
        return None
    return None if is_module(func_ir, attribute.value) else attribute.value


def is_module(func_ir: Any, variable: Any) -> bool:
    """Whether a variable holds a module, or one inside it."""
    definition = guard(get_definition, func_ir, variable)
    if isinstance(definition, ir.Expr) and definition.op == "getattr":
        return is_module(func_ir, definition.value)
    return isinstance(definition, (ir.Global, ir.FreeVar)) and isinstance(definition.value, ModuleType)


@cache
def contiguous() -> Any:
    """Return a function that copies what Numba does not reshape, unless it could be written through the result."""

    def choose(x: Any) -> Any:
        copies = isinstance(x, types.Array) and (x.layout == "F" or (x.layout == "A" and not x.mutable))
        return build(f"lambda x: {'np.ascontiguousarray(x)' if copies else 'x'}", {"np": np})

    return _overloaded("contiguous", "x", "x", choose)


def _difference() -> Any:
    """Return ``np.diff``, which Numba has of contiguous arrays alone."""

    def choose(x: Any, n: Any) -> Any:
        given = "np.ascontiguousarray(x)" if isinstance(x, types.Array) else "x"
        return build(f"lambda x, n=1: np.diff({given}, n)", {"np": np})

    return _overloaded("np.diff", "x, n=1", "x, n", choose)


def _reshape() -> Any:
    names = {"contiguous": contiguous()}

    def choose(x: Any, shape: Any) -> Any:
        return build("lambda x, shape: contiguous(x).reshape(shape)", names)

    return _overloaded("np.reshape", "x, shape", "x, shape", choose)
