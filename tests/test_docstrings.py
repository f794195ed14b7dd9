"""The docstrings of operators: what records know is generated, in one order."""

from __future__ import annotations

import inspect
import re

import pytest

import aotops as ao
from aotops import _native, ops
from aotops.ops.record import ALL, FLOATS, INTEGERS, Record
from aotops.ops.record import map as declare_map

RECORDS = {name: record for name, record in ops.collect().items() if not name.startswith("_") and "." not in name}
ORDER = ["Parameters", "Returns", "Raises", "Special cases", "Accuracy", "Example", "See also"]
NO_RESULT = {"Tensor.backward", "Tensor.retain_grad", "memory.set_cache_limit", "save", "set_num_threads"}
REQUIRED = {"Parameters", "Returns", "Raises", "Accuracy", "Example"}

every_record = pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)


def sections(doc: str) -> dict[str, str]:
    """The text of each section, in order."""
    parts = re.split(r"^([A-Z][a-z ]+):\n", doc, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def entries(section: str) -> list[str]:
    """The names that the entries of a section begin with."""
    heads = re.findall(r"^    (\w[\w, ]*):", section, re.M)
    return [name for head in heads for name in head.split(", ")]


@every_record
def test_sections_stand_in_order(record: Record) -> None:
    found = list(sections(record.doc))
    assert found == sorted(found, key=ORDER.index)
    assert set(found) >= REQUIRED
    summary, empty, *_ = record.doc.splitlines()
    assert summary.endswith(".") and not empty
    assert max(map(len, record.doc.splitlines())) <= 120


@every_record
def test_every_argument_is_explained(record: Record) -> None:
    operator = _native.operators[record.name]
    assert sorted(entries(sections(record.doc)["Parameters"])) == sorted(inspect.signature(operator).parameters)


@every_record
def test_dtypes_are_those_of_the_record(record: Record) -> None:
    found = {
        name: re.sub(r"every\s+integer\s+dtype", " ".join(INTEGERS), text)
        for name, text in sections(record.doc).items()
    }
    words = set(re.findall(r"\w+", found["Parameters"]))
    assert words & set(ALL) >= {*record.dtypes, *record.casts}
    rejected = set(ALL) - set(record.dtypes) - set(record.casts)
    assert not words & rejected - {"bool"}  # which conditions are
    assert all(dtype in found["Raises"] for dtype in rejected)
    for dtype in record.dtypes:
        assert record.result_for(dtype) == dtype or record.result_for(dtype) in found["Returns"]


@every_record
def test_no_docstring_repeats_what_is_generated(record: Record) -> None:
    own = record._doc or record.scalar.__doc__ or ""
    assert not re.search(r"float32, float64|Shapes and dtypes|Arguments:|[Ww]ithin \d", own)
    assert (f"Within {record.max_ulp} ULP" in sections(record.doc)["Accuracy"]) == bool(record.max_ulp)


def public_functions() -> dict[str, object]:
    """The public functions that are no operators, and the methods of tensors that are written in Python."""
    found = {name: getattr(ao, name) for name in dir(ao) if not name.startswith("_")}
    found |= {f"memory.{name}": getattr(ao.memory, name) for name in ("stats", "release", "set_cache_limit")}
    found |= {f"Tensor.{name}": value for name, value in vars(ao.Tensor).items() if not name.startswith("_")}
    found |= {f"Tensor.{name}": getattr(ao.Tensor, name) for name in ("item", "is_contiguous")}  # C's own
    return {
        name: value
        for name, value in found.items()
        if value is ao.trace or (callable(value) and not isinstance(value, (type, ao.Operator)))
    }


@pytest.mark.parametrize("name", public_functions())
def test_public_functions_have_the_sections_of_operators(name: str) -> None:
    """A summary of one line; every argument; the result, the errors if there are arguments, and an example."""
    function = public_functions()[name]
    doc = inspect.cleandoc(str(function.__doc__))
    summary, empty, *_ = doc.splitlines()
    found = sections(doc)
    assert summary.endswith(".") and not empty and max(map(len, doc.splitlines())) <= 120
    assert (
        list(found) == [title for title in ORDER if title in found] and "Example" in found and ">>>" in found["Example"]
    )
    parameters = [each for each in inspect.signature(function).parameters if each != "self"]  # type: ignore[arg-type]
    assert sorted(entries(found.get("Parameters", "").replace("*", ""))) == sorted(parameters)
    assert "Raises" in found or not parameters
    assert ("Returns" in found) == (name not in NO_RESULT)


def test_what_a_new_record_gets() -> None:
    @declare_map(dtypes=FLOATS, casts={"bool": "float32"}, max_ulp=1.5)
    def half(x: float) -> float:
        """Half of each element.

        By a multiplication.

        See also: aotops.divide.

        >>> 1 + 1
        2

        Special cases: Half of nothing
        is nothing.
        """
        return x * 0.5

    wanted = HALF.format(rejected="every integer dtype, complex64 or complex128")
    assert half.doc.split() == wanted.split()


HALF = """
Half of each element.

By a multiplication.

Parameters:
    x: A tensor, a number, an array or lists of numbers, of dtype float32 or float64; bool computes
        as float32.
    out: A tensor of the result's shape, which the result is written into and which is returned; its
        dtype may be another one that can hold the result.
    where: A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its
        elements, and a new tensor has 0.

Returns:
    A tensor with the shape of ``x``, of the dtype that it is computed in.

Raises:
    TypeError: An argument is none of those above; the dtype is {rejected}; ``out`` cannot hold the
        result.
    ValueError: ``out`` has another shape than the result.

Special cases:
    Half of nothing is nothing.

Accuracy:
    Within 1.5 ULP (units in the last place).

Example:
    >>> 1 + 1
    2

See also:
    aotops.divide.
"""


def test_the_docstring_of_a_user_is_completed_and_otherwise_as_written() -> None:
    def third(x: float) -> float:
        """A third.

        A list:
          - of
          - lines

        >>> 1 + 1
        2
        """
        return x / 3

    own, parameters, returns, raises, example = re.split(
        r"\n\n(?=Parameters:|Returns:|Raises:|>>>)", str(ao.map(third).__doc__)
    )
    assert own == "A third.\n\nA list:\n  - of\n  - lines"
    assert parameters.startswith(
        "Parameters:\n    x: A tensor, a number, an array or lists of numbers, of dtype float32"
    )
    assert "out: A tensor of the result's shape" in parameters
    assert returns == "Returns:\n    A tensor with the shape of ``x``, of the dtype that it is computed in."
    assert raises.startswith("Raises:\n    TypeError: ")
    assert example == ">>> 1 + 1\n2"


def test_the_docstring_of_a_user_keeps_sections_of_its_own() -> None:
    def third(x: float, n: int) -> float:
        """A third.

        Args:
            x: a number.

        Returns:
            A third of it.
        """
        return x / 3

    document = str(ao.zip(third, fixed={"n": "int64"}, defaults={"n": 1}).__doc__)
    assert document.startswith("A third.\n\nRaises:\n    TypeError: ")
    assert document.endswith("\n\nArgs:\n    x: a number.\n\nReturns:\n    A third of it.")


def test_the_docstring_of_a_user_tells_of_inputs_with_dtypes_of_their_own() -> None:
    def third(x: float, n: int, mask: bool) -> float:
        """A third."""
        return x / 3

    operator = ao.zip(third, fixed={"n": "int64"}, bool_inputs="mask", defaults={"mask": True})
    document = " ".join(str(operator.__doc__).split())
    assert "n: A tensor, a number, an array or lists of numbers, of dtype bool or every integer dtype, cast" in document
    assert (
        "mask: Bool, or true where it is not 0; its shape broadcasts with those of the others. mask may be" in document
    )
    assert "Accuracy" not in document


def test_functions_without_a_docstring_make_operators_without_one() -> None:
    assert ao.map(lambda x: x).__doc__ is None


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: ao.negative(ao.tensor([True])), TypeError),
        (lambda: ao.exp("a"), TypeError),
        (lambda: ao.exp(1.0, out=ao.zeros((), dtype="int64")), TypeError),
        (lambda: ao.exp([1.0, 2.0], out=ao.zeros(3)), ValueError),
        (lambda: ao.add([1.0, 2.0], [1.0, 2.0, 3.0]), ValueError),
        (lambda: ao.sum([1.0], axis=3), ValueError),
        (lambda: ao.sum([1.0], axis=3), IndexError),
        (lambda: ao.sum([1.0], axis=(0, 0)), ValueError),
        (lambda: ao.max(ao.zeros(0)), ValueError),
        (lambda: ao.argmax(ao.zeros(0)), ValueError),
        (lambda: ao.cumulative_sum(ao.zeros((2, 2))), ValueError),
    ],
)
def test_errors_are_those_that_docstrings_name(call: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()  # type: ignore[operator]
