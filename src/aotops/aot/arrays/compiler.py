"""From a function of arrays to object files, one for each CPU level; see ``aotops.aot.compiler`` for scalar functions.

Numba and a first simplification come once. Then references that are counted up and down again are removed, which must
happen before the functions that count are defined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
from numba.core.compiler import Flags, compile_extra
from numba.core.registry import cpu_target
from numba.core.runtime import nrtdynmod

from aotops.aot.arrays.conversions import with_conversions
from aotops.aot.arrays.functions import array_function
from aotops.aot.arrays.isolation import isolated
from aotops.aot.arrays.messages import with_texts
from aotops.aot.arrays.operands import LOOP, batch_loop
from aotops.aot.arrays.pipeline import ArrayCompiler, array_context
from aotops.aot.arrays.polls import ASIDE, NOTE, with_registers_kept, with_services, with_ticks
from aotops.aot.arrays.results import function_call
from aotops.aot.back.levels import Level
from aotops.aot.back.llvm_text import Instruction, change_functions, change_instructions, functions
from aotops.aot.back.masks import without_masked_loads
from aotops.aot.back.primitives import with_primitives
from aotops.aot.back.roots import shared_with_the_divider, takes_roots, with_roots
from aotops.aot.back.soundness import LIBRARY
from aotops.aot.back.variants import after_vectorizing
from aotops.aot.compiler import emulation_bitcode
from aotops.aot.front.pipeline import KERNEL_LIBRARY
from aotops.aot.front.reasons import CompileError, places
from aotops.aot.front.reasons import meaning as scalar_meaning
from aotops.aot.front.rejection import RejectedError, words
from aotops.scalar.rejected import LINEAR_ALGEBRA, PRODUCTS, RANDOM
from aotops.user.array_record import ArrayRecord, ArraySignature
from aotops.user.function_record import FunctionSignature

#: Functions of Numba's runtime, by the beginning of their names, and what is wrong with what calls them.
MISSING = {
    "numba_xx": PRODUCTS,
    "numba_ez": LINEAR_ALGEBRA,
    "numba_raw": LINEAR_ALGEBRA,
    "numba_get_np_random": RANDOM,
    "numba_get_py_random": RANDOM,
    "numba_rnd": RANDOM,
}


def constants_of(signature: ArraySignature) -> str:
    """Return the dtype of float constants: float32 where all operands with fractions are of 32 bits."""
    floats = {each for each in signature.dtypes if each.startswith(("float", "complex"))}
    return "float32" if floats and floats <= {"float32", "complex64"} else "float64"


def compile_bitcode(record: ArrayRecord, signature: ArraySignature, contiguous: bool, symbol: str, root: str) -> bytes:
    """Compile an array kernel to LLVM bitcode that defines ``symbol``.

    ``root``: the folder to which the files in messages are relative. Raises ``CompileError``.
    """
    try:
        with isolated():
            function = array_function(record.function, constants_of(signature), record.boundscheck, record.reassociate)
            if isinstance(signature, FunctionSignature):
                text = lowered_call(signature, function, contiguous, symbol)
            else:
                text = lowered(batch_loop(signature, function, contiguous), symbol)
                text = with_noalias(text, symbol, record.parameters)
        module = pruned(llvm.parse_assembly(without_counting(text)), symbol)
        text = with_services(with_texts(str(module), root), symbol)
        return bytes(llvm.parse_assembly(text).as_bitcode())
    except CompileError:
        raise
    except Exception as error:  # on unexpected code, Numba may fail with any exception
        raise CompileError(reason(error)) from error


#: Parts of Numba's messages, and what they mean in functions of arrays.
MEANINGS = (
    ("Cannot modify readonly array", "It writes to an input, which others may share; write to an output, or to a copy"),
    (
        "reshape() supports contiguous array only",
        "It reshapes an array that is not contiguous; write x.copy().reshape(...), or np.ascontiguousarray(x)",
    ),
    ("'NoneType' object has no attribute 'args'", "It changes an input in place, as x += 1 does; write x = x + 1"),
    (
        "scipy 0.16+ is required",
        "It calls a function of NumPy that needs BLAS or LAPACK, which wheels would have to contain; write loops",
    ),
    ("wrong tuple length", "It assigns a tuple to another number of variables; write one for each element"),
    ("Cannot unify", "A variable has different types on different paths; make it of one"),
    ("Can't unify", "A variable has different types on different paths; make it of one"),
    ("unsupported opcode", "It has a construct that kernels do not have; write loops, conditions and arrays"),
    ("UnsupportedError", "It has a construct that kernels do not have; write loops, conditions and arrays"),
)


#: Patterns in Numba's messages, whose groups name what is wrong.
NAMED = (
    (
        r"Unknown attribute '(\w+)' of type Module\(<module '([\w.]+)'",
        r"It uses \2.\1, which Numba does not have; write loops",
    ),
    (
        r"Untyped global name '(\w+)': Cannot determine Numba type of <class '([\w.]+)'>",
        r"It uses \1, which kernels cannot have (\2); write numbers, tuples, arrays and functions",
    ),
    (
        r">>> \w+\([^\n]*dtype=Function\(<class '(bool|int|float|complex)'>\)",
        r"It gives Python's \1 for a dtype; write np.bool_, np.int64, np.float64 or np.complex128",
    ),
    (
        r">>> mod\((?:Literal\[str\]|unicode_type)",
        "It makes a string; messages are constants, as in raise ValueError('...')",
    ),
    (r">>> scalar_view\(", "It views a number as one of another size; give a dtype with as many bits"),
    (
        r"imprecise type: [^\n]*[Ll]ist\(undefined\)",
        "It has a list of which it is not known what it holds; write values = [0.0], then values.clear()",
    ),
)


def reason(error: BaseException) -> str:
    """Return what is wrong with a function of arrays and where, from an error of Numba."""
    text = str(error)
    known = next((meaning for part, meaning in MEANINGS if part in text), None)
    if RejectedError.MARK in text:
        known = scalar_meaning(error)
    if known is None:
        known = next(
            (re.sub(r".*?" + part + r".*", to, text, flags=re.DOTALL) for part, to in NAMED if re.search(part, text)),
            None,
        )
    if known is None:
        called = re.findall(r"^ *>>> (.*)$", text, re.MULTILINE)
        lines = [line.strip() for line in text.splitlines()]
        lines = [line for line in lines if line and not line.startswith(("Failed in ", "During:", "File "))]
        known = f"It has {words(called[-1])}, which does not exist" if called else words(lines[0] if lines else text)
    return "\n".join([f"{known.rstrip('.')}.", *places(text)])


def lowered_call(signature: FunctionSignature, function: Any, contiguous: bool, symbol: str) -> str:
    """Return the text of the module of a whole-array function.

    Which arrays it writes to is found by compiling it with arrays that it must not write to: all at first, then each in
    turn.
    """
    arrays = [k for k, each in enumerate(signature.arguments) if each.rank]
    try:
        return lowered(function_call(signature, function, contiguous, []), symbol)
    except Exception:
        written = list(arrays)
    text = lowered(function_call(signature, function, contiguous, written), symbol)
    for each in arrays if len(arrays) > 1 else ():
        others = [k for k in written if k != each]
        try:
            text = lowered(function_call(signature, function, contiguous, others), symbol)
            written = others
        except Exception:
            continue
    return text


def lowered(loop: Any, symbol: str) -> str:
    """Return the text of the module of a loop over a batch, with all that it calls, as Numba makes it."""
    context = array_context()
    library = context.codegen().create_library(KERNEL_LIBRARY)
    flags = Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.nrt = True
    flags.error_model = "numpy"
    typing = cpu_target.typing_context
    result = compile_extra(typing, context, loop, LOOP.args, LOOP.return_type, flags, {}, library, ArrayCompiler)
    library.get_function(result.fndesc.llvm_func_name).name = symbol
    library.finalize()
    text = re.sub(
        rf"^(declare void @{NOTE}\(ptr\))[^\n]*$", rf"\1 {ASIDE} nounwind", library.get_llvm_str(), flags=re.M
    )
    return change_instructions(text, defined_shift, "shl", "lshr", "ashr")


def defined_shift(instruction: Instruction) -> str:
    """Return a shift that shifts all bits out by as many as there are, by more, and by negative numbers, as NumPy's do.

    LLVM leaves them undefined, so that an index that is computed by one could pass a check by luck. Shifts of numbers
    have such a condition already, but those of arrays and of Numba's library are Numba's own.
    """
    flags, type_, a, b, rest = instruction.binary
    bits = int(type_.removeprefix("i"))
    if b.isdecimal() and int(b) < bits:
        return instruction.line
    result = instruction.result
    inside, moved = (f'%"{result.strip(chr(34) + "%")}.{part}.aotops.shift"' for part in ("inside", "moved"))
    lines = [f"{inside} = icmp ult {type_} {b}, {bits}"]
    if instruction.opcode == "ashr":
        lines += [
            f"{moved} = select i1 {inside}, {type_} {b}, {type_} {bits - 1}",
            f"{result} = ashr {flags}{type_} {a}, {moved}{rest}",
        ]
    else:
        lines += [
            f"{moved} = {instruction.opcode} {flags}{type_} {a}, {b}{rest}",
            f"{result} = select i1 {inside}, {type_} {moved}, {type_} 0",
        ]
    return "\n".join(f"  {line}" for line in lines)


#: Functions of Numba's that count references.
COUNTING = ("NRT_incref", "NRT_decref")


def without_counting(text: str) -> str:
    """Return the text of a module that only declares the functions that count references."""

    def change(name: str, definition: str) -> str:
        return f"declare void @{name}(ptr)" if name in COUNTING else definition

    return change_functions(text, change)


def with_noalias(text: str, symbol: str, parameters: Sequence[str]) -> str:
    """Tell LLVM that the arrays of a kernel's function share no memory that is written: outputs are always new."""
    called = re.search(r" call [^@]*@([^(]+)\(", functions(text)[symbol])

    def change(name: str, definition: str) -> str:
        if called is None or name != called[1]:
            return definition
        head, brace, body = definition.partition("{\n")
        for parameter in parameters:
            head = re.sub(rf'ptr (%"?arg\.{re.escape(parameter)}\.4"?)(?=[,)])', r"ptr noalias \1", head)
        return head + brace + body

    return change_functions(text, change)


def pruned(module: Any, symbol: str) -> Any:
    """Return a module that LLVM has simplified without a target in view, without counts of references that cancel.

    Most functions are inlined by then, and LLVM recognizes counts of one array as such. Simplified twice, checks of
    indices are removed that would be left: loops whose first iteration differs are split too late for one run.
    """
    internalise(module, symbol)
    machine = llvm.Target.from_default_triple().create_target_machine()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_unrolling = tuning.loop_vectorization = tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    passes = llvm.create_new_module_pass_manager()
    passes.add_refprune_pass()
    passes.run(module, builder)
    counting, _ = nrtdynmod.create_nrt_module(array_context())
    module.link_in(llvm.parse_assembly(str(counting)))
    internalise(module, symbol)
    return module


def internalise(module: Any, symbol: str) -> None:
    """Make everything but the kernel local to its module."""
    for function in module.functions:
        if not function.is_declaration and function.name != symbol:
            function.linkage = "internal"
    for variable in module.global_variables:
        if "NumbaEnv" in variable.name or not (variable.is_declaration or variable.name.startswith("llvm.")):
            variable.linkage = "internal"


def emit_levels(bitcode: bytes, symbol: str, levels: Sequence[Level]) -> list[bytes]:
    """Return object files that define ``symbol``, one per level, lowest first. Raises ``CompileError``."""
    return [emit_object(bitcode, symbol, level) for level in levels]


def emit_object(bitcode: bytes, symbol: str, level: Level) -> bytes:
    """Return the object file of a kernel for one level. Raises ``CompileError``."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_bitcode(bitcode)
    by_multiplications = takes_roots(module, level)
    features = level.features(by_multiplications, True)
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=level.cpu, features=features, opt=3, reloc="pic", codemodel="default"
    )
    module = with_primitives(module, level, bool(level.widest) and level.widest in features, emulation_bitcode)
    if by_multiplications:
        module = with_roots(module)
    internalise(module, symbol)
    module = optimise(module, machine, features)
    if level.has_avx512:
        module = without_masked_loads(module)
    require_alone(module)
    for each in [*module.functions, *module.global_variables]:
        if each.name == symbol:
            each.visibility = "hidden"
        elif not (each.is_declaration or each.name.startswith("llvm.")):
            each.linkage = "private"  # of which an object does not keep the name
    return bytes(machine.emit_object(module))


def optimise(module: Any, machine: Any, features: str) -> Any:
    """Return a module after LLVM has optimized it for a target machine with features; its loops ask whether to stop."""
    for last in (False, True):
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = tuning.slp_vectorization = not last
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        if not last:
            module = after_vectorizing(shared_with_the_divider(module))
            text = with_ticks(str(module))
            if machine.triple.startswith("x86_64"):
                text = with_conversions(with_registers_kept(text, features))
            module = llvm.parse_assembly(text)
    return module


def require_alone(module: Any) -> None:
    """Raise ``CompileError`` if a module refers to what is not in it, nor in every C library."""
    for function in module.functions:
        name = function.name
        if not function.is_declaration or name.startswith("llvm.") or name in LIBRARY:
            continue
        advice = next((text for prefix, text in MISSING.items() if name.startswith(prefix)), None)
        raise CompileError(
            f"{advice[0].upper()}{advice[1:]}."
            if advice
            else f"It calls {name} of Numba's runtime, which kernels do not have."
        )
    # small numbers are no addresses: LLVM has them of differences from null pointers
    if any(abs(int(number)) > 1 << 16 for number in re.findall(r"inttoptr \(i64 (-?\d+) to", str(module))):
        raise CompileError("It refers to memory of this process: a function of ctypes, or a large global array.")
