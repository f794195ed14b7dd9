"""Reading buffers whose elements have no aotops dtype: float16, and numbers in the other byte order.

Nothing compiled reads them, so Python's ``struct`` does, some thousand elements at a time: right for every format, and
a hundred times slower than a copy.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import DType

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from aotops.tensors import Tensor

#: The number of elements that are converted through Python objects at a time.
CHUNK = 1 << 14

#: The characters of ``struct`` for signed and unsigned integers and floats, by their item size.
CODES = {
    "signed": {1: "b", 2: "h", 4: "i", 8: "q"},
    "unsigned": {1: "B", 2: "H", 4: "I", 8: "Q"},
    "float": {2: "e", 4: "f", 8: "d"},
    "bool": {1: "?"},
}
KINDS = {
    **dict.fromkeys("bhilqn", "signed"),
    **dict.fromkeys("BHILQN", "unsigned"),
    **dict.fromkeys("efd", "float"),
    "?": "bool",
}


def foreign_number(name: str, argument: str, obj: Any) -> tuple[float, str] | None:
    """A single number that no dtype has as it is, such as NumPy's float16, and the dtype that holds it.

    None for other buffers.
    """
    try:
        opened = memoryview(obj)
    except (BufferError, ValueError) as error:
        if hasattr(obj, "dtype"):  # an array of NumPy's dates and times
            no_numbers(name, argument, obj)
        errors.reject(ValueError, name, argument, "have a buffer that can be read", f"{type(obj).__name__}: {error}")
    with opened as view:
        if view.ndim == 1 and getattr(obj, "shape", None) == () and not isinstance(obj, bytes):
            no_numbers(name, argument, obj)  # a date or a time: its bytes lie along an axis that it does not have
        found = readable(view.format, view.itemsize)
        if view.ndim != 0 or found is None or (found[0] == "=" and view.format[-1] != "e"):
            return None
        import struct

        order, kind = found
        number: float = struct.unpack(f"{order}{CODES[kind][view.itemsize]}", view.tobytes())[0]
        return number, holding(kind, view.itemsize)


def no_numbers(name: str, argument: str, obj: Any) -> NoReturn:
    """Raise ``TypeError`` for one of NumPy's arrays or scalars of which the buffer protocol knows nothing."""
    wanted = f"hold numbers of dtype {', '.join([dtype.name for dtype in _native.dtypes])}"
    got = f"{errors.type_name(obj)} of dtype {getattr(obj, 'dtype', None)}"
    errors.reject(TypeError, name, argument, wanted, got, "convert it with NumPy first")


def readable(format: str, itemsize: int) -> tuple[str, str] | None:
    """The byte order, as ``struct`` has it, and the kind of the numbers in a buffer; None if they are none.

    The item size counts, not what a character stands for: ``ctypes`` writes "<l" for 8 bytes.
    """
    order = "=" if format[:1] in ("@", "=", "^") else ">" if format[:1] in (">", "!") else format[:1]
    code = format[1:] if order in ("=", "<", ">") else format
    kind = KINDS.get(code)
    if kind is None or itemsize not in CODES[kind]:
        return None
    return (order if order in ("<", ">") else "="), kind


def name_of(kind: str, itemsize: int) -> str:
    """The usual name of a kind of numbers."""
    prefix = {"signed": "int", "unsigned": "uint"}.get(kind, kind)
    return kind if kind == "bool" else f"{prefix}{8 * itemsize}"


def holding(kind: str, itemsize: int) -> str:
    """The name of the dtype that holds all numbers of a kind."""
    return "float32" if kind == "float" and itemsize < 4 else name_of(kind, itemsize)


def converted(name: str, argument: str, exporter: Any, kind: str, order: str, dtype: DType) -> Tensor:
    """A new tensor of a dtype, of the numbers of some kind in a buffer; errors name the function and its argument.

    Raises ``BufferError`` for a buffer of another length than its shape says, ``MemoryError`` where there is no memory
    for the result and for a contiguous copy of the buffer.
    """
    import struct

    with memoryview(exporter) as view:
        itemsize, shape = view.itemsize, view.shape
        assert shape is not None  # a memoryview always has one
        result = _native.empty(shape, dtype)
        contents = view.tobytes()  # in row-major order, wherever they lie
    if len(contents) != result.size * itemsize:  # after ctypes.resize
        errors.wrong_buffer_size(name, argument, result.size, result.size * itemsize, len(contents))
    for start in range(0, result.size, CHUNK):
        count = min(CHUNK, result.size - start)
        numbers = struct.unpack_from(f"{order}{count}{CODES[kind][itemsize]}", contents, start * itemsize)
        source = _native.from_buffer(packed(numbers, kind, itemsize), False)
        assert source is not None  # bytes are aligned
        result._as_strided((count,), (1,), start)._copy_from(source)
    return result


def packed(numbers: tuple[Any, ...], kind: str, itemsize: int) -> memoryview:
    """A buffer of numbers of a kind in a dtype of aotops."""
    import struct

    code: Any = CODES[kind][max(itemsize, 4) if kind == "float" else itemsize]
    return memoryview(struct.pack(f"{len(numbers)}{code}", *numbers)).cast(code)


def unsupported(name: str, argument: str, exporter: type, format: str, itemsize: int) -> NoReturn:
    """Raise ``TypeError`` for a buffer whose elements are of no dtype, with the dtype to convert them to."""
    found = readable(format, itemsize)
    advice = ""
    if found is not None:
        kind, other = name_of(found[1], itemsize), holding(found[1], itemsize)
        advice = f"convert it with aotops.asarray(x, dtype={other!r}), which holds all {kind}"
    errors.unsupported_buffer(name, argument, exporter, format, [dtype.name for dtype in _native.dtypes], advice)
