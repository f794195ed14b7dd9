/* Python's special methods. In Python, for `+` and its reflected and in-place forms:
 *
 *     def __add__(a, b):
 *         operator = the one whose record has slot "add"
 *         if b is neither a Tensor nor a Python number:
 *             b = aotops.operator.other_operand(operator, a, b, in_place=False)
 *             if b is NotImplemented: return aotops.foreign.call(operator, (a, b))    # may be NotImplemented, too
 *         return operator(a, b)
 *     def __iadd__(a, b):
 *         the same with in_place=True and out=a, or a TypeError: never NotImplemented, for then Python would compute
 *         a + b and rebind the name to a new object
 *
 * The records assign operators to slots; the state's table holds them.
 */
#include "tape.h"

#include "arrays.h"

static PyObject *apply_slot(int slot, PyObject *a, PyObject *b, bool in_place)
{
    aot_tensor *tensor_a = aot_as_tensor(a);
    aot_tensor *tensor_b = b == NULL || Py_TYPE(b) == Py_TYPE(a) ? tensor_a : aot_as_tensor(b);
    aot_state *state = tensor_a != NULL ? tensor_a->state : tensor_b->state;
    bool known = (tensor_a != NULL || aot_is_number(a)) && (b == NULL || tensor_b != NULL || aot_is_number(b));
    PyObject *operator = state->slots[slot];
    if (operator == NULL) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    PyObject *other = tensor_a != NULL ? b : a;
    PyObject *read = NULL, *inputs[] = {a, b};
    if (!known) {
        read = (PyObject *)aot_read_operand(state, other);
        if (read == NULL && !PyErr_Occurred()) {
            read = aot_call("other_operand", "(OOOi)", operator, a, b, (int)in_place);
        }
        if (read == NULL) {
            return NULL;
        }
        if (read == Py_NotImplemented) { /* never in place */
            Py_DECREF(read);
            return aot_call("foreign_call", "(O(OO)O)", operator, a, b, Py_None);
        }
        inputs[tensor_a != NULL] = read;
    }
    const aot_operator_object *applied = (const aot_operator_object *)operator;
    PyObject *result = in_place ? aot_apply_in_place(applied, inputs) : aot_apply(applied, inputs, NULL);
    Py_XDECREF(read);
    return result;
}

PyObject *aot_rich_compare(PyObject *a, PyObject *b, int comparison)
{
    _Static_assert(AOT_SLOT_LE - AOT_SLOT_LT == Py_LE - Py_LT && AOT_SLOT_EQ - AOT_SLOT_LT == Py_EQ - Py_LT &&
                       AOT_SLOT_NE - AOT_SLOT_LT == Py_NE - Py_LT && AOT_SLOT_GT - AOT_SLOT_LT == Py_GT - Py_LT &&
                       AOT_SLOT_GE - AOT_SLOT_LT == Py_GE - Py_LT,
                   "the slots of comparisons must be in the order of Python's C API");
    return apply_slot(AOT_SLOT_LT + comparison, a, b, false);
}

#define BINARY(SLOT, name)                                                                                             \
    PyObject *aot_number_##name(PyObject *a, PyObject *b)                                                              \
    {                                                                                                                  \
        return apply_slot(AOT_SLOT_##SLOT, a, b, false);                                                               \
    }                                                                                                                  \
    PyObject *aot_number_inplace_##name(PyObject *a, PyObject *b)                                                      \
    {                                                                                                                  \
        return apply_slot(AOT_SLOT_##SLOT, a, b, true);                                                                \
    }

#define UNARY(SLOT, name)                                                                                              \
    PyObject *aot_number_##name(PyObject *a)                                                                           \
    {                                                                                                                  \
        return apply_slot(AOT_SLOT_##SLOT, a, NULL, false);                                                            \
    }

AOT_EACH_BINARY_SLOT(BINARY)
AOT_EACH_UNARY_SLOT(UNARY)

/* pow(a, b, modulus); ** passes no modulus */
PyObject *aot_number_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus != Py_None) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return apply_slot(AOT_SLOT_POWER, a, b, false);
}

PyObject *aot_number_inplace_power(PyObject *a, PyObject *b, PyObject *Py_UNUSED(modulus))
{
    return apply_slot(AOT_SLOT_POWER, a, b, true);
}

/* divmod(a, b) */
PyObject *aot_number_divmod(PyObject *a, PyObject *b)
{
    PyObject *quotient = apply_slot(AOT_SLOT_FLOOR_DIVIDE, a, b, false);
    if (quotient == NULL || quotient == Py_NotImplemented) {
        return quotient;
    }
    PyObject *remainder = apply_slot(AOT_SLOT_REMAINDER, a, b, false);
    PyObject *both = remainder == NULL ? NULL : PyTuple_Pack(2, quotient, remainder);
    Py_DECREF(quotient);
    Py_XDECREF(remainder);
    return both;
}

/* a @ b */
PyObject *aot_number_matrix_multiply(PyObject *a, PyObject *b)
{
    const aot_tensor *known = aot_as_tensor(a) != NULL ? aot_as_tensor(a) : aot_as_tensor(b);
    PyObject *factors[] = {a, b};
    if (known->state->tape.nodes != 0 && aot_is_recorded(known->state, factors, 2)) {
        return aot_record_product(a, b);
    }
    PyObject *out = aot_product("matmul", a, b, NULL, NULL);
    return out != NULL || PyErr_Occurred() ? out : aot_call("matrix_product", "(OO)", a, b);
}

/* a @= b: never NotImplemented, for then Python would rebind the name to a new object */
PyObject *aot_number_inplace_matrix_multiply(PyObject *a, PyObject *b)
{
    return aot_call("matrix_product_in_place", "(OO)", a, b);
}
