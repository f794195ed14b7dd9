"""Explain how a call would run: its plan, kernel, threads and memory traffic. Nothing is computed.

OPERATOR is the name of a function or method of aotops, such as exp, or of an operator in a module: my_ops.gelu.
An OPERAND is a shape, with a dtype if it is not float64, and `.T` if it is the transpose of a tensor of that
shape; or a number:

    aotops explain exp 1000x1000
    aotops explain add 1378x1378 1378x1378.T
    aotops explain sum 1000000x2:float32 --axis 0
    aotops explain multiply 48000:int64 2.5
"""

import argparse
import importlib
import re
import sys
from collections.abc import Callable
from typing import Any

SUMMARY = "explain how a call would run, without running it"

#: A shape, a dtype, a transpose.
OPERAND = re.compile(r"(?P<shape>\d+(x\d+)*)?(:(?P<dtype>\w+))?(?P<transposed>\.T)?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("operator", metavar="OPERATOR", help="a name in aotops, or module.name")
    parser.add_argument("operands", nargs="*", metavar="OPERAND", help="SHAPE[:DTYPE][.T], such as 300x200:float32.T")
    parser.add_argument("--axis", type=int, metavar="N", help="the axis of a reduction or scan")
    parser.add_argument("--threads", type=int, metavar="N", help="as many threads as set_num_threads(N) allows")


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation; the exit status is 1 if the call would raise."""
    import aotops

    keywords = {} if arguments.axis is None else {"axis": arguments.axis}
    try:
        if arguments.threads is not None:
            aotops.set_num_threads(arguments.threads)
        operands = [operand(spec) for spec in arguments.operands]
        print(aotops.explain(found(arguments.operator), *operands, **keywords))
    except (ArithmeticError, AttributeError, ImportError, LookupError, MemoryError, TypeError, ValueError) as error:
        print(f"aotops: {error}", file=sys.stderr)
        return 1
    return 0


def found(name: str) -> Callable[..., Any]:
    """The function that a name means."""
    import aotops

    module, _, attribute = name.rpartition(".")
    if module:
        sys.path.insert(0, "")  # modules of the current folder, as `python -m` finds them
    owner: Any = importlib.import_module(module) if module else aotops
    if not module and not hasattr(aotops, name) and hasattr(aotops.Tensor, name):
        owner = aotops.Tensor
    function: Callable[..., Any] = getattr(owner, attribute)
    return function


def operand(spec: str) -> Any:
    """The tensor or number that an operand stands for; a tensor's elements are undefined."""
    import aotops

    match = OPERAND.fullmatch(spec)
    is_number = match is None or (match["shape"] is None and match["dtype"] is None)
    if match is None or is_number:
        try:
            return float(spec)
        except ValueError:
            raise ValueError(
                f"explain: OPERAND must be SHAPE[:DTYPE][.T] or a number with a point, got {spec!r}"
            ) from None
    shape = tuple(map(int, match["shape"].split("x"))) if match["shape"] else ()
    tensor = aotops.empty(shape, dtype=match["dtype"] or "float64")
    return tensor.permute(*reversed(range(len(shape)))) if match["transposed"] else tensor
