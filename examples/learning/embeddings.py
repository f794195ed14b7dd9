"""Where do embeddings come from? The lecture's first layer, learnt from a novel (skip-gram, negative sampling).

A word is an index into the vocabulary, and its embedding the column of the first layer that its one-hot vector picks.
The model learns to tell a word's real neighbours in the text from words drawn at random: the dot product of the word's
embedding and the neighbour's shall be large for the former and small for the latter. Words with the same neighbours
get similar embeddings on the way. Run it with ``--help`` for the options.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from book import build_vocabulary, chapters, tokenise
from training import Task, missing, options_parser, plot, positive_number, report, train

import aotops as ao

WORDS = ["alice", "queen", "eyes", "went", "could", "two"]
WINDOW = 2  # how far away a word still is a neighbour
NEGATIVES = 8  # words drawn at random for each neighbour
SMOOTHING = 0.75  # the exponent that lets rare words be drawn a little more often than they occur
FREQUENT = 1e-3  # words that are a larger part of the text are left out in part: "the" says little about its neighbours


class Text:
    """The pairs of words that stand near each other in a text, and how often each word occurs."""

    def __init__(self, tokens: Sequence[str], vocabulary_size: int) -> None:
        self.tokens = len(tokens)
        self.vocabulary = build_vocabulary(tokens, vocabulary_size)
        index_of = {word: index for index, word in enumerate(self.vocabulary)}
        indices = [index_of.get(token, -1) for token in tokens]  # -1: not in the vocabulary, but it keeps its place
        words, contexts = [], []
        size = len(self.vocabulary)
        for distance in range(1, WINDOW + 1):
            for left, right in zip(indices, indices[distance:], strict=False):
                if left >= 0 and right >= 0:
                    # a neighbour on the left is another thing than the same word on the right
                    words += [left, right]
                    contexts += [size + right, left]
        self.words, self.contexts = ao.tensor(words), ao.tensor(contexts)
        counts = Counter(indices)
        self.frequencies = ao.tensor([counts[index] / len(tokens) for index in range(size)])
        weights = self.frequencies**SMOOTHING
        self.chances = ao.concat([weights, weights]) / (2 * weights.sum())

    def epoch(self, generator: ao.random.Generator) -> tuple[ao.Tensor, ao.Tensor, ao.Tensor]:
        """Words (n,), their contexts (n, 1 + NEGATIVES), the real one first, and which are real, of the same shape."""
        kept_word = ao.minimum((FREQUENT / self.frequencies) ** 0.5, 1.0)
        size = len(self.vocabulary)
        chance = kept_word[self.words] * kept_word[self.contexts % size]
        (kept,) = ao.nonzero(generator.uniform(shape=chance.shape) < chance)
        order = generator.permutation(kept)
        real = self.contexts[order].reshape(-1, 1)
        drawn = generator.choice(2 * size, (order.shape[0], NEGATIVES), p=self.chances)
        contexts = ao.concat([real, drawn], axis=1)
        is_real = ao.zeros(contexts.shape, dtype="float32")
        is_real[:, 0] = 1
        return self.words[order], contexts, is_real


def build_model(nn: Any, dtype: Any, vocabulary_size: int, dim: int) -> Any:
    """The model, in aotops or PyTorch: a table of embeddings for words, and one for words as neighbours."""

    class SkipGram(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(vocabulary_size, dim, dtype=dtype)
            self.contexts = nn.Embedding(2 * vocabulary_size, dim, dtype=dtype)

        def forward(self, words: Any, contexts: Any) -> Any:
            """(n,), (n, k) -> the dot products (n, k), divided by sqrt(dim)."""
            pairs = self.words(words)[:, None, :] * self.contexts(contexts)
            return pairs.sum(-1) * dim**-0.5

    return SkipGram()


def loss(nn: Any, model: Any, words: Any, contexts: Any, is_real: Any) -> Any:
    """How badly the model tells real neighbours from drawn ones."""
    return nn.functional.binary_cross_entropy_with_logits(model(words, contexts), is_real)


def shrink(model: Any) -> None:
    """Make the first embeddings small: of rare words, which learn little, the noise that they start as would remain."""
    for parameter in model.parameters():
        parameter *= 0.1


def skip_gram(text: Text, dim: int) -> Task:
    """What is to be trained."""
    return Task(
        title="embeddings",
        build=lambda nn, dtype: build_model(nn, dtype, len(text.vocabulary), dim),
        loss=loss,
        epoch=text.epoch,
        batch=512,
        lr=0.02,
        weight_decay=0.2,
        initialise=shrink,
    )


# --- The lecture's view ----------------------------------------------------------------------------------------------


def one_hot(word: int, vocabulary_size: int) -> ao.Tensor:
    """The word with this index as a vector of shape (vocabulary_size,): 1 at its own place, 0 everywhere else."""
    return ao.tensor([0.0 if i != word else 1.0 for i in range(vocabulary_size)], dtype="float32")


def assert_views_agree(model: Any, words: Sequence[int]) -> None:
    """Multiply by one-hot vectors, and look rows up: the same numbers, and the same gradients."""
    size, _ = model.words.weight.shape
    for word in words:
        layer1 = model.words.weight.detach().T.copy().requires_grad_()  # (dim, VOCAB), as in the lecture
        by_product = (layer1 * one_hot(word, size)).sum(1)
        by_index = model.words(ao.tensor([word]))[0]
        assert by_product.tolist() == by_index.tolist(), f"the embeddings of word {word} differ"

        (of_layer1,) = ao.grad([(by_product * by_product).sum()], [layer1])
        (of_table,) = ao.grad([(by_index * by_index).sum()], [model.words.weight])
        assert of_layer1.T.tolist() == of_table.tolist(), f"the gradients for word {word} differ"


def nearest(table: ao.Tensor, word: int, count: int) -> list[tuple[int, float]]:
    """The other words whose embeddings have the largest cosine with this word's, each with its cosine."""
    lengths = (table * table).sum(1, keepdims=True).sqrt()
    units = table / lengths
    cosines = units @ units[word]
    order = [int(other) for other in ao.argsort(cosines, descending=True)[: count + 1].tolist()]
    return [(other, float(cosines[other])) for other in order if other != word][:count]


def neighbours_table(model: Any, vocabulary: Sequence[str], words: Sequence[str], count: int) -> str:
    """One line per word: the word, then its nearest neighbours with their cosines."""
    table = model.words.weight.detach()
    width = max(map(len, words))
    lines = []
    for word in words:
        found = nearest(table, vocabulary.index(word), count)
        cells = [f"{score:5.2f} {vocabulary[other]:10}" for other, score in found]
        lines.append(f"{word:{width}} {' '.join(cells)}".rstrip())
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = options_parser("Learn embeddings of the words of a novel, and print similar words.", epochs=30)
    parser.add_argument("words", nargs="*", default=WORDS, metavar="WORD", help="words of the text")
    parser.add_argument("--vocabulary", type=positive_number, default=1000, metavar="N", help="how many words to keep")
    parser.add_argument("--dim", type=positive_number, default=48, metavar="D", help="numbers in an embedding")
    options = parser.parse_args(arguments)
    text = Text(tokenise("\n".join(chapters())), options.vocabulary)
    words = [word.lower() for word in options.words]
    unknown = [word for word in words if word not in text.vocabulary]
    problem = missing(options)
    if unknown:
        problem = f"not among the {len(text.vocabulary)} most frequent words of the text: {', '.join(unknown)}"
    if problem:
        print(f"embeddings: {problem}", file=sys.stderr)
        return 2

    print(f"{text.tokens} words, {len(text.vocabulary)} in the vocabulary; {text.words.shape[0]} pairs of neighbours")
    trained = train(skip_gram(text, options.dim), options)
    print(report(trained))
    assert_views_agree(trained.model, [text.vocabulary.index(word) for word in words])
    print("(layer1 * one_hot).sum(1) and rows of the table: the same numbers and gradients\n")
    print(neighbours_table(trained.model, text.vocabulary, words, 5))
    if options.plot:
        plot(trained, "Word embeddings from a novel", options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
