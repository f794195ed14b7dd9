"""Report what each kernel takes: bytes of code for every CPU level, and CPU time to compile.

Without MODULE, the report is on aotops' own kernels, in a checkout that has been built; with MODULE, on those that
`aotops build` has compiled for it. Code that kernels share counts once: `=` stands for code that another kernel or the
level below has as well. Nothing is compiled.
"""

import argparse
import sys
from pathlib import Path

SUMMARY = "report the size and build time of each kernel"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("module", nargs="?", metavar="MODULE", help="a Python file, or a dotted module name")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sums", action="store_true", help="only the sums of each family of kernels")
    what.add_argument("--files", action="store_true", help="the object file of each kernel for each level")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; the exit status is 1 if some kernel has not been built."""
    from aotops.aot.front.requirements import require_compiler
    from aotops.errors import BuildError

    try:
        require_compiler()  # before the imports that would fail
        from aotops.aot.pack import build, report

        if arguments.module is None:
            from aotops import ops
            from aotops.aot.pack.routines import own_kernels

            kernels = own_kernels(ops.collect().values())
            cache = build.PACKAGE.parents[1] / "build" / "kernels"
        else:
            from aotops.aot.pack.extension import module_cache
            from aotops.aot.pack.modules import declared_records, find_target, load

            target = find_target(arguments.module)
            kernels = build.codes_of(declared_records(load(target)))
            cache = module_cache(target)
        found, missing = report.rows(kernels, Path(cache))
    except (BuildError, OSError) as error:
        print(f"aotops: {error}", file=sys.stderr)
        return 1
    lines = report.files(found) if arguments.files else report.sums(found)
    if not arguments.files and not arguments.sums:
        lines = [*report.table(found), "", *lines]
    if found:
        print("\n".join(lines))
    if missing:
        named = ", ".join(kernel.title for kernel in missing[:3]) + (", .." if len(missing) > 3 else "")
        print(f"aotops: {len(missing)} kernels are not in {cache}, such as {named}; build them first", file=sys.stderr)
    return int(bool(missing))
