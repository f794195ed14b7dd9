"""What to write instead, where a call does not fit a function's parameters: advice for those who know NumPy or PyTorch.

Python itself says "zeros() takes 1 positional argument but 2 were given". ``advised`` adds "; write zeros((2, 3))".
"""

from __future__ import annotations

from aotops import _native

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


def advised(function: F) -> F:
    """A decorator: a call that does not fit the function's parameters is a ``TypeError`` that says what to write."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = _native.recorded(call, args, kwargs)  # where there are gradients
        if result is not NotImplemented:
            return result
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            from aotops import foreign

            result = foreign.call(call, args, kwargs)
            if result is not NotImplemented:
                return result
            message = misfit(error, function, args, kwargs)
            if message is None:
                raise
        from aotops.errors import wrong_call

        wrong_call(message)

    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        setattr(call, name, getattr(function, name))
    call.__wrapped__ = function  # type: ignore[attr-defined]  # where inspect looks for the signature
    return call  # type: ignore[return-value]


def misfit(error: TypeError, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """What to say of a call that does not fit a function's parameters; None if the error comes from the function."""
    if getattr(error.__traceback__, "tb_next", None) is not None:
        return None
    return f"{error}; {advice(function, args, kwargs)}"


def as_copy(name: str, copy: Any) -> bool | None:
    """The argument ``copy`` of a function: True, False or None; ``TypeError`` for a string, such as ``"no"``."""
    return None if copy is None else as_flag(name, "copy", copy, "True, False or None")


def as_flag(name: str, argument: str, value: Any, wanted: str = "True or False") -> bool:
    """A flag of a function; ``TypeError`` for what has no truth value of its own, such as the string ``"no"``."""
    if value is True or value is False:
        return value
    if hasattr(type(value), "__bool__"):
        try:
            return bool(value)
        except ValueError:  # a tensor or an array of several elements
            pass
    from aotops.errors import wrong_type

    wrong_type(name, argument, wanted, value)


def is_one_of(value: Any, *choices: str) -> bool:
    """Whether a value is one of some strings; an array, which has no truth value when it is compared, is none."""
    return isinstance(value, str) and value in choices


def require_cpu(name: str, device: Any) -> None:
    """Raise ``ValueError`` for a device other than the only one."""
    if device is not None and not is_one_of(device, "cpu"):
        from aotops.errors import wrong_value

        wrong_value(name, "device", "'cpu' or None, the only device", device)


def advice(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What to write in place of a call that does not fit a function's parameters."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    positional, by_name = code.co_varnames[: code.co_argcount], code.co_varnames[code.co_argcount : count]
    only_positional = positional[: code.co_posonlyargcount]
    shown = [name for name in positional if name != "self"]
    listed = [
        *shown,
        *([f"*{code.co_varnames[count]}"] if code.co_flags & 0x04 else []),
        *[f"{key}=" for key in by_name],
    ]
    takes = f"it takes {', '.join(listed) or 'no arguments'}"
    name = function.__name__ if "self" not in positional else f"x.{function.__name__}"
    from aotops.errors import for_keyword

    for key in kwargs:
        taken_by_name = [*positional[len(only_positional) :], *by_name]
        if key not in taken_by_name:
            return for_keyword(name, key, only_positional, taken_by_name) or takes
    extra = args[len(positional) :]
    if not extra:
        return takes
    last = shown[-1] if shown else ""
    together = args[len(positional) - 1 :]
    taken = (int, float) if last == "data" else int
    if last in ("shape", "axes", "data") and all(isinstance(value, taken) for value in together):
        several = ", ".join([str(value) for value in together[:33]])
        one = f"[{several}]" if last == "data" else f"({several})"
        return f"{last} is one argument, write {name}({', '.join([*shown[:-1], one])})"
    if last == "function" and (isinstance(extra[0], (list, tuple, range)) or hasattr(extra[0], "dtype")):
        return f"it declares an operator, which takes the data when it is called: {name}(function)(x)"
    if by_name:
        from aotops.dtypes import is_dtype

        names = [key for key in by_name if key.startswith("dtype") == is_dtype(extra[0])] or list(by_name)
        what = f"the argument after {last}" if last else "it"
        return f"{what} is given by name, write {' or '.join([f'{key}=' for key in names])}"
    return takes
