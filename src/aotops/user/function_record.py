"""What the declaration of a whole-array function says: its signatures and its function."""

from __future__ import annotations

from aotops import errors
from aotops.user.array_record import MOST_DIMENSIONS, ArrayRecord, ArraySignature
from aotops.user.array_types import Argument, TupleArgument, spelled_result

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FunctionType
    from typing import Any

    from aotops.user.array_types import Result

#: What a function does with an argument, and the codes of what it returns, as in ``aotops_kernel.h``.
WRITES, ROW_MAJOR, COLUMN_MAJOR = 1, 2, 4
NONE, NUMBER, ARRAY, TUPLE, OPTIONAL, NAMED = range(6)
#: The most words that describe what a function returns.
MOST_WORDS = 512


class FunctionSignature(ArraySignature):
    """One signature that a whole-array function is compiled for.

    Each axis of an argument has a dimension of its own.

    Attributes:
        types: of what the function is called with.
        arguments: the types of the numbers and arrays among these, members of tuples included: C's arguments.
        result: the type of what it returns; None if that is not declared.
    """

    def __init__(self, types: tuple[Argument | TupleArgument, ...], result: Result) -> None:
        arguments = tuple([leaf for each in types for leaf in each.leaves])
        axes, first = [], 0
        for each in arguments:
            axes.append(tuple(range(first, first + each.rank)))
            first += each.rank
        super().__init__(tuple([each.dtype for each in arguments]), len(arguments), (), tuple(axes), (-1,) * first)
        self.types = types
        self.arguments = arguments
        self.result = result

    def __str__(self) -> str:
        result = spelled_result(self.result)
        return f"({', '.join(map(str, self.types))}){f' -> {result}' if result else ''}"

    @property
    def identity(self) -> tuple[Any, ...]:
        """What code is compiled from, of this signature."""
        return (str(self), *[each.described() for each in self.types if isinstance(each, TupleArgument)])

    def names(self, parameters: Sequence[str]) -> tuple[str, ...]:
        """How messages call the numbers and arrays that C gets, by the names of the function's parameters."""
        pairs = zip(parameters, self.types, strict=False)
        return tuple([name for parameter, each in pairs for name in each.names(parameter)])

    def leaves_of(self, values: Sequence[Any]) -> list[Any]:
        """The numbers and arrays that arguments consist of."""
        return [leaf for own, each in zip(self.types, values, strict=False) for leaf in own.leaves_of(each) or ()]

    @property
    def has_versions(self) -> bool:
        """Whether there is another version for arrays in row-major order."""
        return any(each.rank and each.order == "A" for each in self.arguments)


class FunctionRecord(ArrayRecord):
    """The declaration of a whole-array function."""

    kind = "function"
    signatures: tuple[FunctionSignature, ...]

    def __init__(
        self,
        function: FunctionType,
        signatures: tuple[FunctionSignature, ...],
        boundscheck: bool,
        reassociate: bool,
        namespace: dict[str, Any],
    ) -> None:
        super().__init__(function, None, signatures, boundscheck, reassociate, namespace)
        least = len(self.parameters) - len(function.__defaults__ or ())
        #: The values of parameters that calls may leave out.
        self.defaults = dict(zip(self.parameters[least:], function.__defaults__ or (), strict=True))
        for each in signatures:
            if not least <= len(each.types) <= len(self.parameters):
                count = str(least) if least == len(self.parameters) else f"{least} to {len(self.parameters)}"
                wanted = f"have {count} arguments, as the function has: {', '.join(self.parameters)}"
                errors.reject(errors.RecordError, self.name, "signature", wanted, str(each))
            if len(each.sizes) > MOST_DIMENSIONS:
                wanted = f"have at most {MOST_DIMENSIONS} dimensions in total"
                errors.reject(errors.RecordError, self.name, "signature", wanted, len(each.sizes))

    @property
    def declared(self) -> str:
        """What the declaration says beside signatures."""
        return self.kind

    def described(self, number: int) -> str:
        """One of the signatures, as the names of its code in reports have it."""
        arguments = ", ".join(map(str, self.signatures[number].types))
        return f"({arguments})"

    def symbol(self, number: int, contiguous: bool) -> str:
        """The name of the code for one of the signatures."""
        return super().symbol(number, contiguous or not self.signatures[number].has_versions)

    def facts(self, spelled: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
        """What the declaration says, each a label and a spelling, as ``aotops.user.identity.Facts`` compares them."""
        yield "kind", self.kind
        yield "parameters", ", ".join(self.parameters)
        for number, signature in enumerate(self.signatures):
            yield f"signature {number}", "; ".join(signature.identity)
        yield "checked indices", str(self.boundscheck)
        yield "reassociated", str(self.reassociate)
        yield "function", spelled(self.function)
