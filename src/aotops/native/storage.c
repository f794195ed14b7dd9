/* Storage: the owner of the memory behind tensors. In Python:
 *
 *     class Storage:
 *         def __init__(self, nbytes):       # aot_storage_new
 *             self.data = aligned memory, contents undefined
 *         def __init__(self, memory):       # aot_storage_of_memory
 *             self.data = the memory of another library, held until deallocation
 *
 * The memory of a small storage (a scalar, a short vector) is part of the object: one allocation from Python's own
 * allocator (20 ns) instead of two.
 */
#include "native.h"

/* with the object's header just under 512 bytes, the limit of Python's small-object allocator */
#define INLINE_BYTES 320

static aot_storage *new_object(aot_state *state, Py_ssize_t extra)
{
    aot_storage *self = PyObject_Malloc(sizeof(aot_storage) + (size_t)extra);
    if (self == NULL) {
        return (aot_storage *)PyErr_NoMemory();
    }
    PyObject_Init((PyObject *)self, state->storage_type);
    self->data = NULL;
    self->nbytes = 0;
    self->block = NULL;
    self->source = NULL;
    self->release = NULL;
    self->writes = 0;
    self->kept = 0;
    self->readonly = false;
    return self;
}

void aot_storage_learn_limit(aot_state *state)
{
    if (!state->memory.limit_is_known) {
        Py_ssize_t limit = aot_ask("default_memory_limit");
        if (limit >= 0 && !state->memory.limit_is_known) { /* unless another thread has set it meanwhile */
            aot_memory_set_limit(&state->memory, limit);
        }
    }
}

aot_storage *aot_storage_new(aot_state *state, Py_ssize_t nbytes)
{
    if (nbytes <= INLINE_BYTES) {
        aot_storage *self = new_object(state, nbytes + AOT_ALIGNMENT);
        if (self != NULL) {
            uintptr_t end = (uintptr_t)(self + 1) + AOT_ALIGNMENT - 1;
            self->data = (char *)(end - end % AOT_ALIGNMENT);
            self->nbytes = nbytes;
        }
        return self;
    }
    if (aot_memory_needs_limit(&state->memory, (size_t)nbytes)) {
        aot_storage_learn_limit(state);
    }
    aot_storage *self = new_object(state, 0);
    if (self == NULL) {
        return NULL;
    }
    self->block = aot_memory_allocate(&state->memory, (size_t)nbytes);
    if (self->block == NULL) {
        Py_DECREF((PyObject *)self);
        PyErr_Format(PyExc_MemoryError, "cannot allocate %zd bytes for a tensor", nbytes);
        return NULL;
    }
    self->data = self->block;
    self->nbytes = nbytes;
    return self;
}

void aot_release_memory(Py_buffer *source, aot_release release)
{
    PyObject *type, *value, *traceback; /* it may run anyone's code, also while an exception is on its way */
    PyErr_Fetch(&type, &value, &traceback);
    release(source);
    PyMem_Free(source);
    PyErr_Restore(type, value, traceback);
}

aot_storage *aot_storage_of_memory(aot_state *state, Py_buffer *source, aot_release release, char *data,
                                   Py_ssize_t nbytes)
{
    aot_storage *self = new_object(state, 0);
    if (self == NULL) {
        aot_release_memory(source, release);
        return NULL;
    }
    self->data = data;
    self->nbytes = nbytes;
    self->source = source;
    self->release = release;
    self->readonly = source->readonly != 0;
    return self;
}

static void storage_dealloc(PyObject *object)
{
    aot_storage *self = (aot_storage *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (self->source != NULL) {
        aot_release_memory(self->source, self->release);
    }
    if (self->block != NULL) {
        aot_state *state = PyType_GetModuleState(type);
        aot_memory_release(&state->memory, self->block, (size_t)self->nbytes);
    }
    PyObject_Free(object);
    Py_DECREF((PyObject *)type);
}

static PyType_Slot storage_slots[] = {
    {Py_tp_dealloc, storage_dealloc},
    {0, NULL},
};

PyType_Spec aot_storage_spec = {
    .name = "aotops._native.Storage",
    .basicsize = sizeof(aot_storage),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = storage_slots,
};
