"""The floating-point environment: results do not depend on what a thread has been told, and it stays as it was."""

import ctypes
import mmap
import platform
import struct
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from test_operators import run_python

import aotops as ao
from aotops import _native

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or platform.system() != "Linux",
    reason="the control register is written by machine code for x86-64 and the calls of System V",
)

#: The bits of MXCSR: denormals are zero, flush to zero, and the rounding modes; 0x1F80 is the default.
DEFAULT = 0x1F80
ENVIRONMENTS = {
    "flush to zero": DEFAULT | 1 << 15,
    "denormals are zero": DEFAULT | 1 << 6,
    "both": DEFAULT | 1 << 15 | 1 << 6,
    "down": DEFAULT | 1 << 13,
    "up": DEFAULT | 2 << 13,
    "towards zero": DEFAULT | 3 << 13,
    "towards zero, and both": DEFAULT | 3 << 13 | 1 << 15 | 1 << 6,
    "traps of invalid operations, division by zero and overflow": DEFAULT & ~(1 << 7 | 1 << 9 | 1 << 10),
}


def machine_code(code: bytes) -> int:
    """The address of a function of some machine code."""
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    KEPT.append(memory)
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


KEPT: list[object] = []
# mov [rsp-8], edi; ldmxcsr [rsp-8]; ret
_write = ctypes.CFUNCTYPE(None, ctypes.c_uint32)(machine_code(bytes.fromhex("897c24f80fae5424f8c3")))
# stmxcsr [rsp-8]; mov eax, [rsp-8]; ret
_read = ctypes.CFUNCTYPE(ctypes.c_uint32)(machine_code(bytes.fromhex("0fae5c24f88b4424f8c3")))


def control() -> int:
    """The control bits, without the flags of exceptions that have occurred."""
    return int(_read()) & 0xFFC0


RANDOM = np.random.default_rng(3)
#: Numbers whose sums, products and exponentials are rounded, and some that are subnormal or make subnormal results.
WIDE = np.concatenate([RANDOM.random(70_000) * 3 - 1, RANDOM.random(9000) * 1e-310, RANDOM.random(9000) * 1e-160])
NARROW = np.concatenate([RANDOM.random(70_000) - 0.5, RANDOM.random(9000) * 1e-41, RANDOM.random(9000) * 1e-22])


def calls(count: int) -> Callable[[], dict[str, ao.Tensor | float]]:
    """Operations on so many elements, with inputs that are made now."""
    step = len(WIDE) // count
    x, y, in_place = (ao.tensor(each.copy()) for each in (WIDE[::step], WIDE[::-step], WIDE[::step]))
    narrow = ao.tensor(NARROW.astype("float32")[::step].copy())
    long = ao.tensor([*range(2**62, 2**62 + 50)])
    small, zero, tiny = ao.tensor([1e-310, 2e-310, 0.0]), ao.tensor([0.0]), ao.tensor([1e-40, 2], dtype="float32")

    def compute() -> dict[str, ao.Tensor | float]:
        nonlocal in_place
        in_place *= y
        row = ao.zeros(3, dtype=ao.float32)
        row[0] = 0.1
        row[1] = 1e-41
        row[2:] = 0.7
        return {
            "add": x + y,
            "multiply": x * x,
            "divide": x / 3.0,
            "division by zero": x / 0.0,
            "exp": ao.exp(x * 700),
            "exp of float32": ao.exp(narrow * 80),
            "float32": narrow * narrow,
            "number": narrow * 1e-39,
            "in place": in_place,
            "narrowed": ao.astype(x, ao.float32),
            "widened": ao.astype(narrow, ao.float64),
            "mixed": narrow + x,
            "integers": ao.astype(long, ao.float64),
            "sum": ao.sum(x),
            "sums": ao.sum(x[: x.size // 8 * 8].view(8, -1), 0),
            "mean of float32": ao.mean(narrow),
            "prod": ao.prod(x[:40]),
            "var": ao.var(x),
            "argmax of subnormal": ao.argmax(small),
            "nonzero": ao.astype(small, ao.bool),
            "equal": small == zero,
            "scan": ao.cumulative_sum(x),
            "copy": x.view(-1, 1).T.contiguous(),
            "full": ao.full((3,), 1.1, dtype=ao.float32),
            "list": ao.tensor([0.1, 1e-40, 3.3], dtype=ao.float32),
            "assigned": row,
            "item": tiny[0].item(),
            "tolist": tiny.tolist()[0],
            "float": float(tiny[0]),
            "bool": ao.tensor([bool(each) for each in small]),
            "arange": ao.arange(0.1, 7.3, 0.3),
            "arange to 1": ao.arange(0, 1, 1 / 49),
            "arange of subnormal": ao.arange(0, 1e-309, 1e-310),
            "std": ao.std(x, correction=0.3),
            "sort": ao.sort(x),
            "sort of float32": ao.sort(narrow, descending=True),
            "argsort": ao.argsort(x),
            "unique_values": ao.unique_values(narrow),
            "searchsorted": ao.searchsorted(ao.sort(x), y),
            "isin": ao.isin(small, small[:2]),
            "median": ao.median(small),
            "linspace": ao.linspace(0.1, 1.3, 50),
            "linspace of other numbers": ao.concat(
                [ao.linspace(-1.7e308, 1.6e308, 9), ao.linspace(0, 5e-324, 5), ao.logspace(0, 3, 50)]
            ),
            "linspace of complex numbers": ao.linspace(0.1 + 0.3j, 1.3, 50),
            "matmul": x[:25].view(5, 5) @ y[:25].view(5, 5),
            "complex": (x + 1j) * (y - 0.3j) / (x + 0.7j),
            "softmax": ao.softmax(x[:25].view(5, 5), axis=0),
            "quantile": ao.quantile(x, [0.1, 1 / 3]),
        }

    return compute


def bits(results: dict[str, ao.Tensor | float]) -> dict[str, bytes]:
    return {
        name: struct.pack("d", each) if isinstance(each, float) else np.asarray(each).tobytes()
        for name, each in results.items()
    }


@pytest.fixture
def threads() -> Iterator[None]:
    """From 32,768 elements on operations use three threads."""
    before = ao.get_num_threads()
    ao.set_num_threads(3)
    _native.share_from(32768)
    yield
    _native.share_from(0)
    ao.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("count", [30, 2000, 88_000])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_results_are_those_of_the_default_environment(name: str, count: int) -> None:
    expected = bits(calls(count)())
    compute = calls(count)
    _write(ENVIRONMENTS[name])
    try:
        results = compute()
        after = control()
    finally:
        _write(DEFAULT)
    assert after == ENVIRONMENTS[name]
    assert bits(results) == expected


def test_these_environments_change_results() -> None:
    """Else the tests above would show nothing."""
    x, ones, divisors = np.full(1, 1e-310), np.ones(2), np.array([3.0, 10.0])
    found = {}
    for name, value in ENVIRONMENTS.items():
        _write(value)
        doubled, quotients = x + x, ones / divisors
        _write(DEFAULT)
        found[name] = doubled[0] != 2e-310 or quotients.tolist() != [1 / 3, 0.1]
    assert [name for name, differs in found.items() if not differs] == [list(ENVIRONMENTS)[-1]]


def test_threads_start_in_the_default_environment() -> None:
    """Not in that of the thread that starts them."""
    script = """
import sys, numpy as np, aotops as ao, test_environment as t
ao._native.share_from(32768)
x, out = ao.tensor(np.full(2_000_000, 1e-310)), ao.empty(2_000_000)
ao.set_num_threads(4)
t._write(t.ENVIRONMENTS["towards zero, and both"])
ao.multiply(x, 0.3, out=out)
t._write(t.DEFAULT)
print(bool((np.asarray(out) == 1e-310 * 0.3).all()))
"""
    done = run_python(script)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environment_is_as_before_if_an_operation_fails(name: str) -> None:
    x = ao.ones((100, 400))
    _write(ENVIRONMENTS[name])
    found = []
    try:
        for call in (
            lambda: x + ao.ones(3),
            lambda: ao.sum(x, 5),
            lambda: ao.full((2,), 1e30, dtype=ao.int64),
            lambda: ao.tensor([1e400, "x"], dtype=ao.float32),
            lambda: ao.max(ao.zeros((0,))),
        ):
            try:
                call()
            except (TypeError, ValueError, OverflowError):
                found.append(control())
    finally:
        _write(DEFAULT)
    assert found == [ENVIRONMENTS[name]] * 5
