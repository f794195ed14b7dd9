/* DType: the type of a tensor's elements. In Python:
 *
 *     class DType:
 *         name, itemsize, kind, code, hasobject: read-only
 *         __repr__ = lambda self: f"aotops.{self.name}"
 *         __eq__ = lambda self, other: self is other or self.name == other or other is NumPy's dtype of the name
 *         __hash__ = lambda self: hash(self.name)
 */
#include "native.h"

#define INFO(CODE, member, name, KIND, CATEGORY, itemsize, format, stable)                                               \
    [CODE] = {#name, format, itemsize, KIND, CATEGORY, stable},
const aot_dtype_info aot_dtypes[AOT_N_DTYPES] = {AOT_EACH_DTYPE(INFO)};

#define HAS_SIZE(CODE, member, name, KIND, CATEGORY, itemsize, ...)                                                    \
    _Static_assert(sizeof ((aot_element *)0)->member == (itemsize), "the element of a dtype must have its size");
AOT_EACH_DTYPE(HAS_SIZE)
_Static_assert(sizeof(aot_element) == AOT_ELEMENT_BYTES, "an element of every dtype must fit");

const uint8_t aot_promotion[AOT_N_DTYPES][AOT_N_DTYPES] = AOT_PROMOTION;
const uint8_t aot_weak_promotion[AOT_N_CATEGORIES][AOT_N_DTYPES] = AOT_WEAK_PROMOTION;
const uint8_t aot_can_cast[AOT_N_DTYPES][AOT_N_DTYPES] = AOT_CAN_CAST;
static const uint8_t converts[AOT_N_DTYPES][AOT_N_DTYPES] = AOT_CONVERTS;
const uint8_t aot_default_dtypes[AOT_N_CATEGORIES] = AOT_DEFAULT_DTYPES;

bool aot_converts(int from, int to)
{
    return converts[from][to];
}

int aot_check_converts(int from, int to, const char *function, const char *argument)
{
    if (!aot_converts(from, to)) {
        aot_raise("complex_to_real", "(ssss)", function, aot_dtypes[from].name, aot_dtypes[to].name, argument);
        return -1;
    }
    return 0;
}

int aot_promote(uint32_t dtypes)
{
    int result = AOT_NO_DTYPE;
    for (int code = AOT_N_DTYPES - 1; code >= 0; code--) { /* floats first: aotops.abi.promote */
        if (dtypes >> code & 1) {
            result = result == AOT_NO_DTYPE ? code : aot_promotion[result][code];
        }
    }
    return result;
}

typedef struct {
    PyObject_HEAD
    int code;
} dtype_object;

static const aot_dtype_info *info(PyObject *self)
{
    return &aot_dtypes[((dtype_object *)self)->code];
}

static void dtype_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF((PyObject *)type);
}

static PyObject *dtype_repr(PyObject *self)
{
    return PyUnicode_FromFormat("aotops.%s", info(self)->name);
}

static PyObject *dtype_name(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(info(self)->name);
}

static PyObject *dtype_itemsize(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(info(self)->itemsize);
}

static PyObject *dtype_kind(PyObject *self, void *Py_UNUSED(closure))
{
    static const char *const categories[] = {"bool", "integer", "float", "complex"};
    return PyUnicode_FromString(categories[info(self)->category]);
}

static PyObject *dtype_code(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(((dtype_object *)self)->code);
}

static PyObject *dtype_format(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(info(self)->format);
}

static PyObject *dtype_hasobject(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    Py_RETURN_FALSE;
}

static PyObject *dtype_of_numpy(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("numpy_dtype", "(s)", info(self)->name);
}

static PyObject *dtype_type_of_numpy(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *dtype = dtype_of_numpy(self, NULL);
    PyObject *type = dtype != NULL ? PyObject_GetAttrString(dtype, "type") : NULL;
    Py_XDECREF(dtype);
    return type;
}

static Py_hash_t dtype_hash(PyObject *self)
{
    PyObject *name = dtype_name(self, NULL);
    if (name == NULL) {
        return -1;
    }
    Py_hash_t hash = PyObject_Hash(name);
    Py_DECREF(name);
    return hash;
}

static PyObject *dtype_compare(PyObject *self, PyObject *other, int comparison)
{
    if (comparison != Py_EQ && comparison != Py_NE) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    int equal = self == other;
    if (!equal && PyUnicode_Check(other)) {
        equal = PyUnicode_CompareWithASCIIString(other, info(self)->name) == 0;
    } else if (!equal && Py_TYPE(other) != Py_TYPE(self) && other != Py_None) {
        PyObject *answer = aot_call("equals_numpy_dtype", "(sO)", info(self)->name, other);
        equal = answer != NULL ? PyObject_IsTrue(answer) : -1;
        Py_XDECREF(answer);
    }
    return equal < 0 ? NULL : PyBool_FromLong((equal != 0) == (comparison == Py_EQ));
}

/* pickle and copy look a dtype up by its name in the package */
static PyObject *dtype_reduce(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return dtype_name(self, NULL);
}

static PyGetSetDef dtype_getset[] = {
    {"name", dtype_name, NULL, "Name, for example 'float32'.", NULL},
    {"itemsize", dtype_itemsize, NULL, "Bytes in one element.", NULL},
    {"kind", dtype_kind, NULL, "'bool', 'integer', 'float' or 'complex'.", NULL},
    {"code", dtype_code, NULL, "Position among aotops' dtypes.", NULL},
    {"format", dtype_format, NULL, "Format character of the buffer protocol.", NULL},
    {"hasobject", dtype_hasobject, NULL, "False: elements are numbers, not references to objects. Dask asks for it.", NULL},
    {"__numpy_dtype__", dtype_of_numpy, NULL, "NumPy's dtype of the same name, once NumPy is imported.", NULL},
    {"dtype", dtype_of_numpy, NULL, "The same, by which NumPy before 2.4 asks for it.", NULL},
    {"type", dtype_type_of_numpy, NULL, "NumPy's type of scalars, once NumPy is imported.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef dtype_methods[] = {
    {"__reduce__", dtype_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot dtype_slots[] = {
    {Py_tp_dealloc, dtype_dealloc},
    {Py_tp_repr, dtype_repr},
    {Py_tp_hash, dtype_hash},
    {Py_tp_richcompare, dtype_compare},
    {Py_tp_getset, dtype_getset},
    {Py_tp_methods, dtype_methods},
    {Py_tp_doc, "The type of a tensor's elements; equal to its name as a string, and to NumPy's dtype and type of scalars,\n"
                "and to Python's type of numbers where NumPy's is.\n\n"
                "Its hash is that of its name. NumPy's dtypes and types, which are equal to each other as well, have\n"
                "three different ones, so look a dtype up by its name where they meet in a dict.\n\n"
                ">>> import aotops as ao\n>>> ao.float32 == \"float32\", ao.float32.itemsize, ao.float32.kind\n"
                "(True, 4, 'float')"},
    {0, NULL},
};

PyType_Spec aot_dtype_spec = {
    .name = "aotops.DType",
    .basicsize = sizeof(dtype_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = dtype_slots,
};

int aot_dtype_make_all(aot_state *state)
{
    for (int code = 0; code < AOT_N_DTYPES; code++) {
        dtype_object *self = PyObject_Malloc(sizeof(dtype_object));
        if (self == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        PyObject_Init((PyObject *)self, state->dtype_type);
        self->code = code;
        state->dtypes[code] = (PyObject *)self;
    }
    return 0;
}

int aot_dtype_code(aot_state *state, PyObject *object, const char *function)
{
    if (Py_TYPE(object) == state->dtype_type) {
        return ((dtype_object *)object)->code;
    }
    PyObject *dtype = aot_call("as_dtype", "(ssO)", function, "dtype", object);
    if (dtype == NULL) {
        return -1;
    }
    int code = -1;
    if (Py_TYPE(dtype) == state->dtype_type) {
        code = ((dtype_object *)dtype)->code;
    } else {
        PyErr_SetString(PyExc_SystemError, "aotops.callbacks.as_dtype must return a DType");
    }
    Py_DECREF(dtype);
    return code;
}
