# Generated from the operator records by `python -m aotops.aot.pack.stubs`; do not edit.
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from aotops.ops.record import Record
from aotops.tensors import Tensor

#: What operators take in place of a tensor.
class Array(Protocol):
    @property
    def shape(self) -> Any: ...
    @property
    def dtype(self) -> Any: ...

Operand = Tensor | float | Array | array[Any] | memoryview | list[Any] | tuple[Any, ...] | range
Result = TypeVar("Result", Tensor, tuple[Tensor, ...])

dtypes: tuple[DType, ...]
operators: Mapping[str, Operator]

def empty(shape: tuple[int, ...], dtype: DType, function: str = "empty", /) -> Tensor: ...
def full(
    shape: tuple[int, ...], value: float, dtype: DType, function: str = "full", argument: str = "fill_value", /
) -> Tensor: ...
def copy_to_out(function: str, result: Result, out: Result | None, broadcasts: bool = False, /) -> Result: ...
def generate(
    operator: Operator,
    dtype: DType,
    out: Tensor,
    first: int,
    strides: tuple[int, ...],
    inputs: tuple[Tensor | float, ...],
    /,
) -> Tensor: ...
def fold_states(operator: Operator, variant: int, inputs: tuple[Tensor, ...], axes: int, /) -> tuple[Tensor, ...]: ...
def combine_states(
    operator: Operator, variant: int, a: tuple[Tensor, ...], b: tuple[Tensor, ...], /
) -> tuple[Tensor, ...]: ...
def finish_states(operator: Operator, variant: int, states: tuple[Tensor, ...], /) -> Tensor: ...
def astype(x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """The elements of a tensor converted to a dtype, in row-major order."""

def is_number(object: Any, /) -> bool: ...
def from_buffer(
    exporter: Any, copy: bool, function: str = "asarray", argument: str = "obj", /
) -> Tensor | None: ...
def from_bytes(
    exporter: Any, offset: int, dtype: DType, shape: tuple[int, ...], function: str, argument: str, /
) -> Tensor: ...
def to_dlpack(x: Tensor, versioned: bool, copied: bool, /) -> Any: ...
def from_dlpack(capsule: Any, copy: bool | None, function: str, argument: str, /) -> Tensor | None: ...
def arrow_schema(dtype: DType, /) -> Any: ...
def to_arrow(x: Tensor, /) -> Any: ...
def from_arrow(schema: Any, array: Any, copy: bool | None, function: str, argument: str, /) -> Tensor | None: ...
def register_tensor_type(type: type[TensorBase], choose: Operator, dot: Operator, /) -> None: ...
def take_at(
    x: Tensor, indices: tuple[Tensor | None, ...], place: int, function: str, axes: tuple[int, ...], /
) -> Tensor: ...
def put_at(
    x: Tensor,
    indices: tuple[Tensor | None, ...],
    place: int,
    function: str,
    axes: tuple[int, ...],
    value: Tensor,
    adds: bool = False,
    /,
) -> None: ...
def take_along(x: Tensor, index: Tensor, axis: int, /) -> Tensor: ...
def compress(x: Tensor, mask: Tensor, /) -> Tensor: ...
def expand(x: Tensor, mask: Tensor, value: Tensor, /) -> None: ...
def positions(mask: Tensor, /) -> tuple[Tensor | None, Tensor]: ...
def sort(x: Tensor, descending: bool, positions: bool, function: str, /) -> Tensor: ...
def triangle(x: Tensor, k: int, lower: bool, function: str, /) -> Tensor: ...
def spread(counts: Tensor, total: int, /) -> Tensor: ...
def search(ordered: Tensor, values: Tensor, right: bool, /) -> Tensor: ...
def draw(generator: Tensor, normal: bool, a: Any, b: Any, shape: Any, dtype: Any, /) -> Tensor | None: ...
def draw_integers(generator: Tensor, least: int, bound: int, shape: tuple[int, ...], /) -> Tensor: ...
def update(outputs: tuple[Tensor, ...], gradient: Tensor, numbers: tuple[float, ...], /) -> bool: ...
def shuffle(generator: Tensor, x: Tensor, count: int, size: int, /) -> None: ...
def matmul(function: str, x1: Tensor, x2: Tensor, out: Tensor | None = None, start: Tensor | None = None, /) -> Any: ...
def cpu_level() -> str:
    """The CPU level whose kernels run, for example 'x86-64-v3'."""

def get_num_threads() -> int:
    """The number of threads that an operation may use."""

def set_num_threads(n: int, /) -> None:
    """Set the number of threads that an operation may use, from 1 to 1024."""

def share_from(elements: int, /) -> None: ...
def trace(watcher: Callable[[Any], None] | None, /) -> None: ...
def explain(
    watcher: Callable[[Any], None], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], /
) -> None: ...
def forget_other_threads() -> None: ...

kernel_version: int
library_capsule: str
array_kernel_version: int
array_capsule: str
max_rank: int

F = TypeVar("F", bound=Callable[..., Any])

def fast_path(*operators: Operator) -> Callable[[F], F]: ...
def declare(
    record: Record,
    name: str,
    parameters: str,
    fields: tuple[int | bytes, ...],
    variants: tuple[tuple[bytes, bytes], ...],
    /,
) -> Operator: ...
def bind(operator: Operator, library: Any, symbols: tuple[tuple[str, str | None], ...], /) -> None: ...
def set_fallback(operator: Operator, function: Callable[..., Any], /) -> None: ...
def rename(operator: Operator, name: str, /) -> None: ...
def find_array_function(library: Any, symbol: str, /) -> tuple[int, ...]: ...
def run_array_function(
    library: Any, number: int, name: str, parameters: tuple[str, ...], operands: tuple[TensorBase, ...], /
) -> Any: ...
def bind_array_kernel(
    kernel: ArrayKernelBase,
    library: Any,
    name: str,
    symbols: tuple[str, ...],
    sizes: Callable[[tuple[int, ...]], tuple[int, ...] | None] | None,
    order: tuple[int, ...],
    /,
) -> None: ...
def load_array_kernel(kernel: Any, /) -> None: ...
def check_out(
    name: str, out: TensorBase, dtype: DType, shape: tuple[int, ...], others: tuple[TensorBase, ...], /
) -> bool: ...
def check_written(
    name: str, argument: str, tensor: TensorBase, others: tuple[TensorBase, ...], /
) -> tuple[bool, ...]: ...
def run_array_kernel(
    kernel: ArrayKernelBase, number: int, operands: tuple[TensorBase, ...], names: tuple[str, ...], /
) -> None: ...
def start_tape(call: Any, sum: Operator, matmul: Any, /) -> None: ...
def is_recording() -> bool: ...
def set_recording(flag: bool, /) -> bool: ...
def recorded(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Any: ...
def record(
    function: Any, results: Any, inputs: tuple[TensorBase | None, ...], saved: tuple[TensorBase, ...], pull: Any, /
) -> Any: ...
def record_assigned(x: TensorBase, key: Any, value: Any, /) -> None: ...
def backward(
    outputs: tuple[TensorBase, ...],
    gradients: tuple[TensorBase, ...],
    retain_graph: bool,
    inputs: tuple[TensorBase, ...] | None,
    /,
) -> Any: ...
def backward_from(x: TensorBase, gradient: Any, retain_graph: Any, /) -> None: ...
def alias(x: TensorBase, /) -> Tensor: ...
def keep_grad(x: TensorBase, /) -> None: ...
def writes(x: TensorBase, /) -> int: ...
def memory_stats() -> tuple[int, int, int, int, int, int]: ...
def memory_limit(bytes: int, /) -> None: ...
def memory_release() -> int: ...

class Function:
    """A public function of Python that has a fast path in C."""

    def __call__(self, *args: Any, **options: Any) -> Any: ...

class ArrayKernelBase:
    """The code of an array kernel."""

class DType:
    """The type of a tensor's elements; equal to its name as a string."""

    @property
    def name(self) -> str: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def format(self) -> str: ...
    @property
    def type(self) -> Any: ...

class Operator:
    """A public operator: picks a compiled kernel by its inputs' dtypes and runs it."""

    __name__: str
    __qualname__: str
    @property
    def kind(self) -> str: ...
    @property
    def parameters(self) -> tuple[str, ...]: ...
    @property
    def bool_inputs(self) -> tuple[str, ...]: ...
    @property
    def fixed(self) -> dict[str, DType]: ...
    @property
    def optional(self) -> tuple[str, ...]: ...
    @property
    def dtypes(self) -> tuple[tuple[DType, ...], ...]: ...
    @property
    def casts(self) -> dict[DType, DType]: ...
    @property
    def derivative(self) -> Any:
        """The operator of the derivative, or the decorator that declares one."""

    @property
    def scalar(self) -> Callable[..., Any]:
        """The Python function that the kernels are compiled from."""

    @property
    def _record(self) -> Record | None: ...
    def __call__(self, *inputs: Any, **options: Any) -> Any: ...

class Node:
    """A recorded call, through which gradients flow."""

    @property
    def function(self) -> Any: ...
    @property
    def inputs(self) -> tuple[tuple[Node, int] | None, ...]: ...

class TensorBase:
    requires_grad: bool
    @property
    def grad(self) -> Tensor | None: ...
    @grad.setter
    def grad(self, value: Tensor | None) -> None: ...
    @property
    def grad_fn(self) -> Node | None: ...
    @property
    def is_leaf(self) -> bool: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def readonly(self) -> bool: ...
    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def device(self) -> str: ...
    def item(self, *index: int | tuple[int, ...]) -> float: ...
    def is_contiguous(self) -> bool: ...
    def _as_strided(
        self, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, function: str = "_as_strided", /
    ) -> Tensor: ...
    def _copy_from(self, source: TensorBase, /) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __getitem__(self, key: Any, /) -> Tensor: ...
    def __setitem__(self, key: Any, value: Operand, /) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __bool__(self) -> bool: ...
    def __int__(self) -> int: ...
    def __float__(self) -> float: ...
    def __index__(self) -> int: ...
    def __pos__(self) -> Tensor: ...
    def __neg__(self) -> Tensor: ...
    def abs(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Absolute value of each element; of a complex number its distance from 0.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32,
                float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in; complex64 gives float32;
            complex128 gives float64.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
                result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            The smallest signed integer wraps around to itself; -0.0 becomes 0.0 and NaN stays NaN. A
            complex number with an infinite part has an infinite one, even if the other part is NaN.

        Accuracy:
            Of complex numbers, errors are at most 1 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.abs(ao.tensor([1, -2]))
            tensor([1, 2])
        """

    def __abs__(self) -> Tensor: ...
    def __add__(self, other: Operand, /) -> Tensor: ...
    def __radd__(self, other: Operand, /) -> Tensor: ...
    def __iadd__(self, other: Operand, /) -> Tensor: ...
    def __sub__(self, other: Operand, /) -> Tensor: ...
    def __rsub__(self, other: Operand, /) -> Tensor: ...
    def __isub__(self, other: Operand, /) -> Tensor: ...
    def __mul__(self, other: Operand, /) -> Tensor: ...
    def __rmul__(self, other: Operand, /) -> Tensor: ...
    def __imul__(self, other: Operand, /) -> Tensor: ...
    def square(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Square of each element, ``x * x``; what ``x**2`` computes.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32,
                float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
                result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Integers wrap around, as NumPy's do.

        Accuracy:
            Floats are correctly rounded.

        Example:
            >>> import aotops as ao
            >>> ao.square(ao.tensor([1.5, -3.0]))
            tensor([2.25, 9.  ])
        """

    def __truediv__(self, other: Operand, /) -> Tensor: ...
    def __rtruediv__(self, other: Operand, /) -> Tensor: ...
    def __itruediv__(self, other: Operand, /) -> Tensor: ...
    def reciprocal(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Reciprocal of each element, ``1 / x``.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            0 gives an infinity, without a warning. Of complex 0 it is inf + NaN j, of complex infinities 0.

        Accuracy:
            Correctly rounded. Each part of a complex result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.reciprocal(ao.tensor([4.0, 0.0]))
            tensor([0.25,  inf])
        """

    def __floordiv__(self, other: Operand, /) -> Tensor: ...
    def __rfloordiv__(self, other: Operand, /) -> Tensor: ...
    def __ifloordiv__(self, other: Operand, /) -> Tensor: ...
    def __mod__(self, other: Operand, /) -> Tensor: ...
    def __rmod__(self, other: Operand, /) -> Tensor: ...
    def __imod__(self, other: Operand, /) -> Tensor: ...
    def floor(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """The largest integer that is not larger than each element; in the dtype of the element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32 or
                float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool, complex64 or complex128;
                ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Integers, infinities and NaN stay what they are, and so do zeros.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.floor(ao.tensor([1.5, -1.5]))
            tensor([ 1., -2.])

        See also:
            ``ceil``, ``trunc``, ``round``, ``floor_divide``.
        """

    def ceil(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """The smallest integer that is not smaller than each element; in the dtype of the element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32 or
                float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool, complex64 or complex128;
                ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Integers, infinities and NaN stay what they are, and so do zeros. Above -1 and below 0 it is
            -0.0.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.ceil(ao.tensor([1.5, -1.5]))
            tensor([ 2., -1.])

        See also:
            ``floor``, ``trunc``, ``round``.
        """

    def trunc(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Each element without its fraction: the nearest integer towards zero; in the dtype of the element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32 or
                float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool, complex64 or complex128;
                ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Integers, infinities and NaN stay what they are, and so do zeros. Above -1 and below 0 it is
            -0.0.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.trunc(ao.tensor([1.5, -1.5]))
            tensor([ 1., -1.])

        See also:
            ``floor``, ``ceil``, ``round``.
        """

    def round(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """The integer nearest to each element, the even one of two; in the dtype of the element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32,
                float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
                result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Integers, infinities and NaN stay what they are, and so do zeros. From -0.5 to 0 it is -0.0. Of
            complex numbers, both parts are rounded.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.round(ao.tensor([0.5, 1.5, -1.7]))
            tensor([ 0.,  2., -2.])

        See also:
            ``floor``, ``ceil``, ``trunc``.
        """

    def isfinite(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Whether each element is neither infinite nor NaN; integers and bools are finite.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype,
                float32, float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor of dtype bool with the shape of ``x``.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.isfinite(ao.tensor([1.0, float("inf"), float("nan")]))
            tensor([ True, False, False])
        """

    def isinf(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Whether each element is an infinity, of either sign; integers and bools are not.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype,
                float32, float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor of dtype bool with the shape of ``x``.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.isinf(ao.tensor([1.0, float("-inf"), float("nan")]))
            tensor([False,  True, False])
        """

    def isnan(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Whether each element is NaN; integers and bools are not.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype,
                float32, float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor of dtype bool with the shape of ``x``.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.isnan(ao.tensor([1.0, float("inf"), float("nan")]))
            tensor([False, False,  True])
        """

    def sign(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """The sign of each element: -1, 0 or 1, in the dtype of the element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32,
                float64, complex64 or complex128.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
                result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Of both zeros it is 0; NaN stays NaN. Of complex numbers it is ``x / abs(x)``, NaN if either
            part is NaN.

        Accuracy:
            Each part of a complex result errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.sign(ao.tensor([-3, 0, 5]))
            tensor([-1,  0,  1])
        """

    def exp(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Exponential of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            exp(-inf) is 0, exp(inf) is inf, NaN stays NaN. Overflow gives inf, and underflow goes through
            the subnormal numbers to 0, without a warning. Complex numbers are as in the array API standard.

        Accuracy:
            Within 1 ULP (units in the last place). Each part of a complex result errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.exp(ao.tensor([0.0, 1.0]))
            tensor([1.        , 2.71828183])
        """

    def expm1(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """``exp(x) - 1`` of each element, precise also near zero.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            expm1(-inf) is -1, expm1(inf) is inf, zeros and NaN stay what they are. Overflow gives inf,
            without a warning. Complex numbers are as in the array API standard.

        Accuracy:
            Within 1 ULP (units in the last place). Of complex results, the imaginary part errs by at most
            2.5 ULP, and both parts together by 3 ULP of the larger one.

        Example:
            >>> import aotops as ao
            >>> ao.expm1(ao.tensor([1e-10, 1.0]))
            tensor([1.00000000e-10, 1.71828183e+00])
        """

    def log(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Natural logarithm of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            log(0) is -inf, log(inf) is inf. Below zero, and of NaN, it is NaN, without a warning. Complex
            numbers are as in the array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). Each part of a complex result errs by at most 1.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.log(ao.tensor([1.0, 0.0]))
            tensor([  0., -inf])
        """

    def log1p(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """``log(1 + x)`` of each element, precise also near zero.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            log1p(-1) is -inf, log1p(inf) is inf, zeros stay what they are. Below -1, and of NaN, it is NaN,
            without a warning. Complex numbers are as in the array API standard, with signed zeros along
            branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). Each part of a complex result errs by at most 1.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.log1p(ao.tensor([1e-10, -1.0]))
            tensor([1.e-10,   -inf])
        """

    def sqrt(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Square root of each element, correctly rounded; NaN below zero, without a warning.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            NaN below zero, without a warning; zeros stay what they are. Complex numbers are as in the array
            API standard, with signed zeros along branch cuts.

        Accuracy:
            Correctly rounded. Each part of a complex result errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.sqrt(ao.tensor([4.0, 2.0]))
            tensor([2.        , 1.41421356])
        """

    def exp2(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """2 to the power of each element, ``2**x``.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32 or float64; bool and every
                integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            exp2(-inf) is 0, exp2(inf) is inf, NaN stays NaN. Overflow gives inf, and underflow goes through
            the subnormal numbers to 0, without a warning.

        Accuracy:
            Within 1 ULP (units in the last place). Of integers, exact.

        Example:
            >>> import aotops as ao
            >>> ao.exp2(ao.tensor([3.0, -1.0]))
            tensor([8. , 0.5])
        """

    def log2(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Logarithm of each element to the base 2.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            log2(0) is -inf, log2(inf) is inf. Below zero, and of NaN, it is NaN, without a warning. Complex
            numbers are as in the array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). Of powers of 2, exact. Each part of a complex result
            errs by at most 2 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.log2(ao.tensor([8.0, 0.0]))
            tensor([  3., -inf])
        """

    def log10(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Logarithm of each element to the base 10.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            log10(0) is -inf, log10(inf) is inf. Below zero, and of NaN, it is NaN, without a warning.
            Complex numbers are as in the array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). Of powers of 10, exact. Each part of a complex result
            errs by at most 2 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.log10(ao.tensor([1000.0, 0.0]))
            tensor([  3., -inf])
        """

    def rsqrt(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Reciprocal of the square root of each element, ``1 / sqrt(x)``.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32 or float64; bool and every
                integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            rsqrt(0) is inf, that of -0.0 is -inf, rsqrt(inf) is 0. Below zero it is NaN, without a warning.

        Accuracy:
            Within 1 ULP (units in the last place).

        Example:
            >>> import aotops as ao
            >>> ao.rsqrt(ao.tensor([4.0, 0.0]))
            tensor([0.5, inf])
        """

    def __pow__(self, other: Operand, /) -> Tensor: ...
    def __rpow__(self, other: Operand, /) -> Tensor: ...
    def __ipow__(self, other: Operand, /) -> Tensor: ...
    def sin(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Sine of each element, in radians.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Zeros stay what they are. Of infinities and NaN it is NaN, without a warning. Complex numbers
            are as in the array API standard.

        Accuracy:
            Within 1 ULP (units in the last place). For arguments of any size. Each part of a complex result
            errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.sin(ao.tensor([0.0, 1.0, 1e22]))
            tensor([ 0.        ,  0.84147098, -0.85220085])
        """

    def cos(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Cosine of each element, in radians.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Of infinities and NaN it is NaN, without a warning. Complex numbers are as in the array API
            standard.

        Accuracy:
            Within 1 ULP (units in the last place). For arguments of any size. Each part of a complex result
            errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.cos(ao.tensor([0.0, 1.0, 1e22]))
            tensor([1.        , 0.54030231, 0.52321479])
        """

    def tan(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Tangent of each element, in radians.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Zeros stay what they are. Of infinities and NaN it is NaN, without a warning. Complex numbers
            are as in the array API standard.

        Accuracy:
            Within 1 ULP (units in the last place). For arguments of any size. Each part of a complex result
            errs by at most 5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.tan(ao.tensor([0.0, 1.0, 1e22]))
            tensor([ 0.        ,  1.55740772, -1.62877823])
        """

    def asin(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Inverse sine of each element, in radians from -pi/2 to pi/2.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Zeros stay what they are. Outside of -1 to 1, and of NaN, it is NaN, without a warning. Complex
            numbers are as in the array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). ``asin(-x)`` is ``-asin(x)``. Each part of a complex
            result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.asin(ao.tensor([-0.0, 0.5, 1.0]))
            tensor([-0.        ,  0.52359878,  1.57079633])
        """

    def acos(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Inverse cosine of each element, in radians from 0 to pi.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Outside of -1 to 1, and of NaN, it is NaN, without a warning. Complex numbers are as in the
            array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). Each part of a complex result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.acos(ao.tensor([1.0, 0.5, -1.0]))
            tensor([0.        , 1.04719755, 3.14159265])
        """

    def atan(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Inverse tangent of each element, in radians from -pi/2 to pi/2.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Of infinity it is pi/2; zeros and NaN stay what they are. Complex numbers are as in the array
            API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). ``atan(-x)`` is ``-atan(x)``. Each part of a complex
            result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.atan(ao.tensor([-0.0, 1.0, float("inf")]))
            tensor([-0.        ,  0.78539816,  1.57079633])
        """

    def tanh(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Hyperbolic tangent of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            tanh(inf) is 1, zeros and NaN stay what they are. Complex numbers are as in the array API
            standard.

        Accuracy:
            Within 1 ULP (units in the last place). ``tanh(-x)`` is ``-tanh(x)``. Each part of a complex
            result errs by at most 5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.tanh(ao.tensor([-0.0, 1.0]))
            tensor([-0.        ,  0.76159416])
        """

    def sinh(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Hyperbolic sine of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Infinities, zeros and NaN stay what they are. Overflow gives an infinity, without a warning.
            Complex numbers are as in the array API standard.

        Accuracy:
            Within 1 ULP (units in the last place). ``sinh(-x)`` is ``-sinh(x)``. Each part of a complex
            result errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.sinh(ao.tensor([-0.0, 1.0]))
            tensor([-0.        ,  1.17520119])
        """

    def cosh(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Hyperbolic cosine of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Of infinities it is inf, NaN stays NaN. Overflow gives inf, without a warning. Complex numbers
            are as in the array API standard.

        Accuracy:
            Within 1 ULP (units in the last place). ``cosh(-x)`` is ``cosh(x)``. Each part of a complex
            result errs by at most 2.5 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.cosh(ao.tensor([0.0, 1.0]))
            tensor([1.        , 1.54308063])
        """

    def asinh(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Inverse hyperbolic sine of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            Infinities, zeros and NaN stay what they are. Complex numbers are as in the array API standard,
            with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). ``asinh(-x)`` is ``-asinh(x)``. Each part of a complex
            result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.asinh(ao.tensor([-0.0, 1.0]))
            tensor([-0.        ,  0.88137359])
        """

    def acosh(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Inverse hyperbolic cosine of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            acosh(1) is 0, acosh(inf) is inf. Below 1, and of NaN, it is NaN, without a warning. Complex
            numbers are as in the array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). Each part of a complex result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.acosh(ao.tensor([1.0, 2.0]))
            tensor([0.       , 1.3169579])
        """

    def atanh(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Inverse hyperbolic tangent of each element.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32, float64, complex64 or
                complex128; bool and every integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            atanh(1) is inf, zeros stay what they are. Beyond 1, and of NaN, it is NaN, without a warning.
            Complex numbers are as in the array API standard, with signed zeros along branch cuts.

        Accuracy:
            Within 1 ULP (units in the last place). ``atanh(-x)`` is ``-atanh(x)``. Each part of a complex
            result errs by at most 3 ULP.

        Example:
            >>> import aotops as ao
            >>> ao.atanh(ao.tensor([-0.0, 0.5]))
            tensor([-0.        ,  0.54930614])
        """

    def sigmoid(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Logistic function of each element, ``1 / (1 + exp(-x))``.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype float32 or float64; bool and every
                integer dtype compute as float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            sigmoid(-inf) is 0, sigmoid(inf) is 1, NaN stays NaN.

        Accuracy:
            Within 1 ULP (units in the last place). Also far below zero, where it is as small as ``exp(x)``.

        Example:
            >>> import aotops as ao
            >>> ao.sigmoid(ao.tensor([0.0, 100.0]))
            tensor([0.5, 1. ])
        """

    def relu(self, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Rectified linear unit of each element: ``x`` where it is positive, else 0; NaN stays NaN.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype every integer dtype, float32 or
                float64.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape of ``x``, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool, complex64 or complex128;
                ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result.

        Special cases:
            NaN stays NaN.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.relu(ao.tensor([-1.0, 2.0]))
            tensor([0., 2.])
        """

    def __lt__(self, other: Operand, /) -> Tensor: ...
    def __le__(self, other: Operand, /) -> Tensor: ...
    def __gt__(self, other: Operand, /) -> Tensor: ...
    def __ge__(self, other: Operand, /) -> Tensor: ...
    def __eq__(self, other: Operand, /) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: Operand, /) -> Tensor: ...  # type: ignore[override]
    def __and__(self, other: Operand, /) -> Tensor: ...
    def __rand__(self, other: Operand, /) -> Tensor: ...
    def __iand__(self, other: Operand, /) -> Tensor: ...
    def __or__(self, other: Operand, /) -> Tensor: ...
    def __ror__(self, other: Operand, /) -> Tensor: ...
    def __ior__(self, other: Operand, /) -> Tensor: ...
    def __xor__(self, other: Operand, /) -> Tensor: ...
    def __rxor__(self, other: Operand, /) -> Tensor: ...
    def __ixor__(self, other: Operand, /) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __lshift__(self, other: Operand, /) -> Tensor: ...
    def __rlshift__(self, other: Operand, /) -> Tensor: ...
    def __ilshift__(self, other: Operand, /) -> Tensor: ...
    def __rshift__(self, other: Operand, /) -> Tensor: ...
    def __rrshift__(self, other: Operand, /) -> Tensor: ...
    def __irshift__(self, other: Operand, /) -> Tensor: ...
    def clip(self, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """The element of ``x``, but not less than ``min`` and not more than ``max``; NaN if one of them is NaN.

        Parameters:
            x, min, max: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They
                are promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
                float32 or float64. min and max may be left out, or None.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
                elements, and a new tensor has 0.

        Returns:
            A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is bool, complex64 or complex128;
                ``out`` cannot hold the result.
            ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

        Special cases:
            Where ``min`` is more than ``max`` the result is ``max``. An element equal to a bound stays as
            it is, also a zero of the other sign. A bound that is a Python int need not fit a dtype of
            integers if it changes nothing, such as ``max=300`` of int8; otherwise it is an
            ``OverflowError``. Beyond the floats it is an infinity.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.clip(ao.tensor([-2, 0, 7]), min=-1, max=5)
            tensor([-1,  0,  5])
        """

    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False, dtype: Any = None, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
        """Sum of the elements over one axis, several, or all.

        Bools and signed integers are added in int64, unsigned integers in uint64, as NumPy does, unless
        ``dtype`` is given. Floats are added in a fixed tree that depends on shape and layout alone: the
        same input gives the same bits on every CPU and any number of threads.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, int64, uint8, uint64,
                float32, float64, complex64 or complex128; int8, int16 and int32 compute as int64; uint16
                and uint32 compute as uint64.
            axis: The axis that folds away, or a tuple of several; None for all.
            keepdims: Leave the axes that fold away in place, with length 1.
            dtype: Cast ``x`` to this dtype first.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            initial: A number that the result begins with, and is that of no elements; None for none.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True are
                folded.

        Returns:
            A tensor with the axes that are left, of the dtype that it is computed in; bool gives int64;
            uint8 gives uint64.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); an axis is named twice.

        Special cases:
            Integers wrap around. The sum of no elements is 0.

        Accuracy:
            Errors grow no faster than those of pairwise summation.

        Example:
            >>> import aotops as ao
            >>> ao.sum(ao.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
            tensor([3., 7.])
        """

    def prod(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False, dtype: Any = None, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
        """Product of the elements over one axis, several, or all.

        Bools and signed integers are multiplied in int64, unsigned integers in uint64, as NumPy does,
        unless ``dtype`` is given. Floats are multiplied in a fixed tree that depends on shape and layout
        alone: the same input gives the same bits on every CPU and any number of threads.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, int64, uint8, uint64,
                float32, float64, complex64 or complex128; int8, int16 and int32 compute as int64; uint16
                and uint32 compute as uint64.
            axis: The axis that folds away, or a tuple of several; None for all.
            keepdims: Leave the axes that fold away in place, with length 1.
            dtype: Cast ``x`` to this dtype first.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            initial: A number that the result begins with, and is that of no elements; None for none.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True are
                folded.

        Returns:
            A tensor with the axes that are left, of the dtype that it is computed in; bool gives int64;
            uint8 gives uint64.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); an axis is named twice.

        Special cases:
            Integers wrap around. The product of no elements is 1.

        Accuracy:
            At most half a ULP for each multiplication.

        Example:
            >>> import aotops as ao
            >>> ao.prod(ao.tensor([1, 2, 3, 4]))
            tensor(24)
        """

    def max(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
        """Largest element over one axis, several, or all; NaN if there is one among them.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
                or float64.
            axis: The axis that folds away, or a tuple of several; None for all.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            initial: A number that the result begins with, and is that of no elements; None for none.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True are
                folded. It takes an ``initial``.

        Returns:
            A tensor with the axes that are left, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); an axis is named twice; there is no element to begin with.

        Special cases:
            NaN if there is one among the elements.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.max(ao.tensor([[1, 5], [7, 3]]), axis=0)
            tensor([7, 5])
        """

    def min(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
        """Smallest element over one axis, several, or all; NaN if there is one among them.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
                or float64.
            axis: The axis that folds away, or a tuple of several; None for all.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.
            initial: A number that the result begins with, and is that of no elements; None for none.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True are
                folded. It takes an ``initial``.

        Returns:
            A tensor with the axes that are left, of the dtype that it is computed in.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); an axis is named twice; there is no element to begin with.

        Special cases:
            NaN if there is one among the elements.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.min(ao.tensor([[1, 5], [7, 3]]), axis=0, keepdims=True)
            tensor([[1, 3]])
        """

    def any(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False, out: Tensor | None = None) -> Tensor:
        """Whether any element is true, over one axis, several, or all; anything but 0 is true, NaN too.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, int8, int64, uint8, uint64,
                float32 or float64; int16, int32, uint16, uint32, complex64 and complex128 compute as bool.
            axis: The axis that folds away, or a tuple of several; None for all.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.

        Returns:
            A tensor of dtype bool with the axes that are left.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); an axis is named twice.

        Special cases:
            Of no elements it is False. NaN is true, as anything but 0 is.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.any(ao.tensor([[0, 1], [0, 0]]), axis=1)
            tensor([ True, False])
        """

    def all(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False, out: Tensor | None = None) -> Tensor:
        """Whether all elements are true, over one axis, several, or all; anything but 0 is true, NaN too.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, int8, int64, uint8, uint64,
                float32 or float64; int16, int32, uint16, uint32, complex64 and complex128 compute as bool.
            axis: The axis that folds away, or a tuple of several; None for all.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.

        Returns:
            A tensor of dtype bool with the axes that are left.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); an axis is named twice.

        Special cases:
            Of no elements it is True. NaN is true, as anything but 0 is.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.all(ao.tensor([[1, 1], [0, 1]]), axis=1)
            tensor([ True, False])
        """

    def argmax(self, axis: int | None = None, *, keepdims: bool = False, out: Tensor | None = None) -> Tensor:
        """Position of the largest element along one axis, or in row-major order over all; the first of several.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
                or float64.
            axis: The axis along which to look; None for all elements, in row-major order.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.

        Returns:
            A tensor of dtype int64 with the axes that are left.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); there is no element to begin with.

        Special cases:
            NaN is larger than anything.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.argmax(ao.tensor([[1, 5, 5], [7, 3, 0]]), axis=1)
            tensor([1, 0])
        """

    def argmin(self, axis: int | None = None, *, keepdims: bool = False, out: Tensor | None = None) -> Tensor:
        """Position of the smallest element along one axis, or in row-major order over all; the first of several.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
                or float64.
            axis: The axis along which to look; None for all elements, in row-major order.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.

        Returns:
            A tensor of dtype int64 with the axes that are left.

        Raises:
            TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
                cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); there is no element to begin with.

        Special cases:
            NaN is smaller than anything.

        Accuracy:
            Exact.

        Example:
            >>> import aotops as ao
            >>> ao.argmin(ao.tensor([[1, 5, 1], [7, 3, 0]]), axis=1)
            tensor([0, 2])
        """

    def cumulative_sum(self, axis: int | None = None, *, include_initial: bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
        """Running sum of the elements along an axis.

        Floats are added in a fixed order that depends on shape and layout alone: the same input gives the
        same bits on every CPU and any number of threads.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, int64, uint8, uint64,
                float32, float64, complex64 or complex128; int8, int16 and int32 compute as int64; uint16
                and uint32 compute as uint64.
            axis: The axis to go along. It may be left out for a tensor of one dimension.
            include_initial: Put 0, the result of no elements, in front of the others.
            dtype: Cast ``x`` to this dtype first.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.

        Returns:
            A tensor with the shape of ``x``, or one element more along the axis with ``include_initial``,
            of the dtype that it is computed in; bool gives int64; uint8 gives uint64.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); ``axis`` is left out and ``x`` does not have one dimension.

        Special cases:
            Integers wrap around.

        Accuracy:
            Errors grow no faster than those of pairwise summation.

        Example:
            >>> import aotops as ao
            >>> ao.cumulative_sum(ao.tensor([1, 2, 3]), include_initial=True)
            tensor([0, 1, 3, 6])
        """

    def cumulative_prod(self, axis: int | None = None, *, include_initial: bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
        """Running product of the elements along an axis.

        Floats are multiplied in a fixed order that depends on shape and layout alone: the same input gives
        the same bits on every CPU and any number of threads.

        Parameters:
            x: A tensor, a number, an array or lists of numbers, of dtype bool, int64, uint8, uint64,
                float32, float64, complex64 or complex128; int8, int16 and int32 compute as int64; uint16
                and uint32 compute as uint64.
            axis: The axis to go along. It may be left out for a tensor of one dimension.
            include_initial: Put 1, the result of no elements, in front of the others.
            dtype: Cast ``x`` to this dtype first.
            out: A tensor of the result's shape, which the result is written into and which is returned; its
                dtype may be another one that can hold the result.

        Returns:
            A tensor with the shape of ``x``, or one element more along the axis with ``include_initial``,
            of the dtype that it is computed in; bool gives int64; uint8 gives uint64.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
                ``IndexError`` as well); ``axis`` is left out and ``x`` does not have one dimension.

        Special cases:
            Integers wrap around.

        Accuracy:
            At most half a ULP for each multiplication.

        Example:
            >>> import aotops as ao
            >>> ao.cumulative_prod(ao.tensor([1, 2, 3, 4]))
            tensor([ 1,  2,  6, 24])
        """

    def mean(self, axis: Any = None, *, dtype: Any = None, keepdims: bool = False, out: Tensor | None = None, where: Operand = True) -> Tensor:
        """Arithmetic mean of the elements over one axis, several, or all.

        It is the sum, as ``aotops.sum`` computes it, divided by the number of elements. bool and smaller integers are
        summed as int64, and int64 as float64. The mean is finite if all elements are, even where their sum is not.

        Parameters:
            x: A tensor, a number, an array or lists of numbers.
            axis: The axis that folds away, or a tuple of several; None for all.
            dtype: float32 or float64, in which to compute; by default float64, or that of ``x`` if it is float32.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
                another one that can hold the result.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True count.

        Returns:
            A tensor of the axes that are left, float32 or float64.

        Raises:
            TypeError: An argument is none of those above; ``out`` cannot hold the result.
            ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; ``out`` has
                another shape than the result.

        Special cases:
            The mean of no elements is NaN.

        Example:
            >>> import aotops as ao
            >>> ao.mean(ao.tensor([[1.0, 2.0], [3.0, 5.0]]), axis=1)
            tensor([1.5, 4. ])
        """

    def std(self, axis: Any = None, *, dtype: Any = None, correction: float | None = None, keepdims: bool = False, out: Tensor | None = None, ddof: float | None = None, where: Operand = True) -> Tensor:
        """Standard deviation of the elements over one axis, several, or all: the square root of ``aotops.var``.

        Parameters:
            x: A tensor, a number, an array or lists of numbers.
            axis: The axis that folds away, or a tuple of several; None for all.
            dtype: float32 or float64, in which to compute; by default float64, or that of ``x`` if it is float32.
            correction: 0, the default, for the deviation of a population, 1 for that of a sample.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
                another one that can hold the result.
            ddof: NumPy's name of ``correction``.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True count.

        Returns:
            A tensor of the axes that are left, float32 or float64.

        Raises:
            TypeError: An argument is none of those above, or both ``correction`` and ``ddof`` are given; ``out`` cannot
                hold the result.
            ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; ``out`` has
                another shape than the result.

        Special cases:
            NaN or infinite if there are not more elements than ``correction``.

        Example:
            >>> import aotops as ao
            >>> ao.std(ao.tensor([1.0, 3.0]))
            tensor(1.)
        """

    def var(self, axis: Any = None, *, dtype: Any = None, correction: float | None = None, keepdims: bool = False, out: Tensor | None = None, ddof: float | None = None, where: Operand = True) -> Tensor:
        """Variance of the elements over one axis, several, or all.

        It is the sum of the squared distances from the mean, in a second pass over ``x``, corrected for the rounding of the
        mean, divided by the number of elements less ``correction``. bool and integers are computed as float64.

        Parameters:
            x: A tensor, a number, an array or lists of numbers.
            axis: The axis that folds away, or a tuple of several; None for all.
            dtype: float32 or float64, in which to compute; by default float64, or that of ``x`` if it is float32.
            correction: 0, the default, for the variance of a population, 1 for that of a sample.
            keepdims: Leave the axes that fold away in place, with length 1.
            out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
                another one that can hold the result.
            ddof: NumPy's name of ``correction``.
            where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True count.

        Returns:
            A tensor of the axes that are left, float32 or float64.

        Raises:
            TypeError: An argument is none of those above, or both ``correction`` and ``ddof`` are given; ``out`` cannot
                hold the result.
            ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; ``out`` has
                another shape than the result.

        Special cases:
            NaN or infinite if there are not more elements than ``correction``.

        Example:
            >>> import aotops as ao
            >>> ao.var(ao.tensor([1.0, 2.0, 3.0, 4.0]))
            tensor(1.25)
        """
