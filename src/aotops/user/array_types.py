"""The types of the arguments and results of whole-array functions, as Numba spells them: ``(float64[:, :], int64)``.

They are read without Numba, which is not there at run time. Its own objects are understood by their attributes.

A tuple is passed as its members, which C gets as arguments of their own; the code that is compiled around a function
makes the tuple of them again.
"""

from __future__ import annotations

from aotops import errors
from aotops.abi import DTYPES, FACTS, MAX_OPERANDS, MAX_RANK

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
    """The type of an argument that is a number or an array.

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

    @property
    def form(self) -> None:
        """None: it is no tuple."""

    @property
    def leaves(self) -> tuple[Argument, ...]:
        """The numbers and arrays that it consists of."""
        return (self,)

    def names(self, parameter: str) -> tuple[str, ...]:
        """How messages call these."""
        return (parameter,)

    def leaves_of(self, value: Any) -> tuple[Any, ...] | None:
        """The same of a value; None if that is a tuple of another form."""
        return None if isinstance(value, tuple) else (value,)

    def made_of(self, leaves: Iterator[Any]) -> Any:
        """The value that has some leaves, of which it takes its own."""
        return next(leaves)


class TupleArgument:
    """The type of an argument that is a tuple.

    Attributes:
        members: their types.
        owner: the class of a named tuple; None for a tuple without names.
        called: the name by which the signature has the class.
    """

    __slots__ = ("called", "members", "owner")

    def __init__(self, members: tuple[Argument | TupleArgument, ...], owner: Any, called: str) -> None:
        self.members, self.owner, self.called = members, owner, called

    def __str__(self) -> str:
        members = f"({', '.join(map(str, self.members))}{',' * (len(self.members) == 1)})"
        return f"NamedTuple({members}, {self.called})" if self.called else members

    def described(self) -> str:
        """The type in words, with the names of members."""
        if self.owner is None:
            return f"a tuple {self}"
        members = zip(self.owner._fields, self.members, strict=True)
        return f"a named tuple {self.called}({', '.join(f'{field}: {own}' for field, own in members)})"

    @property
    def form(self) -> tuple[Any, ...]:
        """The class, None for a tuple without names, and the forms of its members."""
        return self.owner, tuple([each.form for each in self.members])

    @property
    def leaves(self) -> tuple[Argument, ...]:
        """The numbers and arrays that it consists of."""
        return tuple([leaf for member in self.members for leaf in member.leaves])

    def names(self, parameter: str) -> tuple[str, ...]:
        """How messages call these."""
        fields = [f"[{k}]" for k in range(len(self.members))]
        if self.owner is not None:
            fields = [f".{field}" for field in self.owner._fields]
        pairs = zip(fields, self.members, strict=True)
        return tuple([name for field, member in pairs for name in member.names(f"{parameter}{field}")])

    def leaves_of(self, value: Any) -> tuple[Any, ...] | None:
        """The same of a value; None if it is no tuple of this form."""
        if not isinstance(value, self.owner or tuple) or len(value) != len(self.members):
            return None
        found: list[Any] = []
        for own, member in zip(self.members, value, strict=True):
            leaves = own.leaves_of(member)
            if leaves is None:
                return None
            found += leaves
        return tuple(found)

    def made_of(self, leaves: Iterator[Any]) -> Any:
        """The value that has some leaves, of which it takes its own."""
        members = [member.made_of(leaves) for member in self.members]
        return tuple(members) if self.owner is None else self.owner(*members)


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

    def tuple_of(self, one: Callable[[], Any]) -> tuple[list[Any], str] | None:
        """Read a tuple: its members, and the name of its class or ""; None if another type is next."""
        kind = self.next
        if kind in ("UniTuple", "NamedUniTuple"):
            self.at += 1
            self.need("(")
            inner = one()
            self.need(",")
            count = self.next
            self.at += 1
            if not count.isdecimal() or int(count) > 64:
                self.fail()
            members = [inner] * int(count)
        elif kind in ("Tuple", "NamedTuple"):
            self.at += 1
            self.need("(", "(")
            members = self.several(one)
        elif self.take("("):
            return self.several(one), ""
        else:
            return None
        called = ""
        if kind.startswith("Named"):
            self.need(",")
            called = self.next
            self.at += 1
        self.need(")")
        return members, called

    def argument(self) -> Argument | TupleArgument:
        """Read the type of an argument; the classes of named tuples are looked up later."""
        found = self.tuple_of(self.argument)
        return self.array_or_number() if found is None else TupleArgument(tuple(found[0]), None, found[1])

    def result(self) -> tuple[Any, ...]:
        """Read the type of a result."""
        if self.next in ("None", "none", "void"):
            self.at += 1
            return ("none",)
        if self.take("optional", "(") or self.take("Optional", "("):
            inner = self.result()
            self.need(")")
            return ("optional", inner)
        found = self.tuple_of(self.result)
        if found is not None:
            return ("tuple", tuple(found[0]))
        own = self.array_or_number()
        return ("array", own.dtype, own.rank) if own.rank else ("number", own.dtype)

    def signature(self) -> tuple[tuple[Argument | TupleArgument, ...], Result]:
        """Read all of it."""
        start, result = self.at, None
        if not self.take("("):
            result = self.result()
            self.need("(")
        try:
            arguments = self.several(self.argument)
        except errors.RecordError:
            if result is not None:
                raise
            self.at = start  # a tuple is returned: (float64, int64)(float64[:])
            result = self.result()
            self.need("(")
            arguments = self.several(self.argument)
        if result is None and self.next == "(":
            self.at = start
            result = self.result()
            self.need("(")
            arguments = self.several(self.argument)
        if result is None and self.take("-", ">"):
            result = self.result()
        if self.next:
            self.fail()
        return tuple(arguments), result


def read_signature(name: str, given: Any, scope: dict[str, Any]) -> tuple[tuple[Argument | TupleArgument, ...], Result]:
    """Return the types of the arguments and of the result in a signature: a string, or an object of Numba's.

    ``scope``: the variables among which the classes of named tuples are found. Raises ``RecordError`` if it is no
    signature, or has types that functions cannot have.
    """
    result: Result = None
    if isinstance(given, str):
        arguments, result = _Reader(name, given).signature()
    elif isinstance(given, tuple):
        arguments = tuple([_argument_of_numba(name, each) for each in given])
    elif hasattr(given, "args") and hasattr(given, "return_type"):
        result = None if given.return_type is None else _result_of_numba(name, given.return_type)
        arguments = tuple([_argument_of_numba(name, each) for each in given.args])
    else:
        wanted = "a string such as '(float64[:, :], int64) -> float64', a signature of Numba's, or a list of them"
        errors.wrong_type("function", "signature", wanted, given)
    count = sum([len(each.leaves) for each in arguments])
    if count > MAX_OPERANDS:
        what = "arguments" if count == len(arguments) else "numbers and arrays, members of tuples included"
        errors.reject(errors.RecordError, name, "signature", f"have up to {MAX_OPERANDS} {what}", count)
    return tuple([_with_classes(name, each, scope) for each in arguments]), result


def _with_classes(name: str, own: Argument | TupleArgument, scope: dict[str, Any]) -> Argument | TupleArgument:
    """The type of an argument with the classes of named tuples; ``RecordError`` if there is none by a name."""
    if isinstance(own, Argument):
        return own
    members = tuple([_with_classes(name, each, scope) for each in own.members])
    owner: Any = own.owner
    if own.called and owner is None:
        first, *others = own.called.split(".")
        owner = scope.get(first)
        for each in others:
            owner = getattr(owner, each, None)
    if own.called and not (isinstance(owner, type) and len(getattr(owner, "_fields", ())) == len(members)):
        wanted = f"be a class of named tuples, with as many fields as it has types there: {len(members)}"
        errors.reject(errors.RecordError, name, f"{own.called} in the signature", wanted, errors.type_name(owner))
    return TupleArgument(members, owner, own.called)


def _members_of_numba(type_: Any) -> tuple[Any, ...] | None:
    """The types of the members of a tuple type of Numba's; None of another type."""
    members = getattr(type_, "types", None)
    if not hasattr(type_, "count") or (members is None and not hasattr(type_, "dtype")):
        return None
    return (type_.dtype,) * type_.count if members is None else tuple(members)


def _argument_of_numba(name: str, type_: Any) -> Argument | TupleArgument:
    """The type of an argument, from an object of Numba's, or a string."""
    if isinstance(type_, str):
        reader = _Reader(name, type_)
        found = reader.argument()
        return reader.fail() if reader.next else found
    members = _members_of_numba(type_)
    if members is not None:
        owner = getattr(type_, "instance_class", None)
        called = "" if owner is None else owner.__qualname__
        return TupleArgument(tuple([_argument_of_numba(name, each) for each in members]), owner, called)
    return _leaf_of_numba(name, type_)


def _leaf_of_numba(name: str, type_: Any) -> Argument:
    """The type of a number or an array, from an object of Numba's."""
    rank = getattr(type_, "ndim", 0)
    dtype = NAMES.get(str(getattr(type_, "dtype", type_) if rank else type_))
    if dtype is None or (hasattr(type_, "ndim") and not 1 <= rank <= MAX_RANK):
        wanted = "have arguments that are numbers, arrays of them with at least one dimension, or tuples of both"
        errors.reject(errors.RecordError, name, "signature", wanted, errors.shown(str(type_)))
    return Argument(dtype, rank, getattr(type_, "layout", "A") if rank else "")


def _result_of_numba(name: str, type_: Any) -> tuple[Any, ...]:
    """The type of a result, from an object of Numba's."""
    if str(type_) in ("none", "void"):
        return ("none",)
    members = _members_of_numba(type_)
    if members is not None:
        return ("tuple", tuple(_result_of_numba(name, each) for each in members))
    if type(type_).__name__ == "Optional":
        return ("optional", _result_of_numba(name, type_.type))
    own = _leaf_of_numba(name, type_)
    return ("array", own.dtype, own.rank) if own.rank else ("number", own.dtype)
