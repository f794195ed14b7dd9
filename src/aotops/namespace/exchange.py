"""Sharing memory with other libraries by DLPack, the standard's protocol, and by Arrow's C data interface."""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import advised, as_copy, require_cpu

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor

#: Where all tensors are, in DLPack's numbers: memory of the CPU, of which there is one.
CPU = (1, 0)

#: Other memory of the CPU, which graphics cards reach as well.
PINNED = (3, 11)

#: The version of DLPack that capsules are asked for, and made in.
VERSION = (1, 0)


@advised
def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Make a tensor on the memory of another library's array, by the DLPack protocol.

    PyTorch, JAX, NumPy and others export their arrays this way. The array's memory lives as long as the tensor.

    Parameters:
        x: An object with the methods ``__dlpack__`` and ``__dlpack_device__``.
        device: ``"cpu"`` asks for memory of the CPU, to which the other library then copies the array; by default the
            array must lie there already.
        copy: True always copies; False never does. None, the default, copies only if elements are not aligned to their
            size.

    Returns:
        A tensor of the shape, strides and dtype of ``x``. It is read-only if the other library says so, or gives a
        capsule without a version, which cannot say.

    Raises:
        TypeError: ``x`` has no such methods, or what they return does not follow the protocol; its elements are of no
            dtype that aotops has.
        ValueError: It has more than 32 dimensions; ``device`` is another one.
        BufferError: Its memory is not the CPU's, ``copy=False`` and a copy is needed, or the other library refuses.

    Example:
        >>> import aotops as ao
        >>> numbers = ao.arange(3)
        >>> shared = ao.from_dlpack(numbers)
        >>> shared[0] = 5
        >>> numbers
        tensor([5, 1, 2])
    """
    require_cpu("from_dlpack", device)
    if not exports(x):
        wanted = "have the methods __dlpack__ and __dlpack_device__"
        errors.reject(TypeError, "from_dlpack", "x", wanted, errors.type_name(x), "use aotops.asarray(x)")
    result = imported("from_dlpack", "x", x, as_copy("from_dlpack", copy), device is not None)
    if result is None:
        got = f"{type(x).__name__}, whose elements are copied or not aligned"
        errors.reject(BufferError, "from_dlpack", "x", "need no copy where copy=False", got)
    return result


def is_offered(value: Any) -> bool:
    """Whether a value exports its memory by one of the protocols, or by NumPy's ``__array__``, as pandas does."""
    kind = type(value)
    return exports(value) or hasattr(kind, "__arrow_c_array__") or hasattr(kind, "__array__")


def offered(name: str, argument: str, x: Any, copy: bool | None) -> Tensor | None:
    """A tensor on the memory that an object exports; None if only a copy is possible and ``copy`` is False."""
    from aotops.namespace.buffers import foreign_number

    if hasattr(type(x), "__arrow_c_array__"):
        pair = x.__arrow_c_array__()
        if not isinstance(pair, tuple) or len(pair) != 2:
            errors.wrong_arrow_capsule(name, argument, "arrow_schema", pair, None)
        return _native.from_arrow(*pair, copy, name, argument)
    if exports(x):
        return imported(name, argument, x, copy)
    array = x.__array__()
    try:
        memoryview(array).release()
    except TypeError:
        got = f"{type(x).__name__} whose __array__ returns {errors.type_name(array)}"
        errors.reject(TypeError, name, argument, "be an array of numbers", got)
    except (BufferError, ValueError):
        pass  # of a dtype that buffers lack, which is an error now:
    foreign_number(name, argument, array)
    shared = _native.from_buffer(array, False, name, argument)
    return _native.from_buffer(array, True, name, argument) if shared is None and copy is not False else shared


def as_arrow(x: Tensor) -> tuple[Any, Any]:
    """The capsules that ``Tensor.__arrow_c_array__`` returns."""
    if x.ndim != 1:
        errors.reject(BufferError, "Arrow", "x", "have one dimension", x.ndim, "share its rows, or x.reshape(-1)")
    return _native.arrow_schema(x.dtype), _native.to_arrow(x.contiguous())


def exports(value: Any) -> bool:
    """Whether a value follows the protocol."""
    kind = type(value)
    return hasattr(kind, "__dlpack__") and hasattr(kind, "__dlpack_device__")


def imported(name: str, argument: str, x: Any, copy: bool | None, to_cpu: bool = False) -> Tensor | None:
    """A tensor on the memory of an object that exports it; None if only a copy is possible and ``copy`` is False.

    Errors name the function and its argument.
    """
    options: dict[str, Any] = {"max_version": VERSION}
    if to_cpu:
        options["dl_device"] = CPU
    else:
        found = x.__dlpack_device__()
        if not is_pair(found):
            errors.reject(TypeError, name, argument, "return two ints from __dlpack_device__", errors.shown(found))
        if found[0] not in (CPU[0], *PINNED):
            errors.not_on_cpu(name, argument, found[0])
    if copy is not None:
        options["copy"] = copy
    try:
        capsule = x.__dlpack__(**options)
    except TypeError:  # it was written before version 1.0, and knows none of them
        if to_cpu and x.__dlpack_device__()[0] != CPU[0]:
            raise
        capsule = x.__dlpack__()
    return _native.from_dlpack(capsule, copy, name, argument)


def exported(x: Tensor, stream: Any, max_version: Any, dl_device: Any, copy: bool | None) -> Any:
    """The capsule that ``Tensor.__dlpack__`` returns."""
    name = "__dlpack__"
    if x.requires_grad:
        errors.export_is_tracked(name)
    if stream is not None:
        errors.reject(ValueError, name, "stream", "be None for memory of the CPU", errors.shown(stream))
    if dl_device is not None and not is_pair(dl_device):
        errors.reject(TypeError, name, "dl_device", "be a tuple of two ints or None", errors.shown(dl_device))
    if dl_device is not None and tuple(dl_device) != CPU:
        errors.reject(BufferError, name, "dl_device", f"be {CPU}, the CPU, or None", errors.shown(dl_device))
    if max_version is not None and not is_pair(max_version):
        errors.reject(TypeError, name, "max_version", "be a tuple of two ints or None", errors.shown(max_version))
    copy = as_copy("__dlpack__", copy)
    # DLPack allows negative strides, but PyTorch ends the process when it meets one
    backwards = any(step < 0 < length - 1 for step, length in zip(x.strides, x.shape, strict=True))
    if copy is False and backwards:
        errors.reject(BufferError, name, "x", "have no negative strides where copy=False", f"strides {x.strides}")
    copied = bool(copy) or backwards
    versioned = max_version is not None and max_version[0] >= VERSION[0]
    if x.readonly and not versioned and not copied:
        wanted = "be writable for a consumer of DLPack before 1.0"
        advice = "give max_version=(1, 0), or share a copy, as aotops.tensor(x) makes"
        errors.reject(BufferError, name, "x", wanted, "a read-only tensor", advice)
    return _native.to_dlpack(_native.astype(x, x.dtype) if copied else x, versioned, copied)


def is_pair(value: Any) -> bool:
    """Whether a value is a tuple of two ints."""
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, int) for part in value)
