"""The machine instructions behind each function of ``aotops.intrinsics``, as Numba intrinsics.

``LOWERINGS`` maps each of those Python functions to its Numba counterpart; ``aotops.aot.front.specialise`` substitutes
it before a kernel is compiled.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.errors import RequireLiteralValue
from numba.core.imputils import lower_constant
from numba.core.typing.typeof import typeof_impl
from numba.extending import intrinsic

from aotops import intrinsics
from aotops.abi import INDEX, NAMES
from aotops.aot.back.parallel import MARK, SHORT
from aotops.aot.back.polling import POLL
from aotops.aot.back.rare_flag import CLEAR_FLAG, FLAG_IS_SET, SET_FLAG
from aotops.aot.back.soundness import IN_RANGE
from aotops.aot.front.rejection import RejectedError
from aotops.intrinsics import Pattern, Signature, Table

NUMBA_TYPES = {name: getattr(types, "boolean" if name == "bool" else name) for name in NAMES}

LOWERINGS: dict[Callable[..., Any], Any] = {}


def lowers(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: make a Numba intrinsic and register it as the lowering of a plain function."""

    def register(generator: Callable[..., Any]) -> Any:
        generator.__name__ = function.__name__  # shown in errors
        LOWERINGS[function] = intrinsic(generator)
        return LOWERINGS[function]

    return register


# --- one number -----------------------------------------------------------------------------------


def wider(a: types.Type, b: types.Type) -> types.Type:
    """Return the type of a select between two numbers: a float wins over an integer of any width.

    Numba would promote float32 and an integer constant to float64.
    """
    if isinstance(a, types.Literal):
        a = a.literal_type
    if isinstance(b, types.Literal):
        b = b.literal_type
    if a == b:
        return a
    if isinstance(a, types.Boolean) or isinstance(b, types.Boolean):
        return b if isinstance(a, types.Boolean) else a
    if isinstance(a, types.Float) != isinstance(b, types.Float):
        return a if isinstance(a, types.Float) else b
    return a if a.bitwidth >= b.bitwidth else b


@lowers(intrinsics.select)
def _select(typing_context: Any, condition: Any, chosen: Any, otherwise: Any) -> Any:
    result = wider(chosen, otherwise)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        boolean = context.cast(builder, arguments[0], signature.args[0], types.boolean)
        a = context.cast(builder, arguments[1], signature.args[1], result)
        b = context.cast(builder, arguments[2], signature.args[2], result)
        return builder.select(boolean, a, b)

    return result(condition, chosen, otherwise), generate


@lowers(intrinsics.force_load)
def _force_load(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        # llvmlite has no method for `freeze`, which keeps LLVM from merging the select with the load
        frozen = ir.instructions.Instruction(builder.block, value.type, "freeze", [value])
        builder._insert(frozen)
        return frozen

    return x(x), generate


@lowers(intrinsics.unlikely)
def _unlikely(typing_context: Any, condition: Any) -> Any:
    if condition != types.boolean:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bit = ir.IntType(1)
        function_type = ir.FunctionType(bit, [bit, bit])
        expect = cgutils.get_or_insert_function(builder.module, function_type, "llvm.expect.i1")
        return builder.call(expect, [arguments[0], bit(0)])

    return types.boolean(condition), generate


def llvm_unary(name: str) -> Callable[..., Any]:
    """Make an intrinsic that calls an LLVM intrinsic on one float."""

    def typing(typing_context: Any, x: Any) -> Any:
        if not isinstance(x, types.Float):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = arguments[0]
            function = builder.module.declare_intrinsic(name, [value.type])
            return builder.call(function, [value])

        return x(x), generate

    return typing


def in_range(builder: Any, conversion: Any) -> Any:
    """Mark a float-to-integer conversion as in range, so that ``aotops.aot.back.soundness`` need not guard it."""
    conversion.set_metadata(IN_RANGE, builder.module.add_metadata([]))
    return conversion


@lowers(intrinsics.integer)
def _integer(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # ``aotops.aot.back.soundness`` defines the result for every float
        return context.cast(builder, arguments[0], signature.args[0], types.int64)

    return types.int64(x), generate


@lowers(intrinsics.quotient)
def _quotient(typing_context: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # ``aotops.aot.back.soundness`` divides by 1 where the quotient is undefined
        values = zip(arguments, signature.args, strict=True)
        return builder.sdiv(*[context.cast(builder, value, type_, types.int64) for value, type_ in values])

    return types.int64(a, b), generate


@lowers(intrinsics.load_exponent)
def _load_exponent(typing_context: Any, x: Any, n: Any) -> Any:
    if not isinstance(x, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = context.cast(builder, arguments[1], signature.args[1], types.int64)
        return library_call(context, builder, "ldexp", x, [arguments[0]], [builder.trunc(count, ir.IntType(32))])

    return x(x, n), generate


@lowers(intrinsics.next_after)
def _next_after(typing_context: Any, x: Any, y: Any) -> Any:
    if x != y or not isinstance(x, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        type_ = arguments[0].type
        name = "nextafterf" if x.bitwidth == 32 else "nextafter"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(type_, [type_, type_]), name)
        return builder.call(function, arguments)

    return x(x, y), generate


@lowers(intrinsics.narrow)
def _narrow(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[0], signature.args[0], types.float32)

    return types.float32(x), generate


def library_call(
    context: Any, builder: Any, name: str, type_: types.Type, floats: list[Any], others: list[Any] | None = None
) -> Any:
    """Emit a call of a C library function in float64, converting floats of a type to it and back."""
    double = ir.DoubleType()
    values = [context.cast(builder, value, type_, types.float64) for value in floats] + (others or [])
    function_type = ir.FunctionType(double, [value.type for value in values])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return context.cast(builder, builder.call(function, values), types.float64, type_)


def library_function(name: str, parameters: int) -> Callable[..., Any]:
    """Make an intrinsic that calls a function of the C library."""

    def generator(*floats: Any) -> Any:
        if any(each != floats[0] for each in floats) or not isinstance(floats[0], types.Float):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            if name == "fmod":
                return builder.frem(*arguments)
            return library_call(context, builder, name, floats[0], arguments)

        return floats[0](*floats), generate

    if parameters == 1:
        return lambda typing_context, x: generator(x)
    return lambda typing_context, x, y: generator(x, y)


for _name, _function in intrinsics.LIBRARY.items():
    lowers(_function)(library_function(_name, _function.parameters))

lowers(intrinsics.floor)(llvm_unary("llvm.floor"))
lowers(intrinsics.ceil)(llvm_unary("llvm.ceil"))
lowers(intrinsics.integral_part)(llvm_unary("llvm.trunc"))

# rint and sqrt are single instructions from SSE4.1 on, which x86-64-v2 has
lowers(intrinsics.rint)(llvm_unary("llvm.rint"))
lowers(intrinsics.square_root)(llvm_unary("llvm.sqrt"))


@lowers(intrinsics.truncate)
def _truncate(typing_context: Any, x: Any) -> Any:
    if not isinstance(x, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return in_range(builder, builder.fptosi(arguments[0], ir.IntType(64)))

    return types.int64(x), generate


@lowers(intrinsics.divide)
def _divide(typing_context: Any, a: Any, b: Any) -> Any:
    if a != b or not isinstance(a, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fdiv(*arguments)

    return a(a, b), generate


@lowers(intrinsics.fma)
def _fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    result = wider(wider(a, b), c)
    if not isinstance(result, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = [context.cast(builder, *pair, result) for pair in zip(arguments, signature.args, strict=True)]
        # levels without the instruction get the function of ``aotops.scalar.emulation`` instead
        return builder.fma(*values)

    return result(a, b, c), generate


@lowers(intrinsics.scale_exponent)
def _scale_exponent(typing_context: Any, y: Any, k: Any) -> Any:
    if y != k or not isinstance(y, types.Float):
        return None
    mantissa = 23 if y.bitwidth == 32 else 52

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(y.bitwidth)
        if y.bitwidth == 32:
            exponent = in_range(builder, builder.fptosi(arguments[1], integer))
        else:
            # only AVX-512 has vector conversions from float64 to int64; the low bits of this sum hold the integer
            shifted = builder.fadd(arguments[1], ir.Constant(arguments[1].type, 1.5 * 2.0**52))
            exponent = builder.bitcast(shifted, integer)
        bits = builder.add(
            builder.bitcast(arguments[0], integer), builder.shl(exponent, ir.Constant(integer, mantissa))
        )
        return builder.bitcast(bits, arguments[0].type)

    return y(y, k), generate


def primitive(name: str) -> Callable[..., Any]:
    """Make an intrinsic that calls a function of floats which ``aotops.aot.back.primitives`` defines for each level."""

    def generator(*floats: Any) -> Any:
        if any(each != floats[0] for each in floats) or not isinstance(floats[0], types.Float):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            type_ = arguments[0].type
            function_type = ir.FunctionType(type_, [type_] * len(arguments))
            called = f"aotops.{name}.f{floats[0].bitwidth}"
            return builder.call(cgutils.get_or_insert_function(builder.module, function_type, called), arguments)

        return floats[0](*floats), generate

    return generator


def lower_primitive(function: Callable[..., Any]) -> None:
    """Lower an intrinsic of one or two floats to the primitive of its name."""
    generator = primitive(function.__name__)
    if function.__code__.co_argcount == 1:
        lowers(function)(lambda typing_context, x: generator(x))
    else:
        lowers(function)(lambda typing_context, x, y: generator(x, y))


for _primitive in (
    intrinsics.scale,
    intrinsics.unscale,
    intrinsics.centred_unscale,
    intrinsics.limit,
    intrinsics.exponent,
    intrinsics.centred_exponent,
    intrinsics.mantissa,
    intrinsics.centred_mantissa,
    intrinsics.significand,
):
    lower_primitive(_primitive)


def look_up_of(form: str, width: int, packed: str, integer_type: Any, float_type: Any) -> Callable[..., Any]:
    """Return the lowering of look-ups in tables of 16 floats, by an integer as wide as they are."""

    def lowering(typing_context: Any, table: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            position = context.cast(builder, arguments[1], signature.args[1], integer_type)
            # the name contains the table, since ``aotops.aot.back.primitives`` sees only the name
            called = f"aotops.look_up16.{form}.{struct.pack(packed, *table.values).hex()}"
            element = ir.DoubleType() if width == 64 else ir.FloatType()
            function_type = ir.FunctionType(element, [ir.IntType(width)])
            return builder.call(cgutils.get_or_insert_function(builder.module, function_type, called), [position])

        return float_type(table, index), generate

    return lowering


lowers(intrinsics.look_up16)(look_up_of("f64", 64, ">16d", types.int64, types.float64))
lowers(intrinsics.look_up16_float32)(look_up_of("f32", 32, ">16f", types.int32, types.float32))


@lowers(intrinsics.wrap_int64)
def _wrap_int64(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[0], signature.args[0], types.int64)

    return types.int64(x), generate


@lowers(intrinsics.wrap_uint64)
def _wrap_uint64(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cast_element(context, builder, arguments[0], signature.args[0], types.uint64)

    return types.uint64(x), generate


def cast_element(context: Any, builder: Any, value: Any, source: types.Type, target: types.Type) -> Any:
    """Convert a number to the type of an element: a float to uint64 by way of int64, which wraps around."""
    if target == types.uint64 and isinstance(source, types.Float):
        value, source = context.cast(builder, value, source, types.int64), types.int64
    return context.cast(builder, value, source, target)


@lowers(intrinsics.shift_right)
def _shift_right(typing_context: Any, bits: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.lshr(arguments[0], context.cast(builder, arguments[1], signature.args[1], bits))

    return bits(bits, count), generate


class TableType(types.Dummy):
    """The Numba type of one ``Table``: its values are part of the type."""

    def __init__(self, table: Table) -> None:
        self.values = table.values
        super().__init__(name=repr(table))


register_default(TableType)(models.OpaqueModel)


@typeof_impl.register(Table)
def _typeof_table(value: Table, context: Any) -> TableType:
    return TableType(value)


@lower_constant(TableType)
def _constant_table(context: Any, builder: Any, type_: Any, value: Any) -> Any:
    return context.get_dummy_value()


@lowers(intrinsics.look_up)
def _look_up(typing_context: Any, table: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(64)
        values = ir.Constant(ir.ArrayType(integer, len(table.values)), [integer(value) for value in table.values])
        array = cgutils.global_constant(builder, "table", values)
        position = context.cast(builder, arguments[1], signature.args[1], types.int64)
        return builder.load(builder.gep(array, [integer(0), position]))

    return types.int64(table, index), generate


@lowers(intrinsics.widen)
def _widen(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[0], signature.args[0], types.float64)

    return types.float64(x), generate


def bitcast(source: types.Type, result: types.Type) -> Callable[..., Any]:
    """Make an intrinsic that reinterprets the bits of one type as another of the same width."""

    def typing(typing_context: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = context.cast(builder, arguments[0], signature.args[0], source)
            return builder.bitcast(value, context.get_value_type(result))

        return result(x), generate

    return typing


lowers(intrinsics.bits_of_float64)(bitcast(types.float64, types.int64))
lowers(intrinsics.float64_of_bits)(bitcast(types.int64, types.float64))
lowers(intrinsics.bits_of_float32)(bitcast(types.float32, types.int32))
lowers(intrinsics.float32_of_bits)(bitcast(types.int32, types.float32))


# --- operands in memory ---------------------------------------------------------------------------


class PositionPointer(types.CPointer):  # type: ignore[name-defined]
    """The Numba type of an input of dtype ``"index"``: an address that is itself the int64 loaded from it."""

    def __init__(self) -> None:
        super().__init__(types.int64)
        self.name = "position"


@register_default(PositionPointer)
class PositionModel(models.PrimitiveModel):
    """A byte address, so that a stride of 1 adds 1."""

    def __init__(self, manager: Any, pointer: PositionPointer) -> None:
        super().__init__(manager, pointer, cgutils.voidptr_t)


def input_pointer(dtype: str) -> types.Type:
    """Return the type of the pointer to an input."""
    return PositionPointer() if dtype == INDEX else types.CPointer(NUMBA_TYPES[dtype])


class SignatureType(types.Dummy):
    """The Numba type of one ``Signature``: its dtypes are part of the type, so they are constants."""

    def __init__(self, signature: Signature) -> None:
        self.inputs = tuple(input_pointer(name) for name in signature.inputs)
        if isinstance(signature.output, tuple):
            self.outputs = tuple(NUMBA_TYPES[name] for name in signature.output)
            self.pointers: types.Type = types.Tuple([types.CPointer(dtype) for dtype in self.outputs])
        else:
            self.outputs = (NUMBA_TYPES[signature.output],)
            self.pointers = types.CPointer(*self.outputs)
        self.operands = signature.operands
        super().__init__(name=f"Signature{signature!r}")


register_default(SignatureType)(models.OpaqueModel)


@typeof_impl.register(Signature)
def _typeof_signature(value: Signature, context: Any) -> SignatureType:
    return SignatureType(value)


@lower_constant(SignatureType)
def _constant_signature(context: Any, builder: Any, type_: Any, value: Any) -> Any:
    return context.get_dummy_value()


def mark(builder: Any, access: Any) -> None:
    """Mark an instruction as an element access, for ``aotops.aot.back.parallel``."""
    access.set_metadata(MARK, builder.module.add_metadata([]))


def computed(type_: types.Type) -> types.Type:
    """Return the type in which a kernel computes with elements of a type in memory: ``aotops.abi.computed``."""
    return types.int64 if isinstance(type_, types.Integer) and type_.bitwidth < 64 else type_


def load_element(context: Any, builder: Any, pointer: Any, address: Any) -> Any:
    """Load a value through a pointer of a type.

    A bool is true if any bit of its byte is set, so foreign bytes are harmless. A position is the value itself.
    """
    if isinstance(pointer, PositionPointer):
        return builder.ptrtoint(address, ir.IntType(64))
    raw = builder.load(address)
    mark(builder, raw)
    if pointer.dtype == types.boolean:
        return builder.icmp_unsigned("!=", raw, ir.Constant(raw.type, 0))
    own = computed(pointer.dtype)
    return raw if own == pointer.dtype else context.cast(builder, raw, pointer.dtype, own)


def store_element(context: Any, builder: Any, type_: types.Type, value: Any, address: Any) -> None:
    """Store a value; a bool as a byte of 0 or 1."""
    raw = builder.zext(value, address.type.pointee) if type_ == types.boolean else value
    mark(builder, builder.store(raw, address))


def typed_pointer(context: Any, builder: Any, data: Any, position: int, pointer: types.Type) -> Any:
    """Load ``data[position]`` as a pointer of a type."""
    address = builder.load(builder.gep(data, [ir.Constant(ir.IntType(64), position)]))
    return builder.bitcast(address, context.get_value_type(pointer))


@lowers(intrinsics.input_pointers)
def _input_pointers(typing_context: Any, data: Any, signature: Any) -> Any:
    result = types.Tuple(signature.inputs)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        pointers = [
            typed_pointer(context, builder, arguments[0], position, pointer)
            for position, pointer in enumerate(signature.inputs)
        ]
        return context.make_tuple(builder, result, pointers)

    return result(data, signature), generate


@lowers(intrinsics.output_pointer)
def _output_pointer(typing_context: Any, data: Any, signature: Any) -> Any:
    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        pointers = [
            typed_pointer(context, builder, arguments[0], len(signature.inputs) + k, types.CPointer(dtype))
            for k, dtype in enumerate(signature.outputs)
        ]
        several = isinstance(signature.pointers, types.BaseTuple)
        return context.make_tuple(builder, signature.pointers, pointers) if several else pointers[0]

    return signature.pointers(data, signature), generate


def constant(argument: Any) -> int:
    """Return the value of an argument that must be a constant; if it is not, Numba retries with constants."""
    if not isinstance(argument, types.Literal):
        raise RequireLiteralValue("must be a constant")
    return int(argument.literal_value)


@lowers(intrinsics.input_steps)
def _input_steps(typing_context: Any, strides: Any, axis: Any, signature: Any) -> Any:
    count = len(signature.inputs)
    result = types.UniTuple(types.int64, count)
    first = constant(axis) * signature.operands

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        steps = [
            builder.load(builder.gep(arguments[0], [ir.Constant(ir.IntType(64), first + k)])) for k in range(count)
        ]
        return context.make_tuple(builder, result, steps)

    return result(strides, axis, signature), generate


@lowers(intrinsics.output_step)
def _output_step(typing_context: Any, strides: Any, axis: Any, signature: Any) -> Any:
    position = constant(axis) * signature.operands + len(signature.inputs)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.load(builder.gep(arguments[0], [ir.Constant(ir.IntType(64), position)]))

    return types.int64(strides, axis, signature), generate


class PatternType(types.Dummy):
    """The Numba type of one ``Pattern``."""

    def __init__(self, pattern: Pattern) -> None:
        self.moves = pattern.moves
        super().__init__(name=f"Pattern{pattern!r}")


register_default(PatternType)(models.OpaqueModel)


@typeof_impl.register(Pattern)
def _typeof_pattern(value: Pattern, context: Any) -> PatternType:
    return PatternType(value)


@lower_constant(PatternType)
def _constant_pattern(context: Any, builder: Any, type_: Any, value: Any) -> Any:
    return context.get_dummy_value()


@lowers(intrinsics.matches)
def _matches(typing_context: Any, steps: Any, pattern: Any) -> Any:
    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        result = cgutils.true_bit
        for step, move in zip(cgutils.unpack_tuple(builder, arguments[0]), pattern.moves, strict=True):
            result = builder.and_(result, builder.icmp_signed("==", step, ir.Constant(step.type, int(move))))
        return result

    return types.boolean(steps, pattern), generate


@lowers(intrinsics.load_pattern)
def _load_pattern(typing_context: Any, pointers: Any, fixed: Any, count: Any, pattern: Any) -> Any:
    result = element_types(pointers)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[2], signature.args[2], types.int64)
        values = [
            load_element(context, builder, type_, builder.gep(pointer, [index])) if move else value
            for type_, pointer, value, move in zip(
                pointers,
                cgutils.unpack_tuple(builder, arguments[0]),
                cgutils.unpack_tuple(builder, arguments[1]),
                pattern.moves,
                strict=True,
            )
        ]
        return context.make_tuple(builder, result, values)

    return result(pointers, fixed, count, pattern), generate


@lowers(intrinsics.shift)
def _shift(typing_context: Any, pointer: Any, elements: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[1], signature.args[1], types.int64)
        if isinstance(pointer, types.BaseTuple):
            moved = [builder.gep(each, [index]) for each in cgutils.unpack_tuple(builder, arguments[0])]
            return context.make_tuple(builder, pointer, moved)
        return builder.gep(arguments[0], [index])

    return pointer(pointer, elements), generate


@lowers(intrinsics.advance)
def _advance(typing_context: Any, pointers: Any, steps: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[2], signature.args[2], types.int64)
        moved = [
            builder.gep(pointer, [builder.mul(step, index)])
            for pointer, step in zip(
                cgutils.unpack_tuple(builder, arguments[0]), cgutils.unpack_tuple(builder, arguments[1]), strict=True
            )
        ]
        return context.make_tuple(builder, pointers, moved)

    return pointers(pointers, steps, count), generate


def element_types(pointers: Any) -> Any:
    """Return the type of the tuple of values that a tuple of pointers points to."""
    return types.Tuple([computed(pointer.dtype) for pointer in pointers])


@lowers(intrinsics.load)
def _load(typing_context: Any, pointers: Any, steps: Any, count: Any) -> Any:
    result = element_types(pointers)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[2], signature.args[2], types.int64)
        values = [
            load_element(context, builder, type_, builder.gep(pointer, [builder.mul(step, index)]))
            for type_, pointer, step in zip(
                pointers,
                cgutils.unpack_tuple(builder, arguments[0]),
                cgutils.unpack_tuple(builder, arguments[1]),
                strict=True,
            )
        ]
        return context.make_tuple(builder, result, values)

    return result(pointers, steps, count), generate


@lowers(intrinsics.load_output)
def _load_output(typing_context: Any, pointer: Any, position: Any) -> Any:
    several = isinstance(pointer, types.BaseTuple)
    result = element_types(pointer) if several else computed(pointer.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[1], signature.args[1], types.int64)
        places = cgutils.unpack_tuple(builder, arguments[0]) if several else [arguments[0]]
        values = [
            load_element(context, builder, type_, builder.gep(place, [index]))
            for type_, place in zip(pointer if several else (pointer,), places, strict=True)
        ]
        return context.make_tuple(builder, result, values) if several else values[0]

    return result(pointer, position), generate


def require_parts(values: Any, outputs: Any) -> None:
    """Raise ``RejectedError`` for a complex number where a real one is stored; its truth value can be."""
    for value, output in zip(values, outputs, strict=True):
        dtype = getattr(output, "dtype", output)
        if isinstance(value, types.Complex) and not isinstance(dtype, (types.Complex, types.Boolean)):
            raise RejectedError(
                "It must return a real number, and returns a complex one; return its absolute value or a part of it, "
                "or declare the result as complex"
            )


@lowers(intrinsics.store)
def _store(typing_context: Any, pointer: Any, position: Any, value: Any) -> Any:
    several = isinstance(pointer, types.BaseTuple)
    if several and (not isinstance(value, types.BaseTuple) or len(value) != len(pointer)):
        got = f"a tuple of {len(value)}" if isinstance(value, types.BaseTuple) else f"a {value}"
        one = "; for one gradient g write `return (g,)`, with the comma" if len(pointer) == 1 else ""
        count = "1 number" if len(pointer) == 1 else f"{len(pointer)} numbers"
        raise RejectedError(f"It must return a tuple of {count}, one for each result, and returns {got}{one}")
    if not several and not isinstance(value, (types.Number, types.Boolean)):
        got = f"a tuple of {len(value)}" if isinstance(value, types.BaseTuple) else f"a {value}"
        if isinstance(value, (types.Optional, types.NoneType)):
            got = "nothing on some path" if isinstance(value, types.Optional) else "nothing"
        advice = "; declare an operator for each of them" if isinstance(value, types.BaseTuple) else ""
        raise RejectedError(f"It must return a number, and returns {got}{advice}")
    require_parts(value if several else (value,), pointer if several else (pointer,))

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[1], signature.args[1], types.int64)
        pointers = cgutils.unpack_tuple(builder, arguments[0]) if several else [arguments[0]]
        values = cgutils.unpack_tuple(builder, arguments[2]) if several else [arguments[2]]
        outputs = pointer if several else (pointer,)
        for place, part, output, type_ in zip(pointers, values, outputs, value if several else (value,), strict=True):
            # a float is converted to a narrow integer through int64, whose low bits are kept
            between = computed(output.dtype)
            converted = cast_element(context, builder, part, type_, between)
            if between != output.dtype:
                converted = context.cast(builder, converted, between, output.dtype)
            store_element(context, builder, output.dtype, converted, builder.gep(place, [index]))
        return context.get_dummy_value()

    return types.void(pointer, position, value), generate


@lowers(intrinsics.transpose_block)
def _transpose_block(typing_context: Any, source: Any, source_step: Any, target: Any, target_step: Any) -> Any:
    size = intrinsics.BLOCK

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        element = arguments[0].type.pointee
        vector = ir.VectorType(element, size)

        def row(pointer: Any, step: Any, index: int) -> Any:
            place = builder.gep(pointer, [builder.mul(step, ir.Constant(step.type, index))])
            return builder.bitcast(place, vector.as_pointer())

        alignment = max(element.width // 8 if isinstance(element, ir.IntType) else context.get_abi_sizeof(element), 1)
        rows = [builder.load(row(arguments[0], arguments[1], k), align=alignment) for k in range(size)]
        # exchange halves at every distance: of two rows, one receives the even runs of both, the other the odd runs
        distance = 1
        while distance < size:
            runs = [range(start, start + distance) for start in range(0, size, distance)]
            even = [k for run in runs[::2] for k in (*run, *(size + k for k in run))]
            odd = [k for run in runs[1::2] for k in (*run, *(size + k for k in run))]
            for k in range(size):
                if k // distance % 2 == 0:
                    a, b = rows[k], rows[k + distance]
                    masks = [ir.Constant(ir.VectorType(ir.IntType(32), size), mask) for mask in (even, odd)]
                    rows[k], rows[k + distance] = (builder.shuffle_vector(a, b, mask) for mask in masks)
            distance *= 2
        for k, value in enumerate(rows):
            builder.store(value, row(arguments[2], arguments[3], k), align=alignment)
        return context.get_dummy_value()

    return types.void(source, source_step, target, target_step), generate


def whole_vector(builder: Any, pointer: Any, length: int) -> tuple[Any, int]:
    """Return a pointer to a vector of elements, and their alignment."""
    element = pointer.type.pointee
    return builder.bitcast(pointer, ir.VectorType(element, length).as_pointer()), element.width // 8


@lowers(intrinsics.copy_every)
def _copy_every(typing_context: Any, source: Any, step: Any, target: Any, count: Any) -> Any:
    distance, length = constant(step), constant(count)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, alignment = whole_vector(builder, arguments[0], length * distance)
        values = builder.load(pointer, align=alignment)
        chosen = ir.Constant(ir.VectorType(ir.IntType(32), length), [distance * j for j in range(length)])
        to, _ = whole_vector(builder, arguments[2], length)
        builder.store(builder.shuffle_vector(values, values, chosen), to, align=alignment)
        return context.get_dummy_value()

    return types.void(source, step, target, count), generate


@lowers(intrinsics.merge_lanes)
def _merge_lanes(typing_context: Any, a: Any, b: Any, flip: Any, count: Any) -> Any:
    length, flipped = constant(count), constant(flip)
    lanes = range(length)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = [whole_vector(builder, pointer, length) for pointer in arguments[:2]]
        values = [builder.load(pointer, align=alignment) for pointer, alignment in vectors]

        def taken(places: list[int]) -> Any:
            """A vector of the numbers at some places of the two that there are."""
            return builder.shuffle_vector(*values, ir.Constant(ir.VectorType(ir.IntType(32), length), places))

        # Where the numbers of both rows are at the moment, the second vector's after the first one's: only what is
        # compared stands at the same place of the two, so that a step is two shuffles, a minimum and a maximum.
        row, other = list(lanes), [length + j for j in lanes]
        distance, is_first_step = flipped, True
        while distance > 0:
            if is_first_step:
                first, second = row, [other[j ^ distance] for j in lanes]
            else:
                first = [other[j ^ distance] if j & distance else row[j] for j in lanes]
                second = [other[j] if j & distance else row[j ^ distance] for j in lanes]
            x, y = taken(first), taken(second)
            is_less = builder.icmp_signed("<", x, y)
            values = [builder.select(is_less, x, y), builder.select(is_less, y, x)]
            low, high = list(lanes), [length + j for j in lanes]
            if is_first_step:
                row = [low[j] if j < j ^ distance else high[j] for j in lanes]
                other = [low[j ^ distance] if j < j ^ distance else high[j ^ distance] for j in lanes]
            else:
                row = [high[j ^ distance] if j & distance else low[j] for j in lanes]
                other = [high[j] if j & distance else low[j ^ distance] for j in lanes]
            distance = (flipped + 1) // 4 if is_first_step else distance // 2
            is_first_step = False
        for places, (pointer, alignment) in zip((row, other), vectors, strict=True):
            builder.store(taken(places), pointer, align=alignment)
        return context.get_dummy_value()

    return types.void(a, b, flip, count), generate


@lowers(intrinsics.partition_block)
def _partition_block(typing_context: Any, source: Any, pivot: Any, below: Any, others: Any, count: Any) -> Any:
    length = constant(count)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        element, size, bit = arguments[0].type.pointee, ir.IntType(64), ir.IntType(1)
        vector, masks = ir.VectorType(element, length), ir.VectorType(bit, length)
        alignment = element.width // 8

        def whole(pointer: Any) -> Any:
            return builder.bitcast(pointer, vector.as_pointer())

        values = builder.load(whole(arguments[0]), align=alignment)
        least = context.cast(builder, arguments[1], signature.args[1], signature.args[0].dtype)
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), length), [0] * length)
        none = ir.Constant(vector, None)
        first = builder.insert_element(none, least, ir.Constant(ir.IntType(32), 0))
        is_less = builder.icmp_signed("<", values, builder.shuffle_vector(first, none, lanes))
        name = f"llvm.experimental.vector.compress.v{length}i{element.width}"
        compress = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector, masks, vector]), name
        )
        for pointer, mask in ((arguments[2], is_less), (arguments[3], builder.not_(is_less))):
            packed = builder.call(compress, [values, mask, none])
            builder.store(packed, whole(pointer), align=alignment)
        bits = builder.bitcast(is_less, ir.IntType(length))
        return builder.zext(builder.ctpop(bits), size)

    return types.int64(source, pivot, below, others, count), generate


@lowers(intrinsics.converted)
def _converted(typing_context: Any, values: Any, signature: Any) -> Any:
    wanted = len(signature.outputs)
    numbers = isinstance(values, types.BaseTuple) and all(isinstance(v, (types.Number, types.Boolean)) for v in values)
    if not numbers or len(values) != wanted:
        got = f"a tuple of {len(values)}" if isinstance(values, types.BaseTuple) else f"a {values}"
        if isinstance(values, (types.Optional, types.NoneType)):
            got = "nothing on some path" if isinstance(values, types.Optional) else "nothing"
        raise RejectedError(f"It must return a state, a tuple of {wanted} numbers as identity is, and returns {got}")
    held = [computed(dtype) for dtype in signature.outputs]
    require_parts(values, held)
    result = types.Tuple(held)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        parts = [
            cast_element(context, builder, part, own, dtype)
            for part, own, dtype in zip(cgutils.unpack_tuple(builder, arguments[0]), values, held, strict=True)
        ]
        return context.make_tuple(builder, result, parts)

    return result(values, signature), generate


@lowers(intrinsics.accumulators)
def _accumulators(typing_context: Any, count: Any, pointer: Any) -> Any:
    length = constant(count)

    several = isinstance(pointer, types.BaseTuple)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        arrays = []
        for each in pointer if several else (pointer,):
            element = context.get_data_type(each.dtype)
            # Numba's helper would zero the variable: 36 ns for 4 KiB, once per row
            with builder.goto_entry_block():
                array = builder.alloca(ir.ArrayType(element, length), name="lanes")
            array.align = 64
            arrays.append(builder.bitcast(array, element.as_pointer()))
        return context.make_tuple(builder, pointer, arrays) if several else arrays[0]

    return pointer(count, pointer), generate


# --- the flag of fast paths -----------------------------------------------------------------------------------------

# Calls of empty functions, which ``aotops.aot.back.rare_flag`` replaces by instructions and
# ``aotops.aot.back.parallel`` by metadata. The functions must exist, since Numba links everything that is called.


def marker_function(builder: Any, name: str, result: Any, *arguments: Any) -> Any:
    """Declare an empty function."""
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)
    if function.is_declaration:
        function.linkage = "linkonce_odr"
        function.attributes.add("noinline")
        body = ir.IRBuilder(function.append_basic_block())
        if isinstance(result, ir.VoidType):
            body.ret_void()
        else:
            body.ret(ir.Constant(result, 0))
    return function


@lowers(intrinsics.set_flag)
def _set_flag(typing_context: Any, condition: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        truth = context.cast(builder, arguments[0], signature.args[0], types.boolean)
        builder.call(marker_function(builder, SET_FLAG, ir.VoidType(), ir.IntType(1)), [truth])
        return arguments[1]

    return value(condition, value), generate


@lowers(intrinsics.flag_is_set)
def _flag_is_set(typing_context: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.call(marker_function(builder, FLAG_IS_SET, ir.IntType(1)), [])

    return types.boolean(), generate


@lowers(intrinsics.clear_flag)
def _clear_flag(typing_context: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.call(marker_function(builder, CLEAR_FLAG, ir.VoidType()), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def poll(typing_context: Any, period: Any) -> Any:
    """End the kernel if the launch has been interrupted; ask once in so many iterations of the surrounding loop."""
    often = constant(period)
    status = ir.IntType(32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        iteration = cgutils.alloca_once(builder, status, name="iteration")  # 0 when the function begins
        count = builder.add(builder.load(iteration), ir.Constant(status, 1))
        builder.store(count, iteration)
        with builder.if_then(builder.icmp_unsigned("==", builder.urem(count, ir.Constant(status, often)), status(0))):
            answer = builder.call(marker_function(builder, POLL, status), [])
            with builder.if_then(builder.icmp_unsigned("!=", answer, status(0)), likely=False):
                # as if the function raised: its callers return the same status, up to the kernel
                exception = builder.function.args[1]
                builder.store(exception.type.pointee(None), exception)
                builder.ret(status(1))
        return context.get_dummy_value()

    return types.none(period), generate


@intrinsic
def short_loop(typing_context: Any, count: Any) -> Any:
    """Mark the surrounding loop with its number of iterations (``aotops.aot.front.short_loops``)."""
    number = ir.Constant(ir.IntType(64), constant(count))

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.call(marker_function(builder, SHORT, ir.VoidType(), number.type), [number])
        return context.get_dummy_value()

    return types.none(count), generate
