/* What the thread pool and the runner need of the compiler and the operating system, for POSIX and for Windows:
 *
 *     atomics: aot_atomic_load, aot_atomic_store, aot_atomic_add, aot_atomic_exchange, of int64_t and sequentially consistent
 *     time:    aot_now, monotonic and in nanoseconds; aot_pause, between two looks at an atomic
 *     waiting: a mutex, and condition variables with an optional limit of time
 *     threads: aot_start_thread; aot_after_fork; aot_stack_end
 *
 * Nothing here knows of Python, so that the pool can be tested without it. Include this file before system headers.
 */
#ifndef AOTOPS_SYSTEM_H
#define AOTOPS_SYSTEM_H

#ifdef _WIN32
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#define _DARWIN_C_SOURCE /* pthread_cond_timedwait_relative_np */
#endif
#include <pthread.h>
#include <signal.h>
#include <time.h>
#endif

#include <stdbool.h>
#include <stdint.h>

/* --- atomics: MSVC has no <stdatomic.h> in its C11 --- */

#if defined(_MSC_VER) && !defined(__clang__)
typedef struct {
    volatile LONG64 value;
} aot_atomic;

#define AOT_THREAD_LOCAL __declspec(thread)

static inline int64_t aot_atomic_load(aot_atomic *atomic)
{
#ifdef _M_X64
    int64_t value = atomic->value; /* an ordinary load: all stores are locked instructions */
    _ReadWriteBarrier();
    return value;
#else
    return InterlockedOr64(&atomic->value, 0);
#endif
}

static inline void aot_atomic_store(aot_atomic *atomic, int64_t value)
{
    InterlockedExchange64(&atomic->value, value);
}

/* Returns the value before. */
static inline int64_t aot_atomic_add(aot_atomic *atomic, int64_t value)
{
    return InterlockedExchangeAdd64(&atomic->value, value);
}

/* Writes `value` if the atomic holds `*expected`; otherwise reads it into `*expected` and returns false. */
static inline bool aot_atomic_exchange(aot_atomic *atomic, int64_t *expected, int64_t value)
{
    int64_t before = InterlockedCompareExchange64(&atomic->value, value, *expected);
    bool done = before == *expected;
    *expected = before;
    return done;
}
#else
#include <stdatomic.h>

typedef struct {
    _Atomic int64_t value;
} aot_atomic;

#define AOT_THREAD_LOCAL _Thread_local

static inline int64_t aot_atomic_load(aot_atomic *atomic)
{
    return atomic_load(&atomic->value);
}

static inline void aot_atomic_store(aot_atomic *atomic, int64_t value)
{
    atomic_store(&atomic->value, value);
}

/* Returns the value before. */
static inline int64_t aot_atomic_add(aot_atomic *atomic, int64_t value)
{
    return atomic_fetch_add(&atomic->value, value);
}

/* Writes `value` if the atomic holds `*expected`; otherwise reads it into `*expected` and returns false. */
static inline bool aot_atomic_exchange(aot_atomic *atomic, int64_t *expected, int64_t value)
{
    return atomic_compare_exchange_strong(&atomic->value, expected, value);
}
#endif

static inline void aot_pause(void)
{
#ifdef _WIN32
    YieldProcessor();
#elif defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb"); /* `yield` does nothing on most cores */
#endif
}

/* --- time, mutexes, condition variables and threads --- */

#ifdef _WIN32
typedef SRWLOCK aot_mutex;
typedef CONDITION_VARIABLE aot_condition;
typedef DWORD aot_thread_result;
#define AOT_MUTEX_INIT SRWLOCK_INIT
#define AOT_THREAD_CALL WINAPI

static inline int64_t aot_now(void)
{
    LARGE_INTEGER ticks, frequency;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&frequency);
    return ticks.QuadPart / frequency.QuadPart * 1000000000 +
           ticks.QuadPart % frequency.QuadPart * 1000000000 / frequency.QuadPart;
}

static inline void aot_lock(aot_mutex *mutex)
{
    AcquireSRWLockExclusive(mutex);
}

static inline void aot_unlock(aot_mutex *mutex)
{
    ReleaseSRWLockExclusive(mutex);
}

static inline void aot_condition_init(aot_condition *condition)
{
    InitializeConditionVariable(condition);
}

static inline void aot_signal(aot_condition *condition)
{
    WakeConditionVariable(condition);
}

/* Waits for a signal, or wakes for no reason; for at most some nanoseconds, unless they are negative. */
static inline void aot_wait(aot_condition *condition, aot_mutex *mutex, int64_t nanoseconds)
{
    SleepConditionVariableSRW(condition, mutex, nanoseconds < 0 ? INFINITE : (DWORD)(nanoseconds / 1000000 + 1), 0);
}

static inline bool aot_start_thread(aot_thread_result(AOT_THREAD_CALL *run)(void *), void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, run, argument, 0, NULL);
    if (thread == NULL) {
        return false;
    }
    CloseHandle(thread);
    return true;
}

static inline void aot_mutex_init(aot_mutex *mutex)
{
    InitializeSRWLock(mutex);
}

/* Has a function called in the child of every fork: there are none. */
static inline void aot_after_fork(void (*in_child)(void))
{
    (void)in_child;
}

/* Returns the lowest address of this thread's stack. */
static inline uintptr_t aot_stack_end(void)
{
    ULONG_PTR end, begin;
    GetCurrentThreadStackLimits(&end, &begin);
    return (uintptr_t)end;
}
#else
typedef pthread_mutex_t aot_mutex;
typedef pthread_cond_t aot_condition;
typedef void *aot_thread_result;
#define AOT_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define AOT_THREAD_CALL
/* Enough for any kernel, and little where memory or address space is limited. */
#define AOT_THREAD_STACK ((size_t)1 << 20)

static inline int64_t aot_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline void aot_lock(aot_mutex *mutex)
{
    pthread_mutex_lock(mutex);
}

static inline void aot_unlock(aot_mutex *mutex)
{
    pthread_mutex_unlock(mutex);
}

static inline void aot_condition_init(aot_condition *condition)
{
#ifdef __APPLE__
    pthread_cond_init(condition, NULL);
#else
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* the time of day may be changed meanwhile */
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
#endif
}

static inline void aot_signal(aot_condition *condition)
{
    pthread_cond_signal(condition);
}

/* Waits for a signal, or wakes for no reason; for at most some nanoseconds, unless they are negative. */
static inline void aot_wait(aot_condition *condition, aot_mutex *mutex, int64_t nanoseconds)
{
    if (nanoseconds < 0) {
        pthread_cond_wait(condition, mutex);
        return;
    }
#ifdef __APPLE__
    struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    pthread_cond_timedwait_relative_np(condition, mutex, &time);
#else
    int64_t until = aot_now() + nanoseconds;
    struct timespec time = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
    pthread_cond_timedwait(condition, mutex, &time);
#endif
}

/* Starts a thread that receives no signals from outside: they are for threads that run Python. */
static inline bool aot_start_thread(aot_thread_result(AOT_THREAD_CALL *run)(void *), void *argument)
{
    static const int own[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP}; /* raised by the thread itself */
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t blocked, before;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, AOT_THREAD_STACK);
    sigfillset(&blocked);
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        sigdelset(&blocked, own[k]);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    bool started = pthread_create(&thread, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

static inline void aot_mutex_init(aot_mutex *mutex)
{
    pthread_mutex_init(mutex, NULL);
}

/* Has a function called in the child of every fork. */
static inline void aot_after_fork(void (*in_child)(void))
{
    pthread_atfork(NULL, NULL, in_child);
}

/* Returns the lowest address of this thread's stack, or 0 if the system does not tell. The first call of a process's
 * first thread reads a file on Linux. */
static inline uintptr_t aot_stack_end(void)
{
#if defined(__APPLE__)
    pthread_t self = pthread_self();
    return (uintptr_t)pthread_get_stackaddr_np(self) - pthread_get_stacksize_np(self);
#elif defined(__linux__)
    pthread_attr_t attributes;
    void *end = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return 0;
    }
    if (pthread_attr_getstack(&attributes, &end, &size) != 0) {
        end = NULL;
    }
    pthread_attr_destroy(&attributes);
    return (uintptr_t)end;
#else
    return 0;
#endif
}
#endif

#endif
