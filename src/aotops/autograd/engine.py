"""Starting the tape, and letting gradients flow: ``backward`` and ``grad``."""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import advised, as_flag
from aotops.namespace.operands import as_tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Node, Operator
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


def start() -> None:
    """Tell C of Python's part, when the first tensor takes gradients."""
    from aotops.autograd.calls import call
    from aotops.namespace.linear_algebra import matmul

    _native.start_tape(call, _native.operators["sum"], matmul)


def reads(derivative: Operator) -> tuple[int, int]:
    """What the formula of a declared derivative reads, and which results are its incoming gradient: as bit masks."""
    from aotops.autograd.formulas import reads_and_passes

    record = derivative._record
    assert record is not None  # C asks for declared ones
    return reads_and_passes(record)


def derivative(operator: Operator) -> Any:
    """The operator of the derivative; of a user-defined operator that has none yet, the decorator that declares it.

    Declarations are imported for the latter alone: 10 ms, which a first gradient need not take.
    Raises ``AttributeError`` for an operator of aotops that has none.
    """
    if operator._record is not None:
        from aotops.user.declare import derivative_of

        return derivative_of(operator)
    try:
        return _native.operators[f"{operator.__name__}.derivative"]
    except KeyError:
        raise AttributeError(f"{operator.__name__} has no derivative") from None


def node_name(node: Node) -> str:
    """How a node shows itself."""
    if node.function is None:
        return "<gradient of a copy or a view>" if node.inputs else "<gradient>"
    return f"<gradient of {errors.called(node.function)}>"


def incoming(name: str, output: Tensor, gradient: Any) -> Tensor:
    """The gradient by an output that a caller gives, or 1 for a single element, in the output's shape and dtype."""
    if not isinstance(output, Tensor):
        errors.wrong_type(name, "outputs", "a Tensor, or several in a tuple", output)
    if not output.requires_grad:
        advice = "set requires_grad=True for what to differentiate by, and compute outside of no_grad"
        argument = "x" if name == "backward" else "outputs"
        errors.reject(errors.GradientError, name, argument, "require gradients", "a tensor that does not", advice)
    if gradient is None:
        if output.size != 1:
            wanted = "be given for more than one element"
            advice = f"sum up first, or give gradient= a tensor of shape {output.shape}"
            errors.reject(errors.GradientError, name, "gradient", wanted, "none", advice)
        if output.dtype.kind == "complex":
            advice = "take aotops.real(x), or another real number"
            errors.reject(errors.GradientError, name, "gradient", "be given for complex numbers", "none", advice)
        return _native.full(output.shape, 1, output.dtype)
    given = as_tensor(name, "gradient", gradient)
    if given.dtype.kind in ("integer", "bool"):
        given = _native.astype(given, output.dtype)
    if given.shape != output.shape or given.dtype.kind not in ("float", output.dtype.kind):
        errors.wrong_gradient(name, given, output)
    return _native.alias(given) if given.requires_grad else given


def backward(x: Tensor, gradient: Any, retain_graph: Any) -> None:
    """What ``Tensor.backward`` does."""
    _native.backward(
        (x,), (incoming("backward", x, gradient),), as_flag("backward", "retain_graph", retain_graph), None
    )


@advised
def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    retain_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor, ...]:
    """Return gradients of the sum of some outputs by some inputs, without changing the ``grad`` of any tensor.

    Parameters:
        outputs: A tensor, or a tuple of several, that require gradients.
        inputs: A tensor, or a tuple of several, that the outputs have been computed from.
        grad_outputs: The incoming gradient of each output, of its shape: a tensor, or a tuple of several; None is 1 for
            an output of one element.
        retain_graph: Keep what the formulas read, so that gradients may be computed again.
        allow_unused: Return None by an input that no output depends on, in place of an error.

    Returns:
        A tuple of tensors, one for each input, of its shape and dtype.

    Raises:
        TypeError: An argument is none of those above.
        GradientError: An output or an input does not require gradients; an output has several elements, and no incoming
            gradient; no output depends on an input; something has no derivative, or was written to since.

    Example:
        >>> import aotops as ao
        >>> x = ao.tensor([1.0, 2.0], requires_grad=True)
        >>> ao.grad((x * x).sum(), x)
        (tensor([2., 4.]),)
    """
    ends = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    wanted = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    given = grad_outputs if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,) * len(ends)
    if not ends:
        errors.reject(TypeError, "grad", "outputs", "be a Tensor, or several in a tuple", "none")
    if len(given) != len(ends):
        errors.reject(TypeError, "grad", "grad_outputs", f"be {len(ends)}, one for each output", len(given))
    for each in wanted:
        if not isinstance(each, Tensor):
            errors.wrong_type("grad", "inputs", "a Tensor, or several in a tuple", each)
        if not each.requires_grad:
            advice = "set requires_grad=True before computing"
            errors.reject(errors.GradientError, "grad", "inputs", "require gradients", "a tensor that does not", advice)
    gradients = tuple([incoming("grad", *pair) for pair in zip(ends, given, strict=True)])
    keep = as_flag("grad", "retain_graph", retain_graph)
    found = _native.backward(tuple(ends), gradients, keep, tuple(wanted))
    for k, gradient in enumerate(found):
        if gradient is None and not as_flag("grad", "allow_unused", allow_unused):
            wanted_of = "be used by an output"
            errors.reject(
                errors.GradientError, "grad", f"inputs[{k}]", wanted_of, "one that is not", "give allow_unused=True"
            )
    return tuple(found)
