"""``save`` and ``load``: the same as NumPy writes and reads, and a ``ValueError`` for whatever is damaged."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, LAYOUTS, assert_same
from leaks import assert_no_leak

import aotops as ao
from aotops.interop import files


def saved(x: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    ao.save(stream, x, **options)
    return stream.getvalue()


def loaded(contents: bytes, **options: Any) -> Any:
    return ao.load(io.BytesIO(contents), **options)


def npy(header: str | bytes, data: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """A file with a header made by hand."""
    text = header.encode() if isinstance(header, str) else header
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text) if length is None else length)
    return files.NPY + bytes(version) + size + text + data


def header(descr: Any = "<f8", transposed: Any = False, shape: Any = (2,)) -> str:
    return f"{{'descr': {descr!r}, 'fortran_order': {transposed!r}, 'shape': {shape!r}, }}\n"


# --- what is written and read ---------------------------------------------------------------------------------------


def test_numpy_reads_what_is_written_and_back() -> None:
    for layout in LAYOUTS.values():
        for dtype in DTYPES:
            t, array = layout.pair(dtype, 5, "special")
            stream = io.BytesIO(saved(t))
            got = np.load(stream, allow_pickle=False)
            assert_same(ao.asarray(got), array, layout.name)
            assert stream.read() == b"" and (stream.tell() - got.nbytes) % files.ALIGNMENT == 0
            assert got.flags.f_contiguous or t.is_contiguous() or not t.T.is_contiguous()
            stream = io.BytesIO()
            np.save(stream, array)
            stream.seek(0)
            again = ao.load(stream)
            assert_same(again, array, layout.name)
            assert not again.readonly


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions_and_byte_orders(version: tuple[int, int], order: str) -> None:
    for dtype in DTYPES:
        array = np.arange(-3, 9).reshape(3, 4).astype(dtype)
        for shown in (array, np.asfortranarray(array), array[:0]):
            stream = io.BytesIO()
            np.lib.format.write_array(stream, shown.astype(array.dtype.newbyteorder(order)), version)
            for contents in (io.BytesIO(stream.getvalue()), Pipe(stream.getvalue())):
                t = ao.load(contents)
                assert_same(t, shown)
                assert not t.readonly


class Pipe:
    """A stream that cannot tell its length, and gives less than it is asked for."""

    def __init__(self, contents: bytes) -> None:
        self.stream = io.BytesIO(contents)

    def read(self, count: int) -> bytes:
        return self.stream.read(min(count, 7))


def test_streams_of_all_kinds(tmp_path: Path) -> None:
    t = ao.reshape(ao.arange(300.0), (3, 100))
    both = {"a": t, "b": ao.tensor(True)}
    for x in (t, both):
        contents = saved(x)
        with gzip.open(tmp_path / "x.gz", "wb") as packed:
            ao.save(packed, x)
        with open(tmp_path / "raw", "wb", buffering=0) as raw:
            ao.save(raw, x)
        assert (tmp_path / "raw").read_bytes() == contents
        with open(tmp_path / "raw", "rb", buffering=0) as raw, gzip.open(tmp_path / "x.gz") as packed:
            for stream in (raw, packed, Pipe(contents)):
                got = ao.load(stream)
                got = got if isinstance(x, dict) else {"a": got}
                assert got["a"].tolist() == t.tolist()


def test_several_in_one_stream() -> None:
    stream = io.BytesIO()
    for k in range(3):
        ao.save(stream, ao.arange(k + 1))
    stream.seek(0)
    assert [ao.load(stream).tolist() for _ in range(3)] == [[0], [0, 1], [0, 1, 2]]
    with pytest.raises(ValueError, match=r"load: file must be a .npy or .npz file, got one that is empty"):
        ao.load(stream)


@pytest.mark.parametrize("compress", [False, True])
def test_archives(compress: bool, tmp_path: Path) -> None:
    named = {"a": np.arange(6.0).reshape(2, 3).T, "b/c d": np.array(True), "": np.zeros(0), "ü": np.zeros(100_000)}
    path = tmp_path / "x.npz"
    ao.save(path, named, compress=compress)
    with np.load(path) as got:
        assert {name: got[name].tolist() for name in named} == {name: x.tolist() for name, x in named.items()}
    (np.savez_compressed if compress else np.savez)(path, **{name: x for name, x in named.items() if name})
    again = ao.load(str(path))
    assert list(again) == [name for name in named if name]
    for name, t in again.items():
        assert_same(t, named[name], name)
    assert saved(named, compress=compress) == saved(named, compress=compress)
    assert ao.load(io.BytesIO(saved({}))) == {}


def test_what_is_saved_may_be_any_operand(tmp_path: Path) -> None:
    ao.save(tmp_path / "x", [[1, 2], [3, 4]])
    assert ao.load(tmp_path / "x").tolist() == [[1, 2], [3, 4]]
    ao.save(os.fsencode(tmp_path / "x"), np.float64(3))
    assert ao.load(os.fsencode(tmp_path / "x")).item() == 3.0


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_mapped_memory(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    for array in (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.zeros((0, 3))):
        np.save(path, array)
        t = ao.load(path, mmap_mode=mode)
        assert_same(t, array)
        assert t.readonly == (mode == "r" and array.size > 0)
        if mode != "r" and array.size:
            t[0, 1] = 50
            assert np.load(path)[0, 1] == (50 if mode == "r+" else array[0, 1])
    before = path.read_bytes()
    np.save(path, np.zeros(3, ">f8"))
    with pytest.raises(ValueError, match="load: mmap_mode must be None for numbers in another byte order, got"):
        ao.load(path, mmap_mode=mode)
    path.write_bytes(npy(header(shape=(1,)), bytes(8)))
    with pytest.raises(ValueError, match="load: file must have its elements at a multiple of 8 bytes for mmap_mode"):
        ao.load(path, mmap_mode=mode)
    path = tmp_path / "x.npz"
    ao.save(path, {"a": array})
    with pytest.raises(ValueError, match=r"load: mmap_mode must be None for a .npz file"):
        ao.load(path, mmap_mode=mode)
    with pytest.raises(TypeError, match="load: file must be a path where mmap_mode is given, got BytesIO"):
        ao.load(io.BytesIO(before), mmap_mode=mode)


# --- writing: all or nothing ----------------------------------------------------------------------------------------


def test_an_error_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.npy"
    ao.save(path, ao.ones(3))
    path.chmod(0o640)

    def fail(stream: Any, x: Any) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_tensor", fail)
        for name in ("x.npy", "new.npy"):
            with pytest.raises(OSError, match="No space left"):
                ao.save(tmp_path / name, ao.zeros(3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npy"]
    assert ao.load(path).tolist() == [1.0] * 3
    with pytest.raises(TypeError):
        ao.save(path, {"a": ao.ones(2), "b": object()})
    ao.save(path, ao.zeros(3))
    assert ao.load(path).tolist() == [0.0] * 3
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links and devices of POSIX")
def test_links_and_devices(tmp_path: Path) -> None:
    path, link = tmp_path / "x.npy", tmp_path / "link.npy"
    ao.save(path, ao.ones(3))
    link.symlink_to(path)
    ao.save(link, ao.zeros(3))
    assert link.is_symlink() and ao.load(path).tolist() == [0.0] * 3
    ao.save(os.devnull, ao.ones(3))
    os.mkfifo(tmp_path / "pipe")
    results: list[Any] = []
    reader = threading.Thread(target=lambda: results.append(ao.load(tmp_path / "pipe")))
    reader.start()
    ao.save(tmp_path / "pipe", ao.arange(50_000))
    reader.join()
    assert results[0][-1].item() == 49_999


def test_threads_may_write_one_path(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    tensors = [ao.full(1000, float(k)) for k in range(4)]
    threads = [threading.Thread(target=lambda t=t: [ao.save(path, {"t": t}) for _ in range(10)]) for t in tensors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ao.load(path)["t"].tolist() in [t.tolist() for t in tensors]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npz"]


# --- wrong calls ----------------------------------------------------------------------------------------------------


def test_wrong_calls(tmp_path: Path) -> None:
    t = ao.ones(2)
    for call, error, message in (
        (
            lambda: ao.save(3.5, t),
            TypeError,
            "save: file must be a path or a binary file with a write method, got float",
        ),
        (
            lambda: ao.load(None),
            TypeError,
            "load: file must be a path or a binary file with a read method, got NoneType",
        ),
        (lambda: ao.save(tmp_path / "a.npz", t), ValueError, "save: x must be a dict of tensors for a .npz file"),
        (
            lambda: ao.save(tmp_path / "a.npy", {"a": t}),
            ValueError,
            "save: x must be a tensor for a .npy file, got a dict",
        ),
        (lambda: ao.save(tmp_path / "a", {1: t}), TypeError, "save: x must have strings for keys, got int 1"),
        (lambda: ao.save(tmp_path / "a", {"\0": t}), ValueError, "save: x must have keys that UTF-8 can write"),
        (lambda: ao.save(tmp_path / "a", {"\ud800": t}), ValueError, "save: x must have keys that UTF-8 can write"),
        (lambda: ao.save(tmp_path / "a", {"a": "b"}), TypeError, r"save: x\['a'\] must be|save: expected|^save"),
        (lambda: ao.save(tmp_path / "a", t, compress=True), ValueError, "save: compress must be False for a .npy file"),
        (
            lambda: ao.load(tmp_path / "a", mmap_mode="w+"),
            ValueError,
            "load: mmap_mode must be 'r', .*, 'c' or None",
        ),
        (lambda: ao.load(tmp_path / "a", max_bytes=-1), ValueError, "load: max_bytes must be an int from 0 on or None"),
        (lambda: ao.load(io.StringIO("abc")), TypeError, "load: file must be open in binary mode, got .* str"),
        (lambda: ao.load(tmp_path / "missing"), FileNotFoundError, "missing"),
        (lambda: ao.save(tmp_path / "no" / "folder", t), FileNotFoundError, "folder"),
    ):
        with pytest.raises(error, match=message):
            call()
    assert list(tmp_path.iterdir()) == []


# --- damaged files --------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "be a .npy or .npz file, got one that is empty; pickled arrays are never loaded"),
    "a pickle": (b"\x80\x04K\x01.", r"be a .npy or .npz file, got one that begins with b'\\x80"),
    "the start alone": (files.NPY, "hold a version of 2 bytes, got 0 bytes"),
    "no length": (files.NPY + b"\x01\x00\x05", "hold the length of a header of 2 bytes, got 1"),
    "no header": (files.NPY + b"\x01\x00\x05\x00{}", "hold a header of 5 bytes, got 2 bytes"),
    "version 4": (
        npy(header(), bytes(16), (4, 0)),
        "be of version 1.0, 2.0 or 3.0 of the format .npy, got version 4.0",
    ),
    "version 1.1": (npy(header(), bytes(16), (1, 1)), "be of version 1.0, 2.0 or 3.0"),
    "a long header": (npy(" " * 20_000 + header(), bytes(16)), "have a header of at most 10000 bytes, got"),
    "a very long header": (
        npy(header(), b"", (2, 0), 2**32 - 1),
        "have a header of at most 10000 bytes, got 4294967295",
    ),
    "code": (npy("__import__('os').abort()"), "have a header that is a Python dict of literals"),
    "a space that is none of Python's": (
        npy(b"\xa0" + header().encode(), bytes(16)),
        "have a header that is a Python dict of literals",
    ),
    "deep nesting": (npy("(" * 9000), "have a header that is a Python dict of literals"),
    "deep nesting that ends": (npy("[" * 4900 + "]" * 4900), "have a header that"),
    "deep arithmetic": (npy("1" + "+1" * 4900), "have a header that"),
    "many digits": (npy(header(shape=(7,)).replace("7", "7" * 9000)), "have a header that|have a tuple"),
    "a null byte": (
        npy("{'descr': '<f8\0', 'fortran_order': False, 'shape': (2,)}"),
        "have a header that|hold numbers",
    ),
    "no UTF-8": (npy(b"\xff\xff", b"", (3, 0)), "have a header that is a Python dict of literals"),
    "a list": (npy("[1, 2]"), "have a header with the keys descr, fortran_order, shape"),
    "a key too few": (npy("{'descr': '<f8', 'shape': (2,)}"), "have a header with the keys"),
    "a key too many": (npy(header().replace("}", "'more': 1}")), "have a header with the keys"),
    "keys that are no strings": (npy("{1: 2, (3,): 4, None: 5}"), "have a header with the keys"),
    "objects": (npy(header("|O")), "hold numbers, got Python objects, which are pickled; pickled arrays are never"),
    "records": (
        npy(header([("a", "<f8")])),
        r"hold numbers of dtype .*, got \[\('a', '<f8'\)\]; convert them with NumPy",
    ),
    "strings": (npy(header("<U3")), "hold numbers of dtype bool, .*, got '<U3'"),
    "dates": (npy(header("<M8[ns]")), "hold numbers of dtype"),
    "halves": (npy(header("<f2"), bytes(4)), "hold numbers of dtype .*, got '<f2'; convert them with NumPy first"),
    "another size": (npy(header("<f80"), bytes(160)), "hold numbers of dtype"),
    "no size": (npy(header("<f"), bytes(16)), "hold numbers of dtype"),
    "no dtype": (npy(header(""), bytes(16)), "hold numbers of dtype"),
    "a dtype that is no string": (npy(header(8), bytes(16)), "hold numbers of dtype"),
    "no byte order": (npy(header("|f8"), bytes(16)), "say the byte order of its numbers, got '|f8'"),
    "an order that is none": (
        npy(header(transposed=1), bytes(16)),
        "have fortran_order True or False in its header, got 1",
    ),
    "a negative length": (npy(header(shape=(-1,)), bytes(16)), r"have a tuple of ints from 0 to 2\*\*63 - 1 as shape"),
    "a float for a length": (npy(header(shape=(2.0,)), bytes(16)), "have a tuple of ints"),
    "a bool for a length": (npy(header(shape=(True,)), bytes(16)), "have a tuple of ints"),
    "a list for a shape": (npy(header(shape=[2]), bytes(16)), "have a tuple of ints"),
    "an int for a shape": (npy(header(shape=2), bytes(16)), "have a tuple of ints"),
    "a length beyond int64": (npy(header(shape=(2**64,)), bytes(16)), "have a tuple of ints"),
    "an overflow": (
        npy(header(shape=(2**62, 2**62)), bytes(16)),
        r"hold a tensor of at most 2\*\*63 - 1 bytes, got shape",
    ),
    "an overflow to 0": (npy(header(shape=(2**32, 2**32)), bytes(16)), "hold a tensor of at most"),
    "an overflow beside 0": (npy(header(shape=(0, 2**62, 2**62)), bytes(16)), "hold a tensor of at most"),
    "33 dimensions": (npy(header(shape=(1,) * 33), bytes(8)), "hold a tensor of at most 32 dimensions, got 33"),
    "too little": (npy(header(shape=(3,)), bytes(23)), "hold 24 bytes for a tensor.*, got 23 that are left"),
    "far too little": (npy(header(shape=(2**50,)), bytes(16)), "hold .* bytes for a tensor"),
    "far too little, swapped": (npy(header(">f8", shape=(2**50,)), bytes(16)), "hold .* bytes for a tensor"),
    "far too little, column-major": (npy(header("<f8", True, (2**25, 2**25)), bytes(16)), "hold .* bytes for a tensor"),
    "half an archive": (saved({"a": ao.ones(3)})[:-30], "be a whole .npz file, got BadZipFile|be a whole .npz file"),
    "an archive's start": (b"PK\x03\x04", "be a whole .npz file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    contents, message = WRONG[name]
    path = tmp_path / "x"
    path.write_bytes(contents)
    sources: list[Any] = [path, io.BytesIO(contents), Pipe(contents)]
    tracemalloc.start()
    try:
        for source in sources:
            with pytest.raises(ValueError, match=rf"^load: file must ({message})"):
                ao.load(source)
        for mode in ("r", "r+", "c"):
            with pytest.raises(ValueError, match=r"^load: "):
                ao.load(path, mmap_mode=mode)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert path.read_bytes() == contents


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        for name, contents in members.items():
            target.writestr(name, contents)
    return stream.getvalue()


def test_damaged_archives() -> None:
    whole = saved({"a": ao.arange(50.0)})
    for contents, message in (
        (archive({"a.txt": b"hello"}), r"hold members with different names that end in .npy, got 'a\.txt'"),
        (archive({"a.npy": b"hello"}), r"hold members in the format \.npy, got 'a\.npy' beginning with b'hello'"),
        (archive({"a.npy": npy(header(shape=(3,)), bytes(23))}), "hold 24 bytes for a tensor"),
        (archive({"a.npy": npy(header("|O"), b"cos\nsystem\n(S'ls'\ntR.")}), "hold numbers, got Python objects"),
        (whole.replace(struct.pack("<d", 7.0), struct.pack("<d", 8.0)), "be a whole .npz file, got .*: Bad CRC-32"),
        (whole[:40] + b"\0" * 40 + whole[80:], "be a whole|hold members"),
        (whole[:-22], "be a whole .npz file"),
        (whole[: len(whole) // 2] + whole[-100:], "be a whole"),
    ):
        with pytest.raises(ValueError, match=rf"^load: file must ({message})"):
            loaded(contents)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("a.npy", saved(ao.ones(2)))
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("a.npy", saved(ao.zeros(2)))
    with pytest.raises(ValueError, match=r"hold members with different names that end in \.npy"):
        loaded(stream.getvalue())


def test_bombs() -> None:
    """A few bytes that say that they hold more than memory does."""
    usual = files.USUAL_BYTES
    zeros = npy(header(shape=(2**20,)), bytes(2**23))
    bomb = bytearray(archive({"a.npy": zeros}, zipfile.ZIP_DEFLATED))
    assert loaded(bytes(bomb))["a"].size == 2**20, "zeros may be compressed well"
    with pytest.raises(ValueError, match="load: file must hold at most 1000 bytes, got 8388"):
        loaded(bytes(bomb), max_bytes=1000)
    directory = bomb.rfind(b"PK\x01\x02")
    bomb[directory + 24 : directory + 28] = struct.pack("<I", usual + 1)  # the size, if it is believed
    with pytest.raises(ValueError, match=r"load: file must hold at most \d+ bytes, got 1073741825 .*; give max_bytes="):
        loaded(bytes(bomb))
    bomb[directory + 24 : directory + 28] = struct.pack("<I", 100)  # less than the tensor takes
    with pytest.raises(ValueError, match=r"load: file must (hold 8388608 bytes for a tensor|be a whole)"):
        loaded(bytes(bomb))
    for contents in (saved(ao.ones(100)), saved({"a": ao.ones(50), "b": ao.ones(50)})):
        with pytest.raises(ValueError, match="load: file must hold at most 799 bytes"):
            loaded(contents, max_bytes=799)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    t = ao.arange(1000.0)
    path = tmp_path / "x.npy"
    damaged = npy(header(shape=(3,)), bytes(23))

    def run() -> None:
        loaded(saved(t))
        ao.load(Pipe(npy(header(shape=(3,)), bytes(24))))
        with pytest.raises(ValueError, match="24 bytes"):
            loaded(damaged)

    assert_no_leak(run, lambda: ao.memory.stats()["used"])
    ao.save(path, t)
    for _ in range(50):
        ao.load(path, mmap_mode="r")
    if sys.platform == "linux":
        with open("/proc/self/maps") as maps:
            assert str(path) not in maps.read()


def test_modules_are_imported_once_they_are_needed() -> None:
    script = """
import sys, aotops as ao
ao.save, ao.load, ao.ones(2)
assert not {"zipfile", "ast", "mmap", "zlib", "numpy"} & set(sys.modules)
import io
stream = io.BytesIO(); ao.save(stream, ao.ones(2)); stream.seek(0); ao.load(stream)
assert not {"zipfile", "mmap", "numpy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_long_tensors_are_written_in_pieces() -> None:
    """Compressing all of a tensor at once could not be interrupted."""
    sizes: list[int] = []

    class Stream(io.BytesIO):
        def write(self, contents: Any, /) -> int:
            sizes.append(memoryview(contents).nbytes)
            return super().write(contents)

    t = ao.arange(400_000)
    stream = Stream()
    ao.save(stream, t)
    assert max(sizes) <= 1 << 20 and len(sizes) == 5
    assert (loaded(stream.getvalue()) == t).all()
    sizes.clear()
    ao.save(stream := Stream(), {"a": t}, compress=True)
    assert max(sizes) <= 1 << 21
    assert (loaded(stream.getvalue())["a"] == t).all()


def test_a_text_file_to_write(tmp_path: Path) -> None:
    with (
        open(tmp_path / "x", "w") as file,
        pytest.raises(TypeError, match=r"save: file must be open in binary mode, got"),
    ):
        ao.save(file, ao.ones(2))


def test_errors_name_the_file_that_was_given(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "x.npy"
    for path in (target, str(target), os.fsencode(target)):
        with pytest.raises(FileNotFoundError) as error:
            ao.save(path, ao.zeros(2))
        assert os.fsencode(error.value.filename) == os.fsencode(target)
