"""Layers: modules that compute one thing each."""

from __future__ import annotations

from math import prod, sqrt

from aotops import _native, errors
from aotops.arguments import as_flag
from aotops.dtypes import as_dtype
from aotops.namespace.operands import as_tensor
from aotops.nn import functional
from aotops.nn.module import Module, Parameter
from aotops.shapes import as_int, as_shape

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.random import Generator
    from aotops.tensors import Tensor


def size_of(name: str, argument: str, value: Any) -> int:
    """A number of features, which is at least 1."""
    size = as_int(name, argument, value)
    if size < 1:
        errors.wrong_value(name, argument, "1 or more", value)
    return size


def float_dtype(name: str, dtype: Any) -> Any:
    """The dtype of parameters."""
    kind = as_dtype(name, "dtype", dtype)
    if kind.kind != "float":
        errors.wrong_dtype(name, "dtype", ("float32", "float64"), kind.name)
    return kind


class Linear(Module):
    """A linear layer: ``x @ weight.T + bias``.

    Parameters:
        in_features: The length of the last axis of what it is called with.
        out_features: That of the result.
        bias: Whether there is a ``bias``.
        dtype: Of the parameters: ``float64`` or ``float32``.
        generator: What the parameters are drawn from, uniformly between plus and minus ``1 / sqrt(in_features)``; by
            default the generator of ``aotops.random``.

    Raises:
        TypeError: A number of features is not an int, or the dtype is no float.
        ValueError: A number of features is less than 1.

    Example:
        >>> import aotops as ao
        >>> layer = ao.nn.Linear(3, 2)
        >>> layer.weight.shape, layer.bias.shape, layer(ao.ones((5, 3))).shape
        ((2, 3), (2,), (5, 2))
        >>> layer
        Linear(in_features=3, out_features=2, bias=True)
    """

    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = "float64",
        generator: Generator | None = None,
    ) -> None:
        self.in_features = size_of("Linear", "in_features", in_features)
        self.out_features = size_of("Linear", "out_features", out_features)
        kind, draw, bound = (
            float_dtype("Linear", dtype),
            functional.drawing("Linear", generator),
            1 / sqrt(self.in_features),
        )
        shape = (self.out_features, self.in_features)
        self.weight = Parameter(draw.uniform(-bound, bound, shape, dtype=kind))
        has_bias = as_flag("Linear", "bias", bias)
        self.bias = Parameter(draw.uniform(-bound, bound, self.out_features, dtype=kind)) if has_bias else None

    def forward(self, x: Any) -> Tensor:
        """Return ``x @ weight.T + bias``."""
        return functional.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """What the layer was made with."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A table of vectors, which are looked up by integers: the rows of ``weight``.

    Parameters:
        num_embeddings: How many vectors there are.
        embedding_dim: Their length.
        dtype: Of the vectors: ``float64`` or ``float32``.
        generator: What they are drawn from, normally distributed; by default the generator of ``aotops.random``.

    Raises:
        TypeError: A number is not an int, or the dtype is no float.
        ValueError: A number is less than 1.

    Example:
        >>> import aotops as ao
        >>> ao.nn.Embedding(10, 4)(ao.tensor([[1, 2, 3]])).shape
        (1, 3, 4)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, *, dtype: Any = "float64", generator: Generator | None = None
    ) -> None:
        self.num_embeddings = size_of("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = size_of("Embedding", "embedding_dim", embedding_dim)
        draw, shape = functional.drawing("Embedding", generator), (self.num_embeddings, self.embedding_dim)
        self.weight = Parameter(draw.normal(0.0, 1.0, shape, dtype=float_dtype("Embedding", dtype)))

    def forward(self, indices: Any) -> Tensor:
        """The vectors of some integers."""
        return functional.embedding(indices, self.weight)

    def extra_repr(self) -> str:
        """What the layer was made with."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


class LayerNorm(Module):
    """Subtracts the mean along the last axes, and divides by the standard deviation; then scales and shifts.

    Parameters:
        normalized_shape: The lengths of the last axes: an int or several.
        eps: Added to the variance.
        elementwise_affine: Whether there is a ``weight`` of ones, which the results are multiplied by.
        bias: Whether there is a ``bias`` of zeros besides.
        dtype: Of the parameters: ``float64`` or ``float32``.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: There are no axes, or a length is less than 1.

    Example:
        >>> import aotops as ao
        >>> ao.nn.LayerNorm(4)(ao.arange(8.0).reshape(2, 4)).mean(axis=1).detach()
        tensor([0., 0.])
        >>> ao.nn.LayerNorm((2, 4))
        LayerNorm((2, 4), eps=1e-05, elementwise_affine=True)
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = "float64",
    ) -> None:
        self.normalized_shape = as_shape("LayerNorm", "normalized_shape", normalized_shape)
        if not self.normalized_shape or min(self.normalized_shape) < 1:
            errors.wrong_value(
                "LayerNorm", "normalized_shape", "one length or several, 1 or more each", normalized_shape
            )
        if not _native.is_number(eps) or isinstance(eps, complex):
            errors.wrong_type("LayerNorm", "eps", "a number", eps)
        self.eps = float(eps)
        self.elementwise_affine = as_flag("LayerNorm", "elementwise_affine", elementwise_affine)
        kind, has_bias = float_dtype("LayerNorm", dtype), as_flag("LayerNorm", "bias", bias)
        shape, affine = self.normalized_shape, self.elementwise_affine
        self.weight = Parameter(_native.full(shape, 1, kind)) if affine else None
        self.bias = Parameter(_native.full(shape, 0, kind)) if affine and has_bias else None

    def forward(self, x: Any) -> Tensor:
        """The elements, normalised, scaled and shifted."""
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """What the layer was made with."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class Dropout(Module):
    """Sets elements to 0 at random while the module is trained, and scales the others up.

    Parameters:
        p: The probability that an element is set to 0.
        generator: What decides; by default the generator of ``aotops.random``.

    Raises:
        ValueError: ``p`` is not from 0 to 1.

    Example:
        >>> import aotops as ao
        >>> layer = ao.nn.Dropout(0.5)
        >>> sorted(set(layer(ao.ones(100)).tolist())), layer.eval()(ao.ones(2))
        ([0.0, 2.0], tensor([1., 1.]))
    """

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        self.p = functional.probability("Dropout", p)
        self._generator = generator

    def forward(self, x: Any) -> Tensor:
        """The elements, some of them 0 while the module is trained."""
        return functional.dropout(x, self.p, self.training, generator=self._generator)

    def extra_repr(self) -> str:
        """What the layer was made with."""
        return f"p={self.p}"


class Sequential(Module):
    """Modules one after the other: each is called with the result of the one before. Their names are 0, 1, and so on.

    Parameters:
        modules: The modules, or other functions.

    Raises:
        TypeError: One cannot be called.

    Example:
        >>> import aotops as ao
        >>> ao.nn.Sequential(ao.nn.Linear(2, 3), ao.nn.ReLU())
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): ReLU()
        )
    """

    def __init__(self, *modules: Any) -> None:
        for k, module in enumerate(modules):
            if not callable(module):
                errors.wrong_type("Sequential", f"modules[{k}]", "a Module or a function", module)
            setattr(self, str(k), module)
        self._modules = modules

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Sequential(*self._modules[index])
        place = as_int("Sequential", "index", index)
        if not -len(self._modules) <= place < len(self._modules):
            errors.reject(IndexError, "Sequential", "index", f"be one of {len(self._modules)} modules", place)
        return self._modules[place]

    def forward(self, x: Any) -> Any:
        """The result of the last module."""
        for module in self._modules:
            x = module(x)
        return x


class Flatten(Module):
    """Makes one axis of all but the first.

    Example:
        >>> import aotops as ao
        >>> ao.nn.Flatten()(ao.ones((5, 2, 3))).shape
        (5, 6)
    """

    def forward(self, x: Any) -> Tensor:
        """The elements in rows."""
        batch = as_tensor("Flatten", "x", x)
        if batch.ndim == 0:
            errors.reject(ValueError, "Flatten", "x", "have an axis, that of the rows", "a tensor of 0 dimensions")
        rows: Tensor = batch.reshape(batch.shape[0], prod(batch.shape[1:]))
        return rows


class Identity(Module):
    """Returns what it is called with.

    Example:
        >>> import aotops as ao
        >>> ao.nn.Identity()(ao.ones(2))
        tensor([1., 1.])
    """

    def forward(self, x: Any) -> Any:
        """What it is called with."""
        return x


class Elementwise(Module):
    """A module that calls an operator."""

    _operator: Any = None

    def __init__(self) -> None:
        pass  # without arguments

    def forward(self, x: Any) -> Tensor:
        """What the operator returns."""
        result: Tensor = self._operator(x)
        return result


def elementwise(name: str, operator: str, formula: str) -> Any:
    """The class of a module that calls an operator of aotops."""
    doc = f"""{formula}, element by element: ``aotops.{operator}``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.{name}()
        {name}()
    """
    return type(
        name,
        (Elementwise,),
        {"_operator": staticmethod(_native.operators[operator]), "__doc__": doc, "__module__": __name__},
    )


GELU = elementwise("GELU", "gelu", "The Gaussian error linear unit")
ReLU = elementwise("ReLU", "relu", "The larger of x and 0")
Sigmoid = elementwise("Sigmoid", "sigmoid", "``1 / (1 + exp(-x))``")
SiLU = elementwise("SiLU", "silu", "``x * sigmoid(x)``")
Softplus = elementwise("Softplus", "softplus", "``log(1 + exp(x))``")
Tanh = elementwise("Tanh", "tanh", "The hyperbolic tangent")


class Softmax(Module):
    """Exponentials as shares of their sum along an axis: ``aotops.softmax``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.Softmax(dim=-1)(ao.zeros((1, 4)))
        tensor([[0.25, 0.25, 0.25, 0.25]])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = as_int(type(self).__name__, "dim", dim)

    def forward(self, x: Any) -> Tensor:
        """The shares."""
        return functional.softmax(x, self.dim)

    def extra_repr(self) -> str:
        """What the layer was made with."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithms of ``Softmax``: ``aotops.log_softmax``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.LogSoftmax()(ao.zeros((1, 2)))
        tensor([[-0.69314718, -0.69314718]])
    """

    def forward(self, x: Any) -> Tensor:
        """The logarithms of the shares."""
        return functional.log_softmax(x, self.dim)
