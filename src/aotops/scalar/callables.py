"""What a scalar function may call, and what each of these means: one table, for kernels and for plain Python.

A name of ``builtins``, ``math``, ``operator`` or ``numpy`` that is not in the table cannot be called. Every name in
it has a value for all arguments, computed by a function below, by an operator of aotops, or by the C library:

- Integers are int64 and wrap around, or uint64 where any of the arguments is. A bool counts as 0 or 1. Division by zero
  is 0, a shift by 64 or more, or by less than 0, shifts all bits out.
- Floats have the IEEE 754 result where Python raises: NaN outside of a function's domain, an infinity at a pole and
  where the result is too large.
- A float is truncated to an integer; it becomes the smallest int64 if it is out of range or NaN.

``takes`` has a letter for each argument, which says how the argument is converted:

==  =================================================================================================================
n   a number. All of them have one type: complex if any is, else a float if any is; as narrow as all of these are; or an
    integer.
f   as ``n``, but never an integer: those without a float beside them are float64.
c   as ``n``, but always complex.
o   as ``n``, but an integer that is compared with integers alone keeps its own type.
i   an integer or a bool; a float is an error.
k   a count: as ``i``, but always int64.
w   an integer; a bool, or a float, is an error.
l   bits: all of them bools, or integers.
b   a condition: whether the number is not 0.
==  =================================================================================================================
"""

from __future__ import annotations

import cmath  # noqa: F401  its functions are in the table
import math
import operator  # noqa: F401  its functions are in the table
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from aotops import errors, intrinsics, ops
from aotops.abi import FACTS
from aotops.intrinsics import (
    LIBRARY,
    bits_of_float64,
    divide,
    integer,
    integral_part,
    load_exponent,
    narrow,
    next_after,
    quotient,
    rint,
    select,
    square_root,
    widen,
    wrap_int64,
    wrap_uint64,
)
from aotops.ops.float_arithmetic import INF
from aotops.ops.record import COMPLEX, FLOATS, INT64, Record
from aotops.scalar.plain_numbers import OPERATIONS, TYPES, Float64, Int64, Literal, UInt64, dtype_of, held, number

SMALLEST = -(2**63)

Scalar = Callable[..., Any]


class Named:
    """An operator of aotops, by its name, as the functions below call it; Python's integers are of dtype ``whole``."""

    def __init__(self, name: str, whole: str = "int64") -> None:
        self.name, self.whole = name, whole

    def __repr__(self) -> str:
        return f"aotops.{self.name}"

    @property
    def record(self) -> Record:
        """Its record."""
        return ops.collect()[self.name]

    def __call__(self, *values: Any) -> Any:
        """The operator's value for one element, computed with plain Python's numbers."""
        record = self.record
        dtype = called_dtype(record, [self.whole if type(value) is int else dtype_of(value) for value in values])
        given = [held(value, own) for value, own in zip(values, record.inputs_for(dtype), strict=True)]
        return held(record.scalar_for(dtype)(*given), record.result_for(dtype))


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a function means.

    Attributes:
        name: how errors call it.
        takes: a letter for each argument.
        integers: its value for int64 arguments.
        floats: its value for float arguments, or for any real ones where ``integers`` is None.
        unsigned: its value for uint64 arguments.
        complexes: its value for complex arguments.
        folds: whether it takes any number of arguments, combined in pairs from the left.
        result: the dtype of a float result, or of an integer one, if it is not that of the arguments.
    """

    name: str
    takes: str
    integers: Any
    floats: Any
    unsigned: Any = None
    complexes: Any = None
    folds: bool = False
    result: str = ""

    def convert(self, dtypes: list[str]) -> tuple[list[str], Any]:
        """The dtypes to which arguments of some dtypes are converted, and the function to call.

        Raises ``TypeError`` for an argument that must be an integer and is not, or must be real and is not.
        """
        letters = self.takes * (len(dtypes) // len(self.takes)) if self.folds else self.takes
        pairs = list(zip(letters, dtypes, strict=True))
        common = common_dtype([dtype for letter, dtype in pairs if letter in "nfco"])
        if "f" in letters and is_integer(common):
            common = "float64"
        if "c" in letters:
            common = "complex64" if common in ("float32", "complex64") else "complex128"
        whole = common_dtype([dtype for letter, dtype in pairs if letter in "iwl" and is_integer(dtype)])
        bits = "bool" if all(dtype == "bool" for dtype in dtypes) else whole
        for letter, dtype in pairs:
            if letter in "ikwl" and dtype in FLOATS:
                reject_arguments(self.name, "integers", dtype, "convert with int(x)")
            if letter in "ikwl" and dtype in COMPLEX:
                reject_arguments(self.name, "integers", dtype, "convert with int(x.real)")
            if letter == "w" and dtype == "bool":
                reject_arguments(self.name, "integers", dtype, "write `not x`")
        if self.integers is None and is_integer(common) and "n" in letters:
            reject_arguments(self.name, "floats", common, "convert with float(x)")
        function, wanted_kind, advice = self.integers, "integers", "convert with int(x)"
        if common in COMPLEX:
            function, wanted_kind, advice = self.complexes, "real numbers", "compute with abs(x), x.real or x.imag"
        elif self.integers is None or common in FLOATS:
            function = self.floats
        elif "uint64" in (common, whole):
            function = self.unsigned
        if function is None:
            reject_arguments(self.name, wanted_kind, common, advice)

        def to(letter: str, dtype: str) -> str:
            if letter == "o" and is_integer(common):
                return "uint64" if dtype == "uint64" else "int64"
            return {"i": whole, "w": whole, "k": "int64", "l": bits, "b": "bool"}.get(letter, common)

        return [to(*pair) for pair in pairs], function

    def in_plain_python(self, *values: Any) -> Any:
        """The value for plain Python's numbers, or for those of ``aotops.scalar.plain_numbers``."""
        dtypes, function = self.convert([dtype_of(value) for value in values])
        kinds: dict[str, Any] = {**TYPES, "bool": bool, "int64": int, "uint64": lambda x: int(x) % 2**64}
        result, *others = [kinds[dtype](value) for dtype, value in zip(dtypes, values, strict=True)]
        if not self.folds:
            result = function(result, *others)
        for other in others if self.folds else ():
            result = function(result, other)
        # Python's own floats, which some functions give, have the dtype of what they are computed from
        is_narrow = not {"float32", "complex64"}.isdisjoint(dtypes)
        floating, integral = "float32" if is_narrow else "float64", "uint64" if "uint64" in dtypes else "int64"
        kind = TYPES[self.result if self.result in FLOATS else floating]
        whole = TYPES[self.result if is_integer(self.result) else integral]
        if isinstance(result, tuple):
            return tuple(number(each, kind, whole) for each in result)
        return number(result, kind, whole)


def common_dtype(dtypes: list[str]) -> str:
    """The dtype in which numbers of some dtypes are computed with.

    Integers are weak beside floats, and signed ones wrap around beside uint64, as in C.
    """
    floating = [dtype for dtype in dtypes if dtype in (*FLOATS, *COMPLEX)]
    if not floating:
        return "uint64" if "uint64" in dtypes else "int64"
    is_narrow = all(dtype in ("float32", "complex64") for dtype in floating)
    if any(dtype in COMPLEX for dtype in floating):
        return "complex64" if is_narrow else "complex128"
    return "float32" if is_narrow else "float64"


#: What to do instead of comparing complex numbers.
UNORDERED = "complex numbers have no order; compute with abs(x), x.real or x.imag"


def reject_arguments(name: str, wanted: str, got: str, advice: str) -> NoReturn:
    """Raise ``TypeError`` for arguments of a function of the table."""
    errors.reject(TypeError, name.removeprefix("builtins."), "arguments", f"be {wanted}", got, advice)


# --- operators that a scalar function calls -----------------------------------------------------------------------


def bound(record: Record, values: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    """The arguments of a call in the order of an operator's parameters; None for those that are left out."""
    for name in named:
        if name not in record.parameters[len(values) :]:
            errors.unexpected_keyword(record.variable, name, ", ".join(record.parameters))
    required = record.inputs - len(record.defaults)
    missing = set(record.parameters[len(values) :]) - set(named) - set(record.defaults)
    if len(values) > record.inputs or missing:
        errors.wrong_count(record.variable, " ".join(record.parameters), required, len(values) + len(named))
    return [*values, *(named.get(name) for name in record.parameters[len(values) :])]


def called_dtype(record: Record, dtypes: list[str | None]) -> str:
    """The dtype in which an operator computes one element of arguments of some dtypes; None is one that is left out.

    Raises ``TypeError`` for an argument that may not be left out, for a float where an input is always an integer, and
    for dtypes that the operator does not compute with.
    """
    strong: list[str] = []
    for parameter, dtype in zip(record.parameters, dtypes, strict=True):
        own = record.fixed.get(parameter)
        if dtype is None:
            if parameter not in record.defaults:
                errors.reject(TypeError, record.variable, parameter, "be a number", None)
        elif own is None:
            strong.append(dtype)
        elif dtype in FLOATS and is_integer(own):
            errors.reject(TypeError, record.variable, parameter, "be an integer", dtype, "convert with int(x)")
        elif dtype in COMPLEX and own not in COMPLEX:
            errors.reject(TypeError, record.variable, parameter, "be a real number", dtype, "take abs(x) or a part")
    common = "bool" if set(strong) == {"bool"} else common_dtype(strong)
    dtype = common if common in record.dtypes else record.casts.get(common, common)
    if dtype not in record.dtypes:
        advice = "convert with float(x)" if set(record.dtypes) & set(FLOATS) else ""
        errors.unsupported_inputs(record.variable, record.differentiable, record.dtypes, tuple(strong), advice)
    return dtype


def require_fits(record: Record, parameter: str, value: int) -> None:
    """Raise ``OverflowError`` for a constant that an input with an integer dtype of its own cannot hold."""
    own = record.fixed.get(parameter)
    if own is not None and is_integer(own):
        least, most = FACTS[own].bounds
        if not least <= value <= most:
            errors.cannot_fit(record.variable, parameter, own, int(value))


def is_beyond_int64(array: Any) -> bool:
    """Whether an array of NumPy has integers that int64 does not hold."""
    return array.dtype.kind == "u" and array.dtype.itemsize == 8 and bool((array >= 2**63).any())


def is_integer(dtype: str) -> bool:
    """Whether a dtype is an integer dtype; that of positions is not one."""
    return dtype in FACTS and FACTS[dtype].category == "integer"


# --- definitions --------------------------------------------------------------------------------------------------


def same(x: Any) -> Any:
    """``x``."""
    return x


def choose_complex(condition: Any, a: Any, b: Any) -> Any:
    """``a if condition else b`` of complex numbers."""
    return complex(select(condition, a.real, b.real), select(condition, a.imag, b.imag))


def add_complex(a: Any, b: Any) -> Any:
    """``a + b`` of complex numbers."""
    return complex(a.real + b.real, a.imag + b.imag)


def subtract_complex(a: Any, b: Any) -> Any:
    """``a - b`` of complex numbers."""
    return complex(a.real - b.real, a.imag - b.imag)


def multiply_complex(a: Any, b: Any) -> Any:
    """``a * b`` of complex numbers, by the formula alone."""
    return complex(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)


def square_complex(x: Any) -> Any:
    """``x * x`` of a complex number."""
    return multiply_complex(x, x)


def negative_complex(x: Any) -> Any:
    """``-x`` of a complex number."""
    return complex(-x.real, -x.imag)


def equal_complex(a: Any, b: Any) -> Any:
    """``a == b`` of complex numbers."""
    return (a.real == b.real) & (a.imag == b.imag)


def not_equal_complex(a: Any, b: Any) -> Any:
    """``a != b`` of complex numbers."""
    return (a.real != b.real) | (a.imag != b.imag)


def complex_of(x: Any) -> Any:
    """``complex(x)`` of a float."""
    return complex(x, 0.0)


def complex_of_parts(x: Any, y: Any) -> Any:
    """``complex(x, y)`` of floats."""
    return complex(x, y)


def phase(x: Any) -> Any:
    """``cmath.phase(x)``."""
    return atan2(x.imag, x.real)


def polar(x: Any) -> Any:
    """``cmath.polar(x)``."""
    return absolute_of_any(x), atan2(x.imag, x.real)


def rectangular(r: Any, angle: Any) -> Any:
    """``cmath.rect(r, angle)``."""
    return complex(r * cos(angle), r * sin(angle))


def unsigned_negative(x: Any) -> Any:
    """``-x`` of a uint64."""
    return (x ^ x) - x


def unsigned_quotient_and_remainder(a: Any, b: Any) -> Any:
    """``divmod(a, b)`` of uint64."""
    return unsigned_quotient(a, b), unsigned_remainder(a, b)


def unsigned_shift_left(x: Any, count: Any) -> Any:
    """``x << count`` of a uint64."""
    return x << count if 0 <= count < 64 else x ^ x


def unsigned_shift_right(x: Any, count: Any) -> Any:
    """``x >> count`` of a uint64."""
    return x >> count if 0 <= count < 64 else x ^ x


def unsigned_gcd(a: Any, b: Any) -> Any:
    """``math.gcd(a, b)`` of uint64."""
    while b != 0:
        rest = unsigned_remainder(a, b)
        a = b
        b = rest
    return a


def unsigned_lcm(a: Any, b: Any) -> Any:
    """``math.lcm(a, b)`` of uint64."""
    return unsigned_quotient(a, unsigned_gcd(a, b)) * b


def unsigned_root(n: Any) -> Any:
    """``math.isqrt(n)`` of a uint64: that of a quarter of it, exactly, and one step more."""
    half = integer_root(wrap_int64(n >> 2))
    root = half + half
    next_ = root + 1
    return wrap_uint64(select(wrap_uint64(next_ * next_) <= n, next_, root))


def floor_quotient(a: Any, b: Any) -> Any:
    """``a // b`` of int64; 0 by 0."""
    q = quotient(a, b)
    r = a - q * b
    return select(b == 0, 0, q - select((r != 0) & ((r < 0) != (b < 0)), 1, 0))


def floor_remainder(a: Any, b: Any) -> Any:
    """``a % b`` of int64; 0 by 0."""
    r = a - quotient(a, b) * b
    return select(b == 0, 0, r + select((r != 0) & ((r < 0) != (b < 0)), b, 0))


def truncated_remainder(a: Any, b: Any) -> Any:
    """C's ``a % b`` of int64, with the sign of ``a``; 0 by 0."""
    return select(b == 0, 0, a - quotient(a, b) * b)


def floor_remainder_of_floats(a: Any, b: Any) -> Any:
    """``a % b`` of floats; NaN by 0."""
    r = fmod(a, b)
    return select(r == 0, math.copysign(r, b), select((r < 0) != (b < 0), r + b, r))


def floor_quotient_of_floats(a: Any, b: Any) -> Any:
    """``a // b`` of floats, as Python computes it; by 0 an infinity or NaN."""
    r = fmod(a, b)
    q = (a - r) / select(b == 0, 1.0, b) - select((r != 0) & ((r < 0) != (b < 0)), 1.0, 0.0)
    whole = intrinsics.floor(q)
    whole = select(q - whole > 0.5, whole + 1.0, whole)
    by_zero = divide(a, b)
    return select(b == 0, by_zero, select(q == 0, math.copysign(0.0, by_zero), whole))


def quotient_and_remainder(a: Any, b: Any) -> Any:
    """``divmod(a, b)`` of int64."""
    return floor_quotient(a, b), floor_remainder(a, b)


def quotient_and_remainder_of_floats(a: Any, b: Any) -> Any:
    """``divmod(a, b)`` of floats."""
    return floor_quotient_of_floats(a, b), floor_remainder_of_floats(a, b)


def shift_left(x: Any, count: Any) -> Any:
    """``x << count``."""
    return x << count if 0 <= count < 64 else 0


def shift_right(x: Any, count: Any) -> Any:
    """``x >> count``."""
    return x >> count if 0 <= count < 64 else x >> 63


def larger(a: Any, b: Any) -> Any:
    """Python's ``max(a, b)``: the first unless the second is larger."""
    return select(b > a, b, a)


def smaller(a: Any, b: Any) -> Any:
    """Python's ``min(a, b)``: the first unless the second is smaller."""
    return select(b < a, b, a)


def minimum(a: Any, b: Any) -> Any:
    """NumPy's ``minimum``: NaN if either is."""
    return select((a <= b) | (a != a), a, b)


def fmin(a: Any, b: Any) -> Any:
    """NumPy's ``fmin``: NaN if both are."""
    return select((a <= b) | (b != b), a, b)


def fmax(a: Any, b: Any) -> Any:
    """NumPy's ``fmax``: NaN if both are."""
    return select((a >= b) | (b != b), a, b)


def absolute(x: Any) -> Any:
    """``abs(x)`` of an int64; the smallest one wraps to itself."""
    return select(x < 0, -x, x)


def floor_integer(x: Any) -> Any:
    """``math.floor(x)``."""
    return integer(intrinsics.floor(x))


def ceil_integer(x: Any) -> Any:
    """``math.ceil(x)``."""
    return integer(intrinsics.ceil(x))


def nearest_integer(x: Any) -> Any:
    """``round(x)``, ties to even."""
    return integer(rint(x))


def unsigned_integer(x: Any) -> Any:
    """A float as a uint64, by way of int64."""
    return wrap_uint64(integer(x))


def narrow_integer(low: int, high: int) -> tuple[Scalar, Scalar]:
    """The conversions of an int64, which keeps its low bits, and of a float to a smaller integer."""
    count = high - low + 1

    def of_integer(x: Any) -> Any:
        return ((x - low) & (count - 1)) + low

    def of_float(x: Any) -> Any:
        whole = integer(x)
        return select((whole >= low) & (whole <= high), whole, low)

    return of_integer, of_float


def sign(x: Any) -> Any:
    """NumPy's ``sign`` of a float."""
    return select(x > 0, 1.0, select(x < 0, -1.0, select(x == 0, 0.0, x)))


def sign_of_integer(x: Any) -> Any:
    """NumPy's ``sign`` of an int64."""
    return select(x > 0, 1, select(x < 0, -1, 0))


def absolute_float(x: Any) -> Any:
    """``abs(x)`` of a float."""
    return math.fabs(x)


def with_sign_of(x: Any, y: Any) -> Any:
    """``math.copysign(x, y)``."""
    return math.copysign(x, y)


def is_nan(x: Any) -> Any:
    """``math.isnan(x)``."""
    return x != x


def is_inf(x: Any) -> Any:
    """``math.isinf(x)``."""
    return math.fabs(x) == INF


def is_finite(x: Any) -> Any:
    """``math.isfinite(x)``."""
    return math.fabs(x) < INF


def sign_bit(x: Any) -> Any:
    """NumPy's ``signbit``."""
    return math.copysign(1.0, x) < 0.0


def is_close(a: Any, b: Any) -> Any:
    """``math.isclose(a, b)``."""
    tolerance = 1e-09 * select(math.fabs(a) > math.fabs(b), math.fabs(a), math.fabs(b))
    return (a == b) | ((math.fabs(a - b) <= tolerance) & (math.fabs(a) < INF) & (math.fabs(b) < INF))


def degrees(x: Any) -> Any:
    """``math.degrees(x)``."""
    return x * 57.29577951308232


def radians(x: Any) -> Any:
    """``math.radians(x)``."""
    return x * 0.017453292519943295


def modf(x: Any) -> Any:
    """``math.modf(x)``."""
    whole = integral_part(x)
    return math.copysign(select(math.fabs(x) == INF, 0.0, x - whole), x), whole


def exponent_of(x: Any) -> Any:
    """The exponent in ``math.frexp(x)`` of a float64."""
    subnormal = math.fabs(x) < 2.2250738585072014e-308
    bits = bits_of_float64(select(subnormal, x * 18014398509481984.0, x))
    exponent = ((bits >> 52) & 0x7FF) - 1022 - select(subnormal, 54, 0)
    return select((x == 0) | (x != x) | (math.fabs(x) == INF), 0, exponent)


def frexp(x: Any) -> Any:
    """``math.frexp(x)``."""
    exponent = exponent_of(widen(x))
    return load_exponent(x, -exponent), exponent


def ldexp(x: Any, n: Any) -> Any:
    """``math.ldexp(x, n)``; beyond 5000 there is nothing but 0 and infinity."""
    return load_exponent(x, select(n > 5000, 5000, select(n < -5000, -5000, n)))


def ulp(x: Any) -> Any:
    """``math.ulp(x)``."""
    a = select(x < 0, -x, x)
    above = next_after(a, select(a == a, INF, a))
    return select(a == INF, a, select(above == INF, a - next_after(a, a * 0.5), above - a))


def next_float32(x: float, y: float) -> float:
    """The float32 next to one towards another, in plain Python."""
    if x != x or y != y:
        return math.nan
    if x == y:
        return y
    if x == 0:
        return math.copysign(1.401298464324817e-45, y)
    away = (y > x) == (x > 0)
    return intrinsics.float32_of_bits(intrinsics.bits_of_float32(x) + (1 if away else -1))


def gcd(a: Any, b: Any) -> Any:
    """``math.gcd(a, b)``."""
    while b != 0:
        rest = wrap_int64(a - quotient(a, b) * b)
        a = b
        b = rest
    return select(a < 0, -a, a)


def lcm(a: Any, b: Any) -> Any:
    """``math.lcm(a, b)``."""
    divisor = gcd(a, b)
    part = quotient(a, select(divisor == 0, 1, divisor))
    product = part * b
    return select((part < 0) == (b < 0), product, -product)


def integer_root(n: Any) -> Any:
    """``math.isqrt(n)``; the smallest int64 below 0."""
    most = 3037000499
    root = integer(square_root(widen(select(n < 0, 0, n))))
    root = select(root > most, most, root)
    root = select(root * root > n, root - 1, root)
    next_ = select(root < most, root + 1, root)
    return select(n < 0, SMALLEST, select(next_ * next_ <= n, next_, root))


def logarithm(x: Any, base: Any) -> Any:
    """``math.log(x, base)``."""
    return divide(log(x), log(base))


def log_of_sum(a: Any, b: Any) -> Any:
    """NumPy's ``logaddexp``."""
    high = select(a > b, a, b)
    apart = -math.fabs(a - b)
    return select(a == b, a + 0.6931471805599453, select(apart != apart, apart, high + log1p(exp(apart))))


def reciprocal(x: Any) -> Any:
    """``1 / x`` of a float."""
    return divide(1.0, x)


def _add(a: Any, b: Any) -> Any:
    return a + b


def _subtract(a: Any, b: Any) -> Any:
    return a - b


def _multiply(a: Any, b: Any) -> Any:
    return a * b


def _negative(x: Any) -> Any:
    return -x


def square(x: Any) -> Any:
    """NumPy's ``square``."""
    return x * x


def _and(a: Any, b: Any) -> Any:
    return a & b


def _or(a: Any, b: Any) -> Any:
    return a | b


def _xor(a: Any, b: Any) -> Any:
    return a ^ b


def _invert(x: Any) -> Any:
    return ~x


def _not(x: Any) -> Any:
    return not x


def _less(a: Any, b: Any) -> Any:
    return a < b


def _less_equal(a: Any, b: Any) -> Any:
    return a <= b


def _greater(a: Any, b: Any) -> Any:
    return a > b


def _greater_equal(a: Any, b: Any) -> Any:
    return a >= b


def _equal(a: Any, b: Any) -> Any:
    return a == b


def _not_equal(a: Any, b: Any) -> Any:
    return a != b


log, log1p, exp = Named("log"), Named("log1p"), Named("exp")
sin, cos, atan2, absolute_of_any = Named("sin"), Named("cos"), Named("atan2"), Named("abs")
unsigned_quotient, unsigned_remainder = Named("floor_divide", "uint64"), Named("remainder", "uint64")
fmod = LIBRARY["fmod"]


def power_of(base: Any, count: int) -> Any:
    """``base ** count`` by the multiplications that kernels use for constant exponents."""
    if count == 1:
        return base
    half = power_of(base, count // 2)
    squared = half * half
    return squared * base if count % 2 else squared


#: The largest constant exponent, without its sign, that is worth multiplications: 9 of them at most.
LARGEST_EXPONENT = 64


def plain_power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` of the numbers of ``aotops.scalar.plain_numbers``, as kernels compute it."""
    # from Python 3.14 on, small constants are part of the instructions
    constant = isinstance(exponent, Literal) or type(exponent) is int
    base = number(base)
    if not isinstance(base, (float, complex)):
        # as in Python, the reciprocal of an integer is a float
        whole = UInt64 if isinstance(base, UInt64) or isinstance(exponent, UInt64) else Int64
        base = Float64(whole(base)) if constant and exponent < 0 else whole(base)
    if constant and abs(int(exponent)) <= LARGEST_EXPONENT:
        count = abs(int(exponent))
        value = power_of(base, count) if count else type(base)(1)
        return 1 / value if exponent < 0 else value
    return Named("pow")(base, number(exponent))


# --- the table ----------------------------------------------------------------------------------------------------


def _rows() -> list[Meaning]:
    rows: list[Meaning] = []

    def row(
        names: str,
        takes: str,
        integers: Any,
        floats: Any,
        *,
        unsigned: Any = None,
        complexes: Any = None,
        **options: Any,
    ) -> None:
        rows.extend(
            Meaning(name, takes, integers, floats, unsigned or integers, complexes, **options) for name in names.split()
        )

    # arithmetic
    row("operator.add operator.iadd numpy.add", "nn", _add, _add, complexes=add_complex)
    row("operator.sub operator.isub numpy.subtract", "nn", _subtract, _subtract, complexes=subtract_complex)
    row("operator.mul operator.imul numpy.multiply", "nn", _multiply, _multiply, complexes=multiply_complex)
    quotient_names = "operator.truediv operator.itruediv numpy.divide numpy.true_divide"
    row(quotient_names, "ff", None, divide, complexes=Named("divide"))
    # the operator has a fast path in vectors, where the C library's fmod takes 10 ns for each element
    quotients, remainders = (floor_quotient, floor_quotient_of_floats), (floor_remainder, Named("remainder"))
    row("operator.floordiv operator.ifloordiv numpy.floor_divide", "nn", *quotients, unsigned=unsigned_quotient)
    row("operator.mod operator.imod numpy.remainder numpy.mod", "nn", *remainders, unsigned=unsigned_remainder)
    both = (quotient_and_remainder, quotient_and_remainder_of_floats)
    row("builtins.divmod numpy.divmod", "nn", *both, unsigned=unsigned_quotient_and_remainder)
    row("numpy.fmod", "nn", truncated_remainder, fmod, unsigned=unsigned_remainder)
    row("math.fmod", "ff", None, fmod)
    negatives = {"unsigned": unsigned_negative, "complexes": negative_complex}
    row("operator.neg numpy.negative", "n", _negative, _negative, **negatives)
    row("operator.pos numpy.positive", "n", same, same, complexes=same)
    sizes = {"unsigned": same, "complexes": absolute_of_any}
    row("builtins.abs operator.abs numpy.absolute numpy.abs", "n", absolute, absolute_float, **sizes)
    row("numpy.square", "n", square, square, complexes=square_complex)
    row("numpy.reciprocal", "n", None, reciprocal, complexes=Named("reciprocal"))
    row("numpy.sign", "n", sign_of_integer, sign, unsigned=Named("sign", "uint64"), complexes=Named("sign"))
    row("math.gcd numpy.gcd", "ii", gcd, None, unsigned=unsigned_gcd)
    row("math.lcm numpy.lcm", "ii", lcm, None, unsigned=unsigned_lcm)
    row("math.isqrt", "i", integer_root, None, unsigned=unsigned_root)
    # bits and conditions
    row("operator.and_ operator.iand numpy.bitwise_and", "ll", _and, None)
    row("operator.or_ operator.ior numpy.bitwise_or", "ll", _or, None)
    row("operator.xor operator.ixor numpy.bitwise_xor", "ll", _xor, None)
    row("operator.invert operator.inv numpy.invert numpy.bitwise_not", "w", _invert, None)
    row("operator.lshift operator.ilshift numpy.left_shift", "ik", shift_left, None, unsigned=unsigned_shift_left)
    row("operator.rshift operator.irshift numpy.right_shift", "ik", shift_right, None, unsigned=unsigned_shift_right)
    row("operator.not_ numpy.logical_not", "b", _not, None)
    row("operator.truth builtins.bool numpy.bool_ numpy.bool", "b", same, None)
    row("numpy.logical_and", "bb", _and, None)
    row("numpy.logical_or", "bb", _or, None)
    row("numpy.logical_xor", "bb", _xor, None)
    row("operator.lt numpy.less", "oo", _less, _less)
    row("operator.le numpy.less_equal", "oo", _less_equal, _less_equal)
    row("operator.gt numpy.greater", "oo", _greater, _greater)
    row("operator.ge numpy.greater_equal", "oo", _greater_equal, _greater_equal)
    row("operator.eq numpy.equal", "oo", _equal, _equal, complexes=equal_complex)
    row("operator.ne numpy.not_equal", "oo", _not_equal, _not_equal, complexes=not_equal_complex)
    # choices
    row("builtins.max", "n", larger, larger, folds=True)
    row("builtins.min", "n", smaller, smaller, folds=True)
    row("numpy.minimum", "nn", minimum, minimum)
    row("numpy.fmax", "nn", fmax, fmax)
    row("numpy.fmin", "nn", fmin, fmin)
    row("numpy.where", "bnn", select, select, complexes=choose_complex)
    # conversions
    row("builtins.int", "n", same, integer)
    row(
        "numpy.int64 numpy.int_ numpy.intp numpy.longlong numpy.long",
        "n",
        same,
        integer,
        unsigned=wrap_int64,
        result="int64",
    )
    names = "numpy.uint64 numpy.uint numpy.uintp numpy.ulonglong numpy.ulong"
    row(names, "n", wrap_uint64, unsigned_integer, result="uint64")
    row("builtins.complex", "f", None, complex_of, complexes=same)
    row("builtins.complex", "ff", None, complex_of_parts)
    row("builtins.float", "n", widen, same)
    row("numpy.float64 numpy.double", "n", widen, widen, result="float64")
    row("numpy.float32 numpy.single", "n", narrow, narrow, result="float32")
    for bits, other in ((8, "byte"), (16, "short"), (32, "intc")):
        row(
            f"numpy.int{bits} numpy.{other}",
            "n",
            *narrow_integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
            result="int64",
        )
        row(f"numpy.uint{bits} numpy.u{other}", "n", *narrow_integer(0, 2**bits - 1), result="int64")
    row("builtins.round", "n", same, nearest_integer)
    row("math.floor", "n", same, floor_integer)
    row("math.ceil", "n", same, ceil_integer)
    row("math.trunc", "n", same, integer)
    row("numpy.round numpy.around", "n", same, rint)
    row("numpy.rint", "f", None, rint)
    row("numpy.floor", "n", same, intrinsics.floor)
    row("numpy.ceil", "n", same, intrinsics.ceil)
    row("numpy.trunc", "n", same, integral_part)
    # floats
    row("math.fabs numpy.fabs", "f", None, absolute_float)
    for name, function in (("isnan", is_nan), ("isinf", is_inf), ("isfinite", is_finite)):
        row(f"math.{name} numpy.{name}", "f", None, function, complexes=Named(name))
        row(f"cmath.{name}", "c", None, None, complexes=Named(name))
    row("cmath.phase", "c", None, None, complexes=phase)
    row("cmath.polar", "c", None, None, complexes=polar)
    row("cmath.rect", "ff", None, rectangular)
    for name in ("exp", "log", "log10", "sqrt", *TRIGONOMETRIC):
        row(f"cmath.{name}", "c", None, None, complexes=Named(name))
    row("math.isclose", "ff", None, is_close)
    row("numpy.signbit", "f", None, sign_bit)
    row("math.copysign numpy.copysign", "ff", None, with_sign_of)
    row("math.nextafter numpy.nextafter", "ff", None, next_after)
    row("math.ulp", "f", None, ulp)
    row("math.frexp numpy.frexp", "f", None, frexp)
    row("math.ldexp numpy.ldexp", "fk", None, ldexp)
    row("math.modf numpy.modf", "f", None, modf)
    row("math.degrees numpy.degrees numpy.rad2deg", "f", None, degrees)
    row("math.radians numpy.radians numpy.deg2rad", "f", None, radians)
    row("math.log", "ff", None, logarithm)
    row("numpy.logaddexp", "ff", None, log_of_sum)
    row("math.pow numpy.float_power", "ff", None, Named("pow"))
    # the operators of aotops, by their aliases; what stands above is cheaper, or means something else for integers
    for record in ops.collect().values():
        own, integers = Named(record.name), set(INT64) <= set(record.dtypes)
        takes = ("n" if integers else "f") * record.inputs
        complexes = own if set(COMPLEX) <= set(record.dtypes) else None
        unsigned = Named(record.name, "uint64") if integers else None
        names = " ".join(record.aliases)
        row(names, takes, own if integers else None, own, unsigned=unsigned, complexes=complexes)
    # the C library, for what aotops has no operator for
    for name in ("tan", "sinh", "cosh", "cbrt", "exp2", "log2", "log10", "erfc", "lgamma"):
        row(f"math.{name} numpy.{name}", "f", None, LIBRARY[name])
    for name in ("asinh", "acosh", "atanh"):
        row(f"math.{name} numpy.{name} numpy.arc{name[1:]}", "f", None, LIBRARY[name])
    row("math.gamma", "f", None, LIBRARY["tgamma"])
    row("math.hypot numpy.hypot", "ff", None, LIBRARY["hypot"])
    row("math.remainder", "ff", None, LIBRARY["remainder"])
    return rows


#: The functions of ``cmath`` and of aotops with the same names.
TRIGONOMETRIC = tuple(f"{a}{name}{h}" for a in ("", "a") for name in ("sin", "cos", "tan") for h in ("", "h"))

#: The names of ``**``, whose computation depends on whether its exponent is a constant.
POWER = frozenset({"operator.pow", "operator.ipow", "builtins.pow", "numpy.power", "numpy.pow"})


def _table() -> dict[tuple[str, int], Meaning]:
    table: dict[tuple[str, int], Meaning] = {}
    for each in _rows():
        if each.name not in POWER:
            table.setdefault((each.name, 0 if each.folds else len(each.takes)), each)
    return table


#: By dotted name and number of arguments, 0 for any number above 1; of several rows the first.
MEANINGS = _table()
OPERATIONS.update({name: meaning.in_plain_python for (name, count), meaning in MEANINGS.items() if count == 2})
OPERATIONS.update(power=plain_power, next_float32=next_float32)
OPERATIONS.update(
    {name: MEANINGS[name, 1].in_plain_python for name in ("operator.invert", "operator.neg", "builtins.abs")}
)

#: Functions that Numba compiles with the same meaning.
LOOPS = frozenset({"builtins.range", "builtins.len", "builtins.enumerate", "builtins.zip"})


def names_by_object() -> dict[Any, str]:
    """The functions of the table, as far as their modules are imported, and their names."""
    key = "numpy" in sys.modules
    if key not in _names:
        found: dict[Any, str] = {}
        for name in [*(name for name, _ in MEANINGS), *POWER, *LOOPS]:
            module, _, attribute = name.partition(".")
            value = getattr(sys.modules.get(module), attribute, None)
            if value is not None:
                found.setdefault(value, name)
        _names[key] = found
    return _names[key]


_names: dict[bool, dict[Any, str]] = {}


def name_of(value: Any) -> str | None:
    """The name in the table of a function, of a class that converts numbers, or of a loop's range; or None."""
    try:
        return names_by_object().get(value) if callable(value) else None
    except TypeError:  # not hashable
        return None


def meanings(name: str) -> dict[int, Meaning]:
    """What a name means, by the number of arguments, 0 for any number above 1."""
    return {count: meaning for (own, count), meaning in MEANINGS.items() if own == name}


def chosen(name: str, count: int) -> Meaning:
    """What a name means for a number of arguments; ``TypeError`` if it takes another."""
    own = meanings(name)
    meaning = own.get(count) or (own.get(0) if count > 1 else None)
    if meaning is None:
        takes = " or ".join("2 or more" if wanted == 0 else str(wanted) for wanted in sorted(own))
        advice = "for 2 digits write round(x * 100) / 100" if "round" in name else ""
        errors.reject(
            TypeError, name.removeprefix("builtins."), "the number of arguments", f"be {takes}", count, advice
        )
    return meaning
