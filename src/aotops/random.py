"""Random numbers: the same on every machine, at every CPU level and on any number of threads.

A generator has a seed, from which Philox4x32-10 computes the numbers at any place of its sequence: threads share out
what one call draws, and 1e6 numbers take as long as they take to write. The functions of this module draw from one
generator, which the system's entropy seeds unless ``aotops.random.seed`` does. A program that draws in several places,
threads or processes gives each a generator of its own: ``generator.split(n)`` makes n of them, whose numbers are
independent of each other and of those of the generator itself, which it leaves as they are.

Several threads may draw from one generator: each gets other numbers, but which ones depends on who came first.
"""

from __future__ import annotations

from math import isfinite, prod

from aotops import _native, errors
from aotops._native import astype, fast_path
from aotops.arguments import advised, as_flag
from aotops.dtypes import as_dtype, float64, int64
from aotops.namespace.creation import arange, tensor, with_grad
from aotops.namespace.data_types import result_type
from aotops.namespace.manipulation import broadcast_shapes
from aotops.namespace.operands import as_floats, as_operand, as_tensor
from aotops.namespace.searching import searchsorted, take
from aotops.namespace.sorting import argsort
from aotops.shapes import as_int, new_shape, normalize_axes
from aotops.tensors import Tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType, Operand

_all, _less, _isfinite, _log1p, _sum = (_native.operators[name] for name in ("all", "less", "isfinite", "log1p", "sum"))
_cumulative_sum = _native.operators["cumulative_sum"]

#: Seeds are below it.
SEEDS = 2**128
LOW_BITS = 2**64 - 1
INT64 = -(2**63), 2**63 - 1
#: Generators are split off by the blocks from 2^63 on, which no numbers are drawn from.
FIRST_SPLIT = 2**63
#: Of at least so many times as many integers as are drawn, the places that were drawn are kept in a table.
SPARSE = 32
#: Of so many blocks in a group, 16 numbers are made of their first halves, and then 16 of their second ones.
GROUP = 16


class Generator:
    """A source of random numbers.

    Parameters:
        seed: An int from 0 to 2^128 - 1; generators of the same seed draw the same numbers. By default the system's
            entropy.

    Raises:
        TypeError: The seed is not an int.
        ValueError: The seed is out of range.

    Example:
        >>> import aotops as ao
        >>> generator = ao.random.Generator(7)
        >>> again = ao.random.Generator(7)
        >>> bool(ao.all(generator.normal(shape=100) == again.normal(shape=100)))
        True
    """

    __slots__ = ("__weakref__", "_words")

    def __init__(self, seed: int | None = None) -> None:
        self._words = tensor([0, 0, 0, 0])
        self.seed(seed)

    def __repr__(self) -> str:
        seed, block, _ = self.state
        return f"Generator(seed={seed}, at block {block})"

    def __reduce__(self) -> Any:
        return restored, (self.state,)

    @property
    def state(self) -> tuple[int, int, int]:
        """Where the generator is in its sequence: its seed, the next block, and how many generators it has split off.

        It may be set, to draw the same numbers again. Generators can also be copied and pickled.

        Example:
            >>> import aotops as ao
            >>> generator = ao.random.Generator(7)
            >>> before = generator.state
            >>> first = generator.integers(100, shape=5).tolist()
            >>> generator.state = before
            >>> generator.integers(100, shape=5).tolist() == first
            True
        """
        key, stream, block, splits = [number & LOW_BITS for number in self._words.tolist()]
        return key | stream << 64, block, splits

    @state.setter
    def state(self, state: tuple[int, int, int]) -> None:
        if not isinstance(state, tuple) or len(state) != 3:
            errors.wrong_type("Generator", "state", "the state of a generator", state)
        seed, block, splits = (as_int("Generator", "state", number) for number in state)
        if not (0 <= seed < SEEDS and 0 <= block < FIRST_SPLIT and 0 <= splits < FIRST_SPLIT):
            errors.wrong_value("Generator", "state", "the state of a generator", state)
        self._words[:] = tensor([signed(seed), signed(seed >> 64), block, splits])

    def seed(self, seed: int | None = None) -> None:
        """Begin the sequence of another seed.

        Parameters:
            seed: An int from 0 to 2^128 - 1; by default the system's entropy.

        Raises:
            TypeError: The seed is not an int.
            ValueError: The seed is out of range.

        Example:
            >>> import aotops as ao
            >>> ao.random.seed(7)
            >>> first = ao.random.uniform()
            >>> ao.random.seed(7)
            >>> bool(ao.random.uniform() == first)
            True
        """
        if seed is None:
            from os import urandom

            number = int.from_bytes(urandom(16), "little")
        else:
            number = as_int("seed", "seed", seed)
        if not 0 <= number < SEEDS:
            errors.wrong_value("seed", "seed", "from 0 to 2**128 - 1", number)
        self.state = (number, 0, 0)

    @advised
    def split(self, n: int = 2) -> tuple[Generator, ...]:
        """Make generators whose numbers are independent of each other and of those of this one.

        Which ones depends on the seed and on how many have been split off before, not on what has been drawn. It is
        what NumPy calls ``spawn``.

        Parameters:
            n: How many.

        Returns:
            A tuple of generators, for instance one for each of several threads.

        Raises:
            TypeError: ``n`` is not an int.
            ValueError: ``n`` is negative.

        Example:
            >>> import aotops as ao
            >>> weights, data = ao.random.Generator(7).split()
            >>> bool(weights.uniform() == data.uniform())
            False
        """
        count = as_int("split", "n", n)
        if count < 0:
            errors.wrong_value("split", "n", "0 or more", n)
        seed, _, splits = self.state
        self._words[3] += count
        # the halves of a block each, which no draw has used, are the seed of a new generator
        apart = tensor([signed(seed), signed(seed >> 64), signed(FIRST_SPLIT + splits), 0])
        groups = (count + GROUP - 1) // GROUP
        drawn = [number & LOW_BITS for number in _native.draw_integers(apart, 0, 0, (2 * GROUP * groups,)).tolist()]
        places = [k // GROUP * 2 * GROUP + k % GROUP for k in range(count)]
        return tuple([Generator(drawn[at] | drawn[at + GROUP] << 64) for at in places])

    @fast_path()
    @advised
    def uniform(
        self,
        low: Operand = 0.0,
        high: Operand = 1.0,
        shape: Any = None,
        *,
        dtype: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Draw numbers that are uniformly distributed from ``low`` to below ``high``.

        Parameters:
            low: The least number: a number, or a tensor that broadcasts.
            high: What all are below: a number, or a tensor that broadcasts.
            shape: An int or a tuple of ints; by default one number, or what ``low`` and ``high`` broadcast to.
            dtype: ``float64`` or ``float32``; by default ``float64``, or that of the tensors.
            requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by
                it.

        Returns:
            A new tensor. Between 0 and 1, all multiples of 2^-53 are equally probable, in float32 of 2^-24.

        Raises:
            TypeError: A bound is no operand, the shape is not of ints, or the dtype is no float.
            ValueError: ``high`` is less than ``low``, a bound or their difference is not finite, or the bounds do not
                broadcast to the shape.

        Example:
            >>> import aotops as ao
            >>> ao.random.Generator(7).uniform(-1, 1, shape=3)
            tensor([ 0.50030444,  0.59056807, -0.98309377])
        """
        drawn = drawn_floats("uniform", self._words, ("low", low), ("high", high), shape, dtype)
        return with_grad("uniform", drawn, requires_grad)

    @fast_path()
    @advised
    def normal(
        self,
        mean: Operand = 0.0,
        std: Operand = 1.0,
        shape: Any = None,
        *,
        dtype: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Draw normally distributed numbers.

        Parameters:
            mean: Their mean: a number, or a tensor that broadcasts.
            std: Their standard deviation: a number, or a tensor that broadcasts.
            shape: An int or a tuple of ints; by default one number, or what ``mean`` and ``std`` broadcast to.
            dtype: ``float64`` or ``float32``; by default ``float64``, or that of the tensors.
            requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by
                it.

        Returns:
            A new tensor. By the method of Box and Muller, numbers are at most 9.4 standard deviations from the mean, in
            float32 6.6: beyond there are one in 10^20 and in 10^10.

        Raises:
            TypeError: A parameter is no operand, the shape is not of ints, or the dtype is no float.
            ValueError: ``std`` is negative, a parameter is not finite, or they do not broadcast to the shape.

        Example:
            >>> import aotops as ao
            >>> ao.random.Generator(7).normal(10, 0.1, shape=3)
            tensor([10.07565447,  9.9505825 , 10.24283995])
        """
        drawn = drawn_floats("normal", self._words, ("mean", mean), ("std", std), shape, dtype)
        return with_grad("normal", drawn, requires_grad)

    @advised
    def integers(
        self, low: int, high: int | None = None, shape: Any = None, *, dtype: Any = None, endpoint: bool = False
    ) -> Tensor:
        """Draw integers from ``low`` to below ``high``, all equally probable.

        Parameters:
            low: The least number; 0 if ``high`` is omitted, and this is ``high``.
            high: What all are below.
            shape: An int or a tuple of ints; by default one number.
            dtype: An integer dtype, by default ``int64``, or ``bool``.
            endpoint: Whether ``high`` may be drawn, too.

        Returns:
            A new tensor.

        Raises:
            TypeError: A bound or the shape is not of ints, or the dtype is no integer dtype.
            ValueError: There is no number to draw, or the dtype does not hold all of them.

        Example:
            >>> import aotops as ao
            >>> ao.random.Generator(7).integers(1, 6, shape=10, endpoint=True)
            tensor([5, 5, 1, 2, 6, 3, 3, 3, 6, 1])
        """
        given = "low" if high is None else "high"
        least = 0 if high is None else as_int("integers", "low", low)
        most = as_int("integers", given, low if high is None else high) - (
            not as_flag("integers", "endpoint", endpoint)
        )
        kind = int64 if dtype is None else as_dtype("integers", "dtype", dtype)
        if least > most:
            wanted = f"be {'at least' if endpoint else 'above'} {'0' if high is None else 'low'}"
            errors.reject(ValueError, "integers", given, wanted, low if high is None else f"{high} for low={low}")
        bounds = INT64 if kind is int64 else bounds_of(kind)
        if not bounds[0] <= least <= most <= bounds[1]:
            wanted = f"be within {kind.name}, from {bounds[0]} to {bounds[1]}"
            errors.reject(ValueError, "integers", "what is drawn", wanted, f"from {least} to {most}")
        drawn = _native.draw_integers(
            self._words, signed(least), signed(most - least + 1), given_shape("integers", shape)
        )
        return drawn if kind is int64 else astype(drawn, kind)

    @advised
    def bernoulli(self, p: Operand = 0.5, shape: Any = None) -> Tensor:
        """Draw True with a probability.

        Parameters:
            p: The probability of True: a number from 0 to 1, or a tensor that broadcasts.
            shape: An int or a tuple of ints; by default one, or the shape of ``p``.

        Returns:
            A new tensor of bools.

        Raises:
            TypeError: ``p`` is no operand, or the shape is not of ints.
            ValueError: ``p`` is not from 0 to 1, or does not broadcast to the shape.

        Example:
            >>> import aotops as ao
            >>> ao.random.Generator(7).bernoulli(0.25, shape=4)
            tensor([False, False,  True, False])
        """
        chance = as_operand("bernoulli", "p", p)
        if isinstance(chance, Tensor):
            chance = as_floats("bernoulli", "p", chance)
            if not _all((chance >= 0.0) & (chance <= 1.0)):
                errors.reject(ValueError, "bernoulli", "p", "be from 0 to 1", "a tensor with other numbers")
        elif isinstance(chance, complex) or not 0 <= chance <= 1:
            errors.wrong_value("bernoulli", "p", "a number from 0 to 1", p)
        drawn: Tensor = _less(self.uniform(shape=drawn_shape("bernoulli", shape, ("p", chance))), chance)
        return drawn

    @advised
    def permutation(self, x: Any, *, axis: int = 0) -> Tensor:
        """Return the elements along an axis in random order; all orders are equally probable.

        Parameters:
            x: A tensor, an array or lists of numbers; or an int, for the integers below it.
            axis: The axis.

        Returns:
            A new tensor.

        Raises:
            TypeError: ``x`` is no operand.
            ValueError: An int is negative, or the axis does not exist.

        Example:
            >>> import aotops as ao
            >>> ao.random.Generator(7).permutation(5)
            tensor([3, 4, 2, 0, 1])
        """
        if is_count(x):
            count = as_count("permutation", "x", x)
            return self._order(count, count)
        source = as_tensor("permutation", "x", x)
        (found,) = normalize_axes("permutation", "axis", axis, source.ndim, several=False)
        return take(source, self._order(source.shape[found], source.shape[found]), axis=found)

    @advised
    def shuffle(self, x: Tensor, *, axis: int = 0) -> None:
        """Put the elements along an axis in random order, in place.

        Parameters:
            x: A tensor.
            axis: The axis.

        Raises:
            TypeError: ``x`` is no tensor.
            ValueError: ``x`` is read-only, or the axis does not exist.

        Example:
            >>> import aotops as ao
            >>> x = ao.arange(5)
            >>> ao.random.Generator(7).shuffle(x)
            >>> x
            tensor([3, 4, 2, 0, 1])
        """
        if not isinstance(x, Tensor):
            errors.wrong_type("shuffle", "x", "a Tensor", x)
        (found,) = normalize_axes("shuffle", "axis", axis, x.ndim, several=False)
        x[...] = take(x, self._order(x.shape[found], x.shape[found]), axis=found)

    def _order(self, count: int, size: int) -> Tensor:
        """The first ``size`` of the integers below ``count`` in random order: the same ones by either way."""
        sparse = size <= count // SPARSE
        order = arange(size if sparse else count)
        _native.shuffle(self._words, order, size, count)
        return order if len(order) == size else order[:size] + 0

    @advised
    def choice(self, a: Any, shape: Any = None, *, replace: bool = True, p: Any = None, axis: int = 0) -> Tensor:
        """Draw elements along an axis.

        Parameters:
            a: A tensor, an array or lists of numbers; or an int below 2^63, for the integers below it.
            shape: An int or a tuple of ints; by default one element.
            replace: Whether an element may be drawn several times. Without replacement, the elements come in random
                order. A few of many take time and memory by how many are drawn, not by how many there are.
            p: The probability of each element, by default the same for all.
            axis: The axis.

        Returns:
            A new tensor, in which the axes of ``shape`` take the place of the axis.

        Raises:
            TypeError: ``a`` or ``p`` is no operand, or the shape is not of ints.
            ValueError: There are too few elements to draw, or ``p`` are not as many probabilities whose sum is 1, or
                the axis does not exist, or an int is out of range.

        Example:
            >>> import aotops as ao
            >>> ao.random.Generator(7).choice(ao.tensor([1.5, 2.5, 3.5]), 4, p=[0.5, 0.5, 0.0])
            tensor([2.5, 2.5, 1.5, 1.5])
            >>> ao.random.Generator(7).choice(10**12, 3, replace=False)
            tensor([750152222103, 795284037340,   8453113030])
        """
        source = None if is_count(a) else as_tensor("choice", "a", a)
        if source is not None and source.ndim == 0:
            errors.reject(ValueError, "choice", "a", "have an axis, or be an int", "a tensor of 0 dimensions")
        if source is None:
            count = as_count("choice", "a", a)
        else:
            (axis,) = normalize_axes("choice", "axis", axis, source.ndim, several=False)
            count = source.shape[axis]
        lengths = given_shape("choice", shape)
        size = prod(lengths)
        replace = as_flag("choice", "replace", replace)
        chances = None if p is None else probabilities(p, count)
        if size and not count:
            errors.reject(ValueError, "choice", "a", "have elements", "none")
        if not replace:
            available = count if chances is None else int(_sum(astype(chances > 0, int64)))
            if size > available:
                kind = "" if chances is None else " whose probability is not 0"
                advice = "give replace=True to draw elements several times"
                errors.reject(ValueError, "choice", "shape", f"be of at most {available} elements{kind}", size, advice)
        if chances is None:
            if replace:
                places = _native.draw_integers(self._words, 0, max(count, 1), lengths)
            else:
                places = self._order(count, size).reshape(lengths)
        elif replace:
            running = _cumulative_sum(chances)
            drawn = self.uniform(shape=lengths)
            places = searchsorted(running, drawn * running[-1], side="right") if size else astype(drawn, int64)
        else:  # the first of exponentially distributed times, whose rates are the probabilities
            drawn = self.uniform(shape=count)
            places = argsort(-_log1p(-drawn) / chances)[:size].reshape(lengths)
        return places if source is None else take(source, places, axis=axis)


def restored(state: tuple[int, int, int]) -> Generator:
    """A generator with a state."""
    generator = Generator(0)
    generator.state = state
    return generator


def signed(number: int) -> int:
    """The int64 with the low bits of an int."""
    return ((number + 2**63) & LOW_BITS) - 2**63


def given_shape(name: str, shape: Any) -> tuple[int, ...]:
    """The shape that a function was given; that of one number where it was given none."""
    return () if shape is None else new_shape(name, shape)


def bounds_of(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest number of an integer dtype, or of bool."""
    from aotops.abi import FACTS, named

    if dtype.kind not in ("integer", "bool"):
        errors.wrong_dtype("integers", "dtype", named("bool", "signed", "unsigned"), dtype.name)
    return FACTS[dtype.name].bounds


def is_count(value: Any) -> bool:
    """Whether a value is an int, and stands for the integers below it."""
    return _native.is_number(value) and hasattr(type(value), "__index__") and not isinstance(value, bool)


def as_count(name: str, argument: str, value: Any) -> int:
    """An int that stands for the integers below it."""
    count = as_int(name, argument, value)
    if not 0 <= count <= INT64[1]:
        wanted = "0 or more" if count < 0 else "below 2**63, as indices are"
        errors.wrong_value(name, argument, wanted, value)
    return count


def probabilities(p: Any, count: int) -> Tensor:
    """The probabilities of so many elements, in float64."""
    chances = astype(as_floats("choice", "p", p), float64)
    if chances.shape != (count,):
        errors.reject(ValueError, "choice", "p", f"have the shape ({count},)", chances.shape)
    if not _all((chances >= 0.0) & _isfinite(chances)):
        errors.reject(ValueError, "choice", "p", "be of numbers from 0 on", "others")
    total = float(_sum(chances))
    if not abs(total - 1.0) <= 1e-8:
        errors.reject(ValueError, "choice", "p", "have the sum 1", f"{total:.9g}", "divide it by its sum")
    return chances


def drawn_shape(name: str, shape: Any, *parameters: tuple[str, Any]) -> tuple[int, ...]:
    """The shape of what is drawn: a given one, or that of the parameters, which must broadcast to it."""
    shapes = [value.shape for _, value in parameters if isinstance(value, Tensor)]
    if shape is None:
        return broadcast_shapes(*shapes) if shapes else ()
    lengths = new_shape(name, shape)
    for argument, value in parameters:
        if isinstance(value, Tensor):
            fits = len(value.shape) <= len(lengths)
            pairs = zip(reversed(value.shape), reversed(lengths), strict=False)
            if not fits or any(own not in (1, length) for own, length in pairs):
                errors.reject(ValueError, name, argument, f"broadcast to the shape {lengths}", value.shape)
    return lengths


def drawn_floats(
    name: str, words: Tensor, first: tuple[str, Any], second: tuple[str, Any], shape: Any, dtype: Any
) -> Tensor:
    """What ``uniform`` and ``normal`` return, for all arguments that C has left to Python."""
    is_normal = name == "normal"
    given = [(argument, parameter(name, argument, value)) for argument, value in (first, second)]
    (_, a), (_, b) = given
    tensors = [value for _, value in given if isinstance(value, Tensor)]
    kind = as_dtype(name, "dtype", dtype) if dtype is not None else result_type(a, b) if tensors else float64
    if kind.kind != "float":
        from aotops.abi import named

        errors.wrong_dtype(name, "dtype", named("real"), kind.name)
    lengths = drawn_shape(name, shape, *given)
    if not tensors:
        if (b < 0) if is_normal else (b < a):
            wanted = "be 0 or more" if is_normal else f"be at least {first[0]}"
            errors.reject(ValueError, name, second[0], wanted, b if is_normal else f"{b} for {first[0]}={a}")
        drawn = _native.draw(words, is_normal, a, b, lengths, kind)
        if drawn is None:  # a number beyond float32, or the difference of two beyond float64
            what = f"{second[0]} - {first[0]}" if not is_normal else f"{first[0]} and {second[0]}"
            errors.reject(ValueError, name, what, f"be finite in {kind.name}", f"{b} and {a}")
        return drawn
    if not _all(b >= (0.0 if is_normal else a)):
        wanted = "be 0 or more" if is_normal else f"be at least {first[0]} everywhere"
        errors.reject(ValueError, name, second[0], wanted, "less")
    standard: Any = _native.draw(words, is_normal, 0.0, 1.0, lengths, kind)
    scaled: Any = a + standard * (b if is_normal else b - a)
    return astype(scaled, kind, copy=False)


def parameter(name: str, argument: str, value: Any) -> Tensor | float:
    """A finite number, or a tensor of them."""
    if isinstance(value, tuple):
        wanted = "be a number, a Tensor or a list of numbers"
        errors.reject(TypeError, name, argument, wanted, errors.shown(value), f"give the shape as shape={value}")
    operand = as_operand(name, argument, value)
    if isinstance(operand, Tensor):
        operand = as_floats(name, argument, operand)
        if not _all(_isfinite(operand)):
            errors.reject(ValueError, name, argument, "be finite", "a tensor with infinities or NaN")
        return operand
    if isinstance(operand, complex):
        errors.wrong_type(name, argument, "a real number or a Tensor", value)
    try:
        number = float(operand)
    except OverflowError:  # an int beyond all floats
        number = float("inf")
    if not isfinite(number):
        errors.wrong_value(name, argument, "finite", value)
    return number


#: What the functions of this module draw from.
default_generator = Generator()
seed = default_generator.seed
split = default_generator.split
uniform = default_generator.uniform
normal = default_generator.normal
integers = default_generator.integers
bernoulli = default_generator.bernoulli
permutation = default_generator.permutation
shuffle = default_generator.shuffle
choice = default_generator.choice
