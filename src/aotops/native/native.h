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

#include "kernel.h"

#define AOT_ALIGNMENT 64

typedef struct {
    const char *name;
    const char *format; /* of the buffer protocol */
    uint8_t itemsize;
    uint8_t kind; /* 0 bool, 1 integer, 2 float: a kind can take values of the lower ones */
} aot_dtype_info;

extern const aot_dtype_info aot_dtypes[AOT_N_DTYPES];

/* Everything that belongs to one interpreter's copy of the module. Written while the module is made and by
 * register_tensor_type, afterwards only read. */
typedef struct {
    PyTypeObject *base_type;    /* TensorBase */
    PyTypeObject *tensor_type;  /* Tensor, the Python subclass whose instances operators return */
    PyTypeObject *storage_type;
    PyTypeObject *operator_type;
    PyTypeObject *dtype_type;
    PyObject *dtypes[AOT_N_DTYPES];
    PyObject *slots[AOT_N_SLOTS]; /* the operator behind each special method */
    int level;                    /* the CPU level whose kernels run */
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
} aot_operator_object;

/* storage.c */
extern PyType_Spec aot_storage_spec;
aot_storage *aot_storage_new(aot_state *state, Py_ssize_t nbytes);
/* Takes over `source`, also when it fails. */
aot_storage *aot_storage_of_buffer(aot_state *state, Py_buffer *source, char *data, Py_ssize_t nbytes);

/* dtype.c */
extern PyType_Spec aot_dtype_spec;
int aot_dtype_make_all(aot_state *state);
/* The code of a DType object, or -1 with a TypeError that names the argument. */
int aot_dtype_code(aot_state *state, PyObject *object, const char *argument);

/* tensor.c: the object, its invariant and the ways to make one */
extern PyType_Spec aot_tensor_spec, aot_tensor_base_spec;
aot_tensor *aot_tensor_new(aot_state *state, int dtype, int ndim, const Py_ssize_t *shape);
/* A tensor on memory of `storage`, its first element `offset` bytes from the start; checks the invariant. */
aot_tensor *aot_tensor_view(aot_state *state, aot_storage *storage, Py_ssize_t offset, int dtype, int ndim,
                            const Py_ssize_t *shape, const Py_ssize_t *strides);
/* The lowest and the end of the highest byte that a tensor reaches; equal if it has no elements. */
void aot_tensor_extent(const aot_tensor *tensor, char **low, char **high);
/* The tensor that an object is, borrowed, or NULL without an exception. */
aot_tensor *aot_as_tensor(PyObject *object);
/* Reads a tuple of at most AOT_MAX_RANK ints; returns their number, or -1. */
int aot_read_sizes(PyObject *tuple, Py_ssize_t *sizes, const char *argument);
PyObject *aot_tuple_of_sizes(int count, const Py_ssize_t *sizes);

/* buffer.c: the buffer protocol, both ways */
int aot_get_buffer(PyObject *self, Py_buffer *view, int flags);
void aot_release_buffer(PyObject *self, Py_buffer *view);
PyObject *aot_from_buffer(aot_state *state, PyObject *exporter, bool copy);

/* launch.c: running kernels */
typedef struct {
    char *data;
    const Py_ssize_t *strides;
} aot_view; /* an operand over a given iteration space */

extern const Py_ssize_t aot_no_strides[AOT_MAX_RANK]; /* all 0: an operand repeated everywhere */

/* Runs the kernel of the current level over a space; nothing happens where a length is 0. */
void aot_launch(aot_state *state, const aot_kernel *kernels, const uint8_t *dtypes, int operands,
                const aot_view *views, int ndim, const Py_ssize_t *shape);
/* The strides with which a tensor repeats itself over a shape; false if it does not fit. */
bool aot_broadcast_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides);
/* Whether two tensors may share memory (never false when they do), and whether they are the same view of it. */
bool aot_may_overlap(const aot_tensor *a, const aot_tensor *b);
bool aot_same_elements(const aot_tensor *a, const aot_tensor *b);
int aot_check_writable(const aot_tensor *tensor, const char *argument);
/* Copies `source`, broadcast to the shape of `target`, into it, converting elements. */
int aot_copy(aot_tensor *target, aot_tensor *source);
void aot_fill(aot_tensor *target, aot_element value, int dtype);
/* Python numbers: whether an object is one, the dtype it has by itself, its value as an element of a dtype. */
int aot_is_number(PyObject *object);
int aot_natural_dtype(PyObject *number);
int aot_element_of(PyObject *number, int dtype, aot_element *element);

/* operator.c: the public callables */
extern PyType_Spec aot_operator_spec;
PyObject *aot_operator_new(aot_state *state, const aot_operator *definition);
PyObject *aot_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out);
/* Calls a function of a Python module of aotops with a format as Py_BuildValue has it. */
PyObject *aot_call(const char *module, const char *function, const char *format, ...);
/* The same for a function that raises an exception: always returns NULL. */
PyObject *aot_raise(const char *function, const char *format, ...);

/* Puts a result computed aside into `out`, if its dtype allows; takes over `result`. Returns `out`. */
PyObject *aot_deliver(const aot_operator_object *operator, PyObject *result, aot_tensor *out);
/* Checks the shape of `out` and that it can be written, element by element. */
int aot_check_out(const aot_operator_object *operator, aot_tensor *out, int ndim, const Py_ssize_t *shape);
const aot_variant *aot_variant_of(const aot_operator *definition, int dtype);
/* Whether the key of a keyword argument, which may be any object, is this name. */
bool aot_is_keyword(PyObject *key, const char *name);

/* reduce.c */
PyObject *aot_reduce(const aot_operator_object *operator, PyObject *args, PyObject *kwargs);

/* number.c: Python's special methods */
PyObject *aot_rich_compare(PyObject *a, PyObject *b, int comparison);
PyObject *aot_number_add(PyObject *a, PyObject *b);
PyObject *aot_number_subtract(PyObject *a, PyObject *b);
PyObject *aot_number_multiply(PyObject *a, PyObject *b);
PyObject *aot_number_true_divide(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_add(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_subtract(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_multiply(PyObject *a, PyObject *b);
PyObject *aot_number_inplace_true_divide(PyObject *a, PyObject *b);
PyObject *aot_number_negative(PyObject *a);
PyObject *aot_number_absolute(PyObject *a);

/* cpu.c */
/* The index of the level to use among the table's, or -1 with an ImportError. */
int aot_choose_level(const aot_table *table);

#endif
