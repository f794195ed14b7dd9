/* The kernel ABI: everything that compiled kernels and the glue agree on.
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
 * - An input of dtype AOT_INDEX has no memory: its pointer is itself the int64 that the kernel takes for an element,
 *   and a step adds to it.
 *
 * The first two parameters belong to Numba's calling convention (return value, exception); kernels
 * return nothing and never raise.
 */
#ifndef AOTOPS_KERNEL_H
#define AOTOPS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define AOT_ABI_VERSION 3
#define AOT_MAX_RANK 32
#define AOT_MAX_OPERANDS 16 /* inputs and outputs */
#define AOT_MAX_LEVELS 3

typedef int32_t (*aot_kernel)(void *ret, void **exception, int64_t n0, int64_t n1,
                              char **data, const int64_t *strides);

enum aot_dtype { AOT_BOOL, AOT_INT64, AOT_FLOAT32, AOT_FLOAT64, AOT_N_DTYPES };

#define AOT_NO_DTYPE 255
#define AOT_INDEX 254 /* of an input that is no operand but an int64 that depends on the element's position */

enum aot_kind { AOT_ELEMENTWISE, AOT_REDUCE, AOT_ARGREDUCE, AOT_SCAN };

/* Python's special methods that an operator can stand behind. */
enum aot_slot {
    AOT_SLOT_NONE,
    AOT_SLOT_ADD,
    AOT_SLOT_SUBTRACT,
    AOT_SLOT_MULTIPLY,
    AOT_SLOT_TRUE_DIVIDE,
    AOT_SLOT_POWER,
    AOT_SLOT_NEGATIVE,
    AOT_SLOT_ABSOLUTE,
    AOT_SLOT_LT,
    AOT_SLOT_LE,
    AOT_SLOT_EQ,
    AOT_SLOT_NE,
    AOT_SLOT_GT,
    AOT_SLOT_GE,
    AOT_N_SLOTS
};

/* One element of any dtype, as the bytes of its value. */
typedef union {
    uint8_t as_bool;
    int64_t as_int64;
    float as_float32;
    double as_float64;
    uint64_t bits;
} aot_element;

/* One compiled signature of an operator: a kernel for each CPU level. */
typedef struct {
    uint8_t dtypes[AOT_MAX_OPERANDS]; /* inputs, then outputs */
    uint64_t identity;                /* reductions: the value of an empty one, as bits */
    uint64_t start;                   /* reductions: what a non-empty one starts from, as bits */
    uint64_t absorbing;               /* reductions: the result that nothing changes any more, as bits */
    uint64_t defaults[AOT_MAX_OPERANDS]; /* of inputs that may be left out, as bits */
    aot_kernel kernels[AOT_MAX_LEVELS];
    aot_kernel combine[AOT_MAX_LEVELS]; /* reductions and scans: out = combine(a, b) of two results */
    aot_kernel fold[AOT_MAX_LEVELS];    /* scans: the reduction */
} aot_variant;

typedef struct {
    const char *name;
    const char *parameters; /* names of the inputs, separated by spaces */
    uint8_t kind;           /* enum aot_kind */
    uint8_t inputs;         /* number of inputs */
    uint8_t outputs;        /* number of outputs, 1 but for elementwise operators that return a tuple */
    uint8_t returns_tuple;  /* of one output or several */
    const char *square;     /* what stands in for it where the second input is the Python number 2, or NULL */
    uint8_t slot;           /* enum aot_slot */
    uint8_t is_method;      /* also a method of Tensor */
    uint8_t compute_bound;  /* strided elements are worth copying for the sake of whole vectors */
    uint8_t has_identity;   /* reductions: an empty one has a value */
    uint8_t takes_dtype;    /* reductions and scans: may be told in which dtype to compute */
    uint8_t has_absorbing;  /* reductions: some result ends the work early */
    uint16_t optional;      /* inputs that may be left out, as a bit mask */
    uint16_t conditions;    /* inputs that are bool whatever the others are, as a bit mask */
    uint8_t conversions[AOT_N_DTYPES]; /* dtype that an input of a dtype without a kernel turns into */
    uint16_t n_variants;
    const aot_variant *variants;
} aot_operator;

typedef struct {
    uint32_t abi_version;
    uint32_t n_levels;
    const char *levels[AOT_MAX_LEVELS]; /* names, lowest first */
    uint32_t n_operators;
    const aot_operator *operators;
} aot_table;

/* What an extension module that is built for user-defined operators offers, in a capsule of this name: kernels by
 * their symbols, each with the signature that it was compiled for. The operators themselves are declared in Python
 * (declare.c), and take no kernel of another signature. Only abi_version may be read before it has been compared. */
#define AOT_LIBRARY_CAPSULE "aotops.library"

typedef struct {
    const char *symbol;
    uint8_t kind;    /* the loop nest: enum aot_kind */
    uint8_t inputs;  /* as in aot_operator */
    uint8_t outputs; /* as in aot_operator */
    uint8_t compute_bound; /* as in aot_operator */
    uint8_t dtypes[AOT_MAX_OPERANDS]; /* inputs, then outputs */
    aot_kernel kernels[AOT_MAX_LEVELS];
} aot_named_kernel;

typedef struct {
    uint32_t abi_version;
    uint32_t n_levels;
    const char *levels[AOT_MAX_LEVELS]; /* those of the built-in table */
    uint32_t n_kernels;
    const aot_named_kernel *kernels;
} aot_library;

/* Generated by the build for aotops itself. */
extern const aot_table aot_builtin_table;
/* aot_builtin_convert[from][to][level] copies elements of one dtype into another */
extern const aot_kernel aot_builtin_convert[AOT_N_DTYPES][AOT_N_DTYPES][AOT_MAX_LEVELS];

#endif
