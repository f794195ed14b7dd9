"""The thread pool without Python: ``pool_stress.c``, also under ThreadSanitizer; what the extension is linked with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from needs import NATIVE, requires_compiler, requires_readelf, requires_source
from test_operators import run_python

from aotops import _native

SOURCES = [Path(__file__).with_name("pool_stress.c"), NATIVE / "pool.c"]


def compiler() -> str:
    return next(name for name in ("cc", "gcc", "clang") if shutil.which(name))


def stress(folder: Path, seconds: float, *flags: str, **environment: str) -> None:
    program = folder / "pool_stress"
    command = [compiler(), "-std=c11", "-O2", "-g", "-pthread", "-Wall", "-Wextra", "-Wshadow", f"-I{NATIVE}", *flags]
    built = subprocess.run([*command, *SOURCES, "-o", program], capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    variables = os.environ | environment
    done = subprocess.run([program, str(seconds)], capture_output=True, text=True, check=False, env=variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def has_thread_sanitizer(folder: Path) -> bool:
    source, program = folder / "empty.c", folder / "empty"
    source.write_text("int main(void) { return 0; }")
    built = subprocess.run([compiler(), "-fsanitize=thread", source, "-o", program], capture_output=True, check=False)
    return built.returncode == 0 and subprocess.run([program], capture_output=True, check=False).returncode == 0


@requires_source
@requires_compiler
def test_every_part_is_computed_once(tmp_path: Path) -> None:
    stress(tmp_path, 1.5)


def under_thread_sanitizer(folder: Path, seconds: float) -> None:
    if not has_thread_sanitizer(folder):
        pytest.skip("this compiler has no ThreadSanitizer that works on this machine")
    # by default it ends a child of a fork that starts threads
    stress(folder, seconds, "-fsanitize=thread", TSAN_OPTIONS="die_after_fork=0 halt_on_error=1")


@requires_source
@requires_compiler
def test_threads_do_not_race(tmp_path: Path) -> None:
    under_thread_sanitizer(tmp_path, 1.5)


@pytest.mark.slow
@requires_source
@requires_compiler
def test_threads_do_not_race_for_long(tmp_path: Path) -> None:
    under_thread_sanitizer(tmp_path, 60)


@requires_readelf
def test_the_extension_needs_the_c_library_alone() -> None:
    listed = subprocess.run(["readelf", "--dynamic", _native.__file__], capture_output=True, text=True, check=True)
    needed = {line.split("[")[1].split(".so")[0] for line in listed.stdout.splitlines() if "(NEEDED)" in line}
    assert "libc" in needed
    assert needed <= {"libc", "libm", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"}


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not list a process's libraries")
def test_no_openmp_is_loaded() -> None:
    script = (
        "import aotops as ao; ao._native.share_from(1); ao.set_num_threads(3); ao.exp(ao.ones(100_000)); "
        "print(sum('omp' in line.rpartition('/')[2].lower() for line in open('/proc/self/maps')))"
    )
    assert run_python(script).stdout.split() == ["0"]
