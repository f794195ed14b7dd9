/* Runs jobs on the thread pool, alone and from several threads at once, and checks that each part is computed once,
 * that no two threads have the same number meanwhile, and that callers take the places of workers. Compiled with and without -fsanitize=thread by test_pool.py.
 *
 *     pool_stress SECONDS
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#define MOST_PARTS 300
#define MOST_NUMBERS 9
#define CALLERS 4

typedef struct {
    aot_atomic computed[MOST_PARTS];
    aot_atomic busy[MOST_NUMBERS];
    aot_atomic waits;
    int64_t plain[MOST_PARTS]; /* written by whoever computes a part, read by the caller: a race unless it is waited for */
    int64_t seed;
    int work;
    bool nested;
} task;

static void fail(const char *reason)
{
    fprintf(stderr, "%s\n", reason);
    exit(1);
}

static void check(bool condition, const char *reason)
{
    if (!condition) {
        fail(reason);
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void run_one(uint32_t *random, bool may_nest);

static void compute(const void *argument, int64_t part, int thread)
{
    task *own = (task *)argument;
    check(aot_atomic_add(&own->busy[thread], 1) == 0, "two threads have the same number");
    check(aot_atomic_add(&own->computed[part], 1) == 0, "a part is computed twice");
    own->plain[part] = own->seed + part;
    for (int k = 0; k < own->work; k++) {
        aot_pause();
    }
    if (own->nested && part % 16 == 3) { /* as a signal's handler may do that runs during a launch */
        uint32_t random = (uint32_t)part;
        run_one(&random, false);
    }
    aot_atomic_add(&own->busy[thread], -1);
}

static void waiting(const void *argument)
{
    aot_atomic_add(&((task *)argument)->waits, 1);
}

static void run_one(uint32_t *random, bool may_nest)
{
    task *own = calloc(1, sizeof *own);
    check(own != NULL, "no memory");
    own->seed = next_random(random);
    own->work = next_random(random) % 4 == 0 ? (int)(next_random(random) % 2000) : 1;
    own->nested = may_nest && next_random(random) % 8 == 0;
    aot_job job = {.compute = compute,
                   .waiting = next_random(random) % 2 ? waiting : NULL,
                   .argument = own,
                   .parts = 1 + next_random(random) % MOST_PARTS,
                   .threads = 1 + (int)(next_random(random) % MOST_NUMBERS),
                   .eager = next_random(random) % 4 != 0};
    check(aot_pool_run(&job), "a fork that was none");
    for (int64_t part = 0; part < MOST_PARTS; part++) {
        check(aot_atomic_load(&own->computed[part]) == (part < job.parts), "a part is not computed");
        check(own->plain[part] == (part < job.parts ? own->seed + part : 0), "a part is not written");
    }
    free(own);
}

static aot_atomic stopped, ended;

static aot_thread_result AOT_THREAD_CALL call(void *argument)
{
    uint32_t random = (uint32_t)(uintptr_t)argument;
    while (aot_atomic_load(&stopped) == 0) {
        run_one(&random, true);
    }
    aot_atomic_add(&ended, 1);
    return 0;
}

static void run_for(double seconds)
{
    uint32_t random = 1;
    int64_t until = aot_now() + (int64_t)(seconds * 1e9);
    while (aot_now() < until) {
        run_one(&random, true);
        if (next_random(&random) % 64 == 0) { /* so that workers fall asleep */
            int64_t later = aot_now() + 300000;
            while (aot_now() < later) {
            }
        }
    }
}

static aot_atomic inside, ending, left, helped;

static void compute_in_crowd(const void *argument, int64_t part, int thread)
{
    if (part == 0) {
        aot_atomic_add(&inside, 1);
        while (aot_atomic_load(&inside) < CALLERS) {
            aot_pause();
        }
    }
    if (part == *(const int64_t *)argument - 1) {
        aot_atomic_store(&ending, 1);
    }
    if (thread > 0) {
        aot_atomic_add(&helped, 1);
        check(aot_atomic_load(&ending) != 0, "a worker computes while there are as many callers as threads");
    }
    for (int64_t until = aot_now() + 200000; aot_now() < until;) {
        aot_pause();
    }
}

static aot_thread_result AOT_THREAD_CALL call_in_crowd(void *argument)
{
    int64_t parts = MOST_PARTS;
    (void)argument;
    aot_job job = {.compute = compute_in_crowd, .argument = &parts, .parts = parts, .threads = CALLERS, .eager = true};
    check(aot_pool_run(&job), "a fork that was none");
    aot_atomic_add(&left, 1);
    return 0;
}

/* As many callers as threads: no worker computes until one of them ends. Afterwards a caller has workers again. */
static void run_crowd(void)
{
    for (int k = 0; k < CALLERS; k++) {
        check(aot_start_thread(call_in_crowd, NULL), "no thread");
    }
    while (aot_atomic_load(&left) < CALLERS) {
        aot_pause();
    }
    aot_atomic_store(&helped, 0);
    for (int64_t until = aot_now() + 20000000000; aot_atomic_load(&helped) == 0;) {
        check(aot_now() < until, "a caller has no workers any more");
        call_in_crowd(NULL);
    }
}

int main(int count, char **arguments)
{
    double seconds = count > 1 ? atof(arguments[1]) : 1;
    aot_pool_init();
    run_for(seconds / 3);
    run_crowd();
    aot_atomic_store(&stopped, 0);
    for (uintptr_t k = 1; k <= CALLERS; k++) {
        check(aot_start_thread(call, (void *)k), "no thread");
    }
    run_for(seconds / 3);
#ifndef _WIN32
    for (int k = 0; k < 10; k++) { /* while others compute */
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            run_for(seconds / 30);
            _exit(7);
        }
        int status = 0;
        check(child > 0 && waitpid(child, &status, 0) == child, "no child");
        check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a child has failed");
    }
#endif
    aot_atomic_store(&stopped, 1);
    while (aot_atomic_load(&ended) < CALLERS) {
        aot_pause();
    }
    puts("done");
    return 0;
}
