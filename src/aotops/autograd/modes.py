"""Whether calls are recorded, thread by thread."""

from __future__ import annotations

from _thread import _local

from aotops import _native

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Entered(_local):
    """The modes that a thread is in, the innermost last, each with what was so before it."""

    def __init__(self) -> None:
        self.modes: list[tuple[Mode, bool]] = []


_entered = Entered()


class Mode:
    """A context manager and a decorator: while it is entered, calls of this thread are recorded or are not."""

    __slots__ = ()
    _flag = True

    def __new__(cls, function: Any = None) -> Any:
        """A new mode; as a decorator without parentheses, the decorated function."""
        mode = super().__new__(cls)
        if function is None:
            return mode
        if not callable(function):
            from aotops.errors import wrong_type

            wrong_type(cls.__name__, "function", "a function, as of a decorator, or nothing", function)
        return mode(function)

    def __enter__(self) -> None:
        _entered.modes.append((self, _native.set_recording(self._flag)))

    def __exit__(self, *exception: object) -> None:
        modes = _entered.modes
        for place in reversed(range(len(modes))):
            if modes[place][0] is self:
                _, before = modes.pop(place)
                if place == len(modes):
                    _native.set_recording(before)
                else:  # generators end in any order: the mode that was entered next restores what this one would
                    modes[place] = (modes[place][0], before)
                return

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose calls run in this mode; of a generator function, what it does between two values."""
        mode = type(self)
        flags: int = function.__code__.co_flags if hasattr(function, "__code__") else 0
        if flags & 0x280:  # CO_COROUTINE, CO_ASYNC_GENERATOR: other tasks run while one awaits
            from aotops.errors import reject

            advice = f"write `with aotops.{mode.__name__}():` between two awaits"
            reject(TypeError, mode.__name__, "function", "not be an async one", function.__qualname__, advice)
        if flags & 0x20:  # CO_GENERATOR

            def generate(*args: Any, **kwargs: Any) -> Any:
                steps = function(*args, **kwargs)
                step, value = steps.send, None
                while True:
                    try:
                        with mode():
                            value = step(value)
                    except StopIteration as end:
                        return end.value
                    try:
                        step, value = steps.send, (yield value)
                    except GeneratorExit:
                        with mode():
                            steps.close()
                        raise
                    except BaseException as error:
                        step, value = steps.throw, error

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

    As a decorator it may be written without the parentheses: ``@ao.no_grad``.
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
