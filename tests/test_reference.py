"""The reference: a page for each public name, whole, up to date, with examples that run; the names of the standard."""

from __future__ import annotations

import doctest
import functools
import re

import pytest
from needs import PROJECT, requires_source

import aotops as ao
from aotops.aot.pack.reference import (
    ATTRIBUTES,
    SPECIFICATION,
    page_name,
    reference,
    standard_chapters,
    standard_methods,
)

#: Of the project; the package that is tested may be installed elsewhere.
FOLDER = PROJECT / "docs" / "reference"


@functools.cache  # not while tests are collected, which each process of a run does
def pages() -> dict[str, str]:
    return {path.name: text for path, text in reference().items()}


@requires_source
def test_the_pages_are_those_of_the_docstrings() -> None:
    paths = {FOLDER / name: text for name, text in pages().items()}
    stale = [path.name for path, text in paths.items() if not path.exists() or path.read_text("utf-8") != text]
    assert not stale, "`make reference` writes the pages"
    assert {path.name for path in FOLDER.glob("*.md")} == set(pages())


def test_every_public_name_has_a_whole_page() -> None:
    """A title, a call, a summary, an example, and of functions their arguments, results and errors."""
    for name in ao.__all__:
        value, text = getattr(ao, name), pages()[page_name(name)]
        assert f"\n# aotops.{name}\n\n`aotops.{name}" in text
        assert ">>> " in text, f"{name} has no example"
        assert f"[`{name}`]({page_name(name)})" in pages()["README.md"]
        headings = re.findall(r"^## (.*)", text, re.M)
        if isinstance(value, ao.Operator):
            wanted = ["Parameters", "Dtypes", "Returns", "Raises", "Accuracy", "Example"]
            assert [title for title in headings if title in wanted] == wanted, name
            assert "| inputs promote to | computed in | result |" in text
        if (name in standard_chapters()) != (f"({SPECIFICATION}/" in text):
            pytest.fail(f"{name}: the link to the standard")


def test_every_attribute_and_method_of_a_class_is_described() -> None:
    for kind in (ao.Tensor, ao.DType, ao.Operator):
        text = pages()[page_name(kind.__name__)]
        for name in dir(kind):
            if not name.startswith("_"):
                described = re.search(rf"^### {name}\n\n(`{name}\(.*\)`\n\n)?[A-Z'].*\.$", text, re.M)
                linked = f"[`{name}`]({name}.md)" in text
                assert bool(described) != linked, f"{kind.__name__}.{name}"


def test_the_examples_of_all_pages_run() -> None:
    """Each page by itself, from the first example to the last."""
    parser, report, attempted = doctest.DocTestParser(), [], 0
    for name, text in pages().items():
        code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.DOTALL))
        outcome = doctest.DocTestRunner(verbose=False).run(
            parser.get_doctest(code, {}, name, None, 0), out=report.append
        )
        attempted += outcome.attempted
    assert not report, "".join(report)
    assert attempted > 2 * len(ao.__all__)


def test_links_of_pages_lead_to_pages() -> None:
    for name, text in pages().items():
        targets = re.findall(r"\]\(([\w-]+\.md)", text)
        assert set(targets) <= set(pages()), name
    for target in re.findall(r"\]\((\.\./[^)#]+)", "".join(pages().values())):
        assert not FOLDER.exists() or (FOLDER / target).exists(), target


def test_every_name_of_the_standard_is_there() -> None:
    """Functions, constants and dtypes; the arrays' attributes, methods, reflected and in-place operators."""
    assert [name for name in standard_chapters() if not hasattr(ao, name)] == []
    members = [*ATTRIBUTES.split(), *standard_methods()]
    assert [name for name in members if not hasattr(ao.Tensor, name)] == []
    assert len(standard_chapters()) == 154
    assert len(members) == 67
    assert ao.__array_api_version__ == "2025.12"
    assert not hasattr(ao, "linalg") and not hasattr(ao, "fft")
