/* A pool of threads that waits for no sleeper. In Python:
 *
 *     def run(job):                                  # in the caller's thread
 *         while the rest would take less than WORTH_SHARING, if it is not known to be long, or the workers have another
 *                 caller's job:
 *             compute(the next part), measuring how long it takes
 *             if it was the last one: return
 *         open = the rest
 *         while there is an open part:
 *             if the rest would take longer than WORTH_WAKING, or has done so lately in sum: wake a worker
 *             take a run of parts, compute them
 *         wait until the parts that workers have taken are done
 *
 *     def worker():
 *         while True:
 *             while there was an open part in the last SPIN nanoseconds: take a run of them, compute it, count it as done
 *             sleep until woken
 *
 * - The caller computes too and waits only for parts that somebody has taken. A worker that is not scheduled has taken
 *   none, so it costs nothing. Where every CPU is busy with another process, a job of 0.2 ms takes 0.25 ms; with OpenMP,
 *   whose regions end when all threads of the team have come, it took 7.5.
 * - Waking a sleeping thread costs the caller up to 50 us on a virtual machine, so it must be worth it. How long
 *   the parts took so far tells how long the rest would: there is no threshold of elements, per operator or machine. A
 *   worker that wakes wakes two more.
 * - A run is as many parts as take RUN, at most a quarter of a fair share of the rest. Parts of 1.3 us (exp of 4096
 *   float32) taken one by one cost 10 to 20 % more on Sapphire Rapids, where `open` and `done` travel between caches.
 * - Jobs that are each too short for waking add up: the time for which open parts had no worker is remembered until the
 *   next pause, and counts as if it were the job's. So a loop of operations of 60 us gets its workers after the third
 *   one, and never loses more than twice what knowing the future would have saved.
 * - One job has the workers at a time. Another caller's job meanwhile runs on its own thread alone: there are about as
 *   many workers as CPUs, so more threads would gain nothing. Each such caller takes the place of a worker: two callers
 *   and one worker on 2 CPUs took up to 30 % longer than two callers alone, since a worker that the system had stopped
 *   in the middle of a part kept its caller waiting. So tasks of Dask, or of any other pool of Python threads, have one
 *   thread each where there are as many as CPUs, and all threads where there is one.
 * - Threads are started when they are first needed. If the system starts none, there are fewer, and it is asked again a
 *   second later.
 * - The child of a fork has none of the threads, and starts its own.
 * - Workers never touch Python. They sleep or spin until the process ends.
 *
 * All that is shared is atomic, written before `open` is and read after a part was taken, or guarded by `mutex`.
 */
#include "system.h"

#include "environment.h"
#include "pool.h"

#define SPIN_NS 50000
/* A second core has to fetch data that lie in the caller's caches: a transposed copy of 219 x 219 float64 took 20 us on
 * one thread and 52 on two. The time of a compute-bound part hides that, and 15 us are twice what sharing costs. */
#define WORTH_SHARING_NS 40000
#define WORTH_SHARING_IF_COMPUTE_BOUND_NS 15000
#define WORTH_WAKING_NS 150000
/* Jobs with a pause of this length between them do not add up, and a caller has ended. */
#define PAUSE_NS 1000000
#define RETRY_NS 1000000000
/* The longest time by which the caller may wait for a worker that the system has stopped, beside that for one part. */
#define RUN_NS 20000
/* How often a waiting caller calls `waiting`. */
#define WAITING_NS 50000000
/* Looks at an atomic between two looks at the clock: 1 to 3 us. */
#define LOOKS 64

#define LINE 64
/* Of `open`: the number of parts that no thread has taken; the bits above hold the number of threads. */
#define OPEN_BITS 48
#define OPEN_PARTS (((int64_t)1 << OPEN_BITS) - 1)

typedef struct {
    aot_condition woken;
    bool asleep;
} pool_worker;

/* Each atomic that several threads write has a cache line of its own. */
static struct {
    _Alignas(LINE) aot_atomic open;
    _Alignas(LINE) aot_atomic done;  /* parts that workers have finished */
    _Alignas(LINE) aot_atomic callers; /* threads that are in a job of theirs */
    aot_atomic crowd;                  /* how many there were when one of several last ended its job */
    aot_atomic crowded_at;             /* when that was */
    _Alignas(LINE) aot_atomic taken; /* 1 while a job has the workers */
    aot_atomic awaited;              /* the value of `done` for which the caller sleeps, or 0 */
    aot_atomic asleep;               /* sleeping workers */
    aot_atomic started;              /* workers; their threads are numbered from 1 on */
    aot_atomic retry_at;             /* no thread is started before this time */
    aot_atomic wakes;                /* 1 if it is worth waking workers for this job */
    aot_atomic run;                  /* how many parts are taken together at most; constant like `job` */
    aot_atomic missed;               /* nanoseconds for which open parts have lately had no worker */
    aot_atomic missed_at;            /* the time up to which they count */
    aot_atomic forks;                /* how many forks there are between the first process and this one */
    _Alignas(LINE) aot_job job;      /* constant while a part of it is open or being computed */
    _Alignas(LINE) aot_mutex mutex;  /* guards what follows, and the change of `asleep`, `started` and `retry_at` */
    aot_condition finished;
    pool_worker workers[AOT_MOST_THREADS];
} pool;

static aot_thread_result AOT_THREAD_CALL work(void *number);

/* Returns how many callers there have lately been at once. */
static int64_t crowd(int64_t now)
{
    return now - aot_atomic_load(&pool.crowded_at) < PAUSE_NS ? aot_atomic_load(&pool.crowd) : 0;
}

/* Returns how many of some threads a job may use now: the other callers take the places of the last workers. */
static int64_t room(int64_t threads)
{
    int64_t callers = aot_atomic_load(&pool.callers), lately = crowd(aot_now());
    return threads - (callers > lately ? callers : lately) + 1;
}

/* A caller that ends a job may begin another one at once, and keeps its place that long. */
static void leave(void)
{
    int64_t callers = aot_atomic_load(&pool.callers), now = aot_now();
    if (callers > 1 && callers >= crowd(now)) {
        aot_atomic_store(&pool.crowd, callers);
        aot_atomic_store(&pool.crowded_at, now);
    }
    aot_atomic_add(&pool.callers, -1);
}

/* Wakes a worker whose number is below `threads`, or starts it; does nothing if all are awake. */
static void wake(int64_t threads)
{
    if (aot_atomic_load(&pool.asleep) == 0 &&
        (aot_atomic_load(&pool.started) >= threads - 1 || aot_now() < aot_atomic_load(&pool.retry_at))) {
        return;
    }
    aot_condition *woken = NULL;
    aot_lock(&pool.mutex);
    int started = (int)aot_atomic_load(&pool.started);
    for (int k = 1; k <= started && k < threads; k++) {
        if (pool.workers[k].asleep) {
            pool.workers[k].asleep = false;
            aot_atomic_add(&pool.asleep, -1);
            woken = &pool.workers[k].woken;
            break;
        }
    }
    if (woken == NULL && started < threads - 1 && aot_now() >= aot_atomic_load(&pool.retry_at)) {
        pool_worker *worker = &pool.workers[started + 1];
        aot_condition_init(&worker->woken);
        worker->asleep = false;
        if (aot_start_thread(work, worker)) {
            aot_atomic_store(&pool.started, started + 1);
        } else {
            aot_atomic_store(&pool.retry_at, aot_now() + RETRY_NS);
        }
    }
    aot_unlock(&pool.mutex);
    if (woken != NULL) {
        aot_signal(woken);
    }
}

static bool may_work(int thread, int64_t open)
{
    return thread == 0 || thread < room(open >> OPEN_BITS);
}

/* Takes the next `*run` parts of the current job; returns how many were open, or 0 if there is none for this thread. */
static int64_t take(int thread, int64_t *run)
{
    int64_t open = aot_atomic_load(&pool.open);
    while ((open & OPEN_PARTS) != 0 && may_work(thread, open)) {
        int64_t share = (open & OPEN_PARTS) / (4 * (open >> OPEN_BITS)), longest = aot_atomic_load(&pool.run);
        *run = share < 1 ? 1 : share < longest ? share : longest;
        if (aot_atomic_exchange(&pool.open, &open, open - *run)) {
            return open & OPEN_PARTS;
        }
    }
    return 0;
}

static bool has_work(int thread)
{
    int64_t open = aot_atomic_load(&pool.open);
    return (open & OPEN_PARTS) != 0 && may_work(thread, open);
}

static void sleep_until_woken(pool_worker *self, int thread)
{
    aot_lock(&pool.mutex);
    self->asleep = true;
    aot_atomic_add(&pool.asleep, 1);
    /* whoever opens a job writes `open` before it reads `asleep`: it sees this worker, or this worker sees the job */
    if (has_work(thread)) {
        self->asleep = false;
        aot_atomic_add(&pool.asleep, -1);
    } else if ((aot_atomic_load(&pool.open) & OPEN_PARTS) != 0) {
        aot_atomic_store(&pool.wakes, 0); /* another caller has its place: it may be woken when that one has ended */
    }
    while (self->asleep) {
        aot_wait(&self->woken, &pool.mutex, -1);
    }
    aot_unlock(&pool.mutex);
}

/* Computes parts as long as there are any; returns whether there was one. */
static bool work_on_job(int thread)
{
    bool any = false;
    for (int64_t open, run; (open = take(thread, &run)) != 0;) {
        if (!any && aot_atomic_load(&pool.wakes) != 0) {
            wake(room(pool.job.threads));
            wake(room(pool.job.threads));
        }
        any = true;
        for (int64_t part = pool.job.parts - open, end = part + run; part < end; part++) {
            pool.job.compute(pool.job.argument, part, thread);
        }
        /* from here on the job may be over, and another one begin */
        if (aot_atomic_add(&pool.done, run) + run == aot_atomic_load(&pool.awaited)) {
            aot_lock(&pool.mutex);
            aot_unlock(&pool.mutex); /* the caller waits by now, or has seen it */
            aot_signal(&pool.finished);
        }
    }
    return any;
}

static aot_thread_result AOT_THREAD_CALL work(void *argument)
{
    pool_worker *self = argument;
    int thread = (int)(self - pool.workers);
    aot_begin_environment(); /* threads inherit that of the thread that starts them */
    for (;;) {
        for (int64_t until = aot_now() + SPIN_NS, now = 0; now < until; now = aot_now()) {
            for (int k = 0; k < LOOKS; k++) {
                if (work_on_job(thread)) {
                    until = aot_now() + SPIN_NS;
                }
                aot_pause();
            }
        }
        sleep_until_woken(self, thread);
    }
    return 0; /* not reached */
}

/* Waits until workers have finished this many parts; returns false if they are lost by a fork. */
static bool wait_for(const aot_job *job, int64_t parts, int64_t forks)
{
    for (int64_t until = aot_now() + SPIN_NS; aot_now() < until;) {
        for (int k = 0; k < LOOKS; k++) {
            if (aot_atomic_load(&pool.done) == parts) {
                return true;
            }
            aot_pause();
        }
    }
    for (;;) {
        aot_lock(&pool.mutex);
        aot_atomic_store(&pool.awaited, parts);
        if (aot_atomic_load(&pool.done) != parts) {
            aot_wait(&pool.finished, &pool.mutex, job->waiting != NULL ? WAITING_NS : -1);
        }
        aot_atomic_store(&pool.awaited, 0);
        bool done = aot_atomic_load(&pool.done) == parts;
        aot_unlock(&pool.mutex);
        if (done) {
            return true;
        }
        if (job->waiting != NULL) {
            job->waiting(job->argument); /* may run anything, even fork */
            if (aot_atomic_load(&pool.forks) != forks) {
                return false;
            }
        }
    }
}

/* Returns how long the rest of a job would take on this thread, if that many parts took the time since `begun`. */
static int64_t estimate(int64_t begun, int64_t done, int64_t rest)
{
    return (int64_t)((double)(aot_now() - begun) / (double)done * (double)rest);
}

/* Returns for how long the jobs before this one had no worker. */
static int64_t missed(int64_t now)
{
    return now - aot_atomic_load(&pool.missed_at) < PAUSE_NS ? aot_atomic_load(&pool.missed) : 0;
}

static void set_missed(int64_t duration, int64_t now)
{
    aot_atomic_store(&pool.missed, duration);
    aot_atomic_store(&pool.missed_at, now);
}

/* Makes this the job that has the workers; returns false if another one has them, or if there is no room for any. */
static bool take_workers(const aot_job *job)
{
    return room(job->threads) > 1 && aot_atomic_exchange(&pool.taken, &(int64_t){0}, 1);
}

static bool run_job(const aot_job *job)
{
    int64_t parts = job->parts, mine = 0, begun = aot_now();
    int64_t worth_sharing = job->compute_bound ? WORTH_SHARING_IF_COMPUTE_BOUND_NS : WORTH_SHARING_NS;
    bool alone = job->threads < 2 || parts > OPEN_PARTS;
    bool shared = job->is_long && !alone && take_workers(job);
    /* alone, until sharing pays and the workers are free */
    for (; !shared; mine++) {
        if (mine == parts) {
            return true;
        }
        job->compute(job->argument, mine, 0);
        int64_t rest = parts - mine - 1;
        bool pays = !alone && rest > 0 && (job->eager || estimate(begun, mine + 1, rest) >= worth_sharing);
        shared = pays && take_workers(job);
    }
    int64_t forks = aot_atomic_load(&pool.forks), rest = parts - mine, taken = 0;
    int64_t opened = aot_now(), before = missed(opened), run, fitting = RUN_NS * mine / (opened - begun + 1);
    pool.job = *job;
    aot_atomic_store(&pool.run, fitting > 1 ? fitting : 1);
    aot_atomic_store(&pool.done, 0);
    aot_atomic_store(&pool.wakes, 0);
    aot_atomic_store(&pool.open, (int64_t)job->threads << OPEN_BITS | rest);
    while (true) {
        if (aot_atomic_load(&pool.wakes) == 0 && room(job->threads) > 1 &&
            (job->eager || job->is_long || before + estimate(begun, mine + taken, rest - taken) >= WORTH_WAKING_NS)) {
            aot_atomic_store(&pool.wakes, 1);
            wake(room(job->threads));
        }
        int64_t open = take(0, &run);
        if (open == 0) {
            break;
        }
        for (int64_t part = parts - open, end = part + run; part < end; part++) {
            job->compute(job->argument, part, 0);
            if (aot_atomic_load(&pool.forks) != forks) {
                return false;
            }
        }
        taken += run;
    }
    if (taken < rest && !wait_for(job, rest - taken, forks)) {
        return false;
    }
    int64_t now = aot_now();
    bool none_came = taken == rest && aot_atomic_load(&pool.wakes) == 0;
    set_missed(none_came ? before + now - opened : 0, now);
    aot_atomic_store(&pool.taken, 0);
    return true;
}

bool aot_pool_run(const aot_job *job)
{
    int64_t forks = aot_atomic_load(&pool.forks);
    aot_atomic_add(&pool.callers, 1);
    bool done = run_job(job);
    if (aot_atomic_load(&pool.forks) == forks) { /* otherwise this is a child, in which nobody is counted */
        leave();
    }
    return done;
}

int64_t aot_pool_forks(void)
{
    return aot_atomic_load(&pool.forks);
}

/* Makes the pool one without threads: at first, and in the child of a fork, in which this is the only thread. */
static void reset(void)
{
    aot_mutex_init(&pool.mutex);
    aot_condition_init(&pool.finished);
    aot_atomic_store(&pool.open, 0);
    aot_atomic_store(&pool.callers, 0);
    aot_atomic_store(&pool.crowd, 0);
    aot_atomic_store(&pool.crowded_at, 0);
    aot_atomic_store(&pool.taken, 0);
    aot_atomic_store(&pool.awaited, 0);
    aot_atomic_store(&pool.asleep, 0);
    aot_atomic_store(&pool.started, 0);
    aot_atomic_store(&pool.retry_at, INT64_MIN);
    set_missed(0, 0);
    aot_atomic_add(&pool.forks, 1);
}

void aot_pool_init(void)
{
    static aot_atomic initialised;
    if (aot_atomic_exchange(&initialised, &(int64_t){0}, 1)) {
        reset();
        aot_after_fork(reset);
    }
}
