/* Declaring operators in Python: user-defined operators. In Python (aotops.user.declare calls these):
 *
 *     def declare(record, name, parameters, fields, variants):    # as encoded by aotops.encode
 *         an Operator with a definition of its own, whose variants have no kernels yet
 *     def bind(operator, library, symbols):      # per variant: kernel and combine, or None
 *         for variant, own in zip(operator.variants, symbols):
 *             assert the signatures of library[own...] are the variant's
 *             variant.kernels, variant.combine = [library[symbol] for symbol in own]
 *     def set_fallback(operator, function):       # a Python function to call instead of kernels
 *     def rename(operator, name):                 # once its name is known
 *
 * The first call of an operator runs `aotops.first_call.load`, which gives it either kernels or a fallback.
 */
#include "native.h"

#include "constants.h"

#include <stddef.h>
#include <string.h>

/* The fields that aotops.encode fills: numbers and arrays of bytes. */
static const struct {
    size_t offset, size;
    bool is_array;
} fields[] = {
#define NUMBER(field) {offsetof(aot_operator, field), sizeof(((aot_operator *)0)->field), false},
#define ARRAY(field) {offsetof(aot_operator, field), sizeof(((aot_operator *)0)->field), true},
    AOT_EACH_FIELD(NUMBER, ARRAY)
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

/* Reads the fields of an operator from a tuple. */
static int read_fields(PyObject *tuple, aot_operator *definition)
{
    bool valid = PyTuple_Size(tuple) == N_FIELDS;
    for (int k = 0; valid && k < N_FIELDS; k++) {
        PyObject *value = PyTuple_GetItem(tuple, k);
        char *target = (char *)definition + fields[k].offset;
        if (fields[k].is_array) {
            valid = PyBytes_Check(value) && (size_t)PyBytes_Size(value) == fields[k].size;
            if (valid) {
                memcpy(target, PyBytes_AsString(value), fields[k].size);
            }
        } else {
            long number = PyLong_Check(value) ? PyLong_AsLong(value) : -1;
            valid = number >= 0 && number <= (fields[k].size == 1 ? UINT8_MAX : UINT16_MAX);
            if (fields[k].size == 1) {
                *(uint8_t *)target = (uint8_t)number;
            } else {
                *(uint16_t *)(void *)target = (uint16_t)number;
            }
        }
    }
    if (!valid) {
        PyErr_Clear(); /* raised for an int beyond long */
        aot_raise("wrong_value", "(sssO)", "declare", "fields", "as aotops.encode has them", tuple);
        return -1;
    }
    return 0;
}

/* Returns how many constants a variant of an operator has. */
static Py_ssize_t constant_count(const aot_operator *definition)
{
    return AOT_CONSTANT_DEFAULTS + (definition->optional != 0 ? definition->inputs : definition->states);
}

/* Reads (dtypes, constants), both as bytes. */
static int read_variant(const aot_operator *definition, PyObject *tuple, aot_variant *variant, aot_element *constants)
{
    PyObject *dtypes, *elements;
    size_t operands = (size_t)definition->inputs + definition->outputs + definition->states;
    size_t room = (size_t)constant_count(definition) * sizeof *constants;
    if (!PyTuple_Check(tuple) || PyTuple_Size(tuple) != 2) {
        aot_raise("wrong_type", "(sssO)", "declare", "each variant", "a tuple of dtypes and constants", tuple);
        return -1;
    }
    dtypes = PyTuple_GetItem(tuple, 0);
    elements = PyTuple_GetItem(tuple, 1);
    bool valid = PyBytes_Check(dtypes) && (size_t)PyBytes_Size(dtypes) == operands && PyBytes_Check(elements) &&
                 (size_t)PyBytes_Size(elements) == room;
    for (size_t k = 0; valid && k < operands; k++) {
        variant->dtypes[k] = (uint8_t)PyBytes_AsString(dtypes)[k];
        valid = variant->dtypes[k] < AOT_N_DTYPES;
    }
    if (!valid) {
        aot_raise("wrong_value", "(sssO)", "declare", "each variant", "the bytes of its dtypes and constants", tuple);
        return -1;
    }
    memcpy(constants, PyBytes_AsString(elements), room);
    variant->constants = constants;
    return 0;
}

/* Points a definition to the strings of its name and its parameters. Returns the tuple that keeps them alive; it also
 * holds `before`, the previous such tuple, because a running call may still read the earlier strings. */
static PyObject *take_names(aot_operator *definition, PyObject *name, PyObject *parameters, PyObject *before)
{
    const char *name_string = PyUnicode_AsUTF8AndSize(name, NULL);
    const char *parameters_string = name_string != NULL ? PyUnicode_AsUTF8AndSize(parameters, NULL) : NULL;
    PyObject *names = parameters_string != NULL ? PyTuple_Pack(3, name, parameters, before) : NULL;
    if (names != NULL) {
        definition->name = name_string;
        definition->parameters = parameters_string;
    }
    return names;
}

/* Returns whether the fields describe an operator. Must hold before any array is read with them. */
static bool check_fields(const aot_operator *definition)
{
    if (definition->kind >= AOT_N_KINDS || definition->inputs < 1 || definition->outputs < 1 ||
        definition->inputs + definition->outputs + definition->states > AOT_MAX_OPERANDS) {
        return false;
    }
    bool may_have_states = definition->kind == AOT_REDUCE || definition->kind == AOT_SCAN;
    if (definition->states > (may_have_states ? AOT_MAX_STATES : 0) || (definition->states > 0 && !definition->has_identity)) {
        return false;
    }
    unsigned inputs = (1u << definition->inputs) - 1u;
    bool elementwise = definition->kind == AOT_ELEMENTWISE;
    bool one_input = definition->kind == AOT_ARGREDUCE || definition->kind == AOT_SCAN || definition->takes_dtype;
    return (elementwise || (definition->outputs == 1 && !definition->returns_tuple && definition->optional == 0)) &&
           (!one_input || definition->inputs == 1) && (definition->returns_tuple || definition->outputs == 1) &&
           definition->optional <= inputs && definition->optional != inputs && definition->slot == AOT_SLOT_NONE;
}

/* Checks what calls rely on: one parameter name per input; all inputs of a variant, except those with a fixed dtype,
 * have one dtype, which no other variant has; every cast leads to a variant's dtype. Returns -1 with a ValueError. */
static int check_definition(const aot_operator *definition)
{
    int words = 1, first = 0;
    for (const char *c = definition->parameters; *c != 0; c++) {
        words += *c == ' ';
    }
    while (first < definition->inputs && definition->fixed[first] != AOT_NO_DTYPE) {
        first++;
    }
    bool valid = words == definition->inputs && first < definition->inputs;
    for (int k = 0; valid && k < AOT_MAX_OPERANDS; k++) {
        valid = definition->fixed[k] == AOT_NO_DTYPE || (k < definition->inputs && definition->kind == AOT_ELEMENTWISE);
    }
    uint32_t computed = 0; /* the dtypes of the variants, as a bit mask */
    for (int v = 0; valid && v < definition->n_variants; v++) {
        const uint8_t *dtypes = definition->variants[v].dtypes;
        valid = !(computed >> dtypes[first] & 1) &&
                (definition->kind != AOT_ARGREDUCE || dtypes[definition->inputs] == AOT_INT64);
        computed |= UINT32_C(1) << dtypes[first];
        for (int k = 0; valid && k < definition->inputs; k++) {
            valid = dtypes[k] == (definition->fixed[k] != AOT_NO_DTYPE ? definition->fixed[k] : dtypes[first]);
        }
    }
    for (int k = 0; valid && k < AOT_N_DTYPES; k++) {
        valid = definition->casts[k] == AOT_NO_DTYPE ||
                (definition->casts[k] < AOT_N_DTYPES && computed >> definition->casts[k] & 1);
    }
    if (!valid) {
        aot_raise("wrong_value", "(ssss)", "declare", "parameters, fixed inputs, casts and variants", "of one operator",
                  definition->name);
        return -1;
    }
    return 0;
}

PyObject *aot_declare(aot_state *state, PyObject *args)
{
    PyObject *record, *name, *parameters, *field_tuple, *variants;
    aot_operator given = {0};
    if (!PyArg_ParseTuple(args, "OUUO!O!:declare", &record, &name, &parameters, &PyTuple_Type, &field_tuple,
                          &PyTuple_Type, &variants) ||
        read_fields(field_tuple, &given) < 0) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_Size(variants);
    if (!check_fields(&given) || count < 1 || count > AOT_N_DTYPES) {
        return aot_raise("wrong_value", "(sssN)", "declare", "fields and variants", "those of an operator",
                         Py_BuildValue("(On)", field_tuple, count));
    }
    Py_ssize_t constants = constant_count(&given);
    aot_operator *definition = PyMem_Calloc(1, sizeof *definition + (size_t)count * sizeof(aot_variant) +
                                                   (size_t)(count * constants) * sizeof(aot_element));
    if (definition == NULL) {
        return PyErr_NoMemory();
    }
    aot_variant *own_variants = (aot_variant *)(void *)(definition + 1);
    aot_element *own_constants = (aot_element *)(void *)(own_variants + count);
    *definition = given;
    definition->n_variants = (uint16_t)count;
    definition->variants = own_variants;
    bool failed = false;
    for (Py_ssize_t v = 0; !failed && v < count; v++) {
        failed = read_variant(definition, PyTuple_GetItem(variants, v), &own_variants[v],
                              own_constants + v * constants) < 0;
    }
    /* Reading numbers and allocating may run Python code, which can find every object that the garbage collector
     * tracks. The operator is therefore created last, when all its members exist. */
    PyObject *names = failed ? NULL : take_names(definition, name, parameters, Py_None);
    bool complete = names != NULL && check_definition(definition) == 0;
    aot_operator_object *self = complete ? aot_operator_new(state, definition) : NULL;
    if (self == NULL) {
        Py_XDECREF(names);
        PyMem_Free(definition);
        return NULL;
    }
    Py_INCREF(record);
    self->own = definition;
    self->record = record;
    self->names = names;
    self->unbound = true;
    return (PyObject *)self;
}

/* Returns the index of a library's kernel for one of aotops' CPU levels: the level of the same name, or the next lower
 * one that the library was compiled for; -1 if there is none. */
static int level_in(const aot_library *library, uint32_t level)
{
    for (uint32_t own = level + 1; own-- > 0;) {
        for (uint32_t k = 0; k < library->n_levels; k++) {
            if (strcmp(library->levels[k], aot_builtin_table.levels[own]) == 0) {
                return (int)k;
            }
        }
    }
    return -1;
}

/* Finds a kernel by its symbol and copies it for all levels. Returns NULL with an ImportError if there is none, or if
 * it was compiled for other operands: it would read and write out of bounds. */
static const aot_named_kernel *find_kernel(const aot_library *library, PyObject *symbol, int loop, int inputs, int outputs,
                                           const uint8_t *dtypes, aot_kernel *kernels)
{
    for (uint32_t k = 0; PyUnicode_Check(symbol) && k < library->n_kernels; k++) {
        const aot_named_kernel *named = &library->kernels[k];
        if (PyUnicode_CompareWithASCIIString(symbol, named->symbol) != 0) {
            continue;
        }
        bool same = named->loop == loop && named->inputs == inputs && named->outputs == outputs;
        for (int operand = 0; same && operand < inputs + outputs; operand++) {
            same = named->dtypes[operand] == aot_dtypes[dtypes[operand]].stable;
        }
        for (uint32_t level = 0; same && level < aot_builtin_table.n_levels; level++) {
            kernels[level] = named->kernels[level_in(library, level)];
            same = kernels[level] != NULL;
        }
        if (!same) {
            PyErr_Format(PyExc_ImportError, "the kernel %R has another signature than the operator", symbol);
            return NULL;
        }
        return named;
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
    if (library->version != AOTOPS_KERNEL_VERSION) {
        PyErr_Format(PyExc_ImportError, "the kernels are of version %u, and this aotops takes version %d",
                     library->version, AOTOPS_KERNEL_VERSION);
        return NULL;
    }
    if (level_in(library, 0) < 0) {
        PyErr_SetString(PyExc_ImportError, "the kernels are for other CPU levels than this aotops");
        return NULL;
    }
    aot_map_constants(library);
    return library;
}

/* Finds one kernel, as find_kernel does, and notes what it tells of the operator. */
static int take_kernel(const aot_library *library, PyObject *symbol, int loop, int inputs, int outputs,
                       const uint8_t *dtypes, aot_operator *own, aot_kernel *kernels)
{
    const aot_named_kernel *named = find_kernel(library, symbol, loop, inputs, outputs, dtypes, kernels);
    if (named == NULL) {
        return -1;
    }
    own->compute_bound = named->compute_bound;
    own->unbounded |= named->unbounded;
    return 0;
}

/* Fills in the kernels of a variant with a state: of a scan also the one that makes states of elements. */
static int take_state_kernels(const aot_library *library, PyObject *kernel, PyObject *combine, PyObject *finish,
                              PyObject *map, aot_operator *own, aot_variant *variant)
{
    int inputs = own->inputs, n = own->states;
    bool scans = own->kind == AOT_SCAN;
    const uint8_t *states = &variant->dtypes[inputs + 1];
    uint8_t begins[AOT_MAX_OPERANDS], ends[AOT_MAX_STATES + 1], several[3 * AOT_MAX_STATES];
    memcpy(begins, variant->dtypes, (size_t)inputs);
    memcpy(begins + inputs, states, (size_t)n);
    memcpy(ends, states, (size_t)n);
    ends[n] = variant->dtypes[inputs];
    for (int k = 0; k < 3; k++) {
        memcpy(several + k * n, states, (size_t)n);
    }
    if (scans ? take_kernel(library, kernel, AOT_LOOP_SCAN, n, n, several, own, variant->kernels) < 0 ||
                    take_kernel(library, map, AOT_LOOP_ELEMENTWISE, inputs, n, begins, own, variant->map) < 0
              : take_kernel(library, kernel, AOT_LOOP_REDUCE, inputs, n, begins, own, variant->kernels) < 0) {
        return -1;
    }
    if (take_kernel(library, combine, AOT_LOOP_ELEMENTWISE, 2 * n, n, several, own, variant->combine) < 0) {
        return -1;
    }
    return take_kernel(library, finish, AOT_LOOP_ELEMENTWISE, n, 1, ends, own, variant->finish);
}

/* Fills in the kernels of a variant: its own, and those that combine the results of parts of an axis. */
static int take_kernels(const aot_library *library, PyObject *symbols, aot_operator *own, aot_variant *variant)
{
    PyObject *kernel, *combine, *finish = Py_None, *map = Py_None;
    if (!PyTuple_Check(symbols)) {
        aot_raise("wrong_type", "(sssO)", "bind", "each variant's symbols", "a tuple", symbols);
        return -1;
    }
    if (!PyArg_ParseTuple(symbols, "UO|OO:symbols", &kernel, &combine, &finish, &map)) {
        return -1;
    }
    if (own->states > 0) {
        return take_state_kernels(library, kernel, combine, finish, map, own, variant);
    }
    const uint8_t element = variant->dtypes[0], result = variant->dtypes[own->inputs];
    const uint8_t pair[] = {result, result, result}, found[] = {element, AOT_INT64, element, result};
    const uint8_t running[] = {element, result, result};
    static const uint8_t loops[] = {[AOT_ELEMENTWISE] = AOT_LOOP_ELEMENTWISE, [AOT_REDUCE] = AOT_LOOP_REDUCE,
                                    [AOT_ARGREDUCE] = AOT_LOOP_ARGREDUCE, [AOT_SCAN] = AOT_LOOP_SCAN};
    const uint8_t *dtypes = own->kind == AOT_ARGREDUCE ? found : own->kind == AOT_SCAN ? running : variant->dtypes;
    int inputs = own->kind == AOT_ARGREDUCE ? 3 : own->kind == AOT_SCAN ? 2 : own->inputs;
    if (take_kernel(library, kernel, loops[own->kind], inputs, own->outputs, dtypes, own, variant->kernels) < 0) {
        return -1;
    }
    if (own->kind == AOT_REDUCE || own->kind == AOT_SCAN) {
        return take_kernel(library, combine, AOT_LOOP_ELEMENTWISE, 2, 1, pair, own, variant->combine);
    }
    return 0;
}

/* Returns an object as a declared operator, borrowed; NULL with a TypeError if it is not one. */
static aot_operator_object *as_declared(aot_state *state, PyObject *object, const char *function)
{
    if (Py_TYPE(object) == state->operator_type && ((aot_operator_object *)object)->own != NULL) {
        return (aot_operator_object *)object;
    }
    aot_raise("wrong_type", "(sssO)", function, "operator", "an operator that is declared in Python", object);
    return NULL;
}

PyObject *aot_bind(aot_state *state, PyObject *args)
{
    PyObject *object, *capsule, *symbols;
    if (!PyArg_ParseTuple(args, "OOO!:bind", &object, &capsule, &PyTuple_Type, &symbols)) {
        return NULL;
    }
    aot_operator_object *operator = as_declared(state, object, "bind");
    const aot_library *library = operator != NULL ? library_of(capsule) : NULL;
    if (library == NULL) {
        return NULL;
    }
    if (!operator->unbound) {
        Py_RETURN_NONE; /* another thread has bound it */
    }
    aot_variant *variants = (aot_variant *)(void *)(operator->own + 1);
    if (PyTuple_Size(symbols) != operator->own->n_variants) {
        return aot_raise("wrong_value", "(sssO)", "bind", "symbols", "those of all variants", symbols);
    }
    for (int v = 0; v < operator->own->n_variants; v++) {
        if (take_kernels(library, PyTuple_GetItem(symbols, v), operator->own, &variants[v]) < 0) {
            return NULL;
        }
    }
    Py_INCREF(capsule);
    operator->library = capsule;
    operator->unbound = false;
    Py_RETURN_NONE;
}

PyObject *aot_set_fallback(aot_state *state, PyObject *args)
{
    PyObject *object, *fallback;
    aot_operator_object *operator =
        PyArg_ParseTuple(args, "OO:set_fallback", &object, &fallback) ? as_declared(state, object, "set_fallback") : NULL;
    if (operator == NULL) {
        return NULL;
    }
    if (operator->unbound) {
        Py_INCREF(fallback);
        operator->fallback = fallback;
        operator->unbound = false;
    }
    Py_RETURN_NONE;
}

PyObject *aot_rename(aot_state *state, PyObject *args)
{
    PyObject *object, *name;
    aot_operator_object *operator =
        PyArg_ParseTuple(args, "OU:rename", &object, &name) ? as_declared(state, object, "rename") : NULL;
    PyObject *before = operator != NULL ? operator->names : NULL;
    PyObject *names =
        before != NULL ? take_names(operator->own, name, PyTuple_GetItem(before, 1), before) : NULL;
    if (names == NULL) {
        return NULL;
    }
    operator->names = names;
    Py_DECREF(before); /* the new tuple holds it */
    Py_RETURN_NONE;
}

int aot_load(aot_operator_object *operator)
{
    PyObject *result = aot_call("load_operator", "(O)", operator);
    if (result == NULL) {
        return -1;
    }
    Py_DECREF(result);
    if (operator->unbound) {
        PyErr_SetString(PyExc_SystemError, "aotops.callbacks.load_operator must give an operator kernels or a fallback");
        return -1;
    }
    return 0;
}
