"""The module: a part of a model, which has parameters and consists of other modules."""

from __future__ import annotations

from aotops import errors
from aotops.arguments import as_flag
from aotops.namespace.creation import asarray, tensor
from aotops.tensors import Tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any


def Parameter(data: Any, requires_grad: bool = True) -> Tensor:
    """Make a tensor that a module learns.

    Parameters:
        data: A tensor, whose memory is shared, or anything that ``aotops.tensor`` takes.
        requires_grad: Whether it is learnt.

    Returns:
        A tensor that requires gradients. As an attribute of a module it is one of its parameters.

    Example:
        >>> import aotops as ao
        >>> ao.nn.Parameter([1.0, 2.0])
        tensor([1., 2.], requires_grad=True)
    """
    made = data.detach() if isinstance(data, Tensor) else tensor(data)
    return made.requires_grad_(as_flag("Parameter", "requires_grad", requires_grad))


class Module:
    """A part of a model. A subclass makes its parts in ``__init__``, and computes in ``forward``.

    Attributes are its parts: tensors, other modules, and lists, tuples and dicts of them; those whose name begins with
    an underscore are not. A tensor that requires gradients is a parameter. All tensors belong to the ``state_dict``.

    Example:
        >>> import aotops as ao
        >>> class Scale(ao.nn.Module):
        ...     def __init__(self):
        ...         self.factor = ao.nn.Parameter(2.0)
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> Scale()(ao.tensor([1.0, 2.0]))
        tensor([2., 4.], grad_fn=<gradient of multiply>)
    """

    #: Whether the module is being trained, which ``Dropout`` asks.
    training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What ``forward`` returns."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's result; each subclass has its own.

        Raises:
            NotImplementedError: The subclass has none.
        """
        name = type(self).__name__
        raise NotImplementedError(f"{name} has no forward: define what {name}()(x) computes as {name}.forward(self, x)")

    # --- parts ----------------------------------------------------------------------------------------

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """Yield the module itself and all that it consists of, with names such as ``layers.0``.

        Each comes once; with ``remove_duplicate=False``, a module that has several names comes with each of them, but
        not as a part of itself.
        """
        once = as_flag("named_modules", "remove_duplicate", remove_duplicate)
        seen: set[int] = set()
        stack: list[tuple[str, Module, tuple[int, ...]]] = [(prefix, self, ())]
        while stack:
            name, module, outer = stack.pop()
            own = id(module)
            if own in (seen if once else outer):
                continue
            seen.add(own)
            yield name, module
            within = () if once else (*outer, own)
            found = [(own_name, part, within) for own_name, part in parts_of(module, name) if isinstance(part, Module)]
            stack += reversed(found)

    def modules(self) -> Iterator[Module]:
        """Yield the module itself and all that it consists of, each once."""
        for _, module in self.named_modules():
            yield module

    def children(self) -> Iterator[Module]:
        """Yield the modules that are attributes of this one, each once."""
        yield from {id(part): part for _, part in parts_of(self, "") if isinstance(part, Module)}.values()

    def named_tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Yield the names and tensors that make up the ``state_dict``.

        A tensor that is shared, or is part of a module that is, comes with each of its names.
        """
        for name, module in self.named_modules(prefix, remove_duplicate=False):
            for own, part in parts_of(module, name):
                if isinstance(part, Tensor):
                    yield own, part

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Yield the parameters with their names, such as ``layers.0.weight``: each once, also if it is shared."""
        seen: set[int] = set()
        for name, part in self.named_tensors(prefix):
            if part.requires_grad and id(part) not in seen:
                seen.add(id(part))
                yield name, part

    def parameters(self) -> Iterator[Tensor]:
        """Yield the parameters, as an optimizer takes them.

        Example:
            >>> import aotops as ao
            >>> sum(each.size for each in ao.nn.Linear(3, 2).parameters())
            8
        """
        for _, parameter in self.named_parameters():
            yield parameter

    # --- modes ----------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Say whether the module, and all that it consists of, is being trained; returns the module."""
        wanted = as_flag("train", "mode", mode)
        for module in self.modules():
            module.training = wanted
        return self

    def eval(self) -> Module:
        """Say that the module is used, not trained; returns the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Say whether the tensors of floats are learnt: with False, the module is frozen; returns the module."""
        for _, part in self.named_tensors():
            if part.dtype.kind == "float":
                part.requires_grad_(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call a function with each module that this one consists of, and with itself last; returns the module.

        Raises:
            TypeError: ``function`` cannot be called.
        """
        if not callable(function):
            errors.wrong_type("apply", "function", "a function of a module", function)
        for module in reversed(list(self.modules())):
            function(module)
        return self

    # --- state ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Return all tensors by their names; they share memory with the module.

        What is shared has all of its names, as in PyTorch: ``load_state_dict`` wants them all, and the last one counts.

        Example:
            >>> import aotops as ao
            >>> list(ao.nn.Sequential(ao.nn.Linear(3, 2), ao.nn.ReLU()).state_dict())
            ['0.weight', '0.bias']
        """
        return {name: part.detach() for name, part in self.named_tensors()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Write tensors into those of the module, by their names.

        Nothing is written if anything is wrong.

        Parameters:
            state: Tensors, or what ``aotops.asarray`` takes, by the names of ``state_dict``.
            strict: Whether all names must be there, and no others.

        Raises:
            KeyError: Names are missing, or unexpected.
            ValueError: A tensor has another shape; the message names it.
            TypeError: ``state`` is no mapping, or has something that is no tensor, or complex numbers for real ones.
        """
        if not hasattr(state, "keys"):
            errors.wrong_type("load_state_dict", "state", "a dict of tensors", state)
        own = dict(self.named_tensors())
        given = {name: asarray(state[name]) for name in state.keys()}  # noqa: SIM118  (any mapping)
        if as_flag("load_state_dict", "strict", strict):
            problems = [
                f"{what} {', '.join(map(repr, names))}"
                for what, names in (
                    ("lacks", [name for name in own if name not in given]),
                    ("has the unexpected", [name for name in given if name not in own]),
                )
                if names
            ]
            if problems:
                raise KeyError(f"load_state_dict: state {' and '.join(problems)}; give strict=False to load the others")
        shared = [name for name in own if name in given]
        for name in shared:
            if given[name].shape != own[name].shape:
                wanted = f"have the shape {own[name].shape}"
                errors.reject(ValueError, "load_state_dict", name, wanted, given[name].shape)
        # each is converted, and copied out of what it may share with the module's tensors, before any is written
        converted = {name: given[name].detach().astype(own[name].dtype) for name in shared}
        for name in shared:
            own[name].detach()[...] = converted[name]

    # --- printing -------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of the module's ``repr``."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"({name}): {part!r}".replace("\n", "\n  ") for name, part in parts_of(self, "") if isinstance(part, Module)
        ]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        listed = "".join(f"\n  {line}" for line in lines)
        return f"{type(self).__name__}({self.extra_repr()}{listed}\n)"


def parts_of(module: Module, prefix: str) -> Iterator[tuple[str, Tensor | Module]]:
    """The tensors and modules that a module's attributes are, or contain, with their names."""
    for name, value in vars(module).items():
        if not name.startswith("_"):
            yield from parts_in(value, f"{prefix}.{name}" if prefix else name)


def parts_in(value: Any, name: str) -> Iterator[tuple[str, Tensor | Module]]:
    """The tensors and modules that a value of some name is or contains."""
    if isinstance(value, (Tensor, Module)):
        yield name, value
    elif isinstance(value, (list, tuple, dict)):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in named:
            yield from parts_in(each, f"{name}.{key}")
