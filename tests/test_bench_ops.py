"""`python -m benchmarks.ops`: cells, data, checks, figures, reports. Nothing here asserts how fast anything is."""

import dataclasses
import gc
import io
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

if find_spec("benchmarks") is None or find_spec("rich") is None:
    pytest.skip("needs the project's benchmarks/ and rich, which it prints with", allow_module_level=True)

from benchmarks.ops import command, libraries, limits, matrix, report, results, tables, timing, triad
from benchmarks.ops.command import main
from benchmarks.ops.libraries import Aotops, Entrant, Library, Numba, NumExpr, NumPy, Torch, prepare
from benchmarks.ops.matrix import CODES, ITEMSIZES, LAYOUTS, SIZES, Cell, Operand, cells, select
from benchmarks.ops.results import Run, geometric_mean, summary
from benchmarks.ops.table import BY_HAND, LEFT_OUT, OPERATORS, Operator
from benchmarks.ops.timing import Measured, measure_cell
from rich.console import Console

from aotops import ops
from aotops.cli.report import Machine

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="pictures are drawn with Matplotlib")
needs_numpy = pytest.mark.skipif(find_spec("numpy") is None, reason="NumPy is the judge")


def cell(name: str) -> Cell:
    (found,) = (each for each in cells() if each.name == name)
    return found


def measured(name: str, aotops: float, numpy: float | None = None, torch: float | None = None, **more: Any) -> Measured:
    """A cell with figures that are easy to check by head, in microseconds."""
    operator, dtype, size, layout = name.split("/")
    seconds = {"aotops": aotops, "numpy": numpy, "torch": torch}
    given: dict[str, Any] = {"kind": "zip", "threads": 1, "rounds": 9, "checked": True}
    figures = {library: time * 1e-6 for library, time in seconds.items() if time is not None}
    return Measured(name, operator, dtype=dtype, size=size, layout=layout, seconds=figures, **(given | more))


def example() -> Run:
    """A run with a cell of every sort."""
    found = [
        measured(
            "add/float64/1e7/contiguous",
            10_000,
            20_000,
            8_000,
            memory_bound=True,
            moved=240_000_000,
            footprint=240_000_000,
            limit=7.5e-3,
            limited_by="memory",
        ),
        measured("add/float64/1e6/narrow", 4, 2, 3),
        measured("add/float64/1e6/scalar", 2, 8),
        measured("sum/bool/10/contiguous", 1, 1, kind="reduction"),
        measured("max/int64/10/contiguous", 1, kind="reduction", failed={"numpy": "TypeError: <no> & never"}),
        measured("min/int64/1e3/contiguous", 1, kind="reduction", wrong={"torch": "element (3,) is 1 instead of 2"}),
        measured("cumulative_prod/float32/1e6/first-axis", 1e6, 100, kind="scan"),
    ]
    two = [dataclasses.replace(each, threads=2) for each in found]
    return Run(
        date="2026-01-02T03:04:05+00:00",
        matrix="a made-up matrix",
        machine=Machine("CPython", "3.11.7", "Linux-6.1-x86_64", 2, 4, {"aotops": "1.0", "numpy": "2.4.6"}),
        cpu="A <Processor> & Co",
        caches={"L1": 32 * 2**10, "L3": 32 * 2**20},
        level="x86-64-v3",
        libraries={"aotops": "aotops", "numpy": "NumPy", "torch": "PyTorch", "numexpr": "numexpr", "numba": "Numba"},
        missing={"jax": "not installed"},
        absent=["where"],
        threads=[1, 2],
        single={"1": [], "2": ["numpy"]},
        others={"1": 0.0, "2": 0.96},
        triads={
            "1": {"triad": {"numpy": 30e9, "numexpr": 32e9}, "in place": {"numpy": 40e9}},
            "2": {"triad": {"numpy": 30e9}, "in place": {"numpy": 40e9}},
        },
        cells=found + two,
    )


# The matrix


def test_every_cell_has_a_name_of_its_own() -> None:
    everything = [each.name for each in cells()]
    assert len(set(everything)) == len(everything)
    assert all(len(name.split("/")) == 4 for name in everything)
    assert {name.split("/")[0] for name in everything} == {operator.name for operator in OPERATORS}


def test_every_public_operator_has_a_row() -> None:
    public = {name for name in ops.collect() if "." not in name and not name.startswith("_")}
    assert public - LEFT_OUT == {row.name for row in OPERATORS} & public
    assert set(LEFT_OUT) <= public


def test_a_row_follows_from_the_record() -> None:
    rows = {row.name: row for row in OPERATORS}
    assert not {"exp", "acos", "atan2", "square"} & {row.name for row in BY_HAND}
    assert rows["acos"] == Operator(
        "acos", "map", ("float64", "float32"), "within one", numpy="arccos", numexpr="arccos(x)",
        numba="math.acos(x)", in_place=False,
    )  # fmt: skip
    assert (rows["atan2"].numpy, rows["atan2"].numexpr, rows["atan2"].kind) == ("arctan2", "arctan2(x, y)", "zip")
    assert rows["log"].data == "positive" and rows["sin"].data == "any"
    assert rows["square"].memory_bound and not rows["exp"].memory_bound


def test_the_default_matrix_has_every_size_contiguous_and_every_layout_once() -> None:
    usual, everything = select(), select(full=True)
    names = {each.name for each in usual}
    assert names < {each.name for each in everything}
    assert {each.name for each in everything if each.layout.name == "contiguous"} <= names
    for operator in OPERATORS:
        layouts = {each.layout.name for each in everything if each.operator is operator}
        assert {each.layout.name for each in usual if each.operator is operator and each.size == "1e6"} == layouts


def test_what_cannot_be_repeated_in_place_is_not() -> None:
    in_place = {each.operator.name for each in cells() if each.in_place}
    assert {"add", "negative", "sigmoid"} <= in_place
    assert not in_place & {"exp", "log", "pow", "less", "equal", "where", "sum", "copy"}


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("add/float64/1e5/contiguous", [(100000,), (100000,)]),
        ("add/float64/1e5/row", [(316, 316), (316,)]),
        ("add/float64/1e5/column", [(316, 316), (316, 1)]),
        ("add/float64/1e5/narrow", [(33333, 3), (3,)]),
        ("add/float64/1e3/transposed", [(32, 31), (32, 31)]),
        ("add/float64/1e3/strided", [(62, 64), (62, 64)]),
        ("add/float64/1e3/scalar", [(1000,)]),
        ("exp/float64/10/strided", [(6, 6)]),
        ("where/float64/1e3/column", [(31, 32), (31, 32), (31, 1)]),
        ("sum/float64/1e3/narrow", [(125, 8)]),
        ("cumulative_sum/float64/1e3/first-axis", [(31, 32)]),
    ],
)
def test_shapes(name: str, shapes: list[tuple[int, ...]]) -> None:
    assert [operand.shape for operand in cell(name).operands()] == shapes


@pytest.mark.parametrize("dtype", list(CODES))
@pytest.mark.parametrize("data", ["any", "positive", "near one", "zero", "one"])
def test_memory_holds_the_numbers_it_is_said_to(dtype: str, data: str) -> None:
    operand = Operand("x", dtype, data, (300, 300))
    memory = operand.memory()
    assert (memory.format, memory.nbytes) == (CODES[dtype], 90000 * ITEMSIZES[dtype])
    values = memory.tolist()
    assert values == operand.memory().tolist(), "another contender gets other numbers"
    assert values != Operand("y", dtype, data, (300, 300)).memory().tolist() or data in ("zero", "one")
    if data == "positive" and dtype != "bool":
        assert 0 < min(values) < max(values)
    if data in ("zero", "one"):
        assert set(values) == {data == "one"}


def test_products_of_many_stay_finite() -> None:
    values = Operand("x", "float32", "near one", (10**5,)).memory().tolist()
    assert 1e-9 < math.prod(values * 100) < 1e9


def test_only_takes_parts_of_names_and_globs() -> None:
    def names(*patterns: str) -> list[str]:
        return [each.name for each in select(only=patterns)]

    assert names("add/float64/10/contiguous") == ["add/float64/10/contiguous"]
    assert names("exp/*/10/*") == ["exp/float64/10/contiguous", "exp/float32/10/contiguous"]
    assert set(names("expm1/float32")) < set(names("exp")), "a part of a name is enough"
    assert names("e?f/float64/10/*", "erf/float64/10/") == ["erf/float64/10/contiguous"], "nothing comes twice"


def test_only_reaches_into_the_full_matrix_for_what_the_default_lacks() -> None:
    assert [each.name for each in select(only=["add/float64/1e3/row"])] == ["add/float64/1e3/row"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threads", "0"], "argument --threads: expected integers from 1 to "),
        (["--threads", "1,two"], "got '1,two'"),
        (["--threads", "100000"], "got '100000'"),
        (["--threads", ""], "got ''"),
        (
            ["--only", "nunpy"],
            "argument --only: expected a part or a glob of names such as 'add/float64/1e6/contiguous'",
        ),
        (["--only", "add", "--only", "x/*"], "got 'x/*', which matches none of "),
        pytest.param(["--plot", "page.html"], "argument --plot: expected a name that", marks=needs_matplotlib),
        (["--json", "no such folder/file.json"], "argument --json: cannot write "),
        (["--compare", "no such file.json"], "argument --compare: cannot read 'no such file.json': "),
    ],
)
def test_wrong_arguments(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "measure", lambda *_: pytest.fail("measured although the arguments are wrong"))
    with pytest.raises(SystemExit) as stop:
        main([*arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


# Checking


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check results and enter the number of calls, but do not time them."""

    def time_entrants(entrants: Iterable[Entrant], result: Measured, quick: bool, busy: bool) -> None:
        for entrant in entrants:
            result.seconds[entrant.library.name] = 1.0

    monkeypatch.setattr(timing, "time_entrants", time_entrants)


@needs_numpy
@pytest.mark.usefixtures("untimed")
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_every_library_can_do_every_cell(operator: Operator) -> None:
    """Small ones: the calls are the same in all sizes. At least NumPy must be there, which says what is right."""
    contenders, _ = libraries.load()
    for each in cells([operator]):
        if each.size == "10":
            result = measure_cell(each, contenders, threads=1)
            assert (result.wrong, result.failed) == ({}, {}), each.name
            assert set(result.seconds) == {library.name for library in contenders if not library.lacks(each)}
            assert "numpy" in result.seconds and result.checked
            assert result.moved > 0 or contenders[0].lacks(each)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (Aotops, "add/float64/10/in-place", "ao.add(x, y, out=x)"),
        (Aotops, "add/int64/10/scalar", "ao.add(x, 2)"),
        (Aotops, "clip/float64/10/in-place", "ao.clip(x, -1, 1, out=x)"),
        (Aotops, "where/float64/10/row", "ao.where(c, x, y)"),
        (Aotops, "argmax/float64/10/contiguous", "ao.argmax(x)"),
        (Aotops, "var/float64/10/first-axis", "ao.var(x, axis=0)"),
        (Aotops, "cumulative_sum/float64/10/contiguous", "ao.cumulative_sum(x, axis=-1)"),
        (Aotops, "copy/float64/10/transposed", "ao.astype(x, x.dtype)"),
        (Aotops, "matmul/float64/10/contiguous", "ao.matmul(x, y)"),
        (Aotops, "mask/uint8/10/contiguous", "x[m]"),
        (NumPy, "argsort/int64/10/contiguous", "np.argsort(x, kind='stable')"),
        (Torch, "concat/bool/10/contiguous", "torch.cat([x, z])"),
        (NumPy, "sigmoid/float64/10/in-place", "x[...] = 1 / (1 + np.exp(-x))"),
        (Torch, "var/float64/10/first-axis", "torch.var(x, correction=0, axis=0)"),
        (Torch, "maximum/float64/10/scalar", "torch.clamp_min(x, 2.0)"),
        (NumExpr, "where/float64/10/contiguous", "ne.evaluate('where(c, x, y)', operands, {})"),
        (Numba, "where/float64/10/contiguous", "kernel(c, x, y)"),
    ],
)
def test_calls(kind: type[Library], name: str, text: str) -> None:
    library = kind.__new__(kind)  # without importing it: it need not be installed
    assert library.call(cell(name), out=cell(name).in_place) == text


class Liar(NumPy):
    """Adds one, which is wrong."""

    name, label = "liar", "Liar"
    lie = "{} + 1"

    def __init__(self) -> None:
        import numpy

        self.module = numpy

    def lacks(self, cell: Cell) -> bool:
        return False

    def call(self, cell: Cell, out: bool) -> str:
        judge = NumPy.__new__(NumPy)
        return self.lie.format(judge.call(cell, out))


@needs_numpy
@pytest.mark.parametrize(
    ("lie", "name", "complaint"),
    [
        ("{} + 1", "add/int64/10/contiguous", r"element \(0,\) is -?\d+ instead of -?\d+$"),
        ("{} * (1 + 1e-12)", "add/float64/10/contiguous", r"element \(\d,\) is .* instead of .*, allowed is 1e-14"),
        ("{}[:-1]", "add/float64/10/contiguous", r"its shape is \(9,\) instead of \(10,\)"),
        ("{}.astype('float32')", "add/float64/10/contiguous", "its dtype is float32 instead of float64"),
        ("~{}", "less/bool/10/strided", r"element \(0, 0\) is (True|False) instead of (True|False)"),
        ("{} + 1", "argmax/float64/10/contiguous", r"element \(\) is \d+ instead of \d+"),
        ("{} * float('nan')", "sum/float64/10/contiguous", r"element \(\) is nan instead of"),
    ],
)
def test_a_wrong_contender_is_caught_and_not_timed(
    lie: str, name: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Liar, "lie", lie)
    result = measure_cell(cell(name), [NumPy(), Liar()], threads=1, quick=True)
    assert re.match(complaint, result.wrong["liar"]), result.wrong
    assert set(result.seconds) == {"numpy"}


@needs_numpy
@pytest.mark.parametrize("factor", ["(1 + 1e-15)", "1"])
def test_rounding_is_no_error(factor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Liar, "lie", "{} * " + factor)
    assert measure_cell(cell("exp/float64/1e3/contiguous"), [NumPy(), Liar()], threads=1, quick=True).wrong == {}


@needs_numpy
def test_a_wrong_result_is_told_and_sets_the_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", (Aotops, NumPy, Liar))
    assert main(["--quick", "--threads", "1", "--only", "add/int64/10/contiguous"]) == 1
    out = capsys.readouterr().out
    assert "What went wrong:\n  add/int64/10/contiguous, 1 thread: WRONG: Liar: element (0,) is " in out


class Broken(Aotops):
    """An aotops whose `add` fails, and that has nothing else."""

    def __init__(self) -> None:
        def add(*_: object) -> None:
            raise ValueError("no kernels in here\nreally")

        self.module = SimpleNamespace(
            add=add, asarray=Library.__getattribute__, __version__="9", cpu_level=lambda: "v9"
        )

    def array(self, memory: memoryview, dtype: str, shape: tuple[int, ...]) -> Any:
        return memory


def test_an_aotops_that_fails_sets_the_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", (Broken,))
    patterns = ["--only", "add/float64/10/contiguous", "--only", "erf/float64/10/"]
    assert main(["--quick", "--threads", "1", *patterns]) == 1
    out = capsys.readouterr().out
    assert "failed: aotops: ValueError: no kernels in here\n" in out
    assert "this aotops does not have erf\n" in out, "a missing operator is no failure"


def test_operators_and_dtypes_that_aotops_lacks_are_left_out() -> None:
    library = Aotops()
    absent = Operator("no_such_operator", "map", ("float64",))
    assert library.lacks(Cell(absent, "float64", "10", LAYOUTS[0]))
    assert not library.lacks(cell("add/int64/10/scalar"))
    add = dataclasses.replace(cell("add/int64/10/row").operator, dtypes=("bool",))
    assert library.lacks(Cell(add, "bool", "10", LAYOUTS[0])), "the sum of two booleans is a TypeError"
    assert not library.lacks(cell("sum/bool/10/contiguous")), "which are counted as integers"


# Timing


def test_nothing_is_collected_while_contenders_take_turns() -> None:
    log: list[tuple[str, bool]] = []

    def entrant(name: str) -> Entrant:
        def batch(times: Iterable[object]) -> float:
            log.append((name, gc.isenabled()))
            return 0.001 * sum(1 for _ in times)

        return Entrant(SimpleNamespace(name=name), [], lambda: None, batch)  # type: ignore[arg-type]

    result = measured("add/float64/10/contiguous", 1)
    assert gc.isenabled()
    timing.time_entrants([entrant("a"), entrant("b")], result, quick=True)
    assert gc.isenabled()
    assert not any(enabled for _, enabled in log)
    assert result.rounds == timing.QUICK
    # one batch each to find out how many calls to make; then in each round an untimed one and a timed one
    assert "".join(name for name, _ in log) == "ab" + "aabb" + "bbaa" + "aabb"
    assert result.seconds["a"] == pytest.approx(0.001) and result.medians["b"] == pytest.approx(0.001)


def test_bytes_moved_are_those_of_operands_and_result() -> None:
    class Answer:
        size, dtype = 1000, SimpleNamespace(name="bool")

    for name, moved in (
        ("less/float64/1e3/contiguous", 8000 + 8000 + 1000),
        ("less/float32/1e3/row", 4 * 992 + 4 * 32 + 1000),
        ("less/float64/1e3/strided", 2 * 8 * 992 + 1000),
        ("where/int64/1e3/contiguous", 1000 + 8000 + 8000 + 1000),
    ):
        assert timing.moved(cell(name), Answer) == (moved, moved)
    assert timing.moved(cell("maximum/bool/1e3/in-place"), Answer) == (3000, 2000)


def test_the_triad_outgrows_the_cache_but_not_the_memory() -> None:
    assert triad.elements(None) * 8 == 64 * 2**20
    assert triad.elements(32 * 2**20) * 8 == 128 * 2**20
    assert triad.elements(2**40) * 8 == 512 * 2**20
    contenders, _ = libraries.load()
    rates = triad.measure(contenders, 1000, runs=1)
    for form in triad.FORMS:
        assert set(rates[form]) == {library.name for library in contenders}
        assert all(rate > 0 for rate in rates[form].values())


def test_bystanders_are_counted_in_cpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = tmp_path / "stat"
    monkeypatch.setattr(results.sys, "platform", "linux")
    monkeypatch.setattr(results.os, "sysconf", lambda _: 100, raising=False)
    monkeypatch.setattr(results.time, "monotonic", iter([0.0, 10.0]).__next__)
    monkeypatch.setattr(results.time, "process_time", iter([1.0, 5.0]).__next__)
    stat.write_text("cpu  100 0 0 777 777 0 0 0 0 0\n")
    bystanders = results.Bystanders(stat)
    stat.write_text("cpu  800 100 50 999 999 20 20 10 0 0\n")
    assert bystanders.cpus() == pytest.approx((9 - 4) / 10)
    monkeypatch.undo()
    assert results.Bystanders(tmp_path / "no such file").cpus() is None


def test_caches_are_those_for_data(tmp_path: Path) -> None:
    for index, (level, kind, size) in enumerate(
        (("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "2M"))
    ):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(text + "\n")
    (tmp_path / "index3").mkdir()
    assert results.caches(tmp_path) == {"L1": 48 * 2**10, "L2": 2 * 2**20}


# Figures


def test_a_ratio_compares_with_the_faster_rival() -> None:
    assert measured("add/float64/10/row", 2, 8, 6).ratio == pytest.approx(3)
    assert measured("add/float64/10/row", 2, 8, 6).rival == "torch"
    assert measured("add/float64/10/row", 4, 1).ratio == pytest.approx(0.25)
    assert measured("add/float64/10/row", 4).ratio is None


def test_geometric_mean_and_worst() -> None:
    assert geometric_mean([2, 8]) == pytest.approx(4)
    assert geometric_mean([0.5]) == pytest.approx(0.5)
    total = summary(
        [measured(f"add/float64/{size}/row", 4, numpy) for size, numpy in zip(SIZES, (2, 8, 32), strict=False)]
    )
    assert total is not None
    assert (total.count, total.below, total.mean) == (3, 1, pytest.approx(2))
    assert total.worst.name == "add/float64/10/row"
    assert summary([measured("add/float64/10/row", 4)]) is None
    assert summary([]) is None


def test_share_of_the_limit() -> None:
    run = example()
    assert run.cells[0].share == pytest.approx(0.75)
    assert run.cells[1].share is None, "its limit is not known"


@pytest.mark.parametrize(
    ("name", "reads", "writes", "itemsizes"),
    [
        ("add/float64/1e5/contiguous", 2, 100_000, [8, 8, 8]),
        ("less/float32/1e5/contiguous", 2, 100_000, [4, 4, 1]),
        ("add/uint8/1e5/row", 1, 99_856, [1, 1]),
        ("negative/float64/1e5/strided", 1, 99_856, [8, 8]),
        ("sum/float64/1e5/contiguous", 1, 0, [8]),
        ("add/float64/1e5/in-place", 2, 100_000, [8, 8, 8]),
    ],
)
def test_a_plain_loop_reads_and_writes_as_much(
    name: str, reads: int, writes: int, itemsizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    numpy = pytest.importorskip("numpy")
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        limits, "_compiled", lambda inputs, writes, parallel, numba: lambda *arrays: calls.append(arrays)
    )
    cell = next(cell for cell in matrix.cells() if cell.name == name)
    entrant = prepare(cell, NumPy(), [each.memory() for each in cell.operands()], out=cell.in_place)
    limits.plain_loop(cell, entrant.once(), None, 1)()
    (arrays,) = calls
    assert [array.itemsize for array in arrays] == itemsizes
    assert len(arrays) == reads + (writes > 0)
    assert writes in (0, arrays[-1].size)
    assert cell.in_place == (len(arrays) > 1 and arrays[0] is arrays[-1])
    assert all(isinstance(array, numpy.ndarray) for array in arrays)


ASSEMBLY = """
   0:	push   %rbp
  10:	vmovupd (%rdi,%rax,8),%zmm0
  16:	vfmadd213pd %zmm1,%zmm2,%zmm0
  1c:	vmulpd %zmm0,%zmm0,%zmm3
  22:	vaddpd %zmm0,%zmm3,%zmm4
  28:	vpermq %zmm4,%zmm0,%zmm5
  2e:	vpaddq %zmm5,%zmm4,%zmm5
  34:	vmovupd %zmm5,(%rsi,%rax,8)
  3a:	add    $0x8,%rax
  3e:	jb     10 <kernel+0x10>
  40:	vmovsd (%rdi),%xmm0
  44:	vmovsd %xmm0,(%rsi)
  48:	jne    40 <kernel+0x40>
  4a:	jne    0 <kernel>
"""


def test_ports_are_counted_in_inner_loops() -> None:
    inner, copy = limits.loops(ASSEMBLY)
    assert len(inner) == 9 and len(copy) == 3
    amd, intel = limits.MACHINES["AMD"], limits.MACHINES["Intel"]
    # two multiplications, one per cycle; in all five operations, two per cycle; 8 elements
    assert limits.cycles(inner, amd, 8) == (pytest.approx(2.5 / 8), 5)
    assert limits.cycles(inner, intel, 8) == (pytest.approx(2.5 / 8), 5)
    multiplications = ["vmulpd %ymm0,%ymm1,%ymm2"] * 8 + ["vmovupd %ymm2,(%rsi)"]
    assert limits.cycles(multiplications, amd, 8) == (pytest.approx(4 / 4), 8)
    divisions = ["vdivps %ymm0,%ymm1,%ymm2", "vmovups %ymm2,(%rsi)"]
    assert limits.cycles(divisions, amd, 4) == (pytest.approx(2.5 / 8), 1)
    assert limits.cycles(["mulsd %xmm0,%xmm1", "movsd %xmm1,(%rsi)"], amd, 8) is None, "it is scalar"
    assert limits.cycles(["vaddpd %ymm0,%ymm1,%ymm2"], amd, 8) is None, "it stores nothing"


def test_busy_cpus_are_idle_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with limits.Busy(example().machine) as busy:
        processes = list(busy._processes)
        assert processes and all(process.poll() is None for process in processes)
    assert all(process.poll() is not None for process in processes)


def test_results_are_kept_with_their_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "docs").mkdir()
    page = tmp_path / tables.PAGE
    page.write_text(f"before\n{tables.BEGIN}old\n{tables.END}after\n")
    path = tables.path_of(example())
    assert path == tmp_path / "benchmarks" / "results" / "a-processor-co.json"
    tables.keep(example(), path)
    text = page.read_text()
    assert text.startswith(f"before\n{tables.BEGIN}") and text.endswith(f"{tables.END}after\n") and "old" not in text
    assert "10.0 ms, 0.80, 75 % m" in next(line for line in text.splitlines() if line.startswith("| add float64 |"))
    assert tables.kept() == [example()]
    again = [dataclasses.replace(cell, rounds=11) for cell in example().cells if cell.threads == 2]
    tables.keep(dataclasses.replace(example(), threads=[2], others={"2": 0.5}, triads={}, single={}, cells=again), path)
    (run,) = tables.kept()
    assert run.threads == [1, 2] and run.others == {"1": 0.0, "2": 0.5} and set(run.triads) == {"1"}
    assert run.cells == [*(cell for cell in example().cells if cell.threads == 1), *again]
    tables.keep(dataclasses.replace(example(), threads=[2], level="x86-64-v2", cells=again), path)
    assert tables.kept()[0].threads == [2], "what another level computed does not stand beside it"
    busy = dataclasses.replace(example(), busy=True)
    assert tables.path_of(busy).name == "a-processor-co-busy.json"
    assert "one other process on each CPU (medians)" in tables.section([busy])


def test_a_disturbed_run_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    saved = tmp_path / "run.json"
    saved.write_text(json.dumps(results.document(dataclasses.replace(example(), cells=example().cells[:1]))))
    assert main(["--load", str(saved), "--keep"]) == 1
    assert "not kept, since other processes kept CPUs busy" in capsys.readouterr().err
    assert not (tmp_path / tables.FOLDER).exists()
    busy = dataclasses.replace(example(), busy=True)
    assert not tables.disturbed(busy), "it made two CPUs busy itself"


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = (tables.ROOT / tables.PAGE).read_text(encoding="utf-8")
    assert tables.replaced(page, tables.section(tables.kept())) == page


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.12e-9, "4.12 ns"), (9.996e-9, "10.0 ns"), (99.96e-9, "100 ns"), (999.6e-9, "1.00 us"), (0.0123, "12.3 ms"),
     (0.9994, "999 ms"), (12.0, "12.0 s")],
)  # fmt: skip
def test_times_have_three_digits(seconds: float, text: str) -> None:
    assert report.brief(seconds) == text


# Reports


def printed(print_it: Callable[..., None], *arguments: Any) -> str:
    """What it prints into a file, 80 columns wide."""
    console = Console(file=io.StringIO(), width=80, highlight=False)
    print_it(console, *arguments)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_fits_a_terminal_and_is_aligned() -> None:
    run = example()
    text = printed(report.print_table, run, 1)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    (title,) = (line for line in lines if "aotops" in line and "PyTorch" in line and "ratio:" not in line)
    first = lines[next(i for i, line in enumerate(lines) if line.startswith("add float64")) + 1]
    assert first.startswith("  1e7 contiguous")
    for word, figure in (
        ("aotops", "10.0 ms"),
        ("NumPy", "20.0 ms"),
        ("PyTorch", "8.00 ms"),
        ("ratio", "0.80"),
        ("limit", "75% m"),
    ):
        assert title.index(word) + len(word) == first.index(figure) + len(figure), word
    assert re.search(r"  1e6 narrow +4\.00 us +2\.00 us +3\.00 us +- +- +0\.50 < *$", text, re.M)
    assert re.search(r"first-axis.* 0\.00 << *$", text, re.M)
    assert re.search(r"^ +10 contiguous +1\.00 us +failed ", text, re.M)
    assert re.search(r"^ +1e3 contiguous +1\.00 us +- +WRONG ", text, re.M)
    assert "memory: triad     32.0 GB/s (NumPy 30.0, numexpr 32.0)" in text
    assert "DISTURBED" not in text
    disturbed = printed(report.print_table, run, 2)
    assert "DISTURBED: other processes kept 1.0 of 4 CPUs busy" in disturbed
    assert "on one thread all the same: NumPy" in disturbed


def test_the_headings_name_the_machine_and_what_is_missing() -> None:
    text = printed(report.print_headings, example())
    assert "A <Processor> & Co, 2 CPUs for this process; L1 32 KiB, L3 32 MiB" in text
    assert "without jax: not installed\nthis aotops does not have where\n" in text


def test_the_closing_lines() -> None:
    text = printed(report.print_closing, example())
    assert "1 thread: geometric mean 0.17 over 5 cells, 3 below 1\n" in text
    assert "  worst: 0.00 cumulative_prod/float32/1e6/first-axis\n         0.50 add/float64/1e6/narrow\n" in text
    assert "  by size: 10 1.00, 1e6 0.06, 1e7 0.80" in text
    assert "max/int64/10/contiguous, 2 threads: failed: NumPy: TypeError: <no> & never" in text
    assert "min/int64/1e3/contiguous, 1 thread: WRONG: PyTorch: element (3,) is 1 instead of 2" in text
    alone = dataclasses.replace(example(), cells=[measured("add/float64/10/row", 4)], threads=[1])
    assert printed(report.print_closing, alone) == "\n1 thread: 1 cell, none of them with a rival to compare with\n"
    slow = dataclasses.replace(example(), cells=[measured("add/float64/10/row", 4, 8)], threads=[1])
    assert "  worst: 2.00 add/float64/10/row\n" in printed(report.print_closing, slow)


def test_messages_of_libraries_are_printed_as_they_are() -> None:
    cell = measured("add/float64/10/row", 4, failed={"numpy": "TypeError: [red]no[/red] [1, 2]"})
    run = dataclasses.replace(example(), cells=[cell], threads=[1])
    assert "failed: NumPy: TypeError: [red]no[/red] [1, 2]\n" in printed(report.print_closing, run)


def test_comparison_lists_what_changed() -> None:
    old, new = example(), example()
    new.cells = [*new.cells[1:3], measured("new/float64/10/row", 1, 1)]
    new.cells[0] = measured("add/float64/1e6/narrow", 8, 2, 3)
    new.cells[1] = measured("add/float64/1e6/scalar", 2.1, 8)
    text = printed(report.print_comparison, old, new)
    assert "1 of 2 cells changed by more than 10%" in " ".join(text.split())
    assert re.search(r"add/float64/1e6/narrow +1 +4\.00 us +8\.00 us +2\.00 +1\.00 *$", text, re.M)
    assert "1e6/scalar" not in text and "new/float64" not in text
    assert f"geometric mean of new/old: aotops {math.sqrt(2 * 1.05):.3f}, its rivals 1.000" in text
    nothing = printed(report.print_comparison, old, dataclasses.replace(new, cells=[]))
    assert "no cell is in both runs" in nothing


def test_json_holds_everything_and_can_be_read_again() -> None:
    run = example()
    text = json.dumps(results.document(run), allow_nan=False)
    assert results.from_document(json.loads(text)) == run
    document = json.loads(text)
    assert (document["schema"], document["version"]) == ("aotops ops", 2)
    assert document["cells"][0]["ratio"] == pytest.approx(0.8)
    assert document["cells"][0]["share"] == pytest.approx(0.75)
    assert document["cells"][4]["ratio"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "aotops cold start"}, "expected a file that `python -m benchmarks.ops --json` wrote"),
        ({"version": 1}, "expected version 2 of the schema, got 1"),
        ({"cells": [{"name": "add"}]}, "the file is damaged: KeyError"),
        ({"machine": {}}, "the file is damaged: TypeError"),
    ],
)
def test_other_json_is_rejected(
    change: dict[str, object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps(results.document(example()) | change))
    with pytest.raises(SystemExit):
        main(["--load", str(path)])
    assert message in capsys.readouterr().err


@needs_matplotlib
def test_the_picture_has_every_plot_and_every_ratio() -> None:
    from benchmarks.ops import pictures

    figure = pictures.draw(example())
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert len(titles) == 2 * (1 + 3 + 1), "for each number of threads a histogram, maps and bars"
    assert titles[0].startswith("1 thread: geometric mean 0.17 over 5 ratios, 3 below 1; worst 0.00 cumulative_prod")
    assert [title.partition(":")[0] for title in titles[1:5]] == [
        "Elementwise, float64, 1 thread",
        "Reductions and scans, bool, 1 thread",
        "Reductions and scans, float32, 1 thread",
        "1 thread",
    ]
    elementwise = {text.get_text() for text in figure.axes[1].texts}
    assert {"0.80", "0.50", "4.00", "contiguous", "narrow", "scalar"} <= elementwise
    assert "A <Processor> & Co" in figure.get_suptitle()
    bars = figure.axes[4].patches
    assert [bar.get_width() for bar in bars] == [pytest.approx(0.75)]


@needs_matplotlib
@pytest.mark.parametrize("format", ["svg", "png", "pdf"])
def test_a_picture_of_a_run_without_rivals_says_so(format: str, tmp_path: Path) -> None:
    from benchmarks.ops import pictures

    run = dataclasses.replace(example(), cells=[measured("add/float64/10/row", 4)], threads=[1], triads={})
    figure = pictures.draw(run)
    assert [text.get_text() for text in figure.axes[0].texts] == ["no cell has a rival to compare with"]
    figure.savefig(tmp_path / f"picture.{format}")
    assert (tmp_path / f"picture.{format}").stat().st_size > 1000


# As a user starts it


def test_a_saved_run_is_reported_without_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "measure", lambda *_: pytest.fail("measured"))
    saved, copy = tmp_path / "saved.json", tmp_path / "copy.json"
    saved.write_text(json.dumps(results.document(example())))
    status = main(["--load", str(saved), "--compare", str(saved), "--json", str(copy)])
    assert status == 1, "it had a wrong result"
    out = capsys.readouterr().out
    assert "= 2 threads =" in out and "0 of 14 cells changed" in out
    assert json.loads(copy.read_text()) == json.loads(saved.read_text())


def test_a_file_that_cannot_be_written_sets_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved.json"
    run = dataclasses.replace(example(), cells=example().cells[:3])
    saved.write_text(json.dumps(results.document(run)))
    monkeypatch.setattr(command, "_json", lambda found: "x" if found else "")
    folder = tmp_path / "folder"
    folder.mkdir()
    target = folder / "out.json"
    arguments = command.build_parser().parse_args(["--load", str(saved), "--json", str(target)])
    folder.rmdir()
    assert command.run(arguments) == 1
    assert f"benchmarks.ops: cannot write {str(target)!r}: " in capsys.readouterr().err


def test_an_interrupted_run_has_the_status_of_shells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "measure", interrupt)
    assert main([]) == 130
    assert capsys.readouterr().err == "benchmarks.ops: interrupted\n"


def test_the_command_line_of_the_wheel_has_none_of_this() -> None:
    from aotops.cli import COMMANDS

    assert ("bench", "cold-start") in COMMANDS and ("bench", "ops") not in COMMANDS


ALONE = """
import sys
for name in ("numpy", "torch", "numexpr", "numba"):
    sys.modules[name] = None
from benchmarks.ops.command import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("alone", [True, False])
def test_a_quick_run(alone: bool, tmp_path: Path) -> None:
    """With aotops alone it is timed, and nothing is compared or checked; else with whatever is installed."""
    samples = tmp_path / "samples.json"
    command = [sys.executable, *(["-c", ALONE] if alone else ["-m", "benchmarks.ops"]), "--quick", "--threads", "1"]
    done = subprocess.run(
        [*command, "--only", "add/float64/10/contiguous", "--json", str(samples)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    document = json.loads(samples.read_text())
    (only,) = document["cells"]
    assert (only["name"], only["threads"], only["rounds"]) == ("add/float64/10/contiguous", 1, timing.QUICK)
    assert set(only["seconds"]) == set(only["medians"]) == set(document["libraries"])
    assert document["triads"] == {}, "it takes a while, and there is nothing to compare with it"
    if alone:
        assert list(document["libraries"]) == ["aotops"] and only["ratio"] is None and not only["checked"]
        assert "results are not checked, since NumPy is not installed" in done.stdout
    elif find_spec("numpy"):
        assert only["checked"] and only["ratio"] > 0
    assert results.from_document(document).cells[0].name == only["name"]


@needs_numpy
@pytest.mark.parametrize(
    "operator", [row for row in OPERATORS if row.kind in ("routine", "product")], ids=lambda r: r.name
)
def test_routines_have_operands_that_fit_and_results_that_numpy_has(operator: Operator) -> None:
    for each in cells([operator]):
        if each.size not in ("10", "1e3"):
            continue
        memories = [operand.memory() for operand in each.operands()]
        ours, theirs = [prepare(each, library(), memories, False).once() for library in (Aotops, NumPy)]
        assert timing.difference(NumPy().as_numpy(ours), theirs, each) is None, each.name
    if operator.name == "matmul":
        rate, large = 4e9, cell("matmul/float32/1e6/contiguous")
        assert limits.port_limit(large, "x86-64-v3", "Intel", rate, 1) == 1000**3 / 8 / 2 / rate
        assert (
            limits.port_limit(cell("matmul/float32/1e6/vector"), "x86-64-v3", "Intel", rate, 1)
            == 1000**2 / 8 / 2 / rate
        )
        assert limits.port_limit(large, "generic", "AMD", rate, 1) is None
