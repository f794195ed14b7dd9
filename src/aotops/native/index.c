/* Indexing with ints, slices, None and `...`, and iteration. Python handles all other indices and raises every error;
 * it calls back with an index of plain ints. In Python:
 *
 *     def __getitem__(self, key):
 *         if the key is one int per axis: return a 0-d copy of the element
 *         if the key is a tensor of int64, or a mask: return aot_take(self, key), aot_compress(self, key)
 *         return the view that the key selects, or self._select(key)                  # aotops.namespace.indexing
 *     def __setitem__(self, key, value):
 *         if value is nested lists of numbers: value = tensor(value, dtype=self.dtype)
 *         if value is an array: value = asarray(value)
 *         if value is a Tensor or a Python number: write it to the elements that key selects
 *         else: self._assign(key, value)
 *     def __len__(self): return self.shape[0]
 *     def __iter__(self): return (self[position] for position in range(len(self)))
 *
 * Invariant: every position that an index selects is a position of the tensor, so its views need no bounds check.
 */
#include "tape.h"

#include "arrays.h"

#include <string.h>

/* A mask of so many bools is counted before a number is assigned where it is True: counting takes a twentieth to a fifth of the
 * time of the assignment, which is not needed if there are none. */
#define LEAST_COUNTED 4096

/* What an index selects; the offset counts elements from the tensor's first one. */
typedef struct {
    int ndim;
    Py_ssize_t shape[AOT_MAX_RANK], strides[AOT_MAX_RANK], offset;
} selection;

enum found { FAILED = -1, NOT_HERE, ELEMENT, VIEW };

/* Counts the ints and slices of an index, each of which uses one axis, and finds whether it selects a view or an
 * element. Returns NOT_HERE for any other item. */
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

/* Reads an index. Returns NOT_HERE if it contains other items or is invalid. */
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
    bool empty = self->size == 0; /* its strides may be arbitrary: do not multiply by them */
    for (Py_ssize_t k = 0; k <= count; k++) {
        PyObject *item = k == count ? NULL : PyTuple_Check(key) ? PyTuple_GetItem(key, k) : key;
        if (item == NULL || item == Py_Ellipsis) { /* the remaining axes: at the end if there is no ellipsis */
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
            stride *= empty || length == 1 ? 1 : step; /* the step of one element is never used and may overflow */
        }
        selected->shape[selected->ndim] = length;
        selected->strides[selected->ndim++] = stride;
    }
    selected->offset = empty ? 0 : selected->offset; /* an empty view must not start out of bounds */
    return kind;
}

/* Returns an item of an index, one that converts to int as an int; a new reference. Tensors with axes do not. */
static PyObject *as_position(PyObject *item, bool *converts)
{
    const aot_tensor *tensor = aot_as_tensor(item);
    if (!PyIndex_Check(item) || (tensor != NULL && tensor->ndim > 0) || PyLong_CheckExact(item) || PyBool_Check(item)) {
        Py_INCREF(item);
        return item;
    }
    *converts = true;
    PyObject *index = PyNumber_Index(item);
    PyObject *position = index != NULL ? PyNumber_Long(index) : NULL; /* int, not a subclass */
    Py_XDECREF(index);
    return position;
}

/* Reads an index whose items may also convert to int, as NumPy's integers do; each is converted once. This may run
 * Python code, which cannot change a tensor's shape. */
static enum found read_any_index(const aot_tensor *self, PyObject *key, selection *selected)
{
    enum found kind = read_index(self, key, selected);
    if (kind != NOT_HERE) {
        return kind;
    }
    Py_ssize_t count = PyTuple_Check(key) ? PyTuple_Size(key) : 0;
    if (count > 2 * AOT_MAX_RANK + 1) {
        return NOT_HERE;
    }
    bool any = false;
    PyObject *ints = PyTuple_Check(key) ? PyTuple_New(count) : as_position(key, &any);
    for (Py_ssize_t k = 0; ints != NULL && k < count; k++) {
        PyObject *position = as_position(PyTuple_GetItem(key, k), &any);
        if (position == NULL || PyTuple_SetItem(ints, k, position) < 0) {
            Py_CLEAR(ints);
        }
    }
    if (ints == NULL && !PyErr_ExceptionMatches(PyExc_TypeError)) {
        return FAILED;
    }
    PyErr_Clear(); /* an array that does not convert to int */
    kind = ints != NULL && any ? read_index(self, ints, selected) : NOT_HERE;
    Py_XDECREF(ints);
    return kind;
}

static aot_tensor *view_of(const aot_tensor *self, const selection *selected)
{
    return aot_tensor_part(self, selected->offset, selected->ndim, selected->shape, selected->strides);
}

static PyObject *copy_of_element(const aot_tensor *self, Py_ssize_t offset)
{
    aot_tensor *copy = aot_tensor_new(self->state, self->dtype, 0, NULL, "indexing");
    if (copy != NULL) {
        uint8_t itemsize = aot_dtypes[self->dtype].itemsize;
        memcpy(copy->data, self->data + offset * itemsize, itemsize);
    }
    return (PyObject *)copy;
}

/* Returns the row at a position, or a copy of the element if there is one axis. The position must exist. */
static PyObject *row_at(const aot_tensor *self, Py_ssize_t position)
{
    Py_ssize_t offset = self->size == 0 ? 0 : position * self->strides[0];
    return self->ndim == 1 ? copy_of_element(self, offset)
                           : (PyObject *)aot_tensor_part(self, offset, self->ndim - 1, self->shape + 1, self->strides + 1);
}

/* Returns an index that is a tensor of positions, or a mask of the tensor's shape; else NULL. */
static aot_tensor *tensor_index(const aot_tensor *self, PyObject *key)
{
    aot_tensor *index = Py_TYPE(key) == self->state->tensor_type ? (aot_tensor *)key : NULL;
    if (index == NULL || index->ndim == 0 || self->ndim == 0) {
        return NULL;
    }
    bool is_mask = index->dtype == AOT_BOOL && index->ndim == self->ndim &&
                   memcmp(index->shape, self->shape, (size_t)self->ndim * sizeof *self->shape) == 0;
    return is_mask || index->dtype == AOT_INT64 ? index : NULL;
}

/* Reads what an index selects; NULL without an exception if Python has to. */
static PyObject *selected_by(PyObject *object, PyObject *key)
{
    const aot_tensor *self = (const aot_tensor *)object;
    Py_ssize_t position;
    if (self->ndim > 0 && aot_plain_size(key, &position)) {
        position += position < 0 ? self->shape[0] : 0;
        if (position >= 0 && position < self->shape[0]) {
            return row_at(self, position);
        }
    }
    aot_tensor *index = tensor_index(self, key);
    if (index != NULL) {
        return (PyObject *)(index->dtype == AOT_BOOL ? aot_compress(self, index) : aot_take(self, index, 0, "indexing"));
    }
    selection selected;
    switch (read_any_index(self, key, &selected)) {
    case VIEW:
        return (PyObject *)view_of(self, &selected);
    case ELEMENT:
        return copy_of_element(self, selected.offset);
    default:
        return NULL;
    }
}

PyObject *aot_subscript(PyObject *object, PyObject *key)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (self->state->tape.nodes != 0 && aot_is_recorded(self->state, &object, 1)) {
        bool plain = tensor_index(self, key) == NULL;
        PyObject *part = plain ? selected_by(object, key) : NULL;
        if (part != NULL) {
            return aot_record_selected(self, key, part);
        }
        return PyErr_Occurred() ? NULL : aot_record_item(object, key);
    }
    PyObject *part = selected_by(object, key);
    return part != NULL || PyErr_Occurred() ? part : PyObject_CallMethod(object, "_select", "(O)", key);
}

/* Copies a tensor into a view. */
static int write_tensor(aot_tensor *target, aot_tensor *source)
{
    if (source->ndim > 0 || source->dtype == target->dtype) {
        return aot_copy(target, source);
    }
    /* a single number must fit, as a Python number must */
    aot_element element;
    PyObject *number = aot_to_list(source);
    int failed = number == NULL || aot_element_of(number, target->dtype, &element, "assignment", "value") < 0 ||
                 aot_check_writable(target, "assignment", "x") < 0;
    Py_XDECREF(number);
    return failed ? -1 : aot_fill(target, element, target->dtype);
}

/* Writes a Python number to the element or view that an index has selected. */
static int write_number(const aot_tensor *self, enum found kind, const selection *selected, PyObject *number)
{
    aot_element element;
    if (aot_element_of(number, self->dtype, &element, "assignment", "value") < 0 ||
        aot_check_writable(self, "assignment", "x") < 0) {
        return -1;
    }
    if (kind == ELEMENT) {
        uint8_t itemsize = aot_dtypes[self->dtype].itemsize;
        memcpy(self->data + selected->offset * itemsize, &element, itemsize);
        return 0;
    }
    aot_tensor *target = view_of(self, selected);
    if (target == NULL) {
        return -1;
    }
    int failed = aot_fill(target, element, target->dtype);
    Py_DECREF((PyObject *)target);
    return failed;
}

/* Assigns to what a tensor selects: a number, or a tensor of the same dtype. Returns 1 if Python has to do it. */
static int assign_to_many(aot_tensor *self, aot_tensor *index, PyObject *value, bool is_number)
{
    aot_tensor *source = is_number ? NULL : aot_as_tensor(value);
    bool is_mask = index->dtype == AOT_BOOL;
    if (!is_number && (source == NULL || source->dtype != self->dtype || aot_may_overlap(self, source))) {
        return 1;
    }
    if (aot_may_overlap(self, index)) {
        return 1;
    }
    if (is_mask && source != NULL) {
        bool fits = self->contiguous && source->ndim == 1 && source->size != 1;
        return fits ? aot_expand(self, index, source) : 1;
    }
    if (source != NULL) {
        return aot_put(self, index, source);
    }
    aot_element element;
    if (aot_element_of(value, self->dtype, &element, "assignment", "value") < 0 ||
        aot_check_writable(self, "assignment", "x") < 0) {
        return -1;
    }
    if (!is_mask) {
        aot_tensor number = *index; /* never seen by Python: the number, as a tensor without axes */
        number.ndim = 0;
        number.data = (char *)&element;
        return aot_put(self, index, &number);
    }
    if (index->size >= LEAST_COUNTED && aot_dtypes[self->dtype].itemsize >= 4 && !self->state->watched) {
        Py_ssize_t count = aot_count(index);
        if (count <= 0) {
            return (int)count; /* nothing is selected, or no memory */
        }
    }
    const aot_operator_object *choose = (const aot_operator_object *)self->state->choose;
    const aot_variant *variant = aot_variant_of(choose->definition, self->dtype);
    const aot_view views[] = {{index->data, index->strides, AOT_BOOL},
                              {(char *)&element, aot_no_strides, self->dtype},
                              {self->data, self->strides, self->dtype},
                              {self->data, self->strides, self->dtype}};
    return aot_launch(self->state, choose, variant->kernels, variant->dtypes, 3, 1, views, self->ndim, self->shape);
}

static int assign(PyObject *object, PyObject *key, PyObject *value)
{
    const aot_tensor *self = (const aot_tensor *)object;
    selection selected;
    bool is_number = Py_TYPE(value) != self->state->tensor_type &&
                     (aot_is_number(value) || aot_is_float64_scalar(self->state, value));
    aot_tensor *source = is_number ? NULL : aot_as_tensor(value), *index = tensor_index(self, key);
    if (index != NULL) {
        int done = assign_to_many((aot_tensor *)object, index, value, is_number);
        if (done <= 0) {
            return done;
        }
    }
    enum found kind = read_any_index(self, key, &selected);
    if (is_number && (kind == ELEMENT || kind == VIEW)) {
        return write_number(self, kind, &selected, value);
    }
    if (kind == ELEMENT && source != NULL && source->ndim == 0 && source->dtype == self->dtype) {
        uint8_t itemsize = aot_dtypes[self->dtype].itemsize;
        if (aot_check_writable(self, "assignment", "x") < 0) {
            return -1;
        }
        memmove(self->data + selected.offset * itemsize, source->data, itemsize);
        return 0;
    }
    if (source != NULL) {
        Py_INCREF((PyObject *)source);
    } else if (kind == ELEMENT || kind == VIEW) {
        source = aot_is_sequence(value) ? aot_read_nested(self->state, value, self->dtype)
                                        : aot_read_operand(self->state, value);
        kind = source != NULL ? kind : PyErr_Occurred() ? FAILED : NOT_HERE;
    }
    int failed = -1;
    if (kind == NOT_HERE) {
        PyObject *done = PyObject_CallMethod(object, "_assign", "(OO)", key, value);
        failed = done != NULL ? 0 : -1;
        Py_XDECREF(done);
    } else if (kind != FAILED) {
        aot_tensor *target = view_of(self, &selected);
        failed = target != NULL ? write_tensor(target, source) : -1;
        Py_XDECREF((PyObject *)target);
    }
    Py_XDECREF((PyObject *)source);
    return failed;
}

int aot_assign_subscript(PyObject *object, PyObject *key, PyObject *value)
{
    aot_tensor *self = (aot_tensor *)object;
    PyObject *given[] = {object, value};
    if (value == NULL) {
        aot_raise("no_deletion", "()");
        return -1;
    }
    if (self->state->tape.nodes != 0 && aot_is_recorded_in_lists(self->state, &value, 1) && aot_as_tensor(value) == NULL) {
        PyObject *joined = aot_call("as_operand_tensor", "(ssO)", "assignment", "value", value); /* a list of tracked ones */
        int failed = joined != NULL ? aot_assign_subscript(object, key, joined) : -1;
        Py_XDECREF(joined);
        return failed;
    }
    if (self->state->tape.nodes == 0 || !aot_is_recorded(self->state, given, 2)) {
        return assign(object, key, value);
    }
    selection selected;
    if (aot_check_recorded_write(self, "assignment") < 0) {
        return -1;
    }
    enum found kind = tensor_index(self, key) != NULL ? NOT_HERE : read_any_index(self, key, &selected);
    if (kind == NOT_HERE) {
        return aot_record_assigned_in_python(object, key, value);
    }
    bool before = aot_set_recording(false);
    int failed = kind == FAILED ? -1 : assign(object, key, value);
    aot_set_recording(before);
    return failed < 0 ? -1 : aot_record_assigned(self, key, value);
}

/* Called through the sequence protocol, which resolves negative positions itself. */
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

Py_ssize_t aot_length(PyObject *object)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (self->ndim == 0) {
        aot_raise("no_length", "(s)", "len()");
        return -1;
    }
    return self->shape[0];
}

/* --- iteration ----------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    aot_tensor *tensor; /* NULL at the end */
    Py_ssize_t position;
} iterator;

PyObject *aot_iterate(PyObject *object)
{
    aot_tensor *tensor = (aot_tensor *)object;
    if (tensor->ndim == 0) {
        return aot_raise("no_length", "(s)", "iteration");
    }
    iterator *self = PyObject_Malloc(sizeof *self);
    if (self == NULL) {
        return PyErr_NoMemory();
    }
    PyObject_Init((PyObject *)self, tensor->state->iterator_type);
    Py_INCREF(object);
    self->tensor = tensor;
    self->position = 0;
    return (PyObject *)self;
}

static PyObject *iterator_next(PyObject *object)
{
    iterator *self = (iterator *)object;
    if (self->tensor == NULL || self->position >= self->tensor->shape[0]) {
        Py_CLEAR(self->tensor);
        return NULL;
    }
    if (Py_TYPE((PyObject *)self->tensor) == self->tensor->state->tensor_type && self->tensor->node == NULL) {
        return row_at(self->tensor, self->position++);
    }
    return PySequence_GetItem((PyObject *)self->tensor, self->position++); /* a subclass may override it */
}

static PyObject *iterator_length_hint(PyObject *object, PyObject *Py_UNUSED(unused))
{
    const iterator *self = (const iterator *)object;
    return PyLong_FromSsize_t(self->tensor != NULL ? self->tensor->shape[0] - self->position : 0);
}

static void iterator_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Py_XDECREF((PyObject *)((iterator *)object)->tensor);
    PyObject_Free(object);
    Py_DECREF((PyObject *)type);
}

static PyMethodDef iterator_methods[] = {
    {"__length_hint__", iterator_length_hint, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot iterator_slots[] = {
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {Py_tp_methods, iterator_methods},
    {0, NULL},
};

PyType_Spec aot_iterator_spec = {
    .name = "aotops._native.Iterator",
    .basicsize = sizeof(iterator),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = iterator_slots,
};
