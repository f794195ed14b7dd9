/* Views: other shapes of the same elements. In Python:
 *
 *     def part(x, offset, shape, strides): a view of some of x's elements     # aot_tensor_part
 *     def permuted(x, order): axis k of the view is axis order[k] of x
 *     def reshaped(x, shape, copy): a view where the strides allow it, else a copy; copy: never, if needed, always
 *     def astype(x, dtype, copy): x itself if it may be, else a contiguous copy
 *
 * A view is as valid as the tensor that it shows, so that nothing is checked again: callers see to it that every
 * position of the view is a position of the tensor. What is wrong with an argument is Python's to say.
 */
#include "native.h"

aot_tensor *aot_permuted(const aot_tensor *tensor, const int *order)
{
    Py_ssize_t shape[AOT_MAX_RANK], strides[AOT_MAX_RANK];
    for (int axis = 0; axis < tensor->ndim; axis++) {
        shape[axis] = tensor->shape[order[axis]];
        strides[axis] = tensor->strides[order[axis]];
    }
    return aot_tensor_part(tensor, 0, tensor->ndim, shape, strides);
}

aot_tensor *aot_transposed(const aot_tensor *tensor)
{
    int order[AOT_MAX_RANK];
    for (int axis = 0; axis < tensor->ndim; axis++) {
        order[axis] = tensor->ndim - 1 - axis;
    }
    return aot_permuted(tensor, order);
}

bool aot_complete_shape(Py_ssize_t size, int ndim, Py_ssize_t *shape)
{
    int unknown = -1;
    Py_ssize_t known = 1;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == -1 && unknown < 0) {
            unknown = axis;
        } else if (shape[axis] <= 0 || known > size / shape[axis]) {
            /* wrong, or of no elements: lengths of 0 hide what the others come to, which Python works out */
            return false;
        } else {
            known *= shape[axis];
        }
    }
    if (unknown >= 0) {
        shape[unknown] = size / known;
        known *= shape[unknown];
    }
    return known == size && size > 0;
}

static void row_major_strides(int ndim, const Py_ssize_t *shape, Py_ssize_t *strides)
{
    Py_ssize_t step = 1;
    for (int axis = ndim - 1; axis >= 0; axis--) {
        strides[axis] = step;
        step *= shape[axis];
    }
}

/* The strides with which a tensor that has elements shows them in another shape of as many; false if none do. Both
 * shapes fall into groups of neighbouring axes of equal size, and within a group the old axes must step like one. The
 * same as aotops.shapes.reshaped_strides. */
static bool reshaped_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides)
{
    int old = tensor->ndim - 1; /* the next old axis to be taken into the group */
    Py_ssize_t group = 1;       /* elements of the old group that the new axes have yet to use up */
    Py_ssize_t step = 1;        /* of the old group as a whole */
    for (int axis = ndim - 1; axis >= 0; axis--) {
        while (shape[axis] != 1 && (group == 1 || group % shape[axis] != 0)) {
            while (old >= 0 && tensor->shape[old] == 1) {
                old--;
            }
            if (old < 0) {
                return false;
            }
            if (group == 1) {
                step = tensor->strides[old];
            } else if (tensor->strides[old] != step * group) {
                return false;
            }
            group *= tensor->shape[old--];
        }
        strides[axis] = step;
        step *= shape[axis];
        group /= shape[axis];
    }
    return true;
}

aot_tensor *aot_reshaped(aot_tensor *tensor, int ndim, const Py_ssize_t *shape, enum aot_copying copying,
                         const char *function)
{
    Py_ssize_t strides[AOT_MAX_RANK];
    if (copying != AOT_COPY_ALWAYS) {
        bool possible = true;
        if (tensor->contiguous) {
            row_major_strides(ndim, shape, strides);
        } else {
            possible = reshaped_strides(tensor, ndim, shape, strides);
        }
        if (possible) {
            return aot_tensor_part(tensor, 0, ndim, shape, strides);
        }
        if (copying == AOT_COPY_NEVER) {
            return NULL; /* without an exception */
        }
    }
    aot_tensor *copy = aot_astype(tensor, tensor->dtype, true, function);
    if (copy == NULL) {
        return NULL;
    }
    row_major_strides(ndim, shape, strides);
    aot_tensor *result = aot_tensor_part(copy, 0, ndim, shape, strides);
    Py_DECREF((PyObject *)copy);
    return result;
}

aot_tensor *aot_astype(aot_tensor *tensor, int dtype, bool copy, const char *function)
{
    if (!copy && dtype == tensor->dtype) {
        Py_INCREF((PyObject *)tensor);
        return tensor;
    }
    aot_tensor *result = aot_tensor_new(tensor->state, dtype, tensor->ndim, tensor->shape, function);
    if (result != NULL && aot_copy(result, tensor) < 0) {
        Py_CLEAR(result);
    }
    return result;
}
