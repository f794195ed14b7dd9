/* What the C files and the kernels assume of a platform, checked at compile time.
 *
 *     assert everything below
 */
#include "native.h"

#include <float.h>
#include <limits.h>

/* kernels count in int64_t and take 8-byte pointers; shapes and strides are Py_ssize_t on the caller's side and int64_t
 * in kernels */
_Static_assert(sizeof(void *) == 8 && sizeof(void (*)(void)) == 8, "aotops needs a platform of 64 bits");
_Static_assert(sizeof(Py_ssize_t) == sizeof(int64_t) && sizeof(size_t) == sizeof(int64_t), "sizes have 64 bits");
_Static_assert(CHAR_BIT == 8 && sizeof(int) == 4 && sizeof(long long) == 8, "bytes have 8 bits, ints 32");

/* elements are copied and cast bit by bit */
_Static_assert((-1 & 3) == 3 && -INT64_MAX - 1 == INT64_MIN, "negative numbers are two's complements");
_Static_assert(sizeof(float) == 4 && FLT_MANT_DIG == 24 && FLT_MAX_EXP == 128, "float is IEEE's binary32");
_Static_assert(sizeof(double) == 8 && DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024, "double is IEEE's binary64");
_Static_assert(FLT_RADIX == 2 && sizeof(bool) == 1, "an element of bool is one byte");

/* the table stores enums in bytes and uses them as array indices */
_Static_assert(AOT_BOOL == 0 && AOT_N_DTYPES < AOT_NO_DTYPE && AOT_NO_DTYPE <= UINT8_MAX, "dtypes are small numbers");
_Static_assert(AOT_ELEMENTWISE == 0 && AOT_SLOT_NONE == 0, "a field that is left out says the least");
_Static_assert(AOT_MAX_OPERANDS <= 16, "masks of operands have 16 bits");
_Static_assert(sizeof(aot_element) >= sizeof(double) && sizeof(aot_element) % 8 == 0, "an element holds any dtype");
_Static_assert(sizeof(aot_kernel) == sizeof(void *), "functions and data have pointers of one size");
