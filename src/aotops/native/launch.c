/* Launching kernels: from operands over an iteration space to kernel calls over two-dimensional tiles. In Python:
 *
 *     def launch(kernel, views, shape):
 *         shape, strides = plan(shape, [view.strides for view in views])
 *         *outer, n0, n1 = shape
 *         for index in itertools.product(*map(range, outer)):
 *             kernel(n0, n1, [view.data + index @ strides for ...], strides of the last two axes)
 */
#include "native.h"

#include <string.h>

void aot_launch(aot_state *state, const aot_kernel *kernels, const uint8_t *dtypes, int operands,
                const aot_view *views, int ndim, const Py_ssize_t *shape)
{
    int64_t lengths[AOT_MAX_RANK];
    int64_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 0) {
            return;
        }
        lengths[axis] = shape[axis];
    }
    for (int k = 0; k < operands; k++) {
        for (int axis = 0; axis < ndim; axis++) {
            strides[k][axis] = views[k].strides[axis];
        }
    }
    int64_t planned = ndim;
    void *exception = NULL;
    if (ndim > 1) {
        aot_builtin_planners[state->level](&planned, &exception, ndim, operands, lengths, strides[0]);
    }
    int rank = (int)planned;
    int inner = rank - 1, outer = rank - 2;
    int64_t n1 = inner >= 0 ? lengths[inner] : 1;
    int64_t n0 = outer >= 0 ? lengths[outer] : 1;
    char *data[AOT_MAX_OPERANDS];
    int64_t steps[2 * AOT_MAX_OPERANDS];
    for (int k = 0; k < operands; k++) {
        data[k] = views[k].data;
        steps[k] = inner >= 0 ? strides[k][inner] : 0;
        steps[operands + k] = outer >= 0 ? strides[k][outer] : 0;
    }
    aot_kernel kernel = kernels[state->level];
    char *unused = NULL;
    int64_t index[AOT_MAX_RANK] = {0};
    for (;;) {
        kernel(&unused, &exception, n0, n1, data, steps);
        int axis = rank - 3;
        for (; axis >= 0; axis--) {
            bool wraps = ++index[axis] == lengths[axis];
            for (int k = 0; k < operands; k++) {
                int64_t elements = wraps ? -strides[k][axis] * (lengths[axis] - 1) : strides[k][axis];
                data[k] += elements * aot_dtypes[dtypes[k]].itemsize;
            }
            if (!wraps) {
                break;
            }
            index[axis] = 0;
        }
        if (axis < 0) {
            return;
        }
    }
}

const Py_ssize_t aot_no_strides[AOT_MAX_RANK] = {0};

bool aot_broadcast_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides)
{
    int missing = ndim - tensor->ndim;
    if (missing < 0) {
        return false;
    }
    for (int axis = 0; axis < ndim; axis++) {
        Py_ssize_t length = axis < missing ? 1 : tensor->shape[axis - missing];
        if (length != shape[axis] && length != 1) {
            return false;
        }
        strides[axis] = length == 1 ? 0 : tensor->strides[axis - missing];
    }
    return true;
}

bool aot_may_overlap(const aot_tensor *a, const aot_tensor *b)
{
    char *low_a, *high_a, *low_b, *high_b;
    aot_tensor_extent(a, &low_a, &high_a);
    aot_tensor_extent(b, &low_b, &high_b);
    return low_a < high_b && low_b < high_a;
}

bool aot_same_elements(const aot_tensor *a, const aot_tensor *b)
{
    if (a->data != b->data || a->dtype != b->dtype || a->ndim != b->ndim) {
        return false;
    }
    size_t bytes = a->ndim * sizeof *a->shape;
    return memcmp(a->shape, b->shape, bytes) == 0 && memcmp(a->strides, b->strides, bytes) == 0;
}

int aot_check_writable(const aot_tensor *tensor, const char *argument)
{
    if (tensor->storage->readonly) {
        PyErr_Format(PyExc_ValueError, "%s is read-only: its memory belongs to an object that forbids writing", argument);
        return -1;
    }
    return 0;
}

int aot_copy(aot_tensor *target, aot_tensor *source)
{
    Py_ssize_t strides[AOT_MAX_RANK];
    if (aot_check_writable(target, "the target") < 0) {
        return -1;
    }
    if (!aot_broadcast_strides(source, target->ndim, target->shape, strides)) {
        PyObject *from = aot_tuple_of_sizes(source->ndim, source->shape);
        PyObject *to = aot_tuple_of_sizes(target->ndim, target->shape);
        aot_raise("cannot_assign_shape", "(NN)", from, to);
        return -1;
    }
    if (aot_same_elements(target, source)) {
        return 0;
    }
    if (aot_may_overlap(target, source)) {
        aot_tensor *copy = aot_tensor_new(source->state, source->dtype, source->ndim, source->shape);
        int failed = copy == NULL || aot_copy(copy, source) < 0 || aot_copy(target, copy) < 0;
        Py_XDECREF((PyObject *)copy);
        return failed ? -1 : 0;
    }
    aot_view views[] = {{source->data, strides}, {target->data, target->strides}};
    uint8_t dtypes[] = {source->dtype, target->dtype};
    aot_launch(target->state, aot_builtin_convert[source->dtype][target->dtype], dtypes, 2, views, target->ndim,
               target->shape);
    return 0;
}

void aot_fill(aot_tensor *target, aot_element value, int dtype)
{
    aot_view views[] = {{(char *)&value, aot_no_strides}, {target->data, target->strides}};
    uint8_t dtypes[] = {(uint8_t)dtype, target->dtype};
    aot_launch(target->state, aot_builtin_convert[dtype][target->dtype], dtypes, 2, views, target->ndim, target->shape);
}

int aot_is_number(PyObject *object)
{
    return PyFloat_Check(object) || PyLong_Check(object); /* bool is an int */
}

int aot_natural_dtype(PyObject *number)
{
    return PyFloat_Check(number) ? AOT_FLOAT64 : PyBool_Check(number) ? AOT_BOOL : AOT_INT64;
}

int aot_element_of(PyObject *number, int dtype, aot_element *element)
{
    element->bits = 0;
    if (dtype == AOT_BOOL) {
        int truth = PyObject_IsTrue(number);
        element->as_bool = truth > 0;
        return truth < 0 ? -1 : 0;
    }
    if (dtype == AOT_INT64) {
        int overflow = 0;
        long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
        if (overflow != 0) {
            PyErr_Format(PyExc_OverflowError, "Python int %R is out of bounds for int64", number);
            if (PyErr_ExceptionMatches(PyExc_ValueError)) { /* Python writes out no int of over 4300 digits */
                PyErr_SetString(PyExc_OverflowError, "Python int is out of bounds for int64");
            }
            return -1;
        }
        element->as_int64 = value;
        return value == -1 && PyErr_Occurred() ? -1 : 0;
    }
    double value = PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (dtype == AOT_FLOAT32) {
        element->as_float32 = (float)value;
    } else {
        element->as_float64 = value;
    }
    return 0;
}
