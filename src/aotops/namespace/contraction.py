"""``einsum``: products and sums along axes that letters name, by transposes and products of matrices."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from aotops import _native, errors
from aotops._native import astype
from aotops.arguments import advised
from aotops.dtypes import BY_NAME
from aotops.namespace.data_types import result_type
from aotops.namespace.linear_algebra import delivered, matrices
from aotops.namespace.manipulation import expanded
from aotops.namespace.operands import as_tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotops._native import Operand
    from aotops.shapes import Shape
    from aotops.tensors import Tensor

_multiply = _native.operators["multiply"]
_sum = _native.operators["sum"]

#: The names of an operand's axes. Those that an ellipsis stands for are numbered from the last one on: "0", "1", ...
Labels = list[str]
#: The lengths of the axes of a factor, by their labels, in their order.
Lengths = dict[str, int]


@advised
def einsum(subscripts: str, /, *operands: Operand) -> Tensor:
    """Return sums of products along axes that letters name.

    Parameters:
        subscripts: A letter for each axis of each operand, with commas between operands, as ``"ij,jk->ik"``. Axes of
            one letter have one length. Behind ``->`` stand the axes of the result; without it, the letters that
            occur once, in alphabetical order. ``...`` stands for any number of leading axes, which broadcast. A letter
            twice in an operand stands for the diagonal.
        *operands: Tensors, arrays or lists of numbers.

    Returns:
        A new tensor of the dtype that all promote to. Operands are multiplied from left to right, and each axis is
        summed over as soon as no other operand has it.

    Raises:
        TypeError: An operand is none, or ``subscripts`` is not a string.
        ValueError: The subscripts are no such string, do not fit the operands, or the lengths of one letter differ.

    Example:
        >>> import aotops as ao
        >>> x, y = ao.tensor([[1, 2], [3, 4]]), ao.tensor([[0, 1], [1, 0]])
        >>> ao.einsum("ij,jk->ik", x, y)
        tensor([[2, 1],
                [4, 3]])
        >>> ao.einsum("ii", x)
        tensor(5)
    """
    if not isinstance(subscripts, str):
        errors.wrong_type("einsum", "subscripts", "a string such as 'ij,jk->ik'", subscripts)
    tensors = [as_tensor("einsum", f"operands[{k}]", each) for k, each in enumerate(operands)]
    plan = planned(str.__str__(subscripts), tuple([each.shape for each in tensors]))
    dtype = tensors[0].dtype
    if [each for each in tensors if each.dtype is not dtype]:
        dtype = result_type(*tensors)
    inner = BY_NAME["int64"] if dtype.kind in ("bool", "integer") else dtype  # that of sums
    parts = [astype(each, inner, copy=False) for each in tensors]
    for k, term in plan.diagonals:
        parts[k], _ = diagonal(parts[k], term)
    result = _sum(parts[0], plan.summed) if plan.summed else parts[0]
    for part, product in zip(parts[1:], plan.products, strict=True):
        result = product.of(result, part)
    result = plan.view.of(result)
    is_view = len(parts) == 1 and not plan.summed  # nothing has been computed
    return delivered(astype(result, inner) if is_view else result.contiguous(), dtype)


class Plan:
    """What ``einsum`` does with operands of some shapes: all that does not depend on their elements and strides.

    Attributes:
        diagonals: the operands in which a label occurs several times, by their numbers, with their labels.
        summed: the axes of the first operand over which it is summed.
        products: for each further operand, how what there is so far is multiplied by it.
        view: the view of the last product that is the result.
    """

    def __init__(self, subscripts: str, shapes: tuple[Shape, ...]) -> None:
        terms, output = parse(subscripts, [len(shape) for shape in shapes])
        lengths = common_lengths(terms, shapes)
        self.diagonals = [(k, term) for k, term in enumerate(terms) if len({*term}) < len(term)]
        # of operands that are views of their diagonals
        factors = [common_lengths([term], [shape]) for term, shape in zip(terms, shapes, strict=True)]

        def wanted(k: int) -> set[str]:
            return {*output, *[label for factor in factors[k:] for label in factor]}

        self.summed, left = summed(factors[0], wanted(1))
        self.products: list[Product] = []
        for k in range(1, len(factors)):
            product = Product(left, factors[k], wanted(k + 1))
            self.products.append(product)
            left = product.result
        missing = [label for label in output if label not in left]
        if missing:
            unknown_label(subscripts, missing[0])
        self.view = View(left, output, lengths, lengths_of(output, lengths))


#: Making a plan takes 30 us, and calls in a loop have the same shapes.
planned = lru_cache(maxsize=256)(Plan)


def unknown_label(subscripts: str, label: str) -> None:
    """Raise the error of a letter of the result that no operand has."""
    wanted = "name axes of the operands behind ->"
    errors.reject(ValueError, "einsum", "subscripts", wanted, f"{label!r} in {errors.shown(subscripts)}")


def parse(subscripts: str, ranks: list[int]) -> tuple[list[Labels], Labels]:
    """The labels of the axes of each operand, and those of the result."""
    written = subscripts.replace(" ", "")
    left, arrow, right = written.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks) or not ranks:
        wanted = f"have a term for each of {len(ranks)} operands, with commas between them"
        errors.reject(ValueError, "einsum", "subscripts", wanted, errors.shown(subscripts))
    covered = 0
    split: list[Labels] = []
    for k, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        letters = term.replace("...", "", 1)
        check_letters(subscripts, letters)
        spare = rank - len(letters)
        if spare < 0 or (spare > 0 and "..." not in term):
            wanted = f"name {rank} axes for operands[{k}]"
            errors.reject(ValueError, "einsum", "subscripts", wanted, errors.shown(term))
        covered = max(covered, spare)
        split.append(spelled(term, spare))
    every = "".join(terms).replace("...", "")
    if arrow:
        letters = right.replace("...", "", 1)
        check_letters(subscripts, letters)
        if len({*letters}) != len(letters):
            errors.reject(ValueError, "einsum", "subscripts", "name each axis of the result once", errors.shown(right))
        if covered and "..." not in right:
            wanted = "have an ellipsis in the result, as the operands have"
            errors.reject(ValueError, "einsum", "subscripts", wanted, errors.shown(subscripts))
        return split, spelled(right, covered)
    once = sorted([letter for letter in {*every} if every.count(letter) == 1])
    return split, [*spelled("...", covered), *once]


def check_letters(subscripts: str, letters: str) -> None:
    """Raise ``ValueError`` for subscripts with other characters than letters."""
    for letter in letters:
        if not (letter.isascii() and letter.isalpha()):
            wanted = "consist of letters, commas, one -> and one ... in each term"
            errors.reject(ValueError, "einsum", "subscripts", wanted, errors.shown(subscripts))


def spelled(term: str, spare: int) -> Labels:
    """The labels of a term whose ellipsis stands for so many axes."""
    before, ellipsis, after = term.partition("...")
    return [*before, *([str(k) for k in reversed(range(spare))] if ellipsis else []), *after]


def common_lengths(terms: list[Labels], shapes: Sequence[Shape]) -> Lengths:
    """The length of each label's axes; 1 fits any other length."""
    lengths: Lengths = {}
    for labels, shape in zip(terms, shapes, strict=True):
        for label, length in zip(labels, shape, strict=True):
            known = lengths.setdefault(label, length)
            if known == 1:
                lengths[label] = length
            elif length not in (1, known):
                name = "the axes of an ellipsis" if label.isdigit() else f"the axes named {label!r}"
                errors.reject(ValueError, "einsum", name, "have one length", f"{known} and {length}")
    return lengths


def diagonal(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """A view with one axis for each label: for one that occurs several times, of the diagonal."""
    own = list(dict.fromkeys(labels))
    if len(own) == len(labels):
        return x, labels
    shape, strides = [], []
    for label in own:
        axes = [axis for axis, other in enumerate(labels) if other == label]
        longest = max(x.shape[axis] for axis in axes) if all(x.shape[axis] for axis in axes) else 0
        shape.append(longest)
        strides.append(sum([x.strides[axis] for axis in axes if x.shape[axis] == longest and longest > 1]))
    return x._as_strided(tuple(shape), tuple(strides), 0), own


def lengths_of(labels: Labels, lengths: Lengths) -> Shape:
    """The lengths of some labels' axes."""
    return tuple([lengths[label] for label in labels])


def summed(factor: Lengths, wanted: set[str]) -> tuple[Shape, Lengths]:
    """The axes over which a factor is summed, which nothing else needs, and what is left of it."""
    axes = tuple([axis for axis, label in enumerate(factor) if label not in wanted])
    return axes, {label: length for label, length in factor.items() if label in wanted}


class View:
    """How a factor becomes one with axes in another order, repeated where they have length 1, and of another shape."""

    def __init__(self, factor: Lengths, labels: Labels, lengths: Lengths, shape: Shape) -> None:
        order = tuple([[*factor].index(label) for label in labels])
        repeated = lengths_of(labels, lengths)
        self.order = None if order == tuple(range(len(order))) else order
        self.repeated = None if repeated == lengths_of(labels, factor) else repeated
        self.shape = None if shape == repeated else shape

    def of(self, x: Tensor) -> Tensor:
        """The view of a tensor, or a copy where there is none."""
        if self.order is not None:
            x = x.permute(*self.order)
        if self.repeated is not None:
            whole = expanded(x, self.repeated)
            assert whole is not None
            x = whole
        return x if self.shape is None else x.reshape(self.shape)


class Product:
    """How two factors are multiplied, and summed over the axes that both have and nothing else needs.

    Attributes:
        summed: the axes that the right factor alone has and nothing else needs.
        left, right: the views of both that are multiplied.
        of_matrices: whether they are matrices, or are multiplied element by element.
        shape: the shape of the product; None if multiplying the two views gives it.
        result: the lengths of the product's axes, by their labels.
    """

    def __init__(self, left: Lengths, right: Lengths, wanted: set[str]) -> None:
        """``wanted``: the labels that the result and later operands have."""
        self.summed, right = summed(right, {*wanted, *left})
        both = [label for label in left if label in right]
        batch, inner = [label for label in both if label in wanted], [label for label in both if label not in wanted]
        rows = [label for label in left if label not in right]
        columns = [label for label in right if label not in left]
        lengths = common_lengths([[*left], [*right]], [tuple(left.values()), tuple(right.values())])
        self.result = {label: lengths[label] for label in (*batch, *rows, *columns)}
        own = given = tuple(self.result.values())
        self.of_matrices = bool(inner)
        if inner:
            size, height, width = (prod(lengths_of(labels, lengths)) for labels in (inner, rows, columns))
            batches = lengths_of(batch, lengths)
            self.left = View(left, [*batch, *rows, *inner], lengths, (*batches, height, size))
            self.right = View(right, [*batch, *inner, *columns], lengths, (*batches, size, width))
            given = (*batches, height, width)
        else:
            first = (*lengths_of([*batch, *rows], left), *(1,) * len(columns))
            second = (*lengths_of(batch, right), *(1,) * len(rows), *lengths_of(columns, right))
            self.left = View(left, [*batch, *rows], left, first)
            self.right = View(right, [*batch, *columns], right, second)
        self.shape = None if own == given else own

    def of(self, x: Tensor, y: Tensor) -> Tensor:
        """The product of two tensors."""
        if self.summed:
            y = _sum(y, self.summed)
        x, y = self.left.of(x), self.right.of(y)
        product: Tensor = matrices("einsum", x, y) if self.of_matrices else _multiply(x, y)
        return product if self.shape is None else product.reshape(self.shape)
