/* Calling array kernels: the object behind aotops.ArrayKernel. In Python:
 *
 *     class ArrayKernelBase:
 *         def bind(self, library, symbols): self.signatures = [library[symbol] for symbol in symbols]
 *
 *     def run(self, number, operands): launch(self.signatures[number], operands)
 */
#include "array_kernel.h"

#include "constants.h"

#include <stddef.h>
#include <string.h>

const aot_array_library *aot_array_library_of(PyObject *capsule)
{
    const aot_array_library *library = PyCapsule_GetPointer(capsule, AOT_ARRAY_CAPSULE);
    if (library == NULL) {
        return NULL;
    }
    if (library->version != AOTOPS_ARRAY_KERNEL_VERSION ||
        library->services > sizeof(aot_array_services) / sizeof(void *)) {
        PyErr_Format(PyExc_ImportError, "the array kernels are of version %u, and this aotops takes version %d",
                     library->version, AOTOPS_ARRAY_KERNEL_VERSION);
        return NULL;
    }
    aot_map_constants(library);
    return library;
}

int aot_array_level(const aot_state *state, const aot_array_library *library)
{
    for (int own = state->level; own >= 0; own--) {
        for (uint32_t k = 0; k < library->n_levels; k++) {
            if (strcmp(library->levels[k], aot_builtin_table.levels[own]) == 0) {
                return (int)k;
            }
        }
    }
    PyErr_SetString(PyExc_ImportError, "the array kernels are for other CPU levels than this aotops");
    return -1;
}

static const aot_named_array_kernel *find(const aot_array_library *library, const char *symbol)
{
    for (uint32_t k = 0; k < library->n_kernels; k++) {
        const aot_named_array_kernel *own = &library->kernels[k];
        if (strcmp(own->symbol, symbol) == 0 && own->outputs > 0 && own->inputs + own->outputs <= AOT_MAX_OPERANDS) {
            return own;
        }
    }
    PyErr_Format(PyExc_ImportError, "there is no array kernel %s", symbol);
    return NULL;
}

aot_array_object *aot_as_array_kernel(const aot_state *state, PyObject *object)
{
    return PyType_IsSubtype(Py_TYPE(object), state->array_kernel_type) ? (aot_array_object *)object : NULL;
}

PyObject *aot_bind_array_kernel(aot_state *state, PyObject *args)
{
    PyObject *object, *capsule, *name, *symbols, *sizes, *order;
    if (!PyArg_ParseTuple(args, "OOUO!OO!:bind_array_kernel", &object, &capsule, &name, &PyTuple_Type, &symbols, &sizes,
                          &PyTuple_Type, &order)) {
        return NULL;
    }
    aot_array_object *self = aot_as_array_kernel(state, object);
    const aot_array_library *library = self != NULL ? aot_array_library_of(capsule) : NULL;
    if (library == NULL) {
        return self != NULL ? NULL
                            : aot_raise("wrong_type", "(sssO)", "bind_array_kernel", "kernel", "an ArrayKernel", object);
    }
    Py_ssize_t count = PyTuple_Size(symbols);
    int level = aot_array_level(state, library);
    const char *spelled = PyUnicode_AsUTF8AndSize(name, NULL);
    if (level < 0 || spelled == NULL) {
        return NULL;
    }
    const aot_named_array_kernel **signatures = PyMem_Calloc((size_t)count + 1, sizeof *signatures);
    int64_t *computed = PyMem_Calloc(2 * AOT_MOST_DIMENSIONS, sizeof *computed);
    bool failed = signatures == NULL || computed == NULL;
    if (failed) {
        PyErr_NoMemory();
    }
    uint8_t places[AOT_MAX_OPERANDS] = {0};
    for (Py_ssize_t k = 0; k < PyTuple_Size(order) && k < AOT_MAX_OPERANDS; k++) {
        places[k] = (uint8_t)PyLong_AsLong(PyTuple_GetItem(order, k));
    }
    for (Py_ssize_t k = 0; !failed && k < count; k++) {
        const char *symbol = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(symbols, k), NULL);
        signatures[k] = symbol != NULL ? find(library, symbol) : NULL;
        failed = signatures[k] == NULL;
    }
    if (failed || self->library != NULL) { /* a thread that runs it may have its code already */
        PyMem_Free(signatures);
        PyMem_Free(computed);
        return failed ? NULL : Py_NewRef(Py_None);
    }
    self->level = level;
    self->table = library;
    self->count = (int)count;
    self->arguments = (int)PyTuple_Size(order);
    memcpy(self->order, places, sizeof places);
    self->signatures = signatures;
    self->computed = computed;
    self->known = computed + AOT_MOST_DIMENSIONS;
    self->known[0] = -2; /* nothing yet */
    self->name = spelled;
    self->spelled_name = Py_NewRef(name);
    self->sizes = Py_NewRef(sizes);
    self->library = Py_NewRef(capsule);
    return Py_NewRef(Py_None);
}

static int kernel_traverse(PyObject *object, visitproc visit, void *arg)
{
    aot_array_object *self = (aot_array_object *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->sizes);
    return 0;
}

/* There is no tp_clear, as for Operator. */
static void kernel_dealloc(PyObject *object)
{
    aot_array_object *self = (aot_array_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->sizes);
    Py_CLEAR(self->spelled_name);
    PyMem_Free(self->signatures);
    PyMem_Free(self->computed);
    Py_CLEAR(self->library);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

static PyType_Slot kernel_slots[] = {
    {Py_tp_dealloc, kernel_dealloc},
    {Py_tp_traverse, kernel_traverse},
    {Py_tp_new, PyType_GenericNew},
    {0, NULL},
};

PyType_Spec aot_array_kernel_spec = {
    .name = "aotops._native.ArrayKernelBase",
    .basicsize = sizeof(aot_array_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = kernel_slots,
};

/* --- calls from Python --------------------------------------------------------------------------- */

int aot_launch_array_object(aot_state *state, aot_array_object *self, const aot_named_array_kernel *kernel,
                            const aot_array_operand *operands)
{
    aot_array_launch own = {.library = self->table,
                            .kernel = kernel,
                            .level = self->level,
                            .name = self->name,
                            .declared = (PyObject *)self,
                            .operands = operands,
                            .loop_threads = aot_array_threads(state, self->table)};
    return aot_launch_array_kernel(state, &own, &self->cost);
}

/* Raises a ValueError in the name of a kernel, whose operands must be as `wanted` says; returns NULL. */
static PyObject *reject(const char *name, const char *wanted)
{
    return aot_raise("wrong_array_operands", "(ss)", name, wanted);
}

PyObject *aot_run_array_kernel(aot_state *state, PyObject *args)
{
    PyObject *object, *given, *names;
    Py_ssize_t number;
    if (!PyArg_ParseTuple(args, "OnO!O!:run_array_kernel", &object, &number, &PyTuple_Type, &given, &PyTuple_Type,
                          &names)) {
        return NULL;
    }
    aot_array_object *self = aot_as_array_kernel(state, object);
    if (self == NULL || self->library == NULL) {
        return aot_raise("wrong_type", "(sssO)", "run_array_kernel", "kernel", "an ArrayKernel with code", object);
    }
    const aot_named_array_kernel *kernel = number >= 0 && number < self->count ? self->signatures[number] : NULL;
    if (kernel == NULL || PyTuple_Size(given) != kernel->inputs + kernel->outputs) {
        return reject(self->name, "be as many as those of one of its signatures");
    }
    aot_array_operand operands[AOT_MAX_OPERANDS];
    for (int k = 0; k < kernel->inputs + kernel->outputs; k++) {
        const aot_tensor *tensor = aot_as_tensor(PyTuple_GetItem(given, k));
        if (tensor == NULL) {
            return reject(self->name, "be tensors");
        }
        const char *called = k < PyTuple_Size(names) ? PyUnicode_AsUTF8AndSize(PyTuple_GetItem(names, k), NULL) : "out";
        if (called == NULL || (k >= kernel->inputs && aot_check_writable(tensor, self->name, called) < 0)) {
            return NULL;
        }
        operands[k] = aot_array_operand_of(tensor);
    }
    return aot_launch_array_object(state, self, kernel, operands) < 0 ? NULL : Py_NewRef(Py_None);
}

PyObject *aot_load_array_kernel(PyObject *kernel)
{
    return aot_call("load_array_kernel", "(O)", kernel);
}
