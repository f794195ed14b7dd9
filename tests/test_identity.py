"""A kernel runs for the operator that it was compiled for and for no other: what is compared when it is bound."""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import linecache
import re
import shutil
import sys
import textwrap
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needs import requires_numba
from test_declare import only_aotops, run

import aotops as ao
from aotops import _native, abi
from aotops.aot.pack.kernels import Kernel, all_kernels, distinct, kernels_of, record_kernels
from aotops.aot.pack.manifest import manifest
from aotops.aot.pack.modules import declared_records
from aotops.encode import LOOPS, dtype_code, encode, encode_kernel
from aotops.ops.record import ALL, Record, combine_symbol, kernel_symbol
from aotops.user import declare, identity

NATIVE = Path(ao.__file__).parent / "native"

pytestmark = requires_numba

# --- what a declaration is made from ------------------------------------------------------------------------------

MODULE = '''
import math
import aotops as ao
from collections import namedtuple
from enum import Enum
import numpy as np
import constants_of_test as constants

SCALE = 2.0
COUNT = 3
FLAG = True
ZERO = 0.0
NOT_A_NUMBER = float("nan")
NAME = "two"
TABLE = (1.0, 2.0, (3.0, 4))
ARRAY = np.array([1.0, 2.0])
SINGLE = np.float32(0.5)
KIND = np.float32
DTYPE = np.dtype("float32")
Pair = namedtuple("Pair", "a b")
PAIR = Pair(1.0, 2.0)


class Color(Enum):
    RED = 1
    BLUE = 2


COLOR = Color.RED


def helper(x, by=1.0):
    """Help."""
    return x * by


def scaled(factor):
    def inner(x):
        return x * factor

    return inner


def shifted(shift):
    return lambda x: x + shift


def nested(x):
    return (lambda y: y * SCALE)(x)


times = scaled(3.0)
plus = shifted(3.0)
absolute = abs
power = math.pow


@ao.map(dtypes="float64")
def called(x):
    return x + 1.0


def uses(x):
    module = constants
    return (
        SCALE, COUNT, FLAG, ZERO, NOT_A_NUMBER, NAME, TABLE, ARRAY, SINGLE, KIND, DTYPE, PAIR, COLOR, Color, module.K,
        constants.sub.DEEP, helper(x), times(x), plus(x), absolute(x), power(x, x), called(x), nested(x), math.sin(x)
    )


step = ao.map(uses, dtypes="float64")


@step.derivative
def _(x, y, g):
    return g * SCALE


add = ao.zip(lambda x, y: x + y, dtypes=("int64", "float64"))
choose = ao.zip(lambda c, x, y: x if c else y, bool_inputs="c", dtypes="float64")
total = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x: x * SCALE, dtypes="float64")
'''
CONSTANTS = "K = 1.5\nOTHER = 1\nimport types\nsub = types.ModuleType('sub')\nsub.DEEP = 2.5\nsub.OTHER = 3\n"


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports the source of a module, with a module of constants beside it."""

    def imported(source: str, constants: str = CONSTANTS, name: str = "module_of_test") -> types.ModuleType:
        made = types.ModuleType("constants_of_test")
        exec(constants, vars(made))
        monkeypatch.setitem(sys.modules, "constants_of_test", made)
        path = tmp_path / f"{name}_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(source, encoding="utf-8")
        linecache.checkcache(str(path))
        module = types.ModuleType(name)
        module.__file__ = str(path)
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
        return module

    return imported


def record_named(module: types.ModuleType, name: str) -> Record:
    """The record of an operator of a module, or of its derivative."""
    operator = getattr(module, name.removesuffix(".derivative"))
    declare.name_of(operator)
    record = declare.declaration(operator)
    if name.endswith(".derivative"):
        assert record.gradient is not None
        declare.name_of(record.gradient.operator)
        return record.gradient
    return record


def difference(
    built: types.ModuleType, now: types.ModuleType, monkeypatch: pytest.MonkeyPatch, other: bool, name: str = "step"
) -> str | None:
    """What a process says of an operator's kernels that were built from another module, perhaps by another Python."""
    written = manifest([record_named(built, name)])
    with monkeypatch.context() as patch:
        if other:
            # all digests of code differ, as between versions of Python: sources are compiled instead
            patch.setattr(sys.implementation, "cache_tag", "another-python")
        return identity.Manifest(written).difference(record_named(now, name), name)


def edited(source: str, old: str, new: str) -> str:
    """A source with something exchanged."""
    assert source.count(old) == 1, old
    return source.replace(old, new)


SAME = {
    "nothing": ("", ""),
    "comment": ("SCALE = 2.0", "# why\n\nSCALE = 2.0  # how much"),
    "comment inside": ("    module = constants\n", "    # a comment\n\n    module = constants\n"),
    "docstring": ('"""Help."""', '"""Help with something."""'),
    "docstring added": ("    return g * SCALE", '    """New."""\n    return g * SCALE'),
    "spelling": ("return x * by", "return (x*by)"),
    "annotation": ("def helper(x, by=1.0)", "def helper(x: float, by: 'float' = 1.0) -> 'float'"),
    "another way to a value": ("SCALE = 2.0", "SCALE = 1.0 + 1.0"),
    "what is not used": ("COUNT = 3", "UNUSED = 4\nCOUNT = 3"),
    "renamed class of the module": ("class Color(Enum)", "class Unused:\n    pass\n\n\nclass Color(Enum)"),
}
SAME["nothing"] = ("SCALE = 2.0", "SCALE = 2.0")


@pytest.mark.parametrize("other", [False, True], ids=["same Python", "another Python"])
@pytest.mark.parametrize("change", SAME)
def test_what_changes_nothing_is_no_difference(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, change: str, other: bool
) -> None:
    for name in ("step", "step.derivative"):
        now = workshop(edited(MODULE, *SAME[change]))
        assert difference(workshop(MODULE), now, monkeypatch, other, name) is None


CHANGES = [
    ("SCALE = 2.0", "SCALE = 3.0", "SCALE changed from 2.0 to 3.0"),
    ("SCALE = 2.0", "SCALE = 2", "SCALE changed from 2.0 to 2"),
    ("SCALE = 2.0", "SCALE = np.float64(2.0)", "SCALE changed from 2.0 to numpy <f8 2.0"),
    ("SCALE = 2.0", "", "SCALE changed from 2.0 to nothing"),
    ("COUNT = 3", "COUNT = 3 + 2**70", "COUNT changed from 3 to 1180591620717411303427"),
    ("FLAG = True", "FLAG = 1", "FLAG changed from True to 1"),
    ("FLAG = True", "FLAG = None", "FLAG changed from True to None"),
    ("ZERO = 0.0", "ZERO = -0.0", "ZERO changed from 0.0 to -0.0"),
    ('= float("nan")', '= -float("nan")', "NOT_A_NUMBER changed from nan 000000000000f87f to nan 000000000000f8ff"),
    ('NAME = "two"', 'NAME = b"two"', "NAME changed from 'two' to b'two'"),
    ("(3.0, 4))", "(3.0, 5))", "TABLE changed from (1.0, 2.0, (3.0, 4,),) to (1.0, 2.0, (3.0, 5,),)"),
    ("np.array([1.0, 2.0])", "np.array([1.0, 2.5])", "ARRAY changed from numpy <f8 (2,) C "),
    ("np.array([1.0, 2.0])", "np.array([1.0, 2.0], dtype='float32')", "to numpy <f4 (2,) C "),
    ("np.array([1.0, 2.0])", "np.array([[1.0, 2.0]])", "to numpy <f8 (1, 2) C "),
    ("np.array([1.0, 2.0])", "np.arange(10.0)[::2]", "to numpy <f8 (5,) A "),
    ("np.array([1.0, 2.0])", "np.zeros(1, dtype=[('a', 'f4'), ('b', 'i8')])", "to numpy |V12 [('a', '<f4'), ('b'"),
    ("np.float32(0.5)", "np.float32(0.25)", "SINGLE changed from numpy <f4 0.5 to numpy <f4 0.25"),
    ("np.float32(0.5)", "np.float64(0.5)", "SINGLE changed from numpy <f4 0.5 to numpy <f8 0.5"),
    ("KIND = np.float32", "KIND = np.float64", "KIND changed from float32 to float64"),
    ('np.dtype("float32")', 'np.dtype("float64")', "DTYPE changed from numpy.dtype <f4 to numpy.dtype <f8"),
    ("PAIR = Pair(1.0, 2.0)", "PAIR = Pair(1.0, 2.5)", "PAIR changed from Pair(a, b: (1.0, 2.0,)) to Pair(a, b: (1"),
    ('"Pair", "a b"', '"Pair", "b a"', "PAIR changed from Pair(a, b: (1.0, 2.0,)) to Pair(b, a: "),
    ("COLOR = Color.RED", "COLOR = Color.BLUE", "COLOR changed from Color.RED = 1 to Color.BLUE = 2"),
    ("BLUE = 2", "BLUE = 3", "Color changed from Color(RED=Color.RED = 1, BLUE=Color.BLUE = 2) to Color("),
    ("BLUE = 2", "BLUE = 2\n    SKY = 2", "Color changed from Color("),
    ("return x * by", "return by * x", "the code of helper changed"),
    ("return x * by", "return x * by + 0.0", "the code of helper changed"),
    ("by=1.0", "by=2.0", "the defaults of helper changed from ((1.0,), None,) to ((2.0,), None,)"),
    ("scaled(3.0)", "scaled(4.0)", "factor changed from 3.0 to 4.0"),
    ("return x * factor", "return factor * x", "the code of inner changed"),
    ("shifted(3.0)", "shifted(4.0)", "shift changed from 3.0 to 4.0"),
    ("lambda x: x + shift", "lambda x: x - shift", "the code of <lambda> changed"),
    ("y * SCALE", "SCALE * y", "the code of nested changed"),
    ("absolute = abs", "absolute = max", "absolute changed from builtins.abs to builtins.max"),
    ("absolute = abs", "absolute = helper", "absolute changed from builtins.abs to a function"),
    ("power = math.pow", "power = math.atan2", "power changed from math.pow to math.atan2"),
    ("return x + 1.0", "return x + 2.0", "the code of called changed"),
    ('@ao.map(dtypes="float64")', '@ao.map(dtypes=("float32", "float64"))', "the dtypes of called changed from"),
    ('@ao.map(dtypes="float64")', "", "called changed from an operator to a function"),
    ("math.sin(x)", "math.cos(x)", "the code of uses changed"),
    ("import math\n", "import math, types\nmath = types.ModuleType('math', math.sin); math.pow = math.sin = len\n", ""),
    ("step = ao.map(uses,", "step = ao.map(helper2,", "the code of helper2 changed"),
    ('uses, dtypes="float64"', 'uses, dtypes="float32"', "its dtypes changed from float64 to float32"),
    ('uses, dtypes="float64"', 'uses, dtypes="float64", result="int64"', "its signature for float64 changed from "),
]  # fmt: skip


@pytest.mark.parametrize("other", [False, True], ids=["same Python", "another Python"])
@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_every_change_is_told(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str, other: bool
) -> None:
    source = edited(MODULE, old, new).replace(
        "step = ao.map(helper2", "def helper2(x):\n    return x\n\n\nstep = ao.map(helper2"
    )
    source = source.replace("@step.derivative", "@step.derivative" if "result=" not in new else "")
    told = difference(workshop(MODULE), workshop(source), monkeypatch, other)
    assert told is not None and message in told
    # and in the other direction
    assert difference(workshop(source), workshop(MODULE), monkeypatch, other) is not None


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("step.derivative", "SCALE = 2.0", "SCALE = 3.0", "SCALE changed"),
        ("step.derivative", "return g * SCALE", "return SCALE * g", "the code of _ changed"),
        ("add", "ao.zip(lambda x, y:", "ao.zip(lambda x, z:", "its parameters changed from x, y to x, z"),
        ("add", "ao.zip(lambda x, y: x + y", "ao.zip(lambda x, y: y + x", "the code of <lambda> changed"),
        ("add", "ao.zip(lambda x, y: x + y", "ao.map(lambda x: x", "its kind changed from zip to map"),
        ("add", '("int64", "float64")', '"float64"', "its dtypes changed from int64, float64 to float64"),
        ("choose", 'bool_inputs="c"', 'bool_inputs="y"', "its fixed inputs changed from c: bool to y: bool"),
        ("choose", 'bool_inputs="c", ', "", "its fixed inputs changed from c: bool to none"),
        ("total", "identity=0.0", "identity=-0.0", "its identity for float64 changed from 0.0 to -0.0"),
        ("total", "a + b, identity", "b + a, identity", "the code of <lambda> changed"),
        ("total", "map=lambda x: x * SCALE, ", "", "its function of the inputs changed"),
        ("total", "SCALE = 2.0", "SCALE = 3.0", "SCALE changed"),
    ],
)
@pytest.mark.parametrize("other", [False, True], ids=["same Python", "another Python"])
def test_every_part_of_a_declaration_counts(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, message: str, other: bool
) -> None:
    assert difference(workshop(MODULE), workshop(MODULE), monkeypatch, other, name) is None
    told = difference(workshop(MODULE), workshop(edited(MODULE, old, new)), monkeypatch, other, name)
    assert told is not None and (message in told or told == "it refers to less")


def test_attributes_of_modules_count_where_they_are_used(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for old, new, message in [
        ("K = 1.5", "K = 2.5", "constants.K changed from 1.5 to 2.5"),
        ("sub.DEEP = 2.5", "sub.DEEP = 3.5", "constants.sub.DEEP changed from 2.5 to 3.5"),
        ("K = 1.5", "", "constants.K changed from 1.5 to nothing"),
        ("OTHER = 1", "OTHER = 2", None),
        ("sub.OTHER = 3", "", None),
    ]:
        now = workshop(MODULE, edited(CONSTANTS, old, new))
        built = workshop(MODULE)
        assert difference(built, now, monkeypatch, False) == message


def test_globals_that_hide_builtins_count(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import aotops as ao\nstep = ao.map(lambda x: abs(x), dtypes='float64')\n"
    now = workshop(source + "def abs(x):\n    return x\n")
    assert difference(workshop(source), now, monkeypatch, False) == "abs changed from builtins.abs to a function"


#: Functions whose source is not simply a part of their file.
SOURCES = {
    "one of two in a line": "f, step = ao.map(lambda x: x), ao.map(lambda x: x + 1.0, dtypes='float64')",
    "lambda of lines": """
        step = ao.map(
            lambda x: (
                x  # why
                + 1.0
            ),
            dtypes='float64')
        """,
    "lambda in a bracket": "step = ao.map((lambda\n x:\n x + 1.0), dtypes='float64')",
    "closure of a closure": """
        def outer(a):
            def middle(b):
                text = '''
              as it stands
            '''
                def inner(x):
                    return x * a + b * len('''
              as it stands
            ''') + len(text)
                return inner
            return middle
        step = ao.map(outer(2.0)(3.0), dtypes='float64')
        """,
    "tabs": """
        def outer(a):
        \tif a:
        \t\tdef inner(x):
        \t\t\treturn x * a
        \t\treturn inner
        step = ao.map(outer(2.0), dtypes='float64')
        """,
    "in a branch": "if True:\n    @ao.map(\n        dtypes='float64'\n    )\n    def step(x):\n        return x + 1.0",
    "private names": """
        __K = 2.0
        class Holder:
            def make(self):
                __k = 2.0
                def inner(x):
                    __y = x * __k
                    return __y
                return inner
            __K = 3.0
            step = ao.map(lambda x: x * _Holder__L, dtypes='float64')
        _Holder__L = 4.0
        step = ao.map(Holder().make(), dtypes='float64')
        """,
    "function inside": """
        def step(x):
            def square(y):
                return y * y
            return square(x) + (lambda z: z)(x)
        step = ao.map(step, dtypes='float64')
        """,
    "names beyond ASCII": "größe = 2.0\ndef μ(x):\n    return x * größe  # µ\nstep = ao.map(μ, dtypes='float64')",
    "method of an import": """
        import math
        from os import path
        step = ao.map(lambda x: math.sin(x) + path.sep(x), dtypes='float64')
        """,
    "parameter with the name of an import": """
        import math
        step = ao.map(lambda math: math.sin(math), dtypes='float64')
        """,
    "decorated twice": "def same(f):\n    return f\n@ao.map(dtypes='float64')\n@same\ndef step(x):\n    return x + 1.0",
    "loop and set": """
        def step(x):
            for k in (1, 2, 3):
                x = x + k if k in {1, 2} else x
            return x
        step = ao.map(step, dtypes='float64')
        """,
    "strings": "def step(x):\n    return x * len('\\t\\n\\x00\"') * len(r'\\d')\nstep = ao.map(step, dtypes='float64')",
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_another_python_compiles_the_source(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, name: str, future: str
) -> None:
    source = future + "import aotops as ao\n" + textwrap.dedent(SOURCES[name])
    for other in (False, True):
        assert difference(workshop(source), workshop(source), monkeypatch, other) is None


def test_debug_is_a_constant(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import aotops as ao\nstep = ao.map(lambda x: x * (2.0 if __debug__ else 3.0), dtypes='float64')\n"
    written = manifest([record_named(workshop(source), "step")])
    assert written.startswith(f"{identity.python_version()}\nTrue\n\n")
    monkeypatch.setattr(sys.implementation, "cache_tag", "another-python")
    for debug, told in (("True", None), ("False", "the code of <lambda> changed")):
        changed = identity.Manifest(written.replace("\nTrue\n", f"\n{debug}\n", 1))
        assert changed.difference(record_named(workshop(source), "step"), "step") == told


def test_code_without_source_is_known_to_the_same_python_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> types.ModuleType:
        module = types.ModuleType("made_up")
        exec(
            "import aotops as ao\ndef step(x):\n    return x + 1.0\nstep = ao.map(step, dtypes='float64')", vars(module)
        )
        return module

    assert difference(made(), made(), monkeypatch, False) is None
    assert difference(made(), made(), monkeypatch, True) == "the code of step changed"
    written = manifest([record_named(made(), "step")]).replace(identity.python_version(), "Python 3.5", 1)
    monkeypatch.setattr(sys.implementation, "cache_tag", "another-python")
    told = identity.Manifest(written).difference(record_named(made(), "step"), "step")
    now = identity.python_version()
    assert told == f"step was compiled by Python 3.5 from code without source, which {now} cannot compare"


def test_a_source_that_changes_while_the_module_is_imported_is_not_taken(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import aotops as ao\ndef step(x):\n    return x + 1.0\nstep = ao.map(step, dtypes='float64')\n"
    module = workshop(source)
    Path(str(module.__file__)).write_text(source.replace("1.0", "2.0"))
    linecache.checkcache()
    assert "\n\nsource" not in manifest([record_named(module, "step")])


def test_digests_are_python_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    datas = [b"", b"\0", b"\0\0", b"a", b"ab", b"ba", bytes(1000), bytes(1001)]
    wanted = [hashlib.blake2b(data, digest_size=16).hexdigest() for data in datas]
    assert [identity.check_sum(data) for data in datas] == wanted
    monkeypatch.setitem(sys.modules, "_blake2", None)  # a Python that does not have it by that name
    assert [identity.check_sum(data) for data in datas] == wanted


# --- symbols ------------------------------------------------------------------------------------------------------


PARTS = st.lists(st.sampled_from([*ALL, "combine"]), min_size=1, max_size=2)


@given(st.lists(st.tuples(st.text("a_x3bcμ.", min_size=1, max_size=9), PARTS), unique_by=str))
def test_symbols_of_different_kernels_differ(kernels: list[tuple[str, list[str]]]) -> None:
    symbols = [kernel_symbol(name, *parts) for name, parts in kernels]
    assert len(set(symbols)) == len(symbols)
    assert all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", symbol) for symbol in symbols)


def test_names_that_looked_alike_have_symbols_of_their_own() -> None:
    names = ["f.derivative", "f_derivative", "f__derivative", "f_x2e_derivative", "total", "total_combine", "μ", "u3bc"]
    names += [
        "x3bc",
        "_x3bc_",
        "a",
        "a_",
        "_a",
        "a_float32",
        "a_float32_float64",
        "combine",
        "A",
        "x" * 5000,
        "x" * 5001,
    ]
    symbols = [
        kernel_symbol(name, *parts) for name in names for parts in itertools.product(["combine", "float64"], ALL)
    ]
    symbols += [kernel_symbol(name, dtype) for name in names for dtype in ALL]
    assert len(set(symbols)) == len(symbols)


def test_two_kernels_of_one_symbol_are_rejected() -> None:
    def kernel(symbol: str, title: str) -> Kernel:
        return Kernel(symbol, title, "float64", len, place="ops.py, line 3")

    assert [each.title for each in distinct([kernel("a", "one"), kernel("b", "two")])] == ["one", "two"]
    with pytest.raises(ao.BuildError, match=r"two kernels have the symbol a: one \(ops.py, line 3\) and two \(ops.py"):
        distinct([kernel("a", "one"), kernel("b", "two"), kernel("a", "two")])
    assert len(distinct(all_kernels([]))) == len(all_kernels([]))


def test_two_operators_of_one_name_are_rejected(workshop: Any) -> None:
    source = "import aotops as ao\nf = ao.map(lambda x: x, dtypes='float64')\nf.derivative(lambda x, y, g: g)\n"
    module = workshop(source + "globals()['f.derivative'] = ao.map(lambda x: -x, dtypes='float64')\n")
    with pytest.raises(ao.BuildError, match=r"two operators have the name f\.derivative: .*, line 3 and .*, line 4"):
        declared_records(module)
    module = workshop("import aotops as ao\nglobals()['a\\nb'] = ao.map(lambda x: -x, dtypes='float64')\n")
    with pytest.raises(ao.BuildError, match=r"'a\\nb' \(.*, line 2\) has names that Python code could not have"):
        manifest(declared_records(module))


def test_results_that_two_functions_combine_are_rejected() -> None:
    record = Record("reduce", "f", lambda a, b: a + b, ("int64", "float64"), identity=0, result="float64")
    assert len(record_kernels(record)) == 3
    record.specialised["int64"] = lambda a, b: a * b
    with pytest.raises(ao.BuildError, match="f: two functions combine results of float64"):
        record_kernels(record)


# --- signatures, which C compares ---------------------------------------------------------------------------------


def struct_fields(name: str) -> list[str]:
    """The fields of a structure of ``aotops_kernel.h``."""
    header = re.sub(r"/\*.*?\*/", "", (NATIVE / "aotops_kernel.h").read_text(), flags=re.DOTALL)
    (body,) = re.findall(r"typedef struct \{([^{}]*)\} " + name + ";", header)
    return re.findall(r"(\w+)(?:\[\w+\])?[,;]", body)


@pytest.mark.skipif(not (NATIVE / "aotops_kernel.h").exists(), reason="needs the C header, which a wheel has as well")
def test_the_mirrors_of_c_structures_have_their_fields() -> None:
    from aotops.aot.arrays.polls import SERVICES
    from aotops.aot.pack import array_jit, jit

    assert [name for name, *_ in jit.NamedKernel._fields_] == struct_fields("aot_named_kernel")
    assert [name for name, *_ in jit.Library._fields_] == struct_fields("aot_library")
    arrays = [name for name, *_ in array_jit.NamedArrayKernel._fields_]
    assert arrays == struct_fields("aot_named_array_kernel")
    assert [name for name, *_ in array_jit.ArrayLibrary._fields_] == struct_fields("aot_array_library")
    header = (NATIVE / "aotops_kernel.h").read_text()
    (loops,) = re.findall(r"enum aot_loop \{(.*?)\}", header)
    assert [f"AOT_LOOP_{kind.upper()}" for kind in LOOPS] == [loop.strip() for loop in loops.split(",")]
    assert re.findall(r"#define AOTOPS_KERNEL_VERSION (\d+)", header) == [str(_native.kernel_version)]
    assert re.findall(r"#define AOTOPS_ARRAY_KERNEL_VERSION (\d+)", header) == [str(_native.array_kernel_version)]
    (services,) = re.findall(r"typedef struct \{([^{}]*)\} aot_array_services;", header)
    assert services.count("(*") == len(SERVICES)


def fake_library(record: Record, **changed: Any) -> Any:
    """A capsule with kernels for a record that go nowhere, of which none may ever be called."""
    from aotops.aot.back.levels import levels
    from aotops.aot.pack import jit

    kernels = record_kernels(record)
    names = [name.encode() for name in changed.get("levels", [level.name for level in levels()])]
    table = (jit.NamedKernel * len(kernels))()
    for k, kernel in enumerate(kernels):
        symbol, *fields = encode_kernel(kernel)
        table[k] = jit.NamedKernel(symbol.encode(), *fields)
        table[k].kernels = (ctypes.c_void_p * len(names))(*[changed.get("address", 8)] * len(names))
    version = changed.get("version", _native.kernel_version)
    library = jit.Library(version, len(names), (ctypes.c_char_p * len(names))(*names), len(kernels), table)
    jit._libraries.append((library, table, names))
    return jit.capsule_of(library, _native.library_capsule)


def named(operator: Any) -> Any:
    """An operator whose record has the name that all of these tests have."""
    declare.declaration(operator).name = "f"
    return operator


DECLARATIONS: dict[str, Any] = {
    "map": lambda: ao.map(lambda x: x, dtypes="float64"),
    "map of float32": lambda: ao.map(lambda x: x, dtypes="float32"),
    "map into float32": lambda: ao.map(lambda x: x, dtypes="float64", result="float32"),
    "map into bool": lambda: ao.map(lambda x: x > 0, dtypes="float64", result="bool"),
    "zip": lambda: ao.zip(lambda x, y: x + y, dtypes="float64"),
    "zip of three": lambda: ao.zip(lambda x, y, z: x + y, dtypes="float64"),
    "zip with a condition": lambda: ao.zip(lambda x, y: y, bool_inputs="x", dtypes="float64"),
    "reduce": lambda: ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float64"),
    "reduce of two": lambda: ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x, dtypes="float64"),
    "reduce into int64": lambda: ao.reduce(lambda a, b: a + b, identity=0, dtypes="float64", result="int64"),
    "zip with an index": lambda: ao.zip(lambda x, y: y, fixed={"x": "int64"}, dtypes="float64"),
    "map of uint8": lambda: ao.map(lambda x: x, dtypes="uint8"),
    "scan": lambda: ao.scan(lambda a, b: a + b, identity=0.0, dtypes="float64"),
    "scan into int64": lambda: ao.scan(lambda a, b: a + b, identity=0, dtypes="float64", result="int64"),
    "argreduce": lambda: ao.argreduce(lambda a, b: max(a, b), initial=0.0, dtypes="float64"),
}


@pytest.mark.parametrize("built", DECLARATIONS)
def test_a_kernel_of_another_signature_is_not_bound(built: str) -> None:
    library = fake_library(declare.declaration(named(DECLARATIONS[built]())))
    for name, declared in DECLARATIONS.items():
        operator = named(declared())
        symbols = declare.declaration(operator).symbols()
        if name == built:
            _native.bind(operator, library, symbols)
        else:
            with pytest.raises(ImportError, match=r"has another signature than the operator|there is no kernel"):
                _native.bind(operator, library, symbols)
            # whatever was taken before is not used
            assert operator._record is not None and operator.__name__ in ("f", "<lambda>")


def test_a_library_of_another_version_or_without_addresses_is_not_bound() -> None:
    record = declare.declaration(named(DECLARATIONS["map"]()))
    for changed, message in (
        ({"version": 2}, "of version 2"),
        ({"address": None}, "another signature"),
        ({"levels": ["x86-64-v9"]}, "for other CPU levels"),
    ):
        with pytest.raises(ImportError, match=message):
            _native.bind(named(DECLARATIONS["map"]()), fake_library(record, **changed), record.symbols())


# --- what Python may hand to the native module --------------------------------------------------------------------


def test_the_table_of_operators_can_only_be_read() -> None:
    operators: Any = _native.operators
    with pytest.raises(TypeError):
        operators["add"] = 3
    with pytest.raises(TypeError):
        del operators["add"]
    assert not hasattr(operators, "clear") and not hasattr(operators, "__dict__")
    # even what is behind it has no say in what runs
    script = """
        import gc
        import aotops as ao
        from aotops import _native, abi
        t = ao.tensor([1.0, 3.0])
        (table,) = gc.get_referents(_native.operators)
        for replaced in (3, "square", ao.where, None):
            table["square"] = table["pow"] = replaced
            print((t ** 2).tolist())
        table.clear()
        gc.collect()
        print((t ** 2 + t).tolist(), (-t).sum().item())
        """
    done = run("-c", textwrap.dedent(script), cwd=Path.cwd(), with_numba=False)
    assert done.stdout.splitlines() == ["[1.0, 9.0]"] * 4 + ["[2.0, 12.0] -4.0"]


def fields(**changed: int | bytes) -> tuple[int | bytes, ...]:
    """The fields of a zip of two inputs, as ``aotops.encode`` has them, some of them changed."""
    encoded = encode(declare.declaration(DECLARATIONS["zip"]()))
    names = [name for name, *_ in (*abi.OPERATOR_FIELDS, *abi.OPERATOR_ARRAYS)]
    return tuple((dict(zip(names, encoded.fields, strict=True)) | changed).values())


def codes(*dtypes: str) -> bytes:
    """The codes of some dtypes."""
    return bytes([dtype_code(dtype) for dtype in dtypes])


def owned(*dtypes: str | None) -> bytes:
    """The field for inputs that have a dtype of their own."""
    return bytes([dtype_code(dtype) for dtype in dtypes]).ljust(abi.MAX_OPERANDS, b"\xff")


ZEROS = bytes(abi.ELEMENT_BYTES * len(abi.CONSTANTS))
VARIANT = (codes("float64", "float64", "float64"), ZEROS)


@pytest.mark.parametrize(
    ("name", "parameters", "changed", "variants"),
    [
        ("f", "x", {}, (VARIANT,)),  # two inputs, one name
        ("f", "x y z", {}, (VARIANT,)),
        ("f", "x\0y", {}, (VARIANT,)),
        ("f", "", {}, (VARIANT,)),
        ("f", "\udc80 y", {}, (VARIANT,)),
        ("f", "x y", {"fixed": owned("bool", "bool")}, (VARIANT,)),  # nothing decides over the dtype
        ("f", "x y", {"fixed": owned("bool", None)}, (VARIANT,)),  # the variant's is float64
        ("f", "x y", {"fixed": bytes(16)}, (VARIANT,)),
        ("f", "x y", {"fixed": b"\x00"}, (VARIANT,)),
        ("f", "x y", {"kind": 1, "fixed": owned("bool", None)}, ((codes("bool", "float64", "float64"), ZEROS),)),
        ("f", "x y", {}, ((codes("float64", "float32", "float64"), ZEROS),)),
        ("f", "x y", {}, (VARIANT, VARIANT)),
        ("f", "x y", {"casts": codes("int64").ljust(len(ALL), b"\xff")}, (VARIANT,)),  # to a dtype without kernel
        ("f", "x y", {"casts": b"\x09".ljust(len(ALL), b"\xff")}, (VARIANT,)),  # to none
        ("f", "x y", {"casts": b""}, (VARIANT,)),
        ("f", "x y", {}, ()),
        ("f", "x y", {}, (3,)),
        ("f", "x y", {}, ((codes("float64", "float64"), ZEROS),)),
        ("f", "x y", {}, ((b"\x00\x00\x63", ZEROS),)),
        ("f", "x y", {}, (((0, 0, 0), ZEROS),)),
        ("f", "x y", {}, ((VARIANT[0], ZEROS[:-1]),)),
        ("f", "x y", {}, ((VARIANT[0], None),)),
        ("f", "x y", {"optional": 1}, (VARIANT,)),  # its default is missing
        ("f", "x y", {"optional": 3}, ((VARIANT[0], ZEROS + bytes(2 * abi.ELEMENT_BYTES)),)),  # nothing need be given
        ("f", "x y", {"optional": 4}, ((VARIANT[0], ZEROS + bytes(2 * abi.ELEMENT_BYTES)),)),
        ("f", "x y", {"inputs": 16}, (VARIANT,)),
        ("f", "x y", {"inputs": 255}, (VARIANT,)),
        ("f", "x y", {"inputs": 0}, (VARIANT,)),
        ("f", "x y", {"inputs": -1}, (VARIANT,)),
        ("f", "x y", {"inputs": 2**70}, (VARIANT,)),
        ("f", "x y", {"inputs": "2"}, (VARIANT,)),
        ("f", "x y", {"outputs": 0}, (VARIANT,)),
        ("f", "x y", {"outputs": 2}, ((codes(*["float64"] * 4), ZEROS),)),  # and returns no tuple
        ("f", "x y", {"kind": 4}, (VARIANT,)),
        ("f", "x y", {"kind": 3}, (VARIANT,)),  # a scan of two inputs
        ("f", "x y", {"kind": 2}, (VARIANT,)),
        ("f", "x", {"kind": 2, "inputs": 1}, ((codes("float64", "float64"), ZEROS),)),  # its result is a position
        ("f", "x y", {"kind": 1, "takes_dtype": 1}, (VARIANT,)),
        ("f", "x y", {"slot": 1}, (VARIANT,)),
        (3, "x y", {}, (VARIANT,)),
    ],
)
def test_a_definition_that_calls_could_not_rely_on_is_rejected(
    name: Any, parameters: str, changed: dict[str, Any], variants: Any
) -> None:
    assert _native.declare(None, "f", "x y", fields(), (VARIANT,)).parameters == ("x", "y")
    with pytest.raises((TypeError, ValueError)):
        _native.declare(None, name, parameters, fields(**changed), variants)


def test_fields_are_a_tuple_of_all() -> None:
    for wrong in (None, (), fields()[:-1], (*fields(), 0), list(fields())):
        with pytest.raises((TypeError, ValueError)):
            _native.declare(None, "f", "x y", wrong, (VARIANT,))  # type: ignore[arg-type]


def test_hostile_arguments_raise() -> None:
    library = fake_library(declare.declaration(named(DECLARATIONS["map"]())))
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    stranger = new(8, b"somebody.else", None)
    operator = named(DECLARATIONS["map"]())
    symbols = declare.declaration(operator).symbols()
    calls: list[Any] = [
        lambda: _native.bind(ao.exp, library, symbols),
        lambda: _native.bind(3, library, symbols),  # type: ignore[arg-type]
        lambda: _native.bind(operator, stranger, symbols),
        lambda: _native.bind(operator, None, symbols),
        lambda: _native.bind(operator, library, ()),
        lambda: _native.bind(operator, library, (3,)),  # type: ignore[arg-type]
        lambda: _native.bind(operator, library, ((3, None),)),  # type: ignore[arg-type]
        lambda: _native.bind(operator, library, (("aot_f_float32", None),)),
        lambda: _native.bind(operator, library, symbols * 2),
        lambda: _native.bind(operator, library, list(symbols)),  # type: ignore[arg-type]
        lambda: _native.set_fallback(ao.exp, len),
        lambda: _native.rename(ao.exp, "f"),
        lambda: _native.rename(operator, "\udc80"),
        lambda: _native.rename(operator, None),  # type: ignore[arg-type]
        lambda: _native.register_tensor_type(int),  # type: ignore[arg-type]
        lambda: _native.register_tensor_type(3),  # type: ignore[arg-type]
        lambda: _native.register_tensor_type(ao.Tensor),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError, ImportError, RuntimeError, SystemError)):
            call()
    _native.set_fallback(operator, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        operator(1.0)


def test_earlier_names_of_an_operator_live_on() -> None:
    operator = named(DECLARATIONS["map"]())

    def rename(*inputs: Any) -> None:
        for k in range(1000):
            _native.rename(operator, f"name {k} " + "x" * 100)
        raise TypeError("renamed")

    _native.set_fallback(operator, rename)
    with pytest.raises(TypeError, match="renamed"):
        operator(1.0)
    assert operator.__name__.startswith("name 999") and operator.parameters == ("x",)


# --- the collector ------------------------------------------------------------------------------------------------

COLLECTED = """
    import ctypes, gc, sys
    import aotops as ao

    CLEAR = 51  # Py_tp_clear
    slot = ctypes.pythonapi.PyType_GetSlot
    slot.restype, slot.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_int)

    def clear(value):
        address = slot(type(value), CLEAR)
        if address:
            ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object)(address)(value)

    class Late:
        '''Untracked by the collector: finalized when the list that holds it is cleared, after what came before.'''
        __slots__ = ()
        def __del__(self):
            use(ctypes.cast(address, ctypes.py_object).value)

    def use(operator):
        for call in (
            lambda: operator(ao.ones(2)), lambda: operator.__name__, lambda: operator.parameters,
            lambda: operator.dtypes, lambda: operator.casts, lambda: operator.derivative,
            lambda: repr(operator), lambda: operator.kind,
            lambda: operator.__doc__, lambda: operator._record, lambda: vars(operator), lambda: operator.bool_inputs,
        ):
            try:
                call()
            except (TypeError, AttributeError, ao.NotBuiltError):
                pass

    gc.disable()
    for called in (False, True):
        namespace = {"ao": ao, "__name__": "made_up", "list": []}
        exec("f = ao.map(lambda x: x + 1.0, dtypes='float64')", namespace)
        f = namespace["f"]
        f.me = [f, namespace, Late()]
        namespace["list"].append(f.me)
        address = id(f)
        if called:
            f(ao.ones(2))
            assert f(ao.ones(2)).tolist() == [2.0, 2.0]
        clear(f)
        use(f)
        if called:
            assert f(ao.ones(2)).tolist() == [2.0, 2.0]
        del f, namespace
        assert gc.collect()
    for value in (ao.ones(2), ao.float32, ao.exp, ao.ones(2)._as_strided((), (), 0)):
        clear(value)
    use(ao.exp)
    t = ao.ones(3) + 1.0
    print(t.tolist(), t.dtype, (t ** 2).sum().item())
    """


def test_operators_may_be_called_when_the_collector_has_cleared_them() -> None:
    done = run("-c", textwrap.dedent(COLLECTED), cwd=Path.cwd(), with_numba=False, AOTOPS_PYTHON="1")
    assert done.stdout == "[2.0, 2.0, 2.0] aotops.float64 12.0\n"


def test_everything_may_be_used_when_the_modules_are_gone() -> None:
    script = """
        import gc, sys
        import aotops as ao
        class Late:
            __slots__ = ()
            def __del__(self):
                print((t ** 2).tolist(), add(t, 1.0).dtype, add.dtypes[0][0], big.shape)
        t, add, big, late = ao.tensor([1.0, 3.0]), ao.add, ao.zeros(100_000), [Late()]
        late.append(late)
        for name in [name for name in sys.modules if name.startswith("aotops")]:
            del sys.modules[name]
        del ao, late
        gc.collect()
        import aotops
        print(aotops.ones(2).tolist())
        """
    done = run("-c", textwrap.dedent(script), cwd=Path.cwd(), with_numba=False)
    assert done.stdout.splitlines()[-1] == "[1.0, 1.0]"


# --- a build ------------------------------------------------------------------------------------------------------

OPERATORS = """\
import os
import aotops as ao
import settings_of_ops

FACTOR = float(os.environ.get("FACTOR", "2"))

if os.environ.get("KIND", "map") == "map":
    @ao.map(dtypes="float64", result=os.environ.get("RESULT"))
    def step(x):
        "A step."
        return x * FACTOR + settings_of_ops.OFFSET
else:
    step = ao.zip(lambda x, y: x + y, dtypes="float64")

@ao.map(dtypes="float64")
def f(x):
    return x + 1.0

@f.derivative
def _(x, y, g):
    return g * 10.0

f_derivative = ao.zip(lambda x, y, g: g * 20.0, dtypes="float64")
μ = ao.map(lambda x: x + 30.0, dtypes="float64")
u3bc = ao.map(lambda x: x + 40.0, dtypes="float64")
total = ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float64")
total_combine = ao.zip(lambda x, y: x * 0.0 + y * 0.0 + 50.0, dtypes="float64")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module of operators, built."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "ops.py").write_text(OPERATORS, encoding="utf-8")
    (folder / "settings_of_ops.py").write_text("OFFSET = 0.5\n")
    run("-m", "aotops", "build", "ops.py", cwd=folder)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of the folder, which may be changed."""
    return Path(shutil.copytree(built, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__")))


def call(folder: Path, script: str, *options: str, status: int = 0, **environment: str) -> str:
    """What a script prints, or why it fails, where no Numba can help."""
    code = "import aotops as ao, ops, settings_of_ops\n" + textwrap.dedent(script)
    # without .pyc files, which count as current where edits of equal size fall into one second
    done = run("-B", *options, "-c", code, cwd=folder, with_numba=False, status=status, **environment)
    return done.stderr.splitlines()[-1] if status else done.stdout


STEP = "print(ops.step(ao.ones(2)).tolist())"


def test_each_operator_has_its_own_kernel(folder: Path) -> None:
    script = """
        x = ao.ones(3)
        print(*[each(1.0).item() for each in (ops.step, ops.f, ops.μ, ops.u3bc)])
        print(ops.f.derivative(x, x, x).tolist(), ops.f_derivative(x, x, x).tolist(), x.tolist())
        print(ops.total_combine(x, x).tolist(), ops.total(ao.ones((400, 500))).item())
        """
    assert call(folder, script).splitlines() == [
        "2.5 2.0 31.0 41.0",
        "[10.0, 10.0, 10.0] [20.0, 20.0, 20.0] [1.0, 1.0, 1.0]",
        "[50.0, 50.0, 50.0] 200000.0",
    ]


WRONG = "ops.step ({}/ops.py, line {}) is not what _ops_aotops.abi3.so was built from: {}"


@pytest.mark.parametrize(
    ("before", "environment", "message"),
    [
        ("", {"KIND": "zip"}, "its kind changed from map to zip"),
        ("", {"RESULT": "bool"}, "its signature for float64 changed from float64 -> float64 to float64 -> bool"),
        ("", {"FACTOR": "3"}, "FACTOR changed from 2.0 to 3.0"),
        ("ops.FACTOR = 2", {}, "FACTOR changed from 2.0 to 2"),
        ("settings_of_ops.OFFSET = 1.5", {}, "settings_of_ops.OFFSET changed from 0.5 to 1.5"),
        ("exec('step = ao.map(lambda x: -x, dtypes=\"float64\")', vars(ops))", {}, "the code of <lambda> changed"),
    ],
)  # fmt: skip
def test_a_declaration_that_was_not_built_says_so(
    folder: Path, before: str, environment: dict[str, str], message: str
) -> None:
    told = call(
        folder, f"{before}\nops.step(ao.ones(2), *[ao.ones(2)] * (ops.step.kind == 'zip'))", status=1, **environment
    )
    assert told.startswith("aotops.errors.NotBuiltError: step (")
    assert f") is not what _ops_aotops.abi3.so was built from: {message}. Build it with `aotops build ops.py`" in told


def test_numba_compiles_what_was_not_built(folder: Path) -> None:
    done = run("-c", f"import aotops as ao, ops\n{STEP}", cwd=folder, FACTOR="3")
    assert done.stdout == "[3.5, 3.5]\n"
    assert (
        "ops.step is not what _ops_aotops.abi3.so was built from: FACTOR changed from 2.0 to 3.0; compiled now"
        in done.stderr
    )


def test_a_file_that_is_changed_after_its_import_does_not_count(folder: Path) -> None:
    source = (folder / "ops.py").read_text(encoding="utf-8")
    (folder / "ops.py").write_text(edited(source, "x * FACTOR", "x - FACTOR"), encoding="utf-8")
    # an upgrade between the import and the first call puts the file in order, and the kernels beside it
    script = f"open('ops.py', 'w', encoding='utf-8').write({source!r})\n{STEP}"
    assert "the code of step changed" in call(folder, script, status=1)
    (folder / "ops.py").write_text(source, encoding="utf-8")
    assert call(folder, f"open('ops.py', 'w').write('nothing')\n{STEP}") == "[2.5, 2.5]\n"
    (folder / "ops.py").write_text(source, encoding="utf-8")
    assert call(folder, f"import os; os.remove('ops.py'); os.remove('settings_of_ops.py')\n{STEP}") == "[2.5, 2.5]\n"


def test_reloading_and_redeclaring_find_the_kernels_of_what_has_not_changed(folder: Path) -> None:
    script = f"""
        import importlib
        before = ops.step
        importlib.reload(ops)
        assert ops.step is not before
        print(before(1.0).item())
        {STEP}
        """
    assert call(folder, script) == "2.5\n[2.5, 2.5]\n"


def test_comments_docstrings_and_places_do_not_count(folder: Path) -> None:
    path = folder / "ops.py"
    source = path.read_text(encoding="utf-8")
    changed = "# a comment\n\n" + edited(source, '"A step."', '"Another docstring."\n        # and a comment')
    for text in (changed, source.replace("\n", "\r\n")):
        path.write_bytes(text.encode())
        assert call(folder, STEP) == "[2.5, 2.5]\n"
    assert call(folder, STEP, "-OO") == "[2.5, 2.5]\n"
    assert call(folder, STEP, "-O", "-W", "error") == "[2.5, 2.5]\n"


def test_byte_code_without_source_has_its_kernels(folder: Path) -> None:
    for name in ("ops", "settings_of_ops"):
        run("-c", f"import py_compile; py_compile.compile('{name}.py', '{name}.pyc')", cwd=folder)
        (folder / f"{name}.py").unlink()
    assert call(folder, STEP) == "[2.5, 2.5]\n"
    assert call(folder, STEP, "-OO") == "[2.5, 2.5]\n"


def test_a_zip_application_has_its_kernels(folder: Path) -> None:
    archive = folder / "application.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.glob("*ops*"):
            file.write(path, path.name)
        file.writestr("__main__.py", f"import aotops as ao, ops\n{STEP}\nprint(ops.f(1.0).item())")
    for path in folder.glob("*ops*"):
        path.unlink()
    temporary = folder / "temporary"
    temporary.mkdir()
    done = run(str(archive), cwd=folder, with_numba=False, TMPDIR=str(temporary))
    assert done.stdout == "[2.5, 2.5]\n2.0\n" and not list(temporary.iterdir())
    # without the extension in it
    with zipfile.ZipFile(folder / "bare.pyz", "w") as bare, zipfile.ZipFile(archive) as whole:
        for name in whole.namelist():
            if "abi3" not in name:
                bare.writestr(name, whole.read(name))
    done = run(str(folder / "bare.pyz"), cwd=folder, with_numba=False, status=1)
    assert "NotBuiltError: step (" in done.stderr and "is not built" in done.stderr


def test_the_extension_is_found_under_every_suffix_that_python_knows(folder: Path) -> None:
    import _imp

    (library,) = folder.glob("_ops_aotops*")
    for suffix in _imp.extension_suffixes():
        library = library.rename(folder / f"_ops_aotops{suffix}")
        assert call(folder, STEP) == "[2.5, 2.5]\n"
    library.rename(folder / "_ops_aotops.abi3-of-another-machine.so")
    assert "is not built" in call(folder, STEP, status=1)


def test_an_operator_that_the_build_did_not_see_says_so(folder: Path) -> None:
    script = "exec('later = ao.map(lambda x: x, dtypes=\"float64\")', vars(ops))\nops.later(1.0)"
    assert "is not among the operators that _ops_aotops.abi3.so was built from" in call(folder, script, status=1)
    script = "ops.step = None\nimport importlib\nprint(1)\nao.map(lambda x: x, dtypes='float64')(1.0)"
    assert "is not declared in a file" in call(folder, script, status=1)


def test_what_is_compiled_in_stays_when_a_global_changes_later(folder: Path) -> None:
    assert call(folder, f"ops.step(1.0)\nops.FACTOR = 100.0\n{STEP}") == "[2.5, 2.5]\n"


def test_binding_imports_nothing(folder: Path) -> None:
    script = """
        import sys
        ao.exp(ao.ones(2)), ops.f
        before = set(sys.modules)
        ops.step(ao.ones(2)), ops.f(1.0)
        print(*sorted(set(sys.modules) - before))
        """
    imported = call(folder, script).split()
    assert "aotops.user.identity" in imported
    assert [name for name in imported if not name.startswith("aotops.")] == ["_blake2"]


def test_only_aotops_is_there_when_nothing_else_is(folder: Path) -> None:
    assert only_aotops().exists()
    assert "numba" not in call(folder, "import sys; ops.step(1.0); print(*sys.modules)")


def test_what_differs_between_processes_is_not_built(tmp_path: Path) -> None:
    source = "import os\nimport aotops as ao\nK = float(os.getpid())\nf = ao.map(lambda x: x * K, dtypes='float64')\n"
    (tmp_path / "ops.py").write_text(source)
    done = run("-m", "aotops", "build", "ops.py", cwd=tmp_path, status=1)
    assert "f does not compile:\nWhat it is made from is another in each process" in done.stderr


def test_modules_of_one_name_in_two_packages_are_built_side_by_side(tmp_path: Path) -> None:
    """One distribution, in which files of the build are named by the whole name of the extension."""
    for package, sign in (("one", "+"), ("two", "-")):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
        source = f"import aotops as ao\nf = ao.map(lambda x: x {sign} 1.0, dtypes='float64')\n"
        (tmp_path / package / "ops.py").write_text(source)
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'twins'\nversion = '1'\n[tool.setuptools]\npackages = ['one', 'two']\n"
        "[tool.aotops]\nmodules = ['one.ops', 'two.ops']\n"
    )
    run("-c", "from setuptools import setup; setup()", "build_ext", "--inplace", "--parallel", "2", cwd=tmp_path)
    script = "import one.ops, two.ops; print(one.ops.f(1.0).item(), two.ops.f(1.0).item())"
    assert run("-c", script, cwd=tmp_path, with_numba=False).stdout == "2.0 0.0\n"


def test_fingerprints_see_attributes_of_modules(workshop: Any) -> None:
    from aotops.aot.pack.fingerprint import fingerprint

    def print_of(constants: str) -> str:
        (kernel,) = kernels_of([record_named(workshop(MODULE, constants), "step")])
        return fingerprint(kernel.function)

    assert print_of(CONSTANTS) == print_of(edited(CONSTANTS, "OTHER = 1", "OTHER = 2"))
    assert print_of(CONSTANTS) != print_of(edited(CONSTANTS, "K = 1.5", "K = 2.5"))
    assert print_of(CONSTANTS) != print_of(edited(CONSTANTS, "sub.DEEP = 2.5", "sub.DEEP = 2"))


@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_fingerprints_change_with_every_value(workshop: Any, old: str, new: str, message: str) -> None:
    from aotops.aot.pack.fingerprint import fingerprint

    if "step = " in old or "dtypes" in old:
        return  # another kernel, or another dtype of one

    def print_of(source: str) -> str:
        return fingerprint(workshop(source).uses)

    assert print_of(MODULE) == print_of(MODULE) != print_of(edited(MODULE, old, new))


def test_symbols_of_records_are_those_of_their_kernels() -> None:
    record = declare.declaration(named(DECLARATIONS["reduce"]()))
    ((kernel, combine),) = record.symbols()
    assert (kernel, combine) == (kernel_symbol("f", "float64"), combine_symbol(record, "float64"))
    assert {each.symbol for each in record_kernels(record)} == {kernel, combine}
