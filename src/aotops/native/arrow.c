/* Arrow's C data interface, both ways, for arrays of numbers of one dimension without nulls. In Python:
 *
 *     def arrow_schema(dtype): return a capsule named "arrow_schema"                  # aot_arrow_schema
 *     def to_arrow(x): return a capsule named "arrow_array", which holds x's storage  # aot_to_arrow
 *     def from_arrow(schema, array, copying):                                         # aot_from_arrow
 *         check what both capsules say; move the array out of its capsule
 *         return a tensor that releases the array when the last one on this memory is freed
 *
 * The two structures are those of the interface; a structure whose `release` is NULL has been released or moved. Arrow
 * packs bools into bits, so that no memory can be shared: neither way is here.
 */
#include "exchange.h"

#include <string.h>

#define SCHEMA "arrow_schema"
#define ARRAY "arrow_array"

typedef struct schema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct schema **children, *dictionary;
    void (*release)(struct schema *);
    void *owner; /* the producer's */
} schema;

typedef struct array {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers; /* of a primitive array two: which elements are valid, or NULL, and the elements */
    struct array **children, *dictionary;
    void (*release)(struct array *);
    void *owner;
} array;

/* Returns the format of a dtype's arrays, or NULL if Arrow has none whose elements lie as a tensor's do. */
static const char *format_of(int dtype)
{
    static const char *const by_kind[][4] = {
        [AOT_KIND_UNSIGNED] = {"C", "S", "I", "L"},
        [AOT_KIND_SIGNED] = {"c", "s", "i", "l"},
        [AOT_KIND_REAL] = {NULL, NULL, "f", "g"},
        [AOT_KIND_COMPLEX] = {NULL, NULL, NULL, NULL},
    };
    int itemsize = aot_dtypes[dtype].itemsize;
    int width = itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : 3;
    return aot_dtypes[dtype].kind == AOT_KIND_BOOL ? NULL : by_kind[aot_dtypes[dtype].kind][width];
}

/* --- export -------------------------------------------------------------------------------------- */

static void release_schema(schema *self)
{
    self->release = NULL; /* its strings are constants */
}

static void discard_schema(PyObject *capsule)
{
    schema *self = PyCapsule_GetPointer(capsule, SCHEMA);
    if (self != NULL && self->release != NULL) {
        self->release(self);
    }
    PyMem_Free(self);
}

PyObject *aot_arrow_schema(int dtype)
{
    const char *format = format_of(dtype);
    if (format == NULL) {
        return aot_raise("no_arrow_type", "(s)", aot_dtypes[dtype].name);
    }
    schema *self = PyMem_Calloc(1, sizeof *self);
    if (self == NULL) {
        return PyErr_NoMemory();
    }
    self->format = format;
    self->name = "";
    self->release = release_schema;
    PyObject *capsule = PyCapsule_New(self, SCHEMA, discard_schema);
    if (capsule == NULL) {
        PyMem_Free(self);
    }
    return capsule;
}

/* What an exported array owns. */
typedef struct {
    PyObject *storage;
    const void *buffers[2];
} lent;

/* Consumers call it on any thread, with or without the GIL, and whatever exception is set. */
static void release_array(array *self)
{
    lent *owned = self->owner;
    self->release = NULL;
    if (!Py_IsInitialized()) {
        return; /* the interpreter has ended, and its objects with it */
    }
    PyObject *type, *value, *traceback;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyErr_Fetch(&type, &value, &traceback);
    Py_DECREF(owned->storage);
    PyErr_Restore(type, value, traceback);
    PyMem_Free(owned);
    PyGILState_Release(gil);
}

static void discard_array(PyObject *capsule)
{
    array *self = PyCapsule_GetPointer(capsule, ARRAY);
    if (self != NULL && self->release != NULL) {
        lent *owned = self->owner;
        Py_DECREF(owned->storage);
        PyMem_Free(owned);
    }
    PyMem_Free(self);
}

PyObject *aot_to_arrow(aot_tensor *tensor)
{
    if (tensor->ndim != 1 || !tensor->contiguous || format_of(tensor->dtype) == NULL) {
        PyErr_SetString(PyExc_SystemError, "to_arrow: Python must have made the tensor contiguous");
        return NULL;
    }
    array *self = PyMem_Calloc(1, sizeof *self);
    lent *owned = PyMem_Calloc(1, sizeof *owned);
    PyObject *capsule = self != NULL && owned != NULL ? PyCapsule_New(self, ARRAY, discard_array) : NULL;
    if (capsule == NULL) {
        PyMem_Free(self);
        PyMem_Free(owned);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Py_INCREF((PyObject *)tensor->storage);
    owned->storage = (PyObject *)tensor->storage;
    owned->buffers[1] = tensor->data;
    self->length = tensor->size;
    self->n_buffers = 2;
    self->buffers = owned->buffers;
    self->release = release_array;
    self->owner = owned;
    return capsule;
}

/* --- import -------------------------------------------------------------------------------------- */

static void release_import(Py_buffer *source)
{
    array *moved = source->internal;
    if (moved->release != NULL) {
        moved->release(moved);
    }
    PyMem_Free(moved);
}

static void *pointer_in(PyObject *capsule, const char *name, const char *function, const char *argument)
{
    if (!PyCapsule_IsValid(capsule, name)) {
        const char *found = PyCapsule_CheckExact(capsule) ? PyCapsule_GetName(capsule) : NULL;
        return aot_raise("wrong_arrow_capsule", "(sssOz)", function, argument, name, capsule, found);
    }
    return PyCapsule_GetPointer(capsule, name);
}

static int dtype_of(const char *format)
{
    for (int code = 0; code < AOT_N_DTYPES; code++) {
        const char *own = format_of(code);
        if (own != NULL && strcmp(own, format) == 0) {
            return code;
        }
    }
    return -1;
}

static PyObject *reject(const char *function, const char *argument, const char *wanted, int64_t got)
{
    return aot_raise("wrong_arrow", "(sssL)", function, argument, wanted, (long long)got);
}

PyObject *aot_from_arrow(aot_state *state, PyObject *schema_capsule, PyObject *array_capsule, enum aot_copying copying,
                         const char *function, const char *argument)
{
    schema *type = pointer_in(schema_capsule, SCHEMA, function, argument);
    array *given = type != NULL ? pointer_in(array_capsule, ARRAY, function, argument) : NULL;
    if (given == NULL) {
        return NULL;
    }
    if (type->release == NULL || given->release == NULL) {
        return aot_raise("used_arrow", "(ss)", function, argument);
    }
    int dtype = type->format != NULL && type->dictionary == NULL ? dtype_of(type->format) : -1;
    if (dtype < 0 || type->n_children != 0) {
        return aot_raise("unsupported_arrow", "(ssz)", function, argument,
                         type->dictionary != NULL ? "dictionary" : type->format);
    }
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize, length = (Py_ssize_t)given->length;
    if (given->n_buffers != 2 || given->buffers == NULL) {
        return reject(function, argument, "two buffers", given->n_buffers);
    }
    if (given->length < 0 || given->length > PY_SSIZE_T_MAX / itemsize) {
        return reject(function, argument, "a length that memory can have", given->length);
    }
    if (given->offset < 0 || given->offset > PY_SSIZE_T_MAX / itemsize - given->length) {
        return reject(function, argument, "an offset that memory can have", given->offset);
    }
    /* -1: not counted; a bitmap that is there may still have no bit of 0, which is for the producer to know */
    if (given->null_count > 0 || (given->null_count != 0 && given->buffers[0] != NULL)) {
        return aot_raise("arrow_nulls", "(ssL)", function, argument, (long long)given->null_count);
    }
    if (given->buffers[1] == NULL && length > 0) {
        return reject(function, argument, "the address of its elements", 0);
    }
    Py_buffer *view = PyMem_Calloc(1, sizeof *view);
    array *moved = PyMem_Calloc(1, sizeof *moved);
    if (view == NULL || moved == NULL) {
        PyMem_Free(view);
        PyMem_Free(moved);
        return PyErr_NoMemory();
    }
    *moved = *given;
    given->release = NULL; /* the mark of a structure that has been moved */
    view->internal = moved;
    view->buf = length > 0 ? (char *)((uintptr_t)moved->buffers[1] + (uintptr_t)(moved->offset * itemsize)) : NULL;
    view->len = length * itemsize;
    view->itemsize = itemsize;
    view->format = (char *)aot_dtypes[dtype].format;
    view->ndim = 1;
    view->shape = &length;
    view->readonly = 1; /* as all of Arrow's memory is */
    return aot_from_memory(state, view, release_import, dtype, copying, function, argument);
}
