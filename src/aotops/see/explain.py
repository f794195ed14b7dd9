"""``explain``: how a call would run."""

from __future__ import annotations

import os

from aotops import _native
from aotops._native import Function, Operator
from aotops.see.launches import Launch

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.forget_other_threads)


class Explanation:
    """How a call would run: ``print`` it, or read the attributes of its launches.

    Attributes:
        call: the name of what is called.
        launches: each launch of a kernel, a ``Launch``. Most calls have one; a reduction of a strided tensor that must
            be cast, or ``ao.var``, has several. There is none where nothing is computed, as for views, nor of a
            user-defined operator that runs as plain Python (``AOTOPS_PYTHON=1``).

    The attributes of the last launch, which computes the result, are attributes of the explanation as well:
    ``explain(ao.exp, x).threads``.
    """

    def __init__(self, call: str, launches: list[Launch]) -> None:
        self.call, self.launches = call, tuple(launches)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not self.launches:
            from aotops.errors import reject

            where = "one of a call that launches a kernel" if not name.startswith("_") else "public"
            reject(AttributeError, "explain", "the attribute", f"be {where}", repr(name))
        return getattr(self.launches[-1], name)

    def __repr__(self) -> str:
        if not self.launches:
            return f"{self.call}: no kernel runs"
        return "\n".join([repr(launch) for launch in self.launches])


def explain(operator: Callable[..., Any], /, *inputs: Any, **keywords: Any) -> Explanation:
    """Explain how a call would run, without running it: ``explain(ao.add, x, y)`` explains ``ao.add(x, y)``.

    The call is made up to the plan: arguments are checked and converted, an operator that has not been compiled is
    compiled, and memory for the results is allocated and freed. No kernel runs, but for those that count what masks
    select, on which the size of a result depends, and no tensor is changed, including ``out`` and the operand of an
    in-place call. The steps that depend on elements, as those of ``ao.sort`` of a long row, are explained as one.

    Parameters:
        operator: An operator, built-in or user-defined, an array kernel or whole-array function, or another function or
            method of aotops (``ao.mean``,
            ``ao.Tensor.contiguous``, ``x.astype``) or of the standard module ``operator``.
        *inputs: The positional arguments of the call.
        **keywords: Its keyword arguments.

    Returns:
        An ``Explanation``: ``print`` it, or read its attributes, which are those of ``Launch``: dimensions before and
        after planning, operands and their roles, the kernel, tiles, the number of threads and the reason for it, bytes
        moved.

    Raises:
        TypeError: The function does not belong to aotops; ``aotops.trace`` shows what a whole program does.
        Exception: What the call would raise.

    Example:
        >>> import aotops as ao
        >>> plan = ao.explain(ao.add, ao.ones((300, 200)), ao.ones((200, 300)).T)
        >>> plan.path, plan.planned_shape, [operand.role for operand in plan.operands]
        ('planned', (300, 200), ['plain', 'packed', 'plain'])
        >>> ao.explain(ao.reshape, ao.ones((2, 3)), (6,))
        reshape: no kernel runs
    """
    if not is_ours(operator):
        from aotops.errors import wrong_type

        wrong_type("explain", "operator", "an operator or another function of aotops", operator)
    name = str(getattr(operator, "__name__", operator))
    reports: list[Any] = []
    _native.explain(reports.append, operator, inputs, keywords)
    return Explanation(name, [Launch(report) for report in reports])


def is_ours(function: Any) -> bool:
    """Whether a function is of aotops, or of the standard module ``operator``, which calls aotops."""
    function = getattr(function, "__func__", function)  # of a method
    own = type(function)
    if issubclass(own, (Operator, Function)) or own.__module__.startswith("aotops.user."):  # ArrayKernel, ArrayFunction
        return True
    if not callable(function) or isinstance(function, type):
        return False
    owner = getattr(function, "__objclass__", type(getattr(function, "__self__", None)))
    module = str(getattr(function, "__module__", None) or getattr(owner, "__module__", ""))
    return module.partition(".")[0] == "aotops" or module in ("_operator", "operator")
