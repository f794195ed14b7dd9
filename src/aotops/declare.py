"""Operators of users: ``map``, ``zip`` and ``reduce`` declare them, their first call finds their kernels.

There are three ways to run one, from the same function:

1. ``aotops build``, or the build of a wheel, has compiled the module that declares it into an extension beside it;
2. Numba is there: it is compiled now, and a line on stderr says so;
3. neither: ``NotBuiltError``. With ``AOTOPS_PYTHON=1`` operators of users always run as plain Python instead.

Nothing here may take long: it is part of every import of a module with operators.
"""

from __future__ import annotations

import _imp
import os
import sys
from _thread import RLock

from aotops import _native, errors
from aotops._native import Operator
from aotops.arguments import advised
from aotops.dtypes import find_dtype
from aotops.functions import plain
from aotops.ops.record import ALL, FLOATS, FOLDING, Record

TYPE_CHECKING = False  # as typing has it, whose import would take as long as all of aotops
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from aotops.identity import Manifest

    Scalar = Callable[..., Any]
    Dtypes = str | _native.DType | Sequence[str | _native.DType]

#: Where inputs of dtypes without a kernel of their own compute: the first of these that has one.
CONVERSIONS = {
    "bool": ("int64", "float64", "float32"),
    "int64": ("float64",),
    "float32": ("float64",),
    "float64": (),
}

# --- declaring ----------------------------------------------------------------------------------------------------


@advised
def map(function: Scalar | None = None, /, *, dtypes: Dtypes = FLOATS, result: Any = None) -> Any:
    """Declare an operator of one input, computed element by element: ``out[i] = function(x[i])``.

    Arguments:
        function: a Python function of one number, or one that Numba has decorated. It is compiled ahead of time for
            each dtype; ``math`` and the operators of aotops may be used in it. Without it, a decorator is returned.
        dtypes: those of ``x`` that get a kernel, of ``"bool"``, ``"int64"``, ``"float32"`` and ``"float64"``. Others
            are converted where a kernel's dtype holds all their values.
        result: the dtype of the result, where it is not that of ``x``; one, or a dict of one for each dtype.

    Returns an ``Operator``, which broadcasts, takes ``out=`` and uses threads like aotops' own. Its attribute
    ``derivative`` declares the derivative, a function of the input, the output and the incoming gradient.

    Raises ``TypeError`` for anything but a function, ``RecordError`` (a ``ValueError``) for a declaration that
    contradicts itself.

    >>> import aotops as ao
    >>> cube = ao.map(lambda x: x * x * x)
    >>> cube.kind, cube.parameters
    ('map', ('x',))
    """
    return _declaration("map", function, dtypes, {"result": result})


@advised
def zip(
    function: Scalar | None = None,
    /,
    *,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
    conditions: str | Sequence[str] = (),
) -> Any:
    """Declare an operator of several inputs, which are broadcast together: ``out[i] = function(x[i], y[i], ...)``.

    Arguments are those of ``map``; ``conditions`` are names of inputs, or one of them, that are bool, whatever the
    dtype of the others.
    The derivative of a zip returns a tuple, one gradient for each input that is no condition.

    >>> import aotops as ao
    >>> inside = ao.zip(lambda x, low, high: low <= x and x < high, result="bool")
    >>> inside.parameters
    ('x', 'low', 'high')
    """
    names = (conditions,) if isinstance(conditions, str) else tuple(conditions)
    return _declaration("zip", function, dtypes, {"result": result, "conditions": names})


@advised
def reduce(
    function: Scalar | None = None,
    /,
    *,
    identity: float | Mapping[str, float],
    of: Scalar | None = None,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
) -> Any:
    """Declare an operator that folds axes away by an associative combination of two values.

    Arguments:
        function: a Python function of two numbers. Values are combined in a fixed tree, not in order: the same input
            gives the same bits on any number of threads, and ``function`` must not mind how its values are grouped.
        identity: the value that changes no other one when it is combined with it; the result of an empty reduction.
            One, or a dict of one for each dtype.
        of: a function of one or several inputs, whose values are combined in place of elements: the map or zip and the
            reduction in one pass, without a temporary.
        dtypes: those of the inputs that get a kernel, as for ``map``.
        result: the dtype of the result, where it is not that of the inputs.

    The operator takes ``axis`` (an int, a tuple of ints, or None for all), ``keepdims`` and ``out``.

    >>> import aotops as ao
    >>> dot = ao.reduce(lambda a, b: a + b, identity=0.0, of=lambda x, y: x * y)
    >>> dot.kind, dot.parameters
    ('reduce', ('x', 'y'))
    """
    if of is not None:
        of = _scalar_function("reduce", of)
    return _declaration("reduce", function, dtypes, {"identity": identity, "of": of, "result": result})


def _declaration(kind: str, function: Scalar | None, dtypes: Dtypes, options: dict[str, Any]) -> Any:
    # of the module that declares, which need not be the function's; between it and here are the declaring function and
    # what gives advice to its callers
    namespace = sys._getframe(3).f_globals

    def declare(function: Scalar) -> Operator:
        scalar = _scalar_function(kind, function)
        name = scalar.__name__
        chosen = _dtype_names(name, dtypes)
        given = {**options, "result": _results(name, options["result"], chosen)}
        if kind == "reduce":
            given["identity"] = _identities(name, options["identity"], chosen, given["result"])
        record = Record(
            kind,
            name,
            scalar,
            chosen,
            converts={
                source: target
                for source in ALL
                if source not in chosen
                for target in [next((dtype for dtype in CONVERSIONS[source] if dtype in chosen), None)]
                if target is not None
            },
            **given,
        )
        record.namespace = namespace
        earlier = namespace.get(name)
        if isinstance(earlier, Operator) and earlier._record is not None and earlier._record.namespace is namespace:
            record.replaces = earlier._record
        return operator_of(record)

    return declare if function is None else declare(function)


def _scalar_function(kind: str, function: Any) -> Any:
    """The Python function that a declaration is given; ``TypeError`` for anything else."""
    scalar = plain(function)
    if not isinstance(scalar, type(map)):
        raise TypeError(
            f"{kind}: function must be a Python function, or one that Numba has decorated, "
            f"got {errors.type_name(function)}"
        )
    code = scalar.__code__
    if code.co_flags & 0x2A0:  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
        raise TypeError(f"{kind}: {scalar.__name__} must return numbers; it is a generator or a coroutine")
    if code.co_flags & 0x0C or code.co_kwonlyargcount or scalar.__defaults__:
        raise TypeError(f"{kind}: {scalar.__name__} must take numbers by position alone, without defaults, * or **")
    return scalar


def _dtype_name(name: str, argument: str, dtype: Any) -> str:
    """The name of a dtype that is given in any way in which dtypes can be given."""
    given = find_dtype(dtype)
    if given is None and not isinstance(dtype, str):
        raise TypeError(f"{name}: {argument} must be given as dtypes or their names, got {errors.type_name(dtype)}")
    if given is None:
        raise errors.RecordError(f"{name}: {argument} must be some of {', '.join(ALL)}, got {errors.shown(dtype)}")
    return given.name


def _dtype_names(name: str, dtypes: Any) -> tuple[str, ...]:
    """Dtypes or their names, in the order of promotion."""
    several = isinstance(dtypes, (tuple, list, set, frozenset))
    names = [_dtype_name(name, "dtypes", dtype) for dtype in (dtypes if several else (dtypes,))]
    return tuple(sorted(names, key=ALL.index))


def _for_dtypes(name: str, argument: str, values: Any, dtypes: tuple[str, ...]) -> dict[str, Any]:
    """What is given for each of an operator's dtypes, or once for all of them, for each."""
    if not isinstance(values, dict):
        return dict.fromkeys(dtypes, values)
    given = {_dtype_name(name, f"{argument}'s dtypes", dtype): value for dtype, value in values.items()}
    for dtype in given:
        if dtype not in dtypes:
            raise errors.RecordError(
                f"{name}: {argument} has {dtype}, which is none of its dtypes, {', '.join(dtypes)}"
            )
    return given


def _results(name: str, result: Any, dtypes: tuple[str, ...]) -> dict[str, str] | None:
    """The dtypes of results by those of the inputs."""
    if result is None:
        return None
    given = _for_dtypes(name, "result", result, dtypes)
    return {dtype: _dtype_name(name, "result", own) for dtype, own in given.items()}


def _identities(name: str, identity: Any, dtypes: tuple[str, ...], results: dict[str, str] | None) -> dict[str, float]:
    """The identities of a reduction by the dtypes of its inputs, each a number of the result's dtype."""
    identities: dict[str, float] = {}
    for dtype, value in _for_dtypes(name, "identity", identity, dtypes).items():
        result = (results or {}).get(dtype, dtype)
        whole = hasattr(value, "__index__")
        if isinstance(value, _native.TensorBase) or not (whole or hasattr(value, "__float__")):
            raise TypeError(
                f"{name}: identity must be a number, or a dict of one for each dtype, got {errors.type_name(value)}"
            )
        number = value.__index__() if whole else float(value)
        if result not in FLOATS:
            least, most = (0, 1) if result == "bool" else (-(2**63), 2**63 - 1)
            if not least <= number <= most or number != int(number):
                raise errors.RecordError(f"{name}: identity must be a number that {result} can hold, got {value!r}")
            number = int(number)
        identities[dtype] = number
    return identities


def operator_of(record: Record) -> Operator:
    """The operator that a record declares; it has no kernels yet."""

    def code(dtype: str) -> int:
        return ALL.index(dtype)

    folds = record.kind in FOLDING
    facts = (
        int(folds),
        record.inputs,
        max(record.outputs, 1),
        int(record.outputs > 0),
        record.mask(record.conditions),
        int(record.takes_dtype),
        int(record.identity is not None),
    )
    variants = tuple(
        [
            (
                tuple([code(own) for own in (*record.inputs_for(dtype), *record.results_for(dtype))]),
                record.identity_for(dtype) if folds else None,
                record.start_for(dtype) if folds else None,
            )
            for dtype in record.dtypes
        ]
    )
    conversions = tuple([code(record.converts[dtype]) if dtype in record.converts else 255 for dtype in ALL])
    operator = _native.declare(record, record.name, " ".join(record.parameters), facts, conversions, variants)
    operator.__module__ = module_of(record)
    return operator


def declaration(operator: Operator) -> Record:
    """The record of a declared operator."""
    record = operator._record
    assert record is not None  # who calls this has a declared one
    return record


def derivative(operator: Operator) -> Any:
    """The derivative of a declared operator, or the decorator that declares it."""
    record = declaration(operator)
    if record.gradient is not None:
        return record.gradient.operator

    def declare(function: Scalar, *values: Any, **options: Any) -> Scalar:
        if values or options or not callable(function):
            raise TypeError(f"{name_of(operator)} has no derivative; declare it with @{name_of(operator)}.derivative")
        if record.gradient is not None:
            raise TypeError(f"{name_of(operator)} has a derivative already; declare it once")
        record.derivative(_scalar_function("derivative", function))
        gradient = record.gradient
        assert gradient is not None  # it has just been declared
        gradient.namespace = record.namespace
        gradient.operator = operator_of(gradient)
        return function

    return declare


def name_of(operator: Operator) -> str:
    """The name of a declared operator: that of the module's variable that holds it, or of its function."""
    record = declaration(operator)
    for name, value in list(record.namespace.items()):
        if isinstance(value, Operator) and value._record is not None:
            found = name if value._record is record else f"{name}.derivative"
            if record in (value._record, value._record.gradient):
                if found != record.name:
                    record.name = found
                    _native.rename(operator, found)
                return found
    return record.name


# --- running ------------------------------------------------------------------------------------------------------

#: Held while an operator is given its kernels: threads that meet at its first call compile it once.
_lock = RLock()
_forks_wait = False


def _forget_lock() -> None:
    """In the child of a fork: whoever held the lock is not there any more."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


def _let_forks_wait() -> None:
    """From now on have a fork wait until no other thread compiles: the child would find the compiler half-way.

    What is registered last is called first, so that whatever else waits for a fork must be registered before: the
    compiler logs, and ``logging`` holds its lock meanwhile.
    """
    global _forks_wait
    if not _forks_wait and hasattr(os, "register_at_fork"):
        import logging  # noqa: F401

        held: list[Any] = []

        def before() -> None:
            held.append(_lock)
            _lock.acquire()

        os.register_at_fork(before=before, after_in_parent=lambda: held.pop().release())
    _forks_wait = True


#: By the file of a module: the extension beside it, and what that was built from.
_libraries: dict[str, tuple[Any, Manifest]] = {}


def load(operator: Operator) -> None:
    """Give a declared operator, which is called for the first time, its kernels or what stands in for them.

    Raises ``NotBuiltError`` if there is nothing that could.
    """
    with _lock:
        record = declaration(operator)
        if record.loaded:
            return  # by another thread
        name = name_of(operator)
        mode = os.environ.get("AOTOPS_PYTHON", "0")
        if mode not in ("0", "1", ""):
            raise ValueError(f"AOTOPS_PYTHON must be 0 or 1, got {mode!r}")
        if mode == "1":
            from aotops.plain_python import runner

            _native.stand_in(operator, runner(operator))
            record.loaded = True
            return
        library, reason = library_of(record)
        if library is not None:
            try:
                _native.bind(operator, library, record.symbols())
                record.loaded = True
                return
            except ImportError as error:
                reason = f"is built in {library_name(record.namespace['__file__'])}, where {error}"
        if compiler_is_there():
            _let_forks_wait()
            try:
                from aotops.aot.jit import compile_now
            except ImportError as error:
                errors.not_built(
                    name, record.place, f"{reason}, and the compiler cannot be imported ({error})", command_for(record)
                )

            library = compile_now(record, f"{describe(record)} {reason}")
            _native.bind(operator, library, record.symbols())
            record.loaded = True
            return
        errors.not_built(name, record.place, reason or "", command_for(record))


def library_of(record: Record) -> tuple[Any, str | None]:
    """The capsule with the kernels of a record, or None and why there is none to use."""
    file = file_of(record)
    if file is None:
        return None, "is declared in no file, so that it cannot be built"
    if file not in _libraries:
        extension, reason = find_library(file, record.namespace.get("__loader__"))
        if extension is None:
            return None, reason if is_bound(record) else NO_VARIABLE
        from aotops.identity import Manifest

        _libraries[file] = extension, Manifest(extension.manifest)
    extension, manifest = _libraries[file]
    if record.name in manifest.operators:
        difference = manifest.difference(record, record.name)
        if difference is None:
            return extension.library, None
    if not is_bound(record):
        return None, NO_VARIABLE
    name = os.path.basename(extension.__file__)
    if record.name not in manifest.operators:
        return None, f"is not among the operators that {name} was built from"
    return None, f"is not what {name} was built from: {difference}"


NO_VARIABLE = "is held by no variable of its module, so that it cannot be built: assign it to one"


def file_of(record: Record) -> str | None:
    """The file of the module that declares an operator; None for code that is typed or read from a pipe."""
    file = record.namespace.get("__file__")
    return None if file is None or file.startswith("<") else file


def is_bound(record: Record) -> bool:
    """Whether a variable of the module holds a declared operator, where the build would find it."""
    return any(
        isinstance(value, Operator) and value._record is not None and record in (value._record, value._record.gradient)
        for value in list(record.namespace.values())
    )


def library_name(file: str) -> str:
    """The name of the extension module that is built for a file: an ASCII identifier, which C and linkers take."""
    stem = os.path.splitext(os.path.basename(file))[0]
    if stem.isascii() and f"_{stem}".isidentifier():
        return f"_{stem}_aotops"
    spelled = [c if c.isascii() and c.isalnum() else "__" if c == "_" else f"_{ord(c):x}_" for c in stem]
    return f"_{''.join(spelled)}_aotops_spelled"


def find_library(file: str, loader: Any = None) -> tuple[Any, str | None]:
    """The extension beside a file, loaded, or None and why it cannot be used.

    Where the file is in a zip archive, as its module's loader knows, the extension is loaded from a copy.
    """
    folder, name = os.path.dirname(os.path.abspath(file)), library_name(file)
    own = _native.__spec__
    assert own is not None and own.origin is not None  # an extension module has a file
    suffixes = [*_imp.extension_suffixes(), os.path.basename(own.origin).partition("_native")[2]]
    paths = [os.path.join(folder, name + suffix) for suffix in suffixes]
    archive = getattr(loader, "archive", None)  # of zipimport
    for path in paths:
        if os.path.exists(path):
            return load_library(name, path)
        if isinstance(archive, str) and path.startswith(os.path.abspath(archive) + os.sep):
            try:
                data = loader.get_data(archive + path[len(os.path.abspath(archive)) :])
            except OSError:
                continue
            return load_copy(name, path, data)
    return None, "is not built"


def load_copy(name: str, path: str, data: bytes) -> tuple[Any, str | None]:
    """An extension out of an archive, from a file that is there while it is loaded."""
    from tempfile import TemporaryDirectory  # 10 ms, in a zip application alone

    try:
        # whoever has loaded a library keeps it when its file is gone; Windows keeps the file as well
        with TemporaryDirectory(prefix="aotops-", ignore_cleanup_errors=True) as folder:
            copy = os.path.join(folder, os.path.basename(path))
            with open(copy, "wb") as file:
                file.write(data)
            return load_library(name, copy)
    except OSError as error:
        return None, f"is built in {path}, of which no copy can be made ({error})"


def load_library(name: str, path: str) -> tuple[Any, str | None]:
    """An extension by its path, or None and why it cannot be used."""
    # those of importlib, whose import would take a millisecond
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import ExtensionFileLoader

    loader = ExtensionFileLoader(name, path)
    spec = ModuleSpec(name, loader, origin=path)
    try:
        library: Any = loader.create_module(spec)
        loader.exec_module(library)
        library.__file__ = path
        version = library.abi_version
    except (ImportError, AttributeError) as error:
        return None, f"is built in {path}, which cannot be loaded ({error})"
    if version != _native.abi_version:
        return None, (
            f"is built for another aotops: {path} has kernels of version {version}, "
            f"and aotops {_native.abi_version} is installed"
        )
    return library, None


def compiler_is_there() -> bool:
    """Whether Numba could be imported."""
    from importlib.machinery import PathFinder

    return "numba" in sys.modules or PathFinder.find_spec("numba") is not None


def describe(record: Record) -> str:
    """The operator and its module."""
    return f"{module_of(record)}.{record.name}"


def module_of(record: Record) -> str:
    """The name of the module that declares an operator; code that is executed in a dict of its own has none."""
    return str(record.namespace.get("__name__", "__main__"))


def command_for(record: Record) -> str:
    """What builds the module that declares an operator; "" if nothing does."""
    namespace, file = record.namespace, file_of(record)
    if file is None or not is_bound(record):
        return ""
    if namespace.get("__package__"):
        return f"aotops build {namespace['__spec__'].name if namespace.get('__spec__') else module_of(record)}"
    return f"aotops build {os.path.relpath(file)}"
