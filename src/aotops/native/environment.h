/* The floating-point environment: every kernel rounds to nearest and keeps subnormal numbers, whatever the calling
 * thread has been told by others. A library linked with -Ofast makes its process flush subnormals to zero. In Python:
 *
 *     def with_environment(compute):
 *         before = control bits of this thread
 *         if before != DEFAULT: control bits = DEFAULT
 *         compute()
 *         if before != DEFAULT: control bits = before
 *
 * Reading the control register takes a few cycles, writing it some tens, which is done only if it differs. Exceptions
 * are masked, so nothing traps; their flags may be set afterwards.
 *
 * The flags tell at no cost whether a part of a sum or a product has overflowed or underflowed (fold.c, scan.c).
 */
#ifndef AOTOPS_ENVIRONMENT_H
#define AOTOPS_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>

typedef unsigned int aot_environment;
#define AOT_ENVIRONMENT_BITS 0xFFC0u    /* all but the flags of exceptions */
#define AOT_ENVIRONMENT_DEFAULT 0x1F80u /* exceptions masked, round to nearest, no DAZ, no FTZ */

static inline aot_environment aot_read_environment(void)
{
    return _mm_getcsr();
}

static inline void aot_write_environment(aot_environment environment)
{
    _mm_setcsr(environment);
}

enum { AOT_FLAG_INVALID = 1, AOT_FLAG_OVERFLOW = 8, AOT_FLAG_UNDERFLOW = 16 };

static inline unsigned aot_raised_flags(unsigned flags)
{
    return flags != 0 ? _mm_getcsr() & flags : 0;
}

static inline void aot_clear_flags(unsigned flags)
{
    if (aot_raised_flags(flags) != 0) {
        _mm_setcsr(_mm_getcsr() & ~flags);
    }
}
#elif defined(__aarch64__) || defined(_M_ARM64)
typedef uint64_t aot_environment;
/* AHP, DN, FZ, RMode, FZ16, the enabled traps, FIZ, AH and NEP */
#define AOT_ENVIRONMENT_BITS 0x07C89F07u
#define AOT_ENVIRONMENT_DEFAULT 0u

#ifdef _MSC_VER
#include <intrin.h>

static inline aot_environment aot_read_environment(void)
{
    return (aot_environment)_ReadStatusReg(ARM64_FPCR);
}

static inline void aot_write_environment(aot_environment environment)
{
    _WriteStatusReg(ARM64_FPCR, (__int64)environment);
}
#else
static inline aot_environment aot_read_environment(void)
{
    aot_environment environment;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(environment));
    return environment;
}

static inline void aot_write_environment(aot_environment environment)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"(environment) : "memory");
}
#endif

enum { AOT_FLAG_INVALID = 1, AOT_FLAG_OVERFLOW = 4, AOT_FLAG_UNDERFLOW = 8 };

#ifdef _MSC_VER
static inline uint64_t aot_read_flags(void)
{
    return (uint64_t)_ReadStatusReg(ARM64_FPSR);
}

static inline void aot_write_flags(uint64_t flags)
{
    _WriteStatusReg(ARM64_FPSR, (__int64)flags);
}
#else
static inline uint64_t aot_read_flags(void)
{
    uint64_t flags;
    __asm__ __volatile__("mrs %0, fpsr" : "=r"(flags) : : "memory");
    return flags;
}

static inline void aot_write_flags(uint64_t flags)
{
    __asm__ __volatile__("msr fpsr, %0" : : "r"(flags) : "memory");
}
#endif

static inline unsigned aot_raised_flags(unsigned flags)
{
    return flags != 0 ? (unsigned)aot_read_flags() & flags : 0;
}

static inline void aot_clear_flags(unsigned flags)
{
    if (aot_raised_flags(flags) != 0) {
        aot_write_flags(aot_read_flags() & ~(uint64_t)flags);
    }
}
#else
#error "aotops: the floating-point environment of this processor is not known"
#endif

static inline bool aot_is_default(aot_environment environment)
{
    return (environment & AOT_ENVIRONMENT_BITS) == AOT_ENVIRONMENT_DEFAULT;
}

/* Sets the default environment if another one is set; returns the one before. */
static inline aot_environment aot_begin_environment(void)
{
    aot_environment before = aot_read_environment();
    if (!aot_is_default(before)) {
        aot_write_environment((before & ~(aot_environment)AOT_ENVIRONMENT_BITS) | AOT_ENVIRONMENT_DEFAULT);
    }
    return before;
}

/* Sets the environment that was before. Flags that have been raised meanwhile stay. */
static inline void aot_end_environment(aot_environment before)
{
    if (!aot_is_default(before)) {
        aot_write_environment(before | (aot_read_environment() & ~(aot_environment)AOT_ENVIRONMENT_BITS));
    }
}

/* Elements of float dtypes as Python's floats, and back, by the name of the dtype: in the default environment, since
 * rounding to float32 depends on it, and a subnormal float32 may even be widened to zero. What is volatile is read and
 * written between the two changes of the environment, which compilers do not know to have an effect on arithmetic. */
static inline double aot_real_of_float64(double element)
{
    return element;
}

static inline double aot_float64_of_real(double real)
{
    return real;
}

static inline double aot_real_of_float32(float element)
{
    aot_environment before = aot_begin_environment();
    volatile float narrow = element;
    volatile double real = (double)narrow;
    aot_end_environment(before);
    return real;
}

static inline float aot_float32_of_real(double real)
{
    aot_environment before = aot_begin_environment();
    volatile double wide = real;
    volatile float element = (float)wide;
    aot_end_environment(before);
    return element;
}

/* The real or imaginary part of a complex element, a float of some size. */
static inline double aot_read_part(const void *part, size_t bytes)
{
    float narrow;
    double wide;
    if (bytes == sizeof narrow) {
        memcpy(&narrow, part, sizeof narrow);
        return aot_real_of_float32(narrow);
    }
    memcpy(&wide, part, sizeof wide);
    return wide;
}

static inline void aot_write_part(void *part, size_t bytes, double value)
{
    float narrow = bytes == sizeof narrow ? aot_float32_of_real(value) : 0.0f;
    memcpy(part, bytes == sizeof narrow ? (const void *)&narrow : (const void *)&value, bytes);
}

#endif
