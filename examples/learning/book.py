"""The text that two of the models learn from: the novel of the example ``word_neighbours``, and its words."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "word_neighbours"))

from word_neighbours import BOOK, build_vocabulary, tokenise

__all__ = ["build_vocabulary", "chapters", "tokenise", "utterances"]

#: Quoted by a character: from ` to the ' that no letter follows, so that "don't" ends nothing.
QUOTED = re.compile(r"`(?!`)(?:[^`']|'(?=\w)|``|'')*'(?!\w)")
SENTENCE_END = re.compile(r"(?<=[.!?;:])\W")


def chapters() -> list[str]:
    """The chapters of the book, without their headings."""
    text = BOOK.read_text(encoding="utf-8")
    return re.split(r"^ +CHAPTER [IVX]+\n\n.*\n", text, flags=re.MULTILINE)[1:]


def utterances(chapter: str, least: int) -> list[tuple[list[str], bool]]:
    """The sentences of a chapter that have some words, and whether a character says them or the narrator.

    The quotation marks decide, and are left out: what remains are words.
    """
    found = []
    spoken = [(*match.span(), True) for match in QUOTED.finditer(chapter)]
    edges = [0, *(edge for start, end, _ in spoken for edge in (start, end)), len(chapter)]
    for number, (start, end) in enumerate(pairwise(edges)):
        for sentence in SENTENCE_END.split(chapter[start:end]):
            words = tokenise(sentence)
            if len(words) >= least:
                found.append((words, number % 2 == 1))
    return found
