"""NumPy's functions inside of array kernels: what Numba has of them gives NumPy's results, all else is rejected."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="the functions call NumPy's")
pytestmark = requires_numba
inside = pytest.importorskip("numpy_inside")

TYPES = {
    "a": "float64[:]",
    "b": "float64[:]",
    "m": "float64[:, :]",
    "k": "int64[:]",
    "j": "int64[:]",
    "t": "bool[:]",
    "z": "complex128[:]",
}
#: Groups that every run compiles, some seconds each.
ALWAYS = ("covariance",)


def inputs(names: list[str]) -> list[Any]:
    rng = np.random.default_rng(15)
    arrays = {
        "a": rng.normal(size=7),
        "b": rng.normal(size=7),
        "m": rng.normal(size=(3, 4)),
        "k": rng.integers(0, 7, 7),
        "j": rng.integers(0, 9, 6),
        "t": rng.random(7) < 0.5,
        "z": rng.normal(size=5) + 1j * rng.normal(size=5),
    }
    return [arrays[name] for name in names]


def function_of(folder: Path, cases: tuple[str, ...]) -> tuple[Any, Any, list[str]]:
    """The function that returns the values of some expressions, declared and as it is, and its parameters."""
    names = [name for name in TYPES if any(re.search(rf"(?<![\w.]){name}(?!\w|\()", case) for case in cases)]
    results = "".join(f"    r{k} = {case}\n" for k, case in enumerate(cases))
    returned = ", ".join(f"r{k}" for k in range(len(cases)))
    source = f"import numpy as np\n\n\ndef f({', '.join(names)}):\n{results}    return ({returned},)\n"
    file = folder / "expressions.py"
    file.write_text(source, encoding="utf-8")
    scope: dict[str, Any] = {"__name__": "expressions"}
    exec(compile(source, str(file), "exec"), scope)
    return ao.function(f"({', '.join(TYPES[name] for name in names)})")(scope["f"]), scope["f"], names


def same(result: Any, expected: Any) -> bool:
    if isinstance(expected, (tuple, list)):
        return len(result) == len(expected) and all(map(same, result, expected))
    own, other = np.asarray(result), np.asarray(expected)
    close = own.dtype.kind in "biu" or np.allclose(own, other, rtol=1e-11, atol=1e-13, equal_nan=True)
    exact = own.dtype.kind in "fc" or np.array_equal(own, other)
    return own.dtype == other.dtype and own.shape == other.shape and close and exact


@pytest.mark.parametrize(
    "group", [pytest.param(each, marks=() if each in ALWAYS else pytest.mark.slow) for each in inside.GROUPS]
)
def test_numpy_s_functions_give_its_results(group: str, tmp_path: Path) -> None:
    cases = inside.GROUPS[group]
    function, plain, names = function_of(tmp_path, cases)
    given = inputs(names)
    with np.errstate(all="ignore"):
        wanted = plain(*given)
    strided = [np.repeat(each, 2, -1)[..., ::2] for each in given]
    for got in (function(*strided), function(*given)) if group in ALWAYS else (function(*strided),):
        for case, own, expected in zip(cases, got, wanted, strict=True):
            assert same(own, expected), f"{case}: {own!r}, not {expected!r}"


@pytest.mark.parametrize("case", inside.REJECTED)
def test_others_are_rejected_with_the_reason_and_the_line(case: str, tmp_path: Path) -> None:
    function, _, names = function_of(tmp_path, (case,))
    with pytest.raises(ao.BuildError) as caught:
        function(*inputs(names))
    message = str(caught.value)
    assert inside.REJECTED[case] in message
    assert re.search(r"expressions\.py, line \d+", message)
