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

/* --- array kernels --------------------------------------------------------------------------------------------------
 *
 * An array kernel runs a function of whole arrays for n items of a batch. In Python:
 *
 *     def kernel(n, data, numbers):
 *         for item in range(n):
 *             function(*(the array, or the element, at data[k] + item * numbers[k] for each operand k))
 *
 * `numbers` holds, in this order, the bytes from one item to the next of each operand, the size of each dimension, which
 * is below AOT_LONGEST_AXIS, and the stride in bytes of each axis that an item has, of all operands in turn. Outputs
 * share no memory with each other, nor with inputs. The first parameters are those of Numba's
 * calling convention, as above. A kernel returns 0, or the number of an error: then `error` points to the address of a
 * string, the exception's name, the file, the line and the message, in lines. If `poll` has told it to stop, it returns
 * AOT_STOPPED, and `error` means nothing. Whoever calls it frees what it has allocated and not freed.
 *
 * An extension has these kernels in a capsule of their own, whose version counts apart from AOTOPS_KERNEL_VERSION: an
 * extension without array kernels outlives a change of it. Functions may be added at the end of aot_array_services
 * without another version, since a kernel calls only those that it was compiled for; an aotops that lacks one is told
 * by `services`. */
#define AOTOPS_ARRAY_KERNEL_VERSION 2
#define AOT_STOPPED 32767
#define AOT_LONGEST_AXIS (INT64_C(1) << 60)

struct aot_array_call;
/* Runs a part of a loop, as a kernel runs; `context` is of the caller. */
typedef int32_t (*aot_array_part)(void *ret, struct aot_array_call *call, int64_t part, void *context);

/* What array kernels call. All sizes are in bytes, and not negative. */
typedef struct {
    int32_t (*poll)(void);
    void *(*allocate_array)(int64_t size, int32_t alignment); /* memory with a count of references in front */
    void (*release)(void *counted);                           /* called when the count is 0 */
    void *(*new_list)(int64_t size, void *destroy);
    void *(*allocate_list)(void *list, int64_t size);
    void *(*resize_list)(void *list, int64_t size);
    void (*free_list)(void *list, void *data);
    void *(*allocate)(int64_t size);
    void (*free)(void *memory);
    /* Runs the parts of a loop, in any order and on any threads. Returns 0, or what the first part has returned that has
     * failed; then writes its error. */
    int32_t (*parallel)(aot_array_part function, void *context, int64_t parts, const char *const **error);
    /* Writes the strides with which an array has other dimensions, in its own memory; returns 0 if there are none. */
    int32_t (*reshape)(int64_t rank, const int64_t *shape, const int64_t *strides, int64_t new_rank,
                       const int64_t *new_shape, int64_t *new_strides, int64_t itemsize, int32_t column_major);
    /* Called once a function has failed that a function of the user's has called, from the innermost call on: with the file
     * and the line of the call, in lines. */
    void (*note)(const char *place);
} aot_array_services;

typedef struct aot_array_call {
    const char *const *error;
    const aot_array_services *services;
    uintptr_t stack_limit; /* functions that call themselves raise below this address; since services have `reshape` */
} aot_array_call;

typedef int32_t (*aot_array_kernel)(void *ret, aot_array_call *call, int64_t n, char **data, const int64_t *numbers);

#define AOT_ARRAY_CAPSULE "aotops.arrays"

/* A function of whole arrays is such a kernel without outputs; each axis of an argument has a dimension of its own. Called
 * with n = 0, it writes flags for each of its arguments to the int64 that the last pointer in `data` leads to; with
 * n = 1, it runs, and writes there what it returns, as a word with one of the following codes, and then
 *
 *     none       nothing
 *     number     its dtype, and its value in two words
 *     array      its dtype, its rank, the address of its first element, that of the count of references, as
 *                allocate_array has returned it (0: of an argument or a constant), its sizes, and its strides in bytes
 *     tuple      how many members it has, then each of them
 *     optional   whether there is a value, how many words one has, and these
 *     named      the address of a string, the module of a named tuple's class and its name in that, in lines; then as of
 *                a tuple
 *
 * in AOT_RESULT_WORDS words at most. */
#define AOT_WRITES 1       /* the function writes to this array */
#define AOT_ROW_MAJOR 2    /* it takes no array in another order */
#define AOT_COLUMN_MAJOR 4 /* the same */
enum { AOT_RESULT_NONE, AOT_RESULT_NUMBER, AOT_RESULT_ARRAY, AOT_RESULT_TUPLE, AOT_RESULT_OPTIONAL, AOT_RESULT_NAMED };
#define AOT_RESULT_WORDS 512

typedef struct {
    const char *symbol;
    uint8_t inputs, outputs, dimensions; /* no outputs: a function of whole arrays */
    const aot_operand_dtype *dtypes;    /* of the inputs, then of the outputs */
    const uint8_t *ranks;               /* the number of axes that an item has, of each operand */
    const uint8_t *axes;                /* the dimension of each axis, of all operands in turn */
    const int64_t *sizes;               /* of each dimension; -1: any */
    const aot_array_kernel *contiguous; /* one per level, for items in row-major order */
    const aot_array_kernel *strided;    /* one per level, for any strides */
} aot_named_array_kernel;

typedef struct {
    uint32_t version;  /* AOTOPS_ARRAY_KERNEL_VERSION; if it differs, read no other field */
    uint32_t services; /* how many functions of aot_array_services its kernels may call */
    uint32_t has_loops; /* whether one of them calls `parallel` */
    uint32_t n_levels;
    const char *const *levels; /* names of CPU levels, lowest first */
    uint32_t n_kernels;
    const aot_named_array_kernel *kernels;
} aot_array_library;

#endif
