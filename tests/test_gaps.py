"""Elements with gaps between them: copied by shuffles of vectors, which read what lies between, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from layouts import DTYPES

import aotops as ao
from aotops import abi

STEPS = (1, 2, 3, 4, 5, -1, -2, -4)
#: Around the numbers of elements in one and two blocks of 64 bytes, and those from which operators pack their inputs.
LENGTHS = (0, 1, 2, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33, 34, 63, 64, 65, 66, 127, 129, 300)


def numbers(dtype: str, size: int) -> np.ndarray:
    """Numbers that differ from their neighbours."""
    return (np.arange(size) * 7 % 251 % (2 if dtype == "bool" else 120)).astype(dtype)


@pytest.mark.parametrize("dtype", [*DTYPES, *abi.named("complex")])
@pytest.mark.parametrize("step", STEPS)
def test_copies_of_every_step_and_length(dtype: str, step: int) -> None:
    for length in LENGTHS:
        array = numbers(dtype, 5 * max(length, 1) * 5).reshape(5, -1)
        view = array[::2, ::step][:, :length]
        copied = ao.asarray(ao.asarray(array)[::2, ::step][:, :length], copy=True)
        assert copied.is_contiguous() and copied.shape == view.shape
        np.testing.assert_array_equal(np.asarray(copied), view)


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("step", STEPS)
def test_operators_of_elements_with_gaps(dtype: str, step: int) -> None:
    """Memory-bound operators pack such inputs; also in place, where the output has the same gaps."""
    for length in (1, 17, 31, 33, 200):
        array = numbers(dtype, 20 * length * 5).reshape(20, -1)
        other = array[::-1].copy()
        x, y = ao.asarray(array.copy())[:, ::step][:, :length], ao.asarray(other)[:, ::step][:, :length]
        view, second = array[:, ::step][:, :length], other[:, ::step][:, :length]
        np.testing.assert_array_equal(np.asarray(x + y), view + second)
        np.testing.assert_array_equal(np.asarray(x + y[:, :1]), view + second[:, :1])
        np.testing.assert_array_equal(np.asarray(ao.negative(x)), -view)
        expected = view - second
        ao.subtract(x, y, out=x)
        np.testing.assert_array_equal(np.asarray(x), expected)
        np.testing.assert_array_equal(np.asarray(y), second)


def test_inputs_with_small_gaps_are_packed_and_others_are_read_where_they_are() -> None:
    x = ao.ones(40_000, dtype="float32")
    assert ["packed" in str(ao.explain(ao.abs, x[::step])) for step in (1, 2, 3, 4, 5, -1, -2)] == [
        False,
        True,
        True,
        True,
        False,
        True,
        False,
    ]
    # rows that are too short for a block, and an output with gaps
    assert "packed" not in str(ao.explain(ao.abs, x.reshape((625, 64))[:, :62:2]))
    assert "packed" not in str(ao.explain(ao.abs, x[::2], out=ao.ones(40_000, dtype="float32")[::2]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 17), (5, 31), (300, 40), (7, 511), (3, 512), (3, 5, 100)])
def test_short_rows_that_are_joined(dtype: str, shape: tuple[int, ...]) -> None:
    """Compute-bound operators with a row, a column, a number and gaps: the bits of a single contiguous row."""
    generator = np.random.default_rng(58)

    def random(*lengths: int) -> np.ndarray:
        return generator.uniform(0.1, 3, lengths).astype(dtype)

    wide = random(*shape[:-1], 2 * shape[-1])
    operands = [random(*shape), random(shape[-1]), random(*shape[:-1], 1), random(1), wide[..., ::2], wide[..., ::-2]]
    for x in operands:
        for y in operands:
            first, second = np.broadcast_arrays(x, y)
            flat = ao.atan2(ao.asarray(first.ravel()), ao.asarray(second.ravel()))
            result = ao.atan2(ao.asarray(x), ao.asarray(y))
            np.testing.assert_array_equal(np.asarray(result).ravel(), np.asarray(flat))
    out = ao.zeros((*shape[:-1], 2 * shape[-1]), dtype=dtype)
    ao.atan2(ao.asarray(operands[0]), ao.asarray(operands[1]), out=out[..., ::2])
    np.testing.assert_array_equal(np.asarray(out)[..., 1::2], 0)
    expected = ao.atan2(ao.asarray(operands[0]), ao.asarray(operands[1]))
    np.testing.assert_array_equal(np.asarray(out)[..., ::2], np.asarray(expected))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the program protects pages as Linux does")
def test_nothing_beyond_the_last_element_is_read() -> None:
    """Rows end with the last byte before a page that cannot be touched, or begin with the first one after one."""
    program = """
from guard_pages_of_memory import Guarded
import numpy as np
import aotops as ao
from aotops import abi

memory = Guarded(4).bytes
memory[:] = 1
for dtype in ("bool", "int16", "float32", "float64", "complex128"):
    whole = np.frombuffer(memory, dtype)
    for step in (1, 2, 3, 4, -1, -2):
        for length in range(1, 400):
            reach = abs(step) * (length - 1) + 1
            if reach > whole.size:
                break
            for part in (whole[:reach], whole[whole.size - reach :]):
                view = part[::step]
                np.testing.assert_array_equal(np.asarray(ao.asarray(ao.asarray(part)[::step], copy=True)), view)
                ao.equal(ao.asarray(part)[::step], ao.asarray(part)[::step])
print("all read")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    )
    assert done.returncode == 0 and done.stdout == "all read\n", (
        f"{done.returncode}: {done.stdout}{done.stderr[-3000:]}"
    )
