"""`aotops bench cold-start`: measuring, reporting and drawing. Nothing here asserts how fast anything is."""

import io
import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from aotops.cli import measure as measure_module
from aotops.cli import report, svg
from aotops.cli.contenders import CONTENDERS, Contender
from aotops.cli.measure import PHASES, Result, Runner, Sample, measure, rotated
from aotops.cli.progress import Progress, bar

MIB = 2**20
WHERE = report.Machine("CPython", "3.11.7", "Linux-6.1-x86_64", 2, 4, {"numpy": "2.4.6"})


def sample(*milliseconds: float, memory: int | None = 10 * MIB) -> Sample:
    """A sample with the phases that so many figures stand for: all six, five without a second operation, or two."""
    names = PHASES[: len(milliseconds) - 1] + PHASES[-1:]
    return Sample(dict(zip(names, (number / 1e3 for number in milliseconds), strict=True)), memory)


def contender(name: str, **pieces: object) -> Contender:
    """A contender that answers 7 unless told otherwise."""
    given: dict[str, object] = {"imports": "import math", "operations": ("7.0",), "expected": (7.0,)}
    return Contender(**(given | {"name": name, "label": name, "section": "made up"} | pieces))  # type: ignore[arg-type]


def example() -> list[Result]:
    """One result of every kind, with figures that are easy to check by head."""
    bare = Result(Contender("bare", "bare Python", "main"), samples=[sample(8, 2), sample(7, 3), sample(20, 20)])
    fast = Result(
        Contender("fast", "Fast", "main"),
        samples=[
            sample(8, 1, 0.5, 0.25, 0.05, 2.2, memory=15 * MIB),
            sample(8, 2, 1, 0.5, 0.25, 3.25, memory=15 * MIB),
        ],
    )
    slow = Result(Contender("slow", "Slow <&\"'>", "main"), samples=[sample(8, 900, 50, 40, 1, 1, memory=500 * MIB)])
    absent = Result(Contender("absent", "Absent", "main"), "not installed", "no module named 'absent'")
    broken = Result(Contender("broken", "Broken", "small"), "failed", "ImportError: <no> & \x1b[31mnever")
    small = Result(Contender("small", "Small", "small"), samples=[sample(8, 1, 0, 1, 5, memory=None)])
    return [bare, fast, slow, absent, broken, small]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the benchmark makes its own temporary one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


# Measuring


def test_each_round_starts_with_the_next_contender(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the processes themselves wrote down: a warm-up in order, then rounds, each turned one further."""
    log = tmp_path / "log"
    monkeypatch.setenv("COLD_START_LOG", str(log))
    line = "import os\nwith open(os.environ['COLD_START_LOG'], 'a') as log: log.write({!r})"
    results = measure([contender(name, imports=line.format(name)) for name in "abc"], runs=4)
    assert log.read_text() == "abc" + "abc" + "bca" + "cab" + "abc"
    assert [len(result.samples) for result in results] == [4, 4, 4]
    assert list(temporary.iterdir()) == []


def test_rotation_gives_every_contender_every_place() -> None:
    results = [Result(contender(name)) for name in "abcde"]
    rounds = [rotated(results, number) for number in range(5)]
    for place in range(5):
        assert {order[place].contender.name for order in rounds} == set("abcde")
    assert rotated([], 3) == []


def test_phases_cover_the_whole_life_of_the_process() -> None:
    (result,) = measure([contender("c", operations=("7.0", "8.0"), expected=(7.0, 8.0))], runs=1)
    (only,) = result.samples
    assert tuple(only.phases) == PHASES
    assert all(seconds >= 0 for seconds in only.phases.values())
    assert only.whole == sum(only.phases.values()) > 0


def test_a_pause_is_booked_to_the_phase_it_happens_in() -> None:
    pause = "import time; time.sleep(0.25)"
    (result,) = measure([contender("c", prepare=pause, operations=("7.0", "8.0"), expected=(7.0, 8.0))], runs=1)
    phases = result.samples[0].phases
    assert phases["prepare"] >= 0.25
    assert max(phases["first"], phases["second"]) < 0.25


def test_bare_python_has_start_up_and_exit_alone() -> None:
    (result,) = measure([CONTENDERS[0]], runs=2)
    assert result.contender.name == report.BASELINE
    assert [tuple(one.phases) for one in result.samples] == [("start-up", "exit")] * 2


def test_what_is_not_installed_is_listed_and_not_started(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    absent = contender("absent", requires=("math", "no_such_module_here"), imports=f"open({str(marker)!r}, 'w')")
    nested = contender("nested", requires=("no_such_package.module",))
    results = measure([absent, contender("here"), nested], runs=1)
    assert [result.status for result in results] == ["not installed", "measured", "not installed"]
    assert results[0].reason == "no module named 'no_such_module_here'"
    assert not marker.exists()


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ({"imports": "raise ValueError('first\\nand last')"}, "and last"),
        ({"imports": "import no_such_module_here"}, "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ({"prepare": "raise ValueError('a \\x1b[31m b')"}, "ValueError: a  [31m b"),
        ({"operations": ("1 / 0",)}, "ZeroDivisionError: division by zero"),
        ({"imports": "raise SystemExit(3)"}, "exited with status 3"),
        ({"imports": "import os; os._exit(0)"}, "printed no result"),
        ({"imports": "import os; print('no JSON', flush=True); os._exit(0)"}, "printed no result"),
        ({"imports": "import os; print('{}', flush=True); os._exit(0)"}, "printed no result"),
        ({"imports": "import os; print('7', flush=True); os._exit(0)"}, "printed no result"),
        ({"operations": ("7.00001",)}, "disagrees with the others: 7.00001 instead of 7.0"),
        ({"operations": ("float('nan')",)}, "disagrees with the others: nan instead of 7.0"),
        ({"operations": ("7.0", "7.0")}, "disagrees with the others: 2 results instead of 1"),
        ({"operations": ("None",)}, "printed no result"),
        ({"cache_hit": "False"}, "compiled anew although an earlier run had filled its cache"),
    ],
)
def test_a_failure_is_told(pieces: dict[str, object], reason: str) -> None:
    results = measure([contender("before"), contender("wrong", **pieces), contender("after")], runs=1)
    assert [result.status for result in results] == ["measured", "failed", "measured"]
    assert results[1].reason == reason
    assert results[1].samples == []


def test_results_may_differ_by_rounding_alone() -> None:
    (result,) = measure([contender("c", operations=(repr(7.0 * (1 + 5e-10)),))], runs=1)
    assert result.status == "measured"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to be ended by")
def test_a_crash_is_told() -> None:
    (result,) = measure([contender("c", imports="import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")], runs=1)
    assert (result.status, result.reason) == ("failed", "was ended by SIGSEGV")


def test_a_hanging_program_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, not waited for: what it would do after its sleep does not happen."""
    monkeypatch.setattr(measure_module, "TIMEOUT", 0.5)
    marker = tmp_path / "woke"
    text = f"import time; time.sleep(10); open({str(marker)!r}, 'w')"
    (result,) = measure([contender("c", imports=text)], runs=1)
    assert (result.status, result.reason) == ("failed", "did not finish within 0.5 s")
    assert not marker.exists()


def test_a_failure_in_a_later_round_ends_the_race_for_it(tmp_path: Path) -> None:
    """Three good processes, the warm-up and two rounds, then a bad one, then none."""
    count = tmp_path / "count"
    count.touch()
    text = f"f = open({str(count)!r}, 'r+'); n = len(f.read()); f.write('x'); f.close()\nassert n != 3, 'the fourth'"
    late, good = measure([contender("late", imports=text), contender("good")], runs=5)
    assert (late.status, late.reason, late.samples) == ("failed", "AssertionError: the fourth", [])
    assert len(good.samples) == 5
    assert count.read_text() == "xxxx"


def test_the_warm_up_may_fill_a_cache_that_the_rounds_must_hit() -> None:
    text = """
import os
marker = os.environ["NUMBA_CACHE_DIR"] + "-marker"
hit = os.path.exists(marker)
open(marker, "w").close()
"""
    (result,) = measure([contender("c", imports=text, cache_hit="hit")], runs=3)
    assert (result.status, len(result.samples)) == ("measured", 3)


def test_byte_code_is_kept_in_the_temporary_folder(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the caller's environment says about byte code, the rounds neither compile nor write elsewhere."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    text = f"import sys; right = sys.pycache_prefix.startswith({str(temporary)!r}) and not sys.dont_write_bytecode"
    (result,) = measure([contender("c", imports=text, operations=("right * 7.0",))], runs=1)
    assert (result.status, result.reason) == ("measured", "")
    assert list(temporary.iterdir()) == []


def test_nothing_is_imported_before_the_import_is_timed(tmp_path: Path) -> None:
    script = tmp_path / "count.py"
    script.write_text("import time, sys; print(len(sys.modules))")
    modules = float(subprocess.run([sys.executable, script], check=True, capture_output=True).stdout)
    counting = contender("c", imports="import sys", operations=("float(len(sys.modules))",), expected=(modules,))
    (result,) = measure([counting], runs=1)
    assert (result.status, result.reason) == ("measured", "")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of a process")
def test_peak_memory_is_that_of_the_child() -> None:
    """A large parent must not show, and a block that is freed again must."""
    ballast = bytearray(b"\1") * (150 * MIB)
    small, large = measure([CONTENDERS[0], contender("large", imports=f"block = bytearray({100 * MIB}); del block")], 1)
    assert len(ballast) == 150 * MIB
    assert small.samples[0].peak_memory is not None and large.samples[0].peak_memory is not None
    assert MIB < small.samples[0].peak_memory < 100 * MIB < large.samples[0].peak_memory


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_peak_memory_is_asked_of_the_system_if_the_child_cannot_tell() -> None:
    silent = contender("c", imports="def open(*_): raise OSError")
    (result,) = measure([silent], runs=1)
    peak = result.samples[0].peak_memory
    assert peak is not None and MIB < peak < 10_000 * MIB


# The programs


def test_programs_are_python_and_names_are_unique() -> None:
    assert len({contender.name for contender in CONTENDERS}) == len(CONTENDERS)
    for one in CONTENDERS:
        compile(one.program(), one.name, "exec")
        assert not set(one.name) - set("abcdefghijklmnopqrstuvwxyz-"), "a name is part of a file's name"
        assert len(one.expected) == (0 if one.name == "bare" else 2 if one.section == CONTENDERS[0].section else 10)


def test_the_expected_similarity_is_that_of_the_definition() -> None:
    """Written out once more, as the lecture does: multiply by a one-hot vector, then add up each row."""
    layer1 = [[(d * 1000 + w) * 0.001 for w in range(1000)] for d in range(64)]

    def lookup(word: int) -> list[float]:
        one_hot = [float(w == word) for w in range(1000)]
        return [sum(a * b for a, b in zip(row, one_hot, strict=True)) for row in layer1]

    right = [sum(a * b for a, b in zip(lookup(3), lookup(other), strict=True)) for other in (5, 8)]
    assert right[0] != right[1]
    expected = next(contender.expected for contender in CONTENDERS if contender.name == "aotops")
    assert all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(expected, right, strict=True))


@pytest.fixture(scope="module")
def measured() -> dict[str, Result]:
    """The results of all contenders, which share bytecode: each would compile the libraries that it imports again."""
    return {result.contender.name: result for result in measure(CONTENDERS, runs=1)}


@pytest.mark.parametrize("one", CONTENDERS, ids=lambda one: one.name)
def test_each_installed_contender_does_the_work(one: Contender, measured: dict[str, Result]) -> None:
    """Includes the warm Numba cache: a second process that compiles again counts as failed."""
    result = measured[one.name]
    if result.status == "not installed":
        pytest.skip(result.reason)
    assert (result.status, result.reason) == ("measured", "")


def test_a_broken_installation_of_aotops_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "aotops"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('no kernels in here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (result,) = measure([one for one in CONTENDERS if one.name == "aotops"], runs=1)
    assert (result.status, result.reason) == ("failed", "ImportError: no kernels in here")


def test_a_runner_writes_where_it_was_told(tmp_path: Path) -> None:
    Runner(tmp_path).run(contender("c"))
    assert "program_c.py" in {path.name for path in tmp_path.iterdir()}


# Statistics, table, JSON


def test_medians() -> None:
    bare, fast, _, absent, _, small = example()
    assert report.medians(bare) == pytest.approx(
        {"whole": 0.010, "start-up": 0.008, "exit": 0.003, "peak_memory": 10 * MIB}
    )
    assert report.medians(fast)["whole"] == pytest.approx(0.0135)  # between 12 and 15
    assert report.medians(fast)["second"] == pytest.approx(0.00015)
    assert report.medians(absent) == {}
    assert "peak_memory" not in report.medians(small) and "second" not in report.medians(small)


def test_ratios_are_to_the_bare_interpreter() -> None:
    results = example()
    assert report.ratios(results[1], results) == pytest.approx({"whole": 1.35, "peak_memory": 1.5})
    assert report.ratios(results[5], results) == pytest.approx({"whole": 1.5})
    assert report.ratios(results[3], results) == {}
    assert report.ratios(results[1], results[1:]) == {}


TABLE = """\
Cold start: medians of 3 runs, each in a new process
CPython 3.11.7, Linux-6.1-x86_64, 2 CPUs
numpy 2.4.6

                whole  / bare  import  prepare  first op  second op  memory  / bare
                   ms              ms       ms        ms         ms     MiB
main
  bare Python    10.0    1.00       -        -         -          -    10.0    1.00
  Fast           13.5    1.35    1.50     0.75      0.38       0.15    15.0    1.50
  Slow <&"'>   1000.0  100.00  900.00    50.00     40.00       1.00   500.0   50.00
  Absent       not installed
small
  Broken       failed: ImportError: <no> & \x1b[31mnever
  Small          15.0    1.50    1.00     0.00      1.00          -     n/a     n/a"""


def test_table() -> None:
    assert report.table(example(), WHERE, 3) == TABLE


def test_table_without_any_figure() -> None:
    absent = Result(Contender("absent", "Absent", "main"), "not installed", "")
    assert report.table([absent], WHERE, 1).splitlines()[0] == "Cold start: medians of 1 run, each in a new process"
    assert report.table([absent], WHERE, 1).splitlines()[-1] == "  Absent  not installed"


def test_document() -> None:
    document = json.loads(json.dumps(report.document(example(), WHERE, 3), allow_nan=False))
    assert (document["schema"], document["version"], document["runs"]) == ("aotops cold start", 1, 3)
    assert document["units"] == {"time": "second", "memory": "byte"}
    assert document["machine"] == {
        "implementation": "CPython",
        "python": "3.11.7",
        "platform": "Linux-6.1-x86_64",
        "cpus": 2,
        "cpus_of_machine": 4,
    }
    assert document["versions"] == {"numpy": "2.4.6"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", document["date"])
    by_name = {entry["name"]: entry for entry in document["contenders"]}
    assert list(by_name) == ["bare", "fast", "slow", "absent", "broken", "small"]
    assert {tuple(entry) for entry in by_name.values()} == {
        ("name", "label", "section", "status", "reason", "medians", "ratios", "samples")
    }
    assert by_name["fast"]["samples"][0] == pytest.approx(
        {
            "whole": 0.012, "start-up": 0.008, "import": 0.001, "prepare": 0.0005, "first": 0.00025,
            "second": 0.00005, "exit": 0.0022, "peak_memory": 15 * MIB,
        }
    )  # fmt: skip
    assert by_name["fast"]["ratios"] == pytest.approx({"whole": 1.35, "peak_memory": 1.5})
    assert by_name["small"]["samples"][0]["peak_memory"] is None
    assert (by_name["broken"]["status"], by_name["broken"]["samples"]) == ("failed", [])
    assert by_name["absent"]["reason"] == "no module named 'absent'"


def test_machine_names_the_libraries_that_are_installed() -> None:
    where = report.machine([Result(contender("c", requires=("pytest", "no_such_module_here")))])
    assert where.versions == {"pytest": pytest.__version__}
    assert where.python == ".".join(map(str, sys.version_info[:3])) and where.cpus >= 1


# The chart

SVG = "{http://www.w3.org/2000/svg}"


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def bars(root: ET.Element) -> list[ET.Element]:
    return [element for element in root.iter(f"{SVG}rect") if element.find(f"{SVG}title") is not None]


def rows(root: ET.Element) -> list[list[tuple[float, float, str]]]:
    """For each bar that is drawn, top to bottom: the left end, right end and hint of each of its parts."""
    parts = [
        (float(part.attrib["y"]), float(part.attrib["x"]), float(part.attrib["width"]), part[0].text or "")
        for part in bars(root)
    ]
    return [
        [(x, x + width, hint) for _, x, width, hint in members]
        for _, members in itertools.groupby(parts, lambda part: part[0])
    ]


def test_chart_names_everybody_and_escapes() -> None:
    root = ET.fromstring(svg.chart(example(), WHERE, 3))
    found = texts(root)
    for result in example():
        assert result.contender.label in found
    assert "not installed" in found
    assert "failed: ImportError: <no> &  [31mnever" in found
    assert "1 s  (100.0\N{MULTIPLICATION SIGN})" in found
    assert {"main", "small"} <= set(found)


def test_chart_needs_nothing_from_outside() -> None:
    text = svg.chart(example(), WHERE, 3)
    assert set(re.findall(r"[a-z]+://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|<image|href|url\(|@import", text)


def test_chart_keeps_inside_its_frame() -> None:
    root = ET.fromstring(svg.chart(example(), WHERE, 3))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        if "x" in element.attrib:
            assert 0 <= float(element.attrib["x"]) <= width and 0 <= float(element.attrib["y"]) <= height
    assert max(end for row in rows(root) for _, end, _ in row) <= svg.RIGHT


def test_bars_are_time_lines() -> None:
    """Parts touch, in the order of the phases, and hints give each one's own length."""
    drawn = rows(ET.fromstring(svg.chart(example(), WHERE, 3)))
    assert [len(row) for row in drawn] == [2, 6, 6, 5]
    for row in drawn:
        assert row[0][0] == svg.LEFT
        for (_, end, _), (begin, _, _) in itertools.pairwise(row):
            assert begin == pytest.approx(end, abs=0.02)
    assert [hint for _, _, hint in drawn[2]] == [
        "start-up: 8 ms",
        "import: 900 ms",
        "prepare: 50 ms",
        "first operation: 40 ms",
        "second operation: 1 ms",
        "exit: 1 ms",
    ]


def test_a_hundredfold_difference_is_drawn_on_a_logarithmic_axis() -> None:
    root = ET.fromstring(svg.chart(example(), WHERE, 3))
    assert any("logarithmic" in text for text in texts(root))
    bare, _, slow, _ = rows(root)
    assert bare[-1][1] - bare[0][0] > 40, "the fast ones must stay visible"
    assert {"5 ms", "10 ms", "100 ms", "1 s"} <= set(texts(root))
    marks = {text.text: float(text.attrib["x"]) for text in root.iter(f"{SVG}text")}
    assert marks["100 ms"] - marks["10 ms"] == pytest.approx(marks["1 s"] - marks["100 ms"], abs=0.05)
    assert slow[-1][1] == pytest.approx(marks["1 s"], abs=0.05)


def test_a_small_difference_is_drawn_on_a_linear_axis() -> None:
    root = ET.fromstring(svg.chart(example()[:2], WHERE, 3))
    assert any("linear" in text for text in texts(root))
    bare, fast = rows(root)
    assert (fast[-1][1] - svg.LEFT) / (bare[-1][1] - svg.LEFT) == pytest.approx(1.35, abs=0.001)


def test_chart_without_any_bar() -> None:
    root = ET.fromstring(svg.chart([Result(contender("c"), "failed", "x" * 1000)], WHERE, 3))
    assert rows(root) == []
    assert max(map(len, texts(root))) < 150, "a long message is cut"


def test_moments_end_with_the_median_of_the_whole() -> None:
    bare, fast, *_ = example()
    for result in (bare, fast):
        ends = svg.moments(result)
        assert list(ends.values()) == sorted(ends.values())
        assert ends["exit"] == pytest.approx(report.medians(result)["whole"])
    assert svg.moments(fast)["import"] == pytest.approx(0.0095)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (4e-8, "0.00 ms"),
        (0.000042, "0.04 ms"),
        (0.0132, "13.2 ms"),
        (0.09994, "99.9 ms"),
        (0.09996, "100 ms"),
        (0.1366, "137 ms"),
        (0.99949, "999 ms"),
        (0.9999, "1 s"),
        (1.934, "1.93 s"),
        (123.4, "123 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert svg.duration(seconds) == text


# The progress bar


class Terminal(io.StringIO):
    """Claims to be a terminal; its size cannot be asked for, so that it counts as 80 columns wide."""

    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_over_itself_and_wiped() -> None:
    screen = Terminal()
    with Progress("measuring", 4, screen, settled=2) as progress:
        for done in range(4):
            progress.show(done, f"step {done}")
    written = screen.getvalue()
    assert "\n" not in written
    shown = [line.rstrip() for line in written.split("\r") if line.strip()]
    assert shown[0] == "measuring [" + "." * 40 + "]   0%  step 0"
    assert shown[1] == "measuring [" + "#" * 10 + "." * 30 + "]  25%  step 1"
    assert shown[2] == "measuring [" + "#" * 20 + "." * 20 + "]  50%  0:00 left  step 2"
    assert written.endswith("\r" + " " * 79 + "\r")
    assert max(map(len, written.split("\r"))) == 79


def test_progress_is_silent_without_a_terminal() -> None:
    stream = io.StringIO()
    with Progress("measuring", 2, stream) as progress:
        progress.show(1, "step")
    measure([contender("c")], 1, stream)
    assert stream.getvalue() == ""


def test_progress_is_wiped_when_the_work_is_interrupted() -> None:
    screen = Terminal()
    with pytest.raises(KeyboardInterrupt), Progress("measuring", 2, screen) as progress:
        progress.show(1, "step")
        raise KeyboardInterrupt
    assert screen.getvalue().endswith(" \r")


@pytest.mark.parametrize("width", range(4, 130, 3))
@pytest.mark.parametrize("left", [None, 75.0])
def test_the_bar_fits_the_terminal(width: int, left: float | None) -> None:
    line = bar("measuring", 30, 100, "Numba @njit(parallel=True)", left, width)
    assert len(line) <= width
    assert line.startswith("measuring"[:width])
    if width > 90:
        assert line.endswith(
            "]  30%  1:15 left  Numba @njit(parallel=True)" if left else "]  30%  Numba @njit(parallel=True)"
        )
