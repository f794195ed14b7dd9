"""Compile the operators that modules declare, in place.

Each MODULE is a Python file, or the dotted name of a module, that declares operators with aotops.map, zip, reduce,
argreduce or scan, array kernels with aotops.kernel, or functions of arrays with aotops.function. The command writes an
extension beside it, for every CPU level and every Python from 3.11 on, which aotops loads at the first call of what it
declares. A second build compiles only what has changed.

In a package, two tables of pyproject.toml build its wheels in the same way:

    [build-system]
    requires = ["setuptools", "aotops[build]"]
    [tool.aotops]
    modules = ["my_package.my_module"]
"""

import argparse
import sys

SUMMARY = "compile the operators that modules declare, in place"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="a Python file, or a dotted module name")


def run(arguments: argparse.Namespace) -> int:
    """Build each module; the exit status is 1 if one cannot be built."""
    from aotops.aot.front.requirements import require_compiler
    from aotops.errors import BuildError

    try:
        require_compiler()  # before the imports that would fail
        from aotops.aot.pack.extension import build_in_place
        from aotops.aot.pack.modules import find_target

        for target in [find_target(spec) for spec in arguments.modules]:
            path = build_in_place(target)
            print(f"{target.name}: {path.name} is in {path.parent}")
    except BrokenPipeError:
        raise
    except (BuildError, OSError) as error:
        print(f"aotops: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"aotops: the compiler is installed, but cannot be imported: {error}", file=sys.stderr)
        return 1
    return 0
