"""``Tensor``: the public class, thin over the native strided tensor.

Arithmetic, comparisons, the operators' methods, indexing, iteration and conversions to Python numbers come from the
native base; here are the other methods, some with a fast path in C, and what Python expects of a container.
"""

from __future__ import annotations

from aotops import _native
from aotops._native import DType, TensorBase, fast_path
from aotops.arguments import advised, as_copy
from aotops.namespace.indexing import assign, select

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any


class Tensor(TensorBase):
    """A strided view of memory that holds elements of one dtype.

    Tensors are made by ``aotops.tensor``, ``asarray``, ``zeros`` and their like. Views (slicing, ``permute``,
    ``T``, ``view``) share memory; ``contiguous`` and ``reshape`` copy only where they must. An index of ints alone,
    one for each axis, gives a copy of the element.
    ``+ - * / // % **``, ``& | ^ ~ << >>``, comparisons, ``abs`` and their in-place forms compute element by element,
    broadcasting, also with lists of numbers and NumPy's arrays and scalars on either side.
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

    #: NumPy's: arrays of other types than tensors are converted to tensors where Dask joins both.
    __array_priority__ = 1.0

    # --- views ------------------------------------------------------------------------------------

    @fast_path()
    @advised
    def permute(self, *axes: Any) -> Tensor:
        """Return a view with the axes in another order.

        Parameters:
            *axes: Every axis once, as ``permute(1, 0)`` or ``permute((1, 0))``.

        Returns:
            A view, which shares the memory.

        Raises:
            TypeError: An axis is not an int.
            ValueError: An axis is missing or named twice, or does not exist (this is an ``IndexError`` as well).

        Example:
            >>> import aotops as ao
            >>> ao.zeros((2, 3, 4)).permute(2, 0, 1).shape
            (4, 2, 3)
        """
        from aotops.namespace.manipulation import permuted

        return permuted("permute", self, axes[0] if len(axes) == 1 else axes)

    @fast_path()
    @advised
    def reshape(self, *shape: Any, copy: bool | None = None) -> Tensor:
        """Return the elements, in row-major order, in another shape.

        Parameters:
            *shape: The lengths, as ``reshape(2, -1)`` or ``reshape((2, -1))``. One may be -1, and is computed from the
                others.
            copy: True always copies; False never does. None, the default, copies only if no view has this shape.

        Returns:
            A view where the strides allow that, else a copy.

        Raises:
            TypeError: A length is not an int.
            ValueError: The sizes differ, or ``copy=False`` and a copy is needed.

        Example:
            >>> import aotops as ao
            >>> ao.arange(6).reshape(2, -1)
            tensor([[0, 1, 2],
                    [3, 4, 5]])
        """
        from aotops.namespace.manipulation import reshaped

        return reshaped("reshape", self, shape[0] if len(shape) == 1 else shape, as_copy("reshape", copy))

    @fast_path()
    @advised
    def view(self, *shape: Any) -> Tensor:
        """Return a view of the elements, in row-major order, in another shape.

        Parameters:
            *shape: The lengths, as ``view(2, -1)`` or ``view((2, -1))``. One may be -1, and is computed from the
                others.

        Returns:
            A view, which shares the memory.

        Raises:
            TypeError: A length is not an int.
            ValueError: The sizes differ, or a copy would be needed.

        Example:
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
        """Return a tensor whose elements lie in row-major order without gaps.

        Returns:
            The tensor itself if they do already, else a copy.

        Example:
            >>> import aotops as ao
            >>> ao.zeros((2, 3)).T.contiguous().strides
            (2, 1)
        """
        return self if self.is_contiguous() else copy(self)

    @fast_path()
    @advised
    def astype(self, dtype: Any, *, copy: bool = True) -> Tensor:
        """Cast the elements to a dtype; see ``aotops.astype``.

        Parameters:
            dtype: A dtype or its name.
            copy: With False, a tensor that already has the dtype is returned itself.

        Returns:
            A tensor of the same shape, in row-major order.

        Raises:
            TypeError: The dtype is unknown.

        Example:
            >>> import aotops as ao
            >>> ao.tensor([0.5, 2.5]).astype("int64")
            tensor([0, 2])
        """
        return astype(self, dtype, copy=copy)

    @fast_path()
    @advised
    def copy(self) -> Tensor:
        """Return a copy.

        Returns:
            A tensor of the same shape and dtype, in row-major order, that owns its memory.

        Example:
            >>> import aotops as ao
            >>> t = ao.zeros(2)
            >>> t.copy()[0] = 1.0
            >>> t
            tensor([0., 0.])
        """
        return copy(self)

    @advised
    def flatten(self) -> Tensor:
        """Return a copy of the elements, in row-major order, along one axis; ``ravel`` copies only where it must.

        Returns:
            A tensor of one dimension that owns its memory.

        Example:
            >>> import aotops as ao
            >>> ao.tensor([[1, 2], [3, 4]]).flatten()
            tensor([1, 2, 3, 4])
        """
        return copy(self).reshape(-1)

    @advised
    def ravel(self) -> Tensor:
        """Return the elements, in row-major order, along one axis.

        Returns:
            A view where the strides allow that, else a copy.

        Example:
            >>> import aotops as ao
            >>> ao.tensor([[1, 2], [3, 4]]).T.ravel()
            tensor([1, 3, 2, 4])
        """
        return self.reshape(-1)

    @advised
    def squeeze(self, axis: Any = None) -> Tensor:
        """Return a view without axes of length 1; see ``aotops.squeeze``.

        Parameters:
            axis: An int or a tuple of ints; by default all axes of length 1.

        Returns:
            A view, which shares the memory.

        Raises:
            TypeError: An axis is not an int.
            ValueError: An axis has another length, is named twice, or does not exist (this is an ``IndexError`` as
                well).

        Example:
            >>> import aotops as ao
            >>> ao.zeros((1, 3, 1)).squeeze(0).shape
            (3, 1)
        """
        from aotops.namespace.manipulation import squeeze

        return squeeze(self, axis)

    @advised
    def to_device(self, device: str, /, *, stream: Any = None) -> Tensor:
        """Return the tensor itself: there is one device, ``"cpu"``.

        Parameters:
            device: ``"cpu"``.
            stream: None; there are no streams.

        Returns:
            The tensor.

        Raises:
            ValueError: The device is another one, or there is a stream.

        Example:
            >>> import aotops as ao
            >>> ao.ones(2).to_device("cpu")
            tensor([1., 1.])
        """
        from aotops.arguments import is_one_of

        is_cpu = is_one_of(device, "cpu")
        if not is_cpu or stream is not None:
            from aotops.errors import wrong_value

            argument, wanted, got = ("stream", "None", stream) if is_cpu else ("device", "'cpu'", device)
            wrong_value("to_device", argument, wanted, got)
        return self

    # --- gradients --------------------------------------------------------------------------------

    @advised
    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad``, and return the tensor itself.

        Parameters:
            requires_grad: Whether calls with the tensor are to be recorded.

        Returns:
            The tensor.

        Raises:
            TypeError: The tensor is of another dtype than float32 and float64.
            GradientError: False for the result of a recorded call, which ``detach`` is for.

        Example:
            >>> import aotops as ao
            >>> ao.ones(2).requires_grad_()
            tensor([1., 1.], requires_grad=True)
        """
        self.requires_grad = requires_grad
        return self

    @advised
    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Compute the gradients by all tensors that this one was computed from and that require gradients.

        They are added to what these tensors have as ``grad``, each as a new tensor. What the formulas read is freed on
        the way.

        Parameters:
            gradient: The gradient by this tensor, of its shape. It may be left out for a single element, where it is 1.
            retain_graph: Keep what the formulas read, so that ``backward`` can be called again.

        Raises:
            TypeError: ``gradient`` is no operand.
            ValueError: It has another shape than the tensor.
            GradientError: The tensor does not require gradients; something on the way has no derivative, or has been
                written to since, or freed by an earlier ``backward``.

        Example:
            >>> import aotops as ao
            >>> x = ao.tensor([1.0, 2.0, 3.0], requires_grad=True)
            >>> (x * x).sum().backward()
            >>> x.grad
            tensor([2., 4., 6.])
        """
        _native.backward_from(self, gradient, retain_graph)

    @advised
    def detach(self) -> Tensor:
        """Return a view of all elements through which no gradient flows.

        Returns:
            A tensor on the same memory.

        Example:
            >>> import aotops as ao
            >>> x = ao.tensor([1.0, 2.0], requires_grad=True)
            >>> (x * 2).detach().requires_grad
            False
        """
        return _native.alias(self)

    @advised
    def retain_grad(self) -> None:
        """Let ``backward`` keep the gradient by this tensor, the result of a call, as its ``grad``.

        Raises:
            GradientError: The tensor does not require gradients.

        Example:
            >>> import aotops as ao
            >>> x = ao.tensor([1.0, 2.0], requires_grad=True)
            >>> y = x * x
            >>> y.retain_grad()
            >>> y.sum().backward()
            >>> y.grad
            tensor([1., 1.])
        """
        _native.keep_grad(self)

    # --- indexing ---------------------------------------------------------------------------------

    _select = select  # C calls them for t[key] and t[key] = value if it cannot handle the key itself
    _assign = assign

    def __contains__(self, value: Any) -> bool:
        found = self == value
        return bool(_native.operators["max"](found)) if isinstance(found, Tensor) and found.size else False

    # --- Python numbers ---------------------------------------------------------------------------

    @fast_path()
    @advised
    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers; of a 0-d tensor, as a number.

        Returns:
            A list of lists, one level for each axis, or a number.

        Example:
            >>> import aotops as ao
            >>> ao.tensor([[1, 2], [3, 4]]).tolist()
            [[1, 2], [3, 4]]
        """
        return memoryview(self).tolist()

    # --- representation, copies -------------------------------------------------------------------

    def __repr__(self) -> str:
        from aotops.formatting import format_tensor

        if not self.requires_grad:
            return format_tensor(self)
        node = "requires_grad=True" if self.is_leaf else f"grad_fn={self.grad_fn!r}"
        return f"{format_tensor(_native.alias(self))[:-1]}, {node})"

    def __format__(self, specification: str) -> str:
        from aotops.formatting import format_elements

        return format_elements(_native.alias(self), specification) if specification else repr(self)

    def __complex__(self) -> complex:
        if self.size != 1:
            from aotops import errors

            errors.item_of_many("complex", self.shape)
        return complex(self.item())

    def __bytes__(self) -> bytes:
        """The elements in row-major order; without this, ``bytes`` would take an integer for a number of zeros."""
        return memoryview(_native.alias(self)).tobytes()

    def __copy__(self) -> Tensor:
        return _copy_of(self, "copy")

    def __deepcopy__(self, memo: Any) -> Tensor:
        return _copy_of(self, "deepcopy")

    def __reduce_ex__(self, protocol: Any) -> Any:
        """What ``pickle`` stores: from protocol 5 on, the memory itself, which need not be copied."""
        stored, layout = _in_order(_native.alias(self))
        contents: Any
        if protocol >= 5:
            from pickle import PickleBuffer

            contents = PickleBuffer(bytearray()), PickleBuffer(stored)  # _restore says why
        else:
            contents = bytes(stored)
        needs_grad = (True,) if self.requires_grad and self.is_leaf else ()
        return _restore, (stored.shape, self.dtype, contents, layout, *needs_grad)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """What NumPy's functions and its arrays' operators do with tensors; see ``aotops.interop.numpy_functions``."""
        from aotops.interop.numpy_functions import array_ufunc

        return array_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """What NumPy's functions that are not universal functions do with tensors; see the same module."""
        from aotops.interop.numpy_functions import array_function

        return array_function(function, types, args, options)

    def __dask_tokenize__(self) -> Any:
        """What tells a tensor from others, for Dask, which knows tensors from then on."""
        from aotops.foreign import token

        return token(_native.alias(self))

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Export the memory as a DLPack capsule, which another library's ``from_dlpack`` makes an array of."""
        from aotops.namespace.exchange import exported

        return exported(self, stream, max_version, dl_device, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The device that the memory is on, in DLPack's numbers: (1, 0), the CPU."""
        return 1, 0

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """NumPy's array on the memory, for what asks for it by this method, as pandas does."""
        from aotops.interop.numpy_functions import as_arrays

        array = as_arrays(self)
        if copy is False and dtype is not None and array.dtype != dtype:
            from aotops.errors import needs_copy

            needs_copy("__array__", "x", f"dtype {self.dtype.name}")
        converted = array if dtype is None else array.astype(dtype, copy=False)
        return converted.copy() if copy and converted is array else converted

    def __arrow_c_schema__(self) -> Any:
        """Export the dtype as a capsule of Arrow's C data interface."""
        return _native.arrow_schema(self.dtype)

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        """Export a vector as capsules of Arrow's C data interface; what is not contiguous as a copy."""
        from aotops.namespace.exchange import as_arrow

        return as_arrow(self)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The module with the functions for this tensor, as the array API standard specifies.

        Raises ``ValueError`` for a version of the standard that is not known.
        """
        import aotops

        if api_version is not None:
            from aotops.arguments import is_one_of
            from aotops.errors import wrong_value

            if not is_one_of(api_version, *API_VERSIONS):
                wrong_value("__array_namespace__", "api_version", f"one of {', '.join(API_VERSIONS)}", api_version)
        return aotops


#: The versions of the array API standard that ``aotops`` can be asked for; each contains the ones before it.
API_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")

_native.register_tensor_type(Tensor, _native.operators["where"], _native.operators["_sum_of_products"])


def tensor_type() -> type[Tensor]:
    """The class of all tensors, which C asks for when it makes the first one."""
    return Tensor


astype = _native.astype


def copy(x: Tensor) -> Tensor:
    """A contiguous copy."""
    return astype(x, x.dtype)


def _copy_of(x: Tensor, name: str) -> Tensor:
    """What the module ``copy`` makes of a tensor: one that requires gradients itself if the original does."""
    if not x.is_leaf:
        from aotops.errors import deep_copy_of_result

        deep_copy_of_result(name)
    result = copy(_native.alias(x))
    return result.requires_grad_() if x.requires_grad else result


def _in_order(x: Tensor) -> tuple[Tensor, Any]:
    """The elements of a tensor in the order of their memory, as ``pickle`` stores them, and how to get back from there.

    The latter is False for row-major and True for column-major order, otherwise the order of the axes and the shape.
    What is repeated along an axis is stored once. Only a tensor with gaps, or one that is read backwards, is copied.
    """
    if x.is_contiguous():
        return x, False
    if x.T.is_contiguous():
        return x.T, True
    once = x
    if 0 in x.strides:
        once = x[tuple([slice(0, 1) if stride == 0 else slice(None) for stride in x.strides])]
    axes = tuple(sorted(range(x.ndim), key=[-stride for stride in once.strides].__getitem__))
    stored = once.permute(axes)
    if not stored.is_contiguous():
        if once is x:
            return x.contiguous(), False
        stored = stored.contiguous()
    return stored, (axes, x.shape)


def _restore(
    shape: tuple[int, ...], dtype: DType, contents: Any, layout: Any = False, requires_grad: bool = False
) -> Tensor:
    """Unpickle a tensor: on the memory that ``pickle`` was given out of band; ``bytes``, which it makes, are copied.

    The memory is the last of two buffers, the first being empty. Dask receives the first buffer of a message together
    with the bytes of the pickle, at whatever address these end, and each of the others at an address of its own. There
    elements are aligned, and nothing is copied.
    """
    memory = contents[-1] if type(contents) is tuple else contents  # of a protocol before 5
    result = _native.from_bytes(memory, 0, dtype, shape, "unpickling", "contents")
    given = memoryview(memory).nbytes
    if given != result.size * result.dtype.itemsize:
        from aotops.errors import wrong_buffer_size

        wrong_buffer_size("unpickling", "contents", result.size, result.size * result.dtype.itemsize, given)
    result = copy(result) if type(memory) is bytes else result
    if type(layout) is tuple:
        axes, whole = layout
        result = result.permute(tuple(sorted(range(len(axes)), key=axes.__getitem__)))
        if result.shape != whole:
            from aotops.namespace.manipulation import broadcast_to

            result = broadcast_to(result, whole)
    elif layout:
        result = result.T
    return result.requires_grad_() if requires_grad else result
