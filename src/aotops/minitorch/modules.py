"""The course's modules, parameters and optimizer."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any


class Parameter:
    """A value that training changes; a tensor in it requires gradients.

    Attributes:
        value: what it holds now.
        name: its name in the module, if it was given one.

    Example:
        >>> from aotops.minitorch import Parameter, tensor
        >>> Parameter(tensor([1.0])).value.requires_grad()
        True
    """

    def __init__(self, x: Any, name: str | None = None) -> None:
        self.name = name
        self.update(x)

    def update(self, x: Any) -> None:
        """Replace the value."""
        self.value = x
        if hasattr(x, "requires_grad_"):
            x.requires_grad_(True)
            if self.name:
                x.name = self.name

    def __repr__(self) -> str:
        return repr(self.value)


class Module:
    """A part of a model: parameters and other modules, by the names of the attributes that they are assigned to.

    A subclass defines ``forward``, which a call of the module runs.

    Attributes:
        training: whether it is in training, rather than in use.

    Example:
        >>> from aotops.minitorch import Module, Parameter, tensor
        >>> class Scale(Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = Parameter(tensor([2.0]))
        ...     def forward(self, x):
        ...         return x * self.factor.value
        >>> Scale()(tensor([1.0, 3.0]))
        tensor([2., 6.])
    """

    training: bool

    def __init__(self) -> None:
        self.__dict__.update(_modules={}, _parameters={}, training=True)

    def __setattr__(self, key: str, value: Any) -> None:
        own = self.__dict__
        for names in (own["_parameters"], own["_modules"]):
            names.pop(key, None)
        if isinstance(value, Parameter):
            own["_parameters"][key] = value
        elif isinstance(value, Module):
            own["_modules"][key] = value
        else:
            own[key] = value

    def __getattr__(self, key: str) -> Any:
        for names in (self.__dict__.get("_parameters", {}), self.__dict__.get("_modules", {})):
            if key in names:
                return names[key]
        raise AttributeError(f"{type(self).__name__} has no attribute {key!r}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What ``forward`` returns."""
        return self.forward(*args, **kwargs)

    def modules(self) -> Sequence[Module]:
        """The modules that are attributes of this one."""
        return list(self._modules.values())

    def _tree(self) -> Iterator[Module]:
        yield self
        for module in self.modules():
            yield from module._tree()

    def train(self) -> None:
        """Put this module and those inside it into training."""
        for module in self._tree():
            module.training = True

    def eval(self) -> None:
        """Put this module and those inside it into use."""
        for module in self._tree():
            module.training = False

    def named_parameters(self) -> Sequence[tuple[str, Parameter]]:
        """The parameters of this module and of those inside it, with their names, joined by dots."""
        inside = [
            (f"{name}.{inner}", parameter)
            for name, module in self._modules.items()
            for inner, parameter in module.named_parameters()
        ]
        return [*self._parameters.items(), *inside]

    def parameters(self) -> Sequence[Parameter]:
        """The parameters of this module and of those inside it."""
        return [parameter for _, parameter in self.named_parameters()]

    def add_parameter(self, k: str, v: Any) -> Parameter:
        """Make a parameter of a value, under a name."""
        parameter = Parameter(v, k)
        setattr(self, k, parameter)
        return parameter

    def __repr__(self) -> str:
        lines = [f"({name}): {module!r}" for name, module in self._modules.items()]
        inside = "".join([f"\n  {line}" for text in lines for line in text.splitlines()])
        return f"{type(self).__name__}({inside}\n)" if lines else f"{type(self).__name__}()"


class SGD:
    """Gradient descent: each step subtracts the gradient, times the learning rate.

    Parameters:
        parameters: What to change.
        lr: The learning rate.

    Example:
        >>> from aotops.minitorch import SGD, Parameter, tensor
        >>> weight = Parameter(tensor([3.0]))
        >>> optimizer = SGD([weight], lr=0.5)
        >>> (weight.value * weight.value).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.])
    """

    def __init__(self, parameters: Sequence[Parameter], lr: float = 1.0) -> None:
        self.parameters, self.lr = parameters, lr

    def zero_grad(self) -> None:
        """Forget the gradients by all parameters."""
        for parameter in self.parameters:
            if hasattr(parameter.value, "zero_grad_"):
                parameter.value.zero_grad_()

    def step(self) -> None:
        """Change all parameters that have a gradient."""
        for parameter in self.parameters:
            gradient = getattr(parameter.value, "grad", None)
            if gradient is not None:
                parameter.update(parameter.value.detach() - self.lr * gradient)
