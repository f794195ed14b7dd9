"""Types of command-line arguments that several commands share: each says what it got and what it wanted."""

import argparse
from pathlib import Path


def positive(text: str) -> int:
    """A whole number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return number


def writable(text: str) -> Path:
    """The path, if a file can be written there: better to hear that it cannot before minutes of measuring."""
    path = Path(text)
    existed = path.exists()
    try:
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: {error.strerror}") from None
    return path
