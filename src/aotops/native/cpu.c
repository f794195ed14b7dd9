/* Choosing the CPU level to run. In Python:
 *
 *     best = highest level whose instructions the CPU and the operating system support
 *     forced = os.environ.get("AOTOPS_CPU")
 *     level = best if forced is None else forced   # ImportError if unknown or above best
 */
#include "native.h"

#include "constants.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)

#ifdef _MSC_VER
#include <intrin.h>
static void cpuid(unsigned leaf, unsigned subleaf, unsigned out[4])
{
    __cpuidex((int *)out, (int)leaf, (int)subleaf);
}
static uint64_t enabled_state(void)
{
    return _xgetbv(0);
}
#else
#include <cpuid.h>
static void cpuid(unsigned leaf, unsigned subleaf, unsigned out[4])
{
    __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
}
static uint64_t enabled_state(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}
#endif

enum { A, B, C, D };

static bool has(unsigned word, unsigned bits)
{
    return (word & bits) == bits;
}

#define BIT(n) (1u << (n))

/* Returns how many of the psABI's levels above the first (v2, v3, v4) this CPU supports. */
static int supported_levels(void)
{
    unsigned leaf[4];
    cpuid(0, 0, leaf);
    unsigned highest = leaf[A];
    cpuid(0x80000000u, 0, leaf);
    if (highest < 1 || leaf[A] < 0x80000001u) {
        return 0;
    }
    unsigned basic[4], extended[4], more[4] = {0, 0, 0, 0};
    cpuid(1, 0, basic);
    cpuid(0x80000001u, 0, extended);
    if (highest >= 7) {
        cpuid(7, 0, more);
    }
    /* SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF */
    if (!has(basic[C], BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23)) || !has(extended[C], BIT(0))) {
        return 0;
    }
    /* FMA, MOVBE, XSAVE enabled by the system, AVX, F16C; LZCNT; BMI1, AVX2, BMI2 */
    if (!has(basic[C], BIT(12) | BIT(22) | BIT(27) | BIT(28) | BIT(29)) || !has(extended[C], BIT(5)) ||
        !has(more[B], BIT(3) | BIT(5) | BIT(8)) || (enabled_state() & 0x06) != 0x06) {
        return 1;
    }
    /* AVX-512 F, DQ, CD, BW, VL */
    if (!has(more[B], BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31)) || (enabled_state() & 0xe6) != 0xe6) {
        return 2;
    }
    return 3;
}

#else

static int supported_levels(void)
{
    return 1; /* the platform guarantees the generic level */
}

#endif

int aot_choose_level(const aot_table *table)
{
    aot_map_constants(table);
    int supported = supported_levels();
    if (supported > (int)table->n_levels) {
        supported = (int)table->n_levels;
    }
    if (supported == 0) {
        PyErr_Format(PyExc_ImportError, "aotops needs a CPU of at least level %s", table->levels[0]);
        return -1;
    }
    const char *forced = getenv("AOTOPS_CPU");
    if (forced == NULL || *forced == '\0') {
        return supported - 1;
    }
    char valid[128] = "";
    for (int level = 0; level < supported; level++) {
        if (strcmp(forced, table->levels[level]) == 0) {
            return level;
        }
        /* room for three names of fewer than 16 characters */
        strcat(valid, level > 0 ? ", " : "");
        strcat(valid, table->levels[level]);
    }
    PyErr_Format(PyExc_ImportError, "AOTOPS_CPU must be a CPU level that this machine has (%s), got '%s'", valid,
                 forced);
    return -1;
}
