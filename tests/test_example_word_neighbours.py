"""The word neighbours example: counting, embedding as in the lecture, and what it finds in the book it ships."""

from __future__ import annotations

import importlib.util
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from needs import PROJECT

import aotops as ao

PROGRAM = PROJECT / "examples" / "word_neighbours" / "word_neighbours.py"
if not PROGRAM.exists():
    pytest.skip("needs the examples of the project's source tree, and the tests lie alone", allow_module_level=True)


def load_example() -> ModuleType:
    """The example as a module: it is a program in a folder of its own, not part of the package."""
    spec = importlib.util.spec_from_file_location("word_neighbours", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = load_example()

SENTENCE = "The cat saw the dog, and the dog didn't see the cat."
TOKENS = ["the", "cat", "saw", "the", "dog", "and", "the", "dog", "didn't", "see", "the", "cat"]
VOCABULARY = ["the", "cat", "dog", "and", "didn't", "saw", "see"]


class Book:
    """The shipped book's vocabulary and first layer, built once."""

    def __init__(self) -> None:
        tokens = example.tokenise(example.BOOK.read_text(encoding="utf-8"))
        self.vocabulary: list[str] = example.build_vocabulary(tokens, 1000)
        self.counts: list[list[float]] = example.count_neighbours(tokens, self.vocabulary, 500, 2)
        self.layer1: ao.Tensor = example.build_layer1(self.counts, 48)

    def nearest(self, word: str, count: int = 5) -> list[str]:
        found = example.nearest(self.layer1, self.vocabulary.index(word), count)
        return [self.vocabulary[other] for other, _ in found]


@pytest.fixture(scope="module")
def book() -> Book:
    return Book()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


# --- Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (SENTENCE, TOKENS),
        ("Bread-and-butter at 5 o'clock, _very_ nice", ["bread", "and", "butter", "at", "o'clock", "very", "nice"]),
        ("`I can't,' said ALICE--`Dinah'll know.'", ["i", "can't", "said", "alice", "dinah'll", "know"]),
        ("\N{LEFT SINGLE QUOTATION MARK}It\N{RIGHT SINGLE QUOTATION MARK}s caf\xe9", ["it's", "caf\xe9"]),
        ("12 * 3", []),
    ],
)
def test_tokenise(text: str, tokens: list[str]) -> None:
    assert example.tokenise(text) == tokens


def test_vocabulary_is_by_frequency_then_alphabet() -> None:
    assert example.build_vocabulary(TOKENS, 100) == VOCABULARY
    assert example.build_vocabulary(TOKENS, 2) == ["the", "cat"]


def test_counts_of_direct_neighbours() -> None:
    counts = example.count_neighbours(TOKENS, VOCABULARY, contexts=3, window=1)
    assert len(counts) == len(VOCABULARY)
    # on the left: the, cat, dog; on the right: the, cat, dog
    assert counts[VOCABULARY.index("the")] == [0, 0, 0, 0, 2, 2]
    assert counts[VOCABULARY.index("cat")] == [2, 0, 0, 0, 0, 0]
    assert counts[VOCABULARY.index("saw")] == [0, 1, 0, 1, 0, 0]
    assert counts[VOCABULARY.index("didn't")] == [0, 0, 1, 0, 0, 0]


def test_a_neighbour_further_away_counts_less() -> None:
    counts = example.count_neighbours(TOKENS, VOCABULARY, contexts=3, window=3)
    # "the cat saw the dog": cat and, one word further, the first "the"; then "the", and one further "dog"
    assert counts[VOCABULARY.index("saw")] == [1 / 2, 1, 0, 1, 0, 1 / 2]
    # "didn't see the cat": two places on, then three
    assert counts[VOCABULARY.index("didn't")][3:] == [1 / 2, 1 / 3, 0]


def test_a_word_outside_the_vocabulary_keeps_its_place() -> None:
    assert example.count_neighbours(["a", "x", "b"], ["a", "b"], contexts=2, window=2) == [
        [0, 0, 0, 1 / 2],
        [1 / 2, 0, 0, 0],
    ]


# --- The first layer -------------------------------------------------------------------------------------------------


def test_positive_pmi_against_the_formula() -> None:
    counts = [[4.0, 0.0, 1.0], [1.0, 3.0, 1.0], [0.0, 0.0, 0.0]]
    powers = [sum(column) ** 0.75 for column in zip(*counts, strict=True)]
    found = example.positive_pmi(ao.tensor(counts)).tolist()
    for row, found_row in zip(counts, found, strict=True):
        for count, power, value in zip(row, powers, found_row, strict=True):
            expected = sum(row) * power / sum(powers)
            assert value == pytest.approx(max(0.0, math.log(count / expected)) if count else 0.0, abs=1e-12)


def test_main_directions_are_orthonormal_and_find_the_strongest() -> None:
    # 3 * (unit column) * (unit row) + 1 * (another pair at right angles to it)
    associations = ao.tensor([[1.8, 2.4, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    first, second = example.main_directions(associations, 2).tolist()
    assert [abs(x) for x in first] == pytest.approx([0.6, 0.8, 0.0], abs=1e-6)
    assert [abs(x) for x in second] == pytest.approx([0.0, 0.0, 1.0], abs=1e-6)


def test_directions_that_a_small_text_does_not_have_are_zero() -> None:
    directions = example.main_directions(ao.tensor([[1.0, 2.0, 2.0], [2.0, 4.0, 4.0]]), 3).tolist()
    assert [abs(x) for x in directions[0]] == pytest.approx([1 / 3, 2 / 3, 2 / 3], abs=1e-9)
    assert directions[1:] == [[0.0] * 3, [0.0] * 3]


def test_the_books_directions_are_orthonormal(book: Book) -> None:
    directions = example.main_directions(example.positive_pmi(ao.tensor(book.counts)), 8)
    for i in range(8):
        for j in range(8):
            assert (directions[i] * directions[j]).sum().item() == pytest.approx(float(i == j), abs=1e-9)


def test_embedding_is_a_column_of_layer1(book: Book) -> None:
    assert tuple(book.layer1.shape) == (48, 1000)
    for word in (0, 17, 999):
        one_hot = example.one_hot(word, 1000).tolist()
        assert one_hot[word] == 1
        assert sum(one_hot) == 1
        # exactly: all other columns are multiplied by zero
        assert example.embed(book.layer1, word).tolist() == book.layer1[:, word].tolist()


def test_similarity_is_a_cosine(book: Book) -> None:
    queen, king = (example.embed(book.layer1, book.vocabulary.index(word)) for word in ("queen", "king"))
    assert example.similarity(queen, queen) == pytest.approx(1.0)
    assert example.similarity(queen, king) == example.similarity(king, queen)
    assert 0.5 < example.similarity(queen, king) < 1.0


def test_nearest_is_sorted_and_leaves_the_word_itself_out(book: Book) -> None:
    word = book.vocabulary.index("queen")
    found = example.nearest(book.layer1, word, 999)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert sorted(other for other, _ in found) == [other for other in range(1000) if other != word]
    best, score = found[0]
    pair = example.similarity(example.embed(book.layer1, word), example.embed(book.layer1, best))
    assert score == pytest.approx(pair)


# --- What it finds in the book ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "neighbours"),
    [
        ("queen", {"king", "duchess"}),
        ("she", {"he", "they"}),
        ("eyes", {"mouth", "face"}),
        ("could", {"can", "can't"}),
        ("went", {"hurried", "walked"}),
        ("two", {"three"}),
        ("little", {"tiny"}),
        ("hatter", {"hare"}),
    ],
)
def test_words_used_alike_are_neighbours(book: Book, word: str, neighbours: set[str]) -> None:
    assert neighbours <= set(book.nearest(word, 8))


def test_words_used_differently_are_not(book: Book) -> None:
    assert not {"king", "duchess", "mouth"} & set(book.nearest("could", 100))


def test_the_same_bits_every_time(book: Book) -> None:
    assert Book().layer1.tolist() == book.layer1.tolist()


# --- The command line ------------------------------------------------------------------------------------------------


def test_command_line_end_to_end(book: Book) -> None:
    first, second = run("Queen", "eyes", "--neighbours", "3"), run("Queen", "eyes", "--neighbours", "3")
    assert first.stderr == ""
    assert first.returncode == 0
    assert first.stdout == second.stdout
    title, empty, *rows = first.stdout.splitlines()
    assert title == "alice.txt: 26679 words, 1000 in the vocabulary; layer1 is (48, 1000)"
    assert empty == ""
    assert [row.split()[0] for row in rows] == ["queen", "eyes"]
    assert [re.findall(r"[a-z]+", row)[1:] for row in rows] == [book.nearest("queen", 3), book.nearest("eyes", 3)]
    # the dot products stand below one another
    assert [match.start() for match in re.finditer(r"0\.", rows[0])] == [
        match.start() for match in re.finditer(r"0\.", rows[1])
    ]


def test_options_and_another_text(tmp_path: Path) -> None:
    text = tmp_path / "animals.txt"
    # some editors begin a file with a byte order mark, which is no part of the first word
    text.write_text("the cat runs. the dog runs. a cat sleeps. a dog sleeps. a king eats cake. " * 3, "utf-8-sig")
    ran = run("cat", "--text", str(text), "--vocabulary", "8", "--dim", "4", "--window", "1", "--neighbours", "1")
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[0] == "animals.txt: 48 words, 8 in the vocabulary; layer1 is (4, 8)"
    assert ran.stdout.splitlines()[-1].split() == ["cat", "1.00", "dog"]


def test_a_text_of_one_word(tmp_path: Path) -> None:
    text = tmp_path / "one.txt"
    text.write_text("word", "utf-8")
    ran = run("word", "--text", str(text))
    assert (ran.returncode, ran.stdout.splitlines()[-1], ran.stderr) == (0, "word", "")


def test_unknown_words_are_named_with_close_spellings() -> None:
    ran = run("qeen", "alice", "zzzz")
    assert ran.returncode == 2
    assert ran.stdout == ""
    first, second = ran.stderr.splitlines()
    assert "'qeen' is not among the 1000 most frequent words" in first
    assert "did you mean queen" in first
    assert "'zzzz' is not among" in second
    assert "did you mean" not in second


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "no words"),
        (b"\xff\xfe\xfd", "not UTF-8"),
    ],
)
def test_unusable_text(tmp_path: Path, content: bytes | None, message: str) -> None:
    text = tmp_path / "text.txt"
    if content is not None:
        text.write_bytes(content)
    ran = run("--text", str(text))
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("option", ["--vocabulary", "--dim", "--window", "--neighbours"])
def test_sizes_start_at_one(option: str) -> None:
    ran = run(option, "0")
    assert ran.returncode == 2
    assert f"argument {option}: expected a number from 1 up, got 0" in ran.stderr


def test_the_book_is_plain_text() -> None:
    content = example.BOOK.read_bytes()
    assert 100_000 < len(content) < 250_000
    assert b"\r" not in content
    assert content.decode("utf-8").split()[:4] == ["ALICE'S", "ADVENTURES", "IN", "WONDERLAND"]
