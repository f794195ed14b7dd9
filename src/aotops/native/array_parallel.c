/* Loops over prange: the parts of one, on the threads of the pool. In Python:
 *
 *     def parallel(function, context, parts):               # called by kernels
 *         for part in range(parts):                         # on threads
 *             status = function(part, context)
 *         return the status of the first part that has failed, with its error
 *
 * The loop has divided its iterations by their number alone. Inside of a part, and in a batch that runs on several threads,
 * loops run on one: in the same parts.
 */
#include "array_kernel.h"

#include "system.h"

typedef struct {
    aot_array_part function;
    void *context;
    aot_atomic lock;
    aot_atomic failed; /* the first part that has failed, plus 1; 0: none has */
    const char *const *error;
    const char *place; /* see aot_array_error */
} loop;

/* How many threads the loops of the kernel may use that this thread runs; 0 is 1. */
static AOT_THREAD_LOCAL int allowed;
/* Of each thread in these loops, if they are told of; else NULL. */
static AOT_THREAD_LOCAL aot_work_of_thread *noted;

int aot_array_threads(aot_state *state, const aot_array_library *library)
{
    return library->has_loops ? aot_threads(state, INT64_MAX, true, true) : 1;
}

int aot_array_allow(int threads)
{
    int before = allowed;
    allowed = threads;
    return before;
}

void aot_array_note(aot_work_of_thread *work)
{
    noted = work;
}

static int32_t run_part(aot_array_part function, void *context, int64_t part, const char *const **error)
{
    aot_array_call call;
    aot_prepare_array_call(&call);
    void *unused[2] = {NULL};
    void *outer = aot_array_memory_begin();
    int32_t status = function(unused, &call, part, context);
    aot_array_memory_end(outer);
    *error = call.error;
    return status;
}

static void run_parts(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    loop *own = (loop *)runner->job;
    int outer = aot_array_allow(1);
    for (int64_t part = first; part < last; part++) {
        int64_t failed = aot_atomic_load(&own->failed);
        if (aot_is_stopped() || (failed != 0 && failed - 1 < part)) {
            break;
        }
        const char *const *error;
        int32_t status = run_part(own->function, own->context, part, &error);
        const char *place = status != 0 ? aot_array_take_place() : NULL;
        if (status != 0 && status != AOT_STOPPED) {
            int64_t expected = 0;
            while (!aot_atomic_exchange(&own->lock, &expected, 1)) {
                expected = 0;
                aot_pause();
            }
            failed = aot_atomic_load(&own->failed);
            if (failed == 0 || part < failed - 1) {
                own->error = error;
                own->place = place;
                aot_atomic_store(&own->failed, part + 1);
            }
            aot_atomic_store(&own->lock, 0);
            break;
        }
    }
    aot_array_allow(outer);
}

int32_t aot_array_parallel(aot_array_part function, void *context, int64_t parts, const char *const **error)
{
    if (allowed <= 1 || parts < 2) {
        for (int64_t part = 0; part < parts; part++) {
            int32_t status = run_part(function, context, part, error);
            if (status != 0) {
                return status;
            }
        }
        return 0;
    }
    loop own = {.function = function, .context = context};
    aot_runner runner = {.job = &own,
                         .total = INT64_MAX / 2, /* any iteration may take long */
                         .threads = allowed,
                         .compute_bound = true,
                         .unbounded = true,
                         .work = noted};
    aot_share_within(&runner, parts, run_parts);
    *error = own.error;
    aot_array_note_place(own.place);
    return aot_atomic_load(&own.failed) != 0 ? 1 : aot_is_stopped() ? AOT_STOPPED : 0;
}
