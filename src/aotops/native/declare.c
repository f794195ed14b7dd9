/* Operators that are declared in Python, by users of aotops. In Python (aotops.user.declare calls these):
 *
 *     def declare(record, name, parameters, facts, conversions, variants):
 *         an Operator with a definition of its own, whose variants have no kernels yet
 *     def bind(operator, library, symbols):      # one (kernel, combine) for each variant
 *         for variant, (kernel, combine) in zip(operator.variants, symbols):
 *             assert the signatures of library[kernel] and library[combine] are the variant's
 *             variant.kernels, variant.combine = library[kernel], library[combine]
 *     def stand_in(operator, runner):             # what calls go to instead
 *     def rename(operator, name):                 # once it is known
 *     def check_sum(data):                        # 128 bits, to tell whether functions and values have changed
 *
 * At the first call of an operator `aotops.first_call.load` gives it either kernels or a stand-in.
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
        PyErr_Clear(); /* of what is no int, or one that long cannot hold */
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

/* Points a definition at the strings of its name and its parameters, and returns what keeps these alive: a tuple of them
 * and of `before`, what keeps the earlier ones. A call that is under way may still read those. */
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

/* What calls rely on: as many parameters as inputs; in each variant inputs of one dtype, in which no other variant
 * computes, but for conditions, which are bool; conversions to dtypes of variants. */
static int check_definition(const aot_operator *definition)
{
    int words = 1, first = 0;
    for (const char *c = definition->parameters; *c != 0; c++) {
        words += *c == ' ';
    }
    while (first < definition->inputs && definition->conditions >> first & 1) {
        first++;
    }
    bool valid = words == definition->inputs && first < definition->inputs &&
                 (definition->kind == AOT_ELEMENTWISE || definition->conditions == 0);
    uint32_t computed = 0; /* the dtypes of variants, as a bit mask */
    for (int v = 0; valid && v < definition->n_variants; v++) {
        const uint8_t *dtypes = definition->variants[v].dtypes;
        valid = !(computed >> dtypes[first] & 1);
        computed |= UINT32_C(1) << dtypes[first];
        for (int k = 0; valid && k < definition->inputs; k++) {
            valid = dtypes[k] == (definition->conditions >> k & 1 ? AOT_BOOL : dtypes[first]);
        }
    }
    for (int k = 0; valid && k < AOT_N_DTYPES; k++) {
        valid = definition->conversions[k] == AOT_NO_DTYPE || computed >> definition->conversions[k] & 1;
    }
    if (!valid) {
        PyErr_Format(PyExc_ValueError, "declare: parameters, conditions, conversions and variants of %s do not agree",
                     definition->name);
        return -1;
    }
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
    aot_operator *definition = PyMem_Calloc(1, sizeof *definition + (size_t)count * sizeof(aot_variant));
    if (definition == NULL) {
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
    bool failed = false;
    for (Py_ssize_t v = 0; !failed && v < count; v++) {
        PyObject *variant = PyTuple_GetItem(variants, v);
        if (!PyTuple_Check(variant)) {
            PyErr_Format(PyExc_TypeError, "declare: a variant must be a tuple, got %R", variant);
            failed = true;
        } else {
            failed = read_variant(definition, variant, &own_variants[v]) < 0;
        }
    }
    /* Reading numbers and allocating may run Python code, which finds every object that the collector knows of: the
     * operator is made when all that it has is there. */
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
    self->waits = true;
    return (PyObject *)self;
}

/* Takes a kernel by its symbol, for all levels. Returns NULL with an ImportError if there is none, or if it was compiled
 * for other operands: it would read and write memory that is not theirs. */
static const aot_named_kernel *find_kernel(const aot_library *library, PyObject *symbol, int kind, int inputs,
                                           int outputs, const uint8_t *dtypes, aot_kernel *kernels)
{
    for (uint32_t k = 0; PyUnicode_Check(symbol) && k < library->n_kernels; k++) {
        const aot_named_kernel *named = &library->kernels[k];
        if (PyUnicode_CompareWithASCIIString(symbol, named->symbol) != 0) {
            continue;
        }
        bool same = named->kind == kind && named->inputs == inputs && named->outputs == outputs &&
                    memcmp(named->dtypes, dtypes, (size_t)(inputs + outputs)) == 0;
        for (uint32_t level = 0; level < library->n_levels; level++) {
            same = same && named->kernels[level] != NULL;
        }
        if (!same) {
            PyErr_Format(PyExc_ImportError, "the kernel %R has another signature than the operator", symbol);
            return NULL;
        }
        memcpy(kernels, named->kernels, sizeof named->kernels);
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
        PyObject *kernel, *combine, *pair = PyTuple_GetItem(symbols, v);
        if (!PyTuple_Check(pair)) {
            return PyErr_Format(PyExc_TypeError, "bind: a variant's symbols must be a tuple, got %R", pair);
        }
        if (!PyArg_ParseTuple(pair, "UO:symbols", &kernel, &combine)) {
            return NULL;
        }
        const aot_operator *own = operator->own;
        const uint8_t result = variants[v].dtypes[own->inputs], combined[] = {result, result, result};
        const aot_named_kernel *found = find_kernel(library, kernel, own->kind, own->inputs, own->outputs,
                                                    variants[v].dtypes, variants[v].kernels);
        if (found == NULL ||
            (own->kind == AOT_REDUCE &&
             find_kernel(library, combine, AOT_ELEMENTWISE, 2, 1, combined, variants[v].combine) == NULL)) {
            return NULL;
        }
        operator->own->compute_bound = found->compute_bound;
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

/* Two sums of 64 bits, FNV-1a and a multiplicative one, as a string of 32 hexadecimal digits: no defence against
 * somebody who looks for a collision, who could as well change the kernels. Python's own digests are in modules whose
 * import takes 1 to 3 ms. */
PyObject *aot_check_sum(PyObject *bytes)
{
    char *data;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(bytes, &data, &length) < 0) {
        return NULL;
    }
    uint64_t sums[2] = {UINT64_C(0xcbf29ce484222325), (uint64_t)length};
    for (Py_ssize_t k = 0; k < length; k++) {
        sums[0] = (sums[0] ^ (unsigned char)data[k]) * UINT64_C(0x100000001b3);
        sums[1] = (sums[1] + (unsigned char)data[k] + 1) * UINT64_C(0x9e3779b97f4a7c15);
        sums[1] ^= sums[1] >> 29;
    }
    char digits[32];
    for (int k = 0; k < 32; k++) {
        digits[k] = "0123456789abcdef"[sums[k / 16] >> (60 - k % 16 * 4) & 15];
    }
    return PyUnicode_FromStringAndSize(digits, sizeof digits);
}

int aot_load(aot_operator_object *operator)
{
    PyObject *result = aot_call("load_operator", "(O)", operator);
    if (result == NULL) {
        return -1;
    }
    Py_DECREF(result);
    if (operator->waits) {
        PyErr_SetString(PyExc_SystemError, "aotops.callbacks.load_operator must give an operator kernels or a stand-in");
        return -1;
    }
    return 0;
}
