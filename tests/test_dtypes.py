"""Every dtype in every operator and layout, as NumPy has it; the functions that tell about dtypes."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, FLOATS, INTEGERS, LAYOUTS, assert_same, ulps

import aotops as ao
from aotops import _native, abi, ops
from aotops.ops.record import Record
from aotops.reference import stored

RECORDS = [record for record in ops.collect().values() if ao.is_public(record.name)]
REDUCTIONS = [record for record in RECORDS if record.kind in ("reduce", "argreduce", "scan")]
ELEMENTWISE = [record for record in RECORDS if record.kind in ("map", "zip")]
SMALL = [name for name, layout in LAYOUTS.items() if np.prod(layout.shape) <= 4000]


def computed(record: Record, dtype: str) -> str | None:
    return dtype if dtype in record.dtypes else record.casts.get(dtype)


def reduced(record: Record, array: np.ndarray, axis: int | None) -> np.ndarray:
    """What NumPy makes of an array, in the dtype in which the operator computes."""
    wanted = array.astype(computed(record, array.dtype.name) or array.dtype)
    with np.errstate(all="ignore"):
        return np.asarray(record.numpy(np, wanted, axis=axis))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(REDUCTIONS), st.sampled_from(DTYPES), st.sampled_from(SMALL), st.data())
def test_reductions_of_every_dtype(record: Record, dtype: str, layout: str, data: st.DataObject) -> None:
    if computed(record, dtype) is None or record.inputs > 1:
        return
    t, array = LAYOUTS[layout].pair(dtype, 3, "powers" if "prod" in record.name else "plain")
    axes = [*range(t.ndim)] if record.kind == "scan" else [None, *range(t.ndim)]
    if not axes or (array.size == 0 and record.identity is None):
        return
    axis = data.draw(st.sampled_from(axes))
    operator = _native.operators[record.name]
    result = operator(t, axis) if axis is not None else operator(t)
    assert_same(result, reduced(record, array, axis), f"{record.name} {dtype} {layout} {axis}", zero_sign=False)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ELEMENTWISE), st.data())
def test_elementwise_operators_of_every_dtype(record: Record, data: st.DataObject) -> None:
    layout = LAYOUTS[data.draw(st.sampled_from(SMALL))]
    values = data.draw(st.sampled_from(["plain", "special"]))
    dtypes = [data.draw(st.sampled_from(DTYPES)) for _ in record.parameters]
    made = [layout.pair(dtype, k, values) for k, dtype in enumerate(dtypes)]
    tensors, arrays = [tensor for tensor, _ in made], [array for _, array in made]
    own = [array for name, array in zip(record.parameters, arrays, strict=True) if name not in record.fixed]
    dtype = computed(record, np.result_type(*own).name)
    if dtype is None or record.fixed.keys() - record.bool_inputs:
        return
    with np.errstate(all="ignore"):
        cast = [array.astype(each) for array, each in zip(arrays, record.inputs_for(dtype), strict=True)]
        wanted = np.asarray(record.numpy(np, *cast))
    result = _native.operators[record.name](*tensors)
    context = f"{record.name} {dtypes} {layout.name} {values}"
    if record.max_ulp and dtype in FLOATS:
        assert ulps(np.asarray(result), wanted).max(initial=0) <= record.max_ulp + 4, context
    else:
        assert_same(result, wanted, context, zero_sign=not record.cases.any_zero)


def test_signless_records_are_those_whose_low_bits_do_not_depend_on_the_sign() -> None:
    """Of all pairs of a few 8-bit integers: a record that is not declared signless gives different bits for some."""
    numbers = [0, 1, 2, 3, 7, 100, 127, 128, 129, 200, 254, 255]
    for record in ELEMENTWISE:
        if not {"int8", "uint8"} <= set(record.dtypes) or record.fixed.keys() - record.bool_inputs:
            continue
        results = []
        for dtype in ("int8", "uint8"):
            result = record.result_for(dtype)
            scalar = record.scalar_for(dtype)
            count = len(record.parameters)
            inputs = [
                tuple(stored(value, own) for value, own in zip(values, record.inputs_for(dtype), strict=True))
                for values in itertools.product(numbers, repeat=count)
            ]
            results.append([stored(stored(scalar(*values), result), "uint8") for values in inputs])
        assert (results[0] == results[1]) == record.signless, record.name


# --- numbers that the dtype holds, and others -----------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(INTEGERS), st.integers(-(2**65), 2**65))
def test_python_ints_are_weak_and_must_fit(dtype: str, number: int) -> None:
    t, array = ao.tensor([1, 2, 3], dtype=dtype), np.array([1, 2, 3], dtype)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    if least <= number <= most:
        with np.errstate(all="ignore"):
            assert_same(t + number, array + number)
            assert_same(number - t, number - array)
        assert ao.full(2, number, dtype=dtype).tolist() == [number] * 2
        assert ao.tensor([number], dtype=dtype).item() == number and ao.tensor(number, dtype=dtype).item() == number
    else:
        for call in (
            lambda: t + number,
            lambda: number * t,
            lambda: ao.full(2, number, dtype=dtype),
            lambda: ao.tensor([number], dtype=dtype),
            lambda: t.__setitem__(0, number),
        ):
            with pytest.raises(OverflowError, match=f"must fit {dtype}"):
                call()
    for comparison in (lambda x: x < number, lambda x: number <= x, lambda x: x == number, lambda x: x != number):
        assert comparison(t).tolist() == [comparison(value) for value in (1, 2, 3)]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_held_whole(dtype: str, tmp_path: Any) -> None:
    least, most = abi.FACTS[dtype].bounds
    numbers = [least, least + 1, 0, 1, most - 1, most]
    t = ao.tensor(numbers, dtype=dtype)
    assert t.tolist() == numbers and [x.item() for x in t] == numbers and int(t[-1]) == most
    assert np.asarray(t).dtype == dtype and np.asarray(t).tolist() == numbers
    assert ao.asarray(np.asarray(t)).dtype == dtype and memoryview(t).tolist() == numbers
    assert ao.max(t).item() == most and ao.min(t).item() == least
    assert ao.argmax(t).item() == 5 and ao.argmin(t).item() == 0
    assert pickle.loads(pickle.dumps(t)).tolist() == numbers and str(most) in repr(t) and "ao" not in repr(t.tolist())
    assert repr(t).endswith("])" if dtype == "int64" else f"dtype=aotops.{dtype})")
    assert [10, 20, 30][ao.tensor(2, dtype=dtype)] == 30, "integers are indices"
    assert ao.arange(3, dtype=dtype).tolist() == [0, 1, 2] and ao.ones(2, dtype=dtype).tolist() == [1, 1]
    assert ao.tensor([2.9, -0.0], dtype=dtype).tolist() == [2, 0]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=40), st.sampled_from(FLOATS))
def test_floats_become_uint64_as_they_become_int64(values: list[float], source: str) -> None:
    with np.errstate(over="ignore"):
        x = np.array([*values, 2.0**63, 2.0**64, 2.0**64 - 2048, 2.0**63 + 2048, -1.5, -(2.0**63)]).astype(source)
    got = ao.asarray(x).astype("uint64").tolist()
    for number, result in zip(x.tolist(), got, strict=True):
        if -(2.0**63) <= number < 2.0**64:
            assert result == int(number) % 2**64
        else:
            assert result == 2**63, "NaN, and what neither holds"


# --- several dtypes --------------------------------------------------------------------------------------------------


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(DTYPES), min_size=1, max_size=5))
def test_several_dtypes_promote_as_numpys(names: list[str]) -> None:
    wanted = np.result_type(*names).name
    assert ao.result_type(*names) == wanted and abi.promote(*names) == wanted
    tensors = [ao.zeros(1, dtype=name) for name in names]
    assert ao.result_type(*tensors) == wanted and ao.tensor(tensors).dtype == wanted
    if len(names) == 3:
        assert ao.where(*tensors).dtype == np.result_type(*names[1:])
        if wanted != "bool":
            assert ao.clip(*tensors).dtype == wanted


# --- what dtypes can ------------------------------------------------------------------------------------------------

KINDS = ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric")


@pytest.mark.parametrize("order", ["", "=", "|", "<"])
@pytest.mark.parametrize("name", ao.dtypes.BY_NAME)
def test_codes_of_numpy_are_dtypes(name: str, order: str) -> None:
    code = order + np.dtype(name).str[1:]
    assert np.dtype(code).name == name
    assert ao.zeros(1, dtype=code).dtype == ao.ones(1).astype(code).dtype == getattr(ao, name)


def test_other_names_of_numpy_are_dtypes() -> None:
    for name in ("single", "double", "?", "int", "float", "complex"):
        assert ao.zeros(1, dtype=name).dtype == np.dtype(name)
    for name in ("", "<", "=", "f2", ">f4", "<single", "<float32", "S4", "M8", "f16", "b2"):
        with pytest.raises(TypeError, match="zeros: dtype must be one of bool, int8"):
            ao.zeros(1, dtype=name)


def test_kinds_are_numpys() -> None:
    for name in DTYPES:
        dtype = getattr(ao, name)
        for kind in KINDS:
            assert ao.isdtype(dtype, kind) == np.isdtype(np.dtype(name), kind), (name, kind)
        for first, second in itertools.product((*KINDS, *[getattr(ao, other) for other in DTYPES]), repeat=2):
            assert ao.isdtype(dtype, (first, second)) == (ao.isdtype(dtype, first) or ao.isdtype(dtype, second))
        assert ao.isdtype(dtype, dtype) and ao.isdtype(name, np.dtype(name))
    with pytest.raises(ValueError, match=r"isdtype: kind must be one of bool, signed integer, .* got 'integer'"):
        ao.isdtype(ao.int64, "integer")
    with pytest.raises(TypeError, match=r"isdtype: kind must be one of bool, int8, .* got int"):
        ao.isdtype(ao.int64, ("bool", 3))
    with pytest.raises(TypeError, match="isdtype: dtype must be one of bool, int8"):
        ao.isdtype(3, "bool")


def test_casts_are_numpys() -> None:
    for source, target in itertools.product(DTYPES, repeat=2):
        wanted = np.can_cast(source, target)
        assert ao.can_cast(getattr(ao, source), getattr(ao, target)) is wanted
        assert ao.can_cast(ao.zeros(1, dtype=source), target) is wanted
    with pytest.raises(TypeError, match="can_cast: from_ must be one of bool, int8"):
        ao.can_cast(3, ao.int64)
    with pytest.raises(TypeError, match="can_cast: to must be one of bool, int8"):
        ao.can_cast(ao.int64, 3)


def test_limits_are_numpys() -> None:
    for name in INTEGERS:
        ours, wanted = ao.iinfo(name), np.iinfo(name)
        assert (ours.bits, ours.max, ours.min, ours.dtype) == (wanted.bits, wanted.max, wanted.min, name)
        assert ao.iinfo(ao.zeros(1, dtype=name)).max == wanted.max and f"max={wanted.max}" in repr(ours)
    for name in FLOATS:
        ours, limits = ao.finfo(getattr(ao, name)), np.finfo(name)
        assert ours.dtype == name and ours.bits == limits.bits
        for attribute in ("eps", "max", "min", "smallest_normal"):
            value = getattr(ours, attribute)
            assert type(value) is float and value == float(getattr(limits, attribute))
    with pytest.raises(AttributeError, match="max must not be assigned to"):
        ao.finfo(ao.float32).max = 3.0
    with pytest.raises(TypeError, match="iinfo: type must be an integer dtype, got float32; use finfo"):
        ao.iinfo(ao.float32)
    with pytest.raises(TypeError, match="finfo: type must be a float dtype, got bool; use iinfo"):
        ao.finfo(ao.bool)


def test_the_namespace_tells_about_itself() -> None:
    info = ao.__array_namespace_info__()
    assert info.default_device() == "cpu" and info.devices() == ("cpu",)
    assert info.capabilities()["max dimensions"] == 32
    assert info.dtypes() == {name: getattr(ao, name) for name in abi.NAMES} == info.dtypes(device="cpu")
    for kind in KINDS:
        assert info.dtypes(kind=kind) == {n: d for n, d in info.dtypes().items() if ao.isdtype(d, kind)}
    assert list(info.dtypes(kind=("bool", "real floating"))) == ["bool", *FLOATS]
    defaults = info.default_dtypes()
    assert defaults["integral"] == defaults["indexing"] == ao.arange(3).dtype
    assert defaults["real floating"] == ao.ones(1).dtype
    for call in (info.dtypes, info.default_dtypes):
        with pytest.raises(ValueError, match="device must be 'cpu' or None, got 'gpu'"):
            call(device="gpu")
    with pytest.raises(ValueError, match="dtypes: kind must be one of"):
        info.dtypes(kind="ints")
    with pytest.raises(TypeError, match="dtypes: kind must be one of"):
        info.dtypes(kind=3)


def test_limits_are_copied_and_pickled() -> None:
    for limits in (ao.iinfo("int8"), ao.finfo("float32"), ao.finfo("complex128")):
        for copied in [copy.copy(limits), copy.deepcopy(limits)] + [
            pickle.loads(pickle.dumps(limits, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ]:
            assert type(copied) is type(limits) and repr(copied) == repr(limits) and copied.dtype is limits.dtype


def test_no_dtype_is_of_objects() -> None:
    assert [dtype.hasobject for dtype in (ao.bool, ao.int8, ao.complex128)] == [False] * 3
