/* DLPack, both ways: the array API standard's protocol for sharing memory between libraries. In Python:
 *
 *     def to_dlpack(x, versioned, copied):                # aot_to_dlpack
 *         return a capsule that names x's memory and holds its storage until the consumer calls the deleter
 *     def from_dlpack(capsule, copying):                  # aot_from_dlpack
 *         check everything that the capsule says; rename it, so that nobody else takes its memory
 *         return a tensor that calls the deleter when the last one on this memory is freed, or a copy
 *
 * A capsule named "dltensor" or "dltensor_versioned" points to one of the two structures below; one that has been taken
 * is called "used_...", and its destructor leaves the memory alone. Names, structures and flags are those of DLPack 1.0;
 * dlpack.h itself is not needed. Whether the pointers in a well-named capsule are good cannot be checked.
 *
 * Memory that comes by the older, unversioned structure is read-only: it cannot say whether writing is allowed.
 */
#include "exchange.h"

#include <string.h>

#define LEGACY "dltensor"
#define VERSIONED "dltensor_versioned"
#define MAJOR 1
#define MINOR 0

enum device { DEVICE_CPU = 1, DEVICE_CUDA_HOST = 3, DEVICE_ROCM_HOST = 11 };
enum type_code { TYPE_INT = 0, TYPE_UINT = 1, TYPE_FLOAT = 2, TYPE_COMPLEX = 5, TYPE_BOOL = 6 };
enum flag { FLAG_READ_ONLY = 1, FLAG_IS_COPIED = 2 };

typedef struct {
    void *data;
    int32_t device_type, device_id;
    int32_t ndim;
    uint8_t type_code, bits;
    uint16_t lanes;
    int64_t *shape;
    int64_t *strides; /* in elements; NULL: row-major order */
    uint64_t byte_offset;
} described;

typedef struct legacy {
    described tensor;
    void *owner; /* the producer's */
    void (*deleter)(struct legacy *);
} legacy;

typedef struct versioned {
    uint32_t major, minor;
    void *owner;
    void (*deleter)(struct versioned *);
    uint64_t flags;
    described tensor;
} versioned;

static const uint8_t type_codes[] = {
    [AOT_KIND_BOOL] = TYPE_BOOL, [AOT_KIND_UNSIGNED] = TYPE_UINT,   [AOT_KIND_SIGNED] = TYPE_INT,
    [AOT_KIND_REAL] = TYPE_FLOAT, [AOT_KIND_COMPLEX] = TYPE_COMPLEX,
};

/* --- export -------------------------------------------------------------------------------------- */

/* What a capsule of ours points to. The owner is the storage. */
typedef struct {
    union {
        legacy legacy;
        versioned versioned;
    } as;
    int64_t axes[2 * AOT_MAX_RANK];
} exported;

/* Gives an export back; consumers do so on any thread, with or without the GIL, and whatever exception is set. */
static void give_back(void *structure, void *storage)
{
    if (!Py_IsInitialized()) {
        return; /* the interpreter has ended, and its objects with it */
    }
    PyObject *type, *value, *traceback;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyErr_Fetch(&type, &value, &traceback);
    Py_DECREF((PyObject *)storage);
    PyErr_Restore(type, value, traceback);
    PyMem_Free(structure);
    PyGILState_Release(gil);
}

static void delete_legacy(legacy *self)
{
    give_back(self, self->owner);
}

static void delete_versioned(versioned *self)
{
    give_back(self, self->owner);
}

/* The destructor of a capsule: nobody has taken its memory if it still has its name. */
static void discard_capsule(PyObject *capsule)
{
    bool is_versioned = PyCapsule_IsValid(capsule, VERSIONED);
    if (is_versioned || PyCapsule_IsValid(capsule, LEGACY)) {
        exported *self = PyCapsule_GetPointer(capsule, is_versioned ? VERSIONED : LEGACY);
        Py_DECREF((PyObject *)(is_versioned ? self->as.versioned.owner : self->as.legacy.owner));
        PyMem_Free(self);
    }
}

PyObject *aot_to_dlpack(aot_tensor *tensor, bool is_versioned, bool copied)
{
    exported *self = PyMem_Calloc(1, sizeof *self);
    if (self == NULL) {
        return PyErr_NoMemory();
    }
    described *tells = is_versioned ? &self->as.versioned.tensor : &self->as.legacy.tensor;
    tells->data = tensor->size > 0 ? tensor->data : NULL; /* as the protocol wants it */
    tells->device_type = DEVICE_CPU;
    tells->ndim = tensor->ndim;
    tells->type_code = type_codes[aot_dtypes[tensor->dtype].kind];
    tells->bits = (uint8_t)(8 * aot_dtypes[tensor->dtype].itemsize);
    tells->lanes = 1;
    tells->shape = self->axes;
    tells->strides = self->axes + AOT_MAX_RANK;
    for (int axis = 0; axis < tensor->ndim; axis++) {
        tells->shape[axis] = tensor->shape[axis];
        tells->strides[axis] = tensor->strides[axis];
    }
    if (is_versioned) {
        self->as.versioned.major = MAJOR;
        self->as.versioned.minor = MINOR;
        self->as.versioned.flags = (tensor->storage->readonly ? FLAG_READ_ONLY : 0u) | (copied ? FLAG_IS_COPIED : 0u);
        self->as.versioned.owner = tensor->storage;
        self->as.versioned.deleter = delete_versioned;
    } else {
        self->as.legacy.owner = tensor->storage;
        self->as.legacy.deleter = delete_legacy;
    }
    PyObject *capsule = PyCapsule_New(self, is_versioned ? VERSIONED : LEGACY, discard_capsule);
    if (capsule == NULL) {
        PyMem_Free(self);
        return NULL;
    }
    Py_INCREF((PyObject *)tensor->storage);
    return capsule;
}

/* --- import -------------------------------------------------------------------------------------- */

static void release_legacy(Py_buffer *source)
{
    legacy *managed = source->internal;
    if (managed->deleter != NULL) {
        managed->deleter(managed);
    }
}

static void release_versioned(Py_buffer *source)
{
    versioned *managed = source->internal;
    if (managed->deleter != NULL) {
        managed->deleter(managed);
    }
}

static int dtype_of(const described *tells)
{
    for (int code = 0; code < AOT_N_DTYPES; code++) {
        if (type_codes[aot_dtypes[code].kind] == tells->type_code && 8 * aot_dtypes[code].itemsize == tells->bits) {
            return tells->lanes == 1 ? code : -1;
        }
    }
    return -1;
}

static int reject(const char *function, const char *argument, const char *wanted, PyObject *got)
{
    aot_raise("wrong_dlpack", "(sssN)", function, argument, wanted, got);
    return -1;
}

/* Reads and checks a description; returns the dtype, or -1 with an exception. Writes the lengths of the axes, their
 * strides in bytes, and the rest into a view. */
static int read_description(const described *tells, Py_ssize_t *shape, Py_ssize_t *steps, Py_buffer *view,
                            const char *function, const char *argument)
{
    if (tells->device_type != DEVICE_CPU && tells->device_type != DEVICE_CUDA_HOST &&
        tells->device_type != DEVICE_ROCM_HOST) {
        aot_raise("not_on_cpu", "(ssi)", function, argument, tells->device_type);
        return -1;
    }
    int dtype = dtype_of(tells);
    if (dtype < 0) {
        aot_raise("unsupported_dlpack", "(ssiii)", function, argument, tells->type_code, tells->bits, tells->lanes);
        return -1;
    }
    if (tells->ndim < 0 || (tells->ndim > 0 && tells->shape == NULL)) {
        return reject(function, argument, "a shape", PyUnicode_FromFormat("%d axes without one", (int)tells->ndim));
    }
    if (tells->ndim > AOT_MAX_RANK) {
        aot_raise("too_many_dimensions", "(ssi)", function, argument, (int)tells->ndim);
        return -1;
    }
    Py_ssize_t itemsize = aot_dtypes[dtype].itemsize, longest = PY_SSIZE_T_MAX / itemsize;
    Py_ssize_t step = 1;
    bool empty = false;
    for (int axis = tells->ndim - 1; axis >= 0; axis--) {
        int64_t length = tells->shape[axis], stride = tells->strides != NULL ? tells->strides[axis] : step;
        if (length < 0 || length > PY_SSIZE_T_MAX) {
            return reject(function, argument, "lengths from 0 to 2**63 - 1", PyLong_FromLongLong(length));
        }
        shape[axis] = (Py_ssize_t)length;
        if (length > 1 && (stride < -longest || stride > longest)) {
            return reject(function, argument, "strides that memory can have", PyLong_FromLongLong(stride));
        }
        steps[axis] = length > 1 ? (Py_ssize_t)stride * itemsize : itemsize; /* unused, and may be anything */
        empty = empty || length == 0;
        /* saturated: aot_from_memory rejects what is as large */
        step = length > 0 && step > longest / length ? longest : step * (Py_ssize_t)(length > 0 ? length : 1);
    }
    if (!empty && (tells->data == NULL || tells->byte_offset > UINTPTR_MAX - (uintptr_t)tells->data)) {
        return reject(function, argument, "the address of its elements",
                      PyLong_FromUnsignedLongLong(tells->byte_offset));
    }
    view->buf = empty ? NULL : (char *)((uintptr_t)tells->data + (uintptr_t)tells->byte_offset);
    view->len = empty ? 0 : step * itemsize;
    view->itemsize = itemsize;
    view->format = (char *)aot_dtypes[dtype].format;
    view->ndim = tells->ndim;
    view->shape = shape;
    view->strides = steps;
    return dtype;
}

PyObject *aot_from_dlpack(aot_state *state, PyObject *capsule, enum aot_copying copying, const char *function,
                          const char *argument)
{
    bool is_versioned = PyCapsule_IsValid(capsule, VERSIONED);
    if (!is_versioned && !PyCapsule_IsValid(capsule, LEGACY)) {
        const char *name = PyCapsule_CheckExact(capsule) ? PyCapsule_GetName(capsule) : NULL;
        return aot_raise("wrong_capsule", "(ssOz)", function, argument, capsule, name);
    }
    void *managed = PyCapsule_GetPointer(capsule, is_versioned ? VERSIONED : LEGACY);
    versioned *by_version = is_versioned ? managed : NULL;
    if (is_versioned && by_version->major != MAJOR) {
        return aot_raise("wrong_dlpack", "(sssN)", function, argument, "version 1",
                         PyUnicode_FromFormat("version %u.%u", by_version->major, by_version->minor));
    }
    const described *tells = is_versioned ? &by_version->tensor : &((legacy *)managed)->tensor;
    bool readonly = !is_versioned || (by_version->flags & FLAG_READ_ONLY) != 0;
    bool is_copy = is_versioned && (by_version->flags & FLAG_IS_COPIED) != 0;
    if (is_copy && copying == AOT_COPY_NEVER) {
        Py_RETURN_NONE;
    }
    Py_buffer *view = PyMem_Calloc(1, sizeof *view);
    if (view == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t shape[AOT_MAX_RANK], steps[AOT_MAX_RANK];
    int dtype = read_description(tells, shape, steps, view, function, argument);
    if (dtype < 0 || PyCapsule_SetName(capsule, is_versioned ? "used_" VERSIONED : "used_" LEGACY) < 0) {
        PyMem_Free(view);
        return NULL; /* the capsule still has its name: its destructor gives the memory back */
    }
    view->internal = managed;
    view->readonly = readonly;
    copying = copying == AOT_COPY_ALWAYS && is_copy && !readonly ? AOT_COPY_IF_NEEDED : copying;
    return aot_from_memory(state, view, is_versioned ? release_versioned : release_legacy, dtype, copying, function,
                           argument);
}
