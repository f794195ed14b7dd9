/* The kernel interface: what the extensions of user-defined operators are compiled against. Such an extension outlives the
 * aotops that built it, so this file changes rarely, and AOTOPS_KERNEL_VERSION with it; kernel.h has what may change freely.
 *
 * A kernel runs one two-dimensional tile of an operator. In Python:
 *
 *     def kernel(n0, n1, data, strides):
 *         for i in range(n0):
 *             for j in range(n1):
 *                 out[i, j] = scalar(*(operand[i, j] for operand in inputs))
 *
 * data[k] points at the first element of operand k; inputs first, the output last. A scalar function that
 * returns a tuple has as many outputs, which all have the same strides.
 * strides[k] is operand k's step along j and strides[operands + k] its step along i, counted in
 * elements. A step of 0 repeats an element.
 *
 * - A reduction's output step of 0 marks the axis that folds away; the kernel combines into what the
 *   output already holds.
 * - An argreduce has three inputs, the elements, the position of the tile's first one (int64) and the
 *   best value so far, which the kernel also writes; the output is the best one's position.
 * - A scan has two inputs, the elements and the result of all before them, whose step is 0 along the
 *   axis that is scanned.
 *
 * The first two parameters belong to Numba's calling convention (return value, exception); kernels
 * return nothing and never raise.
 */
#ifndef AOTOPS_KERNEL_H
#define AOTOPS_KERNEL_H

#include <stdint.h>

#define AOTOPS_KERNEL_VERSION 1

typedef int32_t (*aot_kernel)(void *ret, void **exception, int64_t n0, int64_t n1,
                              char **data, const int64_t *strides);

/* An extension offers, in a capsule of this name, kernels by their symbols, each with the signature that it was compiled for.
 * The operators themselves are declared in Python, and take no kernel of another signature. */
#define AOT_LIBRARY_CAPSULE "aotops.library"

/* The loop nests. */
enum aot_loop { AOT_LOOP_ELEMENTWISE, AOT_LOOP_REDUCE, AOT_LOOP_ARGREDUCE, AOT_LOOP_SCAN };

/* The dtype of an operand: 16 times its kind (0 bool, 1 unsigned, 2 signed, 3 real, 4 complex), plus the logarithm to base 2 of the
 * bytes in an element: bool is 0x00, int64 0x23, float64 0x33. */
typedef uint8_t aot_operand_dtype;

typedef struct {
    const char *symbol;
    uint8_t loop;          /* enum aot_loop */
    uint8_t inputs;
    uint8_t outputs;
    uint8_t compute_bound; /* strided elements are worth copying for the sake of whole vectors */
    const aot_operand_dtype *dtypes; /* of inputs, then of outputs */
    const aot_kernel *kernels;       /* one for each of the library's levels */
} aot_named_kernel;

typedef struct {
    uint32_t version; /* AOTOPS_KERNEL_VERSION: of another one, nothing else may be read */
    uint32_t n_levels;
    const char *const *levels; /* names of CPU levels, lowest first */
    uint32_t n_kernels;
    const aot_named_kernel *kernels;
} aot_library;

#endif
