"""What our own passes and lowerings reject, in words that messages use: no name of a type of Numba's."""

from __future__ import annotations

import re
from typing import Any

from numba.core.errors import TypingError


class RejectedError(TypingError):
    """What our own passes and lowerings reject: Numba reports it deep inside its message, where a mark tells it."""

    MARK = "[aotops] "

    def __init__(self, message: str, loc: Any = None) -> None:
        super().__init__(self.MARK + message, loc=loc)


#: Numba's names of types.
_TYPES = (
    (r"(?:reflected )?[Ll]ist(?:Type)?\((?:[^()]|\([^()]*\))*\)(?:<iv=[^>]*>)?", "a list"),
    (r"(?:reflected )?set\((?:[^()]|\([^()]*\))*\)|LiteralSet\(.*?\)", "a set"),
    (r"Dict(?:Type)?\[.*?\](?:<iv=[^>]*>)?|LiteralStrKeyDict\(.*?\)", "a dict"),
    (r"(?:Uni)?Tuple\((?:[^()]|\([^()]*\))*\)", "a tuple"),
    (r"Literal\[str\]\(.*?\)|unicode_type|\[unichr x \d+\]", "a string"),
    (r"[Bb]ytes(?:_literal)?\(.*?\)", "bytes"),
    (r"Literal\[(?:int|bool)\]\((\w+|-\d+)\)|Literal\[(?:int|bool)\]\((-?\d+)\)", "a number"),
    (r"(?:array|buffer)\(.*?\)", "an array"),
    (r"\b(?:u?int(?:8|16|32|64)?|float(?:32|64)?|bool(?:ean)?)\b", "a number"),
    (r"complex(?:64|128)", "a complex number"),
    (r"class\((?:a number|\w+)\)", "a type"),
    (r"omitted\(.*?\)", "a default"),
    (r"OptionalType\(.*?\)|\bnone\b|NoneType", "nothing"),
    (r"slice<.*?>", "a slice"),
    (r"Function\(<(?:built-in function|ufunc|class|function) '?([\w.<>]+)'?(?: at \w+)?>\)", r"\1"),
    (r"type\(CPUDispatcher\(<function ([\w.<>]+) at \w+>\)\)", r"\1"),
)


def words(text: str) -> str:
    """Replace Numba's names of types in a message."""
    for pattern, word in _TYPES:
        text = re.sub(pattern, word, text)
    return text
