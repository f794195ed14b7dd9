"""``Tensor``: the public class, thin over the native strided tensor.

Arithmetic, comparisons, the operators' methods, indexing, iteration and conversions to Python numbers come from the
native base; here are the other methods, some with a fast path in C, and what Python expects of a container.
"""

from __future__ import annotations

from aotops import _native
from aotops._native import DType, TensorBase, fast_path
from aotops.arguments import advised
from aotops.namespace.indexing import assign, select

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any


class Tensor(TensorBase):
    """A strided view of memory that holds elements of one dtype.

    Tensors are made by ``aotops.tensor``, ``asarray``, ``zeros`` and their like. Views (slicing, ``permute``,
    ``T``, ``view``) share memory; ``contiguous`` and ``reshape`` copy only where they must. An index of ints alone,
    one for each axis, gives a copy of the element.
    ``+ - * /``, comparisons, ``abs`` and their in-place forms compute element by element, broadcasting, also with
    lists of numbers and NumPy's arrays and scalars on either side.
    Through the buffer protocol, ``memoryview(t)`` and ``numpy.asarray(t)`` share the memory as well.

    >>> import aotops as ao
    >>> t = ao.tensor([[1, 2, 3], [4, 5, 6]])
    >>> t.shape, t.dtype, t.strides
    ((2, 3), aotops.int64, (3, 1))
    >>> t.T[0]
    tensor([1, 4])
    """

    __slots__ = ()
    __module__ = "aotops"

    # --- views ------------------------------------------------------------------------------------

    @fast_path()
    @advised
    def permute(self, *axes: Any) -> Tensor:
        """The axes in another order, as a view: ``permute(1, 0)`` or ``permute((1, 0))``.

        Raises ``ValueError`` unless every axis is named once.

        >>> import aotops as ao
        >>> ao.zeros((2, 3, 4)).permute(2, 0, 1).shape
        (4, 2, 3)
        """
        from aotops.namespace.manipulation import permuted

        return permuted("permute", self, axes[0] if len(axes) == 1 else axes)

    @fast_path()
    @advised
    def reshape(self, *shape: Any, copy: bool | None = None) -> Tensor:
        """The elements in row-major order in another shape: a view where the strides allow it, else a copy.

        One length may be -1 and is worked out. ``copy=True`` always copies, ``copy=False`` never does.
        Raises ``ValueError`` if the sizes differ, or if a copy is needed and forbidden.

        >>> import aotops as ao
        >>> ao.arange(6).reshape(2, -1)
        tensor([[0, 1, 2],
                [3, 4, 5]])
        """
        from aotops.namespace.manipulation import reshaped

        return reshaped("reshape", self, shape[0] if len(shape) == 1 else shape, None if copy is None else bool(copy))

    @fast_path()
    @advised
    def view(self, *shape: Any) -> Tensor:
        """The elements in another shape, always as a view; ``ValueError`` where only a copy could show them.

        >>> import aotops as ao
        >>> t = ao.zeros(6)
        >>> t.view(2, 3)[0, 0] = 1.0
        >>> t
        tensor([1., 0., 0., 0., 0., 0.])
        """
        from aotops.namespace.manipulation import reshaped

        return reshaped("view", self, shape[0] if len(shape) == 1 else shape, False)

    @fast_path()
    @advised
    def contiguous(self) -> Tensor:
        """The tensor itself if its elements lie in row-major order without gaps, else a copy that does."""
        return self if self.is_contiguous() else copy(self)

    @fast_path()
    @advised
    def astype(self, dtype: Any, *, copy: bool = True) -> Tensor:
        """The elements converted to a dtype; see ``aotops.astype``."""
        return astype(self, dtype, copy=copy)

    # --- indexing ---------------------------------------------------------------------------------

    _select = select  # what t[key] and t[key] = value are where C does not find one element
    _assign = assign

    def __contains__(self, value: Any) -> bool:
        found = self == value
        return bool(_native.operators["max"](found)) if isinstance(found, Tensor) and found.size else False

    # --- Python numbers ---------------------------------------------------------------------------

    @fast_path()
    @advised
    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers; of a 0-d tensor, the number.

        >>> import aotops as ao
        >>> ao.tensor([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """
        return memoryview(self).tolist()

    # --- representation, copies -------------------------------------------------------------------

    def __repr__(self) -> str:
        from aotops.formatting import format_tensor

        return format_tensor(self)

    def __format__(self, specification: str) -> str:
        from aotops.formatting import format_elements

        return format_elements(self, specification) if specification else repr(self)

    def __copy__(self) -> Tensor:
        return copy(self)

    def __deepcopy__(self, memo: Any) -> Tensor:
        return copy(self)

    def __reduce__(self) -> Any:
        contents = memoryview(self.contiguous()).tobytes()  # bytes() takes an integer tensor for a length
        return _restore, (self.shape, self.dtype, contents)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """What NumPy's functions and its arrays' operators do with tensors; see ``aotops.interop.numpy_functions``."""
        from aotops.interop.numpy_functions import array_ufunc

        return array_ufunc(ufunc, method, inputs, options)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The module whose functions take this tensor, as the array API standard has it."""
        import aotops

        return aotops


_native.register_tensor_type(Tensor)


def tensor_type() -> type[Tensor]:
    """The class of all tensors: what C asks for when it makes the first one, and has been told by the import."""
    return Tensor


astype = _native.astype


def copy(x: Tensor) -> Tensor:
    """A contiguous copy."""
    return astype(x, x.dtype)


def empty(shape: tuple[int, ...], dtype: DType) -> Tensor:
    """A contiguous tensor of undefined contents."""
    return _native.empty(shape, dtype)


def _restore(shape: tuple[int, ...], dtype: DType, contents: bytes) -> Tensor:
    """Unpickle a tensor."""
    result = empty(shape, dtype)
    if contents:
        memoryview(result).cast("B")[:] = contents
    return result
