"""Interruption: Ctrl-C ends any launch, and leaves every tensor and the pool usable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from needs import ONE_JOB, requires_compiler, requires_numba
from test_operators import run_python

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")

#: Interrupts calls that would never end, or only after minutes. A launch that goes on regardless reaches the time limit
#: of the process.
SCRIPT = """
import os, signal, sys, threading, time
import numpy as np
import aotops as ao

signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have processes in the background ignore it
ao._native.share_from(32768)
ao.set_num_threads({threads})

def interrupt(call, after=0.05, kind=KeyboardInterrupt):
    def handler(number, frame):
        raise kind
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        try:
            call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)  # the handler may run here, of a launch that has just ended
    except kind:
        return
    raise AssertionError("it was over before the signal came")

def check():
    x = ao.ones((400, 300))
    assert ao.sum(ao.exp(x.T) * 0 + 1).item() == 120_000.0
    assert ao.cumulative_sum(x, 0)[-1, 7].item() == 400.0

def endless(*shape, dtype="float64"):
    return ao.asarray(np.broadcast_to(np.ones(1, dtype), shape))

# signals come during launches, not during imports
check()
for call in (ao.mean, ao.argmax, ao.any, ao.all, ao.sum):
    call(endless(5))
"""

#: Launches of some 10**14 elements, which take no memory.
ENDLESS = {
    "a sum of everything": "ao.sum(endless(10**7, 10**7))",
    "sums of rows": "ao.sum(endless(1000, 10**11), 1)",
    "sums of columns": "ao.sum(endless(10**11, 1000), 0)",
    "sums of narrow rows": "ao.sum(endless(10**13, 3), 0)",
    "a mean": "ao.mean(endless(10**14, dtype='float32'))",
    "a mean that casts": "ao.mean(endless(10**14, dtype='int64'))",
    "an argmax": "ao.argmax(endless(10**14))",
    "argmaxes of columns": "ao.argmax(endless(10**11, 1000), 0)",
    "all": "ao.all(endless(10**14, dtype='bool'))",
    "into out": "ao.sum(endless(1000, 10**11), 1, out=out)",
}


def run_interrupted(body: str, threads: int) -> None:
    done = run_python(SCRIPT.format(threads=threads) + textwrap.dedent(body))
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", ""), done.stderr


@pytest.mark.parametrize("threads", [1, 3])
def test_launches_of_many_elements_are_interrupted(threads: int) -> None:
    calls = ",\n".join(f"    lambda: {call}" for call in ENDLESS.values())
    body = f"""
out = ao.zeros(1000)
for call in (
{calls}
):
    interrupt(call)
    check()
out += 1  # valid, whatever it holds
print("done")
"""
    run_interrupted(body, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_map_ends_where_it_is(threads: int) -> None:
    """The last elements keep what they held, and the first have their results; then it is computed again."""
    body = """
    pow = ao.pow
    # on a busy machine the signal may come when the last part has been computed: then with more elements
    for n in (20_000_000, 60_000_000, 180_000_000):
        many, out = ao.asarray(np.broadcast_to(np.full(1, 1.5), n)), ao.full((n,), 7.0)
        try:
            interrupt(lambda: pow(many, many, out=out), after=0.02)
        except AssertionError:
            continue
        if out[-1].item() == 7.0:
            break
    else:
        raise AssertionError("the launch computed its last elements, however many there were")
    assert out[0].item() == pow(ao.full((1,), 1.5), 1.5).item()
    check()
    pow(many[:100_000], many[:100_000], out=out[-100_000:])
    assert out[-1].item() == out[0].item()
    print("done")
    """
    run_interrupted(body, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_of_small_products_ends_where_it_is(threads: int) -> None:
    """Each share is one call of the kernel, which is not called any more."""
    body = """
    one = ao.ones((2, 2), dtype="float32")
    for n in (2_000_000, 6_000_000, 18_000_000, 36_000_000):
        many, out = ao.broadcast_to(one, (n, 2, 2)), ao.full((n, 2, 2), 7.0, dtype="float32")
        try:
            interrupt(lambda: ao.matmul(many, many, out=out), after=0.01)
        except AssertionError:
            continue
        if out[-1, -1, -1].item() == 7.0:
            break
    else:
        raise AssertionError("the launch computed its last elements, however many there were")
    check()
    assert ao.matmul(many[:1000], many[:1000]).tolist() == [[[2.0, 2.0], [2.0, 2.0]]] * 1000
    print("done")
    """
    run_interrupted(body, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_any_exception_of_any_handler_ends_a_launch(threads: int) -> None:
    body = """
    class Mine(Exception):
        pass
    interrupt(lambda: ao.sum(endless(10**14)), kind=Mine)
    interrupt(lambda: ao.sum(endless(10**14)), kind=SystemError)
    check()
    print("done")
    """
    run_interrupted(body, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_handler_that_raises_nothing_runs_and_the_launch_goes_on(threads: int) -> None:
    """It may compute itself meanwhile."""
    body = """
    calls = []
    def handler(number, frame):
        x = ao.ones((400, 300))
        calls.append(ao.sum(ao.exp(x.T) * 0 + 1).item())
        ao.set_num_threads(2)
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    def call():
        x = endless(10**11)
        started = time.perf_counter()
        total = ao.sum(x).item()
        return total
    # long enough for some handlers
    rows = 10**6
    while len(calls) < 3:
        before = len(calls)
        assert ao.sum(endless(rows, 1000)).item() == rows * 1000
        rows = rows if len(calls) > before else 2 * rows
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert calls == [120_000.0] * len(calls), calls
    print("done")
    """
    run_interrupted(body, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_only_the_main_thread_is_interrupted(threads: int) -> None:
    """As Python does it: handlers run there. Others' launches go on, and the process can end meanwhile."""
    body = """
    def compute():
        ao.sum(endless(10**14))
        print("it has ended")
    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    time.sleep(0.2)
    interrupt(lambda: time.sleep(100))
    assert thread.is_alive()
    interrupt(lambda: ao.sum(endless(10**14)))
    check()
    print("done")
    """
    run_interrupted(body, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_control_c(threads: int) -> None:
    """SIGINT with Python's own handler, sent to the process from outside."""
    body = """
    import subprocess
    sender = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -INT {os.getpid()}"])
    try:
        ao.sum(endless(10**14))
    except KeyboardInterrupt:
        check()
        sender.wait()
        print("done")
    """
    run_interrupted(body, threads)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no forks")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_handler_that_forks(threads: int) -> None:
    """The parent goes on. A child has lost what threads had taken, so that the operation fails there."""
    body = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    children = []
    def handler(number, frame):
        if children:
            raise KeyboardInterrupt  # the second time
        children.append(os.fork())
        if children == [0]:
            signal.alarm(100)
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.3)
    try:
        ao.sum(endless(10**14))
    except RuntimeError as error:
        assert children == [0] and "forked" in str(error)
        signal.setitimer(signal.ITIMER_REAL, 0)
        check()
        os._exit(5)
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if children == [0]:
        os._exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 5
    check()
    print("done")
    """
    run_interrupted(body, threads)


# --- user-defined operators ------------------------------------------------------------------------------------------

OPERATORS = """
import aotops as ao

def inner(x):
    total = 0.0
    for _ in range(1000):
        total += x
    return total

def middle(x):
    total = 0.0
    for _ in range(1000):
        total += inner(x)
    return total

@ao.map(dtypes=(ao.float64, ao.float32))
def forever(x):
    while x > 0:
        x += 1.0
    return x

@ao.map(dtypes=ao.float64)
def counting(x):
    total = 0.0
    for k in range(int(x)):
        total += k * 0.5
    return total

@ao.map(dtypes=ao.float64)
def nested(x):
    # every loop is short, and together they take hours
    total = 0.0
    if x > 0:
        for _ in range(1000):
            for _ in range(1000):
                total += middle(total) + middle(x)
    return total

@ao.map(dtypes=ao.float64)
def caught_in_both(x):
    while True:
        if x <= 0:
            break
        for k in range(3):
            x += k
        if x < 0:
            continue
    return x

@ao.zip(dtypes=ao.int64)
def swapping(a, b):
    while b != 0:
        a, b = b, (a if a > 0 else 0)
    return a

@ao.map(dtypes=ao.float64)
def sloped(x):
    return x + x

@sloped.derivative
def sloped_derivative(x, y, g):
    while g > 0:
        x += 1.0
    return 2 * g

@ao.reduce(dtypes=ao.int64, identity=0)
def slow_sum(a, b):
    while b > 0:
        a += 0
    return a + b

@ao.reduce(dtypes=ao.int64, identity=0, map=lambda x: stays(x))
def sum_of_slow(a, b):
    return a + b

def stays(x):
    while x > 0:
        x += 0
    return x

@ao.scan(dtypes=ao.int64, identity=0)
def slow_scan(a, b):
    while b > 0:
        a += 0
    return a + b

@ao.argreduce(dtypes=ao.int64, initial=-100)
def slow_best(value, best):
    while value > 0:
        best += 0
    return value if value > best else best

@ao.map(dtypes=ao.float64)
def short(x):
    y = x
    for _ in range(5):
        y = 0.5 * (y + x / y)
    return y
"""

#: Calls that end, of ``few`` negative numbers or ``many``, and that do not, of positive ones.
ENDLESS_OPERATORS = {
    "forever": "forever(x)",
    "forever of float32": "forever(ao.astype(x, 'float32'))",
    "forever, casting": "forever(ao.astype(x, 'int64'), out=ao.zeros(x.shape, dtype='float32'))",
    "forever, in place": "forever(x, out=x)",
    "forever, strided": "forever(x[::2])",
    "forever, of one element": "forever(x[0])",
    "counting": "counting(x * 1e12)",
    "nested": "nested(x)",
    "caught_in_both": "caught_in_both(x)",
    "swapping": "swapping(ao.astype(x * 1e9, 'int64'), ao.astype(x, 'int64'))",
    "a derivative": "sloped.derivative(x, x, x)",
    "slow_sum": "slow_sum(ao.astype(x, 'int64'))",
    "slow_sum of rows": "slow_sum(ao.astype(x, 'int64').view(-1, 2), 1)",
    "sum_of_slow": "sum_of_slow(ao.astype(x, 'int64'))",
    "slow_scan": "slow_scan(ao.astype(x, 'int64'))",
    "slow_best": "slow_best(ao.astype(x, 'int64'), 0)",
}


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module of operators, built."""
    folder = tmp_path_factory.mktemp("operators")
    (folder / "endless_operators.py").write_text(OPERATORS)
    command = [sys.executable, "-m", "aotops", "build", "endless_operators.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | ONE_JOB)
    assert done.returncode == 0, done.stderr
    return folder


def run_operators(folder: Path, body: str, threads: int) -> None:
    prelude = f"import sys; sys.path.insert(0, {str(folder)!r}); import endless_operators as e\n"
    run_interrupted(prelude + textwrap.dedent(body), threads)


@requires_numba
@requires_compiler
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("count", [10, 100_000])
def test_endless_loops_of_users_are_interrupted(count: int, threads: int, operators: Path) -> None:
    calls = ",\n".join(f"    lambda x: e.{call}" for call in ENDLESS_OPERATORS.values())
    body = f"""
for call in (
{calls}
):
    x = ao.full(({count},), 2.0)
    interrupt(lambda: call(x))
    check()
    x[...] = -1.0
    call(x)  # ends
print("done")
"""
    run_operators(operators, body, threads)


@requires_numba
@requires_compiler
def test_other_python_threads_run_during_an_endless_loop(operators: Path) -> None:
    """Of a single element, too: the GIL is not held. Python's own switch would wait forever."""
    body = """
    counted = [0]
    def count():
        while True:
            counted[0] += 1
            time.sleep(0.001)
    threading.Thread(target=count, daemon=True).start()
    x = ao.full((1,), 2.0)
    before = counted[0]
    interrupt(lambda: e.forever(x), after=0.3)
    assert counted[0] > before + 5, counted
    print("done")
    """
    run_operators(operators, body, 1)


@requires_numba
@requires_compiler
def test_which_operators_may_take_any_time(operators: Path) -> None:
    """A kernel polls if and only if the library says that it is unbounded, and one without such loops is as it was."""
    body = """
    from aotops.aot import compiler
    from aotops.aot.back.polling import POLL
    from aotops.aot.front.specialise import specialise
    from aotops.aot.pack.kernels import record_kernels
    import llvmlite.binding as llvm
    found = {}
    for name in ("forever", "counting", "nested", "slow_sum", "slow_scan", "short"):
        for kernel in record_kernels(getattr(e, name)._record):
            if kernel.dtype == "float32" or "derivative" in kernel.symbol:
                continue
            function = specialise(kernel.function, kernel.dtype)
            bitcode = compiler.compile_bitcode(function, kernel.symbol, compiler.KERNEL)
            polls = any(each.name == POLL for each in llvm.parse_bitcode(bitcode).functions)
            assert polls == kernel.unbounded, kernel.title
            found[name] = polls
    assert [name for name, polls in found.items() if not polls] == ["short"], found
    x = ao.full((1000,), 2.0)
    assert abs(e.short(x)[7].item() - 2**0.5) < 1e-15
    print("done")
    """
    run_operators(operators, body, 1)
