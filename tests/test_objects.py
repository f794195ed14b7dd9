"""Kernels by content: what is compiled and shipped once, the libraries that hold it, and the report on its size."""

from __future__ import annotations

import itertools
import os
import shutil
import struct
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import requires_compiler, requires_numba

from aotops.aot.back.gains import gains, use, vector_bits
from aotops.aot.pack import objects
from aotops.aot.pack.archive import archive, write_archive
from aotops.cli import main
from aotops.errors import BuildError
from aotops.ops.conversion import movement, same_code
from aotops.ops.record import ALL

STANDARD = ("bool", *[f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)])
STANDARD += ("float32", "float64", "complex64", "complex128")

requires_gcc = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None or shutil.which("nm") is None,
    reason="links with GNU's tools",
)

# --- conversions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), list(itertools.product(STANDARD, repeat=2)))
def test_conversions_that_share_code_do_the_same_to_every_bit(source: str, target: str) -> None:
    data = np.random.default_rng(0).integers(0, 256, 16 * 64, dtype="u1")
    if source == "bool":
        data %= 2
    values = data.view(source)
    from_, to = movement(source, target)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of complex numbers' other halves
        if source.startswith(("float", "complex")) and "int" in target and target != "uint64":
            values = values.real.astype(
                "int64"
            )  # of floats that a narrow dtype does not hold, NumPy's depend on the CPU
            from_ = "int64"
        assert values.view(from_).astype(to).tobytes() == values.astype(target).tobytes()


def test_conversions_are_fewer_than_pairs_and_those_compiled_are_of_dtypes_that_exist() -> None:
    assert len({movement(*pair) for pair in itertools.product(STANDARD, repeat=2)}) == 104
    compiled = {same_code(*pair) for pair in itertools.product(ALL, repeat=2)}
    assert all(dtype in ALL for pair in compiled for dtype in pair)
    assert same_code("float64", "float64") == same_code("int64", "int64")
    assert len(compiled) < len(ALL) ** 2


# --- levels that gain nothing --------------------------------------------------------------------------------------

SSE = "\tmovupd\t(%rdi), %xmm0\n\taddpd\t(%rsi), %xmm0\n\tmovupd\t%xmm0, (%rdx)\n\txorps\t%xmm1, %xmm1\n\tretq\n"


def test_another_encoding_of_the_same_instructions_gains_nothing() -> None:
    vex = (
        SSE.replace("\tmov", "\tvmov").replace("\taddpd\t(%rsi)", "\tvaddpd\t(%rsi), %xmm0").replace("xorps", "vpxord")
    )
    assert use(vex) == use(SSE)
    assert not gains(use(vex), use(SSE))
    assert not gains(use(vex + "\tvzeroupper\n\tshlxq\t%rax, %rbx, %rcx\n"), use(SSE)), "of integers it is no matter"


@pytest.mark.parametrize(
    "better",
    [
        SSE.replace("xmm", "ymm"),
        SSE + "\tvcvtqq2pd\t%xmm0, %xmm0\n",
        SSE + "\tvcmpltpd\t%xmm0, %xmm1, %k1\n",
        SSE.replace("\txorps\t%xmm1, %xmm1\n", ""),
    ],
    ids=["wider", "a new instruction", "a mask", "shorter"],
)
def test_wider_vectors_new_instructions_and_shorter_code_are_gains(better: str) -> None:
    assert gains(use(better), use(SSE))
    assert not gains(use(SSE), use(SSE))


def test_the_widest_vector_of_a_module_is_found() -> None:
    text = "  %a = load <8 x double>, ptr %p\n  %b = load <64 x i1>, ptr %q\n  %c = load <4 x ptr>, ptr %r\n"
    assert vector_bits(text) == 512
    assert vector_bits("  %a = load double, ptr %p\n") == 0


# --- the cache -----------------------------------------------------------------------------------------------------


def test_equal_objects_are_kept_once_under_a_name_of_their_content(tmp_path: Path) -> None:
    data = b"code \0" + objects.PLACEHOLDER.encode() + b"\0 of a kernel"
    objects.store(tmp_path, "one", [data, data, data + b"!"], 0.5)
    objects.store(tmp_path, "two", [data + b"!", data, data], 0.25)
    one, two = objects.find(tmp_path, "one", 3), objects.find(tmp_path, "two", 3)
    assert one is not None and two is not None
    assert one.objects[0] == one.objects[1] == two.objects[1] and one.objects[2] == two.objects[0] != one.objects[0]
    assert len(list(tmp_path.glob("*.o"))) == 2
    for digest, name in zip(one.objects, one.names, strict=True):
        content = objects.path_of(tmp_path, digest).read_bytes()
        assert content.count(name.encode()) == 1 and len(name) == len(objects.PLACEHOLDER)
        assert objects.PLACEHOLDER.encode() not in content


def test_a_level_that_a_kernel_is_not_compiled_for_has_a_null_pointer(tmp_path: Path) -> None:
    objects.store(tmp_path, "one", [None, b"a", None], 0.5)
    one = objects.find(tmp_path, "one", 3)
    assert one is not None and one.objects[1] is not None
    assert one.objects[::2] == (None, None) and one.names == ("0", objects.symbol_of(one.objects[1]), "0")
    objects.path_of(tmp_path, one.objects[1]).unlink()
    assert objects.find(tmp_path, "one", 3) is None


@requires_numba
def test_routines_are_compiled_for_the_levels_and_dtypes_that_have_no_other_one() -> None:
    from aotops.aot.back.levels import GENERIC_LEVELS, X86_64_LEVELS, levels
    from aotops.aot.pack.routines import routine_kernels, symbol_of
    from aotops.loops.routines import MULTIPLIED, OF_LEVELS, ROUTINES, at_level, compiled_dtype, runs

    for level in X86_64_LEVELS + GENERIC_LEVELS:
        for family, others in OF_LEVELS.items():
            assert [name for name in (family, *set(others.values())) if runs(name, level.name)] == [
                at_level(family, level.name)
            ]
        assert runs("gather", level.name)
    compiled = {kernel.symbol: kernel for kernel in routine_kernels()}
    for name, (_, dtypes, _) in ROUTINES.items():
        for dtype in dtypes:
            kernel = compiled[symbol_of(name, dtype)]
            assert kernel.levels == tuple([each for each in levels() if runs(name, each.name)])
            assert kernel.dtype == compiled_dtype(name, dtype)
    assert {compiled_dtype("matmul", dtype) for dtype in MULTIPLIED} == {"int32", "int64", "float32", "float64"}
    assert compiled_dtype("search", "uint32") == "uint32", "which are ordered in another way than signed integers"


def test_what_is_not_whole_is_not_found(tmp_path: Path) -> None:
    objects.store(tmp_path, "one", [b"a", b"b"], 0.5)
    assert objects.find(tmp_path, "one", 2) is not None
    assert objects.find(tmp_path, "one", 3) is None, "of another number of levels"
    assert objects.find(tmp_path, "other", 2) is None
    for wrong in (b"", b"{", b"[]", b"{}", b'{"objects": 3, "seconds": 0}', b"\xff"):
        (tmp_path / "one.json").write_bytes(wrong)
        assert objects.find(tmp_path, "one", 2) is None, wrong
    objects.store(tmp_path, "one", [b"a", b"b"], 0.5)
    next(tmp_path.glob("*.o")).unlink()
    assert objects.find(tmp_path, "one", 2) is None


@requires_numba
def test_kernels_of_equal_code_share_objects_and_levels_that_gain_nothing_too(tmp_path: Path) -> None:
    from aotops import ops
    from aotops.aot.back.levels import levels
    from aotops.aot.pack import build, report
    from aotops.aot.pack.kernels import all_kernels

    wanted = ("add float64", "sum combine float64", "convert int64 to int64", "convert float64 to float64")
    kernels = [kernel for kernel in all_kernels(ops.collect().values()) if kernel.title in wanted]
    compiled = build.compile_kernels(kernels, tmp_path)
    names = {kernel.title: compiled.names[kernel.symbol] for kernel in kernels}
    assert names["convert int64 to int64"] == names["convert float64 to float64"]
    if len(levels()) == 3:
        assert len(set(names["add float64"])) == 2, "addition gains nothing on x86-64-v4"
        assert names["add float64"][0] == names["sum combine float64"][0]
    rows, missing = report.rows(kernels, tmp_path)
    assert not missing and [row.kernel for row in rows] == kernels
    assert sum(row.size for row in rows) == sum(map(report.code_size, compiled.objects.values()))
    assert all(row.seconds > 0 for row in rows[:1]) and rows[-1].kernel.title in wanted
    lines = report.table(rows) + report.sums(rows)
    assert sum(line.startswith(kernel.title) for kernel in kernels for line in lines) >= len(kernels)
    assert report.rows(kernels, tmp_path / "elsewhere")[1] == kernels


@requires_numba
@requires_compiler
def test_the_command_reports_a_module_once_it_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = tmp_path / "reported_ops.py"
    module.write_text("import aotops as ao\n\n\n@ao.map(dtypes='float64')\ndef twice(x):\n    return x * 2\n")
    assert main(["kernels", str(module)]) == 1
    assert "1 kernels are not in" in capsys.readouterr().err
    assert main(["build", str(module)]) == 0
    capsys.readouterr()
    assert main(["kernels", str(module)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("twice float64 ") and float(lines[1].split()[-1]) > 0
    assert main(["kernels", "--sums", str(module)]) == 0
    assert capsys.readouterr().out.splitlines() == lines[3:]
    assert main(["kernels", "--files", str(module)]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert Path(line.partition(": ")[2]).is_file()


# --- libraries -----------------------------------------------------------------------------------------------------

NAMES = ("beta", "alpha", "a_name_that_is_longer_than_sixteen_characters", "gamma")


def members(data: bytes) -> list[tuple[str, int, bytes]]:
    """The names, places and contents of a library's members, by the format's description."""
    assert data[:8] == b"!<arch>\n"
    found, place = [], 8
    while place < len(data):
        header = data[place : place + 60]
        assert header[58:] == b"`\n"
        size = int(header[48:58])
        found.append((header[:16].decode().rstrip(), place, data[place + 60 : place + 60 + size]))
        place += 60 + size + size % 2
    return found


@pytest.mark.parametrize("kind", ["gnu", "coff"])
def test_a_library_s_index_leads_to_the_members(kind: str) -> None:
    contents = {name: name.encode() * (k + 1) for k, name in enumerate(NAMES)}
    found = members(archive(contents, kind))
    places = {place: content for _, place, content in found}
    first = found[0][2]
    (count,) = struct.unpack_from(">I", first)
    offsets = struct.unpack_from(f">{count}I", first, 4)
    names = first[4 + 4 * count :].decode().rstrip("\0").split("\0")
    assert {name: places[offset] for name, offset in zip(names, offsets, strict=True)} == contents
    if kind == "coff":
        name, _, second = found[1]
        assert name == "/"
        (count,) = struct.unpack_from("<I", second)
        offsets = struct.unpack_from(f"<{count}I", second, 4)
        (symbols,) = struct.unpack_from("<I", second, 4 + 4 * count)
        numbers = struct.unpack_from(f"<{symbols}H", second, 8 + 4 * count)
        names = second[8 + 4 * count + 2 * symbols :].decode().rstrip("\0").split("\0")
        assert names == sorted(names), "Microsoft's linker looks for names by halves"
        found_by_name = {n: places[offsets[k - 1]] for n, k in zip(names, numbers, strict=True)}
        assert found_by_name == contents


def test_apple_s_index_leads_to_the_members_too() -> None:
    contents = {name: name.encode() * (k + 1) for k, name in enumerate(sorted(NAMES))}
    data = archive(contents, "bsd")
    found = members(data)
    assert all(name == "#1/20" and place % 8 == 0 for name, place, _ in found)
    assert found[0][2][:20].rstrip(b"\0") == b"__.SYMDEF SORTED"
    index = found[0][2][20:]
    (size,) = struct.unpack_from("<I", index)
    pairs = list(struct.iter_unpack("<II", index[4 : 4 + size]))
    strings = index[8 + size :]
    for (start, place), (name, content) in zip(pairs, contents.items(), strict=True):
        assert strings[start:].partition(b"\0")[0].decode() == f"_{name}"
        body = data[place + 80 : place + 60 + int(data[place + 48 : place + 58])]
        assert (place + 80) % 8 == 0 and body.rstrip(b"\0") == content


def test_a_library_holds_its_members_in_their_order(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.o").write_bytes(name.encode())
    for order in (NAMES, NAMES[::-1]):
        write_archive(tmp_path / "library.a", {name: tmp_path / f"{name}.o" for name in order}, "gnu")
        found = members((tmp_path / "library.a").read_bytes())
        assert [content.decode() for _, _, content in found[1:]] == list(order)


@requires_numba
def test_objects_of_a_level_are_together_by_their_sizes_whatever_the_order_of_kernels(tmp_path: Path) -> None:
    from aotops.aot.pack.build import Compiled

    sizes = {"sum": (30, 20), "exp": (10, 25), "copy": (20, 20), "shared": (15, 10)}
    made = {}
    for name, each in sizes.items():
        contents = [name.encode().ljust(size, b"!") for size in each]
        if name == "shared":
            contents[1] = b"exp".ljust(10, b"!")  # the first level of another kernel
        objects.store(tmp_path, name, contents, 0.5)
        kernel = objects.find(tmp_path, name, 2)
        assert kernel is not None
        made[name] = kernel
    libraries = []
    for order in (made, dict(reversed(made.items()))):
        found = Compiled(order, tmp_path, 0).objects
        contents = [path.read_bytes() for path in found.values()]
        assert [len(each) for each in contents] == [10, 15, 20, 30, 20, 25], (
            "shared objects stand with their first level"
        )
        assert [each.rstrip(b"!") for each in contents[:4]] == [b"exp", b"shared", b"copy", b"sum"]
        libraries.append(list(found.items()))
    assert libraries[0] == libraries[1]


@requires_gcc
def test_the_linker_takes_what_it_needs_out_of_a_library(tmp_path: Path) -> None:
    def run(*command: Any) -> str:
        done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    files: dict[str, Path] = {}
    for k, name in enumerate(NAMES):
        source = tmp_path / f"{name}.c"
        source.write_text(f"int {name}(void) {{ return {k} * 10 + 1; }}\n")
        files[name] = source.with_suffix(".o")
        run("gcc", "-c", "-o", files[name], source)
    library = tmp_path / "libkernels.a"
    write_archive(library, files, "gnu")
    main = tmp_path / "main.c"
    main.write_text("int gamma(void), alpha(void);\nint main(void) { return gamma() + alpha(); }\n")
    run("gcc", "-o", tmp_path / "main", main, library)
    assert subprocess.run([str(tmp_path / "main")], check=False).returncode == 31 + 11
    linked = run("nm", tmp_path / "main")
    assert " gamma" in linked and " beta" not in linked


# --- the C compiler ------------------------------------------------------------------------------------------------


def command_for(*words: str) -> Any:
    """A ``build_ext`` command whose compiler is called by some words."""
    compiler = types.SimpleNamespace(compiler_type="unix", compiler=list(words), compiler_so=list(words))
    compiler.linker_so = [*words, "-bundle"]
    return types.SimpleNamespace(compiler=compiler)


UNIVERSAL = (sys.executable, "-O2", "-arch", "arm64", "-arch", "x86_64", "-g")


@requires_numba
@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
def test_universal_pythons_build_for_this_machine_in_place_and_no_wheels(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aotops.aot.pack import link

    monkeypatch.setattr(link.platform, "machine", lambda: machine)
    with pytest.raises(BuildError, match=rf"for this machine, {machine}, .*arm64 and x86_64.*'-arch {machine}'"):
        link.require_c_compiler(command_for(*UNIVERSAL))
    command = command_for(*UNIVERSAL)
    link.require_c_compiler(command, in_place=True)
    assert command.compiler.compiler_so == [sys.executable, "-O2", "-arch", machine, "-g"]
    assert command.compiler.linker_so == [*command.compiler.compiler_so, "-bundle"]
    link.require_c_compiler(command_for(sys.executable, "-arch", machine))
    link.require_c_compiler(command_for(sys.executable))
    with pytest.raises(BuildError, match="and the C compiler for ppc"):
        link.require_c_compiler(command_for(sys.executable, "-arch", "ppc"), in_place=True)


@requires_numba
def test_a_source_on_another_drive_is_named_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from aotops.aot.pack import link

    def relpath(path: Any) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")  # as ntpath has it

    assert Path(link.source_path(tmp_path / "table.c")) == Path(os.path.relpath(tmp_path / "table.c"))
    monkeypatch.setattr(link.os.path, "relpath", relpath)
    assert link.source_path(tmp_path / "table.c") == str(tmp_path / "table.c")
