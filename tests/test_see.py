"""`explain` and `trace`: what they say is what runs."""

from __future__ import annotations

import gc
import json
import math
import operator
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import user_operators
from needs import requires_numba
from pools import shared_out

import aotops as ao
from aotops import _native, cli
from aotops.aot.back.levels import X86_64_LEVELS
from aotops.aot.pack.kernels import record_kernels
from aotops.aot.pack.routines import routine_kernels
from aotops.loops.plan import fields
from aotops.loops.routines import at_level
from aotops.ops import collect
from aotops.ops.record import has_widest_vectors, kernel_symbol
from aotops.see import launches
from aotops.see.trace import MOST_ROWS, POOL, TracedLaunch, document


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = ao.get_num_threads()
    ao.set_num_threads(2)
    yield
    ao.set_num_threads(before)


def roles(explanation: Any) -> list[str]:
    return [operand.role for operand in explanation.operands]


# --- explain: attributes ----------------------------------------------------------------------------------------------


def test_a_planned_zip() -> None:
    a = ao.ones((400, 300))
    plan = ao.explain(ao.add, a, ao.ones((300, 400)).T)
    assert (plan.operator, plan.kind, plan.path) == ("add", "zip", "planned")
    assert plan.kernel == "aot_add_float64"
    assert plan.level == ao.cpu_level()
    assert plan.shape == plan.planned_shape == (400, 300)
    assert roles(plan) == ["plain", "packed", "plain"]
    assert [each.strides for each in plan.operands] == [(300, 1), (1, 400), (300, 1)]
    assert [each.name for each in plan.operands] == ["x1", "x2", "out"]
    assert math.prod(plan.tiles) * math.prod(plan.tile) >= 400 * 300
    assert (plan.bytes_read, plan.bytes_written, plan.bytes_moved) == (2 * 8 * 120000, 8 * 120000, 3 * 8 * 120000)
    assert plan.casts == []
    assert not plan.streams


def test_dimensions_are_ordered_and_merged() -> None:
    x = ao.ones((4, 1, 50, 60)).permute(2, 3, 1, 0)
    plan = ao.explain(ao.Tensor.contiguous, x)
    assert plan.operator == "copy"
    assert plan.shape == (50, 60, 1, 4)
    assert plan.planned_shape == (3000, 4)
    assert [each.planned_strides for each in plan.operands] == [(1, 3000), (4, 1)]
    assert plan.kernel == "aot_convert_float64_float64"


def test_a_fast_path() -> None:
    plan = ao.explain(ao.exp, ao.ones(10))
    assert (plan.path, plan.shape, plan.threads, plan.tiles) == ("fast path", (10,), 1, (1,))
    assert "without a plan" in plan.threads_reason
    assert plan.vector_bits == launches.VECTOR_BITS[ao.cpu_level()][True]


def test_conversions() -> None:
    plan = ao.explain(ao.exp, ao.ones(5000, dtype=ao.int64), out=ao.ones(5000, dtype=ao.float32))
    assert plan.kernel == "aot_exp_float64"
    assert plan.casts == [("x", "int64", "float64"), ("out", "float32", "float64")]
    assert roles(plan) == ["cast", "cast"]
    assert plan.bytes_moved == 5000 * 12
    copy = ao.explain(ao.ones((300, 200)).T.astype, ao.float32)
    assert (copy.operator, copy.kernel) == ("cast", "aot_convert_float64_float32")
    assert ao.explain(ao.full, (30, 30), 2.0).operator == "fill"


def test_a_row_is_read_once() -> None:
    plan = ao.explain(ao.multiply, ao.ones((700, 600)), ao.ones(600))
    assert plan.bytes_read == 8 * (700 * 600 + 600)


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((96, 5), (1, 1)),
        ((5, 96), (1, 1)),
        ((10, 20, 3), (30, 1, 1)),
        ((7, 9, 4), (-3, 2, 0)),
        ((30, 2), (2, 3)),
        ((), ()),
    ],
)
def test_elements_of_overlapping_windows_count_once(shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    memory = np.zeros(1000)
    windows = np.lib.stride_tricks.as_strided(memory[500:], shape, [8 * step for step in strides])
    places = {sum(i * step for i, step in zip(index, strides, strict=True)) for index in np.ndindex(shape)}
    plan = ao.explain(ao.negative, ao.asarray(windows, copy=False))
    assert (plan.bytes_read, plan.bytes_written) == (8 * len(places), 8 * math.prod(shape))


def test_streaming_stores() -> None:
    x = ao.empty((4_000_000,))
    plan = ao.explain(ao.add, x, x)
    assert plan.streams
    assert roles(plan) == ["plain", "plain", "streamed"]
    assert "streaming stores" in repr(plan)
    assert not ao.explain(ao.add, x, x, out=x).streams


def test_positions_have_no_memory() -> None:
    plan = ao.explain(ao.arange, 40_000)
    assert plan.operands[0].role == "index"
    assert plan.bytes_moved == 8 * (40_000 + 2)


def test_reductions() -> None:
    x = ao.ones((1000, 700))
    plan = ao.explain(ao.sum, x, axis=0)
    assert (plan.kind, plan.planned_shape, roles(plan)) == ("reduce", (1000, 700), ["plain", "carried"])
    assert (plan.bytes_read, plan.bytes_written) == (8 * 700_000, 8 * 700)
    assert plan.parts > 1
    everything = ao.explain(x.sum)
    assert everything.planned_shape == (700_000,)
    assert everything.operands[1].strides == (0, 0)
    assert ao.explain(ao.argmax, x).kind == "argreduce"
    assert ao.explain(ao.sum, ao.ones(10)).path == "fast path"


def test_scans() -> None:
    plan = ao.explain(ao.cumulative_sum, ao.ones((40, 3000)).T, axis=1)
    assert (plan.kind, plan.planned_shape) == ("scan", (3000, 40))
    assert [each.planned_strides for each in plan.operands] == [(1, 3000), (1, 3000)]
    assert plan.tiles[0] >= 1


def test_threads_and_why() -> None:
    large = ao.empty((fields.LARGE * 4,))
    plan = ao.explain(ao.add, large, large)
    assert (plan.threads, plan.most_threads) == (2, 2)
    few = ao.explain(ao.add, large[:30_000:2], large[:30_000:2])
    assert few.threads == 1
    assert "stay on the calling thread" in few.threads_reason
    ao.set_num_threads(1)
    alone = ao.explain(ao.add, large, large)
    assert alone.threads == 1
    assert "set_num_threads" in alone.threads_reason


def test_calls_of_several_launches() -> None:
    x = ao.ones((300, 200))
    assert [each.operator for each in ao.explain(ao.var, x).launches] == [
        "sum", "divide", "_sum_of_squared_deviations", "_is_far", "any", "divide",
    ]  # fmt: skip
    # the cast copy first: the order of elements is that of the copy
    strided = ao.explain(ao.sum, ao.ones((300, 200), dtype=ao.int64).T, dtype=ao.float64)
    assert [each.operator for each in strided.launches] == ["cast", "sum"]
    assert strided.kind == "reduce"


def test_operators_of_every_name() -> None:
    x = ao.ones((300, 200))
    for call in (ao.add, operator.add, ao.Tensor.__add__, x.__add__):
        inputs = (x,) if call == x.__add__ else (x, x)
        assert ao.explain(call, *inputs).operator == "add"
    assert ao.explain(ao.pow, x, 2).operator == "square"
    assert ao.explain(operator.eq, x, 1.0).operands[-1].dtype == "bool"
    assert ao.explain(ao.add, [1, 2, 3], x[0, :3]).path == "fast path"


@requires_numba
def test_user_defined_operators() -> None:
    x = ao.ones((300, 200))
    plan = ao.explain(user_operators.gelu, x)
    assert (plan.operator, plan.kind) == ("gelu", "map")
    assert plan.kernel == "aot_gelu_float64"


def test_every_kernel_has_the_symbol_and_the_vectors_of_the_build() -> None:
    for level in X86_64_LEVELS:
        usual, widest = launches.VECTOR_BITS[level.name]
        assert widest == (512 if level.widest else usual)
    for record in collect().values():
        kernels = {kernel.symbol: kernel for kernel in record_kernels(record)}
        own = _native.operators[record.name]
        symbols = launches.symbols_of(own)
        assert set(symbols.values()) <= kernels.keys()
        for signature, symbol in symbols.items():
            of_states = record.kind == "scan" and record.name == "_cumulative_complex_product_apart"  # of float64
            assert kernels[symbol].operands[2][0] == ("float64" if of_states else signature[0])
            compute_bound = kernels[symbol].compute_bound
            wide = has_widest_vectors(record.kind, signature[: record.inputs], signature[-1], compute_bound)
            assert kernels[symbol].widest == wide  # as Launch has it


# --- explain: nothing runs --------------------------------------------------------------------------------------------


def test_nothing_is_computed() -> None:
    x = ao.ones((400, 300))
    out = ao.zeros((400, 300))
    for call in ((ao.add, x, x), (ao.exp, x), (ao.cumulative_sum, x, 0)):
        if call[0] is ao.cumulative_sum:
            ao.explain(ao.cumulative_sum, x, axis=0, out=out)
        else:
            ao.explain(*call, out=out)
    ao.explain(operator.iadd, x, 1.0)
    ao.explain(ao.Tensor.__setitem__, x, (0, slice(None)), 7.0)
    ao.explain(ao.sum, x, axis=0, out=out[0])
    few = ao.zeros(3)
    ao.explain(ao.exp, few, out=few)
    ao.explain(ao.sum, few, out=few[0, ...])
    assert few.tolist() == [0.0, 0.0, 0.0]
    assert x.min().tolist() == x.max().tolist() == 1.0
    assert out.max().tolist() == 0.0


def test_other_threads_go_on_while_one_explains() -> None:
    x = ao.ones((50, 60))
    results: list[float] = []

    class Slow:
        """An operand that waits for another thread to compute."""

        def __radd__(self, other: Any) -> Any:
            thread = threading.Thread(target=lambda: results.append((x + 1).sum().tolist()))
            thread.start()
            thread.join()
            return other * 2

    assert ao.explain(operator.add, x, Slow()).operator == "multiply"
    assert results == [6000.0]


def test_explaining_ends_with_an_error() -> None:
    x = ao.ones((50, 60))
    wrong: list[tuple[Any, ...]] = [(ao.add, x, ao.ones(7)), (ao.exp,), (ao.exp, "a")]
    for call in wrong:
        with pytest.raises((TypeError, ValueError), match=r"^(add|exp)\b"):
            ao.explain(*call)
    assert (x + x).sum().tolist() == 6000.0


def test_plain_python_is_not_run() -> None:
    source = (
        "import aotops as ao\n"
        "@ao.map\n"
        "def loud(x):\n    print('ran')\n    return x\n"
        "print(ao.explain(loud, ao.ones(3)))\n"
        "loud(ao.ones(1))\n"
    )
    environment = {**os.environ, "AOTOPS_PYTHON": "1"}
    done = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["loud: no kernel runs", "ran"]


def test_operations_do_not_load_what_only_people_need() -> None:
    source = "import sys, aotops as ao\nao.ones(3) + 1\n"
    source += "print([name for name in sys.modules if name.startswith('aotops.see')])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_views_and_empty_tensors_launch_nothing() -> None:
    explanation = ao.explain(ao.reshape, ao.ones((2, 3)), (6,))
    assert explanation.launches == ()
    assert repr(explanation) == "reshape: no kernel runs"
    with pytest.raises(AttributeError, match="explain: the attribute must be one of a call that launches a kernel"):
        _ = explanation.threads
    assert ao.explain(ao.add, ao.ones(0), 1.0).launches == ()


@pytest.mark.parametrize("function", [len, print, lambda x: x, ao.Tensor, "exp", None, 3])
def test_only_functions_of_aotops_are_explained(function: Any) -> None:
    with pytest.raises(TypeError, match="explain: operator must be an operator or another function of aotops, got"):
        ao.explain(function, ao.ones(3))


def test_explaining_is_not_traced() -> None:
    with ao.trace() as t:
        ao.explain(ao.exp, ao.ones(10))
    assert [each.operator for each in t.launches] == ["fill"]


def test_explain_leaks_nothing() -> None:
    x = ao.ones((300, 200))
    ao.explain(ao.add, x, x.T.reshape(300, 200))
    gc.collect()
    before = ao.memory.stats()["used"]
    for _ in range(20):
        ao.explain(ao.add, x, x)
    assert ao.memory.stats()["used"] == before


# --- trace ------------------------------------------------------------------------------------------------------------


def test_a_trace_records_launches() -> None:
    x = ao.ones((300, 200))
    with ao.trace() as t:
        y = ao.exp(x) + 1.0
        y.sum(0)
        ao.exp(x[0, :5])
    x + x
    assert [each.operator for each in t.launches] == ["exp", "add", "sum", "exp"]
    assert [each.path for each in t.launches] == ["planned", "planned", "planned", "fast path"]
    starts = [each.start for each in t.launches]
    assert starts == sorted(starts)
    assert all(each.start >= 0 and each.duration >= 0 for each in t.launches)
    for one, two in zip(t.launches, t.launches[1:], strict=False):
        assert one.start + one.duration <= two.start
    assert {each.thread for each in t.launches} == {threading.get_ident()}
    assert t.launches[0].kernel == "aot_exp_float64"
    assert t.launches[2].parts == ao.explain(ao.sum, y, axis=0).parts
    for launch in t.launches:
        assert 1 <= len(launch.work) <= launch.threads
        for work in launch.work:
            assert launch.start <= work.start
            assert work.start + work.duration <= launch.start + launch.duration + 1e-9
            assert 0 <= work.busy <= work.duration + 1e-9
    assert t.dropped == 0


def test_traces_nest() -> None:
    x = ao.ones(10)
    with ao.trace() as outer:
        x + x
        with ao.trace() as inner:
            x * x
        x - x
    assert [each.operator for each in outer.launches] == ["add", "multiply", "subtract"]
    assert [each.operator for each in inner.launches] == ["multiply"]


def test_a_trace_ends_with_an_exception() -> None:
    x = ao.ones(10)
    with pytest.raises(ZeroDivisionError), ao.trace() as t:
        x + x
        _ = 1 / 0
    x + x
    assert len(t.launches) == 1
    with pytest.raises(RuntimeError, match="trace: the trace must be one that is not recording"), t, t:
        pass
    with t:
        x * x
    assert [each.operator for each in t.launches] == ["add", "multiply"]


def test_a_trace_has_a_limit() -> None:
    x = ao.ones(10)
    with ao.trace(limit=3) as t:
        for _ in range(8):
            x + x
    assert (len(t.launches), t.dropped) == (3, 5)
    assert "not kept, beyond the limit: 5 more" in repr(t)
    for wrong, kind in ((-1, ValueError), (2.5, TypeError), (True, TypeError)):
        with pytest.raises(kind, match="trace: limit must"):
            ao.trace(limit=wrong)  # type: ignore[arg-type]


def test_threads_are_traced_together() -> None:
    def work() -> None:
        x = ao.ones(10)
        for _ in range(100):
            x + x

    with ao.trace() as t:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    added = [each for each in t.launches if each.operator == "add"]
    assert len(added) == 400


def test_what_each_thread_has_done() -> None:
    """Threads of the pool take part if they are made to, however busy the machine is."""
    x = ao.ones((700, 600))
    with shared_out():
        ao.exp(x)  # starts the thread
        with ao.trace() as t:
            for _ in range(50):
                ao.exp(x)
    shared = [each for each in t.launches if len(each.work) == 2]
    assert shared
    assert [work.thread for work in shared[0].work] == [0, 1]
    assert len({sum(work.parts for work in each.work) for each in t.launches}) == 1
    events = [event for event in document(t.launches)["traceEvents"] if event.get("cat") == "pool"]
    assert len(events) == len(shared)
    assert {event["tid"] for event in events} == {POOL + 1}


def test_tables_and_files(tmp_path: Path) -> None:
    assert repr(ao.trace()) == "no launches"
    x = ao.ones((300, 200))
    with ao.trace() as t:
        for _ in range(MOST_ROWS):
            ao.exp(x)
        x.T.contiguous()
    lines = repr(t).splitlines()
    assert lines[0].split() == ["start", "duration", "operator", "elements", "dtypes", "threads", "path"]
    assert f"not shown: {len(t.launches) - MOST_ROWS} more" in lines
    assert lines[-1].split()[:2] == ["all", str(MOST_ROWS + 1)]
    file = tmp_path / "trace.json"
    t.save(file)
    document = json.loads(file.read_text())
    events = [event for event in document["traceEvents"] if event["ph"] == "X" and event["cat"] != "pool"]
    assert len(events) == MOST_ROWS + 1
    first = events[0]
    assert (first["name"], first["cat"], first["pid"], first["tid"]) == ("exp", "map", os.getpid(), 1)
    assert first["ts"] == pytest.approx(t.launches[0].start * 1e6)
    assert first["dur"] == pytest.approx(t.launches[0].duration * 1e6)
    assert first["args"]["kernel"] == "aot_exp_float64"
    assert first["args"]["bytes"] == 2 * 8 * 60_000
    named = [event for event in document["traceEvents"] if event["ph"] == "M" and event["name"] == "thread_name"]
    assert [event["args"]["name"] for event in named if event["tid"] < POOL] == ["MainThread"]
    with pytest.raises(OSError, match="missing"):
        t.save(tmp_path / "missing" / "trace.json")


def test_whoever_watches_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while a launch is reported is none of the operation's."""

    def fail(_: Any) -> None:
        raise OSError("full")

    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    try:
        _native.trace(fail)
        assert (ao.ones(3) + 1).tolist() == [2.0, 2.0, 2.0]
    finally:
        _native.trace(None)
    assert [type(each.exc_value) for each in seen] == [OSError, OSError]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_goes_on_with_its_own_trace() -> None:
    x = ao.ones(10)
    with ao.trace() as t:
        child = os.fork()
        if child == 0:
            x + x
            os._exit(0 if [each.operator for each in t.launches] == ["add"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert t.launches == []


# --- the command ------------------------------------------------------------------------------------------------------


@requires_numba
def test_the_command_explains(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "add", "300x200", "200x300.T"]) == 0
    assert capsys.readouterr().out.strip() == repr(ao.explain(ao.add, ao.ones((300, 200)), ao.ones((200, 300)).T))
    assert cli.main(["explain", "sum", "300x200:float32", "--axis", "1", "--threads", "1"]) == 0
    assert "aot_sum_float32" in capsys.readouterr().out
    assert cli.main(["explain", "multiply", "300:int64", "2.5"]) == 0
    assert "cast to float64" in capsys.readouterr().out
    assert cli.main(["explain", "contiguous", "300x200.T"]) == 0
    assert cli.main(["explain", "user_operators.gelu", "300x200"]) == 0
    assert "aot_gelu_float64" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exp", "a"], "explain: OPERAND must be SHAPE[:DTYPE][.T] or a number with a point, got 'a'"),
        (["nothing", "3"], "has no attribute 'nothing'"),
        (["exp", "3:int3"], "dtype must be one of"),
        (["add", "3", "4"], "add: shapes must broadcast together"),
        (["nowhere.nothing", "3"], "No module named 'nowhere'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", *arguments]) == 1
    assert message in capsys.readouterr().err


# --- routines -----------------------------------------------------------------------------------------------------


def test_a_product_of_matrices_is_explained() -> None:
    plan = ao.explain(ao.matmul, ao.ones((300, 200), dtype="float32"), ao.ones((100, 200), dtype="float32").T)
    assert (plan.operator, plan.kind, plan.path) == ("matmul", "routine", "routine")
    assert plan.shape == (300, 100, 200) and [each.name for each in plan.operands] == ["x1", "x2", "out"]
    assert [each.strides for each in plan.operands] == [(200, 0, 1), (0, 200, 1), (100, 1, 0)]
    assert (plan.bytes_read, plan.bytes_written) == (4 * 200 * 400, 4 * 300 * 100)
    assert repr(plan).startswith("matmul: routine of 6,000,000 elements\n")
    assert plan.blocks is not None and plan.parts >= 300 * 100 / (plan.blocks[0] * plan.blocks[1])
    assert plan.flops == 2 * 300 * 100 * 200
    assert f"deep; {plan.flops / 1e9:.3g} Gflop" in repr(plan)
    assert plan.kernel == kernel_symbol("routine", at_level("matmul", ao.cpu_level()), "float32")
    unsigned = ao.ones((30, 30), dtype="uint32")  # multiplied by the kernel of signed integers
    assert ao.explain(ao.matmul, unsigned, unsigned).kernel == plan.kernel.replace("float32", "int32")
    assert ao.explain(ao.exp, ao.ones(3)).blocks is None
    numbers = ao.ones((30, 30), dtype="complex64")
    assert ao.explain(operator.matmul, numbers, numbers).flops == 8 * 30**3


def routines() -> dict[str, Callable[[], Any]]:
    """A call for each way to a routine, by the last one that it launches."""
    x, table = ao.arange(10.0), ao.arange(24.0).view(4, 6)
    positions, mask, leaf = ao.tensor([2, 0, 9]), x > 4, ao.ones(10, requires_grad=True)
    return {
        "matmul": lambda: table @ table.T,
        "triangle": lambda: ao.tril(table),
        "sort_keys": lambda: ao.sort(table),
        "sort_pairs": lambda: ao.argsort(table, descending=True),
        "gather": lambda: ao.take(x, positions),
        "scatter": lambda: operator.setitem(x, positions, 1.0),
        "scatter_add": lambda: ao.grad(leaf[positions], leaf, ao.ones(3)),
        "search": lambda: ao.searchsorted(x, table),
        "positions": lambda: ao.nonzero(table > 3),
        "compress": lambda: x[mask],
        "expand": lambda: operator.setitem(x, mask, ao.full(5, -1.0)),
        "uniform": lambda: ao.random.uniform(shape=10),
        "normal": lambda: ao.random.normal(shape=10, dtype="float32"),
        "integers": lambda: ao.random.integers(5, shape=10),
        "exchange": lambda: ao.random.permutation(5),
    }


@pytest.mark.parametrize("name", routines())
def test_routines_are_explained_and_traced(name: str) -> None:
    symbols = {launches.MEMCPY, *[kernel.symbol for kernel in routine_kernels()]}
    call = routines()[name]
    call.__module__ = "aotops"  # as if it were one of ours
    explained = ao.explain(call).launches
    with ao.trace() as trace:
        call()
    for seen in (explained, trace.launches):
        found = [launch for launch in seen if launch.kind == "routine"]
        assert found[-1].operator == name or name == "expand"
        assert {launch.kernel for launch in found} <= symbols
        assert all(launch.work[0].parts == 1 for launch in found if isinstance(launch, TracedLaunch))


def test_a_routine_that_is_explained_changes_nothing() -> None:
    x = ao.arange(10.0)
    for key in ([1, 2], x > 3, ao.tensor([[5], [6]])):
        assert ao.explain(operator.setitem, x, key, 9.0).launches
    assert x.tolist() == list(range(10))
    assert ao.explain(operator.getitem, x, x > 3).shape == (1, 10)


def test_the_steps_of_a_long_sort_are_traced() -> None:
    before, x = ao.get_num_threads(), ao.asarray(np.random.default_rng(0).permutation(300_000))
    try:
        ao.set_num_threads(2)  # which share out the steps; one thread sorts the row at once
        with ao.trace() as trace:
            ordered = ao.sort(x)
    finally:
        ao.set_num_threads(before)
    assert [launch.operator for launch in trace.launches if launch.kind == "routine"] == [
        "keys",
        "histogram",
        "distribute_keys",
        "sort_keys",
    ]
    assert ordered.tolist() == list(range(300_000))
    assert "sort_keys" in repr(trace)
    assert [launch.operator for launch in ao.explain(ao.sort, x).launches] == ["sort_keys"]


# --- array kernels ----------------------------------------------------------------------------------------------------


@requires_numba
def test_array_kernels_are_explained_and_traced() -> None:
    kernels = pytest.importorskip("array_kernels_for_tests")
    x = np.ones((3, 40))
    plan = ao.explain(kernels.moving_mean, x, 4)
    assert (plan.operator, plan.kind, plan.path) == ("moving_mean", "array kernel", "contiguous")
    assert (plan.shape, plan.elements, plan.noun) == ((3,), 3, "item")
    assert [(each.name, each.dtype, each.shape, each.strides) for each in plan.operands] == [
        ("x", "float64", (3, 40), (40, 1)),
        ("length", "int64", (), ()),
        ("out", "float64", (3, 40), (40, 1)),
    ]
    assert (plan.bytes_read, plan.bytes_written) == (8 * 120 + 8, 8 * 120)
    assert plan.level == ao.cpu_level() and plan.kernel.endswith("_c")
    strided = ao.explain(kernels.moving_mean, x[:, ::2], 4)
    assert strided.path == "strided" and strided.kernel == plan.kernel[:-1] + "s"
    assert strided.operands[0].strides == (40, 2)
    for lines in (repr(plan), repr(strided)):
        assert lines.startswith("moving_mean: array kernel of 3 items, ")
        assert "batch       3" in lines and "written" in lines
    out = np.full((3, 40), 7.0)
    ao.explain(kernels.moving_mean, x, 4, out=out)
    assert (out == 7).all()
    with pytest.raises(ValueError, match="x must have the axes"):
        ao.explain(kernels.moving_mean, 1.0, 4)
    with ao.trace() as trace:
        kernels.moving_mean(ao.asarray(x), 4)
        with pytest.raises(ValueError, match="length must be from"):
            kernels.moving_mean(x, 0)
        kernels.moving_mean(np.ones((0, 3)), 1)  # there is nothing to run
    assert [(each.operator, each.path, each.elements) for each in trace.launches] == [
        ("moving_mean", "contiguous", 3),
        ("moving_mean", "contiguous", 3),
    ]
    assert all(each.duration > 0 and len(each.work) == 1 for each in trace.launches)
    assert "moving_mean" in repr(trace) and "3 items" in repr(trace)
    assert any(each["name"] == "moving_mean" for each in document(trace.launches)["traceEvents"])


@requires_numba
def test_whole_array_functions_are_explained_and_traced() -> None:
    functions = pytest.importorskip("array_functions_for_tests")
    x = np.ones((4, 5))
    plan = ao.explain(functions.grow, x[0])
    assert (plan.operator, plan.kind, plan.elements, plan.noun) == ("grow", "array function", 1, "item")
    assert [each.name for each in plan.operands] == ["x"] and (x == 1).all()
    assert [each.name for each in plan.outputs] == ["x"]  # which it writes to
    with ao.trace() as trace:
        functions.grow(-x[0])
    assert [each.operator for each in trace.launches] == ["grow"]
    assert "array function of 1 item" in repr(plan)


@requires_numba
def test_the_threads_of_loops_are_traced() -> None:
    def squares(x: Any, out: Any) -> None:
        for i in ao.prange(x.shape[0]):
            total = 0.0
            for k in range(2000):
                total += math.sqrt(x[i] + k)
            out[i] = total

    kernel = ao.kernel("(n)->(n)", dtypes="float64")(squares)
    x = np.arange(2000.0)
    assert "prange" in ao.explain(kernel, x).threads_reason
    with ao.trace() as trace:
        kernel(x)
    (launch,) = trace.launches
    assert launch.threads == 2 and sum(each.parts for each in launch.work) > 1
    assert all(each.busy <= launch.duration for each in launch.work)
    ao.set_num_threads(1)
    with ao.trace() as trace:
        kernel(x)
    assert trace.launches[0].threads == 1 and len(trace.launches[0].work) == 1
