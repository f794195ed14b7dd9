"""Calls at the edges: sizes that cannot be counted, flags without a truth, endless sequences, habits from elsewhere."""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, SAMPLED
from needs import requires_numba
from test_operators import run_python

import aotops as ao
from aotops import _native, abi

X = ao.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

# --- reductions over spaces that exist nowhere ---------------------------------------------------------------------

product_of_sums = ao.reduce(lambda a, b: a * b, identity=1.0, map=lambda x, y: x + y, dtypes="float64")


def repeated(*shape: int) -> ao.Tensor:
    """A tensor of one value in memory, seen in any shape."""
    return ao.asarray(np.broadcast_to(np.float64(1.0), shape))


#: Shapes of two inputs whose common shape has 2**63 elements or more, though neither has.
TOO_LARGE = [
    ((2**32, 1), (1, 2**31)),
    ((2**58, 1), (2**58,)),
    ((2**31, 1), (2**40,)),
    ((3, 1, 2**40), (2**40, 1)),
    ((2**58, 1, 1), (1, 64, 1)),  # 2**64: nothing, to those who let products wrap around
    ((2**58, 1), (3 * 2**56,)),
    ((2**59, 1), (17,)),
    (tuple([4] * 16) + (1,) * 16, (4,) * 16),
]


@requires_numba
@pytest.mark.parametrize("shapes", TOO_LARGE, ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_a_reduction_over_more_elements_than_can_be_counted(shapes: Any, keepdims: bool) -> None:
    x, y = (repeated(*shape) for shape in shapes)
    ndim = max(map(len, shapes))
    for a, b in ((x, y), (y, x)):
        for axis in (None, 0, ndim - 1, tuple(range(ndim)), (), (0, -1)):
            with pytest.raises(
                ValueError, match=r"at most 2\*\*63 - 1 elements together, got shapes .* and .*, together"
            ):
                product_of_sums(a, b, axis=axis, keepdims=keepdims)


@requires_numba
def test_an_out_does_not_make_it_countable() -> None:
    out = ao.full((), 7.0)
    with pytest.raises(ValueError, match="together"):
        product_of_sums(repeated(2**40, 1), repeated(2**40), out=out)
    assert out.item() == 7.0


@requires_numba
@pytest.mark.parametrize(
    ("axis", "keepdims"), [(None, False), (None, True), (0, True), ((0, 1), False), ((0, 2), True)]
)
def test_nothing_along_a_reduced_axis_is_the_identity_whatever_the_others_are(axis: Any, keepdims: bool) -> None:
    x, y = ao.zeros((0, 3, 1)), ao.zeros((0, 1, 4))
    expected = np.prod(np.zeros((0, 3, 4)), axis=axis, keepdims=keepdims)
    result = product_of_sums(x, y, axis=axis, keepdims=keepdims)
    assert result.shape == expected.shape and result.tolist() == expected.tolist()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_fused_reductions_over_short_and_empty_axes_are_numpys(data: st.DataObject) -> None:
    fused = _native.operators["_sum_of_squared_deviations"]
    shape = data.draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    ndim = len(shape)
    own = [tuple(data.draw(st.sampled_from([n, 1])) for n in shape) for _ in range(2)]
    own[1] = own[1][data.draw(st.integers(0, ndim)) :]
    axes = data.draw(st.none() | st.lists(st.integers(0, max(ndim - 1, 0)), unique=True, max_size=ndim).map(tuple))
    keepdims = data.draw(st.booleans())
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, y = (generator.integers(-9, 9, lengths).astype("float64") for lengths in own)
    expected = np.sum((x - y) ** 2, axis=axes, keepdims=keepdims)
    result = fused(ao.asarray(x), ao.asarray(y), axis=axes, keepdims=keepdims)
    assert result.shape == np.shape(expected) and result.tolist() == expected.tolist()


@requires_numba
def test_empty_spaces_with_long_axes() -> None:
    x, y = ao.zeros((0, 2**40, 1)), ao.zeros((0, 1, 2**40))
    assert product_of_sums(x, y).item() == 1.0
    assert product_of_sums(x, y, keepdims=True).shape == (1, 1, 1)
    assert product_of_sums(x, y, axis=1).shape == (0, 2**40)
    assert product_of_sums(x, y, axis=(1, 2)).shape == (0,)
    with pytest.raises(ValueError, match=r"shape must take at most 2\*\*63 - 1 bytes"):
        product_of_sums(x, y, axis=0)


def test_long_axes_of_one_input() -> None:
    x = ao.zeros((0, 2**59))
    assert ao.sum(x).item() == 0.0 and ao.sum(x, 1).shape == (0,)
    assert ao.prod(x, 1, keepdims=True).shape == (0, 1)
    assert np.isnan(ao.mean(x).item()) and ao.mean(x, 1).shape == (0,) and ao.var(x, 1).shape == (0,)
    assert ao.cumulative_sum(x, 0).shape == x.shape and ao.cumulative_sum(x, 1).shape == x.shape
    for call in (ao.sum, ao.prod, ao.mean):
        with pytest.raises(MemoryError):
            call(x, 0)
    with pytest.raises(ValueError, match=r"shape must take at most 2\*\*63 - 1 bytes"):
        ao.cumulative_sum(ao.zeros((0, 2**60 - 1)), 1, include_initial=True)


def test_plain_python_rejects_what_kernels_reject() -> None:
    script = """
        import aotops as ao, numpy as np
        dot = ao.reduce(lambda a, b: a * b, identity=1.0, map=lambda x, y: x * y)
        x, y = (ao.asarray(np.broadcast_to(np.float64(1), shape)) for shape in ((2**32, 1), (2**31,)))
        try:
            dot(x, y)
        except ValueError as error:
            print(error)
        print(dot(ao.zeros((0, 2**40, 1)), ao.zeros((0, 1, 2**40))).item())
    """
    done = run_python(textwrap.dedent(script), AOTOPS_PYTHON="1")
    assert "dot: inputs must have at most 2**63 - 1 elements together" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "1.0"


# --- flags -----------------------------------------------------------------------------------------------------------


class NoTruth:
    """Something that is neither true nor false."""

    def __bool__(self) -> bool:
        raise KeyError("no truth")


FLAGS: dict[str, Callable[[Any], object]] = {
    "astype copy": lambda flag: ao.astype(X, "int64", copy=flag),
    "astype copy of no tensor": lambda flag: ao.astype(3, "int64", copy=flag),  # type: ignore[arg-type]
    "astype copy of no dtype": lambda flag: ao.astype(X, "int65", copy=flag),
    "astype method": lambda flag: X.astype("int64", copy=flag),
    "asarray": lambda flag: ao.asarray([1, 2], copy=flag),
    "asarray of a number": lambda flag: ao.asarray(3, copy=flag),
    "asarray of a tensor": lambda flag: ao.asarray(X, copy=flag),
    "asarray of a buffer": lambda flag: ao.asarray(np.zeros(3), copy=flag),
    "asarray of bytes": lambda flag: ao.asarray(b"abc", dtype="int64", copy=flag),
    "reshape": lambda flag: ao.reshape(X, 6, copy=flag),
    "reshape method": lambda flag: X.reshape(6, copy=flag),
    "sum": lambda flag: ao.sum(X, keepdims=flag),
    "sum method": lambda flag: X.sum(0, keepdims=flag),
    "max": lambda flag: ao.max(X, 0, keepdims=flag),
    "argmax": lambda flag: ao.argmax(X, keepdims=flag),
    "argmax along an axis": lambda flag: ao.argmax(X, 0, keepdims=flag),
    "mean": lambda flag: ao.mean(X, keepdims=flag),
    "var": lambda flag: ao.var(X, keepdims=flag),
    "std": lambda flag: X.std(keepdims=flag),
    "cumulative_sum": lambda flag: ao.cumulative_sum(X, 0, include_initial=flag),
    "fused": lambda flag: _native.operators["_sum_of_squared_deviations"](X, X, keepdims=flag),
}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_without_a_truth_raises_what_its_truth_raises(name: str) -> None:
    call = FLAGS[name]
    with pytest.raises(KeyError, match="no truth"):
        call(NoTruth())
    several = (
        r"^bool: x must have exactly one element|The truth value of an array"
        r"|: \w+ must be True(, False or None| or False), got"
    )
    for flag in (ao.zeros(3), np.zeros(3)):
        with pytest.raises((ValueError, TypeError), match=several):
            call(flag)


@pytest.mark.parametrize("flag", [np.True_, 1, ao.tensor(True)], ids=repr)
def test_flags_of_other_types_count_as_their_truth(flag: Any) -> None:
    assert ao.sum(X, keepdims=flag).shape == (1, 1)
    assert ao.cumulative_sum(X, 0, include_initial=flag).shape == (3, 3)
    shared = ao.asarray(X, copy=flag)
    shared[0, 0] = 9.0
    assert X[0, 0].item() == 1.0
    assert ao.astype(X, "float64", copy=flag) is not X


@pytest.mark.parametrize("flag", [np.False_, 0, ao.tensor(False)], ids=repr)
def test_false_flags_of_other_types_forbid_copies(flag: Any) -> None:
    with pytest.raises(ValueError, match="copy=False"):
        ao.asarray(X, dtype="int64", copy=flag)
    with pytest.raises(ValueError, match="copy=False"):
        ao.asarray([1], copy=flag)
    with pytest.raises(ValueError, match=r"must have strides that a view of shape .* can show"):
        X.T.reshape(6, copy=flag)
    assert ao.astype(X, "float64", copy=flag) is X


# --- sequences of any length -----------------------------------------------------------------------------------------


class Endless(list[int]):
    """A list of which no more than its beginning may be read one by one."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("read as a whole")


LONG = {
    "range(2**62)": range(2**62),
    "range(10**30)": range(10**30),
    "a list of 10**7": [1] * 10**7,
    "a tuple of 33": (1,) * 33,
    "an endless list": Endless([1] * 40),
}
READERS: dict[str, Callable[[Any], object]] = {
    "zeros": lambda lengths: ao.zeros(lengths),
    "ones": lambda lengths: ao.ones(lengths),
    "empty": lambda lengths: ao.empty(lengths),
    "full": lambda lengths: ao.full(lengths, 1),
    "reshape": lambda lengths: ao.reshape(X, lengths),
    "reshape method": lambda lengths: X.reshape(lengths),
    "view": lambda lengths: X.view(lengths),
    "permute_dims": lambda lengths: ao.permute_dims(X, lengths),
    "permute": lambda lengths: X.permute(lengths),
}
AXES_READERS: dict[str, Callable[[Any], object]] = {
    "sum": lambda axes: ao.sum(X, axis=axes),
    "mean": lambda axes: ao.mean(X, axis=axes),
    "std": lambda axes: X.std(axes),
    "fused": lambda axes: _native.operators["_sum_of_squared_deviations"](X, X, axis=axes),
}


@pytest.mark.parametrize("lengths", LONG.values(), ids=list(LONG))
@pytest.mark.parametrize("name", READERS)
def test_no_more_lengths_than_32_are_read(name: str, lengths: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^\w+: (shape must have at most 32 dimensions|axes must name at most 32 axes), got \S+"
    ):
        READERS[name](lengths)


@pytest.mark.parametrize("name", AXES_READERS)
def test_no_more_axes_than_32_are_read(name: str) -> None:
    for axes in (v for v in LONG.values() if not isinstance(v, range)):
        with pytest.raises(ValueError, match=r"^\w+: axis must name at most 32 axes, got \d+$"):
            AXES_READERS[name](axes)
    for axes in (range(2), range(10**30)):
        with pytest.raises(TypeError, match=r"^\w+: axis must be an int, a tuple of ints or None, got range"):
            AXES_READERS[name](axes)


class Unread(tuple[int, ...]):
    """A tuple that must not be iterated over."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("read")


def test_indices_of_any_length() -> None:
    for item in (0, None, Ellipsis, slice(None), True):
        for count in (66, 10**5):
            with pytest.raises(
                IndexError, match=f"index must have at most 2 items for a tensor of 2 dimensions, got {count}"
            ):
                X[Unread((item,) * count)]
            with pytest.raises(
                IndexError, match=f"index must have at most 2 items for a tensor of 2 dimensions, got {count}"
            ):
                X[Unread((item,) * count)] = 1.0
    most = ao.zeros((1,) * 16)
    assert most[(*[None] * 16, ..., *[0] * 16)].shape == (1,) * 16


def test_ranges_of_lengths_and_axes() -> None:
    assert ao.zeros(range(2, 4)).shape == (2, 3)
    assert X.reshape(range(3, 1, -1)).shape == (3, 2)
    assert X.permute(range(1, -1, -1)).shape == ao.permute_dims(X, range(1, -1, -1)).shape == (3, 2)
    assert ao.zeros((1,) * 32).ndim == 32


#: Ints so long that Python does not write them out.
HUGE = 10**5000


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: ao.zeros(HUGE), ValueError),
        (lambda: ao.zeros((2, -HUGE)), ValueError),
        (lambda: ao.sum(X, axis=HUGE), ao.AxisError),
        (lambda: ao.permute_dims(X, (0, HUGE)), ao.AxisError),
        (lambda: X.item(HUGE), IndexError),
        (lambda: X.item(0, HUGE), IndexError),
        (lambda: ao.zeros(2, dtype=HUGE), TypeError),
    ],
)
def test_messages_about_ints_of_any_length(call: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"int of 1661\d bits"):
        call()


def test_messages_do_not_repeat_all_that_was_given() -> None:
    for call in (
        lambda: ao.zeros("x" * 10**6),
        lambda: ao.zeros(2, dtype="x" * 10**6),
        lambda: ao.zeros([[0] * 10**6]),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert len(str(caught.value)) < 240


# --- habits from NumPy and PyTorch ---------------------------------------------------------------------------------

HABITS: list[tuple[Callable[[], object], str]] = [
    (lambda: ao.zeros(2, 3), "write zeros((2, 3))"),  # type: ignore[call-arg]
    (lambda: ao.ones(2, 3, 4), "write ones((2, 3, 4))"),  # type: ignore[call-arg]
    (lambda: ao.empty(2, 3), "write empty((2, 3))"),  # type: ignore[call-arg]
    (lambda: ao.zeros((2, 3), ao.float32), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.zeros(3, "float32"), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.ones(3, np.float32), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.empty(3, float), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.full((2, 3), 1, ao.float32), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.tensor([1, 2], ao.float32), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.tensor(1, 2, 3), "write tensor([1, 2, 3])"),  # type: ignore[call-arg]
    (lambda: ao.tensor(1.5, 2), "write tensor([1.5, 2])"),  # type: ignore[call-arg]
    (lambda: ao.asarray([1, 2], "float32"), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.asarray([1, 2], True), "write device= or copy="),  # type: ignore[call-arg]
    (lambda: ao.asarray(obj=[1]), "asarray takes obj by position"),  # type: ignore[call-arg]
    (lambda: ao.arange(0, 5, 1, int), "write dtype="),  # type: ignore[call-arg]
    (lambda: ao.arange(start=1, stop=3), "arange takes start by position"),  # type: ignore[call-arg]
    (lambda: ao.arange(1, end=3), "write stop="),  # type: ignore[call-arg]
    (lambda: ao.zeros(size=3), "write shape="),  # type: ignore[call-arg]
    (lambda: ao.zeros(3, order="C"), "it takes shape, dtype="),  # type: ignore[call-arg]
    (lambda: ao.zeros(3, grad=True), "it takes shape, dtype="),  # type: ignore[call-arg]
    (lambda: ao.zeros(), "it takes shape, dtype="),  # type: ignore[call-arg]
    (lambda: ao.reshape(X, 3, 2), "write reshape(x, (3, 2))"),  # type: ignore[call-arg]
    (lambda: ao.reshape(X, newshape=(3, 2)), "write shape="),  # type: ignore[call-arg]
    (lambda: X.reshape(3, 2, order="F"), "it takes *shape, copy="),  # type: ignore[call-arg]
    (lambda: ao.permute_dims(X, 1, 0), "write permute_dims(x, (1, 0))"),  # type: ignore[call-arg]
    (lambda: ao.permute_dims(X, dims=(1, 0)), "write axes="),  # type: ignore[call-arg]
    (lambda: ao.mean(X, 0, True), "write keepdims= or out="),  # type: ignore[call-arg]
    (lambda: ao.mean(X, dim=0), "write axis="),  # type: ignore[call-arg]
    (lambda: X.std(dim=0), "write axis="),  # type: ignore[call-arg]
    (lambda: ao.std(X, 0, keepdim=True), "write keepdims="),  # type: ignore[call-arg]
    (lambda: ao.var(X, unbiased=True), "write correction="),  # type: ignore[call-arg]
    (lambda: ao.memory.stats("cached"), "it takes no arguments"),  # type: ignore[call-arg]
    (lambda: ao.memory.set_cache_limit(limit=3), "it takes bytes"),  # type: ignore[call-arg]
    (lambda: X.tolist(0), "it takes no arguments"),  # type: ignore[call-arg]
    (lambda: X.astype("int64", False), "write copy="),  # type: ignore[call-arg]
    (lambda: ao.astype(X, "int64", False), "copy=, is given by name"),  # type: ignore[call-arg]
    (lambda: ao.astype(X, "int64", order="C"), "it takes copy, device"),  # type: ignore[call-arg]
    (lambda: ao.sum(X, 0, True), "what follows them, as out=, is given by name"),  # type: ignore[call-arg]
    (lambda: ao.sum(X, dim=0), "dim is called axis here, write axis="),  # type: ignore[call-arg]
    (lambda: ao.exp(X, X), "what follows them, as out=, is given by name"),  # type: ignore[call-arg]
    (lambda: ao.map(lambda x: x, "float32"), "write dtypes="),
    (lambda: ao.map(lambda x: x, [1, 2, 3]), "map(function)(x)"),
    (lambda: ao.map(lambda x: x, X), "map(function)(x)"),
    (lambda: ao.reduce(lambda a, b: a + b, 0.0), "write identity="),
    (lambda: ao.result_type(ao.float32, like=X), "it takes *values"),  # type: ignore[call-arg]
]


#: Calls that take a flag, by the function and the argument that the error names.
FLAG_ARGUMENTS: dict[str, Callable[[Any], object]] = {
    "argmax: keepdims": lambda flag: ao.argmax(X, 0, keepdims=flag),
    "argsort: descending": lambda flag: ao.argsort(X, descending=flag),
    "astype: copy": lambda flag: ao.astype(X, "float32", copy=flag),
    "count_nonzero: keepdims": lambda flag: ao.count_nonzero(X, axis=0, keepdims=flag),
    "cumulative_sum: include_initial": lambda flag: ao.cumulative_sum(X, axis=0, include_initial=flag),
    "isin: invert": lambda flag: ao.isin(X, 1.0, invert=flag),
    "linspace: endpoint": lambda flag: ao.linspace(0, 1, 3, endpoint=flag),
    "logspace: endpoint": lambda flag: ao.logspace(0, 1, 3, endpoint=flag),
    "logsumexp: keepdims": lambda flag: ao.logsumexp(X, 0, keepdims=flag),
    "mean: keepdims": lambda flag: ao.mean(X, 0, keepdims=flag),
    "median: keepdims": lambda flag: ao.median(X, axis=0, keepdims=flag),
    "nanargmax: keepdims": lambda flag: ao.nanargmax(X, 0, keepdims=flag),
    "nanmax: keepdims": lambda flag: ao.nanmax(X, 0, keepdims=flag),
    "nanmean: keepdims": lambda flag: ao.nanmean(X, 0, keepdims=flag),
    "nansum: keepdims": lambda flag: ao.nansum(X, 0, keepdims=flag),
    "norm: keepdims": lambda flag: ao.norm(X, 0, keepdims=flag),
    "reshape: copy": lambda flag: ao.reshape(X, (-1,), copy=flag),
    "sort: stable": lambda flag: ao.sort(X, stable=flag),
    "std: keepdims": lambda flag: ao.std(X, 0, keepdims=flag),
    "sum: keepdims": lambda flag: ao.sum(X, 0, keepdims=flag),
}


@pytest.mark.parametrize("argument", FLAG_ARGUMENTS)
def test_a_flag_is_no_string_or_array(argument: str) -> None:
    for flag in ("no", "False", [], (0,), ao.ones(2), ao.zeros((0,)), np.ones(2)):
        with pytest.raises(TypeError, match=f"^{argument} must be True(, | or )False.*, got {type(flag).__name__}"):
            FLAG_ARGUMENTS[argument](flag)
    for flag in (1, np.True_, ao.tensor(True)):
        assert np.array_equal(np.asarray(FLAG_ARGUMENTS[argument](flag)), np.asarray(FLAG_ARGUMENTS[argument](True)))
    assert np.array_equal(np.asarray(FLAG_ARGUMENTS[argument](0)), np.asarray(FLAG_ARGUMENTS[argument](False)))


@pytest.mark.parametrize(("call", "advice"), HABITS)
def test_a_call_as_elsewhere_is_told_what_to_write(call: Callable[[], object], advice: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert advice in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_declarations_of_another_number_of_inputs_are_told_of_each_other() -> None:
    with pytest.raises(
        ValueError, match=r"the function of a map must have 1 input, got 2; declare it with aotops\.zip"
    ):
        ao.map(lambda x, y: x + y)
    with pytest.raises(
        ValueError, match=r"the function of a zip must have 2 inputs or more, got 1; declare it with aotops\.map"
    ):
        ao.zip(lambda x: x)
    with pytest.raises(ValueError, match=r"function must combine 2 values, got a function of 1; .* map="):
        ao.reduce(lambda x: x, identity=0.0)


def test_errors_inside_of_a_function_are_not_taken_for_wrong_calls() -> None:
    with pytest.raises(TypeError, match=r"^zeros: shape must be an int or a tuple of ints, got str 'a'$"):
        ao.zeros("a")
    with pytest.raises(TypeError, match=r"^mean: x must be a Tensor, a Python number, .*, got str 'a'$"):
        ao.mean("a")  # type: ignore[arg-type]
    with pytest.raises(OverflowError, match=r"^mean: x must fit int64, got int of 16610 bits$"):
        ao.mean(HUGE)


def test_functions_that_give_advice_are_still_themselves() -> None:
    import inspect

    for name in ("zeros", "tensor", "arange", "reshape", "mean", "map", "result_type"):
        function = getattr(ao, name)
        assert pickle.loads(pickle.dumps(function)) is function
        assert function.__name__ == name and function.__doc__
    assert (
        str(inspect.signature(ao.reshape))
        == "(x: 'Tensor', /, shape: 'Any', *, copy: 'bool | None' = None) -> 'Tensor'"
    )


DTYPE_SPELLINGS: list[tuple[Any, str]] = [
    *[(spelling, name) for name in DTYPES for spelling in (name, getattr(ao, name))],
    *[(getattr(np, name), name) for name in DTYPES if name != "bool"],
    *[(np.dtype(name), name) for name in DTYPES],
    (np.bool_, "bool"),
    (bool, "bool"),
    (int, "int64"),
    (float, "float64"),
    ("int", "int64"),
    ("float", "float64"),
]


@pytest.mark.parametrize(("spelling", "name"), DTYPE_SPELLINGS, ids=repr)
def test_every_spelling_of_a_dtype_is_taken_everywhere(spelling: Any, name: str) -> None:
    tensors = [
        *(make(2, dtype=spelling) for make in (ao.zeros, ao.ones, ao.empty)),
        ao.full(2, 1, dtype=spelling),
        ao.tensor([0, 1], dtype=spelling),
        ao.asarray([0, 1], dtype=spelling),
        ao.asarray(b"ab", dtype=spelling),
        ao.arange(2, dtype=spelling),
        ao.astype(X, spelling),
        X.astype(spelling),
    ]
    assert {t.dtype.name for t in tensors} == {name}
    assert ao.result_type(spelling) == name
    if name not in ("bool", "uint8"):  # which sum as int64
        assert ao.sum(X.astype(name), dtype=spelling).dtype == name
    if name == "uint64":  # functions compute in int64
        return
    declared = ao.map(lambda x: x, dtypes=spelling)
    assert [own.name for own in declared.dtypes[0]] == [name, name]
    assert ao.map(lambda x: x, dtypes=["float64"], result=spelling).dtypes[0][-1] == name
    assert ao.map(lambda x: x, dtypes=[spelling], result={spelling: spelling}).dtypes[0][-1] == name


NAMES = ", ".join(abi.NAMES)


@pytest.mark.parametrize("wrong", ["f2", "float16", "complex256", np.float16, np.dtype(">M8[s]"), str, None, 3, X])
def test_what_is_no_dtype(wrong: Any) -> None:
    if wrong is not None:
        with pytest.raises(TypeError, match=f"dtype must be one of {NAMES}, got"):
            ao.zeros(2, dtype=wrong)
    with pytest.raises((TypeError, ValueError), match="dtypes must be"):
        ao.map(lambda x: x, dtypes=wrong)


# --- item ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (2, 1, 3), (1, 1)], ids=str)
@pytest.mark.parametrize("dtype", SAMPLED)
def test_item_with_an_index_is_numpys(shape: tuple[int, ...], dtype: str) -> None:
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 3).astype(dtype)
    for a in [array, array.T, *([array[..., ::-1]] if shape else [])]:
        t = ao.asarray(a)
        indices: list[tuple[int, ...]] = [(k,) for k in range(-a.size, a.size)]
        for from_front in np.ndindex(a.shape):
            indices += [from_front, tuple(i - n for i, n in zip(from_front, a.shape, strict=True))]
        for index in indices:
            assert t.item(*index) == a.item(*index) and type(t.item(*index)) is type(a.item(*index))
            if index:
                assert t.item(index) == a.item(index)


@pytest.mark.parametrize(
    ("index", "error"),
    [
        ((6,), IndexError),
        ((-7,), IndexError),
        ((0, 3), IndexError),
        ((2, 0), IndexError),
        ((0, 0, 0), ValueError),
        (((0,) * 40,), ValueError),
        ((1.0,), TypeError),
        (("a", 0), TypeError),
        ((None,), TypeError),
        ((slice(None), 0), TypeError),
        ((), ValueError),
    ],
    ids=repr,
)
def test_item_with_a_wrong_index(index: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^(item: |index |a tensor has at most 32)"):
        X.item(*index)
    with pytest.raises(TypeError):
        X.item(index=0)  # type: ignore[call-arg]


def test_item_of_an_index_object() -> None:
    assert X.item(ao.tensor(1), np.int64(2)) == 6.0
    assert _native.TensorBase.item(X, 5) == 6.0
