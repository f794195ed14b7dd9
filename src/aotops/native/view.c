/* Views: the same elements in another shape. In Python:
 *
 *     def part(x, offset, shape, strides): a view of some of x's elements     # aot_tensor_part
 *     def permuted(x, order): axis k of the view is axis order[k] of x
 *     def reshaped(x, shape, copy): a view if the strides allow it, else a copy; copy: never, if needed, always
 *     def astype(x, dtype, copy): x itself if allowed, else a contiguous copy
 *
 * A view is valid because its tensor is: callers ensure that every position of the view is a position of the tensor, so
 * nothing is checked again. Errors in arguments are reported by Python.
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
    int order[AOT_MAX_RANK], ndim = tensor->ndim;
    for (int axis = 0; axis < ndim; axis++) {
        order[axis] = axis < ndim - 2 ? axis : 2 * ndim - 3 - axis;
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
            /* wrong, or without elements: with a length of 0 the others are ambiguous, which Python sorts out */
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

/* Computes the strides that show the elements of a non-empty tensor in another shape of the same size; returns false if
 * there are none. Both shapes divide into groups of adjacent axes of equal size; within a group, the old axes must be
 * mergeable into one. The algorithm is that of aotops.shapes.reshaped_strides. */
static bool reshaped_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides)
{
    int old = tensor->ndim - 1; /* the next old axis to join the group */
    Py_ssize_t group = 1;       /* elements of the old group not yet covered by new axes */
    Py_ssize_t step = 1;        /* the stride of the group, merged into one axis */
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
            return NULL; /* no exception */
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
    if (aot_check_converts(tensor->dtype, dtype, function, "x") < 0) {
        return NULL;
    }
    aot_tensor *result = aot_tensor_new(tensor->state, dtype, tensor->ndim, tensor->shape, function);
    if (result != NULL && aot_copy(result, tensor) < 0) {
        Py_CLEAR(result);
    }
    return result;
}
