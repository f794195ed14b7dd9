/* Choosing how many threads a launch may use; pool.c has the threads. In Python:
 *
 *     def threads():
 *         return set by set_num_threads, or AOTOPS_NUM_THREADS, or aotops.threads.default_count()
 */
#include "native.h"

#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* Like OMP_NUM_THREADS, accepts blanks around the number and a plus sign; see aotops.threads. */
static int read_count(const char *string)
{
    while (isspace((unsigned char)*string)) {
        string++;
    }
    if (*string == '\0') {
        return 0; /* treated as unset */
    }
    char *end;
    errno = 0;
    long count = strtol(string, &end, 10);
    bool valid = end != string && errno == 0 && count >= 1 && count <= AOT_MOST_THREADS;
    while (isspace((unsigned char)*end)) {
        end++;
    }
    return valid && *end == '\0' ? (int)count : -1;
}

int aot_threads_init(aot_state *state)
{
    const char *string = getenv("AOTOPS_NUM_THREADS");
    if (string != NULL) {
        state->threads = read_count(string);
        if (state->threads < 0) {
            PyErr_Format(PyExc_ImportError, "AOTOPS_NUM_THREADS must be an integer from 1 to %d, got '%s'",
                         AOT_MOST_THREADS, string);
            return -1;
        }
    }
    aot_pool_init();
    return 0;
}

int aot_threads(aot_state *state, int64_t total, bool compute_bound, bool unbounded)
{
    if (unbounded) { /* an element may take any time; assume as much as a part of others */
        total = aot_smaller(total, INT64_MAX / AOT_PLAN_PART) * AOT_PLAN_PART / AOT_PLAN_PART_IF_UNBOUNDED;
    }
    if (total < (state->shared_from > 0 ? state->shared_from : AOT_PLAN_GRAIN)) {
        return 1;
    }
    if (state->threads == 0) {
        /* reads files, which takes 0.2 ms: deferred until a launch takes half as long on one thread */
        if (total < (compute_bound ? AOT_PLAN_LARGE_IF_COMPUTE_BOUND : AOT_PLAN_LARGE)) {
            return 1;
        }
        Py_ssize_t count = aot_ask("default_thread_count");
        if (count < 1) {
            return 1; /* for this launch; the next one tries again */
        }
        state->threads = count > AOT_MOST_THREADS ? AOT_MOST_THREADS : (int)count;
    }
    return state->threads;
}
