"""``einsum``: products and sums along axes that letters name, by transposes and products of matrices."""

from __future__ import annotations

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
    from aotops._native import Operand
    from aotops.shapes import Shape
    from aotops.tensors import Tensor

_multiply = _native.operators["multiply"]
_sum = _native.operators["sum"]

#: The names of an operand's axes. Those that an ellipsis stands for are numbered from the last one on: "0", "1", ...
Labels = list[str]


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
    terms, output = parse(subscripts, [each.ndim for each in tensors])
    dtype = result_type(*tensors)
    lengths = common_lengths(terms, [each.shape for each in tensors])
    inner = BY_NAME["int64"] if dtype.kind in ("bool", "integer") else dtype  # that of sums
    parts = [astype(each, inner, copy=False) for each in tensors]
    pending = [diagonal(part, term) for part, term in zip(parts, terms, strict=True)]
    x, labels = pending[0]
    for k in range(1, len(pending) + 1):
        later = {label for _, term in pending[k + 1 :] for label in term}
        x, labels = summed(x, labels, {*output, *later, *(pending[k][1] if k < len(pending) else ())})
        if k < len(pending):
            y, others = summed(*pending[k], {*output, *later, *labels})
            x, labels = multiplied(x, labels, y, others, {*output, *later})
    missing = [label for label in output if label not in labels]
    if missing:
        unknown_label(subscripts, missing[0])
    result = x.permute(*[labels.index(label) for label in output])
    shape = tuple([lengths[label] for label in output])
    whole = expanded(result, shape)
    assert whole is not None
    is_view = len(pending) == 1 and x is pending[0][0]  # nothing has been computed
    return delivered(astype(whole, inner) if is_view else whole.contiguous(), dtype)


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


def common_lengths(terms: list[Labels], shapes: list[Shape]) -> dict[str, int]:
    """The length of each label's axes; 1 fits any other length."""
    lengths: dict[str, int] = {}
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


def summed(x: Tensor, labels: Labels, wanted: set[str]) -> tuple[Tensor, Labels]:
    """The sum over all axes that nothing else needs."""
    axes = tuple([axis for axis, label in enumerate(labels) if label not in wanted])
    return (_sum(x, axes), [label for label in labels if label in wanted]) if axes else (x, labels)


def multiplied(x: Tensor, labels: Labels, y: Tensor, others: Labels, wanted: set[str]) -> tuple[Tensor, Labels]:
    """The product of two operands, summed over the axes that both have and nothing else needs."""
    both = [label for label in labels if label in others]
    batch, inner = [label for label in both if label in wanted], [label for label in both if label not in wanted]
    rows = [label for label in labels if label not in others]
    columns = [label for label in others if label not in labels]
    a, b = ordered(x, labels, [*batch, *rows, *inner]), ordered(y, others, [*batch, *inner, *columns])
    shape = {label: common_length(x, labels, y, others, label) for label in both}
    row_shape, column_shape = a.shape[len(batch) : len(batch) + len(rows)], b.shape[len(batch) + len(inner) :]
    batch_shape, inner_shape = tuple([shape[label] for label in batch]), tuple([shape[label] for label in inner])
    if not inner:
        a = a.reshape((*a.shape, *[1] * len(columns)))
        b = b.reshape((*b.shape[: len(batch)], *[1] * len(rows), *column_shape))
        return _multiply(a, b), [*batch, *rows, *columns]
    left = expanded(a, (*batch_shape, *row_shape, *inner_shape))
    right = expanded(b, (*batch_shape, *inner_shape, *column_shape))
    assert left is not None
    assert right is not None
    size = prod(inner_shape)
    product = matrices(
        "einsum",
        left.reshape((*batch_shape, prod(row_shape), size)),
        right.reshape((*batch_shape, size, prod(column_shape))),
    )
    return product.reshape((*batch_shape, *row_shape, *column_shape)), [*batch, *rows, *columns]


def ordered(x: Tensor, labels: Labels, order: Labels) -> Tensor:
    """A view with the axes in an order."""
    return x.permute(*[labels.index(label) for label in order])


def common_length(x: Tensor, labels: Labels, y: Tensor, others: Labels, label: str) -> int:
    """The length of an axis that both operands have: where one has length 1, that of the other."""
    first, second = x.shape[labels.index(label)], y.shape[others.index(label)]
    return second if first == 1 else first
