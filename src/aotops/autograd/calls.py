"""What happens to a call with tracked tensors that C leaves to Python: by one of four kinds, listed in ``kinds``.

C has recorded it already if it is an operator with a derivative, a sum, a mean, a product of matrices or a simple view.
"""

from __future__ import annotations

from aotops import _native
from aotops._native import Operator
from aotops._native import TensorBase as Tensor
from aotops.arguments import misfit
from aotops.autograd.kinds import COMPOSITE, CONSTANT, RULES

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

#: Where the functions live that return tensors of floats: of others the Python body is run with tracked tensors.
CHECKED = ("aotops.namespace.", "aotops._native")
#: Calls of functions of whole arrays, whose first argument is what messages name.
CODE = frozenset({"ArrayFunction.__call__", "ArrayKernel.__call__"})
#: Functions of a sequence of operands. A list that is an operand is read as one tensor first.
SEQUENCES = frozenset({"concat", "stack"})


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
    """The result of a recorded call, an output of a new node or of several; C calls this."""
    kwargs = kwargs or {}
    name = name_of(function)
    declared: Any = args[0] if name in CODE else None
    if getattr(declared, "in_place", ()):
        is_written(declared.__name__, declared.in_place[0])
    own = is_own(function)
    rule = rule_of(name) if own else operator_rule(function)
    if rule is None and (name in COMPOSITE or not is_checked(function, name)):
        return called_whole(getattr(function, "__wrapped__", function), args, kwargs)
    if name in SEQUENCES:
        args = tuple([[joined(name, e) for e in value] if type(value) in (list, tuple) else value for value in args])
    elif name != "from_flat" and declared is None:  # whose tuples are no operands
        args = tuple([joined(name, value) for value in args])
        kwargs = {key: joined(name, value) for key, value in kwargs.items()}
    if any(holds_complex(value) for value in (*args, *kwargs.values())):
        rule = complex_rule(function, name, own, rule)
    originals: dict[int, Tensor] = {}
    before = _native.set_recording(False)
    try:
        plain_args = tuple([detached(value, originals) for value in args])
        plain_kwargs = {key: detached(value, originals) for key, value in kwargs.items()}
        if own and name in CONSTANT:
            return function(*plain_args, **plain_kwargs)
        if kwargs.get("out") is not None:
            from aotops.errors import out_is_recorded

            out_is_recorded(name if declared is None else declared.__name__)
        if rule is None:
            tracked = tuple(originals.values())
            others = (*args, *kwargs.values()) if declared is not None else ()
            watched = [*tracked, *tensors_in(others)]
            writes = [_native.writes(each) for each in watched]
            written = declared._written(plain_args[1:], plain_kwargs) if hasattr(declared, "_written") else None
            if written is not None:
                is_written(declared.__name__, written)
            result: Any = function(*plain_args, **plain_kwargs)
            if writes != [_native.writes(each) for each in watched]:  # by a function that runs as Python
                is_written(name if declared is None else declared.__name__, "what is written to")
            return recorded(declared or function, result, tracked, (), None)
        result, inputs, saved, pull = rule(*plain_args, **plain_kwargs)
        if not originals.keys() <= {id(each) for each in (*plain_args, *plain_kwargs.values(), *inputs)}:
            return recorded(function, result, tuple(originals.values()), (), None)  # read as numbers, deeper in a list
        flows: tuple[Any, ...] = tuple([originals.get(id(each)) for each in inputs])
        return recorded(function, result, flows, saved, pull) if any(each is not None for each in flows) else result
    finally:
        _native.set_recording(before)


def is_written(name: str, argument: str) -> NoReturn:
    """Raise because a function writes to an argument, of which no gradient would know."""
    from aotops.errors import argument_is_written

    argument_is_written(name, argument)


def called_whole(body: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the Python body of a function returns, with advice for a call that does not fit its parameters."""
    try:
        return body(*args, **kwargs)
    except TypeError as error:
        message = misfit(error, body, args, kwargs) if hasattr(body, "__code__") else None
        if message is None:
            raise
    from aotops.errors import wrong_call

    wrong_call(message)


def joined(name: str, value: Any) -> Any:
    """An argument; a list in which there are tracked tensors, as one tensor, through which gradients flow to these."""
    from aotops.namespace.creation import from_nested

    return from_nested(name, "an operand", value, None) if type(value) in (list, tuple) and holds(value) else value


def holds(value: Any) -> bool:
    """Whether an argument is a tracked tensor, or a list that holds one."""
    if isinstance(value, Tensor):
        return value.requires_grad
    return (type(value) is list or isinstance(value, tuple)) and any(holds(each) for each in value)


def holds_complex(value: Any) -> bool:
    """Whether an argument is a complex number, an array of them (NumPy's, too), or a list that holds one."""
    if type(value) in (list, tuple):
        return any(holds_complex(each) for each in value)
    return isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") in ("complex", "c")


def complex_rule(function: Any, name: str, own: bool, rule: Any) -> Any:
    """The rule of a call with complex numbers, None if it has none; ``rule`` is that of real ones.

    Declared derivatives have formulas for all dtypes of the operator.
    """
    from aotops.autograd import rules_complex

    if not own or name in rules_complex.LINEAR:
        return rule
    if name == "norm":
        return rules_complex.norm
    return rules_complex.rule_of(function) if isinstance(function, Operator) else None


def recorded(
    function: Any, result: Any, tracked: tuple[Any, ...], saved: tuple[Tensor, ...], pull: Callable[..., Any] | None
) -> Any:
    """The result of a call, made an output of a node; a list as well as a tuple, or anything that has no gradient."""
    if isinstance(result, Tensor):
        return _native.record(function, result, tracked, saved, pull)
    found = {id(each): each for each in tensors_in(result)} if isinstance(result, (tuple, list)) else {}
    if found and (pull is None or all(isinstance(each, Tensor) for each in result)):
        _native.record(function, tuple(result) if pull is not None else tuple(found.values()), tracked, saved, pull)
    return result


def tensors_in(values: Any) -> Iterator[Tensor]:
    """The tensors among values, also in lists and tuples of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


def detached(value: Any, originals: dict[int, Tensor]) -> Any:
    """An argument with untracked aliases in place of tracked tensors, which ``originals`` has by the aliases' id."""
    if isinstance(value, Tensor):
        if not value.requires_grad:
            return value
        alias = _native.alias(value)
        originals[id(alias)] = value
        return alias
    if type(value) is list or isinstance(value, tuple):
        members = [detached(each, originals) for each in value]
        return value._make(members) if hasattr(value, "_make") else type(value)(members)
    return value


def name_of(function: Any) -> str:
    """The public name of what is called: ``take``, or ``Tensor.copy`` of a method."""
    name: str = function.__name__ if isinstance(function, Operator) else function.__qualname__
    return name


def is_own(function: Any) -> bool:
    """Whether the tables of names are about a function: it is one of aotops itself."""
    if isinstance(function, Operator):
        return function._record is None
    return str(getattr(function, "__module__", "")).startswith((*CHECKED, "aotops.tensors"))


def operator_rule(function: Any) -> Any:
    """The rule of a declared operator that C does not record, a scan or one that runs as plain Python; or None."""
    if not isinstance(function, Operator) or function._record is None or function._record.gradient is None:
        return None
    from functools import partial

    from aotops.autograd import rules_operators

    kind = "scan" if function.kind == "scan" else "reduction" if function.kind == "reduce" else "elementwise"
    return partial(getattr(rules_operators, kind), function)


def is_checked(function: Any, name: str) -> bool:
    """Whether a function's results are tensors that gradients may have to flow through."""
    if isinstance(function, Operator) or name in CODE:
        return True
    return str(getattr(function, "__module__", "")).startswith(CHECKED)


_loaded: dict[str, Any] = {}


def rule_of(name: str) -> Any:
    """The rule of a function, None if it has none; its module is imported when it is first asked for."""
    if name in _loaded:
        return _loaded[name]
    place = RULES.get(name)
    if place is None:
        return None
    module, _, own = place.rpartition(".")
    rule = getattr(__import__(f"aotops.autograd.{module}", fromlist=("",)), own)
    _loaded[name] = rule
    return rule
