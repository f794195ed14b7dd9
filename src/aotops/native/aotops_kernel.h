/* The kernel interface, against which the extensions of user-defined operators are compiled. Such an extension outlives
 * the aotops that built it, so this file changes rarely, and AOTOPS_KERNEL_VERSION changes with it. kernel.h holds what
 * may change freely.
 *
 * A kernel runs one two-dimensional tile of an operator. In Python:
 *
 *     def kernel(n0, n1, data, strides):
 *         for i in range(n0):
 *             for j in range(n1):
 *                 out[i, j] = scalar(*(operand[i, j] for operand in inputs))
 *
 * data[k] points to the first element of operand k: inputs first, the output last. A scalar function that returns a
 * tuple has several outputs, all with the same strides. strides[k] is the stride of operand k along j, and
 * strides[operands + k] its stride along i, both in elements. A stride of 0 repeats an element.
 *
 * - A stride of 0 of a reduction's output marks the reduced axis; the kernel combines elements into the value that the
 *   output already holds.
 * - An argreduce has three inputs: the elements, the position of the tile's first element (int64), and the best value
 *   so far, which the kernel also writes. The output is the position of the best element.
 * - A scan has two inputs: the elements, and the result of all elements before them, whose stride is 0 along the
 *   scanned axis.
 *
 * The first two parameters belong to Numba's calling convention (return value, exception); kernels write nothing there
 * and never raise. They return 0. A kernel whose scalar function has loops whose end is not known calls `poll` every some
 * thousand iterations of such a loop. If that returns anything but 0, the kernel ends at once, with its outputs partly
 * written, and returns a status other than 0.
 */
#ifndef AOTOPS_KERNEL_H
#define AOTOPS_KERNEL_H

#include <stdint.h>

#define AOTOPS_KERNEL_VERSION 1

typedef struct {
    void *exception;
    int32_t (*poll)(void);
} aot_kernel_call;

typedef int32_t (*aot_kernel)(void *ret, aot_kernel_call *call, int64_t n0, int64_t n1,
                              char **data, const int64_t *strides);

/* An extension exports its kernels in a capsule of this name: each with its symbol and the signature that it was
 * compiled for. Operators are declared in Python; binding one to a kernel of another signature is an error. */
#define AOT_LIBRARY_CAPSULE "aotops.library"

/* The loop nests. */
enum aot_loop { AOT_LOOP_ELEMENTWISE, AOT_LOOP_REDUCE, AOT_LOOP_ARGREDUCE, AOT_LOOP_SCAN };

/* The dtype of an operand: 16 times its kind (0 bool, 1 unsigned, 2 signed, 3 real, 4 complex), plus the base-2
 * logarithm of the element's size in bytes: bool is 0x00, int64 0x23, float64 0x33. */
typedef uint8_t aot_operand_dtype;

typedef struct {
    const char *symbol;
    uint8_t loop;          /* enum aot_loop */
    uint8_t inputs;
    uint8_t outputs;
    uint8_t compute_bound; /* copying strided elements pays, since contiguous ones run in full vectors */
    uint8_t unbounded;     /* one element may take any time; the kernel polls */
    const aot_operand_dtype *dtypes; /* of the inputs, then of the outputs */
    const aot_kernel *kernels;       /* one per level of the library */
} aot_named_kernel;

typedef struct {
    uint32_t version; /* AOTOPS_KERNEL_VERSION; if it differs, read no other field */
    uint32_t n_levels;
    const char *const *levels; /* names of CPU levels, lowest first */
    uint32_t n_kernels;
    const aot_named_kernel *kernels;
} aot_library;

#endif
