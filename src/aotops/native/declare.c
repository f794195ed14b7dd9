/* Operators that are declared in Python, by users of aotops. In Python (aotops.declare calls these):
 *
 *     def declare(record, name, parameters, facts, conversions, variants):
 *         an Operator with a definition of its own, whose variants have no kernels yet
 *     def bind(operator, library, symbols):      # one (kernel, combine) for each variant
 *         for variant, (kernel, combine) in zip(operator.variants, symbols):
 *             variant.kernels, variant.combine = library[kernel], library[combine]
 *     def stand_in(operator, runner):             # what calls go to instead
 *     def rename(operator, name):                 # once it is known
 *     def check_sum(text):                        # of a source file, to tell whether it has changed
 *
 * At the first call of an operator `aotops.declare.load` gives it either kernels or a stand-in.
 */
#include "native.h"

#include <string.h>

/* What `facts` has, all of it small numbers. */
enum { KIND, INPUTS, OUTPUTS, RETURNS_TUPLE, CONDITIONS, TAKES_DTYPE, HAS_IDENTITY, N_FACTS };

/* Reads a tuple of so many ints from 0 to `most`. */
static int read_numbers(PyObject *tuple, Py_ssize_t count, long most, long *numbers, const char *what)
{
    bool valid = PyTuple_Check(tuple) && PyTuple_Size(tuple) == count;
    for (Py_ssize_t k = 0; valid && k < count; k++) {
        numbers[k] = PyLong_AsLong(PyTuple_GetItem(tuple, k));
        valid = numbers[k] >= 0 && numbers[k] <= most;
    }
    if (!valid) {
        PyErr_Format(PyExc_ValueError, "declare: %s must be %zd ints from 0 to %ld, got %R", what, count, most, tuple);
        return -1;
    }
    return 0;
}

/* Reads (dtypes, identity, start). */
static int read_variant(const aot_operator *definition, PyObject *tuple, aot_variant *variant)
{
    PyObject *codes, *identity, *start;
    long dtypes[AOT_MAX_OPERANDS];
    int operands = definition->inputs + definition->outputs;
    if (!PyArg_ParseTuple(tuple, "OOO:variant", &codes, &identity, &start) ||
        read_numbers(codes, operands, AOT_N_DTYPES - 1, dtypes, "dtypes") < 0) {
        return -1;
    }
    for (int k = 0; k < operands; k++) {
        variant->dtypes[k] = (uint8_t)dtypes[k];
    }
    aot_element element;
    if (definition->kind != AOT_ELEMENTWISE) {
        if (aot_element_of(start, variant->dtypes[definition->inputs], &element) < 0) {
            return -1;
        }
        variant->start = element.bits;
        if (definition->has_identity) {
            if (aot_element_of(identity, variant->dtypes[definition->inputs], &element) < 0) {
                return -1;
            }
            variant->identity = element.bits;
        }
    }
    return 0;
}

/* Points a definition at the texts of its name and its parameters. */
static int take_names(aot_operator_object *operator, PyObject *name, PyObject *parameters)
{
    const char *name_text = PyUnicode_AsUTF8AndSize(name, NULL);
    const char *parameters_text = name_text != NULL ? PyUnicode_AsUTF8AndSize(parameters, NULL) : NULL;
    PyObject *names = parameters_text != NULL ? PyTuple_Pack(2, name, parameters) : NULL;
    if (names == NULL) {
        return -1;
    }
    operator->own->name = name_text;
    operator->own->parameters = parameters_text;
    PyObject *before = operator->names;
    operator->names = names;
    Py_XDECREF(before);
    return 0;
}

PyObject *aot_declare(aot_state *state, PyObject *args)
{
    PyObject *record, *name, *parameters, *facts, *conversions, *variants;
    long numbers[N_FACTS], targets[AOT_N_DTYPES];
    if (!PyArg_ParseTuple(args, "OUUOOO!:declare", &record, &name, &parameters, &facts, &conversions, &PyTuple_Type,
                          &variants) ||
        read_numbers(facts, N_FACTS, UINT16_MAX, numbers, "facts") < 0 ||
        read_numbers(conversions, AOT_N_DTYPES, AOT_NO_DTYPE, targets, "conversions") < 0) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_Size(variants);
    if (numbers[KIND] > AOT_REDUCE || numbers[INPUTS] < 1 || numbers[OUTPUTS] < 1 ||
        numbers[INPUTS] + numbers[OUTPUTS] > AOT_MAX_OPERANDS || (numbers[KIND] == AOT_REDUCE && numbers[OUTPUTS] > 1) ||
        count < 1 || count > AOT_N_DTYPES) {
        return PyErr_Format(PyExc_ValueError, "declare: there is no operator of facts %R with %zd variants", facts, count);
    }
    aot_operator_object *self = aot_operator_new(state, NULL);
    aot_operator *definition = PyMem_Calloc(1, sizeof *definition + (size_t)count * sizeof(aot_variant));
    if (self == NULL || definition == NULL) {
        PyMem_Free(definition);
        Py_XDECREF((PyObject *)self);
        return PyErr_NoMemory();
    }
    aot_variant *own_variants = (aot_variant *)(void *)(definition + 1);
    *definition = (aot_operator){
        .kind = (uint8_t)numbers[KIND],
        .inputs = (uint8_t)numbers[INPUTS],
        .outputs = (uint8_t)numbers[OUTPUTS],
        .returns_tuple = numbers[RETURNS_TUPLE] != 0,
        .conditions = (uint16_t)numbers[CONDITIONS],
        .takes_dtype = numbers[TAKES_DTYPE] != 0,
        .has_identity = numbers[HAS_IDENTITY] != 0,
        .n_variants = (uint16_t)count,
        .variants = own_variants,
    };
    for (int k = 0; k < AOT_N_DTYPES; k++) {
        definition->conversions[k] = targets[k] < AOT_N_DTYPES ? (uint8_t)targets[k] : AOT_NO_DTYPE;
    }
    self->own = definition;
    self->definition = definition;
    self->waits = true;
    Py_INCREF(record);
    self->record = record;
    bool failed = take_names(self, name, parameters) < 0;
    for (Py_ssize_t v = 0; !failed && v < count; v++) {
        PyObject *variant = PyTuple_GetItem(variants, v);
        if (!PyTuple_Check(variant)) {
            PyErr_Format(PyExc_TypeError, "declare: a variant must be a tuple, got %R", variant);
            failed = true;
        } else {
            failed = read_variant(definition, variant, &own_variants[v]) < 0;
        }
    }
    if (failed) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* Takes a kernel by its symbol, for all levels; NULL if there is none, with an error. */
static const aot_named_kernel *find_kernel(const aot_library *library, PyObject *symbol, aot_kernel *kernels)
{
    for (uint32_t k = 0; PyUnicode_Check(symbol) && k < library->n_kernels; k++) {
        const aot_named_kernel *named = &library->kernels[k];
        if (PyUnicode_CompareWithASCIIString(symbol, named->symbol) == 0) {
            memcpy(kernels, named->kernels, sizeof named->kernels);
            return named;
        }
    }
    PyErr_Format(PyExc_ImportError, "there is no kernel %R", symbol);
    return NULL;
}

static const aot_library *library_of(PyObject *capsule)
{
    const aot_library *library = PyCapsule_GetPointer(capsule, AOT_LIBRARY_CAPSULE);
    if (library == NULL) {
        return NULL;
    }
    if (library->abi_version != AOT_ABI_VERSION) {
        PyErr_Format(PyExc_ImportError, "the kernels are of version %u, and this aotops takes version %d",
                     library->abi_version, AOT_ABI_VERSION);
        return NULL;
    }
    bool same = library->n_levels == aot_builtin_table.n_levels;
    for (uint32_t k = 0; same && k < library->n_levels; k++) {
        same = strcmp(library->levels[k], aot_builtin_table.levels[k]) == 0;
    }
    if (!same) {
        PyErr_SetString(PyExc_ImportError, "the kernels are for other CPU levels than this aotops");
        return NULL;
    }
    return library;
}

/* The declared operator that an object is, borrowed. */
static aot_operator_object *as_declared(aot_state *state, PyObject *object)
{
    if (Py_TYPE(object) == state->operator_type && ((aot_operator_object *)object)->own != NULL) {
        return (aot_operator_object *)object;
    }
    PyErr_Format(PyExc_TypeError, "expected an operator that is declared in Python, got %R", object);
    return NULL;
}

PyObject *aot_bind(aot_state *state, PyObject *args)
{
    PyObject *object, *capsule, *symbols;
    if (!PyArg_ParseTuple(args, "OOO!:bind", &object, &capsule, &PyTuple_Type, &symbols)) {
        return NULL;
    }
    aot_operator_object *operator = as_declared(state, object);
    const aot_library *library = operator != NULL ? library_of(capsule) : NULL;
    if (library == NULL) {
        return NULL;
    }
    if (!operator->waits) {
        Py_RETURN_NONE; /* another thread was faster */
    }
    aot_variant *variants = (aot_variant *)(void *)(operator->own + 1);
    if (PyTuple_Size(symbols) != operator->own->n_variants) {
        return PyErr_Format(PyExc_ValueError, "bind: expected symbols for %d variants, got %R",
                            operator->own->n_variants, symbols);
    }
    for (int v = 0; v < operator->own->n_variants; v++) {
        PyObject *kernel, *combine;
        if (!PyArg_ParseTuple(PyTuple_GetItem(symbols, v), "UO:symbols", &kernel, &combine)) {
            return NULL;
        }
        const aot_named_kernel *found = find_kernel(library, kernel, variants[v].kernels);
        if (found == NULL ||
            (operator->own->kind == AOT_REDUCE && find_kernel(library, combine, variants[v].combine) == NULL)) {
            return NULL;
        }
        operator->own->vectors = found->vectors;
    }
    Py_INCREF(capsule);
    operator->library = capsule;
    operator->waits = false;
    Py_RETURN_NONE;
}

PyObject *aot_stand_in(aot_state *state, PyObject *args)
{
    PyObject *object, *runner;
    aot_operator_object *operator =
        PyArg_ParseTuple(args, "OO:stand_in", &object, &runner) ? as_declared(state, object) : NULL;
    if (operator == NULL) {
        return NULL;
    }
    if (operator->waits) {
        Py_INCREF(runner);
        operator->runner = runner;
        operator->waits = false;
    }
    Py_RETURN_NONE;
}

PyObject *aot_rename(aot_state *state, PyObject *args)
{
    PyObject *object, *name;
    aot_operator_object *operator =
        PyArg_ParseTuple(args, "OU:rename", &object, &name) ? as_declared(state, object) : NULL;
    if (operator == NULL || take_names(operator, name, PyTuple_GetItem(operator->names, 1)) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* FNV-1a, 64 bits: Python's own check sums are in modules that take longer to import than a file to read. */
PyObject *aot_check_sum(PyObject *bytes)
{
    char *text;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(bytes, &text, &length) < 0) {
        return NULL;
    }
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (Py_ssize_t k = 0; k < length; k++) {
        sum = (sum ^ (unsigned char)text[k]) * UINT64_C(0x100000001b3);
    }
    return PyLong_FromUnsignedLongLong(sum);
}

int aot_load(aot_operator_object *operator)
{
    PyObject *result = aot_call("aotops.declare", "load", "(O)", operator);
    if (result == NULL) {
        return -1;
    }
    Py_DECREF(result);
    if (operator->waits) {
        PyErr_SetString(PyExc_SystemError, "aotops.declare.load must give an operator kernels or a stand-in");
        return -1;
    }
    return 0;
}
