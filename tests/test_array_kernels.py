"""Array kernels: what they compute, how they broadcast, what they raise, and what is rejected."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from needs import ONE_JOB, requires_compiler, requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="kernels call NumPy's functions, and results are compared with its")
pytestmark = requires_numba
kernels = pytest.importorskip("array_kernels_for_tests")
rng = np.random.default_rng(15)


def by_item(kernel, inputs, shapes):
    """The outputs that the Python function gives for one item."""
    outputs = [np.empty(shape or (1,)) for shape in shapes]
    kernel.py_func(*inputs, *outputs)
    return [out if shape else out[0] for out, shape in zip(outputs, shapes, strict=True)]


def test_a_batch_of_arrays_is_computed_item_by_item() -> None:
    x = rng.random((2, 3, 50))
    lengths = np.array([[1], [7]])
    result = kernels.moving_mean(x, lengths)
    assert type(result) is np.ndarray
    for i in range(2):
        for j in range(3):
            (expected,) = by_item(kernels.moving_mean, (x[i, j], lengths[i, 0]), [(50,)])
            assert np.array_equal(result[i, j], expected)


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "steps", "broadcast"])
def test_any_strides_give_the_same_bits(layout: str) -> None:
    a, b = rng.random((5, 4)), rng.random((6, 4))
    given = {
        "C": a,
        "F": np.asfortranarray(a),
        "reversed": a[::-1, ::-1].copy()[::-1, ::-1],
        "steps": np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
        "broadcast": a,
    }[layout]
    result = kernels.distances(np.broadcast_to(given, (2, 5, 4)) if layout == "broadcast" else given, b)
    (expected,) = by_item(kernels.distances, (a, b), [(5, 6)])
    np.testing.assert_array_max_ulp(result[0] if layout == "broadcast" else result, expected, 1)
    assert np.array_equal(kernels.distances(a, b), result[1] if layout == "broadcast" else result)


def test_several_outputs_have_sizes_that_are_computed() -> None:
    x, weights = rng.random((3, 20)), rng.random(4)
    out, total = kernels.correlate(x, weights)
    assert out.shape == (3, 17) and total.shape == (3,)
    for k in range(3):
        assert np.allclose(out[k], np.correlate(x[k], weights), rtol=1e-14)
    with pytest.raises(ValueError, match=r"correlate: the size n-k\+1 of the output must not be negative, got -3"):
        kernels.correlate(x[:, :1], rng.random(5))


def test_c_checks_operands_itself() -> None:
    """What Python has checked before, so that nothing else is needed for memory to be safe."""
    kernels.cross(np.ones(3), np.ones(3))
    a, b, wrong = ao.ones(3, dtype="float32"), ao.ones((5, 3), dtype="float32"), ao.ones(4, dtype="float32")
    frozen = ao.asarray(np.broadcast_to(np.float32(1), (3,)))
    for operands in [
        (a, b, a),
        (a, wrong, a),
        (wrong, wrong, wrong),
        (a, a, ao.ones(3)),
        (a, a),
        (b, b, ao.ones((4, 3), dtype="float32")),
        (a, a, ao.ones((), dtype="float32")),
        (a, a, frozen),
        (a, a, np.ones(3, "f4")),
    ]:
        with pytest.raises(ValueError, match="cross: "):
            ao._native.run_array_kernel(kernels.cross, 0, operands, ())
    with pytest.raises(ValueError, match="cross: operands must be as many"):
        ao._native.run_array_kernel(kernels.cross, 1000, (a, a, a), ())


def test_what_comes_out_is_what_went_in() -> None:
    x = [1.0, 2.0, 3.0]
    assert type(kernels.moving_mean(np.array(x), 2)) is np.ndarray
    assert type(kernels.moving_mean(ao.tensor(x), 2)) is ao.Tensor
    assert type(kernels.moving_mean(x, 2)) is ao.Tensor
    assert type(kernels.distances(ao.ones((2, 2)), np.ones((2, 2)))) is ao.Tensor
    assert kernels.moving_mean(ao.ones(3, dtype="float32"), 2).dtype is ao.float32
    assert kernels.moving_mean(np.ones(3, "i4"), length=2).dtype == np.float64
    assert kernels.backwards(np.array([1 + 2j, 3], "c8")).tolist() == [3, 1 + 2j]
    assert kernels.backwards(np.array([True, False])).tolist() == [False, True]
    assert kernels.backwards(np.array([1, 2], "u1")).dtype == np.uint8


def test_inputs_are_read_where_they_are_and_never_written() -> None:
    x = rng.random(1000)
    x.flags.writeable = False
    assert np.array_equal(kernels.smooth(x), kernels.smooth(x.copy()))
    with pytest.raises(ao.BuildError, match="It writes to an input"):
        scope: dict[str, object] = {"ao": ao}
        exec("@ao.kernel('(n)->()', dtypes='float64')\ndef f(x, out):\n    x[0] = 1.0\n    out[0] = x[0]\n", scope)
        scope["f"](x)  # type: ignore[operator]


def test_temporaries_lists_tables_and_functions_of_math() -> None:
    x = rng.random(30)
    (expected,) = by_item(kernels.smooth, (x,), [(30,)])
    np.testing.assert_array_max_ulp(kernels.smooth(x), expected, 2)
    best, where = kernels.running(np.array([3.0, 1.0, 5.0, 2.0]))
    assert (best, where) == (5.0, 4) and where.dtype == np.int64


def test_names_of_aotops_stand_for_numpys() -> None:
    """So a module of kernels imports aotops alone."""
    source = (
        "@ao.kernel('(n)->(n),()', dtypes=[('float64', 'float64', 'int64')])\n"
        "def f(x, out, total):\n"
        "    t, places = ao.zeros(x.shape[0], dtype=ao.float64), ao.empty((2, 2), dtype=ao.int64)\n"
        "    t += ao.full(x.shape[0], 2.0) + x + ao.sum(x)\n"
        "    places[:] = ao.argsort(x)[0] + ao.arange(2)\n"
        "    out[:] = ao.sort(t)\n"
        "    total[0] = ao.sum(places) + ao.argmax(x)\n"
    )
    scope: dict[str, object] = {"ao": ao}
    exec(source, scope)
    out, total = scope["f"](np.array([3.0, 1.0, 2.0]))  # type: ignore[operator]
    assert (out.tolist(), int(total)) == ([9.0, 10.0, 11.0], 6)


def test_out_and_axes() -> None:
    a, b = rng.random((4, 3)), rng.random((4, 3))
    out = np.empty((4, 3))
    assert kernels.cross(a, b, out=out) is out
    assert np.array_equal(out, np.cross(a, b))
    assert np.array_equal(kernels.cross(a.T, b.T, axis=0), np.cross(a, b).T)
    assert np.array_equal(kernels.cross(a.T, b.T, axis=np.int64(0)), np.cross(a, b).T)
    assert np.array_equal(kernels.cross(a, b.T, axes=[np.int8(1), (np.int64(0),), 0]), np.cross(a, b).T)
    assert np.array_equal(kernels.cross(a, b.T, axes=[(1,), (0,), (0,)]), np.cross(a, b).T)
    assert np.array_equal(kernels.cross(a, b, out=a), out)  # although it is an input as well
    with pytest.raises(ValueError, match="cross: out must have the shape of the result"):
        kernels.cross(b, b, out=np.empty((3, 3)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: kernels.cross(np.ones(4), np.ones(3)),
            ValueError,
            "cross: a must have 3 elements along 3 of",
        ),
        (lambda: kernels.cross(1.0, np.ones(3)), ValueError, r"cross: a must have the axes \(3\), got shape \(\)"),
        (lambda: kernels.cross(np.ones((2, 3)), np.ones((4, 3))), ValueError, "cross"),
        (lambda: kernels.cross(np.ones(3)), TypeError, r"cross\(\) takes 2 positional arguments"),
        (lambda: kernels.cross(np.ones(3), c=np.ones(3)), TypeError, "unexpected keyword"),
        (
            lambda: kernels.moving_mean(np.ones(3), 1.5),
            TypeError,
            "length must be of dtype int64, or of one that it holds, got float 1.5; write int",
        ),
        (lambda: kernels.moving_mean("abc", 1), TypeError, "moving_mean: x must be"),
        (lambda: kernels.cross(np.ones(3), np.ones(3), axes=[(0,), (0,), (3,)]), ValueError, "cross: axes must be"),
        (lambda: kernels.cross(np.ones(3), np.ones(3), axis=0.0), TypeError, "axis must be an int, got float 0.0"),
        (
            lambda: kernels.cross(np.ones(3), np.ones(3), axes=[0, 0, ("a",)]),
            TypeError,
            r"axes\[2\]\[0\] must be an int",
        ),
        (lambda: kernels.cross(np.ones(3), np.ones(3), axes=[(0,)]), ValueError, "a tuple for each of 3 operands"),
        (lambda: kernels.distances(np.ones((3, 3)), np.ones((3, 3)), axis=0), TypeError, "not one dimension"),
        (lambda: kernels.distances(np.ones((3, 3)), np.ones((3, 2))), ValueError, "distances: y must have 3 elements"),
    ],
)
def test_calls_that_do_not_fit_say_why(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()


def test_exceptions_have_the_file_and_the_line() -> None:
    here = r"\(.*array_kernels_for_tests.py, line \d+\)"
    with pytest.raises(ValueError, match=rf"^moving_mean: length must be from 1 to the number of elements {here}$"):
        kernels.moving_mean(np.ones(3), 4)
    code = kernels.read_at.py_func.__code__
    with pytest.raises(IndexError, match=rf"read_at: index is out of bounds .*line {code.co_firstlineno + 2}\)"):
        kernels.read_at(np.ones(3), 3)
    assert kernels.read_at(np.arange(3.0), -1).tolist() == [2, 2, 2]


def test_every_index_is_checked() -> None:
    for n in (0, 1, 5):
        x = np.arange(float(n))
        for k in (0, 1, 4, 5, -1, -5, -6, 2**40, -(2**40), 2**63 - 1, -(2**63)):
            if -n <= k < n:
                assert kernels.read_at(x, k).tolist() == [x[k]] * n
                expected = x.copy()
                expected[k] = 1
                assert kernels.write_at(x, k).tolist() == expected.tolist()
            else:
                for kernel in (kernels.read_at, kernels.write_at):
                    with pytest.raises(IndexError, match="index is out of bounds"):
                        kernel(x, k)


def test_the_first_item_that_raises_decides_on_any_number_of_threads() -> None:
    before = ao.get_num_threads()
    x = rng.random((500, 300)) + 1
    x[100:, 5] = -1
    lengths = np.full(500, 10)
    lengths[400] = 0
    try:
        for threads in (1, 2, 4):
            ao.set_num_threads(threads)
            with pytest.raises(ValueError, match="negative"):
                kernels.fails_late(x)
            assert np.array_equal(kernels.fails_late(x[:100]), x[:100, 0])
            with pytest.raises(ValueError, match="length must be"):
                kernels.moving_mean(x, lengths)
    finally:
        ao.set_num_threads(before)


def test_memory_of_kernels_that_raise_is_freed() -> None:
    x = np.full(2000, -1.0)
    resource = pytest.importorskip("resource")

    def run(count: int) -> None:
        for _ in range(count):
            with pytest.raises(ValueError, match="negative"):
                kernels.fails_late(x)

    run(500)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(5000)  # of 8 kB each
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_what_numba_raises_inside_has_no_place_of_ours() -> None:
    scope: dict[str, object] = {"ao": ao, "np": np}
    source = "@ao.kernel('(n)->()', dtypes='float64')\ndef f(x, out):\n    t = np.zeros(5)\n    t[:] = x\n"
    exec(source + "    out[0] = x[:0].min()\n", scope)
    kernel = scope["f"]
    with pytest.raises(ValueError, match=r"^f: an array that is assigned to a slice must have its shape$"):
        kernel(np.ones(4))  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"^f: zero-size array"):
        kernel(np.ones(5))  # type: ignore[operator]


class NotEnoughError(LookupError):
    """What a package raises of its own."""


class CodedError(ValueError):
    """One that takes no message."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")


class FileError(OSError):
    """One of a class that takes more than a message."""


def test_classes_of_the_users_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x, out):
        if x.shape[0] < 2:
            raise NotEnoughError("two are needed")
        if x[0] < 0:
            raise NotEnoughError
        if x[0] == 0:
            raise Exception("zero")
        out[0] = x[1]

    kernel = ao.kernel("(n)->()", dtypes="float64")(f)
    assert kernel([1.0, 2.0]) == 2.0
    with pytest.raises(NotEnoughError, match=r"^f: two are needed \(tests/test_array_kernels.py, line \d+\)$"):
        kernel([1.0])
    with pytest.raises(NotEnoughError, match=r"^f: NotEnoughError \("):
        kernel([-1.0, 0.0])
    with pytest.raises(Exception, match=r"^f: zero \(") as raised:
        kernel([0.0, 0.0])
    assert raised.type is Exception
    monkeypatch.delitem(globals(), "NotEnoughError")
    with pytest.raises(LookupError, match=r"^f: two are needed \("):
        kernel([1.0])


def test_classes_that_cannot_be_raised_are_rejected() -> None:
    class LocalError(ValueError):
        pass

    def rejected(error):
        def f(x, out):
            if x[0] < 0:
                raise error("a")
            out[0] = x[0]

        with pytest.raises(ao.BuildError) as raised:
            ao.kernel("(n)->()", dtypes="float64")(f)([1.0])
        return str(raised.value)

    assert "CodedError, which has parameters of its own; raise one that takes a message" in rejected(CodedError)
    assert "FileError, which inherits from OSError; raise one that inherits from one of " in rejected(FileError)
    assert "LocalError, which the module test_array_kernels does not have by that name" in rejected(LocalError)


def test_memory_that_there_is_not_is_a_memory_error() -> None:
    assert kernels.allocates(10) == 10
    with pytest.raises(MemoryError, match="allocates: "):
        kernels.allocates(2**58)
    with pytest.raises(ValueError, match="allocates: "):
        kernels.allocates(-1)


def test_kernels_are_made_by_their_decorator() -> None:
    for record in ([], None, "(n)->(n)", lambda x, out: None):
        with pytest.raises(TypeError, match=r"ArrayKernel: record must be what aotops.kernel makes; write @aotops"):
            ao.ArrayKernel(record)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself the signal of Ctrl-C there")
def test_a_loop_without_end_is_interrupted() -> None:
    # compiled before the signal comes: the parser of Python 3.11 fails where it is interrupted
    kernels.endless(np.zeros(1))
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        kernels.endless(np.ones((4, 3)))
    timer.join()
    assert kernels.endless(np.zeros(1)) is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("print(x)", "uses print; it is for people"),
        ("d = {1: 2}", "has a dict; write an array"),
        ("s = {x[0], 2.0}", "has a set; write a sorted array"),
        ("out[0] = np.linalg.det(x)", "LAPACK"),
        ("out[0] = np.random.random()", "pass random numbers, or compute them from a key and a counter"),
        ("x[0] + random.random()", "uses random.random; it draws random numbers"),
        ("out[0] = np.roots(x)[0]", "uses np.roots; it calls LAPACK"),
        ("raise ValueError(x[0])", "values in its message"),
        ("raise StopIteration('a')", "It raises StopIteration; raise one of"),
        ("try:\n        out[0] = x[0]\n    except IndexError:\n        pass", "has a try"),
        ("out[0] = f'{x[0]}' == 'a'", "has a formatted string"),
        ("out[0] = np.meshgrid(x, x)[0][0, 0]", "It uses numpy.meshgrid, which Numba does not have; write loops"),
        ("out[0] = any([x[0] > 0])", "It uses any, which kernels cannot have (builtin_function_or_method)"),
        ("out @= np.eye(1)", "has a @=; write out[:] = out @ a"),
        ("out[0] = x.foo", "foo"),
        ("x.copy().reshape(1, -1)[np.ones((1, 3)) > 0] = 0", "a mask of several dimensions are such: write np.where"),
        ("out[0] = np.zeros(3, dtype=bool)[0]", "It gives Python's bool for a dtype; write np.bool_"),
        ("out[0] = np.empty((1, 2), dtype=int)[0, 0]", "It gives Python's int for a dtype; write"),
        ("raise ValueError('bad %d' % len(x))", "It makes a string; messages are constants"),
        ("raise ValueError('bad') from None", "has a raise with from; leave from out"),
        ("out[0] = np.trim_zeros(x)[0]", "uses np.trim_zeros; Numba compiles it for Python alone"),
        ("values = []\n    out[0] = x[0]", "It has a list of which it is not known what it holds"),
        (
            "total = np.zeros(3)\n    for i in ao.prange(3):\n        total += x\n    out[0] = total[0]",
            "The loop over prange accumulates the array total",
        ),
        ("out[0] = np.dot(x, np.zeros((1, 1, 1)))[0]", "np.dot: the arguments must be vectors or matrices"),
    ],
)
def test_what_kernels_cannot_have_is_rejected_with_its_line(tmp_path: Path, body: str, reason: str) -> None:
    file = tmp_path / "rejected.py"
    modules = "import random\nimport numpy as np\nimport aotops as ao\n\n"
    source = f"{modules}def f(x, out):\n    {body}\n\nk = ao.kernel('(n)->()')(f)\n"
    file.write_text(source, encoding="utf-8")
    scope: dict[str, object] = {"__name__": "rejected", "__file__": str(file)}
    exec(compile(source, str(file), "exec"), scope)
    with pytest.raises(ao.BuildError) as caught:
        scope["k"](np.ones(3))  # type: ignore[operator]
    assert reason in str(caught.value)
    assert "rejected.py, line" in str(caught.value)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("(n)", "be like"),
        ("(n)->", "be like"),
        ("(n)->(m)", "compute the sizes of outputs from dimensions of inputs, got m in m"),
        ("(n)(m)->(n)", "be like"),
        ("(n-1)->()", "name the dimensions of inputs"),
        ("(n)->(n**9)", r"compute sizes with \+"),
        ("(n)->(__import__('os').getpid())", "compute sizes with"),
        ("((n)->(n)", "be like"),
    ],
)
def test_layouts_that_say_nothing_are_rejected(layout: str, message: str) -> None:
    with pytest.raises(ao.RecordError, match=message):
        ao.kernel(layout)(lambda x, out: None)


def test_declarations_that_contradict_themselves_are_rejected() -> None:
    with pytest.raises(TypeError, match="take 2 arrays by position"):
        ao.kernel("(n)->(n)")(lambda x: None)
    with pytest.raises(ao.RecordError, match="one for each of 2 operands, got 1"):
        ao.kernel("(n)->(n)", dtypes=[("float64",)])(lambda x, out: None)
    with pytest.raises(ao.RecordError, match="be some of bool"):
        ao.kernel("(n)->(n)", dtypes="float16")(lambda x, out: None)
    with pytest.raises(TypeError, match="kernel: layout must be a string"):
        ao.kernel(len)


def test_functions_of_guvectorize_are_taken_as_they_are() -> None:
    import numba

    @numba.guvectorize(["void(float64[:], int64[:], float64[:])"], "(n),()->(n)")
    def shifted(x, count, out):
        for i in range(x.shape[0]):
            out[i] = x[(i + count[0]) % x.shape[0]]

    kernel = ao.kernel(shifted)
    x = rng.random((3, 7))
    assert np.array_equal(kernel(x, 2), shifted(x, 2))


@requires_compiler
def test_built_ahead_of_time_they_need_no_numba_and_agree_on_every_level(tmp_path: Path) -> None:
    source = Path(kernels.__file__).read_text(encoding="utf-8")
    # a few suffice, and a build takes its time
    chosen = source[: source.index('@ao.kernel("(n),(k)')]
    module = tmp_path / "built_kernels.py"
    module.write_text(chosen, encoding="utf-8")
    command = [sys.executable, "-m", "aotops", "build", str(module)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | ONE_JOB)
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np, built_kernels as k\n"
        "x = np.arange(24.0).reshape(4, 6) / 7\n"
        "print(k.moving_mean(x, 3).tobytes().hex(), k.distances(x, x[:, ::-1]).tobytes().hex())\n"
        "try: k.moving_mean(x, 0)\n"
        "except ValueError as error: print(error)\n"
    )
    results = set()
    for level in ("", *(["x86-64-v2", "x86-64-v3"] if ao.cpu_level() != "generic" else [])):
        names = {**os.environ, **({"AOTOPS_CPU": level} if level else {})}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=names, capture_output=True, text=True, check=True
        )
        assert "compiled now" not in done.stderr
        results.add(done.stdout)
    (result,) = results
    assert "length must be from 1 to the number of elements (built_kernels.py, line" in result
    (library,) = tmp_path.glob("_built_kernels_aotops*")
    assert str(tmp_path).encode() not in library.read_bytes().replace(source.encode(), b"")
    # a changed source is noticed
    module.write_text(chosen.replace("(i + 1)", "(i + 2)"), encoding="utf-8")
    changed = [sys.executable, "-c", program.replace("sys.modules['numba'] = None", "")]
    done = subprocess.run(changed, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "the code of moving_mean changed" in done.stderr


def test_plain_python_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = rng.random((2, 3, 20))
    # the first call of a kernel decides whether it is compiled
    kernels.moving_mean(x, [[2], [3]])
    kernels.running(x)
    kernels.cross(x[0, 0, :3], x[1, :, :3])
    monkeypatch.setenv("AOTOPS_PYTHON", "1")
    scope = {"__name__": "plain", "__file__": kernels.__file__}
    exec(Path(kernels.__file__).read_text(encoding="utf-8"), scope)
    assert np.array_equal(scope["moving_mean"](x, [[2], [3]]), kernels.moving_mean(x, [[2], [3]]))
    for plain, compiled in zip(scope["running"](x), kernels.running(x), strict=True):
        assert np.array_equal(plain, compiled)
    assert np.array_equal(scope["cross"](x[0, 0, :3], x[1, :, :3]), kernels.cross(x[0, 0, :3], x[1, :, :3]))
