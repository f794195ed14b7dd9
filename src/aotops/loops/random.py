"""Loops that draw random numbers: each block of four words from Philox gives two numbers of 64 bits or four of 32.

Blocks are counted. Sixteen of them make a group: of 32 or 64 numbers, the first 16 are made of the blocks' first words,
and so on, so that all loads and stores are of whole vectors. Calls, and pieces of them that threads compute, begin with
a group of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import (
    Signature,
    accumulators,
    input_pointers,
    load_output,
    output_pointer,
    select,
    shift,
    store,
    wrap_int64,
)
from aotops.ops.random import (
    excess,
    high_product,
    is_less,
    joined,
    normal32,
    normal64,
    philox,
    uniform32,
    uniform64,
)

#: The blocks in a group.
BLOCKS = 16
#: The most numbers in a group.
LARGEST = 64
#: The numbers of all of these loops: the key and the upper half of the counter, a word each, and the first block.
#: Integers have an upper bound, or 0 for 2^64, which grows from each to the next, and what is added.
NUMBERS = ("key_0", "key_1", "stream_0", "stream_1", "block", "bound", "growth", "least")
KEY_0, KEY_1, STREAM_0, STREAM_1, BLOCK, BOUND, GROWTH, LEAST = range(len(NUMBERS))


def words_of(source: Any, block: int) -> Any:
    """The words of a block; ``source``: the key and the upper half of the counter."""
    k0, k1, s0, s1 = source
    return philox((block, block >> 32, s0, s1), (k0, k1))


def in_groups(fill: Callable[..., None], size: int) -> Callable[..., None]:
    """Make the function that draws ``count`` numbers, of which each group, or what it lacks, has ``size``."""

    def draw(out: Any, count: int, numbers: Any, parameters: Any) -> None:
        aside = accumulators(LARGEST, out)
        # read here: for all that LLVM knows, they may be overwritten by what is drawn
        source = numbers[KEY_0], numbers[KEY_1], numbers[STREAM_0], numbers[STREAM_1]
        first = numbers[BLOCK]
        for start in range(0, count, size):
            block = first + start // size * BLOCKS
            whole = count - start >= size
            target = shift(out, start) if whole else aside
            fill(target, start, block, source, parameters)
            if not whole:
                for j in range(count - start):
                    store(out, start + j, load_output(aside, j))

    return draw


def uniform(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that draws ``n1`` floats from ``x[0]`` on, which span ``x[1]`` and are at most ``x[2]``."""
    signature = Signature((dtype,), dtype)
    is_float32 = dtype == "float32"

    def scaled(unit: Any, low: Any, width: Any, most: Any) -> Any:
        value = low + unit * width
        return select(value > most, most, value)

    def fill(out: Any, start: int, block: int, source: Any, parameters: Any) -> None:
        low, width, most = parameters
        for lane in range(BLOCKS):
            w0, w1, w2, w3 = words_of(source, block + lane)
            if is_float32:
                store(out, lane, scaled(uniform32(w0), low, width, most))
                store(out, BLOCKS + lane, scaled(uniform32(w1), low, width, most))
                store(out, 2 * BLOCKS + lane, scaled(uniform32(w2), low, width, most))
                store(out, 3 * BLOCKS + lane, scaled(uniform32(w3), low, width, most))
            else:
                store(out, lane, scaled(uniform64(w0, w1), low, width, most))
                store(out, BLOCKS + lane, scaled(uniform64(w2, w3), low, width, most))

    draw = in_groups(fill, BLOCKS * (4 if is_float32 else 2))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        draw(output_pointer(data, signature), n1, numbers, (x[0], x[1], x[2]))

    return kernel, signature


def normal(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that draws ``n1`` floats with mean ``x[0]`` and standard deviation ``x[1]``."""
    signature = Signature((dtype,), dtype)
    is_float32 = dtype == "float32"

    def fill(out: Any, start: int, block: int, source: Any, parameters: Any) -> None:
        mean, deviation = parameters
        for lane in range(BLOCKS):
            words = words_of(source, block + lane)
            if is_float32:
                a, b = normal32(words[0], words[1])
                c, d = normal32(words[2], words[3])
                store(out, lane, mean + deviation * a)
                store(out, BLOCKS + lane, mean + deviation * b)
                store(out, 2 * BLOCKS + lane, mean + deviation * c)
                store(out, 3 * BLOCKS + lane, mean + deviation * d)
            else:
                a, b = normal64(words)
                store(out, lane, mean + deviation * a)
                store(out, BLOCKS + lane, mean + deviation * b)

    draw = in_groups(fill, BLOCKS * (4 if is_float32 else 2))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        draw(output_pointer(data, signature), n1, numbers, (x[0], x[1]))

    return kernel, signature


def integers(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that draws ``n1`` integers below a bound, all equally probable (Lemire, 2019).

    A number is the upper half of the product of 64 random bits and the bound. Of the 2^64 products, some numbers have
    one more than others: products whose lower half is less than ``2**64 % bound`` are rejected, and their block is
    encrypted once more. A group without a lower half below the bound, as nearly all are, has none to reject.
    """
    signature = Signature((), "int64")

    def product(low: Any, high: Any, bound: Any) -> Any:
        """What is drawn, and whether it may have to be rejected."""
        upper, lower = high_product(low, high, bound)
        return select(bound == 0, joined(low, high), upper), is_less(lower, bound)

    def accepted(source: Any, block: int, second: bool, bound: int) -> Any:
        """What is drawn of one half of a block, exactly."""
        words = words_of(source, block)
        least = excess(bound)
        upper, lower = high_product(words[2], words[3], bound) if second else high_product(words[0], words[1], bound)
        while is_less(lower, least):
            words = philox(words, (source[0], source[1]))
            if second:
                upper, lower = high_product(words[2], words[3], bound)
            else:
                upper, lower = high_product(words[0], words[1], bound)
        return upper

    def fill(out: Any, start: int, block: int, source: Any, parameters: Any) -> None:
        bound, growth, least = parameters
        rejected = False
        for lane in range(BLOCKS):
            w0, w1, w2, w3 = words_of(source, block + lane)
            at = bound + growth * (start + lane)
            value, rare = product(w0, w1, at)
            other, other_rare = product(w2, w3, at + growth * BLOCKS)
            rejected |= rare | other_rare
            store(out, lane, wrap_int64(value + least))
            store(out, BLOCKS + lane, wrap_int64(other + least))
        if rejected:
            for lane in range(BLOCKS):
                at = bound + growth * (start + lane)
                store(out, lane, wrap_int64(accepted(source, block + lane, False, at) + least))
                other = accepted(source, block + lane, True, at + growth * BLOCKS)
                store(out, BLOCKS + lane, wrap_int64(other + least))

    draw = in_groups(fill, BLOCKS * 2)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        draw(output_pointer(data, signature), n1, numbers, (numbers[BOUND], numbers[GROWTH], numbers[LEAST]))

    return kernel, signature


def exchange(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that exchanges each of ``n1`` elements from ``numbers[0]`` on with one so many places behind it."""
    signature = Signature(("int64",), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (places,) = input_pointers(data, signature)
        x = output_pointer(data, signature)
        first = numbers[0]
        for j in range(n1):
            at = first + j
            other = at + places[j]
            value = x[other]
            x[other] = x[at]
            x[at] = value

    return kernel, signature
