/* Fast paths of public functions: what they do for plain arguments, in C. In Python, each of them:
 *
 *     def fast_path(*args, **kwargs):
 *         if not plain(args, kwargs): return None      # declines: NULL without an exception
 *         return what the Python function would
 *
 * Plain arguments are tensors, ints, bools and floats of exactly these types, tuples and lists of ints, None, dtypes
 * and their names. A fast path also declines arguments that are plain but wrong, so that all error messages are written
 * in Python.
 */
#include "native.h"

/* --- reading arguments --------------------------------------------------------------------------- */

/* Reads the values of keyword arguments; NULL if omitted or None. Returns false if there are other keywords. `keys`
 * ends with NULL. */
static bool read_keywords(PyObject *const *values, PyObject *names, const char *const *keys, PyObject **found)
{
    Py_ssize_t given = names != NULL ? PyTuple_Size(names) : 0;
    for (int key = 0; keys[key] != NULL; key++) {
        found[key] = NULL;
    }
    for (Py_ssize_t k = 0; k < given; k++) {
        PyObject *name = PyTuple_GetItem(names, k);
        int key = 0;
        while (keys[key] != NULL && !aot_is_keyword(name, keys[key])) {
            key++;
        }
        if (keys[key] == NULL) {
            return false;
        }
        found[key] = values[k] == Py_None ? NULL : values[k];
    }
    return true;
}

/* Reads a bool; False if omitted. */
static bool plain_flag(PyObject *object, bool *flag)
{
    *flag = object == Py_True;
    return object == NULL || object == Py_True || object == Py_False;
}

/* Reads a dtype or its name; `standard` if omitted. */
static bool plain_dtype(aot_state *state, PyObject *object, int standard, int *dtype)
{
    *dtype = standard;
    if (object == NULL) {
        return true;
    }
    for (int code = 0; code < AOT_N_DTYPES; code++) {
        if (object == state->dtypes[code] || aot_is_keyword(object, aot_dtypes[code].name)) {
            *dtype = code;
            return true;
        }
    }
    return false;
}

/* Reads a shape or axes, given as separate ints or as one int, tuple or list. Returns their number, or -1. */
static int plain_sizes(PyObject *const *given, Py_ssize_t count, Py_ssize_t *sizes)
{
    PyObject *sequence = count == 1 && !PyLong_CheckExact(*given) ? *given : NULL;
    bool is_tuple = sequence != NULL && PyTuple_CheckExact(sequence);
    if (sequence != NULL) {
        if (!is_tuple && !PyList_CheckExact(sequence)) {
            return -1;
        }
        count = is_tuple ? PyTuple_Size(sequence) : PyList_Size(sequence);
    }
    if (count > AOT_MAX_RANK) {
        return -1;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *item = sequence == NULL ? given[k] : is_tuple ? PyTuple_GetItem(sequence, k) : PyList_GetItem(sequence, k);
        if (!aot_plain_size(item, &sizes[k])) {
            return -1;
        }
    }
    return (int)count;
}

/* --- views --------------------------------------------------------------------------------------- */

static PyObject *reshaped(aot_tensor *x, PyObject *const *given, Py_ssize_t count, enum aot_copying copying,
                          const char *function)
{
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = x != NULL ? plain_sizes(given, count, shape) : -1;
    bool fits = ndim >= 0 && aot_complete_shape(x->size, ndim, shape);
    return fits ? (PyObject *)aot_reshaped(x, ndim, shape, copying, function) : NULL;
}

static bool plain_copying(PyObject *object, enum aot_copying *copying)
{
    *copying = object == NULL ? AOT_COPY_IF_NEEDED : object == Py_True ? AOT_COPY_ALWAYS : AOT_COPY_NEVER;
    return object == NULL || object == Py_True || object == Py_False;
}

/* reshape(x, shape, *, copy=None) */
static PyObject *reshape(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"copy", NULL};
    PyObject *copy;
    enum aot_copying copying;
    bool plain = count == 2 && read_keywords(args + count, names, keys, &copy) && plain_copying(copy, &copying);
    return plain ? reshaped(aot_as_tensor(args[0]), args + 1, 1, copying, "reshape") : NULL;
}

/* x.reshape(*shape, copy=None) */
static PyObject *reshape_method(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count,
                                PyObject *names)
{
    static const char *const keys[] = {"copy", NULL};
    PyObject *copy;
    enum aot_copying copying;
    bool plain = count > 1 && read_keywords(args + count, names, keys, &copy) && plain_copying(copy, &copying);
    return plain ? reshaped(aot_as_tensor(args[0]), args + 1, count - 1, copying, "reshape") : NULL;
}

/* x.view(*shape) */
static PyObject *view_method(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count,
                             PyObject *names)
{
    bool plain = count > 1 && names == NULL;
    return plain ? reshaped(aot_as_tensor(args[0]), args + 1, count - 1, AOT_COPY_NEVER, "view") : NULL;
}

/* permute_dims(x, axes), x.permute(*axes) */
static PyObject *permute(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    const aot_tensor *x = count > 1 && names == NULL ? aot_as_tensor(args[0]) : NULL;
    Py_ssize_t axes[AOT_MAX_RANK];
    int order[AOT_MAX_RANK];
    uint32_t seen = 0;
    if (x == NULL || plain_sizes(args + 1, count - 1, axes) != x->ndim) {
        return NULL;
    }
    for (int k = 0; k < x->ndim; k++) {
        if (axes[k] < -x->ndim || axes[k] >= x->ndim) {
            return NULL;
        }
        order[k] = (int)axes[k] + (axes[k] < 0 ? x->ndim : 0);
        if (seen >> order[k] & 1) {
            return NULL;
        }
        seen |= UINT32_C(1) << order[k];
    }
    return (PyObject *)aot_permuted(x, order);
}

static PyObject *permute_dims(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return count == 2 ? permute(self, args, count, names) : NULL;
}

/* x.contiguous() */
static PyObject *contiguous(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count,
                            PyObject *names)
{
    aot_tensor *x = count == 1 && names == NULL ? aot_as_tensor(args[0]) : NULL;
    if (x != NULL && x->contiguous) {
        Py_INCREF((PyObject *)x);
        return (PyObject *)x;
    }
    return x != NULL ? (PyObject *)aot_astype(x, x->dtype, true, "contiguous") : NULL;
}

/* x.astype(dtype, *, copy=True) */
static PyObject *astype(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"copy", NULL};
    PyObject *copy;
    int dtype;
    bool plain = count == 2 && read_keywords(args + count, names, keys, &copy) &&
                 (copy == NULL ? names == NULL : copy == Py_True || copy == Py_False) &&
                 plain_dtype(self->state, args[1], -1, &dtype);
    aot_tensor *x = plain ? aot_as_tensor(args[0]) : NULL;
    return x != NULL ? (PyObject *)aot_astype(x, dtype, copy != Py_False, "astype") : NULL;
}

/* x.tolist() */
static PyObject *tolist(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    const aot_tensor *x = count == 1 && names == NULL ? aot_as_tensor(args[0]) : NULL;
    return x != NULL ? aot_to_list(x) : NULL;
}

/* --- creation ------------------------------------------------------------------------------------ */

/* Returns a tensor of plain data; of a tensor or a buffer, on the same memory. NULL without an exception if the data
 * are not plain. */
static PyObject *read_data(const aot_function *self, PyObject *data, int dtype, bool copy)
{
    aot_state *state = self->state;
    aot_tensor *x = aot_as_tensor(data);
    if (x != NULL) {
        dtype = dtype == AOT_NO_DTYPE ? x->dtype : dtype;
        /* a single element is converted like a Python number: NaN has no integer value */
        bool by_itself = x->ndim == 0 && dtype != x->dtype;
        return by_itself ? NULL : (PyObject *)aot_astype(x, dtype, copy, self->row->name);
    }
    if (aot_is_sequence(data) || aot_is_number(data)) {
        return (PyObject *)aot_read_nested(state, data, dtype);
    }
    if (!PyObject_CheckBuffer(data) || dtype != AOT_NO_DTYPE) {
        return NULL;
    }
    x = aot_share_buffer(state, data);
    PyObject *result = x == NULL ? NULL : (PyObject *)aot_astype(x, x->dtype, copy, self->row->name);
    Py_XDECREF((PyObject *)x);
    return result;
}

/* tensor(data, *, dtype=None) */
static PyObject *tensor(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"dtype", NULL};
    PyObject *given;
    int dtype;
    bool plain = count == 1 && read_keywords(args + count, names, keys, &given) &&
                 plain_dtype(self->state, given, AOT_NO_DTYPE, &dtype);
    return plain ? read_data(self, args[0], dtype, true) : NULL;
}

/* asarray(obj, *, dtype=None, copy=None) */
static PyObject *asarray(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"dtype", "copy", NULL};
    PyObject *given[2];
    int dtype;
    bool plain = count == 1 && read_keywords(args + count, names, keys, given) &&
                 plain_dtype(self->state, given[0], AOT_NO_DTYPE, &dtype) && (given[1] == NULL || given[1] == Py_True);
    return plain ? read_data(self, args[0], dtype, given[1] == Py_True) : NULL;
}

/* Returns a new tensor of a shape, its contents undefined. */
static aot_tensor *new_of_shape(const aot_function *self, PyObject *given, int dtype)
{
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = plain_sizes(&given, 1, shape);
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] < 0) {
            return NULL;
        }
    }
    return ndim < 0 ? NULL : aot_tensor_new(self->state, dtype, ndim, shape, self->row->name);
}

static PyObject *filled(aot_tensor *target, aot_element value)
{
    if (target != NULL && aot_fill(target, value, target->dtype) < 0) {
        Py_CLEAR(target);
    }
    return (PyObject *)target;
}

/* empty(shape, *, dtype=None); zeros and ones fill its result */
static aot_tensor *empty_tensor(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"dtype", NULL};
    PyObject *given;
    int dtype;
    bool plain = count == 1 && read_keywords(args + count, names, keys, &given) &&
                 plain_dtype(self->state, given, AOT_FLOAT64, &dtype);
    return plain ? new_of_shape(self, args[0], dtype) : NULL;
}

static PyObject *empty(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return (PyObject *)empty_tensor(self, args, count, names);
}

static PyObject *zeros(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return filled(empty_tensor(self, args, count, names), (aot_element){{0}});
}

static PyObject *ones(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    aot_tensor *target = empty_tensor(self, args, count, names);
    aot_element one = {{0}};
    if (target != NULL && aot_element_of(Py_True, target->dtype, &one, "ones", "1") < 0) {
        Py_CLEAR(target);
    }
    return filled(target, one);
}

/* full(shape, fill_value, *, dtype=None) */
static PyObject *full(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"dtype", NULL};
    PyObject *given;
    int dtype;
    aot_element value;
    bool plain = count == 2 && aot_is_number(args[1]) && read_keywords(args + count, names, keys, &given) &&
                 plain_dtype(self->state, given, aot_natural_dtype(args[1]), &dtype);
    if (!plain) {
        return NULL;
    }
    if (aot_element_of(args[1], dtype, &value, "full", "fill_value") < 0) {
        PyErr_Clear(); /* Python decides which of two errors is reported */
        return NULL;
    }
    return filled(new_of_shape(self, args[0], dtype), value);
}

/* --- statistics ---------------------------------------------------------------------------------- */

typedef struct {
    aot_tensor *x;
    PyObject *axis; /* an int within range, or NULL: all axes */
    PyObject *correction; /* an int or a float; NULL: 0 */
    bool keepdims;
    Py_ssize_t folded; /* elements per element of the result */
} statistic;

/* The keywords of statistics: mean has the first four. Calls with dtype or out have no fast path. */
static const char *const of_mean[] = {"axis", "keepdims", "dtype", "out", NULL};
static const char *const of_variance[] = {"axis", "keepdims", "dtype", "out", "correction", "ddof", NULL};

static bool read_statistic(const aot_function *self, const char *const *keys, PyObject *const *args, Py_ssize_t count,
                           PyObject *names, statistic *read)
{
    PyObject *given[6] = {NULL};
    if (self->operators == NULL || count < 1 || count > 2 || !read_keywords(args + count, names, keys, given) ||
        given[2] != NULL || given[3] != NULL || (given[4] != NULL && given[5] != NULL)) {
        return false;
    }
    for (Py_ssize_t k = 0; count == 2 && names != NULL && k < PyTuple_Size(names); k++) {
        if (aot_is_keyword(PyTuple_GetItem(names, k), "axis")) {
            return false; /* given twice */
        }
    }
    read->x = aot_as_tensor(args[0]);
    read->axis = count == 2 ? (args[1] == Py_None ? NULL : args[1]) : given[0];
    read->correction = given[4] != NULL ? given[4] : given[5];
    Py_ssize_t axis = 0;
    if (read->x == NULL || !plain_flag(given[1], &read->keepdims) ||
        (read->correction != NULL && !PyLong_CheckExact(read->correction) && !PyFloat_CheckExact(read->correction)) ||
        (read->axis != NULL &&
         (!aot_plain_size(read->axis, &axis) || axis < -read->x->ndim || axis >= read->x->ndim))) {
        return false;
    }
    read->folded = read->axis == NULL ? read->x->size : read->x->shape[axis + (axis < 0 ? read->x->ndim : 0)];
    return true;
}

static const aot_operator_object *operator_of(const aot_function *self, int k)
{
    return (const aot_operator_object *)PyTuple_GetItem(self->operators, k);
}

/* Reduces `x`, and a second input unless it is NULL, along the axis of a statistic. */
static PyObject *reduced(const statistic *read, const aot_operator_object *operator, PyObject *x, PyObject *second,
                         bool keepdims)
{
    PyObject *axis = read->axis != NULL ? read->axis : Py_None;
    PyObject *args = second != NULL ? Py_BuildValue("(OOO)", x, second, axis) : Py_BuildValue("(OO)", x, axis);
    PyObject *names = args != NULL && keepdims ? Py_BuildValue("{sO}", "keepdims", Py_True) : NULL;
    PyObject *result = args != NULL && (names != NULL || !keepdims) ? aot_reduce(operator, args, names) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(names);
    return result;
}

/* Divides a tensor by a Python number; takes over both. */
static PyObject *divided(const aot_operator_object *divide, PyObject *x, PyObject *number)
{
    PyObject *inputs[] = {x, number};
    PyObject *result = x != NULL && number != NULL ? aot_apply(divide, inputs, NULL) : NULL;
    Py_XDECREF(x);
    Py_XDECREF(number);
    return result;
}

/* mean: its operators are divide, the sum of floats, and the sum of other dtypes as floats */
static PyObject *mean(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    statistic read;
    if (!read_statistic(self, of_mean, args, count, names, &read)) {
        return NULL;
    }
    bool is_float = aot_dtypes[read.x->dtype].kind == AOT_KIND_REAL;
    PyObject *total = reduced(&read, operator_of(self, is_float ? 1 : 2), (PyObject *)read.x, NULL, read.keepdims);
    return divided(operator_of(self, 0), total, PyLong_FromSsize_t(read.folded));
}

/* Returns the number of elements minus the correction, at least 0. */
static PyObject *degrees_of_freedom(const statistic *read)
{
    PyObject *folded = PyLong_FromSsize_t(read->folded);
    if (folded == NULL || read->correction == NULL) {
        return folded;
    }
    PyObject *left = PyNumber_Subtract(folded, read->correction), *zero = PyLong_FromLong(0);
    Py_DECREF(folded);
    int negative = left != NULL && zero != NULL ? PyObject_RichCompareBool(left, zero, Py_LT) : -1;
    PyObject *result = negative < 0 ? NULL : negative ? zero : left; /* NaN is kept */
    Py_XINCREF(result);
    Py_XDECREF(left);
    Py_XDECREF(zero);
    return result;
}

/* var: its operators are divide, the sum, and the sum of squared deviations */
static PyObject *var(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    statistic read;
    if (!read_statistic(self, of_variance, args, count, names, &read)) {
        return NULL;
    }
    bool is_float = aot_dtypes[read.x->dtype].kind == AOT_KIND_REAL;
    PyObject *x = (PyObject *)aot_astype(read.x, is_float ? read.x->dtype : AOT_FLOAT64, false, self->row->name);
    if (x == NULL) {
        return NULL;
    }
    PyObject *centre = divided(operator_of(self, 0), reduced(&read, operator_of(self, 1), x, NULL, true),
                               PyLong_FromSsize_t(read.folded));
    PyObject *total = centre != NULL ? reduced(&read, operator_of(self, 2), x, centre, read.keepdims) : NULL;
    Py_XDECREF(centre);
    Py_DECREF(x);
    return total != NULL ? divided(operator_of(self, 0), total, degrees_of_freedom(&read)) : NULL;
}

/* std: as var, and the square root */
static PyObject *std(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *variance = var(self, args, count, names);
    PyObject *result = variance != NULL ? aot_apply(operator_of(self, 3), &variance, NULL) : NULL;
    Py_XDECREF(variance);
    return result;
}

const aot_fast_path aot_fast_paths[] = {
    {"Tensor.astype", astype, 0, false},
    {"Tensor.contiguous", contiguous, 0, false},
    {"Tensor.permute", permute, 0, false},
    {"Tensor.reshape", reshape_method, 0, false},
    {"Tensor.tolist", tolist, 0, false},
    {"Tensor.view", view_method, 0, false},
    {"asarray", asarray, 0, false},
    {"empty", empty, 0, false},
    {"full", full, 0, false},
    {"mean", mean, 3, true},
    {"ones", ones, 0, false},
    {"permute_dims", permute_dims, 0, false},
    {"reshape", reshape, 0, false},
    {"std", std, 4, true},
    {"tensor", tensor, 0, false},
    {"var", var, 3, true},
    {"zeros", zeros, 0, false},
    {NULL, NULL, 0, false},
};
