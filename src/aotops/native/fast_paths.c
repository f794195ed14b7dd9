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
#include "array_kernel.h"
#include "arrays.h"

/* --- reading arguments --------------------------------------------------------------------------- */

bool aot_read_keywords(PyObject *const *values, PyObject *names, const char *const *keys, PyObject **found)
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

bool aot_plain_flag(PyObject *object, bool *flag)
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

/* Reads a device; the only one is "cpu". */
static bool plain_device(PyObject *object)
{
    return object == NULL || aot_is_keyword(object, "cpu");
}

int aot_plain_sizes(PyObject *const *given, Py_ssize_t count, Py_ssize_t *sizes)
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
    int ndim = x != NULL ? aot_plain_sizes(given, count, shape) : -1;
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
    bool plain = count == 2 && aot_read_keywords(args + count, names, keys, &copy) && plain_copying(copy, &copying);
    return plain ? reshaped(aot_as_tensor(args[0]), args + 1, 1, copying, "reshape") : NULL;
}

/* x.reshape(*shape, copy=None) */
static PyObject *reshape_method(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count,
                                PyObject *names)
{
    static const char *const keys[] = {"copy", NULL};
    PyObject *copy;
    enum aot_copying copying;
    bool plain = count > 1 && aot_read_keywords(args + count, names, keys, &copy) && plain_copying(copy, &copying);
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
    if (x == NULL || aot_plain_sizes(args + 1, count - 1, axes) != x->ndim) {
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

/* x.copy() */
static PyObject *copy_method(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count,
                             PyObject *names)
{
    aot_tensor *x = count == 1 && names == NULL ? aot_as_tensor(args[0]) : NULL;
    return x != NULL ? (PyObject *)aot_astype(x, x->dtype, true, "copy") : NULL;
}

/* x.astype(dtype, *, copy=True) */
static PyObject *astype(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"copy", NULL};
    PyObject *copy;
    int dtype;
    bool plain = count == 2 && aot_read_keywords(args + count, names, keys, &copy) &&
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
    if (!PyObject_CheckBuffer(data)) {
        return NULL;
    }
    aot_tensor *few = copy && dtype == AOT_NO_DTYPE ? aot_copy_few(state, data, self->row->name) : NULL;
    if (few != NULL || PyErr_Occurred()) {
        return (PyObject *)few;
    }
    x = aot_share_buffer(state, data);
    dtype = x != NULL && dtype == AOT_NO_DTYPE ? x->dtype : dtype;
    bool is_frozen = x != NULL && x->storage->readonly; /* as one of NumPy's scalars, which are copied */
    bool plain = x != NULL && (x->ndim > 0 || (dtype == x->dtype && (copy || !is_frozen)));
    PyObject *result = plain ? (PyObject *)aot_astype(x, dtype, copy, self->row->name) : NULL;
    Py_XDECREF((PyObject *)x);
    return result;
}

/* tensor(data, *, dtype=None) */
static PyObject *tensor(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"dtype", NULL};
    PyObject *given;
    int dtype;
    bool plain = count == 1 && aot_read_keywords(args + count, names, keys, &given) &&
                 plain_dtype(self->state, given, AOT_NO_DTYPE, &dtype);
    return plain ? read_data(self, args[0], dtype, true) : NULL;
}

/* asarray(obj, *, dtype=None, device=None, copy=None) */
static PyObject *asarray(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"dtype", "copy", "device", NULL};
    PyObject *given[3];
    int dtype;
    bool plain = count == 1 && aot_read_keywords(args + count, names, keys, given) &&
                 plain_dtype(self->state, given[0], AOT_NO_DTYPE, &dtype) && plain_device(given[2]) &&
                 (given[1] == NULL || given[1] == Py_True);
    return plain ? read_data(self, args[0], dtype, given[1] == Py_True) : NULL;
}

/* Returns a new tensor of a shape, its contents undefined. */
static aot_tensor *new_of_shape(const aot_function *self, PyObject *given, int dtype)
{
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = aot_plain_sizes(&given, 1, shape);
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

/* The keywords of functions that create tensors. */
static const char *const of_creation[] = {"dtype", "device", NULL};

/* empty(shape, *, dtype=None, device=None); zeros and ones fill its result */
static aot_tensor *empty_tensor(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given[2];
    int dtype;
    bool plain = count == 1 && aot_read_keywords(args + count, names, of_creation, given) && plain_device(given[1]) &&
                 plain_dtype(self->state, given[0], AOT_FLOAT64, &dtype);
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

/* full(shape, fill_value, *, dtype=None, device=None) */
static PyObject *full(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given[2];
    int dtype;
    aot_element value;
    bool plain = count == 2 && aot_is_number(args[1]) && aot_read_keywords(args + count, names, of_creation, given) &&
                 plain_device(given[1]) && plain_dtype(self->state, given[0], aot_natural_dtype(args[1]), &dtype);
    if (!plain) {
        return NULL;
    }
    if (aot_element_of(args[1], dtype, &value, "full", "fill_value") < 0) {
        PyErr_Clear(); /* Python decides which of two errors is reported */
        return NULL;
    }
    return filled(new_of_shape(self, args[0], dtype), value);
}

const aot_operator_object *aot_operator_of(const aot_function *self, int k)
{
    return (const aot_operator_object *)PyTuple_GetItem(self->operators, k);
}

/* The arguments of arange, read. */
typedef struct {
    PyObject *start, *step; /* owned */
    Py_ssize_t count;
    int natural; /* int64 if all are ints, else float64 */
    bool fits;   /* a given dtype holds both ends */
} spacing;

/* Reads ints whose differences are small enough for a count. */
static bool space_ints(PyObject *const *given, int dtype, spacing *read)
{
    Py_ssize_t ends[3];
    for (int k = 0; k < 3; k++) {
        if (!aot_plain_size(given[k], &ends[k]) || ends[k] < -PY_SSIZE_T_MAX / 16 || ends[k] > PY_SSIZE_T_MAX / 16) {
            return false;
        }
    }
    Py_ssize_t span = ends[1] - ends[0], step = ends[2];
    if (step == 0) {
        return false;
    }
    bool forth = (span > 0) == (step > 0) && span != 0;
    Py_ssize_t steps = forth ? (span - (step > 0 ? 1 : -1)) / step : 0; /* from the first to the last */
    read->count = forth ? steps + 1 : 0;
    read->natural = AOT_INT64;
    PyObject *last = PyLong_FromSsize_t(ends[0] + steps * step);
    read->fits = last != NULL && (dtype == AOT_NO_DTYPE ||
                                  (aot_number_fits(given[0], dtype) && aot_number_fits(last, dtype)));
    Py_XDECREF(last);
    Py_INCREF(given[0]);
    read->start = given[0];
    Py_INCREF(given[2]);
    read->step = given[2];
    return true;
}

/* Returns how many steps, rounded up, there are between two floats; -1 if none, too many, infinitely many or NaN. What is
 * volatile is computed in the default floating-point environment, as in environment.h. */
static Py_ssize_t count_steps(double start, double stop, double step)
{
    aot_environment before = aot_begin_environment();
    volatile double from = start, to = stop, by = step;
    volatile double span = by != 0.0 ? (to - from) / by : -1.0;
    bool countable = span >= 0.0 && span < 1e15;
    Py_ssize_t count = countable ? (Py_ssize_t)span : -1;
    count += countable && (double)count < span;
    aot_end_environment(before);
    return count;
}

/* Reads numbers at least one of which is a float. */
static bool space_floats(PyObject *const *given, int dtype, spacing *read)
{
    double ends[3];
    bool any = false;
    for (int k = 0; k < 3; k++) {
        Py_ssize_t size;
        bool is_float = PyFloat_CheckExact(given[k]);
        if (!is_float && !aot_plain_size(given[k], &size)) {
            return false;
        }
        any = any || is_float;
        ends[k] = is_float ? PyFloat_AsDouble(given[k]) : (double)size;
    }
    read->count = any ? count_steps(ends[0], ends[1], ends[2]) : -1;
    if (read->count < 0) {
        return false;
    }
    read->natural = AOT_FLOAT64;
    read->fits = dtype == AOT_NO_DTYPE || aot_dtypes[dtype].category == AOT_CATEGORY_FLOAT;
    read->start = PyFloat_FromDouble(ends[0]);
    read->step = PyFloat_FromDouble(ends[2]);
    return true;
}

/* arange(start, /, stop=None, step=1, *, dtype=None, device=None) */
static PyObject *arange(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *named[2];
    int dtype;
    if (self->operators == NULL || count < 1 || count > 3 || !aot_read_keywords(args + count, names, of_creation, named) ||
        !plain_device(named[1]) || !plain_dtype(self->state, named[0], AOT_NO_DTYPE, &dtype)) {
        return NULL;
    }
    PyObject *zero = PyLong_FromLong(0), *one = PyLong_FromLong(1), *result = NULL;
    bool has_stop = count > 1 && args[1] != Py_None;
    PyObject *given[] = {has_stop ? args[0] : zero, has_stop ? args[1] : args[0], count > 2 ? args[2] : one};
    spacing read = {.fits = false};
    if (zero != NULL && one != NULL && (space_ints(given, dtype, &read) || space_floats(given, dtype, &read)) &&
        read.fits && read.start != NULL && read.step != NULL) {
        PyObject *numbers[] = {read.start, read.step};
        dtype = dtype == AOT_NO_DTYPE ? read.natural : dtype;
        aot_tensor *out = aot_tensor_new(self->state, dtype, 1, &read.count, "arange");
        result = aot_generate_row(aot_operator_of(self, 0), read.natural, numbers, out);
    }
    Py_XDECREF(read.start);
    Py_XDECREF(read.step);
    Py_XDECREF(zero);
    Py_XDECREF(one);
    return result;
}

/* result_type(*values) */
static PyObject *result_type(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    int category = AOT_CATEGORY_BOOL;
    uint32_t dtypes = 0;
    for (Py_ssize_t k = 0; k < count; k++) {
        const aot_tensor *x = aot_as_tensor(args[k]);
        int own;
        if (x == NULL && aot_is_number(args[k])) {
            int of_number = aot_number_category(args[k]);
            category = of_number > category ? of_number : category;
            continue;
        }
        if (x == NULL && !plain_dtype(self->state, args[k], AOT_NO_DTYPE, &own)) {
            return NULL;
        }
        dtypes |= UINT32_C(1) << (x != NULL ? x->dtype : own);
    }
    if (count == 0 || names != NULL) {
        return NULL;
    }
    int dtype = aot_promote(dtypes);
    PyObject *result = self->state->dtypes[dtype == AOT_NO_DTYPE ? aot_default_dtypes[category]
                                                                 : aot_weak_promotion[category][dtype]];
    Py_INCREF(result);
    return result;
}

/* --- the table ---------------------------------------------------------------------------------- */

const aot_fast_path aot_fast_paths[] = {
    {"ArrayFunction.__call__", aot_array_function_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"ArrayKernel.__call__", aot_array_kernel_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"Generator.normal", aot_normal_path, 0, false, AOT_RECORD_NOTHING},
    {"Generator.uniform", aot_uniform_path, 0, false, AOT_RECORD_NOTHING},
    {"Tensor.astype", astype, 0, false, AOT_RECORD_COPY},
    {"Tensor.contiguous", contiguous, 0, false, AOT_RECORD_COPY},
    {"Tensor.copy", copy_method, 0, false, AOT_RECORD_COPY},
    {"Tensor.permute", permute, 0, false, AOT_RECORD_PERMUTED},
    {"Tensor.reshape", reshape_method, 0, false, AOT_RECORD_RESHAPED},
    {"Tensor.tolist", tolist, 0, false, AOT_RECORD_NOTHING},
    {"Tensor.view", view_method, 0, false, AOT_RECORD_RESHAPED},
    {"arange", arange, 1, false, AOT_RECORD_IN_PYTHON},
    {"argsort", aot_argsort_path, 0, false, AOT_RECORD_NOTHING},
    {"asarray", asarray, 0, false, AOT_RECORD_IN_PYTHON},
    {"concat", aot_concat, 0, false, AOT_RECORD_IN_PYTHON},
    {"count_nonzero", aot_count_nonzero, 1, false, AOT_RECORD_NOTHING},
    {"empty", empty, 0, false, AOT_RECORD_NOTHING},
    {"flip", aot_flip_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"full", full, 0, false, AOT_RECORD_IN_PYTHON},
    {"matmul", aot_matmul_path, 0, false, AOT_RECORD_PRODUCT},
    {"mean", aot_mean_path, 3, true, AOT_RECORD_MEAN},
    {"nonzero", aot_nonzero, 1, false, AOT_RECORD_NOTHING},
    {"ones", ones, 0, false, AOT_RECORD_NOTHING},
    {"permute_dims", permute_dims, 0, false, AOT_RECORD_PERMUTED},
    {"repeat", aot_repeat_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"reshape", reshape, 0, false, AOT_RECORD_RESHAPED},
    {"result_type", result_type, 0, false, AOT_RECORD_NOTHING},
    {"roll", aot_roll_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"sort", aot_sort_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"stack", aot_stack, 0, false, AOT_RECORD_IN_PYTHON},
    {"std", aot_std_path, 6, true, AOT_RECORD_IN_PYTHON},
    {"take", aot_take_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"take_along_axis", aot_take_along_axis, 0, false, AOT_RECORD_IN_PYTHON},
    {"tensor", tensor, 0, false, AOT_RECORD_IN_PYTHON},
    {"tile", aot_tile_path, 0, false, AOT_RECORD_IN_PYTHON},
    {"tril", aot_tril, 0, false, AOT_RECORD_IN_PYTHON},
    {"triu", aot_triu, 0, false, AOT_RECORD_IN_PYTHON},
    {"var", aot_var_path, 6, true, AOT_RECORD_IN_PYTHON},
    {"vecdot", aot_vecdot_path, 3, false, AOT_RECORD_IN_PYTHON},
    {"zeros", zeros, 0, false, AOT_RECORD_NOTHING},
    {NULL, NULL, 0, false, 0},
};
