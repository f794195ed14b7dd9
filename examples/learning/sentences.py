"""Who says it, the narrator or a character? A classifier of sentences that learns embeddings on the way.

The sentences of a novel are labelled by its quotation marks, which the model does not see. The last chapters are held
out: no sentence of theirs, and no word that only they have, is known before the end. Run it with ``--help`` for the
options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from book import build_vocabulary, chapters, utterances
from training import Task, missing, options_parser, plot, report, train

import aotops as ao

HELD_OUT = 3  # chapters at the end of the book
LEAST = 4  # words of a sentence
LONGEST = 30  # words of a sentence that are read; few have more
VOCABULARY = 2000
DIM = 32
HIDDEN = 32


class Sentences:
    """Sentences as tensors: words (n, LONGEST), where each word has its weight in the mean, and who says it."""

    def __init__(self, labelled: Sequence[tuple[list[str], bool]], index_of: dict[str, int]) -> None:
        self.texts = [" ".join(words) for words, _ in labelled]
        known = [[index_of.get(word, 1) for word in words[:LONGEST]] for words, _ in labelled]  # 1: unknown words
        self.words = ao.tensor([row + [0] * (LONGEST - len(row)) for row in known])  # 0: no word
        weights = [[1 / len(row)] * len(row) + [0.0] * (LONGEST - len(row)) for row in known]
        self.weights = ao.tensor(weights, dtype="float32")
        self.spoken = ao.tensor([float(spoken) for _, spoken in labelled], dtype="float32")

    def __len__(self) -> int:
        return len(self.texts)

    def epoch(self, generator: ao.random.Generator) -> tuple[ao.Tensor, ao.Tensor, ao.Tensor]:
        """All sentences in an order of chance."""
        order = generator.permutation(len(self))
        return self.words[order], self.weights[order], self.spoken[order]


class Book:
    """The sentences to learn from, those held out, and the vocabulary of the former."""

    def __init__(self) -> None:
        parts = [utterances(chapter, LEAST) for chapter in chapters()]
        learnt = [each for part in parts[:-HELD_OUT] for each in part]
        held_out = [each for part in parts[-HELD_OUT:] for each in part]
        tokens = [word for words, _ in learnt for word in words]
        self.vocabulary = ["", "?", *build_vocabulary(tokens, VOCABULARY)]
        index_of = {word: index for index, word in enumerate(self.vocabulary)}
        self.learnt, self.held_out = Sentences(learnt, index_of), Sentences(held_out, index_of)


def build_model(nn: Any, dtype: Any, vocabulary_size: int) -> Any:
    """The model, in aotops or PyTorch: the mean embedding of the words, and a small network."""

    class Classifier(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocabulary_size, DIM, dtype=dtype)
            self.hidden = nn.Linear(DIM, HIDDEN, dtype=dtype)
            self.output = nn.Linear(HIDDEN, 1, dtype=dtype)
            self.relu = nn.ReLU()

        def forward(self, words: Any, weights: Any) -> Any:
            """(n, length), (n, length) -> logits (n,), above 0 for what a character says."""
            mean = (self.embedding(words) * weights[:, :, None]).sum(1)
            return self.output(self.relu(self.hidden(mean)))[:, 0]

    return Classifier()


def loss(nn: Any, model: Any, words: Any, weights: Any, spoken: Any) -> Any:
    """How badly the model tells speech from narration."""
    return nn.functional.binary_cross_entropy_with_logits(model(words, weights), spoken)


def accuracy(model: Any, sentences: Sentences) -> float:
    """The part of the sentences that the model gets right."""
    guesses = model(sentences.words, sentences.weights) > 0
    return float((guesses == (sentences.spoken > 0)).astype("float64").mean())


def baseline(book: Book) -> float:
    """The accuracy of always guessing what is more frequent among the sentences to learn from."""
    more_spoken = float(book.learnt.spoken.mean()) > 0.5
    spoken = float(book.held_out.spoken.mean())
    return spoken if more_spoken else 1 - spoken


def classifier(book: Book) -> Task:
    """What is to be trained."""
    return Task(
        title="sentences",
        build=lambda nn, dtype: build_model(nn, dtype, len(book.vocabulary)),
        loss=loss,
        epoch=book.learnt.epoch,
        batch=32,
        lr=0.003,
        weight_decay=0.1,
        score=lambda model: accuracy(model, book.held_out),
    )


def surest_mistakes(model: Any, sentences: Sentences, count: int) -> list[str]:
    """The sentences that the model is wrong about with the largest logits."""
    with ao.no_grad():
        logits = model(sentences.words, sentences.weights)
    wrong = ao.where((logits > 0) == (sentences.spoken > 0), 0.0, abs(logits))
    order = [int(each) for each in ao.argsort(wrong, descending=True)[:count].tolist()]
    return [
        f"{'a character' if float(sentences.spoken[each]) else 'the narrator'}: {sentences.texts[each]}"
        for each in order
        if float(wrong[each]) > 0
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = options_parser("Learn to tell what characters say from what the narrator says.", epochs=10).parse_args(
        arguments
    )
    problem = missing(options)
    if problem:
        print(f"sentences: {problem}", file=sys.stderr)
        return 2

    book = Book()
    print(f"{len(book.learnt)} sentences to learn from, {len(book.held_out)} held out (the last {HELD_OUT} chapters)")
    trained = train(classifier(book), options)
    print(report(trained))
    print(f"accuracy: {accuracy(trained.model, book.learnt):.1%} in training, {trained.scores[-1]:.1%} held out")
    print(f"majority baseline, always the same guess: {baseline(book):.1%} held out\n")
    print("Mistakes with the largest logits, and who says it:")
    for line in surest_mistakes(trained.model, book.held_out, 5):
        print(f"  {line}")
    if options.plot:
        plot(trained, "Narration or speech?", options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
