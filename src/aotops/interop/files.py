"""Tensors in files, in NumPy's formats: ``.npy``, one tensor, and ``.npz``, a ZIP archive of several by name.

Files are read without trust: a header is a literal of bounded size, nothing is unpickled, and no memory is allocated
that the file is too short to fill. Whatever a file holds, the result is right or a ``ValueError``.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import advised
from aotops.dtypes import BY_NAME
from aotops.namespace.creation import read as as_tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from aotops._native import DType
    from aotops.tensors import Tensor

#: What the formats begin with; an archive without members is only an end.
NPY, ZIP, EMPTY_ZIP = b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06"

#: The longest header that is read, as in NumPy; one of 32 dimensions has less than a thousand bytes.
LONGEST_HEADER = 10_000

#: Data begin at multiples of this.
ALIGNMENT = 64

#: What a stream that cannot tell its length is read in.
CHUNK = 1 << 20

#: What is written at a time: 50 ms of compression.
LONGEST_WRITE = 1 << 20

#: An archive may hold this much, or this many times its own size, unless ``max_bytes`` says otherwise.
USUAL_BYTES, USUAL_RATIO = 1 << 30, 100


@advised
def save(file: Any, x: Any, *, compress: bool = False) -> None:
    """Write a tensor, or several by name, into a file in NumPy's formats, which ``aotops.load`` and NumPy read.

    A path is written under another name beside it, which then takes its place: a reader finds the old file or the new
    one, never a part, and an error leaves the old one as it was.

    Parameters:
        file: A path, or a binary file open for writing.
        x: A tensor or anything that ``aotops.asarray`` takes, for a ``.npy`` file; a dict of names and tensors for a
            ``.npz`` file.
        compress: Compress the tensors of a ``.npz`` file.

    Raises:
        TypeError: ``file`` or ``x`` is none of those above, or a name is not a string.
        ValueError: The path ends in ``.npy`` and ``x`` is a dict, or in ``.npz`` and it is none; ``compress`` is given
            for a ``.npy`` file.
        OSError: The file cannot be written.

    Example:
        >>> import aotops as ao, io
        >>> file = io.BytesIO()
        >>> ao.save(file, ao.arange(3))
        >>> file.seek(0)
        0
        >>> position = file.seek(0)
        >>> ao.load(file)
        tensor([0, 1, 2])
    """
    import os

    several = isinstance(x, dict)
    given = {member_name(name): (f"x[{name!r}]", value) for name, value in x.items()} if several else {"": ("x", x)}
    named = {member: as_tensor("save", argument, value, None) for member, (argument, value) in given.items()}
    if compress and not several:
        errors.reject(ValueError, "save", "compress", "be False for a .npy file", compress, "save a dict as .npz")

    def write(stream: Any) -> None:
        if several:
            write_archive(stream, named, bool(compress))
        else:
            write_tensor(stream, named[""])

    if hasattr(file, "write"):
        write(Forward(file))
        return
    path = as_path("save", file, "write")
    ending = os.path.splitext(path)[1]
    if ending in (".npy", b".npy") and several:
        errors.reject(ValueError, "save", "x", "be a tensor for a .npy file", "a dict", "write it as .npz")
    if ending in (".npz", b".npz") and not several:
        advice = "write {'name': x}, or a .npy file"
        errors.reject(ValueError, "save", "x", "be a dict of tensors for a .npz file", errors.type_name(x), advice)
    replace(path, write)


@advised
def load(file: Any, *, mmap_mode: str | None = None, max_bytes: int | None = None) -> Any:
    """Read a ``.npy`` or ``.npz`` file, as ``aotops.save`` and NumPy write them.

    Nothing in the file is executed: arrays of Python objects, which NumPy pickles, are rejected.

    Parameters:
        file: A path, or a binary file open for reading. A ``.npy`` is read from where the file stands.
        mmap_mode: How to map the memory of a ``.npy`` file instead of reading it: ``"r"`` makes a read-only tensor,
            ``"r+"`` one that writes into the file, ``"c"`` one whose changes stay in memory.
        max_bytes: The most bytes that the tensors may take. By default those of a ``.npz`` file may take 1 GiB or 100
            times the size of the file, whatever is more, and a ``.npy`` any number.

    Returns:
        A tensor, or for a ``.npz`` file a dict of names and tensors. Arrays in column-major order keep their order.

    Raises:
        TypeError: ``file`` is no path and no binary file.
        ValueError: The file is damaged, too short, holds something else than arrays of numbers of aotops' dtypes, or
            more than ``max_bytes``; ``mmap_mode`` is none of those above, or given for another file than a ``.npy``
            under a path in the machine's byte order.
        OSError: The file cannot be read.

    Example:
        >>> import aotops as ao, io
        >>> file = io.BytesIO()
        >>> ao.save(file, {"a": ao.ones(2), "b": ao.tensor(5)})
        >>> position = file.seek(0)
        >>> ao.load(file)
        {'a': tensor([1., 1.]), 'b': tensor(5)}
    """
    if mmap_mode not in (None, "r", "r+", "c"):
        errors.wrong_value("load", "mmap_mode", "'r', 'r+', 'c' or None", mmap_mode)
    if max_bytes is not None and (not isinstance(max_bytes, int) or max_bytes < 0):
        errors.wrong_value("load", "max_bytes", "an int from 0 on or None", max_bytes)
    if hasattr(file, "read"):
        if mmap_mode is not None:
            errors.reject(TypeError, "load", "file", "be a path where mmap_mode is given", errors.type_name(file))
        return read(file, None, max_bytes)
    path = as_path("load", file, "read")
    with open(path, "rb" if mmap_mode != "r+" else "r+b") as stream:
        return read(stream, mmap_mode, max_bytes)


def as_path(function: str, file: Any, method: str) -> Any:
    """A path as ``os`` takes it."""
    import os

    try:
        return os.fspath(file)
    except TypeError:
        wanted = f"be a path or a binary file with a {method} method"
        errors.reject(TypeError, function, "file", wanted, errors.type_name(file))


def reject(wanted: str, got: object, advice: str = "") -> NoReturn:
    """Raise ``ValueError`` for a file."""
    errors.reject(ValueError, "load", "file", wanted, got, advice)


# --- writing ------------------------------------------------------------------------------------------------------


class Forward:
    """A stream that is only written, forwards: not all that say that they can go back can, such as ``gzip``'s."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, contents: Any) -> int:
        """Write all bytes, which a raw stream may take in parts; returns how many they are."""
        left = contents
        while left:
            try:
                count = self.stream.write(left)
            except TypeError as error:  # as text files say, of a str
                wanted = "be open in binary mode"
                got = f"{type(self.stream).__name__} whose write says: {error}"
                errors.reject(TypeError, "save", "file", wanted, got)
            if not isinstance(count, int) or count >= len(left):
                break  # all; not every object with ``write`` says how much
            left = left[count:]
        return len(contents)

    def flush(self) -> None:
        """Do what the stream does."""
        if hasattr(self.stream, "flush"):
            self.stream.flush()


def write_tensor(stream: Any, x: Tensor) -> None:
    """Write a tensor in the format ``.npy``, version 1.0."""
    transposed = not x.is_contiguous() and x.T.is_contiguous()  # in column-major order
    stored = (x.T if transposed else x).contiguous()
    text = f"{{'descr': '{description(x.dtype)}', 'fortran_order': {transposed}, 'shape': {x.shape}, }}"
    padding = -(len(NPY) + 4 + len(text) + 1) % ALIGNMENT
    header = text.encode("ascii") + b" " * padding + b"\n"
    stream.write(NPY + b"\x01\x00" + len(header).to_bytes(2, "little") + header)
    if stored.size:
        contents = bytes_of(stored)
        for start in range(0, len(contents), LONGEST_WRITE):  # compressing all at once could not be interrupted
            stream.write(contents[start : start + LONGEST_WRITE])


def bytes_of(x: Tensor) -> memoryview:
    """The memory of a contiguous tensor as bytes; ``memoryview.cast`` takes no complex numbers."""
    size = x.size * x.dtype.itemsize
    return memoryview(_native.from_bytes(x, 0, BY_NAME["uint8"], (size,), "load", "file"))


def description(dtype: DType) -> str:
    """What NumPy's format calls a dtype: byte order, kind and size."""
    import sys

    from aotops.abi import FACTS

    order = "|" if dtype.itemsize == 1 else "<" if sys.byteorder == "little" else ">"
    return f"{order}{LETTERS[FACTS[dtype.name].kind]}{dtype.itemsize}"


#: NumPy's letters for the kinds of numbers.
LETTERS = {"bool": "b", "signed": "i", "unsigned": "u", "real": "f", "complex": "c"}


def member_name(name: Any) -> str:
    """The name of a tensor's member in an archive."""
    if not isinstance(name, str):
        errors.reject(TypeError, "save", "x", "have strings for keys", errors.type_name(name))
    try:
        name.encode("utf-8")
        allowed = "\0" not in name
    except UnicodeEncodeError:
        allowed = False
    if not allowed:
        errors.reject(ValueError, "save", "x", "have keys that UTF-8 can write, without '\\0'", errors.shown(name))
    return f"{name}.npy"


def write_archive(stream: Any, named: dict[str, Tensor], compress: bool) -> None:
    """Write tensors in the format ``.npz``; equal ones make equal files, whenever they are written."""
    import zipfile

    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, x in named.items():
            info = zipfile.ZipInfo(name)  # of 1980, the first year that the format knows
            info.compress_type = method
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                write_tensor(member, x)


def replace(path: Any, write: Any) -> None:
    """Write a file beside the one of a path, and put it in its place; a device or a pipe is written itself."""
    import os

    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "wb") as stream:
            write(stream)
        return
    part, stream = new_file_beside(target)
    try:
        with stream:
            write(stream)
        if os.path.exists(target):
            os.chmod(part, os.stat(target).st_mode & 0o7777)
        os.replace(part, target)
    except BaseException:
        os.unlink(part)
        raise


def new_file_beside(target: Any) -> tuple[Any, Any]:
    """A new file in the folder of a path, and its name."""
    import os

    number = 0
    while True:
        part = target + os.fsencode(f".{number}.part") if isinstance(target, bytes) else f"{target}.{number}.part"
        try:
            return part, open(part, "xb")
        except FileExistsError:  # of another thread or process, or one that was killed
            number += 1
        except OSError as error:
            errors.cannot_open(error, target)  # nobody knows of the other name


# --- reading ------------------------------------------------------------------------------------------------------


def read(stream: Any, mmap_mode: str | None, max_bytes: int | None) -> Any:
    """Read what a stream holds, by how it begins."""
    start = read_some(stream, len(NPY))
    if start == NPY:
        return read_tensor(stream, remaining(stream), mmap_mode, max_bytes)
    if start[:4] not in (ZIP, EMPTY_ZIP):
        kind = "is empty" if not start else f"begins with {start!r}"
        reject("be a .npy or .npz file", f"one that {kind}", "pickled arrays are never loaded")
    if mmap_mode is not None:
        errors.reject(ValueError, "load", "mmap_mode", "be None for a .npz file", errors.shown(mmap_mode))
    return read_archive(stream, start, max_bytes)


def read_some(stream: Any, count: int) -> bytes:
    """Read so many bytes, or what is left of a stream."""
    found = b""
    while len(found) < count:
        more = stream.read(count - len(found))
        if not isinstance(more, (bytes, bytearray, memoryview)):
            wanted = "be open in binary mode"
            errors.reject(TypeError, "load", "file", wanted, f"one that gives {errors.type_name(more)}")
        if not more:
            break
        found += more
    return found


def remaining(stream: Any) -> int | None:
    """How many bytes there are from where a stream stands; None if it cannot tell."""
    try:
        place = stream.tell()
        end = stream.seek(0, 2)
        stream.seek(place)
    except (AttributeError, OSError, ValueError):  # a pipe, a socket
        return None
    return end - place if isinstance(end, int) and isinstance(place, int) else None


def read_tensor(stream: Any, left: int | None, mmap_mode: str | None = None, max_bytes: int | None = None) -> Tensor:
    """Read a tensor, after the first bytes of its format, from a stream with so many bytes left."""
    head = read_exactly(stream, 2, "a version")
    if tuple(head) not in ((1, 0), (2, 0), (3, 0)):
        reject("be of version 1.0, 2.0 or 3.0 of the format .npy", f"version {head[0]}.{head[1]}")
    prefix = 2 if head[0] == 1 else 4
    length = int.from_bytes(read_exactly(stream, prefix, "the length of a header"), "little")
    if length > LONGEST_HEADER:
        reject(f"have a header of at most {LONGEST_HEADER} bytes", length)
    text = read_exactly(stream, length, "a header")
    dtype, order, transposed, shape = read_header(text, "utf-8" if head[0] == 3 else "latin-1")
    nbytes = dtype.itemsize
    for axis in shape:
        nbytes *= axis
    if max_bytes is not None and nbytes > max_bytes:
        reject(f"hold at most {max_bytes} bytes", f"a tensor of {nbytes}", "give a larger max_bytes")
    if left is not None:
        left -= len(head) + prefix + length
        if nbytes > left:
            reject(f"hold {nbytes} bytes for a tensor of shape {errors.shown(shape)}", f"{left} that are left")
    stored = shape[::-1] if transposed else shape
    swapped = dtype.itemsize > 1 and order != native_order()
    if mmap_mode is not None:
        if swapped:
            advice = "load it without mmap_mode"
            errors.reject(
                ValueError, "load", "mmap_mode", "be None for numbers in another byte order", mmap_mode, advice
            )
        result = mapped(stream, mmap_mode, dtype, stored, nbytes)
    elif swapped:
        result = read_swapped(stream, left, dtype, stored, nbytes)
    elif left is None:
        result = on_bytes(read_chunks(stream, nbytes), 0, dtype, stored)
    else:
        result = _native.empty(stored, dtype, "load")
        if nbytes:
            fill(stream, bytes_of(result))
    return result.T if transposed else result


def read_exactly(stream: Any, count: int, what: str) -> bytes:
    """Read so many bytes; ``ValueError`` if there are less."""
    found = read_some(stream, count)
    if len(found) < count:
        reject(f"hold {what} of {count} bytes", f"{len(found)} bytes that are left")
    return found


def read_header(text: bytes, encoding: str) -> tuple[DType, str, bool, tuple[int, ...]]:
    """The dtype, the byte order, whether the order is column-major, and the shape, of a header."""
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in strings
            found = ast.literal_eval(text.decode(encoding))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # of what is deeply nested, the last two
        reject("have a header that is a Python dict of literals", errors.shown(text))
    keys = {"descr", "fortran_order", "shape"}
    if not isinstance(found, dict) or found.keys() != keys:
        reject(f"have a header with the keys {', '.join(sorted(keys))}", errors.shown(found))
    descr, transposed, shape = found["descr"], found["fortran_order"], found["shape"]
    if type(transposed) is not bool:
        reject("have fortran_order True or False in its header", errors.shown(transposed))
    if type(shape) is not tuple or not all(type(length) is int and 0 <= length < 2**63 for length in shape):
        reject("have a tuple of ints from 0 to 2**63 - 1 as shape in its header", errors.shown(shape))
    if len(shape) > _native.max_rank:
        reject(f"hold a tensor of at most {_native.max_rank} dimensions", len(shape))
    dtype = described(descr)
    space = dtype.itemsize
    for length in shape:
        space *= max(length, 1)
    if space >= 2**63:
        reject("hold a tensor of at most 2**63 - 1 bytes", f"shape {errors.shown(shape)} of dtype {dtype.name}")
    return dtype, descr[0], transposed, shape


def described(descr: Any) -> DType:
    """The dtype that a header names; ``ValueError`` for one that aotops lacks."""
    from aotops.abi import DTYPES

    if type(descr) is str and descr[1:2] == "O":
        reject("hold numbers", "Python objects, which are pickled", "pickled arrays are never loaded")
    names = {f"{LETTERS[fact.kind]}{fact.itemsize}": code for code, fact in enumerate(DTYPES)}
    if type(descr) is not str or descr[:1] not in ("<", ">", "|", "=") or descr[1:] not in names:
        wanted = f"hold numbers of dtype {', '.join([dtype.name for dtype in _native.dtypes])}"
        reject(wanted, errors.shown(descr), "convert them with NumPy first")
    dtype = _native.dtypes[names[descr[1:]]]
    if descr[0] == "|" and dtype.itemsize > 1:
        reject("say the byte order of its numbers", errors.shown(descr))
    return dtype


def native_order() -> str:
    """The machine's byte order, as headers have it."""
    import sys

    return "<" if sys.byteorder == "little" else ">"


def on_bytes(contents: Any, offset: int, dtype: DType, shape: tuple[int, ...]) -> Tensor:
    """A tensor on bytes that have been read or mapped."""
    return _native.from_bytes(contents, offset, dtype, shape, "load", "file")


def fill(stream: Any, view: memoryview) -> None:
    """Read a stream into memory until that is full."""
    place = 0
    readinto = getattr(stream, "readinto", None)
    while place < len(view):
        if readinto is not None:
            count = readinto(view[place : place + (CHUNK << 6)])
        else:
            more = read_some(stream, min(CHUNK, len(view) - place))
            count = len(more)
            view[place : place + count] = more
        if not count:
            reject(f"hold {len(view)} bytes for a tensor", f"{place} that are left")
        place += count


def read_chunks(stream: Any, count: int) -> bytearray:
    """Read so many bytes of a stream of unknown length, allocating no more than it has."""
    found = bytearray()
    while len(found) < count:
        more = read_some(stream, min(CHUNK, count - len(found)))
        if not more:
            reject(f"hold {count} bytes for a tensor", f"{len(found)} that are left")
        found += more
    return found


def read_swapped(stream: Any, left: int | None, dtype: DType, shape: tuple[int, ...], nbytes: int) -> Tensor:
    """Read a tensor in the other byte order."""
    from array import array

    contents = read_chunks(stream, nbytes)
    words = array({2: "H", 4: "I", 8: "Q"}[dtype.itemsize // (2 if dtype.kind == "complex" else 1)])
    words.frombytes(contents)
    words.byteswap()
    return on_bytes(words, 0, dtype, shape)


def mapped(stream: Any, mode: str, dtype: DType, shape: tuple[int, ...], nbytes: int) -> Tensor:
    """A tensor on the memory of a file, from where its stream stands."""
    import mmap

    offset = stream.tell()
    if offset % dtype.itemsize:
        got = f"byte {offset}"
        reject(f"have its elements at a multiple of {dtype.itemsize} bytes for mmap_mode", got, "load it without")
    if nbytes == 0:
        return _native.empty(shape, dtype, "load")  # there is nothing to map
    access = {"r": mmap.ACCESS_READ, "r+": mmap.ACCESS_WRITE, "c": mmap.ACCESS_COPY}[mode]
    return on_bytes(mmap.mmap(stream.fileno(), offset + nbytes, access=access), offset, dtype, shape)


def read_archive(stream: Any, start: bytes, max_bytes: int | None) -> dict[str, Tensor]:
    """Read the tensors of an archive, after its first bytes."""
    import io

    if remaining(stream) is None:
        contents = bytearray(start)
        while more := read_some(stream, CHUNK):
            contents += more
        stream = io.BytesIO(contents)
    size = stream.seek(0, 2)
    stream.seek(0)
    usual = max_bytes is None
    most = max(USUAL_BYTES, USUAL_RATIO * size) if max_bytes is None else max_bytes
    try:
        return read_members(stream, most, usual)
    except ValueError as error:
        if str(error).startswith("load: "):
            raise
        damaged = error
    except OSError as error:
        import errno

        if error.errno not in (None, errno.EINVAL):  # a place that a damaged archive names does not exist
            raise
        damaged = ValueError(error)
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # the modules zipfile, zlib and struct have many
        damaged = ValueError(error)
    reject("be a whole .npz file", f"{type(damaged.args[0] if damaged.args else damaged).__name__}: {damaged}")


def read_members(stream: Any, most: int, usual: bool) -> dict[str, Tensor]:
    """The members of an archive, which together take at most so many bytes."""
    import zipfile

    result: dict[str, Tensor] = {}
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        total = sum([info.file_size for info in members])
        if total > most:
            got = f"{total} bytes in {len(members)} members"
            reject(f"hold at most {most} bytes", got, "give max_bytes= if they are meant" if usual else "")
        for info in members:
            name = info.filename.removesuffix(".npy")
            if name == info.filename or name in result:
                reject("hold members with different names that end in .npy", errors.shown(info.filename))
            with archive.open(info) as member:
                start = read_some(member, len(NPY))
                if start != NPY:
                    reject("hold members in the format .npy", f"{errors.shown(info.filename)} beginning with {start!r}")
                result[name] = read_tensor(member, info.file_size - len(NPY))
                while member.read(CHUNK):  # to the end, where its checksum is compared
                    pass
    return result
