"""The command line: `aotops ...` and `python -m aotops ...`.

A command is one module of this package with three names: `SUMMARY`, a line for the help;
`add_arguments(parser)`; and `run(arguments)`, which returns the exit status. To add one, write the
module and give it a row in `COMMANDS`.

Nothing in this package imports the tensor library, so that the commands which look into an
installation also start when that installation is broken.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Protocol

import aotops
from aotops.cli import build, cold_start, explain, kernels, port

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells give it: 128 + SIGINT."""
CLOSED_PIPE = 141
"""The exit status if the reader of a pipe has ended, as shells give it: 128 + SIGPIPE."""


class Command(Protocol):
    """What a command's module offers."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work and return the exit status."""


COMMANDS: dict[tuple[str, ...], Command] = {
    ("build",): build,
    ("explain",): explain,
    ("kernels",): kernels,
    ("port",): port,
    ("bench", "cold-start"): cold_start,
}
"""The words that are typed, and the module that answers to them."""

GROUPS = {"bench": "measure aotops on this machine, against its peers"}
"""One line of help for each first word that several commands share."""


def build_parser() -> argparse.ArgumentParser:
    """Make the parser for every row of `COMMANDS`."""
    parser = argparse.ArgumentParser(prog="aotops", description="Tensors with kernels compiled ahead of time.")
    parser.add_argument("--version", action="version", version=f"aotops {aotops.__version__}")
    levels: dict[tuple[str, ...], argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    levels[()] = parser.add_subparsers(required=True, metavar="COMMAND")
    for words, command in COMMANDS.items():
        for depth in range(1, len(words)):
            group = words[:depth]
            if group not in levels:
                summary = GROUPS[" ".join(group)]
                opened = levels[group[:-1]].add_parser(group[-1], help=summary, description=summary)
                levels[group] = opened.add_subparsers(required=True, metavar="COMMAND")
        leaf = levels[words[:-1]].add_parser(words[-1], help=command.SUMMARY, description=command.__doc__)
        leaf.formatter_class = argparse.RawDescriptionHelpFormatter
        command.add_arguments(leaf)
        leaf.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parse `argv` (the process's own arguments if None), run the command and return its exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # `aotops kernels | head` has what it wants; the interpreter would report the rest, which it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except KeyboardInterrupt:
        print("aotops: interrupted", file=sys.stderr)
        return INTERRUPTED
    return status
