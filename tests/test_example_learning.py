"""The models of the example ``learning``: the loss falls, a seed repeats a run, and both views of embeddings agree."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from needs import PROJECT, requires_torch

import aotops as ao

FOLDER = PROJECT / "examples" / "learning"
if not FOLDER.is_dir():
    pytest.skip("needs the examples of the project's source tree, and the tests lie alone", allow_module_level=True)

requires_sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="the images are scikit-learn's, which is not installed here"
)
OWN = ("book", "digits", "embeddings", "sentences", "training", "word_neighbours")


@pytest.fixture(scope="module", autouse=True)
def examples() -> Iterator[None]:
    """The example's folder on the path, and afterwards none of its modules left."""
    path = list(sys.path)
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path[:] = path
    for name in OWN:
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def state() -> Iterator[None]:
    """The generator of ``ao.random`` as it was."""
    saved = ao.random.default_generator.state
    yield
    ao.random.default_generator.state = saved


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def options(epochs: int, seed: int = 5, torch: bool = False) -> argparse.Namespace:
    return argparse.Namespace(epochs=epochs, seed=seed, torch=torch, plot=None)


def parameters(trained: Any) -> list[Any]:
    return [each.tolist() for each in trained.model.parameters()]


@pytest.fixture(scope="module")
def tokens() -> list[str]:
    book = module("book")
    found: list[str] = book.tokenise("\n".join(book.chapters()))
    return found


@pytest.fixture(scope="module")
def book() -> Any:
    return module("sentences").Book()


# --- Embeddings ------------------------------------------------------------------------------------------------------


def test_pairs_of_neighbours() -> None:
    text = module("embeddings").Text(["a", "b", "x", "a"], 2)  # x is not in the vocabulary, but keeps its place
    assert text.vocabulary == ["a", "b"]
    # of a, b, x, a: a-b are direct neighbours, b-a are two apart; contexts on the right are 2 further
    pairs = sorted(zip(text.words.tolist(), text.contexts.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 3), (1, 0), (1, 2)]
    assert text.frequencies.tolist() == [0.5, 0.25]


def test_an_epoch_has_each_real_pair_first(monkeypatch: pytest.MonkeyPatch, tokens: list[str]) -> None:
    embeddings = module("embeddings")
    monkeypatch.setattr(embeddings, "FREQUENT", 1.0)  # no word is left out
    text = embeddings.Text(tokens[:300], 50)
    words, contexts, is_real = text.epoch(ao.random.Generator(3))
    assert contexts.shape == is_real.shape == (len(text.words), 1 + embeddings.NEGATIVES)
    seen = sorted(zip(words.tolist(), contexts[:, 0].tolist(), strict=True))
    assert seen == sorted(zip(text.words.tolist(), text.contexts.tolist(), strict=True))
    assert is_real.sum(0).tolist() == [len(words)] + [0] * embeddings.NEGATIVES
    assert 0 <= int(contexts.min()) <= int(contexts.max()) < 100


def test_embeddings_learn_and_both_views_agree(tokens: list[str]) -> None:
    embeddings, training = module("embeddings"), module("training")
    text = embeddings.Text(tokens, 1000)
    trained, again, other = (training.train(embeddings.skip_gram(text, 16), options(6, seed)) for seed in (5, 5, 6))
    assert trained.losses == sorted(trained.losses, reverse=True)
    share = 1 / (1 + embeddings.NEGATIVES)  # of pairs are real; who knows no more than that has the entropy as its loss
    assert trained.losses[-1] < -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert (trained.losses, parameters(trained)) == (again.losses, parameters(again))
    assert trained.losses != other.losses
    embeddings.assert_views_agree(trained.model, [0, 17, 999])


def test_views_that_differ_are_noticed() -> None:
    embeddings = module("embeddings")
    model = embeddings.build_model(ao.nn, ao.float32, 5, 3)
    embeddings.assert_views_agree(model, range(5))
    table = model.words

    class Wrong(ao.nn.Module):
        def __init__(self) -> None:
            self.weight = table.weight

        def forward(self, indices: ao.Tensor) -> ao.Tensor:
            return table((indices + 1) % 5)

    model.words = Wrong()
    with pytest.raises(AssertionError, match="the embeddings of word 2 differ"):
        embeddings.assert_views_agree(model, [2])


def test_nearest_by_cosine() -> None:
    table = ao.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0], [-5.0, 0.0]])
    found = module("embeddings").nearest(table, 0, 3)
    assert [other for other, _ in found] == [2, 1, 3]
    assert [score for _, score in found] == pytest.approx([0.6, 0.0, -1.0])


# --- Sentences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`I can't go,' said Alice. She sat down.", [("i can't go", 1), ("said alice", 0), ("she sat down", 0)]),
        ("`Well!' thought Alice to herself, `after this; yes!'", [
            ("well", 1), ("thought alice to herself", 0), ("after this", 1), ("yes", 1)
        ]),
        ("`He said ``off'' twice,' said the others.", [("he said off twice", 1), ("said the others", 0)]),
        ("It was the mice's.", [("it was the mice's", 0)]),
    ],
)  # fmt: skip
def test_quotation_marks_tell_who_speaks(text: str, expected: list[tuple[str, int]]) -> None:
    found = module("book").utterances(text, 1)
    assert [(" ".join(words), int(spoken)) for words, spoken in found] == expected


def test_chapters_are_those_of_the_book() -> None:
    chapters = module("book").chapters()
    assert len(chapters) == 12
    assert chapters[0].split()[:4] == ["Alice", "was", "beginning", "to"]


def test_nothing_is_known_of_held_out_sentences(book: Any) -> None:
    assert len(book.learnt) + len(book.held_out) == 2128
    known = {word for text in book.learnt.texts for word in text.split()}
    assert set(book.vocabulary[2:]) <= known
    assert float(book.held_out.weights.sum(1).max()) == pytest.approx(1.0, abs=1e-6)
    baseline = module("sentences").baseline(book)
    assert baseline == pytest.approx(float(book.held_out.spoken.mean()))  # characters speak more often


def test_a_classifier_learns(book: Any) -> None:
    sentences, training = module("sentences"), module("training")
    trained, again = (training.train(sentences.classifier(book), options(4)) for _ in range(2))
    assert trained.losses == sorted(trained.losses, reverse=True)
    assert (trained.losses, trained.scores) == (again.losses, again.scores)
    assert parameters(trained) == parameters(again)
    # the majority baseline is 52 %
    assert trained.scores[-1] > sentences.baseline(book) + 0.25
    with ao.no_grad():
        logits = trained.model(book.held_out.words, book.held_out.weights)
    right = [
        (logit > 0) == (spoken > 0)
        for logit, spoken in zip(logits.tolist(), book.held_out.spoken.tolist(), strict=True)
    ]
    assert trained.scores[-1] == sum(right) / len(right)


# --- Digits ----------------------------------------------------------------------------------------------------------


@requires_sklearn
@pytest.mark.slow
def test_digits_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    digits, training = module("digits"), module("training")
    learnt, held_out = digits.load_images()
    assert (len(learnt), len(held_out)) == (1438, 359)
    first, row = learnt.pixels[0].tolist(), learnt.patches[0, 7].tolist()  # one down, one to the right
    assert row == [first[8 * r + c] for r in (1, 2, 3) for c in (1, 2, 3)]
    trained = training.train(digits.network(learnt, held_out), options(30, 2026))
    assert trained.losses[-1] < 0.01
    assert trained.scores[-1] >= 0.97
    assert len(digits.mistakes(trained.model, held_out, 4).splitlines()) == 9


# --- What they share -------------------------------------------------------------------------------------------------


@requires_torch
@pytest.mark.slow
def test_pytorch_learns_the_same(book: Any, tokens: list[str]) -> None:
    training, embeddings = module("training"), module("embeddings")
    tasks = [module("sentences").classifier(book), embeddings.skip_gram(embeddings.Text(tokens, 200), 16)]
    for task in tasks:
        own, other = training.train(task, options(2, torch=True)).learners
        assert own.losses == pytest.approx(other.losses, rel=1e-5)


def test_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="draws with Matplotlib, which is not installed here")
    training = module("training")
    learner = training.Learner("aotops", None, None, None, losses=[2.0, 1.0], seconds=[0.1, 0.1])
    for scores in ([], [0.5, 0.75]):
        paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
        for path in paths:
            training.plot(training.Trained(None, [learner], scores), "Title", path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert b"</svg>" in paths[0].read_bytes()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("sklearn", "torch") else find_spec(name)
    )
    assert module("digits").main(["--torch"]) == 2
    message = "digits: not installed: scikit-learn, torch; pip install scikit-learn torch\n"
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--plot", "loss.txt"], ["--plot", "no/such/folder.svg"]])
def test_wrong_options(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        module("sentences").main(arguments)
    assert arguments[0] in capsys.readouterr().err


def test_a_word_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert module("embeddings").main(["alice", "zzzz"]) == 2
    assert "words of the text: zzzz" in capsys.readouterr().err


def test_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert module("embeddings").main(["queen", "--epochs", "2", "--dim", "8"]) == 0
    output = capsys.readouterr()
    assert output.err == ""  # the progress bar is for terminals
    assert "26599 words, 1000 in the vocabulary" in output.out
    assert "the same numbers and gradients" in output.out
    assert output.out.splitlines()[-1].startswith("queen ")
    assert module("sentences").main(["--epochs", "1"]) == 0
    assert "always the same guess: 52.4% held out" in capsys.readouterr().out
