"""Numbers that compute in plain Python as kernels do: integers that wrap around, float32 that rounds, no exceptions.

A user's scalar function that runs as plain Python is given these in place of Python's own numbers, and so are its
constants. They are subclasses of int, float and complex, so that they can index, count, and be passed to ``math``. What
an operation of two of them means is defined in ``aotops.scalar.callables``, for kernels as well; each type adds only
this:

- ``Int64`` and ``UInt64`` wrap around, and the former becomes the latter beside it. ``Bool`` is what comparisons give;
  it counts as an integer, as Python's does.
- ``Float64`` is Python's float that never raises; ``Float32`` rounds each result, which for ``+ - * /`` of two float32
  is the same as computing in float32.
- ``Complex64`` and ``Complex128`` have parts of these types; ``aotops.scalar.callables`` has their operations, too.
- Integers are weak beside floats, and Python's own floats beside ``Float32``. Operators of aotops have such constants.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from aotops.abi import FACTS, computed
from aotops.intrinsics import divide, integer, narrow, wrap_int64, wrap_uint64

#: The operations that differ from Python's own, by name; ``aotops.scalar.callables``, which imports these types, fills
#: this table.
OPERATIONS: dict[str, Callable[..., Any]] = {}


#: Those of complex numbers, by the names of the functions that compute them of Python's own numbers.
COMPLEX_OPERATIONS = {name: f"operator.{name}" for name in ("add", "sub", "mul", "eq", "ne", "lt", "le", "gt", "ge")}
COMPLEX_OPERATIONS["divide"] = "operator.truediv"


class Number:
    """The operators that all of the types share."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return _arithmetic(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _arithmetic(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _arithmetic(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _arithmetic(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _arithmetic(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _arithmetic(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _arithmetic(divide, self, other, Float64)

    def __rtruediv__(self, other: Any) -> Any:
        return _arithmetic(divide, other, self, Float64)

    def __floordiv__(self, other: Any) -> Any:
        return _defined("operator.floordiv", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _defined("operator.floordiv", other, self)

    def __mod__(self, other: Any) -> Any:
        return _defined("operator.mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return _defined("operator.mod", other, self)

    def __divmod__(self, other: Any) -> Any:
        return _defined("builtins.divmod", self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _defined("builtins.divmod", other, self)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        return NotImplemented if modulus is not None else _power(self, other)

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        return NotImplemented if modulus is not None else _power(other, self)

    def __neg__(self) -> Any:
        return _arithmetic(lambda a, b: -b, self, self)

    def __pos__(self) -> Any:
        return _arithmetic(lambda a, b: +b, self, self)

    def __abs__(self) -> Any:
        return _arithmetic(lambda a, b: abs(b), self, self)

    def __lt__(self, other: Any) -> Any:
        return _arithmetic(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _arithmetic(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _arithmetic(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _arithmetic(operator.ge, self, other)

    def __eq__(self, other: Any) -> Any:
        return _arithmetic(operator.eq, self, other)

    def __ne__(self, other: Any) -> Any:
        return _arithmetic(operator.ne, self, other)


class Whole(Number, int):
    """An integer."""

    __slots__ = ()
    __hash__ = int.__hash__

    @property
    def real(self) -> Any:
        """The number itself."""
        return self

    @property
    def imag(self) -> Any:
        """0."""
        return type(self)(0)

    def conjugate(self) -> Any:
        """The number itself."""
        return self

    def __and__(self, other: Any) -> Any:
        return _defined("operator.and_", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return _defined("operator.or_", self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return _defined("operator.xor", self, other)

    __rxor__ = __xor__

    def __lshift__(self, other: Any) -> Any:
        return _defined("operator.lshift", self, other)

    def __rlshift__(self, other: Any) -> Any:
        return _defined("operator.lshift", other, self)

    def __rshift__(self, other: Any) -> Any:
        return _defined("operator.rshift", self, other)

    def __rrshift__(self, other: Any) -> Any:
        return _defined("operator.rshift", other, self)

    def __invert__(self) -> Any:
        return type(self)(~int(self))


class Int64(Whole):
    """An int64."""

    __slots__ = ()

    def __new__(cls, value: int = 0) -> Int64:
        """An integer, wrapped around."""
        return int.__new__(cls, wrap_int64(int(value)))

    def __invert__(self) -> Any:
        return Int64(~int(self))


class UInt64(Whole):
    """A uint64."""

    __slots__ = ()

    def __new__(cls, value: int = 0) -> UInt64:
        """An integer, wrapped around."""
        return int.__new__(cls, wrap_uint64(value))


class Literal(Int64):
    """An integer constant of the code or of the module: raised to one that is negative, an integer gives a float."""

    __slots__ = ()


class Bool(Int64):
    """A bool: Python's own can have no subclass."""

    __slots__ = ()

    def __new__(cls, value: Any = False) -> Bool:
        """Whether a number is not 0."""
        return int.__new__(cls, bool(value))

    def __repr__(self) -> str:
        return str(bool(self))

    def __invert__(self) -> Any:
        return OPERATIONS["operator.invert"](self)


class Real(Number, float):
    """A float."""

    __slots__ = ()
    __hash__ = float.__hash__

    @property
    def real(self) -> Any:
        """The number itself."""
        return self

    @property
    def imag(self) -> Any:
        """0."""
        return type(self)(0.0)

    def conjugate(self) -> Any:
        """The number itself."""
        return self


class Float64(Real):
    """A float64."""

    __slots__ = ()


class Float32(Real):
    """A float32."""

    __slots__ = ()

    def __new__(cls, value: Any = 0.0) -> Float32:
        """The nearest float32."""
        return float.__new__(cls, narrow(value))

    def next_after(self, other: Any) -> Any:
        """The float32 next to this one towards another."""
        return Float32(OPERATIONS["next_float32"](float(self), float(other)))


class Complex(Number, complex):
    """A complex number, with parts of one type."""

    __slots__ = ()
    __hash__ = complex.__hash__
    part: type[Any] = Float64

    def __new__(cls, value: Any = 0.0) -> Any:
        """The number with the nearest parts."""
        whole = complex(value)
        return complex.__new__(cls, float(cls.part(whole.real)), float(cls.part(whole.imag)))

    @property
    def real(self) -> Any:
        """The real part."""
        return self.part(complex(self).real)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return self.part(complex(self).imag)

    def conjugate(self) -> Any:
        """The number with the other sign of the imaginary part."""
        return type(self)(complex(self).conjugate())

    def __neg__(self) -> Any:
        return OPERATIONS["operator.neg"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return OPERATIONS["builtins.abs"](self)


class Complex64(Complex):
    """A complex number of float32."""

    __slots__ = ()
    part = Float32


class Complex128(Complex):
    """A complex number of float64."""

    __slots__ = ()


#: By the dtypes that functions compute in (``aotops.abi.computed``).
TYPES: dict[str, type[Any]] = {
    "bool": Bool,
    "int64": Int64,
    "uint64": UInt64,
    "float32": Float32,
    "float64": Float64,
    "complex64": Complex64,
    "complex128": Complex128,
}


def held(value: Any, dtype: str) -> Any:
    """A number after storing it in a dtype, in the type that functions compute in: int64 for narrow integers."""
    fact = FACTS[dtype]
    if fact.category == "integer":
        value = fact.wrapped(integer(value))
    if isinstance(value, complex) and fact.kind not in ("complex", "bool"):
        raise TypeError(f"expected a real number, got {value}; take its absolute value or a part of it")
    return TYPES[computed(dtype)](value)


def number(value: Any, float_type: type[Any] = Float64, whole: type[Any] = Int64) -> Any:
    """A Python number as one of the types, a plain float as one of ``float_type``; anything else as it is."""
    if isinstance(value, Number):
        return value
    if isinstance(value, bool):
        return Bool(value)
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, complex):
        return (Complex64 if float_type is Float32 else Complex128)(value)
    return float_type(value) if isinstance(value, float) else value


def dtype_of(value: Any) -> str:
    """The name of a number's dtype; ``TypeError`` for anything but a number."""
    for dtype, kind in TYPES.items():
        if type(value) is kind:
            return dtype
    for dtype, kind in (("bool", bool), ("int64", int), ("float64", float), ("complex128", complex)):
        if isinstance(value, kind):
            return dtype
    raise TypeError(f"expected a number, got {type(value).__name__}")


def _common(a: Any, b: Any) -> type[Any] | None:
    """The type of a sum of two numbers; None if either is not a number."""
    if not (isinstance(a, (int, float, complex)) and isinstance(b, (int, float, complex))):
        return None
    floating = [value for value in (a, b) if isinstance(value, (float, complex))]
    if not floating:
        return UInt64 if isinstance(a, UInt64) or isinstance(b, UInt64) else Int64
    is_wide = any(isinstance(value, (Float64, Complex128)) for value in floating)
    is_narrow = not is_wide and any(isinstance(value, (Float32, Complex64)) for value in floating)
    if any(isinstance(value, complex) for value in floating):
        return Complex64 if is_narrow else Complex128
    return Float32 if is_narrow else Float64


def _arithmetic(operation: Any, a: Any, b: Any, of_integers: type[Any] | None = None) -> Any:
    """An operation of two numbers converted to their common type, or to ``of_integers``, and its result in it."""
    kind = _common(a, b)
    if kind is None:
        return NotImplemented
    if issubclass(kind, Complex):
        return OPERATIONS[COMPLEX_OPERATIONS[operation.__name__]](a, b)
    if issubclass(kind, Whole):
        if of_integers is not None:
            a, b, kind = float(kind(a)), float(kind(b)), of_integers
        else:
            a, b = int(a), int(b)
    else:
        a, b = float(kind(a)), float(kind(b))
    result = operation(a, b)
    return Bool(result) if isinstance(result, bool) else kind(result)


def _defined(name: str, a: Any, b: Any) -> Any:
    """The value of one of ``aotops.scalar.callables``."""
    if _common(a, b) is None:
        return NotImplemented
    return OPERATIONS[name](a, b)


def _power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` as kernels compute it."""
    if _common(base, exponent) is None:
        return NotImplemented
    return OPERATIONS["power"](base, exponent)


# --- what functions count through ---------------------------------------------------------------------------------


def _range(*bounds: Any) -> Iterator[Int64]:
    return map(Int64, range(*bounds))


def _enumerate(values: Any, start: int = 0) -> Iterator[tuple[Int64, Any]]:
    return zip(_range(start, start + len(values)), values, strict=True)


def _zip(*values: Any) -> Iterator[tuple[Any, ...]]:
    return zip(*values, strict=False)


def _len(values: Any) -> Int64:
    return Int64(len(values))


#: The builtins of ``callables.LOOPS`` that give these numbers.
LOOPS = {"range": _range, "enumerate": _enumerate, "zip": _zip, "len": _len}


class Array:
    """A NumPy array of constants, which gives its items as these numbers."""

    def __init__(self, array: Any, whole: type[Any] = Int64) -> None:
        self.array, self.whole = array, whole
        self.shape, self.size, self.ndim = tuple(map(Int64, array.shape)), Int64(array.size), Int64(array.ndim)

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Any) -> Any:
        part = self.array[index]
        if getattr(part, "ndim", 0):
            return Array(part, self.whole)
        is_narrow = part.dtype.itemsize <= (8 if part.dtype.kind == "c" else 4)
        return number(part.item(), Float32 if is_narrow else Float64, self.whole)
