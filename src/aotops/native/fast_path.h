/* Public functions that have a fast path in C: function.c, fast_paths.c. A part of native.h. */
#ifndef AOTOPS_FAST_PATH_H
#define AOTOPS_FAST_PATH_H

/* function.c: public functions that have a fast path */
typedef struct aot_fast_path aot_fast_path;

typedef struct {
    PyObject_HEAD
    PyObject *(*vectorcall)(PyObject *self, PyObject *const *args, size_t flags, PyObject *names);
    aot_state *state;
    const aot_fast_path *row;
    PyObject *function;  /* the Python function; NULL until its module is imported */
    PyObject *operators; /* a tuple of those that the fast path calls; NULL while the function is */
} aot_function;

/* How a call of a function with a tracked argument is recorded. */
enum aot_recording {
    AOT_RECORD_IN_PYTHON,
    AOT_RECORD_NOTHING, /* it returns no tensor that depends on the elements */
    AOT_RECORD_COPY,    /* in the same shape */
    AOT_RECORD_RESHAPED,
    AOT_RECORD_PERMUTED,
    AOT_RECORD_MEAN,
    AOT_RECORD_PRODUCT,
};

/* fast_paths.c: `args` holds `count` positional arguments, then those that `names` (NULL: none) names. A fast path
 * declines by returning NULL without an exception; then the Python function is called. */
struct aot_fast_path {
    const char *name; /* the Python function's qualified name */
    PyObject *(*fast_path)(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
    int operators;  /* how many operators it needs */
    bool is_method; /* also a method of TensorBase */
    uint8_t recording; /* enum aot_recording */
};

/* Reads the values of keyword arguments; NULL if omitted or None. Returns false if there are other keywords. `keys`
 * ends with NULL. */
bool aot_read_keywords(PyObject *const *values, PyObject *names, const char *const *keys, PyObject **found);
/* Reads a bool; False if omitted. */
bool aot_plain_flag(PyObject *object, bool *flag);
/* Returns one of the operators that a fast path calls. */
const aot_operator_object *aot_operator_of(const aot_function *self, int k);
/* Reads a shape or axes, given as separate ints or as one int, tuple or list. Returns their number, or -1. */
int aot_plain_sizes(PyObject *const *given, Py_ssize_t count, Py_ssize_t *sizes);
extern const aot_fast_path aot_fast_paths[]; /* ends with a name of NULL */
extern PyType_Spec aot_function_spec;
/* Adds the functions that are methods to TensorBase. */
int aot_add_methods(aot_state *state);
/* Wraps a Python function that has a fast path in the table in a Function. */
PyObject *aot_with_fast_path(aot_state *state, PyObject *function, PyObject *operators);

#endif
