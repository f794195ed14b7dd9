"""The types of the arguments and results of whole-array functions, as Numba spells them: ``(float64[:, :], int64)``.

They are read without Numba, which is not there at run time. Its own objects are understood by their attributes.
"""

from __future__ import annotations

from aotops import errors
from aotops.abi import DTYPES, FACTS, MAX_OPERANDS, MAX_RANK

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    #: What a function returns: ``("none",)``, ``("number", dtype)``, ``("array", dtype, rank)``,
    #: ``("optional", type)``, ``("tuple", (type, ...))``; None: whatever it returns.
    Result = tuple[Any, ...] | None

_CODES = {"bool": "b", "signed": "i", "unsigned": "u", "real": "f", "complex": "c"}

#: Names of numbers, Numba's and NumPy's.
NAMES = {
    **{name: name for name in FACTS},
    **{f"{_CODES[fact.kind]}{fact.itemsize}": fact.name for fact in DTYPES},
    **dict.fromkeys(("boolean", "bool_"), "bool"),
    "char": "int8",
    **dict.fromkeys(("uchar", "byte"), "uint8"),
    "short": "int16",
    "ushort": "uint16",
    "intc": "int32",
    "uintc": "uint32",
    **dict.fromkeys(("int", "int_", "intp", "ssize_t", "longlong"), "int64"),
    **dict.fromkeys(("uint", "uintp", "size_t", "ulonglong"), "uint64"),
    "float_": "float32",
    **dict.fromkeys(("float", "double"), "float64"),
    "complex": "complex128",
}


class Argument:
    """The type of an argument.

    Attributes:
        dtype: of the number or of the elements.
        rank: the number of dimensions of an array; 0: a number.
        order: of an array: ``"A"``, any strides; ``"C"`` or ``"F"``, row-major or column-major order alone.
    """

    __slots__ = ("dtype", "order", "rank")

    def __init__(self, dtype: str, rank: int, order: str) -> None:
        self.dtype, self.rank, self.order = dtype, rank, order

    def __str__(self) -> str:
        if not self.rank:
            return self.dtype
        dims = [":"] * self.rank
        if self.order != "A":
            dims[-1 if self.order == "C" else 0] = "::1"
        return f"{self.dtype}[{', '.join(dims)}]"

    def described(self) -> str:
        """The type in words."""
        if not self.rank:
            return f"a number that {self.dtype} holds"
        plural = "s" * (self.rank != 1)
        return f"an array of {self.dtype} with {self.rank} dimension{plural}"


def spelled_result(result: Result) -> str:
    """Return a type of a result as it is written; "" if it is not declared."""
    if result is None:
        return ""
    kind = result[0]
    if kind == "none":
        return "None"
    if kind == "tuple":
        return f"({', '.join(map(spelled_result, result[1]))}{',' * (len(result[1]) == 1)})"
    if kind == "optional":
        return f"optional({spelled_result(result[1])})"
    return str(Argument(result[1], result[2] if kind == "array" else 0, "A"))


class _Reader:
    """Reads one signature from a string."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.tokens: list[str] = []
        word = ""
        for character in f"{text} ":
            if character.isalnum() or character in "_.'\"":
                word += character
                continue
            if word:
                self.tokens.append(word.removeprefix("types.").removeprefix("numba.").removeprefix("nb."))
                word = ""
            if not character.isspace():
                self.tokens.append(character)
        self.at = 0

    def fail(self) -> NoReturn:
        """Raise ``RecordError``."""
        wanted = "be like '(float64[:, :], int64) -> float64'"
        errors.reject(errors.RecordError, self.name, "signature", wanted, errors.shown(self.text))

    @property
    def next(self) -> str:
        """The next token, "" at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *tokens: str) -> bool:
        """Skip some tokens if they are next."""
        if self.tokens[self.at : self.at + len(tokens)] != list(tokens):
            return False
        self.at += len(tokens)
        return True

    def need(self, *tokens: str) -> None:
        """Skip some tokens, which must be next."""
        if not self.take(*tokens):
            self.fail()

    def several(self, one: Callable[[], Any]) -> list[Any]:
        """What is in brackets, of which the first has been read."""
        found = []
        while not self.take(")"):
            found.append(one())
            if not self.take(","):
                self.need(")")
                break
        return found

    def array_or_number(self) -> Argument:
        """Read a number, or an array."""
        if self.take("Array", "("):
            inner = self.array_or_number()
            self.need(",")
            rank, _ = self.next, self.take(self.next)
            self.need(",")
            order, _ = self.next.strip("'\""), self.take(self.next)
            if self.take(","):
                self.take("readonly", "=")
                self.take(self.next)
            self.need(")")
            if inner.rank or not rank.isdecimal() or not 1 <= int(rank) <= MAX_RANK or order not in ("A", "C", "F"):
                self.fail()
            return Argument(inner.dtype, int(rank), order)
        word = self.next
        if word not in NAMES:
            self.fail()
        self.at += 1
        if not self.take("["):
            return Argument(NAMES[word], 0, "")
        steps = []
        while True:
            self.need(":")
            steps.append(self.take(":", "1"))
            if not self.take(","):
                break
        self.need("]")
        order = "C" if steps[-1] else "F" if steps[0] else "A"
        if sum(steps) > 1 or (True in steps and order == "A") or len(steps) > MAX_RANK:
            self.fail()
        return Argument(NAMES[word], len(steps), order)

    def result(self) -> tuple[Any, ...]:
        """Read the type of a result."""
        if self.next in ("None", "none", "void"):
            self.at += 1
            return ("none",)
        if self.take("optional", "(") or self.take("Optional", "("):
            inner = self.result()
            self.need(")")
            return ("optional", inner)
        if self.take("UniTuple", "("):
            inner = self.result()
            self.need(",")
            count = self.next
            self.at += 1
            self.need(")")
            if not count.isdecimal() or int(count) > 64:
                self.fail()
            return ("tuple", (inner,) * int(count))
        if self.take("Tuple", "(", "("):
            members = self.several(self.result)
            self.need(")")
            return ("tuple", tuple(members))
        if self.take("("):
            return ("tuple", tuple(self.several(self.result)))
        own = self.array_or_number()
        return ("array", own.dtype, own.rank) if own.rank else ("number", own.dtype)

    def signature(self) -> tuple[tuple[Argument, ...], Result]:
        """Read all of it."""
        start, result = self.at, None
        if not self.take("("):
            result = self.result()
            self.need("(")
        try:
            arguments = self.several(self.array_or_number)
        except errors.RecordError:
            if result is not None:
                raise
            self.at = start  # a tuple is returned: (float64, int64)(float64[:])
            result = self.result()
            self.need("(")
            arguments = self.several(self.array_or_number)
        if result is None and self.next == "(":
            self.at = start
            result = self.result()
            self.need("(")
            arguments = self.several(self.array_or_number)
        if result is None and self.take("-", ">"):
            result = self.result()
        if self.next:
            self.fail()
        return tuple(arguments), result


def read_signature(name: str, given: Any) -> tuple[tuple[Argument, ...], Result]:
    """Return the types of the arguments and of the result in a signature: a string, or an object of Numba's.

    Raises ``RecordError`` if it is none, or has types that functions cannot have.
    """
    if isinstance(given, str):
        found = _Reader(name, given).signature()
    elif isinstance(given, tuple):
        found = tuple(_argument_of_numba(name, each) for each in given), None
    elif hasattr(given, "args") and hasattr(given, "return_type"):
        result = given.return_type
        own = None if result is None else _result_of_numba(name, result)
        found = tuple(_argument_of_numba(name, each) for each in given.args), own
    else:
        wanted = "a string such as '(float64[:, :], int64) -> float64', a signature of Numba's, or a list of them"
        errors.wrong_type("function", "signature", wanted, given)
    if len(found[0]) > MAX_OPERANDS:
        errors.reject(errors.RecordError, name, "signature", f"have up to {MAX_OPERANDS} arguments", len(found[0]))
    return found


def _argument_of_numba(name: str, type_: Any) -> Argument:
    """The type of an argument, from an object of Numba's, or a string."""
    if isinstance(type_, str):
        reader = _Reader(name, type_)
        found = reader.array_or_number()
        return reader.fail() if reader.next else found
    rank = getattr(type_, "ndim", 0)
    dtype = NAMES.get(str(getattr(type_, "dtype", type_) if rank else type_))
    if dtype is None or (hasattr(type_, "ndim") and not 1 <= rank <= MAX_RANK):
        wanted = "have arguments that are numbers, or arrays of them with at least one dimension"
        errors.reject(errors.RecordError, name, "signature", wanted, errors.shown(str(type_)))
    return Argument(dtype, rank, getattr(type_, "layout", "A") if rank else "")


def _result_of_numba(name: str, type_: Any) -> tuple[Any, ...]:
    """The type of a result, from an object of Numba's."""
    if str(type_) in ("none", "void"):
        return ("none",)
    members = getattr(type_, "types", None)
    if hasattr(type_, "count") and (members is not None or hasattr(type_, "dtype")):
        members = (type_.dtype,) * type_.count if members is None else members
        return ("tuple", tuple(_result_of_numba(name, each) for each in members))
    if type(type_).__name__ == "Optional":
        return ("optional", _result_of_numba(name, type_.type))
    own = _argument_of_numba(name, type_)
    return ("array", own.dtype, own.rank) if own.rank else ("number", own.dtype)
