"""The course's tensors, on those of aotops: what scripts of MiniTorch call, with the course's meanings.

They differ from aotops' own: sums keep the dimension, or have shape ``(1,)``; comparisons give 1.0 and 0.0; an index is
complete, and gives a number. All are float64.
"""

from __future__ import annotations

import aotops as ao
from aotops import errors
from aotops.minitorch.backend import AotOps

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn


class IndexingError(RuntimeError):
    """An index, or a shape, that does not fit a tensor.

    >>> from aotops.minitorch import tensor
    >>> tensor([1.0, 2.0]) + tensor([1.0, 2.0, 3.0])
    Traceback (most recent call last):
    aotops.minitorch.tensors.IndexingError: add: shapes must broadcast together, got (2,) and (3,)
    """


class FastOps(AotOps):
    """The course's name for operators that are fast.

    >>> from aotops.minitorch import FastOps
    >>> FastOps.cuda
    False
    """


class SimpleOps(AotOps):
    """The course's name for operators in plain Python; here, they are the same as ``FastOps``.

    >>> from aotops.minitorch import SimpleOps
    >>> SimpleOps.cuda
    False
    """


class TensorBackend:
    """What computes: always aotops. Scripts of the course make one and hand it to every tensor.

    Parameters:
        ops: A class of operators: ``FastOps``, ``SimpleOps`` or ``AotOps``.

    Raises:
        TypeError: ``ops`` is another class.

    Example:
        >>> from aotops.minitorch import FastOps, TensorBackend, zeros
        >>> zeros((2,), backend=TensorBackend(FastOps)).shape
        (2,)
    """

    def __init__(self, ops: type[AotOps] = FastOps) -> None:
        if not (isinstance(ops, type) and issubclass(ops, AotOps)):
            errors.wrong_type("TensorBackend", "ops", "FastOps, SimpleOps or AotOps", ops)
        self.ops = ops
        self.cuda = ops.cuda


#: The backend of tensors that are given none.
SimpleBackend = TensorBackend(SimpleOps)


class Tensor:
    """A tensor with the course's methods, of float64; ``tensor``, ``zeros`` and ``rand`` make them.

    Attributes:
        backend: the backend that it was given.
        name: what it was called, or None.

    Example:
        >>> from aotops.minitorch import tensor
        >>> x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([[2., 4.],
                [6., 8.]])
        >>> x.sum(0).shape, x[1, 0]
        ((1, 2), 3.0)
    """

    __slots__ = ("_data", "backend", "name")

    def __init__(self, data: Any, backend: TensorBackend = SimpleBackend, name: str | None = None) -> None:
        self._data: Any = data
        self.backend, self.name = backend, name

    def _new(self, data: Any) -> Tensor:
        return Tensor(data, self.backend)

    def _operand(self, name: str, other: Any) -> Any:
        """The data of an operand, which is a tensor or a number."""
        if isinstance(other, Tensor):
            return other._data
        if isinstance(other, (int, float)):
            return float(other)
        errors.wrong_type(name, "the other operand", "a tensor or a number", other)

    def _with(self, operator: Callable[[Any, Any], Any], other: Any, exchanged: bool = False) -> Tensor:
        """An operator of this tensor and another operand."""
        own, value = self._data, self._operand(operator.__name__, other)
        try:
            return self._new(operator(value, own) if exchanged else operator(own, value))
        except ValueError:
            _indexing_error(f"{operator.__name__}: shapes must broadcast together, got {own.shape} and {value.shape}")

    def _compared(self, operator: Callable[[Any, Any], Any], other: Any) -> Tensor:
        """A comparison with another operand, as 1.0 and 0.0."""
        other = self._new(other._data.detach()) if isinstance(other, Tensor) else other
        return self._new(ao.astype(self.detach()._with(operator, other)._data, ao.float64))

    # --- what it is -------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the dimensions."""
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def size(self) -> int:
        """The number of elements."""
        size: int = self._data.size
        return size

    @property
    def dims(self) -> int:
        """The number of dimensions."""
        dims: int = self._data.ndim
        return dims

    def item(self) -> float:
        """The only element, as a number."""
        value: float = self._data.item()
        return value

    def to_numpy(self) -> Any:
        """A NumPy array of the elements; NumPy is imported for it."""
        import numpy

        return numpy.array(self._data.detach())

    def __repr__(self) -> str:
        return repr(self._data.detach())

    def _index(self, key: Any) -> Any:
        index = key if isinstance(key, tuple) else (key,)
        inside = len(index) == self.dims and all(0 <= k < n for k, n in zip(index, self.shape, strict=True))
        if not inside:
            _indexing_error(f"Tensor: index must have one place in each of {self.shape}, counted from 0, got {key!r}")
        return index

    def __getitem__(self, key: int | tuple[int, ...]) -> float:
        value: float = self._data.detach()[self._index(key)].item()
        return value

    def __setitem__(self, key: int | tuple[int, ...], value: float) -> None:
        self._data.detach()[self._index(key)] = value

    # --- arithmetic -------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return self._with(ao.add, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self._with(ao.subtract, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self._with(ao.subtract, other, True)

    def __mul__(self, other: Any) -> Tensor:
        return self._with(ao.multiply, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return self._with(ao.divide, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._with(ao.divide, other, True)

    def __matmul__(self, other: Tensor) -> Tensor:
        return self._new(ao.matmul(self._data, other._data))

    def __neg__(self) -> Tensor:
        return self._new(ao.negative(self._data))

    def __lt__(self, other: Any) -> Tensor:
        return self._compared(ao.less, other)

    def __gt__(self, other: Any) -> Tensor:
        return self._compared(ao.greater, other)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return self._compared(ao.equal, other)

    __hash__ = object.__hash__

    def is_close(self, other: Tensor) -> Tensor:
        """1.0 where the tensors differ by less than 0.01, else 0.0."""
        difference = self.detach() - other.detach()
        return self._new(ao.abs(difference._data))._compared(ao.less, 1e-2)

    def sigmoid(self) -> Tensor:
        """The logistic function of each element."""
        return self._new(ao.sigmoid(self._data))

    def relu(self) -> Tensor:
        """Each element where it is positive, else 0."""
        return self._new(ao.relu(self._data))

    def log(self) -> Tensor:
        """The natural logarithm of each element."""
        return self._new(ao.log(self._data))

    def exp(self) -> Tensor:
        """The exponential of each element."""
        return self._new(ao.exp(self._data))

    def _reduced(self, operator: Callable[..., Any], dim: int | None) -> Tensor:
        """A reduction of one dimension, which keeps length 1, or of all elements, to shape ``(1,)``."""
        if dim is None:
            return self._new(operator(self._data).reshape(1))
        return self._new(operator(self._data, axis=int(dim), keepdims=True))

    def sum(self, dim: int | None = None) -> Tensor:
        """The sum along a dimension, which keeps length 1, or of all elements, with shape ``(1,)``."""
        return self._reduced(ao.sum, dim)

    def mean(self, dim: int | None = None) -> Tensor:
        """The mean along a dimension, which keeps length 1, or of all elements, with shape ``(1,)``."""
        return self._reduced(ao.mean, dim)

    def all(self, dim: int | None = None) -> Tensor:
        """The product along a dimension, or of all elements: 1.0 where all of some comparisons are."""
        return self.detach()._reduced(ao.prod, dim)

    # --- shapes -----------------------------------------------------------------------------------

    def permute(self, *order: int) -> Tensor:
        """A view with the dimensions in another order."""
        return self._new(self._data.permute(*order))

    def view(self, *shape: int) -> Tensor:
        """A view with another shape, of a tensor whose elements lie in order."""
        if not self._data.is_contiguous():
            errors.reject(ValueError, "view", "the tensor", "be contiguous", "a permuted one", "call contiguous()")
        return self._new(self._data.reshape(shape))

    def contiguous(self) -> Tensor:
        """A copy whose elements lie in order."""
        return self._new(ao.positive(self._data).contiguous())

    def zeros(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """Zeros of the tensor's own shape, or of another one."""
        return zeros(self.shape if shape is None else shape, self.backend)

    # --- gradients --------------------------------------------------------------------------------

    def requires_grad_(self, x: bool = True) -> Tensor:
        """Make it a tensor by which gradients are computed, or not, whatever it was computed from."""
        self._data = self._data.detach()
        if x:
            self._data.requires_grad = True
        return self

    def requires_grad(self) -> bool:
        """Whether gradients flow to the tensor."""
        tracked: bool = self._data.requires_grad
        return tracked

    def is_leaf(self) -> bool:
        """Whether gradients by it are kept: they flow to it, and it was not computed."""
        return self.requires_grad() and self._data.grad_fn is None

    def is_constant(self) -> bool:
        """Whether no gradients flow to the tensor."""
        return not self.requires_grad()

    def detach(self) -> Tensor:
        """The same elements, to which no gradients flow."""
        return self._new(self._data.detach())

    @property
    def grad(self) -> Tensor | None:
        """The gradient by the tensor; None before ``backward``."""
        gradient = self._data.grad if self._data.requires_grad else None
        return None if gradient is None else self._new(gradient)

    def zero_grad_(self) -> None:
        """Forget the gradient."""
        if self._data.requires_grad:
            self._data.grad = None

    def backward(self, grad_output: Tensor | None = None) -> None:
        """Compute the gradients by all tensors that this one was computed from.

        Parameters:
            grad_output: The gradient by this tensor; it may be left out for a single element.
        """
        self._data.backward(None if grad_output is None else grad_output._data.reshape(self.shape))


def _indexing_error(message: str) -> NoReturn:
    raise IndexingError(message) from None


def _made(data: Any, backend: TensorBackend, requires_grad: bool) -> Tensor:
    made = Tensor(data, backend)
    return made.requires_grad_() if requires_grad else made


def tensor(ls: Any, backend: TensorBackend = SimpleBackend, requires_grad: bool = False) -> Tensor:
    """Make a tensor of numbers in nested lists or tuples.

    Parameters:
        ls: The numbers.
        backend: The backend, which later results have as well.
        requires_grad: Whether gradients by it are wanted.

    Returns:
        A tensor of float64.

    Raises:
        ValueError: The nesting is ragged.
        TypeError: Something is no number.

    Example:
        >>> from aotops.minitorch import tensor
        >>> tensor([[1, 2], [3, 4]]).sum(1)
        tensor([[3.],
                [7.]])
    """
    return _made(ao.tensor(ls, dtype=ao.float64), backend, requires_grad)


def zeros(shape: Sequence[int], backend: TensorBackend = SimpleBackend) -> Tensor:
    """Make a tensor of zeros.

    Parameters:
        shape: Its shape.
        backend: The backend, which later results have as well.

    Returns:
        A tensor of float64.

    Example:
        >>> from aotops.minitorch import zeros
        >>> zeros((2,)) + 0.1
        tensor([0.1, 0.1])
    """
    return Tensor(ao.zeros(tuple(shape), dtype=ao.float64), backend)


def rand(shape: Sequence[int], backend: TensorBackend = SimpleBackend, requires_grad: bool = False) -> Tensor:
    """Make a tensor of random numbers from 0 to 1, from Python's ``random``, as in the course.

    Parameters:
        shape: Its shape.
        backend: The backend, which later results have as well.
        requires_grad: Whether gradients by it are wanted.

    Returns:
        A tensor of float64: after ``random.seed`` always the same.

    Example:
        >>> import random
        >>> from aotops.minitorch import rand
        >>> random.seed(0)
        >>> rand((2,))
        tensor([0.84442185, 0.7579544 ])
    """
    from math import prod
    from random import random

    shape = tuple(shape)
    numbers = ao.tensor([random() for _ in range(prod(shape))], dtype=ao.float64)
    return _made(numbers.reshape(shape), backend, requires_grad)


def grad_check(f: Callable[..., Tensor], *vals: Tensor) -> None:
    """Compare the gradients of a function with central differences, element by element.

    Parameters:
        f: A function of tensors that returns a tensor.
        vals: The tensors at which it is checked; they require gradients afterwards.

    Raises:
        AssertionError: A gradient differs by more than 0.01, and by more than 1 % of its value.

    Example:
        >>> from aotops.minitorch import grad_check, tensor
        >>> grad_check(lambda x, y: (x * y).sigmoid(), tensor([1.0, -2.0]), tensor([0.5, 3.0]))
    """
    from itertools import product

    step = 1e-6
    for value in vals:
        value.requires_grad_()
        value.zero_grad_()
    f(*vals).sum().backward()
    constants = [value.detach() for value in vals]
    for k, value in enumerate(vals):
        for index in product(*map(range, value.shape)):
            shift = value.zeros()
            shift[index] = step
            above, below = (
                [*constants[:k], changed, *constants[k + 1 :]]
                for changed in (value.detach() + shift, value.detach() - shift)
            )
            expected = (f(*above).sum().item() - f(*below).sum().item()) / (2.0 * step)
            gradient = value.grad
            found = 0.0 if gradient is None else gradient[index]
            if not abs(found - expected) <= 1e-2 + 1e-2 * abs(expected):
                raise AssertionError(
                    f"grad_check: the gradient by argument {k} at {index} must be near {expected!r}, the central "
                    f"difference, got {found!r}"
                )
