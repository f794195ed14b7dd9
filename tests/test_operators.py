"""The operators, from their records: every layout, promotion, out=, special methods, reductions, same bits."""

import doctest
import functools
import hashlib
import importlib
import inspect
import itertools
import json
import math
import operator
import os
import pkgutil
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from cells import for_each
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, FLOATS, INTEGERS, LAYOUTS, OVERLAPS, SAMPLED, Layout, assert_same, ulps

import aotops as ao
from aotops import _native, ops
from aotops.abi import AXIS_KINDS, FACTS
from aotops.aot.back.levels import X86_64_LEVELS
from aotops.operator import COMPARISONS
from aotops.ops.record import SLOTS, Record

#: The parts of sums and products that are done again: test_overflow, and test_complex.
AGAIN = {"_product_apart", "_product_by_blocks", "_cumulative_product_apart", "_inverse_power", "_finite_or_scaled"}
AGAIN |= {"_complex_product_apart", "_cumulative_complex_product_apart"}

#: Derivatives: test_derivatives. Operators of positions: test_positions.
RECORDS = {
    name: record
    for name, record in ops.collect().items()
    if "." not in name and not record.positions and name not in AGAIN
}
MAPS, ZIPS, REDUCTIONS, ARGREDUCTIONS, SCANS = (
    [r for r in RECORDS.values() if r.kind == kind] for kind in ("map", "zip", "reduce", "argreduce", "scan")
)
#: Reductions of the elements themselves, which give one of them or a number like them.
PLAIN_REDUCTIONS = [record for record in REDUCTIONS if record.map is None]
#: All but that of complex numbers alone, for which test_vecdot_is_one_reduction_of_any_layout has its own.
REAL_REDUCTIONS = [record for record in REDUCTIONS if any(FACTS[dtype].kind != "complex" for dtype in record.dtypes)]
ELEMENTWISE = MAPS + ZIPS

#: What Python itself calls the special methods of the records' slots.
SLOT_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "true_divide": operator.truediv,
    "power": operator.pow,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "negative": operator.neg,
    "positive": operator.pos,
    "invert": operator.invert,
    "absolute": abs,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
}
IN_PLACE = {
    "add": operator.iadd,
    "subtract": operator.isub,
    "multiply": operator.imul,
    "divide": operator.itruediv,
    "remainder": operator.imod,
    "bitwise_and": operator.iand,
    "bitwise_or": operator.ior,
    "bitwise_xor": operator.ixor,
    "bitwise_left_shift": operator.ilshift,
    "bitwise_right_shift": operator.irshift,
}

by_name = functools.partial(pytest.mark.parametrize, ids=lambda value: getattr(value, "name", None))


def function(record: Record) -> Any:
    """The compiled operator of a record, public or a private part of public functions."""
    return _native.operators[record.name]


def deciding(record: Record, operands: Iterable[Any]) -> list[Any]:
    """The operands that have a say in the dtype: neither conditions nor left out."""
    named = zip(record.parameters, operands, strict=True)
    return [operand for name, operand in named if name not in record.fixed and operand is not None]


def kernel_dtype(record: Record, *operands: Any) -> str | None:
    """The dtype in which NumPy's promotion has an operator compute, or None if it has no kernel for it."""
    dtype = np.result_type(*deciding(record, operands)).name
    return dtype if dtype in record.dtypes else record.casts.get(dtype)


def expected(record: Record, *operands: Any, dtype: str | None = None, **keywords: Any) -> np.ndarray:
    """What the record's reference makes of NumPy arrays, Python numbers and None for what is left out."""
    dtype = dtype or kernel_dtype(record, *operands)
    assert dtype is not None, "the operator has no kernel for these"
    with np.errstate(all="ignore"):
        arrays = [
            np.asarray(record.default_for(name, dtype) if operand is None else operand).astype(own)
            for name, operand, own in zip(record.parameters, operands, record.inputs_for(dtype), strict=True)
        ]
        return np.asarray(record.numpy(np, *arrays, **keywords))


def pairs_of(
    record: Record, layout: Layout, dtype: str, seed: int, values: str = "plain"
) -> tuple[list[ao.Tensor], list[np.ndarray]]:
    """Tensors and arrays of a layout for all inputs of an operator that computes in a dtype."""
    made = [layout.pair(own, seed + 100 * k, values) for k, own in enumerate(record.inputs_for(dtype))]
    return [tensor for tensor, _ in made], [array for _, array in made]


def exact_dtypes(record: Record) -> list[str]:
    """The dtypes in which results are NumPy's to the bit; it rounds products of complex numbers otherwise.

    Functions of complex numbers are compared with mpmath, in test_complex_functions.
    """
    rounded = record.name in ("multiply", "divide", "square", "prod", "cumulative_prod")
    rounded |= any(hasattr(function, "in_one_loop") for function in record.specialised.values())
    kinds = ("complex",) if rounded else ()
    return [dtype for dtype in record.dtypes if FACTS[dtype].kind not in kinds]


def assert_as_numpy(record: Record, result: Any, *operands: Any, context: str = "") -> None:
    """Demand NumPy's result, exactly, or within the units that the record and NumPy allow themselves."""
    __tracebackhide__ = True
    wanted = expected(record, *operands)
    if record.max_ulp:
        assert result.dtype.name == wanted.dtype.name and result.shape == wanted.shape, context
        distance = ulps(np.asarray(result), wanted)
        if record.cases.least:
            with np.errstate(invalid="ignore"):
                apart = np.abs(np.asarray(result) - wanted) / np.spacing(wanted.dtype.type(record.cases.least))
            distance = np.where(np.abs(wanted) < record.cases.least, apart, distance)
        assert distance.max(initial=0) <= record.max_ulp + 4, f"{context}: {distance.max()} units away from NumPy"
    else:
        assert_same(result, wanted, context, zero_sign=not record.cases.any_zero)


def supported(records: list[Record]) -> list[Any]:
    """Each record with each dtype that it takes, as test parameters."""
    return [
        pytest.param(record, dtype, id=f"{record.name}-{dtype}")
        for record in records
        for dtype in DTYPES
        if dtype in record.dtypes or dtype in record.casts
    ]


# --- completeness ----------------------------------------------------------------------------------------------


def test_scalar_functions_run_as_plain_python() -> None:
    for record in RECORDS.values():
        assert _native.operators[record.name].scalar in (record.scalar, record.specialised.get("float64"))
    assert ao.exp.scalar(1.0) == ao.exp(ao.tensor(1.0)).item()
    assert ao.pow.scalar(3.0, 2.0) == 9.0
    assert ao.sum.scalar(2.0, 5.0) == 7.0

    def cube(x: float) -> float:
        return x * x * x

    operator = ao.map(cube)
    assert operator.scalar is cube
    with pytest.raises(AttributeError):
        operator.scalar = abs


def test_records_are_the_compiled_and_the_public_operators() -> None:
    public = {name for name in ao.__all__ if isinstance(getattr(ao, name), ao.Operator)}
    assert list(ops.collect()) == list(_native.operators)
    assert {name for name in RECORDS if not name.startswith("_")} == public
    assert all(getattr(ao, name) is _native.operators[name] for name in public)
    assert len(public) >= 28
    assert {record.kind for record in RECORDS.values()} == {"map", "zip", "reduce", "argreduce", "scan"}


def test_private_operators_are_not_public_names() -> None:
    private = [name for name in ops.collect() if name.startswith("_") and "." not in name]
    assert private
    for name in private:
        assert name not in ao.__all__ and name not in dir(ao) and not hasattr(ao.Tensor, name)
        with pytest.raises(AttributeError, match=f"module 'aotops' has no attribute '{name}'"):
            getattr(ao, name)


@by_name("record", RECORDS.values())
def test_a_compiled_operator_is_what_its_record_says(record: Record) -> None:
    compiled = function(record)
    assert compiled.__name__ == compiled.__qualname__ == record.name
    assert compiled.kind == record.kind
    assert compiled.parameters == record.parameters
    assert compiled.bool_inputs == record.bool_inputs
    assert compiled.optional == tuple(name for name in record.parameters if name in record.defaults)
    assert compiled.dtypes == tuple((*record.inputs_for(dtype), record.result_for(dtype)) for dtype in record.dtypes)
    assert compiled.casts == record.casts
    assert compiled.__doc__ == record.doc
    assert repr(compiled) == f"<aotops operator {record.name}>"


@by_name("record", RECORDS.values())
def test_a_method_of_tensors_exists_where_the_record_says_so(record: Record) -> None:
    assert hasattr(ao.Tensor, record.name) == record.method
    if record.method:
        t = ao.tensor([[0.5, 2.0], [1.0, 3.0]])
        axes = [1] if record.kind in AXIS_KINDS else []
        assert_same(getattr(t, record.name)(*axes), np.asarray(function(record)(t, *axes)), record.name)
        assert getattr(ao.Tensor, record.name) is function(record)


def test_every_slot_of_the_abi_belongs_to_one_record() -> None:
    assert sorted(record.slot for record in RECORDS.values() if record.slot) == sorted(SLOTS)
    assert set(SLOT_FUNCTIONS) == set(SLOTS)


@by_name("record", RECORDS.values())
def test_an_operators_docstring_has_an_example(record: Record) -> None:
    summary = record.doc.splitlines()[0]
    assert summary.endswith(".") and len(summary) > 20
    assert f">>> ao.{record.name}(" in record.doc or record.name.startswith("_")


@by_name("record", RECORDS.values())
def test_a_signature_is_what_calls_take(record: Record) -> None:
    signature = inspect.signature(function(record))
    parameters = signature.parameters
    inputs = list(parameters)[: record.inputs]
    assert tuple(inputs) == record.parameters
    folds = record.kind in AXIS_KINDS
    for name in inputs:
        assert parameters[name].kind.name == ("POSITIONAL_ONLY" if folds else "POSITIONAL_OR_KEYWORD")
        assert (parameters[name].default is None) == (name in record.defaults)
    options = list(parameters)[record.inputs :]
    flag = ([record.flag] if record.identity is not None else []) if record.kind == "scan" else ["keepdims"]
    dtype = ["dtype"] if record.takes_dtype else []
    masks = record.kind == "reduce" and record.map is None
    assert options == (["axis", *flag, *dtype, "out", *(["initial", "where"] * masks)] if folds else ["out", "where"])
    # and every one of them is taken
    dtype_name = record.dtypes[-1]
    x = [ao.ones((2, 2), dtype=own) for own in record.inputs_for(dtype_name)]
    if folds:
        given = {"axis": 1, **dict.fromkeys(flag, True), **({"dtype": dtype_name} if dtype else {}), "out": None}
        result = function(record)(*x, **given, **({"initial": None, "where": True} if masks else {}))
        assert result.shape == ((2, 2 + len(flag)) if record.kind == "scan" else (2, 1))
    else:
        named = dict(zip(reversed(inputs), reversed(x), strict=True))
        assert_same(function(record)(**named, out=None, where=True), np.asarray(function(record)(*x)))


def public_modules() -> list[str]:
    """The modules of the package that run without a compiler."""
    names = [module.name for module in pkgutil.iter_modules(ao.__path__) if not module.name.startswith("_")]
    return [f"aotops.{name}" for name in sorted(names) if name not in ("aot", "cli")]


def examples() -> list[Any]:
    """Every docstring of the modules, as test parameters; those of public names run in tests/test_reference.py."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [importlib.import_module(name) for name in [*public_modules(), "aotops"]]
    found = [test for module in modules for test in finder.find(module)]
    return [pytest.param(test, id=test.name) for test in found if test.examples]


@pytest.mark.parametrize("example", examples())
def test_examples_in_docstrings(example: doctest.DocTest) -> None:
    report: list[str] = []
    # a copy, for the runner clears the globals
    again = doctest.DocTest(
        example.examples, example.globs, example.name, example.filename, example.lineno, example.docstring
    )
    outcome = doctest.DocTestRunner(verbose=False).run(again, out=report.append)
    assert outcome.attempted > 0
    assert outcome.failed == 0, "".join(report)


# --- maps and zips: values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("record", "dtype"), supported(MAPS))
def test_map_on_every_layout(record: Record, dtype: str) -> None:
    for seed, (layout, values) in enumerate(itertools.product(LAYOUTS.values(), ("plain", "special"))):
        t, array = layout.pair(dtype, seed, values)
        context = f"{record.name} {dtype} {layout.name} {values}"
        result = function(record)(t)
        assert_as_numpy(record, result, array, context=context)
        flat = function(record)(ao.tensor(np.array(array, order="C")))
        assert_same(result, np.asarray(flat), f"{context}: other bits than on contiguous memory")
        assert_same(t, array, f"{context}: the input has changed")


def fits(*shapes: tuple[int, ...]) -> bool:
    """Whether shapes go together, judged by NumPy."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def broadcast(first: Layout, second: Layout) -> bool:
    """Whether the operands of two layouts go together."""
    return fits(SHAPES[first.name], SHAPES[second.name])


SHAPES = {layout.name: layout.pair("bool")[1].shape for layout in LAYOUTS.values()}
PAIRS = list(itertools.product(LAYOUTS.values(), repeat=2))
COMPATIBLE = [pair for pair in PAIRS if broadcast(*pair)]


def check_zip(record: Record, dtype: str, pairs: list[tuple[Layout, Layout]]) -> None:
    """Compare a zip with NumPy on pairs of layouts; a third input takes turns among all layouts that fit."""
    for seed, (first, second) in enumerate(pairs):
        layouts = [first, second]
        for _ in range(record.inputs - 2):
            shape = np.broadcast_shapes(*(SHAPES[layout.name] for layout in layouts))
            fitting = [layout for layout in LAYOUTS.values() if fits(SHAPES[layout.name], shape)]
            layouts.insert(seed % 3, fitting[seed % len(fitting)])
        computed = record.inputs_for(dtype)
        made = [
            layout.pair(own, seed + k, "special") for k, (layout, own) in enumerate(zip(layouts, computed, strict=True))
        ]
        tensors, arrays = [tensor for tensor, _ in made], [array for _, array in made]
        context = f"{record.name} {dtype} {', '.join(layout.name for layout in layouts)}"
        assert_as_numpy(record, function(record)(*tensors), *arrays, context=context)
        for k, (tensor, array) in enumerate(made):
            assert_same(tensor, array, f"{context}: input {k} has changed")


@pytest.mark.parametrize(("record", "dtype"), supported(ZIPS))
def test_zip_on_pairs_of_layouts(record: Record, dtype: str) -> None:
    assert len(COMPATIBLE) > 800
    # another tenth for every operator and dtype; the rest in the exhaustive test below
    start = (ZIPS.index(record) + DTYPES.index(dtype)) % 10
    check_zip(record, dtype, COMPATIBLE[start::10])


@pytest.mark.slow
@pytest.mark.parametrize(("record", "dtype"), supported(ZIPS))
def test_zip_on_all_pairs_of_layouts(record: Record, dtype: str) -> None:
    check_zip(record, dtype, COMPATIBLE)


def test_layouts_that_do_not_broadcast_are_rejected() -> None:
    rejected = [pair for pair in PAIRS if not broadcast(*pair)]
    assert len(rejected) > 800
    for first, second in rejected:
        t, u = first.pair("float64")[0], second.pair("float64")[0]
        with pytest.raises(ValueError, match=r"add: shapes must broadcast together, got x1 \(.*\), x2 \("):
            ao.add(t, u)


@pytest.mark.parametrize(
    "shapes",
    [
        ((3, 1), (1, 4)),
        ((1,), (3, 4)),
        ((2, 1, 4), (3, 1)),
        ((1, 1, 1), (2,)),
        ((0, 1), (1, 5)),
        ((), (2, 0)),
        ((1,) * 31 + (2,), (3,) + (1,) * 30 + (2,)),
        ((5, 1, 3, 1), (1, 4, 1, 2)),
        ((1, 0), (4, 1)),
    ],
)
def test_zip_broadcasts(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    numbers = [np.arange(math.prod(shape), dtype=float).reshape(shape) + 1 for shape in shapes]
    one = np.full((1,) * min(3, 33 - len(shapes[0])), 2.0)
    for record in ZIPS:
        dtype = "float64" if "float64" in record.dtypes else record.dtypes[-1]
        for operands in itertools.permutations([*numbers, one][: record.inputs]):
            arrays = [
                a % 2 == 1 if own == "bool" else a.astype(own)
                for a, own in zip(operands, record.inputs_for(dtype), strict=True)
            ]
            assert_as_numpy(record, function(record)(*map(ao.tensor, arrays)), *arrays, context=record.name)


def test_three_inputs_broadcast_each_other() -> None:
    """Each axis comes from another input."""
    shapes = [(4, 1, 1), (1, 5, 1), (1, 1, 70)]
    for record, dtype in itertools.product((r for r in ZIPS if r.inputs == 3), ("int64", "float32")):
        for order in itertools.permutations(shapes):
            made = [np.random.default_rng(k).integers(-9, 9, shape).astype(dtype) for k, shape in enumerate(order)]
            result = function(record)(*map(ao.tensor, made))
            assert result.shape == (4, 5, 70)
            assert_as_numpy(record, result, *made, context=f"{record.name} {dtype} {order}")


@by_name("record", [record for record in ZIPS if record.inputs == 3])
def test_three_shapes_that_do_not_broadcast_are_named(record: Record) -> None:
    names = record.parameters
    message = (
        rf"{record.name}: shapes must broadcast together, got {names[0]} \(2,\), {names[1]} \(\), {names[2]} \(3,\)"
    )
    with pytest.raises(ValueError, match=message):
        function(record)(ao.ones(2), ao.tensor(1.0), ao.ones(3))


def test_int64_wraps_around() -> None:
    low, high = -(2**63), 2**63 - 1
    t = ao.tensor([low, high])
    assert (t + 1).tolist() == [low + 1, low]
    assert (t - 1).tolist() == [high, high - 1]
    assert (t * 2).tolist() == [0, -2]
    assert (-t).tolist() == [low, -high]
    assert abs(t).tolist() == [low, high]
    assert ao.sum(ao.tensor([high, high, 3])).item() == 1
    assert ao.prod(ao.tensor([high, 2])).item() == -2


def test_division_by_zero_follows_ieee_754() -> None:
    t = ao.tensor([1.0, -1.0, 0.0, math.inf, math.nan])
    assert_same(t / 0.0, np.array([math.inf, -math.inf, math.nan, math.inf, math.nan]))
    assert_same(t / -0.0, np.array([-math.inf, math.inf, math.nan, -math.inf, math.nan]))
    assert_same(ao.tensor([1, 0]) / 0, np.array([math.inf, math.nan]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_maximum_takes_the_first_of_two_zeros(dtype: str) -> None:
    zeros = ao.tensor([0.0, -0.0], dtype=dtype)
    assert_same(ao.maximum(zeros, -zeros), np.array([0.0, -0.0], dtype))


# --- special values ------------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("repeats", [1, 100], ids=["scalar code", "vector code"])
@by_name("record", MAPS)
def test_special_values(record: Record, repeats: int) -> None:
    for dtype in FLOATS:
        if dtype not in record.dtypes and dtype not in record.casts:
            continue
        with np.errstate(all="ignore"):
            if record.cases.special:
                arguments, results = zip(*record.cases.special, strict=True)
                x, wanted = (np.repeat(np.array(v), repeats).astype(dtype) for v in (arguments, results))
                wanted = wanted.astype(record.result_for(dtype))
            else:  # an operator whose values NumPy is trusted with
                x = np.repeat(np.array([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN], dtype), repeats)
                wanted = expected(record, x)
        assert_same(function(record)(ao.asarray(x)), wanted, f"{record.name} {dtype}")


@pytest.mark.parametrize("dtype", FLOATS)
def test_exp_goes_through_the_subnormal_numbers_to_zero(dtype: str) -> None:
    limits = np.finfo(dtype)
    smallest = math.log(float(limits.smallest_subnormal))
    x = ao.tensor([smallest * 0.99, smallest + 0.1, smallest - 1.0], dtype=dtype)
    above, least, below = ao.exp(x).tolist()
    assert float(limits.smallest_normal) > above > least == float(limits.smallest_subnormal)
    assert below == 0.0


# --- promotion -------------------------------------------------------------------------------------------------

NUMBERS = (True, False, 0, 3, -2, 2**40, 0.0, -0.0, 2.5, -1e-3, 1e300, INF, -INF, NAN)


def is_held(number: int, dtype: str) -> bool:
    """Whether an integer dtype holds a number."""
    return bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max)


@by_name("record", ZIPS)
def test_python_numbers_in_place_of_any_input(record: Record) -> None:
    for dtype, number in itertools.product(DTYPES, NUMBERS):
        for layout in (LAYOUTS["65 in a row"], LAYOUTS["transposed"], LAYOUTS["no dimensions"]):
            t, array = layout.pair(dtype, 1, "special")
            for position in range(record.inputs):
                tensors, arrays = [t] * record.inputs, [array] * record.inputs
                tensors[position] = arrays[position] = number
                context = f"{record.name} {dtype} {layout.name} with {number} as input {position}"
                if kernel_dtype(record, *arrays) is None:
                    names = ", ".join(record.parameters)
                    with pytest.raises(TypeError, match=f"{record.name}: {names} must be of one of the dtypes"):
                        function(record)(*tensors)
                    continue
                computed = kernel_dtype(record, *arrays)
                if type(number) is int and computed in INTEGERS and not is_held(number, computed):
                    if record.name in COMPARISONS:  # by value, as NumPy does
                        assert_same(function(record)(*tensors), record.numpy(np, *arrays), context)
                    elif record.parameters[position] not in record.fixed and record.name != "clip":  # test_edges
                        with pytest.raises(OverflowError, match=f"{record.name}: .* must fit {computed}"):
                            function(record)(*tensors)
                    continue
                assert_as_numpy(record, function(record)(*tensors), *arrays, context=context)


@by_name("record", [record for record in ZIPS if record.inputs == 3])
def test_python_numbers_in_place_of_two_inputs(record: Record) -> None:
    for dtype, numbers in itertools.product(DTYPES, itertools.product((True, 3, 2.5), repeat=2)):
        t, array = LAYOUTS["65 in a row"].pair(dtype, 1)
        for position in range(3):
            tensors, arrays = (
                [*numbers[:position], t, *numbers[position:]],
                [*numbers[:position], array, *numbers[position:]],
            )
            if kernel_dtype(record, *arrays) is not None:
                context = f"{record.name} {dtype} at {position} of {numbers}"
                assert_as_numpy(record, function(record)(*tensors), *arrays, context=context)


@by_name("record", [record for record in ZIPS if record.defaults])
def test_inputs_that_are_left_out(record: Record) -> None:
    for dtype in record.dtypes:
        tensors, arrays = pairs_of(record, LAYOUTS["transposed"], dtype, 3, "special")
        names = record.parameters
        for left_out in itertools.chain.from_iterable(
            itertools.combinations(record.defaults, k) for k in range(1, len(record.defaults) + 1)
        ):
            wanted = [None if name in left_out else array for name, array in zip(names, arrays, strict=True)]
            given = {name: tensor for name, tensor in zip(names, tensors, strict=True) if name not in left_out}
            required = [given.pop(name) for name in names if name not in record.defaults]
            nones = {name: given.get(name) for name in record.defaults}
            context = f"{record.name} {dtype} without {left_out}"
            assert_as_numpy(record, function(record)(*required, **given), *wanted, context=context)
            assert_as_numpy(record, function(record)(*required, **nones), *wanted, context=f"{context}, None")
            assert_as_numpy(
                record, function(record)(*required, *nones.values()), *wanted, context=f"{context}, in order"
            )


@by_name("record", ELEMENTWISE)
def test_inputs_by_name(record: Record) -> None:
    tensors, _ = pairs_of(record, LAYOUTS["permuted"], record.dtypes[-1], 4)
    named = dict(zip(record.parameters, tensors, strict=True))
    wanted = np.asarray(function(record)(*tensors))
    for names in itertools.permutations(named):
        assert_same(function(record)(**{name: named[name] for name in names}), wanted, f"{record.name} {names}")
    for count in range(record.inputs + 1):
        rest = dict(list(named.items())[count:])
        assert_same(function(record)(*tensors[:count], **rest), wanted, f"{record.name} {count} by position")
    out = ao.zeros(wanted.shape, dtype=wanted.dtype.name)
    assert function(record)(**named, out=out) is out
    assert_same(out, wanted)
    first = record.parameters[0]
    with pytest.raises(TypeError, match=f"{record.name}\\(\\) got multiple values for argument '{first}'"):
        function(record)(tensors[0], **named)
    with pytest.raises(TypeError, match=f"got an unexpected keyword argument 'y'; it takes {', '.join(named)}, out"):
        function(record)(*tensors, y=1)


@by_name("record", ZIPS)
def test_mixed_dtypes_promote(record: Record) -> None:
    choices = itertools.product(DTYPES, repeat=record.inputs)
    for dtypes in choices if record.inputs < 3 else random.Random(record.name).sample(list(choices), 150):
        for names in (("65 in a row", "one element"), ("transposed", "transposed"), ("column", "row")):
            layouts = [LAYOUTS[name] for name in (*names, "no dimensions")[: record.inputs]]
            made = [
                layout.pair(dtype, k, "special") for k, (layout, dtype) in enumerate(zip(layouts, dtypes, strict=True))
            ]
            tensors, arrays = [tensor for tensor, _ in made], [array for _, array in made]
            context = f"{record.name} {dtypes} {names}"
            if kernel_dtype(record, *arrays) is None:
                with pytest.raises(
                    TypeError, match=f"got {' and '.join(deciding(record, dtypes))}; convert with astype"
                ):
                    function(record)(*tensors)
                continue
            assert_as_numpy(record, function(record)(*tensors), *arrays, context=context)


@by_name("record", RECORDS.values())
def test_dtypes_without_a_kernel_are_rejected(record: Record) -> None:
    rejected = [dtype for dtype in DTYPES if dtype not in record.dtypes and dtype not in record.casts]
    for dtype in rejected:
        operands = [ao.zeros(3, dtype=dtype)] * record.inputs
        with pytest.raises(TypeError, match=f"{record.name}: .* must be of one of the dtypes .* got {dtype}.*astype"):
            function(record)(*operands)
    assert set(rejected) in (set(), {"bool"}, set(FLOATS), {"bool", *FLOATS}) or record.name.startswith("_")


@by_name("record", ELEMENTWISE)
def test_python_numbers_alone(record: Record) -> None:
    numbers = [2, 3, 4][: record.inputs]
    result = function(record)(*numbers)
    assert_as_numpy(record, result, *numbers, context=record.name)
    assert result.shape == ()


RESULT_TYPE_OPERANDS = (*(np.dtype(dtype) for dtype in DTYPES), True, 7, 2.5)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_result_type_is_numpys(count: int) -> None:
    for operands in itertools.product(RESULT_TYPE_OPERANDS, repeat=count):
        wanted = np.result_type(*operands).name
        dtypes = [getattr(ao, value.name) if isinstance(value, np.dtype) else value for value in operands]
        tensors = [ao.zeros(1, dtype=value) if isinstance(value, ao.DType) else value for value in dtypes]
        names = [value.name if isinstance(value, ao.DType) else value for value in dtypes]
        assert ao.result_type(*dtypes) == ao.result_type(*tensors) == ao.result_type(*names) == wanted, operands


# --- out= ------------------------------------------------------------------------------------------------------


@by_name("record", ELEMENTWISE)
def test_out_is_filled_and_returned(record: Record) -> None:
    for seed, layout in enumerate(LAYOUTS.values()):
        for dtype in exact_dtypes(record):
            operands, arrays = pairs_of(record, layout, dtype, seed)
            out, _ = layout.pair(record.result_for(dtype), seed + 1)
            context = f"{record.name} {dtype} {layout.name}"
            if out.readonly:
                with pytest.raises(ValueError, match="out must be writable, got a read-only tensor"):
                    function(record)(*operands, out=out)
                continue
            assert function(record)(*operands, out=out) is out, context
            assert_as_numpy(record, out, *arrays, context=context)
            for t, array in zip(operands, arrays, strict=True):
                assert_same(t, array, f"{context}: an input has changed")


@by_name("record", ELEMENTWISE)
def test_out_of_another_dtype_takes_the_converted_result(record: Record) -> None:
    kinds = "buif"  # each can take what the ones before it hold
    for dtype, out_dtype in itertools.product(DTYPES, repeat=2):
        if dtype not in record.dtypes and dtype not in record.casts:
            continue
        t, array = LAYOUTS["65 in a row"].pair(dtype, 4)
        operands, arrays = [t] * record.inputs, [array] * record.inputs
        out = ao.zeros(65, dtype=out_dtype)
        wanted = expected(record, *arrays)
        if kinds.index(wanted.dtype.kind) > kinds.index(np.dtype(out_dtype).kind):
            message = f"{record.name}: out must be able to hold a result of dtype {wanted.dtype}, .* {out_dtype}"
            with pytest.raises(TypeError, match=message):
                function(record)(*operands, out=out)
            assert out.tolist() == [0] * 65
            continue
        assert function(record)(*operands, out=out) is out
        with np.errstate(all="ignore"):
            wanted = np.asarray(function(record)(*operands)).astype(out_dtype)
        assert_same(out, wanted, f"{record.name} {dtype} to {out_dtype}")


def test_out_of_none_means_a_new_tensor() -> None:
    assert ao.exp(ao.zeros(2), out=None).tolist() == [1.0, 1.0]
    assert ao.sum(ao.zeros(2), out=None, axis=None, dtype=None).item() == 0.0


@pytest.mark.parametrize("values", ["plain", "special"])
@for_each("overlap", OVERLAPS)
@by_name("record", ELEMENTWISE)
def test_out_may_overlap_the_inputs(record: Record, overlap: Any, values: str) -> None:
    for dtype in record.dtypes:
        if record.result_for(dtype) != dtype:
            continue
        for operands in itertools.product((overlap.target, overlap.source), repeat=record.inputs):
            memory, array = overlap.memory(dtype, 3, values)
            wanted = array.copy()
            result = expected(record, *(operand(array) for operand in operands))
            if FACTS[dtype].kind == "complex":  # NumPy rounds products and quotients otherwise: test_complex
                result = np.asarray(function(record)(*(ao.tensor(operand(array)) for operand in operands)))
            out = overlap.target(memory)
            if result.shape != out.shape:
                assert overlap.target not in operands, "only a smaller source does not fill the target"
                continue
            overlap.target(wanted)[...] = result
            function(record)(*(operand(memory) for operand in operands), out=out)
            if record.max_ulp:
                assert ulps(np.asarray(memory), wanted).max() <= record.max_ulp + 4
            else:
                assert_same(memory, wanted, f"{record.name} {dtype}", zero_sign=not record.cases.any_zero)


def test_out_may_overlap_a_bool_input() -> None:
    for overlap in OVERLAPS.values():
        memory, array = overlap.memory("bool", 3)
        np.less(overlap.target(array), overlap.source(array), out=overlap.target(array))
        ao.less(overlap.target(memory), overlap.source(memory), out=overlap.target(memory))
        assert_same(memory, array, overlap.name)


def test_out_on_the_memory_of_an_input_of_another_dtype() -> None:
    """The result is written over its input's bytes, which are of another size."""
    for source_dtype, out_dtype in itertools.permutations(("int64", "float32", "float64"), 2):
        raw = np.zeros(800, np.uint8)
        raw.view(source_dtype)[:100] = np.arange(100)
        wanted = (raw.view(source_dtype)[:100] + raw.view(source_dtype)[:100][::-1]).astype(out_dtype)
        t, out = ao.asarray(raw.view(source_dtype)[:100]), ao.asarray(raw.view(out_dtype)[:100])
        if np.dtype(source_dtype).kind == "f" and out_dtype == "int64":
            with pytest.raises(TypeError, match="out must be able to hold"):
                ao.add(t, t[::-1], out=out)
            continue
        ao.add(t, t[::-1], out=out)
        assert_same(out, wanted, f"{source_dtype} {out_dtype}")


# --- special methods -------------------------------------------------------------------------------------------


@by_name("record", [record for record in ELEMENTWISE if record.slot])
def test_a_special_method_is_the_function(record: Record) -> None:
    method = SLOT_FUNCTIONS[record.slot or ""]
    for dtype in record.dtypes:
        t, u = LAYOUTS["transposed"].pair(dtype, 1)[0], LAYOUTS["transposed"].pair(dtype, 2)[0]
        if record.inputs == 1:
            assert_same(method(t), np.asarray(function(record)(t)), dtype)
            continue
        number = {"bool": True, "integer": 3, "float": 2.5, "complex": 2.5j}[FACTS[dtype].category]
        for operands in ((t, u), (u, t), (t, number), (number, t), (t, u[1]), (u[1], t)):
            assert_same(method(*operands), np.asarray(function(record)(*operands)), f"{record.name} {operands}")


@pytest.mark.parametrize("dtype", ["int64", *FLOATS])
def test_the_square_is_a_product(dtype: str) -> None:
    x = ao.asarray(np.array([3, -7, 11, 0, 2], dtype))
    for two in (2, 2.0):
        wanted = np.asarray(x * x).astype(
            "float64" if dtype == "int64" and two == 2.0 and isinstance(two, float) else dtype
        )
        assert_same(x**two, wanted, f"{dtype} {two!r}")
        assert_same(ao.pow(x, two), wanted, f"{dtype} {two!r}")
    y = ao.asarray(np.asarray(x).copy())
    y **= 2
    assert_same(y, np.asarray(x * x), dtype)
    out = ao.zeros(5, dtype=dtype)
    assert ao.pow(x, 2, out=out) is out
    assert_same(out, np.asarray(x * x), dtype)
    # a bool has no square, and a tensor of twos is no Python number
    assert_same(x ** ao.tensor(2, dtype=dtype), np.asarray(x) ** np.array(2, dtype), dtype)
    assert (ao.tensor([True, False]) ** 2).tolist() == [1, 0]


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_on_every_layout(name: str) -> None:
    for seed, layout in enumerate(LAYOUTS.values()):
        for dtype in exact_dtypes(RECORDS[name]):
            t, array = layout.pair(dtype, seed, "special")
            u, brray = layout.pair(dtype, seed + 1, "special")
            context = f"{name} {dtype} {layout.name}"
            if t.readonly:
                with pytest.raises(ValueError, match="x1 must be writable, got a read-only tensor"):
                    IN_PLACE[name](t, u)
                assert_same(t, array, context)
                continue
            number = dtype == "bool" or 3
            for operand, oracle in ((u, brray), (number, number), (t, array)):
                with np.errstate(all="ignore"):
                    IN_PLACE[name](array, oracle)
                assert IN_PLACE[name](t, operand) is t, context
                assert_same(t, array, context)


@pytest.mark.parametrize("name", IN_PLACE)
@by_name("overlap", OVERLAPS.values())
def test_in_place_on_overlapping_views(name: str, overlap: Any) -> None:
    for dtype, values in itertools.product(exact_dtypes(RECORDS[name]), ("plain", "special")):
        memory, array = overlap.memory(dtype, 9, values)
        with np.errstate(all="ignore"):
            IN_PLACE[name](overlap.target(array), overlap.source(array))
        IN_PLACE[name](overlap.target(memory), overlap.source(memory))
        assert_same(memory, array, f"{name} {dtype} {values}")


def test_in_place_on_slices() -> None:
    t, array = ao.arange(10.0), np.arange(10.0)
    t[1:] += t[:-1]
    array[1:] += array[:-1]
    assert_same(t, array)
    t[:-1] *= t[1:]
    array[:-1] *= array[1:]
    assert_same(t, array)


@pytest.mark.parametrize(
    ("dtype", "name", "operand", "error"),
    [
        ("int64", "add", 1.5, "x1 must be able to hold a result of dtype float64, got a tensor of dtype int64"),
        ("int64", "divide", 2, "x1 must be able to hold a result of dtype float64, got a tensor of dtype int64"),
        ("bool", "add", 1, "x1 must be able to hold a result of dtype int64, got a tensor of dtype bool"),
        ("bool", "multiply", True, "multiply: x1, x2 must be of one of the dtypes int8, int16, .* got bool and bool"),
    ],
)
def test_in_place_does_not_change_the_dtype(dtype: str, name: str, operand: Any, error: str) -> None:
    t = ao.ones(3, dtype=dtype)
    with pytest.raises(TypeError, match=error):
        IN_PLACE[name](t, operand)
    assert t.tolist() == [1, 1, 1] and t.dtype == dtype


def test_in_place_float32_takes_float64() -> None:
    t, array = ao.ones(3, dtype="float32"), np.ones(3, np.float32)
    t += ao.full(3, 1e-9)
    t *= ao.tensor([0.1, 0.2, 0.3])
    array += np.full(3, 1e-9)
    array *= np.array([0.1, 0.2, 0.3])
    assert_same(t, array)


def test_in_place_does_not_grow() -> None:
    t = ao.ones(3)
    with pytest.raises(ValueError, match=r"add: x1 must have the shape of the result \(2, 3\), got \(3,\)"):
        t += ao.ones((2, 3))
    assert t.tolist() == [1, 1, 1]


STRANGERS = [None, "a", {}, {1.0}, object(), iter([1.0, 2.0])]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: type(stranger).__name__)
def test_comparison_with_other_things_is_pythons_usual(stranger: object) -> None:
    t = ao.ones(2)
    assert (t == stranger) is False and (stranger == t) is False
    assert (t != stranger) is True and (stranger != t) is True
    for ordering in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError, match="not supported between instances of"):
            ordering(t, stranger)
        with pytest.raises(TypeError, match="not supported between instances of"):
            ordering(stranger, t)


@pytest.mark.parametrize("stranger", [*STRANGERS, b"a"], ids=lambda stranger: type(stranger).__name__)
def test_arithmetic_with_other_things_is_a_type_error(stranger: object) -> None:
    for arithmetic in (operator.add, operator.sub, operator.mul, operator.truediv):
        for operands in ((ao.ones(2), stranger), (stranger, ao.ones(2))):
            with pytest.raises(TypeError):
                arithmetic(*operands)


def test_other_types_get_their_turn() -> None:
    class Other:
        def __radd__(self, other: object) -> str:
            return "reflected add"

        def __gt__(self, other: object) -> str:
            return "reflected less"

        def __eq__(self, other: object) -> Any:
            return "reflected equal"

        __hash__ = None  # type: ignore[assignment]

    t = ao.ones(2)
    assert t + Other() == "reflected add"
    assert (t < Other()) == "reflected less"
    assert (t == Other()) == "reflected equal"
    with pytest.raises(TypeError, match=r"add: x2 must be a Tensor, .*, got Other"):
        t += Other()  # in place stays in place
    assert t.tolist() == [1.0, 1.0]


def test_divmod_is_quotient_and_remainder() -> None:
    for dtype in DTYPES[1:]:
        t, u = ao.asarray([7, 8, 3], dtype=dtype), ao.asarray([2, 3, 5], dtype=dtype)
        for a, b in ((t, u), (t, 2), (9, u), (t, [2, 3, 4])):
            quotient, rest = divmod(a, b)
            assert_same(quotient, np.asarray(a // b), dtype)
            assert_same(rest, np.asarray(a % b), dtype)
    for a, b in ((t, None), ("7", t)):
        with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for divmod"):
            divmod(a, b)
    with pytest.raises(ValueError, match="floor_divide: shapes must broadcast"):
        divmod(ao.ones(2), ao.ones(3))
    t = same = ao.tensor([7.0, -7.0])
    t //= 2
    assert t is same and t.tolist() == [3.0, -4.0]


@pytest.mark.parametrize("dtype", ["int64", *FLOATS])
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_division_in_blocks_has_the_bits_of_single_elements(name: str, dtype: str) -> None:
    """Blocks with elements that the fast path cannot handle, and without; strided rows have no blocks."""
    generator = np.random.default_rng(5)
    a, b = (np.frombuffer(generator.bytes(80_000), dtype) for _ in "12")
    with np.errstate(all="ignore"):
        if dtype == "int64":
            near = a >> 20, b >> 30
        else:
            near = (generator.normal(size=10_000) * 1e6).astype(dtype), generator.normal(size=10_000).astype(dtype)
        for x1, x2 in ((a, b), near):
            blocks = getattr(ao, name)(ao.asarray(x1.copy()), ao.asarray(x2.copy()))
            apart = getattr(ao, name)(*[ao.asarray(np.repeat(x, 2))[::2] for x in (x1, x2)])
            assert_same(blocks, np.asarray(apart))
            assert_same(blocks, RECORDS[name].numpy(np, x1, x2))


@pytest.mark.parametrize("dtype", FLOATS)
def test_floor_divide_of_infinities_is_what_the_array_api_standard_says(dtype: str) -> None:
    x1 = ao.asarray([INF, INF, -INF, -INF, 1.0, -1.0, 1.0, -1.0, 0.0, INF, NAN], dtype=dtype)
    x2 = ao.asarray([2.0, -2.0, 2.0, -2.0, INF, INF, -INF, -INF, -INF, INF, INF], dtype=dtype)
    wanted = np.array([INF, -INF, -INF, INF, 0.0, -0.0, -0.0, 0.0, -0.0, NAN, NAN], dtype)
    assert_same(x1 // x2, wanted)
    assert_same(ao.concat([x1] * 9) // ao.concat([x2] * 9), np.tile(wanted, 9))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_division_and_shifts_of_integers_are_numpys(data: st.DataObject) -> None:
    """Also by 0, of the smallest by -1, at the limits of what floats hold; by a tensor and by a number."""
    dtype = data.draw(st.sampled_from([name for name in DTYPES if FACTS[name].category == "integer"]))
    least, most = FACTS[dtype].bounds
    ends = [least, most, 0, 1, 2, 2**50, 2**50 - 1, 2**53 + 1, 2**31, 63, 64, -1, -(2**50), -(2**50) - 1, 8, 7]
    near = st.sampled_from([end for end in ends if least <= end <= most])
    number = st.integers(least, most) | near | st.integers(max(least, -20), 70)
    x1, x2 = (np.array(data.draw(st.lists(number, min_size=17, max_size=17)), dtype) for _ in range(2))
    for name in ("floor_divide", "remainder", "bitwise_left_shift", "bitwise_right_shift"):
        operator, record = getattr(ao, name), RECORDS[name]
        with np.errstate(all="ignore"):
            assert_same(operator(ao.asarray(x1), ao.asarray(x2)), record.numpy(np, x1, x2), f"{name} {dtype} {x1} {x2}")
            divisor = int(x2[0])
            same = operator(ao.asarray(x1), divisor)
            assert_same(same, record.numpy(np, x1, x2[:1]), f"{name} {dtype} {x1} {divisor}")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_remainders_of_floats_are_pythons(data: st.DataObject) -> None:
    """Any quotient, up to 2^2098; Python's own remainder is exact."""
    some = st.floats(allow_nan=False, allow_infinity=False)
    x1, x2 = (
        data.draw(st.lists(some | st.sampled_from([5e-324, 1e308, 3.0, 0.1]), min_size=9, max_size=9)) for _ in "12"
    )
    wanted = [a % b if b else NAN for a, b in zip(x1, x2, strict=True)]
    assert_same(ao.tensor(x1) % ao.tensor(x2), np.array(wanted), f"{x1} {x2}")
    with np.errstate(all="ignore"):
        narrow, divisors = np.array(x1).astype("float32"), np.array(x2).astype("float32")
    valid = np.isfinite(narrow) & np.isfinite(divisors) & (divisors != 0)
    narrow, divisors = narrow[valid], divisors[valid]
    wanted = [
        float(a) % float(b) for a, b in zip(narrow, divisors, strict=True)
    ]  # whose rounding to float64 is nothing
    assert_same(ao.asarray(narrow) % ao.asarray(divisors), np.array(wanted).astype("float32"), f"{narrow} {divisors}")


# --- reductions ------------------------------------------------------------------------------------------------


def axis_subsets(ndim: int) -> list[Any]:
    """Every set of axes of a tensor, or of one with many some of them; and all, as None."""
    if ndim > 4:
        few = [(0,), (ndim - 1,), (0, ndim - 1), tuple(range(ndim)), tuple(range(0, ndim, 2)), tuple(range(1, ndim, 3))]
        return [None, (), *few]
    return [None, *(axes for size in range(ndim + 1) for axes in itertools.combinations(range(ndim), size))]


def reduced(record: Record, array: np.ndarray, dtype: str | None = None, **keywords: Any) -> np.ndarray:
    """What NumPy reduces an array to, in the dtype in which aotops does."""
    return expected(record, *beside(record, array), dtype=dtype, **keywords)


def beside(record: Record, x: Any) -> list[Any]:
    """An operand, and for reductions of several inputs others of its shape and layout, or of one that broadcasts."""
    return [x, *[x[..., :1] if x.ndim and x.shape[-1] else x] * (record.inputs - 1)]


def families(record: Record) -> list[str]:
    """Values whose reduction is exact in any order, and such with infinities and NaN."""
    powers = record.name in ("prod", "cumulative_prod") or record.inputs > 1
    return ["powers", "nonfinite powers"] if powers else ["plain", "nonfinite"]


def lacks_elements(record: Record, shape: tuple[int, ...], axes: Any) -> bool:
    """Whether a reduction without an identity would have to reduce nothing to something."""
    axes = range(len(shape)) if axes is None else axes
    kept = [length for axis, length in enumerate(shape) if axis not in axes]
    return record.identity is None and 0 in [shape[axis] for axis in axes] and 0 not in kept


@pytest.mark.parametrize(("record", "dtype"), supported(REDUCTIONS))
def test_reduction_over_every_subset_of_axes(record: Record, dtype: str) -> None:
    for seed, (layout, values) in enumerate(itertools.product(LAYOUTS.values(), families(record))):
        tensors, arrays = pairs_of(record, layout, dtype, seed, values)
        for axes, keepdims in itertools.product(axis_subsets(arrays[0].ndim), (False, True)):
            context = f"{record.name} {dtype} {layout.name} {values} axis={axes} keepdims={keepdims}"
            if lacks_elements(record, arrays[0].shape, axes):
                with pytest.raises(ValueError, match=f"{record.name}: x must have elements along the axes that fold"):
                    function(record)(*tensors, axes, keepdims=keepdims)
                continue
            result = function(record)(*tensors, axes, keepdims=keepdims)
            wanted = expected(record, *arrays, axis=axes, keepdims=keepdims)
            assert_same(result, wanted, context, zero_sign=not record.cases.any_zero)
        for t, array in zip(tensors, arrays, strict=True):
            assert_same(t, array, f"{record.name} {layout.name}: an input has changed")


@pytest.mark.parametrize(("record", "dtype"), supported([record for record in REDUCTIONS if record.inputs > 1]))
def test_inputs_of_a_reduction_broadcast(record: Record, dtype: str) -> None:
    """As a mean does, which is of length 1 along the axes that its variance folds."""
    for seed, (first, second) in enumerate(COMPATIBLE[::3]):
        t, array = first.pair(dtype, seed, "powers")
        u, brray = second.pair(dtype, seed + 1, "powers")
        for tensors, arrays in (((t, u), (array, brray)), ((u, t), (brray, array))):
            for axis in (None, 0, -1)[: 3 if t.ndim or u.ndim else 1]:
                wanted = expected(record, *arrays, axis=axis)
                assert_same(
                    function(record)(*tensors, axis), wanted, f"{record.name} {first.name}, {second.name} {axis}"
                )


@by_name("record", REAL_REDUCTIONS)
def test_axis_is_an_int_a_negative_int_or_a_tuple_of_them(record: Record) -> None:
    array = np.random.default_rng(0).choice([0.5, 1.0, 2.0, -1.0], (3, 4, 5, 2))
    # signs of zero depend on the order in which complex numbers are multiplied
    array = array.astype([dtype for dtype in record.dtypes if FACTS[dtype].kind != "complex"][-1])
    t = ao.tensor(array)
    spellings = [0, 3, -1, -4, (0, -1), (-1, 0), [1, 2], (2, 0, -3), np.int64(2), (np.int64(1), -1), ao.tensor(1), ()]
    for axis in spellings:
        wanted = reduced(record, array, axis=tuple(map(int, axis)) if isinstance(axis, (tuple, list)) else int(axis))
        assert_same(function(record)(*beside(record, t), axis), wanted, f"{record.name} {axis}")
        assert_same(function(record)(*beside(record, t), axis=axis), wanted, f"{record.name} axis={axis}")
    assert_same(function(record)(*beside(record, t), keepdims=True), reduced(record, array, keepdims=True))


@pytest.mark.parametrize("axis", [3, -4, 100, -(10**30), 10**30, (0, 3), (0, -4)])
@by_name("record", REDUCTIONS + ARGREDUCTIONS + SCANS)
def test_an_axis_that_does_not_exist(record: Record, axis: Any) -> None:
    if isinstance(axis, tuple) and record.kind != "reduce":
        return
    t = ao.ones((2, 3, 4), dtype=record.dtypes[-1])
    for error in (ao.AxisError, ValueError, IndexError):
        with pytest.raises(error, match="axis must be from -3 to 2 for a tensor of 3 dimensions, got"):
            function(record)(*beside(record, t), axis)


@by_name("record", REDUCTIONS)
def test_axes_of_a_tensor_without_dimensions(record: Record) -> None:
    t, array = ao.tensor(3, dtype=record.dtypes[-1]), np.array(3, record.dtypes[-1])
    for axes in (None, ()):
        assert_same(function(record)(*beside(record, t), axes), reduced(record, array, axis=axes), f"{axes}")
    with pytest.raises(ao.AxisError, match="axis must name no axis of a tensor of 0 dimensions, which has none, got 0"):
        function(record)(*beside(record, t), 0)


@pytest.mark.parametrize("axis", [(0, 0), (1, -1), (-1, 0, 1)])
@by_name("record", REDUCTIONS)
def test_an_axis_given_twice(record: Record, axis: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"axis must not name an axis twice, got \("):
        function(record)(*beside(record, ao.ones((2, 3), dtype=record.dtypes[-1])), axis)


@pytest.mark.parametrize("axis", [1.0, "0", (0, "1"), (0.0,), object(), {0}, ao.tensor([0, 1]), ao.tensor(1.0)])
@by_name("record", REDUCTIONS + ARGREDUCTIONS + SCANS)
def test_an_axis_that_is_no_int(record: Record, axis: Any) -> None:
    with pytest.raises(TypeError, match=r"axis(\[\d\])? must be an int"):
        function(record)(*beside(record, ao.ones((2, 3), dtype=record.dtypes[-1])), axis)


@pytest.mark.parametrize(
    ("shape", "axis", "result"),
    [
        ((0,), None, ()),
        ((0, 3), 0, (3,)),
        ((3, 0), 0, (0,)),
        ((3, 0), 1, (3,)),
        ((2, 0, 3), (0, 1), (3,)),
        ((0, 0), 0, (0,)),
    ],
)
def test_reductions_of_nothing(shape: tuple[int, ...], axis: Any, result: tuple[int, ...]) -> None:
    for dtype in ("int64", "float32", "float64"):
        t = ao.zeros(shape, dtype=dtype)
        assert_same(ao.sum(t, axis), np.zeros(result, dtype))
        assert_same(ao.prod(t, axis), np.ones(result, dtype))
        for extremum in (ao.max, ao.min):
            if 0 in result:
                assert_same(extremum(t, axis), np.zeros(result, dtype))
            else:
                with pytest.raises(ValueError, match="x must have elements along the axes that fold away, got shape"):
                    extremum(t, axis)


@pytest.mark.parametrize("record", [RECORDS["sum"], RECORDS["prod"]], ids=["sum", "prod"])
def test_reduction_in_another_dtype(record: Record) -> None:
    for source, target in itertools.product(SAMPLED, ("int64", "float32", "float64")):
        t, array = LAYOUTS["permuted"].pair(source, 4, "powers")
        with np.errstate(all="ignore"):
            wanted = reduced(record, array.astype(target), axis=1)
        for spelling in (target, getattr(ao, target), np.dtype(target)):
            got = function(record)(t, 1, dtype=spelling)
            if record.name == "prod" and target == "float32":  # which product is rounded depends on the order
                np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-6)
                assert got.dtype == target
                continue
            assert_same(got, wanted, f"{record.name} {source} as {spelling}")


@pytest.mark.parametrize("record", [RECORDS["max"], RECORDS["min"]], ids=["max", "min"])
def test_extrema_have_no_dtype_argument(record: Record) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'dtype'; it takes axis, keepdims, out"):
        function(record)(ao.ones(2), dtype=ao.float32)


@by_name("record", REDUCTIONS)
def test_reduction_into_out(record: Record) -> None:
    for layout, dtype in itertools.product(
        ("cube", "permuted", "repeated long rows", "transposed cube"), exact_dtypes(record)
    ):
        t, array = LAYOUTS[layout].pair(dtype, 6, "powers")
        for axis, keepdims in itertools.product((0, -1, None), (False, True)):
            wanted = reduced(record, array, axis=axis, keepdims=keepdims)
            result = record.result_for(dtype)
            for out in (ao.zeros(wanted.shape, dtype=result), ao.zeros((*wanted.shape, 2), dtype=result)[..., 0]):
                context = f"{record.name} {dtype} {layout} {axis} {keepdims} strides {out.strides}"
                assert function(record)(*beside(record, t), axis, keepdims=keepdims, out=out) is out, context
                assert_same(out, wanted, context, zero_sign=not record.cases.any_zero)


@by_name("record", REDUCTIONS)
def test_reduction_into_out_of_another_dtype(record: Record) -> None:
    kinds = "buifc"
    for dtype, out_dtype in itertools.product(record.dtypes, DTYPES):
        operands = beside(record, ao.tensor([[1, 2], [3, 4]], dtype=dtype))
        out = ao.zeros(2, dtype=out_dtype)
        result = record.result_for(dtype)
        if kinds.index(np.dtype(result).kind) > kinds.index(np.dtype(out_dtype).kind):
            with pytest.raises(TypeError, match=f"{record.name}: out must be able to hold a result of dtype {result}"):
                function(record)(*operands, 0, out=out)
            assert out.tolist() == [0, 0]
            continue
        assert function(record)(*operands, 0, out=out) is out
        assert_same(
            out, np.asarray(function(record)(*operands, 0)).astype(out_dtype), f"{record.name} {dtype} {out_dtype}"
        )


@by_name("record", REDUCTIONS)
def test_reduction_into_a_part_of_its_input(record: Record) -> None:
    parts: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "first row": (0, lambda x: x[0]),
        "last row": (0, lambda x: x[-1]),
        "first column": (1, lambda x: x[:, 0]),
        "diagonal block": ((), lambda x: x),
        "a corner": (None, lambda x: x[3, 4, ...]),
        "backwards": (0, lambda x: x[2, ::-1]),
    }
    tested = 0
    for (name, (axis, part)), dtype in itertools.product(parts.items(), exact_dtypes(record)):
        if record.result_for(dtype) != dtype:
            continue
        _, array = LAYOUTS["matrix"].pair(dtype, 3, "powers")
        t, array = ao.tensor(np.tile(array, (4, 3))), np.tile(array, (4, 3))
        part(array)[...] = reduced(record, array, axis=axis)
        function(record)(*beside(record, t), axis, out=part(t))
        assert_same(t, array, f"{record.name} {dtype} {name}", zero_sign=not record.cases.any_zero)
        tested += 1
    assert tested or record.result == "float64"


@by_name("record", REAL_REDUCTIONS)
def test_an_out_that_does_not_fit_a_reduction(record: Record) -> None:
    real = [dtype for dtype in record.dtypes if FACTS[dtype].kind != "complex"]
    t = ao.ones((2, 3), dtype=real[-1])
    cases = [
        (ao.zeros(2), ValueError, rf"{record.name}: out must have the shape of the result \(3,\), got \(2,\)"),
        (ao.zeros((1, 3)), ValueError, r"out must have the shape of the result \(3,\), got \(1, 3\)"),
        (ao.asarray(np.broadcast_to(0.0, 3)), ValueError, "out must be writable, got a read-only tensor"),
        ([0.0] * 3, TypeError, f"{record.name}: out must be a Tensor, got list"),
    ]
    for out, error, message in cases:
        with pytest.raises(error, match=message):
            function(record)(*beside(record, t), 0, out=out)


def test_sums_of_bools_are_int64() -> None:
    t = ao.tensor([[True, False], [True, True]])
    assert_same(ao.sum(t), np.array(3))
    assert_same(ao.sum(t, 0), np.array([2, 1]))
    assert_same(ao.prod(t, 1), np.array([0, 1]))
    assert_same(ao.max(t, 0), np.array([True, True]))
    assert_same(ao.min(t, 0), np.array([True, False]))


@pytest.mark.parametrize("length", [1, 5, 64, 65, 129, 1000])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_comes_through_from_every_position(dtype: str, length: int) -> None:
    for position in {0, length // 2, length - 1, min(63, length - 1), min(64, length - 1)}:
        array = np.ones(length, dtype)
        array[position] = np.nan
        for record, view in itertools.product(PLAIN_REDUCTIONS, (lambda x: x, lambda x: x[::-1])):
            assert math.isnan(function(record)(view(ao.tensor(array))).item()), f"{record.name} {position}"


@pytest.mark.parametrize("length", [1, 2, 63, 64, 65, 200])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_sum_of_negative_zeros_is_one(dtype: str, length: int) -> None:
    array = np.full(length, -0.0, dtype)
    for zero in (-0.0, 0.0):
        array[length // 2] = zero
        assert_same(ao.sum(ao.tensor(array)), np.array(zero, dtype), "along a row")
        columns = ao.tensor(np.repeat(array[:, None], 3, 1))
        assert_same(ao.sum(columns, 0), np.full(3, zero, dtype), "along columns")


def test_a_sum_of_nothing_is_a_positive_zero() -> None:
    assert_same(ao.sum(ao.zeros(0)), np.array(0.0))


def sum_error(t: ao.Tensor, values: np.ndarray) -> float:
    """How far a sum is from the truth, relative to the sum of the absolute values, in eps."""
    truth = math.fsum(values.ravel().tolist())
    scale = math.fsum(np.abs(values).ravel().tolist())
    return abs(ao.sum(t).item() - truth) / (scale * float(np.finfo(values.dtype).eps))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", ["positive", "mixed", "wide range"])
def test_long_sums_are_accurate(kind: str, dtype: str) -> None:
    """Leaves of 64 rounds in 64 lanes, and a tree of leaves."""
    generator = np.random.default_rng(11)
    n = 1_000_000
    values = generator.random(n) if kind == "positive" else generator.standard_normal(n)
    if kind == "wide range":
        values *= np.exp2(generator.integers(-30, 30, n))
    values = values.astype(dtype)
    t = ao.asarray(values)
    guaranteed = (math.log2(n) + 140) / 2  # additions that an element goes through, half an eps each
    assert sum_error(t, values) <= guaranteed
    assert sum_error(t[::-1], values) <= guaranteed
    # rounding errors mostly cancel: far from the guarantee
    assert sum_error(t, values) <= 4


def test_sums_over_many_rows_are_as_accurate_as_those_of_one() -> None:
    values = np.random.default_rng(12).random((50_000, 3))
    sums = ao.sum(ao.asarray(values), 0).tolist()
    for column, got in zip(values.T, sums, strict=True):
        truth = math.fsum(column.tolist())
        assert abs(got - truth) <= (math.log2(50_000) + 140) * 2.0**-53 * truth


@pytest.mark.parametrize("repeat", [True, False], ids=["stride 0", "contiguous"])
def test_float32_counts_beyond_its_integers(repeat: bool) -> None:
    """A running sum of float32 ones stops at 2**24."""
    n = 2**24 + 64
    ones = ao.asarray(np.broadcast_to(np.float32(1), n)) if repeat else ao.ones(n, dtype="float32")
    assert ao.sum(ones).item() == n


@pytest.mark.parametrize("dtype", FLOATS)
def test_products_are_accurate(dtype: str) -> None:
    values = np.random.default_rng(13).uniform(0.9, 1.1, 1000).astype(dtype)
    truth = math.prod(map(mpmath.mpf, values.tolist()), start=mpmath.mpf(1))
    assert abs(ao.prod(ao.asarray(values)).item() / truth - 1) <= 1000 * float(np.finfo(dtype).eps)


steps = st.sampled_from([None, 1, 2, 3, -1, -2, -3])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_reductions_of_random_views(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4), label="shape"))
    array = np.random.default_rng(0).integers(-9, 9, shape)
    t = ao.tensor(array)
    key = tuple(
        slice(*data.draw(st.tuples(st.none() | st.integers(-6, 6), st.none() | st.integers(-6, 6), steps)))
        for _ in shape
    )
    order = data.draw(st.permutations(range(len(shape))), label="order")
    t, array = ao.permute_dims(t[key], order), array[key].transpose(order)
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1)), label="axes"))
    assert_same(ao.sum(t, axes), array.sum(axes))
    if array.size:
        assert_same(ao.max(t, axes), array.max(axes))


# --- argreductions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("record", "dtype"), supported(ARGREDUCTIONS))
def test_argreduction_along_every_axis(record: Record, dtype: str) -> None:
    for seed, (layout, values) in enumerate(itertools.product(LAYOUTS.values(), ("plain", "nonfinite", "special"))):
        t, array = layout.pair(dtype, seed, values)
        for axis, keepdims in itertools.product([None, *range(-array.ndim, array.ndim)], (False, True)):
            context = f"{record.name} {dtype} {layout.name} {values} axis={axis} keepdims={keepdims}"
            if lacks_elements(record, array.shape, None if axis is None else [axis % array.ndim]):
                with pytest.raises(ValueError, match=f"{record.name}: x must have elements along the axes that fold"):
                    function(record)(t, axis, keepdims=keepdims)
                continue
            if array.size == 0:  # and so has the result
                shape = tuple(1 if k == axis % array.ndim else n for k, n in enumerate(array.shape))
                wanted = np.zeros(shape if keepdims else np.delete(shape, axis), "int64")
            else:
                wanted = np.asarray(expected(record, array, axis=axis, keepdims=keepdims), "int64")
            assert_same(function(record)(t, axis, keepdims=keepdims), wanted, context)
        assert_same(t, array, f"{context}: the input has changed")


@by_name("record", ARGREDUCTIONS)
def test_argreduction_into_out(record: Record) -> None:
    for layout, dtype, axis in itertools.product(
        ("cube", "permuted", "repeated long rows"), record.dtypes, (0, -1, None)
    ):
        t, array = LAYOUTS[layout].pair(dtype, 6)
        wanted = np.asarray(expected(record, array, axis=axis), "int64")
        for out in (ao.zeros(wanted.shape, dtype="int64"), ao.zeros((*wanted.shape, 2), dtype="int64")[..., 0]):
            assert function(record)(t, axis, out=out) is out
            assert_same(out, wanted, f"{record.name} {dtype} {layout} {axis}")
        floats = ao.zeros(wanted.shape, dtype="float32")
        assert function(record)(t, axis, out=floats) is floats
        assert_same(floats, wanted.astype("float32"))
    with pytest.raises(TypeError, match=f"{record.name}: out must be able to hold a result of dtype int64"):
        function(record)(ao.ones((2, 3)), 0, out=ao.zeros(3, dtype="bool"))
    with pytest.raises(ValueError, match=r"out must have the shape of the result \(3,\), got \(2,\)"):
        function(record)(ao.ones((2, 3)), 0, out=ao.zeros(2, dtype="int64"))


@by_name("record", ARGREDUCTIONS)
def test_argreduction_into_a_part_of_its_input(record: Record) -> None:
    array = np.random.default_rng(2).integers(-99, 99, (12, 12))
    for axis, part in ((0, lambda x: x[0]), (1, lambda x: x[:, 3]), (None, lambda x: x[2, 3, ...])):
        t, wanted = ao.tensor(array), array.copy()
        part(wanted)[...] = expected(record, array, axis=axis)
        function(record)(t, axis, out=part(t))
        assert_same(t, wanted, f"{record.name} {axis}")


# --- scans -----------------------------------------------------------------------------------------------------


def scanned(record: Record, array: np.ndarray, axis: int, include_initial: bool = False) -> np.ndarray:
    """What NumPy makes of it; its sum of nothing goes in front by hand."""
    wanted = expected(record, array, axis=axis)
    if not include_initial:
        return wanted
    shape = (*wanted.shape[:axis], 1, *wanted.shape[axis + 1 :])
    return np.concatenate([np.full(shape, record.identity, wanted.dtype), wanted], axis)


@pytest.mark.parametrize(("record", "dtype"), supported(SCANS))
def test_scan_along_every_axis(record: Record, dtype: str) -> None:
    for seed, (layout, values) in enumerate(itertools.product(LAYOUTS.values(), families(record))):
        t, array = layout.pair(dtype, seed, values)
        if record.name == "cumulative_prod" and dtype != "bool" and values == "nonfinite powers":
            continue  # which of several orders meets an overflow first is open: infinity times zero
        for axis, include_initial in itertools.product(range(array.ndim), (False, True)[: 1 + bool(record.flag)]):
            context = f"{record.name} {dtype} {layout.name} {values} axis={axis} include_initial={include_initial}"
            wanted = scanned(record, array, axis, include_initial)
            for spelling in (axis, axis - array.ndim):
                result = function(record)(t, spelling, **({"include_initial": True} if include_initial else {}))
                assert_same(result, wanted, context, zero_sign=not record.cases.any_zero)
        assert_same(t, array, f"{record.name} {layout.name}: the input has changed")


@by_name("record", SCANS)
def test_scan_into_out(record: Record) -> None:
    for layout, dtype, initial in itertools.product(
        ("cube", "permuted", "repeated long rows"), exact_dtypes(record), (False, True)[: 1 + bool(record.flag)]
    ):
        t, array = LAYOUTS[layout].pair(dtype, 6, "powers")
        result = record.result_for(dtype)
        for axis in range(array.ndim):
            wanted = scanned(record, array, axis, initial)
            for out in (ao.zeros(wanted.shape, dtype=result), ao.zeros((*wanted.shape, 2), dtype=result)[..., 0]):
                context = f"{record.name} {dtype} {layout} {axis} strides {out.strides}"
                given = {"include_initial": True} if initial else {}
                assert function(record)(t, axis, **given, out=out) is out, context
                assert_same(out, wanted, context)
    out = ao.zeros(3, dtype="float64")
    assert function(record)(ao.tensor([1, 2, 3]), out=out) is out
    assert out.tolist() == function(record)(ao.tensor([1, 2, 3])).tolist()
    with pytest.raises(TypeError, match=f"{record.name}: out must be able to hold a result of dtype float64"):
        function(record)(ao.ones(3), out=ao.zeros(3, dtype="int64"))
    with pytest.raises(ValueError, match=r"out must have the shape of the result \(4,\), got \(3,\)"):
        function(record)(ao.ones(4), out=out)


@by_name("overlap", OVERLAPS.values())
@by_name("record", SCANS)
def test_scan_into_its_own_memory(record: Record, overlap: Any) -> None:
    for dtype in (dtype for dtype in exact_dtypes(record) if record.result_for(dtype) == dtype):
        memory, array = overlap.memory(dtype, 3, "powers")
        source, target = overlap.source(array), overlap.target(array)
        if source.shape != target.shape:
            continue
        for axis in range(source.ndim):
            memory, array = overlap.memory(dtype, 3, "powers")
            overlap.target(array)[...] = scanned(record, overlap.source(array).copy(), axis)
            function(record)(overlap.source(memory), axis, out=overlap.target(memory))
            assert_same(memory, array, f"{record.name} {dtype} {overlap.name} {axis}")


@by_name("record", [record for record in SCANS if record.takes_dtype])
def test_scan_in_another_dtype(record: Record) -> None:
    for source, target in itertools.product(SAMPLED, ("int64", "float32", "float64")):
        t, array = LAYOUTS["permuted"].pair(source, 4, "powers")
        with np.errstate(all="ignore"):
            wanted = scanned(record, array.astype(target), 1)
        assert_same(function(record)(t, 1, dtype=target), wanted, f"{record.name} {source} as {target}")


# --- the same bits on every CPU --------------------------------------------------------------------------------


def digest(results: Iterable[ao.Tensor]) -> str:
    """A digest of the bytes of tensors, all NaNs counted as one.

    Which of two NaNs an addition gives, sign and payload, is up to the order of its operands, and compilers are free
    to exchange them.
    """
    found = hashlib.sha256()
    for result in results:
        array = np.asarray(result)
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array)
        found.update(f"{result.dtype} {result.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def digests(whole: bool) -> dict[str, str]:
    """A digest of each operator's results on a fixed data set; runs in processes of their own.

    If not the whole of it, one kind of values for each operator and dtype.
    """
    found = {}
    # every fourth: test_digests.py goes through the layouts, this test through the operators
    layouts = [*list(LAYOUTS.values())[::4], Layout("long", (5, 5_003)), Layout("tall", (5_003, 5))]
    kinds = ("plain", "special", "nonfinite")
    for (place, record), dtype, kind in itertools.product(enumerate(RECORDS.values()), DTYPES, range(len(kinds))):
        if dtype not in record.dtypes or (not whole and kind != (place + DTYPES.index(dtype)) % len(kinds)):
            continue
        values = kinds[kind]
        call = function(record)
        tensors = [layout.pair(dtype, 21, values)[0] for layout in layouts]
        operands = [[t, *[t[::-1] if t.ndim else t] * (record.inputs - 1)] for t in tensors]
        if record.kind not in AXIS_KINDS:
            results = [call(*inputs) for inputs in operands]
        elif record.kind == "reduce":
            results = [call(*x, axes) for x in operands if x[0].size for axes in axis_subsets(x[0].ndim)]
        else:
            results = [call(*x, axis) for x in operands if x[0].size for axis in range(x[0].ndim)]
        found[f"{record.name} {dtype} {values}"] = digest(results)
    return found


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter that finds the tests' modules."""
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


PROBE = """
try:
    import aotops
    print(aotops.cpu_level())
except ImportError as error:
    print(error)
"""


def available_levels() -> list[str]:
    """The CPU levels that kernels are compiled for and this machine has."""
    levels = [level.name for level in X86_64_LEVELS]
    return [level for level in levels if run_python(PROBE, AOTOPS_CPU=level).stdout.strip() == level]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_cpu_level_gives_the_same_bits(whole: bool) -> None:
    levels = available_levels()
    if len(levels) < 2:
        pytest.skip(f"this machine has only {levels}")
    found = {}
    for level in levels:
        done = run_python(f"import json, test_operators as t; print(json.dumps(t.digests({whole})))", AOTOPS_CPU=level)
        assert done.returncode == 0, done.stderr
        found[level] = json.loads(done.stdout)
    first = found[levels[0]]
    assert len(first) > 100
    for level in levels[1:]:
        assert [name for name in first if first[name] != found[level][name]] == [], f"{levels[0]} and {level} differ"


def test_the_highest_level_is_the_default() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "AOTOPS_CPU"}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == (available_levels() or ["generic"])[-1]
    assert run_python(PROBE, AOTOPS_CPU="").stdout == done.stdout


@pytest.mark.parametrize("level", ["x86-64-v9", "avx2", " x86-64-v2", "X86-64-V2"])
def test_an_unknown_level_is_an_import_error_with_the_known_ones(level: str) -> None:
    message = run_python(PROBE, AOTOPS_CPU=level).stdout.strip()
    levels = ", ".join(available_levels() or ["generic"])
    assert message == f"AOTOPS_CPU must be a CPU level that this machine has ({levels}), got '{level}'"
