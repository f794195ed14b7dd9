"""``aotops port``: modules that use Numba are read, never imported; what is said of them is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from needs import requires_numba

from aotops.cli import main
from aotops.porting.report import Finding, read

#: Imports as packages have them, after which each sample stands.
IMPORTS = """
import math
import time
import numpy as np
import numba as nb
from numba import njit as jit, vectorize, guvectorize, float64, int64, prange, objmode, types
from numba.typed import List
from numba.pycc import CC
from .compat import njit as own_njit

cc = CC("extension")
opts = {"cache": True, "nogil": True}
fast = nb.njit(error_model="numpy", **opts)
SIGNATURES = ["float64(float64)", "float32(float32)"]
"""


def found(tmp_path: Path, source: str) -> dict[str, Finding]:
    """What is said of the functions of a module, by name."""
    path = tmp_path / "sample.py"
    path.write_text(IMPORTS + source, encoding="utf-8")
    (report,) = read([str(path)])
    assert not report.error
    return {finding.name: finding for finding in report.findings}


#: Functions that compile as they are, and their declarations; the last one that is shown, where there are several.
READY = [
    ("@vectorize(SIGNATURES)\ndef f(x):\n    return x * 2", "@ao.map"),
    ("@nb.vectorize\ndef f(x, y):\n    return x * y", "@ao.zip"),
    ("@vectorize([float64(float64, int64)])\ndef f(x, k):\n    return x ** k", None),
    ("@vectorize(['b1(f4)', 'b1(f8)'])\ndef f(x):\n    return x > 0", '@ao.map(result="bool")'),
    ("@vectorize(['i8(i8,i8)'])\ndef f(x, y):\n    return x & y", '@ao.zip(dtypes="int64")'),
    ("@jit\ndef f(x):\n    return math.sin(x)", "@ao.map"),
    (
        "@jit\ndef f(x, n):\n    y = 0.0\n    for i in range(n):\n        y += x\n    return y",
        '@ao.zip(fixed={"n": "int64"})',
    ),
    ("@jit\ndef f(x, up):\n    return x if up else -x", '@ao.zip(bool_inputs=("up",))'),
    (
        "@guvectorize(['void(f8[:], i8, f8[:])'], '(n), () -> (n)')\ndef f(x, k, out):\n    out[:] = x * k",
        '@ao.kernel("(n),()->(n)", dtypes=[("float64", "int64", "float64")])',
    ),
    (
        "@guvectorize([(float64[:], float64[:])], '(n)->()')\ndef f(x, out):\n    out[0] = x[0]",
        '@ao.kernel("(n)->()", dtypes="float64")',
    ),
    (
        "@guvectorize(['f8[:], f8[:]'], '(n)->()', nopython=True)\ndef f(x, out):\n    out[0] = x[0]",
        '@ao.kernel("(n)->()", dtypes="float64")',
    ),
    (
        "@guvectorize(['void(f8[:], f8[:])'], '(n),(n)', writable_args=(1,))\ndef f(x, y):\n    y[0] = x[0]",
        '@ao.kernel("(n),(n)", in_place="y", dtypes="float64")',
    ),
    (
        "@guvectorize([(float64[:], float64[:])], '(n),(m)->')\ndef f(x, y):\n    y[0] = 1\n    x[:] = 0",
        '@ao.kernel("(n),(m)", in_place=("x", "y"), dtypes="float64")',
    ),
    (
        "@guvectorize([(float64[:], float64[:])], '()->()', writable_args=('x',))\ndef f(x, out):\n    x[0] = 1",
        '@ao.kernel("()->()", in_place="x", dtypes="float64")',
    ),
    ("@jit('f8[:], i8')\ndef f(x, k):\n    return x[k]", '@ao.function("(f8[:], i8)")'),
    ("@jit('f8(f8[:], i8)')\ndef f(x, k):\n    return x[k]", '@ao.function("f8(f8[:], i8)")'),
    (
        "@nb.njit([nb.float64(nb.float64[:, ::1]), types.float64(types.float64[:])])\ndef f(x):\n    return x.sum()",
        '@ao.function(["float64(float64[:, ::1])", "float64(float64[:])"])',
    ),
    ("@cc.export('g', 'f8(f8[:])')\n@jit\ndef f(x):\n    return x[0]", '@ao.function("f8(f8[:])")'),
    ("@cc.export('g', 'f8(f8[:])')\ndef f(x):\n    return x[0]", '@ao.function("f8(f8[:])")'),
    ("@fast\ndef f(x, k):\n    return x[:k]", '@ao.function("(float64[:], int64)")'),
    ("@own_njit\ndef f(x):\n    return x[0, 0]", '@ao.function("(float64[:, :])")'),
    ("def f(x):\n    return x[0]\n\ng = jit(cache=True)(f)", '@ao.function("(float64[:])")'),
    ("def f(x):\n    return x[0]\n\ng = nb.njit(f)", '@ao.function("(float64[:])")'),
    (
        "@jit\ndef f(x, weights=None):\n    return x.sum() if weights is None else (x * weights).sum() / len(weights)",
        '@ao.function(["(float64[:])", "(float64[:], float64[:])"])',
    ),
    (
        "@jit\ndef f(x, k):\n    n = len(x)\n    out = np.empty(n)\n    for i in range(n):\n        out[i] = x[i] + k\n"
        "        out[i] += out[i - 1]\n    return out",
        '@ao.kernel("(n),()->(n)", dtypes="float64"), with the result as the last parameter',
    ),
    (
        "@jit\ndef f(x, out):\n    for i in range(x.shape[0]):\n        out[i] = out[i - 1] + x[i]",
        None,
    ),
    (
        "@jit\ndef f(x, out):\n    out[0] = x[0]\n    for i in range(1, x.shape[0]):\n"
        "        out[i] = out[i - 1] + x[i]",
        '@ao.kernel("(n)->(n)", dtypes="float64"), which returns the output',
    ),
    (
        "@jit\ndef f(a, b):\n    n, d = a.shape\n    m = b.shape[0]\n    D = np.zeros((n, m))\n"
        "    for i in prange(n):\n"
        "        for j in range(m):\n            for k in range(d):\n"
        "                D[i, j] += a[i, k] * b[j, k]\n    return D",
        '@ao.kernel("(n,d),(m,d)->(n,m)", dtypes="float64")',
    ),
    (
        "@jit\ndef f(img):\n    h, w = img.shape\n    out = np.zeros((h + 1, 2 * w), np.int64)\n    return out",
        '@ao.kernel("(h,w)->(h+1,2*w)", dtypes=[("float64", "int64")])',
    ),
    (
        "@jit\ndef f(x, y):\n    s = 0.0\n    for i in range(len(x)):\n        s += x[i] * y[i]\n    return s",
        "ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x * y)",
    ),
    (
        "@jit\ndef f(x, y, out):\n    for i in range(len(x)):\n        t = x[i] + y[i]\n        out[i] = t * t",
        "@ao.zip of (x, y), on the loop's body",
    ),
    (
        "@jit\ndef f(ptr, col, x, out):\n    for i in range(ptr.shape[0] - 1):\n"
        "        for k in range(ptr[i], ptr[i + 1]):\n"
        "            out[i] += x[col[k]]",
        '@ao.function("(int64[:], int64[:], float64[:], float64[:])")',
    ),
    ("@jit\ndef f(x, v):\n    x += v * x[0]", '@ao.function("(float64[:], float64)")'),
    (
        "@jit\ndef f(x):\n    for i in prange(len(x)):\n        for j in range(3):\n            if j > i:\n"
        "                break\n            x[i] += j",
        '@ao.function("(float64[:])")',
    ),
    ("@jit\ndef f(x, y):\n    return x + y, x - y", "@ao.zip(results=(None, None))"),
    ("@jit\ndef f(x):\n    return np.array([math.sin(v) for v in x])", '@ao.function("(float64[:])")'),
    ("@jit\ndef f(x, k):\n    return sum([x[0] * i for i in range(k)])", '@ao.function("(float64[:], int64)")'),
    (
        "@jit\ndef f(k, r, v):\n    return (v @ v - k) * np.cross(r, v)",
        '@ao.function("(float64, float64[:], float64[:])")',
    ),
    ("@jit\ndef f(x, width):\n    return x[0] >> width, x[1] & 0xFF", '@ao.function("(int64[:], int64)")'),
    ("@jit\ndef f(x, y):\n    return np.hstack((x, y))", '@ao.function("(float64[:], float64[:])")'),
    ("@jit\ndef f(groups, x):\n    return np.bincount(groups), x[0]", '@ao.function("(int64[:], float64[:])")'),
    (
        "@jit\ndef f(x, labels):\n    inside = labels == 1\n    rows = x[inside & ~np.isnan(labels)]\n"
        "    return rows[:, 0].mean() + x[np.argsort(labels)][0, 1] + labels[0]",
        '@ao.function("(float64[:, :], float64[:])")',
    ),
    (
        "@jit('f4(f4[:,::1],i4[:])')\ndef f(x, k):\n    s = 0.0\n    for i in range(len(x)):\n        s += x[i, k[i]]\n"
        "    return s",
        '@ao.kernel("(n,m),(n)->()", dtypes=[("float32", "int32", "float32")])',
    ),
    (
        "class Custom(ValueError):\n  pass\n\n@jit\ndef f(x):\n    assert len(x)\n    raise Custom('a')",
        '@ao.function("(float64[:])")',
    ),
    ("@jit\ndef f(x, k):\n    return x[0] * type(k)(2)", '@ao.function("(float64[:], float64)")'),
    ("@jit\ndef f(c):\n    return c.real", '@ao.function("(complex128)")'),
    ("@jit\ndef f(x):\n    assert x.size > 0, 'empty'\n    return x[0]", '@ao.function("(float64[:])")'),
]


def test_what_compiles_is_said_with_its_declaration(tmp_path: Path) -> None:
    for source, wanted in READY:
        finding = found(tmp_path, source)["f"]
        assert finding.status == "ready", (source, finding.obstacles)
        assert finding.declaration is not None
        shown = [finding.declaration.text, *finding.declaration.also]
        assert wanted is None or any(each.startswith(wanted) for each in shown), (source, shown)


#: Statements of a function of x and k in which something stands in the way, at the line that ends in ``#``.
BLOCKED = [
    ("d = {}  #", "a dict", "an array that an integer indexes"),
    ("d = {i: i for i in range(3)}  #", "a dict", "an array"),
    ("s = set()  #", "set", "a sorted array"),
    ("s = {1, 2}  #", "a set", "a sorted array"),
    ("print(x)  #", "print", "return what is to be printed"),
    ("y = np.random.rand()  #", "np.random.rand", "pass random numbers"),
    ("y = np.linalg.inv(x)  #", "np.linalg.inv", "LAPACK"),
    ("with objmode(y='float64'):  #\n        y = time.time()", "object mode", "split the function"),
    ("y = time.time()  #", "time.time", "measure outside"),
    ("y = List()  #", "List", "arrays, or lists of numbers"),
    ("y = x['price']  #", "a field by its name", "an array for each field"),
    ("y = nb.typed.Dict()  #", "nb.typed.Dict", "arrays"),
    ("y = nb.int64(k)  #", "nb.int64, a type of Numba's", "write np.int64"),
    ("y = types.float32(k)  #", "types.float32", "write np.float32"),
    ("if k == 'linear':  #\n        return 1.0", "a comparison of strings", "pass an integer"),
    ("y = str(k)  #", "a string", "use numbers"),
    ("y = isinstance(k, float)  #", "a question about types", "a function for each type"),
    ("raise ValueError(f'bad {k}')  #", "a value in the message", "constant message"),
    ("raise ValueError('bad %d' % k)  #", "a value in the message", "constant message"),
    ("raise SystemExit('a')  #", "a raise of SystemExit", "raise one of"),
    ("try:  #\n        y = 1 / k\n    except ZeroDivisionError:\n        y = 0.0", "a try", "a condition"),
    ("yield x  #", "a yield", "to an array"),
    ("global G  #\n    G = k", "an assignment to a global variable", "return the value"),
    ("y = f'{k}'  #", "a formatted string", "constants"),
    ("import math  #", "an import", "at the top"),
    ("x @= x  #", "a @=", "out @ a"),
    ("return [1, 2]  #", "a list that is returned", "np.array([1, 2])"),
    ("for i in prange(3):\n        if x[i] > 0:\n            break  #", "a break in a loop over prange", "write range"),
    (
        "for i in nb.prange(3):\n        while k > 0:\n            return 1.0  #",
        "a return in a loop over prange",
        "range",
    ),
    ("y = sorted(x)  #", "sorted", "np.sort"),
    ("y = stats.norm.cdf(k)  #", "stats.norm.cdf, which is not Python", "outside"),
]


def test_what_stands_in_the_way_is_said_with_its_line(tmp_path: Path) -> None:
    for body, what, instead in BLOCKED:
        source = f"from scipy import stats\n\n@jit\ndef f(x, k):\n    x[0]\n    {body}\n"
        finding = found(tmp_path, source)["f"]
        line = 1 + (IMPORTS + source).splitlines().index(next(s for s in source.splitlines() if s.endswith("  #")))
        assert finding.status == "blocked" and finding.declaration is None
        assert any(o.line == line and o.what.startswith(what) and instead in o.instead for o in finding.obstacles), (
            body,
            finding.obstacles,
        )


#: What is wrong with a function as a whole.
KINDS = [
    ("@nb.cuda.jit\ndef f(x):\n    x[0] = 1", "a kernel for GPUs"),
    ("@nb.generated_jit\ndef f(x):\n    return lambda x: x", "generated_jit"),
    ("@nb.stencil\ndef f(a):\n    return a[-1] + a[1]", "a stencil"),
    ("@nb.experimental.jitclass([])\nclass f:\n    pass", "a jitclass"),
    ("@nb.extending.overload(len)\ndef f(x):\n    return lambda x: 1", "an extension of Numba"),
    ("@nb.jit(forceobj=True)\ndef f(x):\n    return x", "object mode"),
    ("@jit\ndef f(*x):\n    return x[0]", "a parameter for any number"),
    ("@jit\ndef f(x, *, k):\n    return x[k]", "a parameter that is given by name alone"),
    ("@jit\ndef g(x):\n    print(x)\n\n@jit\ndef f(x):\n    return g(x)", "a call of g"),
    (
        "@guvectorize(['void(f8[:], i8[:], f8[:])'], '(n),()->(n)')\ndef f(x, k, out):\n    out[:] = x[k[0]]",
        "k[0] of an input without axes",
    ),
    ("@guvectorize(['void(f8[:], f8[:])'], '(n)->()')\ndef f(x, out):\n    x[0] = 1.0", "a write to the input x"),
    (
        "@guvectorize([(float64[:], float64[:])], '(n),(m)')\ndef f(x, y):\n    z = x[0] + y[0]",
        "a layout without outputs",
    ),
    (
        "@guvectorize([(float64[:], float64[:])], make())\ndef f(x, out):\n    out[0] = x[0]",
        "a layout that is computed",
    ),
]


def test_kinds_of_functions_that_have_no_counterpart_say_what_to_write(tmp_path: Path) -> None:
    for source, what in KINDS:
        finding = found(tmp_path, source)["f"]
        assert finding.status == "blocked" and all(each.instead for each in finding.obstacles)
        assert any(each.what.startswith(what) for each in finding.obstacles), (source, finding.obstacles)
    inner = found(tmp_path, "def make(taps):\n    @jit\n    def f(x):\n        return x[taps]\n    return f")["make.f"]
    assert "of which it reads taps" in inner.obstacles[0].what
    method = found(tmp_path, "class C:\n    @staticmethod\n    @jit\n    def f(x):\n        return x[0]")["C.f"]
    assert method.obstacles[0].what == "a function in a class"


def test_notes_say_what_options_become_and_what_differs(tmp_path: Path) -> None:
    source = (
        "@jit(parallel=True, fastmath=True, cache=True)\ndef f(x):\n    for i in prange(3):\n        x[i] /= x[0]\n"
    )
    notes = "\n".join(found(tmp_path, source)["f"].notes)
    for each in ("parallel=True", "fastmath", "cache=True", "prange"):
        assert each in notes
    assert "division by zero (line 18)" in "\n".join(found(tmp_path, source.replace("/=", "= x[i] /"))["f"].notes)
    numpys = "@fast\ndef f(x):\n    return x[0] / x[1]\n"
    assert not any("division" in each for each in found(tmp_path, numpys)["f"].notes)
    single = "@jit('f4(f4[:])', cache=False)\ndef f(x):\n    return 2 * x[0]\n"
    (note,) = found(tmp_path, single)["f"].notes
    assert "float32 stays float32" in note


def test_lambdas_that_variables_hold_are_functions(tmp_path: Path) -> None:
    source = """
f = nb.njit(nb.float64(nb.float64[:]))(lambda x: x.sum())
g = nb.vectorize(lambda x: x + 1)
h = nb.njit(lambda x: print(x))
"""
    findings = found(tmp_path, source)
    assert {name: each.status for name, each in findings.items()} == {"f": "ready", "g": "ready", "h": "blocked"}
    assert findings["h"].line == findings["f"].line + 2
    declaration = findings["f"].declaration
    assert declaration is not None and declaration.text == '@ao.function("float64(float64[:])")'


def test_helpers_need_no_declaration(tmp_path: Path) -> None:
    source = (
        "@jit\ndef _g(x):\n    return x[0]\n\n@jit\ndef h(x):\n    return x[0]\n\n@jit\ndef f(x):\n"
        "    return _g(x[0]) + h(x)\n"
    )
    findings = found(tmp_path, source)
    assert findings["_g"].status == "helper" and findings["_g"].called_by == ["f"]
    shadowed = "@jit\ndef f(x):\n    return x[0]\n\n@jit\ndef g(f, x):\n    h = f + x\n    return h"
    assert found(tmp_path, shadowed)["f"].status == "ready"  # g has a parameter of its name, and calls nothing
    assert findings["h"].status == "ready"
    assert findings["f"].declaration is not None
    assert findings["f"].declaration.text == '@ao.function("(float64[:, :])")'
    assert found(tmp_path, source + "\ndef use(x):\n    return f(x)\n")["h"].status == "helper"


def test_other_decorators_are_left_alone(tmp_path: Path) -> None:
    source = (
        "from jax import jit as other\nfrom torch import vmap\n\n@other\ndef f(x):\n    return x\n"
        "\n@vmap\ndef g(x):\n    return x\n"
    )
    assert found(tmp_path, source) == {}


def test_the_command_reads_folders_and_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = IMPORTS + "@jit\ndef first(x):\n    return x[0]\n"
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    (package / "build").mkdir()
    for name in ("a.py", "inner/b.py", "build/left_out.py"):
        (package / name).write_text(good, encoding="utf-8")
    (package / "none.py").write_text("x = 1\n", encoding="utf-8")
    assert main(["port", str(package)]) == 0
    out = capsys.readouterr().out
    assert out.count('line 16: first\n    @ao.function("(float64[:])")\n') == 2
    assert out.endswith("or list several.\n") and "2 functions: 2 can be declared as shown, 0 need no" in out
    (package / "c.py").write_text(IMPORTS + "@jit\ndef second(x):\n    print(x[0])\n", encoding="utf-8")
    assert main(["port", "--json", str(package)]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["summary"] == {"ready": 2, "helper": 0, "blocked": 1}
    (blocked,) = next(each for each in data["files"] if each["file"].endswith("c.py"))["functions"]
    assert blocked["obstacles"][0]["line"] == 17 and blocked["status"] == "blocked"
    assert main(["port", str(package / "none.py")]) == 0
    assert capsys.readouterr().out == "No function that Numba compiles was found.\n"


def test_files_that_cannot_be_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content, message in [
        ("broken.py", b"def f(:\n", "broken.py, line 1: invalid syntax"),
        ("null.py", b"x = 1\0\n", "null.py"),
        ("latin.py", b"x = '\xe4'\n", "latin.py"),
        ("absent.py", None, "absent.py: No such file or directory"),
        ("deep.py", b"x = " + b"(" * 1000 + b")" * 1000, "deep.py"),
    ]:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        good = tmp_path / "good.py"
        good.write_text(IMPORTS + "@jit\ndef first(x):\n    return x[0]\n", encoding="utf-8")
        assert main(["port", str(path), str(good)]) == 2
        out, err = capsys.readouterr()
        assert message in err and "Traceback" not in err and "first" in out


def test_nothing_is_imported(tmp_path: Path) -> None:
    """Neither the module nor Numba nor NumPy."""
    path = tmp_path / "explodes.py"
    path.write_text(IMPORTS + "@jit\ndef f(x):\n    return x[0]\n\nraise SystemExit('imported')\n", encoding="utf-8")
    program = (
        "import sys\nfrom aotops.cli import main\n"
        f"status = main(['port', {str(path)!r}])\n"
        "print(status, [name for name in ('numba', 'numpy', 'explodes') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


@requires_numba
def test_compile_tries_it_for_real(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tried_by_port.py"
    path.write_text(
        "import math\nimport numba as nb\n\n@nb.njit\ndef works(x):\n    return math.sin(x)\n\n"
        "@nb.njit('f8(f8[:])')\ndef fails(x):\n    return x.no_such_attribute\n\n"
        "@nb.vectorize(['f8(f8)'], target='parallel')\ndef lost(x):\n    return x\n",
        encoding="utf-8",
    )
    text = path.read_text(encoding="utf-8").replace("'f8(f8[:])'", "")  # or Numba itself would fail at the import
    path.write_text(text, encoding="utf-8")
    assert main(["port", "--compile", "--json", str(path)]) == 1
    works, fails, lost = json.loads(capsys.readouterr().out)["files"][0]["functions"]
    assert works["status"] == "ready" and fails["status"] == "blocked" and lost["status"] == "ready"
    assert "no_such_attribute" in fails["obstacles"][-1]["instead"]
    assert any("not tried" in each for each in lost["notes"])
