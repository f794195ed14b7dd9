# Generated from the operator records by `python -m aotops.aot.pack.stubs`; do not edit.
import builtins
from typing import Any

from aotops._native import Operand

from aotops import dtypes as dtypes, memory as memory, nn as nn, optim as optim, random as random
from aotops._native import DType as DType, Operator as Operator, astype as astype, cpu_level as cpu_level, get_num_threads as get_num_threads, set_num_threads as set_num_threads
from aotops.autograd.engine import grad as grad
from aotops.autograd.grad_check import grad_check as grad_check
from aotops.autograd.modes import enable_grad as enable_grad, is_grad_enabled as is_grad_enabled, no_grad as no_grad
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
from aotops.user.array_declaration import kernel as kernel
from aotops.user.array_functions import ArrayFunction as ArrayFunction, function as function
from aotops.user.array_kernels import ArrayKernel as ArrayKernel
from aotops.user.declare import argreduce as argreduce, map as map, reduce as reduce, scan as scan, zip as zip
from aotops.user.parallel import prange as prange

__version__: str
_HOMES: dict[str, str | None]

def positive(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """A copy of the elements, ``+x``.

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

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.positive(ao.tensor([1, -2]))
        tensor([ 1, -2])
    """

def negative(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Numerical negative of each element, ``-x``.

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
        Integers wrap around: the smallest signed one is its own negative.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.negative(ao.tensor([1.0, -2.0]))
        tensor([-1.,  2.])
    """

def abs(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def add(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Sum of each pair of elements, ``x1 + x2``.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
            result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Integers wrap around, as NumPy's do.

    Accuracy:
        Floats are correctly rounded.

    Example:
        >>> import aotops as ao
        >>> ao.add(ao.tensor([1.0, 2.0]), 0.5)
        tensor([1.5, 2.5])
    """

def subtract(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Difference of each pair of elements, ``x1 - x2``.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
            result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Integers wrap around, as NumPy's do.

    Accuracy:
        Floats are correctly rounded.

    Example:
        >>> import aotops as ao
        >>> ao.subtract(ao.tensor([[1], [2]]), ao.tensor([1, 10]))
        tensor([[ 0, -9],
                [ 1, -8]])
    """

def multiply(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Product of each pair of elements, ``x1 * x2``.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
            result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Integers wrap around, as NumPy's do.

    Accuracy:
        Floats are correctly rounded.

    Example:
        >>> import aotops as ao
        >>> ao.multiply(ao.tensor([1, 2, 3]), ao.tensor([0.0, 1.0, 0.0]))
        tensor([0., 2., 0.])
    """

def square(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def fma(x1: Operand, x2: Operand, x3: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Fused multiply-add of each triple of elements: ``x1 * x2 + x3``, rounded once.

    A product that over- or underflows does not matter if the sum does not. CPUs without an instruction
    for it (those before x86-64-v3) compute the same value ten times as slowly.

    Parameters:
        x1, x2, x3: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They
            are promoted as ``numpy.result_type`` does, Python numbers weakly, to float32 or float64;
            bool and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        fma(inf, 0, x) is NaN, whatever x.

    Accuracy:
        Floats are correctly rounded.

    Example:
        >>> import aotops as ao
        >>> x = ao.tensor([0.1])
        >>> product = x * 10.0
        >>> ao.fma(x, 10.0, -product)  # what the product's rounding took away
        tensor([5.55111512e-17])
    """

def divide(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Quotient of each pair of elements, ``x1 / x2``.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to float32, float64,
            complex64 or complex128; bool and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        A zero divisor gives an infinity, or NaN for 0 / 0, without a warning.

    Accuracy:
        Correctly rounded.

    Example:
        >>> import aotops as ao
        >>> ao.divide(ao.tensor([1, -2, 0]), ao.tensor([2, 0, 0]))
        tensor([ 0.5, -inf,  nan])
    """

def maximum(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The larger of each pair of elements; NaN where either is NaN.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32 or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Of 0.0 and -0.0, which are equal, the first.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.maximum(ao.tensor([1.0, -2.0]), 0.0)
        tensor([1., 0.])
    """

def minimum(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The smaller of each pair of elements; NaN where either is NaN.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32 or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Of 0.0 and -0.0, which are equal, the first.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.minimum(ao.tensor([1.0, -2.0]), 0.0)
        tensor([ 0., -2.])
    """

def reciprocal(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def floor_divide(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Quotient of each pair of elements rounded down to an integer, ``x1 // x2``, in their dtype.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
            float32 or float64.
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
        An integer divided by 0 gives 0, without a warning; the smallest signed integer divided by -1
        wraps around to itself. A float divided by 0 gives an infinity, or NaN for 0 / 0. With
        infinities it is ``x1 / x2`` rounded down, as the array API standard has it: inf // 2.0 is inf,
        and 1.0 // -inf is -0.0, where Python and NumPy have NaN and -1.

    Accuracy:
        Exact up to 2^53; beyond, the nearest float to the quotient.

    Example:
        >>> import aotops as ao
        >>> ao.floor_divide(ao.tensor([7, -7, 7]), ao.tensor([2, 2, 0]))
        tensor([ 3, -4,  0])

    See also:
        ``remainder``, ``divide``, ``floor``.
    """

def remainder(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Remainder of each pair of elements, ``x1 % x2``: it has the sign of ``x2``, and ``x1 // x2 * x2`` is the rest.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
            float32 or float64.
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
        An integer divided by 0 leaves 0, without a warning. A float divided by 0, and an infinity,
        leave NaN. A finite number divided by an infinity leaves itself, or that infinity if their signs
        differ. A zero has the sign of ``x2``.

    Accuracy:
        Exact where the signs are equal, else correctly rounded.

    Example:
        >>> import aotops as ao
        >>> ao.remainder(ao.tensor([7, -7, 7]), ao.tensor([3, 3, -3]))
        tensor([ 1,  2, -2])

    See also:
        ``floor_divide``.
    """

def floor(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def ceil(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def trunc(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def round(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def isfinite(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def isinf(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def isnan(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def signbit(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether each element has a minus sign, which zeros and NaN have as well.

    Parameters:
        x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
            or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape of ``x``.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.signbit(ao.tensor([1.0, -0.0, -2.0]))
        tensor([False,  True,  True])
    """

def sign(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def copysign(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The magnitude of ``x1`` with the sign of ``x2``, for each pair of elements.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to float32 or float64; bool
            and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        The signs of zeros and NaN count.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.copysign(ao.tensor([1.0, -2.0]), ao.tensor([-0.0, 3.0]))
        tensor([-1.,  2.])
    """

def nextafter(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The float next to ``x1`` in the direction of ``x2``, for each pair of elements.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to float32 or float64; bool
            and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Where both are equal it is ``x2``; NaN where either is NaN. Next to zero stand the smallest
        subnormal numbers, and next to infinity the largest finite one.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.nextafter(ao.tensor([1.0, 0.0]), 2.0)
        tensor([ 1.e+00, 5.e-324])
    """

def exp(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def expm1(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def log(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def log1p(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def sqrt(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def exp2(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def log2(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def log10(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def rsqrt(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def hypot(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Length of the hypotenuse for each pair of elements, ``sqrt(x1**2 + x2**2)``; no square over- or underflows.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to float32 or float64; bool
            and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Where either is infinite it is inf, even if the other is NaN.

    Accuracy:
        Within 1.5 ULP (units in the last place).

    Example:
        >>> import aotops as ao
        >>> ao.hypot(ao.tensor([3.0, 1e200]), ao.tensor([4.0, 1e200]))
        tensor([ 5.00000000e+00, 1.41421356e+200])
    """

def pow(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Each element of the first to the power of the second, ``x1 ** x2``.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is bool; ``out`` cannot hold the
            result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        As in C and NumPy: anything to the power of 0, and 1 to any power, is 1, even with NaN; a
        negative number to a power that is no integer is NaN; 0 to a negative power is an infinity; no
        warnings. Integers wrap around; a negative power of one is 0, but for 1 and -1, which are their
        own inverses (NumPy raises ``ValueError``). Of complex numbers it is ``exp(x2 * log(x1))``; 0 to
        a power with a positive real part is 0, and to other ones NaN.

    Accuracy:
        Within 1 ULP (units in the last place). Floats are exact wherever the result can be represented:
        ``183.0**7``, ``9.0**1.5``, ``2.0**-1074``. Correctly rounded for the exponents 2, 1, 0.5 and
        -1: ``x**0.5`` is ``sqrt(x)`` and ``x**-1`` is ``1 / x``, bit for bit, but for -0.0 and -inf,
        whose power 0.5 is 0.0 and inf. A complex result errs by at most ``2 + abs(x2 * log(x1))`` ULP
        of its larger part.

    Example:
        >>> import aotops as ao
        >>> ao.pow(ao.tensor([2.0, -8.0, 4.0]), ao.tensor([10.0, 3.0, -0.5]))
        tensor([1024. , -512. ,    0.5])
    """

def sin(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def cos(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def tan(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def asin(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def acos(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def atan(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def atan2(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The angle of each point ``(x2, x1)``, in radians from -pi to pi: the inverse tangent of ``x1 / x2``.

    The signs of both choose the quadrant, also those of zeros.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to float32 or float64; bool
            and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Zeros and infinities are as in C's ``atan2`` and NumPy: ``atan2(0.0, -0.0)`` is pi, of two
        infinities it is an odd multiple of pi/4. NaN where either is NaN.

    Accuracy:
        Within 1 ULP (units in the last place).

    Example:
        >>> import aotops as ao
        >>> ao.atan2(ao.tensor([1.0, -1.0, 0.0]), ao.tensor([1.0, -1.0, -1.0]))
        tensor([ 0.78539816, -2.35619449,  3.14159265])
    """

def tanh(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def sinh(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def cosh(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def asinh(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def acosh(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def atanh(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def erf(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Error function of each element: the integral of ``2 / sqrt(pi) * exp(-t**2)`` over t from 0 to ``x``.

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
        erf(inf) is 1, zeros and NaN stay what they are.

    Accuracy:
        Within 1 ULP (units in the last place). ``erf(-x)`` is ``-erf(x)``.

    Example:
        >>> import aotops as ao
        >>> ao.erf(ao.tensor([-0.0, 1.0]))
        tensor([-0.        ,  0.84270079])
    """

def erfc(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Complementary error function of each element, ``1 - erf(x)``, precise also where that is small.

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
        erfc(inf) is 0, erfc(-inf) is 2, NaN stays NaN. Underflow goes through the subnormal numbers to
        0.

    Accuracy:
        Within 1.5 ULP (units in the last place).

    Example:
        >>> import aotops as ao
        >>> ao.erfc(ao.tensor([0.0, 10.0]))
        tensor([1.00000000e+00, 2.08848758e-45])
    """

def logaddexp(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Logarithm of the sum of exponentials, ``log(exp(x1) + exp(x2))``, for each pair of elements, without overflow.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to float32 or float64; bool
            and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Where either is inf it is inf, where one is -inf the other one.

    Accuracy:
        Within 1 ULP (units in the last place). Results below 1/8, whose parts cancel, have an absolute
        error: as many ULP of 1/8.

    Example:
        >>> import aotops as ao
        >>> ao.logaddexp(ao.tensor([0.0, 1000.0]), ao.tensor([0.0, 1000.0]))
        tensor([   0.69314718, 1000.69314718])
    """

def softplus(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Smooth rectifier of each element, ``log(1 + exp(x))``.

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
        softplus(-inf) is 0, softplus(inf) is inf, NaN stays NaN.

    Accuracy:
        Within 1 ULP (units in the last place). Also far below zero, where it is as small as ``exp(x)``.

    Example:
        >>> import aotops as ao
        >>> ao.softplus(ao.tensor([0.0, 100.0]))
        tensor([  0.69314718, 100.        ])
    """

def sigmoid(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def relu(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def silu(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Sigmoid linear unit of each element, ``x / (1 + exp(-x))``; also called swish.

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
        silu(-inf) is -0.0, silu(inf) is inf, zeros and NaN stay what they are.

    Accuracy:
        Within 1.5 ULP (units in the last place).

    Example:
        >>> import aotops as ao
        >>> ao.silu(ao.tensor([0.0, 100.0]))
        tensor([  0., 100.])
    """

def gelu(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Gaussian error linear unit of each element: ``x`` times the share of a normal distribution below it.

    It is computed exactly, ``x / 2 * erfc(-x / sqrt(2))``, not by the approximation with tanh.

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
        gelu(-inf) is -0.0, gelu(inf) is inf, zeros and NaN stay what they are.

    Accuracy:
        Within 1.5 ULP (units in the last place).

    Example:
        >>> import aotops as ao
        >>> ao.gelu(ao.tensor([0.0, 1.0]))
        tensor([0.        , 0.84134475])
    """

def lerp(start: Operand, end: Operand, weight: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Linear interpolation for each triple of elements: ``start + weight * (end - start)``.

    From a weight of 1/2 on it is computed from the other end, so that it ends at ``end`` exactly.

    Parameters:
        start, end, weight: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast
            together. They are promoted as ``numpy.result_type`` does, Python numbers weakly, to float32
            or float64; bool and every integer dtype compute as float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        A few roundings.

    Example:
        >>> import aotops as ao
        >>> ao.lerp(ao.tensor([0.0, 10.0]), ao.tensor([1.0, 20.0]), 0.25)
        tensor([ 0.25, 12.5 ])
    """

def real(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Real part of each element; real numbers as they are.

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

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.real(ao.tensor([1 + 2j, 3.0]))
        tensor([1., 3.])
    """

def imag(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Imaginary part of each element; 0 of real numbers.

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

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.imag(ao.tensor([1 + 2j, 3.0]))
        tensor([2., 0.])
    """

def conj(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Complex conjugate of each element: its imaginary part has the other sign. Real numbers as they are.

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

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.conj(ao.tensor([1 + 2j, 3.0]))
        tensor([1.-2.j, 3.-0.j])
    """

def less(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether ``x1 < x2``, for each pair of elements; False where either is NaN.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32 or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.less(ao.tensor([1, 2, 3]), 2)
        tensor([ True, False, False])
    """

def less_equal(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether ``x1 <= x2``, for each pair of elements; False where either is NaN.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32 or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.less_equal(ao.tensor([1, 2, 3]), 2)
        tensor([ True,  True, False])
    """

def greater(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether ``x1 > x2``, for each pair of elements; False where either is NaN.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32 or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.greater(ao.tensor([1, 2, 3]), 2)
        tensor([False, False,  True])
    """

def greater_equal(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether ``x1 >= x2``, for each pair of elements; False where either is NaN.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32 or float64.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.greater_equal(ao.tensor([1, 2, 3]), 2)
        tensor([False,  True,  True])
    """

def equal(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether ``x1 == x2``, for each pair of elements; NaN equals nothing.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.equal(ao.tensor([1, 2, 3]), 2)
        tensor([False,  True, False])
    """

def not_equal(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether ``x1 != x2``, for each pair of elements; NaN differs from everything.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.not_equal(ao.tensor([1, 2, 3]), 2)
        tensor([ True, False,  True])
    """

def logical_and(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether both of each pair of elements are true.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool or every integer
            dtype; float32, float64, complex64 and complex128 compute as bool.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Everything but 0 is true, NaN too.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.logical_and(ao.tensor([True, True, False]), ao.tensor([1, 0, 1]))
        tensor([ True, False, False])
    """

def logical_or(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether at least one of each pair of elements is true.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool or every integer
            dtype; float32, float64, complex64 and complex128 compute as bool.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Everything but 0 is true, NaN too.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.logical_or(ao.tensor([True, True, False]), ao.tensor([1, 0, 0]))
        tensor([ True,  True, False])
    """

def logical_xor(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether exactly one of each pair of elements is true.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool or every integer
            dtype; float32, float64, complex64 and complex128 compute as bool.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape that all inputs broadcast to.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        Everything but 0 is true, NaN too.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.logical_xor(ao.tensor([True, True, False]), ao.tensor([1, 0, 0]))
        tensor([False,  True, False])
    """

def logical_not(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """Whether each element is false.

    Parameters:
        x: A tensor, a number, an array or lists of numbers, of dtype bool or every integer dtype;
            float32, float64, complex64 and complex128 compute as bool.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor of dtype bool with the shape of ``x``.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: ``out`` has another shape than the result.

    Special cases:
        Only 0 is false; NaN is true.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.logical_not(ao.tensor([True, False]))
        tensor([False,  True])
    """

def bitwise_and(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The bits that both of each pair of integers have, ``x1 & x2``; of bools, whether both are true.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool or every integer
            dtype.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is float32, float64, complex64 or
            complex128; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.bitwise_and(ao.tensor([12, 7]), 10)
        tensor([8, 2])
    """

def bitwise_or(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The bits that either of each pair of integers has, ``x1 | x2``; of bools, whether at least one is true.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool or every integer
            dtype.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is float32, float64, complex64 or
            complex128; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.bitwise_or(ao.tensor([12, 7]), 10)
        tensor([14, 15])
    """

def bitwise_xor(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The bits that exactly one of each pair of integers has, ``x1 ^ x2``; of bools, whether exactly one is true.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool or every integer
            dtype.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is float32, float64, complex64 or
            complex128; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.bitwise_xor(ao.tensor([12, 7]), 10)
        tensor([ 6, 13])
    """

def bitwise_invert(x: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The bits that each integer lacks, ``~x``; of bools, whether each is false.

    Parameters:
        x: A tensor, a number, an array or lists of numbers, of dtype bool or every integer dtype.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape of ``x``, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is float32, float64, complex64 or
            complex128; ``out`` cannot hold the result.
        ValueError: ``out`` has another shape than the result.

    Special cases:
        Of signed integers it is ``-x - 1``.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.bitwise_invert(ao.tensor([0, 7])), ~ao.tensor([True, False])
        (tensor([-1, -8]), tensor([False,  True]))
    """

def bitwise_left_shift(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The bits of ``x1`` shifted to the left by ``x2``, ``x1 << x2``: times ``2**x2``, wrapped around.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is bool, float32, float64, complex64 or
            complex128; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        A shift by at least as many bits as the dtype has, or by less than 0, shifts all bits out.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.bitwise_left_shift(ao.tensor([1, 3, 1]), ao.tensor([4, 1, 64]))
        tensor([16,  6,  0])
    """

def bitwise_right_shift(x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The bits of ``x1`` shifted to the right by ``x2``, ``x1 >> x2``: ``x1 // 2**x2``.

    Parameters:
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to every integer dtype.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is bool, float32, float64, complex64 or
            complex128; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Special cases:
        A shift by at least as many bits as the dtype has, or by less than 0, shifts all bits out: 0 is
        left, or -1 of a negative number.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.bitwise_right_shift(ao.tensor([16, -3, -3]), ao.tensor([4, 1, 64]))
        tensor([ 1, -2, -1])
    """

def where(condition: Operand, x1: Operand, x2: Operand, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
    """The element of ``x1`` where the condition is true, else that of ``x2``.

    It is as fast on a random condition as on a constant one.

    Parameters:
        condition: Bool, or true where it is not 0; its shape broadcasts with those of the others.
        x1, x2: Tensors, numbers, arrays or lists of numbers, whose shapes broadcast together. They are
            promoted as ``numpy.result_type`` does, Python numbers weakly, to bool, every integer dtype,
            float32, float64, complex64 or complex128.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.
        where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
            elements, and a new tensor has 0.

    Returns:
        A tensor with the shape that all inputs broadcast to, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: Shapes do not broadcast together; ``out`` has another shape than the result.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.where(ao.tensor([True, False, True]), ao.tensor([1, 2, 3]), 0)
        tensor([1, 0, 3])
    """

def clip(x: Operand, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None, where: Operand = True) -> Tensor:
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

def sum(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, dtype: Any = None, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
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

def prod(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, dtype: Any = None, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
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

def max(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
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

def min(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None, initial: Operand | None = None, where: Operand = True) -> Tensor:
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

def any(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
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

def all(x: Operand, /, axis: int | tuple[int, ...] | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
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

def argmax(x: Operand, /, axis: int | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
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

def argmin(x: Operand, /, axis: int | None = None, *, keepdims: builtins.bool = False, out: Tensor | None = None) -> Tensor:
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

def cumulative_sum(x: Operand, /, axis: int | None = None, *, include_initial: builtins.bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
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

def cumulative_prod(x: Operand, /, axis: int | None = None, *, include_initial: builtins.bool = False, dtype: Any = None, out: Tensor | None = None) -> Tensor:
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

def cumulative_max(x: Operand, /, axis: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """Largest element so far, along an axis.

    Parameters:
        x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
            or float64.
        axis: The axis to go along. It may be left out for a tensor of one dimension.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.

    Returns:
        A tensor with the shape of ``x``, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
            ``IndexError`` as well); ``axis`` is left out and ``x`` does not have one dimension.

    Special cases:
        From the first NaN on, all are NaN.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.cumulative_max(ao.tensor([2, 5, 3, 7]))
        tensor([2, 5, 5, 7])
    """

def cumulative_min(x: Operand, /, axis: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """Smallest element so far, along an axis.

    Parameters:
        x: A tensor, a number, an array or lists of numbers, of dtype bool, every integer dtype, float32
            or float64.
        axis: The axis to go along. It may be left out for a tensor of one dimension.
        out: A tensor of the result's shape, which the result is written into and which is returned; its
            dtype may be another one that can hold the result.

    Returns:
        A tensor with the shape of ``x``, of the dtype that it is computed in.

    Raises:
        TypeError: An argument is none of those above; the dtype is complex64 or complex128; ``out``
            cannot hold the result.
        ValueError: ``out`` has another shape than the result; the tensor has no such axis (this is an
            ``IndexError`` as well); ``axis`` is left out and ``x`` does not have one dimension.

    Special cases:
        From the first NaN on, all are NaN.

    Accuracy:
        Exact.

    Example:
        >>> import aotops as ao
        >>> ao.cumulative_min(ao.tensor([5, 2, 3, 1]))
        tensor([5, 2, 2, 1])
    """
