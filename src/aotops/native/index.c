/* Indexing by Python ints, slices, None and `...`. What else an index may hold, and every error, is Python's, which comes
 * back with an index of these. In Python:
 *
 *     def __getitem__(self, key):
 *         if the key is ints alone, one for each axis: return a 0-d copy of the element
 *         return the view that the key selects, or self._select(key)                  # aotops.namespace.indexing
 *     def __setitem__(self, key, value):
 *         if value is a Tensor or a Python number: write it where the key selects
 *         else: self._assign(key, value)
 */
#include "native.h"

#include <string.h>

/* What an index selects, in elements from the tensor's first one. */
typedef struct {
    int ndim;
    Py_ssize_t shape[AOT_MAX_RANK], strides[AOT_MAX_RANK], offset;
} selection;

enum found { FAILED = -1, NOT_HERE, ELEMENT, VIEW };

/* Counts the items of an index that take up an axis, and those that make it a view; NOT_HERE for others' items. */
static enum found count_items(const aot_tensor *self, PyObject *key, Py_ssize_t count, int *ints_and_slices)
{
    int views = 0, ellipses = 0;
    *ints_and_slices = 0;
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *item = PyTuple_Check(key) ? PyTuple_GetItem(key, k) : key;
        if (item == Py_None) {
            views++;
        } else if (item == Py_Ellipsis) {
            ellipses++;
        } else if (PyLong_CheckExact(item)) {
            ++*ints_and_slices;
        } else if (PySlice_Check(item)) {
            ++*ints_and_slices;
            views++;
        } else {
            return NOT_HERE;
        }
    }
    if (*ints_and_slices > self->ndim || ellipses > 1) {
        return NOT_HERE;
    }
    return views + ellipses > 0 || *ints_and_slices < self->ndim ? VIEW : ELEMENT;
}

/* Reads an index. NOT_HERE: it holds something else, or is wrong. */
static enum found read_index(const aot_tensor *self, PyObject *key, selection *selected)
{
    Py_ssize_t count = PyTuple_Check(key) ? PyTuple_Size(key) : 1;
    int taken, axis = 0;
    enum found kind = count_items(self, key, count, &taken);
    if (kind == NOT_HERE) {
        return NOT_HERE;
    }
    selected->ndim = 0;
    selected->offset = 0;
    bool empty = self->size == 0; /* and then strides may be any, which nobody shall multiply */
    for (Py_ssize_t k = 0; k <= count; k++) {
        PyObject *item = k == count ? NULL : PyTuple_Check(key) ? PyTuple_GetItem(key, k) : key;
        if (item == NULL || item == Py_Ellipsis) { /* the axes that no item takes up: at the end where nothing says */
            for (; axis < self->ndim && taken < self->ndim; axis++, taken++) {
                if (selected->ndim == AOT_MAX_RANK) {
                    return NOT_HERE;
                }
                selected->shape[selected->ndim] = self->shape[axis];
                selected->strides[selected->ndim++] = self->strides[axis];
            }
            continue;
        }
        if (PyLong_CheckExact(item)) {
            int overflow = 0;
            long long position = PyLong_AsLongLongAndOverflow(item, &overflow);
            Py_ssize_t length = self->shape[axis];
            if (overflow != 0 || position >= length || position < -length) {
                return NOT_HERE;
            }
            position += position < 0 ? length : 0;
            selected->offset += empty ? 0 : (Py_ssize_t)position * self->strides[axis];
            axis++;
            continue;
        }
        if (selected->ndim == AOT_MAX_RANK) {
            return NOT_HERE;
        }
        Py_ssize_t length = 1, stride = 0;
        if (item != Py_None) {
            Py_ssize_t start, stop, step;
            if (PySlice_Unpack(item, &start, &stop, &step) < 0) {
                return FAILED;
            }
            length = PySlice_AdjustIndices(self->shape[axis], &start, &stop, step);
            empty = empty || length == 0;
            stride = self->strides[axis++];
            selected->offset += empty ? 0 : start * stride;
            stride *= empty || length == 1 ? 1 : step; /* a step that is never taken may be any int */
        }
        selected->shape[selected->ndim] = length;
        selected->strides[selected->ndim++] = stride;
    }
    selected->offset = empty ? 0 : selected->offset; /* a view of nothing must not begin outside */
    return kind;
}

static aot_tensor *view_of(const aot_tensor *self, const selection *selected)
{
    Py_ssize_t offset = self->data - self->storage->data + selected->offset * aot_dtypes[self->dtype].itemsize;
    return aot_tensor_view(self->state, self->storage, offset, self->dtype, selected->ndim, selected->shape,
                           selected->strides);
}

PyObject *aot_subscript(PyObject *object, PyObject *key)
{
    const aot_tensor *self = (const aot_tensor *)object;
    selection selected;
    aot_tensor *copy;
    switch (read_index(self, key, &selected)) {
    case VIEW:
        return (PyObject *)view_of(self, &selected);
    case ELEMENT:
        copy = aot_tensor_new(self->state, self->dtype, 0, NULL);
        if (copy != NULL) {
            uint8_t itemsize = aot_dtypes[self->dtype].itemsize;
            memcpy(copy->data, self->data + selected.offset * itemsize, itemsize);
        }
        return (PyObject *)copy;
    case NOT_HERE:
        return PyObject_CallMethod(object, "_select", "(O)", key);
    default:
        return NULL;
    }
}

/* Writes a tensor or a Python number into a view. */
static int write_into(aot_tensor *target, PyObject *value)
{
    aot_tensor *source = aot_as_tensor(value);
    if (source != NULL && source->ndim == 0 && source->dtype != target->dtype) {
        /* one number: it has to fit, as a Python number has */
        PyObject *number = PyObject_CallMethod(value, "item", NULL);
        int failed = number != NULL ? write_into(target, number) : -1;
        Py_XDECREF(number);
        return failed;
    }
    if (source != NULL) {
        return aot_copy(target, source);
    }
    aot_element element;
    if (aot_element_of(value, target->dtype, &element) < 0 || aot_check_writable(target, "the target") < 0) {
        return -1;
    }
    aot_fill(target, element, target->dtype);
    return 0;
}

int aot_assign_subscript(PyObject *object, PyObject *key, PyObject *value)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "elements of a Tensor cannot be deleted");
        return -1;
    }
    selection selected;
    bool known = aot_is_number(value) || aot_as_tensor(value) != NULL;
    enum found kind = known ? read_index(self, key, &selected) : NOT_HERE;
    if (kind == FAILED) {
        return -1;
    }
    if (kind == NOT_HERE) {
        PyObject *done = PyObject_CallMethod(object, "_assign", "(OO)", key, value);
        Py_XDECREF(done);
        return done != NULL ? 0 : -1;
    }
    aot_tensor *target = view_of(self, &selected);
    int failed = target != NULL ? write_into(target, value) : -1;
    Py_XDECREF((PyObject *)target);
    return failed;
}

/* Of the sequence protocol, which counts negative positions from the end itself. */
PyObject *aot_sequence_item(PyObject *object, Py_ssize_t position)
{
    PyObject *key = PyLong_FromSsize_t(position);
    PyObject *item = key != NULL ? aot_subscript(object, key) : NULL;
    Py_XDECREF(key);
    return item;
}

int aot_assign_sequence_item(PyObject *object, Py_ssize_t position, PyObject *value)
{
    PyObject *key = PyLong_FromSsize_t(position);
    int failed = key != NULL ? aot_assign_subscript(object, key, value) : -1;
    Py_XDECREF(key);
    return failed;
}
