"""No call crashes, corrupts memory or leaks, whatever it is given.

The fuzzers run in interpreters of their own, where a crash is a return code and not the end of all tests.
"""

import contextlib
import ctypes
import functools
import gc
import itertools
import math
import operator
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, LAYOUTS, assert_same
from test_errors import TABLES

import aotops as ao
from aotops import _native, ops
from aotops.abi import AXIS_KINDS

#: Derivatives: test_derivatives. Operators of positions: test_positions.
RECORDS = {name: record for name, record in ops.collect().items() if "." not in name and not record.positions}

#: Under AddressSanitizer memory is kept on purpose after it is given back, and Python's own count of blocks is off.
SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")


def run_alone(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that finds the tests' modules; a crash prints where Python was."""
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


def demand_survival(code: str) -> None:
    """Run code alone and demand that it ends well."""
    done = run_alone(code)
    assert done.returncode == 0, f"return code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"


def fuzz(function: str, seed: int, rounds: int) -> None:
    """Run a fuzzer of this module alone."""
    demand_survival(f"import test_robustness; test_robustness.{function}({seed}, {rounds})")


def with_seeds(quick: int, slow: int) -> Any:
    """Some seeds always, more among the slow tests."""
    return pytest.mark.parametrize(
        "seed", [*range(quick), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(quick, quick + slow))]
    )


def limit_memory() -> None:
    """Make huge allocations fail at once, where the system can; a sanitizer's own address space is beyond limits."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, resource.getrlimit(resource.RLIMIT_AS)[1]))


# --- junk ------------------------------------------------------------------------------------------------------


class Raising:
    """Whatever is asked of it, it raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def _raise(self, *_: object) -> Any:
        raise RuntimeError("no")

    __index__ = __bool__ = __int__ = __float__ = __len__ = __iter__ = __eq__ = __getitem__ = __radd__ = _raise
    __hash__ = None  # type: ignore[assignment]


class Lying:
    """Whatever is asked of it, it gives something of the wrong kind."""

    shape = strides = dtype = "wrong"
    name = "float64"
    ndim = size = -1

    def __index__(self) -> Any:
        return "one"

    def __len__(self) -> int:
        return 2**62

    def __iter__(self) -> Iterator[Any]:
        return iter([self, self])

    def __getitem__(self, key: Any) -> Any:
        return self


class Number(int):
    """An int that runs other people's code when it is converted."""

    def __index__(self) -> int:
        JUNK_TENSORS.clear()
        return 1

    def __bool__(self) -> bool:
        JUNK_TENSORS.clear()
        return True

    def __float__(self) -> float:
        JUNK_TENSORS.clear()
        return 1.0


class RaisingNumber(float):
    """A float that cannot be converted."""

    def __float__(self) -> float:
        raise RuntimeError("no float")

    def __bool__(self) -> bool:
        raise RuntimeError("no bool")


class OddList(list):  # type: ignore[type-arg]
    """A list that is longer than it says and changes while it is read."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Any]:
        yield 1
        self.clear()
        yield 2.5
        yield [3]


class Subclass(ao.Tensor):
    """A subclass that instances can be turned into."""

    __slots__ = ()


def as_subclass(t: ao.Tensor) -> ao.Tensor:
    """The same tensor as an instance of a subclass."""
    t.__class__ = Subclass
    return t


def cyclic() -> list[Any]:
    """A list that contains itself."""
    data: list[Any] = [1]
    data.append(data)
    return data


def released() -> memoryview:
    """A memoryview without memory."""
    view = memoryview(bytearray(8))
    view.release()
    return view


#: Tensors that only this list keeps, and that ``Number`` frees in the middle of calls.
JUNK_TENSORS: list[ao.Tensor] = []

#: Integers of every size, but none that would allocate and fill gigabytes.
INTEGERS = (0, 1, -1, 2, 3, -3, 7, 31, 32, 33, 64, 2**59, -(2**59), 2**62, 2**63 - 1, -(2**63), 2**63, 2**64, 10**30)


def junk(generator: random.Random, depth: int = 0) -> Any:
    """Anything."""
    kind = generator.randrange(24 if depth < 3 else 12)
    if kind < 3:
        return generator.choice(INTEGERS)
    if kind < 5:
        return generator.choice([0.0, -0.0, 0.5, 1e300, -1e-300, math.nan, math.inf, -math.inf, 3.0, True, False])
    if kind < 8:
        return junk_tensor(generator)
    if kind == 8:
        return generator.choice(
            [None, None, Ellipsis, NotImplemented, "", "float32", "axis", "\ud800", b"", b"12345678", 1j]
        )
    if kind == 9:
        return generator.choice(
            [*_native.dtypes, *DTYPES, bool, int, float, complex, object, np.int32, np.dtype(">f8")]
        )
    if kind == 10:
        makers: list[Callable[[], Any]] = [Raising, Lying, object, lambda: Number(5), lambda: RaisingNumber(2.5)]
        makers += [released, cyclic, lambda: OddList([1, 2, 3]), lambda: (x for x in [1, 2]), lambda: RaisingNumber]
        return generator.choice(makers)()
    if kind == 11:
        return slice(*(generator.choice([None, 1, -1, 0, 2**64, 3, -2]) for _ in range(3)))
    if kind < 15:
        return tuple(generator.choice([0, 1, 2, 3, -1, 5, 0, 1]) for _ in range(generator.randrange(5)))
    if kind < 18:
        return tuple(junk(generator, depth + 1) for _ in range(generator.randrange(4)))
    if kind < 21:
        return [junk(generator, depth + 1) for _ in range(generator.randrange(4))]
    if kind == 21:
        return np.zeros(
            generator.choice([(), (3,), (2, 0), (2, 3)]), generator.choice(["f8", "i8", "f4", "?", "i4", "O"])
        )
    if kind == 22:
        return generator.choice([*_native.operators.values(), ao.Tensor, ao.zeros, len, ao])
    return {"a": junk(generator, depth + 1)}


def junk_tensor(generator: random.Random) -> ao.Tensor:
    """A tensor of any layout."""
    layout = generator.choice(list(LAYOUTS.values()))
    t, _ = layout.pair(generator.choice(DTYPES), generator.randrange(100), generator.choice(["plain", "special"]))
    if generator.random() < 0.1:
        t = as_subclass(t)
    if generator.random() < 0.3:
        JUNK_TENSORS.append(t)
        return JUNK_TENSORS[-1][...]
    return t


def use(value: Any) -> None:
    """Read all that a call has given."""
    if isinstance(value, ao.Tensor):
        assert math.prod(value.shape) == value.size and len(value.strides) == value.ndim
        assert memoryview(value).nbytes == value.size * value.dtype.itemsize
        if value.size < 10_000:
            value.contiguous().tolist()
        if value.size < 50:
            repr(value)


def attempt(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
    """Call, and let it raise what it may; an internal error it may not."""
    try:
        use(call(*arguments, **keywords))
    except SystemError as error:
        raise AssertionError(f"{call} {arguments} {keywords}") from error
    except Exception:
        pass


# --- the fuzzers -------------------------------------------------------------------------------------------------

KEYWORDS = ("out", "axis", "keepdims", "dtype", "copy", "shape", "x", "x1", "stop", "step", "data", "no\0name")

#: Methods that end or change more than the call: they are no part of the interface under test.
EXCLUDED = {"__class__", "__init_subclass__", "__subclasshook__", "__setattr__", "__delattr__", "__dict__"}


def fuzz_public_calls(seed: int, rounds: int) -> None:
    """Every public function and method with random arguments."""
    limit_memory()
    generator = random.Random(seed)
    functions = [getattr(ao, name) for name in ao.__all__ if callable(getattr(ao, name))]
    functions += [_native.empty, _native.full, _native.from_buffer, _native.cpu_level]
    names = [name for name in dir(ao.Tensor) if name not in EXCLUDED]
    for _ in range(rounds):
        arguments = [junk(generator) for _ in range(generator.choice([0, 1, 1, 2, 2, 2, 3, 4]))]
        keywords = {generator.choice(KEYWORDS): junk(generator) for _ in range(generator.choice([0, 0, 1, 1, 2]))}
        if generator.random() < 0.5:
            attempt(generator.choice(functions), *arguments, **keywords)
        else:
            t = junk_tensor(generator)
            try:
                method = getattr(t, generator.choice(names))
            except Exception:
                continue
            if callable(method):
                attempt(method, *arguments, **keywords)
    assert ao.add(ao.tensor([1, 2]), 1).tolist() == [2, 3]


SPECIAL_FUNCTIONS = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.iadd, operator.isub, operator.imul),
    *(operator.itruediv, operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge),
    *(operator.getitem, operator.contains, divmod, operator.matmul, operator.pow),
)


def fuzz_operators(seed: int, rounds: int) -> None:
    """Operators and special methods, mostly with tensors that fit, so that calls get far."""
    limit_memory()
    generator = random.Random(seed)
    for _ in range(rounds):
        name = generator.choice(list(RECORDS))
        record = RECORDS[name]
        inputs = [
            junk_tensor(generator) if generator.random() < 0.85 else junk(generator) for _ in range(record.inputs)
        ]
        keywords: dict[str, Any] = {}
        if generator.random() < 0.4:
            keywords["out"] = generator.choice([inputs[0], inputs[-1], junk_tensor(generator), junk(generator)])
        if record.kind in AXIS_KINDS:
            if generator.random() < 0.7:
                keywords["axis"] = generator.choice(
                    [0, -1, (0, 1), (), (1, -1), 1, Number(0), [0, Number(1)], junk(generator)]
                )
            if generator.random() < 0.3:
                flag = "include_initial" if record.kind == "scan" else "keepdims"
                keywords[flag] = generator.choice([True, Number(1), Raising(), junk(generator)])
            if generator.random() < 0.2:
                keywords["dtype"] = generator.choice([*DTYPES, junk(generator)])
        elif generator.random() < 0.3:
            named = generator.randrange(record.inputs + 1)
            keywords.update(zip(record.parameters[named:], inputs[named:], strict=True))
            del inputs[named:]
        elif record.defaults and generator.random() < 0.5:
            inputs[1:] = generator.choice([[], [None], [None, *inputs[1:2]], [*inputs[1:2], None]])
        attempt(_native.operators[name], *inputs, **keywords)
        a, b = junk_tensor(generator), generator.choice([junk_tensor(generator), junk(generator), Number(2)])
        attempt(generator.choice(SPECIAL_FUNCTIONS), *generator.choice([(a, b), (b, a)]))
        with contextlib.suppress(Exception):
            a[junk(generator)] = b


def fuzz_descriptors(seed: int, rounds: int) -> None:
    """What the native types' attributes do with objects of other types."""
    generator = random.Random(seed)
    types = [ao.Tensor, *(kind for kind in vars(_native).values() if isinstance(kind, type))]
    instances = [ao.ones(2), ao.float64, ao.add, ao.sum, 5, None, "x", object(), ao.Tensor]
    for _ in range(rounds):
        owner = generator.choice(types)
        name = generator.choice([name for name in dir(owner) if name not in EXCLUDED])
        with contextlib.suppress(Exception):
            attribute = getattr(owner, name)
            arguments = [generator.choice(instances) for _ in range(generator.randrange(4))]
            attempt(attribute, *arguments)
            for method in ("__get__", "__set__", "__delete__", "__call__"):
                attempt(getattr(attribute, method), *arguments)
    for kind in types:
        attempt(kind)
        attempt(object.__new__, kind)
        attempt(lambda kind=kind: type("Another", (kind,), {})())
        attempt(lambda kind=kind: type("Another", (kind, Exception), {})())


def reach(shape: tuple[int, ...], strides: tuple[int, ...], start: int) -> tuple[int, int]:
    """The lowest and the highest element that a view reaches, in Python's unlimited ints."""
    steps = [(length - 1) * stride for length, stride in zip(shape, strides, strict=True)]
    return start + sum(min(0, step) for step in steps), start + sum(max(0, step) for step in steps)


def fuzz_as_strided(seed: int, rounds: int) -> None:
    """Views of any shape, strides and offset: inside of the storage, or an error."""
    generator = random.Random(seed)
    guard, inside = 64, 40
    small = [0, 0, 1, 1, 2, 3, 4, 5, 8, 13, 20, 39, 40, 41]
    huge = [2**31, 2**32, 2**58, 2**60, 2**61, 2**62, 2**63 - 1, 2**63, 2**64, 10**30]
    granted = rejected = 0
    for _ in range(rounds):
        dtype = generator.choice(DTYPES)
        memory = np.zeros(guard + inside + guard, dtype)
        if generator.random() < 0.5:
            base, within = ao.asarray(memory[guard : guard + inside]), memory[guard : guard + inside]
        else:
            base = ao.zeros(inside, dtype=dtype)
            within = np.asarray(base)
        start, shown = 0, base
        for _ in range(2):  # a view, and a view of the view
            ndim = generator.choice([0, 1, 1, 2, 2, 3, 5, 32, 33])
            lengths = [1, 1, 1, 2] if ndim > 5 else [*small, -1]
            numbers = generator.choice([lengths, lengths, [*lengths, *huge]])
            shape = tuple(generator.choice(numbers) for _ in range(ndim))
            steps = generator.choice([[0, 1, 2, 3, 5], small, [*small, *huge]])
            strides = tuple(generator.choice(steps) * generator.choice([1, -1]) for _ in range(ndim))
            offset = generator.choice([0, 0, *small, *huge]) * generator.choice([1, 1, -1])
            size = math.prod(shape)
            low, high = reach(shape, strides, start + offset)
            valid = min(shape, default=1) >= 0 and ndim <= 32 and (size == 0 or 0 <= low <= high < inside)
            try:
                view = shown._as_strided(shape, strides, offset)
            except (ValueError, OverflowError):
                rejected += 1
                representable = size < 2**59 and max(map(abs, (*strides, offset))) < 2**59
                assert not (valid and size and representable), (shape, strides, offset, "is inside")
                break
            granted += 1
            assert valid, (shape, strides, offset, start, "reaches outside")
            assert view.shape == shape and view.size == size
            steps = zip(shape, strides, view.strides, strict=True)
            assert all(given == taken for length, given, taken in steps if length > 1 and size)
            start, shown = start + offset, view
            assert memoryview(view).shape == shape
            with contextlib.suppress(ValueError, TypeError):  # elements that share memory, bools
                assert size > 10_000 or ao.multiply(view, 0, out=view) is view
            if 0 < size < 10_000:
                view[...] = 1
                assert np.count_nonzero(within) == len({*map(int, positions(shape, strides, start))})
                assert ao.sum(view, dtype="int64").item() == size
                view[...] = 0
            assert not memory.any(), "written outside of the storage"
    assert granted > rounds / 10 and rejected > rounds / 10


def positions(shape: tuple[int, ...], strides: tuple[int, ...], start: int) -> np.ndarray:
    """All elements that a view reaches."""
    found = np.array([start])
    for length, stride in zip(shape, strides, strict=True):
        if length > 1 and stride:
            found = (found[:, None] + np.arange(length) * stride).ravel()
    return found


class Pair(ctypes.Structure):
    """A record whose arrays are exported as no dtype."""

    _fields_ = (("a", ctypes.c_double), ("b", ctypes.c_int64))


def ctypes_exporters() -> list[Any]:
    """Exporters that give no strides even when they are asked for."""
    matrix = ((ctypes.c_double * 3) * 2)((1, 2, 3), (4, 5, 6))
    return [
        (ctypes.c_double * 3)(1, 2, 3),
        matrix,
        (ctypes.c_int64 * 2)(5, 6),
        (ctypes.c_float * 0)(),
        (ctypes.c_bool * 2)(True, False),
        (ctypes.c_int * 2)(),
        (ctypes.c_char * 3)(),
        (Pair * 2)(),
        ctypes.c_double(2.5),
        memoryview(matrix),
    ]


def exporters(generator: random.Random) -> Iterator[Any]:
    """Objects with the buffer protocol, in ways that few use."""
    raw = bytearray(generator.randbytes(240))
    for code in "?dqfbBhilILQNnPc":
        yield memoryview(raw).cast(code)
        with contextlib.suppress(TypeError):
            yield memoryview(raw).cast(code)[generator.randrange(20) :: generator.choice([1, 2, -1, -3])]
            yield memoryview(raw).cast(code, (2, 3, 5))
    array = np.frombuffer(raw, np.uint8)
    for _ in range(20):
        start, step = generator.randrange(16), generator.choice([1, 2, 3, 4, 7, 8, 9, 16])
        dtype = np.dtype(generator.choice(["f8", "i8", "f4", "?", ">f8", "i4", "f2", "O", "V3", "S2", "f8,i4"]))
        if dtype.hasobject:
            yield np.array([1, "a"], dtype)
            continue
        shape = generator.choice([(), (0,), (2,), (2, 3), (0, 2**40), (3, 1, 2), (1,) * 40])
        if len(shape) * step * 3 + start + dtype.itemsize > 240:
            continue
        yield np.ndarray(shape, dtype, raw, start, [step * generator.choice([0, 1])] * len(shape))
        yield np.ndarray(shape, dtype, raw, 120, [step * generator.choice([0, 1, -1])] * len(shape))
    yield from (array, array[::-1], raw, bytes(raw), released(), np.float32(2.5), np.zeros(3, "M8[s]"))
    with contextlib.suppress(ImportError):
        import _testbuffer as tb  # CPython's own exporter for tests of consumers

        for _ in range(20):
            shape = [generator.randrange(1, 4) for _ in range(generator.randrange(4))]
            strides = [8 * generator.randrange(3) for _ in shape]
            flags = generator.choice(
                [0, tb.ND_WRITABLE, tb.ND_FORTRAN, tb.ND_PIL, tb.ND_GETBUF_FAIL, tb.ND_GETBUF_UNDEFINED]
            )
            with contextlib.suppress(ValueError, TypeError):
                items = list(range(100))
                yield tb.ndarray(items, shape=shape, strides=strides, offset=8, format="q", flags=flags)
                yield tb.ndarray(items, shape=[100], format=generator.choice(["q", "d", "@q", "=q", ">q", "hh"]))


def fuzz_buffers(seed: int, rounds: int) -> None:
    """Exporters of every kind: rejected, or read as memoryview reads them."""
    generator = random.Random(seed)
    for _ in range(rounds):
        for exporter in exporters(generator):
            check_exporter(exporter)


def check_exporter(exporter: Any) -> int:
    """Compare what a tensor shows with what memoryview shows; 1 if a tensor can be had."""
    for call in (
        ao.asarray,
        ao.tensor,
        lambda e: _native.from_buffer(e, False),
        lambda e: _native.from_buffer(e, True),
    ):
        try:
            t = call(exporter)
        except (TypeError, ValueError, BufferError):
            return 0
        if t is None:  # only a copy can be had
            continue
        shown = memoryview(exporter)
        assert t.shape == shown.shape
        numpys = np.asarray(shown)  # of bytes themselves it makes a string
        assert repr(t.tolist()) == repr(np.asarray(t).tolist()) == repr(numpys.tolist())
        if not t.readonly and t.size and 0 not in t.strides:
            t[...] = t * 1 if t.dtype != ao.bool else t
    return 1


@with_seeds(2, 10)
def test_public_calls_with_junk(seed: int) -> None:
    fuzz("fuzz_public_calls", seed, 12_000)


@with_seeds(2, 10)
def test_operators_with_junk(seed: int) -> None:
    fuzz("fuzz_operators", seed, 6_000)


@with_seeds(1, 3)
def test_attributes_of_the_native_types_with_junk(seed: int) -> None:
    fuzz("fuzz_descriptors", seed, 20_000)


@with_seeds(2, 10)
def test_views_stay_inside_of_the_storage(seed: int) -> None:
    fuzz("fuzz_as_strided", seed, 30_000)


@with_seeds(1, 4)
def test_buffers_of_every_kind(seed: int) -> None:
    fuzz("fuzz_buffers", seed, 40)


def test_ctypes_arrays_which_give_no_strides() -> None:
    demand_survival("import test_robustness as r; assert sum(map(r.check_exporter, r.ctypes_exporters())) == 8")


# --- an interpreter's life ---------------------------------------------------------------------------------------

NOT_UTF8 = "ö" if sys.platform == "win32" else "\udcff\udcfe"

LIVES = {
    "tensors at the end": """
        import builtins, sys
        import aotops as ao
        class Late:
            def __init__(self): self.t = ao.ones(500)
            def __del__(self): assert (self.t + 1).sum().item() == 1000 and self.t.tolist()[0] == 1.0
        first, sys.kept, builtins.kept = Late(), Late(), Late()
        first.itself = first
    """,
    "the native module before the others": """
        import aotops._native as native
        flags = memoryview(bytearray(8)).cast("?")
        assert native.empty((2,), native.dtypes[0]).shape == (2,)
        assert native.from_buffer(flags, False).shape == (8,)
        assert native.operators["exp"](0.0).item() == 1.0
    """,
    "a second copy of the modules": """
        import gc, sys
        import aotops as ao
        t, add = ao.ones(3), ao.add
        for name in [name for name in sys.modules if name.startswith("aotops")]: del sys.modules[name]
        import aotops as again
        u = again.ones(3)
        assert again is not ao
        assert [again.add(u, u).tolist(), add(t, t).tolist()] == [[2.0] * 3] * 2
        for call in (lambda: t + u, lambda: again.add(t, t), lambda: again.sum(t, dtype="float32"), lambda: add(u, 1)):
            try: call()
            except TypeError: pass
        del ao, add
        gc.collect()
        assert t.exp().sum().item() > 8 and "1." in repr(t)
    """,
    "modules that are loaded again": """
        import importlib
        import aotops as ao, aotops._native
        t = ao.ones(3)
        importlib.reload(aotops._native)
        importlib.reload(ao)
        assert (t + ao.ones(3)).tolist() == [2.0] * 3
    """,
    "without NumPy": """
        import sys
        sys.modules["numpy"] = None
        import aotops as ao
        t = ao.arange(6).reshape(2, 3)
        assert ao.exp(t.sum(0) * 0.0).tolist() == [1.0] * 3
        assert "tensor" in repr(t) and ao.add.__doc__ and not {"numba", "llvmlite"} & set(sys.modules)
    """,
    "deep recursion": """
        import sys
        import aotops as ao
        def dive(t):
            try: return dive(t + 1)
            except RecursionError: return ao.sum(t)
        dive(ao.zeros(3))
    """,
}


@pytest.mark.parametrize("name", LIVES)
def test_an_interpreters_life(name: str) -> None:
    import textwrap

    demand_survival(textwrap.dedent(LIVES[name]))


@pytest.mark.parametrize("value", ["x" * 10_000, "%s%n%d", "x86-64-v2,x86-64-v3", NOT_UTF8], ids=ascii)
def test_a_strange_environment(value: str) -> None:
    code = "try: import aotops\nexcept ImportError as error: assert 'AOTOPS_CPU must be' in str(error)\nelse: 1 / 0"
    done = run_alone(code, AOTOPS_CPU=value)
    assert done.returncode == 0, done.stderr


def test_objects_that_pretend_to_be_tensors() -> None:
    class Pretender:
        dtype = ao.float64
        shape, strides = (2**40,), (1,)

        @property
        def __class__(self) -> Any:  # type: ignore[override]
            return ao.Tensor

    t = ao.ones(3)
    calls: list[Callable[[Any], object]] = [
        ao.exp,
        ao.sum,
        ao.asarray,
        ao.astype,
        lambda x: ao.add(t, x),
        lambda x: x + t,
    ]
    calls += [lambda x: ao.exp(t, out=x), lambda x: ao.reshape(x, 3), lambda x: ao.tensor([x]), t.__setitem__]
    for call in calls:
        with contextlib.suppress(Exception):
            assert call(Pretender()) is None or isinstance(call(Pretender()), Pretender)
    assert t.tolist() == [1.0] * 3


def test_instances_of_subclasses_are_tensors() -> None:
    t = as_subclass(ao.arange(6.0).view(2, 3))
    assert type(t) is Subclass
    assert type(t + 1) is type(t[0]) is type(t.T) is type(ao.sum(t)) is ao.Tensor
    assert_same(t * t, np.arange(6.0).reshape(2, 3) ** 2)
    assert ao.asarray(t) is t and ao.exp(t, out=t) is t


def test_numbers_that_run_code_while_an_operator_runs() -> None:
    for _ in range(50):
        JUNK_TENSORS.append(ao.ones(1000))
        result = ao.multiply(JUNK_TENSORS[-1], Number(5))
        assert result.tolist() == [1.0] * 1000
        assert not JUNK_TENSORS


def test_data_that_changes_while_it_is_read() -> None:
    class Emptying:
        def __index__(self) -> int:
            data.clear()
            return 2

    data: list[Any] = [Emptying(), Emptying(), 3]
    with contextlib.suppress(Exception):
        ao.zeros(data)
    t = ao.ones((2, 2, 2))
    data = [Emptying(), 1]
    with contextlib.suppress(Exception):
        t.sum(data)
    data = [Emptying()] * 3
    with contextlib.suppress(Exception):
        t.reshape(data)
    with pytest.raises((TypeError, ValueError)):
        ao.tensor(OddList([1, 2, 3]))
    assert t.sum().item() == 8.0


def test_any_byte_but_zero_is_true() -> None:
    raw = bytearray(random.Random(0).choices([0, 1, 2, 3, 128, 254, 255], k=300))
    rolled = [raw[k:] + raw[:k] for k in (0, 7, 100)]
    odd = [ao.asarray(memoryview(values).cast("?")) for values in rolled]
    plain = [ao.tensor([byte != 0 for byte in values]) for values in rolled]
    for name, record in RECORDS.items():
        if "bool" not in record.dtypes and "bool" not in record.casts:
            continue
        call = functools.partial(_native.operators[name], **({"axis": 0} if record.kind in AXIS_KINDS else {}))
        for view in (lambda x: x, lambda x: x[::-2], lambda x: x.view(30, 10).T):
            got, right = (call(*map(view, operands[: record.inputs])) for operands in (odd, plain))
            assert_same(got, np.asarray(right), name)
    odd, plain = odd[0], plain[0]
    for dtype in DTYPES:
        assert_same(odd.astype(dtype), np.asarray(plain.astype(dtype)))


def test_memory_stays_while_a_buffer_is_out() -> None:
    t = ao.arange(100_000)
    view = memoryview(t[::-1])
    del t
    gc.collect()
    spoiled = [ao.full(100_000, -1) for _ in range(5)]
    assert view[0] == 99_999 and view[-1] == 0
    del spoiled


def test_threads() -> None:
    """Calls from many threads at once give what they give alone."""
    shared = ao.asarray(np.random.default_rng(0).random((300, 70)))
    wanted = [ao.sum(ao.exp(shared.T) + k, 0).tolist() for k in range(8)]
    found: dict[int, list[bool]] = {}
    start = threading.Barrier(8)

    def work(k: int) -> None:
        start.wait()
        found[k] = [ao.sum(ao.exp(shared.T) + k, 0).tolist() == wanted[k] for _ in range(30)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: [True] * 30 for k in range(8)}


# --- leaks -----------------------------------------------------------------------------------------------------

TENSOR = ao.arange(12.0).view(3, 4)
OUT = ao.zeros((3, 4))
NUMPYS = np.arange(12.0).reshape(3, 4)
BIG = ao.ones(3000)
INTEGERS = ao.arange(12).view(3, 4)
LARGE = ao.ones((300, 300)).T

SUCCESSES: dict[str, Callable[[], Any]] = {
    **{
        f"{r.name} of a tensor": lambda r=r: _native.operators[r.name](
            *[TENSOR if "float64" in r.dtypes else INTEGERS] * r.inputs
        )
        for r in RECORDS.values()
        if r.kind not in AXIS_KINDS
    },
    **{
        f"{r.name} along an axis": lambda r=r: _native.operators[r.name](
            *[TENSOR if "float64" in r.dtypes else TENSOR.astype(r.dtypes[-1])] * r.inputs, -1
        )
        for r in RECORDS.values()
        if r.kind in AXIS_KINDS
    },
    "statistics": lambda: (ao.mean(TENSOR, 0), ao.var(INTEGERS, 1, correction=1), ao.std(TENSOR, out=OUT[0, 0, ...])),
    "argreductions": lambda: (ao.argmax(TENSOR.T), ao.argmin(BIG), ao.argmax(TENSOR, 0, out=INTEGERS[0])),
    "scans": lambda: (
        ao.cumulative_sum(TENSOR, 1, include_initial=True),
        ao.cumulative_prod(BIG),
        ao.cumulative_sum(OUT, 0, out=OUT),
        ao.cumulative_sum(INTEGERS, 0, dtype="float32"),
    ),
    "choices": lambda: (ao.where(TENSOR, 1.0, INTEGERS), ao.clip(TENSOR, max=3), TENSOR.clip(None, INTEGERS)),
    "inputs by name": lambda: (ao.add(x2=TENSOR, x1=2), ao.where(x1=TENSOR, condition=True, x2=0)),
    "a large operation": lambda: ao.sum(ao.exp(LARGE)),
    "out": lambda: ao.add(TENSOR, 1.5, out=OUT),
    "out of another dtype": lambda: ao.add(TENSOR, TENSOR, out=ao.zeros((3, 4), dtype="float32")),
    "out that overlaps": lambda: ao.add(OUT.T, OUT.T, out=OUT.T[::-1]),
    "in place": lambda: operator.imul(OUT, 0.0),
    "mixed dtypes": lambda: TENSOR + ao.arange(4),
    "broadcast": lambda: TENSOR[:, :1] * TENSOR[:1],
    "numbers": lambda: (1 - TENSOR, TENSOR / 2, TENSOR < 3, ao.add(1, 2)),
    "comparison with another type": lambda: (TENSOR == None, TENSOR != "a"),  # noqa: E711
    "axes": lambda: (ao.sum(TENSOR, (0, 1)), TENSOR.max(0, keepdims=True), ao.sum(TENSOR, [0], dtype="float32")),
    "sum into out": lambda: ao.sum(TENSOR, 0, out=OUT[0]),
    "creation": lambda: (
        ao.zeros((2, 3)),
        ao.full(2, 7),
        ao.arange(5),
        ao.arange(0, 1, 0.1),
        ao.tensor([[1, 2], [3, 4.5]]),
    ),
    "large tensors": lambda: (BIG + BIG, ao.zeros((50, 50))),
    "high rank": lambda: ao.ones((1,) * 20 + (2,)).permute(*range(20, -1, -1)) + 1,
    "buffers in": lambda: (ao.asarray(NUMPYS), ao.asarray(NUMPYS.T, copy=True), ao.tensor(memoryview(NUMPYS)[1:])),
    "buffers out": lambda: (np.asarray(TENSOR.T).sum(), memoryview(TENSOR)[0, 1], bytes(TENSOR)),
    "views": lambda: (TENSOR.T, TENSOR[1], TENSOR[::-1, None, ..., 1], TENSOR.view(12), TENSOR.T.reshape(12)),
    "assignment": lambda: (
        OUT.__setitem__(0, 1.5),
        OUT.__setitem__((0, 0), TENSOR[0, 0]),
        OUT.__setitem__(..., [1, 2, 3, 4]),
    ),
    "conversion": lambda: (
        TENSOR.tolist(),
        TENSOR[0, 0].item(),
        float(TENSOR[0, 1]),
        TENSOR.astype("int64"),
        3 in TENSOR,
    ),
    "attributes": lambda: (
        TENSOR.shape,
        TENSOR.strides,
        TENSOR.dtype.name,
        TENSOR.readonly,
        ao.add.parameters,
        ao.add.dtypes,
    ),
    "operators' attributes": lambda: (
        ao.add.__name__,
        ao.exp.casts,
        ao.exp.kind,
        repr(ao.exp),
        TENSOR.exp,
        ao.float32.format,
    ),
    "iteration": lambda: [row.sum() for row in TENSOR],
    "copies": lambda: (TENSOR.__reduce_ex__(2), TENSOR.__copy__(), ao.float64.__reduce__()),
}


def held_after(call: Callable[[], object], times: int) -> list[int]:
    """The memory blocks that Python holds after calls, and the references to what the calls have in common."""
    for _ in range(times):
        with contextlib.suppress(Exception):
            call()
    gc.collect()
    common = [
        TENSOR,
        OUT,
        NUMPYS,
        BIG,
        # immortal from Python 3.12 on, whose counts say nothing
        *([None, True] if sys.version_info < (3, 12) else []),
        ao.Tensor,
        _native.Storage,
        *_native.dtypes,
        *_native.operators.values(),
    ]
    return [sys.getallocatedblocks(), *map(sys.getrefcount, common)]


def leak(call: Callable[[], object]) -> int:
    """How many blocks or references a hundred calls leave behind; fewer than that are none of the calls' doing."""
    before = held_after(call, 20)
    after = held_after(call, 100)
    return max(later - earlier for earlier, later in zip(before, after, strict=True))


#: So often a leak is looked for: other threads of the tests' process, and Python's free lists, grow now and then.
WINDOWS = 4


@pytest.fixture
def little_to_collect() -> Iterator[None]:
    """Leaves what there is out of the garbage collection: 0.2 s for what a run of all tests has loaded."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_to_collect")
@pytest.mark.parametrize("name", SUCCESSES)
def test_calls_do_not_leak(name: str) -> None:
    SUCCESSES[name]()
    assert any(leak(SUCCESSES[name]) < 70 for _ in range(WINDOWS))


@pytest.mark.usefixtures("little_to_collect")
@pytest.mark.parametrize("table", TABLES)
def test_wrong_calls_do_not_leak(table: str) -> None:
    calls = [call for call, _, _ in TABLES[table]]

    def all_of_them() -> None:
        for call in calls:
            with contextlib.suppress(Exception):
                call()

    if all(leak(all_of_them) >= 70 for _ in range(WINDOWS)):
        leaking = [number for number, call in enumerate(calls) if leak(call) >= 70]
        pytest.fail(f"of the calls in {table}, numbers {leaking} leak")


def test_a_leak_would_be_found() -> None:
    kept: list[object] = []
    assert leak(lambda: kept.append(TENSOR)) >= 90
    assert leak(lambda: kept.append(ao.zeros(3))) >= 90  # a reference to ao.Tensor each
    assert SANITIZED or leak(lambda: kept.append(object())) >= 90


def resident_megabytes() -> float:
    """The memory that this process has, of pages in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(SANITIZED or not Path("/proc/self/statm").exists(), reason="no telling what memory is in use")
def test_the_memory_of_tensors_is_given_back() -> None:
    values = np.ones(100_000)

    def work() -> None:
        t = ao.asarray(values) + 1
        t += t[::-1]
        views = [t[::2], t.view(100, 1000).T.contiguous(), ao.sum(t.view(100, 1000), 0)]
        for call in (
            lambda: ao.add(t, ao.ones(3)),
            lambda: ao.zeros((100, 1000)).view(7),
            lambda: ao.exp(t, out=views),
        ):
            with contextlib.suppress(Exception):
                call()

    for _ in range(20):
        work()
    before = resident_megabytes()
    for _ in range(500):  # 1.5 GB, were it kept
        work()
    assert resident_megabytes() - before < 60


def test_an_exporter_is_released_however_a_call_ends() -> None:
    for make in (lambda: bytearray(8), lambda: memoryview(bytearray(24)).cast("d"), lambda: np.zeros(3, np.int32)):
        exporter = make()
        held = sys.getrefcount(exporter)
        for call, copy in itertools.product((ao.asarray, ao.tensor), (True, False)):
            with contextlib.suppress(TypeError, ValueError):
                call(exporter, **({"copy": copy} if call is ao.asarray else {}))
        if isinstance(exporter, bytearray):
            exporter.extend(b"more")
            assert len(exporter) == 12
        assert sys.getrefcount(exporter) == held
