"""Products of matrices: ``matmul``, ``vecdot``, ``tensordot``, ``einsum`` and ``@``; NumPy is the oracle."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao
from aotops import _native, abi
from aotops.aot.back.levels import X86_64_LEVELS
from aotops.intrinsics import Pointer, fma
from aotops.loops import matmul as loops
from aotops.namespace import linear_algebra
from aotops.scalar import plain_numbers

#: Shapes of two factors: matrices of a tile, less and more than one, of several blocks, empty ones, vectors, batches.
SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((3, 4), (4, 5)),
    ((6, 300), (300, 16)),
    ((97, 257), (257, 259)),
    ((200, 7), (7, 300)),
    ((1, 300), (300, 7)),
    ((5, 300), (300, 260)),
    ((300, 1), (1, 7)),
    ((7, 300), (300, 1)),
    ((0, 4), (4, 3)),
    ((3, 0), (0, 3)),
    ((4,), (4, 5)),
    ((300,), (300, 17)),
    ((17, 300), (300,)),
    ((4,), (4,)),
    ((0,), (0,)),
    ((2, 3, 4), (4, 5)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((0, 3, 4), (4, 2)),
]


def filled(shape: tuple[int, ...], dtype: str, layout: int, generator: np.random.Generator) -> np.ndarray:
    """An array whose matrices lie in memory by rows, by columns, with gaps, or backwards."""
    floating = abi.FACTS[dtype].category in ("float", "complex")
    x = (generator.standard_normal(shape) if floating else generator.integers(0, 5, shape)).astype(dtype)
    if x.dtype.kind == "c":
        x += 1j * generator.standard_normal(shape)
    if layout == 1 and x.ndim > 1:
        return np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)
    if layout == 2:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return x[..., ::-1] if layout == 3 else x


def assert_close(got: Any, wanted: Any, size: Any) -> None:
    """Demand the same shape and dtype, the same integers, and floats within the rounding errors of so many products."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    if wanted.dtype.kind in "fc":
        assert (np.abs(got - wanted) <= np.asarray(size) * np.finfo(wanted.dtype).eps).all()
    else:
        assert (got == wanted).all()


@pytest.mark.parametrize("dtype", [fact.name for fact in abi.DTYPES])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_products_are_those_of_numpy(shapes: tuple[tuple[int, ...], tuple[int, ...]], dtype: str) -> None:
    generator = np.random.default_rng(3)
    for first, second in ((0, 0), (1, 1), (2, 3), (3, 0), (0, 1)):
        x, y = filled(shapes[0], dtype, first, generator), filled(shapes[1], dtype, second, generator)
        a, b = ao.asarray(x), ao.asarray(y)
        size = 4 * shapes[0][-1] * np.matmul(np.abs(x).astype("float64"), np.abs(y).astype("float64"))
        assert_close(ao.matmul(a, b), x @ y, size)
        assert_close(a @ b, x @ y, size)


def test_factors_of_two_dtypes_and_foreign_ones() -> None:
    x, y = np.arange(6.0).reshape(2, 3), np.arange(6).reshape(3, 2)
    for got in (ao.asarray(x) @ ao.asarray(y), ao.asarray(x) @ y, x @ ao.asarray(y), ao.asarray(x) @ y.tolist()):
        assert type(got) is ao.Tensor
        assert_close(got, x @ y, 1)
    assert_close(x.tolist() @ ao.asarray(y), x @ y, 1)


def test_sums_are_in_the_order_of_the_inner_axis() -> None:
    """Each product is rounded once, whatever the blocks: as ``fma``, one after the other, of exact integers too."""
    generator = np.random.default_rng(7)
    for rows, depth, columns in ((2, 700, 3), (8, 600, 9), (6, 300, 8)):
        x, y = generator.standard_normal((rows, depth)), generator.standard_normal((depth, columns))
        got = np.asarray(ao.matmul(ao.asarray(x), ao.asarray(y)))
        for i, j in ((0, 0), (rows - 1, columns - 1), (rows // 2, 1)):
            total = 0.0
            for k in range(depth):
                total = fma(float(x[i, k]), float(y[k, j]), total)
            assert got[i, j] == total


def dot(x: Any, y: Any, lanes: int) -> Any:
    """The sum of products of two rows of numbers: of each lane in order, then one half is added to the other."""
    sums = [x[0] * 0] * lanes
    for k in range(len(x)):
        sums[k % lanes] = fma(x[k], y[k], sums[k % lanes])
    while lanes > 1:
        lanes //= 2
        sums = [sums[lane] + sums[lane + lanes] for lane in range(lanes)]
    return sums[0]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_few_rows_times_contiguous_columns_are_dot_products(data: Any) -> None:
    """Of up to 16 rows, or of a column, with or without a start; each sum is the same in any of these products."""
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    number = plain_numbers.Float32 if dtype == "float32" else float
    itemsize = abi.FACTS[dtype].itemsize
    rows, columns = data.draw(st.integers(1, 16)), data.draw(st.integers(2, 70))
    depth = data.draw(st.integers(2 if rows == 1 else 64 * rows // itemsize, 300))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = filled((rows, depth), dtype, data.draw(st.sampled_from([0, 2, 3])), generator)
    y, start = filled((columns, depth), dtype, 0, generator), filled((columns,), dtype, 0, generator)
    a, b, c = ao.asarray(x), ao.asarray(y), ao.asarray(start)
    plain, added = ao.matmul(a, b.T), linear_algebra.linear(a, b, c)
    for i, j in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)):
        total = dot([number(v) for v in x[i]], [number(v) for v in y[j]], 64 // itemsize)
        assert plain[i, j].item() == float(total)
        assert added[i, j].item() == float(total + number(start[j]))
    gaps = ao.asarray(np.repeat(y, 2, axis=1))[:, ::2]
    for column in (b @ a[0], a[0] @ b.T, gaps @ a[0].contiguous(), (b @ a[:1].T)[:, 0], ao.stack([b, b])[1:] @ a[0]):
        assert column.tolist() in (plain[0].tolist(), [plain[0].tolist()])


SAME_BITS = """
    import hashlib, sys
    import aotops as ao
    digest = hashlib.sha256()
    for dtype in (ao.float32, ao.float64):
        x = ao.astype(ao.sin(ao.arange(240_000.0)), dtype)
        for a, b in ((x.view(400, 600), x.view(600, 400)), (x.view(600, 400).T, x.view(400, 600).T),
                     (x.view(2, 300, 400), x.view(400, 600)), (x[:600], x.view(600, 400)), (x.view(400, 600), x[:600]),
                     (x[:9030].view(15, 602), x[:239_596].view(398, 602).T), (x.view(30000, 8), x[:8]),
                     (x[:6020].view(10, 602), x[9:1815].view(3, 602).T),
                     (x[1:304].view(3, 101), x[:10_100].view(100, 101).T)):
            for threads in (1, 2, 5):
                ao.set_num_threads(threads)
                ao._native.share_from(1 if threads == 5 else 32768)
                digest.update(memoryview(ao.matmul(a, b)))
    print(digest.hexdigest(), ao.cpu_level())
"""


def test_bits_are_the_same_on_every_level_and_any_number_of_threads() -> None:
    digests = {}
    for level in X86_64_LEVELS:
        run = [sys.executable, "-c", textwrap.dedent(SAME_BITS)]
        done = subprocess.run(
            run, env={**os.environ, "AOTOPS_CPU": level.name}, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            digest, own = done.stdout.split()
            assert own == level.name
            digests[own] = digest
        else:
            assert "AOTOPS_CPU" in done.stderr  # a level that this CPU lacks, or another architecture
    assert len({*digests.values()}) <= 1
    assert digests


def lengths() -> st.SearchStrategy[int]:
    """Lengths around those of tiles and blocks."""
    return st.one_of(st.integers(0, 9), st.sampled_from([15, 16, 17, 31, 33, 64, 65, 127, 132, 133, 256, 257, 300]))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_bits_depend_on_neither_layout_nor_blocks(data: Any) -> None:
    """Views of any strides, rows and columns computed apart, batches, and results in ``out``, have the same bits."""
    dtype = data.draw(st.sampled_from(["float32", "float64", "complex64", "complex128", "int32", "uint8", "int64"]))
    rows, depth, columns = data.draw(lengths()), data.draw(lengths()), data.draw(lengths())
    batches = data.draw(st.sampled_from([((), ()), ((2,), ()), ((), (3,)), ((2, 1), (3,)), ((3,), (3,)), ((0,), ())]))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    layouts = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    x = filled((*batches[0], rows, depth), dtype, layouts[0], generator)
    y = filled((*batches[1], depth, columns), dtype, layouts[1], generator)
    a, b = ao.asarray(x), ao.asarray(y)
    got = ao.matmul(a, b)
    wanted = np.matmul(x, y)
    size = 4 * depth * np.matmul(np.abs(x).astype("float64"), np.abs(y).astype("float64"))
    assert_close(got, wanted, size)
    out = ao.full(got.shape, 9, dtype=dtype)
    assert ao.matmul(a, b, out=out) is out
    assert bytes(memoryview(out)) == bytes(memoryview(got))
    if rows <= 16 or columns < 2:
        return  # these may be dot products, which have an order of their own
    assert np.array_equal(np.asarray(a.contiguous() @ b.contiguous()), np.asarray(got))
    i, j = data.draw(st.integers(17, rows)), data.draw(st.integers(2, columns))
    assert np.array_equal(np.asarray(a[..., :i, :] @ b[..., :, -j:]), np.asarray(got)[..., :i, -j:])


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_each_sum_is_one_chain_of_fma(data: Any) -> None:
    """The first and last rows and columns, in plain Python, from zero or from a start."""
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    number = plain_numbers.Float32 if dtype == "float32" else float
    rows, depth, columns = data.draw(st.integers(2, 14)), data.draw(st.integers(0, 300)), data.draw(st.integers(2, 70))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, y = filled((rows, depth), dtype, 0, generator), filled((depth, columns), dtype, 0, generator)
    start = filled((columns,), dtype, 0, generator)
    a, b, c = ao.asarray(x), ao.asarray(y), ao.asarray(start)
    plain, added = ao.matmul(a, b), linear_algebra.linear(a, b.T, c)  # of which the former's rows are contiguous
    for i, j in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)):
        for got, first in ((plain, 0.0), (added, start[j])):
            total = number(first)
            for k in range(depth):
                total = fma(number(x[i, k]), number(y[k, j]), total)
            assert got[i, j].item() == float(total)


def test_results_in_out() -> None:
    x, y = np.arange(12.0).reshape(3, 4), np.arange(20.0).reshape(4, 5)
    a, b = ao.asarray(x), ao.asarray(y)
    into = ao.zeros((5, 3)).T
    assert ao.matmul(a, b, out=into) is into and np.array_equal(np.asarray(into), x @ y)
    square = ao.asarray(np.arange(16.0).reshape(4, 4))
    wanted = np.asarray(square) @ np.asarray(square)
    ao.matmul(square, square, out=square)
    assert np.array_equal(np.asarray(square), wanted)
    narrow = ao.zeros((3, 5), dtype="float32")
    ao.matmul(a, b, out=narrow)
    assert np.array_equal(np.asarray(narrow), (x @ y).astype("float32"))
    vector = ao.zeros(3)
    ao.matmul(a, b[:, 0], out=vector)
    assert np.array_equal(np.asarray(vector), x @ y[:, 0])
    counts = ao.zeros((3, 5), dtype="int64")
    ao.matmul(ao.astype(a, "int8"), ao.astype(b, "int8"), out=counts)
    assert np.array_equal(np.asarray(counts), (x.astype("int8") @ y.astype("int8")).astype("int64"))
    for wrong in (ao.zeros((5, 3)), ao.zeros((3, 5), dtype="int64"), ao.broadcast_to(ao.zeros((1, 5)), (3, 5))):
        before = wrong.tolist()
        with pytest.raises((ValueError, TypeError), match="matmul: "):
            ao.matmul(a, b, out=wrong)
        assert wrong.tolist() == before
    with pytest.raises(TypeError, match="matmul: out must be a Tensor"):
        ao.matmul(a, b, out=x)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("depth", [0, 1, 3, 4, 7, 33, 300])
def test_a_few_rows_and_a_few_columns_have_the_bits_of_tiles(dtype: str, depth: int) -> None:
    rng = np.random.default_rng(depth)
    for length in (49, 300, 1030):
        many, wide = (rng.standard_normal(shape).astype(dtype) for shape in ((40, depth), (depth, length)))
        tall = ao.asarray(np.ascontiguousarray(wide.T))
        by_columns = ao.asarray(wide).T  # the same matrix, of contiguous columns
        whole = np.asarray(ao.asarray(many) @ ao.asarray(wide))
        for few in range(2, 9):
            assert np.asarray(ao.asarray(many[:few]) @ ao.asarray(wide)).tobytes() == whole[:few].tobytes()
            right = ao.asarray(np.ascontiguousarray(many[:few].T))
            start = ao.asarray(rng.standard_normal((length, few)).astype(dtype))
            for before in (None, start):
                turned = np.asarray(linear_algebra.matrices("matmul", by_columns, right, start=before))
                assert (
                    turned.tobytes()
                    == np.asarray(linear_algebra.matrices("matmul", tall, right, start=before)).tobytes()
                )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("make", [loops.matmul, loops.matmul_wide, loops.matmul_plain], ids=lambda make: make.__name__)
def test_the_loop_nest_runs_as_plain_python(make: Callable[[str], loops.Routine], dtype: str) -> None:
    """On lists, which raise wherever they are read or written out of bounds."""
    kernel, _ = make(dtype)
    width = (1 + (make is loops.matmul_wide)) * loops.VECTOR_BYTES // abi.FACTS[dtype].itemsize
    for rows, depth, columns in ((6, 5, width), (7, 3, width + 1), (2, 9, 3), (13, 1, 2 * width - 1), (4, 4, 4)):
        for by_columns, way in ((False, 0), (True, 0), (False, 1), (False, 2), (False, 3)):
            x = [[[float(3 * i - 2 * k + m) for k in range(depth)] for i in range(rows)] for m in range(2)]
            y = [[[float(k - 4 * j - m) for j in range(columns)] for k in range(depth)] for m in range(2)]
            a = [v for each in x for line in (zip(*each, strict=True) if by_columns else each) for v in line]
            by_lines = way == loops.BY_DOTS  # whose second matrix lies by columns
            b = [value for each in y for line in (zip(*each, strict=True) if by_lines else each) for value in line]
            wanted = [
                sum(x[m][i][k] * y[m][k][j] for k in range(depth))
                for m in range(2)
                for i in range(rows)
                for j in range(columns)
            ]
            out = [1.0] * (2 * rows * columns)
            row, column = (1, rows) if by_columns else (depth, 1)
            multiples = [k * row for k in range(1, loops.ROWS_WIDE)]
            result = columns, width  # from one row, and one panel, to the next
            for adds in (0, 1):
                step = depth if by_lines else columns
                numbers = [depth, *multiples, column, step, width, *result, *result, adds, way]
                numbers += [2, rows * depth, depth * columns, rows * columns]
                assert len(numbers) == len(loops.NUMBERS)
                kernel(rows, columns, [Pointer(each) for each in (a, b, out, out)], Pointer(numbers))
                assert out == [value * (1 + adds) for value in wanted]
            if way != loops.BY_TILES:
                continue
            panels = (columns + width - 1) // width
            waiting = [1.0] * (panels * rows * width)  # sums between two blocks of the inner axis
            wait = width, rows * width
            for adds, data, steps in ((0, (out, waiting), result + wait), (1, (waiting, out), wait + result)):
                numbers = [depth, *multiples, column, columns, width, *steps, adds, way, 1, 0, 0, 0]
                kernel(rows, columns, [Pointer(each) for each in (a, b, *data)], Pointer(numbers))
            assert out == [2 * value for value in wanted[: rows * columns]] + [2 * v for v in wanted[rows * columns :]]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_vecdot_and_tensordot_are_those_of_numpy(data: Any) -> None:
    lengths = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    dtype = data.draw(st.sampled_from(["float64", "float32", "complex64", "int16", "uint64", "bool"]))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    layout = data.draw(st.integers(0, 3))
    x = filled(tuple(lengths), dtype, layout, generator)
    axis = data.draw(st.integers(-len(lengths), -1))
    shape = [length if k - len(lengths) == axis or data.draw(st.booleans()) else 1 for k, length in enumerate(lengths)]
    y = filled(tuple(shape), dtype, layout, generator)
    wanted = np.sum(np.conj(x) * y, axis=axis, dtype=x.dtype)
    size = 9 * np.sum(np.abs(x).astype("float64") * np.abs(y), axis=axis)
    assert_close(ao.vecdot(ao.asarray(x), ao.asarray(y), axis=axis), wanted, size)
    order = data.draw(st.permutations(range(len(lengths))))
    z = filled(tuple([lengths[k] for k in order]), dtype, layout, generator)
    count = data.draw(st.integers(0, len(lengths)))
    first = list(range(count))
    second = [order.index(k) for k in first]
    wanted = np.tensordot(x, z, axes=(first, second))
    size = 99 * np.tensordot(np.abs(x).astype("float64"), np.abs(z).astype("float64"), axes=(first, second))
    assert_close(ao.tensordot(ao.asarray(x), ao.asarray(z), axes=(first, second)), wanted, size)


def test_tensordot_of_a_number_of_axes() -> None:
    x, y = np.arange(24.0).reshape(2, 3, 4), np.arange(24.0).reshape(3, 4, 2)
    for count in (0, 2):
        assert_close(ao.tensordot(ao.asarray(x), ao.asarray(y), axes=count), np.tensordot(x, y, axes=count), 0)
    assert_close(ao.tensordot(ao.asarray(x), ao.asarray(y)), np.tensordot(x, y), 0)
    assert ao.tensordot(2.0, 3.0, axes=0).item() == 6.0


EINSUMS: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(3, 4), (4, 5)]),
    ("ij,jk", [(3, 4), (4, 5)]),
    ("ba,ab", [(3, 4), (4, 3)]),
    ("ii", [(4, 4)]),
    ("ii->i", [(4, 4)]),
    ("iji->ij", [(3, 2, 3)]),
    ("iij->j", [(3, 3, 4)]),
    ("i j -> j i", [(3, 4)]),
    ("ij->", [(3, 4)]),
    ("i,j->ij", [(3,), (4,)]),
    ("i,->i", [(3,), ()]),
    ("i,i,i->i", [(3,), (3,), (3,)]),
    ("i,i,i->", [(3,), (1,), (3,)]),
    ("ij,ij->", [(3, 4), (3, 4)]),
    ("ij,k->k", [(2, 3), (4,)]),
    ("ij,jk->ik", [(3, 1), (4, 5)]),
    ("ij,jk->ik", [(3, 0), (0, 5)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
    ("ijk,jl,kl->il", [(2, 3, 4), (3, 5), (4, 5)]),
    ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
    ("...ij,...jk", [(2, 1, 3, 4), (6, 4, 5)]),
    ("...ij,...jk->...ik", [(2, 3, 4), (4, 5)]),
    ("a...b->b...a", [(2, 3, 4, 5)]),
    ("...", [(2, 3)]),
]


@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64", "uint8", "bool"])
@pytest.mark.parametrize(("subscripts", "shapes"), EINSUMS, ids=str)
def test_einsum_is_that_of_numpy(subscripts: str, shapes: list[tuple[int, ...]], dtype: str) -> None:
    generator = np.random.default_rng(1)
    arrays = [filled(shape, dtype, k % 4 if shape else 0, generator) for k, shape in enumerate(shapes)]
    wanted = np.einsum(subscripts, *arrays)
    size = 99 * np.einsum(subscripts, *[np.abs(x).astype("float64") for x in arrays])
    assert_close(ao.einsum(subscripts, *[ao.asarray(x) for x in arrays]), wanted, size)


def test_einsum_plans_for_the_shapes_of_each_call() -> None:
    class Subscripts(str):
        """A string that is no key of a dictionary."""

        __slots__ = ()

        def __hash__(self) -> int:
            raise TypeError("unhashable type: 'Subscripts'")

    generator = np.random.default_rng(2)
    for subscripts in ("ij,jk->ki", "ij,jk", Subscripts("ij,jk->i")):
        for rows, inner, columns in itertools.product((1, 2, 3), (0, 1, 4), (1, 3)):
            for shapes in (((rows, inner), (inner, columns)), ((rows, inner), (1, columns)), ((rows, 1), (1, columns))):
                x, y = (generator.integers(-4, 5, shape).astype(float) for shape in shapes)
                wanted = np.einsum(str(subscripts), x, y)
                assert ao.einsum(subscripts, ao.asarray(x), ao.asarray(y)).tolist() == wanted.tolist()
                assert ao.einsum(subscripts, ao.asarray(x).T.copy().T, ao.asarray(y)).tolist() == wanted.tolist()


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "complex128"])
@pytest.mark.parametrize(
    "shapes", [((3, 3), (3, 3)), ((40, 40), (40, 40)), ((2, 3, 4), (4, 4)), ((2, 3, 4), (2, 4, 4)), ((4,), (4, 4))]
)
def test_in_place_products_replace_the_elements(dtype: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    generator = np.random.default_rng(3)
    a, b = (filled(shape, dtype, 0, generator) for shape in shapes)
    t = same = ao.asarray(a.copy())
    wanted = a @ b
    for other in (ao.asarray(b), b, b.tolist() if dtype in ("int64", "float64") else b):
        t[...] = ao.asarray(a)
        t @= other
        assert t is same
        assert_close(t, wanted, 99 * (np.abs(a).astype("float64") @ np.abs(b).astype("float64")))
    square = ao.asarray(b.copy())
    square @= square
    assert_close(square, b @ b, 99 * (np.abs(b).astype("float64") @ np.abs(b).astype("float64")))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "float64", "complex64", "complex128"])
def test_vecdot_is_one_reduction_of_any_layout(dtype: str) -> None:
    generator = np.random.default_rng(1)
    for shape, other, axis in (((5000,), (5000,), -1), ((70, 90), (90,), -1), ((70, 90), (1, 70, 1), -2)):
        x, y = filled(shape, dtype, 0, generator), filled(other, dtype, 0, generator)
        for step in (1, -1, 2):
            own, beside = (x, y) if step == 1 else (x[..., ::step], y[..., ::step])
            products = np.conj(own) * beside
            total = np.any(products, axis) if dtype == "bool" else np.sum(products, axis, dtype=dtype)
            found = ao.vecdot(ao.asarray(own), ao.asarray(beside), axis=axis)
            assert found.dtype.name == dtype
            assert_close(found, total, 99 * np.sum(np.abs(products.astype("complex128")), axis))


def test_a_part_of_a_complex_dot_product_may_overflow() -> None:
    x = ao.asarray(np.tile([1e300 + 0j, -1e300j, -1e300, 1e300j], 200))
    assert complex(ao.vecdot(ao.asarray(np.full(800, 1e8 + 0j)), x)) == 0
    assert complex(ao.vecdot(x, ao.asarray(np.full(800, 1e8)))) == 0


M, V = ao.ones((2, 3)), ao.ones(3)
HUGE = ao.broadcast_to(ao.tensor(1.0), (2**31, 1))
ERRORS: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (ValueError, r"matmul: x1 and x2 .* shapes \(2, 3\) and \(2, 3\)", lambda: M @ M),
    (ValueError, r"matmul: x1 and x2 .* shapes \(3,\) and \(2, 3\)", lambda: V @ M),
    (ValueError, r"x2 must have at least 1 dimension, .*; multiply by a number with \*", lambda: M @ 2),
    (ValueError, "x1 must have at least 1 dimension", lambda: ao.matmul(ao.tensor(2.0), V)),
    (ValueError, "broadcast together in all axes but the last two", lambda: ao.ones((2, 2, 3)) @ ao.ones((3, 3, 2))),
    (TypeError, "unsupported operand type", lambda: M @ "matrix"),
    (ValueError, r"matmul: x1 and x2 .* shapes \(2, 3\) and \(2, 3\)", lambda: M.__imatmul__(M)),
    (ValueError, r"matmul: out must have the shape of the result \(2, 2\), got \(2, 3\)", lambda: M.__imatmul__(M.T)),
    (TypeError, "matmul: x2 must be a Tensor", lambda: M.__imatmul__("matrix")),
    (TypeError, "matmul: out", lambda: ao.ones((2, 2), dtype="int64").__imatmul__(ao.ones((2, 2)))),
    (ValueError, r"vecdot: x1 and x2 .* \(2, 3\) and \(4,\)", lambda: ao.vecdot(M, ao.ones(4))),
    (IndexError, "vecdot: axis must be from -1 to 0", lambda: ao.vecdot(M, V, axis=-2)),
    (ValueError, "vecdot: axis must count from the end, .*; write axis=-1", lambda: ao.vecdot(M, V, axis=0)),
    (ValueError, r"tensordot: x1 and x2 .* \(2, 3\) and \(2, 3\)", lambda: ao.tensordot(M, M, axes=1)),
    (ValueError, "axes must be from 0 to 2", lambda: ao.tensordot(M, M, axes=3)),
    (ValueError, "as many axes of x1 as of x2, got 1 and 2", lambda: ao.tensordot(M, M, axes=((0,), (0, 1)))),
    (ValueError, "two sequences of ints", lambda: ao.tensordot(M, M, axes=((0,),))),
    (ValueError, "tensordot: shape must", lambda: ao.tensordot(HUGE, HUGE.T, axes=1)),
    (ValueError, "einsum: shape must", lambda: ao.einsum("ij,jk->ik", HUGE, HUGE.T)),
    (ValueError, "matmul: shape must", lambda: ao.matmul(HUGE, HUGE.T)),
    (TypeError, "einsum: subscripts must be a string", lambda: ao.einsum(M, M)),  # type: ignore[arg-type]
    (ValueError, "a term for each of 1 operands", lambda: ao.einsum("ij,jk", M)),
    (ValueError, r"name 2 axes for operands\[0\], got 'ijk'", lambda: ao.einsum("ijk", M)),
    (ValueError, "consist of letters", lambda: ao.einsum("i1", M)),
    (ValueError, "got 'k' in 'ij->k'", lambda: ao.einsum("ij->k", M)),
    (ValueError, "each axis of the result once", lambda: ao.einsum("ij->ii", M)),
    (ValueError, "the axes named 'j' must have one length, got 3 and 2", lambda: ao.einsum("ij,jk", M, M)),
    (ValueError, "an ellipsis in the result", lambda: ao.einsum("...i->i", M)),
]


@pytest.mark.parametrize(("kind", "message", "call"), ERRORS, ids=lambda value: value if isinstance(value, str) else "")
def test_errors_say_what_is_wrong(kind: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_what_the_native_function_declines() -> None:
    batch = ao.ones((2, 2, 3))
    for x, y in ((M, M), (M, ao.astype(M.T, ao.float32)), (M, 1), (batch, ao.ones((3, 3, 2))), (M > 0, M.T > 0)):
        assert _native.matmul("matmul", x, y) is None  # type: ignore[arg-type]


def test_long_products_are_interrupted() -> None:
    script = """
        import os, signal, threading, time
        import aotops as ao
        x = ao.ones((3000, 3000))
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                ao.matmul(x, x)
        except KeyboardInterrupt:
            print("interrupted", (x[:2] @ x).sum().item())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["interrupted", "18000000.0"], done.stderr


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
def test_sums_that_wait_between_blocks_have_the_same_bits(dtype: str) -> None:
    """More rows than wait at once, blocks of unequal lengths, and narrow last panels and tiles."""
    generator = np.random.default_rng(6)
    x = (100 * generator.random((1103, 613))).astype(dtype)
    y = (100 * generator.random((613, 37))).astype(dtype)
    a, b = ao.asarray(x), ao.asarray(y)
    got = np.asarray(a @ b)
    np.testing.assert_allclose(got, x @ y, rtol=1e-4 if got.dtype.kind in "fc" else 0)
    for first, last in ((0, 8), (8, 13), (1040, 1103), (1100, 1103)):
        np.testing.assert_array_equal(np.asarray(a[first:last] @ b), got[first:last])
    start = ao.asarray(got)
    added = np.asarray(linear_algebra.linear(a, b.T, start))
    np.testing.assert_array_equal(np.asarray(linear_algebra.linear(a[1050:], b.T, start[1050:])), added[1050:])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
def test_rows_a_power_of_two_apart_give_the_same_bits(dtype: str) -> None:
    generator = np.random.default_rng(5)
    for rows, depth, columns in ((96, 128, 128), (130, 256, 64), (97, 200, 128), (12, 128, 128)):
        x = (100 * generator.random((rows, depth))).astype(dtype)
        wide = (100 * generator.random((depth, columns + 3))).astype(dtype)
        apart = ao.asarray(wide)[:, :columns]  # rows of another length
        close = ao.asarray(np.ascontiguousarray(wide[:, :columns]))
        both = [np.asarray(ao.asarray(x) @ each) for each in (apart, close)]
        np.testing.assert_array_equal(*both)
        np.testing.assert_allclose(both[0], x @ wide[:, :columns], rtol=1e-4 if dtype[-2:] in ("32", "64") else 0)
