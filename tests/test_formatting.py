"""Format specifications, and how many digits are printed."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao

# --- format specifications ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "specification", "expected"),
    [
        (ao.tensor([1.0, 2.5, 1 / 3]), ".2f", "tensor([1.00, 2.50, 0.33])"),
        (ao.tensor([1.0, -20.5]), ".1f", "tensor([  1.0, -20.5])"),
        (ao.tensor([[1, 20], [3, 4]]), "d", "tensor([[ 1, 20],\n        [ 3,  4]])"),
        (ao.arange(3), "03d", "tensor([000, 001, 002])"),
        (ao.tensor([10, 255]), "#x", "tensor([ 0xa, 0xff])"),
        (ao.tensor([1, -1]), "+", "tensor([+1, -1])"),
        (ao.tensor([1234567]), ",", "tensor([1,234,567])"),
        (ao.tensor([0.5, 0.25]), ".0%", "tensor([50%, 25%])"),
        (ao.tensor([0.0, -0.0]), ".1f", "tensor([ 0.0, -0.0])"),
        (ao.tensor([math.nan, math.inf, -math.inf, 1.0]), ".1f", "tensor([ nan,  inf, -inf,  1.0])"),
        (ao.tensor([1e10, 1e-10]), ".1e", "tensor([1.0e+10, 1.0e-10])"),
        (ao.tensor([True, False]), "d", "tensor([1, 0])"),
        (ao.tensor([1.5]), ".2f", "tensor([1.50])"),
        (ao.tensor([1 / 3], dtype="float32"), ".3g", "tensor([0.333])"),
        (ao.ones(2), ">6", "tensor([   1.0,    1.0])"),
        (ao.tensor(1 / 3), ".2f", "0.33"),
        (ao.tensor(7), ">4d", "   7"),
        (ao.tensor(True), "d", "1"),
        (ao.tensor(-0.0), ".1f", "-0.0"),
        (ao.tensor(math.nan), ".1f", "nan"),
        (ao.zeros(0), ".2f", "tensor([], dtype=aotops.float64)"),
        (ao.zeros((2, 0)), ".2f", "tensor([], shape=(2, 0), dtype=aotops.float64)"),
    ],
)
def test_each_element_is_formatted(x: ao.Tensor, specification: str, expected: str) -> None:
    assert format(x, specification) == expected


def test_without_a_specification_it_is_str() -> None:
    for x in (ao.tensor(2.5), ao.ones(3), ao.zeros((0, 2)), ao.arange(2000)):
        assert f"{x}" == str(x) == repr(x) and f"{x!s:>200}" == str(x).rjust(200)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=6),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([".2f", ".3e", "g", "+.1f", " .0f", "012.3f", ".1%", "e", ",.2f", "<9.2f", "^9.1f", "_.1f", "n"]),
)
def test_elements_are_formatted_as_pythons_floats(values: list[float], dtype: str, specification: str) -> None:
    array_ = np.array(values, dtype)
    printed = format(ao.asarray(array_), specification)
    wanted = [format(value, specification) for value in array_.tolist()]
    found = re.split(r",\s+", printed.removeprefix("tensor([").removesuffix("])"))
    assert [string.strip() for string in found] == [string.strip() for string in wanted]
    assert [format(t, specification) for t in (ao.asarray(array_)[k, ...] for k in range(len(values)))] == wanted


@pytest.mark.parametrize(
    ("dtype", "specification"),
    [
        ("float64", "d"),
        ("float32", "x"),
        ("int64", ".2q"),
        ("int64", ".2d"),
        ("bool", "zz"),
        ("float64", "q"),
        ("float64", "s"),
    ],
)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,), (3,), (2, 3)], ids=str)
def test_a_wrong_specification_is_pythons_error(dtype: str, specification: str, shape: tuple[int, ...]) -> None:
    number = np.zeros(1, dtype)[0].item()
    with pytest.raises(ValueError, match=r"[Ff]ormat|[Pp]recision") as python:
        format(number, specification)
    with pytest.raises(ValueError, match=r"[Ff]ormat|[Pp]recision") as ours:
        format(ao.zeros(shape, dtype=dtype), specification)
    assert str(ours.value) == str(python.value)


def test_only_what_is_shown_is_formatted() -> None:
    printed = format(ao.arange(1_000_000).view(1000, 1000), "x")
    assert printed.startswith("tensor([[    0,     1,     2, ...,   3e5,") and printed.count("...") == 7
    assert len(printed) < 1000


# --- digits ------------------------------------------------------------------------------------------------------


def digits_of(x: Any) -> str:
    """What is printed of a tensor without dimensions, its dtype left out."""
    return repr(x).removeprefix("tensor(").partition(",")[0].removesuffix(")")


@settings(max_examples=500, deadline=None)
@given(st.floats())
def test_a_number_by_itself_shows_all_its_digits(value: float) -> None:
    printed = digits_of(ao.tensor(value))
    assert math.isnan(value) or float(printed) == value
    if math.isfinite(value):
        assert math.copysign(1.0, float(printed)) == math.copysign(1.0, value)
        digits = re.sub(r"e.*|[^0-9]", "", printed).lstrip("0").rstrip("0")
        shortest = re.sub(r"e.*|[^0-9]", "", repr(value)).lstrip("0").rstrip("0")
        assert digits == shortest, "no more digits than repr of the number"


@settings(max_examples=500, deadline=None)
@given(st.floats(width=32))
def test_a_float32_by_itself_reads_back(value: float) -> None:
    x = ao.tensor(value, dtype="float32")
    printed = digits_of(x)
    assert math.isnan(value) or np.float32(printed) == np.float32(value)
    digits = re.sub(r"e.*|[^0-9]", "", printed).lstrip("0").rstrip("0")
    assert len(digits) <= 9
    if math.isfinite(value) and value != 0:
        shortest = re.sub(r"e.*|[^0-9]", "", np.format_float_scientific(np.float32(value)))
        assert len(digits) <= len(shortest.strip("0")) + 1, "one more beside a power of two at most"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1 / 3, "0.3333333333333333"),
        (999.9999999999999, "999.9999999999999"),
        (0.1 + 0.2, "0.30000000000000004"),
        (0.00012345678901234567, "0.00012345678901234567"),
        (123456789.125, "1.23456789125e+08"),
        (1.0, "1."),
        (-0.0, "-0."),
        (5e-324, "5.e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.inf, "inf"),
        (-math.nan, "nan"),
        (2**63 - 1, "9223372036854775807"),
        (True, "True"),
    ],
)
def test_numbers_by_themselves(value: float, printed: str) -> None:
    assert repr(ao.tensor(value)) == str(ao.tensor(value)) == f"tensor({printed})"


@pytest.mark.parametrize(
    "values",
    [
        [-3 - 10j, 9 - 3j],
        [1.5 + 2.25j, 1 + 2j],
        [1e3 + 0.5j, -20 + 100j, 3 - 1j],
        [1.5 + 2.25j, complex(0, math.inf), complex(math.nan, -1)],
        [0.1 + 1000j, 2.25 - 1j],
    ],
)
def test_columns_of_complex_numbers_are_aligned_as_numpys(values: list[complex]) -> None:
    wanted = repr(np.array(values)).removeprefix("array")
    assert repr(ao.tensor(values)).removeprefix("tensor") == wanted


def test_the_nearest_float32_reads_as_the_number_that_it_stands_for() -> None:
    for value in (1e-4, -1e-4):
        for dtype in ("float32", "float64"):
            assert repr(ao.tensor([value], dtype=dtype)).startswith(f"tensor([{value:.4f}]")


def test_the_mean_shows_its_digits_and_columns_show_eight() -> None:
    x = ao.tensor([1.0, 1.0, 2.0])
    assert repr(x.mean()) == "tensor(1.3333333333333333)"
    assert repr(x / 3) == "tensor([0.33333333, 0.33333333, 0.66666667])"
    assert repr(ao.astype(x, "float32").mean()) == "tensor(1.3333334, dtype=aotops.float32)"
