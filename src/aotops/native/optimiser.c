/* Steps of optimizers. In Python:
 *
 *     def update(routine, outputs, gradient, numbers):
 *         for piece in pieces:                     # which threads share out
 *             the routine, which changes the outputs: a parameter, and what is remembered for each of its elements
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"

/* The elements that are computed between two questions whether to stop. */
#define PIECE 8192
#define MOST_OUTPUTS 3
#define MOST_NUMBERS 12

typedef struct {
    aot_kernel kernel;
    char *outputs[MOST_OUTPUTS], *gradient, *numbers;
    int count;
    int64_t size, itemsize;
} job;

static void run_pieces(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    for (int64_t piece = first; piece < last && !aot_is_stopped(); piece++) {
        int64_t start = piece * PIECE, offset = start * own->itemsize;
        char *data[2 + MOST_OUTPUTS] = {own->gradient + offset, own->numbers};
        for (int k = 0; k < own->count; k++) {
            data[2 + k] = own->outputs[k] + offset;
        }
        const int64_t unused = 0;
        aot_call_kernel(own->kernel, 1, aot_smaller(PIECE, own->size - start), data, &unused);
    }
}

static void run_all(const aot_runner *runner)
{
    const job *own = runner->job;
    aot_share(runner, (own->size - 1) / PIECE + 1, run_pieces);
}

static bool is_plain(const aot_tensor *tensor, const aot_tensor *other)
{
    return tensor != NULL && tensor->contiguous && tensor->dtype == other->dtype && tensor->size == other->size;
}

/* update(outputs, gradient, numbers): the routine for so many outputs, momentum_step or adam_step. Returns False where
 * the tensors are not contiguous, or not of one size and one dtype, and then has done nothing. */
PyObject *aot_update(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *outputs, *given, *numbers;
    if (!PyArg_ParseTuple(args, "O!OO!:update", &PyTuple_Type, &outputs, &given, &PyTuple_Type, &numbers)) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_Size(outputs), constants = PyTuple_Size(numbers);
    const aot_tensor *first = count == 2 || count == 3 ? aot_as_tensor(PyTuple_GetItem(outputs, 0)) : NULL;
    const aot_tensor *gradient = aot_as_tensor(given);
    if (first == NULL || gradient == NULL || constants != (count == 2 ? 5 : 9)) {
        PyErr_SetString(PyExc_SystemError, "update: takes two or three tensors, a gradient and their numbers");
        return NULL;
    }
    aot_state *state = first->state;
    job own = {.size = first->size, .itemsize = aot_dtypes[first->dtype].itemsize, .count = (int)count,
               .kernel = (count == 2 ? aot_momentum_step_routine : aot_adam_step_routine)[first->dtype][state->level]};
    bool plain = own.kernel != NULL && is_plain(gradient, first);
    aot_view views[1 + MOST_OUTPUTS];
    for (int k = 0; plain && k < count; k++) {
        const aot_tensor *output = aot_as_tensor(PyTuple_GetItem(outputs, k));
        plain = is_plain(output, first);
        if (plain && aot_check_writable(output, "step", k == 0 ? "a parameter" : "the optimizer's state") < 0) {
            return NULL;
        }
        if (plain) {
            own.outputs[k] = output->data;
            views[1 + k] = (aot_view){output->data, first->strides, first->dtype};
        }
    }
    if (!plain) {
        Py_RETURN_FALSE;
    }
    union {
        double as_float64[MOST_NUMBERS];
        float as_float32[MOST_NUMBERS];
    } values;
    for (Py_ssize_t k = 0; k < constants; k++) {
        double value = PyFloat_AsDouble(PyTuple_GetItem(numbers, k));
        if (value == -1.0 && PyErr_Occurred()) {
            return NULL;
        }
        if (first->dtype == AOT_FLOAT32) {
            values.as_float32[k] = (float)value;
        } else {
            values.as_float64[k] = value;
        }
    }
    own.gradient = gradient->data;
    own.numbers = (char *)&values;
    views[0] = (aot_view){gradient->data, first->strides, first->dtype};
    const aot_routine routine = {count == 2 ? "momentum_step" : "adam_step", (int)own.itemsize, false, 1, 1 + (int)count, views,
                                 first->ndim, first->shape, NULL};
    aot_runner runner = {.job = &own, .total = own.size, .threads = aot_threads(state, own.size, false, false)};
    if (own.size > 0 && aot_run_routine(state, &routine, &runner, run_all) < 0) {
        return NULL;
    }
    Py_RETURN_TRUE;
}
