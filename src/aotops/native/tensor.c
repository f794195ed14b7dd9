/* TensorCore: a strided view of a storage, and the only place where its bounds are checked. In Python:
 *
 *     class TensorCore:
 *         def __new__(storage, offset, dtype, shape, strides):
 *             reached = [offset + sum(i * s for i, s in zip(index, strides)) * itemsize for index in all indices]
 *             if not all(0 <= position <= storage.nbytes - itemsize for position in reached): raise ValueError
 *         shape, strides, dtype, ndim, size, readonly: read-only
 *         item, _as_strided, _copy_from: methods; the special methods are in number.c, to_python.c and index.c
 *
 * TensorBase adds the operators that are methods. The class that users see, aotops.Tensor, is a Python subclass of it
 * with the same layout.
 */
#include "native.h"

#include <stddef.h>
#include <structmember.h>
#include <string.h>

static void tensor_dealloc(PyObject *object);

/* --- making tensors ------------------------------------------------------------------------------ */

static aot_tensor *new_object(aot_state *state, int dtype, int ndim)
{
    if (ndim > AOT_MAX_RANK) {
        PyErr_Format(PyExc_ValueError, "a tensor has at most %d dimensions, got %d", AOT_MAX_RANK, ndim);
        return NULL;
    }
    if (state->tensor_type == NULL) { /* the first tensor: importing aotops.tensors registers the class */
        PyObject *type = aot_call("tensor_type", "()");
        Py_XDECREF(type);
        if (type == NULL) {
            return NULL;
        }
        if (state->tensor_type == NULL) { /* it belongs to another copy of the module */
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

/* The product of the lengths, or -1 with a ValueError if one is negative or the bytes overflow. Lengths of 0
 * do not hide an overflow of the others: every view of the tensor must be able to count on it. */
static Py_ssize_t count_elements(int ndim, const Py_ssize_t *shape, Py_ssize_t itemsize)
{
    Py_ssize_t bytes = itemsize;
    bool empty = false;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] < 0) {
            PyErr_Format(PyExc_ValueError, "shape must not be negative, got %zd along axis %d", shape[axis], axis);
            return -1;
        }
        if (shape[axis] == 0) {
            empty = true;
        } else if (bytes > PY_SSIZE_T_MAX / shape[axis]) {
            PyErr_SetString(PyExc_ValueError, "shape is too large: its elements would take more than 2**63 - 1 bytes");
            return -1;
        } else {
            bytes *= shape[axis];
        }
    }
    return empty ? 0 : bytes / itemsize;
}

aot_tensor *aot_tensor_new(aot_state *state, int dtype, int ndim, const Py_ssize_t *shape)
{
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize;
    Py_ssize_t size = count_elements(ndim, shape, itemsize);
    if (size < 0) {
        return NULL;
    }
    /* the storage first: where Python could run (a MemoryError, a collection) no tensor is to be seen without one */
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

/* Whether axis `a` lies outside of axis `b`: the first tensor that tells them apart decides. */
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
    int order[AOT_MAX_RANK]; /* axes, the outermost first */
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

/* Whether elements lie inside of `nbytes` bytes, from the byte `offset` on. Counts down from what there is, so
 * that nothing can overflow. */
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
                            const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize;
    Py_ssize_t size = count_elements(ndim, shape, itemsize);
    if (size < 0) {
        return NULL;
    }
    bool valid = size == 0 ? offset >= 0 && offset <= storage->nbytes
                           : is_inside(offset, storage->nbytes, itemsize, ndim, shape, strides);
    if (!valid || ((uintptr_t)storage->data + (uintptr_t)offset) % (uintptr_t)itemsize != 0) {
        PyErr_Format(PyExc_ValueError,
                     "shape and strides must stay inside of the storage, which has %zd bytes; got a tensor of %zd "
                     "elements that begins at byte %zd and reaches outside, or is not aligned",
                     storage->nbytes, size, offset);
        return NULL;
    }
    aot_tensor *self = new_object(state, dtype, ndim);
    if (self == NULL) {
        return NULL;
    }
    Py_ssize_t longest = PY_SSIZE_T_MAX / itemsize;
    for (int axis = 0; axis < ndim; axis++) {
        self->shape[axis] = shape[axis];
        /* a step that is never taken may be of any length, but nobody shall overflow by counting its bytes */
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

void aot_tensor_extent(const aot_tensor *tensor, char **low, char **high)
{
    Py_ssize_t itemsize = aot_dtypes[tensor->dtype].itemsize;
    *low = *high = tensor->data;
    if (tensor->size == 0) {
        return;
    }
    *high += itemsize;
    for (int axis = 0; axis < tensor->ndim; axis++) {
        Py_ssize_t reach = (tensor->shape[axis] - 1) * tensor->strides[axis] * itemsize;
        if (reach < 0) {
            *low += reach;
        } else {
            *high += reach;
        }
    }
}

/* Subclasses inherit the buffer slot and cannot be given it from elsewhere: it tells tensors apart. From Python 3.12
 * on they can have a __buffer__ of their own in its place; then the deallocator of a base tells. */
aot_tensor *aot_as_tensor(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    bool ours = PyType_GetSlot(type, Py_bf_getbuffer) == (void *)aot_get_buffer;
    while (!ours && type != NULL && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        ours = PyType_GetSlot(type, Py_tp_dealloc) == (void *)tensor_dealloc;
        type = (PyTypeObject *)PyType_GetSlot(type, Py_tp_base);
    }
    return ours ? (aot_tensor *)object : NULL;
}

int aot_read_sizes(PyObject *tuple, Py_ssize_t *sizes, const char *argument)
{
    if (!PyTuple_Check(tuple)) {
        PyErr_Format(PyExc_TypeError, "%s must be a tuple of ints, got %R", argument, Py_TYPE(tuple));
        return -1;
    }
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count > AOT_MAX_RANK) {
        PyErr_Format(PyExc_ValueError, "a tensor has at most %d dimensions, got %zd", AOT_MAX_RANK, count);
        return -1;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *item = PyTuple_GetItem(tuple, k);
        sizes[k] = PyNumber_AsSsize_t(item, PyExc_ValueError);
        if (sizes[k] == -1 && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_ValueError)) {
                PyErr_Clear();
                aot_raise("too_large", "(sO)", argument, item);
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

/* --- the type ------------------------------------------------------------------------------------ */

static PyObject *tensor_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyErr_Format(PyExc_TypeError, "%R is not called to make a tensor: use aotops.tensor(data) or aotops.empty(shape)",
                 type);
    return NULL;
}

static void tensor_dealloc(PyObject *object)
{
    aot_tensor *self = (aot_tensor *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs(object);
    }
    Py_XDECREF((PyObject *)self->storage);
    if (self->shape != self->inline_axes) {
        PyMem_Free(self->shape);
    }
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF((PyObject *)type);
}

static PyObject *tensor_shape(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_tuple_of_sizes(((aot_tensor *)self)->ndim, ((aot_tensor *)self)->shape);
}

static PyObject *tensor_strides(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_tuple_of_sizes(((aot_tensor *)self)->ndim, ((aot_tensor *)self)->strides);
}

static PyObject *tensor_dtype(PyObject *object, void *Py_UNUSED(closure))
{
    aot_tensor *self = (aot_tensor *)object;
    PyObject *dtype = self->state->dtypes[self->dtype];
    Py_INCREF(dtype);
    return dtype;
}

static PyObject *tensor_ndim(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(((aot_tensor *)self)->ndim);
}

static PyObject *tensor_size(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSsize_t(((aot_tensor *)self)->size);
}

static PyObject *tensor_readonly(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((aot_tensor *)self)->storage->readonly);
}

static PyObject *tensor_is_contiguous(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return PyBool_FromLong(((aot_tensor *)self)->contiguous);
}

static PyObject *tensor_as_strided(PyObject *object, PyObject *args)
{
    aot_tensor *self = (aot_tensor *)object;
    PyObject *shape_tuple, *strides_tuple;
    Py_ssize_t elements, shape[AOT_MAX_RANK], strides[AOT_MAX_RANK];
    if (!PyArg_ParseTuple(args, "OOn:_as_strided", &shape_tuple, &strides_tuple, &elements)) {
        return NULL;
    }
    int ndim = aot_read_sizes(shape_tuple, shape, "shape");
    if (ndim < 0) {
        return NULL;
    }
    int given = aot_read_sizes(strides_tuple, strides, "strides");
    if (given < 0) {
        return NULL;
    }
    if (given != ndim) {
        return PyErr_Format(PyExc_ValueError, "shape and strides must be of one length, got %d and %d", ndim, given);
    }
    Py_ssize_t itemsize = aot_dtypes[self->dtype].itemsize;
    Py_ssize_t start = self->data - self->storage->data;
    if (elements > (PY_SSIZE_T_MAX - start) / itemsize || elements < -(start / itemsize)) {
        return PyErr_Format(PyExc_ValueError, "offset must stay inside of the storage, got %zd", elements);
    }
    return (PyObject *)aot_tensor_view(self->state, self->storage, start + elements * itemsize, self->dtype, ndim,
                                       shape, strides);
}

static PyObject *tensor_copy_from(PyObject *self, PyObject *argument)
{
    aot_tensor *source = aot_as_tensor(argument);
    if (source == NULL) {
        return PyErr_Format(PyExc_TypeError, "source must be a Tensor, got %R", Py_TYPE(argument));
    }
    if (aot_copy((aot_tensor *)self, source) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *tensor_transpose(PyObject *self, void *Py_UNUSED(closure))
{
    return (PyObject *)aot_transposed((aot_tensor *)self);
}

static PyGetSetDef tensor_getset[] = {
    {"T", tensor_transpose, NULL,
     "The transpose: a view with the axes in reverse order.\n\n"
     ">>> import aotops as ao\n>>> ao.tensor([[1, 2], [3, 4]]).T\ntensor([[1, 3],\n        [2, 4]])\n", NULL},
    {"shape", tensor_shape, NULL, "Lengths of the axes, a tuple of ints.", NULL},
    {"strides", tensor_strides, NULL, "Steps along the axes, in elements (not bytes), a tuple of ints.", NULL},
    {"dtype", tensor_dtype, NULL, "Type of the elements.", NULL},
    {"ndim", tensor_ndim, NULL, "Number of axes.", NULL},
    {"size", tensor_size, NULL, "Number of elements.", NULL},
    {"readonly", tensor_readonly, NULL, "Whether the memory belongs to somebody who forbids writing.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef tensor_methods[] = {
    {"item", (PyCFunction)(void (*)(void))aot_item, METH_FASTCALL,
     "item(*index)\n--\n\nThe only element as a Python number, or that which an index selects.\n\n"
     "The index is an int for each axis, or one that counts the elements in row-major order.\n\n"
     "Raises ``ValueError`` if there is not exactly one element, or for another number of ints, ``IndexError`` for an\n"
     "index out of bounds, ``TypeError`` for other than ints.\n\n"
     ">>> import aotops as ao\n>>> t = ao.tensor([[1, 2], [3, 4]])\n>>> t.item(1, 0), t.item(-1), t.sum().item()\n"
     "(3, 4, 10)\n"},
    {"is_contiguous", tensor_is_contiguous, METH_NOARGS, "Whether the elements lie in row-major order without gaps."},
    {"_as_strided", tensor_as_strided, METH_VARARGS,
     "_as_strided(shape, strides, offset): a view; strides and offset count elements from this tensor's first one."},
    {"_copy_from", tensor_copy_from, METH_O, "_copy_from(source): copy a tensor into this one, broadcast, converted."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef tensor_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(aot_tensor, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

#define BINARY_SLOT(SLOT, name) {Py_nb_##name, aot_number_##name}, {Py_nb_inplace_##name, aot_number_inplace_##name},
#define UNARY_SLOT(SLOT, name) {Py_nb_##name, aot_number_##name},

static PyType_Slot tensor_slots[] = {
    {Py_tp_new, tensor_new},
    {Py_tp_dealloc, tensor_dealloc},
    {Py_tp_getset, tensor_getset},
    {Py_tp_methods, tensor_methods},
    {Py_tp_members, tensor_members},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_richcompare, aot_rich_compare},
    {Py_bf_getbuffer, aot_get_buffer},
    {Py_bf_releasebuffer, aot_release_buffer},
    {Py_mp_subscript, aot_subscript},
    {Py_mp_ass_subscript, aot_assign_subscript},
    {Py_mp_length, aot_length},
    {Py_sq_length, aot_length},
    {Py_tp_iter, aot_iterate},
    {Py_nb_bool, aot_number_bool},
    {Py_nb_int, aot_number_int},
    {Py_nb_float, aot_number_float},
    {Py_nb_index, aot_number_index},
    {Py_sq_item, aot_sequence_item},
    {Py_sq_ass_item, aot_assign_sequence_item},
    AOT_EACH_BINARY_SLOT(BINARY_SLOT)
    AOT_EACH_UNARY_SLOT(UNARY_SLOT)
    {Py_nb_power, aot_number_power},
    {Py_nb_inplace_power, aot_number_inplace_power},
    {Py_nb_inplace_floor_divide, aot_number_inplace_floor_divide},
    {Py_nb_inplace_remainder, aot_number_inplace_remainder},
    {Py_nb_inplace_matrix_multiply, aot_number_inplace_matrix_multiply},
    {Py_nb_inplace_lshift, aot_number_inplace_lshift},
    {Py_nb_inplace_rshift, aot_number_inplace_rshift},
    {Py_nb_inplace_and, aot_number_inplace_and},
    {Py_nb_inplace_or, aot_number_inplace_or},
    {Py_nb_inplace_xor, aot_number_inplace_xor},
    {0, NULL},
};

/* Immutable: Python code that gave it another __new__ could make tensors that nobody has filled in. */
PyType_Spec aot_tensor_spec = {
    .name = "aotops._native.TensorCore",
    .basicsize = sizeof(aot_tensor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = tensor_slots,
};

static PyType_Slot tensor_base_slots[] = {
    {0, NULL},
};

/* Mutable: gets the operators that are methods once they are made. */
PyType_Spec aot_tensor_base_spec = {
    .name = "aotops._native.TensorBase",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = tensor_base_slots,
};
