"""Array kernels that write to arguments where the caller's arrays are."""

from __future__ import annotations

import gc
import inspect
import sys
from typing import Any, NamedTuple

import pytest
from needs import requires_numba

import aotops as ao
from aotops.user.array_functions import ArrayFunction
from aotops.user.array_kernels import ArrayKernel

np = pytest.importorskip("numpy", reason="arguments are NumPy's arrays, and results are compared with its")
pytestmark = requires_numba
rng = np.random.default_rng(15)


@ao.kernel("(n),(n)", in_place="y", dtypes=["float32", "float64"])
def accumulate(x, y):
    for i in range(x.shape[0]):
        y[i] += x[i]


@ao.kernel("(n),(),(m)->()", in_place=("state",), dtypes=[("float64", "int64", "float32", "float64")])
def advance(state, steps, push, total):
    total[0] = 0
    for i in range(state.shape[0]):
        state[i] = state[i] + steps * push[i % push.shape[0]]
        total[0] += state[i]


@ao.kernel("(n),()", in_place=("x", "count"), dtypes=[("float64", "int64")])
def clear_negative(x, count):
    for i in range(x.shape[0]):
        if x[i] < 0:
            x[i] = 0
            count[0] += 1
        elif x[i] > 9:
            raise ValueError("too large")


@ao.kernel("(n),(n)", in_place=["a", "b"], dtypes="float64")
def swap(a, b):
    for i in range(a.shape[0]):
        a[i], b[i] = b[i], a[i]


def test_arguments_are_written_where_they_are() -> None:
    x, y = rng.random(4), rng.random((2, 3, 4))
    before = y.copy()
    assert accumulate(x, y) is None
    assert np.array_equal(y, before + x)
    tensor = ao.tensor(before)
    assert accumulate(ao.tensor(x), tensor) is None and np.array_equal(np.asarray(tensor), before + x)
    shared = before.copy()
    accumulate(ao.tensor(x), y=ao.asarray(shared))
    assert np.array_equal(shared, before + x)
    accumulate([1, 2, 3, 4], y)
    assert np.array_equal(y, before + x + np.arange(1.0, 5.0))


@pytest.mark.parametrize("view", [np.s_[:, ::2], np.s_[::-1, 3::-1], np.s_[:, 1:5]])
def test_any_strides_are_written_and_nothing_beside(view: Any) -> None:
    x, whole = rng.random(4), rng.random((3, 8))
    expected = whole.copy()
    expected[view] += x
    accumulate(x, whole[view])
    assert np.array_equal(whole, expected)


def test_outputs_beside_them_are_returned() -> None:
    state, push = rng.random((5, 6)), rng.random((5, 3)).astype("float32")
    expected = state + 2 * np.tile(push, 2)
    total = advance(state, 2, push)
    assert np.array_equal(state, expected) and np.allclose(total, expected.sum(1))
    out = np.empty(5)
    assert advance(state, 0, push[:1], out=out) is out and np.allclose(out, expected.sum(1))
    assert advance(push=push[0], steps=0, state=state[0]) == pytest.approx(out[0])


def test_several_are_written_also_numbers() -> None:
    x = rng.standard_normal((4, 50))
    count = np.zeros(4, np.int64)
    expected = np.maximum(x, 0), (x < 0).sum(1)
    assert clear_negative(x, count) is None
    assert np.array_equal(x, expected[0]) and np.array_equal(count, expected[1])
    columns = rng.random((6, 2))
    swapped = columns[:, ::-1].copy()
    swap(columns[:, 0], columns[:, 1])  # which lie between each other and share no element
    assert np.array_equal(columns, swapped)


def test_axes_are_those_of_all_operands() -> None:
    x, y = rng.random((4, 2)), rng.random((4, 2))
    expected = x + y
    accumulate(x, y, axis=0)
    assert np.array_equal(y, expected)
    accumulate(x.T, y, axes=[(1,), (0,)])
    assert np.array_equal(y, expected + x)
    state = rng.random((3, 5))
    expected = state.sum(0)
    assert np.allclose(advance(state, 0, np.zeros(1, "f4"), axes=[0, (), 0]), expected)


def test_an_input_that_overlaps_is_read_as_it_was() -> None:
    a = np.arange(5.0)
    accumulate(a[:-1], a[1:])
    assert a.tolist() == [0, 1, 3, 5, 7]
    accumulate(a, a)
    assert a.tolist() == [0, 2, 6, 10, 14]


def test_batches_run_on_threads_with_the_same_bits() -> None:
    x, whole = rng.random(40), rng.random((20000, 40))
    expected = whole + x
    before = ao.get_num_threads()
    for threads in (1, 2):
        ao.set_num_threads(threads)
        y = whole.copy()
        try:
            accumulate(x, y)
        finally:
            ao.set_num_threads(before)
        assert np.array_equal(y, expected)
    empty = np.empty((0, 40))
    assert accumulate(x, empty) is None


def test_what_is_written_before_an_error_stays() -> None:
    x, count = np.array([-1.0, 10.0, -1.0]), np.array(0)
    with pytest.raises(ValueError, match="clear_negative: too large"):
        clear_negative(x, count)
    assert x.tolist() == [0, 10, -1] and count == 1


THREE = np.ones(3)
CALLS = [
    (lambda: accumulate(np.ones((2, 3)), THREE.copy()), ValueError, r"y must have the whole batch \(2,\) in front of"),
    (lambda: accumulate(THREE, [1.0, 2.0, 3.0]), TypeError, "y must be an array in memory, since accumulate writes"),
    (lambda: accumulate(THREE, 1.0), TypeError, "y must be an array in memory, since accumulate writes to it"),
    (
        lambda: accumulate(THREE, np.ones(3, int)),
        TypeError,
        "y must be of dtype float64, since accumulate writes to it, got int64",
    ),
    (lambda: accumulate(THREE, np.ones(3, "float32")), TypeError, "accumulate: y must be of dtype"),
    (lambda: accumulate(THREE, np.broadcast_to(1.0, (3,))), ValueError, "accumulate: y must be writable"),
    (lambda: accumulate(THREE, ao.broadcast_to(ao.tensor(1.0), (3,))), ValueError, "accumulate: y must"),
    (
        lambda: accumulate(THREE, np.lib.stride_tricks.as_strided(np.ones(5), (3, 3), (8, 8))),
        ValueError,
        "y must have memory of its own for each element",
    ),
    (lambda: accumulate(THREE, np.ones(4)), ValueError, "y must have 3 elements along n of the layout"),
    (lambda: accumulate(THREE), TypeError, r"accumulate\(\) takes 2 positional arguments \(x, y\), got 1"),
    (lambda: accumulate(THREE, np.ones(3), out=np.ones(3)), TypeError, "out must be left out for the layout"),
    (lambda: accumulate(THREE, np.ones(3), keepdims=True), TypeError, "keepdims must be left out"),
    (lambda: accumulate(THREE, np.ones(3), axes=[0, 0, 0]), ValueError, "a tuple for each of 2 operands, got 3"),
    (lambda: clear_negative(np.ones(3), 1), TypeError, "count must be an array in memory"),
    (lambda: swap(THREE[1:], THREE[:-1]), ValueError, "a must share no memory with b, which is written, too"),
    (
        lambda: advance(THREE, 0, np.ones(1, "float32"), out=THREE[:1].reshape(())),
        ValueError,
        "state must share no memory with out, which is written, too",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS)
def test_calls_that_cannot_write_say_why(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
    assert THREE.tolist() == [1, 1, 1]


def test_the_fast_path_does_not_take_fewer_arguments_for_outputs() -> None:
    accumulate(THREE, np.ones(3))
    with pytest.raises(TypeError, match="takes 2 positional arguments"):
        accumulate(np.ones(3))


def test_declarations_say_what_is_written() -> None:
    assert accumulate.parameters == ("x", "y") and accumulate.in_place == ("y",)
    assert clear_negative.in_place == ("x", "count") and clear_negative.layout == "(n),()"
    assert ao.kernel("(n),(n)->", in_place="y")(lambda x, y: None).layout == "(n),(n)"
    for layout, in_place, error, message in [
        ("(n),(n)", (), ao.RecordError, "with inputs and outputs, got .*; or name the arguments that the function"),
        ("(n)->(n)", "z", ao.RecordError, "in_place must name parameters of the function: x, y, got 'z'"),
        ("(n)->(n)", "y", ao.RecordError, "in_place must name parameters in front of ->"),
        ("(n)->(n)", 0, TypeError, "in_place must be the name of a parameter"),
        ("(n),(n+1)", "y", ao.RecordError, "name the dimensions of inputs"),
    ]:
        with pytest.raises(error, match=message):
            ao.kernel(layout, in_place=in_place)(lambda x, y: None)
    other = ao.kernel("(n),(n)", in_place="x", dtypes=["float32", "float64"])(accumulate.py_func)
    facts = [dict(each._record.facts(str))["layout"] for each in (accumulate, other)]
    assert facts == ["(n),(n), written in place: y", "(n),(n), written in place: x"]


def test_functions_of_guvectorize_say_it_too() -> None:
    import numba

    @numba.guvectorize(["void(float64[:], int64[:], float64[:])"], "(n),()->()", writable_args=("x", 1))
    def drain(x, count, out):
        out[0] = 0
        for i in range(x.shape[0]):
            out[0] += x[i]
            x[i] = 0
        count[0] += 1

    kernel = ao.kernel(drain)
    assert kernel.in_place == ("x", "count")
    x = rng.random((2, 4))
    given, theirs = (x.copy(), np.zeros(2, np.int64)), (x.copy(), np.zeros(2, np.int64))
    assert np.array_equal(kernel(*given), drain(*theirs))
    assert all(map(np.array_equal, given, theirs))


def test_plain_python_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    state, push = rng.random((5, 6)), rng.random((5, 3)).astype("float32")
    compiled, plain = state.copy(), state.copy()
    total = advance(compiled, 2, push)
    monkeypatch.setenv("AOTOPS_PYTHON", "1")
    again = ao.kernel("(n),(),(m)->()", in_place="state", dtypes=[("float64", "int64", "float32", "float64")])(
        advance.py_func
    )
    assert np.allclose(again(plain, 2, push), total) and np.array_equal(plain, compiled)


def test_gradients_are_not_lost_silently() -> None:
    x, y = ao.ones(3, requires_grad=True), ao.ones(3)
    for call in (lambda: accumulate(x, y), lambda: accumulate(y, x)):
        with pytest.raises(ao.GradientError, match="accumulate: y must be written where no argument requires"):
            call()
    assert y.tolist() == x.tolist() == [1, 1, 1]
    product = x * y
    accumulate(ao.ones(3), y)
    with pytest.raises(ao.GradientError, match=r"a tensor of shape .* that was written to since"):
        product.sum().backward()
    with ao.no_grad():
        accumulate(ao.ones(3), x)
    assert x.tolist() == [2, 2, 2]


def test_whole_array_functions_lose_no_gradients_either() -> None:
    @ao.function("(float64[:], float64[:])")
    def double(x, y):
        for i in range(x.shape[0]):
            y[i] = 2 * x[i]

    x = ao.ones(3, requires_grad=True)
    for y in (ao.ones(3), x):
        with pytest.raises(ao.GradientError, match="double: y must be written where no argument"):
            double(x, y)
        assert y.tolist() == [1, 1, 1]  # it is refused before anything is written


class Scaled(NamedTuple):
    x: Any
    factor: float


@ao.function("(float64[:])")
def doubled(x):
    return (x * 2, 1), x.shape[0]


@ao.function(["((float64[:], float64))", "(NamedTuple((float64[:], float64), Scaled))"])
def product(pair):
    return pair[0] * pair[1]


def test_tuples_of_whole_array_functions_lose_no_gradients() -> None:
    x = ao.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for result in (doubled(x)[0][0], product((x, 2.0)), product(Scaled(x, 2.0)), product(pair=(x, 2.0))):
        assert result.tolist() == [2, 4, 6] and result.requires_grad
        with pytest.raises(ao.GradientError, match="the operation must have a derivative, got none"):
            (result.sum() + x.sum()).backward()
    with ao.no_grad():
        assert not product(Scaled(x, 2.0)).requires_grad


def test_they_are_explained_with_their_names() -> None:
    found = ao.explain(accumulate, THREE, np.ones((2, 3)))
    assert [each.name for each in found.operands] == ["x", "y"] and [each.name for each in found.outputs] == ["y"]
    found = ao.explain(advance, np.ones((2, 3)), 1, np.ones(1, "float32"))
    assert [each.name for each in found.outputs] == ["state", "out"]


def test_dasks_arrays_are_not_written() -> None:
    array = pytest.importorskip("dask.array", reason="its arrays are what is rejected")
    with pytest.raises(
        TypeError, match="accumulate: y must be an array in memory, since it is written, got one of Dask"
    ):
        accumulate(THREE, array.ones((2, 3)))


# --- calls that C arranges -------------------------------------------------------------------------------------------

#: The Python functions behind the fast paths.
BODIES = [
    next(held for held in gc.get_referents(vars(each)["__call__"]) if inspect.isfunction(held))
    for each in (ArrayKernel, ArrayFunction)
]


def in_c(called: Any, *arguments: Any) -> bool:
    """Whether a call is arranged in C alone: the function's Python body does not run."""
    seen: list[Any] = []
    sys.setprofile(lambda frame, event, _: seen.append(frame.f_code) if event == "call" else None)
    try:
        called(*arguments)
    finally:
        sys.setprofile(None)
    return not {each.__code__ for each in BODIES} & set(seen)


@ao.function(["((float64, float64), float64)", "((int64, int64), int64)"])
def shifted(limits, by):
    return limits[0] + by, limits[1] + by


@ao.function("((float64[:], (float64, NamedTuple((float64[:], float64), Scaled))), float64[:])")
def nested(given, out):
    x, (a, scaled) = given
    for i in range(x.shape[0]):
        out[i] = a * x[i] + scaled.factor * scaled.x[i]
    return scaled, x[:1]


@ao.function(["((float64, float64))", "((float64, float64, float64))"])
def of_two_forms(values):
    return values[0]


def test_calls_with_arrays_that_are_written_and_with_tuples_are_arranged_in_c() -> None:
    y, x = np.ones(3), np.arange(3.0)
    advance(y, 1, np.ones(1, np.float32)), shifted((1.0, 2.0), 3.0), nested((x, (1.0, Scaled(x, 2.0))), y)
    assert (
        in_c(accumulate, x, y)
        and in_c(accumulate, ao.tensor(x), ao.tensor(y))
        and in_c(swap, np.ones((2, 3)), np.ones((2, 3)))
    )
    assert in_c(advance, y, 1, np.ones(1, np.float32)) and in_c(accumulate, x, np.ones((6, 4))[::2, 1:])
    assert in_c(shifted, (1.0, 2.0), 3.0) and in_c(shifted, (1, 2), 3) and in_c(shifted, (np.float64(1), 2.0), 3.0)
    assert in_c(nested, (x, (1.0, Scaled(x, 2.0))), y) and in_c(nested, (x, (1, Scaled(ao.tensor(x), 2))), y)
    assert not in_c(of_two_forms, (1.0, 2.0)) and of_two_forms((1.0, 2.0, 3.0)) == 1
    assert not in_c(shifted, (1, 2.0), np.float32(3)) and not in_c(accumulate, x.astype("float32"), y)


@pytest.mark.parametrize(
    "given",
    [
        (1.0, 2.0),
        ((1.0, 2.0, 3.0), 1.0),
        ([1.0, 2.0], 1.0),
        ((1.0, "a"), 1.0),
        ((1.0, (2.0,)), 1.0),
        ((1j, 2.0), 1.0),
        ((2**70, 1), 1),
        ((np.ones(2), 1.0), 1.0),
        ((1.0, None), 1.0),
    ],
)
def test_tuples_that_do_not_fit_are_rejected_as_by_python(given: Any) -> None:
    shifted((1.0, 2.0), 3.0)
    with pytest.raises((TypeError, ValueError, OverflowError)) as slow:
        BODIES[1](shifted, *given)
    with pytest.raises(slow.type) as fast:
        shifted(*given)
    assert str(fast.value) == str(slow.value) and "shifted: " in str(fast.value)


def test_results_and_errors_are_those_of_calls_that_python_arranges() -> None:
    """Arrays that share memory, are read-only, broadcast, have other strides, ranks, sizes or dtypes."""
    random = np.random.default_rng(3)
    accumulate(np.ones(2), np.ones(2))
    counts = {"done": 0, "rejected": 0}
    for _ in range(3000):
        n = int(random.integers(0, 4))
        memory = random.random(64)

        def operand(n: int = n, memory: Any = memory) -> Any:
            kind = random.integers(0, 12)
            shape = [(n,), (2, n), (1, n), (3, 2, n), (n + 1,), (0, n)][
                random.choice(6, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.05])
            ]
            first, size = int(random.integers(0, 20)), int(np.prod(shape))
            if kind == 0:
                return np.broadcast_to(np.float64(3), shape)
            if kind == 1:
                return memory[first : first + 2 * size : 2].reshape(shape)
            if kind == 2:
                return memory[first : first + size].reshape(shape).astype(random.choice(["f4", "f8", "i4", "c16"]))
            if kind == 3:
                frozen = memory[first : first + size].reshape(shape)
                frozen.flags.writeable = False
                return frozen
            if kind == 4:
                return memory[first : first + size].reshape(shape)[..., ::-1]
            if kind == 5:
                strides = tuple(int(random.integers(-1, 3)) * 8 for _ in shape)
                return np.lib.stride_tricks.as_strided(memory[20:], shape, strides)
            if kind == 6:
                return ao.asarray(memory[first : first + size]).reshape(shape)
            return memory[first : first + size].reshape(shape) if kind < 10 else random.random(shape)

        x, y = operand(), operand()
        kernel = accumulate if random.integers(0, 2) else swap
        before, found = memory.copy(), []
        untouched = [np.array(each) for each in (x, y)]
        for call in (kernel, lambda *given, own=kernel: BODIES[0](own, *given)):
            memory[:] = before
            for each, values in zip((x, y), untouched, strict=True):
                array = np.asarray(each)
                if not np.shares_memory(array, memory) and array.flags.writeable:
                    array[...] = values
            try:
                result: Any = call(x, y)
            except (TypeError, ValueError) as error:
                result = (type(error), str(error))
            found.append((result, memory.copy(), np.array(x), np.array(y)))
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found[0][1:], found[1][1:], strict=True))
        assert found[0][0] == found[1][0]
        counts["done" if found[0][0] is None else "rejected"] += 1
    assert min(counts.values()) > 500, counts
