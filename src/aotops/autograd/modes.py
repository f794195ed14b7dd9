"""Whether calls are recorded, thread by thread."""

from __future__ import annotations

from aotops import _native

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Mode:
    """A context manager and a decorator: while it is entered, calls of this thread are recorded or are not."""

    __slots__ = ("_before",)
    _flag = True

    def __init__(self) -> None:
        self._before: list[bool] = []  # one may be entered several times

    def __enter__(self) -> None:
        self._before.append(_native.set_recording(self._flag))

    def __exit__(self, *exception: object) -> None:
        _native.set_recording(self._before.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose calls run in this mode; of a generator function, what it does between two values."""
        mode = type(self)
        if function.__code__.co_flags & 0x20 if hasattr(function, "__code__") else False:  # CO_GENERATOR

            def generate(*args: Any, **kwargs: Any) -> Any:
                steps, sent = function(*args, **kwargs), None
                while True:
                    try:
                        with mode():
                            value = steps.send(sent)
                    except StopIteration as end:
                        return end.value
                    sent = yield value

            wrapper = generate
        else:

            def call(*args: Any, **kwargs: Any) -> Any:
                with mode():
                    return function(*args, **kwargs)

            wrapper = call
        for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            if hasattr(function, name):
                setattr(wrapper, name, getattr(function, name))
        wrapper.__wrapped__ = function  # type: ignore[attr-defined]
        return wrapper


class no_grad(Mode):  # noqa: N801  (the name that PyTorch has)
    """A context manager, and a decorator of functions: calls in it are not recorded, in this thread.

    Their results do not require gradients, and tensors that do may be written to, as an optimizer does.

    Example:
        >>> import aotops as ao
        >>> x = ao.tensor([1.0, 2.0], requires_grad=True)
        >>> with ao.no_grad():
        ...     x -= 0.5
        ...     print((x * 2).requires_grad)
        False
        >>> x
        tensor([0.5, 1.5], requires_grad=True)
        >>> @ao.no_grad()
        ... def double(x):
        ...     return x * 2
        >>> double(x).requires_grad
        False
    """

    __slots__ = ()
    __module__ = "aotops"
    _flag = False


class enable_grad(Mode):  # noqa: N801  (the name that PyTorch has)
    """A context manager, and a decorator of functions: calls in it are recorded, also inside of ``no_grad``.

    Example:
        >>> import aotops as ao
        >>> x = ao.tensor([1.0, 2.0], requires_grad=True)
        >>> with ao.no_grad():
        ...     with ao.enable_grad():
        ...         print((x * 2).requires_grad)
        True
    """

    __slots__ = ()
    __module__ = "aotops"


def is_grad_enabled() -> bool:
    """Return whether calls with tensors that require gradients are recorded, in this thread.

    Returns:
        A bool: False inside of ``no_grad``.

    Example:
        >>> import aotops as ao
        >>> ao.is_grad_enabled()
        True
        >>> with ao.no_grad():
        ...     print(ao.is_grad_enabled())
        False
    """
    return _native.is_recording()
