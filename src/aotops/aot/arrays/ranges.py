"""Ranges between ends that are 2**63 or more apart: Numba takes some for empty, and empty ones for long."""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, ir, types
from numba.core.imputils import impl_ret_borrowed
from numba.core.ir_utils import get_definition, guard
from numba.extending import intrinsic

MOST = 2**63 - 1


@intrinsic
def reached(typing_context: Any, start: Any, stop: Any, step: Any) -> Any:
    """Return the end of a range, its start if it is empty; raise ``OverflowError`` if it is too long to be counted."""
    integers = all(isinstance(each, types.Integer) for each in (start, stop, step))
    unsigned = [each for each in (start, stop) if each == types.uint64]
    number = types.int64 if not unsigned else types.uint64
    if not integers or len(unsigned) == 1:
        number = getattr(stop, "literal_type", stop)  # for Numba to reject, or to convert

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        own = [
            context.cast(builder, value, type_, number)
            for value, type_ in zip(arguments[:2], signature.args, strict=False)
        ]
        if integers and len(unsigned) != 1:
            zero, most = context.get_constant(number, 0), context.get_constant(number, MOST)
            above, below = builder.add(own[0], most), builder.sub(own[0], most)
            if unsigned:
                wrong_way = builder.icmp_unsigned("<", own[1], own[0])
                too_far = builder.icmp_unsigned(">", builder.sub(own[1], own[0]), most)
                too_long = builder.and_(builder.not_(wrong_way), too_far)
            else:
                width = context.cast(builder, arguments[2], signature.args[2], number)
                upwards = builder.icmp_signed(">", width, zero)
                is_below = builder.icmp_signed("<", own[0], zero)
                up = builder.and_(is_below, builder.icmp_signed(">", own[1], above))
                down = builder.and_(builder.not_(is_below), builder.icmp_signed("<", own[1], below))
                too_long = builder.select(upwards, up, down)
                wrong_way = builder.select(upwards, down, up)
            with cgutils.if_unlikely(builder, too_long):
                message = "a range must have fewer than 2**63 elements between its ends"
                context.call_conv.return_user_exc(builder, OverflowError, (message,))
            own[1] = builder.select(wrong_way, own[0], own[1])
        return impl_ret_borrowed(context, builder, number, own[1])

    return number(start, stop, step), generate


def is_range(func_ir: Any, call: Any) -> bool:
    """Whether a call makes a range between two ends."""
    function = guard(get_definition, func_ir, call.func)
    return isinstance(function, (ir.Global, ir.FreeVar)) and function.value is range and len(call.args) > 1
