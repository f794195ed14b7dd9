/* Array kernels: functions of whole arrays over a batch. Their interface is in aotops_kernel.h. */
#ifndef AOT_ARRAY_KERNEL_H
#define AOT_ARRAY_KERNEL_H

#include "native.h"

/* The most dimensions of a kernel's layout, or of a function's arguments. */
#define AOT_MOST_DIMENSIONS 255

/* array_memory.c */
extern const aot_array_services aot_array_services_of_this;
/* Called before and after each call of a kernel: frees what it has left. Takes what the former has returned. */
void *aot_array_memory_begin(void);
void aot_array_memory_end(void *outer);
/* Ends a call whose blocks are to be kept; returns them, for the two functions below. */
void *aot_array_memory_leave(void *outer);
/* Takes the block with an array, which the kernel has counted, from those that were kept; finds its memory. Returns what
 * aot_array_memory_free takes, or NULL if it is not among them. */
void *aot_array_memory_take(void **kept, void *counted, char **data, size_t *nbytes);
void aot_array_memory_free(void *taken);
/* Frees the blocks that nobody has taken. */
void aot_array_memory_drop(void *kept);

/* array_parallel.c */
/* How many threads loops over prange may use in the kernels of a library. */
int aot_array_threads(aot_state *state, const aot_array_library *library);
/* Sets how many threads the loops of the kernels that this thread runs may use; returns what it was. */
int aot_array_allow(int threads);
/* Sets where the work of each thread in these loops is noted; NULL: nowhere. */
void aot_array_note(aot_work_of_thread *work);
int32_t aot_array_parallel(aot_array_part function, void *context, int64_t parts, const char *const **error);

/* array_call.c */
/* Returns what a capsule holds, or NULL with an ImportError. */
const aot_array_library *aot_array_library_of(PyObject *capsule);
/* Returns the number in a library of the current level, or of the next lower one that it has; or -1 with an
 * ImportError. */
int aot_array_level(const aot_state *state, const aot_array_library *library);

/* Sets what the state knows of NumPy; returns false while it is not imported. */
bool aot_know_numpy(aot_state *state);
/* Returns the dtype with a code of aotops_kernel.h. */
int aot_dtype_of_stable(int stable);

/* array_function_path.c: the fast path of ArrayFunction.__call__. The attribute _codes of the function has, by the number of
 * arguments, a tuple (library, name, names, numbers of functions, form): how messages call each number and array, and the
 * form of each argument, (class or None, forms of its members) for a tuple and None for others; or None, if no argument is
 * a tuple. */
PyObject *aot_array_function_path(const aot_function *function, PyObject *const *args, Py_ssize_t count,
                                  PyObject *names);

/* array_function.c */
/* Reads what a function does with each argument. */
void aot_array_read_flags(aot_array_kernel function, int arguments, int64_t *flags);
/* Whether a tensor is in the order that an argument's flags ask for. */
bool aot_array_has_order(const aot_tensor *tensor, int64_t flags);
/* Runs a function of tensors, of which some may be NULL. */
PyObject *aot_array_run_once(aot_state *state, const aot_array_library *library, const aot_named_array_kernel *kernel,
                             int level, const int64_t *flags, aot_tensor *const *tensors, const char *name,
                             PyObject *parameters);

/* array_function.c, for Python */
/* run_array_function(library, number, name, parameters, operands): calls a function of whole arrays with tensors of its
 * dtypes and ranks, numbers as tensors without dimensions; returns what it returns, with tensors for arrays. */
PyObject *aot_run_array_function(aot_state *state, PyObject *args);
/* find_array_function(library, symbol): its number, then AOT_WRITES, AOT_ROW_MAJOR, AOT_COLUMN_MAJOR of each argument;
 * ImportError if it is not there. */
PyObject *aot_find_array_function(aot_state *state, PyObject *args);

/* array_kernel.c */
/* Prepares what a kernel gets that is called from here. */
void aot_prepare_array_call(aot_array_call *call);
/* What a kernel has raised, as it spells it, and where it has called what raised, NULL if that is not known: a file and a
 * line, in lines. An exception of Numba's library has no place of its own. */
typedef struct {
    const char *text, *place;
} aot_array_error;
/* Notes where a kernel has called what has raised, unless that is noted already for this thread. */
void aot_array_note_place(const char *place);
/* Returns the place that this thread has noted, NULL if none is, and forgets it. To be called once a kernel has failed. */
const char *aot_array_take_place(void);
/* Returns the error of a kernel that has failed, and forgets its place. */
aot_array_error aot_array_error_of(const aot_array_call *call);
/* Raises it in the name of a kernel; returns NULL. */
PyObject *aot_array_raise(const char *name, aot_array_error error);
typedef struct {
    char *data;
    const Py_ssize_t *shape, *strides;
    Py_ssize_t unit; /* of the strides, in bytes */
    int dtype, ndim;
} aot_array_operand;

static inline aot_array_operand aot_array_operand_of(const aot_tensor *tensor)
{
    Py_ssize_t itemsize = aot_dtypes[tensor->dtype].itemsize;
    return (aot_array_operand){tensor->data, tensor->shape, tensor->strides, itemsize, tensor->dtype, tensor->ndim};
}

/* A launch of a kernel, or of a function of whole arrays, and what is told of it. */
typedef struct {
    const aot_array_library *library;
    const aot_named_array_kernel *kernel;
    int level;
    const char *name;
    PyObject *declared;                /* the names of the arguments, or an object whose attribute `_names` has them */
    const aot_array_operand *operands; /* the inputs, then the outputs */
    const int64_t *flags;              /* of a function's arguments; else NULL */
    int threads, loop_threads;         /* at most: for the batch, and for loops over prange where it has one */
    bool contiguous;                   /* which version runs */
    int ndim;                          /* of the batch */
    const Py_ssize_t *shape;
} aot_array_launch;

/* Runs a kernel: the outputs have the shape of the batch in front of their own axes, to which the inputs are broadcast.
 * `cost` is what an element of an item has taken in nanoseconds, 0 while that is not known, and is kept up to date. */
int aot_launch_array_kernel(aot_state *state, aot_array_launch *launch, double *cost);
/* Runs `work` and tells of it; returns 0, -1 with an exception, or 1 if it is only explained and has not run. */
int aot_run_array(aot_state *state, const aot_array_launch *launch, aot_runner *runner, aot_work work);

/* array_call.c: an aotops.ArrayKernel */
typedef struct {
    PyObject_HEAD
    PyObject *library;      /* the capsule; NULL: not bound yet */
    PyObject *spelled_name; /* the string that `name` points to */
    PyObject *sizes;        /* a function: see bind_array_kernel */
    const char *name;
    int level, count;
    int arguments;                    /* of calls */
    uint8_t order[AOT_MAX_OPERANDS];  /* the position in a call of each operand that is an argument */
    const aot_array_library *table;
    const aot_named_array_kernel **signatures;
    double cost; /* see aot_launch_array_kernel */
    /* what `sizes` has returned last, and for what; of the kernel's number of dimensions, or NULL */
    int64_t *known, *computed;
} aot_array_object;

/* Returns an object as an array kernel, borrowed, or NULL. */
aot_array_object *aot_as_array_kernel(const aot_state *state, PyObject *object);
/* Launches one of its kernels. */
int aot_launch_array_object(aot_state *state, aot_array_object *self, const aot_named_array_kernel *kernel,
                            const aot_array_operand *operands);

/* array_call.c, for Python */
extern PyType_Spec aot_array_kernel_spec;
/* bind_array_kernel(kernel, library, name, symbols, sizes, order): the code of an aotops.ArrayKernel, from a capsule;
 * ImportError if it is not there. `sizes` computes the sizes of all dimensions from a tuple of those that inputs have,
 * which is -1 for the others. `order` has the position in a call of each operand that is an argument: those that are
 * only read, then those that are written in place, which are outputs here. */
PyObject *aot_bind_array_kernel(aot_state *state, PyObject *args);
/* run_array_kernel(kernel, number, operands, names): inputs and outputs, tensors of the dtypes of one of its
 * signatures. `names` are those of the arguments, for messages. */
PyObject *aot_run_array_kernel(aot_state *state, PyObject *args);
/* load_array_kernel(kernel): finds the code of an aotops.ArrayKernel, at its first call. */
PyObject *aot_load_array_kernel(PyObject *kernel);
/* array_path.c: the fast path of ArrayKernel.__call__ */
PyObject *aot_array_kernel_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

#endif
