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

/* array_function.c, for Python */
/* The fast path of ArrayFunction.__call__, for tensors, NumPy's arrays and Python's numbers that need no cast. The attribute
 * _codes of the function has, by the number of arguments, (library, name, parameters, numbers of functions). */
PyObject *aot_array_function_path(const aot_function *function, PyObject *const *args, Py_ssize_t count,
                                  PyObject *names);
/* run_array_function(library, number, name, parameters, operands): calls a function of whole arrays with tensors of its
 * dtypes and ranks, numbers as tensors without dimensions; returns what it returns, with tensors for arrays. */
PyObject *aot_run_array_function(aot_state *state, PyObject *args);
/* find_array_function(library, symbol): its number, then AOT_WRITES, AOT_ROW_MAJOR, AOT_COLUMN_MAJOR of each argument;
 * ImportError if it is not there. */
PyObject *aot_find_array_function(aot_state *state, PyObject *args);

/* array_kernel.c */
/* Prepares what a kernel gets that is called from here. */
void aot_prepare_array_call(aot_array_call *call);
/* Returns the error of a kernel that has failed, as the kernel spells it. */
const char *aot_array_error(const aot_array_call *call);
typedef struct {
    char *data;
    const Py_ssize_t *shape, *strides;
    Py_ssize_t unit; /* of the strides, in bytes */
    int dtype, ndim;
} aot_array_operand;

/* Runs a kernel: the inputs, then the outputs, which have the shape of the batch in front of their own axes, to which the
 * inputs are broadcast. Loops in it may use so many threads. `cost` is what an element of an item has taken in nanoseconds,
 * 0 while that is not known, and is kept up to date. */
int aot_launch_array_kernel(aot_state *state, const aot_named_array_kernel *kernel, int level, int loop_threads,
                            double *cost, const aot_array_operand *operands, const char *name);

/* array_call.c, for Python */
extern PyType_Spec aot_array_kernel_spec;
/* bind_array_kernel(kernel, library, name, symbols, sizes): the code of an aotops.ArrayKernel, from a capsule;
 * ImportError if it is not there. `sizes` computes the sizes of all dimensions from a tuple of those that inputs have,
 * which is -1 for the others. */
PyObject *aot_bind_array_kernel(aot_state *state, PyObject *args);
/* run_array_kernel(kernel, number, operands): inputs and outputs, tensors of the dtypes of one of its signatures. */
PyObject *aot_run_array_kernel(aot_state *state, PyObject *args);
/* load_array_kernel(kernel): finds the code of an aotops.ArrayKernel, at its first call. */
PyObject *aot_load_array_kernel(PyObject *kernel);
/* The fast path of ArrayKernel.__call__. */
PyObject *aot_array_kernel_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

#endif
