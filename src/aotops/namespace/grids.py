"""Tensors of positions: numbers between two ends, coordinates, identity matrices, triangles of matrices."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype, fast_path
from aotops.arguments import advised, as_flag, is_one_of, require_cpu
from aotops.dtypes import as_dtype, complex128, float64
from aotops.namespace.creation import as_number, evenly_spaced, with_grad
from aotops.namespace.operands import as_tensor
from aotops.shapes import as_int

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType, Operand
    from aotops.tensors import Tensor

_add = _native.operators["add"]
_divide = _native.operators["divide"]
_multiply = _native.operators["multiply"]
_not_equal = _native.operators["not_equal"]
_pow = _native.operators["pow"]
_subtract = _native.operators["subtract"]


# --- numbers between two ends -------------------------------------------------------------------------------------


def as_count(name: str, argument: str, value: Any) -> int:
    """A number of elements. Raises ``TypeError`` for other than an int, ``ValueError`` for one below 0."""
    count = as_int(name, argument, value)
    if count < 0:
        errors.wrong_value(name, argument, "at least 0", value)
    return count


def ends(name: str, start: Any, stop: Any) -> tuple[Any, Any]:
    """Two numbers as floats, or as complex numbers if one of them is complex."""
    given = as_number(name, "start", start), as_number(name, "stop", stop)
    kind = complex if complex in map(type, given) else float
    try:
        return kind(given[0]), kind(given[1])
    except OverflowError:
        errors.reject(OverflowError, name, "start and stop", "fit float64", errors.shown(given))


def spaced(name: str, start: Any, stop: Any, count: int, endpoint: bool) -> Tensor:
    """``count`` numbers from ``start`` to ``stop``, in float64 or complex128."""
    from math import isfinite

    divisor = count - 1 if endpoint else count
    # by operators, since Python's own arithmetic depends on the rounding mode of the thread; and of a tensor, which is
    # their fast path
    last = _native.full((), stop, complex128 if isinstance(start, complex) else float64, name, "stop")
    length = _subtract(last, start)
    stride = _divide(length, divisor) if divisor > 0 else length
    span, step = length.item(), stride.item()
    if isinstance(start, complex):
        positions = evenly_spaced(name, 0.0, 1.0, count, float64)
        result: Tensor = _add(_multiply(positions, step), start)
    elif not isfinite(span) and isfinite(start) and isfinite(stop):  # the ends are too far apart for a float64
        half = _subtract(stop / 2, start / 2)
        halved = evenly_spaced(name, start / 2, _divide(half, max(divisor, 1)).item(), count, float64)
        result = _multiply(halved, 2.0, out=halved)
    elif not _not_equal(stride, 0.0) and _not_equal(length, 0.0):  # the step is below the smallest float64
        positions = _divide(evenly_spaced(name, 0.0, 1.0, count, float64), divisor)
        result = _add(_multiply(positions, span, out=positions), start, out=positions)
    else:
        result = evenly_spaced(name, start, step, count, float64)
    if endpoint and count > 1:
        result[-1] = stop
    return result


@advised
def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of a given number of evenly spaced numbers between two ends.

    Parameters:
        start: The first number.
        stop: The last number; with ``endpoint=False`` the one that would follow the last.
        num: How many numbers.
        dtype: A dtype or its name; by default float64, or complex128 if an end is complex.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        endpoint: Whether ``stop`` is one of the numbers.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of one dimension. Each number is computed by itself, as ``start + i * step`` in float64, and the last
        one is ``stop``. In a dtype of integers they are rounded down.

    Raises:
        TypeError: An end is not a number, ``num`` is not an int, or the dtype is not one.
        ValueError: ``num`` is negative, a NaN or an infinity is to be an integer, or the device is another one.
        OverflowError: The dtype cannot hold the numbers.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.linspace(0, 1, 5)
        tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
        >>> ao.linspace(0, 1, 4, endpoint=False)
        tensor([0.  , 0.25, 0.5 , 0.75])
    """
    require_cpu("linspace", device)
    first, last = ends("linspace", start, stop)
    count = as_count("linspace", "num", num)
    wanted = None if dtype is None else as_dtype("linspace", "dtype", dtype)
    if isinstance(first, complex) and wanted is not None and wanted.kind != "complex":
        errors.reject(TypeError, "linspace", "dtype", "be complex between complex ends", wanted.name)
    result = spaced("linspace", first, last, count, as_flag("linspace", "endpoint", endpoint))
    if wanted is not None and wanted != result.dtype:
        integers = wanted.kind == "integer"
        result = rounded_down(result, wanted, "linspace") if integers else astype(result, wanted)
    return with_grad("linspace", result, requires_grad)


def rounded_down(x: Tensor, dtype: DType, name: str) -> Tensor:
    """Floats rounded down to integers; their ends, between which all others lie, must fit the dtype."""
    from math import floor

    for end in (x[0].item(), x[-1].item()) if x.size else ():
        if end - end != 0:
            errors.cannot_fit(name, "start and stop", dtype.name, end)
        _native.full((), floor(end), dtype, name, "start and stop")  # OverflowError
    truncated = astype(x, dtype)
    below = _native.operators["less"](x, truncated)
    result: Tensor = _native.operators["subtract"](truncated, astype(below, dtype))
    return result


@advised
def logspace(
    start: float,
    stop: float,
    /,
    num: int,
    *,
    base: float = 10.0,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of a given number of powers of a base, whose exponents are evenly spaced.

    Parameters:
        start: The first exponent.
        stop: The last exponent; with ``endpoint=False`` the one that would follow the last.
        num: How many numbers.
        base: The number whose powers these are.
        dtype: A dtype or its name; by default float64.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        endpoint: Whether ``stop`` is one of the exponents.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of one dimension: ``base ** linspace(start, stop, num)``, cast to the dtype.

    Raises:
        TypeError: An argument is not a number, ``num`` is not an int, or the dtype is not one.
        ValueError: ``num`` is negative, or the device is another one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    require_cpu("logspace", device)
    first, last = ends("logspace", start, stop)
    exponents = spaced(
        "logspace", first, last, as_count("logspace", "num", num), as_flag("logspace", "endpoint", endpoint)
    )
    powers: Tensor = _pow(as_number("logspace", "base", base), exponents)
    if dtype is not None:
        powers = astype(powers, as_dtype("logspace", "dtype", dtype), copy=False)
    return with_grad("logspace", powers, requires_grad)


# --- matrices -----------------------------------------------------------------------------------------------------


@advised
def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a matrix of ones on a diagonal and zeros elsewhere.

    Parameters:
        n_rows: The number of rows.
        n_cols: The number of columns; by default that of the rows.
        k: Which diagonal: 0 is the main one, positive ones are above it, negative ones below.
        dtype: A dtype or its name; by default float64.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of two dimensions.

    Raises:
        TypeError: A number is not an int, or the dtype is not one.
        ValueError: A number of rows or columns is negative, or the device is another one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.eye(2, 3, k=1)
        tensor([[0., 1., 0.],
                [0., 0., 1.]])
    """
    require_cpu("eye", device)
    rows = as_count("eye", "n_rows", n_rows)
    columns = rows if n_cols is None else as_count("eye", "n_cols", n_cols)
    offset = as_int("eye", "k", k)
    result = _native.full((rows, columns), 0, float64 if dtype is None else as_dtype("eye", "dtype", dtype), "eye", "k")
    row, column = max(0, -offset), max(0, offset)
    length = min(rows - row, columns - column)
    if length > 0:
        result._as_strided((length,), (columns + 1,), row * columns + column)[...] = 1
    return with_grad("eye", result, requires_grad)


def triangle(name: str, x: Any, k: Any, lower: bool) -> Tensor:
    """What ``tril`` or ``triu`` returns: zeros in place of what lies beyond a diagonal."""
    matrices = as_tensor(name, "x", x)
    if matrices.ndim < 2:
        errors.no_matrix(name, matrices.shape)
    offset = as_int(name, "k", k)
    rows, columns = matrices.shape[-2:]
    return _native.triangle(matrices, max(-rows, min(offset, columns)), lower, name)  # beyond, nothing changes


@fast_path()
@advised
def tril(x: Operand, /, *, k: int = 0) -> Tensor:
    """Return matrices with zeros above a diagonal: their lower triangles.

    Parameters:
        x: A tensor of matrices, which its last two axes are.
        k: The last diagonal that is kept: 0 is the main one, positive ones are above it, negative ones below.

    Returns:
        A new tensor of the same shape and dtype.

    Raises:
        TypeError: ``x`` is no operand, or ``k`` is not an int.
        ValueError: ``x`` has fewer than 2 dimensions.

    Example:
        >>> import aotops as ao
        >>> ao.tril(ao.ones((2, 3)))
        tensor([[1., 0., 0.],
                [1., 1., 0.]])
    """
    return triangle("tril", x, k, True)


@fast_path()
@advised
def triu(x: Operand, /, *, k: int = 0) -> Tensor:
    """Return matrices with zeros below a diagonal: their upper triangles.

    Parameters:
        x: A tensor of matrices, which its last two axes are.
        k: The first diagonal that is kept: 0 is the main one, positive ones are above it, negative ones below.

    Returns:
        A new tensor of the same shape and dtype.

    Raises:
        TypeError: ``x`` is no operand, or ``k`` is not an int.
        ValueError: ``x`` has fewer than 2 dimensions.

    Example:
        >>> import aotops as ao
        >>> ao.triu(ao.ones((2, 3)))
        tensor([[1., 1., 1.],
                [0., 1., 1.]])
    """
    return triangle("triu", x, k, False)


@advised
def meshgrid(*arrays: Operand, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Make the coordinates of the points of a grid.

    Parameters:
        *arrays: The coordinates along each axis, of one dimension each, or single numbers.
        indexing: ``"xy"``, where the first coordinate varies along the second axis, as in images and plots, or
            ``"ij"``, where each varies along its own axis.

    Returns:
        A tuple of as many tensors, all of the grid's shape: of arrays of lengths 2, 3 and 4 it is (3, 2, 4) with
        ``"xy"``, (2, 3, 4) with ``"ij"``.

    Raises:
        TypeError: A coordinate is no operand.
        ValueError: One has several dimensions, there are more than a tensor can have, or ``indexing`` is another
            string.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> x, y = ao.meshgrid(ao.tensor([1, 2, 3]), ao.tensor([10, 20]))
        >>> x + y
        tensor([[11, 12, 13],
                [21, 22, 23]])
    """
    if not is_one_of(indexing, "xy", "ij"):
        errors.wrong_value("meshgrid", "indexing", "'xy' or 'ij'", indexing)
    if len(arrays) > _native.max_rank:
        errors.too_many_dimensions("meshgrid", "arrays", arrays)
    tensors = [as_tensor("meshgrid", f"arrays[{k}]", array) for k, array in enumerate(arrays)]
    for k, each in enumerate(tensors):
        if each.ndim > 1:
            errors.reject(ValueError, "meshgrid", f"arrays[{k}]", "have one dimension", f"shape {each.shape}")
    axes = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        axes[:2] = 1, 0
    shape = tuple([tensors[axis].size for axis in axes])
    results = []
    for each, axis in zip(tensors, axes, strict=True):
        step = each.strides[0] if each.ndim else 0
        strides = tuple([step if other == axis else 0 for other in range(len(axes))])
        results.append(astype(each._as_strided(shape, strides, 0, "meshgrid"), each.dtype))
    return tuple(results)
