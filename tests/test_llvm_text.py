"""The grammar of LLVM's text that the build reads: against text with quoted names, metadata and several functions."""

from __future__ import annotations

from aotops.aot.back import llvm_text
from aotops.aot.back.soundness import defined, undefined_value

TEXT = """
@.const.pickledata.123 = internal constant [5 x i8] c"a\\0A\\22b\\00"
@.const.other = internal constant [1 x i8] c"x"
declare double @exp(double)
define linkonce_odr i32 @"two words"(ptr %.1, i64 %"n 1") #0 {
entry:
  %x = fptosi double %.3 to i64, !aotops.in_range !4
  %"a b" = sdiv exact i64 %x, %"n 1"
  br label %"the loop"
"the loop":
  %y = tail call double @exp(double %z), !fpmath !2
  call void @aotops.short_loop(i64 12)
  br i1 %c, label %"the loop", label %done, !llvm.loop !3
done:
  ret i32 0
}
define void @plain() {
  %p = select i1 %c, i64 poison, i64 3
  store i64 %poison, ptr @"undef"
  ret void
}
!2 = !{float 1.0}
!7 = !{}
"""


def test_functions_blocks_and_loops() -> None:
    found = llvm_text.functions(TEXT)
    assert list(found) == ['"two words"', "plain"]
    blocks = llvm_text.blocks_of(found['"two words"'])
    assert list(blocks) == ["entry", "the loop", "done"]
    assert llvm_text.loops_of(found['"two words"']) == {("the loop", "the loop"): {"the loop"}}
    assert llvm_text.branch_of(blocks["done"]) == "  ret i32 0"
    assert llvm_text.metadata(TEXT) == 8
    assert list(llvm_text.constants(TEXT, ".const.pickledata.")) == [b'a\n"b\0']
    changed = llvm_text.never_inlined(found['"two words"'])
    assert changed.startswith('define linkonce_odr i32 @"two words"(ptr %.1, i64 %"n 1") noinline {\n')
    assert llvm_text.with_first_lines(changed, "  FIRST").splitlines()[1:3] == ["entry:", "  FIRST"]
    assert llvm_text.with_first_lines(found["plain"], "  FIRST").splitlines()[1] == "  FIRST"


def test_instructions_and_their_parts() -> None:
    function = llvm_text.functions(TEXT)['"two words"']
    opcodes = [each.opcode for each in llvm_text.instructions(function)]
    assert opcodes == ["fptosi", "sdiv", "br", "call", "call", "br", "ret"]
    (cast,) = llvm_text.instructions(function, "fptosi", "fptoui")
    assert (cast.result, *cast.cast) == ("%x", "double", "%.3", "i64", ", !aotops.in_range !4")
    (division,) = llvm_text.instructions(function, "sdiv")
    assert division.result == '%"a b"' and division.binary[:3] == ("exact ", "i64", "%x")
    calls = list(llvm_text.instructions(function, "call"))
    assert [(call.callee, call.arguments) for call in calls] == [
        ("exp", "double %z"),
        ("aotops.short_loop", "i64 12"),
    ]
    assert list(llvm_text.instructions(function, "call", callees=["aotops.short_loop"])) == [calls[1]]
    assert not list(llvm_text.instructions(function, "call", callees=["aotops_short_loop"])), "a dot is a dot"


def test_changed_instructions_leave_the_rest_as_it_is() -> None:
    without = llvm_text.change_instructions(TEXT, lambda call: "", "call", callees=["aotops.short_loop"])
    assert without == TEXT.replace("  call void @aotops.short_loop(i64 12)\n", "")
    assert llvm_text.change_instructions(TEXT, lambda each: each.line) == TEXT
    twice = llvm_text.change_instructions(TEXT, lambda each: f"{each.line}\n{each.line}", "ret")
    assert twice == TEXT.replace("  ret i32 0\n", "  ret i32 0\n  ret i32 0\n").replace(
        "  ret void\n", "  ret void\n  ret void\n"
    )


def test_undefined_values_are_told_from_names() -> None:
    assert undefined_value(TEXT) == "%p = select i1 %c, i64 poison, i64 3"
    assert undefined_value(TEXT.replace("i64 poison", "i64 undef")) == "%p = select i1 %c, i64 undef, i64 3"
    assert undefined_value(TEXT.replace("i64 poison", "i64 1")) is None
    assert (
        undefined_value("  %v = insertvalue { i64 } undef, i64 %x, 0\n  %p = select i1 %c, ptr undef, ptr %q\n") is None
    )


def test_what_llvm_leaves_undefined_gets_a_result() -> None:
    text = (
        "  %q = srem i64 %a, %b\n  %c = udiv i64 %a, 3\n  %i = fptoui float %x to i8\n  %s = add nuw nsw i64 %a, %b\n"
    )
    changed = defined(text, True)
    assert "%c = udiv i64 %a, 3" in changed and "srem i64 %a, %b" not in changed
    assert "%s = add i64 %a, %b" in changed and "nsw" not in changed
    assert "fcmp olt float %x, 0x4070000000000000" in changed, "256"
    assert "%s = add nuw nsw i64 %a, %b" in defined(text, False)
    marked = "  %i = fptosi float %x to i64, !aotops.in_range !3\n"
    assert defined(marked, True) == marked
    assert defined(changed, True) == changed, "once is enough"
