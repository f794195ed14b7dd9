/* Reporting launches to aotops.explain and aotops.trace. In Python:
 *
 *     def launch(...):                                    # of an operator; routines, which have no plan, likewise
 *         plan = None if the fast path applies else make_plan(...)
 *         watcher = explaining.get(this thread) or tracing
 *         if this thread is not in explaining: run(plan)
 *         if watcher: watcher((operator, inputs, compute_bound, operands, shape, plan, most threads, begin, end, thread,
 *                              work))                  # of each thread: (thread, parts, begin, end, nanoseconds)
 *
 * A launch that is not reported costs one test, of `state->watched`. The GIL is held where a launch begins and ends,
 * and guards all of this. Errors while a launch is reported are written to stderr: they are not errors of the
 * operation.
 */
#include "native.h"

#include "arrays.h"

#include "system.h" /* whose clock is that of Python's time.perf_counter_ns */

#include <pythread.h>

/* Returns who is told of this thread's launches because they are explained, borrowed, or NULL. */
static PyObject *explainer(const aot_state *state)
{
    if (state->explaining == NULL || PyDict_Size(state->explaining) == 0) {
        return NULL;
    }
    PyObject *thread = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
    PyObject *found = thread != NULL ? PyDict_GetItemWithError(state->explaining, thread) : NULL;
    Py_XDECREF(thread);
    return found;
}

bool aot_is_explained(const aot_state *state)
{
    return state->watched && explainer(state) != NULL;
}

void aot_watch_begin(aot_watch *watch, aot_state *state, const aot_operator_object *operator, const uint8_t *dtypes,
                     int inputs, int operands, const aot_view *views, int ndim, const Py_ssize_t *shape)
{
    PyObject *told = explainer(state);
    PyErr_Clear(); /* raised where there is no memory: then the launch is not watched */
    *watch = (aot_watch){.state = state, .operator = operator, .dtypes = dtypes, .inputs = inputs, .operands = operands,
                         .views = views, .ndim = ndim, .shape = shape, .plans_only = told != NULL};
    watch->watcher = told != NULL ? told : state->tracing;
    Py_XINCREF(watch->watcher);
    watch->begin = aot_now();
}

bool aot_watch_plan(aot_watch *watch, const aot_plan *plan)
{
    if (plan != NULL && watch->watcher != NULL) {
        size_t bytes = (size_t)((const char *)plan->strides[watch->operands] - (const char *)plan);
        watch->plan = PyBytes_FromStringAndSize((const char *)plan, (Py_ssize_t)bytes);
        PyErr_Clear();
    }
    return watch->plans_only;
}

void aot_watch_work(aot_watch *watch, aot_runner *runner)
{
    PyMem_Free(watch->work); /* of an attempt that had too little memory */
    watch->threads = (int)aot_larger(runner->threads, watch->loop_threads);
    watch->work = watch->watcher != NULL ? PyMem_Calloc((size_t)watch->threads, sizeof *watch->work) : NULL;
    runner->work = watch->work;
}

void aot_watch_part(aot_work_of_thread *work, int64_t begin)
{
    int64_t end = aot_now();
    if (work->parts == 0) {
        work->begin = begin;
    }
    work->parts++;
    work->busy += end - begin;
    work->end = end;
}

/* Returns what each thread has done, of those that have done something; None: there was a single call of the kernel. */
static PyObject *work_of(const aot_watch *watch)
{
    if (watch->work == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *all = PyList_New(0);
    for (int thread = 0; all != NULL && thread < watch->threads; thread++) {
        const aot_work_of_thread *own = &watch->work[thread];
        PyObject *row = own->parts == 0 ? NULL
                                        : Py_BuildValue("(iLLLL)", thread, (long long)own->parts, (long long)own->begin,
                                                        (long long)own->end, (long long)own->busy);
        if (own->parts != 0 && (row == NULL || PyList_Append(all, row) < 0)) {
            Py_CLEAR(all);
        }
        Py_XDECREF(row);
    }
    return all;
}

static const char *dtype_name(int code)
{
    return code == AOT_INDEX ? "index" : aot_dtypes[code].name;
}

/* Returns (dtype in memory, dtype in the kernel, strides) of each operand. */
static PyObject *operands_of(const aot_watch *watch)
{
    PyObject *operands = PyTuple_New(watch->operands);
    for (int k = 0; operands != NULL && k < watch->operands; k++) {
        const aot_view *view = &watch->views[k];
        PyObject *operand = Py_BuildValue("(ssN)", dtype_name(view->dtype), dtype_name(watch->dtypes[k]),
                                          aot_tuple_of_sizes(watch->ndim, view->strides));
        if (operand == NULL || PyTuple_SetItem(operands, k, operand) < 0) {
            Py_CLEAR(operands);
        }
    }
    return operands;
}

/* Returns the blocks of a product of matrices, or None. */
static PyObject *blocks_of(const aot_routine *routine)
{
    if (routine->blocks == NULL) {
        Py_RETURN_NONE;
    }
    return Py_BuildValue("(LLLL)", (long long)routine->blocks[0], (long long)routine->blocks[1],
                         (long long)routine->blocks[2], (long long)routine->blocks[3]);
}

void aot_watch_end(aot_watch *watch)
{
    if (watch->watcher == NULL) {
        return;
    }
    int64_t end = aot_now();
    PyObject *kind, *error, *where; /* the operation's own, if it has failed */
    PyErr_Fetch(&kind, &error, &where);
    const aot_routine *routine = watch->routine;
    PyObject *launched = watch->launched != NULL ? Py_NewRef(watch->launched)
                         : routine != NULL       ? Py_BuildValue("(siiN)", routine->name, routine->itemsize,
                                                                 watch->routine_threads, blocks_of(routine))
                         : Py_NewRef(watch->operator != NULL ? (PyObject *)watch->operator : Py_None);
    PyObject *operands = watch->described != NULL ? Py_NewRef(watch->described) : operands_of(watch);
    PyObject *plan = watch->plan != NULL ? watch->plan : Py_None;
    bool compute_bound = watch->operator != NULL && watch->operator->definition->compute_bound;
    PyObject *record = Py_BuildValue("(NiiNNOiLLkN)", launched, watch->inputs, (int)compute_bound, operands,
                                     aot_tuple_of_sizes(watch->ndim, watch->shape), plan, watch->state->threads,
                                     (long long)watch->begin, (long long)end, PyThread_get_thread_ident(),
                                     work_of(watch));
    PyObject *done = record != NULL ? PyObject_CallFunctionObjArgs(watch->watcher, record, NULL) : NULL;
    if (done == NULL) {
        PyErr_WriteUnraisable(watch->watcher);
    }
    Py_XDECREF(done);
    Py_XDECREF(record);
    Py_XDECREF(watch->plan);
    Py_XDECREF(watch->launched);
    Py_XDECREF(watch->described);
    PyMem_Free(watch->work);
    Py_DECREF(watch->watcher);
    PyErr_Restore(kind, error, where);
}

int aot_run_routine(aot_state *state, const aot_routine *routine, aot_runner *runner, aot_work work)
{
    aot_watch watch;
    uint8_t dtypes[AOT_MAX_OPERANDS];
    bool skips = false;
    if (state->watched) {
        for (int k = 0; k < routine->operands; k++) {
            dtypes[k] = routine->views[k].dtype;
        }
        aot_watch_begin(&watch, state, NULL, dtypes, routine->inputs, routine->operands, routine->views, routine->ndim,
                        routine->shape);
        watch.routine = routine;
        watch.routine_threads = runner->threads;
        runner->watch = &watch;
        skips = aot_watch_plan(&watch, NULL) && !routine->counts;
    }
    int failed = skips ? 0 : aot_run_or_raise(state, runner, work);
    if (runner->watch != NULL) {
        aot_watch_end(&watch);
    }
    runner->watch = NULL; /* it is on this function's stack */
    return failed;
}

static void update(aot_state *state)
{
    state->watched = state->tracing != NULL || (state->explaining != NULL && PyDict_Size(state->explaining) > 0);
}

PyObject *aot_trace(aot_state *state, PyObject *watcher)
{
    PyObject *before = state->tracing;
    state->tracing = watcher != Py_None ? watcher : NULL;
    Py_XINCREF(state->tracing);
    update(state);
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

/* Sets who is told of this thread's launches; `watcher` may be NULL. */
static int explain_to(aot_state *state, PyObject *watcher)
{
    if (state->explaining == NULL) {
        state->explaining = PyDict_New();
    }
    PyObject *thread = state->explaining != NULL ? PyLong_FromUnsignedLong(PyThread_get_thread_ident()) : NULL;
    int failed = thread == NULL ? -1
                 : watcher != NULL ? PyDict_SetItem(state->explaining, thread, watcher)
                                   : PyDict_DelItem(state->explaining, thread);
    Py_XDECREF(thread);
    update(state);
    return failed;
}

PyObject *aot_explain(aot_state *state, PyObject *args)
{
    PyObject *watcher, *function, *inputs, *keywords;
    if (!PyArg_ParseTuple(args, "OOO!O!:explain", &watcher, &function, &PyTuple_Type, &inputs, &PyDict_Type,
                          &keywords)) {
        return NULL;
    }
    PyObject *before = explainer(state);
    if (before == NULL && PyErr_Occurred()) {
        return NULL;
    }
    Py_XINCREF(before);
    PyObject *result = explain_to(state, watcher) == 0 ? PyObject_Call(function, inputs, keywords) : NULL;
    PyObject *kind, *error, *where;
    PyErr_Fetch(&kind, &error, &where);
    Py_XDECREF(result); /* its elements have not been computed */
    if (explain_to(state, before) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(before);
    if (kind != NULL) {
        PyErr_Restore(kind, error, where);
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *aot_forget_other_threads(aot_state *state)
{
    PyObject *own = explainer(state), *before = state->explaining;
    Py_XINCREF(own);
    state->explaining = NULL;
    int failed = PyErr_Occurred() ? -1 : own != NULL ? explain_to(state, own) : 0;
    update(state);
    Py_XDECREF(own);
    Py_XDECREF(before);
    if (failed < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
