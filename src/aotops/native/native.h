/* Declarations shared by the C files of the glue. kernel.h has those shared with the kernels.
 *
 * Invariants, established by whoever creates an object and relied on everywhere else:
 *
 * 1. Every tensor is valid: all elements that its shape and strides reach lie inside its storage, at addresses aligned
 *    to their size. aot_tensor_view checks this, once; kernels need no checks.
 * 2. A storage's memory is neither moved nor freed before the storage is.
 * 3. shape and strides count elements; a tensor's size is the product of its shape and fits Py_ssize_t, as does its
 *    size in bytes.
 *
 * Functions that return PyObject * or a pointer to an object return a new reference, or NULL with an exception set;
 * functions that return int return 0, or -1 with an exception set. Exceptions to this are stated.
 */
#ifndef AOTOPS_NATIVE_H
#define AOTOPS_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "alignment.h"
#include "environment.h"
#include "plan.h"
#include "tape_state.h"

typedef struct {
    const char *name;
    const char *format; /* as in the buffer protocol */
    uint8_t itemsize;
    uint8_t kind;     /* enum aot_number_kind */
    uint8_t category; /* enum aot_category */
    uint8_t stable;   /* its code in aotops_kernel.h */
} aot_dtype_info;

extern const aot_dtype_info aot_dtypes[AOT_N_DTYPES];
/* Functions of aotops.abi as tables: promote; promote_number, by the number's category; can_cast, of a result to
 * `out`. */
extern const uint8_t aot_promotion[AOT_N_DTYPES][AOT_N_DTYPES];
/* Returns whether elements of a dtype can be converted to another; raises a TypeError that names a function and its
 * argument if not. */
bool aot_converts(int from, int to);
int aot_check_converts(int from, int to, const char *function, const char *argument);
/* Returns what the dtypes whose bits are set promote to, or AOT_NO_DTYPE for none. For two, aot_promotion has it. */
int aot_promote(uint32_t dtypes);
extern const uint8_t aot_weak_promotion[AOT_N_CATEGORIES][AOT_N_DTYPES];
extern const uint8_t aot_can_cast[AOT_N_DTYPES][AOT_N_DTYPES];
/* The dtypes of Python numbers on their own. */
extern const uint8_t aot_default_dtypes[AOT_N_CATEGORIES];

#define AOT_SIZE_CLASSES (4 * 56) /* from 512 bytes up, four per power of two */

typedef struct aot_free_block aot_free_block;

/* The cache of freed blocks and its statistics, in bytes; see memory.c. */
typedef struct {
    aot_free_block *classes[AOT_SIZE_CLASSES];
    aot_free_block *oldest, *newest;
    Py_ssize_t cached, limit; /* held by the cache, and its limit */
    bool limit_is_known;      /* false: a default, used until the system has been queried */
    Py_ssize_t used, peak;    /* by storages, now and at most */
    Py_ssize_t hits, misses;  /* blocks taken from the cache, and from the system */
} aot_memory;

#define AOT_OPERAND_TYPES 32

/* The state of the module in one interpreter; lives until that interpreter ends (module.c). Only accessed with the GIL
 * held. */
typedef struct {
    PyTypeObject *base_type;    /* TensorBase */
    PyTypeObject *tensor_type;  /* Tensor, the Python subclass whose instances operators return */
    PyTypeObject *storage_type;
    PyTypeObject *operator_type;
    PyTypeObject *function_type;
    PyTypeObject *iterator_type;
    PyTypeObject *dtype_type;
    PyTypeObject *method_type; /* of Python's bound methods; NULL until one is needed */
    PyTypeObject *array_kernel_type;
    PyObject *dtypes[AOT_N_DTYPES];
    struct {
        PyTypeObject *array, *scalar;
        PyObject *empty, *asarray, *dtype_attribute;
        PyObject *dtypes[AOT_N_DTYPES];
    } numpy; /* NULL until an array kernel has met one of NumPy's arrays; array_call.c */
    PyObject *slots[AOT_N_SLOTS]; /* the operator behind each special method */
    PyObject *dot;                /* the operator of x1 @ x2 for vectors: _sum_of_products */
    PyObject *redoing[AOT_N_RETRIES]; /* the operators that do reductions again first; reduce.c */
    PyObject *choose;             /* the operator that assigns to what a mask selects: where */
    PyTypeObject *operand_types[AOT_OPERAND_TYPES]; /* foreign types with buffers; from_python.c */
    int n_operand_types;
    aot_memory memory;
    aot_tape tape;                /* of gradients */
    int level;                    /* the CPU level whose kernels run */
    int threads;                  /* the maximum per launch; 0: not known yet */
    unsigned long main_thread;    /* the one that runs signal handlers, in the process after so many forks */
    int64_t forks;
    int64_t retries;              /* how often a sum or a product has been computed again */
    int64_t shared_from;          /* for tests: elements from which on launches use all threads; 0: where it pays */
    bool watched;                 /* whether launches may have to be reported; see.c */
    PyObject *tracing;            /* called with a record of each launch, or NULL */
    PyObject *explaining;         /* a dict: by thread, who is told of launches that are planned but not run; or NULL */
} aot_state;

/* Gives foreign memory back to whoever lent it. */
typedef void (*aot_release)(Py_buffer *source);

typedef struct {
    PyObject_HEAD
    char *data;
    Py_ssize_t nbytes;
    void *block;         /* freed with the storage, or NULL */
    Py_buffer *source;   /* foreign memory, or NULL: a buffer, or what a protocol without one says, written as one */
    aot_release release; /* of the source */
    uint64_t writes;     /* to it so far, as far as they are known */
    Py_ssize_t kept;     /* how many of its references are of nodes, which read it later */
    bool readonly;
} aot_storage;

#define AOT_INLINE_RANK 4

typedef struct {
    PyObject_HEAD
    aot_state *state;
    aot_storage *storage;
    char *data; /* the first element */
    Py_ssize_t size;
    Py_ssize_t *shape;   /* inline_axes, or allocated for higher ranks */
    Py_ssize_t *strides; /* shape + ndim */
    PyObject *weak_references;
    aot_node *node;      /* through which its gradient flows; NULL: it is not tracked */
    uint32_t output;     /* which of the node it is */
    uint8_t dtype;
    uint8_t ndim;
    bool contiguous; /* in row-major order, or with fewer than two elements */
    Py_ssize_t inline_axes[2 * AOT_INLINE_RANK];
} aot_tensor;

typedef struct {
    PyObject_HEAD
    aot_state *state;
    const aot_operator *definition;
    PyObject *attributes; /* __dict__, or NULL */
    PyObject *square;     /* the operator used instead if the second input is the number 2, or NULL */
    PyObject *derivative; /* its operator, once it has been asked for; or NULL */
    /* the following are set only for operators declared in Python; see declare.c */
    bool unbound;       /* has neither kernels nor a fallback yet */
    aot_operator *own;  /* the definition, owned */
    PyObject *record;
    PyObject *names;    /* (name, parameters, previous names): the strings that the definition points to */
    PyObject *library;  /* the capsule that its kernels come from */
    PyObject *fallback; /* called instead of kernels, or NULL */
} aot_operator_object;

/* python.c */
/* Calls a function of aotops.callbacks; `format` is that of Py_BuildValue. */
PyObject *aot_call(const char *function, const char *format, ...);
/* Calls a function of aotops.callbacks that has no arguments and returns an int of at least 0. Returns -1 if it fails,
 * without setting an exception; an exception that is already set is kept. */
Py_ssize_t aot_ask(const char *function);
/* Returns the identifier of the thread that runs signal handlers, 0 if it is not known. Until `threading` has been
 * imported, it is this one. */
unsigned long aot_main_thread(void);
/* Returns a function bound to an instance, as Python's own functions are. */
PyObject *aot_bound_method(aot_state *state, PyObject *function, PyObject *instance);
/* Calls a function of aotops.errors, which raises an exception; always returns NULL. */
PyObject *aot_raise(const char *function, const char *format, ...);
/* Called with a TypeError set, which a call has raised. Returns what another library computes that one of the arguments
 * belongs to; NULL with the TypeError where there is none, or with that library's exception. */
PyObject *aot_call_foreign(PyObject *function, PyObject *args, PyObject *kwargs);
/* Returns whether the key of a keyword argument, which may be any object, equals a name. */
bool aot_is_keyword(PyObject *key, const char *name);
/* Returns the truth of a flag; -1 with an exception for an object without one of its own, such as a string. */
int aot_read_flag(PyObject *object, const char *function, const char *argument);
/* Reads an object that is exactly an int and fits; returns false for any other. */
bool aot_plain_size(PyObject *object, Py_ssize_t *size);
/* Reads a tuple of exactly ints, different axes of a tensor, into a bit mask; returns false for anything else. */
bool aot_plain_axes(PyObject *object, int ndim, uint32_t *mask);

/* storage.c */
extern PyType_Spec aot_storage_spec;
aot_storage *aot_storage_new(aot_state *state, Py_ssize_t nbytes);
/* Sets the memory limit by asking Python, unless it has been set. */
void aot_storage_learn_limit(aot_state *state);
/* Takes over `source`, even if it fails. */
aot_storage *aot_storage_of_memory(aot_state *state, Py_buffer *source, aot_release release, char *data,
                                   Py_ssize_t nbytes);
/* Gives foreign memory back, and frees its description. Keeps an exception that is set. */
void aot_release_memory(Py_buffer *source, aot_release release);

/* memory.c: aligned memory for storages, sizes in bytes. Returns NULL without an exception if there is no memory. */
void aot_memory_init(aot_memory *memory);
/* Returns whether the real limit is unknown and, after this allocation, memory in use and cached would exceed the
 * default one. */
bool aot_memory_needs_limit(const aot_memory *memory, size_t nbytes);
void aot_memory_set_limit(aot_memory *memory, Py_ssize_t limit);
void *aot_memory_allocate(aot_memory *memory, size_t nbytes);
void aot_memory_release(aot_memory *memory, void *block, size_t nbytes);
/* Frees cached blocks, oldest first, until at most `limit` bytes are cached. */
void aot_memory_trim(aot_memory *memory, Py_ssize_t limit);

/* threads.c */
/* Reads the environment; returns -1 with an ImportError if it is invalid. */
int aot_threads_init(aot_state *state);
/* Returns how many threads a launch of this many elements may use; the pool decides how many it does use. */
int aot_threads(aot_state *state, int64_t total, bool compute_bound, bool unbounded);

/* dtype.c */
extern PyType_Spec aot_dtype_spec;
int aot_dtype_make_all(aot_state *state);
/* Returns the code of a DType object, the `dtype` that a function was given, or -1 with a TypeError. */
int aot_dtype_code(aot_state *state, PyObject *object, const char *function);

/* element.c: Python numbers: whether an object is one, its category, its default dtype, whether a dtype holds it, its
 * value as an element of a dtype, and back. NumPy's float64 is a float, but is read like an array, since its dtype
 * counts: the buffer protocol identifies it. */
bool aot_is_number(PyObject *object);
int aot_number_category(PyObject *number);
static inline int aot_natural_dtype(PyObject *number)
{
    return aot_default_dtypes[aot_number_category(number)];
}
bool aot_number_fits(PyObject *number, int dtype);
int aot_element_of(PyObject *number, int dtype, aot_element *element, const char *function, const char *argument);
PyObject *aot_number_of(const char *data, int dtype);

/* tensor.c: the object, its invariant and its constructors */
aot_tensor *aot_tensor_new(aot_state *state, int dtype, int ndim, const Py_ssize_t *shape, const char *function);
/* Returns the product of the lengths, or -1 with a ValueError if one is negative or the size in bytes overflows. A
 * length of 0 does not hide an overflow of the others: code that handles views relies on it. */
Py_ssize_t aot_count_elements(int dtype, int ndim, const Py_ssize_t *shape, const char *function);
/* Gives a new tensor the memory order that tensors (NULL: none), broadcast to its shape, have. */
void aot_tensor_order_as(aot_tensor *fresh, aot_tensor *const *tensors, int count);
/* Returns a tensor on the memory of `storage`, whose first element is `offset` bytes from the start; checks the
 * invariant, and raises in the name of `function`. */
aot_tensor *aot_tensor_view(aot_state *state, aot_storage *storage, Py_ssize_t offset, int dtype, int ndim,
                            const Py_ssize_t *shape, const Py_ssize_t *strides, const char *function);
/* Returns a view of a tensor, from its element `offset` on. Checks nothing: its positions must be the tensor's. */
aot_tensor *aot_tensor_part(const aot_tensor *tensor, Py_ssize_t offset, int ndim, const Py_ssize_t *shape,
                            const Py_ssize_t *strides);
/* Finds the lowest address of elements and the end of the highest; equal if there are none. Strides count `unit` bytes. */
void aot_extent(char *data, int dtype, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t unit, char **low,
                char **high);
void aot_tensor_extent(const aot_tensor *tensor, char **low, char **high);
/* The deallocator of tensors, which aot_as_tensor recognizes them by. */
void aot_tensor_dealloc(PyObject *object);
/* Returns an object as a tensor, borrowed, or NULL without an exception. */
aot_tensor *aot_as_tensor(PyObject *object);
/* Reads a tuple of at most AOT_MAX_RANK ints, an argument of a function; returns their number, or -1. */
int aot_read_sizes(PyObject *tuple, Py_ssize_t *sizes, const char *function, const char *argument);
PyObject *aot_tuple_of_sizes(int count, const Py_ssize_t *sizes);

enum aot_copying { AOT_COPY_NEVER, AOT_COPY_IF_NEEDED, AOT_COPY_ALWAYS };

/* buffer.c: the buffer protocol, both ways */
/* Returns a tensor on foreign memory or a copy of it; None if only a copy is possible and that is forbidden. Takes over
 * `view`, even if it fails; its elements are of the dtype. Shape and strides of the view are only read here. */
PyObject *aot_from_memory(aot_state *state, Py_buffer *view, aot_release release, int dtype, enum aot_copying copying,
                          const char *function, const char *argument);
int aot_get_buffer(PyObject *self, Py_buffer *view, int flags);
bool aot_is_column_major(const aot_tensor *tensor);
void aot_release_buffer(PyObject *self, Py_buffer *view);
/* Returns the dtype of a buffer's elements, or -1. */
int aot_dtype_of_buffer(PyObject *exporter, const Py_buffer *view);
/* Returns a tensor on some of an exporter's bytes, or a copy if they are not aligned. */
PyObject *aot_from_bytes(aot_state *state, PyObject *exporter, Py_ssize_t offset, int dtype, int ndim,
                         Py_ssize_t *shape, const char *function, const char *argument);
PyObject *aot_from_buffer(aot_state *state, PyObject *exporter, bool copy, const char *function, const char *argument);
/* Returns a copy of a few contiguous elements; NULL without an exception for any other buffer. */
aot_tensor *aot_copy_few(aot_state *state, PyObject *exporter, const char *function);
/* Returns a tensor on an exporter's memory; NULL without an exception if that is impossible. */
aot_tensor *aot_share_buffer(aot_state *state, PyObject *exporter);

static inline int64_t aot_smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t aot_larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* run.c: running a plan */
/* Returns whether the launch that this thread computes for has been interrupted: then nothing more is to be computed.
 * Whoever calls kernels in a loop asks between two calls. */
bool aot_is_stopped(void);
/* The same for kernels. */
int32_t aot_poll(void);

/* Kernels run here, inside of aot_run, in the default floating-point environment. A kernel ends early if aot_poll tells
 * it to; then aot_is_stopped is true as well. */
static inline void aot_call_kernel(aot_kernel kernel, int64_t n0, int64_t n1, char **data, const int64_t *strides)
{
    aot_kernel_call call = {NULL, aot_poll};
    char *unused = NULL;
    kernel(&unused, &call, n0, n1, data, strides);
}

/* The same outside of aot_run, which sets the environment. For each tile of a sum that costs 40 ns: reading the register
 * waits for the arithmetic before. */
static inline void aot_run_kernel(aot_kernel kernel, int64_t n0, int64_t n1, char **data, const int64_t *strides)
{
    aot_environment before = aot_begin_environment();
    aot_call_kernel(kernel, n0, n1, data, strides);
    aot_end_environment(before);
}

typedef struct {
    char *data;
    const Py_ssize_t *strides;
    uint8_t dtype; /* of the elements in memory */
} aot_view; /* an operand over a given iteration space */

typedef struct {
    int64_t parts, begin, end, busy; /* how many parts, from when to when, and how long they took, in nanoseconds */
} aot_work_of_thread;

typedef struct {
    const aot_state *state;
    const aot_operator_object *operator; /* NULL: a copy, or a routine */
    const struct aot_routine *routine;
    int routine_threads;
    PyObject *launched, *described; /* of an array kernel, instead of the operator and the views; owned */
    int loop_threads;               /* the most threads of loops in it */
    const uint8_t *dtypes;               /* the kernel's */
    int inputs, operands;
    const aot_view *views;
    int ndim;
    const Py_ssize_t *shape;
    PyObject *watcher, *plan;
    bool plans_only;
    int64_t begin;
    int threads;
    aot_work_of_thread *work;
} aot_watch;

typedef struct {
    const void *job;
    int64_t total;        /* elements */
    int threads;          /* at most */
    bool compute_bound;   /* as in an operator's definition */
    bool unbounded;
    bool is_long;         /* it surely takes long enough to wake threads for */
    size_t shared_bytes;  /* of memory for all threads together */
    size_t scratch_bytes; /* of memory for each thread */
    aot_watch *watch;     /* NULL: the launch is not reported */
    /* set by aot_run: */
    char *shared;
    char *scratch;
    bool eager;                    /* use all threads even if that does not pay: for tests */
    struct aot_progress *progress; /* NULL: the launch keeps the GIL, and is too short to be interrupted */
    aot_work_of_thread *work;      /* of each thread, or NULL: not recorded */
} aot_runner;

typedef void (*aot_work)(const aot_runner *runner);
typedef void (*aot_compute)(const aot_runner *runner, int64_t first, int64_t last, char *scratch);

/* Runs `work`. It may be interrupted, if it takes long: the exception of a signal's handler is set then, and what was to
 * be written may be written in part. */
enum aot_outcome { AOT_DONE, AOT_INTERRUPTED, AOT_NO_MEMORY };
enum aot_outcome aot_run(aot_state *state, aot_runner *runner, aot_work work);
/* The same; returns 0, or -1 with an exception, also if there is no memory. */
int aot_run_or_raise(aot_state *state, aot_runner *runner, aot_work work);
/* Distributes items over threads, and waits until all are computed. */
void aot_share(const aot_runner *runner, int64_t items, aot_compute compute);
/* The same for a kernel of a launch that runs on one thread, with a runner of its own. */
void aot_share_within(aot_runner *runner, int64_t items, aot_compute compute);
/* Writes an operand into a plan of known rank; `dtype` is the kernel's. */
void aot_plan_view(aot_plan *plan, int operand, const aot_view *view, int dtype);
void aot_make_plan(aot_planner planner, aot_plan *plan);
/* Moves operands' pointers to a tile of one of a plan's grids; returns the tile's size along the grid's last axis. */
int64_t aot_seek(const aot_plan *plan, int grid, int64_t tile, int operands, char **data);
/* Finds the rows of a row of results: one for each number that a result is while it is computed. */
void aot_rows_of(const aot_plan *plan, char *results, char **rows);

/* Returns an operand's pointer advanced by some bytes; it may be a position, which must not be dereferenced. */
static inline char *aot_moved(char *data, int64_t bytes)
{
    return (char *)((uintptr_t)data + (uintptr_t)bytes);
}

/* see.c: telling aotops.explain and aotops.trace of launches. A watched launch, one while state->watched is set, calls
 * these three in turn. */
void aot_watch_begin(aot_watch *watch, aot_state *state, const aot_operator_object *operator, const uint8_t *dtypes,
                     int inputs, int operands, const aot_view *views, int ndim, const Py_ssize_t *shape);
/* Called before a kernel runs, with the plan, NULL on a fast path; returns true if the kernel must not run. */
bool aot_watch_plan(aot_watch *watch, const aot_plan *plan);
/* Called before the work is shared out: makes room for what is told of each thread, in runner->work. */
void aot_watch_work(aot_watch *watch, aot_runner *runner);
/* Notes a part that this thread has computed. */
void aot_watch_part(aot_work_of_thread *work, int64_t begin);
void aot_watch_end(aot_watch *watch);
static inline bool aot_plans_only(aot_watch *watch, const aot_plan *plan)
{
    return watch != NULL && aot_watch_plan(watch, plan);
}
/* Returns whether a call in this thread is explained, so that it must compute nothing. */
bool aot_is_explained(const aot_state *state);
/* trace(watcher): called with each launch from now on; None: no longer. */
PyObject *aot_trace(aot_state *state, PyObject *watcher);
/* explain(watcher, function, args, kwargs): calls a function whose launches are planned, but not run. */
PyObject *aot_explain(aot_state *state, PyObject *args);
/* In the child of a fork: other threads, which may have been explaining, are not there any more. */
PyObject *aot_forget_other_threads(aot_state *state);

/* launch.c: running elementwise kernels */
extern const Py_ssize_t aot_no_strides[AOT_MAX_RANK]; /* all 0: a repeated element */

/* Runs the kernel of the current level over a space; does nothing if a length is 0. Outputs have equal strides.
 * `dtypes` are the kernel's: elements of views of other dtypes are cast tile by tile. `operator`: whose kernel it is, or
 * NULL of a copy. */
int aot_launch(aot_state *state, const aot_operator_object *operator, const aot_kernel *kernels,
               const uint8_t *dtypes, int inputs, int outputs, const aot_view *views, int ndim,
               const Py_ssize_t *shape);
/* Computes the strides that broadcast a tensor to a shape; returns false if it does not fit. */
bool aot_broadcast_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides);
/* The same for a tensor that is assigned, which may have more axes than the target if the leading ones have length 1;
 * returns -1 with an exception if it does not fit. */
int aot_assigned_strides(const aot_tensor *source, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides);
/* Returns whether two tensors may share memory (never false if they do), and whether they are the same view of it. */
bool aot_may_overlap(const aot_tensor *a, const aot_tensor *b);
bool aot_same_elements(const aot_tensor *a, const aot_tensor *b);
/* Called before a tensor that a caller has given is written to, which is counted. */
int aot_check_writable(const aot_tensor *tensor, const char *function, const char *argument);
/* Copies `source`, broadcast to the shape of `target`, into it, casting elements. Errors call this an assignment. */
int aot_copy(aot_tensor *target, aot_tensor *source);
int aot_fill(aot_tensor *target, aot_element value, int dtype);

/* operator.c: the public callables */
extern PyType_Spec aot_operator_spec;
aot_operator_object *aot_operator_new(aot_state *state, const aot_operator *definition);

/* declare.c: operators that are declared in Python */
PyObject *aot_declare(aot_state *state, PyObject *args);
PyObject *aot_bind(aot_state *state, PyObject *args);
PyObject *aot_set_fallback(aot_state *state, PyObject *args);
PyObject *aot_rename(aot_state *state, PyObject *args);
/* Ensures that a declared operator has kernels or a fallback. */
int aot_load(aot_operator_object *operator);
/* states.c: adds what takes a reduction apart to the module. */
int aot_add_states(PyObject *module);

/* apply.c: elementwise operators. A NULL input is omitted. */
PyObject *aot_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out);
/* The same for a call that is not recorded, whatever is tracked. */
PyObject *aot_apply_plain(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out, bool in_place);
/* Returns the operator that a call runs: the square in place of x ** 2. */
const aot_operator_object *aot_chosen(const aot_operator_object *operator, PyObject *const *inputs);
/* Writes the result into the first input, as `x += y` does. */
PyObject *aot_apply_in_place(const aot_operator_object *operator, PyObject *const *inputs);
/* Fills a tensor with an operator that takes positions. */
PyObject *aot_generate(aot_state *state, PyObject *args);
/* Fills a new 1-d tensor, which may be NULL, with an operator that takes positions, counted from 0, and Python numbers.
 * Takes over `out`, and returns it. */
PyObject *aot_generate_row(const aot_operator_object *operator, int dtype, PyObject *const *numbers, aot_tensor *out);
const aot_variant *aot_variant_of(const aot_operator *definition, int dtype);

/* Finds the variant for inputs of these dtypes, which may have to be cast; numbers (NULL among the tensors) are weak.
 * Returns NULL without an exception if Python must decide: numbers only, ints beyond int64, dtypes without a kernel. */
const aot_variant *aot_find_variant(const aot_operator *definition, PyObject *const *inputs,
                                    aot_tensor *const *tensors);
/* Returns whether an input with a fixed dtype accepts tensors of another one: bool accepts the truth value of any dtype;
 * for positions, see aot_generate. */
static inline bool aot_fixed_takes(int fixed, int given)
{
    return fixed == AOT_BOOL || fixed == AOT_INDEX || aot_can_cast[given][fixed];
}
/* Returns a tuple of tensors that have a variant, cast from the inputs; `tensors` borrows from it. */
PyObject *aot_cast_inputs(const aot_operator_object *operator, PyObject *const *inputs, aot_tensor **tensors);
/* Computes the shape that tensors broadcast to; returns its rank, or -1 without an exception. NULL stands for a number. */
int aot_common_shape(aot_tensor *const *tensors, int count, Py_ssize_t *shape);
/* The same of an operator's inputs, or -1 with an exception. */
int aot_broadcast(const aot_operator *definition, aot_tensor *const *tensors, Py_ssize_t *shape);
/* Returns the shapes of tensors in a tuple, for an error. */
PyObject *aot_shapes_of(aot_tensor *const *tensors, int count);

/* fold.c, scan.c: running reductions, argreductions and scans. Views are of the inputs and, last, of the output. For
 * aot_fold the output has stride 0 along the reduced axes, whose lengths must not be 0. Return 1 if a part of the result
 * has overflowed, or underflowed, so that it must be computed in the operator's other way. `states`, if it is not NULL,
 * is the memory for each number of the states, which are written instead of the results, with the output's strides. */
int aot_fold(const aot_operator_object *operator, const aot_variant *variant, const aot_view *views, int ndim,
             const Py_ssize_t *shape, char *const *states);
int aot_scan(const aot_operator_object *operator, const aot_variant *variant, const aot_view *views, int ndim,
             const Py_ssize_t *shape, int axis);

/* fold_flat.c: reductions without a plan */
/* Reduces few elements along one axis in one call of the kernel; sets `raised` if the result must be computed in the
 * operator's other way. Returns false where there is more to it, and then has done nothing. */
bool aot_fold_flat(const aot_state *state, const aot_operator *definition, const aot_variant *variant,
                   const aot_view *views, int ndim, const Py_ssize_t *shape, aot_watch *watch, bool *raised);
/* Returns the result of no elements, of an operator with an identity. */
aot_element aot_empty_result(const aot_state *state, const aot_operator *definition, const aot_variant *variant);

/* out.c: tensors that the caller passes as `out` */
/* Checks, before anything is computed, that `out` can hold a result of this dtype and shape: that it has the shape, is
 * writable, and that its elements are distinct. Errors of in-place forms do not name `out`, which nobody wrote. */
int aot_check_out(const char *name, const aot_tensor *out, int dtype, int ndim, const Py_ssize_t *shape, bool in_place);
/* For Python: check_out(name, out, dtype, shape, others): raises for an `out` that cannot take a result; returns whether
 * the result can be written there directly: it has the dtype, and shares no memory with the others. */
PyObject *aot_check_out_call(aot_state *state, PyObject *args);
/* The same for the result of an element-wise operator, which broadcasts to `out`, as NumPy has it. */
int aot_check_broadcast_out(const char *name, const aot_tensor *out, int dtype, int ndim, const Py_ssize_t *shape,
                            bool in_place);
/* check_written(name, argument, tensor, others), for Python: of arguments that kernels write to; see out.c. */
PyObject *aot_check_written_call(PyObject *args);
/* The same for a tuple of several results of one shape, which may not share elements with each other either. */
int aot_check_outs(const char *name, PyObject *outs, int count, const uint8_t *dtypes, int ndim,
                   const Py_ssize_t *shape);
/* Copies a result into `out`, which has been checked; takes over `result`, which may be NULL. Returns `out`. */
PyObject *aot_copy_to_out(PyObject *result, aot_tensor *out);
PyObject *aot_copy_to_outs(PyObject *results, PyObject *outs);
/* Checks `out` for a result that has been computed, or a tuple of them, and copies it, broadcast if the result is that
 * of an element-wise operator. Returns `out`, or the result if that is None. */
PyObject *aot_copy_computed(const char *name, PyObject *result, PyObject *out, bool broadcasts);

/* reduce.c: calling reductions and scans */
PyObject *aot_reduce(const aot_operator_object *operator, PyObject *args, PyObject *kwargs);

/* view.c: other shapes of the same elements */
/* Returns a view whose axis k is axis order[k] of the tensor; `order` contains each axis once. */
aot_tensor *aot_permuted(const aot_tensor *tensor, const int *order);
/* Returns a view of matrices with rows and columns exchanged. */
aot_tensor *aot_transposed(const aot_tensor *tensor);
/* Computes a length of -1; returns false unless the lengths, all above 0, have `size` as their product. */
bool aot_complete_shape(Py_ssize_t size, int ndim, Py_ssize_t *shape);
/* Returns the elements in another shape, which must be complete. Returns NULL without an exception if that requires a
 * copy and copying is forbidden. */
aot_tensor *aot_reshaped(aot_tensor *tensor, int ndim, const Py_ssize_t *shape, enum aot_copying copying,
                         const char *function);
/* Returns the tensor itself if it has the dtype and `copy` is false, else a contiguous copy. */
aot_tensor *aot_astype(aot_tensor *tensor, int dtype, bool copy, const char *function);

/* from_python.c: nested sequences of numbers */
/* Returns whether an object is exactly a list, a tuple or a range. */
bool aot_is_sequence(PyObject *data);
/* Returns a new tensor of a number or of nested sequences, in `dtype` or, if that is AOT_NO_DTYPE, in the lowest dtype
 * that holds all of them. Returns NULL without an exception if Python has to read them or to report an error. */
aot_tensor *aot_read_nested(aot_state *state, PyObject *data, int dtype);
/* Returns whether an object is a float64 scalar of another library that is a Python float as well: numpy.float64, which
 * is read as a float four times as fast as through its buffer. */
bool aot_is_float64_scalar(aot_state *state, PyObject *object);
/* Returns a tensor for an operand that is neither a tensor nor a number: nested sequences, or an array, on its own
 * memory. Returns NULL without an exception if Python has to read or reject it. */
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

#include "fast_path.h"

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
PyObject *aot_number_divmod(PyObject *a, PyObject *b);
PyObject *aot_number_matrix_multiply(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_matrix_multiply(PyObject *a, PyObject *b);

/* cpu.c */
/* Returns the level to use, an index, and maps its table's constants; -1 with an ImportError if AOTOPS_CPU is invalid. */
int aot_choose_level(const aot_table *table);

/* tensor_type.c: the Python type of tensors */
extern PyType_Spec aot_tensor_spec, aot_tensor_base_spec;

#endif
