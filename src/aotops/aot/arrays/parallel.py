"""Loops over ``prange``: compiling what ``aotops.aot.arrays.outline`` makes of them.

The iterations of a loop are a function that C calls for each part, on any thread, with the address of what it needs: a
tuple of the number of iterations and parts, where the results go, and what the loop captures. References to captured
arrays are those of the function around the loop, which waits.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.compiler import Flags, compile_extra
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing import signature as signature_of
from numba.extending import intrinsic

from aotops.aot.arrays.outline import Outlined
from aotops.aot.arrays.pipeline import ArrayCompiler
from aotops.aot.front.places import place
from aotops.aot.front.reasons import CompileError
from aotops.aot.front.scalar_calls import build

#: Into how many parts iterations are divided, at most: as many as the threads of large machines can share evenly.
MOST_PARTS = 256
#: The function of ``aot_array_services`` that runs the parts of a loop.
SERVICE = "aotops.parallel"

_NEUTRAL = {"sum": 0, "product": 1, "or": 0, "xor": 0, "and": -1}


def plain(type_: Any) -> Any:
    """Return the type of a value whose own may be that of a constant."""
    return getattr(type_, "literal_type", type_)


def neutral(word: str) -> Any:
    """Return an intrinsic: of a variable, the value that an accumulation begins with in each part."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        result = signature.return_type
        if word in ("min", "max"):
            return context.cast(builder, arguments[0], signature.args[0], result)
        value = _NEUTRAL[word]
        if isinstance(result, types.Boolean):
            return context.get_constant(result, bool(value))
        return context.cast(builder, context.get_constant(types.int64, value), types.int64, result)

    @intrinsic
    def begin(typing_context: Any, value: Any) -> Any:
        result = plain(value)
        if isinstance(result, types.Boolean) and word in ("sum", "product"):
            result = types.int64
        return result(value), generate

    return begin


#: What outlined functions refer to.
HELPERS = {f"__aotops_neutral_{word}": neutral(word) for word in (*_NEUTRAL, "min", "max")}


def possible(type_: Any, accumulated: bool) -> bool:
    """Whether a variable of a type can be captured by a loop, or accumulate in it."""
    if isinstance(type_, (types.Number, types.Boolean)):
        return True
    if accumulated:
        return False
    if isinstance(type_, types.BaseTuple):
        return all(possible(plain(each), False) for each in type_.types)
    return isinstance(type_, (types.Array, types.NoneType, types.StringLiteral))


def launcher(loop: Outlined, dispatcher: Any) -> Any:
    """Return the intrinsic that runs a loop; ``dispatcher`` compiles functions."""
    functions = (dispatcher(loop.iterate), dispatcher(loop.combine))
    where = place(loop.iterate.__code__, loop.line)

    def typed(typing_context: Any, count: Any, start: Any, step: Any, *rest: Any) -> Any:
        iterate, combine = map(numba.typeof, functions)  # which refer to the functions weakly
        values = [plain(each) for each in rest]
        for k, (name, type_) in enumerate(zip((*loop.captured, *loop.accumulated), values, strict=True)):
            if isinstance(type_, types.Array) and k >= len(loop.captured):
                raise CompileError(
                    f"The loop over prange accumulates the array {name}; accumulate numbers, or write to a row of a "
                    f"larger array in each iteration, and add the rows after the loop.\n{where}"
                )
            if not possible(type_, k >= len(loop.captured)):
                raise CompileError(
                    f"The loop over prange uses {name}, which is of type {type_}; loops on several threads share "
                    f"arrays, numbers and tuples of them, and accumulate numbers.\n{where}"
                )
        four = (types.int64,) * 4
        part = typing_context.resolve_function_type(iterate, (*four, *values), {}).return_type
        whole: Any = types.Tuple(tuple(values[len(loop.captured) :]))
        for _ in range(3):  # an int that floats are added to becomes a float
            previous, whole = whole, typing_context.resolve_function_type(combine, (whole, part), {}).return_type
        if previous != whole:
            raise CompileError(f"The loop over prange accumulates values of different types.\n{where}")
        payload = types.Tuple((types.int64, types.int64, types.voidptr, types.int64, types.int64, *values))
        signature = signature_of(whole, types.int64, types.int64, types.int64, *values)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return generated(loop, context, builder, arguments, (iterate, combine, payload, part, whole))

        return signature, generate

    names = ", ".join(f"a{k}" for k in range(3 + len(loop.captured) + len(loop.accumulated)))
    return intrinsic(build(f"lambda typing_context, {names}: typed(typing_context, {names})", {"typed": typed}))


def entry_of(iterate: Any, payload: Any, part: Any) -> Any:
    """Return the function of ``(part, address)`` that C calls."""

    @intrinsic
    def load(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.bitcast(arguments[0], context.get_value_type(payload).as_pointer())
            return impl_ret_borrowed(context, builder, payload, builder.load(pointer))

        return payload(address), generate

    @intrinsic
    def store(typing_context: Any, address: Any, number: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            results, number, value = arguments
            pointer = builder.bitcast(results, context.get_value_type(part).as_pointer())
            builder.store(value, cgutils.gep(builder, pointer, number))
            return context.get_dummy_value()

        return types.none(address, number, part), generate

    values = ", ".join(f"values[{k}]" for k in range(3, len(payload.types)))
    text = (
        "def entry(part, address):\n"
        "    values = load(address)\n"
        "    count, parts = values[0], values[1]\n"
        "    least, more = count // parts, count - count // parts * parts\n"
        "    first = part * least + min(part, more)\n"
        "    last = first + least + (1 if part < more else 0)\n"
        f"    store(values[2], part, iterate(first, last, {values}))\n"
    )
    names: dict[str, Any] = {"load": load, "store": store, "iterate": iterate.dispatcher}
    exec(text, names)
    return names["entry"]


def generated(loop: Outlined, context: Any, builder: Any, arguments: Any, kinds: tuple[Any, ...]) -> Any:
    """Generate the code that runs the parts of a loop, and combines their results; returns a tuple."""
    iterate, combine, payload, part, whole = kinds
    flags = Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.nrt = True
    flags.error_model = "numpy"
    compiled = compile_extra(
        context.typing_context,
        context,
        entry_of(iterate, payload, part),
        (types.int64, types.voidptr),
        types.none,
        flags,
        {},
        pipeline_class=ArrayCompiler,
    )
    context.active_code_library.add_linking_library(compiled.library)
    entry = context.declare_function(builder.module, compiled.fndesc)

    word, pointer = ir.IntType(64), ir.IntType(8).as_pointer()
    count, start, step, *values = arguments
    most = ir.Constant(word, MOST_PARTS)
    parts = builder.select(builder.icmp_signed("<", count, most), count, most)
    results = cgutils.alloca_once(builder, context.get_value_type(part), size=most)
    needed = (count, parts, builder.bitcast(results, pointer), start, step, *values)
    slot = cgutils.alloca_once_value(builder, context.make_tuple(builder, payload, needed))
    error = cgutils.alloca_once(builder, pointer)
    type_ = ir.FunctionType(ir.IntType(32), [pointer, pointer, word, pointer])
    service = cgutils.get_or_insert_function(builder.module, type_, SERVICE)
    given = (builder.bitcast(entry, pointer), builder.bitcast(slot, pointer), parts, builder.bitcast(error, pointer))
    status = builder.call(service, given)
    with cgutils.if_unlikely(builder, cgutils.is_not_null(builder, status)):
        raised = context.call_conv._get_excinfo_argument(builder.function)
        builder.store(builder.bitcast(builder.load(error), raised.type.pointee), raised)
        builder.ret(status)
    accumulated = types.Tuple(tuple(payload.types[len(payload.types) - len(loop.accumulated) :]))
    first = context.make_tuple(builder, accumulated, values[len(loop.captured) :])
    total = cgutils.alloca_once_value(builder, context.cast(builder, first, accumulated, whole))
    signature = context.typing_context.resolve_function_type(combine, (whole, part), {})
    function = context.get_function(combine, signature)
    context.add_linking_libs(getattr(function, "libs", ()))
    with cgutils.for_range(builder, parts) as each:
        own = builder.load(cgutils.gep(builder, results, each.index))
        builder.store(function(builder, (builder.load(total), own)), total)
    return builder.load(total)
