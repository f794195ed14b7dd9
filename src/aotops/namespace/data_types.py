"""Data types: which dtype several values compute in."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import fast_path
from aotops.arguments import advised
from aotops.dtypes import BY_NAME, as_dtype, is_dtype, number_dtype, promote, promote_number

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType


def as_scalar(value: Any) -> Any:
    """A scalar of a dtype that aotops lacks, such as NumPy's float16, as the operand that it is to operators."""
    dtype = getattr(value, "dtype", None)
    if (
        dtype is None
        or isinstance(value, (type, _native.DType, _native.TensorBase))
        or getattr(value, "shape", None) != ()
    ):
        return value
    if is_dtype(dtype):
        return value
    from aotops.namespace.buffers import foreign_number

    foreign = foreign_number("result_type", "each value", value)
    return value if foreign is None else BY_NAME[foreign[1]]


def named_dtype(value: Any) -> Any:
    """What may specify a dtype: that of an array, anything else itself."""
    return value if isinstance(value, (type, _native.DType)) else getattr(value, "dtype", value)


@fast_path()
@advised
def result_type(*values: Any) -> DType:
    """Return the dtype that operators compute in for some values.

    Parameters:
        *values: Tensors, arrays, dtypes or Python numbers. Python numbers are weak: beside a tensor they only say
            whether the result must be at least an integer or a float. NumPy scalars are not weak: they have their own
            dtype.

    Returns:
        A dtype; of Python numbers alone the default one, bool, int64 or float64.

    Raises:
        TypeError: There are no values, or one is something else.

    Example:
        >>> import aotops as ao
        >>> ao.result_type(ao.ones(3, dtype=ao.float32), 2.5)
        aotops.float32
    """
    values = tuple([as_scalar(value) for value in values])
    strong = [
        value.dtype
        if isinstance(value, _native.TensorBase)
        else as_dtype("result_type", "each value", named_dtype(value))
        for value in values
        if not _native.is_number(value)
    ]
    weak = [value for value in values if _native.is_number(value)]
    if not strong and not weak:
        errors.reject(TypeError, "result_type", "values", "be at least one tensor, dtype or Python number", "none")
    result = promote(*strong) if strong else number_dtype(weak[0])
    for number in weak:
        result = promote_number(result, number)
    return result


@advised
def can_cast(from_: Any, to: Any, /) -> bool:
    """Return whether values of one dtype can be cast to another by promotion: without losing range or kind.

    Parameters:
        from_: A dtype, or a tensor or an array, whose dtype counts.
        to: A dtype.

    Returns:
        True if the two promote to ``to``. int64 to float64 is True, as in NumPy, although large integers are rounded.

    Raises:
        TypeError: An argument is none of those above.

    Example:
        >>> import aotops as ao
        >>> ao.can_cast(ao.uint8, ao.int16), ao.can_cast(ao.int64, ao.int32)
        (True, False)
    """
    pair = dtype_of("can_cast", "from_", from_), as_dtype("can_cast", "to", to)
    if pair not in _casts:
        _casts[pair] = promote(*pair) == pair[1]
    return _casts[pair]


#: Whether a dtype promotes to another, of the pairs that have been asked for: promotion takes 3 us.
_casts: dict[tuple[DType, DType], bool] = {}


def dtype_of(function: str, argument: str, value: Any) -> DType:
    """The dtype that a value is or has; errors name the function and its argument."""
    return as_dtype(function, argument, value if isinstance(value, str) else named_dtype(value))


#: The kinds of dtypes that ``isdtype`` and ``__array_namespace_info__`` name, each as kinds of ``aotops.abi``.
KINDS = {
    "bool": ("bool",),
    "signed integer": ("signed",),
    "unsigned integer": ("unsigned",),
    "integral": ("signed", "unsigned"),
    "real floating": ("real",),
    "complex floating": ("complex",),
    "numeric": ("signed", "unsigned", "real", "complex"),
}


def names_of_kind(function: str, kind: str) -> tuple[str, ...]:
    """The names of the dtypes of a kind; ``ValueError`` for a string that is none."""
    if kind not in KINDS:
        errors.reject(ValueError, function, "kind", f"be one of {', '.join(KINDS)}", repr(kind))
    from aotops import abi  # not needed by a first operation, so not imported with aotops

    return abi.named(*KINDS[kind])


@advised
def isdtype(dtype: Any, kind: Any) -> bool:
    """Return whether a dtype is of a kind.

    Parameters:
        dtype: A dtype.
        kind: A dtype, which ``dtype`` must equal; one of the strings "bool", "signed integer", "unsigned integer",
            "integral", "real floating", "complex floating" and "numeric"; or a tuple of these, of which one must fit.

    Returns:
        A bool.

    Raises:
        TypeError: ``dtype`` is not a dtype, or ``kind`` is none of those above.
        ValueError: ``kind`` is another string.

    Example:
        >>> import aotops as ao
        >>> ao.isdtype(ao.uint8, "integral"), ao.isdtype(ao.float32, (ao.float64, "bool"))
        (True, False)
    """
    own = as_dtype("isdtype", "dtype", dtype)
    found = False
    for each in kind if isinstance(kind, tuple) else (kind,):  # also after the one that fits, since others may be wrong
        names = names_of_kind("isdtype", each) if isinstance(each, str) else (as_dtype("isdtype", "kind", each).name,)
        found = found or own.name in names
    return found


class Limits:
    """The limits of the numbers of a dtype: attributes that do not change."""

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        errors.reject(AttributeError, type(self).__name__, name, "not be assigned to", errors.shown(value))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([f'{name}={value!r}' for name, value in self.values().items()])})"

    def __reduce__(self) -> Any:
        return restored, (type(self), self.values())

    def values(self) -> dict[str, Any]:
        """All attributes by name."""
        names = sorted({name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())})
        return {name: getattr(self, name) for name in names}


def restored(kind: type[Limits], values: dict[str, Any]) -> Limits:
    """Limits from a pickle, or a copy."""
    return kind(**values)


class IntegerLimits(Limits):
    """The limits of an integer dtype: ``bits``, ``max``, ``min`` and ``dtype``."""

    __slots__ = ()


class FloatLimits(Limits):
    """The limits of a float dtype: ``bits``, ``eps``, ``max``, ``min``, ``smallest_normal`` and ``dtype``."""

    __slots__ = ("eps", "smallest_normal")


#: The limits that have been asked for, by the names of dtypes.
_integer_limits: dict[str, IntegerLimits] = {}
_float_limits: dict[str, FloatLimits] = {}


@advised
def iinfo(type: Any, /) -> IntegerLimits:
    """Return the limits of an integer dtype.

    Parameters:
        type: An integer dtype, or a tensor of one.

    Returns:
        An object with the attributes ``bits``, ``max``, ``min`` and ``dtype``.

    Raises:
        TypeError: ``type`` is neither.

    Example:
        >>> import aotops as ao
        >>> ao.iinfo(ao.int16).max
        32767
    """
    dtype = dtype_of("iinfo", "type", type)
    if dtype.kind != "integer":
        errors.reject(TypeError, "iinfo", "type", "be an integer dtype", dtype.name, "use finfo for floats")
    if dtype.name not in _integer_limits:
        from aotops import abi

        least, most = abi.FACTS[dtype.name].bounds
        _integer_limits[dtype.name] = IntegerLimits(bits=8 * dtype.itemsize, dtype=dtype, max=most, min=least)
    return _integer_limits[dtype.name]


@advised
def finfo(type: Any, /) -> FloatLimits:
    """Return the limits of a float dtype, of a complex one those of its parts.

    Parameters:
        type: A float or complex dtype, or a tensor of one.

    Returns:
        An object with the attributes ``bits``, ``eps`` (the distance from 1.0 to the next larger number), ``max``,
        ``min`` (the largest number negated), ``smallest_normal`` (the smallest positive number of full precision), all
        of them Python floats, and ``dtype``.

    Raises:
        TypeError: ``type`` is neither.

    Example:
        >>> import aotops as ao
        >>> ao.finfo(ao.float32).eps == 2.0**-23
        True
    """
    dtype = dtype_of("finfo", "type", type)
    if dtype.kind not in ("float", "complex"):
        errors.reject(TypeError, "finfo", "type", "be a float dtype", dtype.name, "use iinfo for integers")
    if dtype.name not in _float_limits:
        from aotops import abi

        own = BY_NAME[abi.parts(dtype.name)]
        digits, most = (24, 127) if own.itemsize == 4 else (53, 1023)
        largest = (2.0 - 2.0 ** (1 - digits)) * 2.0**most
        _float_limits[dtype.name] = FloatLimits(
            bits=8 * own.itemsize,
            dtype=own,
            eps=2.0 ** (1 - digits),
            max=largest,
            min=-largest,
            smallest_normal=2.0 ** (1 - most),
        )
    return _float_limits[dtype.name]
