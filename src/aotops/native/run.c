/* Running a plan: the GIL, memory per thread, distributing work over threads, and interruption. In Python:
 *
 *     def run(runner, work):
 *         memory = shared_bytes for all threads together, and scratch_bytes for each of them
 *         with the GIL released if there are enough elements, or one may take any time:
 *             work(runner)                                  # may call share any number of times
 *
 *     def share(items, compute):
 *         for first, last in pool.run(items in parts):      # an idle thread takes the next part
 *             compute(first, last, the thread's own scratch memory)
 *
 *     def is_stopped():                                     # between kernel calls, and in a kernel's endless loop
 *         if this thread launched, is Python's main one, and 50 ms have passed:
 *             with the GIL: run the handlers of signals; if one raises, the launch is stopped
 *         return the launch is stopped
 *
 * All launches pass through here. Only Python's main thread runs signal handlers, so only its launches can be
 * interrupted. A launch that keeps the GIL is too short to be.
 */
#include "native.h"

#include "pool.h"

#include <pythread.h>

#define HANDLERS_NS 50000000
/* Between two looks at the clock, which takes 25 ns: as many questions as take about a millisecond, up to this many. */
#define MOST_QUESTIONS 64
#define LOOK_NS 1000000

/* What all threads of a launch know of it. */
struct aot_progress {
    aot_atomic stopped;      /* 1 if the launch is interrupted */
    bool lost;               /* a handler forked, and in this child the workers' parts are lost */
    PyThreadState *released; /* the launching thread's, if it is the main one; else NULL */
};

/* What this thread computes for; nothing while it runs Python. */
typedef struct {
    struct aot_progress *progress;
    bool runs_handlers;
    int questions, questions_left; /* until the next look at the clock */
    int64_t looked_at, due_at;
} aot_part_of;

static AOT_THREAD_LOCAL aot_part_of current;

/* Runs the handlers of signals that have arrived; returns whether one has raised an exception. */
static bool run_handlers(struct aot_progress *progress)
{
    aot_part_of saved = current;
    int64_t forks = aot_pool_forks();
    current = (aot_part_of){0}; /* handlers may launch */
    PyEval_RestoreThread(progress->released);
    PyObject *type, *value, *traceback; /* a launch may run while an exception is set */
    PyErr_Fetch(&type, &value, &traceback);
    bool raised = PyErr_CheckSignals() < 0;
    if (raised) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    } else {
        PyErr_Restore(type, value, traceback);
    }
    progress->released = PyEval_SaveThread();
    (void)aot_begin_environment(); /* which a handler may have changed; aot_run restores the one before */
    current = saved;
    progress->lost = progress->lost || aot_pool_forks() != forks;
    if (raised || progress->lost) {
        aot_atomic_store(&progress->stopped, 1);
    }
    return raised || progress->lost;
}

bool aot_is_stopped(void)
{
    struct aot_progress *progress = current.progress;
    if (progress == NULL) {
        return false;
    }
    if (aot_atomic_load(&progress->stopped) != 0) {
        return true;
    }
    if (!current.runs_handlers || --current.questions_left > 0) {
        return false;
    }
    int64_t now = aot_now(), passed = now - current.looked_at;
    current.looked_at = now;
    current.questions = passed > LOOK_NS                        ? 1
                        : 2 * current.questions < MOST_QUESTIONS ? 2 * current.questions
                                                                 : MOST_QUESTIONS;
    current.questions_left = current.questions;
    if (now < current.due_at) {
        return false;
    }
    current.due_at = now + HANDLERS_NS;
    return run_handlers(progress);
}

int32_t aot_poll(void)
{
    return aot_is_stopped();
}

/* Items that threads share, as a job of the pool. */
typedef struct {
    const aot_runner *runner;
    int64_t items, shares;
    aot_compute compute;
} shared_items;

static void compute_part(const aot_runner *runner, int64_t first, int64_t last, aot_compute compute, int thread)
{
    int64_t begin = runner->work != NULL ? aot_now() : 0;
    compute(runner, first, last, runner->scratch + (size_t)thread * runner->scratch_bytes);
    if (runner->work != NULL) {
        aot_watch_part(&runner->work[thread], begin);
    }
}

static void compute_share(const void *argument, int64_t share, int thread)
{
    const shared_items *own = argument;
    const aot_runner *runner = own->runner;
    int64_t first = own->items / own->shares * share + aot_smaller(share, own->items % own->shares);
    int64_t last = first + own->items / own->shares + (share < own->items % own->shares);
    if (thread > 0) {
        current = (aot_part_of){.progress = runner->progress};
    }
    if (current.progress != NULL && aot_atomic_load(&current.progress->stopped) != 0) {
        return; /* a share may be one call of a kernel, which nobody else asks before */
    }
    compute_part(runner, first, last, own->compute, thread);
}

/* The caller has nothing left to compute, and waits for others. */
static void wait_for_others(const void *argument)
{
    const shared_items *own = argument;
    if (aot_atomic_load(&own->runner->progress->stopped) == 0) {
        run_handlers(own->runner->progress);
    }
}

/* Returns how many elements a thread takes at a time. */
static int64_t part(const aot_runner *runner)
{
    return runner->unbounded       ? AOT_PLAN_PART_IF_UNBOUNDED
           : runner->compute_bound ? AOT_PLAN_PART_IF_COMPUTE_BOUND
                                   : AOT_PLAN_PART;
}

void aot_share(const aot_runner *runner, int64_t items, aot_compute compute)
{
    if (runner->threads < 2) {
        compute_part(runner, 0, items, compute, 0);
        return;
    }
    shared_items own = {runner, items, aot_smaller(items, runner->total / part(runner) + 1), compute};
    const aot_job job = {.compute = compute_share,
                         .waiting = current.runs_handlers ? wait_for_others : NULL,
                         .argument = &own,
                         .parts = own.shares,
                         .threads = runner->threads,
                         .compute_bound = runner->compute_bound,
                         .is_long = runner->is_long,
                         .eager = runner->eager};
    aot_pool_run(&job); /* if it fails, the launch is stopped */
}

void aot_share_within(aot_runner *runner, int64_t items, aot_compute compute)
{
    runner->progress = current.progress; /* not NULL: launches whose kernels have loops release the GIL */
    aot_share(runner, items, compute);
}

/* Returns whether this thread is the one that runs signal handlers. */
static bool is_main_thread(aot_state *state)
{
    if (state->forks != aot_pool_forks()) {
        state->main_thread = aot_main_thread();
        state->forks = aot_pool_forks();
    }
    return state->main_thread == PyThread_get_thread_ident();
}

/* Runs `work` without the GIL; returns false with an exception if it is interrupted. */
static bool run_released(aot_state *state, aot_runner *runner, aot_work work)
{
    struct aot_progress progress = {.lost = false};
    bool is_main = is_main_thread(state);
    runner->progress = &progress;
    PyThreadState *released = PyEval_SaveThread();
    progress.released = is_main ? released : NULL;
    int64_t now = is_main ? aot_now() : 0;
    current = (aot_part_of){.progress = &progress,
                            .runs_handlers = is_main,
                            .questions = 1,
                            .questions_left = 1,
                            .looked_at = now,
                            .due_at = now + HANDLERS_NS};
    work(runner);
    current = (aot_part_of){0};
    PyEval_RestoreThread(is_main ? progress.released : released);
    if (progress.lost && !PyErr_Occurred()) {
        aot_raise("lost_by_fork", "()");
    }
    return aot_atomic_load(&progress.stopped) == 0;
}

enum aot_outcome aot_run(aot_state *state, aot_runner *runner, aot_work work)
{
    _Alignas(AOT_ALIGNMENT) char stack[AOT_PLAN_STACK_BYTES];
    runner->shared_bytes = aot_whole_lines(runner->shared_bytes);
    runner->scratch_bytes = aot_whole_lines(runner->scratch_bytes);
    runner->threads = (int)aot_smaller(runner->threads, runner->total / part(runner) + 1);
    runner->eager = state->shared_from > 0;
    size_t bytes = runner->shared_bytes + runner->scratch_bytes * (size_t)runner->threads;
    bool fits = bytes <= sizeof stack;
    if (!fits && aot_memory_needs_limit(&state->memory, bytes)) {
        aot_storage_learn_limit(state);
    }
    /* kept for the next launch, which would spend up to a sixth of its time on page faults */
    char *memory = fits ? stack : aot_memory_allocate(&state->memory, bytes);
    if (memory == NULL) {
        return AOT_NO_MEMORY;
    }
    runner->shared = memory;
    runner->scratch = memory + runner->shared_bytes;
    if (runner->watch != NULL) {
        aot_watch_work(runner->watch, runner);
    }
    bool done = true;
    aot_environment before = aot_begin_environment(); /* for routines, and for what kernels are called by */
    if (runner->total >= AOT_PLAN_GRAIN || runner->unbounded) {
        done = run_released(state, runner, work);
    } else {
        work(runner);
    }
    aot_end_environment(before);
    if (!fits) {
        aot_memory_release(&state->memory, memory, bytes);
    }
    return done ? AOT_DONE : AOT_INTERRUPTED;
}

int aot_run_or_raise(aot_state *state, aot_runner *runner, aot_work work)
{
    enum aot_outcome outcome = aot_run(state, runner, work);
    if (outcome == AOT_NO_MEMORY) {
        PyErr_NoMemory();
    }
    return outcome == AOT_DONE ? 0 : -1;
}

void aot_rows_of(const aot_plan *plan, char *results, char **rows)
{
    for (int r = 0; r < plan->results; r++) {
        rows[r] = results;
        results += plan->row_bytes[r];
    }
}

int64_t aot_seek(const aot_plan *plan, int grid, int64_t tile, int operands, char **data)
{
    int rank = (int)plan->grid_ranks[grid];
    int64_t size = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        const aot_grid_axis *own = &plan->grids[grid][axis];
        int64_t index = tile % own->count;
        tile /= own->count;
        for (int k = 0; k < operands; k++) {
            data[k] = aot_moved(data[k], index * own->steps[k]);
        }
        if (axis == rank - 1) {
            size = aot_smaller(own->size, own->length - index * own->size);
        }
    }
    return size;
}

void aot_plan_view(aot_plan *plan, int operand, const aot_view *view, int dtype)
{
    plan->addresses[operand] = (int64_t)(uintptr_t)view->data;
    if (dtype == AOT_INDEX) {
        plan->roles[operand] = AOT_PLAN_INDEX;
        plan->itemsizes[operand] = 1; /* a stride is added to the position itself */
    } else {
        plan->roles[operand] = view->dtype == dtype ? AOT_PLAN_PLAIN : AOT_PLAN_CAST;
        plan->itemsizes[operand] = aot_dtypes[view->dtype].itemsize;
    }
    for (int64_t axis = 0; axis < plan->rank; axis++) {
        plan->strides[operand][axis] = view->strides[axis];
    }
}

void aot_make_plan(aot_planner planner, aot_plan *plan)
{
    void *exception = NULL;
    int64_t unused;
    plan->allowed = plan->threads;
    planner(&unused, &exception, (int64_t *)plan);
}
