/* What the files of the glue share. See kernel.h for what they share with the kernels.
 *
 * Invariants, kept by whoever makes an object and relied on by everybody else:
 *
 * 1. Every tensor is valid: all elements that its shape and strides reach lie inside its storage, at
 *    addresses aligned to their size. aot_tensor_view checks it, once; kernels need no checks.
 * 2. A storage's memory neither moves nor goes away before the storage does.
 * 3. shape and strides count elements; a tensor's size is the product of its shape and fits Py_ssize_t, as
 *    does its size in bytes.
 *
 * Functions that return PyObject * or a pointer to an object return a new reference, or NULL with an
 * exception set; functions that return int return 0, or -1 with an exception set.
 */
#ifndef AOTOPS_NATIVE_H
#define AOTOPS_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "plan.h"

#define AOT_ALIGNMENT 64

typedef struct {
    const char *name;
    const char *format; /* of the buffer protocol */
    uint8_t itemsize;
    uint8_t kind;     /* enum aot_number_kind */
    uint8_t category; /* enum aot_category */
    uint8_t stable;   /* its code in aotops_kernel.h */
} aot_dtype_info;

extern const aot_dtype_info aot_dtypes[AOT_N_DTYPES];
/* The functions of aotops.abi as tables: promote, promote_number by the number's category, can_cast of a result to `out`. */
extern const uint8_t aot_promotion[AOT_N_DTYPES][AOT_N_DTYPES];
extern const uint8_t aot_weak_promotion[AOT_N_CATEGORIES][AOT_N_DTYPES];
extern const uint8_t aot_can_cast[AOT_N_DTYPES][AOT_N_DTYPES];
/* The dtypes that Python's numbers have by themselves. */
extern const uint8_t aot_default_dtypes[AOT_N_CATEGORIES];

#define AOT_SIZE_CLASSES (4 * 56) /* from 512 bytes on, four to a doubling */

typedef struct aot_free_block aot_free_block;

/* The cache of freed blocks and its accounts, in bytes; see memory.c. */
typedef struct {
    aot_free_block *classes[AOT_SIZE_CLASSES];
    aot_free_block *oldest, *newest;
    Py_ssize_t cached, limit; /* waiting, and how much may */
    bool limit_is_known;      /* or is what may wait before anybody has asked the system */
    Py_ssize_t used, peak;    /* in storages, now and at most */
    Py_ssize_t hits, misses;  /* blocks from the cache, and from the system */
} aot_memory;

#define AOT_OPERAND_TYPES 32

/* Everything that belongs to one interpreter's copy of the module, and stays until that interpreter ends (module.c).
 * Touched with the GIL held only. */
typedef struct {
    PyTypeObject *base_type;    /* TensorBase */
    PyTypeObject *tensor_type;  /* Tensor, the Python subclass whose instances operators return */
    PyTypeObject *storage_type;
    PyTypeObject *operator_type;
    PyTypeObject *function_type;
    PyTypeObject *iterator_type;
    PyTypeObject *dtype_type;
    PyObject *dtypes[AOT_N_DTYPES];
    PyObject *slots[AOT_N_SLOTS]; /* the operator behind each special method */
    PyTypeObject *operand_types[AOT_OPERAND_TYPES]; /* of others, that are operands by their buffers (from_python.c) */
    int n_operand_types;
    aot_memory memory;
    int level;                    /* the CPU level whose kernels run */
    int threads;                  /* how many a launch may use; 0: not known yet */
    int64_t shared_from;          /* elements from which on a launch is shared out; 0: what has been measured */
} aot_state;

typedef struct {
    PyObject_HEAD
    char *data;
    Py_ssize_t nbytes;
    void *block;       /* to be freed, or NULL */
    Py_buffer *source; /* whose memory it is, or NULL */
    bool readonly;
} aot_storage;

#define AOT_INLINE_RANK 4

typedef struct {
    PyObject_HEAD
    aot_state *state;
    aot_storage *storage;
    char *data; /* of the first element */
    Py_ssize_t size;
    Py_ssize_t *shape;   /* inline_axes, or allocated for higher ranks */
    Py_ssize_t *strides; /* shape + ndim */
    PyObject *weak_references;
    uint8_t dtype;
    uint8_t ndim;
    bool contiguous; /* in row-major order, or of less than two elements */
    Py_ssize_t inline_axes[2 * AOT_INLINE_RANK];
} aot_tensor;

typedef struct {
    PyObject_HEAD
    aot_state *state;
    const aot_operator *definition;
    PyObject *attributes; /* __dict__, or NULL */
    PyObject *square;     /* the operator that stands in for it where the second input is the number 2, or NULL */
    /* the rest is of declared operators only; see declare.c */
    bool waits;        /* for its kernels, or for what stands in for them */
    aot_operator *own; /* the definition, to be freed */
    PyObject *record;
    PyObject *names;   /* (name, parameters, earlier names): the strings that the definition points into */
    PyObject *library; /* the capsule whose kernels it has */
    PyObject *runner;  /* what is called in place of kernels */
} aot_operator_object;

/* python.c */
/* Calls a function of aotops.callbacks with a format as Py_BuildValue has it. */
PyObject *aot_call(const char *function, const char *format, ...);
/* The int of at least 0 that a function of aotops.callbacks without arguments returns, or -1 where it fails; an exception
 * that is set stays set, and none is set else. */
Py_ssize_t aot_ask(const char *function);
/* Calls a function of aotops.errors, which raises an exception: always returns NULL. */
PyObject *aot_raise(const char *function, const char *format, ...);
/* Whether the key of a keyword argument, which may be any object, is this name. */
bool aot_is_keyword(PyObject *key, const char *name);
/* Whether an object is an int, of no subclass, that fits; sets it. */
bool aot_plain_size(PyObject *object, Py_ssize_t *size);

/* storage.c */
extern PyType_Spec aot_storage_spec;
aot_storage *aot_storage_new(aot_state *state, Py_ssize_t nbytes);
/* Sees to it that the memory's limit has been set, by asking Python if nobody has set it. */
void aot_storage_learn_limit(aot_state *state);
/* Takes over `source`, also when it fails. */
aot_storage *aot_storage_of_buffer(aot_state *state, Py_buffer *source, char *data, Py_ssize_t nbytes);

/* memory.c: aligned memory for storages; sizes in bytes. NULL without an exception. */
void aot_memory_init(aot_memory *memory);
/* Whether an allocation could make more memory wait than may before the limit has been set. */
bool aot_memory_needs_limit(const aot_memory *memory, size_t nbytes);
void aot_memory_set_limit(aot_memory *memory, Py_ssize_t limit);
void *aot_memory_allocate(aot_memory *memory, size_t nbytes);
void aot_memory_release(aot_memory *memory, void *block, size_t nbytes);
/* Frees waiting blocks, oldest first, until at most `limit` bytes wait. */
void aot_memory_trim(aot_memory *memory, Py_ssize_t limit);

/* threads.c */
#define AOT_MOST_THREADS 1024
/* Reads the environment; -1 with an ImportError. */
int aot_threads_init(aot_state *state);
/* How many threads a launch of so many elements may use: this is the one place that decides. */
int aot_threads(aot_state *state, int64_t total, bool compute_bound);
/* To be called before a parallel region: from then on, children of fork compute on one thread. */
void aot_threads_begin(void);

/* dtype.c */
extern PyType_Spec aot_dtype_spec;
int aot_dtype_make_all(aot_state *state);
/* The code of a DType object, the argument `dtype` of a function; or -1 with a TypeError. */
int aot_dtype_code(aot_state *state, PyObject *object, const char *function);

/* element.c: Python numbers: whether an object is one, its category, the dtype it has by itself, whether a dtype holds it, its value as an element of a dtype, and back.
 * NumPy's float64 is a float, but has a dtype that counts and is read like an array: the buffer protocol tells. */
bool aot_is_number(PyObject *object);
int aot_number_category(PyObject *number);
static inline int aot_natural_dtype(PyObject *number)
{
    return aot_default_dtypes[aot_number_category(number)];
}
bool aot_number_fits(PyObject *number, int dtype);
int aot_element_of(PyObject *number, int dtype, aot_element *element, const char *function, const char *argument);
PyObject *aot_number_of(const char *data, int dtype);

/* tensor.c: the object, its invariant and the ways to make one */
aot_tensor *aot_tensor_new(aot_state *state, int dtype, int ndim, const Py_ssize_t *shape, const char *function);
/* Gives a fresh tensor the order of axes in memory that some tensors (NULL: none) broadcast to its shape have. */
void aot_tensor_order_as(aot_tensor *fresh, aot_tensor *const *tensors, int count);
/* A tensor on memory of `storage`, its first element `offset` bytes from the start; checks the invariant. */
aot_tensor *aot_tensor_view(aot_state *state, aot_storage *storage, Py_ssize_t offset, int dtype, int ndim,
                            const Py_ssize_t *shape, const Py_ssize_t *strides, const char *function);
/* A tensor on some elements of another, the first one `offset` elements from its first. Checks nothing: its positions must
 * be positions of the other, which has checked them. */
aot_tensor *aot_tensor_part(const aot_tensor *tensor, Py_ssize_t offset, int ndim, const Py_ssize_t *shape,
                            const Py_ssize_t *strides);
/* The lowest and the end of the highest byte that a tensor reaches; equal if it has no elements. */
void aot_tensor_extent(const aot_tensor *tensor, char **low, char **high);
/* The deallocator of tensors, by which aot_as_tensor knows them. */
void aot_tensor_dealloc(PyObject *object);
/* The tensor that an object is, borrowed, or NULL without an exception. */
aot_tensor *aot_as_tensor(PyObject *object);
/* Reads a tuple of at most AOT_MAX_RANK ints, an argument of a function; returns their number, or -1. */
int aot_read_sizes(PyObject *tuple, Py_ssize_t *sizes, const char *function, const char *argument);
PyObject *aot_tuple_of_sizes(int count, const Py_ssize_t *sizes);

/* buffer.c: the buffer protocol, both ways */
int aot_get_buffer(PyObject *self, Py_buffer *view, int flags);
void aot_release_buffer(PyObject *self, Py_buffer *view);
PyObject *aot_from_buffer(aot_state *state, PyObject *exporter, bool copy, const char *function, const char *argument);
/* A tensor on an exporter's memory; NULL without an exception where there can be none. */
aot_tensor *aot_share_buffer(aot_state *state, PyObject *exporter);

static inline int64_t aot_smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline void aot_run_kernel(aot_kernel kernel, int64_t n0, int64_t n1, char **data, const int64_t *strides)
{
    void *exception = NULL;
    char *unused = NULL;
    kernel(&unused, &exception, n0, n1, data, strides);
}

/* run.c: running what has been planned */
typedef struct {
    char *data;
    const Py_ssize_t *strides;
    uint8_t dtype; /* of the elements in memory */
} aot_view; /* an operand over a given iteration space */

typedef struct {
    const void *job;
    int threads;
    char *shared;         /* memory of all threads */
    char *scratch;        /* of the first thread */
    size_t scratch_bytes; /* of each thread */
} aot_runner;

typedef void (*aot_work)(const aot_runner *runner);
typedef void (*aot_compute)(const aot_runner *runner, int64_t first, int64_t last, char *scratch);

/* Does some work of `total` elements with memory for all threads and for each; false if there is no memory. */
bool aot_run(const void *job, aot_work work, int64_t total, int threads, size_t shared_bytes, size_t scratch_bytes);
/* Lets threads compute items, cut into at most so many shares, and waits for them. */
void aot_share(const aot_runner *runner, int64_t items, int64_t shares, aot_compute compute);
/* Writes an operand into a plan whose rank is known, for a kernel that computes with a dtype. */
void aot_plan_view(aot_plan *plan, int operand, const aot_view *view, int dtype);
void aot_make_plan(aot_planner planner, aot_plan *plan);
/* Moves operands' pointers to a tile of one of a plan's grids; returns the tile's size along the grid's last axis. */
int64_t aot_seek(const aot_plan *plan, int grid, int64_t tile, int operands, char **data);

/* An operand's pointer some bytes further on; it may be a position, which points nowhere. */
static inline char *aot_moved(char *data, int64_t bytes)
{
    return (char *)((uintptr_t)data + (uintptr_t)bytes);
}

/* launch.c: running elementwise kernels */
extern const Py_ssize_t aot_no_strides[AOT_MAX_RANK]; /* all 0: an operand repeated everywhere */

/* Runs the kernel of the current level over a space; nothing happens where a length is 0. Outputs have the same strides.
 * `dtypes` are those that the kernel computes with: elements of views of other dtypes are cast tile by tile.
 * `compute_bound`: the kernel is so much slower on strided elements than on contiguous ones that copying them pays. */
void aot_launch(aot_state *state, const aot_kernel *kernels, const uint8_t *dtypes, int inputs, int outputs,
                const aot_view *views, int ndim, const Py_ssize_t *shape, bool compute_bound);
/* The strides with which a tensor repeats itself over a shape; false if it does not fit. */
bool aot_broadcast_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides);
/* Whether two tensors may share memory (never false when they do), and whether they are the same view of it. */
bool aot_may_overlap(const aot_tensor *a, const aot_tensor *b);
bool aot_same_elements(const aot_tensor *a, const aot_tensor *b);
int aot_check_writable(const aot_tensor *tensor, const char *function, const char *argument);
/* Copies `source`, broadcast to the shape of `target`, into it, converting elements. Errors call it an assignment. */
int aot_copy(aot_tensor *target, aot_tensor *source);
void aot_fill(aot_tensor *target, aot_element value, int dtype);

/* operator.c: the public callables */
extern PyType_Spec aot_operator_spec;
aot_operator_object *aot_operator_new(aot_state *state, const aot_operator *definition);

/* declare.c: operators that are declared in Python */
PyObject *aot_declare(aot_state *state, PyObject *args);
PyObject *aot_bind(aot_state *state, PyObject *args);
PyObject *aot_stand_in(aot_state *state, PyObject *args);
PyObject *aot_rename(aot_state *state, PyObject *args);
/* Sees to it that a declared operator has kernels, or a stand-in. */
int aot_load(aot_operator_object *operator);

/* apply.c: elementwise operators. NULL inputs are left out. */
PyObject *aot_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out);
/* Fills a tensor by an operator that takes positions. */
PyObject *aot_generate(aot_state *state, PyObject *args);
/* Puts a result computed aside into `out`, if its dtype allows; takes over `result`. Returns `out`. */
PyObject *aot_copy_to_out(const aot_operator_object *operator, PyObject *result, aot_tensor *out);
/* Checks the shape of `out` and that it can be written, element by element. */
int aot_check_out(const aot_operator_object *operator, aot_tensor *out, int ndim, const Py_ssize_t *shape);
const aot_variant *aot_variant_of(const aot_operator *definition, int dtype);

/* The variant that computes with inputs of these dtypes once they are cast, numbers (NULL among the tensors) being weak.
 * NULL without an exception where Python must decide: numbers alone, ints beyond int64, dtypes without a kernel. */
const aot_variant *aot_find_variant(const aot_operator *definition, PyObject *const *inputs,
                                    aot_tensor *const *tensors);
/* Whether an input of a dtype of its own may be given as another one: bool takes the truth of any; of positions, see
 * aot_generate. */
static inline bool aot_fixed_takes(int fixed, int given)
{
    return fixed == AOT_BOOL || fixed == AOT_INDEX || aot_can_cast[given][fixed];
}
/* The inputs as a tuple of tensors that have a variant, which `tensors` borrows from it. */
PyObject *aot_cast_inputs(const aot_operator_object *operator, PyObject *const *inputs, aot_tensor **tensors);
/* The shape that inputs have together; returns the rank, or -1. NULL inputs are numbers. */
int aot_broadcast(const aot_operator *definition, aot_tensor *const *tensors, Py_ssize_t *shape);

/* fold.c, scan.c: running reductions, argreductions and scans. Views are of the inputs and, last, of the output: for
 * a fold with stride 0 along the axes that fold away, whose lengths must not be 0. */
int aot_fold(aot_state *state, const aot_operator *definition, const aot_variant *variant, const aot_view *views,
             int ndim, const Py_ssize_t *shape);
int aot_scan(aot_state *state, const aot_variant *variant, const aot_view *views, int ndim, const Py_ssize_t *shape,
             int axis);

/* reduce.c: calls of them */
PyObject *aot_reduce(const aot_operator_object *operator, PyObject *args, PyObject *kwargs);

/* view.c: other shapes of the same elements */
/* Axis k of the view is axis order[k] of the tensor; each is named once. */
aot_tensor *aot_permuted(const aot_tensor *tensor, const int *order);
aot_tensor *aot_transposed(const aot_tensor *tensor);
/* Works out a length of -1; false unless the lengths, all above 0, make as many elements as there are. */
bool aot_complete_shape(Py_ssize_t size, int ndim, Py_ssize_t *shape);
enum aot_copying { AOT_COPY_NEVER, AOT_COPY_IF_NEEDED, AOT_COPY_ALWAYS };
/* The elements in a complete shape. NULL without an exception where only a copy could show them and none is to be made. */
aot_tensor *aot_reshaped(aot_tensor *tensor, int ndim, const Py_ssize_t *shape, enum aot_copying copying,
                         const char *function);
/* The tensor itself if it has the dtype and need not be copied, else a contiguous copy. */
aot_tensor *aot_astype(aot_tensor *tensor, int dtype, bool copy, const char *function);

/* from_python.c: nested sequences of numbers */
/* Whether an object is a list, a tuple or a range, and of no subclass. */
bool aot_is_sequence(PyObject *data);
/* A new tensor of a number or of nested sequences, in a dtype or, if it is AOT_NO_DTYPE, in the one that holds them all. NULL
 * without an exception where Python is to read them, or to say what is wrong. */
aot_tensor *aot_read_nested(aot_state *state, PyObject *data, int dtype);
/* An operand that is neither a tensor nor a number as a tensor: nested sequences, or an array on its own memory. NULL without
 * an exception where it is for Python to read, or to say that it is none. */
aot_tensor *aot_read_operand(aot_state *state, PyObject *object);

/* to_python.c: Python numbers and lists of elements */
PyObject *aot_item(PyObject *self, PyObject *const *indices, Py_ssize_t count);
PyObject *aot_to_list(const aot_tensor *self);
int aot_number_bool(PyObject *self);
PyObject *aot_number_int(PyObject *self);
PyObject *aot_number_float(PyObject *self);
PyObject *aot_number_index(PyObject *self);

/* index.c: elements, rows and slices */
PyObject *aot_subscript(PyObject *self, PyObject *key);
int aot_assign_subscript(PyObject *self, PyObject *key, PyObject *value);
PyObject *aot_sequence_item(PyObject *self, Py_ssize_t position);
int aot_assign_sequence_item(PyObject *self, Py_ssize_t position, PyObject *value);
Py_ssize_t aot_length(PyObject *self);
PyObject *aot_iterate(PyObject *self);
extern PyType_Spec aot_iterator_spec;

/* function.c: public functions that have a fast path */
typedef struct aot_fast_path aot_fast_path;

typedef struct {
    PyObject_HEAD
    PyObject *(*vectorcall)(PyObject *self, PyObject *const *args, size_t flags, PyObject *names);
    aot_state *state;
    const aot_fast_path *row;
    PyObject *function;  /* of Python; NULL: its module has not been imported yet */
    PyObject *operators; /* a tuple of those that the fast path calls; NULL as long as the function is */
} aot_function;

/* fast_paths.c: args has `count` positional arguments, then those that `names` (NULL: none) names. A fast path declines
 * with NULL and no exception, and Python is called. */
struct aot_fast_path {
    const char *name; /* the qualified name of the Python function */
    PyObject *(*fast_path)(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
    int operators;  /* the number of them that it needs */
    bool is_method; /* also a method of TensorBase */
};

extern const aot_fast_path aot_fast_paths[]; /* ends with a name of NULL */
extern PyType_Spec aot_function_spec;
/* Gives TensorBase the functions that are methods of it. */
int aot_add_methods(aot_state *state);
/* The Function of a Python function that has a fast path in the table. */
PyObject *aot_with_fast_path(aot_state *state, PyObject *function, PyObject *operators);

/* number.c: Python's special methods */
PyObject *aot_rich_compare(PyObject *a, PyObject *b, int comparison);
#define AOT_BINARY_METHODS(SLOT, name)                                                                                 \
    PyObject *aot_number_##name(PyObject *a, PyObject *b);                                                             \
    PyObject *aot_number_inplace_##name(PyObject *a, PyObject *b);
#define AOT_UNARY_METHOD(SLOT, name) PyObject *aot_number_##name(PyObject *a);
AOT_EACH_BINARY_SLOT(AOT_BINARY_METHODS)
AOT_EACH_UNARY_SLOT(AOT_UNARY_METHOD)
PyObject *aot_number_power(PyObject *a, PyObject *b, PyObject *modulus);
PyObject *aot_number_inplace_power(PyObject *a, PyObject *b, PyObject *modulus);
PyObject *aot_number_inplace_floor_divide(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_remainder(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_matrix_multiply(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_lshift(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_rshift(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_and(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_or(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_xor(PyObject *a, PyObject *b);

/* cpu.c */
/* The index of the level to use among the table's, or -1 with an ImportError. */
int aot_choose_level(const aot_table *table);

/* tensor_type.c: what Python sees of tensors */
extern PyType_Spec aot_tensor_spec, aot_tensor_base_spec;

#endif
