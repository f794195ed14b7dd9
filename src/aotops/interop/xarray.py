"""Elementwise operators on xarray's arrays and data sets: ``aotops.exp(a)``, ``mypkg.gelu(a)``.

Arithmetic, reductions and selections of a ``DataArray`` around tensors are xarray's own, by the protocols that tensors
have. A call of an operator goes to ``xarray.apply_ufunc``, which aligns and broadcasts by the names of dimensions.
"""

from __future__ import annotations

import inspect
from typing import Any

import xarray

import aotops as ao
from aotops import errors


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of an elementwise operator with arrays of xarray among its arguments, or a tuple of several.

    ``TypeError`` for other functions: their axes are numbers, where xarray's have names.
    """
    name = function.__name__
    if not isinstance(function, ao.Operator) or function.kind not in ("map", "zip"):
        advice = f"write x.{name}(dim) where xarray has it, or xarray.apply_ufunc({name}, x, input_core_dims=[[dim]])"
        errors.reject(TypeError, name, "each argument", "be an array without names of axes", "one of xarray", advice)
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    if given.pop("out", None) is not None:
        errors.reject(TypeError, name, "out", "be left out where an argument is one of xarray's", "one")
    names, operands = list(given), list(given.values())
    outputs = len(function.dtypes[0]) - len(function.parameters)

    def apply(*arrays: Any) -> Any:
        return function(**dict(zip(names, arrays, strict=True)))

    return xarray.apply_ufunc(apply, *operands, output_core_dims=[()] * outputs, dask="allowed", keep_attrs=True)
