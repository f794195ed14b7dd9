"""The backend of MiniTorch: ``minitorch.TensorBackend(AotOps)``.

A tensor of MiniTorch holds a NumPy array of one dimension, and two tuples: its shape, and its strides in elements. A
call makes tensors of aotops on that memory, whose bounds are checked there, calls an operator, and gives its result's
memory back as a NumPy array. Nothing is copied.
"""

from __future__ import annotations

import aotops as ao
from aotops import _native, errors
from aotops._native import Operator
from aotops.minitorch.recognise import INPUTS, operator_for
from aotops.scalar.functions import plain

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from aotops.tensors import Tensor

# what is called is loaded here, and not in the first epoch
matmul, broadcast_to = ao.matmul, ao.broadcast_to

#: What is computed in its own dtype; anything else is converted to float64 first.
FLOATS = (ao.float64, ao.float32)

# --- MiniTorch's tensors ----------------------------------------------------------------------------------------------


def memory(name: str, argument: str, tensor: Any, copies: bool = True) -> Tensor:
    """A tensor of aotops on the memory of MiniTorch's tensor, in its shape and strides.

    ``copies``: a storage that cannot be shared, such as one with gaps, may be copied.
    """
    data = tensor._tensor
    try:
        base = _native.from_buffer(data._storage, False, name, argument)
        if base is not None and base.is_contiguous():
            return base._as_strided(data.shape, data.strides, 0)
    except (TypeError, ValueError, OverflowError):
        pass  # what stands in the way is found out below
    return unusual_memory(name, argument, tensor, copies)


def unusual_memory(name: str, argument: str, tensor: Any, copies: bool) -> Tensor:
    """As ``memory``, for storages of other dtypes or with gaps, shapes of NumPy's integers, and for errors."""
    data = tensor._tensor
    base = ao.asarray(data._storage, dtype=None if is_shared(data._storage) else ao.float64)
    if not copies and not (base.is_contiguous() and is_shared(data._storage)):
        errors.wrong_type(name, argument, "a tensor whose _storage is a contiguous array of numbers", data._storage)
    shape, strides = tuple(map(int, data.shape)), tuple(map(int, data.strides))
    try:
        return base.contiguous().reshape(-1)._as_strided(shape, strides, 0)
    except ValueError:
        got = f"shape {shape} and strides {strides} on {base.size} elements"
        indexing_error(tensor, f"{name}: {argument} must lie inside of its storage, got {got}")


def is_shared(storage: Any) -> bool:
    """Whether aotops has a dtype for the elements of an array, and can share their memory."""
    try:
        return _native.from_buffer(storage, False) is not None
    except (TypeError, ValueError):
        return False


def read(name: str, argument: str, tensor: Any) -> Tensor:
    """What an operator gets for a tensor of MiniTorch: float64 or float32."""
    x = memory(name, argument, tensor)
    return x if x.dtype in FLOATS else ao.astype(x, ao.float64)


def array_of(result: Tensor, numpy: Any) -> Any:
    """The NumPy array of one dimension on a new tensor's memory."""
    if result.size == 0:
        return numpy.empty(0, result.dtype.name)
    if not result.is_contiguous():
        result = result.contiguous()
    return numpy.frombuffer(result) if result.dtype == ao.float64 else numpy.frombuffer(result, result.dtype.name)


def indexing_error(tensor: Any, message: str) -> NoReturn:
    """Raise the ``IndexingError`` of the package that a tensor's class comes from; ``IndexError`` if it has none."""
    import sys

    for owner in (type(tensor._tensor), type(tensor)):
        module = owner.__module__
        for place in (module, module.partition(".")[0]):
            kind = getattr(sys.modules.get(place), "IndexingError", None)
            if isinstance(kind, type) and issubclass(kind, Exception):
                raise kind(message) from None
    raise IndexError(message) from None


# --- students' functions ----------------------------------------------------------------------------------------------

#: What the user has chosen, by kind and function; and how many times.
_registered: dict[tuple[str, Any], Operator] = {}
_registrations = 0


class Chosen:
    """What computes a student's function, looked for at the first call, since that calls the function."""

    __slots__ = ("_registrations", "_run", "function", "kind", "start")

    def __init__(self, kind: str, function: Any, start: float = 0.0) -> None:
        if not callable(function):
            numbers = "one number" if kind == "map" else "two numbers"
            errors.wrong_type(f"AotOps.{kind}", "fn", f"a function of {numbers}", function)
        self.kind, self.function, self.start = kind, function, start
        self._run: Any = None
        self._registrations = -1

    def run(self) -> Any:
        """What computes it: a function of tensors. It is looked for again where something was registered since."""
        if self._registrations != _registrations:
            try:
                registered = _registered.get((self.kind, plain(self.function)))
            except TypeError:  # it has no hash, and so cannot be registered
                registered = None
            if self._run is None or registered is not None:
                self._run = operator_for(self.kind, self.function, self.start, registered)
            self._registrations = _registrations
        return self._run


# --- the backend ------------------------------------------------------------------------------------------------------


class AotOps:
    """Operators of aotops for the tensors of MiniTorch, whoever has written it: ``minitorch.TensorBackend(AotOps)``.

    ``map``, ``zip`` and ``reduce`` take a Python function of numbers and return a function of MiniTorch's tensors. What
    computes it is looked for at its first call: the operator that ``register`` has been given for it; an operator of
    aotops, or one of the user's own that has been built, that returns the same on some hundred numbers; or the function
    itself, element by element in plain Python, with a ``PlainPythonWarning`` that says where operators differ from it.
    Nothing is compiled.

    Results have the dtype of the arguments' storages, float64 or float32; other dtypes compute as float64. Where Python
    raises an exception, as for ``log(-1.0)`` and ``1 / 0``, the result is that of IEEE 754.

    Example:
        >>> from aotops.minitorch import AotOps
        >>> AotOps.cuda
        False
    """

    cuda = False

    @staticmethod
    def map(fn: Callable[[float], float]) -> Callable[..., Any]:
        """Make a function of a tensor that applies a function of a number to each element.

        Parameters:
            fn: A Python function of one number.

        Returns:
            A function ``f(a, out=None)``. It returns a new tensor of the shape of ``a``; or ``out``, which it writes
            to, and to which ``a`` is broadcast. It raises the package's ``IndexingError`` where that is impossible.

        Raises:
            TypeError: ``fn`` is not callable.
        """
        import numpy

        chosen = Chosen("map", fn)

        def apply(a: Any, out: Any = None) -> Any:
            x = read("AotOps.map", "a", a)
            if out is not None:
                write(chosen.run(), a, x, out)
                return out
            result = chosen.run()(x)
            return a.make(array_of(result, numpy), result.shape, backend=a.backend)

        return apply

    #: The map under another name: earlier versions of the course have both.
    cmap = map

    @staticmethod
    def zip(fn: Callable[[float, float], float]) -> Callable[[Any, Any], Any]:
        """Make a function of two tensors that applies a function of two numbers to each pair of elements.

        Parameters:
            fn: A Python function of two numbers.

        Returns:
            A function ``f(a, b)``, whose result has the shape to which both are broadcast. It raises the package's
            ``IndexingError`` where that is impossible.

        Raises:
            TypeError: ``fn`` is not callable.
        """
        import numpy

        chosen = Chosen("zip", fn)

        def apply(a: Any, b: Any) -> Any:
            x, y = read("AotOps.zip", "a", a), read("AotOps.zip", "b", b)
            run = chosen.run()
            try:
                result = run(x, y)
            except ValueError:
                require_broadcast(a, x, y)
                raise
            return a.make(array_of(result, numpy), result.shape, backend=a.backend)

        return apply

    @staticmethod
    def reduce(fn: Callable[[float, float], float], start: float = 0.0) -> Callable[[Any, int], Any]:
        """Make a function of a tensor that folds one of its dimensions.

        Parameters:
            fn: A Python function of two numbers: the result so far, and the next element.
            start: The first result.

        Returns:
            A function ``f(a, dim)``, whose result has length 1 in that dimension.

        Raises:
            TypeError: ``fn`` is not callable.
        """
        import numpy

        chosen = Chosen("reduce", fn, float(start))

        def apply(a: Any, dim: int) -> Any:
            result = chosen.run()(read("AotOps.reduce", "a", a), int(dim))
            return a.make(array_of(result, numpy), result.shape, backend=a.backend)

        return apply

    @staticmethod
    def matrix_multiply(a: Any, b: Any) -> Any:
        """Multiply matrices, or batches of them, which are broadcast.

        Parameters:
            a, b: Tensors of two or more dimensions, of which the last two are those of the matrices.

        Returns:
            A new tensor.

        Raises:
            AssertionError: The columns of ``a`` are not as many as the rows of ``b``, as in the course's own backends.
        """
        import numpy

        name = "AotOps.matrix_multiply"
        x, y = read(name, "a", a), read(name, "b", b)
        if x.ndim < 2 or y.ndim < 2:
            indexing_error(a, f"{name}: a and b must have two or more dimensions, got shapes {x.shape} and {y.shape}")
        if x.shape[-1] != y.shape[-2]:
            raise AssertionError(
                f"{name}: b must have as many rows as a has columns, got shapes {x.shape} and {y.shape}"
            )
        try:
            result = matmul(x, y)
        except ValueError:
            require_broadcast(a, x[..., 0, 0], y[..., 0, 0])
            raise
        return a.make(array_of(result, numpy), result.shape, backend=a.backend)

    @staticmethod
    def register(fn: Callable[..., float], operator: Operator) -> None:
        """Choose the operator that computes a function of a student's, without a comparison of the two.

        Parameters:
            fn: The function, which backends are given or have been.
            operator: A map, a zip of two inputs or a reduction, of aotops or of the user's own. A function may have one
                of each kind.

        Raises:
            TypeError: ``fn`` is not callable, or ``operator`` is no such operator.

        Example:
            >>> import aotops as ao
            >>> from aotops.minitorch import AotOps
            >>> def swish(x):
            ...     return x / (1.0 + math.exp(-x))
            >>> AotOps.register(swish, ao.silu)
        """
        global _registrations
        if not callable(fn):
            errors.wrong_type("AotOps.register", "fn", "a function", fn)
        if not isinstance(operator, Operator) or INPUTS.get(operator.kind) != len(operator.parameters):
            wanted = "an operator: a map, a zip of two inputs, or a reduction"
            errors.wrong_type("AotOps.register", "operator", wanted, operator)
        _registered[operator.kind, plain(fn)] = operator
        _registrations += 1


def write(run: Any, a: Any, x: Tensor, out: Any) -> None:
    """Compute a map into a tensor of MiniTorch, to which the input is broadcast."""
    target = memory("AotOps.map", "out", out, copies=False)
    if x.shape != target.shape:
        try:
            x = broadcast_to(x, target.shape)
        except ValueError:
            indexing_error(a, f"AotOps.map: a must broadcast to out, got shapes {x.shape} and {target.shape}")
    if x.dtype == target.dtype:
        run(x, out=target)
    else:
        target._copy_from(ao.astype(run(x), target.dtype))


def require_broadcast(a: Any, x: Tensor, y: Tensor) -> None:
    """Raise the package's ``IndexingError`` for shapes that do not broadcast together."""
    try:
        ao.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        message = f"AotOps: shapes must broadcast together, got {x.shape} and {y.shape}"
        indexing_error(a, message)
