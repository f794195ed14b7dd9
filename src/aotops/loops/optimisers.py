"""Loops of optimizers: a step of all elements of a parameter, and of what is remembered for each, in one pass.

They change their outputs, and take numbers, the same for all elements, from their last input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import Signature, divide, input_pointers, load_output, output_pointer, square_root, store


def momentum_step(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop of gradient descent with momentum, over ``n1`` elements.

    The numbers are the weight decay, the factor of the velocity, that of the gradient in it, and the lengths of the
    steps along the gradient and along the velocity.
    """
    signature = Signature((dtype, dtype), (dtype, dtype))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        gradient, x = input_pointers(data, signature)
        parameter, velocity = output_pointer(data, signature)
        decay, momentum, share, along_gradient, along_velocity = x[0], x[1], x[2], x[3], x[4]
        for j in range(n1):
            p = load_output(parameter, j)
            g = load_output(gradient, j) + decay * p
            v = momentum * load_output(velocity, j) + share * g
            store(velocity, j, v)
            store(parameter, j, p - (along_gradient * g + along_velocity * v))

    return kernel, signature


def adam_step(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop of Adam and AdamW, over ``n1`` elements.

    The numbers are the weight decay in the gradient, what is kept of the parameter, the factors of the first moment and
    of the gradient in it, those of the second moment, the length of the step, that of the root of the second moment
    and what is added to it.
    """
    signature = Signature((dtype, dtype), (dtype, dtype, dtype))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        gradient, x = input_pointers(data, signature)
        parameter, first, second = output_pointer(data, signature)
        decay, kept, beta_1, rest_1, beta_2, rest_2 = x[0], x[1], x[2], x[3], x[4], x[5]
        length, root, eps = x[6], x[7], x[8]
        for j in range(n1):
            p = load_output(parameter, j)
            g = load_output(gradient, j) + decay * p
            a = beta_1 * load_output(first, j) + rest_1 * g
            b = beta_2 * load_output(second, j) + rest_2 * (g * g)
            store(first, j, a)
            store(second, j, b)
            store(parameter, j, kept * p - length * divide(a, root * square_root(b) + eps))

    return kernel, signature
