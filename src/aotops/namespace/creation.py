"""Making tensors: from data, of one value, of ranges."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import DType, astype, fast_path
from aotops.arguments import advised, as_copy, as_flag, require_cpu
from aotops.dtypes import BY_NAME, as_dtype, float64, int64, number_dtype
from aotops.dtypes import bool as bool_
from aotops.namespace.data_types import result_type
from aotops.shapes import new_shape

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


@fast_path()
@advised
def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of the values in some data. It is always a copy.

    Parameters:
        data: Nested lists, tuples or ranges of numbers, tensors and arrays; a number; a tensor; or an object with the
            buffer protocol.
        dtype: A dtype or its name. By default it is that of a tensor or buffer; of Python numbers the first of bool,
            int64 and float64 that holds them all; tensors inside lists promote, with Python numbers beside them weak
            (``aotops.result_type``).
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor that owns its memory. Numbers are converted one by one, floats to integers towards zero; arrays are
        converted as ``aotops.astype`` does.

    Raises:
        TypeError: Something in the data is not a number.
        ValueError: The nesting is ragged, or a NaN stands among integers.
        OverflowError: The dtype cannot hold a number.

    Example:
        >>> import aotops as ao
        >>> ao.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    return with_grad("tensor", read("tensor", "data", data, dtype, True), requires_grad)


@fast_path()
@advised
def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """Make a tensor of some data, which shares the data's memory if possible.

    Parameters:
        obj: A tensor; an object that exports its memory by the buffer protocol (``array.array``, a NumPy array), by
            DLPack (a PyTorch tensor), as an Arrow array or by ``__array__`` (a pandas Series); nested lists, tuples or
            ranges of numbers; or a number.
        dtype: A dtype or its name; by default that of the data, as for ``aotops.tensor``. Buffers of numbers for which
            aotops has no dtype (float16, big-endian numbers) need one, to which they are converted.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        copy: True always copies; False never does. None, the default, copies only if it must, and NumPy's scalars.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it. If
            ``obj`` is a tensor it stays as it is: the result is another one, on the same memory.

    Returns:
        A tensor. On read-only memory, it is read-only itself.

    Raises:
        TypeError: Something in the data is not a number, or a buffer would have to be converted without a ``dtype``.
        ValueError: The nesting is ragged, a NaN stands among integers, ``copy=False`` and a copy is needed, or the
            device is another one.
        OverflowError: The dtype cannot hold a number.

    Example:
        >>> import aotops as ao, array
        >>> numbers = array.array("d", [1.0, 2.0])
        >>> shared = ao.asarray(numbers)
        >>> shared[0] = 5.0
        >>> numbers
        array('d', [5.0, 2.0])
    """
    require_cpu("asarray", device)
    result = read("asarray", "obj", obj, dtype, as_copy("asarray", copy))
    if requires_grad is not False and result is obj and not obj.requires_grad:
        result = _native.alias(obj)
    return with_grad("asarray", result, requires_grad)


def with_grad(name: str, x: Tensor, requires_grad: Any) -> Tensor:
    """A new tensor, by which gradients are computed if ``requires_grad`` is True."""
    if requires_grad is not False:
        x.requires_grad = as_flag(name, "requires_grad", requires_grad)
    return x


def read(name: str, argument: str, obj: Any, dtype: Any, copy: bool | None = None) -> Tensor:
    """What ``asarray`` returns; errors name the function and its argument."""
    wanted = None if dtype is None else as_dtype(name, "dtype", dtype)
    kind = type(obj).__name__
    if isinstance(obj, Tensor):
        shared: Tensor | None = obj
    elif isinstance(obj, (list, tuple, range)) or _native.is_number(obj):
        if copy is False:
            errors.needs_copy(name, argument, f"{kind}, which has no memory of a dtype")
        return from_nested(name, argument, obj, wanted)
    elif not has_buffer(obj):
        from aotops.namespace.exchange import is_offered, offered

        if not is_offered(obj):
            errors.wrong_operand(name, argument, obj)
        shared = offered(name, argument, obj, False if copy is False else None)
    else:
        from aotops.namespace.buffers import foreign_number

        foreign = foreign_number(name, argument, obj)
        if foreign is not None:
            if copy is False:
                errors.needs_copy(name, argument, f"{kind} of a dtype that aotops lacks")
            number, own = foreign
            return _native.full((), number, BY_NAME[own] if wanted is None else wanted, name, argument)
        try:
            shared = _native.from_buffer(obj, False, name, argument)
        except TypeError:  # its elements are of none of the dtypes
            from aotops.namespace import buffers

            with memoryview(obj) as view:
                format, itemsize = view.format, view.itemsize
            found = buffers.readable(format, itemsize)
            if wanted is None or found is None:
                raise
            order, numbers = found
            if copy is False:
                elements = f"{buffers.name_of(numbers, itemsize)} with format {format!r}"
                errors.needs_copy(name, argument, f"{kind} of {elements}")
            return buffers.converted(name, argument, obj, numbers, order, wanted)
    if shared is None or (wanted is not None and shared.dtype != wanted):
        if shared is not None and shared.ndim == 0 and wanted is not None and copy is not False:
            return _native.full(
                (), shared.item(), wanted, name, argument
            )  # converted as a number is: NaN fits no integer
        if copy is False:
            what = "that is not aligned" if shared is None else f"of dtype {shared.dtype.name}"
            errors.needs_copy(name, argument, f"{kind} {what}")
        source = shared if shared is not None else _native.from_buffer(obj, True, name, argument)
        assert source is not None  # copying is always possible
        return astype(source, wanted or source.dtype)
    if copy is None and shared.ndim == 0 and shared.readonly:
        import sys

        numpy = sys.modules.get("numpy")
        copy = numpy is not None and isinstance(obj, numpy.generic)  # a number, as Python's are
    return astype(shared, shared.dtype) if copy else shared


def is_memory(value: Any) -> bool:
    """Whether a value is not a tensor, but has memory of its own that one can be made on."""
    if has_buffer(value):
        return True
    from aotops.namespace.exchange import is_offered

    return is_offered(value)


def has_buffer(value: Any) -> bool:
    """Whether a value has the buffer protocol."""
    try:
        memoryview(value).release()
    except TypeError:
        return False
    except (BufferError, ValueError):
        return True  # NumPy's arrays of dates
    return True


def from_nested(name: str, argument: str, data: Any, dtype: DType | None) -> Tensor:
    """A tensor of nested lists, tuples and ranges of numbers; elements may be tensors and arrays.

    Errors name the function and its argument.
    """
    if isinstance(data, range):
        return from_range(name, argument, data, dtype)
    flat: list[Any] = []
    found: dict[Any, Any] = {}
    tracked: list[tuple[Tensor, int]] = []
    shape = _flatten(name, argument, data, flat, found, argument, dtype, tracked)
    natural = result_type(*found.values()) if found else float64
    wanted = dtype or natural
    result = from_flat(name, argument, flat, shape, wanted, natural)
    if tracked:
        parts, starts = [tensor for tensor, _ in tracked], [start for _, start in tracked]
        recorded = _native.recorded(from_flat, (parts, starts, result), {})
        return result if recorded is NotImplemented else recorded
    return result


def from_flat(
    name: str, argument: str, flat: list[Any], shape: tuple[int, ...], wanted: DType, natural: DType
) -> Tensor:
    """A tensor of numbers in row-major order, whose own dtype is ``natural``."""
    if not shape:
        return _native.full((), flat[0], wanted, name, argument)
    result = _native.empty(shape, wanted, name)
    if not flat:
        return result
    if wanted.kind == "complex":
        for place, number in enumerate(flat):
            result._as_strided((), (), place)._copy_from(_native.full((), number, wanted, name, argument))
        return result
    if wanted == bool_:
        source = _native.from_buffer(memoryview(bytes(map(bool, flat))).cast("?"), False)
    else:
        import struct

        code: Any = "d" if wanted.kind == "float" else wanted.format
        try:
            # one by one: an int keeps all its digits though there are floats beside it
            fitting = map(int, flat) if code != "d" and natural.kind == "float" else flat
            numbers = struct.pack(f"{len(flat)}{code}", *fitting)
        except (struct.error, OverflowError, ValueError):
            for number in flat:
                _native.full((), number, wanted, name, argument)  # raises for one that does not fit
            raise
        source = _native.from_buffer(memoryview(numbers).cast(code), False)
    assert source is not None  # bytes are aligned
    result._copy_from(source.view(shape))
    return result


def _flatten(
    name: str,
    argument: str,
    data: Any,
    flat: list[Any],
    found: dict[Any, Any],
    place: str,
    dtype: DType | None = None,
    tracked: list[tuple[Tensor, int]] | None = None,
) -> tuple[int, ...]:
    """Append the numbers of nested sequences to ``flat`` and return their shape.

    ``found`` collects what decides about the dtype: those of tensors, and a number of each Python type.
    ``place`` is how errors call ``data``, as "data[0]"; to ``dtype`` buffers of other types are converted.
    ``tracked`` collects tensors that require gradients, and where their numbers begin.
    """
    if _native.is_number(data):
        found[type(data)] = data
        flat.append(data)
        return ()
    if isinstance(data, range):
        found.update({int: 0} if data else {})
        if data[LONGEST_RANGE:]:  # it may be longer than any list in memory
            data = from_range(name, place, data, dtype).tolist()
        flat.extend(data)
        return (len(data),)
    if not isinstance(data, (list, tuple)):
        if not isinstance(data, Tensor):
            if not is_memory(data):
                wanted = "be a number or a sequence of numbers"
                errors.reject(TypeError, name, place, wanted, errors.type_name(data), errors.advice(data))
            data = read(name, place, data, dtype)
        elif dtype is not None and data.ndim > 0:
            if data.dtype.kind == "complex" and dtype.kind not in ("complex", "bool"):
                errors.complex_to_real(name, data.dtype.name, dtype.name, place)
            data = astype(data, dtype, copy=False)
        found[data.dtype] = data.dtype
        if tracked is not None and data.requires_grad:
            tracked.append((data, len(flat)))
        _flatten(name, argument, data.tolist(), flat, {}, place)
        shape_of: tuple[int, ...] = data.shape
        return shape_of
    if place.count("[") > _native.max_rank:
        errors.reject(ValueError, name, argument, f"be nested at most {_native.max_rank} deep", "more")
    by_type = dict(zip(map(type, data), data, strict=True))
    if by_type and by_type.keys() <= {int, float, bool, complex}:
        found.update(by_type)
        flat.extend(data)
        return (len(data),)
    shape: tuple[int, ...] | None = None
    for position, item in enumerate(data):
        inner = _flatten(name, argument, item, flat, found, f"{place}[{position}]", dtype, tracked)
        if shape is None:
            shape = inner
        elif inner != shape:
            got = f"{place}[0] of shape {shape} and {place}[{position}] of shape {inner}"
            errors.reject(ValueError, name, argument, "not be ragged", got)
    return (len(data), *(shape or ()))


#: Longer ranges are not listed.
LONGEST_RANGE = 1000


def from_range(name: str, argument: str, data: range, dtype: DType | None) -> Tensor:
    """A tensor of the ints in a range, which is never listed whole."""
    if not data:
        return _native.empty((0,), float64 if dtype is None else dtype, name)
    wanted = int64 if dtype is None else dtype
    ends = data[0], data[-1]
    for end in ends if wanted.kind != "bool" else ():
        _native.full((), end, wanted, name, argument)  # what lies between the ends fits if they do
    try:
        count = len(data)
    except OverflowError:
        errors.too_many_bytes(name, ((data[-1] - data[0]) // data.step + 1,), wanted.name)
    if wanted.kind != "bool" and all(-(2**63) <= end < 2**63 for end in ends):
        return evenly_spaced(name, data[0], data.step, count, wanted)
    result = _native.empty((count,), wanted, name)
    for first in range(0, count, LONGEST_RANGE):
        result[first : first + LONGEST_RANGE] = list(data[first : first + LONGEST_RANGE])
    return result


def fits_uint64(dtype: DType | None, ends: Iterable[float]) -> bool:
    """Whether a dtype is uint64 and holds some ints."""
    return dtype is not None and dtype.name == "uint64" and all(0 <= end < 2**64 for end in ends)


def evenly_spaced(name: str, start: float, step: float, count: int, dtype: DType) -> Tensor:
    """``count`` numbers from ``start`` on, computed in int64 where they are ints that fit, else in float64.

    Of uint64, int64 has the same bits.
    """
    result = _native.empty((count,), dtype, name)
    if count == 0:
        return result
    natural: DType = int64
    if isinstance(start, int) and isinstance(step, int):
        ends = start, start + (count - 1) * step
        if all(-(2**63) <= end < 2**63 for end in ends) or fits_uint64(dtype, ends):
            # int64 wraps around: a step between two int64 may itself be none
            start, step = [(number + 2**63) % 2**64 - 2**63 for number in (start, step)]
        else:
            start, step, natural = float(start), float(step), float64
    else:
        natural = float64
    return _native.generate(_native.operators["_arange"], natural, result, 0, (1,), (start, step))


@fast_path()
@advised
def empty(shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor whose contents are undefined until they are written.

    Parameters:
        shape: An int, or a tuple, list or range of ints.
        dtype: A dtype or its name; by default float64.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: The shape or the dtype is not one.
        ValueError: A length is negative, the tensor would have more than 2**63 - 1 bytes, or the device is another
            one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.empty((2, 3)).shape
        (2, 3)
    """
    require_cpu("empty", device)
    own = float64 if dtype is None else as_dtype("empty", "dtype", dtype)
    return with_grad("empty", _native.empty(new_shape("empty", shape), own, "empty"), requires_grad)


@fast_path()
@advised
def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of one value.

    Parameters:
        shape: An int, or a tuple, list or range of ints.
        fill_value: A Python number, or anything with one element that has a dtype: a tensor, a NumPy scalar.
        dtype: A dtype or its name; by default bool, int64 or float64, as the value.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: The value is not a number, or the shape or the dtype is not one.
        ValueError: The value is NaN and the dtype one of integers, a length is negative, the tensor would have more
            than 2**63 - 1 bytes, or the device is another one.
        OverflowError: The dtype cannot hold the value.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.full((2, 2), 7)
        tensor([[7, 7],
                [7, 7]])
    """
    require_cpu("full", device)
    number = as_number("full", "fill_value", fill_value)
    if dtype is not None:
        wanted = as_dtype("full", "dtype", dtype)
    else:
        wanted = number_dtype(number) if _native.is_number(fill_value) else asarray(fill_value).dtype
    return with_grad(
        "full", _native.full(new_shape("full", shape), number, wanted, "full", "fill_value"), requires_grad
    )


def as_number(name: str, argument: str, value: Any) -> float:
    """A Python number, or the only element of what has a dtype and no axes; ``TypeError`` for anything else."""
    if _native.is_number(value):
        number: float = value
        return number
    if not isinstance(value, Tensor) and not has_buffer(value):
        errors.reject(TypeError, name, argument, "be a number", errors.type_name(value), errors.advice(value))
    element = read(name, argument, value, None)
    if element.ndim != 0:
        errors.reject(TypeError, name, argument, "be a number", f"shape {element.shape}")
    return element.item()


@fast_path()
@advised
def zeros(shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of zeros.

    Parameters:
        shape: An int, or a tuple, list or range of ints.
        dtype: A dtype or its name; by default float64.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: The shape or the dtype is not one.
        ValueError: A length is negative, the tensor would have more than 2**63 - 1 bytes, or the device is another
            one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.zeros(3)
        tensor([0., 0., 0.])
    """
    require_cpu("zeros", device)
    own = float64 if dtype is None else as_dtype("zeros", "dtype", dtype)
    return with_grad("zeros", _native.full(new_shape("zeros", shape), 0, own, "zeros", "shape"), requires_grad)


@fast_path()
@advised
def ones(shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of ones.

    Parameters:
        shape: An int, or a tuple, list or range of ints.
        dtype: A dtype or its name; by default float64.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: The shape or the dtype is not one.
        ValueError: A length is negative, the tensor would have more than 2**63 - 1 bytes, or the device is another
            one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.ones(3) + 1
        tensor([2., 2., 2.])
    """
    require_cpu("ones", device)
    own = float64 if dtype is None else as_dtype("ones", "dtype", dtype)
    return with_grad("ones", _native.full(new_shape("ones", shape), 1, own, "ones", "shape"), requires_grad)


@fast_path(_native.operators["_arange"])
@advised
def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of evenly spaced numbers from ``start`` up to, not including, ``stop``.

    Parameters:
        start: The first number; ``arange(n)`` counts from 0 to ``n``.
        stop: The end of the range.
        step: The distance between two numbers; it may be negative.
        dtype: A dtype or its name; by default int64 if all arguments are ints, else float64.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of one dimension. Of floats it has ``ceil((stop - start) / step)`` elements, each computed as ``start +
        i * step``.

    Raises:
        TypeError: An argument is not a number.
        ValueError: The step is 0, the range is not finite or too large, or the device is another one.
        OverflowError: The dtype cannot hold the numbers.

    Example:
        >>> import aotops as ao
        >>> ao.arange(5)
        tensor([0, 1, 2, 3, 4])
        >>> ao.arange(1, 0, -0.25)
        tensor([1.  , 0.75, 0.5 , 0.25])
    """
    require_cpu("arange", device)
    if stop is None:
        start, stop = 0, start
    start, stop, step = [
        as_number("arange", name, value) for name, value in (("start", start), ("stop", stop), ("step", step))
    ]
    for name, value in (("start", start), ("stop", stop), ("step", step)):
        if isinstance(value, complex):
            errors.reject(TypeError, "arange", name, "be a real number", errors.type_name(value))
    operators = _native.operators  # Python's own arithmetic depends on the floating-point environment of the thread
    if step == 0 and not operators["not_equal"](step, 0):
        errors.reject(ValueError, "arange", "step", "not be 0", step)
    numbers = "start, stop and step"
    given = start, stop, step
    wanted = None if dtype is None else as_dtype("arange", "dtype", dtype)
    exact = isinstance(start, int) and isinstance(stop, int) and isinstance(step, int)
    if exact:
        count = -((start - stop) // step)
        ends = (start, start + (count - 1) * step) if count > 0 else ()
        if any(not -(2**63) <= end < 2**63 for end in ends) and not fits_uint64(wanted, ends):
            if wanted is None or wanted.kind != "float":
                errors.reject(OverflowError, "arange", numbers, "give numbers that fit int64", errors.shown(given))
            exact = False  # though not their number
    if not exact:
        try:
            start, stop, step = float(start), float(stop), float(step)
        except OverflowError:
            errors.reject(OverflowError, "arange", numbers, "fit float64", errors.shown(given))
    if isinstance(given[0], float) or isinstance(given[1], float) or isinstance(given[2], float):
        from math import ceil, isfinite

        span = operators["divide"](operators["subtract"](stop, start), step).item()
        if not isfinite(span):
            errors.reject(ValueError, "arange", numbers, "give a finite range", errors.shown(given))
        count = max(ceil(span), 0)
    if count >= 2**60:
        errors.reject(ValueError, "arange", numbers, "give less than 2**60 numbers", errors.shown(given))
    wanted = wanted or (int64 if exact else float64)
    if wanted.kind == "integer" and count > 0:
        for end in (start, start + (count - 1) * step):  # what lies between the ends fits if they do
            _native.full((), end, wanted, "arange", numbers)  # OverflowError
    return with_grad("arange", evenly_spaced("arange", start, step, max(count, 0), wanted), requires_grad)
