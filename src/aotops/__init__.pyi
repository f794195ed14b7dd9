# Generated from the operator records by `python -m aotops.aot.pack.stubs`; do not edit.
import builtins
from typing import Any

from aotops._native import Operand

from aotops import dtypes as dtypes, memory as memory
from aotops._native import DType as DType, Operator as Operator, astype as astype, cpu_level as cpu_level, get_num_threads as get_num_threads, set_num_threads as set_num_threads
from aotops.autograd.grad_check import grad_check as grad_check
from aotops.dtypes import bool as bool, float32 as float32, float64 as float64, int16 as int16, int32 as int32, int64 as int64, int8 as int8, uint16 as uint16, uint32 as uint32, uint64 as uint64, uint8 as uint8
from aotops.errors import AxisError as AxisError, BuildError as BuildError, GradientError as GradientError, NotBuiltError as NotBuiltError, RecordError as RecordError
from aotops.namespace.creation import arange as arange, asarray as asarray, empty as empty, full as full, ones as ones, tensor as tensor, zeros as zeros
from aotops.namespace.data_types import can_cast as can_cast, finfo as finfo, iinfo as iinfo, isdtype as isdtype, result_type as result_type
from aotops.namespace.inspection import __array_namespace_info__ as __array_namespace_info__
from aotops.namespace.manipulation import permute_dims as permute_dims, reshape as reshape
from aotops.namespace.statistics import mean as mean, std as std, var as var
from aotops.see.explain import explain as explain
from aotops.see.trace import trace as trace
from aotops.tensors import Tensor as Tensor
from aotops.user.declare import argreduce as argreduce, map as map, reduce as reduce, scan as scan, zip as zip

__version__: str
_HOMES: dict[str, str | None]

def negative(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Numerical negative of each element, ``-x``."""

def abs(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Absolute value of each element."""

def add(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Sum of each pair of elements, ``x1 + x2``."""

def subtract(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Difference of each pair of elements, ``x1 - x2``."""

def multiply(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Product of each pair of elements, ``x1 * x2``."""

def square(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Square of each element, ``x * x``; what ``x**2`` computes."""

def fma(x1: Operand, x2: Operand, x3: Operand, *, out: Tensor | None = None) -> Tensor:
    """Fused multiply-add of each triple of elements: ``x1 * x2 + x3``, rounded once."""

def divide(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Quotient of each pair of elements, ``x1 / x2``."""

def maximum(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The larger of each pair of elements; NaN where either is NaN."""

def exp(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Exponential of each element."""

def expm1(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """``exp(x) - 1`` of each element, precise also near zero."""

def log(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Natural logarithm of each element."""

def log1p(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """``log(1 + x)`` of each element, precise also near zero."""

def sqrt(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Square root of each element, correctly rounded; NaN below zero, without a warning."""

def pow(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Each element of the first to the power of the second, ``x1 ** x2``."""

def sin(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Sine of each element, in radians."""

def cos(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Cosine of each element, in radians."""

def asin(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Inverse sine of each element, in radians from -pi/2 to pi/2."""

def acos(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Inverse cosine of each element, in radians from 0 to pi."""

def atan(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Inverse tangent of each element, in radians from -pi/2 to pi/2."""

def atan2(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The angle of each point ``(x2, x1)``, in radians from -pi to pi: the inverse tangent of ``x1 / x2``."""

def tanh(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic tangent of each element."""

def erf(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Error function of each element: the integral of ``2 / sqrt(pi) * exp(-t**2)`` over t from 0 to ``x``."""

def sigmoid(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logistic function of each element, ``1 / (1 + exp(-x))``."""

def relu(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Rectified linear unit of each element: ``x`` where it is positive, else 0; NaN stays NaN."""

def less(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether ``x1 < x2``, for each pair of elements; False where either is NaN."""

def less_equal(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether ``x1 <= x2``, for each pair of elements; False where either is NaN."""

def greater(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether ``x1 > x2``, for each pair of elements; False where either is NaN."""

def greater_equal(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether ``x1 >= x2``, for each pair of elements; False where either is NaN."""

def equal(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether ``x1 == x2``, for each pair of elements; NaN equals nothing."""

def not_equal(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether ``x1 != x2``, for each pair of elements; NaN differs from everything."""

def where(condition: Operand, x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The element of ``x1`` where the condition is true, else that of ``x2``."""

def clip(x: Operand, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None) -> Tensor:
    """The element of ``x``, but not less than ``min`` and not more than ``max``; NaN if one of them is NaN."""

def sum(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Sum of the elements over one axis, several, or all."""

def prod(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Product of the elements over one axis, several, or all."""

def max(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
    """Largest element over one axis, several, or all; NaN if there is one among them."""

def min(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
    """Smallest element over one axis, several, or all; NaN if there is one among them."""

def any(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
    """Whether any element is true, over one axis, several, or all; anything but 0 is true, NaN too."""

def all(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
    """Whether all elements are true, over one axis, several, or all; anything but 0 is true, NaN too."""

def argmax(x: Operand, /, axis: int | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
    """Position of the largest element along one axis, or in row-major order over all; the first of several."""

def argmin(x: Operand, /, axis: int | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
    """Position of the smallest element along one axis, or in row-major order over all; the first of several."""

def cumulative_sum(x: Operand, /, axis: int | None = None, *, include_initial: builtins.bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Running sum of the elements along an axis."""

def cumulative_prod(x: Operand, /, axis: int | None = None, *, include_initial: builtins.bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Running product of the elements along an axis."""
