"""Square roots are correctly rounded at every level, also those that are computed by multiplications."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest

import aotops as ao

pytest.importorskip("llvmlite", reason="what kernels are made of takes LLVM, which is not installed here")

from aotops.aot.back.levels import levels
from aotops.aot.back.roots import FORMATS

FLOATS = ("float32", "float64")


def near_squares(dtype: str) -> np.ndarray:
    """Squares of floats with half of their bits, and their neighbours, whose roots are next to such floats."""
    digits = 12 if dtype == "float32" else 26
    generator = np.random.default_rng(1)
    squares = generator.integers(2 ** (digits - 1), 2**digits, 20_000).astype(dtype) ** 2
    return np.concatenate([squares, np.nextafter(squares, 0), np.nextafter(squares, math.inf)]).astype(dtype)


def near_midpoints(dtype: str) -> np.ndarray:
    """The floats on both sides of ``(g + 1/2)**2``, whose roots are as near as possible to half way between floats."""
    bits = 24 if dtype == "float32" else 53
    generator = np.random.default_rng(2)
    roots = [int(g) for g in generator.integers(2 ** (bits - 1), 2**bits, 20_000)]
    roots += [2**bits - 1 - k for k in range(200)] + [2 ** (bits - 1) + k for k in range(200)]
    found = []
    for g in roots:
        square = g * g + g
        shift = square.bit_length() - bits
        found += [math.ldexp((square >> shift) + k, shift) for k in (-1, 0, 1, 2)]
    return np.array(found, dtype)


def near_powers(dtype: str) -> np.ndarray:
    """The floats around every power of 2, down to the smallest one."""
    info = np.finfo(dtype)
    low, high = info.minexp - info.nmant, info.maxexp
    powers = np.ldexp(np.ones(high - low, dtype), np.arange(low, high))
    found = [powers]
    for way in (0.0, math.inf):
        each = powers
        for _ in range(5):
            each = np.nextafter(each, np.array(way, dtype))
            found.append(each)
    return np.concatenate(found)


def special(dtype: str) -> np.ndarray:
    info = np.finfo(dtype)
    values = [0.0, -0.0, math.inf, -math.inf, math.nan, -1.0, info.max, info.tiny, info.smallest_subnormal, -info.tiny]
    return np.array(values * 16, dtype)  # in vectors, too


def any_positive(dtype: str) -> np.ndarray:
    bits = 32 if dtype == "float32" else 64
    integers = np.random.default_rng(3).integers(0, 2 ** (bits - 1), 100_000, f"uint{bits}")
    return integers.view(dtype)


SAMPLES = (near_squares, near_midpoints, near_powers, special, any_positive)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_roots_are_numpys(sample: Any, dtype: str) -> None:
    x = sample(dtype)
    for operand in (x, x[::-1], x[::3]):
        result, wanted = np.asarray(ao.sqrt(ao.asarray(operand))), np.sqrt(operand)
        assert result.dtype == wanted.dtype
        np.testing.assert_array_equal(result, wanted)
        assert (np.signbit(result) == np.signbit(wanted))[~np.isnan(wanted)].all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_roots_are_numpys_at_every_level() -> None:
    script = textwrap.dedent("""
        import sys
        import numpy as np
        import aotops as ao
        sys.path.insert(0, {tests!r})
        import test_roots as t
        for dtype in t.FLOATS:
            for sample in t.SAMPLES:
                x = sample(dtype)
                np.testing.assert_array_equal(np.asarray(ao.sqrt(ao.asarray(x))), np.sqrt(x))
        print("same")
    """).format(tests=os.path.dirname(__file__))
    ran = 0
    for level in levels():
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            env={**os.environ, "AOTOPS_CPU": level.name},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if "AOTOPS_CPU must be" in done.stderr:  # this machine lacks the level
            continue
        assert done.stdout == "same\n", done.stderr
        ran += 1
    assert ran > 0


@pytest.mark.skipif(levels()[-1].name != "x86-64-v4", reason="only x86-64-v4 computes roots by multiplications")
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.type)
def test_half_of_the_roots_are_multiplications(form: Any) -> None:
    from aotops.aot import compiler
    from aotops.aot.front.specialise import specialise
    from aotops.aot.pack.kernels import record_kernels
    from aotops.ops import collect

    (kernel,) = [each for each in record_kernels(collect()["sqrt"]) if each.dtype == f"float{form.bits}"]
    bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), "kernel", compiler.KERNEL)
    for level in levels():
        machine, module = compiler.optimised(bitcode, "kernel", "kernel", level, level.features(False, True))
        assembly = machine.emit_assembly(module)
        assert ("vrsqrt14" in assembly) == level.has_avx512
        assert f"sqrt{form.suffix}" in assembly
