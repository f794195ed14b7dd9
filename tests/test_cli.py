"""The command line: arguments, exit statuses, files, Ctrl-C, and one run as a user would start it."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import aotops.cli
from aotops.cli import cold_start, main
from aotops.cli.contenders import CONTENDERS, Contender

COLD_START = ["bench", "cold-start"]
BARE = Contender("bare", "bare Python", "made up")
ABSENT = Contender(
    "absent", "Absent", "made up", requires=("no_such_module_here",), imports="import no_such_module_here"
)
BROKEN = Contender("broken", "Broken", "made up", imports="raise ImportError('no kernels in here')")


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail if anything is measured."""

    def measure(*_: object) -> None:
        pytest.fail("measured although the arguments are wrong")

    monkeypatch.setattr(cold_start, "measure", measure)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["bench"], "the following arguments are required: COMMAND"),
        (["brew"], "invalid choice: 'brew'"),
        ([*COLD_START, "--runs", "0"], "argument --runs: expected an integer of at least 1, got '0'"),
        ([*COLD_START, "--runs", "-3"], "argument --runs: expected an integer of at least 1, got '-3'"),
        ([*COLD_START, "--runs", "2.5"], "argument --runs: expected an integer of at least 1, got '2.5'"),
        ([*COLD_START, "--only", "bare,nunpy"], "argument --only: no contender is called 'nunpy'; there are bare,"),
        ([*COLD_START, "--only", ""], "argument --only: no contender is called ''"),
        ([*COLD_START, "--plot", "chart.png"], "argument --plot: the chart is an SVG file"),
        ([*COLD_START, "--speed", "9"], "unrecognized arguments: --speed 9"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_an_unknown_contender_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*COLD_START, "--only", "nunpy"])
    assert ", ".join(contender.name for contender in CONTENDERS) in capsys.readouterr().err


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("option", ["--json", "--plot"])
@pytest.mark.parametrize("place", ["no such folder/file.svg", "folder.svg"])
def test_a_file_that_cannot_be_written_is_told_first(
    option: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.svg").mkdir()
    path = str(tmp_path / place)
    with pytest.raises(SystemExit) as stop:
        main([*COLD_START, option, path])
    assert stop.value.code == 2
    assert f"argument {option}: cannot write {path!r}: " in capsys.readouterr().err


@pytest.mark.usefixtures("unmeasured")
def test_asking_whether_a_file_can_be_written_changes_nothing(tmp_path: Path) -> None:
    new, old = tmp_path / "new.json", tmp_path / "old.svg"
    old.write_text("precious")
    with pytest.raises(SystemExit):
        main([*COLD_START, "--json", str(new), "--plot", str(old), "--runs", "0"])
    assert not new.exists()
    assert old.read_text() == "precious"


def test_only_keeps_the_usual_order_and_the_yardstick() -> None:
    def chosen(text: str) -> list[str]:
        arguments = aotops.cli.build_parser().parse_args([*COLD_START, "--only", text])
        return [contender.name for contender in arguments.only]

    assert chosen("torch, numpy,numpy") == ["bare", "numpy", "torch"]
    assert chosen("bare") == ["bare"]


def test_absent_contenders_are_no_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cold_start, "CONTENDERS", (BARE, ABSENT))
    assert main([*COLD_START, "--runs", "1"]) == 0
    assert "  Absent       not installed\n" in capsys.readouterr().out


def test_failed_contenders_are_listed_and_set_the_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cold_start, "CONTENDERS", (BARE, BROKEN))
    out = tmp_path / "out.json"
    assert main([*COLD_START, "--runs", "1", "--json", str(out)]) == 1
    assert "  Broken       failed: ImportError: no kernels in here\n" in capsys.readouterr().out
    assert json.loads(out.read_text())["contenders"][1]["reason"] == "ImportError: no kernels in here"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that can be opened and not written")
def test_a_full_disk_is_told_after_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cold_start, "CONTENDERS", (BARE,))
    assert main([*COLD_START, "--runs", "1", "--json", "/dev/full"]) == 1
    out, err = capsys.readouterr()
    assert "bare Python" in out
    assert err == "aotops: cannot write '/dev/full': No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_ends_early_is_no_error() -> None:
    """As with `aotops kernels | head`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        command = [sys.executable, "-m", "aotops", "explain", "add", "4", "4"]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"aotops {aotops.__version__}\n"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words, command in aotops.cli.COMMANDS.items():
        with pytest.raises(SystemExit) as stop:
            main([*words, "--help"])
        assert stop.value.code == 0
        assert (command.__doc__ or "?").splitlines()[0] in capsys.readouterr().out


def test_the_command_line_does_not_import_the_tensor_library() -> None:
    """So that it can report an installation that does not load; what builds operators may, once it runs."""
    for path in Path(aotops.cli.__path__[0]).glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body if path.name in ("build.py", "kernels.py", "port.py") else ast.walk(tree):
            imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in imported:
                # the package itself is loaded before any module in it
                known = module == "aotops" or module.startswith("aotops.cli")
                assert known or module.split(".")[0] in sys.stdlib_module_names, path.name


SLEEPER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from aotops.cli import cold_start, main
from aotops.cli.contenders import Contender
text = "import time; open({marker!r}, 'w').close(); time.sleep(120)"
cold_start.CONTENDERS = (Contender("bare", "bare Python", "made up", imports=text),)
sys.exit(main(["bench", "cold-start"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Only the benchmark gets the signal here, so it is the benchmark that has to end its child."""
    temporary, marker = tmp_path / "temporary", tmp_path / "started"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER.format(marker=str(marker))],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not marker.exists():
            assert process.poll() is None and time.monotonic() < deadline, "the sleeper did not start"
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (130, "", "aotops: interrupted\n")
        assert list(temporary.iterdir()) == []
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_a_run_as_a_user_starts_it(tmp_path: Path) -> None:
    samples, chart = tmp_path / "samples.json", tmp_path / "chart.svg"
    command = [sys.executable, "-m", "aotops", *COLD_START, "--runs", "1", "--only", "bare,aotops"]
    done = subprocess.run(
        [*command, "--json", str(samples), "--plot", str(chart)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("Cold start: medians of 1 run, each in a new process\n")
    entries = json.loads(samples.read_text())["contenders"]
    assert [(entry["name"], entry["status"], len(entry["samples"])) for entry in entries] == [
        ("bare", "measured", 1),
        ("aotops", "measured", 1),
    ]
    assert tuple(entries[1]["samples"][0]) == (
        "whole", "start-up", "import", "prepare", "first", "second", "exit", "peak_memory",
    )  # fmt: skip
    words = {element.text for element in ET.parse(chart).iter()}
    assert {"bare Python", "aotops"} <= words
    assert {path.name for path in tmp_path.iterdir()} == {"samples.json", "chart.svg"}
