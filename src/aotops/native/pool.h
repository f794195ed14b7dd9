/* The thread pool, of the whole process; see pool.c. Knows nothing of Python. */
#ifndef AOTOPS_POOL_H
#define AOTOPS_POOL_H

#include "system.h"

#define AOT_MOST_THREADS 1024

typedef struct {
    /* Computes one part. `thread` is below `threads`, and no other thread has the same one meanwhile; the caller's is
     * 0. */
    void (*compute)(const void *argument, int64_t part, int thread);
    /* Called from time to time while the caller waits for others; NULL: there is nothing to do. */
    void (*waiting)(const void *argument);
    const void *argument;
    int64_t parts;
    int threads;        /* at most, with the caller */
    bool compute_bound; /* moving a part's data to another core costs little next to computing it */
    bool is_long;       /* it surely is worth waking threads for, from the first part on */
    bool eager;         /* use all threads even if that does not pay: for tests */
} aot_job;

/* Must be called before any other function. */
void aot_pool_init(void);
/* Computes all parts of a job, on this thread and on workers. Returns false if that is not possible any more: the
 * process is the child of a fork that happened meanwhile, in which the workers' parts are lost. */
bool aot_pool_run(const aot_job *job);
/* How many forks have made this process, since the first one that had a pool. */
int64_t aot_pool_forks(void);

#endif
