"""What the code of an array kernel asks of whoever calls it: whether to stop, and memory.

Its object refers to nothing outside of itself but the C library's mathematics. The caller passes a table of functions
behind the second argument (``aot_array_services`` of ``aotops_kernel.h``). Functions that the kernel calls do not get
this argument, so the kernel stores the address in a variable of its module: it is the same in all threads.

Every loop asks once in so many iterations whether to stop. These questions are inserted once loops are vectorized,
which they would prevent.
"""

from __future__ import annotations

import re

from aotops.aot.back.llvm_text import change_functions, loops_of, with_first_lines

#: The function that notes where a function was called that has raised (``aotops.aot.arrays.pipeline``).
NOTE = "aotops.note"
#: The functions in the table, in its order: a kernel's ``poll``, then those of Numba's runtime, and their types.
SERVICES = {
    "aotops.ask": "i32 ()",
    "NRT_MemInfo_alloc_aligned": "ptr (i64, i32)",
    "NRT_MemInfo_call_dtor": "void (ptr)",
    "NRT_MemInfo_new_varsize_dtor": "ptr (i64, ptr)",
    "NRT_MemInfo_varsize_alloc": "ptr (ptr, i64)",
    "NRT_MemInfo_varsize_realloc": "ptr (ptr, i64)",
    "NRT_MemInfo_varsize_free": "void (ptr, ptr)",
    "NRT_Allocate": "ptr (i64)",
    "NRT_Free": "void (ptr)",
    "aotops.parallel": "i32 (ptr, ptr, i64, ptr)",
    "numba_attempt_nocopy_reshape": "i32 (i64, ptr, ptr, i64, ptr, ptr, i64, i32)",
    NOTE: "void (ptr)",
}
#: Those that kernels rarely call, and which neither read nor write what kernels do.
_ASIDE = ("aotops.ask", NOTE)

#: What LLVM is told of functions that are rarely called, and neither read nor write what kernels do.
ASIDE = "cold memory(inaccessiblemem: readwrite)"
_VARIABLE = "@aotops.services"
#: Iterations between two questions.
PERIOD = 1024
#: What a function returns that was told to stop. Numba's own are below 2, and its callers pass it on.
STOPPED = 32767

_TICK = f"""
define internal i1 @aotops.tick(ptr %counter) alwaysinline nounwind {{
  %before = load i32, ptr %counter
  %after = add i32 %before, -1
  store i32 %after, ptr %counter
  %due = icmp eq i32 %after, 0
  br i1 %due, label %ask, label %go_on, !prof !aotops.rarely
ask:
  store i32 {PERIOD}, ptr %counter
  %answer = call i32 @aotops.ask()
  %stops = icmp ne i32 %answer, 0
  ret i1 %stops
go_on:
  ret i1 false
}}
"""


def with_services(text: str, symbol: str) -> str:
    """Define the functions of the table in the text of a module whose kernel is ``symbol``."""
    definitions = [
        f"{_VARIABLE} = internal global ptr null",
        # until loops are vectorized, nothing asks
        '@llvm.compiler.used = appending global [1 x ptr] [ptr @aotops.ask], section "llvm.metadata"',
    ]
    for index, (name, type_) in enumerate(SERVICES.items()):
        result, _, rest = type_.partition(" ")
        types = [each for each in rest.strip("()").split(", ") if each]
        pattern = re.compile(rf"^declare [^\n]*@{re.escape(name)}\([^\n]*\n", re.MULTILINE)
        if not pattern.search(text) and name != "aotops.ask":
            continue
        text = pattern.sub("", text)
        parameters = ", ".join(f"{each} %p{k}" for k, each in enumerate(types))
        attributes = "noinline nounwind"
        if name in _ASIDE:
            attributes += f" {ASIDE}"
        call = f"call {result} %function({parameters})"
        definitions += [
            f"define internal {result} @{name}({parameters}) {attributes} {{",
            f"  %table = load atomic ptr, ptr {_VARIABLE} monotonic, align 8",
            f"  %slot = getelementptr ptr, ptr %table, i64 {index}",
            "  %function = load ptr, ptr %slot",
            f"  {call}" if result == "void" else f"  %result = {call}",
            "  ret void" if result == "void" else f"  ret {result} %result",
            "}",
        ]

    def change(name: str, definition: str) -> str:
        if name != symbol:
            return definition
        call = re.findall(r"%[^ ,)]+", definition.partition("{\n")[0])[1]
        lines = [
            f"  %aotops.slot = getelementptr ptr, ptr {call}, i64 1",
            "  %aotops.table = load ptr, ptr %aotops.slot",
            f"  store atomic ptr %aotops.table, ptr {_VARIABLE} monotonic, align 8",
        ]
        return with_first_lines(definition, "\n".join(lines))

    return change_functions(text, change) + "\n" + "\n".join(definitions) + "\n"


#: What LLVM infers of functions, and is not true of those that ask whether to stop, nor of what calls them.
_INFERRED = re.compile(r" *\b(?:memory\([^)]*\)|nofree|norecurse|nosync|willreturn|mustprogress)(?= |$)")


def with_ticks(text: str) -> str:
    """Make every loop in the text of an optimized module ask from time to time whether to stop."""
    groups = dict(re.findall(r"^attributes (#\d+) = \{([^\n]*) \}$", text, re.MULTILINE))

    def change(name: str, definition: str) -> str:
        head = definition.partition("{\n")[0]
        if name.startswith("aotops.") or name in SERVICES or not re.match(r"define [^@]*\bi32 @", head):
            return definition
        attributes = re.sub(r" (#\d+)$", lambda match: _INFERRED.sub("", groups[match[1]]), head.rstrip())
        definition = f"{attributes} {definition[len(head) :]}"
        backs = sorted(loops_of(definition))
        if not backs:
            return definition
        added = []
        for number, (last, first) in enumerate(backs):
            poll = f"aotops.poll.{number}"
            definition = _redirected(definition, last, first, poll)
            added += [
                f"{poll}:",
                f"  %aotops.stops.{number} = call i1 @aotops.tick(ptr %aotops.counter)",
                f"  br i1 %aotops.stops.{number}, label %aotops.stopped, label %{_spelled(definition, first)}",
            ]
        added += ["aotops.stopped:", f"  ret i32 {STOPPED}", "}"]
        definition = definition.rstrip().removesuffix("}") + "\n" + "\n".join(added)
        counter = f"  %aotops.counter = alloca i32\n  store i32 {PERIOD}, ptr %aotops.counter"
        return with_first_lines(definition, counter)

    changed = change_functions(text, change)
    if "@aotops.tick(" not in changed:
        return text
    number = max(map(int, re.findall(r"^!(\d+) = ", changed, re.MULTILINE)), default=-1) + 1
    weights = f'!{number} = !{{!"branch_weights", i32 1, i32 {PERIOD - 1}}}\n'
    return changed + _TICK.replace("!aotops.rarely", f"!{number}") + weights


def with_registers_kept(text: str, features: str) -> str:
    """Let the question whether to stop keep all registers, so that loops need not save them: they ask rarely.

    ``features``: those of the target machine. LLVM would let the question end with ``vzeroupper``, which clears the
    upper halves of the vectors that it has just restored: a loop that fills an array would go on with zeros there.
    """
    kept = ",".join([*filter(None, features.split(",")), "-vzeroupper"])
    text = re.sub(r"(define internal|call) (i32 @aotops\.ask\()", r"\1 preserve_allcc \2", text)
    return re.sub(
        r"^(define internal preserve_allcc [^\n]*) \{$", rf'\1 "target-features"="{kept}" {{', text, flags=re.M
    )


def _spelled(definition: str, label: str) -> str:
    """Return a label as it is written after ``%``."""
    return label if re.search(rf"^{re.escape(label)}:", definition, re.MULTILINE) else f'"{label}"'


def _redirected(definition: str, last: str, first: str, through: str) -> str:
    """Let the branch from one block to another go through a new block."""
    source, target = _spelled(definition, last), _spelled(definition, first)

    def block(label: str) -> re.Pattern[str]:
        return re.compile(rf"^{re.escape(label)}:.*?(?=^\S)", re.MULTILINE | re.DOTALL)

    def branch(match: re.Match[str]) -> str:
        lines = match[0].split("\n")
        # the last instruction, which may be a switch over several lines
        start = max(k for k, line in enumerate(lines) if re.match(r"  (br|switch|indirectbr) ", line))
        pattern = re.compile(rf"label %{re.escape(target)}(?![\w.$-])")
        lines[start:] = [pattern.sub(f"label %{through}", line) for line in lines[start:]]
        return "\n".join(lines)

    def phis(match: re.Match[str]) -> str:
        return "\n".join(
            re.sub(rf", %{re.escape(source)} \]", f", %{through} ]", line) if " = phi " in line else line
            for line in match[0].split("\n")
        )

    definition = block(source).sub(branch, definition, count=1)
    return block(target).sub(phis, definition, count=1)
