/* Fast paths of mean, var and std: several launches, without Python in between. In Python:
 *
 *     def mean(x, axis=None, *, keepdims=False):
 *         return sum(x, axis, keepdims=keepdims) / number of folded elements       # unless the sum has overflowed
 *
 *     def var(x, axis=None, *, correction=0, keepdims=False):
 *         centre = mean(x, axis, keepdims=True)
 *         total = sum_of_squared_deviations(x, centre, axis, keepdims=True)        # unless that has left the range
 *         if no variance is so small beside its mean that the mean's rounding shows:
 *             return total / (number of folded elements - correction)
 *
 * What is excepted is left to Python, and so are dtypes other than floats, masks and outputs. A fourth one:
 *
 *     def vecdot(x1, x2, /, *, axis=-1):           # of one dtype; others are left to Python
 *         return any_of_products(x1, x2, axis), of bools, or sum_of_products, or sum_of_conjugate_products
 */
#include "arrays.h"

typedef struct {
    aot_tensor *x;
    PyObject *axis; /* an int within range, a tuple of them, or NULL: all axes */
    bool keepdims;
    Py_ssize_t folded; /* elements per element of the result */
} statistic;

/* The keywords that have a fast path, and those that have none. */
enum { AXIS, KEEPDIMS, CORRECTION };
/* The operators of mean, and those of var and std. */
enum { DIVIDE, SUM, SUM_AS_FLOAT };
enum { SQUARES = 2, IS_FAR, ANY, ROOT };
static const char *const of_mean[] = {"axis", "keepdims", NULL};
static const char *const of_variance[] = {"axis", "keepdims", "correction", NULL};

static bool read_statistic(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names,
                           const char *const *keys, PyObject **given, statistic *read)
{
    if (self->operators == NULL || count < 1 || count > 2 || !aot_read_keywords(args + count, names, keys, given)) {
        return false;
    }
    for (Py_ssize_t k = 0; count == 2 && names != NULL && k < PyTuple_Size(names); k++) {
        if (aot_is_keyword(PyTuple_GetItem(names, k), "axis")) {
            return false; /* given twice */
        }
    }
    read->x = aot_as_tensor(args[0]);
    read->axis = count == 2 ? (args[1] == Py_None ? NULL : args[1]) : given[AXIS];
    Py_ssize_t axis = 0;
    if (read->x == NULL || !aot_plain_flag(given[KEEPDIMS], &read->keepdims)) {
        return false;
    }
    uint32_t mask;
    if (read->axis == NULL) {
        read->folded = read->x->size;
    } else if (aot_plain_size(read->axis, &axis)) {
        if (axis < -read->x->ndim || axis >= read->x->ndim) {
            return false;
        }
        read->folded = read->x->shape[axis + (axis < 0 ? read->x->ndim : 0)];
    } else {
        if (!aot_plain_axes(read->axis, read->x->ndim, &mask)) {
            return false;
        }
        read->folded = 1;
        for (int k = 0; k < read->x->ndim; k++) {
            read->folded *= mask >> k & 1 ? read->x->shape[k] : 1;
        }
    }
    return true;
}

PyObject *aot_reduced(const aot_operator_object *operator, int count, PyObject *const *inputs, PyObject *axis, bool keepdims)
{
    PyObject *args = PyTuple_New(count + 1);
    bool failed = args == NULL;
    for (int k = 0; !failed && k <= count; k++) {
        PyObject *argument = k < count ? inputs[k] : axis != NULL ? axis : Py_None;
        Py_XINCREF(argument);
        failed = argument == NULL || PyTuple_SetItem(args, k, argument) < 0;
    }
    PyObject *names = !failed && keepdims ? Py_BuildValue("{sO}", "keepdims", Py_True) : NULL;
    PyObject *result = !failed && (names != NULL || !keepdims) ? aot_reduce(operator, args, names) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(names);
    return result;
}

/* Divides a new tensor by a Python number, in place if it is of floats; takes over both. */
static PyObject *divided(const aot_operator_object *divide, PyObject *x, PyObject *number)
{
    PyObject *inputs[] = {x, number};
    bool is_float = x != NULL && aot_dtypes[((aot_tensor *)x)->dtype].category == AOT_CATEGORY_FLOAT;
    PyObject *result = x != NULL && number != NULL ? aot_apply(divide, inputs, is_float ? x : NULL) : NULL;
    Py_XDECREF(x);
    Py_XDECREF(number);
    return result;
}

/* The sum of a tensor, by an operator; NULL, maybe without an exception, if it has overflowed. */
static PyObject *plain_sum(const statistic *read, const aot_operator_object *sum, bool keepdims)
{
    int64_t before = read->x->state->retries;
    PyObject *x = (PyObject *)read->x, *total = aot_reduced(sum, 1, &x, read->axis, keepdims);
    if (total != NULL && read->x->state->retries != before) {
        Py_CLEAR(total);
    }
    return total;
}

PyObject *aot_mean_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given[2];
    statistic read;
    if (!read_statistic(self, args, count, names, of_mean, given, &read)) {
        return NULL;
    }
    const aot_dtype_info *dtype = &aot_dtypes[read.x->dtype];
    int sum = dtype->category < AOT_CATEGORY_FLOAT && dtype->itemsize == 8 ? SUM_AS_FLOAT : SUM;
    PyObject *total = plain_sum(&read, aot_operator_of(self, sum), read.keepdims);
    return total == NULL ? NULL : divided(aot_operator_of(self, DIVIDE), total, PyLong_FromSsize_t(read.folded));
}

/* Returns 1 if a mean is so far from 0 that its rounding shows in its sum of squares, else 0; -1 with an exception. */
static int shows_rounding(const aot_function *self, PyObject *total, PyObject *centre, Py_ssize_t count)
{
    PyObject *number = PyLong_FromSsize_t(count), *inputs[] = {total, centre, number};
    PyObject *far = number != NULL ? aot_apply(aot_operator_of(self, IS_FAR), inputs, NULL) : NULL;
    PyObject *any = far != NULL ? aot_reduced(aot_operator_of(self, ANY), 1, &far, NULL, false) : NULL;
    int shows = any != NULL ? *(const uint8_t *)aot_as_tensor(any)->data != 0 : -1;
    Py_XDECREF(number);
    Py_XDECREF(far);
    Py_XDECREF(any);
    return shows;
}

/* Removes the folded axes of a result, which have length 1; takes it over. */
static PyObject *without_folded(const statistic *read, PyObject *result)
{
    Py_ssize_t shape[AOT_MAX_RANK], axis;
    int ndim = 0;
    uint32_t folded = UINT32_MAX;
    if (read->axis != NULL && aot_plain_size(read->axis, &axis)) {
        folded = UINT32_C(1) << (axis < 0 ? axis + read->x->ndim : axis);
    } else if (read->axis != NULL && !aot_plain_axes(read->axis, read->x->ndim, &folded)) {
        folded = 0; /* read_statistic has read it */
    }
    for (int k = 0; k < read->x->ndim; k++) {
        if (!(folded >> k & 1)) {
            shape[ndim++] = read->x->shape[k];
        }
    }
    PyObject *without = (PyObject *)aot_reshaped(aot_as_tensor(result), ndim, shape, AOT_COPY_IF_NEEDED, "var");
    Py_DECREF(result);
    return without;
}

static PyObject *variance(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names, bool root)
{
    PyObject *given[3];
    statistic read;
    Py_ssize_t correction = 0;
    if (!read_statistic(self, args, count, names, of_variance, given, &read) || read.folded == 0 ||
        aot_dtypes[read.x->dtype].category != AOT_CATEGORY_FLOAT ||
        (given[CORRECTION] != NULL && !aot_plain_size(given[CORRECTION], &correction))) {
        return NULL;
    }
    const aot_operator_object *divide = aot_operator_of(self, DIVIDE);
    PyObject *total = plain_sum(&read, aot_operator_of(self, SUM), true), *result = NULL;
    PyObject *centre = total == NULL ? NULL : divided(divide, total, PyLong_FromSsize_t(read.folded));
    if (centre == NULL) {
        return NULL;
    }
    int64_t before = read.x->state->retries;
    PyObject *inputs[] = {(PyObject *)read.x, centre};
    total = aot_reduced(aot_operator_of(self, SQUARES), 2, inputs, read.axis, true);
    if (total != NULL && read.x->state->retries == before &&
        shows_rounding(self, total, centre, read.folded) == 0) {
        Py_ssize_t degrees = correction < read.folded ? read.folded - correction : 0;
        result = divided(divide, total, PyLong_FromSsize_t(degrees));
        total = NULL;
    }
    if (result != NULL && root) {
        PyObject *squared = result;
        result = aot_apply(aot_operator_of(self, ROOT), &squared, squared);
        Py_DECREF(squared);
    }
    Py_XDECREF(total);
    Py_DECREF(centre);
    return result == NULL || read.keepdims ? result : without_folded(&read, result);
}

PyObject *aot_var_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return variance(self, args, count, names, false);
}

PyObject *aot_std_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return variance(self, args, count, names, true);
}

/* --- vecdot ---------------------------------------------------------------------------------------- */

/* The operators of vecdot. */
enum { ANY_OF_PRODUCTS, SUM_OF_PRODUCTS, SUM_OF_CONJUGATE_PRODUCTS };

/* Returns whether vectors along an axis, which counts from the end, have one length, and all other axes broadcast. */
static bool fit_along(const aot_tensor *x1, const aot_tensor *x2, Py_ssize_t axis)
{
    int both = x1->ndim < x2->ndim ? x1->ndim : x2->ndim;
    if (axis >= 0 || axis < -both) {
        return false;
    }
    for (int k = 1; k <= both; k++) {
        Py_ssize_t first = x1->shape[x1->ndim - k], second = x2->shape[x2->ndim - k];
        if (first != second && (k == -axis || (first != 1 && second != 1))) {
            return false;
        }
    }
    return true;
}

/* vecdot(x1, x2, /, *, axis=-1) */
PyObject *aot_vecdot_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"axis", NULL};
    PyObject *given;
    Py_ssize_t place = -1;
    if (self->operators == NULL || count != 2 || !aot_read_keywords(args + count, names, keys, &given) ||
        (given == NULL ? names != NULL : !aot_plain_size(given, &place))) {
        return NULL;
    }
    const aot_tensor *x1 = aot_as_tensor(args[0]), *x2 = aot_as_tensor(args[1]);
    if (x1 == NULL || x2 == NULL || x1->dtype != x2->dtype || !fit_along(x1, x2, place)) {
        return NULL;
    }
    int category = aot_dtypes[x1->dtype].category;
    int operator = category == AOT_CATEGORY_BOOL      ? ANY_OF_PRODUCTS
                   : category == AOT_CATEGORY_COMPLEX ? SUM_OF_CONJUGATE_PRODUCTS
                                                      : SUM_OF_PRODUCTS;
    int64_t before = self->state->retries;
    PyObject *axis = PyLong_FromSsize_t(place);
    PyObject *result = axis != NULL ? aot_reduced(aot_operator_of(self, operator), 2, args, axis, false) : NULL;
    if (result != NULL && self->state->retries != before) { /* a part has overflowed */
        Py_CLEAR(result);
    }
    if (result != NULL && ((aot_tensor *)result)->dtype != x1->dtype) { /* integers are added as int64 */
        PyObject *total = result;
        result = (PyObject *)aot_astype((aot_tensor *)total, x1->dtype, false, self->row->name);
        Py_DECREF(total);
    }
    Py_XDECREF(axis);
    return result;
}
