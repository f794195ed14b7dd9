/* What aotops._native has for gradients. In Python:
 *
 *     def start_tape(call, sum, matmul): ...       # once: Python's part, and the operators that the tape knows
 *     def is_recording(), set_recording(flag): ... # of this thread; the latter returns what it was
 *     def recorded(function, args, kwargs): the result of a call that is recorded, else NotImplemented
 *     def record(function, results, inputs, saved, pull): makes results outputs of a node
 *     def record_assigned(x, key, value): the same of x after x[key] = value
 *     def backward(outputs, gradients, retain_graph, inputs): ...
 *     def backward_from(x, gradient, retain_graph): aotops.autograd.engine.backward, for the class of tensors
 *     def alias(x): a view of all elements without a node
 *     def keep_grad(x): x.grad will be kept although x is the result of a call
 *     def writes(x): how often x's storage has been written to
 */
#include "tape.h"

static aot_state *state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

static aot_tensor *required(PyObject *object, const char *function)
{
    aot_tensor *tensor = aot_as_tensor(object);
    return tensor != NULL ? tensor : (aot_tensor *)aot_raise("wrong_type", "(sssO)", function, "x", "a Tensor", object);
}

static PyObject *native_start_tape(PyObject *module, PyObject *args)
{
    aot_tape *tape = &state_of(module)->tape;
    PyObject *call, *sum, *matmul;
    if (!PyArg_ParseTuple(args, "OOO:start_tape", &call, &sum, &matmul)) {
        return NULL;
    }
    if (tape->call == NULL) { /* they stay until the interpreter ends */
        Py_INCREF(call);
        Py_INCREF(sum);
        Py_INCREF(matmul);
        tape->call = call;
        tape->sum = sum;
        tape->matmul = matmul;
    }
    Py_RETURN_NONE;
}

static PyObject *native_is_recording(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    return PyBool_FromLong(aot_is_recording());
}

static PyObject *native_set_recording(PyObject *Py_UNUSED(module), PyObject *flag)
{
    int truth = PyObject_IsTrue(flag);
    return truth < 0 ? NULL : PyBool_FromLong(aot_set_recording(truth != 0));
}

static PyObject *native_recorded(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    aot_state *state = state_of(module);
    if (count != 3 || state->tape.nodes == 0 || !PyTuple_CheckExact(args[1]) || !PyDict_CheckExact(args[2])) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (!aot_is_recorded_in(state, args[1], args[2])) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return aot_record_in_python(state, args[0], args[1], args[2]);
}

static PyObject *native_record(PyObject *module, PyObject *args)
{
    return aot_record_call(state_of(module), args);
}

static PyObject *native_record_assigned(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *x, *key, *value;
    if (!PyArg_ParseTuple(args, "OOO:record_assigned", &x, &key, &value)) {
        return NULL;
    }
    aot_tensor *tensor = required(x, "record_assigned");
    if (tensor == NULL || aot_record_assigned(tensor, key, value) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *native_backward(PyObject *module, PyObject *args)
{
    return aot_backward(state_of(module), args);
}

static PyObject *native_backward_from(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *x, *gradient, *retain_graph;
    return PyArg_ParseTuple(args, "OOO:backward_from", &x, &gradient, &retain_graph)
               ? aot_call("backward", "(OOO)", x, gradient, retain_graph)
               : NULL;
}

static PyObject *native_alias(PyObject *Py_UNUSED(module), PyObject *object)
{
    const aot_tensor *tensor = required(object, "alias");
    return tensor != NULL ? (PyObject *)aot_alias(tensor) : NULL;
}

static PyObject *native_keep_grad(PyObject *Py_UNUSED(module), PyObject *object)
{
    aot_tensor *tensor = required(object, "keep_grad");
    if (tensor == NULL) {
        return NULL;
    }
    if (tensor->node == NULL) {
        return aot_raise("not_tracked", "(s)", "retain_grad");
    }
    PyObject *grad = aot_tensor_grad(object, NULL);
    int failed = grad == NULL ? -1 : grad == Py_None ? aot_tensor_set_grad(object, Py_None, NULL) : 0;
    Py_XDECREF(grad);
    if (failed < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *native_writes(PyObject *Py_UNUSED(module), PyObject *object)
{
    const aot_tensor *tensor = required(object, "writes");
    return tensor != NULL ? PyLong_FromUnsignedLongLong(tensor->storage->writes) : NULL;
}

static PyMethodDef methods[] = {
    {"start_tape", native_start_tape, METH_VARARGS, "start_tape(call, sum, matmul): once."},
    {"is_recording", native_is_recording, METH_NOARGS, "is_recording(): whether calls of this thread are recorded."},
    {"set_recording", native_set_recording, METH_O, "set_recording(flag): whether they are; returns what it was."},
    {"recorded", (PyCFunction)(void (*)(void))native_recorded, METH_FASTCALL,
     "recorded(function, args, kwargs): the result of a call that is recorded, else NotImplemented."},
    {"record", native_record, METH_VARARGS, "record(function, results, inputs, saved, pull): see tape.c."},
    {"record_assigned", native_record_assigned, METH_VARARGS, "record_assigned(x, key, value): after x[key] = value."},
    {"backward", native_backward, METH_VARARGS, "backward(outputs, gradients, retain_graph, inputs): see backward.c."},
    {"backward_from", native_backward_from, METH_VARARGS, "backward_from(x, gradient, retain_graph): Tensor.backward."},
    {"alias", native_alias, METH_O, "alias(x): a view of all elements that is not tracked."},
    {"keep_grad", native_keep_grad, METH_O, "keep_grad(x): backward keeps the gradient of x."},
    {"writes", native_writes, METH_O, "writes(x): how often the memory of x has been written to."},
    {NULL, NULL, 0, NULL},
};

int aot_add_tape(PyObject *module, aot_state *state)
{
    state->tape.node_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &aot_node_spec, NULL);
    if (state->tape.node_type == NULL ||
        PyModule_AddObjectRef(module, "Node", (PyObject *)state->tape.node_type) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, methods);
}
