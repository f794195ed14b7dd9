"""Functions that Numba's `vectorize` has decorated, as operators: the types that they are declared for are kept."""

from __future__ import annotations

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="results are compared with NumPy's")
pytestmark = requires_numba


def test_declared_types_are_those_of_the_operator() -> None:
    from numba import vectorize

    scale = ao.map(vectorize(["int64(int64)", "float64(float64)"])(lambda x: 2 * x))
    assert [[each.name for each in row] for row in scale.dtypes] == [["int64", "int64"], ["float64", "float64"]]
    assert scale(np.array([3])).dtype == np.int64
    above = ao.zip(vectorize(["bool_(float32, float32)", "bool_(float64, float64)"])(lambda x, y: x > y))
    assert {row[-1].name for row in above.dtypes} == {"bool"}
    power = ao.zip(vectorize(["float64(float64, int32)", "float32(float32, int32)"])(lambda x, n: x * n))
    assert [[each.name for each in row] for row in power.dtypes] == [
        ["float32", "int32", "float32"],
        ["float64", "int32", "float64"],
    ]
    assert power(np.ones(2, "float32"), np.array([2, 3], "int32")).tolist() == [2, 3]
    single = ao.zip(vectorize(["float64(int64, float64)"])(lambda n, x: n + x))
    assert [[each.name for each in row] for row in single.dtypes] == [["int64", "float64", "float64"]]


def test_what_a_declaration_says_itself_counts() -> None:
    from numba import vectorize

    declared = vectorize(["float64(float64)"])(lambda x: x + 1)
    assert len(ao.map(declared, dtypes=("float32", "float64")).dtypes) == 2
    assert ao.map(declared, result="float32").dtypes[0][-1].name == "float32"
    lazy = vectorize(lambda x: x + 1)
    assert [row[0].name for row in ao.map(lazy).dtypes] == ["float32", "float64"]


def test_signatures_that_no_operator_has_are_rejected() -> None:
    from numba import vectorize

    several = vectorize(["float64(float64, int32)", "float32(float32, int64)"])(lambda x, n: x * n)
    with pytest.raises(
        ao.RecordError, match=r"have one dtype, or the same ones .* got .*\(float64, int32\) -> float64"
    ):
        ao.zip(several)
    assert ao.zip(several, dtypes="float64").parameters == ("x", "n")
    assert [row[0].name for row in ao.map(vectorize(["uint64(uint64)"])(lambda x: x)).dtypes] == ["uint64"]
