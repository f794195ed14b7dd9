/* How many threads a launch may use. In Python:
 *
 *     def threads():
 *         if forked and the parent had used threads: return 1
 *         return set by set_num_threads, or AOTOPS_NUM_THREADS, or aotops.threads.default_count()
 *
 * The threads themselves are OpenMP's. Its pool does not survive a fork: a child that asked for it would wait
 * for threads that only its parent has, so such a child computes alone.
 */
#include "native.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#if defined(_OPENMP) && !defined(_WIN32)
#include <pthread.h>
#include <stdatomic.h>
#define FORKS 1

static atomic_bool pool_is_used, pool_is_lost;
static pthread_once_t watching = PTHREAD_ONCE_INIT;

static void after_fork_in_child(void)
{
    if (atomic_load(&pool_is_used)) {
        atomic_store(&pool_is_lost, true);
    }
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}
#endif

int aot_threads_init(aot_state *state)
{
    const char *text = getenv("AOTOPS_NUM_THREADS");
    if (text != NULL && *text != '\0') {
        char *end;
        errno = 0;
        long count = strtol(text, &end, 10);
        if (*end != '\0' || errno != 0 || count < 1 || count > AOT_MOST_THREADS) {
            PyErr_Format(PyExc_ImportError, "AOTOPS_NUM_THREADS must be an integer from 1 to %d, got '%s'",
                         AOT_MOST_THREADS, text);
            return -1;
        }
        state->threads = (int)count;
    }
    return 0;
}

/* Asked once, when a launch is first large enough: it reads files. */
static int default_count(void)
{
    PyObject *type, *value, *traceback; /* a launch may run while an exception is set */
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *count = aot_call("aotops.threads", "default_count", "()");
    long threads = count != NULL ? PyLong_AsLong(count) : -1;
    Py_XDECREF(count);
    PyErr_Restore(type, value, traceback);
    return threads < 1 ? 1 : threads > AOT_MOST_THREADS ? AOT_MOST_THREADS : (int)threads;
}

int aot_threads(aot_state *state)
{
#ifdef FORKS
    if (atomic_load(&pool_is_lost)) {
        return 1;
    }
#endif
    if (state->threads == 0) {
        state->threads = default_count();
    }
#ifdef FORKS
    if (state->threads > 1 && !atomic_load(&pool_is_used)) {
        pthread_once(&watching, watch_forks);
        atomic_store(&pool_is_used, true);
    }
#endif
#ifdef _OPENMP
    return state->threads;
#else
    return 1;
#endif
}
