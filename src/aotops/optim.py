"""Optimizers: they change parameters by their gradients. Names and meanings are PyTorch's.

A step of a parameter is one pass over it, in compiled loops, with the same bits on any number of threads.
"""

from __future__ import annotations

from math import isfinite, sqrt

from aotops import _native, errors
from aotops._native import alias
from aotops.arguments import as_flag
from aotops.namespace.creation import asarray
from aotops.namespace.like import zeros_like
from aotops.shapes import as_int
from aotops.tensors import Tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]

_fma, _multiply = _native.operators["fma"], _native.operators["multiply"]


class Optimizer:
    """What optimizers have in common. ``SGD``, ``Adam`` and ``AdamW`` are some.

    Parameters:
        params: The parameters: tensors of float32 or float64 that require gradients.
        lr: The learning rate, the length of a step. The attribute ``lr`` may be changed between steps.

    Raises:
        TypeError: A parameter is none.
        ValueError: There are no parameters, or one is not contiguous or given twice; ``lr`` is negative.
    """

    #: What is remembered for each parameter.
    remembered: tuple[str, ...] = ()

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        name = type(self).__name__
        if isinstance(params, Tensor):
            errors.reject(TypeError, name, "params", "be a list of tensors", "a Tensor", "write [x] for one")
        if not hasattr(params, "__iter__"):
            errors.wrong_type(name, "params", "a list of tensors, such as model.parameters()", params)
        self.params = list(params)
        if not self.params:
            errors.reject(ValueError, name, "params", "have a parameter", "none")
        for k, each in enumerate(self.params):
            argument = f"params[{k}]"
            if not isinstance(each, Tensor):
                errors.wrong_type(name, argument, "a Tensor", each)
            if each.dtype.kind != "float" or not each.is_leaf:
                got = each.dtype.name if each.is_leaf else "the result of a recorded call"
                errors.reject(TypeError, name, argument, "be a float32 or float64 leaf", got)
            if not each.is_contiguous():
                advice = "make it of x.contiguous()"
                errors.reject(ValueError, name, argument, "be contiguous", "a strided view", advice)
            if any(each is other for other in self.params[:k]):
                errors.reject(ValueError, name, argument, "be given once", "a parameter that is there already")
        self.lr = at_least(name, "lr", lr)
        #: Steps taken by each parameter, and what is remembered for it by name; empty before its first step.
        self._steps = [0] * len(self.params)
        self._states: list[dict[str, Tensor]] = [{} for _ in self.params]
        # aliases without gradients: writing to them is not recorded
        self._aliases = [alias(each) for each in self.params]

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({len(self.params)} parameters, {settings})"

    def settings(self) -> dict[str, Any]:
        """The settings of the optimizer by name."""
        return {name: value for name, value in vars(self).items() if name != "params" and not name.startswith("_")}

    def checked(self, name: str, value: Any) -> Any:
        """A setting that is loaded, of the type of the one that it replaces."""
        kind, own = type(self).__name__, getattr(self, name)
        if name == "betas":
            return shares(kind, value)
        if isinstance(own, bool):
            return as_flag(kind, name, value)
        return at_least(kind, name, value) if isinstance(own, (int, float)) else value

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.params:
            parameter.grad = None

    def step(self) -> None:
        """Change all parameters that have a gradient.

        Raises:
            TypeError: ``lr`` has been set to what is no number.
            ValueError: A parameter is read-only, or ``lr`` has been set to a negative number.
        """
        self.lr = at_least(type(self).__name__, "lr", self.lr)
        for k, parameter in enumerate(self.params):
            gradient = parameter.grad
            if gradient is not None:
                self._steps[k] += 1
                self.update(self._aliases[k], gradient, self._states[k], self._steps[k])

    def update(self, parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], step: int) -> None:
        """Change one parameter, and what is remembered for it; ``step`` counts from 1."""
        raise NotImplementedError

    def run(self, parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], numbers: tuple[float, ...]) -> None:
        """Run the compiled step for as many tensors."""
        if not state:
            state.update({name: zeros_like(parameter) for name in self.remembered})
        tensors = (parameter, *state.values())
        if not _native.update(tensors, gradient, numbers):
            plain = gradient.astype(parameter.dtype).contiguous()
            if not _native.update(tensors, plain, numbers):
                wanted = f"have the shape {parameter.shape}"
                errors.reject(ValueError, "step", "a gradient", wanted, gradient.shape)

    def state_dict(self) -> dict[str, Any]:
        """Return the settings, how many steps each parameter has taken, and what is remembered for it.

        Example:
            >>> import aotops as ao
            >>> ao.optim.SGD([ao.nn.Parameter([1.0])], lr=0.1).state_dict()["steps"]
            [0]
        """
        return {
            "settings": self.settings(),
            "steps": list(self._steps),
            "states": [dict(each) for each in self._states],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned.

        Parameters:
            state: A result of ``state_dict``, of an optimizer of the same kind with parameters of the same shapes.

        Raises:
            TypeError: It is no result of ``state_dict``: no dict, or one of other things.
            ValueError: It belongs to other parameters, or to another kind of optimizer.
        """
        wanted = set(self.settings())
        if not hasattr(state, "keys"):
            errors.wrong_type("load_state_dict", "state", "what state_dict returned, a dict", state)
        for name, kind, described in (
            ("settings", dict, "a dict of numbers"),
            ("steps", (list, tuple), "a list of ints"),
            ("states", (list, tuple), "a list of dicts"),
        ):
            if name in state and not isinstance(state[name], kind):
                errors.wrong_type("load_state_dict", f"state[{name!r}]", described, state[name])
        if set(state) != {"settings", "steps", "states"} or set(state["settings"]) != wanted:
            listed = sorted(state.get("settings", ())) or sorted(state)
            wanted_of = f"be that of an optimizer {type(self).__name__}"
            errors.reject(ValueError, "load_state_dict", "state", wanted_of, f"one with the settings {listed}")
        counts, count = (len(state["steps"]), len(state["states"])), len(self.params)
        if counts != (count, count):
            got = f"{counts[0]} steps and {counts[1]} states"
            errors.reject(ValueError, "load_state_dict", "state", f"be of {count} parameters", got)
        settings = {name: self.checked(name, value) for name, value in state["settings"].items()}
        steps = [as_int("load_state_dict", f"steps[{k}]", step) for k, step in enumerate(state["steps"])]
        loaded: list[dict[str, Tensor]] = []
        for k, (parameter, remembered) in enumerate(zip(self.params, state["states"], strict=True)):
            if not isinstance(remembered, dict):
                errors.wrong_type("load_state_dict", f"states[{k}]", "a dict of tensors", remembered)
            if set(remembered) not in (set(), set(self.remembered)):
                errors.reject(
                    ValueError, "load_state_dict", f"states[{k}]", f"have {self.remembered}", list(remembered)
                )
            own = {name: asarray(value) for name, value in remembered.items()}
            for name, value in own.items():
                if value.shape != parameter.shape:
                    argument = f"{name} of parameter {k}"
                    errors.reject(ValueError, "load_state_dict", argument, f"have {parameter.shape}", value.shape)
            loaded.append({name: own[name].astype(parameter.dtype) for name in self.remembered if name in own})
        self._states, self._steps = loaded, steps
        for name, value in settings.items():
            setattr(self, name, value)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if that is not 0.

    Parameters:
        params: The parameters, such as ``model.parameters()``.
        lr: The learning rate.
        momentum: The share of the velocity that is kept.
        dampening: The share of the gradient that does not go into the velocity.
        weight_decay: How much of the parameter is added to the gradient.
        nesterov: Whether the gradient is added to the velocity once more.

    Raises:
        TypeError: A parameter is none.
        ValueError: There are no parameters, or one is not contiguous or given twice; a number is negative or not
            finite; ``nesterov`` without momentum, or with dampening.

    Example:
        >>> import aotops as ao
        >>> x = ao.nn.Parameter([4.0])
        >>> optimizer = ao.optim.SGD([x], lr=0.25)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x.tolist()
        [2.0]
    """

    remembered = ("velocity",)

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.momentum = at_least("SGD", "momentum", momentum)
        self.dampening = at_least("SGD", "dampening", dampening)
        self.weight_decay = at_least("SGD", "weight_decay", weight_decay)
        self.nesterov = as_flag("SGD", "nesterov", nesterov)
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            errors.reject(ValueError, "SGD", "nesterov", "have momentum and no dampening", "others")

    def update(self, parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], step: int) -> None:
        """Change one parameter."""
        if self.momentum == 0:
            if self.weight_decay:
                _multiply(parameter, 1.0 - self.lr * self.weight_decay, out=parameter)
            _fma(gradient, -self.lr, parameter, out=parameter)
            return
        share = 1.0 if not state else 1.0 - self.dampening
        along_gradient = self.lr if self.nesterov else 0.0
        along_velocity = self.lr * self.momentum if self.nesterov else self.lr
        self.run(
            parameter,
            gradient,
            state,
            (self.weight_decay, self.momentum, share, along_gradient, along_velocity),
        )


class Adam(Optimizer):
    """Adam (Kingma and Ba): steps by the mean of the gradient over the root of that of its square.

    Parameters:
        params: The parameters, such as ``model.parameters()``.
        lr: The learning rate.
        betas: The shares of both means that are kept.
        eps: Is added to the root.
        weight_decay: How much of the parameter is added to the gradient.

    Raises:
        TypeError: A parameter is none.
        ValueError: There are no parameters, or one is not contiguous or given twice; a number is negative or not
            finite, or one of ``betas`` not below 1.

    Example:
        >>> import aotops as ao
        >>> x = ao.nn.Parameter([4.0])
        >>> optimizer = ao.optim.Adam([x], lr=0.5)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> round(x.item(), 6)
        3.5
    """

    remembered = ("first_moment", "second_moment")

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        name = type(self).__name__
        self.betas = shares(name, betas)
        self.eps = at_least(name, "eps", eps)
        self.weight_decay = at_least(name, "weight_decay", weight_decay)

    def decays(self) -> tuple[float, float]:
        """How much of the parameter is added to the gradient, and what is kept of the parameter."""
        return self.weight_decay, 1.0

    def update(self, parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], step: int) -> None:
        """Change one parameter."""
        beta_1, beta_2 = self.betas
        length, root = self.lr / (1.0 - beta_1**step), 1.0 / sqrt(1.0 - beta_2**step)
        numbers = (*self.decays(), beta_1, 1.0 - beta_1, beta_2, 1.0 - beta_2, length, root, self.eps)
        self.run(parameter, gradient, state, numbers)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter), which multiplies the parameter itself.

    Parameters:
        params: The parameters, such as ``model.parameters()``.
        lr: The learning rate.
        betas: The shares of both means that are kept.
        eps: Is added to the root.
        weight_decay: How much of the parameter is taken off, times the learning rate.

    Raises:
        TypeError: A parameter is none.
        ValueError: As of ``Adam``.

    Example:
        >>> import aotops as ao
        >>> ao.optim.AdamW(ao.nn.Linear(2, 1).parameters())
        AdamW(2 parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def decays(self) -> tuple[float, float]:
        """As of ``Adam``."""
        return 0.0, 1.0 - self.lr * self.weight_decay


def shares(name: str, betas: Any) -> tuple[float, float]:
    """The shares of both means that Adam keeps."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        errors.wrong_type(name, "betas", "a tuple of two numbers", betas)
    for k, beta in enumerate(betas):
        if at_least(name, f"betas[{k}]", beta) >= 1:
            errors.wrong_value(name, f"betas[{k}]", "below 1", beta)
    return float(betas[0]), float(betas[1])


def at_least(name: str, argument: str, value: Any) -> float:
    """A finite number of at least 0."""
    if not _native.is_number(value) or isinstance(value, complex):
        errors.wrong_type(name, argument, "a number", value)
    if not (value >= 0 and isfinite(value)):
        errors.wrong_value(name, argument, "0 or more", value)
    return float(value)
