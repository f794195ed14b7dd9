"""What several commands share: types of arguments, which say what they got and wanted, and the files they ask for."""

import argparse
import sys
from pathlib import Path


def positive(text: str) -> int:
    """An integer of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, got {text!r}")
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


def write(outputs: list[tuple[Path, str]]) -> bool:
    """Write strings to files; report one that cannot be written, and write the others all the same."""
    done = True
    for path, text in outputs:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            print(f"aotops: cannot write {str(path)!r}: {error.strerror}", file=sys.stderr)
            done = False
    return done
