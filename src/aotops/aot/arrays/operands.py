"""The loop over a batch around a function of arrays, and the arrays that it passes, which it makes of pointers.

The loop has the signature of ``aot_array_kernel`` in ``aotops_kernel.h``. ``numbers`` holds the bytes from one item of
the batch to the next of each operand, then the size of each dimension, then the strides in bytes of each operand's
own axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from aotops.user.array_record import ArraySignature

#: ``(n, data, numbers)``.
LOOP = types.void(types.int64, types.CPointer(types.CPointer(types.uint8)), types.CPointer(types.int64))

#: ``AOT_LONGEST_AXIS`` of ``aotops_kernel.h``: LLVM has to know that sums of sizes and small constants do not overflow.
LONGEST = 2**60


def element_type(dtype: str) -> Any:
    """Return Numba's type of the elements of a dtype."""
    return types.boolean if dtype == "bool" else numba.from_dtype(np.dtype(dtype))


def pointer_to(builder: Any, data: Any, numbers: Any, item: Any, operand: int) -> Any:
    """Return the address of an operand at an item of the batch."""
    base = builder.load(cgutils.gep(builder, data, operand))
    step = builder.load(cgutils.gep(builder, numbers, operand))
    return cgutils.pointer_add(builder, base, builder.mul(item, step))


def array_of(signature: ArraySignature, operand: int, layout: Literal["C", "F", "A"], readonly: bool) -> Any:
    """Return an intrinsic that makes the array of an operand at an item of the batch.

    An operand without axes is an array of one element.
    """
    axes = signature.axes[operand]
    dtype = element_type(signature.dtypes[operand])
    type_ = types.Array(dtype, max(len(axes), 1), layout, readonly=readonly)
    first_size = len(signature.axes)
    first_stride = first_size + len(signature.sizes) + sum(map(len, signature.axes[:operand]))
    itemsize = np.dtype(signature.dtypes[operand]).itemsize

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        data, numbers, item = arguments

        def number(index: int) -> Any:
            return builder.load(cgutils.gep(builder, numbers, index))

        def constant(value: int) -> Any:
            return ir.Constant(ir.IntType(64), value)

        def size(axis: int) -> Any:
            if signature.sizes[axis] >= 0:  # the layout fixes it, and C has checked it
                return constant(signature.sizes[axis])
            load = number(first_size + axis)
            load.set_metadata("range", builder.module.add_metadata([constant(0), constant(LONGEST)]))
            return load

        shape = [size(axis) for axis in axes] or [constant(1)]
        if layout == "A":
            strides = [number(first_stride + k) for k in range(len(axes))]
        else:
            # from the innermost axis outwards
            strides = [constant(itemsize)]
            for size in reversed(shape[1:]) if layout == "C" else shape[:-1]:
                strides.append(builder.mul(strides[-1], size))
            strides = strides[::-1] if layout == "C" else strides
        array = make_array(type_)(context, builder)
        pointer = pointer_to(builder, data, numbers, item, operand)
        populate_array(
            array,
            data=builder.bitcast(pointer, array.data.type),
            shape=shape,
            strides=strides,
            itemsize=constant(itemsize),
            meminfo=None,
        )
        return array._getvalue()

    @intrinsic
    def make(typing_context: Any, data: Any, numbers: Any, item: Any) -> Any:
        return type_(data, numbers, item), generate

    return make


def element_of(signature: ArraySignature, operand: int) -> Any:
    """Return an intrinsic that loads an input without axes at an item of the batch."""
    type_ = element_type(signature.dtypes[operand])

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        data, numbers, item = arguments
        pointer = pointer_to(builder, data, numbers, item, operand)
        model = context.data_model_manager[type_]
        typed = builder.bitcast(pointer, model.get_data_type().as_pointer())
        return model.from_data(builder, builder.load(typed))

    @intrinsic
    def load(typing_context: Any, data: Any, numbers: Any, item: Any) -> Any:
        return type_(data, numbers, item), generate

    return load


def batch_loop(signature: ArraySignature, function: Any, contiguous: bool) -> Callable[..., None]:
    """Return the loop that calls a function for each item of a batch."""
    names: dict[str, Any] = {"function": function}
    arguments = [""] * len(signature.axes)
    for operand, parameter in enumerate(signature.order):
        name = f"operand_{operand}"
        layout: Literal["C", "A"] = "C" if contiguous or not signature.axes[operand] else "A"
        array = array_of(signature, operand, layout, operand < signature.inputs)
        names[name] = array if signature.is_array(operand) else element_of(signature, operand)
        arguments[parameter] = f"{name}(data, numbers, item)"
    call = f"function({', '.join(arguments)})"
    text = f"def loop(n, data, numbers):\n    for item in range(n):\n        {call}\n"
    exec(text, names)
    loop: Callable[..., None] = names["loop"]
    return loop
