"""Functions of models: what modules compute, with the parameters as arguments."""

from __future__ import annotations

from math import prod

from aotops import _native, errors
from aotops._native import alias, astype, is_recording, record
from aotops.arguments import advised, as_flag
from aotops.namespace.manipulation import broadcast_to
from aotops.namespace.neural import embedding as rows_of
from aotops.namespace.neural import log_softmax, one_hot, softmax
from aotops.namespace.operands import as_floats, as_integers, as_tensor
from aotops.namespace.searching import take_along_axis
from aotops.namespace.statistics import mean
from aotops.random import Generator, default_generator
from aotops.shapes import as_shape
from aotops.tensors import Tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "linear",
    "log_softmax",
    "mse_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

gelu, relu, rsqrt, sigmoid, silu, softplus, tanh = (
    _native.operators[name] for name in ("gelu", "relu", "rsqrt", "sigmoid", "silu", "softplus", "tanh")
)
_all, _less, _max, _min, _multiply, _negative, _sum = (
    _native.operators[name] for name in ("all", "less", "max", "min", "multiply", "negative", "sum")
)
REDUCTIONS = ("mean", "sum", "none")


def linear(x: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x @ weight.T + bias``.

    Parameters:
        x: A tensor whose last axis has the length of the weight's.
        weight: A matrix: a row for each feature of the result. Or a vector, for a result without the last axis.
        bias: A vector with as many elements, or None.

    Returns:
        A tensor of the shape of ``x``, but for the last axis.

    Raises:
        TypeError: An argument is no operand.
        ValueError: The lengths differ, or ``weight`` has another number of dimensions.

    Example:
        >>> import aotops as ao
        >>> ao.nn.functional.linear(ao.tensor([1.0, 2.0]), ao.tensor([[3.0, 4.0]]), ao.tensor([0.5]))
        tensor([11.5])
    """
    rows: Any = as_tensor("linear", "x", x)
    matrix = as_tensor("linear", "weight", weight)
    if not 1 <= matrix.ndim <= 2:
        errors.reject(ValueError, "linear", "weight", "have 1 or 2 dimensions", matrix.ndim)
    if rows.ndim == 0 or rows.shape[-1] != matrix.shape[-1]:
        wanted = f"have {matrix.shape[-1]} elements along the last axis, as weight has"
        errors.reject(ValueError, "linear", "x", wanted, f"shape {rows.shape}")
    product: Tensor = rows @ matrix.T
    if bias is None:
        return product
    added = as_tensor("linear", "bias", bias)
    if added.ndim > 1 or (added.ndim == 1 and added.shape != matrix.shape[:-1]):
        errors.reject(ValueError, "linear", "bias", f"have the shape {matrix.shape[:-1]}", added.shape)
    return product + added


@advised
def embedding(indices: Any, weight: Tensor) -> Tensor:
    """Return the rows of a table at some indices; ``aotops.embedding`` with its arguments as PyTorch has them.

    Parameters:
        indices: Integers, of any shape.
        weight: A matrix.

    Returns:
        A tensor with the axes of ``indices``, and one more.

    Raises:
        IndexError: An index is out of bounds.

    Example:
        >>> import aotops as ao
        >>> ao.nn.functional.embedding(ao.tensor([1, 0]), ao.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([[3., 4.],
                [1., 2.]])
    """
    return rows_of(indices, weight)


@advised
def layer_norm(
    x: Any, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Return elements less their mean, over their standard deviation, along the last axes.

    Parameters:
        x: A tensor of floats.
        normalized_shape: The lengths of the last axes, over which means are taken: an int or several.
        weight: What the results are multiplied by, of this shape, or None.
        bias: What is added to them, of this shape, or None.
        eps: Added to the variance, so that equal elements divide by no 0.

    Returns:
        A tensor of the shape of ``x``.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: A shape is another one.

    Example:
        >>> import aotops as ao
        >>> ao.nn.functional.layer_norm([[1.0, 3.0], [5.0, 5.0]], 2, eps=0.0)
        tensor([[-1.,  1.],
                [nan, nan]])
    """
    values = as_floats("layer_norm", "x", x)
    lengths = as_shape("layer_norm", "normalized_shape", normalized_shape)
    count = len(lengths)
    if count == 0 or values.shape[-count:] != lengths:
        errors.reject(ValueError, "layer_norm", "x", f"have the last axes {lengths}", f"shape {values.shape}")
    if not _native.is_number(eps) or isinstance(eps, complex):
        errors.wrong_type("layer_norm", "eps", "a number", eps)
    axes = tuple(range(-count, 0))
    centred = values - mean(values, axes, keepdims=True)
    result: Tensor = centred * rsqrt(mean(centred * centred, axes, keepdims=True) + eps)
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None:
            own = as_tensor("layer_norm", name, given)
            if own.shape != lengths:
                errors.reject(ValueError, "layer_norm", name, f"have the shape {lengths}", own.shape)
            result = result * own if name == "weight" else result + own
    return result


@advised
def dropout(x: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Set elements to 0 at random, and scale the others up, so that their expected values stay.

    Parameters:
        x: A tensor of floats.
        p: The probability that an element is set to 0.
        training: With False, ``x`` is returned as it is.
        generator: What decides; by default the generator of ``aotops.random``.

    Returns:
        A new tensor.

    Raises:
        TypeError: ``x`` is no operand, or ``generator`` no generator.
        ValueError: ``p`` is not from 0 to 1.

    Example:
        >>> import aotops as ao
        >>> ao.nn.functional.dropout(ao.ones(3), 0.5, training=False)
        tensor([1., 1., 1.])
    """
    chance = probability("dropout", p)
    source = as_floats("dropout", "x", x)
    if not as_flag("dropout", "training", training) or chance == 0:
        return source
    draw = drawing("dropout", generator)
    kept = _less(draw.uniform(shape=source.shape, dtype=source.dtype), 1.0 - chance)
    factors = _multiply(astype(kept, source.dtype), 1 / (1 - chance) if chance < 1 else 0.0)
    result: Tensor = source * factors
    return result


# --- losses -------------------------------------------------------------------------------------------------------


@advised
def mse_loss(x: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Return the mean of squared differences.

    Parameters:
        x: A tensor.
        target: What it should be, of the same shape.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each element.

    Returns:
        A 0-d tensor, or with ``"none"`` one of the shape of ``x``.

    Raises:
        TypeError: An operand is none, or is complex.
        ValueError: The shapes differ, or ``reduction`` is none of the three.

    Example:
        >>> import aotops as ao
        >>> ao.nn.functional.mse_loss(ao.tensor([1.0, 2.0]), ao.tensor([1.0, 4.0]))
        tensor(2.)
    """
    a, b = of_one_shape("mse_loss", x, target)
    distance = a - b
    return reduced("mse_loss", distance * distance, reduction)


@advised
def binary_cross_entropy_with_logits(x: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Return the cross-entropy of probabilities ``sigmoid(x)`` and targets, also where these underflow.

    Parameters:
        x: A tensor of logits.
        target: 0 or 1, or the probability of 1, for each.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each element.

    Returns:
        A 0-d tensor, or with ``"none"`` one of the shape of ``x``.

    Raises:
        TypeError: An operand is none, or is complex.
        ValueError: The shapes differ, or ``reduction`` is none of the three.

    Example:
        >>> import aotops as ao
        >>> loss = ao.nn.functional.binary_cross_entropy_with_logits
        >>> loss(ao.tensor([0.0, 1000.0, -1000.0]), ao.tensor([1.0, 1.0, 1.0]), reduction="none")
        tensor([   0.69314718,    0.        , 1000.        ])
    """
    name = "binary_cross_entropy_with_logits"
    a, b = of_one_shape(name, x, target)
    return reduced(name, softplus(a) - a * b, reduction)


@advised
def cross_entropy(x: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Return the cross-entropy of probabilities ``softmax(x)`` and targets.

    Parameters:
        x: A tensor of logits, whose axis 1 (of a vector, axis 0) is that of the classes.
        target: The class of each: integers of the shape of ``x`` without that axis. Or the probability of each class:
            floats of the shape of ``x``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each.

    Returns:
        A 0-d tensor, or with ``"none"`` one of the shape of ``x`` without the axis of the classes.

    Raises:
        TypeError: An operand is none, or is complex.
        ValueError: The shapes do not fit, or ``reduction`` is none of the three.
        IndexError: There is no such class.

    Example:
        >>> import aotops as ao
        >>> ao.nn.functional.cross_entropy(ao.tensor([[2.0, 0.0], [0.0, 2.0]]), ao.tensor([0, 1]))
        tensor(0.1269280110429726)
    """
    logits = as_floats("cross_entropy", "x", x)
    classes = as_integers("cross_entropy", "target", target, IndexError)
    if logits.ndim == 0:
        errors.reject(ValueError, "cross_entropy", "x", "have an axis of classes", "a tensor of 0 dimensions")
    axis = min(1, logits.ndim - 1)
    rest = logits.shape[:axis] + logits.shape[axis + 1 :]
    if classes.dtype.kind == "float":
        if classes.shape != logits.shape:
            wanted = f"have the shape {logits.shape} of x, as probabilities do"
            advice = "give classes as integers, target.astype('int64')" if classes.shape == rest else ""
            errors.reject(ValueError, "cross_entropy", "target", wanted, f"floats of {classes.shape}", advice)
        losses: Tensor = _negative(_sum(log_softmax(logits, axis) * classes, axis))
        return reduced("cross_entropy", losses, reduction)
    if classes.dtype.kind != "integer":
        errors.wrong_type("cross_entropy", "target", "integers or floats", target)
    if classes.shape != rest:
        wanted = f"have the shape {rest} of x without its axis {axis}"
        errors.reject(ValueError, "cross_entropy", "target", wanted, classes.shape)
    if classes.size and not _all(classes >= 0):
        wrong_class(classes, logits.shape[axis])
    if reduction not in REDUCTIONS:
        wrong_reduction("cross_entropy", reduction)
    if not (logits.requires_grad and is_recording()):
        return class_losses(logits, classes, axis, reduction)[0]
    plain = alias(logits)
    loss, logarithms = class_losses(plain, classes, axis, reduction)
    return recorded_loss(loss, logits, logarithms, classes, axis, reduction)


def class_losses(logits: Tensor, classes: Tensor, axis: int, reduction: str) -> tuple[Tensor, Tensor]:
    """The cross-entropy of classes, and the logarithms of all probabilities."""
    logarithms = log_softmax(logits, axis)
    shape = (*logits.shape[:axis], 1, *logits.shape[axis + 1 :])
    try:
        found = take_along_axis(logarithms, classes.reshape(shape), axis=axis)
    except IndexError:
        wrong_class(classes, logits.shape[axis])
    losses = _negative(found).reshape(classes.shape)
    return reduced("cross_entropy", losses, reduction), logarithms


def wrong_class(classes: Tensor, count: int) -> NoReturn:
    """Raise the error of a class that is negative, or for which there are no logits."""
    least, most = int(_min(classes)), int(_max(classes))
    wanted = f"be of classes from 0 to {count - 1}" if count else "be empty where x has no classes"
    errors.reject(IndexError, "cross_entropy", "target", wanted, least if least < 0 else most)


def recorded_loss(
    loss: Tensor, logits: Tensor, logarithms: Tensor, classes: Tensor, axis: int, reduction: str
) -> Tensor:
    """The loss with its gradient: the probabilities, less 1 for the class, in one pass."""
    from aotops.autograd.rules import chained_exp
    from aotops.autograd.scatter import add_along

    number, shape = max(classes.size, 1), logits.shape
    own = (*shape[:axis], 1, *shape[axis + 1 :])

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        logarithms, classes = saved
        scale = _multiply(gradient, 1 / number) if reduction == "mean" else gradient
        if reduction == "none":
            scale = scale.reshape(own)
        found = chained_exp(scale, logarithms)
        less = broadcast_to(_negative(scale), own)
        return (add_along(shape, less, classes.reshape(own), axis, found),)

    result: Tensor = record(cross_entropy, loss, (logits,), (logarithms, alias(classes)), pull)
    return result


def reduced(name: str, losses: Tensor, reduction: str) -> Tensor:
    """The losses of all elements as one, or as they are."""
    if reduction == "mean":
        mean: Tensor = losses.mean()
        return mean
    if reduction == "sum":
        return losses.sum()
    if reduction != "none":
        wrong_reduction(name, reduction)
    return losses


def wrong_reduction(name: str, reduction: Any) -> None:
    """Raise the error of a reduction that there is not."""
    errors.wrong_value(name, "reduction", "'mean', 'sum' or 'none'", reduction)


def of_one_shape(name: str, x: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Two tensors of floats, which must have one shape: broadcasting would hide a forgotten axis."""
    a, b = as_floats(name, "x", x), as_floats(name, "target", target)
    if a.shape != b.shape:
        hint = "reshape one of them" if prod(a.shape) == prod(b.shape) else ""
        errors.reject(ValueError, name, "target", f"have the shape {a.shape} of x", b.shape, hint)
    return a, b


def drawing(name: str, generator: Any) -> Generator:
    """What random numbers are drawn from."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        advice = "write aotops.random.Generator(7), for instance"
        errors.reject(TypeError, name, "generator", "be a Generator or None", errors.type_name(generator), advice)
    return generator


def probability(name: str, p: Any) -> float:
    """A probability that elements are dropped with."""
    if not _native.is_number(p) or isinstance(p, complex):
        errors.wrong_type(name, "p", "a number", p)
    if not 0 <= p <= 1:
        errors.wrong_value(name, "p", "from 0 to 1", p)
    return float(p)
