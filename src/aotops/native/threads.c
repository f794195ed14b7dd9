/* Choosing the number of threads of a launch. In Python:
 *
 *     def threads():
 *         if forked from a process whose pool was in use: return 1
 *         return set by set_num_threads, or AOTOPS_NUM_THREADS, or aotops.threads.default_count()
 *
 * The threads themselves are OpenMP's. Its pool, started by the first parallel region, does not survive a fork: a child
 * that entered a region would wait forever for threads that exist only in its parent. A child therefore runs
 * single-threaded if any of its ancestors has entered a region; otherwise it may use threads.
 */
#include "native.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#if defined(_OPENMP) && !defined(_WIN32)
#include <pthread.h>
#include <stdatomic.h>
#define FORKS 1

static atomic_flag forks_are_watched = ATOMIC_FLAG_INIT;
static atomic_bool pool_is_used, pool_is_lost;

static void after_fork_in_child(void)
{
    if (atomic_load(&pool_is_used)) {
        atomic_store(&pool_is_lost, true);
    }
}
#endif

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
#ifdef FORKS
    if (!atomic_flag_test_and_set(&forks_are_watched)) {
        pthread_atfork(NULL, NULL, after_fork_in_child);
    }
#endif
    return 0;
}

int aot_threads(aot_state *state, int64_t total, bool compute_bound)
{
    int64_t worth = compute_bound ? AOT_PLAN_SHARED_IF_COMPUTE_BOUND : AOT_PLAN_SHARED;
    if (total < (state->shared_from > 0 ? state->shared_from : worth)) {
        return 1;
    }
#ifdef FORKS
    if (atomic_load(&pool_is_lost)) {
        return 1;
    }
#endif
    if (state->threads == 0) { /* deferred until a launch is large enough, since it reads files */
        Py_ssize_t count = aot_ask("default_thread_count");
        if (count < 1) {
            return 1; /* for this launch; the next one tries again */
        }
        state->threads = count > AOT_MOST_THREADS ? AOT_MOST_THREADS : (int)count;
    }
#ifdef _OPENMP
    return state->threads;
#else
    return 1;
#endif
}

void aot_threads_begin(void)
{
#ifdef FORKS
    atomic_store(&pool_is_used, true);
#endif
}
