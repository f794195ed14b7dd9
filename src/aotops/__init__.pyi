# Generated from the operator records by `python -m aotops.aot.pack.stubs`; do not edit.
import builtins
from typing import Any

from aotops._native import Operand

from aotops import dtypes as dtypes, memory as memory
from aotops._native import DType as DType, Operator as Operator, astype as astype, cpu_level as cpu_level, get_num_threads as get_num_threads, set_num_threads as set_num_threads
from aotops.autograd.grad_check import grad_check as grad_check
from aotops.dtypes import bool as bool, complex128 as complex128, complex64 as complex64, float32 as float32, float64 as float64, int16 as int16, int32 as int32, int64 as int64, int8 as int8, uint16 as uint16, uint32 as uint32, uint64 as uint64, uint8 as uint8
from aotops.errors import AxisError as AxisError, BuildError as BuildError, GradientError as GradientError, NotBuiltError as NotBuiltError, RecordError as RecordError
from aotops.interop.files import load as load, save as save
from aotops.namespace.constants import e as e, inf as inf, nan as nan, newaxis as newaxis, pi as pi
from aotops.namespace.contraction import einsum as einsum
from aotops.namespace.creation import arange as arange, asarray as asarray, empty as empty, full as full, ones as ones, tensor as tensor, zeros as zeros
from aotops.namespace.data_types import can_cast as can_cast, finfo as finfo, iinfo as iinfo, isdtype as isdtype, result_type as result_type
from aotops.namespace.exchange import from_dlpack as from_dlpack
from aotops.namespace.grids import eye as eye, linspace as linspace, logspace as logspace, meshgrid as meshgrid, tril as tril, triu as triu
from aotops.namespace.inspection import __array_namespace_info__ as __array_namespace_info__
from aotops.namespace.joining import concat as concat, repeat as repeat, roll as roll, stack as stack, tile as tile
from aotops.namespace.like import empty_like as empty_like, full_like as full_like, ones_like as ones_like, zeros_like as zeros_like
from aotops.namespace.linear_algebra import matmul as matmul, tensordot as tensordot, vecdot as vecdot
from aotops.namespace.manipulation import broadcast_arrays as broadcast_arrays, broadcast_shapes as broadcast_shapes, broadcast_to as broadcast_to, expand_dims as expand_dims, flip as flip, matrix_transpose as matrix_transpose, moveaxis as moveaxis, permute_dims as permute_dims, reshape as reshape, squeeze as squeeze, unstack as unstack
from aotops.namespace.nan_statistics import nanargmax as nanargmax, nanargmin as nanargmin, nanmax as nanmax, nanmean as nanmean, nanmin as nanmin, nansum as nansum
from aotops.namespace.neural import embedding as embedding, log_softmax as log_softmax, logsumexp as logsumexp, norm as norm, one_hot as one_hot, softmax as softmax
from aotops.namespace.quantiles import median as median, percentile as percentile, quantile as quantile
from aotops.namespace.searching import count_nonzero as count_nonzero, nonzero as nonzero, searchsorted as searchsorted, take as take, take_along_axis as take_along_axis
from aotops.namespace.sets import isin as isin, unique_all as unique_all, unique_counts as unique_counts, unique_inverse as unique_inverse, unique_values as unique_values
from aotops.namespace.sorting import argsort as argsort, sort as sort
from aotops.namespace.statistics import mean as mean, std as std, var as var
from aotops.namespace.utility import diff as diff
from aotops.see.explain import explain as explain
from aotops.see.trace import trace as trace
from aotops.tensors import Tensor as Tensor
from aotops.user.array_kernels import ArrayKernel as ArrayKernel, kernel as kernel
from aotops.user.declare import argreduce as argreduce, map as map, reduce as reduce, scan as scan, zip as zip

__version__: str
_HOMES: dict[str, str | None]

def positive(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """A copy of the elements, ``+x``."""

def negative(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Numerical negative of each element, ``-x``."""

def abs(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Absolute value of each element; of a complex number its distance from 0."""

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

def minimum(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The smaller of each pair of elements; NaN where either is NaN."""

def reciprocal(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Reciprocal of each element, ``1 / x``."""

def floor_divide(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Quotient of each pair of elements rounded down to an integer, ``x1 // x2``, in their dtype."""

def remainder(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Remainder of each pair of elements, ``x1 % x2``: it has the sign of ``x2``, and ``x1 // x2 * x2`` is the rest."""

def floor(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """The largest integer that is not larger than each element; in the dtype of the element."""

def ceil(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """The smallest integer that is not smaller than each element; in the dtype of the element."""

def trunc(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction: the nearest integer towards zero; in the dtype of the element."""

def round(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """The integer nearest to each element, the even one of two; in the dtype of the element."""

def isfinite(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is neither infinite nor NaN; integers and bools are finite."""

def isinf(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is an infinity, of either sign; integers and bools are not."""

def isnan(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is NaN; integers and bools are not."""

def signbit(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether each element has a minus sign, which zeros and NaN have as well."""

def sign(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """The sign of each element: -1, 0 or 1, in the dtype of the element."""

def copysign(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The magnitude of ``x1`` with the sign of ``x2``, for each pair of elements."""

def nextafter(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The float next to ``x1`` in the direction of ``x2``, for each pair of elements."""

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

def exp2(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """2 to the power of each element, ``2**x``."""

def log2(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of each element to the base 2."""

def log10(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of each element to the base 10."""

def rsqrt(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Reciprocal of the square root of each element, ``1 / sqrt(x)``."""

def hypot(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Length of the hypotenuse for each pair of elements, ``sqrt(x1**2 + x2**2)``; no square over- or underflows."""

def pow(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Each element of the first to the power of the second, ``x1 ** x2``."""

def sin(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Sine of each element, in radians."""

def cos(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Cosine of each element, in radians."""

def tan(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Tangent of each element, in radians."""

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

def sinh(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic sine of each element."""

def cosh(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic cosine of each element."""

def asinh(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic sine of each element."""

def acosh(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic cosine of each element."""

def atanh(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic tangent of each element."""

def erf(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Error function of each element: the integral of ``2 / sqrt(pi) * exp(-t**2)`` over t from 0 to ``x``."""

def erfc(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Complementary error function of each element, ``1 - erf(x)``, precise also where that is small."""

def logaddexp(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the sum of exponentials, ``log(exp(x1) + exp(x2))``, for each pair of elements, without overflow."""

def softplus(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Smooth rectifier of each element, ``log(1 + exp(x))``."""

def sigmoid(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logistic function of each element, ``1 / (1 + exp(-x))``."""

def relu(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Rectified linear unit of each element: ``x`` where it is positive, else 0; NaN stays NaN."""

def silu(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Sigmoid linear unit of each element, ``x / (1 + exp(-x))``; also called swish."""

def gelu(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Gaussian error linear unit of each element: ``x`` times the share of a normal distribution below it."""

def lerp(start: Operand, end: Operand, weight: Operand, *, out: Tensor | None = None) -> Tensor:
    """Linear interpolation for each triple of elements: ``start + weight * (end - start)``."""

def real(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Real part of each element; real numbers as they are."""

def imag(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Imaginary part of each element; 0 of real numbers."""

def conj(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Complex conjugate of each element: its imaginary part has the other sign. Real numbers as they are."""

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

def logical_and(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether both of each pair of elements are true."""

def logical_or(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether at least one of each pair of elements is true."""

def logical_xor(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether exactly one of each pair of elements is true."""

def logical_not(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is false."""

def bitwise_and(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The bits that both of each pair of integers have, ``x1 & x2``; of bools, whether both are true."""

def bitwise_or(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The bits that either of each pair of integers has, ``x1 | x2``; of bools, whether at least one is true."""

def bitwise_xor(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The bits that exactly one of each pair of integers has, ``x1 ^ x2``; of bools, whether exactly one is true."""

def bitwise_invert(x: Operand, *, out: Tensor | None = None) -> Tensor:
    """The bits that each integer lacks, ``~x``; of bools, whether each is false."""

def bitwise_left_shift(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The bits of ``x1`` shifted to the left by ``x2``, ``x1 << x2``: times ``2**x2``, wrapped around."""

def bitwise_right_shift(x1: Operand, x2: Operand, *, out: Tensor | None = None) -> Tensor:
    """The bits of ``x1`` shifted to the right by ``x2``, ``x1 >> x2``: ``x1 // 2**x2``."""

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
