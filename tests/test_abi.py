"""The one table of facts: promotion against NumPy for all dtypes of the standard, and what is generated from it."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops import _native, abi, encode

NAMES_OF_ALL = [fact.name for fact in abi.DTYPES]
PAIRS = list(itertools.product(abi.DTYPES, repeat=2))


# --- the rules ----------------------------------------------------------------------------------------------------


def test_the_dtypes_are_the_standards() -> None:
    assert len(abi.DTYPES) == 13
    for fact in abi.DTYPES:
        dtype = np.dtype(fact.name)
        assert dtype.itemsize == fact.itemsize <= abi.ELEMENT_BYTES
        if fact.category in ("bool", "integer"):
            ends = (np.iinfo(dtype).min, np.iinfo(dtype).max) if fact.kind != "bool" else (0, 1)
            assert fact.bounds == ends


@pytest.mark.parametrize(("a", "b"), PAIRS, ids=str)
def test_promotion_is_numpys(a: abi.DtypeFact, b: abi.DtypeFact) -> None:
    assert abi.promote(a.name, b.name) == np.result_type(a.name, b.name).name
    assert abi.can_cast(a.name, b.name) == np.can_cast(a.name, b.name, "same_kind")
    holds = abi.promote(a.name, b.name) == b.name
    assert (b.name in abi.holding(a.name)) == (holds and a.name != b.name) and holds == np.can_cast(a.name, b.name)


@pytest.mark.parametrize("dtype", NAMES_OF_ALL)
@pytest.mark.parametrize("number", [True, 1, 1.5, 1.5j], ids=["bool", "int", "float", "complex"])
def test_python_numbers_are_weak_as_numpys_are(dtype: str, number: Any) -> None:
    category = {bool: "bool", int: "integer", float: "float", complex: "complex"}[type(number)]
    if int(np.__version__.partition(".")[0]) < 2:
        pytest.skip("NumPy 1 promotes by the values of Python's numbers")
    assert abi.promote_number(dtype, category) == (np.ones(1, dtype) + number).dtype.name


def test_the_glue_has_the_same_rules() -> None:
    assert [dtype.name for dtype in _native.dtypes] == list(abi.NAMES)
    for fact, dtype in zip(abi.DTYPES, _native.dtypes, strict=True):
        assert (dtype.itemsize, dtype.kind) == (fact.itemsize, fact.category)
        for format in (dtype.format, fact.format):  # NumPy has other letters for complex numbers
            assert np.dtype({"Zf": "F", "Zd": "D"}.get(format, format)) == np.dtype(fact.name)
        assert getattr(ao, fact.name) is dtype is getattr(ao.dtypes, fact.name)
    for a, b in itertools.product(abi.NAMES, repeat=2):
        x, y = ao.ones(3, dtype=a), ao.ones(3, dtype=b)
        if "complex" in a + b:
            assert ao.where(True, x, y).dtype == ao.result_type(x, y) == abi.promote(a, b)
            continue
        assert ao.maximum(x, y).dtype == ao.result_type(x, y) == abi.promote(a, b)
        if abi.can_cast(a, b):
            assert ao.maximum(x, x, out=y) is y
        else:
            with pytest.raises(TypeError, match=f"out must be able to hold a result of dtype {a}"):
                ao.maximum(x, x, out=y)
        for number, category in ((True, "bool"), (1, "integer"), (1.5, "float")):
            assert ao.maximum(x, number).dtype == ao.result_type(x, number) == abi.promote_number(a, category)


# --- what is generated --------------------------------------------------------------------------------------------


@requires_numba
def test_the_header_says_what_the_table_says() -> None:
    from aotops.aot.pack.header import header

    text = header()
    for name in ("MAX_RANK", "MAX_OPERANDS", "MAX_LEVELS", "ELEMENT_BYTES", "NO_DTYPE"):
        assert f"#define AOT_{name} {getattr(abi, name)}" in text
    (slots,) = re.findall(r"enum aot_slot \{ (.*?) \};", text)
    assert slots.split(", ") == [f"AOT_SLOT_{slot.upper()}" for slot in ("none", *abi.SLOTS)] + ["AOT_N_SLOTS"]
    (dtypes,) = re.findall(r"enum aot_dtype \{ (.*?) \};", text)
    assert dtypes.split(", ") == [f"AOT_{name.upper()}" for name in abi.NAMES] + ["AOT_N_DTYPES"]


@requires_numba
def test_two_dtypes_that_promote_to_none_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    from aotops.aot.pack import header

    facts = {fact.name: fact for fact in abi.DTYPES if fact.name != "int16"}
    monkeypatch.setattr(abi, "NAMES", tuple(facts))
    monkeypatch.setattr(abi, "FACTS", facts)
    with pytest.raises(ao.BuildError, match="int8 and uint8 promote to int16, which has no row"):
        header.header()


def test_elements_are_numpys_bytes() -> None:
    for fact in abi.DTYPES:
        numbers = {"float": [0.1, -0.0, np.inf], "complex": [0.1 - 2j, complex(-0.0, np.inf)]}.get(fact.category)
        for number in numbers or [*fact.bounds, 1]:
            with np.errstate(all="ignore"):
                wanted = np.array([number], fact.name).tobytes()
            assert encode.element(number, fact.name) == wanted.ljust(abi.ELEMENT_BYTES, b"\0")


def test_codes_of_kernels_never_change() -> None:
    """Extensions that were built long ago have them."""
    codes = {name: encode.stable_code(name) for name in abi.NAMES}
    known = {"bool": 0x00, "float32": 0x32, "float64": 0x33, "complex64": 0x43, "complex128": 0x44}
    known |= {f"uint{8 << log2}": 0x10 + log2 for log2 in range(4)}
    known |= {f"int{8 << log2}": 0x20 + log2 for log2 in range(4)}
    assert codes == {name: known[name] for name in codes}
    assert encode.LOOPS == ("elementwise", "reduce", "argreduce", "scan")
