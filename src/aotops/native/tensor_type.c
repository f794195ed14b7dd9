/* The types of tensors. In Python:
 *
 *     class TensorCore:
 *         shape, strides, dtype, ndim, size, itemsize, nbytes, device, readonly: read-only
 *         T, mT: views
 *         item, _as_strided, _copy_from: methods; the special methods are in number.c, to_python.c and index.c
 *
 * TensorBase adds the operators that are methods. The public class, aotops.Tensor, is a Python subclass of it with the
 * same layout.
 */
#include "tape.h"

#include <stddef.h>
#include <structmember.h>

static PyObject *tensor_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    return aot_raise("no_constructor", "(O)", type);
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
    const char *function = "_as_strided"; /* what errors name */
    Py_ssize_t elements, shape[AOT_MAX_RANK], strides[AOT_MAX_RANK];
    if (!PyArg_ParseTuple(args, "OOn|s:_as_strided", &shape_tuple, &strides_tuple, &elements, &function)) {
        return NULL;
    }
    int ndim = aot_read_sizes(shape_tuple, shape, function, "shape");
    if (ndim < 0) {
        return NULL;
    }
    int given = aot_read_sizes(strides_tuple, strides, function, "strides");
    if (given < 0) {
        return NULL;
    }
    if (given != ndim) {
        return aot_raise("wrong_value", "(sssO)", function, "strides", "of the length of shape", strides_tuple);
    }
    Py_ssize_t itemsize = aot_dtypes[self->dtype].itemsize;
    Py_ssize_t start = self->data - self->storage->data;
    if (elements > (PY_SSIZE_T_MAX - start) / itemsize || elements < -(start / itemsize)) {
        return aot_raise("wrong_value", "(sssN)", function, "offset", "inside of the storage",
                         PyLong_FromSsize_t(elements));
    }
    PyObject *view = (PyObject *)aot_tensor_view(self->state, self->storage, start + elements * itemsize, self->dtype,
                                                 ndim, shape, strides, function);
    return self->node == NULL ? view : aot_record_view(self, AOT_NODE_UNKNOWN, NULL, view);
}

static PyObject *tensor_copy_from(PyObject *self, PyObject *argument)
{
    aot_tensor *source = aot_as_tensor(argument);
    if (source == NULL) {
        return aot_raise("wrong_type", "(sssO)", "_copy_from", "source", "a Tensor", argument);
    }
    if (aot_copy((aot_tensor *)self, source) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *tensor_transpose(PyObject *object, void *Py_UNUSED(closure))
{
    const aot_tensor *self = (const aot_tensor *)object;
    int order[AOT_MAX_RANK];
    for (int axis = 0; axis < self->ndim; axis++) {
        order[axis] = self->ndim - 1 - axis;
    }
    PyObject *view = (PyObject *)aot_permuted(self, order);
    return self->node == NULL ? view : aot_record_permuted(self, order, NULL, view);
}

static PyObject *tensor_matrix_transpose(PyObject *object, void *Py_UNUSED(closure))
{
    const aot_tensor *self = (const aot_tensor *)object;
    int order[AOT_MAX_RANK], ndim = self->ndim;
    if (ndim < 2) {
        return aot_raise("no_matrix", "(sN)", "mT", aot_tuple_of_sizes(ndim, self->shape));
    }
    for (int axis = 0; axis < ndim; axis++) {
        order[axis] = axis < ndim - 2 ? axis : 2 * ndim - 3 - axis;
    }
    PyObject *view = (PyObject *)aot_permuted(self, order);
    return self->node == NULL ? view : aot_record_permuted(self, order, NULL, view);
}

static PyObject *tensor_itemsize(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(aot_dtypes[((aot_tensor *)self)->dtype].itemsize);
}

static PyObject *tensor_nbytes(PyObject *object, void *Py_UNUSED(closure))
{
    const aot_tensor *self = (const aot_tensor *)object;
    return PyLong_FromSsize_t(self->size * aot_dtypes[self->dtype].itemsize);
}

static PyObject *tensor_base(PyObject *object, void *Py_UNUSED(closure))
{
    const aot_tensor *self = (const aot_tensor *)object;
    aot_storage *storage = self->storage;
    Py_ssize_t itemsize = aot_dtypes[self->dtype].itemsize, stride = 1, length = storage->nbytes / itemsize;
    PyObject *owner = storage->source != NULL ? storage->source->obj : NULL;
    if (owner != NULL) {
        Py_INCREF(owner);
        return owner;
    }
    if (storage->source == NULL && self->size * itemsize == storage->nbytes) {
        Py_RETURN_NONE;
    }
    return (PyObject *)aot_tensor_view(self->state, storage, 0, self->dtype, 1, &length, &stride, "base");
}

static PyObject *tensor_device(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    return PyUnicode_InternFromString("cpu");
}

static PyGetSetDef tensor_getset[] = {
    {"T", tensor_transpose, NULL,
     "The transpose: a view with the axes in reverse order.\n\n"
     ">>> import aotops as ao\n>>> ao.tensor([[1, 2], [3, 4]]).T\ntensor([[1, 3],\n        [2, 4]])\n", NULL},
    {"mT", tensor_matrix_transpose, NULL,
     "The transpose of each matrix: a view with the last two axes exchanged. ``ValueError`` below 2 dimensions.\n\n"
     ">>> import aotops as ao\n>>> ao.zeros((2, 3, 4)).mT.shape\n(2, 4, 3)\n", NULL},
    {"shape", tensor_shape, NULL, "Lengths of the axes, a tuple of ints.", NULL},
    {"strides", tensor_strides, NULL, "Steps along the axes, in elements (not bytes), a tuple of ints.", NULL},
    {"dtype", tensor_dtype, NULL, "Type of the elements.", NULL},
    {"ndim", tensor_ndim, NULL, "Number of axes.", NULL},
    {"size", tensor_size, NULL, "Number of elements.", NULL},
    {"itemsize", tensor_itemsize, NULL, "Size of an element, in bytes.", NULL},
    {"nbytes", tensor_nbytes, NULL, "Size of all elements together, in bytes.", NULL},
    {"device", tensor_device, NULL, "The device that has the memory: always ``\"cpu\"``.", NULL},
    {"base", tensor_base, NULL,
     "What has the memory, if the tensor is on a part of it or on another object's; else None.\n\n"
     "It is that object, or a tensor of one dimension of the whole memory.\n\n"
     ">>> import aotops as ao\n>>> t = ao.arange(4)\n>>> t.base, t[:2].base\n(None, tensor([0, 1, 2, 3]))\n", NULL},
    {"readonly", tensor_readonly, NULL, "Whether the memory belongs to another object, which forbids writing to it.", NULL},
    {"requires_grad", aot_tensor_requires_grad, aot_tensor_set_requires_grad,
     "Whether gradients are recorded: set for the tensors to differentiate by, True for what is computed from them.\n\n"
     "Setting it to False makes such a tensor an ordinary one, without its ``grad``. ``TypeError`` for dtypes other than\n"
     "floats, ``GradientError`` where the result of a recorded call is to be made an ordinary tensor.\n\n"
     ">>> import aotops as ao\n>>> x = ao.tensor([1.0, 2.0])\n>>> x.requires_grad = True\n"
     ">>> (x * x).requires_grad\nTrue\n", NULL},
    {"grad", aot_tensor_grad, aot_tensor_set_grad,
     "The gradient that ``backward`` has computed, a tensor; None before, and of tensors that keep none.\n\n"
     ">>> import aotops as ao\n>>> x = ao.tensor([1.0, 2.0], requires_grad=True)\n>>> (x * x).sum().backward()\n"
     ">>> x.grad\ntensor([2., 4.])\n", NULL},
    {"grad_fn", aot_tensor_grad_fn, NULL,
     "The node of the call that computed the tensor, if it was recorded; else None.", NULL},
    {"is_leaf", aot_tensor_is_leaf, NULL,
     "Whether the tensor is no result of a recorded call: ``backward`` keeps gradients of such tensors.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef tensor_methods[] = {
    {"item", (PyCFunction)(void (*)(void))aot_item, METH_FASTCALL,
     "item(*index)\n--\n\nReturn the only element, or that which an index selects, as a Python number.\n\n"
     "Parameters:\n"
     "    *index: An int for each axis, or one that counts the elements in row-major order.\n\n"
     "Returns:\n    A bool, an int, a float or a complex number.\n\n"
     "Raises:\n"
     "    TypeError: The index has other than ints.\n"
     "    ValueError: There is not exactly one element, or the index has another number of ints.\n"
     "    IndexError: The index is out of bounds.\n\n"
     "Example:\n"
     "    >>> import aotops as ao\n    >>> t = ao.tensor([[1, 2], [3, 4]])\n"
     "    >>> t.item(1, 0), t.item(-1), t.sum().item()\n    (3, 4, 10)\n"},
    {"is_contiguous", tensor_is_contiguous, METH_NOARGS,
     "is_contiguous()\n--\n\nReturn whether the elements lie in row-major order without gaps.\n\n"
     "Returns:\n    A Python bool.\n\n"
     "Example:\n"
     "    >>> import aotops as ao\n    >>> t = ao.zeros((2, 3))\n"
     "    >>> t.is_contiguous(), t.T.is_contiguous()\n    (True, False)\n"},
    {"_as_strided", tensor_as_strided, METH_VARARGS,
     "_as_strided(shape, strides, offset, function='_as_strided'): a view; strides and offset count elements from this "
     "tensor's first one. Errors name the function."},
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
    {Py_tp_dealloc, aot_tensor_dealloc},
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
    {Py_nb_divmod, aot_number_divmod},
    {Py_nb_matrix_multiply, aot_number_matrix_multiply},
    {Py_nb_inplace_matrix_multiply, aot_number_inplace_matrix_multiply},
    {0, NULL},
};

/* Immutable: Python code that replaced __new__ could create uninitialized tensors. */
PyType_Spec aot_tensor_spec = {
    .name = "aotops.Tensor", /* as messages of Python call it */
    .basicsize = sizeof(aot_tensor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = tensor_slots,
};

static PyType_Slot tensor_base_slots[] = {
    {0, NULL},
};

/* Mutable: the operators that are methods are added once they exist. */
PyType_Spec aot_tensor_base_spec = {
    .name = "aotops._native.TensorBase",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = tensor_base_slots,
};
