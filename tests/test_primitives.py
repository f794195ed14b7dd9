"""Primitives that a CPU level has an instruction for: the same bits at every level, and in plain Python."""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
import re
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

from aotops.intrinsics import (
    Signature,
    Table,
    bits_of_float32,
    bits_of_float64,
    centred_exponent,
    centred_mantissa,
    centred_unscale,
    exponent,
    limit,
    look_up16,
    look_up16_float32,
    mantissa,
    scale,
    significand,
    unscale,
)

pytestmark = requires_numba

INF, NAN = math.inf, math.nan
TABLE = Table(tuple(1.0 + k / 7 for k in range(16)))
#: Tables whose numbers end in 32 zero bits, of which two take the place of one.
HALF = Table(tuple(1.0 + k / 1024 for k in range(16)))
OTHER_HALF = Table(tuple(-1.0 - k / 512 for k in range(16)))


def limited(x: Any) -> Any:
    """With a bound that is the same in all calls, for which LLVM might specialise the function."""
    return limit(x, 0.75)


def looked_up(x: Any) -> Any:
    """The entry that the last four bits of a sum name."""
    return look_up16(TABLE, bits_of_float64(x + 6755399441055744.0))


def looked_up_in_three(x: Any) -> Any:
    """The entries of several tables, which the same loads serve."""
    index = bits_of_float64(x + 6755399441055744.0)
    return look_up16(TABLE, index) + look_up16(HALF, index) * (look_up16(OTHER_HALF, index) - 3.0)


def looked_up_in_float32(x: Any) -> Any:
    """As ``looked_up``, of a table of float32."""
    return look_up16_float32(TABLE, bits_of_float32(x + 12582912.0))


# only aotops' own functions may use intrinsics
for _function in (limited, looked_up, looked_up_in_three, looked_up_in_float32):
    _function.__module__ = "aotops.of_the_test"

PRIMITIVES: dict[str, tuple[Callable[..., Any], int]] = {
    "exponent": (exponent, 1),
    "mantissa": (mantissa, 1),
    "significand": (significand, 1),
    "limit": (limited, 1),
    "scale": (scale, 2),
    "unscale": (unscale, 2),
    "centred_exponent": (centred_exponent, 1),
    "centred_mantissa": (centred_mantissa, 1),
    "centred_unscale": (centred_unscale, 2),
    "look_up16": (looked_up, 1),
    "look_up16 of three": (looked_up_in_three, 1),
    "look_up16_float32": (looked_up_in_float32, 1),
}


def loop_of(function: Callable[..., Any], inputs: int) -> Callable[..., Any]:
    """A loop over arrays that the compiler vectorizes."""
    if inputs == 1:

        def loop(a: Any, result: Any, n: int) -> None:
            for k in range(n):
                result[k] = function(a[k])
    else:

        def loop(a: Any, b: Any, result: Any, n: int) -> None:  # type: ignore[misc]
            for k in range(n):
                result[k] = function(a[k], b[k])

    loop.__module__ = "aotops.of_the_test"
    return loop


@functools.cache
def bitcode_of(function: Callable[..., Any], inputs: int, dtype: str) -> bytes:
    """A function of arrays, as all levels have it."""
    from numba.core import types

    from aotops.aot import compiler
    from aotops.aot.front.specialise import specialise

    pointer = types.CPointer(getattr(types, dtype))
    signature = types.void(*[pointer] * (inputs + 1), types.int64)
    return compiler.compile_bitcode(specialise(loop_of(function, inputs), dtype), "loop", signature)


def compiled(function: Callable[..., Any], inputs: int, dtype: str, level: Any, widest: bool) -> tuple[Any, str]:
    """A function of arrays, for this process, and its assembly."""
    import llvmlite.binding as llvm

    from aotops.aot import compiler

    bitcode = bitcode_of(function, inputs, dtype)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine, module = compiler.optimised(bitcode, "loop", "loop", level, level.features(widest, True))
    assembly = machine.emit_assembly(module.clone())
    engine = llvm.create_mcjit_compiler(
        llvm.parse_assembly(""), llvm.Target.from_default_triple().create_target_machine(codemodel="jitdefault")
    )
    engine.add_object_file(llvm.ObjectFileRef.from_data(machine.emit_object(module)))
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * (inputs + 3), ctypes.c_int64)(
        engine.get_function_address("loop")
    )

    def run(*arrays: np.ndarray, _engine: Any = engine) -> np.ndarray:
        result = np.empty_like(arrays[0])
        unused = (ctypes.c_void_p * 2)()
        addresses = [each.ctypes.data for each in (*arrays, result)]
        call(ctypes.addressof(unused), ctypes.addressof(unused) + 8, *addresses, result.size)
        return result

    return run, assembly


def arguments(dtype: str, inputs: int) -> list[np.ndarray]:
    """Numbers of every size and kind; of two, the first is moderate."""
    generator = np.random.default_rng(4)
    bits = 8 * np.dtype(dtype).itemsize
    anything = generator.integers(0, 2**bits, 4000, f"uint{bits}").view(dtype)
    tiny = (generator.uniform(-1, 1, 500) * np.finfo(dtype).tiny).astype(dtype)
    special = np.array([0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.75, 2.0, 0.5, np.finfo(dtype).max], dtype)
    x = np.concatenate([anything, tiny, special, generator.normal(0, 3, 1000).astype(dtype)])
    if inputs == 1:
        return [x]
    steps = np.concatenate([generator.uniform(-1200, 1200, x.size - special.size).astype(dtype), special])
    y = (generator.uniform(0.5, 2, x.size) * generator.choice([-1, 1], x.size)).astype(dtype)
    y[::3] *= np.exp2(generator.integers(-60, 60, y[::3].size)).astype(dtype)
    y[::97] = NAN
    # again in order, so that all arguments of a vector are of a kind: some kinds are served by fewer operations
    order = np.argsort(steps)
    return [np.concatenate([y, y[order]]), np.concatenate([steps, steps[order]])]


CASES = [
    (name, dtype)
    for name in PRIMITIVES
    for dtype in ("float32", "float64")
    if not name.startswith("look_up16") or (dtype == "float32") == ("float32" in name)
]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_a_primitive_has_the_same_bits_at_every_level(name: str, dtype: str) -> None:
    from aotops import _native
    from aotops.aot.back.levels import levels

    function, inputs = PRIMITIVES[name]
    values = arguments(dtype, inputs)
    kind = np.dtype(dtype).type
    if name == "limit":
        # either bound for NaN
        for each in values:
            each[np.isnan(each)] = kind(0)
    with np.errstate(all="ignore"):
        expected = np.array([function(*row) for row in zip(*values, strict=True)], dtype)
    names = [level.name for level in levels()]
    for level, widest in itertools.product(levels()[: names.index(_native.cpu_level()) + 1], (False, True)):
        run, _ = compiled(function, inputs, dtype, level, widest)
        result = run(*values)
        whole = f"int{8 * kind().itemsize}"
        differ = (result.view(whole) != expected.view(whole)) & ~(np.isnan(result) & np.isnan(expected))
        assert not differ.any(), (level.name, widest, [each[differ][0] for each in values], result[differ][0])


@pytest.mark.parametrize(
    ("name", "instruction"),
    [
        ("exponent", "vgetexppd"),
        ("mantissa", "vgetmantpd"),
        ("limit", "vrangepd"),
        ("scale", "vscalefpd"),
        ("unscale", "vscalefpd"),
        ("centred_mantissa", "vgetmantpd"),
        ("look_up16", "vperm"),
        ("look_up16_float32", "vperm"),
    ],
)
def test_a_level_has_its_best_instruction_on_whole_vectors(name: str, instruction: str) -> None:
    from aotops.aot.back.levels import X86_64_LEVELS, levels

    if levels() != X86_64_LEVELS:
        pytest.skip("the instructions are of x86-64")
    function, inputs = PRIMITIVES[name]
    for widest, registers in ((False, ("%ymm", "%zmm")), (True, ("%zmm",))):
        dtype = "float32" if "float32" in name else "float64"
        _, assembly = compiled(function, inputs, dtype, X86_64_LEVELS[-1], widest)
        lines = [line for line in assembly.splitlines() if instruction in line]
        assert any(register in line for line in lines for register in registers), assembly
        assert "gather" not in assembly


def name_of(table: Table) -> str:
    from aotops.aot.back.look_ups import LOOK_UP_64

    return LOOK_UP_64 + struct.pack(">16d", *table.values).hex()


def test_tables_of_one_function_stand_in_rows() -> None:
    """Two tables in 16 bytes, or three if two of them end in 32 zero bits; those of other functions stand elsewhere."""
    from aotops.aot.back.look_ups import rows_of

    other = Table(tuple(0.1 * k for k in range(16)))
    functions = [(OTHER_HALF, TABLE, HALF), (HALF, other)]
    text = "\n".join(
        f"define double @f{k}(i64 %a) {{\n"
        + "\n".join(f"  %{j} = call double @{name_of(table)}(i64 %a)" for j, table in enumerate(tables))
        + "\n  ret double %0\n}"
        for k, tables in enumerate(functions)
    )
    places = rows_of(text)
    assert places.keys() == {name_of(table) for table in (TABLE, HALF, OTHER_HALF, other)}
    assert len({place.array for place in places.values()}) == 2
    assert places[name_of(other)].array != places[name_of(TABLE)].array
    for table in (TABLE, HALF, OTHER_HALF, other):
        place = places[name_of(table)]
        words = [int(word) for word in re.findall(r"i64 (\d+)", place.definition)][place.column :: 2]
        bits = {
            "": words,
            "upper": [word >> 32 << 32 for word in words],
            "lower": [word << 32 & 2**64 - 1 for word in words],
        }[place.half]
        assert struct.pack("<16Q", *bits) == struct.pack("<16d", *table.values)


def test_masks_become_bytes_without_loads_that_could_fault() -> None:
    """A masked load of which no element is wanted leaves its page unmapped, and takes 100 cycles each time."""
    import llvmlite.binding as llvm

    from aotops import ops
    from aotops.aot import compiler
    from aotops.aot.back.levels import X86_64_LEVELS
    from aotops.aot.front.specialise import specialise
    from aotops.loops.elementwise import elementwise

    function = elementwise(ops.collect()["isnan"].scalar_for("float32"), Signature(("float32",), "bool"))
    bitcode = compiler.compile_bitcode(specialise(function, "float32"), "kernel", compiler.KERNEL)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    level = X86_64_LEVELS[-1]
    for widest in (False, True):
        machine, module = compiler.optimised(bitcode, "kernel", "kernel", level, level.features(widest, True))
        assembly = machine.emit_assembly(module)
        assert "vpmovm2b" in assembly, "no mask becomes bytes: the loop is no vector, and this test shows nothing"
        assert not re.search(r"vmovdqu8\s.*\(%rip\).*\{%k", assembly), assembly


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "sigmoid", "erfc"])
def test_subnormal_results_are_not_slow(name: str, dtype: str) -> None:
    """Twice the time of others, by AVX2 three times; one product that is subnormal made it 10 to 30 times."""
    import aotops as ao

    if ao.cpu_level() == "x86-64-v2":
        pytest.skip("fused multiply-adds are emulated, which takes longer for some numbers")
    function = getattr(ao, name)
    tail = {"float32": (-95.0, 9.7), "float64": (-730.0, 26.9)}[dtype][name == "erfc"]
    times = []
    for value in (0.7, tail):
        x = ao.full(20_000, value, dtype=dtype)
        best = math.inf
        for _ in range(40):
            begin = time.perf_counter()
            y = function(x)
            best = min(best, time.perf_counter() - begin)
        times.append(best)
    assert 0 < np.asarray(y)[0] < np.finfo(dtype).tiny
    assert times[1] < 6 * times[0], times
