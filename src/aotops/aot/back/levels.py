"""The CPU levels that kernels are compiled for."""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """A CPU level.

    Attributes:
        name: its name, which users see.
        cpu: LLVM's name for the CPU.
        widest: LLVM's features for its widest vectors.
        has_fma: whether it has instructions for fused multiply-adds.
        has_avx2: whether it has vectors of 256 bits for floats and integers.
        has_avx512: whether it has those of AVX-512, for exponents, permutations and approximations.
        vectors: how many vectors an iteration of a compute-bound loop computes; 0 leaves it to LLVM.
        no_gathers: LLVM's features for vectors of elements with gaps to be made of loads of one element each.
    """

    name: str
    cpu: str
    widest: str = ""
    has_fma: bool = True
    has_avx2: bool = False
    has_avx512: bool = False
    vectors: int = 0
    no_gathers: str = ""

    def features(self, widest: bool, gathers: bool) -> str:
        """Return LLVM's features for a kernel."""
        return ",".join(filter(None, (self.widest if widest else "", "" if gathers else self.no_gathers)))


#: Lowest first. 512-bit vectors, which LLVM avoids on x86-64-v4 by default, gain 15 % for exp, but memory-bound kernels
#: lose 5 to 15 %: adding 1e7 float64 takes 9.6 ms with 256-bit vectors and 10.3 to 11.2 ms with 512-bit ones.
#: Two vectors share the constants that 16 registers do not hold and AVX2 has to broadcast: exp takes 20 % less time.
#: Reductions do without gathers, which are slower than loads of one element each on Zen 4 and, since a microcode update
#: of 2023, on Intel: every other one of 8192 float64 is summed in 0.26 ns per element, in 0.46 ns with gathers.
X86_64_LEVELS = (
    Level("x86-64-v2", "x86-64-v2", has_fma=False),
    Level("x86-64-v3", "x86-64-v3", has_avx2=True, vectors=2, no_gathers="+prefer-no-gather"),
    Level("x86-64-v4", "x86-64-v4", "-prefer-256-bit", has_avx2=True, has_avx512=True, no_gathers="+prefer-no-gather"),
)
GENERIC_LEVELS = (Level("generic", "generic"),)


def levels(machine: str | None = None) -> tuple[Level, ...]:
    """Return the levels to compile for on a machine, by default this one."""
    return X86_64_LEVELS if (machine or platform.machine()).lower() in ("x86_64", "amd64") else GENERIC_LEVELS


def level_symbol(symbol: str, level: Level) -> str:
    """Return the C name of a kernel compiled for a level."""
    return f"{symbol}_{level.name.replace('-', '_')}"
