/* Python's special methods. In Python, for `+` and its reflected and in-place forms:
 *
 *     def __add__(a, b):
 *         if not all(isinstance(x, (Tensor, bool, int, float)) for x in (a, b)): return NotImplemented
 *         return the operator whose record has slot "add" (a, b)
 *
 * Which operator stands behind a slot is the records' business: the state's table has it.
 */
#include "native.h"

static PyObject *apply_slot(int slot, PyObject *a, PyObject *b, PyObject *out)
{
    aot_tensor *tensor_a = aot_as_tensor(a);
    aot_tensor *tensor_b = b == NULL || Py_TYPE(b) == Py_TYPE(a) ? tensor_a : aot_as_tensor(b);
    aot_state *state = tensor_a != NULL ? tensor_a->state : tensor_b->state;
    bool supported = (tensor_a != NULL || aot_is_number(a)) && (b == NULL || tensor_b != NULL || aot_is_number(b));
    PyObject *operator = state->slots[slot];
    if (!supported || operator == NULL) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    PyObject *inputs[] = {a, b};
    return aot_apply((const aot_operator_object *)operator, inputs, out);
}

PyObject *aot_rich_compare(PyObject *a, PyObject *b, int comparison)
{
    /* kernel.h has the slots in Python's order of comparisons */
    return apply_slot(AOT_SLOT_LT + comparison, a, b, NULL);
}

#define BINARY(name, slot)                                                                                             \
    PyObject *aot_number_##name(PyObject *a, PyObject *b)                                                              \
    {                                                                                                                  \
        return apply_slot(slot, a, b, NULL);                                                                           \
    }                                                                                                                  \
    PyObject *aot_number_inplace_##name(PyObject *a, PyObject *b)                                                      \
    {                                                                                                                  \
        return apply_slot(slot, a, b, a);                                                                              \
    }

#define UNARY(name, slot)                                                                                              \
    PyObject *aot_number_##name(PyObject *a)                                                                           \
    {                                                                                                                  \
        return apply_slot(slot, a, NULL, NULL);                                                                        \
    }

BINARY(add, AOT_SLOT_ADD)
BINARY(subtract, AOT_SLOT_SUBTRACT)
BINARY(multiply, AOT_SLOT_MULTIPLY)
BINARY(true_divide, AOT_SLOT_TRUE_DIVIDE)
/* pow(a, b, modulus), of which b is all that ** gives */
PyObject *aot_number_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus != Py_None) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return apply_slot(AOT_SLOT_POWER, a, b, NULL);
}

PyObject *aot_number_inplace_power(PyObject *a, PyObject *b, PyObject *Py_UNUSED(modulus))
{
    return apply_slot(AOT_SLOT_POWER, a, b, a);
}

UNARY(negative, AOT_SLOT_NEGATIVE)
UNARY(absolute, AOT_SLOT_ABSOLUTE)
