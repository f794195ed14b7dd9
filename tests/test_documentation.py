"""The Python in README, CONTRIBUTING, ``docs`` and the examples' pages runs, and shows what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from needs import requires_source

import aotops as ao
from aotops import ops
from aotops.scalar.callables import LOOPS, MEANINGS, POWER

pytestmark = requires_source

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md" and path.parent.name != "reference"  # which tests/test_reference.py reads
)
#: A fenced block, its language, and what an invisible comment before it says has to run first.
BLOCK = re.compile(
    r"(?:<!-- before\n(?P<before>.*?)-->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.M
)
#: A block that begins with such a line is the file of that name; the blocks after it may import it.
FILE_NAME = re.compile(r"# (\w+\.py)\n")
#: Fences that are prose or commands; ``test_fences_have_a_language`` demands that the others have one of these or run.
NOT_PYTHON = {"sh", "console", "toml", "text"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    before: str


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    content = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(page, content[: found.start("text")].count("\n"), found["language"], found["text"], found["before"] or "")
        for found in BLOCK.finditer(content)
    ]


BLOCKS = {page: blocks for page in PAGES if (blocks := blocks_of(page))}
PYTHON = {page: chosen for page, blocks in BLOCKS.items() if (chosen := [b for b in blocks if b.language == "python"])}


def test_pages_with_python_are_found() -> None:
    """A change of layout must not silence the tests below."""
    assert {"README.md", "CONTRIBUTING.md", "docs/your-own-operators.md", "docs/coming-from-numba.md"} <= set(PYTHON)


@pytest.mark.parametrize("page", BLOCKS)
def test_fences_have_a_language(page: str) -> None:
    """A block without a known language would not be run."""
    for block in BLOCKS[page]:
        assert block.language in NOT_PYTHON | {"python"}, f"{page}, line {block.line}: {block.language!r}"


def program(block: Block) -> str:
    """The block as a program: as it is, or, if it shows a session, its statements with the results that it shows."""
    if not block.text.startswith(">>> "):
        return block.before + block.text
    return (
        f"{block.before}\nimport doctest\n"
        f"test = doctest.DocTestParser().get_doctest({block.text!r}, globals(), 'page', {block.page!r}, {block.line})\n"
        "assert test.examples and any(example.want for example in test.examples), 'a session that shows nothing'\n"
        "outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)\n"
        "assert outcome.failed == 0\n"
    )


@pytest.mark.parametrize("page", PYTHON)
def test_python_blocks_run(page: str, tmp_path: Path) -> None:
    """Each block runs in a process of its own, beside the files that the blocks before it have shown.

    Operators run as plain Python: that they compile is what other tests are about. An example's page imports its
    package.
    """
    environment = {**os.environ, "AOTOPS_PYTHON": "1"}
    own_source = (ROOT / page).parent / "src"
    if page.startswith("examples/") and own_source.is_dir():
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(own_source), environment.get("PYTHONPATH")]))
    for block in PYTHON[page]:
        named = FILE_NAME.match(block.text)
        if named:
            (tmp_path / named[1]).write_text(block.text, encoding="utf-8")
        script = tmp_path / "block_of_the_page.py"
        script.write_text(program(block), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{page}, line {block.line}:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", BLOCKS)
def test_toml_blocks_are_valid(page: str) -> None:
    """Settings that a page shows can be read."""
    for block in BLOCKS[page]:
        if block.language == "toml":
            assert tomllib.loads(block.text), f"{page}, line {block.line}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Relative links point to files that there are."""
    content = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", content) if "://" not in target]
    missing = [target for target in targets if not ((ROOT / page).parent / target).exists()]
    assert not missing


@requires_source
def test_the_architecture_page_names_what_there_is() -> None:
    """Each ``file: functions`` of the drawing, and each file and folder of the table."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "aotops"
    drawing, table = page.split("```")[1], page.split("```")[2]
    named = 0
    for file, function in re.findall(r"([\w/]+\.(?:py|c)): (\w+)", drawing):
        source = (package / file).read_text(encoding="utf-8")
        assert re.search(rf"\b(?:def|class) {function}\b|^[\w *]*\b{function}\(", source, re.MULTILINE), (
            file,
            function,
        )
        named += 1
    assert named > 10
    for name in re.findall(r"`([\w/]+(?:/|\.py))`", table):
        assert (package / name).exists() or (ROOT / name).exists(), name
    rooms = {path.name for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    named_rooms = {name.partition("/")[0] for name in re.findall(r"`([\w/]+(?:/|\.py))`", table)}
    assert rooms - named_rooms == {"__init__.py", "__main__.py"}, "say in the table what stands there"
    for line in page.splitlines():
        assert len(line) <= 120


def test_the_readme_lists_every_operator() -> None:
    (listed,) = re.findall(
        r"^- \*\*Operators\*\*(.*?)^- \*\*", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.M
    )
    names = {name for span in re.findall(r"`([a-z0-9_ ]+)`", listed.replace("\n", " ")) for name in span.split()}
    operators = {name for name in ops.collect() if "." not in name and not name.startswith("_")}
    assert operators - names == set(), "`make stubs` writes the list of operators in README.md"
    assert {name for name in names if not hasattr(ao, name)} == {"keepdims"}


@pytest.mark.parametrize("module", ["builtins", "math"])
def test_the_guide_lists_what_a_scalar_function_may_call(module: str) -> None:
    guide = (ROOT / "docs/your-own-operators.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{module}` \| (.*) \|$", guide, re.M)
    listed = {name for span in re.findall(r"`([a-z0-9 ]+)`", row) for name in span.split()}
    names = {name for name, _ in MEANINGS} | POWER | LOOPS
    assert listed == {name.removeprefix(f"{module}.") for name in names if name.startswith(f"{module}.")}
