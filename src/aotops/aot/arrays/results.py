"""Whole-array functions: the call around one, and the words that describe what it returns to C.

The call has the signature of ``aot_array_kernel`` in ``aotops_kernel.h``, which says what the words mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from aotops.abi import FACTS
from aotops.aot.arrays.classes import place_of
from aotops.aot.arrays.operands import array_of, element_of, element_type
from aotops.aot.front.reasons import CompileError
from aotops.encode import stable_code
from aotops.user.array_types import Argument, TupleArgument, spelled_result
from aotops.user.function_record import (
    ARRAY,
    COLUMN_MAJOR,
    MOST_WORDS,
    NAMED,
    NONE,
    NUMBER,
    OPTIONAL,
    ROW_MAJOR,
    TUPLE,
    WRITES,
    FunctionSignature,
)

_WORD = ir.IntType(64)
_ADVICE = "functions return numbers, arrays, tuples of them, and None"


def plain_type(type_: Any) -> Any:
    """Return the type of a value whose own may be that of a constant."""
    return getattr(type_, "literal_type", type_)


def words_of(type_: Any) -> int:
    """Return how many words describe a value of a type; raises ``CompileError`` for one that cannot be returned."""
    type_ = plain_type(type_)
    if isinstance(type_, (types.NoneType, types.Omitted)) or type_ is types.none:
        return 1
    if isinstance(type_, types.Optional):
        return 3 + words_of(type_.type)
    if isinstance(type_, types.BaseTuple):
        return 2 + bool(class_of(type_)) + sum(map(words_of, type_.types))
    if isinstance(type_, types.Array) and str(type_.dtype) in FACTS:
        return 5 + 2 * type_.ndim
    if str(type_) in FACTS:
        return 4
    instead = {
        types.List: "a list; write numpy.array(...) of it",
        types.UnicodeType: "a string; return an int that stands for it",
    }
    what = next((text for kind, text in instead.items() if isinstance(type_, kind)), f"{type_}; {_ADVICE}")
    raise CompileError(f"It returns {what}.")


def class_of(type_: Any) -> str:
    """Return where a named tuple's class is, its module and its name in that, in lines; "" for other tuples.

    Raises ``CompileError`` for one that is not there.
    """
    if not isinstance(type_, types.BaseNamedTuple):
        return ""
    own = type_.instance_class
    place = place_of(own)
    if place is None:
        raise CompileError(
            f"It returns the named tuple {own.__name__}, which the module {own.__module__} does not have by that name; "
            "declare its class at the top of a module, and assign it to that name."
        )
    return place


def fits(type_: Any, declared: Any) -> bool:
    """Return whether a value of a type can be returned where a signature declares another."""
    type_ = plain_type(type_)
    kind = declared[0]
    if kind == "optional":
        inner = type_.type if isinstance(type_, types.Optional) else type_
        return isinstance(inner, types.NoneType) or fits(inner, declared[1])
    if kind == "none":
        return isinstance(type_, types.NoneType)
    if kind == "tuple":
        is_tuple = isinstance(type_, types.BaseTuple) and len(type_) == len(declared[1])
        return is_tuple and all(map(fits, type_.types, declared[1]))
    if kind == "array":
        return isinstance(type_, types.Array) and str(type_.dtype) == declared[1] and type_.ndim == declared[2]
    is_real = FACTS[declared[1]].kind != "complex"
    return isinstance(type_, (types.Number, types.Boolean)) and not (is_real and isinstance(type_, types.Complex))


def stored(declared: tuple[Any, ...] | None, arguments: int) -> Any:
    """Return an intrinsic that writes a value, as a declared type, behind the last of the pointers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        value, data = values
        pointer = builder.load(cgutils.gep(builder, data, arguments))
        words = builder.bitcast(pointer, _WORD.as_pointer())

        def put(index: int, word: Any) -> None:
            word = ir.Constant(_WORD, word) if isinstance(word, int) else word
            if word.type != _WORD:
                word = builder.ptrtoint(word, _WORD) if isinstance(word.type, ir.PointerType) else word
                word = builder.zext(word, _WORD) if word.type.width < 64 else word
            builder.store(word, cgutils.gep_inbounds(builder, words, index))

        def write(type_: Any, value: Any, declared: Any, at: int) -> int:
            """Write a value at a word; returns the next one."""
            own = plain_type(type_)
            if own != type_:
                value, type_ = context.cast(builder, value, type_, own), own
            if isinstance(type_, (types.NoneType, types.Omitted)):
                put(at, NONE)
                return at + 1
            if isinstance(type_, types.Optional):
                optional = context.make_helper(builder, type_, value=value)
                put(at, OPTIONAL)
                put(at + 1, optional.valid)
                put(at + 2, words_of(type_.type))
                inner = declared[1] if declared is not None and declared[0] == "optional" else declared
                with builder.if_then(cgutils.as_bool_bit(builder, optional.valid)):
                    write(type_.type, optional.data, inner, at + 3)
                return at + words_of(type_)
            if isinstance(type_, types.BaseTuple):
                named = class_of(type_)
                if named:
                    put(at, NAMED)
                    put(at + 1, context.insert_const_string(builder.module, named))
                    at += 1
                else:
                    put(at, TUPLE)
                put(at + 1, len(type_))
                after = at + 2
                for k, member in enumerate(type_.types):
                    inner = declared[1][k] if declared is not None else None
                    after = write(member, builder.extract_value(value, k), inner, after)
                return after
            if declared is not None and declared[0] == "optional":
                declared = declared[1]
            if isinstance(type_, types.Array):
                array = make_array(type_)(context, builder, value)
                put(at, ARRAY)
                put(at + 1, stable_code(str(type_.dtype)))
                put(at + 2, type_.ndim)
                put(at + 3, array.data)
                put(at + 4, array.meminfo)
                shape, strides = (
                    cgutils.unpack_tuple(builder, array.shape),
                    cgutils.unpack_tuple(builder, array.strides),
                )
                for k, word in enumerate([*shape, *strides]):
                    put(at + 5 + k, word)
                context.nrt.incref(builder, type_, value)  # C takes it over
                return at + words_of(type_)
            if declared is not None:
                target = element_type(declared[1])
                value, type_ = context.cast(builder, value, type_, target), target
            put(at, NUMBER)
            put(at + 1, stable_code(str(type_)))
            model = context.data_model_manager[type_]
            slot = cgutils.gep_inbounds(builder, words, at + 2)
            builder.store(model.as_data(builder, value), builder.bitcast(slot, model.get_data_type().as_pointer()))
            return at + 4

        write(signature.args[0], value, declared, 0)
        return context.get_dummy_value()

    @intrinsic
    def store(typing_context: Any, value: Any, data: Any) -> Any:
        if words_of(value) > MOST_WORDS:
            raise CompileError(f"It returns more than {MOST_WORDS} words of numbers and arrays; return one array.")
        if declared is not None and not fits(value, declared):
            raise CompileError(f"It returns {value}, and its signature declares {spelled_result(declared)}.")
        return types.void(value, data), generate

    return store


def described(flags: Sequence[int]) -> Any:
    """Return an intrinsic that writes flags behind the last of the pointers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = builder.load(cgutils.gep(builder, values[0], len(flags)))
        words = builder.bitcast(pointer, _WORD.as_pointer())
        for index, flag in enumerate(flags):
            builder.store(ir.Constant(_WORD, flag), cgutils.gep_inbounds(builder, words, index))
        return context.get_dummy_value()

    @intrinsic
    def describe(typing_context: Any, data: Any) -> Any:
        return types.void(data), generate

    return describe


def function_call(
    signature: FunctionSignature, function: Any, contiguous: bool, written: Sequence[int]
) -> Callable[..., None]:
    """Return the call of a function, which writes to some of its arguments.

    ``contiguous``: all arrays of which no order is declared are in row-major order.
    """
    names: dict[str, Any] = {"function": function, "store": stored(signature.result, signature.inputs)}
    flags, arguments = [], []
    for operand, own in enumerate(signature.arguments):
        name = f"operand_{operand}"
        arguments.append(f"{name}(data, numbers, 0)")
        if not own.rank:
            names[name] = element_of(signature, operand)
            flags.append(0)
            continue
        order: Literal["C", "F", "A"] = own.order  # type: ignore[assignment]
        layout: Literal["C", "F", "A"] = "C" if contiguous and order == "A" else order
        names[name] = array_of(signature, operand, layout, operand not in written)
        order_flag = {"A": 0, "C": ROW_MAJOR, "F": COLUMN_MAJOR}[order]
        flags.append(order_flag | (WRITES if operand in written else 0))
    names["describe"] = described(flags)
    leaves = iter(arguments)

    def spelled(own: Argument | TupleArgument) -> str:
        """An argument of the function: a number or an array, or a tuple that is made of these."""
        if isinstance(own, Argument):
            return next(leaves)
        members = "".join(f"{spelled(each)}, " for each in own.members)
        if own.owner is None:
            return f"({members})"
        owner = f"class_{len(names)}"
        names[owner] = own.owner
        return f"{owner}({members})"

    passed = ", ".join(map(spelled, signature.types))
    text = (
        "def call(n, data, numbers):\n    if n == 0:\n        describe(data)\n    else:\n"
        f"        store(function({passed}), data)\n"
    )
    exec(text, names)
    call: Callable[..., None] = names["call"]
    return call
