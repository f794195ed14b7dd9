/* Tensors: strided views of a storage. Their bounds are checked here and nowhere else. In Python:
 *
 *     def view(storage, offset, dtype, shape, strides):
 *         reached = [offset + sum(i * s for i, s in zip(index, strides)) * itemsize for index in all indices]
 *         if not all(0 <= position <= storage.nbytes - itemsize for position in reached): raise ValueError
 *
 * The type is defined in tensor_type.c.
 */
#include "native.h"

#include <stddef.h>
#include <structmember.h>
#include <string.h>

/* --- creating tensors ---------------------------------------------------------------------------- */

static aot_tensor *new_object(aot_state *state, int dtype, int ndim)
{
    if (ndim > AOT_MAX_RANK) {
        PyErr_Format(PyExc_SystemError, "a tensor has at most %d dimensions, got %d", AOT_MAX_RANK, ndim);
        return NULL;
    }
    if (state->tensor_type == NULL) { /* the first tensor: importing aotops.tensors registers the class */
        PyObject *type = aot_call("tensor_type", "()");
        Py_XDECREF(type);
        if (type == NULL) {
            return NULL;
        }
        if (state->tensor_type == NULL) { /* another copy of the module has registered it */
            PyErr_SetString(PyExc_RuntimeError, "aotops.tensors must register its class with this copy of aotops");
            return NULL;
        }
    }
    aot_tensor *self = (aot_tensor *)PyType_GenericAlloc(state->tensor_type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->state = state;
    self->dtype = (uint8_t)dtype;
    self->ndim = (uint8_t)ndim;
    self->shape = self->inline_axes;
    if (ndim > AOT_INLINE_RANK) {
        self->shape = PyMem_Calloc((size_t)(2 * ndim), sizeof(Py_ssize_t));
        if (self->shape == NULL) {
            self->shape = self->inline_axes;
            Py_DECREF((PyObject *)self);
            return (aot_tensor *)PyErr_NoMemory();
        }
    }
    self->strides = self->shape + ndim;
    return self;
}

Py_ssize_t aot_count_elements(int dtype, int ndim, const Py_ssize_t *shape, const char *function)
{
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize, bytes = itemsize;
    bool empty = false;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] < 0) {
            aot_raise("negative_length", "(sN)", function, aot_tuple_of_sizes(ndim, shape));
            return -1;
        }
        if (shape[axis] == 0) {
            empty = true;
        } else if (bytes > PY_SSIZE_T_MAX / shape[axis]) {
            aot_raise("too_many_bytes", "(sNs)", function, aot_tuple_of_sizes(ndim, shape), aot_dtypes[dtype].name);
            return -1;
        } else {
            bytes *= shape[axis];
        }
    }
    return empty ? 0 : bytes / itemsize;
}

aot_tensor *aot_tensor_new(aot_state *state, int dtype, int ndim, const Py_ssize_t *shape, const char *function)
{
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize, size = aot_count_elements(dtype, ndim, shape, function);
    if (size < 0) {
        return NULL;
    }
    /* the storage first: Python code that an allocation runs (a MemoryError, a collection) must not find a tensor
     * without one */
    aot_storage *storage = aot_storage_new(state, size * itemsize);
    if (storage == NULL) {
        return NULL;
    }
    aot_tensor *self = new_object(state, dtype, ndim);
    if (self == NULL) {
        Py_DECREF((PyObject *)storage);
        return NULL;
    }
    Py_ssize_t step = 1;
    for (int axis = ndim - 1; axis >= 0; axis--) {
        self->shape[axis] = shape[axis];
        self->strides[axis] = step;
        step *= shape[axis] > 0 ? shape[axis] : 1;
    }
    self->size = size;
    self->contiguous = true;
    self->storage = storage;
    self->data = storage->data;
    return self;
}

static bool is_contiguous(int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t size)
{
    Py_ssize_t step = 1;
    for (int axis = ndim - 1; axis >= 0 && size > 1; axis--) {
        if (shape[axis] != 1 && strides[axis] != step) {
            return false;
        }
        step *= shape[axis];
    }
    return true;
}

/* Returns whether axis `a` has the larger stride, so belongs outside axis `b`: the first tensor with different strides
 * decides. */
static bool steps_further(aot_tensor *const *tensors, int count, int ndim, int a, int b)
{
    for (int k = 0; k < count; k++) {
        int missing = tensors[k] != NULL ? ndim - tensors[k]->ndim : ndim;
        if (a < missing || b < missing) {
            continue;
        }
        Py_ssize_t step_a = tensors[k]->strides[a - missing], step_b = tensors[k]->strides[b - missing];
        step_a = tensors[k]->shape[a - missing] == 1 ? 0 : step_a < 0 ? -step_a : step_a;
        step_b = tensors[k]->shape[b - missing] == 1 ? 0 : step_b < 0 ? -step_b : step_b;
        if (step_a != 0 && step_b != 0 && step_a != step_b) {
            return step_a > step_b;
        }
    }
    return a < b;
}

void aot_tensor_order_as(aot_tensor *fresh, aot_tensor *const *tensors, int count)
{
    int order[AOT_MAX_RANK]; /* axes, outermost first */
    for (int axis = 0; axis < fresh->ndim; axis++) {
        int place = axis;
        for (; place > 0 && steps_further(tensors, count, fresh->ndim, axis, order[place - 1]); place--) {
            order[place] = order[place - 1];
        }
        order[place] = axis;
    }
    Py_ssize_t step = 1;
    for (int place = fresh->ndim - 1; place >= 0; place--) {
        fresh->strides[order[place]] = step;
        step *= fresh->shape[order[place]] > 0 ? fresh->shape[order[place]] : 1;
    }
    fresh->contiguous = is_contiguous(fresh->ndim, fresh->shape, fresh->strides, fresh->size);
}

/* Returns whether all elements lie within `nbytes` bytes, starting at byte `offset`. Subtracts from the remaining
 * bytes, so nothing can overflow. */
static bool is_inside(Py_ssize_t offset, Py_ssize_t nbytes, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape,
                      const Py_ssize_t *strides)
{
    if (offset < 0 || nbytes - itemsize < offset) {
        return false;
    }
    Py_ssize_t below = offset / itemsize;
    Py_ssize_t above = (nbytes - itemsize - offset) / itemsize;
    for (int axis = 0; axis < ndim; axis++) {
        Py_ssize_t steps = shape[axis] - 1;
        if (steps == 0 || strides[axis] == 0) {
            continue;
        }
        if (strides[axis] > 0) {
            if (strides[axis] > above / steps) {
                return false;
            }
            above -= strides[axis] * steps;
        } else {
            if (strides[axis] < -(below / steps)) {
                return false;
            }
            below += strides[axis] * steps;
        }
    }
    return true;
}

aot_tensor *aot_tensor_view(aot_state *state, aot_storage *storage, Py_ssize_t offset, int dtype, int ndim,
                            const Py_ssize_t *shape, const Py_ssize_t *strides, const char *function)
{
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize, size = aot_count_elements(dtype, ndim, shape, function);
    if (size < 0) {
        return NULL;
    }
    bool valid = size == 0 ? offset >= 0 && offset <= storage->nbytes
                           : is_inside(offset, storage->nbytes, itemsize, ndim, shape, strides);
    if (!valid || ((uintptr_t)storage->data + (uintptr_t)offset) % (uintptr_t)itemsize != 0) {
        return (aot_tensor *)aot_raise("outside_storage", "(snnn)", function, storage->nbytes, size, offset);
    }
    aot_tensor *self = new_object(state, dtype, ndim);
    if (self == NULL) {
        return NULL;
    }
    Py_ssize_t longest = PY_SSIZE_T_MAX / itemsize;
    for (int axis = 0; axis < ndim; axis++) {
        self->shape[axis] = shape[axis];
        /* the stride of an axis of length 1 is never used; it is stored as 0 if its byte count would overflow */
        bool countable = -longest <= strides[axis] && strides[axis] <= longest;
        self->strides[axis] = countable ? strides[axis] : 0;
    }
    self->size = size;
    self->contiguous = is_contiguous(ndim, shape, strides, size);
    self->data = storage->data + offset;
    Py_INCREF((PyObject *)storage);
    self->storage = storage;
    return self;
}

aot_tensor *aot_tensor_part(const aot_tensor *tensor, Py_ssize_t offset, int ndim, const Py_ssize_t *shape,
                            const Py_ssize_t *strides)
{
    aot_tensor *self = new_object(tensor->state, tensor->dtype, ndim);
    if (self == NULL) {
        return NULL;
    }
    Py_ssize_t size = 1;
    for (int axis = 0; axis < ndim; axis++) {
        self->shape[axis] = shape[axis];
        self->strides[axis] = strides[axis];
        size *= shape[axis];
    }
    self->size = size;
    self->contiguous = is_contiguous(ndim, shape, strides, size);
    self->data = tensor->data + offset * aot_dtypes[tensor->dtype].itemsize;
    Py_INCREF((PyObject *)tensor->storage);
    self->storage = tensor->storage;
    return self;
}

void aot_extent(char *data, int dtype, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides, Py_ssize_t unit,
                char **low, char **high)
{
    *low = *high = data;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 0) {
            *low = *high = data;
            return;
        }
        Py_ssize_t reach = (shape[axis] - 1) * strides[axis] * unit;
        *low = reach < 0 ? aot_moved(*low, reach) : *low;
        *high = reach > 0 ? aot_moved(*high, reach) : *high;
    }
    *high += aot_dtypes[dtype].itemsize;
}

void aot_tensor_extent(const aot_tensor *tensor, char **low, char **high)
{
    aot_extent(tensor->data, tensor->dtype, tensor->ndim, tensor->shape, tensor->strides,
               aot_dtypes[tensor->dtype].itemsize, low, high);
}

void aot_tensor_dealloc(PyObject *object)
{
    aot_tensor *self = (aot_tensor *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs(object);
    }
    Py_XDECREF((PyObject *)self->node);
    Py_XDECREF((PyObject *)self->storage);
    if (self->shape != self->inline_axes) {
        PyMem_Free(self->shape);
    }
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF((PyObject *)type);
}

/* Tensors are identified by their buffer slot, which subclasses inherit and other types cannot obtain. From Python 3.12
 * on a subclass may define __buffer__, which replaces the slot; then the deallocator of a base type identifies it. */
aot_tensor *aot_as_tensor(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    bool ours = PyType_GetSlot(type, Py_bf_getbuffer) == (void *)aot_get_buffer;
    while (!ours && type != NULL && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        ours = PyType_GetSlot(type, Py_tp_dealloc) == (void *)aot_tensor_dealloc;
        type = (PyTypeObject *)PyType_GetSlot(type, Py_tp_base);
    }
    return ours ? (aot_tensor *)object : NULL;
}

int aot_read_sizes(PyObject *tuple, Py_ssize_t *sizes, const char *function, const char *argument)
{
    if (!PyTuple_Check(tuple)) {
        aot_raise("wrong_type", "(sssO)", function, argument, "a tuple of ints", tuple);
        return -1;
    }
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count > AOT_MAX_RANK) {
        aot_raise("too_many_dimensions", "(ssO)", function, argument, tuple);
        return -1;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *item = PyTuple_GetItem(tuple, k);
        sizes[k] = PyNumber_AsSsize_t(item, PyExc_ValueError);
        if (sizes[k] == -1 && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_ValueError)) {
                PyErr_Clear();
                aot_raise("too_large", "(ssO)", function, argument, item);
            }
            return -1;
        }
    }
    return (int)count;
}

PyObject *aot_tuple_of_sizes(int count, const Py_ssize_t *sizes)
{
    PyObject *tuple = PyTuple_New(count);
    for (int k = 0; tuple != NULL && k < count; k++) {
        PyObject *size = PyLong_FromSsize_t(sizes[k]);
        if (size == NULL || PyTuple_SetItem(tuple, k, size) < 0) {
            Py_CLEAR(tuple);
        }
    }
    return tuple;
}
