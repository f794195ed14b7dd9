"""The facts that kernels are made from: a declaration, and its functions with all that they refer to.

The build stores the facts of every operator beside its kernels (``aotops.aot.pack.manifest``). Before an operator is
bound to them, the facts of the declaration in memory are compared: the value of a name, or the code of a function, may
have changed since. The cache of the build identifies kernels by the same facts.

The first call of an operator waits for this, so nothing is imported here that is not imported already.
"""

from __future__ import annotations

import sys

from aotops.abi import AXIS_KINDS
from aotops.ops.record import Record
from aotops.scalar.functions import plain

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
    from typing import Any

    Fact = tuple[str, str]
else:  # the import of types would take longer than all else here
    FunctionType, CodeType = type(lambda: None), type((lambda: None).__code__)
    BuiltinFunctionType, ModuleType = type(len), type(sys)

#: Modules whose names have another meaning in scalar functions, and packages whose functions Numba handles.
NAMED_MODULES = ("math", "numpy", "aotops")
NAMED_PACKAGES = ("numpy", "numba", "llvmlite")

#: The value of a name that is not defined.
MISSING = object()

CO_HAS_DOCSTRING = 0x4000000
CO_FUTURE_ANNOTATIONS = 0x1000000
#: ``*`` and ``**`` parameters, and what makes a function a generator or a coroutine; others tell where code stands.
RELEVANT_FLAGS = 0x2AC


def check_sum(data: bytes) -> str:
    """32 hexadecimal digits that change with the data: BLAKE2b, of 128 bits."""
    try:
        # as Python's own random does: hashlib, which has it too, takes 2 to 3 ms to import, and this 0.2 ms
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(data, digest_size=16).hexdigest()


# --- values ---------------------------------------------------------------------------------------------------------


def bits(value: Any, format: str) -> str:
    """The bytes of a number in hexadecimal digits."""
    room: Any = memoryview(bytearray(8)).cast(format)  # type: ignore[call-overload]
    room[0] = value
    return bytes(room).hex()


def spelled(
    value: Any, refer: Callable[[Any], str | None], digest: Callable[[bytes], str] = check_sum, depth: int = 0
) -> str:
    """A value as one line: the same for equal values of one type in every process, another for all others.

    ``refer`` is asked first: what it returns stands for the value.
    """
    if depth > 40:
        return "..."  # something that holds itself
    value = plain(value)
    reference = refer(value)
    if reference is not None:
        return reference
    kind = type(value)

    def each(values: Iterable[Any]) -> list[str]:
        return [spelled(item, refer, digest, depth + 1) for item in values]

    if value is None or value is Ellipsis or kind in (bool, str, bytes):
        return ascii(value)
    if value is MISSING:
        return "nothing"
    if kind is int:
        return repr(value) if value.bit_length() < 1000 else hex(value)  # Python writes out no int of over 4300 digits
    if kind is float:
        return repr(value) if value == value else f"nan {bits(value, 'd')}"
    if kind is complex:
        return f"complex({', '.join(each((value.real, value.imag)))})"
    if kind in (tuple, list):
        return f"{'(' if kind is tuple else '['}{', '.join(each(value))}{',)' if kind is tuple else ']'}"
    if kind in (set, frozenset):
        return f"{kind.__name__}({', '.join(sorted(each(value)))})"
    if kind is dict:
        return f"{{{', '.join(map(': '.join, zip(each(value), each(value.values()), strict=True)))}}}"
    if isinstance(value, ModuleType):
        # others are known by those of their attributes that are used: where they are imported from may differ
        return f"module {value.__name__}" if value.__name__ in NAMED_MODULES else "module"
    if isinstance(value, BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, type):
        members = getattr(value, "__members__", None)  # of an enumeration
        if members is not None:
            return (
                f"{value.__qualname__}({', '.join(map('='.join, zip(members, each(members.values()), strict=True)))})"
            )
        if issubclass(value, tuple) and hasattr(value, "_fields"):  # of named tuples
            defaults = getattr(value, "_field_defaults", {})
            return f"{value.__qualname__}({', '.join(map(str, value._fields))}; {each([defaults])[0]})"
        return value.__qualname__
    if hasattr(kind, "__members__"):
        return f"{kind.__qualname__}.{value._name_} = {spelled(value._value_, refer, digest, depth + 1)}"
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
        name = value.dtype.str if value.dtype.names is None else f"{value.dtype.str} {value.dtype.descr}"
        if value.dtype.hasobject:
            return f"numpy {name} {each([value.tolist()])[0]}"
        if isinstance(value, numpy.ndarray):
            order = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else "A"
            return f"numpy {name} {value.shape} {order} {digest(value.tobytes())}"
        item = value.item()
        return f"numpy {name} {each([item])[0] if type(item) in (bool, int, float, complex) else value.tobytes().hex()}"
    if numpy is not None and isinstance(value, numpy.dtype):
        return f"numpy.dtype {value.str if value.names is None else value.descr}"
    bases: tuple[Any, ...] = (int, float, complex, str, bytes, tuple)
    for base in bases:
        if isinstance(value, base):
            names = getattr(value, "_fields", ())  # of a named tuple
            return f"{kind.__qualname__}({', '.join(map(str, names))}: {each([base(value)])[0]})"
    if isinstance(getattr(value, "__name__", None), str):
        return f"{kind.__qualname__} {value.__name__}"  # a function of NumPy
    try:
        string = ascii(value)
    except Exception:
        string = ""
    # of other objects Numba has no constants
    return kind.__qualname__ if " at 0x" in string else f"{kind.__qualname__} {string}".replace("\n", " ")


# --- code -----------------------------------------------------------------------------------------------------------


def without_docstring(code: CodeType) -> tuple[bytes, tuple[Any, ...]]:
    """The instructions and constants of a function as they are where it has no docstring."""
    instructions, constants = code.co_code, code.co_consts
    if sys.version_info < (3, 14):
        # the first constant of a function is its docstring or None; that of a comprehension is a constant
        has_docstring = constants and isinstance(constants[0], str) and not code.co_name.startswith("<")
        return instructions, (None, *constants[1:]) if has_docstring else constants
    if not code.co_flags & CO_HAS_DOCSTRING:
        return instructions, constants
    from _opcode import has_const  # type: ignore[import-not-found]  # the import of dis takes 2 ms

    # each constant is known by a number less; beyond the 256th, of which a scalar function has none, it is not
    pairs = zip(instructions[::2], instructions[1::2], strict=True)
    shifted = [(op, argument - 1 if argument and has_const(op) else argument) for op, argument in pairs]
    return bytes([byte for pair in shifted for byte in pair]), constants[1:] or (None,)


def code_spelled(code: CodeType, digest: Callable[[bytes], str] = check_sum) -> str:
    """All that code does; not its docstring, its name, or its place in the file."""
    instructions, constants = without_docstring(code)

    def nested(value: Any) -> str | None:
        return f"<{code_spelled(value, digest)}>" if isinstance(value, CodeType) else None

    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & RELEVANT_FLAGS)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    own = [spelled(value, nested, digest) for value in constants]
    return f"{counts} {instructions.hex()} {code.co_exceptiontable.hex()} {names} {own}"


def code_digest(code: CodeType) -> str:
    """A digest of what code does, and of the version of Python that it is for."""
    return check_sum(f"{sys.implementation.cache_tag} {code_spelled(code)}".encode("utf-8", "surrogatepass"))


def digest_of_source(source: str, names: Iterable[str], flags: int) -> str | None:
    """The ``code_digest`` of a function that this Python makes of its source; None if it makes none.

    The function is found in the module's code by the names of those that it is inside of, and its own.
    """
    import warnings  # 0.3 ms, in a build and where the Python of the build was another one

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever compiled the module has seen them
        try:
            code = compile(source, "<scalar function>", "exec", flags & CO_FUTURE_ANNOTATIONS, True)
        except Exception:  # also of memory, or of too many brackets in one another
            return None
    for name in names:
        inside = [each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == name]
        if not inside:
            return None
        code = inside[0]
    return code_digest(code)


# --- functions and operators ----------------------------------------------------------------------------------------


def found(function: FunctionType, path: str) -> Any:
    """The value of a dotted name in a function; ``MISSING`` if it has none."""
    first, *attributes = path.split(".")
    value = function.__globals__.get(first, MISSING)
    if value is MISSING:
        value = function.__builtins__.get(first, MISSING)  # type: ignore[attr-defined, unused-ignore]
    for attribute in attributes:
        try:
            value = getattr(value, attribute)
        except Exception:
            return MISSING
    return value


def is_named(function: FunctionType) -> bool:
    """Whether a function is known by its name: one of aotops, which belongs to its version, or of NumPy or Numba."""
    module = function.__module__ or ""
    package = module.partition(".")[0]
    ours = package == "aotops" and getattr(sys.modules.get(module), function.__name__, None) is function
    return ours or package in NAMED_PACKAGES


def operands(record: Record, dtype: str) -> str:
    """The dtypes of the inputs and the results where an operator computes in a dtype."""
    return f"{', '.join(record.inputs_for(dtype))} -> {', '.join(record.results_for(dtype))}"


class Facts:
    """The facts about values, each a label and a spelling.

    Functions and operators are numbered as they are met, and what they are made from are facts as well.

    Arguments:
        paths: of a number and its function, the names that the function refers to, and of modules' attributes.
    """

    def __init__(self, paths: Callable[[int, FunctionType], Iterable[str]]) -> None:
        self.paths = paths
        self.numbers: dict[Any, int] = {}
        self.met: list[Any] = []

    def number(self, value: Any) -> int:
        """The number of a function or an operator."""
        if value not in self.numbers:
            self.numbers[value] = len(self.met)
            self.met.append(value)
        return self.numbers[value]

    def refer(self, value: Any) -> str | None:
        """How a function or an operator is spelled: what it is made from are facts of their own. None for others."""
        if isinstance(value, FunctionType):
            return f"{value.__module__}.{value.__name__}" if is_named(value) else f"function {self.number(value)}"
        if isinstance(value, Record):
            return f"operator {self.number(value)}"
        if type(value).__name__ == "Operator" and type(value).__module__ == "aotops":
            return f"aotops.{value.__name__}" if value._record is None else self.refer(value._record)
        return None

    def spelled(self, value: Any) -> str:
        """A value, whose functions and operators are numbered."""
        return spelled(value, self.refer)

    def code(self, function: FunctionType) -> str:
        """What a function does."""
        return code_digest(function.__code__)

    def of_record(self, record: Any) -> Iterator[Fact]:
        """The facts of an operator, one after the other, and at the end those of all functions that it reaches."""
        if isinstance(record, Record):
            yield from self.declared(record, "")
        else:
            yield from record.facts(self.spelled)  # an array kernel
        yield from self.of_reached()

    def of_reached(self) -> Iterator[Fact]:
        """The facts of all functions and operators that have a number, and of those that get one meanwhile."""
        for number, value in enumerate(self.met):
            if isinstance(value, Record):
                yield from self.declared(value, f"{number} ")
            else:
                yield from self.of_function(value, number)

    def declared(self, record: Record, prefix: str) -> Iterator[Fact]:
        """What an operator's declaration says.

        Extensions have these facts as they were spelled when they were built: a new one may only appear where a
        declaration has what no earlier one could have.
        """
        yield f"{prefix}kind", record.kind
        yield f"{prefix}parameters", ", ".join(record.parameters)
        yield f"{prefix}fixed inputs", ", ".join([f"{name}: {own}" for name, own in record.fixed.items()]) or "none"
        yield f"{prefix}dtypes", ", ".join(record.dtypes)
        for dtype in record.dtypes:
            yield f"{prefix}signature for {dtype}", operands(record, dtype)
            if record.kind in AXIS_KINDS:
                yield f"{prefix}identity for {dtype}", self.spelled(record.identity_for(dtype))
                yield f"{prefix}initial value for {dtype}", self.spelled(record.initial_for(dtype))
            for name in () if record.derivative_of else record.defaults:  # a derivative's are its operator's
                yield f"{prefix}default of {name} for {dtype}", self.spelled(record.default_for(name, dtype))
        if isinstance(record.absorbing, dict):
            for dtype in record.dtypes:
                yield f"{prefix}absorbing value for {dtype}", self.spelled(record.absorbing_for(dtype))
        elif record.absorbing is not None:
            yield f"{prefix}absorbing value", self.spelled(record.absorbing)
        yield f"{prefix}outputs", str(record.outputs)
        if not record.namespace:  # those of user-defined operators follow from their dtypes
            yield f"{prefix}casts", ", ".join([f"{a} -> {b}" for a, b in sorted(record.casts.items())]) or "none"
        yield f"{prefix}function", self.spelled(record.scalar)
        if record.kind == "reduce":
            yield f"{prefix}function of the inputs", self.spelled(record.map)
        if record.finish is not None:
            if record.kind == "scan":
                yield f"{prefix}function of the input", self.spelled(record.map)
            yield f"{prefix}function of the state", self.spelled(record.finish)
            for dtype in record.dtypes:
                yield f"{prefix}state for {dtype}", ", ".join(record.states_for(dtype))
        for what, functions in (("function", record.specialised), ("fast path", record.fast_paths)):
            for dtype, function in sorted(functions.items()):
                yield f"{prefix}{what} for {dtype}", self.spelled(function)

    def of_function(self, function: FunctionType, number: int) -> Iterator[Fact]:
        """What a function does and refers to."""
        yield f"{number} code", self.code(function)
        yield f"{number} defaults", self.spelled((function.__defaults__, function.__kwdefaults__))
        dtype = getattr(function, "constants", None)  # of ``intrinsics.in_float64``
        if dtype is not None:
            yield f"{number} constants", self.spelled(dtype)
        for path in self.paths(number, function):
            yield f"{number} global {path}", self.spelled(found(function, path))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            yield f"{number} closure {name}", self.spelled(contents(cell))


def contents(cell: Any) -> Any:
    """What a closure's variable holds; ``MISSING`` if it has no value yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


# --- the manifest of a build ----------------------------------------------------------------------------------------


class Manifest:
    """What a build has written down: blocks of lines, with an empty line between them.

    The first names the Python of the build, and its ``__debug__``. One for each operator has its facts. One for each
    function has its source, for Pythons with other byte code, and the digest of its code, which functions with and
    without a docstring share.
    """

    def __init__(self, string: str) -> None:
        head, *blocks = string.split("\n\n")
        self.python, _, self.debug = head.partition("\n")
        self.operators: dict[str, str] = {}
        self.sources: dict[str, list[str]] = {}
        for block in blocks:
            title, _, lines = block.partition("\n")
            what, name, *_ = title.split(" ")
            if what == "operator":
                self.operators[name] = lines
            else:
                self.sources.setdefault(name, []).append(block)
        self._now: dict[tuple[str, int], list[str | None]] = {}

    def same_code(self, function: Any, then: str) -> bool:
        """Whether a function is what this Python makes of a source whose code had a digest then."""
        key = then, function.__code__.co_flags & CO_FUTURE_ANNOTATIONS
        if key not in self._now:
            self._now[key] = []
            for block in self.sources.get(then, ()):
                title, *lines = block.split("\n")
                source = "\n".join([line[1:] for line in lines])
                # a constant that no instruction names: code that mentions it is not the same with another value
                if "__debug__" not in source or self.debug == str(__debug__):
                    self._now[key].append(digest_of_source(source, title.split(" ")[2:], key[1]))
        return code_digest(function.__code__) in self._now[key]

    def difference(self, record: Any, name: str) -> str | None:
        """The first difference of a declaration from what was built by its name, in words; None if they agree."""
        lines = self.operators[name].split("\n")
        paths: dict[str, list[str]] = {}
        for line in lines:
            number, _, rest = line.partition("\t")[0].partition(" global ")
            if rest:
                paths.setdefault(number, []).append(rest)
        facts = Facts(lambda number, function: paths.get(str(number), ()))
        then = iter(lines)
        for label, now in facts.of_record(record):
            line = next(then, "")
            if line != f"{label}\t{now}":
                label_then, _, before = line.partition("\t")
                number, _, what = label.partition(" ")
                function = facts.met[int(number)] if number.isdecimal() else None
                if label_then == label and what == "code" and self.same_code(function, before):
                    continue
                return self.told(record, function, label, what, before if label_then == label else None, now)
        return "it refers to less" if next(then, None) is not None else None

    def told(self, record: Any, function: Any, label: str, what: str, then: str | None, now: str) -> str:
        """A difference in words."""
        if what == "code":
            if then not in self.sources and self.python != python_version():
                return (
                    f"{function.__name__} was compiled by {self.python} from code without source, "
                    f"which {python_version()} cannot compare"
                )
            return f"the code of {function.__name__} changed"
        subject = f"its {label}"
        if isinstance(function, FunctionType):
            word, _, name = what.partition(" ")
            subject = name or f"the {word} of {function.__name__}"
        elif function is not None:
            subject = f"the {what} of {function.name}"
        return f"{subject} changed from {in_words(then)} to {in_words(now)}"


def in_words(spelling: str | None) -> str:
    """How a message calls a value."""
    if spelling is None:
        return "nothing"
    first, _, number = spelling.partition(" ")
    if first in ("function", "operator") and number.isdecimal():
        return f"a {first}" if first == "function" else "an operator"
    return spelling if len(spelling) <= 80 else f"{spelling[:60]}... ({len(spelling)} characters)"


def python_version() -> str:
    """How a manifest calls this version of Python."""
    return f"Python {sys.version_info[0]}.{sys.version_info[1]}"
